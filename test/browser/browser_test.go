// Package browser has a real browser judge what `corsgate serve` answers, and holds it against what package browser says that
// a browser concludes.
//
// Chromium is told that every name leads to this machine, so that a page has a real origin, https://app.example.com, and
// asks a real other one, https://catalog.api.example.net, over HTTP/2. The exchange that package simulate makes of the same
// request with the same API must come to the same end: what the script sees, the DevTools protocol's CorsErrorStatus, and
// every request that went over the wire.
package browser

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/simulate"
)

// fewest is how many exchanges the browser has to have judged.
const fewest = 100

// A bench is a browser before the served APIs.
type bench struct {
	tab       *tab
	apis      map[string]*served
	exchanges int // judged
	asked     int // makes each URL one that the browser has not seen
}

func TestBrowser(t *testing.T) {
	findChromium(t)
	b := start(t)
	t.Run("exchanges", b.testExchanges)
	t.Run("preflight cache", b.testCache)
	t.Run("page", b.testPage)
	t.Logf("%d exchanges", b.exchanges)
	if part := strings.Contains(flag.Lookup("test.run").Value.String(), "/"); b.exchanges < fewest && !part {
		t.Errorf("%d exchanges, want %d at the least", b.exchanges, fewest)
	}
}

// listedPage and otherPage are hosts of serve's own page, the first with an origin on the catalog's list.
const listedPage, otherPage = "page.preview.example.com", "page.evil.example"

