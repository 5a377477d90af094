package cli

import (
	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

// findings is how a command prints what it found, and when that is a failure.
type findings struct {
	Format  string `enum:"text,json,sarif,markdown,github" default:"text" placeholder:"FORMAT" help:"The output: text, json, sarif, markdown or github (workflow commands); default: text."`
	Verbose bool   `help:"Print the whole text of each rule, and every place; text only."`
	FailOn  string `enum:"error,warning,info" default:"error" placeholder:"SEVERITY" help:"The lowest severity that ends the command with status 1: error, warning or info; default: error."`
}

// intent is what the user knows better than what is looked at.
type intent struct {
	Origins []string `placeholder:"ORIGIN" help:"The origins and patterns that the API is meant for, instead of those found in the template; separated by commas, or repeated."`
	setAside
}

// setAside is which findings do not count.
type setAside struct {
	Suppressions string `placeholder:"FILE" help:"A JSON file of findings to suppress: [{\"id\", \"reason\", \"stack\", \"logicalId\"}]; the last two are optional."`
}

// read gives the allowlist, nil if none is stated, and the suppressions.
func (x intent) read() (stated *check.Allowlist, suppressions []report.Suppression, err error) {
	if len(x.Origins) > 0 {
		if stated, err = check.State(x.Origins); err != nil {
			return nil, nil, usage("--origins: %w", err)
		}
	}
	suppressions, err = x.suppressions()
	return stated, suppressions, err
}

// suppressions gives those of the file, if one is named.
func (x setAside) suppressions() ([]report.Suppression, error) {
	if x.Suppressions == "" {
		return nil, nil
	}
	b, err := readFile(x.Suppressions)
	if err != nil {
		return nil, err
	}
	out, err := report.ParseSuppressions(x.Suppressions, b)
	if err != nil {
		return nil, usage("%s: %w", x.Suppressions, err)
	}
	return out, nil
}

// conclude prints the report and gives its [findings.status].
func (x *findings) conclude(c Command, rep *report.Report) error {
	rep.Verbose = x.Verbose
	if err := rep.Write(c.Stdout, x.Format); err != nil {
		return err
	}
	return x.status(rep)
}

// status gives an error for findings at or above --fail-on, and for what gave no answer.
func (x *findings) status(rep *report.Report) error {
	if worst, any := rep.Worst(); any && worst.AtLeast(rules.Severity(x.FailOn)) {
		return statusError(statusRefused)
	}
	if !rep.Answered() {
		return statusError(statusUnknown)
	}
	return nil
}
