package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/vtl"
)

var stageVariable = regexp.MustCompile(`\$\{stageVariables\.([A-Za-z0-9_]+)\}`)

// uri fills the stage variables into an integration's URI.
func (x *exchange) uri(i *Integration) (string, error) {
	var missing string
	out := stageVariable.ReplaceAllStringFunc(i.URI, func(s string) string {
		name := stageVariable.FindStringSubmatch(s)[1]
		v, ok := x.variables[name]
		if !ok && missing == "" {
			missing = name
		}
		return v
	})
	if missing != "" {
		f := configError(BadMapping, "the URI names the stage variable %s, which the stage %s lacks", missing, x.api.Stage)
		f.log = "Invalid endpoint address"
		return "", f
	}
	return out, nil
}

// uncalled says why a backend was not called; nil if it was, and failed.
func uncalled(err error) error {
	var u *Unavailable
	switch {
	case errors.As(err, &u):
		return unsupported("%s", u.Reason)
	case errors.As(err, new(*Whichever)):
		return unsupported("what is behind the integration is not called here")
	}
	return nil
}

// backendError turns an error of the backend into a response.
func backendError(err error) error {
	if notCalled := uncalled(err); notCalled != nil {
		return notCalled
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &failure{typ: apigw.IntegrationTimeout, message: "Endpoint request timed out", errType: "InternalServerErrorException", detail: "the integration took too long"}
	}
	return &failure{typ: apigw.IntegrationFailure, message: "Internal server error", errType: "InternalServerErrorException", detail: err.Error()}
}

// malformed is the response to a proxy function's result that is none: 502, and of no type of its own.
func malformed(detail string) error {
	return &failure{typ: apigw.Default5XX, status: 502, message: "Internal server error", errType: "InternalServerErrorException", cause: BadProxyResponse, detail: "malformed Lambda proxy response: " + detail}
}

// lambdaProxy serves AWS_PROXY.
func (x *exchange) lambdaProxy(i *Integration) (*Response, error) {
	uri, err := x.uri(i)
	if err != nil {
		return nil, err
	}
	fn := x.api.functionOf(uri)
	if fn == nil && len(x.api.App.Symbols(uri)) > 0 {
		fn = &Function{ARN: uri, Name: x.api.App.Show(uri)} // whichever it is
	}
	if fn == nil {
		return nil, unsupported("AWS_PROXY integration with the URI %s is not a Lambda function", clip(x.api.App.Show(uri)))
	}
	if x.backend == nil {
		return nil, unsupported("no backend for the function %s", fn.Name)
	}
	event, err := json.Marshal(x.event())
	if err != nil {
		return nil, configError(OtherCause, "the event: %v", err)
	}
	x.step(Step{Kind: StepIntegration, Name: apigw.AWSProxy, Detail: fn.Name})
	result, err := x.backend.Invoke(x.ctx, *fn, event)
	if err != nil {
		var fe *FunctionError
		if errors.As(err, &fe) {
			return nil, malformed("the function failed: " + fe.Error())
		}
		return nil, backendError(err)
	}
	x.traced = true
	return x.proxyResult(result)
}

// titled are the headers whose names reach a function as written here (recorded 2024-07 for Authorization; that the service
// writes the others so is what every published event shows). Other names keep their case.
var titled = []string{"Authorization", "User-Agent", "Host", "Via", "X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto"}

// event is the proxy event, format 1.0.
func (x *exchange) event() map[string]any {
	single, multi := map[string]any{}, map[string]any{}
	for _, h := range x.headers {
		name := h.Name
		for _, n := range titled {
			if strings.EqualFold(name, n) {
				name = n
			}
		}
		single[name] = h.Value
		l, _ := multi[name].([]string)
		multi[name] = append(l, h.Value)
	}
	var q, mq any
	if len(x.query) > 0 {
		s, m := map[string]string{}, map[string][]string{}
		for _, p := range x.query {
			s[p.Name] = p.Value
			m[p.Name] = append(m[p.Name], p.Value)
		}
		q, mq = s, m
	}
	var params, vars, body any
	if len(x.params) > 0 {
		params = x.params
	}
	if len(x.variables) > 0 {
		vars = x.variables
	}
	encoded := false
	if len(x.req.Body) > 0 {
		if ct, _ := x.req.Headers.Get("Content-Type"); x.api.isBinary(ct) {
			body, encoded = string(toBase64(x.req.Body)), true
		} else {
			body = text(x.req.Body)
		}
	}
	who := map[string]any{}
	for _, k := range identity {
		who[k] = nil
	}
	who["sourceIp"] = x.sourceIP()
	who["userAgent"], _ = x.req.Headers.Get("User-Agent")
	now := time.Now().UTC()
	rc := map[string]any{
		"accountId": x.api.account, "apiId": x.api.ID, "domainName": x.api.domain(), "domainPrefix": x.api.ID, "extendedRequestId": x.id,
		"httpMethod": x.req.Method, "path": x.fullPath, "protocol": x.protocol(), "requestId": x.id,
		"requestTime": now.Format("02/Jan/2006:15:04:05 -0700"), "requestTimeEpoch": now.UnixMilli(),
		"resourceId": x.resource.ID, "resourcePath": x.resource.Path, "stage": x.api.Stage,
		"identity": who,
	}
	if x.api.deployment != "" {
		rc["deploymentId"] = x.api.deployment
	}
	if x.api.canary {
		rc["isCanaryRequest"] = x.canary
	}
	for k, v := range x.identity {
		rc["identity"].(map[string]any)[k] = v
	}
	if len(x.authorized) > 0 {
		rc["authorizer"] = x.authorized
	}
	return map[string]any{
		"resource": x.resource.Path, "path": x.path, "httpMethod": x.req.Method, "headers": single, "multiValueHeaders": multi,
		"queryStringParameters": q, "multiValueQueryStringParameters": mq, "pathParameters": params, "stageVariables": vars,
		"requestContext": rc, "body": body, "isBase64Encoded": encoded,
	}
}

