package fetch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/corsgate/corsgate/internal/fetch"
)

// https://fetch.spec.whatwg.org/#http-access-control-max-age and each browser's cap
func TestMaxAge(t *testing.T) {
	for _, test := range []struct {
		header                    fetch.Header
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
		for browser, want := range map[fetch.Browser]time.Duration{fetch.Chromium: test.chromium, fetch.Firefox: test.firefox, fetch.WebKit: test.webkit} {
			if got := browser.MaxAge(test.header); got != want {
				t.Errorf("%s keeps %v for %v, want %v", browser, test.header, got, want)
			}
		}
	}
}

// https://fetch.spec.whatwg.org/#cors-preflight-cache. Each line asks for leave and, unless it is a hit, makes the
// preflight; the answer allows PUT and x-a.
func TestPreflightCache(t *testing.T) {
	answer := fields("Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: PUT", "Access-Control-Allow-Headers: X-A",
		"Access-Control-Max-Age: 60")
	put := fetch.Request{Method: "PUT"}
	type ask struct {
		after time.Duration
		req   fetch.Request
		want  fetch.CacheResult
	}
	for name, test := range map[string]struct {
		browser fetch.Browser
		asks    []ask
	}{
		"a hit until the time is up": {fetch.Chromium, []ask{
			{0, put, fetch.CacheMiss}, {0, put, fetch.CacheHit}, {59 * time.Second, put, fetch.CacheHit}, {time.Second, put, fetch.CacheStale},
			{0, put, fetch.CacheHit},
		}},
		"a header that the answer allows too": {fetch.Chromium, []ask{
			{0, put, fetch.CacheMiss}, {0, fetch.Request{Header: fields("x-A: 1")}, fetch.CacheHit},
		}},
		"nothing to ask": {fetch.Chromium, []ask{{0, fetch.Request{}, fetch.CacheUnneeded}}},
		"another URL": {fetch.Chromium, []ask{
			{0, put, fetch.CacheMiss}, {0, fetch.Request{Method: "PUT", URL: api + "?q"}, fetch.CacheMiss}, {0, fetch.Request{Method: "PUT", URL: api + "#f"}, fetch.CacheHit},
		}},
		"another page": {fetch.Chromium, []ask{
			{0, put, fetch.CacheMiss}, {0, fetch.Request{Method: "PUT", Origin: "https://other.example"}, fetch.CacheMiss},
		}},
		"Chromium forgets what did not suffice": {fetch.Chromium, []ask{
			{0, put, fetch.CacheMiss}, {0, fetch.Request{Method: "DELETE"}, fetch.CacheInsufficient}, {0, put, fetch.CacheMiss},
		}},
		"Chromium remembers nothing for an opaque origin": {fetch.Chromium, []ask{
			{0, fetch.Request{Method: "PUT", Origin: "null"}, fetch.CacheMiss}, {0, fetch.Request{Method: "PUT", Origin: "null"}, fetch.CacheMiss},
		}},
		"in the standard, null is an origin like others": {fetch.Firefox, []ask{
			{0, fetch.Request{Method: "PUT", Origin: "null"}, fetch.CacheMiss}, {0, fetch.Request{Method: "PUT", Origin: "null"}, fetch.CacheHit},
		}},
		"WebKit too": {fetch.WebKit, []ask{
			{0, put, fetch.CacheMiss}, {0, fetch.Request{Method: "DELETE"}, fetch.CacheInsufficient}, {0, put, fetch.CacheMiss},
		}},
		"Firefox clears it when the new preflight fails, as the standard has it": {fetch.Firefox, []ask{
			{0, put, fetch.CacheMiss}, {0, fetch.Request{Method: "DELETE"}, fetch.CacheInsufficient}, {0, put, fetch.CacheMiss},
		}},
	} {
		now := time.Unix(0, 0)
		cache := fetch.NewPreflightCache(test.browser, func() time.Time { return now })
		for i, a := range test.asks {
			now = now.Add(a.after)
			a.req.Origin, a.req.URL = or(a.req.Origin, app), or(a.req.URL, api)
			preflights := 0
			ex, err := fetch.Run(a.req, func(r *fetch.HTTPRequest) (*fetch.HTTPResponse, error) {
				if r.Method == "OPTIONS" {
					preflights++
				}
				return &fetch.HTTPResponse{Status: 204, Header: answer}, nil
			}, cache)
			if err != nil {
				t.Fatal(err)
			}
			got := fetch.CacheUnneeded
			if ex.Steps[0].Preflight {
				got = ex.Steps[0].Cache
			}
			if got != a.want {
				t.Errorf("%s: %s: ask %d is a %s, want a %s", test.browser, name, i, got, a.want)
			}
			if sent := a.want != fetch.CacheHit && a.want != fetch.CacheUnneeded; sent != (preflights == 1) {
				t.Errorf("%s: ask %d sent %d preflights", name, i, preflights)
			}
		}
	}
}

