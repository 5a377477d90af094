package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/simulate"
)

// deployment decides CORS401.
func deployment(v *View, report reporter) {
	d := v.Document
	mine := func(r *resource) bool { return refersTo(r.props["RestApiId"], v.API.ID) }
	var methods, wanted []*resource
	for _, m := range d.sorted("AWS::ApiGateway::Method") {
		if mine(m) {
			methods = append(methods, m)
			if m.props["HttpMethod"] == "OPTIONS" {
				wanted = append(wanted, m)
			}
		}
	}
	for _, g := range d.sorted("AWS::ApiGateway::GatewayResponse") {
		if mine(g) {
			wanted = append(wanted, g)
		}
	}
	served := func(dep *resource) bool {
		return dep.props["StageName"] != nil || slices.ContainsFunc(d.sorted("AWS::ApiGateway::Stage"), func(s *resource) bool { return refersTo(s.props["DeploymentId"], dep.id) })
	}
	for _, dep := range d.sorted("AWS::ApiGateway::Deployment") {
		before := map[string]bool{}
		d.before(dep, before)
		// One that waits for no method at all is not made by this template's order, or fails to deploy for other reasons.
		if !mine(dep) || !served(dep) || !slices.ContainsFunc(methods, func(m *resource) bool { return before[m.id] }) {
			continue
		}
		for _, w := range wanted {
			if !before[w.id] {
				p := place{id: w.id}
				if w.props["HttpMethod"] == "OPTIONS" {
					p.method = "OPTIONS"
				}
				report(p, "the deployment "+dep.id+" does not depend on "+w.id, "")
			}
		}
	}
}

// importedAway decides CORS408. It looks at the gateway responses beside a document that overwrites, as is the default.
func importedAway(v *View, report reporter) {
	rest := v.Document.resources[v.API.ID]
	if rest == nil || rest.props["Body"] == nil && rest.props["BodyS3Location"] == nil || rest.props["Mode"] == "merge" {
		return
	}
	for _, g := range v.Document.sorted("AWS::ApiGateway::GatewayResponse") {
		if refersTo(g.props["RestApiId"], v.API.ID) {
			report(place{id: g.id}, fmt.Sprintf("the gateway response %s is beside the OpenAPI document of %s", flat(g.props["ResponseType"]), v.API.ID), "")
		}
	}
}

// before collects what CloudFormation makes before a resource: what it depends on and what it refers to, and what those do.
func (d *Document) before(r *resource, out map[string]bool) {
	for _, id := range slices.Concat(r.dependsOn, references(r.props)) {
		if other := d.resources[id]; other != nil && !out[id] {
			out[id] = true
			d.before(other, out)
		}
	}
}

// subText is the text of an Fn::Sub.
func subText(v any) string {
	list := oneOrMore(v)
	if len(list) == 0 {
		return ""
	}
	s, _ := list[0].(string)
	return s
}

// references gives the names that Ref, Fn::GetAtt and Fn::Sub have in a value.
func references(v any) []string {
	var out []string
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			out = append(out, references(e)...)
		}
	case map[string]any:
		for k, e := range x {
			switch k {
			case "Ref", "Fn::GetAtt":
				if list := oneOrMore(e); len(list) > 0 {
					name, _, _ := strings.Cut(flat(list[0]), ".")
					out = append(out, name)
				}
			case "Fn::Sub":
				for _, m := range placeholder.FindAllString(subText(e), -1) {
					name, _, _ := strings.Cut(m[2:len(m)-1], ".")
					out = append(out, name)
				}
				out = append(out, references(e)...)
			default:
				out = append(out, references(e)...)
			}
		}
	}
	return out
}

// cache decides CORS402.
func cache(v *View, report reporter) {
	if v.Allowlist.Any || !v.usesCORS() {
		return
	}
	for _, s := range v.Document.sorted("AWS::ApiGateway::Stage") {
		if !refersTo(s.props["RestApiId"], v.API.ID) || !truthy(s.props["CacheClusterEnabled"]) || !v.Document.may(s.props["StageName"], v.API.Stage) {
			continue
		}
		settings, _ := s.props["MethodSettings"].([]any)
		for _, r := range v.routes {
			if r.name != "GET" || r.method.Integration == nil || !cached(settings, r) {
				continue
			}
			i := r.method.Integration
			// An answer whose header is always the same may be kept.
			dynamic := apigw.IsProxy(i.Type) || slices.ContainsFunc(i.RequestTemplates, overridesOrigin)
			for _, ir := range i.Responses {
				dynamic = dynamic || slices.ContainsFunc(ir.Templates, overridesOrigin)
			}
			if !dynamic || v.keyed(r) {
				continue
			}
			report(at(r.method), "stage "+v.API.Stage+" caches "+r.method.HTTPMethod+" "+r.resource.Path+" by a key without Origin", "")
		}
	}
}

// may says that a value is a text, as far as it is known.
func (d *Document) may(v any, text string) bool {
	switch x := v.(type) {
	case string:
		return x == text
	case map[string]any:
		name, _ := x["Ref"].(string)
		value, ok := d.parameters()[name]
		return !ok || value == text
	}
	return false
}

// cached says that a stage's settings have a route cached; the more particular setting wins.
func cached(settings []any, r route) bool {
	on, best := false, -1
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
			on, best = truthy(enabled), score
		}
	}
	return on
}

