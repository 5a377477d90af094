package cors

import (
	_ "embed" // parents.txt
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

//go:generate go test -run ^TestParents$ -update .

// parents are the domains that are not public suffixes and have one below them,
// one a line. The compiled list of golang.org/x/net tells the suffix of a name,
// but not which suffixes lie below a name.
//
//go:embed parents.txt
var parents string

// reserved are the top-level domains below which nobody can register a name
// (RFC 6761, sections 6.2, 6.3 and 6.5), and which no network assigns. Names
// below local are given to whatever device asks for one (RFC 6762, section 3),
// and those below internal by whoever runs the network.
var reserved = []string{"example", "localhost", "test"}

// subdomainsOf returns the base of a pattern of subdomains, without the dot of
// an absolute name, and "" for any other pattern.
func subdomainsOf(pattern string) string {
	_, base, _ := strings.Cut(pattern, schemeSep+"*.")
	base, _, _ = strings.Cut(base, ":")
	return strings.TrimSuffix(base, ".")
}

// shared reports whether strangers can put a page below base, and returns what is
// wrong with such a pattern and its fix.
func shared(base string) (text, fix string, ok bool) {
	if slices.Contains(reserved, base) {
		return "", "", false
	}
	suffix, icann := publicsuffix.PublicSuffix(base)
	if s := serviceOf(base); s != nil {
		if suffix == base || s.gives(base) || parent(base) {
			return s.text(), s.fix, true
		}
		return "", "", false
	}
	switch {
	case suffix == base && (icann || !strings.Contains(base, ".")):
		return "it is a public suffix, below which anybody can put a page", "name the domains that are yours", true
	case suffix == base:
		return "it is a public suffix, below which anybody can put a page",
			"name exact origins or domains that are yours, or set DangerouslyTolerateSubdomainsOfPublicSuffixes", true
	}
	if s := serviceBelow(base); s != nil {
		return s.text(), s.fix, true
	}
	if parent(base) {
		return "there are public suffixes below it, where anybody can put a page",
			"name exact origins or the subdomains that are yours, or set DangerouslyTolerateSubdomainsOfPublicSuffixes", true
	}
	return "", "", false
}

// parent reports whether base is not a public suffix and has one below it.
func parent(base string) bool { return strings.Contains(parents, "\n"+base+"\n") }

// text says what is wrong with a pattern over the names that s assigns.
func (s *service) text() string {
	return fmt.Sprintf("anybody can get a name below %s", s.domain)
}

// gives reports whether strangers can get names below base, which is the domain of
// s or lies below it.
func (s *service) gives(base string) bool {
	own := strings.TrimSuffix(strings.TrimSuffix(base, s.domain), ".")
	return own == "" || s.labels == nobodys || strings.Count(own, ".")+1 < s.labels
}

// serviceOf returns the service whose domain host is or lies below, or nil.
func serviceOf(host string) *service {
	for i := range services {
		if s := &services[i]; within(host, s.domain) {
			return s
		}
	}
	return nil
}

// serviceBelow returns the first service whose domain lies below host, or nil.
func serviceBelow(host string) *service {
	for i := range services {
		if s := &services[i]; within(s.domain, host) {
			return s
		}
	}
	return nil
}

// within reports whether host is domain or lies below it.
func within(host, domain string) bool {
	rest, ok := strings.CutSuffix(host, domain)
	return ok && (rest == "" || strings.HasSuffix(rest, "."))
}
