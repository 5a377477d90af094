package logs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/browser"
)

// lines writes an execution log's lines of one request.
func lines(n int, text ...string) string {
	var b strings.Builder
	for _, t := range text {
		fmt.Fprintf(&b, "2026-11-22T10:00:%02d.000Z (4bb1a9c2-0000-4000-8000-%012d) %s\n", n%60, n, t)
	}
	return b.String()
}

const (
	asked  = "Method request headers: {accept=*/*, origin=https://app.example.com, Host=api.example.net, User-Agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36, like Gecko, X-Amzn-Trace-Id=Root=1-2}"
	invoke = "Endpoint request URI: https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:eu-west-1:111111111111:function:orders/invocations"
)

func TestExecution(t *testing.T) {
	p := policy(t, cors.Config{Origins: []string{"https://app.example.com"}})
	for name, tt := range map[string]struct {
		text []string
		want string // rule, and a part of the finding; empty for none
	}{
		"readable": {[]string{"HTTP Method: GET, Resource Path: /orders", asked, "Method response headers: {Access-Control-Allow-Origin=https://app.example.com, Vary=Origin}", "Method completed with status: 200"}, ""},
		"no headers": {[]string{"HTTP Method: GET, Resource Path: /orders", asked, "Method response headers: {Content-Type=application/json}", "Method completed with status: 200"},
			"CORS707 GET /orders: the response was 200, and pages of https://app.example.com could not read it"},
		"error of the backend": {[]string{"HTTP Method: GET, Resource Path: /orders", asked, "Method response headers: {Content-Type=application/json}", "Method completed with status: 500"}, "CORS707 GET /orders: the response was 500"},
		"another origin":       {[]string{"HTTP Method: GET, Resource Path: /orders", strings.Replace(asked, "app.", "www.", 1), "Method response headers: {Vary=Origin}", "Method completed with status: 200"}, "CORS701 GET /orders: https://www.example.com was refused"},
		"no browser":           {[]string{"HTTP Method: GET, Resource Path: /orders", "Method request headers: {Host=api.example.net}", "Method response headers: {}", "Method completed with status: 200"}, ""},
		"throttled": {[]string{"HTTP Method: GET, Resource Path: /orders", asked, "API Key abc exceeded throttle limit for API Stage abc123/prod : Key throttle limit exceeded for Usage Plan ID u1.", "Gateway response type: THROTTLED with status code: 429", "Gateway response headers: {x-amzn-ErrorType=LimitExceededException}", "Method completed with status: 429"},
			"CORS301 GET /orders: API Gateway responded with 429 (THROTTLED, throttled)"},
		"throttled and readable": {[]string{"HTTP Method: GET, Resource Path: /orders", asked, "Gateway response type: THROTTLED with status code: 429", "Gateway response headers: {Access-Control-Allow-Origin=*}", "Method completed with status: 429"}, ""},
		"timeout":                {[]string{"HTTP Method: GET, Resource Path: /orders", asked, "Execution failed due to a timeout error", "Gateway response type: INTEGRATION_TIMEOUT with status code: 504", "Gateway response headers: {}", "Method completed with status: 504"}, "CORS302 GET /orders: API Gateway responded with 504"},
		"headers not logged":     {[]string{"HTTP Method: GET, Resource Path: /orders", "Execution failed due to a timeout error", "Method completed with status: 504"}, "CORS708 GET /orders"},
		"truncated":              {[]string{"HTTP Method: GET, Resource Path: /orders", asked, "Method response headers: {Content-Type=application/json, X-Long=aaaa [TRUNCATED]", "Method completed with status: 200"}, ""},
		"malformed":              {[]string{"HTTP Method: GET, Resource Path: /orders", asked, invoke, "Execution failed due to configuration error: Malformed Lambda proxy response", "Method completed with status: 502"}, "CORS704 GET /orders"},
		"preflight":              {[]string{"HTTP Method: OPTIONS, Resource Path: /orders", asked, "Method response headers: {}", "Method completed with status: 204"}, ""},
		"refused preflight": {[]string{"HTTP Method: OPTIONS, Resource Path: /orders", "Method request headers: {Origin=https://www.example.com, Access-Control-Request-Method=PUT}", "Method response headers: {Vary=Origin}", "Method completed with status: 403"},
			"CORS701 PUT /orders: https://www.example.com was refused"},
		"preflight behind an authorizer": {[]string{"HTTP Method: OPTIONS, Resource Path: /orders", "Method request headers: {Origin=https://app.example.com, Host=api.example.net, Access-Control-Request-Method=PUT}", "Unauthorized request: 4bb1a9c2", "Gateway response type: UNAUTHORIZED with status code: 401", "Gateway response headers: {}", "Method completed with status: 401"},
			"CORS706 OPTIONS /orders: preflights got 401 (UNAUTHORIZED"},
		"preflight at a function": {[]string{"HTTP Method: OPTIONS, Resource Path: /orders", invoke, "Method completed with status: 204"}, "CORS705 OPTIONS /orders: an OPTIONS request went to the function orders"},
		"two values": {[]string{"HTTP Method: GET, Resource Path: /orders", asked, invoke, `Endpoint response body before transformations: {"statusCode":200,"headers":{"access-control-allow-origin":"*"},"multiValueHeaders":{"Access-Control-Allow-Origin":["https://app.example.com"]},"body":""}`, "Method completed with status: 200"},
			"CORS711 GET /orders: the function orders sets more than one value of Access-Control-Allow-Origin: *, https://app.example.com"},
		"own header": {[]string{"HTTP Method: GET, Resource Path: /orders", asked, invoke, `Endpoint response body before transformations: {"statusCode":200,"headers":{"Access-Control-Allow-Origin":"*"},"body":""}`, "Method completed with status: 200"},
			"CORS703 GET /orders: the function orders sends Access-Control-Allow-Origin: *"},
		"the policy's header": {[]string{"HTTP Method: GET, Resource Path: /orders", asked, invoke, `Endpoint response body before transformations: {"statusCode":200,"headers":{"Access-Control-Allow-Origin":"https://app.example.com"},"body":""}`, "Method completed with status: 200"}, ""},
		"a body that speaks of limits": {[]string{"HTTP Method: GET, Resource Path: /orders", strings.Replace(asked, "app.", "www.", 1), `Endpoint response body before transformations: {"error":"rate limit, too many requests, limit exceeded for you"}`, "Method response headers: {Vary=Origin}", "Method completed with status: 200"},
			"CORS701 GET /orders: https://www.example.com was refused"},
		"authorizer, no end": {[]string{"HTTP Method: GET, Resource Path: /orders", asked, "Unauthorized request: 4bb1a9c2-0000-4000-8000-000000000001", "Gateway response type: UNAUTHORIZED with status code: 401", "Gateway response headers: {}"},
			"CORS301 GET /orders: API Gateway responded with 401 (UNAUTHORIZED, Unauthorized request)"},
		"errors alone":               {[]string{"Execution failed due to a timeout error"}, "CORS708 : API Gateway responded with an error (Execution failed due to a timeout error)"},
		"an error nobody's page got": {[]string{"HTTP Method: GET, Resource Path: /orders", "Method request headers: {Host=api.example.net}", "Execution failed due to a timeout error", "Method completed with status: 504"}, ""},
		"an error for another origin": {[]string{"HTTP Method: GET, Resource Path: /orders", strings.Replace(asked, "app.", "www.", 1), "Gateway response type: UNAUTHORIZED with status code: 401", "Gateway response headers: {Access-Control-Allow-Origin=https://app.example.com}", "Method completed with status: 401"},
			"CORS701 GET /orders: https://www.example.com was refused"},
		"a refused preflight without headers": {[]string{"HTTP Method: OPTIONS, Resource Path: /orders", "Method completed with status: 403"}, "CORS702 OPTIONS /orders: preflights got 403, as for a refused origin"},
		"OPTIONS that is no preflight":        {[]string{"HTTP Method: OPTIONS, Resource Path: /orders", "Method request headers: {Host=api.example.net}", "Method response headers: {}", "Method completed with status: 403"}, ""},
		"a preflight answered with another origin": {[]string{"HTTP Method: OPTIONS, Resource Path: /orders", "Method request headers: {Origin=https://www.example.com, Host=api.example.net, Access-Control-Request-Method=PUT}", "Method response headers: {Access-Control-Allow-Origin=https://app.example.com, Access-Control-Allow-Methods=PUT}", "Method completed with status: 204"},
			"CORS701 PUT /orders: https://www.example.com was refused"},
		"a preflight without the method": {[]string{"HTTP Method: OPTIONS, Resource Path: /orders", "Method request headers: {Origin=https://app.example.com, Host=api.example.net, Access-Control-Request-Method=PUT}", "Method response headers: {Access-Control-Allow-Origin=https://app.example.com, Access-Control-Allow-Methods=GET}", "Method completed with status: 204"},
			"CORS706 OPTIONS /orders: preflights got 204, and browsers with pages of https://app.example.com refused them"},
		"an origin cut off": {[]string{"HTTP Method: OPTIONS, Resource Path: /orders", "Method request headers: {Host=api.example.net, Access-Control-Request-Method=PUT, Origin=https://app.exam [TRUNCATED]", "Method response headers: {Vary=Origin}", "Method completed with status: 403"},
			"CORS702 OPTIONS /orders: preflights got 403, as for"},
		"out of order": {[]string{"Method completed with status: 200", "HTTP Method: GET, Resource Path: /orders/7", "Method response headers: {Content-Type=application/json}", asked, "AWS Integration Endpoint RequestId : 1"},
			"CORS707 GET /orders/*: the response was 200"},
		"no end": {[]string{"HTTP Method: OPTIONS, Resource Path: /orders", invoke}, "CORS705"},
	} {
		t.Run(name, func(t *testing.T) {
			got := listing(scan(t, p, lines(1, tt.text...)))
			if !strings.HasPrefix(got, tt.want) || strings.Count(got, "\n") != min(1, len(tt.want)) {
				t.Errorf("got\n%swant %s", got, tt.want)
			}
		})
	}
}

