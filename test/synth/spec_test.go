package synth

import (
	"encoding/json"
	"reflect"
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
)

// shopSpec is an API with one operation of each kind, from a file.
func shopSpec(file string) func(awscdk.Stack, *cors.Policy) {
	return func(s awscdk.Stack, p *cors.Policy) {
		corsapi.NewSpecRestApi(s, jsii.String("Api"), &corsapi.SpecRestApiProps{
			Cors: p, Spec: corsapi.SpecFile(file), Integrations: []corsapi.SpecIntegration{
				corsapi.ForTag("orders", corsapi.ToFunction(emitter(s, "Orders"))),
				corsapi.ForOperation("getHealth", corsapi.ToMock(200, `{"status": "ok"}`)),
				corsapi.ForPath("/legacy/*", corsapi.ToHTTP("https://legacy.example.net")),
			},
		})
	}
}

// guarded lets pages send what the authorizer of shopSpec looks at.
func guarded(t testing.TB) *cors.Policy {
	return policy(t, cors.Config{Origins: []string{"https://app.example.com", "https://*.preview.example.com"}, RequestHeaders: []string{"content-type", "authorization"}})
}

// document is a small document, with what is given for its paths.
func document(paths map[string]any) map[string]any {
	return map[string]any{"openapi": "3.0.3", "info": map[string]any{"title": "t", "version": "1"}, "paths": paths}
}

func specOf(s awscdk.Stack, p *cors.Policy, doc map[string]any, integrations ...corsapi.SpecIntegration) *corsapi.SpecRestApi {
	return corsapi.NewSpecRestApi(s, jsii.String("Api"), &corsapi.SpecRestApiProps{Cors: p, Spec: corsapi.SpecValue(doc), Integrations: integrations})
}

func inStack(t *testing.T, build func(awscdk.Stack)) synthesis {
	t.Helper()
	return synthesize(t, nil, func(app awscdk.App) { build(awscdk.NewStack(app, jsii.String("Stack"), nil)) })
}

// body returns the OpenAPI document of the one API of a template.
func body(t *testing.T, template map[string]any) map[string]any {
	t.Helper()
	ids := idsOf(template, "AWS::ApiGateway::RestApi")
	if len(ids) != 1 {
		t.Fatalf("APIs: %v", ids)
	}
	b, _ := dig(template, "Resources", ids[0], "Properties", "Body").(map[string]any)
	return b
}

func dig(v any, keys ...string) any {
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	return v
}

// What is empty or null stays, and tokens become what they stand for.
func TestSpecStaysAsItIs(t *testing.T) {
	own := map[string]any{"null": nil, "holes": []any{nil, 1, nil}, "list": []any{}, "object": map[string]any{}, "text": "", "zero": 0, "number": 1.5, "true": true}
	s := inStack(t, func(st awscdk.Stack) {
		doc := document(map[string]any{"/a": map[string]any{"get": map[string]any{"security": []any{}, "x-own": own, "tags": []string{"t"}, "summary": *awscdk.NewCfnParameter(st, jsii.String("P"), nil).ValueAsString()}}})
		specOf(st, two(t), doc, corsapi.ForTag("t", corsapi.ToMock(204, "")))
	})
	get := dig(body(t, s.templates["Stack"]), "paths", "/a", "get").(map[string]any)
	b, _ := json.Marshal(own)
	var want map[string]any
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(get["x-own"], want) || !reflect.DeepEqual(get["security"], []any{}) || !reflect.DeepEqual(get["summary"], map[string]any{"Ref": "P"}) {
		t.Errorf("got %v", compact(get))
	}
}

// A route more is a new deployment, an origin more is none: it is one leaf.
func TestSpecDeployments(t *testing.T) {
	build := func(path string, origins ...string) map[string]any {
		s := inStack(t, func(st awscdk.Stack) {
			specOf(st, policy(t, cors.Config{Origins: origins}), document(map[string]any{path: map[string]any{"get": map[string]any{}}}), corsapi.ForPath("/*", corsapi.ToMock(200, "{}")))
		})
		return s.templates["Stack"]
	}
	one := build("/a", "https://a.example.com", "https://b.example.com")
	if got := changed(one, build("/a", "https://a.example.com", "https://b.example.com", "https://c.example.com")); len(got) != 1 || !strings.Contains(got[0], "corsOrigins") {
		t.Errorf("an origin more changes %v", got)
	}
	if a, b := deploymentID(t, one), deploymentID(t, build("/b", "https://a.example.com", "https://b.example.com")); a == b {
		t.Errorf("another path and the same deployment %s", a)
	}
}

