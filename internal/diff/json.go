package diff

import (
	"io"
	"slices"

	"github.com/corsgate/corsgate/internal/report"
)

// Documents is what `corsgate diff --format json` prints.
type Documents struct {
	// Looser says that something is allowed that was not, in any of the APIs.
	Looser bool `json:"looser"`
	// Compared says that all could be compared.
	Compared bool          `json:"compared"`
	APIs     []APIDocument `json:"apis"`
	// Findings are those of a check that one side alone has.
	Findings Found `json:"findings"`
}

// An APIDocument is the difference of one API's stage.
type APIDocument struct {
	Result
	Document
}

// JSON writes the documents of all APIs.
func JSON(w io.Writer, results []Result, found Found) error {
	doc := Documents{Compared: true, APIs: []APIDocument{}, Findings: Found{append([]Finding{}, found.New...), append([]Finding{}, found.Gone...)}}
	for _, r := range results {
		doc.Looser = doc.Looser || r.Looser()
		doc.Compared = doc.Compared && len(r.NotCompared) == 0
		doc.APIs = append(doc.APIs, APIDocument{r, r.document()})
	}
	return report.WriteJSON(w, doc)
}

// A Document is the whole difference as `corsgate diff --format json` prints it. Nothing is left out of changes and
// errors: a question that is not among them has the same outcome on both sides.
type Document struct {
	// Looser says that something is allowed that was not.
	Looser bool `json:"looser"`
	// Summary has the same changes in fewer words.
	Summary []Group       `json:"summary"`
	Changes []Change      `json:"changes"`
	Errors  []ErrorChange `json:"errors"`
	Caches  []CacheChange `json:"caches"`
	// Policies has what routes let pages do, for each set of routes that share it on both sides and of which it changes, or of
	// which one side alone has them.
	Policies []PolicyChange `json:"policies"`
	// Address says what becomes of the address that pages use, and Wants what routes want of requests besides what CORS is
	// about; left out if nothing does.
	Address []AddressChange `json:"address,omitempty"`
	Wants   []Want          `json:"wants,omitempty"`
	// Functions are those whose code or settings are others; left out if there is none.
	Functions []FunctionChange `json:"functions,omitempty"`
	// NewRoutes and GoneRoutes are those that one side alone has; left out if there is none.
	NewRoutes  []string `json:"newRoutes,omitempty"`
	GoneRoutes []string `json:"goneRoutes,omitempty"`
	// Cases has what changes in some of the ways alone in which the templates can be deployed; left out if there is none.
	Cases []CaseDocument `json:"cases,omitempty"`
	// NotCompared is what may change for browsers or not, which is not known.
	NotCompared []NotCompared `json:"notCompared"`
	// Asked says what the product is of which the changes are a part; headers come one by one, besides those that a route
	// cannot do without.
	Asked struct {
		Questions int      `json:"questions"`
		Origins   []string `json:"origins"`
		Routes    []string `json:"routes"`
	} `json:"asked"`
}

// A CaseDocument is what changes in one case.
type CaseDocument struct {
	// If says which, as "IsProd is true".
	If      string        `json:"if"`
	Looser  bool          `json:"looser"`
	Summary []Group       `json:"summary"`
	Changes []Change      `json:"changes"`
	Errors  []ErrorChange `json:"errors"`
	Caches  []CacheChange `json:"caches"`
	// Policies are as in a Document.
	Policies []PolicyChange `json:"policies"`
}

// JSON writes the document.
func (d *Difference) JSON(w io.Writer) error { return report.WriteJSON(w, d.document()) }

func (d *Difference) document() Document {
	doc := Document{Looser: d.Looser(), Summary: d.summary(), Changes: d.changes(), Errors: d.errorChanges(), Caches: append([]CacheChange{}, d.Caches...), NotCompared: append([]NotCompared{}, d.NotCompared...)}
	doc.Policies = append([]PolicyChange{}, d.Policies()...)
	doc.Functions = d.Functions
	doc.Address, doc.Wants, doc.NewRoutes, doc.GoneRoutes = d.Address, d.Wants, d.those(New), d.those(Gone)
	for _, c := range d.Cases {
		doc.Cases = append(doc.Cases, CaseDocument{c.If, c.Looser(), c.summary(), c.changes(), c.errorChanges(), append([]CacheChange{}, c.Caches...), append([]PolicyChange{}, c.Policies()...)})
	}
	doc.Asked.Questions = d.Questions
	doc.Asked.Origins, doc.Asked.Routes = []string{}, []string{}
	for _, o := range d.Origins {
		doc.Asked.Origins = append(doc.Asked.Origins, d.show(o.Origin))
	}
	for _, r := range d.Routes {
		doc.Asked.Routes = append(doc.Asked.Routes, r.Method+" "+r.Path)
	}
	return doc
}

// those returns the routes that one side alone has.
func (d *Difference) those(which Direction) []string {
	var out []string
	for route, dir := range d.only {
		if dir == which {
			out = append(out, route)
		}
	}
	slices.SortFunc(out, byPath)
	return out
}

// changes returns one for each route, with expressions instead of what stands for them.
func (d *Difference) changes() []Change {
	out := []Change{}
	for _, c := range d.Changes {
		for q := range c.each {
			q.Origin, q.Headers = d.show(q.Origin), d.shown(q.Headers)
			c.Before.Exposed, c.After.Exposed = d.shown(c.Before.Exposed), d.shown(c.After.Exposed)
			out = append(out, Change{q, c.Before, c.After, c.Direction})
		}
	}
	return out
}

func (d *Difference) errorChanges() []ErrorChange {
	out := []ErrorChange{}
	for _, e := range d.Errors {
		e.Origin = d.show(e.Origin)
		out = append(out, e)
	}
	return out
}

// summary returns the groups, with expressions instead of what stands for them.
func (d *Difference) summary() []Group {
	out := []Group{}
	for _, g := range d.Groups() {
		g.Origins, g.Headers, g.Before, g.After = d.shown(g.Origins), d.shown(g.Headers), d.show(g.Before), d.show(g.After)
		out = append(out, g)
	}
	return out
}

func (d *Difference) shown(texts []string) []string {
	var out []string
	for _, t := range texts {
		out = append(out, d.show(t))
	}
	return out
}
