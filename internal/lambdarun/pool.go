package lambdarun

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options are what a [Pool] is made of. The zero value of a field, but for
// Functions, is what a function meets on Lambda, where Lambda has it.
type Options struct {
	// Functions are those that can be invoked, each logical id once.
	Functions []Function

	// Module is the root of the module that Function.Entry is relative to; ""
	// is that of the working directory.
	Module string

	// Log takes what the functions write to standard output and error, line by
	// line, each after the function's name and ": ". Nil throws it away.
	Log io.Writer

	Region  string // "us-east-1" if empty
	Account string // in ARNs; "123456789012" if empty

	// HostAWS passes the parent's AWS_* variables on, credentials too: the
	// functions then act in the name of whoever runs this. Region stays.
	HostAWS bool

	// Concurrency is how many processes a function has at most; 10 if zero. An
	// invocation beyond them waits.
	Concurrency int

	InitLimit     time.Duration // until a process asks for an event; 10 s if zero
	ResponseLimit int64         // bytes of a response; 6,291,556 if zero
	StreamLimit   int64         // bytes of a streamed answer; 200 MB if zero

	// Grace is how long a process has to end when the pool is closed, from
	// SIGTERM to SIGKILL; 500 ms if zero.
	Grace time.Duration
}

// The limits of https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
// That of a response is what the service's own error message says.
const (
	eventLimit    = 6 << 20
	responseLimit = 6<<20 + 100
	streamLimit   = 200 << 20
)

// A Result is what an invocation came to.
type Result struct {
	// Payload is the response, and with a FunctionError the error, in JSON:
	// errorType, errorMessage and what the runtime adds.
	Payload []byte

	// FunctionError is "Unhandled" where the function failed: it reported an
	// error, died, took too long or responded with too much. "" otherwise. It is
	// the header X-Amz-Function-Error of
	// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
	FunctionError string

	// Streamed reports whether the function responded with a stream: by the header
	// Lambda-Runtime-Function-Response-Mode, as Node.js does, or by the content
	// type of an HTTP integration, as aws-lambda-go does. The stream is read to
	// its end before Invoke returns. Whether it may answer so depends on the
	// integration: one that does not stream takes Payload for the whole response.
	Streamed bool

	// Prelude and Body are the two parts of a streamed HTTP response: the JSON
	// before the eight zero bytes, with statusCode, headers, multiValueHeaders
	// and cookies, and what is after them. Prelude is nil where the stream has
	// no such parts, and Body is then all of it. With a FunctionError they are
	// what came before the error; the client has received that by then.
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
	Prelude, Body []byte

	ContentType string        // of the response, as the runtime gave it
	RequestID   string        // the function knows the invocation by it
	Init        time.Duration // what starting a process took; 0 if one was there
	Duration    time.Duration // from the event to the response
}

// A Pool runs functions. It may be used by many goroutines.
type Pool struct {
	options   Options
	log       *log
	dir       string // temporary
	functions map[string]*function
	starts    chan start
	closing   chan struct{} // closed by Close
	settle    time.Duration // how long a response is held back, see invoke

	mu      sync.Mutex
	closed  bool
	live    map[*sandbox]struct{}
	running sync.WaitGroup // invocations, and processes
	ended   chan struct{}  // closed when Close is done
}

// A function is a [Function] with its processes.
type function struct {
	Function
	dir   string        // its own, under the pool's
	slots chan struct{} // holds one element for each invocation
	idle  []*sandbox    // those waiting for an event; guarded by the pool's mu

	prepare sync.Once
	ready   chan struct{} // closed when the two below are set
	program *program
	fault   *Error
}

