package cfn

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A decision is what is known of a condition.
type decision struct {
	*Condition
	undecided bool
	stack     *Stack
	name      string
	direct    bool // something that is compared in it is not known
	// from are the undecided conditions by which this one is undecided.
	from    []*decision
	touched map[Touch]bool
}

// A side is what is known of a part of a condition.
type side struct {
	holds, undecided, direct bool
	from                     []*decision
	symbols                  []*Symbol
	comparisons              []*Comparison
}

// branch decides a condition on which a resource or a value hangs.
func (e scope) branch(name string) bool {
	d := e.condition(name)
	touch := e.touch()
	for _, f := range d.from {
		if f.touched == nil {
			f.touched = map[Touch]bool{}
			e.app.open = append(e.app.open, f)
		}
		if !f.touched[touch] {
			f.touched[touch] = true
			f.Touches = append(f.Touches, touch)
		}
	}
	return d.Holds
}

// open tells of a condition that nothing decides.
func (e scope) open(text string) {
	e.app.problem(Problem{File: e.st.File, Line: e.line(), Stack: e.st.Name, LogicalID: e.id, Text: text, Kind: Malformed, Condition: true})
}

// touch is the place that is evaluated.
func (e scope) touch() Touch {
	t := Touch{Stack: e.st, LogicalID: e.id, Path: strings.TrimPrefix(e.at.path(), ".")}
	if r, ok := e.st.all[e.id].(map[string]any); ok {
		t.Type, _ = r["Type"].(string)
	}
	return t
}

// condition evaluates a condition of the stack.
func (e scope) condition(name string) *decision {
	st := e.st
	if d := st.decisions[name]; d != nil {
		return d
	}
	d := &decision{Condition: &Condition{Name: name, Stack: st.Name}, stack: st, name: name}
	raw, ok := st.sections["Conditions"][name]
	s := side{holds: true, undecided: true, direct: true}
	own := scope{app: e.app, st: st, id: "Conditions." + name, strict: true}
	switch {
	case !ok:
		e.app.problem(Problem{File: st.File, Line: e.line(), Stack: st.Name, LogicalID: e.id, Text: "the template has no condition " + name, Kind: Dangling, Condition: true})
	case st.busy["condition "+name]:
		own.open("the condition " + name + " depends on itself")
	default:
		st.busy["condition "+name] = true
		s = own.decide(raw)
		delete(st.busy, "condition "+name)
	}
	d.Holds, d.undecided, d.direct, d.Symbols, d.Comparisons = s.holds, s.undecided, s.direct, s.symbols, s.comparisons
	if d.undecided {
		// A condition that is undecided by one other alone is decided with that one.
		d.from = s.from
		if d.direct || len(d.from) != 1 {
			d.from = append(slices.Clone(d.from), d)
			for _, key := range []string{st.Name + "." + name, name} {
				if v, ok := e.app.opts.Conditions[key]; ok {
					d.Holds = v
					break
				}
			}
		}
	}
	st.decisions[name] = d
	return d
}

