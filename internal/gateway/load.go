package gateway

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
)

// Load reads an API of an app. An app without one, or with several among which opts does not choose, is a
// [*LoadError].
func Load(app *cfn.App, opts Options) (*API, error) {
	l, err := newLoader(app, opts)
	if err != nil {
		return nil, err
	}
	return l.build()
}

// A Choice is an API that an app has.
type Choice struct {
	Kind     Kind
	ID       string // what [Options.API] takes
	Name     string // the property, with expressions for what is not known
	Resource *cfn.Resource
}

// APIs returns the APIs of an app of some kinds, of all if none is named: REST APIs first, each kind in the app's order.
func APIs(app *cfn.App, kinds ...Kind) []Choice {
	var out []Choice
	for _, r := range apis(app) {
		if kind := KindOf(r); len(kinds) == 0 || slices.Contains(kinds, kind) {
			name, _ := textOf(r.Properties["Name"])
			out = append(out, Choice{kind, app.Name(r), app.Show(name), r})
		}
	}
	return out
}

// Stages returns the names of the stages of the API that opts chooses, as [Options.Stage] takes them, in the app's order.
func Stages(app *cfn.App, opts Options) ([]string, error) {
	l, err := newLoader(app, opts)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, s := range l.stages() {
		if name := app.Show(s.name); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

type loader struct {
	app    *cfn.App
	opts   Options
	rest   *cfn.Resource
	api    *API
	models map[string]*cfn.Resource // by name
	beside []string                 // sources of methods that are left out, since it is not known which they are
}

// fail returns a [*LoadError] about the file of a stack.
func fail(kind LoadKind, st *cfn.Stack, format string, args ...any) error {
	file := ""
	if st != nil {
		file = st.File
	}
	return &LoadError{Kind: kind, File: file, Msg: fmt.Sprintf(format, args...)}
}

// newLoader chooses the API.
func newLoader(app *cfn.App, opts Options) (*loader, error) {
	if opts.API != "" { // first, since it may be asked once for each
		for _, r := range apis(app) {
			if opts.Kind != "" && KindOf(r) != opts.Kind {
				continue
			}
			if opts.API == r.Stack.Name+"/"+r.ID || opts.API == r.ID && app.Name(r) == r.ID {
				return &loader{app: app, opts: opts, rest: r}, nil
			}
		}
	}
	choices := APIs(app)
	none := NoneThere
	if opts.Kind != "" {
		choices, none = APIs(app, opts.Kind), "no "+string(opts.Kind)
	}
	var ids []string
	for _, c := range choices {
		ids = append(ids, c.ID)
	}
	var only *cfn.Stack
	if len(app.Stacks) > 0 {
		only = app.Stacks[0]
	}
	all := strings.Join(ids, ", ")
	switch {
	case opts.API != "":
		for _, st := range app.Stacks {
			for _, r := range st.Resources {
				if r.ID == opts.API && KindOf(r) == "" {
					why := "not a REST API, an HTTP API or a function URL"
					if r.Type == "AWS::ApiGatewayV2::Api" {
						why = "of the protocol WEBSOCKET, which has no CORS"
					}
					return nil, fail(NoAPI, st, "resource %s is a %s, %s", r.ID, r.Type, why)
				}
			}
		}
		if len(ids) == 0 {
			return nil, fail(NoAPI, only, "no resource %s, and "+none+" at all", opts.API)
		}
		return nil, fail(NoAPI, only, "no resource %s; the template has the API %s", opts.API, all)
	case len(ids) == 0:
		if sockets := WebSockets(app); len(sockets) > 0 {
			return nil, fail(NoAPI, only, "the template has the WebSocket API %s alone, which has no CORS: browsers open a WebSocket without it", app.Name(sockets[0]))
		}
		return nil, fail(NoAPI, only, "%s in the template; is it the right stack?", none)
	case len(ids) > 1:
		what := "APIs"
		if !slices.ContainsFunc(choices, func(c Choice) bool { return c.Kind != choices[0].Kind }) {
			what = string(choices[0].Kind) + "s"
		}
		return nil, fail(SeveralAPIs, choices[0].Resource.Stack, "%d %s: %s; say which one is meant", len(ids), what, all)
	}
	return &loader{app: app, opts: opts, rest: choices[0].Resource}, nil
}

// of returns the API's resources of a type, in whatever stack.
func (l *loader) of(typ string) []*cfn.Resource { return l.app.Of(l.rest, KindOf(l.rest).typed()+typ) }

func (l *loader) build() (*API, error) {
	st := l.rest.Stack
	a := &API{Kind: KindOf(l.rest), App: l.app, Rest: l.rest, ID: l.rest.ID, responses: map[string]*gatewayResponse{}, keys: map[string]string{},
		region: cmp.Or(st.Region, "us-east-1"), account: cmp.Or(st.Account, "111111111111"), authorizers: l.opts.Authorizers, valid: l.opts.AssumeValid, Variables: map[string]string{}}
	l.api = a
	if a.Kind != RestAPI {
		return l.buildOther()
	}
	a.root = &Resource{ID: l.rest.ID, Source: l.rest, Path: "/", methods: map[string]*Method{}}
	a.resources = []*Resource{a.root}
	p := l.rest.Properties
	a.Name, _ = textOf(p["Name"])
	top := &reader{l: l}
	a.KeySource = top.known(p["ApiKeySourceType"], "ApiKeySourceType")
	l.resourcePolicy()
	for _, v := range top.list(p["BinaryMediaTypes"], "BinaryMediaTypes") {
		if s := top.known(v, "BinaryMediaTypes"); s != "" {
			a.BinaryTypes = append(a.BinaryTypes, strings.ReplaceAll(s, "~1", "/"))
		}
	}
	if err := l.stage(); err != nil {
		return nil, err
	}
	maps.Copy(a.Variables, top.strMap(a.stageProperties["Variables"], "Variables"))
	l.canary(top)
	for _, k := range slices.Sorted(maps.Keys(a.Variables)) {
		if fault := apigw.StageVariableFault(a.Variables[k]); fault != "" {
			l.undeployable("stage variable %s: %s", k, fault)
		}
	}
	maps.Copy(a.Variables, l.opts.Variables)
	maps.DeleteFunc(a.overridden, func(k, v string) bool {
		given, ok := a.Variables[k]
		_, chosen := l.opts.Variables[k]
		return chosen || ok && given == v
	})
	if top.err != nil {
		l.left(l.rest.ID, top.err)
	}
	l.strays()
	l.elsewhere()
	l.models = map[string]*cfn.Resource{}
	for _, m := range l.of("Model") {
		if n, err := textOf(m.Properties["Name"]); err == nil && n != "" {
			l.models[n] = m
		}
	}
	switch body := p["Body"]; {
	case body != nil:
		if err := l.openAPI(body); err != nil {
			l.missing("the Body of %s: %v", l.rest.ID, err)
			a.unread = cmp.Or(a.unread, a.Elsewhere[len(a.Elsewhere)-1])
		}
	case p["BodyS3Location"] != nil:
		l.missing("the RestApi %s has its OpenAPI document in S3 (BodyS3Location)", l.rest.ID)
		a.unread = cmp.Or(a.unread, a.Elsewhere[len(a.Elsewhere)-1])
	}
	l.tree()
	for _, g := range l.of("GatewayResponse") {
		l.gatewayResponse(g.Properties)
	}
	for _, g := range l.app.OfType("AWS::ApiGateway::GatewayResponse") {
		if s := l.app.SymbolOf(g.Properties["RestApiId"]); s != nil && s.Free() { // it may be of this API
			l.api.untyped, l.api.untypedSource = &cfn.Unknown{Symbol: s}, cfn.Canonical(g.Properties)
			l.left("of which API the gateway response "+g.ID+" is", l.api.untyped)
		}
	}
	l.apiKeys()
	for _, r := range a.resources {
		for _, m := range r.methods {
			m.keyInHeader = a.KeySource != apigw.KeyByAuthorizer
		}
	}
	a.written = l.common()
	a.loaded = maps.Clone(a.Variables)
	a.symbolic = slices.ContainsFunc(slices.Collect(maps.Values(a.loaded)), symbolic)
	slices.SortStableFunc(a.resources, func(x, y *Resource) int { return strings.Compare(x.Path, y.Path) })
	if top.err != nil {
		// Of the whole API it is not known how it answers.
		for _, r := range a.resources {
			for _, m := range r.methods {
				if m.Err == nil {
					m.Err = top.err
				}
			}
		}
	}
	return a, nil
}

// A stage is what an AWS::ApiGateway::Stage or a deployment says of one.
type stage struct {
	name       string
	id         string
	properties any
	own        bool // it is an AWS::ApiGateway::Stage
}

func (l *loader) stages() []stage {
	var out []stage
	if KindOf(l.rest) == HTTPAPI && l.rest.Properties["Target"] != nil { // quick create makes it
		out = append(out, stage{name: DefaultRoute})
	}
	for _, s := range l.of("Stage") {
		if n, err := textOf(s.Properties["StageName"]); err == nil && n != "" {
			out = append(out, stage{n, s.ID, s.Properties, true})
		}
	}
	for _, d := range l.of("Deployment") {
		n, err := textOf(d.Properties["StageName"])
		if d.Cause != "" && n != l.opts.Stage {
			continue // the stage "Stage" that SAM makes beside the one that it was told to make
		}
		if err == nil && n != "" {
			out = append(out, stage{n, d.ID, d.Properties["StageDescription"], false})
		}
	}
	return out
}

// stage chooses the stage.
func (l *loader) stage() error {
	a := l.api
	var names []string
	var found *stage
	for _, s := range l.stages() {
		name := l.app.Show(s.name)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		// A deployment to a stage that is a resource of its own does not describe it.
		if (l.opts.Stage == "" || l.opts.Stage == name) && (found == nil || found.name != s.name || !found.own || s.own) {
			found = &s
		}
	}
	switch {
	case l.opts.Stage != "" && found == nil && len(names) > 0:
		return fail(NoStage, l.rest.Stack, "no stage %s; the API %s has %s", l.opts.Stage, l.app.Name(l.rest), strings.Join(names, ", "))
	case l.opts.Stage == "" && len(names) > 1:
		return fail(SeveralStages, l.rest.Stack, "the API %s has %d stages: %s; say which one is meant", l.app.Name(l.rest), len(names), strings.Join(names, ", "))
	case found == nil && a.Kind == HTTPAPI:
		a.Stage = cmp.Or(l.opts.Stage, DefaultRoute)
		return nil
	case found == nil:
		a.Stage = cmp.Or(l.opts.Stage, "prod")
		return nil
	}
	a.Stage, a.StageID = found.name, found.id
	r := &reader{l: l}
	a.stageProperties = r.object(found.properties, "StageDescription")
	if d := l.app.Target(a.stageProperties["DeploymentId"]); d != nil {
		a.deployment = d.ID
	}
	if r.err != nil {
		l.left("the stage of deployment "+found.id, r.err)
	}
	return nil
}

// strays notes stages that may be of this API. Where it has none of its own, nothing is known that hangs on its variables.
func (l *loader) strays() {
	for _, s := range l.app.OfType("AWS::ApiGateway::Stage") {
		of := l.app.SymbolOf(s.Properties["RestApiId"])
		if of == nil || !of.Free() {
			continue
		}
		variables, _ := s.Properties["Variables"].(map[string]any)
		with := "without variables"
		if len(variables) > 0 {
			with = "with the variables " + cfn.Canonical(variables)
		}
		l.left("of which API the stage "+s.ID+" is, "+with, &cfn.Unknown{Symbol: of})
		if l.api.StageID == "" && len(variables) > 0 {
			l.api.unread = cmp.Or(l.api.unread, l.api.Problems[len(l.api.Problems)-1])
		}
	}
}

// canary reads the stage's canary, or that of a deployment to the stage. One that has all requests decides with variables
// of its own, and one that has some for those.
func (l *loader) canary(r *reader) {
	setting := r.object(l.api.stageProperties["CanarySetting"], "CanarySetting")
	for _, d := range l.of("Deployment") {
		if name, err := textOf(d.Properties["StageName"]); err == nil && name == l.api.Stage && setting == nil {
			setting = r.object(d.Properties["DeploymentCanarySettings"], "DeploymentCanarySettings")
		}
	}
	if setting == nil {
		return
	}
	l.api.canary = true
	overrides := r.strMap(setting["StageVariableOverrides"], "StageVariableOverrides")
	percent, _ := strconv.ParseFloat(r.known(setting["PercentTraffic"], "PercentTraffic"), 64)
	if l.api.inCanary = percent >= 100; l.api.inCanary {
		maps.Copy(l.api.Variables, overrides)
	} else if percent > 0 {
		l.api.overridden = overrides
	}
}

// Concerns reports whether what a problem of an app is about may be a REST API or a part of one.
func Concerns(app *cfn.App, p cfn.Problem) bool {
	if p.LogicalID == "" || strings.HasPrefix(p.LogicalID, "Conditions.") {
		return true
	}
	types := []string{"AWS::ApiGateway::", "AWS::ApiGatewayV2::", "AWS::Lambda::Url", "AWS::CloudFormation::Stack", "AWS::Serverless::A", "AWS::Serverless::HttpApi", "AWS::Serverless::Function", "AWS::Serverless::StateMachine"}
	if p.Type != "" {
		return slices.ContainsFunc(types, func(typ string) bool { return strings.HasPrefix(p.Type, typ) })
	}
	for _, st := range app.Stacks {
		if st.Name != p.Stack {
			continue
		}
		all, _ := st.Raw["Resources"].(map[string]any)
		made := all[p.LogicalID]
		if r, ok := made.(map[string]any); ok {
			if made, ok = r["Type"].(string); !ok {
				return true
			}
		}
		text, err := json.Marshal(made) // of a loop, what it makes
		return err != nil || slices.ContainsFunc(types, func(typ string) bool { return strings.Contains(string(text), typ) })
	}
	return false
}

// Orphans returns the methods of REST APIs, and the routes of other APIs, whose API is not in an app.
func Orphans(app *cfn.App) []*cfn.Resource {
	without := func(typ, property, of string) []*cfn.Resource {
		return slices.DeleteFunc(slices.Clone(app.OfType(typ)), func(m *cfn.Resource) bool {
			api := app.Target(m.Properties[property])
			return api != nil && api.Type == of
		})
	}
	return slices.Concat(without("AWS::ApiGateway::Method", "RestApiId", "AWS::ApiGateway::RestApi"), without("AWS::ApiGatewayV2::Route", "ApiId", "AWS::ApiGatewayV2::Api"))
}

// elsewhere notes what was not read and may hold routes of this API.
func (l *loader) elsewhere() {
	for _, p := range l.app.Problems {
		if p.Kind != cfn.Elsewhere {
			continue
		}
		own := p.LogicalID == l.rest.ID && p.Stack == l.rest.Stack.Name
		if p.Anything && (p.LogicalID == "" && l.concerned(p.Stack) || own) || own && l.rest.Properties == nil && l.rest.Raw != nil {
			l.api.unread = cmp.Or(l.api.unread, p.Error())
			l.api.Elsewhere = append(l.api.Elsewhere, p.Error())
			continue
		}
		ours := (p.LogicalID == "" || strings.HasPrefix(p.LogicalID, "Fn::ForEach::")) && Concerns(l.app, p)
		for _, st := range l.app.Stacks {
			for _, r := range st.Resources {
				if st.Name == p.Stack && r.ID == p.LogicalID && r.Type != l.rest.Type {
					ours = slices.ContainsFunc(l.app.Symbols(r.Properties["Parameters"]), func(s *cfn.Symbol) bool { return s.Resource == l.rest }) ||
						// Its properties were not read, so it may be of any API here.
						st == l.rest.Stack && (r.Type == "" || strings.HasPrefix(r.Type, KindOf(l.rest).typed()) && r.Properties["RestApiId"] == nil && r.Properties["ApiId"] == nil)
				}
			}
		}
		if ours {
			l.api.Elsewhere = append(l.api.Elsewhere, p.Error())
		}
	}
	if l.api.Kind != RestAPI {
		return
	}
	for _, r := range Orphans(l.app) {
		s, at := l.app.SymbolOf(r.Properties["ResourceId"]), l.app.Target(r.Properties["ResourceId"])
		if at != nil && l.app.Target(at.Properties["RestApiId"]) == l.rest || s != nil && s.Resource == l.rest {
			l.missing("method %s: it is not known of which API it is, and its resource is one of %s", r.ID, l.rest.ID)
		}
	}
	l.exported()
}

// exported notes resources of the API whose id other stacks can have, where none here adds to the API.
func (l *loader) exported() {
	note := func(v any, how string) {
		s := l.app.SymbolOf(v)
		if s == nil || s.Resource == nil {
			return
		}
		what := "the root of " + l.rest.ID
		root := s.Resource == l.rest && s.Attribute == "RootResourceId"
		if !root {
			at := l.app.Target(v)
			if at == nil || at.Type != "AWS::ApiGateway::Resource" || l.app.Target(at.Properties["RestApiId"]) != l.rest {
				return
			}
			what = "the resource " + at.ID
		}
		added := slices.ContainsFunc(slices.Concat(l.of("Resource"), l.of("Method")), func(r *cfn.Resource) bool { return r.Stack != s.Resource.Stack })
		if !added {
			l.api.Elsewhere = append(l.api.Elsewhere, fmt.Sprintf("%s exports %s, and a stack that is not here may add to it", how, what))
		}
	}
	for _, e := range l.app.Exported() {
		note(e.Value, "the stack "+e.Stack.Name)
	}
	for _, r := range l.app.OfType("AWS::SSM::Parameter") {
		note(r.Properties["Value"], "the SSM parameter "+r.ID)
	}
}

// concerned reports whether the API, or a part of it, is in a stack.
func (l *loader) concerned(stack string) bool {
	if l.rest.Stack.Name == stack {
		return true
	}
	for _, typ := range []string{"Resource", "Method", "GatewayResponse", "Stage", "Deployment"} {
		if slices.ContainsFunc(l.of(typ), func(r *cfn.Resource) bool { return r.Stack.Name == stack }) {
			return true
		}
	}
	return false
}

// tree makes the resources out of AWS::ApiGateway::Resource, parents first, and their methods.
func (l *loader) tree() {
	made := map[*cfn.Resource]*Resource{}
	busy := map[*cfn.Resource]bool{}
	var put func(res *cfn.Resource) (*Resource, error)
	place := func(ref any) (*Resource, error) {
		s, res := l.app.SymbolOf(ref), l.app.Target(ref)
		switch {
		case s != nil && s.Resource == l.rest && s.Attribute == "RootResourceId":
			return l.api.root, nil
		case res == nil && s != nil:
			return nil, &cfn.Unknown{Symbol: s}
		case res == nil || res.Type != "AWS::ApiGateway::Resource":
			name, _ := textOf(ref)
			return nil, fmt.Errorf("no resource %s", name)
		}
		return put(res)
	}
	put = func(res *cfn.Resource) (*Resource, error) {
		if made[res] != nil {
			return made[res], nil
		}
		if busy[res] {
			return nil, fmt.Errorf("resource %s is its own parent", res.ID)
		}
		busy[res] = true
		defer delete(busy, res)
		parent, err := place(res.Properties["ParentId"])
		if err != nil {
			return nil, err
		}
		part, err := l.known(res.Properties["PathPart"])
		if err != nil {
			return nil, fmt.Errorf("path part of %s: %w", res.ID, err)
		}
		made[res] = l.api.child(parent, part, res.ID, res)
		return made[res], nil
	}
	lost := func(what, id string, err error) {
		if errors.As(err, new(*cfn.Unknown)) {
			l.missing("%s %s: %v", what, id, err)
		} else {
			l.problem("%s %s: %v", what, id, err)
		}
	}
	for _, res := range l.of("Resource") {
		if _, err := put(res); err != nil {
			lost("resource", res.ID, err)
		}
	}
	for _, m := range l.of("Method") {
		if r, err := place(m.Properties["ResourceId"]); err != nil {
			lost("method", m.ID, err)
		} else {
			l.method(m, r)
		}
	}
}

// problem notes something that is left out.
func (l *loader) problem(format string, args ...any) {
	l.api.Problems = append(l.api.Problems, l.app.Show(fmt.Sprintf(format, args...)))
}

// left notes what is left out for an error.
func (l *loader) left(what string, err error) {
	l.problem("%s: %v", what, err)
	if errors.As(err, new(*cfn.Unknown)) {
		l.api.NotKnown = append(l.api.NotKnown, l.api.Problems[len(l.api.Problems)-1])
	}
}

// missing notes a part of the API that is not here.
func (l *loader) missing(format string, args ...any) {
	l.problem(format, args...)
	l.api.Elsewhere = append(l.api.Elsewhere, l.app.Show(fmt.Sprintf(format, args...)))
}

// undeployable notes a mapping that the service refuses.
func (l *loader) undeployable(format string, args ...any) {
	if line := l.app.Show(fmt.Sprintf(format, args...)) + "; API Gateway does not deploy that"; !slices.Contains(l.api.Undeployable, line) {
		l.api.Undeployable = append(l.api.Undeployable, line)
	}
}

// textOf makes text of a scalar.
func textOf(v any) (string, error) {
	switch x := v.(type) {
	case nil:
		return "", nil
	case string:
		return x, nil
	case json.Number:
		return x.String(), nil
	case bool:
		return fmt.Sprint(x), nil
	case *cfn.Unknown:
		return "", x
	}
	return "", errors.New("text expected, found a list or an object")
}

// known is text of what decides how the API is made. The error of a value that is known only at deployment is a
// [*cfn.Unknown].
func (l *loader) known(v any) (string, error) {
	s, err := textOf(v)
	if symbols := l.app.Symbols(s); err == nil && len(symbols) > 0 {
		return "", &cfn.Unknown{Symbol: symbols[0]}
	}
	return s, err
}

// reader reads properties and keeps the first error, which becomes the method's.
type reader struct {
	l   *loader
	err error
}

func (r *reader) fail(what string, err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("%s: %w", what, err)
	}
}

// text reads text that may have stand-ins in it.
func (r *reader) text(v any, name string) string {
	s, err := textOf(v)
	r.fail(name, err)
	return s
}

// known reads text that decides how the API is made.
func (r *reader) known(v any, name string) string {
	s, err := r.l.known(v)
	r.fail(name, err)
	return s
}

// status reads a status as API Gateway takes it (the pattern of its API model); without one nothing is deployed.
func (r *reader) status(v any, name string) string {
	s := r.known(v, name)
	if !status.MatchString(s) {
		r.fail(name, fmt.Errorf("%q is not a status of three digits from 100 to 599, and API Gateway does not deploy without one", clip(s)))
	}
	return s
}

var status = regexp.MustCompile(`^[1-5][0-9]{2}$`)

// object returns what has to be an object, nil where there is none.
func (r *reader) object(v any, name string) map[string]any {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		return v
	case *cfn.Unknown:
		r.fail(name, v)
	default:
		r.fail(name, r.other(v, "an object expected"))
	}
	return nil
}

