package diff

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// whole is an API that has every property that the model reads. What a template decides by them is made so that each matters to
// some page.
const whole = `{"Parameters": {"P": {"Type": "String"}, "Q": {"Type": "String"}}, "Resources": {
"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "a", "ApiKeySourceType": "HEADER", "BinaryMediaTypes": ["image/png"], "DisableExecuteApiEndpoint": false,
  "Policy": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}]}}},
"Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "v1", "Variables": {"page": "https://app.example.com"}}},
"Items": {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "items"}},
"Authorizer": {"Type": "AWS::ApiGateway::Authorizer", "Properties": {"RestApiId": {"Ref": "Api"}, "Type": "REQUEST", "IdentitySource": "method.request.header.authorization", "AuthorizerUri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:111111111111:function:f/invocations"}},
"Validator": {"Type": "AWS::ApiGateway::RequestValidator", "Properties": {"RestApiId": {"Ref": "Api"}, "ValidateRequestParameters": true, "ValidateRequestBody": false}},
"Errors": {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": {"RestApiId": {"Ref": "Api"}, "ResponseType": "DEFAULT_4XX", "StatusCode": "400", "ResponseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'https://app.example.com'"}, "ResponseTemplates": {"application/json": "{}"}}},
"Get": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "Items"}, "HttpMethod": "GET", "AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": "Authorizer"}, "ApiKeyRequired": true,
  "RequestValidatorId": {"Ref": "Validator"}, "RequestParameters": {"method.request.header.x-need": false},
  "MethodResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": true, "method.response.header.Access-Control-Expose-Headers": true, "method.response.header.Access-Control-Allow-Credentials": true, "method.response.header.Vary": true}}],
  "Integration": {"Type": "MOCK", "PassthroughBehavior": "NEVER", "RequestTemplates": {"application/json": "{\"statusCode\": 200}"}, "IntegrationResponses": [
    {"StatusCode": "200", "SelectionPattern": "2..", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": "stageVariables.page", "method.response.header.Access-Control-Expose-Headers": "'x-a'", "method.response.header.Access-Control-Allow-Credentials": "'true'", "method.response.header.Vary": "'Origin'"}, "ResponseTemplates": {"application/json": "{}"}}]}}},
"Options": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "Items"}, "HttpMethod": "OPTIONS", "AuthorizationType": "NONE",
  "MethodResponses": [{"StatusCode": "204", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": true, "method.response.header.Access-Control-Allow-Headers": true, "method.response.header.Access-Control-Allow-Credentials": true, "method.response.header.Access-Control-Max-Age": true}}],
  "Integration": {"Type": "MOCK", "RequestTemplates": {"application/json": "#set($context.responseOverride.header.Access-Control-Allow-Origin = $input.params().header.get('origin')){\"statusCode\": 204}"}, "IntegrationResponses": [
    {"StatusCode": "204", "ResponseParameters": {"method.response.header.Access-Control-Allow-Headers": "'authorization,x-api-key,content-type,x-need'", "method.response.header.Access-Control-Allow-Credentials": "'true'", "method.response.header.Access-Control-Max-Age": "'600'"}}]}}}
}}`

