package browser

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/testkit/fetchcases"
)

// TestStandard has Chromium judge the table of the Fetch standard's cases, whose servers answer here as each case says.
func TestStandard(t *testing.T) {
	findChromium(t)
	table, err := fetchcases.Load()
	if err != nil {
		t.Fatal(err)
	}
	s := newScripted(t, table)
	secure, plain := s.listen(t)
	tab := startChromium(t, []string{
		// Chromium's own business, which it does not leave be.
		"MAP *.google.com ~NOTFOUND", "MAP *.googleapis.com ~NOTFOUND",
		"MAP *:443 " + secure, "MAP *:8443 " + secure, "MAP *:80 " + plain, "MAP *:3000 " + plain, "MAP * ~NOTFOUND",
	})
	yes := true
	for _, host := range []string{"app.example.com", "api.example.net", "third.example"} {
		_, err := chromedp.Call(tab.ctx, network.SetCookie, network.SetCookieParams{
			Name: "session", Value: "1", URL: "https://" + host, Path: "/", Secure: &yes, SameSite: network.CookieSameSiteNone,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Run("URLs", func(t *testing.T) { judgeURLs(t, tab, table.URLs) })
	judged := s.judge(t, tab)
	t.Logf("%d cases, %d URLs", judged, len(table.URLs))
}

// judgeURLs has the browser parse the table's URLs.
func judgeURLs(t *testing.T, tab *tab, urls []fetchcases.URL) {
	if err := tab.open(app); err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(urls)
	if err != nil {
		t.Fatal(err)
	}
	got, err := chromedp.Run(tab.ctx, chromedp.Evaluate[[]string](fmt.Sprintf(
		`%s.map((u) => { try { return new URL(u.url, u.base).href } catch { return "failure" } })`, in)))
	if err != nil {
		t.Fatal(err)
	}
	for i, u := range urls {
		want := u.Want
		if u.Chromium != "" {
			want = u.Chromium
		}
		if got[i] != want {
			t.Errorf("%q in %q is %q to the browser, want %q", u.URL, u.Base, got[i], want)
		}
	}
}

// scripted is the servers of the cases.
type scripted struct {
	page []byte
	all  []fetchcases.Case

	mu      sync.Mutex
	current int // the case that the page is at
	of      []progress
}

// progress is how far a case has come.
type progress struct {
	step int
	sent [][]fetchcases.Sent // of each step
	next int                 // the response
}

// word returns the word of a case's own.
func word(i int) string { return "n" + strconv.Itoa(i) + "x" }

var wordOf = regexp.MustCompile(`n(\d+)x`)

func newScripted(t *testing.T, table *fetchcases.Table) *scripted {
	t.Helper()
	page, err := os.ReadFile("testdata/page.html")
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{page: page}
	for _, section := range table.Sections {
		s.all = append(s.all, section.Cases...)
	}
	for _, c := range s.all {
		s.of = append(s.of, progress{sent: make([][]fetchcases.Sent, len(c.Asks()))})
	}
	return s
}

// listen serves https and http, and gives their addresses.
func (s *scripted) listen(t *testing.T) (secure, plain string) {
	t.Helper()
	certified := httptest.NewTLSServer(http.NotFoundHandler())
	certified.Close()
	var addresses []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		addresses = append(addresses, l.Addr().String())
		if len(addresses) == 1 {
			l = tls.NewListener(l, &tls.Config{Certificates: certified.TLS.Certificates})
		}
		go s.serve(l)
	}
	return addresses[0], addresses[1]
}

// serve answers on a listener until it is closed, one request a connection. It is not a net/http: that refuses requests which
// browsers send, such as one for /%zz.
func (s *scripted) serve(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			_, secure := conn.(*tls.Conn)
			r := textproto.NewReader(bufio.NewReader(conn))
			line, err := r.ReadLine()
			if err != nil {
				return // a connection that the browser made and did not need
			}
			header, err := r.ReadMIMEHeader()
			if err != nil {
				return
			}
			method, rest, _ := strings.Cut(line, " ")
			target, _, _ := strings.Cut(rest, " ")
			length, _ := strconv.Atoi(header.Get("Content-Length"))
			_, _ = io.CopyN(io.Discard, r.R, int64(length))
			fmt.Fprint(conn, s.answer(method, target, secure, http.Header(header), length > 0))
		}()
	}
}

