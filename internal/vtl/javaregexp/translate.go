package javaregexp

import (
	"fmt"
	"regexp"
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
	passed bool   // ^ is behind
	dotall []bool // by group depth
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
			t.dotall = t.dotall[:len(t.dotall)-1]
			t.out.WriteByte(')')
			t.i++
			quant = true
		case '|':
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

func (t *translator) quantifier() error {
	start := t.i
	if t.src[t.i] == '{' {
		j := t.i + 1
		for j < len(t.src) && (isDigit(t.src[j]) || t.src[j] == ',') {
			j++
		}
		if j >= len(t.src) || t.src[j] != '}' || !isDigit(t.at(1)) {
			return t.errf("{ without a count; write \\{ for the sign itself")
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
		t.out.WriteByte('(')
		t.i++
		t.dotall = append(t.dotall, dot)
		return nil
	}
	switch c := t.at(2); {
	case c == ':':
		t.out.WriteString("(?:")
		t.i += 3
		t.dotall = append(t.dotall, dot)
		return nil
	case c == '=' || c == '!' || c == '<' && (t.at(3) == '=' || t.at(3) == '!'):
		return t.errf("look-around is not supported")
	case c == '>':
		return t.errf("atomic groups are not supported")
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
		t.out.WriteString("(?P<" + name + ">")
		t.i += end + 1
		t.dotall = append(t.dotall, dot)
		return nil
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
		t.dotall = append(t.dotall, dot)
	}
	t.i = j + 1
	return nil
}

// predefined gives the inside of a class for \d and its like.
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

// single reads an escape that stands for one character, and gives it as Go writes it.
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

// property reads \p{Name} and gives the inside of a class.
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
	case '1', '2', '3', '4', '5', '6', '7', '8', '9', 'k':
		return t.errf("back-references are not supported")
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
