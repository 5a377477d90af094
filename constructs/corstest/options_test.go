package corstest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/corstest"
)

// mock is an API whose GET allows the pages of an origin.
func mock(origin string) string {
	return `{"Parameters": {"Site": {"Type": "String"}}, "Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {}},
	"Get": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": "GET", "AuthorizationType": "NONE", "Integration": {"Type": "MOCK",
		"RequestTemplates": {"application/json": "{\"statusCode\": 200}"}, "IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": ` + origin + `}}]},
		"MethodResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": true}}]}}}}`
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Of two stacks with the same names, each has its own API, parameters and values.
func TestTwoStacks(t *testing.T) {
	site := mock(`{"Fn::Sub": "'${Site}'"}`)
	dir := folder(t, map[string]string{"one.json": site, "two.json": site})
	s := &spy{}
	corstest.FromFile(s, dir)
	if !strings.Contains(s.fatal, "one/Api") || !strings.Contains(s.fatal, "(corstest.WithAPI)") {
		t.Errorf("without an API: %q", s.fatal)
	}
	one := corstest.FromFile(t, dir, corstest.WithAPI("one/Api"), corstest.WithParameter("one.Site", "https://one.example"), corstest.WithParameter("two.Site", "https://two.example"))
	one.From("https://one.example").Get("/").IsAllowed()
	one.From("https://two.example").Get("/").IsRefused()
	two := corstest.FromFile(t, dir, corstest.WithAPI("two/Api"), corstest.WithParameter("two.Site", "https://both.example"), corstest.WithValue("one.Site", "https://one.example"))
	two.From("https://both.example").Get("/").IsAllowed()
	two.From("https://one.example").Get("/").IsRefused()
	unknown := corstest.FromFile(t, dir, corstest.WithAPI("two/Api"))
	unknown.From("${two.Site}").Get("/").IsAllowed()
	s = &spy{}
	unknown.In(s).From("${one.Site}").Get("/").IsAllowed() // another value
	if s.failures() == "" {
		t.Error("the value of one stack's parameter is taken for that of the other's")
	}
	for what, option := range map[string]corstest.Option{"three.Site": corstest.WithParameter("three.Site", "x"), "Sight": corstest.WithValue("Sight", "x")} {
		s := &spy{}
		corstest.FromFile(s, dir, corstest.WithAPI("one/Api"), option)
		if !strings.Contains(s.fatal, what) || !strings.Contains(s.fatal, "the nearest") {
			t.Errorf("%s: %q", what, s.fatal)
		}
	}
}

// A template that cannot be read fails the test, and so does one of several that can.
func TestUnreadable(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"b.json:1: not JSON: unexpected EOF":         {"a.json": mock(`"'*'"`), "b.json": `{"Resources": {"A": {"Type": "AWS::X::Y"`},
		"b.yaml: it is empty":                        {"a.json": mock(`"'*'"`), "b.yaml": ""},
		"a.template.json: not a CloudFormation":      {"a.template.json": "[]"},
		"a.json:1: a key of 5000 bytes; 1024 are ":   {"a.json": `{"Resources": {"AWS::X": 1, "` + strings.Repeat("k", 5000) + `": 1}}`},
		"manifest.json:1: artifacts.A: templateFile": {"manifest.json": `{"version": "1", "artifacts": {"A": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "../a.json"}}}}`},
	} {
		s := &spy{}
		corstest.FromFile(s, folder(t, files))
		if !strings.Contains(s.fatal, want) || strings.Contains(s.fatal, "\n") {
			t.Errorf("got %q, want %q", s.fatal, want)
		}
	}
}
