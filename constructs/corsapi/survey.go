package corsapi

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/constructs-go/constructs/v10"
)

// An inventory is what the app has of one API, as plain data. Reading it is
// most of what corsapi costs, since every property of a construct is a message
// to the JavaScript process: survey asks for each construct's properties once.
type inventory struct {
	api              surveyed
	stacks           []stackSpan
	nodes            int         // how many constructs the app had
	resources        []*resource // by path
	gatewayResponses []*gatewayResponse
	stages           []*stage
	deployments      []*deployment
}

// A stackSpan is a stack and where its constructs stand in the tree, in preorder.
type stackSpan struct {
	stack    awscdk.Stack
	from, to int
}

// stackAt returns the index of the innermost stack around a position, -1 for
// none.
func (s *inventory) stackAt(at int) int {
	in := -1
	for i, sp := range s.stacks { // inner stacks follow outer ones
		if sp.from <= at && at < sp.to {
			in = i
		}
	}
	return in
}

// An order says what a construct in one stack may do about one in another.
type order int

const (
	unordered order = iota // it cannot wait: the other stack comes after, or may
	follows                // it can be told to wait
	after                  // its stack comes after the other anyway
)

// order says what a construct in stack a may do about one in stack b. Another
// stack waits for the API's, so that the API's cannot wait for it.
func (s *inventory) order(a, b int) order {
	if a == b || b == s.stackAt(s.api.at) {
		return follows
	}
	if a < 0 || b < 0 {
		return unordered
	}
	sa, sb := s.stacks[a], s.stacks[b]
	if _, nested := sb.stack.(awscdk.NestedStack); nested && sa.from < sb.from && sb.to <= sa.to {
		return follows
	}
	if _, nested := sa.stack.(awscdk.NestedStack); nested {
		return after // beside it in one parent, where the app orders them
	}
	for _, d := range *sa.stack.Dependencies() {
		if *d.Node().Path() == *sb.stack.Node().Path() {
			return after
		}
	}
	return unordered
}

// A deployment is the CDK's construct, which can be told of changes, or
// CloudFormation's alone, which cannot.
type deployment struct {
	at    int
	node  constructs.IConstruct
	aware awsapigateway.Deployment // nil for CloudFormation's alone
}

type surveyed struct {
	at               int
	policy           any // the resource policy, resolved
	binaryMediaTypes bool
}

type resource struct {
	at      int // where an OPTIONS method would stand
	path    string
	id      *string              // the ResourceId of a method on it
	scope   constructs.Construct // where an OPTIONS method is put
	methods []*method            // all but OPTIONS
	options *method
}

// names returns the HTTP methods of r.
func (r *resource) names() []string {
	var out []string
	for _, m := range r.methods {
		out = append(out, m.verb)
	}
	slices.Sort(out)
	return out
}

type method struct {
	at              int
	node            awsapigateway.CfnMethod
	verb            string
	path            string
	integration     map[string]any
	responses       any // method responses, resolved
	parameters      map[string]any
	integrationURI  any // resolved
	integrationType string
}

type gatewayResponse struct {
	at           int
	node         awsapigateway.CfnGatewayResponse
	responseType string
	parameters   map[string]any
	props        map[string]any
}

type stage struct {
	node      awscdk.CfnResource // a Stage, or a Deployment that makes one
	prefix    string             // of the property that holds the variables
	name      string
	variables map[string]any
	cached    bool
}

// survey reads the whole app: resources, methods and stages of an API may stand
// outside its own tree, in another scope or stack.
func survey(api restAPI) *inventory {
	s := &surveyor{
		inventory: &inventory{},
		ids:       []any{*api.RestApiId()},
		byID:      map[string]*place{},
	}
	if cfn, ok := api.Node().DefaultChild().(awsapigateway.CfnRestApi); ok {
		s.ids = append(s.ids, *cfn.AttrRestApiId()) // the same id, by another attribute
	}
	root := *api.RestApiRootResourceId()
	top := &place{id: root, path: "/"}
	top.scope, _ = api.Root().(constructs.Construct)
	s.byID[root] = top

	nodes := *api.Node().Root().Node().FindAll(constructs.ConstructOrder_PREORDER)
	s.nodes = len(nodes)
	var before constructs.IConstruct
	for at, node := range nodes {
		s.at = at
		s.visit(node, before)
		before = node
	}
	s.measureStacks(len(nodes))
	top.at = s.api.at
	s.resolve(awscdk.Stack_Of(api))
	s.group()
	return s.inventory
}

// A surveyor is a survey under way.
type surveyor struct {
	*inventory
	resolver
	at      int               // of the construct that is visited, in preorder
	ids     []any             // of the API, as its constructs have it: tokens
	byID    map[string]*place // by resource id, likewise
	methods []*placed
}

