package simulate_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

// a recorder is a backend that keeps what it is asked.
type recorder struct {
	gateway.Backend
	event map[string]any
	asked *gateway.BackendRequest
}

func (r *recorder) Invoke(ctx context.Context, fn gateway.Function, event []byte) ([]byte, error) {
	r.event = nil
	if err := json.Unmarshal(event, &r.event); err != nil {
		return nil, err
	}
	return r.Backend.Invoke(ctx, fn, event)
}

func (r *recorder) HTTP(ctx context.Context, asked *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	r.asked = asked
	return r.Backend.HTTP(ctx, asked)
}

// What a browser sends is what a function gets. Names of headers are in lower case, but for HTTP/1.1.
func TestWhatAFunctionGets(t *testing.T) {
	for http1, names := range map[bool]string{false: "Host accept accept-language content-type origin", true: "Accept Accept-Language Content-Type Host Origin"} {
		s := site(t)
		backend := &recorder{Backend: s.Backend}
		s.Backend, s.HTTP1, s.Base = backend, http1, "https://api.example.com"
		run(t, s, browser.Call{Method: "POST", URL: "/marked?x=1&x=2", Body: []byte("a body"), Header: browser.Header{{Name: "Accept-Language", Value: "de"}}})
		got := backend.event
		headers, _ := got["multiValueHeaders"].(map[string]any)
		known := slices.DeleteFunc(slices.Sorted(maps.Keys(headers)), func(name string) bool {
			return strings.HasPrefix(name, "X-Amzn-") || strings.HasPrefix(name, "X-Forwarded-")
		})
		if strings.Join(known, " ") != names {
			t.Errorf("HTTP/1.1 %v: %q", http1, known)
		}
		if got["body"] != "a body" || got["httpMethod"] != "POST" || got["path"] != "/marked" || !reflect.DeepEqual(got["multiValueQueryStringParameters"], map[string]any{"x": []any{"1", "2"}}) {
			t.Errorf("HTTP/1.1 %v: %v", http1, got)
		}
		if !reflect.DeepEqual(headers["Host"], []any{"api.example.com"}) {
			t.Errorf("HTTP/1.1 %v: host %v", http1, headers["Host"])
		}
	}
}

// A report has the message as a browser judges it: a name's lines as one value, and nothing that differs each time.
func TestMessages(t *testing.T) {
	s := site(t)
	s.Backend = reply(t, `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Credentials": "true"}, "multiValueHeaders": {"X-Own": ["1", "2"], "Access-Control-Expose-Headers": ["x-own"]}, "body": "here"}`)
	r := run(t, s, browser.Call{URL: "/other", Credentials: browser.Include})
	got := r.Actual.Response
	want := simulate.Headers{
		"access-control-allow-origin": "https://app.example.com", "access-control-allow-credentials": "true", "access-control-expose-headers": "x-own",
		"content-length": "4", "content-type": "application/json", "x-own": "1, 2",
	}
	if !maps.Equal(got.Headers, want) {
		t.Errorf("headers %q", got.Headers)
	}
	if !r.Actual.Request.Credentials || r.Actual.Request.Headers["origin"] != "https://app.example.com" || r.Actual.Request.Method != "GET" {
		t.Errorf("%+v", r.Actual.Request)
	}
}

// The same function's response stands for what answers an HTTP integration: status 200 where it has none.
func TestReplyToHTTP(t *testing.T) {
	s := site(t)
	s.Backend = reply(t, `{"headers": {"Access-Control-Allow-Origin": "*"}, "multiValueHeaders": {"Access-Control-Expose-Headers": ["x-own"], "X-Own": ["1", "2"]}, "body": "here"}`)
	r := run(t, s, browser.Call{URL: "/web"})
	got := r.Actual.Response
	if !r.Verdict.Allowed || got.Status != 200 || got.Text != "here" || got.Headers["x-own"] != "1, 2" || strings.Count(strings.Join(r.Actual.Readable, " "), "x-own") != 1 {
		t.Errorf("%+v %+v", r.Verdict, got)
	}
	again := run(t, s, browser.Call{URL: "/web"})
	if !reflect.DeepEqual(r, again) {
		t.Errorf("the same question has another report:\n%+v\n%+v", r, again)
	}
	for _, name := range []string{"date", "x-amzn-requestid", "x-amz-apigw-id"} {
		if value, there := got.Headers[name]; there {
			t.Errorf("%s: %s", name, value)
		}
	}
	service := model.Load(t, []byte(strings.Replace(strings.Replace(template, `"HTTP_PROXY"`, `"AWS", "IntegrationHttpMethod": "POST", "IntegrationResponses": [{"StatusCode": "200"}]`, 1),
		"https://backend.example.net/web", "arn:aws:apigateway:us-east-1:dynamodb:action/Scan", 1)), gateway.Options{})
	for name, known := range map[string]bool{"a reply": true, "not run": false, "no backend": false} {
		s := simulate.Site{API: service, Backend: map[string]gateway.Backend{"a reply": s.Backend, "not run": site(t).Backend}[name]}
		if r := run(t, s, browser.Call{URL: "/web"}); r.Verdict.Known != known || (r.Actual.Response != nil) != known {
			t.Errorf("a service, %s: %+v %+v", name, r.Verdict, r.Actual.Response)
		}
	}
}

