package check

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTransformed holds that a template of SAM is judged as what SAM makes of it is.
func TestTransformed(t *testing.T) {
	sources, err := filepath.Glob("testdata/sam/*.yaml")
	if err != nil || len(sources) == 0 {
		t.Fatal("no templates", err)
	}
	for _, source := range sources {
		t.Run(strings.TrimSuffix(filepath.Base(source), ".yaml"), func(t *testing.T) {
			before, after := judged(t, source), judged(t, strings.TrimSuffix(source, ".yaml")+".transformed.json")
			if before == "" {
				t.Error("nothing is found")
			}
			if before != after {
				t.Errorf("the source:\n%s\ntransformed:\n%s", before, after)
			}
		})
	}
}

// judged lists what is found in a file, and for which origins its APIs are. SAM gives an API without an OpenApiVersion a
// second stage, Stage, and logical ids of functions' resources that are not the source's.
func judged(t *testing.T, file string) string {
	t.Helper()
	rep := Check(open(t, file), nil, nil)
	var lines []string
	for _, f := range rep.Findings {
		lines = append(lines, fmt.Sprintf("%s %s %s %s %s: %s\n", f.Rule, f.API, f.LogicalID, f.Method, f.Path, f.Detail))
	}
	for _, c := range rep.Checked {
		if c.Stage != "Stage" {
			lines = append(lines, fmt.Sprintf("%s %s, %d routes, for %s\n", c.API, c.Stage, c.Routes, c.Allowlist))
		}
	}
	slices.Sort(lines)
	return strings.Join(append(lines, rep.Crashed...), "")
}
