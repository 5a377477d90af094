package vtl

import (
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// maxPattern bounds the length of a regular expression: the 100 stage variables of 512 characters an API can have, and some.
const maxPattern = 64 << 10

// regex is a Java regular expression as Go's engine takes it. Where the engines' answers could differ, compiling or
// using it fails.
type regex struct {
	src    string
	whole  *regexp.Regexp // anchored, for matches
	find   *regexp.Regexp // for replaceAll, replaceFirst, split
	rest   *regexp.Regexp // find, where ^ has passed
	after  *regexp.Regexp // rest, in group 1, on a text that begins one character before; only with \b
	dollar bool           // has $
	caret  bool           // has ^ or \A
	bound  bool           // has \b or \B
	fold   bool           // has (?i)
	min    int            // the least length of a match
	size   int            // about as many states as it has
	empty  bool           // repeats something that can be empty
	names  []string

	replaced atomic.Pointer[replacement] // the last of a long text
}

// A replacement is what replaceAll or replaceFirst made of a text, and what that cost. The text is an allowlist more often
// than not, of which each request makes the same again; with 300 origins that was nearly all of a request's time.
type replacement struct {
	text, repl   string
	all          bool
	result       string
	steps, bytes int
}

// minReplacement is how many bytes a text has whose replacement is worth keeping.
const minReplacement = 128

func (ev *eval) compile(pos Pos, pattern string) (*regex, error) {
	if len(pattern) > maxPattern {
		return nil, ev.errf(pos, "regular expression of %d bytes, at most %d are supported", len(pattern), maxPattern)
	}
	if r, ok := ev.regex[pattern]; ok {
		return r, nil
	}
	if err := ev.charge(pos, 64*len(pattern)); err != nil {
		return nil, err
	}
	r, err := compiled(pattern)
	if err != nil {
		return nil, ev.errf(pos, "regular expression %q: %v", clip(pattern), err)
	}
	ev.steps += 100 + r.size/10
	if err := ev.step(pos); err != nil {
		return nil, err
	}
	if ev.regex == nil {
		ev.regex = map[string]*regex{}
	}
	ev.regex[pattern] = r
	return r, nil
}

func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:77], "") + "..."
	}
	return s
}

// use checks a subject against the constructs whose meaning differs on some texts only.
func (r *regex) use(ev *eval, pos Pos, s string) error {
	if r.dollar && strings.ContainsAny(s, "\n\r\u0085\u2028\u2029") {
		return ev.errf(pos, "regular expression %q has $ and the text has line ends; Java's meaning of that is not supported", clip(r.src))
	}
	if (r.fold || r.bound) && !ascii(s) {
		return ev.errf(pos, "regular expression %q has (?i) or \\b and the text is not ASCII; Java's meaning of that is not supported", clip(r.src))
	}
	return ev.charge(pos, len(s))
}

// reader hands a text to Go's engine and counts what the engine looks at, which can be much more than it finds: from one
// match, a search may read to the end of the text and find the next character. It ends the text where no more may be read.
type reader struct {
	s    string
	i    int
	fuel int // the characters that may be read
	ev   *eval
}

func (r *reader) ReadRune() (rune, int, error) {
	if r.i >= len(r.s) {
		return 0, 0, io.EOF
	}
	if r.fuel--; r.fuel < 0 || r.fuel&4095 == 0 && r.ev.stopped() {
		r.fuel = -1
		return 0, 0, io.EOF
	}
	c, w := utf8.DecodeRuneInString(r.s[r.i:])
	r.i += w
	return c, w, nil
}

// search is re.FindStringSubmatchIndex, paid for: the engine takes time in proportion to the text it looks at and to the
// size of the expression.
func (r *regex) search(ev *eval, pos Pos, re *regexp.Regexp, s string) ([]int, error) {
	if err := ev.step(pos); err != nil {
		return nil, err
	}
	size := max(r.size, 4)
	in := &reader{s: s, fuel: (ev.lim.Steps - ev.steps + 1) * 1000 / size, ev: ev}
	was := in.fuel
	m := re.FindReaderSubmatchIndex(in)
	if in.fuel < 0 {
		if ev.stopped() {
			return nil, ev.errf(pos, stoppedText)
		}
		ev.steps = ev.lim.Steps
		return nil, ev.step(pos)
	}
	ev.steps += (was - in.fuel) * size / 1000
	return m, nil
}

func (ev *eval) matches(pos Pos, s, pattern string) (any, error) {
	r, err := ev.compile(pos, pattern)
	if err != nil {
		return nil, err
	}
	if err := r.use(ev, pos, s); err != nil {
		return nil, err
	}
	m, err := r.search(ev, pos, r.whole, s)
	return m != nil, err
}

