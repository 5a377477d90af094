package simulate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/plan"
	"github.com/corsgate/corsgate/internal/stagevars"
	"github.com/corsgate/corsgate/internal/vtl"
	"github.com/corsgate/corsgate/internal/vtl/javaregexp"
)

// A decision is what a mapping template asks about a text that has in it what only a deployment knows: an ==, a method of
// the text.
type decision struct {
	key    string // what is asked, of what
	op     string
	texts  []string // without the page's origin, for which page and host stand
	result any
	// others are results that it may have under other values.
	others []any
	symbol *cfn.Symbol
	// derived reports whether a text is only made of the symbol.
	derived bool
}

// page and host stand for the page's origin and its host in texts that are asked about.
const page, host = "\x01page\x01", "\x01host\x01"

// asks has what a mapping template asks while it makes one response.
type asks struct {
	site     *Site
	origin   string
	list     []*decision
	derived  map[string]*cfn.Symbol // by the stand-in
	protocol []*cfn.Symbol          // nil if it is not known yet
	own      map[string]bool        // see [plan.DecidesAlone]
	literal  map[string]bool        // see writes
}

// result notes what a template asks, and returns the result that is taken for it.
func (a *asks) result(template, op string, operands []any, result any) any {
	var texts []string
	add := func(v any) {
		if s, ok := v.(string); ok {
			texts = append(texts, s)
		}
	}
	for _, o := range operands {
		add(o)
		if list, ok := o.(*vtl.List); ok {
			for _, e := range list.Elems {
				add(e)
			}
		}
	}
	if !slices.ContainsFunc(texts, cfn.HasSymbol) {
		return result
	}
	if !a.writes(template) {
		texts = masked(texts, a.origin)
	}
	d := &decision{op: op, result: result, texts: texts}
	d.key = op + "\x00" + strings.Join(d.texts, "\x00")
	var symbols []*cfn.Symbol
	for _, t := range d.texts {
		symbols = append(symbols, a.site.API.App.Symbols(t)...)
		for standIn, s := range a.derived {
			if strings.Contains(t, standIn) {
				d.derived, symbols = true, append(symbols, s)
			}
		}
	}
	if len(symbols) == 0 {
		return result
	}
	d.symbol = symbols[0]
	switch r := result.(type) {
	case bool, int64, float64:
		if !equates(op) && a.ofPolicy(template, symbols) {
			return result
		}
		d.others = others(result, template)
		a.list = append(a.list, d)
		if forced, ok := a.site.forced[d.key]; ok {
			return forced
		}
		return result
	case string:
		_, receives := operands[0].(string)
		if a.ofPolicy(template, symbols) || receives && cfn.CountSymbols(r) >= cfn.CountSymbols(operands[0].(string)) {
			return result
		}
	case *vtl.List:
		return result
	}
	if a.ofPolicy(template, symbols) {
		return result
	}
	// What it is made of is not to be seen any more, and yet it depends on it.
	standIn := fmt.Sprintf("h-%.20s.deployed.invalid", fmt.Sprintf("%x", sha256.Sum256([]byte(d.key))))
	if a.derived == nil {
		a.derived = map[string]*cfn.Symbol{}
	}
	a.derived[standIn] = d.symbol
	return standIn
}

// writes reports whether a template, or a variable of the stage, has the page's host in it, so that a text with it may be
// another one than the page's origin.
func (a *asks) writes(template string) bool {
	is, ok := a.literal[template]
	if !ok {
		host := hostOf(a.origin)
		has := func(text string) bool { return strings.Contains(text, host) }
		is = host != "" && !cfn.HasSymbol(a.origin) && (has(template) || slices.ContainsFunc(slices.Collect(maps.Values(a.site.API.Variables)), has))
		if a.literal == nil {
			a.literal = map[string]bool{}
		}
		a.literal[template] = is
	}
	return is
}

// hostOf returns an origin's host and port; of one that has none all of it.
func hostOf(origin string) string {
	if u, err := url.Parse(origin); err == nil && u.Host != "" {
		return u.Host
	}
	return origin
}

