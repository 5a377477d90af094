package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/stagevars"
)

const lateFix = "an aspect changed the API after corsgate completed it; make the change before synthesis, or with an aspect on a construct above the API"

// Late returns errors about what an API has now and had not when the plan was made for
// it as it was before, and about variables of its stages that are not p's any more.
func Late(before, now *API, p *cors.Policy) []Remark {
	m := &maker{Plan: &Plan{}}
	had := map[string]bool{}
	for _, r := range before.Resources {
		had[r.Path] = true
		for _, x := range r.Methods {
			had[x.where()] = true
		}
	}
	for _, r := range now.Resources {
		if o := r.Options; o != nil && had[r.Path] && (o.Security.APIKey || !slices.Contains([]string{"", "NONE"}, o.Security.Type)) {
			m.fail(o.Node, rules.CORS102, "OPTIONS "+r.Path+" needs authorization, which preflights do not have: "+lateFix)
		}
		for _, x := range r.Methods {
			text := x.where() + " has no CORS headers: " + lateFix
			switch {
			case had[x.where()]:
			case !had[r.Path] && r.isSimple():
				m.fail(x.Node, rules.CORS119, text)
			case !had[r.Path]:
				m.fail(x.Node, rules.CORS101, text)
			case !apigw.IsProxy(x.Type):
				m.fail(x.Node, rules.CORS208, text)
			default:
				m.fail(x.Node, "", text)
			}
		}
	}
	for _, g := range before.GatewayResponses {
		had[g.Type] = true
	}
	for _, g := range now.GatewayResponses {
		if !had[g.Type] && !slices.Contains(defaults, g.Type) {
			m.fail(g.Node, rules.CORS303, "gateway response "+g.Type+" has no CORS headers: "+lateFix)
		}
	}
	vars := p.StageVariables()
	for _, s := range now.Stages {
		i := slices.IndexFunc(before.Stages, func(b *Stage) bool { return b.Node == s.Node })
		switch {
		case i < 0:
			m.fail(s.Node, rules.CORS407, "stage "+s.Name+" has no CORS variables and refuses every origin: "+lateFix)
		case s.Cached && !before.Caching():
			m.fail(s.Node, rules.CORS402, "stage "+s.Name+" caches responses, and their cache keys do not tell origins apart: "+lateFix)
		}
		if i >= 0 && !before.leavesOut(s) {
			m.variables(s, before.Stages[i], vars)
		}
	}
	return m.Remarks
}

// variables names those of a stage that are not as the policy has them, or are gone. One
// with a token is known by its name alone.
func (m *maker) variables(now, before *Stage, ours map[string]string) {
	all := maps.Clone(now.Variables)
	if all == nil {
		all = map[string]any{}
	}
	for name := range ours {
		all[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if _, told := before.Variables[name]; told || !stagevars.Is(name) {
			continue
		}
		want, ok := ours[name]
		value, has := now.Variables[name]
		if got, known := value.(string); !ok || !has || known && got != want && !strings.Contains(want, "${Token[") {
			m.fail(now.Node, "", "stage "+now.Name+" does not have the variable "+name+" as the policy has it: "+lateFix)
		}
	}
}
