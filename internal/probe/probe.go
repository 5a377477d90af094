package probe

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/probe/wire"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/simulate"
)

// Options say what to ask, of whom and for whom.
type Options struct {
	// URL, Origin, Method, Header, Credentials and Body are those of the page's request.
	URL         string
	Origin      string
	Method      string
	Header      browser.Header
	Credentials bool
	Body        []byte
	// BodyFile is the file that the body is from; empty if it is from none.
	BodyFile string

	// Send lets a request be sent whose method is not GET.
	Send bool
	// Errors asks as well for what must fail.
	Errors bool
	// Max is how many requests are sent at most.
	Max int

	// Cookie is the value of a Cookie header; the page's request is then one with credentials. BearerEnv names an
	// environment variable and Bearer is its value, which the page sends as an Authorization header. Neither value is in
	// anything that a Result has.
	Cookie            string
	Bearer, BearerEnv string

	// Do sends one request.
	Do func(context.Context, *wire.Outgoing) (*wire.Incoming, error)
	// CurlOptions are those that curl needs to reach the same server, each with its argument: --insecure, --resolve.
	CurlOptions [][]string
}

// An Exchange is a request and its response.
type Exchange struct {
	// Number is that of the exchange, from 1.
	Number int `json:"number"`
	// Purpose says what it is to show.
	Purpose  string    `json:"purpose"`
	Request  Sent      `json:"request"`
	Response *Received `json:"response"`
	// Error says why there is no response; left out if there is one.
	Error string `json:"error,omitempty"`
	// Cause is what the response says about who made it, and why; left out if it says nothing.
	Cause string `json:"cause,omitempty"`
	// Verdict is what the browser of a page at the request's origin concludes from this response alone; null where there is
	// no response, or no page.
	Verdict *simulate.Verdict `json:"verdict"`
	// Curl is a command for a POSIX shell that sends the same request.
	Curl string `json:"curl"`

	// Own reports whether it is the page's own request or its preflight.
	Own bool `json:"own"`

	raw       browser.Header // of the response; what is judged, and never shown
	preflight bool
	origin    string // the page's; empty for a request without one
	cause     cause
}

// Sent is a request on the wire. Credentials are replaced by the name of a shell variable.
type Sent struct {
	Method  string         `json:"method"`
	URL     string         `json:"url"`
	Headers browser.Header `json:"headers"`
}

// Received is a response on the wire: each header line, in its order.
type Received struct {
	// Protocol is HTTP/1.0, HTTP/1.1 or HTTP/2.
	Protocol string         `json:"protocol"`
	Status   int            `json:"status"`
	Headers  browser.Header `json:"headers"`
	// Body is the beginning of an error's body; left out for other responses.
	Body string `json:"body,omitempty"`
	// Broken says why the response is not whole; left out if it is.
	Broken string `json:"broken,omitempty"`
}

// A Result is what came of it.
type Result struct {
	// Verdict is what the browser does with the page's request.
	Verdict simulate.Verdict `json:"verdict"`
	// Without and With are the same for a request without credentials and one with.
	Without simulate.Verdict `json:"verdictWithoutCredentials"`
	With    simulate.Verdict `json:"verdictWithCredentials"`
	// Preflight reports whether the browser sends a preflight, and PreflightAllowed whether that passes.
	Preflight        bool `json:"preflightNeeded"`
	PreflightAllowed bool `json:"preflightAllowed"`
	// Nowhere reports whether the address leads to no method of an API; left out if it does.
	Nowhere string `json:"nowhere,omitempty"`
	// Readable names the headers of the response that the page's script can read; empty if it cannot read the response.
	Readable []string `json:"readable"`
	// Dropped names the headers that the page's script set and the browser does not send, since scripts may not set them;
	// left out if there is none.
	Dropped []string `json:"dropped,omitempty"`
	// Exchanges are all requests, in the order in which they were sent.
	Exchanges []*Exchange `json:"exchanges"`
	// NotSent says what would have been asked and was not, and why; left out if nothing was.
	NotSent string `json:"notSent,omitempty"`
	// Findings are what the rules say.
	Findings []report.Finding `json:"-"`
}

// An InputError is a request that cannot be surveyed: no page makes it, or CORS has no part in it.
type InputError struct{ Reason string }

func (e *InputError) Error() string { return e.Reason }

