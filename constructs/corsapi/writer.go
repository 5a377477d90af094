package corsapi

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cdkbridge"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/plan"
	"github.com/corsgate/corsgate/internal/rules"
)

// A writer completes the API that was surveyed.
//
// It writes CloudFormation-level constructs and property overrides: they take
// nothing from the API's defaults (an authorizer, an API key, a required
// parameter), which must not reach OPTIONS. The CDK's deployments do not notice
// those by themselves, so the writer collects what it writes and tells them.
type writer struct {
	*completer
	survey  *inventory
	caching bool

	written   []any // what the API answers, but for the stage's variables
	parts     []part
	overrides []cdkbridge.Override
}

// A part is a construct that a deployment has to wait for.
type part struct {
	at   int // where it stands, or as good as
	node constructs.IConstruct
}

// set overrides a property, and unset removes one, when all is written.
func (w *writer) set(on awscdk.CfnResource, path string, value any) {
	w.overrides = append(w.overrides, cdkbridge.Override{On: on, Path: path, Value: value})
}

func (w *writer) unset(on awscdk.CfnResource, path string) {
	w.overrides = append(w.overrides, cdkbridge.Override{On: on, Path: path, Delete: true})
}

func (w *writer) wrote(parts ...any) { w.written = append(w.written, parts...) }

// preflights puts an OPTIONS method on every resource that has a method.
func (w *writer) preflights() {
	said := map[string]bool{}
	var at []int
	var missing []cdkbridge.New
	for _, r := range w.survey.resources {
		allow := w.policy.AllowMethods(r.names())
		integration := plan.PreflightIntegration(w.policy, allow, w.caching)
		responses := plan.PreflightResponses(w.policy, allow)
		// What the API answers follows from the methods and the policy, so it is
		// enough to have each set of methods' once.
		w.wrote(r.path, allow)
		if !said[allow] {
			said[allow] = true
			w.wrote(integration, responses)
		}
		if r.options != nil {
			w.replaceOptions(r, integration, responses)
			continue
		}
		props := map[string]any{
			"restApiId":         w.survey.ids[0],
			"resourceId":        r.id,
			"httpMethod":        "OPTIONS",
			"authorizationType": "NONE",
			"apiKeyRequired":    false,
			"integration":       integration,
			"methodResponses":   responses,
		}
		if w.caching {
			props["requestParameters"] = optionalParameters()
		}
		// The construct path is that of the CDK's own preflights, so that an API
		// that moves to corsgate keeps its methods: CloudFormation cannot create
		// a second OPTIONS on a resource before it deletes the first.
		at, missing = append(at, r.at), append(missing, cdkbridge.New{Scope: r.scope, IDs: []string{"OPTIONS", "Resource"}, Properties: props})
	}
	for i, m := range cdkbridge.Create(cdkbridge.Method, missing) {
		w.parts = append(w.parts, part{at[i], m})
	}
	w.added += len(missing)
}

// replaceOptions makes an OPTIONS method that exists answer as ours do.
func (w *writer) replaceOptions(r *resource, integration map[string]any, responses []any) {
	o := r.options.node
	if !w.replace {
		warn(o, "own-options", r.path+" has an OPTIONS method of its own: it is replaced; remove it")
	}
	// Overrides and no setters: overrides of the user's own would win over those.
	w.set(o, "AuthorizationType", "NONE")
	w.set(o, "ApiKeyRequired", false)
	for _, name := range []string{"AuthorizerId", "AuthorizationScopes", "OperationName", "RequestModels", "RequestParameters", "RequestValidatorId"} {
		w.unset(o, name)
	}
	if w.caching {
		w.set(o, "RequestParameters", optionalParameters())
		for _, name := range slices.Sorted(maps.Keys(r.options.parameters)) {
			if !slices.Contains(plan.OriginParameters, any(name)) {
				w.unset(o, "RequestParameters."+escape(name))
			}
		}
	}
	// An override is merged with what is there, so nothing may be.
	o.SetIntegration(&awsapigateway.CfnMethod_IntegrationProperty{Type: jsii.String(apigw.Mock)})
	w.set(o, "Integration", pascal(integration))
	w.set(o, "MethodResponses", pascalAll(responses))
	w.parts = append(w.parts, part{r.options.at, o})
}