// A backend's address may be known only at deployment.
func TestSpecBackendOfAToken(t *testing.T) {
	s := inStack(t, func(st awscdk.Stack) {
		backend := awscdk.NewCfnParameter(st, jsii.String("Backend"), nil).ValueAsString()
		specOf(st, two(t), document(map[string]any{"/a/{id}": map[string]any{"get": map[string]any{}}}), corsapi.ForPath("/*", corsapi.ToHTTP(*backend)))
	})
	uri := dig(body(t, s.templates["Stack"]), "paths", "/a/{id}", "get", "x-amazon-apigateway-integration", "uri")
	if want := map[string]any{"Fn::Join": []any{"", []any{map[string]any{"Ref": "Backend"}, "/a/{id}"}}}; !reflect.DeepEqual(uri, want) {
		t.Errorf("got %s, want %s; %q", compact(uri), compact(want), s.annotations)
	}
}

// Functions of any kind and stack are reached, each with one permission.
func TestSpecFunctions(t *testing.T) {
	s := synthesize(t, nil, func(app awscdk.App) {
		other := awscdk.NewStack(app, jsii.String("Other"), nil)
		st := awscdk.NewStack(app, jsii.String("Stack"), nil)
		fn := emitter(st, "Fn")
		alias := awslambda.NewAlias(st, jsii.String("Alias"), &awslambda.AliasProps{AliasName: jsii.String("live"), Version: fn.CurrentVersion()})
		ops := map[string]any{}
		for _, verb := range []string{"get", "put", "post", "delete"} {
			ops[verb] = map[string]any{"operationId": verb}
		}
		specOf(st, two(t), document(map[string]any{"/a": ops, "/b": map[string]any{"get": map[string]any{}, "put": map[string]any{}}}),
			corsapi.ForOperation("get", corsapi.ToFunction(fn)), corsapi.ForOperation("put", corsapi.ToFunction(alias)),
			corsapi.ForOperation("post", corsapi.ToFunction(emitter(other, "Far"))), corsapi.ForPath("/b", corsapi.ToFunction(fn)),
			corsapi.ForOperation("delete", corsapi.ToFunction(fn.CurrentVersion())))
	})
	stack := s.templates["Stack"]
	if d := append(dangling(stack), dangling(s.templates["Other"])...); len(d) > 0 {
		t.Errorf("references that lead nowhere: %v", d)
	}
	if len(s.annotations) > 0 {
		t.Errorf("remarks: %q", s.annotations)
	}
	if ids := idsOf(stack, "AWS::Lambda::Permission"); len(ids) != 4 {
		t.Errorf("permissions: %v", ids)
	}
	var sources []string
	for _, id := range idsOf(stack, "AWS::Lambda::Permission") {
		sources = append(sources, compact(dig(stack, "Resources", id, "Properties", "SourceArn")))
	}
	if sources = slices.Compact(sources); len(sources) != 1 || !strings.HasSuffix(sources[0], `{"Ref":"Api"},"/*/*/*"]]}`) {
		t.Errorf("sources: %v", sources)
	}
	a := dig(body(t, stack), "paths", "/a")
	for verb, want := range map[string]string{"get": "/functions/${Fn.Arn}/invocations", "put": `{"Ref":"Alias`, "post": `{"Fn::ImportValue":"Other:`, "delete": `{"Ref":"FnCurrentVersion`} {
		if got := compact(dig(a, verb, "x-amazon-apigateway-integration", "uri")); !strings.Contains(got, want) {
			t.Errorf("%s goes to %s, want %s", verb, got, want)
		}
	}
}

