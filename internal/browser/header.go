package browser

import (
	"net/http"
	"slices"
	"strings"
)

// A Field is one header line: a name and a value. The standard calls it a header
// (https://fetch.spec.whatwg.org/#concept-header).
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Header is an ordered list of header lines, in which a name may occur more than once and in any case
// (https://fetch.spec.whatwg.org/#concept-header-list).
type Header []Field

// HeaderFrom returns h as a Header: names in alphabetical order, the values of one name in theirs.
func HeaderFrom(h http.Header) Header {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	var out Header
	for _, name := range names {
		for _, value := range h[name] {
			out = append(out, Field{name, value})
		}
	}
	return out
}

// HTTP returns h as net/http's type, with canonical names.
func (h Header) HTTP() http.Header {
	out := http.Header{}
	for _, f := range h {
		out.Add(f.Name, f.Value)
	}
	return out
}

// Get returns the value of name, in any case, and whether there is one. Lines that share a name are one value, joined with
// a comma and a space (https://fetch.spec.whatwg.org/#concept-header-list-get). White space around each line's value is
// not part of it, as on the wire.
func (h Header) Get(name string) (string, bool) {
	var values []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			values = append(values, trim(f.Value))
		}
	}
	return strings.Join(values, ", "), len(values) > 0
}

// Has reports whether h has a line with this name, in any case.
func (h Header) Has(name string) bool {
	_, found := h.Get(name)
	return found
}

// without returns h less the lines with any of these names; h itself is left alone.
func (h Header) without(names ...string) Header {
	var out Header
	for _, f := range h {
		if !slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(f.Name, name) }) {
			out = append(out, f)
		}
	}
	return out
}

// combined returns h with one line for each name, in the order in which the names first occur, under the spelling that
// occurred first.
func (h Header) combined() Header {
	var out Header
	values := map[string][]string{}
	for _, f := range h {
		name := strings.ToLower(f.Name)
		if values[name] == nil {
			out = append(out, f)
		}
		values[name] = append(values[name], trim(f.Value))
	}
	for i, f := range out {
		out[i].Value = strings.Join(values[strings.ToLower(f.Name)], ", ")
	}
	return out
}

// trim takes off what HTTP does not count as part of a header's value
// (https://fetch.spec.whatwg.org/#concept-header-value-normalize).
func trim(value string) string { return strings.Trim(value, " \t\r\n") }

// lower is ASCII lower-casing, which unlike strings.ToLower leaves every other byte alone
// (https://infra.spec.whatwg.org/#byte-lowercase).
func lower(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return 'A' <= r && r <= 'Z' }) {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// upper is ASCII upper-casing.
func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - ('a' - 'A')
		}
	}
	return string(b)
}

// isToken reports whether s is an HTTP token, which methods and header names are
// (https://httpwg.org/specs/rfc9110.html#rfc.section.5.6.2).
func isToken(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// list reads a header that holds a comma-separated list of tokens, as Access-Control-Allow-Methods, -Allow-Headers and
// -Expose-Headers do (https://fetch.spec.whatwg.org/#extract-header-list-values). It returns the items, none for a header
// that is absent or empty, and false when one of them is no token. Empty items are passed over, as HTTP asks of whoever
// reads such a list.
func (h Header) list(name string) (items []string, ok bool) {
	value, _ := h.Get(name)
	for item := range strings.SplitSeq(value, ",") {
		item = trim(item)
		if item == "" {
			continue
		}
		if !isToken(item) {
			return nil, false
		}
		items = append(items, item)
	}
	return items, true
}
