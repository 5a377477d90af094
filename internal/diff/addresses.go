package diff

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
)

// An AddressChange is a change of an address that pages use: API Gateway's own, which is made of the API and its stage, a
// function URL's, or one of a custom domain.
type AddressChange struct {
	// What is stage, api, functionUrl or domain. Before and After are the stage's name, the logical id of the API or of the
	// function URL (the same if something else was made under it), or the address of a custom domain: Before is empty for one
	// that is new, After for one that leads to no API any more, and both are the same for one that leads to another API or
	// stage.
	What   string `json:"what"`
	Before string `json:"before"`
	After  string `json:"after"`
	// FromAPI and FromStage are what an address of a custom domain led to, and ToAPI and ToStage what it leads to now, if that
	// is something else. For a function URL, FromAPI and ToAPI are its function before and now.
	FromAPI   string `json:"fromApi,omitempty"`
	FromStage string `json:"fromStage,omitempty"`
	ToAPI     string `json:"toApi,omitempty"`
	ToStage   string `json:"toStage,omitempty"`
	// If says in which case, where it is so in some cases alone.
	If string `json:"if,omitempty"`
}

// The values of What.
const (
	ofStage  = "stage"
	ofAPI    = "api"
	ofURL    = "functionUrl"
	ofDomain = "domain"
)

// A sameness is whether two values are the same, as far as templates say. The smallest of several holds for all of them.
type sameness int

const (
	never sameness = iota
	maybe          // it depends on what only a deployment knows
	always
)

// split returns the characters of a text, each symbol in it as one, so that texts of two apps can be compared.
func split(app *cfn.App, text string) []string {
	var out []string
	at := 0
	for _, s := range app.StandIns(text) {
		out = append(append(out, strings.Split(text[at:s.From], "")...), symbolMark+s.Symbol.ID())
		at = s.To
	}
	return append(out, strings.Split(text[at:], "")...)
}

// symbolMark begins the symbols that split returns. No character has it.
const symbolMark = "${"

// sameText compares what split returns. What two texts have in common at their ends, symbols too, does not matter; if what is
// left begins or ends with two characters that differ, or is nothing on one side and has a character on the other, the texts
// are not the same whatever the symbols are.
func sameText(a, b []string) sameness {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	literal := func(s string) bool { return !strings.HasPrefix(s, symbolMark) }
	switch {
	case len(a) == 0 && len(b) == 0:
		return always
	case len(a) == 0 || len(b) == 0:
		if slices.ContainsFunc(slices.Concat(a, b), literal) {
			return never
		}
	case literal(a[0]) && literal(b[0]) || literal(a[len(a)-1]) && literal(b[len(b)-1]):
		return never
	}
	return maybe
}

// sameShown compares texts of a side each in which expressions stand for symbols.
func sameShown(apps [2]*cfn.App, was, is string) sameness {
	if was == is {
		return always
	}
	for i, text := range []*string{&was, &is} {
		read, err := apps[i].Read(*text)
		if err != nil {
			return maybe
		}
		*text = read
	}
	return sameText(split(apps[0], was), split(apps[1], is))
}

// A lead is an address of a custom domain and where it leads.
type lead struct {
	address      string // as it is shown
	domain, path []string
	to           string        // what it leads to, as it is shown: an API's logical id, or what the template has instead of one
	api          *cfn.Resource // nil if it is not in the app
	other        []string      // if so, what is there instead
	stage        string        // as it is shown
	stageParts   []string
	mapping      string // the mapping's logical id
	pair         int    // of the API's stage, or of another stage of it; -1 if there is none
	exact        bool   // it is that stage's
}

// says names what it leads to.
func (l *lead) says() string {
	if l.stage == "" {
		return l.to
	}
	return l.to + ", stage " + l.stage
}

func (l *lead) in(o *lead) bool { return slices.Equal(l.domain, o.domain) }

