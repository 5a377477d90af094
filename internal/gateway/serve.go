package gateway

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

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
	context   *vtl.Map
	stageVars *vtl.Map
	id        string
	traced    bool // the answer carries X-Amzn-Trace-Id
	reqBody   string
}

// failure ends an exchange with a gateway response.
type failure struct {
	typ     string
	status  int // 0 means that of the type
	message string
	errType string // x-amzn-ErrorType
	detail  string
	valid   string // $context.error.validationErrorString
}

func (f *failure) Error() string { return f.typ + ": " + f.message }

// withheld are client headers that neither templates nor functions see (recorded 2024-12).
var withheld = map[string]bool{
	"connection": true, "content-length": true, "content-md5": true, "expect": true, "max-forwards": true, "proxy-authenticate": true,
	"server": true, "te": true, "transfer-encoding": true, "trailer": true, "upgrade": true, "www-authenticate": true,
}

// MaxBody is the largest body of a request that API Gateway takes, in bytes
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html).
const MaxBody = 10 << 20

// Serve answers a request. It never fails: what cannot be served is an answer whose trace says why.
func (a *API) Serve(ctx context.Context, req *Request, backend Backend) *Response {
	x := a.exchange(ctx, req, backend)
	stageOK := x.split()
	var res *Response
	var err error
	if len(req.Body) > MaxBody {
		// The message is what users report of REST APIs; the name of the exception is believed.
		err = &failure{typ: "REQUEST_TOO_LARGE", message: "HTTP content length exceeded 10485760 bytes.", errType: "RequestTooLargeException", detail: "the body is larger than 10485760 bytes"}
	} else if !stageOK {
		err = &failure{typ: "MISSING_AUTHENTICATION_TOKEN", message: "Forbidden", errType: "ForbiddenException", detail: "the path does not start with the stage " + a.Stage}
	} else {
		res, err = x.run()
	}
	return x.finish(res, err)
}

func (a *API) exchange(ctx context.Context, req *Request, backend Backend) *exchange {
	if ctx == nil {
		ctx = context.Background()
	}
	x := &exchange{api: a, ctx: ctx, req: req, backend: backend, params: map[string]string{}, id: requestID(), overrides: vtl.NewOverrides()}
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
	x.stageVars = vtl.NewMap()
	names := make([]string, 0, len(a.Variables))
	for k := range a.Variables {
		names = append(names, k)
	}
	sortStrings(names)
	for _, k := range names {
		x.stageVars.Put(k, a.Variables[k])
	}
	return x
}

func (a *API) domain() string { return a.ID + ".execute-api." + a.region + ".amazonaws.com" }

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
		for _, pair := range strings.Split(q, "&") {
			if pair == "" {
				continue
			}
			k, v, _ := strings.Cut(pair, "=")
			x.query = append(x.query, Param{unescape(k), unescape(v)})
		}
	}
	p = "/" + strings.TrimLeft(p, "/")
	ok := true
	if x.req.RawPath != "" {
		x.fullPath = p
		stage, rest, _ := strings.Cut(p[1:], "/")
		ok = stage == x.api.Stage
		p = "/" + strings.TrimLeft(rest, "/")
	} else {
		x.fullPath = "/" + x.api.Stage + p
	}
	x.path = p
	return ok
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

func (x *exchange) step(s Step) { x.trace = append(x.trace, s) }

// run does everything up to the answer of the integration.
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
		return nil, &failure{typ: "MISSING_AUTHENTICATION_TOKEN", message: "Missing Authentication Token", errType: "MissingAuthenticationTokenException", detail: detail}
	}
	x.method, x.resource, x.params = m, m.Resource, params
	x.step(Step{Kind: StepResource, Name: m.Resource.ID, Detail: m.Resource.Path})
	x.step(Step{Kind: StepMethod, Name: m.ID, Detail: m.HTTPMethod + " " + m.Resource.Path})
	x.makeContext()
	if m.Err != nil {
		// Before anything else is asked of the request: what was read of the method may be all wrong.
		return nil, unsupported("method %s cannot be served: %v", m.ID, m.Err)
	}
	if err := x.authorize(); err != nil {
		return nil, err
	}
	if err := x.apiKey(); err != nil {
		return nil, err
	}
	if err := x.validate(); err != nil {
		return nil, err
	}
	return x.integrate()
}

