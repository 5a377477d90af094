package gateway

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/corsheader"
)

// A refusal is a response that an HTTP API or a function URL makes itself, with the headers of its CORS setting.
type refusal struct {
	status int
	detail string
}

func (r *refusal) Error() string { return r.detail }

// serveOther makes the response of an HTTP API or a function URL.
func (x *exchange) serveOther() *Response {
	res, err := x.runOther()
	var own *refusal
	if errors.As(err, &own) {
		res, err = x.refused(own), nil
	}
	if err == nil {
		err = x.withSetting(res)
	}
	if err != nil {
		var f *failure
		if !errors.As(err, &f) {
			f = unsupported("%v", err)
		}
		x.step(Step{Kind: StepUnsupported, Detail: f.detail})
		res = &Response{Status: f.status, Headers: Headers{{"Content-Type", "application/json"}}, Body: message("message", f.message)}
	}
	if res.Status == http.StatusNoContent || res.Status == http.StatusNotModified {
		res.Body = nil
	} else {
		res.Headers = append(res.Headers, Header{"Content-Length", strconv.Itoa(len(res.Body))})
	}
	id := "apigw-requestid"
	if x.api.Kind == FunctionURL {
		id = "x-amzn-RequestId"
	}
	res.Headers = append(res.Headers, Header{"Date", time.Now().UTC().Format(http.TimeFormat)}, Header{id, x.id})
	res.Trace = x.trace
	return res
}

func message(name, text string) []byte {
	b, _ := json.Marshal(map[string]string{name: text}) // of texts
	return b
}

// refused makes the response of the service itself. Those of a function URL were recorded 2025-11; the texts of an HTTP API are
// what users report.
func (x *exchange) refused(r *refusal) *Response {
	name := http.StatusText(r.status)
	x.step(Step{Kind: StepGatewayResponse, Name: name, Detail: r.detail})
	body, typ := message("message", name), "application/json"
	switch {
	case x.api.Kind == FunctionURL && r.status == http.StatusForbidden:
		body = message("Message", "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html")
	case x.api.Kind == FunctionURL:
		body, typ = []byte("Internal Server Error"), "text/plain"
	}
	return &Response{Status: r.status, Headers: Headers{{"Content-Type", typ}}, Body: body}
}

// preflight reports whether the request is one, as a browser makes it.
func (x *exchange) preflight() bool {
	_, origin := x.req.Headers.Get(corsheader.Origin)
	_, method := x.req.Headers.Get(corsheader.RequestMethod)
	return x.req.Method == http.MethodOptions && origin && method
}

// runOther does everything up to the response of the integration.
func (x *exchange) runOther() (*Response, error) {
	a := x.api
	if len(x.req.Body) > MaxBody {
		return nil, &refusal{http.StatusRequestEntityTooLarge, "the body is larger than 10485760 bytes"}
	}
	if !x.split() {
		return nil, &refusal{http.StatusNotFound, "the path does not start with the stage " + a.Stage}
	}
	m, exact, params := a.find(x.req.Method, x.path)
	if len(a.Elsewhere) > 0 && (m == nil || m.Resource.open()) {
		return nil, unsupported("this API may have %s elsewhere: %s", x.path, a.Elsewhere[0])
	}
	if a.unread != "" {
		return nil, unsupported("what was not read may change the response of %s: %s", x.path, a.unread)
	}
	if exact != nil {
		x.step(Step{Kind: StepResource, Name: exact.ID, Detail: exact.Path})
	}
	if _, asks := x.req.Headers.Get(corsheader.Origin); asks && a.noSetting != nil {
		return nil, unsupported("%v", a.noSetting)
	}
	// An HTTP API responds to a preflight itself if no route matches it. If one does, ANY and $default among them, its authorizer
	// and its integration run, and the headers of the setting are put on the response: so users report
	// (aws/serverless-application-model#1603, anomalyco/sst#5493), and the documentation says so of $default. A function URL with a
	// setting responds to every preflight itself.
	if x.preflight() && a.CORS != nil && (a.Kind == FunctionURL || m == nil) {
		x.step(Step{Kind: StepCORS, Name: a.CORS.Service.Property(), Detail: a.CORS.Service.Property() + " responds to the preflight"})
		if a.Kind == FunctionURL {
			return &Response{Status: http.StatusOK}, nil
		}
		return &Response{Status: http.StatusNoContent}, nil
	}
	if m == nil {
		detail := "no route for the path " + x.path
		if exact != nil {
			detail = "the path " + exact.Path + " has no route for " + x.req.Method
		}
		return nil, &refusal{http.StatusNotFound, detail}
	}
	x.method, x.resource, x.params = m, m.Resource, params
	x.step(Step{Kind: StepResource, Name: m.Resource.ID, Detail: m.Resource.Path})
	x.step(Step{Kind: StepMethod, Name: m.ID, Detail: m.HTTPMethod + " " + m.Resource.Path})
	x.within = true
	if m.Err != nil {
		return nil, unsupported("route %s cannot be served: %v", m.ID, m.Err)
	}
	if a.closed {
		return nil, &refusal{http.StatusForbidden, "no permission lets everybody call the URL (lambda:InvokeFunctionUrl, Principal *)"}
	}
	if err := x.authorizeOther(); err != nil {
		return nil, err
	}
	return x.integrateOther()
}

