package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/simulate"
)

// mapped is a set of headers that something sets as they are.
type mapped struct {
	place    place
	headers  simulate.Headers // mapping expressions by name in lower case
	preflown bool             // of an OPTIONS method
}

// everywhere returns all static mappings of an API: those of integration responses and of gateway responses.
func (v *View) everywhere() []mapped {
	var out []mapped
	lowered := func(params map[string]string, prefix string) simulate.Headers {
		m := simulate.Headers{}
		for k, x := range params {
			if name, ok := apigw.HeaderName(k, prefix); ok {
				m[strings.ToLower(name)] = x
			}
		}
		return m
	}
	for _, r := range v.API.Resources() {
		for _, m := range r.Methods() {
			if m.Integration == nil || apigw.IsProxy(m.Integration.Type) {
				continue
			}
			for _, ir := range m.Integration.Responses {
				p := at(m)
				p.note = "status " + ir.Status
				out = append(out, mapped{p, lowered(ir.Parameters, apigw.MethodHeader), m.HTTPMethod == "OPTIONS"})
			}
		}
	}
	for _, typ := range apigw.GatewayResponseTypes() {
		if g := v.API.GatewayResponse(typ); !g.Default {
			out = append(out, mapped{v.gatewayPlace(typ), lowered(g.Parameters, apigw.GatewayHeader), false})
		}
	}
	return out
}

// gatewayPlace is the resource of a gateway response or, in an OpenAPI document, the API.
func (v *View) gatewayPlace(typ string) place {
	for _, g := range v.App.Of(v.API.Rest, "AWS::ApiGateway::GatewayResponse") {
		if g.Properties["ResponseType"] == typ {
			return place{of: g, note: typ}
		}
	}
	return place{note: typ}
}

// refusal returns what a browser prints for an respond with some headers, and empty where it prints nothing.
func (v *View) refusal(headers map[string]string, credentials bool) string {
	req := browser.Call{Origin: v.origin(), URL: simulate.Base(v.API) + "/"}
	if len(v.routes) > 0 {
		req.URL = simulate.Base(v.API) + v.routes[0].path
	}
	if credentials {
		req.Credentials = browser.Include
	}
	plan, err := browser.Prepare(req)
	if err != nil || plan.Refused != nil {
		return ""
	}
	res := &browser.HTTPResponse{Status: 200}
	for _, k := range sortedKeys(headers) {
		if text, ok := apigw.Static(headers[k]); ok {
			res.Header = append(res.Header, browser.Field{Name: k, Value: text})
		}
	}
	return plan.CheckResponse(res).Message
}

// values makes the check of a rule about the text of Access-Control-Allow-Origin.
func values(complaint func(value string) string) checker {
	return func(v *View, report reporter) {
		for _, m := range v.everywhere() {
			value, ok := apigw.Static(m.headers.Get(corsheader.AllowOrigin))
			if !ok {
				continue
			}
			if detail := complaint(value); detail != "" {
				report(m.place, detail, v.refusal(m.headers, false))
			}
		}
	}
}

// badOrigins decides CORS205.
func badOrigins(v *View, report reporter) {
	values(func(value string) string {
		if value == "*" || IsOrigin(v.plausible(value)) || strings.ContainsAny(value, ", ") {
			return ""
		}
		return fmt.Sprintf("Access-Control-Allow-Origin is %q", value)
	})(v, report)
	for _, r := range v.API.Resources() {
		for _, m := range r.Methods() {
			if m.Integration == nil {
				continue
			}
			for _, t := range templates(m) {
				for _, o := range literals(t.Text) {
					if !IsOrigin(strings.ReplaceAll(v.plausible(o), "*", "sub")) && !strings.ContainsAny(o, `[](){}+?\^$~`) {
						report(at(m), fmt.Sprintf("a mapping template compares the origin with %q", o), "")
					}
				}
			}
		}
	}
}

// undeclared decides CORS201.
func undeclared(v *View, report reporter) {
	v.methods(func(m *gateway.Method) {
		for _, ir := range m.Integration.Responses {
			declared := map[string]bool{}
			for _, mr := range m.Responses {
				if mr.Status == ir.Status {
					for h := range mr.Headers {
						declared[strings.ToLower(h)] = true
					}
				}
			}
			var names []string
			for _, k := range sortedKeys(ir.Parameters) {
				name, ok := strings.CutPrefix(k, apigw.MethodHeader)
				if ok && !declared[strings.ToLower(name)] {
					names = append(names, name)
				}
			}
			if names != nil {
				p := at(m)
				p.note = "status " + ir.Status
				report(p, "the integration response maps "+strings.Join(names, ", ")+", and the method response does not declare it", "")
			}
		}
	})
}