func (x *exchange) makeContext() {
	c := vtl.NewMap()
	put := func(k string, v any) { c.Put(k, v) }
	put("accountId", x.api.account)
	put("apiId", x.api.ID)
	put("awsEndpointRequestId", x.id)
	put("domainName", x.api.domain())
	put("domainPrefix", x.api.ID)
	put("extendedRequestId", x.id)
	put("httpMethod", x.req.Method)
	id := vtl.NewMap()
	id.Put("sourceIp", x.sourceIP())
	if ua, ok := x.req.Headers.Get("User-Agent"); ok {
		id.Put("userAgent", ua)
	}
	put("identity", id)
	if x.api.canary {
		put("isCanaryRequest", false)
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
	put("stage", x.api.Stage)
	put("authorizer", vtl.NewMap())
	put("responseOverride", x.overrides.Response)
	put("requestOverride", x.overrides.Request)
	x.context = c
}

func (x *exchange) protocol() string {
	if x.req.Protocol != "" {
		return x.req.Protocol
	}
	return "HTTP/1.1"
}

// source gives the value of a mapping source such as method.request.header.Origin, and whether there is one.
func (x *exchange) source(src string) (string, bool) {
	if len(src) >= 2 && src[0] == '\'' && src[len(src)-1] == '\'' {
		return src[1 : len(src)-1], true
	}
	if name, ok := strings.CutPrefix(src, "method.request.multivalueheader."); ok {
		v := x.headers.Values(name)
		return strings.Join(v, ","), len(v) > 0
	}
	if name, ok := strings.CutPrefix(src, "method.request.header."); ok {
		// Headers are told apart by case where the service was observed to do so; without an exact one any will do.
		for _, h := range x.headers {
			if h.Name == name {
				return h.Value, true
			}
		}
		return x.headers.Get(name)
	}
	for _, pre := range []string{"method.request.querystring.", "method.request.multivaluequerystring."} {
		if name, ok := strings.CutPrefix(src, pre); ok {
			v, found := "", false
			for _, q := range x.query {
				if q.Name == name {
					v, found = q.Value, true
				}
			}
			return v, found
		}
	}
	if name, ok := strings.CutPrefix(src, "method.request.path."); ok {
		v, found := x.params[name]
		return v, found
	}
	if src == "method.request.body" {
		return string(x.req.Body), true
	}
	if p, ok := strings.CutPrefix(src, "method.request.body."); ok {
		return bodySource(string(x.req.Body), p)
	}
	if p, ok := strings.CutPrefix(src, "stageVariables."); ok {
		v, found := x.api.Variables[p]
		return v, found
	}
	if p, ok := strings.CutPrefix(src, "context."); ok && x.context != nil {
		var v any = x.context
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

// bodySource reads a JSON path out of a body.
func bodySource(body, path string) (string, bool) {
	v, err := vtl.ParseJSON(body)
	if err != nil {
		return "", false
	}
	v, err = vtl.JSONPath(v, "$."+strings.TrimPrefix(path, "$."))
	if err != nil || v == nil {
		return "", false
	}
	s, err := vtl.Print(v)
	return s, err == nil
}

func (x *exchange) authorize() error {
	m := x.method
	switch m.AuthorizationType {
	case "", "NONE":
		return nil
	}
	unauthorized := &failure{typ: "UNAUTHORIZED", message: "Unauthorized", errType: "UnauthorizedException", detail: "no identity was sent to the authorizer"}
	ar := &AuthorizerRequest{Type: m.AuthorizationType, Request: x.req}
	if m.AuthorizationType == "AWS_IAM" {
		tok, ok := x.headers.Get("Authorization")
		if !ok {
			x.step(Step{Kind: StepAuthorizer, Name: "AWS_IAM", Detail: "no signature"})
			return &failure{typ: "MISSING_AUTHENTICATION_TOKEN", message: "Missing Authentication Token", errType: "MissingAuthenticationTokenException", detail: "the method wants a signed request"}
		}
		ar.Token = tok
	} else {
		sources := []string{"method.request.header.Authorization"}
		if m.authorizer != nil {
			ar.Authorizer = m.authorizer.id
			if m.authorizer.function != nil {
				ar.Function = *m.authorizer.function
			}
			sources = m.authorizer.sources
		}
		for i, s := range sources {
			v, ok := x.source(s)
			if !ok || v == "" {
				x.step(Step{Kind: StepAuthorizer, Name: ar.Authorizer, Detail: "the request lacks " + s})
				return unauthorized
			}
			if i == 0 {
				ar.Token = v
			}
		}
	}
	if x.api.authorize == nil {
		x.step(Step{Kind: StepAuthorizer, Name: ar.Authorizer, Detail: m.AuthorizationType + " assumed to let the request in"})
		return nil
	}
	r, err := x.api.authorize(x.ctx, ar)
	switch {
	case err != nil:
		return &failure{typ: "AUTHORIZER_FAILURE", message: "Internal server error", errType: "AuthorizerConfigurationException", detail: err.Error()}
	case r != nil && r.Unauthorized:
		return unauthorized
	case r == nil || !r.Allow:
		return &failure{typ: "ACCESS_DENIED", message: "User is not authorized to access this resource", errType: "AccessDeniedException", detail: "the authorizer denied the request"}
	}
	am := vtl.NewMap()
	names := make([]string, 0, len(r.Context))
	for k := range r.Context {
		names = append(names, k)
	}
	sortStrings(names)
	for _, k := range names {
		am.Put(k, r.Context[k])
	}
	x.context.Put("authorizer", am)
	x.step(Step{Kind: StepAuthorizer, Name: ar.Authorizer, Detail: "allowed"})
	return nil
}

func (x *exchange) apiKey() error {
	if !x.method.APIKeyRequired || x.api.keySource == "AUTHORIZER" {
		return nil
	}
	key, ok := x.headers.Get("x-api-key")
	if ok && x.api.keys[key] {
		x.step(Step{Kind: StepAPIKey, Detail: "valid"})
		return nil
	}
	detail := "the request has no x-api-key"
	if ok {
		detail = "the x-api-key is not one the template or the caller names"
	}
	x.step(Step{Kind: StepAPIKey, Detail: detail})
	return &failure{typ: "INVALID_API_KEY", message: "Forbidden", errType: "ForbiddenException", detail: detail}
}

func (x *exchange) contentType() string {
	ct, ok := x.req.Headers.Get("Content-Type")
	if !ok {
		return "application/json"
	}
	ct, _, _ = strings.Cut(ct, ";")
	return strings.ToLower(strings.TrimSpace(ct))
}

func (x *exchange) validate() error {
	m := x.method
	if m.validateParams {
		var missing []string
		for _, in := range []string{"header", "path", "querystring"} {
			var names []string
			for k, req := range m.RequestParameters {
				if name, ok := strings.CutPrefix(k, "method.request."+in+"."); ok && req {
					if v, found := x.source(k); !found || v == "" {
						names = append(names, name)
					}
				}
			}
			sortStrings(names)
			missing = append(missing, names...)
		}
		if len(missing) > 0 {
			msg := "Missing required request parameters: [" + strings.Join(missing, ", ") + "]"
			x.step(Step{Kind: StepValidator, Detail: msg})
			return &failure{typ: "BAD_REQUEST_PARAMETERS", message: msg, errType: "BadRequestException", detail: msg}
		}
	}
	if m.validateBody && m.models != nil {
		s := m.models[x.contentType()]
		if s == nil {
			return nil
		}
		ok, err := s.valid(x.req.Body)
		if err != nil {
			return unsupported("the body cannot be validated: %v", err)
		}
		if !ok {
			x.step(Step{Kind: StepValidator, Detail: "the body does not fit the model"})
			return &failure{typ: "BAD_REQUEST_BODY", message: "Invalid request body", errType: "BadRequestException", detail: "the body does not fit the model", valid: "the body does not fit the model"}
		}
	}
	return nil
}

// configError is the answer to a configuration that fails at run time.
func configError(format string, args ...any) *failure {
	return &failure{typ: "API_CONFIGURATION_ERROR", message: "Internal server error", errType: "InternalServerErrorException", detail: fmt.Sprintf(format, args...)}
}

// unsupported is the answer to what this model cannot do; the service would not give it.
func unsupported(format string, args ...any) *failure {
	return &failure{typ: "", status: http.StatusBadGateway, message: fmt.Sprintf(format, args...), detail: fmt.Sprintf(format, args...)}
}

func (x *exchange) integrate() (*Response, error) {
	m := x.method
	if m.Err != nil {
		return nil, unsupported("method %s cannot be served: %v", m.ID, m.Err)
	}
	if m.Integration == nil {
		return nil, configError("the method has no integration")
	}
	i := m.Integration
	switch i.Type {
	case "MOCK":
		return x.mock(i)
	case "AWS_PROXY", "HTTP_PROXY":
		if i.Type == "AWS_PROXY" {
			return x.lambdaProxy(i)
		}
		return x.http(i, true)
	case "HTTP":
		return x.http(i, false)
	case "AWS":
		return x.aws(i)
	}
	return nil, unsupported("integration type %q of method %s is not known", i.Type, m.ID)
}

// isBinary tells whether a media type is among the API's binary ones. Only */* and type/* are wildcards (*/type is not).
func (a *API) isBinary(mediaType string) bool {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	for _, b := range a.BinaryTypes {
		b = strings.ToLower(b)
		if b != "*/*" && strings.HasPrefix(b, "*/") {
			continue
		}
		if b == "*/*" || b == mediaType {
			return mediaType != "" || b == "*/*"
		}
		if major, ok := strings.CutSuffix(b, "/*"); ok && strings.HasPrefix(mediaType, major+"/") {
			return true
		}
	}
	return false
}

// acceptsBinary looks at the first media type of Accept only (recorded).
func (x *exchange) acceptsBinary() bool {
	first, _, _ := strings.Cut(x.accept(), ",")
	return x.api.isBinary(first)
}

func (x *exchange) accept() string {
	v, _ := x.req.Headers.Get("Accept")
	return v
}

// text makes valid UTF-8 out of bytes, one U+FFFD for each bad byte.
func text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var s strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		s.WriteRune(r)
		b = b[n:]
	}
	return s.String()
}

func fromBase64(b []byte) ([]byte, error) {
	s := strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, string(b))
	return base64.StdEncoding.DecodeString(s)
}

