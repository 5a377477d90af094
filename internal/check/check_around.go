package check

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/simulate"
)

// deployment decides CORS401.
func deployment(v *View, report reporter) {
	methods := v.App.Of(v.API.Rest, "AWS::ApiGateway::Method")
	wanted := slices.Concat(slices.DeleteFunc(slices.Clone(methods), func(m *cfn.Resource) bool { return m.Properties["HttpMethod"] != "OPTIONS" }),
		v.App.Of(v.API.Rest, "AWS::ApiGateway::GatewayResponse"))
	for _, dep := range v.App.Of(v.API.Rest, "AWS::ApiGateway::Deployment") {
		served := dep.Properties["StageName"] != nil || slices.ContainsFunc(v.App.OfType("AWS::ApiGateway::Stage"), func(s *cfn.Resource) bool { return v.App.Target(s.Properties["DeploymentId"]) == dep })
		made := before{v.App, map[*cfn.Resource]bool{}}
		made.wait(dep)
		// One that waits for no method at all is not made by this template's order, or fails to deploy for other reasons.
		if !served || !slices.ContainsFunc(methods, func(m *cfn.Resource) bool { return made.seen[m] }) {
			continue
		}
		for _, w := range wanted {
			if made.seen[w] || top(w.Stack) != top(dep.Stack) { // in which order stacks are deployed, no template says
				continue
			}
			p := place{of: w}
			if w.Type == "AWS::ApiGateway::Method" {
				p.method = "OPTIONS"
			}
			report(p, "the deployment "+dep.ID+" does not depend on it", "")
		}
	}
}

func top(st *cfn.Stack) *cfn.Stack {
	for st.Parent != nil {
		st = st.Parent
	}
	return st
}

// before collects what CloudFormation makes before a resource: what it depends on and what it refers to, what those do, and
// all of a nested stack that is made before.
type before struct {
	app  *cfn.App
	seen map[*cfn.Resource]bool
}

func (b before) wait(r *cfn.Resource) {
	for _, other := range r.Stack.Resources {
		if slices.Contains(r.DependsOn, other.ID) {
			b.add(other)
		}
	}
	for _, s := range b.app.Symbols(r.Properties) {
		b.add(s.Resource)
	}
	if parent := r.Stack.Parent; parent != nil {
		for _, nested := range parent.Resources {
			if nested.ID == r.Stack.ID {
				b.wait(nested)
			}
		}
	}
}

func (b before) add(r *cfn.Resource) {
	if r == nil || b.seen[r] {
		return
	}
	b.seen[r] = true
	for _, st := range b.app.Stacks {
		if st.Parent == r.Stack && st.ID == r.ID {
			for _, in := range st.Resources {
				b.add(in)
			}
		}
	}
	b.wait(r)
}

// importedAway decides CORS408. It looks at the gateway responses beside a document that overwrites, as is the default.
func importedAway(v *View, report reporter) {
	p := v.API.Rest.Properties
	if p["Body"] == nil && p["BodyS3Location"] == nil || p["Mode"] == "merge" {
		return
	}
	for _, g := range v.App.Of(v.API.Rest, "AWS::ApiGateway::GatewayResponse") {
		report(place{of: g, note: fmt.Sprint(g.Properties["ResponseType"])}, "the gateway response is beside the OpenAPI document of "+v.API.ID, "")
	}
}

