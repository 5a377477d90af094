package corsapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/cdkbridge"
	"github.com/corsgate/corsgate/internal/plan"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// RestApiProps are those of awsapigateway.RestApi, and the policy.
type RestApiProps struct {
	awsapigateway.RestApiProps

	// Cors is the policy that every response of the API follows. Required. It
	// replaces DefaultCorsPreflightOptions, which must not be set.
	Cors *cors.Policy

	// GatewayErrors selects who may read the errors that API Gateway itself
	// sends.
	GatewayErrors GatewayErrors

	// PermissionPerMethod keeps the Lambda permissions that the CDK's Lambda
	// integrations make: two for each method, one that names the method and the
	// API's own stage, and one for the console's test invocations of it.
	//
	// By default each function, alias or version has one permission instead, for
	// all methods and stages of this API (SourceArn
	// arn:...:execute-api:...:API-ID/*/*/*), as with ScopePermissionToMethod:
	// false. Then twice as many routes fit into a stack's 500 resources, and the
	// function's policy stays below Lambda's limit of 20 KB. The cost: whoever
	// may change this API can point any of its methods to the function, and test
	// invocations need no separate permission. Nobody else gains access: a
	// request still reaches the function only through a method that leads there.
	//
	// An integration with AllowTestInvoke: false keeps the CDK's permissions for its function
	// anyway, and so do permissions made by hand.
	// (https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html#apigateway-permissions,
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)
	PermissionPerMethod bool
}

// GatewayErrors selects the headers of the errors that API Gateway itself sends: for a missing or refused
// token, a throttled or invalid request, an unknown path, a failed integration. Such a gateway response is
// not a mapping template, so it cannot use the allowlist
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html).
//
// A policy that names exactly one origin sends that one, with credentials if
// the policy has them, whatever the value. An origin with a CDK token does not
// count as one here, because nothing would check its value.
type GatewayErrors int

const (
	// Uncredentialed lets every page read these errors, but only from requests
	// without credentials: the page learns no more than anybody can with curl.
	// A page that sends cookies sees a network error instead. This is the
	// default.
	Uncredentialed GatewayErrors = iota

	// EchoOrigin sends the request's own origin back, and allows credentials if
	// the policy does. Pages on the allowlist can then read these errors from
	// requests with cookies; so can every other page on the web. Do not use it
	// if the template of a gateway response contains anything that is secret to
	// the user, such as values from an authorizer's context.
	EchoOrigin
)

// A RestApi is an awsapigateway.RestApi that follows one policy.
type RestApi struct {
	awsapigateway.RestApi
	policy *cors.Policy
}

// NewRestApi makes a REST API in which every response follows props.Cors. It is
// used like any awsapigateway.RestApi.
func NewRestApi(scope constructs.Construct, id *string, props *RestApiProps) *RestApi {
	if props == nil {
		props = &RestApiProps{}
	}
	api := &RestApi{policy: props.Cors}
	native := props.RestApiProps
	native.DefaultCorsPreflightOptions = nil
	awsapigateway.NewRestApi_Override(api, scope, id, &native)
	if props.DefaultCorsPreflightOptions != nil {
		fail(api, "DefaultCorsPreflightOptions beside Cors: two sources of the same headers; remove DefaultCorsPreflightOptions")
	}
	enable(&completer{api: api, policy: props.Cors, options: plan.Options{
		Echo: props.GatewayErrors == EchoOrigin, OnePermission: !props.PermissionPerMethod,
	}})
	return api
}

// Cors returns the policy that the API was made with.
func (a *RestApi) Cors() *cors.Policy { return a.policy }

// EnableProps are the options of [Enable]. The zero value is right for most.
type EnableProps struct {
	// GatewayErrors selects who may read the errors that API Gateway itself
	// sends.
	GatewayErrors GatewayErrors
}