// measureStacks finds where each stack's constructs end, which takes a message
// each; with one stack there is nothing to tell apart.
func (s *surveyor) measureStacks(nodes int) {
	for i := range s.stacks {
		sp := &s.stacks[i]
		sp.to = nodes
		if len(s.stacks) > 1 {
			sp.to = sp.from + len(*sp.stack.Node().FindAll(constructs.ConstructOrder_PREORDER))
		}
	}
}

// A place is a resource, with or without methods.
type place struct {
	at               int
	id, parent, part string
	reference        any // id, resolved
	path             string
	scope            constructs.Construct
}

// A placed is a method and the id of its resource.
type placed struct {
	*method
	resource  string
	reference any // resource, resolved
}

// visit takes down one construct, if it is the API's. before is what it follows
// in the tree: the CDK's resources and deployments make their CloudFormation
// resource first of all, so that it directly follows them.
func (s *surveyor) visit(node, before constructs.IConstruct) {
	switch n := node.(type) {
	case awscdk.Stack:
		s.stacks = append(s.stacks, stackSpan{stack: n, from: s.at})
	case awsapigateway.CfnRestApi:
		if *n.Ref() == s.ids[0] {
			s.api.at = s.at
			p := properties(n.CfnProperties())
			s.api.binaryMediaTypes = nonEmpty(p["binaryMediaTypes"])
			s.later(p["policy"], func(v any) { s.api.policy = v })
		}
	case awsapigateway.CfnResource:
		if p := s.mine(n); p != nil {
			s.resource(n, before, p)
		}
	case awsapigateway.CfnMethod:
		if p := s.mine(n); p != nil {
			s.method(n, p)
		}
	case awsapigateway.CfnGatewayResponse:
		if p := s.mine(n); p != nil {
			g := &gatewayResponse{at: s.at, node: n, responseType: text(p["responseType"])}
			s.plain(p["responseParameters"], func(v any) { g.parameters, _ = v.(map[string]any) })
			s.plain(p, func(v any) { g.props, _ = v.(map[string]any) })
			s.gatewayResponses = append(s.gatewayResponses, g)
		}
	case awsapigateway.CfnStage:
		if p := s.mine(n); p != nil {
			s.stage(n, "Variables.", text(p["stageName"]), p)
		}
	case awsapigateway.Deployment:
		if slices.Contains(s.ids, any(*n.Api().RestApiId())) {
			s.deployments = append(s.deployments, &deployment{at: s.at, node: n, aware: n})
		}
	case awsapigateway.CfnDeployment:
		if p := s.mine(n); p != nil {
			if _, ok := before.(awsapigateway.Deployment); !ok {
				s.deployments = append(s.deployments, &deployment{at: s.at, node: n})
			}
			if name := text(p["stageName"]); name != "" {
				description, _ := p["stageDescription"].(map[string]any)
				s.stage(n, "StageDescription.Variables.", name, description)
			}
		}
	}
}

// mine returns the properties of a construct of this API, or nil.
func (s *surveyor) mine(n interface{ CfnProperties() *map[string]any }) map[string]any {
	p := properties(n.CfnProperties())
	if !slices.Contains(s.ids, p["restApiId"]) {
		return nil
	}
	return p
}

func (s *surveyor) resource(n awsapigateway.CfnResource, before constructs.IConstruct, p map[string]any) {
	e := &place{at: s.at, id: *n.Ref(), parent: text(p["parentId"]), part: text(p["pathPart"]), scope: n}
	if native, ok := before.(awsapigateway.Resource); ok {
		e.scope = native
	}
	s.later(e.id, func(v any) { e.reference = v })
	s.byID[e.id] = e
}

func (s *surveyor) method(n awsapigateway.CfnMethod, p map[string]any) {
	m := &placed{method: &method{at: s.at, node: n, verb: text(p["httpMethod"])}, resource: text(p["resourceId"])}
	m.parameters, _ = p["requestParameters"].(map[string]any)
	s.later(m.resource, func(v any) { m.reference = v })
	s.later(p["methodResponses"], func(v any) { m.responses = v })
	in, plain := p["integration"].(map[string]any)
	s.plain(p["integration"], func(v any) {
		m.integration, _ = v.(map[string]any)
		m.integrationType = text(m.integration["type"])
		if !plain || !isPlain(in) {
			m.integrationURI = m.integration["uri"] // it is resolved already
		}
	})
	if plain && isPlain(in) && strings.HasSuffix(text(in["type"]), "_PROXY") {
		s.later(in["uri"], func(v any) { m.integrationURI = v })
	}
	s.methods = append(s.methods, m)
}

// stage takes down a stage, or the description of one in a deployment.
func (s *surveyor) stage(n awscdk.CfnResource, prefix, name string, p map[string]any) {
	st := &stage{node: n, prefix: prefix, name: name, cached: cached(p)}
	s.plain(p["variables"], func(v any) { st.variables, _ = v.(map[string]any) })
	s.stages = append(s.stages, st)
}

