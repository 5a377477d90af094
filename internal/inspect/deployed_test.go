package inspect

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// account is one with an API of one method, whose function has a secret; it panics when asked for what is not below.
type account struct{ Gateway }

func (account) GetRestApi(context.Context, *apigateway.GetRestApiInput, ...func(*apigateway.Options)) (*apigateway.GetRestApiOutput, error) {
	return &apigateway.GetRestApiOutput{Name: aws.String("Shop"), RootResourceId: aws.String("root"), Policy: aws.String(`{\"Version`)}, nil
}

func (account) GetResources(context.Context, *apigateway.GetResourcesInput, ...func(*apigateway.Options)) (*apigateway.GetResourcesOutput, error) {
	return &apigateway.GetResourcesOutput{Items: []types.Resource{{Id: aws.String("root"), Path: aws.String("/"), ResourceMethods: map[string]types.Method{
		"GET": {HttpMethod: aws.String("GET"), AuthorizationType: aws.String("NONE"), MethodIntegration: &types.Integration{Type: types.IntegrationTypeAwsProxy,
			Uri: aws.String("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:111111111111:function:${stageVariables.fn}:live/invocations")}}}}}}, nil
}

func (account) GetStages(context.Context, *apigateway.GetStagesInput, ...func(*apigateway.Options)) (*apigateway.GetStagesOutput, error) {
	return &apigateway.GetStagesOutput{Item: []types.Stage{{StageName: aws.String("prod"), Variables: map[string]string{"fn": "shop"}}}}, nil
}

func (account) GetExport(context.Context, *apigateway.GetExportInput, ...func(*apigateway.Options)) (*apigateway.GetExportOutput, error) {
	return &apigateway.GetExportOutput{Body: []byte("<html>")}, nil
}

func (account) GetGatewayResponses(context.Context, *apigateway.GetGatewayResponsesInput, ...func(*apigateway.Options)) (*apigateway.GetGatewayResponsesOutput, error) {
	return &apigateway.GetGatewayResponsesOutput{Items: []types.GatewayResponse{{ResponseType: types.GatewayResponseTypeThrottled, DefaultResponse: true}}}, nil
}

func (account) GetAuthorizers(context.Context, *apigateway.GetAuthorizersInput, ...func(*apigateway.Options)) (*apigateway.GetAuthorizersOutput, error) {
	return &apigateway.GetAuthorizersOutput{}, nil
}

func (account) GetRequestValidators(context.Context, *apigateway.GetRequestValidatorsInput, ...func(*apigateway.Options)) (*apigateway.GetRequestValidatorsOutput, error) {
	return &apigateway.GetRequestValidatorsOutput{}, nil
}

func (account) GetModels(context.Context, *apigateway.GetModelsInput, ...func(*apigateway.Options)) (*apigateway.GetModelsOutput, error) {
	return &apigateway.GetModelsOutput{}, nil
}

func (account) GetDomainNames(context.Context, *apigateway.GetDomainNamesInput, ...func(*apigateway.Options)) (*apigateway.GetDomainNamesOutput, error) {
	return &apigateway.GetDomainNamesOutput{}, nil
}

// functions has one, and notes how it was asked for.
type functions struct{ name, region string }

func (f *functions) GetFunctionConfiguration(_ context.Context, in *lambda.GetFunctionConfigurationInput, with ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error) {
	var o lambda.Options
	for _, w := range with {
		w(&o)
	}
	f.name, f.region = *in.FunctionName, o.Region
	return &lambda.GetFunctionConfigurationOutput{Environment: &lambdatypes.EnvironmentResponse{Variables: map[string]string{"ALLOWED_ORIGINS": "https://app.example.com", "DB_PASSWORD": "secret"}}}, nil
}

// TestRead holds what is kept of a function that a stage variable names, in another region than the API: the variables of
// its environment that name origins, and no other.
func TestRead(t *testing.T) {
	f := &functions{}
	s, err := Read(t.Context(), account{}, f, "eu-west-1", "abc123", "")
	if err != nil {
		t.Fatal(err)
	}
	if f.name != "arn:aws:lambda:eu-central-1:111111111111:function:shop:live" || f.region != "eu-central-1" {
		t.Errorf("asked for %s in %s", f.name, f.region)
	}
	text := string(s.configured(s.stages))
	if !strings.Contains(text, `"ALLOWED_ORIGINS":"https://app.example.com"`) || strings.Contains(text, "secret") || strings.Contains(text, "DB_PASSWORD") {
		t.Error(text)
	}
	if strings.Contains(text, "THROTTLED") {
		t.Error("a gateway response that nobody made is in", text)
	}
	if want := []string{"the resource policy: it is not a JSON document", "what stage prod serves: its export is not an OpenAPI document"}; !slices.Equal(s.Unseen, want) {
		t.Errorf("%q", s.Unseen)
	}
}

// TestGoMethods holds that a policy with methods of its own names them, and that what is not known is said.
func TestGoMethods(t *testing.T) {
	text, err := Go([]*InForce{{API: "abc123", Stage: "my-stage", Origins: []string{"https://app.example.com"}, Methods: []string{"GET", "PUT"}, MaxAge: "-1", Unknown: []string{"GET /x"}, Notes: []string{"a note"}},
		{API: "abc123", Stage: "myStage"}, {API: "abc123", Stage: "v1", Unknown: []string{"all"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"var corsMyStage = cors.Config{", `Methods: []string{"GET", "PUT"},`, "MaxAge:  cors.NoCache,", "// a note", "var corsMyStage_ = cors.Config{}", "// corsMyStage_ is the policy that stage myStage of", "var corsV1 = cors.Config{}", "// No origin is known to be let in. List those that are meant.", "cors.New refuses this policy as it is"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}
