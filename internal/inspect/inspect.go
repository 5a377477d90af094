package inspect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/corssetting"
	"github.com/corsgate/corsgate/internal/diff"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// A Template is what the API was made from.
type Template struct {
	Name string
	App  *cfn.App
	// API is the logical id of the RestApi, where the template has several.
	API string
	// Variables are the values of stage variables that are not known before the stack is deployed.
	Variables map[string]string
}

// Inspect says what of an API is not as it should be: by the rules of check, and by what only a look at the account can
// show. The template may be nil. The second result is the policy that each stage serves.
func Inspect(ctx context.Context, s *State, t *Template, stated *check.Allowlist, suppressions []report.Suppression) (*report.Report, []*InForce, error) {
	doc := s.configured(s.stages)
	app, err := cfn.Parse(s.name(), doc, cfn.Options{Region: s.Region})
	if err != nil {
		return nil, nil, err
	}
	i := &inspector{ctx: ctx, s: s, doc: doc, open: slices.Clone(s.open)}
	if t != nil {
		for _, p := range t.App.Problems {
			if p.Stack == "" || p.Kind == cfn.Elsewhere && gateway.Concerns(t.App, p) {
				i.open = append(i.open, p.Error())
			}
		}
	}
	var policies []*InForce
	for _, st := range s.stages {
		p, err := i.stage(st)
		if err != nil {
			return nil, nil, err
		}
		policies = append(policies, p)
		if t != nil {
			if err := i.drift(t, st); err != nil {
				return nil, nil, err
			}
		}
	}
	if err := i.domains(policies); err != nil {
		return nil, nil, err
	}
	if t != nil {
		i.mappings(t)
	}
	rep := check.CheckWith("inspect", app, stated, i.found, suppressions, s.blind)
	rep.Unseen = slices.Clone(s.Unseen)
	for _, u := range s.undeployed {
		if slices.Contains(s.stageNames(), u[0]) {
			rep.Unseen = append(rep.Unseen, "what stage "+u[0]+" serves: "+u[1])
		}
	}
	for _, l := range i.open {
		if !slices.Contains(rep.NotJudged, l) {
			rep.NotJudged = append(rep.NotJudged, l)
		}
	}
	if s.other.public && !s.other.invoked {
		rep.Notes = append(rep.Notes, "the function's policy lets everybody call the URL (lambda:InvokeFunctionUrl), but not the function (lambda:InvokeFunction), which function URLs made since October 2025 need: without it Lambda responds with 403")
	}
	for _, p := range policies {
		rep.InForce = append(rep.InForce, p.Line())
	}
	return rep, policies, nil
}

// inspector collects findings.
type inspector struct {
	ctx   context.Context
	s     *State
	doc   []byte // what is configured
	found []report.Finding
	open  []string // what is not judged
}

// left notes what could not be compared.
func (i *inspector) left(subject string, list []diff.NotCompared) {
	for _, n := range list {
		line := subject
		if n.Route != "" {
			line = n.Route + ": " + line
		}
		line += " is not compared"
		if n.If != "" {
			line += " if " + n.If
		}
		i.open = append(i.open, line+": "+n.Why)
	}
}

// find makes a finding about something of the API.
func (i *inspector) find(id rules.ID, f report.Finding) {
	f.File, f.Stack, f.API = i.s.name(), i.s.ID, i.s.ID
	i.found = append(i.found, report.Of(id, f))
}

// behind is the backend of both sides of a comparison: what stands behind the API is the same for both, and not run.
var behind = simulate.NotRun(nil)

// load reads an API of a template with an API key that every method takes for right; whether it is right is not CORS's
// question.
func load(name, region string, template []byte, o gateway.Options) (*simulate.Site, error) {
	app, err := cfn.Parse(name, template, cfn.Options{Region: region})
	if err != nil {
		return nil, err
	}
	return choose(app, o)
}

