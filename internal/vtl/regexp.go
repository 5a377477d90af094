package vtl

import (
	"errors"
	"strings"

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

// compile returns a regular expression, paid for when it is first used in an evaluation.
func (ev *eval) compile(pos Pos, pattern string) (*javaregexp.Regexp, error) {
	if r, ok := ev.regexp[pattern]; ok {
		return r, nil
	}
	if err := ev.charge(pos, 64*len(pattern)); err != nil {
		return nil, err
	}
	r, err := javaregexp.Recent(pattern)
	if err != nil {
		return nil, ev.notKnown(pos, "regular expression %q: %v", clip(pattern), err)
	}
	ev.steps += 100 + r.Size()/10
	ev.bytes += 512 * r.Size()
	if err := (meter{ev, pos}).Count(1, 0); err != nil {
		return nil, err
	}
	if ev.regexp == nil {
		ev.regexp = map[string]*javaregexp.Regexp{}
	}
	ev.regexp[pattern] = r
	return r, nil
}

// foreign is the error of using a regular expression: where Java's result may differ, it is not known.
func (ev *eval) foreign(pos Pos, err error) error {
	if err == nil {
		return nil
	}
	if own := new(Error); errors.As(err, &own) {
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
