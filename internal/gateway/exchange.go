package gateway

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/vtl"
)

// exchange is the state of one request.
type exchange struct {
	api       *API
	ctx       context.Context
	req       *Request
	backend   Backend
	trace     []Step
	path      string // after the stage, with one leading slash
	fullPath  string // with the stage
	query     []Param
	method    *Method
	resource  *Resource
	params    map[string]string // of the path
	headers   Headers           // as templates and functions see them
	overrides *vtl.Overrides
	within    bool              // it has come to where there is a $context
	context   *vtl.Map          // see values
	variables map[string]string // of the stage
	stageVars *vtl.Map          // see stageVariables
	id        string
	traced    bool // the response carries X-Amzn-Trace-Id
	canary    bool // the canary has the request
	reqBody   string
	rendered  bool // a template was evaluated, or was to be
	// responding reports whether the integration has responded.
	responding bool

	assumed    bool              // an authorizer that did not decide was taken to let the request in
	authorized map[string]any    // what an authorizer says of the caller
	identity   map[string]string // what a signature says of the caller
	usageKey   string            // the API key that an authorizer gives
}

// withheld are client headers that neither templates nor functions see (recorded 2024-12).
var withheld = map[string]bool{
	"connection": true, "content-length": true, "content-md5": true, "expect": true, "max-forwards": true, "proxy-authenticate": true,
	"server": true, "te": true, "transfer-encoding": true, "trailer": true, "upgrade": true, "www-authenticate": true,
}

// MaxBody is the largest body of a request that API Gateway takes, in bytes
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html).
const MaxBody = 10 << 20

// Serve returns the response to a request. It never fails: what cannot be served is a response whose trace says why. That is also what a
// canary of some requests responds by other rules than its stage.
func (a *API) Serve(ctx context.Context, req *Request, backend Backend) *Response {
	if a.Kind != RestAPI {
		return a.exchange(ctx, req, backend).serveOther()
	}
	res := a.exchange(ctx, req, backend).serve()
	if len(a.overridden) == 0 {
		return res
	}
	x := a.exchange(ctx, req, backend)
	x.override(a.overridden)
	other := x.serve()
	if res.Status == other.Status && slices.Equal(cors(res.Headers), cors(other.Headers)) {
		return res
	}
	return a.exchange(ctx, req, nil).finish(nil, unsupported("the stage's canary gets some of the requests and has other stage variables: %s",
		strings.Join(slices.Sorted(maps.Keys(a.overridden)), ", ")))
}

// cors returns the headers by which a browser or a cache tells whom a response is for, in order.
func cors(headers Headers) []Header {
	var out []Header
	for _, h := range headers {
		if name := strings.ToLower(h.Name); strings.HasPrefix(name, "access-control-") || name == "vary" || name == "location" {
			out = append(out, Header{name, h.Value})
		}
	}
	slices.SortFunc(out, func(x, y Header) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.Value, y.Value))
	})
	return out
}

// override has the exchange run with other values of stage variables.
func (x *exchange) override(variables map[string]string) {
	stageVars := x.stageVariables()
	x.variables = maps.Clone(x.variables)
	maps.Copy(x.variables, variables)
	for _, k := range slices.Sorted(maps.Keys(variables)) {
		stageVars.Put(k, variables[k])
	}
	x.canary = true
}

func (x *exchange) serve() *Response {
	a, req := x.api, x.req
	stageOK := x.split()
	var res *Response
	var err error
	if len(req.Body) > MaxBody {
		// The message is what users report of REST APIs; the name of the exception is believed.
		err = &failure{typ: apigw.RequestTooLarge, message: "HTTP content length exceeded 10485760 bytes.", errType: "RequestTooLargeException", detail: "the body is larger than 10485760 bytes"}
	} else if !stageOK {
		err = &failure{typ: apigw.MissingAuthenticationToken, message: "Forbidden", errType: "ForbiddenException", detail: "the path does not start with the stage " + a.Stage}
	} else {
		res, err = x.run()
	}
	return x.finish(res, err)
}

func (a *API) exchange(ctx context.Context, req *Request, backend Backend) *exchange {
	if ctx == nil {
		ctx = context.Background()
	}
	x := &exchange{api: a, ctx: ctx, req: req, backend: backend, params: map[string]string{}, id: requestID(), overrides: vtl.NewOverrides(), trace: make([]Step, 0, 16)}
	host := false
	for _, h := range req.Headers {
		if strings.EqualFold(h.Name, "host") {
			host = true
		}
		if !withheld[strings.ToLower(h.Name)] {
			x.headers = append(x.headers, h)
		}
	}
	if !host {
		x.headers = append(x.headers, Header{"Host", a.domain()})
	}
	for _, h := range []Header{{"X-Amzn-Trace-Id", "Root=1-" + x.id[:8] + "-" + strings.ReplaceAll(x.id, "-", "")[:24]}, {"X-Forwarded-For", x.sourceIP()}, {"X-Forwarded-Port", "443"}, {"X-Forwarded-Proto", "https"}} {
		if _, ok := x.headers.Get(h.Name); !ok {
			x.headers = append(x.headers, h)
		}
	}
	x.variables, x.canary = a.Variables, a.inCanary
	return x
}