// decide evaluates a condition's expression.
func (e scope) decide(raw any) side {
	wrong := func(kind ProblemKind, text string) side {
		e.tell(kind, text)
		return side{holds: true, undecided: true, direct: true}
	}
	e.app.depth++
	defer func() { e.app.depth-- }()
	if e.app.depth > maxDepth {
		return wrong(Elsewhere, "conditions nested too deep")
	}
	m, _ := raw.(map[string]any)
	if len(m) != 1 {
		return wrong(Malformed, "a condition that is not one of Fn::Equals, Fn::And, Fn::Or, Fn::Not and Condition")
	}
	for name, arg := range m {
		args := list(arg)
		switch name {
		case "Condition":
			other, _ := arg.(string)
			d := e.condition(other)
			return side{holds: d.Holds, undecided: d.undecided, from: d.from, symbols: d.Symbols, comparisons: d.Comparisons}
		case "Fn::Equals":
			if len(args) != 2 {
				return wrong(Malformed, "Fn::Equals needs two values")
			}
			return e.equals(args)
		case "Fn::Not":
			if len(args) != 1 {
				return wrong(Malformed, "Fn::Not needs one condition")
			}
			s := e.decide(args[0])
			s.holds = !s.holds
			return s
		case "Fn::And", "Fn::Or":
			if len(args) == 0 {
				return wrong(Malformed, name+" needs conditions")
			}
			// One that decides makes up for others that are not decided.
			out := side{holds: name == "Fn::And"}
			for _, a := range args {
				s := e.decide(a)
				if !s.undecided && s.holds == (name == "Fn::Or") {
					return s
				}
				if s.holds == (name == "Fn::Or") {
					out.holds = s.holds
				}
				out.undecided = out.undecided || s.undecided
				out.direct = out.direct || s.direct
				out.from = union(out.from, s.from)
				out.symbols = union(out.symbols, s.symbols)
				out.comparisons = union(out.comparisons, s.comparisons)
			}
			return out
		}
		return wrong(Unsupported, "the intrinsic function "+name+" is not evaluated in a condition")
	}
	return side{}
}

func union[T comparable](a, b []T) []T {
	a = slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(a, x) {
			a = append(a, x)
		}
	}
	return a
}

// equals decides Fn::Equals: texts without symbols, and the same symbols.
func (e scope) equals(args []any) side {
	key, equal, symbols := e.compare(args)
	if equal || len(symbols) == 0 {
		return side{holds: equal}
	}
	if holds, ok := e.app.opts.Equal[key]; ok {
		return side{holds: holds}
	}
	return side{undecided: true, direct: true, symbols: symbols, holds: e.app.assumed[key], comparisons: []*Comparison{e.app.comparison(key)}}
}

// compare returns what Fn::Equals compares as one key, and the symbols in it.
func (e scope) compare(args []any) (key string, equal bool, symbols []*Symbol) {
	var texts [2]string
	values := make([]any, 2)
	for i := range texts {
		values[i] = e.val(args[i])
		text, ok := e.asText(values[i])
		if !ok {
			text = render(e.app, values[i], true)
		}
		texts[i] = text
	}
	return min(texts[0], texts[1]) + "\x00" + max(texts[0], texts[1]), texts[0] == texts[1], e.app.Symbols(values)
}

// comparison returns the one that has a key.
func (a *App) comparison(key string) *Comparison {
	c := a.comparisons[key]
	if c == nil {
		c = &Comparison{Key: key}
		one, other, _ := strings.Cut(key, "\x00")
		if a.SymbolOf(one) == nil {
			one, other = other, one
		}
		if s := a.SymbolOf(one); s != nil && !standIns.MatchString(other) {
			c.Symbol, c.Value = s, other
		}
		a.comparisons[key] = c
	}
	return c
}

// Holds returns what is known of a condition, or assumed; stack is the stack's name. It
// reports false for a condition that the stack does not have.
func (a *App) Holds(stack, name string) (holds, ok bool) {
	a.files.mu.Lock()
	defer a.files.mu.Unlock()
	for _, st := range a.Stacks {
		if _, ok := st.sections["Conditions"][name]; ok && st.Name == stack {
			return scope{app: a, st: st, strict: true}.condition(name).Holds, true
		}
	}
	return false, false
}

// Lookups returns those in mappings whose key is not known, in the order in which they
// came up.
func (a *App) Lookups() []*Lookup { return a.lookups }

// assume takes one side of a condition, and with it the sides of what it is made of.
func (st *Stack) assume(key string, holds bool) {
	name := strings.TrimPrefix(key, st.Name+".")
	if raw, ok := st.sections["Conditions"][name]; ok {
		e := scope{app: st.app, st: st, strict: true}
		if e.condition(name).undecided {
			e.assume(raw, holds)
		}
	}
	clear(st.decisions)
}

