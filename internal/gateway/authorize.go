package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/vtl"
	"github.com/corsgate/corsgate/internal/vtl/javaregexp"
)

// Authorizers says how the authorizers of an API decide. A Lambda authorizer is a function of the [Backend]; one that is
// [Unavailable] lets in whoever brings what it looks at. Signatures and tokens are not verified.
type Authorizers struct {
	// Claims are those of the token that Cognito authorizers are sent. Where there are none, every token is let in.
	Claims map[string]string
	// IAM is the ARN of the user or role that signs requests. Where it is empty, every signature is let in.
	IAM string
	// Now is the clock of the cache of results; nil means [time.Now].
	Now func() time.Time
}

// DefaultAuthorizerTTL is how long the result of a Lambda authorizer is cached unless its AuthorizerResultTtlInSeconds says
// otherwise (https://docs.aws.amazon.com/apigateway/latest/api/API_Authorizer.html).
const DefaultAuthorizerTTL = 300 * time.Second

// authorizer is an AWS::ApiGateway::Authorizer, or an x-amazon-apigateway-authorizer.
type authorizer struct {
	id         string
	typ        string
	sources    []string
	function   *Function
	validation string        // IdentityValidationExpression
	ttl        time.Duration // how long a result is cached, 0 for not at all
	unknown    *cfn.Symbol   // that stands for it, if nothing is known of it
	payload    string        // the format of the event, of one of an HTTP API
	simple     bool          // it answers with isAuthorized
}

// AuthorizerFunctions returns the logical ids of the template's functions that authorize requests, by that of the authorizer.
func (a *API) AuthorizerFunctions() map[string]string {
	out := map[string]string{}
	for _, r := range a.resources {
		for _, m := range r.methods {
			if m.authorizer != nil && m.authorizer.function != nil && m.authorizer.function.LogicalID != "" {
				out[m.authorizer.id] = m.authorizer.function.LogicalID
			}
		}
	}
	return out
}

// Authorizer returns the name of the method's Lambda or Cognito authorizer, "" if it has none: its logical id, or its name in an
// OpenAPI document.
func (m *Method) Authorizer() string {
	if m.authorizer == nil {
		return ""
	}
	return m.authorizer.id
}

// verdict is the result of a Lambda authorizer
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html).
type verdict struct {
	policy  map[string]any
	context map[string]string // principalId included
	key     string            // usageIdentifierKey
}

func (x *exchange) authorize() error {
	m := x.method
	switch m.AuthorizationType {
	case "", "NONE":
		return nil
	case "AWS_IAM":
		return x.signature()
	}
	a, identity, err := x.identified(x.unauthorized)
	if err != nil {
		return err
	}
	switch {
	case m.AuthorizationType == "COGNITO_USER_POOLS" && x.api.authorizers == nil:
		x.assume(a.id, m.AuthorizationType+" assumed to let the request in")
		return nil
	case m.AuthorizationType == "COGNITO_USER_POOLS":
		return x.claims(a)
	case m.authorizer == nil || a.unknown != nil:
		x.assume(a.id, "assumed to let the request in: the authorizer is not in the template")
		return nil
	case x.api.authorizers == nil:
		return x.letIn(a, "its function is not run")
	case a.function == nil:
		return x.letIn(a, "which function the authorizer runs is not known")
	}
	return x.custom(a, identity)
}

// identified returns the authorizer of the method and what the request has at its identity sources. Lacks makes the response to
// a request that has nothing at one of them.
func (x *exchange) identified(lacks func(a *authorizer, why string) error) (*authorizer, []string, error) {
	a := x.method.authorizer
	if a == nil {
		if _, ok := x.headers.Get("Authorization"); !ok {
			return nil, nil, unsupported("what the authorizer requires of a request is not known: it is not in the template")
		}
		a = &authorizer{sources: []string{apigw.RequestHeader + "Authorization"}}
	}
	var out []string
	for _, s := range a.sources {
		v, ok := x.source(s)
		if !ok || v == "" {
			// A preflight has the query of its request.
			if x.api.valid && (strings.HasPrefix(s, apigw.RequestQuery) || strings.HasPrefix(s, apigw.RequestMultiValueQuery)) {
				continue
			}
			if a.unknown != nil {
				return nil, nil, unsupported("what the authorizer requires of a request: %v", &cfn.Unknown{Symbol: a.unknown})
			}
			if strings.HasPrefix(s, "context.") && x.api.Kind == HTTPAPI {
				return nil, nil, unsupported("the authorizer %s reads $%s, which is not modelled", a.id, clip(s))
			}
			return nil, nil, lacks(a, "the request lacks "+s)
		}
		out = append(out, v)
	}
	return a, out, nil
}

