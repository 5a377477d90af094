// Package diff says what a browser would notice of the difference between two templates of an API: it asks the same
// questions of both, as package simulate responds to them, and keeps those whose responses differ.
package diff

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/simulate"
)

// A Question is one request of a page.
type Question struct {
	Origin string `json:"origin"`
	Method string `json:"method"`
	// Path is the resource's, such as /items/{id}, and URL the path that was asked for, /items/1.
	Path string `json:"path"`
	URL  string `json:"url"`
	// Headers are those that the page's script sets, in lower case and sorted.
	Headers     []string `json:"headers" jsonschema:"nullable"`
	Credentials bool     `json:"credentials"`

	extra  string            // the header that the question is about, besides those that the route cannot do without
	routes []questions.Route // those for which the outcome is the same; Method, Path and URL are the first one's
}

// each returns the same question for each of its routes.
func (q Question) each(yield func(Question) bool) {
	for _, r := range q.routes {
		one := q
		one.Method, one.Path, one.URL = r.Method, r.Path, r.URL
		if !yield(one) {
			return
		}
	}
}

// route names the route of a question.
func (q Question) route() string { return q.Method + " " + q.Path }

// An Outcome is what comes of a question.
type Outcome struct {
	// Allowed says that the page can read the response. Where Known is false that depends on a function that was not run.
	Allowed bool `json:"allowed"`
	Known   bool `json:"known"`
	// Code is the way in which CORS refuses, as Chromium's DevTools protocol names it.
	Code browser.Code `json:"code,omitempty"`
	// Preflight is allowed, refused, not known or, where there is no need for one, empty.
	Preflight string `json:"preflight,omitempty"`
	// Gateway is the type of API Gateway's own response, where the page can read the response and it is one of those.
	Gateway string `json:"gateway,omitempty"`
	// Exposed names the headers that the response may have and the page can read besides the safelisted ones, where it can
	// read the response; "*" stands for all.
	Exposed []string `json:"exposed,omitempty"`
	// MaxAge is for how many seconds a browser remembers the leave that a preflight gives, where one gives leave; a day at
	// most.
	MaxAge int `json:"maxAge,omitempty"`

	// Not a part of the outcome:
	answered   answered // for caches
	redirected bool     // a path decides where to
	equalities []simulate.Equality
	// open says why the outcome is not known where the template leaves it open, or this model does; empty if it is known, or
	// a function that was not run decides.
	open string
	// unread has what of the headers is known only at deployment and is not compared by asking, and away where a redirect leads
	// that leaves the API.
	unread, away string
}

func (o Outcome) equal(p Outcome) bool {
	return slices.Equal(o.Exposed, p.Exposed) && o.Allowed == p.Allowed && o.Known == p.Known && o.Code == p.Code &&
		o.Preflight == p.Preflight && o.Gateway == p.Gateway && o.MaxAge == p.MaxAge
}

// notServed is the type of the response where there is no route.
const notServed = apigw.MissingAuthenticationToken

// reach says how far a page gets: the higher, the farther.
func (o Outcome) reach() int {
	switch {
	case o.Allowed && o.Gateway == "":
		return 3
	case !o.Known:
		return 2
	case o.Allowed && o.Gateway != notServed:
		return 1 // an error, and yet one that it can read
	}
	// A route that is not there is no use to a page, whether or not it can read so. Whether it can is not a matter of the
	// route, and is asked for itself.
	return 0
}

// Of returns the outcome that a report is about.
func Of(r *simulate.Report) Outcome {
	o := Outcome{Allowed: r.Verdict.Allowed, Known: r.Verdict.Known, Code: r.Verdict.Code, answered: answeredBy(r), redirected: len(r.Redirects) > 0, unread: unread(r)}
	if n := len(r.Redirects); n > 0 && r.Actual.Response == nil {
		o.away = r.Redirects[n-1].Actual.Response.Headers.Get("Location")
	}
	for _, v := range []simulate.Verdict{r.Verdict, r.Preflight.Verdict} {
		if v.Undecided && o.open == "" {
			o.open = strings.TrimPrefix(v.Message, "not known: ")
		}
	}
	if o.Known && !o.Allowed {
		// Why it is refused is in the code; what else the response would have been does not reach the page.
		return o
	}
	if r.Preflight.Needed {
		o.Preflight = "not known"
		if v := r.Preflight.Verdict; v.Allowed {
			o.Preflight = "allowed"
			if r.Preflight.Response != nil {
				// Firefox remembers for longest; what is beyond its cap is beyond everybody's.
				o.MaxAge = int(browser.Firefox.MaxAge(only(r.Preflight.Response, corsheader.MaxAge)) / time.Second)
			}
		}
	}
	if o.Allowed && r.Actual.Response != nil {
		if c := r.Trace.Actual; c != nil && c.GatewayResponse != nil {
			o.Gateway = c.GatewayResponse.Type
		}
		if o.Gateway != notServed {
			for _, name := range browser.ExposedNames(only(r.Actual.Response, corsheader.ExposeHeaders), r.Actual.Request.Credentials) {
				if !browser.SafelistedResponseHeader(name) {
					o.Exposed = append(o.Exposed, name)
				}
			}
		}
	}
	return o
}

