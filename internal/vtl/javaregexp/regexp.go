// Package javaregexp matches, replaces and splits texts as Java's regular expressions do. It translates an expression to
// one of Go's, construct by construct, or to one of an engine that backtracks where it has look-around, back-references or atomic
// groups; where the engines' results could differ, compiling or using it fails.
package javaregexp

import (
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// maxPattern bounds the length of a regular expression: the 100 stage variables of 512 characters an API can have, and some.
const maxPattern = 64 << 10

// Regexp is a Java regular expression. It may be used by several goroutines.
type Regexp struct {
	src    string
	whole  *regexp.Regexp // anchored, for matches
	find   *regexp.Regexp // for replaceAll, replaceFirst, split
	rest   *regexp.Regexp // find, where ^ has passed
	after  *regexp.Regexp // rest, in group 1, on a text that begins one character before; only with \b
	dollar bool           // has $
	caret  bool           // has ^ or \A
	bound  bool           // has \b or \B
	inner  bool           // has ^ in a group
	fold   bool           // has (?i)
	min    int            // the least length of a match
	size   int            // about as many states as it has
	empty  bool           // repeats something that can be empty
	names  []string       // of the groups
	back   *backtracker   // matches instead of the above

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
const minReplacement = 16

// A Meter pays for what an expression looks at and makes. Its methods fail where there is nothing left to pay with.
type Meter interface {
	// Count counts steps, and bytes of texts.
	Count(steps, bytes int) error
	// Text counts the bytes of a text, of which there is a largest.
	Text(bytes int) error
	// MaxText returns how many bytes that has.
	MaxText() int
	// Left returns how many steps may still be counted.
	Left() int
	// Stopped reports whether nobody waits for the result any more.
	Stopped() bool
}

// Compile translates a Java regular expression. Constructs that Go's engine lacks are an error.
func Compile(pattern string) (*Regexp, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("it has %d bytes, at most %d are supported", len(pattern), maxPattern)
	}
	if !utf8.ValidString(pattern) {
		return nil, fmt.Errorf("not valid UTF-8")
	}
	r := &Regexp{src: pattern}
	out, err := translate(r, false, forGo)
	if errors.Is(err, errBacktrack) {
		return backtracking(pattern)
	}
	if err != nil {
		return nil, err
	}
	rest, err := translate(r, true, forGo)
	if err != nil {
		return nil, err
	}
	if err := r.measure(out); err != nil {
		return nil, err
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

// backtracking compiles an expression for the backtracking engine.
func backtracking(pattern string) (*Regexp, error) {
	r := &Regexp{src: pattern}
	shape, err := translate(r, false, forShape)
	if err != nil {
		return nil, err
	}
	if err := r.measure(shape); err != nil {
		return nil, err
	}
	if r.empty {
		return nil, fmt.Errorf("it repeats what can match nothing, beside look-around or a back-reference; that is not supported")
	}
	if r.fold && strings.ContainsFunc(pattern, func(c rune) bool { return c >= utf8.RuneSelf }) {
		return nil, fmt.Errorf("(?i) beside look-around or a back-reference is not supported for what is not ASCII")
	}
	r.names = []string{""}
	out, err := translate(r, false, forBacktracking)
	if err != nil {
		return nil, err
	}
	r.back, err = newBacktracker(out)
	return r, err
}

// measure reads an expression of Go for its size and its least match.
func (r *Regexp) measure(out string) error {
	tree, err := syntax.Parse(out, syntax.Perl)
	if err != nil {
		return plain(err)
	}
	r.min = minWidth(tree)
	r.empty = repeatsEmpty(tree)
	if r.size = states(tree); r.size > maxStates {
		return fmt.Errorf("its repetitions make it larger than is supported")
	}
	return nil
}

func plain(err error) error {
	if e, ok := err.(*syntax.Error); ok {
		return fmt.Errorf("%s", e.Code)
	}
	return err
}

// Size returns about how many states the expression has.
func (r *Regexp) Size() int { return r.size }

// Whole returns the expression of Go that matches the whole texts which r matches, or nil: none may.
func (r *Regexp) Whole() *regexp.Regexp { return r.whole }

// MatchWhole is Matches without anybody who pays. The error says why it is not known.
func (r *Regexp) MatchWhole(s string) (bool, error) { return r.Matches(gratis{}, s) }

// gratis lets everything pass.
type gratis struct{}

func (gratis) Count(int, int) error { return nil }
func (gratis) Text(int) error       { return nil }
func (gratis) MaxText() int         { return math.MaxInt }
func (gratis) Left() int            { return 1 << 40 }
func (gratis) Stopped() bool        { return false }

func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:77], "") + "..."
	}
	return s
}

