package simulate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
)

// A Judge says what a browser would do with requests to one API of an app, by all that is known of it. What only a deployment
// knows is looked at in both ways: conditions that are not decided, one at a time, and those in a branch of another with that one;
// and values that may be an origin.
//
// A verdict that is the same in every way is the verdict. One that would be another if a value were the page's own origin
// is one under an assumption; any other that differs is not known.
type Judge struct {
	// Site is the API as the app's own side of every condition has it. Its Base, Cache, HTTP1 and Memo may be set before the
	// first request.
	Site *Site

	app     *cfn.App
	opts    gateway.Options
	backend func(*cfn.App) gateway.Backend

	mu         sync.Mutex
	looked     bool
	base       *Site             // Site, with keys
	keys       map[string]string // those that are looked up in mappings, by the symbol's ID
	sides      []side
	candidates []candidate
	lists      map[string]bool // whether a symbol is read as a list, by its id
	exists     []Assumption    // that the API is there
}

// A side is the API with one condition taken the other way, or with another key of a mapping.
type side struct {
	name, on string // what is asked, and what it hangs on: IsProd, "IsProd, which depends on Stage"
	holds    bool   // the response on the side that is the base
	// key is the one that is looked up on this side, and was the base's; name asks for neither.
	key, was string
	site     *Site
}

// NewJudge loads an API as [gateway.Load] does. Backend makes what stands behind it, for an app and for the same under
// other values.
func NewJudge(app *cfn.App, opts gateway.Options, backend func(*cfn.App) gateway.Backend) (*Judge, error) {
	api, err := conditional(app, opts)
	if err != nil {
		return nil, err
	}
	app = api.App
	opts.API = app.Name(api.Rest)
	if api.StageID != "" {
		opts.Stage = app.Show(api.Stage)
	}
	return &Judge{Site: &Site{API: api, Backend: backend(app)}, app: app, opts: opts, backend: backend, lists: map[string]bool{}, keys: map[string]string{}}, nil
}

// conditional loads an API. If it is not there on the app's own side of the conditions, it loads it on the other side of one. One
// that is not named has to be the only one on every side.
func conditional(app *cfn.App, opts gateway.Options) (*gateway.API, error) {
	found, err := gateway.Load(app, opts)
	if err != nil && !missing(err) || err == nil && opts.API != "" {
		return found, err
	}
	for _, c := range app.Undecided() {
		if !slices.ContainsFunc(c.Touches, touches) {
			continue
		}
		switch other, otherErr := gateway.Load(app.With(cfn.Options{Conditions: map[string]bool{c.Name: !c.Holds}}), opts); {
		case missing(otherErr):
		case err == nil && otherErr != nil && !several(otherErr): // of the API that was found
		case otherErr != nil:
			return nil, otherErr
		case found == nil:
			found = other
		case found.App.Name(found.Rest) != other.App.Name(other.Rest):
			return nil, &gateway.LoadError{Kind: gateway.SeveralAPIs, File: found.Rest.Stack.File,
				Msg: fmt.Sprintf("2 APIs under conditions: %s, %s; say which one is meant", found.App.Name(found.Rest), other.App.Name(other.Rest))}
		}
	}
	if found != nil {
		return found, nil
	}
	return nil, err
}

// missing reports whether an API could not be loaded because it is not there.
func missing(err error) bool { return faultOf(err) == gateway.NoAPI }

// several reports whether an API could not be loaded because there are several.
func several(err error) bool { return faultOf(err) == gateway.SeveralAPIs }

func faultOf(err error) gateway.LoadKind {
	if fault := (*gateway.LoadError)(nil); errors.As(err, &fault) {
		return fault.Kind
	}
	return ""
}

// absent is the assumption that a condition is not the side on which the API is not there.
func absent(c *cfn.Condition, holds bool) Assumption {
	on := ""
	if len(c.Symbols) > 0 {
		on = " (it depends on " + c.Symbols[0].String() + ")"
	}
	return Assumption{c.Name, fmt.Sprint(holds), fmt.Sprintf("unless %s is %t%s: then the API does not exist", c.Name, holds, on)}
}

// Exists is under which assumptions the API is there at all.
func (j *Judge) Exists() []Assumption {
	j.look()
	return j.exists
}

