package cors

import (
	"cmp"
	"slices"
	"strings"
)

// A marker is how a kind of unresolved CDK token begins in a Go string. Its key
// follows, of the characters that the CDK looks for (it leaves anything else as
// it stands, and a token is deployed unread), and "]}" ends it. It is not a
// regular expression: FromStageVariables needs it, and package regexp would add
// 90 KB to every Lambda function.
type marker string

const (
	token     marker = "${Token["
	listToken marker = "#{Token[" // stands for a list of strings, which cannot be part of one
)

// in reports whether s holds a token of this kind.
func (m marker) in(s string) bool { return m.replace(s, "") != s }

// replace returns s with every token of this kind replaced.
func (m marker) replace(s, with string) string {
	return m.each(s, func(string) string { return with })
}

// each returns s with every token of this kind replaced by what with returns for
// its key.
func (m marker) each(s string, with func(key string) string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, string(m))
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		if inside, after, ok := strings.Cut(rest, "]}"); ok && tokenKey(inside) {
			b.WriteString(with(inside))
			s = after
		} else {
			b.WriteString(string(m))
			s = rest
		}
	}
}

func tokenKey(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20 // letters in lower case
		if !(lower(c) || digit(s[i]) || strings.IndexByte(":._-", s[i]) >= 0) {
			return false
		}
	}
	return s != ""
}

// sortTokensLast orders elements by text, those with CDK tokens last. A token's
// key ends in a number, which changes with code that has nothing to do with the
// policy: numbers are compared after everything else, and as numbers, since two
// tokens of the same code keep their order.
func sortTokensLast(elements []string) {
	slices.SortFunc(elements, func(a, b string) int {
		ta, tb := token.in(a), token.in(b)
		switch {
		case !ta && !tb:
			return cmp.Compare(a, b)
		case !ta:
			return -1
		case !tb:
			return 1
		}
		ka, na := numbered(a)
		kb, nb := numbered(b)
		return cmp.Or(cmp.Compare(ka, kb), slices.CompareFunc(na, nb, func(m, n string) int {
			return cmp.Or(cmp.Compare(len(m), len(n)), cmp.Compare(m, n))
		}), cmp.Compare(a, b))
	})
}

// numbered takes the numbers off the tokens of an element.
func numbered(element string) (rest string, numbers []string) {
	rest = token.each(element, func(key string) string {
		name := strings.TrimRight(key, "0123456789")
		numbers = append(numbers, key[len(name):])
		return string(token) + name
	})
	return rest, numbers
}
