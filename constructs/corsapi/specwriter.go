package corsapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cdkbridge"
	"github.com/corsgate/corsgate/internal/cdkbridge/paired"
	"github.com/corsgate/corsgate/internal/openapi"
	"github.com/corsgate/corsgate/internal/rules"
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

// document renders the OpenAPI document into the API's one resource.
func (w *writer) document() {
	w.beside()
	cfn, ok := w.api.Node().DefaultChild().(awsapigateway.CfnRestApi)
	if w.spec.plan == nil || !ok {
		return // the faults are told
	}
	w.survey.paths = w.spec.plan.Resources()
	d := &apiBody{spec: w.spec, cfn: cfn, stack: awscdk.Stack_Of(w.api), with: openapi.Rendering{
		Policy: w.policy, Echo: w.props.GatewayErrors == EchoOrigin, Caching: w.caching, Binary: w.survey.api.binaryMediaTypes,
		Preflight: w.policy.PreflightTemplate(), Response: w.policy.ResponseTemplate(),
	}}
	if !w.policy.AnyOrigin() {
		d.templates = awscdk.NewCfnMapping(w.api, jsii.String(templatesID), &awscdk.CfnMappingProps{Lazy: jsii.Bool(false)})
		d.templates.SetValue(jsii.String(templatesKey), jsii.String(preflightKey), w.policy.PreflightTemplate())
		w.wrote(w.policy.PreflightTemplate())
	}
	for _, t := range w.spec.functions {
		d.refer(t)
		if t.permission != nil {
			w.parts = append(w.parts, part{w.survey.api.at, t.permission})
		}
	}
	rendered := d.write(d.names())
	w.spec.body = d
	if d.templates != nil && rendered.Responds {
		d.templates.SetValue(jsii.String(templatesKey), jsii.String(responseKey), w.policy.ResponseTemplate())
		w.wrote(w.policy.ResponseTemplate())
	}
	for _, r := range rendered.Remarks {
		text := r.Error()
		if r.Rule != "" {
			text = rule(r.Rule, text)
		}
		if r.ID == "" {
			fail(w.api, text)
		} else {
			warn(w.api, r.ID, text)
		}
	}
	w.coverDocument(rendered.Proxies)
}

// An apiBody is the document as it was written into the API's resource. It names the
// API's functions and the mapping of the templates by their logical ids, as text.
type apiBody struct {
	spec      *specification
	cfn       awsapigateway.CfnRestApi
	stack     awscdk.Stack
	with      openapi.Rendering
	templates awscdk.CfnMapping // nil for a policy that needs none

	own    []*target // the functions of the API's stack
	tokens []any     // their logical ids'
	named  []string  // their logical ids, then that of the mapping
}

// refer gives a function the uri that leads to it, or notes that its logical id is
// to be filled in, where it is one of the API's stack.
func (d *apiBody) refer(t *target) {
	cfn, ok := t.fn.Node().DefaultChild().(awslambda.CfnFunction)
	if ok && *awscdk.Stack_Of(cfn).Node().Path() == *d.stack.Node().Path() {
		d.own, d.tokens = append(d.own, t), append(d.tokens, *cfn.LogicalId())
		return
	}
	t.uri = "arn:" + *awscdk.Aws_PARTITION() + ":apigateway:" + *d.stack.Region() + ":lambda:path/2015-03-31/functions/" + *t.fn.FunctionArn() + "/invocations"
}

// names gives the logical ids as they are now.
func (d *apiBody) names() []string {
	tokens := d.tokens
	if d.templates != nil {
		tokens = append(slices.Clip(tokens), *d.templates.LogicalId())
	}
	var out []string
	resolved, _ := d.stack.Resolve(tokens).([]any)
	for _, id := range resolved {
		out = append(out, text(id))
	}
	return out
}

// write renders the document with these logical ids.
func (d *apiBody) write(names []string) *openapi.Rendered {
	d.named = names
	for i, t := range d.own {
		t.uri = map[string]any{"Fn::Sub": fmt.Sprintf(ownFunctionURI, names[i])}
	}
	if d.templates != nil {
		id := names[len(names)-1]
		d.with.Preflight = map[string]any{"Fn::FindInMap": []any{id, templatesKey, preflightKey}}
		d.with.Response = map[string]any{"Fn::FindInMap": []any{id, templatesKey, responseKey}}
	}
	rendered := d.spec.plan.Render(d.with)
	cdkbridge.SetProperty(d.cfn, "body", rendered.Body)
	return rendered
}

// rename writes the document again if an aspect has since changed a logical id.
func (d *apiBody) rename() {
	if d == nil {
		return
	}
	if names := d.names(); !slices.Equal(names, d.named) {
		d.write(names)
	}
}

// beside refuses what the document's import would remove: it replaces all that
// the API has
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-restapi.html).
func (w *writer) beside() {
	for _, r := range w.survey.resources {
		methods := r.methods
		if r.options != nil {
			methods = append(methods, r.options)
		}
		for _, m := range methods {
			fail(m.node, m.verb+" "+r.path+" is made beside the OpenAPI document, whose import replaces what the API has: put it into the document")
		}
	}
	for _, g := range w.survey.gatewayResponses {
		fail(g.node, rule(rules.CORS408, "gateway response "+g.responseType+" is made beside the OpenAPI document, whose import replaces what the API has: "+
			"put it into the document's x-amazon-apigateway-gateway-responses"))
	}
}

// coverDocument names the operations whose answers API Gateway passes through as
// they are, and whose backend is not known to emit the headers itself: a function
// or a kind of backend at a time.
func (w *writer) coverDocument(proxies []openapi.Proxy) {
	emitters := paired.Find(w.api.Node().Root())
	first := map[string]openapi.Proxy{}
	count := map[string]int{}
	var order []string
	for _, p := range proxies {
		key := p.Type
		if p.Type == apigw.AWSProxy {
			text, _ := json.Marshal(p.URI)
			key = string(text)
		}
		if count[key]++; count[key] == 1 {
			first[key] = p
			order = append(order, key)
		}
	}
	stack := awscdk.Stack_Of(w.api)
	for _, key := range order {
		p := first[key]
		where := p.Where
		if n := count[key] - 1; n > 0 {
			where += fmt.Sprintf(" (and %d more)", n)
		}
		if p.Type == apigw.HTTPProxy {
			warnHTTPProxy(w.api, where)
			continue
		}
		uri := unwrap(stack.Resolve(map[string]any{"uri": p.URI})).(map[string]any)["uri"]
		w.coverProxy(w.api, where, uri, emitters, func() string { return w.spec.meant(p) })
	}
}

// meant gives the path of the function that an assignment names; "" for the
// document's own integrations.
func (sp *specification) meant(p openapi.Proxy) string {
	if p.Assigned() == nil {
		return ""
	}
	for _, t := range sp.functions {
		if cfn := t.fn.Node().DefaultChild(); cfn != nil && reflect.DeepEqual(t.uri, p.URI) {
			return *cfn.Node().Path()
		}
	}
	return ""
}

// settle has the deployments keep the logical ids that they have after all aspects.
// The CDK works them out from the whole document each time that it comes across
// one, which is half of what a large API costs.
func (s *inventory) settle() {
	var all []awscdk.CfnResource
	for _, d := range s.deployments {
		if d.aware == nil {
			continue
		}
		if cfn, ok := d.aware.Node().DefaultChild().(awscdk.CfnResource); ok {
			all = append(all, cfn)
		}
	}
	cdkbridge.Settle(all)
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
