// Package triangle holds the three places that decide CORS against each other: what API Gateway makes of the rendered
// template, what corslambda, or the wrapper, puts on a function's responses, and the policy itself. For random policies, APIs and requests
// a browser must come to the same verdict, by the same headers, whichever of them it listens to.
//
// What rapid finds it shrinks and keeps in testdata/rapid, which it runs first from then on.
package triangle

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"pgregory.net/rapid"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corslambda"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/emit"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/plan"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/testkit/model"
	"github.com/corsgate/corsgate/internal/wrapper"
)

const (
	apis     = 600 // that rapid draws
	requests = 40  // of each
	enough   = 20_000
)

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		checks := apis
		if testing.Short() {
			checks = apis / 10
		}
		if err := flag.Set("rapid.checks", fmt.Sprint(checks)); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// A world is an API with its template loaded and the function behind it.
type world struct {
	api
	template *gateway.API // as corsapi renders it
	bare     *gateway.API // the function answers everything, preflights too
	backend  backend
}

// A backend is the function, in process and with corslambda or the wrapper around it, and the HTTP server.
type backend struct {
	invoke func(ctx context.Context, event []byte) ([]byte, error)
	answer answer
}

// A response is what the handler and the server give to every request, CORS headers of their own included.
type answer struct {
	Status   int
	Headers  map[string]string
	Fails    bool
	Attached bool // the wrapper is around the function, and not corslambda
}

func newBackend(a answer) backend {
	quiet := slog.New(slog.DiscardHandler)
	if a.Attached {
		return backend{attached(a, &emit.Emitter{Log: quiet}), a}
	}
	h := corslambda.Wrap(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		if a.Fails {
			return events.APIGatewayProxyResponse{}, fmt.Errorf("no")
		}
		return a.response(), nil
	}, corslambda.WithLogger(quiet))
	return backend{func(ctx context.Context, event []byte) ([]byte, error) {
		var e events.APIGatewayProxyRequest
		if err := json.Unmarshal(event, &e); err != nil {
			return nil, err
		}
		r, err := h(ctx, e)
		if err != nil {
			return nil, &gateway.FunctionError{Message: err.Error()}
		}
		return json.Marshal(r)
	}, a}
}

// attached is the function behind the wrapper, which makes responses of its errors.
func attached(a answer, emitter *emit.Emitter) func(context.Context, []byte) ([]byte, error) {
	return func(ctx context.Context, event []byte) ([]byte, error) {
		e, ok := wrapper.RESTEvent(event)
		if !ok {
			return nil, fmt.Errorf("it is no event: %s", event)
		}
		d := emitter.Decide(ctx, e)
		switch {
		case d.Kind == cors.Preflight:
			return wrapper.Answer(d.Status, "", d), nil
		case a.Fails:
			return wrapper.Answer(http.StatusInternalServerError, emit.FailureBody, d), nil
		}
		response, err := json.Marshal(a.response())
		if err != nil {
			return nil, err
		}
		patched, _, ok := wrapper.Patch(response, d)
		if !ok {
			return nil, fmt.Errorf("it is no response: %s", response)
		}
		return patched, nil
	}
}

func (a answer) response() events.APIGatewayProxyResponse {
	return events.APIGatewayProxyResponse{StatusCode: a.Status, Headers: maps.Clone(a.Headers), Body: "{}"}
}

func (b backend) Invoke(ctx context.Context, _ gateway.Function, event []byte) ([]byte, error) {
	return b.invoke(ctx, event)
}

func (b backend) HTTP(context.Context, *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	out := &gateway.BackendResponse{Status: b.answer.Status, Body: []byte("{}"), Headers: gateway.Headers{{Name: "Content-Type", Value: "application/json"}}}
	for _, name := range slices.Sorted(maps.Keys(b.answer.Headers)) {
		out.Headers = append(out.Headers, gateway.Header{Name: name, Value: b.answer.Headers[name]})
	}
	return out, nil
}

func (b backend) AWS(context.Context, *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	return nil, &gateway.Unavailable{Reason: "no such service"}
}

func newWorld(t interface{ Fatal(...any) }, a api, ans answer) *world {
	load := func(a api) *gateway.API {
		loaded := model.Load(t, a.template(t), gateway.Options{})
		if len(loaded.Problems) > 0 {
			t.Fatal(loaded.Problems)
		}
		return loaded
	}
	w := &world{api: a, template: load(a), backend: newBackend(ans)}
	bare := api{policy: a.policy, binary: a.binary, bare: true}
	for _, r := range a.routes {
		bare.routes = append(bare.routes, route{r.path, map[string]kind{"ANY": proxy}})
	}
	w.bare = load(bare)
	return w
}

// A request is one of a page, to a route of the API.
type request struct {
	browser.Call
	route int // of the API's; -1 for a path that is not a route's
	http1 bool
}

