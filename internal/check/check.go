package check

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

// Check runs every rule over every API of an app. Stated is the allowlist, or nil to have it inferred.
func Check(app *cfn.App, stated *Allowlist, suppressions []report.Suppression) *report.Report {
	return check("check", checks, app, stated, nil, suppressions)
}

// CheckWith is [Check] for a command that found more by other means. Blind has the rules that are not asked, since what they
// look at could not be read.
func CheckWith(command string, app *cfn.App, stated *Allowlist, more []report.Finding, suppressions []report.Suppression, blind []rules.ID) *report.Report {
	seeing := maps.Clone(checks)
	maps.DeleteFunc(seeing, func(id rules.ID, _ checker) bool { return slices.Contains(blind, id) })
	return check(command, seeing, app, stated, more, suppressions)
}

func check(command string, checks map[rules.ID]checker, app *cfn.App, stated *Allowlist, more []report.Finding, suppressions []report.Suppression) *report.Report {
	out := look(app, checks, stated)
	var sides []side
	app.Turns(touches, func(t cfn.Turn) *cfn.App {
		other := app.With(cfn.Options{Conditions: t.Conditions})
		sides = append(sides, side{t.Condition, t.Parent, look(other, checks, stated)})
		return other
	})
	out.beside(sides)
	for _, l := range app.Lookups() {
		if !slices.ContainsFunc(l.Touches, touches) {
			continue
		}
		for _, key := range l.Keys {
			out.under(l.Symbol.String()+" is "+key, look(app.With(cfn.Options{IDs: map[string]string{l.Symbol.ID(): key}}), checks, stated))
		}
	}
	rep := report.New(command, "", slices.Concat(more, out.findings), slices.Concat(suppressions, out.suppressions))
	rep.Checked, rep.Crashed, rep.NotJudged = out.checked, out.crashed, out.notJudged
	if command == "check" {
		rep.Notes = out.said()
	}
	return rep
}

// seen is what looking at an app under some values gave.
type seen struct {
	app          *cfn.App
	findings     []report.Finding
	notJudged    []string
	notes        notes
	suppressions []report.Suppression
	checked      []report.Checked
	crashed      []string
}

// look runs the rules over an app as its conditions are.
func look(app *cfn.App, checks map[rules.ID]checker, stated *Allowlist) *seen {
	s := &seen{app: app, notJudged: []string{}, checked: []report.Checked{}, crashed: []string{}}
	for _, st := range app.Stacks {
		for _, r := range st.Resources {
			s.suppressions = append(s.suppressions, suppressionsOf(r)...)
		}
	}
	s.problems()
	s.orphans()
	for _, v := range s.views(stated) {
		list := v.Allowlist.Allowlist
		list.Origins, list.Names = s.shown(list.Origins), s.shown(list.Names)
		kind := ""
		if v.API.Kind != gateway.RestAPI {
			kind = string(v.API.Kind)
		}
		s.checked = append(s.checked, report.Checked{Kind: kind, File: v.API.Rest.Stack.File, API: app.Name(v.API.Rest), Stage: app.Show(v.API.Stage), Routes: len(v.routes), Allowlist: list})
		for _, id := range slices.Sorted(maps.Keys(checks)) {
			switch {
			case ofSettings(id) != (v.API.Kind != gateway.RestAPI):
			case ofSettings(id), v.usesCORS(), slices.Contains(ofEveryAPI, id):
				s.run(id, checks[id], v)
			}
		}
		for _, l := range v.notJudged {
			s.leave(v.API, l)
		}
		s.note(v)
	}
	return s
}

// run runs one rule. A panic becomes a line of the report.
func (s *seen) run(id rules.ID, check checker, v *View) {
	var found []report.Finding
	defer func() {
		if e := recover(); e != nil {
			s.crashed = append(s.crashed, fmt.Sprintf("%s crashed on %s, API %s: %v", id, v.API.Rest.Stack.File, v.API.ID, e))
			return
		}
		s.findings = append(s.findings, found...)
	}()
	check(v, func(p place, detail, console string) {
		f := report.Finding{API: v.API.ID, Path: p.path, Method: p.method, Note: s.app.Show(p.note), Detail: s.app.Show(detail), Console: s.app.Show(console)}
		r := p.of
		if r == nil {
			r = v.API.Rest
		}
		f.File, f.Line, f.Stack, f.LogicalID = r.Stack.File, r.Line, r.Stack.Name, r.ID
		if line := r.RouteLine(p.method, p.path); line > 0 {
			f.Line = line
		}
		f.ConstructPath, _ = r.Metadata["aws:cdk:path"].(string)
		f.Fix = v.fix(id, p).Map(s.app.Show)
		found = append(found, report.Of(id, f))
	})
}

