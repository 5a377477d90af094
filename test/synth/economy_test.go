package synth

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
	"github.com/corsgate/corsgate/constructs/corsfunction"
)

// addRoutes gives an API so many routes: a resource with GET and POST.
func addRoutes(api awsapigateway.IRestApi, n int, in awsapigateway.Integration) {
	for i := range n {
		r := api.Root().AddResource(jsii.String(fmt.Sprintf("route%d", i)), nil)
		r.AddMethod(jsii.String("GET"), in, nil)
		r.AddMethod(jsii.String("POST"), in, nil)
	}
}

// A stack holds 500 resources and 1,000,000 bytes, whatever the length of the
// allowlist.
func TestRoutesInOneStack(t *testing.T) {
	const want = 122
	for _, origins := range []int{3, 300} {
		var list []string
		for i := range origins {
			list = append(list, fmt.Sprintf("https://customer-%03d.example.com", i))
		}
		s := synthesize(t, nil, func(app awscdk.App) {
			stack := awscdk.NewStack(app, jsii.String("Stack"), nil)
			api := corsapi.NewRestApi(stack, jsii.String("Api"), &corsapi.RestApiProps{Cors: policy(t, cors.Config{Origins: list})})
			addRoutes(api, want, proxy(stack, "Fn"))
		})
		resources := s.templates["Stack"]["Resources"].(map[string]any)
		options := 0
		for _, id := range idsOf(s.templates["Stack"], "AWS::ApiGateway::Method") {
			if resources[id].(map[string]any)["Properties"].(map[string]any)["HttpMethod"] == "OPTIONS" {
				options++
			}
		}
		if options != want {
			t.Errorf("%d origins: %d preflights", origins, options)
		}
		if len(resources) > 500 {
			t.Errorf("%d origins: %d resources", origins, len(resources))
		}
		if size := len(s.files["Stack"]); size >= 1_000_000 {
			t.Errorf("%d origins: %d bytes", origins, size)
		}
		t.Logf("%d origins: %d resources, %d bytes", origins, len(resources), len(s.files["Stack"]))
	}
}

// A permitted is who may invoke what: a function, and what an ARN of execute-api
// names after the API, which is stage, method and path.
type permitted struct{ function, source string }

// permissions lists the permissions of templates, and fails for one of somebody
// else than API Gateway.
func permissions(t *testing.T, templates map[string]map[string]any) []permitted {
	t.Helper()
	var out []permitted
	for _, template := range templates {
		for _, id := range idsOf(template, "AWS::Lambda::Permission") {
			p := template["Resources"].(map[string]any)[id].(map[string]any)["Properties"].(map[string]any)
			if p["Principal"] != "apigateway.amazonaws.com" || p["Action"] != "lambda:InvokeFunction" {
				t.Errorf("%s: %v may %v", id, p["Principal"], p["Action"])
			}
			out = append(out, permitted{compact(p["FunctionName"]), sourceOf(t, p["SourceArn"])})
		}
	}
	slices.SortFunc(out, func(a, b permitted) int { return strings.Compare(a.source+a.function, b.source+b.function) })
	return out
}

// sourceOf is what stands in an ARN after the API's id.
func sourceOf(t *testing.T, arn any) string {
	t.Helper()
	var b strings.Builder
	for _, p := range arn.(map[string]any)["Fn::Join"].([]any)[1].([]any) {
		b.WriteString(value(p))
	}
	_, source, ok := strings.Cut(b.String(), ":execute-api:")
	if !ok {
		t.Fatalf("the source is %s", b.String())
	}
	return source[strings.IndexByte(source, '/'):]
}

// covers reports whether a pattern of a permission, in which * is any text,
// covers what another permits.
func covers(pattern, source string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == source
	}
	source, ok := strings.CutPrefix(source, first)
	for i := 0; ok && i <= len(source); i++ {
		if covers(rest, source[i:]) {
			return true
		}
	}
	return false
}

