package inspect

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/corsgate/corsgate/internal/rules"
)

// published is an account with one API, and with the export of its stage as exports are that people published: names and
// types in lower case, numbers for statuses, authorizers under their names, what is not said left out.
type published struct{ account }

const toFunction = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111111111111:function:${stageVariables.fn}/invocations"

const resourcePolicy = `{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"execute-api:Invoke\",\"Resource\":\"arn:aws:execute-api:eu-west-1:111111111111:abc123\/*\"}]}`

func (published) GetRestApi(context.Context, *apigateway.GetRestApiInput, ...func(*apigateway.Options)) (*apigateway.GetRestApiOutput, error) {
	return &apigateway.GetRestApiOutput{Name: aws.String("Shop"), RootResourceId: aws.String("root"), BinaryMediaTypes: []string{"image/png"}, ApiKeySource: types.ApiKeySourceTypeHeader, Policy: aws.String(resourcePolicy)}, nil
}

func options(allow string) types.Method {
	declared := map[string]bool{}
	mapped := map[string]string{"method.response.header.Access-Control-Allow-Headers": "'Content-Type,Authorization,X-Api-Key,X-Tenant'", "method.response.header.Access-Control-Allow-Methods": "'" + allow + "'",
		"method.response.header.Access-Control-Allow-Origin": "'https://app.example.com'"}
	for k := range mapped {
		declared[k] = false
	}
	return types.Method{HttpMethod: aws.String("OPTIONS"), AuthorizationType: aws.String("NONE"), ApiKeyRequired: aws.Bool(false),
		MethodResponses: map[string]types.MethodResponse{"204": {StatusCode: aws.String("204"), ResponseParameters: declared, ResponseModels: map[string]string{"application/json": "Empty"}}},
		MethodIntegration: &types.Integration{Type: types.IntegrationTypeMock, PassthroughBehavior: aws.String("NEVER"), ContentHandling: types.ContentHandlingStrategyConvertToText, TimeoutInMillis: 29000,
			CacheNamespace: aws.String("abc"), CacheKeyParameters: []string{}, RequestTemplates: map[string]string{"application/json": `{"statusCode": 204}`},
			IntegrationResponses: map[string]types.IntegrationResponse{"204": {StatusCode: aws.String("204"), ResponseParameters: mapped, ContentHandling: types.ContentHandlingStrategyConvertToText}}}}
}

func (published) GetResources(context.Context, *apigateway.GetResourcesInput, ...func(*apigateway.Options)) (*apigateway.GetResourcesOutput, error) {
	proxy := &types.Integration{Type: types.IntegrationTypeAwsProxy, HttpMethod: aws.String("POST"), Uri: aws.String(toFunction), PassthroughBehavior: aws.String("WHEN_NO_MATCH"), ContentHandling: types.ContentHandlingStrategyConvertToText, TimeoutInMillis: 29000}
	return &apigateway.GetResourcesOutput{Items: []types.Resource{
		{Id: aws.String("root"), Path: aws.String("/")},
		{Id: aws.String("r1"), ParentId: aws.String("root"), PathPart: aws.String("orders"), Path: aws.String("/orders"), ResourceMethods: map[string]types.Method{
			"OPTIONS": options("GET,POST"),
			"GET": {HttpMethod: aws.String("GET"), AuthorizationType: aws.String("COGNITO_USER_POOLS"), AuthorizerId: aws.String("a1"), AuthorizationScopes: []string{"orders/read"}, ApiKeyRequired: aws.Bool(true),
				RequestValidatorId: aws.String("v1"), RequestParameters: map[string]bool{"method.request.querystring.page": true}, MethodIntegration: proxy},
			"POST": {HttpMethod: aws.String("POST"), AuthorizationType: aws.String("CUSTOM"), AuthorizerId: aws.String("a2"), ApiKeyRequired: aws.Bool(false), RequestModels: map[string]string{"application/json": "Order"}, RequestValidatorId: aws.String("v1"), MethodIntegration: proxy},
		}},
		{Id: aws.String("r2"), ParentId: aws.String("root"), PathPart: aws.String("{proxy+}"), Path: aws.String("/{proxy+}"), ResourceMethods: map[string]types.Method{
			"OPTIONS": options("DELETE,GET,HEAD,PATCH,POST,PUT"),
			"ANY": {HttpMethod: aws.String("ANY"), AuthorizationType: aws.String("NONE"), ApiKeyRequired: aws.Bool(false), RequestParameters: map[string]bool{"method.request.path.proxy": true}, MethodIntegration: &types.Integration{
				Type: types.IntegrationTypeHttpProxy, HttpMethod: aws.String("ANY"), Uri: aws.String("https://backend.example/{proxy}"), PassthroughBehavior: aws.String("WHEN_NO_MATCH"),
				RequestParameters: map[string]string{"integration.request.path.proxy": "method.request.path.proxy"}, CacheKeyParameters: []string{"method.request.path.proxy"}}},
		}},
	}}, nil
}

