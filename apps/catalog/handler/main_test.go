package main

import (
	"context"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

func TestHandler(t *testing.T) {
	h, err := newHandler(catalogueJSON)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		method, resource, id, body string
		status                     int
		want                       string
	}{
		{"GET", "/products/{id}", "cup", "", 200, `{"id":"cup","name":"Cup","price":790}`},
		{"GET", "/products/{id}", "sofa", "", 404, `{"message":"no product \"sofa\""}`},
		{"POST", "/carts/price", "", `{"lines":[{"id":"cup","quantity":2},{"id":"tea","quantity":1}]}`, 200, `{"total":2700}`},
		{"POST", "/carts/price", "", `{"lines":[]}`, 200, `{"total":0}`},
		{"POST", "/carts/price", "", `{"lines":[{"id":"sofa","quantity":1}]}`, 400, `{"message":"line 1: no product \"sofa\""}`},
		{"POST", "/carts/price", "", `{"lines":[{"id":"cup","quantity":0}]}`, 400, `{"message":"line 1: quantity 0, want 1 to 1000"}`},
		{"POST", "/carts/price", "", ``, 400, `{"message":"the body is not a cart: EOF"}`},
		{"GET", "/elsewhere", "", "", 404, `{"message":"no such route: GET /elsewhere"}`},
	} {
		resp, err := h.handle(context.Background(), events.APIGatewayProxyRequest{
			HTTPMethod: tt.method, Resource: tt.resource, Body: tt.body,
			PathParameters: map[string]string{"id": tt.id},
			RequestContext: events.APIGatewayProxyRequestContext{RequestID: "r1"},
		})
		if err != nil || resp.StatusCode != tt.status || resp.Body != tt.want {
			t.Errorf("%s %s: got %d %s, %v; want %d %s", tt.method, tt.resource, resp.StatusCode, resp.Body, err, tt.status, tt.want)
		}
		if resp.Headers["X-Request-Id"] != "r1" {
			t.Errorf("%s %s: no request id", tt.method, tt.resource)
		}
	}
}
