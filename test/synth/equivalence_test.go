package synth

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
	"pgregory.net/rapid"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

const (
	equivalentAPIs     = 24  // that are drawn
	equivalentApps     = 4   // that they are dealt out to: each API costs a walk through its app
	equivalentRequests = 100 // to each API
)

// A twin is an API that both forms are made of.
type twin struct {
	cfg     cors.Config
	echo    bool
	binary  []string
	cached  bool
	guard   string // "", "token" or "key", of every method
	checked bool   // methods need the query parameter q, and a validator looks
	errors  map[string]map[string]string
	routes  map[string]map[string]string // kinds by verb, by path
}

var twinKinds = []string{"mock", "mock", "function", "function", "custom", "http", "passed on"}

func drawTwin(t *rapid.T) twin {
	a := twin{
		cfg: cors.Config{
			Origins:                            []string{"https://app.example.com", "https://*.preview.example.com", "http://localhost:*"}[:rapid.IntRange(1, 3).Draw(t, "origins")],
			AllowCredentials:                   rapid.Bool().Draw(t, "credentials"),
			Methods:                            rapid.SampledFrom([][]string{nil, nil, {"GET", "PUT"}}).Draw(t, "methods"),
			RequestHeaders:                     rapid.SampledFrom([][]string{nil, {"content-type", "authorization"}, {"*"}}).Draw(t, "request headers"),
			ExposedHeaders:                     rapid.SampledFrom([][]string{nil, {"etag"}}).Draw(t, "exposed"),
			DangerouslyTolerateInsecureOrigins: true,
		},
		echo: rapid.Bool().Draw(t, "echo"), cached: rapid.IntRange(0, 3).Draw(t, "cached") == 0, checked: rapid.IntRange(0, 2).Draw(t, "checked") == 0,
		binary: rapid.SampledFrom([][]string{nil, nil, {"*/*"}, {"image/png"}}).Draw(t, "binary"),
		guard:  rapid.SampledFrom([]string{"", "", "token", "key"}).Draw(t, "guard"),
		errors: map[string]map[string]string{}, routes: map[string]map[string]string{},
	}
	if slices.Contains(a.cfg.RequestHeaders, "*") {
		a.cfg.AllowCredentials = false
	}
	if rapid.IntRange(0, 5).Draw(t, "any origin") == 0 {
		a.cfg.Origins, a.cfg.AllowCredentials = []string{"*"}, false
	}
	for _, typ := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"DEFAULT_4XX", "MISSING_AUTHENTICATION_TOKEN", "UNAUTHORIZED", "BAD_REQUEST_PARAMETERS"}), 0, 2, rapid.ID[string]).Draw(t, "errors") {
		a.errors[typ] = map[string]string{"gatewayresponse.header.X-Own": "'1'", "gatewayresponse.header.Vary": "'Accept'"}
	}
	kinds := twinKinds
	if a.binary != nil && len(a.cfg.Origins) > 1 {
		kinds = slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return k == "http" || k == "custom" }) // refused: no template reads bytes
	}
	for _, path := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"/", "/items", "/items/{id}", "/items/{id}/parts", "/a/b", "/files/{rest+}"}), 1, 4, rapid.ID[string]).Draw(t, "paths") {
		a.routes[path] = map[string]string{}
		for _, verb := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "ANY"}), 1, 3, rapid.ID[string]).Draw(t, "verbs") {
			a.routes[path][verb] = rapid.SampledFrom(kinds).Draw(t, "kind")
		}
	}
	return a
}

func (a twin) gatewayErrors() corsapi.GatewayErrors {
	if a.echo {
		return corsapi.EchoOrigin
	}
	return corsapi.Uncredentialed
}

// deploy caches answers where the API is cached.
func (a twin) deploy() *awsapigateway.StageOptions {
	if !a.cached {
		return nil
	}
	return &awsapigateway.StageOptions{CachingEnabled: jsii.Bool(true), CacheClusterEnabled: jsii.Bool(true)}
}

const backendURL = "https://backend.example.net"

// responses are the integration responses of methods without a proxy integration, by
// selection pattern, with their templates.
var responses = []struct{ pattern, status, template string }{{"", "200", ""}, {"404", "404", `{"message": "none"}`}, {`5\d\d`, "500", `{"message": "down"}`}}

