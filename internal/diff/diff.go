// Package diff says what a browser would notice of the difference between two templates of an API: it asks the same
// questions of both, as package simulate answers them, and keeps those whose answers differ.
package diff

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
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
	Headers     []string `json:"headers"`
	Credentials bool     `json:"credentials"`

	extra  string            // the header that the question is about, besides those that the route cannot do without
	routes []questions.Route // those for which the outcome is the same; Method, Path and URL are the first one's
}

// each gives the same question for each of its routes.
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
	// Allowed says that the page can read the answer. Where Known is false that depends on a function that was not run.
	Allowed bool `json:"allowed"`
	Known   bool `json:"known"`
	// Code is the way in which CORS refuses, as Chromium's DevTools protocol names it.
	Code browser.Code `json:"code,omitempty"`
	// Preflight is allowed, refused, not known or, where there is no need for one, empty.
	Preflight string `json:"preflight,omitempty"`
	// Gateway is the type of API Gateway's own answer, where the page can read the answer and it is one of those.
	Gateway string `json:"gateway,omitempty"`
	// Exposed names the headers that the answer may have and the page can read besides the safelisted ones, where it can
	// read the answer; "*" stands for all.
	Exposed []string `json:"exposed,omitempty"`
	// MaxAge is for how many seconds a browser remembers the leave that a preflight gives, where one gives leave; a day at
	// most.
	MaxAge int `json:"maxAge,omitempty"`

	// Not a part of the outcome:
	answered   answered // for caches
	redirected bool     // a path decides where to
}

func (o Outcome) equal(p Outcome) bool {
	return slices.Equal(o.Exposed, p.Exposed) && o.Allowed == p.Allowed && o.Known == p.Known && o.Code == p.Code &&
		o.Preflight == p.Preflight && o.Gateway == p.Gateway && o.MaxAge == p.MaxAge
}

// notServed is the type of the answer where there is no route.
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

