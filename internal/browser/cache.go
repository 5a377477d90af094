package browser

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/corsgate/corsgate/internal/corsheader"
)

// A Browser is a browser's way of keeping the responses to preflights.
type Browser string

// The browsers. They differ in the cap they put on Access-Control-Max-Age, and in what they keep; see [PreflightCache].
const (
	Chromium Browser = "chromium"
	Firefox  Browser = "firefox"
	WebKit   Browser = "webkit"
)

// defaultMaxAge is how long a response without an Access-Control-Max-Age that parses is kept
// (https://fetch.spec.whatwg.org/#cors-preflight-fetch, step 7.8).
const defaultMaxAge = 5 * time.Second

// Cap returns the longest time for which the browser keeps a response, whatever Access-Control-Max-Age says: two hours in
// Chromium, a day in Firefox, ten minutes in WebKit.
func (b Browser) Cap() time.Duration {
	switch b {
	case Firefox:
		return corsheader.FirefoxCap
	case WebKit:
		return corsheader.WebKitCap
	}
	return corsheader.ChromiumCap
}

// MaxAge returns the time for which the browser keeps a preflight's response that has these headers.
func (b Browser) MaxAge(h Header) time.Duration {
	value, found := h.Get(corsheader.MaxAge)
	if !found {
		return defaultMaxAge
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	switch {
	case err != nil:
		return defaultMaxAge
	case seconds < 0:
		return 0
	}
	limit := b.Cap()
	if seconds >= int64(limit/time.Second) {
		return limit
	}
	return time.Duration(seconds) * time.Second
}

// maxCachedURL is the length from which Chromium does not keep a response for a URL.
const maxCachedURL = 1024

// A PreflightCache is a browser's memory of the results of preflights (https://fetch.spec.whatwg.org/#cors-preflight-cache).
// Entries are for one page origin and one URL with its query; a response for /a says nothing about /b.
//
// Firefox stands for the standard: each allowed method and header is remembered by itself, and stays until its time is up.
// (Firefox itself also keeps apart what it was told of requests with credentials and of those without.) Chromium and WebKit remember the last response as a whole: a request that it does not cover throws it away. For an
// opaque origin, a sandboxed frame's or that of a request redirected from another origin to a third, Chromium remembers
// nothing.
//
// It may be used from several goroutines.
type PreflightCache struct {
	browser Browser
	now     func() time.Time

	mu      sync.Mutex
	answers map[cacheKey][]answer
}

type cacheKey struct{ origin, url string }

// A response is a permit, and when it was stored and ends.
type answer struct {
	permit
	stored, expires time.Time
}

// NewPreflightCache returns an empty cache that works as the browser's does. Time is read from now; nil means the clock.
func NewPreflightCache(browser Browser, now func() time.Time) *PreflightCache {
	if now == nil {
		now = time.Now
	}
	return &PreflightCache{browser: browser, now: now, answers: map[cacheKey][]answer{}}
}

// A CacheResult says what a cache knows about a preflight.
type CacheResult string

// What a cache knows.
const (
	// CacheUnneeded: the request has no preflight to begin with.
	CacheUnneeded CacheResult = "unneeded"
	// CacheHit: a response is there, still holds and covers the request; there is no preflight.
	CacheHit CacheResult = "hit"
	// CacheMiss: there was no answer for this page and URL.
	CacheMiss CacheResult = "miss"
	// CacheStale: there was one, and its time is up.
	CacheStale CacheResult = "stale"
	// CacheInsufficient: there is one, and it does not cover the request's method, headers or credentials.
	CacheInsufficient CacheResult = "insufficient"
)

// Lookup reports whether the plan's request can go without a preflight. As in a browser, asking can change the cache: what
// is stale goes, and in Chromium and WebKit also what is insufficient.
func (c *PreflightCache) Lookup(p *Plan) CacheResult {
	if !p.NeedsPreflight() {
		return CacheUnneeded
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := p.cacheKey()
	answers := c.answers[key]
	if len(answers) == 0 {
		return CacheMiss
	}
	now := c.now()
	answers = slices.DeleteFunc(answers, func(a answer) bool { return !now.Before(a.expires) })
	if len(answers) == 0 {
		delete(c.answers, key)
		return CacheStale
	}
	c.answers[key] = answers
	if cover(answers, p) {
		return CacheHit
	}
	if c.browser != Firefox {
		delete(c.answers, key)
	}
	return CacheInsufficient
}

// cover reports whether the responses together let the plan's request pass.
func cover(answers []answer, p *Plan) bool {
	answers = slices.DeleteFunc(slices.Clone(answers), func(a answer) bool { return !a.serves(p) })
	if len(answers) == 0 {
		return false
	}
	if !slices.ContainsFunc(answers, func(a answer) bool { return a.method(p.method) }) {
		return false
	}
	for _, name := range p.unsafeNames {
		one := Plan{unsafeNames: []string{name}}
		if !slices.ContainsFunc(answers, func(a answer) bool { return len(a.missingHeaders(&one)) == 0 }) {
			return false
		}
	}
	return true
}

// Store remembers the response to the plan's preflight, if CheckPreflight allows it and it may be kept at all.
func (c *PreflightCache) Store(p *Plan, resp *HTTPResponse) {
	if !p.NeedsPreflight() || !p.CheckPreflight(resp).Allowed {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := p.cacheKey()
	methods, _ := resp.Header.list(corsheader.AllowMethods)
	headers, _ := resp.Header.list(corsheader.AllowHeaders)
	headers = lowered(headers)
	now := c.now()
	a := answer{permit{methods, headers, p.credentials == Include}, now, now.Add(c.browser.MaxAge(resp.Header))}
	if c.browser != Firefox {
		if c.browser == Chromium && (len(key.url) >= maxCachedURL || key.origin == "null") {
			return
		}
		c.answers[key] = []answer{a}
		return
	}
	if !resp.Header.Has(corsheader.AllowMethods) && p.listener {
		a.methods = []string{p.method} // https://fetch.spec.whatwg.org/#cors-preflight-fetch, step 7.4
	}
	c.answers[key] = remember(c.answers[key], p, a)
}

// remember keeps a response as the standard does, an entry for each method and header. What an entry matches already does
// not get one of its own: the entry now ends when the new response's time has passed since it was stored. An entry made
// without credentials is of no use to a request with them and stays as it is; the other way round it changes.
func remember(entries []answer, p *Plan, a answer) []answer {
	keep := func(matches func(answer) bool, entry permit) {
		found := false
		for i, e := range entries {
			if e.serves(p) && matches(e) {
				entries[i].expires = e.stored.Add(a.expires.Sub(a.stored))
				found = true
			}
		}
		if !found {
			entry.credentials = a.credentials
			entries = append(entries, answer{entry, a.stored, a.expires})
		}
	}
	for _, method := range a.methods {
		keep(func(e answer) bool { return e.names(e.methods, method) }, permit{methods: []string{method}})
	}
	for _, name := range a.headers {
		keep(func(e answer) bool { return e.names(e.headers, name) && (name != "authorization" || !e.anyHeader()) }, permit{headers: []string{name}})
	}
	return entries
}

// names reports whether an entry's list has the item, or a "*" that stands for it.
func (a permit) names(list []string, item string) bool {
	return slices.Contains(list, item) || !a.credentials && slices.Contains(list, "*")
}

// serves reports whether the response may stand for one to the plan's preflight. One to a preflight for a request without
// credentials is no help to one with them (https://fetch.spec.whatwg.org/#concept-cache-match).
func (a permit) serves(p *Plan) bool { return a.credentials || p.credentials != Include }

// Clear forgets what is remembered for the plan's page and URL. The standard has it done when a preflighted request fails
// (https://fetch.spec.whatwg.org/#main-fetch); Chromium does not do it.
func (c *PreflightCache) Clear(p *Plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.answers, p.cacheKey())
}

// cacheKey has the whole URL: one with another fragment is another URL to the cache.
func (p *Plan) cacheKey() cacheKey { return cacheKey{p.wireOrigin(), p.url.String()} }