// below reports whether another address of the same domain takes what this one does, if this one is not there.
func (l *lead) below(o *lead) bool {
	return l.in(o) && len(o.path) < len(l.path) && slices.Equal(l.path[:len(o.path)], o.path) && (len(o.path) == 0 || l.path[len(o.path)] == "/")
}

// A sideOf is what one side of a world says of custom domains.
type sideOf struct {
	app     *cfn.App
	leads   []*lead
	domains map[string]bool   // the names of those that are in the app
	ruled   map[string]string // by name, how a domain routes that has routing rules
	rules   map[string][]*cfn.Resource
	unread  []unreadMapping
}

// An unreadMapping is one of which something that decides is no text.
type unreadMapping struct {
	name, written, why string
	pair               int // -1 if it is not known of which API it is
}

// mappingTypes are the resources that map paths of custom domains, with the names of their properties.
var mappingTypes = []struct{ typ, domain, api, path string }{
	{"AWS::ApiGateway::BasePathMapping", "DomainName", "RestApiId", "BasePath"},
	{"AWS::ApiGateway::BasePathMappingV2", "DomainNameArn", "RestApiId", "BasePath"},
	{"AWS::ApiGatewayV2::ApiMapping", "DomainName", "ApiId", "ApiMappingKey"}, // of REST APIs, too
}

var domainTypes = []string{"AWS::ApiGateway::DomainName", "AWS::ApiGateway::DomainNameV2", "AWS::ApiGatewayV2::DomainName"}

// anyPath is how the service names a mapping of the domain's root.
const anyPath = "(none)"

// domainsOf reads the custom domains of an app.
func domainsOf(app *cfn.App, side int, pairs []pair) *sideOf {
	s := &sideOf{app: app, domains: map[string]bool{}, ruled: map[string]string{}, rules: map[string][]*cfn.Resource{}}
	for _, typ := range domainTypes {
		for _, r := range app.OfType(typ) {
			name, err := text(r.Properties["DomainName"])
			if err != nil || name == "" {
				continue
			}
			key := strings.Join(split(app, strings.ToLower(name)), "")
			s.domains[key] = true
			if mode := r.Properties["RoutingMode"]; mode != nil && mode != "API_MAPPING_ONLY" {
				s.ruled[key] = cfn.Canonical(mode)
			}
		}
	}
	for _, r := range app.OfType("AWS::ApiGatewayV2::RoutingRule") {
		if name, err := s.domainName(r.Properties["DomainNameArn"]); err == nil {
			key := strings.Join(split(app, name), "")
			s.rules[key] = append(s.rules[key], r)
		}
	}
	for _, m := range mappingTypes {
		for _, r := range app.OfType(m.typ) {
			s.read(r, m.domain, m.api, m.path, side, pairs)
		}
	}
	return s
}

// text returns a property that is a text, empty if it is not there.
func text(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case *cfn.Unknown:
		return "", v
	}
	return "", fmt.Errorf("it is not a text")
}

// domainName returns the name of the domain that a property names, by its name or its ARN, in lower case.
func (s *sideOf) domainName(v any) (string, error) {
	for range 2 { // an ARN may have a reference in it
		if r := s.app.Target(v); r != nil && slices.Contains(domainTypes, r.Type) {
			v = r.Properties["DomainName"]
		}
		name, err := text(v)
		if err != nil {
			return "", err
		}
		if _, arn, ok := strings.Cut(name, "/domainnames/"); ok {
			name, _, _ = strings.Cut(arn, "+") // a private domain's has an id
		}
		v = strings.ToLower(name)
	}
	if v == "" {
		return "", fmt.Errorf("it names no domain")
	}
	return v.(string), nil
}