// place is where a finding is.
type place struct {
	of           *cfn.Resource // nil for the API
	path, method string
	note         string // what is particular to it, to follow what is wrong
	// What the fix of a finding about an HTTP API or a function URL is: members of its setting, a route for the preflights that this
	// one takes, that everybody may call it.
	setting      *map[string]any
	unauthorized *gateway.Method
	public       bool
	advice       string
}

// at returns the place of a method.
func at(m *gateway.Method) place {
	return place{of: m.Source, path: m.Resource.Path, method: m.HTTPMethod}
}

// leave records that something of an API, or of none, is not judged.
func (s *seen) leave(api *gateway.API, line string) {
	if api != nil && len(gateway.APIs(s.app)) > 1 {
		line = s.app.Name(api.Rest) + ": " + line
	}
	if line = report.OneLine(s.app.Show(line)); !slices.Contains(s.notJudged, line) {
		s.notJudged = append(s.notJudged, line)
	}
}

func (s *seen) shown(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = s.app.Show(t)
	}
	return out
}

// refused reports what CloudFormation refuses, or SAM.
func (s *seen) refused(id rules.ID, f report.Finding) {
	f.Detail = s.app.Show(f.Detail)
	if samKey.MatchString(f.Detail) {
		id, f.Fix = rules.CORS904, samFix(f)
	} else if _, missing, ok := strings.Cut(f.Detail, "has no Transform: "); ok {
		name, _, _ := strings.Cut(missing, ",")
		f.Fix = rules.Fix{CloudFormation: "Transform: " + name}
	}
	s.findings = append(s.findings, report.Of(id, f))
}

// samKey finds what SAM refuses that is about CORS.
var samKey = regexp.MustCompile(`\bSAM\b.*\b(Cors|GatewayResponses|AddDefaultAuthorizerToCorsPreflight|AddApiKeyRequiredToCorsPreflight)\b`)

// problems says what of the templates was not read. What has nothing to do with APIs is passed over, and so is a
// function that is not evaluated: where its value decides, the method says so.
func (s *seen) problems() {
	for _, p := range s.app.Problems {
		switch {
		case p.Stack == "":
			s.leave(nil, p.Error())
		case p.Kind == cfn.Unsupported || !gateway.Concerns(s.app, p) && !samKey.MatchString(p.Text):
		case p.Kind == cfn.Elsewhere, p.Condition:
			s.leave(nil, p.Error())
		case p.Circle:
			s.refused(rules.CORS409, report.Finding{File: p.File, Line: p.Line, Stack: p.Stack, LogicalID: p.LogicalID, Detail: p.Text})
		default:
			s.refused(rules.CORS903, report.Finding{File: p.File, Line: p.Line, Stack: p.Stack, LogicalID: p.LogicalID, Detail: p.Text})
		}
	}
}

// orphans says of methods and routes whose API is not in the app that they are not looked at.
func (s *seen) orphans() {
	orphans := gateway.Orphans(s.app)
	for _, what := range []string{"Method", "Route"} {
		list := slices.DeleteFunc(slices.Clone(orphans), func(m *cfn.Resource) bool { return !strings.HasSuffix(m.Type, "::"+what) })
		if len(list) > 0 {
			m := list[0]
			s.leave(nil, fmt.Sprintf("%s:%d: %s: %s of an API that is not in the templates", m.Stack.File, m.Line, m.ID, report.Plural(len(list), strings.ToLower(what))))
		}
	}
}

