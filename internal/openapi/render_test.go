package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/plan"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

func policy(t *testing.T, cfg cors.Config) *cors.Policy {
	t.Helper()
	p, err := cors.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func two(t *testing.T) *cors.Policy {
	return policy(t, cors.Config{Origins: []string{"https://app.example.com", "https://*.preview.example.com"}, RequestHeaders: []string{"content-type"}, ExposedHeaders: []string{"etag"}})
}

// rendered plans and renders a document of YAML without faults.
func rendered(t *testing.T, text string, own OwnOptions, with Rendering, assignments ...*Assignment) *Rendered {
	t.Helper()
	write(t, "openapi.yaml", head+text)
	d, err := File("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	planned, faults := d.Plan(assignments, own)
	for _, f := range faults {
		t.Error(f)
	}
	if planned == nil {
		t.FailNow()
	}
	before, _ := json.Marshal(d.root)
	if with.Preflight == nil {
		with.Preflight, with.Response = plan.PreflightTemplate(with.Policy), plan.ResponseTemplate(with.Policy)
	}
	out := planned.Render(with)
	if after, _ := json.Marshal(d.root); !bytes.Equal(before, after) {
		t.Error("rendering changed the document")
	}
	for _, r := range out.Remarks {
		t.Log(r)
	}
	return out
}

// at returns what is at a path of keys; nil for nothing.
func at(v any, keys ...string) any {
	for _, k := range keys {
		v = object(v)[k]
	}
	return v
}

// serve loads a body with the policy's variables.
func serve(t *testing.T, body map[string]any, p *cors.Policy) *gateway.API {
	t.Helper()
	b, err := json.Marshal(map[string]any{"Resources": map[string]any{
		"Fn":    map[string]any{"Type": "AWS::Lambda::Function"},
		"Api":   map[string]any{"Type": "AWS::ApiGateway::RestApi", "Properties": map[string]any{"Body": body}},
		"Stage": map[string]any{"Type": "AWS::ApiGateway::Stage", "Properties": map[string]any{"RestApiId": map[string]any{"Ref": "Api"}, "StageName": "prod", "Variables": p.StageVariables()}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	a := model.Load(t, b, gateway.Options{})
	if len(a.Problems) > 0 || len(a.Undeployable) > 0 {
		t.Fatalf("%q %q", a.Problems, a.Undeployable)
	}
	return a
}

func ask(a *gateway.API, method, path string, headers ...[2]string) *gateway.Response {
	r := &gateway.Request{Method: method, Path: path}
	for _, h := range headers {
		r.Headers = append(r.Headers, gateway.Header{Name: h[0], Value: h[1]})
	}
	return a.Serve(context.Background(), r, nil)
}

func header(r *gateway.Response, name string) string {
	v, _ := r.Headers.Get(name)
	return v
}

const mocked = `{x-amazon-apigateway-integration: {type: mock, requestTemplates: {application/json: '{"statusCode": 200}'}, responses: {default: {statusCode: 200}}}}`

func TestPreflights(t *testing.T) {
	p := two(t)
	a := serve(t, rendered(t, `
security: [{key: []}]
components: {securitySchemes: {key: {type: apiKey, name: x-api-key, in: header}}}
x-amazon-apigateway-request-validator: all
x-amazon-apigateway-request-validators: {all: {validateRequestBody: true, validateRequestParameters: true}}
x-amazon-apigateway-binary-media-types: ['*/*']
paths:
  /a/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}, {name: X-Tenant, in: header, required: true, schema: {type: string}}]
    get: `+mocked+`
    put: `+mocked+`
  /any:
    x-amazon-apigateway-any-method: `+mocked+`
`, Refuse, Rendering{Policy: p}).Body, p)
	for _, tt := range []struct {
		path, origin, methods string
		status                int
	}{
		{"/a/1", "https://app.example.com", "GET,PUT", 204},
		{"/a/1", "https://x.preview.example.com", "GET,PUT", 204},
		{"/a/1", "https://evil.example", "", 403},
		{"/any", "https://app.example.com", "DELETE,GET,HEAD,PATCH,POST,PUT", 204},
	} {
		r := ask(a, "OPTIONS", tt.path, [2]string{"origin", tt.origin}, [2]string{"Access-Control-Request-Method", "GET"})
		origin := tt.origin
		if tt.status != 204 {
			origin = ""
		}
		if r.Status != tt.status || header(r, "Access-Control-Allow-Origin") != origin || header(r, "Access-Control-Allow-Methods") != tt.methods || header(r, "Vary") != "Origin" {
			t.Errorf("%s from %s: %d %v %s", tt.path, tt.origin, r.Status, r.Headers, r.Body)
		}
	}
	if r := ask(a, "GET", "/a/1", [2]string{"origin", "https://app.example.com"}); r.Status != 403 || header(r, "Access-Control-Allow-Origin") != "*" {
		t.Errorf("without a key: %d %v", r.Status, r.Headers)
	}
}

// What is not about CORS stays as it was written.
func TestTheRestStays(t *testing.T) {
	out := rendered(t, `
x-own: [1, 2.5, null, {}, [], true, "${Token[TOKEN.1]}"]
servers: [{url: !Sub 'https://${Domain}/'}]
paths:
  x-note: {a: b}
  /a:
    summary: s
    x-b: {}
    get:
      description: d
      x-c: null
      responses: {"200": {description: ok, content: {application/json: {example: {$ref: x}}}}}
      x-amazon-apigateway-integration: {type: aws_proxy, httpMethod: POST, uri: {Fn::Sub: 'arn:${Fn.Arn}'}}
`, Refuse, Rendering{Policy: two(t)}).Body
	want := map[string]any{
		"x-own":   []any{json.Number("1"), json.Number("2.5"), nil, map[string]any{}, []any{}, true, "${Token[TOKEN.1]}"},
		"servers": []any{map[string]any{"url": map[string]any{"Fn::Sub": "https://${Domain}/"}}},
		"openapi": "3.0.3", "info": map[string]any{"title": "t", "version": "1"},
	}
	for k, v := range want {
		if !reflect.DeepEqual(out[k], v) {
			t.Errorf("%s: got %#v, want %#v", k, out[k], v)
		}
	}
	item := at(out, "paths", "/a").(map[string]any)
	delete(item, "options")
	wantItem := map[string]any{"summary": "s", "x-b": map[string]any{}, "get": map[string]any{
		"description": "d", "x-c": nil,
		"responses":                       map[string]any{"200": map[string]any{"description": "ok", "content": map[string]any{"application/json": map[string]any{"example": map[string]any{"$ref": "x"}}}}},
		"x-amazon-apigateway-integration": map[string]any{"type": "aws_proxy", "httpMethod": "POST", "uri": map[string]any{"Fn::Sub": "arn:${Fn.Arn}"}},
	}}
	if !reflect.DeepEqual(item, wantItem) || !reflect.DeepEqual(at(out, "paths", "x-note"), map[string]any{"a": "b"}) {
		t.Errorf("got %#v\nwant %#v", item, wantItem)
	}
}

// The headers are on every response of an operation that is not a proxy integration, declared and
// mapped, whatever stood there.
func TestAnswers(t *testing.T) {
	p := policy(t, cors.Config{Origins: []string{"https://app.example.com", "https://b.example.com"}, AllowCredentials: true, ExposedHeaders: []string{"etag"}})
	out := rendered(t, `
paths:
  /http:
    get:
      responses:
        "200": {$ref: '#/components/responses/Fine'}
        "404": {description: no, headers: {access-control-allow-origin: {schema: {type: string}}, X-Own: {schema: {type: integer}}}}
      x-amazon-apigateway-integration:
        type: http
        httpMethod: GET
        uri: https://backend.example.net/
        responses:
          default: {statusCode: "200", responseParameters: {method.response.header.Access-Control-Allow-Origin: "'*'", method.response.header.vary: "'Accept'"}}
          "4\\d\\d": {statusCode: 404, responseTemplates: {application/json: !Sub '{"stage": "${Stage}"}', text/plain: no}}
          "5\\d\\d": {statusCode: "500"}
  /ref: {$ref: '#/x-items/ref'}
x-items:
  ref: {get: `+mocked+`}
components: {responses: {Fine: {description: fine, headers: {X-Rate: {schema: {type: integer}}}}}}
`, Refuse, Rendering{Policy: p, Response: map[string]any{"Fn::FindInMap": []any{"M", "vtl", "response"}}, Preflight: map[string]any{"Fn::FindInMap": []any{"M", "vtl", "preflight"}}})
	get := at(out.Body, "paths", "/http", "get")
	for status, own := range map[string]string{"200": "X-Rate", "404": "X-Own", "500": ""} {
		headers := object(at(get, "responses", status, "headers"))
		for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Vary", own} {
			if name != "" && headers[name] == nil {
				t.Errorf("%s does not declare %s: %v", status, name, headers)
			}
		}
		if headers["access-control-allow-origin"] != nil {
			t.Errorf("%s declares a header twice: %v", status, headers)
		}
	}
	if at(out.Body, "components", "responses", "Fine", "headers", "Vary") != nil {
		t.Error("a response that others may share was changed")
	}
	join := func(text any) any {
		return map[string]any{"Fn::Join": []any{"", []any{map[string]any{"Fn::FindInMap": []any{"M", "vtl", "response"}}, text}}}
	}
	responses := at(get, extIntegration, "responses")
	for pattern, want := range map[string]map[string]any{
		"default": {"application/json": join("$input.body")},
		`4\d\d`:   {"application/json": join(map[string]any{"Fn::Sub": `{"stage": "${Stage}"}`}), "text/plain": join("no")},
		`5\d\d`:   {"application/json": join("$input.body")},
	} {
		if got := at(responses, pattern, "responseTemplates"); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", pattern, got, want)
		}
	}
	if got := at(responses, "default", "responseParameters", "method.response.header.Vary"); got != "'Accept, Origin'" {
		t.Errorf("Vary is %v", got)
	}
	if got := at(responses, "default", "responseParameters", "method.response.header.Access-Control-Allow-Origin"); got != nil {
		t.Errorf("Access-Control-Allow-Origin is still %v", got)
	}
	if len(out.Remarks) != 1 || out.Remarks[0].Name != "second-source" || !strings.HasPrefix(out.Remarks[0].Text, "openapi.yaml:6: GET /http maps method.response.header.Access-Control-Allow-Origin") {
		t.Errorf("got the remarks %v", out.Remarks)
	}
	if at(out.Body, "paths", "/ref", "options") == nil || at(out.Body, "paths", "/ref", "$ref") != nil || !out.Responds {
		t.Errorf("a path that is a $ref: %v, responds %v", at(out.Body, "paths", "/ref"), out.Responds)
	}
}

func TestOwnOptions(t *testing.T) {
	const text = "paths:\n  /a:\n    options: {x-own: 1, x-amazon-apigateway-integration: {type: mock}}\n    get: " + mocked + "\n  /b:\n    options: {x-own: 1, x-amazon-apigateway-integration: {type: mock}}"
	for own, kept := range map[OwnOptions]bool{Keep: true, Replace: false} {
		out := rendered(t, text, own, Rendering{Policy: two(t)})
		for _, path := range []string{"/a", "/b"} {
			op := object(at(out.Body, "paths", path, "options"))
			if (op["x-own"] != nil) != kept || (op["responses"] == nil) != kept {
				t.Errorf("%d, %s: got %v", own, path, op)
			}
		}
	}
}

func TestGatewayResponsesAndPolicy(t *testing.T) {
	out := rendered(t, `
x-amazon-apigateway-gateway-responses:
  DEFAULT_4XX: {responseParameters: {gatewayresponse.header.X-Own: "'1'"}, responseTemplates: {application/json: '{}'}}
  THROTTLED: {statusCode: 429}
x-amazon-apigateway-policy:
  Version: '2012-10-17'
  Statement: {Effect: Allow, Principal: {AWS: 'arn:aws:iam::111122223333:root'}, Action: 'execute-api:Invoke', Resource: 'execute-api:/*'}
paths: {/a: {get: `+mocked+`}}
`, Refuse, Rendering{Policy: two(t), Echo: true})
	all := at(out.Body, extResponses)
	for _, typ := range []string{"DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED"} {
		if got := at(all, typ, "responseParameters", "gatewayresponse.header.Access-Control-Allow-Origin"); got != "method.request.header.origin" {
			t.Errorf("%s: got %v", typ, got)
		}
	}
	if at(all, "DEFAULT_4XX", "responseParameters", "gatewayresponse.header.X-Own") != "'1'" || at(all, "THROTTLED", "statusCode") != json.Number("429") {
		t.Errorf("the document's own are lost: %v", all)
	}
	statements, _ := at(out.Body, extPolicy, "Statement").([]any)
	if len(statements) != 2 || at(statements[1], "Resource") != "execute-api:/*/OPTIONS/*" || at(statements[1], "Effect") != "Allow" {
		t.Errorf("got %v", statements)
	}
}

// An OPTIONS operation of the document's own that is kept may be anything: the
// resource policy is not opened for it.
func TestKeptOptionsStayClosed(t *testing.T) {
	const closed = `
x-amazon-apigateway-policy:
  Statement: {Effect: Allow, Principal: {AWS: 'arn:aws:iam::111122223333:root'}, Action: 'execute-api:Invoke', Resource: 'execute-api:/*'}
paths:
  /b: {get: ` + mocked + `}
  /a: {get: ` + mocked
	for text, open := range map[string]bool{closed + "}": true, closed + ", options: {x-amazon-apigateway-integration: {type: aws_proxy, uri: x}}}": false} {
		out := rendered(t, text, Keep, Rendering{Policy: two(t)})
		_, opened := at(out.Body, extPolicy, "Statement").([]any)
		warned := slices.ContainsFunc(out.Remarks, func(r plan.Remark) bool {
			return r.Rule == "CORS403" && strings.HasPrefix(r.Text, "openapi.yaml:4: the resource policy allows nobody anonymous")
		})
		if opened != open || warned == open {
			t.Errorf("policy %v, remarks %v", at(out.Body, extPolicy), out.Remarks)
		}
	}
}

// A parameter that is declared by reference is declared.
func TestParametersByReference(t *testing.T) {
	out := rendered(t, `
components: {parameters: {O: {name: origin, in: header}}}
paths:
  /a/{id}:
    get:
      parameters: [{$ref: '#/components/parameters/O'}]
      x-amazon-apigateway-integration: {type: aws_proxy, uri: x}
`, Refuse, Rendering{Policy: two(t), Caching: true})
	if parameters, _ := at(out.Body, "paths", "/a/{id}", "get", "parameters").([]any); len(parameters) != 2 {
		t.Errorf("got %v, want the reference and Origin", parameters)
	}
}

func TestCacheKeys(t *testing.T) {
	out := rendered(t, `
paths:
  /a:
    get:
      parameters: [{name: page, in: query}, {name: Origin, in: header}]
      x-amazon-apigateway-integration: {type: aws_proxy, uri: x, cacheKeyParameters: [method.request.querystring.page]}
`, Refuse, Rendering{Policy: two(t), Caching: true})
	for _, op := range []any{at(out.Body, "paths", "/a", "get"), at(out.Body, "paths", "/a", "options")} {
		keys, _ := at(op, extIntegration, "cacheKeyParameters").([]any)
		names := map[any]int{}
		parameters, _ := at(op, "parameters").([]any)
		for _, p := range parameters {
			if at(p, "in") == "header" {
				names[at(p, "name")]++
			}
		}
		if len(keys) < 2 || !reflect.DeepEqual(names, map[any]int{"Origin": 1, "origin": 1}) {
			t.Errorf("keys %v, headers %v", keys, names)
		}
	}
	if keys := at(out.Body, "paths", "/a", "get", extIntegration, "cacheKeyParameters"); !reflect.DeepEqual(keys, []any{"method.request.querystring.page", "method.request.header.Origin", "method.request.header.origin"}) {
		t.Errorf("got %v", keys)
	}
}

// What cannot carry the headers is an error, what always responds with 500 a
// warning.
func TestRemarks(t *testing.T) {
	const http = "{x-amazon-apigateway-integration: {type: http, uri: x, responses: {default: {statusCode: '200'}}}}"
	for name, tt := range map[string]struct {
		op     string
		policy cors.Config
		id     string
		want   string
	}{
		"bytes and two origins":        {http, cors.Config{Origins: []string{"https://a.example.com", "https://b.example.com"}}, "", "openapi.yaml:6: GET /a passes bodies through that may be binary"},
		"bytes and a token":            {http, cors.Config{Origins: []string{"https://${Token[TOKEN.7]}"}}, "", "openapi.yaml:6: GET /a passes bodies through that may be binary"},
		"a header set twice":           {`{x-amazon-apigateway-integration: {type: mock, requestTemplates: {application/json: '#set($context.responseOverride.header.Access-Control-Allow-Origin = "x")'}, responses: {default: {statusCode: '200'}}}}`, cors.Config{Origins: []string{"https://a.example.com"}}, "", "openapi.yaml:6: the request template (application/json) of GET /a sets Access-Control-Allow-Origin itself on line 1: the policy sets it too"},
		"one in the other template":    {`{x-amazon-apigateway-integration: {type: mock, requestTemplates: {application/json: '{"statusCode": 200}'}, responses: {default: {statusCode: '200', responseTemplates: {application/json: {'Fn::Sub': '#set($context.responseOverride.header.access-control-allow-origin = "x")'}}}}}}`, cors.Config{Origins: []string{"https://a.example.com"}}, "", "openapi.yaml:6: the response template (application/json) of GET /a sets access-control-allow-origin itself on line 1: the policy sets it too"},
		"one by another name":          {`{x-amazon-apigateway-integration: {type: mock, requestTemplates: {application/json: '#set($h = $context.responseOverride.header)$!h.put("Access-Control-Allow-Origin", "x")'}, responses: {default: {statusCode: '200'}}}}`, cors.Config{Origins: []string{"https://a.example.com"}}, "", "openapi.yaml:6: the request template (application/json) of GET /a sets Access-Control-Allow-Origin itself on line 1: the policy sets it too"},
		"one in a request to a server": {`{x-amazon-apigateway-integration: {type: http, uri: x, requestTemplates: {application/json: '#set($context.responseOverride.header.Access-Control-Allow-Origin = "x")'}, responses: {default: {statusCode: '200', responseTemplates: {application/json: '{}'}}}}}`, cors.Config{Origins: []string{"https://a.example.com"}}, "", "openapi.yaml:6: the request template (application/json) of GET /a sets Access-Control-Allow-Origin itself on line 1: the policy sets it too"},
		"no integration reponse":       {"{x-amazon-apigateway-integration: {type: http}}", cors.Config{Origins: []string{"https://a.example.com"}}, "", "openapi.yaml:6: GET /a has no integration response"},
		"no request template":          {"{x-amazon-apigateway-integration: {type: mock, responses: {default: {statusCode: '200'}}}}", cors.Config{Origins: []string{"*"}}, "no-template", "openapi.yaml:6: GET /a is a mock without a request template"},
	} {
		t.Run(name, func(t *testing.T) {
			out := rendered(t, "x-amazon-apigateway-binary-media-types: ['*/*']\npaths:\n  /a:\n    get: "+tt.op, Refuse, Rendering{Policy: policy(t, tt.policy)})
			if len(out.Remarks) != 1 || out.Remarks[0].Name != tt.id || !strings.HasPrefix(out.Remarks[0].Text, tt.want) {
				t.Errorf("got %v, want %q", out.Remarks, tt.want)
			}
		})
	}
	// One origin needs no comparing.
	out := rendered(t, "x-amazon-apigateway-binary-media-types: ['*/*']\npaths:\n  /a:\n    get: "+http, Refuse, Rendering{Policy: policy(t, cors.Config{Origins: []string{"https://a.example.com"}})})
	if got := at(out.Body, "paths", "/a", "get", extIntegration, "responses", "default", "responseParameters", "method.response.header.Access-Control-Allow-Origin"); got != "'https://a.example.com'" || len(out.Remarks) > 0 {
		t.Errorf("got %v %v", got, out.Remarks)
	}
}

// An operationId comes before a path, a longer path before a shorter, a path before
// a tag, and all before nothing.
func TestPrecedence(t *testing.T) {
	to := func(kind string) func(*Operation) map[string]any {
		return func(o *Operation) map[string]any {
			return map[string]any{"type": "AWS_PROXY", "uri": kind, "requestParameters": map[string]any{}}
		}
	}
	out := rendered(t, `
paths:
  /a/{id}/b:
    get: {operationId: one, tags: [t]}
    put: {operationId: two, tags: [t]}
  /a:
    get: {tags: [t]}
  /ab:
    get: {tags: [t]}
  /c:
    get: {tags: [t], x-amazon-apigateway-integration: {type: aws_proxy, uri: own}}
`, Refuse, Rendering{Policy: two(t)},
		&Assignment{ByTag, "t", to("tag")}, &Assignment{ByPath, "/a/*", to("below")}, &Assignment{ByPath, "/a/{id}/b", to("exact")}, &Assignment{ByOperation, "one", to("id")})
	for _, tt := range [][3]string{{"/a/{id}/b", "get", "id"}, {"/a/{id}/b", "put", "exact"}, {"/a", "get", "below"}, {"/ab", "get", "tag"}, {"/c", "get", "own"}} {
		if got := at(out.Body, "paths", tt[0], tt[1], extIntegration, "uri"); got != tt[2] {
			t.Errorf("%s %s: got %v, want %s", tt[1], tt[0], got, tt[2])
		}
	}
}

// Of two authorizers of one operation the same one decides each time.
func TestSecuredByTwo(t *testing.T) {
	write(t, "openapi.yaml", head+`paths:
  /a:
    get: {security: [{a: [], b: [], c: []}], x-amazon-apigateway-integration: {type: mock}}
components:
  securitySchemes:
    a: {type: apiKey, name: X-A, in: header, x-amazon-apigateway-authorizer: {type: token}}
    b: {type: apiKey, name: X-B, in: header, x-amazon-apigateway-authorizer: {type: token}}
    c: {type: apiKey, name: X-C, in: header, x-amazon-apigateway-authorizer: {type: token}}
`)
	d, err := File("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	planned, faults := d.Plan(nil, Refuse)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for range 50 {
		if got := planned.Secured()[0].Security.Sources; !slices.Equal(got, []string{"method.request.header.X-C"}) {
			t.Fatalf("got %q", got)
		}
	}
}
