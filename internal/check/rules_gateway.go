package check

import (
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/gateway"
)

func gatewayRules() []Rule {
	return []Rule{{
		ID:       "CORS301",
		Title:    "the gateway's 4XX answers cannot be read",
		Severity: Warning,
		Why: "API Gateway answers itself where an authorizer refuses (401, 403), a validator (400), throttling or a quota (429), or a path is unknown (403). Without Access-Control-Allow-Origin on DEFAULT_4XX the page " +
			"sees no status and no body, only TypeError: Failed to fetch, and the console blames CORS for what is something else.",
		Cure: Cure{Go: goPolicy, CloudFormation: `Errors4xx:
  Type: AWS::ApiGateway::GatewayResponse
  Properties:
    RestApiId: !Ref Api
    ResponseType: DEFAULT_4XX
    ResponseParameters:
      gatewayresponse.header.Access-Control-Allow-Origin: "'https://app.example.com'"`},
		Before: `Resources:
  Errors4xx: null`,
		After:  `Resources: {}`,
		Source: []string{docGW, "https://github.com/aws/aws-cdk/issues/33437"},
		check:  defaults("DEFAULT_4XX"),
	}, {
		ID:       "CORS302",
		Title:    "the gateway's 5XX answers cannot be read",
		Severity: Warning,
		Why: "API Gateway answers itself where an integration takes too long (504), fails, or a Lambda function raises an error or returns what is no proxy response (502). Without Access-Control-Allow-Origin on DEFAULT_5XX " +
			"the console blames CORS for every failure of the backend.",
		Cure: Cure{Go: goPolicy, CloudFormation: `Errors5xx:
  Type: AWS::ApiGateway::GatewayResponse
  Properties:
    RestApiId: !Ref Api
    ResponseType: DEFAULT_5XX
    ResponseParameters:
      gatewayresponse.header.Access-Control-Allow-Origin: "'https://app.example.com'"`},
		Before: `Resources:
  Errors5xx: null`,
		After:  `Resources: {}`,
		Source: []string{docGW},
		check:  defaults("DEFAULT_5XX"),
	}, {
		ID:       "CORS303",
		Title:    "a customised gateway response hides the CORS headers of its default",
		Severity: Warning,
		Why: "A gateway response of a type of its own takes nothing from DEFAULT_4XX or DEFAULT_5XX: neither headers, nor template, nor status. " +
			"Without Access-Control-Allow-Origin of its own the page cannot read it.",
		Cure: Cure{Go: "// every type that is customised gets the headers\n" + goPolicy, CloudFormation: `Unauthorized:
  Type: AWS::ApiGateway::GatewayResponse
  Properties:
    RestApiId: !Ref Api
    ResponseType: UNAUTHORIZED
    ResponseParameters:
      gatewayresponse.header.Access-Control-Allow-Origin: "'https://app.example.com'"`},
		Before: `Resources:
  Unauthorized:
    Type: AWS::ApiGateway::GatewayResponse
    Properties: {RestApiId: {Ref: Api}, ResponseType: UNAUTHORIZED, ResponseTemplates: {application/json: '{"error": "sign in"}'}}
  Deployment: {DependsOn: [ItemsGet, ItemsPut, ItemsOptions, StatusGet, StatusOptions, Errors4xx, Errors5xx, Unauthorized]}`,
		After: `Resources:
  Unauthorized:
    Type: AWS::ApiGateway::GatewayResponse
    Properties:
      RestApiId: {Ref: Api}
      ResponseType: UNAUTHORIZED
      ResponseParameters: {gatewayresponse.header.Access-Control-Allow-Origin: "'https://app.example.com'"}
      ResponseTemplates: {application/json: '{"error": "sign in"}'}
  Deployment: {DependsOn: [ItemsGet, ItemsPut, ItemsOptions, StatusGet, StatusOptions, Errors4xx, Errors5xx, Unauthorized]}`,
		Source: []string{docGW},
		check:  shadows,
	}}
}

// sendsOrigin says that a gateway response has Access-Control-Allow-Origin, and what.
func sendsOrigin(g gateway.GatewayResponse) (value string, ok bool) {
	for _, k := range sortedKeys(g.Parameters) {
		if strings.EqualFold(k, "gatewayresponse.header.Access-Control-Allow-Origin") {
			return g.Parameters[k], true
		}
	}
	return "", false
}

// hidden says why no page that the API is for can read a gateway response; empty if one can. An origin that only deployment
// knows is taken to be right, and what is no origin at all is for another rule.
func (v *View) hidden(g gateway.GatewayResponse) (why, console string) {
	value, ok := sendsOrigin(g)
	if !ok {
		return "has no Access-Control-Allow-Origin", v.refusal(nil, false)
	}
	origin, _ := apigw.Static(value)
	if len(v.Allowlist.Origins) == 0 || !IsOrigin(origin) || v.Allowlist.has(origin) || strings.HasSuffix(origin, standInHost) {
		return "", ""
	}
	return "has Access-Control-Allow-Origin " + origin + ", which no preflight allows", v.refusal(map[string]string{"access-control-allow-origin": value}, false)
}

func defaults(typ string) func(*View, reporter) {
	return func(v *View, report reporter) {
		g := v.API.GatewayResponse(typ)
		why, console := v.hidden(g)
		if why == "" || !v.usesCORS() || len(v.routes) == 0 {
			return
		}
		p := place{id: v.API.ID}
		if !g.Default {
			p = v.gatewayPlace(typ)
		}
		report(p, typ+" "+why, console)
	}
}

func shadows(v *View, report reporter) {
	if !v.usesCORS() {
		return
	}
	for _, typ := range apigw.GatewayResponseTypes() {
		g := v.API.GatewayResponse(typ)
		// What is customised for REQUEST_TOO_LARGE has no effect, and DEFAULT_4XX and DEFAULT_5XX have rules of their own.
		if g.Default || strings.HasPrefix(typ, "DEFAULT_") || typ == "REQUEST_TOO_LARGE" {
			continue
		}
		if why, console := v.hidden(g); why != "" {
			report(v.gatewayPlace(typ), typ+" is customised and "+why, console)
		}
	}
}
