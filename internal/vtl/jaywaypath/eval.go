// Package jaywaypath evaluates JSONPaths as Jayway's library (com.jayway.jsonpath 2.4) does, which API Gateway uses: a
// definite path gives one value, null where there is none; an indefinite one (.. , *, several indexes, a slice or a filter)
// gives an array. It is written here because the libraries at hand follow RFC 9535 or lose the order of members, which shows
// in what $input.path prints. A construct that is not known is an error.
//
// It reads the values of whoever calls it, by a [Model]: null is nil, and strings, booleans, int64 and float64 are
// themselves.
package jaywaypath

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// A Model tells objects and arrays, and makes them.
type Model interface {
	// Array returns the elements of an array.
	Array(v any) ([]any, bool)
	// Object returns an object.
	Object(v any) (Object, bool)
	// NewArray makes an array of elements.
	NewArray(elems []any) any
	// NewObject makes an object of the members of o that have a name of names, in their order.
	NewObject(o Object, names []string) any
}

// An Object is a JSON object, whose members have an order.
type Object interface {
	Len() int
	Get(name any) (any, bool)
	Keys() []any
	Values() []any
}

// Budget is the number of values that one path may visit.
const Budget = 200_000

// maxDepth bounds the nesting of the values that a deep scan goes through.
const maxDepth = 201

var errVisits = errors.New("the JSONPath visits too many values")

// Error says that it is not known what Jayway makes of a path, and why.
type Error struct{ Err error }

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Eval returns what a path leads to from root, and how many values were visited on the way.
func Eval(m Model, root any, path string) (v any, visited int, err error) {
	e := &evaluation{Model: m, root: root, left: Budget}
	if v, err = e.path(path); err != nil {
		err = &Error{err}
	}
	return v, Budget - e.left, err
}

type evaluation struct {
	Model
	root any
	left int // the values that may still be visited
}

// visit counts n values.
func (e *evaluation) visit(n int) error {
	if e.left -= n; e.left < 0 {
		return errVisits
	}
	return nil
}

func (e *evaluation) path(path string) (any, error) {
	p := &parser{s: strings.TrimSpace(path)}
	if p.s == "" {
		return nil, fmt.Errorf("empty JSONPath; write '$' for the whole body")
	}
	if len(p.s) > 4096 {
		return nil, fmt.Errorf("JSONPath of more than 4096 characters")
	}
	switch p.s[0] {
	case '$':
		p.i = 1
	default: // Jayway puts the root before a path without one
		p.s = "$." + p.s
		p.i = 1
	}
	steps, err := p.steps(0)
	if err != nil {
		return nil, fmt.Errorf("JSONPath %q: %w", clip(path), err)
	}
	if p.i < len(p.s) {
		return nil, fmt.Errorf("JSONPath %q: unexpected %q", clip(path), clip(p.s[p.i:]))
	}
	return e.run(e.root, steps)
}

type step struct {
	kind  byte // 'n' names, 'i' indexes, 's' slice, '*', 'd' deep scan, 'f' filter, 'F' function
	names []string
	idx   []int
	lo    *int
	hi    *int
	cond  cond
}

func (s step) definite() bool {
	switch s.kind {
	case 'n':
		return len(s.names) == 1
	case 'i':
		return len(s.idx) == 1
	case 'F':
		return true
	}
	return false
}

func (e *evaluation) run(v any, steps []step) (any, error) {
	definite := true
	cur := []any{v}
	found := true
	for _, s := range steps {
		if s.kind == 'F' {
			var arg any
			if definite {
				if found {
					arg = cur[0]
				}
			} else {
				arg = e.NewArray(cur)
			}
			r, err := e.call(s.names[0], arg)
			if err != nil {
				return nil, err
			}
			cur, definite, found = []any{r}, true, r != nil
			continue
		}
		var next []any
		for _, x := range cur {
			err := e.visit(1)
			if err == nil {
				next, err = e.step(x, s, next)
			}
			if err != nil {
				return nil, err
			}
		}
		definite = definite && s.definite()
		cur = next
		if definite && len(cur) == 0 {
			return nil, nil
		}
	}
	if definite {
		return cur[0], nil
	}
	return e.NewArray(cur), nil
}

// call evaluates a function at the end of a path.
func (e *evaluation) call(name string, v any) (any, error) {
	elems, isArray := e.Array(v)
	object, isObject := e.Object(v)
	switch {
	case (name == "length" || name == "size") && isArray:
		return int64(len(elems)), nil
	case (name == "length" || name == "size") && isObject:
		return int64(object.Len()), nil
	case name == "length" || name == "size" || name == "keys" && !isObject:
		return nil, nil
	case name == "keys":
		return e.NewArray(object.Keys()), e.visit(object.Len() / 8)
	case !isArray:
		return nil, fmt.Errorf("the JSONPath function %s() needs an array of numbers", name)
	}
	if err := e.visit(len(elems) / 8); err != nil {
		return nil, err
	}
	var sum, least, most float64
	n := 0
	for _, x := range elems {
		f, ok := number(x)
		if !ok {
			continue
		}
		if n == 0 || f < least {
			least = f
		}
		if n == 0 || f > most {
			most = f
		}
		sum += f
		n++
	}
	if n == 0 {
		return nil, fmt.Errorf("the JSONPath function %s() needs an array of numbers", name)
	}
	switch name {
	case "min":
		return least, nil
	case "max":
		return most, nil
	case "sum":
		return sum, nil
	case "avg":
		return sum / float64(n), nil
	}
	return nil, fmt.Errorf("the JSONPath function %s() is not supported", name)
}

