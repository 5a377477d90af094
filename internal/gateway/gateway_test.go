package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/corsgate/corsgate/internal/cfn"
)

// tpl makes a template of resources written in JSON, with a RestApi Api and a Stage prod.
func tpl(resources string, stage string) []byte {
	if stage == "" {
		stage = `"Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "prod"}}`
	}
	return []byte(`{"Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "t"}}, ` + stage + `, ` + resources + `}}`)
}

func res(id, parent, part string) string {
	p := `{"Fn::GetAtt": ["Api", "RootResourceId"]}`
	if parent != "" {
		p = `{"Ref": "` + parent + `"}`
	}
	return fmt.Sprintf(`%q: {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": {"Ref": "Api"}, "ParentId": %s, "PathPart": %q}}`, id, p, part)
}

func method(id, resource, verb, rest string) string {
	r := `{"Fn::GetAtt": ["Api", "RootResourceId"]}`
	if resource != "" {
		r = `{"Ref": "` + resource + `"}`
	}
	return fmt.Sprintf(`%q: {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": %s, "HttpMethod": %q, "AuthorizationType": "NONE", %s}}`, id, r, verb, rest)
}

func mock(request, responses string) string {
	b, _ := json.Marshal(request)
	return `"Integration": {"Type": "MOCK", "RequestTemplates": {"application/json": ` + string(b) + `}, "IntegrationResponses": [` + responses + `]}`
}

// parse reads a template and its API.
func parse(template []byte, values cfn.Options, opts Options) (*API, error) {
	app, err := cfn.Parse("t.json", template, values)
	if err != nil {
		return nil, err
	}
	return Load(app, opts)
}

