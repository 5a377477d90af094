package simulate

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
)

// A candidate is an origin that an API may allow and that only a deployment knows: a symbol with what is written around it.
type candidate struct {
	symbol *cfn.Symbol
	// name is the expression that stands for what is not known.
	name string
	// origin is one of the origins, with the stand-in instead of what is not known.
	origin string
	// before and after are what is written around the symbol, "https://app." and ":8443"; both are empty if the value is
	// the whole origin, or may be.
	before, after string
	whole         bool // the symbol is all of a text, which may be a list
	several       bool // more of the origin is not known
	// form matches the origins that the API may allow where the scheme or the port is not known, which no stand-in can be;
	// its groups are the values of the symbols of parts. There is no origin then.
	form  *regexp.Regexp
	parts []*cfn.Symbol
}

// value returns what the symbol would have to be for the candidate to be a page's origin.
func (c candidate) value(origin string) (string, bool) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return "", false
	}
	switch scheme, rest, ok := strings.Cut(c.before, "://"); {
	case c.form != nil:
		m := c.form.FindStringSubmatch(origin)
		if m == nil || c.several {
			return origin, m != nil
		}
		return m[1], true
	case c.several:
		return origin, true
	case c.before == "" && strings.HasPrefix(c.origin, "https://h-"):
		return u.Host, true
	case c.before == "":
		return origin, true
	case !ok: // a part of a pattern that was not understood
		return u.Host, true
	case strings.ContainsAny(rest, "*~"):
		_, parent, ok := strings.Cut(u.Host, ".")
		return parent, ok && scheme == u.Scheme
	}
	v, ok := strings.CutPrefix(origin, c.before)
	if after, found := strings.CutSuffix(v, c.after); found {
		return after, ok && after != ""
	}
	return "", false
}

// edge is what ends a word of a list, of a template or of a regular expression.
const edge = " \t\r\n'\",|()[]{}<>=;^$"

var hostAttribute = regexp.MustCompile(`(?i)(domain|domainname|url|endpoint|address|host|website)$`)

