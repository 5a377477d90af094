package bench

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

var (
	emptyApp        = form{name: "empty"}
	emptyJavaScript = form{name: "empty", javascript: true}
	restForm        = form{name: "rest"}
	specForm        = form{name: "spec"}
	plainForm       = form{name: "plain"}
	plainJavaScript = form{name: "plain", javascript: true}
)

// An own is a form of this library's, with its aims.
type own struct {
	form
	name   string
	ratio  float64 // its synthesis, of plain CDK's in Go, at most
	each   float64 // milliseconds that a route adds, at most; 0 for no such aim
	routes int     // in one stack, at least
}

var ours = []own{
	{form: restForm, name: "NewRestApi", ratio: 1, routes: 120},
	{form: specForm, name: "NewSpecRestApi", ratio: 0.25, each: 0.5, routes: 500},
}

// forms are the columns of the table's first sections: ours, and the others.
func forms(others ...form) []form {
	var out []form
	for _, o := range ours {
		out = append(out, o.form)
	}
	return append(out, others...)
}

// heads are theirs.
func heads(what string, others ...string) []string {
	out := []string{what, ""}
	for _, o := range ours {
		out = append(out, o.name)
	}
	return append(out, others...)
}

// timedForms are those that the section synthesis compares.
func timedForms() []form { return forms(plainForm, plainJavaScript) }

// usual is how many origins an API has where their number does not matter.
const usual = 3

// timed is up to how many routes what does not fit in a stack is timed too,
// so that there is something to compare with.
const timed = 100

// synthesis measures the forms at the sizes.
func (b *bench) synthesis(ctx context.Context) error {
	a, err := b.newApps(ctx)
	if err != nil {
		return err
	}
	empty, err := a.facts(ctx, emptyApp, size{})
	if err != nil {
		return err
	}
	got := map[form]map[int]facts{}
	for _, f := range timedForms() {
		got[f] = map[int]facts{}
		tooMuch := false
		for _, n := range b.routes {
			r, err := a.facts(ctx, f, size{routes: n, origins: usual})
			switch {
			case err == nil:
				got[f][n] = r
				tooMuch = r.unfit() != ""
			case !tooMuch:
				return err
			default: // no stack could hold less than that
				fmt.Fprintf(b.log, "bench: %d routes of %s: %v\n", n, f.name, err)
			}
		}
	}
	times, err := a.times(ctx, func(f form, n int) bool { return n <= timed || got[f][n].fits() || growing(f) })
	if err != nil {
		return err
	}

	each := func(what string, cell func(form, int) string) {
		for _, n := range b.routes {
			cells := []string{what, fmt.Sprintf("%d routes", n)}
			for _, f := range timedForms() {
				if got[f][n] == (facts{}) {
					cells = append(cells, "cannot be synthesized")
					continue
				}
				cells = append(cells, cell(f, n))
			}
			b.table.row(cells...)
		}
	}
	b.table.section(heads("synthesis", "plain CDK, Go", "plain CDK, JavaScript")...)
	each("above an empty app, ms (ratio to plain CDK in Go)", func(f form, n int) string {
		ms, ok := times[f][n]
		if !ok {
			return "does not fit"
		}
		cell := number(median(ms))
		if plain, ok := times[plainForm][n]; ok && f != plainForm {
			cell += fmt.Sprintf(" (%s)", number(ratio(ms, plain)))
		}
		return cell
	})
	each("jsii messages, above an empty app's", func(f form, n int) string {
		if f.javascript {
			return "–"
		}
		return grouped(strconv.Itoa(got[f][n].messages - empty.messages))
	})
	each("resources", func(f form, n int) string { return overs(got[f][n].resources, mostResources) })
	each("template, bytes", func(f form, n int) string { return overs(got[f][n].bytes, mostBytes) })

	for _, o := range ours {
		for _, n := range []int{60, 100} {
			if ms, ok := times[o.form][n]; ok {
				b.atMost("synthesis with "+o.name+", of plain CDK's in Go", fmt.Sprintf("%d routes", n), ratio(ms, times[plainForm][n]), o.ratio, "")
			}
		}
		b.growth(o, times[o.form])
	}
	return nil
}

// growth judges what a route costs from one size to another, and whether it is
// no more in the second half of that.
func (b *bench) growth(o own, ms map[int][]float64) {
	const low, middle, high = 100, 300, 500
	if o.each == 0 || ms[low] == nil || ms[middle] == nil || ms[high] == nil {
		return
	}
	at := fmt.Sprintf("%d to %d routes", low, high)
	b.atMost("a route's part in synthesis with "+o.name, at, median(minus(ms[high], ms[low]))/(high-low), o.each, " ms")
	first, second := median(minus(ms[middle], ms[low])), median(minus(ms[high], ms[middle]))
	b.atMost("and in a line: the second half, of the first", at, second/first, straight, "")
}

// growing reports whether it is an aim how f's time grows, in a stack or not.
func growing(f form) bool {
	return slices.ContainsFunc(ours, func(o own) bool { return o.form == f && o.each > 0 })
}

// straight is what the second half of a line may come to, of the first, as far
// as time can be measured. Where it is the square that grows, that is 2.
const straight = 1.5

// overs writes a count, and marks what is too much for a stack.
func overs(n, most int) string {
	s := grouped(strconv.Itoa(n))
	if n > most {
		s += " (does not fit)"
	}
	return s
}

// times returns the milliseconds of the forms at each size in each turn, above
// those of the empty app in that turn.
func (a *apps) times(ctx context.Context, wanted func(form, int) bool) (map[form]map[int][]float64, error) {
	compared := timedForms()
	out := map[form]map[int][]float64{}
	for _, f := range compared {
		out[f] = map[int][]float64{}
	}
	for turn := range a.runs {
		fmt.Fprintf(a.log, "bench: turn %d of %d\n", turn+1, a.runs)
		empty := map[bool]float64{}
		for _, f := range []form{emptyApp, emptyJavaScript} {
			ms, err := a.time(ctx, f, size{})
			if err != nil {
				return nil, err
			}
			empty[f.javascript] = ms
		}
		for _, n := range a.routes {
			for i := range compared {
				f := compared[(i+turn)%len(compared)]
				if !wanted(f, n) {
					continue
				}
				ms, err := a.time(ctx, f, size{routes: n, origins: usual})
				if err != nil {
					return nil, err
				}
				out[f][n] = append(out[f][n], ms-empty[f.javascript])
			}
		}
	}
	return out, nil
}
