package browser

import (
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/corsheader"
)

// CheckPreflight returns the verdict on the response to the plan's preflight
// (https://fetch.spec.whatwg.org/#cors-preflight-fetch, from step 7): redirects, the CORS check, the status, whether the
// lists parse, the method, the headers. Allowed means that the actual request is sent. A plan without a preflight allows
// it whatever the response.
func (p *Plan) CheckPreflight(resp *HTTPResponse) Verdict {
	if p.Refused != nil {
		return *p.Refused
	}
	if !p.NeedsPreflight() {
		return allowed
	}
	if isRedirect(resp) {
		if v := p.badLocation(resp); v != nil {
			return *v
		}
		return p.refuse(PreflightDisallowedRedirect, "", sectionPreflightFetch)
	}
	if code, parameter := p.corsCheck(resp.Header); code != "" {
		return p.refuse(code.ofPreflight(), parameter, sectionCORSCheck)
	}
	// An ok status is one in the range 200 to 299 (https://fetch.spec.whatwg.org/#ok-status).
	if resp.Status < 200 || resp.Status > 299 {
		return p.refuse(PreflightInvalidStatus, "", sectionPreflightFetch)
	}
	methods, ok := resp.Header.list(corsheader.AllowMethods)
	if !ok {
		return p.refuse(InvalidAllowMethodsPreflightResponse, "", sectionPreflightFetch)
	}
	headers, ok := resp.Header.list(corsheader.AllowHeaders)
	if !ok {
		return p.refuse(InvalidAllowHeadersPreflightResponse, "", sectionPreflightFetch)
	}
	permit := permit{methods: methods, headers: lowered(headers), credentials: p.credentials == Include}
	if !permit.method(p.method) {
		return p.refuse(MethodDisallowedByPreflightResponse, p.method, sectionPreflightFetch)
	}
	missing := permit.missingHeaders(p)
	if permit.anyHeader() && len(missing) > 0 && !p.strict {
		v := allowed
		v.Warning = authorizationByWildcard
		return v
	}
	if len(missing) > 0 {
		v := p.refuse(HeaderDisallowedByPreflightResponse, missing[0], sectionPreflightFetch)
		v.Disallowed = missing
		return v
	}
	return allowed
}

// authorizationByWildcard warns of what Chromium lets pass and says it will not for ever.
const authorizationByWildcard = "Access-Control-Allow-Headers: * does not cover authorization, which has to be named; Chromium still lets it pass"

// A permit is what the response to a preflight lets pass.
type permit struct {
	methods     []string
	headers     []string // in lower case
	credentials bool     // the preflight was for a request that includes credentials; "*" is then a mere name
}

// method reports whether requests with this method may pass. Methods are compared with regard to case.
func (a permit) method(method string) bool {
	return SafelistedMethod(method) || slices.Contains(a.methods, method) ||
		!a.credentials && slices.Contains(a.methods, "*")
}

// anyHeader reports whether the list of headers has a "*" that is a wildcard.
func (a permit) anyHeader() bool { return !a.credentials && slices.Contains(a.headers, "*") }

// missingHeaders returns those of the plan's headers that may not pass, sorted. "*" stands for any header but
// authorization, which has to be named (https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name).
func (a permit) missingHeaders(p *Plan) []string {
	var missing []string
	for _, name := range p.unsafeNames {
		if !slices.Contains(a.headers, name) && (name == "authorization" || !a.anyHeader()) {
			missing = append(missing, name)
		}
	}
	return missing
}

func lowered(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = lower(name)
	}
	return out
}

// CheckResponse returns the verdict on a response to the plan's actual request: the CORS check, for a redirect as for any
// other response (https://fetch.spec.whatwg.org/#concept-http-fetch). Allowed means, for a redirect, that it may be
// followed (see [Plan.Redirect]), and otherwise that the page may read the response.
func (p *Plan) CheckResponse(resp *HTTPResponse) Verdict {
	if p.Refused != nil {
		return *p.Refused
	}
	if !p.CrossOrigin {
		return allowed
	}
	if code, parameter := p.corsCheck(resp.Header); code != "" {
		return p.refuse(code, parameter, sectionCORSCheck)
	}
	return allowed
}

// corsCheck is the CORS check (https://fetch.spec.whatwg.org/#concept-cors-check). It returns "" if h passes, and otherwise
// the refusal and its parameter. The standard knows one failure only; which name Chromium gives it depends on what
// Access-Control-Allow-Origin looks like.
func (p *Plan) corsCheck(h Header) (code Code, parameter string) {
	origin, found := h.Get(corsheader.AllowOrigin)
	switch {
	case !found:
		return MissingAllowOriginHeader, ""
	case origin == "*" && p.credentials != Include:
		return "", ""
	case origin == "*":
		return WildcardOriginNotAllowed, ""
	case origin == p.wireOrigin():
	case strings.ContainsAny(origin, " ,"):
		return MultipleAllowOriginValues, origin
	case origin != "null" && !validURL(origin):
		return InvalidAllowOriginValue, origin
	default:
		return AllowOriginMismatch, origin
	}
	if p.credentials != Include {
		return "", ""
	}
	if credentials, _ := h.Get(corsheader.AllowCredentials); credentials != "true" {
		return InvalidAllowCredentials, credentials
	}
	return "", ""
}

