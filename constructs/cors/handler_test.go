package cors_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"testing"
	"time"

	jub0bs "github.com/jub0bs/cors"
	"pgregory.net/rapid"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/browser"
)

const app, evil = "https://app.example.com", "https://evil.example"

func appPolicy(t testing.TB) *cors.Policy {
	return mustNew(t, cors.Config{
		Origins: []string{app}, AllowCredentials: true, RequestHeaders: []string{"content-type"},
		ExposedHeaders: []string{"etag"}, MaxAge: time.Hour,
	})
}

// request is one with these headers; no value leaves a header out.
func request(method string, header map[string][]string) *http.Request {
	r := httptest.NewRequest(method, "https://api.example.com/", nil)
	for name, values := range header {
		r.Header[name] = values
	}
	return r
}

// What Handler sends is what Decide says, for each kind of request.
func TestHandlerSendsTheDecision(t *testing.T) {
	const get, ask = http.MethodGet, http.MethodOptions
	for name, p := range map[string]*cors.Policy{
		"one origin":  appPolicy(t),
		"bare":        mustNew(t, cors.Config{Origins: []string{app}}),
		"any origin":  mustNew(t, cors.Config{Origins: []string{"*"}, ExposedHeaders: []string{"*"}}),
		"zero policy": {},
	} {
		for _, q := range []cors.Request{
			{Method: get},
			{Method: get, Origin: app},
			{Method: get, Origin: evil},
			{Method: get, Origin: app, RequestMethod: "PUT"},
			{Method: ask},
			{Method: ask, RequestMethod: "PUT"},
			{Method: ask, Origin: app},
			{Method: ask, Origin: app, RequestMethod: "PUT"},
			{Method: ask, Origin: app, RequestMethod: "put"},
			{Method: ask, Origin: evil, RequestMethod: "PUT"},
		} {
			t.Run(fmt.Sprint(name, q), func(t *testing.T) {
				header := map[string][]string{}
				if q.Origin != "" {
					header["Origin"] = []string{q.Origin}
				}
				if q.RequestMethod != "" {
					header["Access-Control-Request-Method"] = []string{q.RequestMethod}
				}
				called := false
				w := httptest.NewRecorder()
				p.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					called = true
					w.WriteHeader(http.StatusTeapot)
				})).ServeHTTP(w, request(q.Method, header))

				d := p.Decide(q)
				want := http.Header{}
				for name, value := range d.Headers() {
					want.Set(name, value)
				}
				status := http.StatusTeapot
				if d.Kind == cors.Preflight {
					status = d.Status
				}
				if got := w.Result(); !reflect.DeepEqual(got.Header, want) || got.StatusCode != status {
					t.Errorf("got %d %v, want %d %v", got.StatusCode, got.Header, status, want)
				}
				if called != (d.Kind != cors.Preflight) {
					t.Errorf("next called: %v", called)
				}
			})
		}
	}
}

func TestHandlerRepeatedHeaders(t *testing.T) {
	h := appPolicy(t).Handler(http.NotFoundHandler())
	for name, header := range map[string]map[string][]string{
		"origin": {"Origin": {app, app}, "Access-Control-Request-Method": {"PUT"}},
		"method": {"Origin": {app}, "Access-Control-Request-Method": {"PUT", "GET"}},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request(http.MethodOptions, header))
		if methods := w.Header()["Access-Control-Allow-Methods"]; methods != nil {
			t.Errorf("two values of %s allow %q", name, methods)
		}
	}
}

// Vary keeps what an outer handler put there, and what next adds.
func TestHandlerVary(t *testing.T) {
	for _, origin := range []string{app, evil} {
		outer := make([]string, 1, 4)
		outer[0] = "Accept"
		w := httptest.NewRecorder()
		w.Header()["Vary"] = outer
		appPolicy(t).Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("Vary", "Accept-Encoding")
		})).ServeHTTP(w, request(http.MethodGet, map[string][]string{"Origin": {origin}}))
		if got := w.Header()["Vary"]; !slices.Equal(got, []string{"Accept", "Origin", "Accept-Encoding"}) {
			t.Errorf("from %s: %q", origin, got)
		}
		if outer[:2][1] != "" {
			t.Error("it writes behind a slice that is not its own")
		}
	}
}

// A handler that writes to the values it finds changes its own response only.
func TestHandlerSharesNothing(t *testing.T) {
	p := appPolicy(t)
	vandal := p.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range w.Header() {
			values[0] = "vandalised"
			w.Header()[name] = append(values, "more")
		}
	}))
	for _, origin := range []string{app, evil} {
		r := request(http.MethodGet, map[string][]string{"Origin": {origin}})
		w := httptest.NewRecorder()
		vandal.ServeHTTP(w, r)
		for name, values := range w.Header() {
			if !slices.Equal(values, []string{"vandalised", "more"}) {
				t.Errorf("%s of one answer has values of another header: %q", name, values)
			}
		}
		if got := r.Header["Origin"][0]; got != origin {
			t.Errorf("the request's origin became %q", got)
		}
		w = httptest.NewRecorder()
		p.Handler(http.NotFoundHandler()).ServeHTTP(w, r)
		for name, values := range w.Header() {
			if slices.Contains(values, "vandalised") {
				t.Errorf("%s of the next answer is %q", name, values)
			}
		}
	}
}

