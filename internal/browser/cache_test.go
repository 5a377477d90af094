package browser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/corsgate/corsgate/internal/browser"
)

// https://fetch.spec.whatwg.org/#http-access-control-max-age and each browser's cap
func TestMaxAge(t *testing.T) {
	for _, test := range []struct {
		header                    browser.Header
		chromium, firefox, webkit time.Duration
	}{
		{nil, 5 * time.Second, 5 * time.Second, 5 * time.Second},
		{fields("Access-Control-Max-Age: 0"), 0, 0, 0},
		{fields("Access-Control-Max-Age: -1"), 0, 0, 0},
		{fields("Access-Control-Max-Age: 60"), time.Minute, time.Minute, time.Minute},
		{fields("Access-Control-Max-Age: 600"), 10 * time.Minute, 10 * time.Minute, 10 * time.Minute},
		{fields("Access-Control-Max-Age: 7200"), 2 * time.Hour, 2 * time.Hour, 10 * time.Minute},
		{fields("Access-Control-Max-Age: 86401"), 2 * time.Hour, 24 * time.Hour, 10 * time.Minute},
		{fields("Access-Control-Max-Age: 9223372036854775807"), 2 * time.Hour, 24 * time.Hour, 10 * time.Minute},
		{fields("Access-Control-Max-Age: 9223372036854775808"), 5 * time.Second, 5 * time.Second, 5 * time.Second},
		{fields("Access-Control-Max-Age: 1.5"), 5 * time.Second, 5 * time.Second, 5 * time.Second},
		{fields("Access-Control-Max-Age: 60", "Access-Control-Max-Age: 60"), 5 * time.Second, 5 * time.Second, 5 * time.Second},
		{fields("Access-Control-Max-Age: "), 5 * time.Second, 5 * time.Second, 5 * time.Second},
	} {
		for b, want := range map[browser.Browser]time.Duration{browser.Chromium: test.chromium, browser.Firefox: test.firefox, browser.WebKit: test.webkit} {
			if got := b.MaxAge(test.header); got != want {
				t.Errorf("%s keeps %v for %v, want %v", b, test.header, got, want)
			}
		}
	}
}

// https://fetch.spec.whatwg.org/#cors-preflight-cache. Each line asks for leave and, unless it is a hit, makes the
// preflight; the response allows PUT and x-a.
func TestPreflightCache(t *testing.T) {
	answer := fields("Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: PUT", "Access-Control-Allow-Headers: X-A",
		"Access-Control-Max-Age: 60")
	put := browser.Call{Method: "PUT"}
	type ask struct {
		after time.Duration
		req   browser.Call
		want  browser.CacheResult
	}
	for name, test := range map[string]struct {
		browser browser.Browser
		asks    []ask
	}{
		"a hit until the time is up": {browser.Chromium, []ask{
			{0, put, browser.CacheMiss}, {0, put, browser.CacheHit}, {59 * time.Second, put, browser.CacheHit}, {time.Second, put, browser.CacheStale},
			{0, put, browser.CacheHit},
		}},
		"a header that the answer allows too": {browser.Chromium, []ask{
			{0, put, browser.CacheMiss}, {0, browser.Call{Header: fields("x-A: 1")}, browser.CacheHit},
		}},
		"nothing to ask": {browser.Chromium, []ask{{0, browser.Call{}, browser.CacheUnneeded}}},
		"another URL": {browser.Chromium, []ask{
			{0, put, browser.CacheMiss}, {0, browser.Call{Method: "PUT", URL: api + "?q"}, browser.CacheMiss}, {0, browser.Call{Method: "PUT", URL: api + "#f"}, browser.CacheMiss},
		}},
		"another page": {browser.Chromium, []ask{
			{0, put, browser.CacheMiss}, {0, browser.Call{Method: "PUT", Origin: "https://other.example"}, browser.CacheMiss},
		}},
		"Chromium forgets what did not suffice": {browser.Chromium, []ask{
			{0, put, browser.CacheMiss}, {0, browser.Call{Method: "DELETE"}, browser.CacheInsufficient}, {0, put, browser.CacheMiss},
		}},
		"Chromium remembers nothing for an opaque origin": {browser.Chromium, []ask{
			{0, browser.Call{Method: "PUT", Origin: "null"}, browser.CacheMiss}, {0, browser.Call{Method: "PUT", Origin: "null"}, browser.CacheMiss},
		}},
		"in the standard, null is an origin like others": {browser.Firefox, []ask{
			{0, browser.Call{Method: "PUT", Origin: "null"}, browser.CacheMiss}, {0, browser.Call{Method: "PUT", Origin: "null"}, browser.CacheHit},
		}},
		"WebKit too": {browser.WebKit, []ask{
			{0, put, browser.CacheMiss}, {0, browser.Call{Method: "DELETE"}, browser.CacheInsufficient}, {0, put, browser.CacheMiss},
		}},
		"Firefox clears it when the new preflight fails, as the standard has it": {browser.Firefox, []ask{
			{0, put, browser.CacheMiss}, {0, browser.Call{Method: "DELETE"}, browser.CacheInsufficient}, {0, put, browser.CacheMiss},
		}},
	} {
		now := time.Unix(0, 0)
		cache := browser.NewPreflightCache(test.browser, func() time.Time { return now })
		for i, a := range test.asks {
			now = now.Add(a.after)
			a.req.Origin, a.req.URL = or(a.req.Origin, app), or(a.req.URL, api)
			preflights := 0
			ex, err := browser.Run(a.req, func(r *browser.HTTPRequest) (*browser.HTTPResponse, error) {
				if r.Method == "OPTIONS" {
					preflights++
				}
				return &browser.HTTPResponse{Status: 204, Header: answer}, nil
			}, cache)
			if err != nil {
				t.Fatal(err)
			}
			got := browser.CacheUnneeded
			if ex.Steps[0].Preflight {
				got = ex.Steps[0].Cache
			}
			if got != a.want {
				t.Errorf("%s: %s: ask %d is a %s, want a %s", test.browser, name, i, got, a.want)
			}
			if sent := a.want != browser.CacheHit && a.want != browser.CacheUnneeded; sent != (preflights == 1) {
				t.Errorf("%s: ask %d sent %d preflights", name, i, preflights)
			}
		}
	}
}