// withSetting puts the headers of the CORS setting on a response. An HTTP API ignores those of the backend then
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html), and a function URL sends both, but for
// preflights (https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html). That they are also on the service's own
// errors follows for an HTTP API from what Chromium says of a preflight that an authorizer turns away
// (anomalyco/sst#5493: the status, and not the missing header), and is documented for a function URL.
func (x *exchange) withSetting(res *Response) error {
	s := x.api.CORS
	if s == nil {
		return nil
	}
	if x.api.Kind == HTTPAPI {
		res.Headers = slices.DeleteFunc(res.Headers, func(h Header) bool {
			ignored := corsheader.Is(h.Name)
			if ignored {
				x.step(Step{Kind: StepHeader, Name: h.Name, Detail: "of the backend is not sent, because the API has a CorsConfiguration"})
			}
			return ignored
		})
	}
	origin, ok := x.req.Headers.Get(corsheader.Origin)
	if !ok || x.req.Method == http.MethodOptions && !x.preflight() && x.api.Kind == HTTPAPI {
		return nil
	}
	allow, notKnown := s.Origin(origin)
	if notKnown != "" {
		return unsupported("%s", x.api.App.Show(notKnown))
	}
	if allow == "" {
		x.step(Step{Kind: StepCORS, Name: s.Service.Property(), Detail: s.Service.Property() + " does not allow " + origin + ", so none of its headers is sent"})
		return nil
	}
	headers := s.Actual(allow)
	if x.preflight() {
		headers = s.Preflight(allow)
	}
	for _, h := range headers {
		res.Headers = append(res.Headers, Header{strings.ToLower(h.Name), h.Value})
	}
	x.step(Step{Kind: StepCORS, Name: s.Service.Property(), Detail: s.Service.Property() + " allows " + origin})
	return nil
}

// authorizeOther decides whether the request may call the route.
func (x *exchange) authorizeOther() error {
	m := x.method
	unauthorized := func(status int, name, why string) error {
		x.step(Step{Kind: StepAuthorizer, Name: name, Detail: why})
		return &refusal{status, why}
	}
	switch m.AuthorizationType {
	case "", "NONE":
		return nil
	case "AWS_IAM":
		if !x.signed() {
			return unauthorized(http.StatusForbidden, "AWS_IAM", "no signature")
		}
		x.assume("AWS_IAM", "AWS_IAM assumed to let the request in")
		return nil
	}
	a, identity, err := x.identified(func(a *authorizer, why string) error { return unauthorized(http.StatusUnauthorized, a.id, why) })
	if err != nil {
		return err
	}
	if m.AuthorizationType == "JWT" {
		claims := map[string]string{}
		if x.api.authorizers != nil {
			maps.Copy(claims, x.api.authorizers.Claims)
		}
		x.authorized = map[string]any{"claims": claims, "scopes": m.scopes}
	}
	switch {
	case x.api.authorizers == nil && m.AuthorizationType == "JWT", a.unknown != nil:
		x.assume(a.id, m.AuthorizationType+" assumed to let the request in")
		return nil
	case x.api.authorizers == nil:
		return x.letIn(a, "its function is not run")
	case m.AuthorizationType == "JWT":
		claims := x.api.authorizers.Claims
		if granted := strings.Fields(claims["scope"]); len(claims) > 0 && len(m.scopes) > 0 && !slices.ContainsFunc(m.scopes, func(s string) bool { return slices.Contains(granted, s) }) {
			return unauthorized(http.StatusForbidden, a.id, "the token has none of the route's scopes: "+strings.Join(m.scopes, ", "))
		}
		x.assume(a.id, "JWT assumed to let the request in")
		return nil
	case a.function == nil || x.backend == nil:
		return x.letIn(a, "which function the authorizer runs is not known")
	}
	return x.customOther(a, identity)
}