// Whatever the CDK's permissions let API Gateway invoke, ours do, and no other
// function.
func TestPermissions(t *testing.T) {
	for name, tt := range map[string]struct {
		build func(s awscdk.Stack, api awsapigateway.RestApi)
		want  []string // the sources
		same  bool     // as the CDK's
	}{
		"one function": {build: func(s awscdk.Stack, api awsapigateway.RestApi) {
			in := proxy(s, "Fn")
			addRoutes(api, 2, in)
			api.Root().AddMethod(jsii.String("ANY"), in, nil)
		}, want: []string{"/*/*/*"}},
		"a function, its version and its alias": {build: func(s awscdk.Stack, api awsapigateway.RestApi) {
			fn := emitter(s, "Fn")
			add(api.Root(), "a", "GET", awsapigateway.NewLambdaIntegration(fn, nil))
			add(api.Root(), "b", "GET", awsapigateway.NewLambdaIntegration(fn.CurrentVersion(), nil))
			add(api.Root(), "c", "GET", awsapigateway.NewLambdaIntegration(fn.AddAlias(jsii.String("live"), nil), nil))
		}, want: []string{"/*/*/*", "/*/*/*", "/*/*/*"}},
		"an imported function of the same environment": {build: func(s awscdk.Stack, api awsapigateway.RestApi) {
			fn := awslambda.Function_FromFunctionAttributes(s, jsii.String("Fn"), &awslambda.FunctionAttributes{
				FunctionArn: jsii.String("arn:aws:lambda:eu-west-1:123456789012:function:f"), SameEnvironment: jsii.Bool(true),
			})
			corsfunction.Emits(fn)
			addRoutes(api, 2, awsapigateway.NewLambdaIntegration(fn, nil))
		}, want: []string{"/*/*/*"}},
		"an integration that is no proxy": {build: func(s awscdk.Stack, api awsapigateway.RestApi) {
			add(api.Root(), "a", "GET", awsapigateway.NewLambdaIntegration(emitter(s, "Fn"), &awsapigateway.LambdaIntegrationOptions{
				Proxy: jsii.Bool(false), IntegrationResponses: &[]*awsapigateway.IntegrationResponse{{StatusCode: jsii.String("200")}},
			}))
		}, want: []string{"/*/*/*"}},
		"one for all methods already": {build: func(s awscdk.Stack, api awsapigateway.RestApi) {
			addRoutes(api, 2, awsapigateway.NewLambdaIntegration(emitter(s, "Fn"), &awsapigateway.LambdaIntegrationOptions{ScopePermissionToMethod: jsii.Bool(false)}))
		}, want: []string{"/*/*/*"}, same: true},
		"one for all methods beside some for each": {build: func(s awscdk.Stack, api awsapigateway.RestApi) {
			fn := emitter(s, "Fn")
			add(api.Root(), "a", "GET", awsapigateway.NewLambdaIntegration(fn, &awsapigateway.LambdaIntegrationOptions{ScopePermissionToMethod: jsii.Bool(false)}))
			add(api.Root(), "b", "GET", awsapigateway.NewLambdaIntegration(fn, nil))
		}, want: []string{"/*/*/*"}},
		"test invocations denied": {build: func(s awscdk.Stack, api awsapigateway.RestApi) {
			fn := emitter(s, "Fn")
			add(api.Root(), "a", "GET", awsapigateway.NewLambdaIntegration(fn, &awsapigateway.LambdaIntegrationOptions{AllowTestInvoke: jsii.Bool(false)}))
			add(api.Root(), "b", "GET", awsapigateway.NewLambdaIntegration(fn, nil))
		}, want: []string{`/test-invoke-stage/GET/b`, `/{"Ref":"ApiDeploymentStageprod"}/GET/a`, `/{"Ref":"ApiDeploymentStageprod"}/GET/b`}, same: true},
		"narrowed by an override": {build: func(s awscdk.Stack, api awsapigateway.RestApi) {
			fn := emitter(s, "Fn")
			m := add(api.Root(), "a", "GET", awsapigateway.NewLambdaIntegration(fn, nil)).AddMethod(jsii.String("PUT"), awsapigateway.NewLambdaIntegration(fn, nil), nil)
			for _, c := range *m.Node().Children() {
				if p, ok := c.(awslambda.CfnPermission); ok {
					p.AddPropertyOverride(jsii.String("SourceAccount"), "123456789012")
				}
			}
		}, want: []string{
			`/test-invoke-stage/GET/a`, `/test-invoke-stage/PUT/a`, `/{"Ref":"ApiDeploymentStageprod"}/GET/a`, `/{"Ref":"ApiDeploymentStageprod"}/PUT/a`,
		}, same: true},
		"one of the app's own": {build: func(s awscdk.Stack, api awsapigateway.RestApi) {
			fn := emitter(s, "Fn")
			m := api.Root().AddMethod(jsii.String("GET"), awsapigateway.NewLambdaIntegration(fn, nil), nil)
			fn.AddPermission(jsii.String("Own"), &awslambda.Permission{
				Principal: awsiam.NewServicePrincipal(jsii.String("apigateway.amazonaws.com"), nil), Scope: m,
				SourceArn: api.ArnForExecuteApi(jsii.String("GET"), jsii.String("/own"), jsii.String("live")),
			})
		}, want: []string{"/*/*/*", "/live/GET/own"}},
		"an authorizer": {build: func(s awscdk.Stack, api awsapigateway.RestApi) {
			authorizer := awsapigateway.NewRequestAuthorizer(s, jsii.String("A"), &awsapigateway.RequestAuthorizerProps{
				Handler: emitter(s, "Authorizer"), IdentitySources: jsii.Strings("method.request.header.Authorization"),
			})
			api.Root().AddMethod(jsii.String("GET"), proxy(s, "Fn"),
				&awsapigateway.MethodOptions{Authorizer: authorizer, AuthorizationType: awsapigateway.AuthorizationType_CUSTOM})
		}, want: []string{"/*/*/*", `/authorizers/{"Ref":"A"}`}},
		"a function of a nested stack": {build: func(s awscdk.Stack, api awsapigateway.RestApi) {
			nested := awscdk.NewNestedStack(s, jsii.String("Nested"), nil)
			addRoutes(api, 2, proxy(nested, "Fn"))
		}, want: []string{"/*/*/*"}},
		"methods in two nested stacks": {build: func(s awscdk.Stack, api awsapigateway.RestApi) {
			fn := emitter(s, "Fn")
			add(api.Root(), "mock", "GET", mock())
			for _, id := range []string{"A", "B"} {
				nested := awscdk.NewNestedStack(s, jsii.String(id), nil)
				r := imported(nested, api).Root().AddResource(jsii.String(id), nil)
				r.AddMethod(jsii.String("GET"), awsapigateway.NewLambdaIntegration(fn, nil), nil)
			}
		}, want: []string{"/*/*/*", "/*/*/*"}},
	} {
		t.Run(name, func(t *testing.T) {
			build := func(perMethod bool) []permitted {
				s := synthesize(t, nil, func(app awscdk.App) {
					s := awscdk.NewStack(app, jsii.String("Stack"), nil)
					tt.build(s, corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), PermissionPerMethod: perMethod}))
				})
				for stack, template := range s.templates {
					if d := dangling(template); len(d) > 0 {
						t.Errorf("%s: %q", stack, d)
					}
				}
				return permissions(t, s.templates)
			}
			native, ours := build(true), build(false)
			var got []string
			for _, p := range ours {
				got = append(got, p.source)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("permissions %q, want %q", got, tt.want)
			}
			if tt.same != slices.Equal(native, ours) {
				t.Errorf("the CDK's are %q, ours %q", native, ours)
			}
			for _, n := range native {
				if !slices.ContainsFunc(ours, func(p permitted) bool { return p.function == n.function && covers(p.source, n.source) }) {
					t.Errorf("the CDK permits %q, and ours do not: %q", n, ours)
				}
			}
			for _, p := range ours {
				if !slices.ContainsFunc(native, func(n permitted) bool { return p.function == n.function }) {
					t.Errorf("%q is permitted, which the CDK does not: %q", p, native)
				}
			}
		})
	}
}

