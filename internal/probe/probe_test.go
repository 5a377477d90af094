package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/probe/wire"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/rules"
)

const (
	page = "https://app.example.com"
	api  = "abc123.execute-api.eu-west-1.amazonaws.com"
)

// A server is an API that a test plays.
type server struct {
	client wire.Client
	port   string
	mu     sync.Mutex
	got    []*http.Request
	bodies []string
}

// start serves a handler over TLS, with HTTP/2, at whatever host is asked for.
func start(t testing.TB, h http.HandlerFunc) *server {
	t.Helper()
	s := &server{client: wire.Client{Timeout: time.Minute, Insecure: true, Resolve: map[string]string{}}}
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.got, s.bodies = append(s.got, r), append(s.bodies, string(b))
		s.mu.Unlock()
		h(w, r)
	}))
	ts.EnableHTTP2 = true
	ts.Config.ErrorLog = log.New(io.Discard, "", 0)
	ts.StartTLS()
	t.Cleanup(ts.Close)
	u, err := url.Parse(ts.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.port = u.Port()
	return s
}

// options ask a host for a path, for a page that puts JSON.
func (s *server) options(host, path string) Options {
	s.client.Resolve[host+":"+s.port] = "127.0.0.1"
	return Options{URL: "https://" + host + ":" + s.port + path, Origin: page, Method: "PUT", Header: browser.Header{{Name: "content-type", Value: "application/json"}},
		Max: 40, Do: s.client.Do}
}

// good responds as an API without fault does, for one page.
func good(w http.ResponseWriter, r *http.Request) { answerFor(w, r, r.Header.Get("Origin") == page) }

