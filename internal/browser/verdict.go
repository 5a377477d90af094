package browser

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Code names one way in which CORS refuses a request, as the DevTools protocol's Network.CorsErrorStatus.corsError
// spells it. Chromium's own name for it is network::mojom::CorsError::k followed by the same word.
type Code string

// The refusals that this package returns.
const (
	// WildcardOriginNotAllowed: Access-Control-Allow-Origin is "*" although credentials are included.
	WildcardOriginNotAllowed Code = "WildcardOriginNotAllowed"
	// MissingAllowOriginHeader: there is no Access-Control-Allow-Origin.
	MissingAllowOriginHeader Code = "MissingAllowOriginHeader"
	// MultipleAllowOriginValues: Access-Control-Allow-Origin has a comma or a blank in it.
	MultipleAllowOriginValues Code = "MultipleAllowOriginValues"
	// InvalidAllowOriginValue: Access-Control-Allow-Origin is neither "*", nor "null", nor a URL.
	InvalidAllowOriginValue Code = "InvalidAllowOriginValue"
	// AllowOriginMismatch: Access-Control-Allow-Origin is another origin than the request's.
	AllowOriginMismatch Code = "AllowOriginMismatch"
	// InvalidAllowCredentials: credentials are included and Access-Control-Allow-Credentials is not exactly "true".
	InvalidAllowCredentials Code = "InvalidAllowCredentials"
	// CorsDisabledScheme: the URL's scheme is not one that cross-origin requests are made to.
	CorsDisabledScheme Code = "CorsDisabledScheme"
	// PreflightInvalidStatus: the preflight's status is not between 200 and 299.
	PreflightInvalidStatus Code = "PreflightInvalidStatus"
	// PreflightDisallowedRedirect: the preflight got a redirect.
	PreflightDisallowedRedirect Code = "PreflightDisallowedRedirect"
	// PreflightWildcardOriginNotAllowed is [WildcardOriginNotAllowed] of a preflight.
	PreflightWildcardOriginNotAllowed Code = "PreflightWildcardOriginNotAllowed"
	// PreflightMissingAllowOriginHeader is [MissingAllowOriginHeader] of a preflight.
	PreflightMissingAllowOriginHeader Code = "PreflightMissingAllowOriginHeader"
	// PreflightMultipleAllowOriginValues is [MultipleAllowOriginValues] of a preflight.
	PreflightMultipleAllowOriginValues Code = "PreflightMultipleAllowOriginValues"
	// PreflightInvalidAllowOriginValue is [InvalidAllowOriginValue] of a preflight.
	PreflightInvalidAllowOriginValue Code = "PreflightInvalidAllowOriginValue"
	// PreflightAllowOriginMismatch is [AllowOriginMismatch] of a preflight.
	PreflightAllowOriginMismatch Code = "PreflightAllowOriginMismatch"
	// PreflightInvalidAllowCredentials is [InvalidAllowCredentials] of a preflight.
	PreflightInvalidAllowCredentials Code = "PreflightInvalidAllowCredentials"
	// InvalidAllowMethodsPreflightResponse: Access-Control-Allow-Methods is not a list of methods.
	InvalidAllowMethodsPreflightResponse Code = "InvalidAllowMethodsPreflightResponse"
	// InvalidAllowHeadersPreflightResponse: Access-Control-Allow-Headers is not a list of header names.
	InvalidAllowHeadersPreflightResponse Code = "InvalidAllowHeadersPreflightResponse"
	// MethodDisallowedByPreflightResponse: Access-Control-Allow-Methods does not have the request's method.
	MethodDisallowedByPreflightResponse Code = "MethodDisallowedByPreflightResponse"
	// HeaderDisallowedByPreflightResponse: Access-Control-Allow-Headers does not have one of the request's headers.
	HeaderDisallowedByPreflightResponse Code = "HeaderDisallowedByPreflightResponse"
	// RedirectContainsCredentials: a redirect leads to a URL with a user name or a password in it.
	RedirectContainsCredentials Code = "RedirectContainsCredentials"
)