// methods calls a function for every method whose integration is not a proxy.
func (v *View) methods(visit func(*gateway.Method)) {
	for _, r := range v.API.Resources() {
		for _, m := range r.Methods() {
			if m.Integration != nil && m.Err == nil && !apigw.IsProxy(m.Integration.Type) {
				visit(m)
			}
		}
	}
}

// unset decides CORS202.
func unset(v *View, report reporter) {
	v.methods(func(m *gateway.Method) {
		for _, mr := range m.Responses {
			var names []string
			for _, name := range sortedKeys(mr.Headers) {
				low := strings.ToLower(name)
				if !corsheader.IsVary(name) && !corsheader.Is(name) {
					continue
				}
				set := slices.ContainsFunc(m.Integration.RequestTemplates, func(t gateway.Template) bool { return overrides(t, low) })
				for _, ir := range m.Integration.Responses {
					if ir.Status != mr.Status {
						continue
					}
					for k := range ir.Parameters {
						set = set || strings.EqualFold(k, apigw.MethodHeader+name)
					}
					set = set || slices.ContainsFunc(ir.Templates, func(t gateway.Template) bool { return overrides(t, low) })
				}
				if !set {
					names = append(names, name)
				}
			}
			if names != nil {
				p := at(m)
				p.note = "status " + mr.Status
				report(p, "the method response declares "+strings.Join(names, ", ")+", and nothing sets it", "")
			}
		}
	})
}

// overrides reports whether a mapping template may set a header, its name in lower case.
func overrides(t gateway.Template, name string) bool {
	return strings.Contains(t.Text, "responseOverride") && strings.Contains(strings.ToLower(t.Text), name)
}

// badExpressions decides CORS203.
func badExpressions(v *View, report reporter) {
	for _, r := range v.API.Resources() {
		for _, m := range r.Methods() {
			if names := unquoted(m); names != nil && !v.dangles(m.Source) {
				report(at(m), strings.Join(names, ", ")+": the value is neither in single quotes nor a mapping source", "")
			}
		}
	}
	for _, typ := range apigw.GatewayResponseTypes() {
		g := v.API.GatewayResponse(typ)
		if g.Default {
			continue
		}
		var names []string
		for _, k := range sortedKeys(g.Parameters) {
			if h, ok := strings.CutPrefix(k, apigw.GatewayHeader); ok && !isExpression(g.Parameters[k]) {
				names = append(names, h)
			}
		}
		if names != nil {
			report(v.gatewayPlace(typ), strings.Join(names, ", ")+": the value is neither in single quotes nor a mapping source", "")
		}
	}
}

// dangles reports whether a resource refers to what its template does not have, which CORS903 says.
func (v *View) dangles(r *cfn.Resource) bool {
	return slices.ContainsFunc(v.App.Problems, func(p cfn.Problem) bool {
		return p.Kind == cfn.Dangling && p.Stack == r.Stack.Name && p.LogicalID == r.ID
	})
}

// wildcardCredentials decides CORS206.
func wildcardCredentials(v *View, report reporter) {
	for _, m := range v.everywhere() {
		origin, _ := apigw.Static(m.headers.Get(corsheader.AllowOrigin))
		credentials, _ := apigw.Static(m.headers.Get(corsheader.AllowCredentials))
		if origin == "*" && credentials == "true" {
			report(m.place, "Access-Control-Allow-Origin is * and Access-Control-Allow-Credentials is true", v.refusal(m.headers, true))
		}
	}
}

// badCredentials decides CORS209. It passes over false, which says in vain what saying nothing does.
func badCredentials(v *View, report reporter) {
	for _, m := range v.everywhere() {
		value, ok := apigw.Static(m.headers.Get(corsheader.AllowCredentials))
		if ok && value != "true" && len(v.App.Symbols(value)) == 0 && !strings.EqualFold(value, "false") {
			report(m.place, fmt.Sprintf("Access-Control-Allow-Credentials is %q", value), v.refusal(m.headers, true))
		}
	}
}