// What the first of two answers allows outlives the second in Firefox and the standard only.
func TestCacheEntries(t *testing.T) {
	for b, want := range map[browser.Browser]browser.CacheResult{
		browser.Firefox: browser.CacheHit, browser.Chromium: browser.CacheInsufficient, browser.WebKit: browser.CacheInsufficient,
	} {
		now := time.Unix(0, 0)
		cache := browser.NewPreflightCache(b, func() time.Time { return now })
		put, remove := prepare(t, browser.Call{Method: "PUT"}), prepare(t, browser.Call{Method: "DELETE"})
		allow := func(lines ...string) *browser.HTTPResponse {
			return &browser.HTTPResponse{Status: 204, Header: append(fields("Access-Control-Allow-Origin: *"), fields(lines...)...)}
		}
		cache.Store(put, allow("Access-Control-Allow-Methods: PUT", "Access-Control-Max-Age: 60"))
		cache.Store(remove, allow("Access-Control-Allow-Methods: DELETE", "Access-Control-Max-Age: 60"))
		if got := cache.Lookup(put); got != want {
			t.Errorf("%s: PUT is a %s after DELETE, want a %s", b, got, want)
		}
		// A request that they do not cover is not a reason for Firefox to forget them.
		cache.Store(put, allow("Access-Control-Allow-Methods: PUT", "Access-Control-Max-Age: 60"))
		if got := cache.Lookup(prepare(t, browser.Call{Method: "PATCH"})); got != browser.CacheInsufficient {
			t.Errorf("%s: PATCH is a %s", b, got)
		}
		if got := cache.Lookup(put); (got == browser.CacheHit) != (b == browser.Firefox) {
			t.Errorf("%s: PUT is a %s after PATCH", b, got)
		}
		// A refused answer is not kept.
		fresh := browser.NewPreflightCache(b, nil)
		fresh.Store(put, allow("Access-Control-Allow-Methods: DELETE"))
		if got := fresh.Lookup(put); got != browser.CacheMiss {
			t.Errorf("%s keeps a refusal: %s", b, got)
		}
		fresh.Store(put, allow("Access-Control-Allow-Methods: PUT"))
		fresh.Clear(put)
		if got := fresh.Lookup(put); got != browser.CacheMiss {
			t.Errorf("%s keeps what was cleared: %s", b, got)
		}
	}
}