// check compares the three for one request.
func (w *world) check(r request) error {
	ctx := context.Background()
	through := func(api *gateway.API) (*simulate.Report, error) {
		site := simulate.Site{API: api, Backend: w.backend, HTTP1: r.http1}
		return site.Run(ctx, r.Call)
	}
	got, err := through(w.template)
	if err != nil {
		return fmt.Errorf("no request at all: %w", err)
	}
	want, preflight, actual, err := w.decided(r)
	if err != nil {
		return err
	}
	if got.Verdict.Allowed != want.Allowed || got.Verdict.Code != want.Code || got.Verdict.Message != want.Message {
		return fmt.Errorf("by the template %+v,\nby the policy %+v", got.Verdict, want)
	}
	if err := sameHeaders("preflight", got.Preflight.Response, preflight); err != nil {
		return err
	}
	if err := sameHeaders("actual", got.Actual.Response, actual); err != nil {
		return err
	}

	// The function alone. It knows nothing of routes, and allows a preflight to ask for any method that the policy does.
	if !w.served(r) || actual != nil && actual.Status != 0 {
		return nil // API Gateway's own response is not the function's
	}
	lambda, err := through(w.bare)
	if err != nil {
		return err
	}
	if lambda.Verdict.Allowed != got.Verdict.Allowed || lambda.Verdict.Code != got.Verdict.Code {
		return fmt.Errorf("by the template %+v,\nby the function %+v", got.Verdict, lambda.Verdict)
	}
	return nil
}

// served reports whether the API has a method for a request, so that the function alone can stand for it.
func (w *world) served(r request) bool {
	method := browser.NormalizeMethod(r.Method)
	if r.route < 0 || !slices.Contains([]string{"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"}, method) {
		return false
	}
	m := w.routes[r.route].methods
	return m[method] != "" || m["ANY"] != ""
}

// corsHeaders are those that the three have to agree on.
var corsHeaders = []string{"access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods",
	"access-control-allow-headers", "access-control-max-age", "access-control-expose-headers", "vary"}

func sameHeaders(which string, got *simulate.GotResponse, want *browser.HTTPResponse) error {
	if got == nil || want == nil {
		if got != nil || want != nil {
			return fmt.Errorf("%s: by the template %v, by the policy %v", which, got, want)
		}
		return nil
	}
	if got.Status != want.Status && want.Status != 0 {
		return fmt.Errorf("%s: status by the template %d, by the policy %d", which, got.Status, want.Status)
	}
	g, p := map[string]string{}, map[string]string{}
	for _, name := range corsHeaders {
		if v, ok := got.Headers[name]; ok {
			g[name] = v
		}
		if v, ok := want.Header.Get(name); ok {
			p[name] = v
		}
	}
	if !reflect.DeepEqual(g, p) {
		return fmt.Errorf("%s: headers by the template %v, by the policy %v", which, g, p)
	}
	return nil
}

// decided works out the verdict from the policy's own decisions and what is known of the API, and the answers by which
// a browser comes to it. A status of 0 is not looked at.
func (w *world) decided(r request) (v browser.Verdict, preflight, actual *browser.HTTPResponse, err error) {
	req := r.Call
	req.URL = simulate.Base(w.template) + req.URL
	plan, err := browser.Prepare(req)
	if err != nil || plan.Refused != nil {
		if err == nil {
			v = *plan.Refused
		}
		return v, nil, nil, err
	}
	if plan.NeedsPreflight() {
		method, _ := plan.Preflight.Header.Get("Access-Control-Request-Method")
		preflight = w.decideOne(r.route, plan.Preflight, method)
		if v = plan.CheckPreflight(preflight); !v.Allowed {
			return v, preflight, nil, nil
		}
	}
	actual = w.decideOne(r.route, plan.Request, "")
	return plan.CheckResponse(actual), preflight, actual, nil
}

// decideOne returns what the policy puts on the response to one request.
func (w *world) decideOne(route int, q *browser.HTTPRequest, requestMethod string) *browser.HTTPResponse {
	method := q.Method
	origin, _ := q.Header.Get("Origin")
	contentType, typed := q.Header.Get("Content-Type")
	var methods map[string]kind
	if route >= 0 {
		methods = w.routes[route].methods
	}
	out := &browser.HTTPResponse{}
	k := methods[method]
	if k == "" {
		k = methods["ANY"]
	}
	switch {
	case len(methods) == 0, method != "OPTIONS" && k == "":
		// API Gateway's own response, by another rule: it has no template to decide in.
		out.Status = http.StatusForbidden
		w.gatewayError(out, origin)
		return out
	case k == mock && typed && essence(contentType) != "application/json":
		// A mock of the app's own that has a template for JSON alone: what else is sent goes past it, and has no status.
		out.Status = http.StatusInternalServerError
		w.gatewayError(out, origin)
		return out
	case method == "OPTIONS":
		d := w.policy.Decide(cors.Request{Method: method, Origin: origin, RequestMethod: requestMethod, Methods: w.routes[route].verbs()})
		out.Status = d.Status
		return decision(out, d)
	}
	return decision(out, w.policy.Decide(cors.Request{Method: method, Origin: origin}))
}

func essence(contentType string) string {
	e, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(e))
}

func decision(out *browser.HTTPResponse, d cors.Decision) *browser.HTTPResponse {
	for name, value := range d.Headers() {
		out.Header = append(out.Header, browser.Field{Name: name, Value: value})
	}
	return out
}

