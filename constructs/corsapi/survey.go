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

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cdkbridge"
	"github.com/corsgate/corsgate/internal/plan"
)

// An inventory is what the app has of one API: as plain data for internal/plan, and
// the constructs that the plan names by their paths.
type inventory struct {
	*plan.API
	ids       []string // of the API, as constructs have it: tokens
	answering int      // how many methods, gateway responses and stages it has
	nodes     map[string]constructs.IConstruct
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
		"AWS::ApiGateway::RestApi":    {Of: []string{id}, Resolve: []string{"policy"}, Metadata: noted},
		"AWS::ApiGateway::Resource":   ownedBy(ids, cdkbridge.Want{Ref: true, Node: true, Scope: true, Metadata: noted}),
		plan.MethodType:               ownedBy(ids, cdkbridge.Want{Node: true, Resolve: []string{"methodResponses", "integration.uri"}, Metadata: noted}),
		plan.GatewayResponseType:      ownedBy(ids, cdkbridge.Want{Node: true, Metadata: noted}),
		"AWS::ApiGateway::Stage":      ownedBy(ids, cdkbridge.Want{Node: true, Metadata: noted}),
		"AWS::ApiGateway::Deployment": ownedBy(ids, cdkbridge.Want{Node: true, Scope: true, Metadata: noted}),
		"AWS::ApiGateway::Authorizer": {Ref: true}, // those of the CDK name their API by a token of their own
		plan.PermissionType:           {Resolve: []string{"functionName"}},
	}, "")
	s := &surveyor{
		inventory:   &inventory{API: &plan.API{ID: id}, ids: ids, answering: answering(tree), nodes: map[string]constructs.IConstruct{}},
		stack:       awscdk.Stack_Of(api),
		byID:        map[string]*place{},
		authorizers: map[string][]string{},
		permissions: map[string][]plan.Permission{},
	}
	for _, st := range tree.Stacks {
		s.Stacks = append(s.Stacks, plan.Stack{Path: st.Path, Nested: st.Nested, DependsOn: st.DependsOn})
		s.nodes[st.Path] = st.Stack
	}
	for i := range tree.Resources {
		s.visit(&tree.Resources[i])
	}
	s.Permissions = s.permissions[s.Node]
	s.nodes[s.Node] = api
	root := &place{id: *api.RestApiRootResourceId(), path: "/", nag: s.nag}
	if scope, ok := api.Root().(constructs.Construct); ok {
		root.scope = s.Node + "/Default"
		s.nodes[root.scope] = scope
	}
	s.byID[root.id] = root
	s.group()
	return s.inventory
}