// No change of a property that the model reads is passed over: it is told, or said not to be compared, or it makes no
// difference to any page.
func TestEachProperty(t *testing.T) {
	template := func(edit string) []byte {
		var doc map[string]any
		if err := json.Unmarshal([]byte(whole), &doc); err != nil {
			t.Fatal(err)
		}
		path, value, _ := strings.Cut(edit, " = ")
		if edit != "" {
			set(t, doc["Resources"], strings.Split(path, " > "), value)
		}
		out, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	deny := `{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}]}`
	const get, options = "Get > Properties > ", "Options > Properties > "
	const response = get + "Integration > IntegrationResponses > 0 > "
	const preflight = options + "Integration > IntegrationResponses > 0 > "
	for _, edit := range []string{
		`Api > Properties > ApiKeySourceType = "AUTHORIZER"`,
		`Api > Properties > ApiKeySourceType = {"Ref": "P"}`,
		`Api > Properties > BinaryMediaTypes = ["*/*"]`,
		`Api > Properties > BinaryMediaTypes = [{"Ref": "P"}]`,
		`Api > Properties > DisableExecuteApiEndpoint = true`,
		`Api > Properties > Policy = ` + deny,
		`Api > Properties > Policy = {"Ref": "P"}`,
		`Api > Properties > Body = {"Ref": "P"}`,
		`Api > Properties > BodyS3Location = {"Bucket": "b"}`,
		`Stage > Properties > Variables > page = "https://b.example.com"`,
		`Stage > Properties > Variables > page = {"Ref": "P"}`,
		`Stage > Properties > Variables = {}`,
		`Stage > Properties > Variables = {"Ref": "P"}`,
		`Items > Properties > PathPart = "other"`,
		`Items > Properties > PathPart = {"Ref": "P"}`,
		`Items > Properties > ParentId = {"Ref": "P"}`,
		`Authorizer > Properties > IdentitySource = "method.request.header.x-token"`,
		`Authorizer > Properties > IdentitySource = {"Ref": "P"}`,
		`Authorizer > Properties > Type = {"Ref": "P"}`,
		`Errors > Properties > ResponseType = "DEFAULT_5XX"`,
		`Errors > Properties > ResponseType = {"Ref": "P"}`,
		`Errors > Properties > ResponseParameters = {}`,
		`Errors > Properties > ResponseParameters = {"Ref": "P"}`,
		`Errors > Properties > ResponseParameters > gatewayresponse.header.Access-Control-Allow-Origin = {"Ref": "P"}`,
		`Errors > Properties > ResponseParameters > gatewayresponse.header.Access-Control-Allow-Origin = "'*'"`,
		`Validator > Properties > ValidateRequestParameters = {"Ref": "P"}`,
		get + `HttpMethod = "PUT"`,
		get + `HttpMethod = {"Ref": "P"}`,
		get + `AuthorizationType = "NONE"`,
		get + `AuthorizationType = "AWS_IAM"`,
		get + `AuthorizationType = {"Ref": "P"}`,
		get + `AuthorizerId = {"Ref": "P"}`,
		get + `ApiKeyRequired = false`,
		get + `ApiKeyRequired = {"Ref": "P"}`,
		get + `RequestValidatorId = {"Ref": "P"}`,
		get + `RequestParameters > method.request.header.x-need = true`,
		get + `RequestParameters > method.request.header.x-need = {"Ref": "P"}`,
		get + `MethodResponses = []`,
		get + `MethodResponses > 0 > StatusCode = "201"`,
		get + `MethodResponses > 0 > StatusCode = {"Ref": "P"}`,
		get + `MethodResponses > 0 > ResponseParameters = {}`,
		get + `Integration > Type = "HTTP_PROXY"`,
		get + `Integration > Type = {"Ref": "P"}`,
		get + `Integration > PassthroughBehavior = {"Ref": "P"}`,
		get + `Integration > ContentHandling = {"Ref": "P"}`,
		get + `Integration > RequestTemplates = {}`,
		get + `Integration > RequestTemplates > application/json = {"Ref": "P"}`,
		get + `Integration > RequestTemplates > application/json = {"Fn::Sub": "{\"statusCode\": ${P}}"}`,
		get + `Integration > RequestTemplates > application/json = {"Fn::Sub": "#if('${P}' == 'a' && '${Q}' == 'b'){\"statusCode\": 500}#else{\"statusCode\": 200}#end"}`,
		get + `Integration > RequestTemplates > application/json = {"Fn::Sub": "#set($p = '${P}')#if($p.startsWith('a')){\"statusCode\": 500}#else{\"statusCode\": 200}#end"}`,
		get + `Integration > RequestTemplates > application/json = "{\"statusCode\": 400}"`,
		response + `StatusCode = "201"`,
		response + `StatusCode = {"Ref": "P"}`,
		response + `SelectionPattern = "3.."`,
		response + `SelectionPattern = {"Ref": "P"}`,
		response + `ContentHandling = {"Ref": "P"}`,
		response + `ResponseParameters > method.response.header.Access-Control-Allow-Origin = {"Fn::Sub": "'https://${P}.example.com'"}`,
		response + `ResponseParameters > method.response.header.Access-Control-Allow-Credentials = {"Fn::Sub": "'${P}'"}`,
		response + `ResponseParameters > method.response.header.Access-Control-Allow-Credentials = "'false'"`,
		response + `ResponseParameters > method.response.header.Access-Control-Expose-Headers = "'x-b'"`,
		response + `ResponseParameters > method.response.header.Access-Control-Expose-Headers = {"Fn::Sub": "'${P}'"}`,
		response + `ResponseTemplates > application/json = "#set($context.responseOverride.header.Access-Control-Allow-Origin = \"https://b.example.com\")"`,
		response + `ResponseTemplates > application/json = {"Fn::Sub": "#set($context.responseOverride.header.${P} = \"https://b.example.com\")"}`,
		response + `ResponseTemplates > application/json = {"Ref": "P"}`,
		preflight + `ResponseParameters > method.response.header.Access-Control-Allow-Headers = "'authorization'"`,
		preflight + `ResponseParameters > method.response.header.Access-Control-Allow-Headers = {"Fn::Sub": "'authorization,x-api-key,${P}Id'"}`,
		preflight + `ResponseParameters > method.response.header.Access-Control-Max-Age = "'60'"`,
		preflight + `ResponseParameters > method.response.header.Access-Control-Max-Age = {"Fn::Sub": "'${P}'"}`,
		options + `AuthorizationType = "AWS_IAM"`,
		options + `ApiKeyRequired = true`,
	} {
		t.Run(edit, func(t *testing.T) {
			if told(t, template(""), template(edit)) == "" {
				t.Error("nothing is told")
			}
			if strings.Contains(edit, `"P"`) || strings.Contains(edit, "${P}") {
				// Another value that is not known is another API.
				if told(t, template(edit), template(strings.NewReplacer(`"P"`, `"Q"`, "${P}", "${Q}").Replace(edit))) == "" {
					t.Error("nothing is told of another value that is not known")
				}
			}
		})
	}
	// What decides nothing for pages is said to change nothing.
	for _, edit := range []string{
		`Api > Properties > Name = "b"`,
		`Api > Properties > Policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}`,
		`Errors > Properties > StatusCode = "403"`,
		`Errors > Properties > ResponseTemplates > application/json = "{\"a\": 1}"`,
		get + `OperationName = "x"`,
		get + `Integration > RequestTemplates > application/json = "{\"statusCode\": 202}"`,
		response + `ResponseTemplates > application/json = "[]"`,
		get + `RequestModels = {"application/json": {"Ref": "P"}}`, // since bodies are not validated
	} {
		t.Run("the same: "+edit, func(t *testing.T) {
			if got := told(t, template(""), template(edit)); got != "" {
				t.Errorf("told: %s", got)
			}
		})
	}
}

// told says what is told of two templates, empty if that is that nothing changes.
func told(t *testing.T, old, now []byte) string {
	t.Helper()
	var apps [2]*cfn.App
	for i, text := range [][]byte{old, now} {
		app, err := cfn.Parse("t.json", text, cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		apps[i] = app
	}
	results, err := Apps(t.Context(), apps[0], apps[1], Options{})
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	if slices.ContainsFunc(results, func(r Result) bool { return !r.Empty() || len(r.NotCompared) > 0 }) {
		if err := Text(&b, results, Found{}); err != nil {
			t.Fatal(err)
		}
		if text := unwrapped(b.String()); strings.Contains(text, ".deployed.invalid") || strings.Contains(text, "a value that is not known") {
			t.Errorf("a stand-in is printed:\n%s", text)
		}
	}
	return unwrapped(b.String())
}

// set puts a value in its place, which is written in JSON.
func set(t *testing.T, in any, path []string, value string) {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		t.Fatal(err)
	}
	for i, name := range path {
		last := i == len(path)-1
		switch at := in.(type) {
		case map[string]any:
			if last {
				at[name] = v
			}
			in = at[name]
		case []any:
			var n int
			if _, err := fmt.Sscan(name, &n); err != nil {
				t.Fatal(err)
			}
			in = at[n]
		default:
			t.Fatalf("%s: there is no such place", strings.Join(path, " > "))
		}
	}
}
