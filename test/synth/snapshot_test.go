package synth

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/apps/catalog/stack"
	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
	"github.com/corsgate/corsgate/constructs/corsfunction"
)

var update = flag.Bool("update", false, "write the snapshots in testdata anew")

// A sample is one app whose projection is kept.
type sample struct {
	name   string
	policy func(testing.TB) *cors.Policy
	build  func(awscdk.Stack, *cors.Policy)
}

var samples = []sample{
	{"authorizer-and-api-key", two, func(s awscdk.Stack, p *cors.Policy) {
		authorizer := awsapigateway.NewTokenAuthorizer(s, jsii.String("Authorizer"), &awsapigateway.TokenAuthorizerProps{Handler: emitter(s, "Auth")})
		api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p, RestApiProps: awsapigateway.RestApiProps{
			DefaultMethodOptions: &awsapigateway.MethodOptions{
				Authorizer: authorizer, AuthorizationType: awsapigateway.AuthorizationType_CUSTOM,
				ApiKeyRequired: jsii.Bool(true), OperationName: jsii.String("op"),
				RequestParameters: &map[string]*bool{"method.request.header.X-Tenant": jsii.Bool(true)},
			},
		}})
		add(api.Root(), "orders", "GET", proxy(s, "Fn"))
	}},
	{"validator", two, func(s awscdk.Stack, p *cors.Policy) {
		api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p, RestApiProps: awsapigateway.RestApiProps{
			DefaultMethodOptions: &awsapigateway.MethodOptions{RequestValidatorOptions: &awsapigateway.RequestValidatorOptions{ValidateRequestBody: jsii.Bool(true)}},
		}})
		v := awsapigateway.NewRequestValidator(s, jsii.String("V"), &awsapigateway.RequestValidatorProps{RestApi: api, ValidateRequestParameters: jsii.Bool(true)})
		add(api.Root(), "orders", "ANY", proxy(s, "Fn"), &awsapigateway.MethodOptions{RequestValidator: v})
	}},
	{"enable-replaces-guarded", two, func(s awscdk.Stack, p *cors.Policy) {
		api := awsapigateway.NewRestApi(s, jsii.String("Api"), &awsapigateway.RestApiProps{
			DeployOptions: &awsapigateway.StageOptions{MethodOptions: &map[string]*awsapigateway.MethodDeploymentOptions{"/orders/GET": {CachingEnabled: jsii.Bool(true)}}},
		})
		model := api.AddModel(jsii.String("M"), &awsapigateway.ModelOptions{Schema: &awsapigateway.JsonSchema{Type: awsapigateway.JsonSchemaType_OBJECT}})
		authorizer := awsapigateway.NewTokenAuthorizer(s, jsii.String("Authorizer"), &awsapigateway.TokenAuthorizerProps{Handler: emitter(s, "Auth")})
		orders := add(api.Root(), "orders", "GET", proxy(s, "Fn"))
		o := orders.AddMethod(jsii.String("OPTIONS"), awsapigateway.NewHttpIntegration(jsii.String("https://backend.example.net"), nil), &awsapigateway.MethodOptions{
			Authorizer: authorizer, AuthorizationType: awsapigateway.AuthorizationType_CUSTOM, ApiKeyRequired: jsii.Bool(true), OperationName: jsii.String("op"),
			RequestParameters: &map[string]*bool{"method.request.header.X-Tenant": jsii.Bool(true)}, RequestModels: &map[string]awsapigateway.IModel{"application/json": model},
			RequestValidatorOptions: &awsapigateway.RequestValidatorOptions{ValidateRequestBody: jsii.Bool(true)},
		})
		// What an app sets with an override counts no more than its other settings.
		cfn := o.Node().DefaultChild().(awsapigateway.CfnMethod)
		cfn.AddPropertyOverride(jsii.String("AuthorizationType"), "AWS_IAM")
		cfn.AddPropertyOverride(jsii.String("AuthorizationScopes"), []any{"read"})
		corsapi.Enable(api, p, nil)
	}},
	{"binary-media-types", two, func(s awscdk.Stack, p *cors.Policy) {
		api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p, RestApiProps: awsapigateway.RestApiProps{
			BinaryMediaTypes: jsii.Strings("*/*"),
		}})
		add(api.Root(), "orders", "GET", proxy(s, "Fn"))
		add(api.Root(), "health", "GET", mock())
	}},
	{"any-and-proxy", two, func(s awscdk.Stack, p *cors.Policy) {
		fn := proxy(s, "Fn")
		api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p, RestApiProps: awsapigateway.RestApiProps{DefaultIntegration: fn}})
		api.Root().AddProxy(nil)
		nested := add(add(api.Root(), "a", "ANY", fn), "{b}", "PUT", fn)
		nested.AddResource(jsii.String("empty"), nil).AddResource(jsii.String("c"), nil).AddMethod(jsii.String("DELETE"), fn, nil)
		nested.AddMethod(jsii.String("PATCH"), fn, nil)
	}},
	{"edge", two, endpoint(awsapigateway.EndpointType_EDGE, noPolicy)},
	{"regional", two, endpoint(awsapigateway.EndpointType_REGIONAL, noPolicy)},
	{"private-with-vpc-policy", two, func(s awscdk.Stack, p *cors.Policy) {
		vpce := awsec2.InterfaceVpcEndpoint_FromInterfaceVpcEndpointAttributes(s, jsii.String("E"), &awsec2.InterfaceVpcEndpointAttributes{VpcEndpointId: jsii.String("vpce-1"), Port: jsii.Number(443)})
		api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p, RestApiProps: awsapigateway.RestApiProps{
			EndpointConfiguration: &awsapigateway.EndpointConfiguration{Types: &[]awsapigateway.EndpointType{awsapigateway.EndpointType_PRIVATE}, VpcEndpoints: &[]awsec2.IVpcEndpoint{vpce}},
		}})
		api.GrantInvokeFromVpcEndpointsOnly(&[]awsec2.IVpcEndpoint{vpce})
		add(api.Root(), "orders", "GET", proxy(s, "Fn"))
	}},
	{"iam-only-policy", two, endpoint(awsapigateway.EndpointType_REGIONAL, iamOnly)},
	{"organization-policy", two, endpoint(awsapigateway.EndpointType_REGIONAL, func() awsiam.PolicyDocument {
		return awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &[]awsiam.PolicyStatement{
			awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
				Principals: &[]awsiam.IPrincipal{awsiam.NewOrganizationPrincipal(jsii.String("o-abcdefghij"))},
				Actions:    jsii.Strings("execute-api:*"), Resources: jsii.Strings("execute-api:/*"),
			}),
		}})
	})},
	{"enable-echo-origin", credentialed, func(s awscdk.Stack, p *cors.Policy) {
		api := awsapigateway.NewRestApi(s, jsii.String("Api"), nil)
		corsapi.Enable(api, p, &corsapi.EnableProps{GatewayErrors: corsapi.EchoOrigin})
		add(api.Root(), "orders", "GET", proxy(s, "Fn"))
	}},
	{"own-deployment-and-stages", two, func(s awscdk.Stack, p *cors.Policy) {
		api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p, RestApiProps: awsapigateway.RestApiProps{Deploy: jsii.Bool(false)}})
		d := awsapigateway.NewDeployment(s, jsii.String("D"), &awsapigateway.DeploymentProps{Api: api})
		awsapigateway.NewStage(s, jsii.String("Beta"), &awsapigateway.StageProps{Deployment: d, StageName: jsii.String("beta"), Variables: &map[string]*string{"table": jsii.String("beta-orders")}})
		awsapigateway.NewStage(s, jsii.String("Prod"), &awsapigateway.StageProps{Deployment: d, StageName: jsii.String("prod")})
		add(api.Root(), "orders", "GET", proxy(s, "Fn"))
	}},
	{"cached-stage", two, func(s awscdk.Stack, p *cors.Policy) {
		api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p, RestApiProps: awsapigateway.RestApiProps{
			DeployOptions: &awsapigateway.StageOptions{CachingEnabled: jsii.Bool(true), CacheClusterEnabled: jsii.Bool(true)},
		}})
		r := api.Root().AddResource(jsii.String("orders"), nil)
		r.AddMethod(jsii.String("GET"), awsapigateway.NewLambdaIntegration(emitter(s, "Fn"), &awsapigateway.LambdaIntegrationOptions{
			CacheKeyParameters: jsii.Strings("method.request.querystring.page"),
		}), &awsapigateway.MethodOptions{RequestParameters: &map[string]*bool{"method.request.querystring.page": jsii.Bool(false)}})
	}},
	{"enable-replaces", two, func(s awscdk.Stack, p *cors.Policy) {
		api := awsapigateway.NewRestApi(s, jsii.String("Api"), &awsapigateway.RestApiProps{
			DefaultCorsPreflightOptions: &awsapigateway.CorsOptions{AllowOrigins: jsii.Strings("https://old.example.com", "https://older.example.com"), AllowCredentials: jsii.Bool(true)},
			DefaultMethodOptions:        &awsapigateway.MethodOptions{RequestParameters: &map[string]*bool{"method.request.header.X-Tenant": jsii.Bool(true)}},
		})
		api.AddGatewayResponse(jsii.String("Denied"), &awsapigateway.GatewayResponseOptions{
			Type: awsapigateway.ResponseType_ACCESS_DENIED(), StatusCode: jsii.String("404"),
			ResponseHeaders: &map[string]*string{"access-control-allow-origin": jsii.String("'https://old.example.com'"), "Vary": jsii.String("'Accept'"), "X-Own": jsii.String("'1'")},
		})
		api.AddGatewayResponse(jsii.String("D4"), &awsapigateway.GatewayResponseOptions{
			Type: awsapigateway.ResponseType_DEFAULT_4XX(), ResponseHeaders: &map[string]*string{"Access-Control-Allow-Origin": jsii.String("'*'")},
		})
		corsapi.Enable(api, p, nil)
		add(api.Root(), "orders", "GET", proxy(s, "Fn"))
		add(api.Root(), "health", "GET", awsapigateway.NewMockIntegration(&awsapigateway.IntegrationOptions{
			RequestTemplates: &map[string]*string{"application/json": jsii.String(`{"statusCode": 200}`)},
			IntegrationResponses: &[]*awsapigateway.IntegrationResponse{{StatusCode: jsii.String("200"), ResponseParameters: &map[string]*string{
				"method.response.header.Access-Control-Allow-Origin": jsii.String("'*'"),
				"method.response.header.vary":                        jsii.String("'Accept-Encoding'"),
				"method.response.header.X-Own":                       jsii.String("'1'"),
			}}},
		}), &awsapigateway.MethodOptions{MethodResponses: &[]*awsapigateway.MethodResponse{{StatusCode: jsii.String("200"), ResponseParameters: &map[string]*bool{
			"method.response.header.Access-Control-Allow-Origin": jsii.Bool(true),
			"method.response.header.vary":                        jsii.Bool(true),
			"method.response.header.X-Own":                       jsii.Bool(true),
		}}}})
	}},
	{"lambda-rest-api", two, func(s awscdk.Stack, p *cors.Policy) {
		api := awsapigateway.NewLambdaRestApi(s, jsii.String("Api"), &awsapigateway.LambdaRestApiProps{Handler: emitter(s, "Fn")})
		corsapi.Enable(api, p, nil)
	}},
	{"non-proxy", credentialed, nonProxy},
	{"non-proxy-one-origin", one, nonProxy},
	{"non-proxy-any-origin", anyOrigin, nonProxy},
	{"echo-origin", credentialed, func(s awscdk.Stack, p *cors.Policy) {
		api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p, GatewayErrors: corsapi.EchoOrigin})
		add(api.Root(), "orders", "GET", proxy(s, "Fn"))
	}},
	{"token-origin", func(t testing.TB) *cors.Policy { return nil }, func(s awscdk.Stack, _ *cors.Policy) {
		site := awscdk.NewCfnParameter(s, jsii.String("SiteDomain"), nil)
		p, err := cors.New(cors.Config{Origins: []string{"https://" + *site.ValueAsString()}})
		if err != nil {
			panic(err)
		}
		api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p})
		add(api.Root(), "health", "GET", mock())
	}},
	{"openapi", guarded, shopSpec("testdata/shop.openapi.yaml")},
	{"cloudformation-level", two, func(s awscdk.Stack, p *cors.Policy) {
		api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p, RestApiProps: awsapigateway.RestApiProps{Deploy: jsii.Bool(false)}})
		r := awsapigateway.NewCfnResource(s, jsii.String("R"), &awsapigateway.CfnResourceProps{RestApiId: api.RestApiId(), ParentId: api.RestApiRootResourceId(), PathPart: jsii.String("orders")})
		awsapigateway.NewCfnMethod(s, jsii.String("M"), &awsapigateway.CfnMethodProps{RestApiId: api.RestApiId(), ResourceId: r.Ref(), HttpMethod: jsii.String("PUT"), AuthorizationType: jsii.String("AWS_IAM"),
			Integration: &awsapigateway.CfnMethod_IntegrationProperty{Type: jsii.String("AWS_PROXY"), IntegrationHttpMethod: jsii.String("POST"),
				Uri: jsii.String("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + *emitter(s, "Fn").FunctionArn() + "/invocations")}})
		awsapigateway.NewCfnGatewayResponse(s, jsii.String("G"), &awsapigateway.CfnGatewayResponseProps{RestApiId: api.RestApiId(), ResponseType: jsii.String("THROTTLED")})
		add(api.Root(), "native", "GET", mock())
		awsapigateway.NewCfnDeployment(s, jsii.String("Loose"), &awsapigateway.CfnDeploymentProps{RestApiId: api.RestApiId(), StageName: jsii.String("loose")})
		awsapigateway.NewCfnMethod(s, jsii.String("M2"), &awsapigateway.CfnMethodProps{RestApiId: api.RestApiId(), ResourceId: r.AttrResourceId(), HttpMethod: jsii.String("GET"), AuthorizationType: jsii.String("NONE"),
			Integration: &awsapigateway.CfnMethod_IntegrationProperty{Type: jsii.String("MOCK"), RequestTemplates: &map[string]*string{"application/json": jsii.String(`{"statusCode": 200}`)},
				IntegrationResponses: &[]any{&awsapigateway.CfnMethod_IntegrationResponseProperty{StatusCode: jsii.String("200")}}}})
		awsapigateway.NewStage(s, jsii.String("St"), &awsapigateway.StageProps{StageName: jsii.String("live"), Deployment: awsapigateway.NewDeployment(s, jsii.String("D"), &awsapigateway.DeploymentProps{Api: api})})
	}},
}

func one(t testing.TB) *cors.Policy {
	return policy(t, cors.Config{Origins: []string{"https://app.example.com"}, AllowCredentials: true, ExposedHeaders: []string{"etag"}})
}

func anyOrigin(t testing.TB) *cors.Policy {
	return policy(t, cors.Config{Origins: []string{"*"}, RequestHeaders: []string{"*", "authorization"}, ExposedHeaders: []string{"*"}})
}

func credentialed(t testing.TB) *cors.Policy {
	return policy(t, cors.Config{Origins: []string{"https://app.example.com", "https://b.example.com"}, AllowCredentials: true, ExposedHeaders: []string{"etag"}})
}

// emitter is a function that emits by itself.
func emitter(s awscdk.Stack, id string) awslambda.Function {
	fn := awslambda.NewFunction(s, jsii.String(id), &awslambda.FunctionProps{
		Runtime: awslambda.Runtime_NODEJS_22_X(), Handler: jsii.String("index.handler"), Code: awslambda.Code_FromInline(jsii.String("exports.handler = async () => ({ headers: { 'Access-Control-Allow-Origin': 'https://app.example.com' } })")),
	})
	corsfunction.Emits(fn)
	return fn
}

func proxy(s awscdk.Stack, id string) awsapigateway.LambdaIntegration {
	return awsapigateway.NewLambdaIntegration(emitter(s, id), nil)
}

func mock() awsapigateway.MockIntegration {
	return awsapigateway.NewMockIntegration(&awsapigateway.IntegrationOptions{
		RequestTemplates:     &map[string]*string{"application/json": jsii.String(`{"statusCode": 200}`)},
		IntegrationResponses: &[]*awsapigateway.IntegrationResponse{{StatusCode: jsii.String("200")}},
	})
}

func add(parent awsapigateway.IResource, part, verb string, in awsapigateway.Integration, options ...*awsapigateway.MethodOptions) awsapigateway.Resource {
	r := parent.AddResource(jsii.String(part), nil)
	var o *awsapigateway.MethodOptions
	if len(options) > 0 {
		o = options[0]
	}
	r.AddMethod(jsii.String(verb), in, o)
	return r
}

// iamOnly lets one account in.
func iamOnly() awsiam.PolicyDocument {
	return awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &[]awsiam.PolicyStatement{
		awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Principals: &[]awsiam.IPrincipal{awsiam.NewArnPrincipal(jsii.String("arn:aws:iam::111122223333:root"))},
			Actions:    jsii.Strings("execute-api:Invoke"), Resources: jsii.Strings("execute-api:/*"),
		}),
	}})
}

