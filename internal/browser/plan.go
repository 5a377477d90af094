package browser

import (
	"fmt"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/corsheader"
)

// A Credentials is a request's credentials mode (https://fetch.spec.whatwg.org/#concept-request-credentials-mode).
type Credentials string

// The credentials modes.
const (
	// SameOrigin sends cookies and the like to the page's own origin only. It is what fetch() does if not told otherwise,
	// and what XMLHttpRequest does without withCredentials.
	SameOrigin Credentials = "same-origin"
	// Include always sends them; XMLHttpRequest does it with withCredentials. It asks more of every response.
	Include Credentials = "include"
	// Omit never sends them.
	Omit Credentials = "omit"
)

// A Mode is a request's mode (https://fetch.spec.whatwg.org/#concept-request-mode).
type Mode string

// The modes that are modelled.
const (
	// ModeCORS is what fetch() has if not told otherwise, and XMLHttpRequest always.
	ModeCORS Mode = "cors"
	// ModeSameOrigin refuses to go to another origin.
	ModeSameOrigin Mode = "same-origin"
)

// An Initiator is the script interface that a request is made with. It decides no outcome but words: some messages differ.
type Initiator string

// The initiators.
const (
	Fetch          Initiator = "fetch"
	XMLHttpRequest Initiator = "XMLHttpRequest"
)

// A Call is what a script asks for.
type Call struct {
	// Method as the script wrote it; empty means GET.
	Method string
	// URL is absolute.
	URL string
	// Origin is that of the page, as a browser serialises it: https://app.example.com, http://localhost:3000, or null for a
	// page whose origin is opaque (a sandboxed frame, a file).
	Origin string
	// Header holds the headers the script set. Those it may not set are dropped, as the browser does.
	Header Header
	// Body is the request's body. A script that gives a string, and no Content-Type, gets text/plain;charset=UTF-8.
	Body []byte
	// Credentials is the credentials mode; empty means SameOrigin.
	Credentials Credentials
	// Mode is the request's mode; empty means ModeCORS.
	Mode Mode
	// Initiator says which interface the script used; empty means Fetch.
	Initiator Initiator
	// UploadListener reports whether an XMLHttpRequest's upload has a listener, which alone causes a preflight
	// (https://xhr.spec.whatwg.org/#dom-xmlhttprequest-send).
	UploadListener bool
	// Strict asks that "*" in Access-Control-Allow-Headers should not cover authorization, as the standard has it
	// (https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name) and Chromium announces without doing it.
	Strict bool
}

// An InputError says what keeps a Request from being one that any page could make.
type InputError struct {
	Field  string // the field of Request
	Value  string // what it held
	Reason string // what is wrong with it
}

// Error says it in a line.
func (e *InputError) Error() string {
	return fmt.Sprintf("%s %q: %s", lower(e.Field), e.Value, e.Reason)
}

// An HTTPRequest is a request on the wire. Headers that a browser adds to every request and no CORS response depends on
// (User-Agent, Accept-Language, Referer, Sec-Fetch-*) are not among its headers.
type HTTPRequest struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	Header Header `json:"headers"`
	Body   []byte `json:"body,omitempty"`
	// Credentials says whether cookies, client certificates and HTTP authentication entries go with it.
	Credentials bool `json:"credentials"`
}

// An HTTPResponse is a response on the wire.
type HTTPResponse struct {
	Status int    `json:"status"`
	Header Header `json:"headers"`
	Body   []byte `json:"body,omitempty"`
}

// A Dropped is a header that the script set and the browser does not send, since scripts may not set it
// (https://fetch.spec.whatwg.org/#forbidden-request-header).
type Dropped struct {
	Field
}

// A Plan is what the browser is about to do for a request, at its first URL or at one that a redirect led to.
type Plan struct {
	// Refused is set if nothing is sent at all: the call throws, or CORS has its answer already.
	Refused *Verdict
	// CrossOrigin reports whether CORS governs the request: it goes, or has gone before a redirect, to an origin other than the
	// page's (response tainting "cors", https://fetch.spec.whatwg.org/#concept-request-response-tainting).
	CrossOrigin bool
	// Reasons says why there has to be a preflight; none if there is no need for one.
	Reasons []Reason
	// Preflight is the request that sends a preflight; nil if there is no need for one.
	Preflight *HTTPRequest
	// Request is the actual request.
	Request *HTTPRequest
	// Dropped lists the headers that the script set in vain.
	Dropped []Dropped

	origin      string // the page's
	initialURL  location
	url         location
	method      string
	header      Header // the script's, as far as the browser sends them, each name once
	body        []byte
	credentials Credentials
	mode        Mode
	initiator   Initiator
	listener    bool
	strict      bool
	tainted     bool // a redirect from another origin to a third has made the request's origin opaque
	redirects   int
	unsafeNames []string
}