// What the first of two answers allows outlives the second in Firefox and the standard only.
func TestCacheEntries(t *testing.T) {
	for browser, want := range map[fetch.Browser]fetch.CacheResult{
		fetch.Firefox: fetch.CacheHit, fetch.Chromium: fetch.CacheInsufficient, fetch.WebKit: fetch.CacheInsufficient,
	} {
		now := time.Unix(0, 0)
		cache := fetch.NewPreflightCache(browser, func() time.Time { return now })
		put, remove := prepare(t, fetch.Request{Method: "PUT"}), prepare(t, fetch.Request{Method: "DELETE"})
		allow := func(lines ...string) *fetch.HTTPResponse {
			return &fetch.HTTPResponse{Status: 204, Header: append(fields("Access-Control-Allow-Origin: *"), fields(lines...)...)}
		}
		cache.Store(put, allow("Access-Control-Allow-Methods: PUT", "Access-Control-Max-Age: 60"))
		cache.Store(remove, allow("Access-Control-Allow-Methods: DELETE", "Access-Control-Max-Age: 60"))
		if got := cache.Lookup(put); got != want {
			t.Errorf("%s: PUT is a %s after DELETE, want a %s", browser, got, want)
		}
		// A refused answer is not kept.
		fresh := fetch.NewPreflightCache(browser, nil)
		fresh.Store(put, allow("Access-Control-Allow-Methods: DELETE"))
		if got := fresh.Lookup(put); got != fetch.CacheMiss {
			t.Errorf("%s keeps a refusal: %s", browser, got)
		}
		fresh.Store(put, allow("Access-Control-Allow-Methods: PUT"))
		fresh.Clear(put)
		if got := fresh.Lookup(put); got != fetch.CacheMiss {
			t.Errorf("%s keeps what was cleared: %s", browser, got)
		}
	}
}

// A wildcard answers for requests without credentials, and never for authorization.
func TestCacheWildcards(t *testing.T) {
	for _, browser := range []fetch.Browser{fetch.Chromium, fetch.Firefox, fetch.WebKit} {
		store := func() *fetch.PreflightCache {
			cache := fetch.NewPreflightCache(browser, nil)
			cache.Store(prepare(t, fetch.Request{Method: "PUT"}), &fetch.HTTPResponse{Status: 204, Header: fields(
				"Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: *", "Access-Control-Allow-Headers: *")})
			return cache
		}
		for _, test := range []struct {
			req  fetch.Request
			want fetch.CacheResult
		}{
			{fetch.Request{Method: "DELETE", Header: fields("X-Any: 1")}, fetch.CacheHit},
			{fetch.Request{Header: fields("Authorization: x")}, fetch.CacheInsufficient},
			{fetch.Request{Method: "PUT", Credentials: fetch.Include}, fetch.CacheInsufficient},
		} {
			if got := store().Lookup(prepare(t, test.req)); got != test.want {
				t.Errorf("%s: %+v is a %s, want a %s", browser, test.req, got, test.want)
			}
		}
		// The other way round, an answer for a request with credentials serves one without.
		cache := fetch.NewPreflightCache(browser, nil)
		cache.Store(prepare(t, fetch.Request{Method: "PUT", Credentials: fetch.Include}), &fetch.HTTPResponse{Status: 204, Header: fields(
			"Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: PUT")})
		if got := cache.Lookup(prepare(t, fetch.Request{Method: "PUT"})); got != fetch.CacheHit {
			t.Errorf("%s: with credentials, then without: a %s", browser, got)
		}
	}
}

