package gateway

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// of makes an API out of a template's resources beside the RestApi, in YAML.
func of(t *testing.T, rest, resources string) *API {
	t.Helper()
	app, err := cfn.Parse("t.yaml", []byte("Resources:\n  Api: {Type: 'AWS::ApiGateway::RestApi', Properties: {"+rest+"}}\n"+resources), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := Load(app, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// rootMethod is a method of the root with an integration.
func rootMethod(name, integration string) string {
	return fmt.Sprintf("  M%s: {Type: 'AWS::ApiGateway::Method', Properties: {RestApiId: !Ref Api, ResourceId: !GetAtt Api.RootResourceId, HttpMethod: %[1]s, AuthorizationType: None, Integration: %s}}\n", name, integration)
}

const functionURI = `Uri: "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:111111111111:function:f/invocations"`

// echo responds with what it gets, and keeps it.
type echo struct {
	event   string
	request *BackendRequest
}

func (e *echo) Invoke(_ context.Context, _ Function, event []byte) ([]byte, error) {
	e.event = string(event)
	return []byte(`{"statusCode": 200}`), nil
}

func (e *echo) HTTP(_ context.Context, r *BackendRequest) (*BackendResponse, error) {
	e.request = r
	return &BackendResponse{Status: 200}, nil
}

func (e *echo) AWS(ctx context.Context, r *BackendRequest) (*BackendResponse, error) {
	return e.HTTP(ctx, r)
}

// What deploys and always fails responds with 500 without calling anything.
func TestFails(t *testing.T) {
	ok := "IntegrationResponses: [{StatusCode: '200'}]"
	for integration, want := range map[string]Cause{
		"{Type: AWS_PROXY, IntegrationHttpMethod: GET, " + functionURI + "}":                                                                                   NotPost,
		"{Type: AWS_PROXY, IntegrationHttpMethod: ANY, " + functionURI + "}":                                                                                   NotPost,
		"{Type: AWS, IntegrationHttpMethod: GET, " + functionURI + ", " + ok + "}":                                                                             NotPost,
		"{Type: AWS_PROXY, IntegrationHttpMethod: POST, " + functionURI + "}":                                                                                  "",
		"{Type: AWS, IntegrationHttpMethod: GET, Uri: 'arn:aws:apigateway:us-east-1:s3:path/b', " + ok + "}":                                                   "",
		"{Type: AWS_PROXY, IntegrationHttpMethod: POST, " + functionURI + ", RequestParameters: {integration.request.header.Authorization: \"'x'\"}}":          BadMapping,
		"{Type: HTTP_PROXY, IntegrationHttpMethod: GET, Uri: 'https://x.example', RequestParameters: {integration.request.header.transfer-encoding: \"'x'\"}}": BadMapping,
		"{Type: HTTP_PROXY, IntegrationHttpMethod: GET, Uri: 'https://x.example', RequestParameters: {integration.request.header.Authorization: \"'x'\"}}":     "",
		"{Type: MOCK, RequestTemplates: {application/json: '{\"statusCode\": \"200\"}'}, " + ok + "}":                                                          NoMockStatus,
		"{Type: MOCK, RequestTemplates: {application/json: '{\"statusCode\": 200}'}, " + ok + "}":                                                              "",
		"{Type: MOCK, RequestTemplates: {application/json: '{\"statusCode\": 200}'}}":                                                                          NoIntegrationResponse,
	} {
		a := of(t, "Name: t", rootMethod("GET", integration))
		if len(a.Undeployable) != 1 || !strings.Contains(a.Undeployable[0], "AuthorizationType None") {
			t.Errorf("undeployable: %q", a.Undeployable)
		}
		cause, why := a.Fails(a.Find("/").Method("GET"))
		if cause != want || (why == "") != (want == "") {
			t.Errorf("%s: %q, %s", integration, cause, why)
		}
		e := &echo{}
		r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, e)
		if failed := r.Status == 500; failed != (want != "") || failed && (e.event != "" || e.request != nil) {
			t.Errorf("%s: status %d, called %v", integration, r.Status, e)
		}
	}
}

// A base path is put before every path of a document, as the import's parameter says.
func TestBasePath(t *testing.T) {
	const operation = "paths: {/test: {get: {x-amazon-apigateway-integration: {type: mock, responses: {default: {statusCode: '200'}}}}}}"
	for _, tt := range []struct{ mode, doc, want string }{
		{"", "swagger: '2.0', basePath: /base", "/test"},
		{"ignore", "swagger: '2.0', basePath: /base", "/test"},
		{"prepend", "swagger: '2.0', basePath: /base", "/base/test"},
		{"prepend", "swagger: '2.0', basePath: /", "/test"},
		{"split", "swagger: '2.0', basePath: /base", "/test"},
		{"split", "swagger: '2.0', basePath: /a/b/c/", "/b/c/test"},
		{"prepend", "swagger: '2.0'", "/test"},
		{"prepend", "openapi: 3.0.1, servers: [{url: 'https://x.example/base-url/part/'}]", "/base-url/part/test"},
		{"split", "openapi: 3.0.1, servers: [{url: 'https://x.example/base-url/part/'}]", "/part/test"},
		{"prepend", "openapi: 3.0.1, servers: [{url: 'https://x.example', variables: {basePath: {default: /var}}}]", "/var/test"},
		{"prepend", "openapi: 3.0.1, servers: [{url: 'https://x.example/{v}/y', variables: {v: {default: two}}}]", "/two/y/test"},
		{"other", "swagger: '2.0'", ""},
	} {
		a := of(t, "Parameters: {basepath: '"+tt.mode+"'}, Body: {"+tt.doc+", "+operation+"}", "")
		var got []string
		for _, r := range a.Resources() {
			if len(r.Methods()) > 0 {
				got = append(got, r.Path)
			}
		}
		if strings.Join(got, " ") != tt.want || (len(a.Elsewhere) > 0) != (tt.want == "") {
			t.Errorf("%s of %s: %v %v", tt.mode, tt.doc, got, a.Elsewhere)
		}
	}
}

// What an HTTP backend gets is the request's own and what is mapped.
func TestBackendRequest(t *testing.T) {
	a := of(t, "Name: t", rootMethod("GET", `{Type: HTTP_PROXY, IntegrationHttpMethod: GET, Uri: "https://x.example/{p}?fixed={p}", RequestParameters: {integration.request.path.p: method.request.querystring.q, integration.request.querystring.q: "'mapped'", integration.request.querystring.all: method.request.multivaluequerystring.q}}`))
	e := &echo{}
	a.Serve(context.Background(), &Request{Method: "GET", Path: "/?q=1&q=2"}, e)
	if e.request == nil || e.request.URL != "https://x.example/2" {
		t.Fatalf("%+v", e.request)
	}
	want := []Param{{"fixed", "2"}, {"q", "1"}, {"q", "2"}, {"all", "1"}, {"all", "2"}, {"q", "mapped"}}
	if !slices.Equal(e.request.Query, want) {
		t.Errorf("query %v, want %v", e.request.Query, want)
	}
	a = of(t, "Name: t", rootMethod("POST", "{Type: HTTP, IntegrationHttpMethod: POST, Uri: 'https://x.example', IntegrationResponses: [{StatusCode: '200'}]}"))
	a.Serve(context.Background(), &Request{Method: "POST", Path: "/"}, e)
	if v, ok := e.request.Headers.Get("Content-Type"); ok {
		t.Errorf("a Content-Type is made up: %s", v)
	}
}

// A body that a function cannot take never reaches it, and one that is broken no template.
func TestBrokenBodies(t *testing.T) {
	integration := "{Type: AWS, IntegrationHttpMethod: POST, " + functionURI + ", RequestTemplates: {application/json: %s}, IntegrationResponses: [{StatusCode: '200'}]}"
	for _, tt := range []struct {
		template, body string
		status         int
		called         bool
	}{
		{`'{"a": "it''s"}'`, "", 200, true},
		{`'{"a": "$util.escapeJavaScript("it''s")"}'`, "", 502, false},
		{`"$input.json('$')"`, `{"a": 1`, 400, false},
		{`"$input.json('$')"`, `[1, 2`, 400, false},
		{`"$input.json('$')"`, `text`, 200, true},
		{`'{"a": 1}'`, `{"a": 1`, 200, true},
	} {
		a := of(t, "Name: t", rootMethod("POST", fmt.Sprintf(integration, tt.template)))
		e := &echo{}
		if r := a.Serve(context.Background(), &Request{Method: "POST", Path: "/", Body: []byte(tt.body)}, e); r.Status != tt.status || (e.event != "") != tt.called {
			t.Errorf("%s of %s: %d %s, called with %q", tt.template, tt.body, r.Status, r.Body, e.event)
		}
	}
}

// A canary that has all requests decides with its own variables.
func TestCanary(t *testing.T) {
	stage := "  Stage: {Type: 'AWS::ApiGateway::Stage', Properties: {RestApiId: !Ref Api, StageName: prod, Variables: {a: base, b: base}, CanarySetting: {PercentTraffic: %s, StageVariableOverrides: {a: canary}}}}\n"
	deployment := "  Stage: {Type: 'AWS::ApiGateway::Stage', Properties: {RestApiId: !Ref Api, StageName: prod, Variables: {a: base, b: base}}}\n" +
		"  Zanary: {Type: 'AWS::ApiGateway::Deployment', Properties: {RestApiId: !Ref Api, StageName: prod, DeploymentCanarySettings: {PercentTraffic: %s, StageVariableOverrides: {a: canary}}}}\n"
	for percent, want := range map[string]string{"0": "base base false", "50": "base base false", "100": "canary base true", "-0": "base base false", "-100": "canary base true"} {
		with := stage
		if after, ok := strings.CutPrefix(percent, "-"); ok {
			percent, with = after, deployment
		}
		a := of(t, "Name: t", fmt.Sprintf(with, percent)+rootMethod("GET", `{Type: MOCK, RequestTemplates: {application/json: '{"statusCode": 200}'}, IntegrationResponses: [{StatusCode: '200', ResponseTemplates: {application/json: "$stageVariables.a $stageVariables.b $context.isCanaryRequest"}}]}`))
		if r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, nil); string(r.Body) != want {
			t.Errorf("%s %%: %q %q", percent, r.Body, a.Problems)
		}
	}
}

// A test invocation knows no stage, and finds ANY.
func TestTestInvokeWithoutStage(t *testing.T) {
	stage := "  Stage: {Type: 'AWS::ApiGateway::Stage', Properties: {RestApiId: !Ref Api, StageName: prod, Variables: {host: x.example}}}\n"
	a := of(t, "Name: t", stage+rootMethod("ANY", `{Type: HTTP_PROXY, IntegrationHttpMethod: GET, Uri: "https://${stageVariables.host}/"}`))
	r, err := a.TestInvoke(context.Background(), TestInvocation{Resource: "/", Method: "GET"}, &echo{})
	if err != nil || r.Status != 500 || !slices.Contains(r.Log, "Execution failed due to configuration error: Invalid endpoint address") {
		t.Errorf("%+v, error %v", r, err)
	}
	r, err = a.TestInvoke(context.Background(), TestInvocation{Resource: "/", Method: "GET", Variables: map[string]string{"host": "y.example"}}, &echo{})
	if err != nil || r.Status != 200 {
		t.Errorf("%+v, error %v", r, err)
	}
}
