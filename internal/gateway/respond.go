package gateway

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/vtl"
	"github.com/corsgate/corsgate/internal/vtl/javaregexp"
)

// respond chooses the integration response for what a backend said (a status, or a function's error message) and makes
// the response. matched is false where the pattern has nothing to match: a function that succeeded.
func (x *exchange) respond(i *Integration, said string, matched bool, headers Headers, body []byte, backendType *string) (*Response, error) {
	var fit, rest []*IntegrationResponse
	for k := range i.Responses {
		r := &i.Responses[k]
		if r.Pattern == "" {
			rest = append(rest, r)
		} else if matched {
			re, err := javaregexp.Recent(r.Pattern)
			if err != nil {
				return nil, unsupported("the selection pattern %q of method %s: %v", r.Pattern, x.method.ID, err)
			}
			fits, err := re.MatchWhole(said)
			if err != nil {
				return nil, unsupported("the selection pattern of method %s: %v", x.method.ID, err)
			}
			if fits {
				fit = append(fit, r)
			}
		}
	}
	if len(fit) == 0 {
		fit = rest
	}
	if len(fit) == 0 {
		return nil, configError(NoIntegrationResponse, "no integration response matches %q and there is none without a pattern", clip(x.api.App.Show(said)))
	}
	// The service accepts one response for each pattern (https://github.com/hashicorp/terraform/pull/5893). It is not recorded which
	// of a template's it deploys, or tries first.
	for _, other := range fit[1:] {
		if !fit[0].answersAs(other, x.req.Method == "OPTIONS") {
			return nil, unsupported("method %s has several integration responses for the same result, the patterns %q (%s) and %q (%s), and it is not recorded which one is used: give each a SelectionPattern of its own",
				x.method.ID, fit[0].Pattern, fit[0].Status, other.Pattern, other.Status)
		}
	}
	return x.made(fit[0], headers, body, backendType, true)
}

// answersAs reports whether two integration responses are one to a page, as far as CORS goes.
func (r *IntegrationResponse) answersAs(other *IntegrationResponse, preflight bool) bool {
	about := func(r *IntegrationResponse) map[string]string {
		out := map[string]string{}
		for k, v := range r.Parameters {
			if name, ok := apigw.HeaderName(k, apigw.MethodHeader); ok && (corsheader.Is(name) || corsheader.IsVary(name)) {
				out[strings.ToLower(name)] = v
			}
		}
		for _, t := range r.Templates {
			if strings.Contains(t.Text, "responseOverride") {
				out["template of "+t.ContentType] = t.Text
			}
		}
		if preflight {
			out["status"] = r.Status[:1]
		}
		return out
	}
	return maps.Equal(about(r), about(other))
}

// unread makes the response of an integration response for a reply that nobody has read.
func (x *exchange) unread(i *Integration, response int) (*Response, error) {
	if len(i.Responses) == 0 {
		return nil, configError(NoIntegrationResponse, "there is no integration response")
	}
	return x.made(&i.Responses[min(response, len(i.Responses)-1)], nil, nil, nil, false)
}