// The refusals that the protocol knows and this package never returns: they are about the local network's address spaces
// and about requests that CORS has no part in. They are here so that a browser's verdict can always be named.
const (
	// DisallowedByMode: a request with mode "same-origin" goes to another origin. Chromium's renderer refuses such a request,
	// in other words, before its CORS code has a chance to.
	DisallowedByMode Code = "DisallowedByMode"
	// InvalidResponse: the response has no status. Chromium no longer gives it.
	InvalidResponse Code = "InvalidResponse"
	// InsecureLocalNetwork: an insecure page asked for something in a more private address space.
	InsecureLocalNetwork Code = "InsecureLocalNetwork"
	// InvalidLocalNetworkAccess: the response came from another address space than the request named.
	InvalidLocalNetworkAccess Code = "InvalidLocalNetworkAccess"
	// NoCorsRedirectModeNotFollow: a request with mode "no-cors" would not follow redirects.
	NoCorsRedirectModeNotFollow Code = "NoCorsRedirectModeNotFollow"
	// LocalNetworkAccessPermissionDenied: the user did not let the page reach the local network.
	LocalNetworkAccessPermissionDenied Code = "LocalNetworkAccessPermissionDenied"
	// PreflightMissingAllowExternal is from before Private Network Access.
	PreflightMissingAllowExternal Code = "PreflightMissingAllowExternal"
	// PreflightInvalidAllowExternal is from before Private Network Access.
	PreflightInvalidAllowExternal Code = "PreflightInvalidAllowExternal"
)

// Codes returns every code, those that this package returns first.
func Codes() []Code {
	return []Code{
		WildcardOriginNotAllowed, MissingAllowOriginHeader, MultipleAllowOriginValues,
		InvalidAllowOriginValue, AllowOriginMismatch, InvalidAllowCredentials, CorsDisabledScheme, PreflightInvalidStatus,
		PreflightDisallowedRedirect, PreflightWildcardOriginNotAllowed, PreflightMissingAllowOriginHeader,
		PreflightMultipleAllowOriginValues, PreflightInvalidAllowOriginValue, PreflightAllowOriginMismatch,
		PreflightInvalidAllowCredentials, InvalidAllowMethodsPreflightResponse, InvalidAllowHeadersPreflightResponse,
		MethodDisallowedByPreflightResponse, HeaderDisallowedByPreflightResponse, RedirectContainsCredentials,

		DisallowedByMode, InvalidResponse, InsecureLocalNetwork, InvalidLocalNetworkAccess, NoCorsRedirectModeNotFollow,
		LocalNetworkAccessPermissionDenied, PreflightMissingAllowExternal, PreflightInvalidAllowExternal,
	}
}

// isPreflightAccess reports whether the code is of those whose message begins with the preflight's access control check.
func (c Code) isPreflightAccess() bool { return strings.HasPrefix(string(c), "Preflight") }

// ofPreflight returns the code by which the same failure of a preflight's CORS check goes.
func (c Code) ofPreflight() Code { return "Preflight" + c }

// A Verdict is what the browser concludes at one step, or from a whole exchange.
type Verdict struct {
	// Allowed reports whether the request may go on or, at the end, that the page may read the response.
	Allowed bool `json:"allowed"`
	// Code is the way in which CORS refuses; empty if it does not.
	Code Code `json:"code,omitempty"`
	// NetError names a failure that is not CORS's: one of Chromium's network errors such as ERR_TOO_MANY_REDIRECTS, or the
	// exception, TypeError or SecurityError, that the script's call ends with before anything is sent.
	NetError string `json:"netError,omitempty"`
	// FailedParameter is what the DevTools protocol's CorsErrorStatus.failedParameter holds: the value, method or header at
	// fault. Empty for codes that have none, and for a value that is not UTF-8.
	FailedParameter string `json:"failedParameter,omitempty"`
	// Disallowed names, sorted and in lower case, all the request's headers that the response to the preflight does not allow,
	// with [HeaderDisallowedByPreflightResponse]. Chromium names one.
	Disallowed []string `json:"disallowed,omitempty"`
	// Message is what Chromium prints to the console, with the URL and the page's origin; empty if Allowed.
	Message string `json:"message,omitempty"`
	// Warning says what was let pass here and the standard, or another browser, does not let pass.
	Warning string `json:"warning,omitempty"`
	// Section is the part of the standard that decided; empty if Allowed.
	Section string `json:"section,omitempty"`
}

// allowed is the verdict that lets the request go on.
var allowed = Verdict{Allowed: true}

// The sections of the standard that refuse something.
const (
	sectionCORSCheck      = "https://fetch.spec.whatwg.org/#concept-cors-check"
	sectionPreflightFetch = "https://fetch.spec.whatwg.org/#cors-preflight-fetch"
	sectionRedirect       = "https://fetch.spec.whatwg.org/#concept-http-redirect-fetch"
	sectionMainFetch      = "https://fetch.spec.whatwg.org/#concept-main-fetch"
	sectionRequest        = "https://fetch.spec.whatwg.org/#dom-request"
)

