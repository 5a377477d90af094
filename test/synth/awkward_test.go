package synth

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfrontorigins"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
)

// authorized gives an API a method for each kind of authorization.
func authorized(s awscdk.Stack, api awsapigateway.RestApi) {
	fn := emitter(s, "Auth")
	by := func(part string, options *awsapigateway.MethodOptions) { add(api.Root(), part, "GET", mock(), options) }
	by("token", &awsapigateway.MethodOptions{Authorizer: awsapigateway.NewTokenAuthorizer(s, jsii.String("Token"), &awsapigateway.TokenAuthorizerProps{Handler: fn})})
	by("request", &awsapigateway.MethodOptions{Authorizer: awsapigateway.NewRequestAuthorizer(s, jsii.String("Request"), &awsapigateway.RequestAuthorizerProps{
		Handler: fn, IdentitySources: &[]*string{awsapigateway.IdentitySource_Header(jsii.String("X-Session")), awsapigateway.IdentitySource_QueryString(jsii.String("t")), awsapigateway.IdentitySource_Header(jsii.String("Cookie"))},
	})})
	by("cognito", &awsapigateway.MethodOptions{AuthorizationType: awsapigateway.AuthorizationType_COGNITO, Authorizer: awsapigateway.NewCognitoUserPoolsAuthorizer(s, jsii.String("Cognito"),
		&awsapigateway.CognitoUserPoolsAuthorizerProps{CognitoUserPools: &[]awscognito.IUserPool{awscognito.NewUserPool(s, jsii.String("Users"), nil)}})})
	by("iam", &awsapigateway.MethodOptions{AuthorizationType: awsapigateway.AuthorizationType_IAM})
	by("key", &awsapigateway.MethodOptions{ApiKeyRequired: jsii.Bool(true)})
}

// behind is a distribution in front of an API.
func behind(s awscdk.Stack, origin awscloudfront.IOrigin) awscloudfront.Distribution {
	return awscloudfront.NewDistribution(s, jsii.String("Site"), &awscloudfront.DistributionProps{DefaultBehavior: &awscloudfront.BehaviorOptions{Origin: origin}})
}

func bare(s awscdk.Stack, p *cors.Policy) *corsapi.RestApi {
	return corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p})
}