// customOther runs a Lambda authorizer
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html). Results are not cached here.
func (x *exchange) customOther(a *authorizer, identity []string) error {
	refuse := func(status int, format string, args ...any) error {
		detail := "the authorizer " + a.id + ": " + fmt.Sprintf(format, args...)
		x.step(Step{Kind: StepAuthorizer, Name: a.id, Detail: detail})
		return &refusal{status, detail}
	}
	arn := x.methodARN()
	event := x.event2()
	delete(event, "body")
	delete(event, "isBase64Encoded")
	event["type"], event["identitySource"], event["routeArn"] = "REQUEST", identity, arn
	if a.payload == "1.0" {
		event = x.event()
		event["version"], event["type"], event["methodArn"] = "1.0", "REQUEST", arn
		event["identitySource"], event["authorizationToken"] = strings.Join(identity, ","), strings.Join(identity, ",")
	}
	b, err := json.Marshal(event)
	if err != nil {
		return unsupported("the authorizer's event: %v", err)
	}
	fn := *a.function
	fn.Authorizer = true
	result, err := x.backend.Invoke(x.ctx, fn, b)
	var cannot *Unavailable
	switch {
	case errors.As(err, &cannot):
		return x.letIn(a, cannot.Reason)
	case err != nil:
		return refuse(http.StatusInternalServerError, "its function failed: %v", err)
	}
	if a.simple {
		var out map[string]any // a struct would take isAuthorized in other letters
		_ = json.Unmarshal(result, &out)
		switch may, isBool := out["isAuthorized"].(bool); {
		case !isBool:
			return refuse(http.StatusInternalServerError, "its result has no isAuthorized that is true or false")
		case !may:
			return refuse(http.StatusForbidden, "isAuthorized is false")
		}
		if x.authorized, _ = out["context"].(map[string]any); x.authorized == nil {
			x.authorized = map[string]any{}
		}
	} else {
		v, err := readVerdict(result)
		if err != nil {
			return refuse(http.StatusInternalServerError, "%v", err)
		}
		switch j := apigw.JudgeAuthorizer(v.policy, apigw.Call{Stage: x.api.Stage, Method: x.req.Method, Path: x.path}); j.Access {
		case apigw.Denied, apigw.NotAllowed:
			return refuse(http.StatusForbidden, "its policy does not allow %s", arn)
		case apigw.Depends:
			return unsupported("the policy of the authorizer %s depends on %s", a.id, strings.Join(slices.Concat(j.Keys, j.Unread), ", "))
		}
		x.authorized = map[string]any{}
		for k, text := range v.context {
			if k != "principalId" {
				x.authorized[k] = text
			}
		}
	}
	x.step(Step{Kind: StepAuthorizer, Name: a.id, Detail: "allowed"})
	return nil
}

// integrateOther calls what is behind the route.
func (x *exchange) integrateOther() (*Response, error) {
	i := x.method.Integration
	uri, err := x.uri(i)
	if err != nil {
		return nil, &refusal{http.StatusInternalServerError, err.Error()}
	}
	if x.backend == nil {
		return nil, unsupported("no backend for %s", clip(x.api.App.Show(uri)))
	}
	// The headers are those of the setting, whatever is behind it. Of the response to a preflight the status counts, too.
	overruled := x.api.Kind == HTTPAPI && x.api.CORS != nil
	var res *Response
	switch {
	case i.Type == apigw.HTTPProxy || i.Subtype != "":
		res, err = x.proxyOther(i, uri, overruled)
	default:
		res, err = x.invokeOther(i, uri, overruled)
	}
	if err != nil {
		return nil, err
	}
	if len(i.RequestParameters) > 0 && !overruled {
		return nil, unsupported("RequestParameters change the request before the backend gets it, and are not applied here")
	}
	for _, m := range i.Responses {
		if m.Pattern == strconv.Itoa(res.Status) {
			return res, x.mapResponse(res, m)
		}
	}
	return res, nil
}