// cache decides CORS402.
func cache(v *View, report reporter) {
	if v.Allowlist.Any {
		return
	}
	for _, s := range v.App.Of(v.API.Rest, "AWS::ApiGateway::Stage") {
		on, open := v.truth(s.Properties["CacheClusterEnabled"])
		if s.Properties["StageName"] != v.API.Stage || !on && open == nil {
			continue
		}
		settings, _ := s.Properties["MethodSettings"].([]any)
		if u, ok := s.Properties["MethodSettings"].(*cfn.Unknown); ok {
			settings, open = []any{map[string]any{"ResourcePath": "/*", "HttpMethod": "*", "CachingEnabled": true}}, cmp.Or(open, u.Symbol)
		}
		for _, r := range v.routes {
			if r.name != "GET" || r.method.Integration == nil {
				continue
			}
			on, unsure := v.truth(cached(settings, r))
			if !on && unsure == nil {
				continue
			}
			i := r.method.Integration
			// A response whose header is always the same may be kept.
			dynamic := apigw.IsProxy(i.Type) || slices.ContainsFunc(i.RequestTemplates, overridesOrigin)
			for _, ir := range i.Responses {
				dynamic = dynamic || slices.ContainsFunc(ir.Templates, overridesOrigin)
			}
			if !dynamic || v.keyed(r) {
				continue
			}
			if s := cmp.Or(open, unsure); s != nil {
				v.leave(r.method, "whether a cache has its responses, by a key without Origin: it depends on "+s.String())
				continue
			}
			report(at(r.method), "stage "+v.API.Stage+" caches responses by a key without Origin", "")
		}
	}
}

// truth reports whether a value is true, or the text of it; with the symbol if that is not known.
func (v *View) truth(value any) (bool, *cfn.Symbol) {
	s, _ := value.(string)
	return value == true || strings.EqualFold(s, "true"), v.App.SymbolOf(value)
}

// cached is what a stage's settings say of the caching of a route; the more particular setting wins.
func cached(settings []any, r route) any {
	on, best := any(false), -1
	for _, s := range settings {
		m, _ := s.(map[string]any)
		path, _ := m["ResourcePath"].(string)
		method, _ := m["HttpMethod"].(string)
		score := 0
		switch strings.ReplaceAll(path, "~1", "/") {
		case r.resource.Path, "/" + r.resource.Path:
			score += 2
		case "/*":
		default:
			continue
		}
		switch method {
		case r.method.HTTPMethod, r.name:
			score++
		case "*":
		default:
			continue
		}
		if enabled, given := m["CachingEnabled"]; given && score >= best {
			on, best = enabled, score
		}
	}
	return on
}

// keyed reports whether Origin is part of a route's cache key.
func (v *View) keyed(r route) bool {
	var keys []any
	if p := r.method.Source.Properties; r.method.Source.Type == "AWS::ApiGateway::Method" {
		keys, _ = dig(p, "Integration")["CacheKeyParameters"].([]any)
	} else {
		item := dig(p, "Body", "paths", r.resource.Path)
		op := dig(item, strings.ToLower(r.method.HTTPMethod))
		if r.method.HTTPMethod == "ANY" {
			op = dig(item, "x-amazon-apigateway-any-method")
		}
		keys, _ = dig(op, "x-amazon-apigateway-integration")["cacheKeyParameters"].([]any)
	}
	return slices.ContainsFunc(keys, func(k any) bool {
		s, _ := k.(string)
		return strings.EqualFold(s, apigw.RequestHeader+corsheader.Origin)
	})
}

func dig(m map[string]any, keys ...string) map[string]any {
	for _, k := range keys {
		m, _ = m[k].(map[string]any)
	}
	return m
}

// policy decides CORS403.
func policy(v *View, report reporter) {
	for _, r := range v.routes {
		switch v.API.Judge("OPTIONS", r.path, false).Access {
		case apigw.NotAllowed, apigw.Denied:
			console := ""
			plan, err := browser.Prepare(browser.Call{Origin: v.origin(), Method: r.name, URL: simulate.Base(v.API) + r.path, Header: browser.Header{{Name: probeHeader, Value: "1"}}})
			if err == nil && plan.Preflight != nil {
				console = plan.CheckPreflight(&browser.HTTPResponse{Status: 403}).Message
			}
			report(place{path: r.resource.Path, method: "OPTIONS"}, "the resource policy does not let an anonymous OPTIONS in", console)
		}
	}
}

