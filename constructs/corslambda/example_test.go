package corslambda_test

import (
	"context"
	"encoding/json"
	"fmt"

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
