package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
)

// What a template, a server, a log or AWS says goes out through one of the functions of this file, one for each kind of
// output, and never as it is.

// steers reports whether a terminal acts upon a character, or reorders or hides text because of it: controls, 8-bit ones
// too, and what has no shape of its own (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters).
func steers(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

// A CI runner carries out what a line of output tells it to. GitHub's begins a command with :: after blanks, or with ##[
// anywhere; Azure's with ##vso[ (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
// To it any space of Unicode is a blank. A line may be broken at blanks and commas, so no word begins with :: either.
var (
	oldCommand = regexp.MustCompile(`##(\w*\[)`)
	newCommand = regexp.MustCompile(`(^|[\s\p{Z},:])::`)
)

// plain makes a part of a line, whose blanks stay, safe for a terminal and a runner.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r != '\t' && steers(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
	s = oldCommand.ReplaceAllString(s, "# #$1")
	for newCommand.MatchString(s) { // of :::: the second half begins one, too
		s = newCommand.ReplaceAllString(s, "$1: :")
	}
	return s
}

// OneLine returns text as one line for a terminal: without line breaks, without what a terminal acts upon, and without
// what a CI runner takes for a command.
func OneLine(s string) string {
	return plain(strings.Join(strings.Fields(s), " "))
}

// Lines returns text of several lines, such as a fix, for a terminal: as [OneLine], and with its line breaks and indents.
func Lines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = plain(strings.TrimRight(l, " \r"))
	}
	return strings.Join(lines, "\n")
}

var (
	inMarkdown = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "~", `\~`, "$", `\$`, "[", `\[`, "]", `\]`, "|", `\|`,
		"<", "&lt;", ">", "&gt;", "&", "&amp;", "://", `\://`, "www.", `www\.`,
		// GitHub looks for names and numbers in what was rendered, so that a backslash keeps nothing from being one.
		"@", "@<!-- -->", "#", `\#<!-- -->`)
	// beginsBlock is what makes a line a heading, a list or a rule.
	beginsBlock = regexp.MustCompile(`^(?:[-+=]|\d+[.)])`)
	// numbered is what GitHub takes for the number of an issue, besides one with a #.
	numbered = regexp.MustCompile(`(?i)\b(GH-)(\d)`)
	// inCode are characters that mean nothing in Markdown's code.
	inCode = regexp.MustCompile(`^[\w :;,./?!%&='"(){}+*~$^-]+$`)
)

// EscapeMarkdown returns a line of text as text of Markdown: no markup, HTML, link, mention or reference.
func EscapeMarkdown(s string) string {
	s = numbered.ReplaceAllString(inMarkdown.Replace(OneLine(s)), "$1<!-- -->$2")
	if at := beginsBlock.FindStringIndex(s); at != nil {
		s = s[:at[1]-1] + `\` + s[at[1]-1:]
	}
	return s
}

// Code returns a line of text marked as code in Markdown.
func Code(s string) string {
	if s = OneLine(s); inCode.MatchString(s) {
		return "`" + s + "`"
	}
	return "<code>" + EscapeMarkdown(s) + "</code>"
}

// Fenced returns lines of text as a block of code in Markdown.
func Fenced(language, s string) string {
	s = Lines(s)
	fence := "```"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	return fence + language + "\n" + s + "\n" + fence + "\n"
}

var (
	message  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// command returns a workflow command of GitHub's. The title and place are properties; the text may have several lines.
func command(name, place, title, text string) string {
	properties := "title=" + property.Replace(OneLine(title))
	if place != "" {
		properties = place + "," + properties
	}
	return fmt.Sprintf("::%s %s::%s\n", name, properties, message.Replace(Lines(text)))
}

// link is what SARIF takes for one in a message (section 3.11.6).
var link = strings.NewReplacer("](", "] (")

// inSARIF returns text as a message of SARIF.
func inSARIF(s string) string { return link.Replace(Lines(s)) }

// WriteJSON writes a value as the tool's JSON is: indented, and with <, > and & as they are. What a terminal or a runner
// would act upon is written in JSON's escapes, so that the values are what they were.
func WriteJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	text := oldCommand.ReplaceAllString(b.String(), `\u0023#$1`)
	b.Reset()
	for _, r := range text {
		if r == '\n' || !steers(r) { // the line breaks are JSON's own
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}