func toBase64(b []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(b)) }

// requestBody converts the client's body as contentHandling says. binary tells whether the result is bytes, which no
// template can read.
func (x *exchange) requestBody(handling string) (body []byte, binary bool, err error) {
	ct, sent := x.req.Headers.Get("Content-Type")
	if !sent {
		ct = "application/json"
	}
	isBin := x.api.isBinary(ct)
	switch handling {
	case "CONVERT_TO_TEXT":
		if isBin {
			if len(x.req.Body) == 0 {
				return nil, false, nil
			}
			return toBase64(x.req.Body), false, nil
		}
		return []byte(text(x.req.Body)), false, nil
	case "CONVERT_TO_BINARY":
		if isBin {
			return x.req.Body, true, nil
		}
		b, err := fromBase64(x.req.Body)
		if err != nil {
			return nil, false, configError("CONVERT_TO_BINARY, and the request body is not base64")
		}
		return b, true, nil
	}
	if isBin {
		return x.req.Body, true, nil
	}
	return []byte(text(x.req.Body)), false, nil
}

func find(ts []Template, contentType string) *Template {
	for i := range ts {
		if strings.EqualFold(ts[i].ContentType, contentType) {
			return &ts[i]
		}
	}
	return nil
}

// integrationBody gives what the integration gets: the rendered request template, or the body passed through.
func (x *exchange) integrationBody(i *Integration) ([]byte, error) {
	ct := x.contentType()
	t := find(i.RequestTemplates, ct)
	if t == nil {
		if i.Passthrough == "NEVER" || i.Passthrough == "WHEN_NO_TEMPLATES" && len(i.RequestTemplates) > 0 {
			return nil, &failure{typ: "UNSUPPORTED_MEDIA_TYPE", message: "Unsupported Media Type", errType: "BadRequestException", detail: "no request template for " + ct + " and PassthroughBehavior " + i.Passthrough}
		}
		b, _, err := x.requestBody(i.ContentHandling)
		x.step(Step{Kind: StepRequestTemplate, Detail: "none for " + ct + ", the body passes through"})
		return b, err
	}
	body, binary, err := x.requestBody(i.ContentHandling)
	if err != nil {
		return nil, err
	}
	if binary {
		return nil, configError("unable to transform request: %s is a binary media type, so no template can read the body; set ContentHandling CONVERT_TO_TEXT", ct)
	}
	x.step(Step{Kind: StepRequestTemplate, Name: t.ContentType})
	out, err := x.render(t, string(body))
	return []byte(out), err
}

