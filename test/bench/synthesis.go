package main

import (
	"context"
	"fmt"
	"strconv"
)

var (
	emptyApp        = form{name: "empty"}
	emptyJavaScript = form{name: "empty", javascript: true}
	restForm        = form{name: "rest"}
	plainForm       = form{name: "plain"}
	plainJavaScript = form{name: "plain", javascript: true}
)

// forms are the columns of the table's first sections.
var forms = []form{restForm, plainForm, plainJavaScript}

func formHeads(what, at string) []string {
	return []string{what, at, "NewRestApi", "plain CDK, Go", "plain CDK, JavaScript"}
}

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
	for _, f := range forms {
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
	times, err := a.times(ctx, func(f form, n int) bool { return n <= timed || got[f][n].fits() })
	if err != nil {
		return err
	}

	each := func(what string, cell func(form, int) string) {
		for _, n := range b.routes {
			cells := []string{what, fmt.Sprintf("%d routes", n)}
			for _, f := range forms {
				if got[f][n] == (facts{}) {
					cells = append(cells, "cannot be synthesized")
					continue
				}
				cells = append(cells, cell(f, n))
			}
			b.table.row(cells...)
		}
	}
	b.table.section(formHeads("synthesis", "")...)
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

	for _, n := range []int{60, 100} {
		if ours, ok := times[restForm][n]; ok {
			b.atMost("synthesis with NewRestApi, of plain CDK's in Go", fmt.Sprintf("%d routes", n), ratio(ours, times[plainForm][n]), 1, "")
		}
	}
	return nil
}

// overs writes a count, and marks what is too much for a stack.
func overs(n, most int) string {
	s := grouped(strconv.Itoa(n))
	if n > most {
		s += " (does not fit)"
	}
	return s
}

// times gives the milliseconds of the forms at each size in each turn, above
// those of the empty app in that turn.
func (a *apps) times(ctx context.Context, wanted func(form, int) bool) (map[form]map[int][]float64, error) {
	out := map[form]map[int][]float64{}
	for _, f := range forms {
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
			for i := range forms {
				f := forms[(i+turn)%len(forms)]
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
