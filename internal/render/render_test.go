package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/testkit/faults"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

// several is the policy of the committed output of the Serverless Framework, too.
var several = cors.Config{
	Origins:          []string{"https://app.example.com", "https://*.preview.example.com:*"},
	RequestHeaders:   []string{"content-type", "authorization", "x-amz-date", "x-amz-security-token"},
	AllowCredentials: true,
}

var policies = map[string]cors.Config{
	"several": several,
	"one":     {Origins: []string{"https://app.example.com"}, ExposedHeaders: []string{"ETag"}, MaxAge: time.Hour},
	"any":     {Origins: []string{"*"}, RequestHeaders: []string{"*"}},
	"local":   {Origins: []string{"http://localhost:*", "https://app.example.com:8443", "http://192.168.0.1"}},
}

var origins = []string{
	"https://app.example.com", "https://app.example.com:8443", "https://app.example.com.evil.example", "https://appxexample.com", "http://app.example.com",
	"https://a.preview.example.com", "https://a.b.preview.example.com:99", "https://preview.example.com", "https://a..preview.example.com",
	"https://a.preview.example.com:0", "http://localhost:3000", "http://localhost", "http://192.168.0.1", "null", "https://evil.example",
}

// The templates that the fragments are put into: one route with a function, behind an authorizer.
const (
	plain = `Resources:
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: a}}
  Items: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: items}}
  ItemsPut:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Api, ResourceId: !Ref Items, HttpMethod: PUT, AuthorizationType: AWS_IAM, Integration: {Type: AWS_PROXY, IntegrationHttpMethod: POST, Uri: "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:111122223333:function:f/invocations"}}
  Deployment: {Type: AWS::ApiGateway::Deployment, DependsOn: [ItemsPut, ItemsOptions], Properties: {RestApiId: !Ref Api}}
  Stage: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: prod}}
`
	serverless = `Transform: AWS::Serverless-2016-10-31
Resources:
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: prod, Auth: {DefaultAuthorizer: AWS_IAM, ApiKeyRequired: true}}}
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: "exports.handler = async () => ({statusCode: 200})"
      Events: {Put: {Type: Api, Properties: {Path: /items, Method: put, RestApiId: !Ref Api}}}
`
	document = `openapi: 3.0.1
info: {title: a, version: "1"}
security: [{sigv4: []}]
components: {securitySchemes: {sigv4: {type: apiKey, name: Authorization, in: header, x-amazon-apigateway-authtype: awsSigv4}}}
paths:
  /items:
    put:
      responses: {}
      x-amazon-apigateway-integration: {type: AWS_PROXY, httpMethod: POST, uri: "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:111122223333:function:f/invocations"}
`
)

// TestForms puts what is rendered into templates and compares what the API then does for pages with the policy.
func TestForms(t *testing.T) {
	for name, config := range policies {
		for _, inline := range []bool{false, true} {
			for _, form := range []Form{CloudFormation, SAM, OpenAPI, Terraform} {
				t.Run(fmt.Sprintf("%s/%s/%t", form, name, inline), func(t *testing.T) {
					p := cors.Must(config)
					text, err := Render(form, p, Options{Path: "/items", Methods: []string{"PUT"}, API: "Api", Resource: "Items", Stage: "Stage", Inline: inline})
					if err != nil {
						t.Fatal(err)
					}
					if has := strings.Contains(text, "corsOrigins: "); has != (!inline && name != "any" && form != OpenAPI && form != Terraform) {
						t.Errorf("the stage's variables: %t", has)
					}
					judge(t, p, template(t, form, text, p))
				})
			}
		}
	}
}