// under loads the same API of an app under other values, nil if it is not there.
func (j *Judge) under(opts cfn.Options) *Site {
	ids := maps.Clone(j.keys)
	maps.Copy(ids, opts.IDs)
	opts.IDs = ids
	app := j.app.With(opts)
	api, err := gateway.Load(app, j.opts)
	if err != nil {
		return nil
	}
	api.Stage = j.Site.API.Stage
	site := *j.Site
	site.API, site.Backend, site.Cache = api, j.backend(app), nil
	if site.Memo != nil {
		site.Memo = &Memo{}
	}
	return &site
}

// look finds what is not known, once.
func (j *Judge) look() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.looked {
		return
	}
	j.looked = true
	j.base = cmp.Or(j.keyed(cfn.Options{}), j.Site)
	j.base.API.App.Turns(touches, func(t cfn.Turn) *cfn.App {
		other := cfn.Options{Conditions: t.Conditions}
		site := j.keyed(other)
		if site != nil {
			j.sides = append(j.sides, side{name: t.Name, on: hangs(t.Condition), holds: t.Holds, site: site})
			return site.API.App
		}
		if _, err := gateway.Load(j.app.With(other), j.opts); missing(err) {
			j.exists = append(j.exists, absent(t.Condition, !t.Holds))
		}
		return nil
	})
	j.candidates = candidates(j.base.API)
}

// another is a key that no mapping has.
const another = "another value"

// keyed loads the API under options, and with a key for each lookup in a mapping that is not decided; the others are sides.
func (j *Judge) keyed(opts cfn.Options) *Site {
	site := j.Site
	if len(opts.Conditions) > 0 {
		site = j.under(opts)
	}
	for site != nil {
		i := slices.IndexFunc(site.API.App.Lookups(), func(l *cfn.Lookup) bool {
			_, has := j.keys[l.Symbol.ID()]
			return !has && slices.ContainsFunc(l.Touches, touches)
		})
		if i < 0 {
			break
		}
		l := site.API.App.Lookups()[i]
		list := slices.Sorted(slices.Values(l.Keys))
		if l.Default {
			list = append(list, another)
		}
		with := func(key string) cfn.Options {
			o := opts
			o.IDs = map[string]string{l.Symbol.ID(): key}
			return o
		}
		for _, key := range list[1:] {
			if other := j.under(with(key)); other != nil {
				j.sides = append(j.sides, side{name: l.Symbol.String(), on: l.Symbol.String(), key: key, was: list[0], site: other})
			}
		}
		j.keys[l.Symbol.ID()] = list[0]
		site = j.under(opts)
	}
	return site
}

// touches reports whether something that hangs on a condition may have to do with an API.
func touches(t cfn.Touch) bool {
	for _, of := range []string{"AWS::ApiGateway::", "AWS::ApiGatewayV2::", "AWS::Lambda::", "AWS::CloudFormation::Stack"} {
		if strings.HasPrefix(t.Type, of) {
			return true
		}
	}
	return t.Type == ""
}

// Ask is [Site.Run] by all that is known. Its report has stand-ins; [Report.Shown] is for printing.
func (j *Judge) Ask(ctx context.Context, req browser.Call) (*Report, error) {
	j.look()
	report, err := settle(ctx, j.base, req)
	if err != nil {
		return nil, err
	}
	out := *report
	if out.Verdict.Known || out.Preflight.known() {
		if err := j.assume(ctx, req, &out); err != nil {
			return nil, err
		}
	}
	if out.Verdict.Known || out.Preflight.known() {
		if err := j.equal(ctx, req, &out); err != nil {
			return nil, err
		}
	}
	decided := out.Verdict.Known
	out.Assumptions = append(out.Assumptions, j.exists...)
	base := outcome(j.base, req, report)
	var names []string
	for _, s := range j.sides {
		other, err := settle(ctx, s.site, req)
		if err != nil {
			return nil, err
		}
		if passes(other) != passes(report) {
			out.Preflight.Verdict = Verdict{Message: "not known: it depends on " + s.subject()}
		}
		if !decided || outcome(s.site, req, other) == base {
			continue
		}
		if subject := s.subject(); !slices.Contains(names, subject) {
			names = append(names, subject)
		}
		for _, a := range s.alternatives(said(j.base, req, report), said(s.site, req, other)) {
			if !slices.ContainsFunc(out.Alternatives, func(o Alternative) bool { return o.Condition == a.Condition && o.Holds == a.Holds }) {
				out.Alternatives = append(out.Alternatives, a)
			}
		}
	}
	if len(names) > 0 {
		out.Verdict = Verdict{Message: "not known: it depends on " + strings.Join(names, " and on ")}
	}
	return &out, nil
}

