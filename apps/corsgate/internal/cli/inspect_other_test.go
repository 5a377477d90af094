package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/testkit/awstest"
)

const httpTemplate = `
Resources:
  Fn:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: shop}
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Name: shop
      ProtocolType: HTTP
      CorsConfiguration:
        AllowOrigins: [https://app.example.com, https://admin.example.com]
        AllowMethods: [GET, PUT]
        AllowHeaders: [authorization, content-type]
        ExposeHeaders: [x-request-id]
        MaxAge: 7200
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: $default, AutoDeploy: true}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !GetAtt Fn.Arn
      PayloadFormatVersion: '2.0'
  Jwt:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: jwt
      AuthorizerType: JWT
      IdentitySource: [$request.header.Authorization]
      JwtConfiguration: {Issuer: https://issuer.example.com, Audience: [shop]}
  List:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: GET /items
      AuthorizationType: JWT
      AuthorizerId: !Ref Jwt
      Target: !Join [/, [integrations, !Ref Integration]]
  Put:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: PUT /items
      AuthorizationType: JWT
      AuthorizerId: !Ref Jwt
      Target: !Join [/, [integrations, !Ref Integration]]
  Domain:
    Type: AWS::ApiGatewayV2::DomainName
    Properties: {DomainName: shop-http.example.com}
  Mapping:
    Type: AWS::ApiGatewayV2::ApiMapping
    Properties: {ApiId: !Ref Api, DomainName: !Ref Domain, Stage: $default}
`

const urlTemplate = `
Resources:
  Fn:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: shop}
  Url:
    Type: AWS::Lambda::Url
    Properties:
      TargetFunctionArn: !Ref Fn
      AuthType: NONE
      Cors:
        AllowOrigins: [https://app.example.com]
        AllowMethods: [GET, PUT]
        AllowHeaders: [content-type]
        MaxAge: 7200
  Everybody:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Fn, Action: lambda:InvokeFunctionUrl, Principal: '*', FunctionUrlAuthType: NONE}
`