// Chromium keeps nothing for a URL of 1024 bytes or more.
func TestCacheLongURL(t *testing.T) {
	for browser, want := range map[fetch.Browser]fetch.CacheResult{fetch.Chromium: fetch.CacheMiss, fetch.WebKit: fetch.CacheHit, fetch.Firefox: fetch.CacheHit} {
		p := prepare(t, fetch.Request{Method: "PUT", URL: api + "?" + strings.Repeat("a", 1024)})
		cache := fetch.NewPreflightCache(browser, nil)
		cache.Store(p, &fetch.HTTPResponse{Status: 204, Header: fields("Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: PUT")})
		if got := cache.Lookup(p); got != want {
			t.Errorf("%s: a %s, want a %s", browser, got, want)
		}
	}
}

// The standard clears the cache when the request that a preflight allowed fails; Chromium does not
// (https://fetch.spec.whatwg.org/#concept-main-fetch).
func TestCacheAfterFailure(t *testing.T) {
	for browser, want := range map[fetch.Browser]fetch.CacheResult{fetch.Chromium: fetch.CacheHit, fetch.Firefox: fetch.CacheMiss} {
		cache := fetch.NewPreflightCache(browser, nil)
		ex, err := fetch.Run(fetch.Request{Method: "PUT", URL: api, Origin: app}, func(r *fetch.HTTPRequest) (*fetch.HTTPResponse, error) {
			if r.Method == "OPTIONS" {
				return &fetch.HTTPResponse{Status: 204, Header: fields("Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: PUT")}, nil
			}
			return &fetch.HTTPResponse{Status: 502}, nil
		}, cache)
		if err != nil || ex.Verdict.Code != fetch.MissingAllowOriginHeader {
			t.Fatalf("%+v %v", ex.Verdict, err)
		}
		if got := cache.Lookup(prepare(t, fetch.Request{Method: "PUT"})); got != want {
			t.Errorf("%s: a %s, want a %s", browser, got, want)
		}
	}
}

// A request that was redirected from another origin to a third says Origin: null. Chromium, unlike the standard, preflights
// it each time, and what it remembers for the page's own origin is no help.
func TestCacheTainted(t *testing.T) {
	const third = "https://third.example/"
	for browser, want := range map[fetch.Browser]int{fetch.Chromium: 2, fetch.Firefox: 1} {
		cache := fetch.NewPreflightCache(browser, nil)
		preflights := 0
		answer := func(r *fetch.HTTPRequest) (*fetch.HTTPResponse, error) {
			resp := &fetch.HTTPResponse{Status: 200, Header: fields("Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: PUT", "Access-Control-Max-Age: 60")}
			origin, _ := r.Header.Get("Origin")
			switch {
			case r.Method == "OPTIONS" && r.URL == third && origin == "null":
				preflights++
			case r.Method == "PUT" && r.URL != third:
				resp.Status = 307
				resp.Header = append(resp.Header, fetch.Field{Name: "Location", Value: third})
			}
			return resp, nil
		}
		for _, url := range []string{third, api, api} {
			if ex, err := fetch.Run(fetch.Request{Method: "PUT", URL: url, Origin: app}, answer, cache); err != nil || !ex.Verdict.Allowed {
				t.Fatalf("%s: %+v %v", browser, ex.Verdict, err)
			}
		}
		if preflights != want {
			t.Errorf("%s: %d preflights with an opaque origin, want %d", browser, preflights, want)
		}
	}
}