func start(t *testing.T) *bench {
	t.Helper()
	secure, plain := pages(t)
	backend := httptest.NewServer(http.HandlerFunc(http.NotFound))
	t.Cleanup(backend.Close)
	program := build(t)
	b := &bench{apis: map[string]*served{}}
	templates := module + "/test/templates/"
	for _, a := range []struct{ name, template string }{
		{"catalog", templates + "catalog.template.json"},
		{"everything", everything(t, backend.URL+"/")},
		{"cdk-one-origin", templates + "cdk-one-origin.template.json"},
		{"cdk-three-origins", templates + "cdk-three-origins.template.json"},
		{"cdk-any-origin", templates + "cdk-any-origin.template.json"},
		{"faults", faulty(t)},
		{"http", writtenSettings(t, "http")},
		{"url", writtenSettings(t, "url")},
	} {
		b.apis[a.name] = serve(t, program, a.name, a.template, listedPage, otherPage)
	}
	var rules []string
	for _, s := range b.apis {
		rules = append(rules, "MAP "+s.name+apiDomain+":443 "+s.api)
	}
	page := strings.TrimSuffix(strings.TrimPrefix(b.apis["catalog"].page, "https://"), "/")
	rules = append(rules, "MAP "+listedPage+":443 "+page, "MAP "+otherPage+":443 "+page,
		"MAP *:443 "+secure, "MAP *:8443 "+secure, "MAP *:80 "+plain, "MAP *:3000 "+plain, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1")
	b.tab = startChromium(t, rules)
	yes := true
	for _, s := range b.apis {
		// Whether a browser sends it is the credentials mode's doing alone: it may go to any site.
		_, err := chromedp.Call(b.tab.ctx, network.SetCookie, network.SetCookieParams{
			Name: "session", Value: "1", URL: s.base(), Path: "/", Secure: &yes, HTTPOnly: &yes, SameSite: network.CookieSameSiteNone,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// writtenSettings writes the template of an HTTP API or a function URL.
func writtenSettings(t *testing.T, kind string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), kind+".yaml")
	if err := os.WriteFile(path, []byte(settingsTemplate(kind)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (b *bench) testExchanges(t *testing.T) {
	if len(settings) < 40 {
		t.Errorf("%d exchanges with an HTTP API and a function URL", len(settings))
	}
	all := slices.Concat(trials, settings)
	// A page at a time.
	slices.SortStableFunc(all, func(x, y trial) int { return strings.Compare(x.page(), y.page()) })
	for _, c := range all {
		t.Run(c.String(), func(t *testing.T) {
			b.asked++
			b.judge(t, c, "n="+strconv.Itoa(b.asked))
		})
	}
}

// page returns the origin of the page that asks, or in which the frame is that asks.
func (c trial) page() string {
	if c.from == null {
		return app
	}
	return c.from
}

func (c trial) String() string {
	return strings.Join(append([]string{c.api, c.ask, c.from, c.with}, c.headers...), " ")
}

// request returns what package browser and the script ask for.
func (c trial) request(base, query string) (browser.Call, options) {
	method, path, _ := strings.Cut(c.ask, " ")
	joint := "?"
	if strings.Contains(path, "?") {
		joint = "&"
	}
	req := browser.Call{Method: method, URL: base + path + joint + query, Origin: c.from, Body: []byte(c.body), Credentials: browser.Credentials(c.with)}
	init := options{Method: method, Headers: [][2]string{}, Credentials: c.with}
	if c.with == "" {
		init.Credentials = "same-origin"
	}
	if c.body != "" {
		init.Body = &c.body
	}
	for _, l := range c.headers {
		name, value, _ := strings.Cut(l, ": ")
		req.Header = append(req.Header, browser.Field{Name: name, Value: value})
		init.Headers = append(init.Headers, [2]string{name, value})
	}
	return req, init
}

// judge has the browser make an exchange, and says in what it came out otherwise than package browser says. It gives what went
// over the wire.
func (b *bench) judge(t *testing.T, c trial, query string) []wired {
	t.Helper()
	api := b.apis[c.api]
	req, init := c.request(api.base(), query)
	report, err := api.expects.Run(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.tab.open(c.page()); err != nil {
		t.Fatal(err)
	}
	if _, err := api.wire(); err != nil {
		t.Fatal(err)
	}
	b.tab.said()
	got, how, err := b.tab.fetch(req.URL, init, c.from == null)
	if err != nil {
		t.Fatal(err)
	}
	wire, err := api.wire()
	if err != nil {
		t.Fatal(err)
	}
	b.exchanges++

	v := report.Verdict
	outcome := string(how.cors)
	if got.Error == "" {
		outcome = strconv.Itoa(got.Status)
	}
	if outcome != c.want {
		t.Errorf("the browser: %s, want %s (%+v, %+v)", outcome, c.want, got, how)
	}
	switch {
	case v.Allowed && got.Error != "":
		t.Errorf("package browser allows it; the browser: %s %+v", got.Error, how)
	case v.Allowed:
		if got.Type != "cors" || got.Status != report.Actual.Response.Status || how != (ended{}) {
			t.Errorf("the script sees %+v, want type cors and status %d; the load ended with %+v", got, report.Actual.Response.Status, how)
		}
		if names := names(got.Headers); !slices.Equal(names, sorted(report.Actual.Readable)) {
			t.Errorf("the script can read %q, package browser says %q", names, sorted(report.Actual.Readable))
		}
	default:
		if got.Error != "TypeError" {
			t.Errorf("package browser refuses it: %s; the browser: %+v", v.Code, got)
		}
		if string(how.cors) != string(v.Code) {
			t.Errorf("CorsErrorStatus.corsError is %q, package browser says %q", how.cors, v.Code)
		}
		// Chromium names one of several headers, whichever its hash table holds first.
		if how.param != v.FailedParameter && !slices.Contains(v.Disallowed, how.param) {
			t.Errorf("CorsErrorStatus.failedParameter is %q, package browser says %q of %q", how.param, v.FailedParameter, v.Disallowed)
		}
		message := v.Message
		if len(v.Disallowed) > 1 {
			message = strings.Replace(message, " "+v.FailedParameter+" ", " "+how.param+" ", 1)
		}
		if said := b.tab.said(); !slices.Contains(said, message) {
			t.Errorf("the console is told %q, package browser says %q", said, message)
		}
	}
	same(t, wire, report)
	return wire
}

// same compares what went over the wire with what package simulate says that goes.
func same(t *testing.T, wire []wired, report *simulate.Report) {
	t.Helper()
	type pair struct {
		request  *simulate.SentRequest
		response *simulate.GotResponse
	}
	var want []pair
	for _, h := range append(slices.Clone(report.Redirects), simulate.Hop{Preflight: report.Preflight, Actual: report.Actual}) {
		if h.Preflight.Needed && !h.Preflight.Cached {
			want = append(want, pair{h.Preflight.Request, h.Preflight.Response})
		}
		if h.Actual.Request != nil {
			want = append(want, pair{h.Actual.Request, h.Actual.Response})
		}
	}
	if len(wire) != len(want) {
		var methods []string
		for _, w := range wire {
			methods = append(methods, w.Method+" "+w.Path)
		}
		t.Errorf("over the wire went %q, want %d requests", methods, len(want))
		return
	}
	for i, w := range wire {
		p := want[i]
		what := fmt.Sprintf("request %d, %s %s", i+1, w.Method, w.Path)
		if w.Method != p.request.Method || !strings.HasSuffix(p.request.URL, w.Path) || w.Status != p.response.Status {
			t.Errorf("%s was answered with %d; want %s %s and %d", what, w.Status, p.request.Method, p.request.URL, p.response.Status)
		}
		if w.Protocol != "HTTP/2.0" {
			t.Errorf("%s went over %s", what, w.Protocol)
		}
		for _, name := range []string{"origin", "access-control-request-method", "access-control-request-headers", "content-type"} {
			differ(t, what+": "+name, w.Request, p.request.Headers, name)
		}
		for _, name := range []string{
			"vary", "access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods",
			"access-control-allow-headers", "access-control-max-age", "access-control-expose-headers",
		} {
			differ(t, what+", answered: "+name, w.Response, p.response.Headers, name)
		}
		if _, cookie := w.Request.header("cookie"); cookie != p.request.Credentials {
			t.Errorf("%s: a cookie was sent: %v, want %v", what, cookie, p.request.Credentials)
		}
	}
}

func differ(t *testing.T, what string, got message, want simulate.Headers, name string) {
	t.Helper()
	g, has := got.header(name)
	w, wants := want[name]
	if g != w || has != wants {
		t.Errorf("%s is %q, want %q", what, g, w)
	}
}

// names returns the names of headers, each once, in order.
func names(headers [][2]string) []string {
	var out []string
	for _, h := range headers {
		out = append(out, h[0])
	}
	return sorted(out)
}

func sorted(names []string) []string {
	out := slices.Sorted(slices.Values(names))
	return slices.Compact(out)
}
