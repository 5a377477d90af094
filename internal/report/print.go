package report

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/corsgate/corsgate/internal/rules"
)

// width is that of a terminal which nobody has made wider.
const width = 80

// A Palette has the escape sequences of a terminal's colours; all are empty where there is no colour.
type Palette struct{ Good, Bad, Unsure, Strong, Faint, Off string }

// Terminal says that an output is a terminal which knows escape sequences: a file that is one, or anything that says of
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

// Colours gives the colours for an output: some on a terminal, none anywhere else and none if the environment has
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
}

// Line writes text after an indent; what does not fit goes to lines of its own, indented by hang. A word that is longer
// than a line is broken at its commas, as a list of headers is one, and else stays whole, so that it can be copied.
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
	}
	for _, word := range strings.Fields(OneLine(text)) {
		if utf8.RuneCountInString(word) <= width-hang {
			put(word)
		} else {
			for part := range strings.SplitAfterSeq(word, ",") {
				put(part)
				blank = ""
			}
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

// Report writes a report for people.
func (p *Printer) Report(rep *Report) {
	for i, f := range rep.Findings {
		c := p.Faint
		switch f.Severity {
		case rules.Error:
			c = p.Bad
		case rules.Warning:
			c = p.Unsure
		}
		p.Line(c+p.Strong, "", 2, fmt.Sprintf("%s %s: %s", f.Severity, f.Rule, f.Title))
		p.Line("", "  ", 2, f.Where())
		p.Line("", "  ", 2, f.Detail)
		if f.Console != "" {
			p.Line("", "  browser: ", 11, f.Console)
		}
		if rep.sameFix(i) {
			continue
		}
		p.Line("", "  why: ", 7, f.Why)
		for _, cure := range []struct{ in, text string }{{"cure, CDK with corsgate:", f.Fix.Go}, {"cure, CloudFormation:", f.Fix.CloudFormation}} {
			p.Line("", "  ", 2, cure.in)
			p.Block("    ", cure.text)
		}
		p.Line(p.Faint, "  ", 2, f.Link)
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
	p.Line(p.Strong, "", 0, rep.Summary())
	for _, l := range rep.InForce {
		p.Line("", "", 2, l)
	}
}

// Clip shortens text that somebody else wrote, such as a response's body, to a number of bytes.
func Clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + " ..."
}
