package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestSeveralSchemes holds that it is not known who may call an operation whose security names several authorizers, or none beside
// one: API Gateway has one for each method.
func TestSeveralSchemes(t *testing.T) {
	const rest = `
Resources:
  Web:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Body:
        openapi: 3.0.1
        components:
          securitySchemes:
            a: {type: apiKey, in: header, name: X-A, x-amazon-apigateway-authtype: custom, x-amazon-apigateway-authorizer: {type: token}}
            b: {type: apiKey, in: header, name: X-B, x-amazon-apigateway-authtype: custom, x-amazon-apigateway-authorizer: {type: token}}
            iam: {type: apiKey, in: header, name: Authorization, x-amazon-apigateway-authtype: awsSigv4}
            key: {type: apiKey, in: header, name: x-api-key}
        paths: {/a: {get: {security: %s, x-amazon-apigateway-integration: {type: mock}}}}
`
	const http = `
Resources:
  Web:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Body:
        openapi: 3.0.1
        components:
          securitySchemes:
            a: {type: oauth2, x-amazon-apigateway-authorizer: {type: jwt, identitySource: $request.header.X-A}}
            b: {type: oauth2, x-amazon-apigateway-authorizer: {type: jwt, identitySource: $request.header.X-B}}
            iam: {type: apiKey, in: header, name: Authorization, x-amazon-apigateway-authtype: awsSigv4}
            key: {type: apiKey, in: header, name: x-api-key}
        paths: {/a: {get: {security: %s, x-amazon-apigateway-integration: {type: http_proxy, uri: 'https://x.example'}}}}
`
	for kind, template := range map[string]string{"REST": rest, "HTTP": http} {
		for security, known := range map[string]bool{
			"[]": true, "[{}]": false, "[{a: []}]": true, "[{a: [x]}, {a: [y]}]": true, "[{a: []}, {key: []}]": true, "[{NONE: []}]": true, "[{NONE: []}, {key: []}]": true,
			"[{a: []}, {b: []}]": false, "[{a: [], b: []}]": false, "[{a: []}, {iam: []}]": false, "[{}, {a: []}]": false, "[{a: []}, {}]": false, "[{iam: []}, {}]": false, "[{NONE: []}, {a: []}]": false,
		} {
			a, err := Load(app(t, fmt.Sprintf(template, security)), Options{})
			if err != nil {
				t.Fatal(err)
			}
			m, _ := a.Route("GET", "/a")
			known = known && !(kind == "HTTP" && strings.Contains(security, "key")) // an HTTP API has no API keys
			if m == nil || (m.Err == nil) != known {
				t.Errorf("%s API, security: %s: %v", kind, security, m.Err)
			}
		}
	}
}

// TestRouteAuthorization holds what is said of a route whose AuthorizationType and AuthorizerId do not go together.
func TestRouteAuthorization(t *testing.T) {
	for properties, want := range map[string]string{
		"": "", "AuthorizationType: NONE": "", "AuthorizationType: AWS_IAM": "", "AuthorizationType: JWT, AuthorizerId: !Ref J": "", "AuthorizationType: JWT, AuthorizerId: abc123": "", "AuthorizationType: CUSTOM, AuthorizerId: !ImportValue a": "",
		"AuthorizerId: !Ref J":                          "it is NONE beside an AuthorizerId",
		"AuthorizationType: NONE, AuthorizerId: abc123": "it is NONE beside an AuthorizerId",
		"AuthorizationType: JWT":                        "there is none, and AuthorizationType JWT requires one",
		"AuthorizationType: CUSTOM":                     "there is none, and AuthorizationType CUSTOM requires one",
		"AuthorizationType: COGNITO_USER_POOLS":         `"COGNITO_USER_POOLS" is none of NONE, AWS_IAM, JWT and CUSTOM`,
	} {
		a, err := Load(app(t, `
Resources:
  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example}}
  J: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Web, AuthorizerType: JWT, IdentitySource: [$request.header.Authorization]}}
  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: GET /a, Target: !Sub 'integrations/${I}'`+strings.TrimSuffix(", "+properties, ", ")+`}}
`), Options{})
		if err != nil {
			t.Fatal(err)
		}
		m, _ := a.Route("GET", "/a")
		if got := fmt.Sprint(m.Err); (m.Err == nil) != (want == "") || !strings.Contains(got, want) && want != "" {
			t.Errorf("%s: %s, want %q", properties, got, want)
		}
	}
}

