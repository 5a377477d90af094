package diff

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/plan"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/simulate"
)

// A view is both sides of an API in one world.
type view struct {
	sites [2]*simulate.Site
	facts []fact

	world  *world
	values map[*cfn.Symbol]string // given to symbols in this view
	tried  bool                   // values were looked for in what the templates say
	found  []simulate.Equality    // with which mapping templates compare
}

// A kind is routes of which both sides answer the same requests alike, in one view.
type kind struct {
	routes []questions.Route
	view   *view
	faces  [2]string // by side: the same text is answered alike, in whichever view and on whichever side
}

// A purpose is what is compared.
type purpose int

const (
	standing purpose = iota // what two deployed APIs are made of; what stands behind them is the same
	drift                   // a template with what is deployed
	apps                    // two apps
)

// A query is a question to whatever has a face.
type query struct {
	face, origin, extra string
	credentials         bool
}

// query returns the question of an index as one to what a side is for it.
func (c *comparison) query(side, i int) query {
	q := c.asked[i]
	return query{c.kinds[c.kindOf(i)].faces[side], q.Origin, q.extra, q.Credentials}
}

// remembered is how many outcomes are kept for the next comparison at most.
const remembered = 100_000

// A comparison is a Difference in the making.
type comparison struct {
	*Difference
	views   []*view
	headers []string
	purpose purpose

	kinds    []kind
	settings map[*simulate.Site]string
	known    map[query]Outcome // of comparisons before, of other views too
	columns  [][]int           // for each route of Routes its kind, for each view
	asked    []Question
	starts   []int // of each kind's questions, among those of one origin
	width    int   // the number of those of one origin
	outcomes [2][]Outcome
}

// across compares in all views at once: what is alike in several of them is asked once.
func across(ctx context.Context, views []*view, purpose purpose, ports *ports, known map[query]Outcome) (*Difference, error) {
	d := &Difference{Routes: routes(views), ports: ports}
	d.cut = d.shortcuts(views)
	var apis []*gateway.API
	for _, v := range views {
		for _, s := range v.sites {
			apis = append(apis, s.API)
			if !slices.Contains(d.apps, s.API.App) {
				d.apps = append(d.apps, s.API.App)
			}
		}
	}
	d.Origins = fewer(questions.Origins(apis...), apis)
	c := &comparison{Difference: d, views: views, headers: questions.Headers(apis...), purpose: purpose, settings: map[*simulate.Site]string{}, known: known}
	alone := map[string]bool{}
	for {
		c.classify(alone)
		if n := c.cost(); n > tooMany {
			d.NotCompared = append(d.NotCompared, NotCompared{Why: fmt.Sprintf("%s, with those that look like them, %s and %s are more than can be tried, by a factor of %d",
				plural(len(d.Origins), "origin"), plural(len(c.headers), "header"), plural(len(d.Routes), "route"), (n+tooMany-1)/tooMany)})
			return d, nil
		}
		if err := c.ask(ctx); err != nil {
			return nil, err
		}
		if !c.apart(alone) {
			break
		}
	}
	return d, c.compare(ctx)
}

// enough is how many origins of each length have their look-alikes asked for, where all APIs have them in corsgate's stage
// variables.
const enough = 2

// fewer leaves out look-alikes of origins that every API has in corsgate's stage variables: what corsgate's template makes of
// some it makes of all that are written alike. Where another template looks at the origin or at a variable, none is left out.
func fewer(origins []questions.Origin, apis []*gateway.API) []questions.Origin {
	everywhere := map[string]int{}
	for _, api := range apis {
		p, err := cors.FromStageVariables(api.Variables)
		if err != nil || !decidesAlone(api, p) {
			return origins
		}
		for _, o := range p.Origins() {
			everywhere[o]++
		}
	}
	kept, spared := map[string]bool{}, map[string]bool{}
	alike := map[string]int{} // by what is written alike
	for _, o := range origins {
		if o.Beside {
			continue
		}
		into := kept
		if everywhere[o.Origin] == len(apis) {
			if alike[shape(o.Origin)]++; alike[shape(o.Origin)] > enough {
				into = spared
			}
		}
		for _, l := range questions.Lookalikes(o.Origin) {
			into[l] = true
		}
	}
	return slices.DeleteFunc(origins, func(o questions.Origin) bool {
		return o.Beside && o.Lookalike && spared[o.Origin] && !kept[o.Origin]
	})
}

