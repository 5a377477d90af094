package plan

import (
	"reflect"
	"testing"
	"time"

	"github.com/corsgate/corsgate/constructs/cors"
)

// The whole mock, for each kind of policy.
func TestPreflightIntegration(t *testing.T) {
	const header = "method.response.header."
	several := policy(t, cors.Config{
		Origins: []string{"https://a.example.com", "https://*.b.example.com"}, AllowCredentials: true,
		RequestHeaders: []string{"content-type"}, ExposedHeaders: []string{"etag"}, MaxAge: time.Hour,
	})
	open := policy(t, cors.Config{Origins: []string{"*"}, RequestHeaders: []string{"*"}})
	for _, tt := range []struct {
		name    string
		policy  *cors.Policy
		methods string
		caching bool
		want    map[string]any
	}{
		{"several origins", several, "GET,PUT", false, map[string]any{
			"type": "MOCK", "contentHandling": "CONVERT_TO_TEXT", "passthroughBehavior": "NEVER",
			"requestTemplates": map[string]any{"application/json": PreflightTemplate(several)},
			"integrationResponses": []any{
				map[string]any{"statusCode": "204", "selectionPattern": "204", "contentHandling": "CONVERT_TO_TEXT", "responseParameters": map[string]any{
					header + "Vary": "'Origin'", // the origin is set by the template
					header + "Access-Control-Allow-Credentials": "'true'",
					header + "Access-Control-Allow-Methods":     "'GET,PUT'",
					header + "Access-Control-Allow-Headers":     "'content-type'",
					header + "Access-Control-Max-Age":           "'3600'",
				}},
				map[string]any{"statusCode": "403", "contentHandling": "CONVERT_TO_TEXT", "responseParameters": map[string]any{header + "Vary": "'Origin'"}},
			},
		}},
		{"any origin, no methods, a cache", open, "", true, map[string]any{
			"type": "MOCK", "contentHandling": "CONVERT_TO_TEXT", "passthroughBehavior": "NEVER",
			"requestTemplates":   map[string]any{"application/json": `{"statusCode": 204}`},
			"cacheKeyParameters": []any{"method.request.header.Origin", "method.request.header.origin"},
			"integrationResponses": []any{
				map[string]any{"statusCode": "204", "contentHandling": "CONVERT_TO_TEXT", "responseParameters": map[string]any{
					header + "Vary":                         "'Origin'",
					header + "Access-Control-Allow-Origin":  "'*'",
					header + "Access-Control-Allow-Headers": "'*'",
				}},
			},
		}},
	} {
		if got := PreflightIntegration(tt.policy, tt.methods, tt.caching); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got\n%v\nwant\n%v", tt.name, got, tt.want)
		}
	}
	want := []any{
		map[string]any{"statusCode": "204", "responseParameters": map[string]any{
			header + "Vary": true, header + "Access-Control-Allow-Origin": true, header + "Access-Control-Allow-Credentials": true,
			header + "Access-Control-Allow-Methods": true, header + "Access-Control-Allow-Headers": true, header + "Access-Control-Max-Age": true,
		}},
		map[string]any{"statusCode": "403", "responseParameters": map[string]any{header + "Vary": true}},
	}
	if got := PreflightResponses(several, "GET,PUT"); !reflect.DeepEqual(got, want) {
		t.Errorf("declared are\n%v\nwant\n%v", got, want)
	}
}

// Where a template decides about the origin, it sets all that depends on it, so
// that a page which is refused gets none of it.
func TestResponseHeaders(t *testing.T) {
	set := func(cfg cors.Config) *cors.Policy {
		cfg.ExposedHeaders = []string{"etag"}
		return policy(t, cfg)
	}
	const app = "https://app.example.com"
	one := set(cors.Config{Origins: []string{app}, AllowCredentials: true})
	two := set(cors.Config{Origins: []string{app, "https://b.example.com"}, AllowCredentials: true})
	open := set(cors.Config{Origins: []string{"*"}})
	bare := policy(t, cors.Config{Origins: []string{app}})
	dynamic := []Header{{"Vary", "Origin"}, {"Access-Control-Allow-Origin", ""}, {"Access-Control-Allow-Credentials", ""}, {"Access-Control-Expose-Headers", ""}}
	for _, tt := range []struct {
		name   string
		policy *cors.Policy
		static bool
		want   []Header
	}{
		{"several origins", two, false, dynamic},
		{"several origins cannot be static", two, true, dynamic},
		{"one origin", one, false, dynamic},
		{"one origin, static", one, true, []Header{{"Vary", "Origin"}, {"Access-Control-Allow-Origin", app}, {"Access-Control-Allow-Credentials", "true"}, {"Access-Control-Expose-Headers", "etag"}}},
		{"nothing but the origin", bare, true, []Header{{"Vary", "Origin"}, {"Access-Control-Allow-Origin", app}}},
		{"any origin", open, false, []Header{{"Vary", "Origin"}, {"Access-Control-Allow-Origin", "*"}, {"Access-Control-Expose-Headers", "etag"}}},
	} {
		if got := responseHeaders(tt.policy, tt.static); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A template that prints the body spoils one that is not text.
func TestPassesText(t *testing.T) {
	for _, tt := range []struct {
		binaryTypes     bool
		contentHandling string
		want            bool
	}{
		{false, "", true},
		{false, "CONVERT_TO_TEXT", true},
		{false, "CONVERT_TO_BINARY", false},
		{true, "", false},
		{true, "CONVERT_TO_TEXT", false},
	} {
		response := map[string]any{}
		if tt.contentHandling != "" {
			response["contentHandling"] = tt.contentHandling
		}
		if got := passesText(tt.binaryTypes, response); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}
