package jaywaypath

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

type parser struct {
	s string
	i int
}

func (p *parser) at(k int) byte {
	if p.i+k < len(p.s) {
		return p.s[p.i+k]
	}
	return 0
}

func (p *parser) ws() {
	for p.at(0) == ' ' {
		p.i++
	}
}

// steps reads what follows $ or @.
func (p *parser) steps(depth int) ([]step, error) {
	var out []step
	for p.i < len(p.s) {
		switch {
		case p.at(0) == '.' && p.at(1) == '.':
			p.i += 2
			out = append(out, step{kind: 'd'})
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

func (p *parser) member() (step, error) {
	if p.at(0) == '*' {
		p.i++
		return step{kind: '*'}, nil
	}
	start := p.i
	for p.i < len(p.s) && !strings.ContainsRune(".[]()=<>!&|, ", rune(p.s[p.i])) {
		p.i++
	}
	name := p.s[start:p.i]
	if name == "" {
		return step{}, fmt.Errorf("a name is missing at character %d", start+1)
	}
	if p.at(0) == '(' {
		if p.at(1) != ')' {
			return step{}, fmt.Errorf("the function %s() with arguments is not supported", name)
		}
		p.i += 2
		switch name {
		case "length", "size", "min", "max", "sum", "avg":
			return step{kind: 'F', names: []string{name}}, nil
		}
		return step{}, fmt.Errorf("the function %s() is not supported", name)
	}
	return step{kind: 'n', names: []string{name}}, nil
}

func (p *parser) quoted() (string, error) {
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

func (p *parser) int() (int, bool) {
	start := p.i
	if p.at(0) == '-' {
		p.i++
	}
	for isDigit(p.at(0)) {
		p.i++
	}
	n, err := strconv.ParseInt(p.s[start:p.i], 10, 32) // as an int of Java
	if err != nil {
		p.i = start
	}
	return int(n), err == nil
}

func (p *parser) bracket(depth int) (step, error) {
	if depth > 10 {
		return step{}, fmt.Errorf("filters nested too deep")
	}
	p.i++
	p.ws()
	var s step
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

func (p *parser) or(depth int) (cond, error) {
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

func (p *parser) and(depth int) (cond, error) {
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

func (p *parser) test(depth int) (cond, error) {
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

func (p *parser) operand(depth int) (operand, error) {
	p.ws()
	switch c := p.at(0); {
	case c == '@' || c == '$':
		p.i++
		s, err := p.steps(depth + 1)
		return operand{path: s, root: c == '$', isRef: true}, err
	case c == '\'' || c == '"':
		s, err := p.quoted()
		return operand{lit: s}, err
	}
	start := p.i
	for p.i < len(p.s) && !strings.ContainsRune(" )&|=<>!,]", rune(p.s[p.i])) {
		p.i++
	}
	w := p.s[start:p.i]
	switch {
	case w == "true" || w == "false":
		return operand{lit: w == "true"}, nil
	case w == "null":
		return operand{}, nil
	case numeral.MatchString(w):
		if v, err := strconv.ParseInt(w, 10, 64); err == nil {
			return operand{lit: v}, nil
		}
		f, err := strconv.ParseFloat(w, 64)
		return operand{lit: f}, err
	}
	return operand{}, fmt.Errorf("unexpected %q in a filter", clip(p.s[start:]))
}

// numeral is a number as a filter may hold it.
var numeral = regexp.MustCompile(`^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$`)

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:77], "") + "..."
	}
	return s
}
