// Package plan renders what an API answers by one policy as plain data:
// headers and their mappings, the preflight's mock integration, gateway
// responses. corsapi puts it into CloudFormation resources or into an OpenAPI
// document; it knows neither the CDK nor jsii.
package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
)

// Keys in lower camel case are what the CDK's CloudFormation constructs take, and
// those of x-amazon-apigateway-integration.

const (
	allowOrigin      = "Access-Control-Allow-Origin"
	allowCredentials = "Access-Control-Allow-Credentials"
	allowMethods     = "Access-Control-Allow-Methods"
	allowHeaders     = "Access-Control-Allow-Headers"
	maxAge           = "Access-Control-Max-Age"
	exposeHeaders    = "Access-Control-Expose-Headers"
	vary             = "Vary"

	// MethodHeader and GatewayHeader are what a header's name follows in a mapping.
	MethodHeader  = "method.response.header."
	GatewayHeader = "gatewayresponse.header."
)

// A Header is a name and a static value; "" stands for one that a template sets.
type Header struct{ Name, Value string }

// PreflightHeaders are the headers of an answer to a preflight that is allowed.
func PreflightHeaders(p *cors.Policy, methods string) []Header {
	h := []Header{{vary, "Origin"}}
	if p.AnyOrigin() {
		h = append(h, Header{allowOrigin, "*"})
	} else {
		h = append(h, Header{allowOrigin, ""})
	}
	if p.Credentials() {
		h = append(h, Header{allowCredentials, "true"})
	}
	for _, e := range []Header{{allowMethods, methods}, {allowHeaders, p.RequestHeaders()}, {maxAge, p.MaxAge()}} {
		if e.Value != "" {
			h = append(h, e)
		}
	}
	return h
}

// AnswerHeaders are the headers of the answer of a method that is no proxy.
// With static, they are for a policy of one origin and no template.
func AnswerHeaders(p *cors.Policy, static bool) []Header {
	origin, dynamic := "", ""
	switch single, ok := p.SingleOrigin(); {
	case p.AnyOrigin():
		origin = "*"
	case static && ok:
		origin = single
	}
	h := []Header{{vary, "Origin"}, {allowOrigin, origin}}
	value := func(s string) string {
		if origin == "" {
			return dynamic
		}
		return s
	}
	if p.Credentials() {
		h = append(h, Header{allowCredentials, value("true")})
	}
	if p.ExposedHeaders() != "" {
		h = append(h, Header{exposeHeaders, value(p.ExposedHeaders())})
	}
	return h
}

// ErrorHeaders are the headers of a gateway response.
func ErrorHeaders(p *cors.Policy, echo bool) map[string]any {
	h := map[string]any{vary: "'Origin'"}
	single, ok := p.SingleOrigin()
	switch {
	case ok:
		h[allowOrigin] = quote(single)
	case echo && !p.AnyOrigin():
		// Browsers send the header's name in lower case over HTTP/2, and API
		// Gateway tells cases apart.
		h[allowOrigin] = "method.request.header.origin"
	default:
		h[allowOrigin] = "'*'"
	}
	if p.Credentials() && h[allowOrigin] != "'*'" {
		h[allowCredentials] = "'true'"
	}
	if p.ExposedHeaders() != "" {
		h[exposeHeaders] = quote(p.ExposedHeaders())
	}
	return h
}

// quote makes a static value of a header mapping. Nothing that a policy holds
// has a quote in it.
func quote(s string) string { return "'" + s + "'" }

// PreflightIntegration is the mock that answers OPTIONS.
//
// CONVERT_TO_TEXT keeps it working on an API whose binary media types include
// everything: a mock's request is binary there and its template fails. NEVER
// refuses a preflight of a content type that has no template, rather than hand
// it to the mock, which would fail.
func PreflightIntegration(p *cors.Policy, methods string, caching bool) map[string]any {
	allowed := response("204", Mapped(PreflightHeaders(p, methods)))
	var responses []any
	if p.AnyOrigin() {
		responses = []any{allowed}
	} else {
		allowed["selectionPattern"] = "204"
		responses = []any{allowed, response("403", Mapped([]Header{{vary, "Origin"}}))}
	}
	integration := map[string]any{
		"type":                 "MOCK",
		"contentHandling":      "CONVERT_TO_TEXT",
		"passthroughBehavior":  "NEVER",
		"requestTemplates":     map[string]any{"application/json": p.PreflightTemplate()},
		"integrationResponses": responses,
	}
	if caching {
		integration["cacheKeyParameters"] = slices.Clone(OriginParameters)
	}
	return integration
}