// resources builds the API of resources.
func (a twin) resources(s awscdk.Stack, p *cors.Policy) {
	fn := emitter(s, "Fn")
	props := awsapigateway.RestApiProps{DeployOptions: a.deploy(), DefaultMethodOptions: &awsapigateway.MethodOptions{}}
	if a.binary != nil {
		props.BinaryMediaTypes = jsii.Strings(a.binary...)
	}
	options := props.DefaultMethodOptions
	switch a.guard {
	case "key":
		options.ApiKeyRequired = jsii.Bool(true)
	case "token":
		options.AuthorizationType = awsapigateway.AuthorizationType_CUSTOM
		options.Authorizer = awsapigateway.NewTokenAuthorizer(s, jsii.String("Auth"), &awsapigateway.TokenAuthorizerProps{Handler: fn})
	}
	api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p, GatewayErrors: a.gatewayErrors(), RestApiProps: props})
	var validator awsapigateway.IRequestValidator
	if a.checked {
		validator = api.AddRequestValidator(jsii.String("V"), &awsapigateway.RequestValidatorOptions{ValidateRequestParameters: jsii.Bool(true)})
	}
	for typ, headers := range a.errors {
		awsapigateway.NewCfnGatewayResponse(api, jsii.String(typ), &awsapigateway.CfnGatewayResponseProps{RestApiId: api.RestApiId(), ResponseType: jsii.String(typ), ResponseParameters: headers})
	}
	for _, path := range slices.Sorted(maps.Keys(a.routes)) {
		on := api.Root()
		if path != "/" {
			on = api.Root().ResourceForPath(jsii.String(path))
		}
		for _, verb := range slices.Sorted(maps.Keys(a.routes[path])) {
			parameters := map[string]*bool{}
			if a.checked {
				parameters["method.request.querystring.q"] = jsii.Bool(true)
			}
			in := a.integration(a.routes[path][verb], verb, path, fn, parameters)
			on.AddMethod(jsii.String(verb), in, &awsapigateway.MethodOptions{RequestParameters: &parameters, RequestValidator: validator})
		}
	}
}

func (a twin) integration(kind, verb, path string, fn awslambda.IFunction, parameters map[string]*bool) awsapigateway.Integration {
	var list []*awsapigateway.IntegrationResponse
	for _, r := range responses {
		one := &awsapigateway.IntegrationResponse{StatusCode: jsii.String(r.status)}
		if r.pattern != "" {
			one.SelectionPattern = jsii.String(r.pattern)
			one.ResponseTemplates = &map[string]*string{"application/json": jsii.String(r.template)}
		}
		list = append(list, one)
	}
	switch kind {
	case "mock":
		return awsapigateway.NewMockIntegration(&awsapigateway.IntegrationOptions{
			RequestTemplates:     &map[string]*string{"application/json": jsii.String(`{"statusCode": 404}`)},
			PassthroughBehavior:  awsapigateway.PassthroughBehavior_NEVER,
			IntegrationResponses: &list,
		})
	case "function":
		return awsapigateway.NewLambdaIntegration(fn, nil)
	case "custom":
		return awsapigateway.NewLambdaIntegration(fn, &awsapigateway.LambdaIntegrationOptions{Proxy: jsii.Bool(false), IntegrationResponses: &list})
	}
	mapped := map[string]*string{}
	for _, name := range variables(path) {
		mapped["integration.request.path."+name] = jsii.String("method.request.path." + name)
		parameters["method.request.path."+name] = jsii.Bool(true)
	}
	options := &awsapigateway.IntegrationOptions{RequestParameters: &mapped}
	if kind == "http" {
		options.IntegrationResponses = &list
	}
	return awsapigateway.NewHttpIntegration(jsii.String(backendURL+strings.ReplaceAll(path, "+}", "}")), &awsapigateway.HttpIntegrationProps{Proxy: jsii.Bool(kind != "http"), HttpMethod: jsii.String(verb), Options: options})
}

func variables(path string) []string {
	var out []string
	for part := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(part, "{") {
			out = append(out, strings.Trim(part, "{+}"))
		}
	}
	return out
}

