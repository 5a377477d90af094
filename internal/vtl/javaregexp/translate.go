package javaregexp

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// translator rewrites Java's syntax as Go's, character by character, so that nothing passes that it does not know.
type translator struct {
	src    string
	i      int
	out    strings.Builder
	r      *Regexp
	to     target
	passed bool   // ^ is behind
	dotall []bool // by group depth
	groups []group
	count  int // the groups that are numbered
}

// A target is what a translator writes for.
type target int

const (
	forGo           target = iota
	forBacktracking        // an engine that has look-around and back-references
	forShape               // Go, which only looks at the shape: that of what matches nothing of the text is written as nothing
)

// A group is one that is open.
type group struct {
	number int  // 0 for one without a number
	look   bool // it is look-around
	behind bool // it looks behind, or is in a group that does
	// closed are the numbers of groups in it that a back-reference in it may be to: those that have matched wherever it stands. Java
	// keeps what a group has matched in an alternative, a repetition or an atomic group that it gave up.
	closed []int
}

// translate writes an expression for Go. Passed reports whether ^ is behind.
func translate(r *Regexp, passed bool, to target) (string, error) {
	t := &translator{src: r.src, r: r, passed: passed, to: to}
	err := t.run()
	return t.out.String(), err
}

// never matches nothing.
const never = `[^\x{0}-\x{10FFFF}]`

func (t *translator) at(k int) byte {
	if t.i+k < len(t.src) {
		return t.src[t.i+k]
	}
	return 0
}

func (t *translator) errf(format string, args ...any) error {
	return fmt.Errorf(format+" at character %d", append(args, utf8.RuneCountInString(t.src[:t.i])+1)...)
}

func (t *translator) run() error {
	t.dotall = []bool{false}
	t.groups = []group{{}}
	quant := false // something that can be repeated precedes
	for t.i < len(t.src) {
		c := t.src[t.i]
		switch c {
		case '\\':
			if err := t.escape(&quant); err != nil {
				return err
			}
		case '[':
			if err := t.class(); err != nil {
				return err
			}
			quant = true
		case '(':
			if err := t.group(); err != nil {
				return err
			}
			quant = false
		case ')':
			if len(t.dotall) == 1 {
				return t.errf("unmatched )")
			}
			t.out.WriteByte(')')
			t.i++
			quant = t.close()
		case '|':
			t.groups[len(t.groups)-1].closed = nil
			t.out.WriteByte('|')
			t.i++
			quant = false
		case '.':
			if t.dotall[len(t.dotall)-1] {
				t.out.WriteString(`(?s:.)`)
			} else {
				t.out.WriteString(`[^\n\r\x{85}\x{2028}\x{2029}]`)
			}
			t.i++
			quant = true
		case '^':
			t.r.caret = true
			t.anchored()
			if t.passed {
				t.out.WriteString(never)
			} else {
				t.out.WriteString(`\A`)
			}
			t.i++
			quant = false
		case '$':
			t.r.dollar = true
			t.out.WriteString(`\z`)
			t.i++
			quant = false
		case '*', '+', '?', '{':
			if !quant {
				return t.errf("the quantifier %c has nothing to repeat", c)
			}
			if err := t.quantifier(); err != nil {
				return err
			}
			quant = false
		default:
			r, w := utf8.DecodeRuneInString(t.src[t.i:])
			t.out.WriteString(regexp.QuoteMeta(string(r)))
			t.i += w
			quant = true
		}
	}
	if len(t.dotall) != 1 {
		return t.errf("unclosed group")
	}
	return nil
}

// anchored notes ^ in a group.
func (t *translator) anchored() { t.r.inner = t.r.inner || len(t.groups) > 1 }

func (t *translator) quantifier() error {
	start := t.i
	behind := t.groups[len(t.groups)-1].behind
	if behind && (t.src[t.i] == '*' || t.src[t.i] == '+' || t.src[t.i-1] == ')') { // of a group Java does not see the bound
		return t.errf("looking behind without a bound is an error of Java's")
	}
	if t.src[t.i] == '{' {
		j := t.i + 1
		for j < len(t.src) && (isDigit(t.src[j]) || t.src[j] == ',') {
			j++
		}
		if j >= len(t.src) || t.src[j] != '}' || !isDigit(t.at(1)) {
			return t.errf("{ without a count; write \\{ for the sign itself")
		}
		if behind && t.src[j-1] == ',' {
			return t.errf("looking behind without a bound is an error of Java's")
		}
		t.i = j
	}
	t.i++
	t.out.WriteString(t.src[start:t.i])
	switch t.at(0) {
	case '+':
		return t.errf("possessive quantifiers are not supported")
	case '?':
		t.out.WriteByte('?')
		t.i++
	}
	return nil
}