// refuse returns the verdict for code, in Chromium's words.
func (p *Plan) refuse(code Code, parameter, section string) Verdict {
	message := p.message(code, parameter)
	if !utf8.ValidString(parameter) {
		parameter = ""
	}
	return Verdict{Code: code, FailedParameter: parameter, Message: message, Section: section}
}

// fail returns the verdict for a failure that is not CORS's.
func (p *Plan) fail(netError, message, section string) Verdict {
	return Verdict{NetError: netError, Message: strings.ToValidUTF8(message, "\uFFFD"), Section: section}
}

// message returns what Chromium's console says for code. The origin in it is the page's, also where a redirect has made
// the Origin header null.
func (p *Plan) message(code Code, parameter string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Access to %s at '%s' ", p.initiator, p.url)
	if p.initialURL.String() != p.url.String() {
		fmt.Fprintf(&b, "(redirected from '%s') ", p.initialURL)
	}
	fmt.Fprintf(&b, "from origin '%s' has been blocked by CORS policy: ", p.origin)
	if code.isPreflightAccess() {
		b.WriteString("Response to preflight request doesn't pass access control check: ")
	}
	b.WriteString(p.explain(code, printable(parameter)))
	return b.String()
}

// explain returns the part of the message that is code's own.
func (p *Plan) explain(code Code, value string) string {
	// Each initiator has a hint of its own to add to some of the texts.
	var fetchHint, xhrHint string
	switch p.initiator {
	case Fetch:
		fetchHint = " Have the server send the header with a valid value."
	case XMLHttpRequest:
		xhrHint = " The credentials mode of requests initiated by the XMLHttpRequest is controlled by the withCredentials attribute."
	}
	switch code {
	case WildcardOriginNotAllowed, PreflightWildcardOriginNotAllowed:
		return "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'." + xhrHint
	case MissingAllowOriginHeader, PreflightMissingAllowOriginHeader:
		return "No 'Access-Control-Allow-Origin' header is present on the requested resource."
	case MultipleAllowOriginValues, PreflightMultipleAllowOriginValues:
		return "The 'Access-Control-Allow-Origin' header contains multiple values '" + value + "', but only one is allowed." + fetchHint
	case InvalidAllowOriginValue, PreflightInvalidAllowOriginValue:
		return "The 'Access-Control-Allow-Origin' header contains the invalid value '" + value + "'." + fetchHint
	case AllowOriginMismatch, PreflightAllowOriginMismatch:
		return "The 'Access-Control-Allow-Origin' header has a value '" + value + "' that is not equal to the supplied origin." + fetchHint
	case InvalidAllowCredentials, PreflightInvalidAllowCredentials:
		return "The value of the 'Access-Control-Allow-Credentials' header in the response is '" + value + "' which must be 'true' when the request's credentials mode is 'include'." + xhrHint
	case CorsDisabledScheme:
		return "Cross origin requests are only supported for protocol schemes: " + corsSchemes + "."
	case PreflightInvalidStatus:
		return "It does not have HTTP ok status."
	case PreflightDisallowedRedirect:
		return "Redirect is not allowed for a preflight request."
	case InvalidAllowMethodsPreflightResponse:
		return "Cannot parse Access-Control-Allow-Methods response header field in preflight response."
	case InvalidAllowHeadersPreflightResponse:
		return "Cannot parse Access-Control-Allow-Headers response header field in preflight response."
	case MethodDisallowedByPreflightResponse:
		return "Method " + value + " is not allowed by Access-Control-Allow-Methods in preflight response."
	case HeaderDisallowedByPreflightResponse:
		return "Request header field " + value + " is not allowed by Access-Control-Allow-Headers in preflight response."
	case RedirectContainsCredentials:
		return "Redirect location '" + value + "' contains a username and password, which is disallowed for cross-origin requests."
	}
	return string(code)
}

// corsSchemes are the schemes that Chromium 156 names when it refuses another one; other builds name a few more or less.
const corsSchemes = "chrome, chrome-experimental-site-token-provider, chrome-extension, chrome-untrusted, data, http, https, isolated-app"

// printable writes what is not printable ASCII as \uXXXX, as Chromium's console does; a header's bytes count as Latin-1.
func printable(value string) string {
	var b strings.Builder
	for i := range len(value) {
		c := value[i]
		if 0x20 <= c && c <= 0x7e {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, `\u%04X`, c)
	}
	return b.String()
}