func response(status string, parameters map[string]any) map[string]any {
	return map[string]any{
		"statusCode":         status,
		"contentHandling":    "CONVERT_TO_TEXT",
		"responseParameters": parameters,
	}
}

// PreflightResponses declares what PreflightIntegration maps.
func PreflightResponses(p *cors.Policy, methods string) []any {
	out := []any{map[string]any{"statusCode": "204", "responseParameters": Declared(PreflightHeaders(p, methods))}}
	if !p.AnyOrigin() {
		out = append(out, map[string]any{"statusCode": "403", "responseParameters": Declared([]Header{{vary, "Origin"}})})
	}
	return out
}

// Mapped maps each header that has a value.
func Mapped(headers []Header) map[string]any {
	m := map[string]any{}
	for _, h := range headers {
		if h.Value != "" {
			m[MethodHeader+h.Name] = quote(h.Value)
		}
	}
	return m
}

// Declared declares each header in a method response.
func Declared(headers []Header) map[string]any {
	m := map[string]any{}
	for _, h := range headers {
		m[MethodHeader+h.Name] = true
	}
	return m
}

// OriginParameters is the Origin header as a cache key. Both spellings, because
// HTTP/2 brings names in lower case and API Gateway tells cases apart. It
// accepts both beside each other: see the pull request 111 of
// DianaIonita/serverless-api-gateway-caching.
var OriginParameters = []any{"method.request.header.Origin", "method.request.header.origin"}

// IsCORS reports whether a mapping's key, such as
// "method.response.header.Vary", sets a header that the policy decides.
// Header names have no case.
func IsCORS(key, prefix string) bool {
	name, ok := strings.CutPrefix(strings.ToLower(key), prefix)
	return ok && strings.HasPrefix(name, "access-control-")
}

// IsVary reports whether a mapping's key sets Vary.
func IsVary(key, prefix string) bool {
	return strings.EqualFold(key, prefix+vary)
}

// mergeVary adds Origin to a mapping of Vary. It reports false where the
// mapping is not static, so that nothing can be added to it.
func mergeVary(value any) (string, bool) {
	s, ok := value.(string)
	if !ok || len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' {
		return "'Origin'", false
	}
	for part := range strings.SplitSeq(strings.Trim(s, "'"), ",") {
		if p := strings.TrimSpace(part); strings.EqualFold(p, "Origin") || p == "*" {
			return s, true
		}
	}
	if s == "''" {
		return "'Origin'", true
	}
	return s[:len(s)-1] + ", Origin'", true
}

// A Replacement is a mapping of the user's own that was replaced.
type Replacement struct{ Key, Cure string }

// Remap returns the header mappings in params with the policy's, ours, in their
// place, and which of params gave way. prefix is [MethodHeader] or [GatewayHeader].
func Remap(params map[string]any, prefix string, ours map[string]any) (map[string]any, []Replacement) {
	out := maps.Clone(ours)
	var replaced []Replacement
	for _, key := range slices.Sorted(maps.Keys(params)) {
		switch {
		case IsCORS(key, prefix):
			replaced = append(replaced, Replacement{key, "remove it: the policy decides this header"})
		case IsVary(key, prefix):
			merged, ok := mergeVary(params[key])
			if !ok {
				replaced = append(replaced, Replacement{key, "map it to a static value: Origin has to be part of it"})
			}
			out[prefix+vary] = merged
		default:
			out[key] = params[key]
		}
	}
	return out, replaced
}

// StatusOf gives the status code of a response, "" where it has none.
func StatusOf(response any) string {
	m, _ := response.(map[string]any)
	status, _ := m["statusCode"].(string)
	return status
}