// mapResponse applies the parameter mappings of a status. A value that is put together from the request or the response is
// written as it stands, since it decides nothing; Vary, which does, is left to be unknown.
func (x *exchange) mapResponse(res *Response, m IntegrationResponse) error {
	if _, ok := m.Parameters[mapsStatus]; ok {
		n, err := strconv.Atoi(m.Status)
		if err != nil {
			return unsupported("the status that ResponseParameters map %s to is %s", m.Pattern, clip(x.api.App.Show(m.Status)))
		}
		res.Status = n
	}
	for _, to := range slices.Sorted(maps.Keys(m.Parameters)) {
		part := mapsHeader.FindStringSubmatch(to)
		if part == nil {
			continue
		}
		name, value := part[2], m.Parameters[to]
		if part[1] != "append" {
			res.Headers = slices.DeleteFunc(res.Headers, func(h Header) bool { return strings.EqualFold(h.Name, name) })
		}
		if part[1] == "remove" {
			continue
		}
		if corsheader.IsVary(name) && strings.Contains(value, "$") {
			return unsupported("the header Vary that ResponseParameters map is %s", clip(x.api.App.Show(value)))
		}
		res.Headers = append(res.Headers, Header{name, value})
	}
	return nil
}

// failedOther is what becomes of a backend that fails: 503 after a timeout, and 500 or, of a function URL, 502.
func (x *exchange) failedOther(err error) error {
	if notCalled := uncalled(err); notCalled != nil {
		return notCalled
	}
	if errors.Is(err, context.DeadlineExceeded) && x.api.Kind == HTTPAPI {
		return &refusal{http.StatusServiceUnavailable, "the integration took too long"}
	}
	return &refusal{x.broken(), err.Error()}
}

// broken is the status for a function that fails, or whose result is none: recorded 2025-11 for a function URL.
func (x *exchange) broken() int {
	if x.api.Kind == FunctionURL {
		return http.StatusBadGateway
	}
	return http.StatusInternalServerError
}

func (x *exchange) invokeOther(i *Integration, uri string, overruled bool) (*Response, error) {
	fn := x.api.functionOf(uri)
	if fn == nil {
		return nil, unsupported("AWS_PROXY integration with the URI %s is not a Lambda function", clip(x.api.App.Show(uri)))
	}
	fn.Overruled = overruled
	var event map[string]any
	if i.Payload == "2.0" {
		event = x.event2()
	} else {
		event = x.event()
		event["version"] = "1.0"
		event["path"] = x.fullPath
	}
	b, err := json.Marshal(event)
	if err != nil {
		return nil, unsupported("the event: %v", err)
	}
	x.step(Step{Kind: StepIntegration, Name: apigw.AWSProxy, Detail: fn.Name})
	result, err := x.backend.Invoke(x.ctx, *fn, b)
	if err != nil {
		var fe *FunctionError
		if errors.As(err, &fe) {
			return nil, &refusal{x.broken(), "the function failed: " + fe.Error()}
		}
		return nil, x.failedOther(err)
	}
	return x.result2(result, i.Payload == "2.0")
}

