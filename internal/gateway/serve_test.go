package gateway

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// ok is an integration response for a status of 200 with a template.
func okResponse(template string) string {
	return `{"StatusCode": "200", "ResponseTemplates": {"application/json": "` + template + `"}}`
}

func TestAPIKeys(t *testing.T) {
	key := func(id, properties string) string {
		return `"` + id + `": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {` + properties + `}},`
	}
	m := strings.Replace(method("Get", "", "GET", mock(`{"statusCode": 200}`, okResponse("{}"))), `"AuthorizationType": "NONE"`, `"AuthorizationType": "NONE", "ApiKeyRequired": true`, 1)
	keys := key("On", `"Enabled": true, "Value": "on"`) + key("Off", `"Enabled": false, "Value": "off"`) + key("Unsaid", `"Value": "unsaid"`) +
		key("Loose", `"Enabled": true, "Value": "loose"`) + key("Other", `"Enabled": true, "Value": "other"`) + key("Ours", `"Enabled": true, "Value": "ours"`) +
		key("Direct", `"Enabled": true, "Value": "direct", "StageKeys": [{"RestApiId": {"Ref": "Api"}, "StageName": "prod"}]`) +
		plan("On") + "," + plan("Off") + "," + plan("Unsaid") + "," + strings.Replace(plan("Other"), `"prod"`, `"test"`, 1) + "," +
		`"S": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "prod"}}, ` + strings.Replace(plan("Ours"), `"prod"`, `{"Ref": "S"}`, 1) + ","
	a := load(t, tpl(keys+m, ""), Options{APIKeys: []string{"given"}})
	for name, want := range map[string]int{"on": 200, "ours": 200, "direct": 200, "given": 200, "off": 403, "unsaid": 403, "loose": 403, "other": 403, "": 403, "ON": 403, "another": 403} {
		r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/", Headers: Headers{{"x-api-key", name}}}, nil)
		if r.Status != want {
			t.Errorf("key %q: %d, want %d\n%+v", name, r.Status, want, r.Trace)
		}
	}
	if r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, nil); r.Status != 403 {
		t.Errorf("no key: %d", r.Status)
	}
	// Where an authorizer gives the key, the header does not count.
	src := strings.Replace(string(tpl(m, "")), `"Name": "t"`, `"Name": "t", "ApiKeySourceType": "AUTHORIZER"`, 1)
	if r := load(t, []byte(src), Options{}).Serve(context.Background(), &Request{Method: "GET", Path: "/"}, nil); r.Status != 200 {
		t.Errorf("the key of an authorizer: %d\n%+v", r.Status, r.Trace)
	}
}

// TestWithheldHeaders holds which headers of a client reach neither templates nor functions.
func TestWithheldHeaders(t *testing.T) {
	withheld := []string{"Connection", "Content-Length", "Content-MD5", "Expect", "Max-Forwards", "Proxy-Authenticate", "Server", "TE", "Transfer-Encoding", "Trailer", "Upgrade", "WWW-Authenticate"}
	passed := []string{"Accept", "Authorization", "Cookie", "Origin", "X-Own"}
	var headers Headers
	for _, name := range append(slices.Clone(withheld), passed...) {
		headers = append(headers, Header{name, "v"})
	}
	a := load(t, tpl(method("Get", "", "GET", mock(`{"statusCode": 200}`, okResponse("#foreach($n in $input.params().header.keySet())$n #end")))+","+
		method("Post", "", "POST", `"Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${F.Arn}/invocations"}}`)+`, "F": {"Type": "AWS::Lambda::Function", "Properties": {}}`, ""), Options{})
	seen := strings.Fields(string(a.Serve(context.Background(), &Request{Method: "GET", Path: "/", Headers: headers}, nil).Body))
	var event string
	a.Serve(context.Background(), &Request{Method: "POST", Path: "/", Headers: headers}, fake{invoke: func(_ Function, e []byte) ([]byte, error) {
		event = string(e)
		return []byte(`{}`), nil
	}})
	for _, name := range passed {
		if !slices.Contains(seen, name) || !strings.Contains(event, `"`+name+`":"v"`) {
			t.Errorf("%s does not reach the template (%v) or the function (%s)", name, seen, event)
		}
	}
	for _, name := range withheld {
		if slices.Contains(seen, name) || strings.Contains(event, `"`+name+`":"v"`) {
			t.Errorf("%s reaches the template (%v) or the function (%s)", name, seen, event)
		}
	}
}

