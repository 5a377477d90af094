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

	settings *settings
}

// grammar is the command line.
type grammar struct {
	Check   checkCommand   `cmd:"" help:"Find CORS mistakes in templates, each with a fix."`
	Diff    diffCommand    `cmd:"" help:"Show what changes for browsers between two templates."`
	Explain explainCommand `cmd:"" help:"Show what a browser does with one request of a page, step by step, and why."`
	Serve   serveCommand   `cmd:"" help:"Serve an API and its functions on this machine, with a page that shows what browsers may do."`
	Probe   probeCommand   `cmd:"" help:"Send a deployed API what a browser would send, and more, and find what is wrong with its responses."`
	Inspect inspectCommand `cmd:"" help:"Check an API in an AWS account: what is wrong, not deployed, or different from its template."`
	Logs    logsCommand    `cmd:"" help:"Find in CloudWatch Logs, or in log files, why pages could not read responses."`
	Render  renderCommand  `cmd:"" help:"Print what an API needs for CORS, as CloudFormation, SAM, OpenAPI, Serverless or Terraform."`
	Rules   rulesCommand   `cmd:"" help:"List the rules, or print the page of one."`

	Help       helpCommand       `cmd:"" help:"Print a topic, or the help of a command."`
	Version    versionCommand    `cmd:"" help:"Print the version, and the digests of the rules and of the recordings of AWS."`
	Completion completionCommand `cmd:"" help:"Print a completion script for bash, zsh or fish."`

	PrintVersion versionFlag `name:"version" help:"Print the version and exit."`
	Config       string      `placeholder:"FILE" help:"The settings, in place of the .corsgate.yaml of the working directory or of one above it."`
}

const description = "CORS on Amazon API Gateway: shows what a browser would do with a synthesized or a deployed API, and why."

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
	var g grammar
	parser := newParser(&g, kong.Writers(c.Stdout, c.Stderr), kong.Exit(func(code int) { panic(exit(code)) }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(c))
	if len(args) > 0 && args[0] == completing {
		if err := complete(c.Stdout, parser.Model, args[1:]); err != nil {
			return c.fail(err)
		}
		return statusOK
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		command := ""
		if wrong := (*kong.ParseError)(nil); errors.As(err, &wrong) && wrong.Context.Selected() != nil {
			command = wrong.Context.Selected().Name + " "
		}
		return c.fail(&usageError{err, "; see corsgate " + command + "--help"})
	}
	c.settings = &settings{named: g.Config}
	parsed.Bind(c)
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

// newParser returns the parser of the command line, which writes to g.
func newParser(g *grammar, options ...kong.Option) *kong.Kong {
	options = append(options, kong.Name("corsgate"), kong.Description(description), kong.Help(printHelp))
	parser, err := kong.New(g, options...)
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

// say writes a line to standard error, in which text of a template, a server, a log or AWS is no more than text.
func (c Command) say(format string, args ...any) {
	fmt.Fprintln(c.Stderr, "corsgate: "+report.OneLine(fmt.Sprintf(format, args...)))
}

// fail prints in one line what went wrong and returns the exit status for it.
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
		c.say("%s", line)
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
