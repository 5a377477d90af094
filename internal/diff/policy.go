package diff

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/questions"
)

// A PolicyChange is what routes that share it let pages do, on both sides. Of a route that one side alone has it is empty on
// the other.
type PolicyChange struct {
	Routes    []string  `json:"routes"`
	Before    string    `json:"before,omitempty"`
	After     string    `json:"after,omitempty"`
	Direction Direction `json:"direction,omitempty"` // New, Gone or, for routes of both sides, empty

	policies [2]policy
}

// A policy is what a route lets pages do.
type policy struct {
	clauses []clause
	maxAge  int      // of preflights, and
	exposed []string // headers that pages can read; both where the other side has others
}

// A clause is what pages of some origins can do.
type clause struct {
	clauseKey
	origins []string // with patterns instead of their examples; of those that are not, if but is true
	but     bool
}

type clauseKey struct {
	effect      effect
	credentials string // as a Group has it
	headers     string // as headerSet writes it
}

// An effect is what comes of requests of pages.
type effect int

const (
	nothingAtAll effect = iota
	fully
	afterPreflight // a function decides, after a preflight that passes
	notKnown       // the same of what is not known
	withoutOne     // a function decides, and there is no preflight
	altogether     // a function decides, preflight and all
	ownErrors      // errors of API Gateway can be read
	leftOpen       // it is not known whether the request is sent
)

func (o Outcome) effect() effect {
	switch {
	case o.Allowed && o.Gateway == notServed:
		return nothingAtAll
	case o.Allowed && o.Gateway != "":
		return ownErrors
	case o.Allowed:
		return fully
	case o.open != "" && o.Preflight == "allowed":
		return notKnown
	case o.open != "":
		return leftOpen
	case !o.Known && o.Preflight == "allowed":
		return afterPreflight
	case !o.Known && o.Preflight != "":
		return altogether
	case !o.Known:
		return withoutOne
	}
	return nothingAtAll
}

// policiesOf returns what routes let pages do on one side, by the first of those that are alike.
func (d *Difference) policiesOf(side int, outcomes []Outcome) map[string]policy {
	type page struct{ route, origin string }
	type mode struct {
		effect      effect
		credentials bool
	}
	headers := map[page]map[mode][]string{}
	could, identity := map[string][]string{}, map[string][]string{}
	need := map[string]string{} // a header that all others were asked with, and that this side does not want
	out := map[string]policy{}
	for i, q := range d.asked {
		route := q.route()
		if _, seen := out[route]; !seen {
			out[route], identity[route] = policy{}, q.routes[0].Identity
		}
		set, wants := q.extra, q.routes[0].Identity
		switch open := d.cut.open[side][route] && len(wants) > 0; {
		case open && set == bare: // the other side wants something
			set, identity[route] = "", nil
		case open && set == "":
			set = wants[0]
			need[route] = set
		case set == bare, strings.HasPrefix(set, without):
			continue
		}
		if i := slices.Index(could[route], set); i < 0 {
			could[route] = append(could[route], set)
		}
		o := outcomes[i]
		e := o.effect()
		if e == nothingAtAll {
			continue
		}
		at := page{route, q.Origin}
		if headers[at] == nil {
			headers[at] = map[mode][]string{}
		}
		headers[at][mode{e, q.Credentials}] = append(headers[at][mode{e, q.Credentials}], set)
		p := out[route]
		p.maxAge = max(p.maxAge, o.MaxAge)
		for _, name := range o.Exposed {
			if !slices.Contains(p.exposed, name) {
				p.exposed = append(p.exposed, name)
			}
		}
		out[route] = p
	}
	origins := map[string]map[clauseKey]map[string]bool{}
	for at, modes := range headers {
		if origins[at.route] == nil {
			origins[at.route] = map[clauseKey]map[string]bool{}
		}
		settable := func(headers []string) string {
			if need[at.route] != "" && !slices.Contains(headers, need[at.route]) {
				return notAsked
			}
			return headerSet(headers, could[at.route], identity[at.route])
		}
		for m, headers := range modes {
			key := clauseKey{m.effect, map[bool]string{true: "with", false: "without"}[m.credentials], settable(headers)}
			if other, both := modes[mode{m.effect, !m.credentials}]; both && settable(other) == key.headers {
				if key.credentials = ""; m.credentials {
					continue
				}
			}
			if m.effect == withoutOne || m.effect == altogether || m.effect == ownErrors || m.effect == leftOpen {
				key.headers, key.credentials = notAsked, ""
			}
			if origins[at.route][key] == nil {
				origins[at.route][key] = map[string]bool{}
			}
			origins[at.route][key][at.origin] = true
		}
	}
	for route, keys := range origins {
		p := out[route]
		for key, has := range keys {
			names, but := d.named(has)
			p.clauses = append(p.clauses, clause{key, names, but})
		}
		slices.SortFunc(p.clauses, func(a, b clause) int {
			return cmp.Or(cmp.Compare(a.effect, b.effect), strings.Compare(b.credentials, a.credentials), compareBool(a.but, b.but), slices.Compare(a.origins, b.origins), strings.Compare(a.headers, b.headers))
		})
		slices.Sort(p.exposed)
		out[route] = p
	}
	return out
}