// awkwardCases are what apps of users look like.
func awkwardCases(t *testing.T) map[string]remarkCase {
	listed := func(headers ...string) *cors.Policy {
		return policy(t, cors.Config{Origins: []string{"https://app.example.com", "https://*.preview.example.com"}, RequestHeaders: headers})
	}
	from := func(origins ...string) *cors.Policy { return policy(t, cors.Config{Origins: origins}) }
	return map[string]remarkCase{
		"authorizers without their headers": {build: func(s awscdk.Stack) { authorized(s, bare(s, two(t))) }, want: []string{
			"error: CORS111: GET /cognito (and 1 more) wants headers that the policy does not allow (authorization), so no page can call it: write RequestHeaders: []string{\"authorization\", \"content-type\", \"x-amz-date\", \"x-amz-security-token\", \"x-api-key\", \"x-session\"}",
			"error: CORS111: GET /request wants headers that the policy does not allow (x-session)",
			"error: CORS111: GET /iam wants headers that the policy does not allow (authorization, x-amz-date, x-amz-security-token)",
			"error: CORS111: GET /key wants headers that the policy does not allow (x-api-key)",
		}},
		"authorizers with their headers": {build: func(s awscdk.Stack) {
			authorized(s, bare(s, listed("authorization", "content-type", "x-amz-date", "x-amz-security-token", "x-api-key", "x-session")))
		}},
		"authorizers and a star": {build: func(s awscdk.Stack) { authorized(s, bare(s, listed("*"))) }, want: []string{"warning: CORS112: GET /cognito (and 2 more) wants Authorization, which * does not cover", "info: RequestHeaders \"*\" does not cover Authorization"}},
		"an API key of the authorizer": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), RestApiProps: awsapigateway.RestApiProps{ApiKeySourceType: awsapigateway.ApiKeySourceType_AUTHORIZER}})
			add(api.Root(), "key", "GET", mock(), &awsapigateway.MethodOptions{ApiKeyRequired: jsii.Bool(true)})
		}},
		"an authorizer of the defaults": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), RestApiProps: awsapigateway.RestApiProps{
				DefaultMethodOptions: &awsapigateway.MethodOptions{Authorizer: awsapigateway.NewTokenAuthorizer(s, jsii.String("Token"), &awsapigateway.TokenAuthorizerProps{Handler: emitter(s, "Auth")})},
			}})
			add(api.Root(), "orders", "GET", mock()).AddMethod(jsii.String("PUT"), mock(), nil)
		}, want: []string{"error: CORS111: GET /orders (and 1 more) wants headers that the policy does not allow (authorization)"}},
		"authorization of an override": {build: func(s awscdk.Stack) {
			api := bare(s, two(t))
			m := api.Root().AddMethod(jsii.String("GET"), mock(), nil)
			m.Node().DefaultChild().(awsapigateway.CfnMethod).AddPropertyOverride(jsii.String("AuthorizationType"), "AWS_IAM")
		}, want: []string{"error: CORS111: GET / wants headers that the policy does not allow (authorization, x-amz-date, x-amz-security-token)"}},
		"responses of an override": {build: func(s awscdk.Stack) {
			api := bare(s, two(t))
			m := api.Root().AddMethod(jsii.String("GET"), mock(), nil).Node().DefaultChild().(awsapigateway.CfnMethod)
			m.AddPropertyOverride(jsii.String("Integration.IntegrationResponses"), []any{map[string]any{"StatusCode": "201"}, map[string]any{"StatusCode": "404", "SelectionPattern": "404"}})
			m.AddPropertyOverride(jsii.String("MethodResponses"), []any{map[string]any{"StatusCode": "201"}})
		}},
		"a cache of an override": {build: func(s awscdk.Stack) {
			api := bare(s, two(t))
			api.Root().AddMethod(jsii.String("GET"), mock(), nil)
			api.DeploymentStage().Node().DefaultChild().(awsapigateway.CfnStage).AddPropertyOverride(jsii.String("CacheClusterEnabled"), true)
		}},
		"a resource policy of an override": {build: func(s awscdk.Stack) {
			api := bare(s, two(t))
			api.Root().AddMethod(jsii.String("GET"), mock(), nil)
			api.Node().DefaultChild().(awsapigateway.CfnRestApi).AddPropertyOverride(jsii.String("Policy"), map[string]any{"Version": "2012-10-17", "Statement": []any{
				map[string]any{"Effect": "Allow", "Principal": map[string]any{"AWS": "arn:aws:iam::111122223333:root"}, "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}}})
		}, want: []string{"error: CORS403: the resource policy refuses preflights, and an override has it, so that no statement can be added: add {"}},
		"methods that are left out": {build: func(s awscdk.Stack) {
			api := bare(s, policy(t, cors.Config{Origins: []string{"https://app.example.com"}, Methods: []string{"GET", "PUT"}}))
			r := add(api.Root(), "orders", "PUT", mock())
			r.AddMethod(jsii.String("DELETE"), mock(), nil)
			r.AddMethod(jsii.String("POST"), mock(), nil)
		}, want: []string{"error: CORS110: DELETE /orders cannot be called by a page, since Methods of the policy (GET,PUT) leaves DELETE out"}},
		"methods that are left out, on purpose": {build: func(s awscdk.Stack) {
			api := bare(s, policy(t, cors.Config{Origins: []string{"https://app.example.com"}, Methods: []string{"GET"}}))
			add(api.Root(), "orders", "GET", mock()).AddMethod(jsii.String("DELETE"), mock(), nil)
			api.Node().DefaultChild().(awsapigateway.CfnRestApi).AddMetadata(jsii.String("corsgate"), map[string]any{"suppress": []any{map[string]any{"id": "CORS110", "reason": "for servers only"}}})
		}},
		"two stages": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), RestApiProps: awsapigateway.RestApiProps{Deploy: jsii.Bool(false)}})
			add(api.Root(), "orders", "GET", mock())
			d := awsapigateway.NewDeployment(s, jsii.String("D"), &awsapigateway.DeploymentProps{Api: api})
			for _, name := range []string{"test", "live"} {
				awsapigateway.NewStage(s, jsii.String(name), &awsapigateway.StageProps{Deployment: d, StageName: jsii.String(name)})
			}
		}},
		"a canary with an allowlist": {build: func(s awscdk.Stack) {
			api := bare(s, two(t))
			add(api.Root(), "orders", "GET", mock())
			api.DeploymentStage().Node().DefaultChild().(awsapigateway.CfnStage).SetCanarySetting(&awsapigateway.CfnStage_CanarySettingProperty{
				PercentTraffic: jsii.Number(10), StageVariableOverrides: map[string]any{"corsOrigins": "https://new.example.com", "release": "2"},
			})
		}, want: []string{"warning: the canary of stage prod overrides corsOrigins, so a part of its requests follows another policy"}},
		"Step Functions": {build: func(s awscdk.Stack) {
			api := awsapigateway.NewStepFunctionsRestApi(s, jsii.String("Api"), &awsapigateway.StepFunctionsRestApiProps{StateMachine: awsstepfunctions.NewStateMachine(s, jsii.String("Machine"), &awsstepfunctions.StateMachineProps{
				StateMachineType: awsstepfunctions.StateMachineType_EXPRESS, DefinitionBody: awsstepfunctions.DefinitionBody_FromChainable(awsstepfunctions.NewPass(s, jsii.String("Pass"), nil)),
			})})
			corsapi.Enable(api, two(t), nil)
		}},
		"a proxy without an integration": {build: func(s awscdk.Stack) { bare(s, two(t)).Root().AddProxy(nil) }, want: []string{
			"warning: CORS130: ANY / is a mock without responses, so API Gateway always responds with 500: it was made without an integration, as by AddProxy",
			"warning: CORS130: ANY /{proxy+} is a mock without responses",
		}},
		"an API of another app": {build: func(s awscdk.Stack) {
			api := awsapigateway.RestApi_FromRestApiAttributes(s, jsii.String("Api"), &awsapigateway.RestApiAttributes{RestApiId: jsii.String("a1b2c3d4e5"), RootResourceId: jsii.String("f6")})
			add(api.Root(), "orders", "GET", mock())
			corsapi.Enable(api, two(t), nil)
		}, want: []string{"error: Enable of an imported API: its stages and error responses are another app's, or stack's, and cannot be changed through an import. Enable it where it is made"}},
		"an API of a document": {build: func(s awscdk.Stack) {
			corsapi.Enable(awsapigateway.NewSpecRestApi(s, jsii.String("Api"), &awsapigateway.SpecRestApiProps{ApiDefinition: awsapigateway.ApiDefinition_FromInline(map[string]any{
				"openapi": "3.0.1", "info": map[string]any{"title": "A", "version": "1"}, "paths": map[string]any{}})}), two(t), nil)
		}, want: []string{"error: Enable of a SpecRestApi, whose OpenAPI document has its methods: make it with corsapi.NewSpecRestApi"}},
		"a document with a key": {build: func(s awscdk.Stack) {
			corsapi.NewSpecRestApi(s, jsii.String("Api"), &corsapi.SpecRestApiProps{Cors: two(t), Spec: corsapi.SpecValue(map[string]any{
				"openapi": "3.0.1", "info": map[string]any{"title": "A", "version": "1"},
				"security":   []any{map[string]any{"key": []any{}}},
				"components": map[string]any{"securitySchemes": map[string]any{"key": map[string]any{"type": "apiKey", "name": "x-api-key", "in": "header"}}},
				"paths":      map[string]any{"/a": map[string]any{"get": map[string]any{}, "put": map[string]any{"security": []any{}}}},
			}), Integrations: []corsapi.SpecIntegration{corsapi.ForPath("/*", corsapi.ToMock(200, ""))}})
		}, want: []string{"error: CORS111: the OpenAPI document at /paths/~1a/get: GET /a wants headers that the policy does not allow (x-api-key)"}},
		"a distribution of pages": {build: func(s awscdk.Stack) {
			site := behind(s, awscloudfrontorigins.NewHttpOrigin(jsii.String("pages.example.net"), nil))
			add(bare(s, from("https://"+*site.DistributionDomainName())).Root(), "orders", "GET", mock())
		}},
		"a distribution in front of the API": {build: func(s awscdk.Stack) {
			api := awsapigateway.NewRestApi(s, jsii.String("Api"), nil)
			add(api.Root(), "orders", "GET", mock())
			site := behind(s, awscloudfrontorigins.NewRestApiOrigin(api, nil))
			corsapi.Enable(api, from("https://"+*site.DistributionDomainName(), "https://app.example.com"), nil)
		}, want: []string{"error: CORS409: CloudFormation would refuse a circular dependency: the stage's variables name the origin https://${Site"}},
		"a distribution in front of the API, by name": {build: func(s awscdk.Stack) {
			api := awsapigateway.NewRestApi(s, jsii.String("Api"), nil)
			add(api.Root(), "orders", "GET", mock())
			site := behind(s, awscloudfrontorigins.NewHttpOrigin(jsii.String(*api.RestApiId()+".execute-api."+*s.Region()+"."+*s.UrlSuffix()), &awscloudfrontorigins.HttpOriginProps{OriginPath: jsii.String("/prod")}))
			corsapi.Enable(api, from("https://"+*site.DistributionDomainName()), nil)
		}},
		"origins of parameters": {build: func(s awscdk.Stack) {
			origin := awscdk.NewCfnParameter(s, jsii.String("Origin"), nil)
			add(bare(s, from("https://"+*origin.ValueAsString(), *awsssm.StringParameter_ValueForStringParameter(s, jsii.String("/site/origin"), nil))).Root(), "orders", "GET", mock())
		}},
		"a template that sets Vary": {build: func(s awscdk.Stack) {
			add(bare(s, two(t)).Root(), "orders", "GET", awsapigateway.NewMockIntegration(&awsapigateway.IntegrationOptions{
				RequestTemplates:     &map[string]*string{"application/json": jsii.String(`#set($context.responseOverride.header.Vary = "Accept-Language"){"statusCode": 200}`)},
				IntegrationResponses: &[]*awsapigateway.IntegrationResponse{{StatusCode: jsii.String("200")}},
			}))
		}, want: []string{"warning: the request template (application/json) of GET /orders sets Vary itself on line 1"}},
	}
}