// NeedsPreflight reports whether the browser has to ask before it sends the request.
func (p *Plan) NeedsPreflight() bool { return p.Preflight != nil }

// Prepare returns the plan for a request: whether it needs a preflight and why, and what goes on the wire. The error, an
// *InputError, is for what is not a request at all, such as an origin no page can have. What a script can ask for and the
// browser refuses is a plan with Refused set.
func Prepare(req Call) (*Plan, error) {
	if err := checkOrigin(req.Origin); err != nil {
		return nil, &InputError{"Origin", req.Origin, err.Error()}
	}
	u, err := parseLocation(req.URL)
	if err != nil {
		return nil, &InputError{"URL", req.URL, err.Error()}
	}
	if !u.isHTTP() {
		return nil, &InputError{"URL", req.URL, "CORS is for http and https"}
	}
	p := &Plan{
		origin: req.Origin, initialURL: u, url: u, body: req.Body, listener: req.UploadListener,
		strict: req.Strict,
		method: or(req.Method, "GET"), credentials: or(req.Credentials, SameOrigin), mode: or(req.Mode, ModeCORS),
		initiator: or(req.Initiator, Fetch),
	}
	switch {
	case !slices.Contains([]Credentials{SameOrigin, Include, Omit}, p.credentials):
		return nil, &InputError{"Credentials", string(p.credentials), "want same-origin, include or omit"}
	case !slices.Contains([]Mode{ModeCORS, ModeSameOrigin}, p.mode):
		return nil, &InputError{"Mode", string(p.mode), "want cors or same-origin; CORS has no part in others"}
	case !slices.Contains([]Initiator{Fetch, XMLHttpRequest}, p.initiator):
		return nil, &InputError{"Initiator", string(p.initiator), "want fetch or XMLHttpRequest"}
	case p.mode == ModeSameOrigin && p.initiator == XMLHttpRequest:
		return nil, &InputError{"Mode", string(p.mode), "an XMLHttpRequest's mode is always cors"}
	case p.listener && p.initiator != XMLHttpRequest:
		return nil, &InputError{"UploadListener", "true", "fetch has no upload to listen to; the initiator has to be XMLHttpRequest"}
	}
	if v := p.construct(req); v != nil {
		p.Refused = v
		return p, nil
	}
	p.aim()
	return p, nil
}

// or returns value, or fallback where value is empty.
func or[T ~string](value, fallback T) T {
	if value == "" {
		return fallback
	}
	return value
}

// construct does what the interface does before a request exists: it checks and normalises the method, fills the headers
// and gives the body its type (https://fetch.spec.whatwg.org/#dom-request, https://xhr.spec.whatwg.org/#the-open()-method).
// It returns the exception that the call ends with, if any.
func (p *Plan) construct(req Call) *Verdict {
	throw := func(fetchSays, xhrKind, xhrCall, xhrSays string) *Verdict {
		kind, message := "TypeError", "Failed to execute 'fetch' on 'Window': "+fetchSays
		if p.initiator == XMLHttpRequest {
			kind, message = xhrKind, "Failed to execute '"+xhrCall+"' on 'XMLHttpRequest': "+xhrSays
		}
		v := p.fail(kind, message, sectionRequest)
		return &v
	}
	if p.url.hasCredentials() && p.initiator == Fetch {
		return throw("Request cannot be constructed from a URL that includes credentials: "+req.URL, "", "", "")
	}
	if !isToken(p.method) {
		says := "'" + p.method + "' is not a valid HTTP method."
		return throw(says, "SyntaxError", "open", says)
	}
	if ForbiddenMethod(p.method) {
		says := "'" + p.method + "' HTTP method is unsupported."
		return throw(says, "SecurityError", "open", says)
	}
	p.method = NormalizeMethod(p.method)

	for _, f := range req.Header {
		f.Value = trim(f.Value)
		switch {
		case !isToken(f.Name):
			return throw("Invalid name", "SyntaxError", "setRequestHeader", "'"+f.Name+"' is not a valid HTTP header field name.")
		case !validHeaderValue(f.Value):
			return throw("Invalid value", "SyntaxError", "setRequestHeader", "'"+f.Value+"' is not a valid HTTP header field value.")
		case ForbiddenHeader(f.Name, f.Value):
			p.Dropped = append(p.Dropped, Dropped{f})
		default:
			p.header = append(p.header, f)
		}
	}
	p.header = p.header.combined()

	if p.method == "GET" || p.method == "HEAD" {
		if len(p.body) > 0 && p.initiator == Fetch {
			return throw("Request with GET/HEAD method cannot have body.", "", "", "")
		}
		p.body = nil
	}
	if len(p.body) > 0 && !p.header.Has("Content-Type") {
		p.header = append(p.header, Field{"Content-Type", "text/plain;charset=UTF-8"})
	}
	return nil
}