// template is the fragment in a template.
func template(t *testing.T, form Form, fragment string, p *cors.Policy) []byte {
	var out any
	switch form {
	case CloudFormation:
		out = faults.Merge(read(t, plain), read(t, fragment))
	case SAM:
		out = faults.Merge(read(t, serverless), read(t, fragment))
	case Terraform:
		out = faults.Merge(read(t, plain), map[string]any{"Resources": ofTerraform(t, fragment)})
	case OpenAPI:
		body := faults.Merge(read(t, document), read(t, fragment))
		out = map[string]any{"Resources": map[string]any{
			"Api":        map[string]any{"Type": "AWS::ApiGateway::RestApi", "Properties": map[string]any{"Body": body}},
			"Deployment": map[string]any{"Type": "AWS::ApiGateway::Deployment", "Properties": map[string]any{"RestApiId": map[string]any{"Ref": "Api"}}},
			"Stage": map[string]any{"Type": "AWS::ApiGateway::Stage", "Properties": map[string]any{
				"RestApiId": map[string]any{"Ref": "Api"}, "DeploymentId": map[string]any{"Ref": "Deployment"}, "StageName": "prod", "Variables": variablesOf(fragment)}},
		}}
	}
	b, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// variablesOf are the stage's variables that the notes of a fragment name.
func variablesOf(fragment string) map[string]any {
	out := map[string]any{}
	for _, m := range regexp.MustCompile(`(?m)^# +(cors\w+)=(.*)$`).FindAllStringSubmatch(fragment, -1) {
		out[m[1]] = m[2]
	}
	return out
}

func read(t *testing.T, text string) any {
	t.Helper()
	v, err := cfn.ReadText("fragment.yaml", []byte(text), func(cfn.Place) {})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return v
}

// judge asks for pages of each origin whether they may send a request, and whether they can read the gateway's own errors.
func judge(t *testing.T, p *cors.Policy, template []byte) {
	t.Helper()
	j, err := simulate.NewJudge(model.App(t, template), gateway.Options{}, simulate.NotRun)
	if err != nil {
		t.Fatal(err)
	}
	for _, origin := range origins {
		call := browser.Call{Method: "PUT", URL: "/items", Origin: origin}
		if p.Credentials() {
			call.Credentials = browser.Include
		}
		if p.RequestHeaders() != "" {
			call.Header = browser.Header{{Name: "Content-Type", Value: "application/json"}}
		}
		r, err := j.Ask(t.Context(), call)
		if err != nil {
			t.Fatal(err)
		}
		want := p.Match(origin)
		if v := r.Preflight.Verdict; !r.Preflight.Needed || v.Allowed != want || r.Preflight.Response == nil {
			t.Errorf("%s: allowed %t, want %t: %s\n%s", origin, v.Allowed, want, v.Message, template)
		}
		if r.Preflight.Response != nil && r.Preflight.Response.Headers.Get("Vary") != "Origin" {
			t.Errorf("%s: Vary %q", origin, r.Preflight.Response.Headers.Get("Vary"))
		}
		if !want {
			continue
		}
		// Nobody signed the request: API Gateway responds with an error of its own.
		if got := r.Actual.Response; got == nil || got.Status != http.StatusForbidden || got.Headers.Get("Access-Control-Allow-Origin") == "" {
			t.Errorf("%s: the error is %+v", origin, got)
		}
	}
}

// TestServerless holds that testdata/serverless-3.40.0.json, which Serverless Framework 3.40.0 made with `serverless
// package`, is of what is rendered now, and judges it.
func TestServerless(t *testing.T) {
	text, err := Render(Serverless, cors.Must(several), Options{Path: "/items", Methods: []string{"PUT"}, API: "api", Resource: "items", Stage: "prod"})
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("testdata/serverless-3.40.0.yml")
	if err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile("testdata/serverless-3.40.0.json")
	if err != nil {
		t.Fatal(err)
	}
	type config struct {
		Functions map[string]struct{ Events []any }
		Resources any
	}
	var in, now config
	if err := yaml.Unmarshal(source, &in); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(text), &now); err != nil {
		t.Fatal(err)
	}
	if events := in.Functions["items"].Events; !reflect.DeepEqual(events[len(events)-1:], now.Functions["items"].Events) || !reflect.DeepEqual(in.Resources, now.Resources) {
		t.Errorf("testdata/serverless-3.40.0.yml has not what is rendered:\n%s", text)
	}
	judge(t, cors.Must(several), made)
}

// ofTerraform reads the resources of what is rendered for Terraform as those of CloudFormation.
func ofTerraform(t *testing.T, text string) map[string]any {
	t.Helper()
	block := regexp.MustCompile(`(?ms)^resource "(\w+)" "(\w+)" \{\n(.*?)^\}\n`)
	integration, method, out := map[string]any{}, map[string]any{}, map[string]any{}
	var responses, declared []any
	for _, m := range block.FindAllStringSubmatch(text, -1) {
		a := arguments(t, m[3])
		switch m[1] {
		case "aws_api_gateway_method":
			method = map[string]any{"RestApiId": map[string]any{"Ref": "Api"}, "ResourceId": map[string]any{"Ref": "Items"},
				"HttpMethod": a["http_method"], "AuthorizationType": a["authorization"], "ApiKeyRequired": a["api_key_required"]}
		case "aws_api_gateway_integration":
			integration = map[string]any{"Type": a["type"], "PassthroughBehavior": a["passthrough_behavior"], "ContentHandling": a["content_handling"], "RequestTemplates": a["request_templates"]}
		case "aws_api_gateway_method_response":
			declared = append(declared, map[string]any{"StatusCode": a["status_code"], "ResponseParameters": a["response_parameters"]})
		case "aws_api_gateway_integration_response":
			status := regexp.MustCompile(`_(\d+)\.status_code$`).FindStringSubmatch(a["status_code"].(string))
			one := map[string]any{"StatusCode": status[1], "ContentHandling": a["content_handling"], "ResponseParameters": a["response_parameters"]}
			if a["selection_pattern"] != nil {
				one["SelectionPattern"] = a["selection_pattern"]
			}
			responses = append(responses, one)
		case "aws_api_gateway_gateway_response":
			out[strings.ReplaceAll(m[2], "_", "")] = map[string]any{"Type": "AWS::ApiGateway::GatewayResponse", "Properties": map[string]any{
				"RestApiId": map[string]any{"Ref": "Api"}, "ResponseType": a["response_type"], "ResponseParameters": a["response_parameters"]}}
		default:
			t.Fatalf("a resource %s", m[1])
		}
	}
	integration["IntegrationResponses"] = responses
	method["Integration"], method["MethodResponses"] = integration, declared
	out["ItemsOptions"] = map[string]any{"Type": "AWS::ApiGateway::Method", "Properties": method}
	// The stage's variables are a comment.
	if _, comment, ok := strings.Cut(text, "# In the resource of the stage:\n"); ok {
		a := arguments(t, regexp.MustCompile(`(?m)^#   `).ReplaceAllString(comment, ""))
		out["Stage"] = map[string]any{"Properties": map[string]any{"Variables": a["variables"]}}
	}
	return out
}

