package probe

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

// A head is an exchange of a rule's example.
type head struct {
	method, path, proto string
	origin              string
	asks                string // Access-Control-Request-Method
	status              int
	header              browser.Header
	body                string
}

var (
	requestLine = regexp.MustCompile(`^> ([A-Z]+) (\S+) (HTTP/\S+)$`)
	statusLine  = regexp.MustCompile(`^< HTTP/\S+ ([0-9]{3})`)
)

// heads reads an example. A request without an origin is the page's.
func heads(t *testing.T, example string) []*head {
	t.Helper()
	var out []*head
	for block := range strings.SplitSeq(example, "\n\n") {
		e := &head{origin: page}
		above, body, _ := strings.Cut(block, "\n<\n< ")
		e.body = body
		for line := range strings.Lines(above) {
			line = strings.TrimSpace(line)
			if m := requestLine.FindStringSubmatch(line); m != nil {
				e.method, e.path, e.proto = m[1], m[2], strings.Replace(m[3], "HTTP/2", "HTTP/2.0", 1)
			} else if m := statusLine.FindStringSubmatch(line); m != nil {
				e.status, _ = strconv.Atoi(m[1])
			} else if name, value, ok := strings.Cut(line[2:], ": "); !ok {
				t.Fatalf("the line %q of an example is no header", line)
			} else if line[0] == '<' {
				e.header = append(e.header, browser.Field{Name: name, Value: value})
			} else if strings.EqualFold(name, "origin") {
				e.origin = value
			} else {
				e.asks = value
			}
		}
		if e.method == "" || e.status == 0 {
			t.Fatalf("an example without a request or a status:\n%s", block)
		}
		out = append(out, e)
	}
	if !strings.Contains(example, "HTTP/1.1") {
		for _, e := range out {
			e.proto = "" // the protocol is not what it is about
		}
	}
	return out
}

// serve responds as the example has it. The lists of methods and headers, and Vary, are good's where it leaves them out, and
// so are the responses that it has not.
func serve(examples []*head) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		at := slices.IndexFunc(examples, func(e *head) bool {
			return e.method == r.Method && (e.proto == "" || e.proto == r.Proto) && e.origin == r.Header.Get("Origin") && strings.HasPrefix(r.URL.Path, e.path)
		})
		if at < 0 {
			good(w, r)
			return
		}
		e := examples[at]
		h := w.Header()
		if _, allows := e.header.Get(corsheader.AllowOrigin); allows || r.Method == "OPTIONS" {
			h.Set("Vary", "Origin")
		}
		if r.Method == "OPTIONS" {
			h.Set("Access-Control-Allow-Methods", "GET,PUT")
			h.Set("Access-Control-Allow-Headers", "content-type")
		}
		for _, f := range e.header {
			if !strings.EqualFold(f.Name, corsheader.AllowOrigin) {
				h.Del(f.Name)
			}
		}
		for _, f := range e.header {
			h.Add(f.Name, f.Value)
		}
		w.WriteHeader(e.status)
		_, _ = io.WriteString(w, e.body)
	}
}

// TestExamples holds that each rule's example has its finding and no other error, and that what it is compared with has
// nothing.
func TestExamples(t *testing.T) {
	ask := func(r rules.Rule, example string) *Result {
		all := heads(t, example)
		host := api
		if r.ID == "CORS512" {
			host = "api.example.com"
		}
		s := start(t, serve(all))
		o := s.options(host, all[0].path)
		o.Credentials = r.ID == "CORS507"
		for _, e := range all {
			if e.method == "GET" || e.asks == "GET" {
				o.Method, o.Header = "GET", nil
			}
		}
		return survey(t, o)
	}
	n := 0
	for _, r := range rules.All() {
		if r.Command != "probe" {
			continue
		}
		n++
		t.Run(string(r.ID), func(t *testing.T) {
			before := ask(r, r.Before)
			if !slices.ContainsFunc(before.Findings, func(f report.Finding) bool { return f.Rule == r.ID }) ||
				slices.ContainsFunc(before.Findings, func(f report.Finding) bool { return f.Rule != r.ID && f.Severity == rules.Error }) {
				t.Errorf("before:\n%s", listing(before))
			}
			if after := ask(r, r.After); len(after.Findings) > 0 {
				t.Errorf("after:\n%s", listing(after))
			}
		})
	}
	if n == 0 {
		t.Error("no rules")
	}
}