func answerFor(w http.ResponseWriter, r *http.Request, allowed bool) {
	h := w.Header()
	h.Set("Vary", "Origin")
	switch {
	case strings.Contains(r.URL.Path, "no/such"):
		gateway(w, 403, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`, "*")
	case r.Method == "OPTIONS" && !allowed:
		w.WriteHeader(403)
	default:
		if allowed {
			h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		}
		if r.Method == "OPTIONS" {
			h.Set("Access-Control-Allow-Methods", "GET,PUT,DELETE")
			h.Set("Access-Control-Allow-Headers", "content-type,authorization")
			w.WriteHeader(204)
		}
	}
}

// gateway responds as API Gateway does by itself; allow is its Access-Control-Allow-Origin, if any.
func gateway(w http.ResponseWriter, status int, typ, body, allow string) {
	if typ != "" {
		w.Header().Set("x-amzn-ErrorType", typ)
	}
	if allow != "" {
		w.Header().Set("Access-Control-Allow-Origin", allow)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func survey(t testing.TB, o Options) *Result {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func listing(r *Result) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s %s: %s\n", f.Rule, f.Method, f.Path, f.Detail)
	}
	return b.String()
}

// TestCauses has responses that something in front of an API makes, as they were recorded of the service or are reported.
func TestCauses(t *testing.T) {
	always := func(status int, typ, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { gateway(w, status, typ, body, "") }
	}
	preflight := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "OPTIONS" {
				h(w, r)
				return
			}
			good(w, r)
		}
	}
	const cloudFront = "<HTML><TITLE>ERROR: The request could not be satisfied</TITLE>This distribution is not configured to allow the HTTP request method that was used for this request.</HTML>"
	for _, tt := range []struct {
		name, host, want string
		h                http.HandlerFunc
		detail           string // in a finding's
	}{
		{"clean", api, "", good, ""},
		{"for everybody", api, "", func(w http.ResponseWriter, r *http.Request) {
			answerFor(headerLater{w, "Access-Control-Allow-Origin", "*"}, r, true)
		}, ""},
		{"clean, but a limit is reached in between", api, "", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Origin") == questions.Stranger {
				gateway(w, 429, "TooManyRequestsException", `{"message":"Too Many Requests"}`, "*")
				return
			}
			good(w, r)
		}, ""},
		{"an answer that only speaks of a validator", api, "CORS109", preflight(always(200, "", `{"message":"Invalid request body"}`)), "200 without"},
		{"no OPTIONS", api, "CORS101", preflight(always(403, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`)), "no such path or method"},
		{"no OPTIONS, customised", api, "CORS101", preflight(always(404, "MissingAuthenticationTokenException", `{"error":"no"}`)), "status 404"},
		{"no OPTIONS, without a type", api, "CORS101", preflight(always(403, "", `{"message":"Missing Authentication Token"}`)), ""},
		{"an authorizer", api, "CORS102", preflight(always(401, "UnauthorizedException", `{"message":"Unauthorized"}`)), "an authorizer refuses"},
		{"an authorizer denies", api, "CORS102", preflight(always(403, "AccessDeniedException", `{"Message":"User is not authorized to access this resource with an explicit deny"}`)), "an authorizer denies it"},
		{"an authorizer fails", api, "CORS102", preflight(always(500, "AuthorizerConfigurationException", `{"message":null}`)), "the authorizer fails"},
		{"an API key", api, "CORS103", preflight(always(403, "ForbiddenException", `{"message":"Forbidden"}`)), "API key"},
		{"a validator", api, "CORS104", preflight(always(400, "BadRequestException", `{"message": "Missing required request parameters: [x-tenant]"}`)), "a request validator refuses"},
		{"a resource policy", api, "CORS403", preflight(always(403, "AccessDeniedException", `{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********1111:abc123/prod/OPTIONS/orders"}`)), "the resource policy"},
		{"a mock that failed", api, "CORS108", preflight(always(500, "InternalServerErrorException", `{"message": "Internal server error"}`)), "CORS105"},
		{"no template for the type", api, "CORS108", preflight(always(415, "BadRequestException", `{"message": "Unsupported Media Type"}`)), "no mapping template"},
		{"a function that threw", api, "CORS505", preflight(always(502, "InternalServerErrorException", `{"message": "Internal server error"}`)), "the function raised an error"},
		{"a function that takes too long", api, "CORS505", preflight(always(504, "InternalServerErrorException", `{"message": "Endpoint request timed out"}`)), "takes too long"},
		{"throttled", api, "CORS506", preflight(always(429, "TooManyRequestsException", `{"message":"Too Many Requests"}`)), "a limit is reached"},
		{"a quota", api, "CORS506", preflight(always(429, "LimitExceededException", `{"message":"Limit Exceeded"}`)), "a quota is used up"},
		{"no stage (G10)", api, "CORS513", always(403, "ForbiddenException", `{"message":"Forbidden"}`), "no such stage"},
		{"no base path mapping (G10)", "api.example.com", "CORS405", always(403, "ForbiddenException", `{"message":"Forbidden"}`), "no base path mapping"},
		{"a challenge (G9)", api, "CORS404", preflight(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("x-amzn-waf-action", "challenge")
			w.WriteHeader(202)
		}), "the firewall requires a challenge"},
		{"CloudFront without OPTIONS (E2)", "api.example.com", "CORS512", preflight(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Server", "CloudFront")
			w.WriteHeader(403)
			_, _ = io.WriteString(w, cloudFront)
		}), "CloudFront is not configured"},
		{"CloudFront's firewall", "api.example.com", "CORS404", preflight(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Server", "CloudFront")
			w.WriteHeader(403)
		}), "CloudFront"},
		{"a redirect (O18)", api, "CORS504", preflight(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/prod/orders/")
			w.WriteHeader(301)
		}), "status 301 to /prod/orders/"},
		{"a redirect to what is no URL", api, "CORS504", preflight(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://[")
			w.WriteHeader(307)
		}), "no URL"},
		{"a list that is none (C11)", api, "CORS508", func(w http.ResponseWriter, r *http.Request) {
			answerFor(headerLater{w, "Access-Control-Allow-Methods", `["GET"]`}, r, r.Header.Get("Origin") == page)
		}, `Access-Control-Allow-Methods: ["GET"]`},
		{"null (E5)", api, "CORS509", func(w http.ResponseWriter, r *http.Request) {
			answerFor(w, r, r.Header.Get("Origin") == page || r.Header.Get("Origin") == "null")
		}, ""},
		{"everybody", api, "CORS116", func(w http.ResponseWriter, r *http.Request) { answerFor(w, r, r.Header.Get("Origin") != "") }, questions.Stranger},
		{"by its end", api, "CORS115", func(w http.ResponseWriter, r *http.Request) {
			answerFor(w, r, strings.HasSuffix(r.Header.Get("Origin"), "example.com"))
		}, "https://appxexample.com"},
		{"by its beginning", api, "CORS115", func(w http.ResponseWriter, r *http.Request) {
			answerFor(w, r, strings.HasPrefix(r.Header.Get("Origin"), page))
		}, "https://app.example.com.corsgate-stranger.example"},
		{"a pattern", api, "CORS514", func(w http.ResponseWriter, r *http.Request) {
			o := r.Header.Get("Origin")
			answerFor(w, r, strings.HasPrefix(o, "https://") && strings.HasSuffix(o, ".example.com"))
		}, "https://corsgate-app.example.com, https://corsgate.app.example.com"},
		{"the first of a list (O11)", api, "CORS113", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Origin") == page || r.Method != "OPTIONS" {
				good(w, r)
				return
			}
			answerFor(headerLater{w, "Access-Control-Allow-Origin", "https://first.example"}, r, true)
		}, "is sent https://first.example"},
		{"only over HTTP/1.1", api, "CORS501", func(w http.ResponseWriter, r *http.Request) {
			answerFor(w, r, r.Header.Get("Origin") == page && (r.ProtoMajor == 1 || r.Method != "OPTIONS"))
		}, "over HTTP/1.1 (exchange 2) it is 204"},
		{"twice", api, "CORS502", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Access-Control-Allow-Origin", page)
			w.Header()["access-control-allow-Origin"] = []string{page}
			good(w, r)
		}, "is sent 2 times"},
		{"no Vary", api, "CORS207", func(w http.ResponseWriter, r *http.Request) {
			answerFor(headerLater{w, "Vary", "Accept"}, r, r.Header.Get("Origin") == page)
		}, "has no Vary: Origin"},
		{"the query string (O13)", api, "CORS114", func(w http.ResponseWriter, r *http.Request) {
			answerFor(w, r, r.Header.Get("Origin") == page || r.URL.Query().Get("origin") == page)
		}, "corsgate-stranger.example"},
		{"a Content-Type (O4)", api, "CORS107", func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "OPTIONS" && r.Header.Get("Content-Type") != "" {
				gateway(w, 500, "InternalServerErrorException", `{"message": "Internal server error"}`, "")
				return
			}
			good(w, r)
		}, "status 500"},
		{"not whole", api, "CORS503", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Origin") == "null" {
				panic(http.ErrAbortHandler)
			}
			good(w, r)
		}, "the origin null: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := survey(t, start(t, tt.h).options(tt.host, "/prod/orders"))
			hit := tt.want == "" && len(r.Findings) == 0
			for _, f := range r.Findings {
				if f.Rule == rules.ID(tt.want) && strings.Contains(f.Detail, tt.detail) {
					hit = true
				} else if f.Severity == rules.Error {
					t.Errorf("another error")
				}
			}
			if !hit {
				t.Errorf("not %s with %s", tt.want, tt.detail)
			}
			if t.Failed() {
				t.Log("\n" + listing(r))
			}
		})
	}
}

