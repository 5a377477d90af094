package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/rules"
)

// A Report is what was found.
type Report struct {
	// Command is the command that looked; Subject says in a few words at what, if at something else than Checked.
	Command string `json:"command"`
	Subject string `json:"subject,omitempty"`
	// Findings are those that count, the worst first.
	Findings []Finding `json:"findings"`
	// Suppressed are those that do not.
	Suppressed []Finding `json:"suppressed"`
	// Crashed has a line for each rule that failed.
	Crashed []string `json:"crashed"`
	// NotJudged has a line for each thing on which only a deployment decides, or that stands in a part that was not read.
	NotJudged []string `json:"notJudged"`
	// Notes has a line for each thing that the command does not look at by its nature, and what does.
	Notes []string `json:"notes"`
	// Unseen has a line for each thing that could not be read, and what would show it; left out if there is none.
	Unseen []string `json:"unseen,omitempty"`
	// InForce has a line for each stage that says what policy it serves; left out where nothing deployed was looked at.
	InForce []string `json:"inForce,omitempty"`
	// Checked names what was looked at.
	Checked []Checked `json:"checked"`

	// Verbose has the text say all of each rule, and name every place.
	Verbose bool `json:"-"`
}

// Checked is a stage of an API that was looked at.
type Checked struct {
	File string `json:"file"`
	// Kind is HTTP API or function URL; left out for a REST API.
	Kind      string    `json:"kind,omitempty"`
	API       string    `json:"api"`
	Stage     string    `json:"stage"`
	Routes    int       `json:"routes"`
	Allowlist Allowlist `json:"allowlist"`
}

// An Allowlist is the origins that an API is meant for.
type Allowlist struct {
	// Any is set if every origin is.
	Any bool `json:"any,omitempty"`
	// Origins are those to ask from: each exact one, and for each pattern one that it covers.
	Origins []string `json:"origins"`
	// Names are the list as it is written, patterns and all.
	Names []string `json:"-"`
	// From says where the list is from: stated, stage-variables or template; empty if there is none.
	From string `json:"from"`
}

// String returns the list in a few words.
func (a Allowlist) String() string {
	switch {
	case a.Any:
		return "every origin"
	}
	var names []string // a list may have a name twice
	seen := map[string]bool{}
	for _, n := range a.Names {
		if !seen[n] {
			seen[n] = true
			names = append(names, Clip(n, 300))
		}
	}
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}

// New returns the report of a command: the findings in order, each once, and those aside that are suppressed.
func New(command, subject string, found []Finding, suppressions []Suppression) *Report {
	r := &Report{Command: command, Subject: subject, Findings: []Finding{}, Suppressed: []Finding{}, Crashed: []string{}, NotJudged: []string{}, Notes: []string{}, Checked: []Checked{}}
	found = slices.SortedStableFunc(slices.Values(found), order)
	r.suppress(slices.CompactFunc(found, func(a, b Finding) bool { return order(a, b) == 0 }), suppressions)
	slices.SortStableFunc(r.Findings, order)
	r.Findings, r.Suppressed = group(r.Findings), group(r.Suppressed)
	for _, list := range [][]Finding{r.Findings, r.Suppressed} {
		for i := range list {
			list[i].settle()
		}
	}
	return r
}

// group makes one finding of those of an API with one cause: of one rule, with the same to say.
func group(found []Finding) []Finding {
	type cause struct {
		rule                                 rules.ID
		stack, api, detail, when, suppressed string
	}
	at := map[cause]int{}
	fixes := map[int]int{} // how many places have a fix of their own
	out := found[:0:0]
	for _, f := range found {
		key := cause{f.Rule, f.Stack, f.API, f.Detail, f.When, f.Suppressed}
		if i, ok := at[key]; ok && f.API != "" {
			for _, p := range f.Places {
				if !slices.Contains(out[i].Places, p) {
					out[i].Places = append(out[i].Places, p)
				}
			}
			if both := out[i].Fix.And(f.Fix); both != out[i].Fix {
				if fixes[i]++; fixes[i] < places {
					out[i].Fix = both
				}
			}
			continue
		}
		at[key] = len(out)
		out = append(out, f)
	}
	for i, n := range fixes {
		if n -= places - 1; n > 0 {
			out[i].Fix = out[i].Fix.Likewise(n)
		}
	}
	return out
}

func order(a, b Finding) int {
	return cmp.Or(cmp.Compare(a.Severity.Rank(), b.Severity.Rank()), strings.Compare(a.File, b.File), cmp.Compare(a.Rule, b.Rule),
		strings.Compare(a.API, b.API), cmp.Compare(b.Count, a.Count), strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method), strings.Compare(a.LogicalID, b.LogicalID), strings.Compare(a.Note, b.Note), strings.Compare(a.Detail, b.Detail), strings.Compare(a.When, b.When))
}

// Worst returns the worst severity of what counts, and false if nothing does.
func (r *Report) Worst() (rules.Severity, bool) {
	if len(r.Findings) == 0 {
		return "", false
	}
	return r.Findings[0].Severity, true
}

// Answered reports whether there was something to look at, that all of it was seen and judged, and that no rule failed to look.
func (r *Report) Answered() bool {
	return len(r.Crashed)+len(r.NotJudged)+len(r.Unseen) == 0 && (r.Subject != "" || len(r.Checked) > 0)
}

// Summary says in one line what came of the check.
func (r *Report) Summary() string {
	count := map[rules.Severity]int{}
	for _, f := range r.Findings {
		count[f.Severity]++
	}
	routes := 0
	for _, c := range r.Checked {
		routes += c.Routes
	}
	subject := r.Subject
	if subject == "" {
		kinds := map[string]int{}
		for _, c := range r.Checked {
			kinds[c.Kind]++
		}
		var of []string
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			of = append(of, Plural(kinds[kind], cmp.Or(kind, "stage")))
		}
		if len(of) == 0 {
			of = []string{"0 stages"}
		}
		subject = Plural(routes, "route") + " of " + strings.Join(of, ", ")
	}
	s := fmt.Sprintf("%s, %s, %s in %s", Plural(count[rules.Error], "error"), Plural(count[rules.Warning], "warning"), Plural(count[rules.Info], "note"), subject)
	if n := len(r.Suppressed); n > 0 {
		s += fmt.Sprintf("; %d suppressed", n)
	}
	if n := len(r.Crashed); n > 0 {
		s += "; " + Plural(n, "rule") + " crashed"
	}
	if n := len(r.NotJudged); n > 0 {
		s += "; " + Plural(n, "part") + " not judged"
	}
	if n := len(r.Unseen); n > 0 {
		s += "; " + Plural(n, "part") + " not seen"
	}
	for i, c := range r.Checked {
		if c.Allowlist.From != "" && i < 3 {
			s += fmt.Sprintf("; %s is for %s (%s)", c.API, c.Allowlist, c.Allowlist.From)
		}
	}
	return s
}

// Plural returns a number of things.
func Plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