// TestBoth holds that a request with two faults has two findings.
func TestBoth(t *testing.T) {
	got := listing(scan(t, nil, lines(1, "HTTP Method: OPTIONS, Resource Path: /orders", invoke, "Execution failed due to configuration error: Malformed Lambda proxy response", "Method completed with status: 502")))
	for _, rule := range []string{"CORS704", "CORS705", "CORS706"} {
		if strings.Count(got, rule) != 1 {
			t.Errorf("%s is not there once:\n%s", rule, got)
		}
	}
}

// TestInvocation holds that the log of a test invocation is read.
func TestInvocation(t *testing.T) {
	got := listing(scan(t, nil, `Execution log for request 8e7a1c
Tue Feb 04 00:28:36 UTC 2025 : Starting execution for request: 8e7a1c
Tue Feb 04 00:28:36 UTC 2025 : HTTP Method: OPTIONS, Resource Path: /orders
Tue Feb 04 00:28:36 UTC 2025 : Method request headers: {Origin=https://app.example.com, Access-Control-Request-Method=PUT}
Tue Feb 04 00:28:37 UTC 2025 : Execution failed due to configuration error: Unable to transform request
Tue Feb 04 00:28:37 UTC 2025 : Method completed with status: 500
`))
	want := "CORS706 OPTIONS /orders: preflights got 500 (Unable to transform request) (once, 2025-02-04 00:28:37 UTC)\n"
	if got != want {
		t.Errorf("got %swant %s", got, want)
	}
}

