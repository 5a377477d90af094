package plan

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/corsheader"
)

// MethodType is the type of the resources that preflights are.
const MethodType = "AWS::ApiGateway::Method"

// preflights puts an OPTIONS method on every resource that has a method.
func (m *maker) preflights() {
	said := map[string]bool{}
	var missing []New
	for _, r := range m.Resources {
		allow := AllowMethods(m.policy, r.names())
		integration := PreflightIntegration(m.policy, allow, m.caches)
		responses := PreflightResponses(m.policy, allow)
		// What the API responds with follows from the methods and the policy, so it is
		// enough to have each set of methods' once.
		m.wrote(r.Path, allow)
		if !said[allow] {
			said[allow] = true
			m.wrote(integration, responses)
		}
		if r.Options != nil {
			m.replaceOptions(r, integration, responses)
			continue
		}
		properties := map[string]any{
			"restApiId":         m.API.ID,
			"resourceId":        r.ID,
			"httpMethod":        "OPTIONS",
			"authorizationType": "NONE",
			"apiKeyRequired":    false,
			"integration":       integration,
			"methodResponses":   responses,
		}
		if m.caches {
			properties["requestParameters"] = optionalParameters()
		}
		// The path is that of the CDK's own preflights, so that an API that moves to
		// corsgate keeps its methods: CloudFormation cannot create a second OPTIONS on a
		// resource before it deletes the first.
		missing = append(missing, New{Type: MethodType, Scope: r.Scope, IDs: []string{"OPTIONS", "Resource"}, Properties: properties, Metadata: r.nag()})
	}
	for _, n := range missing {
		m.create(n)
	}
}

// NagKey is the key of cdk-nag's suppressions in metadata.
const NagKey = "cdk_nag"

// nag returns the metadata that an OPTIONS method of ours has, for cdk-nag: suppressions
// that are for all below a construct (applyToChildren) were put on what was there then, so
// those that each method of the resource has, and the resource, are for this one, too.
func (r *Resource) nag() map[string]any {
	var common []any
	for _, s := range r.Nag {
		if !slices.ContainsFunc(r.Methods, func(m *Method) bool {
			return !slices.ContainsFunc(m.Nag, func(other any) bool { return reflect.DeepEqual(s, other) })
		}) {
			common = append(common, s)
		}
	}
	if common == nil {
		return nil
	}
	return map[string]any{NagKey: map[string]any{"rules_to_suppress": common}}
}

// replaceOptions makes an OPTIONS method that exists respond as ours do.
func (m *maker) replaceOptions(r *Resource, integration map[string]any, responses []any) {
	on := r.Options.Node
	if !m.Replace {
		m.warn(on, "own-options", r.Path+" has an OPTIONS method of its own: it is replaced; remove it")
	}
	// Overrides: those of the user's own would win over properties that are set.
	m.set(on, "AuthorizationType", "NONE")
	m.set(on, "ApiKeyRequired", false)
	for _, name := range []string{"AuthorizerId", "AuthorizationScopes", "OperationName", "RequestModels", "RequestParameters", "RequestValidatorId"} {
		m.unset(on, name)
	}
	if m.caches {
		m.set(on, "RequestParameters", optionalParameters())
		for _, name := range slices.Sorted(maps.Keys(r.Options.Parameters)) {
			if !slices.Contains(OriginParameters, any(name)) {
				m.unset(on, "RequestParameters."+escape(name))
			}
		}
	}
	// An override is merged with what is there, so nothing may be.
	m.Changes = append(m.Changes, Change{On: on, Kind: Reset, Path: "integration", Value: map[string]any{"type": apigw.Mock}})
	m.set(on, "Integration", Pascal(integration))
	m.set(on, "MethodResponses", pascalAll(responses))
	m.parts = append(m.parts, on)
}

// optionalParameters declares the cache key parameters as not required.
func optionalParameters() map[string]any {
	out := map[string]any{}
	for _, p := range OriginParameters {
		out[p.(string)] = false
	}
	return out
}

// methods completes the methods that are not OPTIONS.
func (m *maker) methods() {
	for _, r := range m.Resources {
		for _, x := range r.Methods {
			if m.caches {
				m.cacheKey(x)
			}
			if x.Integration != nil && !apigw.IsProxy(x.Type) {
				m.treat(x)
			}
			// The CDK tells the API's own deployments of its own methods, but no
			// other deployment, and of no other method.
			m.parts = append(m.parts, x.Node)
			integration := maps.Clone(x.Integration)
			if x.URI != nil {
				integration["uri"] = x.URI // the one token that most have
			}
			m.wrote(x.Path, x.Verb, integration, x.Responses)
		}
	}
}