// render evaluates a mapping template and traces what it decides.
func (x *exchange) render(t *Template, body string) (string, error) {
	tm, err := x.api.parsed(t.Text)
	if err != nil {
		return "", configError("the %s template does not parse: %v", t.ContentType, err)
	}
	out, err := tm.Eval(&vtl.Env{
		Vars: map[string]any{"input": x.input(body), "context": x.context, "util": vtl.Util{}, "stageVariables": x.stageVars},
		Done: x.ctx.Done(),
		Trace: func(e vtl.Event) {
			s := Step{Kind: StepBranch, Name: e.Name, Line: e.Line, Source: strings.TrimSpace(tm.Line(e.Line))}
			if e.Kind == vtl.Override {
				s.Kind, s.Detail = StepOverride, e.Value
			}
			if len(x.trace) < 10_000 {
				x.step(s)
			}
		},
	})
	if err != nil {
		return "", configError("the %s template fails: %v", t.ContentType, err)
	}
	return out, nil
}

// parsed gives a template's tree, parsed once.
func (a *API) parsed(src string) (*vtl.Template, error) {
	if v, ok := a.templates.Load(src); ok {
		if tm, ok := v.(*vtl.Template); ok {
			return tm, nil
		}
	}
	tm, err := vtl.Parse(src)
	if err == nil {
		a.templates.Store(src, tm)
	}
	return tm, err
}