func choose(app *cfn.App, o gateway.Options) (*simulate.Site, error) {
	o.APIKeys, o.Policy = []string{questions.Value("x-api-key")}, gateway.IgnorePolicy
	api, err := gateway.Load(app, o)
	if err != nil {
		return nil, err
	}
	return &simulate.Site{API: api, Backend: behind}, nil
}

// stageOf says which stage is meant, at the beginning of a line; a function URL has none.
func (s *State) stageOf(name string) string {
	if s.kind == gateway.FunctionURL {
		return "the function URL"
	}
	return "stage " + name
}

// id is where findings about a stage are.
func (s *State) id(st types.Stage) string {
	if s.kind == gateway.FunctionURL {
		return s.ID
	}
	return stageID(st)
}

func stageID(st types.Stage) string { return "stages/" + aws.ToString(st.StageName) }

// stage compares what a stage serves with what is configured, and gives the policy that it serves.
func (i *inspector) stage(st types.Stage) (*InForce, error) {
	i.canary(st)
	name := aws.ToString(st.StageName)
	configured, err := load("", i.s.Region, i.doc, gateway.Options{Stage: name})
	if err != nil {
		return nil, err
	}
	if i.s.kind != gateway.RestAPI {
		return inForce(i.ctx, configured)
	}
	template, known := i.s.serves(st)
	switch {
	case !known && !i.s.sees(rules.CORS601):
		return &InForce{Kind: i.s.kind, API: i.s.ID, Stage: name, Unknown: []string{"all"}}, nil
	case !known:
		p, err := inForce(i.ctx, configured)
		if err == nil {
			p.note("this is what is configured: what the stage serves was not seen")
		}
		return p, err
	}
	serves, err := load("", i.s.Region, template, gateway.Options{Stage: name})
	if err != nil {
		return nil, fmt.Errorf("what stage %s serves: %w", name, err)
	}
	if i.s.sees(rules.CORS601) {
		d, err := diff.Between(i.ctx, serves, configured)
		if err != nil {
			return nil, err
		}
		i.left("what stage "+name+" serves", d.NotCompared)
		i.differences(rules.CORS601, stageID(st), "stage "+name+" serves deployment "+aws.ToString(st.DeploymentId), d.Sentences("as deployed", "as configured"))
	}
	return inForce(i.ctx, serves)
}

// most bounds how many differences of one kind are said one by one.
const most = 8

// differences makes a finding of each difference, and where there are many, of the first of them, with one that says so.
func (i *inspector) differences(rule rules.ID, id, subject string, sentences []diff.Sentence) {
	if !i.s.sees(rules.CORS301) {
		sentences = slices.DeleteFunc(sentences, func(s diff.Sentence) bool { return len(s.Errors) > 0 })
	}
	for n, s := range sentences {
		f := report.Finding{LogicalID: id, Detail: subject + "; " + s.Text}
		if n == most && len(sentences) > most+1 {
			f.Detail = fmt.Sprintf("%s; browsers notice %d differences, of which %d are listed", subject, len(sentences), most)
			i.find(rule, f)
			return
		}
		if len(s.Routes) == 1 {
			f.Method, f.Path, _ = strings.Cut(s.Routes[0], " ")
		}
		i.find(rule, f)
	}
}

// corsVariables are those that decide on CORS.
func corsVariables(vars map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range vars {
		if strings.HasPrefix(k, "cors") {
			out[k] = v
		}
	}
	return out
}

// canary looks at the variables that a canary has instead of its stage's.
func (i *inspector) canary(st types.Stage) {
	if st.CanarySettings == nil {
		return
	}
	over := corsVariables(st.CanarySettings.StageVariableOverrides)
	for _, k := range slices.Sorted(maps.Keys(over)) {
		if over[k] != st.Variables[k] {
			i.find(rules.CORS605, report.Finding{LogicalID: stageID(st), Detail: fmt.Sprintf("%s %% of the requests to stage %s have %s %q, and the others %q",
				trim(st.CanarySettings.PercentTraffic), aws.ToString(st.StageName), k, over[k], st.Variables[k])})
		}
	}
}

func trim(f float64) string {
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", f), "0"), ".")
}