// A wildcard covers requests without credentials, and never authorization.
func TestCacheWildcards(t *testing.T) {
	for _, b := range []browser.Browser{browser.Chromium, browser.Firefox, browser.WebKit} {
		store := func() *browser.PreflightCache {
			cache := browser.NewPreflightCache(b, nil)
			cache.Store(prepare(t, browser.Call{Method: "PUT"}), &browser.HTTPResponse{Status: 204, Header: fields(
				"Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: *", "Access-Control-Allow-Headers: *")})
			return cache
		}
		for _, test := range []struct {
			req  browser.Call
			want browser.CacheResult
		}{
			{browser.Call{Method: "DELETE", Header: fields("X-Any: 1")}, browser.CacheHit},
			{browser.Call{Header: fields("Authorization: x")}, browser.CacheInsufficient},
			{browser.Call{Method: "PUT", Credentials: browser.Include}, browser.CacheInsufficient},
		} {
			if got := store().Lookup(prepare(t, test.req)); got != test.want {
				t.Errorf("%s: %+v is a %s, want a %s", b, test.req, got, test.want)
			}
		}
		// The other way round, a response for a request with credentials serves one without.
		cache := browser.NewPreflightCache(b, nil)
		cache.Store(prepare(t, browser.Call{Method: "PUT", Credentials: browser.Include}), &browser.HTTPResponse{Status: 204, Header: fields(
			"Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: PUT")})
		if got := cache.Lookup(prepare(t, browser.Call{Method: "PUT"})); got != browser.CacheHit {
			t.Errorf("%s: with credentials, then without: a %s", b, got)
		}
	}
}

// Chromium keeps nothing for a URL of 1024 bytes or more.
func TestCacheLongURL(t *testing.T) {
	for _, test := range []struct {
		browser browser.Browser
		length  int
		want    browser.CacheResult
	}{
		{browser.Chromium, 1023, browser.CacheHit},
		{browser.Chromium, 1024, browser.CacheMiss},
		{browser.WebKit, 1024, browser.CacheHit},
		{browser.Firefox, 1024, browser.CacheHit},
	} {
		p := prepare(t, browser.Call{Method: "PUT", URL: api + "?" + strings.Repeat("a", test.length-len(api+"?"))})
		cache := browser.NewPreflightCache(test.browser, nil)
		cache.Store(p, &browser.HTTPResponse{Status: 204, Header: fields("Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: PUT")})
		if got := cache.Lookup(p); got != test.want {
			t.Errorf("%s, %d bytes: a %s, want a %s", test.browser, test.length, got, test.want)
		}
	}
}

// The standard clears the cache when the request that a preflight allowed fails; Chromium does not
// (https://fetch.spec.whatwg.org/#concept-main-fetch).
func TestCacheAfterFailure(t *testing.T) {
	for b, want := range map[browser.Browser]browser.CacheResult{browser.Chromium: browser.CacheHit, browser.Firefox: browser.CacheMiss} {
		cache := browser.NewPreflightCache(b, nil)
		ex, err := browser.Run(browser.Call{Method: "PUT", URL: api, Origin: app}, func(r *browser.HTTPRequest) (*browser.HTTPResponse, error) {
			if r.Method == "OPTIONS" {
				return &browser.HTTPResponse{Status: 204, Header: fields("Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: PUT")}, nil
			}
			return &browser.HTTPResponse{Status: 502}, nil
		}, cache)
		if err != nil || ex.Verdict.Code != browser.MissingAllowOriginHeader {
			t.Fatalf("%+v %v", ex.Verdict, err)
		}
		if got := cache.Lookup(prepare(t, browser.Call{Method: "PUT"})); got != want {
			t.Errorf("%s: a %s, want a %s", b, got, want)
		}
	}
}

// A request that was redirected from another origin to a third says Origin: null. Chromium, unlike the standard, preflights
// it each time, and what it remembers for the page's own origin is no help.
func TestCacheTainted(t *testing.T) {
	const third = "https://third.example/"
	for b, want := range map[browser.Browser]int{browser.Chromium: 2, browser.Firefox: 1} {
		cache := browser.NewPreflightCache(b, nil)
		preflights := 0
		answer := func(r *browser.HTTPRequest) (*browser.HTTPResponse, error) {
			resp := &browser.HTTPResponse{Status: 200, Header: fields("Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: PUT", "Access-Control-Max-Age: 60")}
			origin, _ := r.Header.Get("Origin")
			switch {
			case r.Method == "OPTIONS" && r.URL == third && origin == "null":
				preflights++
			case r.Method == "PUT" && r.URL != third:
				resp.Status = 307
				resp.Header = append(resp.Header, browser.Field{Name: "Location", Value: third})
			}
			return resp, nil
		}
		for _, url := range []string{third, api, api} {
			if ex, err := browser.Run(browser.Call{Method: "PUT", URL: url, Origin: app}, answer, cache); err != nil || !ex.Verdict.Allowed {
				t.Fatalf("%s: %+v %v", b, ex.Verdict, err)
			}
		}
		if preflights != want {
			t.Errorf("%s: %d preflights with an opaque origin, want %d", b, preflights, want)
		}
	}
}
