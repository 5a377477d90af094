package simulate_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

// template is an API with a proxied server, a function that is marked and one that is not, and the OPTIONS of the second.
const template = `{"Resources": {
	"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {}},
	"Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "v1", "Variables": {"corsOrigins": "https://app.example.com", "corsExposedHeaders": "etag"}}},
	"Marked": {"Type": "AWS::Lambda::Function", "Properties": {}, "Metadata": {"corsgate:emits": "built"}},
	"Other": {"Type": "AWS::Lambda::Function", "Properties": {}, "Metadata": {"corsgate:emits": false}},
	"RWeb": {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "web"}},
	"RMarked": {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "marked"}},
	"ROther": {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "other"}},
	"MWeb": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "RWeb"}, "HttpMethod": "ANY", "Integration": {"Type": "HTTP_PROXY", "Uri": "https://backend.example.net/web"}}},
	"MMarked": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "RMarked"}, "HttpMethod": "ANY", "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Marked.Arn}/invocations"}}}},
	"MOther": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "ROther"}, "HttpMethod": "ANY", "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Other.Arn}/invocations"}}}}
}}`

func site(t *testing.T) simulate.Site {
	t.Helper()
	api := model.Load(t, []byte(template), gateway.Options{})
	return simulate.Site{API: api, Backend: simulate.NotRun(api.App)}
}

