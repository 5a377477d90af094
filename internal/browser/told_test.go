package browser_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/corsgate/corsgate/internal/browser"
)

// In Firefox and the standard, what a newer answer says of a method or header holds, though an older one would hold for
// longer (https://fetch.spec.whatwg.org/#cors-preflight-fetch, steps 7.9 to 7.12).
func TestNewerAnswerHolds(t *testing.T) {
	allow := func(seconds string) *browser.HTTPResponse {
		return &browser.HTTPResponse{Status: 204, Header: fields("Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: PUT, DELETE",
			"Access-Control-Allow-Headers: x-a, X-B", "Access-Control-Max-Age: "+seconds)}
	}
	now := time.Unix(0, 0)
	for name, req := range map[string]browser.Call{
		"a method": {Method: "PUT"},
		"a header": {Header: fields("X-B: 1")},
	} {
		for second, want := range map[string]time.Duration{"10": 10 * time.Second, "90": 90 * time.Second} {
			at := now
			cache := browser.NewPreflightCache(browser.Firefox, func() time.Time { return at })
			p := prepare(t, req)
			cache.Store(p, allow("60"))
			cache.Store(p, allow(second))
			at = now.Add(want - time.Second)
			if got := cache.Lookup(p); got != browser.CacheHit {
				t.Errorf("%s, %s s: a %s before its time is up", name, second, got)
			}
			at = now.Add(want)
			if got := cache.Lookup(p); got == browser.CacheHit {
				t.Errorf("%s, %s s: a hit although its time is up", name, second)
			}
		}
	}
}

// What an exchange tells is what was sent, whatever the transport does with its copy.
func TestExchangeIsTold(t *testing.T) {
	req := browser.Call{Method: "PUT", URL: api, Origin: app, Body: []byte("a body"), Header: fields("X-A: 1")}
	ex, err := browser.Run(req, func(r *browser.HTTPRequest) (*browser.HTTPResponse, error) {
		for i := range r.Header {
			r.Header[i].Value = "changed"
		}
		for i := range r.Body {
			r.Body[i] = '-'
		}
		r.Method, r.URL = "GET", "https://elsewhere.example/"
		return &browser.HTTPResponse{Status: 204, Header: fields("Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: PUT", "Access-Control-Allow-Headers: x-a")}, nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := prepare(t, browser.Call{Method: "PUT", Body: []byte("a body"), Header: fields("X-A: 1")})
	for i, want := range []*browser.HTTPRequest{p.Preflight, p.Request} {
		if got := ex.Steps[i].Request; !reflect.DeepEqual(got, want) {
			t.Errorf("step %d tells of\n%+v, want\n%+v", i, got, want)
		}
	}
}

// The step of a redirect that is not followed has the refusal, and a warning of any step is the exchange's.
func TestVerdictsOfSteps(t *testing.T) {
	ex, err := browser.Run(browser.Call{Method: "GET", URL: api, Origin: app, Header: fields("Authorization: x")}, func(r *browser.HTTPRequest) (*browser.HTTPResponse, error) {
		return &browser.HTTPResponse{Status: map[string]int{"OPTIONS": 204, "GET": 302}[r.Method], Header: fields("Access-Control-Allow-Origin: *",
			"Access-Control-Allow-Headers: *", map[string]string{"OPTIONS": "X-A: 1", "GET": "Location: ftp://api.example.net/"}[r.Method])}, nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last := ex.Steps[len(ex.Steps)-1].Verdict; last.Code != browser.CorsDisabledScheme || last.Allowed || ex.Verdict.Code != last.Code {
		t.Errorf("the redirect's step has %+v, the exchange %+v", last, ex.Verdict)
	}
	if ex.Steps[0].Verdict.Warning == "" || ex.Verdict.Warning != ex.Steps[0].Verdict.Warning {
		t.Errorf("the preflight warns %q, the exchange %q", ex.Steps[0].Verdict.Warning, ex.Verdict.Warning)
	}
}
