package probe

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/probe/wire"
	"github.com/corsgate/corsgate/internal/report"
)

// TestRandom has servers that respond with anything. It holds that nothing crashes, that the verdict is the one to which package
// fetch comes by itself, and that a request which is refused, or has no response, is never called clean.
func TestRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 1))
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	header := func() browser.Header {
		var h browser.Header
		maybe := func(name string, values ...string) {
			for rng.IntN(3) > 0 && len(h) < 20 {
				h = append(h, browser.Field{Name: pick(name, strings.ToLower(name)), Value: pick(values...)})
				if rng.IntN(8) > 0 {
					return
				}
			}
		}
		maybe("Access-Control-Allow-Origin", page, page, page, "*", "null", "https://other.example", page+"/", "x", "", "a, b", "\xff")
		maybe("Access-Control-Allow-Methods", "GET,PUT", "PUT", "*", "GET", "[]", "")
		maybe("Access-Control-Allow-Headers", "content-type", "*", "authorization, content-type", "a b", "")
		maybe("Access-Control-Allow-Credentials", "true", "true", "True", "")
		maybe("Access-Control-Max-Age", "600", "86400", "x")
		maybe("Vary", "Origin", "accept, origin", "*", "x")
		if rng.IntN(5) == 0 {
			maybe("Location", "/x", "https://elsewhere.example/", "http://[", "")
			maybe("X-Amzn-ErrorType", "ForbiddenException", "MissingAuthenticationTokenException", "InternalServerErrorException", "x:y")
			maybe("X-Cache", "Hit from cloudfront", "Miss")
			maybe("X-Amzn-Waf-Action", "challenge")
		}
		return h
	}
	answer := func() *wire.Incoming {
		return &wire.Incoming{Proto: pick("HTTP/2", "HTTP/1.1"), Status: []int{200, 200, 204, 204, 204, 301, 302, 400, 401, 403, 403, 404, 429, 500, 502, 504}[rng.IntN(16)],
			Header: header(), Body: []byte(pick("", "{}", `{"message":"Forbidden"}`, "null", `{"message":3}`)), Broken: pick("", "", "", "", "", "", "", "broken")}
	}
	allowed, refused := 0, 0
	for range 1000 {
		o := Options{URL: "https://" + api + "/prod", Origin: page, Method: pick("GET", "PUT"), Max: 40, Send: true, Credentials: rng.IntN(3) == 0, Errors: rng.IntN(2) == 0}
		if rng.IntN(2) == 0 {
			o.Header = browser.Header{{Name: pick("content-type", "authorization"), Value: "application/json"}}
		}
		same := map[string]*wire.Incoming{} // what the page is answered
		pages := 0
		o.Do = func(_ context.Context, r *wire.Outgoing) (*wire.Incoming, error) {
			origin, _ := r.Header.Get("Origin")
			if origin == page && !strings.Contains(r.URL, "?") && r.URL == o.URL && same[r.Method] == nil && pages < 2 {
				pages++
				same[r.Method] = answer()
				return same[r.Method], nil
			}
			if rng.IntN(20) == 0 {
				return nil, errors.New("gone")
			}
			return answer(), nil
		}
		r := survey(t, o)
		mode := browser.SameOrigin
		if o.Credentials {
			mode = browser.Include
		}
		ex, err := browser.Run(browser.Call{URL: o.URL, Origin: page, Method: o.Method, Header: o.Header, Credentials: mode}, func(q *browser.HTTPRequest) (*browser.HTTPResponse, error) {
			a := same[q.Method]
			if a == nil || q.URL != o.URL {
				return nil, errors.New("nothing")
			}
			return &browser.HTTPResponse{Status: a.Status, Header: a.Header}, nil
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict.Known && (r.Verdict.Allowed != ex.Verdict.Allowed || r.Verdict.Code != ex.Verdict.Code) {
			t.Fatalf("%+v, and fetch.Run says %+v", r.Verdict, ex.Verdict)
		}
		if !r.Verdict.Known && ex.Verdict.Allowed {
			t.Fatalf("%+v, and fetch.Run allows it", r.Verdict)
		}
		worst := report.New("probe", o.URL, r.Findings, nil)
		if r.Verdict.Known && !r.Verdict.Allowed {
			refused++
			if len(worst.Findings) == 0 {
				t.Fatalf("refused, %s, and nothing is found", r.Verdict.Message)
			}
		}
		if r.Verdict.Allowed {
			allowed++
		}
		if strings.Contains(worst.Markdown(), "\x1b") {
			t.Fatal("control characters")
		}
	}
	t.Logf("%d allowed, %d refused", allowed, refused)
	if allowed < 20 || refused < 300 {
		t.Error("this looks at too little")
	}
}
