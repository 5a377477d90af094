// Package hostile has text that a template, a server, a log or AWS may send to harm whoever reads a report of it, and a check
// of what came out.
package hostile

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Line has what terminals, CI runners, Markdown and SARIF act upon, without a line break; Text has line breaks as well.
const (
	Line = "x\x1b]52;c;QUFB\a\x1b[31m\u009b31m\u202e\u2066\u200b ::error title=owned::a ,::add-mask::b ##[error]c ##vso[task.x]d # H @everyone #1 GH-1 <img src=x onerror=y> [l](http://evil.example) www.evil.example ```` ` |_e_*f* 100%0A"
	Text = Line + "\n::error title=owned::g\r\n ::add-mask::h\n\u00a0::error title=owned::l\n\u3000::add-mask::m\n\t##[group]i\n# H\n```\n- j\u2028::error title=owned::k"
)

// Formats are those that reports are printed in.
var Formats = []string{"text", "json", "sarif", "markdown", "github"}

var (
	ours   = regexp.MustCompile(`^::(?:error|warning|notice) (?:file=[^:,]*,(?:line=\d+,)?)?title=(?:CORS|corsgate)`)
	runner = regexp.MustCompile(`##\w*\[`)
	fence  = regexp.MustCompile("^(````*)[a-z]*$")
)

// Check fails the test for each part of an output in which the text is more than text.
func Check(t testing.TB, format, out string) {
	t.Helper()
	bad := func(what, where string) {
		t.Helper()
		t.Errorf("%s: %s in %q", format, what, where[:min(len(where), 300)])
	}
	if !utf8.ValidString(out) {
		bad("invalid UTF-8", out[:min(len(out), 200)])
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(out, "\n"), "\n") {
		if at := strings.IndexFunc(line, func(r rune) bool { return r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }); at >= 0 {
			bad("what a terminal acts upon", line[at:])
		}
		if strings.HasPrefix(strings.TrimSpace(line), "::") && (format != "github" || !ours.MatchString(line)) || runner.MatchString(line) {
			bad("a command for a CI runner", line)
		}
	}
	switch format {
	case "json", "sarif":
		if !json.Valid([]byte(out)) {
			bad("no JSON", out[:min(len(out), 200)])
		}
		if format == "sarif" {
			if wrong := sarif(out); wrong != "" {
				t.Errorf("no SARIF: %s", wrong)
			}
		}
		for line := range strings.Lines(out) {
			if format == "sarif" && strings.HasPrefix(strings.TrimSpace(line), `"text": `) && strings.Contains(line, "](http") {
				bad("a link", line)
			}
		}
	case "markdown":
		open := "" // the fence that a block of code began with; as long a one ends it
		for line := range strings.SplitSeq(out, "\n") {
			if open != "" {
				if strings.HasPrefix(line, open) && strings.Trim(line, "`") == "" {
					open = ""
				}
				continue
			}
			if m := fence.FindStringSubmatch(line); m != nil {
				open = m[1]
				continue
			}
			for _, markup := range []string{"<img", "@everyone", "](http://evil", " http://evil", " www.", "_e_", "*f*", " GH-1"} {
				if strings.Contains(line, markup) {
					bad("the markup "+markup, line)
				}
			}
			if strings.HasPrefix(line, "# H") {
				bad("a heading", line)
			}
		}
	}
}
