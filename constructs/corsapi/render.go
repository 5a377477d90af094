package corsapi

import (
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
)

// What follows renders parts of a template as plain data. Keys in lower camel
// case are what the CDK's CloudFormation constructs take; overrides take
// CloudFormation's own names.

const (
	allowOrigin      = "Access-Control-Allow-Origin"
	allowCredentials = "Access-Control-Allow-Credentials"
	allowMethods     = "Access-Control-Allow-Methods"
	allowHeaders     = "Access-Control-Allow-Headers"
	maxAge           = "Access-Control-Max-Age"
	exposeHeaders    = "Access-Control-Expose-Headers"
	vary             = "Vary"

	methodHeader  = "method.response.header."
	gatewayHeader = "gatewayresponse.header."
)

// A header is a name and a static value; "" stands for one that a template sets.
type header struct{ name, value string }

// preflightHeaders are the headers of an answer to a preflight that is allowed.
func preflightHeaders(p *cors.Policy, methods string) []header {
	h := []header{{vary, "Origin"}}
	if p.AnyOrigin() {
		h = append(h, header{allowOrigin, "*"})
	} else {
		h = append(h, header{allowOrigin, ""})
	}
	if p.Credentials() {
		h = append(h, header{allowCredentials, "true"})
	}
	for _, e := range []header{{allowMethods, methods}, {allowHeaders, p.RequestHeaders()}, {maxAge, p.MaxAge()}} {
		if e.value != "" {
			h = append(h, e)
		}
	}
	return h
}

// answerHeaders are the headers of the answer of a method that is no proxy.
// With static, they are for a policy of one origin and no template.
func answerHeaders(p *cors.Policy, static bool) []header {
	origin, dynamic := "", ""
	switch single, ok := p.SingleOrigin(); {
	case p.AnyOrigin():
		origin = "*"
	case static && ok:
		origin = single
	}
	h := []header{{vary, "Origin"}, {allowOrigin, origin}}
	value := func(s string) string {
		if origin == "" {
			return dynamic
		}
		return s
	}
	if p.Credentials() {
		h = append(h, header{allowCredentials, value("true")})
	}
	if p.ExposedHeaders() != "" {
		h = append(h, header{exposeHeaders, value(p.ExposedHeaders())})
	}
	return h
}

// errorHeaders are the headers of a gateway response.
func errorHeaders(p *cors.Policy, mode GatewayErrors) map[string]any {
	h := map[string]any{vary: "'Origin'"}
	single, ok := p.SingleOrigin()
	switch {
	case ok:
		h[allowOrigin] = quote(single)
	case mode == EchoOrigin && !p.AnyOrigin():
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

// preflightIntegration is the mock that answers OPTIONS.
//
// CONVERT_TO_TEXT keeps it working on an API whose binary media types include
// everything: a mock's request is binary there and its template fails. NEVER
// refuses a preflight of a content type that has no template, rather than hand
// it to the mock, which would fail.
func preflightIntegration(p *cors.Policy, methods string, caching bool) map[string]any {
	allowed := response("204", mapped(preflightHeaders(p, methods)))
	var responses []any
	if p.AnyOrigin() {
		responses = []any{allowed}
	} else {
		allowed["selectionPattern"] = "204"
		responses = []any{allowed, response("403", mapped([]header{{vary, "Origin"}}))}
	}
	integration := map[string]any{
		"type":                 "MOCK",
		"contentHandling":      "CONVERT_TO_TEXT",
		"passthroughBehavior":  "NEVER",
		"requestTemplates":     map[string]any{"application/json": p.PreflightTemplate()},
		"integrationResponses": responses,
	}
	if caching {
		integration["cacheKeyParameters"] = slices.Clone(originParameters)
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

// preflightResponses declares what preflightIntegration maps.
func preflightResponses(p *cors.Policy, methods string) []any {
	out := []any{map[string]any{"statusCode": "204", "responseParameters": declared(preflightHeaders(p, methods))}}
	if !p.AnyOrigin() {
		out = append(out, map[string]any{"statusCode": "403", "responseParameters": declared([]header{{vary, "Origin"}})})
	}
	return out
}

func mapped(headers []header) map[string]any {
	m := map[string]any{}
	for _, h := range headers {
		if h.value != "" {
			m[methodHeader+h.name] = quote(h.value)
		}
	}
	return m
}

func declared(headers []header) map[string]any {
	m := map[string]any{}
	for _, h := range headers {
		m[methodHeader+h.name] = true
	}
	return m
}

// originParameters is the Origin header as a cache key. Both spellings, because
// HTTP/2 brings names in lower case and API Gateway tells cases apart. It
// accepts both beside each other: see the pull request 111 of
// DianaIonita/serverless-api-gateway-caching.
var originParameters = []any{"method.request.header.Origin", "method.request.header.origin"}

// isCORS reports whether a mapping's key, such as
// "method.response.header.Vary", sets a header that the policy decides.
// Header names have no case.
func isCORS(key, prefix string) bool {
	name, ok := strings.CutPrefix(strings.ToLower(key), prefix)
	return ok && strings.HasPrefix(name, "access-control-")
}

func isVary(key, prefix string) bool {
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

// A replacement is a mapping of the user's own that was replaced.
type replacement struct{ key, cure string }

// remap returns the header mappings in params with the policy's in their place.
func remap(params map[string]any, prefix string, ours map[string]any) (map[string]any, []replacement) {
	out := maps.Clone(ours)
	var replaced []replacement
	for _, key := range slices.Sorted(maps.Keys(params)) {
		switch {
		case isCORS(key, prefix):
			replaced = append(replaced, replacement{key, "remove it: the policy decides this header"})
		case isVary(key, prefix):
			merged, ok := mergeVary(params[key])
			if !ok {
				replaced = append(replaced, replacement{key, "map it to a static value: Origin has to be part of it"})
			}
			out[prefix+vary] = merged
		default:
			out[key] = params[key]
		}
	}
	return out, replaced
}

// pascal renames the keys of an object from the CDK's to CloudFormation's, and
// those of objects in its lists. The keys of maps (header mappings, templates)
// are no names of properties and stay.
func pascal(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		if l, ok := v.([]any); ok {
			v = pascalAll(l)
		}
		out[strings.ToUpper(k[:1])+k[1:]] = v
	}
	return out
}

func pascalAll(list []any) []any {
	out := make([]any, len(list))
	for i, v := range list {
		if m, ok := v.(map[string]any); ok {
			v = pascal(m)
		}
		out[i] = v
	}
	return out
}

func statusOf(response any) string {
	m, _ := response.(map[string]any)
	return text(m["statusCode"])
}
