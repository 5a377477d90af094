package synth

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
)

// refusal is the error that ends a synthesis, "" for none.
func refusal(t *testing.T, context map[string]any, build func(awscdk.App)) (message string) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			message = fmt.Sprint(r)
		}
	}()
	synthesize(t, context, build)
	return ""
}

// What an aspect changes after the API was completed ends the synthesis, together with
// all other errors: nothing that is told later would be printed.
func TestLateAspects(t *testing.T) {
	api := func(s awscdk.Stack, deploy bool) *corsapi.RestApi {
		return corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), RestApiProps: awsapigateway.RestApiProps{Deploy: &deploy}})
	}
	later := func(on constructs.IConstruct, do func()) { awscdk.Aspects_Of(on).Add(&late{do}, nil) }
	for name, tt := range map[string]struct {
		build func(awscdk.Stack)
		want  []string
	}{
		"a method, a stage, and an error beside": {func(s awscdk.Stack) {
			api := api(s, true)
			r := add(api.Root(), "health", "GET", mock())
			r.AddMethod(jsii.String("POST"), awsapigateway.NewLambdaIntegration(silent(s, "Silent"), nil), nil)
			later(constructs.NewConstruct(s, jsii.String("Later")), func() {
				r.AddMethod(jsii.String("PUT"), mock(), nil)
				awsapigateway.NewStage(s, jsii.String("LateStage"), &awsapigateway.StageProps{Deployment: api.LatestDeployment(), StageName: jsii.String("late")})
			})
		}, []string{
			"CORS208: PUT /health has no CORS headers: an aspect changed the API after corsgate completed it; make the change before synthesis, or with an aspect on a construct above the API " +
				"(see https://github.com/corsgate/corsgate/blob/main/docs/rules/CORS208.md) (Stack/Api/Default/health/PUT/Resource)",
			"CORS407: stage late has no CORS variables and refuses every origin: an aspect changed the API",
			"POST /health is a Lambda proxy, and its function is not known to emit CORS headers",
		}},
		"variables": {func(s awscdk.Stack) {
			p, err := cors.New(cors.Config{Origins: []string{"https://app.example.com", "https://" + *awscdk.NewCfnParameter(s, jsii.String("SiteDomain"), nil).ValueAsString()}})
			if err != nil {
				t.Fatal(err)
			}
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p})
			add(api.Root(), "health", "GET", mock())
			later(constructs.NewConstruct(s, jsii.String("Later")), func() {
				st := api.DeploymentStage().Node().DefaultChild().(awsapigateway.CfnStage)
				st.SetVariables(&map[string]*string{"corsAnyOrigin": jsii.String("true"), "corsage": jsii.String("a flower")})
				st.AddPropertyOverride(jsii.String("Variables.corsOrigins"), "https://evil.example")
			})
		}, []string{
			"stage prod does not have the variable corsAnyOrigin as the policy has it: an aspect changed the API",
			"stage prod does not have the variable corsOrigins as the policy has it: an aspect changed the API",
		}},
		"an authorizer on everything, and a variable that is gone": {func(s awscdk.Stack) {
			api := api(s, true)
			add(api.Root(), "health", "GET", mock())
			later(constructs.NewConstruct(s, jsii.String("Later")), func() {
				for _, c := range *api.Node().FindAll(constructs.ConstructOrder_PREORDER) {
					if m, ok := c.(awsapigateway.CfnMethod); ok {
						m.AddPropertyOverride(jsii.String("AuthorizationType"), "AWS_IAM")
					}
				}
				api.DeploymentStage().Node().DefaultChild().(awsapigateway.CfnStage).AddPropertyDeletionOverride(jsii.String("Variables.corsOrigins"))
			})
		}, []string{
			"CORS102: OPTIONS /health needs authorization, which preflights do not have: an aspect changed the API",
			"stage prod does not have the variable corsOrigins as the policy has it: an aspect changed the API",
		}},
		"a route and a gateway response": {func(s awscdk.Stack) {
			api := api(s, true)
			r := add(api.Root(), "health", "GET", mock())
			later(constructs.NewConstruct(s, jsii.String("Later")), func() {
				add(api.Root(), "late", "GET", mock())
				r.AddMethod(jsii.String("POST"), proxy(s, "Fn"), nil)
				api.AddGatewayResponse(jsii.String("G"), &awsapigateway.GatewayResponseOptions{Type: awsapigateway.ResponseType_THROTTLED()})
			})
		}, []string{
			"POST /health has no CORS headers: an aspect changed the API",
			"CORS119: GET /late has no CORS headers: an aspect changed the API after corsgate completed it",
			"CORS303: gateway response THROTTLED has no CORS headers: an aspect changed the API",
		}},
		"a cache": {func(s awscdk.Stack) {
			api := api(s, false)
			add(api.Root(), "health", "GET", mock())
			st := awsapigateway.NewStage(s, jsii.String("St"), &awsapigateway.StageProps{Deployment: awsapigateway.NewDeployment(s, jsii.String("D"), &awsapigateway.DeploymentProps{Api: api}), StageName: jsii.String("live")})
			later(st, func() {
				cfn := st.Node().DefaultChild().(awsapigateway.CfnStage)
				cfn.SetCacheClusterEnabled(jsii.Bool(true))
				cfn.SetMethodSettings([]any{&awsapigateway.CfnStage_MethodSettingProperty{HttpMethod: jsii.String("*"), ResourcePath: jsii.String("/*"), CachingEnabled: jsii.Bool(true)}})
			})
		}, []string{"CORS402: stage live caches responses, and their cache keys do not tell origins apart"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := refusal(t, nil, func(app awscdk.App) { tt.build(awscdk.NewStack(app, jsii.String("Stack"), nil)) })
			parts := strings.Split(got, "[Stack/Api/Corsgate] corsgate: ")[1:]
			if len(parts) != len(tt.want) {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(parts[i], want) {
					t.Errorf("got %q, want %q", parts[i], want)
				}
			}
		})
	}
}