// notAsked is a set of headers that is not known, or is of no interest.
const notAsked = "?"

// headerSet writes which of the headers that a route is asked with a page may set; a space begins what it may not set.
func headerSet(headers, could, identity []string) string {
	named := slices.Concat(identity, headers)
	slices.Sort(named)
	named = slices.DeleteFunc(slices.Compact(named), func(h string) bool { return h == "" || h == questions.Any })
	if !slices.Contains(headers, questions.Any) {
		return strings.Join(named, ",")
	}
	not := slices.DeleteFunc(slices.Sorted(slices.Values(could)), func(h string) bool { return h == "" || slices.Contains(headers, h) })
	return questions.Any + " " + strings.Join(not, ",")
}

// named returns origins as a list has them, or those that are missing where almost all are there, a stranger among them.
func (d *Difference) named(has map[string]bool) (names []string, but bool) {
	origins := slices.Sorted(maps.Keys(has))
	if has[questions.Stranger] {
		var missing []string
		for _, o := range d.Origins {
			if !has[o.Origin] {
				missing = append(missing, o.Origin)
			}
		}
		if missing = d.collapse(missing); len(missing) < 4 || d.allUnnamed(origins) {
			return missing, true
		}
	}
	return d.collapse(origins), false
}

// Policies returns what routes let pages do, where that is another on the other side, for each set of routes that share both.
func (d *Difference) Policies() []PolicyChange {
	changed := map[string]bool{}
	for _, c := range d.Changes {
		changed[c.route()] = true
	}
	var sides [2]map[string]policy
	for i, outcomes := range d.every {
		for side := range sides {
			found := d.policiesOf(side, outcomes[side])
			if i == 0 {
				sides[side] = found
				continue
			}
			for route, p := range found { // what is not the same in each way is left to the sentences
				if f := plain; f.policy(p) != f.policy(sides[side][route]) {
					delete(changed, route)
				}
			}
		}
	}
	f := plain.showing(d)
	type key struct {
		before, after string
		direction     Direction
	}
	at := map[key]*PolicyChange{}
	for _, route := range slices.Sorted(maps.Keys(sides[0])) {
		texts := map[Direction][2]string{}
		for _, name := range d.alike([]string{route}) {
			b, a := sides[0][route], sides[1][route]
			dir := d.only[name]
			if dir == "" && !changed[route] {
				continue
			}
			if dir != "" || b.maxAge == a.maxAge || b.maxAge*a.maxAge == 0 { // new routes do not tell for how long, either
				b.maxAge, a.maxAge = 0, 0
			}
			if dir == "" && (slices.Equal(b.exposed, a.exposed) || len(b.clauses)*len(a.clauses) == 0) {
				b.exposed, a.exposed = nil, nil
			}
			if _, ok := texts[dir]; !ok {
				texts[dir] = [2]string{f.policy(b), f.policy(a)}
			}
			k := key{texts[dir][0], texts[dir][1], dir}
			switch dir {
			case New:
				k.before = ""
			case Gone:
				k.after = ""
			default:
				if k.before == k.after {
					continue
				}
			}
			if at[k] == nil {
				at[k] = &PolicyChange{Before: k.before, After: k.after, Direction: dir, policies: [2]policy{b, a}}
			}
			at[k].Routes = append(at[k].Routes, name)
		}
	}
	var out []PolicyChange
	for _, p := range at {
		slices.SortFunc(p.Routes, byPath)
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b PolicyChange) int {
		return cmp.Or(-cmp.Compare(len(a.Routes), len(b.Routes)), byPath(a.Routes[0], b.Routes[0]), strings.Compare(string(a.Direction), string(b.Direction)))
	})
	return out
}