func (t *translator) group() error {
	if len(t.dotall) > 200 {
		return t.errf("groups nested too deep")
	}
	dot := t.dotall[len(t.dotall)-1]
	if t.at(1) != '?' {
		return t.numbered("", 1)
	}
	switch c := t.at(2); {
	case c == ':':
		t.out.WriteString("(?:")
		t.i += 3
		t.open(group{}, dot)
		return nil
	case c == '=' || c == '!' || c == '<' && (t.at(3) == '=' || t.at(3) == '!'):
		return t.lookAround(c == '<')
	case c == '>':
		if t.to == forGo {
			return errBacktrack
		}
		t.out.WriteString(map[target]string{forBacktracking: "(?>", forShape: "(?:"}[t.to])
		t.i += 3
		t.open(group{}, dot)
		return nil
	case c == '<':
		end := strings.IndexByte(t.src[t.i:], '>')
		if end < 0 {
			return t.errf("(?< without >")
		}
		name := t.src[t.i+3 : t.i+end]
		for k := 0; k < len(name); k++ {
			if !isAlpha(name[k]) && (k == 0 || !isDigit(name[k])) {
				return t.errf("invalid name of a group")
			}
		}
		if name == "" {
			return t.errf("invalid name of a group")
		}
		return t.numbered(name, end+1)
	}
	j := t.i + 2
	flags := ""
	for j < len(t.src) && isAlpha(t.src[j]) {
		switch t.src[j] {
		case 'i':
			t.r.fold = true
			flags += "i"
		case 's':
			dot = true
		default:
			return t.errf("the flag (?%c) is not supported", t.src[j])
		}
		j++
	}
	if j >= len(t.src) || t.src[j] != ')' && t.src[j] != ':' {
		return t.errf("this group is not supported")
	}
	if t.src[j] == ')' {
		if flags != "" {
			t.out.WriteString("(?" + flags + ")")
		}
		t.dotall[len(t.dotall)-1] = dot
	} else {
		t.out.WriteString("(?" + flags + ":")
		t.open(group{}, dot)
	}
	t.i = j + 1
	return nil
}

// open opens a group.
func (t *translator) open(g group, dot bool) {
	g.behind = g.behind || t.groups[len(t.groups)-1].behind
	t.groups = append(t.groups, g)
	t.dotall = append(t.dotall, dot)
}

// close closes a group that is written, and reports whether it can be repeated.
func (t *translator) close() bool {
	g := t.groups[len(t.groups)-1]
	t.groups = t.groups[:len(t.groups)-1]
	t.dotall = t.dotall[:len(t.dotall)-1]
	if c := t.at(0); g.number > 0 && c != '*' && c != '+' && c != '?' && c != '{' {
		in := &t.groups[len(t.groups)-1]
		in.closed = append(in.closed, g.number)
	}
	if g.look && t.to == forShape {
		t.out.WriteString("{0}")
	}
	return !g.look
}

// numbered opens a group with a number, which takes so many bytes. The backtracking engine would number those with a name after
// the others.
func (t *translator) numbered(name string, bytes int) error {
	if t.groups[len(t.groups)-1].behind {
		return t.errf("a group with a number, in one that looks behind, is not supported")
	}
	switch {
	case t.to == forBacktracking:
		t.r.names = append(t.r.names, name)
		t.out.WriteString("(")
	case name == "":
		t.out.WriteString("(")
	default:
		t.out.WriteString("(?P<" + name + ">")
	}
	t.i += bytes
	t.count++
	t.open(group{number: t.count}, t.dotall[len(t.dotall)-1])
	return nil
}

// lookAround opens a group that looks ahead or behind.
func (t *translator) lookAround(behind bool) error {
	if t.to == forGo {
		return errBacktrack
	}
	if t.groups[len(t.groups)-1].behind {
		return t.errf("look-around in a group that looks behind is not supported")
	}
	length := 3
	if behind {
		length = 4
	}
	if t.to == forShape {
		t.out.WriteString("(?:")
	} else {
		t.out.WriteString(t.src[t.i : t.i+length])
	}
	t.i += length
	t.open(group{look: true, behind: behind}, t.dotall[len(t.dotall)-1])
	return nil
}

