// Package report has findings, the report that they make, suppressions, and the formats in which a report is printed: text,
// JSON, SARIF, Markdown and GitHub's workflow commands. Text from a template or from the network is escaped for each
// format.
package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/rules"
)

// A Place is where a finding is: a resource, and what of an API it is about.
type Place struct {
	// File and Line are where the resource is; Line is 0 where it is not known. What was asked over the network has its
	// address in place of the file.
	File string `json:"file"`
	Line int    `json:"line"`
	// LogicalID and ConstructPath name the resource; ConstructPath is empty where the CDK did not say it.
	LogicalID     string `json:"logicalId"`
	ConstructPath string `json:"constructPath"`
	// Path and Method are a route; empty where the finding is about none.
	Path   string `json:"path"`
	Method string `json:"method"`
	// Note is what is particular to it, such as a status; empty where nothing is.
	Note string `json:"note,omitempty"`
}

// Where says in one line where a place is.
func (p Place) Where() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.LogicalID != "" {
		b.WriteString(", " + p.LogicalID)
	}
	if p.ConstructPath != "" {
		b.WriteString(" (" + p.ConstructPath + ")")
	}
	if p.Path != "" {
		b.WriteString(", " + strings.TrimSpace(p.Method+" "+p.Path))
	}
	return p.noted(OneLine(b.String()))
}

// noted adds the note to the name of a place.
func (p Place) noted(name string) string {
	if p.Note == "" {
		return name
	}
	return name + " (" + p.Note + ")"
}

// name is the place in a list of places of one file.
func (p Place) name() string {
	if p.Path != "" {
		return p.noted(OneLine(strings.TrimSpace(p.Method + " " + p.Path)))
	}
	return p.noted(OneLine(p.LogicalID))
}

// A Finding is one rule's complaint about one cause.
type Finding struct {
	Rule     rules.ID       `json:"rule"`
	Title    string         `json:"title"`
	Severity rules.Severity `json:"severity"`
	// File, Line, LogicalID, ConstructPath, Path and Method are of the first of the places.
	File          string  `json:"file"`
	Line          int     `json:"line"`
	LogicalID     string  `json:"logicalId"`
	ConstructPath string  `json:"constructPath"`
	Path          string  `json:"path"`
	Method        string  `json:"method"`
	Note          string  `json:"-"` // of the place that the finding is made with
	Places        []Place `json:"places"`
	// When says on which condition there is the finding; a report has it in the detail.
	When string `json:"-"`
	// Stack is the resource's, and API the RestApi's logical id; empty where the finding is about none.
	Stack string `json:"stack"`
	API   string `json:"api"`
	// Detail says what is wrong. Places of an API at which the same is wrong are one finding.
	Detail string `json:"detail"`
	// Console is what a browser prints because of it; empty where it prints nothing.
	Console string `json:"console"`
	// Count says how often it happened, First and Last between which times; left out where nothing was counted, and where
	// no time is known.
	Count int        `json:"count,omitempty"`
	First *time.Time `json:"first,omitempty"`
	Last  *time.Time `json:"last,omitempty"`
	Why   string     `json:"why"`
	Fix   rules.Fix  `json:"fix"`
	Link  string     `json:"link"`
	// Suppressed is the reason for which the finding does not count; empty if it does.
	Suppressed string `json:"suppressed,omitempty"`
}

// Of returns a finding of a rule: f says where it is, what is wrong there, and what a browser prints. Its fix is the rule's
// where f has none of its own.
func Of(id rules.ID, f Finding) Finding {
	r := id.Rule()
	f.Note = OneLine(f.Note)
	f.Detail, f.Console = OneLine(f.Detail), OneLine(f.Console)
	f.Places = []Place{f.place()}
	f.Rule, f.Title, f.Severity, f.Why, f.Link = r.ID, r.Title, r.Severity, r.Why, r.ID.Link()
	if f.Fix == (rules.Fix{}) {
		f.Fix = r.Fix
	}
	return f
}

// Each returns the finding of each of its resources alone, at the first place of the resource.
func (f Finding) Each() []Finding {
	var out []Finding
	seen := map[Place]bool{}
	for _, p := range f.Places {
		if key := (Place{File: p.File, LogicalID: p.LogicalID}); !seen[key] {
			seen[key] = true
			one := f
			one.File, one.Line, one.LogicalID, one.ConstructPath, one.Path, one.Method, one.Note = p.File, p.Line, p.LogicalID, p.ConstructPath, p.Path, p.Method, p.Note
			one.Places = []Place{p}
			one.settle()
			out = append(out, one)
		}
	}
	return out
}

// settle puts what is particular to every place alike into the detail, and the condition.
func (f *Finding) settle() {
	if note := f.Note; note != "" && !slices.ContainsFunc(f.Places, func(p Place) bool { return p.Note != note }) {
		f.Detail += " (" + note + ")"
		f.Note = ""
		for i := range f.Places {
			f.Places[i].Note = ""
		}
	}
	if f.When != "" {
		f.Detail, f.When = f.Detail+", "+f.When, ""
	}
}

// place is the first place.
func (f Finding) place() Place {
	return Place{f.File, f.Line, f.LogicalID, f.ConstructPath, f.Path, f.Method, f.Note}
}

// Where says in one line where the first place is.
func (f Finding) Where() string { return f.place().Where() }

// Others names the places after the first, at most so many of them; empty if there are none.
func (f Finding) Others(most int) string {
	var names []string
	for _, p := range f.Places[min(1, len(f.Places)):] {
		if name := p.name(); name != f.place().name() && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if more := len(names) - most; more > 0 {
		names = append(names[:most:most], fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}