// answering counts the resources of a tree that decide how an API responds: an
// API that has as many as before is as complete as before.
func answering(tree *cdkbridge.Tree) int {
	n := 0
	for _, r := range tree.Resources {
		switch r.Type {
		case plan.MethodType, plan.GatewayResponseType, "AWS::ApiGateway::Stage", "AWS::ApiGateway::Deployment":
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
	stack       awscdk.Stack        // the API's
	byID        map[string]*place   // by resource id, as the constructs have it: a token
	authorizers map[string][]string // the identity sources of each, by its id: a token
	methods     []*placed
	permissions map[string][]plan.Permission // every function's, by the path of what they stand in
	nag         []any                        // cdk-nag's suppressions on the API
}

// A place is a resource, with or without methods.
type place struct {
	id, parent, part string
	path             string
	scope            string // what an OPTIONS method is put into
	nag              []any
}

// A placed is a method and the id of its resource.
type placed struct {
	*plan.Method
	resource   string
	scopePath  string
	authorizer string // its id, a token
}

// visit records one construct of the API.
func (s *surveyor) visit(r *cdkbridge.Resource) {
	p := r.Properties
	if r.Node != nil {
		s.nodes[r.Path] = r.Node
	}
	s.suppress(r)
	switch r.Type {
	case "AWS::ApiGateway::RestApi":
		s.Node, s.Policy, s.Binary = r.ScopePath(), r.Resolved["policy"], nonEmpty(p["binaryMediaTypes"])
		s.KeySource = text(p["apiKeySourceType"])
		_, s.PolicyFixed = r.Overrides["Policy"]
		s.nag = nag(r)
	case "AWS::ApiGateway::Authorizer":
		s.authorizers[r.Ref] = identitySources(p)
	case "AWS::ApiGateway::Resource":
		s.resource(r)
	case plan.MethodType:
		s.method(r)
	case plan.PermissionType:
		s.permissions[r.ScopePath()] = append(s.permissions[r.ScopePath()], plan.Permission{
			Path: r.Path, Function: text(p["functionName"]), Key: reference(r.Resolved["functionName"]), Properties: p, Altered: r.Altered,
		})
	case plan.GatewayResponseType:
		g := &plan.GatewayResponse{Node: r.Path, Type: text(p["responseType"]), Properties: p}
		g.Parameters, _ = p["responseParameters"].(map[string]any)
		s.GatewayResponses = append(s.GatewayResponses, g)
	case "AWS::ApiGateway::Stage":
		s.Stages = append(s.Stages, stage(r, stageVariables, p))
	case "AWS::ApiGateway::Deployment":
		d := plan.Deployment{Node: r.Path}
		if aware, ok := r.Scope.(awsapigateway.Deployment); ok && r.IsDefaultChild() {
			d = plan.Deployment{Node: r.ScopePath(), Follows: true}
			s.nodes[d.Node] = aware
		}
		s.Deployments = append(s.Deployments, d)
		if text(p["stageName"]) != "" {
			description, _ := p["stageDescription"].(map[string]any)
			s.Stages = append(s.Stages, stage(r, "StageDescription.Variables.", description))
		}
	}
}

// resource records a resource. An OPTIONS method on it stands in the CDK's
// own construct, if it is that one's.
func (s *surveyor) resource(r *cdkbridge.Resource) {
	e := &place{id: r.Ref, parent: text(r.Properties["parentId"]), part: text(r.Properties["pathPart"]), scope: r.Path, nag: nag(r)}
	if native, ok := r.Scope.(awsapigateway.Resource); ok && r.IsDefaultChild() {
		e.scope = r.ScopePath()
		s.nodes[e.scope] = native
	}
	s.byID[e.id] = e
}

func (s *surveyor) method(r *cdkbridge.Resource) {
	m := &plan.Method{Node: r.Path, Verb: text(r.Properties["httpMethod"]), Responses: r.Resolved["methodResponses"], URI: r.Resolved["integration.uri"]}
	m.Parameters, _ = r.Properties["requestParameters"].(map[string]any)
	m.Integration, _ = r.Properties["integration"].(map[string]any)
	m.Type = text(m.Integration["type"])
	m.Security = security(r)
	m.Nag = nag(r)
	s.methods = append(s.methods, &placed{m, text(r.Properties["resourceId"]), r.ScopePath(), text(r.Properties["authorizerId"])})
}

// security is what a method wants of a request, but for what its authorizer reads.
func security(r *cdkbridge.Resource) plan.Security {
	return plan.Security{Type: text(r.Properties["authorizationType"]), APIKey: r.Properties["apiKeyRequired"] == true || r.Properties["apiKeyRequired"] == "true"}
}

// noted is what is read of constructs' metadata.
var noted = []string{suppressKey, plan.NagKey}

// suppressKey is the key of corsgate's own suppressions in metadata.
const suppressKey = "corsgate"

// suppress records which rules do not count for a construct, or for the API. One
// without a reason is none, as for `corsgate check`.
func (s *surveyor) suppress(r *cdkbridge.Resource) {
	on := r.Path
	if r.Type == "AWS::ApiGateway::RestApi" {
		on = r.ScopePath()
	}
	ours, _ := r.Metadata[suppressKey].(map[string]any)
	list, _ := ours["suppress"].([]any)
	for _, v := range list {
		one, _ := v.(map[string]any)
		if strings.TrimSpace(text(one["reason"])) != "" {
			s.Suppressed = append(s.Suppressed, plan.Suppression{On: on, Rule: text(one["id"])})
		}
	}
}

// nag returns cdk-nag's suppressions on a resource.
func nag(r *cdkbridge.Resource) []any {
	m, _ := r.Metadata[plan.NagKey].(map[string]any)
	list, _ := m["rules_to_suppress"].([]any)
	return list
}

// identitySources returns what an authorizer reads.
func identitySources(p map[string]any) []string {
	if p["identitySource"] == nil && p["type"] == "TOKEN" {
		return []string{apigw.RequestHeader + "Authorization"}
	}
	return apigw.IdentitySources(text(p["identitySource"]))
}

// stageVariables is where a stage has its variables.
const stageVariables = "Variables."

// stage is a stage, or the description of one in a deployment.
func stage(r *cdkbridge.Resource, prefix string, p map[string]any) *plan.Stage {
	st := &plan.Stage{Node: r.Path, Prefix: prefix, Name: text(r.Properties["stageName"]), Cached: cached(p)}
	st.Variables, _ = p["variables"].(map[string]any)
	for _, name := range []string{"canarySetting", "deploymentCanarySettings"} {
		if canary, ok := r.Properties[name].(map[string]any); ok {
			st.Canary, _ = canary["stageVariableOverrides"].(map[string]any)
		}
	}
	return st
}

// group puts the methods on their resources, by path.
func (s *surveyor) group() {
	var others map[string]*place
	grouped := map[string]*plan.Resource{}
	for _, e := range s.byID {
		if e.path != "/" {
			s.Paths++
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
			e = &place{id: m.resource, path: "resource of " + m.Node}
			s.byID[e.id] = e
		}
		g := grouped[e.id]
		if g == nil {
			g = &plan.Resource{Path: s.path(e, 0), ID: e.id, Scope: cmp.Or(e.scope, m.Node), Nag: e.nag}
			grouped[e.id] = g
			s.Resources = append(s.Resources, g)
		}
		m.Path, m.Permissions = g.Path, s.permissions[m.scopePath]
		sources, known := s.authorizers[m.authorizer]
		if !known && m.Security.Type == "COGNITO_USER_POOLS" {
			sources = []string{apigw.RequestHeader + "Authorization"} // nobody's own header is known, and this is what most have
		}
		m.Security.Sources = sources
		if m.Verb == "OPTIONS" {
			g.Options = m.Method
		} else {
			g.Methods = append(g.Methods, m.Method)
		}
	}
	slices.SortStableFunc(s.Resources, func(a, b *plan.Resource) int { return cmp.Compare(a.Path, b.Path) })
}

// byReference returns the places by the logical ids of their resources.
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