// reference reads a back-reference. Java takes as many digits as there are groups for.
func (t *translator) reference() error {
	if t.to == forGo {
		return errBacktrack
	}
	if t.groups[len(t.groups)-1].behind {
		return t.errf("a back-reference in a group that looks behind is not supported")
	}
	n := int(t.at(1) - '0')
	t.i += 2
	switch {
	case !slices.ContainsFunc(t.groups, func(g group) bool { return slices.Contains(g.closed, n) }):
		return t.errf("a reference to a group that may not have matched is not supported")
	case isDigit(t.at(0)):
		return t.errf("a digit after a back-reference is not supported; write [0] for the digit itself")
	}
	if t.to == forBacktracking {
		fmt.Fprintf(&t.out, `(?:\%d)`, n)
	} else {
		t.out.WriteString("(?:)")
	}
	return nil
}

// predefined returns the inside of a class for \d and its like.
func predefined(c byte) (in string, negated, ok bool) {
	switch c {
	case 'd', 'D':
		return `0-9`, c == 'D', true
	case 'w', 'W':
		return `a-zA-Z_0-9`, c == 'W', true
	case 's', 'S':
		return ` \t\n\x0B\f\r`, c == 'S', true
	}
	return "", false, false
}

// posix are the US-ASCII classes of java.util.regex.Pattern.
var posix = map[string]string{
	"Lower": "a-z", "Upper": "A-Z", "ASCII": `\x00-\x7F`, "Alpha": "a-zA-Z", "Digit": "0-9", "Alnum": "a-zA-Z0-9",
	"Punct": `!-/:-@\[-\x60{-~`, "Graph": "!-~", "Print": " -~", "Blank": ` \t`, "Cntrl": `\x00-\x1F\x7F`,
	"XDigit": "0-9a-fA-F", "Space": ` \t\n\x0B\f\r`,
}

// single reads an escape that stands for one character, and returns it as Go writes it.
func (t *translator) single() (rune, error) {
	c := t.at(1)
	hex := func(from, n int) (rune, error) {
		if t.i+from+n > len(t.src) {
			return 0, t.errf("unfinished escape")
		}
		v, err := strconv.ParseUint(t.src[t.i+from:t.i+from+n], 16, 32)
		if err != nil {
			return 0, t.errf("escape without hexadecimal digits")
		}
		if v >= 0xD800 && v < 0xE000 {
			return 0, t.errf("surrogates are not supported")
		}
		t.i += from + n
		return rune(v), nil
	}
	switch c {
	case 0:
		return 0, t.errf("a backslash at the end")
	case 't', 'n', 'r', 'f', 'a', 'e':
		t.i += 2
		return map[byte]rune{'t': '\t', 'n': '\n', 'r': '\r', 'f': '\f', 'a': 7, 'e': 27}[c], nil
	case 'x':
		if t.at(2) == '{' {
			return 0, t.errf("\\x{ is not supported")
		}
		return hex(2, 2)
	case 'u':
		return hex(2, 4)
	}
	if isAlpha(c) || isDigit(c) {
		return 0, t.errf("\\%c is not supported", c)
	}
	r, w := utf8.DecodeRuneInString(t.src[t.i+1:])
	t.i += 1 + w
	return r, nil
}

