package gateway

import (
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
)

// forbidden are request headers whose mapping makes every call fail (recorded 2024-12).
var forbidden = map[string]map[string]bool{
	"HTTP": {"content-length": true, "transfer-encoding": true},
	"AWS": {"content-length": true, "transfer-encoding": true, "authorization": true, "connection": true, "expect": true,
		"proxy-authenticate": true, "te": true},
}

// Fails says why calls of a method that API Gateway deploys fail with status 500, whatever they are and whatever is behind it;
// it returns nothing where a call may succeed. What a request has a part in is found by [API.Serve].
func (a *API) Fails(m *Method) (Cause, string) {
	i := m.Integration
	if i == nil || m.Err != nil {
		return "", ""
	}
	// https://repost.aws/knowledge-center/api-gateway-lambda-template-invoke-error
	if lambda := i.Type == apigw.AWSProxy || i.Type == apigw.AWS && a.functionOf(i.URI) != nil; lambda && i.HTTPMethod != "" && i.HTTPMethod != "POST" {
		return NotPost, "a function is called with POST, and IntegrationHttpMethod is " + i.HTTPMethod
	}
	for _, k := range slices.Sorted(maps.Keys(i.RequestParameters)) {
		name, ok := strings.CutPrefix(k, apigw.IntegrationRequestHeader)
		if ok && forbidden[strings.TrimSuffix(i.Type, "_PROXY")][strings.ToLower(name)] {
			return BadMapping, "the request header " + name + " cannot be mapped"
		}
	}
	if i.Type == apigw.Mock {
		for _, t := range i.RequestTemplates {
			if _, ok, err := mockStatus(t.Text); !ok && err == nil && !strings.ContainsAny(t.Text, "#$") && len(a.App.Symbols(t.Text)) == 0 {
				return NoMockStatus, "the " + t.ContentType + " template of MOCK renders no statusCode that is a number without quotes: " + clip(t.Text)
			}
		}
	}
	if len(i.Responses) == 0 && !apigw.IsProxy(i.Type) {
		return NoIntegrationResponse, "there is no integration response"
	}
	return "", ""
}
