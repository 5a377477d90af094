package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/corsgate/corsgate/internal/diagnose"
)

// printFindings writes a report in a format.
func printFindings(w io.Writer, format string, rep *diagnose.Report) error {
	switch format {
	case "json":
		return printJSON(w, rep)
	case "sarif":
		return printJSON(w, rep.SARIF())
	case "markdown":
		_, err := io.WriteString(w, rep.Markdown())
		return err
	case "github":
		_, err := io.WriteString(w, rep.GitHub())
		return err
	}
	return printText(w, colours(w), rep)
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func printText(w io.Writer, colour palette, rep *diagnose.Report) error {
	p := printer{palette: colour}
	for i, f := range rep.Findings {
		c := p.faint
		switch f.Severity {
		case diagnose.Error:
			c = p.bad
		case diagnose.Warning:
			c = p.unsure
		}
		p.line(c+p.strong, "", 2, fmt.Sprintf("%s %s: %s", f.Severity, f.Rule, f.Title))
		p.line("", "  ", 2, f.Where())
		p.line("", "  ", 2, f.Detail)
		if f.Console != "" {
			p.line("", "  browser: ", 11, f.Console)
		}
		// Findings of one rule follow each other, and have one cure.
		if i+1 < len(rep.Findings) && rep.Findings[i+1].Rule == f.Rule {
			continue
		}
		p.line("", "  why: ", 7, f.Why)
		for _, cure := range []struct{ in, text string }{{"cure, CDK with corsgate:", f.Cure.Go}, {"cure, CloudFormation:", f.Cure.CloudFormation}} {
			p.line("", "  ", 2, cure.in)
			for _, l := range strings.Split(cure.text, "\n") {
				p.WriteString(strings.TrimRight("    "+l, " ") + "\n")
			}
		}
		p.line(p.faint, "  ", 2, f.Link)
		p.WriteString("\n")
	}
	for _, l := range rep.Crashed {
		p.line(p.bad, "", 2, "crashed: "+l)
	}
	p.line(p.strong, "", 0, rep.Summary())
	_, err := io.WriteString(w, p.String())
	return err
}
