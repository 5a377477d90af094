package cli

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corslambda"
	"github.com/corsgate/corsgate/internal/testkit/awstest"
)

// TestLogsMoto holds the command against moto: an API with a policy in its stage's variables, the lines that corslambda
// writes, more than a page of others, and API Gateway's execution log.
func TestLogsMoto(t *testing.T) {
	address := awstest.Moto(t)
	cfg := awstest.Config(t, address)
	ctx := t.Context()
	p, err := cors.New(cors.Config{Origins: []string{"https://app.example.com"}})
	if err != nil {
		t.Fatal(err)
	}

	api := deployMock(t, apigateway.NewFromConfig(cfg), p.StageVariables())
	client := cloudwatchlogs.NewFromConfig(cfg)
	put := func(group, stream string, lines ...string) {
		t.Helper()
		if _, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group}); err != nil && stream == "1" {
			t.Fatal(err)
		}
		if _, err := client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream}); err != nil {
			t.Fatal(err)
		}
		in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream}
		at := time.Now().Add(-10 * time.Minute)
		for i, l := range lines {
			in.LogEvents = append(in.LogEvents, logtypes.InputLogEvent{Message: aws.String(l), Timestamp: aws.Int64(at.Add(time.Duration(i) * time.Millisecond).UnixMilli())})
		}
		if _, err := client.PutLogEvents(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
	var ordinary []string
	for i := range 9000 {
		ordinary = append(ordinary, fmt.Sprintf("START RequestId: %d", i))
	}
	put("/aws/lambda/orders", "1", ordinary...)
	put("/aws/lambda/orders", "2", ordinary...)
	put("/aws/lambda/orders", "3", corslambdaLines(t, p)...)
	put("API-Gateway-Execution-Logs_"+api+"/prod", "1",
		"(4bb1a9c2-0000-4000-8000-000000000002) HTTP Method: GET, Resource Path: /orders/2", // corslambda has told of it
		"(4bb1a9c2-0000-4000-8000-000000000002) Method request headers: {Origin=https://www.example.com, Host=api.example.net}",
		"(4bb1a9c2-0000-4000-8000-000000000002) Method response headers: {Vary=Origin}",
		"(4bb1a9c2-0000-4000-8000-000000000002) Method completed with status: 200",
		"(4bb1a9c2-0000-4000-8000-000000000003) HTTP Method: OPTIONS, Resource Path: /orders",
		"(4bb1a9c2-0000-4000-8000-000000000003) Execution failed due to configuration error: Unable to transform request",
		"(4bb1a9c2-0000-4000-8000-000000000003) Method completed with status: 500",
	)

	var out, errs bytes.Buffer
	status := Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}.Run(ctx, []string{"logs", "--endpoint-url", readOnly(t, address),
		"--function", "orders", "--rest-api-id", api, "--stage", "prod", "--since", "1d"})
	for _, want := range []string{
		"warning CORS701: an origin was refused that resembles an allowed one\n  /aws/lambda/orders, GET /orders/{id}\n",
		"an entry may be missing (3 times, from ",
		"warning CORS703: a handler sets CORS headers of its own\n  /aws/lambda/orders, GET /orders/{id}\n",
		"error CORS706: preflights failed\n  API-Gateway-Execution-Logs_" + api + "/prod, OPTIONS /orders\n",
		"1 error, 2 warnings, 0 notes in 18011 log lines up to ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("without %q:\n%s", want, &out)
		}
	}
	if status != statusRefused || errs.Len() > 0 {
		t.Errorf("status %d, %s", status, &errs)
	}
	for _, s := range []string{awstest.SecretKey, awstest.SessionToken} {
		if strings.Contains(out.String()+errs.String(), s) {
			t.Error("credentials in the output")
		}
	}
}

// corslambdaLines are what corslambda writes of three refused requests to a handler with headers of its own.
func corslambdaLines(t *testing.T, p *cors.Policy) []string {
	t.Helper()
	var out bytes.Buffer
	h := corslambda.Wrap(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{StatusCode: 200, Headers: map[string]string{"Access-Control-Allow-Origin": "*"}}, nil
	}, corslambda.WithLogger(slog.New(slog.NewJSONHandler(&out, nil))))
	for i := range 3 {
		_, err := h(t.Context(), events.APIGatewayProxyRequest{HTTPMethod: "GET", Path: fmt.Sprintf("/orders/%d", i), Resource: "/orders/{id}", Headers: map[string]string{"origin": "https://www.example.com"},
			StageVariables: p.StageVariables(), RequestContext: events.APIGatewayProxyRequestContext{RequestID: fmt.Sprintf("4bb1a9c2-0000-4000-8000-%012d", i), Stage: "prod"}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

// deployMock makes an API with one mock and a stage prod that logs all there is, and gives its id.
func deployMock(t *testing.T, client *apigateway.Client, variables map[string]string) string {
	t.Helper()
	ctx := t.Context()
	api, err := client.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("orders")})
	if err != nil {
		t.Fatal(err)
	}
	root := api.RootResourceId
	for _, err := range []error{
		second(client.PutMethod(ctx, &apigateway.PutMethodInput{RestApiId: api.Id, ResourceId: root, HttpMethod: aws.String("GET"), AuthorizationType: aws.String("NONE")})),
		second(client.PutMethodResponse(ctx, &apigateway.PutMethodResponseInput{RestApiId: api.Id, ResourceId: root, HttpMethod: aws.String("GET"), StatusCode: aws.String("200")})),
		second(client.PutIntegration(ctx, &apigateway.PutIntegrationInput{RestApiId: api.Id, ResourceId: root, HttpMethod: aws.String("GET"), Type: apitypes.IntegrationTypeMock})),
		second(client.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: api.Id, StageName: aws.String("prod"), Variables: variables})),
		second(client.UpdateStage(ctx, &apigateway.UpdateStageInput{RestApiId: api.Id, StageName: aws.String("prod"), PatchOperations: []apitypes.PatchOperation{
			{Op: apitypes.OpReplace, Path: aws.String("/*/*/logging/loglevel"), Value: aws.String("INFO")},
			{Op: apitypes.OpReplace, Path: aws.String("/*/*/logging/dataTrace"), Value: aws.String("true")},
		}})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return aws.ToString(api.Id)
}

func second[T any](_ T, err error) error { return err }

// readOnly is an address that passes to another what reads, and fails the test for what does not.
func readOnly(t *testing.T, address string) string {
	t.Helper()
	to, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := awstest.IsRead(r); err != nil {
			t.Error(err)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
