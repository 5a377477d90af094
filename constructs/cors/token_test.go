package cors

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// The tokens found are those of the regular expression that says what a token
// looks like.
func TestTokenMarkers(t *testing.T) {
	for m, re := range map[marker]*regexp.Regexp{
		token:     regexp.MustCompile(`\$\{Token\[[a-zA-Z0-9:._-]+\]\}`),
		listToken: regexp.MustCompile(`#\{Token\[[a-zA-Z0-9:._-]+\]\}`),
	} {
		rapid.Check(t, func(t *rapid.T) {
			parts := rapid.SliceOf(rapid.SampledFrom([]string{"${Token[", "#{Token[", "]", "}", "]}", "TOKEN.7", "$", "a", "x.y", "\"", ",", "@", "Z-_:"})).Draw(t, "parts")
			s := ""
			for _, p := range parts {
				s += p
			}
			if got, want := m.replace(s, "-"), re.ReplaceAllLiteralString(s, "-"); got != want {
				t.Errorf("%s: %q becomes %q, want %q", m, s, got, want)
			}
			if got, want := m.in(s), re.MatchString(s); got != want {
				t.Errorf("%s in %q: %v, want %v", m, s, got, want)
			}
		})
	}
}
