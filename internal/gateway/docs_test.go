package gateway

import (
	"context"
	"strings"
	"testing"
)

// A model for $default is that of the content types without one; Empty is that of every body.
func TestDefaultModel(t *testing.T) {
	a := load(t, tpl(`"Model": {"Type": "AWS::ApiGateway::Model", "Properties": {"RestApiId": {"Ref": "Api"}, "Name": "M", "Schema": {"type": "object", "required": ["a"]}}},
		"V": {"Type": "AWS::ApiGateway::RequestValidator", "Properties": {"RestApiId": {"Ref": "Api"}, "ValidateRequestBody": true}},`+
		method("P", "", "POST", mock(`{"statusCode": 200}`, okResponse("x"))+`, "RequestValidatorId": {"Ref": "V"}, "RequestModels": {"$default": {"Ref": "Model"}, "text/plain": "Empty"}`), ""), Options{})
	for _, tt := range []struct {
		contentType, body string
		status            int
	}{
		{"application/json", `{"a": 1}`, 200}, {"application/json", `{}`, 400}, {"application/xml", `<a/>`, 400}, {"text/plain", `{"statusCode": 200}`, 200},
	} {
		r := a.Serve(context.Background(), &Request{Method: "POST", Path: "/", Headers: Headers{{"Content-Type", tt.contentType}}, Body: []byte(tt.body)}, nil)
		if r.Status != tt.status {
			t.Errorf("%s %s: %d, want %d", tt.contentType, tt.body, r.Status, tt.status)
		}
	}
}

// What a function may have meant is not known, and no malformed result.
func TestProxyResultNotKnown(t *testing.T) {
	const uri = `"Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:111111111111:function:f/invocations"}`
	a := load(t, tpl(method("G", "", "GET", uri), ""), Options{})
	for result, known := range map[string]bool{
		`{"body": 1}`: false, `{"body": true}`: false, `{"statusCode": 200.0}`: false, `{"statusCode": 2e2}`: false,
		`{"body": {}}`: true, `{"body": []}`: true, `{"statusCode": 200.5}`: true, `{"statusCode": "2e2"}`: true,
	} {
		r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, fake{invoke: func(Function, []byte) ([]byte, error) { return []byte(result), nil }})
		if got := !strings.Contains(string(r.Body), "it is not recorded"); r.Status != 502 || got != known {
			t.Errorf("%s: %d %s", result, r.Status, r.Body)
		}
	}
}

// An override gives no status that nobody has seen.
func TestOverriddenStatus(t *testing.T) {
	for status, want := range map[string]int{"444": 444, "599": 599, "600": 502, "999": 502, "1000": 500, "x": 500} {
		a := load(t, tpl(method("G", "", "GET", mock(`#set($context.responseOverride.status = "`+status+`"){"statusCode": 200}`, okResponse("x"))), ""), Options{})
		if r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, nil); r.Status != want {
			t.Errorf("%s: %d, want %d", status, r.Status, want)
		}
	}
}

// A validation expression that needs a backtracking engine is as good as another.
func TestTokenValidation(t *testing.T) {
	a := load(t, guarded(byToken+`, "IdentityValidationExpression": "(?!x)[a-z]+"`, custom, ""), Options{Authorizers: &Authorizers{}})
	for token, want := range map[string]int{"abc": 200, "xyz": 401} {
		r := a.Serve(t.Context(), &Request{Method: "GET", Path: "/items", Headers: Headers{{"Authorization", token}}},
			fake{invoke: func(Function, []byte) ([]byte, error) { return []byte(result("Allow", "*", "")), nil }})
		if r.Status != want {
			t.Errorf("%s: %d, want %d", token, r.Status, want)
		}
	}
}

// Which of several integration responses for one reply is used is known only where it makes no difference to a page.
func TestSeveralResponses(t *testing.T) {
	const open = `"ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": "'*'"}`
	for _, tt := range []struct {
		method, responses string
		status            int
	}{
		{"GET", `{"StatusCode": "200", ` + open + `}, {"StatusCode": "400", ` + open + `}`, 200},
		{"GET", `{"StatusCode": "200", ` + open + `}, {"StatusCode": "400"}`, 502},
		{"GET", `{"StatusCode": "200", ` + open + `}, {"StatusCode": "400", "SelectionPattern": "400"}`, 200},
		{"GET", `{"StatusCode": "200", "SelectionPattern": "2.*", ` + open + `}, {"StatusCode": "201", "SelectionPattern": "20.*"}`, 502},
		{"GET", `{"StatusCode": "200", "SelectionPattern": "2.*", ` + open + `}, {"StatusCode": "201"}`, 200},
		{"GET", `{"StatusCode": "200"}, {"StatusCode": "201", "ResponseTemplates": {"application/json": "#set($context.responseOverride.header.Vary = 'Origin')"}}`, 502},
		{"GET", `{"StatusCode": "200"}, {"StatusCode": "400", "ResponseParameters": {"method.response.header.X": "'y'"}}`, 200},
		{"OPTIONS", `{"StatusCode": "200", ` + open + `}, {"StatusCode": "204", ` + open + `}`, 200},
		{"OPTIONS", `{"StatusCode": "200", ` + open + `}, {"StatusCode": "400", ` + open + `}`, 502},
	} {
		a := load(t, tpl(method("M", "", tt.method, mock(`{"statusCode": 200}`, tt.responses)), ""), Options{})
		if r := a.Serve(context.Background(), &Request{Method: tt.method, Path: "/"}, nil); r.Status != tt.status {
			t.Errorf("%s %s: %d %s", tt.method, tt.responses, r.Status, r.Body)
		}
	}
}

// A header that is mapped from the reply by a path that cannot be read here is not known, and not missing.
func TestHeaderFromBody(t *testing.T) {
	for path, want := range map[string]int{"a": 200, "no": 200, "a[?(@.x =~ /y/)]": 502} {
		a := load(t, tpl(method("G", "", "GET", `"Integration": {"Type": "HTTP", "IntegrationHttpMethod": "GET", "Uri": "https://x.example", "IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": "integration.response.body.`+path+`"}}]}, "MethodResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": true}}]`), ""), Options{})
		r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/"}, fake{http: func(*BackendRequest) (*BackendResponse, error) {
			return &BackendResponse{Status: 200, Body: []byte(`{"a": "*"}`)}, nil
		}})
		if r.Status != want {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
		if v, _ := r.Headers.Get("Access-Control-Allow-Origin"); (v == "*") != (path == "a") {
			t.Errorf("%s: %q", path, v)
		}
	}
}
