package vtl

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// JSONPath evaluates a path over a value from [ParseJSON] as the Jayway library does, which API Gateway uses: a definite
// path gives one value, null where there is none; an indefinite one (.. , *, several indexes, a slice or a filter) gives
// a JSON array. Written here because the libraries at hand follow RFC 9535 or lose the order of members, which
// shows in what $input.path prints. A construct that is not known is an error.
func JSONPath(root any, path string) (any, error) {
	budget := pathBudget
	return jsonPath(root, path, &budget)
}

// pathBudget is the number of values that one path may visit.
const pathBudget = 200_000

var errVisits = errors.New("the JSONPath visits too many values")

func jsonPath(root any, path string, budget *int) (any, error) {
	p := &pathParser{s: strings.TrimSpace(path)}
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
	return runPath(root, root, steps, budget)
}

type pathStep struct {
	kind  byte // 'n' names, 'i' indexes, 's' slice, '*', 'd' deep scan, 'f' filter, 'F' function
	names []string
	idx   []int
	lo    *int
	hi    *int
	cond  cond
}

func (s pathStep) definite() bool {
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

func runPath(root, v any, steps []pathStep, budget *int) (any, error) {
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
				arg = &List{Kind: JSONArray, Elems: cur}
			}
			r, err := pathFunc(s.names[0], arg, budget)
			if err != nil {
				return nil, err
			}
			cur, definite, found = []any{r}, true, r != nil
			continue
		}
		var next []any
		for _, x := range cur {
			if *budget--; *budget < 0 {
				return nil, errVisits
			}
			var err error
			next, err = stepPath(root, x, s, next, budget)
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
	return &List{Kind: JSONArray, Elems: cur}, nil
}

