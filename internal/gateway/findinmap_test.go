package gateway

import (
	"context"
	"strings"
	"testing"
)

// TestFindInMap holds what Fn::FindInMap gives, by the stage variable it is put into.
func TestFindInMap(t *testing.T) {
	for _, tt := range []struct{ name, function, want, problem string }{
		{"literal keys", `["M", "dev", "origin"]`, "https://dev.example.com", ""},
		{"a key from a parameter", `["M", {"Ref": "Kind"}, "origin"]`, "https://dev.example.com", ""},
		{"a pseudo parameter", `["M", {"Ref": "AWS::Region"}, "origin"]`, "https://here.example.com", ""},
		{"a default that is not needed", `["M", "dev", "origin", {"DefaultValue": "x"}]`, "https://dev.example.com", ""},
		{"a default", `["M", "dev", "nothing", {"DefaultValue": {"Ref": "Kind"}}]`, "dev", ""},
		{"a default for a mapping that is missing", `["N", "dev", "origin", {"DefaultValue": "x"}]`, "x", ""},
		{"no such mapping", `["N", "dev", "origin"]`, "", "Mappings has no N, only [M]"},
		{"no such key", `["M", "live", "origin"]`, "", "Mappings M has no live, only [dev us-east-1]"},
		{"no such second key", `["M", "dev", "other"]`, "", "Mappings M dev has no other, only [origin]"},
		{"too few", `["M", "dev"]`, "", "the name of a mapping and two keys"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			template := `{"Parameters": {"Kind": {"Default": "dev"}}, "Mappings": {"M": {"dev": {"origin": "https://dev.example.com"}, "us-east-1": {"origin": "https://here.example.com"}}},
			 "Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi"}, "S": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "prod", "Variables": {"v": {"Fn::FindInMap": ` + tt.function + `}}}}}}`
			a, err := Load([]byte(template), Options{})
			if tt.problem != "" {
				if err == nil || !strings.Contains(err.Error(), tt.problem) {
					t.Fatalf("got %v, want it to say %q", err, tt.problem)
				}
				return
			}
			if err != nil || a.Variables["v"] != tt.want {
				t.Errorf("got %v %v, want %q", a, err, tt.want)
			}
		})
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