// use checks a subject against the constructs whose meaning differs on some texts only.
func (r *Regexp) use(m Meter, s string) error {
	if r.dollar && strings.ContainsAny(s, "\n\r\u0085\u2028\u2029") {
		return fmt.Errorf("regular expression %q has $ and the text has line ends; Java's meaning of that is not supported", clip(r.src))
	}
	if (r.fold || r.bound) && strings.ContainsFunc(s, func(c rune) bool { return c >= utf8.RuneSelf }) {
		return fmt.Errorf("regular expression %q has (?i) or \\b and the text is not ASCII; Java's meaning of that is not supported", clip(r.src))
	}
	return m.Text(len(s))
}

// reader hands a text to Go's engine and counts what the engine looks at, which can be much more than it finds: from one
// match, a search may read to the end of the text and find the next character. It ends the text where no more may be read.
type reader struct {
	s    string
	i    int
	fuel int // the characters that may be read
	m    Meter
}

func (r *reader) ReadRune() (rune, int, error) {
	if r.i >= len(r.s) {
		return 0, 0, io.EOF
	}
	if r.fuel--; r.fuel < 0 || r.fuel&4095 == 0 && r.m.Stopped() {
		r.fuel = -1
		return 0, 0, io.EOF
	}
	c, w := utf8.DecodeRuneInString(r.s[r.i:])
	r.i += w
	return c, w, nil
}

// The engine's work is the product of what it reads of a text and the size of the expression. One step pays for stepWork of it; up
// to quick, a match of a whole text is not watched.
const (
	stepWork = 250
	quick    = 32_000
)

// search is re.FindStringSubmatchIndex, paid for: the engine takes time in proportion to the text it looks at and to the
// size of the expression.
func (r *Regexp) search(m Meter, re *regexp.Regexp, s string) ([]int, error) {
	if err := m.Count(1, 0); err != nil {
		return nil, err
	}
	size := max(r.size, 4)
	if work := len(s) * size; work <= quick && re == r.whole {
		return re.FindStringSubmatchIndex(s), m.Count(work/stepWork, 0)
	}
	in := &reader{s: s, fuel: (m.Left() + 1) * stepWork / size, m: m}
	was := in.fuel
	at := re.FindReaderSubmatchIndex(in)
	switch {
	case in.fuel >= 0:
		return at, m.Count((was-in.fuel)*size/stepWork, 0)
	case m.Stopped():
		return nil, m.Count(0, 0)
	}
	return nil, m.Count(m.Left()+1, 0)
}

// Matches is String.matches.
func (r *Regexp) Matches(m Meter, s string) (bool, error) {
	if err := r.use(m, s); err != nil {
		return false, err
	}
	if r.empty && r.inner {
		// Where such a repetition ends in Java shows when a place is asked for.
		return false, fmt.Errorf("regular expression %q has a repetition of what can match nothing, and ^ in a group; that is not supported here", clip(r.src))
	}
	if r.back != nil {
		at, _, err := r.backSearch(m, r.back.whole, newText(s), 0)
		return at != nil, err
	}
	at, err := r.search(m, r.whole, s)
	return at != nil, err
}

// each calls f with the match of every find() of a Java matcher. Unlike Go's FindAll, Java also finds an empty match
// where a match ended.
func (r *Regexp) each(m Meter, s string, f func(at []int) (bool, error)) error {
	if r.empty {
		// Java ends such a repetition elsewhere, which shows in what is found, though not in whether a whole text matches.
		return fmt.Errorf("regular expression %q repeats a group that can match nothing; that is not supported here", clip(r.src))
	}
	if r.back != nil {
		return r.backEach(m, s, f)
	}
	if r.bound && r.min == 0 {
		return fmt.Errorf("regular expression %q has \\b and can match nothing; that is not supported here", clip(r.src))
	}
	re := r.find
	for off := 0; off <= len(s); {
		from := off
		if r.bound && off > 0 {
			from-- // \b looks at the character before; the text is ASCII then
		}
		at, err := r.search(m, re, s[from:])
		if err != nil || at == nil {
			return err
		}
		if r.bound && off > 0 {
			at = at[2:]
		}
		for i := range at {
			if at[i] >= 0 {
				at[i] += from
			}
		}
		if more, err := f(at); err != nil || !more {
			return err
		}
		if at[1] == at[0] {
			_, w := utf8.DecodeRuneInString(s[at[1]:])
			if w == 0 {
				return nil
			}
			off = at[1] + w
		} else {
			off = at[1]
		}
		re = r.rest
		if r.bound {
			re = r.after
		}
	}
	return nil
}