// unreadPolicy returns the parts of the resource policy on which preflights depend and whose value is not known.
func (v *View) unreadPolicy() []string {
	var names []string
	for _, r := range v.routes {
		names = append(names, v.API.Judge("OPTIONS", r.path, false).Unread...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// firewall decides CORS404.
func firewall(v *View, report reporter) {
	mine := append(slices.Clone(v.App.Of(v.API.Rest, "AWS::ApiGateway::Stage")), v.API.Rest)
	for _, a := range v.App.OfType("AWS::WAFv2::WebACLAssociation") {
		arn, _ := a.Properties["ResourceArn"].(string)
		if !slices.ContainsFunc(v.App.Mentioned(arn), func(r *cfn.Resource) bool { return slices.Contains(mine, r) }) {
			continue
		}
		web, _ := a.Properties["WebACLArn"].(string)
		for _, acl := range v.App.Mentioned(web) {
			if acl.Type != "AWS::WAFv2::WebACL" {
				continue
			}
			rules, _ := acl.Properties["Rules"].([]any)
			for _, e := range rules {
				rule, _ := e.(map[string]any)
				action, _ := rule["Action"].(map[string]any)
				what := ""
				switch {
				case action["Captcha"] != nil:
					what = "a CAPTCHA"
				case action["Challenge"] != nil:
					what = "a challenge"
				default:
					custom := dig(action, "Block", "CustomResponse")
					headers, _ := custom["ResponseHeaders"].([]any)
					if custom == nil || slices.ContainsFunc(headers, func(h any) bool {
						m, _ := h.(map[string]any)
						name, _ := m["Name"].(string)
						return strings.EqualFold(name, corsheader.AllowOrigin)
					}) {
						continue
					}
					what = "a response of its own"
				}
				report(place{of: acl}, fmt.Sprintf("the rule %v responds with %s, without Access-Control-Allow-Origin", rule["Name"], what), v.refusal(nil, false))
			}
		}
	}
}

// domain decides CORS405.
func domain(v *View, report reporter) {
	if v.App.RestAPIs()[0] != v.API.Rest {
		return // a domain is of the app, so it is looked at once
	}
	elsewhere := func(p cfn.Problem) bool { return p.Kind == cfn.Elsewhere }
	if slices.ContainsFunc(v.App.Problems, elsewhere) {
		return // what was not read may map it
	}
	mappings := slices.Concat(v.App.OfType("AWS::ApiGateway::BasePathMapping"), v.App.OfType("AWS::ApiGatewayV2::ApiMapping"), v.App.OfType("AWS::ApiGatewayV2::RoutingRule"))
	for _, dn := range slices.Concat(v.App.OfType("AWS::ApiGateway::DomainName"), v.App.OfType("AWS::ApiGatewayV2::DomainName")) {
		name, ok := dn.Properties["DomainName"].(string)
		if !ok {
			continue
		}
		if !slices.ContainsFunc(mappings, func(m *cfn.Resource) bool {
			if dn.Properties["RoutingMode"] == "ROUTING_RULE_ONLY" && m.Type != "AWS::ApiGatewayV2::RoutingRule" {
				return false
			}
			of := m.Properties["DomainName"]
			if m.Type == "AWS::ApiGatewayV2::RoutingRule" {
				of = m.Properties["DomainNameArn"]
				if arn, ok := of.(string); ok && strings.HasSuffix(arn, "/domainnames/"+name) {
					return true
				}
			}
			// A name that only a deployment knows may be this one.
			return v.App.Target(of) == dn || of == name || mentions(v.App, of, dn) || v.App.Target(of) == nil && len(v.App.Symbols(of)) > 0 || len(v.App.Symbols(name)) > 0 && v.App.Target(of) == nil
		}) {
			report(place{of: dn}, fmt.Sprintf("no base path mapping is for the domain %s", name), v.refusal(nil, false))
		}
	}
}

// mentions reports whether a text names a resource.
func mentions(app *cfn.App, v any, r *cfn.Resource) bool {
	text, _ := v.(string)
	return slices.Contains(app.Mentioned(text), r)
}

var originVariable = regexp.MustCompile(`(?i)(allow.*origin|cors.*origin|origin.*allow|^origins?$)`)

// NamesOrigins reports whether an environment variable of this name may hold a list of origins.
func NamesOrigins(variable string) bool { return originVariable.MatchString(variable) }

// environment decides CORS406.
func environment(v *View, report reporter) {
	for _, fn := range v.functions() {
		vars := dig(fn.Properties, "Environment", "Variables")
		for _, name := range sortedKeys(vars) {
			text, ok := vars[name].(string)
			if !ok || !NamesOrigins(name) {
				continue
			}
			list := split(text)
			if bad := slices.DeleteFunc(slices.Clone(list), func(o string) bool { return !looksLike.MatchString(o) || v.entry(o) }); len(bad) > 0 {
				report(place{of: fn}, name+" has "+strings.Join(bad, ", ")+", which no browser sends as its origin", "")
				continue
			}
			if len(v.Allowlist.Origins) == 0 {
				continue
			}
			if v.Allowlist.Any && len(list) > 0 && !slices.Contains(list, "*") && !slices.ContainsFunc(list, func(o string) bool { return !v.entry(o) || len(v.App.Symbols(o)) > 0 }) {
				report(place{of: fn}, name+" has a list, "+strings.Join(few(list), ", ")+", and the preflight lets every origin through", "")
				continue
			}
			var extra, missing []string
			for _, o := range list {
				if o == "*" && !v.Allowlist.Any || IsOrigin(o) && !v.Allowlist.has(o) && !v.open(o, v.Allowlist.Origins) {
					extra = append(extra, o)
				}
			}
			for _, o := range v.Allowlist.Origins {
				if !v.Allowlist.Any && len(list) > 0 && !v.open(o, list) && !slices.ContainsFunc(list, func(e string) bool {
					before, after, wild := strings.Cut(e, "*")
					return e == o || wild && strings.HasPrefix(o, before) && strings.HasSuffix(o, after)
				}) {
					missing = append(missing, o)
				}
			}
			var parts []string
			if len(extra) > 0 {
				parts = append(parts, "has "+strings.Join(extra, ", ")+", which the preflight refuses")
			}
			if len(missing) > 0 {
				parts = append(parts, "lacks "+strings.Join(missing, ", ")+", which the preflight allows")
			}
			if len(parts) > 0 {
				report(place{of: fn}, name+" "+strings.Join(parts, " and "), "")
			}
		}
	}
}

// entry reports whether an element of a list may be an origin, or a pattern of some.
func (v *View) entry(o string) bool { return IsOrigin(strings.ReplaceAll(v.plausible(o), "*", "1")) }

// open reports whether only a deployment knows whether an origin is on a list: it is not known itself and the list has none
// of its kind, or the list has an element that is not known.
func (v *View) open(origin string, list []string) bool {
	if slices.Contains(list, origin) {
		return false
	}
	return len(v.App.Symbols(origin)) > 0 || slices.ContainsFunc(list, func(e string) bool { return len(v.App.Symbols(e)) > 0 })
}

// twice decides CORS411.
func twice(v *View, report reporter) {
	for _, r := range v.API.Resources() {
		for _, m := range r.Methods() {
			seen := map[string]bool{}
			for _, mr := range m.Responses {
				if seen[mr.Status] {
					p := at(m)
					p.note = "status " + mr.Status
					report(p, "two method responses have one status", "")
				}
				seen[mr.Status] = true
			}
		}
	}
	paths := dig(v.API.Rest.Properties, "Body", "paths")
	for _, path := range sortedKeys(paths) {
		if bare := strings.TrimRight(path, "/"); bare != path && paths[bare] != nil {
			report(place{path: path}, "the paths "+bare+" and "+path+" are one resource", "")
		}
	}
}
