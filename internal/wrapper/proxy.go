package wrapper

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/emit"
)

// What the Runtime API and the runtimes call a stream
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming).
const (
	responseMode    = "Lambda-Runtime-Function-Response-Mode"
	streaming       = "streaming"
	httpIntegration = "application/vnd.awslambda.http-integration-response"
)

// A proxy is a Runtime API in front of another one.
type proxy struct {
	upstream string // host and port
	emitter  emit.Emitter

	errorsAsResponses bool        // as corslambda makes of a handler's errors
	streams           atomic.Bool // the function's last response was a stream

	links    sync.WaitGroup // those that are open, and the listener
	restored atomic.Int64   // how often it was

	mu   sync.Mutex
	open map[string]*invocation
}

// An invocation is a REST API's event that the runtime has.
type invocation struct {
	event    *emit.Event
	decision cors.Decision
}

func newProxy(upstream string, logger *slog.Logger) *proxy {
	return &proxy{upstream: upstream, emitter: emit.Emitter{Log: logger}, open: map[string]*invocation{}}
}

// handle serves a request of the runtime. With an error the link cannot be used any more.
func (p *proxy) handle(l *link, r *http.Request) error {
	// The version, "runtime", and what is in it.
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	is := func(method string, segments ...string) bool {
		if r.Method != method || len(path) != len(segments)+2 || path[1] != "runtime" {
			return false
		}
		for i, s := range segments {
			if s != "" && s != path[i+2] {
				return false
			}
		}
		return true
	}
	switch {
	case is("GET", "invocation", "next"):
		return p.next(l, r)
	case is("POST", "invocation", "", "response"):
		return p.response(l, r, path[3])
	case is("POST", "invocation", "", "error"):
		return p.failed(l, r, path[3])
	case is("GET", "restore", "next"):
		res, err := l.send(r, r.Body, r.ContentLength)
		if err != nil {
			return err
		}
		// Connections that were open when the snapshot was taken lead nowhere.
		p.restored.Add(1)
		return l.reply(r, res, res.Body)
	default:
		return p.forward(l, r, r.Body, r.ContentLength)
	}
}

// next hands over the next event, after the preflights before it.
func (p *proxy) next(l *link, r *http.Request) error {
	for {
		res, err := l.send(r, http.NoBody, 0)
		if err != nil {
			return err
		}
		body, err := readAll(res.Body, res.ContentLength)
		if err != nil {
			return err
		}
		id := res.Header.Get("Lambda-Runtime-Aws-Request-Id")
		if event, ok := RESTEvent(body); ok && res.StatusCode == http.StatusOK {
			d := p.emitter.Decide(r.Context(), event)
			if d.Kind == cors.Preflight {
				taken, err := p.post(l, r, id, Answer(d.Status, "", d))
				if err != nil {
					return err
				}
				if err := taken.Body.Close(); err != nil {
					return err
				}
				continue
			}
			p.mu.Lock()
			p.open[id] = &invocation{event, d}
			p.mu.Unlock()
		}
		return l.reply(r, res, bytes.NewReader(body))
	}
}

// response takes the function's response.
func (p *proxy) response(l *link, r *http.Request, id string) error {
	inv := p.of(id)
	if inv == nil {
		return p.forward(l, r, r.Body, r.ContentLength)
	}
	var body []byte
	var err error
	whole := r.ContentLength >= 0
	if whole {
		body, err = readAll(r.Body, r.ContentLength)
	} else if body, err = head(r.Body); err == io.EOF {
		err = nil
	}
	if err != nil {
		return err
	}
	p.streams.Store(r.Header.Get("Content-Type") == httpIntegration || r.Header.Get(responseMode) == streaming)
	body, own, _ := Patch(body, inv.decision)
	p.emitter.OwnHeaders(r.Context(), inv.event, func() []string { return own })
	passed, length := io.Reader(bytes.NewReader(body)), int64(len(body))
	if !whole {
		passed, length = io.MultiReader(passed, r.Body), -1
	}
	return p.outcome(l, r, id, passed, length)
}

// failed takes the function's error.
func (p *proxy) failed(l *link, r *http.Request, id string) error {
	inv := p.of(id)
	if inv == nil || !p.errorsAsResponses {
		return p.outcome(l, r, id, r.Body, r.ContentLength)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var e struct{ ErrorType string }
	_ = json.Unmarshal(body, &e) // what it is stays unsaid
	p.emitter.Log.LogAttrs(r.Context(), slog.LevelError, "handler failed", p.emitter.Where(inv.event, slog.String("error", e.ErrorType))...)
	res, err := p.post(l, r, id, Answer(http.StatusInternalServerError, emit.FailureBody, inv.decision))
	if err != nil {
		return err
	}
	p.settle(id, res.StatusCode)
	return l.reply(r, res, res.Body)
}

// of returns the invocation of a request id, if it is a REST API's.
func (p *proxy) of(id string) *invocation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open[id]
}

// outcome passes on what became of an invocation.
func (p *proxy) outcome(l *link, r *http.Request, id string, body io.Reader, length int64) error {
	res, err := l.send(r, body, length)
	if err != nil {
		return err
	}
	p.settle(id, res.StatusCode)
	return l.reply(r, res, res.Body)
}

// settle forgets an invocation whose outcome was taken. Where it was not, the runtime
// may send another.
func (p *proxy) settle(id string, status int) {
	if status < 300 {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, id)
	}
}

// post sends the response of an invocation in the runtime's place: in the form of the
// function's own, since the event does not say which one is due.
func (p *proxy) post(l *link, r *http.Request, id string, response []byte) (*http.Response, error) {
	version, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	out := r.Clone(r.Context())
	out.Method = http.MethodPost
	out.URL.Path = "/" + version + "/runtime/invocation/" + id + "/response"
	out.Header = http.Header{"Content-Type": {"application/json"}, "User-Agent": r.Header["User-Agent"]}
	out.Trailer = nil
	length := int64(len(response))
	if p.streams.Load() {
		out.Header = http.Header{"Content-Type": {httpIntegration}, responseMode: {streaming}, "User-Agent": r.Header["User-Agent"]}
		response, length = append(response, make([]byte, 8)...), -1
	}
	return l.send(out, bytes.NewReader(response), length)
}

// forward passes a request of the runtime on with this body, and the response back.
func (p *proxy) forward(l *link, r *http.Request, body io.Reader, length int64) error {
	res, err := l.send(r, body, length)
	if err != nil {
		return err
	}
	return l.reply(r, res, res.Body)
}

// readAll reads a body whose length is known if it is not negative.
func readAll(r io.Reader, length int64) ([]byte, error) {
	if length < 0 {
		return io.ReadAll(r)
	}
	body := make([]byte, length)
	_, err := io.ReadFull(r, body)
	return body, err
}
