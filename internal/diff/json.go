package diff

import (
	"encoding/json"
	"io"
)

// JSON writes the documents of all APIs.
func JSON(w io.Writer, results []Result) error {
	type one struct {
		Result
		Document
	}
	doc := struct {
		// Looser says that something is allowed that was not, in any of the APIs.
		Looser bool  `json:"looser"`
		APIs   []one `json:"apis"`
	}{APIs: []one{}}
	for _, r := range results {
		doc.Looser = doc.Looser || r.Looser()
		doc.APIs = append(doc.APIs, one{r, r.document()})
	}
	return encode(w, doc)
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
	// Asked says what the product is of which the changes are a part; headers come one by one, besides those that a route
	// cannot do without.
	Asked struct {
		Questions int      `json:"questions"`
		Origins   []string `json:"origins"`
		Routes    []string `json:"routes"`
	} `json:"asked"`
}

// JSON writes the document.
func (d *Difference) JSON(w io.Writer) error { return encode(w, d.document()) }

func (d *Difference) document() Document {
	doc := Document{Looser: d.Looser(), Summary: d.Groups(), Changes: []Change{}, Errors: d.Errors}
	if doc.Summary == nil {
		doc.Summary = []Group{}
	}
	for _, c := range d.Changes {
		for q := range c.each {
			doc.Changes = append(doc.Changes, Change{q, c.Before, c.After, c.Direction})
		}
	}
	doc.Caches = append([]CacheChange{}, d.Caches...)
	if doc.Errors == nil {
		doc.Errors = []ErrorChange{}
	}
	doc.Asked.Questions = d.Questions
	doc.Asked.Origins, doc.Asked.Routes = []string{}, []string{}
	for _, o := range d.Origins {
		doc.Asked.Origins = append(doc.Asked.Origins, o.Origin)
	}
	for _, r := range d.Routes {
		doc.Asked.Routes = append(doc.Asked.Routes, r.Method+" "+r.Path)
	}
	return doc
}

func encode(w io.Writer, doc any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}
