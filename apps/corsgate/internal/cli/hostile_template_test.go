package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/diff"
	"github.com/corsgate/corsgate/internal/testkit/hostile"
)

// A field is a kind of place in templates: a type of resource, and the keys below it.
type field struct {
	path string
	keys bool // the keys of the object that stands there, and not the text
}

// fields names those of a template, and edited is the template with each text of one of them changed.
func fields(v any) []field {
	found := map[field]bool{}
	rewrite(v, "", func(f field, s string) string { found[f] = true; return s })
	return slices.SortedFunc(maps.Keys(found), func(a, b field) int { return strings.Compare(a.path, b.path) })
}

func edited(v any, at field, change func(string) string) any {
	return rewrite(v, "", func(f field, s string) string {
		if f == at {
			return change(s)
		}
		return s
	})
}

func rewrite(v any, path string, change func(field, string) string) any {
	switch v := v.(type) {
	case string:
		return change(field{path, false}, v)
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = rewrite(x, path+"/[]", change)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			below := path + "/" + k
			if r, ok := x.(map[string]any); ok && path == "/Resources" {
				kind, _ := r["Type"].(string)
				below = path + "/" + kind
			}
			out[change(field{path, true}, k)] = rewrite(x, below, change)
		}
		return out
	}
	return v
}

// TestTemplatesHostile holds that no text of a template is more than text in what explain, check and diff print: each text
// and each key of templates is made hostile, at all places of a kind at once; a logical id also wherever it is referred to.
func TestTemplatesHostile(t *testing.T) {
	names := []string{"testdata/hostile/around.json", "testdata/hostile/unknown.json", "testdata/hostile/sam.json", "testdata/hostile/web.json"}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var template any
			if err := json.Unmarshal(text, &template); err != nil {
				t.Fatal(err)
			}
			before, err := cfn.Parse("template.json", text, cfn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			all := slices.DeleteFunc(fields(template), func(f field) bool { return f == field{"", true} }) // or there are no resources
			if len(all) < 25 {
				t.Errorf("%d kinds of places", len(all))
			}
			// A few at once, far from each other, and for diff more, which takes longer.
			change := func(parts int, look func(*testing.T, any)) {
				for part := range parts {
					changed, names := template, []string{}
					for i := part; i < len(all); i += parts {
						changed, names = edited(changed, all[i], within), append(names, strings.ReplaceAll(all[i].path, "/", "."))
					}
					t.Run(strings.Join(names, " "), func(t *testing.T) { look(t, changed) })
				}
				t.Run("logical ids", func(t *testing.T) { look(t, renamed(template)) })
			}
			each, api := 3, []string(nil)
			if name == "testdata/hostile/web.json" { // three APIs, and many places
				each, api = 6, []string{"--api", "Web"}
			}
			judged := func(t *testing.T, changed any) { judged(t, changed, api...) }
			change((len(all)+each-1)/each, judged)
			change(8, func(t *testing.T, changed any) { compared(t, before, changed) })
		})
	}
}

// within puts hostile text behind the first letter, so that a header's value stays between its quotes.
func within(s string) string {
	at := min(1, len(s))
	return s[:at] + hostile.Text + s[at:]
}

// renamed is a template in which each logical id is another, wherever it stands.
func renamed(template any) any {
	resources, _ := template.(map[string]any)["Resources"].(map[string]any)
	return rewrite(template, "", func(f field, s string) string {
		if _, ok := resources[s]; ok && (f.keys && f.path == "/Resources" || !f.keys) {
			return s + hostile.Line
		}
		for id := range resources {
			s = strings.ReplaceAll(s, "${"+id+"}", "${"+id+hostile.Line+"}")
			s = strings.ReplaceAll(s, "${"+id+".", "${"+id+hostile.Line+".")
		}
		return s
	})
}

// judged prints what explain, of an API, and check say of a template.
func judged(t *testing.T, template any, api ...string) {
	name := filepath.Join(t.TempDir(), "template.json")
	text, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"explain", "--no-invoke", "--template", name, "--stage", "prod", "--origin", "https://app.example.com", "--path", "/items"},
		{"explain", "--no-invoke", "--template", name, "--stage", "prod", "--origin", "https://evil.example", "--path", "/items/1", "--method", "PUT", "--header", "authorization", "--json"},
		{"check", name},
	} {
		if args[0] == "explain" {
			args = append(args, api...)
		}
		status, out, errs := run(args...)
		if out+errs == "" {
			t.Errorf("%v: status %d, and nothing is printed", args, status)
		}
		format := "text"
		if slices.Contains(args, "--json") && out != "" {
			format = "json"
		}
		hostile.Check(t, format, out)
		hostile.Check(t, "text", errs)
	}
	app, err := cfn.Open([]string{name}, cfn.Options{})
	if err != nil {
		return // which explain has told
	}
	rep := check.Check(app, nil, nil)
	for _, format := range hostile.Formats {
		print(t, format, func(w io.Writer) error { return rep.Write(w, format) })
	}
	rep.Verbose = true
	print(t, "text", func(w io.Writer) error { return rep.Write(w, "text") })
}

// compared prints what diff says of templates.
func compared(t *testing.T, before *cfn.App, template any) {
	text, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	app, err := cfn.Parse("template.json", text, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	results, err := diff.Apps(context.Background(), before, app, diff.Options{})
	if err != nil {
		var b bytes.Buffer
		(Command{Stderr: &b}).fail(&unreadable{err})
		hostile.Check(t, "text", b.String())
		return
	}
	found := diff.Compare(check.Check(before, nil, nil).Findings, check.Check(app, nil, nil).Findings)
	print(t, "text", func(w io.Writer) error { return diff.Text(w, results, found) })
	print(t, "json", func(w io.Writer) error { return diff.JSON(w, results, found) })
	print(t, "markdown", func(w io.Writer) error { return diff.Markdown(w, results, found) })
}

func print(t *testing.T, format string, write func(io.Writer) error) {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Error(err)
	}
	hostile.Check(t, format, b.String())
}
