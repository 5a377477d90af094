package synth

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfrontorigins"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/check"
)

// imported is the API as another stack sees it.
func imported(in awscdk.Stack, api awsapigateway.RestApi) awsapigateway.IRestApi {
	return awsapigateway.RestApi_FromRestApiAttributes(in, jsii.String("Imported"), &awsapigateway.RestApiAttributes{
		RestApiId: api.RestApiId(), RootResourceId: api.RestApiRootResourceId(),
	})
}

// modelled is a method that is not a proxy integration and whose response has a model of the
// API's: a reference out of its own stack.
func modelled(api awsapigateway.RestApi, on awsapigateway.IResource) {
	model := api.AddModel(jsii.String("M"), &awsapigateway.ModelOptions{Schema: &awsapigateway.JsonSchema{Type: awsapigateway.JsonSchemaType_OBJECT}})
	add(on, "pets", "GET", mock(), &awsapigateway.MethodOptions{MethodResponses: &[]*awsapigateway.MethodResponse{{
		StatusCode: jsii.String("200"), ResponseModels: &map[string]awsapigateway.IModel{"application/json": model},
	}}})
}

// dangling lists the Refs of a template to what it does not have.
func dangling(template map[string]any) []string {
	known := map[string]bool{}
	for _, section := range []string{"Resources", "Parameters"} {
		m, _ := template[section].(map[string]any)
		for id := range m {
			known[id] = true
		}
	}
	var out []string
	for path, v := range leaves(template) {
		if strings.HasSuffix(path, "/Ref") && !known[v] && !strings.HasPrefix(v, "AWS::") {
			out = append(out, path+" = "+v)
		}
	}
	slices.Sort(out)
	return out
}

