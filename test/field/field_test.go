// Package field runs the tools over templates of every shape that is about: none crashes, nothing that is not known is
// printed as if it were, and a template does not differ from itself.
package field

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/corsgate/corsgate/constructs/corstest"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/diff"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/simulate/transcript"
)

// refused is what CloudFormation refuses of published templates, a part of each template that has such a finding.
var refused = map[string]string{
	"032/api-resource.yml": "an Fn::GetAtt names RestApi", // a module of Rain, and no template
	"096/template.yaml":    "has no Transform",
	"102/template.yaml":    "has no Transform",
	"159/template.yaml":    "with its property Cors", // the transform refuses it, too
}

// TestShapes runs the tools over small templates of all shapes. In testdata/shapes.txtar each is a folder with a file named
// want: the first line is the routes, and each of the others is said by check.
func TestShapes(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/shapes.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir, want := t.TempDir(), map[string]string{}
	for _, f := range archive.Files {
		shape, name, _ := strings.Cut(f.Name, "/")
		if name == "want" {
			want[shape] = string(f.Data)
			continue
		}
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if len(want) < 25 {
		t.Errorf("%d shapes, want 25 or more", len(want))
	}
	for _, shape := range slices.Sorted(maps.Keys(want)) {
		t.Run(shape, func(t *testing.T) {
			path := filepath.Join(dir, shape)
			if files, _ := filepath.Glob(path + "/template.*"); len(files) == 1 {
				path = files[0]
			}
			routes, said := tried(t, path)
			first, lines, _ := strings.Cut(want[shape], "\n")
			if got := strings.Join(routes, ", "); got != first {
				t.Errorf("routes %s, want %s", got, first)
			}
			for line := range strings.Lines(lines) {
				if line = strings.TrimSpace(line); !strings.Contains(said, line) {
					t.Errorf("check does not say %q:\n%s", line, said)
				}
			}
			if lines == "" && strings.Contains(said, "not judged: ") && !strings.Contains(said, "answer of its own") {
				t.Errorf("check says\n%s", said)
			}
		})
	}
}

// TestPublished does the same with the published templates of a folder, one a folder, where there is one: CORSGATE_FIELD or
// ../../../shared/field.
func TestPublished(t *testing.T) {
	dir := os.Getenv("CORSGATE_FIELD")
	if dir == "" {
		dir = "../../../shared/field"
	}
	var templates []string
	for _, ext := range []string{"json", "yaml", "yml", "template"} {
		found, _ := filepath.Glob(filepath.Join(dir, "*", "*."+ext))
		templates = append(templates, found...)
	}
	if len(templates) == 0 && os.Getenv("CORSGATE_FIELD") != "" {
		t.Fatal("there are no templates in " + dir)
	}
	for _, path := range templates {
		name := filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			_, said := tried(t, path)
			rule := "CORS903"
			if name == "159/template.yaml" {
				rule = "CORS904" // a property of SAM's
			}
			if part := refused[name]; strings.Contains(said, rule) != (part != "") || !strings.Contains(said, part) {
				t.Errorf("check says of what CloudFormation refuses of it, want %q:\n%s", part, said)
			}
		})
	}
}

var standIn = regexp.MustCompile(`deployed\.invalid|[ho]-[0-9a-f]{20}`)

// shows fails the test for a stand-in in what is printed.
func shows(t *testing.T, what, text string) {
	t.Helper()
	if at := standIn.FindStringIndex(text); at != nil {
		t.Errorf("%s prints a stand-in: ...%s...", what, text[max(0, at[0]-80):min(len(text), at[1]+80)])
	}
}