// Of gives the outcome that a report is about.
func Of(r *simulate.Report) Outcome {
	o := Outcome{Allowed: r.Verdict.Allowed, Known: r.Verdict.Known, Code: r.Verdict.Code, answered: answeredBy(r), redirected: len(r.Redirects) > 0}
	if o.Known && !o.Allowed {
		// Why it is refused is in the code; what else the answer would have been does not reach the page.
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

// only gives one header of an answer.
func only(r *simulate.Response, name string) browser.Header {
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

// An ErrorChange is one of API Gateway's own answers, which a page could read and cannot, or the other way round.
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

	classes  map[string][]questions.Route // the routes that are alike, by their first one's name
	asked    []Question
	outcomes [2][]Outcome // of asked
}

// Empty says that browsers would notice nothing.
func (d *Difference) Empty() bool {
	return len(d.Changes) == 0 && len(d.Errors) == 0 && len(d.Caches) == 0
}

// Looser says that something is allowed that was not.
func (d *Difference) Looser() bool {
	return slices.ContainsFunc(d.Changes, func(c Change) bool { return c.Direction == Looser }) ||
		slices.ContainsFunc(d.Errors, func(c ErrorChange) bool { return c.Direction == Looser })
}

// Between asks both sites the questions that either's template suggests.
func Between(ctx context.Context, before, after *simulate.Site) (*Difference, error) {
	d := &Difference{Origins: questions.Origins(before.API, after.API), Routes: routes(before.API, after.API)}
	alike := classes(before, after, d.Routes)
	if err := d.ask(ctx, before, after, alike); err != nil {
		return nil, err
	}
	if apart := d.apart(alike); len(apart) > len(alike) {
		if err := d.ask(ctx, before, after, apart); err != nil {
			return nil, err
		}
	}
	d.classes = map[string][]questions.Route{}
	for _, q := range d.asked {
		d.Questions += len(q.routes)
		d.classes[q.route()] = q.routes
	}
	for i, q := range d.asked {
		if b, a := d.outcomes[0][i], d.outcomes[1][i]; !b.equal(a) {
			d.Changes = append(d.Changes, Change{q, b, a, direction(b, a)})
		}
	}
	if err := d.caches(ctx, before, after); err != nil {
		return nil, err
	}
	return d, d.errors(ctx, before, after)
}

// ask asks both sites about routes, of which those are together that are alike.
func (d *Difference) ask(ctx context.Context, before, after *simulate.Site, alike [][]questions.Route) error {
	d.asked = product(d.Origins, alike, questions.Headers(before.API, after.API))
	for i, site := range []*simulate.Site{before, after} {
		var err error
		if d.outcomes[i], err = ask(ctx, site, d.asked); err != nil {
			return err
		}
	}
	return nil
}

// apart takes routes apart that redirect: the same Location leads from another path to another place.
func (d *Difference) apart(alike [][]questions.Route) [][]questions.Route {
	redirected := map[string]bool{}
	for i, q := range d.asked {
		if d.outcomes[0][i].redirected || d.outcomes[1][i].redirected {
			redirected[q.route()] = true
		}
	}
	var out [][]questions.Route
	for _, routes := range alike {
		if !redirected[Question{Method: routes[0].Method, Path: routes[0].Path}.route()] {
			out = append(out, routes)
			continue
		}
		for _, r := range routes {
			out = append(out, []questions.Route{r})
		}
	}
	return out
}

// routes gives those of both APIs. One that both have is named as the second has it, unless it is written out in the
// first alone, and cannot do without what either wants of it.
func routes(before, after *gateway.API) []questions.Route {
	out := questions.Routes(after)
	for _, r := range questions.Routes(before) {
		at := slices.IndexFunc(out, func(o questions.Route) bool { return o.Method == r.Method && o.URL == r.URL })
		if at < 0 {
			out = append(out, r)
			continue
		}
		if parameters(r.Path) < parameters(out[at].Path) {
			out[at].Path = r.Path
		}
		out[at].Identity = append(slices.Clone(out[at].Identity), r.Identity...)
		slices.Sort(out[at].Identity)
		out[at].Identity = slices.Compact(out[at].Identity)
	}
	slices.SortStableFunc(out, func(a, b questions.Route) int { return strings.Compare(a.Path, b.Path) })
	return out
}

func parameters(path string) int { return strings.Count(path, "{") }

// classes puts routes together of which both sites answer the same requests alike.
func classes(before, after *simulate.Site, routes []questions.Route) [][]questions.Route {
	var out [][]questions.Route
	at := map[string]int{}
	for _, r := range routes {
		var key strings.Builder
		fmt.Fprintf(&key, "%s %q", r.Method, r.Identity)
		for _, site := range []*simulate.Site{before, after} {
			fmt.Fprintf(&key, "%q %q", site.Behaviour(r.Method, r.URL).Key, site.Behaviour("OPTIONS", r.URL).Key)
		}
		i, ok := at[key.String()]
		if !ok {
			i = len(out)
			at[key.String()] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], r)
	}
	return out
}

// bare is the question what becomes of a request that lacks what the route cannot do without.
const bare = "(bare)"

// product returns every combination as a question. Headers are asked for one by one, since a preflight allows them one by one.
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

// extras gives what a route is asked with besides what it wants: nothing, each header and, if it wants something, the lack
// of it.
func extras(r questions.Route, headers []string) []string {
	out := []string{""}
	if len(r.Identity) > 0 {
		out = append(out, bare)
	}
	for _, h := range headers {
		if !slices.Contains(r.Identity, h) {
			out = append(out, h)
		}
	}
	return out
}

// with gives the headers of a request to a route.
func with(r questions.Route, extra string) []string {
	set := append([]string{}, r.Identity...)
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

// Request gives the page's request of a question.
func (q Question) Request() browser.Request {
	r := browser.Request{Origin: q.Origin, Method: q.Method, URL: q.URL}
	if q.Credentials {
		r.Credentials = browser.Include
	}
	for _, name := range q.Headers {
		r.Header = append(r.Header, browser.Field{Name: name, Value: questions.Value(name)})
	}
	return r
}

// ask gives the outcomes of questions.
func ask(ctx context.Context, site *simulate.Site, questions []Question) ([]Outcome, error) {
	out := make([]Outcome, len(questions))
	workers := min(runtime.GOMAXPROCS(0), len(questions))
	faults := make([]error, workers)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			own := *site
			own.Memo = &simulate.Memo{}
			// The questions of an origin are neighbours; what they have in common is asked once.
			from, to := len(questions)*w/workers, len(questions)*(w+1)/workers
			for i := from; i < to && ctx.Err() == nil; i++ {
				if i > from && questions[i].Origin != questions[i-1].Origin {
					own.Memo.Forget()
				}
				report, err := own.Run(ctx, questions[i].Request())
				if err != nil {
					faults[w] = err
					return
				}
				out[i] = Of(report)
			}
		})
	}
	wait.Wait()
	for _, err := range append(faults, ctx.Err()) {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// errors compares the gateway's own answers. None needs a preflight to be read: what it takes to come by most of them,
// such as a token that has expired, is a request that a preflight has let pass.
func (d *Difference) errors(ctx context.Context, before, after *simulate.Site) error {
	kinds := errorKinds(before.API, after.API)
	for _, o := range d.Origins {
		for _, types := range kinds {
			for _, credentials := range []bool{false, true} {
				c := ErrorChange{Origin: o.Origin, Credentials: credentials, Type: types[0]}
				var err error
				if c.Before, err = readable(ctx, before, c); err == nil {
					c.After, err = readable(ctx, after, c)
				}
				if err != nil {
					return err
				}
				if c.Before == c.After {
					continue
				}
				c.Direction = Stricter
				if c.After {
					c.Direction = Looser
				}
				for _, c.Type = range types {
					d.Errors = append(d.Errors, c)
				}
			}
		}
	}
	return nil
}

// errorKinds puts the types of gateway responses together that have the same headers in both APIs.
func errorKinds(before, after *gateway.API) [][]string {
	var out [][]string
	at := map[string]int{}
	for _, typ := range apigw.GatewayResponseTypes() {
		if strings.HasPrefix(typ, "DEFAULT_") {
			continue // others inherit from it, and nobody is sent it
		}
		b, a := before.GatewayResponse(typ), after.GatewayResponse(typ)
		key := fmt.Sprintf("%s %#v %s %#v", b.From, b.Parameters, a.From, a.Parameters)
		if strings.Contains(key, "context.") {
			key += typ // $context.error says which it is
		}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], typ)
	}
	return out
}

// readable says whether a page can read a gateway response.
func readable(ctx context.Context, site *simulate.Site, c ErrorChange) (bool, error) {
	req := browser.Request{Origin: c.Origin, URL: simulate.Base(site.API) + "/"}
	if c.Credentials {
		req.Credentials = browser.Include
	}
	ex, err := browser.Run(req, func(r *browser.HTTPRequest) (*browser.HTTPResponse, error) {
		in := &gateway.Request{Method: r.Method, Path: "/"}
		for _, f := range r.Header {
			name := f.Name
			if !site.HTTP1 {
				name = strings.ToLower(name)
			}
			in.Headers = append(in.Headers, gateway.Header{Name: name, Value: f.Value})
		}
		res := site.API.Refuse(ctx, in, c.Type)
		out := &browser.HTTPResponse{Status: res.Status, Body: res.Body}
		for _, h := range res.Headers {
			out.Header = append(out.Header, browser.Field{Name: h.Name, Value: h.Value})
		}
		return out, nil
	}, nil)
	return ex.Verdict.Allowed, err
}