// What is wrong with a document, with what is beside it or with its backends is told
// all at once; nothing is deployed then, since errors end the synthesis.
func TestSpecRemarks(t *testing.T) {
	silent := func(s awscdk.Stack) awslambda.Function {
		return awslambda.NewFunction(s, jsii.String("Silent"), &awslambda.FunctionProps{
			Runtime: awslambda.Runtime_NODEJS_22_X(), Handler: jsii.String("index.handler"), Code: awslambda.Code_FromInline(jsii.String("x")),
		})
	}
	get := map[string]any{"get": map[string]any{"tags": []string{"t"}}, "put": map[string]any{"tags": []string{"t"}}}
	for name, tt := range map[string]struct {
		build func(awscdk.Stack)
		want  []string
	}{
		"a file with faults": {func(s awscdk.Stack) {
			corsapi.NewSpecRestApi(s, jsii.String("Api"), &corsapi.SpecRestApiProps{Cors: two(t), Spec: corsapi.SpecFile("testdata/faults.openapi.yaml"), Integrations: []corsapi.SpecIntegration{
				corsapi.ForTag("orders", corsapi.ToFunction(nil)), corsapi.ForOperation("getOrders", corsapi.ToHTTP("backend.example.net")), corsapi.ForPath("/health", corsapi.ToMock(99, "")), {},
			}})
		}, []string{
			`error: ForTag("orders"): ToFunction of nil`,
			`error: ForOperation("getOrders"): ToHTTP("backend.example.net"): it is no URL of http or https`,
			`error: ForPath("/health"): ToMock(99, ...): it is not the status`,
			"error: a SpecIntegration that is empty",
			`error: testdata/faults.openapi.yaml: ForPath("/health") matches no operation: the document has the paths /orders, /orders/{id}`,
			"error: testdata/faults.openapi.yaml:6: /orders has an OPTIONS operation of its own",
			"error: testdata/faults.openapi.yaml:10: PUT /orders has no integration",
			"error: testdata/faults.openapi.yaml:10: a second operation claims PUT /orders, the first is in line 9",
			`error: testdata/faults.openapi.yaml:13: the $ref "#/components/parameters/Id" leads nowhere`,
		}},
		"no file": {func(s awscdk.Stack) {
			corsapi.NewSpecRestApi(s, jsii.String("Api"), &corsapi.SpecRestApiProps{Cors: two(t), Spec: corsapi.SpecFile("testdata/nothing.yaml")})
		}, []string{"error: open testdata/nothing.yaml: no such file"}},
		"no document": {func(s awscdk.Stack) { corsapi.NewSpecRestApi(s, jsii.String("Api"), nil) }, []string{"error: Spec is missing", "error: the policy of Stack/Api (Cors) is nil"}},
		"two documents": {func(s awscdk.Stack) {
			corsapi.NewSpecRestApi(s, jsii.String("Api"), &corsapi.SpecRestApiProps{Cors: two(t), Spec: corsapi.SpecValue(document(map[string]any{"/a": get})),
				Integrations:     []corsapi.SpecIntegration{corsapi.ForTag("t", corsapi.ToMock(200, ""))},
				SpecRestApiProps: awsapigateway.SpecRestApiProps{ApiDefinition: awsapigateway.ApiDefinition_FromInline(document(map[string]any{}))}})
		}, []string{"error: ApiDefinition beside Spec"}},
		"methods and gateway responses beside it": {func(s awscdk.Stack) {
			api := specOf(s, two(t), document(map[string]any{"/a": get}), corsapi.ForTag("t", corsapi.ToMock(200, "")))
			add(api.Root(), "b", "GET", mock())
			api.AddGatewayResponse(jsii.String("G"), &awsapigateway.GatewayResponseOptions{Type: awsapigateway.ResponseType_THROTTLED()})
		}, []string{"error: GET /b is made beside the OpenAPI document", "error: CORS408: gateway response THROTTLED is made beside the OpenAPI document"}},
		"backends": {func(s awscdk.Stack) {
			fn := silent(s)
			doc := document(map[string]any{"/a": get, "/b": map[string]any{"get": map[string]any{}}, "/c": map[string]any{"get": map[string]any{"x-amazon-apigateway-integration": map[string]any{
				"type": "aws_proxy", "httpMethod": "POST", "uri": map[string]any{"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${" + *awscdk.Stack_Of(fn).GetLogicalId(emitter(s, "Own").Node().DefaultChild().(awscdk.CfnElement)) + ".Arn}/invocations"}}}}})
			specOf(s, two(t), doc, corsapi.ForTag("t", corsapi.ToFunction(fn)), corsapi.ForPath("/b", corsapi.ToHTTP("https://backend.example.net")))
		}, []string{
			"error: the OpenAPI document at /paths/~1a/get: GET /a (and 1 more) is a Lambda proxy, and its function is not known to emit CORS headers",
			"warning: the OpenAPI document at /paths/~1b/get: GET /b passes the responses of an HTTP backend through",
		}},
		"a closed resource policy and OPTIONS that are kept": {func(s awscdk.Stack) {
			account := awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Principals: &[]awsiam.IPrincipal{awsiam.NewAccountPrincipal("111122223333")}, Actions: jsii.Strings("execute-api:Invoke"), Resources: jsii.Strings("execute-api:/*")})
			own := map[string]any{"get": map[string]any{}, "options": map[string]any{"x-amazon-apigateway-integration": map[string]any{"type": "mock"}}}
			corsapi.NewSpecRestApi(s, jsii.String("Api"), &corsapi.SpecRestApiProps{Cors: two(t), OwnOptions: corsapi.KeepOptions, Spec: corsapi.SpecValue(document(map[string]any{"/a": own})), Integrations: []corsapi.SpecIntegration{corsapi.ForPath("/a", corsapi.ToMock(200, ""))},
				SpecRestApiProps: awsapigateway.SpecRestApiProps{Policy: awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &[]awsiam.PolicyStatement{account}})}})
		}, []string{"warning: CORS403: the resource policy allows nobody anonymous"}},
		"a stage variable of its own": {func(s awscdk.Stack) {
			corsapi.NewSpecRestApi(s, jsii.String("Api"), &corsapi.SpecRestApiProps{Cors: two(t), Spec: corsapi.SpecValue(document(map[string]any{"/a": get})), Integrations: []corsapi.SpecIntegration{corsapi.ForTag("t", corsapi.ToMock(200, ""))},
				SpecRestApiProps: awsapigateway.SpecRestApiProps{DeployOptions: &awsapigateway.StageOptions{Variables: &map[string]*string{"corsOrigins": jsii.String("x")}}}})
		}, []string{"error: stage prod sets the variable corsOrigins itself"}},
	} {
		t.Run(name, func(t *testing.T) { expectRemarks(t, inStack(t, tt.build).annotations, tt.want) })
	}
}
