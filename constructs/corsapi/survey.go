package corsapi

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/corsgate/corsgate/internal/cdkbridge"
)

// An inventory is what the app has of one API, as plain data.
type inventory struct {
	api              surveyed
	stacks           []cdkbridge.Stack // inner stacks follow outer ones
	ids              []string          // of the API, as constructs have it: tokens
	answering        int               // how many methods, gateway responses and stages it has
	resources        []*resource       // those with methods, by path
	paths            int               // how many resources there are, the root not counted
	gatewayResponses []*gatewayResponse
	stages           []*stage
	deployments      []*deployment
	permissions      map[string][]*permission // every function's, by the path of what they stand in
}

// stackAt returns the index of the innermost stack around a position, -1 for
// none.
func (s *inventory) stackAt(at int) int {
	in := -1
	for i, sp := range s.stacks {
		if sp.From <= at && at < sp.To {
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
	if _, nested := sb.Stack.(awscdk.NestedStack); nested && sa.From < sb.From && sb.To <= sa.To {
		return follows
	}
	if _, nested := sa.Stack.(awscdk.NestedStack); nested {
		return after // beside it in one parent, where the app orders them
	}
	for _, d := range *sa.Dependencies() {
		if *d.Node().Path() == *sb.Node().Path() {
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
	path             string
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

// isSimple reports whether pages need no preflight for any method of r, as far
// as its methods tell.
func (r *resource) isSimple() bool {
	return !slices.ContainsFunc(r.methods, func(m *method) bool { return m.verb != "GET" && m.verb != "HEAD" })
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
	permissions     []*permission // what stands beside node
}

// resolvedIntegration is m's integration with its URI resolved: the one token
// that most have.
func (m *method) resolvedIntegration() map[string]any {
	out := maps.Clone(m.integration)
	if m.integrationURI != nil {
		out["uri"] = m.integrationURI
	}
	return out
}

type gatewayResponse struct {
	at           int
	node         awsapigateway.CfnGatewayResponse
	responseType string
	parameters   map[string]any
	props        map[string]any
}

type stage struct {
	path      string             // of node in the tree
	node      awscdk.CfnResource // a Stage, or a Deployment that makes one
	prefix    string             // of the property that holds the variables
	name      string
	variables map[string]any // overrides of them, too
	cached    bool
}

// survey reads the whole app: resources, methods and stages of an API may stand
// outside its own tree, in another scope or stack.
func survey(api restAPI) *inventory {
	id := *api.RestApiId()
	ids := []string{id}
	if cfn, ok := api.Node().DefaultChild().(awsapigateway.CfnRestApi); ok {
		ids = append(ids, *cfn.AttrRestApiId()) // the same id, by another attribute
	}
	tree := cdkbridge.Read(api.Node().Root(), map[string]cdkbridge.Want{
		"AWS::ApiGateway::RestApi":         {Of: []string{id}, Resolve: []string{"policy"}},
		"AWS::ApiGateway::Resource":        ownedBy(ids, cdkbridge.Want{Ref: true, Node: true, Scope: true}),
		cdkbridge.Method:                   ownedBy(ids, cdkbridge.Want{Node: true, Resolve: []string{"methodResponses", "integration.uri"}}),
		"AWS::ApiGateway::GatewayResponse": ownedBy(ids, cdkbridge.Want{Node: true}),
		"AWS::ApiGateway::Stage":           ownedBy(ids, cdkbridge.Want{Node: true, Overrides: true}),
		"AWS::ApiGateway::Deployment":      ownedBy(ids, cdkbridge.Want{Node: true, Scope: true, Overrides: true}),
		cdkbridge.Permission:               {Resolve: []string{"functionName"}},
	}, "")
	s := &surveyor{inventory: &inventory{ids: ids, stacks: tree.Stacks, permissions: map[string][]*permission{}}, stack: awscdk.Stack_Of(api), byID: map[string]*place{}}
	for i := range tree.Resources {
		s.visit(&tree.Resources[i])
	}
	s.answering = answering(tree)
	root := *api.RestApiRootResourceId()
	top := &place{at: s.api.at, id: root, path: "/"}
	top.scope, _ = api.Root().(constructs.Construct)
	s.byID[root] = top
	s.group()
	return s.inventory
}

// answering counts the resources of a tree that decide what an API answers: an
// API that has as many as before is as complete as before.
func answering(tree *cdkbridge.Tree) int {
	n := 0
	for _, r := range tree.Resources {
		switch r.Type {
		case cdkbridge.Method, "AWS::ApiGateway::GatewayResponse", "AWS::ApiGateway::Stage", "AWS::ApiGateway::Deployment":
			n++
		}
	}
	return n
}

// ownedBy wants what names one of ids as its API.
func ownedBy(ids []string, w cdkbridge.Want) cdkbridge.Want {
	w.Of, w.By = ids, "restApiId"
	return w
}

// A surveyor is a survey under way.
type surveyor struct {
	*inventory
	stack   awscdk.Stack      // the API's
	byID    map[string]*place // by resource id, as the constructs have it: a token
	methods []*placed
}

// A place is a resource, with or without methods.
type place struct {
	at               int
	id, parent, part string
	path             string
	scope            constructs.Construct
}

// A placed is a method and the id of its resource.
type placed struct {
	*method
	resource  string
	scopePath string
}

// visit takes down one construct of the API.
func (s *surveyor) visit(r *cdkbridge.Resource) {
	p := r.Properties
	switch r.Type {
	case "AWS::ApiGateway::RestApi":
		s.api = surveyed{at: r.At, path: r.ScopePath(), policy: r.Resolved["policy"], binaryMediaTypes: nonEmpty(p["binaryMediaTypes"])}
	case "AWS::ApiGateway::Resource":
		s.resource(r)
	case cdkbridge.Method:
		s.method(r)
	case cdkbridge.Permission:
		s.permissions[r.ScopePath()] = append(s.permissions[r.ScopePath()], &permission{r})
	case "AWS::ApiGateway::GatewayResponse":
		g := &gatewayResponse{at: r.At, node: r.Node.(awsapigateway.CfnGatewayResponse), responseType: text(p["responseType"]), props: p}
		g.parameters, _ = p["responseParameters"].(map[string]any)
		s.gatewayResponses = append(s.gatewayResponses, g)
	case "AWS::ApiGateway::Stage":
		s.stage(r, "Variables.", p)
	case "AWS::ApiGateway::Deployment":
		d := &deployment{at: r.At, node: r.Node}
		if aware, ok := r.Scope.(awsapigateway.Deployment); ok && r.IsDefaultChild() {
			d.node, d.aware = aware, aware
		}
		s.deployments = append(s.deployments, d)
		if text(p["stageName"]) != "" {
			description, _ := p["stageDescription"].(map[string]any)
			s.stage(r, "StageDescription.Variables.", description)
		}
	}
}

// resource takes down a resource. An OPTIONS method on it stands in the CDK's
// own construct, if it is that one's.
func (s *surveyor) resource(r *cdkbridge.Resource) {
	e := &place{at: r.At, id: r.Ref, parent: text(r.Properties["parentId"]), part: text(r.Properties["pathPart"])}
	if native, ok := r.Scope.(awsapigateway.Resource); ok && r.IsDefaultChild() {
		e.scope = native
	} else {
		e.scope = r.Node.(constructs.Construct)
	}
	s.byID[e.id] = e
}

func (s *surveyor) method(r *cdkbridge.Resource) {
	m := &placed{
		method:    &method{at: r.At, node: r.Node.(awsapigateway.CfnMethod), verb: text(r.Properties["httpMethod"])},
		resource:  text(r.Properties["resourceId"]),
		scopePath: r.ScopePath(),
	}
	m.responses = r.Resolved["methodResponses"]
	m.parameters, _ = r.Properties["requestParameters"].(map[string]any)
	m.integration, _ = r.Properties["integration"].(map[string]any)
	m.integrationType = text(m.integration["type"])
	m.integrationURI = r.Resolved["integration.uri"]
	s.methods = append(s.methods, m)
}

// stage takes down a stage, or the description of one in a deployment.
func (s *surveyor) stage(r *cdkbridge.Resource, prefix string, p map[string]any) {
	st := &stage{path: r.Path, node: r.Node.(awscdk.CfnResource), prefix: prefix, name: text(r.Properties["stageName"]), cached: cached(p)}
	st.variables = variables(r, prefix, p)
	s.stages = append(s.stages, st)
}

// variables gives the stage variables that a stage with these properties sets, and
// those that overrides of the property at a path set.
func variables(r *cdkbridge.Resource, path string, p map[string]any) map[string]any {
	out := map[string]any{}
	own, _ := p["variables"].(map[string]any)
	maps.Copy(out, own)
	overrides := r.Overrides
	for name := range strings.SplitSeq(strings.TrimSuffix(path, "."), ".") {
		overrides, _ = overrides[name].(map[string]any)
	}
	maps.Copy(out, overrides)
	return out
}

// group puts the methods on their resources, by path.
func (s *surveyor) group() {
	var others map[string]*place
	grouped := map[string]*resource{}
	for _, e := range s.byID {
		if e.path != "/" {
			s.paths++
		}
	}
	for _, m := range s.methods {
		e := s.byID[m.resource]
		if e == nil { // the same resource by its other attribute, or an imported one
			if others == nil {
				others = s.byReference()
			}
			e = others[s.reference(m.resource)]
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
		m.path, m.permissions = g.path, s.permissions[m.scopePath]
		if m.verb == "OPTIONS" {
			g.options = m.method
		} else {
			g.methods = append(g.methods, m.method)
		}
	}
	slices.SortStableFunc(s.resources, func(a, b *resource) int { return cmp.Compare(a.path, b.path) })
}

// byReference gives the places by the logical ids of their resources.
func (s *surveyor) byReference() map[string]*place {
	out := map[string]*place{}
	for _, id := range slices.Sorted(maps.Keys(s.byID)) {
		out[s.reference(id)] = s.byID[id]
	}
	return out
}

// reference names what a token refers to.
func (s *surveyor) reference(token string) string { return reference(s.stack.Resolve(token)) }

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