// drift compares the template with what is configured.
func (i *inspector) drift(t *Template, st types.Stage) error {
	name := aws.ToString(st.StageName)
	o := gateway.Options{Kind: i.s.kind, API: t.API, Variables: t.Variables}
	app := t.App.With(cfn.Options{Region: i.s.Region})
	stages, err := gateway.Stages(app, o)
	if err != nil {
		return err
	}
	switch {
	case slices.Contains(stages, name):
		o.Stage = name
	case len(stages) != 1 && i.s.kind != gateway.FunctionURL:
		i.find(rules.CORS602, report.Finding{LogicalID: stageID(st), Detail: fmt.Sprintf("the template %s has no stage %s", t.Name, name)})
		return nil
	}
	live, err := load("", i.s.Region, i.doc, gateway.Options{Stage: name})
	if err != nil {
		return err
	}
	// What the variables make different is said by itself; with the same ones, what else is.
	var intended []*gateway.API
	d, err := diff.Against(i.ctx, app, func(app *cfn.App) (*simulate.Site, error) {
		site, err := choose(app, o)
		if err != nil {
			return nil, err
		}
		variables := site.API.Variables
		if len(corsVariables(variables))+len(corsVariables(live.API.Variables)) > 0 {
			site.API.Variables = live.API.Variables
		}
		if site.API.NoSetting() != nil { // what that hangs on is said of each route
			intended = append(intended, nil)
			return site, nil
		}
		intended = append(intended, &gateway.API{App: app, Variables: variables, CORS: site.API.CORS})
		if i.s.kind != gateway.RestAPI {
			site.API.CORS = live.API.CORS
		}
		return site, nil
	}, live)
	if err != nil {
		return err
	}
	i.variables(intended, live.API, i.s.id(st))
	if !i.s.sees(rules.CORS602) {
		return nil
	}
	i.left(i.s.stageOf(name), d.NotCompared)
	i.differences(rules.CORS602, i.s.id(st), i.s.stageOf(name), d.Sentences("by the template", "in the account"))
	return nil
}

// variables compares those that decide on CORS, the allowlist origin by origin. What differs in some of the ways alone in
// which the template can be deployed is not told. An API that is nil has a setting that is not known.
func (i *inspector) variables(intended []*gateway.API, live *gateway.API, id string) {
	var told []string
	for k, api := range intended {
		var lines []string
		open := ""
		switch {
		case api == nil:
		case i.s.kind != gateway.RestAPI:
			lines, open = settingDrifted(api, live)
		default:
			lines, open = drifted(api, live)
		}
		if open != "" {
			i.open = append(i.open, i.s.stageOf(live.Stage)+" is not compared: "+open)
		}
		if k == 0 {
			told = lines
		}
		told = slices.DeleteFunc(told, func(l string) bool { return !slices.Contains(lines, l) })
	}
	for _, l := range told {
		i.find(rules.CORS603, report.Finding{LogicalID: id, Detail: i.s.stageOf(live.Stage) + ": " + l})
	}
}

// drifted says which variables are not those of the template, and what of them is not compared.
func drifted(intended, live *gateway.API) (lines []string, open string) {
	want, have := corsVariables(intended.Variables), corsVariables(live.Variables)
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	misread := malformed(have)
	leave := func(text string) { open = "the template has " + intended.App.Show(text) }
	allowlists(intended.App, origins(want), origins(have), say, leave)
	keys := slices.Concat(slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(have)))
	slices.Sort(keys)
	for _, k := range slices.Compact(keys) {
		switch a, b := want[k], have[k]; {
		case a == b || stagevars.IsAllowlist(k) && !slices.Contains(misread, k):
		case cfn.HasSymbol(a):
			leave(k + " " + a)
		default:
			say("%s is %s in the account and %s in the template", k, or(b), or(a))
		}
	}
	return lines, open
}