// Enable makes an existing API respond as one made by [NewRestApi] does. OPTIONS
// methods, CORS headers of methods without a proxy integration and of gateway
// responses are replaced, whoever made them. props may be nil.
//
// The API must belong to this app and be made of resources:
// awsapigateway.RestApi, LambdaRestApi, StepFunctionsRestApi. Any other API is
// an error at synthesis.
//
// Methods, stages and gateway responses added later count as well: the API is
// completed at synthesis. Who may invoke its functions stays as it is (see
// PermissionPerMethod of [RestApiProps]).
func Enable(api awsapigateway.IRestApi, policy *cors.Policy, props *EnableProps) {
	if props == nil {
		props = &EnableProps{}
	}
	made, _ := api.Node().DefaultChild().(awsapigateway.CfnRestApi)
	switch own, ok := api.(awsapigateway.RestApi); {
	case made == nil:
		fail(api, "Enable of an imported API: its stages and error responses are another app's, or stack's, and cannot be changed through an import. "+
			"Enable it where it is made: methods that stacks of the same app add to it count there, too. Methods that another app adds need a policy and stage of their own: give them an API of their own")
	case !ok:
		fail(api, "Enable of a SpecRestApi, whose OpenAPI document has its methods: make it with corsapi.NewSpecRestApi")
	default:
		enable(&completer{api: own, policy: policy, options: plan.Options{Echo: props.GatewayErrors == EchoOrigin, Replace: true}})
	}
}

// leafID names the construct that carries the aspect. An aspect is called for
// every construct below the one it is put on; this one has nothing below it.
const leafID = "Corsgate"

func enable(c *completer) {
	if c.policy == nil {
		fail(c.api, fmt.Sprintf("the policy of %s (Cors) is nil: give it one; cors.New returns nil together with the error that says why", *c.api.Node().Path()))
		return
	}
	if c.api.Node().TryFindChild(jsii.String(leafID)) != nil {
		fail(c.api, "two policies for one API: an API has one; give an audience of its own an API of its own")
		return
	}
	c.leaf = constructs.NewConstruct(c.api, jsii.String(leafID))
	awscdk.Aspects_Of(c.leaf).Add(c, nil)
	c.leaf.Node().AddValidation(&watcher{c})
}

// A restAPI is an awsapigateway.RestApi or SpecRestApi.
type restAPI interface {
	constructs.Construct
	awsapigateway.IRestApi
	AddToResourcePolicy(statement awsiam.PolicyStatement) *awsiam.AddToResourcePolicyResult
}

// A completer is the aspect that completes the API.
type completer struct {
	api     restAPI
	leaf    constructs.Construct
	policy  *cors.Policy
	options plan.Options
	spec    *specification // nil for an API of resources

	completed *inventory // nil before
	plan      *plan.Plan
}

// Visit is called by the CDK when the app is synthesized: once, or again where
// an app is synthesized twice.
func (c *completer) Visit(constructs.IConstruct) {
	if c.completed != nil {
		return
	}
	s := survey(c.api)
	if c.options.OnePermission {
		s.ARN = *c.api.ArnForExecuteApi(nil, nil, nil)
	}
	if c.spec == nil {
		s.pair(c.api.Node().Root())
	} else {
		c.document(s)
	}
	c.circles(s)
	c.plan = plan.Make(s.API, c.policy, c.options)
	c.write(s, c.plan)
	if c.spec != nil {
		c.settle(s)
	}
	c.completed = s
}

// circles finds the origins that are known only when a stage is made, whose variables
// they would stand in.
func (c *completer) circles(s *inventory) {
	var stages []string
	for _, st := range s.Stages {
		stages = append(stages, st.Node)
	}
	variables := c.policy.StageVariables()
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if !stagevars.IsNth(name, stagevars.ExactOrigin) {
			continue // known at synthesis
		}
		if way := cdkbridge.Way(c.leaf, variables[name], stages); len(way) > 0 {
			s.Circles = append(s.Circles, plan.Circle{Origin: shown(c.api, variables[name]), Way: way})
		}
	}
}

// shown writes an origin with its tokens as expressions: https://${Site.DomainName}.
func shown(in constructs.IConstruct, origin string) string {
	return expression(unwrap(awscdk.Stack_Of(in).Resolve(origin)))
}

