package simulate_test

import (
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

// An API whose own condition is not decided is judged as if it were there, on whichever side it is, and the report says so.
func TestJudgeConditionalAPI(t *testing.T) {
	const rest = `"Api": {"Type": "AWS::ApiGateway::RestApi", "Condition": "IsProd", "Properties": {}},
		"Get": {"Type": "AWS::ApiGateway::Method", "Condition": "IsProd", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": "GET", "AuthorizationType": "NONE",
			"Integration": {"Type": "MOCK", "RequestTemplates": {"application/json": "{\"statusCode\": 200}"}, "IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": "'*'"}}]}, "MethodResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": false}}]}}`
	const http = `"Api": {"Type": "AWS::ApiGatewayV2::Api", "Condition": "IsProd", "Properties": {"ProtocolType": "HTTP", "Target": "https://backend.example", "CorsConfiguration": {"AllowOrigins": ["https://app.example.com"]}}}`
	const url = `"Api": {"Type": "AWS::Lambda::Url", "Condition": "IsProd", "Properties": {"AuthType": "AWS_IAM", "TargetFunctionArn": "arn:aws:lambda:us-east-1:111111111111:function:f", "Cors": {"AllowOrigins": ["https://app.example.com"]}}}`
	const equals = `{"Fn::Equals": [{"Ref": "Env"}, "prod"]}`
	for _, tt := range []struct{ name, resources, condition, api, want string }{
		{"REST", rest, equals, "", "unless IsProd is false (it depends on Env): then the API does not exist"},
		{"REST, named", rest, equals, "Api", "unless IsProd is false (it depends on Env): then the API does not exist"},
		{"REST, the other side", rest, `{"Fn::Not": [` + equals + `]}`, "", "unless IsProd is false (it depends on Env): then the API does not exist"},
		{"HTTP", http, equals, "", "unless IsProd is false (it depends on Env): then the API does not exist"},
		{"HTTP, the other side", http, `{"Fn::Not": [` + equals + `]}`, "", "unless IsProd is false (it depends on Env): then the API does not exist"},
		{"URL", url, equals, "", "unless IsProd is false (it depends on Env): then the API does not exist"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			template := `{"Parameters": {"Env": {"Type": "String"}}, "Conditions": {"IsProd": ` + tt.condition + `}, "Resources": {` + tt.resources + `}}`
			j, err := simulate.NewJudge(model.App(t, []byte(template)), gateway.Options{API: tt.api}, simulate.NotRun)
			if err != nil {
				t.Fatal(err)
			}
			origin := "https://app.example.com"
			if tt.name == "URL" {
				origin = "https://evil.example" // the service says so itself
			}
			r, err := j.Explain(t.Context(), browser.Call{Origin: origin, URL: "/"})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Assumptions) != 1 || r.Assumptions[0].Text != tt.want {
				t.Errorf("assumptions %+v, want %q", r.Assumptions, tt.want)
			}
			if !r.Verdict.Known {
				t.Errorf("verdict %+v, want one", r.Verdict)
			}
		})
	}
	t.Run("one without a condition", func(t *testing.T) {
		for condition, conditions := range map[string]string{
			"IsProd":  `"IsProd": ` + equals,
			"NotProd": `"IsProd": ` + equals + `, "NotProd": {"Fn::Not": [{"Condition": "IsProd"}]}`,
		} {
			own := `"Condition": "` + condition + `", `
			if condition == "IsProd" {
				own = ""
			}
			template := `{"Parameters": {"Env": {"Type": "String"}}, "Conditions": {` + conditions + `}, "Resources": {` + http + `, ` +
				strings.Replace(strings.Replace(http, `"Api"`, `"Web"`, 1), `"Condition": "IsProd", `, own, 1) + `}}`
			if _, err := simulate.NewJudge(model.App(t, []byte(template)), gateway.Options{}, simulate.NotRun); err == nil || !strings.Contains(err.Error(), "say which one is meant") {
				t.Errorf("%s: error %v, want that there are two", condition, err)
			}
			for _, api := range []string{"Api", "Web"} {
				if _, err := simulate.NewJudge(model.App(t, []byte(template)), gateway.Options{API: api}, simulate.NotRun); err != nil {
					t.Errorf("%s, %s: %v", condition, api, err)
				}
			}
		}
	})
	t.Run("two", func(t *testing.T) {
		template := `{"Parameters": {"Env": {"Type": "String"}}, "Conditions": {"IsProd": ` + equals + `, "IsDev": {"Fn::Equals": [{"Ref": "Env"}, "dev"]}}, "Resources": {` +
			http + `,` + strings.Replace(strings.Replace(http, `"Api"`, `"Dev"`, 1), "IsProd", "IsDev", 1) + `}}`
		_, err := simulate.NewJudge(model.App(t, []byte(template)), gateway.Options{}, simulate.NotRun)
		if err == nil || !strings.Contains(err.Error(), "2 APIs under conditions: Dev, Api") {
			t.Errorf("error %v, want that there are two", err)
		}
		if _, err := simulate.NewJudge(model.App(t, []byte(template)), gateway.Options{API: "Dev"}, simulate.NotRun); err != nil {
			t.Error(err)
		}
		if _, err := simulate.NewJudge(model.App(t, []byte(template)), gateway.Options{API: "None"}, simulate.NotRun); err == nil {
			t.Error("None was found")
		}
	})
}