// validHeaderValue reports whether value can be a header's (https://fetch.spec.whatwg.org/#header-value).
func validHeaderValue(value string) bool { return !strings.ContainsAny(value, "\x00\r\n") }

// aim works out what the request is at its current URL: same-origin or cross-origin, preflighted or not, and what goes on
// the wire (https://fetch.spec.whatwg.org/#concept-main-fetch, https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch).
func (p *Plan) aim() {
	p.Reasons, p.Preflight, p.Request, p.unsafeNames = nil, nil, nil, nil
	if p.origin == "null" || p.url.origin() != p.origin {
		p.CrossOrigin = true
	}
	if !p.url.isHTTP() {
		// Only a redirect leads here.
		v := p.refuse(CorsDisabledScheme, "", sectionMainFetch)
		p.Refused = &v
		return
	}
	if p.CrossOrigin && p.mode == ModeSameOrigin {
		v := p.fail("TypeError", fmt.Sprintf("Fetch API cannot load %s. Request mode is \"same-origin\" but the URL's origin is not same as the request origin %s.", p.url, p.origin), sectionMainFetch)
		if p.redirects > 0 {
			v = p.fail("ERR_ABORTED", fmt.Sprintf("Unsafe attempt to load URL %s from frame with URL %s/. Domains, protocols and ports must match.", p.url, p.origin), sectionMainFetch)
		}
		p.Refused = &v
		return
	}

	header := slices.Clone(p.header)
	if !header.Has("Accept") {
		header = append(Header{{"Accept", "*/*"}}, header...)
	}
	// Append a request `Origin` header (https://fetch.spec.whatwg.org/#append-a-request-origin-header).
	if p.CrossOrigin || p.method != "GET" && p.method != "HEAD" {
		header = append(header, Field{"Origin", p.wireOrigin()})
	}
	p.Request = &HTTPRequest{
		Method: p.method, URL: p.url.wire(), Header: header, Body: p.body,
		Credentials: p.credentials == Include || p.credentials == SameOrigin && !p.CrossOrigin,
	}
	if !p.CrossOrigin {
		return
	}

	if !SafelistedMethod(p.method) {
		p.Reasons = append(p.Reasons, Reason{Kind: ReasonMethod, Name: p.method})
	}
	names, reasons := unsafeHeaders(p.header)
	p.unsafeNames = names
	p.Reasons = append(p.Reasons, reasons...)
	if p.listener && len(p.body) > 0 {
		p.Reasons = append(p.Reasons, Reason{Kind: ReasonForced})
	}
	if len(p.Reasons) == 0 {
		return
	}
	// https://fetch.spec.whatwg.org/#cors-preflight-fetch, steps 1 to 5. The names are joined by a comma alone.
	p.Preflight = &HTTPRequest{Method: "OPTIONS", URL: p.Request.URL, Header: Header{
		{"Accept", "*/*"},
		{corsheader.RequestMethod, p.method},
	}}
	if len(names) > 0 {
		p.Preflight.Header = append(p.Preflight.Header, Field{corsheader.RequestHeaders, strings.Join(names, ",")})
	}
	p.Preflight.Header = append(p.Preflight.Header, Field{"Origin", p.wireOrigin()})
}

// wireOrigin is what the Origin header says: the page's origin, or null once a redirect has led from another origin to a
// third (https://fetch.spec.whatwg.org/#serializing-a-request-origin).
func (p *Plan) wireOrigin() string {
	if p.tainted {
		return "null"
	}
	return p.origin
}
