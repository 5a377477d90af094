package check

import (
	"os"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/rules"
)

// TestMalformedVariable holds that a stage variable which somebody edited is one finding a stage, whatever the number of
// routes, and says which variable, which element and what to write.
func TestMalformedVariable(t *testing.T) {
	text, err := os.ReadFile("../../test/templates/corsgate-three-origins.template.json")
	if err != nil {
		t.Fatal(err)
	}
	const is = `"corsOrigins": "http://localhost:3000,https://admin.example.com,https://app.example.com"`
	if !strings.Contains(string(text), is) {
		t.Fatal("the template has another list")
	}
	for now, want := range map[string]string{
		`"corsOrigins": "https://admin.example.com/,https://app.example.com"`:                        `stage prod are not understood, so every origin is refused: stage variable corsOrigins, "https://admin.example.com/": an origin ends with the host or port, without a slash or path; write https://admin.example.com`,
		`"corsOrigins": "https://*.example.com"`:                                                     `write https://~.example.com`,
		`"corsOrigins": "https://admin.example.com, https://app.example.com"`:                        `" https://app.example.com": a blank stands beside it; write https://app.example.com`,
		`"corsOrigins": "https://app.example.com", "corsMaxAge": "2h"`:                               `stage variable corsMaxAge, "2h": it is a number of seconds, 0 to 99999, without leading zeros; write 7200`,
		`"corsExactOrigin": "https://app.example.com/", "corsOrigins2": "https://app.example.com/x"`: `stage variable corsExactOrigin, "https://app.example.com/": it is one origin`,
		`"other": "x"`: "hold no allowlist, so every origin is refused; the stage is prod",
		`"corsOrigins": {"Fn::Sub": "${AWS::StackName},https://app.example.com/"}`: "",
	} {
		app, err := cfn.Parse("t.json", []byte(strings.Replace(string(text), is, now, 1)), cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		rep := Check(app, nil, nil)
		var got []string
		for _, f := range rep.Findings {
			if f.Rule == rules.CORS407 {
				got = append(got, f.LogicalID+": "+f.Detail)
			}
		}
		if want == "" {
			if len(got) > 0 {
				t.Errorf("%s: what only a deployment knows is judged: %q", now, got)
			}
			continue
		}
		if len(got) != 1 || !strings.Contains(got[0], want) || !strings.HasPrefix(got[0], "ApiDeploymentStageprod") {
			t.Errorf("%s: found %q; want one with %s", now, got, want)
		}
	}
}
