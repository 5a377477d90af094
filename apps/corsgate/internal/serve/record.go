package serve

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
)

// kept is how many exchanges a recorder remembers; keptBody how much of each body.
const (
	kept     = 200
	keptBody = 64 << 10
)

// Recorded is an exchange that went over the wire, as the page shows it.
type Recorded struct {
	// ID counts from 1.
	ID       uint64  `json:"id"`
	Method   string  `json:"method"`
	Path     string  `json:"path"` // with the stage and the query
	Protocol string  `json:"protocol"`
	Request  Message `json:"request"`
	Status   int     `json:"status"`
	Response Message `json:"response"`
	// Decided says what decided the response.
	Decided string         `json:"decided"`
	Steps   []gateway.Step `json:"steps"`
	Millis  float64        `json:"millis"`
}

// A Message is the headers of a message, in order, and its body, where it is text.
type Message struct {
	Headers []gateway.Header `json:"headers"`
	Body    string           `json:"body"`
}

func message(h gateway.Headers, body []byte) Message {
	m := Message{Headers: slices.Clone(h)}
	switch {
	case !utf8.Valid(body):
		m.Body = fmt.Sprintf("(%d bytes that are not text)", len(body))
	case len(body) > keptBody:
		m.Body = strings.ToValidUTF8(string(body[:keptBody]), "") + fmt.Sprintf(" (the first %d of %d bytes)", keptBody, len(body))
	default:
		m.Body = string(body)
	}
	if m.Headers == nil {
		m.Headers = []gateway.Header{}
	}
	return m
}

// A recorder remembers the last exchanges.
type recorder struct {
	mu   sync.Mutex
	last uint64
	all  []*Recorded
}

func (r *recorder) add(req *gateway.Request, res *gateway.Response, took time.Duration) *Recorded {
	e := &Recorded{
		Method: req.Method, Path: req.RawPath, Protocol: req.Protocol, Request: message(req.Headers, req.Body),
		Status: res.Status, Response: message(res.Headers, res.Body), Decided: decided(res.Trace), Steps: res.Trace,
		Millis: float64(took.Microseconds()) / 1000,
	}
	if e.Steps == nil {
		e.Steps = []gateway.Step{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	e.ID = r.last
	r.all = append(r.all, e)
	if len(r.all) > kept {
		r.all = slices.Delete(r.all, 0, len(r.all)-kept)
	}
	return e
}

// after returns the exchanges with a greater id, oldest first, and the greatest id there is.
func (r *recorder) after(id uint64) ([]*Recorded, uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []*Recorded{}
	for _, e := range r.all {
		if e.ID > id {
			out = append(out, e)
		}
	}
	return out, r.last
}

// String is the exchange's line in the log: method, path, origin, status, Access-Control-Allow-Origin, what decided and
// how long it took, in this order and with names where a value does not speak for itself.
func (e *Recorded) String() string {
	value := func(h gateway.Headers, name string) string {
		v := h.Values(name)
		if len(v) == 0 {
			return "-"
		}
		return quote(strings.Join(v, ", "))
	}
	return fmt.Sprintf("%s %s origin=%s %d acao=%s by=%s %.1fms", quote(e.Method), quote(e.Path), value(e.Request.Headers, "Origin"), e.Status,
		value(e.Response.Headers, corsheader.AllowOrigin), strconv.Quote(e.Decided), e.Millis)
}

// quote quotes what would not be one word of a line. Clients choose their paths, and a terminal obeys control characters.
func quote(s string) string {
	for _, c := range s {
		if c <= ' ' || c == '"' || !strconv.IsPrint(c) {
			return strconv.Quote(s)
		}
	}
	if s == "" {
		return `""`
	}
	return s
}

// decided says in a few words what decided a response: the last of the steps that could have made it another.
func decided(steps []gateway.Step) string {
	said, method := "", ""
	for _, s := range steps {
		switch s.Kind {
		case gateway.StepMethod:
			method = s.Detail
			said = method
		case gateway.StepIntegration:
			said = strings.TrimSpace(s.Name + " " + s.Detail)
		case gateway.StepBranch:
			said = fmt.Sprintf("template line %d %s", s.Line, s.Name)
		case gateway.StepUnsupported:
			return "not served here: " + s.Detail
		case gateway.StepGatewayResponse:
			said = strings.TrimSuffix("gateway response "+s.Name+": "+s.Detail, ": ")
		}
	}
	return said
}