// proxyOther serves HTTP_PROXY, and an AWS service.
func (x *exchange) proxyOther(i *Integration, uri string, overruled bool) (*Response, error) {
	r := x.request(i, uri)
	r.Overruled, r.Body, r.Query = overruled, x.req.Body, append(r.Query, x.query...)
	for _, name := range slices.Sorted(maps.Keys(x.params)) {
		r.URL = strings.NewReplacer("{"+name+"}", x.params[name], "{"+name+"+}", x.params[name]).Replace(r.URL)
	}
	for _, h := range x.headers {
		if name := strings.ToLower(h.Name); name != "host" && name != "via" {
			r.Headers = append(r.Headers, h)
		}
	}
	call, what := x.backend.HTTP, r.Method+" "+r.URL
	if i.Subtype != "" {
		call, what, r.URL = x.backend.AWS, i.Subtype, i.Subtype
	}
	x.step(Step{Kind: StepIntegration, Name: i.Type, Detail: what})
	reply, err := call(x.ctx, r)
	if err != nil {
		return nil, x.failedOther(err)
	}
	return &Response{Status: reply.Status, Headers: slices.Clone(reply.Headers), Body: reply.Body}, nil
}

// routeKey is the key of the route that the request leads to.
func (x *exchange) routeKey() string {
	if x.method == nil || x.method.Resource.Path == DefaultRoute {
		return DefaultRoute
	}
	return x.method.HTTPMethod + " " + x.method.Resource.Path
}

// event2 is the event of format 2.0
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html,
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html). Names of headers are in lower case, and there is one value of
// each; cookies stand apart, and what is empty is left out.
func (x *exchange) event2() map[string]any {
	headers := map[string]string{}
	var cookies []string
	for _, h := range x.headers {
		name := strings.ToLower(h.Name)
		if name == "cookie" {
			for _, c := range strings.Split(h.Value, ";") {
				cookies = append(cookies, strings.TrimSpace(c))
			}
			continue
		}
		if v, ok := headers[name]; ok {
			headers[name] = v + "," + h.Value
		} else {
			headers[name] = h.Value
		}
	}
	query := map[string]string{}
	var raw []string
	for _, p := range x.query {
		raw = append(raw, url.QueryEscape(p.Name)+"="+url.QueryEscape(p.Value))
		if v, ok := query[p.Name]; ok {
			query[p.Name] = v + "," + p.Value
		} else {
			query[p.Name] = p.Value
		}
	}
	key, stage, account := x.routeKey(), x.api.Stage, x.api.account
	if x.api.Kind == FunctionURL {
		stage, account = DefaultRoute, "anonymous"
	}
	now := time.Now().UTC()
	agent, _ := x.req.Headers.Get("User-Agent")
	out := map[string]any{
		"version": "2.0", "routeKey": key, "rawPath": x.fullPath, "rawQueryString": strings.Join(raw, "&"), "headers": headers, "isBase64Encoded": false,
		"requestContext": map[string]any{
			"accountId": account, "apiId": x.api.ID, "domainName": x.api.domain(), "domainPrefix": x.api.ID, "requestId": x.id, "routeKey": key, "stage": stage,
			"http": map[string]any{"method": x.req.Method, "path": x.fullPath, "protocol": x.protocol(), "sourceIp": x.sourceIP(), "userAgent": agent},
			"time": now.Format("02/Jan/2006:15:04:05 -0700"), "timeEpoch": now.UnixMilli(),
		},
	}
	if x.authorized != nil {
		kind := map[string]string{"JWT": "jwt", "CUSTOM": "lambda"}[x.method.AuthorizationType]
		out["requestContext"].(map[string]any)["authorizer"] = map[string]any{kind: x.authorized}
	}
	if len(cookies) > 0 {
		out["cookies"] = cookies
	}
	if len(query) > 0 {
		out["queryStringParameters"] = query
	}
	if len(x.params) > 0 {
		out["pathParameters"] = x.params
	}
	if len(x.variables) > 0 && x.api.Kind == HTTPAPI {
		out["stageVariables"] = x.variables
	}
	if len(x.req.Body) > 0 {
		if ct, _ := x.req.Headers.Get("Content-Type"); textual(ct) && utf8.Valid(x.req.Body) {
			out["body"] = string(x.req.Body)
		} else {
			out["body"], out["isBase64Encoded"] = base64.StdEncoding.EncodeToString(x.req.Body), true
		}
	}
	return out
}

// textual reports whether a body of a content type reaches a function as text (recorded 2025-11 for text/plain).
func textual(contentType string) bool {
	t, _, _ := mime.ParseMediaType(contentType)
	return strings.HasPrefix(t, "text/") || slices.Contains([]string{"application/json", "application/javascript", "application/xml"}, t) ||
		strings.HasSuffix(t, "+json") || strings.HasSuffix(t, "+xml")
}