// other is the error of a value of another kind, which one that is not known may not be.
func (r *reader) other(v any, text string) error {
	if s := r.l.app.SymbolOf(v); s != nil {
		return &cfn.Unknown{Symbol: s}
	}
	return errors.New(text)
}

// list returns what has to be a list.
func (r *reader) list(v any, name string) []any {
	switch v := v.(type) {
	case nil:
	case []any:
		return v
	case *cfn.Unknown:
		r.fail(name, v)
	default:
		r.fail(name, r.other(v, "a list expected"))
	}
	return nil
}

// bool returns a truth value, false where there is none.
func (r *reader) bool(v any, name string) bool { return strings.EqualFold(r.known(v, name), "true") }

func (r *reader) boolMap(v any, name string) map[string]bool {
	out := map[string]bool{}
	m := r.object(v, name)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out[k] = r.bool(m[k], name+" "+k)
	}
	return out
}

func (r *reader) strMap(v any, name string) map[string]string {
	out := map[string]string{}
	m := r.object(v, name)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out[k] = r.text(m[k], name+" "+k)
	}
	return out
}

// mappings reads header mappings. What is known only at deployment brings its own quotes.
func (r *reader) mappings(v any, name string) map[string]string {
	out := r.strMap(v, name)
	for k, src := range out {
		if r.l.app.SymbolOf(src) != nil {
			out[k] = "'" + src + "'"
		}
	}
	return out
}

