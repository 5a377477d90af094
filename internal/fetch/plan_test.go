package fetch_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/fetch"
)

const (
	app = "https://app.example.com"
	api = "https://api.example.net/products/1"
)

func fields(lines ...string) fetch.Header {
	var h fetch.Header
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h = append(h, fetch.Field{Name: strings.TrimSuffix(name, ":"), Value: value})
	}
	return h
}

func prepare(t *testing.T, req fetch.Request) *fetch.Plan {
	t.Helper()
	req.Origin, req.URL = or(req.Origin, app), or(req.URL, api)
	p, err := fetch.Prepare(req)
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
	p := prepare(t, fetch.Request{Method: "put", Credentials: fetch.Include, Header: fields(
		"X-Zeta: 1", "x-alpha: 2", "Authorization: Bearer x", "Content-Type: application/json", "Accept: text/html",
		"X-ZETA: 3", "Cookie: a=b"), Body: []byte("{}")})
	want := &fetch.HTTPRequest{Method: "OPTIONS", URL: api, Header: fields("Accept: */*",
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
	wantRequest := &fetch.HTTPRequest{Method: "PUT", URL: api, Credentials: true, Body: []byte("{}"), Header: fields(
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
	if p := prepare(t, fetch.Request{Header: fields(lines...)}); p.NeedsPreflight() {
		t.Errorf("1024 bytes cause a preflight: %v", p.Reasons)
	}
	p := prepare(t, fetch.Request{Header: fields(append(lines, "Save-Data: on")...)})
	if len(p.Reasons) != 1 || p.Reasons[0].Kind != fetch.ReasonHeadersLength {
		t.Fatalf("1026 bytes: %v", p.Reasons)
	}
	names, _ := p.Preflight.Header.Get("Access-Control-Request-Headers")
	if names != "accept,accept-language,content-language,dpr,intervention,rtt,save-data,viewport-width,width" {
		t.Errorf("asked for %s", names)
	}
}

// What needs no preflight, and what does (https://fetch.spec.whatwg.org/#concept-main-fetch).
func TestReasons(t *testing.T) {
	for _, test := range []struct {
		name string
		req  fetch.Request
		want []fetch.ReasonKind
	}{
		{"a plain GET", fetch.Request{}, nil},
		{"a form's POST", fetch.Request{Method: "POST", Body: []byte("a=b"), Header: fields("Content-Type: application/x-www-form-urlencoded")}, nil},
		{"a POST of a string", fetch.Request{Method: "POST", Body: []byte("x")}, nil},
		{"credentials", fetch.Request{Credentials: fetch.Include}, nil},
		{"JSON", fetch.Request{Method: "POST", Body: []byte("{}"), Header: fields("Content-Type: application/json")}, []fetch.ReasonKind{fetch.ReasonHeaderValue}},
		{"DELETE", fetch.Request{Method: "delete"}, []fetch.ReasonKind{fetch.ReasonMethod}},
		{"a long Accept", fetch.Request{Header: fields("Accept: " + strings.Repeat("a", 129))}, []fetch.ReasonKind{fetch.ReasonHeaderLength}},
		{"two Accepts, long together", fetch.Request{Header: fields("Accept: "+strings.Repeat("a", 70), "accept: "+strings.Repeat("a", 70))}, []fetch.ReasonKind{fetch.ReasonHeaderLength}},
		{"an upload listener", fetch.Request{Method: "POST", Body: []byte("x"), Initiator: fetch.XMLHttpRequest, UploadListener: true}, []fetch.ReasonKind{fetch.ReasonForced}},
		{"an upload listener and no body", fetch.Request{Method: "POST", Initiator: fetch.XMLHttpRequest, UploadListener: true}, nil},
		{"same origin", fetch.Request{Method: "PUT", Header: fields("X-A: 1"), URL: app + "/x"}, nil},
		{"same origin but for the default port", fetch.Request{Method: "PUT", URL: "HTTPS://APP.example.com:443/x"}, nil},
		{"another scheme", fetch.Request{Method: "PUT", URL: "http://app.example.com/x"}, []fetch.ReasonKind{fetch.ReasonMethod}},
		{"another port", fetch.Request{Method: "PUT", URL: app + ":8443/x"}, []fetch.ReasonKind{fetch.ReasonMethod}},
		{"an opaque origin", fetch.Request{Method: "PUT", Origin: "null"}, []fetch.ReasonKind{fetch.ReasonMethod}},
	} {
		p := prepare(t, test.req)
		var kinds []fetch.ReasonKind
		for _, r := range p.Reasons {
			kinds = append(kinds, r.Kind)
		}
		if !slices.Equal(kinds, test.want) || p.NeedsPreflight() != (len(test.want) > 0) {
			t.Errorf("%s: %v, want %v", test.name, kinds, test.want)
		}
	}
}

// Credentials go with a request by its mode and by whether it is cross-origin; the Origin header by its method too.
func TestCredentialsAndOrigin(t *testing.T) {
	for _, test := range []struct {
		mode         fetch.Credentials
		same, across bool
	}{{"", true, false}, {fetch.SameOrigin, true, false}, {fetch.Include, true, true}, {fetch.Omit, false, false}} {
		if p := prepare(t, fetch.Request{Credentials: test.mode, URL: app + "/"}); p.Request.Credentials != test.same || p.CrossOrigin || p.Request.Header.Has("Origin") {
			t.Errorf("%q, same origin: %+v", test.mode, p.Request)
		}
		if p := prepare(t, fetch.Request{Credentials: test.mode}); p.Request.Credentials != test.across || !p.CrossOrigin || !p.Request.Header.Has("Origin") {
			t.Errorf("%q, across: %+v", test.mode, p.Request)
		}
	}
	if p := prepare(t, fetch.Request{Method: "POST", URL: app + "/"}); !p.Request.Header.Has("Origin") {
		t.Error("a same-origin POST has no Origin")
	}
}

func TestInputErrors(t *testing.T) {
	for _, test := range []struct {
		req   fetch.Request
		field string
	}{
		{fetch.Request{URL: api}, "Origin"},
		{fetch.Request{URL: api, Origin: "app.example.com"}, "Origin"},
		{fetch.Request{URL: api, Origin: app + "/"}, "Origin"},
		{fetch.Request{URL: api, Origin: "https://App.example.com"}, "Origin"},
		{fetch.Request{URL: api, Origin: app + ":443"}, "Origin"},
		{fetch.Request{URL: api, Origin: "https://bücher.example"}, "Origin"},
		{fetch.Request{URL: api, Origin: "*"}, "Origin"},
		{fetch.Request{URL: "/products", Origin: app}, "URL"},
		{fetch.Request{URL: "https://", Origin: app}, "URL"},
		{fetch.Request{URL: "https://a:99999/", Origin: app}, "URL"},
		{fetch.Request{URL: "ftp://a/", Origin: app}, "URL"},
		{fetch.Request{URL: "data:,x", Origin: app}, "URL"},
		{fetch.Request{URL: api, Origin: app, Credentials: "always"}, "Credentials"},
		{fetch.Request{URL: api, Origin: app, Mode: "no-cors"}, "Mode"},
		{fetch.Request{URL: api, Origin: app, Mode: fetch.ModeSameOrigin, Initiator: fetch.XMLHttpRequest}, "Mode"},
		{fetch.Request{URL: api, Origin: app, Initiator: "script"}, "Initiator"},
		{fetch.Request{URL: api, Origin: app, UploadListener: true}, "UploadListener"},
	} {
		_, err := fetch.Prepare(test.req)
		var input *fetch.InputError
		if !errors.As(err, &input) || input.Field != test.field {
			t.Errorf("%+v: %v, want one about %s", test.req, err, test.field)
		}
		if _, err := fetch.Run(test.req, nil, nil); err == nil {
			t.Errorf("%+v: Run takes it", test.req)
		}
	}
	// An origin need not be one of the web's.
	for _, origin := range []string{"capacitor://localhost", "chrome-extension://abcdef", "http://[::1]:3000"} {
		if _, err := fetch.Prepare(fetch.Request{URL: api, Origin: origin}); err != nil {
			t.Errorf("%s: %v", origin, err)
		}
	}
}

// The checks of a preflight's answer, in their order: each case fails at one and would fail at all that follow.
func TestOrderOfPreflightChecks(t *testing.T) {
	req := fetch.Request{Method: "PUT", Header: fields("X-A: 1", "X-B: 1"), Credentials: fetch.Include}
	for _, test := range []struct {
		status int
		header fetch.Header
		want   fetch.Code
	}{
		{302, fields("Location: /elsewhere"), fetch.PreflightDisallowedRedirect},
		{500, fields("Access-Control-Allow-Methods: ()"), fetch.PreflightMissingAllowOriginHeader},
		{500, fields("Access-Control-Allow-Origin: *"), fetch.PreflightWildcardOriginNotAllowed},
		{500, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Origin: "+app), fetch.PreflightMultipleAllowOriginValues},
		{500, fields("Access-Control-Allow-Origin: app.example.com"), fetch.PreflightInvalidAllowOriginValue},
		{500, fields("Access-Control-Allow-Origin: null"), fetch.PreflightAllowOriginMismatch},
		{500, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: True"), fetch.PreflightInvalidAllowCredentials},
		{500, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: ()"), fetch.PreflightInvalidStatus},
		{302, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true"), fetch.PreflightInvalidStatus},
		{200, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: ()", "Access-Control-Allow-Headers: ()"), fetch.InvalidAllowMethodsPreflightResponse},
		{200, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: *", "Access-Control-Allow-Headers: ()"), fetch.InvalidAllowHeadersPreflightResponse},
		{200, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: put, *", "Access-Control-Allow-Headers: *"), fetch.MethodDisallowedByPreflightResponse},
		{200, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: PUT", "Access-Control-Allow-Headers: *"), fetch.HeaderDisallowedByPreflightResponse},
		{299, fields("Access-Control-Allow-Origin: "+app, "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: PUT", "Access-Control-Allow-Headers: X-a", "access-control-allow-headers: x-B"), ""},
	} {
		v := prepare(t, req).CheckPreflight(&fetch.HTTPResponse{Status: test.status, Header: test.header})
		if v.Code != test.want || v.Allowed != (test.want == "") {
			t.Errorf("%d %v: %+v, want %q", test.status, test.header, v, test.want)
		}
	}
	v := prepare(t, req).CheckPreflight(&fetch.HTTPResponse{Status: 204, Header: fields("Access-Control-Allow-Origin: "+app,
		"Access-Control-Allow-Credentials: true", "Access-Control-Allow-Methods: PUT")})
	want := fetch.Verdict{
		Code: fetch.HeaderDisallowedByPreflightResponse, FailedParameter: "x-a", Disallowed: []string{"x-a", "x-b"},
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
		p := prepare(t, fetch.Request{Header: fields("Authorization: x", "X-A: 1"), Strict: test.strict})
		v := p.CheckPreflight(&fetch.HTTPResponse{Status: 204, Header: fields("Access-Control-Allow-Origin: *", "Access-Control-Allow-Headers: "+test.headers)})
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
	answers := map[string]*fetch.HTTPResponse{
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
		req     fetch.Request
		sent    string // the requests sent, with their Origin headers
		code    fetch.Code
		failure string
	}{
		{fetch.Request{URL: app + "/to-api"}, "GET https://app.example.com/to-api -, GET https://api.example.net/to-third " + app + ", GET https://third.example/ null", "", ""},
		{fetch.Request{URL: app + "/to-api", Mode: fetch.ModeSameOrigin}, "GET https://app.example.com/to-api -", "", "ERR_ABORTED"},
		{fetch.Request{Method: "POST", URL: "https://api.example.net/see-other", Body: []byte("{}"), Header: fields("Content-Type: application/json", "Authorization: x")},
			"OPTIONS https://api.example.net/see-other " + app + ", POST https://api.example.net/see-other " + app +
				", OPTIONS https://api.example.net/other " + app + ", GET https://api.example.net/other " + app, "", ""},
		{fetch.Request{URL: "https://api.example.net/no-cors"}, "GET https://api.example.net/no-cors " + app, fetch.MissingAllowOriginHeader, ""},
		{fetch.Request{URL: "https://api.example.net/with-user"}, "GET https://api.example.net/with-user " + app, fetch.RedirectContainsCredentials, ""},
		{fetch.Request{URL: "https://api.example.net/round"}, strings.Repeat("GET https://api.example.net/round "+app+", ", 20) + "GET https://api.example.net/round " + app, "", "ERR_TOO_MANY_REDIRECTS"},
		{fetch.Request{URL: "https://api.example.net/ftp"}, "GET https://api.example.net/ftp " + app, fetch.CorsDisabledScheme, ""},
		{fetch.Request{URL: "https://api.example.net/data"}, "GET https://api.example.net/data " + app, "", "ERR_UNSAFE_REDIRECT"},
		{fetch.Request{URL: "https://api.example.net/broken"}, "GET https://api.example.net/broken " + app, "", "ERR_INVALID_REDIRECT"},
		{fetch.Request{URL: "https://api.example.net/nowhere"}, "GET https://api.example.net/nowhere " + app, "", ""},
		{fetch.Request{Method: "PUT", URL: app + "/put"}, "PUT https://app.example.com/put " + app + ", OPTIONS https://api.example.net/put " + app, fetch.PreflightInvalidStatus, ""},
		{fetch.Request{URL: "https://api.example.net/authorized", Header: fields("Authorization: x")},
			"OPTIONS https://api.example.net/authorized " + app + ", GET https://api.example.net/authorized " + app + ", GET https://third.example/plain null", "", ""},
		{fetch.Request{URL: "https://api.example.net/down"}, "GET https://api.example.net/down " + app, "", "ERR_FAILED"},
	} {
		test.req.Origin = app
		var sent []string
		ex, err := fetch.Run(test.req, func(r *fetch.HTTPRequest) (*fetch.HTTPResponse, error) {
			origin, _ := r.Header.Get("Origin")
			sent = append(sent, r.Method+" "+r.URL+" "+or(origin, "-"))
			if r.Method == "GET" && (r.Header.Has("Content-Type") || len(r.Body) > 0) {
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
	resp := &fetch.HTTPResponse{Status: 200, Header: fields("Content-Type: text/plain", "X-A: 1", "x-a: 2", "X-B: 1",
		"Set-Cookie: a=b", "Cache-Control: no-store", "ETag: x")}
	for _, test := range []struct {
		url, expose string
		credentials fetch.Credentials
		want        string
	}{
		{api, "", "", "Content-Type Cache-Control"},
		{api, "X-A, etag, set-cookie", "", "Content-Type X-A x-a Cache-Control ETag"},
		{api, "*", "", "Content-Type X-A x-a X-B Cache-Control ETag"},
		{api, "*", fetch.Include, "Content-Type Cache-Control"},
		{api, "X-B, *", fetch.Include, "Content-Type X-B Cache-Control"},
		{api, "X-A X-B", "", "Content-Type Cache-Control"},
		{app + "/", "", "", "Content-Type X-A x-a X-B Cache-Control ETag"},
	} {
		with := *resp
		if test.expose != "" {
			with.Header = append(fields("Access-Control-Expose-Headers: "+test.expose), resp.Header...)
		}
		var names []string
		for _, f := range prepare(t, fetch.Request{URL: test.url, Credentials: test.credentials}).Exposed(&with) {
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
	ex, err := fetch.Run(fetch.Request{
		Method: "PUT", URL: "https://api.example.net/products/1", Origin: "https://app.example.com",
	}, func(r *fetch.HTTPRequest) (*fetch.HTTPResponse, error) {
		return &fetch.HTTPResponse{Status: 204, Header: fetch.Header{{Name: "Access-Control-Allow-Origin", Value: "*"}}}, nil
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

// A plan that the browser refuses to begin stays refused, whatever is answered; one without a preflight needs no answer.
func TestRefusedPlan(t *testing.T) {
	p := prepare(t, fetch.Request{Method: "TRACE"})
	ok := &fetch.HTTPResponse{Status: 302, Header: fields("Access-Control-Allow-Origin: *", "Location: /")}
	_, redirect := p.Redirect(ok)
	for _, v := range []fetch.Verdict{p.CheckPreflight(ok), p.CheckResponse(ok), redirect} {
		if v.Allowed || v.NetError != "TypeError" || v.Message != "Failed to execute 'fetch' on 'Window': 'TRACE' HTTP method is unsupported." {
			t.Errorf("%+v", v)
		}
	}
	p = prepare(t, fetch.Request{})
	if v := p.CheckPreflight(&fetch.HTTPResponse{Status: 500}); !v.Allowed {
		t.Errorf("a preflight that is not made: %+v", v)
	}
	if next, v := p.Redirect(&fetch.HTTPResponse{Status: 200}); next != nil || !v.Allowed {
		t.Errorf("an answer that is no redirect: %+v %+v", next, v)
	}
	ex, err := fetch.Run(fetch.Request{URL: api, Origin: app}, func(*fetch.HTTPRequest) (*fetch.HTTPResponse, error) { return nil, nil }, nil)
	if err != nil || ex.Verdict.NetError != "ERR_EMPTY_RESPONSE" {
		t.Errorf("no answer: %+v %v", ex.Verdict, err)
	}
}

func TestReasonWords(t *testing.T) {
	for reason, want := range map[fetch.Reason]string{
		{Kind: fetch.ReasonHeaderLength, Name: "accept", Value: strings.Repeat("a", 129)}: "request header accept has 129 bytes, more than the 128 a CORS-safelisted one may have",
		{Kind: fetch.ReasonHeadersLength}:                                                 "the CORS-safelisted request headers have more than 1024 bytes together",
		{Kind: fetch.ReasonForced}:                                                        "a listener is registered on the XMLHttpRequest's upload",
	} {
		if got := reason.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
