package browser_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	jub0bs "github.com/jub0bs/cors"
	rs "github.com/rs/cors"
	"pgregory.net/rapid"

	"github.com/corsgate/corsgate/internal/browser"
)

// TestMiddlewares lets the package be the browser in front of the two CORS middlewares for net/http that people use: what
// either is configured to allow, and nothing else, is allowed.
func TestMiddlewares(t *testing.T) {
	allowed, refused := 0, 0
	count := func(ok bool) {
		if ok {
			allowed++
		} else {
			refused++
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := drawSettings(t)
		req := drawRequest(t)

		middleware, err := jub0bs.NewMiddleware(jub0bs.Config{
			Origins: s.origins, Credentialed: s.credentialed, Methods: s.methods, RequestHeaders: s.headers,
			ResponseHeaders:                    []string{"X-Shown"},
			DangerouslyTolerateInsecureOrigins: true,
		})
		if s.credentialed && s.origins[0] == "*" {
			if err == nil {
				t.Fatal("jub0bs/cors takes any origin with credentials")
			}
		} else if err != nil {
			t.Fatal(err)
		} else {
			want := s.allows(req) && s.allowsHeaders(req, true)
			compare(t, "jub0bs/cors", middleware.Wrap(page), req, want)
			count(want)
		}

		handler := rs.New(rs.Options{
			AllowedOrigins: s.origins, AllowCredentials: s.credentialed, AllowedMethods: s.rsMethods(), AllowedHeaders: s.headers,
			ExposedHeaders: []string{"X-Shown"},
		})
		want := s.allows(req) && s.allowsHeaders(req, false)
		compare(t, "rs/cors", handler.Handler(page), req, want)
		count(want)
	})
	if allowed == 0 || refused == 0 {
		t.Errorf("%d allowed and %d refused: the cases drawn say nothing", allowed, refused)
	}
}

// page is what the middlewares stand in front of.
var page = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("X-Shown", "1")
	w.Header().Set("X-Hidden", "1")
	w.Write([]byte("hello"))
})

// serve makes a transport of a handler.
func serve(h http.Handler) func(*browser.HTTPRequest) (*browser.HTTPResponse, error) {
	return func(r *browser.HTTPRequest) (*browser.HTTPResponse, error) {
		in := httptest.NewRequest(r.Method, r.URL, strings.NewReader(string(r.Body)))
		in.Header = r.Header.HTTP()
		out := httptest.NewRecorder()
		h.ServeHTTP(out, in)
		result := out.Result()
		return &browser.HTTPResponse{Status: result.StatusCode, Header: browser.HeaderFrom(result.Header), Body: out.Body.Bytes()}, nil
	}
}

func compare(t *rapid.T, name string, h http.Handler, req browser.Call, want bool) {
	ex, err := browser.Run(req, serve(h), nil)
	if err != nil {
		t.Fatal(err)
	}
	if ex.Verdict.Allowed != want {
		t.Fatalf("%s: allowed %v, want %v for %+v\n%+v", name, ex.Verdict.Allowed, want, req, ex)
	}
	if want && (!ex.Response.Header.Has("X-Shown") || ex.Response.Header.Has("X-Hidden")) {
		t.Fatalf("%s: the page reads %v", name, ex.Response.Header)
	}
}

// settings are what both middlewares are configured with.
type settings struct {
	origins      []string
	credentialed bool
	methods      []string
	headers      []string
}

func drawSettings(t *rapid.T) settings {
	return settings{
		origins: rapid.OneOf(
			rapid.Just([]string{"*"}),
			rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"https://app.example.com", "https://admin.example.com", "http://localhost:3000"}), 1, 3, rapid.ID),
		).Draw(t, "origins"),
		credentialed: rapid.Bool().Draw(t, "credentialed"),
		methods: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"GET", "POST", "PUT", "PATCH", "DELETE", "patch", "PURGE"}), 0, 4, rapid.ID).
			Draw(t, "methods"),
		headers: rapid.OneOf(
			rapid.Just([]string{"*"}),
			rapid.Just([]string{"*", "Authorization"}),
			rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"X-A", "X-B", "Authorization", "Content-Type"}), 1, 3, rapid.ID),
		).Draw(t, "headers"),
	}
}

// rsMethods returns the methods as rs/cors wants them: it does not pass even the safelisted ones unless they are listed.
func (s settings) rsMethods() []string {
	return append([]string{"GET", "HEAD", "POST"}, s.methods...)
}

func drawRequest(t *rapid.T) browser.Call {
	req := browser.Call{
		URL:    "https://api.example.net/products",
		Origin: rapid.SampledFrom([]string{"https://app.example.com", "https://admin.example.com", "http://localhost:3000", "https://app.example.com.evil.example", "null"}).Draw(t, "origin"),
		Method: rapid.SampledFrom([]string{"GET", "head", "POST", "put", "PATCH", "patch", "Delete", "PURGE"}).Draw(t, "method"),
		Credentials: rapid.SampledFrom([]browser.Credentials{browser.Omit, browser.SameOrigin, browser.Include}).
			Draw(t, "credentials"),
		Strict: true,
	}
	for _, f := range rapid.SliceOfNDistinct(rapid.SampledFrom([]browser.Field{
		{Name: "X-A", Value: "1"}, {Name: "x-b", Value: "2"}, {Name: "AUTHORIZATION", Value: "Bearer x"},
		{Name: "Content-Type", Value: "application/json"}, {Name: "Accept", Value: "text/html"},
	}), 0, 4, rapid.ID).Draw(t, "header") {
		req.Header = append(req.Header, f)
	}
	return req
}

// allows says what the settings mean for the origin, credentials and method.
func (s settings) allows(req browser.Call) bool {
	any := s.origins[0] == "*"
	if !any && !slices.Contains(s.origins, req.Origin) {
		return false
	}
	if req.Credentials == browser.Include && (any || !s.credentialed) {
		return false
	}
	switch method := browser.NormalizeMethod(req.Method); method {
	case "GET", "HEAD", "POST":
		return true
	default:
		return slices.Contains(s.methods, method)
	}
}

// allowsHeaders says what the settings mean for the headers. To one of the middlewares "*" without credentials does not
// cover authorization; the other allows what it is asked for.
func (s settings) allowsHeaders(req browser.Call, wildcardExcludesAuthorization bool) bool {
	for _, f := range req.Header {
		name := strings.ToLower(f.Name)
		if name == "accept" {
			continue
		}
		listed := slices.ContainsFunc(s.headers, func(h string) bool { return strings.EqualFold(h, name) })
		wildcard := s.headers[0] == "*" && (name != "authorization" || s.credentialed || !wildcardExcludesAuthorization)
		if !listed && !wildcard {
			return false
		}
	}
	return true
}