// A sink is a ResponseWriter that allocates nothing.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(int)             {}

// One allocation a response, however many headers it has.
func TestHandlerAllocations(t *testing.T) {
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	h := appPolicy(t).Handler(nothing)
	for name, r := range map[string]*http.Request{
		"allowed":   request(http.MethodGet, map[string][]string{"Origin": {app}}),
		"refused":   request(http.MethodGet, map[string][]string{"Origin": {evil}}),
		"preflight": request(http.MethodOptions, map[string][]string{"Origin": {app}, "Access-Control-Request-Method": {"PUT"}}),
	} {
		w := &sink{header: http.Header{}}
		if n := testing.AllocsPerRun(100, func() {
			clear(w.header)
			h.ServeHTTP(w, r)
		}); n > 1 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// A browser comes to the same end, and shows its page the same headers, with
// this middleware and with that of jub0bs/cors.
func TestHandlerAgainstJub0bs(t *testing.T) {
	ends := map[string]int{}
	some := func(t *rapid.T, label string, of ...string) []string {
		return rapid.SliceOfDistinct(rapid.SampledFrom(of), rapid.ID[string]).Draw(t, label)
	}
	rapid.Check(t, func(t *rapid.T) {
		cfg := cors.Config{
			Origins:          append(some(t, "origins", "https://*.example.com", "http://localhost:*", "https://other.example:8443"), app),
			AllowCredentials: rapid.Bool().Draw(t, "credentials"),
			Methods:          some(t, "methods", "GET", "PUT", "DELETE"),
			RequestHeaders:   some(t, "request headers", "content-type", "x-api-key", "authorization"),
			ExposedHeaders:   some(t, "exposed headers", "etag", "x-total"),
		}
		if rapid.Bool().Draw(t, "open") {
			cfg.Origins, cfg.AllowCredentials = []string{"*"}, false
			cfg.RequestHeaders, cfg.ExposedHeaders = []string{"*"}, []string{"*"}
		}
		p, err := cors.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		methods := cfg.Methods
		if len(methods) == 0 {
			methods = []string{"*"} // what no Methods means where the resource is not known
		}
		theirs, err := jub0bs.NewMiddleware(jub0bs.Config{
			Origins: cfg.Origins, Credentialed: cfg.AllowCredentials, Methods: methods,
			RequestHeaders: cfg.RequestHeaders, ResponseHeaders: cfg.ExposedHeaders,
		})
		if err != nil {
			t.Fatal(err)
		}
		q := browser.Call{
			URL:    "https://api.example.net/",
			Origin: rapid.SampledFrom([]string{app, "https://a.b.example.com", "http://localhost:3000", "https://other.example:8443", "https://example.com", evil, "null"}).Draw(t, "origin"),
			Method: rapid.SampledFrom([]string{"GET", "POST", "PUT", "DELETE"}).Draw(t, "method"),
			Strict: true,
		}
		if rapid.Bool().Draw(t, "with credentials") {
			q.Credentials = browser.Include
		}
		if rapid.Bool().Draw(t, "with headers") { // without, some need no preflight
			for _, name := range some(t, "headers", "content-type", "x-api-key", "authorization", "accept") {
				q.Header = append(q.Header, browser.Field{Name: name, Value: "application/json"})
			}
		}
		ours, jub0bs := browse(t, p.Handler(resource), q), browse(t, theirs.Wrap(resource), q)
		if ours.Verdict.Allowed != jub0bs.Verdict.Allowed || !reflect.DeepEqual(ours.Response, jub0bs.Response) {
			t.Errorf("got %+v %+v\njub0bs/cors has %+v %+v", ours.Verdict, ours.Response, jub0bs.Verdict, jub0bs.Response)
		}
		ends[fmt.Sprintf("preflight: %v, allowed: %v", ours.Steps[0].Preflight, ours.Verdict.Allowed)]++
	})
	if len(ends) < 4 {
		t.Errorf("only these were tried: %v", ends)
	}
}

// resource responds with headers of which some can be exposed.
var resource = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("ETag", `"1"`)
	w.Header().Set("X-Total", "2")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusTeapot)
})

// browse has a browser make a request to h.
func browse(t *rapid.T, h http.Handler, q browser.Call) browser.Outcome {
	ex, err := browser.Run(q, func(q *browser.HTTPRequest) (*browser.HTTPResponse, error) {
		r := httptest.NewRequest(q.Method, q.URL, bytes.NewReader(q.Body))
		r.Header = q.Header.HTTP()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		got := w.Result()
		got.Header.Del("Vary") // it is for caches, and jub0bs/cors sends it more sparingly
		return &browser.HTTPResponse{Status: got.StatusCode, Header: browser.HeaderFrom(got.Header)}, nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ex
}
