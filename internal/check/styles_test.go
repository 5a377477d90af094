package check

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/testkit/faults"
)

// TestStyles holds what is found in templates in the styles of others, each of which says it in its first lines, and that
// nothing else is.
func TestStyles(t *testing.T) {
	files, err := filepath.Glob("testdata/styles/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no templates", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want, got, notJudged []string
			for line := range strings.Lines(string(text)) {
				if w, ok := strings.CutPrefix(line, "# want: "); ok {
					want = append(want, strings.TrimSpace(w))
				}
				if w, ok := strings.CutPrefix(line, "# not judged: "); ok {
					notJudged = append(notJudged, strings.TrimSpace(w))
				}
			}
			rep := Check(open(t, file), nil, nil)
			for _, f := range rep.Findings {
				got = append(got, string(f.Rule)+" "+f.LogicalID)
			}
			if len(rep.NotJudged) != len(notJudged) || len(notJudged) > 0 && !strings.Contains(rep.NotJudged[0], notJudged[0]) {
				t.Errorf("not judged: %q, want %q", rep.NotJudged, notJudged)
			}
			slices.Sort(got)
			if slices.Sort(want); !slices.Equal(got, want) || len(rep.Crashed) > 0 {
				t.Errorf("found %q, want %q\n%s", got, want, listing(rep))
			}
		})
	}
}

// TestGroups holds that the groups of an expression are multiplied out, those that may be left out too.
func TestGroups(t *testing.T) {
	rep := Check(open(t, "testdata/styles/good-group.yaml"), nil, nil)
	want := "https://shop.example.com https://admin.example.com https://preview.example.com https://*.preview.example.com"
	if got := strings.Join(rep.Checked[0].Allowlist.Names, " "); got != want {
		t.Errorf("the list is %s, want %s", got, want)
	}
}

// TestDeployedOrigin holds that an origin of corsgate's own list that only deployment knows is not a fault.
func TestDeployedOrigin(t *testing.T) {
	b, err := os.ReadFile("../../test/templates/catalog.template.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := cfn.Parse("t.yaml", b, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rep := checkTree(t, faults.Merge(d.Stacks[0].Raw, tree(t, `Resources:
  Site: {Type: 'AWS::CloudFront::Distribution'}
  CatalogDeploymentStageprod3F14D72A:
    Properties: {Variables: {corsExactOrigin: {"Fn::Join": ["", ["https://", {"Fn::GetAtt": [Site, DomainName]}]]}}}`)))
	if got := listing(rep); got != "" {
		t.Error(got)
	}
}
