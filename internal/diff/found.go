package diff

import (
	"cmp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/report"
)

// Found is what a check of both sides finds on one of them alone.
type Found struct {
	New  []Finding `json:"new"`
	Gone []Finding `json:"gone"`
}

// A Finding is one of a check's, at all places that are on one side alone.
type Finding struct {
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Title    string `json:"title"`
	// Places are routes, GET /items, and logical ids of what is no route.
	Places []string `json:"places"`
}

// Compare tells findings that both sides have from those of one. One that moves with its route to another resource, or with
// its resource to another logical id, is the same.
func Compare(before, after []report.Finding) Found {
	type at struct {
		report.Finding
		place report.Place
		used  bool
	}
	each := func(list []report.Finding) []*at {
		var out []*at
		for _, f := range list {
			for _, p := range f.Places {
				out = append(out, &at{Finding: f, place: p})
			}
			if len(f.Places) == 0 {
				out = append(out, &at{Finding: f, place: report.Place{LogicalID: f.LogicalID, Path: f.Path, Method: f.Method, Note: f.Note}})
			}
		}
		return out
	}
	sides := [2][]*at{each(before), each(after)}
	route := func(a *at) string { return a.place.Method + " " + a.place.Path }
	for _, key := range []func(a *at) string{
		func(a *at) string {
			return strings.Join([]string{string(a.Rule), a.API, a.place.LogicalID, route(a), a.place.Note, a.Detail}, "\x00")
		},
		func(a *at) string {
			return strings.Join([]string{string(a.Rule), a.API, a.place.LogicalID, route(a), a.place.Note}, "\x00")
		},
		func(a *at) string { return strings.Join([]string{string(a.Rule), route(a), a.place.Note}, "\x00") },
		func(a *at) string { return strings.Join([]string{string(a.Rule), route(a)}, "\x00") },
	} {
		waiting := map[string][]*at{}
		for _, a := range sides[0] {
			if !a.used {
				waiting[key(a)] = append(waiting[key(a)], a)
			}
		}
		for _, a := range sides[1] {
			if list := waiting[key(a)]; !a.used && len(list) > 0 {
				a.used, list[0].used = true, true
				waiting[key(a)] = list[1:]
			}
		}
	}
	var out Found
	for side, into := range []*[]Finding{&out.Gone, &out.New} {
		*into = []Finding{}
		for _, a := range sides[side] {
			if a.used {
				continue
			}
			place := strings.TrimSpace(route(a))
			if a.place.Path == "" || a.place.Method == "" {
				place = cmp.Or(strings.TrimSpace(a.place.Method+" "+a.place.Path), a.place.LogicalID)
			}
			i := slices.IndexFunc(*into, func(f Finding) bool { return f.Rule == string(a.Rule) })
			if i < 0 {
				i = len(*into)
				*into = append(*into, Finding{string(a.Rule), string(a.Severity), a.Title, nil})
			}
			if !slices.Contains((*into)[i].Places, place) {
				(*into)[i].Places = append((*into)[i].Places, place)
			}
		}
		slices.SortStableFunc(*into, func(a, b Finding) int { return strings.Compare(a.Rule, b.Rule) })
	}
	return out
}

// found writes what a check finds on one side alone.
func (p *page) found(f Found) {
	if len(f.New)+len(f.Gone) == 0 {
		return
	}
	p.item("\n" + p.subtitle + "What check finds\n")
	for i, list := range [][]Finding{f.New, f.Gone} {
		for _, one := range list {
			places := ""
			if len(one.Places) > 0 && one.Places[0] != "" {
				places = " " + p.enumerate(one.Places)
			}
			p.item(p.bullet + []string{"new", "gone"}[i] + ": " + one.Rule + places + " (" + one.Severity + "): " + p.text(one.Title))
		}
	}
}
