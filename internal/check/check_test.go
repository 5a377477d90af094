package check

import (
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

func open(t testing.TB, file string) *cfn.App {
	t.Helper()
	app, err := cfn.Open([]string{file}, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return app
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
		rep := Check(open(t, "../../test/templates/"+name+".template.json"), nil, nil)
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