func load(t *testing.T, template []byte, opts Options) *API {
	t.Helper()
	a, err := parse(template, cfn.Options{}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

type fake struct {
	invoke func(fn Function, event []byte) ([]byte, error)
	http   func(r *BackendRequest) (*BackendResponse, error)
}

func (f fake) Invoke(_ context.Context, fn Function, event []byte) ([]byte, error) {
	return f.invoke(fn, event)
}
func (f fake) HTTP(_ context.Context, r *BackendRequest) (*BackendResponse, error) { return f.http(r) }
func (f fake) AWS(_ context.Context, r *BackendRequest) (*BackendResponse, error)  { return f.http(r) }

func TestLoadErrors(t *testing.T) {
	two := `{"Resources": {"A": {"Type": "AWS::ApiGateway::RestApi"}, "B": {"Type": "AWS::ApiGateway::RestApi"}, "F": {"Type": "AWS::Lambda::Function"}}}`
	stages := `{"Resources": {"A": {"Type": "AWS::ApiGateway::RestApi"},
		"S1": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "A"}, "StageName": "dev"}},
		"S2": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "A"}, "StageName": "prod"}}}}`
	tests := []struct {
		template string
		opts     Options
		want     string
	}{
		{`{"Resources": {}}`, Options{}, "t.json: no AWS::ApiGateway::RestApi, AWS::ApiGatewayV2::Api or AWS::Lambda::Url in the template"},
		{two, Options{}, "t.json: 2 REST APIs: A, B; say which one is meant"},
		{two, Options{API: "C"}, "t.json: no resource C; the template has the API A, B"},
		{two, Options{API: "F"}, "t.json: resource F is a AWS::Lambda::Function, not a REST API, an HTTP API or a function URL"},
		{stages, Options{}, "t.json: the API A has 2 stages: dev, prod; say which one is meant"},
		{stages, Options{Stage: "x"}, "t.json: no stage x; the API A has dev, prod"},
	}
	for _, tt := range tests {
		_, err := parse([]byte(tt.template), cfn.Options{}, tt.opts)
		var le *LoadError
		if !errors.As(err, &le) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s\n got %v\nwant %s", tt.template, err, tt.want)
		}
	}
	for _, o := range []Options{{API: "B"}, {API: "A"}} {
		if a := load(t, []byte(two), o); a.ID != o.API || a.Stage != "prod" {
			t.Errorf("%+v", a)
		}
	}
	if a := load(t, []byte(stages), Options{Stage: "dev"}); a.Stage != "dev" {
		t.Errorf("%+v", a)
	}
}

// decision is the shape of template the constructs render.
const decision = `#set($origin = $input.params().header.get("origin"))
#if("$!origin" == "")#set($origin = $input.params().header.get("Origin"))#end
#set($allowed = "$!stageVariables.corsOrigins")
#set($allowed = $allowed.replaceAll(",", "|").replaceAll("[.]", "[.]").replaceAll("~", "[a-z0-9_.-]+"))
#if("$!origin" != "" && $origin.matches($allowed))
#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
{"statusCode": 204}
#else
{"statusCode": 403}
#end`

func TestPreflightDecision(t *testing.T) {
	stage := `"Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "prod", "Variables": {"corsOrigins": "https://app.example.com,https://~.preview.example.com"}}}`
	a := load(t, tpl(res("Items", "", "items")+","+method("Opt", "Items", "OPTIONS", mock(decision,
		`{"StatusCode": "204", "ResponseParameters": {"method.response.header.Vary": "'Origin'", "method.response.header.Access-Control-Allow-Methods": "'GET'"}},
		 {"StatusCode": "403", "SelectionPattern": "403", "ResponseParameters": {"method.response.header.Vary": "'Origin'"}}`)), stage), Options{})
	for origin, want := range map[string]int{"https://app.example.com": 204, "https://x.preview.example.com": 204, "https://evil.test": 403, "": 403} {
		for _, name := range []string{"origin", "Origin"} {
			req := &Request{Method: "OPTIONS", Path: "/items"}
			if origin != "" {
				req.Headers = Headers{{name, origin}}
			}
			r := a.Serve(context.Background(), req, nil)
			acao, has := r.Headers.Get("Access-Control-Allow-Origin")
			vary, _ := r.Headers.Get("Vary")
			if r.Status != want || has != (want == 204) || has && acao != origin || vary != "Origin" {
				t.Errorf("%s %q: %d %v\n%+v", name, origin, r.Status, r.Headers, r.Trace)
			}
			found := false
			for _, s := range r.Trace {
				if s.Kind == StepOverride && s.Line == 6 && s.Detail == origin && strings.HasPrefix(s.Source, "#set($context.responseOverride") {
					found = true
				}
			}
			if found != (want == 204) {
				t.Errorf("%q: trace %+v", origin, r.Trace)
			}
		}
	}
	// A stage without the variables refuses everyone; a variable can be overridden.
	b := load(t, tpl(res("Items", "", "items")+","+method("Opt", "Items", "OPTIONS", mock(decision, `{"StatusCode": "204"}, {"StatusCode": "403", "SelectionPattern": "403"}`)), ""), Options{})
	if r := b.Serve(context.Background(), &Request{Method: "OPTIONS", Path: "/items", Headers: Headers{{"Origin", "https://app.example.com"}}}, nil); r.Status != 403 {
		t.Errorf("%d", r.Status)
	}
}

// TestPlainCDK serves what awscdk 2.270 renders for DefaultCorsPreflightOptions with three origins.
func TestPlainCDK(t *testing.T) {
	template := "#set($origin = $input.params().header.get(\"Origin\"))\n#if($origin == \"\")\n  #set($origin = $input.params().header.get(\"origin\"))\n#end\n#if($origin == \"https://b.com\" || $origin == \"https://c.com\")\n  #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)\n#end"
	b, _ := json.Marshal(template)
	a := load(t, tpl(method("Opt", "", "OPTIONS", `"ApiKeyRequired": false, "Integration": {"Type": "MOCK", "RequestTemplates": {"application/json": "{ statusCode: 200 }"}, "IntegrationResponses": [
		{"StatusCode": "204", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": "'https://a.com'", "method.response.header.Vary": "'Origin'"}, "ResponseTemplates": {"application/json": `+string(b)+`}}]}`), ""), Options{})
	for origin, want := range map[string]string{"https://a.com": "https://a.com", "https://b.com": "https://b.com", "https://c.com": "https://c.com", "https://evil.test": "https://a.com"} {
		for _, name := range []string{"Origin", "origin"} {
			r := a.Serve(context.Background(), &Request{Method: "OPTIONS", Path: "/", Headers: Headers{{name, origin}}}, nil)
			v := r.Headers.Values("Access-Control-Allow-Origin")
			if r.Status != 204 || len(v) != 1 || v[0] != want || len(r.Body) != 0 {
				t.Errorf("%s: %d %v %q, want %s", origin, r.Status, v, r.Body, want)
			}
		}
	}
}

func TestMockFaults(t *testing.T) {
	ok := `{"StatusCode": "200"}`
	tests := []struct {
		name, method, api string
		headers           Headers
		want              int
	}{
		{"text body passes through", mock(`{"statusCode": 200}`, ok), "", Headers{{"Content-Type", "text/plain"}}, 500},
		{"NEVER", strings.Replace(mock(`{"statusCode": 200}`, ok), `"MOCK"`, `"MOCK", "PassthroughBehavior": "NEVER"`, 1), "", Headers{{"Content-Type", "text/plain"}}, 415},
		{"charset", mock(`{"statusCode": 200}`, ok), "", Headers{{"Content-Type", "application/json; charset=utf-8"}}, 200},
		{"no statusCode", mock(`{}`, ok), "", nil, 500},
		{"no match", mock(`{"statusCode": 404}`, `{"StatusCode": "200", "SelectionPattern": "2.."}`), "", nil, 500},
		{"set twice", mock(`#set($context.responseOverride.header.A = 1)#set($context.responseOverride.header.A = 2){"statusCode": 200}`, ok), "", nil, 500},
		{"set twice, as two spell it", mock(`#set($context.responseOverride.header.A = 1)$!context["responseOverride"].get("header").put("a", 2){"statusCode": 200}`, ok), "", nil, 500},
		{"set twice by an alias", mock(`#set($h = $context.responseOverride.header)#set($h["A"] = 1)$!h.putAll({"A": 2}){"statusCode": 200}`, ok), "", nil, 500},
		{"set twice in a loop", mock(`#foreach($i in [1..2])#set($context.responseOverride.header.A = $i)#end{"statusCode": 200}`, ok), "", nil, 500},
		{"set in both templates", mock(`#set($context.responseOverride.header.A = 1){"statusCode": 200}`, `{"StatusCode": "200", "ResponseTemplates": {"application/json": "#set($context.responseOverride.header.a = 2)"}}`), "", nil, 500},
		{"two headers in both templates", mock(`#set($context.responseOverride.header.A = 1){"statusCode": 200}`, `{"StatusCode": "200", "ResponseTemplates": {"application/json": "#set($context.responseOverride.header.B = 2)"}}`), "", nil, 200},
		{"overrides replaced as a whole", mock(`#set($context.responseOverride = {"header": {"A": 1}}){"statusCode": 200}`, ok), "", nil, 500},
		{"does not parse", mock(`#if(`, ok), "", nil, 500},
		{"binary", mock(`{"statusCode": 200}`, ok), `"BinaryMediaTypes": ["*/*"],`, nil, 500},
		{"binary converted", strings.Replace(mock(`{"statusCode": 200}`, `{"StatusCode": "200", "ContentHandling": "CONVERT_TO_TEXT"}`), `"MOCK"`, `"MOCK", "ContentHandling": "CONVERT_TO_TEXT"`, 1), `"BinaryMediaTypes": ["*/*"],`, nil, 200},
		{"look-ahead in a pattern", mock(`{"statusCode": 200}`, `{"StatusCode": "200", "SelectionPattern": "(?!5)..."}`), "", nil, 200},
		{"look-ahead that excludes the status", mock(`{"statusCode": 200}`, `{"StatusCode": "200", "SelectionPattern": "(?!2)..."}`), "", nil, 500},
		{"a pattern that is not understood", mock(`{"statusCode": 200}`, `{"StatusCode": "200", "SelectionPattern": "2++00"}`), "", nil, 502},
		{"a status in quotes", mock(`{"statusCode": "200"}`, ok), "", nil, 500},
		{"a status with a fraction", mock(`{"statusCode": 200.5}`, ok), "", nil, 500},
		{"a response without a status", mock(`{"statusCode": 200}`, `{}`), "", nil, 502},
		{"a response whose status is none", mock(`{"statusCode": 200}`, `{"StatusCode": "2000"}`), "", nil, 502},
		{"parseJson of nothing", mock(`#set($x = $util.parseJson("")){"statusCode": 200}`, ok), "", nil, 502},
		{"base64Decode of something else", mock(`$util.base64Decode("%"){"statusCode": 200}`, ok), "", nil, 502},
	}
	for _, tt := range tests {
		src := strings.Replace(string(tpl(method("Opt", "", "OPTIONS", tt.method), "")), `"Name": "t"`, tt.api+`"Name": "t"`, 1)
		a := load(t, []byte(src), Options{})
		if r := a.Serve(context.Background(), &Request{Method: "OPTIONS", Path: "/", Headers: tt.headers}, nil); r.Status != tt.want {
			t.Errorf("%s: %d, want %d\n%+v", tt.name, r.Status, tt.want, r.Trace)
		}
	}
}

func TestGatewayResponses(t *testing.T) {
	gr := func(typ, rest string) string {
		return fmt.Sprintf(`"Gr%s": {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": {"RestApiId": {"Ref": "Api"}, "ResponseType": %q, %s}}`, typ, typ, rest)
	}
	body := mock(`{"statusCode": 200}`, `{"StatusCode": "200"}`)
	a := load(t, tpl(res("Items", "", "items")+","+method("Get", "Items", "GET", body)+","+
		strings.Replace(method("Key", "Items", "PUT", body), `"AuthorizationType": "NONE"`, `"AuthorizationType": "NONE", "ApiKeyRequired": true`, 1)+","+
		strings.Replace(method("Auth", "Items", "POST", body), `"AuthorizationType": "NONE"`, `"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": "Authz"}`, 1)+","+
		`"Authz": {"Type": "AWS::ApiGateway::Authorizer", "Properties": {"Type": "TOKEN", "IdentitySource": "method.request.header.Authorization", "RestApiId": {"Ref": "Api"}}},
		 "K": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Enabled": true, "Value": "secret"}},`+plan("K")+`,`+
		gr("DEFAULT_4XX", `"ResponseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "method.request.header.origin", "gatewayresponse.header.X-S": "stageVariables.s", "gatewayresponse.header.X-P": "context.path"}`)+","+
		gr("UNAUTHORIZED", `"StatusCode": "499", "ResponseTemplates": {"application/json": "{\"t\": \"$context.error.responseType\", \"m\": $context.error.messageString, \"s\": \"${stageVariables.s}\"}"}`), ""), Options{Variables: map[string]string{"s": "v"}})
	get := func(method, path string, h ...Header) *Response {
		return a.Serve(context.Background(), &Request{Method: method, Path: path, Headers: append(h, Header{"Origin", "https://o.test"})}, nil)
	}
	header := func(r *Response, name string) string { v, _ := r.Headers.Get(name); return v }
	if r := get("GET", "/nope"); r.Status != 403 || header(r, "Access-Control-Allow-Origin") != "https://o.test" || header(r, "X-S") != "v" || header(r, "X-P") != "/prod/nope" || string(r.Body) != `{"message":"Missing Authentication Token"}` {
		t.Errorf("%d %v %s", r.Status, r.Headers, r.Body)
	}
	if r := get("PUT", "/items"); r.Status != 403 || string(r.Body) != `{"message":"Forbidden"}` || header(r, "Access-Control-Allow-Origin") == "" {
		t.Errorf("%d %v %s", r.Status, r.Headers, r.Body)
	}
	if r := get("PUT", "/items", Header{"X-Api-Key", "secret"}); r.Status != 200 {
		t.Errorf("%d %+v", r.Status, r.Trace)
	}
	// Customised by itself, so nothing of DEFAULT_4XX reaches it.
	if r := get("POST", "/items"); r.Status != 499 || header(r, "Access-Control-Allow-Origin") != "" || string(r.Body) != `{"t": "UNAUTHORIZED", "m": "Unauthorized", "s": "v"}` {
		t.Errorf("%d %v %s", r.Status, r.Headers, r.Body)
	}
	if r := get("POST", "/items", Header{"Authorization", "x"}); r.Status != 200 {
		t.Errorf("%d %+v", r.Status, r.Trace)
	}
}

func TestRouting(t *testing.T) {
	m := func(id, r, verb string) string {
		return method(id, r, verb, mock(`{"statusCode": 200}`, `{"StatusCode": "200", "ResponseTemplates": {"application/json": "`+id+` $input.params('id')$input.params('p')"}}`))
	}
	a := load(t, tpl(strings.Join([]string{res("A", "", "a"), res("AId", "A", "{id}"), res("AB", "A", "b"), res("ABC", "AB", "c"), res("G", "", "{p+}"), res("AG", "ABC", "{p+}"),
		m("mA", "A", "GET"), m("mAId", "AId", "GET"), m("mAB", "AB", "POST"), m("mABC", "ABC", "GET"), m("mG", "G", "OPTIONS"), m("mG2", "G", "PUT"), m("mAG", "AG", "ANY"), m("root", "", "GET")}, ","), ""), Options{})
	for req, want := range map[string]string{
		"GET /": "root ", "GET /a": "mA ", "GET /a/": "mA ", "GET //a": "mA ", "GET /a/x": "mAId x", "GET /a/b": "mAId b", "POST /a/b": "mAB ",
		"GET /a/b/c": "mABC ", "OPTIONS /a/b": "mG a/b", "OPTIONS /a/b/c": "mG a/b/c", "OPTIONS /a/b/c/d/e": "mAG d/e", "PUT /zz/%20y": "mG2 zz/%20y",
		"GET /zz": "403", "POST /a": "403", "OPTIONS /": "403",
	} {
		verb, path, _ := strings.Cut(req, " ")
		r := a.Serve(context.Background(), &Request{Method: verb, Path: path}, nil)
		got := string(r.Body)
		if r.Status != 200 {
			got = fmt.Sprint(r.Status)
		}
		if got != want {
			t.Errorf("%s: %q, want %q\n%+v", req, got, want, r.Trace)
		}
	}
	if r := a.Serve(context.Background(), &Request{Method: "GET", RawPath: "/other/a"}, nil); r.Status != 403 || !strings.Contains(string(r.Body), "Forbidden") {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	if r := a.Serve(context.Background(), &Request{Method: "GET", RawPath: "//prod//a/x?id=q"}, nil); string(r.Body) != "mAId x" {
		t.Errorf("%d %s", r.Status, r.Body)
	}
}

func TestUnknownIntrinsicAnswers502(t *testing.T) {
	uri := func(v string) string {
		return `"Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": ` + v + `}`
	}
	ok := `{"Fn::Sub": ["arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${f}/invocations", {"f": {"Fn::GetAtt": ["Fn", "Arn"]}}]}`
	a := load(t, tpl(`"Fn": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "named"}},
		"Live": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "Fn"}, "Name": "live"}},`+
		method("G", "", "GET", uri(ok))+","+method("P", "", "PUT", strings.Replace(uri(`"u"`), `"AWS_PROXY"`, `{"Fn::ImportValue": "x"}`, 1))+","+method("D", "", "DELETE", uri(strings.Replace(ok, `{"Fn::GetAtt": ["Fn", "Arn"]}`, `{"Ref": "Live"}`, 1)))+","+
		method("X", "", "PATCH", `"Integration": {"Type": "NEW"}`), ""), Options{})
	var called Function
	be := fake{invoke: func(fn Function, _ []byte) ([]byte, error) {
		called = fn
		return []byte(`{"headers": {"Access-Control-Allow-Origin": "*"}}`), nil
	}}
	for _, verb := range []string{"GET", "DELETE"} {
		called = Function{}
		r := a.Serve(context.Background(), &Request{Method: verb, Path: "/"}, be)
		if r.Status != 200 || called.LogicalID != "Fn" || called.Name != "named" {
			t.Errorf("%s: %d %s %+v", verb, r.Status, r.Body, called)
		}
	}
	for verb, want := range map[string]string{"PUT": "import x", "PATCH": `integration type`} {
		r := a.Serve(context.Background(), &Request{Method: verb, Path: "/"}, be)
		if r.Status != 502 || !strings.Contains(string(r.Body), want) {
			t.Errorf("%s: %d %s", verb, r.Status, r.Body)
		}
	}
}

// TestErrorsBeforeTheKey holds that a method that cannot be read says so, rather than refuse a request for a reason that
// may have been misread.
func TestErrorsBeforeTheKey(t *testing.T) {
	a := load(t, tpl(method("M", "", "GET", `"ApiKeyRequired": true, "Integration": {"Type": "MOCK", "PassthroughBehavior": {"Fn::ImportValue": "x"}}`), ""), Options{})
	r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, nil)
	if r.Status != 502 || !strings.Contains(string(r.Body), "not known: import x: no stack here exports it") {
		t.Errorf("%d %s", r.Status, r.Body)
	}
}

// TestSchemaCost holds that a schema whose alternatives refer to themselves ends, with the reason.
func TestSchemaCost(t *testing.T) {
	for _, kind := range []string{"anyOf", "oneOf", "allOf"} {
		// The body's depth is the exponent: at each level both alternatives ask again, and fail at the end.
		schema := `{"type": "object", "properties": {"a": {"` + kind + `": [{"$ref": "#"}, {"$ref": "#"}]}, "z": {"type": "string"}}}`
		leaf := `{"z": 1}`
		if kind == "allOf" {
			leaf = `{"z": "x"}`
		}
		model := `"Model": {"Type": "AWS::ApiGateway::Model", "Properties": {"RestApiId": {"Ref": "Api"}, "Schema": ` + schema + `}},
			"V": {"Type": "AWS::ApiGateway::RequestValidator", "Properties": {"RestApiId": {"Ref": "Api"}, "ValidateRequestBody": true}},`
		a := load(t, tpl(model+method("M", "", "POST", `"RequestModels": {"application/json": {"Ref": "Model"}}, "RequestValidatorId": {"Ref": "V"}, `+mock(`{"statusCode": 200}`, `{"StatusCode": "200"}`)), ""), Options{})
		post := func(body string) *Response {
			c := make(chan *Response, 1)
			go func() {
				c <- a.Serve(context.Background(), &Request{Method: "POST", Path: "/", Body: []byte(body)}, nil)
			}()
			select {
			case r := <-c:
				return r
			case <-time.After(time.Minute):
				t.Fatalf("%s: not done after a minute", kind)
				return nil
			}
		}
		if r := post(strings.Repeat(`{"a":`, 18) + leaf + strings.Repeat("}", 18)); r.Status != 502 || !strings.Contains(string(r.Body), "more than 100") {
			t.Errorf("%s: %d %s", kind, r.Status, r.Body)
		}
		if r := post(`{"z": "x"}`); r.Status != 200 {
			t.Errorf("%s: %d %s", kind, r.Status, r.Body)
		}
	}
}

func TestUnreadablePartsAreLeftOut(t *testing.T) {
	ok := mock(`{"statusCode": 200}`, `{"StatusCode": "200"}`)
	a := load(t, tpl(res("A", "", "a")+","+method("M", "A", "GET", ok)+","+
		strings.Replace(method("Lost", "A", "PUT", ok), `{"Ref": "A"}`, `{"Fn::ImportValue": "r"}`, 1)+","+
		res("Loop", "Loop", "l")+","+res("Orphan", "Gone", "o")+`,
		"Gr": {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": {"RestApiId": {"Ref": "Api"}, "ResponseType": "MISSING_AUTHENTICATION_TOKEN",
			"ResponseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": {"Fn::New": ["'*'"]}}}}`, ""), Options{})
	if r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/a"}, nil); r.Status != 200 {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	if r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/b"}, nil); r.Status != 502 || !strings.Contains(string(r.Body), "may have /b elsewhere") {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	if r := a.Refuse(context.Background(), &Request{Method: "GET", Path: "/a"}, "MISSING_AUTHENTICATION_TOKEN"); r.Status != 502 || !strings.Contains(string(r.Body), "Fn::New") {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	if s := strings.Join(a.Problems, "\n"); len(a.Problems) != 4 || !strings.Contains(s, "MISSING_AUTHENTICATION_TOKEN") || !strings.Contains(s, "Lost") || !strings.Contains(s, "its own parent") || !strings.Contains(s, "Gone") {
		t.Errorf("%q", a.Problems)
	}
}

func TestBackendFaults(t *testing.T) {
	proxy := `"Integration": {"Type": "AWS_PROXY", "Uri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:f:live/invocations"}`
	a := load(t, tpl(method("G", "", "GET", proxy), ""), Options{})
	for _, tt := range []struct {
		result string
		err    error
		want   int
	}{
		{`{}`, nil, 200}, {`null`, nil, 502}, {``, nil, 502}, {`{"statusCode": 1}`, nil, 502}, {`{"body": {}}`, nil, 502}, {`{"headers": []}`, nil, 502}, {`{"headers": {"a": {}}}`, nil, 502},
		{``, &FunctionError{Message: "boom"}, 502}, {``, context.DeadlineExceeded, 504}, {``, errors.New("no route"), 504}, {``, &Unavailable{"no python3"}, 502},
	} {
		r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, fake{invoke: func(Function, []byte) ([]byte, error) { return []byte(tt.result), tt.err }})
		if r.Status != tt.want {
			t.Errorf("%s %v: %d, want %d", tt.result, tt.err, r.Status, tt.want)
		}
	}
	if r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, nil); r.Status != 502 || !strings.Contains(string(r.Body), "no backend") {
		t.Errorf("%d %s", r.Status, r.Body)
	}
}

