package cors

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/corssetting"
)

// TestUnsupported has each kind of entry, for both services. Empty is an entry that the service can have.
func TestUnsupported(t *testing.T) {
	const (
		whole   = "compares whole origins"
		token   = "https://${Token[TOKEN.7]}"
		httpAPI = "; name the origins, or leave CorsConfiguration out and let the function respond"
		url     = "; name the origins, or leave Cors out and let the function respond"
	)
	long := func(n int) string {
		labels := "https://" + strings.Repeat("a.", 120)
		return labels + strings.Repeat("e", n-len(labels))
	}
	many := func(n int) (origins []string) {
		for i := range n {
			origins = append(origins, "https://a"+strconv.Itoa(i)+".example.com")
		}
		return origins
	}
	headers := func(n int) (names []string) {
		for i := range n {
			names = append(names, "x"+strconv.Itoa(i))
		}
		return names
	}
	for _, tt := range []struct {
		name                 string
		config               Config
		httpAPI, functionURL []string // parts of the elements' texts
	}{
		{"an origin", Config{Origins: []string{"https://app.example.com", "http://localhost:3000"}}, nil, nil},
		{"every origin", Config{Origins: []string{"*"}}, nil, nil},
		{"a token", Config{Origins: []string{token, "${Token[TOKEN.8]}"}}, nil, nil},
		{"subdomains", Config{Origins: []string{"https://*.example.com"}},
			[]string{`origin "https://*.example.com": an HTTP API ` + whole + ", and knows no patterns but *, https://* and http://*" + httpAPI},
			[]string{`origin "https://*.example.com": a function URL ` + whole + ", and knows no pattern but *" + url}},
		{"any port", Config{Origins: []string{"http://localhost:*"}}, []string{`"http://localhost:*": an HTTP API`}, []string{`"http://localhost:*": a function URL`}},
		{"some of several", Config{Origins: []string{"https://b.example.com", "https://*.example.org", "http://localhost:*"}},
			[]string{"http://localhost:*", "https://*.example.org"}, []string{"http://localhost:*", "https://*.example.org"}},
		{"a scheme", Config{Origins: []string{"capacitor://localhost"}},
			[]string{`origin "capacitor://localhost": it has the scheme capacitor; an HTTP API takes https and http; leave it out, or leave CorsConfiguration out and let the function respond`}, nil},
		{"a pattern of a scheme", Config{Origins: []string{"capacitor://localhost:*"}}, []string{whole}, []string{whole}},
		{"253 characters", Config{Origins: []string{long(253)}}, nil, nil},
		{"254 characters", Config{Origins: []string{long(254)}}, nil,
			[]string{"it has 254 characters; a function URL takes 253; leave it out, or leave Cors out and let the function respond"}},
		{"a long token", Config{Origins: []string{"https://${Token[" + strings.Repeat("T", 300) + "]}"}}, nil, nil},
		{"100 origins", Config{Origins: many(100)}, nil, nil},
		{"101 origins", Config{Origins: many(101)}, nil,
			[]string{"Origins: it has 101 entries; a function URL takes 100; name fewer, or leave Cors out and let the function respond"}},
		{"100 origins and a pattern", Config{Origins: append(many(100), "https://*.example.org")}, []string{whole}, []string{whole}},
		{"101 headers", Config{Origins: many(1), RequestHeaders: headers(101)}, nil, []string{"RequestHeaders: it has 101 entries; a function URL takes 100; name fewer"}},
		{"101 exposed headers", Config{Origins: many(1), ExposedHeaders: headers(101)}, nil, []string{"ExposedHeaders: it has 101 entries; a function URL takes 100; name fewer"}},
		{"the rest", Config{Origins: []string{"https://app.example.com"}, AllowCredentials: true, Methods: routable, RequestHeaders: headers(100), ExposedHeaders: headers(100), MaxAge: 24 * time.Hour}, nil, nil},
		{"* in headers", Config{Origins: []string{"https://app.example.com"}, RequestHeaders: []string{"*", "authorization"}, ExposedHeaders: []string{"*"}, MaxAge: NoCache}, nil, nil},
	} {
		p, err := New(tt.config)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		for service, want := range map[string][]string{"HTTP API": tt.httpAPI, "function URL": tt.functionURL} {
			got := p.UnsupportedByHTTPAPI()
			if service == "function URL" {
				got = p.UnsupportedByFunctionURL()
			}
			if !slices.EqualFunc(got, want, func(u Unsupported, part string) bool { return strings.Contains(u.String(), part) }) {
				t.Errorf("%s, %s: %q, want %q", tt.name, service, got, want)
			}
			for _, u := range got {
				if u.Value != "" && (u.Field != "Origins" || !slices.Contains(p.Origins(), u.Value)) {
					t.Errorf("%s, %s: %+v is no entry of the policy", tt.name, service, u)
				}
			}
		}
	}
	if got := append(new(Policy).UnsupportedByHTTPAPI(), new(Policy).UnsupportedByFunctionURL()...); len(got) != 0 {
		t.Errorf("the zero Policy: %q", got)
	}
}

// TestSupported holds that both services take all methods and max ages that a policy can have.
func TestSupported(t *testing.T) {
	for _, service := range []corssetting.Service{corssetting.HTTPAPI, corssetting.FunctionURL} {
		for _, age := range []time.Duration{NoCache, time.Second, corsheader.FirefoxCap} {
			p := Must(Config{Origins: []string{"https://app.example.com"}, Methods: routable, MaxAge: age})
			s := corssetting.Setting{Service: service, Methods: strings.Split(p.Methods(), ","), MaxAge: p.MaxAge()}
			all := func(string) bool { return true }
			if len(s.Methods) != 6 || s.MaxAge == "" || len(s.RefusedMethods(all)) > 0 || len(s.Refused(all)) > 0 {
				t.Errorf("%+v: refused %q %q", s, s.RefusedMethods(all), s.Refused(all))
			}
		}
	}
	if _, err := New(Config{Origins: []string{"https://app.example.com"}, MaxAge: corsheader.FirefoxCap + time.Second}); err == nil {
		t.Error("a longer max age is allowed")
	}
}