// proxyResult makes the response out of a proxy function's result (recorded 2024-11).
func (x *exchange) proxyResult(result []byte) (*Response, error) {
	dec := json.NewDecoder(bytes.NewReader(result))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, malformed("not JSON")
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, malformed("not an object")
	}
	out := &Response{Status: 200}
	for k := range m {
		switch k {
		case "statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded":
		default:
			return nil, malformed("the member " + strconv.Quote(k) + " is not part of the format")
		}
	}
	switch s := m["statusCode"].(type) {
	case nil:
	case json.Number, string:
		str := ""
		if n, ok := s.(json.Number); ok {
			str = n.String()
		} else {
			str = s.(string)
		}
		n, err := strconv.Atoi(str)
		if number, ok := s.(json.Number); ok && err != nil {
			if f, err := number.Float64(); err == nil && f == math.Trunc(f) {
				return nil, unsupported("the function's statusCode is written %s; it is not recorded what API Gateway does with that", str)
			}
		}
		if err != nil || n < 100 || n > 999 {
			return nil, malformed("statusCode is " + strconv.Quote(str))
		}
		if n > 599 {
			return nil, unsupported("the function's statusCode is %d; it is not recorded what API Gateway does with that", n)
		}
		out.Status = n
	default:
		return nil, malformed("statusCode is not a number")
	}
	var lines Headers
	add := func(name string, v any) bool {
		s, ok := scalar(v)
		if !ok {
			return false
		}
		for _, h := range lines {
			if !strings.EqualFold(h.Name, name) {
				continue
			}
			if name = h.Name; h.Value == s {
				return true // the same pair is sent once
			}
		}
		lines = append(lines, Header{name, s})
		return true
	}
	if mv := m["multiValueHeaders"]; mv != nil {
		mm, ok := mv.(map[string]any)
		if !ok {
			return nil, malformed("multiValueHeaders is not an object")
		}
		for _, name := range slices.Sorted(maps.Keys(mm)) {
			vs, ok := mm[name].([]any)
			if !ok {
				return nil, malformed("multiValueHeaders." + name + " is not a list")
			}
			for _, v := range vs {
				if !add(name, v) {
					return nil, malformed("multiValueHeaders." + name + " holds an object or a list")
				}
			}
		}
	}
	if hv := m["headers"]; hv != nil {
		hm, ok := hv.(map[string]any)
		if !ok {
			return nil, malformed("headers is not an object")
		}
		for _, name := range slices.Sorted(maps.Keys(hm)) {
			if hm[name] == nil {
				continue
			}
			if !add(name, hm[name]) {
				return nil, malformed("headers." + name + " is an object or a list")
			}
		}
	}
	switch b := m["body"].(type) {
	case nil:
	case string:
		out.Body = []byte(b)
	case bool, json.Number: // it takes such for a header's text
		return nil, unsupported("the function's body is %v, which is not a text; it is not recorded what API Gateway does with that", b)
	default:
		return nil, malformed("body is not a string")
	}
	encoded := false
	switch e := m["isBase64Encoded"].(type) {
	case nil:
	case bool:
		encoded = e
	case string:
		encoded = strings.EqualFold(e, "true")
	default:
		return nil, malformed("isBase64Encoded is not true or false")
	}
	if encoded && x.acceptsBinary() {
		b, err := fromBase64(out.Body)
		if err != nil {
			return nil, configError(BinaryResponse, "isBase64Encoded, and the body is not base64")
		}
		out.Body = b
	}
	if _, ok := lines.Get("Content-Type"); !ok {
		out.Headers = append(out.Headers, Header{"Content-Type", "application/json"})
	}
	for _, h := range lines {
		if name, ok := remap(h.Name); ok {
			out.Headers = append(out.Headers, Header{name, h.Value})
		}
	}
	return out, nil
}

