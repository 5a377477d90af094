package apigw

import (
	"slices"
	"strings"
	"testing"
)

func TestIsProxy(t *testing.T) {
	for kind, want := range map[string]bool{AWS: false, AWSProxy: true, HTTP: false, HTTPProxy: true, Mock: false, "": false} {
		if got := IsProxy(kind); got != want {
			t.Errorf("IsProxy(%q) = %v", kind, got)
		}
	}
}

func TestHeaderName(t *testing.T) {
	for key, want := range map[string]string{
		"method.response.header.Vary": "Vary", "METHOD.response.Header.vary": "vary",
		"method.response.header.": "", "gatewayresponse.header.Vary": "", "Vary": "",
	} {
		if got, ok := HeaderName(key, MethodHeader); got != want || ok != (want != "") {
			t.Errorf("HeaderName(%q) = %q, %v", key, got, ok)
		}
	}
}

func TestMappingExpressions(t *testing.T) {
	for expression, want := range map[string]string{"'*'": "*", "''": "", "'it's'": "it's"} {
		if got, ok := Static(expression); got != want || !ok {
			t.Errorf("Static(%q) = %q, %v", expression, got, ok)
		}
	}
	for _, expression := range []string{"'", "*", "'a", "a'", ""} {
		if got, ok := Static(expression); ok {
			t.Errorf("Static(%q) = %q", expression, got)
		}
	}
	for expression, want := range map[string]bool{
		RequestHeader + "Origin": true, IntegrationResponseHeader + "x": true, "context.requestId": true, "stageVariables.x": true,
		"'*'": false, "*": false, MethodHeader + "x": false, "": false,
	} {
		if got := IsSource(expression); got != want {
			t.Errorf("IsSource(%q) = %v", expression, got)
		}
	}
}

func TestStageVariableFault(t *testing.T) {
	for value, want := range map[string]string{
		"https://~.example.com:8443,http://a_b.example/?c=d&e#f": "", "": "", strings.Repeat("x", 512): "",
		"https://*.example.com":  `its value has '*'`,
		"a b":                    `its value has ' '`,
		"http://[::1]":           `its value has '['`,
		"café":                   `its value has 'é'`,
		strings.Repeat("x", 513): "its value has 513 bytes; allowed are 512",
	} {
		if got := StageVariableFault(value); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("StageVariableFault(%q) = %q, want %q", value, got, want)
		}
	}
}

// TestGatewayResponses has the table of https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html.
func TestGatewayResponses(t *testing.T) {
	types := GatewayResponseTypes()
	if len(types) != 21 || !slices.IsSorted(types) || !slices.Contains(types, Default4XX) || !slices.Contains(types, Default5XX) {
		t.Errorf("types: %q", types)
	}
	for typ, want := range map[string]string{
		Throttled: Default4XX, WAFFiltered: Default4XX, Unauthorized: Default4XX, AuthorizerFailure: Default5XX, IntegrationTimeout: Default5XX,
		Default4XX: "", Default5XX: "", "NONSENSE": "",
	} {
		if got := GatewayFamily(typ); got != want {
			t.Errorf("GatewayFamily(%s) = %q, want %q", typ, got, want)
		}
	}
	for typ, want := range map[string]int{Throttled: 429, IntegrationFailure: 504, RequestTooLarge: 413, MissingAuthenticationToken: 403, Default5XX: 0} {
		if got := GatewayStatus(typ); got != want {
			t.Errorf("GatewayStatus(%s) = %d, want %d", typ, got, want)
		}
	}
}
