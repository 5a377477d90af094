package check

import (
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
)

// sendsOrigin reports whether a gateway response has Access-Control-Allow-Origin, and what.
func sendsOrigin(g gateway.GatewayResponse) (value string, ok bool) {
	for _, k := range sortedKeys(g.Parameters) {
		if strings.EqualFold(k, apigw.GatewayHeader+corsheader.AllowOrigin) {
			return g.Parameters[k], true
		}
	}
	return "", false
}

// hidden says why no page that the API is for can read a gateway response; empty if one can. An origin that only deployment
// knows is taken to be right, and what is not an origin at all is for another rule.
func (v *View) hidden(g gateway.GatewayResponse) (why, console string) {
	if g.Err != nil || g.Default && !v.whole() {
		return "", "" // it may be there
	}
	value, ok := sendsOrigin(g)
	if !ok {
		return "has no Access-Control-Allow-Origin", v.refusal(nil, false)
	}
	origin, _ := apigw.Static(value)
	if len(v.Allowlist.Origins) == 0 || !IsOrigin(origin) || v.Allowlist.has(origin) || v.open(origin, v.Allowlist.Origins) {
		return "", ""
	}
	return "has Access-Control-Allow-Origin " + origin + ", which no preflight allows", v.refusal(map[string]string{strings.ToLower(corsheader.AllowOrigin): value}, false)
}

// defaults decides CORS301 and CORS302.
func defaults(typ string) checker {
	return func(v *View, report reporter) {
		g := v.API.GatewayResponse(typ)
		why, console := v.hidden(g)
		if why == "" || len(v.routes) == 0 {
			return
		}
		other := v.API.GatewayResponse(map[string]string{"DEFAULT_4XX": "DEFAULT_5XX", "DEFAULT_5XX": "DEFAULT_4XX"}[typ])
		both, _ := v.hidden(other)
		p := v.defaultPlace(g, typ)
		switch {
		case both != why || other.Default != g.Default:
		case typ == "DEFAULT_5XX":
			return // CORS301 has it
		case g.Default:
			p.note = "DEFAULT_4XX, DEFAULT_5XX"
		default:
			report(v.defaultPlace(other, "DEFAULT_5XX"), "the gateway's own response "+why, console)
		}
		report(p, "the gateway's own response "+why, console)
	}
}

// unknownTypes returns the types of customised gateway responses that API Gateway does not have.
func (v *View) unknownTypes() []string {
	names := sortedKeys(dig(v.API.Rest.Properties, "Body", "x-amazon-apigateway-gateway-responses"))
	for _, g := range v.App.Of(v.API.Rest, "AWS::ApiGateway::GatewayResponse") {
		if typ, ok := g.Properties["ResponseType"].(string); ok && len(v.App.Symbols(typ)) == 0 {
			names = append(names, typ)
		}
	}
	return slices.DeleteFunc(names, func(typ string) bool { return slices.Contains(apigw.GatewayResponseTypes(), typ) })
}

// defaultPlace is the place of a default gateway response, which is the API where it is not customised.
func (v *View) defaultPlace(g gateway.GatewayResponse, typ string) place {
	if g.Default {
		return place{note: typ}
	}
	return v.gatewayPlace(typ)
}

// shadows decides CORS303.
func shadows(v *View, report reporter) {
	for _, typ := range apigw.GatewayResponseTypes() {
		g := v.API.GatewayResponse(typ)
		// What is customised for REQUEST_TOO_LARGE has no effect, and DEFAULT_4XX and DEFAULT_5XX have rules of their own.
		if g.Default || strings.HasPrefix(typ, "DEFAULT_") || typ == apigw.RequestTooLarge {
			continue
		}
		if why, console := v.hidden(g); why != "" {
			report(v.gatewayPlace(typ), "a customised gateway response "+why, console)
		}
	}
}
