package plan

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/corsheader"
)

func policy(t *testing.T, cfg cors.Config) *cors.Policy {
	t.Helper()
	p, err := cors.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What is mapped and not declared fails the deployment; what is declared and
// never sent does no harm.
func TestPreflightDeclaresWhatItMaps(t *testing.T) {
	for name, cfg := range map[string]cors.Config{
		"any":         {Origins: []string{"*"}, RequestHeaders: []string{"*"}},
		"one":         {Origins: []string{"https://app.example.com"}, Credentials: true},
		"several":     {Origins: []string{"https://a.example.com", "https://*.b.example.com"}, RequestHeaders: []string{"x-a"}, ExposedHeaders: []string{"etag"}},
		"credentials": {Origins: []string{"https://a.example.com", "https://b.example.com"}, Credentials: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := policy(t, cfg)
			declared := map[string]map[string]any{}
			for _, r := range PreflightResponses(p, "GET") {
				declared[StatusOf(r)], _ = r.(map[string]any)["responseParameters"].(map[string]any)
			}
			responses := PreflightIntegration(p, "GET", false)["integrationResponses"].([]any)
			if len(responses) != len(declared) {
				t.Errorf("%d integration responses, %d method responses", len(responses), len(declared))
			}
			for _, r := range responses {
				params := r.(map[string]any)["responseParameters"].(map[string]any)
				if len(params) == 0 {
					t.Errorf("%s maps nothing", StatusOf(r))
				}
				for key := range params {
					if _, ok := declared[StatusOf(r)][key]; !ok {
						t.Errorf("%s maps %s and does not declare it", StatusOf(r), key)
					}
				}
			}
		})
	}
}

func TestErrorHeaders(t *testing.T) {
	one := policy(t, cors.Config{Origins: []string{"https://app.example.com"}, Credentials: true})
	two := policy(t, cors.Config{Origins: []string{"https://a.example.com", "https://b.example.com"}, Credentials: true})
	open := policy(t, cors.Config{Origins: []string{"*"}, ExposedHeaders: []string{"etag"}})
	for _, tt := range []struct {
		name   string
		policy *cors.Policy
		echo   bool
		want   map[string]any
	}{
		{"one origin is named", one, false, map[string]any{"Vary": "'Origin'", "Access-Control-Allow-Origin": "'https://app.example.com'", "Access-Control-Allow-Credentials": "'true'"}},
		{"one origin is named although echo is asked for", one, true, map[string]any{"Vary": "'Origin'", "Access-Control-Allow-Origin": "'https://app.example.com'", "Access-Control-Allow-Credentials": "'true'"}},
		{"several are a star without credentials", two, false, map[string]any{"Vary": "'Origin'", "Access-Control-Allow-Origin": "'*'"}},
		{"several are echoed with credentials", two, true, map[string]any{"Vary": "'Origin'", "Access-Control-Allow-Origin": "method.request.header.origin", "Access-Control-Allow-Credentials": "'true'"}},
		{"any is a star, and not echoed", open, true, map[string]any{"Vary": "'Origin'", "Access-Control-Allow-Origin": "'*'", "Access-Control-Expose-Headers": "'etag'"}},
	} {
		if got := errorHeaders(tt.policy, tt.echo); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestRemap(t *testing.T) {
	ours := map[string]any{apigw.MethodHeader + "Vary": "'Origin'", apigw.MethodHeader + "Access-Control-Allow-Origin": "'*'"}
	for _, tt := range []struct {
		name     string
		given    map[string]any
		vary     string
		replaced []string
	}{
		{"nothing", nil, "'Origin'", nil},
		{"a CORS header in another case", map[string]any{"method.response.header.access-control-allow-origin": "'https://x.example'"}, "'Origin'", []string{"method.response.header.access-control-allow-origin"}},
		{"a static Vary is kept", map[string]any{"method.response.header.vary": "'Accept'"}, "'Accept, Origin'", nil},
		{"Origin is there already", map[string]any{"method.response.header.Vary": "'Accept, origin'"}, "'Accept, origin'", nil},
		{"a star is everything", map[string]any{"method.response.header.Vary": "'*'"}, "'*'", nil},
		{"an empty one", map[string]any{"method.response.header.Vary": "''"}, "'Origin'", nil},
		{"one that is mapped", map[string]any{"method.response.header.Vary": "integration.response.header.Vary"}, "'Origin'", []string{"method.response.header.Vary"}},
	} {
		given := maps.Clone(tt.given)
		if given == nil {
			given = map[string]any{}
		}
		given["method.response.header.X-Own"] = "'1'"
		given["method.response.header.X-Access-Control-Note"] = "'2'"
		got, replaced := remap(given, apigw.MethodHeader, ours)
		want := maps.Clone(ours)
		want[apigw.MethodHeader+"Vary"], want["method.response.header.X-Own"] = tt.vary, "'1'"
		want["method.response.header.X-Access-Control-Note"] = "'2'"
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, want)
		}
		var keys []string
		for _, r := range replaced {
			keys = append(keys, r.key)
		}
		if !slices.Equal(keys, tt.replaced) {
			t.Errorf("%s: replaced %v, want %v", tt.name, keys, tt.replaced)
		}
	}
	if want := map[string]any{apigw.MethodHeader + "Vary": "'Origin'", apigw.MethodHeader + "Access-Control-Allow-Origin": "'*'"}; !reflect.DeepEqual(ours, want) {
		t.Errorf("the policy's own mappings became %v", ours)
	}
}

// What a CDK token becomes is looked at by templates and functions only: a static
// header would carry whatever it is, and "null" is every sandboxed frame.
func TestTokensAreNotmapped(t *testing.T) {
	for _, origin := range []string{"https://${Token[TOKEN.7]}", "${Token[TOKEN.7]}", "https://${Token[TOKEN.7]}.example.com:8443"} {
		p := policy(t, cors.Config{Origins: []string{origin}, Credentials: true})
		for _, echo := range []bool{false, true} {
			h := errorHeaders(p, echo)
			if text := fmt.Sprint(h); strings.Contains(text, "Token[") {
				t.Errorf("%s stands in a gateway response: %s", origin, text)
			}
			if h[corsheader.AllowOrigin] == "'*'" && h[corsheader.AllowCredentials] != nil {
				t.Errorf("%s: credentials beside *", origin)
			}
		}
		for _, headers := range [][]Header{responseHeaders(p, true), responseHeaders(p, false), PreflightHeaders(p, "GET")} {
			if text := fmt.Sprint(mapped(headers)); strings.Contains(text, "Token[") {
				t.Errorf("%s is mapped statically: %s", origin, text)
			}
		}
	}
}
