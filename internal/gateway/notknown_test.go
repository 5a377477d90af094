package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// unserved reports whether a request was not answered since something is not known, and what.
func unserved(r *Response) (string, bool) {
	for _, s := range r.Trace {
		if s.Kind == StepUnsupported {
			return s.Detail, true
		}
	}
	return "", false
}

const anOrigin = `{Type: MOCK, RequestTemplates: {application/json: '{"statusCode": 200}'}, IntegrationResponses: [{StatusCode: '200'}]}`

// TestUnknownReferences holds that an authorizer, a validator and a model that no resource here is are not known, and not none.
func TestUnknownReferences(t *testing.T) {
	custom := "  Custom: {Type: 'Custom::X', Properties: {ServiceToken: x}}\n  Nested: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: 'https://example.com/t.yaml'}}\n"
	for _, value := range []string{"!GetAtt Custom.Id", "!GetAtt Custom.Value", "!GetAtt Nested.Outputs.Id", "!ImportValue id"} {
		for name, property := range map[string]string{
			"authorizer": "AuthorizationType: CUSTOM, AuthorizerId: " + value,
			"validator":  "RequestValidatorId: " + value + ", RequestParameters: {method.request.header.x-need: true}",
		} {
			method := strings.Replace(rootMethod("GET", anOrigin), "AuthorizationType: None", property, 1)
			r := of(t, "Name: t", custom+method).Serve(context.Background(), &Request{Method: "GET", Path: "/"}, nil)
			if _, ok := unserved(r); !ok {
				t.Errorf("%s %s: %d %q", name, value, r.Status, r.Body)
			}
		}
	}
	written := strings.Replace(rootMethod("GET", anOrigin), "AuthorizationType: None", "AuthorizationType: CUSTOM, AuthorizerId: abc123", 1)
	if r := of(t, "Name: t", written).Serve(context.Background(), &Request{Method: "GET", Path: "/"}, nil); r.Status == 401 {
		t.Error("an authorizer that is elsewhere is taken to look at Authorization")
	}
}

// TestUnknownDocument holds that no unknown part of an OpenAPI document passes for one that is not there.
func TestUnknownDocument(t *testing.T) {
	const document = `Body: {openapi: 3.0.1, paths: {/: {get: {%s, x-amazon-apigateway-integration: {type: mock, requestTemplates: {application/json: '{"statusCode": 200}'}, responses: {default: {statusCode: '200'}}}}}}, %s}`
	const all = "x-amazon-apigateway-request-validator: all"
	for _, value := range []string{"!Ref P", "{Fn::Transform: {Name: AWS::Include, Parameters: {Location: 's3://bucket/part.yaml'}}}"} {
		for name, parts := range map[string][2]string{
			"security":           {"security: V", "tags: []"},
			"of the document":    {"tags: []", "security: V"},
			"schemes":            {"security: [{a: []}]", "components: {securitySchemes: V}"},
			"components":         {"security: [{a: []}]", "components: V"},
			"scheme":             {"security: [{a: []}]", "components: {securitySchemes: {a: V}}"},
			"type of a scheme":   {"security: [{a: []}]", "components: {securitySchemes: {a: {type: V, name: x-api-key, in: header}}}"},
			"name of a scheme":   {"security: [{a: []}]", "components: {securitySchemes: {a: {type: apiKey, name: V, in: header}}}"},
			"authtype":           {"security: [{a: []}]", "components: {securitySchemes: {a: {type: apiKey, name: a, in: header, x-amazon-apigateway-authtype: V}}}"},
			"authorizer":         {"security: [{a: []}]", "components: {securitySchemes: {a: {type: apiKey, name: a, in: header, x-amazon-apigateway-authorizer: V}}}"},
			"validators":         {"parameters: [{in: header, name: x-need, required: true}]", all + ", x-amazon-apigateway-request-validators: V"},
			"validator":          {"parameters: [{in: header, name: x-need, required: true}]", all + ", x-amazon-apigateway-request-validators: {all: V}"},
			"place of parameter": {"parameters: [{in: V, name: x-need, required: true}]", all + ", x-amazon-apigateway-request-validators: {all: {validateRequestParameters: true}}"},
			"content":            {"requestBody: {content: V}", all + ", x-amazon-apigateway-request-validators: {all: {validateRequestBody: true}}"},
			"schema":             {"requestBody: {content: {application/json: {schema: {pattern: V}}}}", all + ", x-amazon-apigateway-request-validators: {all: {validateRequestBody: true}}"},
		} {
			text := strings.ReplaceAll(fmt.Sprintf(document, parts[0], parts[1]), ": V", ": "+value)
			r := of(t, text, "Parameters: {P: {Type: String}}\n").Serve(context.Background(), &Request{Method: "GET", Path: "/", Body: []byte(`"x"`)}, nil)
			if _, ok := unserved(r); !ok {
				t.Errorf("%s %s: %d %q", name, value, r.Status, r.Body)
			}
		}
	}
}