// result2 makes the response out of a function's result. In format 2.0 one without statusCode is the body itself, with 200
// (recorded 2025-11 for a function URL).
func (x *exchange) result2(result []byte, inferred bool) (*Response, error) {
	malformed := func(format string, args ...any) (*Response, error) {
		return nil, &refusal{x.broken(), "malformed response of the function: " + fmt.Sprintf(format, args...)}
	}
	dec := json.NewDecoder(bytes.NewReader(result))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return malformed("not JSON")
	}
	m, _ := v.(map[string]any)
	code, has := m["statusCode"]
	if !has || code == nil {
		if !inferred {
			return malformed("it has no statusCode")
		}
		body, isText := v.(string)
		if !isText {
			var compact bytes.Buffer
			if err := json.Compact(&compact, result); err != nil {
				return malformed("not JSON")
			}
			body = compact.String()
		}
		return &Response{Status: http.StatusOK, Headers: Headers{{"Content-Type", "application/json"}}, Body: []byte(body)}, nil
	}
	odd := func(what string) (*Response, error) {
		return nil, unsupported("of the function's result %s, and what becomes of that is not documented", what)
	}
	text, _ := scalar(code)
	status, err := strconv.Atoi(text)
	if f, e := strconv.ParseFloat(text, 64); e == nil && f == math.Trunc(f) && (err != nil || status > 599) && f < 1000 {
		return odd("statusCode is " + clip(text))
	}
	if err != nil || status < 100 || status > 599 {
		return malformed("statusCode is %s", clip(text))
	}
	out := &Response{Status: status}
	add := func(name string, v any) bool {
		s, ok := scalar(v)
		out.Headers = append(out.Headers, Header{name, s})
		return ok
	}
	headers, isObject := m["headers"].(map[string]any)
	if !isObject && m["headers"] != nil {
		return odd("headers is not an object")
	}
	multi, isObject := m["multiValueHeaders"].(map[string]any)
	if !isObject && m["multiValueHeaders"] != nil && !inferred {
		return odd("multiValueHeaders is not an object")
	}
	if inferred && slices.ContainsFunc(slices.Collect(maps.Keys(multi)), corsheader.Is) && x.api.CORS == nil {
		return nil, unsupported("the function has CORS headers in multiValueHeaders; it is not recorded what happens to them in format 2.0")
	}
	if inferred {
		multi = nil
	}
	for _, name := range slices.Sorted(maps.Keys(multi)) {
		values, isList := multi[name].([]any)
		if !isList {
			return odd("multiValueHeaders." + name + " is not a list")
		}
		for _, v := range values {
			if !add(name, v) {
				return malformed("multiValueHeaders.%s holds an object or a list", name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if slices.ContainsFunc(slices.Collect(maps.Keys(multi)), func(n string) bool { return strings.EqualFold(n, name) }) {
			continue
		}
		if _, twice := out.Headers.Get(name); twice && corsheader.Is(name) {
			return odd("headers has " + name + " twice, in other letters")
		}
		if !add(name, headers[name]) {
			return malformed("headers.%s is an object or a list", name)
		}
	}
	cookies, isList := m["cookies"].([]any)
	if !isList && m["cookies"] != nil {
		return odd("cookies is not a list")
	}
	for _, c := range cookies {
		add("Set-Cookie", c)
	}
	body, isText := m["body"].(string)
	if !isText && m["body"] != nil {
		return odd("body is not a text")
	}
	out.Body = []byte(body)
	if encoded, _ := scalar(m["isBase64Encoded"]); encoded == "true" {
		if out.Body, err = base64.StdEncoding.DecodeString(body); err != nil {
			return malformed("isBase64Encoded, and the body is not base64")
		}
	}
	if _, ok := out.Headers.Get("Content-Type"); !ok {
		typ := "text/plain;charset=UTF-8"
		if x.api.Kind == FunctionURL { // recorded 2025-11
			typ = "application/json"
		}
		out.Headers = append(out.Headers, Header{"Content-Type", typ})
	}
	return out, nil
}
