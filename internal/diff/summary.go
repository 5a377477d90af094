package diff

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
)

// A Group is one sentence of a summary: changes that have one cause, as far as can be told from outside.
type Group struct {
	Direction Direction `json:"direction"`
	// Before and After say what becomes of the group's requests, in words.
	Before string `json:"before"`
	After  string `json:"after"`
	// Codes are the ways in which requests are refused now; empty if they are not.
	Codes []browser.Code `json:"codes,omitempty"`
	// Origins are those of the pages; an allowlist's pattern stands for all that was asked for it.
	Origins []string `json:"origins"`
	// Unnamed says that neither template's allowlist names any of the origins, and AllUnnamed that these are all of that
	// kind which were asked for, null and a stranger among them.
	Unnamed    bool `json:"unnamed,omitempty"`
	AllUnnamed bool `json:"allUnnamed,omitempty"`
	// AnyOrigin says that these are all origins that were asked for.
	AnyOrigin bool `json:"anyOrigin,omitempty"`
	// Routes are GET /items and so on.
	Routes []string `json:"routes"`
	// AllRoutes says that these are all that the pages could use, on the side that lets them further.
	AllRoutes bool `json:"allRoutes,omitempty"`
	// Headers are those with which requests changed; empty means with whichever. They may be (none), for requests with no
	// headers but those that the route cannot do without, and (bare), for those that lack these.
	Headers []string `json:"headers,omitempty"`
	// Preflighted says that, of requests that need no preflight by themselves, those changed that have one for their
	// headers' sake, whichever those are.
	Preflighted bool `json:"preflighted,omitempty"`
	// Credentials is with, without or, for both, empty.
	Credentials string `json:"credentials,omitempty"`
	// Everything says that nothing of what the pages can do on one side can they do on the other.
	Everything bool `json:"everything,omitempty"`
	// Errors are the types of gateway responses, where the group is about those.
	Errors []string `json:"errors,omitempty"`

	asked []string // the origins, patterns' examples one by one
	moved move     // it stands for all groups whose preflights move so
}

// none stands in a group's headers for requests without further ones.
const none = "(none)"

// extra is a header set and a credentials mode.
type extra struct {
	header      string
	credentials bool
}

// words says what becomes of a request.
func (o Outcome) words() string {
	switch {
	case o.Allowed && o.Gateway == notServed:
		return "not served (" + notServed + ")"
	case o.Allowed && o.Gateway != "":
		return gateway.FromItself(o.Gateway)
	case o.Allowed:
		return "allowed"
	case o.open != "":
		return "not known; its preflight passes" // or it would not be compared
	case !o.Known && o.Preflight == "allowed":
		return "decided by a function that was not run; its preflight passes"
	case !o.Known && o.Preflight != "":
		return "decided by a function that was not run, also for the preflight"
	case !o.Known:
		return "decided by a function that was not run"
	case o.Code == "":
		return "failed"
	}
	return "refused"
}

// transition is what a change is grouped by first. For what reason something is refused is left to [Group.Codes].
func (c Change) transition() (before, after string) {
	before, after = c.Before.words(), c.After.words()
	switch {
	case c.Before.reach() == 0 && c.After.reach() == 0:
		return before, after
	case before != after:
		if !c.Before.Known && c.After.Known && c.Before.Preflight != "not known" {
			before = Outcome{}.words() // whether its preflight passed is no matter any more
		}
		return before, after
	case !slices.Equal(c.Before.Exposed, c.After.Exposed):
		return canRead + exposed(c.Before), canRead + exposed(c.After)
	}
	return "preflights remembered for " + seconds(c.Before.MaxAge), "preflights remembered for " + seconds(c.After.MaxAge)
}

// canRead begins the words for what headers a page can read.
const canRead = "able to read "

func exposed(o Outcome) string {
	switch {
	case len(o.Exposed) == 0:
		return "no header but the safelisted ones"
	case o.Exposed[0] == "*":
		return "all headers"
	}
	return strings.Join(o.Exposed, ", ")
}

// Groups summarises. Every change is in exactly one group, and every request that a group describes has changed.
func (d *Difference) Groups() []Group {
	if d.groups == nil {
		d.groups = d.grouped()
	}
	return d.groups
}

