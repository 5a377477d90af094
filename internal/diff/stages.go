package diff

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/simulate"
)

// Options chooses among what two apps offer.
type Options struct {
	// OldAPI and API are logical ids as [gateway.Options.API] has them, of the only APIs to compare; OldStage and Stage are
	// names of the only stages. All is compared where they are empty.
	OldAPI, API, OldStage, Stage string
	// Same says that the files are the same, byte for byte.
	Same bool
	// Variables replace stage variables of both sides.
	Variables map[string]string
}

// Apps compares two apps, API by API and stage by stage, in each way in which their conditions can turn out. The error is a
// [*gateway.LoadError] for what options do not find.
func Apps(ctx context.Context, old, now *cfn.App, opts Options) ([]Result, error) {
	worlds, all := worlds([2]*cfn.App{old, now})
	var sides [2][]stage
	var missing error // of a side that has no API at all, which is compared with nothing
	for i, o := range []gateway.Options{{API: opts.OldAPI, Stage: opts.OldStage}, {API: opts.API, Stage: opts.Stage}} {
		for _, w := range worlds {
			found, _ := stages(w.apps[i], o)
			for _, s := range found {
				if !slices.Contains(sides[i], s) {
					sides[i] = append(sides[i], s)
				}
			}
		}
		if len(sides[i]) == 0 {
			_, err := stages(worlds[0].apps[i], o)
			var fault *gateway.LoadError
			unread := len([]*cfn.App{old, now}[i].Problems) > 0 // it may be in there
			if missing != nil || unread || o.API != "" || o.Stage != "" || !errors.As(err, &fault) || fault.Kind != gateway.NoAPI {
				return nil, err
			}
			missing = err
		}
	}
	same := opts.Same && identical(old, now)
	var out []Result
	matched := pairs(sides[0], sides[1])
	moved, left := addresses(worlds, matched)
	for i, p := range matched {
		r, err := compared(ctx, worlds, p, opts)
		if err != nil {
			return nil, err
		}
		r.Same = same
		r.Address, r.NotCompared = append(r.Address, moved[i]...), append(r.NotCompared, left[i]...)
		if r.Empty() && r.Status == Compared {
			if err := r.opened(ctx, [2]*cfn.App{old, now}, matched, i, opts); err != nil {
				return nil, err
			}
		}
		if !all {
			r.NotCompared = append(r.NotCompared, NotCompared{Why: fmt.Sprintf("the conditions that are not decided have more than %d combinations; the others were not compared", maxWorlds)})
		}
		for _, app := range []*cfn.App{old, now} {
			for _, f := range unreadFiles(app) {
				r.NotCompared = append(r.NotCompared, NotCompared{Why: f})
			}
		}
		if orphans(old) != orphans(now) {
			r.NotCompared = append(r.NotCompared, NotCompared{Why: "methods of an API that is not in the templates, which differ"})
		}
		r.NotCompared = append(r.NotCompared, besideSetting([2]*cfn.App{old, now}, p, opts)...)
		out = append(out, r)
	}
	return out, nil
}

// opened adds what differs with other values of parameters than their defaults, where conditions hang on them.
func (r *Result) opened(ctx context.Context, apps [2]*cfn.App, pairs []pair, at int, opts Options) error {
	if asWritten(apps[0]) == asWritten(apps[1]) {
		return nil
	}
	var open []string
	for _, app := range apps {
		for _, st := range app.Stacks {
			parameters, _ := st.Raw["Parameters"].(map[string]any)
			for name := range parameters {
				if refers(st.Raw["Conditions"], name) && !slices.Contains(open, name) {
					open = append(open, name)
				}
			}
		}
	}
	if open == nil {
		return nil
	}
	slices.Sort(open)
	for i, app := range apps {
		apps[i] = app.With(cfn.Options{Open: open})
	}
	worlds, _ := worlds(apps)
	other, err := compared(ctx, worlds, pairs[at], opts)
	if err != nil {
		return err
	}
	const beyond = ", against the defaults of the parameters"
	for _, c := range other.Cases {
		c.If += beyond
		r.Cases = append(r.Cases, c)
	}
	moved, left := addresses(worlds, pairs)
	for _, a := range moved[at] {
		if a.If != "" { // or a default decides
			a.If += beyond
			r.Address = append(r.Address, a)
		}
	}
	for _, n := range left[at] {
		if n.If != "" {
			n.If += beyond
			r.NotCompared = append(r.NotCompared, n)
		}
	}
	return nil
}