// read adds what a mapping says.
func (s *sideOf) read(r *cfn.Resource, domainProperty, apiProperty, pathProperty string, side int, pairs []pair) {
	p := r.Properties
	l := lead{mapping: s.app.Name(r), pair: -1}
	if api := s.app.Target(p[apiProperty]); api != nil && (gateway.KindOf(api) != "" || api.Type == "AWS::ApiGatewayV2::Api") {
		l.api, l.to = api, s.app.Name(api)
	}
	fail := func(property string, err error) {
		l.place(s.app, side, pairs)
		s.unread = append(s.unread, unreadMapping{l.mapping, cfn.Canonical(p), property + ": " + err.Error(), l.pair})
	}
	if p == nil && r.Raw != nil {
		fail("Properties", fmt.Errorf("they are not known"))
		return
	}
	domain, err := s.domainName(p[domainProperty])
	if err != nil {
		fail(domainProperty, err)
		return
	}
	path, err := text(p[pathProperty])
	if err != nil {
		fail(pathProperty, err)
		return
	}
	path = strings.Trim(strings.TrimSuffix(path, anyPath), "/")
	if l.api == nil {
		other, err := text(p[apiProperty])
		if err != nil {
			fail(apiProperty, err)
			return
		}
		l.other, l.to = split(s.app, other), cmp.Or(s.app.Show(other), "no API")
	}
	named := p["Stage"]
	if st := s.app.Target(named); st != nil && strings.HasSuffix(st.Type, "::Stage") {
		named = st.Properties["StageName"]
	}
	stage, err := text(named)
	if err != nil {
		fail("Stage", err)
		return
	}
	add := func(path, stage string) {
		one := l
		one.stage, one.stageParts = s.app.Show(stage), split(s.app, stage)
		one.domain, one.path = split(s.app, domain), split(s.app, path)
		one.address = "https://" + s.app.Show(domain)
		if path != "" {
			one.address += "/" + s.app.Show(path)
		}
		one.place(s.app, side, pairs)
		s.leads = append(s.leads, &one)
	}
	if stage == "" && l.api != nil { // the path names the stage
		names, _ := gateway.Stages(s.app, gateway.Options{API: s.app.Name(l.api)})
		for _, name := range names {
			if name, err := s.app.Read(name); err == nil {
				add(strings.TrimPrefix(path+"/"+name, "/"), name)
			}
		}
		if len(names) > 0 {
			return
		}
	}
	add(path, stage)
}

// place finds the pair that a lead is of.
func (l *lead) place(app *cfn.App, side int, pairs []pair) {
	for i, p := range pairs {
		s := []*stage{p.old, p.now}[side]
		if s == nil || !s.of(app, l.api) {
			continue
		}
		if l.pair < 0 {
			l.pair = i
		}
		if s.stage == l.stage {
			l.pair, l.exact = i, true
			return
		}
	}
}

// of reports whether a stage is of an API.
func (s *stage) of(app *cfn.App, api *cfn.Resource) bool {
	return s != nil && api != nil && s.id == api.ID && s.stack == below(app, api.Stack.Name)
}

// in reports whether a stage's API is in an app.
func (s *stage) in(app *cfn.App) bool {
	return slices.ContainsFunc(gateway.APIs(app), func(c gateway.Choice) bool { return s.of(app, c.Resource) })
}

// courses compares the custom domains of both sides in one world.
type courses struct {
	sides   [2]*sideOf
	hidden  [2]string // what of a side was not read that may have mappings
	pairs   []pair
	changes [][]AddressChange // by pair
	open    [][]NotCompared
}

