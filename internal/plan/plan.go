// Package plan decides what an API must change so that it follows one policy, from
// a plain description of the API: [Make] for an API of resources, which corsapi reads
// through the CDK and writes there; [Treat] and the like for an OpenAPI document, which
// internal/openapi renders. It knows neither the CDK nor jsii.
package plan

import (
	"fmt"
	"maps"
	"slices"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/corsheader"
)

// Keys in lower camel case are what the CDK's CloudFormation constructs take, and
// those of x-amazon-apigateway-integration.

// A Header is a name and a static value; "" stands for one that a template sets.
type Header struct{ Name, Value string }

// PreflightHeaders are the headers of a response to a preflight that is allowed.
func PreflightHeaders(p *cors.Policy, methods string) []Header {
	h := []Header{{corsheader.Vary, corsheader.Origin}}
	if p.AnyOrigin() {
		h = append(h, Header{corsheader.AllowOrigin, "*"})
	} else {
		h = append(h, Header{corsheader.AllowOrigin, ""})
	}
	if p.Credentials() {
		h = append(h, Header{corsheader.AllowCredentials, "true"})
	}
	for _, e := range []Header{{corsheader.AllowMethods, methods}, {corsheader.AllowHeaders, p.RequestHeaders()}, {corsheader.MaxAge, p.MaxAge()}} {
		if e.Value != "" {
			h = append(h, e)
		}
	}
	return h
}

// responseHeaders are the headers of a response of a method that is not a proxy.
// With static, they are for a policy of one origin and no template.
func responseHeaders(p *cors.Policy, static bool) []Header {
	origin, dynamic := "", ""
	switch single, ok := SingleOrigin(p); {
	case p.AnyOrigin():
		origin = "*"
	case static && ok:
		origin = single
	}
	h := []Header{{corsheader.Vary, corsheader.Origin}, {corsheader.AllowOrigin, origin}}
	value := func(s string) string {
		if origin == "" {
			return dynamic
		}
		return s
	}
	if p.Credentials() {
		h = append(h, Header{corsheader.AllowCredentials, value("true")})
	}
	if p.ExposedHeaders() != "" {
		h = append(h, Header{corsheader.ExposeHeaders, value(p.ExposedHeaders())})
	}
	return h
}

// ErrorParameters are the header mappings of a gateway response.
func ErrorParameters(p *cors.Policy, echo bool) map[string]any {
	out := map[string]any{}
	for name, value := range errorHeaders(p, echo) {
		out[apigw.GatewayHeader+name] = value
	}
	return out
}

func errorHeaders(p *cors.Policy, echo bool) map[string]any {
	h := map[string]any{corsheader.Vary: quote(corsheader.Origin)}
	single, ok := SingleOrigin(p)
	switch {
	case ok:
		h[corsheader.AllowOrigin] = quote(single)
	case echo && !p.AnyOrigin():
		// Browsers send the header's name in lower case over HTTP/2, and API
		// Gateway tells cases apart.
		h[corsheader.AllowOrigin] = apigw.RequestHeader + "origin"
	default:
		h[corsheader.AllowOrigin] = "'*'"
	}
	if p.Credentials() && h[corsheader.AllowOrigin] != "'*'" {
		h[corsheader.AllowCredentials] = "'true'"
	}
	if p.ExposedHeaders() != "" {
		h[corsheader.ExposeHeaders] = quote(p.ExposedHeaders())
	}
	return h
}

// quote makes a static value of a header mapping. Nothing that a policy holds
// has a quote in it.
func quote(s string) string { return "'" + s + "'" }

