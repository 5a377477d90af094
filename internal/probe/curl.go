package probe

import (
	"fmt"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/report"
)

// width is that of a line of a command, with its indent and the backslash at its end.
const width = 74

// curl returns the command that sends the same request. What does not fit goes to lines of its own.
func (s *surveyor) curl(r Sent, body []byte, http1 bool) string {
	protocol := "--http2"
	if http1 || s.target.Scheme == "http" {
		protocol = "--http1.1"
	}
	parts := []string{"curl -si " + protocol}
	for _, option := range s.CurlOptions {
		var words []string
		for _, w := range option {
			words = append(words, quote(w))
		}
		parts = append(parts, strings.Join(words, " "))
	}
	switch {
	case r.Method == "HEAD":
		parts = append(parts, "--head")
	case r.Method != "GET":
		parts = append(parts, "-X "+quote(r.Method))
	}
	for _, f := range r.Headers {
		switch {
		case strings.EqualFold(f.Name, "User-Agent"):
			parts = append(parts, "-A "+quote(f.Value))
		case strings.EqualFold(f.Name, "Accept") && f.Value == "*/*": // as curl does by itself
		default:
			parts = append(parts, "-H "+s.headerArgument(f))
		}
	}
	switch {
	case body != nil && s.BodyFile != "":
		parts = append(parts, "--data-binary "+quote("@"+s.BodyFile))
	case body != nil:
		parts = append(parts, "--data-raw "+quote(string(body)))
	}
	if strings.ContainsAny(r.URL, "[]{}") {
		parts = append(parts, "--globoff")
	}
	var b strings.Builder
	at := 0
	for i, part := range append(parts, quote(r.URL)) {
		switch {
		case i == 0:
		case at+1+len(part) > width:
			b.WriteString(" \\\n  ")
			at = 2
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(part)
		at += len(part)
	}
	return b.String()
}

// headerArgument writes a header line. One whose value is a shell variable is in double quotes, so that the shell puts it in.
func (s *surveyor) headerArgument(f browser.Field) string {
	switch {
	case s.secrets.stands(f):
		return `"` + f.Name + ": " + f.Value + `"`
	case f.Value == "":
		return quote(f.Name + ";") // with a colon curl would send no such header
	}
	return quote(f.Name + ": " + f.Value)
}

// quote writes a word for a POSIX shell (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02).
// What cannot be printed as it is is in octal.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@%+") == "" {
		return s
	}
	if report.Lines(s) == s {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(c))
		case c < ' ' || c > '~' || c == ':' || c == '#':
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	return "$'" + b.String() + "'"
}