// addresses returns what changes of the addresses of custom domains, and what of them is not compared, by pair. A change is
// one of the stage to which the address led before and, if it led to none, of the one to which it leads now.
func addresses(worlds []*world, pairs []pair) (changes [][]AddressChange, open [][]NotCompared) {
	found, left := make([]tally[AddressChange], len(pairs)), make([]tally[NotCompared], len(pairs))
	var facts [][]fact
	for v, w := range worlds {
		facts = append(facts, w.facts)
		c := &courses{pairs: pairs, changes: make([][]AddressChange, len(pairs)), open: make([][]NotCompared, len(pairs))}
		for side, app := range w.apps {
			c.sides[side] = domainsOf(app, side, pairs)
			c.hidden[side] = unreadParts(app, w.apps[1-side])
		}
		c.compare()
		for i := range pairs {
			found[i].add(v, len(worlds), c.changes[i])
			left[i].add(v, len(worlds), c.open[i])
		}
	}
	changes, open = make([][]AddressChange, len(pairs)), make([][]NotCompared, len(pairs))
	said := func(in []bool) string { return cfn.Show(when(facts, in), worlds[0].apps[:]...) }
	for i := range pairs {
		for _, one := range found[i].order {
			in := found[i].in[one]
			one.If = said(in)
			changes[i] = append(changes[i], one)
		}
		slices.SortStableFunc(changes[i], func(a, b AddressChange) int {
			return cmp.Or(strings.Compare(a.Before, b.Before), strings.Compare(a.After, b.After))
		})
		for _, one := range left[i].order {
			in := left[i].in[one]
			one.If = said(in)
			open[i] = append(open[i], one)
		}
	}
	return changes, open
}

// same reports whether two leads lead to the same stage of the same API.
func (c *courses) same(o, n *lead) sameness {
	api := never
	switch {
	case o.api == nil && n.api == nil:
		api = sameText(o.other, n.other)
	case o.api == nil || n.api == nil:
		api = maybe // an id, or what only a deployment knows, may be the API's
	case slices.ContainsFunc(c.pairs, func(p pair) bool {
		return p.old.of(c.sides[0].app, o.api) && p.now.of(c.sides[1].app, n.api)
	}):
		api = always
	}
	if api == always && o.exact && n.exact && o.pair == n.pair {
		return always
	}
	return min(api, sameText(o.stageParts, n.stageParts))
}

// change adds a change of the address of a lead that was or is there.
func (c *courses) change(o, n *lead, a AddressChange) {
	if at := pairOf(o, n); at >= 0 {
		a.What = ofDomain
		c.changes[at] = append(c.changes[at], a)
	}
}

// left adds what is not compared.
func (c *courses) left(at int, format string, args ...any) {
	if n := (NotCompared{Why: fmt.Sprintf(format, args...)}); at >= 0 && !slices.Contains(c.open[at], n) {
		c.open[at] = append(c.open[at], n)
	}
}

// pairOf returns the pair that a change of either is told of.
func pairOf(o, n *lead) int {
	if o.pair >= 0 || n == nil {
		return o.pair
	}
	return n.pair
}

// elsewhere adds that an address leads elsewhere.
func (c *courses) elsewhere(address string, o, n *lead) {
	c.change(o, n, AddressChange{Before: address, After: address, FromAPI: o.to, FromStage: o.stage, ToAPI: n.to, ToStage: n.stage})
}

func (c *courses) compare() {
	c.routing()
	var gone, added []*lead
	find := func(list []*lead, l *lead) *lead {
		if i := slices.IndexFunc(list, func(o *lead) bool { return o.in(l) && slices.Equal(o.path, l.path) }); i >= 0 {
			return list[i]
		}
		return nil
	}
	old, now := c.sides[0], c.sides[1]
	for _, o := range old.leads {
		n := find(now.leads, o)
		if n == nil {
			gone = append(gone, o)
			continue
		}
		switch c.same(o, n) {
		case never:
			c.elsewhere(o.address, o, n)
		case maybe:
			c.left(pairOf(o, n), "%s leads to %s now, and before to %s: whether that is the same is not known", o.address, n.says(), o.says())
		case always:
			if name := strings.Join(o.domain, ""); old.domains[name] && !now.domains[name] {
				c.left(o.pair, "%s: the domain name is not in the new template, and whether it is elsewhere is not known", o.address)
			}
			if o.exact && !n.exact {
				c.left(o.pair, "%s leads to %s, which is not in the new template any more", o.address, n.says())
			}
		}
	}
	for _, n := range now.leads {
		if find(old.leads, n) == nil {
			added = append(added, n)
		}
	}
	gone, added = c.renamed(gone, added)
	for _, o := range gone {
		c.gone(o)
	}
	for _, n := range added {
		c.added(n)
	}
}

