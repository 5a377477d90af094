package vtl

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxJSONDepth bounds the nesting of parsed JSON.
const maxJSONDepth = 200

// ParseJSON reads JSON as API Gateway's parser does, which is lenient: names and strings may lack quotes or have single
// ones, and a comma may follow the last member. Its error is an [*Error] where it is not known what the service reads. Objects become maps in the order of the text, arrays JSONArray lists.
func ParseJSON(s string) (any, error) {
	p := &jsonParser{s: s}
	p.ws()
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	p.ws()
	if p.i < len(p.s) {
		return nil, p.errf("unexpected text after the value")
	}
	return v, nil
}

type jsonParser struct {
	s string
	i int
}

func (p *jsonParser) errf(msg string) error { return fmt.Errorf("%s at byte %d", msg, p.i) }

func (p *jsonParser) ws() {
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] == '\t' || p.s[p.i] == '\n' || p.s[p.i] == '\r') {
		p.i++
	}
}

func (p *jsonParser) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *jsonParser) value(depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, &Error{Pos: Pos{1, p.i + 1}, Msg: fmt.Sprintf("JSON nested deeper than %d levels", maxJSONDepth), NotKnown: true}
	}
	if p.i >= len(p.s) {
		return nil, p.errf("a value is missing")
	}
	switch c := p.peek(); c {
	case '{':
		p.i++
		m := NewMap()
		for {
			p.ws()
			if p.peek() == '}' {
				p.i++
				return m, nil
			}
			var key string
			var err error
			if c := p.peek(); c == '"' || c == '\'' {
				key, err = p.str(c)
			} else {
				key, err = p.bare(":")
			}
			if err != nil {
				return nil, err
			}
			p.ws()
			if p.peek() != ':' {
				return nil, p.errf("':' is missing")
			}
			p.i++
			p.ws()
			v, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			m.Put(key, v)
			p.ws()
			switch p.peek() {
			case ',':
				p.i++
			case '}':
			default:
				return nil, p.errf("',' or '}' is missing")
			}
		}
	case '[':
		p.i++
		l := &List{Kind: JSONArray}
		for {
			p.ws()
			if p.peek() == ']' {
				p.i++
				return l, nil
			}
			v, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			l.Elems = append(l.Elems, v)
			p.ws()
			switch p.peek() {
			case ',':
				p.i++
			case ']':
			default:
				return nil, p.errf("',' or ']' is missing")
			}
		}
	case '"', '\'':
		return p.str(c)
	case '}', ']', ',', ':':
		return nil, p.errf("a value is missing")
	}
	stop := ",]}"
	if depth == 0 {
		stop = ""
	}
	w, err := p.bare(stop)
	if err != nil {
		return nil, err
	}
	switch w {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	}
	if isJSONNumber(w) {
		if !strings.ContainsAny(w, ".eE") {
			if v, err := strconv.ParseInt(w, 10, 64); err == nil {
				return v, nil
			}
		}
		f, err := strconv.ParseFloat(w, 64)
		if err == nil && !math.IsInf(f, 0) {
			return f, nil
		}
		return nil, p.errf("number out of range")
	}
	return w, nil
}

func isJSONNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	if i == 0 {
		return false
	}
	if i < len(s) && s[i] == '.' {
		i++
		j := i
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		if i == j {
			return false
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		j := i
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		if i == j {
			return false
		}
	}
	return i == len(s)
}

// bare reads an unquoted word up to one of the stop characters.
func (p *jsonParser) bare(stop string) (string, error) {
	start := p.i
	for p.i < len(p.s) && strings.IndexByte(stop, p.s[p.i]) < 0 {
		if c := p.s[p.i]; c == '"' || c == '{' || c == '[' || c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return "", p.errf("unexpected character")
		}
		p.i++
	}
	w := strings.TrimRight(p.s[start:p.i], " \t\r\n")
	if w == "" {
		return "", p.errf("a name or a value is missing")
	}
	return w, nil
}

func (p *jsonParser) str(q byte) (string, error) {
	p.i++
	start := p.i
	var b strings.Builder
	for {
		if p.i >= len(p.s) {
			return "", p.errf("a string is not closed")
		}
		c := p.s[p.i]
		if c == q {
			b.WriteString(p.s[start:p.i])
			p.i++
			return b.String(), nil
		}
		if c != '\\' {
			p.i++
			continue
		}
		b.WriteString(p.s[start:p.i])
		p.i++
		switch e := p.peek(); e {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'u':
			u, ok := p.hex(p.i + 1)
			if !ok {
				return "", p.errf("\\u without four hexadecimal digits")
			}
			p.i += 4
			r := rune(u)
			if utf16.IsSurrogate(r) {
				if p.i+2 < len(p.s) && p.s[p.i+1] == '\\' && p.s[p.i+2] == 'u' {
					if lo, ok := p.hex(p.i + 3); ok {
						if rr := utf16.DecodeRune(r, rune(lo)); rr != utf8.RuneError {
							r = rr
							p.i += 6
						}
					}
				}
			}
			b.WriteRune(r)
		case 0:
			return "", p.errf("a string is not closed")
		default:
			b.WriteByte(e)
		}
		p.i++
		start = p.i
	}
}

func (p *jsonParser) hex(at int) (uint64, bool) {
	if at+4 > len(p.s) {
		return 0, false
	}
	v, err := strconv.ParseUint(p.s[at:at+4], 16, 16)
	return v, err == nil
}

// ToJSON writes a value as compact JSON, as $input.json does.
func ToJSON(v any) (string, error) {
	ev := &eval{env: &Env{}, lim: Limits{Steps: 1 << 30, Bytes: 1 << 40, Depth: maxJSONDepth + 2}.withDefaults()}
	b := &strings.Builder{}
	if err := ev.printJSON(Pos{1, 1}, b, v); err != nil {
		return "", err
	}
	return b.String(), nil
}

func (ev *eval) printJSON(pos Pos, out *strings.Builder, v any) error {
	if err := ev.step(pos); err != nil {
		return err
	}
	switch x := v.(type) {
	case nil:
		return ev.write(pos, out, "null")
	case string:
		return ev.write(pos, out, quoteJSON(x))
	case *List:
		return ev.printEach(pos, out, [3]string{"[", ",", "]"}, len(x.Elems), func(i int) error { return ev.printJSON(pos, out, x.Elems[i]) })
	case *Map:
		return ev.printEach(pos, out, [3]string{"{", ",", "}"}, len(x.entries), func(i int) error {
			k, err := ev.text(pos, x.entries[i].Key)
			if err != nil {
				return err
			}
			if err := ev.write(pos, out, quoteJSON(k)+":"); err != nil {
				return err
			}
			return ev.printJSON(pos, out, x.entries[i].Value)
		})
	case bool, int64, float64:
		s, err := ev.text(pos, x)
		if err != nil {
			return err
		}
		return ev.write(pos, out, s)
	}
	s, err := ev.text(pos, v)
	if err != nil {
		return err
	}
	return ev.write(pos, out, quoteJSON(s))
}

// quoteJSON writes a JSON string: quotes, backslashes and control characters escaped, the rest as it is.
func quoteJSON(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\f':
			b.WriteString(`\f`)
		case r < ' ' || r >= 0x7f && r <= 0x9f || r >= 0x2000 && r <= 0x20ff:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
