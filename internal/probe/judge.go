package probe

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/simulate"
)

// A judge makes findings of the responses.
type judge struct {
	*surveyor
	found []report.Finding
}

// judge returns the result.
func (s *surveyor) judge() *Result {
	r := &Result{Preflight: s.page.NeedsPreflight(), Exchanges: s.sent}
	for _, d := range s.page.Dropped {
		r.Dropped = append(r.Dropped, strings.ToLower(d.Name))
	}
	r.Without, _ = s.verdict(false)
	r.With, _ = s.verdict(true)
	r.Verdict, r.PreflightAllowed = s.verdict(s.Credentials)
	if s.unsent > 0 {
		r.NotSent = fmt.Sprintf("%d more requests were not sent: %s", s.unsent, s.stopped)
	}
	r.Readable = s.readable(r.Verdict)
	j := &judge{surveyor: s}
	j.unanswered()
	j.repeated()
	switch {
	case j.nowhere():
		r.Nowhere = "There is no such path, method or stage at this address, or it requires a signature (AWS_IAM)."
	case j.protocols(&s.pre):
	case !s.pre.own.Verdict.Allowed:
		j.refusedPreflight(s.pre.own)
	default:
		j.passedPreflight(s.pre.own)
	}
	j.own()
	j.others(&s.pre)
	j.others(&s.actual)
	j.vary(&s.pre)
	j.vary(&s.actual)
	j.mixed()
	j.errors()
	r.Findings = j.found
	return r
}

