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

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/apps/catalog/stack"
)

// TestTemplates keeps templates for the tests that have no CDK: the catalog's, and what the CDK's own
// DefaultCorsPreflightOptions gives with one, three and every origin. Only what decides how the API answers is kept.
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
		plain(app, "cdk-one-origin", "https://app.example.com")
		plain(app, "cdk-three-origins", "https://app.example.com", "https://admin.example.com", "http://localhost:3000")
		plain(app, "cdk-any-origin", "*")
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

// trimmed gives the part of a template that decides how the API answers, as JSON.
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
	if err := enc.Encode(map[string]any{"Resources": resources}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
