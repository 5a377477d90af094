// Package bench measures the library and the tool beside what people would use
// otherwise, and prints one Markdown table of it:
//
//	go run test/bench/run.go                              # all of it: 20 minutes and more
//	go run test/bench/run.go --only decisions,lambda
//	go run test/bench/run.go --only synthesis --routes 10,60 --runs 3
//	go run test/bench/run.go --into docs/numbers.md
//
// Times are medians of runs that take turns, and ratios are medians of the
// ratios of one turn, so that what else the machine does falls on all alike.
// What is compared with: plain CDK with DefaultCorsPreflightOptions, in Go and
// in JavaScript (aws-cdk-lib at the version of the Go bindings, which npm
// installs into the user's cache folder), github.com/jub0bs/cors and
// github.com/rs/cors, and, beside the wrapper of corsfunction.Attach, middy's http-cors and
// Powertools for AWS Lambda (Python), which npm and pip install there.
//
// It exits with 1 if something could not be measured, and says what. An aim
// that is not met is a row of the table and no failure.
package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
)

// A bench is one run of the program.
type bench struct {
	runs   int
	routes []int
	quick  bool
	into   string // a file to quote the report in, or ""
	dir    string // gone at the end
	log    io.Writer
	apps   *apps // compiled, once there is a section that needs them
	table  table
	aims   []aim
}

// sections are the parts of the table, in its order.
var sections = []struct {
	name string
	run  func(*bench, context.Context) error
}{
	{"synthesis", (*bench).synthesis},
	{"limits", (*bench).limits},
	{"decisions", (*bench).decisions},
	{"lambda", (*bench).lambda},
	{"wrapper", (*bench).wrapper},
	{"tool", (*bench).tool},
}

// Main is the program. It is run.go that runs it, and not this package, so that `go install ./...` installs no such program.
func Main() {
	if into := os.Getenv(countInto); into != "" {
		os.Exit(countMessages(into))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		stop()
		os.Exit(1)
	}
}

// run measures what args say and writes the table to stdout.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	b := &bench{log: stderr}
	only, err := b.parse(args)
	if err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "corsgate-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	for _, s := range sections {
		if !slices.Contains(only, s.name) {
			continue
		}
		fmt.Fprintf(b.log, "bench: %s\n", s.name)
		if err := s.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	b.printAims()
	report := b.caption(ctx) + b.table.markdown()
	if b.into != "" {
		return quote(b.into, report)
	}
	_, err = io.WriteString(stdout, report)
	return err
}

// parse reads the command line into b and gives the sections to run.
func (b *bench) parse(args []string) (only []string, err error) {
	var names []string
	for _, s := range sections {
		names = append(names, s.name)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(b.log)
	flags.IntVar(&b.runs, "runs", 5, "how many turns there are")
	routes := flags.String("routes", "10,60,100,300,500", "sizes of the APIs, in resources with GET and POST")
	which := flags.String("only", strings.Join(names, ","), "sections to run")
	flags.BoolVar(&b.quick, "quick", false, "see that it works: one turn, one size, limits by calculation and of indented templates only; its times say nothing")
	flags.StringVar(&b.into, "into", "", "a file to quote the report in, such as docs/numbers.md, instead of printing it")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if b.quick {
		b.runs, *routes = 1, "3"
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("argument %q: it takes flags only", flags.Arg(0))
	}
	if b.runs < 1 {
		return nil, fmt.Errorf("--runs %d: want 1 or more", b.runs)
	}
	for _, s := range strings.Split(*routes, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 999 {
			return nil, fmt.Errorf("--routes %q: want numbers from 1 to 999 separated by commas", *routes)
		}
		b.routes = append(b.routes, n)
	}
	slices.Sort(b.routes)
	only = strings.Split(*which, ",")
	for _, name := range only {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("--only %q: want some of %s", name, strings.Join(names, ","))
		}
	}
	return only, nil
}
