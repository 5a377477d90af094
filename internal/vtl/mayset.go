package vtl

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// A HeaderOverride is a place where a template may change a header in $context.responseOverride.header.
type HeaderOverride struct {
	Pos
	// Header is the header's name as written, or "" if it depends on the input.
	Header string
}

// HeaderOverrides returns which response headers the template may override, each once (whatever its case), in the order
// of the template. It looks at every branch and every loop, whatever the input: what [Template.Eval] overrides is always
// among what HeaderOverrides returns, under its name or under the name "". The reverse does not hold, since nobody knows
// which branches are taken.
//
// It evaluates the template without its order: a variable may hold whatever is assigned to it anywhere, and what is put
// into any collection may come out of any other.
func (t *Template) HeaderOverrides() []HeaderOverride {
	a := &analysis{t: t, found: map[string]HeaderOverride{}, vars: map[string]might{
		"context": {kind: isContext}, "input": {kind: isHost}, "util": {kind: isHost}, "stageVariables": unknown,
	}}
	for range maxPasses {
		a.changed = false
		a.pass()
		if !a.changed {
			break
		}
	}
	if a.changed { // a long chain of assignments: anything may be anywhere
		a.top = true
		a.pass()
	}
	return slices.SortedFunc(maps.Values(a.found), func(x, y HeaderOverride) int {
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Col, y.Col), strings.Compare(x.Header, y.Header))
	})
}

const (
	// maxPasses bounds how often a template is looked at until nothing new is found.
	maxPasses = 20
	// maxTexts bounds the texts that are remembered of one value.
	maxTexts = 16
)

// objects is a set of the objects that are told apart.
type objects int

const (
	isContext  objects = 1 << iota // $context
	isResponse                     // $context.responseOverride
	isHeaders                      // $context.responseOverride.header
	isHost                         // $input or $util, which keep nothing

	anyOverride = isContext | isResponse | isHeaders
)

// might is what a value might be.
type might struct {
	kind objects
	// texts are the strings that the value, or an element of it, might be; with any, others too.
	texts map[string]bool
	any   bool
	// other reports whether it might be something else than an object of kind, or null.
	other bool
}

// unknown is a value that might be anything but one of the objects.
var unknown = might{any: true, other: true}

func text(s string) might { return might{texts: map[string]bool{s: true}, other: true} }

// is reports whether a value can be nothing but an object, or null.
func (m might) is(k objects) bool { return m.kind == k && !m.other }

func (m might) text(s string) bool { return m.any || m.texts[s] }

// join adds what o might be, and reports whether that is new.
func (m *might) join(o might) bool {
	old, n := *m, len(m.texts)
	m.kind |= o.kind
	m.any = m.any || o.any
	m.other = m.other || o.other
	changed := m.kind != old.kind || m.any != old.any || m.other != old.other
	if m.any {
		m.texts = nil
		return changed
	}
	if m.texts == nil && len(o.texts) > 0 {
		m.texts = map[string]bool{}
	}
	maps.Copy(m.texts, o.texts)
	if len(m.texts) > maxTexts {
		m.texts, m.any = nil, true
	}
	return changed || m.any || len(m.texts) != n
}

type analysis struct {
	t       *Template
	vars    map[string]might
	stored  might // in any collection
	top     bool  // everything might be anything
	changed bool
	found   map[string]HeaderOverride
}

func (a *analysis) pass() {
	clear(a.found) // what the last pass finds holds: it knows most
	a.nodes(a.t.nodes)
	for _, m := range a.t.macros {
		a.nodes(m.body)
	}
}

func (a *analysis) assign(name string, v might) {
	old := a.vars[name]
	if old.join(v) {
		a.vars[name] = old
		a.changed = true
	}
}

// store puts a value into another, and what stands in it, since some methods copy that.
func (a *analysis) store(into, v might) {
	switch {
	case into.is(isHost):
		return
	case into.is(isHeaders): // a foreach over the headers takes any text for an element (see directive)
		v = might{kind: v.kind}
	}
	v.kind |= inside(v.kind)
	if a.stored.join(v) {
		a.changed = true
	}
}

// out is a value that comes out of something nothing is known of.
func (a *analysis) out() might { return might{kind: a.stored.kind, any: true, other: true} }

func (a *analysis) lookup(name string) might {
	if a.top {
		return might{kind: anyOverride, any: true, other: true}
	}
	return a.vars[name]
}

// override records that the headers a key might name are changed.
func (a *analysis) override(pos Pos, key might) {
	names := maps.Keys(key.texts)
	if len(key.texts) == 0 {
		names = slices.Values([]string{""})
	}
	for name := range names {
		id := strings.ToLower(name)
		old, ok := a.found[id]
		if !ok || pos.Line < old.Line || pos.Line == old.Line && pos.Col < old.Col {
			a.found[id] = HeaderOverride{pos, name}
		}
	}
}

func (a *analysis) nodes(nodes []node) {
	for _, n := range nodes {
		switch n := n.(type) {
		case *refNode:
			a.ref(n)
		case *setNode:
			a.set(n)
		case *ifNode:
			for _, b := range n.branches {
				a.value(b.cond)
				a.nodes(b.body)
			}
		case *dirNode:
			a.directive(n)
		}
	}
}

