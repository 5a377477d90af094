package diff

import (
	"cmp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
)

// The directions of what changes because a route is there on one side alone.
const (
	// New is a route that lets nobody further than the others did. One that does is [Looser].
	New Direction = "new"
	// Gone is a route that pages could use and that is not there any more.
	Gone Direction = "gone"
)

// A Want is what routes want of a request besides what CORS is about, and did not, or the other way round.
type Want struct {
	// Text says what, as "no longer requires a token (Pool)".
	Text   string   `json:"text"`
	Routes []string `json:"routes"`

	words func(format) string
}

// review tells the routes that are there on one side alone from those that change, and says what changes around CORS: the
// address, and what routes want of a request.
func (d *Difference) review(views []*view, p pair, opts Options) {
	var has [2]map[string]bool
	for side := range has {
		has[side] = map[string]bool{}
		for _, v := range views {
			for _, r := range questions.Routes(v.sites[side].API) {
				if method(v.sites[side].API, r) != nil {
					has[side][r.Method+" "+r.URL] = true
				}
			}
			for _, r := range d.Routes {
				if d.cut.by[name(r)] == "" {
					continue
				}
				if m, _ := v.sites[side].API.Route(r.Method, r.URL); m != nil { // no side has it, and one that does serves it
					has[side][r.Method+" "+r.URL] = true
				}
			}
		}
	}
	all := []*Difference{d}
	for _, c := range d.Cases {
		all = append(all, c.Difference)
	}
	for _, d := range all {
		d.only, d.served = alone(d, has)
		d.removed = p.now == nil
		d.redirect()
	}
	if p.old == nil || p.now == nil {
		return
	}
	d.ownAddress(views[0], p, opts)
	d.wants(views[0])
	d.functions(views[0])
}

// alone returns the routes that one side has, as New or Gone: those of which no page has anything on the other side, and those
// which another route serves there, such as /{proxy+}.
func alone(d *Difference, has [2]map[string]bool) (only, served map[string]Direction) {
	reached := [2]map[string]bool{{}, {}} // by route: some page gets somewhere
	for i, q := range d.asked {
		for side := range reached {
			if d.outcomes[side][i].reach() > 0 {
				for one := range q.each {
					reached[side][one.Method+" "+one.URL] = true
				}
			}
		}
	}
	only, served = map[string]Direction{}, map[string]Direction{}
	for _, r := range d.Routes {
		url := r.Method + " " + r.URL
		if has[0][url] == has[1][url] {
			continue
		}
		into, other, is := only, 0, New
		if has[0][url] {
			other, is = 1, Gone
		}
		if reached[other][url] {
			into = served
		}
		into[name(r)] = is
	}
	return only, served
}

// redirect gives the changes of routes that are new or gone a direction of their own. A new route is looser all the same for
// pages of an origin that got so far with none.
func (d *Difference) redirect() {
	type page struct {
		origin                 string
		credentials, preflight bool
	}
	best := map[page]int{}
	for i, q := range d.asked {
		o := d.outcomes[0][i]
		for _, preflight := range []bool{false, true} {
			if at := (page{q.Origin, q.Credentials, preflight}); !preflight || o.Preflight == "allowed" {
				best[at] = max(best[at], o.reach())
			}
		}
	}
	for i, c := range d.Changes {
		switch d.only[c.route()] {
		case New:
			if c.Direction == Looser && best[page{c.Origin, c.Credentials, c.After.Preflight == "allowed"}] >= c.After.reach() {
				d.Changes[i].Direction = New
			}
		case Gone:
			if c.Direction == Stricter {
				d.Changes[i].Direction = Gone
			}
		}
	}
}

// wants compares what the routes of both sides want of a request.
func (d *Difference) wants(v *view) {
	at := map[string]int{}
	for _, r := range d.Routes {
		var methods [2]*gateway.Method
		there := true
		for side, site := range v.sites {
			methods[side], _ = site.API.Route(r.Method, r.URL)
			there = there && methods[side] != nil && methods[side].Err == nil
		}
		if !there || plain.wanted(methods[0]) == plain.wanted(methods[1]) {
			continue
		}
		words := func(f format) string {
			switch was, is := f.wanted(methods[0]), f.wanted(methods[1]); {
			case is == "":
				return "no longer requires " + was
			case was == "":
				return "requires " + is + " now"
			default:
				return "requires " + is + " now, and " + was + " before"
			}
		}
		text := words(plain)
		i, ok := at[text]
		if !ok {
			i = len(d.Wants)
			at[text] = i
			d.Wants = append(d.Wants, Want{Text: text, words: words})
		}
		d.Wants[i].Routes = append(d.Wants[i].Routes, name(r))
	}
	slices.SortFunc(d.Wants, func(a, b Want) int { return strings.Compare(a.Text, b.Text) })
}

// method returns the method of a route, nil if the API has none there.
func method(api *gateway.API, r questions.Route) *gateway.Method {
	resource := api.Find(r.Path)
	if resource == nil {
		return nil
	}
	for _, verb := range []string{r.Method, "ANY"} {
		for _, m := range resource.Methods() {
			if m.HTTPMethod == verb {
				return m
			}
		}
	}
	return nil
}

// wanted says what a method wants of a request, "" for nothing.
func (f format) wanted(m *gateway.Method) string {
	var out []string
	switch m.AuthorizationType {
	case "", "NONE":
	case "AWS_IAM":
		out = append(out, "a signature (AWS_IAM)")
	default:
		out = append(out, "a token ("+f.code(cmp.Or(m.Authorizer(), m.AuthorizationType))+")")
	}
	if m.APIKeyRequired {
		out = append(out, "an API key")
	}
	return strings.Join(out, " and ")
}

// shortcuts are for lists of routes: those that stand for others in them.
type shortcuts struct {
	any map[string]bool   // routes that are an ANY's on each side that has them
	by  map[string]string // of routes that no side has, those that serve them, such as GET /{proxy+}

	open [2]map[string]bool // by side, the routes that want no header of a request
}

// shortcuts finds them.
func (d *Difference) shortcuts(views []*view) shortcuts {
	out := shortcuts{map[string]bool{}, map[string]string{}, [2]map[string]bool{{}, {}}}
	for _, r := range d.Routes {
		any, own, by := true, false, ""
		for _, v := range views {
			for side, site := range v.sites {
				serves, _ := site.API.Route(r.Method, r.URL)
				out.open[side][name(r)] = serves != nil && len(serves.Identity()) == 0
				if m := method(site.API, r); m != nil {
					any, own = any && m.HTTPMethod == "ANY", true
				} else if serves != nil && serves.Resource != nil {
					by = r.Method + " " + serves.Resource.Path
				}
			}
		}
		switch {
		case own && any:
			out.any[name(r)] = true
		case !own && by != "":
			out.by[name(r)] = by
		}
	}
	return out
}

// brief writes a list of routes as the templates have them: ANY where all of an ANY's are in it, and none that another of
// the list serves, of which it counts them.
func (d *Difference) brief(routes []string) (list []string, fallen int) {
	path := func(route string) string { return route[strings.Index(route, " ")+1:] }
	all, here := map[string]int{}, map[string]int{} // by path
	for r := range d.cut.any {
		all[path(r)]++
	}
	for _, r := range routes {
		if d.cut.any[r] {
			here[path(r)]++
		}
	}
	for _, r := range routes {
		if by := d.cut.by[r]; by != "" && slices.Contains(routes, by) {
			fallen++
			continue
		}
		if p := path(r); d.cut.any[r] && all[p] > 1 && here[p] == all[p] {
			r = "ANY " + p
		}
		if !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return list, fallen
}
