package cors

import "strings"

// A marker is how a kind of unresolved CDK token begins in a Go string. Its key
// follows, of the characters that the CDK looks for (it leaves anything else as
// it stands, and a token is deployed unread), and "]}" ends it. It is not a
// regular expression because reading a policy from stage variables passes
// here, and package regexp would add 90 KB to every Lambda function.
type marker string

const (
	token     marker = "${Token["
	listToken marker = "#{Token[" // stands for a list of strings, which cannot be part of one
)

// in reports whether s holds a token of this kind.
func (m marker) in(s string) bool { return m.replace(s, "") != s }

// replace returns s with every token of this kind replaced.
func (m marker) replace(s, with string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, string(m))
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		if inside, after, ok := strings.Cut(rest, "]}"); ok && tokenKey(inside) {
			b.WriteString(with)
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
