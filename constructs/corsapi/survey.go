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
	api              restAPI
	resources        []*resource // by path
	gatewayResponses []*gatewayResponse
	stages           []*stage
	deployments      []awsapigateway.Deployment
	looseDeployments []awsapigateway.CfnDeployment // without the construct that hashes
}

type restAPI struct {
	node             awsapigateway.CfnRestApi
	policy           any // the resource policy, resolved
	binaryMediaTypes bool
}

type resource struct {
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
	node            awsapigateway.CfnMethod
	native          bool // made by the CDK's own Method, which tells deployments of it
	verb            string
	path            string
	integration     map[string]any
	responses       any // method responses, resolved
	parameters      map[string]any
	integrationURI  any // resolved
	integrationType string
}

type gatewayResponse struct {
	node         awsapigateway.CfnGatewayResponse
	responseType string
	parameters   map[string]any
	props        map[string]any
}

type stage struct {
	node       awscdk.CfnResource // a Stage, or a Deployment that makes one
	prefix     string             // of the property that holds the variables
	name       string
	variables  map[string]any
	clustered  any
	methodSets any
}

// survey reads the whole app: resources, methods and stages of an API may stand
// outside its own tree, in another scope or stack.
func survey(api awsapigateway.RestApi) *inventory {
	s := &inventory{}
	r := &resolver{}
	self := *api.RestApiId()
	rootID := *api.RestApiRootResourceId()

	type parented struct {
		ref, parent, part string
		refText           any
		scope             constructs.Construct
	}
	var (
		resources []*parented
		methods   []*struct {
			*method
			resource     string
			resourceText any
		}
		previous constructs.IConstruct
	)
	for _, node := range *api.Node().Root().Node().FindAll(constructs.ConstructOrder_PREORDER) {
		// The CDK's own constructs make their CloudFormation resource first
		// of all, so that it directly follows them.
		before := previous
		previous = node
		switch n := node.(type) {
		case awsapigateway.CfnRestApi:
			if *n.Ref() != self {
				continue
			}
			s.api.node = n
			p := properties(n.CfnProperties())
			s.api.binaryMediaTypes = nonEmpty(p["binaryMediaTypes"])
			r.later(p["policy"], func(v any) { s.api.policy = v })
		case awsapigateway.CfnResource:
			p := properties(n.CfnProperties())
			if p["restApiId"] != self {
				continue
			}
			e := &parented{ref: *n.Ref(), parent: text(p["parentId"]), part: text(p["pathPart"]), scope: n}
			if native, ok := before.(awsapigateway.Resource); ok {
				e.scope = native
			}
			r.later(e.ref, func(v any) { e.refText = v })
			resources = append(resources, e)
		case awsapigateway.CfnMethod:
			p := properties(n.CfnProperties())
			if p["restApiId"] != self {
				continue
			}
			e := &struct {
				*method
				resource     string
				resourceText any
			}{&method{node: n, verb: text(p["httpMethod"])}, text(p["resourceId"]), nil}
			_, e.native = before.(awsapigateway.Method)
			e.parameters, _ = p["requestParameters"].(map[string]any)
			r.later(p["methodResponses"], func(v any) { e.responses = v })
			r.later(e.resource, func(v any) { e.resourceText = v })
			r.plain(p["integration"], func(v any) {
				e.integration, _ = v.(map[string]any)
				e.integrationType = text(e.integration["type"])
			})
			if i, ok := p["integration"].(map[string]any); ok && strings.HasSuffix(text(i["type"]), "_PROXY") {
				r.later(i["uri"], func(v any) { e.integrationURI = v })
			}
			methods = append(methods, e)
		case awsapigateway.CfnGatewayResponse:
			p := properties(n.CfnProperties())
			if p["restApiId"] != self {
				continue
			}
			e := &gatewayResponse{node: n, responseType: text(p["responseType"])}
			r.plain(p, func(v any) {
				e.props, _ = v.(map[string]any)
				e.parameters, _ = e.props["responseParameters"].(map[string]any)
			})
			s.gatewayResponses = append(s.gatewayResponses, e)
		case awsapigateway.CfnStage:
			p := properties(n.CfnProperties())
			if p["restApiId"] != self {
				continue
			}
			e := &stage{node: n, prefix: "Variables.", name: text(p["stageName"]), clustered: p["cacheClusterEnabled"]}
			r.plain(p["methodSettings"], func(v any) { e.methodSets = v })
			r.plain(p["variables"], func(v any) { e.variables, _ = v.(map[string]any) })
			s.stages = append(s.stages, e)
		case awsapigateway.Deployment:
			if *n.Api().RestApiId() == self {
				s.deployments = append(s.deployments, n)
			}
		case awsapigateway.CfnDeployment:
			p := properties(n.CfnProperties())
			if p["restApiId"] != self {
				continue
			}
			if _, ok := before.(awsapigateway.Deployment); !ok {
				s.looseDeployments = append(s.looseDeployments, n)
			}
			if name := text(p["stageName"]); name != "" {
				e := &stage{node: n, prefix: "StageDescription.Variables.", name: name}
				r.plain(p["stageDescription"], func(v any) {
					d, _ := v.(map[string]any)
					e.variables, _ = d["variables"].(map[string]any)
					e.clustered, e.methodSets = d["cacheClusterEnabled"], d["methodSettings"]
				})
				s.stages = append(s.stages, e)
			}
		}
	}
	r.resolve(awscdk.Stack_Of(api))

	byRef := map[string]*parented{}
	byText := map[string]*parented{}
	for _, e := range resources {
		byRef[e.ref] = e
		byText[reference(e.refText)] = e
	}
	var pathOf func(ref string, depth int) string
	pathOf = func(ref string, depth int) string {
		if ref == rootID {
			return "/"
		}
		e := byRef[ref]
		if e == nil || depth > 64 {
			return "" // imported, or a cycle
		}
		parent := pathOf(e.parent, depth+1)
		if parent == "" {
			return ""
		}
		return strings.TrimSuffix(parent, "/") + "/" + e.part
	}
	grouped := map[string]*resource{}
	for _, m := range methods {
		id := m.resource
		if e := byText[reference(m.resourceText)]; byRef[id] == nil && e != nil {
			id = e.ref // the same resource, by its other attribute
		}
		g := grouped[id]
		if g == nil {
			g = &resource{path: pathOf(id, 0), id: &id}
			switch e := byRef[id]; {
			case e != nil:
				g.scope = e.scope
			case id == rootID:
				g.scope, _ = api.Root().(constructs.Construct)
			}
			if g.scope == nil {
				g.scope = m.node
			}
			if g.path == "" {
				g.path = "resource of " + *m.node.Node().Path()
			}
			grouped[id] = g
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
	return s
}

// caching reports whether a stage of the API may cache answers.
func (s *inventory) caching() bool {
	for _, st := range s.stages {
		if isOn(st.clustered) {
			return true
		}
		settings, _ := st.methodSets.([]any)
		for _, v := range settings {
			if m, ok := v.(map[string]any); ok && isOn(m["cachingEnabled"]) {
				return true
			}
		}
	}
	return false
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
