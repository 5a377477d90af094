package browser_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/corsgate/corsgate/internal/browser"
)

// sound says what is wrong with a verdict in itself.
func sound(v browser.Verdict) string {
	switch {
	case v.Allowed && (v.Code != "" || v.NetError != "" || v.Message != "" || v.FailedParameter != ""):
		return "allowed, and refused"
	case !v.Allowed && (v.Code == "") == (v.NetError == ""):
		return "refused for no reason, or for two"
	case !v.Allowed && (v.Message == "" || !strings.HasPrefix(v.Section, "https://fetch.spec.whatwg.org/#")):
		return "no message, or no section"
	case v.Code != "" && !slices.Contains(given(), v.Code):
		return "a code that is never given"
	case v.Code != "" && !strings.HasPrefix(v.Message, "Access to "):
		return "a message without Chromium's prefix"
	case !utf8.ValidString(v.FailedParameter) || !utf8.ValidString(v.Message):
		return "a parameter or a message that is not UTF-8"
	}
	return ""
}

// FuzzAnswers gives arbitrary responses to requests of every kind: no response crashes the browser or makes it undecided, and
// whatever may be read with credentials may be read without.
func FuzzAnswers(f *testing.F) {
	f.Add(204, "*", "true", "PUT", "x-a", "600", "", "*")
	f.Add(302, app, "True", "*, put", "*, authorization", "-1", "https://u:p@a/", "x-a")
	f.Add(500, "https://a, https://b", "", "()", "\x00", "x", "//", "\xff")
	f.Add(307, "foo:bar", "true, true", ",,", "\"x\"", "9223372036854775808", "ftp:x", "")
	f.Fuzz(func(t *testing.T, status int, origin, credentials, methods, headers, maxAge, location, expose string) {
		resp := &browser.HTTPResponse{Status: status, Header: browser.Header{
			{Name: "Access-Control-Allow-Origin", Value: origin}, {Name: "Access-Control-Allow-Credentials", Value: credentials},
			{Name: "Access-Control-Allow-Methods", Value: methods}, {Name: "Access-Control-Allow-Headers", Value: headers},
			{Name: "Access-Control-Max-Age", Value: maxAge}, {Name: "Location", Value: location},
			{Name: "Access-Control-Expose-Headers", Value: expose}, {Name: "X-A", Value: "1"},
		}}
		for _, method := range []string{"GET", "PUT", "patch"} {
			var allowed []bool
			for _, mode := range []browser.Credentials{browser.Include, browser.Omit} {
				req := browser.Call{Method: method, URL: api, Origin: app, Credentials: mode, Header: fields("X-A: 1", "Authorization: x")}
				run := func() browser.Outcome {
					sent := 0
					ex, err := browser.Run(req, func(*browser.HTTPRequest) (*browser.HTTPResponse, error) {
						if sent++; sent > 100 {
							t.Fatal("it never ends")
						}
						return resp, nil
					}, browser.NewPreflightCache(browser.Chromium, func() time.Time { return time.Time{} }))
					if err != nil {
						t.Fatal(err)
					}
					return ex
				}
				ex := run()
				if again := run(); !reflect.DeepEqual(ex, again) {
					t.Errorf("once %+v\nand once %+v", ex, again)
				}
				if problem := sound(ex.Verdict); problem != "" {
					t.Errorf("%s: %+v", problem, ex.Verdict)
				}
				p := prepare(t, req)
				for _, v := range []browser.Verdict{p.CheckPreflight(resp), p.CheckResponse(resp)} {
					if problem := sound(v); problem != "" {
						t.Errorf("%s: %+v", problem, v)
					}
				}
				allowed = append(allowed, p.CheckPreflight(resp).Allowed, p.CheckResponse(resp).Allowed)
				p.Exposed(resp)
			}
			if allowed[0] && !allowed[2] || allowed[1] && !allowed[3] {
				t.Errorf("%s: allowed with credentials and not without: %v", method, allowed)
			}
		}
	})
}