// grouped finds the groups.
func (d *Difference) grouped() []Group {
	type key struct{ direction, before, after, origin string }
	type box struct {
		headers, credentials string
		preflighted          bool
	}
	changed := map[key]map[string]map[extra]browser.Code{} // route to what changed
	for _, c := range d.Changes {
		before, after := c.transition()
		k := key{string(c.Direction), before, after, c.Origin}
		route := c.route()
		if changed[k] == nil {
			changed[k] = map[string]map[extra]browser.Code{}
		}
		if changed[k][route] == nil {
			changed[k][route] = map[extra]browser.Code{}
		}
		changed[k][route][extra{c.extra, c.Credentials}] = c.After.Code
	}
	// What could have changed: what comes as far as the farther side of the change, and for that origin and route.
	possible := map[Direction]map[string]map[string]map[extra]bool{Looser: {}, Stricter: {}, Different: {}, nowhere: {}}
	poor := map[Direction]map[string]bool{Looser: {}, Stricter: {}} // origins that could do something on the other side, too
	for i, q := range d.asked {
		b, a := d.outcomes[0][i], d.outcomes[1][i]
		for dir, o := range map[Direction]Outcome{Looser: a, Stricter: b, Different: b} {
			switch {
			case o.reach() == 0 && dir != Different:
				continue
			case o.reach() == 0:
				dir = nowhere
			}
			if possible[dir][q.Origin] == nil {
				possible[dir][q.Origin] = map[string]map[extra]bool{}
			}
			route := q.route()
			if possible[dir][q.Origin][route] == nil {
				possible[dir][q.Origin][route] = map[extra]bool{}
			}
			possible[dir][q.Origin][route][extra{q.extra, q.Credentials}] = true
		}
		if b.reach() > 0 {
			poor[Looser][q.Origin] = true
		}
		if a.reach() > 0 {
			poor[Stricter][q.Origin] = true
		}
	}

	type sentence struct {
		direction, before, after, headers, credentials, routes string
		preflighted, all, everything, unnamed                  bool
	}
	about := map[string]questions.Origin{}
	for _, o := range d.Origins {
		about[o.Origin] = o
	}
	origins, reasons := map[sentence][]string{}, map[sentence][]browser.Code{}
	for k, routes := range changed {
		dir := Direction(k.direction)
		could := possible[dir.plain()][k.origin]
		if dir == Different && getsNowhere(k.before) && getsNowhere(k.after) {
			could = possible[nowhere][k.origin]
		}
		boxes, codes := map[box][]string{}, map[box][]browser.Code{}
		for route, set := range routes {
			for _, b := range describe(set, could[route]) {
				at := box{strings.Join(b.headers, ","), b.credentials, b.preflighted}
				boxes[at], codes[at] = append(boxes[at], route), append(codes[at], b.codes...)
			}
		}
		for b, rs := range boxes {
			slices.SortFunc(rs, byPath)
			s := sentence{k.direction, k.before, k.after, b.headers, b.credentials, strings.Join(rs, "\n"), b.preflighted, len(rs) == len(could), false, about[k.origin].Beside}
			s.everything = s.all && b == box{} && (dir == Looser || dir == Stricter) && !poor[dir][k.origin]
			origins[s], reasons[s] = append(origins[s], k.origin), append(reasons[s], codes[b]...)
		}
	}
	var out []Group
	for s, os := range origins {
		slices.Sort(reasons[s])
		g := Group{Direction: Direction(s.direction), Before: s.before, After: s.after, Codes: slices.Compact(reasons[s]), Origins: d.collapse(os), asked: os, Unnamed: s.unnamed, AllUnnamed: s.unnamed && d.allUnnamed(os), Preflighted: s.preflighted,
			Routes: d.alike(strings.Split(s.routes, "\n")), AllRoutes: s.all, Credentials: s.credentials, Everything: s.everything}
		if s.headers != "" {
			g.Headers = strings.Split(s.headers, ",")
		}
		out = append(out, g)
	}
	out = d.joined(append(out, d.errorGroups()...))
	slices.SortFunc(out, func(a, b Group) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Direction), slices.Index(order, b.Direction)), cmp.Compare(len(a.Errors), len(b.Errors)),
			-compareBool(a.Everything, b.Everything), compareBool(a.Unnamed, b.Unnamed), -cmp.Compare(len(a.Routes), len(b.Routes)),
			slices.Compare(a.Origins, b.Origins), slices.Compare(a.Routes, b.Routes), slices.Compare(a.Headers, b.Headers),
			cmp.Compare(a.Credentials, b.Credentials), cmp.Compare(a.After, b.After), cmp.Compare(a.Before, b.Before), slices.Compare(a.Errors, b.Errors))
	})
	return out
}

