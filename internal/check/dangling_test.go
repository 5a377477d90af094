package check

import (
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

// A value that refers to what the template does not have is told once, as what CloudFormation refuses, and not as one that
// lacks its quotes.
func TestDanglingValue(t *testing.T) {
	const template = `{"Parameters": {"There": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/x"}}, "Resources": {
  "Bucket": {"Type": "AWS::S3::Bucket"},
  "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "a"}},
  "Get": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": "GET", "AuthorizationType": "NONE",
    "MethodResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": true}}],
    "Integration": {"Type": "MOCK", "RequestTemplates": {"application/json": "{\"statusCode\": 200}"}, "IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": VALUE}}]}}}}}`
	for value, want := range map[string]rules.ID{`{"Ref": "Absent"}`: rules.CORS903, `{"Fn::Sub": "https://${Bucket}"}`: rules.CORS203, `{"Ref": "There"}`: ""} {
		rep := Check(model.App(t, []byte(strings.Replace(template, "VALUE", value, 1))), nil, nil)
		for _, id := range []rules.ID{rules.CORS203, rules.CORS903} {
			if found := slices.ContainsFunc(rep.Findings, func(f report.Finding) bool { return f.Rule == id }); found != (id == want) {
				t.Errorf("%s: %s is found: %t", value, id, found)
			}
		}
	}
}

// TestRefusedFix holds that the fix of what CloudFormation refuses is the template's own, or a page to read, and no example of
// another template.
func TestRefusedFix(t *testing.T) {
	for text, want := range map[string]string{
		`{"Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": {"Ref": "Absent"}}}}}`:      "\n  fix: corsgate rules CORS903\n",
		`{"Resources": {"Api": {"Type": "AWS::Serverless::Api", "Properties": {"StageName": "prod", "Cors": "'*'"}}}}`: "\n  fix, CloudFormation:\n    Transform: AWS::Serverless-2016-10-31\n",
	} {
		var b strings.Builder
		if err := Check(model.App(t, []byte(text)), nil, nil).Write(&b, "text"); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); !strings.Contains(got, want) || strings.Contains(got, "!Ref Items") {
			t.Errorf("%s:\n%s\nwant %q", text, got, want)
		}
	}
}
