package corsapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/internal/cdkbridge"
	"github.com/corsgate/corsgate/internal/cdkbridge/paired"
	"github.com/corsgate/corsgate/internal/openapi"
	"github.com/corsgate/corsgate/internal/plan"
)

// The mapping that holds the policy's templates: one copy, since each is over a
// kilobyte and every path needs one. A document refers to it with literal
// Fn::FindInMap, which costs nothing at synthesis; a token would be resolved path
// by path.
const (
	templatesID  = "CorsTemplates"
	templatesKey = "vtl"
	preflightKey = "preflight"
	responseKey  = "response"
)

// ownFunctionURI is the uri of a function in the API's stack, for Fn::Sub.
const ownFunctionURI = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${%s.Arn}/invocations"

// document renders the OpenAPI document into the API's one resource, and notes
// what of it the plan is to know.
func (c *completer) document(s *inventory) {
	d := &plan.Document{}
	s.Document = d
	cfn, ok := c.api.Node().DefaultChild().(awsapigateway.CfnRestApi)
	if c.spec.plan == nil || !ok {
		return // the faults are told
	}
	s.Paths, d.Paths, d.OwnOptions = c.spec.plan.Resources(), c.spec.plan.Paths(), c.spec.plan.KeepsOptions()
	stack := awscdk.Stack_Of(c.api)
	with := openapi.Rendering{
		Policy: c.policy, Echo: c.options.Echo, Caching: s.Caching(), Binary: s.Binary,
		Preflight: plan.PreflightTemplate(c.policy), Response: plan.ResponseTemplate(c.policy),
	}
	var names []string // the logical ids in it
	var templates awscdk.CfnMapping
	if !c.policy.AnyOrigin() {
		templates = awscdk.NewCfnMapping(c.api, jsii.String(templatesID), &awscdk.CfnMappingProps{Lazy: jsii.Bool(false)})
		templates.SetValue(jsii.String(templatesKey), jsii.String(preflightKey), plan.PreflightTemplate(c.policy))
		id := *templates.LogicalId()
		names = append(names, id)
		with.Preflight = map[string]any{"Fn::FindInMap": []any{id, templatesKey, preflightKey}}
		with.Response = map[string]any{"Fn::FindInMap": []any{id, templatesKey, responseKey}}
	}
	for _, t := range c.spec.functions {
		if id := t.refer(stack); id != "" {
			names = append(names, id)
		}
		if permission := c.api.Node().TryFindChild(&t.permission); permission != nil {
			path := s.Node + "/" + t.permission
			s.nodes[path] = permission
			d.Permissions = append(d.Permissions, path)
		}
	}
	rendered := c.spec.plan.Render(with)
	cdkbridge.SetProperty(cfn, "body", rendered.Body, names)
	d.Responds, d.Opened, d.Remarks = rendered.Responds, rendered.Opened, rendered.Remarks
	d.Operations = c.spec.plan.Secured()
	for i := range d.Operations {
		d.Operations[i].Node = s.Node
	}
	s.KeySource = cmp.Or(c.spec.plan.KeySource(), s.KeySource)
	if templates != nil && d.Responds {
		templates.SetValue(jsii.String(templatesKey), jsii.String(responseKey), plan.ResponseTemplate(c.policy))
	}
	for i := range d.Remarks {
		d.Remarks[i].On = s.Node
	}
	d.Proxies = c.proxies(s.Node, stack, rendered.Proxies)
}

// refer sets the uri that leads to a function. It returns the logical id in it,
// a token, of a function of the API's stack; "" for one of another.
func (t *target) refer(stack awscdk.Stack) string {
	cfn, ok := t.fn.Node().DefaultChild().(awslambda.CfnFunction)
	if ok && *awscdk.Stack_Of(cfn).Node().Path() == *stack.Node().Path() {
		id := *cfn.LogicalId()
		t.uri = map[string]any{"Fn::Sub": fmt.Sprintf(ownFunctionURI, id)}
		return id
	}
	t.uri = "arn:" + *awscdk.Aws_PARTITION() + ":apigateway:" + *stack.Region() + ":lambda:path/2015-03-31/functions/" + *t.fn.FunctionArn() + "/invocations"
	return ""
}

// proxies asks which functions that operations go to are known to emit CORS headers.
func (c *completer) proxies(on string, stack awscdk.Stack, all []openapi.Proxy) []plan.Proxy {
	index := map[string]int{} // of distinct uris
	var uris []any
	of := make([]int, len(all))
	for i, p := range all {
		key, _ := json.Marshal(p.URI)
		n, ok := index[string(key)]
		if !ok {
			n = len(uris)
			index[string(key)], uris = n, append(uris, p.URI)
		}
		of[i] = n
	}
	resolved, _ := unwrap(stack.Resolve(map[string]any{"uris": uris})).(map[string]any)["uris"].([]any)
	emitters := paired.Find(c.api.Node().Root())
	emits := make([]plan.Emission, len(uris))
	for n, uri := range uris {
		emits[n] = emission(emitters, resolved[n], func() string { return c.spec.meant(uri) })
	}
	out := make([]plan.Proxy, len(all))
	for i, p := range all {
		out[i] = plan.Proxy{Node: on, Where: p.Where, Type: p.Type, URI: resolved[of[i]], Emits: emits[of[i]]}
	}
	return out
}

// meant returns the path of the function that a uri was made for; "" for those of the
// document's own integrations.
func (sp *specification) meant(uri any) string {
	for _, t := range sp.functions {
		if cfn := t.fn.Node().DefaultChild(); cfn != nil && reflect.DeepEqual(t.uri, uri) {
			return *cfn.Node().Path()
		}
	}
	return ""
}

// settle has the deployments keep the logical ids that they have after all aspects.
// The CDK works them out from the whole document each time that it comes across
// one, which is half of what a large API costs.
func (c *completer) settle(s *inventory) {
	var all []constructs.IConstruct
	for _, d := range s.Deployments {
		if cfn := s.nodes[d.Node+"/Resource"]; d.Follows && cfn != nil {
			all = append(all, cfn)
		}
	}
	cdkbridge.Settle(c.leaf, all)
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
	}
	return v
}