// counted counts beside its Meter.
type counted struct {
	Meter
	steps, bytes int
}

func (c *counted) Count(steps, bytes int) error {
	c.steps += steps
	c.bytes += bytes
	return c.Meter.Count(steps, bytes)
}

func (c *counted) Text(bytes int) error {
	c.bytes += bytes
	return c.Meter.Text(bytes)
}

// Replace is String.replaceAll, and String.replaceFirst without all.
func (r *Regexp) Replace(m Meter, s, repl string, all bool) (string, error) {
	if err := r.use(m, s); err != nil {
		return "", err
	}
	if was := r.replaced.Load(); was != nil && was.text == s && was.repl == repl && was.all == all {
		return was.result, m.Count(was.steps, was.bytes)
	}
	c := &counted{Meter: m}
	var b strings.Builder
	last := 0
	err := r.each(c, s, func(at []int) (bool, error) {
		b.WriteString(s[last:at[0]])
		if err := r.expand(c, &b, s, at, repl); err != nil {
			return false, err
		}
		last = at[1]
		return all, nil
	})
	if err != nil {
		return "", err
	}
	b.WriteString(s[last:])
	if err := c.Text(b.Len()); err != nil {
		return "", err
	}
	if len(s) >= minReplacement {
		r.replaced.Store(&replacement{s, repl, all, b.String(), c.steps, c.bytes})
	}
	return b.String(), nil
}

// expand writes a replacement: $1 and ${name} stand for groups, a backslash for the next character.
func (r *Regexp) expand(m Meter, b *strings.Builder, s string, at []int, repl string) error {
	if err := m.Text(len(repl) + 16); err != nil {
		return err
	}
	group := func(n int) error {
		if n > 0 && r.back != nil {
			return fmt.Errorf("replacement %q names a group of an expression with look-around or a back-reference; that is not supported here", clip(repl))
		}
		if at[2*n] >= 0 {
			b.WriteString(s[at[2*n]:at[2*n+1]])
		}
		if b.Len() > m.MaxText() {
			return m.Text(b.Len())
		}
		return nil
	}
	for i := 0; i < len(repl); i++ {
		switch c := repl[i]; {
		case c == '\\':
			i++
			if i == len(repl) {
				return fmt.Errorf("replacement %q ends in a backslash", clip(repl))
			}
			_, w := utf8.DecodeRuneInString(repl[i:])
			b.WriteString(repl[i : i+w])
			i += w - 1
		case c == '$' && i+1 < len(repl) && repl[i+1] == '{':
			end := strings.IndexByte(repl[i:], '}')
			if end < 0 {
				return fmt.Errorf("replacement %q has ${ without }", clip(repl))
			}
			name := repl[i+2 : i+end]
			n := -1
			for j, g := range r.names {
				if g == name && name != "" {
					n = j
				}
			}
			if n < 0 {
				return fmt.Errorf("replacement %q names a group that is not there: %q", clip(repl), name)
			}
			if err := group(n); err != nil {
				return err
			}
			i += end
		case c == '$':
			if i+1 >= len(repl) || !isDigit(repl[i+1]) {
				return fmt.Errorf("replacement %q has a $ that names no group; write \\$ for the sign itself", clip(repl))
			}
			n := int(repl[i+1] - '0')
			if n >= len(at)/2 {
				return fmt.Errorf("replacement %q names group %d, which does not exist", clip(repl), n)
			}
			i++
			for i+1 < len(repl) && isDigit(repl[i+1]) {
				k := n*10 + int(repl[i+1]-'0')
				if k >= len(at)/2 {
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

// Split is String.split: an empty first match makes no empty first piece, and with limit 0 empty pieces at the end go.
func (r *Regexp) Split(m Meter, s string, limit int) ([]string, error) {
	if err := r.use(m, s); err != nil {
		return nil, err
	}
	var out []string
	last := 0
	err := r.each(m, s, func(at []int) (bool, error) {
		if limit > 0 && len(out) == limit-1 {
			return false, nil
		}
		if last == 0 && at[0] == 0 && at[1] == 0 {
			return true, nil
		}
		out = append(out, s[last:at[0]])
		last = at[1]
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	if last == 0 && len(out) == 0 {
		return []string{s}, nil
	}
	out = append(out, s[last:])
	if limit == 0 {
		for len(out) > 0 && out[len(out)-1] == "" {
			out = out[:len(out)-1]
		}
	}
	return out, nil
}