// views returns a view for each stage of each API.
func (s *seen) views(stated *Allowlist) []*View {
	var out []*View
	for _, api := range gateway.APIs(s.app) {
		opts := gateway.Options{API: api.ID, Policy: gateway.IgnorePolicy} // a rule of its own judges it
		stages, err := gateway.Stages(s.app, opts)
		if err != nil || len(stages) < 2 {
			stages = []string{""}
		}
		for _, stage := range stages {
			opts.Stage = stage
			loaded, err := gateway.Load(s.app, opts)
			if err != nil {
				s.leave(nil, err.Error())
				continue
			}
			if loaded.Kind != gateway.RestAPI {
				v := newSettingView(loaded)
				s.unread(v)
				out = append(out, v)
				continue
			}
			v, err := newView(loaded, stated.of(loaded.Rest))
			if err != nil {
				s.leave(nil, err.Error())
				continue
			}
			s.unread(v)
			out = append(out, v)
		}
	}
	return out
}

// unread says what of an API was not read, or not understood.
func (s *seen) unread(v *View) {
	api := v.API
	said := slices.ContainsFunc(s.app.Problems, func(p cfn.Problem) bool {
		return p.Kind == cfn.Elsewhere && p.Stack == api.Rest.Stack.Name && p.LogicalID == api.Rest.ID
	})
	for _, l := range slices.Concat(api.Elsewhere, api.NotKnown) {
		if !slices.Contains(api.Problems, l) && slices.ContainsFunc(s.app.Problems, func(p cfn.Problem) bool { return p.Error() == l }) {
			continue // said of the app
		}
		if !said || !slices.Contains(api.Problems, l) {
			s.leave(api, l)
		}
	}
	routes := map[string][]string{} // by what is not known of them
	var order, ofMethods []string
	for _, r := range api.Resources() {
		for _, m := range r.Methods() {
			if m.Err == nil {
				continue
			}
			ofMethods = append(ofMethods, s.app.Show(m.Problem()))
			var unknown *cfn.Unknown
			var why string
			switch {
			case errors.As(m.Err, &unknown):
				why = unknown.Symbol.String() + ": " + unknown.Symbol.Why
			case errors.As(m.Err, new(gateway.Undocumented)):
				why = m.Err.Error()
			default:
				p := at(m)
				s.refused(rules.CORS903, report.Finding{File: m.Source.Stack.File, Line: m.Source.Line, Stack: m.Source.Stack.Name, LogicalID: m.Source.ID, API: api.ID, Path: p.path, Method: p.method, Detail: m.Err.Error()})
				continue
			}
			if routes[why] == nil {
				order = append(order, why)
			}
			routes[why] = append(routes[why], m.HTTPMethod+" "+r.Path)
		}
	}
	for _, why := range order {
		list := routes[why]
		if len(list) > 4 {
			list = append(slices.Clone(list[:3]), fmt.Sprintf("%d more", len(list)-3))
		}
		s.leave(api, strings.Join(list, ", ")+": "+why)
	}
	for _, l := range api.Problems {
		if !slices.Contains(api.Elsewhere, l) && !slices.Contains(api.NotKnown, l) && !slices.Contains(ofMethods, l) {
			s.refused(rules.CORS903, report.Finding{File: api.Rest.Stack.File, Line: api.Rest.Line, Stack: api.Rest.Stack.Name, LogicalID: api.Rest.ID, API: api.ID, Detail: l})
		}
	}
	for _, typ := range v.unknownTypes() {
		f := report.Finding{File: api.Rest.Stack.File, Line: api.Rest.Line, Stack: api.Rest.Stack.Name, LogicalID: api.Rest.ID, API: api.ID,
			Detail: fmt.Sprintf("there is no gateway response %s; the types are in capitals, such as DEFAULT_4XX", typ), Fix: v.inCapitals(typ)}
		s.findings = append(s.findings, report.Of(rules.CORS904, f))
	}
	if names := v.unreadPolicy(); len(names) > 0 {
		s.leave(api, "whether the resource policy lets preflights in: it depends on "+strings.Join(names, ", "))
	}
}

// suppressionsOf reads those of a resource.
func suppressionsOf(r *cfn.Resource) []report.Suppression {
	var out []report.Suppression
	list, _ := dig(r.Metadata, "corsgate")["suppress"].([]any)
	for _, e := range list {
		m, _ := e.(map[string]any)
		s := report.Suppression{Stack: r.Stack.Name, LogicalID: r.ID, File: r.Stack.File, Line: r.Line}
		s.ID, _ = m["id"].(string)
		s.Reason, _ = m["reason"].(string)
		out = append(out, s)
	}
	return out
}