// keyed says that Origin is part of a route's cache key.
func (v *View) keyed(r route) bool {
	var keys []any
	if res := v.Document.resources[r.method.ID]; res != nil {
		i, _ := res.props["Integration"].(map[string]any)
		keys, _ = i["CacheKeyParameters"].([]any)
	} else if rest := v.Document.resources[v.API.ID]; rest != nil {
		item := dig(rest.props, "Body", "paths", r.resource.Path)
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
	rest := v.Document.resources[v.API.ID]
	if rest == nil {
		return
	}
	for _, r := range v.routes {
		switch v.judgePolicy(rest, r).Access {
		case apigw.NotAllowed, apigw.Denied:
			console := ""
			plan, err := browser.Prepare(browser.Request{Origin: v.origin(), Method: r.name, URL: simulate.Base(v.API) + r.path, Header: browser.Header{{Name: probeHeader, Value: "1"}}})
			if err == nil && plan.Preflight != nil {
				console = plan.CheckPreflight(&browser.HTTPResponse{Status: 403}).Message
			}
			report(place{id: v.API.ID}, "the resource policy does not let an anonymous OPTIONS "+r.resource.Path+" in", console)
			return
		}
	}
}

// judgePolicy asks the API's resource policy about a route's preflight.
func (v *View) judgePolicy(rest *resource, r route) apigw.Judgement {
	document := rest.props["Policy"]
	if document == nil {
		if body := dig(rest.props, "Body"); body != nil {
			document = body["x-amazon-apigateway-policy"]
		}
	}
	return apigw.JudgePolicy(document, apigw.Call{Stage: v.API.Stage, Method: "OPTIONS", Path: r.path})
}

// unreadPolicy returns the parts of the resource policy on which preflights depend and whose value is not known.
func (v *View) unreadPolicy() []string {
	rest := v.Document.resources[v.API.ID]
	if rest == nil {
		return nil
	}
	var names []string
	for _, r := range v.routes {
		names = append(names, v.judgePolicy(rest, r).Unread...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func oneOrMore(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

var placeholder = regexp.MustCompile(`\$\{[^}]*\}`)

// flat makes text of a value, * for what is not known.
func flat(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case map[string]any:
		if s, ok := x["Fn::Sub"].(string); ok {
			return placeholder.ReplaceAllString(s, "*")
		}
		if join, ok := x["Fn::Join"].([]any); ok && len(join) == 2 {
			separator, _ := join[0].(string)
			parts, _ := join[1].([]any)
			var out []string
			for _, p := range parts {
				out = append(out, flat(p))
			}
			return strings.Join(out, separator)
		}
	}
	return "*"
}

// firewall decides CORS404.
func firewall(v *View, report reporter) {
	d := v.Document
	for _, a := range d.sorted("AWS::WAFv2::WebACLAssociation") {
		mine := mentions(a.props["ResourceArn"], v.API.ID)
		for _, s := range d.sorted("AWS::ApiGateway::Stage") {
			mine = mine || refersTo(s.props["RestApiId"], v.API.ID) && mentions(a.props["ResourceArn"], s.id)
		}
		if !mine {
			continue
		}
		for _, acl := range d.sorted("AWS::WAFv2::WebACL") {
			if !mentions(a.props["WebACLArn"], acl.id) {
				continue
			}
			rules, _ := acl.props["Rules"].([]any)
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
					if custom == nil || slices.ContainsFunc(oneOrMore(custom["ResponseHeaders"]), func(h any) bool {
						m, _ := h.(map[string]any)
						name, _ := m["Name"].(string)
						return strings.EqualFold(name, corsheader.AllowOrigin)
					}) {
						continue
					}
					what = "a response of its own"
				}
				report(place{id: acl.id}, fmt.Sprintf("the rule %v answers with %s, without Access-Control-Allow-Origin", rule["Name"], what), v.refusal(nil, false))
			}
		}
	}
}

// domain decides CORS405.
func domain(v *View, report reporter) {
	d := v.Document
	if apis := d.sorted("AWS::ApiGateway::RestApi"); len(apis) == 0 || apis[0].id != v.API.ID {
		return // a domain is of the template, so it is looked at once
	}
	for _, typ := range []string{"AWS::ApiGateway::DomainName", "AWS::ApiGatewayV2::DomainName"} {
		for _, dn := range d.sorted(typ) {
			mapped := false
			for _, kind := range []string{"AWS::ApiGateway::BasePathMapping", "AWS::ApiGatewayV2::ApiMapping"} {
				for _, m := range d.sorted(kind) {
					mapped = mapped || refersTo(m.props["DomainName"], dn.id) || m.props["DomainName"] == dn.props["DomainName"]
				}
			}
			if !mapped {
				report(place{id: dn.id}, fmt.Sprintf("no base path mapping of the template is for the domain %s", flat(dn.props["DomainName"])), v.refusal(nil, false))
			}
		}
	}
}

var originVariable = regexp.MustCompile(`(?i)(allow.*origin|cors.*origin|origin.*allow|^origins?$)`)

// NamesOrigins says that an environment variable of this name may hold a list of origins.
func NamesOrigins(variable string) bool { return originVariable.MatchString(variable) }

// environment decides CORS406.
func environment(v *View, report reporter) {
	if len(v.Allowlist.Origins) == 0 {
		return
	}
	for _, id := range v.API.Functions() {
		vars := dig(v.Document.resources[id].props, "Environment", "Variables")
		for _, name := range sortedKeys(vars) {
			text, ok := vars[name].(string)
			if !ok || !NamesOrigins(name) {
				continue
			}
			list := split(text)
			var extra, missing []string
			for _, o := range list {
				if o == "*" && !v.Allowlist.Any || IsOrigin(o) && !v.Allowlist.has(o) {
					extra = append(extra, o)
				}
			}
			for _, o := range v.Allowlist.Origins {
				if !v.Allowlist.Any && len(list) > 0 && !slices.ContainsFunc(list, func(e string) bool {
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
				report(place{id: id}, name+" "+strings.Join(parts, " and "), "")
			}
		}
	}
}