// renamed takes out of what is there on one side alone what leads to the same stage from another address, and what may be the
// same address.
func (c *courses) renamed(gone, added []*lead) (restGone, restAdded []*lead) {
	taken := map[*lead]bool{}
	match := func(alike func(o, n *lead) bool, said func(o, n *lead)) {
		like := map[*lead][]*lead{} // on the other side, of those that are not taken
		left := map[*lead]int{}     // how many of them still are not
		for _, o := range gone {
			for _, n := range added {
				if !taken[o] && !taken[n] && alike(o, n) {
					like[o], like[n] = append(like[o], n), append(like[n], o)
					left[o]++
					left[n]++
				}
			}
		}
		for _, o := range gone {
			for _, n := range like[o] {
				if taken[o] || taken[n] || left[o] > 1 || left[n] > 1 {
					continue
				}
				taken[o], taken[n] = true, true
				for _, l := range slices.Concat(like[o], like[n]) {
					left[l]--
				}
				said(o, n)
			}
		}
	}
	mapping := func(o, n *lead) bool { return o.mapping == n.mapping }
	domain := func(o, n *lead) bool { return o.in(n) }
	path := func(o, n *lead) bool { return slices.Equal(o.path, n.path) }
	alone := func(o, n *lead) bool { return true }
	each := []func(o, n *lead) bool{mapping, domain, path, alone}
	for _, alike := range each {
		match(func(o, n *lead) bool {
			return alike(o, n) && min(sameText(o.domain, n.domain), sameText(o.path, n.path)) == maybe && c.same(o, n) != never
		}, func(o, n *lead) {
			c.left(pairOf(o, n), "%s leads to %s now, and before %s did: whether that is the same address is not known", n.address, n.says(), o.address)
		})
	}
	// Of several that may be the same address, it is not known which is.
	for _, o := range gone {
		for _, n := range added {
			if (!taken[o] || !taken[n]) && min(sameText(o.domain, n.domain), sameText(o.path, n.path)) == maybe && c.same(o, n) != never {
				taken[o], taken[n] = true, true
				c.left(pairOf(o, n), "%s leads to %s now, and before %s did: whether that is the same address is not known", n.address, n.says(), o.address)
			}
		}
	}
	for _, alike := range each {
		match(func(o, n *lead) bool { return alike(o, n) && c.same(o, n) == always }, func(o, n *lead) {
			if c.hidden[0]+c.hidden[1] != "" {
				c.gone(o)
				c.added(n)
				return
			}
			c.change(o, n, AddressChange{Before: o.address, After: n.address})
		})
	}
	rest := func(list []*lead) []*lead {
		return slices.DeleteFunc(list, func(l *lead) bool { return taken[l] })
	}
	return rest(gone), rest(added)
}

// wider returns the lead that takes what another does which is not there.
func wider(list []*lead, l *lead) *lead {
	var out *lead
	for _, o := range list {
		if l.below(o) && (out == nil || len(o.path) > len(out.path)) {
			out = o
		}
	}
	return out
}

// gone adds what becomes of an address that no mapping has any more.
func (c *courses) gone(o *lead) {
	if c.hidden[1] != "" {
		c.left(o.pair, "whether %s still leads to %s: %s", o.address, o.says(), c.hidden[1])
		return
	}
	if n := wider(c.sides[1].leads, o); n != nil {
		switch c.same(o, n) {
		case never:
			c.elsewhere(o.address, o, n)
			return
		case maybe:
			c.left(pairOf(o, n), "%s leads to %s now, and before to %s: whether that is the same is not known", o.address, n.says(), o.says())
			return
		}
	}
	if o.pair >= 0 && c.pairs[o.pair].now.in(c.sides[1].app) { // or all of the API is gone
		c.change(o, nil, AddressChange{Before: o.address})
	}
}

