package simulate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
)

// A Site is an API at an address, with what stands behind it.
type Site struct {
	API *gateway.API
	// Backend stands for the functions and servers that the API calls.
	Backend gateway.Backend
	// Base is the address of the API's root as pages know it, with the stage where that is part of it, such as
	// http://127.0.0.1:4000/prod or https://api.example.com. Empty means [Base] of the API.
	Base string
	// Cache is the browser's memory of preflights; nil means that each is made.
	Cache *browser.PreflightCache
	// HTTP1 has header names reach the API as they are written in HTTP/1.1, Origin, not origin as in HTTP/2. API Gateway
	// tells them apart, and browsers use HTTP/2 with it.
	HTTP1 bool
	// Memo has responses of the API to requests, which are then not made again; nil means that each is made. It is for a
	// Backend that answers the same request in the same way always, for one goroutine, and for who does not look at the
	// resources that a report's trace names: they may be those of another request that is answered alike.
	Memo *Memo
	// Fill returns what to take for what only a deployment knows in a response header, its name in lower case, that says
	// which methods, headers or credentials are allowed. If it is nil, the stand-in stays.
	Fill func(name string, r *browser.HTTPRequest) string

	forced map[string]any // results of decisions, by their key
}

// Base is [gateway.API.Base].
func Base(api *gateway.API) string { return api.Base() }

// Run does what a browser does for a request of a page. The request's URL is absolute, or begins with a slash: a path of
// the API without its stage, /items?x=1. The error, a [*browser.InputError], is for what no page can ask.
func (s *Site) Run(ctx context.Context, req browser.Call) (*Report, error) {
	report, _, err := s.run(ctx, req)
	return report, err
}

// run is Run, with the requests that were sent.
func (s *Site) run(ctx context.Context, req browser.Call) (*Report, []*sent, error) {
	base := s.Base
	if base == "" {
		base = Base(s.API)
	}
	root, err := browser.ParseURL(base)
	if err != nil {
		return nil, nil, fmt.Errorf("the API's address: %w", err)
	}
	if strings.HasPrefix(req.URL, "/") {
		req.URL = strings.TrimSuffix(base, "/") + req.URL
	}
	var requests []*sent
	ex, err := browser.Run(req, func(r *browser.HTTPRequest) (*browser.HTTPResponse, error) {
		var one *sent
		if ask := func() *sent { return s.send(ctx, root, r) }; s.Memo != nil {
			one = s.Memo.get(s, r, ask)
		} else {
			one = ask()
		}
		requests = append(requests, one)
		return one.response, one.err
	}, s.Cache)
	if err != nil {
		return nil, nil, err
	}
	return s.report(ex, requests), requests, nil
}

// sent is a request that reached the API, or did not.
type sent struct {
	response *browser.HTTPResponse
	got      *GotResponse // the same as reports have it, once one has it
	err      error
	course   *Course
	notes    *notes
	// unsettled are the symbols in what it says of methods, headers and credentials.
	unsettled []*cfn.Symbol
	// asks are those of mapping templates about what only a deployment knows.
	asks []*decision
}

