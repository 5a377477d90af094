package field

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// whole is a template with all that API Gateway looks at, in which each property becomes unknown.
const whole = `{"Resources": {
  "Web": {"Type": "AWS::CloudFront::Distribution", "Properties": {}},
  "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "a", "ApiKeySourceType": "HEADER", "MinimumCompressionSize": 1, "BinaryMediaTypes": ["image/png"], "Policy": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]}}},
  "Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "prod", "Variables": {"own": "https://app.example.com", "corsOrigins": "https://app.example.com"}, "MethodSettings": [{"HttpMethod": "*", "ResourcePath": "/*", "CachingEnabled": true}]}},
  "Items": {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "items"}},
  "Auth": {"Type": "AWS::ApiGateway::Authorizer", "Properties": {"RestApiId": {"Ref": "Api"}, "Type": "TOKEN", "Name": "a", "IdentitySource": "method.request.header.Authorization", "AuthorizerUri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn/invocations"}},
  "Model": {"Type": "AWS::ApiGateway::Model", "Properties": {"RestApiId": {"Ref": "Api"}, "Name": "Item", "ContentType": "application/json", "Schema": {"type": "object"}}},
  "Validator": {"Type": "AWS::ApiGateway::RequestValidator", "Properties": {"RestApiId": {"Ref": "Api"}, "ValidateRequestBody": true, "ValidateRequestParameters": true}},
  "Options": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "Items"}, "HttpMethod": "OPTIONS", "AuthorizationType": "NONE",
    "Integration": {"Type": "MOCK", "ContentHandling": "CONVERT_TO_TEXT", "PassthroughBehavior": "NEVER", "RequestTemplates": {"application/json": "{\"statusCode\": 200}"},
      "IntegrationResponses": [{"StatusCode": "200", "SelectionPattern": "2..", "ResponseTemplates": {"application/json": "#set($context.responseOverride.header.Vary = 'Origin')"}, "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": "'https://app.example.com'", "method.response.header.Access-Control-Allow-Methods": "'GET,PUT'", "method.response.header.Access-Control-Allow-Headers": "'content-type'"}}]},
    "MethodResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": true, "method.response.header.Access-Control-Allow-Methods": true, "method.response.header.Access-Control-Allow-Headers": true}}]}},
  "Put": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "Items"}, "HttpMethod": "PUT", "AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": "Auth"}, "ApiKeyRequired": true, "RequestValidatorId": {"Ref": "Validator"}, "RequestModels": {"application/json": "Item"}, "RequestParameters": {"method.request.header.X-A": true},
    "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations"}}}},
  "Fn": {"Type": "AWS::Lambda::Function", "Metadata": {"corsgate:emits": true}, "Properties": {"FunctionName": "fn", "Runtime": "nodejs22.x", "Handler": "a.b", "Environment": {"Variables": {"ORIGIN": "https://app.example.com"}}, "Code": {"ZipFile": "x"}}},
  "Body": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": {"openapi": "3.0.1", "info": {"title": "b", "version": "1"}, "x-amazon-apigateway-binary-media-types": ["image/png"], "paths": {"/pets": {"get": {"security": [{"key": []}], "responses": {"200": {"headers": {"Access-Control-Allow-Origin": {"schema": {"type": "string"}}}}}, "x-amazon-apigateway-integration": {"type": "http", "httpMethod": "GET", "uri": "https://b.example", "responses": {"default": {"statusCode": "200", "responseParameters": {"method.response.header.Access-Control-Allow-Origin": "'*'"}}}}}}}, "components": {"securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}}}}},
  "Denied": {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": {"RestApiId": {"Ref": "Api"}, "ResponseType": "DEFAULT_4XX", "StatusCode": "403", "ResponseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}, "ResponseTemplates": {"application/json": "{}"}}}
}, "Parameters": {"P": {"Type": "String"}, "L": {"Type": "CommaDelimitedList"}, "S": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a"}},
 "Conditions": {"C": {"Fn::Equals": [{"Ref": "P"}, "x"]}}, "Mappings": {"M": {"a": {"v": "'*'"}, "b": {"v": "b"}}}}`

// TestUnknownEverywhere makes each property unknown, one at a time and in several ways. Nothing crashes, no stand-in is
// printed and the template does not differ from itself.
func TestUnknownEverywhere(t *testing.T) {
	v, err := cfn.ReadText("whole.json", []byte(whole), nil)
	if err != nil {
		t.Fatal(err)
	}
	root := v.(map[string]any)
	unknowns := []string{`{"Ref": "P"}`, `{"Fn::Sub": "'https://${Web.DomainName}'"}`, `{"Ref": "L"}`, `{"Fn::FindInMap": ["M", {"Ref": "P"}, "v"]}`, `{"Fn::ImportValue": {"Fn::Sub": "x-${P}"}}`,
		`"{{resolve:secretsmanager:a:SecretString:b}}"`, `{"Fn::If": ["C", {"Ref": "S"}, {"Ref": "AWS::NoValue"}]}`, `{"Fn::Select": [1, {"Fn::Split": [",", {"Ref": "S"}]}]}`, `{"Fn::Transform": {"Name": "Company"}}`, `{"Fn::Join": [",", {"Ref": "L"}]}`}
	var places []func(any) any // puts a value in a place, and returns what was there
	var paths []string
	add := func(path string, put func(any) any) { places, paths = append(places, put), append(paths, path) }
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				add(path+"/"+k, func(x any) any { was := v[k]; v[k] = x; return was })
				walk(path+"/"+k, v[k])
			}
		case []any:
			for i := range v {
				add(path+"/"+strconv.Itoa(i), func(x any) any { was := v[i]; v[i] = x; return was })
				walk(path+"/"+strconv.Itoa(i), v[i])
			}
		}
	}
	resources := root["Resources"].(map[string]any)
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		walk(id, resources[id].(map[string]any)["Properties"])
	}
	if len(places) < 100 {
		t.Fatalf("%d places", len(places))
	}
	path := filepath.Join(t.TempDir(), "template.json")
	for i, put := range places {
		var unknown any
		if err := json.Unmarshal([]byte(unknowns[i%len(unknowns)]), &unknown); err != nil {
			t.Fatal(err)
		}
		was := put(unknown)
		b, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		put(was)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Run(fmt.Sprintf("%s %s", paths[i], unknowns[i%len(unknowns)]), func(t *testing.T) { tried(t, path) })
	}
}