func (r *reader) templates(v any, name string) []Template {
	m := r.strMap(v, name)
	var out []Template
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Template{k, m[k]})
	}
	return out
}

// method reads an AWS::ApiGateway::Method.
func (l *loader) method(res *cfn.Resource, at *Resource) {
	r := &reader{l: l}
	p := res.Properties
	m := &Method{ID: res.ID, Source: res, HTTPMethod: strings.ToUpper(r.known(p["HttpMethod"], "HttpMethod")), Resource: at,
		AuthorizationType: strings.ToUpper(r.known(p["AuthorizationType"], "AuthorizationType")), APIKeyRequired: r.bool(p["ApiKeyRequired"], "ApiKeyRequired")}
	if was, _ := p["AuthorizationType"].(string); was != m.AuthorizationType && m.AuthorizationType != "" {
		l.api.Undeployable = append(l.api.Undeployable, fmt.Sprintf("method %s: AuthorizationType %s is taken as %s; write it so, since CloudFormation may refuse it", m.ID, was, m.AuthorizationType))
	}
	m.written = cfn.Canonical(without(p, "RestApiId", "ResourceId", "OperationName"))
	m.RequestParameters = r.boolMap(p["RequestParameters"], "RequestParameters")
	if a, s := l.named(p["AuthorizerId"], "Authorizer"); a != nil {
		m.authorizer = l.authorizer(a, r)
	} else if s != nil {
		m.authorizer = &authorizer{id: s.String(), sources: []string{apigw.RequestHeader + "Authorization"}, unknown: s}
	}
	m.scopes = l.texts(p["AuthorizationScopes"])
	if v, s := l.named(p["RequestValidatorId"], "RequestValidator"); v != nil {
		m.validateBody = r.bool(v.Properties["ValidateRequestBody"], "ValidateRequestBody")
		m.validateParams = r.bool(v.Properties["ValidateRequestParameters"], "ValidateRequestParameters")
	} else if s != nil {
		m.validator, m.validateBody, m.validateParams = s, true, true
	}
	var written []any
	if models := r.object(p["RequestModels"], "RequestModels"); models != nil {
		m.models = map[string]*schema{}
		for _, ct := range slices.Sorted(maps.Keys(models)) {
			ref := models[ct]
			mr, s := l.named(ref, "Model")
			if s != nil && m.validateBody {
				r.fail("RequestModels", &cfn.Unknown{Symbol: s})
			}
			if name, ok := ref.(string); ok && mr == nil && name != "Empty" && name != "Error" {
				mr = l.models[name]
			}
			if mr == nil {
				m.models[ct] = &schema{} // that of every body
				continue
			}
			written = append(written, ct, mr.Properties["Schema"])
			sv, err := l.modelSchema(mr)
			m.models[ct] = &schema{root: sv, node: sv, loader: l, err: err}
		}
	}
	m.requires(written)
	for _, v := range r.list(p["MethodResponses"], "MethodResponses") {
		mr := r.object(v, "MethodResponses")
		x := MethodResponse{Status: r.status(mr["StatusCode"], "StatusCode"), Headers: map[string]bool{}, Models: map[string]string{}}
		for k, b := range r.boolMap(mr["ResponseParameters"], "ResponseParameters") {
			x.Headers[strings.TrimPrefix(k, apigw.MethodHeader)] = b
		}
		_, x.has = mr["ResponseParameters"]
		x.Models = r.strMap(mr["ResponseModels"], "ResponseModels")
		m.Responses = append(m.Responses, x)
	}
	if in := r.object(p["Integration"], "Integration"); in != nil {
		m.Integration = l.integration(in, r)
	}
	m.Err = r.err
	if r.err != nil {
		l.problem("%s", m.Problem())
	}
	l.mappings(m)
	if m.HTTPMethod == "" {
		if at.methods["ANY"] != nil {
			l.beside = append(l.beside, m.written)
			return
		}
		m.HTTPMethod = "ANY" // any that the resource has no other for may be this one
	}
	at.methods[m.HTTPMethod] = m
}

