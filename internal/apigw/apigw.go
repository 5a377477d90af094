// Package apigw knows facts about API Gateway's REST APIs: kinds of integrations, gateway responses, mapping expressions, stage
// variables, quotas, and how a resource policy is evaluated. It knows no template and no API.
package apigw

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// InvokeService is the service name in the ARN of a method, and in the action that calls it.
const InvokeService = "execute-api"

// The kinds of integrations
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-integration-types.html).
const (
	AWS       = "AWS"
	AWSProxy  = "AWS_PROXY"
	HTTP      = "HTTP"
	HTTPProxy = "HTTP_PROXY"
	Mock      = "MOCK"
)

// IsProxy reports whether an integration of this kind passes requests and responses on as they are, so that API Gateway puts no
// header to a response.
func IsProxy(kind string) bool { return strings.HasSuffix(kind, "_PROXY") }

// What a name follows in a mapping expression
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html).
const (
	RequestHeader             = "method.request.header."
	RequestMultiValueHeader   = "method.request.multivalueheader."
	RequestQuery              = "method.request.querystring."
	RequestMultiValueQuery    = "method.request.multivaluequerystring."
	RequestPath               = "method.request.path."
	MethodHeader              = "method.response.header." // of the response to the client
	GatewayHeader             = "gatewayresponse.header." // of a gateway response
	IntegrationRequestHeader  = "integration.request.header."
	IntegrationRequestQuery   = "integration.request.querystring."
	IntegrationRequestPath    = "integration.request.path."
	IntegrationResponseHeader = "integration.response.header."
)

// IdentitySources returns the elements of an authorizer's identity source, such as method.request.header.Authorization
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-authorizer.html).
func IdentitySources(list string) []string {
	var out []string
	for _, s := range strings.Split(list, ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// PathParameter matches a parameter in a resource's path: {id}, {proxy+}.
var PathParameter = regexp.MustCompile(`\{[^{}]*\}`)

// KeyHeader is the header of an API key, in lower case.
const KeyHeader = "x-api-key"

// SignatureHeaders are those of a request that a page signs for AWS_IAM, in lower case. A page has
// temporary credentials, whose token goes with the signature
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
var SignatureHeaders = []string{"authorization", "x-amz-date", "x-amz-security-token"}

// reserved are the headers that an HTTP API's parameter mappings may not change, in lower case; reservedPrefixes begin others
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html).
var reservedPrefixes, reserved = []string{"access-control-", "apigw-", "x-amz-", "x-amzn-"}, []string{
	"authorization", "connection", "content-encoding", "content-length", "content-location", "forwarded", "keep-alive", "origin",
	"proxy-authenticate", "proxy-authorization", "te", "trailers", "transfer-encoding", "upgrade", "x-forwarded-for",
	"x-forwarded-host", "x-forwarded-proto", "via"}

// ReservedInHTTPAPI reports whether the parameter mappings of an HTTP API may not change a header.
func ReservedInHTTPAPI(header string) bool {
	header = strings.ToLower(header)
	return slices.Contains(reserved, header) || slices.ContainsFunc(reservedPrefixes, func(p string) bool { return strings.HasPrefix(header, p) })
}

// KeyByAuthorizer is the source of API keys (ApiKeySourceType) with which they are not in a header
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-key-source.html).
const KeyByAuthorizer = "AUTHORIZER"

// HeaderName returns the name of the header that a mapping's key, such as method.response.header.Vary, is for. Prefix is
// [MethodHeader] or [GatewayHeader]. Neither has a case.
func HeaderName(key, prefix string) (string, bool) {
	if len(key) <= len(prefix) || !strings.EqualFold(key[:len(prefix)], prefix) {
		return "", false
	}
	return key[len(prefix):], true
}

// IsSource reports whether a mapping expression names a part of the request, of the integration's response, of the context or
// of the stage's variables.
func IsSource(expression string) bool {
	for _, prefix := range []string{"integration.response.", "method.request.", "context.", "stageVariables."} {
		if strings.HasPrefix(expression, prefix) {
			return true
		}
	}
	return false
}

// Static returns the text of a mapping expression that is one: 'text'.
func Static(expression string) (string, bool) {
	if len(expression) >= 2 && expression[0] == '\'' && expression[len(expression)-1] == '\'' {
		return expression[1 : len(expression)-1], true
	}
	return "", false
}

// MaxStageVariable is how many bytes the value of a stage variable may have, and StageVariableBytes which
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/stage-variables.html, and the service's API model).
const (
	MaxStageVariable   = 512
	StageVariableBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#&=,"
)

// StageVariableFault says why API Gateway does not take a value for a stage variable; "" if it does.
func StageVariableFault(value string) string {
	bad := strings.Trim(value, StageVariableBytes)
	switch {
	case bad != "":
		first, _ := utf8.DecodeRuneInString(bad)
		return fmt.Sprintf("its value has %q; allowed are letters, digits and - . _ ~ : / ? # & = ,", first)
	case len(value) > MaxStageVariable:
		return fmt.Sprintf("its value has %d bytes; allowed are %d", len(value), MaxStageVariable)
	}
	return ""
}

// MaxResources is how many resources one API may have, unless the account's quota was raised
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html).
const MaxResources = 300
