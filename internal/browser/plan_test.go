package browser_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
)

const (
	app = "https://app.example.com"
	api = "https://api.example.net/products/1"
)

func fields(lines ...string) browser.Header {
	var h browser.Header
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h = append(h, browser.Field{Name: strings.TrimSuffix(name, ":"), Value: value})
	}
	return h
}

func prepare(t *testing.T, req browser.Call) *browser.Plan {
	t.Helper()
	req.Origin, req.URL = or(req.Origin, app), or(req.URL, api)
	p, err := browser.Prepare(req)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// https://fetch.spec.whatwg.org/#cors-preflight-fetch, steps 1 to 5
func TestPreflightRequest(t *testing.T) {
	p := prepare(t, browser.Call{Method: "put", Credentials: browser.Include, Header: fields(
		"X-Zeta: 1", "x-alpha: 2", "Authorization: Bearer x", "Content-Type: application/json", "Accept: text/html",
		"X-ZETA: 3", "Cookie: a=b"), Body: []byte("{}")})
	want := &browser.HTTPRequest{Method: "OPTIONS", URL: api, Header: fields("Accept: */*",
		"Access-Control-Request-Method: PUT",
		"Access-Control-Request-Headers: authorization,content-type,x-alpha,x-zeta",
		"Origin: "+app)}
	if !reflect.DeepEqual(p.Preflight, want) {
		t.Errorf("the preflight is\n%+v, want\n%+v", p.Preflight, want)
	}
	wantReasons := []string{
		"method PUT is not GET, HEAD or POST",
		"request header authorization is not CORS-safelisted",
		`request header content-type is not CORS-safelisted with the value "application/json"`,
		"request header x-alpha is not CORS-safelisted",
		"request header x-zeta is not CORS-safelisted",
	}
	var reasons []string
	for _, r := range p.Reasons {
		reasons = append(reasons, r.String())
	}
	if !slices.Equal(reasons, wantReasons) {
		t.Errorf("the reasons are\n%s", strings.Join(reasons, "\n"))
	}
	if len(p.Dropped) != 1 || p.Dropped[0].Name != "Cookie" {
		t.Errorf("dropped: %v", p.Dropped)
	}
	wantRequest := &browser.HTTPRequest{Method: "PUT", URL: api, Credentials: true, Body: []byte("{}"), Header: fields(
		"X-Zeta: 1, 3", "x-alpha: 2", "Authorization: Bearer x", "Content-Type: application/json", "Accept: text/html",
		"Origin: "+app)}
	if !reflect.DeepEqual(p.Request, wantRequest) {
		t.Errorf("the request is\n%+v, want\n%+v", p.Request, wantRequest)
	}
}

// The values of safelisted headers may have 1024 bytes together (https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names).
func TestSafelistedValuesTogether(t *testing.T) {
	long := strings.Repeat("1", 128)
	lines := []string{"Accept: " + long, "Accept-Language: " + long, "Content-Language: " + long, "Intervention: " + long,
		"DPR: " + long, "Width: " + long, "Viewport-Width: " + long, "RTT: " + long}
	if p := prepare(t, browser.Call{Header: fields(lines...)}); p.NeedsPreflight() {
		t.Errorf("1024 bytes cause a preflight: %v", p.Reasons)
	}
	p := prepare(t, browser.Call{Header: fields(append(lines, "Downlink: 1")...)})
	if len(p.Reasons) != 1 || p.Reasons[0].Kind != browser.ReasonHeadersLength {
		t.Fatalf("1025 bytes: %v", p.Reasons)
	}
	names, _ := p.Preflight.Header.Get("Access-Control-Request-Headers")
	if names != "accept,accept-language,content-language,downlink,dpr,intervention,rtt,viewport-width,width" {
		t.Errorf("asked for %s", names)
	}
}

// What needs no preflight, and what does (https://fetch.spec.whatwg.org/#concept-main-fetch).
func TestReasons(t *testing.T) {
	for _, test := range []struct {
		name string
		req  browser.Call
		want []browser.ReasonKind
	}{
		{"a plain GET", browser.Call{}, nil},
		{"a form's POST", browser.Call{Method: "POST", Body: []byte("a=b"), Header: fields("Content-Type: application/x-www-form-urlencoded")}, nil},
		{"a POST of a string", browser.Call{Method: "POST", Body: []byte("x")}, nil},
		{"credentials", browser.Call{Credentials: browser.Include}, nil},
		{"JSON", browser.Call{Method: "POST", Body: []byte("{}"), Header: fields("Content-Type: application/json")}, []browser.ReasonKind{browser.ReasonHeaderValue}},
		{"DELETE", browser.Call{Method: "delete"}, []browser.ReasonKind{browser.ReasonMethod}},
		{"a long Accept", browser.Call{Header: fields("Accept: " + strings.Repeat("a", 129))}, []browser.ReasonKind{browser.ReasonHeaderLength}},
		{"two Accepts, long together", browser.Call{Header: fields("Accept: "+strings.Repeat("a", 70), "accept: "+strings.Repeat("a", 70))}, []browser.ReasonKind{browser.ReasonHeaderLength}},
		{"an upload listener", browser.Call{Method: "POST", Body: []byte("x"), Initiator: browser.XMLHttpRequest, UploadListener: true}, []browser.ReasonKind{browser.ReasonForced}},
		{"an upload listener and no body", browser.Call{Method: "POST", Initiator: browser.XMLHttpRequest, UploadListener: true}, nil},
		{"same origin", browser.Call{Method: "PUT", Header: fields("X-A: 1"), URL: app + "/x"}, nil},
		{"same origin but for the default port", browser.Call{Method: "PUT", URL: "HTTPS://APP.example.com:443/x"}, nil},
		{"same origin but for HTTP's default port", browser.Call{Method: "PUT", Origin: "http://app.example.com", URL: "http://app.example.com:80/x"}, nil},
		{"HTTPS's port of an HTTP origin", browser.Call{Method: "PUT", Origin: "http://app.example.com", URL: "http://app.example.com:443/x"}, []browser.ReasonKind{browser.ReasonMethod}},
		{"another scheme", browser.Call{Method: "PUT", URL: "http://app.example.com/x"}, []browser.ReasonKind{browser.ReasonMethod}},
		{"another port", browser.Call{Method: "PUT", URL: app + ":8443/x"}, []browser.ReasonKind{browser.ReasonMethod}},
		{"an opaque origin", browser.Call{Method: "PUT", Origin: "null"}, []browser.ReasonKind{browser.ReasonMethod}},
	} {
		p := prepare(t, test.req)
		var kinds []browser.ReasonKind
		for _, r := range p.Reasons {
			kinds = append(kinds, r.Kind)
		}
		if !slices.Equal(kinds, test.want) || p.NeedsPreflight() != (len(test.want) > 0) {
			t.Errorf("%s: %v, want %v", test.name, kinds, test.want)
		}
	}
}

// An XMLHttpRequest leaves out the body of a GET, and then has no type for it; with fetch the call fails.
func TestBodyOfGET(t *testing.T) {
	req := browser.Call{Body: []byte("x"), Initiator: browser.XMLHttpRequest, UploadListener: true}
	if p := prepare(t, req); p.Refused != nil || len(p.Request.Body) > 0 || p.Request.Header.Has("Content-Type") || p.NeedsPreflight() {
		t.Errorf("%+v", p.Request)
	}
	if p := prepare(t, browser.Call{Body: []byte("x")}); p.Refused == nil || p.Refused.NetError != "TypeError" {
		t.Errorf("%+v", p.Refused)
	}
}

// Credentials go with a request by its mode and by whether it is cross-origin; the Origin header by its method too.
func TestCredentialsAndOrigin(t *testing.T) {
	for _, test := range []struct {
		mode         browser.Credentials
		same, across bool
	}{{"", true, false}, {browser.SameOrigin, true, false}, {browser.Include, true, true}, {browser.Omit, false, false}} {
		if p := prepare(t, browser.Call{Credentials: test.mode, URL: app + "/"}); p.Request.Credentials != test.same || p.CrossOrigin || p.Request.Header.Has("Origin") {
			t.Errorf("%q, same origin: %+v", test.mode, p.Request)
		}
		if p := prepare(t, browser.Call{Credentials: test.mode}); p.Request.Credentials != test.across || !p.CrossOrigin || !p.Request.Header.Has("Origin") {
			t.Errorf("%q, across: %+v", test.mode, p.Request)
		}
	}
	if p := prepare(t, browser.Call{Method: "POST", URL: app + "/"}); !p.Request.Header.Has("Origin") {
		t.Error("a same-origin POST has no Origin")
	}
	if p := prepare(t, browser.Call{Method: "HEAD", URL: app + "/"}); p.Request.Header.Has("Origin") {
		t.Error("a same-origin HEAD has an Origin")
	}
}

func TestInputErrors(t *testing.T) {
	for _, test := range []struct {
		req   browser.Call
		field string
	}{
		{browser.Call{URL: api}, "Origin"},
		{browser.Call{URL: api, Origin: "app.example.com"}, "Origin"},
		{browser.Call{URL: api, Origin: app + "/"}, "Origin"},
		{browser.Call{URL: api, Origin: "https://App.example.com"}, "Origin"},
		{browser.Call{URL: api, Origin: app + ":443"}, "Origin"},
		{browser.Call{URL: api, Origin: "https://bücher.example"}, "Origin"},
		{browser.Call{URL: api, Origin: "*"}, "Origin"},
		{browser.Call{URL: "/products", Origin: app}, "URL"},
		{browser.Call{URL: "https://", Origin: app}, "URL"},
		{browser.Call{URL: "https://a:99999/", Origin: app}, "URL"},
		{browser.Call{URL: "ftp://a/", Origin: app}, "URL"},
		{browser.Call{URL: "data:,x", Origin: app}, "URL"},
		{browser.Call{URL: api, Origin: app, Credentials: "always"}, "Credentials"},
		{browser.Call{URL: api, Origin: app, Mode: "no-cors"}, "Mode"},
		{browser.Call{URL: api, Origin: app, Mode: browser.ModeSameOrigin, Initiator: browser.XMLHttpRequest}, "Mode"},
		{browser.Call{URL: api, Origin: app, Initiator: "script"}, "Initiator"},
		{browser.Call{URL: api, Origin: app, UploadListener: true}, "UploadListener"},
	} {
		_, err := browser.Prepare(test.req)
		var input *browser.InputError
		if !errors.As(err, &input) || input.Field != test.field {
			t.Errorf("%+v: %v, want one about %s", test.req, err, test.field)
		}
		if _, err := browser.Run(test.req, nil, nil); err == nil {
			t.Errorf("%+v: Run takes it", test.req)
		}
	}
	// An origin need not be one of the web's.
	for _, origin := range []string{"capacitor://localhost", "chrome-extension://abcdef", "http://[::1]:3000"} {
		if _, err := browser.Prepare(browser.Call{URL: api, Origin: origin}); err != nil {
			t.Errorf("%s: %v", origin, err)
		}
	}
}

// The checks of a preflight's response, in their order: each case fails at one and would fail at all that follow.
func TestOrderOfPreflightChecks(t *testing.T) {
	req := browser.Call{Method: "PUT", Header: fields("X-A: 1", "X-B: 1"), Credentials: browser.Include}
	for _, test := range []struct {
		status int
		header browser.Header
		want   browser.Code
	}{
		{302, fields("Location: /elsewhere"), browser.PreflightDisallowedRedirect},
		{500, fields("Access-Control-Allow-Methods: ()"), browser.PreflightMissingAllowOriginHeader},
		{500, fields("Access-Control-Allow-Origin: *"), browser.PreflightWildcardOriginNotAllowed},
		{500, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Origin: "+app), browser.PreflightMultipleAllowOriginValues},
		{500, fields("Access-Control-Allow-Origin: app.example.com"), browser.PreflightInvalidAllowOriginValue},
		{500, fields("Access-Control-Allow-Origin: null"), browser.PreflightAllowOriginMismatch},
		{500, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: True"), browser.PreflightInvalidAllowCredentials},
		{500, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: ()"), browser.PreflightInvalidStatus},
		{302, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true"), browser.PreflightInvalidStatus},
		{199, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true"), browser.PreflightInvalidStatus},
		{200, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: ()", "Access-Control-Allow-Headers: ()"), browser.InvalidAllowMethodsPreflightResponse},
		{200, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: *", "Access-Control-Allow-Headers: ()"), browser.InvalidAllowHeadersPreflightResponse},
		{200, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: put, *", "Access-Control-Allow-Headers: *"), browser.MethodDisallowedByPreflightResponse},
		{200, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: PUT", "Access-Control-Allow-Headers: *"), browser.HeaderDisallowedByPreflightResponse},
		{299, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: PUT", "Access-Control-Allow-Headers: X-a", "access-control-allow-headers: x-B"), ""},
	} {
		v := prepare(t, req).CheckPreflight(&browser.HTTPResponse{Status: test.status, Header: test.header})
		if v.Code != test.want || v.Allowed != (test.want == "") {
			t.Errorf("%d %v: %+v, want %q", test.status, test.header, v, test.want)
		}
	}
	v := prepare(t, req).CheckPreflight(&browser.HTTPResponse{Status: 204, Header: fields("Access-Control-Allow-Origin: "+app,
		"Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: PUT")})
	want := browser.Verdict{
		Code: browser.HeaderDisallowedByPreflightResponse, FailedParameter: "x-a", Disallowed: []string{"x-a", "x-b"},
		Section: "https://fetch.spec.whatwg.org/#cors-preflight-fetch",
		Message: "Access to fetch at '" + api + "' from origin '" + app + "' has been blocked by CORS policy: " +
			"Request header field x-a is not allowed by Access-Control-Allow-Headers in preflight response.",
	}
	if !reflect.DeepEqual(v, want) {
		t.Errorf("the verdict is %+v", v)
	}
}

// "*" and authorization: the standard and Chromium (https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name).
func TestAuthorizationAndWildcard(t *testing.T) {
	for _, test := range []struct {
		headers string
		strict  bool
		allowed bool
		warning bool
	}{
		{"*", false, true, true},
		{"*", true, false, false},
		{"*, authorization", true, true, false},
		{"Authorization, x-a", true, true, false},
		{"x-a", false, false, false},
	} {
		p := prepare(t, browser.Call{Header: fields("Authorization: x", "X-A: 1"), Strict: test.strict})
		v := p.CheckPreflight(&browser.HTTPResponse{Status: 204, Header: fields("Access-Control-Allow-Origin: *", "Access-Control-Allow-Headers: "+test.headers)})
		if v.Allowed != test.allowed || (v.Warning != "") != test.warning {
			t.Errorf("%+v: %+v", test, v)
		}
		if !v.Allowed && v.FailedParameter != "authorization" {
			t.Errorf("%+v: blames %s", test, v.FailedParameter)
		}
	}
}

// https://fetch.spec.whatwg.org/#concept-http-redirect-fetch
func TestRedirects(t *testing.T) {
	answers := map[string]*browser.HTTPResponse{
		"GET https://app.example.com/to-api":         {Status: 302, Header: fields("Location: https://api.example.net/to-third")},
		"GET https://api.example.net/to-third":       {Status: 302, Header: fields("Access-Control-Allow-Origin: "+app, "Location: https://third.example/")},
		"GET https://third.example/":                 {Status: 200, Header: fields("Access-Control-Allow-Origin: null"), Body: []byte("there")},
		"POST https://api.example.net/see-other":     {Status: 303, Header: fields("Access-Control-Allow-Origin: *", "Location: other#part")},
		"OPTIONS https://api.example.net/see-other":  {Status: 204, Header: fields("Access-Control-Allow-Origin: *", "Access-Control-Allow-Headers: *, authorization")},
		"GET https://api.example.net/other":          {Status: 200, Header: fields("Access-Control-Allow-Origin: *")},
		"OPTIONS https://api.example.net/other":      {Status: 204, Header: fields("Access-Control-Allow-Origin: *", "Access-Control-Allow-Headers: authorization")},
		"GET https://api.example.net/no-cors":        {Status: 302, Header: fields("Location: /other")},
		"GET https://api.example.net/with-user":      {Status: 302, Header: fields("Access-Control-Allow-Origin: *", "Location: https://u:p@api.example.net/")},
		"GET https://api.example.net/round":          {Status: 302, Header: fields("Access-Control-Allow-Origin: *", "Location: round")},
		"GET https://api.example.net/ftp":            {Status: 302, Header: fields("Access-Control-Allow-Origin: *", "Location: ftp://api.example.net/")},
		"GET https://api.example.net/data":           {Status: 302, Header: fields("Access-Control-Allow-Origin: *", "Location: data:,x")},
		"GET https://api.example.net/broken":         {Status: 302, Header: fields("Access-Control-Allow-Origin: *", "Location: https://a:b/")},
		"GET https://api.example.net/nowhere":        {Status: 302, Header: fields("Access-Control-Allow-Origin: *")},
		"PUT https://app.example.com/put":            {Status: 308, Header: fields("Location: https://api.example.net/put")},
		"OPTIONS https://api.example.net/put":        {Status: 403, Header: fields("Access-Control-Allow-Origin: *")},
		"GET https://api.example.net/authorized":     {Status: 307, Header: fields("Access-Control-Allow-Origin: *", "Location: https://third.example/plain")},
		"OPTIONS https://api.example.net/authorized": {Status: 204, Header: fields("Access-Control-Allow-Origin: *", "Access-Control-Allow-Headers: authorization")},
		"GET https://third.example/plain":            {Status: 200, Header: fields("Access-Control-Allow-Origin: *")},
	}
	for _, test := range []struct {
		req     browser.Call
		sent    string // the requests sent, with their Origin headers
		code    browser.Code
		failure string
	}{
		{browser.Call{URL: app + "/to-api"}, "GET https://app.example.com/to-api -, GET https://api.example.net/to-third " + app + ", GET https://third.example/ null", "", ""},
		{browser.Call{URL: app + "/to-api", Mode: browser.ModeSameOrigin}, "GET https://app.example.com/to-api -", "", "ERR_ABORTED"},
		{browser.Call{Method: "POST", URL: "https://api.example.net/see-other", Body: []byte("{}"), Header: fields("Content-Type: application/json", "Content-Language: de", "Authorization: x")},
			"OPTIONS https://api.example.net/see-other " + app + ", POST https://api.example.net/see-other " + app +
				", OPTIONS https://api.example.net/other " + app + ", GET https://api.example.net/other " + app, "", ""},
		{browser.Call{URL: "https://api.example.net/no-cors"}, "GET https://api.example.net/no-cors " + app, browser.MissingAllowOriginHeader, ""},
		{browser.Call{URL: "https://api.example.net/with-user"}, "GET https://api.example.net/with-user " + app, browser.RedirectContainsCredentials, ""},
		{browser.Call{URL: "https://api.example.net/round"}, strings.Repeat("GET https://api.example.net/round "+app+", ", 20) + "GET https://api.example.net/round " + app, "", "ERR_TOO_MANY_REDIRECTS"},
		{browser.Call{URL: "https://api.example.net/ftp"}, "GET https://api.example.net/ftp " + app, browser.CorsDisabledScheme, ""},
		{browser.Call{URL: "https://api.example.net/data"}, "GET https://api.example.net/data " + app, "", "ERR_UNSAFE_REDIRECT"},
		{browser.Call{URL: "https://api.example.net/broken"}, "GET https://api.example.net/broken " + app, "", "ERR_INVALID_REDIRECT"},
		{browser.Call{URL: "https://api.example.net/nowhere"}, "GET https://api.example.net/nowhere " + app, "", ""},
		{browser.Call{Method: "PUT", URL: app + "/put"}, "PUT https://app.example.com/put " + app + ", OPTIONS https://api.example.net/put " + app, browser.PreflightInvalidStatus, ""},
		{browser.Call{URL: "https://api.example.net/authorized", Header: fields("Authorization: x")},
			"OPTIONS https://api.example.net/authorized " + app + ", GET https://api.example.net/authorized " + app + ", GET https://third.example/plain null", "", ""},
		{browser.Call{URL: "https://api.example.net/down"}, "GET https://api.example.net/down " + app, "", "ERR_FAILED"},
	} {
		test.req.Origin = app
		var sent []string
		ex, err := browser.Run(test.req, func(r *browser.HTTPRequest) (*browser.HTTPResponse, error) {
			origin, _ := r.Header.Get("Origin")
			sent = append(sent, r.Method+" "+r.URL+" "+or(origin, "-"))
			if r.Method == "GET" && (r.Header.Has("Content-Type") || r.Header.Has("Content-Language") || len(r.Body) > 0) {
				t.Errorf("%s: a body's header, or the body, outlived it", r.URL)
			}
			if resp := answers[r.Method+" "+r.URL]; resp != nil {
				return resp, nil
			}
			return nil, errors.New("connection refused")
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(sent, ", "); got != test.sent {
			t.Errorf("%s sent\n%s, want\n%s", test.req.URL, got, test.sent)
		}
		v := ex.Verdict
		if v.Code != test.code || v.NetError != test.failure || v.Allowed != (test.code == "" && test.failure == "") {
			t.Errorf("%s: %+v, want %q %q", test.req.URL, v, test.code, test.failure)
		}
		if (ex.Response != nil) != v.Allowed {
			t.Errorf("%s: %+v and %+v", test.req.URL, v, ex.Response)
		}
	}
}

// https://fetch.spec.whatwg.org/#concept-filtered-response-cors
func TestExposed(t *testing.T) {
	resp := &browser.HTTPResponse{Status: 200, Header: fields("Content-Type: text/plain", "X-A: 1", "x-a: 2", "X-B: 1",
		"Set-Cookie: a=b", "Set-Cookie2: a=b", "Cache-Control: no-store", "ETag: x")}
	for _, test := range []struct {
		url, expose string
		credentials browser.Credentials
		want        string
	}{
		{api, "", "", "Content-Type Cache-Control"},
		{api, "X-A, etag, set-cookie, set-cookie2", "", "Content-Type X-A x-a Cache-Control ETag"},
		{api, "*", "", "Content-Type X-A x-a X-B Cache-Control ETag"},
		{api, "*", browser.Include, "Content-Type Cache-Control"},
		{api, "X-B, *", browser.Include, "Content-Type X-B Cache-Control"},
		{api, "X-A X-B", "", "Content-Type Cache-Control"},
		{app + "/", "", "", "Content-Type X-A x-a X-B Cache-Control ETag"},
	} {
		with := *resp
		if test.expose != "" {
			with.Header = append(fields("Access-Control-Expose-Headers: "+test.expose), resp.Header...)
		}
		var names []string
		for _, f := range prepare(t, browser.Call{URL: test.url, Credentials: test.credentials}).Exposed(&with) {
			if f.Name != "Access-Control-Expose-Headers" {
				names = append(names, f.Name)
			}
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

func ExampleRun() {
	ex, err := browser.Run(browser.Call{
		Method: "PUT", URL: "https://api.example.net/products/1", Origin: "https://app.example.com",
	}, func(r *browser.HTTPRequest) (*browser.HTTPResponse, error) {
		return &browser.HTTPResponse{Status: 204, Header: browser.Header{{Name: "Access-Control-Allow-Origin", Value: "*"}}}, nil
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range ex.Steps {
		fmt.Println(step.Request.Method, step.Reasons)
	}
	fmt.Println(ex.Verdict.Code)
	fmt.Println(ex.Verdict.Message)
	// Output:
	// OPTIONS [method PUT is not GET, HEAD or POST]
	// MethodDisallowedByPreflightResponse
	// Access to fetch at 'https://api.example.net/products/1' from origin 'https://app.example.com' has been blocked by CORS policy: Method PUT is not allowed by Access-Control-Allow-Methods in preflight response.
}

// A plan that the browser refuses to begin stays refused, whatever is answered; one without a preflight needs no response.
func TestRefusedPlan(t *testing.T) {
	p := prepare(t, browser.Call{Method: "TRACE"})
	ok := &browser.HTTPResponse{Status: 302, Header: fields("Access-Control-Allow-Origin: *", "Location: /")}
	_, redirect := p.Redirect(ok)
	for _, v := range []browser.Verdict{p.CheckPreflight(ok), p.CheckResponse(ok), redirect} {
		if v.Allowed || v.NetError != "TypeError" || v.Message != "Failed to execute 'fetch' on 'Window': 'TRACE' HTTP method is unsupported." {
			t.Errorf("%+v", v)
		}
	}
	p = prepare(t, browser.Call{})
	if v := p.CheckPreflight(&browser.HTTPResponse{Status: 500}); !v.Allowed {
		t.Errorf("a preflight that is not made: %+v", v)
	}
	if next, v := p.Redirect(&browser.HTTPResponse{Status: 200}); next != nil || !v.Allowed {
		t.Errorf("an answer that is no redirect: %+v %+v", next, v)
	}
	ex, err := browser.Run(browser.Call{URL: api, Origin: app}, func(*browser.HTTPRequest) (*browser.HTTPResponse, error) { return nil, nil }, nil)
	if err != nil || ex.Verdict.NetError != "ERR_EMPTY_RESPONSE" {
		t.Errorf("no answer: %+v %v", ex.Verdict, err)
	}
}

func TestReasonWords(t *testing.T) {
	for reason, want := range map[browser.Reason]string{
		{Kind: browser.ReasonHeaderLength, Name: "accept", Value: strings.Repeat("a", 129)}: "request header accept has 129 bytes, more than the 128 a CORS-safelisted one may have",
		{Kind: browser.ReasonHeadersLength}:                                                 "the CORS-safelisted request headers have more than 1024 bytes together",
		{Kind: browser.ReasonForced}:                                                        "a listener is registered on the XMLHttpRequest's upload",
	} {
		if got := reason.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
