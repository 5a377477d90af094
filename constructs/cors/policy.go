package cors

import (
	"slices"
	"strings"
)

// A Policy is a checked and compiled [Config]. It does not change; it may be
// used by many goroutines at once. The zero Policy allows nobody.
type Policy struct {
	elements       []string // text form, folded and sorted; anyOrigin alone for every origin
	matcher        matcher
	any            bool
	credentials    bool
	methods        []string // nil: what the resource has
	methodList     string   // methods, joined
	requestHeaders string   // joined by commas; "*" for any
	exposedHeaders string
	maxAge         string // seconds, or ""
	notes          []string
}

func newPolicy(elements []string) *Policy {
	sortTokensLast(elements)
	return &Policy{
		elements: elements,
		matcher:  newMatcher(elements),
		any:      len(elements) == 1 && elements[0] == anyOrigin,
	}
}

// Match reports whether a page of this origin may use the API. The origin is
// the value of an Origin header as a browser sends it; anything else is not
// matched. Origins known only at deploy time (CDK tokens) match nothing here.
func (p *Policy) Match(origin string) bool {
	return p.any && origin != "" || p.matcher.match(origin)
}

// Origins returns the allowlist as it would be written in a [Config], folded
// and sorted.
func (p *Policy) Origins() []string {
	out := slices.Clone(p.elements)
	for i, e := range out {
		out[i] = strings.ReplaceAll(e, "~", "*")
	}
	return out
}

// AnyOrigin reports whether every origin is allowed.
func (p *Policy) AnyOrigin() bool { return p.any }

// Credentials reports whether pages may send credentials.
func (p *Policy) Credentials() bool { return p.credentials }

// RequestHeaders returns the value of Access-Control-Allow-Headers, "" for none.
func (p *Policy) RequestHeaders() string { return p.requestHeaders }

// ExposedHeaders returns the value of Access-Control-Expose-Headers, "" for none.
func (p *Policy) ExposedHeaders() string { return p.exposedHeaders }

// MaxAge returns the value of Access-Control-Max-Age in seconds, "" for none.
func (p *Policy) MaxAge() string { return p.maxAge }

// Methods returns the methods that pages may use, joined by commas, or "" if each
// resource allows the methods that it has.
func (p *Policy) Methods() string { return p.methodList }

// allowMethods returns the value of Access-Control-Allow-Methods for a resource
// that has these methods, "" for none: those that the policy allows, sorted.
func (p *Policy) allowMethods(resource []string) string {
	var out []string
	for _, m := range routable {
		has := slices.Contains(resource, m) || slices.Contains(resource, "ANY")
		if has && (p.methods == nil || slices.Contains(p.methods, m)) {
			out = append(out, m)
		}
	}
	return strings.Join(out, ",")
}

// Notes are remarks on what is legal in the [Config] but may not be what it
// seems: origins that others cover, a max age over a browser's cap. What only an
// HTTP API or a function URL cannot have is not among them, but in
// [Policy.UnsupportedByHTTPAPI] and [Policy.UnsupportedByFunctionURL].
func (p *Policy) Notes() []string { return slices.Clone(p.notes) }