// New makes a pool. No process is started and nothing is built before the first
// invocation. It fails where a logical id is missing or there twice, or where no
// temporary folder can be made.
func New(o Options) (*Pool, error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Account == "" {
		o.Account = "123456789012"
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 10
	}
	if o.InitLimit <= 0 {
		o.InitLimit = 10 * time.Second
	}
	if o.ResponseLimit <= 0 {
		o.ResponseLimit = responseLimit
	}
	if o.StreamLimit <= 0 {
		o.StreamLimit = streamLimit
	}
	if o.Grace <= 0 {
		o.Grace = 500 * time.Millisecond
	}
	p := &Pool{
		options:   o,
		log:       &log{w: o.Log},
		functions: map[string]*function{},
		starts:    make(chan start),
		closing:   make(chan struct{}),
		settle:    100 * time.Millisecond,
		live:      map[*sandbox]struct{}{},
		ended:     make(chan struct{}),
	}
	for _, f := range o.Functions {
		if f.LogicalID == "" {
			return nil, errors.New("a function has no logical id")
		}
		if p.functions[f.LogicalID] != nil {
			return nil, fmt.Errorf("there are two functions of the logical id %s", f.LogicalID)
		}
		if f.Name == "" {
			f.Name = f.LogicalID
		}
		if f.Timeout <= 0 {
			f.Timeout = defaultTimeout
		}
		if f.MemoryMB <= 0 {
			f.MemoryMB = defaultMemory
		}
		p.functions[f.LogicalID] = &function{Function: f, slots: make(chan struct{}, o.Concurrency), ready: make(chan struct{})}
	}
	dir, err := os.MkdirTemp("", "corsgate-lambda-")
	if err != nil {
		return nil, err
	}
	p.dir = dir
	if err := os.Mkdir(filepath.Join(dir, home), 0o700); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for id, f := range p.functions {
		// Not the name: it may be anything.
		f.dir = filepath.Join(dir, fmt.Sprintf("%x", id))
	}
	go p.startAll()
	return p, nil
}

// home is the folder, under the pool's, that is every function's home: nothing of the user's is in it.
const home = "home"

// A start is a process to be started, and where the outcome goes.
type start struct {
	cmd *exec.Cmd
	err chan error
}

// startAll starts every process of the pool, from a thread that is there as long
// as they are: see dieWithParent.
func (p *Pool) startAll() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for s := range p.starts {
		s.err <- s.cmd.Start()
	}
}

