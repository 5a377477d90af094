// App is the CDK app that test/bench measures: one stack with one REST API of
// many routes, made in one of several ways. ../../app.cjs is its twin in
// JavaScript.
//
//	app --form rest --routes 60 --origins 3 --out DIR
//
// It prints the milliseconds from the empty stack to the template's being
// written.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
	"github.com/corsgate/corsgate/constructs/corsfunction"
)

// A shape is what to make.
type shape struct {
	routes  int
	origins []string
	backend string // the URL of an HTTP backend; "" for a Lambda function
}

var forms = map[string]func(awscdk.Stack, shape) error{
	"empty": func(awscdk.Stack, shape) error { return nil },
	"rest":  rest,
	"spec":  spec,
	"plain": plain,
}

func main() {
	form := flag.String("form", "empty", "empty, rest, spec or plain")
	routes := flag.Int("routes", 10, "how many resources, each with GET, POST and CORS")
	origins := flag.Int("origins", 3, "how many origins are allowed")
	backend := flag.String("backend", "", "the URL of an HTTP backend, in the place of a function")
	compact := flag.Bool("compact", false, "write the template without indentation")
	out := flag.String("out", "cdk.out", "the cloud assembly's folder")
	flag.Parse()

	s := shape{routes: *routes, backend: *backend}
	for i := range *origins {
		s.origins = append(s.origins, fmt.Sprintf("https://customer-%05d.example.com", i))
	}
	elapsed, err := synthesize(*form, s, *compact, *out)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%.3f\n", float64(elapsed)/float64(time.Millisecond))
}

func synthesize(form string, s shape, compact bool, out string) (time.Duration, error) {
	build, ok := forms[form]
	if !ok {
		return 0, fmt.Errorf("there is no form %q", form)
	}
	defer jsii.Close()
	app := awscdk.NewApp(&awscdk.AppProps{
		Outdir:             jsii.String(out),
		AnalyticsReporting: jsii.Bool(false),
		Context: &map[string]any{
			"@aws-cdk/core:stackResourceLimit":          0, // what does not fit is told by its size
			"@aws-cdk/core:suppressTemplateIndentation": compact,
		},
	})
	stack := awscdk.NewStack(app, jsii.String("Bench"), nil)
	start := time.Now()
	if err := build(stack, s); err != nil {
		return 0, err
	}
	app.Synth(nil)
	return time.Since(start), nil
}

func policy(s shape) (*cors.Policy, error) {
	return cors.New(cors.Config{Origins: s.origins, RequestHeaders: []string{"content-type"}})
}

func rest(stack awscdk.Stack, s shape) error {
	policy, err := policy(s)
	if err != nil {
		return err
	}
	api := corsapi.NewRestApi(stack, jsii.String("Api"), &corsapi.RestApiProps{Cors: policy})
	fn := function(stack)
	corsfunction.Emits(fn)
	addRoutes(api, fn, s)
	return nil
}

// spec has the routes in an OpenAPI document.
func spec(stack awscdk.Stack, s shape) error {
	policy, err := policy(s)
	if err != nil {
		return err
	}
	fn := function(stack)
	corsfunction.Emits(fn)
	paths := map[string]any{}
	for i := range s.routes {
		operation := map[string]any{"tags": []any{"all"}, "responses": map[string]any{"200": map[string]any{"description": "OK"}}}
		paths["/"+routeName(i)] = map[string]any{"get": operation, "post": operation}
	}
	corsapi.NewSpecRestApi(stack, jsii.String("Api"), &corsapi.SpecRestApiProps{
		Cors: policy,
		Spec: corsapi.SpecValue(map[string]any{
			"openapi": "3.0.1",
			"info":    map[string]any{"title": "Api", "version": "1"},
			"paths":   paths,
		}),
		Integrations: []corsapi.SpecIntegration{corsapi.ForTag("all", corsapi.ToFunction(fn))},
	})
	return nil
}

func plain(stack awscdk.Stack, s shape) error {
	api := awsapigateway.NewRestApi(stack, jsii.String("Api"), &awsapigateway.RestApiProps{
		DefaultCorsPreflightOptions: &awsapigateway.CorsOptions{
			AllowOrigins: jsii.Strings(s.origins...),
			AllowHeaders: jsii.Strings("content-type"),
			AllowMethods: jsii.Strings("GET", "POST"),
		},
	})
	addRoutes(api, function(stack), s)
	return nil
}

func function(stack awscdk.Stack) awslambda.Function {
	return awslambda.NewFunction(stack, jsii.String("Handler"), &awslambda.FunctionProps{
		Runtime: awslambda.Runtime_NODEJS_22_X(),
		Handler: jsii.String("index.handler"),
		Code:    awslambda.Code_FromInline(jsii.String("exports.handler = async () => ({statusCode: 200})")),
	})
}

func addRoutes(api awsapigateway.RestApi, fn awslambda.Function, s shape) {
	for i := range s.routes {
		resource := api.Root().AddResource(jsii.String(routeName(i)), nil)
		for _, method := range []string{"GET", "POST"} {
			resource.AddMethod(jsii.String(method), integration(fn, s), nil)
		}
	}
}

func routeName(i int) string { return fmt.Sprintf("route%03d", i) }

func integration(fn awslambda.Function, s shape) awsapigateway.Integration {
	if s.backend != "" {
		return awsapigateway.NewHttpIntegration(jsii.String(s.backend), nil)
	}
	return awsapigateway.NewLambdaIntegration(fn, nil)
}
