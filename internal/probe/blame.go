package probe

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/simulate"
)

// besides is about what refuses the preflight as well, once the fault is fixed that the browser stops at: credentials
// come first, then the method, then headers (https://fetch.spec.whatwg.org/#cors-preflight-fetch).
func (j *judge) besides(e *Exchange) {
	cured, next := *j.surveyor, *e
	for {
		switch next.Verdict.Code {
		case browser.PreflightInvalidAllowCredentials, browser.PreflightWildcardOriginNotAllowed:
			cured.Credentials = false
		case browser.MethodDisallowedByPreflightResponse:
			cured.Method, cured.Body = "GET", nil
		default:
			return
		}
		plan, _, err := cured.plan(request{origin: j.Origin})
		if err != nil || !plan.NeedsPreflight() {
			return
		}
		v := j.shown(simulate.VerdictOf(plan.CheckPreflight(e.answer())))
		if v.Allowed {
			return
		}
		next.Verdict = &v
		id, why := j.blameVerdict(&next)
		j.report(id, &next, "%s", why)
	}
}

// blame returns the rule that a refused preflight is a case of, and why.
func (j *judge) blame(e *Exchange) (id rules.ID, why string) {
	status := fmt.Sprintf("status %d: %s", e.Response.Status, e.cause.text)
	switch e.cause.kind {
	case noRoute:
		return rules.CORS101, status + ", which would be CORS102"
	case unauthorized:
		return rules.CORS102, status
	case noPermission:
		return rules.CORS403, status
	case forbidden:
		return j.blameForbidden(e)
	case invalid:
		return rules.CORS104, status
	case mediaType:
		return rules.CORS108, status
	case misconfigured:
		return rules.CORS108, status + ". With binary media types it is mostly a missing ContentHandling: CONVERT_TO_TEXT (CORS105, CORS106); corsgate check and inspect tell them apart"
	case failed, timedOut:
		return rules.CORS505, status
	case throttled:
		return rules.CORS506, status
	case challenged, blocked:
		return rules.CORS404, status
	case notAllowed:
		return rules.CORS512, status
	}
	return j.blameVerdict(e)
}

// blameForbidden tells an API key from an address that leads nowhere: what is asked of a path that is not there has another
// answer if there is an API.
func (j *judge) blameForbidden(e *Exchange) (id rules.ID, why string) {
	switch {
	case j.unknown == nil || j.unknown.cause.kind != forbidden:
		return rules.CORS103, "403 Forbidden, but not for other paths: OPTIONS requires an API key, or a firewall stops it (CORS404)"
	case strings.HasSuffix(j.target.Hostname(), ".vpce.amazonaws.com"):
		return rules.CORS513, "403 Forbidden for every path: the host is a VPC endpoint's own name, and a preflight has no x-apigw-api-id that would name the API; pages have to use " + j.private()
	case !strings.Contains(j.target.Hostname(), ".execute-api."):
		return rules.CORS405, "403 Forbidden for every path: no base path mapping of the domain leads here, or a firewall stops this client (CORS404)"
	}
	return rules.CORS513, "403 Forbidden for every path: there is no such stage, or a firewall stops this client (CORS404)"
}

// endpointHost is the name of a VPC endpoint for API Gateway: its id, more in the name of a zone or none, and the region.
var endpointHost = regexp.MustCompile(`^(vpce-[0-9a-z]+)(?:-[0-9a-z-]+)?\.execute-api\.([a-z0-9-]+)\.vpce\.amazonaws\.com$`)

// private is the address by which pages reach a private API through the VPC endpoint that was asked
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-test-invoke-url.html).
func (j *judge) private() string {
	api, _ := j.page.Request.Header.Get("x-apigw-api-id")
	m := endpointHost.FindStringSubmatch(j.target.Hostname())
	if m == nil {
		m = []string{"", "ENDPOINT", "REGION"}
	}
	return "https://" + cmp.Or(api, "API") + "-" + m[1] + ".execute-api." + m[2] + ".amazonaws.com" + j.target.EscapedPath()
}

// blameVerdict goes by what the browser says of a response that nothing in front of the API made.
func (j *judge) blameVerdict(e *Exchange) (id rules.ID, why string) {
	value := sent(e)
	status := e.Response.Status
	switch e.Verdict.Code {
	case browser.PreflightDisallowedRedirect:
		location, _ := e.raw.Get("Location")
		return rules.CORS504, fmt.Sprintf("status %d to %s", status, location)
	case browser.PreflightInvalidStatus, browser.PreflightMissingAllowOriginHeader:
		// Of a 403 that API Gateway did not make, something made the decision that looks at origins.
		if status == 403 || status/100 == 2 {
			return rules.CORS109, answered(e)
		}
		return rules.CORS108, answered(e)
	case browser.PreflightMultipleAllowOriginValues:
		return j.several(e), fmt.Sprintf("%s: %s", corsheader.AllowOrigin, value)
	case browser.PreflightInvalidAllowOriginValue, browser.PreflightAllowOriginMismatch:
		if !check.IsOrigin(value) {
			return rules.CORS205, fmt.Sprintf("%s: %s", corsheader.AllowOrigin, value)
		}
		return rules.CORS109, fmt.Sprintf("it is sent %s, which is another origin", value)
	case browser.PreflightWildcardOriginNotAllowed:
		return rules.CORS206, "the response to a page with credentials has *"
	case browser.PreflightInvalidAllowCredentials:
		if j.has(rules.CORS502) {
			return "", ""
		}
		return rules.CORS507, credentialsOf(e)
	case browser.InvalidAllowMethodsPreflightResponse:
		return rules.CORS508, listOf(e, corsheader.AllowMethods)
	case browser.InvalidAllowHeadersPreflightResponse:
		return rules.CORS508, listOf(e, corsheader.AllowHeaders)
	case browser.MethodDisallowedByPreflightResponse:
		return rules.CORS110, listOf(e, corsheader.AllowMethods) + "; the page uses " + j.method
	case browser.HeaderDisallowedByPreflightResponse:
		id := rules.CORS111
		if list, _ := e.raw.Get(corsheader.AllowHeaders); strings.Contains(list, "*") {
			id = rules.CORS112
		}
		return id, listOf(e, corsheader.AllowHeaders) + "; the page also sends " + strings.Join(e.Verdict.Disallowed, ", ")
	}
	return rules.CORS504, e.Verdict.Message // a redirect that is none
}

// several returns the rule for two values in one header: of one line, or of two, which has been said.
func (j *judge) several(e *Exchange) rules.ID {
	if len(valuesOf(e.raw, corsheader.AllowOrigin)) > 1 {
		return ""
	}
	return rules.CORS204
}

func credentialsOf(e *Exchange) string { return listOf(e, corsheader.AllowCredentials) }

// listOf says what a header of a response is.
func listOf(e *Exchange, name string) string {
	value, ok := e.raw.Get(name)
	if !ok {
		return "there is no " + name
	}
	return name + ": " + value
}