// arguments reads what this package writes of Terraform's language, and no more.
func arguments(t *testing.T, text string) map[string]any {
	t.Helper()
	out := map[string]any{}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	unescape := strings.NewReplacer("$${", "${", "%%{", "%{").Replace
	for i := 0; i < len(lines); i++ {
		name, value, ok := strings.Cut(strings.TrimSpace(lines[i]), "=")
		if !ok {
			t.Fatalf("no argument: %q in\n%s", lines[i], text)
		}
		name, value = strings.Trim(strings.TrimSpace(name), `"`), strings.TrimSpace(value)
		indent := lines[i][:len(lines[i])-len(strings.TrimLeft(lines[i], " "))]
		switch {
		case value == "{" || value == "<<-EOT":
			end := map[string]string{"{": "}", "<<-EOT": "EOT"}[value]
			var inner []string
			for i++; lines[i] != indent+end; i++ {
				inner = append(inner, strings.TrimPrefix(lines[i], indent+"  "))
			}
			if body := strings.Join(inner, "\n"); value == "{" {
				out[name] = arguments(t, body)
			} else {
				out[name] = unescape(body)
			}
		case value == "true" || value == "false":
			out[name] = value == "true"
		case strings.HasPrefix(value, `"`):
			var s string
			if err := json.Unmarshal([]byte(value), &s); err != nil {
				t.Fatalf("%s: %v", value, err)
			}
			out[name] = unescape(s)
		default:
			out[name] = value
		}
	}
	return out
}

// TestNotes holds that the notes fit 80 columns and name what a function sends.
func TestNotes(t *testing.T) {
	config := several
	config.ExposedHeaders = []string{"etag"}
	text, err := Render(CloudFormation, cors.Must(config), Options{Path: "/items/{id}", Methods: []string{"GET", "PUT"}, API: "Api", Resource: "ItemsId", Stage: "Stage"})
	if err != nil {
		t.Fatal(err)
	}
	notes, _, _ := strings.Cut(text, "Resources:")
	for line := range strings.Lines(notes) {
		if len(strings.TrimRight(line, "\n")) > 80 || !strings.HasPrefix(line, "#") {
			t.Errorf("%q", line)
		}
	}
	for _, want := range []string{"/items/{id}", "GET, PUT", "https://*.preview.example.com:*", "Access-Control-Allow-Credentials: true", "Access-Control-Expose-Headers: etag", "Vary: Origin", "ItemsIdOptions"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes do not name %s:\n%s", want, notes)
		}
	}
	var root bytes.Buffer
	text, err = Render(CloudFormation, cors.Must(config), Options{Path: "/", Methods: []string{"GET"}, API: "Api", Resource: "Root", Stage: "Stage"})
	root.WriteString(text)
	if err != nil || !strings.Contains(root.String(), "ResourceId: !GetAtt Api.RootResourceId") {
		t.Errorf("%v\n%s", err, text)
	}
}

// TestTokens holds that an origin which only a deployment knows is not put into a regular expression.
func TestTokens(t *testing.T) {
	p := cors.Must(cors.Config{Origins: []string{"https://app.example.com", "https://${Token[TOKEN.7]}"}})
	for _, form := range []Form{CloudFormation, SAM, OpenAPI, Serverless, Terraform} {
		text, err := Render(form, p, Options{Path: "/items", Methods: []string{"GET"}, API: "Api", Resource: "Items", Stage: "Stage", Inline: true})
		if err == nil || text != "" {
			t.Errorf("%s: %q, %v", form, text, err)
		}
	}
}