// order is that in which directions are told.
var order = []Direction{Looser, Stricter, New, Gone, Different}

// plain returns the direction in which a change goes, wherever it is told.
func (d Direction) plain() Direction {
	switch d {
	case New:
		return Looser
	case Gone:
		return Stricter
	}
	return d
}

// alike returns the routes that are asked for when the given ones are.
func (d *Difference) alike(routes []string) []string {
	var out []string
	for _, r := range routes {
		for _, o := range d.classes[r] {
			out = append(out, o.Method+" "+o.Path)
		}
	}
	slices.SortFunc(out, byPath)
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// byPath compares routes by their path and then by the usual order of methods.
func byPath(a, b string) int {
	m, p, _ := strings.Cut(a, " ")
	n, q, _ := strings.Cut(b, " ")
	return cmp.Or(cmp.Compare(p, q), cmp.Compare(slices.Index(questions.Methods, m), slices.Index(questions.Methods, n)))
}

// nowhere is a direction of its own where it is asked what could have changed: of what was no use to a page and is none.
const nowhere Direction = "nowhere"

// getsNowhere says of words that a page whose request becomes of it has nothing of it.
func getsNowhere(words string) bool {
	return slices.Contains([]string{"refused", "failed", Outcome{Allowed: true, Known: true, Gateway: notServed}.words()}, words)
}

// A slab is a product of headers and credentials; nil headers are all, and so are empty credentials.
type slab struct {
	headers     []string
	credentials string
	preflighted bool // with whatever header makes a preflight necessary
	codes       []browser.Code
}

// describe covers a set exactly with slabs of what was possible: one, if it is a product, and else one for each
// credentials mode.
func describe(set map[extra]browser.Code, could map[extra]bool) []slab {
	product := func(credentials ...bool) (slab, bool) {
		var headers []string
		var codes []browser.Code
		for e, code := range set {
			if slices.Contains(credentials, e.credentials) {
				headers = append(headers, cmp.Or(e.header, none))
				if code != "" {
					codes = append(codes, code)
				}
			}
		}
		slices.Sort(headers)
		headers = slices.Compact(headers)
		all, others := true, true
		for e := range could {
			if !slices.Contains(credentials, e.credentials) {
				continue
			}
			has := slices.Contains(headers, cmp.Or(e.header, none))
			if _, changed := set[e]; has && !changed {
				return slab{}, false
			}
			all = all && has
			others = others && has == (e.header != "")
		}
		switch {
		case all:
			return slab{codes: codes}, true
		case others && len(headers) > 1:
			return slab{preflighted: true, codes: codes}, true
		}
		return slab{headers: headers, codes: codes}, true
	}
	changes, exists := map[bool]bool{}, map[bool]bool{}
	for e := range set {
		changes[e.credentials] = true
	}
	for e := range could {
		exists[e.credentials] = true
	}
	modes := map[bool]string{true: "with", false: "without"}
	if changes[true] && changes[false] {
		if s, ok := product(false, true); ok {
			return []slab{s}
		}
	}
	var out []slab
	for _, c := range []bool{false, true} {
		if !changes[c] {
			continue
		}
		s, _ := product(c) // of one mode it is one always
		if exists[!c] {
			s.credentials = modes[c]
		}
		out = append(out, s)
	}
	return out
}

// joined puts groups together that are the same but for that one has all the origins which an allowlist names and the
// other all the others.
func (d *Difference) joined(groups []Group) []Group {
	named := 0
	var all []string
	for _, o := range d.Origins {
		all = append(all, o.Origin)
		if !o.Beside {
			named++
		}
	}
	same := func(g, h Group) bool {
		g.Origins, h.Origins, g.asked, h.asked, g.Unnamed, g.AllUnnamed = nil, nil, nil, nil, false, false
		return reflect.DeepEqual(g, h)
	}
	var out []Group
	for _, g := range groups {
		if g.AllUnnamed && named == 0 {
			g.AnyOrigin = true
		} else if g.AllUnnamed {
			if at := slices.IndexFunc(groups, func(h Group) bool { return !h.Unnamed && len(h.asked) == named && same(g, h) }); at >= 0 {
				continue // the other is here for both
			}
		} else if !g.Unnamed && len(g.asked) == named && slices.ContainsFunc(groups, func(h Group) bool { return h.AllUnnamed && same(h, g) }) {
			g.Origins, g.asked, g.AnyOrigin = d.collapse(all), all, true
		}
		out = append(out, g)
	}
	return out
}

// allUnnamed reports whether origins are all those that no allowlist names.
func (d *Difference) allUnnamed(origins []string) bool {
	return !slices.ContainsFunc(d.Origins, func(o questions.Origin) bool { return o.Beside && !slices.Contains(origins, o.Origin) })
}

// collapse puts a pattern instead of its examples, where all are there, and of what else it covers, the examples of
// other patterns among it.
func (d *Difference) collapse(origins []string) []string {
	has := map[string]bool{}
	for _, o := range origins {
		has[o] = true
	}
	missing, examples := map[string]bool{}, map[string][]string{} // by pattern
	of := map[string]string{}
	for _, o := range d.Origins {
		of[o.Origin] = o.Of
		if o.Of == "" || o.Lookalike {
			continue
		}
		if has[o.Origin] {
			examples[o.Of] = append(examples[o.Of], o.Origin)
		} else {
			missing[o.Of] = true
		}
	}
	var out []string
	for _, o := range origins {
		if p := of[o]; len(examples[p]) > 0 && !missing[p] {
			o = p
		}
		out = append(out, o)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	for _, p := range slices.Clone(out) {
		if !strings.Contains(p, "*") || len(examples[p]) == 0 {
			continue
		}
		pattern, err := cors.New(cors.Config{Origins: []string{p}})
		if err != nil {
			continue // it is written in another way
		}
		out = slices.DeleteFunc(out, func(o string) bool {
			return o != p && !slices.ContainsFunc(examplesOf(examples[o], o), func(one string) bool { return !pattern.Match(one) })
		})
	}
	return out
}

// examplesOf returns a pattern's examples, or the origin itself.
func examplesOf(examples []string, origin string) []string {
	if len(examples) > 0 {
		return examples
	}
	return []string{origin}
}

// errorGroups summarises the changes of the gateway's own responses.
func (d *Difference) errorGroups() []Group {
	type key struct {
		direction Direction
		origin    string
		mode      string
	}
	types := map[key][]string{}
	for _, c := range d.Errors {
		k := key{c.Direction, c.Origin, "without"}
		if c.Credentials {
			k.mode = "with"
		}
		types[k] = append(types[k], c.Type)
	}
	for k, ts := range types {
		if other := (key{k.direction, k.origin, "without"}); k.mode == "with" && slices.Equal(types[other], ts) {
			delete(types, k)
			delete(types, other)
			types[key{k.direction, k.origin, ""}] = ts
		}
	}
	beside := map[string]bool{}
	for _, o := range d.Origins {
		beside[o.Origin] = o.Beside
	}
	type sentence struct {
		direction Direction
		mode      string
		types     string
		unnamed   bool
	}
	origins := map[sentence][]string{}
	for k, ts := range types {
		s := sentence{k.direction, k.mode, strings.Join(ts, ","), beside[k.origin]}
		origins[s] = append(origins[s], k.origin)
	}
	var out []Group
	for s, os := range origins {
		g := Group{Direction: s.direction, Before: "cannot read", After: "can read", Origins: d.collapse(os), asked: os, Unnamed: s.unnamed, AllUnnamed: s.unnamed && d.allUnnamed(os), Routes: []string{}, Credentials: s.mode,
			Errors: strings.Split(s.types, ",")}
		if s.direction == Stricter {
			g.Before, g.After = g.After, g.Before
		}
		out = append(out, g)
	}
	return out
}

// family names a list of gateway response types that is all of them, or all of a family.
func family(types []string) string {
	var all, client, server []string
	for _, t := range apigw.GatewayResponseTypes() {
		switch {
		case strings.HasPrefix(t, "DEFAULT_"):
		case gateway.ServerError(t):
			all, server = append(all, t), append(server, t)
		default:
			all, client = append(all, t), append(client, t)
		}
	}
	sorted := slices.Sorted(slices.Values(types))
	switch {
	case slices.Equal(sorted, all):
		return "all of API Gateway's own errors"
	case slices.Equal(sorted, client):
		return "API Gateway's own 4xx errors"
	case slices.Equal(sorted, server):
		return "API Gateway's own 5xx errors"
	}
	return "API Gateway's own " + strings.Join(sorted, ", ")
}
