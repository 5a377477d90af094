package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/plan"
)

// A Rendering says what a document is rendered with.
type Rendering struct {
	Policy *cors.Policy
	// Echo has gateway responses send the request's own origin back.
	Echo bool
	// Caching is set where a stage of the API may cache responses.
	Caching bool
	// Binary is set where the API has binary media types beside the document's.
	Binary bool
	// Preflight and Response stand for the policy's templates: their text, or a
	// Fn::FindInMap that gives it.
	Preflight, Response any
}

// Rendered is a document with the policy's responses.
type Rendered struct {
	Body map[string]any
	// Remarks name their place in the text, and no construct.
	Remarks []plan.Remark
	// Opened reports whether a statement for preflights was added to the document's resource policy.
	Opened bool
	// Responds reports whether Rendering.Response is in use.
	Responds bool
	// Proxies are the operations whose responses API Gateway passes through.
	Proxies []Proxy
}

// A Proxy is an operation with a proxy integration.
type Proxy struct {
	*Operation
	Where string // the operation's place and name
	Type  string // AWS_PROXY or HTTP_PROXY
	URI   any
}

// Render adds the policy's responses to the document. It does not change the plan.
func (p *Plan) Render(with Rendering) *Rendered {
	r := &renderer{Rendering: with, plan: p, out: &Rendered{Body: clone(p.root).(map[string]any)}}
	r.binary = with.Binary || nonEmpty(p.root[extBinary])
	paths := map[string]any{}
	given, _ := r.out.Body["paths"].(map[string]any)
	for name, v := range given {
		if strings.HasPrefix(name, "x-") {
			paths[name] = v
		}
	}
	for _, item := range p.paths {
		paths[item.name] = r.path(item)
	}
	r.out.Body["paths"] = paths
	r.gatewayResponses()
	r.resourcePolicy()
	r.noValidator()
	return r.out
}

type renderer struct {
	Rendering
	plan   *Plan
	binary bool
	out    *Rendered
}

// clone copies a value of JSON.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = clone(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = clone(e)
		}
		return out
	}
	return v
}