// step appends to out what a step leads to from x.
func (e *evaluation) step(x any, s step, out []any) ([]any, error) {
	elems, isArray := e.Array(x)
	object, isObject := e.Object(x)
	switch {
	case s.kind == 'n' && isObject:
		if len(s.names) > 1 { // several names give an object of those that are there
			return append(out, e.NewObject(object, s.names)), nil
		}
		if v, ok := object.Get(s.names[0]); ok {
			out = append(out, v)
		}
	case s.kind == 'i' && isArray:
		for _, i := range s.idx {
			if i < 0 {
				i += len(elems)
			}
			if i >= 0 && i < len(elems) {
				out = append(out, elems[i])
			}
		}
	case s.kind == 's' && isArray:
		n := len(elems)
		bound := func(p *int, d int) int {
			if p == nil {
				return d
			}
			i := *p
			if i < 0 {
				i += n
			}
			return max(0, min(i, n))
		}
		lo, hi := bound(s.lo, 0), bound(s.hi, n)
		if lo < hi {
			out = append(out, elems[lo:hi]...)
		}
	case s.kind == 'n' || s.kind == 'i' || s.kind == 's':
		return out, nil
	case s.kind == '*' && isArray:
		out = append(out, elems...)
	case s.kind == '*' && isObject:
		out = append(out, object.Values()...)
	case s.kind == 'd':
		return e.deep(x, out, 0)
	case s.kind == 'f':
		if isObject {
			elems = []any{x}
		}
		for _, v := range elems {
			if err := e.visit(1); err != nil {
				return nil, err
			}
			ok, err := s.cond.eval(e, v)
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, v)
			}
		}
	}
	return out, e.visit(len(out) / 8)
}

// deep lists a value and everything below it.
func (e *evaluation) deep(x any, out []any, depth int) ([]any, error) {
	if err := e.visit(1); err != nil || depth > maxDepth {
		return nil, errVisits
	}
	below, ok := e.Array(x)
	if object, isObject := e.Object(x); isObject {
		below, ok = object.Values(), true
	}
	if !ok {
		return out, nil
	}
	out = append(out, x)
	var err error
	for _, v := range below {
		if out, err = e.deep(v, out, depth+1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// number gives a number as a float64.
func number(v any) (float64, bool) {
	switch x := v.(type) {
	case int64:
		return float64(x), true
	case float64:
		return x, true
	}
	return 0, false
}

// compareNumbers compares two numbers, and reports whether they are.
func compareNumbers(l, r any) (int, bool) {
	a, aok := l.(int64)
	b, bok := r.(int64)
	if aok && bok {
		return cmp.Compare(a, b), true
	}
	x, xok := number(l)
	y, yok := number(r)
	return cmp.Compare(x, y), xok && yok
}

// cond is a filter's condition.
type cond interface {
	eval(e *evaluation, cur any) (bool, error)
}

type boolCond struct {
	op   byte // '&', '|', '!'
	l, r cond
}

func (c boolCond) eval(e *evaluation, cur any) (bool, error) {
	l, err := c.l.eval(e, cur)
	switch {
	case err != nil:
		return false, err
	case c.op == '!':
		return !l, nil
	case l == (c.op == '|'):
		return l, nil
	}
	return c.r.eval(e, cur)
}

type operand struct {
	path  []step
	root  bool
	isRef bool
	lit   any
}

// value gives an operand's value, and whether there is one.
func (o operand) value(e *evaluation, cur any) (any, bool, error) {
	if !o.isRef {
		return o.lit, true, nil
	}
	from := cur
	if o.root {
		from = e.root
	}
	cs := []any{from}
	for _, s := range o.path {
		if s.kind == 'F' {
			v, err := e.call(s.names[0], cs[0])
			if err != nil {
				return nil, false, err
			}
			cs = []any{v}
			continue
		}
		if !s.definite() {
			v, err := e.run(from, o.path)
			return v, v != nil, err
		}
		next, err := e.step(cs[0], s, nil)
		if err != nil {
			return nil, false, err
		}
		if len(next) == 0 {
			return nil, false, nil
		}
		cs = next
	}
	return cs[0], true, nil
}

type compareCond struct {
	l, r operand
	op   string
}

func (c compareCond) eval(e *evaluation, cur any) (bool, error) {
	l, lok, err := c.l.value(e, cur)
	if err != nil {
		return false, err
	}
	if c.op == "" {
		return lok, nil
	}
	r, rok, err := c.r.value(e, cur)
	if err != nil {
		return false, err
	}
	same := false
	n, numbers := compareNumbers(l, r)
	ls, lstr := l.(string)
	rs, rstr := r.(string)
	if err := e.visit(min(len(ls), len(rs)) / 64); err != nil {
		return false, err
	}
	switch {
	case !lok || !rok:
	case numbers:
		same = n == 0
	default:
		for _, v := range []any{l, r} {
			_, isArray := e.Array(v)
			_, isObject := e.Object(v)
			if isArray || isObject {
				return false, fmt.Errorf("comparing objects or arrays in a JSONPath filter is not supported")
			}
		}
		same = l == r
	}
	switch c.op {
	case "==":
		return same, nil
	case "!=":
		return !same, nil
	}
	if lstr && rstr && lok && rok {
		numbers, n = true, strings.Compare(ls, rs)
	}
	if !numbers || !lok || !rok {
		return false, nil
	}
	switch c.op {
	case "<":
		return n < 0, nil
	case "<=":
		return n <= 0, nil
	case ">":
		return n > 0, nil
	}
	return n >= 0, nil
}
