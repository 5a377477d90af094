package synth

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
)

// shop synthesizes an API with a proxy and a method that is none.
func shop(t *testing.T, cfg cors.Config, errors corsapi.GatewayErrors) map[string]any {
	t.Helper()
	return synthesize(t, nil, func(app awscdk.App) {
		s := awscdk.NewStack(app, jsii.String("Stack"), nil)
		api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: policy(t, cfg), GatewayErrors: errors})
		add(api.Root(), "orders", "PUT", proxy(s, "Fn"))
		add(api.Root(), "health", "GET", mock())
	}).templates["Stack"]
}

// changed lists the leaves in which two templates differ.
func changed(a, b map[string]any) []string {
	before, after := leaves(a), leaves(b)
	out := map[string]bool{}
	for path, v := range before {
		if w, ok := after[path]; !ok || v != w {
			out[path] = true
		}
	}
	for path := range after {
		if _, ok := before[path]; !ok {
			out[path] = true
		}
	}
	return slices.Sorted(maps.Keys(out))
}

// deploymentID returns the logical id of the one deployment.
func deploymentID(t *testing.T, template map[string]any) string {
	t.Helper()
	ids := idsOf(template, "AWS::ApiGateway::Deployment")
	if len(ids) != 1 {
		t.Fatalf("deployments: %v", ids)
	}
	return ids[0]
}

func idsOf(template map[string]any, kind string) []string {
	var ids []string
	for id, r := range template["Resources"].(map[string]any) {
		if r.(map[string]any)["Type"] == kind {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// An origin more, less or other is one leaf of the template: no new deployment,
// no new function.
func TestOriginIsOneLeaf(t *testing.T) {
	long := func(n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = "https://customer-" + strings.Repeat("x", i/26) + string(rune('a'+i%26)) + ".example.com"
		}
		return out
	}
	for name, tt := range map[string]struct{ before, after []string }{
		"added":         {long(3), long(4)},
		"removed":       {long(4), long(3)},
		"changed":       {long(3), append(long(2), "http://localhost:*")},
		"to a pattern":  {long(3), append(long(2), "https://*.preview.example.com")},
		"added to many": {long(60), long(61)},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := shop(t, cors.Config{Origins: tt.before}, 0), shop(t, cors.Config{Origins: tt.after}, 0)
			diff := changed(a, b)
			if len(diff) != 1 || !strings.Contains(diff[0], "/Properties/Variables/corsOrigins") {
				t.Errorf("changed %q", diff)
			}
		})
	}
}

// Whatever else changes the response of the API deploys it anew, and replaces
// nothing else.
func TestAnswersChangeTheDeployment(t *testing.T) {
	base := cors.Config{Origins: []string{"https://a.example.com", "https://b.example.com"}}
	before := shop(t, base, 0)
	for name, tt := range map[string]struct {
		change func(*cors.Config)
		errors corsapi.GatewayErrors
	}{
		"credentials":     {change: func(c *cors.Config) { c.AllowCredentials = true }},
		"request headers": {change: func(c *cors.Config) { c.RequestHeaders = []string{"content-type"} }},
		"exposed headers": {change: func(c *cors.Config) { c.ExposedHeaders = []string{"etag"} }},
		"methods":         {change: func(c *cors.Config) { c.Methods = []string{"GET"} }},
		"max age":         {change: func(c *cors.Config) { c.MaxAge = time.Minute }},
		"one origin":      {change: func(c *cors.Config) { c.Origins = c.Origins[:1] }},
		"any origin":      {change: func(c *cors.Config) { c.Origins = []string{"*"} }},
		"gateway errors":  {change: func(*cors.Config) {}, errors: corsapi.EchoOrigin},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := base
			cfg.Origins = slices.Clone(base.Origins)
			tt.change(&cfg)
			after := shop(t, cfg, tt.errors)
			if deploymentID(t, before) == deploymentID(t, after) {
				t.Error("the deployment is the same")
			}
			was, is := slices.Collect(maps.Keys(before["Resources"].(map[string]any))), slices.Collect(maps.Keys(after["Resources"].(map[string]any)))
			drop := func(ids []string) []string {
				ids = slices.DeleteFunc(ids, func(id string) bool {
					return strings.HasPrefix(id, "ApiDeployment") && id != "ApiDeploymentStageprod3EB9684E"
				})
				slices.Sort(ids)
				return ids
			}
			if w, i := drop(was), drop(is); !slices.Equal(w, i) {
				t.Errorf("resources were %v, are %v", w, i)
			}
			for id, v := range before["Resources"].(map[string]any) {
				// What makes CloudFormation replace these resources.
				for _, key := range []string{"HttpMethod", "ResourceId", "RestApiId", "ResponseType", "StageName", "PathPart", "ParentId", "FunctionName"} {
					w, ok := after["Resources"].(map[string]any)[id]
					if ok && compact(v.(map[string]any)["Properties"].(map[string]any)[key]) != compact(w.(map[string]any)["Properties"].(map[string]any)[key]) {
						t.Errorf("%s: %s changed, which replaces it", id, key)
					}
				}
			}
		})
	}
}

