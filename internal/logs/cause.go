package logs

import (
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/rules"
)

// failure counts a preflight that failed, with the fix of what failed.
func (s *Scanner) failure(l Line, r *request, rule rules.ID, what, console string, v browser.Verdict) {
	id := cause(r.gatewayType, r.failure, r.status, strings.Contains(r.integration, ":function:"), r.authorized)
	if v.Code != "" {
		id = refusedFor(v)
	}
	methods, _ := r.answered.Get(corsheader.AllowMethods)
	headers, _ := r.answered.Get(corsheader.AllowHeaders)
	asked, _ := r.asked.Get(corsheader.RequestHeaders)
	method, _ := r.asked.Get(corsheader.RequestMethod)
	in := s.saw(l, rule, r.method, r.path, what, console)
	if in.fix == (rules.Fix{}) {
		in.fix = id.Rule().Fix.Fill("", append(corsheader.List(methods), method), append(corsheader.List(strings.ToLower(headers)), corsheader.List(strings.ToLower(asked))...))
	}
}

// refusedFor returns the rule that a verdict on the response to a preflight is a case of.
func refusedFor(v browser.Verdict) rules.ID {
	switch v.Code {
	case browser.MethodDisallowedByPreflightResponse:
		return rules.CORS110
	case browser.HeaderDisallowedByPreflightResponse:
		return rules.CORS111
	case browser.InvalidAllowMethodsPreflightResponse, browser.InvalidAllowHeadersPreflightResponse:
		return rules.CORS120
	case browser.PreflightInvalidAllowCredentials:
		return rules.CORS209
	case browser.PreflightWildcardOriginNotAllowed:
		return rules.CORS206
	case browser.PreflightMultipleAllowOriginValues:
		return rules.CORS204
	case browser.PreflightInvalidAllowOriginValue:
		return rules.CORS205
	}
	return rules.CORS109
}

// byType are the rules whose fault a gateway response to a preflight shows, by its type
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html).
var byType = map[string]rules.ID{
	apigw.Unauthorized: rules.CORS102, apigw.AuthorizerFailure: rules.CORS102, apigw.AuthorizerConfigurationError: rules.CORS102, apigw.InvalidSignature: rules.CORS102, apigw.ExpiredToken: rules.CORS102,
	apigw.MissingAuthenticationToken: rules.CORS101, apigw.ResourceNotFound: rules.CORS101, apigw.InvalidAPIKey: rules.CORS103, apigw.BadRequestParameters: rules.CORS104, apigw.BadRequestBody: rules.CORS104,
	apigw.WAFFiltered: rules.CORS404, apigw.Throttled: rules.CORS506, apigw.QuotaExceeded: rules.CORS506, apigw.IntegrationFailure: rules.CORS505, apigw.IntegrationTimeout: rules.CORS505,
}

// byText are the same, by what the log says.
var byText = []struct {
	text string
	rule rules.ID
}{
	{"uthorizer", rules.CORS102}, {"transform request", rules.CORS105}, {"transform response", rules.CORS106},
	{"timeout", rules.CORS505}, {"Lambda", rules.CORS505}, {"Network error", rules.CORS505}, {"permissions", rules.CORS505},
	{"API Key", rules.CORS103}, {"User: ", rules.CORS403}, {"Unauthorized", rules.CORS102},
	{"does not match", rules.CORS104}, {"validation", rules.CORS104}, {"Missing required", rules.CORS104}, {"throttled", rules.CORS506},
}

// byStatus are the same, where nothing else is said.
var byStatus = map[int]rules.ID{400: rules.CORS104, 401: rules.CORS102, 404: rules.CORS101, 429: rules.CORS506, 502: rules.CORS505, 504: rules.CORS505}

// cause returns the rule that a preflight which failed is a case of: the one whose fix fits. What remains is a mock
// integration that cannot do what its template says.
func cause(gatewayType, failure string, status int, function, authorized bool) rules.ID {
	if id, ok := byType[gatewayType]; ok {
		return id
	}
	for _, t := range byText {
		if strings.Contains(failure, t.text) {
			return t.rule
		}
	}
	id, ok := byStatus[status]
	switch {
	case strings.Contains(failure, "not authorized"), gatewayType == apigw.AccessDenied, status == 403 && !ok:
		if authorized || gatewayType == "" && status != 403 {
			return rules.CORS102
		}
		return rules.CORS403 // nobody but the resource policy was asked
	case ok:
		return id
	case function:
		return rules.CORS505
	}
	return rules.CORS108
}

// A denial is a request that an authorizer's policy refused without the authorizer being called.
type denial struct {
	Line
	method, path string
}

// cached notes what a request tells of an authorizer whose policies are kept.
func (s *Scanner) cached(l Line, r *request) {
	switch {
	case r.method == "OPTIONS":
	case r.authorized && r.status < 400:
		if len(s.admitted) < kept {
			s.admitted[r.method+" "+shape(r.path)] = true
		}
	case !r.authorized && (r.gatewayType == apigw.AccessDenied || strings.HasPrefix(r.failure, "The client is not authorized")):
		if len(s.denied) < remembered {
			s.denied = append(s.denied, denial{l, r.method, r.path})
		}
	}
}

// deny tells of requests that were denied without the authorizer being called, where it was and let in a request for another
// route: the policy that it gave for that one is kept, and names no other.
func (s *Scanner) deny() {
	for _, d := range s.denied {
		for _, route := range slices.Sorted(maps.Keys(s.admitted)) {
			if route != d.method+" "+shape(d.path) {
				s.saw(d.Line, rules.CORS712, d.method, d.path, "the authorizer was not called, and its policy denied the request; it was called for "+route+" and let that in", "")
				break
			}
		}
	}
	s.denied = nil
}