// FuzzRequests makes plans of arbitrary requests: each is an error or a plan whose preflight asks for what the request has.
func FuzzRequests(f *testing.F) {
	f.Add("https://app.example.com", "https://api.example.net/x?y#z", "put", "Content-Type", "application/json", "body")
	f.Add("null", "http://[::1]:80/%2e/..", "TRACE", "Cookie", "a", "")
	f.Add("capacitor://localhost", "HTTP://A\\b", "", "x-http-method", "TRACE", "")
	f.Add("https://é", "https://a b", "\x00", "", "\n", "x")
	f.Fuzz(func(t *testing.T, origin, url, method, name, value, body string) {
		for _, initiator := range []browser.Initiator{browser.Fetch, browser.XMLHttpRequest} {
			req := browser.Call{Origin: origin, URL: url, Method: method, Body: []byte(body), Initiator: initiator,
				Header: browser.Header{{Name: name, Value: value}, {Name: strings.ToUpper(name), Value: value}}}
			p, err := browser.Prepare(req)
			again, _ := browser.Prepare(req)
			if !reflect.DeepEqual(p, again) {
				t.Fatalf("once %+v\nand once %+v", p, again)
			}
			if err != nil {
				if err.Error() == "" || p != nil {
					t.Errorf("an error that says nothing, or a plan with it: %v %v", err, p)
				}
				continue
			}
			if p.Refused != nil {
				if problem := sound(*p.Refused); problem != "" || p.Refused.Allowed {
					t.Errorf("%s: %+v", problem, *p.Refused)
				}
				continue
			}
			if p.NeedsPreflight() != (len(p.Reasons) > 0) || p.NeedsPreflight() && !p.CrossOrigin {
				t.Errorf("a preflight for no reason: %+v", p)
			}
			for _, r := range p.Reasons {
				if r.String() == "" {
					t.Errorf("%+v has no words", r)
				}
			}
			if !p.NeedsPreflight() {
				continue
			}
			// The preflight's response that allows exactly what was asked for is good enough.
			asked, _ := p.Preflight.Header.Get("Access-Control-Request-Headers")
			wire, _ := p.Preflight.Header.Get("Origin")
			v := p.CheckPreflight(&browser.HTTPResponse{Status: 204, Header: browser.Header{
				{Name: "Access-Control-Allow-Origin", Value: wire}, {Name: "Access-Control-Allow-Methods", Value: p.Request.Method},
				{Name: "Access-Control-Allow-Headers", Value: asked},
			}})
			if !v.Allowed {
				t.Errorf("echoing what was asked for is refused: %+v", v)
			}
		}
	})
}

// Lines that share a name mean what one line with commas means (https://fetch.spec.whatwg.org/#concept-header-list-get).
func TestSplitLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Allow-Credentials"}
		value := rapid.SampledFrom([]string{"*", app, "PUT", "true", "x-a", "", "x a"})
		var one, many browser.Header
		for _, name := range names {
			values := rapid.SliceOfN(value, 0, 3).Draw(t, name)
			if len(values) == 0 {
				continue
			}
			one = append(one, browser.Field{Name: name, Value: strings.Join(values, ", ")})
			for i, v := range values {
				if i%2 == 1 {
					name = strings.ToLower(name)
				}
				many = append(many, browser.Field{Name: name, Value: v})
			}
		}
		req := browser.Call{Method: "PUT", Origin: app, URL: api, Header: fields("X-A: 1"),
			Credentials: rapid.SampledFrom([]browser.Credentials{browser.Omit, browser.Include}).Draw(t, "credentials")}
		p, err := browser.Prepare(req)
		if err != nil {
			t.Fatal(err)
		}
		a, b := p.CheckPreflight(&browser.HTTPResponse{Status: 200, Header: one}), p.CheckPreflight(&browser.HTTPResponse{Status: 200, Header: many})
		// An Access-Control-Allow-Origin that ends in an empty line ends in a comma and a blank, which a line of its own
		// cannot: the blank is not part of the value.
		a.Message, b.Message, a.FailedParameter, b.FailedParameter = "", "", strings.TrimSpace(a.FailedParameter), strings.TrimSpace(b.FailedParameter)
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("%v: %+v\n%v: %+v", one, a, many, b)
		}
	})
}

// A hit in the cache is never a request that the server's response would not have let pass.
func TestCacheNeverAllowsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) *browser.Plan {
			req := browser.Call{Origin: app, URL: api, Strict: true,
				Method:      rapid.SampledFrom([]string{"GET", "PUT", "DELETE"}).Draw(t, label+" method"),
				Credentials: rapid.SampledFrom([]browser.Credentials{browser.Omit, browser.Include}).Draw(t, label+" credentials")}
			for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"x-a", "x-b", "authorization"}), rapid.ID).Draw(t, label+" headers") {
				req.Header = append(req.Header, browser.Field{Name: name, Value: "1"})
			}
			p, err := browser.Prepare(req)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		b := rapid.SampledFrom([]browser.Browser{browser.Chromium, browser.Firefox, browser.WebKit}).Draw(t, "browser")
		cache := browser.NewPreflightCache(b, func() time.Time { return time.Time{} })
		// A server that always gives the same response, so that what it allowed once it allows again.
		resp := &browser.HTTPResponse{Status: 204, Header: fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true",
			"Access-Control-Allow-Methods: "+rapid.SampledFrom([]string{"", "PUT", "*", "PUT, *"}).Draw(t, "methods"),
			"Access-Control-Allow-Headers: "+rapid.SampledFrom([]string{"", "x-a", "*", "x-a, *", "authorization, *"}).Draw(t, "allow headers"))}
		for range 4 {
			p := draw("request")
			if cache.Lookup(p) == browser.CacheHit && !p.CheckPreflight(resp).Allowed {
				t.Fatalf("%s: the cache lets pass what %v does not: %+v", b, resp.Header, p.Preflight)
			}
			cache.Store(p, resp)
		}
	})
}