// The deployment waits for the permission: a method that moves to another
// function is not deployed before that may be invoked.
func TestDeploymentWaitsForPermissions(t *testing.T) {
	template := synthesize(t, nil, func(app awscdk.App) {
		s := awscdk.NewStack(app, jsii.String("Stack"), nil)
		addRoutes(corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)}), 1, proxy(s, "Fn"))
	}).templates["Stack"]
	ids := idsOf(template, "AWS::Lambda::Permission")
	deployment := template["Resources"].(map[string]any)[deploymentID(t, template)].(map[string]any)
	if len(ids) != 1 || !slices.Contains(deployment["DependsOn"].([]any), any(ids[0])) {
		t.Errorf("the deployment waits for %v, the permissions are %v", deployment["DependsOn"], ids)
	}
}

// A permission stays the same resource when the API gets other routes, and each
// API has its own.
func TestPermissionsKeepTheirLogicalIDs(t *testing.T) {
	build := func(n int) []string {
		return idsOf(synthesize(t, nil, func(app awscdk.App) {
			s := awscdk.NewStack(app, jsii.String("Stack"), nil)
			first, second := proxy(s, "First"), proxy(s, "Second")
			for _, id := range []string{"Api", "Other"} {
				api := corsapi.NewRestApi(s, jsii.String(id), &corsapi.RestApiProps{Cors: two(t)})
				add(api.Root(), "zoo", "GET", second)
				addRoutes(api, n, first)
			}
		}).templates["Stack"], "AWS::Lambda::Permission")
	}
	few, many := build(1), build(3)
	if len(few) != 4 || !slices.Equal(few, many) {
		t.Errorf("with one route %q, with three %q", few, many)
	}
}

