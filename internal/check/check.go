package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

// Check runs every rule over every API of the documents. Stated is the allowlist, or nil to have it inferred.
func Check(docs []*Document, stated *Allowlist, suppressions []report.Suppression) *report.Report {
	return check("check", checks, docs, stated, nil, suppressions)
}

// CheckWith is [Check] for a command that found more by other means. Blind has the rules that are not asked, since what they
// look at could not be read.
func CheckWith(command string, docs []*Document, stated *Allowlist, more []report.Finding, suppressions []report.Suppression, blind []rules.ID) *report.Report {
	seeing := maps.Clone(checks)
	maps.DeleteFunc(seeing, func(id rules.ID, _ checker) bool { return slices.Contains(blind, id) })
	return check(command, seeing, docs, stated, more, suppressions)
}

func check(command string, checks map[rules.ID]checker, docs []*Document, stated *Allowlist, more []report.Finding, suppressions []report.Suppression) *report.Report {
	all := slices.Clone(more)
	checked, crashed := []report.Checked{}, []string{}
	for _, d := range docs {
		suppressions = append(suppressions, d.suppressions()...)
		for _, p := range d.Problems {
			all = append(all, d.finding(rules.CORS903, place{id: p.LogicalID}, p.Text, ""))
		}
		for _, v := range views(d, stated, func(id, text string) {
			all = append(all, d.finding(rules.CORS903, place{id: id}, text, ""))
		}) {
			checked = append(checked, report.Checked{File: d.Name, API: v.API.ID, Stage: v.API.Stage, Routes: len(v.routes), Allowlist: v.Allowlist.Allowlist})
			for _, id := range slices.Sorted(maps.Keys(checks)) {
				found, crash := run(id, checks[id], v)
				if crash != "" {
					crashed = append(crashed, crash)
				}
				all = append(all, found...)
			}
		}
	}
	rep := report.New(command, "", all, suppressions)
	rep.Checked, rep.Crashed = checked, crashed
	return rep
}

// run runs one rule. One that panics gives a line that says so.
func run(id rules.ID, check checker, v *View) (found []report.Finding, crash string) {
	defer func() {
		if e := recover(); e != nil {
			found, crash = nil, fmt.Sprintf("%s crashed on %s, API %s: %v", id, v.Document.Name, v.API.ID, e)
		}
	}()
	check(v, func(p place, detail, console string) {
		p.api = v.API.ID
		found = append(found, v.Document.finding(id, p, detail, console))
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

func (d *Document) finding(rule rules.ID, p place, detail, console string) report.Finding {
	id := p.id
	res := d.resources[id]
	if res == nil && p.api != "" {
		id = p.api
		res = d.resources[id]
	}
	f := report.Of(rule, report.Finding{File: d.Name, Line: d.lines[id], Stack: d.Stack, LogicalID: id, API: p.api,
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
			if names := v.unreadPolicy(); len(names) > 0 {
				problem(api.id, "whether the resource policy lets preflights in depends on "+strings.Join(names, ", ")+", and was not judged")
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
		problem(first.id, fmt.Sprintf("%s of an API that is not in this template, and not checked", report.Plural(count, "method")))
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