// Explain is [Judge.Ask] for printing.
func (j *Judge) Explain(ctx context.Context, req browser.Call) (*Report, error) {
	report, err := j.Ask(ctx, req)
	if err != nil {
		return nil, err
	}
	report.Equalities = nil
	apps := []*cfn.App{j.app, j.base.API.App}
	for _, s := range j.sides {
		apps = append(apps, s.site.API.App)
	}
	return report.Shown(func(text string) string { return j.app.Show(cfn.Show(text, apps...)) }), nil
}

// subject names what is looked at on both sides.
func (s side) subject() string {
	if s.key != "" {
		return s.on + ", by which a mapping is looked up"
	}
	return "the condition " + s.on
}

// alternatives are the verdicts on both sides.
func (s side) alternatives(base, other Verdict) []Alternative {
	switch {
	case s.key != "":
		return []Alternative{{s.name + " = " + s.was, true, base}, {s.name + " = " + s.key, true, other}}
	case s.holds:
		return []Alternative{{s.name, true, base}, {s.name, false, other}}
	}
	return []Alternative{{s.name, true, other}, {s.name, false, base}}
}

// hangs names a condition and what it hangs on.
func hangs(c *cfn.Condition) string {
	if len(c.Symbols) == 0 {
		return c.Name
	}
	return c.Name + ", which depends on " + c.Symbols[0].String()
}

// passes tells apart what becomes of preflights.
func passes(r *Report) string {
	return fmt.Sprint(r.Preflight.Needed, r.Preflight.Verdict.Known, r.Preflight.Verdict.Allowed)
}

// outcome tells verdicts apart.
func outcome(s *Site, req browser.Call, r *Report) string {
	switch m, _ := s.API.Route(method(req), path(req.URL)); {
	case !r.Verdict.Known:
		return "not known"
	case m == nil:
		return "no route"
	case r.Verdict.Allowed:
		return "allowed"
	}
	return "refused"
}

// said is the verdict of a side.
func said(s *Site, req browser.Call, r *Report) Verdict {
	if outcome(s, req, r) == "no route" {
		return Verdict{Known: true, Message: "the API has no such route"}
	}
	return r.Verdict
}

// method is a request's, as browsers send it.
func method(req browser.Call) string {
	return browser.NormalizeMethod(cmp.Or(req.Method, "GET"))
}

// path is that of a request's URL, without the query string.
func path(url string) string {
	out, _, _ := strings.Cut(url, "?")
	return out
}

// settle runs a request, in each way that a response can be which is not known.
func settle(ctx context.Context, s *Site, req browser.Call) (*Report, error) {
	report, err := s.Settled(ctx, req)
	if err != nil || report.Verdict.Known || report.Verdict.Undecided {
		return report, err
	}
	return s.Whichever(ctx, req, report)
}

// Settled is [Site.Run], whose verdict, and that of whose preflight, is not known where it depends on what stands in a header
// for a value that only a deployment knows, or on what a mapping template makes of one.
func (s *Site) Settled(ctx context.Context, req browser.Call) (*Report, error) {
	report, requests, err := s.run(ctx, req)
	if err != nil {
		return nil, err
	}
	out, _, err := s.settled(ctx, req, report, requests)
	return out, err
}

// settled is Settled of a report on requests that were sent. Hangs reports whether the verdict depends on what is not known.
func (s *Site) settled(ctx context.Context, req browser.Call, report *Report, requests []*sent) (settled *Report, hangs bool, err error) {
	if !report.Verdict.Known && !report.Preflight.known() {
		return report, false, nil
	}
	out := *report
	out.Open = len(unsettled(requests)) > 0 || slices.ContainsFunc(requests, func(r *sent) bool { return len(r.asks) > 0 })
	unknown := func(symbol *cfn.Symbol, why string) Verdict {
		return Verdict{Message: (&cfn.Unknown{Symbol: symbol}).Error() + why, Undecided: true}
	}
	sites, reports, sends := []*Site{s}, []*Report{report}, [][]*sent{requests}
	if symbols := unsettled(requests); len(symbols) > 0 {
		sites, reports, sends = nil, nil, nil
		for i, fill := range []func(string, *browser.HTTPRequest) string{Permissive, restrictive} {
			other := *s
			other.Memo = s.Memo.under([]string{"permissive", "restrictive"}[i])
			other.Fill = fill
			read, requests, err := other.run(ctx, req)
			if err != nil {
				return nil, false, err
			}
			sites, reports, sends = append(sites, &other), append(reports, read), append(sends, requests)
		}
		// With the stand-ins alone it may be refused for what no value is.
		_, preflight := differs(reports[0], reports[1])
		open := out.Open
		out = as(report, reports[1])
		if out.Open = open; reports[0].Verdict.Allowed != reports[1].Verdict.Allowed || reports[0].Verdict.Known != reports[1].Verdict.Known {
			out.Verdict, hangs = unknown(symbols[0], ""), true
		}
		if preflight {
			out.Preflight.Verdict = unknown(symbols[0], "")
		}
	}
	for i, site := range sites {
		found, err := site.decided(ctx, req, reports[i], sends[i])
		if err != nil {
			return nil, false, err
		}
		const why = ", and a mapping template decides by it"
		if symbol := found.hinge.verdict; symbol != nil && out.Verdict.Known {
			out.Verdict, hangs = unknown(symbol, why), true
		}
		if symbol := found.hinge.preflight; symbol != nil && out.Preflight.known() {
			out.Preflight.Verdict = unknown(symbol, why)
		}
		out.Equalities = union(out.Equalities, found.equalities)
	}
	return &out, hangs, nil
}