// Enable is asked for CORS, and changes nothing about who may invoke what.
func TestEnableKeepsPermissions(t *testing.T) {
	build := func(enable bool) []permitted {
		return permissions(t, synthesize(t, nil, func(app awscdk.App) {
			s := awscdk.NewStack(app, jsii.String("Stack"), nil)
			api := awsapigateway.NewRestApi(s, jsii.String("Api"), nil)
			addRoutes(api, 1, proxy(s, "Fn"))
			if enable {
				corsapi.Enable(api, two(t), nil)
			}
		}).templates)
	}
	if before, after := build(false), build(true); len(before) != 4 || !slices.Equal(before, after) {
		t.Errorf("permissions were %q, are %q", before, after)
	}
}

// More than CloudFormation takes ends the synthesis, and says what to do.
func TestTooManyResources(t *testing.T) {
	build := func(context map[string]any, api func(awscdk.Stack)) string {
		return refusal(t, context, func(app awscdk.App) {
			s := awscdk.NewStack(app, jsii.String("Shop"), nil)
			api(s)
			for i := range 500 {
				awscdk.NewCfnResource(s, jsii.String(fmt.Sprint("R", i)), &awscdk.CfnResourceProps{Type: jsii.String("AWS::CloudFormation::WaitConditionHandle")})
			}
		})
	}
	resources := func(s awscdk.Stack) {
		addRoutes(corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)}), 1, mock())
	}
	got := build(nil, resources)
	for _, want := range []string{"[Shop/Api/Corsgate] corsgate: stack Shop would have 511 resources, and CloudFormation takes 500: ",
		"500 AWS::CloudFormation::WaitConditionHandle, 3 AWS::ApiGateway::Method, 2 AWS::ApiGateway::GatewayResponse, 1 ", "corsapi.NewSpecRestApi"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	got = build(nil, func(s awscdk.Stack) { specOf(s, two(t), pathOf("/a"), corsapi.ForPath("/a", corsapi.ToMock(200, ""))) })
	if !strings.Contains(got, "which is one resource already") || strings.Contains(got, "corsapi.NewSpecRestApi") {
		t.Errorf("with a document: %q", got)
	}
	if got := build(map[string]any{"@aws-cdk/core:stackResourceLimit": 0}, resources); got != "" {
		t.Errorf("with the limit switched off: %q", got)
	}
}

// Sizes that only an account's quota or the CDK's own measure knows are warned
// of, with the number.
func TestSizeWarnings(t *testing.T) {
	build := func(paths, padding int) synthesis {
		return synthesize(t, nil, func(app awscdk.App) {
			s := awscdk.NewStack(app, jsii.String("Stack"), nil)
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
			add(api.Root(), "health", "GET", mock())
			for i := range paths - 1 {
				api.Root().AddResource(jsii.String(fmt.Sprint("r", i)), nil)
			}
			s.AddMetadata(jsii.String("padding"), strings.Repeat("x", padding))
		})
	}
	if s := build(300, 0); len(s.annotations) > 0 {
		t.Errorf("300 resources: %q", s.annotations)
	}
	s := build(301, 900_000)
	if len(s.annotations) != 1 || !strings.HasPrefix(s.annotations[0], "warning /Stack/Api: corsgate: the API has 301 resources, and API Gateway takes 300 ") ||
		!strings.Contains(s.annotations[0], "[ack: corsgate::many-resources]") {
		t.Errorf("301 resources: %q", s.annotations)
	}
	metadata, err := os.ReadFile(filepath.Join(s.dir, "Stack.metadata.json"))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("Template size is approaching limit: %d/1000000", len(s.files["Stack"])); !strings.Contains(string(metadata), want) {
		t.Errorf("the CDK does not say %q", want)
	}
}

// The CDK's command line has every resource's path put into its metadata, which
// narrows no permission.
func TestEconomyUnderTheCommandLine(t *testing.T) {
	context := map[string]any{"aws:cdk:enable-path-metadata": true, "aws:cdk:enable-asset-metadata": true}
	template := synthesize(t, context, func(app awscdk.App) {
		s := awscdk.NewStack(app, jsii.String("Stack"), nil)
		addRoutes(corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)}), 2, proxy(s, "Fn"))
	}).templates["Stack"]
	if ids := idsOf(template, "AWS::Lambda::Permission"); len(ids) != 1 {
		t.Errorf("permissions: %v", ids)
	}
}