// scalar returns a header's value as text.
func scalar(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case bool:
		return strconv.FormatBool(x), true
	case json.Number:
		return x.String(), true
	case nil:
		return "", true
	}
	return "", false
}

// swallowed are mapped request headers that do not reach an HTTP backend (recorded 2024-12).
var swallowed = map[string]bool{"via": true, "connection": true, "expect": true, "proxy-authenticate": true, "te": true}

// mappedRequest applies the request mappings and overrides to what goes to the backend.
func (x *exchange) mappedRequest(i *Integration, r *BackendRequest) error {
	path := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(i.RequestParameters)) {
		v, found := x.source(i.RequestParameters[k])
		switch {
		case strings.HasPrefix(k, apigw.IntegrationRequestHeader):
			name := strings.TrimPrefix(k, apigw.IntegrationRequestHeader)
			if found && !swallowed[strings.ToLower(name)] {
				r.Headers = r.Headers.set(name, v)
			}
		case strings.HasPrefix(k, apigw.IntegrationRequestQuery):
			// It goes beside what the request has, and every value of a query parameter with many.
			name := strings.TrimPrefix(k, apigw.IntegrationRequestQuery)
			if many, ok := strings.CutPrefix(i.RequestParameters[k], apigw.RequestMultiValueQuery); ok {
				for _, p := range x.query {
					if p.Name == many {
						r.Query = append(r.Query, Param{name, p.Value})
					}
				}
			} else if found {
				r.Query = append(r.Query, Param{name, v})
			}
		case strings.HasPrefix(k, apigw.IntegrationRequestPath):
			if found {
				path[strings.TrimPrefix(k, apigw.IntegrationRequestPath)] = v
			}
		}
	}
	for _, part := range []string{"header", "querystring", "path"} {
		v, _ := x.overrides.Request.Get(part)
		m, ok := v.(*vtl.Map)
		if !ok {
			continue
		}
		pairs, err := m.Pairs()
		if err != nil {
			return badOverride("requestOverride."+part, err)
		}
		for _, p := range pairs {
			switch part {
			case "header":
				r.Headers = r.Headers.set(p[0], p[1])
			case "querystring":
				r.Query = append(slices.DeleteFunc(r.Query, func(q Param) bool { return q.Name == p[0] }), Param{p[0], p[1]})
			case "path":
				path[p[0]] = p[1]
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(path)) {
		fill := strings.NewReplacer("{"+name+"}", path[name], "{"+name+"+}", path[name])
		r.URL = fill.Replace(r.URL)
		for k, p := range r.Query {
			r.Query[k] = Param{fill.Replace(p.Name), fill.Replace(p.Value)}
		}
	}
	return nil
}

// http serves HTTP and HTTP_PROXY.
func (x *exchange) http(i *Integration, proxy bool) (*Response, error) {
	uri, err := x.uri(i)
	if err != nil {
		return nil, err
	}
	if x.backend == nil {
		return nil, unsupported("no backend for %s", clip(x.api.App.Show(uri)))
	}
	r := x.request(i, uri)
	if proxy {
		r.Query = append(r.Query, x.query...)
		for _, h := range x.headers {
			switch strings.ToLower(h.Name) {
			case "content-encoding", "via", "host", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-amzn-trace-id":
			default:
				r.Headers = append(r.Headers, h)
			}
		}
		body, _, err := x.requestBody(i.ContentHandling)
		if err != nil {
			return nil, err
		}
		r.Body = body
	} else {
		body, err := x.integrationBody(i)
		if err != nil {
			return nil, err
		}
		r.Body = body
		x.customHeaders(r)
	}
	if err := x.mappedRequest(i, r); err != nil {
		return nil, err
	}
	x.endpointHeaders(r)
	x.step(Step{Kind: StepIntegration, Name: i.Type, Detail: r.Method + " " + r.URL})
	reply, err := x.backend.HTTP(x.ctx, r)
	var one *Whichever
	if errors.As(err, &one) && !proxy {
		return x.unread(i, one.Response)
	}
	if err != nil {
		return nil, backendError(err)
	}
	x.traced = true
	ct, _ := reply.Headers.Get("Content-Type")
	if !proxy {
		return x.respond(i, strconv.Itoa(reply.Status), true, reply.Headers, reply.Body, &ct)
	}
	out := &Response{Status: reply.Status, Body: reply.Body}
	if len(x.api.BinaryTypes) == 0 {
		out.Body = []byte(text(reply.Body))
	}
	if ct == "" {
		out.Headers = append(out.Headers, Header{"Content-Type", "application/json"})
	}
	length := false
	for _, h := range reply.Headers {
		name, ok := remap(h.Name)
		switch {
		case strings.EqualFold(h.Name, "x-amzn-RequestId"):
			name = "x-amzn-Remapped-" + h.Name
		case strings.EqualFold(h.Name, "content-length"):
			length = true
		}
		if ok {
			out.Headers = append(out.Headers, Header{name, h.Value})
		}
	}
	if !length {
		out.Headers = append(out.Headers, Header{"x-amzn-Remapped-Content-Length", strconv.Itoa(len(reply.Body))})
	}
	return out, nil
}

// request starts what goes to a backend.
func (x *exchange) request(i *Integration, uri string) *BackendRequest {
	r := &BackendRequest{Method: i.HTTPMethod, URL: uri}
	if r.Method == "" || r.Method == "ANY" {
		r.Method = x.req.Method
	}
	if base, q, ok := strings.Cut(uri, "?"); ok {
		r.URL, r.Query = base, query(q)
	}
	return r
}

// customHeaders are those a custom integration sends instead of the client's (recorded 2024-08).
func (x *exchange) customHeaders(r *BackendRequest) {
	r.Headers = Headers{{"Accept", "application/json"}, {"User-Agent", "AmazonAPIGateway_" + x.api.ID}}
	if v, ok := x.req.Headers.Get("Content-Type"); ok {
		r.Headers = append(r.Headers, Header{"Content-Type", v})
	}
}

// endpointHeaders are those the gateway adds to every backend request.
func (x *exchange) endpointHeaders(r *BackendRequest) {
	if _, ok := r.Headers.Get("Host"); !ok {
		if u, err := url.Parse(r.URL); err == nil && u.Host != "" {
			r.Headers = r.Headers.set("Host", u.Host)
		}
	}
	r.Headers = r.Headers.set("x-amzn-apigateway-api-id", x.api.ID).set("Content-Length", strconv.Itoa(len(r.Body)))
	if v, ok := x.headers.Get("X-Amzn-Trace-Id"); ok {
		r.Headers = r.Headers.set("X-Amzn-Trace-Id", v)
	}
}

// aws serves AWS: a function without the proxy format, or another service.
func (x *exchange) aws(i *Integration) (*Response, error) {
	uri, err := x.uri(i)
	if err != nil {
		return nil, err
	}
	if x.backend == nil {
		return nil, unsupported("no backend for %s", clip(x.api.App.Show(uri)))
	}
	body, err := x.integrationBody(i)
	if err != nil {
		return nil, err
	}
	r := x.request(i, uri)
	r.Body = body
	x.customHeaders(r)
	if err := x.mappedRequest(i, r); err != nil {
		return nil, err
	}
	x.reqBody = string(body)
	fn := x.api.functionOf(r.URL)
	if fn == nil {
		x.endpointHeaders(r)
		x.step(Step{Kind: StepIntegration, Name: "AWS", Detail: r.Method + " " + r.URL})
		reply, err := x.backend.AWS(x.ctx, r)
		var one *Whichever
		if errors.As(err, &one) {
			return x.unread(i, one.Response)
		}
		if err != nil {
			return nil, backendError(err)
		}
		x.traced = true
		ct, _ := reply.Headers.Get("Content-Type")
		return x.respond(i, strconv.Itoa(reply.Status), true, reply.Headers, reply.Body, &ct)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	if !json.Valid(body) {
		// Lambda says so and does not run the function; it is not recorded which status the client gets.
		return nil, unsupported("Could not parse request body into json: Lambda says so of %q, and does not run the function %s", clip(x.api.App.Show(string(body))), fn.Name)
	}
	x.step(Step{Kind: StepIntegration, Name: "AWS", Detail: fn.Name})
	result, err := x.backend.Invoke(x.ctx, *fn, body)
	ct := "application/json"
	said, failed := "", false
	var one *Whichever
	if errors.As(err, &one) {
		return x.unread(i, one.Response)
	}
	if err != nil {
		var fe *FunctionError
		if !errors.As(err, &fe) {
			return nil, backendError(err)
		}
		failed, said = true, fe.Message
		result = fe.Payload
		if result == nil {
			result, _ = json.Marshal(map[string]string{"errorMessage": fe.Message, "errorType": fe.Type})
		}
	}
	x.traced = true
	return x.respond(i, said, failed, nil, result, &ct)
}