// named returns the resource of a type that a value names, or the symbol that the value is if it does not lead to one.
func (l *loader) named(v any, typ string) (*cfn.Resource, *cfn.Symbol) {
	if r := l.app.Target(v); r != nil && r.Type == KindOf(l.rest).typed()+typ {
		return r, nil
	}
	return nil, l.app.SymbolOf(v)
}

func (l *loader) integration(in map[string]any, r *reader) *Integration {
	i := &Integration{Type: strings.ToUpper(r.known(in["Type"], "Type")), URI: r.text(in["Uri"], "Uri"), HTTPMethod: strings.ToUpper(r.known(in["IntegrationHttpMethod"], "IntegrationHttpMethod")),
		Passthrough: cmp.Or(r.known(in["PassthroughBehavior"], "PassthroughBehavior"), "WHEN_NO_MATCH"), ContentHandling: r.known(in["ContentHandling"], "ContentHandling"),
		RequestParameters: r.strMap(in["RequestParameters"], "RequestParameters"), RequestTemplates: r.templates(in["RequestTemplates"], "RequestTemplates")}
	i.connection(in["ConnectionType"], in["ConnectionId"], r)
	for _, v := range r.list(in["IntegrationResponses"], "IntegrationResponses") {
		ir := r.object(v, "IntegrationResponses")
		i.Responses = append(i.Responses, IntegrationResponse{Status: r.status(ir["StatusCode"], "StatusCode"), Pattern: r.known(ir["SelectionPattern"], "SelectionPattern"),
			ContentHandling: r.known(ir["ContentHandling"], "ContentHandling"), Parameters: r.mappings(ir["ResponseParameters"], "ResponseParameters"),
			Templates: r.templates(ir["ResponseTemplates"], "ResponseTemplates")})
	}
	return i
}