func expression(resolved any) string {
	m, ok := resolved.(map[string]any)
	if !ok {
		return text(resolved)
	}
	join, _ := m["Fn::Join"].([]any)
	attribute, _ := m["Fn::GetAtt"].([]any)
	switch {
	case len(join) == 2:
		parts, _ := join[1].([]any)
		var b strings.Builder
		for _, p := range parts {
			b.WriteString(expression(p))
		}
		return b.String()
	case len(attribute) == 2:
		return "${" + text(attribute[0]) + "." + text(attribute[1]) + "}"
	case m["Ref"] != nil:
		return "${" + text(m["Ref"]) + "}"
	}
	return "${...}"
}

// A watcher checks, after all aspects, that the API is still complete.
type watcher struct{ c *completer }

// Validate is called by the CDK after all aspects. An aspect is called as the
// tree is walked, so one that comes later may have added what the completer did
// not see.
//
// What it returns ends the synthesis before the CDK prints any annotation, so
// the errors that were told as annotations are among it.
func (w *watcher) Validate() *[]*string {
	c := w.c
	if c.completed == nil {
		return &[]*string{}
	}
	brief := ownedBy(c.completed.ids, cdkbridge.Want{Brief: true})
	tree := cdkbridge.Read(c.api.Node().Root(), map[string]cdkbridge.Want{
		plan.MethodType:               ownedBy(c.completed.ids, cdkbridge.Want{Only: []string{"httpMethod", "resourceId", "authorizationType", "apiKeyRequired"}}),
		plan.GatewayResponseType:      brief,
		"AWS::ApiGateway::Deployment": brief,
		"AWS::ApiGateway::Stage":      ownedBy(c.completed.ids, cdkbridge.Want{}),
	}, "")
	var out []string
	for _, r := range plan.Late(c.completed.API, c.now(tree), c.policy) {
		out = append(out, fmt.Sprintf("corsgate: %s (%s)", r.Message(), r.On))
	}
	if len(out) > 0 {
		for _, r := range c.plan.Remarks {
			if r.Severity == plan.Error {
				out = append(out, fmt.Sprintf("corsgate: %s (%s)", r.Message(), r.On))
			}
		}
	}
	for _, stack := range tree.Stacks {
		if text := c.completed.TooLarge(stack.Path, stack.Types); text != "" && limited(stack) {
			out = append(out, "corsgate: "+text)
		}
	}
	return jsii.Strings(out...)
}

// now returns the API as it is, as far as it may differ from what was completed: from a
// tree with its stages and methods, unless that has more or less than was left there.
func (c *completer) now(tree *cdkbridge.Tree) *plan.API {
	made := 0
	for _, n := range c.plan.New {
		if n.Type != plan.PermissionType {
			made++
		}
	}
	if answering(tree) != c.completed.answering+made {
		return survey(c.api).API
	}
	now := *c.completed.API
	now.Stages, now.Resources = nil, nil
	options := map[string]*plan.Method{}
	for _, r := range tree.Resources {
		switch {
		case r.Type == "AWS::ApiGateway::Stage":
			now.Stages = append(now.Stages, stage(&r, stageVariables, r.Properties))
		case r.Type == plan.MethodType && r.Properties["httpMethod"] == "OPTIONS":
			options[text(r.Properties["resourceId"])] = &plan.Method{Node: r.Path, Verb: "OPTIONS", Security: security(&r)}
		}
	}
	for _, r := range c.completed.Resources {
		one := *r
		one.Options = options[r.ID]
		now.Resources = append(now.Resources, &one)
	}
	return &now
}

// limited reports whether the CDK's own limit is in force, which an app can
// raise or switch off for CloudFormation that takes more.
func limited(stack cdkbridge.Stack) bool {
	set := stack.Node().TryGetContext(jsii.String("@aws-cdk/core:stackResourceLimit"))
	return set == nil || fmt.Sprint(set) == fmt.Sprint(plan.StackResources)
}