// send has the API answer one request.
func (s *Site) send(ctx context.Context, root browser.URL, r *browser.HTTPRequest) *sent {
	out := &sent{notes: &notes{method: r.Method}}
	u, err := browser.ParseURL(r.URL)
	if err != nil || u.Origin != root.Origin {
		out.err = fmt.Errorf("%s is not this API, and its response is not known", r.URL)
		return out
	}
	in := &gateway.Request{Method: r.Method, Body: r.Body}
	prefix := strings.TrimSuffix(root.Path, "/")
	rest, below := strings.CutPrefix(u.Path, prefix)
	if below = below && (rest == "" || rest[0] == '/'); below && prefix != s.API.Root() {
		in.Path = "/" + strings.TrimPrefix(rest, "/")
	} else {
		in.RawPath = u.Path
	}
	if u.Query != "" {
		in.Path, in.RawPath = withQuery(in.Path, u.Query), withQuery(in.RawPath, u.Query)
	}
	in.Headers = append(in.Headers, gateway.Header{Name: "Host", Value: u.Host})
	for _, f := range r.Header {
		name := f.Name
		if !s.HTTP1 {
			name = strings.ToLower(name)
		}
		in.Headers = append(in.Headers, gateway.Header{Name: name, Value: f.Value})
	}
	asks := &asks{site: s}
	if origin, ok := r.Header.Get("Origin"); ok {
		asks.origin = origin
	}
	in.Decide = asks.result
	res := s.API.Serve(context.WithValue(ctx, notesKey{}, out.notes), in, watch{s.Backend})
	out.course, out.asks = course(s.API, res.Trace), asks.list
	if why := out.course.Unsupported; why != "" && out.notes.unknown == nil {
		// API Gateway would not answer so, and what a browser makes of this model's 502 is not a verdict on the API.
		out.notes.unknown = &NotInvoked{Reason: "not known: " + why, undecided: true}
	}
	if out.notes.unknown != nil {
		// The gateway took it for a failure, and its response to one is not what happens.
		out.course.GatewayResponse = nil
		out.course.Steps = slices.DeleteFunc(out.course.Steps, func(s gateway.Step) bool { return s.Kind == gateway.StepGatewayResponse })
		out.err = out.notes.unknown
		return out
	}
	out.response = &browser.HTTPResponse{Status: res.Status, Body: res.Body}
	for _, h := range res.Headers {
		if symbols := s.API.App.Symbols(strings.ToLower(h.Name)); len(symbols) > 0 {
			out.notes.unknown = &NotInvoked{Reason: "a header of the response is " + (&cfn.Unknown{Symbol: symbols[0]}).Error(), undecided: true}
			out.response, out.err = nil, out.notes.unknown
			return out
		}
		if settles(h.Name) {
			symbols := s.API.App.Symbols(h.Value)
			out.unsettled = append(out.unsettled, symbols...)
			if len(symbols) > 0 && s.Fill != nil {
				h.Value = fill(s.API.App, h.Value, s.Fill(strings.ToLower(h.Name), r))
			}
		}
		out.response.Header = append(out.response.Header, browser.Field{Name: h.Name, Value: h.Value})
	}
	return out
}

func withQuery(path, query string) string {
	if path == "" {
		return ""
	}
	return path + "?" + query
}

// report makes the report of an exchange. Sent are the requests that were sent for its steps, in order.
func (s *Site) report(ex browser.Outcome, requests []*sent) *Report {
	var hops []Hop
	fresh := func() Hop {
		return Hop{
			Preflight: Preflight{Reasons: []Reason{}, Verdict: Verdict{Allowed: true, Known: true}},
			Actual:    Actual{Readable: []string{}},
		}
	}
	hop := fresh()
	end := VerdictOf(ex.Verdict)
	for i, step := range ex.Steps {
		var was *sent
		if step.Cache != browser.CacheHit {
			was, requests = requests[0], requests[1:]
		}
		v := VerdictOf(step.Verdict)
		if was != nil && was.notes.unknown != nil {
			v = Verdict{Message: was.notes.unknown.Error(), Undecided: was.notes.unknown.undecided}
			end = v
		}
		undecided := was != nil && was.notes.status != nil && step.Preflight && v.Allowed
		if undecided {
			v = Verdict{Message: was.notes.status.Error()}
			end = v
		}
		if step.Preflight {
			p := Preflight{Needed: true, Reasons: reasons(step.Reasons), Request: request(step.Request), Response: response(step.Response, was), Verdict: v, Cached: was == nil}
			if was != nil {
				p.StandIn = was.notes.standIn
				hop.Trace.Preflight = was.course
			}
			hop.Preflight = p
			if undecided { // what the browser went on to do is not part of it
				ex.Response, ex.Dropped = nil, nil
				break
			}
			continue
		}
		hop.Actual.Request, hop.Actual.Response = request(step.Request), response(step.Response, was)
		hop.Actual.StandIn = was.notes.standIn
		hop.Trace.Actual = was.course
		if i < len(ex.Steps)-1 {
			hops = append(hops, hop)
			hop = fresh()
		}
	}
	if ex.Response != nil {
		seen := map[string]bool{}
		for _, f := range ex.Response.Header {
			name := strings.ToLower(f.Name)
			if !seen[name] {
				hop.Actual.Readable = append(hop.Actual.Readable, name)
			}
			seen[name] = true
		}
	}
	for _, d := range ex.Dropped {
		hop.Actual.Dropped = append(hop.Actual.Dropped, strings.ToLower(d.Name))
	}
	return &Report{Preflight: hop.Preflight, Actual: hop.Actual, Redirects: hops, Verdict: end, Trace: hop.Trace}
}