func (a *analysis) set(n *setNode) {
	v := a.value(n.val)
	parts := n.ref.parts
	if len(parts) == 0 {
		a.assign(n.ref.name, v)
		return
	}
	head := *n.ref
	head.parts = parts[:len(parts)-1]
	target := a.ref(&head)
	switch last := parts[len(parts)-1]; last.kind {
	case propPart:
		a.put(last.pos, target, text(last.name), v)
	case indexPart:
		a.put(last.pos, target, a.value(last.args[0]), v)
	}
}

func (a *analysis) directive(n *dirNode) {
	if n.name == "literal" && n.block {
		return
	}
	args := make([]might, len(n.args))
	for i, x := range n.args {
		args[i] = a.value(x)
	}
	switch {
	case n.name == "foreach" && n.block:
		list := args[2]
		e := a.stored
		e.texts = maps.Clone(e.texts)
		e.join(might{kind: inside(list.kind), texts: list.texts, any: list.any || list.kind&isHeaders != 0, other: true})
		a.assign(n.args[0].(*refNode).name, e)
	case n.name == "define" && n.block:
		a.assign(n.args[0].(*refNode).name, unknown)
	case (n.name == "evaluate" || n.name == "parse") && n.hasArg:
		a.override(n.pos, unknown)
	}
	if m := a.t.macros[strings.TrimPrefix(n.name, "@")]; m != nil {
		for i, name := range m.params {
			if i < len(args) {
				a.assign(name, args[i])
			}
		}
	}
	a.nodes(n.body)
}

// inside returns the objects that stand directly in others.
func inside(k objects) objects { return k << 1 & (isResponse | isHeaders) }

func (a *analysis) value(x expr) might {
	switch n := x.(type) {
	case *strNode:
		if n.body == nil {
			return text(n.text)
		}
		a.nodes(n.body)
	case *refNode:
		return a.ref(n)
	case *listNode:
		return a.collection(n.elems)
	case *mapNode:
		a.collection(n.keys)
		return a.collection(n.vals)
	case *rangeNode:
		a.value(n.lo)
		a.value(n.hi)
	case *binNode:
		a.value(n.l)
		a.value(n.r)
	case *notNode:
		a.value(n.x)
	}
	return unknown
}

// collection stores the values of a literal, and returns one that might hold the texts among them.
func (a *analysis) collection(elems []expr) might {
	var all might
	for _, e := range elems {
		all.join(a.value(e))
	}
	a.store(unknown, might{kind: all.kind})
	return might{texts: all.texts, any: all.any, other: true}
}

func (a *analysis) ref(n *refNode) might {
	v := a.lookup(n.name)
	for _, p := range n.parts {
		switch p.kind {
		case propPart:
			v = a.get(v, text(p.name))
		case indexPart:
			v = a.get(v, a.value(p.args[0]))
		case methodPart:
			v = a.call(p, v)
		}
	}
	return v
}

// null reports whether a value can only be null, as that of a variable that is never set.
func (m might) null() bool { return m.kind == 0 && !m.other }

func (a *analysis) get(v, key might) might {
	one := !key.any && len(key.texts) == 1
	switch {
	case v.null():
		return v
	case one && v.is(isContext) && key.text("responseOverride"):
		return might{kind: isResponse}
	case one && v.is(isResponse) && key.text("header"):
		return might{kind: isHeaders}
	}
	r := a.out()
	if v.kind&isContext != 0 && key.text("responseOverride") {
		r.kind |= isResponse
	}
	if v.kind&isResponse != 0 && key.text("header") {
		r.kind |= isHeaders
	}
	return r
}

func (a *analysis) put(pos Pos, v, key, val might) {
	a.store(v, val)
	if v.kind&isHeaders != 0 {
		a.override(pos, key)
	}
	if v.kind&isResponse != 0 && key.text("header") || v.kind&isContext != 0 && key.text("responseOverride") {
		a.override(pos, unknown)
	}
}

// call is a method of v. One that is not known to leave a map as it is may change it.
func (a *analysis) call(p refPart, v might) might {
	args := make([]might, len(p.args))
	for i, x := range p.args {
		args[i] = a.value(x)
		a.store(v, args[i])
	}
	switch {
	case v.null():
		return v
	case p.name == "get" && len(args) == 1, p.name == "getOrDefault" && len(args) == 2:
		return a.get(v, args[0])
	case (p.name == "put" || p.name == "putIfAbsent" || p.name == "replace") && len(args) == 2:
		a.put(p.pos, v, args[0], args[1])
		return a.out()
	case p.name == "putAll" && len(args) == 1:
		if m, ok := p.args[0].(*mapNode); ok {
			for _, k := range m.keys {
				a.put(p.pos, v, a.value(k), might{})
			}
			return a.out()
		}
	}
	switch p.name {
	case "size", "isEmpty", "containsKey", "containsValue", "equals", "toString", "getClass", "hashCode":
	case "keySet", "values", "entrySet":
		a.store(unknown, might{kind: inside(v.kind)})
		if v.kind&isHeaders != 0 { // a view: what is removed from it is removed from the map
			a.override(p.pos, unknown)
		}
	default:
		if v.kind&anyOverride != 0 {
			a.store(unknown, might{kind: inside(v.kind)})
			a.override(p.pos, unknown)
		}
	}
	return a.out()
}
