package cors

import (
	"slices"
	"strings"
)

// A matcher decides membership of an allowlist. A look-up costs one hash of
// the origin, plus one of each suffix of its host where there are patterns;
// it does not depend on how many origins there are, and allocates nothing.
type matcher struct {
	exact map[string]struct{} // whole origins
	ports map[string]struct{} // "scheme://host", any port
	subs  map[string][]subdomains
}

// subdomains is what is allowed below one host.
type subdomains struct {
	scheme string
	port   string // as in pattern
}

// fold removes elements that another one covers, and sorts. All elements are
// well formed.
func fold(elements []string) []string {
	elements = slices.Clone(elements)
	slices.Sort(elements)
	elements = slices.Compact(elements)
	var wild []pattern
	for _, e := range elements {
		if p, ok := parseElement(e); ok && p.wild() {
			wild = append(wild, p)
		}
	}
	if len(wild) == 0 {
		return elements
	}
	return slices.DeleteFunc(elements, func(e string) bool {
		q, ok := parseElement(e)
		return ok && slices.ContainsFunc(wild, func(p pattern) bool { return p != q && p.covers(q) })
	})
}

// newMatcher compiles folded elements. Elements that are not of the grammar
// (CDK tokens at synthesis) match nothing.
func newMatcher(elements []string) matcher {
	m := matcher{exact: make(map[string]struct{}, len(elements))}
	for _, e := range elements {
		p, ok := parseElement(e)
		switch {
		case !ok:
		case p.subdomains:
			if m.subs == nil {
				m.subs = map[string][]subdomains{}
			}
			m.subs[p.host] = append(m.subs[p.host], subdomains{p.scheme, p.port})
		case p.port == "~":
			if m.ports == nil {
				m.ports = map[string]struct{}{}
			}
			m.ports[p.scheme+schemeSep+p.host] = struct{}{}
		default:
			m.exact[e] = struct{}{}
		}
	}
	return m
}

// match reports whether origin is allowed.
func (m *matcher) match(origin string) bool {
	if len(origin) > maxOriginLen {
		return false
	}
	if _, ok := m.exact[origin]; ok {
		return true
	}
	if m.ports == nil && m.subs == nil {
		return false
	}
	sep := strings.Index(origin, schemeSep)
	if sep < 0 {
		return false
	}
	scheme := origin[:sep]
	start := sep + len(schemeSep)
	end, port := len(origin), ""
	if colon := strings.IndexByte(origin[start:], ':'); colon >= 0 {
		end = start + colon
		if port = origin[end+1:]; !validPort(port) {
			return false
		}
	}
	host := origin[start:end]
	if !validHost(host) {
		return false
	}
	if _, ok := m.ports[origin[:end]]; ok {
		return true
	}
	if m.subs == nil {
		return false
	}
	for i := 1; i < len(host); i++ {
		if host[i] != '.' {
			continue
		}
		for _, s := range m.subs[host[i+1:]] {
			if s.scheme == scheme && (s.port == "~" || s.port == port) {
				return true
			}
		}
	}
	return false
}
