package synth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/apps/catalog/stack"
	"github.com/corsgate/corsgate/constructs/corsapi"
	"github.com/corsgate/corsgate/constructs/corscheck"
)

// A checkedApp is what became of an app with corscheck.
type checkedApp struct {
	dir      string
	failed   string // what the synthesis ended with
	findings []finding
}

type finding struct{ rule, severity, at, in, description, fix string }

// checked synthesizes an app that corscheck is registered on, unless build does
// that by itself.
func checked(t *testing.T, context map[string]any, props *corscheck.Props, build func(awscdk.App)) checkedApp {
	t.Helper()
	out := checkedApp{dir: t.TempDir()}
	// The report is part of what the CDK throws, and not printed.
	all := map[string]any{"@aws-cdk/core:appMode": "inmemory"}
	for k, v := range context {
		all[k] = v
	}
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: &out.dir, Context: &all, AnalyticsReporting: jsii.Bool(false)})
	build(app)
	if props != nil {
		corscheck.Register(app, props)
	}
	func() {
		defer func() {
			if v := recover(); v != nil {
				out.failed = fmt.Sprint(v)
			}
		}()
		app.Synth(nil)
	}()
	b, err := os.ReadFile(filepath.Join(out.dir, "validation-report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		PluginReports []struct {
			PluginName string
			Violations []struct {
				RuleName, Description, SuggestedFix, Severity string
				ViolatingConstructs                           []struct {
					ConstructPath          string
					CloudFormationResource struct{ TemplatePath, LogicalID string }
				}
			}
		}
	}
	if err := json.Unmarshal(b, &report); err != nil {
		t.Fatal(err)
	}
	for _, p := range report.PluginReports {
		if p.PluginName != "corsgate" {
			t.Fatalf("a report of %s", p.PluginName)
		}
		for _, v := range p.Violations {
			for _, c := range v.ViolatingConstructs {
				r := c.CloudFormationResource
				out.findings = append(out.findings, finding{v.RuleName, v.Severity, c.ConstructPath, r.TemplatePath + " " + r.LogicalID, v.Description, v.SuggestedFix})
			}
		}
	}
	return out
}

func (c checkedApp) rules() []string {
	var out []string
	for _, f := range c.findings {
		out = append(out, f.rule+" "+f.severity)
	}
	return out
}

// faulty has an API whose GET no page can read, and no gateway responses.
func faulty(scope constructs.Construct) awsapigateway.RestApi {
	api := awsapigateway.NewRestApi(scope, jsii.String("Api"), &awsapigateway.RestApiProps{
		DefaultCorsPreflightOptions: &awsapigateway.CorsOptions{AllowOrigins: jsii.Strings("https://app.example.com")},
	})
	api.Root().AddMethod(jsii.String("GET"), mock(), &awsapigateway.MethodOptions{MethodResponses: &[]*awsapigateway.MethodResponse{{StatusCode: jsii.String("200")}}})
	return api
}