func noPolicy() awsiam.PolicyDocument { return nil }

func endpoint(kind awsapigateway.EndpointType, document func() awsiam.PolicyDocument) func(awscdk.Stack, *cors.Policy) {
	return func(s awscdk.Stack, p *cors.Policy) {
		api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p, RestApiProps: awsapigateway.RestApiProps{
			EndpointTypes: &[]awsapigateway.EndpointType{kind}, Policy: document(),
		}})
		add(api.Root(), "orders", "GET", proxy(s, "Fn"))
	}
}

// nonProxy has one method of each kind that API Gateway maps.
func nonProxy(s awscdk.Stack, p *cors.Policy) {
	api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p})
	responses := &[]*awsapigateway.IntegrationResponse{
		{StatusCode: jsii.String("200")},
		{StatusCode: jsii.String("404"), SelectionPattern: jsii.String("404"), ResponseTemplates: &map[string]*string{"application/json": jsii.String(`{"message": "no"}`)}},
		{StatusCode: jsii.String("500"), SelectionPattern: jsii.String(`5\d\d`), ResponseTemplates: &map[string]*string{"application/xml": jsii.String("<no/>"), "application/json": jsii.String("$input.json('$')")}},
	}
	add(api.Root(), "http", "GET", awsapigateway.NewHttpIntegration(jsii.String("https://backend.example.net/"), &awsapigateway.HttpIntegrationProps{
		Proxy: jsii.Bool(false), Options: &awsapigateway.IntegrationOptions{IntegrationResponses: responses},
	}), &awsapigateway.MethodOptions{MethodResponses: &[]*awsapigateway.MethodResponse{{StatusCode: jsii.String("200")}, {StatusCode: jsii.String("418")}}})
	add(api.Root(), "lambda", "POST", awsapigateway.NewLambdaIntegration(emitter(s, "Fn"), &awsapigateway.LambdaIntegrationOptions{
		Proxy: jsii.Bool(false), IntegrationResponses: responses,
	}))
	add(api.Root(), "mock", "PUT", mock())
}

