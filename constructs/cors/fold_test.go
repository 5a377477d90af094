package cors_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
)

// An origin is left out of the list where a pattern covers it, and nowhere else:
// one that is left out wrongly is refused when the policy is deployed.
func TestFolding(t *testing.T) {
	for _, tt := range []struct {
		name    string
		origins []string
		stay    []string // nil for all
	}{
		{"a subdomain", []string{"https://*.example.com", "https://a.example.com"}, []string{"https://*.example.com"}},
		{"a subdomain's subdomains", []string{"https://*.example.com", "https://*.a.example.com"}, []string{"https://*.example.com"}},
		{"a port", []string{"https://a.example.com:*", "https://a.example.com:8443"}, []string{"https://a.example.com:*"}},
		{"no port", []string{"https://a.example.com:*", "https://a.example.com"}, []string{"https://a.example.com:*"}},
		{"a subdomain and a port", []string{"https://*.example.com:*", "https://*.example.com:8443", "https://a.example.com:*"}, []string{"https://*.example.com:*"}},

		{"the domain itself", []string{"https://*.example.com", "https://example.com"}, nil},
		{"the domain itself, any port", []string{"https://*.example.com:*", "https://example.com:*"}, nil},
		{"subdomains of what may have any port", []string{"https://example.com:*", "https://*.example.com"}, nil},
		{"a name with the same end", []string{"https://*.example.com", "https://my-example.com"}, nil},
		{"another scheme", []string{"https://*.example.com", "http://a.example.com", "http://*.a.example.com"}, nil},
		{"another port", []string{"https://*.example.com", "https://a.example.com:8443"}, nil},
		{"any port", []string{"https://*.example.com", "https://a.example.com:*"}, nil},
		{"the domain above", []string{"https://*.a.example.com", "https://*.example.com:8443"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.stay
			if want == nil {
				want = slices.Clone(tt.origins)
			}
			p := mustNew(t, cors.Config{Origins: tt.origins})
			if got := p.Origins(); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
				t.Errorf("got %q, want %q", got, want)
			}
			if left := len(tt.origins) - len(want); len(p.Notes()) != left {
				t.Errorf("%d origins are left out, and the notes are %q", left, p.Notes())
			}
		})
	}
}

// A policy does not change, whatever is done with what it gives.
func TestPolicyIsNotShared(t *testing.T) {
	cfg := cors.Config{Origins: []string{"https://*.example.com", "https://a.example.com"}}
	p, untouched := mustNew(t, cfg), mustNew(t, cfg)
	p.Origins()[0], p.Notes()[0] = "https://evil.example", "all is well"
	if !reflect.DeepEqual(p, untouched) {
		t.Errorf("it became\n%+v", p)
	}
}