// cacheKey has the stage's cache keep the responses to different origins apart.
func (m *maker) cacheKey(x *Method) {
	keys, _ := x.Integration["cacheKeyParameters"].([]any)
	merged := CacheKey(keys)
	for _, p := range OriginParameters {
		if _, ok := x.Parameters[p.(string)]; !ok {
			m.set(x.Node, "RequestParameters."+escape(p.(string)), false)
		}
	}
	m.set(x.Node, "Integration.CacheKeyParameters", merged)
	m.wrote(x.Path, x.Verb, "cache key", merged)
}

// CacheKey adds the origin to cache key parameters.
func CacheKey(keys []any) []any {
	merged := slices.Clone(keys)
	for _, p := range OriginParameters {
		if !slices.Contains(keys, p) {
			merged = append(merged, p)
		}
	}
	return merged
}

// treat declares and maps the headers on every response of a method that is not a
// proxy. It writes header by header and template by template: what else stands in
// a response may hold references to other stacks, which cannot be read here and
// written back.
func (m *maker) treat(x *Method) {
	responses, known := x.Integration["integrationResponses"].([]any)
	if !known && x.Integration["integrationResponses"] != nil {
		m.fail(x.Node, "", "the integration responses of "+x.where()+" are not known at synthesis, so they cannot get the headers: write them as a list")
		return
	}
	t := Treat(m.policy, Integration{
		Where: x.where(), Mock: x.Type == apigw.Mock, Binary: m.Binary, Replace: m.Replace,
		ContentHandling: x.Integration["contentHandling"], Templates: x.Integration["requestTemplates"], Responses: responses,
	})
	m.remark(x.Node, t.Remarks)
	if t.ToText {
		m.set(x.Node, "Integration.ContentHandling", "CONVERT_TO_TEXT")
		m.wrote(x.where(), "CONVERT_TO_TEXT")
	}
	m.prefix(x, "Integration.RequestTemplates.", t.Templates)
	for i, r := range t.Responses {
		at := fmt.Sprintf("Integration.IntegrationResponses.%d.", i)
		m.prefix(x, at+"ResponseTemplates.", r.Templates)
		given, _ := responses[i].(map[string]any)
		params, _ := given["responseParameters"].(map[string]any)
		m.override(x.Node, at+"ResponseParameters.", params, r.Parameters)
		m.wrote(x.where(), i, r.Parameters)
	}
	m.declare(x, t.Declared)
}

// remark adds remarks about a construct.
func (m *maker) remark(on string, remarks []Remark) {
	for _, r := range remarks {
		r.On = on
		m.Remarks = append(m.Remarks, r)
	}
}

// prefix puts the policy's directives in front of templates.
func (m *maker) prefix(x *Method, path string, templates map[string]any) {
	for _, contentType := range slices.Sorted(maps.Keys(templates)) {
		m.set(x.Node, path+escape(contentType), ResponseTemplate(m.policy)+templates[contentType].(string))
		m.wrote(x.Path, x.Verb, path, contentType, ResponseTemplate(m.policy))
	}
}

// declare declares the headers of each status: mapping a header that is not
// declared fails the deployment.
func (m *maker) declare(x *Method, statuses map[string]map[string]any) {
	existing, _ := x.Responses.([]any)
	var added []any
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		ours := statuses[status]
		m.wrote(x.Path, x.Verb, status, ours) // with what it is merged with
		i := slices.IndexFunc(existing, func(r any) bool { return StatusOf(r) == status })
		if i < 0 {
			added = append(added, map[string]any{"statusCode": status, "responseParameters": ours})
			continue
		}
		params, _ := existing[i].(map[string]any)["responseParameters"].(map[string]any)
		for key, required := range params {
			if name, _ := apigw.HeaderName(key, apigw.MethodHeader); !corsheader.Is(name) && !corsheader.IsVary(name) {
				ours[key] = required
			}
		}
		m.override(x.Node, fmt.Sprintf("MethodResponses.%d.ResponseParameters.", i), params, ours)
	}
	if len(existing) == 0 {
		if added != nil {
			m.set(x.Node, "MethodResponses", pascalAll(added))
		}
		return
	}
	for i, r := range added {
		m.set(x.Node, fmt.Sprintf("MethodResponses.%d", len(existing)+i), Pascal(r.(map[string]any)))
	}
}

// override turns one object of a property into another, key by key.
func (m *maker) override(on, path string, from, to map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(from)) {
		if _, ok := to[key]; !ok {
			m.unset(on, path+escape(key))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(to)) {
		if v, ok := from[key]; !ok || !reflect.DeepEqual(v, to[key]) {
			m.set(on, path+escape(key), to[key])
		}
	}
}