func (x *exchange) input(body string) *vtl.Input {
	p, q, h := vtl.NewMap(), vtl.NewMap(), vtl.NewMap()
	names := make([]string, 0, len(x.params))
	for k := range x.params {
		names = append(names, k)
	}
	sortStrings(names)
	for _, k := range names {
		p.Put(k, x.params[k])
	}
	for _, v := range x.query {
		q.Put(v.Name, v.Value)
	}
	for _, v := range x.headers {
		h.Put(v.Name, v.Value)
	}
	return &vtl.Input{Body: body, Path: p, Query: q, Header: h}
}

func (x *exchange) mock(i *Integration) (*Response, error) {
	body, err := x.integrationBody(i)
	if err != nil {
		return nil, err
	}
	v, err := vtl.ParseJSON(strings.TrimSpace(string(body)))
	var status string
	if m, ok := v.(*vtl.Map); ok && err == nil {
		if s, ok := m.Get("statusCode"); ok {
			status, _ = vtl.Print(s)
		}
	}
	if _, err := strconv.Atoi(status); err != nil {
		return nil, configError("MOCK needs JSON with a number statusCode, the request gave %q", clip(string(body)))
	}
	x.step(Step{Kind: StepIntegration, Name: "MOCK", Detail: "statusCode " + status})
	return x.respond(i, status, true, nil, nil, nil)
}

func clip(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 100 {
		return s[:97] + "..."
	}
	return s
}

// respond chooses the integration response for what a backend said (a status, or a function's error message) and makes
// the answer. matched is false where the pattern has nothing to match: a function that succeeded.
func (x *exchange) respond(i *Integration, said string, matched bool, headers Headers, body []byte, backendType *string) (*Response, error) {
	var ir *IntegrationResponse
	if matched {
		for k := range i.Responses {
			r := &i.Responses[k]
			if r.Pattern == "" {
				continue
			}
			re, err := vtl.CompileJava(r.Pattern)
			if err != nil {
				return nil, unsupported("the selection pattern %q of method %s: %v", r.Pattern, x.method.ID, err)
			}
			if re.MatchString(said) {
				ir = r
				break
			}
		}
	}
	if ir == nil {
		for k := range i.Responses {
			if i.Responses[k].Pattern == "" {
				ir = &i.Responses[k]
				break
			}
		}
	}
	if ir == nil {
		return nil, configError("no integration response matches %q and there is none without a pattern", clip(said))
	}
	x.step(Step{Kind: StepIntegrationResponse, Name: ir.Status, Detail: "pattern " + strconv.Quote(ir.Pattern)})
	out := &Response{}
	out.Status, _ = strconv.Atoi(ir.Status)
	mapped := Headers{}
	names := make([]string, 0, len(ir.Parameters))
	for k := range ir.Parameters {
		names = append(names, k)
	}
	sortStrings(names)
	for _, k := range names {
		name, ok := strings.CutPrefix(k, "method.response.header.")
		if !ok {
			continue
		}
		src := ir.Parameters[k]
		v, found := "", false
		switch {
		case strings.HasPrefix(src, "integration.response.header."):
			v, found = headers.Get(strings.TrimPrefix(src, "integration.response.header."))
		case strings.HasPrefix(src, "integration.response.multivalueheader."):
			vs := headers.Values(strings.TrimPrefix(src, "integration.response.multivalueheader."))
			v, found = strings.Join(vs, ","), len(vs) > 0
		case src == "integration.response.body":
			v, found = string(body), true
		case strings.HasPrefix(src, "integration.response.body."):
			v, found = bodySource(string(body), strings.TrimPrefix(src, "integration.response.body."))
		case strings.HasPrefix(src, "method.request."):
			return nil, configError("%s is mapped from %s, which integration responses cannot read", name, src)
		default:
			v, found = x.source(src)
		}
		if found {
			mapped = mapped.set(name, v)
			continue
		}
		why := badSource(src)
		if why == "" {
			why = "there is no " + src
		}
		x.step(Step{Kind: StepHeader, Name: name, Detail: "not sent, since " + why})
	}
	payload := body
	t := x.responseTemplate(ir)
	contentType := "application/json"
	converted, binary, err := x.responseBody(ir, payload, backendType, t != nil)
	if err != nil {
		return nil, err
	}
	out.Body = converted
	if t != nil {
		if binary {
			return nil, configError("unable to transform response: the payload is binary, so no template can read it; set ContentHandling CONVERT_TO_TEXT")
		}
		contentType = t.ContentType
		x.step(Step{Kind: StepResponseTemplate, Name: t.ContentType})
		s, err := x.render(t, string(converted))
		if err != nil {
			return nil, err
		}
		out.Body = []byte(s)
	}
	if err := x.applyOverrides(out, &mapped); err != nil {
		return nil, err
	}
	out.Headers = Headers{{"Content-Type", contentType}}
	if v, ok := mapped.Get("Content-Type"); ok {
		out.Headers = Headers{{"Content-Type", v}}
		mapped = mapped.without("Content-Type")
	}
	for _, h := range mapped {
		if name, ok := remap(h.Name); ok {
			out.Headers = append(out.Headers, Header{name, h.Value})
		}
	}
	return out, nil
}

