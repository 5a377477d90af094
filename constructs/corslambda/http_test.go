package corslambda_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/corsgate/corsgate/constructs/corslambda"
)

// serve returns the event to an http.Handler of one function.
func serve(t *testing.T, e events.APIGatewayProxyRequest, f http.HandlerFunc) events.APIGatewayProxyResponse {
	t.Helper()
	var log journal
	r := ask(t, corslambda.WrapHandler(f, log.option()), e)
	if r.StatusCode == 500 {
		t.Fatalf("the handler failed: %s", &log)
	}
	return r
}

func TestRequestOfAnEvent(t *testing.T) {
	type request struct{ Method, URI, Path, RawPath, Query, Host, Remote, Proto, Body string }
	plain := request{"GET", "/products/42?lang=en&tag=a%26b&tag=b+c", "/products/42", "", "lang=en&tag=a%26b&tag=b+c",
		"a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com", "203.0.113.7:0", "HTTP/1.1", ""}
	alter := func(f func(*request)) request { r := plain; f(&r); return r }
	for name, tt := range map[string]struct {
		event patch
		want  request
	}{
		"as it is": {nil, plain},
		"no query": {patch{"queryStringParameters": nil, "multiValueQueryStringParameters": nil},
			alter(func(r *request) { r.URI, r.Query = "/products/42", "" })},
		"single-value query only": {patch{"multiValueQueryStringParameters": nil},
			alter(func(r *request) { r.URI, r.Query = "/products/42?lang=en&tag=b+c", "lang=en&tag=b+c" })},
		"a query parameter that is null": {patch{"multiValueQueryStringParameters": map[string][]string{"lang": nil, "q": {""}}, "queryStringParameters": map[string]string{"lang": "en"}},
			alter(func(r *request) { r.URI, r.Query = "/products/42?lang=en&q=", "lang=en&q=" })},
		"percent-encoding": {patch{"path": "/a%2Fb/test%2Balias@gmail.com/plus/test+alias@gmail.com"}, alter(func(r *request) {
			r.Path = "/a/b/test+alias@gmail.com/plus/test+alias@gmail.com"
			r.RawPath = "/a%2Fb/test%2Balias@gmail.com/plus/test+alias@gmail.com"
			r.URI = r.RawPath + "?" + r.Query
		})},
		"a path that cannot be decoded": {patch{"path": "/100%"}, alter(func(r *request) { r.Path, r.URI = "/100%", "/100%25?"+r.Query })},
		"two slashes":                   {patch{"path": "//evil.example/x"}, alter(func(r *request) { r.Path, r.URI = "//evil.example/x", "//evil.example/x?"+r.Query })},
		"no path":                       {patch{"path": nil}, alter(func(r *request) { r.Path, r.URI = "/", "/?"+r.Query })},
		"no Host header":                {fromApp, plain},
		"Host in another case":          {headers(map[string]string{"hOST": "api.example.com"}), alter(func(r *request) { r.Host = "api.example.com" })},
		"IPv6": {patch{"requestContext": map[string]any{"protocol": "HTTP/2.0", "identity": map[string]any{"sourceIp": "2001:db8::7"}}},
			alter(func(r *request) { r.Remote, r.Proto = "[2001:db8::7]:0", "HTTP/2.0" })},
		"no context": {with(fromNowhere, patch{"requestContext": nil}), alter(func(r *request) { r.Host, r.Remote = "", "" })},
		"text body":  {patch{"httpMethod": "POST", "body": `{"a":"é"}`}, alter(func(r *request) { r.Method, r.Body = "POST", `{"a":"é"}` })},
		"base64 body": {patch{"httpMethod": "PUT", "body": "AP/+", "isBase64Encoded": true},
			alter(func(r *request) { r.Method, r.Body = "PUT", "\x00\xff\xfe" })},
	} {
		t.Run(name, func(t *testing.T) {
			called := false
			serve(t, event(t, tt.event), func(w http.ResponseWriter, r *http.Request) {
				called = true
				body, err := io.ReadAll(r.Body)
				got := request{r.Method, r.RequestURI, r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.Host, r.RemoteAddr, r.Proto, string(body)}
				if got != tt.want || err != nil {
					t.Errorf("got  %+v\nwant %+v", got, tt.want)
				}
				if r.ContentLength != int64(len(body)) {
					t.Errorf("ContentLength is %d", r.ContentLength)
				}
				if _, ok := r.Header["Host"]; ok {
					t.Error("Host is a header too")
				}
				if fmt.Sprintf("HTTP/%d.%d", r.ProtoMajor, r.ProtoMinor) != r.Proto {
					t.Errorf("%s is %d.%d", r.Proto, r.ProtoMajor, r.ProtoMinor)
				}
			})
			if !called {
				t.Error("not called")
			}
		})
	}
}