// added adds an address that no mapping had before.
func (c *courses) added(n *lead) {
	if c.hidden[0] != "" {
		c.left(n.pair, "whether %s led to %s before: %s", n.address, n.says(), c.hidden[0])
		return
	}
	if o := wider(c.sides[0].leads, n); o != nil && c.same(o, n) == never && c.serves(o, n) {
		c.elsewhere(n.address, o, n)
		return
	}
	if n.pair >= 0 && c.pairs[n.pair].old.in(c.sides[0].app) { // or all of the API is new
		c.change(n, nil, AddressChange{After: n.address})
	}
}

// serves reports whether the API that an address led to had routes below another address.
func (c *courses) serves(o, n *lead) bool {
	if o.api == nil {
		return false
	}
	api, err := gateway.Load(c.sides[0].app, gateway.Options{AssumeValid: true, API: c.sides[0].app.Name(o.api), Stage: o.stage})
	if err != nil {
		return false
	}
	path := "/" + strings.TrimPrefix(strings.Join(n.path[len(o.path):], ""), "/")
	return slices.ContainsFunc(questions.Routes(api), func(r questions.Route) bool {
		return r.Path == path || strings.HasPrefix(r.Path, path+"/")
	})
}

// unreadParts says what of an app was not read that may map paths of domains, and is not the same in another app.
func unreadParts(app, other *cfn.App) string {
	for _, p := range app.Problems {
		if p.Kind != cfn.Elsewhere || !gateway.Concerns(app, p) || slices.ContainsFunc(other.Problems, func(o cfn.Problem) bool {
			return o.Kind == p.Kind && o.LogicalID == p.LogicalID && o.Text == p.Text
		}) {
			continue
		}
		whole := p.LogicalID == "" || strings.HasPrefix(p.LogicalID, "Fn::ForEach::")
		for _, st := range app.Stacks {
			for _, r := range st.Resources {
				whole = whole || st.Name == p.Stack && r.ID == p.LogicalID && (r.Type == "" || r.Type == "AWS::CloudFormation::Stack" || r.Type == "AWS::Serverless::Application")
			}
		}
		if whole {
			return p.Error()
		}
	}
	return ""
}

// routing says which mappings, and which domains with routing rules, are not compared, and leaves out what these lead to.
func (c *courses) routing() {
	for side, s := range c.sides {
		for _, u := range s.unread {
			if slices.ContainsFunc(c.sides[1-side].unread, func(o unreadMapping) bool { return o.name == u.name && o.written == u.written }) {
				continue
			}
			for at := range c.pairs {
				if u.pair < 0 || u.pair == at {
					c.left(at, "the mapping %s of a custom domain: %s", u.name, u.why)
				}
			}
		}
	}
	ruled := func(name string) bool {
		return c.sides[0].ruled[name] != "" || c.sides[1].ruled[name] != "" || len(c.sides[0].rules[name])+len(c.sides[1].rules[name]) > 0
	}
	type domain struct {
		address string
		written [2][]string
		pairs   []int
	}
	found, order := map[string]*domain{}, []string{}
	at := func(name, address string) *domain {
		if found[name] == nil {
			found[name] = &domain{address: address}
			order = append(order, name)
		}
		return found[name]
	}
	for side, s := range c.sides {
		var rest []*lead
		for _, l := range s.leads {
			name := strings.Join(l.domain, "")
			if !ruled(name) {
				rest = append(rest, l)
				continue
			}
			address, _, _ := strings.Cut(strings.TrimPrefix(l.address, "https://"), "/")
			d := at(name, "https://"+address)
			d.pairs = append(d.pairs, l.pair)
			d.written[side] = append(d.written[side], fmt.Sprint(l.path, " ", l.to, " ", l.stage), "mode "+s.ruled[name])
		}
		s.leads = rest
		for name, rules := range s.rules {
			shown, _ := s.domainName(rules[0].Properties["DomainNameArn"])
			d := at(name, "https://"+s.app.Show(shown))
			for _, r := range rules {
				d.written[side] = append(d.written[side], cfn.Canonical(r.Properties), "mode "+s.ruled[name])
				for _, symbol := range s.app.Symbols(r.Properties) {
					l := &lead{api: symbol.Resource, pair: -1}
					l.place(s.app, side, c.pairs)
					d.pairs = append(d.pairs, l.pair)
				}
			}
		}
	}
	slices.Sort(order)
	for _, name := range order {
		d := found[name]
		for side := range d.written {
			slices.Sort(d.written[side])
			d.written[side] = slices.Compact(d.written[side])
		}
		if slices.Equal(d.written[0], d.written[1]) {
			continue
		}
		for _, pair := range d.pairs {
			c.left(pair, "where %s leads: it has routing rules, which are not looked at, and they or its mappings differ", d.address)
		}
	}
}