// applyOverrides puts $context.responseOverride over status and headers.
func (x *exchange) applyOverrides(out *Response, mapped *Headers) error {
	if v, ok := x.overrides.Response.Get("status"); ok && v != nil {
		s, _ := vtl.Print(v)
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 100 || n > 999 {
			return configError("$context.responseOverride.status is %q, not a status", clip(s))
		}
		out.Status = n
	}
	h, _ := x.overrides.Response.Get("header")
	hm, ok := h.(*vtl.Map)
	if !ok {
		return nil
	}
	pairs, err := hm.Pairs()
	if err != nil {
		return configError("$context.responseOverride.header: %v", err)
	}
	for _, p := range pairs {
		if strings.ContainsAny(p[1], "\r\n") || p[0] == "" {
			return configError("$context.responseOverride.header.%s has a value no header can have", p[0])
		}
		*mapped = (*mapped).set(p[0], p[1])
	}
	return nil
}

// remapped are response headers that reach the client under another name (recorded 2024-12).
var remapped = map[string]bool{
	"authorization": true, "connection": true, "content-length": true, "content-md5": true, "date": true, "expect": true, "host": true,
	"max-forwards": true, "proxy-authenticate": true, "server": true, "trailer": true, "upgrade": true, "user-agent": true, "www-authenticate": true,
}

// remap gives the name a header that a mapping, a function or an HTTP backend sets reaches the client with.
func remap(name string) (string, bool) {
	l := strings.ToLower(name)
	if l == "transfer-encoding" {
		return "", false
	}
	if remapped[l] {
		return "x-amzn-Remapped-" + name, true
	}
	return name, true
}

// responseTemplate chooses by Accept, then application/json, then the first.
func (x *exchange) responseTemplate(ir *IntegrationResponse) *Template {
	for _, a := range strings.Split(x.accept(), ",") {
		a, _, _ = strings.Cut(a, ";")
		if t := find(ir.Templates, strings.TrimSpace(a)); t != nil {
			return t
		}
	}
	if t := find(ir.Templates, "application/json"); t != nil {
		return t
	}
	if len(ir.Templates) > 0 {
		return &ir.Templates[0]
	}
	return nil
}

