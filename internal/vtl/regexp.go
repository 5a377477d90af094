package vtl

import (
	"errors"
	"strings"
	"sync"

	"github.com/corsgate/corsgate/internal/vtl/javaregexp"
)

// meter pays for a regular expression that is used at a place.
type meter struct {
	ev  *eval
	pos Pos
}

func (m meter) Count(steps, bytes int) error {
	m.ev.steps += steps - 1
	m.ev.bytes += bytes
	if err := m.ev.step(m.pos); err != nil {
		return err
	}
	return m.ev.charge(m.pos, 0)
}

func (m meter) Text(bytes int) error { return m.ev.charge(m.pos, bytes) }
func (m meter) MaxText() int         { return m.ev.lim.Output }
func (m meter) Left() int            { return m.ev.lim.Steps - m.ev.steps }
func (m meter) Stopped() bool        { return m.ev.stopped() }

// recent has the expressions that templates compiled last. A template is evaluated over and over, for many requests, and
// compiling its expressions anew took two thirds of the time.
var recent struct {
	sync.Mutex
	regexp map[string]*javaregexp.Regexp
}

// maxRecent is how many of them are kept, and maxRecentSize how many states the largest of those has.
const (
	maxRecent     = 64
	maxRecentSize = 20_000
)

// compiled compiles an expression, or gives the one that was compiled before.
func compiled(pattern string) (*javaregexp.Regexp, error) {
	recent.Lock()
	r := recent.regexp[pattern]
	recent.Unlock()
	if r != nil {
		return r, nil
	}
	r, err := javaregexp.Compile(pattern)
	if err != nil || r.Size() > maxRecentSize {
		return r, err
	}
	recent.Lock()
	defer recent.Unlock()
	if recent.regexp == nil || len(recent.regexp) >= maxRecent {
		recent.regexp = map[string]*javaregexp.Regexp{}
	}
	recent.regexp[pattern] = r
	return r, nil
}

// compile gives a regular expression, paid for when it is first used in an evaluation.
func (ev *eval) compile(pos Pos, pattern string) (*javaregexp.Regexp, error) {
	if r, ok := ev.regexp[pattern]; ok {
		return r, nil
	}
	if err := ev.charge(pos, 64*len(pattern)); err != nil {
		return nil, err
	}
	r, err := compiled(pattern)
	if err != nil {
		return nil, ev.notKnown(pos, "regular expression %q: %v", clip(pattern), err)
	}
	ev.steps += 100 + r.Size()/10
	if err := ev.step(pos); err != nil {
		return nil, err
	}
	if ev.regexp == nil {
		ev.regexp = map[string]*javaregexp.Regexp{}
	}
	ev.regexp[pattern] = r
	return r, nil
}

// foreign is the error of using a regular expression: where Java's answer may differ, it is not known.
func (ev *eval) foreign(pos Pos, err error) error {
	var own *Error
	if err == nil || errors.As(err, &own) {
		return err
	}
	return ev.notKnown(pos, "%v", err)
}

func (ev *eval) matches(pos Pos, s, pattern string) (any, error) {
	r, err := ev.compile(pos, pattern)
	if err != nil {
		return nil, err
	}
	ok, err := r.Matches(meter{ev, pos}, s)
	return ok, ev.foreign(pos, err)
}

func (ev *eval) replace(pos Pos, s, pattern, repl string, all bool) (any, error) {
	r, err := ev.compile(pos, pattern)
	if err != nil {
		return nil, err
	}
	out, err := r.Replace(meter{ev, pos}, s, repl, all)
	return out, ev.foreign(pos, err)
}

func (ev *eval) split(pos Pos, s, pattern string, limit int) (any, error) {
	r, err := ev.compile(pos, pattern)
	if err != nil {
		return nil, err
	}
	pieces, err := r.Split(meter{ev, pos}, s, limit)
	if err != nil {
		return nil, ev.foreign(pos, err)
	}
	l := &List{Kind: JavaArray}
	for _, p := range pieces {
		l.Elems = append(l.Elems, p)
	}
	return l, ev.charge(pos, len(s)+16*len(l.Elems))
}

func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:77], "") + "..."
	}
	return s
}
