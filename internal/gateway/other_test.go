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

// TestPublic holds which permissions let everybody call a function URL, and that what is not known may.
func TestPublic(t *testing.T) {
	for name, tt := range map[string]struct {
		url, permission string
		want            bool
	}{
		"of the function":                   {"TargetFunctionArn: !Ref F", "FunctionName: !Ref F", true},
		"for its URL":                       {"TargetFunctionArn: !Ref F", "FunctionName: !GetAtt F.Arn, FunctionUrlAuthType: NONE", true},
		"by the URL's attribute":            {"TargetFunctionArn: !Ref F", "FunctionName: !GetAtt U.FunctionArn", true},
		"for signed requests":               {"TargetFunctionArn: !Ref F", "FunctionName: !Ref F, FunctionUrlAuthType: AWS_IAM", false},
		"for an organisation":               {"TargetFunctionArn: !Ref F", "FunctionName: !Ref F, PrincipalOrgID: o-1", false},
		"for another account's service":     {"TargetFunctionArn: !Ref F", "FunctionName: !Ref F, SourceAccount: '111111111111'", false},
		"for a bucket":                      {"TargetFunctionArn: !Ref F", "FunctionName: !Ref F, SourceArn: 'arn:aws:s3:::b'", false},
		"of another function":               {"TargetFunctionArn: !Ref F", "FunctionName: other", false},
		"of a function of any name":         {"TargetFunctionArn: !Ref F", "FunctionName: !Ref P", true},
		"of a name of any function":         {"TargetFunctionArn: !Ref P", "FunctionName: !Ref F", true},
		"by name":                           {"TargetFunctionArn: named", "FunctionName: !Ref N", true},
		"by the name of an ARN":             {"TargetFunctionArn: 'arn:aws:lambda:us-east-1:111111111111:function:named'", "FunctionName: named", true},
		"by a name that is not here":        {"TargetFunctionArn: 'arn:aws:lambda:us-east-1:111111111111:function:far'", "FunctionName: '111111111111:function:far'", true},
		"of the alias":                      {"TargetFunctionArn: !Ref F, Qualifier: live", "FunctionName: !Ref L", true},
		"of the alias, written out":         {"TargetFunctionArn: !Ref F, Qualifier: live", "FunctionName: !Sub '${F}:live'", true},
		"of the alias, by name":             {"TargetFunctionArn: !Ref L", "FunctionName: !Ref F, Action: lambda:InvokeFunction", false},
		"of the function alone":             {"TargetFunctionArn: !Ref F, Qualifier: live", "FunctionName: !Ref F", false},
		"of another alias":                  {"TargetFunctionArn: !Ref F, Qualifier: live", "FunctionName: !Sub '${F}:test'", false},
		"of the alias alone":                {"TargetFunctionArn: !Ref F", "FunctionName: !Ref L", false},
		"of an alias that is not known":     {"TargetFunctionArn: !Ref F, Qualifier: !Ref P", "FunctionName: !Ref L", true},
		"of a version":                      {"TargetFunctionArn: !Ref F", "FunctionName: !Ref V", false},
		"for every action":                  {"TargetFunctionArn: !Ref F", "FunctionName: !Ref F, Action: '*'", true},
		"for every action of Lambda":        {"TargetFunctionArn: !Ref F", "FunctionName: !Ref F, Action: 'lambda:*'", true},
		"for a principal":                   {"TargetFunctionArn: !Ref F", "FunctionName: !Ref F, Principal: '111111111111'", false},
		"for a principal that is not known": {"TargetFunctionArn: !Ref F", "FunctionName: !Ref F, Principal: !Ref P", true},
	} {
		permission := tt.permission
		for key, usual := range map[string]string{"Action": "lambda:InvokeFunctionUrl", "Principal": "'*'"} {
			if !strings.Contains(permission, key) {
				permission += ", " + key + ": " + usual
			}
		}
		a, err := Load(app(t, "Parameters: {P: {Type: String}}\nResources:\n  F: {Type: AWS::Lambda::Function, Properties: {}}\n  N: {Type: AWS::Lambda::Function, Properties: {FunctionName: named}}\n"+
			"  L: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref F, Name: live, FunctionVersion: '1'}}\n  V: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref F}}\n"+
			"  U: {Type: AWS::Lambda::Url, Properties: {AuthType: NONE, "+tt.url+"}}\n  M: {Type: AWS::Lambda::Permission, Properties: {"+permission+"}}\n"), Options{})
		if err != nil {
			t.Fatal(name, err)
		}
		if got := !a.Closed() && !a.Foreign(); got != tt.want {
			t.Errorf("a permission %s: public %t, want %t", name, got, tt.want)
		}
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
		"a status that is text": {`J: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example, ResponseParameters: [1]}}, R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: 'GET /bad', Target: !Sub 'integrations/${J}'}}`, "ResponseParameters: an object expected"},
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

// TestHTTPBasePath holds that the base path of a document precedes its paths, as BasePath says.
func TestHTTPBasePath(t *testing.T) {
	for mode, want := range map[string]string{"": "/a", "ignore": "/a", "prepend": "/v1/shop/a", "split": "/shop/a"} {
		property := ""
		if mode != "" {
			property = "BasePath: " + mode + ", "
		}
		a, err := Load(app(t, "Resources: {Web: {Type: AWS::ApiGatewayV2::Api, Properties: {"+property+"Body: {openapi: 3.0.1, servers: [{url: 'https://x.example/v1/shop/'}], paths: "+
			"{/a: {get: {x-amazon-apigateway-integration: {type: http_proxy, uri: 'https://x.example'}}}, /$default: {x-amazon-apigateway-any-method: {x-amazon-apigateway-integration: {type: http_proxy, uri: 'https://x.example'}}}}}}}}"), Options{})
		if err != nil || len(a.Problems) > 0 {
			t.Fatal(mode, err, a.Problems)
		}
		if m, at := a.Route("GET", want); m == nil || at.Path != want {
			t.Errorf("BasePath %q: GET %s leads to %+v", mode, want, at)
		}
		if m, at := a.Route("GET", "/else"); m == nil || at.Path != DefaultRoute {
			t.Errorf("BasePath %q: another path leads to %+v", mode, at)
		}
	}
}

// TestOpenByName holds that the scheme that SAM writes for an operation without an authorizer leaves it open, in both kinds of APIs.
func TestOpenByName(t *testing.T) {
	for _, api := range []string{"AWS::ApiGatewayV2::Api", "AWS::ApiGateway::RestApi"} {
		for scheme, open := range map[string]bool{"NONE": true, "typo": false} {
			a, err := Load(app(t, "Resources: {Web: {Type: "+api+", Properties: {Body: {openapi: 3.0.1, paths: "+
				"{/a: {get: {security: [{"+scheme+": []}], x-amazon-apigateway-integration: {type: http_proxy, httpMethod: GET, uri: 'https://x.example'}}}}}}}}"), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if m, _ := a.Route("GET", "/a"); m == nil || (m.Err == nil) != open || m.AuthorizationType != "NONE" {
				t.Errorf("%s: security %s: %+v, want open %v", api, scheme, m, open)
			}
		}
	}
}

// TestParameterMappings holds what becomes of a response of an HTTP API whose headers and status are mapped.
func TestParameterMappings(t *testing.T) {
	served := func(more string) *Response {
		t.Helper()
		a, err := Load(app(t, `
Resources:
  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example, `+more+`}}
  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: GET /a, Target: !Sub 'integrations/${I}'}}
`), Options{})
		if err != nil || len(a.Problems)+len(a.Undeployable) > 0 {
			t.Fatal(err, a.Problems, a.Undeployable)
		}
		return a.Serve(context.Background(), get("/a", appOrigin), fake{http: func(*BackendRequest) (*BackendResponse, error) {
			return &BackendResponse{Status: 200, Headers: Headers{{"X-Old", "1"}, {"X-Gone", "1"}, {"Vary", "Origin"}}}, nil
		}})
	}
	mapped := func(status string, to ...string) string {
		var list []string
		for i := 0; i < len(to); i += 2 {
			list = append(list, fmt.Sprintf("{Destination: '%s', Source: '%s'}", to[i], to[i+1]))
		}
		return "ResponseParameters: {'" + status + "': {ResponseParameters: [" + strings.Join(list, ", ") + "]}}"
	}
	res := served(mapped("200", "overwrite:statuscode", "201", "overwrite:header.x-old", "2", "remove:header.X-Gone", "", "append:header.x-new", "$context.requestId", "append:header.vary", "Accept"))
	if got := res.Headers.Values("X-Old"); res.Status != 201 || !slices.Equal(got, []string{"2"}) || len(res.Headers.Values("X-Gone")) > 0 ||
		len(res.Headers.Values("X-New")) != 1 || !slices.Equal(res.Headers.Values("Vary"), []string{"Origin", "Accept"}) {
		t.Errorf("%d %v", res.Status, res.Headers)
	}
	if res := served(mapped("404", "overwrite:header.x-old", "2")); res.Status != 200 || res.Headers.Values("X-Old")[0] != "1" {
		t.Errorf("the mappings of another status: %d %v", res.Status, res.Headers)
	}
	for name, more := range map[string]string{
		"the header Vary that ResponseParameters map": mapped("200", "overwrite:header.Vary", "$response.header.x-old"),
		"RequestParameters change the request":        "RequestParameters: {'overwrite:path': /b}",
	} {
		if got, _ := unserved(served(more)); !strings.Contains(got, name) {
			t.Errorf("not known: %q, want %q", got, name)
		}
	}
}

// TestRefusesPreflights holds whose authorizers turn preflights away.
func TestRefusesPreflights(t *testing.T) {
	for name, tt := range map[string]struct {
		authorizer, typ string
		refuses, known  bool
	}{
		"none":                              {"", "NONE", false, true},
		"IAM":                               {"", "AWS_IAM", true, true},
		"a JWT":                             {"AuthorizerType: JWT, IdentitySource: [$request.header.Authorization]", "JWT", true, true},
		"a JWT without a source":            {"AuthorizerType: JWT", "JWT", true, true},
		"a JWT in the address":              {"AuthorizerType: JWT, IdentitySource: [$request.querystring.token]", "JWT", false, true}, // a preflight has it, too
		"a header of the page's":            {"AuthorizerType: REQUEST, IdentitySource: [$request.header.X-Token]", "CUSTOM", true, true},
		"two sources":                       {"AuthorizerType: REQUEST, IdentitySource: [$context.stage, $request.header.X-Token]", "CUSTOM", true, true},
		"a header of each request":          {"AuthorizerType: REQUEST, IdentitySource: [$request.header.Origin]", "CUSTOM", false, false},
		"the address":                       {"AuthorizerType: REQUEST, IdentitySource: [$request.querystring.token]", "CUSTOM", false, false},
		"no source":                         {"AuthorizerType: REQUEST", "CUSTOM", false, false},
		"an authorizer of another template": {"", "CUSTOM", false, false},
		"a JWT's of another template":       {"", "JWT", false, false},
		"a JWT's by its id":                 {"id", "JWT", false, false},
	} {
		id := ", AuthorizerId: !Ref A"
		if tt.authorizer == "id" {
			tt.authorizer, id = "", ", AuthorizerId: abc123"
		}
		template := "\nResources:\n  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}\n"
		if tt.authorizer != "" {
			template += "  A: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Web, " + tt.authorizer + "}}\n"
		} else {
			template = "Parameters: {A: {Type: String}}" + template
		}
		a, err := Load(app(t, template+"  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example}}\n"+
			"  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: ANY /a, Target: !Sub 'integrations/${I}', AuthorizationType: "+tt.typ+id+"}}\n"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		m, _ := a.Route("OPTIONS", "/a")
		if refuses, known := m.RefusesPreflights(); refuses != tt.refuses || known != tt.known {
			t.Errorf("%s: refuses %v, known %v; want %v, %v", name, refuses, known, tt.refuses, tt.known)
		}
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

// TestTokenless holds that a preflight which reaches a Lambda authorizer that is not run is not known to pass, unless the page is
// refused in any case, and that a token in its URL is taken for a good one.
func TestTokenless(t *testing.T) {
	const template = "Resources:\n  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, CorsConfiguration: {AllowOrigins: [https://app.example.com], AllowMethods: [PUT]}}}\n" +
		"  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example}}\n" +
		"  A: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Web, AuthorizerType: REQUEST, IdentitySource: %s, AuthorizerUri: !Sub 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${%s.Arn}/invocations'}}\n" +
		"  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: ANY /a, AuthorizationType: CUSTOM, AuthorizerId: !Ref A, Target: !Sub 'integrations/${I}'}}\n" +
		"  F: {Type: AWS::Lambda::Function, Properties: {}}\n  Queue: {Type: AWS::SQS::Queue}\n"
	for name, tt := range map[string]struct {
		sources, function string
		req               *Request
		want              int
	}{
		"a function that is not run":         {"[]", "F", pre("PUT", "/a", appOrigin), 502},
		"a function that is not known":       {"[]", "Queue", pre("PUT", "/a", appOrigin), 502},
		"a source of every request":          {"[$context.identity.sourceIp]", "F", pre("PUT", "/a", appOrigin), 502},
		"a stranger, who is refused anyway":  {"[]", "F", pre("PUT", "/a", "https://evil.example"), 200},
		"a token in the URL":                 {"[$request.querystring.t]", "F", pre("PUT", "/a?t=1", appOrigin), 200},
		"a request that may carry one":       {"[]", "F", get("/a", appOrigin), 200},
		"a header that no preflight carries": {"[$request.header.X-Token]", "F", pre("PUT", "/a", appOrigin), 401},
	} {
		for _, authorizers := range []*Authorizers{nil, {}} {
			a, err := Load(app(t, fmt.Sprintf(template, tt.sources, tt.function)), Options{Authorizers: authorizers})
			if err != nil {
				t.Fatal(err)
			}
			res := a.Serve(context.Background(), tt.req, fake{
				invoke: func(Function, []byte) ([]byte, error) { return nil, &Unavailable{Reason: "not here"} },
				http:   func(*BackendRequest) (*BackendResponse, error) { return &BackendResponse{Status: 200}, nil },
			})
			if res.Status != tt.want {
				t.Errorf("%s, authorizers %v: %d, want %d: %v", name, authorizers, res.Status, tt.want, res.Trace)
			}
		}
	}
}

// TestOtherUnknown holds that what is not read of an HTTP API or a function URL is not taken for what it would be without.
func TestOtherUnknown(t *testing.T) {
	const web = "  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, CorsConfiguration: {AllowOrigins: [https://app.example.com]}"
	document := func(paths string) string {
		return "Resources: {Web: {Type: AWS::ApiGatewayV2::Api, Properties: {Body: {openapi: 3.0.1, x-amazon-apigateway-cors: {allowOrigins: [https://app.example.com]}, " +
			"components: {securitySchemes: {far: {$ref: 'https://x.example/far'}, none: {$ref: '#/components/none'}}}, paths: {" + paths + "}}}}}"
	}
	schemes := func(paths string) string {
		return strings.Replace(document(paths), "securitySchemes: {", "securitySchemes: {jwt: {type: oauth2, x-amazon-apigateway-authorizer: {type: jwt, identitySource: $request.header.Authorization}}, key: {type: apiKey, name: x-api-key, in: header}, ", 1)
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
		"a path of another document":     {document("/a: {$ref: 'https://x.example/a'}"), "/a", "the path /a: what its $ref refers to is not in the document"},
		"a path that is not there":       {document("/a: {$ref: '#/components/a'}"), "/a", "the path /a: what its $ref refers to is not in the document"},
		"a scheme of another document":   {document("/a: {get: {" + integration + ", security: [{far: []}]}}"), "/a", "far: what its $ref refers to is not in the document"},
		"a scheme that is not there":     {document("/a: {get: {" + integration + ", security: [{none: []}]}}"), "/a", "none: what its $ref refers to is not in the document"},
		"a scheme that is not defined":   {document("/a: {get: {" + integration + ", security: [{undefined: []}]}}"), "/a", `the document has no security scheme "undefined"`},
		"an empty requirement":           {schemes("/a: {get: {" + integration + ", security: [{}, {jwt: []}]}}"), "/a", "it has an empty requirement"},
		"two authorizers":                {schemes("/a: {get: {" + integration + ", security: [{jwt: []}, {key: []}]}}"), "/a", "it names jwt and key"},
		"two authorizers at once":        {schemes("/a: {get: {" + integration + ", security: [{jwt: [], key: []}]}}"), "/a", "it names jwt and key"},
		"a scheme without an authorizer": {schemes("/a: {get: {" + integration + ", security: [{key: []}]}}"), "/a", `the security scheme "key" has no x-amazon-apigateway-authorizer`},
		"a setting in other letters":     {strings.Replace(document("/a: {get: {"+integration+"}}"), "{allowOrigins:", "{AllowOrigins:", 1), "/a", "whether AllowOrigins in x-amazon-apigateway-cors is taken for allowOrigins"},
		"a document of version 2":        {strings.Replace(document("/a: {get: {"+integration+"}}"), "openapi: 3.0.1", "swagger: '2.0'", 1), "/a", "version 2, and an HTTP API takes 3"},
		"an unknown kind of authorizer": {"Resources:\n" + web + "}}\n  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example}}\n" +
			"  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: GET /a, AuthorizationType: TOKEN, AuthorizerId: abc, Target: !Sub 'integrations/${I}'}}", "/a", `"TOKEN" is none of NONE`},
		"no authorizer": {"Resources:\n" + web + "}}\n  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example}}\n" +
			"  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: GET /a, AuthorizationType: JWT, Target: !Sub 'integrations/${I}'}}", "/a", "AuthorizationType JWT requires one"},
		"the id of an integration alone": {"Resources:\n" + web + "}}\n  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example}}\n" +
			"  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: GET /a, Target: !Ref I}}", "/a", "it is the id of the integration I alone"},
		"a base path of a parameter": {"Parameters: {P: {Type: String}}\n" + strings.ReplaceAll(document("/a: {get: {"+integration+"}}"), "Properties: {", "Properties: {BasePath: !Ref P, "), "/a", "this API may have /a elsewhere: the Body of Web: BasePath: not known: P"},
		"a base path that is none":   {strings.ReplaceAll(document("/a: {get: {"+integration+"}}"), "Properties: {", "Properties: {BasePath: add, "), "/a", `"add" is none of ignore, prepend and split`},
		"an empty setting":           {"Resources:\n  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, CorsConfiguration: {}}}", "/a", "CorsConfiguration: it is empty"},
		"an empty setting of a URL":  {"Resources:\n  U: {Type: AWS::Lambda::Url, Properties: {AuthType: NONE, Cors: {}}}", "/a", "Cors: it is empty"},
		"a destination of a parameter": {"Parameters: {P: {Type: String}}\nResources:\n" + web + "}}\n  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example, ResponseParameters: {'200': {ResponseParameters: [{Destination: !Ref P, Source: x}]}}}}\n" +
			"  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: GET /a, Target: !Sub 'integrations/${I}'}}", "/a", "Destination: not known: P"},
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