// The API's methods may stand in nested stacks, in stacks that come after, and
// its deployments and stages too.
func TestOtherStacks(t *testing.T) {
	for name, tt := range map[string]struct {
		build   func(app awscdk.App, s awscdk.Stack)
		methods string // the stack that has the methods, as the start of its name
		remarks []string
	}{
		"nested": {func(app awscdk.App, s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
			add(api.Root(), "health", "GET", mock())
			modelled(api, imported(awscdk.NewNestedStack(s, jsii.String("Nested"), nil), api).Root())
		}, "StackNested", nil},
		"sibling with the API's own deployment": {func(app awscdk.App, s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
			add(api.Root(), "health", "GET", mock())
			modelled(api, imported(awscdk.NewStack(app, jsii.String("Sibling"), nil), api).Root())
		}, "Sibling", []string{"warning /Stack/Api/Deployment: corsgate: the API is deployed before the methods of stack Sibling exist"}},
		"sibling with a deployment after it": {func(app awscdk.App, s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), RestApiProps: awsapigateway.RestApiProps{Deploy: jsii.Bool(false)}})
			add(api.Root(), "health", "GET", mock())
			sibling := awscdk.NewStack(app, jsii.String("Sibling"), nil)
			modelled(api, imported(sibling, api).Root())
			d := awsapigateway.NewDeployment(sibling, jsii.String("D"), &awsapigateway.DeploymentProps{Api: api})
			awsapigateway.NewStage(sibling, jsii.String("Live"), &awsapigateway.StageProps{Deployment: d, StageName: jsii.String("live")})
		}, "Sibling", nil},
		"a deployment in a third stack": {func(app awscdk.App, s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), RestApiProps: awsapigateway.RestApiProps{Deploy: jsii.Bool(false)}})
			add(api.Root(), "health", "GET", mock())
			sibling := awscdk.NewStack(app, jsii.String("Sibling"), nil)
			modelled(api, imported(sibling, api).Root())
			third := awscdk.NewStack(app, jsii.String("Third"), nil)
			third.AddStackDependency(sibling, nil)
			d := awsapigateway.NewDeployment(third, jsii.String("D"), &awsapigateway.DeploymentProps{Api: api})
			awsapigateway.NewStage(third, jsii.String("Live"), &awsapigateway.StageProps{Deployment: d, StageName: jsii.String("live")})
		}, "Sibling", nil},
		"all of it in nested stacks": {func(app awscdk.App, s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), RestApiProps: awsapigateway.RestApiProps{Deploy: jsii.Bool(false)}})
			add(api.Root(), "health", "GET", mock())
			pets := awscdk.NewNestedStack(s, jsii.String("Pets"), nil)
			modelled(api, imported(pets, api).Root())
			deploy := awscdk.NewNestedStack(s, jsii.String("Deploy"), nil)
			deploy.AddStackDependency(pets, nil)
			d := awsapigateway.NewDeployment(deploy, jsii.String("D"), &awsapigateway.DeploymentProps{Api: imported(deploy, api)})
			awsapigateway.NewStage(deploy, jsii.String("Live"), &awsapigateway.StageProps{Deployment: d, StageName: jsii.String("live")})
		}, "StackPets", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := synthesize(t, nil, func(app awscdk.App) { tt.build(app, awscdk.NewStack(app, jsii.String("Stack"), nil)) })
			found := false
			stages := 0
			for stack, template := range s.templates {
				if d := dangling(template); len(d) > 0 {
					t.Errorf("%s: %q", stack, d)
				}
				for _, id := range idsOf(template, "AWS::ApiGateway::Stage") {
					stages++
					vars, _ := template["Resources"].(map[string]any)[id].(map[string]any)["Properties"].(map[string]any)["Variables"].(map[string]any)
					if vars["corsOrigins"] == nil {
						t.Errorf("%s: stage %s has no allowlist", stack, id)
					}
				}
				if !strings.HasPrefix(stack, tt.methods) {
					continue
				}
				found = true
				var verbs []string
				for _, id := range idsOf(template, "AWS::ApiGateway::Method") {
					props := template["Resources"].(map[string]any)[id].(map[string]any)["Properties"].(map[string]any)
					verbs = append(verbs, props["HttpMethod"].(string))
					if props["HttpMethod"] == "GET" && !strings.Contains(compact(props["MethodResponses"]), `"method.response.header.Access-Control-Allow-Origin":true`) {
						t.Errorf("%s: %s declares no header: %s", stack, id, compact(props["MethodResponses"]))
					}
				}
				slices.Sort(verbs)
				if !slices.Equal(verbs, []string{"GET", "OPTIONS"}) {
					t.Errorf("%s has the methods %v", stack, verbs)
				}
			}
			if !found || stages == 0 {
				t.Errorf("stacks: %v, %d stages", s.files, stages)
			}
			assembly, err := cfn.Open([]string{s.dir}, cfn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range check.Check(assembly, nil, nil).Findings {
				t.Errorf("corsgate check finds %s: %s", f.Rule, f.Detail)
			}
			if len(s.annotations) != len(tt.remarks) {
				t.Fatalf("remarks %q, want %q", s.annotations, tt.remarks)
			}
			for i, r := range tt.remarks {
				if !strings.HasPrefix(s.annotations[i], r) {
					t.Errorf("remark %q, want %q", s.annotations[i], r)
				}
			}
		})
	}
}

// A circle that goes through another stack is told as well: the CDK would end the
// synthesis with an exception, which knows no fix.
func TestCircleOfStacks(t *testing.T) {
	s := synthesize(t, nil, func(app awscdk.App) {
		api := awsapigateway.NewRestApi(awscdk.NewStack(app, jsii.String("Stack"), nil), jsii.String("Api"), nil)
		add(api.Root(), "orders", "GET", mock())
		site := behind(awscdk.NewStack(app, jsii.String("Pages"), nil), awscloudfrontorigins.NewRestApiOrigin(api, nil))
		corsapi.Enable(api, policy(t, cors.Config{Origins: []string{"https://" + *site.DistributionDomainName()}}), nil)
	})
	expectRemarks(t, s.annotations, []string{"error: CORS409: CloudFormation would refuse a circular dependency: the stage's variables name the origin https://${Site"})
	if len(s.annotations) == 1 && !strings.Contains(s.annotations[0], "(Pages/Site/Resource, then Stack/Api/DeploymentStage.prod/Resource)") {
		t.Errorf("the way is not in %q", s.annotations[0])
	}
}

