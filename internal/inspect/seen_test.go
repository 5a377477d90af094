package inspect

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/testkit/hostile"
)

// another is an account whose export is another.
type another struct {
	published
	export string
}

func (a another) GetExport(context.Context, *apigateway.GetExportInput, ...func(*apigateway.Options)) (*apigateway.GetExportOutput, error) {
	return &apigateway.GetExportOutput{Body: []byte(a.export)}, nil
}

// TestImpossibleExport holds that an export which no deployment can have is not seen, instead of what is configured not being
// deployed.
func TestImpossibleExport(t *testing.T) {
	out, err := published{}.GetExport(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	whole := string(out.Body)
	var parts map[string]any
	if err := json.Unmarshal(out.Body, &parts); err != nil {
		t.Fatal(err)
	}
	delete(parts, gatewayResponses)
	without, err := json.Marshal(parts)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ export, want string }{
		"whole":                {whole, ""},
		"null for a response":  {strings.ReplaceAll(whole, `"default": {"statusCode": "200"}`, `"default": null`), "what stage prod serves: its export cannot be right, GET /orders has null for the response default"},
		"no integration":       {strings.ReplaceAll(whole, `"x-amazon-apigateway-integration": {"httpMethod": "ANY"`, `"x-lost": {"httpMethod": "ANY"`), "what stage prod serves: its export cannot be right, ANY /{proxy+} has no integration"},
		"no gateway responses": {string(without), "whether stage prod serves the gateway responses that are configured: its export has none at all (corsgate probe --errors tests it)"},
	} {
		if name != "whole" && tt.export == whole {
			t.Fatalf("%s: nothing was replaced", name)
		}
		s, err := Read(t.Context(), another{published{}, tt.export}, &functions{}, "eu-west-1", "abc123", "prod")
		if err != nil {
			t.Fatal(err)
		}
		rep, policies, err := Inspect(t.Context(), s, nil, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(rep.Unseen, "\n") != tt.want || len(policies) != 1 {
			t.Errorf("%s: not seen %q; want %q", name, rep.Unseen, tt.want)
		}
		for _, f := range rep.Findings {
			if f.Rule == rules.CORS601 {
				t.Errorf("%s: %s", name, f.Detail)
			}
		}
	}
}

// failing is an account some of whose reads fail.
type failing struct {
	published
	status int
}

func (f failing) err(operation string) error {
	return &smithy.OperationError{ServiceID: "API Gateway", OperationName: operation, Err: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: f.status}}, Err: errors.New(http.StatusText(f.status))}}
}

func (f failing) GetDomainNames(context.Context, *apigateway.GetDomainNamesInput, ...func(*apigateway.Options)) (*apigateway.GetDomainNamesOutput, error) {
	return nil, f.err("GetDomainNames")
}

func (f failing) GetExport(context.Context, *apigateway.GetExportInput, ...func(*apigateway.Options)) (*apigateway.GetExportOutput, error) {
	return nil, f.err("GetExport")
}

// TestFailingPart holds that a read that fails costs its own part, and that one which the next call would fail with, too, ends
// it.
func TestFailingPart(t *testing.T) {
	for _, status := range []int{500, 501, 503} {
		s, err := Read(t.Context(), failing{published{}, status}, &functions{}, "eu-west-1", "abc123", "prod")
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Unseen) != 2 || !strings.HasPrefix(s.Unseen[0], "the custom domains: GetDomainNames: ") || !strings.HasPrefix(s.Unseen[1], "what stage prod serves: GetExport: ") {
			t.Errorf("%d: %q", status, s.Unseen)
		}
	}
	if _, err := Read(t.Context(), failing{published{}, 400}, &functions{}, "eu-west-1", "abc123", "prod"); err == nil {
		t.Error("with 400 there is no error")
	}
}

// named is an account with several APIs and a domain.
type named struct{ account }

func (named) GetRestApi(_ context.Context, in *apigateway.GetRestApiInput, _ ...func(*apigateway.Options)) (*apigateway.GetRestApiOutput, error) {
	if *in.RestApiId == "abc123" {
		return &apigateway.GetRestApiOutput{}, nil
	}
	return nil, &smithy.OperationError{ServiceID: "API Gateway", OperationName: "GetRestApi", Err: &types.NotFoundException{}}
}