// made makes the response of an integration response. Read is false where the reply that it is made of is not known; what of
// the response CORS does not look at is left out then.
func (x *exchange) made(ir *IntegrationResponse, headers Headers, body []byte, backendType *string, read bool) (*Response, error) {
	x.responding = true
	x.step(Step{Kind: StepIntegrationResponse, Name: ir.Status, Detail: "pattern " + strconv.Quote(ir.Pattern), Pattern: ir.Pattern})
	out := &Response{}
	out.Status, _ = strconv.Atoi(ir.Status)
	mapped := Headers{}
	for _, k := range slices.Sorted(maps.Keys(ir.Parameters)) {
		name, ok := strings.CutPrefix(k, apigw.MethodHeader)
		if !ok {
			continue
		}
		src := ir.Parameters[k]
		v, found := "", false
		switch {
		case !read && strings.HasPrefix(src, "integration.response."):
			if strings.HasPrefix(strings.ToLower(name), "access-control-") {
				return nil, unsupported("%s is mapped from %s, and what is behind the integration is not called here", name, src)
			}
			continue
		case strings.HasPrefix(src, apigw.IntegrationResponseHeader):
			v, found = headers.Get(strings.TrimPrefix(src, apigw.IntegrationResponseHeader))
		case strings.HasPrefix(src, "integration.response.multivalueheader."):
			vs := headers.Values(strings.TrimPrefix(src, "integration.response.multivalueheader."))
			v, found = strings.Join(vs, ","), len(vs) > 0
		case src == "integration.response.body":
			v, found = string(body), true
		case strings.HasPrefix(src, "integration.response.body."):
			var err error
			if v, found, err = bodySource(string(body), strings.TrimPrefix(src, "integration.response.body.")); err != nil {
				return nil, unsupported("%s is mapped from %s: %v", name, src, err)
			}
		case strings.HasPrefix(src, "method.request."):
			return nil, configError(BadMapping, "%s is mapped from %s, which integration responses cannot read", name, src)
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
	if err != nil && read {
		return nil, err
	}
	out.Body = converted
	switch {
	case t != nil && !read:
		if strings.Contains(t.Text, "responseOverride") {
			return nil, unsupported("the response's template overrides what is sent, and what is behind the integration is not called here")
		}
		contentType = t.ContentType
	case t != nil:
		if binary {
			return nil, configError(BinaryResponse, "unable to transform response: the payload is binary, so no template can read it; set ContentHandling CONVERT_TO_TEXT")
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
		s, err := vtl.Print(v)
		if err != nil {
			return badOverride("responseOverride.status", err)
		}
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if symbols := x.api.App.Symbols(s); len(symbols) > 0 {
			return unsupported("$context.responseOverride.status: %v", &cfn.Unknown{Symbol: symbols[0]})
		}
		if err != nil || n < 100 || n > 999 {
			return configError(BadOverride, "$context.responseOverride.status is %q, not a status", clip(x.api.App.Show(s)))
		}
		if n > 599 {
			return unsupported("$context.responseOverride.status is %d; it is not recorded what API Gateway does with that", n)
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
		return badOverride("responseOverride.header", err)
	}
	for _, p := range pairs {
		if strings.ContainsAny(p[1], "\r\n") || p[0] == "" {
			return configError(BadOverride, "$context.responseOverride.header.%s has a value no header can have", p[0])
		}
		*mapped = (*mapped).set(p[0], p[1])
	}
	return nil
}

// badOverride is the error of an override whose value cannot be printed.
func badOverride(name string, err error) error {
	if notKnown(err) {
		return unsupported("$context.%s: %v", name, err)
	}
	return configError(BadOverride, "$context.%s: %v", name, err)
}

// remapped are response headers that reach the client under another name (recorded 2024-12).
var remapped = map[string]bool{
	"authorization": true, "connection": true, "content-length": true, "content-md5": true, "date": true, "expect": true, "host": true,
	"max-forwards": true, "proxy-authenticate": true, "server": true, "trailer": true, "upgrade": true, "user-agent": true, "www-authenticate": true,
}

// remap returns the name under which a header that a mapping, a function or an HTTP backend sets reaches the client.
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

// finish makes the response out of a response or a failure, and adds the headers every response has.
func (x *exchange) finish(res *Response, err error) *Response {
	if err != nil {
		var f *failure
		if !errors.As(err, &f) {
			f = configError(OtherCause, "%v", err)
		}
		res = x.gatewayResponse(f)
	} else if x.traced {
		if v, ok := x.headers.Get("X-Amzn-Trace-Id"); ok {
			res.Headers = res.Headers.set("X-Amzn-Trace-Id", v)
		}
	}
	if res.Status == http.StatusNoContent || res.Status == http.StatusNotModified {
		res.Body = nil // such a response cannot have one
	} else {
		res.Headers = append(res.Headers, Header{"Content-Length", strconv.Itoa(len(res.Body))})
	}
	res.Headers = append(res.Headers, Header{"Date", time.Now().UTC().Format(http.TimeFormat)},
		Header{"x-amz-apigw-id", strings.ReplaceAll(x.id, "-", "")[:16]}, Header{"x-amzn-RequestId", x.id})
	res.Trace = x.trace
	return res
}