// answer returns the response to a request, as it goes over the wire: the page, or the next one of the case.
func (s *scripted) answer(method, target string, secure bool, header http.Header, body bool) string {
	const closing = "Connection: close\r\n"
	if target == "/" && strings.Contains(header.Get("Accept"), "text/html") {
		return "HTTP/1.1 200 OK\r\n" + closing + "Content-Type: text/html; charset=utf-8\r\n\r\n" + string(s.page)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if start, ok := strings.CutPrefix(target, "/start?"); ok {
		var n, step int
		fmt.Sscanf(start, "case=%d&step=%d", &n, &step)
		s.of[n].step = step
		if !s.all[n].Waits() {
			s.current = n // those that wait go on at the same time
		}
		return "HTTP/1.1 204 No Content\r\n" + closing + "\r\n"
	}
	sent := fetchcases.Sent{Method: method, URL: "http://" + header.Get("Host") + target, Header: browser.HeaderFrom(header), Body: body,
		Cookie: strings.Contains(header.Get("Cookie"), "session=")}
	if secure {
		sent.URL = "https" + strings.TrimPrefix(sent.URL, "http")
	}
	n := s.current
	if m := wordOf.FindStringSubmatch(target); m != nil {
		n, _ = strconv.Atoi(m[1])
	}
	p := &s.of[n]
	p.sent[p.step] = append(p.sent[p.step], sent)
	res := &browser.HTTPResponse{Status: http.StatusNotFound}
	if answers := s.all[n].Answers; p.next < len(answers) {
		res = answers[p.next].Response(word(n))
	}
	p.next++
	var out strings.Builder
	fmt.Fprintf(&out, "HTTP/1.1 %d Status\r\n%s", res.Status, closing)
	for _, f := range res.Header {
		fmt.Fprintf(&out, "%s: %s\r\n", f.Name, f.Value)
	}
	return out.String() + "\r\n"
}

// A call is an ask as the page's script takes it.
type call struct {
	URL      string  `json:"url"`
	Init     options `json:"init"`
	Mode     string  `json:"mode,omitempty"`
	XHR      bool    `json:"xhr"`
	Listener bool    `json:"listener"`
	Frame    bool    `json:"frame"`
	Wait     int     `json:"wait"`
}

// runCases makes the calls of cases, those that wait all at the same time and the others one after another.
const runCases = `(async (cases) => {
  function xhr(c) {
    return new Promise((done) => {
      const failed = { type: "", status: 0, headers: [], size: 0, error: "TypeError" };
      try {
        const x = new XMLHttpRequest();
        x.open(c.init.method, c.url);
        x.withCredentials = c.init.credentials === "include";
        for (const [name, value] of c.init.headers) x.setRequestHeader(name, value);
        if (c.listener) x.upload.addEventListener("progress", () => {});
        x.onerror = () => done(failed);
        x.onload = () => done({ ...failed, error: "", status: x.status, headers: x.getAllResponseHeaders().trim().split("\r\n").map((l) => l.split(": ")).filter((h) => h[0]) });
        x.send(c.init.body ?? null);
      } catch { done(failed); }
    });
  }
  async function run(one) {
    const out = [], began = performance.now();
    for (const [i, c] of one.calls.entries()) {
      if (c.wait) await new Promise((done) => setTimeout(done, 1000 * c.wait));
      await fetch("/start?case=" + one.n + "&step=" + i);
      if (c.mode) c.init.mode = c.mode;
      out.push(c.xhr ? await xhr(c) : c.frame ? await askFrame(c.url, c.init) : await ask(c.url, c.init));
    }
    return { saws: out, elapsed: performance.now() - began };
  }
  const all = cases.map((one) => one.calls.some((c) => c.wait) ? run(one) : undefined);
  for (const [i, one] of cases.entries()) all[i] ??= await run(one);
  return Promise.all(all);
})`

// A job is a case as the page's script takes it.
type job struct {
	N     int    `json:"n"`
	Calls []call `json:"calls"`
}

// job returns the job of a case.
func (s *scripted) job(n int) job {
	c, one := s.all[n], job{N: n}
	for _, a := range c.Asks() {
		method, url := a.Target(word(n))
		k := call{URL: url, Init: options{Method: method, Headers: [][2]string{}, Credentials: "same-origin"}, Mode: a.Mode, XHR: a.XHR, Listener: a.Listener, Frame: c.From == null, Wait: a.Wait}
		for _, line := range a.Headers {
			name, value, _ := strings.Cut(line, ": ")
			k.Init.Headers = append(k.Init.Headers, [2]string{name, value})
		}
		if a.With != "" {
			k.Init.Credentials = a.With
		}
		if a.Body != "" {
			k.Init.Body = &a.Body
		}
		one.Calls = append(one.Calls, k)
	}
	return one
}

// again adds a case anew: its calls came so slowly that a preflight may have been forgotten in between.
func (s *scripted) again(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, s.all[n])
	s.of = append(s.of, progress{sent: make([][]fetchcases.Sent, len(s.all[n].Asks()))})
	return len(s.all) - 1
}