// ofPolicy reports whether symbols stand in stage variables of corsgate's, and a template of corsgate's, which checks what
// it reads, asks about them.
func (a *asks) ofPolicy(template string, symbols []*cfn.Symbol) bool {
	if a.protocol == nil {
		a.protocol = []*cfn.Symbol{}
		for name, v := range a.site.API.Variables {
			if stagevars.Is(name) {
				a.protocol = append(a.protocol, a.site.API.App.Symbols(v)...)
			}
		}
	}
	if slices.ContainsFunc(symbols, func(s *cfn.Symbol) bool { return !slices.Contains(a.protocol, s) }) {
		return false
	}
	own, ok := a.own[template]
	if !ok {
		if a.own == nil {
			a.own = map[string]bool{}
		}
		own = plan.DecidesAlone(template)
		a.own[template] = own
	}
	return own
}

// equates reports whether an operation is that two texts are the same.
func equates(op string) bool { return op == "==" || op == "equals" || op == "equalsIgnoreCase" }

// masked puts names instead of a page's origin and its host.
func masked(texts []string, origin string) []string {
	r := strings.NewReplacer(origin, page, hostOf(origin), host)
	var out []string
	for _, t := range texts {
		if origin != "" {
			t = r.Replace(t)
		}
		out = append(out, t)
	}
	return out
}

// of returns the texts with an origin.
func (d *decision) of(origin string) []string {
	r := strings.NewReplacer(page, origin, host, hostOf(origin))
	var out []string
	for _, t := range d.texts {
		out = append(out, r.Replace(t))
	}
	return out
}

// aboutPage reports whether the page's origin is asked about.
func (d *decision) aboutPage() bool {
	return slices.ContainsFunc(d.texts, func(t string) bool { return strings.Contains(t, page) || strings.Contains(t, host) })
}

// apply evaluates an operation, where that is a matter of two texts alone.
func apply(op string, texts []string) (result, ok bool) {
	if len(texts) != 2 {
		return false, false
	}
	one, other := texts[0], texts[1]
	switch op {
	case "==", "equals":
		return one == other, true
	case "equalsIgnoreCase":
		return strings.EqualFold(one, other), true
	case "contains":
		return strings.Contains(one, other), true
	case "startsWith":
		return strings.HasPrefix(one, other), true
	case "endsWith":
		return strings.HasSuffix(one, other), true
	case "matches":
		re, err := javaregexp.Recent(other)
		if err != nil {
			return false, false
		}
		fits, err := re.MatchWhole(one)
		return fits, err == nil
	}
	return false, false
}

// An Equality is that a value, known only at deployment, may be a text that decides.
type Equality struct {
	Symbol *cfn.Symbol
	Value  string
}

// fails reports whether a template fails.
func (r *Report) fails() bool {
	return slices.ContainsFunc([]*Course{r.Trace.Preflight, r.Trace.Actual}, func(c *Course) bool {
		return c != nil && c.GatewayResponse != nil && c.GatewayResponse.Cause == gateway.BadTemplate
	})
}

// same reports whether it is the same value of the same symbol.
func (e Equality) same(o Equality) bool { return e.Value == o.Value && e.Symbol.ID() == o.Symbol.ID() }

// equality returns what the symbol has to be for two texts to be the same. It returns false if that is not so easily said.
func (d *decision) equality(app *cfn.App, origin string) (e Equality, possible, ok bool) {
	if !equates(d.op) || d.derived {
		return e, true, false
	}
	texts := d.of(origin)
	if len(texts) != 2 {
		return e, true, false
	}
	one, other := 0, 1
	if len(app.StandIns(d.texts[0])) == 0 {
		one, other = 1, 0
	}
	standIns := app.StandIns(texts[one])
	if len(standIns) != 1 || len(app.StandIns(d.texts[other])) > 0 {
		return e, true, false
	}
	at := standIns[0]
	pattern := "^" + regexp.QuoteMeta(texts[one][:at.From]) + "((?s).*)" + regexp.QuoteMeta(texts[one][at.To:]) + "$"
	if d.op == "equalsIgnoreCase" {
		pattern = "(?i)" + pattern
	}
	m := regexp.MustCompile(pattern).FindStringSubmatch(texts[other])
	if m == nil || m[1] == "" && !at.Symbol.Free() {
		return e, false, true
	}
	return Equality{at.Symbol, m[1]}, true, true
}