// isRedirect reports whether the browser follows resp elsewhere: a redirect status, and a Location that is not empty
// (https://fetch.spec.whatwg.org/#redirect-status).
func isRedirect(resp *HTTPResponse) bool {
	switch resp.Status {
	case 301, 302, 303, 307, 308:
		return len(locations(resp)) > 0
	}
	return false
}

// locations returns the values of the response's Location lines, each once and none that is empty. More than one is an error.
func locations(resp *HTTPResponse) []string {
	var out []string
	for _, f := range resp.Header {
		if value := trim(f.Value); strings.EqualFold(f.Name, "Location") && value != "" && !slices.Contains(out, value) {
			out = append(out, value)
		}
	}
	return out
}

// unsafeRedirectSchemes are those that Chromium's network stack follows no redirect to, whatever CORS says. Any other but
// http and https is refused by CORS.
var unsafeRedirectSchemes = []string{
	"about", "blob", "chrome", "chrome-extension", "chrome-untrusted", "data", "devtools", "file", "filesystem",
	"isolated-app", "view-source",
}

// badLocation returns the verdict on a redirect to two places, to what is no URL, or to one that no response can lead to;
// nil if it is none of these.
func (p *Plan) badLocation(resp *HTTPResponse) *Verdict {
	values := locations(resp)
	raw := values[0]
	u, err := p.url.resolve(raw)
	var v Verdict
	switch {
	case len(values) > 1:
		v = p.fail("ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION", "Failed to fetch: the redirect has more than one location", sectionRedirect)
	case err != nil:
		v = p.fail("ERR_INVALID_REDIRECT", "Failed to fetch: the redirect's location '"+printable(raw)+"' is no URL", sectionRedirect)
	case slices.Contains(unsafeRedirectSchemes, u.Scheme()):
		v = p.fail("ERR_UNSAFE_REDIRECT", "Failed to fetch: the redirect's location '"+printable(raw)+"' is not one of HTTP", sectionRedirect)
	default:
		return nil
	}
	return &v
}

// maxRedirects is how many redirects are followed (https://fetch.spec.whatwg.org/#concept-http-redirect-fetch, step 7).
const maxRedirects = 20

// Redirect follows a redirect that CheckResponse allowed (https://fetch.spec.whatwg.org/#concept-http-redirect-fetch). It
// returns the plan at the next URL, which may need a preflight of its own, or a nil plan and the reason why the redirect is
// not followed. For a response that is not a redirect, it returns a nil plan and an Allowed verdict.
func (p *Plan) Redirect(resp *HTTPResponse) (*Plan, Verdict) {
	if p.Refused != nil {
		return nil, *p.Refused
	}
	if !isRedirect(resp) {
		return nil, allowed
	}
	if v := p.badLocation(resp); v != nil {
		return nil, *v
	}
	if p.redirects == maxRedirects {
		return nil, p.fail("ERR_TOO_MANY_REDIRECTS", "Failed to fetch: more than 20 redirects", sectionRedirect)
	}
	u, _ := p.url.resolve(locations(resp)[0]) // badLocation has seen that it resolves
	next := *p
	next.redirects++
	next.url = u
	if u.hasCredentials() {
		// Two steps are about a user name and password: one for a request that is cross-origin before the redirect, one for
		// a request that it makes so. The message names the URL that redirected.
		if p.CrossOrigin || u.origin() != p.origin {
			return nil, p.refuse(RedirectContainsCredentials, "", sectionRedirect)
		}
		return nil, p.fail("ERR_ABORTED", "Failed to fetch: Chromium loads no subresource whose URL has a user name and password in it", sectionRedirect)
	}
	if resp.Status == 303 && p.method != "GET" && p.method != "HEAD" || (resp.Status == 301 || resp.Status == 302) && p.method == "POST" {
		next.method = "GET"
		next.body = nil
		// https://fetch.spec.whatwg.org/#request-body-header-name
		next.header = next.header.without("Content-Encoding", "Content-Language", "Content-Location", "Content-Type")
	}
	if u.origin() != p.url.origin() {
		next.header = next.header.without("Authorization")
		// https://fetch.spec.whatwg.org/#concept-request-tainted-origin
		if p.origin == "null" || p.url.origin() != p.origin {
			next.tainted = true
		}
	}
	next.aim()
	if next.Refused != nil {
		return nil, *next.Refused
	}
	return &next, allowed
}
