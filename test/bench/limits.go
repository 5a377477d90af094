package bench

import (
	"context"
	"fmt"
	"math"
)

// Two sizes from which the others can be computed: resources grow in a line,
// and so, nearly, do bytes.
const (
	sizeA = 10
	sizeB = 20
)

// limits measures how much of an API fits in one stack. Plain CDK in Go gives
// the template that it gives in JavaScript, to the byte, and takes longer.
func (b *bench) limits(ctx context.Context) error {
	a, err := b.newApps(ctx)
	if err != nil {
		return err
	}
	compared := forms(plainJavaScript)
	b.table.section(heads("limits", "plain CDK")...)
	fit := map[form]map[size]int{}
	for _, f := range compared {
		fit[f] = map[size]int{}
	}
	compacts := []bool{false, true}
	if b.quick {
		compacts = compacts[:1]
	}
	for _, compact := range compacts {
		for _, origins := range []int{3, 300} {
			s := size{origins: origins, compact: compact}
			cells := []string{"routes in one stack (and what the next would exceed)", listed(s)}
			for _, f := range compared {
				n, limit, err := a.most(ctx, f, s)
				if err != nil {
					return err
				}
				fit[f][s] = n
				cells = append(cells, fmt.Sprintf("%d (%s)", n, limit))
			}
			b.table.row(cells...)
		}
	}
	each := map[form]int{}
	for _, n := range []int{sizeA, sizeB} {
		cells := []string{"bytes that an origin of 34 bytes adds", fmt.Sprintf("%d routes", n)}
		for _, f := range compared {
			if each[f], err = a.originBytes(ctx, f, n); err != nil {
				return err
			}
			cells = append(cells, number(float64(each[f])))
		}
		b.table.row(cells...)
	}
	for _, o := range ours {
		for _, compact := range compacts {
			for _, origins := range []int{3, 300} {
				s := size{origins: origins, compact: compact}
				b.atLeast("routes in one stack with "+o.name, listed(s), float64(fit[o.form][s]), float64(o.routes))
			}
		}
		b.atMost("what an origin adds to "+o.name+"'s template: itself and a comma", fmt.Sprintf("%d routes", sizeB), float64(each[o.form]), originLength+1, " bytes")
	}
	return nil
}

// listed says how many there are, and whether the CDK indents the template, as
// it does unless the context's @aws-cdk/core:suppressTemplateIndentation is set.
func listed(s size) string {
	at := fmt.Sprintf("%d origins", s.origins)
	if s.compact {
		at += ", not indented"
	}
	return at
}

// originLength is that of the apps' origins, https://customer-00000.example.com.
const originLength = 34

// originBytes returns how many bytes an origin adds to a template.
func (a *apps) originBytes(ctx context.Context, f form, routes int) (int, error) {
	before, err := a.facts(ctx, f, size{routes: routes, origins: usual})
	if err != nil {
		return 0, err
	}
	after, err := a.facts(ctx, f, size{routes: routes, origins: usual + 1})
	return after.bytes - before.bytes, err
}

// most returns how many routes fit in one stack, and what one more would exceed.
// It is computed from two sizes and then tried, unless in haste.
func (a *apps) most(ctx context.Context, f form, s size) (n int, limit string, err error) {
	at := func(n int) (facts, error) {
		s.routes = n
		return a.facts(ctx, f, s)
	}
	x, err := at(sizeA)
	if err != nil {
		return 0, "", err
	}
	y, err := at(sizeB)
	if err != nil {
		return 0, "", err
	}
	n = most(x.resources, y.resources, mostResources)
	limit = "resources"
	if m := most(x.bytes, y.bytes, mostBytes); m < n {
		n, limit = m, "bytes"
	}
	if a.quick {
		return n, limit, nil
	}
	// Trying it costs a synthesis or two, since the guess is hardly ever off.
	for {
		here, err := at(n)
		if err != nil {
			return 0, "", err
		}
		if here.unfit() != "" {
			n--
			continue
		}
		next, err := at(n + 1)
		if err != nil {
			return 0, "", err
		}
		if why := next.unfit(); why != "" {
			return n, why, nil
		}
		n++
	}
}

// most returns the greatest size at which a line through two points is not above
// a limit.
func most(atA, atB, limit int) int {
	slope := float64(atB-atA) / (sizeB - sizeA)
	if slope <= 0 {
		return math.MaxInt
	}
	return sizeA + int(float64(limit-atA)/slope)
}
