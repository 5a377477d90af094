package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/inspect"
	"github.com/corsgate/corsgate/internal/inspect/awsread"
	"github.com/corsgate/corsgate/internal/logs"
	"github.com/corsgate/corsgate/internal/report"
)

// logsCommand says what logs have of pages that got no response. Its exit statuses are 0 for nothing found, 1 for findings at or
// above --fail-on, 2 for a command line that cannot be used, 3 for logs that could not be read, after what the others have,
// and 130 where it was interrupted, after what was found so far.
type logsCommand struct {
	Function  []string `placeholder:"NAME" group:"What is read:" help:"A Lambda function, by name or ARN; can be repeated."`
	RestAPIID string   `name:"rest-api-id" placeholder:"ID" group:"What is read:" help:"An API's id, name, or address with the stage: its execution and access logs. Refused origins are compared with its policy."`
	Stage     string   `placeholder:"NAME" group:"What is read:" help:"The stage of that API."`
	Since     ago      `default:"1h" placeholder:"DURATION" group:"What is read:" help:"How far to go back, such as 30m, 7d or 1d12h. Default: 1h."`
	Until     ago      `default:"0s" placeholder:"DURATION" group:"What is read:" help:"How long ago to stop. Default: now."`
	File      []string `placeholder:"FILE" group:"What is read:" help:"A file of log lines instead; - is standard input."`
	findings  `group:"Findings:"`
	intent    `group:"Findings:"`
	account   `group:"AWS account:"`
}

// Run is called by kong.
func (x *logsCommand) Run(ctx context.Context, c Command) error {
	if err := x.usage(); err != nil {
		return err
	}
	stated, suppressions, err := x.read(c, nil)
	if err != nil {
		return err
	}
	plan, err := x.plan(ctx, c)
	if errors.Is(err, context.Canceled) {
		return statusError(statusStopped)
	}
	if err != nil {
		return &unreadable{err}
	}
	if stated != nil && stated.Policy() != nil {
		plan.policy = stated.Policy()
	}
	scanner := logs.NewScanner(plan.policy)
	scanner.AccessFormat(plan.format)
	progress := &progress{out: c.Stderr, terminal: report.Terminal(c.Stderr), scanner: scanner}
	for _, s := range plan.sources {
		if err := scan(ctx, s, scanner, progress); err != nil {
			if ctx.Err() != nil {
				break
			}
			plan.unread = append(plan.unread, err.Error())
			continue
		}
		plan.read++
	}
	progress.clear()
	for _, n := range plan.notes {
		c.say("%s", n)
	}
	if plan.read == 0 && ctx.Err() == nil {
		for _, n := range plan.unread {
			c.say("%s", n)
		}
		return statusError(statusUnknown)
	}
	if scanner.Empty() && ctx.Err() == nil {
		plan.unread = append(plan.unread, x.nothing())
	}
	if scanner.Unknown() {
		plan.unread = append(plan.unread, "no line has a known form; known are the lines of Lambda, corslambda and API Gateway")
	}
	report := scanner.Report(suppressions)
	report.Unseen = plan.unread
	err = x.conclude(c, report)
	if ctx.Err() != nil {
		c.say("interrupted; this is what was found so far")
		return statusError(statusStopped)
	}
	return err
}

// ago is a time span on the command line, with days: 7d, 1d12h.
type ago time.Duration

// UnmarshalText is called by kong.
func (a *ago) UnmarshalText(text []byte) error {
	days, rest, ok := strings.Cut(string(text), "d")
	if !ok {
		days, rest = "0", days
	}
	if ok && rest == "" {
		rest = "0s"
	}
	n, err := strconv.ParseUint(days, 10, 16)
	d, err2 := time.ParseDuration(rest)
	if err != nil || err2 != nil {
		return fmt.Errorf("%q is not a time span, such as 30m, 2h, 7d or 1d12h", text)
	}
	*a = ago(time.Duration(n)*24*time.Hour + d)
	return nil
}

func (a ago) String() string { return time.Duration(a).String() }

// usage looks for what is missing on the command line.
func (x *logsCommand) usage() error {
	live := len(x.Function) > 0 || x.RestAPIID != ""
	switch {
	case !live && len(x.File) == 0:
		return usage("nothing to read: give --function, --rest-api-id with --stage, or --file")
	case (x.RestAPIID == "") != (x.Stage == "") && !strings.Contains(x.RestAPIID, "://"):
		return usage("--rest-api-id and --stage go together")
	case x.Since <= 0 || x.Until < 0 || x.Until >= x.Since:
		return usage("--since %v and --until %v: --since must be longer ago than --until, and --until must not be in the future", x.Since, x.Until)
	}
	return nil
}

// nothing reports whether no line was read, which tells nothing of whether pages were refused.
func (x *logsCommand) nothing() string {
	if len(x.Function) == 0 && x.RestAPIID == "" {
		return "there is no line in " + strings.Join(x.File, ", ")
	}
	return fmt.Sprintf("no line was logged from %v ago to %v ago; --since goes further back", x.Since, x.Until)
}

// A source reads the lines of a log group or a file.
type source = iter.Seq2[logs.Line, error]

// A plan is what is read and what is known beforehand.
type plan struct {
	sources []source
	read    int          // how many sources were
	policy  *cors.Policy // the one in force, nil if it is not known
	format  string       // of the access log
	notes   []string     // what is to be known of the findings
	unread  []string     // what cannot be read
}