// responseBody converts a payload as contentHandling, the binary media types and Accept say (recorded 2023).
func (x *exchange) responseBody(ir *IntegrationResponse, body []byte, backendType *string, template bool) (out []byte, binary bool, err error) {
	payload := backendType != nil && x.api.isBinary(*backendType)
	decode := func() ([]byte, bool, error) {
		b, err := fromBase64(body)
		if err != nil {
			return nil, false, configError("unable to transform response: the payload has to become binary and is not base64; set ContentHandling CONVERT_TO_TEXT")
		}
		return b, true, nil
	}
	switch ir.ContentHandling {
	case "CONVERT_TO_TEXT":
		if payload {
			return toBase64(body), false, nil
		}
		return []byte(text(body)), false, nil
	case "CONVERT_TO_BINARY":
		if payload {
			return body, true, nil
		}
		return decode()
	}
	if len(x.api.BinaryTypes) == 0 {
		return []byte(text(body)), false, nil
	}
	accept := x.acceptsBinary()
	switch {
	case payload && accept:
		return body, true, nil
	case payload:
		return toBase64(body), false, nil
	case accept && (len(body) > 0 || backendType != nil):
		return decode()
	}
	return []byte(text(body)), false, nil
}

// finish makes the answer out of a response or a failure, and adds the headers every answer has.
func (x *exchange) finish(res *Response, err error) *Response {
	if err != nil {
		var f *failure
		if !errors.As(err, &f) {
			f = configError("%v", err)
		}
		res = x.gatewayResponse(f)
	} else if x.traced {
		if v, ok := x.headers.Get("X-Amzn-Trace-Id"); ok {
			res.Headers = res.Headers.set("X-Amzn-Trace-Id", v)
		}
	}
	if res.Status == http.StatusNoContent || res.Status == http.StatusNotModified {
		res.Body = nil // such an answer cannot have one
	} else {
		res.Headers = append(res.Headers, Header{"Content-Length", strconv.Itoa(len(res.Body))})
	}
	res.Headers = append(res.Headers, Header{"Date", time.Now().UTC().Format(http.TimeFormat)},
		Header{"x-amz-apigw-id", strings.ReplaceAll(x.id, "-", "")[:16]}, Header{"x-amzn-RequestId", x.id})
	res.Trace = x.trace
	return res
}

var substitution = regexp.MustCompile(`\$\{(?:context|stageVariables|method\.request)(?:\.[A-Za-z0-9_-]+)+\}|\$(?:context|stageVariables|method\.request)(?:\.[A-Za-z0-9_-]+)+`)

// defaultStatus is the status of a type by itself (recorded 2024-04; INTEGRATION_FAILURE and the timeout are 504).
var defaultStatus = map[string]int{
	"ACCESS_DENIED": 403, "API_CONFIGURATION_ERROR": 500, "AUTHORIZER_CONFIGURATION_ERROR": 500, "AUTHORIZER_FAILURE": 500,
	"BAD_REQUEST_BODY": 400, "BAD_REQUEST_PARAMETERS": 400, "EXPIRED_TOKEN": 403, "INTEGRATION_FAILURE": 504, "INTEGRATION_TIMEOUT": 504,
	"INVALID_API_KEY": 403, "INVALID_SIGNATURE": 403, "MISSING_AUTHENTICATION_TOKEN": 403, "QUOTA_EXCEEDED": 429, "REQUEST_TOO_LARGE": 413,
	"RESOURCE_NOT_FOUND": 404, "THROTTLED": 429, "UNAUTHORIZED": 401, "UNSUPPORTED_MEDIA_TYPE": 415, "WAF_FILTERED": 403,
}

const defaultTemplate = `{"message":$context.error.messageString}`

// lateTemplate is what the built-in answers look like that come after the method is found: with a blank. Recorded for 500
// (36 bytes, 2024-12), believed for the others; GetGatewayResponse shows the template without it for all.
const lateTemplate = `{"message": $context.error.messageString}`

var late = map[string]bool{
	"API_CONFIGURATION_ERROR": true, "BAD_REQUEST_BODY": true, "BAD_REQUEST_PARAMETERS": true, "DEFAULT_5XX": true,
	"INTEGRATION_FAILURE": true, "INTEGRATION_TIMEOUT": true, "UNSUPPORTED_MEDIA_TYPE": true,
}

// GatewayResponse is one of the gateway's own answers, as it stands after inheritance.
type GatewayResponse struct {
	Type string
	// Status is empty for DEFAULT_4XX and DEFAULT_5XX that have none.
	Status string
	// Default tells that the type itself is not customised.
	Default    bool
	Parameters map[string]string
	Templates  []Template
	// From is the type whose configuration is used: the type itself, DEFAULT_4XX, DEFAULT_5XX, or empty for the built-in.
	From string
}