func TestRequestHeaders(t *testing.T) {
	e := event(t, patch{
		"headers":           map[string]string{"accept": "b", "x-only": "single", "X-ONLY": "Single"},
		"multiValueHeaders": map[string]any{"accept": []string{"a", "b"}, "ACCEPT": []string{"c"}, "x-null": nil},
	})
	serve(t, e, func(w http.ResponseWriter, r *http.Request) {
		want := http.Header{"Accept": {"c", "a", "b"}, "X-Only": {"Single", "single"}}
		if !reflect.DeepEqual(r.Header, want) {
			t.Errorf("got %v, want %v", r.Header, want)
		}
	})
}

func TestContextAndEvent(t *testing.T) {
	type key struct{}
	e := event(t, nil)
	h := corslambda.WrapHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Context().Value(key{}) != "carried" {
			t.Error("the context is lost")
		}
		got, ok := corslambda.Event(r.Context())
		if !ok || got.PathParameters["id"] != "42" || got.RequestContext.Authorizer["principalId"] != "user-7" {
			t.Errorf("the event is %+v, %v", got, ok)
		}
	}))
	if _, err := h(context.WithValue(context.Background(), key{}, "carried"), e); err != nil {
		t.Fatal(err)
	}
	if _, ok := corslambda.Event(context.Background()); ok {
		t.Error("an event in an empty context")
	}
}