// TestOnce holds that a request that several logs tell of is counted once, in whatever order they are read.
func TestOnce(t *testing.T) {
	p := policy(t, cors.Config{Origins: []string{"https://app.example.com"}})
	const id = "4bb1a9c2-0000-4000-8000-000000000001"
	refused := []string{
		`{"level":"WARN","message":"CORS: origin refused","origin":"https://www.example.com","method":"GET","path":"/orders","reason":"origin not allowed","apiRequestId":"` + id + `"}` + "\n",
		lines(1, "HTTP Method: GET, Resource Path: /orders", strings.Replace(asked, "app.", "www.", 1), "Method response headers: {Vary=Origin}", "Method completed with status: 200"),
	}
	preflight := []string{
		lines(1, "HTTP Method: OPTIONS, Resource Path: /orders", "Gateway response type: UNAUTHORIZED with status code: 401", "Method completed with status: 401"),
		`203.0.113.7 - - [22/Nov/2026:10:00:00 +0000] "OPTIONS /orders HTTP/1.1" 401 26 ` + id + "\n",
	}
	unread := []string{
		lines(1, "HTTP Method: GET, Resource Path: /orders", asked, "Gateway response type: THROTTLED with status code: 429", "Gateway response headers: {}", "Method completed with status: 429"),
		`{"requestId":"` + id + `","httpMethod":"GET","resourcePath":"/orders","status":"429","error.responseType":"THROTTLED"}` + "\n",
	}
	for _, two := range [][]string{refused, preflight, unread} {
		for _, text := range []string{two[0] + two[1], two[1] + two[0], two[0] + two[1] + two[1]} {
			if got := listing(scan(t, p, text)); strings.Count(got, "\n") != 1 || !strings.Contains(got, "(once") {
				t.Errorf("%s:\n%s", text, got)
			}
		}
	}
}

