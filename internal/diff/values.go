package diff

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// maxValued bounds how many views more there are for values, each time that some come up.
const maxValued = 48

// sample are values that stage variables of corsgate's have.
var sample = map[string]string{
	stagevars.Methods: "GET,HEAD,POST,PUT,PATCH,DELETE", stagevars.RequestHeaders: "authorization,content-type,x-corsgate-any",
	stagevars.ExposedHeaders: "x-corsgate-any", stagevars.Credentials: "true", stagevars.AnyOrigin: "true", stagevars.MaxAge: "600",
}

// someList is a list of origins that nobody has.
const someList = "https://a.corsgate-stranger.example,https://b.corsgate-stranger.example"

var quoted = regexp.MustCompile(`"([^"\n$]*)"|'([^'\n$]*)'`)

// A trial is values to be given to symbols in a world.
type trial struct {
	of     *view
	values map[*cfn.Symbol]string
}

// valued adds views in which values that only a deployment knows are what decides in another way than as an origin by
// itself: a list of origins, all origins, what a mapping template compares them with. It returns false if there would be too
// many.
func valued(views []*view, load func(*world) (*view, error)) (out []*view, all bool, err error) {
	var trials []trial
	for _, v := range views {
		if v.values != nil || v.tried || !v.differs() {
			continue
		}
		v.tried = true
		wide, typed, compared := values(v)
		if len(typed) > 0 {
			trials = append(trials, trial{v, typed})
		}
		one := func(s *cfn.Symbol, value string) {
			values := maps.Clone(typed)
			values[s] = value
			trials = append(trials, trial{v, values})
		}
		for _, s := range wide {
			one(s, "*")
			one(s, someList)
		}
		for _, c := range compared {
			one(c.Symbol, c.Value)
		}
	}
	for _, v := range views {
		slices.SortFunc(v.found, func(a, b simulate.Equality) int {
			return cmp.Or(bySymbol(a.Symbol, b.Symbol), strings.Compare(a.Value, b.Value))
		})
		for _, e := range v.found {
			values := map[*cfn.Symbol]string{}
			maps.Copy(values, v.values)
			values[e.Symbol] = e.Value
			trials = append(trials, trial{v, values})
		}
		v.found = nil
	}
	out, all = slices.Clone(views), true
	for _, t := range trials {
		if slices.ContainsFunc(out, func(v *view) bool { return v.world == t.of.world && sameValues(v.values, t.values) }) {
			continue
		}
		if len(out) >= len(views)+maxValued || len(out) >= 4*maxValued {
			all = false
			break
		}
		w := &world{facts: t.of.world.facts}
		ids := map[string]string{}
		for s, v := range t.values {
			ids[s.ID()] = v
		}
		for i, app := range t.of.world.apps {
			w.apps[i] = app.With(cfn.Options{IDs: ids})
		}
		v, err := load(w)
		if err != nil {
			return nil, false, err
		}
		v.world, v.values = t.of.world, t.values
		out = append(out, v)
	}
	var symbols []*cfn.Symbol // that any view gives a value
	for _, v := range out {
		for _, s := range slices.SortedFunc(maps.Keys(v.values), bySymbol) {
			if !slices.ContainsFunc(symbols, func(o *cfn.Symbol) bool { return o.ID() == s.ID() }) {
				symbols = append(symbols, s)
			}
		}
	}
	for _, v := range out {
		v.facts = slices.Clone(v.world.facts)
		for _, s := range symbols {
			value := "another value"
			for o, given := range v.values {
				if o.ID() == s.ID() {
					value = cmp.Or(strings.ReplaceAll(given, someList, "a list"), "empty")
				}
			}
			v.facts = append(v.facts, fact{s.String(), value})
		}
	}
	return out, all, nil
}

// sameValues reports whether values are the same, of symbols of whichever App.
func sameValues(a, b map[*cfn.Symbol]string) bool {
	byID := func(values map[*cfn.Symbol]string) map[string]string {
		out := map[string]string{}
		for s, v := range values {
			out[s.ID()] = v
		}
		return out
	}
	return maps.Equal(byID(a), byID(b))
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

// values finds symbols that stand for a whole value: those that may be a list of origins or all of them, those that are
// something else for which there is a sample, and what a mapping template has to compare them with.
func values(v *view) (wide []*cfn.Symbol, typed map[*cfn.Symbol]string, compared []simulate.Equality) {
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
			compared = append(compared, simulate.Equality{Symbol: s, Value: l})
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

// templates returns the mapping templates of an API, each once.
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

// origins returns what an API says in static headers of the origin that it lets in, each once.
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