// TestBesides has a preflight with three faults, of which a browser names one.
func TestBesides(t *testing.T) {
	o := start(t, good).options(api, "/prod/orders")
	o.Credentials, o.Method, o.Header = true, "PATCH", browser.Header{{Name: "x-other", Value: "1"}}
	r := survey(t, o)
	var ids []rules.ID
	for _, f := range r.Findings {
		ids = append(ids, f.Rule)
	}
	if !slices.Equal(ids, []rules.ID{"CORS507", "CORS110", "CORS111"}) || r.Verdict.Code != browser.PreflightInvalidAllowCredentials {
		t.Errorf("%s\n%s", r.Verdict.Code, listing(r))
	}
}

// TestEverybody has an API for every page, which is not a fault of any response.
func TestEverybody(t *testing.T) {
	o := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if strings.Contains(r.URL.Path, "no/such") {
			gateway(w, 403, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`, "*")
		}
	}).options(api, "/prod/orders")
	o.Method, o.Header = "GET", nil
	if r := survey(t, o); !r.Verdict.Allowed || r.With.Code != browser.WildcardOriginNotAllowed || len(r.Findings) > 0 {
		t.Errorf("%+v, %+v\n%s", r.Verdict, r.With, listing(r))
	}
}

// TestOnce has a server that refuses the first preflight, whatever its protocol: that is no matter of protocols.
func TestOnce(t *testing.T) {
	first := true
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		answerFor(w, r, r.Header.Get("Origin") == page && !first)
		first = false
	})
	r := survey(t, s.options(api, "/prod/orders"))
	if text := listing(r); !strings.Contains(text, "CORS109 OPTIONS") || strings.Contains(text, "CORS501") {
		t.Error(text)
	}
}

// headerLater gives a header another value than the handler, where that gives it one.
type headerLater struct {
	http.ResponseWriter
	name, value string
}

func (w headerLater) WriteHeader(status int) {
	if w.Header().Get(w.name) != "" {
		w.Header().Set(w.name, w.value)
	}
	w.ResponseWriter.WriteHeader(status)
}

// TestMixed has caches that give one page's response to another (E1, E2).
func TestMixed(t *testing.T) {
	type kept struct{ origin, vary string }
	none := func(*http.Request) string { return "" }
	path := func(r *http.Request) string { return r.URL.Path }
	query := func(r *http.Request) string { return r.URL.String() }
	for _, tt := range []struct {
		name string
		key  func(*http.Request) string // of the cache; empty for what it does not keep
		vary string
		want string
	}{
		{"none", none, "Origin", ""},
		{"by path", path, "Origin", "CORS402"},
		{"by path and query", query, "Origin", "CORS402"},
		{"by path and query, of answers that do not say that they vary", query, "", "CORS402"},
		{"by origin too", func(r *http.Request) string { return r.URL.String() + r.Header.Get("Origin") }, "Origin", ""},
		// What is the same for all is not a cache's mistake.
		{"of a header that is fixed", path, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var mu sync.Mutex
			cache := map[string]kept{}
			s := start(t, func(w http.ResponseWriter, r *http.Request) {
				key := tt.key(r)
				if r.Method == "OPTIONS" || key == "" || strings.Contains(r.URL.Path, "no/such") {
					good(w, r)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				k, ok := cache[key]
				if !ok {
					rec := httptest.NewRecorder()
					good(rec, r)
					k = kept{rec.Header().Get("Access-Control-Allow-Origin"), tt.vary}
					cache[key] = k
				}
				if k.origin != "" {
					w.Header().Set("Access-Control-Allow-Origin", k.origin)
				}
				w.Header().Set("Vary", k.vary)
			})
			o := s.options(api, "/prod/orders")
			o.Method, o.Header = "GET", nil
			r := survey(t, o)
			var got []string
			for _, f := range r.Findings {
				got = append(got, string(f.Rule))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got\n%s", listing(r))
			}
		})
	}
}

// TestRestraint holds what is sent: nothing but OPTIONS and GET if not told so, one at a time, the page's request once, no
// more than said, and nowhere else.
func TestRestraint(t *testing.T) {
	var now, most int
	var mu sync.Mutex
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if now++; now > most {
			most = now
		}
		mu.Unlock()
		defer func() { mu.Lock(); now--; mu.Unlock() }()
		if r.Method == "GET" {
			w.Header().Set("Access-Control-Allow-Origin", page)
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(302)
			return
		}
		good(w, r)
	})
	count := func() map[string]int {
		s.mu.Lock()
		defer s.mu.Unlock()
		out := map[string]int{}
		for _, r := range s.got {
			out[r.Method]++
		}
		s.got = nil
		return out
	}
	o := s.options(api, "/prod/orders")
	o.Errors = true
	r := survey(t, o)
	if got := count(); got["PUT"] != 0 || len(got) != 2 || r.Verdict.Known || r.Verdict.Message != "not known: a request with PUT is sent only with --send" || !r.PreflightAllowed {
		t.Errorf("without send: %v, %+v", got, r.Verdict)
	}
	o.Send, o.Body = true, []byte(`{"a": 1}`)
	r = survey(t, o)
	if i := slices.IndexFunc(s.got, func(r *http.Request) bool { return r.Method == "PUT" }); i < 0 || s.got[i].Header.Get("Content-Type") != "application/json" || s.bodies[len(s.bodies)-len(s.got)+i] != `{"a": 1}` {
		t.Errorf("the page's request did not come as it should")
	}
	if got := count(); got["PUT"] != 1 || !r.Verdict.Allowed {
		t.Errorf("with send: %v, %+v", got, r.Verdict)
	}
	o.Origin = "https://refused.example"
	r = survey(t, o)
	if got := count(); got["PUT"] != 0 || r.Verdict.Allowed || r.Verdict.Code != browser.PreflightMissingAllowOriginHeader {
		t.Errorf("with send, refused: %v, %+v", got, r.Verdict)
	}
	o.Origin, o.Max = page, 4
	r = survey(t, o)
	if got := count(); got["PUT"]+got["OPTIONS"]+got["GET"] != 4 || !strings.HasSuffix(r.NotSent, "more requests were not sent: --max-requests is 4") {
		t.Errorf("at most 4: %v, %s", got, r.NotSent)
	}
	if most != 1 {
		t.Errorf("%d at a time", most)
	}
	o.Method, o.Header, o.Body, o.Max = "GET", nil, nil, 40
	r = survey(t, o)
	if r.Verdict.Known || !strings.Contains(listing(r), "CORS515 GET /prod/orders: exchange 2, the page's request: status 302 to https://elsewhere.example/") {
		t.Errorf("a redirect: %+v\n%s", r.Verdict, listing(r))
	}
	for _, e := range r.Exchanges {
		if u, _ := url.Parse(e.Request.URL); u.Hostname() != api {
			t.Errorf("asked %s", e.Request.URL)
		}
	}
}

// TestNoAnswer holds that a first request without a response ends it, and that later ones are given up on.
func TestNoAnswer(t *testing.T) {
	o := Options{URL: "https://" + api + "/prod", Origin: page, Max: 40}
	asked := 0
	gone := &wire.Error{Host: api, Reason: "gone"}
	o.Do = func(context.Context, *wire.Outgoing) (*wire.Incoming, error) { asked++; return nil, gone }
	if _, err := Run(t.Context(), o); !errors.Is(err, gone) || asked != 1 {
		t.Errorf("%v after %d requests", err, asked)
	}
	asked = 0
	o.Do = func(_ context.Context, r *wire.Outgoing) (*wire.Incoming, error) {
		if asked++; asked > 1 {
			return nil, gone
		}
		return &wire.Incoming{Proto: "HTTP/2", Status: 204, Header: browser.Header{{Name: "access-control-allow-origin", Value: page}}}, nil
	}
	r := survey(t, o)
	if asked != 4 || !strings.Contains(r.NotSent, "3 requests, one after the other, got no response") || !strings.Contains(listing(r), "CORS503") {
		t.Errorf("%d requests, %s\n%s", asked, r.NotSent, listing(r))
	}
	ctx, cancel := context.WithCancel(t.Context())
	o.Do = func(context.Context, *wire.Outgoing) (*wire.Incoming, error) {
		cancel()
		return &wire.Incoming{Proto: "HTTP/2", Status: 204}, nil
	}
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestInput(t *testing.T) {
	for _, tt := range []struct {
		o    Options
		want string
	}{
		{Options{URL: "https://me:hunter22@api.example/", Origin: page}, "the URL has a user name or a password in it; give credentials by --bearer-env or --cookie"},
		{Options{URL: "https://me:hun%zz@api.example/", Origin: page}, "the URL has a user name or a password in it; give credentials by --bearer-env or --cookie"},
		{Options{URL: "api.example/x", Origin: page}, `the URL has no scheme; want the whole address, such as https://api.example.com/prod/orders`},
		{Options{URL: "ftp://api.example/x", Origin: page}, `url "ftp://api.example/x": CORS is for http and https`},
		{Options{URL: "https://api.example/", Origin: page + "/"}, `origin "https://app.example.com/": a browser would write https://app.example.com`},
		{Options{URL: page + "/x", Origin: page}, "the page's origin is the API's own, https://app.example.com: CORS has no part in this"},
		{Options{URL: "https://api.example/", Origin: page, Method: "TRACE"}, "no page makes this request: Failed to execute 'fetch' on 'Window': 'TRACE' HTTP method is unsupported."},
		{Options{URL: "https://api.example/", Origin: page, Body: []byte("x")}, "no page makes this request: Failed to execute 'fetch' on 'Window': Request with GET/HEAD method cannot have body."},
		{Options{URL: "https://api.example/", Origin: page, BearerEnv: "T", Bearer: "x", Header: browser.Header{{Name: "Authorization", Value: "y"}}}, "the header authorization is given more than once"},
	} {
		tt.o.Do = func(context.Context, *wire.Outgoing) (*wire.Incoming, error) {
			t.Error("asked")
			return nil, errors.New("no")
		}
		tt.o.Max = 1
		_, err := Run(t.Context(), tt.o)
		var input *InputError
		if !errors.As(err, &input) || err.Error() != tt.want {
			t.Errorf("%+v\ngot  %v\nwant %s", tt.o, err, tt.want)
		}
	}
}