// connection reads how an HTTP integration reaches its server.
func (i *Integration) connection(typ, id any, r *reader) {
	i.ConnectionType, i.ConnectionID = r.text(typ, "ConnectionType"), r.text(id, "ConnectionId")
	if strings.HasPrefix(i.Type, apigw.HTTP) {
		i.ConnectionType = cmp.Or(i.ConnectionType, "INTERNET")
	}
}

func (l *loader) authorizer(res *cfn.Resource, r *reader) *authorizer {
	p := res.Properties
	a := &authorizer{id: res.ID, typ: r.known(p["Type"], "Type"), sources: apigw.IdentitySources(r.known(p["IdentitySource"], "IdentitySource"))}
	if len(a.sources) == 0 && a.typ == "TOKEN" {
		a.sources = []string{apigw.RequestHeader + "Authorization"}
	}
	if uri := r.text(p["AuthorizerUri"], "AuthorizerUri"); uri != "" {
		a.function = l.api.functionOf(uri)
	}
	l.decides(a, p["AuthorizerResultTtlInSeconds"], p["IdentityValidationExpression"])
	return a
}

// decides reads what counts only where authorizers decide. What is known only at deployment is left out.
func (l *loader) decides(a *authorizer, ttl, validation any) {
	a.ttl = DefaultAuthorizerTTL
	for _, s := range l.texts([]any{ttl}) {
		if n, err := strconv.Atoi(s); err == nil {
			a.ttl = time.Duration(n) * time.Second
		}
	}
	for _, s := range l.texts([]any{validation}) {
		a.validation = s
	}
}

