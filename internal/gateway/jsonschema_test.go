package gateway

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

// TestModels holds what bodies a model lets in: 200, 400, or 502 where that is not known.
func TestModels(t *testing.T) {
	const draft = `"$schema": "http://json-schema.org/draft-04/schema#", `
	ref := func(name string) string {
		return `{"$ref": {"Fn::Join": ["", ["https://apigateway.amazonaws.com/restapis/", {"Ref": "Api"}, "/models/", "` + name + `"]]}}`
	}
	for _, tt := range []struct {
		schema string
		body   string
		want   int
		why    string // for 502
	}{
		{`{` + draft + `"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 2}}}`, `{"name": "ab"}`, 200, ""},
		{`{` + draft + `"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 2}}}`, `{"name": "a"}`, 400, ""},
		{`{"type": "object"}`, `[]`, 400, ""},
		{`{"type": "object"}`, `{} {}`, 400, ""},
		{`{"type": "object"}`, ``, 400, ""},
		{`{"type": "object", "additionalProperties": false}`, `{"x": 1}`, 400, ""},
		{`{"patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": {"type": "integer"}}`, `{"x-a": "b", "n": 1}`, 200, ""},
		{`{"patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": {"type": "integer"}}`, `{"n": "1"}`, 400, ""},
		{`{"maximum": 10, "exclusiveMaximum": true}`, `10`, 400, ""},
		{`{"maximum": 10, "exclusiveMaximum": true}`, `9.5`, 200, ""},
		{`{"type": "array", "uniqueItems": true, "items": [{"type": "string"}], "additionalItems": {"type": "integer"}}`, `["a", 1, 2]`, 200, ""},
		{`{"type": "array", "uniqueItems": true, "items": [{"type": "string"}], "additionalItems": {"type": "integer"}}`, `["a", 1, 1]`, 400, ""},
		{`{"definitions": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/definitions/n"}}}`, `{"a": "1"}`, 400, ""},
		{`{"type": "object", "properties": {"next": {"$ref": "#"}}, "additionalProperties": false}`, `{"next": {"next": {"x": 1}}}`, 400, ""},
		{`{"type": "object", "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}`, strings.Repeat(`{"left":`, 100) + "{}" + strings.Repeat("}", 100), 200, ""},
		{`{"format": "something", "example": 1, "nullable": true}`, `"x"`, 200, ""},
		// A schema as text, and one that refers to other models.
		{`"{\"type\": \"integer\"}"`, `1`, 200, ""},
		{`"{\"type\": \"integer\"}"`, `"1"`, 400, ""},
		{`{"properties": {"item": ` + ref("Item") + `}}`, `{"item": {"id": 1}}`, 200, ""},
		{`{"properties": {"item": ` + ref("Item") + `}}`, `{"item": {"id": "1"}}`, 400, ""},
		{`{"properties": {"item": ` + ref("Item") + `}}`, `{"item": {"id": 1, "more": [{"id": "1"}]}}`, 400, ""},
		// What nobody here can decide is not let through.
		{`{"properties": {"item": ` + ref("Nobody") + `}}`, `{}`, 502, "/models/Nobody, which is not a model of this API"},
		{`{"$ref": "https://example.com/schema.json"}`, `{}`, 502, "https://example.com/schema.json, which is not a model of this API"},
		{`{"$ref": "file:///etc/hostname"}`, `{}`, 502, "file:///etc/hostname, which is not a model of this API"},
		{`{"pattern": "(?!a)b"}`, `"b"`, 502, "(?!a)b"},
		{`{"type": "no such type"}`, `{}`, 502, "type"},
		{`{"$ref": "#"}`, `{}`, 502, ""},
		{`"not JSON"`, `{}`, 502, ""},
		{`{"enum": [{"Fn::ImportValue": "x"}]}`, `{}`, 502, "not known: import x"},
	} {
		a := load(t, tpl(`"Model": {"Type": "AWS::ApiGateway::Model", "Properties": {"RestApiId": {"Ref": "Api"}, "Schema": `+tt.schema+`}},
			"ItemModel": {"Type": "AWS::ApiGateway::Model", "Properties": {"RestApiId": {"Ref": "Api"}, "Name": "Item", "Schema": {"properties": {"id": {"type": "integer"}, "more": {"items": `+ref("Item")+`}}}}},
			"V": {"Type": "AWS::ApiGateway::RequestValidator", "Properties": {"RestApiId": {"Ref": "Api"}, "ValidateRequestBody": true}},`+
			method("M", "", "POST", `"RequestModels": {"application/json": {"Ref": "Model"}}, "RequestValidatorId": {"Ref": "V"}, `+mock(`{"statusCode": 200}`, `{"StatusCode": "200"}`)), ""), Options{})
		r := a.Serve(context.Background(), &Request{Method: "POST", Path: "/", Body: []byte(tt.body)}, nil)
		if r.Status != tt.want || !strings.Contains(string(r.Body), tt.why) {
			t.Errorf("%s\nlets %s pass with %d %s, want %d %s", tt.schema, tt.body, r.Status, r.Body, tt.want, tt.why)
		}
		var said struct{ Message string }
		if tt.want == 502 && (json.Unmarshal(r.Body, &said) != nil || strings.ContainsAny(said.Message, "\n")) {
			t.Errorf("%s\nthe reason is not one line: %s", tt.schema, r.Body)
		}
	}
}