// TestConsole holds that the finding has what the browser printed.
func TestConsole(t *testing.T) {
	p := policy(t, cors.Config{Origins: []string{"https://app.example.com"}})
	rep := scan(t, p, lines(1, "HTTP Method: GET, Resource Path: /orders", asked, "Method response headers: {}", "Method completed with status: 200"))
	want := "Access to fetch at 'https://api.example.net/orders' from origin 'https://app.example.com' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource."
	if len(rep.Findings) != 1 || rep.Findings[0].Console != want {
		t.Errorf("%+v", rep.Findings)
	}
}

// TestInterleaved holds that lines of many requests at once are kept apart, and that what is kept of them is bounded.
func TestInterleaved(t *testing.T) {
	p := policy(t, cors.Config{Origins: []string{"https://app.example.com"}})
	var b strings.Builder
	const n = most + 500
	for i := range n {
		b.WriteString(lines(i, "HTTP Method: OPTIONS, Resource Path: /orders", invoke))
	}
	for i := range n {
		b.WriteString(lines(i, "Method completed with status: 204"))
	}
	s := NewScanner(p)
	for l, err := range Read("t.log", strings.NewReader(b.String())) {
		if err != nil {
			t.Fatal(err)
		}
		s.Add(l)
		if len(s.requests) > most || len(s.open) > most || len(s.closing) > grace {
			t.Fatalf("%d requests are kept", len(s.requests))
		}
	}
	if got := listing(s.Report(nil)); !strings.Contains(got, fmt.Sprintf("(%d times", n)) {
		t.Error(got)
	}
}

func TestHeaders(t *testing.T) {
	for text, want := range map[string]browser.Header{
		"{}":                     nil,
		"{A=1, b-c=x, y, D=e=f}": {{Name: "A", Value: "1"}, {Name: "b-c", Value: "x, y"}, {Name: "D", Value: "e=f"}},
		"{A=}":                   {{Name: "A"}},
		"A=1":                    nil,
	} {
		if got, _ := headers(text); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}
