package corsfunction_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
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

// function prints two properties of a stack's functions.
func function(stack awscdk.Stack, names ...string) {
	for _, f := range *assertions.Template_FromStack(stack, nil).FindResources(jsii.String("AWS::Lambda::Function"), nil) {
		properties := (*f)["Properties"].(map[string]any)
		for _, n := range names {
			fmt.Println(n, properties[n])
		}
	}
}

// A Go handler whose main calls lambda.Start(corslambda.Wrap(handle)).
func ExampleNewGoFunction() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), jsii.String("Shop"), nil)
	corsfunction.NewGoFunction(stack, jsii.String("Products"), &corsfunction.GoFunctionProps{
		Entry:         "apps/catalog/handler",
		FunctionProps: awslambda.FunctionProps{MemorySize: jsii.Number(256)},
	})
	function(stack, "Runtime", "Architectures", "MemorySize")
	// Output:
	// Runtime provided.al2023
	// Architectures [arm64]
	// MemorySize 256
}

// A function in Node.js that exists already: its code stays as it is.
func ExampleAttach() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), jsii.String("Shop"), nil)
	orders := awslambda.NewFunction(stack, jsii.String("Orders"), &awslambda.FunctionProps{
		Runtime:    awslambda.Runtime_NODEJS_22_X(),
		Handler:    jsii.String("index.handler"),
		Code:       awslambda.Code_FromInline(jsii.String("exports.handler = async () => ({ statusCode: 200, body: '[]' })")),
		MemorySize: jsii.Number(256),
	})
	corsfunction.Attach(orders, nil)
	function(stack, "Environment")
	// Output:
	// Environment map[Variables:map[AWS_LAMBDA_EXEC_WRAPPER:/opt/corsgate/wrap]]
}

// An imported function that sends the headers itself, in agreement with the policy.
func ExampleEmits() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), jsii.String("Shop"), &awscdk.StackProps{
		Env: &awscdk.Environment{Account: jsii.String("111122223333"), Region: jsii.String("eu-west-1")},
	})
	legacy := awslambda.Function_FromFunctionName(stack, jsii.String("Legacy"), jsii.String("legacy-orders"))
	corsfunction.Emits(legacy)

	api := corsapi.NewRestApi(stack, jsii.String("Api"), &corsapi.RestApiProps{
		Cors: cors.Must(cors.Config{Origins: []string{"https://app.example.com"}}),
	})
	api.Root().AddMethod(jsii.String("GET"), awsapigateway.NewLambdaIntegration(legacy, nil), nil)
	faults := assertions.Annotations_FromStack(stack).FindError(jsii.String("*"), assertions.Match_AnyValue())
	fmt.Println(len(*faults), "errors")
	// Output: 0 errors
}