func TestCustomLambdaErrorPattern(t *testing.T) {
	a := load(t, tpl(method("G", "", "GET", `"Integration": {"Type": "AWS", "IntegrationHttpMethod": "POST", "Uri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:f/invocations",
		"IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": "'*'"}},
		{"StatusCode": "404", "SelectionPattern": ".*not found.*", "ResponseParameters": {"method.response.header.X-Type": "integration.response.body.errorType"}}]}`), ""), Options{})
	for msg, want := range map[string]int{"": 200, "item not found": 404, "other": 200} {
		r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, fake{invoke: func(Function, []byte) ([]byte, error) {
			if msg != "" {
				return nil, &FunctionError{Message: msg, Type: "Error"}
			}
			return []byte(`{}`), nil
		}})
		if r.Status != want {
			t.Errorf("%q: %d", msg, r.Status)
		}
		if v, _ := r.Headers.Get("X-Type"); want == 404 && v != "Error" {
			t.Errorf("%v", r.Headers)
		}
	}
}

func TestOpenAPIBody(t *testing.T) {
	for _, head := range []string{`"openapi": "3.0.1"`, `"swagger": "2.0"`} {
		body := `{` + head + `, "x-amazon-apigateway-gateway-responses": {"DEFAULT_4XX": {"responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}}},
		 "x-amazon-apigateway-binary-media-types": ["image/png"],
		 "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": true, "validateRequestParameters": true}},
		 "components": {"schemas": {"P": {"type": "object", "required": ["name"]}}, "securitySchemes": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}},
		 "securityDefinitions": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
		 "paths": {"/items/{id}": {
		  "options": {"responses": {"204": {"headers": {"Vary": {}}}}, "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 204}"},
		    "responses": {"default": {"statusCode": "204", "responseParameters": {"method.response.header.Vary": "'Origin'"}}, "5\\d{2}": {"statusCode": "500"}}}},
		  "get": {"security": [{"api_key": []}], "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}, "responses": {"default": {"statusCode": "200"}}}},
		  "post": {"x-amazon-apigateway-request-validator": "all", "parameters": [{"in": "query", "name": "q", "required": true}], "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/P"}}}},
		    "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}, "responses": {"default": {"statusCode": "200"}}}},
		  "patch": {"x-amazon-apigateway-auth": {"type": "aws_iam"}, "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}, "responses": {"default": {"statusCode": "200"}}}},
		  "x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations"}}}}}}`
		a := load(t, []byte(`{"Resources": {"Fn": {"Type": "AWS::Lambda::Function"}, "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": `+body+`}}}}`), Options{})
		be := fake{invoke: func(fn Function, _ []byte) ([]byte, error) {
			return []byte(`{"statusCode": 201, "body": "` + fn.LogicalID + `"}`), nil
		}}
		for _, tt := range []struct {
			verb, path, body string
			want             int
		}{
			{"OPTIONS", "/items/1", "", 204}, {"GET", "/items/1", "", 403}, {"POST", "/items/1?q=1", `{"name": "x"}`, 200}, {"POST", "/items/1?q=1", `{}`, 400}, {"POST", "/items/1", `{"name": "x"}`, 400},
			{"DELETE", "/items/1", "", 201}, {"GET", "/items", "", 403}, {"PATCH", "/items/1", "", 403},
		} {
			r := a.Serve(context.Background(), &Request{Method: tt.verb, Path: tt.path, Body: []byte(tt.body)}, be)
			if r.Status != tt.want {
				t.Errorf("%s %s: %d, want %d\n%+v", tt.verb, tt.path, r.Status, tt.want, r.Trace)
			}
			if v, _ := r.Headers.Get("Access-Control-Allow-Origin"); (v == "*") != (r.Status >= 400) {
				t.Errorf("%s %s: %v", tt.verb, tt.path, r.Headers)
			}
		}
	}
}

