// Command checked is an app with faults, for the test of what its user is shown.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/corsapp"
	"github.com/corsgate/corsgate/constructs/corscheck"
)

func main() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	api := awsapigateway.NewRestApi(stack, jsii.String("Orders"), &awsapigateway.RestApiProps{
		DefaultCorsPreflightOptions: &awsapigateway.CorsOptions{AllowOrigins: jsii.Strings("https://app.example.com/"), AllowHeaders: jsii.Strings("content-type")},
	})
	for _, name := range []string{"orders", "returns"} {
		api.Root().AddResource(jsii.String(name), nil).AddMethod(jsii.String("PUT"), awsapigateway.NewMockIntegration(&awsapigateway.IntegrationOptions{
			RequestTemplates:     &map[string]*string{"application/json": jsii.String(`{"statusCode": 200}`)},
			IntegrationResponses: &[]*awsapigateway.IntegrationResponse{{StatusCode: jsii.String("200")}},
		}), &awsapigateway.MethodOptions{MethodResponses: &[]*awsapigateway.MethodResponse{{StatusCode: jsii.String("200")}}})
	}
	corscheck.Register(app, nil)
	corsapp.Synth(app)
}
