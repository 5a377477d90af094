package probe

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/probe/wire"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/version"
)

// agent is the User-Agent of every request. Firewalls turn requests away that have none.
var agent = "corsgate/" + version.String()

// A surveyor sends requests, and keeps the responses apart by what they are to show.
type surveyor struct {
	Options
	secrets *secrets
	page    *browser.Plan
	target  *url.URL
	method  string // of the page's request

	sent    []*Exchange
	unsent  int
	stopped string // why nothing more is sent; empty if something may be
	failed  int    // how many requests, one after the other, had no response
	err     error  // why the last one had none

	pre, actual exchanges
	unknown     *Exchange    // for a path that is not there
	bare        *Exchange    // without the credentials that were given
	failing     []*Exchange  // what must fail
	fresh       [2]*Exchange // a stranger's and then the page's, at an address that nobody has asked before
}

// exchanges are the same questions for preflights and for the page's request. What was not asked, or not answered, is nil.
type exchanges struct {
	own         *Exchange // the page's, which decides
	http1       *Exchange // over HTTP/1.1
	stranger    *Exchange
	again       *Exchange // the page's own after the stranger's
	null, none  *Exchange
	lookalikes  []*Exchange
	contentType *Exchange // with a Content-Type
	query       *Exchange // the stranger's, with the page's origin in the query string
}

// A request is one to be sent.
type request struct {
	purpose   string
	own       bool // it is what the page itself asks
	preflight bool
	method    string         // of the request, or that a preflight asks for; empty for the page's
	origin    string         // empty for none
	url       string         // empty for the page's
	http1     bool           // HTTP/1.1 only
	bare      bool           // without the credentials that were given
	more      browser.Header // lines besides the page's
}

// ask sends everything, the most telling first. Its error is that of the first request, or the context's.
func (s *surveyor) ask(ctx context.Context) error {
	ask := func(r request) *Exchange { return s.send(ctx, r) }
	if s.pre.own = ask(request{purpose: "the page's preflight", own: true, preflight: true, origin: s.Origin}); s.pre.own == nil {
		if s.err == nil {
			return ctx.Err()
		}
		return s.err
	}
	repeat := s.method == "GET"
	if repeat || s.Send && s.page.CheckPreflight(s.pre.own.answer()).Allowed {
		s.actual.own = ask(request{purpose: "the page's request", own: true, origin: s.Origin})
	}
	s.pair(ask, &s.pre, true)
	s.pre.contentType = ask(request{purpose: "a preflight with a Content-Type", preflight: true, origin: s.Origin, more: browser.Header{{Name: "Content-Type", Value: "text/plain"}}})
	if s.Origin != "null" {
		s.pre.query = ask(request{purpose: "the origin in the query string", preflight: true, origin: questions.Stranger, url: s.beside("", "origin="+url.QueryEscape(s.Origin))})
	}
	s.unknown = ask(request{purpose: "a path that does not exist", method: "GET", origin: s.Origin, bare: true, url: s.beside("/corsgate/no/such/path", "")})
	if s.Errors {
		for _, f := range []browser.Field{{Name: "Authorization", Value: "corsgate-invalid"}, {Name: "Content-Type", Value: "application/x-corsgate-invalid"}} {
			s.failing = append(s.failing, ask(request{purpose: "a request that must fail", method: "GET", origin: s.Origin, bare: true, more: browser.Header{f}}))
		}
	}
	if !repeat {
		return ctx.Err()
	}
	if len(s.secrets.lines) > 0 {
		s.bare = ask(request{purpose: "without the credentials", origin: s.Origin, bare: true})
	}
	s.pair(ask, &s.actual, false)
	at := s.beside("", "corsgate-cache=1")
	s.fresh[0] = ask(request{purpose: "another origin first, with a new query string", origin: questions.Stranger, url: at})
	s.fresh[1] = ask(request{purpose: "the page, after that request", origin: s.Origin, url: at})
	return ctx.Err()
}

// pair asks what preflights and the page's request are both asked.
func (s *surveyor) pair(ask func(request) *Exchange, q *exchanges, preflight bool) {
	from := func(purpose, origin string) *Exchange {
		return ask(request{purpose: purpose, preflight: preflight, origin: origin})
	}
	if q.own == nil || q.own.Response.Protocol == "HTTP/2" {
		q.http1 = ask(request{purpose: "over HTTP/1.1", preflight: preflight, origin: s.Origin, http1: true})
	}
	q.stranger = from("another origin", questions.Stranger)
	q.again = from("the page again, after another origin", s.Origin)
	if s.Origin != "null" {
		q.null = from("the origin null", "null")
	}
	q.none = from("no origin", "")
	if s.Origin == "null" {
		return
	}
	for _, o := range questions.Lookalikes(s.Origin) {
		if e := from("a look-alike of the origin", o); e != nil {
			q.lookalikes = append(q.lookalikes, e)
		}
	}
}

// beside returns the page's URL with more of a path, or more of a query.
func (s *surveyor) beside(path, query string) string {
	u := *s.target
	if path != "" {
		u.RawQuery = ""
		return strings.TrimSuffix(u.String(), "/") + path
	}
	if u.RawQuery != "" {
		query = u.RawQuery + "&" + query
	}
	u.RawQuery = query
	return u.String()
}

// patience is how many requests, one after the other, may go without a response.
const patience = 3