// each calls f with the match of every find() of a Java matcher. Unlike Go's FindAll, Java also finds an empty match
// where a match ended.
func (r *regex) each(ev *eval, pos Pos, s string, f func(m []int) (bool, error)) error {
	if r.empty {
		// Java ends such a repetition elsewhere, which shows in what is found, though not in whether a whole text matches.
		return ev.errf(pos, "regular expression %q repeats a group that can match nothing; that is not supported here", clip(r.src))
	}
	if r.bound && r.min == 0 {
		return ev.errf(pos, "regular expression %q has \\b and can match nothing; that is not supported here", clip(r.src))
	}
	re := r.find
	for off := 0; off <= len(s); {
		from := off
		if r.bound && off > 0 {
			from-- // \b looks at the character before; the text is ASCII then
		}
		m, err := r.search(ev, pos, re, s[from:])
		if err != nil || m == nil {
			return err
		}
		if r.bound && off > 0 {
			m = m[2:]
		}
		for i := range m {
			if m[i] >= 0 {
				m[i] += from
			}
		}
		if more, err := f(m); err != nil || !more {
			return err
		}
		if m[1] == m[0] {
			_, w := utf8.DecodeRuneInString(s[m[1]:])
			if w == 0 {
				return nil
			}
			off = m[1] + w
		} else {
			off = m[1]
		}
		re = r.rest
		if r.bound {
			re = r.after
		}
	}
	return nil
}

func (ev *eval) replace(pos Pos, s, pattern, repl string, all bool) (any, error) {
	r, err := ev.compile(pos, pattern)
	if err != nil {
		return nil, err
	}
	if err := r.use(ev, pos, s); err != nil {
		return nil, err
	}
	if was := r.replaced.Load(); was != nil && was.text == s && was.repl == repl && was.all == all {
		ev.steps += was.steps - 1
		if err := ev.step(pos); err != nil {
			return nil, err
		}
		ev.bytes += was.bytes - len(was.result)
		return was.result, ev.charge(pos, len(was.result))
	}
	steps, bytes := ev.steps, ev.bytes
	var b strings.Builder
	last := 0
	err = r.each(ev, pos, s, func(m []int) (bool, error) {
		b.WriteString(s[last:m[0]])
		if err := r.expand(ev, pos, &b, s, m, repl); err != nil {
			return false, err
		}
		last = m[1]
		return all, nil
	})
	if err != nil {
		return nil, err
	}
	b.WriteString(s[last:])
	if err := ev.charge(pos, b.Len()); err != nil {
		return nil, err
	}
	if len(s) >= minReplacement {
		r.replaced.Store(&replacement{s, repl, all, b.String(), ev.steps - steps, ev.bytes - bytes})
	}
	return b.String(), nil
}

// expand writes a replacement: $1 and ${name} stand for groups, a backslash for the next character.
func (r *regex) expand(ev *eval, pos Pos, b *strings.Builder, s string, m []int, repl string) error {
	if err := ev.charge(pos, len(repl)+16); err != nil {
		return err
	}
	group := func(n int) error {
		if m[2*n] >= 0 {
			b.WriteString(s[m[2*n]:m[2*n+1]])
		}
		if b.Len() > ev.lim.Output {
			return ev.charge(pos, b.Len())
		}
		return nil
	}
	for i := 0; i < len(repl); i++ {
		switch c := repl[i]; {
		case c == '\\':
			i++
			if i == len(repl) {
				return ev.errf(pos, "replacement %q ends in a backslash", clip(repl))
			}
			_, w := utf8.DecodeRuneInString(repl[i:])
			b.WriteString(repl[i : i+w])
			i += w - 1
		case c == '$' && i+1 < len(repl) && repl[i+1] == '{':
			end := strings.IndexByte(repl[i:], '}')
			if end < 0 {
				return ev.errf(pos, "replacement %q has ${ without }", clip(repl))
			}
			name := repl[i+2 : i+end]
			n := -1
			for j, g := range r.names {
				if g == name && name != "" {
					n = j
				}
			}
			if n < 0 {
				return ev.errf(pos, "replacement %q names a group that is not there: %q", clip(repl), name)
			}
			if err := group(n); err != nil {
				return err
			}
			i += end
		case c == '$':
			if i+1 >= len(repl) || !isDigit(repl[i+1]) {
				return ev.errf(pos, "replacement %q has a $ that names no group; write \\$ for the sign itself", clip(repl))
			}
			n := int(repl[i+1] - '0')
			if n >= len(m)/2 {
				return ev.errf(pos, "replacement %q names group %d, which is not there", clip(repl), n)
			}
			i++
			for i+1 < len(repl) && isDigit(repl[i+1]) {
				k := n*10 + int(repl[i+1]-'0')
				if k >= len(m)/2 {
					break
				}
				n = k
				i++
			}
			if err := group(n); err != nil {
				return err
			}
		default:
			b.WriteByte(c)
		}
	}
	return nil
}

