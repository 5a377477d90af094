package corslambda

import (
	"context"
	_ "embed"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

//go:embed testdata/event.json
var browserEvent []byte

func decoded(t testing.TB) events.APIGatewayProxyRequest {
	var e events.APIGatewayProxyRequest
	if err := json.Unmarshal(browserEvent, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// What decodes before the handler runs, whatever the handler is.
func BenchmarkDecodeEvent(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var e events.APIGatewayProxyRequest
		if err := json.Unmarshal(browserEvent, &e); err != nil {
			b.Fatal(err)
		}
	}
}

// The decision on a decoded event: the stage's variables looked up, the
// headers found, the policy asked.
func BenchmarkDecide(b *testing.B) {
	m := newMiddleware([]Option{WithLogger(slog.New(slog.DiscardHandler))})
	for name, change := range map[string]func(*events.APIGatewayProxyRequest){
		"allowed": func(*events.APIGatewayProxyRequest) {},
		"no origin": func(e *events.APIGatewayProxyRequest) {
			delete(e.Headers, "origin")
			delete(e.MultiValueHeaders, "origin")
		},
		"preflight": func(e *events.APIGatewayProxyRequest) {
			e.HTTPMethod = "OPTIONS"
			e.MultiValueHeaders["access-control-request-method"] = []string{"PUT"}
		},
	} {
		b.Run(name, func(b *testing.B) {
			e := decoded(b)
			change(&e)
			b.ReportAllocs()
			for b.Loop() {
				m.emitter.Decide(context.Background(), seen(&e))
			}
		})
	}
}

// All that the middleware adds to a handler: the decision and the headers.
func BenchmarkWrap(b *testing.B) {
	r := events.APIGatewayProxyResponse{StatusCode: 200, Headers: map[string]string{"Content-Type": "application/json", "ETag": `"1"`}, Body: "[]"}
	h := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return r, nil
	}
	for name, h := range map[string]Handler{"bare": h, "wrapped": Wrap(h)} {
		b.Run(name, func(b *testing.B) {
			e := decoded(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h(context.Background(), e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestDecideAllocatesNothing(t *testing.T) {
	m := newMiddleware(nil)
	e := decoded(t)
	if n := testing.AllocsPerRun(100, func() { m.emitter.Decide(context.Background(), seen(&e)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
