package cors_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	jub0bs "github.com/jub0bs/cors"
	rs "github.com/rs/cors"

	"github.com/corsgate/corsgate/constructs/cors"
)

// A sink is a ResponseWriter which costs nothing: one header map for all
// requests, and nobody reads the rest.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(status int)      { s.status = status }

// first returns the value of a header as the other two read it: by its
// canonical name, without looking for another.
func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// BenchmarkDecide compares decisions about one of 3, 100 and 10,000 exact
// origins: "Decide" is ours alone, "corsgate" writes the headers too, as the
// middleware of jub0bs/cors and rs/cors do.
//
//	go test ./constructs/cors -run '^$' -bench Decide
func BenchmarkDecide(b *testing.B) {
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, n := range []int{3, 100, 10_000} {
		origins := many("https://customer-%05d.example.com", n)
		// New refuses 10,000 origins, which no stage could hold.
		p, err := cors.FromStageVariables(map[string]string{
			cors.VariableOrigins:        strings.Join(origins, ","),
			cors.VariableCredentials:    "true",
			cors.VariableMethods:        "PUT",
			cors.VariableRequestHeaders: "content-type",
			cors.VariableExposedHeaders: "etag",
			cors.VariableMaxAge:         "600",
		})
		if err != nil {
			b.Fatal(err)
		}
		theirs, err := jub0bs.NewMiddleware(jub0bs.Config{
			Origins:         origins,
			Credentialed:    true,
			Methods:         []string{http.MethodPut},
			RequestHeaders:  []string{"Content-Type"},
			ResponseHeaders: []string{"ETag"},
			MaxAgeInSeconds: 600,
		})
		if err != nil {
			b.Fatal(err)
		}
		handlers := []struct {
			name    string
			handler http.Handler
		}{
			{"corsgate", p.Handler(nothing)},
			{"jub0bs", theirs.Wrap(nothing)},
			{"rs", rs.New(rs.Options{
				AllowedOrigins:   origins,
				AllowCredentials: true,
				AllowedMethods:   []string{http.MethodGet, http.MethodPut}, // it refuses others' requests too
				AllowedHeaders:   []string{"Content-Type"},
				ExposedHeaders:   []string{"ETag"},
				MaxAge:           600,
			}).Handler(nothing)},
		}
		for _, request := range []struct {
			name, method, origin string
		}{
			{"allowed", http.MethodGet, origins[n/2]},
			{"refused", http.MethodGet, "https://customer-00001.example.net"},
			{"preflight", http.MethodOptions, origins[n/2]},
		} {
			r := &http.Request{Method: request.method, Header: http.Header{"Origin": {request.origin}}}
			if request.method == http.MethodOptions {
				r.Header["Access-Control-Request-Method"] = []string{http.MethodPut}
				r.Header["Access-Control-Request-Headers"] = []string{"content-type"}
			}
			prefix := fmt.Sprintf("%d/%s/", n, request.name)
			b.Run(prefix+"Decide", func(b *testing.B) {
				b.ReportAllocs()
				q := cors.Request{Method: r.Method, Origin: request.origin, RequestMethod: first(r.Header["Access-Control-Request-Method"])}
				for b.Loop() {
					if p.Decide(q).Allowed != (request.name != "refused") {
						b.Fatal("the wrong decision")
					}
				}
			})
			for _, h := range handlers {
				b.Run(prefix+h.name, func(b *testing.B) {
					b.ReportAllocs()
					w := &sink{header: http.Header{}}
					for b.Loop() {
						clear(w.header)
						h.handler.ServeHTTP(w, r)
					}
					if _, ok := w.header["Access-Control-Allow-Origin"]; ok != (request.name != "refused") {
						b.Fatalf("the wrong decision: %v", w.header)
					}
				})
			}
		}
	}
}