// judge has the browser make every case's calls, page by page, and gives how many cases there were.
func (s *scripted) judge(t *testing.T, tab *tab) int {
	pages := map[string][]int{}
	for n, c := range s.all {
		page := c.Origin()
		if page == null {
			page = app
		}
		pages[page] = append(pages[page], n)
	}
	judged := 0
	for _, page := range slices.Sorted(maps.Keys(pages)) {
		if err := tab.open(page); err != nil {
			t.Fatal(err)
		}
		for chunk := range slices.Chunk(pages[page], 100) {
			for len(chunk) > 0 {
				var slow []int
				for i, r := range s.run(t, tab, chunk) {
					n := chunk[i]
					if len(s.all[n].Then) > 0 && !s.all[n].Waits() && r.Elapsed > 4000 {
						slow = append(slow, s.again(n))
						continue
					}
					s.compare(t, tab, n, r.Saws)
					judged++
				}
				chunk = slow
			}
		}
	}
	return judged
}

// ran is what the script saw in a case, and the milliseconds that it took.
type ran struct {
	Saws    []saw   `json:"saws"`
	Elapsed float64 `json:"elapsed"`
}

// run has the page that is open make the calls of cases.
func (s *scripted) run(t *testing.T, tab *tab, cases []int) []ran {
	t.Helper()
	var jobs []job
	for _, n := range cases {
		jobs = append(jobs, s.job(n))
	}
	in, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(tab.ctx, 2*patience)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[[]ran](fmt.Sprintf("%s(%s)", runCases, in), chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// compare holds what the browser did in a case against the table, and the reason that it gives for a refusal against
// package browser's.
func (s *scripted) compare(t *testing.T, tab *tab, n int, saws []saw) {
	t.Helper()
	c := s.all[n]
	s.mu.Lock()
	sent := s.of[n].sent
	s.mu.Unlock()
	var parts []string
	for i, a := range c.Asks() {
		out := fetchcases.Outcome{Status: saws[i].Status}
		for _, name := range names(saws[i].Headers) {
			if name != "connection" {
				out.Readable = append(out.Readable, name)
			}
		}
		parts = append(parts, c.Result(a, word(n), sent[i], out))
	}
	if got, want := strings.Join(parts, " | "), c.Expected(); got != want {
		t.Errorf("%s\n browser %s\n want    %s", c.Name, got, want)
		return
	}
	_, verdicts, err := c.Model(word(n), browser.Chromium)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	v := verdicts[0]
	if v.Code == "" || len(verdicts) > 1 {
		return
	}
	p, err := browser.Prepare(c.Request(c.Ask, word(n)))
	if err != nil {
		t.Fatal(err)
	}
	how, err := tab.wait(p.Request.URL)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	if string(how.cors) != string(v.Code) || how.param != v.FailedParameter && !slices.Contains(v.Disallowed, how.param) {
		t.Errorf("%s: the browser says %s %q, package browser %s %q", c.Name, how.cors, how.param, v.Code, v.FailedParameter)
	}
}
