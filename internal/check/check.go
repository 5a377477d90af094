package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
)

// A Severity says how bad a finding is.
type Severity string

// The severities.
const (
	// Error: a page that should use the API cannot, a page that should not can, or the template cannot be deployed.
	Error Severity = "error"
	// Warning: it works now or for some, and will not at another time or for others.
	Warning Severity = "warning"
	// Info: worth knowing, and nothing fails because of it.
	Info Severity = "info"
)

// AtLeast says that a severity is as bad as another or worse.
func (s Severity) AtLeast(t Severity) bool { return rank(s) <= rank(t) }

func rank(s Severity) int { return slices.Index([]Severity{Error, Warning, Info}, s) }

// A Finding is one rule's complaint about one place.
type Finding struct {
	Rule     string   `json:"rule"`
	Title    string   `json:"title"`
	Severity Severity `json:"severity"`
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
	Cure  Cure       `json:"cure"`
	Link  string     `json:"link"`
	// Suppressed is the reason for which the finding does not count; empty if it does.
	Suppressed string `json:"suppressed,omitempty"`
}

// A Report is what was found.
type Report struct {
	// Command is the command that looked; Subject says in a few words at what, if at something else than Checked.
	Command string `json:"command"`
	Subject string `json:"subject,omitempty"`
	// Findings are those that count, the worst first.
	Findings []Finding `json:"findings"`
	// Suppressed are those that do not.
	Suppressed []Finding `json:"suppressed"`
	// Crashed has a line for each rule that failed to give an answer.
	Crashed []string `json:"crashed"`
	// Unseen has a line for each thing that could not be read, and what would show it; left out if there is none.
	Unseen []string `json:"unseen,omitempty"`
	// InForce has a line for each stage that says what policy it serves; left out where nothing deployed was looked at.
	InForce []string `json:"inForce,omitempty"`
	// Checked names what was looked at.
	Checked []Checked `json:"checked"`
}

// Checked is a stage of an API that was looked at.
type Checked struct {
	File      string    `json:"file"`
	API       string    `json:"api"`
	Stage     string    `json:"stage"`
	Routes    int       `json:"routes"`
	Allowlist Allowlist `json:"allowlist"`
}

// Worst gives the worst severity of what counts, and false if nothing does.
func (r *Report) Worst() (Severity, bool) {
	if len(r.Findings) == 0 {
		return "", false
	}
	return r.Findings[0].Severity, true
}

// Answered says that there was something to look at, that all of it was seen, and that no rule failed to look.
func (r *Report) Answered() bool {
	return len(r.Crashed)+len(r.Unseen) == 0 && (r.Subject != "" || len(r.Checked) > 0)
}

// Check runs every rule over every API of the documents. Stated is the allowlist, or nil to have it inferred.
func Check(docs []*Document, stated *Allowlist, suppressions []Suppression) *Report {
	return check("check", rulesOf("check"), docs, stated, nil, suppressions)
}

// CheckWith is [Check] for a command that found more by other means. Blind has the beginnings of the ids of rules that are
// not asked, since what they look at could not be read.
func CheckWith(command string, docs []*Document, stated *Allowlist, more []Finding, suppressions []Suppression, blind []string) *Report {
	rules := slices.DeleteFunc(rulesOf("check"), func(r Rule) bool {
		return slices.ContainsFunc(blind, func(id string) bool { return strings.HasPrefix(r.ID, id) })
	})
	return check(command, rules, docs, stated, more, suppressions)
}

func check(command string, rules []Rule, docs []*Document, stated *Allowlist, more []Finding, suppressions []Suppression) *Report {
	rep := newReport(command, "")
	all := slices.Clone(more)
	for _, d := range docs {
		suppressions = append(suppressions, d.suppressions()...)
		for _, p := range d.Problems {
			all = append(all, d.finding(notUnderstood, place{id: p.LogicalID}, p.Text, ""))
		}
		for _, v := range views(d, stated, func(id, text string) {
			all = append(all, d.finding(notUnderstood, place{id: id}, text, ""))
		}) {
			rep.Checked = append(rep.Checked, Checked{d.Name, v.API.ID, v.API.Stage, len(v.routes), *v.Allowlist})
			for _, r := range rules {
				found, crash := run(r, v)
				if crash != "" {
					rep.Crashed = append(rep.Crashed, crash)
				}
				all = append(all, found...)
			}
		}
	}
	rep.settle(all, suppressions)
	return rep
}

// NewReport gives the report of a command that finds by other means than templates. Crashed has a line for each part of it that
// failed to give an answer.
func NewReport(command, subject string, found []Finding, suppressions []Suppression, crashed []string) *Report {
	rep := newReport(command, subject)
	rep.Crashed = append(rep.Crashed, crashed...)
	rep.settle(found, suppressions)
	return rep
}

func newReport(command, subject string) *Report {
	return &Report{Command: command, Subject: subject, Findings: []Finding{}, Suppressed: []Finding{}, Crashed: []string{}, Checked: []Checked{}}
}