// assume lets a request in whose authorizer cannot decide here.
func (x *exchange) assume(name, detail string) {
	x.assumed = true
	x.step(Step{Kind: StepAuthorizer, Name: name, Detail: detail})
}

// letIn assumes that a Lambda authorizer which is not run lets a request in. Of a preflight that would then pass it is not known: it
// carries no token, and most authorizers want one.
func (x *exchange) letIn(a *authorizer, why string) error {
	token := slices.ContainsFunc(a.sources, func(s string) bool {
		return strings.HasPrefix(s, apigw.RequestQuery) || strings.HasPrefix(s, apigw.RequestMultiValueQuery)
	})
	if x.preflight() && !token && !x.refusedAnyway() {
		return unsupported("whether the authorizer %s lets in preflights, which carry no token: %s", a.id, why)
	}
	x.assume(a.id, "assumed to let the request in: "+why)
	return nil
}

// refusedAnyway reports whether the CORS setting does not allow the page, whatever becomes of its request.
func (x *exchange) refusedAnyway() bool {
	if x.api.CORS == nil || x.api.Kind != HTTPAPI {
		return false
	}
	origin, _ := x.req.Headers.Get(corsheader.Origin)
	allow, notKnown := x.api.CORS.Origin(origin)
	return allow == "" && notKnown == ""
}

func (x *exchange) unauthorized(a *authorizer, why string) error {
	x.step(Step{Kind: StepAuthorizer, Name: a.id, Detail: why})
	return &failure{typ: apigw.Unauthorized, message: "Unauthorized", errType: "UnauthorizedException", detail: why}
}

// signed reports whether a request has a signature, in a header or in its query. A signature in the query of a preflight does not
// count: it was made for the page's request, which has another method
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
func (x *exchange) signed() bool {
	_, header := x.headers.Get("Authorization")
	return header || !x.preflight() && slices.ContainsFunc(x.query, func(p Param) bool { return p.Name == "X-Amz-Signature" })
}

// signature looks for that of Signature Version 4, which it does not verify.
func (x *exchange) signature() error {
	if !x.signed() {
		x.step(Step{Kind: StepAuthorizer, Name: "AWS_IAM", Detail: "no signature"})
		return &failure{typ: apigw.MissingAuthenticationToken, message: "Missing Authentication Token", errType: "MissingAuthenticationTokenException", detail: "the method requires a signed request"}
	}
	if x.api.authorizers == nil || x.api.authorizers.IAM == "" {
		x.assume("AWS_IAM", "AWS_IAM assumed to let the request in")
		return nil
	}
	x.identity = map[string]string{"userArn": x.api.authorizers.IAM}
	if part := strings.Split(x.api.authorizers.IAM, ":"); len(part) > 4 {
		x.identity["accountId"] = part[4]
	}
	id, _ := x.values().Get("identity")
	for _, k := range slices.Sorted(maps.Keys(x.identity)) {
		id.(*vtl.Map).Put(k, x.identity[k])
	}
	x.step(Step{Kind: StepAuthorizer, Name: "AWS_IAM", Detail: "allowed, as " + x.api.authorizers.IAM})
	return nil
}

// claims decides for a Cognito authorizer. One of the method's scopes has to be among the token's
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-enable-cognito-user-pool.html).
func (x *exchange) claims(a *authorizer) error {
	claims := x.api.authorizers.Claims
	if len(claims) == 0 {
		x.assume(a.id, "COGNITO_USER_POOLS assumed to let the request in")
		return nil
	}
	granted := strings.Fields(claims["scope"])
	if want := x.method.scopes; len(want) > 0 && !slices.ContainsFunc(want, func(s string) bool { return slices.Contains(granted, s) }) {
		return x.unauthorized(a, "the token has none of the method's scopes: "+strings.Join(want, ", "))
	}
	x.authorized = map[string]any{"claims": claims}
	x.putAuthorizer(map[string]any{"claims": mapOf(claims)})
	x.step(Step{Kind: StepAuthorizer, Name: a.id, Detail: "allowed, by the claims that were given"})
	return nil
}