// What `corsgate check` finds in the assembly is what the plugin finds: in two
// stacks, in one that is nested, in one of another stage.
func TestCheckedAsOnTheCommandLine(t *testing.T) {
	got := checked(t, nil, &corscheck.Props{}, func(app awscdk.App) {
		faulty(awscdk.NewStack(app, jsii.String("One"), nil))
		two := awscdk.NewStack(app, jsii.String("Two"), nil)
		faulty(two)
		faulty(awscdk.NewNestedStack(two, jsii.String("Nested"), nil))
		stage := awscdk.NewStage(app, jsii.String("Prod"), nil)
		faulty(awscdk.NewNestedStack(awscdk.NewStack(stage, jsii.String("Three"), nil), jsii.String("Deep"), nil))
	})
	if !strings.HasPrefix(got.failed, "ValidationFailed: ") {
		t.Errorf("the synthesis ends with %q", got.failed)
	}
	var said []string
	for _, f := range got.findings {
		said = append(said, f.rule+" "+f.in)
		if !strings.Contains(f.at, "/Api") {
			t.Errorf("%s is at %q", f.rule, f.at)
		}
	}

	tool := filepath.Join(t.TempDir(), "corsgate")
	if out, err := exec.Command("go", "build", "-o", tool, "../../apps/corsgate").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(tool, "check", "--format", "json", ".")
	cmd.Dir = got.dir
	b, err := cmd.Output()
	if cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("%v\n%s", err, b)
	}
	var report struct {
		Findings []struct{ Rule, File, LogicalID string }
	}
	if err := json.Unmarshal(b, &report); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, f := range report.Findings {
		want = append(want, f.Rule+" "+f.File+" "+f.LogicalID)
	}
	slices.Sort(said)
	slices.Sort(want)
	if len(want) < 12 || !slices.Equal(said, want) {
		t.Errorf("the plugin finds\n%s\nthe command\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
}

// A clean app passes without a word.
func TestCheckedCatalog(t *testing.T) {
	t.Chdir("../..") // the entry of the catalog's function is relative to the module
	got := checked(t, map[string]any{stack.ContextKey: []any{"https://app.example.com", "http://localhost:*"}}, &corscheck.Props{FailOn: corscheck.Info}, func(app awscdk.App) {
		p, err := stack.Policy(app)
		if err != nil {
			t.Fatal(err)
		}
		stack.New(app, "CatalogStack", p)
	})
	if got.failed != "" || len(got.findings) > 0 {
		t.Errorf("%s%v", got.failed, got.findings)
	}
}

func TestCheckedProps(t *testing.T) {
	errors := []string{"CORS208 error", "CORS301 warning", "CORS107 info"}
	write := func(t *testing.T, list string) string {
		file := filepath.Join(t.TempDir(), "suppressions.json")
		if err := os.WriteFile(file, []byte(list), 0o666); err != nil {
			t.Fatal(err)
		}
		return file
	}
	suppress := func(api awsapigateway.RestApi) {
		api.Node().DefaultChild().(awsapigateway.CfnRestApi).AddMetadata(jsii.String("corsgate"), map[string]any{"suppress": []any{map[string]any{"id": "CORS208", "reason": "only a probe reads it"}}})
	}
	acknowledge := func(id string) func(awsapigateway.RestApi) {
		return func(api awsapigateway.RestApi) {
			// On the stack: of a remark that comes later, the CDK forgets one on the construct itself.
			awscdk.Validations_Of(awscdk.Stack_Of(api)).Acknowledge(&awscdk.Acknowledgment{Id: jsii.String("corsgate::" + id), Reason: jsii.String("only a probe reads it")})
		}
	}
	for name, tt := range map[string]struct {
		props func(t *testing.T) corscheck.Props
		with  func(awsapigateway.RestApi)
		want  []string
		fails bool
	}{
		"as it is":               {want: errors, fails: true},
		"suppressed in metadata": {with: suppress, want: errors[1:]},
		"suppressed by a file": {
			props: func(t *testing.T) corscheck.Props {
				return corscheck.Props{Suppressions: write(t, `[{"id": "CORS208", "reason": "only a probe reads it", "stack": "Shop"}, {"id": "CORS102", "reason": "for nothing"}]`)}
			},
			want: append([]string{"CORS901 warning"}, errors[1:]...),
		},
		"acknowledged": {with: acknowledge("CORS208"), want: errors[1:]},
		"warnings fail": {
			props: func(*testing.T) corscheck.Props { return corscheck.Props{FailOn: corscheck.Warning} },
			with:  suppress, want: []string{"CORS301 error", "CORS107 info"}, fails: true,
		},
		// The CDK takes a report with something acknowledged for a success if no error is left.
		"warnings fail, and one is acknowledged": {
			props: func(*testing.T) corscheck.Props { return corscheck.Props{FailOn: corscheck.Warning} },
			with: func(api awsapigateway.RestApi) {
				acknowledge("CORS208")(api)
			}, want: []string{"CORS301 error", "CORS107 info"}, fails: true,
		},
		"origins": {
			props: func(*testing.T) corscheck.Props {
				return corscheck.Props{Origins: []string{"https://app.example.com", "https://admin.example.com"}}
			},
			want: []string{"CORS109 error", "CORS208 error", "CORS113 warning", "CORS301 warning"}, fails: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			props := corscheck.Props{}
			if tt.props != nil {
				props = tt.props(t)
			}
			got := checked(t, nil, &props, func(app awscdk.App) {
				api := faulty(awscdk.NewStack(app, jsii.String("Shop"), nil))
				if tt.with != nil {
					tt.with(api)
				}
			})
			if rules := got.rules(); !slices.Equal(rules, tt.want) {
				t.Errorf("found %q, want %q", rules, tt.want)
			}
			if (got.failed != "") != tt.fails {
				t.Errorf("the synthesis ends with %q", got.failed)
			}
		})
	}

	// A remark of corsapi and the finding it is about have one name.
	t.Run("acknowledged with its remark", func(t *testing.T) {
		for _, acknowledged := range []bool{false, true} {
			got := checked(t, nil, &corscheck.Props{}, func(app awscdk.App) {
				api := corsapi.NewRestApi(awscdk.NewStack(app, jsii.String("Shop"), nil), jsii.String("Api"), &corsapi.RestApiProps{
					Cors: two(t), RestApiProps: awsapigateway.RestApiProps{Deploy: jsii.Bool(false)},
				})
				add(api.Root(), "health", "GET", mock())
				if acknowledged {
					acknowledge("CORS407")(api)
				}
			})
			if remarks := readAnnotations(t, got.dir); (len(remarks) == 0) != acknowledged {
				t.Errorf("acknowledged %v: %q", acknowledged, remarks)
			}
			if rules := got.rules(); (len(rules) == 0) != acknowledged || (got.failed == "") != acknowledged {
				t.Errorf("acknowledged %v: %q %s", acknowledged, rules, got.failed)
			}
		}
	})

	// The variables that the policy is in stand in a template other than the API's.
	for where, scope := range map[string]func(awscdk.App, awscdk.Stack) constructs.Construct{
		"a nested stack": func(_ awscdk.App, shop awscdk.Stack) constructs.Construct {
			return awscdk.NewNestedStack(shop, jsii.String("Deploy"), nil)
		},
		"another stack": func(app awscdk.App, _ awscdk.Stack) constructs.Construct {
			return awscdk.NewStack(app, jsii.String("Deploy"), nil)
		},
	} {
		t.Run("the deployment stage in "+where, func(t *testing.T) {
			got := checked(t, nil, &corscheck.Props{}, func(app awscdk.App) {
				shop := awscdk.NewStack(app, jsii.String("Shop"), nil)
				api := corsapi.NewRestApi(shop, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), RestApiProps: awsapigateway.RestApiProps{Deploy: jsii.Bool(false)}})
				add(api.Root(), "health", "GET", mock())
				in := scope(app, shop)
				d := awsapigateway.NewDeployment(in, jsii.String("D"), &awsapigateway.DeploymentProps{Api: api})
				awsapigateway.NewStage(in, jsii.String("Live"), &awsapigateway.StageProps{Deployment: d, StageName: jsii.String("live")})
			})
			if rules := got.rules(); got.failed != "" || len(rules) > 0 {
				t.Errorf("%q %s", got.findings, got.failed)
			}
		})
	}

	// What only a deployment decides is said, and fails nothing.
	t.Run("not known", func(t *testing.T) {
		got := checked(t, nil, &corscheck.Props{FailOn: corscheck.Info}, func(app awscdk.App) {
			shop := awscdk.NewStack(app, jsii.String("Shop"), nil)
			auth := awscdk.NewCfnParameter(shop, jsii.String("Auth"), nil)
			api := corsapi.NewRestApi(shop, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
			m := api.Root().AddMethod(jsii.String("GET"), mock(), nil)
			m.Node().DefaultChild().(awsapigateway.CfnMethod).SetAuthorizationType(auth.ValueAsString())
		})
		if rules := got.rules(); got.failed != "" || !slices.Equal(rules, []string{"not-judged info"}) || !strings.Contains(got.findings[0].description, "GET /: Auth: the parameter has no value here") {
			t.Errorf("%v %s", got.findings, got.failed)
		}
	})

	t.Run("nothing to check", func(t *testing.T) {
		got := checked(t, nil, &corscheck.Props{}, func(app awscdk.App) { awscdk.NewStack(app, jsii.String("Empty"), nil) })
		if rules := got.rules(); got.failed != "" || !slices.Equal(rules, []string{"nothing-checked info"}) {
			t.Errorf("%q %q", rules, got.failed)
		}
	})

	t.Run("a stage of its own", func(t *testing.T) {
		got := checked(t, nil, nil, func(app awscdk.App) {
			faulty(awscdk.NewStack(app, jsii.String("Unchecked"), nil))
			stage := awscdk.NewStage(app, jsii.String("Prod"), nil)
			faulty(awscdk.NewStack(stage, jsii.String("Shop"), nil))
			corscheck.Register(stage, nil)
		})
		if rules := got.rules(); got.failed == "" || !slices.Equal(rules, errors) {
			t.Errorf("%q %q", rules, got.failed)
		}
	})

	// All that is wrong with the props is said, and nothing is checked by half.
	t.Run("bad props", func(t *testing.T) {
		props := corscheck.Props{FailOn: "fatal", Origins: []string{"https://app.example.com/"}, Suppressions: write(t, "[\n{\"rule\": 1}]")}
		got := checked(t, nil, &props, func(app awscdk.App) {
			api := corsapi.NewRestApi(awscdk.NewStack(app, jsii.String("Shop"), nil), jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
			add(api.Root(), "health", "GET", mock())
		})
		want := []string{"ERROR corsgate: corscheck.Props:\n", "  - FailOn \"fatal\": want corscheck.Error, corscheck.Warning or corscheck.Info\n",
			"  - Origins: ", "remove the trailing slash", "  - Suppressions " + props.Suppressions + ": line 2: not a list of suppressions"}
		for _, w := range want {
			if !strings.Contains(got.failed, w) {
				t.Errorf("no %q in\n%s", w, got.failed)
			}
		}
	})
}

// What a user is shown who runs the app itself, with the CDK's own validation on
// and off: the findings, exit status 1, no stack trace.
func TestCheckedProgram(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "checked")
	if out, err := exec.Command("go", "build", "-o", bin, "./testdata/checked").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, validation := range []string{"true", "false"} {
		t.Run("CDK_VALIDATION="+validation, func(t *testing.T) {
			cmd := exec.Command(bin)
			cmd.Dir = t.TempDir()
			cmd.Env = append(os.Environ(), "CDK_OUTDIR=out", "CDK_VALIDATION="+validation)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Run(); cmd.ProcessState.ExitCode() != 1 {
				t.Fatalf("%v, want exit status 1\n%s", err, &stderr)
			}
			var lines []string
			for line := range strings.Lines(stderr.String()) {
				if !strings.HasPrefix(line, "!!") { // a banner of the Node that runs the CDK
					lines = append(lines, line)
				}
			}
			got := strings.Join(lines, "")
			golden(t, "checked-program", got)
			for _, w := range []string{"goroutine", "panic", " at Object."} {
				if strings.Contains(got, w) {
					t.Errorf("a stack trace:\n%s", got)
				}
			}
		})
	}

	// Who serves it has asked for no verdict: the app is synthesized, and asked for an API that it has not.
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cdk.json"), []byte(`{"app": "`+bin+`"}`), 0o666); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command("go", "run", "../../apps/corsgate", "serve", "--app", dir, "--api", "Nobody").CombinedOutput()
	if !strings.Contains(string(out), "no template of the app has an API Nobody") {
		t.Errorf("corsgate serve:\n%s", out)
	}
}