// stageVariables returns $stageVariables, which many exchanges have no use for.
func (x *exchange) stageVariables() *vtl.Map {
	if x.stageVars == nil {
		x.stageVars = vtl.NewMap()
		for _, k := range slices.Sorted(maps.Keys(x.variables)) {
			x.stageVars.Put(k, x.variables[k])
		}
	}
	return x.stageVars
}

func (a *API) domain() string {
	if a.Kind == FunctionURL {
		return strings.ReplaceAll(a.ID, ":", "-") + ".lambda-url." + a.region + ".on.aws" // inspect has the id NAME:ALIAS
	}
	return a.ID + ".execute-api." + a.region + ".amazonaws.com"
}

// Base returns the address at which AWS serves the API's stage. The logical id stands for the id that the service gives to it.
func (a *API) Base() string {
	return "https://" + strings.ToLower(a.domain()) + a.Root()
}

// Root returns the path of the API's root: its stage, but for the stage $default of an HTTP API and for a function URL.
func (a *API) Root() string {
	if a.Kind == FunctionURL || a.Kind == HTTPAPI && a.Stage == DefaultRoute {
		return ""
	}
	return "/" + a.Stage
}

func (x *exchange) sourceIP() string {
	if x.req.SourceIP != "" {
		return x.req.SourceIP
	}
	return "127.0.0.1"
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// split reads path and query out of the request, and tells whether the stage fits.
func (x *exchange) split() bool {
	raw := x.req.Path
	if x.req.RawPath != "" {
		raw = x.req.RawPath
	}
	p, q, _ := strings.Cut(raw, "?")
	x.query = x.req.Query
	if x.query == nil {
		x.query = query(q)
	}
	p = "/" + strings.TrimLeft(p, "/")
	ok := true
	if x.req.RawPath != "" && x.api.Root() == "" {
		x.fullPath = p
	} else if x.req.RawPath != "" {
		x.fullPath = p
		stage, rest, _ := strings.Cut(p[1:], "/")
		ok = stage == x.api.Stage
		p = "/" + strings.TrimLeft(rest, "/")
	} else {
		x.fullPath = x.api.Root() + p
	}
	x.path = p
	return ok
}

// query reads a query string.
func query(q string) []Param {
	var out []Param
	for _, pair := range strings.Split(q, "&") {
		if pair != "" {
			k, v, _ := strings.Cut(pair, "=")
			out = append(out, Param{unescape(k), unescape(v)})
		}
	}
	return out
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

func (x *exchange) step(s Step) { x.trace = append(x.trace, s) }

// run does everything up to the response of the integration.
func (x *exchange) run() (*Response, error) {
	m, exact, params := x.api.route(x.req.Method, segments(x.path))
	if len(x.api.Elsewhere) > 0 && (m == nil || m.Resource.open()) {
		return nil, unsupported("this API may have %s elsewhere: %s", x.path, x.api.Elsewhere[0])
	}
	if m == nil {
		detail := "no resource for the path " + x.path
		if exact != nil {
			detail = "the resource " + exact.Path + " has no method " + x.req.Method
			x.step(Step{Kind: StepResource, Name: exact.ID, Detail: exact.Path})
		}
		return nil, &failure{typ: apigw.MissingAuthenticationToken, message: "Missing Authentication Token", errType: "MissingAuthenticationTokenException", detail: detail}
	}
	if x.api.unread != "" {
		return nil, unsupported("what was not read may change the response of %s: %s", x.path, x.api.unread)
	}
	x.method, x.resource, x.params = m, m.Resource, params
	x.step(Step{Kind: StepResource, Name: m.Resource.ID, Detail: m.Resource.Path})
	x.step(Step{Kind: StepMethod, Name: m.ID, Detail: m.HTTPMethod + " " + m.Resource.Path})
	x.within = true
	if m.Err != nil {
		// Before anything else is asked of the request: what was read of the method may be all wrong.
		return nil, unsupported("method %s cannot be served: %v", m.ID, m.Err)
	}
	checks := []func() error{x.admit, x.authorize, x.apiKey, x.validate}
	if m.AuthorizationType == "COGNITO_USER_POOLS" {
		checks[0], checks[1] = checks[1], checks[0]
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return x.integrate()
}

// identity are the members of $context.identity that a template and a function see of every request, empty where nothing is known
// (recorded 2025-05, and https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html).
var identity = []string{"accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType", "cognitoIdentityId",
	"cognitoIdentityPoolId", "principalOrgId", "sourceIp", "user", "userAgent", "userArn"}

// values returns $context, nil before there is one. Many exchanges have no use for it.
func (x *exchange) values() *vtl.Map {
	if x.context != nil || !x.within {
		return x.context
	}
	c := vtl.NewMap()
	put := func(k string, v any) { c.Put(k, v) }
	put("accountId", x.api.account)
	put("apiId", x.api.ID)
	put("awsEndpointRequestId", x.id)
	if x.api.deployment != "" {
		put("deploymentId", x.api.deployment)
	}
	put("domainName", x.api.domain())
	put("domainPrefix", x.api.ID)
	put("extendedRequestId", x.id)
	put("httpMethod", x.req.Method)
	id := vtl.NewMap()
	for _, k := range identity {
		id.Put(k, nil)
	}
	id.Put("sourceIp", x.sourceIP())
	if ua, ok := x.req.Headers.Get("User-Agent"); ok {
		id.Put("userAgent", ua)
	}
	if key, ok := x.headers.Get("x-api-key"); ok && x.method != nil && x.method.APIKeyRequired {
		id.Put("apiKey", key)
	}
	put("identity", id)
	if x.api.canary {
		put("isCanaryRequest", x.canary)
	}
	put("path", x.fullPath)
	put("protocol", x.protocol())
	put("requestId", x.id)
	now := time.Now().UTC()
	put("requestTime", now.Format("02/Jan/2006:15:04:05 -0700"))
	put("requestTimeEpoch", now.UnixMilli())
	if x.resource != nil {
		put("resourceId", x.resource.ID)
		put("resourcePath", x.resource.Path)
	}
	if x.api.Kind == HTTPAPI {
		put("routeKey", x.routeKey())
	}
	put("stage", x.api.Stage)
	put("authorizer", vtl.NewMap())
	x.overrides.Into(c)
	x.context = c
	return c
}

func (x *exchange) protocol() string {
	if x.req.Protocol != "" {
		return x.req.Protocol
	}
	return "HTTP/1.1"
}

// source returns the value of a mapping source such as method.request.header.Origin, and whether there is one.
func (x *exchange) source(src string) (string, bool) {
	if len(src) >= 2 && src[0] == '\'' && src[len(src)-1] == '\'' {
		return src[1 : len(src)-1], true
	}
	if name, ok := strings.CutPrefix(src, apigw.RequestMultiValueHeader); ok {
		v := x.headers.Values(name)
		return strings.Join(v, ","), len(v) > 0
	}
	if name, ok := strings.CutPrefix(src, apigw.RequestHeader); ok {
		// Headers are told apart by case where the service was observed to do so; without an exact one any will do.
		for _, h := range x.headers {
			if h.Name == name {
				return h.Value, true
			}
		}
		return x.headers.Get(name)
	}
	for _, pre := range []string{apigw.RequestQuery, apigw.RequestMultiValueQuery} {
		if name, ok := strings.CutPrefix(src, pre); ok {
			v, found := "", false
			for _, q := range x.query {
				switch {
				case q.Name != name:
				case found && pre == apigw.RequestMultiValueQuery:
					v += "," + q.Value
				default:
					v, found = q.Value, true
				}
			}
			return v, found
		}
	}
	if name, ok := strings.CutPrefix(src, apigw.RequestPath); ok {
		v, found := x.params[name]
		return v, found
	}
	if src == "method.request.body" {
		return string(x.req.Body), true
	}
	if p, ok := strings.CutPrefix(src, "method.request.body."); ok {
		v, found, _ := bodySource(string(x.req.Body), p)
		return v, found
	}
	if p, ok := strings.CutPrefix(src, "stageVariables."); ok {
		v, found := x.variables[p]
		return v, found
	}
	if p, ok := strings.CutPrefix(src, "context."); ok && x.within {
		var v any = x.values()
		for _, part := range strings.Split(p, ".") {
			m, isMap := v.(*vtl.Map)
			if !isMap {
				return "", false
			}
			v, _ = m.Get(part)
		}
		if v == nil {
			return "", false
		}
		s, err := vtl.Print(v)
		return s, err == nil
	}
	return "", false
}

// bodySource reads a JSON path out of a body. The error is that what the service reads is not known.
func bodySource(body, path string) (s string, found bool, err error) {
	v, err := vtl.ParseJSON(body)
	if err != nil {
		if !notKnown(err) {
			err = nil
		}
		return "", false, err
	}
	if v, err = vtl.JSONPath(v, "$."+strings.TrimPrefix(path, "$.")); err != nil || v == nil {
		return "", false, err
	}
	s, err = vtl.Print(v)
	return s, err == nil, err
}