func (named) GetRestApis(context.Context, *apigateway.GetRestApisInput, ...func(*apigateway.Options)) (*apigateway.GetRestApisOutput, error) {
	api := func(id, name string) types.RestApi { return types.RestApi{Id: &id, Name: &name} }
	return &apigateway.GetRestApisOutput{Items: []types.RestApi{api("abc123", "Shop"), api("def456", "Twice"), api("cba321", "Twice")}}, nil
}

func (named) GetBasePathMappings(_ context.Context, in *apigateway.GetBasePathMappingsInput, _ ...func(*apigateway.Options)) (*apigateway.GetBasePathMappingsOutput, error) {
	if *in.DomainName != "api.example.com" {
		return nil, &smithy.OperationError{ServiceID: "API Gateway", OperationName: "GetBasePathMappings", Err: &types.NotFoundException{}}
	}
	mapping := func(path, id, stage string) types.BasePathMapping {
		return types.BasePathMapping{BasePath: aws.String(path), RestApiId: aws.String(id), Stage: aws.String(stage)}
	}
	return &apigateway.GetBasePathMappingsOutput{Items: []types.BasePathMapping{mapping("(none)", "root11", "live"), mapping("v1", "abc123", "prod"), mapping("v1/beta", "beta11", "test")}}, nil
}

// TestWhich holds that an API is found by its id, its name and its addresses, and its stage by the last.
func TestWhich(t *testing.T) {
	for given, want := range map[string]string{
		"abc123": "abc123 ", "Shop": "abc123 ", "nobody": "nobody ",
		"https://abc123.execute-api.eu-west-1.amazonaws.com/prod/orders?x": "abc123 prod",
		"https://abc123.execute-api.eu-west-1.amazonaws.com":               "abc123 ",
		"https://abc123-vpce-0a1b2c.execute-api.eu-west-1.amazonaws.com/t": "abc123 t",
		"http://abc123.execute-api.localhost.localstack.cloud:4566/prod/":  "abc123 prod",
		"http://localhost:4566/restapis/abc123/prod/_user_request_/orders": "abc123 prod",
		"http://localhost:4566/_aws/execute-api/abc123/prod/orders":        "abc123 prod",
		"https://api.example.com/v1/orders":                                "abc123 prod",
		"https://api.example.com/v1/beta":                                  "beta11 test",
		"https://api.example.com/v10":                                      "root11 live",
		"https://www.example.com/v1":                                       "www.example.com is neither a custom domain in eu-west-1 nor the address of a REST API; name the API's id",
		"Twice":                                                            "2 REST APIs in eu-west-1 have the name Twice; give the id of one: cba321, def456",
	} {
		id, stage, err := Which(t.Context(), named{}, "eu-west-1", given, "")
		got := id + " " + stage
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", given, got, want)
		}
	}
	if _, stage, _ := Which(t.Context(), named{}, "eu-west-1", "https://abc123.execute-api.eu-west-1.amazonaws.com/prod", "test"); stage != "test" {
		t.Errorf("--stage is overruled by %s", stage)
	}
}

// foul is an account that says nothing but what harms.
type foul struct{ published }

func (foul) GetRestApi(context.Context, *apigateway.GetRestApiInput, ...func(*apigateway.Options)) (*apigateway.GetRestApiOutput, error) {
	return &apigateway.GetRestApiOutput{Name: aws.String(hostile.Text), RootResourceId: aws.String("root"), BinaryMediaTypes: []string{hostile.Text, "*/*"}}, nil
}

func (foul) GetResources(ctx context.Context, in *apigateway.GetResourcesInput, o ...func(*apigateway.Options)) (*apigateway.GetResourcesOutput, error) {
	out, err := published{}.GetResources(ctx, in, o...)
	if err != nil {
		return nil, err
	}
	// Not in the id of a resource alone, since that would leave nothing to judge.
	verbs := options("GET," + hostile.Line)
	for k := range verbs.MethodIntegration.IntegrationResponses["204"].ResponseParameters {
		verbs.MethodIntegration.IntegrationResponses["204"].ResponseParameters[k] = "'" + hostile.Line + "'"
	}
	verbs.MethodIntegration.ContentHandling = ""
	out.Items = append(out.Items, types.Resource{Id: aws.String("r9" + hostile.Text), ParentId: aws.String("root"), PathPart: aws.String(hostile.Text), Path: aws.String("/" + hostile.Text),
		ResourceMethods: map[string]types.Method{"OPTIONS": verbs, "PUT": out.Items[1].ResourceMethods["POST"], hostile.Line: out.Items[1].ResourceMethods["POST"]}})
	return out, nil
}

