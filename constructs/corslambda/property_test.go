package corslambda_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"pgregory.net/rapid"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corslambda"
)

var corsNames = []string{
	"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods",
	"Access-Control-Allow-Headers", "Access-Control-Max-Age", "Access-Control-Expose-Headers",
}

// checkHeaders fails unless the CORS headers of a response are those of d, each
// in one map with one value, and Vary has Origin.
func checkHeaders(t rapid.TB, d cors.Decision, single map[string]string, multi map[string][]string) {
	t.Helper()
	want := maps.Collect(d.Headers())
	for _, name := range append(corsNames, "Vary") {
		var got []string
		for k, v := range single {
			if strings.EqualFold(k, name) {
				got = append(got, v)
			}
		}
		for k, v := range multi {
			if strings.EqualFold(k, name) {
				got = append(got, v...)
			}
		}
		if name == "Vary" {
			if len(got) != 1 || got[0] != "*" && !slices.ContainsFunc(strings.Split(got[0], ", "), func(s string) bool { return strings.EqualFold(s, "Origin") }) {
				t.Errorf("Vary is %q", got)
			}
			continue
		}
		if value, ok := want[name]; ok && !slices.Equal(got, []string{value}) || !ok && len(got) > 0 {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
}

// genName draws a header name in some spelling.
func genName() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		name := []byte(rapid.SampledFrom(append(corsNames, "Vary", "Content-Type", "Set-Cookie", "X-A")).Draw(t, "name"))
		switch rapid.IntRange(0, 3).Draw(t, "spelling") {
		case 0:
			return string(name)
		case 1:
			return strings.ToLower(string(name))
		case 2:
			return strings.ToUpper(string(name))
		}
		for i := range name {
			if rapid.Bool().Draw(t, "flip") {
				name[i] ^= ' ' & (name[i] >> 1) // the case bit, of letters only
			}
		}
		return string(name)
	})
}

// For any response of a handler and any event, the CORS headers are those of
// Policy.Decide, in all three forms.
func TestEveryAnswer(t *testing.T) {
	origins := []string{"", "https://app.example.com", "https://x.preview.example.com", "https://evil.example", "null", "https://app.example.com, https://app.example.com"}
	values := rapid.SampledFrom([]string{"*", "true", "Origin", "Accept, origin", "https://evil.example", "https://app.example.com", ""})
	rapid.Check(t, func(t *rapid.T) {
		e := events.APIGatewayProxyRequest{
			HTTPMethod:     rapid.SampledFrom([]string{"GET", "POST", "OPTIONS", "HEAD", ""}).Draw(t, "method"),
			Path:           rapid.SampledFrom([]string{"/", "", "/a%zz", "//x"}).Draw(t, "path"),
			StageVariables: map[string]string{"corsOrigins": rapid.SampledFrom([]string{"https://app.example.com,https://~.preview.example.com", "~", "nonsense", ""}).Draw(t, "corsOrigins")},
		}
		if e.StageVariables["corsOrigins"] == "~" && rapid.Bool().Draw(t, "every origin") {
			e.StageVariables = map[string]string{"corsAnyOrigin": "true"}
		}
		if rapid.IntRange(0, 3).Draw(t, "token") == 0 {
			e.StageVariables["corsExactOrigin"] = rapid.SampledFrom([]string{"https://evil.example", "https://evil.example,https://~.example", "null"}).Draw(t, "corsExactOrigin")
		}
		if rapid.Bool().Draw(t, "credentials") {
			e.StageVariables["corsCredentials"] = "true"
			e.StageVariables["corsExposedHeaders"] = "etag"
		}
		request := cors.Request{Method: e.HTTPMethod, Origin: rapid.SampledFrom(origins).Draw(t, "origin")}
		if rapid.Bool().Draw(t, "asks") {
			request.RequestMethod = "PUT"
		}
		inSingle, inMulti := rapid.Bool().Draw(t, "in headers"), rapid.Bool().Draw(t, "in multiValueHeaders")
		set := func(name, value string) {
			if value != "" && inSingle {
				e.Headers[name] = value
			}
			if value != "" && (inMulti || !inSingle) {
				e.MultiValueHeaders[name] = strings.Split(value, ", ")
			}
		}
		e.Headers, e.MultiValueHeaders = map[string]string{}, map[string][]string{}
		set(rapid.SampledFrom([]string{"Origin", "origin", "ORIGIN"}).Draw(t, "spelling"), request.Origin)
		set(rapid.SampledFrom([]string{"Access-Control-Request-Method", "access-control-request-method"}).Draw(t, "spelling"), request.RequestMethod)

		policy, err := cors.FromStageVariables(e.StageVariables)
		if err != nil {
			policy = new(cors.Policy)
		}
		want := policy.Decide(request)

		theirs := events.APIGatewayProxyResponse{
			StatusCode:        rapid.IntRange(200, 599).Draw(t, "status"),
			Headers:           rapid.MapOf(genName(), values).Draw(t, "response headers"),
			MultiValueHeaders: rapid.MapOf(genName(), rapid.SliceOfN(values, 0, 3)).Draw(t, "response multi-value headers"),
		}
		fails := rapid.SampledFrom([]string{"", "error", "panic"}).Draw(t, "fails")
		fail := func() error {
			switch fails {
			case "panic":
				panic("panic")
			case "error":
				return errors.New("error")
			}
			return nil
		}
		status := theirs.StatusCode
		switch {
		case want.Kind == cors.Preflight:
			status = want.Status
		case fails != "":
			status = 500
		}

		r, err := corslambda.Wrap(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			return theirs, fail()
		}, quiet())(context.Background(), e)
		if err != nil || r.StatusCode != status {
			t.Errorf("Wrap: %d, %v, want %d", r.StatusCode, err, status)
		}
		checkHeaders(t, want, r.Headers, r.MultiValueHeaders)

		s, err := corslambda.WrapStreaming(func(context.Context, events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error) {
			return &events.APIGatewayProxyStreamingResponse{StatusCode: theirs.StatusCode, Headers: theirs.Headers, MultiValueHeaders: theirs.MultiValueHeaders}, fail()
		}, quiet())(context.Background(), e)
		if err != nil || s.StatusCode != status {
			t.Errorf("WrapStreaming: %d, %v, want %d", s.StatusCode, err, status)
		}
		checkHeaders(t, want, s.Headers, s.MultiValueHeaders)

		r, err = corslambda.WrapHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name, value := range theirs.Headers {
				w.Header()[name] = []string{value}
			}
			for name, values := range theirs.MultiValueHeaders {
				w.Header()[name] = append(w.Header()[name], values...)
			}
			w.WriteHeader(theirs.StatusCode)
			if err := fail(); err != nil {
				panic(err)
			}
		}), quiet())(context.Background(), e)
		if err != nil || r.StatusCode != status {
			t.Errorf("WrapHandler: %d, %v, want %d", r.StatusCode, err, status)
		}
		checkHeaders(t, want, r.Headers, r.MultiValueHeaders)
	})
}
