package corscheck_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/corscheck"
)

func TestMain(m *testing.M) {
	if _, err := exec.LookPath("node"); err != nil && os.Getenv("CI") == "" {
		fmt.Println("skipping the CDK examples: they need node on the PATH")
		flag.Parse()
		if err := flag.Set("test.skip", "^Example"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// In main, corsapp.Synth(app) takes the place of app.Synth: it prints the report, and ends the program with status 1.
func ExampleRegister() {
	defer jsii.Close()
	out, err := os.MkdirTemp("", "corscheck-example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(out)

	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(out)})
	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	api := awsapigateway.NewRestApi(stack, jsii.String("Orders"), &awsapigateway.RestApiProps{
		DefaultCorsPreflightOptions: &awsapigateway.CorsOptions{
			AllowOrigins: jsii.Strings("https://app.example.com/"), // an origin has no slash at its end
		},
	})
	api.Root().AddMethod(jsii.String("GET"), awsapigateway.NewHttpIntegration(jsii.String("https://backend.example"), nil), nil)
	corscheck.Register(app, &corscheck.Props{FailOn: corscheck.Error})

	// The CDK prints the finding, CORS205, and its fix.
	defer func() { fmt.Println("the synthesis fails:", recover() != nil) }()
	app.Synth(nil)
	// Output: the synthesis fails: true
}
