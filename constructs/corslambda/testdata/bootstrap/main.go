// Bootstrap is a Lambda function for the tests: the path of a request says
// what its handler does, and FORM which form is wrapped.
package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/corsgate/corsgate/constructs/corslambda"
)

func main() {
	switch os.Getenv("FORM") {
	case "stream":
		lambda.Start(corslambda.WrapStreaming(stream))
	case "http":
		mux := http.NewServeMux()
		mux.HandleFunc("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "product "+r.PathValue("id"))
		})
		lambda.Start(corslambda.WrapHandler(mux))
	case "errors":
		lambda.Start(corslambda.Wrap(plain, corslambda.WithInvocationErrors()))
	default:
		lambda.Start(corslambda.Wrap(plain))
	}
}

func plain(_ context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	switch event.Path {
	case "/error":
		return events.APIGatewayProxyResponse{}, errors.New("no such table")
	case "/panic":
		panic("out of products")
	}
	return events.APIGatewayProxyResponse{StatusCode: http.StatusOK, Body: "[]"}, nil
}

func stream(_ context.Context, event events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error) {
	switch event.Path {
	case "/error":
		return nil, errors.New("no such table")
	case "/panic":
		panic("out of products")
	}
	return &events.APIGatewayProxyStreamingResponse{
		StatusCode: http.StatusOK,
		Headers:    map[string]string{"access-control-allow-origin": "*", "Content-Type": "text/plain"},
		Body:       io.MultiReader(strings.NewReader("first "), strings.NewReader("second")),
	}, nil
}