// plan has the functions first, then the execution log, which tells more of a request than the access log after it.
func (x *logsCommand) plan(ctx context.Context, c Command) (*plan, error) {
	p := &plan{}
	for _, f := range x.File {
		p.sources = append(p.sources, file(ctx, c, f))
	}
	if len(x.Function) == 0 && x.RestAPIID == "" {
		return p, nil
	}
	cfg, err := x.open(ctx)
	if err != nil {
		return nil, err
	}
	client := cloudwatchlogs.NewFromConfig(cfg)
	now := time.Now()
	add := func(group string) {
		p.sources = append(p.sources, logs.Group(ctx, client, cfg.Region, group, now.Add(-time.Duration(x.Since)), now.Add(-time.Duration(x.Until))))
	}
	for _, f := range x.Function {
		group, err := logs.FunctionGroup(ctx, lambda.NewFromConfig(cfg), cfg.Region, f)
		switch {
		case errors.Is(err, awsread.ErrDenied), errors.Is(err, awsread.ErrFailed):
			p.notes = append(p.notes, "the log group of "+f+" is not known, so "+group+" is read: "+err.Error())
		case err != nil && !errors.Is(err, awsread.ErrNotFound): // lines may be there still of a function that is not
			return nil, err
		}
		add(group)
	}
	if x.RestAPIID == "" {
		return p, nil
	}
	gateway := apigateway.NewFromConfig(cfg)
	if strings.Contains(x.RestAPIID, "://") {
		if x.RestAPIID, x.Stage, err = inspect.Which(ctx, gateway, cfg.Region, x.RestAPIID, x.Stage); err != nil {
			return nil, err
		}
		if x.Stage == "" {
			return nil, errors.New("the address contains no stage; give --stage")
		}
	}
	stage, err := logs.ReadStage(ctx, gateway, cfg.Region, x.RestAPIID, x.Stage)
	if errors.Is(err, awsread.ErrNotFound) {
		// A name, perhaps.
		if id, _, found := inspect.Which(ctx, gateway, cfg.Region, x.RestAPIID, x.Stage); found == nil && id != x.RestAPIID {
			x.RestAPIID = id
			stage, err = logs.ReadStage(ctx, gateway, cfg.Region, id, x.Stage)
		}
	}
	if errors.Is(err, awsread.ErrDenied) || errors.Is(err, awsread.ErrFailed) {
		add(logs.ExecutionGroup(x.RestAPIID, x.Stage))
		p.unread = append(p.unread, "the stage cannot be read, so its policy and its access log are not known: "+err.Error())
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	p.policy, p.format = stage.Policy, stage.AccessFormat
	if stage.Execution {
		add(logs.ExecutionGroup(x.RestAPIID, x.Stage))
	}
	if stage.Access != "" {
		add(stage.Access)
	}
	switch {
	case !stage.Execution && stage.Access == "":
		p.notes = append(p.notes, "stage "+x.Stage+" has neither execution logs nor an access log in CloudWatch Logs; loggingLevel ERROR or INFO in its method settings switches on execution logs")
	case stage.Execution && !stage.Full:
		p.notes = append(p.notes, "stage "+x.Stage+" logs no headers (dataTraceEnabled is off), so it is not known whether pages could read its responses")
	}
	switch {
	case stage.PolicyError != nil:
		p.notes = append(p.notes, "stage "+x.Stage+" refuses every origin; give the allowlist with --origins: "+stage.PolicyError.Error())
	case stage.Policy == nil:
		p.notes = append(p.notes, "stage "+x.Stage+" has no policy in its variables; give the allowlist with --origins")
	}
	return p, nil
}

// file returns the lines of a file, - for standard input.
func file(ctx context.Context, c Command, name string) source {
	return func(yield func(logs.Line, error) bool) {
		if name == "-" {
			logs.Read(name, &interruptible{ctx: ctx, in: c.Stdin})(yield)
			return
		}
		f, err := os.Open(name)
		if err != nil {
			yield(logs.Line{}, plain(name, err))
			return
		}
		defer f.Close()
		logs.Read(name, &interruptible{ctx: ctx, in: f})(yield)
	}
}

// interruptible ends a read that waits, such as for a terminal, with its context. The read itself goes on until the process
// ends.
type interruptible struct {
	ctx context.Context
	in  io.Reader
	got chan []byte
	// rest is what was got and not given yet; err is set before got is closed.
	rest []byte
	err  error
}

func (r *interruptible) Read(p []byte) (int, error) {
	if r.got == nil {
		r.got = make(chan []byte)
		go func() {
			for {
				part := make([]byte, 1<<16)
				n, err := r.in.Read(part)
				if n > 0 {
					r.got <- part[:n]
				}
				if err != nil {
					r.err = err
					close(r.got)
					return
				}
			}
		}()
	}
	if len(r.rest) == 0 {
		select {
		case <-r.ctx.Done():
			return 0, r.ctx.Err()
		case part, ok := <-r.got:
			if !ok {
				return 0, r.err
			}
			r.rest = part
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func scan(ctx context.Context, s source, scanner *logs.Scanner, p *progress) error {
	for l, err := range s {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		scanner.Add(l)
		p.tell()
	}
	return ctx.Err()
}

// progress tells on a terminal how far the reading is.
type progress struct {
	out      io.Writer
	terminal bool
	scanner  *logs.Scanner
	told     time.Time
}

func (p *progress) tell() {
	if !p.terminal || time.Since(p.told) < 500*time.Millisecond {
		return
	}
	p.told = time.Now()
	fmt.Fprintf(p.out, "\r%s\x1b[K", p.scanner.Subject())
}

func (p *progress) clear() {
	if !p.told.IsZero() {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
