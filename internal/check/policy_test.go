package check

import (
	"os"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/testkit/faults"
)

// TestResourcePolicy holds what is said of an API without fault and one resource policy; how policies are evaluated is tested
// in package apigw.
func TestResourcePolicy(t *testing.T) {
	const open = "{Effect: Allow, Principal: '*', Action: 'execute-api:Invoke', Resource: 'execute-api:/*'}"
	b, err := os.ReadFile("../../test/templates/catalog.template.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ statements, want string }{
		"everybody":                          {open, ""},
		"an account":                         {"{Effect: Allow, Principal: {AWS: '111122223333'}, Action: '*', Resource: '*'}", "CORS403"},
		"a method":                           {"{Effect: Allow, Principal: '*', Action: '*', Resource: 'execute-api:/*/GET/*'}", "CORS403"},
		"part of an action":                  {"{Effect: Allow, Principal: '*', Action: 'execute-api:Inv*', Resource: '*'}", ""},
		"all outside an organisation":        {open + ", {Effect: Deny, Principal: '*', Action: '*', Resource: '*', Condition: {StringNotEquals: {'aws:PrincipalOrgID': o-1}}}", "CORS403"},
		"all but another action":             {open + ", {Effect: Deny, Principal: '*', NotAction: 'execute-api:ManageConnections', Resource: '*'}", "CORS403"},
		"an address":                         {open + ", {Effect: Deny, Principal: '*', Action: '*', Resource: '*', Condition: {NotIpAddress: {'aws:SourceIp': 192.0.2.0/24}}}", ""},
		"no HTTPS":                           {open + ", {Effect: Deny, Principal: '*', Action: '*', Resource: '*', Condition: {Bool: {'aws:SecureTransport': false}}}", ""},
		"another stage":                      {"{Effect: Allow, Principal: '*', Action: '*', Resource: 'execute-api:/test/*'}", "CORS403"},
		"a stage that only deployment knows": {"{Effect: Allow, Principal: '*', Action: '*', Resource: {'Fn::Sub': 'execute-api:/${Other.Name}/*'}}", "CORS903"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := cfn.Parse("t.yaml", b, cfn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			rep := checkTree(t, faults.Merge(d.Stacks[0].Raw, tree(t, "Resources: {Catalog742F25FD: {Properties: {Policy: {Version: '2012-10-17', Statement: ["+tt.statements+"]}}}}")))
			var got []string
			for _, f := range rep.Findings {
				got = append(got, string(f.Rule))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %q, want %q\n%s", got, tt.want, listing(rep))
			}
		})
	}
}

// A key that an authorizer gives is in no header.
func TestKeyOfAnAuthorizer(t *testing.T) {
	for source, want := range map[string]int{"HEADER": 1, "AUTHORIZER": 0} {
		text := `{"Resources": {
			"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"ApiKeySourceType": "` + source + `", "Body": {"openapi": "3.0.1", "paths": {"/a": {
				"get": {"security": [{"key": []}], "x-amazon-apigateway-integration": {"type": "aws_proxy"}},
				"options": {"responses": {"204": {"headers": {"Access-Control-Allow-Origin": {}}}}, "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 204}"},
					"responses": {"default": {"statusCode": "204", "responseParameters": {"method.response.header.Access-Control-Allow-Origin": "'https://app.example.com'"}}}}}}},
				"components": {"securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}}}}},
			"Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "v1"}}}}`
		app, err := cfn.Parse("t.json", []byte(text), cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := ids(Check(app, nil, nil))[rules.CORS111]; got != want {
			t.Errorf("%s: CORS111 is found %d times, want %d", source, got, want)
		}
	}
}