// TestRemappedHeaders holds which headers of a response reach the client under another name.
func TestRemappedHeaders(t *testing.T) {
	names := []string{"Authorization", "Connection", "Content-MD5", "Date", "Expect", "Host", "Max-Forwards", "Proxy-Authenticate", "Server", "Trailer", "Upgrade", "User-Agent", "WWW-Authenticate"}
	var mapped, headers []string
	for _, n := range names {
		mapped = append(mapped, `"method.response.header.`+n+`": "'own'"`)
		headers = append(headers, `"`+n+`": "own"`)
	}
	a := load(t, tpl(method("Get", "", "GET", mock(`{"statusCode": 200}`, `{"StatusCode": "200", "ResponseParameters": {`+strings.Join(mapped, ", ")+`, "method.response.header.Transfer-Encoding": "'own'"}}`))+","+
		method("Post", "", "POST", `"Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${F.Arn}/invocations"}}`)+`, "F": {"Type": "AWS::Lambda::Function", "Properties": {}}`, ""), Options{})
	backend := fake{invoke: func(Function, []byte) ([]byte, error) {
		return []byte(`{"headers": {` + strings.Join(headers, ", ") + `, "Transfer-Encoding": "own"}}`), nil
	}}
	for _, verb := range []string{"GET", "POST"} {
		r := a.Serve(context.Background(), &Request{Method: verb, Path: "/"}, backend)
		for _, n := range names {
			if got := r.Headers.Values("x-amzn-Remapped-" + n); !slices.Equal(got, []string{"own"}) {
				t.Errorf("%s: x-amzn-Remapped-%s is %q", verb, n, got)
			}
			if slices.Contains(r.Headers.Values(n), "own") {
				t.Errorf("%s: %s reaches the client by its name", verb, n)
			}
		}
		if dates := r.Headers.Values("Date"); len(dates) != 1 {
			t.Errorf("%s: Date is %q, want the gateway's alone", verb, dates)
		}
		if slices.ContainsFunc(r.Headers, func(h Header) bool { return strings.Contains(strings.ToLower(h.Name), "transfer-encoding") }) {
			t.Errorf("%s: Transfer-Encoding reaches the client: %v", verb, r.Headers)
		}
	}
}

// TestNoBody holds that a response whose status has no body has none, nor a length.
func TestNoBody(t *testing.T) {
	a := load(t, tpl(method("Any", "", "ANY", `"Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${F.Arn}/invocations"}}`)+`, "F": {"Type": "AWS::Lambda::Function", "Properties": {}}`+
		`, "G": {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": {"RestApiId": {"Ref": "Api"}, "ResponseType": "MISSING_AUTHENTICATION_TOKEN", "StatusCode": "204"}}`, ""), Options{})
	for status, body := range map[string]string{"204": "", "304": "", "200": "text", "205": "text", "404": "text"} {
		r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, fake{invoke: func(Function, []byte) ([]byte, error) {
			return []byte(`{"statusCode": ` + status + `, "body": "text"}`), nil
		}})
		_, length := r.Headers.Get("Content-Length")
		if string(r.Body) != body || length != (body != "") {
			t.Errorf("%s has the body %q, and headers %v", status, r.Body, r.Headers)
		}
	}
	if r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/none"}, nil); r.Status != 204 || len(r.Body) > 0 {
		t.Errorf("a gateway response: %d %q", r.Status, r.Body)
	}
}