// unread returns what responses have in headers that decide, and that only a deployment knows. Origins are asked from.
func unread(r *simulate.Report) string {
	var out []string
	for _, response := range []*simulate.GotResponse{r.Preflight.Response, r.Actual.Response} {
		if response == nil {
			continue
		}
		for _, name := range []string{corsheader.AllowCredentials, corsheader.AllowHeaders, corsheader.AllowMethods, corsheader.ExposeHeaders, corsheader.MaxAge, corsheader.Vary} {
			if v := response.Headers.Get(name); cfn.HasSymbol(v) {
				out = append(out, name+": "+v)
			}
		}
	}
	return strings.Join(out, ", ")
}

// only returns one header of a response.
func only(r *simulate.GotResponse, name string) browser.Header {
	if v, ok := r.Headers[strings.ToLower(name)]; ok {
		return browser.Header{{Name: name, Value: v}}
	}
	return nil
}

// A Direction is where a change goes.
type Direction string

// The directions. What is only different lets nobody further and keeps nobody back: another reason for the same refusal,
// another time for which a preflight is remembered.
const (
	Looser    Direction = "looser"
	Stricter  Direction = "stricter"
	Different Direction = "different"
)

func direction(before, after Outcome) Direction {
	switch b, a := before.reach(), after.reach(); {
	case a > b:
		return Looser
	case a < b:
		return Stricter
	}
	lacking := func(o Outcome) func(string) bool {
		return func(h string) bool { return !slices.Contains(o.Exposed, h) && !slices.Contains(o.Exposed, "*") }
	}
	gained, lost := slices.ContainsFunc(after.Exposed, lacking(before)), slices.ContainsFunc(before.Exposed, lacking(after))
	switch {
	case gained:
		return Looser // even if others are lost: a reviewer has to see it
	case lost:
		return Stricter
	}
	return Different
}

// A Change is a question whose outcome is not what it was.
type Change struct {
	Question
	Before    Outcome   `json:"before"`
	After     Outcome   `json:"after"`
	Direction Direction `json:"direction"`
}

// An ErrorChange is one of API Gateway's own responses, which a page could read and cannot, or the other way round.
type ErrorChange struct {
	Origin      string `json:"origin"`
	Credentials bool   `json:"credentials"`
	// Type is the gateway response's.
	Type      string    `json:"type"`
	Before    bool      `json:"before"`
	After     bool      `json:"after"`
	Direction Direction `json:"direction"`
}

// A Difference is all that browsers would notice.
type Difference struct {
	// Questions counts what was asked, for each route.
	Questions int
	Origins   []questions.Origin
	Routes    []questions.Route
	// Changes has one change for all routes that are alike; see [Question.each].
	Changes []Change
	Errors  []ErrorChange
	Caches  []CacheChange
	// Cases has what changes in some of the ways alone in which the templates can be deployed.
	Cases []*Case
	// NotCompared is what could not be compared.
	NotCompared []NotCompared
	// Address says what becomes of the address that pages use.
	Address []AddressChange
	// Functions are those whose code or settings are others, and whose own responses may therefore differ.
	Functions []FunctionChange
	// Wants has what routes of both sides want of a request besides what CORS is about, where that changes.
	Wants []Want

	only     map[string]Direction         // the routes that one side alone has, as New or Gone
	served   map[string]Direction         // the same of those that another route serves on the other side
	removed  bool                         // all of the API is gone
	classes  map[string][]questions.Route // the routes that are alike, by their first one's name
	asked    []Question
	outcomes [2][]Outcome   // of asked
	every    [][2][]Outcome // the same in each of the ways of which this tells, outcomes being the first
	groups   []Group        // once they were asked for
	cut      shortcuts
	apps     []*cfn.App // whose symbols are in texts
	ports    *ports
}

// A Case is a way in which templates can be deployed that have conditions which are not decided.
type Case struct {
	// If says which, as "IsProd is true".
	If string
	*Difference
}

// NotCompared is something that may change for browsers or not, which is not known.
type NotCompared struct {
	// Route is GET /items and so on; empty for what is about the whole API.
	Route string `json:"route,omitempty"`
	Why   string `json:"why"`
	// If says in which case, where it is so in some cases alone.
	If string `json:"if,omitempty"`
}

// Empty reports whether browsers would notice nothing, as far as both sides could be compared.
func (d *Difference) Empty() bool {
	return len(d.Changes) == 0 && len(d.Errors) == 0 && len(d.Caches) == 0 && len(d.Cases) == 0 && len(d.Address) == 0 && len(d.Wants) == 0 && len(d.only) == 0 && len(d.served) == 0
}

