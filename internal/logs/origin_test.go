package logs

import (
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/rules"
)

func TestRefused(t *testing.T) {
	s := NewScanner(policy(t, cors.Config{Origins: []string{"https://app.example.com", "https://*.preview.example.org", "http://localhost:3000", "http://192.168.1.10"}, DangerouslyTolerateInsecureOrigins: true}))
	for origin, want := range map[string]string{
		"https://www.example.com":          "CORS701 same site",
		"https://example.com":              "CORS701 same site",
		"http://app.example.com":           "CORS701 scheme",
		"https://app.example.com:8443":     "CORS701 port",
		"https://app.example.com/":         "CORS701 form",
		"https://APP.example.com":          "CORS701 form",
		"http://localhost:4000":            "CORS701 port",
		"https://preview.example.org":      "CORS701 pattern",
		"https://app.example.com.evil.net": "CORS701 another site",
		"https://app-example.com":          "CORS701 another site",
		"https://examp1e.com":              "CORS701 looks like",
		"https://app.exmaple.com":          "CORS701 looks like",
		"https://example.net":              "CORS701 looks like",
		"https://xn--exmple-cua.com":       "CORS701 looks like",
		"https://elsewhere.test":           "CORS702 no allowed",
		"https://x.preview.example.org":    "CORS702 now in force",
		"https://xn--mnchen-3ya.de":        "CORS702 no allowed",
		"http://10.0.1.10":                 "CORS702 no allowed",
		"https://myexample.company":        "CORS702 no allowed",
		"null":                             "CORS702 no allowed",
		"https://":                         "CORS702 no allowed",
		"\x00\nhttps://[":                  "CORS702 ..https://[",
	} {
		rule, what := s.refused(origin)
		word := strings.SplitN(want, " ", 2)
		if string(rule) != word[0] || !strings.Contains(what, word[1]) {
			t.Errorf("%q: %s %s, want %s", origin, rule, what, want)
		}
	}
	if rule, what := NewScanner(nil).refused("https://a.test"); rule != rules.CORS702 || what != "https://a.test was refused" {
		t.Error(rule, what)
	}
}

func TestNear(t *testing.T) {
	for pair, want := range map[string]bool{"example examples": true, "example exmple": true, "example exapmle": true, "example fxample": true,
		"example example": true, "example exempli": false, "example exam": false, "ab ba": true} {
		a, b, _ := strings.Cut(pair, " ")
		if near(a, b) != want || near(b, a) != want {
			t.Errorf("near(%q, %q) is %v", a, b, !want)
		}
	}
}