// optionalParameters declares the cache key parameters as not required.
func optionalParameters() map[string]any {
	m := map[string]any{}
	for _, p := range plan.OriginParameters {
		m[p.(string)] = false
	}
	return m
}

// methods completes the methods that are not OPTIONS.
func (w *writer) methods() {
	for _, r := range w.survey.resources {
		for _, m := range r.methods {
			if w.caching {
				w.cacheKey(m)
			}
			if m.integration != nil && !apigw.IsProxy(m.integrationType) {
				w.answer(m)
			}
			// The CDK tells the API's own deployments of its own methods, but no
			// other deployment, and of no other method.
			w.parts = append(w.parts, part{m.at, m.node})
			w.wrote(m.path, m.verb, m.resolvedIntegration(), m.responses)
		}
	}
}

// cacheKey has the stage's cache keep the answers to different origins apart.
func (w *writer) cacheKey(m *method) {
	keys, _ := m.integration["cacheKeyParameters"].([]any)
	merged := slices.Clone(keys)
	for _, p := range plan.OriginParameters {
		if !slices.Contains(keys, p) {
			merged = append(merged, p)
		}
		if _, ok := m.parameters[p.(string)]; !ok {
			w.set(m.node, "RequestParameters."+escape(p.(string)), false)
		}
	}
	w.set(m.node, "Integration.CacheKeyParameters", merged)
	w.wrote(m.path, m.verb, "cache key", merged)
}

// answer declares and maps the headers on every response of a method that is
// no proxy. It writes header by header and template by template: what else
// stands in a response may hold references to other stacks, which cannot be
// read here and written back.
func (w *writer) answer(m *method) {
	where := m.verb + " " + m.path
	responses, known := m.integration["integrationResponses"].([]any)
	if !known && m.integration["integrationResponses"] != nil {
		fail(m.node, "the integration responses of "+where+" are not known at synthesis, so they cannot get the headers: write them as a list")
		return
	}
	if len(responses) == 0 {
		warn(m.node, "no-response", where+plan.NoResponse)
		return
	}
	if w.policy.ResponseTemplate() != "" {
		for _, fault := range plan.SetTwice(w.policy, where, m.integration["requestTemplates"], responses) {
			fail(m.node, fault)
		}
	}
	mock := m.integrationType == apigw.Mock
	if mock {
		w.mock(m, where)
	}
	statuses := map[string][]plan.Header{}
	for i, v := range responses {
		one, _ := v.(map[string]any)
		at := fmt.Sprintf("Integration.IntegrationResponses.%d.", i)
		static := !mock && w.policy.ResponseTemplate() != "" && !w.responseTemplates(m, at, one)
		headers := plan.AnswerHeaders(w.policy, static)
		params, _ := one["responseParameters"].(map[string]any)
		merged, replaced := plan.Remap(params, apigw.MethodHeader, plan.Mapped(headers))
		w.reportReplaced(m.node, where, replaced)
		w.override(m.node, at+"ResponseParameters.", params, merged)
		statuses[plan.StatusOf(one)] = headers
		w.wrote(where, i, merged)
	}
	w.declare(m, statuses)
}

// mock puts the policy in front of the request templates of a mock.
func (w *writer) mock(m *method, where string) {
	if w.survey.api.binaryMediaTypes && m.integration["contentHandling"] == nil {
		// As for OPTIONS: its request may count as binary, and has no body.
		w.set(m.node, "Integration.ContentHandling", "CONVERT_TO_TEXT")
		w.wrote(where, "CONVERT_TO_TEXT")
	}
	if !nonEmptyMap(m.integration["requestTemplates"]) {
		warn(m.node, "no-template", where+plan.NoTemplate)
		return
	}
	if w.policy.ResponseTemplate() != "" {
		w.prefix(m, "request", "Integration.RequestTemplates.", m.integration["requestTemplates"])
	}
}