// GatewayResponse gives what a type answers. A type that is customised takes nothing from DEFAULT_4XX or DEFAULT_5XX.
func (a *API) GatewayResponse(typ string) GatewayResponse {
	g := GatewayResponse{Type: typ, Default: true, Parameters: map[string]string{}, Templates: []Template{{"application/json", defaultTemplate}}}
	n := defaultStatus[typ]
	if n != 0 {
		g.Status = strconv.Itoa(n)
	}
	use := func(r *gatewayResponse, from string) {
		g.From = from
		if r.status != "" {
			g.Status = r.status
		}
		g.Parameters = r.parameters
		if len(r.templates) > 0 {
			g.Templates = r.templates
		}
	}
	if r := a.responses[typ]; r != nil {
		g.Default = false
		use(r, typ)
		return g
	}
	family := "DEFAULT_4XX"
	if n >= 500 {
		family = "DEFAULT_5XX"
	}
	if r := a.responses[family]; r != nil && n != 0 {
		use(r, family)
	}
	return g
}

// GatewayResponseTypes lists the types.
func GatewayResponseTypes() []string {
	out := []string{"DEFAULT_4XX", "DEFAULT_5XX"}
	for t := range defaultStatus {
		out = append(out, t)
	}
	sortStrings(out)
	return out
}

// gatewayResponse makes one of the gateway's own answers.
func (x *exchange) gatewayResponse(f *failure) *Response {
	if f.typ == "" {
		x.step(Step{Kind: StepUnsupported, Detail: f.detail})
		b, _ := json.Marshal(map[string]string{"message": f.message})
		return &Response{Status: f.status, Headers: Headers{{"Content-Type", "application/json"}}, Body: b}
	}
	if x.context == nil {
		x.makeContext()
	}
	g := x.api.GatewayResponse(f.typ)
	if r := x.api.responses[g.From]; r != nil && r.err != nil {
		return x.gatewayResponse(unsupported("the gateway response %s cannot be read: %v", g.From, r.err))
	}
	status, _ := strconv.Atoi(g.Status)
	if f.status != 0 && (g.Status == "" || g.From == "" || x.api.responses[g.From].status == "") {
		status = f.status
	}
	if status == 0 {
		status = http.StatusInternalServerError
	}
	detail := f.detail
	switch g.From {
	case "":
		detail += "; the built-in answer"
	case f.typ:
		detail += "; customised"
	default:
		detail += "; as " + g.From + " says"
	}
	x.step(Step{Kind: StepGatewayResponse, Name: f.typ, Detail: strings.TrimPrefix(detail, "; ")})
	msg, _ := json.Marshal(f.message)
	e := vtl.NewMap()
	e.Put("message", f.message)
	e.Put("messageString", string(msg))
	e.Put("responseType", f.typ)
	e.Put("validationErrorString", f.valid)
	x.context.Put("error", e)
	t := &g.Templates[0]
	for _, a := range append(strings.Split(x.accept(), ","), "application/json") {
		a, _, _ = strings.Cut(a, ";")
		if c := find(g.Templates, strings.TrimSpace(a)); c != nil {
			t = c
			break
		}
	}
	tpl := t.Text
	if g.From == "" && late[f.typ] {
		tpl = lateTemplate
	}
	body := substitution.ReplaceAllStringFunc(tpl, func(s string) string {
		v, _ := x.source(strings.Trim(s, "${}"))
		return v
	})
	res := &Response{Status: status, Headers: Headers{{"Content-Type", t.ContentType}}, Body: []byte(body)}
	if f.errType != "" {
		res.Headers = append(res.Headers, Header{"x-amzn-ErrorType", f.errType})
	}
	names := make([]string, 0, len(g.Parameters))
	for k := range g.Parameters {
		names = append(names, k)
	}
	sortStrings(names)
	for _, k := range names {
		name := strings.TrimPrefix(k, "gatewayresponse.header.")
		v, ok := x.source(g.Parameters[k])
		why := badSource(g.Parameters[k])
		switch {
		case ok && !strings.ContainsAny(v, "\r\n"):
			res.Headers = res.Headers.set(name, v)
			continue
		case ok:
			why = "its value has a line end"
		case why == "":
			why = "there is no " + g.Parameters[k]
		}
		x.step(Step{Kind: StepHeader, Name: name, Detail: "not sent, since " + why})
	}
	return res
}
