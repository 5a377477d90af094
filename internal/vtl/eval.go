package vtl

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/vtl/javaregexp"
	"github.com/corsgate/corsgate/internal/vtl/jaywaypath"
)

// Mode chooses whose behaviour the evaluator has.
type Mode int

const (
	// APIGateway is the service: undefined references render as nothing, null equals "", #set may assign null.
	APIGateway Mode = iota
	// Velocity17 is the stock engine.
	Velocity17
)

// Limits bounds an evaluation. A zero field means its default.
type Limits struct {
	// Steps is the number of nodes, calls and elements that may be visited: 500,000 by default.
	Steps int
	// Output is the size of the result and of any one string, in bytes: 10 MB by default, API Gateway's payload limit.
	Output int
	// Bytes is the sum of the bytes of all strings made on the way: 128 MB by default.
	Bytes int
	// Depth is the nesting of macros, defined blocks and printed collections: 60 by default.
	Depth int
	// Rounds is the number of rounds of one #foreach: 1,000 by default, the quota of the service.
	Rounds int
}

func (l Limits) withDefaults() Limits {
	set := func(p *int, d int) {
		if *p == 0 {
			*p = d
		}
	}
	set(&l.Steps, 500_000)
	set(&l.Output, 10<<20)
	set(&l.Bytes, 128<<20)
	set(&l.Depth, 60)
	set(&l.Rounds, 1000)
	return l
}

// EventKind says what an [Event] tells of.
type EventKind string

const (
	// Branch is an #if, #elseif or #else whose body is rendered.
	Branch EventKind = "branch"
	// Override is a parameter of $context.responseOverride or $context.requestOverride that is set.
	Override EventKind = "override"
)

// Event tells a trace what a line of the template did.
type Event struct {
	Pos
	Kind EventKind
	// Name is "#if", "#elseif" or "#else", or the parameter, such as "responseOverride.header.Vary".
	Name string
	// Value is the value an override was given, printed.
	Value string
}

// Env is what a template is evaluated against.
type Env struct {
	Mode Mode
	// Vars are the references that are defined at the start: "input", "context", "util", "stageVariables". The map is
	// not changed; the values are, by #set and put.
	Vars   map[string]any
	Limits Limits
	// Trace, if set, is called as the evaluation goes.
	Trace func(Event)
	// Decide, if set, is told of each ==, each method or property of a value and each element of a map what comes of it, and
	// returns what is taken to come of it.
	Decide func(op string, operands []any, result any) any
	// Done, if set, ends the evaluation with an error once it is closed, as a context's Done is.
	Done <-chan struct{}
}

// Eval renders the template. Its error, if any, is an [*Error].
func (t *Template) Eval(env *Env) (string, error) {
	ev := &eval{t: t, env: env, lim: env.Limits.withDefaults()}
	root := &scope{vars: map[string]any{}}
	for k, v := range env.Vars {
		root.vars[k] = v
	}
	ev.scope = root
	ev.global = root
	out := &strings.Builder{}
	err := ev.render(out, t.nodes)
	if err != nil && !errors.Is(err, errStop) && !errors.Is(err, errBreak) {
		var e *Error
		if !errors.As(err, &e) {
			e = &Error{Pos: Pos{1, 1}, Msg: err.Error()}
		}
		return "", e
	}
	return out.String(), nil
}

var (
	errStop  = errors.New("stop")
	errBreak = errors.New("break")
)

// scope holds the variables of the template or of one macro call.
type scope struct {
	vars   map[string]any
	params map[string]thunk // of a macro call
	parent *scope           // the caller's
}

// thunk is an argument of a macro, evaluated where it is used.
type thunk struct {
	x     expr
	scope *scope
}

type eval struct {
	t      *Template
	env    *Env
	lim    Limits
	scope  *scope
	global *scope
	steps  int
	bytes  int
	depth  int
	regexp map[string]*javaregexp.Regexp // compiled so far
	ascii  string                        // the last text that was found to be ASCII
}

func (ev *eval) errf(pos Pos, format string, args ...any) error {
	return &Error{Pos: pos, Msg: fmt.Sprintf(format, args...)}
}

// notKnown is the error of what this evaluator does not know.
func (ev *eval) notKnown(pos Pos, format string, args ...any) error {
	return &Error{Pos: pos, Msg: fmt.Sprintf(format, args...), NotKnown: true}
}

