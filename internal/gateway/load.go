package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
)

type authorizeFunc = func(ctx context.Context, a *AuthorizerRequest) (*AuthorizerResult, error)

// resource is one of the template.
type resource struct {
	id    string
	typ   string
	props map[string]any
	// condition names the template's condition on which it depends whether the resource is there.
	condition string
}

type loader struct {
	opts      Options
	resources map[string]*resource
	order     []*resource
	params    map[string]any
	api       *API
	apiID     string
	models    map[string]*resource

	conditions map[string]any
	tables     map[string]any   // the template's Mappings
	undecided  map[string]error // why it is not known whether a resource is there, by logical id
}

// Load reads the REST API of a CloudFormation template, JSON. A template without one, or with several among which opts
// does not choose, is a [*LoadError].
func Load(template []byte, opts Options) (*API, error) {
	l, err := newLoader(template, opts)
	if err != nil {
		return nil, err
	}
	return l.build()
}

// Stages gives the names of the stages that a template has for the API that opts chooses, in the template's order; a name
// that cannot be evaluated is left out.
func Stages(template []byte, opts Options) ([]string, error) {
	l, err := newLoader(template, opts)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, s := range append(l.ofType("Stage"), l.ofType("Deployment")...) {
		if name, err := l.str(s.props["StageName"]); err == nil && name != "" && l.mine(s) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

// newLoader reads a template and chooses the API.
func newLoader(template []byte, opts Options) (*loader, error) {
	l, err := read(template, opts)
	if err != nil {
		return nil, err
	}
	if err := l.chooseAPI(); err != nil {
		return nil, err
	}
	return l, nil
}

// read reads a template.
func read(template []byte, opts Options) (*loader, error) {
	var doc struct {
		Parameters map[string]map[string]any
		Conditions map[string]any
		Mappings   map[string]any
		Resources  json.RawMessage
	}
	if err := json.Unmarshal(bytes.TrimPrefix(template, []byte("\xef\xbb\xbf")), &doc); err != nil {
		return nil, loadErr(NotTemplate, opts.File, "not a CloudFormation template in JSON: %v", err)
	}
	l := &loader{opts: opts, resources: map[string]*resource{}, params: map[string]any{}, conditions: doc.Conditions, tables: doc.Mappings}
	if l.opts.Region == "" {
		l.opts.Region = "us-east-1"
	}
	if l.opts.Account == "" {
		l.opts.Account = "111111111111"
	}
	for name, p := range doc.Parameters {
		if d, ok := p["Default"]; ok {
			l.params[name] = d
		}
		if v, ok := opts.Parameters[name]; ok {
			l.params[name] = v
		} else if _, ok := l.params[name]; !ok {
			l.params[name] = nil
		}
	}
	if err := l.readResources(doc.Resources); err != nil {
		return nil, loadErr(NotTemplate, opts.File, "%v", err)
	}
	l.conditioned()
	return l, nil
}

// readResources keeps the order of the template, since it decides among equal integration responses of OpenAPI bodies.
func (l *loader) readResources(raw json.RawMessage) error {
	if len(raw) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	t, err := dec.Token()
	if err != nil || t != json.Delim('{') {
		return fmt.Errorf("Resources is not an object")
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		id, _ := t.(string)
		var r struct {
			Type       string
			Properties map[string]any
			Condition  string
		}
		var kind *json.UnmarshalTypeError
		if err := dec.Decode(&r); errors.As(err, &kind) {
			return fmt.Errorf("resource %s: a %s, where an object with text for its Type and an object for its Properties is wanted", id, kind.Value)
		} else if err != nil {
			return fmt.Errorf("resource %s: %v", id, err)
		}
		res := &resource{id: id, typ: r.Type, props: r.Properties, condition: r.Condition}
		l.resources[id] = res
		l.order = append(l.order, res)
	}
	return nil
}

func (l *loader) ofType(typ string) []*resource {
	var out []*resource
	for _, r := range l.order {
		if r.typ == "AWS::ApiGateway::"+typ {
			out = append(out, r)
		}
	}
	return out
}

func (l *loader) chooseAPI() error {
	apis := l.ofType("RestApi")
	var ids []string
	for _, r := range apis {
		ids = append(ids, r.id)
	}
	if l.opts.API != "" {
		r := l.resources[l.opts.API]
		switch {
		case r == nil && len(ids) > 0:
			return loadErr(NoAPI, l.opts.File, "no resource %s; the template has the RestApi %s", l.opts.API, strings.Join(ids, ", "))
		case r == nil:
			return loadErr(NoAPI, l.opts.File, "no resource %s and no AWS::ApiGateway::RestApi at all", l.opts.API)
		case r.typ != "AWS::ApiGateway::RestApi":
			return loadErr(NoAPI, l.opts.File, "resource %s is a %s, not an AWS::ApiGateway::RestApi", l.opts.API, r.typ)
		}
		l.apiID = l.opts.API
		return nil
	}
	switch len(ids) {
	case 0:
		return loadErr(NoAPI, l.opts.File, "no AWS::ApiGateway::RestApi in the template; is it the right stack?")
	case 1:
		l.apiID = ids[0]
		return nil
	}
	return loadErr(SeveralAPIs, l.opts.File, "%d REST APIs: %s; say which one is meant", len(ids), strings.Join(ids, ", "))
}

// mine tells whether a resource belongs to the API.
func (l *loader) mine(r *resource) bool {
	v, err := l.str(r.props["RestApiId"])
	return err == nil && v == l.apiID
}

func (l *loader) build() (*API, error) {
	rest := l.resources[l.apiID]
	a := &API{ID: l.apiID, responses: map[string]*gatewayResponse{}, keys: map[string]bool{}, functions: map[string]string{},
		region: l.opts.Region, account: l.opts.Account, authorize: l.opts.Authorize, Variables: map[string]string{}}
	l.api = a
	a.root = &Resource{ID: l.apiID, Path: "/", methods: map[string]*Method{}}
	a.resources = []*Resource{a.root}
	a.Name, _ = l.str(rest.props["Name"])
	a.keySource, _ = l.str(rest.props["ApiKeySourceType"])
	top := &reader{l: l}
	for _, v := range top.list(rest.props["BinaryMediaTypes"], "BinaryMediaTypes") {
		s, err := l.str(v)
		top.fail("BinaryMediaTypes", err)
		if err == nil {
			a.BinaryTypes = append(a.BinaryTypes, strings.ReplaceAll(s, "~1", "/"))
		}
	}
	if top.err != nil {
		l.problem("%s: %v", l.apiID, top.err)
	}
	for _, r := range l.order {
		if !strings.HasPrefix(r.typ, "AWS::ApiGateway::") {
			continue
		}
		if err := l.undecided[r.id]; err != nil {
			l.problem("%s: %v", r.id, err)
		}
		if _, err := l.str(r.props["RestApiId"]); err != nil {
			l.problem("%s: RestApiId: %v", r.id, err)
		}
	}
	for _, r := range l.order {
		if r.typ == "AWS::Lambda::Function" {
			name := r.id
			if s, err := l.str(r.props["FunctionName"]); err == nil && s != "" {
				name = s
			}
			a.functions[name] = r.id
			a.functions[r.id] = r.id
		}
	}
	if err := l.stage(); err != nil {
		return nil, err
	}
	l.models = map[string]*resource{}
	for _, m := range l.ofType("Model") {
		if l.mine(m) {
			l.models[m.id] = m
			if n, err := l.str(m.props["Name"]); err == nil && n != "" {
				l.models[n] = m
			}
		}
	}
	if _, ok := rest.props["BodyS3Location"]; ok && rest.props["Body"] == nil {
		return nil, loadErr(Unreadable, l.opts.File, "the RestApi %s has its OpenAPI document in S3 (BodyS3Location); put it into Body", l.apiID)
	}
	if body, ok := rest.props["Body"]; ok {
		if err := l.openAPI(body); err != nil {
			return nil, loadErr(Unreadable, l.opts.File, "the Body of %s: %v", l.apiID, err)
		}
	}
	l.tree()
	for _, m := range l.ofType("Method") {
		if l.mine(m) {
			l.method(m)
		}
	}
	for _, g := range l.ofType("GatewayResponse") {
		if l.mine(g) {
			l.gatewayResponse(g.props, l.undecided[g.id])
		}
	}
	// A key is not enabled unless the template says so
	// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-apikey.html).
	for _, k := range l.ofType("ApiKey") {
		if v, err := l.str(k.props["Value"]); err == nil && v != "" && isTrue(k.props["Enabled"]) {
			a.keys[v] = true
		}
	}
	for _, k := range l.opts.APIKeys {
		a.keys[k] = true
	}
	sort.SliceStable(a.resources, func(i, j int) bool { return a.resources[i].Path < a.resources[j].Path })
	return a, nil
}

// stage chooses the stage and reads its variables.
func (l *loader) stage() error {
	a := l.api
	var names []string
	var found *resource
	for _, s := range l.ofType("Stage") {
		if !l.mine(s) {
			continue
		}
		n, err := l.str(s.props["StageName"])
		if err != nil {
			return loadErr(Unreadable, l.opts.File, "the name of stage %s: %v", s.id, err)
		}
		names = append(names, n)
		if l.opts.Stage == "" || l.opts.Stage == n {
			found = s
			a.Stage = n
		}
	}
	for _, d := range l.ofType("Deployment") {
		if n, err := l.str(d.props["StageName"]); err == nil && n != "" && l.mine(d) {
			names = append(names, n)
			if l.opts.Stage == "" || l.opts.Stage == n {
				r := &reader{l: l}
				found = &resource{id: d.id, props: r.object(d.props["StageDescription"], "StageDescription")}
				if r.err != nil {
					return loadErr(Unreadable, l.opts.File, "the stage of deployment %s: %v", d.id, r.err)
				}
				a.Stage = n
			}
		}
	}
	switch {
	case l.opts.Stage != "" && found == nil && len(names) > 0:
		return loadErr(NoStage, l.opts.File, "no stage %s; the API %s has %s", l.opts.Stage, l.apiID, strings.Join(names, ", "))
	case l.opts.Stage == "" && len(names) > 1:
		return loadErr(SeveralStages, l.opts.File, "the API %s has %d stages: %s; say which one is meant", l.apiID, len(names), strings.Join(names, ", "))
	case found == nil:
		a.Stage = l.opts.Stage
		if a.Stage == "" {
			a.Stage = "prod"
		}
	}
	if found != nil {
		if found.props["CanarySetting"] != nil {
			a.canary = true
		}
		r := &reader{l: l}
		vars := r.object(found.props["Variables"], "Variables")
		if r.err != nil {
			return loadErr(Unreadable, l.opts.File, "the stage %s: %v", a.Stage, r.err)
		}
		for _, k := range slices.Sorted(maps.Keys(vars)) {
			s, err := l.str(vars[k])
			if err != nil {
				if _, over := l.opts.Variables[k]; !over {
					msg := fmt.Sprintf("stage variable %s: %v; give it a value with the option for variables", k, err)
					return &LoadError{Kind: UnknownVariable, File: l.opts.File, Msg: msg, Variable: k}
				}
			}
			a.Variables[k] = s
		}
		for _, k := range slices.Sorted(maps.Keys(a.Variables)) {
			if fault := apigw.StageVariableFault(a.Variables[k]); fault != "" {
				l.undeployable("stage variable %s: %s", k, fault)
			}
		}
	}
	for k, v := range l.opts.Variables {
		a.Variables[k] = v
	}
	return nil
}

// tree makes the resources out of AWS::ApiGateway::Resource, parents first.
func (l *loader) tree() {
	made := map[string]*Resource{}
	busy := map[string]bool{}
	var place func(ref any) (*Resource, error)
	place = func(ref any) (*Resource, error) {
		id, err := l.str(ref)
		if err != nil {
			return nil, err
		}
		if id == l.apiID+".RootResourceId" {
			return l.api.root, nil
		}
		if r := made[id]; r != nil {
			return r, nil
		}
		res := l.resources[id]
		if res == nil || res.typ != "AWS::ApiGateway::Resource" {
			return nil, fmt.Errorf("no resource %s", id)
		}
		if busy[id] {
			return nil, fmt.Errorf("resource %s is its own parent", id)
		}
		busy[id] = true
		parent, err := place(res.props["ParentId"])
		if err != nil {
			return nil, err
		}
		part, err := l.str(res.props["PathPart"])
		if err != nil {
			return nil, fmt.Errorf("path part of %s: %w", id, err)
		}
		r := l.api.child(parent, part, id)
		made[id] = r
		return r, nil
	}
	for _, res := range l.ofType("Resource") {
		if !l.mine(res) {
			continue
		}
		if _, err := place(map[string]any{"Ref": res.id}); err != nil {
			l.problem("resource %s: %v", res.id, err)
		}
	}
	for _, m := range l.ofType("Method") {
		if l.mine(m) {
			if _, err := place(m.props["ResourceId"]); err != nil {
				l.problem("method %s: %v", m.id, err)
			}
		}
	}
}

// problem notes something that is left out.
func (l *loader) problem(format string, args ...any) {
	l.api.Problems = append(l.api.Problems, fmt.Sprintf(format, args...))
}

// undeployable notes a mapping that the service refuses.
func (l *loader) undeployable(format string, args ...any) {
	l.api.Undeployable = append(l.api.Undeployable, fmt.Sprintf(format, args...)+"; API Gateway does not deploy that")
}

func (l *loader) resourceOf(ref any) *Resource {
	id, err := l.str(ref)
	if err != nil {
		return nil
	}
	if id == l.apiID+".RootResourceId" {
		return l.api.root
	}
	for _, r := range l.api.resources {
		if r.ID == id {
			return r
		}
	}
	return nil
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

func (r *reader) str(m map[string]any, name string) string {
	s, err := r.l.str(m[name])
	r.fail(name, err)
	return s
}

// object gives what has to be an object, nil where there is none. An intrinsic function in its place is not taken for
// the object's members.
func (r *reader) object(v any, name string) map[string]any {
	v, err := r.l.resolve(v, 0)
	r.fail(name, err)
	m, ok := v.(map[string]any)
	if !ok && v != nil && err == nil {
		r.fail(name, fmt.Errorf("an object expected"))
	}
	for k := range m {
		if strings.HasPrefix(k, "Fn::") {
			r.fail(name, fmt.Errorf("the intrinsic function %s is not supported", k))
			return nil
		}
	}
	return m
}

// list gives what has to be a list.
func (r *reader) list(v any, name string) []any {
	v, err := r.l.resolve(v, 0)
	r.fail(name, err)
	out, ok := v.([]any)
	if !ok && v != nil && err == nil {
		r.fail(name, fmt.Errorf("a list expected"))
	}
	return out
}

// bool gives a truth value, false where there is none.
func (r *reader) bool(v any, name string) bool {
	s, err := r.l.str(v)
	r.fail(name, err)
	return strings.EqualFold(s, "true")
}

func (r *reader) boolMap(v any, name string) map[string]bool {
	out := map[string]bool{}
	for k, x := range r.object(v, name) {
		out[k] = r.bool(x, name+" "+k)
	}
	return out
}

func (r *reader) strMap(v any, name string) map[string]string {
	m := r.object(v, name)
	out := map[string]string{}
	for k, x := range m {
		s, err := r.l.str(x)
		r.fail(name+" "+k, err)
		out[k] = s
	}
	return out
}

func (r *reader) templates(v any, name string) []Template {
	m := r.strMap(v, name)
	var out []Template
	for k, s := range m {
		out = append(out, Template{k, s})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ContentType < out[j].ContentType })
	return out
}

// method reads an AWS::ApiGateway::Method.
func (l *loader) method(res *resource) {
	r := &reader{l: l}
	p := res.props
	m := &Method{ID: res.id, HTTPMethod: strings.ToUpper(r.str(p, "HttpMethod")), Resource: l.resourceOf(p["ResourceId"]),
		AuthorizationType: r.str(p, "AuthorizationType"), APIKeyRequired: r.bool(p["ApiKeyRequired"], "ApiKeyRequired")}
	if m.Resource == nil {
		return
	}
	r.fail("Condition", l.undecided[res.id])
	for x := m.Resource; x != nil; x = x.parent {
		r.fail("the resource "+x.ID, l.undecided[x.ID])
	}
	m.RequestParameters = r.boolMap(p["RequestParameters"], "RequestParameters")
	if id := r.str(p, "AuthorizerId"); id != "" {
		if a := l.resources[id]; a != nil {
			m.authorizer = l.authorizer(a, r)
		}
	}
	if id := r.str(p, "RequestValidatorId"); id != "" {
		if v := l.resources[id]; v != nil {
			m.validateBody = r.bool(v.props["ValidateRequestBody"], "ValidateRequestBody")
			m.validateParams = r.bool(v.props["ValidateRequestParameters"], "ValidateRequestParameters")
		}
	}
	if models := r.object(p["RequestModels"], "RequestModels"); models != nil {
		m.models = map[string]*schema{}
		for ct, ref := range models {
			name, err := l.str(ref)
			r.fail("RequestModels", err)
			if name == "Empty" || name == "Error" {
				continue
			}
			if mr := l.models[name]; mr != nil {
				sv, err := l.modelSchema(mr)
				m.models[ct] = &schema{root: sv, node: sv, loader: l, err: err}
			}
		}
	}
	for _, v := range r.list(p["MethodResponses"], "MethodResponses") {
		mr := r.object(v, "MethodResponses")
		x := MethodResponse{Status: r.str(mr, "StatusCode"), Headers: map[string]bool{}, Models: map[string]string{}}
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
	if r.err != nil && l.undecided[res.id] == nil {
		l.problem("method %s: %v", m.ID, r.err)
	}
	l.mappings(m)
	m.Resource.methods[m.HTTPMethod] = m
}

func (l *loader) integration(in map[string]any, r *reader) *Integration {
	i := &Integration{Type: strings.ToUpper(r.str(in, "Type")), URI: r.str(in, "Uri"), HTTPMethod: strings.ToUpper(r.str(in, "IntegrationHttpMethod")),
		Passthrough: r.str(in, "PassthroughBehavior"), ContentHandling: r.str(in, "ContentHandling"),
		RequestParameters: r.strMap(in["RequestParameters"], "RequestParameters"), RequestTemplates: r.templates(in["RequestTemplates"], "RequestTemplates")}
	if i.Passthrough == "" {
		i.Passthrough = "WHEN_NO_MATCH"
	}
	for _, v := range r.list(in["IntegrationResponses"], "IntegrationResponses") {
		ir := r.object(v, "IntegrationResponses")
		i.Responses = append(i.Responses, IntegrationResponse{Status: r.str(ir, "StatusCode"), Pattern: r.str(ir, "SelectionPattern"),
			ContentHandling: r.str(ir, "ContentHandling"), Parameters: r.strMap(ir["ResponseParameters"], "ResponseParameters"),
			Templates: r.templates(ir["ResponseTemplates"], "ResponseTemplates")})
	}
	return i
}

func (l *loader) authorizer(res *resource, r *reader) *authorizer {
	a := &authorizer{id: res.id, typ: r.str(res.props, "Type")}
	src := r.str(res.props, "IdentitySource")
	for _, s := range strings.Split(src, ",") {
		if s = strings.TrimSpace(s); s != "" {
			a.sources = append(a.sources, s)
		}
	}
	if len(a.sources) == 0 && a.typ == "TOKEN" {
		a.sources = []string{apigw.RequestHeader + "Authorization"}
	}
	if uri := r.str(res.props, "AuthorizerUri"); uri != "" {
		a.function = l.api.functionOf(uri)
	}
	return a
}

func (l *loader) gatewayResponse(p map[string]any, undecided error) {
	r := &reader{l: l}
	r.fail("Condition", undecided)
	typ := r.str(p, "ResponseType")
	g := &gatewayResponse{status: r.str(p, "StatusCode"), parameters: r.strMap(p["ResponseParameters"], "ResponseParameters"), templates: r.templates(p["ResponseTemplates"], "ResponseTemplates")}
	g.err = r.err
	if r.err != nil && undecided == nil && typ != "" {
		l.problem("gateway response %s: %v", typ, r.err)
	}
	if typ == "" {
		l.problem("gateway response without a type: %v", r.err)
		return
	}
	for _, k := range slices.Sorted(maps.Keys(g.parameters)) {
		if why := badSource(g.parameters[k]); why != "" && g.err == nil {
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
		return nil
	}
	_, arn, ok := strings.Cut(rest, "/functions/")
	if !ok {
		return nil
	}
	arn, _, _ = strings.Cut(arn, "/")
	f := &Function{ARN: arn, Name: arn}
	if _, name, ok := strings.Cut(arn, ":function:"); ok {
		f.Name, _, _ = strings.Cut(name, ":")
	}
	f.LogicalID = a.functions[f.Name]
	return f
}

// str resolves a value to text.
func (l *loader) str(v any) (string, error) {
	v, err := l.resolve(v, 0)
	if err != nil {
		return "", err
	}
	switch x := v.(type) {
	case nil:
		return "", nil
	case string:
		return x, nil
	case json.Number:
		return x.String(), nil
	case float64:
		return strings.TrimSuffix(fmt.Sprintf("%g", x), ".0"), nil
	case bool:
		return fmt.Sprint(x), nil
	}
	return "", fmt.Errorf("text expected, found a list or an object")
}

// resolve evaluates intrinsic functions. A reference to a resource becomes its logical id, an attribute "id.Attribute".
func (l *loader) resolve(v any, depth int) (any, error) {
	if depth > 50 {
		return nil, fmt.Errorf("intrinsic functions nested too deep")
	}
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return v, nil
	}
	for name, arg := range m {
		switch name {
		case "Ref":
			id, _ := arg.(string)
			return l.ref(id, depth)
		case "Fn::GetAtt":
			var parts []string
			if s, ok := arg.(string); ok {
				parts = strings.SplitN(s, ".", 2)
			}
			for _, x := range list(arg) {
				s, err := l.resolve(x, depth+1)
				if err != nil {
					return nil, err
				}
				parts = append(parts, fmt.Sprint(s))
			}
			if len(parts) != 2 {
				return nil, fmt.Errorf("Fn::GetAtt needs a resource and an attribute")
			}
			return l.getAtt(parts[0], parts[1], depth)
		case "Fn::Join":
			a := list(arg)
			if len(a) != 2 {
				return nil, fmt.Errorf("Fn::Join needs a delimiter and a list")
			}
			sep, _ := a[0].(string)
			items, err := l.resolve(a[1], depth+1)
			if err != nil {
				return nil, err
			}
			var parts []string
			for _, x := range list(items) {
				s, err := l.deepStr(x, depth)
				if err != nil {
					return nil, err
				}
				parts = append(parts, s)
			}
			return strings.Join(parts, sep), nil
		case "Fn::Sub":
			return l.sub(arg, depth)
		case "Fn::FindInMap":
			return l.findInMap(arg, depth)
		case "Fn::Select":
			a := list(arg)
			if len(a) != 2 {
				return nil, fmt.Errorf("Fn::Select needs an index and a list")
			}
			items, err := l.resolve(a[1], depth+1)
			if err != nil {
				return nil, err
			}
			i := -1
			if _, err := fmt.Sscan(fmt.Sprint(a[0]), &i); err != nil || i < 0 || i >= len(list(items)) {
				return nil, fmt.Errorf("Fn::Select with an index out of range")
			}
			return l.resolve(list(items)[i], depth+1)
		case "Fn::Split":
			a := list(arg)
			if len(a) != 2 {
				return nil, fmt.Errorf("Fn::Split needs a delimiter and a text")
			}
			sep, _ := a[0].(string)
			s, err := l.deepStr(a[1], depth)
			if err != nil {
				return nil, err
			}
			var out []any
			for _, x := range strings.Split(s, sep) {
				out = append(out, x)
			}
			return out, nil
		}
		if strings.HasPrefix(name, "Fn::") || name == "Condition" {
			return nil, fmt.Errorf("the intrinsic function %s is not supported", name)
		}
	}
	return v, nil
}

func (l *loader) deepStr(v any, depth int) (string, error) {
	r, err := l.resolve(v, depth+1)
	if err != nil {
		return "", err
	}
	if _, again := r.(map[string]any); again {
		return "", fmt.Errorf("text expected, found an object")
	}
	return l.str(r)
}

func (l *loader) ref(id string, depth int) (any, error) {
	switch id {
	case "AWS::Region":
		return l.opts.Region, nil
	case "AWS::AccountId":
		return l.opts.Account, nil
	case "AWS::Partition":
		return "aws", nil
	case "AWS::URLSuffix":
		return "amazonaws.com", nil
	case "AWS::StackName":
		return "stack", nil
	case "AWS::StackId":
		return "arn:aws:cloudformation:" + l.opts.Region + ":" + l.opts.Account + ":stack/stack/0", nil
	case "AWS::NoValue":
		return nil, nil
	}
	if r := l.resources[id]; r != nil {
		switch r.typ {
		case "AWS::Lambda::Alias", "AWS::Lambda::Version":
			return l.functionARN(r, depth)
		}
		return id, nil
	}
	if v, ok := l.params[id]; ok {
		if v == nil {
			return nil, fmt.Errorf("parameter %s has no value; give it one", id)
		}
		return v, nil
	}
	return nil, fmt.Errorf("a Ref names %s, which the template does not have", id)
}

func (l *loader) getAtt(id, attr string, depth int) (any, error) {
	r := l.resources[id]
	if r == nil {
		return nil, fmt.Errorf("Fn::GetAtt of %s, which the template does not have", id)
	}
	// These say what Ref says
	// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-resource.html).
	switch r.typ + "." + attr {
	case "AWS::ApiGateway::RestApi.RestApiId", "AWS::ApiGateway::Resource.ResourceId", "AWS::ApiGateway::Authorizer.AuthorizerId",
		"AWS::ApiGateway::RequestValidator.RequestValidatorId", "AWS::ApiGateway::Deployment.DeploymentId":
		return id, nil
	}
	switch {
	case attr == "Arn" && r.typ == "AWS::Lambda::Function":
		name := id
		if s, err := l.deepStr(r.props["FunctionName"], depth); err == nil && s != "" {
			name = s
		}
		return "arn:aws:lambda:" + l.opts.Region + ":" + l.opts.Account + ":function:" + name, nil
	case r.typ == "AWS::Lambda::Alias" || r.typ == "AWS::Lambda::Version":
		if attr == "AliasArn" || attr == "FunctionArn" {
			return l.functionARN(r, depth)
		}
	}
	return id + "." + attr, nil
}

// functionARN gives the ARN of the function an alias or a version belongs to.
func (l *loader) functionARN(r *resource, depth int) (any, error) {
	s, err := l.deepStr(r.props["FunctionName"], depth+1)
	if err != nil {
		return nil, err
	}
	if f := l.resources[s]; f != nil {
		return l.getAtt(s, "Arn", depth+1)
	}
	if strings.HasPrefix(s, "arn:") {
		return s, nil
	}
	return "arn:aws:lambda:" + l.opts.Region + ":" + l.opts.Account + ":function:" + s, nil
}

// sub is Fn::Sub.
func (l *loader) sub(arg any, depth int) (any, error) {
	text, _ := arg.(string)
	vars := map[string]any{}
	if a := list(arg); len(a) == 2 {
		text, _ = a[0].(string)
		vars, _ = a[1].(map[string]any)
	}
	var b strings.Builder
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			b.WriteString(text)
			return b.String(), nil
		}
		b.WriteString(text[:i])
		end := strings.IndexByte(text[i:], '}')
		if end < 0 {
			return nil, fmt.Errorf("Fn::Sub: ${ without }")
		}
		name := text[i+2 : i+end]
		text = text[i+end+1:]
		if strings.HasPrefix(name, "!") {
			b.WriteString("${" + name[1:] + "}")
			continue
		}
		var v any
		var err error
		if x, ok := vars[name]; ok {
			v, err = l.resolve(x, depth+1)
		} else if id, attr, ok := strings.Cut(name, "."); ok {
			v, err = l.getAtt(id, attr, depth+1)
		} else {
			v, err = l.ref(name, depth+1)
		}
		if err != nil {
			return nil, err
		}
		s, err := l.deepStr(v, depth)
		if err != nil {
			return nil, err
		}
		b.WriteString(s)
	}
}

// APIs gives the logical ids of a template's REST APIs with the name that each has, empty where it cannot be evaluated, in
// the template's order. File names the template in errors.
func APIs(template []byte, file string) (ids []string, names map[string]string, err error) {
	l, err := read(template, Options{File: file})
	if err != nil {
		return nil, nil, err
	}
	names = map[string]string{}
	for _, r := range l.ofType("RestApi") {
		ids = append(ids, r.id)
		names[r.id], _ = l.str(r.props["Name"])
	}
	return ids, names, nil
}