// custom asks a Lambda authorizer, or the cache of its results. What is cached is the policy, which is then evaluated for
// each method that is called with the same identity.
func (x *exchange) custom(a *authorizer, identity []string) error {
	if a.typ != "REQUEST" && len(identity) == 0 {
		return unsupported("the authorizer %s has no identity source, and which header its token is in is not known", a.id)
	}
	if a.typ == "TOKEN" && a.validation != "" {
		re, err := javaregexp.Recent(a.validation)
		if err != nil {
			return unsupported("the validation expression %q of the authorizer %s: %v", a.validation, a.id, err)
		}
		fits, err := re.MatchWhole(identity[0])
		if err != nil {
			return unsupported("the validation expression %q of the authorizer %s: %v", a.validation, a.id, err)
		}
		if !fits {
			return x.unauthorized(a, "the token does not match "+a.validation+", and the function is not invoked")
		}
	}
	caches := a.ttl > 0 && len(identity) > 0
	key, _ := json.Marshal(append([]string{a.id}, identity...)) // of texts
	v, from := x.api.verdicts.get(string(key), x.api.now()), ", by a result from the cache"
	if v == nil {
		from = ""
		var err error
		if v, err = x.invokeAuthorizer(a, identity); v == nil {
			return err
		}
		if caches {
			x.api.verdicts.put(string(key), v, x.api.now().Add(a.ttl))
		}
	}
	arn := x.methodARN()
	j := apigw.JudgeAuthorizer(v.policy, apigw.Call{Stage: x.api.Stage, Method: x.req.Method, Path: x.path})
	denied := func(message, why string) error {
		why += " " + arn + from
		x.step(Step{Kind: StepAuthorizer, Name: a.id, Detail: why})
		return &failure{typ: apigw.AccessDenied, message: message, errType: "AccessDeniedException", detail: why}
	}
	const message = "User is not authorized to access this resource"
	switch j.Access {
	case apigw.Denied:
		return denied(message+" with an explicit deny", "the authorizer's policy denies")
	case apigw.NotAllowed:
		return denied(message, "the authorizer's policy does not allow")
	case apigw.Depends:
		return unsupported("the policy of the authorizer %s depends on %s", a.id, strings.Join(slices.Concat(j.Keys, j.Unread), ", "))
	}
	x.authorized = map[string]any{}
	for k, text := range v.context {
		x.authorized[k] = text
	}
	x.putAuthorizer(x.authorized)
	x.usageKey = v.key
	x.step(Step{Kind: StepAuthorizer, Name: a.id, Detail: "allowed" + from})
	return nil
}

// invokeAuthorizer runs a Lambda authorizer. It returns nil where the function cannot be run, and no error if that is assumed to let
// the request in.
func (x *exchange) invokeAuthorizer(a *authorizer, identity []string) (*verdict, error) {
	event := map[string]any{"type": "TOKEN", "methodArn": x.methodARN()}
	if a.typ == "REQUEST" {
		// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html
		event = x.event()
		event["type"], event["methodArn"] = "REQUEST", x.methodARN()
		delete(event, "body")
		delete(event, "isBase64Encoded")
		for name, v := range event {
			if v == nil {
				event[name] = map[string]string{}
			}
		}
	} else {
		event["authorizationToken"] = identity[0]
	}
	b, err := json.Marshal(event)
	if err != nil {
		return nil, configError(OtherCause, "the authorizer's event: %v", err)
	}
	if x.backend == nil {
		return nil, unsupported("no backend for the function %s", a.function.Name)
	}
	fn := *a.function
	fn.Authorizer = true
	result, err := x.backend.Invoke(x.ctx, fn, b)
	var failed *FunctionError
	var cannot *Unavailable
	fail := func(typ, format string, args ...any) error {
		detail := "the authorizer " + a.id + ": " + fmt.Sprintf(format, args...)
		x.step(Step{Kind: StepAuthorizer, Name: a.id, Detail: detail})
		return &failure{typ: typ, errType: "AuthorizerConfigurationException", detail: detail}
	}
	switch {
	case errors.As(err, &cannot):
		return nil, x.letIn(a, cannot.Reason)
	case errors.As(err, &failed) && failed.Message == "Unauthorized":
		return nil, x.unauthorized(a, "the authorizer's function failed with Unauthorized")
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fail(apigw.AuthorizerFailure, "its function took too long")
	case err != nil:
		return nil, fail(apigw.AuthorizerFailure, "its function failed: %v", err)
	}
	v, err := readVerdict(result)
	if err != nil {
		return nil, fail(apigw.AuthorizerConfigurationError, "%v", err)
	}
	return v, nil
}

