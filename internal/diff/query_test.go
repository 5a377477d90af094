package diff

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// filled compares the API of a template with two values in its place.
func filled(t *testing.T, template, was, is string) []Result {
	t.Helper()
	var apps [2]*cfn.App
	for side, value := range []string{was, is} {
		app, err := cfn.Parse("t.yaml", fmt.Appendf(nil, template, value), cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		apps[side] = app
	}
	results, err := Apps(t.Context(), apps[0], apps[1], Options{})
	if err != nil || len(results) != 1 {
		t.Fatal(results, err)
	}
	return results
}

// TestTokenInQuery holds that an authorizer that reads the query is taken to get it, as one that reads a header is.
func TestTokenInQuery(t *testing.T) {
	const template = `
Resources:
  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, CorsConfiguration: {AllowOrigins: ['https://app.example.com'], AllowMethods: [GET], AllowHeaders: [x-token]}}}
  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example, IntegrationMethod: GET}}
  A: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Web, AuthorizerType: REQUEST, IdentitySource: [$request.%s], AuthorizerPayloadFormatVersion: '2.0'}}
  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: GET /a, Target: !Sub 'integrations/${I}', AuthorizationType: CUSTOM, AuthorizerId: !Ref A}}
`
	results := filled(t, template, "querystring.token", "header.x-token")
	for _, c := range results[0].Changes {
		if slices.Contains(c.Headers, "x-token") {
			t.Errorf("%+v: %+v before, %+v after", c.Question, c.Before, c.After)
		}
	}
}

// TestOwnErrorOfURL holds that the 403 of a function URL is not said to be API Gateway's.
func TestOwnErrorOfURL(t *testing.T) {
	results := filled(t, `
Resources:
  F: {Type: AWS::Lambda::Function, Properties: {}}
  May: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref F, Action: lambda:InvokeFunctionUrl, Principal: '*'}}
  Url: {Type: AWS::Lambda::Url, Properties: {AuthType: %s, TargetFunctionArn: !GetAtt F.Arn, Cors: {AllowOrigins: ['https://app.example.com'], AllowMethods: [GET]}}}
`, "NONE", "AWS_IAM")
	var out strings.Builder
	if err := Markdown(&out, results, Found{}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "from the service itself (Forbidden)") || strings.Contains(got, "API Gateway") {
		t.Error(got)
	}
}

// TestPreflightNotKnown holds that a policy does not say of a preflight that is not known that it passes.
func TestPreflightNotKnown(t *testing.T) {
	const template = `
Resources:
  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, CorsConfiguration: {AllowOrigins: ['https://app.example.com'%s], AllowMethods: [GET], AllowHeaders: [x-a]}}}
  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example, IntegrationMethod: GET}}
  A: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Web, AuthorizerType: REQUEST, AuthorizerPayloadFormatVersion: '2.0'}}
  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: ANY /a, Target: !Sub 'integrations/${I}', AuthorizationType: CUSTOM, AuthorizerId: !Ref A}}
`
	results := filled(t, template, "", ", 'https://evil.example'")
	var out strings.Builder
	if err := Text(&out, results, Found{}); err != nil {
		t.Fatal(err)
	}
	text := unwrapped(out.String())
	if strings.Contains(text, "preflights pass") || !strings.Contains(text, "which other requests pass is not known") || !strings.Contains(text, "whether the authorizer A lets in preflights") {
		t.Error(text)
	}
}