// document builds the API of an OpenAPI document.
func (a twin) document(s awscdk.Stack, p *cors.Policy) {
	fn := emitter(s, "Fn")
	id := s.GetLogicalId(fn.Node().DefaultChild().(awscdk.CfnElement))
	uri := map[string]any{"Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${" + *id + ".Arn}/invocations"}
	scheme := map[string]any{"type": "apiKey", "name": "x-api-key", "in": "header"}
	if a.guard == "token" {
		scheme = map[string]any{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom",
			"x-amazon-apigateway-authorizer": map[string]any{"type": "token", "authorizerUri": uri}}
	}
	doc := document(map[string]any{})
	doc["components"] = map[string]any{"securitySchemes": map[string]any{"guard": scheme}}
	if a.guard != "" {
		doc["security"] = []any{map[string]any{"guard": []any{}}}
	}
	if a.binary != nil {
		doc["x-amazon-apigateway-binary-media-types"] = a.binary
	}
	if a.checked {
		doc["x-amazon-apigateway-request-validator"] = "parameters"
		doc["x-amazon-apigateway-request-validators"] = map[string]any{"parameters": map[string]any{"validateRequestParameters": true}}
	}
	errors := map[string]any{}
	for typ, headers := range a.errors {
		errors[typ] = map[string]any{"responseParameters": headers}
	}
	doc["x-amazon-apigateway-gateway-responses"] = errors
	integrations := []corsapi.SpecIntegration{}
	assign := map[string]corsapi.SpecTarget{}
	for path, verbs := range a.routes {
		item := map[string]any{}
		for verb, kind := range verbs {
			op := map[string]any{"tags": []any{kind}}
			if a.checked {
				op["parameters"] = []any{map[string]any{"name": "q", "in": "query", "required": true, "schema": map[string]any{"type": "string"}}}
			}
			switch kind {
			case "function":
				assign[kind] = corsapi.ToFunction(fn)
			case "passed on":
				assign[kind] = corsapi.ToHTTP(backendURL)
			default:
				op["x-amazon-apigateway-integration"] = extension(kind, verb, path, uri)
			}
			key := strings.ToLower(verb)
			if verb == "ANY" {
				key = "x-amazon-apigateway-any-method"
			}
			item[key] = op
		}
		doc["paths"].(map[string]any)[path] = item
	}
	for _, kind := range slices.Sorted(maps.Keys(assign)) {
		integrations = append(integrations, corsapi.ForTag(kind, assign[kind]))
	}
	corsapi.NewSpecRestApi(s, jsii.String("Api"), &corsapi.SpecRestApiProps{Cors: p, GatewayErrors: a.gatewayErrors(), Spec: corsapi.SpecValue(doc), Integrations: integrations,
		SpecRestApiProps: awsapigateway.SpecRestApiProps{DeployOptions: a.deploy()}})
}

// extension is an integration that the document has itself.
func extension(kind, verb, path string, uri any) map[string]any {
	list := map[string]any{}
	for _, r := range responses {
		one := map[string]any{"statusCode": r.status}
		if r.pattern == "" {
			list["default"] = one
			continue
		}
		one["responseTemplates"] = map[string]any{"application/json": r.template}
		list[r.pattern] = one
	}
	in := map[string]any{"responses": list}
	switch kind {
	case "mock":
		in["type"], in["requestTemplates"], in["passthroughBehavior"] = "mock", map[string]any{"application/json": `{"statusCode": 404}`}, "never"
	case "custom":
		in["type"], in["httpMethod"], in["uri"] = "aws", "POST", uri
	case "http":
		in["type"], in["httpMethod"], in["uri"] = "http", verb, backendURL+strings.ReplaceAll(path, "+}", "}")
		mapped := map[string]any{}
		for _, name := range variables(path) {
			mapped["integration.request.path."+name] = "method.request.path." + name
		}
		in["requestParameters"] = mapped
	}
	return in
}

// An echo responds with what it was asked.
type echo struct{ status int }

func (e echo) Invoke(_ context.Context, _ gateway.Function, event []byte) ([]byte, error) {
	var proxied struct{ Resource, Path string }
	_ = json.Unmarshal(event, &proxied)
	text, err := json.Marshal(proxied)
	if err != nil || e.status == 500 {
		return nil, &gateway.FunctionError{Message: "500"}
	}
	return json.Marshal(map[string]any{"statusCode": e.status, "body": string(text)})
}

func (e echo) HTTP(_ context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	return &gateway.BackendResponse{Status: e.status, Headers: gateway.Headers{{Name: "Content-Type", Value: "application/json"}}, Body: fmt.Appendf(nil, "%q", r.Method+" "+r.URL)}, nil
}

func (e echo) AWS(context.Context, *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	return nil, &gateway.Unavailable{Reason: "no such service"}
}

func drawAsked(a twin) func(*rapid.T) *gateway.Request {
	paths := slices.Sorted(maps.Keys(a.routes))
	return func(t *rapid.T) *gateway.Request {
		r := &gateway.Request{Method: rapid.SampledFrom([]string{"OPTIONS", "OPTIONS", "GET", "GET", "PUT", "POST", "DELETE", "HEAD", "PATCH"}).Draw(t, "method")}
		r.Path = strings.NewReplacer("{id}", "1", "{rest+}", "x/y").Replace(rapid.SampledFrom(append(paths, "/nowhere")).Draw(t, "path"))
		if rapid.IntRange(0, 3).Draw(t, "q") > 0 {
			r.Path += "?q=1"
		}
		for _, h := range [][]string{
			{"origin", "", "https://app.example.com", "https://app.example.com", "https://x.preview.example.com", "http://localhost:3000", "https://evil.example", "null"},
			{"access-control-request-method", "", "GET"}, {"Authorization", "", "t"}, {"x-api-key", "", "secret", "wrong"},
			{"Content-Type", "", "application/json", "text/plain"}, {"Accept", "", "*/*", "image/png"},
		} {
			if v := rapid.SampledFrom(h[1:]).Draw(t, h[0]); v != "" {
				r.Headers = append(r.Headers, gateway.Header{Name: h[0], Value: v})
			}
		}
		return r
	}
}

