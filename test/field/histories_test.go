package field

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/diff"
)

// TestHistories holds that nine of ten comments are what a reviewer wants to read. Where the pairs of templates are there, in
// the folder that CORSGATE_HISTORIES names, it holds that these are the comments.
func TestHistories(t *testing.T) {
	text, err := os.ReadFile("histories.tsv")
	if err != nil {
		t.Fatal(err)
	}
	pairs, right := 0, 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 || !slices.Contains([]string{"right", "wrong"}, f[2]) || f[3] == "" || f[4] == "" {
			t.Fatalf("not a judgement: %q", line)
		}
		pairs++
		if f[2] == "right" {
			right++
		}
		if dir := os.Getenv("CORSGATE_HISTORIES"); dir != "" {
			t.Run(f[0], func(t *testing.T) { commented(t, filepath.Join(dir, f[0]), f[1], strings.Split(f[3], " | ")) })
		}
	}
	if pairs < 40 || right*10 < pairs*9 {
		t.Errorf("%d of %d comments are right; want 36 of 40", right, pairs)
	}
}

// commented compares the templates of a folder.
func commented(t *testing.T, dir, status string, says []string) {
	var apps []*cfn.App
	for _, name := range []string{"old", "new"} {
		files, _ := filepath.Glob(filepath.Join(dir, name+".*"))
		files = slices.DeleteFunc(files, func(f string) bool { return filepath.Ext(f) == ".snap" }) // the other file is of it
		if len(files) != 1 {
			t.Fatalf("%d files %s", len(files), name)
		}
		app, err := cfn.Open(files, cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		apps = append(apps, app)
	}
	results, err := diff.Apps(t.Context(), apps[0], apps[1], diff.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := diff.Text(&out, results, diff.Compare(check.Check(apps[0], nil, nil).Findings, check.Check(apps[1], nil, nil).Findings)); err != nil {
		t.Fatal(err)
	}
	is := 0
	for _, r := range results {
		switch {
		case !r.Empty():
			is = 1
		case len(r.NotCompared) > 0 && is == 0:
			is = 3
		}
	}
	if strconv.Itoa(is) != status {
		t.Errorf("status %d, judged %s", is, status)
	}
	unwrapped := strings.Join(strings.Fields(out.String()), " ")
	for _, s := range says {
		if !strings.Contains(unwrapped, s) {
			t.Errorf("it no longer says %q", s)
		}
	}
	shows(t, "diff", out.String())
	if out.Len() > 3000 {
		t.Errorf("%d characters", out.Len())
	}
	if t.Failed() {
		t.Log(out.String())
	}
}