// declare declares the headers of each status: mapping a header that is not
// declared fails the deployment.
func (w *writer) declare(m *method, statuses map[string][]plan.Header) {
	existing, _ := m.responses.([]any)
	var added []any
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		ours := plan.Declared(statuses[status])
		w.wrote(m.path, m.verb, status, ours)
		i := slices.IndexFunc(existing, func(r any) bool { return plan.StatusOf(r) == status })
		if i < 0 {
			added = append(added, map[string]any{"statusCode": status, "responseParameters": ours})
			continue
		}
		params, _ := existing[i].(map[string]any)["responseParameters"].(map[string]any)
		merged := ours
		for key, required := range params {
			if name, _ := apigw.HeaderName(key, apigw.MethodHeader); !corsheader.Is(name) && !corsheader.IsVary(name) {
				merged[key] = required
			}
		}
		w.override(m.node, fmt.Sprintf("MethodResponses.%d.ResponseParameters.", i), params, merged)
	}
	if len(existing) == 0 {
		w.set(m.node, "MethodResponses", pascalAll(added))
		return
	}
	for i, r := range added {
		w.set(m.node, fmt.Sprintf("MethodResponses.%d", len(existing)+i), pascal(r.(map[string]any)))
	}
}

// override turns one map of a property into another, key by key.
func (w *writer) override(node awscdk.CfnResource, path string, from, to map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(from)) {
		if _, ok := to[key]; !ok {
			w.unset(node, path+escape(key))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(to)) {
		if v, ok := from[key]; !ok || !reflect.DeepEqual(v, to[key]) {
			w.set(node, path+escape(key), to[key])
		}
	}
}

// prefix puts the policy's directives in front of each of m's templates.
func (w *writer) prefix(m *method, kind, path string, templates any) {
	given, _ := templates.(map[string]any)
	for _, contentType := range slices.Sorted(maps.Keys(given)) {
		t, ok := given[contentType].(string)
		if !ok {
			fail(m.node, fmt.Sprintf("the %s template (%s) of %s %s is not known at synthesis, so the policy cannot be put in front of it: write it as a string",
				kind, contentType, m.verb, m.path))
			continue
		}
		w.set(m.node, path+escape(contentType), w.policy.ResponseTemplate()+t)
		w.wrote(m.path, m.verb, path, contentType, w.policy.ResponseTemplate())
	}
}

// responseTemplates puts the policy in front of the templates of one integration
// response of m, whose properties are at a path. It reports false where there
// can be no template.
func (w *writer) responseTemplates(m *method, at string, response map[string]any) bool {
	if nonEmptyMap(response["responseTemplates"]) {
		w.prefix(m, "response", at+"ResponseTemplates.", response["responseTemplates"])
		return true
	}
	if plan.PassesText(w.survey.api.binaryMediaTypes, response) {
		w.prefix(m, "response", at+"ResponseTemplates.", map[string]any{"application/json": plan.PrintBody})
		return true
	}
	if _, ok := w.policy.SingleOrigin(); !ok {
		fail(m.node, rule(rules.CORS208, m.verb+" "+m.path+plan.MayBeBinary))
	}
	return false
}

func nonEmptyMap(v any) bool {
	m, _ := v.(map[string]any)
	return len(m) > 0
}

// reportReplaced says which mappings of the user's own were replaced. Enable is
// asked to replace them; beside NewRestApi they are a second source.
func (w *writer) reportReplaced(on constructs.IConstruct, where string, replaced []plan.Replacement) {
	for _, r := range replaced {
		if !w.replace || strings.HasPrefix(r.Cure, "map") {
			warn(on, "second-source", fmt.Sprintf("%s maps %s, which is replaced; %s", where, r.Key, r.Cure))
		}
	}
}

// gatewayResponses completes the errors that API Gateway makes itself. A type
// that has a gateway response of its own takes nothing from the defaults.
func (w *writer) gatewayResponses() {
	headers := plan.ErrorHeaders(w.policy, w.props.GatewayErrors == EchoOrigin)
	ours := map[string]any{}
	for name, value := range headers {
		ours[apigw.GatewayHeader+name] = value
	}
	missing := []string{apigw.Default4XX, apigw.Default5XX}
	for _, g := range w.survey.gatewayResponses {
		missing = slices.DeleteFunc(missing, func(t string) bool { return t == g.responseType })
		merged, replaced := plan.Remap(g.parameters, apigw.GatewayHeader, ours)
		w.reportReplaced(g.node, "gateway response "+g.responseType, replaced)
		w.override(g.node, "ResponseParameters.", g.parameters, merged)
		w.parts = append(w.parts, part{g.at, g.node})
		w.wrote(g.props, merged)
	}
	for _, responseType := range missing {
		id := "Cors" + strings.ReplaceAll(responseType, "DEFAULT_", "Default")
		w.parts = append(w.parts, part{w.survey.api.at, awsapigateway.NewCfnGatewayResponse(w.api, jsii.String(id), &awsapigateway.CfnGatewayResponseProps{
			RestApiId:          w.api.RestApiId(),
			ResponseType:       jsii.String(responseType),
			ResponseParameters: ours,
		})})
		w.added++
		w.wrote(responseType, ours)
	}
}