// texts returns those of a list that are known.
func (l *loader) texts(v any) []string {
	var out []string
	for _, e := range list(v) {
		if s, err := l.known(e); err == nil && s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (l *loader) gatewayResponse(p map[string]any) {
	r := &reader{l: l}
	typ := r.known(p["ResponseType"], "ResponseType")
	g := &gatewayResponse{parameters: r.mappings(p["ResponseParameters"], "ResponseParameters"), templates: r.templates(p["ResponseTemplates"], "ResponseTemplates")}
	if p["StatusCode"] != nil {
		g.status = r.status(p["StatusCode"], "StatusCode")
	}
	g.err, g.source = r.err, cfn.Canonical(without(p, "RestApiId"))
	if r.err != nil && typ != "" {
		l.left("gateway response "+typ, r.err)
	}
	if typ == "" {
		if errors.As(r.err, new(*cfn.Unknown)) {
			l.missing("gateway response without a type: %v", r.err)
			l.api.untyped, l.api.untypedSource = r.err, g.source
		} else {
			l.problem("gateway response without a type: %v", r.err)
		}
		return
	}
	for _, k := range slices.Sorted(maps.Keys(g.parameters)) {
		if why := badSource(l.app.Show(g.parameters[k])); why != "" && g.err == nil {
			l.undeployable("gateway response %s: it does not send the header %s, since %s", typ, strings.TrimPrefix(k, apigw.GatewayHeader), why)
		}
	}
	l.api.responses[typ] = g
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func isTrue(v any) bool {
	switch x := v.(type) {
	case bool:
		return x
	case string:
		return strings.EqualFold(x, "true")
	}
	return false
}

// functionOf reads the function out of an integration's URI.
func (a *API) functionOf(uri string) *Function {
	_, rest, ok := strings.Cut(uri, ":lambda:path/")
	if !ok {
		// An HTTP API takes the ARN of a function itself, too, and a function URL its name.
		if a.Kind == FunctionURL || a.Kind == HTTPAPI && uri != "" && !strings.HasPrefix(uri, "http") {
			return a.function(uri)
		}
		return nil
	}
	_, arn, ok := strings.Cut(rest, "/functions/")
	if !ok {
		return nil
	}
	arn, _, _ = strings.Cut(arn, "/")
	return a.function(arn)
}