// property reads \p{Name} and returns the inside of a class.
func (t *translator) property() (in string, err error) {
	neg := t.at(1) == 'P'
	if t.at(2) != '{' {
		return "", t.errf("\\%c without braces is not supported", t.at(1))
	}
	end := strings.IndexByte(t.src[t.i:], '}')
	if end < 0 {
		return "", t.errf("\\p{ without }")
	}
	name := t.src[t.i+3 : t.i+end]
	set, ok := posix[name]
	if !ok {
		switch name {
		case "L", "Lu", "Ll", "N", "Nd", "P", "S", "Z":
			t.i += end + 1
			p := "p"
			if neg {
				p = "P"
			}
			return `\` + p + "{" + name + "}", nil
		}
		return "", t.errf("\\p{%s} is not supported", clip(name))
	}
	if neg {
		return "", t.errf("\\P{%s} is not supported; write [^\\p{%s}]", name, name)
	}
	t.i += end + 1
	return set, nil
}

func (t *translator) escape(quant *bool) error {
	*quant = true
	c := t.at(1)
	if in, neg, ok := predefined(c); ok {
		if neg {
			in = "^" + in
		}
		t.out.WriteString("[" + in + "]")
		t.i += 2
		return nil
	}
	switch c {
	case 'b', 'B':
		if t.at(2) == '{' {
			return t.errf("\\b{g} is not supported")
		}
		t.r.bound = true
		t.out.WriteString(`\` + string(c))
		t.i += 2
		*quant = false
		return nil
	case 'A':
		t.r.caret = true
		t.anchored()
		if t.passed {
			t.out.WriteString(never)
		} else {
			t.out.WriteString(`\A`)
		}
		t.i += 2
		*quant = false
		return nil
	case 'z':
		t.out.WriteString(`\z`)
		t.i += 2
		*quant = false
		return nil
	case 'Q':
		end := strings.Index(t.src[t.i+2:], `\E`)
		q := t.src[t.i+2:]
		if end >= 0 {
			q = q[:end]
			t.i += end + 4
		} else {
			t.i = len(t.src)
		}
		if q == "" {
			*quant = false
		}
		t.out.WriteString(regexp.QuoteMeta(q))
		return nil
	case 'p', 'P':
		in, err := t.property()
		if err != nil {
			return err
		}
		t.out.WriteString("[" + in + "]")
		return nil
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return t.reference()
	case 'k':
		return t.errf("a back-reference by name is not supported")
	}
	r, err := t.single()
	if err != nil {
		return err
	}
	t.out.WriteString(regexp.QuoteMeta(string(r)))
	return nil
}

func classRune(r rune) string {
	if r < utf8.RuneSelf && !isAlpha(byte(r)) && !isDigit(byte(r)) {
		return fmt.Sprintf(`\x{%x}`, r)
	}
	return string(r)
}

// class reads a bracketed class. Unions and intersections of classes are not supported.
func (t *translator) class() error {
	var b strings.Builder
	b.WriteByte('[')
	t.i++
	if t.at(0) == '^' {
		b.WriteByte('^')
		t.i++
	}
	if t.at(0) == ']' {
		return t.errf("] right after [; write \\] for the sign itself")
	}
	one := func() (rune, string, error) {
		switch c := t.at(0); {
		case t.i >= len(t.src):
			return 0, "", t.errf("unclosed [")
		case c == '[':
			return 0, "", t.errf("a class inside a class is not supported; write \\[ for the sign itself")
		case c == '&' && t.at(1) == '&':
			return 0, "", t.errf("&& in a class is not supported")
		case c == '\\':
			if in, neg, ok := predefined(t.at(1)); ok {
				if neg {
					// Java gives \D inside a negated class a union of its own; keep to the plain case.
					return 0, "", t.errf("\\%c inside a class is not supported", t.at(1))
				}
				t.i += 2
				return -1, in, nil
			}
			switch t.at(1) {
			case 'p', 'P':
				in, err := t.property()
				return -1, in, err
			case 'Q', 'E':
				return 0, "", t.errf("\\Q inside a class is not supported")
			}
			r, err := t.single()
			return r, "", err
		}
		r, w := utf8.DecodeRuneInString(t.src[t.i:])
		t.i += w
		return r, "", nil
	}
	for t.at(0) != ']' || t.i >= len(t.src) {
		lo, in, err := one()
		if err != nil {
			return err
		}
		if lo < 0 {
			b.WriteString(in)
			if t.at(0) == '-' && t.at(1) != ']' {
				return t.errf("a range that starts with a class")
			}
			continue
		}
		if t.at(0) == '-' && t.at(1) != ']' && t.i+1 < len(t.src) {
			t.i++
			hi, _, err := one()
			if err != nil {
				return err
			}
			if hi < 0 || hi < lo {
				return t.errf("illegal range in a class")
			}
			b.WriteString(classRune(lo) + "-" + classRune(hi))
			continue
		}
		b.WriteString(classRune(lo))
	}
	t.i++
	b.WriteByte(']')
	t.out.WriteString(b.String())
	return nil
}

func isAlpha(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
