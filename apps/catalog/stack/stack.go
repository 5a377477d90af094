// Package stack holds the example's stack, apart from its main so that tests
// synthesize what `cdk synth` does.
package stack

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
	"github.com/corsgate/corsgate/constructs/corsfunction"
)

// ContextKey is where the allowlist comes from.
const ContextKey = "corsgate:allowedOrigins"

// Policy reads the allowlist from the context and makes the API's policy of it.
// Every fault of the list is in the error.
func Policy(scope constructs.Construct) (*cors.Policy, error) {
	origins, err := allowedOrigins(scope.Node().TryGetContext(jsii.String(ContextKey)))
	if err != nil {
		return nil, fmt.Errorf("context %s: %w", ContextKey, err)
	}
	policy, err := cors.New(cors.Config{
		Origins:        origins,
		RequestHeaders: []string{"content-type"},
		ExposedHeaders: []string{"x-request-id"},
		MaxAge:         2 * time.Hour,
	})
	if err != nil {
		return nil, fmt.Errorf("context %s: %w", ContextKey, err)
	}
	return policy, nil
}

// allowedOrigins takes a list of strings, or text with commas, which is what -c
// on the command line sets.
func allowedOrigins(value any) ([]string, error) {
	switch v := value.(type) {
	case nil:
		return nil, errors.New("it is not set; the CDK's command line sets it from cdk.json: run `npx aws-cdk synth` in the folder of that file, or name the origins with -c")
	case string:
		var origins []string
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				origins = append(origins, part)
			}
		}
		return origins, nil
	case []any:
		origins := make([]string, len(v))
		for i, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, fmt.Errorf("element %d is %v, want a text such as \"https://app.example.com\"", i, e)
			}
			origins[i] = s
		}
		return origins, nil
	default:
		return nil, fmt.Errorf("got %v, want a list of origins, or text with commas between them", v)
	}
}

// The functions in other languages, small enough to be in the template.
var (
	//go:embed reviews.js
	reviews string
	//go:embed stock.py
	stock string
)

// New makes the stack: a shop's API with a Lambda function in Go behind it, one in
// Node.js and one in Python.
func New(scope constructs.Construct, id string, policy *cors.Policy) awscdk.Stack {
	stack := awscdk.NewStack(scope, jsii.String(id), nil)

	api := corsapi.NewRestApi(stack, jsii.String("Catalog"), &corsapi.RestApiProps{Cors: policy})
	handler := corsfunction.NewGoFunction(stack, jsii.String("Handler"), &corsfunction.GoFunctionProps{Entry: "apps/catalog/handler"})
	lambda := awsapigateway.NewLambdaIntegration(handler, nil)

	products := api.Root().AddResource(jsii.String("products"), nil)
	products.AddMethod(jsii.String("GET"), lambda, nil)
	product := products.AddResource(jsii.String("{id}"), nil)
	product.AddMethod(jsii.String("GET"), lambda, nil)
	api.Root().AddResource(jsii.String("carts"), nil).AddResource(jsii.String("price"), nil).AddMethod(jsii.String("POST"), lambda, nil)

	// Functions that exist already keep their code.
	for _, f := range []struct {
		id, path, code string
		runtime        awslambda.Runtime
	}{
		{"Reviews", "reviews", reviews, awslambda.Runtime_NODEJS_22_X()},
		{"Stock", "stock", stock, awslambda.Runtime_PYTHON_3_13()},
	} {
		fn := awslambda.NewFunction(stack, &f.id, &awslambda.FunctionProps{
			Runtime:      f.runtime,
			Handler:      jsii.String("index.handler"),
			Code:         awslambda.Code_FromInline(&f.code),
			Architecture: awslambda.Architecture_ARM_64(),
			MemorySize:   jsii.Number(256),
		})
		corsfunction.Attach(fn, nil)
		product.AddResource(&f.path, nil).AddMethod(jsii.String("GET"), awsapigateway.NewLambdaIntegration(fn, nil), nil)
	}

	// Not a proxy: API Gateway responds by itself, and corsapi maps the headers.
	health := awsapigateway.NewMockIntegration(&awsapigateway.IntegrationOptions{
		RequestTemplates: &map[string]*string{"application/json": jsii.String(`{"statusCode": 200}`)},
		IntegrationResponses: &[]*awsapigateway.IntegrationResponse{{
			StatusCode:        jsii.String("200"),
			ResponseTemplates: &map[string]*string{"application/json": jsii.String(`{"status": "ok"}`)},
		}},
	})
	api.Root().AddResource(jsii.String("health"), nil).AddMethod(jsii.String("GET"), health, &awsapigateway.MethodOptions{
		MethodResponses: &[]*awsapigateway.MethodResponse{{StatusCode: jsii.String("200")}},
	})
	return stack
}
