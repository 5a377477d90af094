package logs

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corslambda"
	"github.com/corsgate/corsgate/internal/rules"
)

// TestCorslambda holds that what corslambda logs is found: its own lines, as each handler writes them.
func TestCorslambda(t *testing.T) {
	p := policy(t, cors.Config{Origins: []string{"https://app.example.com"}})
	ask := func(h corslambda.Handler, origin, id string, vars map[string]string) {
		_, err := h(context.Background(), events.APIGatewayProxyRequest{HTTPMethod: "PUT", Path: "/orders/1", Resource: "/orders/{id}", Headers: map[string]string{"origin": origin},
			StageVariables: vars, RequestContext: events.APIGatewayProxyRequestContext{RequestID: id, Stage: "prod"}})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, handler := range map[string]func(io.Writer) slog.Handler{
		"lambda's keys": func(w io.Writer) slog.Handler {
			return slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: lambdacontext.ReplaceAttr})
		},
		"slog's keys": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
		"slog's text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			h := corslambda.Wrap(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
				return events.APIGatewayProxyResponse{StatusCode: 200, Headers: map[string]string{"Access-Control-Allow-Origin": "*"}}, nil
			}, corslambda.WithLogger(slog.New(handler(&out))))
			vars := p.StageVariables()
			ask(h, "https://www.example.com", "1", vars)
			ask(h, "https://www.example.com", "2", vars)
			ask(h, "https://www.example.com", "2", vars) // the same request told of once more
			ask(h, "https://elsewhere.test", "3", vars)
			ask(h, "null", "4", vars)
			ask(h, "https://app.example.com", "5", vars)
			ask(h, "https://elsewhere.test", "6", map[string]string{"corsOrigins": "nonsense"})

			more := corslambda.Wrap(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
				return events.APIGatewayProxyResponse{StatusCode: 200}, nil
			}, corslambda.WithLogger(slog.New(handler(&out))))
			synctest.Test(t, func(t *testing.T) {
				for range 17 { // 10 are logged one by one
					ask(more, "https://elsewhere.test", "7", vars)
				}
				time.Sleep(time.Minute)
				ask(more, "https://elsewhere.test", "7", vars)
			})

			rep := scan(t, p, out.String())
			got := map[rules.ID]int{}
			for _, f := range rep.Findings {
				if strings.Contains(f.Detail, "more origins were refused") {
					if f.Rule != rules.CORS702 || !strings.Contains(f.Detail, "7 times") {
						t.Errorf("%+v", f)
					}
					continue
				}
				got[f.Rule]++
				if f.Rule != rules.CORS710 && (f.Method != "PUT" || f.Path != "/orders/{id}") {
					t.Errorf("%+v", f)
				}
			}
			for rule, n := range map[rules.ID]int{rules.CORS701: 1, rules.CORS702: 3, rules.CORS703: 1, rules.CORS710: 1} {
				if got[rule] != n {
					t.Errorf("%s %d times, want %d", rule, got[rule], n)
				}
			}
			if t.Failed() {
				t.Log(listing(rep))
			}
		})
	}
}

// The wrapper says why no runtime was started. It is not the call's own report.
func TestWrapper(t *testing.T) {
	p := policy(t, cors.Config{Origins: []string{"https://app.example.com"}})
	rep := scan(t, p, `{"timestamp":"2026-11-28T21:11:37.9Z","level":"ERROR","message":"corsgate: the runtime cannot be started","error":"fork/exec /opt/otel-handler: no such file or directory"}`+"\n")
	if len(rep.Findings) != 1 || rep.Findings[0].Rule != rules.CORS709 || !strings.Contains(rep.Findings[0].Detail, "the runtime cannot be started (fork/exec /opt/otel-handler: no such file or directory)") {
		t.Errorf("got %s", listing(rep))
	}
}