// readable names the headers of the response that the page's script can read, in lower case.
func (s *surveyor) readable(v simulate.Verdict) []string {
	out := []string{}
	if s.actual.own == nil || !v.Allowed {
		return out
	}
	for _, f := range s.page.Exposed(s.actual.own.answer()) {
		if name := strings.ToLower(f.Name); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// nowhere is about an address that leads to no method of the API, whatever a page can read of that. A GET decides it: a
// preflight alone may lack its OPTIONS method.
func (j *judge) nowhere() bool {
	e := j.actual.own
	if e == nil || e.cause.kind != noRoute {
		return false
	}
	j.report(rules.CORS517, e, "no such path, method or stage here: status %d, %s", e.Response.Status, e.cause.text)
	return true
}

// fix is that of a rule, with the page's origin, what it asks for and what is allowed already.
func (j *judge) fix(id rules.ID) rules.Fix {
	methods, headers := []string{j.method}, []string{}
	if e := j.pre.own; e != nil && e.Verdict.Allowed || e != nil && e.Response.Status/100 == 2 {
		allowed, _ := e.raw.Get(corsheader.AllowMethods)
		methods = append(corsheader.List(allowed), methods...)
		allowed, _ = e.raw.Get(corsheader.AllowHeaders)
		headers = append(headers, corsheader.List(strings.ToLower(allowed))...)
	}
	if p := j.page.Preflight; j.page.NeedsPreflight() {
		asked, _ := p.Header.Get(corsheader.RequestHeaders)
		headers = append(headers, corsheader.List(asked)...)
	}
	if s := j.service(); s != "" {
		if fix, ok := inSetting(s, id, j.Origin, methods, headers); ok {
			return fix
		}
	}
	return id.Rule().Fix.Fill(j.Origin, methods, headers)
}

// report adds a finding about an exchange. A rule is reported once for a method: what it says of one response, it says of the
// others.
func (j *judge) report(id rules.ID, e *Exchange, format string, args ...any) {
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		u = j.target
	}
	f := report.Finding{Fix: j.fix(id), File: u.Scheme + "://" + u.Host, Path: u.EscapedPath(), Method: e.Request.Method,
		Detail: fmt.Sprintf("exchange %d, %s: ", e.Number, e.Purpose) + report.Clip(j.secrets.redact(fmt.Sprintf(format, args...)), Shown)}
	if e.Verdict != nil && e.origin == j.Origin && id.Rule().Severity != rules.Info {
		f.Console = e.Verdict.Message
	}
	if !slices.ContainsFunc(j.found, func(g report.Finding) bool { return g.Rule == id && g.Method == f.Method }) {
		j.found = append(j.found, report.Of(id, f))
	}
}

// has reports whether a rule is reported already.
func (j *judge) has(ids ...rules.ID) bool {
	return slices.ContainsFunc(j.found, func(f report.Finding) bool { return slices.Contains(ids, f.Rule) })
}

// unanswered is about responses that did not come, or not whole.
func (j *judge) unanswered() {
	for _, e := range j.sent {
		switch {
		case e.Response == nil:
			j.report(rules.CORS503, e, "%s", e.Error)
		case e.Response.Broken != "":
			j.report(rules.CORS503, e, "%s", e.Response.Broken)
		}
	}
}

// repeated is about headers of which a browser takes one line only.
func (j *judge) repeated() {
	for _, e := range j.sent {
		if e.Response == nil {
			continue
		}
		for _, name := range []string{corsheader.AllowOrigin, corsheader.AllowCredentials, corsheader.MaxAge} {
			if values := valuesOf(e.raw, name); len(values) > 1 {
				j.report(rules.CORS502, e, "%s is sent %d times: %s", name, len(values), strings.Join(values, " and "))
			}
		}
	}
}

// protocols is about the same question over HTTP/2 and HTTP/1.1. It says whether the responses differ.
func (j *judge) protocols(q *exchanges) bool {
	if q.own == nil || q.http1 == nil || q.again == nil {
		return false
	}
	a, b := q.own, q.http1
	// What differs from one time to the next as well is not about protocols.
	if a.Verdict.Allowed == b.Verdict.Allowed && sent(a) == sent(b) || answered(a) != answered(q.again) {
		return false
	}
	j.report(rules.CORS501, a, "over %s it is %s; over %s (exchange %d) it is %s", a.Response.Protocol, answered(a), b.Response.Protocol, b.Number, answered(b))
	return true
}

// answered says in a few words what a response is.
func answered(e *Exchange) string {
	value, ok := e.raw.Get(corsheader.AllowOrigin)
	if !ok {
		return fmt.Sprintf("%d without %s", e.Response.Status, corsheader.AllowOrigin)
	}
	return fmt.Sprintf("%d with %s: %s", e.Response.Status, corsheader.AllowOrigin, value)
}

// sent is the origin that a response names; empty for none.
func sent(e *Exchange) string {
	if e == nil {
		return ""
	}
	value, _ := e.raw.Get(corsheader.AllowOrigin)
	return value
}

// refusedPreflight is about why the page's preflight does not pass: one fault, one rule.
func (j *judge) refusedPreflight(e *Exchange) {
	id, why := j.blame(e)
	if id == "" {
		return // said already
	}
	if !j.page.NeedsPreflight() && e.cause.kind == noRoute {
		j.report(rules.CORS119, e, "%s", why)
		return
	}
	if !j.page.NeedsPreflight() && !slices.Contains([]rules.ID{rules.CORS403, rules.CORS404, rules.CORS405, rules.CORS513}, id) {
		j.report(rules.CORS511, e, "%s (%s: %s)", why, id, id.Rule().Title)
		j.found[len(j.found)-1].Fix = j.fix(id)
		return
	}
	j.report(id, e, "%s", why)
	j.besides(e)
}

// passedPreflight is about what could be better in the response to the page's preflight.
func (j *judge) passedPreflight(e *Exchange) {
	if e.Verdict.Warning != "" {
		j.report(rules.CORS112, e, "%s", listOf(e, corsheader.AllowHeaders))
	}
	if value, ok := e.raw.Get(corsheader.MaxAge); ok && !j.has(rules.CORS502) {
		if fault := check.MaxAgeFault(value); fault != "" {
			j.report(rules.CORS117, e, "%s", fault)
		}
	}
	// A 415 is what PassthroughBehavior NEVER makes of it, which says what is wrong.
	if c := j.pre.contentType; c != nil && c.Response.Status >= 500 {
		j.report(rules.CORS107, c, "status %d", c.Response.Status)
	}
}

// own is about the response to the page's request.
func (j *judge) own() {
	e := j.actual.own
	if e == nil || j.has(rules.CORS517) || j.protocols(&j.actual) {
		return
	}
	if location, ok := e.raw.Get("Location"); ok && e.Response.Status/100 == 3 {
		j.report(rules.CORS515, e, "status %d to %s", e.Response.Status, location)
	}
	if e.Verdict.Allowed {
		_, exposes := e.raw.Get(corsheader.ExposeHeaders)
		if value, ok := j.pre.own.raw.Get(corsheader.ExposeHeaders); ok && !exposes {
			j.report(rules.CORS516, e, "the preflight's response has %s: %s, and this one has none", corsheader.ExposeHeaders, value)
		}
		return
	}
	j.unreadable(e)
}

// unreadable is about a response that the page cannot read: one fault, one rule.
func (j *judge) unreadable(e *Exchange) {
	value := sent(e)
	switch e.Verdict.Code {
	case browser.MultipleAllowOriginValues:
		if id := j.several(e); id != "" {
			j.report(id, e, "%s: %s", corsheader.AllowOrigin, value)
		}
	case browser.InvalidAllowOriginValue:
		j.report(rules.CORS205, e, "%s: %s", corsheader.AllowOrigin, value)
	case browser.WildcardOriginNotAllowed:
		j.report(rules.CORS206, e, "the response to a page with credentials has *")
	case browser.InvalidAllowCredentials:
		if !j.has(rules.CORS502) {
			j.report(rules.CORS507, e, "%s", credentialsOf(e))
		}
	case browser.AllowOriginMismatch:
		j.mismatch(e, value)
	case browser.MissingAllowOriginHeader:
		j.missing(e)
	}
}

// mismatch is about a response that names another origin than the page's.
func (j *judge) mismatch(e *Exchange, value string) {
	class := e.cause.ofGateway()
	switch {
	case !check.IsOrigin(value):
		j.report(rules.CORS205, e, "%s: %s", corsheader.AllowOrigin, value)
	case class > 0:
		j.gateway(e, class)
	case j.pre.own.Verdict.Allowed && j.actual.stranger != nil && sent(j.actual.stranger) != value:
		j.report(rules.CORS406, e, "the preflight passes, but the response allows %s", value)
	default:
		j.report(rules.CORS510, e, "%s: %s, for any page", corsheader.AllowOrigin, value)
	}
}

// missing is about a response without Access-Control-Allow-Origin.
func (j *judge) missing(e *Exchange) {
	switch class := e.cause.ofGateway(); {
	case class > 0:
		j.gateway(e, class)
	case e.cause.kind == challenged, e.cause.kind == blocked:
		j.report(rules.CORS404, e, "status %d: %s", e.Response.Status, e.cause.text)
	case e.cause.kind == forbidden && j.unknown != nil && j.unknown.cause.kind == forbidden:
		if !j.has(rules.CORS405, rules.CORS513) {
			id, why := j.blameForbidden(e)
			j.report(id, e, "%s", why)
		}
	case e.cause.kind == forbidden:
		j.gateway(e, 4)
	case e.Response.Status/100 == 2 && j.pre.own.Verdict.Allowed && variesByOrigin(e):
		j.report(rules.CORS406, e, "the preflight passes; the response has Vary: Origin and allows no origin")
	case e.Response.Status/100 == 2 && variesByOrigin(e) && j.refused(j.pre.own):
		j.report(rules.CORS109, e, "the origin was compared and refused: the response has Vary: Origin and allows no origin, and the preflight is refused too (%s)", answered(j.pre.own))
	default:
		j.report(rules.CORS510, e, "status %d without %s", e.Response.Status, corsheader.AllowOrigin)
	}
}

// refused reports whether something that looks at origins refused a preflight: nothing in front of the API did.
func (j *judge) refused(e *Exchange) bool {
	if e == nil || e.Verdict.Allowed || e.cause.kind != ofBackend {
		return false
	}
	id, _ := j.blameVerdict(e)
	return id == rules.CORS109
}

// gateway is about a response of API Gateway's own that cannot be read.
func (j *judge) gateway(e *Exchange, class int) {
	id := map[int]rules.ID{4: rules.CORS301, 5: rules.CORS302}[class]
	if u := j.unknown; class == 4 && e != u && u != nil && u.cause.kind == noRoute && u.Verdict.Allowed {
		id = rules.CORS303 // the default has the header, and this type does not
	}
	j.report(id, e, "%s: %s", answered(e), e.cause.text)
}

// errors is about whether errors can be read. Where there is no API, that has been said.
func (j *judge) errors() {
	if j.unknown != nil && j.unknown.cause.kind == forbidden {
		return
	}
	if j.has(rules.CORS517) {
		j.failing, j.bare = nil, nil // which ask for the same address
	}
	for _, e := range append([]*Exchange{j.unknown, j.bare}, j.failing...) {
		if e != nil && e.Response.Status >= 400 && !e.Verdict.Allowed {
			j.unreadable(e)
		}
	}
}

// others is about origins that are not the page's.
func (j *judge) others(q *exchanges) {
	if q.stranger == nil || q.own == nil {
		return
	}
	if value := sent(q.stranger); value == questions.Stranger || value == "*" {
		j.everybody(q, value)
		return
	}
	if value := sent(q.stranger); q == &j.pre && value != sent(q.own) && check.IsOrigin(value) {
		j.report(rules.CORS113, q.stranger, "a page of %s is sent %s", questions.Stranger, value)
	}
	if q == &j.pre && q.query != nil && sent(q.query) != sent(q.stranger) && (sent(q.query) == j.Origin || sent(q.query) == questions.Stranger) {
		j.report(rules.CORS114, q.query, "a page of %s is sent %s", questions.Stranger, sent(q.query))
	}
	if sent(q.null) == "null" && j.Origin != "null" {
		j.report(rules.CORS509, q.null, "%s: null", corsheader.AllowOrigin)
	}
	var near []string
	for _, e := range q.lookalikes {
		switch {
		case sent(e) != e.origin:
		case foreign(e.origin, j.Origin):
			j.report(rules.CORS115, e, "%s is allowed, and so is %s", j.Origin, e.origin)
		default:
			near = append(near, e.origin)
		}
	}
	if len(near) > 0 && q == &j.pre {
		j.report(rules.CORS514, q.own, "%s is allowed, and so are look-alikes of the same site: %s", j.Origin, strings.Join(near, ", "))
	}
}

// everybody is about responses that allow an origin that nobody has.
func (j *judge) everybody(q *exchanges, value string) {
	credentials, _ := q.stranger.raw.Get(corsheader.AllowCredentials)
	switch {
	case value == "*" && credentials == "true":
		j.report(rules.CORS206, q.stranger, "%s: *, and %s: true", corsheader.AllowOrigin, corsheader.AllowCredentials)
	case q == &j.actual && sent(j.pre.stranger) != value && j.pre.own.Verdict.Allowed:
		j.report(rules.CORS406, q.stranger, "the preflight of %s is refused, and the response has %s: %s", questions.Stranger, corsheader.AllowOrigin, value)
	case value != "*" && !j.has(rules.CORS116):
		j.report(rules.CORS116, q.stranger, "%s is allowed", questions.Stranger)
	}
}

// vary is about responses that differ from origin to origin and do not say so.
func (j *judge) vary(q *exchanges) {
	if q.own == nil || q.stranger == nil || !q.own.Verdict.Allowed || sent(q.own) == sent(q.stranger) {
		return
	}
	for _, e := range []*Exchange{q.own, q.stranger, q.none} {
		if e != nil && e.cause.kind == ofBackend && !variesByOrigin(e) {
			who := "a page of " + e.origin
			if e.origin == "" {
				who = "a request without Origin"
			}
			j.report(rules.CORS207, e, "the response to %s has no Vary: Origin", who)
			return
		}
	}
}

func variesByOrigin(e *Exchange) bool {
	vary, _ := e.raw.Get(corsheader.Vary)
	return corsheader.VariesByOrigin(vary)
}

// mixed is about a cache that sends one page's response to another.
func (j *judge) mixed() {
	for _, q := range []*exchanges{&j.pre, &j.actual} {
		if q.own != nil && q.again != nil && q.own.Response.Status == q.again.Response.Status && sent(q.own) != sent(q.again) {
			j.report(rules.CORS402, q.again, "%s, after %s in exchange %d", answered(q.again), answered(q.own), q.own.Number)
		}
	}
	first, own, stranger := j.fresh[1], j.actual.own, j.actual.stranger
	if own == nil || stranger == nil || !own.Verdict.Allowed {
		return
	}
	switch {
	case first != nil && first.Response.Status == own.Response.Status && sent(first) != sent(own):
		j.report(rules.CORS402, first, "%s after another page's request; %s in exchange %d, where this page was first", answered(first), answered(own), own.Number)
	case sent(own) == j.Origin && sent(stranger) == j.Origin && variesByOrigin(stranger) && (cached(stranger) || j.pre.stranger != nil && sent(j.pre.stranger) == ""):
		j.report(rules.CORS402, stranger, "it has Vary: Origin, but a page of another origin gets %s: a cache keeps the response, or the header is fixed and Vary is wrong", j.Origin)
	}
}

// cached reports whether a response is out of a cache (https://www.rfc-editor.org/rfc/rfc9111.html#field.age).
func cached(e *Exchange) bool {
	_, age := e.raw.Get("Age")
	hit, _ := e.raw.Get("X-Cache")
	return age || strings.HasPrefix(strings.ToLower(hit), "hit")
}
