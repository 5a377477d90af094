package synth

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/apps/catalog/stack"
	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
)

// TestTemplates keeps templates for the tests that have no CDK: the catalog's, one with all that corsapi renders, one of an OpenAPI document, what the CDK's own
// DefaultCorsPreflightOptions gives with one, three and every origin, and what becomes of the second of these with corsgate. Only what decides how the API answers is kept.
func TestTemplates(t *testing.T) {
	t.Chdir("../..") // the entry of the catalog's function is relative to the module
	s := synthesize(t, map[string]any{
		stack.ContextKey:               []any{"https://app.example.com", "https://*.preview.example.com", "http://localhost:*"},
		"aws:cdk:enable-path-metadata": false,
	}, func(app awscdk.App) {
		policy, err := stack.Policy(app)
		if err != nil {
			t.Fatal(err)
		}
		stack.New(app, "catalog", policy)
		everything(app, "everything")
		shopSpec("test/synth/testdata/shop.openapi.yaml")(awscdk.NewStack(app, jsii.String("openapi"), nil), guarded(t))
		plain(app, "cdk-one-origin", "https://app.example.com")
		plain(app, "cdk-three-origins", "https://app.example.com", "https://admin.example.com", "http://localhost:3000")
		plain(app, "cdk-any-origin", "*")
		moved(app, "corsgate-three-origins", cors.Config{})
		moved(app, "corsgate-credentials", cors.Config{AllowCredentials: true})
	})
	for _, name := range slices.Sorted(maps.Keys(s.templates)) {
		got := trimmed(t, s.templates[name])
		file := filepath.Join("test", "templates", name+".template.json")
		if *update {
			if err := os.WriteFile(file, got, 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what is synthesized; run the test with -update and look at the difference", file)
		}
	}
}

// everything has each kind of method, each header and the choices that are not the default.
func everything(app awscdk.App, id string) {
	policy, err := cors.New(cors.Config{
		Origins: []string{"https://app.example.com", "https://*.preview.example.com"}, AllowCredentials: true, Methods: []string{"GET", "PUT", "DELETE"},
		RequestHeaders: []string{"content-type", "x-api-key"}, ExposedHeaders: []string{"x-request-id", "etag"}, MaxAge: time.Hour,
	})
	if err != nil {
		panic(err)
	}
	s := awscdk.NewStack(app, jsii.String(id), nil)
	api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: policy, GatewayErrors: corsapi.EchoOrigin, RestApiProps: awsapigateway.RestApiProps{
		BinaryMediaTypes: jsii.Strings("*/*"),
	}})
	orders := add(api.Root(), "orders", "ANY", proxy(s, "Fn"))
	add(orders, "{id}", "GET", awsapigateway.NewHttpIntegration(jsii.String("https://backend.example.net/"), &awsapigateway.HttpIntegrationProps{
		Proxy: jsii.Bool(false), Options: &awsapigateway.IntegrationOptions{IntegrationResponses: &[]*awsapigateway.IntegrationResponse{
			{StatusCode: jsii.String("200"), ResponseTemplates: &map[string]*string{"application/json": jsii.String(`{"found": true}`)}},
			{StatusCode: jsii.String("404"), SelectionPattern: jsii.String("4.."), ResponseTemplates: &map[string]*string{"application/json": jsii.String(`{"found": false}`)}},
		}},
	}))
	add(api.Root(), "mock", "PUT", mock())
}

// plain is an API of the CDK's own, with a function that knows nothing of CORS and a mock.
func plain(app awscdk.App, id string, origins ...string) {
	s := awscdk.NewStack(app, jsii.String(id), nil)
	api := awsapigateway.NewRestApi(s, jsii.String("Api"), &awsapigateway.RestApiProps{
		DefaultCorsPreflightOptions: &awsapigateway.CorsOptions{AllowOrigins: jsii.Strings(origins...)},
	})
	fn := awsapigateway.NewLambdaIntegration(awslambda.NewFunction(s, jsii.String("Fn"), &awslambda.FunctionProps{
		Runtime: awslambda.Runtime_NODEJS_22_X(), Handler: jsii.String("index.handler"),
		Code: awslambda.Code_FromInline(jsii.String(`exports.handler = async () => ({ statusCode: 200, body: "[]" });`)),
	}), nil)
	add(add(api.Root(), "items", "GET", fn), "{id}", "PUT", fn)
	add(api.Root(), "health", "GET", mock(), &awsapigateway.MethodOptions{
		MethodResponses: &[]*awsapigateway.MethodResponse{{StatusCode: jsii.String("200")}},
	})
}

// moved is plain's API with three origins after its move to corsgate.
func moved(app awscdk.App, id string, cfg cors.Config) {
	cfg.Origins, cfg.DangerouslyTolerateInsecureOrigins = []string{"https://app.example.com", "https://admin.example.com", "http://localhost:3000"}, true
	cfg.RequestHeaders = []string{"content-type", "authorization"}
	policy, err := cors.New(cfg)
	if err != nil {
		panic(err)
	}
	s := awscdk.NewStack(app, jsii.String(id), nil)
	api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: policy})
	fn := proxy(s, "Fn")
	add(add(api.Root(), "items", "GET", fn), "{id}", "PUT", fn)
	add(api.Root(), "health", "GET", mock())
}

// trimmed returns the part of a template that decides how the API answers, as JSON.
func trimmed(t *testing.T, template map[string]any) []byte {
	t.Helper()
	resources := map[string]any{}
	for id, v := range template["Resources"].(map[string]any) {
		r := v.(map[string]any)
		properties, _ := r["Properties"].(map[string]any)
		switch kind := r["Type"].(string); kind {
		case "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Resource", "AWS::ApiGateway::Method", "AWS::ApiGateway::GatewayResponse",
			"AWS::ApiGateway::Deployment", "AWS::ApiGateway::Stage":
		case "AWS::Lambda::Function":
			delete(properties, "Role")
			if code := properties["Code"].(map[string]any); code["ZipFile"] == nil {
				delete(properties, "Code") // its name is a hash of the program
			}
		case "AWS::Lambda::LayerVersion":
			delete(properties, "Content") // likewise
		default:
			continue
		}
		kept := map[string]any{"Type": r["Type"], "Properties": properties}
		metadata, _ := r["Metadata"].(map[string]any)
		maps.DeleteFunc(metadata, func(k string, _ any) bool { return !strings.HasPrefix(k, "corsgate:") })
		if len(metadata) > 0 {
			kept["Metadata"] = metadata
		}
		resources[id] = kept
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	out := map[string]any{"Resources": resources}
	if mappings, ok := template["Mappings"]; ok {
		out["Mappings"] = mappings
	}
	if err := enc.Encode(out); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