// decidesAlone reports whether no template of an API but corsgate's own for a policy looks at the origin or at a variable.
func decidesAlone(api *gateway.API, p *cors.Policy) bool {
	own := func(t gateway.Template) bool {
		text := strings.ReplaceAll(t.Text, plan.PreflightTemplate(p), "")
		text = strings.ToLower(strings.Replace(text, plan.ResponseTemplate(p), "", 1))
		return !strings.Contains(text, "origin") && !strings.Contains(text, "stagevariables") && !strings.Contains(text, "header")
	}
	for _, r := range api.Resources() {
		for _, m := range r.Methods() {
			if m.Integration == nil {
				continue
			}
			templates := m.Integration.RequestTemplates
			for _, response := range m.Integration.Responses {
				templates = slices.Concat(templates, response.Templates)
			}
			if !slices.ContainsFunc(templates, func(t gateway.Template) bool { return !own(t) }) {
				continue
			}
			return false
		}
	}
	return true
}

// shape writes an origin's scheme, the number of its labels and whether it has a port.
func shape(origin string) string {
	scheme, host, _ := strings.Cut(origin, "://")
	return fmt.Sprint(scheme, strings.Count(host, "."), strings.Contains(host, ":"))
}

func name(r questions.Route) string { return r.Method + " " + r.Path }

// classify puts routes together that are answered alike, but for those that are to be alone.
func (c *comparison) classify(alone map[string]bool) {
	c.kinds, c.columns = nil, make([][]int, len(c.Routes))
	at := map[[2]string]int{}
	for i, r := range c.Routes {
		for _, v := range c.views {
			var faces [2]string
			for side, site := range v.sites {
				faces[side] = c.face(v, site, r, alone[name(r)])
			}
			k, ok := at[faces]
			if !ok {
				k = len(c.kinds)
				at[faces] = k
				c.kinds = append(c.kinds, kind{view: v, faces: faces})
			}
			if n := len(c.kinds[k].routes); n == 0 || name(c.kinds[k].routes[n-1]) != name(r) {
				c.kinds[k].routes = append(c.kinds[k].routes, r)
			}
			c.columns[i] = append(c.columns[i], k)
		}
	}
}

// face returns what the responses of a site to requests for a route depend on.
func (c *comparison) face(v *view, site *simulate.Site, r questions.Route, alone bool) string {
	if c.settings[site] == "" {
		c.settings[site] = fmt.Sprintf("%x", sha256.Sum256([]byte(settings(site.API))))
		if c.purpose != apps { // what is deployed, or is loaded by other options, is like nothing else
			c.settings[site] += fmt.Sprintf(" %p", site)
		}
	}
	var key strings.Builder
	fmt.Fprintf(&key, "%s %s %q %v", c.settings[site], r.Method, r.Identity, v.behind(r.Method, r.URL) == "")
	if alone {
		key.WriteString(r.URL)
	}
	for _, method := range []string{r.Method, "OPTIONS"} {
		b := site.Behaviour(method, r.URL)
		fmt.Fprintf(&key, "%q", b.Key)
		if b.Any {
			fmt.Fprintf(&key, "%p", site) // of what stands behind it may not be seen
		}
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(key.String())))
}

// settings writes what an API's responses depend on besides the method that is asked: all of its properties that are not a
// method's or a resource's.
func settings(api *gateway.API) string {
	out := []string{simulate.Base(api), fmt.Sprintf("%q", api.Variables)}
	for _, st := range api.App.Stacks {
		for _, r := range st.Resources {
			switch r.Type {
			case "AWS::ApiGateway::Method", "AWS::ApiGateway::Resource", "AWS::ApiGatewayV2::Route":
				continue
			}
			if strings.HasPrefix(r.Type, "AWS::ApiGateway") || r.Type == "AWS::Lambda::Url" {
				out = append(out, r.Type+" "+cfn.Canonical(r.Properties))
			}
		}
	}
	return strings.Join(out, "\n")
}

