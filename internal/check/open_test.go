package check

import (
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

// What hangs on a value that only a deployment knows, or on what other stacks add, is not judged, and not passed over.
func TestOpen(t *testing.T) {
	const method = `{"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "Items"}, "HttpMethod": "GET", "AuthorizationType": "NONE",
		"Integration": {"Type": "AWS_PROXY", "Uri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:111111111111:function:f/invocations"}}}`
	template := func(stage, outputs string) string {
		return `{"Parameters": {"P": {"Type": "String"}}, "Outputs": {` + outputs + `}, "Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {}},
			"Items": {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "items"}},
			"Get": ` + method + `, "Options": ` + strings.Replace(method, `"GET"`, `"OPTIONS"`, 1) + `,
			"Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "prod"` + stage + `}}}}`
	}
	const all = `, "MethodSettings": [{"HttpMethod": "*", "ResourcePath": "/*", "CachingEnabled": true}]`
	for name, tt := range map[string]struct {
		template, left string
		found          bool
	}{
		"a cache":                     {template(`, "CacheClusterEnabled": true`+all, ""), "", true},
		"no cache":                    {template(`, "CacheClusterEnabled": false`+all, ""), "", false},
		"perhaps a cache":             {template(`, "CacheClusterEnabled": {"Ref": "P"}`+all, ""), "GET /items: whether a cache has its responses, by a key without Origin: it depends on P", false},
		"a cache, perhaps of a route": {template(`, "CacheClusterEnabled": true`+strings.Replace(all, `true`, `{"Ref": "P"}`, 1), ""), "it depends on P", false},
		"a resource's id":             {template("", `"Id": {"Value": {"Ref": "Items"}, "Export": {"Name": "items"}}`), "exports the resource Items, and a stack that is not here may add to it", false},
		"the root's id":               {template("", `"Id": {"Value": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "Export": {"Name": "root"}}`), "exports the root of Api", false},
		"an output of its own":        {template("", `"Id": {"Value": {"Ref": "Items"}}`), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			stated, err := State([]string{"https://app.example.com"})
			if err != nil {
				t.Fatal(err)
			}
			r := Check(model.App(t, []byte(tt.template)), stated, nil)
			found := false
			for _, f := range r.Findings {
				found = found || f.Rule == rules.CORS402
			}
			left := strings.Join(r.NotJudged, "; ")
			if found != tt.found || !strings.Contains(left, tt.left) || tt.left == "" && strings.Contains(left, "exports") {
				t.Errorf("found: %t, not judged: %s", found, left)
			}
		})
	}
}
