package field

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/rules"
)

// A judgement is what somebody who read a published template says of a finding.
type judgement struct {
	forPages bool
	rule     string // "-" where nothing is to be found
	verdict  string // true, arguable or false
}

// judgements reads judged.tsv, by template.
func judgements(t *testing.T) map[string][]judgement {
	t.Helper()
	text, err := os.ReadFile("judged.tsv")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]judgement{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 || f[1] != "yes" && f[1] != "no" || !slices.Contains([]string{"true", "arguable", "false"}, f[3]) || f[4] == "" {
			t.Fatalf("not a judgement: %q", line)
		}
		if _, ok := rules.Lookup(f[2]); !ok && f[2] != "-" {
			t.Fatalf("no rule %s", f[2])
		}
		out[f[0]] = append(out[f[0]], judgement{f[1] == "yes", f[2], f[3]})
	}
	return out
}

// TestJudged holds that nine of ten findings are true and worth having, a rule once a template. Where the templates are there,
// in the folder that CORSGATE_FIELD names, it holds that these are the findings, that no template has more than twelve and
// none that is not for pages an error.
func TestJudged(t *testing.T) {
	all := judgements(t)
	found, worth := 0, 0
	for _, list := range all {
		for _, j := range list {
			if j.rule == "-" {
				continue
			}
			found++
			if j.verdict == "true" {
				worth++
			}
		}
	}
	if len(all) < 76 || worth*10 < found*9 {
		t.Errorf("%d templates, %d of %d findings true and worth having; want 76 and nine of ten", len(all), worth, found)
	}
	dir := os.Getenv("CORSGATE_FIELD")
	if dir == "" {
		return
	}
	for name, list := range all {
		app, err := cfn.Open([]string{filepath.Join(dir, name)}, cfn.Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		rep := check.Check(app, nil, nil)
		var got, want []string
		for _, f := range rep.Findings {
			got = append(got, string(f.Rule))
			if f.Severity == rules.Error && !list[0].forPages {
				t.Errorf("%s is not for pages, and has an error: %s: %s", name, f.Rule, f.Detail)
			}
		}
		for _, j := range list {
			if j.rule != "-" {
				want = append(want, j.rule)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("%s: found %q, judged %q", name, got, want)
		}
		if len(rep.Findings) > 12 {
			t.Errorf("%s has %d findings", name, len(rep.Findings))
		}
	}
}
