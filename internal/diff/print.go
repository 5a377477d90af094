package diff

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/report"
)

// seconds writes a time to live as people say it.
func seconds(n int) string {
	switch {
	case n > 0 && n%3600 == 0:
		return plural(n/3600, "hour")
	case n > 0 && n%60 == 0:
		return plural(n/60, "minute")
	}
	return plural(n, "second")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// A format is how a summary is marked up.
type format struct {
	code, text      func(string) string
	strong          func(string) string
	title, subtitle string
	bullet          string
	details         bool // there are folded parts, and there is a bound
	brief           func(routes []string) (list []string, fallen int)
}

var (
	plain    = format{code: func(s string) string { return report.OneLine(clip(s)) }, text: report.OneLine, strong: func(s string) string { return s }, bullet: "- "}
	markdown = format{code: func(s string) string { return report.Code(clip(s)) }, text: report.EscapeMarkdown, strong: func(s string) string { return "**" + s + "**" }, title: "### ", subtitle: "#### ", bullet: "- ", details: true}
)

// showing returns the format that writes expressions instead of what stands for them.
func (f format) showing(d *Difference) format {
	code := f.code
	f.code = func(s string) string { return code(d.show(s)) }
	f.brief = d.brief
	return f
}

// routes writes a list of routes, in as few words as the templates have.
func (f format) routes(list []string) string {
	fallen := 0
	if f.brief != nil {
		list, fallen = f.brief(list)
	}
	if fallen > 0 {
		return f.enumerate(list) + ", and " + plural(fallen, "route") + " of other paths (served by a greedy route)"
	}
	return f.enumerate(list)
}

// clip shortens a template's text.
func clip(s string) string {
	if runes := []rune(s); len(runes) > maxCode {
		return string(runes[:maxCode]) + "..."
	}
	return s
}

// maxCode is how many characters of a name are written, and most how many names of a list in a sentence.
const (
	maxCode = 300
	most    = 12
)

// all writes a list of code.
func (f format) all(items []string) string {
	var out []string
	for _, s := range items {
		out = append(out, f.code(s))
	}
	return strings.Join(out, ", ")
}

// enumerate writes a list of code, the rest as a number where there are many.
func (f format) enumerate(items []string) string {
	more := len(items) - most
	if more > 1 {
		items = items[:most]
	}
	var out []string
	for _, s := range items {
		out = append(out, f.code(s))
	}
	if more > 1 {
		out = append(out, fmt.Sprintf("%d more", more))
	}
	if len(out) == 1 {
		return out[0]
	}
	return strings.Join(out[:len(out)-1], ", ") + " and " + out[len(out)-1]
}

// who names the pages of a group.
func (f format) who(g Group) string {
	switch {
	case g.AnyOrigin:
		return "pages of any origin"
	case g.AllUnnamed:
		return "pages of any origin that no allowlist names"
	case g.Unnamed:
		return "pages of " + f.enumerate(g.Origins) + " (which no allowlist names)"
	}
	return "pages of " + f.enumerate(g.Origins)
}

func (g Group) mode() string {
	if g.Credentials == "" {
		return ""
	}
	return " " + g.Credentials + " credentials"
}

// codes names the ways in which CORS refuses.
func (g Group) codes() string {
	if len(g.Codes) == 0 {
		return ""
	}
	var names []string
	for _, c := range g.Codes {
		names = append(names, string(c))
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// requests names the requests of a group, whose pages are named already.
func (f format) requests(g Group) string {
	routes := f.routes(g.Routes)
	if g.AllRoutes {
		if all := "every route they can use"; strings.Count(routes, ", ") > 1 {
			routes = all
		} else {
			routes = all + " (" + routes + ")"
		}
	}
	return routes + f.extras(g)
}

// extras names what of a group's requests is particular.
func (f format) extras(g Group) string {
	headers := ""
	if g.Preflighted {
		headers = " with headers that need a preflight"
	}
	if len(g.Headers) > 0 {
		var named []string
		lacking := ""
		for _, h := range g.Headers {
			lacks, one := strings.CutPrefix(h, without)
			if one && slices.Contains(g.Headers, bare) {
				continue // it lacks all of them
			}
			if one {
				lacking += " without " + f.code(lacks)
				continue
			}
			switch h {
			case none:
				lacking = " without further headers"
			case bare:
				lacking += " without what the route requires (a token, an API key)"
			case questions.Any:
				named = append(named, "any other header")
			default:
				named = append(named, f.code(h))
			}
		}
		if lacking != "" && len(named) > 0 {
			lacking += " or"
		}
		headers = lacking
		if len(named) > 0 {
			headers += " with the header " + strings.Join(named, " or ")
		}
	}
	return headers + g.mode()
}

// sentence puts a group in words.
func (f format) sentence(g Group) string {
	switch g.moved {
	case toFunction:
		return "preflights of " + f.routes(g.Routes) + ": " + f.strong("the function responds to them now") + ", and API Gateway did before; which pages the function lets in is not known"
	case fromFunction:
		return "preflights of " + f.routes(g.Routes) + ": " + f.strong("API Gateway responds to them now") + ", and the function did before; which pages the function let in is not known"
	}
	who := f.who(g)
	if len(g.Errors) > 0 {
		verb := " can now read "
		if g.Direction == Stricter {
			verb = " can no longer read "
		}
		return who + verb + family(g.Errors) + g.mode()
	}
	if g.Everything && g.After == "allowed" && g.Before == "refused" {
		return who + " " + f.strong("may now use the API") + ": " + f.routes(g.Routes)
	}
	if g.Everything && g.Before == "allowed" && g.After == "refused" {
		return who + " " + f.strong("may no longer use the API") + ": " + f.routes(g.Routes) + " refused" + g.codes()
	}
	was := ", was "
	if g.Direction == Different || len(strings.Fields(g.Before)) > 1 {
		was = "; before: "
	}
	return who + ", " + f.requests(g) + ": " + f.strong(f.words(g.After)) + g.codes() + was + f.words(g.Before)
}

// words returns what becomes of a group's requests, with the names of headers, which are a template's text, as code.
func (f format) words(s string) string {
	names, ok := strings.CutPrefix(s, canRead)
	if !ok || names == exposed(Outcome{}) || names == exposed(Outcome{Exposed: []string{"*"}}) {
		return s
	}
	return canRead + f.enumerate(strings.Split(names, ", "))
}

// A Sentence says of one group what becomes of its requests on either side.
type Sentence struct {
	Group
	Text string
}

// left says of what was not run what it is to both sides: the same.
var left = strings.NewReplacer("decided by a function that was not run", "left to the function")

// Sentences puts what differs in words that name both sides, such as "as deployed" and "as configured". What gets nowhere
// on both is left out.
func (d *Difference) Sentences(before, after string) []Sentence {
	var out []Sentence
	f := plain.showing(d)
	for _, g := range d.Groups() {
		if g.stillNowhere() {
			continue
		}
		subject := f.who(g) + ", "
		if len(g.Errors) > 0 {
			subject += family(g.Errors) + g.mode()
		} else {
			subject += f.requests(g)
		}
		out = append(out, Sentence{g, fmt.Sprintf("%s: %s, %s; %s, %s", subject, before, left.Replace(g.Before), after, left.Replace(g.After)+g.codes())})
	}
	for _, c := range d.Caches {
		mixed := map[bool]string{true: "caches may mix them up", false: "caches tell them apart"}
		out = append(out, Sentence{Group{Routes: []string{c.Route}}, fmt.Sprintf("responses of %s: %s, %s; %s, %s", c.Route, before, mixed[c.Before], after, mixed[c.After])})
	}
	return out
}

// headline says it all in a line.
func (d *Difference) headline() string {
	count := map[Direction]int{}
	caches, worse := false, false
	all := []*Difference{d}
	for _, c := range d.Cases {
		all = append(all, c.Difference)
	}
	for _, d := range all {
		for _, g := range d.sentences() {
			count[g.Direction]++
		}
		caches = caches || len(d.Caches) > 0
		worse = worse || slices.ContainsFunc(d.Caches, func(c CacheChange) bool { return c.After })
	}
	var parts []string
	for _, dir := range []Direction{Looser, Stricter, Different} {
		if count[dir] > 0 {
			parts = append(parts, fmt.Sprintf("%s in %s", dir, plural(count[dir], "way")))
		}
	}
	alone := map[Direction]int{}
	for _, dir := range []Direction{New, Gone} {
		list, _ := d.brief(d.those(dir)) // an ANY is one
		alone[dir] = len(list)
	}
	switch {
	case worse:
		parts = append(parts, "less safe to cache")
	case caches:
		parts = append(parts, "safer to cache")
	}
	var also []string
	if len(d.Wants) > 0 {
		also = append(also, "routes have other requirements")
	}
	if parts != nil {
		also = append(also, "for browsers this is "+strings.Join(parts, ", "))
	}
	for _, dir := range []Direction{New, Gone} {
		if n := alone[dir]; n > 0 {
			also = append(also, plural(n, string(dir)+" route"))
		}
	}
	if len(d.served) > 0 {
		also = append(also, plural(len(d.served), "route")+" served by another route than before")
	}
	if len(d.Address) > 0 {
		said := "an address is new"
		if slices.ContainsFunc(d.Address, func(a AddressChange) bool { return a.Before != "" || a.What != ofDomain }) {
			said = "the address changes"
		}
		also = append(also, said)
	}
	if also != nil {
		also[0] = strings.ToUpper(also[0][:1]) + also[0][1:]
		return strings.Join(also, "; ")
	}
	switch {
	case d.Empty() && len(d.NotCompared) > 0:
		return "Not all could be compared; nothing changes in the rest"
	}
	return "Browsers allow and refuse the same requests as before"
}

// missing writes what could not be compared: what has one reason together, whichever methods and functions it is about.
func (p *page) missing(d *Difference, title string) {
	type reason struct{ why, in string }
	var order []reason
	about, routes := map[reason][]string{}, map[reason][]string{}
	for _, n := range d.NotCompared {
		k := reason{n.Why, n.If}
		subject := ""
		if id, why, ok := strings.Cut(n.Why, ": "); ok && strings.HasPrefix(id, "method ") {
			subject, k.why = id, why
		} else if fn, changed, ok := strings.Cut(n.Why, ownResponses); ok {
			subject, k.why = strings.TrimPrefix(fn, "the function "), ownResponses+changed
		}
		if routes[k] == nil {
			order = append(order, k)
		}
		routes[k] = append(routes[k], n.Route)
		if subject != "" && !slices.Contains(about[k], subject) {
			about[k] = append(about[k], subject)
		}
	}
	if len(order) > 0 {
		p.item("\n" + title + "Not compared\n")
	}
	for _, k := range order {
		line := ""
		if k.in != "" {
			line = "If " + p.code(k.in) + ": "
		}
		rs := slices.DeleteFunc(routes[k], func(r string) bool { return r == "" })
		slices.SortFunc(rs, byPath)
		switch changed, own := strings.CutPrefix(k.why, ownResponses); {
		case own:
			line += p.routes(rs) + ": the responses of " + p.enumerate(about[k]) + " may differ, because " + p.enumerate(strings.Split(changed, ", ")) + " changed"
		case len(rs) > 0:
			line += p.routes(rs) + ": " + p.code(k.why)
		case len(about[k]) > 0:
			line += p.enumerate(about[k]) + ": " + p.code(k.why)
		default:
			line += p.code(k.why)
		}
		p.item(p.bullet + line)
	}
}

// others writes which functions are others.
func (p *page) others(d *Difference) {
	if len(d.Functions) == 0 {
		return
	}
	changed := map[string][]string{}
	for _, f := range d.Functions {
		what := strings.Join(f.Changed, ", ")
		changed[what] = append(changed[what], f.Function)
	}
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(changed)) {
		parts = append(parts, p.enumerate(changed[what])+" ("+p.enumerate(strings.Split(what, ", "))+")")
	}
	p.item("\nFunctions that changed and were not run: " + strings.Join(parts, "; ") + ".")
}

// sentences returns the groups that have a sentence of their own. New and gone routes have their policies, and what gets
// nowhere still has none.
func (d *Difference) sentences() []Group {
	var out []Group
	moved := map[move]int{} // where they are in out
	for _, g := range d.Groups() {
		if g.stillNowhere() || g.Direction == New || g.Direction == Gone || d.follows(g) {
			continue
		}
		to := g.moves()
		if !slices.ContainsFunc(g.Routes, func(r string) bool { return d.only[r] == "" }) {
			to = "" // from, or to, no API at all
		}
		at, ok := moved[to]
		switch {
		case to == "":
			out = append(out, g)
		case !ok:
			moved[to] = len(out)
			out = append(out, Group{Direction: map[move]Direction{toFunction: Looser, fromFunction: Stricter}[to], Before: g.Before, After: g.After, Routes: g.Routes, moved: to})
		default:
			routes := slices.Concat(out[at].Routes, g.Routes)
			slices.SortFunc(routes, byPath)
			out[at].Routes = slices.Compact(routes)
		}
	}
	slices.SortStableFunc(out, func(a, b Group) int {
		return cmp.Compare(slices.Index(order, a.Direction), slices.Index(order, b.Direction))
	})
	return out
}

// lacking reports whether a group is about requests that lack what their routes want alone.
func (g Group) lacking() bool {
	return len(g.Headers) > 0 && !slices.ContainsFunc(g.Headers, func(h string) bool { return h != bare && !strings.HasPrefix(h, without) })
}

// follows reports whether a group is about requests that lack what their routes want now, and did not, or no longer want.
func (d *Difference) follows(g Group) bool {
	wants := map[string]bool{}
	for _, w := range d.Wants {
		for _, r := range w.Routes {
			wants[r] = true
		}
	}
	return g.lacking() && !slices.ContainsFunc(g.Routes, func(r string) bool { return !wants[r] })
}

// A move is of the responses to preflights.
type move string

const (
	toFunction   move = "to a function"
	fromFunction move = "from a function"
)

// moves reports whether a group's preflights are a function's on one side alone.
func (g Group) moves() move {
	functions := Outcome{Preflight: "not known"}.words()
	switch was, is := g.Before == functions, g.After == functions; {
	case is && !was && g.Before != "allowed":
		return toFunction
	case was && !is && g.After != "allowed":
		return fromFunction
	}
	return ""
}

// failing returns the requests of which the preflight fails now and did not, of routes that are still there.
func (d *Difference) failing() []Group {
	type page struct{ origin, route string }
	failed, could := map[page]map[extra]browser.Code{}, map[page]map[extra]bool{}
	for i, q := range d.asked {
		b, a := d.outcomes[0][i], d.outcomes[1][i]
		if b.Preflight != "allowed" || d.only[q.route()] == Gone {
			continue
		}
		at := page{q.Origin, q.route()}
		if could[at] == nil {
			could[at], failed[at] = map[extra]bool{}, map[extra]browser.Code{}
		}
		could[at][extra{q.extra, q.Credentials}] = true
		if a.refusedPreflight() {
			failed[at][extra{q.extra, q.Credentials}] = ""
		}
	}
	type box struct{ headers, credentials, routes string }
	routes, origins := map[[3]string][]string{}, map[box][]string{}
	for at, set := range failed {
		for _, s := range describe(set, could[at]) {
			k := [3]string{at.origin, strings.Join(s.headers, ","), s.credentials}
			routes[k] = append(routes[k], at.route)
		}
	}
	for k, list := range routes {
		slices.SortFunc(list, byPath)
		b := box{k[1], k[2], strings.Join(list, "\n")}
		origins[b] = append(origins[b], k[0])
	}
	var out []Group
	for b, list := range origins {
		g := Group{Routes: d.alike(strings.Split(b.routes, "\n")), Credentials: b.credentials, Headers: strings.FieldsFunc(b.headers, func(r rune) bool { return r == ',' })}
		g.Origins, g.AnyOrigin, g.Unnamed = d.collapse(list), len(list) == len(d.Origins), !slices.ContainsFunc(d.Origins, func(o questions.Origin) bool { return !o.Beside && slices.Contains(list, o.Origin) })
		g.AllUnnamed = g.Unnamed && d.allUnnamed(list)
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b Group) int {
		return cmp.Or(-compareBool(a.AnyOrigin, b.AnyOrigin), slices.Compare(a.Origins, b.Origins), slices.Compare(a.Routes, b.Routes), slices.Compare(a.Headers, b.Headers), cmp.Compare(a.Credentials, b.Credentials))
	})
	return out
}

// failing writes whose preflights fail now and did not.
func (p *page) failing(d *Difference) {
	list := d.failing()
	if len(list) == 0 {
		return
	}
	const title = "Preflights that will now fail: "
	if len(list) == 1 {
		p.item("\n" + title + "those of " + p.who(list[0]) + ", " + p.routes(list[0].Routes) + p.extras(list[0]) + ".")
		return
	}
	p.item("\n" + strings.TrimSpace(title) + "\n")
	for _, g := range list {
		p.item(p.bullet + p.who(g) + ", " + p.routes(g.Routes) + p.extras(g))
	}
}

// refusedPreflight reports whether it is the preflight by which a request is refused.
func (o Outcome) refusedPreflight() bool { return strings.Contains(string(o.Code), "Preflight") }

// stillNowhere reports whether a group's requests were no use to their pages and are none.
func (g Group) stillNowhere() bool {
	return g.Direction == Different && getsNowhere(g.Before) && getsNowhere(g.After)
}

// A Result is what changes in one of several APIs.
type Result struct {
	// API is the logical id in the new template or, where the API is gone, in the old one, and Stage the stage's name.
	API   string `json:"api"`
	Stage string `json:"stage"`
	// Status is compared, added or removed. An API that is added is compared with one of no routes, and so is one that is
	// removed.
	Status string `json:"status"`
	// Same says that the templates are the same, byte for byte.
	Same        bool `json:"-"`
	*Difference `json:"-"`
}

// The values of Status.
const (
	Compared = "compared"
	Added    = "added"
	Removed  = "removed"
)

// maxComment is how many characters a comment on GitHub may have, less what whoever posts it may put around the text.
const maxComment = 65_536 - 1_536

// A page is text in the making that has a bound.
type page struct {
	strings.Builder
	format
	left    int // characters; what does not fit is left out
	omitted int // items that were
}

// item adds a line, if it fits.
func (p *page) item(line string) bool {
	if n := utf8.RuneCountInString(line) + 1; n <= p.left {
		p.left -= n
		p.WriteString(line + "\n")
		return true
	}
	p.omitted++
	return false
}

// body writes what changes in one API, below a title.
func (d *Difference) body(p *page, title string) {
	own := p.format
	defer func() { p.format = own }()
	p.format = p.format.showing(d)
	d.changed(p, title)
	for _, c := range d.Cases {
		p.item("\n" + p.strong("If "+p.code(c.If)+":"))
		p.format = own.showing(c.Difference) // which may be of other apps
		c.changed(p, title)
	}
	p.format = own.showing(d)
	p.missing(d, title)
	p.others(d)
}

// changed writes what changes in one case.
func (d *Difference) changed(p *page, title string) {
	groups, policies := d.sentences(), d.Policies()
	titles := map[Direction]string{Looser: "Looser", Stricter: "Stricter", Different: "Different, neither looser nor stricter"}
	p.around(d, title)
	p.policies(policies, title)
	last := Direction("")
	for _, g := range groups {
		if g.Direction != last {
			p.item("\n" + title + titles[g.Direction] + "\n")
			last = g.Direction
		}
		s := p.sentence(g)
		p.item(p.bullet + strings.ToUpper(s[:1]) + s[1:])
	}
	p.alone(policies, title)
	for _, dir := range []Direction{New, Gone} {
		var routes []string
		for route, is := range d.served {
			if is == dir {
				routes = append(routes, route)
			}
		}
		slices.SortFunc(routes, byPath)
		if len(routes) > 0 {
			p.item("\n" + map[Direction]string{New: "Now routes of their own, and served by other routes before: ", Gone: "Now served by other routes, and routes of their own before: "}[dir] + p.routes(routes) + ".")
		}
	}
	p.safety(d.Caches, title)
	p.failing(d)
	if p.details {
		p.table(groups)
	}
}

// around writes what changes around CORS.
func (p *page) around(d *Difference, title string) {
	if len(d.Wants) > 0 {
		p.item("\n" + title + "What requests need\n")
	}
	for _, w := range d.Wants {
		line := p.bullet + p.routes(w.Routes) + ": " + p.strong(w.words(p.format))
		var without []string
		for _, g := range d.Groups() {
			said := p.words(g.After) + g.codes()
			if d.follows(g) && g.Direction != Looser && slices.Contains(w.Routes, g.Routes[0]) && !slices.Contains(without, said) {
				without = append(without, said)
			}
		}
		if without != nil {
			line += "; without it: " + strings.Join(without, ", ")
		}
		p.item(line)
	}
	if len(d.Address) > 0 {
		p.item("\n" + title + "The address\n")
	}
	for _, line := range p.addresses(d.Address) {
		p.item(p.bullet + line)
	}
}

// addresses says what becomes of addresses: those of custom domains of which the same is so in one sentence.
func (f format) addresses(list []AddressChange) []string {
	var out []string
	var order []AddressChange // without the addresses
	old, now := map[AddressChange][]string{}, map[AddressChange][]string{}
	for _, a := range list {
		own := ": pages that use API Gateway's own address need the new one"
		if a.What == ofURL {
			own = ": pages that use the function URL's own address need the new one"
		}
		switch {
		case a.What == ofDomain:
			k := a
			k.Before, k.After = "", ""
			k.What = map[bool]string{true: "new", false: "moved"}[a.Before == ""]
			if a.After == "" {
				k.What = "gone"
			}
			if old[k] == nil {
				order = append(order, k)
			}
			old[k], now[k] = append(old[k], a.Before), append(now[k], a.After)
		case a.What == ofStage:
			out = append(out, "Stage "+f.code(cmp.Or(a.Before, "(none)"))+" is now "+f.code(cmp.Or(a.After, "(none)"))+own)
		case a.FromAPI != "":
			line := "The function URL " + f.code(a.After) + " is of " + f.code(a.ToAPI) + " now, and of " + f.code(a.FromAPI) + " before"
			if a.FromAPI == a.ToAPI {
				line = "The function " + f.code(a.ToAPI) + " of the function URL " + f.code(a.After) + " is replaced"
			}
			out = append(out, line+own)
		case a.Before == a.After:
			out = append(out, f.code(a.Before)+" is now an API of another kind"+own)
		case a.What == ofURL:
			out = append(out, f.code(a.Before)+" is now "+f.code(a.After)+own)
		default:
			out = append(out, f.code(a.Before)+" is now "+f.code(a.After)+", another API"+own)
		}
	}
	for _, k := range order {
		line, lead := "", map[bool]string{true: " leads", false: " lead"}[len(old[k]) == 1]
		if k.If != "" {
			line = "If " + f.code(k.If) + ": "
		}
		switch {
		case k.What == "gone":
			line += f.enumerate(old[k]) + " no longer" + lead + " to this API: requests of pages there fail unless something else responds, and the pages have to use another address"
		case k.What == "new":
			line += f.enumerate(now[k]) + lead + " to this API now: pages can use it there, too"
		case k.ToAPI == "" && k.ToStage == "":
			var pairs []string
			for i := range old[k] {
				if i == most {
					pairs = append(pairs, fmt.Sprintf("%d more", len(old[k])-most))
					break
				}
				pairs = append(pairs, f.code(old[k][i])+" is now "+f.code(now[k][i]))
			}
			line += strings.Join(pairs, ", ") + ": pages that use the old address need the new one"
		default:
			of := func(api, stage string) (short, whole string) {
				switch short = f.code(api); {
				case k.FromAPI == k.ToAPI && k.FromStage != k.ToStage:
					short = "stage " + f.code(cmp.Or(stage, "(none)"))
				case stage != "":
					return short, short + ", stage " + f.code(stage)
				}
				return short, short
			}
			was, from := of(k.FromAPI, k.FromStage)
			is, to := of(k.ToAPI, k.ToStage)
			line += f.enumerate(old[k]) + lead + " to " + to + " now, and to " + from + " before: " + is + " decides which pages may read responses there, and pages that need " + was + " have to use another address"
		}
		out = append(out, line)
	}
	return out
}

// alone writes the routes that one side alone has, by the policy that they get, or had.
func (p *page) alone(list []PolicyChange, title string) {
	for _, dir := range []Direction{New, Gone} {
		begun := false
		for _, c := range list {
			if c.Direction != dir {
				continue
			}
			if !begun {
				p.item("\n" + title + map[Direction]string{New: "New routes", Gone: "Gone routes"}[dir] + "\n")
				begun = true
			}
			line := p.bullet + p.routes(c.Routes)
			if dir == New {
				line += ": " + p.policy(c.policies[1])
			} else if len(c.policies[0].clauses) > 0 {
				line += "; before: " + p.policy(c.policies[0])
			}
			p.item(line)
		}
	}
}

// table writes, folded, the groups of which the sentences leave something out.
func (p *page) table(groups []Group) {
	begun := false
	for _, g := range groups {
		origins, routes := p.all(g.Origins), g.Routes
		if g.AnyOrigin || g.AllUnnamed {
			origins = "any origin"
		}
		if p.brief != nil {
			routes, _ = p.brief(routes)
		}
		if (len(g.Origins) <= most+1 || origins == "any origin") && len(routes) <= most+1 {
			continue
		}
		if !begun {
			p.WriteString("\n<details><summary>All origins and routes</summary>\n\n| | Pages of | Routes | Before | After |\n|---|---|---|---|---|\n")
			begun = true
		}
		cells := []string{string(g.Direction), origins, p.all(routes) + p.extras(g), p.words(g.Before), p.words(g.After)}
		p.item("| " + strings.Join(cells, " | ") + " |")
	}
	if begun {
		p.WriteString("\n</details>\n")
	}
}

func (d *Difference) footer() string {
	return fmt.Sprintf("The same %s were tried on both templates: %s, %s.", plural(d.Questions, "request"), plural(len(d.Origins), "origin"), plural(len(d.Routes), "route"))
}

// end writes what was left out, if anything was, and the rest to the writer.
func (p *page) end(w io.Writer) error {
	if p.omitted > 0 {
		fmt.Fprintf(p, "\nLines that do not fit into a comment: %d. %s prints all.\n", p.omitted, p.code("--format json"))
	}
	text := p.String()
	if !p.details {
		text = wrapped(text)
	}
	_, err := io.WriteString(w, text)
	return err
}

// wrapped breaks the lines of text for a terminal; what follows the mark of a list is indented below its text.
func wrapped(text string) string {
	var p report.Printer
	for line := range strings.Lines(text) {
		said := strings.TrimLeft(line, " ")
		indent := line[:len(line)-len(said)]
		if rest, ok := strings.CutPrefix(said, "- "); ok {
			indent, said = indent+"- ", rest
		}
		p.Line("", indent, len(indent), said)
	}
	return p.String()
}

func (f format) page() *page {
	p := &page{format: f, left: maxComment - 2_000} // the frame takes less
	if !f.details {
		p.left = math.MaxInt
	}
	p.WriteString(f.title + "CORS: what changes for browsers\n\n")
	return p
}

// print writes the summary of one API.
func (d *Difference) print(p *page, same bool) {
	switch {
	case !d.Empty() || len(d.NotCompared) > 0:
		p.WriteString(p.strong(d.headline()) + ".\n")
		d.body(p, p.subtitle)
	case same:
		p.WriteString("Nothing: the templates are the same.\n")
	default:
		p.WriteString("Nothing, although the templates differ.\n")
		own := p.format
		p.format = p.format.showing(d)
		p.others(d)
		p.format = own
	}
	p.WriteString("\n" + d.footer() + "\n")
}

// Markdown writes the summary to be posted as a comment. Same says that the templates are the same, byte for byte.
func (d *Difference) Markdown(w io.Writer, same bool) error { return d.write(w, markdown, same) }

// Text writes the summary for a terminal.
func (d *Difference) Text(w io.Writer, same bool) error { return d.write(w, plain, same) }

func (d *Difference) write(w io.Writer, f format, same bool) error {
	p := f.page()
	d.print(p, same)
	return p.end(w)
}

// Markdown writes the summaries of several APIs as one comment, and what a check finds on one side alone.
func Markdown(w io.Writer, results []Result, found Found) error {
	return print(w, markdown, results, found)
}

// Text writes the same for a terminal.
func Text(w io.Writer, results []Result, found Found) error { return print(w, plain, results, found) }

func print(w io.Writer, f format, results []Result, found Found) error {
	p := f.page()
	if len(results) == 1 && results[0].Status == Compared {
		results[0].print(p, results[0].Same)
		p.found(found)
		return p.end(w)
	}
	var still []string
	for _, r := range results {
		name := f.code(r.API)
		if r.Stage != "" {
			name += ", stage " + f.code(r.Stage)
		}
		if r.Empty() && len(r.NotCompared) == 0 && r.Status == Compared {
			still = append(still, name)
			continue
		}
		said := r.headline()
		switch r.Status {
		case Added:
			said = "It is new. " + said
		case Removed:
			said = "It is gone. " + said
		}
		if !p.item(f.subtitle + "API " + name + "\n\n" + f.strong(said) + ".") {
			continue
		}
		r.body(p, deeper(f.subtitle))
		p.item("\n" + r.footer() + "\n")
	}
	if len(still) > 0 {
		p.item("Nothing changes for browsers in " + strings.Join(still, "; ") + ".")
	}
	p.found(found)
	return p.end(w)
}

// deeper returns a title one level below.
func deeper(title string) string {
	if title == "" {
		return ""
	}
	return "#" + title
}