func pathFunc(name string, v any, budget *int) (any, error) {
	if name == "length" || name == "size" {
		switch x := v.(type) {
		case *List:
			return int64(len(x.Elems)), nil
		case *Map:
			return int64(x.Len()), nil
		}
		return nil, nil
	}
	l, ok := v.(*List)
	if name == "keys" {
		m, ok := v.(*Map)
		if !ok {
			return nil, nil
		}
		if *budget -= m.Len() / 8; *budget < 0 {
			return nil, errVisits
		}
		out := &List{Kind: JSONArray}
		for _, e := range m.entries {
			out.Elems = append(out.Elems, e.Key)
		}
		return out, nil
	}
	if !ok {
		return nil, fmt.Errorf("the JSONPath function %s() needs an array of numbers", name)
	}
	if *budget -= len(l.Elems) / 8; *budget < 0 {
		return nil, errVisits
	}
	var sum, least, most float64
	n := 0
	for _, e := range l.Elems {
		f, ok := toFloat(e)
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

func stepPath(root, x any, s pathStep, out []any, budget *int) ([]any, error) {
	switch s.kind {
	case 'n':
		m, ok := x.(*Map)
		if !ok {
			return out, nil
		}
		if len(s.names) > 1 { // several names give a map of those that are there
			r := NewMap()
			for _, n := range s.names {
				if v, ok := m.Get(n); ok {
					r.Put(n, v)
				}
			}
			return append(out, r), nil
		}
		if v, ok := m.Get(s.names[0]); ok {
			out = append(out, v)
		}
	case 'i':
		l, ok := x.(*List)
		if !ok {
			return out, nil
		}
		for _, i := range s.idx {
			if i < 0 {
				i += len(l.Elems)
			}
			if i >= 0 && i < len(l.Elems) {
				out = append(out, l.Elems[i])
			}
		}
	case 's':
		l, ok := x.(*List)
		if !ok {
			return out, nil
		}
		n := len(l.Elems)
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
		for i := lo; i < hi; i++ {
			out = append(out, l.Elems[i])
		}
	case '*':
		switch c := x.(type) {
		case *List:
			out = append(out, c.Elems...)
		case *Map:
			for _, e := range c.entries {
				out = append(out, e.Value)
			}
		}
	case 'd':
		return deep(x, out, 0, budget)
	case 'f':
		test := func(v any) error {
			if *budget--; *budget < 0 {
				return errVisits
			}
			ok, err := s.cond.eval(root, v, budget)
			if ok {
				out = append(out, v)
			}
			return err
		}
		switch c := x.(type) {
		case *List:
			for _, e := range c.Elems {
				if err := test(e); err != nil {
					return nil, err
				}
			}
		case *Map:
			if err := test(c); err != nil {
				return nil, err
			}
		}
	}
	if *budget -= len(out) / 8; *budget < 0 {
		return nil, errVisits
	}
	return out, nil
}

// deep lists a value and everything below it.
func deep(x any, out []any, depth int, budget *int) ([]any, error) {
	if *budget--; *budget < 0 || depth > maxJSONDepth+1 {
		return nil, errVisits
	}
	var err error
	switch c := x.(type) {
	case *List:
		out = append(out, x)
		for _, e := range c.Elems {
			if out, err = deep(e, out, depth+1, budget); err != nil {
				return nil, err
			}
		}
	case *Map:
		out = append(out, x)
		for _, e := range c.entries {
			if out, err = deep(e.Value, out, depth+1, budget); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

type pathParser struct {
	s string
	i int
}

func (p *pathParser) at(k int) byte {
	if p.i+k < len(p.s) {
		return p.s[p.i+k]
	}
	return 0
}

func (p *pathParser) ws() {
	for p.at(0) == ' ' {
		p.i++
	}
}

// steps reads what follows $ or @.
func (p *pathParser) steps(depth int) ([]pathStep, error) {
	var out []pathStep
	for p.i < len(p.s) {
		switch {
		case p.at(0) == '.' && p.at(1) == '.':
			p.i += 2
			out = append(out, pathStep{kind: 'd'})
			if p.at(0) == '[' {
				continue
			}
			s, err := p.member()
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		case p.at(0) == '.':
			p.i++
			if p.at(0) == '[' {
				continue
			}
			s, err := p.member()
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		case p.at(0) == '[':
			s, err := p.bracket(depth)
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		default:
			return out, nil
		}
	}
	return out, nil
}

func (p *pathParser) member() (pathStep, error) {
	if p.at(0) == '*' {
		p.i++
		return pathStep{kind: '*'}, nil
	}
	start := p.i
	for p.i < len(p.s) && !strings.ContainsRune(".[]()=<>!&|, ", rune(p.s[p.i])) {
		p.i++
	}
	name := p.s[start:p.i]
	if name == "" {
		return pathStep{}, fmt.Errorf("a name is missing at character %d", start+1)
	}
	if p.at(0) == '(' {
		if p.at(1) != ')' {
			return pathStep{}, fmt.Errorf("the function %s() with arguments is not supported", name)
		}
		p.i += 2
		switch name {
		case "length", "size", "keys", "min", "max", "sum", "avg":
			return pathStep{kind: 'F', names: []string{name}}, nil
		}
		return pathStep{}, fmt.Errorf("the function %s() is not supported", name)
	}
	return pathStep{kind: 'n', names: []string{name}}, nil
}

func (p *pathParser) quoted() (string, error) {
	q := p.at(0)
	p.i++
	var b strings.Builder
	for {
		switch c := p.at(0); {
		case p.i >= len(p.s):
			return "", fmt.Errorf("a quote is not closed")
		case c == '\\' && p.i+1 < len(p.s):
			b.WriteByte(p.at(1))
			p.i += 2
		case c == q:
			p.i++
			return b.String(), nil
		default:
			b.WriteByte(c)
			p.i++
		}
	}
}

func (p *pathParser) int() (int, bool) {
	start := p.i
	if p.at(0) == '-' {
		p.i++
	}
	for isDigit(p.at(0)) {
		p.i++
	}
	n, err := strconv.Atoi(p.s[start:p.i])
	if err != nil {
		p.i = start
	}
	return n, err == nil
}

func (p *pathParser) bracket(depth int) (pathStep, error) {
	if depth > 10 {
		return pathStep{}, fmt.Errorf("filters nested too deep")
	}
	p.i++
	p.ws()
	var s pathStep
	switch c := p.at(0); {
	case c == '*':
		p.i++
		s.kind = '*'
	case c == '\'' || c == '"':
		s.kind = 'n'
		for {
			n, err := p.quoted()
			if err != nil {
				return s, err
			}
			s.names = append(s.names, n)
			p.ws()
			if p.at(0) != ',' {
				break
			}
			p.i++
			p.ws()
			if p.at(0) != '\'' && p.at(0) != '"' {
				return s, fmt.Errorf("a quoted name is missing after ','")
			}
		}
	case c == '?':
		p.i++
		p.ws()
		if p.at(0) != '(' {
			return s, fmt.Errorf("a filter is written [?(...)]")
		}
		p.i++
		cd, err := p.or(depth + 1)
		if err != nil {
			return s, err
		}
		p.ws()
		if p.at(0) != ')' {
			return s, fmt.Errorf("')' is missing in a filter, found %q", clip(p.s[p.i:]))
		}
		p.i++
		s.kind, s.cond = 'f', cd
	default:
		n, ok := p.int()
		p.ws()
		switch {
		case p.at(0) == ':':
			s.kind = 's'
			if ok {
				s.lo = &n
			}
			p.i++
			p.ws()
			if m, ok := p.int(); ok {
				s.hi = &m
			}
			p.ws()
		case ok:
			s.kind = 'i'
			s.idx = []int{n}
			for p.at(0) == ',' {
				p.i++
				p.ws()
				m, ok := p.int()
				if !ok {
					return s, fmt.Errorf("an index is missing after ','")
				}
				s.idx = append(s.idx, m)
				p.ws()
			}
		default:
			return s, fmt.Errorf("unexpected %q after '['", clip(p.s[p.i:]))
		}
	}
	p.ws()
	if p.at(0) != ']' {
		return s, fmt.Errorf("']' is missing")
	}
	p.i++
	return s, nil
}

// cond is a filter's condition.
type cond interface {
	eval(root, cur any, budget *int) (bool, error)
}

type boolCond struct {
	op   byte // '&', '|', '!'
	l, r cond
}

func (c boolCond) eval(root, cur any, budget *int) (bool, error) {
	l, err := c.l.eval(root, cur, budget)
	switch {
	case err != nil:
		return false, err
	case c.op == '!':
		return !l, nil
	case l == (c.op == '|'):
		return l, nil
	}
	return c.r.eval(root, cur, budget)
}

type pathOperand struct {
	path  []pathStep
	root  bool
	isRef bool
	lit   any
}

// value gives an operand's value, and whether there is one.
func (o pathOperand) value(root, cur any, budget *int) (any, bool, error) {
	if !o.isRef {
		return o.lit, true, nil
	}
	from := cur
	if o.root {
		from = root
	}
	cs := []any{from}
	for _, s := range o.path {
		if s.kind == 'F' {
			v, err := pathFunc(s.names[0], cs[0], budget)
			if err != nil {
				return nil, false, err
			}
			cs = []any{v}
			continue
		}
		if !s.definite() {
			v, err := runPath(root, from, o.path, budget)
			return v, v != nil, err
		}
		next, err := stepPath(root, cs[0], s, nil, budget)
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
	l, r pathOperand
	op   string
}

func (c compareCond) eval(root, cur any, budget *int) (bool, error) {
	l, lok, err := c.l.value(root, cur, budget)
	if err != nil {
		return false, err
	}
	if c.op == "" {
		return lok, nil
	}
	r, rok, err := c.r.value(root, cur, budget)
	if err != nil {
		return false, err
	}
	same := false
	n, numbers := compareNumbers(l, r)
	ls, lstr := l.(string)
	rs, rstr := r.(string)
	if *budget -= min(len(ls), len(rs)) / 64; *budget < 0 {
		return false, errVisits
	}
	switch {
	case !lok || !rok:
	case numbers:
		same = n == 0
	default:
		switch l.(type) {
		case *List, *Map:
			return false, fmt.Errorf("comparing objects or arrays in a JSONPath filter is not supported")
		}
		switch r.(type) {
		case *List, *Map:
			return false, fmt.Errorf("comparing objects or arrays in a JSONPath filter is not supported")
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

func (p *pathParser) or(depth int) (cond, error) {
	l, err := p.and(depth)
	for err == nil {
		p.ws()
		if p.at(0) != '|' || p.at(1) != '|' {
			return l, nil
		}
		p.i += 2
		var r cond
		r, err = p.and(depth)
		l = boolCond{'|', l, r}
	}
	return nil, err
}

func (p *pathParser) and(depth int) (cond, error) {
	l, err := p.test(depth)
	for err == nil {
		p.ws()
		if p.at(0) != '&' || p.at(1) != '&' {
			return l, nil
		}
		p.i += 2
		var r cond
		r, err = p.test(depth)
		l = boolCond{'&', l, r}
	}
	return nil, err
}

func (p *pathParser) test(depth int) (cond, error) {
	if depth > 10 {
		return nil, fmt.Errorf("filters nested too deep")
	}
	p.ws()
	if p.at(0) == '!' {
		p.i++
		c, err := p.test(depth + 1)
		return boolCond{op: '!', l: c}, err
	}
	if p.at(0) == '(' {
		p.i++
		c, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		p.ws()
		if p.at(0) != ')' {
			return nil, fmt.Errorf("')' is missing in a filter")
		}
		p.i++
		return c, nil
	}
	l, err := p.operand(depth)
	if err != nil {
		return nil, err
	}
	p.ws()
	op := ""
	for _, o := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		if strings.HasPrefix(p.s[p.i:], o) {
			op = o
			break
		}
	}
	if op == "" {
		if c := p.at(0); c != ')' && c != '&' && c != '|' {
			return nil, fmt.Errorf("the filter operator at %q is not supported", clip(p.s[p.i:]))
		}
		return compareCond{l: l}, nil
	}
	p.i += len(op)
	r, err := p.operand(depth)
	return compareCond{l, r, op}, err
}

func (p *pathParser) operand(depth int) (pathOperand, error) {
	p.ws()
	switch c := p.at(0); {
	case c == '@' || c == '$':
		p.i++
		s, err := p.steps(depth + 1)
		return pathOperand{path: s, root: c == '$', isRef: true}, err
	case c == '\'' || c == '"':
		s, err := p.quoted()
		return pathOperand{lit: s}, err
	}
	start := p.i
	for p.i < len(p.s) && !strings.ContainsRune(" )&|=<>!,]", rune(p.s[p.i])) {
		p.i++
	}
	w := p.s[start:p.i]
	switch {
	case w == "true" || w == "false":
		return pathOperand{lit: w == "true"}, nil
	case w == "null":
		return pathOperand{}, nil
	case isJSONNumber(w):
		if v, err := strconv.ParseInt(w, 10, 64); err == nil {
			return pathOperand{lit: v}, nil
		}
		f, err := strconv.ParseFloat(w, 64)
		return pathOperand{lit: f}, err
	}
	return pathOperand{}, fmt.Errorf("unexpected %q in a filter", clip(p.s[start:]))
}