// possible reports whether another result may come of a decision under other values, as far as can be told from what is
// written around them.
func (d *decision) possible(app *cfn.App, origin string) bool {
	texts := d.of(origin)
	if len(texts) != 2 || len(app.StandIns(d.texts[0])) > 0 || d.derived {
		return true
	}
	at := app.StandIns(texts[1])
	with := func(text string, literal func(string) string) string {
		var b strings.Builder
		last := 0
		for _, s := range at {
			b.WriteString(literal(texts[1][last:s.From]) + text)
			last = s.To
		}
		return b.String() + literal(texts[1][last:])
	}
	same := func(s string) string { return s }
	if d.result == true { // the same value may stand in the page's origin
		other := []string{texts[0], texts[1]}
		for i, s := range at {
			for k := range other {
				other[k] = strings.ReplaceAll(other[k], texts[1][s.From:s.To], fmt.Sprintf("corsgate-%d.example", i))
			}
		}
		holds, ok := apply(d.op, other)
		return !ok || !holds
	}
	for _, s := range slices.Backward(app.StandIns(texts[0])) { // of the page's origin: one name, which is no other value
		texts[0] = texts[0][:s.From] + "\x02" + texts[0][s.To:]
	}
	pattern := ""
	switch quoted := with("(?s:.*)", regexp.QuoteMeta); d.op {
	case "==", "equals":
		pattern = "^" + quoted + "$"
	case "equalsIgnoreCase":
		pattern = "(?i)^" + quoted + "$"
	case "startsWith":
		pattern = "^" + quoted
	case "endsWith":
		pattern = quoted + "$"
	case "contains":
		pattern = quoted
	case "matches":
		may, ok := apply("matches", []string{texts[0], with(".*", same)})
		return may || !ok
	default:
		return true
	}
	may, err := regexp.MatchString(pattern, texts[0])
	return may || err != nil
}

// met reports whether a decision is made in the other way for a page whose origin the value gives: that is looked at by itself.
func (d *decision) met(list []candidate, origin string) bool {
	return d.aboutPage() && slices.ContainsFunc(list, func(c candidate) bool {
		if c.form != nil {
			return slices.Contains(c.parts, d.symbol) && (c.form.MatchString(origin) || equates(d.op) && slices.ContainsFunc(d.texts, c.form.MatchString))
		}
		result, ok := apply(d.op, d.of(c.origin))
		return ok && any(result) != d.result
	})
}

// maxForced bounds how many results are forced for one request.
const maxForced = 24

// A hinge has the symbols by whose values what is known of a report would be another; nil where it would not.
type hinge struct{ verdict, preflight *cfn.Symbol }

// A search looks for what hangs on the decisions of templates.
type search struct {
	req        browser.Call
	report     *Report
	candidates []candidate
	seen       map[string]bool // decisions, by their key
	hinge      hinge
	// equalities are values that symbols would have to have for decisions that are about nothing else.
	equalities []Equality
}

// decided looks at what would become of a request if templates decided otherwise, for each of their decisions.
func (s *Site) decided(ctx context.Context, req browser.Call, report *Report, requests []*sent) (*search, error) {
	out := &search{req: req, report: report, seen: map[string]bool{}}
	return out, out.look(ctx, s, requests)
}