// written writes a file for a test.
func written(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// deployedHTTP is an HTTP API in the account.
type deployedHTTP struct {
	client                            *apigatewayv2.Client
	id, integration, jwt, lists, puts string
}

// shop makes the API of httpTemplate, call by call.
func shop(t *testing.T, account *awstest.Account) *deployedHTTP {
	t.Helper()
	d := &deployedHTTP{client: apigatewayv2.NewFromConfig(awstest.Config(t, account.URL))}
	ctx := t.Context()
	d.id = *must[*apigatewayv2.CreateApiOutput](t)(d.client.CreateApi(ctx, &apigatewayv2.CreateApiInput{Name: aws.String("shop"), ProtocolType: types.ProtocolTypeHttp, CorsConfiguration: d.cors(nil)})).ApiId
	d.integration = *must[*apigatewayv2.CreateIntegrationOutput](t)(d.client.CreateIntegration(ctx, &apigatewayv2.CreateIntegrationInput{ApiId: &d.id, IntegrationType: types.IntegrationTypeAwsProxy,
		IntegrationUri: aws.String("arn:aws:lambda:eu-west-1:123456789012:function:shop"), PayloadFormatVersion: aws.String("2.0")})).IntegrationId
	d.jwt = *must[*apigatewayv2.CreateAuthorizerOutput](t)(d.client.CreateAuthorizer(ctx, &apigatewayv2.CreateAuthorizerInput{ApiId: &d.id, Name: aws.String("jwt"), AuthorizerType: types.AuthorizerTypeJwt,
		IdentitySource: []string{"$request.header.Authorization"}, JwtConfiguration: &types.JWTConfiguration{Issuer: aws.String("https://issuer.example.com"), Audience: []string{"shop"}}})).AuthorizerId
	d.lists, d.puts = d.route(t, "GET /items", true), d.route(t, "PUT /items", true)
	d.stage(t, "$default", true)
	return d
}

func (d *deployedHTTP) cors(change func(*types.Cors)) *types.Cors {
	c := &types.Cors{AllowOrigins: []string{"https://app.example.com", "https://admin.example.com"}, AllowMethods: []string{"GET", "PUT"}, AllowHeaders: []string{"authorization", "content-type"},
		ExposeHeaders: []string{"x-request-id"}, MaxAge: aws.Int32(7200)}
	if change != nil {
		change(c)
	}
	return c
}

func (d *deployedHTTP) set(t *testing.T, change func(*types.Cors)) {
	t.Helper()
	must[*apigatewayv2.UpdateApiOutput](t)(d.client.UpdateApi(t.Context(), &apigatewayv2.UpdateApiInput{ApiId: &d.id, CorsConfiguration: d.cors(change)}))
}

func (d *deployedHTTP) route(t *testing.T, key string, authorized bool) string {
	t.Helper()
	in := &apigatewayv2.CreateRouteInput{ApiId: &d.id, RouteKey: &key, Target: aws.String("integrations/" + d.integration)}
	if authorized {
		in.AuthorizationType, in.AuthorizerId = types.AuthorizationTypeJwt, &d.jwt
	}
	return *must[*apigatewayv2.CreateRouteOutput](t)(d.client.CreateRoute(t.Context(), in)).RouteId
}

func (d *deployedHTTP) drop(t *testing.T, route string) {
	t.Helper()
	must[*apigatewayv2.DeleteRouteOutput](t)(d.client.DeleteRoute(t.Context(), &apigatewayv2.DeleteRouteInput{ApiId: &d.id, RouteId: &route}))
}

func (d *deployedHTTP) stage(t *testing.T, name string, deploys bool) {
	t.Helper()
	must[*apigatewayv2.CreateStageOutput](t)(d.client.CreateStage(t.Context(), &apigatewayv2.CreateStageInput{ApiId: &d.id, StageName: &name, AutoDeploy: &deploys}))
}

// reads runs inspect with --format json on what args name, and holds that it only reads.
func reads(t *testing.T, account *awstest.Account, args ...string) (rep report.Report, status int, errs string) {
	t.Helper()
	account.Reading(true)
	defer account.Reading(false)
	status, out, errs := run(append([]string{"inspect", "--endpoint-url", account.URL, "--format", "json"}, args...)...)
	if out == "" {
		return rep, status, errs
	}
	if err := json.Unmarshal([]byte(out), &rep); err != nil || errs != "" || len(rep.Crashed) > 0 {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	return rep, status, errs
}

// holds compares a report with the rules that should have found something, and what they say.
func holds(t *testing.T, rep report.Report, rules, say []string) {
	t.Helper()
	ids, details := listed(rep)
	all := strings.Join(details, "\n")
	if !slices.Equal(ids, rules) || len(rep.Unseen) > 0 {
		t.Errorf("found %q, not %q:\n%s\nnot seen %q", ids, rules, all, rep.Unseen)
	}
	for _, s := range say {
		if !strings.Contains(all, s) {
			t.Errorf("nothing says %q:\n%s", s, all)
		}
	}
}

// inspectHTTP holds that inspect finds what somebody did to an HTTP API, and nothing else.
func inspectHTTP(t *testing.T, account *awstest.Account) {
	template := written(t, "http.yaml", httpTemplate)
	for _, tt := range []struct {
		name   string
		change func(*testing.T, *deployedHTTP)
		rules  []string
		say    []string
	}{
		{"nothing", func(*testing.T, *deployedHTTP) {}, nil, nil},
		{"an origin is added", func(t *testing.T, d *deployedHTTP) {
			d.set(t, func(c *types.Cors) { c.AllowOrigins = append(c.AllowOrigins, "https://test.example.com") })
		}, []string{"CORS603"}, []string{"stage $default: https://test.example.com is on the allowlist in the account and not on the template's"}},
		{"an origin is taken away", func(t *testing.T, d *deployedHTTP) {
			d.set(t, func(c *types.Cors) { c.AllowOrigins = c.AllowOrigins[:1] })
		}, []string{"CORS603"}, []string{"https://admin.example.com is on the template's allowlist and not on that in the account"}},
		{"credentials are let in", func(t *testing.T, d *deployedHTTP) {
			d.set(t, func(c *types.Cors) { c.AllowCredentials = aws.Bool(true) })
		}, []string{"CORS603"}, []string{"AllowCredentials is true in the account and absent in the template"}},
		{"a header is not exposed any more", func(t *testing.T, d *deployedHTTP) {
			d.set(t, func(c *types.Cors) { c.ExposeHeaders = nil })
		}, []string{"CORS603"}, []string{"ExposeHeaders is absent in the account and x-request-id in the template"}},
		{"a route lost its authorizer", func(t *testing.T, d *deployedHTTP) {
			d.drop(t, d.lists)
			d.route(t, "GET /items", false)
		}, []string{"CORS602"}, []string{"GET /items"}},
		{"a route is gone", func(t *testing.T, d *deployedHTTP) { d.drop(t, d.puts) }, []string{"CORS602"}, []string{"PUT /items"}},
		{"a route is added", func(t *testing.T, d *deployedHTTP) { d.route(t, "GET /stock", false) }, []string{"CORS602"}, []string{"GET /stock"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			account.For(t)
			d := shop(t, account)
			tt.change(t, d)
			rep, _, _ := reads(t, account, "--http-api-id", d.id, "--template", template)
			holds(t, rep, tt.rules, tt.say)
		})
	}
}

// inspectURL holds that inspect finds what somebody did to a function URL, and nothing else.
func inspectURL(t *testing.T, account *awstest.Account) {
	template := written(t, "url.yaml", urlTemplate)
	d := account.Deploy(catalog)
	d.Function("shop", nil)
	shop := aws.String("shop")
	cors := func(change func(*lambdatypes.Cors)) *lambdatypes.Cors {
		c := &lambdatypes.Cors{AllowOrigins: []string{"https://app.example.com"}, AllowMethods: []string{"GET", "PUT"}, AllowHeaders: []string{"content-type"}, MaxAge: aws.Int32(7200)}
		change(c)
		return c
	}
	same := func(*lambdatypes.Cors) {}
	must[*lambda.CreateFunctionUrlConfigOutput](t)(d.Lambda.CreateFunctionUrlConfig(t.Context(), &lambda.CreateFunctionUrlConfigInput{FunctionName: shop, AuthType: lambdatypes.FunctionUrlAuthTypeNone, InvokeMode: lambdatypes.InvokeModeBuffered, Cors: cors(same)}))
	must[*lambda.AddPermissionOutput](t)(d.Lambda.AddPermission(t.Context(), &lambda.AddPermissionInput{FunctionName: shop, StatementId: aws.String("url"), Action: aws.String("lambda:InvokeFunctionUrl"), Principal: aws.String("*"), FunctionUrlAuthType: lambdatypes.FunctionUrlAuthTypeNone}))
	for _, tt := range []struct {
		name   string
		auth   lambdatypes.FunctionUrlAuthType
		change func(*lambdatypes.Cors)
		rules  []string
		say    []string
	}{
		{"nothing", lambdatypes.FunctionUrlAuthTypeNone, same, nil, nil},
		{"an origin is added", lambdatypes.FunctionUrlAuthTypeNone, func(c *lambdatypes.Cors) { c.AllowOrigins = append(c.AllowOrigins, "https://test.example.com") },
			[]string{"CORS603"}, []string{"the function URL: https://test.example.com is on the allowlist in the account and not on the template's"}},
		{"credentials are let in", lambdatypes.FunctionUrlAuthTypeNone, func(c *lambdatypes.Cors) { c.AllowCredentials = aws.Bool(true) },
			[]string{"CORS603"}, []string{"AllowCredentials is true in the account"}},
		{"a method is gone", lambdatypes.FunctionUrlAuthTypeNone, func(c *lambdatypes.Cors) { c.AllowMethods = c.AllowMethods[:1] },
			[]string{"CORS603"}, []string{"AllowMethods is GET in the account and GET, PUT in the template"}},
		{"IAM", lambdatypes.FunctionUrlAuthTypeAwsIam, same,
			[]string{"CORS602", "CORS808"}, []string{"GET $default"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			account.For(t)
			must[*lambda.UpdateFunctionUrlConfigOutput](t)(d.Lambda.UpdateFunctionUrlConfig(t.Context(), &lambda.UpdateFunctionUrlConfigInput{FunctionName: shop, AuthType: tt.auth, Cors: cors(tt.change)}))
			rep, _, _ := reads(t, account, "--function-url", "shop", "--template", template)
			holds(t, rep, tt.rules, tt.say)
		})
	}
	must[*lambda.UpdateFunctionUrlConfigOutput](t)(d.Lambda.UpdateFunctionUrlConfig(t.Context(), &lambda.UpdateFunctionUrlConfigInput{FunctionName: shop, AuthType: lambdatypes.FunctionUrlAuthTypeNone, Cors: cors(same)}))
	account.Deny("/policy$")
	rep, status, _ := reads(t, account, "--function-url", "shop", "--template", template)
	account.Deny("")
	if want := []string{"who may call the function: GetPolicy: access denied; the IAM action lambda:GetPolicy would allow it"}; status != statusUnknown || len(rep.Findings) > 0 || !slices.Equal(rep.Unseen, want) {
		_, details := listed(rep)
		t.Errorf("%d: %q, found %q", status, rep.Unseen, details)
	}
	must[*lambda.RemovePermissionOutput](t)(d.Lambda.RemovePermission(t.Context(), &lambda.RemovePermissionInput{FunctionName: shop, StatementId: aws.String("url")}))
	rep, _, _ = reads(t, account, "--function-url", "arn:aws:lambda:eu-west-1:123456789012:function:shop", "--template", template)
	holds(t, rep, []string{"CORS602", "CORS813"}, nil)
}

// inspectOther holds how an HTTP API and a function URL are named, and what is said of what cannot be read.
func inspectOther(t *testing.T, account *awstest.Account) {
	d := shop(t, account)
	line := "policy in force, stage $default: https://admin.example.com, https://app.example.com; without credentials; methods GET, PUT, those of each path; headers authorization, content-type; max age 7200 s"
	d.stage(t, "dev", false)
	socket := must[*apigatewayv2.CreateApiOutput](t)(d.client.CreateApi(t.Context(), &apigatewayv2.CreateApiInput{Name: aws.String("socket"), ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action")}))
	unique := must[*apigatewayv2.CreateApiOutput](t)(d.client.CreateApi(t.Context(), &apigatewayv2.CreateApiInput{Name: aws.String("unique"), ProtocolType: types.ProtocolTypeHttp}))
	domain := aws.String("shop-http.example.com")
	must[*apigatewayv2.CreateDomainNameOutput](t)(d.client.CreateDomainName(t.Context(), &apigatewayv2.CreateDomainNameInput{DomainName: domain}))
	template := written(t, "http.yaml", httpTemplate)
	rep, _, _ := reads(t, account, "--http-api-id", d.id, "--stage", "$default", "--template", template)
	holds(t, rep, []string{"CORS604"}, []string{"https://shop-http.example.com leads nowhere, and to this API by the template"})
	must[*apigatewayv2.CreateApiMappingOutput](t)(d.client.CreateApiMapping(t.Context(), &apigatewayv2.CreateApiMappingInput{ApiId: &d.id, DomainName: domain, Stage: aws.String("$default")}))
	for _, named := range []string{"https://" + d.id + ".execute-api.eu-west-1.amazonaws.com/items", "https://shop-http.example.com/items"} {
		if rep, _, errs := reads(t, account, "--http-api-id", named, "--template", template); errs != "" || len(rep.Findings) > 0 || !slices.Equal(rep.InForce, []string{line}) {
			t.Errorf("%s: %s%q %v", named, errs, rep.InForce, rep.Findings)
		}
	}
	undeployed := "what stage dev serves: it does not deploy by itself (AutoDeploy is off), and what was changed since its last deployment is not served"
	if rep, status, _ := reads(t, account, "--http-api-id", "https://"+d.id+".execute-api.eu-west-1.amazonaws.com/dev/items"); status != statusUnknown || !slices.Equal(rep.Unseen, []string{undeployed}) {
		t.Errorf("%d: %q", status, rep.Unseen)
	}
	for what, say := range map[string]string{
		"routes": "the routes: GetRoutes", "integrations": "the integrations: GetIntegrations", "authorizers": "the authorizers: GetAuthorizers", "stages": "the stages: GetStages", "apimappings": "where the domain shop-http.example.com leads: GetApiMappings",
	} {
		account.Deny("/" + what + "$")
		rep, status, errs := reads(t, account, "--http-api-id", d.id, "--stage", "$default", "--template", template)
		account.Deny("")
		if want := say + ": access denied; the IAM action apigateway:GET would allow it"; status != statusUnknown || errs != "" || len(rep.Findings) > 0 || !slices.Equal(rep.Unseen, []string{want}) {
			_, details := listed(rep)
			t.Errorf("without %s: %d: %s%q, found %q", what, status, errs, rep.Unseen, details)
		}
	}
	for _, tt := range []struct {
		args   []string
		status int
		say    string
	}{
		{[]string{"--http-api-id", "nobody"}, statusUnknown, "no HTTP API nobody in eu-west-1; is it the right region and account? (a REST API is named with --rest-api-id)"},
		{[]string{"--http-api-id", *socket.ApiId}, statusUnknown, "is a WebSocket API: browsers send no preflight for a WebSocket and apply no CORS to it"},
		{[]string{"--http-api-id", "unique"}, statusUnknown, "the HTTP API " + *unique.ApiId + " has no stage, so nobody can call it"},
		{[]string{"--http-api-id", "https://other.example.com"}, statusUnknown, "no mapping of other.example.com leads from / to an API"},
		{[]string{"--http-api-id", d.id, "--stage", "live"}, statusUnknown, "no stage live; the HTTP API " + d.id + " has $default, dev"},
		{[]string{"--function-url", "nobody"}, statusUnknown, "no function nobody with a URL in eu-west-1"},
		{[]string{"--function-url", "arn:aws:lambda:us-east-1:123456789012:function:shop"}, statusUnknown, "give --region us-east-1"},
		{[]string{"--function-url", "https://abc.lambda-url.eu-west-1.on.aws/"}, statusUnknown, "name the function: NAME or NAME:ALIAS"},
		{[]string{"--function-url", "shop", "--stage", "prod"}, statusUsage, "--stage: a function URL has no stage"},
		{[]string{"--function-url", "shop", "--http-api-id", "x"}, statusUsage, "can't be used together"},
	} {
		if rep, status, errs := reads(t, account, tt.args...); status != tt.status || !strings.Contains(errs, tt.say) || strings.Count(errs, "\n") != 1 || rep.Command != "" {
			t.Errorf("%q: %d: %s", tt.args, status, errs)
		}
	}
	if _, out, errs := run("inspect", "--endpoint-url", account.URL, "--http-api-id", d.id, "--stage", "$default", "--policy"); errs != "" || !strings.Contains(out, "// corsDefault is the policy that stage $default of the HTTP API "+d.id+" serves") ||
		!strings.Contains(out, `ExposedHeaders: []string{"x-request-id"},`) {
		t.Errorf("%s%s", errs, out)
	}
}