// notes is what backends say about one request.
type notes struct {
	method  string // of the client's request
	standIn string
	unknown *NotInvoked
	// status is why nothing but the status is known of the response to a preflight.
	status *NotInvoked
}

type notesKey struct{}

// StandIn lets a backend say, through the context it is called with, that its response is not the function's own, and
// what it is instead.
func StandIn(ctx context.Context, what string) {
	if n, ok := ctx.Value(notesKey{}).(*notes); ok {
		n.standIn = what
	}
}

// NotInvoked is a backend's error where the response is not known because nothing was called. The report's verdict is
// then not known, as it is where the model cannot serve a part of the template.
type NotInvoked struct {
	Reason string

	undecided bool // whatever would have been called
}

func (e *NotInvoked) Error() string { return e.Reason }

// watch notes which calls were not made.
type watch struct{ backend gateway.Backend }

func (w watch) note(ctx context.Context, err error) error {
	var not *NotInvoked
	if n, ok := ctx.Value(notesKey{}).(*notes); ok && errors.As(err, &not) {
		n.unknown = not
	}
	return err
}

func (w watch) Invoke(ctx context.Context, fn gateway.Function, event []byte) ([]byte, error) {
	if w.backend == nil {
		w.backend = notRun{}
	}
	out, err := w.backend.Invoke(ctx, fn, event)
	if fn.Overruled && overruled(ctx, "the function "+fn.Name, err) {
		return []byte(`{"statusCode": 200}`), nil
	}
	return out, w.note(ctx, err)
}

// overruled notes of what was not called that the CORS headers of the response do not depend on it, and reports whether that is so.
func overruled(ctx context.Context, what string, err error) bool {
	var not *NotInvoked
	n, ok := ctx.Value(notesKey{}).(*notes)
	if !ok || !errors.As(err, &not) || not.undecided {
		return false
	}
	n.standIn = what + " was not invoked; the CORS headers are the API's, whatever it returns, but the status and the body are not the function's"
	if n.method == http.MethodOptions {
		n.status = &NotInvoked{Reason: not.Reason + ", and a preflight needs an OK status from it"}
	}
	return true
}

func (w watch) HTTP(ctx context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	if w.backend == nil {
		w.backend = notRun{}
	}
	out, err := w.backend.HTTP(ctx, r)
	if r.Overruled && overruled(ctx, r.URL, err) {
		return &gateway.BackendResponse{Status: http.StatusOK}, nil
	}
	return out, w.note(ctx, err)
}

func (w watch) AWS(ctx context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	if w.backend == nil {
		w.backend = notRun{}
	}
	out, err := w.backend.AWS(ctx, r)
	if r.Overruled && overruled(ctx, r.URL, err) {
		return &gateway.BackendResponse{Status: http.StatusOK}, nil
	}
	return out, w.note(ctx, err)
}

func notCalled(what string) *NotInvoked {
	return &NotInvoked{Reason: "not known: " + what + " was not invoked"}
}
