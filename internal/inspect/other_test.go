package inspect

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/rules"
)

// httpAccount is API Gateway with one HTTP API. The paths in fails respond with a status of their own.
func httpAccount(t *testing.T, fails map[string]int) *apigatewayv2.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		path := strings.TrimPrefix(r.URL.Path, "/v2")
		if status := fails[path]; status != 0 {
			if status == http.StatusNotFound {
				w.Header().Set("X-Amzn-Errortype", "NotFoundException")
			}
			w.WriteHeader(status)
			return
		}
		body := map[string]string{
			"/apis/abc123":              `{"apiId": "abc123", "name": "shop", "protocolType": "HTTP", "corsConfiguration": {"allowOrigins": ["https://app.example.com"], "allowMethods": ["GET"], "allowHeaders": ["authorization"], "exposeHeaders": ["etag"], "maxAge": 600}}`,
			"/apis/abc123/routes":       `{"items": [{"routeId": "r1", "routeKey": "GET /items", "authorizationType": "JWT", "authorizerId": "a1", "target": "integrations/i1"}]}`,
			"/apis/abc123/integrations": `{"items": [{"integrationId": "i1", "integrationType": "HTTP_PROXY", "integrationMethod": "GET", "integrationUri": "https://backend.example.com", "payloadFormatVersion": "1.0"}]}`,
			"/apis/abc123/authorizers":  `{"items": [{"authorizerId": "a1", "name": "jwt", "authorizerType": "JWT", "identitySource": ["$request.header.Authorization"]}]}`,
			"/apis/abc123/stages":       `{"items": [{"stageName": "$default", "autoDeploy": true, "lastDeploymentStatusMessage": "Deployment attempt failed: the route is not valid"}]}`,
			"/domainnames":              `{"items": [{"domainName": "shop.example.com"}]}`,
		}[path]
		if body == "" {
			body = `{"items": []}`
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return apigatewayv2.New(apigatewayv2.Options{Region: "eu-west-1", BaseEndpoint: &server.URL, Retryer: aws.NopRetryer{}, Credentials: aws.AnonymousCredentials{}})
}