// methodARN is that of the method and the path that are called.
func (x *exchange) methodARN() string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s/%s/%s%s", apigw.InvokeService, x.api.region, x.api.account, x.api.ID, x.api.Stage, x.req.Method, x.path)
}

// readVerdict reads the output of a Lambda authorizer.
func readVerdict(result []byte) (*verdict, error) {
	var out struct {
		PrincipalID        any            `json:"principalId"`
		PolicyDocument     map[string]any `json:"policyDocument"`
		Context            map[string]any `json:"context"`
		UsageIdentifierKey string         `json:"usageIdentifierKey"`
	}
	dec := json.NewDecoder(strings.NewReader(string(result)))
	dec.UseNumber()
	if err := dec.Decode(&out); err != nil {
		return nil, fmt.Errorf("its result is not that of an authorizer: %w", err)
	}
	if out.PolicyDocument["Statement"] == nil {
		return nil, errors.New("its result has no policyDocument with a Statement")
	}
	v := &verdict{policy: out.PolicyDocument, context: map[string]string{}, key: out.UsageIdentifierKey}
	if out.PrincipalID != nil {
		v.context["principalId"] = fmt.Sprint(out.PrincipalID)
	}
	for _, k := range slices.Sorted(maps.Keys(out.Context)) {
		switch c := out.Context[k].(type) {
		case nil:
		case string, bool, json.Number:
			v.context[k] = fmt.Sprint(c)
		default:
			return nil, fmt.Errorf("its context.%s is an object or a list; allowed are a string, a number and a boolean", k)
		}
	}
	return v, nil
}

// putAuthorizer makes $context.authorizer.
func (x *exchange) putAuthorizer(values map[string]any) {
	m := vtl.NewMap()
	for _, k := range slices.Sorted(maps.Keys(values)) {
		m.Put(k, values[k])
	}
	x.values().Put("authorizer", m)
}

func mapOf(texts map[string]string) *vtl.Map {
	m := vtl.NewMap()
	for _, k := range slices.Sorted(maps.Keys(texts)) {
		m.Put(k, texts[k])
	}
	return m
}

// apiKey wants a key that a usage plan of the stage has.
func (x *exchange) apiKey() error {
	if !x.method.APIKeyRequired {
		return nil
	}
	key, ok := x.headers.Get(apigw.KeyHeader)
	detail := "the request has no x-api-key"
	if x.api.KeySource == apigw.KeyByAuthorizer {
		if x.api.authorizers == nil || x.assumed {
			x.step(Step{Kind: StepAPIKey, Detail: "assumed to be supplied by the authorizer"})
			return nil
		}
		key, ok, detail = x.usageKey, x.usageKey != "", "the authorizer returned no usageIdentifierKey"
	}
	if ok {
		why, named := x.api.keys[key]
		switch {
		case named && why == "":
			x.step(Step{Kind: StepAPIKey, Detail: "valid"})
			return nil
		case named:
			detail = why
		default:
			detail = "the API key is not one the template or the caller names"
		}
	}
	x.step(Step{Kind: StepAPIKey, Detail: detail})
	return &failure{typ: apigw.InvalidAPIKey, message: "Forbidden", errType: "ForbiddenException", detail: detail}
}
