package corsapi_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
	"github.com/corsgate/corsgate/constructs/corsfunction"
)

func TestMain(m *testing.M) {
	if _, err := exec.LookPath("node"); err != nil && os.Getenv("CI") == "" {
		fmt.Println("skipping the CDK examples: they need node on the PATH")
		return
	}
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// preflights prints how many OPTIONS methods a stack has that anybody may call.
func preflights(stack awscdk.Stack) {
	found := assertions.Template_FromStack(stack, nil).FindResources(jsii.String("AWS::ApiGateway::Method"), map[string]any{
		"Properties": map[string]any{"HttpMethod": "OPTIONS", "AuthorizationType": "NONE", "ApiKeyRequired": false},
	})
	fmt.Println(len(*found), "preflights without authorization")
}

// The CDK's own properties stand in RestApiProps, beside Cors: here a domain name, an
// authorizer for all methods and throttling of the stage. The policy has to allow the
// authorizer's header.
func ExampleNewRestApi() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	users := awscognito.NewUserPool(stack, jsii.String("Users"), nil)
	certificate := awscertificatemanager.Certificate_FromCertificateArn(stack, jsii.String("Certificate"),
		jsii.String("arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"))

	api := corsapi.NewRestApi(stack, jsii.String("Orders"), &corsapi.RestApiProps{
		Cors: cors.Must(cors.Config{
			Origins:        []string{"https://app.example.com"},
			RequestHeaders: []string{"authorization", "content-type"},
		}),
		RestApiProps: awsapigateway.RestApiProps{
			DomainName: &awsapigateway.DomainNameOptions{
				DomainName: jsii.String("api.example.com"), Certificate: certificate,
			},
			DefaultMethodOptions: &awsapigateway.MethodOptions{
				Authorizer: awsapigateway.NewCognitoUserPoolsAuthorizer(stack, jsii.String("Authorizer"), &awsapigateway.CognitoUserPoolsAuthorizerProps{
					CognitoUserPools: &[]awscognito.IUserPool{users},
				}),
			},
			DeployOptions: &awsapigateway.StageOptions{ThrottlingRateLimit: jsii.Number(100)},
		},
	})
	fn := corsfunction.NewGoFunction(stack, jsii.String("Handler"), &corsfunction.GoFunctionProps{Entry: "apps/catalog/handler"})
	orders := api.Root().AddResource(jsii.String("orders"), nil)
	orders.AddMethod(jsii.String("GET"), awsapigateway.NewLambdaIntegration(fn, nil), nil)
	orders.AddMethod(jsii.String("PUT"), awsapigateway.NewLambdaIntegration(fn, nil), nil)

	preflights(stack)
	// Output: 1 preflights without authorization
}

// A usage plan and its API key are the CDK's. The policy has to allow x-api-key.
func ExampleNewRestApi_usagePlan() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	api := corsapi.NewRestApi(stack, jsii.String("Orders"), &corsapi.RestApiProps{
		Cors: cors.Must(cors.Config{Origins: []string{"https://app.example.com"}, RequestHeaders: []string{"x-api-key"}}),
	})
	fn := corsfunction.NewGoFunction(stack, jsii.String("Handler"), &corsfunction.GoFunctionProps{Entry: "apps/catalog/handler"})
	api.Root().AddResource(jsii.String("orders"), nil).AddMethod(jsii.String("GET"), awsapigateway.NewLambdaIntegration(fn, nil), &awsapigateway.MethodOptions{
		ApiKeyRequired: jsii.Bool(true),
	})
	plan := api.AddUsagePlan(jsii.String("Plan"), &awsapigateway.UsagePlanProps{Throttle: &awsapigateway.ThrottleSettings{RateLimit: jsii.Number(10)}})
	plan.AddApiKey(api.AddApiKey(jsii.String("Key"), nil), nil)
	plan.AddApiStage(&awsapigateway.UsagePlanPerApiStage{Stage: api.DeploymentStage()})

	preflights(stack)
	// Output: 1 preflights without authorization
}

// Enable takes any RestApi of the app, such as one that the CDK makes for a function.
func ExampleEnable() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	fn := corsfunction.NewGoFunction(stack, jsii.String("Handler"), &corsfunction.GoFunctionProps{Entry: "apps/catalog/handler"})
	api := awsapigateway.NewLambdaRestApi(stack, jsii.String("Orders"), &awsapigateway.LambdaRestApiProps{Handler: fn})
	corsapi.Enable(api, cors.Must(cors.Config{Origins: []string{"https://app.example.com"}}), nil)

	preflights(stack)
	// Output: 2 preflights without authorization
}

// An OpenAPI document: operations get their integrations by tag, path or operationId.
func ExampleNewSpecRestApi() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	fn := corsfunction.NewGoFunction(stack, jsii.String("Handler"), &corsfunction.GoFunctionProps{Entry: "apps/catalog/handler"})
	corsapi.NewSpecRestApi(stack, jsii.String("Orders"), &corsapi.SpecRestApiProps{
		Cors: cors.Must(cors.Config{Origins: []string{"https://app.example.com"}}),
		Spec: corsapi.SpecValue(map[string]any{ // or corsapi.SpecFile("openapi.yaml")
			"openapi": "3.0.3",
			"info":    map[string]any{"title": "Orders", "version": "1"},
			"paths": map[string]any{
				"/health": map[string]any{"get": map[string]any{"operationId": "getHealth"}},
				"/orders": map[string]any{"get": map[string]any{"tags": []any{"orders"}}},
			},
		}),
		Integrations: []corsapi.SpecIntegration{
			corsapi.ForTag("orders", corsapi.ToFunction(fn)),
			corsapi.ForOperation("getHealth", corsapi.ToMock(200, `{"status": "ok"}`)),
		},
	})

	for _, api := range *assertions.Template_FromStack(stack, nil).FindResources(jsii.String("AWS::ApiGateway::RestApi"), nil) {
		body := (*api)["Properties"].(map[string]any)["Body"].(map[string]any)
		for _, path := range []string{"/health", "/orders"} {
			_, preflight := body["paths"].(map[string]any)[path].(map[string]any)["options"]
			fmt.Println(path, preflight)
		}
	}
	// Output:
	// /health true
	// /orders true
}
