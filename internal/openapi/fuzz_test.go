package openapi

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
)

// Whatever a file holds, it gives faults or a document, the same each time.
func FuzzDocument(f *testing.F) {
	for _, seed := range []string{
		head + "paths:\n  /a/{id}:\n    get: " + mocked,
		`{"openapi": "3.0.1", "paths": {"/a": {"$ref": "#/x"}}, "x": {"get": {"tags": ["t"], "responses": {"200": {"$ref": "#/y"}}}}, "y": {"description": ""}}`,
		head + "x-amazon-apigateway-gateway-responses: {DEFAULT_4XX: 1, A: {responseParameters: []}}\nx-amazon-apigateway-policy: {Statement: 1}\nx-amazon-apigateway-request-validators: []\nx-amazon-apigateway-request-validator: a\npaths: {/: {x-amazon-apigateway-any-method: " + mocked + "}}",
		head + "paths: &p\n  /a: {get: {tags: [t]}, <<: {put: {tags: [t]}}}\nx: *p\nsecurity: 1",
		head + "paths: {/a: {get: {x-amazon-apigateway-integration: {type: !Sub x, responses: {default: {statusCode: !Ref S, responseTemplates: {a: !Ref T}}}}}}}",
	} {
		f.Add([]byte(seed))
	}
	p, err := cors.New(cors.Config{Origins: []string{"https://a.example.com", "https://b.example.com"}, AllowCredentials: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var first []byte
		for range 2 {
			d, err := parse("x", text)
			if err != nil {
				return
			}
			plan, faults := d.Plan([]*Assignment{{By: ByTag, Name: "t", Make: func(*Operation) map[string]any {
				return map[string]any{"type": "AWS_PROXY", "requestParameters": map[string]any{"integration.request.path.id": "method.request.path.id"}}
			}}}, Replace)
			if plan == nil {
				if len(faults) == 0 {
					t.Fatal("neither a plan nor a fault")
				}
				return
			}
			out, err := json.Marshal(plan.Render(Rendering{Policy: p, Caching: true, Preflight: map[string]any{}, Response: map[string]any{}}).Body)
			if err != nil {
				t.Fatal(err)
			}
			if first != nil && !bytes.Equal(first, out) {
				t.Fatalf("two renderings:\n%s\n%s", first, out)
			}
			first = out
		}
	})
}
