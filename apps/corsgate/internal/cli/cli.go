// Package cli is the command line of corsgate.
package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/corsgate/corsgate/internal/report"
)

// The exit statuses. A command's manual says what they mean for it.
const (
	statusOK      = 0
	statusRefused = 1 // no, or there are findings
	statusUsage   = 2 // the command line, or a file it names, cannot be used
	statusUnknown = 3 // it is not known, or could not be read

	statusStopped = 130 // by Ctrl-C or the like, as in shells
)

// A Command is the tool, run in a process of its own or in a test.
type Command struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// grammar is the command line.
type grammar struct {
	Serve   serveCommand   `cmd:"" help:"Serve an API on this machine and run its functions, with a page that shows what browsers allow."`
	Explain explainCommand `cmd:"" help:"Show what a browser would do with one request of a page, step by step, and why."`
	Check   checkCommand   `cmd:"" help:"Find CORS mistakes in templates, with a fix for each."`
	Rules   rulesCommand   `cmd:"" help:"List the rules, or print the page of one."`
	Diff    diffCommand    `cmd:"" help:"Show what changes for browsers between two templates."`
	Render  renderCommand  `cmd:"" help:"Print what an API needs so that pages of some origins can use it, as CloudFormation, SAM, OpenAPI, Serverless or Terraform."`
	Probe   probeCommand   `cmd:"" help:"Send a deployed API the requests that a browser would send, and more, and report what is wrong with the responses."`
	Inspect inspectCommand `cmd:"" help:"Check an API in an AWS account: apply the rules of check, report what is not deployed or differs from the template, and print the policy in force."`
	Logs    logsCommand    `cmd:"" help:"Find in CloudWatch Logs, or in log files, why pages could not read responses."`
}

const description = `CORS on REST APIs of Amazon API Gateway: what a browser would do with an API that was synthesized or deployed, and why.

Exit status: 0 yes or clean, 1 no or findings, 2 the command line cannot be used, 3 not known or not readable. The help of each command says more.`

// Run runs the command that args name, without the program's name, and returns the exit status.
func (c Command) Run(ctx context.Context, args []string) (status int) {
	// Kong ends the process after printing its help; here it ends Run.
	type exit int
	defer func() {
		if v := recover(); v != nil {
			code, ok := v.(exit)
			if !ok {
				panic(v)
			}
			status = int(code)
		}
	}()
	parser := newParser(kong.Writers(c.Stdout, c.Stderr), kong.Exit(func(code int) { panic(exit(code)) }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(c))
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return c.fail(&usageError{err, "; see corsgate --help"})
	}
	serves := strings.HasPrefix(parsed.Command(), "serve")
	out := &held{out: c.Stdout}
	if !serves {
		c.Stdout = out
		parsed.Bind(c)
	}
	done := make(chan error, 1)
	go func() { done <- parsed.Run() }()
	select {
	case err = <-done:
	case <-ctx.Done():
		select {
		case err = <-done:
		case <-time.After(grace): // it waits for what cannot be interrupted, such as a pipe to be opened
			if serves {
				return statusOK
			}
			return statusStopped
		}
	}
	if _, failed := out.WriteTo(out.out); failed != nil {
		err = cmp.Or(err, failed)
	}
	if err != nil {
		return c.fail(err)
	}
	return statusOK
}

// newParser returns the parser of the command line.
func newParser(options ...kong.Option) *kong.Kong {
	options = append(options, kong.Name("corsgate"), kong.Description(description), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 80}))
	parser, err := kong.New(&grammar{}, options...)
	if err != nil {
		panic(err) // the grammar above is wrong
	}
	return parser
}

// grace is how long a command that was interrupted has to end by itself.
const grace = time.Second

// held is an output that is written as a whole, when the command has ended.
type held struct {
	bytes.Buffer
	out io.Writer
}

// IsTerminal is for the colours.
func (h *held) IsTerminal() bool { return report.Terminal(h.out) }

// A usageError is a command line, or a file it names, that cannot be used.
type usageError struct {
	err  error
	hint string
}

func (e *usageError) Error() string { return e.err.Error() + e.hint }
func (e *usageError) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return &usageError{err: fmt.Errorf(format, args...)} }

// A statusError ends the program with a status and says nothing: the command has said it all.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// A failure is what could not be done with a command line that is all right.
type failure struct{ err error }

func (e *failure) Error() string { return e.err.Error() }
func (e *failure) Unwrap() error { return e.err }

// unreadable is what cannot be read, a line for each.
type unreadable struct{ err error }

func (e *unreadable) Error() string { return e.err.Error() }
func (e *unreadable) Unwrap() error { return e.err }

// fail says in one line what went wrong and gives the exit status for it.
func (c Command) fail(err error) int {
	var status statusError
	if errors.As(err, &status) {
		return int(status)
	}
	var file *unreadable
	lines := []string{err.Error()}
	if errors.As(err, &file) { // a line for each
		lines = strings.Split(strings.TrimSpace(err.Error()), "\n")
	}
	for _, line := range lines {
		fmt.Fprintln(c.Stderr, "corsgate: "+oneLine(line))
	}
	var failed *failure
	if errors.As(err, &failed) {
		return statusRefused
	}
	if file != nil {
		return statusUnknown
	}
	return statusUsage
}
