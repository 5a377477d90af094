package synth

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/apps/catalog/stack"
)

// validating is set in the process that has the CDK's validation on, which is
// decided when the jsii kernel starts.
const validating = "CORSGATE_TEST_VALIDATING"

// The CDK's own CloudFormation validation has nothing to say about our
// templates, and would if it had.
func TestValidation(t *testing.T) {
	if os.Getenv(validating) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestValidation$", "-test.v")
		cmd.Env = append(os.Environ(), validating+"=1", "CDK_VALIDATION=true")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if reports := validate(t, func(app awscdk.App) {
		for _, sm := range samples {
			sm.build(awscdk.NewStack(app, jsii.String(sm.name), nil), sm.policy(t))
		}
		p, err := stack.Policy(app)
		if err != nil {
			t.Fatal(err)
		}
		stack.New(app, "CatalogStack", p)
	}); len(reports) > 0 {
		t.Errorf("validation: %s", compact(reports))
	}
	if reports := validate(t, func(app awscdk.App) {
		s := awscdk.NewStack(app, jsii.String("Invalid"), nil)
		api := awsapigateway.NewRestApi(s, jsii.String("Api"), nil)
		add(api.Root(), "health", "GET", mock())
		api.DeploymentStage().Node().DefaultChild().(awsapigateway.CfnStage).AddPropertyOverride(jsii.String("Variabels"), 1)
	}); len(reports) == 0 {
		t.Error("validation has nothing to say about a property that does not exist: it is not on")
	}
}

// validate synthesizes an app with validation and returns its reports.
func validate(t *testing.T, build func(awscdk.App)) []any {
	t.Helper()
	out := t.TempDir()
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(out), Context: &map[string]any{
		stack.ContextKey: []any{"https://app.example.com", "https://*.preview.example.com"},
	}})
	build(app)
	func() {
		defer func() {
			if v := recover(); v != nil { // a validation that finds something may end the synthesis, after its report
				t.Log(v)
			}
		}()
		app.Synth(nil)
	}()
	b, err := os.ReadFile(filepath.Join(out, "validation-report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		PluginReports []any `json:"pluginReports"`
	}
	if err := json.Unmarshal(b, &report); err != nil {
		t.Fatal(err)
	}
	return report.PluginReports
}
