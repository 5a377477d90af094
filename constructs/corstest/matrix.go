package corstest

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/simulate"
)

// updating is a flag of a name that no test has. One named update, which many have, would keep a test that defines its
// own from starting.
var updating = flag.Bool("corstest.update", false, "write the files of corstest's MatrixEquals anew")

// update reports whether files are to be written: -corstest.update was given, or the test's own flag -update.
func update() bool {
	if *updating {
		return true
	}
	f := flag.Lookup("update")
	if f == nil {
		return false
	}
	g, ok := f.Value.(flag.Getter)
	if !ok {
		return false
	}
	on, _ := g.Get().(bool)
	return on
}

// Matrix returns what pages of some origins may do with every route of the API, one line each, with and without
// credentials:
//
//	https://app.example.com
//	  GET    /products       allowed; with credentials refused (InvalidAllowCredentials)
//	  PUT    /products/{id}  refused (PreflightMissingAllowOriginHeader)
//
// The requests have a content-type of application/json where their method has a body. Without arguments, the origins
// are the ones that the template names, with an example of each pattern, a stranger and null.
func (a *API) Matrix(origins ...string) string {
	a.t.Helper()
	var pages []Page
	for _, o := range origins {
		pages = append(pages, a.From(o))
	}
	if len(pages) == 0 {
		for _, o := range questions.Origins(a.judge.Site.API) {
			if !o.Lookalike {
				pages = append(pages, Page{a, o.Origin})
			}
		}
	}
	routes := questions.Routes(a.judge.Site.API)
	width := 0
	for _, r := range routes {
		width = max(width, len(r.Path))
	}
	var b strings.Builder
	for i, p := range pages {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(a.judge.Site.API.App.Show(p.origin) + "\n")
		for _, r := range routes {
			var said [2]string
			for n, mode := range []browser.Credentials{browser.SameOrigin, browser.Include} {
				req := Request{a, browser.Call{Origin: p.origin, Method: r.Method, URL: r.URL, Credentials: mode}}
				for _, h := range r.Identity {
					req = req.WithHeader(h)
				}
				if r.Method == "POST" || r.Method == "PUT" || r.Method == "PATCH" {
					req = req.WithHeader("content-type")
				}
				report := req.run()
				if report == nil {
					return ""
				}
				said[n] = entry(report)
			}
			line := fmt.Sprintf("  %-6s %-*s  %s", r.Method, width, r.Path, said[0])
			if said[1] != said[0] {
				line += "; with credentials " + said[1]
			}
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// entry is an outcome in the matrix.
func entry(r *simulate.Report) string {
	out := outcome(r.Verdict)
	if !r.Verdict.Known && r.Preflight.Needed && r.Preflight.Verdict.Allowed {
		return out + ", preflight passes"
	}
	if c := r.Trace.Actual; r.Verdict.Allowed && c != nil && c.GatewayResponse != nil {
		out += ", " + gateway.FromItself(c.GatewayResponse.Type)
	}
	return out
}

// MatrixEquals fails the test unless a file, relative to the folder of the test, has the [API.Matrix] of the origins. `go
// test -corstest.update` in that folder writes it, and so does -update in a test that has a flag of that name; packages
// without corstest do not know the former.
func (a *API) MatrixEquals(file string, origins ...string) {
	a.t.Helper()
	got := a.Matrix(origins...)
	if update() {
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			a.t.Fatalf("corstest: %v", err)
			return
		}
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			a.t.Fatalf("corstest: %v", err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		a.t.Fatalf("corstest: %v (go test -corstest.update writes it)", err)
		return
	}
	want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")) // as a checkout may have it
	if string(want) == got {
		return
	}
	a.t.Errorf("corstest: what pages may do is not what %s has (go test -corstest.update writes it anew):\n%s", file, changed(string(want), got))
}

// changed returns the lines that differ, each under its origin.
func changed(want, got string) string {
	parse := func(text string) (order []string, lines map[string]string) {
		lines = map[string]string{}
		origin := ""
		for l := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
			if !strings.HasPrefix(l, " ") {
				origin = l
				continue
			}
			f := strings.Fields(l)
			if len(f) < 3 {
				continue
			}
			key := origin + "  " + f[0] + " " + f[1]
			order = append(order, key)
			lines[key] = strings.Join(f[2:], " ")
		}
		return order, lines
	}
	wantOrder, wanted := parse(want)
	gotOrder, given := parse(got)
	var b strings.Builder
	for _, key := range wantOrder {
		if now, ok := given[key]; !ok {
			fmt.Fprintf(&b, "- %s  %s\n", key, wanted[key])
		} else if now != wanted[key] {
			fmt.Fprintf(&b, "- %s  %s\n+ %s  %s\n", key, wanted[key], key, now)
		}
	}
	for _, key := range gotOrder {
		if _, ok := wanted[key]; !ok {
			fmt.Fprintf(&b, "+ %s  %s\n", key, given[key])
		}
	}
	if b.Len() == 0 {
		return "the same lines, in another order or with other blanks\n"
	}
	return b.String()
}