func (foul) GetStages(context.Context, *apigateway.GetStagesInput, ...func(*apigateway.Options)) (*apigateway.GetStagesOutput, error) {
	return &apigateway.GetStagesOutput{Item: []types.Stage{{StageName: aws.String(hostile.Text), DeploymentId: aws.String(hostile.Text), CacheClusterEnabled: true, MethodSettings: map[string]types.MethodSetting{"*/*": {CachingEnabled: true}},
		Variables:      map[string]string{"fn": hostile.Text, "corsOrigins": hostile.Text, "corsMaxAge": hostile.Text, "corsMethods": hostile.Text, "corsRequestHeaders": hostile.Text, "corsCredentials": hostile.Text, "cors" + hostile.Text: hostile.Text},
		CanarySettings: &types.CanarySettings{PercentTraffic: 10, StageVariableOverrides: map[string]string{"cors" + hostile.Text: "x", "corsOrigins": hostile.Line}}}}}, nil
}

func (foul) GetGatewayResponses(context.Context, *apigateway.GetGatewayResponsesInput, ...func(*apigateway.Options)) (*apigateway.GetGatewayResponsesOutput, error) {
	return &apigateway.GetGatewayResponsesOutput{Items: []types.GatewayResponse{{ResponseType: "DEFAULT_4XX", ResponseParameters: map[string]string{"gatewayresponse.header.Access-Control-Allow-Origin": "'" + hostile.Line + "'", "gatewayresponse.header." + hostile.Text: hostile.Text}},
		{ResponseType: types.GatewayResponseType(hostile.Text)}}}, nil
}

func (foul) GetAuthorizers(context.Context, *apigateway.GetAuthorizersInput, ...func(*apigateway.Options)) (*apigateway.GetAuthorizersOutput, error) {
	return &apigateway.GetAuthorizersOutput{Items: []types.Authorizer{{Id: aws.String("a2"), Name: aws.String(hostile.Text), Type: types.AuthorizerType(hostile.Text), IdentitySource: aws.String(hostile.Text)}}}, nil
}

func (foul) GetDomainNames(context.Context, *apigateway.GetDomainNamesInput, ...func(*apigateway.Options)) (*apigateway.GetDomainNamesOutput, error) {
	return &apigateway.GetDomainNamesOutput{Items: []types.DomainName{{DomainName: aws.String(hostile.Text)}}}, nil
}

func (foul) GetBasePathMappings(context.Context, *apigateway.GetBasePathMappingsInput, ...func(*apigateway.Options)) (*apigateway.GetBasePathMappingsOutput, error) {
	return &apigateway.GetBasePathMappingsOutput{Items: []types.BasePathMapping{{BasePath: aws.String(hostile.Text), RestApiId: aws.String("abc123"), Stage: aws.String(hostile.Text + "gone")}}}, nil
}

func (foul) GetExport(context.Context, *apigateway.GetExportInput, ...func(*apigateway.Options)) (*apigateway.GetExportOutput, error) {
	text, err := json.Marshal(hostile.Text)
	return &apigateway.GetExportOutput{Body: []byte(`{"openapi": "3.0.1", "paths": {` + string(text) + `: {"get": {}}}}`)}, err
}

// TestHostile holds that nothing of what AWS, or what stands for it, says is more than text in what inspect prints.
func TestHostile(t *testing.T) {
	s, err := Read(t.Context(), foul{}, &functions{}, "eu-west-1", "abc123", "")
	if err != nil {
		t.Fatal(err)
	}
	rep, policies, err := Inspect(t.Context(), s, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var found []rules.ID
	for _, f := range rep.Findings {
		found = append(found, f.Rule)
	}
	for _, want := range []rules.ID{rules.CORS407, rules.CORS604, rules.CORS605} {
		if !slices.Contains(found, want) {
			t.Errorf("%s is not found: %s", want, found)
		}
	}
	for _, format := range hostile.Formats {
		var b strings.Builder
		if err := rep.Write(&b, format); err != nil {
			t.Fatal(err)
		}
		hostile.Check(t, format, b.String())
	}
	text, err := Go(policies)
	if err != nil {
		t.Fatal(err)
	}
	hostile.Check(t, "text", string(text))
}