// TestStructuralIntrinsics holds that an intrinsic function instead of an object, a list or a truth value is not
// read as one without members: the method says so.
func TestStructuralIntrinsics(t *testing.T) {
	branch := `{"Fn::New": ["C", {}, {}]}`
	for what, rest := range map[string]string{
		"Integration":          `"Integration": ` + branch,
		"IntegrationResponses": `"Integration": {"Type": "MOCK", "IntegrationResponses": ` + branch + `}`,
		"one response":         `"Integration": {"Type": "MOCK", "IntegrationResponses": [` + branch + `]}`,
		"ResponseParameters":   `"Integration": {"Type": "MOCK", "IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": ` + branch + `}]}`,
		"MethodResponses":      `"MethodResponses": ` + branch + `, "Integration": {"Type": "MOCK"}`,
		"RequestParameters":    `"RequestParameters": ` + branch + `, "Integration": {"Type": "MOCK"}`,
		"RequestModels":        `"RequestModels": ` + branch + `, "Integration": {"Type": "MOCK"}`,
		"ApiKeyRequired":       `"ApiKeyRequired": ` + branch + `, "Integration": {"Type": "MOCK"}`,
	} {
		a := load(t, tpl(method("M", "", "GET", rest), ""), Options{})
		r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, nil)
		if r.Status != 502 || !strings.Contains(string(r.Body), "Fn::New") || len(a.Problems) != 1 || !strings.Contains(a.Problems[0], "Fn::New") {
			t.Errorf("%s: %d %s %q", what, r.Status, r.Body, a.Problems)
		}
	}
	for what, path := range map[string]string{
		"a path":       branch,
		"an operation": `{"get": ` + branch + `}`,
		"integration":  `{"get": {"x-amazon-apigateway-integration": ` + branch + `}}`,
		"its response": `{"get": {"x-amazon-apigateway-integration": {"type": "mock", "responses": {"default": ` + branch + `}}}}`,
		"responses":    `{"get": {"responses": ` + branch + `, "x-amazon-apigateway-integration": {"type": "mock"}}}`,
		"parameters":   `{"get": {"parameters": ` + branch + `, "x-amazon-apigateway-integration": {"type": "mock"}}}`,
	} {
		a := load(t, []byte(`{"Resources": {"A": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": {"swagger": "2.0", "paths": {"/x": `+path+`}}}}}}`), Options{})
		r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/x"}, nil)
		if r.Status != 502 || !strings.Contains(string(r.Body), "Fn::New") || len(a.Problems) != 1 {
			t.Errorf("OpenAPI, %s: %d %s %q", what, r.Status, r.Body, a.Problems)
		}
	}
	for _, body := range []string{`{"paths": ` + branch + `}`, `{"paths": {}, "Fn::Transform": {"Name": "AWS::Include"}}`} {
		a := load(t, []byte(`{"Resources": {"A": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": `+body+`}}}}`), Options{})
		if r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, nil); r.Status != 502 || !strings.Contains(string(r.Body), "elsewhere: the Body of A: ") {
			t.Errorf("%s: %d %s", body, r.Status, r.Body)
		}
	}
}

