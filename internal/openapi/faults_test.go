package openapi

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write puts a document into a file of a folder of its own, into which it changes.
func write(t *testing.T, name, text string) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// faultsOf returns the messages of all faults.
func faultsOf(t *testing.T, name, text string, own OwnOptions, assignments ...*Assignment) []string {
	t.Helper()
	write(t, name, text)
	d, err := File(name)
	if err != nil {
		return []string{err.Error()}
	}
	plan, faults := d.Plan(assignments, own)
	if (plan == nil) != (len(faults) > 0) {
		t.Errorf("a plan beside %d faults: %v", len(faults), plan)
	}
	var out []string
	for _, f := range faults {
		out = append(out, f.Error())
	}
	return out
}

const (
	head = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\n"
	mock = "{x-amazon-apigateway-integration: {type: mock}}"
)

func TestFaults(t *testing.T) {
	toMock := func(*Operation) map[string]any { return map[string]any{"type": "MOCK"} }
	for _, tt := range []struct {
		name, text  string
		own         OwnOptions
		assignments []*Assignment
		want        []string // each message begins with "openapi.yaml"
	}{
		{name: "nothing", text: "", want: []string{": not an OpenAPI document: it is no object"}},
		{name: "no YAML", text: "a: [1", want: []string{":1: not YAML: did not find expected ',' or ']'"}},
		{name: "a merge of nothing", text: "a: 1\nb: {<<: 1}", want: []string{":2: not YAML: << has to be followed by an object"}},
		{name: "a list", text: "- a", want: []string{": not an OpenAPI document: it is no object"}},
		{name: "another thing", text: "Resources: {}", want: []string{": not an OpenAPI 3 document: it has no field openapi"}},
		{name: "Swagger", text: "info: {}\nswagger: '2.0'", want: []string{":2: not an OpenAPI 3 document but one of Swagger (OpenAPI 2): convert it"}},
		{name: "a newer one", text: "openapi: 3.1.0", want: []string{`:1: openapi is "3.1.0", and API Gateway imports 3.0 only`}},
		{name: "a number as version", text: "openapi: 3.0", want: []string{":1: not an OpenAPI 3 document: openapi is 3.0, and has to be a string"}},
		{name: "no paths", text: head, want: []string{": the document has no paths"}},
		{name: "no operation", text: head + "paths:\n  /a: {summary: nothing}", want: []string{":3: the document has no operation, and API Gateway deploys no API without one"}},
		{name: "marks of an end", text: "---\n" + head + "paths:\n  /a:\n    get: " + mock + "\n...\n---\n"},
		{name: "two documents", text: head + "paths:\n  /a:\n    get: " + mock + "\n---\npaths: {}", want: []string{": there is a second YAML document in the file, and only one is read: remove it"}},
		{name: "no slash", text: head + "paths:\n  orders:\n    get: " + mock, want: []string{`:4: the path "orders" does not begin with a slash: write "/orders"`}},
		{name: "wrong types", text: head + `
paths:
  /a: []
  /b:
    get: 1
  /c:
    get:
    put:
      operationId: [x]
      tags: x
      responses:
        "200": no
      x-amazon-apigateway-integration:
        requestTemplates: x
        responses:
          default: {statusCode: [], responseParameters: []}
`, want: []string{
			":5: the path /a is a list, and has to be an object",
			":7: the operation GET /b is a number, and has to be an object",
			":9: the operation GET /c is empty, and has to be an object",
			":11: the operationId of PUT /c is a list, and has to be a string",
			":12: tags of PUT /c is a string, and has to be a list",
			":14: the response 200 of PUT /c is a string, and has to be an object",
			":15: the integration of PUT /c has no type: give it one of aws, aws_proxy, http, http_proxy, mock",
			":16: requestTemplates of PUT /c is a string, and has to be an object",
			":18: responseParameters of the integration response default of PUT /c is a list, and has to be an object",
			":18: the integration response default of PUT /c has no statusCode, or one that is no status",
		}},
		{name: "a misspelt method", text: head + "paths:\n  /a:\n    gett: " + mock + "\n    trace: " + mock, want: []string{
			`:5: /a has a field "gett", which a path does not have`, ":6: /a has an operation for TRACE, which API Gateway does not have"}},
		{name: "a part that is no variable alone", text: head + "paths:\n  /a/x{id}:\n    get: " + mock + "\n  /b/{rest+}/c:\n    get: " + mock, want: []string{
			`:4: in the path "/a/x{id}" the part "x{id}" is a variable and more`, `:6: the path "/b/{rest+}/c" goes on after {rest+}`}},
		{name: "no integration", text: head + "paths:\n  /a:\n    get: {}\n    x-amazon-apigateway-any-method: {}", want: []string{
			":5: GET /a has no integration: give it an x-amazon-apigateway-integration", ":6: ANY /a has no integration"}},
		{name: "one operation twice", text: head + "paths:\n  /a:\n    get: " + mock + "\n    get: " + mock, want: []string{":6: a second operation claims GET /a, the first is in line 5: remove one"}},
		{name: "one path twice", text: head + "paths:\n  /a:\n    get: " + mock + "\n  /a:\n    put: " + mock, want: []string{":6: the path /a stands there twice, first in line 4"}},
		{name: "another key twice", text: head + "paths:\n  /a:\n    get:\n      summary: x\n      summary: y\n      x-amazon-apigateway-integration: {type: mock}", want: []string{`:7: the key "summary" stands there twice, first in line 6`}},
		{name: "two names of one variable", text: head + "paths:\n  /a/{x}:\n    get: " + mock + "\n  /a/{y}:\n    put: " + mock + "\n  /a/{z}/b:\n    get: " + mock, want: []string{
			":6: the path /a/{y} has the variable {y} where /a/{x} (line 4) has {x}, and API Gateway has one variable below /a/",
			":8: the path /a/{z}/b has the variable {z} where /a/{x} (line 4) has {x}"}},
		{name: "one path with and without a slash", text: head + "paths:\n  /a:\n    get: " + mock + "\n  /a/:\n    put: " + mock, want: []string{":6: the paths /a/ and /a (line 4) are one for API Gateway"}},
		{name: "a $ref", text: head + `
paths:
  /a:
    get:
      parameters: [{$ref: '#/components/parameters/Nope'}]
      responses:
        "200": {$ref: other.yaml#/x}
        "400": {$ref: '#/components/responses/Loop'}
      x-amazon-apigateway-integration: {type: mock}
  /b: {$ref: '#/components/Nope'}
components:
  responses:
    Loop: {$ref: '#/components/responses/Loop'}
    Fine:
      description: x
      content: {application/json: {example: {$ref: '#/nope'}, schema: {properties: {$ref: {type: string}}}}}
`, want: []string{
			`:7: the $ref "#/components/parameters/Nope" leads nowhere`,
			`:9: the $ref "other.yaml#/x" leads out of the document`,
			`:10: the $ref "#/components/responses/Loop" leads back to itself`,
			`:12: the $ref "#/components/Nope" leads nowhere`,
			`:15: the $ref "#/components/responses/Loop" leads back to itself`,
		}},
		{name: "a $ref where names are free", text: head + `
paths:
  /a/{x}:
    get:
      responses: {default: {$ref: '#/components/responses/Nope'}}
      x-amazon-apigateway-integration: {type: mock}
components:
  schemas:
    example: {$ref: '#/components/schemas/None'}
    same: {$ref: '#/paths/~1a~1%7Bx%7D/get'}
`, want: []string{`:7: the $ref "#/components/responses/Nope" leads nowhere`, `:11: the $ref "#/components/schemas/None" leads nowhere`}},
		{name: "a greedy variable beside another", text: head + "paths:\n  /a/{x}:\n    get: " + mock + "\n  /a/{x+}:\n    get: " + mock + "\n  /b/{y}/c:\n    get: " + mock + "\n  /b/{proxy+}:\n    get: " + mock, want: []string{
			":4: the path /a/{x} has the variable {x} where /a/{x+} (line 6) has {x+}, and API Gateway has one variable below /a/: keep one of them",
			":8: the path /b/{y}/c has the variable {y} where /b/{proxy+} (line 10) has {proxy+}, and API Gateway has one variable below /b/"}},
		{name: "integrations of no type", text: head + "paths:\n  /a:\n    get: {x-amazon-apigateway-integration: {uri: x}}\n    put: {x-amazon-apigateway-integration: {type: lambda}}\n    post: {x-amazon-apigateway-integration: {type: Http_Proxy}}", want: []string{
			":5: the integration of GET /a has no type: give it one of aws, aws_proxy, http, http_proxy, mock",
			`:6: the integration of PUT /a has the type "lambda": give it one of aws, aws_proxy, http, http_proxy, mock`}},
		{name: "extensions of the document", text: head + "x-amazon-apigateway-gateway-responses: [x]\nx-amazon-apigateway-request-validators: x\nx-amazon-apigateway-policy: []\npaths:\n  /a:\n    get: " + mock, want: []string{
			":3: x-amazon-apigateway-gateway-responses is a list, and has to be an object",
			":4: x-amazon-apigateway-request-validators is a string, and has to be an object",
			":5: x-amazon-apigateway-policy is a list, and has to be an object"}},
		{name: "own OPTIONS", text: head + "paths:\n  /a:\n    options: " + mock + "\n    get: " + mock, want: []string{":5: /a has an OPTIONS operation of its own, and the policy handles preflights: remove it"}},
		{name: "own OPTIONS, to be kept", own: Keep, text: head + "paths:\n  /a:\n    options: {}\n    get: " + mock, want: []string{":5: OPTIONS /a is to be kept and has no x-amazon-apigateway-integration"}},
		{name: "one operationId twice", text: head + "paths:\n  /a:\n    get: {operationId: x, x-amazon-apigateway-integration: {type: mock}}\n    put: {operationId: x, x-amazon-apigateway-integration: {type: mock}}", want: []string{
			`:6: PUT /a has the operationId "x", which GET /a has too`}},
		{name: "security without a scheme", text: head + "security: [{a: []}]\npaths:\n  /a:\n    get: {security: [{b: []}], x-amazon-apigateway-integration: {type: mock}}\ncomponents: {securitySchemes: {a: {type: apiKey}}}", want: []string{
			`:6: security of GET /a names "b", which is not among components/securitySchemes`}},
		{name: "assignments", text: head + "paths:\n  /a:\n    get: {operationId: x, tags: [t, u]}\n    put: {operationId: y, tags: [t], x-amazon-apigateway-integration: {type: mock}}", assignments: []*Assignment{
			{By: ByTag, Name: "t", Make: toMock}, {By: ByTag, Name: "u", Make: toMock}, {By: ByOperation, Name: "y", Make: toMock}, {By: ByOperation, Name: "z"}, {By: ByPath, Name: "/b/*"}, {By: ByTag, Name: "v"},
		}, want: []string{
			`: ForOperation("z") matches no operation: the document has the operationIds x, y`,
			`: ForPath("/b/*") matches no operation: the document has the paths /a`,
			`: ForTag("v") matches no operation: the document has the tags t, u`,
			`:5: GET /a gets two integrations, by ForTag("t") and by ForTag("u")`,
			`:6: PUT /a has an x-amazon-apigateway-integration of its own, and ForOperation("y") gives it another`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := faultsOf(t, "openapi.yaml", tt.text, tt.own, tt.assignments...)
			for i, want := range tt.want {
				if i >= len(got) || !strings.HasPrefix(got[i], "openapi.yaml"+want) {
					t.Errorf("fault %d is not %q", i, want)
				}
			}
			if len(got) != len(tt.want) || t.Failed() {
				t.Errorf("got %d faults, want %d:\n%s", len(got), len(tt.want), strings.Join(got, "\n"))
			}
		})
	}
}