// PreflightIntegration is the mock that handles OPTIONS.
//
// CONVERT_TO_TEXT keeps it working on an API whose binary media types include
// everything: a mock's request is binary there and its template fails. NEVER
// refuses a preflight of a content type that has no template, rather than hand
// it to the mock, which would fail.
func PreflightIntegration(p *cors.Policy, methods string, caching bool) map[string]any {
	allowed := response("204", mapped(PreflightHeaders(p, methods)))
	var responses []any
	if p.AnyOrigin() {
		responses = []any{allowed}
	} else {
		allowed["selectionPattern"] = "204"
		responses = []any{allowed, response("403", mapped([]Header{{corsheader.Vary, corsheader.Origin}}))}
	}
	integration := map[string]any{
		"type":                 apigw.Mock,
		"contentHandling":      "CONVERT_TO_TEXT",
		"passthroughBehavior":  "NEVER",
		"requestTemplates":     map[string]any{"application/json": PreflightTemplate(p)},
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
	out := []any{map[string]any{"statusCode": "204", "responseParameters": declared(PreflightHeaders(p, methods))}}
	if !p.AnyOrigin() {
		out = append(out, map[string]any{"statusCode": "403", "responseParameters": declared([]Header{{corsheader.Vary, corsheader.Origin}})})
	}
	return out
}

// mapped maps each header that has a value.
func mapped(headers []Header) map[string]any {
	m := map[string]any{}
	for _, h := range headers {
		if h.Value != "" {
			m[apigw.MethodHeader+h.Name] = quote(h.Value)
		}
	}
	return m
}

// declared declares each header in a method response.
func declared(headers []Header) map[string]any {
	m := map[string]any{}
	for _, h := range headers {
		m[apigw.MethodHeader+h.Name] = true
	}
	return m
}

// OriginParameters is the Origin header as a cache key. Both spellings, because
// HTTP/2 brings names in lower case and API Gateway tells cases apart. It
// accepts both beside each other: see the pull request 111 of
// DianaIonita/serverless-api-gateway-caching.
var OriginParameters = []any{apigw.RequestHeader + "Origin", apigw.RequestHeader + "origin"}

// mergeVary adds Origin to a mapping of Vary. It reports false where the
// mapping is not static, so that nothing can be added to it.
func mergeVary(value any) (string, bool) {
	s, _ := value.(string)
	text, ok := apigw.Static(s)
	switch {
	case !ok:
		text = ""
	case corsheader.VariesByOrigin(text):
		return s, true
	}
	return quote(corsheader.MergeVary(text, corsheader.Origin)), ok
}

// A replacement is a mapping of the user's own that was replaced.
type replacement struct{ key, fix string }

// remap returns the header mappings in params with the policy's, ours, in their
// place, and which of params gave way. prefix is [apigw.MethodHeader] or [apigw.GatewayHeader].
func remap(params map[string]any, prefix string, ours map[string]any) (map[string]any, []replacement) {
	out := maps.Clone(ours)
	var replaced []replacement
	for _, key := range slices.Sorted(maps.Keys(params)) {
		switch name, _ := apigw.HeaderName(key, prefix); {
		case corsheader.Is(name):
			replaced = append(replaced, replacement{key, "remove it: the policy decides this header"})
		case corsheader.IsVary(name):
			merged, ok := mergeVary(params[key])
			if !ok {
				replaced = append(replaced, replacement{key, "map it to a static value: Origin has to be part of it"})
			}
			out[prefix+corsheader.Vary] = merged
		default:
			out[key] = params[key]
		}
	}
	return out, replaced
}

// Remapped returns the header mappings of a gateway response of a type with ours in
// their place, and remarks about what gave way, without their construct.
func Remapped(params, ours map[string]any, responseType string, replace bool) (map[string]any, []Remark) {
	out, replaced := remap(params, apigw.GatewayHeader, ours)
	return out, remarksOn(replaced, "gateway response "+responseType, replace)
}

// StatusOf returns the status code of a response, "" where it has none that is known.
func StatusOf(response any) string {
	m, _ := response.(map[string]any)
	switch status := m["statusCode"].(type) {
	case nil, map[string]any, []any:
		return ""
	default:
		return fmt.Sprint(status)
	}
}