// TestStageVariables holds that values which API Gateway does not take are told of, in order.
func TestStageVariables(t *testing.T) {
	a := load(t, tpl(method("M", "", "GET", mock(`{"statusCode": 200}`, `{"StatusCode": "200"}`)), `"S": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "prod", "Variables": {"good": "https://~.example.com", "b": "https://*.example.com", "a": "x y"}}}`), Options{})
	if len(a.Undeployable) != 2 || !strings.HasPrefix(a.Undeployable[0], "stage variable a: its value has ' '") || !strings.HasPrefix(a.Undeployable[1], "stage variable b: its value has '*'") {
		t.Errorf("%q", a.Undeployable)
	}
}

// TestHeaderMappings holds that mappings which API Gateway does not take are told of, and why a header is not sent.
func TestHeaderMappings(t *testing.T) {
	const pre = "method.response.header."
	a := load(t, tpl(method("M", "", "GET", `"MethodResponses": [{"StatusCode": "200", "ResponseParameters": {"`+pre+`A": true, "`+pre+`B": true, "`+pre+`C": true, "`+pre+`D": true}}], `+
		mock(`{"statusCode": 200}`, `{"StatusCode": "200", "ResponseParameters": {"`+pre+`A": "'*'", "`+pre+`B": "*", "`+pre+`C": "'*", "`+pre+`D": "stageVariables.none", "`+pre+`E": "'x'"}}`))+`,
		"G": {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": {"RestApiId": {"Ref": "Api"}, "ResponseType": "DEFAULT_4XX", "ResponseParameters": {"gatewayresponse.header.A": "'*'", "gatewayresponse.header.B": "*"}}}`, ""), Options{})
	want := []string{"200 does not send the header B", "200 does not send the header C", "maps the header E, which", "DEFAULT_4XX: it does not send the header B"}
	if len(a.Undeployable) != len(want) {
		t.Errorf("%q", a.Undeployable)
	}
	for _, w := range want {
		if !strings.Contains(strings.Join(a.Undeployable, "\n"), w) {
			t.Errorf("%q lacks %s", a.Undeployable, w)
		}
	}
	for path, want := range map[string]string{"/": "A,E not B,C,D", "/none": "A not B"} {
		r := a.Serve(context.Background(), &Request{Method: "GET", Path: path}, nil)
		var sent, not []string
		for _, h := range r.Headers {
			if len(h.Name) == 1 {
				sent = append(sent, h.Name)
			}
		}
		for _, s := range r.Trace {
			if s.Kind == StepHeader {
				not = append(not, s.Name)
			}
		}
		if got := strings.Join(sent, ",") + " not " + strings.Join(not, ","); got != want {
			t.Errorf("%s: %s, want %s\n%+v", path, got, want, r.Trace)
		}
	}
}