// tried runs the tools over templates, and returns the routes that they have and what check says of them.
func tried(t *testing.T, path string) (routes []string, said string) {
	app, err := cfn.Open([]string{path}, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range app.Problems {
		shows(t, "cfn", app.Show(p.Error()))
	}
	said = checked(t, app)
	for _, api := range gateway.APIs(app) {
		stages, err := gateway.Stages(app, gateway.Options{API: api.ID})
		if err != nil {
			t.Errorf("%s: %v", api.ID, err)
		}
		if len(stages) == 0 {
			stages = []string{""}
		}
		for _, stage := range stages {
			routes = append(routes, explained(t, app, gateway.Options{API: api.ID, Stage: stage})...)
		}
		judged(t, path, api.ID, stages[0])
	}
	other, err := cfn.Open([]string{path}, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	results, err := diff.Apps(context.Background(), app, other, diff.Options{})
	if err != nil && len(gateway.APIs(app)) > 0 {
		t.Error(err)
	}
	for format, write := range map[string]func(*bytes.Buffer) error{
		"JSON":     func(b *bytes.Buffer) error { return diff.JSON(b, results, diff.Found{}) },
		"text":     func(b *bytes.Buffer) error { return diff.Text(b, results, diff.Found{}) },
		"Markdown": func(b *bytes.Buffer) error { return diff.Markdown(b, results, diff.Found{}) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Error(err)
		}
		shows(t, "diff as "+format, b.String())
	}
	for _, r := range results {
		if !r.Empty() {
			t.Errorf("the template differs from itself: %+v", r)
		}
	}
	slices.Sort(routes)
	return slices.Compact(routes), said
}

// checked runs check, and compares its formats.
func checked(t *testing.T, app *cfn.App) string {
	rep := check.Check(app, nil, nil)
	for _, crash := range rep.Crashed {
		t.Errorf("check crashes: %s", crash)
	}
	out := map[string]string{}
	for _, format := range []string{"text", "json", "sarif", "markdown", "github"} {
		var b bytes.Buffer
		if err := rep.Write(&b, format); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		out[format] = b.String()
		shows(t, "check as "+format, b.String())
	}
	var doc struct {
		Findings  []struct{ Rule string }
		NotJudged []string
	}
	if err := json.Unmarshal([]byte(out["json"]), &doc); err != nil {
		t.Error(err)
	}
	var sarif struct {
		Runs []struct {
			Results []struct {
				RuleID  string
				Message struct{ Text string }
			}
			Invocations []struct {
				ToolExecutionNotifications []struct{ Message struct{ Text string } }
			}
		}
	}
	if err := json.Unmarshal([]byte(out["sarif"]), &sarif); err != nil || len(sarif.Runs) != 1 {
		t.Errorf("SARIF: %v, %d runs", err, len(sarif.Runs))
	} else if len(sarif.Runs[0].Results) != len(doc.Findings) {
		t.Errorf("JSON has %d findings and SARIF %d", len(doc.Findings), len(sarif.Runs[0].Results))
	}
	var lines []string
	for _, f := range rep.Findings {
		lines = append(lines, string(f.Rule)+": "+f.Detail)
		for format, text := range out {
			if !strings.Contains(text, string(f.Rule)) {
				t.Errorf("check as %s does not have %s", format, f.Rule)
			}
		}
	}
	for _, l := range rep.NotJudged {
		lines = append(lines, "not judged: "+l)
		for format, text := range out {
			if !contains(text, l) {
				t.Errorf("check as %s does not say that it did not judge: %s", format, l)
			}
		}
	}
	return strings.Join(lines, "\n")
}

var letters = regexp.MustCompile(`[^A-Za-z0-9]+|u003[ce]|&[a-z]+;|%[0-9A-F]{2}`)

// contains reports whether a text has another in it, whatever its lines and its escapes are.
func contains(text, part string) bool {
	plain := func(s string) string {
		s = strings.NewReplacer(`\n`, " ", `\"`, `"`, "\\u0026", "&", "\\u003c", "<", "\\u003e", ">", "&lt;", "<", "&gt;", ">", "&amp;", "&", "&#64;", "@").Replace(s)
		return letters.ReplaceAllString(s, "")
	}
	return strings.Contains(plain(text), plain(part))
}

// explained asks for every route, from pages of an origin that the API may know and of one that it does not.
func explained(t *testing.T, app *cfn.App, opts gateway.Options) []string {
	judge, err := simulate.NewJudge(app, opts, simulate.NotRun)
	if err != nil {
		t.Errorf("%s %s: %v", opts.API, opts.Stage, err)
		return nil
	}
	var routes []string
	for _, p := range slices.Concat(judge.Site.API.Problems, judge.Site.API.Undeployable) {
		shows(t, "explain", p)
	}
	for _, r := range questions.Routes(judge.Site.API) {
		routes = append(routes, r.Method+" "+r.Path)
		for _, origin := range []string{"https://app.example.com", "null"} {
			call := browser.Call{Origin: origin, Method: r.Method, URL: r.URL}
			if r.Method == "OPTIONS" || r.Method == "HEAD" || r.Method == "DELETE" { // enough of their kind
				continue
			}
			rep, err := judge.Explain(context.Background(), call)
			if err != nil {
				t.Errorf("%s %s: %v", r.Method, r.URL, err)
				continue
			}
			var b bytes.Buffer
			if err := transcript.Print(&b, report.Palette{}, call, rep); err != nil {
				t.Error(err)
			}
			if err := report.WriteJSON(&b, rep); err != nil {
				t.Error(err)
			}
			shows(t, "explain", b.String())
			if rep.Verdict.Allowed && !rep.Verdict.Known || !rep.Verdict.Known && rep.Verdict.Message == "" {
				t.Errorf("%s %s: %+v", r.Method, r.URL, rep.Verdict)
			}
		}
	}
	return routes
}

// A spy is a test that goes on.
type spy struct{ said []string }

func (*spy) Helper()                     {}
func (s *spy) Errorf(f string, a ...any) { s.said = append(s.said, fmt.Sprintf(f, a...)) }
func (s *spy) Fatalf(f string, a ...any) { s.said = append(s.said, fmt.Sprintf(f, a...)) }
func (s *spy) text() string              { return strings.Join(s.said, "\n") }

// judged asks corstest.
func judged(t *testing.T, path, api, stage string) {
	s := &spy{}
	a := corstest.FromFile(s, path, corstest.WithAPI(api), corstest.WithStage(stage))
	shows(t, "corstest", s.text())
	if a == nil {
		if !strings.Contains(s.text(), "CloudFormation refuses") {
			t.Errorf("%s", s.text())
		}
		return
	}
	page := a.From("https://app.example.com").Get("/")
	page.IsAllowed()
	page.IsRefused()
	shows(t, "corstest", s.text())
}
