package diff

import (
	"fmt"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// reviewed is a YAML template of routes, each "METHOD /path", that respond to a preflight for an origin and whose functions are
// not run. Of a route in none there is no preflight.
func reviewed(stage, authorization, origin string, routes ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `Resources:
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: a}}
  Deployment: {Type: AWS::ApiGateway::Deployment, Properties: {RestApiId: !Ref Api}}
  Stage: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: %s}}
  Pool: {Type: AWS::ApiGateway::Authorizer, Properties: {RestApiId: !Ref Api, Type: COGNITO_USER_POOLS, IdentitySource: method.request.header.Authorization}}
`, stage)
	for i, r := range routes {
		verb, path, _ := strings.Cut(r, " ")
		path, own, _ := strings.Cut(path, " ")
		if own == "" {
			own = origin
		}
		fmt.Fprintf(&b, `  R%[1]d: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: "%[2]s"}}
  M%[1]d: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api, ResourceId: !Ref R%[1]d, HttpMethod: %[3]s, %[4]s, Integration: {Type: AWS_PROXY, IntegrationHttpMethod: POST, Uri: "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:x/invocations"}}}
`, i, strings.TrimPrefix(path, "/"), verb, authorization)
		if own == "none" {
			continue
		}
		fmt.Fprintf(&b, `  O%[1]d:
    Type: AWS::ApiGateway::Method
    Properties:
      {RestApiId: !Ref Api, ResourceId: !Ref R%[1]d, HttpMethod: OPTIONS, AuthorizationType: NONE,
      Integration: {Type: MOCK, RequestTemplates: {application/json: '{"statusCode": 200}'}, IntegrationResponses: [{StatusCode: "200", ResponseParameters: {method.response.header.Access-Control-Allow-Origin: "'%[2]s'", method.response.header.Access-Control-Allow-Methods: "'PUT'", method.response.header.Access-Control-Allow-Headers: "'authorization'"}}]},
      MethodResponses: [{StatusCode: "200", ResponseParameters: {method.response.header.Access-Control-Allow-Origin: true, method.response.header.Access-Control-Allow-Methods: true, method.response.header.Access-Control-Allow-Headers: true}}]}
`, i, own)
	}
	return b.String()
}

// What a reviewer is told of routes that are there on one side alone, of the address and of authorizers.
func TestReview(t *testing.T) {
	const open, pool = "AuthorizationType: NONE", "AuthorizationType: COGNITO_USER_POOLS, AuthorizerId: !Ref Pool"
	base := reviewed("prod", open, "https://a.example", "PUT /items")
	for name, tt := range map[string]struct {
		old, now string
		looser   bool
		has, not []string
	}{
		"a route like the others":          {base, reviewed("prod", open, "https://a.example", "PUT /items", "PUT /other"), false, []string{"New routes", "PUT /other", "1 new route"}, []string{"Looser", "was refused"}},
		"a route for other pages":          {base, reviewed("prod", open, "https://a.example", "PUT /items", "PUT /other https://evil.example"), true, []string{"Looser", "https://evil.example"}, nil},
		"preflights where there were none": {reviewed("prod", open, "none", "GET /items"), reviewed("prod", open, "none", "GET /items", "PUT /other https://evil.example"), true, []string{"Looser", "https://evil.example"}, nil},
		"a route that no page can use":     {base, reviewed("prod", open, "https://a.example", "PUT /items", "PUT /other none"), false, []string{"New routes", "PUT /other: no page can use it"}, []string{"Looser"}},
		"a route is gone":                  {reviewed("prod", open, "https://a.example", "PUT /items", "PUT /other"), base, false, []string{"Gone routes", "PUT /other"}, []string{"MissingAllowOriginHeader", "Stricter"}},
		"another route takes over":         {reviewed("prod", open, "https://a.example", "PUT /items", "ANY /{proxy+}"), reviewed("prod", open, "https://a.example", "ANY /{proxy+}"), false, []string{"Now served by other routes, and routes of their own before: PUT /items."}, []string{"Nothing", "Gone routes"}},
		"another stage":                    {base, reviewed("dev", open, "https://a.example", "PUT /items"), false, []string{"stage prod is now dev"}, []string{"Nothing"}},
		"no authorizer any more":           {reviewed("prod", pool, "https://a.example", "PUT /items"), base, true, []string{"PUT /items: no longer requires a token (Pool)"}, nil},
		"an authorizer":                    {base, reviewed("prod", pool, "https://a.example", "PUT /items"), false, []string{"PUT /items: requires a token (Pool) now; without it: refused (MissingAllowOriginHeader)"}, nil},
		"nothing":                          {base, base, false, []string{"Nothing"}, []string{"New routes", "address"}},
	} {
		t.Run(name, func(t *testing.T) {
			var apps []*cfn.App
			for _, text := range []string{tt.old, tt.now} {
				app, err := cfn.Parse("app.yaml", []byte(text), cfn.Options{})
				if err != nil {
					t.Fatal(err)
				}
				apps = append(apps, app)
			}
			results, err := Apps(t.Context(), apps[0], apps[1], Options{})
			if err != nil || len(results) != 1 {
				t.Fatal(results, err)
			}
			var out strings.Builder
			if err := Text(&out, results, Found{}); err != nil {
				t.Fatal(err)
			}
			if got := results[0].Looser(); got != tt.looser {
				t.Errorf("looser: %t", got)
			}
			text := strings.ReplaceAll(unwrapped(out.String()), "Stage prod", "stage prod")
			for _, s := range tt.has {
				if !strings.Contains(text, s) {
					t.Errorf("%q is not in it", s)
				}
			}
			for _, s := range tt.not {
				if strings.Contains(text, s) {
					t.Errorf("%q is in it", s)
				}
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}
