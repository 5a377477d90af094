package corslambda_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"github.com/corsgate/corsgate/constructs/corslambda"
)

// In main, lambda.Start(corslambda.Wrap(handle)) is all of it.
func ExampleWrap() {
	handle := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{StatusCode: 200, Body: "[]"}, nil
	}

	event := events.APIGatewayProxyRequest{
		HTTPMethod:     "GET",
		Path:           "/products",
		Headers:        map[string]string{"origin": "https://app.example.com"},
		StageVariables: map[string]string{"corsOrigins": "https://app.example.com,https://~.preview.example.com"},
	}
	response, err := corslambda.Wrap(handle)(context.Background(), event)
	if err != nil {
		fmt.Println(err)
	}
	headers, _ := json.MarshalIndent(response.Headers, "", "  ")
	fmt.Println(response.StatusCode, response.Body, string(headers))
	// Output:
	// 200 [] {
	//   "Access-Control-Allow-Origin": "https://app.example.com",
	//   "Vary": "Origin"
	// }
}

// An http.Handler: its own CORS headers, if it has any, are removed.
func ExampleWrapHandler() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products", func(w http.ResponseWriter, r *http.Request) {
		if event, ok := corslambda.Event(r.Context()); ok {
			fmt.Fprint(w, event.RequestContext.Stage)
		}
	})

	event := events.APIGatewayProxyRequest{
		HTTPMethod:     "GET",
		Path:           "/products",
		Headers:        map[string]string{"origin": "https://evil.example"},
		StageVariables: map[string]string{"corsOrigins": "https://app.example.com"},
		RequestContext: events.APIGatewayProxyRequestContext{Stage: "prod"},
	}
	quiet := corslambda.WithLogger(slog.New(slog.DiscardHandler))
	response, err := corslambda.WrapHandler(mux, quiet)(context.Background(), event) // in main: lambda.Start(corslambda.WrapHandler(mux))
	if err != nil {
		fmt.Println(err)
	}
	_, allowed := response.Headers["Access-Control-Allow-Origin"]
	fmt.Println(response.StatusCode, response.Body, allowed)
	// Output: 200 prod false
}
