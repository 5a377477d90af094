package report

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/corsgate/corsgate/internal/rules"
)

// width is that of a terminal which nobody has made wider.
const width = 80

// A Palette has the escape sequences of a terminal's colours; all are empty where there is no colour.
type Palette struct{ Good, Bad, Unsure, Strong, Faint, Off string }

// Terminal reports whether an output is a terminal which knows escape sequences: a file that is one, or anything that says of
// itself that it is.
func Terminal(w io.Writer) bool {
	if os.Getenv("TERM") == "dumb" {
		return false
	}
	switch w := w.(type) {
	case interface{ IsTerminal() bool }:
		return w.IsTerminal()
	case *os.File:
		info, err := w.Stat()
		return err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return false
}

// Colours returns the colours for an output: some on a terminal, none anywhere else and none if the environment has
// NO_COLOR (https://no-color.org) or a terminal that cannot do it.
func Colours(w io.Writer) Palette {
	if os.Getenv("NO_COLOR") != "" || !Terminal(w) {
		return Palette{}
	}
	return Palette{Good: "\x1b[32m", Bad: "\x1b[31m", Unsure: "\x1b[33m", Strong: "\x1b[1m", Faint: "\x1b[2m", Off: "\x1b[0m"}
}

// A Printer writes text that is wrapped.
type Printer struct {
	strings.Builder
	Palette

	narrow bool // no line is wider than a terminal
}

// Line writes text after an indent; what does not fit goes to lines of its own, indented by hang. A word that is longer
// than a line is broken at its commas if it is a list, such as one of headers; code and URLs stay whole, so that they can be
// copied. In a report it is also broken after the slashes of a path, and otherwise where the line ends.
func (p *Printer) Line(colour, indent string, hang int, text string) {
	pad := strings.Repeat(" ", hang)
	at := utf8.RuneCountInString(indent)
	p.WriteString(indent + colour)
	blank := ""
	put := func(word string) {
		n := utf8.RuneCountInString(word)
		if at > hang && at+len(blank)+n > width {
			p.WriteString("\n" + pad)
			at, blank = hang, ""
		}
		p.WriteString(blank + word)
		at += len(blank) + n
		blank = ""
	}
	for _, word := range strings.Fields(OneLine(text)) {
		switch most := width - hang; {
		case p.narrow:
			for _, part := range parts(word, max(most, 1)) {
				put(plain(part)) // a part may begin what the word did not
			}
		case utf8.RuneCountInString(word) > most && !strings.ContainsAny(word, "({["):
			for part := range strings.SplitAfterSeq(word, ",") {
				put(part)
			}
		default:
			put(word)
		}
		blank = " "
	}
	if colour != "" {
		p.WriteString(p.Off)
	}
	p.WriteByte('\n')
}

// Block writes lines of text as they are, after an indent.
func (p *Printer) Block(indent, text string) {
	for l := range strings.SplitSeq(Lines(text), "\n") {
		p.WriteString(strings.TrimRight(indent+l, " ") + "\n")
	}
}

// Markdown writes a page with its paragraphs and list items wrapped. Code, tables and headings stay as they are.
func (p *Printer) Markdown(page string) {
	item, paragraph := "", []string(nil)
	flush := func() {
		if len(paragraph) > 0 {
			p.Line("", item, utf8.RuneCountInString(item), strings.Join(paragraph, " "))
		}
		item, paragraph = "", nil
	}
	code := false
	for line := range strings.SplitSeq(strings.TrimSuffix(page, "\n"), "\n") {
		text := strings.TrimLeft(line, " ")
		fence := strings.HasPrefix(text, "```")
		if fence {
			code = !code
		}
		switch {
		case code || fence || text == "" || strings.HasPrefix(text, "|") || strings.HasPrefix(text, "#") || strings.HasPrefix(text, "<!--"):
			flush()
			p.Block("", line)
		case strings.HasPrefix(text, "- "):
			flush()
			item, paragraph = line[:len(line)-len(text)]+"- ", []string{text[2:]}
		default:
			paragraph = append(paragraph, text)
		}
	}
	flush()
}

// parts breaks a word into parts of at most so many characters; one that fits stays whole.
func parts(word string, most int) []string {
	if utf8.RuneCountInString(word) <= most {
		return []string{word}
	}
	var out []string
	start, n := 0, 0
	for i, c := range word {
		if n == most {
			out, start, n = append(out, word[start:i]), i, 0
		}
		n++
		if end := i + utf8.RuneLen(c); c == ',' || c == '/' && !strings.HasPrefix(word[end:], "/") {
			out, start, n = append(out, word[start:end]), end, 0
		}
	}
	return append(out, word[start:])
}

// lines bounds a fix that is printed whole, and places those that are named.
const lines, places = 8, 4

// Report writes a report for people.
func (p *Printer) Report(rep *Report) {
	p.narrow = true
	defer func() { p.narrow = false }()
	for i, f := range rep.Findings {
		c := p.Faint
		switch f.Severity {
		case rules.Error:
			c = p.Bad
		case rules.Warning:
			c = p.Unsure
		}
		again, item := rep.sameTitle(i-1), "  "
		if again || rep.sameTitle(i) {
			item = "  - "
		}
		if !again {
			p.Line(c+p.Strong, "", 2, fmt.Sprintf("%s %s: %s", f.Severity, f.Rule, f.Title))
		}
		if !again || f.Where() != rep.Findings[i-1].Where() || !slices.Equal(f.Places, rep.Findings[i-1].Places) {
			p.places(f, rep.Verbose)
		}
		p.Line("", item, len(item), f.Detail)
		if console := f.Console; console != "" {
			// Where it was blocked, the finding has said.
			if _, short, ok := strings.Cut(console, " has been blocked by CORS policy: "); ok && !rep.Verbose {
				console = short
			}
			pad := strings.Repeat(" ", len(item))
			p.Line("", pad+"browser: ", len(pad)+9, console)
		}
		if rep.sameFix(i) {
			continue
		}
		p.rule(f, rep)
		p.WriteString("\n")
	}
	for _, l := range rep.Crashed {
		p.Line(p.Bad, "", 2, "crashed: "+l)
	}
	for _, l := range rep.NotJudged {
		p.Line(p.Unsure, "", 2, "not judged: "+l)
	}
	for _, l := range rep.Unseen {
		p.Line(p.Unsure, "", 2, "not seen: "+l)
	}
	for _, l := range rep.Notes {
		p.Line("", "", 2, "note: "+l)
	}
	p.Line(p.Strong, "", 0, rep.Summary())
	for _, l := range rep.InForce {
		p.Line("", "", 2, l)
	}
}

// places writes where a finding is.
func (p *Printer) places(f Finding, verbose bool) {
	p.Line("", "  ", 2, f.Where())
	switch others := f.Others(places); {
	case verbose:
		for _, place := range f.Places[min(1, len(f.Places)):] {
			p.Line("", "  ", 2, place.Where())
		}
	case others != "":
		p.Line("", "  and ", 6, others)
	}
}

// sameTitle reports whether a finding and the next one are printed as two items below one title: they have one fix and one severity.
func (r *Report) sameTitle(i int) bool {
	return i >= 0 && r.sameFix(i) && r.Findings[i].Severity == r.Findings[i+1].Severity && r.Findings[i].Title == r.Findings[i+1].Title
}

// rule writes what a rule says of all its findings: whole, or what is short of it and how to see the rest.
func (p *Printer) rule(f Finding, rep *Report) {
	whole := rep.Verbose
	filled := f.Fix != f.Rule.Rule().Fix // nowhere else to be read
	more := "corsgate rules " + string(f.Rule)
	forms := f.Fix.Forms()
	if whole {
		p.Line("", "  why: ", 7, f.Why)
	} else {
		why, _, cut := strings.Cut(f.Why, "\n\n")
		p.Line("", "  why: ", 7, why)
		if cut {
			more += " has more"
		}
		if rep.Command == "check" {
			// One is enough: how to do without corsgate, or what is for the CDK where the CDK wrote the API.
			one := f.Fix
			switch {
			case one.TypeScript != "":
				one = rules.Fix{TypeScript: one.TypeScript}
				more += "; --verbose has the fix in Go"
			case f.ConstructPath != "" && one.Go != "":
				one = rules.Fix{Go: one.Go}
			case one != (rules.Fix{Go: one.Go}):
				one.Go = ""
			}
			forms = one.Forms()
		}
	}
	if f.Severity == rules.Info && !whole {
		forms = nil
	}
	for _, form := range forms {
		// What is not filled with the template's own names is an example, which has no place beside it.
		if !whole && !filled && (rep.Command == "check" || strings.Count(form.Text, "\n") >= lines) {
			more = "fix: corsgate rules " + string(f.Rule)
			continue
		}
		p.Line("", "  ", 2, "fix, "+form.Name+":")
		p.Block("    ", form.Text)
	}
	p.Line(p.Faint, "  ", 2, more)
}

// Clip shortens text that somebody else wrote, such as a response's body, to a number of bytes.
func Clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + " ..."
}
