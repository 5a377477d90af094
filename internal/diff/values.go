package diff

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
)

// maxValued bounds how many views more there are for values.
const maxValued = 48

// sample are values that stage variables of corsgate's have.
var sample = map[string]string{
	cors.VariableMethods: "GET,HEAD,POST,PUT,PATCH,DELETE", cors.VariableRequestHeaders: "authorization,content-type,x-corsgate-any",
	cors.VariableExposedHeaders: "x-corsgate-any", cors.VariableCredentials: "true", cors.VariableAnyOrigin: "true", cors.VariableMaxAge: "600",
}

// someList is a list of origins that nobody has.
const someList = "https://a.corsgate-stranger.example,https://b.corsgate-stranger.example"

var quoted = regexp.MustCompile(`"([^"\n$]*)"|'([^'\n$]*)'`)

// valued adds views in which values that only a deployment knows are what decides in another way than as an origin by
// itself: a list of origins, all origins, what a mapping template compares them with.
func valued(worlds []*world, views []*view, load func(*world) (*view, error)) ([]*view, error) {
	out := slices.Clone(views)
	type trial struct {
		w      *world
		values map[*cfn.Symbol]string
	}
	var trials []trial
	var symbols []*cfn.Symbol // that any trial gives a value
	for i, w := range worlds {
		if !views[i].differs() {
			continue
		}
		wide, typed, compared := values(views[i])
		var own []trial
		if len(typed) > 0 {
			own = append(own, trial{w, typed})
		}
		one := func(s *cfn.Symbol, v string) {
			values := maps.Clone(typed)
			values[s] = v
			own = append(own, trial{w, values})
		}
		for _, s := range wide {
			one(s, "*")
			one(s, someList)
		}
		for _, c := range compared {
			one(c.symbol, c.value)
		}
		for _, t := range own {
			for _, s := range slices.SortedFunc(maps.Keys(t.values), bySymbol) {
				if !slices.ContainsFunc(symbols, func(o *cfn.Symbol) bool { return o.ID() == s.ID() }) {
					symbols = append(symbols, s)
				}
			}
		}
		trials = append(trials, own...)
	}
	facts := func(base []fact, values map[*cfn.Symbol]string) []fact {
		base = slices.Clone(base)
		for _, s := range symbols {
			value := "another value"
			for o, v := range values {
				if o.ID() == s.ID() {
					value = v
				}
			}
			base = append(base, fact{s.String(), strings.ReplaceAll(value, someList, "a list")})
		}
		return base
	}
	for i, v := range views {
		own := *v
		own.facts = facts(v.facts, nil)
		out[i] = &own
	}
	for _, t := range trials[:min(len(trials), maxValued)] {
		ids := map[string]string{}
		for s, v := range t.values {
			ids[s.ID()] = v
		}
		w := &world{facts: facts(t.w.facts, t.values)}
		for i, app := range t.w.apps {
			w.apps[i] = app.With(cfn.Options{IDs: ids})
		}
		v, err := load(w)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func bySymbol(a, b *cfn.Symbol) int { return strings.Compare(a.String()+a.ID(), b.String()+b.ID()) }

// differs reports whether the template says of any route something else on one side.
func (v *view) differs() bool {
	for _, r := range routes([]*view{v}) {
		for _, m := range []string{r.Method, "OPTIONS"} {
			if v.sites[0].API.Source(m, r.URL) != v.sites[1].API.Source(m, r.URL) {
				return true
			}
		}
	}
	return false
}

// An equality is a symbol with a text that it may be equal to.
type equality struct {
	symbol *cfn.Symbol
	value  string
}

// values finds symbols that stand for a whole value: those that may be a list of origins or all of them, those that are
// something else for which there is a sample, and what a mapping template has to compare them with.
func values(v *view) (wide []*cfn.Symbol, typed map[*cfn.Symbol]string, compared []equality) {
	typed = map[*cfn.Symbol]string{}
	seen := map[string]bool{}
	add := func(s *cfn.Symbol, name string, literals []string) {
		if s == nil || s.Resource != nil && s.Attribute != "" && !strings.HasPrefix(s.Attribute, "Outputs.") || seen[s.ID()] {
			return
		}
		seen[s.ID()] = true
		if value, ok := sample[name]; ok {
			typed[s] = value
			return
		}
		wide = append(wide, s)
		for _, l := range literals {
			compared = append(compared, equality{s, l})
		}
	}
	for _, site := range v.sites {
		api := site.API
		texts := templates(api)
		var literals []string
		for _, t := range texts {
			for _, m := range quoted.FindAllStringSubmatch(t, -1) {
				if l := m[1] + m[2]; l != "" && len(l) < 40 && !cfn.HasSymbol(l) && !strings.ContainsAny(l, ":/ {[\\") && !slices.Contains(literals, l) && len(literals) < 8 {
					literals = append(literals, l)
				}
			}
		}
		for _, k := range slices.Sorted(maps.Keys(api.Variables)) {
			add(api.App.SymbolOf(api.Variables[k]), k, literals)
		}
		for _, t := range texts {
			for _, at := range api.App.StandIns(t) {
				if at.From > 0 && at.To < len(t) && strings.ContainsRune(`"'`, rune(t[at.From-1])) && t[at.To] == t[at.From-1] {
					add(at.Symbol, "", literals)
				}
			}
		}
		for _, p := range origins(api) {
			add(api.App.SymbolOf(strings.Trim(p, "'")), "", nil)
		}
	}
	return wide, typed, compared
}

// templates gives the mapping templates of an API, each once.
func templates(api *gateway.API) []string {
	var out []string
	for _, r := range api.Resources() {
		for _, m := range r.Methods() {
			if m.Integration == nil {
				continue
			}
			all := slices.Clone(m.Integration.RequestTemplates)
			for _, ir := range m.Integration.Responses {
				all = append(all, ir.Templates...)
			}
			for _, t := range all {
				if !slices.Contains(out, t.Text) {
					out = append(out, t.Text)
				}
			}
		}
	}
	return out
}

// origins gives what an API says in static headers of the origin that it lets in, each once.
func origins(api *gateway.API) []string {
	var out []string
	add := func(parameters map[string]string) {
		for _, k := range slices.Sorted(maps.Keys(parameters)) {
			if strings.HasSuffix(strings.ToLower(k), strings.ToLower(corsheader.AllowOrigin)) && !slices.Contains(out, parameters[k]) {
				out = append(out, parameters[k])
			}
		}
	}
	for _, r := range api.Resources() {
		for _, m := range r.Methods() {
			if m.Integration != nil {
				for _, ir := range m.Integration.Responses {
					add(ir.Parameters)
				}
			}
		}
	}
	for _, typ := range apigw.GatewayResponseTypes() {
		add(api.GatewayResponse(typ).Parameters)
	}
	return out
}
