package browser

import (
	"strconv"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
)

// testCache asks the same URL again and again: the API counts the preflights, and package browser's memory of them has to be
// Chromium's.
func (b *bench) testCache(t *testing.T) {
	for _, s := range b.apis {
		s.expects.Cache = browser.NewPreflightCache(browser.Chromium, nil)
		defer func() { s.expects.Cache = nil }()
	}
	type step struct {
		trial
		preflights int // that reach the API
	}
	cart := func(from, want string, more ...string) trial {
		return trial{api: "catalog", from: from, ask: "POST /carts/price", headers: append([]string{asJSON}, more...), body: `{"lines": []}`, want: want}
	}
	orders := func(ask, with, want string, headers ...string) trial {
		return trial{api: "everything", from: app, ask: ask, headers: headers, with: with, want: want}
	}
	faults := func(from, ask, want string, headers ...string) trial {
		return trial{api: "faults", from: from, ask: ask, headers: headers, want: want}
	}
	const method, header = "MethodDisallowedByPreflightResponse", "HeaderDisallowedByPreflightResponse"
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"remembered", []step{{cart(app, "200"), 1}, {cart(app, "200"), 0}, {cart(app, "200"), 0}}},
		{"for one origin", []step{{cart(app, "200"), 1}, {cart("https://a.preview.example.com", "200"), 1}, {cart("https://a.preview.example.com", "200"), 0}, {cart(other, preflightMissing), 1}, {cart(other, preflightMissing), 1}}},
		{"for what it allows", []step{
			{orders("PUT /orders", include, "200"), 1}, {orders("DELETE /orders", include, "200"), 0}, {orders("PUT /orders", include, "200", asJSON, "x-api-key: 1"), 0},
			{orders("PATCH /orders", include, method), 1}, {orders("PUT /orders", include, "200"), 1}, {orders("PUT /orders", include, "200"), 0},
			{orders("PUT /orders", include, header, "x-other: 1"), 1}, {orders("PUT /orders", include, "200"), 1},
		}},
		{"for one credentials mode", []step{
			{orders("PUT /orders", omit, "200"), 1}, {orders("PUT /orders", include, "200"), 1}, {orders("PUT /orders", include, "200"), 0}, {orders("PUT /orders", omit, "200"), 0},
		}},
		{"of a failed request", []step{{orders("PUT /orders?do=throw", include, "502"), 1}, {orders("PUT /orders?do=throw", include, "502"), 0}}},
		{"not at all", []step{{faults(app, "PUT /p-age-0", "200"), 1}, {faults(app, "PUT /p-age-0", "200"), 1}}},
		{"for less than nothing", []step{{faults(app, "PUT /p-age-minus", "200"), 1}, {faults(app, "PUT /p-age-minus", "200"), 1}}},
		{"for a minute", []step{{faults(app, "PUT /p-age-60", "200"), 1}, {faults(app, "DELETE /p-age-60", "200", "x-one: 1"), 0}, {faults(app, "GET /p-age-60", "200"), 0}}},
		{"not for a frame without an origin", []step{{faults(null, "PUT /p-age-null", "200"), 1}, {faults(null, "PUT /p-age-null", "200"), 1}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.asked++
			for i, s := range tt.steps {
				preflights := 0
				for _, w := range b.judge(t, s.trial, "n="+strconv.Itoa(b.asked)) {
					if w.Method == "OPTIONS" {
						preflights++
					}
				}
				if preflights != s.preflights {
					t.Errorf("step %d, %s: %d preflights, want %d", i+1, s.trial, preflights, s.preflights)
				}
				if t.Failed() {
					return // what comes after depends on it
				}
			}
		})
	}
	t.Run("not across a redirect to a third origin", b.testCacheRedirect)
}

// testCacheRedirect follows a redirect to an API that package simulate does not see from here. The request's origin is
// opaque there: what is remembered for the page's is no help to it, and it leaves nothing behind.
func (b *bench) testCacheRedirect(t *testing.T) {
	if err := b.tab.open(app); err != nil {
		t.Fatal(err)
	}
	first, third := b.apis["everything"], b.apis["faults"]
	const redirected, direct = "redirected", "direct"
	for i, step := range []struct{ how, origins string }{
		{redirected, "OPTIONS null, PUT null"}, {redirected, "OPTIONS null, PUT null"},
		{direct, "OPTIONS " + app + ", PUT " + app}, {direct, "PUT " + app},
		{redirected, "OPTIONS null, PUT null"}, {direct, "PUT " + app},
	} {
		for _, s := range []*served{first, third} {
			if _, err := s.wire(); err != nil {
				t.Fatal(err)
			}
		}
		url := third.base() + "/p-age-any"
		if step.how == redirected {
			url = first.base() + "/orders?do=redirect"
		}
		if _, _, err := b.tab.fetch(url, options{Method: "PUT", Headers: [][2]string{}, Credentials: omit}, false); err != nil {
			t.Fatal(err)
		}
		wire, err := third.wire()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range wire {
			origin, _ := w.Request.header("origin")
			got = append(got, w.Method+" "+origin)
		}
		if strings.Join(got, ", ") != step.origins {
			t.Errorf("step %d, %s: %q reached the third origin, want %s", i+1, step.how, got, step.origins)
		}
		b.exchanges++
	}
}
