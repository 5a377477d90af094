package synth

import (
	"maps"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/check"
)

// flagged are the samples in which `corsgate check` has something to say, with how many findings of which rule: faults
// that the construct leaves to the app's owner.
var flagged = map[string]map[string]int{
	// The methods want headers that the policy does not let pages send.
	"authorizer-and-api-key": {"CORS111": 1},
	"cloudformation-level":   {"CORS111": 1},
}

// checkTemplate holds that the rules find nothing in what corsgate makes.
func checkTemplate(t *testing.T, name string, template []byte) {
	t.Helper()
	d, err := cfn.Parse(name+".template.json", template, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	report := check.Check(d, nil, nil)
	for _, c := range report.Crashed {
		t.Error(c)
	}
	found, text := map[string]int{}, ""
	for _, f := range report.Findings {
		found[string(f.Rule)]++
		text += "\n" + string(f.Rule) + " " + f.Where() + ": " + f.Detail
	}
	if !maps.Equal(found, flagged[name]) {
		t.Errorf("corsgate check finds %v, want %v%s", found, flagged[name], text)
	}
}