// JSON has the same faults with the same lines.
func TestFaultsOfJSON(t *testing.T) {
	got := faultsOf(t, "openapi.json", `{
  "openapi": "3.0.3",
  "paths": {
    "/a": {
      "get": {"x-amazon-apigateway-integration": {"type": "mock"}},
      "get": {},
      "put": {"tags": [
        "x",
        1]}
    },
    "/b": {"$ref": "#/nope"}
  }
}`, Refuse)
	want := []string{
		"openapi.json:6: GET /a has no integration: give it an x-amazon-apigateway-integration, or assign one by operationId, path or tag",
		"openapi.json:6: a second operation claims GET /a, the first is in line 5: remove one",
		"openapi.json:7: PUT /a has no integration: give it an x-amazon-apigateway-integration, or assign one by operationId, path or tag",
		"openapi.json:9: a tag of PUT /a is a number, and has to be a string",
		`openapi.json:11: the $ref "#/nope" leads nowhere: the document has nothing there`,
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s", strings.Join(got, "\n"))
	}
	for text, want := range map[string]string{
		"{\n\"a\": x}": "openapi.json:2: not JSON: ",
		"{\n\"a\": 1":  "openapi.json:2: not JSON: unexpected EOF",
		"{}\n{}":       "openapi.json:2: not JSON: there is more after the end of the object",
		`{"a":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "}": "openapi.json:1: nested too deep",
	} {
		if got := faultsOf(t, "openapi.json", text, Refuse); len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%.20q: got %q, want %q", text, got, want)
		}
	}
}

// A value has no lines, and says where by a pointer.
func TestFaultsOfAValue(t *testing.T) {
	d, err := Value(map[string]any{"openapi": "3.0.3", "paths": map[string]map[string]any{"/a": {"get": map[string]any{}}}})
	if err != nil {
		t.Fatal(err)
	}
	_, faults := d.Plan(nil, Refuse)
	if len(faults) != 1 || !strings.HasPrefix(faults[0].Error(), "the OpenAPI document at /paths/~1a/get: GET /a has no integration") {
		t.Errorf("got %v", faults)
	}
	for name, v := range map[string]map[string]any{
		"a channel":  {"paths": map[string]any{"/a": make(chan int)}},
		"a struct":   {"paths": map[string]any{"/a": &struct{ A int }{1}}},
		"other keys": {"paths": map[string]any{"/a": map[int]string{1: "x"}}},
	} {
		if _, err := Value(v); err == nil || !strings.HasPrefix(err.Error(), "the OpenAPI document at /paths/~1a: a value of type ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := Value(nil); err == nil {
		t.Error("nil is taken")
	}
}

func TestNoSuchFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "nothing.yaml")
	if _, err := File(name); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("got %v, want the file's name", err)
	}
}
