package serve

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/gateway"
)

// authorized is an API with a method for each of the authorizers.
func authorized(t *testing.T, more ...string) string {
	of := func(authorizer string) string { return mock + `, "AuthorizationType": ` + authorizer }
	authorizer := func(id, function, rest string) string {
		return `"` + id + `": {"Type": "AWS::ApiGateway::Authorizer", "Properties": {"RestApiId": {"Ref": "A"}, "AuthorizerUri": {"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${` + function + `.Arn}/invocations"}, ` + rest + `}}`
	}
	answers := func(typ string) string {
		return `"Gr` + strings.ReplaceAll(typ, "_", "") + `": {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": {"RestApiId": {"Ref": "A"}, "ResponseType": "` + typ + `", "ResponseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}}}`
	}
	return template(t, map[string]string{
		"one":     of(`"CUSTOM", "AuthorizerId": {"Ref": "Node"}`),
		"two":     of(`"CUSTOM", "AuthorizerId": {"Ref": "Node"}`),
		"three":   of(`"CUSTOM", "AuthorizerId": {"Ref": "Python"}`),
		"java":    of(`"CUSTOM", "AuthorizerId": {"Ref": "Java"}`),
		"cognito": of(`"COGNITO_USER_POOLS", "AuthorizerId": {"Ref": "Pool"}, "AuthorizationScopes": ["items/read"]`),
		"iam":     of(`"AWS_IAM"`),
	}, append(more,
		// The policy is for the method that was called, which is the trap.
		function("NodeFn", "nodejs22.x", `exports.handler = async (e) => {
			if (e.authorizationToken === 'nobody') throw new Error('Unauthorized');
			if (e.authorizationToken === 'broken') throw new Error('Boom');
			return { principalId: 'me', policyDocument: { Version: '2012-10-17', Statement: [{ Action: 'execute-api:Invoke', Effect: e.authorizationToken === 'denied' ? 'Deny' : 'Allow', Resource: e.methodArn }] } };
		};`),
		function("PythonFn", "python3.13", "def handler(e, c):\n  return {'principalId': 'me', 'policyDocument': {'Version': '2012-10-17', 'Statement': [{'Action': 'execute-api:Invoke', 'Effect': 'Allow', 'Resource': '*'}]}} if e['queryStringParameters'].get('key') == 'right' else {}"),
		`"JavaFn": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "java21", "Handler": "x.Y", "Code": {"S3Bucket": "b", "S3Key": "k"}}}`,
		authorizer("Node", "NodeFn", `"Type": "TOKEN", "IdentitySource": "method.request.header.Authorization"`),
		authorizer("Python", "PythonFn", `"Type": "REQUEST", "IdentitySource": "method.request.querystring.key"`),
		authorizer("Java", "JavaFn", `"Type": "TOKEN", "IdentitySource": "method.request.header.Authorization"`),
		`"Pool": {"Type": "AWS::ApiGateway::Authorizer", "Properties": {"RestApiId": {"Ref": "A"}, "Type": "COGNITO_USER_POOLS", "IdentitySource": "method.request.header.Authorization"}}`,
		answers("DEFAULT_4XX"), answers("AUTHORIZER_FAILURE"))...)
}

