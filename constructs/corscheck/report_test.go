package corscheck

import (
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

// A rule that crashes fails the run, whatever else was found, and cannot be
// acknowledged. None crashes that could be asked for from the outside.
func TestCrash(t *testing.T) {
	for name, findings := range map[string][]report.Finding{
		"alone":          nil,
		"with a finding": {report.Of(rules.CORS107, report.Finding{File: "A.template.json"})},
	} {
		t.Run(name, func(t *testing.T) {
			got := pluginReport(&report.Report{Checked: []report.Checked{{}}, Findings: findings, Crashed: []string{"CORS101 crashed on A.template.json, API Api: oh"}}, rules.Error, nil)
			if *got.Success {
				t.Error("the report is a success")
			}
			first := (*got.Violations)[0]
			if *first.Severity != "fatal" || !strings.Contains(*first.Description, "CORS101 crashed on A.template.json, API Api: oh") {
				t.Errorf("got %s: %s", *first.Severity, *first.Description)
			}
			if len(*got.Violations) != 1+len(findings) {
				t.Errorf("%d violations", len(*got.Violations))
			}
		})
	}
}

// What only a deployment decides is said, and fails nothing, whatever fails otherwise.
func TestNotJudged(t *testing.T) {
	got := pluginReport(&report.Report{NotJudged: []string{"GET /items: Auth: the parameter has no value here"}}, rules.Info, nil)
	if !*got.Success || len(*got.Violations) != 1 {
		t.Fatalf("success %v, %d violations", *got.Success, len(*got.Violations))
	}
	v := (*got.Violations)[0]
	if *v.RuleName != "not-judged" || *v.Severity != "info" || *v.Description != "not judged: GET /items: Auth: the parameter has no value here" {
		t.Errorf("%s, %s: %s", *v.RuleName, *v.Severity, *v.Description)
	}
}

// Each resource of a finding has a violation of its own, so that it can be acknowledged, and the fix is said once.
func TestPlaces(t *testing.T) {
	var found []report.Finding
	for _, place := range []string{"A /a", "B /b", "B /c"} {
		id, path, _ := strings.Cut(place, " ")
		found = append(found, report.Of(rules.CORS103, report.Finding{File: "A.template.json", LogicalID: id, API: "Api", Method: "OPTIONS", Path: path, Detail: "needs a key"}))
	}
	rep := report.New("check", "", found, nil)
	rep.Checked = []report.Checked{{}}
	got := pluginReport(rep, rules.Error, map[string]string{"A.template.json": "A"})
	var said []string
	for _, v := range *got.Violations {
		for _, r := range *v.ViolatingResources {
			said = append(said, *r.ResourceLogicalId+" "+*v.Description+" "+*v.Fix)
		}
	}
	if len(said) != 2 || !strings.Contains(said[0], "A CORS103: ") || !strings.Contains(said[0], "OPTIONS /a: needs a key") || !strings.Contains(said[1], "OPTIONS /b: needs a key as for CORS103 above") {
		t.Errorf("%q", said)
	}
}
