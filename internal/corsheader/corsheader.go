// Package corsheader knows the headers of the CORS protocol (https://fetch.spec.whatwg.org/#http-cors-protocol). Everything
// that has to do with them imports it, every Lambda function that uses corslambda included, so it stays small and imports
// next to nothing.
package corsheader

import (
	"strings"
	"time"
)

// The headers, canonical as in an [net/http.Header].
const (
	Origin           = "Origin"
	RequestMethod    = "Access-Control-Request-Method"
	RequestHeaders   = "Access-Control-Request-Headers"
	AllowOrigin      = "Access-Control-Allow-Origin"
	AllowCredentials = "Access-Control-Allow-Credentials"
	AllowMethods     = "Access-Control-Allow-Methods"
	AllowHeaders     = "Access-Control-Allow-Headers"
	ExposeHeaders    = "Access-Control-Expose-Headers"
	MaxAge           = "Access-Control-Max-Age"
	Vary             = "Vary"
)

// The longest that browsers keep the response to a preflight, whatever [MaxAge] says
// (https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Access-Control-Max-Age; WebKit's is in its
// CrossOriginPreflightResultCache.cpp).
const (
	ChromiumCap = 2 * time.Hour
	FirefoxCap  = 24 * time.Hour
	WebKitCap   = 10 * time.Minute
)

// Is reports whether a response header is of the CORS protocol, including those of drafts. Blanks around a name, which HTTP
// forbids, do not hide it.
func Is(name string) bool {
	const prefix, request = "Access-Control-", "Access-Control-Request-"
	name = strings.TrimSpace(name)
	return hasPrefixFold(name, prefix) && !hasPrefixFold(name, request)
}

// IsVary reports whether a header is [Vary], blanks around it or not.
func IsVary(name string) bool { return strings.EqualFold(strings.TrimSpace(name), Vary) }

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// List returns the elements of a header's value that is a list, without blanks and without empty ones
// (https://www.rfc-editor.org/rfc/rfc9110#name-lists-rule-abnf-extension).
func List(value string) []string {
	var out []string
	for _, e := range strings.Split(value, ",") {
		if e = strings.TrimSpace(e); e != "" {
			out = append(out, e)
		}
	}
	return out
}

// MergeVary joins values of [Vary], each name once in whatever case. A "*" covers all
// (https://www.rfc-editor.org/rfc/rfc9110#name-vary).
func MergeVary(values ...string) string {
	var out []string
	for _, name := range List(strings.Join(values, ",")) {
		if name == "*" {
			return "*"
		}
		if !has(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// VariesByOrigin reports whether a value of [Vary] has a cache tell responses to different origins apart: it names Origin, or
// it is "*".
func VariesByOrigin(vary string) bool {
	names := List(vary)
	return has(names, Origin) || has(names, "*")
}

func has(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}