// TestAuthorizers has the functions of authorizers decide over the wire: what works for one route and is then refused for
// the next shows here as it does in the service.
func TestAuthorizers(t *testing.T) {
	for _, program := range []string{"node", "python3"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("the test needs %s: %v", program, err)
		}
	}
	s, log := start(t, Options{App: app(t, authorized(t)), Authorizers: gateway.Authorizers{Claims: map[string]string{"sub": "1", "scope": "openid"}}})
	for _, tt := range []struct {
		path, token string
		status      int
		acao, typ   string
	}{
		{"/one", "", 401, "*", "UnauthorizedException"},
		{"/one", "nobody", 401, "*", "UnauthorizedException"},
		{"/one", "denied", 403, "*", "AccessDeniedException"},
		{"/one", "broken", 500, "*", "AuthorizerConfigurationException"},
		{"/one", "me", 200, "", ""},
		{"/one", "me", 200, "", ""},
		{"/two", "me", 403, "*", "AccessDeniedException"}, // it worked, and does not for the next route
		{"/two", "you", 200, "", ""},
		{"/one", "you", 403, "*", "AccessDeniedException"},
		{"/three", "", 401, "*", "UnauthorizedException"},
		{"/three?key=right", "", 200, "", ""},
		{"/three?key=wrong", "", 500, "", "AuthorizerConfigurationException"}, // {} is not a policy, and its type is not customised
		{"/java", "x", 200, "", ""},
		{"/java", "", 401, "*", "UnauthorizedException"},
		{"/cognito", "x", 401, "*", "UnauthorizedException"}, // the token that is claimed lacks the scope
		{"/iam", "", 403, "*", "MissingAuthenticationTokenException"},
		{"/iam", "AWS4-HMAC-SHA256 x", 200, "", ""},
	} {
		var lines []string
		if tt.token != "" {
			lines = append(lines, "Authorization: "+tt.token)
		}
		a := ask(t, "GET", s.URL()+tt.path, "", lines...)
		a.wants(t, tt.path+" "+tt.token, tt.status, acao, tt.acao)
		if typ := a.header.Get("X-Amzn-Errortype"); typ != tt.typ {
			t.Errorf("%s %s: %q, want %q", tt.path, tt.token, typ, tt.typ)
		}
	}
	for _, want := range []string{
		"note: these functions of the template run on this machine: JavaFn, NodeFn, PythonFn\n",
		"note: the authorizer Node runs the function NodeFn\n",
		"note: methods with AWS_IAM let in every request with a signature; --iam-caller ARN sets the caller\n",
		"its authorizer lets in every request that has its identity sources\n",
		"the authorizer's policy does not allow arn:aws:execute-api:us-east-1:111111111111:A/prod/GET/two, by a result from the cache",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
	if strings.Contains(log.String(), "--claim") {
		t.Error("--claim is given, and asked for")
	}
	// The matrix neither runs an authorizer nor looks into the cache.
	lines := strings.Count(log.String(), "\n")
	if a := ask(t, "GET", s.PageURL()+"overview.json", ""); a.status != 200 || !strings.Contains(a.body, `"/one"`) {
		t.Errorf("%d %.200s", a.status, a.body)
	}
	if n := strings.Count(log.String(), "\n"); n != lines {
		t.Errorf("the matrix made %d lines in the log:\n%s", n-lines, log)
	}
}

// TestCallerNotSaid has the note for a Cognito authorizer of whose callers nothing is said.
func TestCallerNotSaid(t *testing.T) {
	s, log := start(t, Options{App: app(t, authorized(t))})
	ask(t, "GET", s.URL()+"/cognito", "", "Authorization: x").wants(t, "any token", 200, acao, "")
	if want := "note: Cognito authorizers let in every request with a token; --claim sets its claims, such as --claim sub=1234\n"; !strings.Contains(log.String(), want) {
		t.Errorf("the log lacks %q", want)
	}
}

// TestTokenNotSaid has the same note for a JWT authorizer.
func TestTokenNotSaid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(file, []byte(`Resources:
  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationUri: https://backend.example}}
  J: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Web, AuthorizerType: JWT, IdentitySource: [$request.header.Authorization]}}
  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: GET /a, Target: !Sub 'integrations/${I}', AuthorizationType: JWT, AuthorizerId: !Ref J}}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	const note = "note: JWT authorizers let in every request with a token; --claim sets its claims, such as --claim sub=1234\n"
	for claim, want := range map[string]bool{"": true, "1": false} {
		o := Options{App: app(t, file)}
		if claim != "" {
			o.Authorizers.Claims = map[string]string{"sub": claim}
		}
		if _, log := start(t, o); strings.Contains(log.String(), note) != want {
			t.Errorf("claim %q: %s", claim, log)
		}
	}
}