// Looser reports whether something is allowed that was not.
func (d *Difference) Looser() bool {
	return slices.ContainsFunc(d.Changes, func(c Change) bool { return c.Direction == Looser }) ||
		slices.ContainsFunc(d.Errors, func(c ErrorChange) bool { return c.Direction == Looser }) ||
		slices.ContainsFunc(d.Cases, func(c *Case) bool { return c.Looser() })
}

// show writes expressions instead of what stands for them.
func (d *Difference) show(text string) string { return cfn.Show(d.ports.show(text), d.apps...) }

// Between asks both sites the questions that either's template suggests. What stands behind them is taken to be the same.
func Between(ctx context.Context, before, after *simulate.Site) (*Difference, error) {
	return across(ctx, []*view{{sites: [2]*simulate.Site{before, after}}}, standing, nil, nil)
}

// Against compares an app, in each way in which its conditions can turn out, with an API that is deployed. Load loads the
// same API from it. What only a deployment knows in the app is not compared, and neither is what differs in some of the ways
// alone: one of them may have been deployed.
func Against(ctx context.Context, app *cfn.App, load func(*cfn.App) (*simulate.Site, error), live *simulate.Site) (*Difference, error) {
	ways, _ := explore([2]*cfn.App{app, app})
	var views []*view
	for _, w := range ways {
		site, err := load(w.apps[0])
		if err != nil {
			return nil, err
		}
		views = append(views, &view{facts: w.facts, sites: [2]*simulate.Site{site, live}})
	}
	d, err := across(ctx, views, drift, nil, nil)
	if err != nil {
		return nil, err
	}
	for _, c := range d.Cases {
		d.NotCompared = append(d.NotCompared, NotCompared{Why: "it is not known which variant of the template was deployed", If: c.If})
	}
	d.Cases = nil
	return d, nil
}

// routes returns those of APIs, the second of a pair before the first. One that several have is named as the first of them
// has it, unless it is written out in another, and cannot do without what any wants of it.
func routes(views []*view) []questions.Route {
	var out []questions.Route
	at := map[string]int{}
	for _, v := range views {
		for _, site := range []*simulate.Site{v.sites[1], v.sites[0]} {
			for _, r := range questions.Routes(site.API) {
				i, ok := at[r.Method+" "+r.URL]
				if !ok {
					at[r.Method+" "+r.URL] = len(out)
					out = append(out, r)
					continue
				}
				if parameters(r.Path) < parameters(out[i].Path) {
					out[i].Path = r.Path
				}
				out[i].Identity = append(slices.Clone(out[i].Identity), r.Identity...)
				slices.Sort(out[i].Identity)
				out[i].Identity = slices.Compact(out[i].Identity)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b questions.Route) int { return strings.Compare(a.Path, b.Path) })
	return out
}

func parameters(path string) int { return strings.Count(path, "{") }

// bare is the question what becomes of a request that lacks what the route cannot do without.
const bare = "(bare)"

// without begins the question what becomes of a request that lacks one of these.
const without = "(without) "

// product returns every combination as a question, by origin. Headers are asked for one by one, since a preflight allows them one by one.
func product(origins []questions.Origin, routes [][]questions.Route, headers []string) []Question {
	var out []Question
	for _, o := range origins {
		for _, alike := range routes {
			r := alike[0]
			for _, h := range extras(r, headers) {
				set := with(r, h)
				for _, credentials := range []bool{false, true} {
					out = append(out, Question{o.Origin, r.Method, r.Path, r.URL, set, credentials, h, alike})
				}
			}
		}
	}
	return out
}

// extras returns what a route is asked with besides what it wants: nothing, each header and, if it wants something, the lack
// of it.
func extras(r questions.Route, headers []string) []string {
	out := []string{""}
	if len(r.Identity) > 0 {
		out = append(out, bare)
	}
	if len(r.Identity) > 1 {
		for _, h := range r.Identity {
			out = append(out, without+h)
		}
	}
	for _, h := range headers {
		if !slices.Contains(r.Identity, h) {
			out = append(out, h)
		}
	}
	return out
}

// with returns the headers of a request to a route.
func with(r questions.Route, extra string) []string {
	set := append([]string{}, r.Identity...)
	if lacking, ok := strings.CutPrefix(extra, without); ok {
		return slices.DeleteFunc(set, func(h string) bool { return h == lacking })
	}
	switch extra {
	case "":
	case bare:
		return []string{}
	default:
		set = append(set, extra)
	}
	slices.Sort(set)
	return set
}

// Request returns the page's request of a question.
func (q Question) Request() browser.Call {
	r := browser.Call{Origin: q.Origin, Method: q.Method, URL: q.URL}
	if q.Credentials {
		r.Credentials = browser.Include
	}
	for _, name := range q.Headers {
		r.Header = append(r.Header, browser.Field{Name: name, Value: questions.Value(name)})
	}
	return r
}
