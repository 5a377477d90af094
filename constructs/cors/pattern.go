package cors

import "strings"

// The text form of an origin or pattern is what a person writes with "~" for
// "*", since a stage variable may not hold "*":
//
//	pattern = scheme "://" [ "~." ] host [ ":" ( port | "~" ) ]
//	exact   = scheme "://" host [ ":" port ]
//	scheme  = lower-case letter, then lower-case letters, digits, "-" or "."
//	host    = letters (lower case), digits, "-", "_" and ".", not beginning
//	          with a dot, without two dots in a row
//	port    = 1 to 65535, no leading zero
//
// The mapping template checks the same grammar (see template.go): the two must
// accept the same strings, which a differential test holds.
//
// A pattern without a "~" is an exact origin. What a CDK token becomes has to be
// one, and more: see exactOrigin.

const (
	// maxOriginLen is the longest origin that can match: 64 characters of
	// scheme, "://", 253 of host (RFC 1035) and ":65535". It is the bound of
	// github.com/jub0bs/cors too.
	maxOriginLen = 64 + len("://") + 253 + len(":65535")

	schemeSep = "://"

	// anyOrigin is the element of the policy that allows every origin. It is not
	// part of the grammar: such a policy is deployed without a list.
	anyOrigin = "~"
)

// A pattern is a parsed element of an allowlist.
type pattern struct {
	scheme     string
	host       string // after "~."
	subdomains bool   // any number of labels before host, at least one
	port       string // "", "8080" or "~": any port, or none
}

// parseElement splits the text form of an origin or pattern. It reports false
// for anything the grammar above does not allow.
func parseElement(s string) (p pattern, ok bool) {
	var rest string
	p.scheme, rest, ok = strings.Cut(s, schemeSep)
	if !ok || !validScheme(p.scheme) {
		return pattern{}, false
	}
	rest, p.subdomains = strings.CutPrefix(rest, "~.")
	host, port, hasPort := strings.Cut(rest, ":")
	if !validHost(host) || hasPort && port != "~" && !validPort(port) {
		return pattern{}, false
	}
	p.host, p.port = host, port
	return p, true
}

// exactOrigin reports whether s is one origin as browsers send it: no pattern,
// no longer than one can be, and without its scheme's default port. Whatever a
// CDK token becomes has to be one.
func exactOrigin(s string) bool {
	p, ok := parseElement(s)
	return ok && !p.wild() && len(s) <= maxOriginLen && !defaultPort(p.scheme, p.port)
}

// wild reports whether p names more than one origin.
func (p pattern) wild() bool { return p.subdomains || p.port == "~" }

// covers reports whether every origin of q is an origin of p.
func (p pattern) covers(q pattern) bool {
	if p.scheme != q.scheme || p.port != "~" && p.port != q.port {
		return false
	}
	if !p.subdomains {
		return !q.subdomains && p.host == q.host
	}
	if q.subdomains && q.host == p.host {
		return true
	}
	return strings.HasSuffix(q.host, "."+p.host)
}

func validScheme(s string) bool {
	if s == "" || !lower(s[0]) {
		return false
	}
	last := byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !hostByte(c) || c == '_' || c == '.' && last == '.' {
			return false
		}
		last = c
	}
	return true
}

func validHost(s string) bool {
	last := byte('.') // a host does not begin with a dot either
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !hostByte(c) || c == '.' && last == '.' {
			return false
		}
		last = c
	}
	return s != ""
}

func validPort(s string) bool {
	if s == "" || len(s) > 5 || s[0] == '0' {
		return false
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if !digit(s[i]) {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n <= 65535
}

func lower(c byte) bool { return 'a' <= c && c <= 'z' }
func digit(c byte) bool { return '0' <= c && c <= '9' }

// hostByte reports whether c is a lower-case letter, a digit, "-", "_" or ".".
// It looks at every byte of a refused origin, so it looks it up.
func hostByte(c byte) bool { return hostBytes[c] }

var hostBytes = func() (is [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyz0123456789-_.") {
		is[c] = true
	}
	return is
}()