func TestSnapshots(t *testing.T) {
	for _, sm := range samples {
		t.Run(sm.name, func(t *testing.T) {
			p := sm.policy(t)
			s := synthesize(t, nil, func(app awscdk.App) {
				sm.build(awscdk.NewStack(app, jsii.String("Stack"), nil), p)
			})
			golden(t, sm.name, project(s.templates["Stack"], p)+remarks(s))
			checkTemplate(t, sm.name, s.files["Stack"])
			if sm.name != "token-origin" && strings.Contains(string(s.files["Stack"]), "${Token[") {
				t.Error("the template holds an unresolved token")
			}
		})
	}
	t.Run("catalog", func(t *testing.T) {
		s, p := catalog(t, "https://app.example.com", "https://*.preview.example.com", "http://localhost:*")
		golden(t, "catalog", project(s.templates["CatalogStack"], p)+remarks(s))
		checkTemplate(t, "catalog", s.files["CatalogStack"])
	})
}

// catalog synthesizes the example.
func catalog(t *testing.T, origins ...string) (synthesis, *cors.Policy) {
	t.Helper()
	list := make([]any, len(origins))
	for i, o := range origins {
		list[i] = o
	}
	var p *cors.Policy
	context := catalogContext(t)
	context[stack.ContextKey] = list
	s := synthesize(t, context, func(app awscdk.App) {
		var err error
		if p, err = stack.Policy(app); err != nil {
			t.Fatal(err)
		}
		stack.New(app, "CatalogStack", p)
	})
	return s, p
}