// send sends a request and returns the exchange, or nil if there was no response.
func (s *surveyor) send(ctx context.Context, r request) *Exchange {
	if s.stopped == "" && len(s.sent) >= s.Max {
		s.stopped = fmt.Sprintf("--max-requests is %d", s.Max)
	}
	if s.stopped != "" || ctx.Err() != nil {
		s.unsent++
		return nil
	}
	plan, out, err := s.plan(r)
	if err != nil || out == nil {
		return nil // such as a look-alike that no browser would have
	}
	e := &Exchange{Number: len(s.sent) + 1, Purpose: r.purpose, Own: r.own, Request: *out, preflight: r.preflight, origin: r.origin}
	s.sent = append(s.sent, e)
	var body []byte
	if !r.preflight && r.method == "" {
		body = s.page.Request.Body
	}
	e.Curl = s.curl(*out, body, r.http1)
	res, err := s.Do(ctx, &wire.Outgoing{Method: out.Method, URL: out.URL, Header: s.secrets.real(out.Headers), Body: body, HTTP1: r.http1})
	if err != nil {
		s.err, e.Error = err, s.secrets.redact(err.Error())
		if s.failed++; s.failed == patience {
			s.stopped = fmt.Sprintf("%d requests, one after the other, got no response", patience)
		}
		return nil
	}
	s.failed = 0
	e.raw = res.Header
	e.Response = &Received{Protocol: res.Proto, Status: res.Status, Headers: s.secrets.answered(res.Header), Broken: res.Broken}
	if res.Proto == "HTTP/2" {
		for i, f := range e.Request.Headers {
			e.Request.Headers[i].Name = strings.ToLower(f.Name)
		}
	}
	e.cause = causeOf(e.answer(), string(res.Body))
	e.Cause = s.secrets.redact(e.cause.text)
	if res.Status >= 400 {
		e.Response.Body = report.Clip(s.secrets.redact(strings.ToValidUTF8(string(res.Body), "\uFFFD")), Shown)
	}
	if r.origin != "" {
		v := s.shown(simulate.VerdictOf(s.conclude(plan, e)))
		e.Verdict = &v
	}
	return e
}

// Shown is how many bytes are shown of what a server said.
const Shown = 1024

// plan returns what a browser would do, and the request on the wire, less what is done only once it goes.
func (s *surveyor) plan(r request) (*browser.Plan, *Sent, error) {
	of := browser.Call{Origin: r.origin, Method: s.Method, URL: s.URL, Body: s.Body, Credentials: s.mode(s.Credentials && !r.bare)}
	for _, f := range s.Header {
		if !r.bare || !s.secrets.stands(f) {
			of.Header = append(of.Header, f)
		}
	}
	if r.origin == "" {
		of.Origin = s.Origin
	}
	if r.url != "" {
		of.URL = r.url
	}
	if r.method != "" {
		of.Method, of.Body, of.Header = r.method, nil, nil
	}
	if !r.preflight {
		of.Header = append(of.Header, r.more...)
	}
	plan, err := browser.Prepare(of)
	if err != nil {
		return nil, nil, err
	}
	if r.preflight && !plan.NeedsPreflight() {
		// A preflight that asks for no header is what one is that an upload listener makes necessary.
		of.Header = append(of.Header, browser.Field{Name: questions.Any, Value: questions.Value(questions.Any)})
		if plan, err = browser.Prepare(of); err != nil {
			return nil, nil, err
		}
		plan.Preflight.Header = without(plan.Preflight.Header, corsheader.RequestHeaders)
	}
	if plan.Refused != nil {
		return plan, nil, nil
	}
	goes := plan.Request
	if r.preflight {
		goes = plan.Preflight
	}
	h := append(browser.Header{{Name: "User-Agent", Value: agent}}, goes.Header...)
	if r.origin == "" {
		h = without(h, "Origin")
	}
	if r.preflight {
		h = append(h, r.more...)
	}
	if s.Cookie != "" && goes.Credentials && !r.bare {
		h = append(h, browser.Field{Name: "Cookie", Value: cookieVariable})
	}
	return plan, &Sent{Method: goes.Method, URL: goes.URL, Headers: h}, nil
}

// conclude is what the browser makes of one response. That the header is not allowed which was to make a preflight necessary
// is not a refusal of the page's.
func (s *surveyor) conclude(plan *browser.Plan, e *Exchange) browser.Verdict {
	if !e.preflight {
		return plan.CheckResponse(e.answer())
	}
	v := plan.CheckPreflight(e.answer())
	if v.Code == browser.HeaderDisallowedByPreflightResponse && len(v.Disallowed) == 1 && v.Disallowed[0] == questions.Any {
		return browser.Verdict{Allowed: true}
	}
	return v
}

func without(h browser.Header, name string) browser.Header {
	return slices.DeleteFunc(slices.Clone(h), func(f browser.Field) bool { return strings.EqualFold(f.Name, name) })
}

// valuesOf returns the values of a header's lines.
func valuesOf(h browser.Header, name string) []string {
	var out []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			out = append(out, f.Value)
		}
	}
	return out
}

// foreign reports whether an origin is of another site than the page's, which no pattern that is meant for the page's own covers
// (https://html.spec.whatwg.org/#same-site).
func foreign(origin, page string) bool {
	site := func(s string) string {
		u, err := url.Parse(s)
		if err != nil {
			return s
		}
		if site, err := publicsuffix.EffectiveTLDPlusOne(u.Hostname()); err == nil {
			return site
		}
		return u.Hostname()
	}
	return site(origin) != site(page)
}
