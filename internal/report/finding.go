// Package report has findings, the report that they make, suppressions, and the formats in which a report is printed: text,
// JSON, SARIF, Markdown and GitHub's workflow commands. What comes out of a template or off the wire is escaped for each.
package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/rules"
)

// A Finding is one rule's complaint about one place.
type Finding struct {
	Rule     rules.ID       `json:"rule"`
	Title    string         `json:"title"`
	Severity rules.Severity `json:"severity"`
	// File and Line are where the resource is; Line is 0 where it is not known. What was asked over the network has its
	// address in place of the file.
	File string `json:"file"`
	Line int    `json:"line"`
	// Stack, LogicalID and ConstructPath name the resource; ConstructPath is empty where the CDK did not say it.
	Stack         string `json:"stack"`
	LogicalID     string `json:"logicalId"`
	ConstructPath string `json:"constructPath"`
	// API is the RestApi's logical id, Path and Method what of it; empty where the finding is about none.
	API    string `json:"api"`
	Path   string `json:"path"`
	Method string `json:"method"`
	// Detail says what is wrong here.
	Detail string `json:"detail"`
	// Console is what a browser prints because of it; empty where it prints nothing.
	Console string `json:"console"`
	// Count says how often it happened, First and Last between which times; left out where nothing was counted, and where
	// no time is known.
	Count int        `json:"count,omitempty"`
	First *time.Time `json:"first,omitempty"`
	Last  *time.Time `json:"last,omitempty"`
	Why   string     `json:"why"`
	Fix   rules.Fix  `json:"cure"`
	Link  string     `json:"link"`
	// Suppressed is the reason for which the finding does not count; empty if it does.
	Suppressed string `json:"suppressed,omitempty"`
}

// Of returns a finding of a rule: f says where it is, what is wrong there, and what a browser prints. Its fix is the rule's
// where f has none of its own.
func Of(id rules.ID, f Finding) Finding {
	r := id.Rule()
	f.Detail, f.Console = OneLine(f.Detail), OneLine(f.Console)
	f.Rule, f.Title, f.Severity, f.Why, f.Link = r.ID, r.Title, r.Severity, r.Why, r.ID.Link()
	if f.Fix == (rules.Fix{}) {
		f.Fix = r.Fix
	}
	return f
}

// Where says in one line where a finding is.
func (f Finding) Where() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	if f.LogicalID != "" {
		b.WriteString(", " + f.LogicalID)
	}
	if f.ConstructPath != "" {
		b.WriteString(" (" + f.ConstructPath + ")")
	}
	if f.Path != "" {
		b.WriteString(", " + strings.TrimSpace(f.Method+" "+f.Path))
	}
	return OneLine(b.String())
}
