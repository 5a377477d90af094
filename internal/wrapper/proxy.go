package wrapper

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"maps"
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
	upstream  string // host and port
	transport *http.Transport
	emitter   emit.Emitter

	errorsAsResponses bool        // as corslambda makes of a handler's errors
	streams           atomic.Bool // the function's last response was a stream

	mu   sync.Mutex
	open map[string]*invocation
}

// An invocation is a REST API's event that the runtime has.
type invocation struct {
	event    *emit.Event
	decision cors.Decision
}

func newProxy(upstream string, logger *slog.Logger) *proxy {
	return &proxy{
		upstream: upstream,
		transport: &http.Transport{
			DisableCompression:     true, // it would ask for it
			MaxIdleConnsPerHost:    100,
			MaxResponseHeaderBytes: maxHeaders,
		},
		emitter: emit.Emitter{Log: logger},
		open:    map[string]*invocation{},
	}
}

// maxHeaders is more than a runtime sends of an error's cause for X-Ray.
const maxHeaders = 4 << 20

func (p *proxy) server() *http.Server {
	return &http.Server{Handler: p, MaxHeaderBytes: maxHeaders, ErrorLog: log.New(io.Discard, "", 0)}
}

// ServeHTTP serves a request of the runtime.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
		p.next(w, r)
	case is("POST", "invocation", "", "response"):
		p.response(w, r, path[3])
	case is("POST", "invocation", "", "error"):
		p.failed(w, r, path[3])
	case is("GET", "restore", "next"):
		p.forward(w, r, r.Body, r.ContentLength)
		// Those that were open when the snapshot was taken lead nowhere.
		p.transport.CloseIdleConnections()
	default:
		p.forward(w, r, r.Body, r.ContentLength)
	}
}

// next hands over the next event, after the preflights before it.
func (p *proxy) next(w http.ResponseWriter, r *http.Request) {
	for {
		res := p.send(r, http.NoBody, 0)
		body, err := readAll(res.Body, res.ContentLength)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		id := res.Header.Get("Lambda-Runtime-Aws-Request-Id")
		if event, ok := RESTEvent(body); ok && res.StatusCode == http.StatusOK {
			d := p.emitter.Decide(r.Context(), event)
			if d.Kind == cors.Preflight {
				taken := p.post(r, id, Answer(d.Status, "", d))
				_, _ = io.Copy(io.Discard, taken.Body)
				taken.Body.Close()
				continue
			}
			p.mu.Lock()
			p.open[id] = &invocation{event, d}
			p.mu.Unlock()
		}
		reply(w, res, bytes.NewReader(body))
		return
	}
}

// response takes the function's response.
func (p *proxy) response(w http.ResponseWriter, r *http.Request, id string) {
	inv := p.of(id)
	if inv == nil {
		p.forward(w, r, r.Body, r.ContentLength)
		return
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
		panic(http.ErrAbortHandler) // the runtime is gone
	}
	p.streams.Store(r.Header.Get("Content-Type") == httpIntegration || r.Header.Get(responseMode) == streaming)
	body, own, _ := Patch(body, inv.decision)
	p.emitter.OwnHeaders(r.Context(), inv.event, func() []string { return own })
	if whole {
		p.settle(id, p.forward(w, r, bytes.NewReader(body), int64(len(body))))
	} else {
		p.settle(id, p.forward(w, r, io.MultiReader(bytes.NewReader(body), r.Body), -1))
	}
}

// failed takes the function's error.
func (p *proxy) failed(w http.ResponseWriter, r *http.Request, id string) {
	inv := p.of(id)
	if inv == nil || !p.errorsAsResponses {
		p.settle(id, p.forward(w, r, r.Body, r.ContentLength))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	var e struct{ ErrorType string }
	_ = json.Unmarshal(body, &e) // what it is stays unsaid
	p.emitter.Log.LogAttrs(r.Context(), slog.LevelError, "handler failed", p.emitter.Where(inv.event, slog.String("error", e.ErrorType))...)
	res := p.post(r, id, Answer(http.StatusInternalServerError, emit.FailureBody, inv.decision))
	p.settle(id, res.StatusCode)
	reply(w, res, res.Body)
}

// of returns the invocation of a request id, if it is a REST API's.
func (p *proxy) of(id string) *invocation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open[id]
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
func (p *proxy) post(r *http.Request, id string, response []byte) *http.Response {
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
	return p.send(out, bytes.NewReader(response), length)
}

// forward passes a request of the runtime on with this body, and returns the status of
// the response.
func (p *proxy) forward(w http.ResponseWriter, r *http.Request, body io.Reader, length int64) int {
	res := p.send(r, body, length)
	if res.StatusCode >= 300 {
		// A runtime that is refused reads why only when it has sent everything.
		_, _ = io.Copy(io.Discard, r.Body)
	}
	reply(w, res, res.Body)
	return res.StatusCode
}

// send sends a request of the runtime upstream with this body, of unknown length if it
// is negative. Where it cannot be sent, or the body breaks off, the connections end on
// both sides, as they would with nobody in between.
func (p *proxy) send(r *http.Request, body io.Reader, length int64) *http.Response {
	ctx := r.Context()
	if r.Method != http.MethodGet {
		// A runtime may end without waiting for what becomes of its last words.
		ctx = context.WithoutCancel(ctx)
	}
	url := *r.URL
	url.Scheme, url.Host = "http", p.upstream
	out := (&http.Request{
		Method:        r.Method,
		URL:           &url,
		Header:        endToEnd(r.Header),
		Body:          io.NopCloser(body),
		ContentLength: length,
		Trailer:       r.Trailer, // filled when the body has been read
	}).WithContext(ctx)
	if length == 0 {
		out.Body = http.NoBody
	}
	if out.Header["User-Agent"] == nil {
		out.Header["User-Agent"] = []string{""} // none, instead of Go's
	}
	res, err := p.transport.RoundTrip(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return res
}

// reply gives the runtime a response from upstream.
func reply(w http.ResponseWriter, res *http.Response, body io.Reader) {
	defer res.Body.Close()
	h := w.Header()
	h["Date"], h["Content-Type"] = nil, nil // none of our own
	maps.Copy(h, endToEnd(res.Header))
	w.WriteHeader(res.StatusCode)
	if _, err := io.Copy(w, body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// endToEnd returns headers without those of the connection.
func endToEnd(h http.Header) http.Header {
	h = h.Clone()
	for _, name := range []string{"Connection", "Keep-Alive", "Te", "Transfer-Encoding", "Upgrade"} {
		delete(h, name)
	}
	return h
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