// look takes each decision of requests otherwise, and looks in turn at those that are made only then.
func (f *search) look(ctx context.Context, s *Site, requests []*sent) error {
	for _, r := range requests {
		for _, d := range r.asks {
			if f.seen[d.key] {
				continue
			}
			f.seen[d.key] = true
			if len(f.seen) == 1 {
				f.candidates = s.named()
			}
			e, possible, ok := d.equality(s.API.App, f.req.Origin)
			switch {
			case ok && !possible, d.met(f.candidates, f.req.Origin):
				continue
			case ok:
				f.equalities = append(f.equalities, e)
				continue
			case !d.possible(s.API.App, f.req.Origin):
				continue
			case len(f.seen) > maxForced, len(d.others) > 3*maxForced:
				f.hangs(d.symbol, nil)
				return nil
			}
			for _, result := range d.others {
				other := *s
				other.Memo, other.forced = s.Memo.under(fmt.Sprint(d.key, "\x00", result)), maps.Clone(s.forced)
				if other.forced == nil {
					other.forced = map[string]any{}
				}
				other.forced[d.key] = result
				forced, requests, err := other.run(ctx, f.req)
				if err != nil {
					return err
				}
				if f.hangs(d.symbol, forced); f.done() {
					return nil
				}
				if err := f.look(ctx, &other, requests); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// hangs notes what of the report is another with a value of a symbol; all that is known of it if other is nil.
func (f *search) hangs(symbol *cfn.Symbol, other *Report) {
	verdict, preflight := differs(f.report, other)
	if verdict {
		f.hinge.verdict = cmp.Or(f.hinge.verdict, symbol)
	}
	if preflight {
		f.hinge.preflight = cmp.Or(f.hinge.preflight, symbol)
	}
}

// done reports whether there is nothing left that might hang on a symbol.
func (f *search) done() bool {
	verdict, preflight := differs(f.report, nil)
	return (!verdict || f.hinge.verdict != nil) && (!preflight || f.hinge.preflight != nil)
}

// differs reports whether the verdict, and what becomes of the preflight, are known in a report and not the same in
// another. Nil is one of which nothing is known.
func differs(report, other *Report) (verdict, preflight bool) {
	if other == nil {
		other = &Report{}
	}
	same := func(a, b Verdict) bool { return a.Known == b.Known && a.Allowed == b.Allowed }
	return report.Verdict.Known && !same(report.Verdict, other.Verdict),
		report.Preflight.known() && !same(report.Preflight.Verdict, other.Preflight.Verdict)
}

// known reports whether there is a preflight whose outcome is known.
func (p Preflight) known() bool { return p.Needed && p.Verdict.Known }

// number matches a whole number of a template.
var number = regexp.MustCompile(`\b[0-9]{1,9}\b`)

// others are results that a decision of a template may have under other values: of numbers those around each that the template
// names, which may be what they are compared with.
func others(result any, template string) []any {
	if r, ok := result.(bool); ok {
		return []any{!r}
	}
	numbers := []int64{-1, 0, 1, 1000}
	for _, digits := range number.FindAllString(template, -1) {
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
			numbers = append(numbers, n-1, n, n+1)
		}
	}
	slices.Sort(numbers)
	var out []any
	for _, n := range slices.Compact(numbers) {
		if _, ok := result.(float64); ok {
			out = append(out, float64(n))
		} else {
			out = append(out, n)
		}
	}
	return out
}

// equal finds the values of symbols for which a template would decide otherwise, so that the verdict would be another.
func (j *Judge) equal(ctx context.Context, req browser.Call, report *Report) error {
	return j.jointly(ctx, req, report, report.Equalities, nil)
}

// maxJoint bounds how many values are assumed at once.
const maxJoint = 3

// jointly is equal for values beside those that are assumed already.
func (j *Judge) jointly(ctx context.Context, req browser.Call, report *Report, equalities, assumed []Equality) error {
	for _, e := range equalities {
		if slices.ContainsFunc(report.Assumptions, func(a Assumption) bool {
			return a.Value == e.Value && strings.Contains(a.Expression, e.Symbol.String())
		}) {
			continue
		}
		all := append(slices.Clone(assumed), e)
		ids := map[string]string{}
		var texts []string
		for _, a := range all {
			ids[a.Symbol.ID()] = a.Value
			texts = append(texts, fmt.Sprintf("%s is %s", a.Symbol, cmp.Or(a.Value, "empty")))
		}
		site := j.under(cfn.Options{IDs: ids})
		if site == nil {
			continue
		}
		other, err := settle(ctx, site, req)
		if err != nil {
			return err
		}
		if lets(report) && slices.Contains([]string{req.Origin, hostOf(req.Origin)}, e.Value) && other.fails() {
			continue // it is on a list twice, and a template that sets a header for each fails
		}
		more := slices.DeleteFunc(slices.Clone(other.Equalities), func(o Equality) bool {
			return slices.ContainsFunc(equalities, o.same) // it is looked at by itself
		})
		// With more to assume than is looked at, it may be another.
		if verdict, preflight := differs(report, other); !verdict && !preflight && (len(all) < maxJoint || len(more) == 0) {
			if err := j.jointly(ctx, req, report, more, all); err != nil {
				return err
			}
			continue
		}
		text := "unless " + strings.Join(texts, " and ")
		if !slices.ContainsFunc(report.Assumptions, func(a Assumption) bool { return a.Text == text }) {
			report.Assumptions = append(report.Assumptions, Assumption{all[0].Symbol.String(), all[0].Value, text})
		}
	}
	return nil
}
