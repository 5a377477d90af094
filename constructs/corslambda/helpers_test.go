package corslambda_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"log/slog"
	"maps"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/corsgate/corsgate/constructs/corslambda"
)

// eventJSON is an event as API Gateway sends it for a request of Chromium from
// https://app.example.com, which its stage variables allow with credentials.
//
//go:embed testdata/event.json
var eventJSON []byte

// A patch is laid over eventJSON, member by member; nil is JSON's null.
type patch map[string]any

// event decodes eventJSON with a patch, as Lambda's runtime does.
func event(t testing.TB, p patch) events.APIGatewayProxyRequest {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal(eventJSON, &members); err != nil {
		t.Fatal(err)
	}
	maps.Copy(members, p)
	data, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	var e events.APIGatewayProxyRequest
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// headers is a patch with these request headers in both members, and method GET
// or that of the pseudo-header ":method".
func headers(h map[string]string) patch {
	p := patch{"httpMethod": "GET", "headers": map[string]any{}, "multiValueHeaders": map[string]any{}}
	for name, value := range h {
		if name == ":method" {
			p["httpMethod"] = value
			continue
		}
		p["headers"].(map[string]any)[name] = value
		p["multiValueHeaders"].(map[string]any)[name] = []string{value}
	}
	return p
}

var (
	fromApp       = headers(map[string]string{"origin": "https://app.example.com"})
	fromEvil      = headers(map[string]string{"origin": "https://evil.example"})
	fromNowhere   = headers(nil)
	preflight     = headers(map[string]string{":method": "OPTIONS", "origin": "https://app.example.com", "access-control-request-method": "PUT"})
	evilPreflight = headers(map[string]string{":method": "OPTIONS", "origin": "https://evil.example", "access-control-request-method": "PUT"})
)

func with(p patch, more patch) patch {
	p = maps.Clone(p)
	maps.Copy(p, more)
	return p
}

// client returns the headers that a client gets, one "Name: value" each, sorted:
// API Gateway takes them from both maps, and sends a header that is in both
// with both values.
func client(t testing.TB, single map[string]string, multi map[string][]string) []string {
	t.Helper()
	var lines []string
	for name, value := range single {
		lines = append(lines, textproto.CanonicalMIMEHeaderKey(name)+": "+value)
	}
	for name, values := range multi {
		if values == nil {
			t.Errorf("%s is null, which API Gateway takes for a malformed response", name)
		}
		for _, value := range values {
			lines = append(lines, textproto.CanonicalMIMEHeaderKey(name)+": "+value)
		}
	}
	slices.Sort(lines)
	return lines
}

// ask gives h the event and returns its answer as API Gateway reads it, from JSON.
func ask(t testing.TB, h corslambda.Handler, e events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	t.Helper()
	r, err := h(context.Background(), e)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back events.APIGatewayProxyResponse
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

// answers returns a handler that always gives r.
func answers(r events.APIGatewayProxyResponse) corslambda.Handler {
	return func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return r, nil
	}
}

// A journal collects what is logged.
type journal struct{ bytes.Buffer }

func (j *journal) option() corslambda.Option {
	return corslambda.WithLogger(slog.New(slog.NewJSONHandler(j, nil)))
}

// lines decodes what was logged: one JSON object a line, or the test fails.
func (j *journal) lines(t testing.TB) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range strings.Lines(j.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		out = append(out, m)
	}
	return out
}

func quiet() corslambda.Option {
	return corslambda.WithLogger(slog.New(slog.DiscardHandler))
}