// candidates finds those that an API and its functions name.
func candidates(api *gateway.API) []candidate {
	var out []candidate
	for _, text := range Texts(api) {
		for _, s := range api.App.StandIns(text) {
			before := text[:s.From]
			before = strings.ReplaceAll(before[strings.LastIndexAny(before, edge)+1:], `\`, "")
			after := text[s.To:]
			if i := strings.IndexAny(after, edge+"/\\"); i >= 0 {
				after = after[:i]
			}
			c := candidate{symbol: s.Symbol, name: s.Symbol.String(), before: before, after: after, whole: strings.Trim(text, "'") == text[s.From:s.To]}
			standIn := text[s.From:s.To]
			if strings.HasPrefix(text[s.To:], "://") || port.MatchString(api.App.Show(c.before)+standIn) || len(api.App.StandIns(c.after)) > 0 && strings.Contains(c.after, ":") {
				c.shape(api, text, s.From, s.To)
			}
			switch {
			case c.form != nil:
			case s.Origin:
				c.origin = standIn
			case strings.Contains(before, "://"):
				c.origin = strings.NewReplacer("*.", "x.", "~.", "x.").Replace(before) + standIn + strings.NewReplacer(":*", "", ":~", "").Replace(after)
			case !s.Symbol.Free() && !hostAttribute.MatchString(s.Symbol.Attribute):
				continue // no address
			default:
				c.origin = "https://" + standIn
			}
			if c.form == nil && len(api.App.StandIns(before+after)) > 0 {
				c.several, c.name = true, api.App.Show(c.origin)
			}
			if !slices.ContainsFunc(out, func(o candidate) bool {
				return o.origin == c.origin && o.whole == c.whole && fmt.Sprint(o.form) == fmt.Sprint(c.form)
			}) {
				out = append(out, c)
			}
		}
	}
	return out
}

// port matches what ends in a value instead of a port.
var port = regexp.MustCompile(`://[^/]*:[0-9]*h-[0-9a-f]{20}\.deployed\.invalid$`)

// shape sets the form of a candidate from the word around the symbol that stands from from to to in a text.
func (c *candidate) shape(api *gateway.API, text string, from, to int) {
	app := api.App
	start := strings.LastIndexAny(text[:from], edge) + 1
	end := len(text)
	if i := strings.IndexAny(text[to:], edge); i >= 0 {
		end = to + i
	}
	word := strings.ReplaceAll(text[start:end], `\`, "")
	pattern, last := "^", 0
	for _, s := range app.StandIns(word) {
		pattern += regexp.QuoteMeta(word[last:s.From]) + "(.+?)"
		last = s.To
		c.parts = append(c.parts, s.Symbol)
	}
	rest := regexp.QuoteMeta(word[last:])
	if api.Kind == gateway.HTTPAPI && word[last:] == "://*" { // every origin of the scheme
		rest = "://.+"
	}
	c.form = regexp.MustCompile(pattern + rest + "$")
	if c.several = len(c.parts) > 1; c.several {
		c.name = app.Show(word)
	}
}

// values are those of the symbols for which the origin is what the form matches.
func (c *candidate) values(origin string) map[string]string {
	out := map[string]string{}
	for i, v := range c.form.FindStringSubmatch(origin)[1:] {
		out[c.parts[i].Key()] = v
	}
	return out
}

// Texts returns those in which an API names origins: variables, header mappings, templates, its functions' environment, those alone that have symbols, sorted.
func Texts(api *gateway.API) []string {
	var out []string
	for _, v := range api.Variables {
		out = append(out, v)
	}
	if api.CORS != nil {
		out = append(out, api.CORS.Origins...)
	}
	templates := func(list []gateway.Template) {
		for _, t := range list {
			out = append(out, t.Text)
		}
	}
	for _, r := range api.Resources() {
		for _, m := range r.Methods() {
			if m.Integration == nil {
				continue
			}
			templates(m.Integration.RequestTemplates)
			for _, ir := range m.Integration.Responses {
				for _, v := range ir.Parameters {
					out = append(out, v)
				}
				templates(ir.Templates)
			}
		}
	}
	for _, typ := range apigw.GatewayResponseTypes() {
		for _, v := range api.GatewayResponse(typ).Parameters {
			out = append(out, v)
		}
	}
	called := api.Functions()
	for _, f := range api.App.OfType("AWS::Lambda::Function") {
		if slices.Contains(called, api.App.Name(f)) {
			environment, _ := f.Properties["Environment"].(map[string]any)
			variables, _ := environment["Variables"].(map[string]any)
			for _, v := range variables {
				if s, ok := v.(string); ok {
					out = append(out, s)
				}
			}
		}
	}
	out = slices.DeleteFunc(out, func(s string) bool { return len(api.App.StandIns(s)) == 0 })
	slices.Sort(out)
	return slices.Compact(out)
}

// Origins returns the origins that only a deployment knows and that the API may allow, with stand-ins, in a fixed order.
func (j *Judge) Origins() []string {
	j.look()
	var out []string
	for _, c := range j.candidates {
		if c.form == nil && !slices.Contains(out, c.origin) {
			out = append(out, c.origin)
		}
	}
	return out
}

// assume finds the values that would make another verdict for a page's origin. A value that is read as a list makes it
// unknown.
func (j *Judge) assume(ctx context.Context, req browser.Call, report *Report) error {
	ask := func(s *Site, origin string) (*Report, error) {
		other := req
		other.Origin = origin
		return settle(ctx, s, other)
	}
	verdict := func(s *Site, origin string) (bool, error) {
		r, err := ask(s, origin)
		return err == nil && lets(r), err
	}
	if lets(report) {
		if len(j.candidates) == 0 {
			return nil
		}
		// Where everybody is let in but those on a list, a value may be on it.
		if open, err := verdict(j.base, "https://corsgate-stranger.example"); err != nil || !open {
			return err
		}
	}
	for _, c := range j.candidates {
		value, ok := c.value(req.Origin)
		if !ok || c.origin == req.Origin {
			continue
		}
		site, asked := j.base, c.origin
		if c.form != nil {
			if site, asked = j.under(cfn.Options{Values: c.values(req.Origin)}), req.Origin; site == nil {
				continue
			}
		}
		other, err := ask(site, asked)
		if err != nil {
			return err
		}
		if verdict, preflight := differs(report, other); !verdict && !preflight {
			continue
		}
		list, err := j.list(c, verdict)
		if err != nil {
			return err
		}
		if list {
			unknown := Verdict{Message: (&cfn.Unknown{Symbol: c.symbol}).Error() + ", and it may be a list of origins"}
			if _, preflight := differs(report, other); preflight {
				report.Preflight.Verdict = unknown
			}
			if report.Verdict.Known {
				report.Verdict = unknown
			}
			report.Assumptions = nil
			return nil
		}
		text := fmt.Sprintf("unless %s is %s", c.name, value) + c.wider(j.base.API, req.Origin)
		if !slices.ContainsFunc(report.Assumptions, func(a Assumption) bool { return a.Expression == c.name }) {
			report.Assumptions = append(report.Assumptions, Assumption{c.name, value, text})
		}
	}
	return nil
}

// wider lists what else the symbol may be that lets in a page: *, and in the setting of an HTTP API every origin of the scheme.
func (c candidate) wider(api *gateway.API, origin string) string {
	scheme, _, _ := strings.Cut(origin, "://")
	ofSetting := api.Kind == gateway.HTTPAPI && api.CORS != nil && slices.Contains(api.CORS.Origins, c.origin)
	switch {
	case !c.symbol.Free():
	case c.whole && ofSetting && c.before == "":
		return " or * or " + scheme + "://*"
	case c.whole, ofSetting && c.before == scheme+"://" && c.after == "":
		return " or *"
	}
	return ""
}

// lets reports whether a page is let in, as far as it is known.
func lets(r *Report) bool {
	return r.Verdict.Allowed || !r.Verdict.Known && r.Preflight.Needed && r.Preflight.Verdict.Allowed
}

// list reports whether the API reads a value as a list of origins.
func (j *Judge) list(c candidate, verdict func(*Site, string) (bool, error)) (bool, error) {
	s := c.symbol
	if s.List {
		return true, nil
	}
	if !c.whole || !s.Free() && s.Attribute != "" && !strings.HasPrefix(s.Attribute, "Outputs.") {
		return false, nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if known, ok := j.lists[s.ID()]; ok {
		return known, nil
	}
	const one, other = "https://a.corsgate-stranger.example", "https://b.corsgate-stranger.example"
	site := j.under(cfn.Options{Values: map[string]string{s.Key(): one + "," + other}})
	if site == nil {
		return false, nil
	}
	list, err := verdict(site, other)
	if err == nil {
		j.lists[s.ID()] = list
	}
	return list, err
}