func (published) GetGatewayResponses(context.Context, *apigateway.GetGatewayResponsesInput, ...func(*apigateway.Options)) (*apigateway.GetGatewayResponsesOutput, error) {
	made := func(typ types.GatewayResponseType, status string) types.GatewayResponse {
		r := types.GatewayResponse{ResponseType: typ, ResponseParameters: map[string]string{"gatewayresponse.header.Access-Control-Allow-Origin": "'https://app.example.com'"}, ResponseTemplates: map[string]string{"application/json": `{"message":$context.error.messageString}`}}
		if status != "" {
			r.StatusCode = &status
		}
		return r
	}
	return &apigateway.GetGatewayResponsesOutput{Items: []types.GatewayResponse{made("DEFAULT_4XX", ""), made("DEFAULT_5XX", ""), made("ACCESS_DENIED", "403"),
		{ResponseType: "THROTTLED", DefaultResponse: true, StatusCode: aws.String("429"), ResponseTemplates: map[string]string{"application/json": `{"message":$context.error.messageString}`}}}}, nil
}

func (published) GetAuthorizers(context.Context, *apigateway.GetAuthorizersInput, ...func(*apigateway.Options)) (*apigateway.GetAuthorizersOutput, error) {
	return &apigateway.GetAuthorizersOutput{Items: []types.Authorizer{
		{Id: aws.String("a1"), Name: aws.String("pool"), Type: types.AuthorizerTypeCognitoUserPools, ProviderARNs: []string{"arn:aws:cognito-idp:eu-west-1:111111111111:userpool/eu-west-1_x"}, AuthType: aws.String("cognito_user_pools"), IdentitySource: aws.String("method.request.header.Authorization")},
		{Id: aws.String("a2"), Name: aws.String("who"), Type: types.AuthorizerTypeRequest, AuthorizerUri: aws.String(toFunction), AuthType: aws.String("custom"), IdentitySource: aws.String("method.request.header.Authorization,method.request.header.X-Tenant"), AuthorizerResultTtlInSeconds: aws.Int32(300)},
	}}, nil
}

func (published) GetRequestValidators(context.Context, *apigateway.GetRequestValidatorsInput, ...func(*apigateway.Options)) (*apigateway.GetRequestValidatorsOutput, error) {
	return &apigateway.GetRequestValidatorsOutput{Items: []types.RequestValidator{{Id: aws.String("v1"), Name: aws.String("all"), ValidateRequestBody: true, ValidateRequestParameters: true}}}, nil
}

func (published) GetModels(context.Context, *apigateway.GetModelsInput, ...func(*apigateway.Options)) (*apigateway.GetModelsOutput, error) {
	return &apigateway.GetModelsOutput{Items: []types.Model{
		{Id: aws.String("m0"), Name: aws.String("Empty"), ContentType: aws.String("application/json"), Schema: aws.String("{\n  \"$schema\": \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"Empty Schema\",\n  \"type\" : \"object\"\n}")},
		{Id: aws.String("m1"), Name: aws.String("Order"), ContentType: aws.String("application/json"), Schema: aws.String(`{"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}`)},
	}}, nil
}