// as is a report, with the verdicts of another on the same request, and what comes after a preflight that passes only there.
func as(report, other *Report) Report {
	out := *report
	if verdict, preflight := differs(report, other); !verdict && !preflight {
		return out
	}
	out = *other
	out.Preflight.Response = report.Preflight.Response
	return out
}

// union adds equalities that are not in a list.
func union(list, more []Equality) []Equality {
	for _, e := range more {
		if !slices.ContainsFunc(list, e.same) {
			list = append(list, e)
		}
	}
	return list
}

// unsettled are the symbols in what responses say of methods, headers and credentials.
func unsettled(requests []*sent) []*cfn.Symbol {
	var out []*cfn.Symbol
	for _, r := range requests {
		out = append(out, r.unsettled...)
	}
	return out
}

// settles reports whether a response header, beside Access-Control-Allow-Origin, can decide a verdict.
func settles(name string) bool {
	switch strings.ToLower(name) {
	case "access-control-allow-methods", "access-control-allow-headers", "access-control-allow-credentials":
		return true
	}
	return false
}

// fill puts those of a list of names instead of every element with a stand-in that it may be, and takes nothing to
// stand there if it may be none.
func fill(app *cfn.App, value, with string) string {
	elements := strings.Split(value, ",")
	for i, element := range elements {
		at := app.StandIns(element)
		if len(at) == 0 {
			continue
		}
		pattern, bare, last := "(?i)^", "", 0
		for _, s := range at {
			pattern += regexp.QuoteMeta(element[last:s.From]) + ".+"
			bare += element[last:s.From]
			last = s.To
		}
		pattern = strings.Replace(pattern, "^ ", "^ *", 1)
		may := regexp.MustCompile(pattern + regexp.QuoteMeta(element[last:]) + "$")
		names := slices.DeleteFunc(strings.Split(with, ","), func(name string) bool { return !may.MatchString(name) })
		elements[i] = cmp.Or(strings.Join(names, ","), bare+element[last:])
	}
	return strings.Join(elements, ",")
}

// Permissive is a [Site.Fill] that lets the request in.
func Permissive(name string, r *browser.HTTPRequest) string {
	asked := func(header string) string {
		v, _ := r.Header.Get(header)
		return v
	}
	switch name {
	case "access-control-allow-methods":
		return asked("Access-Control-Request-Method")
	case "access-control-allow-headers":
		return asked("Access-Control-Request-Headers")
	}
	return "true"
}

// restrictive is a [Site.Fill] that lets nothing in.
func restrictive(name string, _ *browser.HTTPRequest) string {
	if name == "access-control-allow-credentials" {
		return "false"
	}
	return ""
}