// Run asks, and judges the responses. Its errors are an [*InputError], a [*wire.Error] where the first request has no response,
// and the context's.
func Run(ctx context.Context, o Options) (*Result, error) {
	s, err := newSurveyor(o)
	if err != nil {
		return nil, err
	}
	if err := s.ask(ctx); err != nil {
		return nil, err
	}
	return s.judge(), nil
}

// newSurveyor makes the plans of what the page asks for.
func newSurveyor(o Options) (*surveyor, error) {
	if !strings.Contains(o.URL, "://") {
		// Not quoted: a password may stand in it.
		return nil, &InputError{"the URL has no scheme; want the whole address, such as https://api.example.com/prod/orders"}
	}
	if scheme, rest, ok := strings.Cut(o.URL, "://"); ok && (scheme == "http" || scheme == "https") {
		authority, _, _ := strings.Cut(strings.NewReplacer("?", "/", "#", "/", `\`, "/").Replace(rest), "/")
		if strings.Contains(authority, "@") {
			return nil, &InputError{"the URL has a user name or a password in it; give credentials by --bearer-env or --cookie"}
		}
	}
	s := &surveyor{Options: o, secrets: secretsOf(o)}
	s.Header = s.secrets.hide(o.Header)
	if o.BearerEnv != "" {
		s.Header = append(s.Header, browser.Field{Name: "authorization", Value: s.secrets.bearer(o.BearerEnv)})
	}
	for name := range s.secrets.lines {
		if n := len(valuesOf(s.Header, name)); n > 1 {
			return nil, &InputError{"the header " + name + " is given more than once"}
		}
	}
	s.Credentials = s.Credentials || o.Cookie != ""
	var err error
	s.page, _, err = s.plan(request{origin: s.Origin})
	var input *browser.InputError
	switch {
	case errors.As(err, &input):
		return nil, &InputError{input.Error()}
	case err != nil:
		return nil, err
	case s.page.Refused != nil:
		return nil, &InputError{"no page makes this request: " + s.secrets.redact(s.page.Refused.Message)}
	case !s.page.CrossOrigin:
		return nil, &InputError{"the page's origin is the API's own, " + s.Origin + ": CORS has no part in this"}
	}
	s.target, err = url.Parse(s.page.Request.URL)
	s.method = s.page.Request.Method
	return s, err
}

// mode is the credentials mode of a request with credentials, or without.
func (s *surveyor) mode(credentials bool) browser.Credentials {
	if credentials {
		return browser.Include
	}
	return browser.SameOrigin
}

// shown returns a verdict as it can be shown.
func (s *surveyor) shown(v simulate.Verdict) simulate.Verdict {
	v.Message, v.FailedParameter = report.Clip(s.secrets.redact(v.Message), Shown), report.Clip(s.secrets.redact(v.FailedParameter), Shown)
	return v
}

// verdict is what the browser concludes for a request with credentials, or without.
func (s *surveyor) verdict(credentials bool) (v simulate.Verdict, preflightAllowed bool) {
	with := *s
	with.Credentials = credentials
	plan, _, err := with.plan(request{origin: s.Origin})
	if err != nil {
		return simulate.Verdict{Message: "not known: " + err.Error()}, false
	}
	warning := ""
	if plan.NeedsPreflight() {
		v := simulate.VerdictOf(plan.CheckPreflight(s.pre.own.answer()))
		if !v.Allowed {
			return s.shown(v), false
		}
		warning = v.Warning
	}
	switch {
	case s.actual.own == nil && s.method != "GET" && !s.Send:
		return simulate.Verdict{Message: "not known: a request with " + s.method + " is sent only with --send"}, true
	case s.actual.own == nil:
		return simulate.Verdict{Message: "not known: the request got no response"}, true
	}
	end := plan.CheckResponse(s.actual.own.answer())
	if next, v := plan.Redirect(s.actual.own.answer()); end.Allowed && (next != nil || !v.Allowed) {
		return simulate.Verdict{Message: "not known: the response is a redirect, and redirects are not followed"}, true
	}
	v = s.shown(simulate.VerdictOf(end))
	v.Warning = warning
	return v, true
}

// answer returns the response as package browser reads it.
func (e *Exchange) answer() *browser.HTTPResponse {
	return &browser.HTTPResponse{Status: e.Response.Status, Header: e.raw}
}