// resourcePolicy lets preflights through, which are anonymous.
func (w *writer) resourcePolicy() {
	refused := plan.RefusedPreflights(w.survey.api.policy, w.survey.stageNames(), w.preflightPaths())
	if refused.Denied {
		warn(w.api, string(rules.CORS403), rule(rules.CORS403, plan.DenyMayRefuse))
	}
	switch {
	case !refused.NotAllowed:
	case w.spec != nil && w.spec.plan != nil && w.spec.plan.KeepsOptions():
		warn(w.api, string(rules.CORS403), rule(rules.CORS403, plan.KeptOptionsClosed))
	default:
		// A policy that names who may call, by IAM, allows nobody anonymous. The
		// mock behind OPTIONS tells them nothing but the CORS headers.
		w.api.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Effect:     awsiam.Effect_ALLOW,
			Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
			Actions:    jsii.Strings("execute-api:Invoke"),
			Resources:  jsii.Strings("execute-api:/*/OPTIONS/*"),
		}))
	}
}

// preflightPaths returns the paths that browsers send preflights to.
func (w *writer) preflightPaths() []string {
	var paths []string
	if w.spec != nil && w.spec.plan != nil {
		paths = w.spec.plan.Paths()
	}
	for _, r := range w.survey.resources {
		paths = append(paths, r.path)
	}
	return paths
}

// stages puts the policy's variables on every stage of the API in the app.
func (w *writer) stages() {
	vars := w.policy.StageVariables()
	names := slices.Sorted(maps.Keys(vars))
	for _, st := range w.survey.stages {
		for _, own := range slices.Sorted(maps.Keys(st.variables)) {
			if cors.IsVariable(own) {
				fail(st.node, fmt.Sprintf("stage %s sets the variable %s itself: remove it, the policy decides it", st.name, own))
			}
		}
		for _, name := range names {
			w.set(st.node, st.prefix+name, vars[name])
		}
	}
	if len(w.survey.stages) == 0 {
		var lines []string
		for _, name := range names {
			lines = append(lines, name+"="+vars[name])
		}
		warn(w.api, string(rules.CORS407), rule(rules.CORS407, "the app has no stage of this API; a stage without these variables refuses every origin: "+strings.Join(lines, " ")))
	}
}

// deployments has every deployment wait for what was written, and change when
// it changes.
func (w *writer) deployments() {
	// A deployment resolves what it is given each time its logical id is asked
	// for, so it gets little.
	answers := cdkbridge.Digest(awscdk.Stack_Of(w.api), w.written)
	for _, d := range w.survey.deployments {
		stack := w.survey.stackAt(d.at)
		var wait []constructs.IDependable
		late := ""
		for _, p := range w.parts {
			in := w.survey.stackAt(p.at)
			switch w.survey.order(stack, in) {
			case follows:
				wait = append(wait, p.node)
			case unordered:
				if late == "" {
					late = *w.survey.stacks[in].Node().Path()
				}
			}
		}
		d.node.Node().AddDependency(wait...)
		if late != "" {
			warn(d.node, "early-deployment", "the API is deployed before the methods of stack "+late+" exist, so its stage does not have them: "+
				"put the deployment into that stack or one that depends on it, or use nested stacks")
		}
		if d.aware == nil {
			warn(d.node, "loose-deployment", "a CfnDeployment keeps its logical id when the API's answers change, so the stage keeps the old ones: use awsapigateway.NewDeployment")
			continue
		}
		d.aware.AddToLogicalId(answers)
	}
}

// escape makes a property name with dots one step of an override's path.
func escape(name string) string { return strings.ReplaceAll(name, ".", `\.`) }