// A verdict has all that the browser says of it.
func TestVerdicts(t *testing.T) {
	s := site(t)
	s.Backend = reply(t, `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*", "Access-Control-Allow-Methods": "PUT"}, "body": ""}`)
	for name, tt := range map[string]struct {
		req  browser.Call
		want simulate.Verdict // less message and section
	}{
		"a method":                {browser.Call{Method: "DELETE", URL: "/other"}, simulate.Verdict{Known: true, Code: browser.MethodDisallowedByPreflightResponse, FailedParameter: "DELETE"}},
		"no request":              {browser.Call{Method: "TRACE", URL: "/other"}, simulate.Verdict{Known: true, NetError: "TypeError"}},
		"a wildcard stretched":    {browser.Call{Method: "PUT", URL: "/other", Header: browser.Header{{Name: "Authorization", Value: "x"}}}, simulate.Verdict{Known: true, Allowed: true}},
		"headers, if it is not":   {browser.Call{Method: "PUT", URL: "/other", Strict: true, Header: browser.Header{{Name: "Authorization", Value: "x"}}}, simulate.Verdict{Known: true, Code: browser.HeaderDisallowedByPreflightResponse, FailedParameter: "authorization", Disallowed: []string{"authorization"}}},
		"the preflight is enough": {browser.Call{Method: "PUT", URL: "/other"}, simulate.Verdict{Known: true, Allowed: true}},
	} {
		got := run(t, s, tt.req).Verdict
		if (got.Warning != "") != (name == "a wildcard stretched") || (got.Message == "") != got.Allowed || (got.Section == "") != got.Allowed {
			t.Errorf("%s: warning %q, message %q, section %q", name, got.Warning, got.Message, got.Section)
		}
		got.Warning, got.Message, got.Section = "", "", ""
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
}

// A course has what decided a response: lines of the templates, the response that was chosen, the gateway's own.
func TestCourses(t *testing.T) {
	load := func(name string) simulate.Site {
		b, err := os.ReadFile("../../test/templates/" + name + ".template.json")
		if err != nil {
			t.Fatal(err)
		}
		api := model.Load(t, b, gateway.Options{})
		return simulate.Site{API: api, Backend: reply(t, `{"statusCode": 200, "headers": {}, "body": "here"}`)}
	}
	// sets says whether a line of a template sets the origin, after a branch.
	sets := func(c *simulate.Course, in, origin string) bool {
		branched := false
		for _, l := range c.Template {
			if l.In != in || l.Line == 0 || l.Source == "" {
				return false
			}
			branched = branched || strings.HasPrefix(l.Did, "#if")
			if l.Did == "responseOverride.header.Access-Control-Allow-Origin" && l.Value == origin {
				return branched
			}
		}
		return false
	}
	put := browser.Call{Method: "PUT", URL: "/orders"}
	if r := run(t, load("everything"), put); !sets(r.Trace.Preflight, "request", "https://app.example.com") {
		t.Errorf("the request template sets the origin: %+v", r.Trace.Preflight.Template)
	}
	put.URL, put.Origin = "/items/1", "https://admin.example.com"
	if r := run(t, load("cdk-three-origins"), put); !sets(r.Trace.Preflight, "response", put.Origin) {
		t.Errorf("the response template sets the origin: %+v", r.Trace.Preflight.Template)
	}
	put.URL, put.Origin = "/orders", ""
	r := run(t, load("everything"), put)
	if got := r.Trace.Preflight.IntegrationResponse; got == nil || got.Status != "204" || got.Pattern != "204" {
		t.Errorf("%+v", got)
	}
	// A slash that is escaped parts no segments.
	if r := run(t, load("everything"), browser.Call{URL: "/orders/1%2F2"}); r.Trace.Actual.Resource == nil || r.Trace.Actual.Resource.Path != "/orders/{id}" {
		t.Errorf("%+v", r.Trace.Actual.Resource)
	}
	r = run(t, load("everything"), browser.Call{URL: "/nowhere"})
	if got := r.Trace.Actual.GatewayResponse; got == nil || got.Type != "MISSING_AUTHENTICATION_TOKEN" || got.From != "DEFAULT_4XX" || got.Detail == "" {
		t.Errorf("%+v", got)
	}
}

// Of several integration responses with one status, the course has the one that was chosen.
func TestChosenResponse(t *testing.T) {
	several := strings.Replace(template, `"HTTP_PROXY"`, `"HTTP", "IntegrationHttpMethod": "GET", "IntegrationResponses": [
		{"StatusCode": "200"}, {"StatusCode": "200", "SelectionPattern": "201"}, {"StatusCode": "200", "SelectionPattern": "5.."}]`, 1)
	api := model.Load(t, []byte(several), gateway.Options{})
	for status, pattern := range map[string]string{"201": "201", "503": "5..", "302": ""} {
		r := run(t, simulate.Site{API: api, Backend: reply(t, `{"statusCode": `+status+`, "headers": {}, "body": ""}`)}, browser.Call{URL: "/web"})
		if got := r.Trace.Actual.IntegrationResponse; got == nil || got.Status != "200" || got.Pattern != pattern {
			t.Errorf("%s: %+v", status, got)
		}
	}
}

// The one stand-in that judges by the stage's variables refuses as corslambda does.
func TestMarkedRefuses(t *testing.T) {
	s := site(t)
	evil := run(t, s, browser.Call{Method: "PUT", URL: "/marked", Origin: "https://evil.example"})
	if evil.Preflight.Response.Status != 403 || evil.Verdict.Code != browser.PreflightMissingAllowOriginHeader {
		t.Errorf("%+v", evil.Preflight)
	}
	api := model.Load(t, []byte(template), gateway.Options{Variables: map[string]string{"corsOrigins": "https://app.example.com,nonsense"}})
	s.API = api
	if r := run(t, s, browser.Call{URL: "/marked"}); r.Verdict.Allowed || !r.Verdict.Known {
		t.Errorf("malformed variables: %+v", r.Verdict)
	}
}

// A mark is a function's, and not that of another resource.
func TestMarkOfAnother(t *testing.T) {
	marked := strings.Replace(template, `"Other": {"Type": "AWS::Lambda::Function", "Properties": {}, "Metadata": {"corsgate:emits": false}}`,
		`"Other": {"Type": "AWS::Serverless::Function", "Properties": {}, "Metadata": {"corsgate:emits": "built"}}`, 1)
	if marked == template {
		t.Fatal("nothing is replaced")
	}
	s := site(t)
	s.Backend = simulate.NotRun(model.App(t, []byte(marked)))
	if r := run(t, s, browser.Call{URL: "/other"}); r.Verdict.Known {
		t.Errorf("%+v", r.Verdict)
	}
}

// A function behind the wrapper is answered for as well, whoever put it there.
func TestAttached(t *testing.T) {
	for variable, known := range map[string]bool{"/opt/corsgate/wrap": true, "/opt/otel-handler": false} {
		attached := strings.Replace(template, `"Other": {"Type": "AWS::Lambda::Function", "Properties": {}, "Metadata": {"corsgate:emits": false}}`,
			`"Other": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "nodejs22.x", "Layers": [{"Ref": "Layer"}], "Environment": {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "`+variable+`"}}}}`, 1)
		s := site(t)
		s.Backend = simulate.NotRun(model.App(t, []byte(attached)))
		if r := run(t, s, browser.Call{URL: "/other"}); r.Verdict.Known != known || r.Verdict.Allowed != known {
			t.Errorf("%s: %+v", variable, r.Verdict)
		}
	}
}

// A function that emits on its owner's word follows the stage's variables where there are some, and is not known elsewhere.
func TestDeclared(t *testing.T) {
	declared := strings.Replace(template, `"Metadata": {"corsgate:emits": false}`, `"Metadata": {"corsgate:emits": true}`, 1)
	for _, variables := range []bool{true, false} {
		text := declared
		if !variables {
			text = regexp.MustCompile(`"cors[A-Z][A-Za-z]*": "[^"]*"`).ReplaceAllStringFunc(declared, func(v string) string { return strings.Replace(v, `"cors`, `"other`, 1) })
		}
		if (text == declared) != variables || declared == template {
			t.Fatal("nothing is replaced")
		}
		s := site(t)
		s.API = model.Load(t, []byte(text), gateway.Options{})
		s.Backend = simulate.NotRun(s.API.App)
		if r := run(t, s, browser.Call{URL: "/other"}); r.Verdict.Known != variables || r.Verdict.Allowed != variables {
			t.Errorf("variables %v: %+v", variables, r.Verdict)
		}
	}
}

// Where it is known what a response depends on, a memo tells apart what is answered differently, and a report is what it
// would be without.
func TestMemoOfWhatIsKnown(t *testing.T) {
	s := site(t)
	s.Memo = &simulate.Memo{}
	for _, origin := range []string{"https://app.example.com", "https://evil.example", "null", "https://app.example.com"} {
		for _, r := range []browser.Call{{}, {Method: "PUT"}, {Method: "DELETE"}, {Header: browser.Header{{Name: "X-Own", Value: "1"}}}} {
			for _, r.URL = range []string{"/marked", "/other", "/nowhere"} {
				r.Origin = origin
				if got, want := run(t, s, r), run(t, site(t), r); !reflect.DeepEqual(got, want) {
					t.Errorf("%+v: with a memo\n%+v\nwithout\n%+v", r, got, want)
				}
			}
		}
	}
}

// What depends on the origin is forgotten, and what does not is kept.
func TestForget(t *testing.T) {
	s := site(t)
	backend := &counting{Backend: s.Backend}
	s.Backend, s.Memo = backend, &simulate.Memo{}
	for range 2 {
		run(t, s, browser.Call{URL: "/marked"})
		s.Memo.Forget()
	}
	if backend.calls != 2 {
		t.Errorf("%d calls", backend.calls)
	}
}

// The second backend is not asked where the first one fails.
func TestElseAfterAFailure(t *testing.T) {
	s := site(t)
	s.Backend = simulate.Else(failing{s.Backend}, s.Backend)
	if r := run(t, s, browser.Call{URL: "/marked"}); !r.Verdict.Known || r.Verdict.Allowed || r.Actual.Response.Status < 500 {
		t.Errorf("%+v", r.Verdict)
	}
}

type failing struct{ gateway.Backend }

func (failing) Invoke(context.Context, gateway.Function, []byte) ([]byte, error) {
	return nil, errors.New("out of hands")
}

// What comes after a redirect is told by itself: the first request's preflight is not the second's.
func TestRedirectWithoutPreflight(t *testing.T) {
	s := site(t)
	s.Backend = seeOther{reply(t, `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}, "body": "there"}`)}
	r := run(t, s, browser.Call{Method: "POST", URL: "/marked", Header: browser.Header{{Name: "Content-Type", Value: "application/json"}}, Body: []byte("{}")})
	if len(r.Redirects) != 1 || !r.Redirects[0].Preflight.Needed || r.Redirects[0].Trace.Preflight == nil || len(r.Redirects[0].Actual.Readable) > 0 {
		t.Fatalf("before: %+v %+v", r.Verdict, r.Redirects)
	}
	if r.Preflight.Needed || len(r.Preflight.Reasons) > 0 || r.Trace.Preflight != nil || r.Actual.Request.Method != "GET" || !r.Verdict.Allowed {
		t.Errorf("after: %+v %+v", r.Preflight, r.Verdict)
	}
}

// seeOther has a function that allows everything and responds with a redirect to the server.
type seeOther struct{ gateway.Backend }

func (seeOther) Invoke(_ context.Context, _ gateway.Function, event []byte) ([]byte, error) {
	status := "303"
	if strings.Contains(string(event), `"httpMethod":"OPTIONS"`) {
		status = "204"
	}
	return []byte(`{"statusCode": ` + status + `, "headers": {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "content-type", "Location": "web"}}`), nil
}
