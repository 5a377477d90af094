package diff

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
)

// maxWorlds bounds how many are compared.
const maxWorlds = 64

// A world is one way in which two apps can be deployed, as far as their conditions and their lookups in mappings depend on
// what only a deployment knows. The same comparison has the same outcome in both apps.
type world struct {
	apps  [2]*cfn.App
	facts []fact
}

// A fact is what tells a world from others: "IsProd", "true".
type fact struct{ name, value string }

// open is what of a world is not chosen yet, and what is.
type open struct {
	opts   cfn.Options
	looked map[string]bool // symbols that are none of the keys of their lookups, by ID
	named  map[string]bool // conditions that are not understood
	chosen []fact
}

// worlds returns the worlds of two apps, at most maxWorlds, and false if there are more. The first is the one in which no
// comparison holds. Where both apps are the same, it is the only one.
func worlds(apps [2]*cfn.App) (out []*world, all bool) {
	if identical(apps[0], apps[1]) {
		return []*world{{apps: apps}}, true
	}
	return explore(apps)
}

// explore returns the worlds of two apps.
func explore(apps [2]*cfn.App) (out []*world, all bool) {
	all = true
	conditions := []fact{} // stack and name
	var visit func(o open)
	visit = func(o open) {
		if len(out) == maxWorlds {
			all = false
			return
		}
		here := apps
		if len(o.chosen) > 0 {
			for i := range here {
				here[i] = apps[i].With(o.opts)
			}
		}
		next, condition := o.split(here)
		if next == nil {
			out = append(out, &world{here, o.chosen})
			return
		}
		if condition != nil {
			if f := (fact{condition.Stack, condition.Name}); !slices.Contains(conditions, f) {
				conditions = append(conditions, f)
			}
		}
		for _, n := range next {
			visit(n)
		}
	}
	visit(open{})
	for _, w := range out {
		w.facts = append(w.named(conditions), w.facts...)
	}
	return out, all
}

// identical reports whether two apps deploy the same, whatever the values are that are not known.
func identical(a, b *cfn.App) bool {
	if len(a.Stacks) != len(b.Stacks) {
		return false
	}
	for i, st := range a.Stacks {
		o := b.Stacks[i]
		if len(st.Resources) != len(o.Resources) || st.Region != o.Region || st.Account != o.Account || cfn.Canonical(st.Raw) != cfn.Canonical(o.Raw) {
			return false
		}
		for k, r := range st.Resources {
			if cfn.Canonical(r.Properties) != cfn.Canonical(o.Resources[k].Properties) {
				return false
			}
		}
	}
	return len(a.Problems) == len(b.Problems)
}

// split returns the ways on from a world in which something is not chosen, nil if everything is, and the condition that
// makes it one.
func (o open) split(apps [2]*cfn.App) ([]open, *cfn.Condition) {
	for _, app := range apps {
		for _, c := range app.Undecided() {
			if !slices.ContainsFunc(c.Touches, touches) {
				continue
			}
			if len(c.Comparisons) == 0 {
				if _, done := o.named[c.Name]; !done {
					return o.either(c), c
				}
			}
			for _, x := range c.Comparisons {
				if x.Symbol == nil || x.Symbol.Resource != nil {
					return o.compared(x), c
				}
				return o.valued(x.Symbol, apps), c
			}
		}
		for _, l := range app.Lookups() {
			if slices.ContainsFunc(l.Touches, touches) && !o.looked[l.Symbol.ID()] {
				return o.valued(l.Symbol, apps), nil
			}
		}
	}
	return nil, nil
}

// touches reports whether something that hangs on a condition may have to do with an API.
func touches(t cfn.Touch) bool {
	for _, of := range []string{"AWS::ApiGateway::", "AWS::ApiGatewayV2::", "AWS::Lambda::", "AWS::CloudFormation::Stack"} {
		if strings.HasPrefix(t.Type, of) {
			return true
		}
	}
	return t.Type == ""
}

// with returns a copy to which more can be added.
func (o open) with(f fact) open {
	o.opts.IDs, o.opts.Equal, o.opts.Conditions = copied(o.opts.IDs), copied(o.opts.Equal), copied(o.opts.Conditions)
	o.looked, o.named = copied(o.looked), copied(o.named)
	o.chosen = append(slices.Clone(o.chosen), f)
	return o
}

func copied[M ~map[string]V, V any](m M) M {
	out := M{}
	maps.Copy(out, m)
	return out
}

// either takes both sides of a condition that is not understood.
func (o open) either(c *cfn.Condition) []open {
	var out []open
	for _, holds := range []bool{true, false} {
		n := o.with(fact{c.Name, fmt.Sprint(holds)})
		n.named[c.Name], n.opts.Conditions[c.Name] = holds, holds
		out = append(out, n)
	}
	return out
}

// compared takes both sides of a comparison.
func (o open) compared(x *cfn.Comparison) []open {
	var out []open
	for _, holds := range []bool{false, true} {
		n := o.with(fact{strings.ReplaceAll(x.Key, "\x00", " = "), fmt.Sprint(holds)})
		n.opts.Equal[x.Key] = holds
		out = append(out, n)
	}
	return out
}