// TestCanaryOfSome holds that what a canary answers otherwise than its stage is not known.
func TestCanaryOfSome(t *testing.T) {
	stage := "  Stage: {Type: 'AWS::ApiGateway::Stage', Properties: {RestApiId: !Ref Api, StageName: prod, Variables: {a: 'https://app.example.com'}, CanarySetting: {PercentTraffic: %s, StageVariableOverrides: {a: '%s'}}}}\n"
	method := strings.Replace(rootMethod("GET", strings.Replace(anOrigin, "'200'}", "'200', ResponseParameters: {method.response.header.Access-Control-Allow-Origin: stageVariables.a}}", 1)),
		"AuthorizationType: None", "MethodResponses: [{StatusCode: '200', ResponseParameters: {method.response.header.Access-Control-Allow-Origin: true}}]", 1)
	sources := map[string]bool{}
	for _, tt := range []struct {
		percent, to string
		known       bool
	}{{"50", "https://evil.example", false}, {"0", "https://evil.example", true}, {"100", "https://evil.example", true}, {"50", "https://app.example.com", true}} {
		a := of(t, "Name: t", fmt.Sprintf(stage, tt.percent, tt.to)+method)
		r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, nil)
		if why, ok := unserved(r); ok == tt.known || ok && !strings.HasSuffix(why, ": a") {
			t.Errorf("%v: %d %v %q", tt, r.Status, r.Headers, why)
		}
		sources[a.Source("GET", "/")] = true
	}
	if len(sources) != 3 { // nobody can tell the first 0 % from the last 50 %
		t.Errorf("%d different sources, want 3", len(sources))
	}
}

// TestUnknownProperties holds that resources whose type, properties or API is not known may be any of the API's.
func TestUnknownProperties(t *testing.T) {
	for _, r := range []string{"{Type: !Ref P}", "{Type: 'AWS::ApiGateway::Method', Properties: !Ref P}", "{Type: 'AWS::ApiGateway::Resource', Properties: !ImportValue p}"} {
		a := of(t, "Name: t", "  Other: "+r+"\nParameters: {P: {Type: String}}\n")
		if why, ok := unserved(a.Serve(context.Background(), &Request{Method: "GET", Path: "/x"}, nil)); !ok || !strings.Contains(why, "Other") {
			t.Errorf("%s: %q", r, why)
		}
	}
	app, err := cfn.Parse("t.yaml", []byte("Parameters: {P: {Type: String}}\nResources:\n  Api: {Type: 'AWS::ApiGateway::RestApi', Properties: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: 's3://bucket/api.yaml'}}}}\n"+rootMethod("GET", anOrigin)), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := Load(app, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := unserved(a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, nil)); !ok {
		t.Error("an API whose properties are elsewhere is served")
	}
	responses := map[string]bool{}
	for _, value := range []string{"a", "b"} {
		a := of(t, "Name: t", "  Other: {Type: 'AWS::ApiGateway::GatewayResponse', Properties: {RestApiId: !Ref P, ResponseType: DEFAULT_4XX, ResponseParameters: {gatewayresponse.header.X: \"'"+value+"'\"}}}\nParameters: {P: {Type: String}}\n")
		g := a.GatewayResponse("UNAUTHORIZED")
		if !errors.As(g.Err, new(*cfn.Unknown)) || len(a.NotKnown) != 1 {
			t.Errorf("a gateway response of an API that is not known: %+v, %q", g, a.NotKnown)
		}
		responses[g.Source] = true
	}
	if len(responses) != 2 {
		t.Error("two gateway responses of an API that is not known have the same source")
	}
}

// TestUnknownKeys holds that a key is taken for valid where it may be.
func TestUnknownKeys(t *testing.T) {
	const plan = "  Plan: {Type: 'AWS::ApiGateway::UsagePlan', Properties: {ApiStages: %s}}\n  In: {Type: 'AWS::ApiGateway::UsagePlanKey', Properties: {KeyId: %s, UsagePlanId: !Ref Plan}}\n"
	for _, tt := range []struct {
		enabled, stages, key string
		valid                bool
	}{
		{"true", "[{ApiId: !Ref Api, Stage: prod}]", "!Ref Key", true},
		{"!Ref P", "[{ApiId: !Ref Api, Stage: prod}]", "!Ref Key", true},
		{"true", "[{ApiId: !Ref P, Stage: prod}]", "!Ref Key", true},
		{"true", "[{ApiId: !Ref Api, Stage: !Ref P}]", "!Ref Key", true},
		{"true", "!Split [',', !Ref P]", "!Ref Key", true},
		{"true", "[{ApiId: !Ref Api, Stage: prod}]", "!Ref P", true},
		{"true", "[{ApiId: !Ref Api, Stage: other}]", "!Ref Key", false},
		{"false", "[{ApiId: !Ref Api, Stage: prod}]", "!Ref Key", false},
		{"true", "[{ApiId: elsewhere, Stage: prod}]", "!Ref Key", false},
	} {
		a := of(t, "Name: t", "  Stage: {Type: 'AWS::ApiGateway::Stage', Properties: {RestApiId: !Ref Api, StageName: prod}}\n  Key: {Type: 'AWS::ApiGateway::ApiKey', Properties: {Value: secret, Enabled: "+tt.enabled+"}}\n"+
			fmt.Sprintf(plan, tt.stages, tt.key)+strings.Replace(rootMethod("GET", anOrigin), "AuthorizationType: None", "ApiKeyRequired: true", 1)+"Parameters: {P: {Type: String}}\n")
		r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/", Headers: Headers{{"x-api-key", "secret"}}}, nil)
		if (r.Status == 200) != tt.valid {
			t.Errorf("%+v: %d %q", tt, r.Status, r.Body)
		}
	}
}