// ask asks both sides about each kind. One that has the face of another is not asked again.
func (c *comparison) ask(ctx context.Context) error {
	var alike [][]questions.Route
	c.starts, c.width = nil, 0
	for _, k := range c.kinds {
		alike = append(alike, k.routes)
		c.starts = append(c.starts, c.width)
		c.width += 2 * len(extras(k.routes[0], c.headers))
	}
	c.asked = product(c.Origins, alike, c.headers)
	owners := map[string][2]int{} // of a face: side and kind
	for side := range c.outcomes {
		for k, kind := range c.kinds {
			if _, ok := owners[kind.faces[side]]; !ok {
				owners[kind.faces[side]] = [2]int{side, k}
			}
		}
		own := func(k int) bool { return owners[c.kinds[k].faces[side]] == [2]int{side, k} }
		var err error
		if c.outcomes[side], err = c.answers(ctx, side, own); err != nil {
			return err
		}
		for i := range c.asked {
			k := c.kindOf(i)
			if !own(k) {
				from := owners[c.kinds[k].faces[side]]
				c.outcomes[side][i] = c.outcomes[from[0]][i-c.starts[k]+c.starts[from[1]]]
			}
			c.kinds[k].view.meet(c.outcomes[side][i].equalities)
			if c.known != nil && len(c.known) < remembered {
				c.known[c.query(side, i)] = c.outcomes[side][i]
			}
		}
	}
	return nil
}

// tooMany is the cost above which nothing is asked. So many requests take about two minutes and 4 GB.
const tooMany = 3_000_000

// cost is how many requests there are to ask, in which each 256 bytes of an origin count as one more.
func (c *comparison) cost() int {
	each, origins := 0, 0
	for _, k := range c.kinds {
		each += 2 * len(extras(k.routes[0], c.headers))
	}
	for _, o := range c.Origins {
		origins += 1 + len(o.Origin)/256
	}
	return each * origins
}

// kindOf returns the kind of a question.
func (c *comparison) kindOf(question int) int {
	k, found := slices.BinarySearch(c.starts, question%c.width)
	if !found {
		k--
	}
	return k
}