// TestConditions holds that resources whose condition is false are not there, and that one that cannot be decided is taken as [cfn.App] takes it.
func TestConditions(t *testing.T) {
	given := func(id, verb, condition string) string {
		return strings.Replace(method(id, "", verb, mock(`{"statusCode": 200}`, `{"StatusCode": "200"}`)), `{"Type"`, `{"Condition": "`+condition+`", "Type"`, 1)
	}
	tail := `, "Parameters": {"Env": {"Type": "String", "Default": "prod"}, "Open": {"Type": "String"}}, "Conditions": {
		"Prod": {"Fn::Equals": [{"Ref": "Env"}, "prod"]}, "Dev": {"Fn::Not": [{"Condition": "Prod"}]},
		"Both": {"Fn::And": [{"Condition": "Prod"}, {"Condition": "Dev"}]}, "Either": {"Fn::Or": [{"Condition": "Unknown"}, {"Condition": "Prod"}]},
		"Unknown": {"Fn::Equals": [{"Ref": "Open"}, "x"]}, "Itself": {"Fn::Not": [{"Condition": "Itself"}]}}}`
	b := tpl(strings.Join([]string{given("A", "GET", "Prod"), given("B", "PUT", "Dev"), given("C", "POST", "Both"), given("D", "DELETE", "Either"), given("E", "PATCH", "Unknown"), given("F", "HEAD", "Itself")}, ","), "")
	b = append(b[:len(b)-1], tail...)
	a := load(t, b, Options{})
	for verb, want := range map[string]int{"GET": 200, "PUT": 403, "POST": 403, "DELETE": 200, "PATCH": 403, "HEAD": 403} {
		if r := a.Serve(context.Background(), &Request{Method: verb, Path: "/"}, nil); r.Status != want {
			t.Errorf("%s: %d %s, want %d", verb, r.Status, r.Body, want)
		}
	}
	a, err := parse(b, cfn.Options{Parameters: map[string]string{"Env": "dev", "Open": "x"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for verb, want := range map[string]int{"GET": 403, "PUT": 200, "DELETE": 200, "PATCH": 200} {
		if r := a.Serve(context.Background(), &Request{Method: verb, Path: "/"}, nil); r.Status != want {
			t.Errorf("%s: %d %s, want %d", verb, r.Status, r.Body, want)
		}
	}
}

// A mapping's text inside a join, as corsapi.NewSpecRestApi writes its templates; what else Mappings may hold does no harm.
func TestFindInMapInATemplate(t *testing.T) {
	a := load(t, []byte(`{"Mappings": {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "x"}}, "T": {"vtl": {"head": "#set($s = 2)"}}},
	 "Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": {"openapi": "3.0.1", "paths": {"/": {"get": {"x-amazon-apigateway-integration": {"type": "mock",
	  "requestTemplates": {"application/json": {"Fn::Join": ["", [{"Fn::FindInMap": ["T", "vtl", "head"]}, "{\"statusCode\": ${s}04}"]]}}, "responses": {"default": {"statusCode": "204"}}}}}}}}}}}`), Options{})
	if r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, nil); r.Status != 204 {
		t.Errorf("got %d %s %v", r.Status, r.Body, a.Problems)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(string(tpl(res("A", "", "{p+}")+","+method("M", "A", "ANY", mock(decision, `{"StatusCode": "204"}`)), "")), "OPTIONS", "/a/b?c=d", "https://x.test")
	if b, err := os.ReadFile("../../test/conformance/testdata/overrides.json"); err == nil {
		var cases []struct {
			API json.RawMessage `json:"api"`
		}
		if json.Unmarshal(b, &cases) == nil {
			for _, c := range cases {
				f.Add(string(c.API), "GET", "/", "")
			}
		}
	}
	f.Add(`{"Resources": {"A": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": {"paths": {"/": {"get": {"x-amazon-apigateway-integration": {"type": "mock"}}}}}}}}}`, "GET", "/", "")
	f.Add(`{"Resources": {"A": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": {"paths": {"/": {"get": {"x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{statusCode: 200}"}, "responses": {"default": {}}}}}}}}}}}`, "GET", "/", "")
	f.Fuzz(func(t *testing.T, template, method, path, origin string) {
		a, err := parse([]byte(template), cfn.Options{}, Options{})
		if err != nil {
			return
		}
		r := a.Serve(context.Background(), &Request{Method: method, Path: path, Headers: Headers{{"Origin", origin}}}, nil)
		if r.Status < 100 || len(r.Trace) == 0 {
			t.Errorf("%d %+v", r.Status, r.Trace)
		}
	})
}