// allowlists compares two, origin by origin.
func allowlists(app *cfn.App, was, is []string, say func(string, ...any), leave func(string)) {
	for _, o := range is {
		if !slices.ContainsFunc(was, func(w string) bool { return mayBe(app, w, o) }) {
			say("%s is on the allowlist in the account and not on the template's", asIs(o))
		}
	}
	for _, o := range was {
		switch {
		case cfn.HasSymbol(o):
			leave(o)
		case !slices.Contains(is, o):
			say("%s is on the template's allowlist and not on that in the account", asIs(o))
		}
	}
}

// settingDrifted is [drifted] for the CORS setting of an HTTP API or a function URL. A setting that is not there has nothing in it.
func settingDrifted(intended, live *gateway.API) (lines []string, open string) {
	want, have := cmp.Or(intended.CORS, &corssetting.Setting{}), cmp.Or(live.CORS, &corssetting.Setting{})
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	leave := func(text string) { open = "the template has " + intended.App.Show(text) }
	sorted := func(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }
	allowlists(intended.App, sorted(want.Origins), sorted(have.Origins), say, leave)
	same := func(text string) string { return text }
	list := func(l []string, fold func(string) string) string {
		var out []string
		for _, e := range l {
			out = appendOnce(out, fold(e))
		}
		slices.Sort(out)
		return strings.Join(out, ", ")
	}
	// The service has false and 0 for what is not there.
	given := func(text, none string) string {
		if strings.EqualFold(text, none) {
			return ""
		}
		return strings.ToLower(text)
	}
	for _, m := range []struct{ name, want, have string }{
		{"AllowCredentials", given(want.Credentials, "false"), given(have.Credentials, "false")},
		{"AllowHeaders", list(want.Headers, strings.ToLower), list(have.Headers, strings.ToLower)},
		{"AllowMethods", list(want.Methods, same), list(have.Methods, same)},
		{"ExposeHeaders", list(want.Expose, strings.ToLower), list(have.Expose, strings.ToLower)},
		{"MaxAge", given(want.MaxAge, "0"), given(have.MaxAge, "0")},
	} {
		switch {
		case m.want == m.have:
		case cfn.HasSymbol(m.want):
			open = "the template has " + m.name + " " + intended.App.Show(m.want)
		default:
			say("%s is %s in the account and %s in the template", m.name, cmp.Or(m.have, "absent"), cmp.Or(m.want, "absent"))
		}
	}
	return lines, open
}

// malformed names the variables that are not understood.
func malformed(vars map[string]string) (names []string) {
	_, err := cors.FromStageVariables(vars)
	var all *cors.ConfigError
	if !errors.As(err, &all) {
		return nil
	}
	for _, fault := range all.Faults {
		var f *cors.VariableError
		if errors.As(fault, &f) {
			names = append(names, f.Name)
		}
	}
	return names
}

// mayBe reports whether an element of the template's allowlist is one in the account, or may be once what is not known in
// it is.
func mayBe(app *cfn.App, element, origin string) bool {
	var b strings.Builder
	last := 0
	for _, s := range app.StandIns(element) {
		b.WriteString(regexp.QuoteMeta(element[last:s.From]) + ".+")
		last = s.To
	}
	b.WriteString(regexp.QuoteMeta(element[last:]))
	return regexp.MustCompile("^(?:" + b.String() + ")$").MatchString(origin)
}

// origins returns the elements of an allowlist, as they are in the variables, whether or not it can be read as one. The value of
// a variable for one origin is one element, whatever it holds.
func origins(vars map[string]string) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(vars)) {
		if !stagevars.IsAllowlist(k) {
			continue
		}
		list := []string{vars[k]}
		if strings.HasPrefix(k, stagevars.Origins) {
			list = strings.Split(vars[k], ",")
		}
		for _, o := range list {
			if o != "" {
				out = appendOnce(out, o)
			}
		}
	}
	slices.Sort(out)
	return out
}

func or(v string) string {
	if v == "" {
		return "absent"
	}
	return asIs(v)
}

// asIs shows a value; in quotes, where it would not be seen as it is without.
func asIs(v string) string {
	if strings.ContainsAny(v, " \t\r\n") {
		return strconv.Quote(v)
	}
	return v
}