// Prepare makes a function ready to be started: its code is unpacked, and built
// where it must be. Invoke does it too, at the first invocation; whoever wants to
// know what is wrong before that calls Prepare. What it gave the first time is
// given again. The error is an [*Error], or ctx's.
func (p *Pool) Prepare(ctx context.Context, logicalID string) error {
	f := p.functions[logicalID]
	if f == nil {
		return &Error{Function: logicalID, Reason: UnknownFunction, Text: "there is no such function in the template"}
	}
	f.prepare.Do(func() {
		// In its own time: a build outlives the invocation that gave up on it.
		go func() {
			defer close(f.ready)
			if err := os.Mkdir(f.dir, 0o700); err != nil {
				f.fault = &Error{Function: logicalID, Reason: NotStarted, Text: err.Error()}
				return
			}
			f.program, f.fault = prepare(&f.Function, f.dir, p.options.Module)
			if f.fault == nil {
				p.remark(f)
			}
		}()
	})
	select {
	case <-f.ready:
		if f.fault != nil {
			return f.fault
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.closing:
		return closedError(logicalID)
	}
}

// remark logs what a function will miss.
func (p *Pool) remark(f *function) {
	layers := f.Layers
	if f.wrapped() {
		layers-- // corsgate's own
	}
	if layers > 0 {
		p.log.line(f.Name, fmt.Appendf(nil, "corsgate: layers are not run here, and it has %d", layers))
	}
	var missing []string
	for path := range f.Unresolved {
		if name, ok := strings.CutPrefix(path, "Environment.Variables."); ok {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		p.log.line(f.Name, fmt.Appendf(nil, "corsgate: known only at deployment, with a placeholder here: %s", strings.Join(missing, ", ")))
	}
}

// Invoke returns event to the function and waits for its response, as a synchronous
// invocation does. A function that fails is a [Result] with a FunctionError and
// no error. The error is an [*Error] where the function cannot be run, or ctx's
// where ctx is done first; the invocation then goes on without anybody waiting,
// as on Lambda.
func (p *Pool) Invoke(ctx context.Context, logicalID string, event []byte) (Result, error) {
	if err := p.Prepare(ctx, logicalID); err != nil {
		return Result{}, err
	}
	f := p.functions[logicalID]
	if len(event) > eventLimit {
		return Result{}, &Error{Function: logicalID, Reason: EventTooLarge,
			Text: fmt.Sprintf("%d byte payload is too large for the RequestResponse invocation type (limit %d bytes)", len(event), eventLimit)}
	}
	select {
	case f.slots <- struct{}{}:
	case <-ctx.Done():
		return Result{}, ctx.Err()
	case <-p.closing:
		return Result{}, closedError(logicalID)
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		<-f.slots
		return Result{}, closedError(logicalID)
	}
	p.running.Add(1)
	p.mu.Unlock()

	inv := p.newInvocation(f, event)
	reply := make(chan outcome, 1)
	go func() {
		defer p.running.Done()
		o, busy, timeout := p.invoke(f, inv)
		if busy != nil {
			// It has its place until it asks for another event: only then the
			// invocation is over, and it must be within the timeout.
			reply <- o
			if !p.rest(busy, timeout.C) {
				p.log.line(f.Name, fmt.Appendf(nil, "corsgate: ended, because it responded and then did not ask for another event within its timeout of %.2f seconds", f.Timeout.Seconds()))
				busy.kill()
			}
			timeout.Stop()
			<-f.slots
			return
		}
		<-f.slots
		reply <- o
	}()
	select {
	case o := <-reply:
		return o.result, o.err
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

// An outcome is what Invoke returns.
type outcome struct {
	result Result
	err    error
}

// invoke finds or starts a process, has it do the invocation, and keeps it for
// the next one. Where the process has answered and is still busy, it is given
// back, with what is left of its time.
func (p *Pool) invoke(f *function, inv *invocation) (o outcome, busy *sandbox, timeout *time.Timer) {
	// fail gives what Lambda says of an invocation of which the runtime says
	// nothing.
	fail := func(s *sandbox, kind, format string, args ...any) outcome {
		if p.isClosing() { // whatever it was, it is because of that
			return outcome{err: closedError(f.LogicalID)}
		}
		r := inv.failed(kind, fmt.Sprintf("RequestId: %s Error: ", inv.id)+fmt.Sprintf(format, args...))
		s.mu.Lock()
		r.Streamed, r.Prelude, r.Body = inv.partial.Streamed, inv.partial.Prelude, inv.partial.Body
		s.mu.Unlock()
		return outcome{result: r}
	}
	for {
		s := p.takeIdle(f)
		fresh := s == nil
		if fresh {
			began := time.Now()
			var err *Error
			if s, err = p.launch(f); err != nil {
				return outcome{err: err}, nil, nil
			}
			switch s.initialize(p.options.InitLimit) {
			case failed:
				s.letEnd()
				return outcome{result: inv.unhandled(s.initError)}, nil, nil
			case died:
				return fail(s, "Runtime.ExitError", "%s", s.exit()), nil, nil
			case late:
				s.kill()
				// Lambda would start it a second time, within the function's own
				// timeout, and then say that the task timed out after that.
				return fail(s, "Sandbox.Timedout", "Init timed out after %.2f seconds", p.options.InitLimit.Seconds()), nil, nil
			}
			inv.init = time.Since(began)
		}
		timeout := time.NewTimer(f.Timeout)
		inv.begin(f.Timeout)
		switch end := s.do(inv, timeout.C); {
		case end == lost && !fresh:
			// It ended while it was idle, and this event is not why.
			timeout.Stop()
			s.kill()
			inv = p.newInvocation(f, inv.event)
		case end == lost, end == died:
			timeout.Stop()
			s.kill()
			<-s.dead
			return fail(s, "Runtime.ExitError", "%s", s.exit()), nil, nil
		case end == late:
			s.kill()
			return fail(s, "Sandbox.Timedout", "Task timed out after %.2f seconds", f.Timeout.Seconds()), nil, nil
		default:
			o := outcome{result: inv.result}
			// It asks for another event at once, or ends. Who gets the response before
			// that and invokes again would meet another process, so wait a little.
			settled := time.NewTimer(p.settle)
			defer settled.Stop()
			if !p.rest(s, settled.C) {
				return o, s, timeout
			}
			timeout.Stop()
			return o, nil, nil
		}
	}
}

// rest waits until a process that has answered asks for another event, and keeps
// it, or until it ends. Otherwise it reports false.
func (p *Pool) rest(s *sandbox, timeout <-chan time.Time) bool {
	select {
	case <-s.asked:
		p.putIdle(s)
		return true
	case <-s.dead:
		return true
	case <-timeout:
		return false
	}
}

// takeIdle returns a process that waits for an event, the last one used, or nil.
func (p *Pool) takeIdle(f *function) *sandbox {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(f.idle) > 0 {
		s := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if !s.exited.Load() {
			return s
		}
	}
	return nil
}

func (p *Pool) putIdle(s *sandbox) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.live[s]; ok { // not dead since
		s.fn.idle = append(s.fn.idle, s)
	}
}

// forget is called when a process is dead.
func (p *Pool) forget(s *sandbox) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.live, s)
	s.fn.idle = slices.DeleteFunc(s.fn.idle, func(other *sandbox) bool { return other == s })
}

func (p *Pool) isClosing() bool {
	select {
	case <-p.closing:
		return true
	default:
		return false
	}
}

// Close ends every process, each with all it has started: it asks, and does not
// ask again after Options.Grace. When it returns there are none. Invocations on
// their way end with an [*Error]. It may be called more than once; each call
// waits.
func (p *Pool) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		<-p.ended
		return nil
	}
	p.closed = true
	close(p.closing)
	for s := range p.live {
		go s.end()
	}
	p.mu.Unlock()

	p.running.Wait()
	close(p.starts)
	err := removeAll(p.dir)
	close(p.ended)
	return err
}

