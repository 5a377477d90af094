package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// app reads a template in YAML.
func app(t *testing.T, template string) *cfn.App {
	t.Helper()
	a, err := cfn.Parse("t.yaml", []byte(template), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const shop = `
Resources:
  Web:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      ProtocolType: HTTP
      CorsConfiguration: {AllowOrigins: [https://app.example.com, 'https://*.example.org'], AllowMethods: [GET, PUT], AllowHeaders: [content-type], ExposeHeaders: [x-total], MaxAge: 600}
  Live: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Web, StageName: live, StageVariables: {color: blue}}}
  Fn: {Type: AWS::Lambda::Function, Properties: {}}
  Two: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Fn.Arn, PayloadFormatVersion: '2.0', ResponseParameters: {'418': {ResponseParameters: [{Destination: 'overwrite:statuscode', Source: '200'}]}}}}
  One: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: AWS_PROXY, IntegrationUri: !Sub 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations', PayloadFormatVersion: '1.0'}}
  Proxy: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationMethod: ANY, IntegrationUri: 'https://backend.example/{proxy}'}}
  Jwt: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Web, AuthorizerType: JWT, IdentitySource: [$request.header.Authorization]}}
  Custom: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Web, AuthorizerType: REQUEST, IdentitySource: [$request.header.X-Token], AuthorizerUri: !GetAtt Fn.Arn, AuthorizerPayloadFormatVersion: '2.0', EnableSimpleResponses: true}}
  Items: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'GET /items/{id}', Target: !Sub 'integrations/${Two}'}}
  Old: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'GET /old', Target: !Sub 'integrations/${One}'}}
  Put: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'PUT /items/{id}', Target: !Join [/, [integrations, !Ref Two]], AuthorizationType: JWT, AuthorizerId: !Ref Jwt}}
  Any: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'ANY /any', Target: !Sub 'integrations/${Two}', AuthorizationType: JWT, AuthorizerId: !Ref Jwt}}
  Own: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'GET /own', Target: !Sub 'integrations/${Two}', AuthorizationType: CUSTOM, AuthorizerId: !Ref Custom}}
  Iam: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'GET /iam', Target: !Sub 'integrations/${Two}', AuthorizationType: AWS_IAM}}
  Open: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'ANY /open', Target: !Sub 'integrations/${Two}'}}
  Greedy: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'GET /far/{proxy+}', Target: !Sub 'integrations/${Proxy}'}}
`

const appOrigin = "https://app.example.com"

func pre(method, path, origin string) *Request {
	return &Request{Method: "OPTIONS", Path: path, Headers: Headers{{"origin", origin}, {"access-control-request-method", method}}}
}

func get(path, origin string, more ...Header) *Request {
	return &Request{Method: "GET", Path: path, Headers: append(Headers{{"origin", origin}}, more...)}
}

func TestHTTPAPI(t *testing.T) {
	a, err := Load(app(t, shop), Options{API: "Web", Authorizers: &Authorizers{}})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Problems)+len(a.Undeployable) > 0 || a.Kind != HTTPAPI || a.Base() != "https://web.execute-api.us-east-1.amazonaws.com/live" {
		t.Fatalf("problems %q %q, %s, %s", a.Problems, a.Undeployable, a.Kind, a.Base())
	}
	if got := a.Functions(); !slices.Equal(got, []string{"Fn"}) {
		t.Errorf("functions %q", got)
	}
	const own = `{"statusCode": %s, "headers": {"Access-Control-Allow-Origin": "*", "x-own": "1"}, "body": "b"}`
	fn := func(status string) fake {
		return fake{invoke: func(f Function, event []byte) ([]byte, error) {
			if f.Authorizer {
				return []byte(`{"isAuthorized": ` + fmt.Sprint(strings.Contains(string(event), "letmein")) + `}`), nil
			}
			return []byte(fmt.Sprintf(own, status)), nil
		}, http: func(r *BackendRequest) (*BackendResponse, error) {
			return &BackendResponse{Status: 200, Headers: Headers{{"x-url", r.URL}, {"access-control-allow-origin", "https://else.example"}}}, nil
		}}
	}
	all := "access-control-allow-headers: content-type; access-control-allow-methods: GET,PUT; access-control-allow-origin: " + appOrigin + "; access-control-max-age: 600"
	actual := "access-control-allow-origin: " + appOrigin + "; access-control-expose-headers: x-total"
	for name, tt := range map[string]struct {
		req    *Request
		status int
		cors   string
	}{
		"a preflight that no route takes":        {pre("PUT", "/items/1", appOrigin), 204, all},
		"one for a path that there is not":       {pre("GET", "/none", appOrigin), 204, all},
		"one of a stranger":                      {pre("PUT", "/items/1", "https://evil.example"), 204, ""},
		"a pattern matches nothing":              {pre("PUT", "/items/1", "https://a.example.org"), 204, ""},
		"letters that differ":                    {pre("PUT", "/items/1", "https://APP.example.com"), 502, ""},
		"ANY takes it, with its authorizer":      {pre("PUT", "/any", appOrigin), 401, all},
		"ANY takes it, and its function answers": {pre("PUT", "/open", appOrigin), 200, all},
		"the backend's headers are ignored":      {get("/items/1", appOrigin), 200, actual},
		"and so they are for a stranger":         {get("/items/1", "https://evil.example"), 200, ""},
		"a function in format 1.0":               {get("/old", appOrigin), 200, actual},
		"a server":                               {get("/far/a/b", appOrigin), 200, actual},
		"a greedy variable needs something":      {get("/far", appOrigin), 404, actual},
		"a slash more is another path":           {get("/old/", appOrigin), 404, actual},
		"no route":                               {get("/none", appOrigin), 404, actual},
		"JWT without a token":                    {&Request{Method: "PUT", Path: "/items/1", Headers: Headers{{"origin", appOrigin}}}, 401, actual},
		"JWT with one":                           {&Request{Method: "PUT", Path: "/items/1", Headers: Headers{{"origin", appOrigin}, {"authorization", "x"}}}, 200, actual},
		"a Lambda authorizer that refuses":       {get("/own", appOrigin, Header{"x-token", "no"}), 403, actual},
		"a Lambda authorizer that lets in":       {get("/own", appOrigin, Header{"x-token", "letmein"}), 200, actual},
		"no identity source":                     {get("/own", appOrigin), 401, actual},
		"AWS_IAM without a signature":            {get("/iam", appOrigin), 403, actual},
		"no page":                                {&Request{Method: "GET", Path: "/items/1"}, 200, ""},
		"another stage":                          {&Request{Method: "GET", RawPath: "/other/items/1", Headers: Headers{{"origin", appOrigin}}}, 404, actual},
		"the stage in the path":                  {&Request{Method: "GET", RawPath: "/live/items/1", Headers: Headers{{"origin", appOrigin}}}, 200, actual},
	} {
		t.Run(name, func(t *testing.T) {
			res := a.Serve(context.Background(), tt.req, fn("200"))
			if got := said(res); res.Status != tt.status || got != tt.cors {
				t.Errorf("%d %s, want %d %s; %v", res.Status, got, tt.status, tt.cors, res.Trace)
			}
		})
	}
	for status, want := range map[string]int{"404": 404, `"418"`: 200, `"x"`: 500} {
		if res := a.Serve(context.Background(), pre("PUT", "/open", appOrigin), fn(status)); res.Status != want || said(res) != all {
			t.Errorf("a function that gives %s: %d %s, want %d", status, res.Status, said(res), want)
		}
	}
}

// said is the CORS headers of a response.
func said(res *Response) string {
	var out []string
	for _, h := range cors(res.Headers) {
		out = append(out, h.Name+": "+h.Value)
	}
	return strings.Join(out, "; ")
}

// TestEvent2 holds what a function gets in format 2.0, and what of it is not in format 1.0.
func TestEvent2(t *testing.T) {
	a, err := Load(app(t, shop), Options{API: "Web"})
	if err != nil {
		t.Fatal(err)
	}
	var event map[string]any
	backend := fake{invoke: func(_ Function, b []byte) ([]byte, error) {
		event = nil
		return []byte(`{"answer": 42}`), json.Unmarshal(b, &event)
	}}
	req := get("/items/7?a=1&a=2", appOrigin, Header{"X-Many", "1"}, Header{"x-many", "2"}, Header{"cookie", "a=1; b=2"}, Header{"content-type", "application/json"})
	req.Body = []byte(`{}`)
	if res := a.Serve(context.Background(), req, backend); res.Status != 200 || string(res.Body) != `{"answer":42}` {
		t.Errorf("%d %s", res.Status, res.Body)
	}
	context, _ := event["requestContext"].(map[string]any)
	http, _ := context["http"].(map[string]any)
	for got, want := range map[string]string{
		fmt.Sprint(event["version"], event["routeKey"], event["rawPath"], event["rawQueryString"]):         "2.0GET /items/{id}/live/items/7a=1&a=2",
		fmt.Sprint(event["headers"].(map[string]any)["x-many"], event["cookies"], event["pathParameters"]): "1,2[a=1 b=2] map[id:7]",
		fmt.Sprint(event["queryStringParameters"], event["stageVariables"], event["body"]):                 "map[a:1,2] map[color:blue]{}",
		fmt.Sprint(context["stage"], http["method"], http["path"]):                                         "liveGET/live/items/7",
		fmt.Sprint(event["multiValueHeaders"], event["httpMethod"]):                                        "<nil> <nil>",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if res := a.Serve(t.Context(), get("/old", appOrigin), backend); res.Status != 500 || event["version"] != "1.0" || event["httpMethod"] != "GET" || event["path"] != "/live/old" || event["multiValueHeaders"] == nil {
		t.Errorf("format 1.0: %d %v", res.Status, event)
	}
}

func TestFunctionURL(t *testing.T) {
	const template = `
Resources:
  Fn: {Type: AWS::Lambda::Function, Properties: {}}
  Live: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Fn}}
  Url: {Type: AWS::Lambda::Url, Properties: {AuthType: %s, TargetFunctionArn: !Ref %s, Cors: %s}}
  May: {Type: AWS::Lambda::Permission, Properties: {Action: lambda:InvokeFunctionUrl, FunctionName: !Ref %s, Principal: '*'}}
`
	listed := "{AllowOrigins: [" + appOrigin + "], AllowMethods: [PUT], AllowHeaders: [x-a], ExposeHeaders: [x-b], AllowCredentials: true}"
	both := "access-control-allow-credentials: true; access-control-allow-origin: " + appOrigin
	actual := both + "; access-control-allow-origin: https://own.example; access-control-expose-headers: x-b"
	for name, tt := range map[string]struct {
		auth, target, cors, permitted string
		req                           *Request
		status                        int
		want                          string
	}{
		"a preflight":                            {"NONE", "Fn", listed, "Fn", pre("PUT", "/x", appOrigin), 200, strings.Replace(both, "; access-control-allow-origin", "; access-control-allow-headers: x-a; access-control-allow-methods: PUT; access-control-allow-origin", 1)},
		"one of a stranger":                      {"NONE", "Fn", listed, "Fn", pre("PUT", "/x", "https://evil.example"), 200, ""},
		"one that needs no signature":            {"AWS_IAM", "Fn", "{AllowOrigins: ['*']}", "Fn", pre("PUT", "/x", appOrigin), 200, "access-control-allow-origin: *"},
		"without a setting it is the function's": {"NONE", "Fn", "!Ref AWS::NoValue", "Fn", pre("PUT", "/x", appOrigin), 418, "access-control-allow-origin: https://own.example"},
		"the headers of both":                    {"NONE", "Fn", listed, "Fn", get("/", appOrigin), 418, actual},
		"the function's alone for a stranger":    {"NONE", "Fn", listed, "Fn", get("/", "https://evil.example"), 418, "access-control-allow-origin: https://own.example"},
		"no signature":                           {"AWS_IAM", "Fn", listed, "Fn", get("/", appOrigin), 403, both + "; access-control-expose-headers: x-b"},
		"a signature":                            {"AWS_IAM", "Fn", listed, "Fn", get("/", appOrigin, Header{"authorization", "AWS4-HMAC-SHA256 x"}), 418, actual},
		"nobody may call it":                     {"NONE", "Fn", listed, "Other", get("/", appOrigin), 403, both + "; access-control-expose-headers: x-b"},
		"an alias that everybody may call":       {"NONE", "Live", listed, "Live", get("/", appOrigin), 418, actual},
		"* with credentials":                     {"NONE", "Fn", "{AllowOrigins: ['*'], AllowCredentials: true}", "Fn", get("/", appOrigin), 502, ""},
		"a scheme":                               {"NONE", "Fn", "{AllowOrigins: ['https://*']}", "Fn", get("/", appOrigin), 502, ""},
		"another scheme":                         {"NONE", "Fn", "{AllowOrigins: ['http://*']}", "Fn", get("/", appOrigin), 418, "access-control-allow-origin: https://own.example"},
	} {
		t.Run(name, func(t *testing.T) {
			text := fmt.Sprintf(template, tt.auth, tt.target, tt.cors, tt.permitted) + "  Other: {Type: AWS::Lambda::Function, Properties: {}}\n"
			a, err := Load(app(t, text), Options{})
			if err != nil || a.Kind != FunctionURL || a.Base() != "https://url.lambda-url.us-east-1.on.aws" || !slices.Equal(a.Functions(), []string{"Fn"}) {
				t.Fatal(err, a)
			}
			res := a.Serve(context.Background(), tt.req, fake{invoke: func(_ Function, event []byte) ([]byte, error) {
				return []byte(`{"statusCode": 418, "headers": {"Access-Control-Allow-Origin": "https://own.example"}}`), nil
			}})
			if got := said(res); res.Status != tt.status || got != tt.want {
				t.Errorf("%d %s, want %d %s; %v", res.Status, got, tt.status, tt.want, res.Trace)
			}
		})
	}
}

// TestOtherRoutes holds which route a request leads to.
func TestOtherRoutes(t *testing.T) {
	text := "Resources:\n  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Target: https://backend.example}}\n"
	for i, key := range []string{"GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "POST /pets/dog/1", "ANY /pets/dog/{id}"} {
		text += fmt.Sprintf("  R%d: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: '%s', Target: !Sub 'integrations/${I}'}}\n", i, key)
	}
	text += "  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example}}\n"
	a, err := Load(app(t, text), Options{})
	if err != nil || a.Stage != "$default" {
		t.Fatal(err)
	}
	for request, want := range map[string]string{
		// The documentation's own examples.
		"GET /pets/dog/1": "R0 at /pets/dog/1", "GET /pets/dog/2": "R1 at /pets/dog/{id}", "GET /pets/cat/1": "R2 at /pets/{proxy+}", "POST /test/5": "R3 at /{proxy+}",
		"POST /pets/dog/1": "R4 at /pets/dog/1", "PUT /pets/dog/1": "R5 at /pets/dog/1", "OPTIONS /pets/cat/1": "R3 at /pets/{proxy+}", "GET /": "Web at $default",
	} {
		method, path, _ := strings.Cut(request, " ")
		m, at := a.Route(method, path)
		if got := m.ID + " at " + at.Path; got != want {
			t.Errorf("%s leads to %s, want %s", request, got, want)
		}
	}
}

// TestOtherFaults holds that what cannot be read is one line, and the rest is read.
func TestOtherFaults(t *testing.T) {
	for name, tt := range map[string]struct{ resources, want string }{
		"no route key":          {`R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: get items, Target: !Sub 'integrations/${I}'}}`, `route R: "get items" is no route key`},
		"no method":             {`R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'FETCH /items', Target: !Sub 'integrations/${I}'}}`, `"FETCH /items" is no route key`},
		"no integration":        {`R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'GET /bad'}}`, "method R: Target: the route has no integration"},
		"another integration":   {`R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'GET /bad', Target: integrations/abc}}`, "is no integration of the template"},
		"a type there is not":   {`J: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: MOCK}}, R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'GET /bad', Target: !Sub 'integrations/${J}'}}`, `"MOCK" is not one that an HTTP API has`},
		"a format there is not": {`J: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: AWS_PROXY, PayloadFormatVersion: '3'}}, R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'GET /bad', Target: !Sub 'integrations/${J}'}}`, `"3" is neither 1.0 nor 2.0`},
		"a route twice":         {`R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'GET /ok', Target: !Sub 'integrations/${I}'}}`, "it exists twice"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := Load(app(t, `
Resources:
  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example}}
  Ok: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'GET /ok', Target: !Sub 'integrations/${I}'}}
  `+strings.ReplaceAll(tt.resources, "}}, ", "}}\n  ")), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(a.Problems) != 1 || !strings.Contains(a.Problems[0], tt.want) {
				t.Errorf("problems %q, want %q", a.Problems, tt.want)
			}
			if m, _ := a.Route("GET", "/ok"); m == nil || m.Err != nil {
				t.Error("the other route is not read")
			}
		})
	}
	if _, err := Load(app(t, "Resources: {W: {Type: 'AWS::ApiGatewayV2::Api', Properties: {ProtocolType: WEBSOCKET}}}"), Options{}); err == nil || !strings.Contains(err.Error(), "WebSocket API W alone, which has no CORS") {
		t.Errorf("a WebSocket API: %v", err)
	}
}

// TestHTTPDocument holds that an OpenAPI document is read like routes.
func TestHTTPDocument(t *testing.T) {
	a, err := Load(app(t, `
Resources:
  Fn: {Type: AWS::Lambda::Function, Properties: {}}
  Web:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Body:
        openapi: 3.0.1
        x-amazon-apigateway-cors: {allowOrigins: ['https://*'], allowMethods: ['*'], allowCredentials: true}
        components:
          securitySchemes:
            jwt: {type: oauth2, x-amazon-apigateway-authorizer: {type: jwt, identitySource: $request.header.Authorization}}
          x-amazon-apigateway-integrations:
            fn: {type: aws_proxy, uri: !GetAtt Fn.Arn, payloadFormatVersion: '2.0'}
        paths:
          /a: {get: {x-amazon-apigateway-integration: {$ref: '#/components/x-amazon-apigateway-integrations/fn'}, security: [{jwt: [s]}]}}
          /$default: {x-amazon-apigateway-any-method: {x-amazon-apigateway-integration: {type: http_proxy, uri: 'https://x.example', payloadFormatVersion: '1.0'}}}
`), Options{})
	if err != nil || len(a.Problems) > 0 {
		t.Fatal(err, a.Problems)
	}
	m, _ := a.Route("GET", "/a")
	if m == nil || m.AuthorizationType != "JWT" || !slices.Equal(m.Identity(), []string{"authorization"}) || m.Integration.Type != "AWS_PROXY" {
		t.Errorf("%+v", m)
	}
	if m, at := a.Route("PUT", "/b"); m == nil || at.Path != DefaultRoute {
		t.Errorf("%+v", m)
	}
	if got, _ := a.CORS.Origin("https://anybody.example"); got != "https://anybody.example" {
		t.Errorf("https://* lets in %q", got)
	}
}

// TestKindOfOptions holds that an API of one kind is found beside others.
func TestKindOfOptions(t *testing.T) {
	a := app(t, shop+"  Api: {Type: AWS::ApiGateway::RestApi}\n")
	if _, err := Load(a, Options{}); err == nil || !strings.Contains(err.Error(), "2 APIs: Api, Web") {
		t.Errorf("%v", err)
	}
	for kind, want := range map[Kind]string{RestAPI: "Api", HTTPAPI: "Web"} {
		if api, err := Load(a, Options{Kind: kind}); err != nil || api.ID != want {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if _, err := Load(a, Options{Kind: FunctionURL}); err == nil || !strings.Contains(err.Error(), "no function URL in the template") {
		t.Errorf("%v", err)
	}
}

// TestOtherUnknown holds that what is not read of an HTTP API or a function URL is not taken for what it would be without.
func TestOtherUnknown(t *testing.T) {
	const web = "  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, CorsConfiguration: {AllowOrigins: [https://app.example.com]}"
	document := func(paths string) string {
		return "Resources: {Web: {Type: AWS::ApiGatewayV2::Api, Properties: {Body: {openapi: 3.0.1, x-amazon-apigateway-cors: {allowOrigins: [https://app.example.com]}, " +
			"components: {securitySchemes: {far: {$ref: 'https://x.example/far'}, none: {$ref: '#/components/none'}}}, paths: {" + paths + "}}}}}"
	}
	odd, err := Load(app(t, strings.ReplaceAll("Resources:\n"+web+"}}", "AllowOrigins", "allowOrigins")), Options{})
	if err != nil || len(odd.Problems) != 1 || !strings.Contains(odd.Problems[0], "CorsConfiguration has no member allowOrigins") {
		t.Errorf("a member that CloudFormation does not know: %v, %v", odd, err)
	}
	const integration = "x-amazon-apigateway-integration: {type: http_proxy, httpMethod: ANY, uri: https://x.example, payloadFormatVersion: '1.0'}"
	for name, tt := range map[string]struct{ template, path, want string }{
		"the key of quick create": {"Parameters: {P: {Type: String}}\nResources:\n" + web + ", Target: https://x.example, RouteKey: !Ref P}}", "/a", "this API may have /a elsewhere: route Web: RouteKey: not known: P"},
		"overrides of quick create": {"Resources:\n" + web + ", Target: https://x.example}}\n" +
			"  O: {Type: AWS::ApiGatewayV2::ApiGatewayManagedOverrides, Properties: {ApiId: !Ref Web, Route: {AuthorizationType: AWS_IAM}}}", "/a", "this API may have /a elsewhere: O, an AWS::ApiGatewayV2::ApiGatewayManagedOverrides"},
		"a path of another document":   {document("/a: {$ref: 'https://x.example/a'}"), "/a", "the path /a: what its $ref refers to is not in the document"},
		"a path that is not there":     {document("/a: {$ref: '#/components/a'}"), "/a", "the path /a: what its $ref refers to is not in the document"},
		"a scheme of another document": {document("/a: {get: {" + integration + ", security: [{far: []}]}}"), "/a", "far: what its $ref refers to is not in the document"},
		"a scheme that is not there":   {document("/a: {get: {" + integration + ", security: [{none: []}]}}"), "/a", "none: what its $ref refers to is not in the document"},
		"a URL of a function that is not known": {"Parameters: {P: {Type: String}}\nResources:\n  U: {Type: AWS::Lambda::Url, Properties: {AuthType: NONE, TargetFunctionArn: !Ref P, Cors: {AllowOrigins: [https://app.example.com]}}}\n" +
			"  F: {Type: AWS::Lambda::Function, Properties: {}}\n  M: {Type: AWS::Lambda::Permission, Properties: {Action: lambda:InvokeFunctionUrl, Principal: '*', FunctionName: !Ref F}}", "/a", "no backend for"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := Load(app(t, tt.template), Options{})
			if err != nil {
				t.Fatal(err)
			}
			res := a.Serve(context.Background(), get(tt.path, appOrigin), nil)
			if got, _ := unserved(res); !strings.Contains(got, tt.want) {
				t.Errorf("%d, not known: %q, want %q", res.Status, got, tt.want)
			}
			if slices.ContainsFunc(a.Problems, func(p string) bool { return strings.Contains(p, "is no route key") }) {
				t.Errorf("problems %q", a.Problems)
			}
		})
	}
	a, err := Load(app(t, document("/a: {$ref: '#/components/a'}}, components: {a: {get: {"+integration+"}}")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m, _ := a.Route("GET", "/a"); m == nil || m.Err != nil {
		t.Errorf("the path of a local $ref: %+v, %q", m, a.Problems)
	}
}
