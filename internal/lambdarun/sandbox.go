package lambdarun

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// httpIntegration is the content type of a stream that has a prelude.
	httpIntegration = "application/vnd.awslambda.http-integration-response"

	// afterlife is how long the output and the requests of a process that has
	// ended are waited for. Only what it has started can have them open.
	afterlife = time.Second
)

// A sandbox is one process and the Runtime API that it alone talks to: an
// execution environment, in Lambda's words.
type sandbox struct {
	pool   *Pool
	fn     *function
	cmd    *exec.Cmd
	output *lines
	addr   string
	server *http.Server

	asked  chan struct{}    // holds an element when the process has asked for an event
	events chan *invocation // to the request that asked
	broken chan struct{}    // closed when initError is set
	exited atomic.Bool      // the process has ended; its response may still be on the way
	dead   chan struct{}    // closed after that

	initError []byte
	mu        sync.Mutex
	current   *invocation // the one that the process has
}

// launch starts a process of f.
func (p *Pool) launch(f *function) (*sandbox, *Error) {
	fail := func(err error) (*sandbox, *Error) {
		return nil, &Error{Function: f.LogicalID, Reason: NotStarted, Text: "it cannot be started: " + err.Error()}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fail(err)
	}
	s := &sandbox{
		pool:   p,
		fn:     f,
		cmd:    exec.Command(f.program.argv[0], f.program.argv[1:]...),
		output: &lines{log: p.log, name: f.Name},
		addr:   listener.Addr().String(),
		asked:  make(chan struct{}, 1),
		events: make(chan *invocation),
		broken: make(chan struct{}),
		dead:   make(chan struct{}),
	}
	s.cmd.Dir = f.program.root
	s.cmd.Env = environ(&f.Function, f.program, &p.options, s.addr, filepath.Join(p.dir, home))
	s.cmd.Stdout, s.cmd.Stderr = s.output, s.output
	s.cmd.WaitDelay = afterlife
	own(s.cmd)
	s.server = &http.Server{Handler: s.api(), ErrorLog: stdlog.New(io.Discard, "", 0)}

	started := start{s.cmd, make(chan error, 1)}
	p.starts <- started
	if err := <-started.err; err != nil {
		listener.Close()
		return fail(err)
	}
	go s.server.Serve(listener)
	p.mu.Lock()
	p.live[s] = struct{}{}
	p.running.Add(1) // the caller's invocation is running, so Close still waits
	closed := p.closed
	p.mu.Unlock()
	go s.watch()
	if closed { // before Close could see it
		s.kill()
	}
	return s, nil
}

// A step is how far a process came.
type step int

const (
	asked    step = iota // it asks for an event
	answered             // it answered one
	failed               // it said that it cannot be initialized
	lost                 // it was gone before it had the event
	died                 // it ended
	late                 // it took too long
)

// initialize waits until a new process asks for its first event.
func (s *sandbox) initialize(limit time.Duration) step {
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case <-s.asked:
		return asked
	case <-s.broken:
		return failed
	case <-s.dead:
		select {
		case <-s.broken: // it said why
			return failed
		default:
			return died
		}
	case <-timeout.C:
		return late
	}
}

// do hands an invocation to a process that has asked for one, and waits for the
// answer.
func (s *sandbox) do(inv *invocation, timeout <-chan time.Time) step {
	// That it has asked is done with. It asks anew where a connection broke, and
	// that would be taken for the end of this invocation.
	select {
	case <-s.asked:
	default:
	}
	select {
	case s.events <- inv:
	case <-s.dead:
		return lost
	case <-timeout:
		return late
	}
	end := answered
	select {
	case <-inv.answered:
	case <-inv.lost:
		return lost
	case <-s.dead:
		end = died
	case <-timeout:
		end = late
	}
	select {
	case <-inv.answered: // at the same time
		return answered
	default:
		return end
	}
}

// watch waits for the end of the process and clears up after it.
func (s *sandbox) watch() {
	defer s.pool.running.Done()
	s.cmd.Wait() // the outcome is in ProcessState
	s.exited.Store(true)
	kill(s.cmd.Process.Pid) // what it has left behind
	s.output.flush(false)
	// A response that it sent with its last breath counts.
	ctx, cancel := context.WithTimeout(context.Background(), afterlife)
	s.server.Shutdown(ctx)
	cancel()
	s.server.Close()
	s.pool.forget(s)
	close(s.dead)
}

// exit says how the process ended, after dead, in the words of Lambda.
func (s *sandbox) exit() string {
	state := s.cmd.ProcessState
	if state == nil || state.Success() {
		return "Runtime exited without providing a reason"
	}
	return "Runtime exited with error: " + state.String()
}

func (s *sandbox) kill() {
	if !s.exited.Load() {
		kill(s.cmd.Process.Pid)
	}
}

// end asks the process to end, and makes it.
func (s *sandbox) end() {
	if !s.exited.Load() {
		terminate(s.cmd.Process.Pid)
	}
	s.killLater()
}

// letEnd waits until a process that is about to end by itself has logged why.
func (s *sandbox) letEnd() { go s.killLater() }

