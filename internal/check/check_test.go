package check

import (
	"os"
	"testing"

	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

func parse(t testing.TB, file string) *Document {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := ParseDocument(file, b)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func ids(r *report.Report) map[rules.ID]int {
	out := map[rules.ID]int{}
	for _, f := range r.Findings {
		out[f.Rule]++
	}
	return out
}

func TestCleanTemplates(t *testing.T) {
	for _, name := range []string{"catalog", "everything"} {
		rep := Check([]*Document{parse(t, "../../test/templates/"+name+".template.json")}, nil, nil)
		for _, f := range rep.Findings {
			t.Errorf("%s: %s %s: %s", name, f.Rule, f.Where(), f.Detail)
		}
		for _, c := range rep.Crashed {
			t.Error(c)
		}
		if len(rep.Checked) != 1 {
			t.Errorf("%s: checked %v", name, rep.Checked)
		}
	}
}
