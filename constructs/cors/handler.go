package cors

import (
	"net/http"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/corsheader"
)

// Handler returns a handler that responds as next does, with the CORS headers
// of p, and handles preflights itself: 204 or 403, without a body. It is for
// servers that run beside the API with the same policy: a local server, or a
// container behind an HTTP proxy integration, to which API Gateway adds no
// header. In a Lambda function use corslambda.WrapHandler, which reads the
// policy where it is deployed.
//
// The response to a preflight allows the method that it names, unless
// [Config.Methods] says otherwise, because only next knows its routes.
//
// Vary names Origin in every response, beside what is there already. The headers
// are set before next is called, on the ResponseWriter that next gets; a CORS
// header that next sets replaces them, so it should set none.
//
// More than one Origin header, which no browser sends, counts as one value
// with commas (RFC 9110, 5.3), which no list of origins allows.
func (p *Policy) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := Request{Method: r.Method, Origin: combined(r.Header[corsheader.Origin])}
		if r.Method == http.MethodOptions {
			q.RequestMethod = combined(r.Header[corsheader.RequestMethod])
		}
		d := p.Decide(q)
		d.set(w.Header())
		if d.Kind == Preflight {
			w.WriteHeader(d.Status)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// combined is the value of a request's header, "" for none.
func combined(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return strings.Join(values, ", ")
}

// set puts what [Decision.Headers] yields into h, Vary beside the others there.
//
// No value is shared with the policy or with another response: whoever has the
// ResponseWriter may write to what is in it, and would change what others are
// answered (https://github.com/rs/cors/issues/198,
// https://github.com/jub0bs/cors/issues/14). All stand in one array, each
// without room to append, so that a response costs one allocation. Ranging over
// Headers here takes a tenth longer.
func (d *Decision) set(h http.Header) {
	var vary []string
	if len(h) > 0 { // mostly it is empty, and need not be searched
		vary = h[corsheader.Vary]
	}
	var values []string
	switch {
	case !d.Allowed:
		values = make([]string, 0, 1)
	case d.Kind == Preflight:
		values = make([]string, 0, 6)
		values = put(h, corsheader.AllowMethods, d.AllowMethods, values)
		values = put(h, corsheader.AllowHeaders, d.AllowHeaders, values)
		values = put(h, corsheader.MaxAge, d.MaxAge, values)
	default:
		values = make([]string, 0, 4)
		values = put(h, corsheader.ExposeHeaders, d.ExposeHeaders, values)
	}
	values = put(h, corsheader.AllowOrigin, d.AllowOrigin, values)
	values = put(h, corsheader.AllowCredentials, d.AllowCredentials, values)
	if vary != nil {
		h[corsheader.Vary] = append(slices.Clip(vary), corsheader.Origin)
		return
	}
	put(h, corsheader.Vary, corsheader.Origin, values)
}

// put sets a header, unless to "", and returns values with its value.
func put(h http.Header, name, value string, values []string) []string {
	if value == "" {
		return values
	}
	n := len(values)
	values = append(values, value)
	h[name] = values[n : n+1 : n+1]
	return values
}