// TestHTTPFailingPart holds that a read of an HTTP API that fails costs its own part, and that no rule takes what was not read for
// absent.
func TestHTTPFailingPart(t *testing.T) {
	for path, part := range map[string]string{
		"/apis/abc123/routes": "the routes: GetRoutes failed", "/apis/abc123/integrations": "the integrations: GetIntegrations failed", "/apis/abc123/authorizers": "the authorizers: GetAuthorizers failed",
		"/apis/abc123/stages": "the stages: GetStages failed", "/domainnames": "the custom domains: GetDomainNames failed", "/domainnames/shop.example.com/apimappings": "where the domain shop.example.com leads: GetApiMappings failed",
	} {
		s, err := ReadHTTP(t.Context(), httpAccount(t, map[string]int{path: 503}), &functions{}, "eu-west-1", "abc123", "")
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		rep, _, err := Inspect(t.Context(), s, nil, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(rep.Unseen) == 0 || !strings.HasPrefix(rep.Unseen[0], part) {
			t.Errorf("%s: not seen %q", path, rep.Unseen)
		}
		for _, f := range rep.Findings {
			if f.Severity == rules.Error || f.Rule == rules.CORS903 {
				t.Errorf("%s: %s %s", path, f.Rule, f.Detail)
			}
		}
	}
	if _, err := ReadHTTP(t.Context(), httpAccount(t, map[string]int{"/apis/abc123/routes": 400}), &functions{}, "eu-west-1", "abc123", ""); err == nil {
		t.Error("with 400 there is no error")
	}
}

// TestUndeployed holds that a stage whose last automatic deployment failed is not taken to serve what is configured.
func TestUndeployed(t *testing.T) {
	s, err := ReadHTTP(t.Context(), httpAccount(t, nil), &functions{}, "eu-west-1", "abc123", "")
	if err != nil {
		t.Fatal(err)
	}
	rep, _, err := Inspect(t.Context(), s, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(rep.Unseen, "\n"), "what stage $default serves: its last automatic deployment failed, and what was changed since is not served"; got != want {
		t.Errorf("not seen %q", got)
	}
}

// TestWhichHTTP holds how an id and an address lead to an API and its stage.
func TestWhichHTTP(t *testing.T) {
	g := httpAccount(t, map[string]int{"/domainnames/other.example.com/apimappings": 404})
	for given, want := range map[string][3]string{
		"https://abc.lambda-url.eu-west-1.on.aws/": {"", "", "abc.lambda-url.eu-west-1.on.aws is the address of a function URL; name its function with --function-url"},
		"abc123": {"abc123"},
		"https://abc123.execute-api.eu-west-1.amazonaws.com/items": {"abc123", "$default"},
		"https://shop.example.com/items":                           {"", "", "no mapping of shop.example.com leads from /items to an API"},
		"https://other.example.com":                                {"", "", "other.example.com is neither a custom domain in eu-west-1 nor the address of an HTTP API; name the API's id"},
	} {
		id, stage, err := WhichHTTP(t.Context(), g, "eu-west-1", given, "")
		got := [3]string{id, stage}
		if err != nil {
			got[2] = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", given, got, want)
		}
	}
}

// urls is Lambda with a function URL.
type urls struct {
	functions
	policy string
}

func (u *urls) GetFunctionUrlConfig(context.Context, *lambda.GetFunctionUrlConfigInput, ...func(*lambda.Options)) (*lambda.GetFunctionUrlConfigOutput, error) {
	return &lambda.GetFunctionUrlConfigOutput{AuthType: types.FunctionUrlAuthTypeNone, FunctionArn: aws.String("arn:aws:lambda:eu-west-1:111111111111:function:shop"),
		Cors: &types.Cors{AllowOrigins: []string{"https://app.example.com"}, AllowMethods: []string{"GET"}, AllowHeaders: []string{"content-type"}}}, nil
}

func (u *urls) GetPolicy(context.Context, *lambda.GetPolicyInput, ...func(*lambda.Options)) (*lambda.GetPolicyOutput, error) {
	return &lambda.GetPolicyOutput{Policy: aws.String(`{"Version": "2012-10-17", "Statement": [` + u.policy + `]}`)}, nil
}

// TestAddressOfURL holds what is said where the address of a function URL is given for its function, or for an API.
func TestAddressOfURL(t *testing.T) {
	const host = "abc.lambda-url.eu-west-1.on.aws"
	for _, given := range []string{host, host + "/items", "https://" + host + "/"} {
		if _, err := ReadURL(t.Context(), &urls{}, "eu-west-1", given); err == nil || err.Error() != "AWS does not say which function has the URL "+host+"; name the function: NAME or NAME:ALIAS" {
			t.Errorf("%s: %v", given, err)
		}
	}
	if _, _, err := Which(t.Context(), account{}, "eu-west-1", "https://"+host+"/", ""); err == nil || err.Error() != host+" is the address of a function URL; name its function with --function-url" {
		t.Errorf("for a REST API: %v", err)
	}
}

// TestPublic holds what is said of who may call a function URL.
func TestPublic(t *testing.T) {
	statement := func(effect, action, more string) string {
		return `{"Effect": "` + effect + `", "Principal": "*", "Action": "lambda:` + action + `", "Resource": "arn:aws:lambda:eu-west-1:111111111111:function:shop"` + more + `}`
	}
	url, invoke := statement("Allow", "InvokeFunctionUrl", ""), statement("Allow", "InvokeFunction", `, "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}`)
	half := "but not the function"
	for _, tt := range []struct{ name, policy, found, notJudged, note string }{
		{"both", url + "," + invoke, "", "", ""},
		{"the URL alone", url, "", "", half},
		{"nobody", "", "CORS813", "", ""},
		{"the function alone", invoke, "CORS813", "", ""},
		{"who signs", statement("Allow", "InvokeFunctionUrl", `, "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}`) + "," + invoke, "CORS813", "", ""},
		{"all denied", url + "," + invoke + "," + statement("Deny", "*", ""), "CORS813", "", ""},
		{"from an address", statement("Allow", "InvokeFunctionUrl", `, "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`) + "," + invoke, "", "whether everybody may call the URL: for lambda:InvokeFunctionUrl the function's policy depends on aws:SourceIp", ""},
		{"no JSON", "{", "", "whether everybody may call the URL: for lambda:InvokeFunctionUrl the function's policy depends on the text of the policy, which is not a JSON object", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := ReadURL(t.Context(), &urls{policy: tt.policy}, "eu-west-1", "shop:live")
			if err != nil {
				t.Fatal(err)
			}
			rep, _, err := Inspect(t.Context(), s, nil, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, f := range rep.Findings {
				found = append(found, string(f.Rule))
				if strings.Contains(f.Detail, "template") {
					t.Errorf("there is no template: %s", f.Detail)
				}
			}
			notes := strings.Join(rep.Notes, "\n")
			if got := strings.Join(found, " "); got != tt.found || !strings.Contains(strings.Join(rep.NotJudged, "\n"), tt.notJudged) || tt.notJudged == "" && len(rep.NotJudged) > 0 ||
				strings.Contains(notes, half) != (tt.note != "") || strings.Contains(notes, "template") {
				t.Errorf("found %q, not judged %q, notes %q", got, rep.NotJudged, rep.Notes)
			}
		})
	}
}

// TestSettingNotKnown holds that a setting of the template that is not known is not compared with the account's.
func TestSettingNotKnown(t *testing.T) {
	s, err := ReadHTTP(t.Context(), httpAccount(t, nil), &functions{}, "eu-west-1", "abc123", "")
	if err != nil {
		t.Fatal(err)
	}
	app, err := cfn.Parse("t.yaml", []byte(`
Parameters: {L: {Type: CommaDelimitedList}}
Resources:
  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: shop, ProtocolType: HTTP, CorsConfiguration: {AllowOrigins: !Ref L, AllowMethods: [GET], AllowHeaders: [authorization], ExposeHeaders: [etag], MaxAge: 600}}}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Web, StageName: $default, AutoDeploy: true}}
  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationMethod: GET, IntegrationUri: 'https://backend.example.com', PayloadFormatVersion: '1.0'}}
  J: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Web, Name: jwt, AuthorizerType: JWT, IdentitySource: [$request.header.Authorization]}}
  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: GET /items, Target: !Sub 'integrations/${I}', AuthorizationType: JWT, AuthorizerId: !Ref J}}
`), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rep, _, err := Inspect(t.Context(), s, &Template{Name: "t.yaml", App: app}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range rep.Findings {
		t.Errorf("%s %s", f.Rule, f.Detail)
	}
	if want := "GET /items: stage $default is not compared: CorsConfiguration: AllowOrigins: not known: L: the parameter has no value here"; !slices.Contains(rep.NotJudged, want) {
		t.Errorf("not judged %q", rep.NotJudged)
	}
}
