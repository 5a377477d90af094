package corslambda_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corslambda"
)

// FuzzEvent gives whatever decodes as an event to an http.Handler that reads
// all of the request. The response is one that API Gateway can read, allows only
// an origin that the event's policy allows, and echoes the event's body.
func FuzzEvent(f *testing.F) {
	f.Add(eventJSON)
	f.Fuzz(func(t *testing.T, data []byte) {
		var e events.APIGatewayProxyRequest
		if json.Unmarshal(data, &e) != nil {
			return
		}
		called := false
		h := corslambda.WrapHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			called = true
			r.URL.Query()
			r.Cookies()
			r.BasicAuth()
			if !strings.HasPrefix(r.RequestURI, r.URL.EscapedPath()) {
				t.Errorf("RequestURI is %q, the path %q", r.RequestURI, r.URL.EscapedPath())
			}
			for name, values := range r.Header {
				w.Header()[name] = values
			}
			io.Copy(w, r.Body)
		}), quiet())
		r, err := h(context.Background(), e)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Fatal(err)
		}
		for name, values := range r.MultiValueHeaders {
			if values == nil {
				t.Errorf("%s is null", name)
			}
		}

		policy, err := cors.FromStageVariables(e.StageVariables)
		if err != nil {
			policy = new(cors.Policy)
		}
		origin := r.Headers["Access-Control-Allow-Origin"]
		if origin != "" && !(policy.AnyOrigin() && origin == "*") && !policy.Match(origin) {
			t.Errorf("%q is allowed by %v", origin, policy.Origins())
		}
		lines := client(t, r.Headers, r.MultiValueHeaders)
		for i, line := range lines {
			name, _, _ := strings.Cut(line, ":")
			if i > 0 && strings.HasPrefix(line, "Access-Control-Allow-") && strings.HasPrefix(lines[i-1], name+":") {
				t.Errorf("two of %s: %q, %q", name, lines[i-1], line)
			}
		}

		sent := []byte(e.Body)
		if e.IsBase64Encoded {
			if sent, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
				if called || r.StatusCode != 500 && r.StatusCode != 403 && r.StatusCode != 204 {
					t.Errorf("a body that cannot be decoded is answered %d", r.StatusCode)
				}
				return
			}
		}
		if !called || e.HTTPMethod == http.MethodHead {
			return
		}
		back := []byte(r.Body)
		if r.IsBase64Encoded {
			if back, err = base64.StdEncoding.DecodeString(r.Body); err != nil {
				t.Fatal(err)
			}
		}
		if string(back) != string(sent) {
			t.Errorf("the body %q comes back as %q", sent, back)
		}
	})
}
