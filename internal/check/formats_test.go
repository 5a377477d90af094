package check

import (
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/report"
)

// hostile is a template whose names and values are made to become something else in a report.
const hostile = "Resources:\n" +
	"  \"Api`<b>%0A\": {Type: AWS::ApiGateway::RestApi, Properties: {Name: a}}\n" +
	"  \"Put`*[x](http://e)\":\n" +
	"    Type: AWS::ApiGateway::Method\n" +
	"    Metadata: {\"aws:cdk:path\": \"a\\n# H\\n```\\n::error::boo\\x1b[2J\\u202e\", corsgate: {suppress: [{id: \"`\\n# X\", reason: \"\\n::error::w\"}]}}\n" +
	"    Properties: {RestApiId: {Ref: \"Api`<b>%0A\"}, ResourceId: {\"Fn::GetAtt\": [\"Api`<b>%0A\", RootResourceId]}, HttpMethod: PUT, AuthorizationType: NONE,\n" +
	"      Integration: {Type: MOCK, RequestTemplates: {application/json: '{\"statusCode\":200}'}, IntegrationResponses: [{StatusCode: 200,\n" +
	"        ResponseParameters: {\"method.response.header.X\\n# Y\\n::error::z\": \"'1'\", method.response.header.Access-Control-Allow-Origin: \"'https://a/<script>\\n# Z\\n@all'\"}}]}}\n"

// TestHostile holds that text out of a template begins no line of a report.
func TestHostile(t *testing.T) {
	d, err := cfn.Parse("a,b:c\n.yaml", []byte(hostile), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rep := Check(d, nil, nil)
	if len(rep.Findings) < 4 {
		t.Fatal(listing(rep))
	}
	for line := range strings.Lines(rep.Markdown()) {
		if line == "# H\n" || line == "# X\n" || line == "# Y\n" || strings.HasPrefix(line, "# Z") || strings.Contains(line, "<script>") || strings.Contains(line, " @all") {
			t.Errorf("Markdown has %q", line)
		}
	}
	if text := rep.Markdown(); strings.Count(text, "```")%2 != 0 || strings.Contains(text, "\n```\n::error") {
		t.Errorf("Markdown has a fence of its own:\n%s", text)
	}
	commands := 0
	for line := range strings.Lines(rep.GitHub()) {
		if strings.HasPrefix(line, "::") {
			commands++
		}
		if strings.HasPrefix(line, "::error::") {
			t.Errorf("a workflow command: %q", line)
		}
	}
	if commands != len(rep.Findings) {
		t.Errorf("%d workflow commands for %d findings:\n%s", commands, len(rep.Findings), rep.GitHub())
	}
	for _, f := range rep.Findings {
		for _, s := range []string{f.Where(), f.Detail, f.Console} {
			if strings.ContainsAny(s, "\n\x1b\u202e") {
				t.Errorf("%q is not a line for a terminal", s)
			}
		}
	}
}

// TestSuppressionCase holds that ids of rules are the same in any case, as rules has them.
func TestSuppressionCase(t *testing.T) {
	d := open(t, "testdata/styles/openapi.yaml")
	rep := Check(d, nil, []report.Suppression{{ID: "cors110", Reason: "for servers", LogicalID: "Api"}})
	if got := listing(rep); got != "" || len(rep.Suppressed) != 1 {
		t.Errorf("%s\n%v", got, rep.Suppressed)
	}
}