// notKnown is an error of what is not known.
type notKnown string

func (u notKnown) Error() string { return string(u) }

// step counts one visit.
func (ev *eval) step(pos Pos) error {
	ev.steps++
	if ev.steps > ev.lim.Steps {
		return ev.notKnown(pos, "the template takes more than %d steps; simplify it", ev.lim.Steps)
	}
	if ev.stopped() {
		return ev.notKnown(pos, stoppedText)
	}
	return nil
}

const stoppedText = "the evaluation was stopped before its end"

// stopped reports whether nobody waits for the result any more.
func (ev *eval) stopped() bool {
	select {
	case <-ev.env.Done:
		return true
	default:
		return false
	}
}

// charge counts n bytes made or looked at, and n as the size of one string.
func (ev *eval) charge(pos Pos, n int) error {
	if n > ev.lim.Output {
		return ev.notKnown(pos, "the template makes a text of more than %d bytes", ev.lim.Output)
	}
	ev.bytes += n
	if ev.bytes > ev.lim.Bytes {
		return ev.notKnown(pos, "the template makes more than %d bytes of text in all; simplify it", ev.lim.Bytes)
	}
	return nil
}

func (ev *eval) down(pos Pos) error {
	ev.depth++
	if ev.depth > ev.lim.Depth {
		return ev.notKnown(pos, "nested deeper than %d levels; does a macro or a defined block contain itself?", ev.lim.Depth)
	}
	return nil
}

func (ev *eval) write(pos Pos, out *strings.Builder, s string) error {
	if out.Len()+len(s) > ev.lim.Output {
		return ev.notKnown(pos, "the template renders more than %d bytes", ev.lim.Output)
	}
	if err := ev.charge(pos, len(s)); err != nil {
		return err
	}
	out.WriteString(s)
	return nil
}

func (ev *eval) lookup(name string) (any, error) {
	for s := ev.scope; s != nil; s = s.parent {
		if v, ok := s.vars[name]; ok {
			return v, nil
		}
		if th, ok := s.params[name]; ok {
			saved := ev.scope
			ev.scope = th.scope
			ev.depth++
			defer func() { ev.scope = saved; ev.depth-- }()
			if ev.depth > ev.lim.Depth {
				return nil, ev.notKnown(Pos{1, 1}, "nested deeper than %d levels", ev.lim.Depth)
			}
			return ev.value(th.x)
		}
	}
	return nil, nil
}

// assign sets a variable: a macro's own where the macro has a parameter of that name, the template's otherwise.
func (ev *eval) assign(name string, v any) {
	for s := ev.scope; s != nil; s = s.parent {
		if _, ok := s.params[name]; ok || s.parent == nil {
			s.vars[name] = v
			return
		}
	}
}

// render writes nodes.
func (ev *eval) render(out *strings.Builder, nodes []node) error {
	for _, n := range nodes {
		if err := ev.renderNode(out, n); err != nil {
			return err
		}
	}
	return nil
}

