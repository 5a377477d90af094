// Command handler is the Lambda function behind the catalog's API. It knows
// nothing of CORS: corslambda puts the headers on its response.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/corsgate/corsgate/constructs/corslambda"
)

// A product's price is in cents.
type product struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Price int    `json:"price"`
}

//go:embed catalogue.json
var catalogueJSON []byte

type handler struct {
	products []product
	byID     map[string]product
}

func main() {
	h, err := newHandler(catalogueJSON)
	if err != nil {
		panic(err) // the embedded catalogue is part of the program
	}
	lambda.Start(corslambda.Wrap(h.handle))
}

func newHandler(catalogue []byte) (*handler, error) {
	h := &handler{byID: map[string]product{}}
	if err := json.Unmarshal(catalogue, &h.products); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	for _, p := range h.products {
		h.byID[p.ID] = p
	}
	return h, nil
}

func (h *handler) handle(_ context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	var resp events.APIGatewayProxyResponse
	switch route := event.HTTPMethod + " " + event.Resource; route {
	case "GET /products":
		resp = answer(http.StatusOK, h.products)
	case "GET /products/{id}":
		resp = h.product(event.PathParameters["id"])
	case "POST /carts/price":
		resp = h.price(event.Body)
	default:
		resp = problem(http.StatusNotFound, "no such route: "+route)
	}
	resp.Headers["X-Request-Id"] = event.RequestContext.RequestID
	return resp, nil
}

func (h *handler) product(id string) events.APIGatewayProxyResponse {
	p, ok := h.byID[id]
	if !ok {
		return problem(http.StatusNotFound, fmt.Sprintf("no product %q", id))
	}
	return answer(http.StatusOK, p)
}

// A line of a cart.
type line struct {
	ID       string `json:"id"`
	Quantity int    `json:"quantity"`
}

const maxQuantity = 1000

// price adds a cart up: {"lines": [{"id": "...", "quantity": 2}]}.
func (h *handler) price(body string) events.APIGatewayProxyResponse {
	var cart struct {
		Lines []line `json:"lines"`
	}
	dec := json.NewDecoder(strings.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&cart); err != nil {
		return problem(http.StatusBadRequest, "the body is not a cart: "+err.Error())
	}
	total := 0
	for i, l := range cart.Lines {
		p, ok := h.byID[l.ID]
		switch {
		case !ok:
			return problem(http.StatusBadRequest, fmt.Sprintf("line %d: no product %q", i+1, l.ID))
		case l.Quantity < 1 || l.Quantity > maxQuantity:
			return problem(http.StatusBadRequest, fmt.Sprintf("line %d: quantity %d, want 1 to %d", i+1, l.Quantity, maxQuantity))
		}
		total += p.Price * l.Quantity
	}
	return answer(http.StatusOK, map[string]int{"total": total})
}

func problem(status int, message string) events.APIGatewayProxyResponse {
	return answer(status, map[string]string{"message": message})
}

func answer(status int, body any) events.APIGatewayProxyResponse {
	b, err := json.Marshal(body)
	if err != nil { // only the types above come here
		panic(err)
	}
	return events.APIGatewayProxyResponse{
		StatusCode: status,
		Headers:    map[string]string{"Content-Type": "application/json"},
		Body:       string(b),
	}
}