// answers returns the outcomes of one side, for the kinds that are asked.
func (c *comparison) answers(ctx context.Context, side int, own func(kind int) bool) ([]Outcome, error) {
	out := make([]Outcome, len(c.asked))
	workers := min(runtime.GOMAXPROCS(0), len(c.asked))
	faults := make([]error, workers)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			sites := map[*view]*simulate.Site{}
			refused := map[refusal]Outcome{} // by the preflight, of the page's origin
			reads := map[int]bool{}          // by kind, once it is known
			asks := map[preflight]bool{}     // whether there is one, once it is known
			// The questions of an origin are neighbours; what they have in common is asked once.
			from, to := len(c.asked)*w/workers, len(c.asked)*(w+1)/workers
			for i := from; i < to && ctx.Err() == nil; i++ {
				if i > from && c.asked[i].Origin != c.asked[i-1].Origin {
					for _, s := range sites {
						s.Memo.Forget()
					}
					clear(refused)
				}
				k := c.kindOf(i)
				if !own(k) {
					continue
				}
				if o, ok := c.known[c.query(side, i)]; ok {
					out[i] = o
					continue
				}
				v := c.kinds[k].view
				if sites[v] == nil {
					site := *v.sites[side]
					site.Memo = &simulate.Memo{}
					sites[v] = &site
				}
				q := c.asked[i]
				if q.Credentials && i > from && out[i-1].alikeWithCredentials() {
					out[i] = out[i-1] // the question before is the same without
					continue
				}
				if o, ok := refused[refusal{k, q.Credentials}]; ok {
					ask := preflight{k, q.extra, strings.HasPrefix(simulate.Base(sites[v].API), q.Origin+"/")}
					needed, known := asks[ask]
					if !known {
						needed = preflighted(sites[v], q)
						asks[ask] = needed
					}
					if needed {
						out[i] = o
						continue
					}
				}
				report, err := c.answer(ctx, sites[v], v, q)
				if err != nil {
					faults[w] = err
					return
				}
				out[i] = Of(report)
				out[i].equalities = report.Equalities
				if strings.HasPrefix(string(out[i].Code), "Preflight") && !out[i].redirected && !report.Open {
					if _, ok := reads[k]; !ok {
						reads[k] = readsHeaders(sites[v], q)
					}
					if !reads[k] {
						refused[refusal{k, q.Credentials}] = out[i]
					}
				}
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

// A refusal is of the preflights of a kind, whichever headers they are about.
type refusal struct {
	kind        int
	credentials bool
}

// A preflight is what it depends on whether one is needed: a route with its headers, and whether the page is the API's own.
type preflight struct {
	kind  int
	extra string
	own   bool
}

// alikeWithCredentials reports whether a request is refused, with credentials too, for no other reason: the response is the
// same, and the origin is looked at before anything else.
func (o Outcome) alikeWithCredentials() bool {
	switch o.Code {
	case browser.MissingAllowOriginHeader, browser.AllowOriginMismatch, browser.PreflightMissingAllowOriginHeader, browser.PreflightAllowOriginMismatch:
		return !o.redirected
	}
	return false
}

// readsHeaders reports whether the response to a preflight may depend on the headers that it is about. What refuses it
// otherwise, but for its lists, refuses it for all of them.
func readsHeaders(site *simulate.Site, q Question) bool {
	b := site.Behaviour("OPTIONS", q.URL)
	return b.Any || slices.Contains(b.Headers, strings.ToLower(corsheader.RequestHeaders))
}

// preflighted reports whether there is a preflight before a request.
func preflighted(site *simulate.Site, q Question) bool {
	req := q.Request()
	req.URL = simulate.Base(site.API) + req.URL
	plan, err := browser.Prepare(req)
	return err == nil && plan.Preflight != nil
}

// meet notes values that decide.
func (v *view) meet(equalities []simulate.Equality) {
	for _, e := range equalities {
		if !slices.ContainsFunc(v.found, func(o simulate.Equality) bool { return o.Value == e.Value && o.Symbol.ID() == e.Symbol.ID() }) {
			v.found = append(v.found, e)
		}
	}
}

// answer asks one question of a side. Where an integration's backend decides that is not the same on both sides, each of its
// responses is looked at.
func (c *comparison) answer(ctx context.Context, site *simulate.Site, v *view, q Question) (*simulate.Report, error) {
	report, err := site.Settled(ctx, q.Request())
	if err != nil || report.Verdict.Known || report.Verdict.Undecided || v.behind(q.Method, q.URL) == "" {
		return report, err
	}
	return site.Whichever(ctx, q.Request(), report)
}

// behind says what of what stands behind a route is not the same on both sides, empty if all of it is.
func (v *view) behind(method, url string) string {
	for _, m := range []string{method, "OPTIONS"} {
		b, a := v.sites[0].API, v.sites[1].API
		if b.Behind(m, url) == a.Behind(m, url) {
			continue
		}
		was, is := b.Calls(m, url), a.Calls(m, url)
		if was == is {
			return is + ownResponses + cmp.Or(strings.Join(changedOf(b.FunctionOf(m, url), a.FunctionOf(m, url), true), ", "), "Integration")
		}
		switch {
		case was == "":
			return "it calls " + is + " now, which is not run"
		case is == "":
			return "it no longer calls " + was + ", which is not run"
		}
		return "it calls " + is + " now, and called " + was + " before; neither is run"
	}
	return ""
}

// ownResponses is between the name of a function and what of it changed.
const ownResponses = " is not run, and its responses may differ, because of another "

// changedOf names what of a function is another on the other side: what its own responses to pages hang on, or what else of
// its code and its settings.
func changedOf(was, is *cfn.Resource, deciding bool) []string {
	if was == nil || is == nil {
		return []string{"Integration"}
	}
	var out []string
	compare := func(name string, b, a any) {
		if cfn.Canonical(b) != cfn.Canonical(a) {
			out = append(out, name)
		}
	}
	source := func(r *cfn.Resource) any { code, _ := r.Properties["Code"].(map[string]any); return code["ZipFile"] }
	inline := cfn.Canonical(source(was)) != cfn.Canonical(source(is))
	switch {
	case !deciding && !inline:
		compare("Code", was.Properties["Code"], is.Properties["Code"])
	case deciding && inline:
		out = append(out, "Code")
	}
	for _, name := range map[bool][]string{true: {"Handler"}, false: {"Layers", "Runtime"}}[deciding] {
		compare(name, was.Properties[name], is.Properties[name])
	}
	b, a := gateway.Environment(was), gateway.Environment(is)
	names := slices.Concat(slices.Collect(maps.Keys(b)), slices.Collect(maps.Keys(a)))
	slices.Sort(names)
	for _, k := range slices.Compact(names) {
		if (gateway.Deciding(k, b[k]) || gateway.Deciding(k, a[k])) == deciding {
			compare(k, b[k], a[k])
		}
	}
	return out
}

// A FunctionChange is a function that routes of both sides call and whose code or settings are others, in what does not look
// as if its responses to pages hung on it.
type FunctionChange struct {
	Function string `json:"function"`
	// Changed names properties and environment variables.
	Changed []string `json:"changed"`
}

// functions finds the functions that are called on both sides and are others.
func (d *Difference) functions(v *view) {
	seen := map[string]bool{}
	for _, r := range d.Routes {
		for _, method := range []string{r.Method, "OPTIONS"} {
			was, is := v.sites[0].API.FunctionOf(method, r.URL), v.sites[1].API.FunctionOf(method, r.URL)
			if was == nil || is == nil || was.ID != is.ID || seen[v.sites[1].API.App.Name(is)] {
				continue
			}
			fn := v.sites[1].API.App.Name(is)
			seen[fn] = true
			if changed := changedOf(was, is, false); changed != nil {
				d.Functions = append(d.Functions, FunctionChange{fn, changed})
			}
		}
	}
	slices.SortFunc(d.Functions, func(a, b FunctionChange) int { return strings.Compare(a.Function, b.Function) })
}

// written says what of that which decides about a route only a deployment knows on the first side, empty if nothing.
func (v *view) written(method, url string) string {
	api := v.sites[0].API
	for _, name := range []string{method, "OPTIONS"} {
		m, _ := api.Route(name, url)
		if m == nil || m.Integration == nil {
			continue
		}
		var texts []string
		for _, t := range m.Integration.RequestTemplates {
			texts = append(texts, t.Text)
		}
		for _, r := range m.Integration.Responses {
			for _, k := range slices.Sorted(maps.Keys(r.Parameters)) {
				texts = append(texts, r.Parameters[k])
			}
			for _, t := range r.Templates {
				texts = append(texts, t.Text)
			}
		}
		for _, t := range texts {
			if symbols := api.App.Symbols(t); len(symbols) > 0 {
				return "the template has ${" + symbols[0].String() + "}"
			}
		}
	}
	return ""
}

// apart finds more routes that are to be alone: those that redirect, since the same Location leads from another path to
// another place.
func (c *comparison) apart(alone map[string]bool) bool {
	found := false
	for i := range c.asked {
		if !c.outcomes[0][i].redirected && !c.outcomes[1][i].redirected {
			continue
		}
		if routes := c.kinds[c.kindOf(i)].routes; len(routes) > 1 {
			found = true
			for _, r := range routes {
				alone[name(r)] = true
			}
		}
	}
	return found
}

// A class is routes that are of the same kind in every view.
type class struct {
	routes []questions.Route
	kinds  []int // for each view
}

// A part is what is found in some of the views.
type part struct {
	*Difference
	in []bool
}

// compare finds what differs.
func (c *comparison) compare(ctx context.Context) error {
	var classes []class
	at := map[string]int{}
	for i, r := range c.Routes {
		key := fmt.Sprint(c.columns[i])
		k, ok := at[key]
		if !ok {
			k = len(classes)
			at[key] = k
			classes = append(classes, class{kinds: c.columns[i]})
		}
		classes[k].routes = append(classes[k].routes, r)
	}
	var alike [][]questions.Route
	var index [][2]int // of each question of one origin its class, and the place in the kind
	for k, cl := range classes {
		alike = append(alike, cl.routes)
		for n := range 2 * len(extras(cl.routes[0], c.headers)) {
			index = append(index, [2]int{k, n})
		}
	}
	asked := product(c.Origins, alike, c.headers)
	// The outcomes in each view.
	outcomes := make([][2][]Outcome, len(c.views))
	for v := range c.views {
		for side := range 2 {
			outcomes[v][side] = make([]Outcome, len(asked))
			for i := range asked {
				at := index[i%len(index)]
				outcomes[v][side][i] = c.outcomes[side][i/len(index)*c.width+c.starts[classes[at[0]].kinds[v]]+at[1]]
			}
		}
	}
	parts := &parts{c: c, asked: asked, outcomes: outcomes, classes: map[string][]questions.Route{}}
	for _, cl := range classes {
		parts.classes[name(cl.routes[0])] = cl.routes
	}
	for i := range asked {
		parts.question(i)
	}
	for v := range c.views {
		if err := parts.whole(ctx, v); err != nil {
			return err
		}
	}
	parts.finish()
	return nil
}

// parts are what is found, by the views in which it is.
type parts struct {
	c        *comparison
	asked    []Question
	outcomes [][2][]Outcome // by view
	classes  map[string][]questions.Route
	list     []*part
	errors   tally[ErrorChange]
	caches   tally[CacheChange]
	open     tally[NotCompared]
}

// of returns the part for a set of views.
func (p *parts) of(in []bool) *part {
	for _, one := range p.list {
		if slices.Equal(one.in, in) {
			return one
		}
	}
	d := &Difference{Origins: p.c.Origins, Routes: p.c.Routes, classes: p.classes, asked: p.asked, outcomes: p.outcomes[slices.Index(in, true)], apps: p.c.apps, ports: p.c.ports, cut: p.c.cut}
	for v, here := range in {
		if here {
			d.every = append(d.every, p.outcomes[v])
		}
	}
	one := &part{d, in}
	p.list = append(p.list, one)
	return one
}

// question compares the outcomes of a question in every view.
func (p *parts) question(i int) {
	q := p.asked[i]
	var found []Change
	var in [][]bool
	for v, o := range p.outcomes {
		b, a := o[0][i], o[1][i]
		switch why := p.c.unknown(b, a); {
		case why != "":
			p.left(v, q, why)
			continue
		case b.equal(a):
			if p.c.purpose == apps && !b.Known && !a.Known {
				for _, r := range q.routes {
					if why := p.c.views[v].behind(r.Method, r.URL); why != "" {
						p.open.add(v, len(p.outcomes), []NotCompared{{Route: name(r), Why: why}})
					}
				}
			}
			continue
		}
		if p.c.purpose == drift {
			if why := p.c.views[v].written(q.Method, q.URL); why != "" {
				p.left(v, q, why)
				continue
			}
		}
		k := slices.IndexFunc(found, func(c Change) bool { return c.Before.equal(b) && c.After.equal(a) })
		if k < 0 {
			k = len(found)
			found = append(found, Change{q, b, a, direction(b, a)})
			in = append(in, make([]bool, len(p.c.views)))
		}
		in[k][v] = true
	}
	for k, c := range found {
		one := p.of(in[k])
		one.Changes = append(one.Changes, c)
	}
}

// unknown says why outcomes cannot be compared, empty if they can.
func (c *comparison) unknown(b, a Outcome) string {
	switch {
	case b.Preflight == "allowed" && a.refusedPreflight() || b.refusedPreflight() && a.Preflight == "allowed":
		return "" // whatever comes of it, the request is sent or not
	case a.open != "":
		return a.open
	case b.open != "":
		return b.open
	case b.unread != a.unread && b.equal(a):
		return "what only a deployment knows is in a header: " + strings.Join(slices.DeleteFunc([]string{b.unread, a.unread}, func(s string) bool { return s == "" }), ", and now ")
	case b.away != a.away && b.equal(a):
		return "it redirects to " + cmp.Or(a.away, b.away) + ", which is not this API"
	}
	return ""
}

// left notes that routes cannot be compared, unless the template says of them the same on both sides.
func (p *parts) left(v int, q Question, why string) {
	b, a := p.c.views[v].sites[0].API, p.c.views[v].sites[1].API
	for _, r := range q.routes {
		if b.Source(r.Method, r.URL) != a.Source(r.Method, r.URL) || b.Source("OPTIONS", r.URL) != a.Source("OPTIONS", r.URL) {
			p.open.add(v, len(p.outcomes), []NotCompared{{Route: name(r), Why: why}})
		}
	}
}

// whole compares what is not a question of one route.
func (p *parts) whole(ctx context.Context, v int) error {
	c := p.c
	before, after := c.views[v].sites[0], c.views[v].sites[1]
	errors, open, err := c.errors(ctx, before, after, c.purpose == drift)
	if err != nil {
		return err
	}
	p.open.add(v, len(c.views), append(open, c.elsewhere(before.API, after.API)...))
	one := &Difference{Origins: c.Origins, asked: p.asked, outcomes: p.outcomes[v]}
	if err := one.caches(ctx, before, after); err != nil {
		return err
	}
	p.errors.add(v, len(c.views), errors)
	p.caches.add(v, len(c.views), slices.DeleteFunc(one.Caches, func(change CacheChange) bool {
		i := slices.IndexFunc(c.Routes, func(r questions.Route) bool { return name(r) == change.Route })
		return c.purpose == drift && c.views[v].written(c.Routes[i].Method, c.Routes[i].URL) != ""
	}))
	return nil
}

// A tally is of items that are found in views, in the order in which they are.
type tally[T comparable] struct {
	order []T
	in    map[T][]bool
}

func (t *tally[T]) add(view, views int, items []T) {
	if t.in == nil {
		t.in = map[T][]bool{}
	}
	for _, item := range items {
		if t.in[item] == nil {
			t.in[item] = make([]bool, views)
			t.order = append(t.order, item)
		}
		t.in[item][view] = true
	}
}

// elsewhere says what of an API was not read.
func (c *comparison) elsewhere(before, after *gateway.API) []NotCompared {
	var out []NotCompared
	for _, e := range append(slices.Clone(before.Elsewhere), after.Elsewhere...) {
		out = append(out, NotCompared{Why: "not read: " + e})
	}
	if c.purpose != apps {
		return out
	}
	one := func(side, other *gateway.API) {
		for _, s := range side.Problems {
			if !slices.Contains(other.Problems, s) && !slices.Contains(side.Elsewhere, s) && !strings.HasPrefix(s, "method ") {
				out = append(out, NotCompared{Why: s})
			}
		}
	}
	one(before, after)
	one(after, before)
	refused := func(side, other *gateway.API) {
		for _, s := range side.Undeployable {
			if !slices.Contains(other.Undeployable, s) {
				out = append(out, NotCompared{Why: s})
			}
		}
	}
	refused(before, after)
	refused(after, before)
	for _, r := range c.Routes {
		was, _ := before.Route(r.Method, r.URL)
		is, _ := after.Route(r.Method, r.URL)
		if was != nil && is != nil && before.Requires(r.Method, r.URL) != after.Requires(r.Method, r.URL) {
			out = append(out, NotCompared{Route: name(r), Why: "what it requires of queries and bodies changes, and pages are taken to know it"})
		}
	}
	const disabled = "DisableExecuteApiEndpoint" // it decides who gets in, and no request here meets it
	if cfn.Canonical(before.Rest.Properties[disabled]) != cfn.Canonical(after.Rest.Properties[disabled]) {
		out = append(out, NotCompared{Why: "the API's " + disabled + ", which differs: the effect on who is let in is not compared"})
	}
	return append(out, c.policies(before, after)...)
}

// policies says of which routes resource policies that differ are not compared by asking: where they decide by the value of
// a path's parameter.
func (c *comparison) policies(before, after *gateway.API) []NotCompared {
	if before.Policy() == after.Policy() {
		return nil
	}
	var out []NotCompared
	for _, r := range c.Routes {
		for _, method := range []string{r.Method, "OPTIONS"} {
			for _, api := range []*gateway.API{before, after} {
				one, all := api.Judge(method, r.URL, false), api.Judge(method, r.Path, false)
				if n := (NotCompared{name(r), "the resource policy depends on the value of a path parameter", ""}); one.Access != all.Access && !slices.Contains(out, n) {
					out = append(out, n)
				}
			}
		}
	}
	return out
}

// finish puts the parts together.
func (p *parts) finish() {
	d := p.c.Difference
	d.asked, d.outcomes, d.every, d.classes = p.asked, p.outcomes[0], p.outcomes, p.classes
	for _, q := range p.asked {
		d.Questions += len(q.routes)
	}
	var facts [][]fact
	for _, v := range p.c.views {
		facts = append(facts, v.facts)
	}
	for _, e := range p.errors.order {
		one := p.of(p.errors.in[e])
		one.Errors = append(one.Errors, e)
	}
	for _, e := range p.caches.order {
		one := p.of(p.caches.in[e])
		one.Caches = append(one.Caches, e)
	}
	for _, one := range p.list {
		if !slices.Contains(one.in, false) {
			d.Changes, d.Errors, d.Caches = one.Changes, one.Errors, one.Caches
			continue
		}
		d.Cases = append(d.Cases, &Case{d.show(when(facts, one.in)), one.Difference})
	}
	for _, n := range p.open.order {
		d.NotCompared = append(d.NotCompared, NotCompared{n.Route, d.show(n.Why), d.show(when(facts, p.open.in[n]))})
	}
	slices.SortStableFunc(d.NotCompared, func(a, b NotCompared) int { return byPath(a.Route, b.Route) })
	slices.SortStableFunc(d.Cases, func(a, b *Case) int { return strings.Compare(a.If, b.If) })
}