func (e scope) assume(raw any, holds bool) {
	m, _ := raw.(map[string]any)
	e.app.depth++
	defer func() { e.app.depth-- }()
	if e.app.depth > maxDepth || len(m) != 1 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		args := list(m[name])
		switch {
		case name == "Condition":
			other, _ := m[name].(string)
			e.assume(e.st.sections["Conditions"][other], holds)
		case name == "Fn::Not" && len(args) == 1:
			e.assume(args[0], !holds)
		case name == "Fn::And" || name == "Fn::Or":
			oneIsEnough := holds == (name == "Fn::Or")
			if oneIsEnough && slices.ContainsFunc(args, func(a any) bool { return e.decide(a).holds == holds }) {
				return
			}
			for _, a := range args {
				if e.decide(a).undecided {
					e.assume(a, holds)
					if oneIsEnough {
						return
					}
				}
			}
		case name == "Fn::Equals" && len(args) == 2:
			if key, equal, symbols := e.compare(args); !equal && len(symbols) > 0 {
				e.app.assumed[key] = holds
			}
		}
	}
}

// Undecided returns the conditions that decide about something and are not decided, in
// the order of the stacks and by name.
func (a *App) Undecided() []*Condition {
	var out []*Condition
	for _, d := range a.open {
		out = append(out, d.Condition)
	}
	return out
}

// A Turn is a condition that is not decided, to be taken the other way.
type Turn struct {
	*Condition
	// Conditions are what the app is then made with.
	Conditions map[string]bool
	// Parent is the index of the turn without which the condition decides nothing, since it stands in a branch of that one alone;
	// -1 where there is none.
	Parent int
}

// maxTurns bounds how many turns are tried for conditions in a branch. Those of the app itself are all tried.
const maxTurns = 64

// Turns calls with for each undecided condition that decides about something of which touches holds, with the conditions that
// take it the other way, and then for the conditions that decide nothing unless that one is. With returns the app as it is then,
// or nil if it is of no interest. The name of a condition in a branch says in which.
func (a *App) Turns(touches func(Touch) bool, with func(t Turn) *App) {
	var out []Turn
	type level struct {
		turn    int // -1 for the app itself
		app     *App
		visible []string // conditions that decide something without the turn
		branch  string
	}
	for next := []level{{-1, a, nil, ""}}; len(next) > 0; {
		at := next[0]
		next = next[1:]
		visible := slices.Clone(at.visible)
		first := len(out)
		for _, c := range at.app.Undecided() {
			visible = append(visible, c.Name)
			if slices.Contains(at.visible, c.Name) || !slices.ContainsFunc(c.Touches, touches) || at.turn >= 0 && len(out) >= maxTurns {
				continue
			}
			t := Turn{Condition: c, Conditions: map[string]bool{}, Parent: at.turn}
			if at.turn >= 0 {
				maps.Copy(t.Conditions, out[at.turn].Conditions)
				named := *c
				named.Name += at.branch
				t.Condition = &named
			}
			t.Conditions[c.Name] = !c.Holds
			out = append(out, t)
		}
		for i := first; i < len(out); i++ {
			if app := with(out[i]); app != nil {
				next = append(next, level{i, app, visible, " (where " + out[i].Name + " is " + strconv.FormatBool(!out[i].Holds) + ")"})
			}
		}
	}
}

// sortOpen puts the undecided conditions in order and names them.
func (a *App) sortOpen() {
	slices.SortStableFunc(a.open, func(x, y *decision) int {
		return cmp.Or(cmp.Compare(slices.Index(a.Stacks, x.stack), slices.Index(a.Stacks, y.stack)), strings.Compare(x.name, y.name))
	})
	count := map[string]int{}
	for _, d := range a.open {
		count[d.name]++
	}
	for _, d := range a.open {
		if count[d.name] > 1 {
			d.Name = d.stack.Name + "." + d.name
		}
	}
}