// vary decides CORS207.
func vary(v *View, report reporter) {
	for _, a := range v.answering() {
		for _, o := range v.origins() {
			here, there := v.response(a.route, o), v.response(a.route, questions.Stranger)
			if here != nil && there != nil && allowOrigin(here) != allowOrigin(there) && !(corsheader.VariesByOrigin(here.Headers.Get(corsheader.Vary)) && corsheader.VariesByOrigin(there.Headers.Get(corsheader.Vary))) {
				report(at(a.method), "the response to preflights depends on their origin, and a response lacks Vary: Origin", "")
				break
			}
		}
	}
	v.methods(func(m *gateway.Method) {
		if m.HTTPMethod == "OPTIONS" {
			return
		}
		request := slices.ContainsFunc(m.Integration.RequestTemplates, overridesOrigin)
		for _, ir := range m.Integration.Responses {
			if !request && !slices.ContainsFunc(ir.Templates, overridesOrigin) {
				continue
			}
			value := ""
			for k, x := range ir.Parameters {
				if strings.EqualFold(k, apigw.MethodHeader+corsheader.Vary) {
					value, _ = apigw.Static(x)
				}
			}
			set := slices.ContainsFunc(append(slices.Clone(ir.Templates), m.Integration.RequestTemplates...), func(t gateway.Template) bool {
				return overrides(t, ".vary") || overrides(t, `"vary"`)
			})
			if !corsheader.VariesByOrigin(value) && !set {
				p := at(m)
				p.note = "status " + ir.Status
				report(p, "a mapping template sets Access-Control-Allow-Origin by the request's origin, and the integration response has no Vary: Origin", "")
			}
		}
	})
	for _, m := range v.everywhere() {
		if x := m.headers.Get(corsheader.AllowOrigin); strings.HasPrefix(strings.ToLower(x), apigw.RequestHeader) {
			if value, _ := apigw.Static(m.headers.Get(corsheader.Vary)); !corsheader.VariesByOrigin(value) {
				report(m.place, "Access-Control-Allow-Origin is the request's own, and there is no Vary: Origin", "")
			}
		}
	}
}

// unreadable decides CORS208.
func unreadable(v *View, report reporter) {
	v.methods(func(m *gateway.Method) {
		if m.HTTPMethod == "OPTIONS" {
			return
		}
		mock := m.Integration.Type == apigw.Mock && slices.ContainsFunc(m.Integration.RequestTemplates, overridesOrigin)
		var without []string
		for _, ir := range m.Integration.Responses {
			if !carriesOrigin(ir) && !mock {
				without = append(without, ir.Status)
			}
		}
		if len(without) > 0 {
			p := at(m)
			p.note = "status " + strings.Join(without, ", ")
			report(p, "an integration response has no Access-Control-Allow-Origin", v.refusal(nil, false))
			return
		}
		if m.Integration.Type != apigw.Mock || len(unquoted(m)) > 0 {
			return
		}
		// All carry the header; whether it says what it should is a question for the model.
		name := m.HTTPMethod
		if name == "ANY" {
			name = "GET"
		}
		if !browser.SafelistedMethod(name) || v.authorized(m) {
			return // the preflight's rules say what is wrong, or nobody gets that far
		}
		own := route{m.Resource, m, name, questions.PathTo(v.API, m.Resource)}
		if v.fault(own).rule != "" {
			return // what is wrong with the one is mostly wrong with the other, and said there
		}
		by := v.answers(own)
		if by == nil {
			by = m
		}
		for _, o := range v.originsOf(by) {
			rep := v.ask(question{origin: o, method: name, path: questions.PathTo(v.API, m.Resource)})
			if rep == nil || !rep.Verdict.Known || rep.Verdict.Allowed || rep.Trace.Actual == nil || rep.Trace.Actual.GatewayResponse != nil || rep.Trace.Actual.Unsupported != "" {
				continue
			}
			value := allowOrigin(rep.Actual.Response)
			if symbols := v.App.Symbols(value); len(symbols) > 0 {
				v.leave(m, symbols[0].String()+": "+symbols[0].Why)
				return
			}
			if value == "" || IsOrigin(value) {
				report(at(m), fmt.Sprintf("the response to a page of %s has Access-Control-Allow-Origin %q", o, value), rep.Verdict.Message)
				return
			}
		}
	})
}

// authorized reports whether a method lets nobody in without something that a plain request lacks.
func (v *View) authorized(m *gateway.Method) bool {
	return m.APIKeyRequired || m.AuthorizationType != "" && m.AuthorizationType != "NONE"
}