func run(t *testing.T, s simulate.Site, r browser.Call) *simulate.Report {
	t.Helper()
	if r.Origin == "" {
		r.Origin = "https://app.example.com"
	}
	report, err := s.Run(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func reply(t *testing.T, response string) gateway.Backend {
	t.Helper()
	b, err := simulate.Reply([]byte(response), "the reply")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A marked function is answered for from the stage's variables, its own preflights too.
func TestMarked(t *testing.T) {
	r := run(t, site(t), browser.Call{Method: "PUT", URL: "/marked"})
	if !r.Verdict.Allowed || !r.Verdict.Known || r.Preflight.Response.Status != 204 {
		t.Errorf("got %+v", r.Verdict)
	}
	if r.Preflight.Response.Headers["access-control-allow-methods"] != "PUT" || r.Actual.Response.Headers["access-control-expose-headers"] != "etag" {
		t.Errorf("headers %v, %v", r.Preflight.Response.Headers, r.Actual.Response.Headers)
	}
	if r.Preflight.StandIn == "" || r.Actual.StandIn == "" {
		t.Error("the stand-in is not told")
	}
	r = run(t, site(t), browser.Call{URL: "/marked", Origin: "https://evil.example"})
	if r.Verdict.Allowed || r.Verdict.Code != browser.MissingAllowOriginHeader {
		t.Errorf("got %+v", r.Verdict)
	}
}

// What is not invoked is not known, and the gateway's response to a failure is not given for it.
func TestNotKnown(t *testing.T) {
	for name, s := range map[string]simulate.Site{"not run": site(t), "no backend": {API: site(t).API}} {
		for _, url := range []string{"/other", "/web"} {
			for _, method := range []string{"GET", "PUT"} {
				r := run(t, s, browser.Call{Method: method, URL: url})
				if r.Verdict.Known || r.Verdict.Allowed || r.Verdict.Code != "" || !strings.HasPrefix(r.Verdict.Message, "not known: ") {
					t.Errorf("%s: %s %s: %+v", name, method, url, r.Verdict)
				}
				course := r.Trace.Actual
				if method == "PUT" {
					if course != nil || r.Actual.Request != nil || r.Preflight.Verdict.Known {
						t.Errorf("%s: %s %s: the preflight is not known, and yet %+v", name, method, url, r.Actual)
					}
					course = r.Trace.Preflight
				}
				if course.GatewayResponse != nil || course.Integration == nil {
					t.Errorf("%s: %s %s: %+v", name, method, url, course)
				}
			}
		}
	}
}

// What of the template the model cannot serve is not known either, whatever its own response to it would mean.
func TestUnsupported(t *testing.T) {
	for what, change := range map[string][2]string{
		"unknown intrinsic":   {`"Type": "HTTP_PROXY"`, `"Type": {"Fn::ImportValue": "web"}`},
		"unknown integration": {`"HTTP_PROXY"`, `"GRPC"`},
	} {
		changed := strings.Replace(template, change[0], change[1], 1)
		if changed == template {
			t.Fatal(what)
		}
		api := model.Load(t, []byte(changed), gateway.Options{})
		for _, method := range []string{"GET", "PUT"} {
			r := run(t, simulate.Site{API: api}, browser.Call{Method: method, URL: "/web"})
			preflight := method == "PUT"
			if r.Verdict.Known || r.Verdict.Allowed || r.Verdict.Code != "" || r.Preflight.Verdict.Known == preflight {
				t.Errorf("%s: %s: %+v", what, method, r.Verdict)
			}
			if !strings.Contains(r.Verdict.Message, "import web") && !strings.Contains(r.Verdict.Message, "GRPC") {
				t.Errorf("%s: %s does not say why: %s", what, method, r.Verdict.Message)
			}
			if preflight && (r.Preflight.Response != nil || r.Trace.Preflight.Unsupported == "") || !preflight && r.Actual.Response != nil {
				t.Errorf("%s: %s: %+v", what, method, r)
			}
		}
	}
}

// A redirect is followed, with what it came from in the report.
func TestRedirect(t *testing.T) {
	s := site(t)
	s.Backend = redirecting{reply(t, `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*", "Set-Cookie": "a=b", "X-Own": "1"}, "body": "there"}`)}
	r := run(t, s, browser.Call{URL: "/other?x=1", Header: browser.Header{{Name: "Host", Value: "x"}}})
	if len(r.Redirects) != 1 || r.Redirects[0].Actual.Response.Status != 302 || r.Actual.Response.Text != "there" || !r.Verdict.Allowed {
		t.Fatalf("%+v", r)
	}
	if !strings.HasSuffix(r.Redirects[0].Actual.Request.URL, "/v1/other?x=1") || r.Trace.Actual.Resource.Path != "/web" {
		t.Errorf("from %s to %s", r.Redirects[0].Actual.Request.URL, r.Trace.Actual.Resource.Path)
	}
	if got := strings.Join(r.Actual.Readable, " "); got != "content-type content-length" {
		t.Errorf("readable: %s", got)
	}
	if got := strings.Join(r.Actual.Dropped, " "); got != "host" {
		t.Errorf("dropped: %s", got)
	}

	// To another site: what that answers is not this API's to say.
	for _, location := range []string{"https://elsewhere.example/", "///elsewhere.example", "https:///@else%77here.example\\\\..", "//elsewhere.example\\\\@api.example.com/.."} {
		s.Backend = reply(t, `{"statusCode": 302, "headers": {"Access-Control-Allow-Origin": "*", "Location": "`+location+`"}}`)
		r = run(t, s, browser.Call{URL: "/other"})
		if r.Verdict.Allowed || !strings.Contains(r.Verdict.Message, "https://elsewhere.example/ is not this API") {
			t.Errorf("%s: %+v", location, r.Verdict)
		}
	}
}

// The API is told by the server that a URL leads to, however it is written.
func TestSpelling(t *testing.T) {
	s := site(t)
	s.Base = "https://API.example.com:443/v1"
	for url, want := range map[string]int{
		"https://api.example.com/v1/marked":            200,
		"https:\\\\@api.example.com\\x\\..\\v1/marked": 200,
		"https://ap%69.example.com/v1/marked":          200,
		"https://api.example.com/v1/%zz":               403,
		"https://api.example.com./v1/marked":           0,
		"https://api.example.com:8443/v1/marked":       0,
	} {
		r := run(t, s, browser.Call{URL: url})
		got := 0
		if r.Actual.Response != nil {
			got = r.Actual.Response.Status
		}
		if got != want {
			t.Errorf("%s: %d, want %d: %+v", url, got, want, r.Verdict)
		}
	}
}

// redirecting has a function that redirects to the server.
type redirecting struct{ gateway.Backend }

func (redirecting) Invoke(context.Context, gateway.Function, []byte) ([]byte, error) {
	return []byte(`{"statusCode": 302, "headers": {"Access-Control-Allow-Origin": "*", "Location": "web"}}`), nil
}

// The API can be at an address with the stage, without it, and below a path.
func TestBase(t *testing.T) {
	for base, missing := range map[string]string{
		"":                              "https://api.execute-api.us-east-1.amazonaws.com/marked",
		"http://127.0.0.1:4000/v1":      "http://127.0.0.1:4000/marked",
		"https://api.example.com":       "https://api.example.com/v1/marked",
		"https://api.example.com/shop/": "https://api.example.com/shopping",
		"https://api.example.com/shop":  "https://api.example.com/shopmarked",
	} {
		s := site(t)
		s.Base = base
		r := run(t, s, browser.Call{URL: "/marked?x=%20"})
		if r.Actual.Response.Status != 200 || r.Trace.Actual.Resource.Path != "/marked" {
			t.Errorf("%s: %+v", base, r.Actual.Response)
		}
		r = run(t, s, browser.Call{URL: missing})
		if r.Actual.Response.Status != 403 {
			t.Errorf("%s: %s answers %d", base, missing, r.Actual.Response.Status)
		}
	}
	s := site(t)
	if _, err := s.Run(t.Context(), browser.Call{URL: "/", Origin: "nonsense"}); err == nil {
		t.Error("an origin that no page has")
	} else if input := (*browser.InputError)(nil); !errors.As(err, &input) {
		t.Errorf("%T: %v", err, err)
	}
}

// A remembered preflight is not sent again.
func TestCache(t *testing.T) {
	s := site(t)
	s.Cache = browser.NewPreflightCache(browser.Chromium, nil)
	first := run(t, s, browser.Call{Method: "PUT", URL: "/marked"})
	second := run(t, s, browser.Call{Method: "PUT", URL: "/marked"})
	if first.Preflight.Cached || !second.Preflight.Cached || second.Preflight.Response != nil || second.Trace.Preflight != nil || !second.Verdict.Allowed {
		t.Errorf("first %+v, second %+v", first.Preflight, second.Preflight)
	}
}

// What a memo has is not asked for again, and what differs in anything but credentials is.
func TestMemo(t *testing.T) {
	backend := &counting{Backend: site(t).Backend}
	s := site(t)
	s.Backend, s.Memo = backend, &simulate.Memo{}
	requests := []browser.Call{{URL: "/marked"}, {URL: "/marked?x=1"}, {URL: "/marked", Method: "PUT"}, {URL: "/marked", Origin: "null"},
		{URL: "/marked", Method: "POST", Body: []byte("x")}, {URL: "/marked", Method: "POST", Body: []byte("y")},
		{URL: "/marked", Header: browser.Header{{Name: "Accept", Value: "a"}}}}
	for _, r := range requests {
		for _, r.Credentials = range []browser.Credentials{browser.SameOrigin, browser.Include} {
			if got, want := run(t, s, r), run(t, site(t), r); !reflect.DeepEqual(got.Verdict, want.Verdict) || !reflect.DeepEqual(got.Actual, want.Actual) || !reflect.DeepEqual(got.Preflight, want.Preflight) {
				t.Errorf("%+v: with a memo %+v, without %+v", r, got, want)
			}
		}
	}
	if backend.calls != len(requests)+1 { // PUT has a preflight, and is refused if it includes credentials
		t.Errorf("%d calls", backend.calls)
	}
}

type counting struct {
	gateway.Backend
	calls int
}

func (c *counting) Invoke(ctx context.Context, fn gateway.Function, event []byte) ([]byte, error) {
	c.calls++
	return c.Backend.Invoke(ctx, fn, event)
}

// The members of the document are what the issue names, whatever happened.
func TestJSON(t *testing.T) {
	for _, r := range []browser.Call{{Method: "PUT", URL: "/marked"}, {URL: "/marked"}, {Method: "TRACE", URL: "/"}, {URL: "/other"}, {Method: "PUT", URL: "/nowhere"}} {
		b, err := json.Marshal(run(t, site(t), r))
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]map[string]any
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Fatal(err)
		}
		for member, fields := range map[string]string{
			"preflight": "needed reasons request response verdict", "actual": "request response readable", "verdict": "allowed known code message", "trace": "preflight actual",
		} {
			for field := range strings.FieldsSeq(fields) {
				if _, ok := doc[member][field]; !ok {
					t.Errorf("%s %s: no %s.%s in %s", r.Method, r.URL, member, field, b)
				}
			}
		}
		if len(doc) != 4 {
			t.Errorf("%d members", len(doc))
		}
	}
}

func TestReply(t *testing.T) {
	if _, err := simulate.Reply([]byte("x"), "x"); err == nil {
		t.Error("not JSON, and no error")
	}
	s := site(t)
	s.Backend = reply(t, ` {"statusCode": 201, "multiValueHeaders": {"Access-Control-Allow-Origin": ["https://a", "https://b"]}, "isBase64Encoded": true, "body": "/w=="} `)
	r := run(t, s, browser.Call{URL: "/web"})
	if r.Actual.Response.Status != 201 || r.Verdict.Code != browser.MultipleAllowOriginValues || r.Actual.StandIn == "" {
		t.Errorf("%+v %+v", r.Actual, r.Verdict)
	}
}

// What the first backend cannot do, the second does.
func TestElse(t *testing.T) {
	s := site(t)
	s.Backend = simulate.Else(unable{}, s.Backend)
	r := run(t, s, browser.Call{URL: "/marked"})
	if !r.Verdict.Allowed || !strings.HasSuffix(r.Actual.StandIn, "it cannot be run here: no hands") {
		t.Errorf("%+v %s", r.Verdict, r.Actual.StandIn)
	}
	for _, url := range []string{"/other", "/web"} {
		if r = run(t, s, browser.Call{URL: url}); r.Verdict.Message != "not known: no hands" || r.Verdict.Known {
			t.Errorf("%+v", r.Verdict)
		}
	}
}

type unable struct{}

var noHands = &gateway.Unavailable{Reason: "no hands"}

func (unable) Invoke(context.Context, gateway.Function, []byte) ([]byte, error) { return nil, noHands }
func (unable) HTTP(context.Context, *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	return nil, noHands
}
func (unable) AWS(context.Context, *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	return nil, noHands
}