// group puts the methods on their resources, by path.
func (s *surveyor) group() {
	byReference := map[string]*place{}
	for _, e := range s.byID {
		if e.reference != nil {
			byReference[reference(e.reference)] = e
		}
	}
	grouped := map[string]*resource{}
	for _, m := range s.methods {
		e := s.byID[m.resource]
		if e == nil { // the same resource by its other attribute, or an imported one
			e = byReference[reference(m.reference)]
		}
		if e == nil {
			e = &place{at: m.at, id: m.resource, path: "resource of " + *m.node.Node().Path()}
			s.byID[e.id] = e
		}
		g := grouped[e.id]
		if g == nil {
			g = &resource{at: e.at, path: s.path(e, 0), id: &e.id, scope: e.scope}
			if g.scope == nil {
				g.at, g.scope = m.at, m.node
			}
			grouped[e.id] = g
			s.resources = append(s.resources, g)
		}
		m.path = g.path
		if m.verb == "OPTIONS" {
			g.options = m.method
		} else {
			g.methods = append(g.methods, m.method)
		}
	}
	slices.SortStableFunc(s.resources, func(a, b *resource) int { return cmp.Compare(a.path, b.path) })
}

// path returns the API path of a resource. No API is 64 resources deep: a
// longer chain is a cycle, which CloudFormation will refuse.
func (s *surveyor) path(e *place, depth int) string {
	if e.path == "" {
		parent := s.byID[e.parent]
		if parent == nil || depth > 64 {
			return ".../" + e.part // below an imported resource
		}
		e.path = strings.TrimSuffix(s.path(parent, depth+1), "/") + "/" + e.part
	}
	return e.path
}

// caching reports whether a stage of the API may cache answers.
func (s *inventory) caching() bool {
	return slices.ContainsFunc(s.stages, func(st *stage) bool { return st.cached })
}

// cached reports whether a stage, or a stage's description, has a cache for any
// method.
func cached(p map[string]any) bool {
	if isOn(p["cacheClusterEnabled"]) {
		return true
	}
	settings, known := p["methodSettings"].([]any)
	return !known && p["methodSettings"] != nil || slices.ContainsFunc(settings, func(v any) bool {
		m, ok := v.(map[string]any)
		return !ok || isOn(m["cachingEnabled"])
	})
}

// isOn reports whether a switch is on, or is decided only at deploy time.
func isOn(v any) bool { return v != nil && v != false }

// A resolver collects values that hold CDK tokens and has them resolved in one
// message.
type resolver struct {
	values []any
	sets   []func(any)
}

// later has v resolved to what CloudFormation gets, and handed to set.
func (r *resolver) later(v any, set func(any)) {
	if v == nil {
		return
	}
	r.values = append(r.values, v)
	r.sets = append(r.sets, set)
}

// plain hands v to set as it is, tokens in its strings untouched, unless it
// holds a value that only the CDK can read.
func (r *resolver) plain(v any, set func(any)) {
	if isPlain(v) {
		set(v)
		return
	}
	r.later(v, set)
}

func (r *resolver) resolve(stack awscdk.Stack) {
	if len(r.values) == 0 {
		return
	}
	// Each value in a map of its own, since resolving drops an undefined element
	// from a list and the rest would move up.
	wrapped := make([]any, len(r.values))
	for i, v := range r.values {
		wrapped[i] = map[string]any{"value": v}
	}
	resolved, _ := unwrap(stack.Resolve(wrapped)).([]any)
	for i, v := range resolved {
		m, _ := v.(map[string]any)
		r.sets[i](m["value"])
	}
}

// properties gives a construct's CloudFormation properties as plain data, with
// the names that the CDK has for them.
func properties(p *map[string]any) map[string]any {
	if p == nil {
		return nil
	}
	m, _ := unwrap(*p).(map[string]any)
	return m
}

// unwrap takes out the wrapper that the jsii runtime leaves around maps.
func unwrap(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if inner, ok := v["$jsii.map"]; ok && len(v) == 1 {
			return unwrap(inner)
		}
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = unwrap(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = unwrap(e)
		}
		return out
	case *string:
		return *v
	default:
		return v
	}
}

func isPlain(v any) bool {
	switch v := v.(type) {
	case nil, string, bool, float64:
		return true
	case map[string]any:
		if v["$jsii.byref"] != nil { // an object of the JavaScript process
			return false
		}
		for _, e := range v {
			if !isPlain(e) {
				return false
			}
		}
		return true
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !isPlain(e) })
	}
	return false
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func nonEmpty(v any) bool {
	list, ok := v.([]any)
	return v != nil && (!ok || len(list) > 0)
}

// reference names the logical id that a resolved value refers to, by Ref or by
// Fn::GetAtt; for anything else it is the value as JSON.
func reference(v any) string {
	if m, ok := v.(map[string]any); ok && len(m) == 1 {
		if id, ok := m["Ref"].(string); ok {
			return "logical id " + id
		}
		if att, ok := m["Fn::GetAtt"].([]any); ok && len(att) == 2 {
			return "logical id " + text(att[0])
		}
	}
	b, _ := json.Marshal(v)
	return string(b)
}