func (ev *eval) renderNode(out *strings.Builder, n node) error {
	switch n := n.(type) {
	case *textNode:
		if err := ev.step(Pos{1, 1}); err != nil {
			return err
		}
		return ev.write(Pos{1, 1}, out, n.text)
	case *escNode:
		s := strings.Repeat(`\`, n.pairs)
		if n.word == "set" || !ev.known(n.word) {
			s += s
		}
		return ev.write(Pos{1, 1}, out, s)
	case *escDirNode:
		k := n.slashes
		if ev.known(n.name) {
			k /= 2
		}
		return ev.write(Pos{1, 1}, out, strings.Repeat(`\`, k)+n.word)
	case *refNode:
		return ev.renderRef(out, n)
	case *setNode:
		return ev.set(n)
	case *ifNode:
		for _, b := range n.branches {
			if err := ev.step(b.pos); err != nil {
				return err
			}
			if b.cond != nil {
				ok, err := ev.truth(b.cond)
				if err != nil {
					return err
				}
				if !ok {
					continue
				}
			}
			ev.trace(Event{Pos: b.pos, Kind: Branch, Name: b.kind})
			return ev.render(out, b.body)
		}
		return nil
	case *stopNode:
		return errStop
	case *dirNode:
		return ev.directive(out, n)
	}
	return nil
}

func (ev *eval) trace(e Event) {
	if ev.env.Trace != nil {
		ev.env.Trace(e)
	}
}

// known reports whether an escape makes #name literal.
func (ev *eval) known(name string) bool {
	_, m := ev.t.macros[name]
	return m || isDirective(name)
}

func (ev *eval) renderRef(out *strings.Builder, n *refNode) error {
	v, err := ev.ref(n)
	if err != nil {
		return err
	}
	if v == nil {
		if n.esc%2 == 1 { // stays, with half of the backslashes
			return ev.write(n.pos, out, strings.Repeat(`\`, n.esc/2+1)+ev.literal(n))
		}
		lit := ""
		if !n.quiet && ev.env.Mode != APIGateway {
			lit = ev.literal(n)
		}
		return ev.write(n.pos, out, strings.Repeat(`\`, n.esc)+lit)
	}
	pre := strings.Repeat(`\`, n.esc/2)
	if n.esc%2 == 1 {
		return ev.write(n.pos, out, pre+ev.literal(n))
	}
	if err := ev.write(n.pos, out, pre); err != nil {
		return err
	}
	if b, ok := v.(*block); ok {
		return ev.renderBlock(n.pos, out, b)
	}
	s, err := ev.text(n.pos, v)
	if err != nil {
		return err
	}
	return ev.write(n.pos, out, s)
}

// literal returns what an undefined reference renders as in Velocity: itself or, for a macro's parameter, the argument.
func (ev *eval) literal(n *refNode) string {
	if len(n.parts) > 0 || !n.plain && n.esc == 0 {
		return n.lit
	}
	s := ev.scope
	lit := n.lit
	name := n.name
	for s != nil {
		th, ok := s.params[name]
		if !ok {
			s = s.parent
			continue
		}
		if str, ok := th.x.(*strNode); ok {
			return str.lit
		}
		r, ok := th.x.(*refNode)
		if !ok {
			return lit
		}
		lit = r.lit
		if len(r.parts) > 0 {
			return lit
		}
		name = r.name
		s = th.scope
	}
	return lit
}

func (ev *eval) renderBlock(pos Pos, out *strings.Builder, b *block) error {
	if err := ev.down(pos); err != nil {
		return err
	}
	defer func() { ev.depth-- }()
	err := ev.render(out, b.body)
	if errors.Is(err, errBreak) {
		return nil
	}
	return err
}

func (ev *eval) set(n *setNode) error {
	if err := ev.step(n.pos); err != nil {
		return err
	}
	v, err := ev.value(n.val)
	if err != nil {
		return err
	}
	if v == nil && ev.env.Mode == Velocity17 {
		return nil
	}
	parts := n.ref.parts
	if len(parts) == 0 {
		if !n.ref.plain {
			return nil // #set(${x} = 1) and #set($!x = 1) set nothing that can be read
		}
		ev.assign(n.ref.name, v)
		return nil
	}
	head := *n.ref
	head.parts = parts[:len(parts)-1]
	target, err := ev.ref(&head)
	if err != nil {
		return err
	}
	last := parts[len(parts)-1]
	switch last.kind {
	case methodPart:
		return ev.errf(n.pos, "#set cannot assign to the method call %s", n.ref.lit)
	case propPart:
		if m, ok := target.(*Map); ok {
			_, err := ev.put(last.pos, m, last.name, v)
			return err
		}
		return nil // Velocity logs it and goes on
	}
	key, err := ev.value(last.args[0])
	if err != nil {
		return err
	}
	switch x := target.(type) {
	case *Map:
		_, err := ev.put(last.pos, x, key, v)
		return err
	case *List:
		i, ok := key.(int64)
		if !ok || x.Kind == JavaSet || x.Kind == JavaCollection {
			return nil
		}
		if i < 0 {
			i += int64(len(x.Elems))
		}
		if i < 0 || i >= int64(len(x.Elems)) {
			return ev.errf(n.pos, "index %d is out of bounds for length %d", i, len(x.Elems))
		}
		if x.Kind == JavaArray {
			if _, isStr := v.(string); !isStr {
				return ev.errf(n.pos, "an array of strings takes strings only")
			}
		}
		x.Elems[i] = v
	}
	return nil
}

// put changes a map, by way of its guard.
func (ev *eval) put(pos Pos, m *Map, key, v any) (any, error) {
	if err := ev.charge(pos, keyCost(key)); err != nil {
		return nil, err
	}
	if _, ok := mapKey(key); !ok {
		return nil, ev.notKnown(pos, "a collection as the key of a map is not supported")
	}
	if m.onPut != nil {
		ks, err := ev.text(pos, key)
		if err != nil {
			return nil, err
		}
		if err := m.onPut(ev, pos, ks, v); err != nil {
			return nil, err
		}
	}
	return m.Put(key, v), nil
}

// truth is the value of a condition. A literal is false, whatever it is, except true.
func (ev *eval) truth(x expr) (bool, error) {
	switch n := x.(type) {
	case *boolNode:
		return n.val, nil
	case *refNode:
		v, err := ev.ref(n)
		if err != nil {
			return false, err
		}
		if b, ok := v.(bool); ok {
			return b, nil
		}
		return v != nil, nil
	case *notNode:
		b, err := ev.truth(n.x)
		return !b, err
	case *binNode:
		if err := ev.step(n.pos); err != nil {
			return false, err
		}
		switch n.op {
		case "||", "&&":
			l, err := ev.truth(n.l)
			if err != nil || l == (n.op == "||") {
				return l, err
			}
			return ev.truth(n.r)
		case "+", "-", "*", "/", "%":
			return false, nil
		}
		l, err := ev.value(n.l)
		if err != nil {
			return false, err
		}
		r, err := ev.value(n.r)
		if err != nil {
			return false, err
		}
		switch n.op {
		case "==", "!=":
			eq, err := ev.equal(n.pos, l, r)
			if ev.env.Decide != nil {
				eq = ev.env.Decide("==", []any{l, r}, eq) == true
			}
			return eq == (n.op == "=="), err
		}
		c, ok := compareNumbers(l, r)
		if !ok {
			return false, nil
		}
		switch n.op {
		case "<":
			return c < 0, nil
		case ">":
			return c > 0, nil
		case "<=":
			return c <= 0, nil
		}
		return c >= 0, nil
	}
	return false, nil
}

func compareNumbers(l, r any) (int, bool) {
	a, aok := l.(int64)
	b, bok := r.(int64)
	if aok && bok {
		switch {
		case a < b:
			return -1, true
		case a > b:
			return 1, true
		}
		return 0, true
	}
	x, xok := toFloat(l)
	y, yok := toFloat(r)
	if !xok || !yok {
		return 0, false
	}
	switch {
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, true
}

func toFloat(v any) (float64, bool) {
	switch x := v.(type) {
	case int64:
		return float64(x), true
	case float64:
		return x, true
	}
	return 0, false
}

// equal is the == of the template language: numbers by value, like classes by equals, others by their printed form.
func (ev *eval) equal(pos Pos, l, r any) (bool, error) {
	if l == nil || r == nil {
		if ev.env.Mode == APIGateway {
			return (l == nil || l == "") && (r == nil || r == ""), nil
		}
		return l == nil && r == nil, nil
	}
	if c, ok := compareNumbers(l, r); ok {
		return c == 0, nil
	}
	if className(l) == className(r) {
		return ev.javaEqual(pos, l, r)
	}
	ls, err := ev.text(pos, l)
	if err != nil {
		return false, err
	}
	rs, err := ev.text(pos, r)
	if err != nil {
		return false, err
	}
	return ls == rs, ev.compared(pos, ls, rs)
}

// compared counts the comparison of two texts. Those of unlike length are not looked at.
func (ev *eval) compared(pos Pos, a, b string) error {
	if len(a) != len(b) {
		return nil
	}
	return ev.charge(pos, len(a))
}

// javaEqual is Java's equals.
func (ev *eval) javaEqual(pos Pos, l, r any) (bool, error) {
	if err := ev.step(pos); err != nil {
		return false, err
	}
	switch a := l.(type) {
	case *List:
		b, ok := r.(*List)
		if !ok || a.Kind == JavaArray || b.Kind == JavaArray || a.Kind == JavaCollection || b.Kind == JavaCollection {
			return l == r, nil
		}
		if (a.Kind == JavaSet) != (b.Kind == JavaSet) || len(a.Elems) != len(b.Elems) {
			return false, nil
		}
		if a == b {
			return true, nil
		}
		if err := ev.down(pos); err != nil {
			return false, err
		}
		defer func() { ev.depth-- }()
		if a.Kind == JavaSet {
			for _, x := range a.Elems {
				if ok, err := ev.contains(pos, b.Elems, x); err != nil || !ok {
					return false, err
				}
			}
			return true, nil
		}
		for i := range a.Elems {
			if ok, err := ev.javaEqual(pos, a.Elems[i], b.Elems[i]); err != nil || !ok {
				return false, err
			}
		}
		return true, nil
	case *Map:
		b, ok := r.(*Map)
		if !ok || a.Len() != b.Len() {
			return false, nil
		}
		if a == b {
			return true, nil
		}
		if err := ev.down(pos); err != nil {
			return false, err
		}
		defer func() { ev.depth-- }()
		for _, e := range a.entries {
			if err := ev.charge(pos, keyCost(e.Key)); err != nil {
				return false, err
			}
			v, there := b.Get(e.Key)
			if !there {
				return false, nil
			}
			if ok, err := ev.javaEqual(pos, e.Value, v); err != nil || !ok {
				return false, err
			}
		}
		return true, nil
	case *Entry:
		b, ok := r.(*Entry)
		if !ok {
			return false, nil
		}
		if ok, err := ev.javaEqual(pos, a.Key, b.Key); err != nil || !ok {
			return false, err
		}
		return ev.javaEqual(pos, a.Value, b.Value)
	case string:
		b, ok := r.(string)
		if !ok {
			return false, nil
		}
		return a == b, ev.compared(pos, a, b)
	case bool, int64, float64, nil, javaClass:
		return l == r, nil
	}
	return l == r, nil
}

func (ev *eval) contains(pos Pos, elems []any, x any) (bool, error) {
	for _, e := range elems {
		if ok, err := ev.javaEqual(pos, e, x); err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}

// value evaluates an expression.
func (ev *eval) value(x expr) (any, error) {
	switch n := x.(type) {
	case *strNode:
		if n.body == nil {
			return n.text, nil
		}
		if err := ev.down(n.pos); err != nil {
			return nil, err
		}
		defer func() { ev.depth-- }()
		out := &strings.Builder{}
		if err := ev.render(out, n.body); err != nil {
			return nil, err
		}
		s := out.String()
		if n.tail && strings.HasSuffix(s, " ") {
			s = s[:len(s)-1]
		}
		return s, nil
	case *numNode:
		return n.val, nil
	case *boolNode:
		return n.val, nil
	case *refNode:
		return ev.ref(n)
	case *rangeNode:
		return ev.rangeValue(n)
	case *listNode:
		if err := ev.step(n.pos); err != nil {
			return nil, err
		}
		l := &List{}
		for _, e := range n.elems {
			v, err := ev.value(e)
			if err != nil {
				return nil, err
			}
			l.Elems = append(l.Elems, v)
		}
		return l, ev.charge(n.pos, 16*len(l.Elems))
	case *mapNode:
		if err := ev.step(n.pos); err != nil {
			return nil, err
		}
		m := NewMap()
		for i := range n.keys {
			k, err := ev.value(n.keys[i])
			if err != nil {
				return nil, err
			}
			v, err := ev.value(n.vals[i])
			if err != nil {
				return nil, err
			}
			if _, err := ev.put(n.pos, m, k, v); err != nil {
				return nil, err
			}
		}
		return m, ev.charge(n.pos, 64*m.Len())
	case *binNode:
		switch n.op {
		case "+", "-", "*", "/", "%":
			return ev.arith(n)
		}
		return ev.truth(n)
	case *notNode:
		return ev.truth(n)
	}
	return nil, nil
}

func (ev *eval) rangeValue(n *rangeNode) (any, error) {
	lo, err := ev.value(n.lo)
	if err != nil {
		return nil, err
	}
	hi, err := ev.value(n.hi)
	if err != nil {
		return nil, err
	}
	a, aok := lo.(int64)
	b, bok := hi.(int64)
	if !aok || !bok {
		return nil, nil
	}
	const most = 100_000
	if a-b > most || b-a > most || a > math.MaxInt32 || b > math.MaxInt32 || a < math.MinInt32 || b < math.MinInt32 {
		return nil, ev.notKnown(n.pos, "the range [%d..%d] has more than %d elements", a, b, most)
	}
	l := &List{}
	d := int64(1)
	if b < a {
		d = -1
	}
	for i := a; ; i += d {
		l.Elems = append(l.Elems, i)
		if i == b {
			break
		}
	}
	ev.steps += len(l.Elems)
	return l, ev.charge(n.pos, 16*len(l.Elems))
}

func (ev *eval) arith(n *binNode) (any, error) {
	if err := ev.step(n.pos); err != nil {
		return nil, err
	}
	l, err := ev.value(n.l)
	if err != nil {
		return nil, err
	}
	r, err := ev.value(n.r)
	if err != nil {
		return nil, err
	}
	if n.op == "+" {
		_, ls := l.(string)
		_, rs := r.(string)
		if ls || rs {
			return ev.concat(n, l, r)
		}
	}
	a, aok := l.(int64)
	b, bok := r.(int64)
	if aok && bok {
		switch n.op {
		case "+":
			if c := a + b; (c > a) == (b > 0) {
				return c, nil
			}
		case "-":
			if c := a - b; (c < a) == (b > 0) {
				return c, nil
			}
		case "*":
			if a == 0 || b == 0 {
				return int64(0), nil
			}
			if c := a * b; c/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64) {
				return c, nil
			}
		case "/":
			if b == 0 {
				return nil, nil
			}
			return a / b, nil
		case "%":
			if b == 0 {
				return nil, nil
			}
			return a % b, nil
		}
		return nil, ev.notKnown(n.pos, "%d %s %d is out of the 64-bit range, which is as far as this evaluator goes", a, n.op, b)
	}
	x, xok := toFloat(l)
	y, yok := toFloat(r)
	if !xok || !yok {
		return nil, nil
	}
	switch n.op {
	case "+":
		return x + y, nil
	case "-":
		return x - y, nil
	case "*":
		return x * y, nil
	case "/":
		if y == 0 {
			return nil, nil
		}
		return x / y, nil
	}
	if y == 0 {
		return nil, nil
	}
	return math.Mod(x, y), nil
}

func (ev *eval) concat(n *binNode, l, r any) (any, error) {
	side := func(v any, x expr) (string, error) {
		if v == nil {
			if ref, ok := x.(*refNode); ok && ev.env.Mode == Velocity17 {
				return ref.lit, nil
			}
			return "", nil
		}
		return ev.text(n.pos, v)
	}
	a, err := side(l, n.l)
	if err != nil {
		return nil, err
	}
	b, err := side(r, n.r)
	if err != nil {
		return nil, err
	}
	if err := ev.charge(n.pos, len(a)+len(b)); err != nil {
		return nil, err
	}
	return a + b, nil
}

// ref evaluates a reference.
func (ev *eval) ref(n *refNode) (any, error) {
	if err := ev.step(n.pos); err != nil {
		return nil, err
	}
	v, err := ev.lookup(n.name)
	if err != nil {
		return nil, err
	}
	for i := range n.parts {
		if v == nil {
			return nil, nil
		}
		p := &n.parts[i]
		switch p.kind {
		case propPart:
			of := v
			v, err = ev.property(p.pos, v, p.name)
			if ev.env.Decide != nil && err == nil {
				v = ev.env.Decide(p.name, []any{of}, v)
			}
		case indexPart:
			var key any
			key, err = ev.value(p.args[0])
			if err != nil {
				return nil, err
			}
			of := v
			v, err = ev.at(p.pos, v, key)
			if _, ok := of.(*Map); ok && ev.env.Decide != nil && err == nil {
				v = ev.env.Decide("get", []any{of, key}, v)
			}
		case methodPart:
			args := make([]any, len(p.args))
			for j, a := range p.args {
				args[j], err = ev.value(a)
				if err != nil {
					return nil, err
				}
			}
			of := v
			v, err = ev.call(p.pos, v, p.name, args)
			if ev.env.Decide != nil && err == nil {
				v = ev.env.Decide(p.name, append([]any{of}, args...), v)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return v, nil
}

// at is index notation.
func (ev *eval) at(pos Pos, v, key any) (any, error) {
	switch x := v.(type) {
	case *Map:
		if i, ok := key.(int64); ok && i < 0 {
			key = i + int64(x.Len())
		}
		if err := ev.charge(pos, keyCost(key)); err != nil {
			return nil, err
		}
		r, _ := x.Get(key)
		return r, nil
	case *loop:
		return nil, nil
	case *List:
		i, ok := key.(int64)
		if !ok || x.Kind == JavaSet || x.Kind == JavaCollection {
			return nil, nil
		}
		if i < 0 {
			i += int64(len(x.Elems))
		}
		if i < 0 || i >= int64(len(x.Elems)) {
			return nil, ev.errf(pos, "index %d is out of bounds for length %d", i, len(x.Elems))
		}
		return x.Elems[i], nil
	case Object:
		r, _, err := x.Method("get", []any{key})
		return r, ev.wrap(pos, err)
	}
	if i, ok := key.(int64); ok && i < 0 {
		return nil, ev.errf(pos, "a negative index needs a list, not %s", className(v))
	}
	return nil, nil
}

// wrap adds to an error the position of the call it came from.
func (ev *eval) wrap(pos Pos, err error) error {
	var e *Error
	if err == nil || errors.As(err, &e) || errors.Is(err, errStop) || errors.Is(err, errBreak) {
		return err
	}
	var path *jaywaypath.Error
	var host notKnown
	return &Error{Pos: pos, Msg: err.Error(), NotKnown: errors.As(err, &path) || errors.As(err, &host), cause: err}
}

func (ev *eval) directive(out *strings.Builder, n *dirNode) error {
	if err := ev.step(n.pos); err != nil {
		return err
	}
	switch n.name {
	case "foreach":
		if n.block {
			return ev.foreach(out, n)
		}
	case "break":
		return errBreak
	case "define":
		if n.block {
			ev.assign(n.args[0].(*refNode).name, &block{body: n.body, scope: ev.scope})
			return nil
		}
	case "literal":
		if n.block {
			return ev.write(n.pos, out, n.raw)
		}
	case "parse", "include", "evaluate":
		if n.hasArg {
			return ev.notKnown(n.pos, "#%s is not available in mapping templates; write its content here", n.name)
		}
	}
	if m := ev.t.macros[strings.TrimPrefix(n.name, "@")]; m != nil && (n.block || !strings.HasPrefix(n.name, "@")) {
		return ev.macro(out, n, m)
	}
	return ev.write(n.pos, out, n.lit)
}

func (ev *eval) macro(out *strings.Builder, n *dirNode, m *macro) error {
	if err := ev.down(n.pos); err != nil {
		return err
	}
	saved := ev.scope
	defer func() { ev.scope = saved; ev.depth-- }()
	s := &scope{vars: map[string]any{}, params: map[string]thunk{}, parent: saved}
	for i, name := range m.params {
		if i < len(n.args) {
			s.params[name] = thunk{n.args[i], saved}
		}
	}
	if n.block {
		s.vars["bodyContent"] = &block{body: n.body, scope: saved}
	}
	ev.scope = s
	err := ev.render(out, m.body)
	if errors.Is(err, errBreak) {
		return nil
	}
	return err
}

func (ev *eval) foreach(out *strings.Builder, n *dirNode) error {
	v, err := ev.value(n.args[2])
	if err != nil {
		return err
	}
	it := iterate(v)
	if it == nil {
		return nil // Velocity logs it and goes on
	}
	name := n.args[0].(*refNode).name
	names := []string{name, "velocityCount", "velocityHasNext", "foreach"}
	type old struct {
		v  any
		ok bool
	}
	saved := make([]old, len(names))
	home := ev.homes(names)
	for i, nm := range names {
		v, ok := home[i].vars[nm]
		saved[i] = old{v, ok}
	}
	outer, _ := ev.lookup("foreach")
	parent, _ := outer.(*loop)
	lp := &loop{parent: parent}
	defer func() {
		for i, nm := range names {
			if saved[i].ok {
				home[i].vars[nm] = saved[i].v
			} else {
				delete(home[i].vars, nm)
			}
		}
	}()
	for i := 0; it.hasNext(); i++ {
		e, err := it.next()
		if err != nil {
			return ev.wrap(n.pos, err)
		}
		if i >= ev.lim.Rounds {
			return ev.errf(n.pos, "#foreach goes round more than %d times, API Gateway's quota", ev.lim.Rounds)
		}
		if err := ev.step(n.pos); err != nil {
			return err
		}
		lp.index, lp.last = i, !it.hasNext()
		home[0].vars[name] = e
		home[1].vars["velocityCount"] = int64(i + 1)
		home[2].vars["velocityHasNext"] = !lp.last
		home[3].vars["foreach"] = lp
		if err := ev.render(out, n.body); err != nil {
			if errors.Is(err, errBreak) {
				return nil
			}
			return err
		}
	}
	return nil
}

// homes returns the scopes that assign would use for the names.
func (ev *eval) homes(names []string) []*scope {
	var out []*scope
	for _, name := range names {
		for s := ev.scope; ; s = s.parent {
			if _, ok := s.params[name]; ok || s.parent == nil {
				out = append(out, s)
				break
			}
		}
	}
	return out
}

// text prints a value as toString does.
func (ev *eval) text(pos Pos, v any) (string, error) {
	switch x := v.(type) {
	case nil:
		return "null", nil
	case string:
		return x, nil
	case bool:
		return strconv.FormatBool(x), nil
	case int64:
		return strconv.FormatInt(x, 10), nil
	case float64:
		return javaDouble(x), nil
	case *block:
		out := &strings.Builder{}
		err := ev.renderBlock(pos, out, x)
		return out.String(), err
	}
	out := &strings.Builder{}
	if err := ev.print(pos, out, v); err != nil {
		return "", err
	}
	return out.String(), nil
}

// printEach prints the elements of a list or a map, between what begins, separates and ends them.
func (ev *eval) printEach(pos Pos, out *strings.Builder, marks [3]string, n int, element func(i int) error) error {
	if err := ev.down(pos); err != nil {
		return err
	}
	defer func() { ev.depth-- }()
	if err := ev.write(pos, out, marks[0]); err != nil {
		return err
	}
	for i := range n {
		if i > 0 {
			if err := ev.write(pos, out, marks[1]); err != nil {
				return err
			}
		}
		if err := element(i); err != nil {
			return err
		}
	}
	return ev.write(pos, out, marks[2])
}

func (ev *eval) print(pos Pos, out *strings.Builder, v any) error {
	if err := ev.step(pos); err != nil {
		return err
	}
	switch x := v.(type) {
	case *List:
		switch x.Kind {
		case JSONArray:
			return ev.printJSON(pos, out, x)
		case JavaArray:
			return ev.write(pos, out, "[Ljava.lang.String;@0")
		}
		return ev.printEach(pos, out, [3]string{"[", ", ", "]"}, len(x.Elems), func(i int) error {
			if x.Elems[i] == any(x) {
				return ev.write(pos, out, "(this Collection)")
			}
			return ev.print(pos, out, x.Elems[i])
		})
	case *Map:
		return ev.printEach(pos, out, [3]string{"{", ", ", "}"}, len(x.entries), func(i int) error {
			e := x.entries[i]
			if err := ev.print(pos, out, e.Key); err != nil {
				return err
			}
			if err := ev.write(pos, out, "="); err != nil {
				return err
			}
			if e.Value == any(x) {
				return ev.write(pos, out, "(this Map)")
			}
			return ev.print(pos, out, e.Value)
		})
	case *Entry:
		if err := ev.down(pos); err != nil {
			return err
		}
		defer func() { ev.depth-- }()
		if err := ev.print(pos, out, x.Key); err != nil {
			return err
		}
		if err := ev.write(pos, out, "="); err != nil {
			return err
		}
		return ev.print(pos, out, x.Value)
	case javaClass:
		return ev.write(pos, out, "class "+x.name)
	case *loop:
		return ev.write(pos, out, "{}") // a map without entries
	case *iterator:
		return ev.write(pos, out, "java.util.Iterator")
	case fmt.Stringer:
		return ev.write(pos, out, x.String())
	case Object:
		return ev.write(pos, out, "java.lang.Object")
	}
	s, err := ev.text(pos, v)
	if err != nil {
		return err
	}
	return ev.write(pos, out, s)
}
