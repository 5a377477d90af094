package probe

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/report"
)

// A kind is one of the ways in which something in front of a page's API, mostly API Gateway itself, responds in its place.
type kind int

const (
	ofBackend     kind = iota // nothing says that it is not what is behind the API
	noRoute                   // no such path or method, or an unsigned request to one for IAM
	unauthorized              // an authorizer, IAM or Cognito refuses
	noPermission              // a resource policy refuses, or IAM does
	forbidden                 // an API key, the firewall, or no API at all
	invalid                   // a validator refuses
	mediaType                 // no mapping template takes the type
	tooLarge                  // the body is
	throttled                 // a limit is reached
	misconfigured             // an integration cannot do what it is told
	failed                    // an integration failed, or its result is not a proxy response
	timedOut                  // an integration takes too long
	challenged                // the firewall requires a CAPTCHA or a script run
	notAllowed                // CloudFront has no such method
	blocked                   // CloudFront, or the firewall before it
	otherProduct              // an HTTP API, which has CORS settings of its own
)

// A cause is what a response says about who made it, and why.
type cause struct {
	kind kind
	text string
}

// ofGateway reports whether a gateway response made it, to which an API can put headers, and of which class it is: 4 or 5.
func (c cause) ofGateway() int {
	switch c.kind {
	case noRoute, unauthorized, noPermission, invalid, mediaType, throttled:
		return 4
	case misconfigured, failed, timedOut:
		return 5
	}
	return 0
}

// A mark is what tells a kind. What is empty, or 0, is not asked for.
type mark struct {
	status  int
	typ     string         // of x-amzn-ErrorType
	message *regexp.Regexp // of the JSON body's message
	cause
}

// message makes a pattern for the whole of a message.
func message(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + pattern + `)$`) }

// marks are in the order in which they are looked for. The messages are those of gateway responses that nobody has
// customised (https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html); the types
// stay when somebody has. Recorded of the service are those of unknown paths, failures, validators and configuration; the
// others are reported by users.
var marks = []mark{
	{typ: "MissingAuthenticationTokenException", cause: cause{noRoute, "no such path or method, or it requires a signature (AWS_IAM)"}},
	{status: 403, message: message("Missing Authentication Token"), cause: cause{noRoute, "no such path or method, or it requires a signature (AWS_IAM)"}},
	{message: message(`User: .* is not authorized to (?:perform|access).*`), cause: cause{noPermission, "the resource policy, or IAM, refuses"}},
	{typ: "UnauthorizedException", cause: cause{unauthorized, "an authorizer refuses"}},
	{status: 401, message: message("Unauthorized"), cause: cause{unauthorized, "an authorizer refuses"}},
	{message: message(`User is not authorized to access this resource.*`), cause: cause{unauthorized, "an authorizer denies it"}},
	{typ: "AccessDeniedException", cause: cause{unauthorized, "an authorizer, or IAM, denies it"}},
	{typ: "IncompleteSignatureException", cause: cause{unauthorized, "the Authorization header is not a signature"}},
	{typ: "InvalidSignatureException", cause: cause{unauthorized, "the signature is not right"}},
	{typ: "UnrecognizedClientException", cause: cause{unauthorized, "the signature's key is unknown"}},
	{typ: "ExpiredTokenException", cause: cause{unauthorized, "the token has expired"}},
	{typ: "AuthorizerConfigurationException", cause: cause{unauthorized, "the authorizer fails"}},
	{typ: "AuthorizerFailureException", cause: cause{unauthorized, "the authorizer fails"}},
	{typ: "ForbiddenException", cause: cause{forbidden, "an API key is missing, a firewall refuses, or there is no API at this address"}},
	{status: 403, message: message("Forbidden"), cause: cause{forbidden, "an API key is missing, a firewall refuses, or there is no API at this address"}},
	{message: message(`Missing required request parameters: .*|Invalid request body`), cause: cause{invalid, "a request validator refuses"}},
	{status: 415, message: message("Unsupported Media Type"), cause: cause{mediaType, "no mapping template takes this Content-Type"}},
	{typ: "UnsupportedMediaTypeException", cause: cause{mediaType, "no mapping template takes this Content-Type"}},
	{typ: "BadRequestException", cause: cause{invalid, "API Gateway considers the request malformed"}},
	{typ: "RequestTooLargeException", cause: cause{tooLarge, "the request is larger than API Gateway takes"}},
	{typ: "TooManyRequestsException", cause: cause{throttled, "a limit is reached"}},
	{typ: "LimitExceededException", cause: cause{throttled, "a quota is used up"}},
	{status: 429, message: message("Too Many Requests|Limit Exceeded"), cause: cause{throttled, "a limit is reached"}},
	{status: 504, message: message("Endpoint request timed out"), cause: cause{timedOut, "what is behind the API takes too long"}},
	{status: 504, typ: "InternalServerErrorException", cause: cause{timedOut, "what is behind the API takes too long"}},
	{status: 502, typ: "InternalServerErrorException", cause: cause{failed, "the function raised an error, or its result is not a proxy response"}},
	{status: 502, message: message("Internal server error"), cause: cause{failed, "the function raised an error, or its result is not a proxy response"}},
	{typ: "InternalServerErrorException", cause: cause{misconfigured, "an integration fails because of its configuration: a mock's template, binary media types, permission to call the function"}},
	{status: 500, message: message("Internal server error"), cause: cause{misconfigured, "an integration fails because of its configuration: a mock's template, binary media types, permission to call the function"}},
}

// causeOf says what a response tells of its origin.
func causeOf(r *browser.HTTPResponse, body string) cause {
	header := func(name string) string { value, _ := r.Header.Get(name); return strings.TrimSpace(value) }
	if action := strings.ToLower(header("x-amzn-waf-action")); action != "" {
		return cause{challenged, "the firewall requires a " + report.Clip(action, Shown)}
	}
	typ, _, _ := strings.Cut(header("x-amzn-errortype"), ":")
	if r.Status < 400 && typ == "" {
		return cause{}
	}
	var said struct{ Message string } // message or Message
	_ = json.Unmarshal([]byte(body), &said)
	for _, m := range marks {
		if (m.status == 0 || m.status == r.Status) && (m.typ == "" || strings.EqualFold(m.typ, typ)) && (m.message == nil || m.message.MatchString(said.Message)) {
			return m.cause
		}
	}
	switch {
	case strings.Contains(body, "not configured to allow the HTTP request method"):
		return cause{notAllowed, "CloudFront is not configured to allow this method"}
	case strings.EqualFold(header("server"), "CloudFront") && r.Status == 403:
		return cause{blocked, "CloudFront, or the firewall before it, refuses"}
	case header("apigw-requestid") != "" && header("x-amz-apigw-id") == "" && said.Message != "":
		return cause{otherProduct, "this is an HTTP API (apigw-requestid), which has CORS settings of its own; the rules here are for REST APIs"}
	}
	return cause{}
}
