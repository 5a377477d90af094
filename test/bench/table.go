package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// columns are those of the table. Each section says in a row of its own what
// the last four of them hold.
const columns = 6

// A table is rows of at most columns cells.
type table [][]string

func (t *table) row(cells ...string) {
	*t = append(*t, append(cells, make([]string, columns-len(cells))...))
}

// section begins one, with what its columns hold.
func (t *table) section(cells ...string) {
	for i, c := range cells {
		if c != "" {
			cells[i] = "**" + c + "**"
		}
	}
	t.row(cells...)
}

func (t table) markdown() string {
	var s strings.Builder
	s.WriteString("| what | at |" + strings.Repeat(" |", columns-2) + "\n|---|---|" + strings.Repeat("---:|", columns-2) + "\n")
	for _, r := range t {
		s.WriteString("| " + strings.Join(r, " | ") + " |\n")
	}
	return s.String()
}

// An aim is what issue 5 of the project wants a number to be.
type aim struct {
	what, at string
	got      string
	want     string
	met      bool
}

// atMost adds an aim that a ratio or number is met if it is not above most.
func (b *bench) atMost(what, at string, got, most float64, unit string) {
	b.aims = append(b.aims, aim{what, at, number(got) + unit, "≤ " + number(most) + unit, got <= most})
}

func (b *bench) atLeast(what, at string, got, least float64) {
	b.aims = append(b.aims, aim{what, at, number(got), "≥ " + number(least), got >= least})
}

func (b *bench) printAims() {
	if len(b.aims) == 0 {
		return
	}
	b.table.section("aims", "", "measured", "aim", "")
	for _, a := range b.aims {
		verdict := "met"
		if !a.met {
			verdict = "**not met**"
		}
		b.table.row(a.what, a.at, a.got, a.want, verdict)
	}
}

// median returns that of at least one value.
func median(values []float64) float64 {
	return quantile(values, 0.5)
}

// quantile returns the q-th of at least one value, between two neighbours if need be.
func quantile(values []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(values))
	at := q * float64(len(s)-1)
	low, high := s[int(math.Floor(at))], s[int(math.Ceil(at))]
	return low + (high-low)*(at-math.Floor(at))
}

// ratio returns the median of the ratios of turns.
func ratio(of, to []float64) float64 {
	ratios := make([]float64, len(of))
	for i := range of {
		ratios[i] = of[i] / to[i]
	}
	return median(ratios)
}

// minus returns the differences of turns.
func minus(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] - b[i]
	}
	return out
}

// number writes x with three digits that count, and thousands separated.
func number(x float64) string {
	switch abs := math.Abs(x); {
	case abs >= 100 || x == math.Trunc(x):
		return grouped(fmt.Sprintf("%.0f", x))
	case abs >= 10:
		return fmt.Sprintf("%.1f", x)
	case abs >= 0.1:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.2g", x)
}

func grouped(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
