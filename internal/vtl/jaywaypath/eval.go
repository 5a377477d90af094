// Package jaywaypath evaluates JSONPaths as Jayway's library (com.jayway.jsonpath 2.4) does, which API Gateway uses: a
// definite path has one value, null where there is none; an indefinite one (.. , *, several indexes, a slice or a filter)
// has an array. It is written here because the libraries at hand follow RFC 9535 or lose the order of members, which shows
// in what $input.path prints. A construct that is not known is an error.
//
// It reads the values of whoever calls it, by a [Model]: null is nil, and strings, booleans, int64 and float64 are
// themselves.
package jaywaypath

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
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
	Values() []any
}

// Budget is the number of values that one path may visit.
const Budget = 200_000

// maxDepth bounds the nesting of the values that a deep scan goes through.
const maxDepth = 201

var errVisits = errors.New("the JSONPath visits too many values")

// An Error is the reason why it is not known what Jayway makes of a path.
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
	v, _, err := e.run(e.root, steps)
	return v, err
}

type step struct {
	kind  byte // 'n' names, 'i' indexes, 's' slice, '*', 'd' deep scan, 'f' filter, 'F' function
	names []string
	idx   []int
	lo    *int
	hi    *int
	cond  cond
}

// errNotFound is that of a path which leads to nothing, where it cannot lead to several things.
var errNotFound = errors.New("the JSONPath leads to nothing")

// definite reports whether a step leads to one value at most. Several names at the end of a path give one object.
func definite(steps []step, i int) bool {
	switch s := steps[i]; s.kind {
	case 'n':
		return len(s.names) == 1 || i == len(steps)-1
	case 'i':
		return len(s.idx) == 1
	case 'F':
		return true
	}
	return false
}

// run returns what steps lead to from v: one value, or an array. Where they lead to nothing, found is false.
func (e *evaluation) run(v any, steps []step) (out any, found bool, err error) {
	one := true
	for i, s := range steps {
		if s.kind == 'F' && (!one || i < len(steps)-1) {
			return nil, false, fmt.Errorf("%s() of several values is not supported", s.names[0])
		}
		one = one && definite(steps, i)
	}
	var results []any
	switch err := e.apply(v, steps, 0, true, &results); {
	case errors.Is(err, errNotFound) || err == nil && one && len(results) == 0:
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case one:
		return results[len(results)-1], true, nil
	}
	return e.NewArray(results), true, nil
}

// apply adds to out what the steps from the i-th lead to from x. Upstream reports whether all steps before are definite.
func (e *evaluation) apply(x any, steps []step, i int, upstream bool, out *[]any) error {
	if err := e.visit(1); err != nil {
		return err
	}
	if i == len(steps) {
		*out = append(*out, x)
		return nil
	}
	s, last := steps[i], i == len(steps)-1
	elems, isArray := e.Array(x)
	object, isObject := e.Object(x)
	next := func(v any) error { return e.apply(v, steps, i+1, upstream && definite(steps, i), out) }
	if (s.kind == 'n' && !isObject || (s.kind == 'i' || s.kind == 's') && !isArray) && upstream {
		return errNotFound
	}
	switch {
	case s.kind == 'n' && isObject && len(s.names) > 1 && last: // an object of those that are there
		return next(e.NewObject(object, s.names))
	case s.kind == 'n' && isObject:
		for _, name := range s.names {
			v, ok := object.Get(name)
			if !ok && !last && upstream && len(s.names) == 1 {
				return errNotFound
			}
			if ok {
				if err := next(v); err != nil {
					return err
				}
			}
		}
	case s.kind == 'i' && isArray:
		for _, k := range s.idx {
			if err := at(elems, k, next); err != nil {
				return err
			}
		}
	case s.kind == 's' && isArray:
		lo, hi := slice(s, len(elems))
		for k := lo; k < hi; k++ {
			if err := at(elems, k, next); err != nil {
				return err
			}
		}
	case s.kind == '*':
		if isObject {
			elems = object.Values()
		}
		for _, v := range elems {
			if err := next(v); err != nil && !errors.Is(err, errNotFound) {
				return err
			}
		}
	case s.kind == 'd':
		return e.deep(x, steps, i+1, out, 0)
	case s.kind == 'f':
		if isObject {
			elems = []any{x}
		}
		if !isObject && !isArray && upstream {
			return errors.New("a filter of what is neither an object nor an array is not supported")
		}
		for _, v := range elems {
			ok, err := e.accept(s, v)
			if err == nil && ok {
				err = next(v)
			}
			if err != nil {
				return err
			}
		}
	case s.kind == 'F':
		v, err := e.call(s.names[0], x)
		if err != nil {
			return err
		}
		return next(v)
	}
	return nil
}

func (e *evaluation) accept(s step, v any) (bool, error) {
	if err := e.visit(1); err != nil {
		return false, err
	}
	return s.cond.eval(e, v)
}

// at goes on with the element at an index, if there is one; a negative one counts from the end.
func at(elems []any, i int, next func(any) error) error {
	if i < 0 {
		i += len(elems)
	}
	if i < 0 || i >= len(elems) {
		return nil
	}
	return next(elems[i])
}

