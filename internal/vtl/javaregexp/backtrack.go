package javaregexp

import (
	"errors"
	"fmt"
	"time"

	"github.com/dlclark/regexp2"
)

// errBacktrack is why an expression needs an engine that backtracks.
var errBacktrack = errors.New("look-around, back-references and atomic groups")

// maxTime is how long one search of the backtracking engine may take. What takes longer is not known: Java's might take as long.
const maxTime = 100 * time.Millisecond

// searchSteps is what one such search costs, of the steps that a template may take.
const searchSteps = 10_000

// A backtracker matches as the backtracking engine does, in the characters of a text.
type backtracker struct {
	whole, find *regexp2.Regexp
}

// newBacktracker compiles what a translator wrote.
func newBacktracker(out string) (*backtracker, error) {
	b := &backtracker{}
	for _, e := range []struct {
		to  **regexp2.Regexp
		src string
	}{{&b.find, out}, {&b.whole, `\A(?:` + out + `)\z`}} {
		re, err := regexp2.Compile(e.src, regexp2.RE2)
		if err != nil {
			return nil, fmt.Errorf("the backtracking engine does not take it")
		}
		re.MatchTimeout = maxTime
		*e.to = re
	}
	return b, nil
}

// text is a text as the engine reads it, with the places of its characters.
type text struct {
	runes []rune
	at    []int // of every character and of the end, in bytes
}

func newText(s string) text {
	t := text{runes: []rune(s)}
	for i := range s {
		t.at = append(t.at, i)
	}
	t.at = append(t.at, len(s))
	return t
}

// search finds the first match that begins at the character from or after it, as bytes of groups; nil if there is none. Re is one of
// b's.
func (r *Regexp) backSearch(m Meter, re *regexp2.Regexp, t text, from int) (at []int, end int, err error) {
	if err := m.Count(searchSteps, 0); err != nil {
		return nil, 0, err
	}
	match, err := re.FindRunesMatchStartingAt(t.runes, from)
	if err != nil {
		return nil, 0, fmt.Errorf("regular expression %q takes too long on this text", clip(r.src))
	}
	if match == nil {
		return nil, 0, nil
	}
	for _, g := range match.Groups() {
		if len(g.Captures) == 0 {
			at = append(at, -1, -1)
		} else {
			at = append(at, t.at[g.Index], t.at[g.Index+g.Length])
		}
	}
	return at, match.Index + match.Length, nil
}

// backEach is each.
func (r *Regexp) backEach(m Meter, s string, f func(at []int) (bool, error)) error {
	t := newText(s)
	for from := 0; from <= len(t.runes); {
		at, end, err := r.backSearch(m, r.back.find, t, from)
		if err != nil || at == nil {
			return err
		}
		if more, err := f(at); err != nil || !more {
			return err
		}
		if from = end; at[0] == at[1] {
			from++
		}
	}
	return nil
}