// Whichever responds for integrations whose backend is not called: if every integration response leads to one verdict,
// that is it. Otherwise report, whose verdict is not known, stays.
func (s *Site) Whichever(ctx context.Context, req browser.Call, report *Report) (*Report, error) {
	count := func(c *Course) int {
		if c == nil || c.Resource == nil || c.Method == nil {
			return 1
		}
		r := s.API.Find(c.Resource.Path)
		if r == nil || r.Method(c.Method.Name) == nil || r.Method(c.Method.Name).Integration == nil {
			return 1
		}
		return max(1, len(r.Method(c.Method.Name).Integration.Responses))
	}
	preflights := count(report.Trace.Preflight)
	var first *Report
	for p := range preflights {
		actuals := 1
		for a := 0; a < actuals; a++ {
			other := *s
			other.Memo = s.Memo.under(fmt.Sprint("whichever ", p, a))
			other.Backend = which{s.Backend, p, a}
			read, requests, err := other.run(ctx, req)
			if err != nil {
				return nil, err
			}
			one, hangs, err := other.settled(ctx, req, read, requests)
			switch {
			case err != nil:
				return nil, err
			case hangs:
				out := *report
				if out.Verdict = one.Verdict; !one.Preflight.Verdict.Known {
					out.Preflight.Verdict = one.Preflight.Verdict
				}
				return &out, nil
			case !one.Verdict.Known:
				return report, nil
			case first == nil:
				first = one
			}
			verdict, preflight := differs(first, one)
			if verdict {
				return report, nil
			}
			if preflight {
				first.Preflight.Verdict = Verdict{Message: "not known: it depends on which integration response it is"}
			}
			first.Equalities = union(first.Equalities, one.Equalities)
			actuals = count(one.Trace.Actual)
		}
	}
	first.Open = true
	if first.Actual.Response != nil && first.Actual.StandIn == "" {
		first.Actual.StandIn = "what is behind the integration was not called; the verdict is the same whichever integration response it is"
	}
	return first, nil
}

// which is a backend that responds with integration responses instead of what is not called.
type which struct {
	gateway.Backend
	preflight, actual int
}

func (b which) instead(ctx context.Context, err error) error {
	var not *NotInvoked
	var no *gateway.Unavailable
	if !errors.As(err, &not) && !errors.As(err, &no) {
		return err
	}
	response := b.actual
	if n, ok := ctx.Value(notesKey{}).(*notes); ok && n.method == "OPTIONS" {
		response = b.preflight
	}
	return &gateway.Whichever{Response: response}
}

func (b which) Invoke(ctx context.Context, fn gateway.Function, event []byte) ([]byte, error) {
	if b.Backend == nil {
		b.Backend = notRun{}
	}
	out, err := b.Backend.Invoke(ctx, fn, event)
	if fn.Authorizer { // no integration response stands for it
		return out, err
	}
	return out, b.instead(ctx, err)
}

func (b which) HTTP(ctx context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	if b.Backend == nil {
		return nil, b.instead(ctx, notCalled(r.URL))
	}
	out, err := b.Backend.HTTP(ctx, r)
	return out, b.instead(ctx, err)
}

func (b which) AWS(ctx context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	if b.Backend == nil {
		return nil, b.instead(ctx, notCalled(r.URL))
	}
	out, err := b.Backend.AWS(ctx, r)
	return out, b.instead(ctx, err)
}

// A NoRoute is a request that no method of the API serves, whatever the conditions are.
type NoRoute struct {
	Method, Path string
	// There are the methods of the resource that the path leads to, empty if it leads to none.
	There []string
	// Nearest are routes that may be meant.
	Nearest []string
}

func (e *NoRoute) Error() string {
	if len(e.There) > 0 {
		return fmt.Sprintf("the API has no route %s %s; the path has %s", e.Method, e.Path, strings.Join(e.There, ", "))
	}
	if len(e.Nearest) == 0 {
		return fmt.Sprintf("the API has no route %s %s; it has none at all", e.Method, e.Path)
	}
	return fmt.Sprintf("the API has no route %s %s; the nearest: %s", e.Method, e.Path, strings.Join(e.Nearest, ", "))
}

// NoRoute returns a [*NoRoute] for a request that leads to no method of the API. Where parts of the API were not read, it
// may be there, and the error is nil: the verdict is not known then.
func (j *Judge) NoRoute(req browser.Call) error {
	j.look()
	sites := []*Site{j.base}
	for _, s := range j.sides {
		sites = append(sites, s.site)
	}
	out := &NoRoute{Method: method(req), Path: path(req.URL)}
	var all []string
	for _, s := range sites {
		m, at := s.API.Route(out.Method, out.Path)
		if m != nil || len(s.API.Elsewhere) > 0 {
			return nil
		}
		if at != nil && len(out.There) == 0 {
			for _, m := range at.Methods() {
				if m.HTTPMethod != "OPTIONS" {
					out.There = append(out.There, m.HTTPMethod)
				}
			}
		}
		for _, r := range s.API.Resources() {
			for _, m := range r.Methods() {
				if route := m.HTTPMethod + " " + r.Path; m.HTTPMethod != "OPTIONS" && !slices.Contains(all, route) {
					all = append(all, route)
				}
			}
		}
	}
	out.Nearest = cfn.Nearest(out.Method+" "+out.Path, all, 3)
	return out
}