// TestCauses holds that what fails at run time is told apart by its cause.
func TestCauses(t *testing.T) {
	const ok = `{"StatusCode": "200"}`
	for _, tt := range []struct {
		method, api string
		headers     Headers
		want        Cause
	}{
		{mock(`{"statusCode": 200}`, ok), "", nil, ""},
		{mock(`{"statusCode": 200}`, ok), `"BinaryMediaTypes": ["application/json"],`, nil, BinaryRequest},
		{mock(`{"statusCode": 200}`, ok), `"BinaryMediaTypes": ["image/png"],`, Headers{{"Content-Type", "image/png"}}, NoMockStatus},
		{mock(`{"statusCode": 200}`, `{"StatusCode": "200", "ContentHandling": "CONVERT_TO_BINARY", "ResponseTemplates": {"application/json": "x"}}`), "", nil, BinaryResponse},
		{`"Integration": {"Type": "AWS", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${F.Arn}/invocations"}, "IntegrationResponses": [{"StatusCode": "200", "ContentHandling": "CONVERT_TO_BINARY"}]}`, "", nil, BinaryResponse},
		{mock(`{}`, ok), "", nil, NoMockStatus},
		{mock(`{"statusCode": 500}`, `{"StatusCode": "200", "SelectionPattern": "2.."}`), "", nil, NoIntegrationResponse},
		{mock(`#if(`, ok), "", nil, BadTemplate},
		{mock(`#set($context.responseOverride.header.A = 1)#set($context.responseOverride.header.a = 1)`, ok), "", nil, BadTemplate},
		{mock(`#set($context.responseOverride.status = "x"){"statusCode": 200}`, ok), "", nil, BadOverride},
		{mock(`{"statusCode": 200}`, `{"StatusCode": "200", "ResponseParameters": {"method.response.header.A": "method.request.header.B"}}`), "", nil, BadMapping},
		{`"RequestModels": {}`, "", nil, NoIntegration},
		{`"Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${F.Arn}/invocations"}}`, "", nil, BadProxyResponse},
	} {
		src := strings.Replace(string(tpl(method("M", "", "GET", tt.method)+`, "F": {"Type": "AWS::Lambda::Function", "Properties": {}}`, "")), `"Name": "t"`, tt.api+`"Name": "t"`, 1)
		r := load(t, []byte(src), Options{}).Serve(context.Background(), &Request{Method: "GET", Path: "/", Headers: tt.headers}, fake{invoke: func(Function, []byte) ([]byte, error) { return []byte(`[]`), nil }})
		var got Cause
		for _, s := range r.Trace {
			if s.Kind == StepGatewayResponse {
				got = s.Cause
			}
		}
		if got != tt.want {
			t.Errorf("%s: cause %q, want %q\n%+v", tt.method, got, tt.want, r.Trace)
		}
	}
}

func TestLoadKinds(t *testing.T) {
	stage := func(id, name, rest string) string {
		return `"` + id + `": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "A"}, "StageName": "` + name + `"` + rest + `}}`
	}
	const api = `"A": {"Type": "AWS::ApiGateway::RestApi"}`
	for _, tt := range []struct {
		template string
		opts     Options
		want     LoadKind
	}{
		{`{"Resources": {}}`, Options{}, NoAPI},
		{`{"Resources": {` + api + `}}`, Options{API: "B"}, NoAPI},
		{`{"Resources": {` + api + `, "B": {"Type": "AWS::ApiGateway::RestApi"}}}`, Options{}, SeveralAPIs},
		{`{"Resources": {` + api + `, ` + stage("S", "prod", "") + `}}`, Options{Stage: "x"}, NoStage},
		{`{"Resources": {` + api + `, ` + stage("S", "prod", "") + `, ` + stage("T", "dev", "") + `}}`, Options{}, SeveralStages},
	} {
		_, err := parse([]byte(tt.template), cfn.Options{}, tt.opts)
		fault, ok := err.(*LoadError)
		if !ok || fault.Kind != tt.want {
			t.Errorf("%s %+v\n got %#v\nwant %s", tt.template, tt.opts, err, tt.want)
		}
	}
}