// settle puts the findings in order, each once, and those aside that are suppressed.
func (r *Report) settle(all []Finding, suppressions []Suppression) {
	slices.SortStableFunc(all, order)
	all = slices.CompactFunc(all, func(a, b Finding) bool { return order(a, b) == 0 })
	r.suppress(all, suppressions)
	slices.SortStableFunc(r.Findings, order)
}

func order(a, b Finding) int {
	return cmp.Or(cmp.Compare(rank(a.Severity), rank(b.Severity)), strings.Compare(a.File, b.File), strings.Compare(a.Rule, b.Rule),
		strings.Compare(a.API, b.API), cmp.Compare(b.Count, a.Count), strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method), strings.Compare(a.LogicalID, b.LogicalID), strings.Compare(a.Detail, b.Detail))
}

// run runs one rule. One that panics gives a line that says so.
func run(r Rule, v *View) (found []Finding, crash string) {
	defer func() {
		if e := recover(); e != nil {
			found, crash = nil, fmt.Sprintf("%s crashed on %s, API %s: %v", r.ID, v.Document.Name, v.API.ID, e)
		}
	}()
	r.check(v, func(p place, detail, console string) {
		p.api = v.API.ID
		found = append(found, v.Document.finding(r, p, detail, console))
	})
	return found, ""
}

// place is where a finding is.
type place struct {
	id           string // logical id, or what package gateway has in its place for OpenAPI documents
	api          string
	path, method string
}

// at gives the place of a method.
func at(m *gateway.Method) place {
	return place{id: m.ID, path: m.Resource.Path, method: m.HTTPMethod}
}

func (d *Document) finding(r Rule, p place, detail, console string) Finding {
	id := p.id
	res := d.resources[id]
	if res == nil && p.api != "" {
		id = p.api
		res = d.resources[id]
	}
	f := r.At(Finding{File: d.Name, Line: d.lines[id], Stack: d.Stack, LogicalID: id, API: p.api,
		Path: p.path, Method: p.method, Detail: detail, Console: console})
	if res != nil {
		f.ConstructPath, _ = res.metadata["aws:cdk:path"].(string)
	}
	return f
}

// views gives a view for each stage of each API of a document.
func views(d *Document, stated *Allowlist, problem func(id, text string)) []*View {
	var out []*View
	elsewhere(d, problem)
	for _, api := range d.sorted("AWS::ApiGateway::RestApi") {
		opts := gateway.Options{API: api.id}
		stages := []string{""}
		app, err := cfn.Parse(d.Name, d.JSON, cfn.Options{Parameters: d.parameters(), Region: d.Region})
		if err != nil {
			problem(api.id, err.Error())
			continue
		}
		if named, err := gateway.Stages(app, opts); err == nil && len(named) > 1 {
			stages = named
		}
		for _, stage := range stages {
			opts.Stage = stage
			loaded, err := gateway.Load(app, opts)
			if err != nil {
				problem(api.id, err.Error())
				continue
			}
			for _, p := range loaded.Problems {
				problem(api.id, p)
			}
			for _, p := range loaded.Elsewhere {
				if !slices.Contains(loaded.Problems, p) {
					problem(api.id, p)
				}
			}
			v, err := newView(d, loaded, stated)
			if err != nil {
				problem(api.id, err.Error())
				continue
			}
			out = append(out, v)
		}
	}
	return out
}

// elsewhere says of methods whose API is not in the template, as in a nested stack, that they are not looked at.
func elsewhere(d *Document, problem func(id, text string)) {
	apis := d.sorted("AWS::ApiGateway::RestApi")
	var first *resource
	count := 0
	for _, m := range d.sorted("AWS::ApiGateway::Method") {
		if !slices.ContainsFunc(apis, func(a *resource) bool { return refersTo(m.props["RestApiId"], a.id) }) {
			if first == nil {
				first = m
			}
			count++
		}
	}
	if first != nil {
		problem(first.id, fmt.Sprintf("%s of an API that is not in this template, and not checked", plural(count, "method")))
	}
}

// parameters gives a value to each parameter, its default if it has one, so that a template can be judged without being
// told. One whose name speaks of an origin gets an origin.
func (d *Document) parameters() map[string]string {
	params, _ := d.root["Parameters"].(map[string]any)
	out := map[string]string{}
	for name, v := range params {
		p, _ := v.(map[string]any)
		low := strings.ToLower(name)
		allowed, _ := p["AllowedValues"].([]any)
		switch {
		case p["Default"] != nil:
			out[name] = fmt.Sprint(p["Default"])
		case len(allowed) > 0:
			out[name] = fmt.Sprint(allowed[0])
		case strings.Contains(low, "origin") || strings.HasSuffix(low, "url"):
			out[name] = "https://" + low + ".parameter.example"
		default:
			out[name] = low
		}
	}
	return out
}