func (published) GetExport(context.Context, *apigateway.GetExportInput, ...func(*apigateway.Options)) (*apigateway.GetExportOutput, error) {
	mock := func(allow string) string {
		return `{"responses": {"204": {"description": "204 response", "headers": {"Access-Control-Allow-Origin": {"schema": {"type": "string"}}, "Access-Control-Allow-Methods": {"schema": {"type": "string"}}, "Access-Control-Allow-Headers": {"schema": {"type": "string"}}},
			"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Empty"}}}}},
			"x-amazon-apigateway-integration": {"responses": {"default": {"statusCode": "204", "contentHandling": "CONVERT_TO_TEXT", "responseParameters": {"method.response.header.Access-Control-Allow-Methods": "'` + allow + `'",
			"method.response.header.Access-Control-Allow-Headers": "'Content-Type,Authorization,X-Api-Key,X-Tenant'", "method.response.header.Access-Control-Allow-Origin": "'https://app.example.com'"}}},
			"requestTemplates": {"application/json": "{\"statusCode\": 204}"}, "passthroughBehavior": "never", "contentHandling": "CONVERT_TO_TEXT", "type": "mock"}}`
	}
	const function = `"x-amazon-apigateway-integration": {"httpMethod": "POST", "uri": "` + toFunction + `", "responses": {"default": {"statusCode": "200"}}, "passthroughBehavior": "when_no_match", "contentHandling": "CONVERT_TO_TEXT", "type": "aws_proxy"}`
	return &apigateway.GetExportOutput{Body: []byte(`{"openapi": "3.0.1", "info": {"title": "Shop", "version": "2026-07-16T00:36:57Z"},
		"servers": [{"url": "https://abc123.execute-api.eu-west-1.amazonaws.com/{basePath}", "variables": {"basePath": {"default": "prod"}}}],
		"paths": {
			"/orders": {
				"get": {"parameters": [{"name": "page", "in": "query", "required": true, "schema": {"type": "string"}}], "security": [{"api_key": [], "pool": ["orders/read"]}], "x-amazon-apigateway-request-validator": "all", ` + function + `},
				"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}, "required": true}, "security": [{"who": []}], "x-amazon-apigateway-request-validator": "all", ` + function + `},
				"options": ` + mock("GET,POST") + `},
			"/{proxy+}": {
				"x-amazon-apigateway-any-method": {"parameters": [{"name": "proxy", "in": "path", "required": true, "schema": {"type": "string"}}],
					"x-amazon-apigateway-integration": {"httpMethod": "ANY", "uri": "https://backend.example/{proxy}", "responses": {"default": {"statusCode": "200"}}, "requestParameters": {"integration.request.path.proxy": "method.request.path.proxy"},
						"passthroughBehavior": "when_no_match", "cacheNamespace": "r2", "cacheKeyParameters": ["method.request.path.proxy"], "type": "http_proxy"}},
				"options": ` + mock("DELETE,GET,HEAD,PATCH,POST,PUT") + `}},
		"components": {
			"schemas": {"Empty": {"title": "Empty Schema", "type": "object"}, "Order": {"required": ["id"], "type": "object", "properties": {"id": {"type": "string"}}}},
			"securitySchemes": {
				"pool": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools", "x-amazon-apigateway-authorizer": {"providerARNs": ["arn:aws:cognito-idp:eu-west-1:111111111111:userpool/eu-west-1_x"], "type": "cognito_user_pools"}},
				"who": {"type": "apiKey", "name": "Unused", "in": "header", "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer": {"identitySource": "method.request.header.Authorization,method.request.header.X-Tenant", "authorizerUri": "` + toFunction + `", "authorizerResultTtlInSeconds": 300, "type": "request"}},
				"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}},
		"x-amazon-apigateway-gateway-responses": {
			"DEFAULT_4XX": {"responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'https://app.example.com'"}},
			"DEFAULT_5XX": {"responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'https://app.example.com'"}},
			"ACCESS_DENIED": {"statusCode": 403, "responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'https://app.example.com'"}, "responseTemplates": {"application/json": "{\"message\":$context.error.messageString}"}}},
		"x-amazon-apigateway-policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "arn:aws:execute-api:eu-west-1:111111111111:abc123/*"}]},
		"x-amazon-apigateway-binary-media-types": ["image/png"],
		"x-amazon-apigateway-request-validators": {"all": {"validateRequestParameters": true, "validateRequestBody": true}}}`)}, nil
}

// TestExport holds that what is configured and its export are the same API, whatever is in it.
func TestExport(t *testing.T) {
	s, err := Read(t.Context(), published{}, &functions{}, "eu-west-1", "abc123", "prod")
	if err != nil || len(s.Unseen) > 0 {
		t.Fatal(err, s.Unseen)
	}
	rep, policies, err := Inspect(t.Context(), s, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range rep.Findings {
		if f.Severity != rules.Info {
			t.Errorf("%s %s %s %s: %s", f.Rule, f.Method, f.Path, f.LogicalID, f.Detail)
		}
	}
	const want = "policy in force, stage prod: https://app.example.com; without credentials; methods DELETE, GET, HEAD, PATCH, POST, PUT; headers authorization, content-type, x-api-key, x-tenant; no max age"
	if len(rep.Crashed) > 0 || len(policies) != 1 || policies[0].Line() != want {
		t.Errorf("%s %s", rep.Crashed, policies[0].Line())
	}
}
