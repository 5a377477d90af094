package apigw

import (
	"maps"
	"slices"
)

// The gateway response types: the responses that API Gateway makes itself
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html).
const (
	AccessDenied                 = "ACCESS_DENIED"
	APIConfigurationError        = "API_CONFIGURATION_ERROR"
	AuthorizerConfigurationError = "AUTHORIZER_CONFIGURATION_ERROR"
	AuthorizerFailure            = "AUTHORIZER_FAILURE"
	BadRequestBody               = "BAD_REQUEST_BODY"
	BadRequestParameters         = "BAD_REQUEST_PARAMETERS"
	ExpiredToken                 = "EXPIRED_TOKEN"
	IntegrationFailure           = "INTEGRATION_FAILURE"
	IntegrationTimeout           = "INTEGRATION_TIMEOUT"
	InvalidAPIKey                = "INVALID_API_KEY"
	InvalidSignature             = "INVALID_SIGNATURE"
	MissingAuthenticationToken   = "MISSING_AUTHENTICATION_TOKEN"
	QuotaExceeded                = "QUOTA_EXCEEDED"
	RequestTooLarge              = "REQUEST_TOO_LARGE"
	ResourceNotFound             = "RESOURCE_NOT_FOUND"
	Throttled                    = "THROTTLED"
	Unauthorized                 = "UNAUTHORIZED"
	UnsupportedMediaType         = "UNSUPPORTED_MEDIA_TYPE"
	WAFFiltered                  = "WAF_FILTERED"

	// Default4XX and Default5XX are what a type takes that is not customised.
	Default4XX = "DEFAULT_4XX"
	Default5XX = "DEFAULT_5XX"
)

// statuses are those of the types by themselves, as recorded in 2024-04. That of an integration which fails or takes too long
// is 504.
var statuses = map[string]int{
	AccessDenied: 403, APIConfigurationError: 500, AuthorizerConfigurationError: 500, AuthorizerFailure: 500,
	BadRequestBody: 400, BadRequestParameters: 400, ExpiredToken: 403, IntegrationFailure: 504, IntegrationTimeout: 504,
	InvalidAPIKey: 403, InvalidSignature: 403, MissingAuthenticationToken: 403, QuotaExceeded: 429, RequestTooLarge: 413,
	ResourceNotFound: 404, Throttled: 429, Unauthorized: 401, UnsupportedMediaType: 415, WAFFiltered: 403,
	Default4XX: 0, Default5XX: 0,
}

// GatewayStatus returns the status of a gateway response type that nobody has customised. It returns 0 for [Default4XX],
// [Default5XX] and what is not a type.
func GatewayStatus(typ string) int { return statuses[typ] }

// GatewayFamily returns [Default4XX] or [Default5XX], from which a type takes what is not customised; "" for what is not a type
// or is one of the two.
func GatewayFamily(typ string) string {
	switch n := statuses[typ]; {
	case n >= 500:
		return Default5XX
	case n > 0:
		return Default4XX
	}
	return ""
}

// GatewayResponseTypes returns the types, sorted.
func GatewayResponseTypes() []string {
	return slices.Sorted(maps.Keys(statuses))
}