// policy puts a policy in words.
func (f format) policy(p policy) string {
	var parts []string
	last := ""
	has := func(e effect) bool {
		return slices.ContainsFunc(p.clauses, func(c clause) bool { return c.effect == e })
	}
	for _, c := range p.clauses {
		who := f.origins(c) + c.mode() + f.headersOf(c.headers)
		switch c.effect {
		case fully:
			parts = append(parts, "open to "+who)
		case afterPreflight:
			parts, last = append(parts, "preflights pass for "+who), "the function decides about responses"
		case notKnown:
			parts, last = append(parts, "preflights pass for "+who), "what comes after is not known"
		case withoutOne:
			if !has(fully) && !has(afterPreflight) && !has(altogether) {
				parts = append(parts, "no preflight passes; the function decides about requests that need none")
			}
		case altogether:
			parts = append(parts, "the function decides, also about preflights")
		case ownErrors:
			if !has(fully) && !has(afterPreflight) {
				parts = append(parts, "only errors that the API makes itself, for "+f.origins(c))
			}
		case leftOpen:
			what := "which other requests pass is not known"
			if parts == nil {
				what = "which requests pass is not known"
			}
			parts = append(parts, what)
		}
	}
	parts = slices.Compact(parts)
	if len(parts) > mostClauses {
		parts = append(parts[:mostClauses], fmt.Sprintf("and %d more", len(parts)-mostClauses))
	}
	if parts == nil {
		return "no page can use it"
	}
	if last != "" {
		parts = append(parts, last)
	}
	if p.maxAge > 0 {
		parts = append(parts, "preflights are remembered for "+seconds(p.maxAge))
	}
	if len(p.exposed) > 0 {
		parts = append(parts, "pages "+strings.TrimPrefix(f.words(canRead+exposed(Outcome{Exposed: p.exposed})), "able to "))
	}
	return strings.Join(parts, "; ")
}

// mostClauses is how many clauses of a policy are written.
const mostClauses = 4

// origins names the pages of a clause.
func (f format) origins(c clause) string {
	switch {
	case c.but && len(c.origins) == 0:
		return f.strong("any origin")
	case c.but:
		return f.strong("any origin") + " but " + f.enumerate(c.origins)
	}
	return f.enumerate(c.origins)
}

// mode says of a clause with which credentials it is.
func (c clause) mode() string {
	switch c.credentials {
	case "with":
		return ", with credentials"
	case "without":
		return ", without credentials"
	}
	return ", with credentials or without"
}

// headersOf says which headers pages may set.
func (f format) headersOf(set string) string {
	switch not, any := strings.CutPrefix(set, questions.Any+" "); {
	case any && not == "":
		return ", any header"
	case any:
		return ", any header but " + f.enumerate(strings.Split(not, ","))
	case set == notAsked:
		return ""
	case set == "":
		return ", no headers"
	}
	return ", headers " + f.enumerate(strings.Split(set, ","))
}

// policies writes what routes let pages do on both sides.
func (p *page) policies(list []PolicyChange, title string) {
	begun := false
	for _, c := range list {
		if c.Direction != "" {
			continue
		}
		if !begun {
			p.item("\n" + title + "Policy\n")
			begun = true
		}
		p.item(p.bullet + p.routes(c.Routes) + "\n  - before: " + p.policy(c.policies[0]) + "\n  - now: " + p.policy(c.policies[1]))
	}
}
