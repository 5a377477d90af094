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
	"github.com/aws/jsii-runtime-go/runtime"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/cdkbridge"
	"github.com/corsgate/corsgate/internal/rules"
)

// RestApiProps are those of awsapigateway.RestApi, and the policy.
type RestApiProps struct {
	awsapigateway.RestApiProps

	// Policy is what every answer of the API follows. Required. It takes the
	// place of DefaultCorsPreflightOptions, which must be left out.
	Policy *cors.Policy

	// GatewayErrors says who may read the errors that API Gateway makes itself.
	GatewayErrors GatewayErrors

	// PermissionPerMethod keeps the Lambda permissions that the CDK's Lambda
	// integrations make: two for each method, one that names the method and the
	// API's own stage, and one for the console's test invocations of it.
	//
	// By default each function, alias or version has one permission instead, for
	// all methods and stages of this API (SourceArn
	// arn:...:execute-api:...:API-ID/*/*/*), as with ScopePermissionToMethod:
	// false. So twice as many routes fit into a stack's 500 resources, and the
	// function's policy stays below Lambda's limit of 20 KB. The price: who may
	// change this API can point any method of it to the function, and test
	// invocations need no permission of their own. Nobody else gains anything: a
	// request still reaches the function only through a method that leads there.
	//
	// An integration with AllowTestInvoke: false keeps the CDK's permissions for
	// its function anyway, as do permissions that were made by hand.
	// (https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html#apigateway-permissions,
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)
	PermissionPerMethod bool
}

// GatewayErrors says which headers the errors carry that API Gateway makes
// itself: a missing or refused token, a throttled or invalid request, an unknown
// path, a failed integration. Such a gateway response is no mapping template,
// so the allowlist cannot be consulted there
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html).
//
// A policy that names exactly one origin sends that one, with credentials if
// the policy has them, whatever the value. An origin with a CDK token does not
// count as one here, since nothing would check what it becomes.
type GatewayErrors int

const (
	// Uncredentialed lets every page read these errors, but only from requests
	// without credentials: what it learns anybody can learn with curl. A page
	// that sends cookies sees a network error instead. This is the default.
	Uncredentialed GatewayErrors = iota

	// EchoOrigin sends the request's own origin back, and allows credentials if
	// the policy does. Pages on the allowlist can then read these errors from
	// requests with cookies; so can every other page on the web. It must not be
	// used where a gateway response's template holds anything that is secret to
	// the user, such as values from an authorizer's context.
	EchoOrigin
)

// A RestApi is an awsapigateway.RestApi that answers by one policy.
type RestApi struct {
	awsapigateway.RestApi
	policy *cors.Policy
}

// NewRestApi makes a REST API whose every answer follows props.Policy. It is used
// like any awsapigateway.RestApi.
func NewRestApi(scope constructs.Construct, id *string, props *RestApiProps) *RestApi {
	if props == nil {
		props = &RestApiProps{}
	}
	api := &RestApi{policy: props.Policy}
	native := props.RestApiProps
	native.DefaultCorsPreflightOptions = nil
	awsapigateway.NewRestApi_Override(api, scope, id, &native)
	if props.DefaultCorsPreflightOptions != nil {
		fail(api, "DefaultCorsPreflightOptions beside Policy: two sources of the same headers; remove DefaultCorsPreflightOptions")
	}
	enable(&completer{
		api: api, policy: props.Policy, props: EnableProps{GatewayErrors: props.GatewayErrors},
		economy: !props.PermissionPerMethod,
	})
	return api
}

// Policy returns the policy that the API was made with.
func (a *RestApi) Policy() *cors.Policy { return a.policy }

// EnableProps are the options of [Enable]. The zero value is right for most.
type EnableProps struct {
	// GatewayErrors says who may read the errors that API Gateway makes itself.
	GatewayErrors GatewayErrors
}

// Enable gives an API that exists already the answers that [NewRestApi] gives.
// OPTIONS methods, CORS headers of methods that are no proxies and of gateway
// responses are replaced, wherever they came from. props may be nil.
//
// Methods, stages and gateway responses added later count as well: the API is
// completed at synthesis. Who may invoke its functions stays as it is (see
// PermissionPerMethod of [RestApiProps]).
func Enable(api awsapigateway.RestApi, policy *cors.Policy, props *EnableProps) {
	if props == nil {
		props = &EnableProps{}
	}
	enable(&completer{api: api, policy: policy, props: *props, replace: true})
}

// leafID names the construct that carries the aspect. An aspect is called for
// every construct below the one it is put on; this one has nothing below it.
const leafID = "Corsgate"

func enable(c *completer) {
	if c.policy == nil {
		fail(c.api, "Policy is nil: give it one; cors.New returns nil together with the error that says why")
		return
	}
	if c.api.Node().TryFindChild(jsii.String(leafID)) != nil {
		fail(c.api, "two policies for one API: an API has one; give an audience of its own an API of its own")
		return
	}
	leaf := constructs.NewConstruct(c.api, jsii.String(leafID))
	awscdk.Aspects_Of(leaf).Add(c, nil)
	leaf.Node().AddValidation(&watcher{c})
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
	policy  *cors.Policy
	props   EnableProps
	replace bool           // what stands there already is replaced without a word
	economy bool           // one Lambda permission for all methods
	spec    *specification // nil for an API of resources

	completed *inventory // nil before
	added     int        // methods and gateway responses made
}