// TestOddResults holds that it is not known what becomes of a function's result that the documentation does not describe.
func TestOddResults(t *testing.T) {
	a, err := Load(app(t, `
Resources:
  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
  Fn: {Type: AWS::Lambda::Function, Properties: {}}
  One: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Fn.Arn, PayloadFormatVersion: '1.0'}}
  Two: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Fn.Arn, PayloadFormatVersion: 2.0}}
  R1: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: GET /one, Target: !Sub 'integrations/${One}'}}
  R2: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: GET /two, Target: !Sub 'integrations/${Two}'}}
`), Options{})
	if err != nil || len(a.Problems) > 0 {
		t.Fatal(err, a.Problems)
	}
	for result, known := range map[string]bool{
		`{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}, "body": "x"}`: true,
		`{"statusCode": "200", "headers": null, "body": null}`:                              true,
		`{"statusCode": 99}`:                                              true,
		`{"statusCode": 200, "headers": 5}`:                               false,
		`{"statusCode": 200, "headers": ["Access-Control-Allow-Origin"]}`: false,
		`{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*", "access-control-allow-origin": "https://b"}}`: false,
		`{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}, "body": {"a": 1}}`:                           false,
		`{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}, "body": 7}`:                                  false,
		`{"statusCode": 200.0, "headers": {"Access-Control-Allow-Origin": "*"}}`:                                           false,
		`{"statusCode": 601, "headers": {"Access-Control-Allow-Origin": "*"}}`:                                             false,
		`{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}, "cookies": "a=1"}`:                           false,
	} {
		for _, path := range []string{"/one", "/two"} {
			res := a.Serve(t.Context(), get(path, appOrigin), fake{invoke: func(Function, []byte) ([]byte, error) { return []byte(result), nil }})
			if got := !slices.ContainsFunc(res.Trace, func(s Step) bool { return s.Kind == StepUnsupported }); got != known {
				t.Errorf("%s %s: %d, known: %v", path, result, res.Status, got)
			}
		}
	}
	for result, known := range map[string]bool{`{"statusCode": 200, "multiValueHeaders": {"Access-Control-Allow-Origin": ["*"]}}`: true, `{"statusCode": 200, "multiValueHeaders": {"Access-Control-Allow-Origin": "*"}}`: false, `{"statusCode": 200, "multiValueHeaders": 1}`: false} {
		res := a.Serve(t.Context(), get("/one", appOrigin), fake{invoke: func(Function, []byte) ([]byte, error) { return []byte(result), nil }})
		if got := !slices.ContainsFunc(res.Trace, func(s Step) bool { return s.Kind == StepUnsupported }); got != known {
			t.Errorf("%s: %d, known: %v", result, res.Status, got)
		}
	}
}

// TestContextSource holds that an identity source of $context does not have a request refused for lacking it.
func TestContextSource(t *testing.T) {
	for source, status := range map[string]int{"$context.routeKey": 200, "$context.identity.sourceIp": 200, "$context.httpMethod": 200, "$context.stage": 200, "$context.authorizer.nothing": 502} {
		a, err := Load(app(t, `
Resources:
  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example}}
  J: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Web, AuthorizerType: REQUEST, IdentitySource: [`+source+`], AuthorizerPayloadFormatVersion: '2.0'}}
  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: GET /a, Target: !Sub 'integrations/${I}', AuthorizationType: CUSTOM, AuthorizerId: !Ref J}}
`), Options{})
		if err != nil || len(a.Problems) > 0 {
			t.Fatal(err, a.Problems)
		}
		res := a.Serve(t.Context(), get("/a", appOrigin), fake{http: func(*BackendRequest) (*BackendResponse, error) { return &BackendResponse{Status: 200}, nil }})
		if res.Status != status {
			t.Errorf("%s: %d, want %d; %v", source, res.Status, status, res.Trace)
		}
	}
}

// TestPresigned holds that no preflight passes AWS_IAM: a signature in the query is of the method of the request.
func TestPresigned(t *testing.T) {
	a, err := Load(app(t, `
Resources:
  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example}}
  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: ANY /a, Target: !Sub 'integrations/${I}', AuthorizationType: AWS_IAM}}
`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	rest, err := Load(app(t, `{"Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {}},
		"Any": {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "a"}},
		"M": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "Any"}, "HttpMethod": "ANY", "AuthorizationType": "AWS_IAM", "Integration": {"Type": "HTTP_PROXY", "IntegrationHttpMethod": "ANY", "Uri": "https://x.example"}}}}}`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	backend := fake{http: func(*BackendRequest) (*BackendResponse, error) { return &BackendResponse{Status: 200}, nil }}
	for _, api := range []*API{a, rest} {
		for request, want := range map[*Request]int{pre("GET", "/a?X-Amz-Signature=1", appOrigin): 403, get("/a?X-Amz-Signature=1", appOrigin): 200} {
			if res := api.Serve(t.Context(), request, backend); res.Status != want {
				t.Errorf("%s %s %s: %d, want %d", api.Kind, request.Method, request.Path, res.Status, want)
			}
		}
	}
}