// valued returns a symbol each value that it is compared with or looked up by, and none of them.
func (o open) valued(s *cfn.Symbol, apps [2]*cfn.App) []open {
	var comparisons []*cfn.Comparison
	var values, keys []string
	for _, app := range apps {
		for _, c := range app.Undecided() {
			for _, x := range c.Comparisons {
				if x.Symbol != nil && x.Symbol.ID() == s.ID() {
					comparisons, values = append(comparisons, x), append(values, x.Value)
				}
			}
		}
		for _, l := range app.Lookups() {
			switch {
			case l.Symbol.ID() != s.ID():
			case l.Default:
				values = append(values, l.Keys...)
			default:
				keys = append(keys, l.Keys...)
			}
		}
	}
	var out []open
	if len(keys) == 0 {
		n := o.with(fact{s.String(), "another value"})
		n.looked[s.ID()] = true
		for _, x := range comparisons {
			n.opts.Equal[x.Key] = false
		}
		out = append(out, n)
	} else {
		values = keys // no other can be deployed
	}
	slices.Sort(values)
	for _, v := range slices.Compact(values) {
		n := o.with(fact{s.String(), cmp.Or(v, "empty")})
		n.opts.IDs[s.ID()] = v
		n.looked[s.ID()] = true
		for _, x := range comparisons {
			n.opts.Equal[x.Key] = x.Value == v
		}
		out = append(out, n)
	}
	return out
}

// named says which conditions hold in a world, by stack and name.
func (w *world) named(conditions []fact) []fact {
	var out []fact
	for _, c := range conditions {
		var said []string
		for i, app := range w.apps {
			name := c.value[strings.LastIndex(c.value, ".")+1:]
			for _, stack := range []string{c.name, counterpart(w.apps[1-i], app, c.name)} {
				if holds, ok := app.Holds(stack, name); ok {
					said = append(said, fmt.Sprint(holds))
					break
				}
			}
		}
		switch {
		case len(said) == 2 && said[0] != said[1]:
			out = append(out, fact{c.value, said[0] + " in the old template and " + said[1] + " in the new one"})
		case len(said) > 0:
			out = append(out, fact{c.value, said[0]})
		}
	}
	return out
}

// counterpart translates the name of a stack of one app to another app, where both have one stack with all others nested
// in it.
func counterpart(from, to *cfn.App, name string) string {
	if only := top(to); top(from) != "" && only != "" {
		return only + below(from, name)
	}
	return name
}

// top returns the name of the only stack of an app that is not nested, empty if there are several.
func top(a *cfn.App) string {
	found := ""
	for _, st := range a.Stacks {
		if st.Parent == nil {
			if found != "" {
				return ""
			}
			found = st.Name
		}
	}
	return found
}

// below returns the name of a stack without that of the only one that is not nested: two templates are compared, whatever
// their files are called.
func below(a *cfn.App, name string) string { return strings.TrimPrefix(name, top(a)) }

// when says in words which of several worlds a set of them is: "IsProd is true"; empty for all of them.
func when(facts [][]fact, in []bool) string {
	if !slices.Contains(in, false) {
		return ""
	}
	holds := func(conjunction []fact, w int) bool {
		return !slices.ContainsFunc(conjunction, func(f fact) bool { return !slices.Contains(facts[w], f) })
	}
	exact := func(conjunction []fact) bool {
		for w := range facts {
			if holds(conjunction, w) != in[w] {
				return false
			}
		}
		return true
	}
	words := func(conjunction []fact) string {
		var out []string
		for _, f := range conjunction {
			out = append(out, f.name+" is "+f.value)
		}
		return strings.Join(out, " and ")
	}
	shrink := func(conjunction []fact, enough func([]fact) bool) []fact {
		for i := len(conjunction) - 1; i >= 0; i-- {
			if less := slices.Delete(slices.Clone(conjunction), i, i+1); enough(less) {
				conjunction = less
			}
		}
		return conjunction
	}
	first := slices.Index(in, true)
	for _, f := range facts[first] {
		if exact([]fact{f}) {
			return words([]fact{f})
		}
	}
	// What all of the set have in common, or each of them by itself.
	common := slices.Clone(facts[first])
	for w := range facts {
		if in[w] {
			common = slices.DeleteFunc(common, func(f fact) bool { return !slices.Contains(facts[w], f) })
		}
	}
	if exact(common) {
		return words(shrink(common, exact))
	}
	var each []string
	for w := range facts {
		if !in[w] {
			continue
		}
		inside := func(conjunction []fact) bool { // in no world outside of the set
			for o := range facts {
				if holds(conjunction, o) && !in[o] {
					return false
				}
			}
			return true
		}
		if s := words(shrink(facts[w], inside)); !slices.Contains(each, s) {
			each = append(each, s)
		}
	}
	return strings.Join(each, ", or if ")
}