func (s *sandbox) killLater() {
	select {
	case <-s.dead:
	case <-time.After(s.pool.options.Grace):
		s.kill()
	}
}

// api returns the Runtime API.
func (s *sandbox) api() http.Handler {
	const version = "/2018-06-01/runtime/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+version+"invocation/next", s.next)
	mux.HandleFunc("POST "+version+"invocation/{id}/response", s.response)
	mux.HandleFunc("POST "+version+"invocation/{id}/error", s.error)
	mux.HandleFunc("POST "+version+"init/error", s.initFailed)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A page in a browser of this machine can send requests here, too, and
		// take an event away.
		if r.Host != s.addr || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
			refuse(w, http.StatusForbidden, "Forbidden", "this is for one process, and no page")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// refuse responds with an error as the Runtime API does.
func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(errorJSON(kind, message))
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	io.WriteString(w, `{"status":"OK"}`+"\n")
}

// next hands over an event, when there is one.
func (s *sandbox) next(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	busy := false
	if s.current != nil {
		select {
		case <-s.current.answered:
		default:
			busy = true
		}
	}
	s.mu.Unlock()
	if busy {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "the previous invocation has no response yet")
		return
	}
	select {
	case s.asked <- struct{}{}:
	default:
	}
	select {
	case inv := <-s.events:
		if r.Context().Err() != nil { // it is gone, and would never see it
			close(inv.lost)
			return
		}
		s.mu.Lock()
		s.current = inv
		s.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", inv.arn)
		h.Set("Lambda-Runtime-Trace-Id", inv.trace)
		w.Write(inv.event)
	case <-r.Context().Done():
	}
}

// claim returns the invocation that the request is a response to, or refuses it.
func (s *sandbox) claim(w http.ResponseWriter, r *http.Request) *invocation {
	s.mu.Lock()
	defer s.mu.Unlock()
	inv := s.current
	if inv == nil || inv.id != r.PathValue("id") {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return nil
	}
	if inv.claimed {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "the invocation already has a response")
		return nil
	}
	inv.claimed = true
	return inv
}

// answer settles a claimed invocation.
func (s *sandbox) answer(inv *invocation, r Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	inv.result = inv.complete(r)
	close(inv.answered)
}

// abandon is for a response that broke off. The process may say what happened, in
// an error; or it is about to die.
func (s *sandbox) abandon(inv *invocation, partial Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	inv.claimed, inv.partial = false, partial
}

// response takes the response of the function.
func (s *sandbox) response(w http.ResponseWriter, r *http.Request) {
	inv := s.claim(w, r)
	if inv == nil {
		return
	}
	contentType := r.Header.Get("Content-Type")
	result := Result{
		ContentType: contentType,
		Streamed:    r.Header.Get("Lambda-Runtime-Function-Response-Mode") == "streaming" || contentType == httpIntegration,
	}
	limit := s.pool.options.ResponseLimit
	if result.Streamed {
		limit = s.pool.options.StreamLimit
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if int64(len(body)) > limit {
		s.answer(inv, inv.failed("Function.ResponseSizeTooLarge",
			fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", limit)))
		// The runtime reads what is said only when it has sent everything.
		io.CopyN(io.Discard, r.Body, 64<<20)
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", limit))
		return
	}
	result.Payload = body
	if result.Streamed {
		result.Body = body
		if contentType == httpIntegration {
			if prelude, rest, ok := bytes.Cut(body, make([]byte, 8)); ok {
				result.Prelude, result.Body = prelude, rest
			}
		}
	}
	if err != nil {
		s.abandon(inv, result)
		return // nobody waits for it
	}
	if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		result.FunctionError = "Unhandled"
		result.Payload = trailerError(kind, r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
	}
	s.answer(inv, result)
	accept(w)
}

// trailerError returns the error at the end of a stream: body is JSON in base64.
func trailerError(kind, body string) []byte {
	if b, err := base64.StdEncoding.DecodeString(body); err == nil && json.Valid(b) {
		return b
	}
	return errorJSON(kind, "")
}

// error takes the error of the function.
func (s *sandbox) error(w http.ResponseWriter, r *http.Request) {
	inv := s.claim(w, r)
	if inv == nil {
		return
	}
	payload, err := errorOf(r)
	if err != nil {
		s.abandon(inv, Result{})
		return
	}
	s.answer(inv, inv.unhandled(payload))
	accept(w)
}

// initFailed takes the error of a function that could not be initialized.
func (s *sandbox) initFailed(w http.ResponseWriter, r *http.Request) {
	payload, err := errorOf(r)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.initError != nil || s.current != nil {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "initialization is over")
		return
	}
	s.initError = payload
	close(s.broken)
	accept(w)
}

// errorOf reads an error that a runtime reports. It is passed on as it is, if it
// is JSON.
func errorOf(r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r.Body, responseLimit))
	if err != nil {
		return nil, err
	}
	if len(b) == 0 || !json.Valid(b) {
		kind := r.Header.Get("Lambda-Runtime-Function-Error-Type")
		if kind == "" {
			kind = "Runtime.Unknown"
		}
		return errorJSON(kind, string(b)), nil
	}
	return b, nil
}