// removeAll removes a folder in which processes that have been killed may still be writing for a moment.
func removeAll(dir string) (err error) {
	for range 50 {
		if err = os.RemoveAll(dir); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

func closedError(function string) *Error {
	return &Error{Function: function, Reason: Closed, Text: "it is being shut down"}
}

// An invocation is one event on its way through a process.
type invocation struct {
	id       string // the request id
	arn      string
	trace    string
	event    []byte
	began    time.Time
	deadline time.Time
	init     time.Duration

	lost     chan struct{} // closed if the event could not be handed over
	answered chan struct{} // closed when result is set

	// These are guarded by the sandbox's mu until answered is closed.
	claimed bool   // a response is being read
	partial Result // what a stream gave before it broke
	result  Result
}

func (p *Pool) newInvocation(f *function, event []byte) *invocation {
	var b [36]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return &invocation{
		id:  fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16]),
		arn: fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", p.options.Region, p.options.Account, f.Name),
		// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
		trace:    fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", time.Now().Unix(), b[16:28], b[28:36]),
		event:    event,
		lost:     make(chan struct{}),
		answered: make(chan struct{}),
	}
}

func (inv *invocation) begin(timeout time.Duration) {
	inv.began = time.Now()
	inv.deadline = inv.began.Add(timeout)
}

// complete fills in what every result has.
func (inv *invocation) complete(r Result) Result {
	r.RequestID, r.Init = inv.id, inv.init
	if !inv.began.IsZero() {
		r.Duration = time.Since(inv.began)
	}
	return r
}

// unhandled is the result of an error that the runtime reported.
func (inv *invocation) unhandled(payload []byte) Result {
	return inv.complete(Result{Payload: payload, FunctionError: "Unhandled", ContentType: "application/json"})
}

// failed is the result of an error that the runtime did not report.
func (inv *invocation) failed(kind, message string) Result {
	return inv.unhandled(errorJSON(kind, message))
}

// errorJSON writes an error in the members and the order of Lambda's own.
func errorJSON(kind, message string) []byte {
	b, err := json.Marshal(struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{kind, message})
	if err != nil {
		panic(err) // two strings
	}
	return b
}
