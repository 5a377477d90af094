package browser

import (
	"slices"

	"github.com/corsgate/corsgate/internal/corsheader"
)

// safelistedResponseHeaders can be read across origins without leave
// (https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name).
var safelistedResponseHeaders = []string{
	"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma",
}

// Exposed returns the headers of a response to the actual request that the page's script can read: all but Set-Cookie for a
// same-origin request; across origins the safelisted ones and those that Access-Control-Expose-Headers names, or all if it
// is "*" and credentials are not included (https://fetch.spec.whatwg.org/#concept-filtered-response-cors). It does not ask
// whether the response may be read at all.
func (p *Plan) Exposed(resp *HTTPResponse) Header {
	names, _ := resp.Header.list(corsheader.ExposeHeaders) // one that does not parse exposes nothing
	names = lowered(names)
	// With credentials, "*" is the name of a header.
	all := !p.CrossOrigin || p.credentials != Include && slices.Contains(names, "*")
	var out Header
	for _, f := range resp.Header {
		name := lower(f.Name)
		if name == "set-cookie" || name == "set-cookie2" {
			continue // forbidden response-header names
		}
		if all || slices.Contains(safelistedResponseHeaders, name) || slices.Contains(names, name) {
			out = append(out, f)
		}
	}
	return out
}

// ExposedNames returns the names in a response's Access-Control-Expose-Headers that mean something across origins, in lower
// case and sorted: "*" alone where it stands for all. With credentials it is the name of a header that no server sends,
// and left out.
func ExposedNames(h Header, credentials bool) []string {
	names, ok := h.list(corsheader.ExposeHeaders)
	if !ok {
		// A list that does not parse exposes nothing (https://fetch.spec.whatwg.org/#extract-header-list-values).
		return nil
	}
	names = lowered(names)
	if slices.Contains(names, "*") {
		if !credentials {
			return []string{"*"}
		}
		names = slices.DeleteFunc(names, func(n string) bool { return n == "*" })
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// SafelistedResponseHeader reports whether a page can read a response's header without leave
// (https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name).
func SafelistedResponseHeader(name string) bool {
	return slices.Contains(safelistedResponseHeaders, lower(name))
}
