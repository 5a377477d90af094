package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// strangers decides CORS213.
func strangers(v *View, report reporter) {
	if v.Allowlist.From != "stated" {
		p := place{}
		for _, s := range v.App.Of(v.API.Rest, "AWS::ApiGateway::Stage") {
			if s.ID == v.API.StageID && v.Allowlist.From == "stage-variables" {
				p.of = s
			}
		}
		credentials := v.credentialed() || v.Allowlist.policy != nil && v.Allowlist.policy.Credentials()
		names := v.Allowlist.Names
		if v.Allowlist.From != "stage-variables" && !v.has(rules.CORS407) { // a list that is broken out of is none of corsgate's, and works all the same
			names = slices.Clone(names)
			for _, variable := range sortedKeys(v.API.Variables) {
				if stagevars.IsNth(variable, stagevars.Origins) {
					names = append(names, split(strings.NewReplacer("~", "*", "=", "").Replace(v.API.Variables[variable]))...)
				}
			}
		}
		for _, name := range names {
			if why := anybodys(name, credentials); why != "" && len(v.App.Symbols(name)) == 0 {
				report(p, why, "")
			}
		}
	}
	for _, fn := range v.functions() {
		vars := dig(fn.Properties, "Environment", "Variables")
		for _, name := range sortedKeys(vars) {
			text, ok := vars[name].(string)
			if !ok || !NamesOrigins(name) {
				continue
			}
			for _, o := range split(text) {
				if why := anybodys(o, false); why != "" && len(v.App.Symbols(o)) == 0 {
					report(place{of: fn, note: name}, why, "")
				}
			}
		}
	}
}

// anybodys says why pages of strangers get in by an entry of an allowlist; empty if they do not.
func anybodys(entry string, credentials bool) string {
	_, err := cors.New(cors.Config{Origins: []string{entry}, AllowCredentials: credentials})
	var fault *cors.OriginError
	if errors.As(err, &fault) && slices.Contains([]cors.OriginReason{cors.OriginPublicSuffix, cors.OriginInsecureCredentials, cors.OriginNull}, fault.Reason) {
		return fmt.Sprintf("%s is allowed: %s", entry, strings.ReplaceAll(fault.Text, "AllowCredentials is set", "credentials are allowed"))
	}
	return ""
}

// credentialed reports whether preflights allow credentials.
func (v *View) credentialed() bool {
	return slices.ContainsFunc(v.answering(), func(a answer) bool {
		res := v.response(a.route, v.origin())
		return res != nil && res.Headers.Get(corsheader.AllowCredentials) == "true"
	})
}

// credentialsDiffer decides CORS212.
func credentialsDiffer(v *View, report reporter) {
	for _, r := range v.routes {
		i := r.method.Integration
		if i == nil || apigw.IsProxy(i.Type) || v.fault(r).rule != "" {
			continue
		}
		res := v.response(r, v.origin())
		if res == nil || allowOrigin(res) == "" || allowOrigin(res) == "*" {
			continue
		}
		preflight := res.Headers.Get(corsheader.AllowCredentials) == "true"
		if !preflight && browser.SafelistedMethod(r.name) && !v.authorized(r.method) {
			continue // such a page needs no preflight
		}
		var differ []string
		for _, ir := range i.Responses {
			origin, exact := apigw.Static(originMapping(ir))
			if !exact || slices.ContainsFunc(ir.Templates, overridesOrigin) {
				continue
			}
			if origin == "*" && preflight { // which credentials do not go with
				differ = append(differ, ir.Status)
			}
			if !IsOrigin(origin) {
				continue
			}
			own := false
			for _, name := range sortedKeys(ir.Parameters) {
				if strings.EqualFold(name, apigw.MethodHeader+corsheader.AllowCredentials) {
					value, static := apigw.Static(ir.Parameters[name])
					own = !static || strings.EqualFold(value, "true") || len(v.App.Symbols(value)) > 0
				}
			}
			if own != preflight {
				differ = append(differ, ir.Status)
			}
		}
		if differ == nil || slices.ContainsFunc(i.RequestTemplates, overridesOrigin) {
			continue
		}
		p := at(r.method)
		p.note = "status " + strings.Join(differ, ", ")
		if preflight {
			report(p, "the preflight allows credentials, and an integration response does not", v.refusal(map[string]string{strings.ToLower(corsheader.AllowOrigin): "'" + v.origin() + "'"}, true))
		} else {
			report(p, "an integration response allows credentials, and the preflight does not", "")
		}
	}
}

// errorCredentials decides CORS304. A gateway response for every origin cannot allow credentials.
func errorCredentials(v *View, report reporter) {
	if !v.credentialed() {
		return
	}
	for _, typ := range apigw.GatewayResponseTypes() {
		g := v.API.GatewayResponse(typ)
		value, ok := sendsOrigin(g)
		origin, static := apigw.Static(value)
		if g.Default || !ok || !static || !IsOrigin(origin) {
			continue
		}
		if !slices.ContainsFunc(sortedKeys(g.Parameters), func(k string) bool { return strings.EqualFold(k, apigw.GatewayHeader+corsheader.AllowCredentials) }) {
			report(v.gatewayPlace(typ), "preflights allow credentials, and the gateway's own response does not", v.refusal(map[string]string{strings.ToLower(corsheader.AllowOrigin): value}, true))
		}
	}
}
