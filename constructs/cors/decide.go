package cors

import (
	"iter"
	"net/http"
	"strings"

	"github.com/corsgate/corsgate/internal/corsheader"
)

// A Kind is what a request is in the CORS protocol
// (https://fetch.spec.whatwg.org/#http-requests).
type Kind uint8

// The kinds of requests.
const (
	NotCORS   Kind = iota // no Origin header
	Actual                // a request of a page, simple or preflighted
	Preflight             // OPTIONS with Origin and Access-Control-Request-Method
)

// A Reason says why a [Decision] does not allow. The set is closed.
type Reason string

// The reasons of a [Decision].
const (
	ReasonNone      Reason = ""                   // it allows
	ReasonNoOrigin  Reason = "no origin"          // not a CORS request
	ReasonNotListed Reason = "origin not allowed" // it is not on the list
	ReasonOpaque    Reason = "opaque origin"      // null: a sandboxed frame, a local file, a redirect across origins
)

// A Request is what a decision depends on.
type Request struct {
	Method        string // of the request itself
	Origin        string // the Origin header, "" for none
	RequestMethod string // the Access-Control-Request-Method header, "" for none

	// Methods are the methods of the resource; "ANY" stands for all. Nil means
	// that they are unknown; the response to a preflight then allows the
	// method that it names, because whatever routed it here knew the resource.
	Methods []string
}

// A Decision is the CORS part of a response: the value of each header, or ""
// for a header that must not be sent. Vary is "Origin" in every response.
type Decision struct {
	Kind    Kind
	Allowed bool   // the origin may read the response
	Reason  Reason // why not
	Status  int    // of a preflight's response: 204 or 403; else 0

	AllowOrigin      string // Access-Control-Allow-Origin
	AllowCredentials string // Access-Control-Allow-Credentials
	ExposeHeaders    string // Access-Control-Expose-Headers, not on preflights
	AllowMethods     string // Access-Control-Allow-Methods, on preflights only
	AllowHeaders     string // Access-Control-Allow-Headers, on preflights only
	MaxAge           string // Access-Control-Max-Age, on preflights only
}

// Decide returns the CORS headers of the response to r. It allocates nothing,
// except to join r.Methods for a preflight.
//
// A preflight's response does not depend on the method and headers that it
// names: it lists what is allowed and the browser compares, as with the mock
// integration that handles preflights when the policy is deployed.
func (p *Policy) Decide(r Request) Decision {
	var d Decision
	switch {
	case r.Origin == "":
		d.Kind = NotCORS
	case r.RequestMethod != "" && r.Method == http.MethodOptions:
		d.Kind = Preflight
	default:
		d.Kind = Actual
	}
	switch {
	case p.any:
		d.Allowed, d.AllowOrigin = true, "*"
	case d.Kind == NotCORS:
		d.Reason = ReasonNoOrigin
		return d
	case p.matcher.match(r.Origin):
		d.Allowed, d.AllowOrigin = true, r.Origin
	default:
		d.Reason = ReasonNotListed
		if r.Origin == "null" {
			d.Reason = ReasonOpaque
		}
		if d.Kind == Preflight {
			d.Status = http.StatusForbidden
		}
		return d
	}
	if p.credentials {
		d.AllowCredentials = "true"
	}
	if d.Kind != Preflight {
		d.ExposeHeaders = p.exposedHeaders
		return d
	}
	d.Status = http.StatusNoContent
	d.AllowHeaders = p.requestHeaders
	d.MaxAge = p.maxAge
	switch {
	case r.Methods != nil:
		d.AllowMethods = p.allowMethods(r.Methods)
	case p.methods != nil:
		d.AllowMethods = p.methodList
	case methodToken(r.RequestMethod):
		d.AllowMethods = r.RequestMethod
	}
	return d
}

// methodToken reports whether s is an upper-case method name, which can stand
// in a header as it is.
func methodToken(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// Headers yields the name and value of each CORS header of the response, and
// Vary, in a fixed order.
func (d Decision) Headers() iter.Seq2[string, string] {
	// Small enough to be inlined where it is ranged over, which then costs no
	// allocation.
	return func(yield func(string, string) bool) { d.headers(yield) }
}

func (d *Decision) headers(yield func(string, string) bool) {
	set := func(name, value string) bool { return value == "" || yield(name, value) }
	_ = set(corsheader.AllowOrigin, d.AllowOrigin) &&
		set(corsheader.AllowCredentials, d.AllowCredentials) &&
		set(corsheader.AllowMethods, d.AllowMethods) &&
		set(corsheader.AllowHeaders, d.AllowHeaders) &&
		set(corsheader.MaxAge, d.MaxAge) &&
		set(corsheader.ExposeHeaders, d.ExposeHeaders) &&
		set(corsheader.Vary, corsheader.Origin)
}
