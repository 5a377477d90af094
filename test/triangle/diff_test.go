package triangle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/diff"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

// A cell is a request by what the policies decide of it.
type cell struct {
	origin, method, path, header string
	credentials                  bool
}

// TestDiff holds what `corsgate diff` reports of two templates against what the policies and the routes say of them, which
// is worked out here without a template: of the whole product of origins, routes, headers and credentials, the requests
// whose verdict differs are those in its JSON, and no others. The summary has to tell of each origin that is in them.
func TestDiff(t *testing.T) {
	cells, differing, same := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		if rapid.IntRange(0, 15).Draw(t, "one in some") != 7 {
			return // a pair takes as long as the other tests' APIs do by the dozen
		}
		before := drawAPI(t)
		after := before
		if rapid.IntRange(0, 5).Draw(t, "policy changes") > 0 {
			after.policy = drawPolicy(t)
		}
		after.echo = rapid.Bool().Draw(t, "echo after")
		if rapid.Bool().Draw(t, "routes change") {
			after.routes = drawAPI(t).routes
		}
		for i, a := range []api{before, after} {
			var routes []route
			for _, r := range a.routes {
				methods := map[string]kind{}
				for verb, k := range r.methods {
					if k == web {
						k = proxy // what a server answers is not known, and diff does not say that it is
					}
					methods[verb] = k
				}
				routes = append(routes, route{r.path, methods})
			}
			a.routes = routes
			[]*api{&before, &after}[i].routes = routes
		}
		old, now := before.template(t), after.template(t)
		d, err := diff.Between(t.Context(), site(t, old), site(t, now))
		if err != nil {
			t.Fatal(err)
		}
		var out, text bytes.Buffer
		if err := d.JSON(&out); err != nil {
			t.Fatal(err)
		}
		if err := d.Markdown(&text, bytes.Equal(old, now)); err != nil {
			t.Fatal(err)
		}
		var doc diff.Document
		if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}

		reported := map[cell]bool{}
		for _, c := range doc.Changes {
			b, a := c.Before, c.After
			if b.Allowed == a.Allowed && b.Code == a.Code && b.Known && a.Known {
				continue // something else than the verdict
			}
			at := cell{c.Origin, c.Method, c.Path, strings.Join(c.Headers, ","), c.Credentials}
			if reported[at] {
				t.Fatalf("%+v is reported twice", at)
			}
			reported[at] = true
		}
		was, is := newWorld(t, before, answer{Status: 200}), newWorld(t, after, answer{Status: 200})
		headers := []string{"", "authorization", "content-type", "x-corsgate-any"}
		for _, p := range []string{before.policy.RequestHeaders(), after.policy.RequestHeaders()} {
			for name := range strings.SplitSeq(p, ",") {
				if name != "" && name != "*" && !slices.Contains(headers, name) {
					headers = append(headers, name)
				}
			}
		}
		for _, o := range append(slices.Clone(before.policy.Origins()), after.policy.Origins()...) {
			if !strings.Contains(o, "*") && !slices.Contains(doc.Asked.Origins, o) {
				t.Fatalf("nothing is asked from %s", o)
			}
		}
		expected := 0
		seen := map[cell]bool{}
		for _, a := range []api{before, after} {
			for _, r := range a.routes {
				for _, method := range verbs {
					if r.methods[method] == "" && r.methods["ANY"] == "" {
						continue
					}
					for _, origin := range doc.Asked.Origins {
						for _, header := range headers {
							for _, credentials := range []bool{false, true} {
								at := cell{origin, method, r.path, header, credentials}
								if seen[at] {
									continue
								}
								seen[at] = true
								cells++
								differs := was.verdict(t, at) != is.verdict(t, at)
								if differs {
									expected++
								} else {
									same++
								}
								if differs != reported[at] {
									t.Fatalf("%+v: before %s, after %s, and reported is %v\nroutes %v and %v\nstages %v and %v", at, was.verdict(t, at), is.verdict(t, at), reported[at],
										before.routes, after.routes, before.policy.StageVariables(), after.policy.StageVariables())
								}
							}
						}
					}
				}
			}
		}
		if expected != len(reported) {
			t.Fatalf("%d reported, and %d differ", len(reported), expected)
		}
		if len(seen) != doc.Asked.Questions {
			t.Fatalf("%d questions, want %d", doc.Asked.Questions, len(seen))
		}
		differing += expected

		// The summary.
		if d.Empty() != strings.Contains(text.String(), "Nothing") {
			t.Fatalf("%d changes, %d errors, and it says\n%s", len(doc.Changes), len(doc.Errors), text.String())
		}
		told := map[diff.Direction]bool{}
		for _, g := range doc.Summary {
			told[g.Direction] = true
		}
		for _, c := range doc.Changes {
			if !told[c.Direction] {
				t.Fatalf("the summary has no group that is %s", c.Direction)
			}
		}
		if looser := told[diff.Looser]; looser != doc.Looser {
			t.Fatalf("looser is %v, and in the summary %v", doc.Looser, looser)
		}
	})
	t.Logf("%d requests, of which the verdict of %d differs and of %d does not", cells, differing, same)
	if !testing.Short() && !t.Failed() && (differing < 1000 || same < 1000) {
		t.Error("too few to prove anything")
	}
}

func site(t *rapid.T, template []byte) *simulate.Site {
	loaded := model.Load(t, template, gateway.Options{})
	return &simulate.Site{API: loaded, Backend: simulate.NotRun(loaded.App)}
}

// verdict returns the policy's verdict of a cell.
func (w *world) verdict(t *rapid.T, c cell) string {
	r := request{route: slices.IndexFunc(w.routes, func(r route) bool { return r.path == c.path })}
	r.Call = browser.Call{Origin: c.origin, Method: c.method, URL: strings.NewReplacer("{id}", "1", "{path+}", "1/2").Replace(c.path)}
	if c.credentials {
		r.Credentials = browser.Include
	}
	if c.header != "" {
		value := "1"
		if c.header == "content-type" {
			value = "application/json"
		}
		r.Header = browser.Header{{Name: c.header, Value: value}}
	}
	v, _, _, err := w.decided(r)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(v.Allowed, v.Code, v.NetError)
}