// Visit is called by the CDK when the app is synthesized: once, or again where
// an app is synthesized twice.
func (c *completer) Visit(constructs.IConstruct) {
	if c.completed != nil {
		return
	}
	s := survey(c.api)
	w := &writer{completer: c, survey: s, caching: s.caching()}
	if c.spec == nil {
		w.preflights()
		w.methods()
		w.permissions()
		w.gatewayResponses()
	} else {
		w.document()
	}
	w.resourcePolicy()
	w.stages()
	cdkbridge.Set(w.overrides)
	w.deployments()
	if c.spec == nil {
		w.coverage()
	}
	w.notes()
	w.paths()
	c.completed = s
}

// A watcher looks whether the API stayed complete.
type watcher struct{ c *completer }

// Validate is called by the CDK after all aspects. An aspect is called as the
// tree is walked, so one that comes later may have added what the completer did
// not see. Errors of its own would end the synthesis before the others are told,
// so it returns only those that end it anyway.
func (w *watcher) Validate() *[]*string {
	c := w.c
	if c.completed == nil {
		return &[]*string{}
	}
	brief := ownedBy(c.completed.ids, cdkbridge.Want{Brief: true})
	now := cdkbridge.Read(c.api.Node().Root(), map[string]cdkbridge.Want{
		cdkbridge.Method:                   brief,
		"AWS::ApiGateway::GatewayResponse": brief,
		"AWS::ApiGateway::Deployment":      brief,
		"AWS::ApiGateway::Stage":           ownedBy(c.completed.ids, cdkbridge.Want{Overrides: true}),
	}, "")
	if answering(now) != c.completed.answering+c.added {
		c.compare(survey(c.api))
	}
	for _, st := range c.completed.stages {
		i := slices.IndexFunc(now.Resources, func(r cdkbridge.Resource) bool { return r.Path == st.path })
		if i < 0 {
			continue
		}
		c.compareVariables(st, variables(&now.Resources[i], st.prefix, now.Resources[i].Properties))
		if !c.completed.caching() && cached(now.Resources[i].Properties) {
			fail(st.node, rule(rules.CORS402, "stage "+st.name+" caches answers, and their cache keys do not tell origins apart: "+laterCure))
		}
	}
	if c.spec != nil {
		c.spec.body.rename()
		c.completed.settle()
	}
	return jsii.Strings(c.tooLarge(now)...)
}

const laterCure = "an aspect changed the API after corsgate completed it; make the change before synthesis, or with an aspect on a construct above the API"

// compareVariables names the variables of a stage that are not as the policy has
// them any more. One with a token is known by its name alone.
func (c *completer) compareVariables(st *stage, now map[string]any) {
	ours := c.policy.StageVariables()
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if _, told := st.variables[name]; told || !cors.IsVariable(name) {
			continue
		}
		want, ok := ours[name]
		if got, known := now[name].(string); !ok || known && got != want && !strings.Contains(want, "${Token[") {
			fail(st.node, fmt.Sprintf("stage %s does not have the variable %s as the policy has it: %s", st.name, name, laterCure))
		}
	}
}

// compare names what the API has now and had not when it was completed.
func (c *completer) compare(now *inventory) {
	had := map[string]bool{}
	for _, r := range c.completed.resources {
		had[r.path] = true
		for _, m := range r.methods {
			had[m.verb+" "+m.path] = true
		}
	}
	for _, r := range now.resources {
		for _, m := range r.methods {
			where := m.verb + " " + m.path
			message := where + " has no CORS headers: " + laterCure
			switch {
			case had[where]:
			case !had[m.path] && r.isSimple():
				fail(m.node, rule(rules.CORS119, message))
			case !had[m.path]:
				fail(m.node, rule(rules.CORS101, message))
			case !strings.HasSuffix(m.integrationType, "_PROXY"):
				fail(m.node, rule(rules.CORS208, message))
			default:
				fail(m.node, message)
			}
		}
	}
	for _, st := range c.completed.stages {
		had[st.path] = true
	}
	for _, g := range c.completed.gatewayResponses {
		had[g.responseType] = true
	}
	for _, g := range now.gatewayResponses {
		if !had[g.responseType] && g.responseType != "DEFAULT_4XX" && g.responseType != "DEFAULT_5XX" {
			fail(g.node, rule(rules.CORS303, "gateway response "+g.responseType+" has no CORS headers: "+laterCure))
		}
	}
	for _, st := range now.stages {
		if had[st.path] {
			continue
		}
		fail(st.node, rule(rules.CORS407, "stage "+st.name+" has no CORS variables and refuses every origin: "+laterCure))
	}
}

// fail and the like put a remark where `cdk synth` prints it. An error fails the
// synthesis after all of them are printed.
func fail(on constructs.IConstruct, message string) {
	awscdk.Annotations_Of(on).AddError(jsii.String("corsgate: " + message))
}

// rule gives a remark the id and the page of the rule of `corsgate check` that
// finds the same in the template. Remarks that no rule finds have a word for
// their id.
func rule(id rules.ID, message string) string {
	return string(id) + ": " + message + " (see " + id.Link() + ")"
}

// warn can be acknowledged by id, as the CDK's own warnings can. The id is what
// the CDK makes of the same rule's finding by corscheck, so that one
// acknowledgement is for both.
//
// AddWarningV2 got another parameter in awscdk v2.276, so no call of it compiles
// both before and after. warn does what it does in both: it calls the method in
// JavaScript, where the new parameter is optional.
func warn(on constructs.IConstruct, id, message string) {
	annotations := awscdk.Annotations_Of(on)
	_ = annotations.AddWarningV2 // a CDK without the method fails to compile, not to run
	runtime.InvokeVoid(annotations, "addWarningV2", []any{"corsgate::" + id, "corsgate: " + message})
}

func inform(on constructs.IConstruct, message string) {
	awscdk.Annotations_Of(on).AddInfo(jsii.String("corsgate: " + message))
}