func TestAnswers(t *testing.T) {
	png := "\x89PNG\r\n\x1a\n\x00\x00"
	type answer struct {
		Status  int
		Body    string
		Base64  bool
		Headers string // without those of CORS
	}
	for name, tt := range map[string]struct {
		event   patch
		handler http.HandlerFunc
		want    answer
	}{
		"nothing": {fromApp, func(http.ResponseWriter, *http.Request) {}, answer{200, "", false, ""}},
		"text":    {fromApp, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "é") }, answer{200, "é", false, "Content-Type: text/plain; charset=utf-8"}},
		"several writes": {fromApp, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<p>"); io.WriteString(w, "é") },
			answer{200, "<p>é", false, "Content-Type: text/html; charset=utf-8"}},
		"JSON": {fromApp, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("content-type", "application/json")
			w.WriteHeader(201)
			io.WriteString(w, "{}")
		}, answer{201, "{}", false, "Content-Type: application/json"}},
		"image": {fromApp, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, png) },
			answer{200, base64.StdEncoding.EncodeToString([]byte(png)), true, "Content-Type: image/png"}},
		"compressed": {fromApp, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "\x1f\x8b\x08")
		}, answer{200, "H4sI", true, "Content-Encoding: gzip"}},
		"no content type wanted": {fromApp, func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Content-Type"] = nil
			io.WriteString(w, "x")
		}, answer{200, "x", false, ""}},
		"headers after the status": {fromApp, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-A", "1")
			w.WriteHeader(204)
			w.Header().Set("X-A", "2")
			w.WriteHeader(500)
		}, answer{204, "", false, "X-A: 1"}},
		"informational": {fromApp, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(103); w.WriteHeader(404) }, answer{404, "", false, ""}},
		"body with 204": {fromApp, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(204)
			if _, err := io.WriteString(w, "x"); err != http.ErrBodyNotAllowed {
				t.Errorf("got %v", err)
			}
		}, answer{204, "", false, ""}},
		"body with 304": {fromApp, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(304)
			if _, err := io.WriteString(w, "x"); err != http.ErrBodyNotAllowed {
				t.Errorf("got %v", err)
			}
		}, answer{304, "", false, ""}},
		"HEAD": {headers(map[string]string{":method": "HEAD", "origin": "https://app.example.com"}), func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			if n, err := io.WriteString(w, "x"); n != 1 || err != nil {
				t.Errorf("got %d, %v", n, err)
			}
		}, answer{200, "", false, "Content-Type: text/plain"}},
		"cookies": {fromApp, func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
			http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
		}, answer{200, "", false, "Set-Cookie: a=1\nSet-Cookie: b=2"}},
		"its own CORS headers": {fromApp, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Access-Control-Allow-Origin", "*")
			w.Header()["access-control-allow-origin"] = []string{"*", "*"}
			w.Header().Add("Vary", "origin")
			w.Header().Add("Vary", "Origin")
		}, answer{200, "", false, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			r := serve(t, event(t, tt.event), tt.handler)
			lines := client(t, r.Headers, r.MultiValueHeaders)
			var cors []string
			lines = slices.DeleteFunc(lines, func(s string) bool {
				ours := strings.HasPrefix(s, "Access-Control-") || strings.HasPrefix(s, "Vary:")
				if ours {
					cors = append(cors, s)
				}
				return ours
			})
			if got := (answer{r.StatusCode, r.Body, r.IsBase64Encoded, strings.Join(lines, "\n")}); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if got := strings.Join(cors, "\n"); !strings.EqualFold(got, allowed) {
				t.Errorf("got\n%s\nwant\n%s", got, allowed)
			}
			for name := range r.MultiValueHeaders {
				if _, ok := r.Headers[name]; ok {
					t.Errorf("%s is in both maps", name)
				}
			}
		})
	}
}

func TestHandlerPanicsAndBadEvents(t *testing.T) {
	for name, tt := range map[string]struct {
		event   patch
		handler http.HandlerFunc
		logged  string
	}{
		"after half an answer": {fromApp, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Half", "1")
			io.WriteString(w, "half")
			panic("out of products")
		}, "out of products"},
		"abort":             {fromApp, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "abort"},
		"body not base64":   {with(fromApp, patch{"body": "*", "isBase64Encoded": true}), func(http.ResponseWriter, *http.Request) {}, "base64"},
		"status not a code": {fromApp, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(0) }, "WriteHeader code 0"},
		"status too high":   {fromApp, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(1000) }, "WriteHeader code 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			var log journal
			r := ask(t, corslambda.WrapHandler(tt.handler, log.option()), event(t, tt.event))
			want := map[string]string{"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Credentials": "true",
				"Access-Control-Expose-Headers": "etag,x-request-id", "Vary": "Origin", "Content-Type": "application/json"}
			if r.StatusCode != 500 || r.Body != `{"message": "Internal server error"}` || !maps.Equal(r.Headers, want) || len(r.MultiValueHeaders) > 0 {
				t.Errorf("got %+v", r)
			}
			if lines := log.lines(t); len(lines) != 1 || !strings.Contains(fmt.Sprint(lines[0]["error"]), tt.logged) {
				t.Errorf("logged %v", lines)
			}
		})
	}
}

// A standard multiplexer sees the resource's path.
func TestServeMux(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s in %s", r.PathValue("id"), r.FormValue("lang"))
	})
	if r := ask(t, corslambda.WrapHandler(mux), event(t, nil)); r.StatusCode != 200 || r.Body != "42 in en" {
		t.Errorf("got %+v", r)
	}
	if r := ask(t, corslambda.WrapHandler(mux), event(t, patch{"path": "/carts"})); r.StatusCode != 404 || r.Headers["Access-Control-Allow-Origin"] == "" {
		t.Errorf("got %+v", r)
	}
}