// catalogContext returns the context of cdk.json.
func catalogContext(t *testing.T) map[string]any {
	t.Helper()
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "cdk.json"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct{ Context map[string]any }
	if err := json.Unmarshal(b, &config); err != nil {
		t.Fatal(err)
	}
	return config.Context
}

// The example has the feature flags that `cdk init` gives a new app: those that the CDK of go.mod recommends.
func TestFeatureFlags(t *testing.T) {
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-cdk-go/awscdk/v2")
	cmd.Env = append(os.Environ(), "GOFLAGS=") // another go.mod may be named there
	dir, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "jsii", "aws-cdk-lib-*.tgz"))
	if err != nil || len(packages) != 1 {
		t.Fatalf("packages of the CDK: %v, %v", packages, err)
	}
	f, err := os.Open(packages[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			t.Fatalf("no recommended-feature-flags.json in %s: %v", packages[0], err)
		}
		if h.Name == "package/recommended-feature-flags.json" {
			if err := json.NewDecoder(r).Decode(&want); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	got := catalogContext(t)
	delete(got, stack.ContextKey)
	if len(want) < 80 || !reflect.DeepEqual(got, want) {
		for flag := range want {
			if !reflect.DeepEqual(got[flag], want[flag]) {
				t.Errorf("cdk.json has %s: %v, want %v", flag, got[flag], want[flag])
			}
		}
		t.Errorf("cdk.json has %d flags, the CDK recommends %d", len(got), len(want))
	}
}

func remarks(s synthesis) string {
	if len(s.annotations) == 0 {
		return ""
	}
	return strings.Join(s.annotations, "\n") + "\n"
}

// golden compares with testdata/NAME.golden, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./test/synth -update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what is kept (go test ./test/synth -update writes it anew)\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}
