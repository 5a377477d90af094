package synth

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"github.com/corsgate/corsgate/constructs/corsapi"
)

// Suppressions of cdk-nag on the API and all below it are for the OPTIONS methods, which
// are made after them, too; those on a method are for that alone.
func TestNagSuppressions(t *testing.T) {
	const rule = "AwsSolutions-APIG4" // an API has authorization
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(t.TempDir()), Context: &map[string]any{"@aws-cdk/core:aspectStabilization": true}})
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(nil), nil)
	suppressions := &[]*cdknag.NagPackSuppression{{Id: jsii.String(rule), Reason: jsii.String("a public catalogue")}}
	build := func(id string, all bool) awscdk.Stack {
		s := awscdk.NewStack(app, jsii.String(id), nil)
		api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
		on := add(api.Root(), "orders", "GET", mock())
		get := api.Root().AddMethod(jsii.String("GET"), mock(), nil)
		if all {
			cdknag.NagSuppressions_AddResourceSuppressions(api, suppressions, jsii.Bool(true))
		} else {
			cdknag.NagSuppressions_AddResourceSuppressions(get, suppressions, nil)
			cdknag.NagSuppressions_AddResourceSuppressions(on.Node().FindChild(jsii.String("GET")), suppressions, nil)
		}
		return s
	}
	all, some := build("All", true), build("Some", false)
	app.Synth(nil)
	found := func(s awscdk.Stack) []string {
		var out []string
		for _, c := range *s.Node().FindAll("") {
			for _, m := range *c.Node().Metadata() {
				if text, _ := m.Data.(string); *m.Type == "aws:cdk:error" && strings.Contains(text, rule) {
					out = append(out, *c.Node().Path())
				}
			}
		}
		return out
	}
	if got := found(all); len(got) > 0 {
		t.Errorf("not suppressed at %s", strings.Join(got, ", "))
	}
	got := found(some)
	if len(got) == 0 {
		t.Error("cdk-nag finds no OPTIONS method, so this test looks at nothing")
	}
	for _, path := range got {
		if !strings.Contains(path, "/OPTIONS/") {
			t.Errorf("not suppressed at %s", path)
		}
	}
}
