package browser_test

import (
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
)

// https://fetch.spec.whatwg.org/#cors-safelisted-request-header
func TestSafelistedHeader(t *testing.T) {
	for _, test := range []struct {
		name, value string
		want        bool
	}{
		{"Accept", "", true},
		{"ACCEPT", "text/html, */*;q=0.5", true},
		{"accept", strings.Repeat("x", 128), true},
		{"accept", strings.Repeat("x", 129), false},
		{"accept", "a\tb", true},
		{"accept", "a\x01b", false},
		{"accept", "a\x7fb", false},
		{"accept", `"a"`, false},
		{"accept", "a:b", false},
		{"accept", "caf\xe9", true},
		{"accept-language", "de-CH, *;q=0.5", true},
		{"accept-language", "de_CH", false},
		{"content-language", "a\tb", false},
		{"content-type", "text/plain", true},
		{"content-type", "TEXT/plain;charset=utf-8", true},
		{"content-type", "multipart/form-data; boundary=x", true},
		{"content-type", "application/x-www-form-urlencoded", true},
		{"content-type", "application/json", false},
		{"content-type", "text/plain, application/json", false},
		{"content-type", "text/plain; x=\"y\"", false},
		{"content-type", "text", false},
		{"content-type", "", false},
		{"range", "bytes=0-", true},
		{"range", "bytes=0-499", true},
		{"range", "bytes=-500", false},
		{"range", "bytes=2-1", false},
		{"range", "bytes=0-1,3-4", false},
		{"range", "bytes = 0-1", false},
		{"range", "items=0-1", false},
		{"x-requested-with", "XMLHttpRequest", false},
		{"authorization", "", false},
		// Client hints: Chromium's addition.
		{"save-data", "on", true},
		{"save-data", "off", false},
		{"dpr", "1.5", true},
		{"dpr", "1.", false},
		{"width", "100", true},
		{"ect", "4g", true},
	} {
		if got := browser.SafelistedHeader(test.name, test.value); got != test.want {
			t.Errorf("SafelistedHeader(%q, %q) = %v, want %v", test.name, test.value, got, test.want)
		}
	}
}

// https://fetch.spec.whatwg.org/#concept-method-normalize and #forbidden-method
func TestMethods(t *testing.T) {
	for method, want := range map[string]string{
		"get": "GET", "Delete": "DELETE", "head": "HEAD", "options": "OPTIONS", "pOST": "POST", "put": "PUT",
		"patch": "patch", "Patch": "Patch", "PATCH": "PATCH", "purge": "purge", "puſt": "puſt",
	} {
		if got := browser.NormalizeMethod(method); got != want {
			t.Errorf("NormalizeMethod(%q) = %q, want %q", method, got, want)
		}
	}
	for method, want := range map[string]bool{"TRACE": true, "track": true, "Connect": true, "OPTIONS": false, "": false} {
		if got := browser.ForbiddenMethod(method); got != want {
			t.Errorf("ForbiddenMethod(%q) = %v", method, got)
		}
	}
}

// https://fetch.spec.whatwg.org/#forbidden-request-header
func TestForbiddenHeader(t *testing.T) {
	for _, test := range []struct {
		name, value string
		want        bool
	}{
		{"Cookie", "a=b", true},
		{"ORIGIN", "https://example.com", true},
		{"Sec-Fetch-Mode", "cors", true},
		{"Proxy-Authorization", "x", true},
		{"Access-Control-Request-Method", "PUT", true},
		{"Set-Cookie", "a=b", true},
		{"X-HTTP-Method-Override", "PUT", false},
		{"X-HTTP-Method-Override", "PUT, trace", true},
		{"x-method-override", "CONNECT", true},
		{"X-HTTP-Method", "TRACER", false},
		{"Authorization", "x", false},
		{"Section", "x", false},
	} {
		if got := browser.ForbiddenHeader(test.name, test.value); got != test.want {
			t.Errorf("ForbiddenHeader(%q, %q) = %v, want %v", test.name, test.value, got, test.want)
		}
	}
}

// https://fetch.spec.whatwg.org/#concept-header-list-get
func TestHeaderGet(t *testing.T) {
	h := browser.Header{{Name: "A", Value: " 1 "}, {Name: "b", Value: ""}, {Name: "a", Value: "2,3"}}
	if value, found := h.Get("a"); value != "1, 2,3" || !found {
		t.Errorf("a is %q, %v", value, found)
	}
	if value, found := h.Get("B"); value != "" || !found {
		t.Errorf("B is %q, %v", value, found)
	}
	if _, found := h.Get("c"); found {
		t.Error("c is there")
	}
}