// The API's own changes at CloudFormation's level deploy it anew too.
func TestOwnGatewayResponseChangesTheDeployment(t *testing.T) {
	build := func(status string) string {
		return deploymentID(t, synthesize(t, nil, func(app awscdk.App) {
			s := awscdk.NewStack(app, jsii.String("Stack"), nil)
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
			add(api.Root(), "health", "GET", mock())
			awsapigateway.NewCfnGatewayResponse(s, jsii.String("G"), &awsapigateway.CfnGatewayResponseProps{
				RestApiId: api.RestApiId(), ResponseType: jsii.String("THROTTLED"), StatusCode: jsii.String(status),
			})
		}).templates["Stack"])
	}
	if build("429") == build("503") {
		t.Error("the deployment is the same")
	}
}

// The same input gives the same bytes; order and repetition are no input.
func TestSameInputSameBytes(t *testing.T) {
	origins := []string{"https://app.example.com", "https://*.preview.example.com", "http://localhost:*"}
	first, _ := catalog(t, origins...)
	second, _ := catalog(t, origins...)
	shuffled, _ := catalog(t, origins[2], origins[0], origins[1], origins[0], "http://localhost:3000")
	name := "CatalogStack"
	if !bytes.Equal(first.files[name], second.files[name]) {
		t.Error("two syntheses differ")
	}
	if diff := changed(first.templates[name], shuffled.templates[name]); len(diff) > 0 || !bytes.Equal(first.files[name], shuffled.files[name]) {
		t.Errorf("order matters: %q", diff)
	}
}

// An API that moves from the CDK's own preflights keeps its OPTIONS methods:
// CloudFormation cannot make a second one on a resource before it deletes the
// first.
func TestOptionsKeepTheirLogicalIDs(t *testing.T) {
	build := func(with func(awscdk.Stack) awsapigateway.RestApi) []string {
		return idsOf(synthesize(t, nil, func(app awscdk.App) {
			s := awscdk.NewStack(app, jsii.String("Stack"), nil)
			api := with(s)
			r := add(api.Root(), "orders", "PUT", mock())
			r.AddResource(jsii.String("{id}"), nil).AddMethod(jsii.String("GET"), mock(), nil)
			api.Root().AddMethod(jsii.String("GET"), mock(), nil)
		}).templates["Stack"], "AWS::ApiGateway::Method")
	}
	plain := build(func(s awscdk.Stack) awsapigateway.RestApi {
		return awsapigateway.NewRestApi(s, jsii.String("Api"), &awsapigateway.RestApiProps{
			DefaultCorsPreflightOptions: &awsapigateway.CorsOptions{AllowOrigins: jsii.Strings("https://a.example.com")},
		})
	})
	ours := build(func(s awscdk.Stack) awsapigateway.RestApi {
		return corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
	})
	if !slices.Equal(plain, ours) {
		t.Errorf("got\n%q\nthe CDK's are\n%q", ours, plain)
	}
}