func nonEmpty(v any) bool {
	switch v := v.(type) {
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return v != nil
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// remarks adds remarks about a place.
func (r *renderer) remarks(at string, remarks []plan.Remark) {
	for _, m := range remarks {
		m.Text = r.plan.fault(at, "%s", m.Text).Error()
		r.out.Remarks = append(r.out.Remarks, m)
	}
}

func (r *renderer) path(p *path) map[string]any {
	item := clone(p.node).(map[string]any)
	var names []string
	for _, o := range p.operations {
		names = append(names, o.Method)
		op := object(item[o.key])
		in := o.own
		if o.assigned != nil {
			in = o.assigned.Make(o)
		}
		in = clone(in).(map[string]any)
		op[extIntegration] = in
		r.declarePathParameters(p, o, op, in)
		if r.Caching {
			r.cacheKey(op, in)
		}
		switch kind := typeOf(in); {
		case apigw.IsProxy(kind):
			r.out.Proxies = append(r.out.Proxies, Proxy{o, r.plan.fault(o.at, "%s", o.Name()).Error(), kind, in["uri"]})
		case kind != "":
			r.respond(o, op, in)
		}
	}
	if p.options != nil && r.plan.options == Keep {
		return item
	}
	if len(names) > 0 || p.options != nil {
		item["options"] = r.preflight(names)
	}
	return item
}

func typeOf(in map[string]any) string {
	s, _ := in["type"].(string)
	return strings.ToUpper(s)
}

// declarePathParameters declares the path's variables that an assigned integration
// maps: API Gateway maps only what is declared.
func (r *renderer) declarePathParameters(p *path, o *Operation, op, in map[string]any) {
	if o.assigned == nil || len(object(in["requestParameters"])) == 0 {
		return
	}
	declared := map[string]bool{}
	for _, of := range []any{p.node["parameters"], o.node["parameters"]} {
		list, _ := of.([]any)
		for _, v := range list {
			m := r.follow(v)
			if name, ok := m["name"].(string); ok && m["in"] == "path" {
				declared[name] = true
			}
		}
	}
	parameters, _ := op["parameters"].([]any)
	for _, name := range o.Variables() {
		if !declared[name] {
			parameters = append(parameters, map[string]any{"name": name, "in": "path", "required": true, "schema": map[string]any{"type": "string"}})
		}
	}
	if len(parameters) > 0 {
		op["parameters"] = parameters
	}
}

// follow returns an object, or what its $ref leads to.
func (r *renderer) follow(v any) map[string]any {
	m := object(v)
	if ref, ok := m["$ref"].(string); ok {
		target, _, _ := r.plan.follow(ref)
		return object(target)
	}
	return m
}

// Variables are the names of the path's variables, a greedy one's without its "+".
func (o *Operation) Variables() []string {
	var out []string
	for part := range strings.SplitSeq(o.Path, "/") {
		if strings.HasPrefix(part, "{") {
			out = append(out, strings.TrimSuffix(strings.Trim(part, "{}"), "+"))
		}
	}
	return out
}

// cacheKey has the stage's cache keep the responses to different origins apart.
func (r *renderer) cacheKey(op, in map[string]any) {
	keys, _ := in["cacheKeyParameters"].([]any)
	in["cacheKeyParameters"] = plan.CacheKey(keys)
	parameters, _ := op["parameters"].([]any)
	for _, p := range originParameters() {
		if !slices.ContainsFunc(parameters, func(v any) bool { m := r.follow(v); return m["in"] == "header" && m["name"] == p["name"] }) {
			parameters = append(parameters, p)
		}
	}
	op["parameters"] = parameters
}

// originParameters declares the cache key parameters as not required.
func originParameters() []map[string]any {
	var out []map[string]any
	for _, p := range plan.OriginParameters {
		name := strings.TrimPrefix(p.(string), apigw.RequestHeader)
		out = append(out, map[string]any{"name": name, "in": "header", "schema": map[string]any{"type": "string"}})
	}
	return out
}

// preflight is the OPTIONS operation of a path with methods.
func (r *renderer) preflight(methods []string) map[string]any {
	op := Preflight(r.Policy, methods, r.Preflight, r.Caching)
	if r.plan.root["security"] != nil {
		op["security"] = []any{}
	}
	if r.plan.root[extValidator] != nil {
		op[extValidator] = noValidator
	}
	return op
}

// Preflight returns the OPTIONS operation of a path with methods, for an API that follows a policy: a mock integration
// with the given mapping template. With caching, responses are cached by origin.
func Preflight(p *cors.Policy, methods []string, template any, caching bool) map[string]any {
	allow := plan.AllowMethods(p, methods)
	in := plan.PreflightIntegration(p, allow, caching)
	responses := map[string]any{}
	list, _ := in["integrationResponses"].([]any)
	for _, v := range list {
		one := maps.Clone(object(v))
		pattern, ok := one["selectionPattern"].(string)
		if !ok {
			pattern = "default"
		}
		delete(one, "selectionPattern")
		responses[pattern] = one
	}
	delete(in, "integrationResponses")
	in["responses"] = responses
	in["requestTemplates"] = map[string]any{"application/json": template}
	op := map[string]any{extIntegration: in}
	declared := map[string]any{}
	for _, v := range plan.PreflightResponses(p, allow) {
		one := map[string]any{"description": "preflight"}
		declare(one, object(object(v)["responseParameters"]))
		declared[plan.StatusOf(v)] = one
	}
	op["responses"] = declared
	if caching {
		var parameters []any
		for _, p := range originParameters() {
			parameters = append(parameters, p)
		}
		op["parameters"] = parameters
	}
	return op
}

// noValidator is a request validator that checks nothing: a path's or the
// document's required parameters must not refuse a preflight.
const noValidator = "corsgate-none"

func (r *renderer) noValidator() {
	if r.plan.root[extValidator] == nil {
		return
	}
	validators := object(r.out.Body[extValidators])
	if validators == nil {
		validators = map[string]any{}
	}
	validators[noValidator] = map[string]any{"validateRequestBody": false, "validateRequestParameters": false}
	r.out.Body[extValidators] = validators
}

// respond declares and maps the headers on every response of an operation that is
// not a proxy.
func (r *renderer) respond(o *Operation, op, in map[string]any) {
	responses := object(in["responses"])
	patterns := slices.Sorted(maps.Keys(responses))
	var list []any
	for _, pattern := range patterns {
		list = append(list, responses[pattern])
	}
	t := plan.Treat(r.Policy, plan.Integration{
		Where: o.Name(), Mock: typeOf(in) == apigw.Mock, Binary: r.binary, Joins: true,
		ContentHandling: in["contentHandling"], Templates: in["requestTemplates"], Responses: list,
	})
	r.remarks(o.at, t.Remarks)
	if t.ToText {
		in["contentHandling"] = "CONVERT_TO_TEXT"
	}
	r.prefix(in, "requestTemplates", t.Templates)
	for i, one := range t.Responses {
		response := object(list[i])
		r.prefix(response, "responseTemplates", one.Templates)
		response["responseParameters"] = one.Parameters
	}
	r.declare(op, t.Declared)
}

// prefix puts the policy's directives in front of templates, and them into a property.
func (r *renderer) prefix(of map[string]any, property string, templates map[string]any) {
	if len(templates) == 0 {
		return
	}
	out := map[string]any{}
	for contentType, t := range templates {
		out[contentType] = join(r.Response, t)
	}
	of[property], r.out.Responds = out, true
}

// join concatenates two values, at synthesis where both are strings.
func join(a, b any) any {
	s, ok := a.(string)
	t, also := b.(string)
	if ok && also {
		return s + t
	}
	return map[string]any{"Fn::Join": []any{"", []any{a, b}}}
}

// declare declares the headers of each status: mapping a header that is not
// declared fails the deployment.
func (r *renderer) declare(op map[string]any, statuses map[string]map[string]any) {
	if len(statuses) == 0 {
		return
	}
	responses := object(op["responses"])
	if responses == nil {
		responses = map[string]any{}
	}
	for status, ours := range statuses {
		one := object(responses[status])
		if one["$ref"] != nil {
			// API Gateway does not follow it here, and it is not this response's alone.
			one = object(clone(r.follow(one)))
		}
		if one == nil {
			one = map[string]any{"description": status}
		}
		declare(one, ours)
		responses[status] = one
	}
	op["responses"] = responses
}

// declare puts declared headers, as of a method response, into a response of
// OpenAPI instead of those that it had.
func declare(response, ours map[string]any) {
	headers := map[string]any{}
	for name, h := range object(response["headers"]) {
		if !corsheader.Is(name) && !corsheader.IsVary(name) {
			headers[name] = h
		}
	}
	for key := range ours {
		headers[strings.TrimPrefix(key, apigw.MethodHeader)] = map[string]any{"schema": map[string]any{"type": "string"}}
	}
	response["headers"] = headers
}

// gatewayResponses completes the errors that API Gateway makes itself. A type that
// the document has takes nothing from the defaults.
func (r *renderer) gatewayResponses() {
	ours := plan.ErrorParameters(r.Policy, r.Echo)
	all := object(r.out.Body[extResponses])
	if all == nil {
		all = map[string]any{}
	}
	for _, t := range []string{apigw.Default4XX, apigw.Default5XX} {
		if all[t] == nil {
			all[t] = map[string]any{}
		}
	}
	for _, t := range slices.Sorted(maps.Keys(all)) {
		one := object(all[t])
		if one == nil {
			r.remarks("/"+extResponses+"/"+t, []plan.Remark{{Text: fmt.Sprintf("the gateway response %s is %s, and has to be an object", t, kind(all[t]))}})
			continue
		}
		merged, remarks := plan.Remapped(object(one["responseParameters"]), ours, t, false)
		r.remarks("/"+extResponses+"/"+t, remarks)
		one["responseParameters"] = merged
	}
	r.out.Body[extResponses] = all
}

// resourcePolicy lets preflights through, which are anonymous.
func (r *renderer) resourcePolicy() {
	doc := object(r.out.Body[extPolicy])
	if doc == nil {
		return
	}
	allow, remarks := plan.PolicyRefusals(r.plan.root[extPolicy], nil, r.plan.Paths(), r.plan.KeepsOptions())
	r.remarks("/"+extPolicy, remarks)
	if allow {
		statements, ok := doc["Statement"].([]any)
		if !ok && doc["Statement"] != nil {
			statements = []any{doc["Statement"]}
		}
		doc["Statement"] = append(statements, plan.AllowOptions())
		r.out.Opened = true
	}
}