// refers reports whether a condition refers to a parameter.
func refers(v any, name string) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return refers(e, name) })
	case map[string]any:
		for k, e := range v {
			if k == "Ref" && e == name || refers(e, name) {
				return true
			}
		}
	}
	return false
}

// asWritten writes the parts of templates, as they stand there, that may have to do with an API under some condition.
func asWritten(app *cfn.App) string {
	var out []string
	for _, st := range app.Stacks {
		out = append(out, cfn.Canonical(st.Raw["Conditions"]), cfn.Canonical(st.Raw["Mappings"]))
		resources, _ := st.Raw["Resources"].(map[string]any)
		for _, id := range slices.Sorted(maps.Keys(resources)) {
			r, _ := resources[id].(map[string]any)
			typ, _ := r["Type"].(string)
			if touches(cfn.Touch{Type: typ}) || strings.HasPrefix(typ, "AWS::Serverless::") {
				out = append(out, id, cfn.Canonical(r))
			}
		}
	}
	return strings.Join(out, "\n")
}

// orphans writes the methods and routes of an app whose APIs are not in it.
func orphans(app *cfn.App) string {
	var out []string
	for _, m := range gateway.Orphans(app) {
		out = append(out, cfn.Canonical(m.Properties))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// unreadFiles says which files of an app were not read, and which of its conditions nothing decides.
func unreadFiles(app *cfn.App) []string {
	var out []string
	for _, p := range app.Problems {
		switch {
		case p.Kind == cfn.Malformed && p.LogicalID == "" && p.Stack == "":
			out = append(out, "not read: "+p.Error())
		case p.Condition && gateway.Concerns(app, p):
			out = append(out, p.Error())
		}
	}
	return out
}

// compared compares one stage of one API in all worlds.
func compared(ctx context.Context, worlds []*world, p pair, opts Options) (r Result, err error) {
	r.Status = Compared
	shown := p.now
	switch {
	case p.old == nil:
		r.Status = Added
	case p.now == nil:
		r.Status, shown = Removed, p.old
	}
	r.API, r.Stage = shown.api, shown.stage
	ports := &ports{numbers: map[string]string{}, names: map[string]string{}}
	defer func() {
		for _, name := range ports.mixed {
			if r.Difference != nil && !identical(worlds[0].apps[0], worlds[0].apps[1]) {
				r.NotCompared = append(r.NotCompared, NotCompared{Why: "${" + name + "} is the port of an origin, and something else"})
			}
		}
	}()
	read := func(w *world) (*view, error) {
		v := &view{facts: w.facts}
		for i, s := range []*stage{p.old, p.now} {
			site, err := s.site(w.apps[i], opts.Variables)
			if err != nil {
				return nil, err
			}
			v.sites[i] = site
		}
		return v, nil
	}
	load := func(w *world) (*view, error) {
		v, err := read(w)
		if err != nil {
			return nil, err
		}
		if apps, any := ports.give([2]*gateway.API{v.sites[0].API, v.sites[1].API}, w.apps); any {
			return read(&world{apps, w.facts})
		}
		return v, nil
	}
	var views []*view
	defer func() {
		if r.Difference != nil && err == nil {
			r.review(views, p, opts)
		}
	}()
	for _, w := range worlds {
		v, err := load(w)
		if err != nil {
			return r, err
		}
		v.world = w
		views = append(views, v)
	}
	known := map[query]Outcome{}
	if r.Difference, err = across(ctx, views, apps, ports, known); err != nil || !r.Empty() {
		return r, err
	}
	// Nothing differs while each value is an origin of its own. A list is not, and others decide without being an origin.
	for all := true; all && r.Empty(); {
		var more []*view
		if more, all, err = valued(views, load); err != nil || len(more) == len(views) && all {
			return r, err
		}
		views = more
		if r.Difference, err = across(ctx, views, apps, ports, known); err != nil {
			return r, err
		}
		if !all {
			r.NotCompared = append(r.NotCompared, NotCompared{Why: "more values that are known only at deployment decide this than are tried"})
		}
	}
	return r, nil
}

// A stage is one of an API.
type stage struct {
	stack string // the API's, below the app's only one that is not nested
	id    string // the API's logical id
	api   string // what [gateway.Options.API] takes
	name  string // the API's, as its Name has it
	stage string // empty if the API has none
}

// stages returns those of an app that are chosen.
func stages(app *cfn.App, opts gateway.Options) ([]stage, error) {
	var out []stage
	for _, choice := range gateway.APIs(app) {
		qualified := choice.Resource.Stack.Name + "/" + choice.Resource.ID
		if opts.API != "" && opts.API != choice.ID && opts.API != qualified {
			continue
		}
		names, err := gateway.Stages(app, gateway.Options{API: choice.ID})
		if err != nil {
			return nil, err
		}
		switch {
		case opts.Stage != "" && len(names) > 0 && !slices.Contains(names, opts.Stage):
			continue
		case opts.Stage != "" || len(names) == 0:
			names = []string{opts.Stage}
		}
		for _, name := range names {
			out = append(out, stage{below(app, choice.Resource.Stack.Name), choice.Resource.ID, choice.ID, choice.Name, name})
		}
	}
	if len(out) == 0 {
		_, err := gateway.Load(app, opts)
		return nil, err
	}
	return out, nil
}

// nothing is a template of an API without routes, which stands for one that is not there.
const nothing = `{"Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {}}}}`

// site loads the stage from an app; one that is not there has no routes.
func (s *stage) site(app *cfn.App, variables map[string]string) (*simulate.Site, error) {
	if s != nil {
		// The methods that want an API key are asked with this one. Whether it is the right one is not CORS's question.
		api, err := gateway.Load(app, gateway.Options{AssumeValid: true, API: s.api, Stage: s.stage, Variables: variables, APIKeys: []string{questions.Value("x-api-key")}})
		var fault *gateway.LoadError
		switch {
		case err == nil:
			return &simulate.Site{API: api, Backend: behindOf(api)}, nil
		case !errors.As(err, &fault) || fault.Kind != gateway.NoAPI && fault.Kind != gateway.NoStage:
			return nil, err
		}
	}
	app, err := cfn.Parse("", []byte(nothing), cfn.Options{})
	if err != nil {
		return nil, err
	}
	api, err := gateway.Load(app, gateway.Options{})
	return &simulate.Site{API: api, Backend: simulate.NotRun(app)}, err
}

// A pair is the same stage of the same API on both sides; one is nil where it is on one side alone.
type pair struct{ old, now *stage }

// pairs finds for each stage of an API what it was: by stack, logical id and stage, then by logical id, then by the
// API's name, then whatever is left alone.
func pairs(old, now []stage) []pair {
	out := make([]pair, len(now))
	for i := range now {
		out[i].now = &now[i]
	}
	used := make([]bool, len(old))
	match := func(same func(o, n *stage) bool) {
		for i := range out {
			for k := range old {
				if out[i].old == nil && !used[k] && same(&old[k], out[i].now) {
					out[i].old, used[k] = &old[k], true
				}
			}
		}
	}
	match(func(o, n *stage) bool { return o.stack == n.stack && o.id == n.id && o.stage == n.stage })
	match(func(o, n *stage) bool { return o.id == n.id && o.stage == n.stage })
	match(func(o, n *stage) bool { return o.name != "" && o.name == n.name && o.stage == n.stage })
	alone := func(same func(o, n *stage) bool) func(o, n *stage) bool {
		return func(o, n *stage) bool {
			olds, nows := 0, 0
			for k := range old {
				if !used[k] && same(&old[k], n) {
					olds++
				}
			}
			for i := range out {
				if out[i].old == nil && same(o, out[i].now) {
					nows++
				}
			}
			return olds == 1 && nows == 1 && same(o, n)
		}
	}
	match(alone(func(o, n *stage) bool { return o.id == n.id || o.name != "" && o.name == n.name })) // another stage
	if countAPIs(old) == 1 && countAPIs(now) == 1 {
		match(func(o, n *stage) bool { return o.stage == n.stage })
		match(alone(func(o, n *stage) bool { return true }))
	}
	for k := range old {
		if !used[k] {
			out = append(out, pair{old: &old[k]})
		}
	}
	return out
}

// countAPIs counts the APIs of stages.
func countAPIs(list []stage) int {
	var seen []string
	for _, s := range list {
		if id := strings.Join([]string{s.stack, s.id}, "/"); !slices.Contains(seen, id) {
			seen = append(seen, id)
		}
	}
	return len(seen)
}