// CloudFormation-level constructs may name the API by its other attribute.
func TestOtherAttribute(t *testing.T) {
	s := synthesize(t, nil, func(app awscdk.App) {
		stack := awscdk.NewStack(app, jsii.String("Stack"), nil)
		api := corsapi.NewRestApi(stack, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), RestApiProps: awsapigateway.RestApiProps{Deploy: jsii.Bool(false)}})
		add(api.Root(), "health", "GET", mock())
		id := api.Node().DefaultChild().(awsapigateway.CfnRestApi).AttrRestApiId()
		awsapigateway.NewCfnMethod(stack, jsii.String("Root"), &awsapigateway.CfnMethodProps{
			RestApiId: id, ResourceId: api.RestApiRootResourceId(), HttpMethod: jsii.String("DELETE"), AuthorizationType: jsii.String("NONE"),
			Integration: &awsapigateway.CfnMethod_IntegrationProperty{Type: jsii.String("HTTP_PROXY"), Uri: jsii.String("https://backend.example.net"), IntegrationHttpMethod: jsii.String("DELETE")},
		})
		awsapigateway.NewCfnStage(stack, jsii.String("Live"), &awsapigateway.CfnStageProps{RestApiId: id, StageName: jsii.String("live")})
	})
	text := string(s.files["Stack"])
	if n := strings.Count(text, `"HttpMethod": "OPTIONS"`); n != 2 || !strings.Contains(text, `"'DELETE'"`) || !strings.Contains(text, `"corsOrigins"`) {
		t.Errorf("%d preflights, and\n%s", n, text)
	}
	if len(s.annotations) != 1 || !strings.Contains(s.annotations[0], "DELETE / passes the responses of an HTTP backend through") {
		t.Errorf("remarks %q", s.annotations)
	}
}

// Two stacks may have functions of the same logical id; a reference to one looks
// like a reference to the other until the app is synthesized.
func TestSameLogicalID(t *testing.T) {
	for name, tt := range map[string]struct {
		foreign bool // the API of A uses B's function, which does not emit
		scoped  *bool
		want    string
	}{
		"its own":            {false, nil, ""},
		"the other's":        {true, nil, "error /A/Api/Default/orders/GET/Resource: corsgate: GET /orders is a Lambda proxy, and its function is not known to emit"},
		"no way to tell":     {false, jsii.Bool(false), "warning /A/Api/Default/orders/GET/Resource: corsgate: GET /orders is a Lambda proxy to a function whose logical id two stacks of the app have"},
		"no way to tell too": {true, jsii.Bool(false), "warning /A/Api/Default/orders/GET/Resource: corsgate: GET /orders is a Lambda proxy to a function whose logical id two stacks of the app have"},
	} {
		t.Run(name, func(t *testing.T) {
			s := synthesize(t, nil, func(app awscdk.App) {
				a, b := awscdk.NewStack(app, jsii.String("A"), nil), awscdk.NewStack(app, jsii.String("B"), nil)
				api := corsapi.NewRestApi(a, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
				fn := emitter(a, "Handler")
				silent := awslambda.NewFunction(b, jsii.String("Handler"), &awslambda.FunctionProps{
					Runtime: awslambda.Runtime_NODEJS_22_X(), Handler: jsii.String("index.handler"), Code: awslambda.Code_FromInline(jsii.String("x")),
				})
				if tt.foreign {
					fn = silent
				}
				add(api.Root(), "orders", "GET", awsapigateway.NewLambdaIntegration(fn, &awsapigateway.LambdaIntegrationOptions{ScopePermissionToMethod: tt.scoped}))
			})
			if got := strings.Join(s.annotations, "\n"); tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) || len(s.annotations) > 1 {
				t.Errorf("remarks %q, want %q", got, tt.want)
			}
		})
	}
}

// An app that is synthesized twice gives the same template twice.
func TestSynthesizedTwice(t *testing.T) {
	out := t.TempDir()
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(out)})
	stack := awscdk.NewStack(app, jsii.String("Stack"), nil)
	api := corsapi.NewRestApi(stack, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
	add(api.Root(), "health", "GET", mock())
	app.Synth(nil)
	first := readAssembly(t, out)
	app.Synth(&awscdk.StageSynthesisOptions{Force: jsii.Bool(true)})
	second := readAssembly(t, out)
	if diff := changed(first.templates["Stack"], second.templates["Stack"]); len(diff) > 0 || len(second.annotations) > 0 {
		t.Errorf("changed %q, remarks %q", diff, second.annotations)
	}
}
