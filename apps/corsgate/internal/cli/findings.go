package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/transcript"
)

// findings is how a command prints what it found, and when that is a failure.
type findings struct {
	Format string `enum:"text,json,sarif,markdown,github" default:"text" placeholder:"FORMAT" help:"text, json, sarif, markdown or github (workflow commands); default: text."`
	FailOn string `enum:"error,warning,info" default:"error" placeholder:"SEVERITY" help:"The least severity that fails: error, warning or info; default: error."`
}

// intent is what the user knows better than what is looked at.
type intent struct {
	Origins []string `placeholder:"ORIGIN" help:"The origins and patterns that the API is meant for, instead of those inferred from the template; separated by commas, or repeated."`
	setAside
}

// setAside is which findings do not count.
type setAside struct {
	Suppressions string `placeholder:"FILE" help:"A file with suppressions, JSON: [{\"id\", \"reason\", \"stack\", \"logicalId\"}]; the last two may be left out."`
}

// read gives the allowlist, nil if none is stated, and the suppressions.
func (x intent) read() (stated *check.Allowlist, suppressions []check.Suppression, err error) {
	if len(x.Origins) > 0 {
		if stated, err = check.State(x.Origins); err != nil {
			return nil, nil, usage("--origins: %w", err)
		}
	}
	suppressions, err = x.suppressions()
	return stated, suppressions, err
}

// suppressions gives those of the file, if one is named.
func (x setAside) suppressions() ([]check.Suppression, error) {
	if x.Suppressions == "" {
		return nil, nil
	}
	b, err := readFile(x.Suppressions)
	if err != nil {
		return nil, err
	}
	out, err := check.ParseSuppressions(x.Suppressions, b)
	if err != nil {
		return nil, usage("%s: %w", x.Suppressions, err)
	}
	return out, nil
}

// conclude prints the report and gives its [findings.status].
func (x *findings) conclude(c Command, report *check.Report) error {
	if err := printFindings(c.Stdout, x.Format, report); err != nil {
		return err
	}
	return x.status(report)
}

// status gives an error for findings at or above --fail-on, and for what gave no answer.
func (x *findings) status(report *check.Report) error {
	if !report.Answered() {
		return statusError(statusUnknown)
	}
	if worst, any := report.Worst(); any && worst.AtLeast(check.Severity(x.FailOn)) {
		return statusError(statusRefused)
	}
	return nil
}

// printFindings writes a report in a format.
func printFindings(w io.Writer, format string, rep *check.Report) error {
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
	return printText(w, transcript.Colours(w), rep)
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func printText(w io.Writer, colour transcript.Palette, rep *check.Report) error {
	p := transcript.Printer{Palette: colour}
	for i, f := range rep.Findings {
		c := p.Faint
		switch f.Severity {
		case check.Error:
			c = p.Bad
		case check.Warning:
			c = p.Unsure
		}
		p.Line(c+p.Strong, "", 2, fmt.Sprintf("%s %s: %s", f.Severity, f.Rule, f.Title))
		p.Line("", "  ", 2, f.Where())
		p.Line("", "  ", 2, f.Detail)
		if f.Console != "" {
			p.Line("", "  browser: ", 11, f.Console)
		}
		// Findings of one rule follow each other, and have one cure.
		if i+1 < len(rep.Findings) && rep.Findings[i+1].Rule == f.Rule {
			continue
		}
		p.Line("", "  why: ", 7, f.Why)
		for _, cure := range []struct{ in, text string }{{"cure, CDK with corsgate:", f.Cure.Go}, {"cure, CloudFormation:", f.Cure.CloudFormation}} {
			p.Line("", "  ", 2, cure.in)
			for _, l := range strings.Split(cure.text, "\n") {
				p.WriteString(strings.TrimRight("    "+l, " ") + "\n")
			}
		}
		p.Line(p.Faint, "  ", 2, f.Link)
		p.WriteString("\n")
	}
	for _, l := range rep.Crashed {
		p.Line(p.Bad, "", 2, "crashed: "+l)
	}
	for _, l := range rep.Unseen {
		p.Line(p.Unsure, "", 2, "not seen: "+l)
	}
	p.Line(p.Strong, "", 0, rep.Summary())
	for _, l := range rep.InForce {
		p.Line("", "", 2, l)
	}
	_, err := io.WriteString(w, p.String())
	return err
}