// slice returns the indexes that a slice of an array of n elements goes through. With both bounds neither counts from the end
// before they are compared, and the index itself may be negative.
func slice(s step, n int) (lo, hi int) {
	fromEnd := func(i int) int {
		if i < 0 {
			i += n
		}
		return i
	}
	switch {
	case n == 0:
		return 0, 0
	case s.lo != nil && s.hi != nil:
		return max(*s.lo, -n), min(*s.hi, n) // nothing is before -n
	case s.lo != nil:
		return max(0, fromEnd(*s.lo)), n
	case s.hi != nil:
		return 0, min(n, fromEnd(*s.hi))
	}
	return 0, n
}

// deep goes on with the step after .. from a value and from everything below it that the step is for. What comes after that step
// is asked of every element of an array.
func (e *evaluation) deep(x any, steps []step, i int, out *[]any, depth int) error {
	if err := e.visit(1); err != nil || depth > maxDepth {
		return errVisits
	}
	below, isArray := e.Array(x)
	object, isObject := e.Object(x)
	if isObject {
		below = object.Values()
	}
	if !isArray && !isObject {
		return nil
	}
	s, fits := steps[i], false
	switch s.kind {
	case 'n':
		fits = isObject
		for _, name := range s.names {
			if fits && definite(steps, i) {
				_, fits = object.Get(name)
			}
		}
	case 'i', 's':
		fits = isArray
	case '*':
		fits = true
	case 'f':
		var err error
		if fits, err = e.accept(s, x); err != nil {
			return err
		}
	default:
		return errors.New("this after .. is not supported")
	}
	switch {
	case fits && isArray && i < len(steps)-1:
		for _, v := range below {
			if err := e.apply(v, steps, i+1, false, out); err != nil {
				return err
			}
		}
	case fits:
		if err := e.apply(x, steps, i, false, out); err != nil {
			return err
		}
	}
	for _, v := range below {
		if err := e.deep(v, steps, i, out, depth+1); err != nil {
			return err
		}
	}
	return nil
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
	case name == "length" || name == "size":
		return nil, nil
	case !isArray:
		return nil, fmt.Errorf("the JSONPath function %s() needs an array of numbers", name)
	}
	if err := e.visit(len(elems) / 8); err != nil {
		return nil, err
	}
	var sum, least float64
	most := math.SmallestNonzeroFloat64 // from which Jayway starts
	n := 0
	for _, x := range elems {
		f, ok := number(x)
		if !ok {
			continue
		}
		if n == 0 || f < least {
			least = f
		}
		most = max(most, f)
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

// number returns a number as a float64.
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

// value returns an operand's value, and whether there is one.
func (o operand) value(e *evaluation, cur any) (any, bool, error) {
	if !o.isRef {
		return o.lit, true, nil
	}
	from := cur
	if o.root {
		from = e.root
	}
	return e.run(from, o.path)
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
		for i := range c.l.path {
			if !definite(c.l.path, i) {
				return false, errors.New("asking for what may be several values is not supported")
			}
		}
		return lok, nil
	}
	r, rok, err := c.r.value(e, cur)
	if err != nil {
		return false, err
	}
	ls, lstr := l.(string)
	rs, rstr := r.(string)
	if err := e.visit(min(len(ls), len(rs)) / 64); err != nil {
		return false, err
	}
	n, numbers := compareNumbers(l, r)
	if c.op == "==" || c.op == "!=" {
		same := false
		if lok && rok {
			if same, err = e.same(l, r); err != nil {
				return false, err
			}
		}
		return same == (c.op == "=="), nil
	}
	if lstr && rstr {
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

// same compares as Jayway does: a number and a text as what the left one is.
func (e *evaluation) same(l, r any) (bool, error) {
	if n, ok := compareNumbers(l, r); ok {
		return n == 0, nil
	}
	composed := func(v any) bool {
		_, isArray := e.Array(v)
		_, isObject := e.Object(v)
		return isArray || isObject
	}
	switch lc, rc := composed(l), composed(r); {
	case lc && rc:
		return false, errors.New("comparing objects or arrays in a JSONPath filter is not supported")
	case lc || rc:
		return false, nil
	}
	text, ltext := l.(string)
	other, rtext := r.(string)
	_, lnumber := number(l)
	_, rnumber := number(r)
	switch {
	case ltext && rnumber:
		if n, ok := r.(int64); ok {
			return text == strconv.FormatInt(n, 10), nil
		}
		return false, errors.New("comparing a text with a fraction in a JSONPath filter is not supported")
	case lnumber && rtext:
		if other == "" || strings.Trim(other, "0123456789") != "" && !numeral.MatchString(other) {
			if strings.Trim(other, "0123456789+-.eE") != "" || other == "" {
				return false, nil
			}
			return false, errors.New("this number in a text is not supported")
		}
		f, err := strconv.ParseFloat(other, 64)
		n, _ := compareNumbers(l, f)
		return err == nil && n == 0, nil
	}
	return l == r, nil
}
