package cli

import (
	"cmp"
	"fmt"

	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

// findings is how a command prints what it found, and when that is a failure.
type findings struct {
	Format  string   `enum:"text,json,sarif,markdown,github" default:"text" placeholder:"FORMAT" help:"text, json, sarif, markdown or github (workflow commands). Default: text."`
	Verbose bool     `help:"Print all of each rule, and every place (text only)."`
	FailOn  severity `placeholder:"SEVERITY" help:"The lowest severity that fails: error, warning or info. Default: that of .corsgate.yaml, or else error."`
}

// severity is one on the command line; empty where there is none.
type severity rules.Severity

// UnmarshalText is called by kong.
func (s *severity) UnmarshalText(text []byte) error {
	if rules.Severity(text).Rank() < 0 {
		return fmt.Errorf("%q is not a severity; want error, warning or info", text)
	}
	*s = severity(text)
	return nil
}

func (s severity) String() string { return string(s) }

// intent is what the user knows better than what is looked at.
type intent struct {
	Origins []string `placeholder:"ORIGIN" help:"The origins and patterns the API is meant for. Default: those of .corsgate.yaml, or else what the template says."`
	setAside
}

// setAside is which findings do not count.
type setAside struct {
	Suppressions string `placeholder:"FILE" help:"More suppressions than .corsgate.yaml has; JSON (see corsgate help suppressing)."`
}

// read returns the allowlist, nil if none is stated, and the suppressions of what the stacks are, nil if that is not known.
func (x intent) read(c Command, stacks []string) (stated *check.Allowlist, suppressions []report.Suppression, err error) {
	file, err := c.configured()
	if err != nil {
		return nil, nil, err
	}
	if len(x.Origins) > 0 {
		if stated, err = check.State(x.Origins); err != nil {
			return nil, nil, usage("--origins: %w", err)
		}
	} else if stated, err = file.Stated(); err != nil {
		return nil, nil, usage("%w", err)
	}
	suppressions, err = x.suppressions(c, stacks)
	return stated, suppressions, err
}

// suppressions returns those of .corsgate.yaml, and of the file, if one is named.
func (x setAside) suppressions(c Command, stacks []string) ([]report.Suppression, error) {
	file, err := c.configured()
	if err != nil {
		return nil, err
	}
	out := file.Suppress(stacks)
	if x.Suppressions == "" {
		return out, nil
	}
	b, err := readFile(x.Suppressions)
	if err != nil {
		return nil, err
	}
	more, err := report.ParseSuppressions(x.Suppressions, b)
	if err != nil {
		return nil, usage("%s: %w", x.Suppressions, err)
	}
	return append(out, more...), nil
}

// conclude prints the report and returns its [findings.status].
func (x *findings) conclude(c Command, rep *report.Report) error {
	rep.Verbose = x.Verbose
	if err := rep.Write(c.Stdout, x.Format); err != nil {
		return err
	}
	return x.status(c, rep)
}

// status returns an error for findings at or above --fail-on, and for what gave no response.
func (x *findings) status(c Command, rep *report.Report) error {
	file, err := c.configured()
	if err != nil {
		return err
	}
	least := cmp.Or(rules.Severity(x.FailOn), file.FailOn, rules.Error)
	if worst, any := rep.Worst(); any && worst.AtLeast(least) {
		return statusError(statusRefused)
	}
	if !rep.Answered() {
		return statusError(statusUnknown)
	}
	return nil
}