// ownAddress compares the API's own address, of the stage and the API.
func (d *Difference) ownAddress(v *view, p pair, opts Options) {
	apps := [2]*cfn.App{v.sites[0].API.App, v.sites[1].API.App}
	if was, is := p.old.stage, p.now.stage; was != is && opts.OldStage == "" { // or whoever asks knows
		switch sameShown(apps, was, is) {
		case maybe:
			d.NotCompared = append(d.NotCompared, NotCompared{Why: fmt.Sprintf("the stage is %s now, and was %s: whether that is the same is not known", cmp.Or(is, "(none)"), cmp.Or(was, "(none)"))})
		case never:
			d.Address = append(d.Address, AddressChange{What: ofStage, Before: d.show(was), After: d.show(is)})
		}
	}
	was, is := v.sites[0].API, v.sites[1].API
	what := map[bool]string{true: ofURL, false: ofAPI}[was.Kind == gateway.FunctionURL]
	switch {
	case p.old.id != p.now.id || was.Kind != is.Kind:
		if opts.OldAPI == "" {
			d.Address = append(d.Address, AddressChange{What: what, Before: p.old.id, After: p.now.id})
		}
	case what == ofURL:
		// CloudFormation makes another URL for another function, and for another qualifier.
		before, after := urlOf(was), urlOf(is)
		switch before.same(after) {
		case never:
			d.Address = append(d.Address, AddressChange{What: what, Before: p.old.id, After: p.now.id, FromAPI: before.shown, ToAPI: after.shown})
		case maybe:
			d.NotCompared = append(d.NotCompared, NotCompared{Why: fmt.Sprintf("the address of the function URL %s: it is of %s now, and was of %s before; whether that is the same function is not known", p.now.id, after.shown, before.shown)})
		}
	}
}

// A target is the function of a function URL.
type target struct {
	id              string // empty if it is not in the app
	name, qualifier []string
	shown           string
}

// urlOf returns the function of a function URL.
func urlOf(api *gateway.API) target {
	v, _ := text(api.Rest.Properties["TargetFunctionArn"])
	qualifier, _ := text(api.Rest.Properties["Qualifier"])
	t := target{shown: api.App.Show(v), qualifier: split(api.App, qualifier)}
	if _, name, ok := strings.Cut(v, ":function:"); ok {
		v = name
	}
	if s := api.App.SymbolOf(v); s != nil && s.Resource != nil { // by its name or its ARN
		t.id, t.shown = below(api.App, s.Resource.Stack.Name)+"/"+s.Resource.ID, api.App.Name(s.Resource)
		v, _ = text(s.Resource.Properties["FunctionName"])
	}
	t.name = split(api.App, v)
	if qualifier != "" {
		t.shown += ":" + api.App.Show(qualifier)
	}
	return t
}

// same reports whether functions are the same.
func (t target) same(o target) sameness {
	switch {
	case (t.id == "") != (o.id == ""):
		return maybe
	case t.id != o.id:
		return never
	}
	return min(sameText(t.name, o.name), sameText(t.qualifier, o.qualifier))
}