// split is String.split: an empty first match makes no empty first piece, and with limit 0 empty pieces at the end go.
func (ev *eval) split(pos Pos, s, pattern string, limit int) (any, error) {
	r, err := ev.compile(pos, pattern)
	if err != nil {
		return nil, err
	}
	if err := r.use(ev, pos, s); err != nil {
		return nil, err
	}
	l := &List{Kind: JavaArray}
	last := 0
	err = r.each(ev, pos, s, func(m []int) (bool, error) {
		if limit > 0 && len(l.Elems) == limit-1 {
			return false, nil
		}
		if last == 0 && m[0] == 0 && m[1] == 0 {
			return true, nil
		}
		l.Elems = append(l.Elems, s[last:m[0]])
		last = m[1]
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	if last == 0 && len(l.Elems) == 0 {
		l.Elems = []any{s}
		return l, nil
	}
	l.Elems = append(l.Elems, s[last:])
	if limit == 0 {
		for len(l.Elems) > 0 && l.Elems[len(l.Elems)-1] == "" {
			l.Elems = l.Elems[:len(l.Elems)-1]
		}
	}
	return l, ev.charge(pos, len(s)+16*len(l.Elems))
}

// CompileJava translates a Java regular expression, as selection patterns are, to one of Go's that matches whole texts.
// Constructs that Go's engine lacks are an error.
func CompileJava(pattern string) (*regexp.Regexp, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("regular expression of %d bytes, at most %d are supported", len(pattern), maxPattern)
	}
	r, err := compileJava(pattern)
	if err != nil {
		return nil, err
	}
	return r.whole, nil
}

// recent has the expressions that templates compiled last. A template is evaluated over and over, for many requests, and
// compiling its expressions anew took two thirds of the time.
var recent struct {
	sync.Mutex
	regex map[string]*regex
}

// maxRecent is how many of them are kept, and maxRecentSize how many states the largest of those has.
const (
	maxRecent     = 64
	maxRecentSize = 20_000
)

// compiled gives compileJava's expression, which nobody changes, or the one it gave before.
func compiled(pattern string) (*regex, error) {
	recent.Lock()
	r := recent.regex[pattern]
	recent.Unlock()
	if r != nil {
		return r, nil
	}
	r, err := compileJava(pattern)
	if err != nil {
		return nil, err
	}
	if r.size > maxRecentSize {
		return r, nil
	}
	recent.Lock()
	defer recent.Unlock()
	if recent.regex == nil || len(recent.regex) >= maxRecent {
		recent.regex = map[string]*regex{}
	}
	recent.regex[pattern] = r
	return r, nil
}

func compileJava(pattern string) (*regex, error) {
	if !utf8.ValidString(pattern) {
		return nil, fmt.Errorf("not valid UTF-8")
	}
	r := &regex{src: pattern}
	var out, rest string
	for i := 0; i < 2; i++ {
		t := &translator{src: pattern, r: r, passed: i == 1}
		if err := t.run(); err != nil {
			return nil, err
		}
		if i == 0 {
			out = t.out.String()
		} else {
			rest = t.out.String()
		}
	}
	tree, err := syntax.Parse(out, syntax.Perl)
	if err != nil {
		return nil, plain(err)
	}
	r.min = minWidth(tree)
	r.empty = repeatsEmpty(tree)
	if r.size = states(tree); r.size > maxStates {
		return nil, fmt.Errorf("its repetitions make it larger than is supported")
	}
	if r.find, err = regexp.Compile(out); err != nil {
		return nil, plain(err)
	}
	r.rest = r.find
	if r.caret {
		if r.rest, err = regexp.Compile(rest); err != nil {
			return nil, plain(err)
		}
	}
	if r.bound {
		if r.after, err = regexp.Compile(`\A(?s:.)(?s:.*?)(` + rest + `)`); err != nil {
			return nil, plain(err)
		}
	}
	if r.whole, err = regexp.Compile(`\A(?:` + out + `)\z`); err != nil {
		return nil, plain(err)
	}
	r.names = r.find.SubexpNames()
	return r, nil
}

func plain(err error) error {
	if e, ok := err.(*syntax.Error); ok {
		return fmt.Errorf("%s", e.Code)
	}
	return err
}

// maxStates bounds the size of a compiled expression.
const maxStates = 200_000

// states estimates the size of the compiled expression.
func states(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	for _, s := range re.Sub {
		n = min(n+states(s), 10*maxStates)
	}
	if re.Op == syntax.OpRepeat {
		n = min(n*max(re.Min, re.Max, 1), 10*maxStates)
	}
	return n
}

// repeatsEmpty tells whether an expression repeats something that can match the empty text.
func repeatsEmpty(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpStar, syntax.OpPlus, syntax.OpRepeat:
		if minWidth(re.Sub[0]) == 0 {
			return true
		}
	}
	for _, s := range re.Sub {
		if repeatsEmpty(s) {
			return true
		}
	}
	return false
}

func minWidth(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return minWidth(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min == 0 {
			return 0
		}
		return minWidth(re.Sub[0])
	case syntax.OpConcat:
		n := 0
		for _, s := range re.Sub {
			n += minWidth(s)
		}
		return n
	case syntax.OpAlternate:
		n := minWidth(re.Sub[0])
		for _, s := range re.Sub[1:] {
			n = min(n, minWidth(s))
		}
		return n
	}
	return 0
}

// translator rewrites Java's syntax as Go's, character by character, so that nothing passes that it does not know.
type translator struct {
	src    string
	i      int
	out    strings.Builder
	r      *regex
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