func (w *world) gatewayError(out *browser.HTTPResponse, origin string) {
	set := func(name, value string) { out.Header = append(out.Header, browser.Field{Name: name, Value: value}) }
	set("Vary", "Origin")
	allowed := "*"
	if single, ok := plan.SingleOrigin(w.policy); ok {
		allowed = single
	} else if w.echo && !w.policy.AnyOrigin() {
		allowed = origin
	}
	if allowed != "" {
		set("Access-Control-Allow-Origin", allowed)
	}
	if w.policy.Credentials() && allowed != "*" {
		set("Access-Control-Allow-Credentials", "true")
	}
	if w.policy.ExposedHeaders() != "" {
		set("Access-Control-Expose-Headers", w.policy.ExposedHeaders())
	}
}

func TestTriangle(t *testing.T) {
	exchanges, verdicts := 0, map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		a := drawAPI(t)
		w := newWorld(t, a, drawAnswer(t))
		for range requests {
			r := drawRequest(t, a)
			exchanges++
			if err := w.check(r); err != nil {
				t.Fatalf("%v\nrequest %+v\nroutes %v, echo %v, binary %v\nstage %v\nanswer %+v", err, r, a.routes, a.echo, a.binary, a.variables(), w.backend.answer)
			}
			v, _, _, _ := w.decided(r)
			verdicts[string(v.Code)+v.NetError]++
		}
	})
	t.Logf("%d exchanges: %v", exchanges, verdicts)
	if !testing.Short() && exchanges < enough && !t.Failed() {
		t.Errorf("%d exchanges, want %d", exchanges, enough)
	}
	// A generator that comes to one verdict only proves nothing.
	for _, code := range []browser.Code{"", browser.MissingAllowOriginHeader, browser.PreflightMissingAllowOriginHeader, browser.InvalidAllowCredentials,
		browser.PreflightInvalidAllowCredentials, browser.WildcardOriginNotAllowed, browser.PreflightWildcardOriginNotAllowed,
		browser.MethodDisallowedByPreflightResponse, browser.HeaderDisallowedByPreflightResponse} {
		if verdicts[string(code)] == 0 && !testing.Short() && !t.Failed() {
			t.Errorf("no exchange came to the verdict %q", code)
		}
	}
}

// TestAnyOriginHeader compares the three for what no page sends as its origin. No browser takes part: the headers have to
// be the same.
func TestAnyOriginHeader(t *testing.T) {
	seen := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		a := api{policy: drawPolicy(t), routes: []route{{"/items", map[string]kind{"GET": proxy, "PUT": mock}}}, binary: rapid.Bool().Draw(t, "binary"), apart: rapid.Bool().Draw(t, "apart")}
		w := newWorld(t, a, answer{Status: 200, Attached: rapid.Bool().Draw(t, "attached")})
		for range requests / 4 {
			origin := drawHeader(t, a.policy)
			name := rapid.SampledFrom([]string{"origin", "Origin"}).Draw(t, "name")
			for _, method := range []string{"OPTIONS", "GET", "PUT"} {
				q := &gateway.Request{Method: method, Path: "/items", Headers: gateway.Headers{{Name: "Accept", Value: "*/*"}}}
				if origin != "" {
					q.Headers = append(q.Headers, gateway.Header{Name: name, Value: origin})
				}
				asked := cors.Request{Method: method, Origin: origin}
				if method == "OPTIONS" {
					if origin == "" {
						continue // no preflight: the mock lists what it allows anyway
					}
					q.Headers = append(q.Headers, gateway.Header{Name: "Access-Control-Request-Method", Value: "PUT"})
					asked.RequestMethod, asked.Methods = "PUT", []string{"GET", "PUT"}
				}
				d := a.policy.Decide(asked)
				seen[d.Allowed]++
				want := decision(&browser.HTTPResponse{Status: d.Status}, d)
				if err := w.same(w.template, q, want, ""); err != nil {
					t.Fatalf("%s with %s %q: by the template: %v\nstage %v", method, name, origin, err, a.variables())
				}
				// The function does not know the resource's methods.
				if err := w.same(w.bare, q, want, "access-control-allow-methods"); err != nil {
					t.Fatalf("%s with %s %q: by the function: %v\nstage %v", method, name, origin, err, a.variables())
				}
			}
		}
	})
	t.Logf("%d allowed, %d not", seen[true], seen[false])
}

// same compares an API's respond with what the policy decides, all headers but one.
func (w *world) same(api *gateway.API, q *gateway.Request, want *browser.HTTPResponse, but string) error {
	res := api.Serve(context.Background(), q, w.backend)
	got := &simulate.GotResponse{Status: res.Status, Headers: simulate.Headers{}}
	for _, h := range res.Headers {
		if name := strings.ToLower(h.Name); name != but {
			got.Headers[name] = h.Value
		}
	}
	kept := &browser.HTTPResponse{Status: want.Status}
	for _, f := range want.Header {
		if strings.ToLower(f.Name) != but {
			kept.Header = append(kept.Header, f)
		}
	}
	return sameHeaders(q.Method, got, kept)
}