// insufficient is an error about a policy that the methods of an API need more of: the
// form and the number of the API, and what is missing.
var insufficient = regexp.MustCompile(`^error /(Resources|Document)([0-9]+)/.*: corsgate: CORS11[01]: .* (wants|cannot be) (.*)$`)

// Whatever the API, both forms give the same response to every request, CORS or not.
func TestFormsAreEquivalent(t *testing.T) {
	twins := make([]twin, equivalentAPIs)
	policies := make([]*cors.Policy, equivalentAPIs)
	files := map[string][]byte{}
	told := map[string][]string{} // by form and number
	for n := range equivalentApps {
		s := synthesize(t, nil, func(app awscdk.App) {
			for i := n; i < len(twins); i += equivalentApps {
				twins[i] = rapid.Custom(drawTwin).Example(i)
				policies[i] = policy(t, twins[i].cfg)
				twins[i].resources(awscdk.NewStack(app, jsii.String(fmt.Sprintf("Resources%d", i)), nil), policies[i])
				twins[i].document(awscdk.NewStack(app, jsii.String(fmt.Sprintf("Document%d", i)), nil), policies[i])
			}
		})
		for _, a := range s.annotations {
			m := insufficient.FindStringSubmatch(a)
			if m != nil {
				// What a suppression stands on is the method, or the API of a document.
				what := strings.Replace(m[4], "in the method's metadata", "in the API's metadata", 1)
				told[m[1]+m[2]] = append(told[m[1]+m[2]], what)
			} else if strings.HasPrefix(a, "error ") {
				t.Errorf("an API is refused: %s", a)
			}
		}
		maps.Copy(files, s.files)
	}
	for i := range twins {
		resources, document := slices.Sorted(slices.Values(told[fmt.Sprint("Resources", i)])), slices.Sorted(slices.Values(told[fmt.Sprint("Document", i)]))
		if !slices.Equal(resources, document) {
			t.Errorf("%d: of the resources is said %q, of the document %q", i, resources, document)
		}
	}
	if len(told) == 0 {
		t.Error("no policy is insufficient")
	}
	statuses := map[int]int{}
	for i, a := range twins {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			resources, document := loadTwin(t, files[fmt.Sprintf("Resources%d", i)]), loadTwin(t, files[fmt.Sprintf("Document%d", i)])
			ask := rapid.Custom(drawAsked(a))
			for n := range equivalentRequests {
				r := ask.Example(i*equivalentRequests + n)
				backend := echo{[]int{200, 404, 500, 201}[n%4]}
				want, got := *r, *r
				one, two := resources.Serve(context.Background(), &want, backend), document.Serve(context.Background(), &got, backend)
				statuses[one.Status]++
				if one.Status != two.Status || string(one.Body) != string(two.Body) || !reflect.DeepEqual(settled(one.Headers), settled(two.Headers)) {
					t.Fatalf("%+v\n%s %s %v\nresources: %d %v %s\ndocument:  %d %v %s\n%+v", a, r.Method, r.Path, r.Headers,
						one.Status, settled(one.Headers), one.Body, two.Status, settled(two.Headers), two.Body, two.Trace)
				}
			}
		})
	}
	for _, status := range []int{200, 204, 400, 401, 403, 404, 415, 500} {
		if statuses[status] == 0 {
			t.Errorf("no answer had status %d, so too little was compared: %v", status, statuses)
		}
	}
}

func loadTwin(t *testing.T, template []byte) *gateway.API {
	t.Helper()
	a := model.Load(t, template, gateway.Options{APIKeys: []string{"secret"}})
	if len(a.Problems) > 0 || len(a.Undeployable) > 0 {
		t.Fatal(a)
	}
	return a
}

// settled are the headers that are the same each time, by name.
func settled(h gateway.Headers) map[string][]string {
	out := map[string][]string{}
	for _, x := range h {
		switch name := strings.ToLower(x.Name); name {
		case "date", "x-amz-apigw-id", "x-amzn-requestid", "x-amzn-trace-id":
		default:
			out[name] = append(out[name], x.Value)
		}
	}
	return out
}
