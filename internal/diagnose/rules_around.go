package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/exchange"
	"github.com/corsgate/corsgate/internal/fetch"
)

func aroundRules() []Rule {
	return []Rule{{
		ID:       "CORS401",
		Title:    "the deployment does not wait for a CORS resource",
		Severity: Warning,
		Why: "A stage serves what its deployment saw when it was made. The deployment waits for methods of the API and not for this resource: it may be made first, and then the stage answers without it until somebody deploys again. " +
			"In CDK that happens with CfnGatewayResponse and CfnMethod; their changes do not make a new deployment either.",
		Cure: Cure{Go: `api.LatestDeployment().Node().AddDependency(resource)
api.LatestDeployment().AddToLogicalId(map[string]any{"errors": "1"}) // or use api.AddGatewayResponse, which does both`, CloudFormation: `Deployment:
  Type: AWS::ApiGateway::Deployment
  DependsOn: [ItemsGet, ItemsOptions, Errors4xx, Errors5xx]`},
		Before: `Resources:
  Deployment: {DependsOn: [ItemsGet, ItemsPut, ItemsOptions, StatusGet, StatusOptions, Errors5xx]}`,
		After:  `Resources: {}`,
		Source: []string{"https://github.com/aws/aws-cdk/issues/10963", "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-deployment.html"},
		check:  deployment,
	}, {
		ID:       "CORS402",
		Title:    "the stage's cache does not tell origins apart",
		Severity: Warning,
		Why: "The stage keeps answers of GET methods, with their headers. The key has no Origin in it, so a page gets what was made for another one, or for a request without Origin, and its browser refuses it. " +
			"Vary means nothing to this cache.",
		Cure: Cure{Go: `items.AddMethod(jsii.String("GET"), awsapigateway.NewLambdaIntegration(fn, &awsapigateway.LambdaIntegrationOptions{
	CacheKeyParameters: jsii.Strings("method.request.header.Origin"),
}), &awsapigateway.MethodOptions{RequestParameters: &map[string]*bool{"method.request.header.Origin": jsii.Bool(false)}})`, CloudFormation: `ItemsGet:
  Properties:
    RequestParameters: {method.request.header.Origin: false}
    Integration:
      CacheKeyParameters: [method.request.header.Origin]`},
		Before: `Resources:
  Stage:
    Properties: {CacheClusterEnabled: true, CacheClusterSize: "0.5", MethodSettings: [{HttpMethod: "*", ResourcePath: "/*", CachingEnabled: true}]}`,
		After: `Resources:
  Stage:
    Properties: {CacheClusterEnabled: true, CacheClusterSize: "0.5", MethodSettings: [{HttpMethod: "*", ResourcePath: "/*", CachingEnabled: true}]}
  ItemsGet:
    Properties:
      RequestParameters: {method.request.header.Origin: false}
      Integration: {CacheKeyParameters: [method.request.header.Origin]}`,
		Source: []string{"https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html", "https://github.com/serverless/serverless/issues/4270"},
		check:  cache,
	}, {
		ID:       "CORS403",
		Title:    "the resource policy refuses preflights",
		Severity: Error,
		Why: "A preflight is anonymous. A resource policy that allows only certain principals, or that does not name OPTIONS, refuses it with 403, " +
			"before any method is looked for.",
		Cure: Cure{Go: `iam.NewPolicyStatement(&iam.PolicyStatementProps{
	Principals: &[]iam.IPrincipal{iam.NewAnyPrincipal()},
	Actions:    jsii.Strings("execute-api:Invoke"),
	Resources:  jsii.Strings("execute-api:/*/OPTIONS/*"),
})`, CloudFormation: `Api:
  Properties:
    Policy:
      Version: "2012-10-17"
      Statement:
        - {Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: "execute-api:/*/OPTIONS/*"}`},
		Before: `Resources:
  Api:
    Properties:
      Policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {AWS: "arn:aws:iam::111111111111:root"}, Action: "execute-api:Invoke", Resource: "execute-api:/*"}]}`,
		After: `Resources:
  Api:
    Properties:
      Policy:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {AWS: "arn:aws:iam::111111111111:root"}, Action: "execute-api:Invoke", Resource: "execute-api:/*"}
          - {Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: "execute-api:/*/OPTIONS/*"}`,
		Source: []string{"https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html", "https://github.com/serverless/serverless/pull/5071"},
		check:  policy,
	}, {
		ID:       "CORS404",
		Title:    "the firewall answers without CORS headers",
		Severity: Warning,
		Why: "A rule of AWS WAF with a custom response, a CAPTCHA or a challenge answers in the API's place; gateway responses are not asked. " +
			"Without Access-Control-Allow-Origin the page cannot read it, and a preflight fails whatever it has.",
		Cure: Cure{Go: `// in the rule: Action: Block with CustomResponse.ResponseHeaders, and a ScopeDownStatement that leaves OPTIONS out`, CloudFormation: `Action:
  Block:
    CustomResponse:
      ResponseCode: 403
      ResponseHeaders:
        - {Name: access-control-allow-origin, Value: https://app.example.com}`},
		Before: `Resources:
  Firewall:
    Type: AWS::WAFv2::WebACL
    Properties:
      Rules: [{Name: rate, Priority: 0, Action: {Block: {CustomResponse: {ResponseCode: 429}}}}]
  Association:
    Type: AWS::WAFv2::WebACLAssociation
    Properties: {ResourceArn: {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}::/restapis/${Api}/stages/prod"}, WebACLArn: {"Fn::GetAtt": [Firewall, Arn]}}`,
		After: `Resources:
  Firewall:
    Type: AWS::WAFv2::WebACL
    Properties:
      Rules: [{Name: rate, Priority: 0, Action: {Block: {CustomResponse: {ResponseCode: 429, ResponseHeaders: [{Name: access-control-allow-origin, Value: "https://app.example.com"}]}}}}]
  Association:
    Type: AWS::WAFv2::WebACLAssociation
    Properties: {ResourceArn: {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}::/restapis/${Api}/stages/prod"}, WebACLArn: {"Fn::GetAtt": [Firewall, Arn]}}`,
		Source: []string{"https://docs.aws.amazon.com/waf/latest/developerguide/customizing-the-response-for-blocked-requests.html"},
		check:  firewall,
	}, {
		ID:       "CORS405",
		Title:    "a custom domain leads to no API",
		Severity: Warning,
		Why: "A request to a custom domain whose path no base path mapping covers is answered with 403 Forbidden before it reaches an API: no method, no gateway response, no CORS header. " +
			"The browser's console speaks of CORS.",
		Cure: Cure{Go: `api.AddDomainName(jsii.String("Domain"), &awsapigateway.DomainNameOptions{DomainName: jsii.String("api.example.com"), Certificate: certificate}) // maps it, too`, CloudFormation: `Mapping:
  Type: AWS::ApiGateway::BasePathMapping
  Properties: {DomainName: !Ref Domain, RestApiId: !Ref Api, Stage: prod}`},
		Before: `Resources:
  Domain:
    Type: AWS::ApiGateway::DomainName
    Properties: {DomainName: api.example.com}`,
		After: `Resources:
  Domain:
    Type: AWS::ApiGateway::DomainName
    Properties: {DomainName: api.example.com}
  Mapping:
    Type: AWS::ApiGateway::BasePathMapping
    Properties: {DomainName: {Ref: Domain}, RestApiId: {Ref: Api}, Stage: prod}`,
		Source: []string{"https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html"},
		check:  domain,
	}, {
		ID:       "CORS406",
		Title:    "a function's list of origins is not the preflight's",
		Severity: Warning,
		Why: "The preflight allows one set of origins and the environment of the function behind it has another. A page on one of them only has its preflight pass and its answer refused, or the other way round: " +
			"the two lists have to be kept alike by hand.",
		Cure: Cure{Go: `fn := corsfunction.New(stack, jsii.String("Handler"), &corsfunction.Props{Entry: "./handler"}) // reads the stage's variables, which the preflight reads`, CloudFormation: `Function:
  Properties:
    Environment:
      Variables:
        ALLOWED_ORIGINS: https://app.example.com   # what OPTIONS allows`},
		Before: `Resources:
  Function:
    Properties: {Environment: {Variables: {ALLOWED_ORIGINS: "https://old.example.com"}}}`,
		After: `Resources:
  Function:
    Properties: {Environment: {Variables: {ALLOWED_ORIGINS: "https://app.example.com"}}}`,
		Source: []string{docCORS},
		check:  environment,
	}, {
		ID:       "CORS407",
		Title:    "the stage's variables hold no allowlist",
		Severity: Error,
		Why: "The mapping templates read the allowlist from the stage's variables (corsOrigins and those beside it). Without them, or with one that is malformed, they refuse everyone: " +
			"a list that cannot be read must not let anybody in.",
		Cure: Cure{Go: goPolicy + " // writes the variables of the stages it makes", CloudFormation: `Stage:
  Properties:
    Variables:
      corsOrigins: https://app.example.com,https://~.preview.example.com   # ~ stands for *`},
		Before: `Resources:
  ItemsOptions:
    Properties:
      Integration:
        RequestTemplates:
          application/json: |
            #set($corsOrigins = "$!stageVariables.corsOrigins")
            #if($corsOrigins != "" && $corsOrigins.contains("https://"))
            #set($context.responseOverride.header.Access-Control-Allow-Origin = "https://app.example.com")
            #end
            {"statusCode": 204}
        IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: null}}
  Stage:
    Properties: {Variables: {corsOrigins: "app.example.com/"}}`,
		After: `Resources:
  Stage:
    Properties: {Variables: {corsOrigins: "https://app.example.com"}}`,
		Source: []string{"docs/design/0001-allowlist-in-stage-variables.md"},
		check: faulty("CORS407", func(v *View, _ route, _ fault) string {
			return "the mapping template of OPTIONS reads stage variables that hold no allowlist; the stage is " + v.API.Stage
		}),
	}}
}

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
	for _, dep := range d.sorted("AWS::ApiGateway::Deployment") {
		// One that waits for no method at all is not made by this template's order, or fails to deploy for other reasons.
		if !mine(dep) || !slices.ContainsFunc(methods, func(m *resource) bool { return slices.Contains(dep.dependsOn, m.id) }) {
			continue
		}
		for _, w := range wanted {
			if !slices.Contains(dep.dependsOn, w.id) {
				p := place{id: w.id}
				if w.props["HttpMethod"] == "OPTIONS" {
					p.method = "OPTIONS"
				}
				report(p, "the deployment "+dep.id+" does not depend on "+w.id, "")
			}
		}
	}
}

func cache(v *View, report reporter) {
	if v.Allowlist.Any || !v.usesCORS() {
		return
	}
	for _, s := range v.Document.sorted("AWS::ApiGateway::Stage") {
		if !refersTo(s.props["RestApiId"], v.API.ID) || !truthy(s.props["CacheClusterEnabled"]) || s.props["StageName"] != v.API.Stage {
			continue
		}
		settings, _ := s.props["MethodSettings"].([]any)
		for _, r := range v.routes {
			if r.name != "GET" || r.method.Integration == nil || !cached(settings, r) {
				continue
			}
			i := r.method.Integration
			// An answer whose header is always the same may be kept.
			dynamic := strings.HasSuffix(i.Type, "_PROXY") || slices.ContainsFunc(i.RequestTemplates, overridesOrigin)
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
		return strings.EqualFold(s, "method.request.header.Origin")
	})
}

func dig(m map[string]any, keys ...string) map[string]any {
	for _, k := range keys {
		m, _ = m[k].(map[string]any)
	}
	return m
}

func policy(v *View, report reporter) {
	rest := v.Document.resources[v.API.ID]
	if rest == nil {
		return
	}
	doc, ok := rest.props["Policy"].(map[string]any)
	if !ok {
		doc = dig(rest.props, "Body", "x-amazon-apigateway-policy")
	}
	if len(doc) == 0 || isIntrinsic(doc) {
		return
	}
	for _, r := range v.routes {
		if !anonymous(doc, v.API.Stage+"/OPTIONS"+r.path) {
			console := ""
			plan, err := fetch.Prepare(fetch.Request{Origin: v.origin(), Method: r.name, URL: exchange.Base(v.API) + r.path, Header: fetch.Header{{Name: probeHeader, Value: "1"}}})
			if err == nil && plan.Preflight != nil {
				console = plan.CheckPreflight(&fetch.HTTPResponse{Status: 403}).Message
			}
			report(place{id: v.API.ID}, "the resource policy does not let an anonymous OPTIONS "+r.resource.Path+" in", console)
			return
		}
	}
}

// anonymous says that a policy lets in a request without an identity. A condition counts for the request in statements
// that allow, and in those that deny not against it: what it compares with is not known.
func anonymous(doc map[string]any, target string) bool {
	allowed := false
	for _, s := range oneOrMore(doc["Statement"]) {
		m, _ := s.(map[string]any)
		everyone := false
		switch p := m["Principal"].(type) {
		case string:
			everyone = p == "*"
		case map[string]any:
			everyone = slices.Contains(oneOrMore(p["AWS"]), any("*"))
		}
		if !everyone || !slices.ContainsFunc(oneOrMore(m["Action"]), func(a any) bool {
			return glob(flat(a), "execute-api:Invoke")
		}) {
			continue
		}
		if !slices.ContainsFunc(oneOrMore(m["Resource"]), func(r any) bool { return covers(flat(r), target) }) {
			continue
		}
		switch m["Effect"] {
		case "Allow":
			allowed = true
		case "Deny":
			if m["Condition"] == nil {
				return false
			}
		}
	}
	return allowed
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

// covers says that a policy's resource covers stage/METHOD/path.
func covers(resource, target string) bool {
	_, rest, ok := strings.Cut(resource, "/")
	if !ok {
		return strings.HasSuffix(resource, "*")
	}
	return glob(rest, target)
}

// glob matches as policies do: * is any text, ? any character.
func glob(pattern, s string) bool {
	var b strings.Builder
	b.WriteString(`(?is)^`)
	for _, r := range pattern {
		switch r {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	re, err := regexp.Compile(b.String() + "$")
	return err == nil && re.MatchString(s)
}

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
						return strings.EqualFold(name, "access-control-allow-origin")
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

func environment(v *View, report reporter) {
	if len(v.Allowlist.Origins) == 0 {
		return
	}
	for _, id := range v.API.Functions() {
		vars := dig(v.Document.resources[id].props, "Environment", "Variables")
		for _, name := range sortedKeys(vars) {
			text, ok := vars[name].(string)
			if !ok || !originVariable.MatchString(name) {
				continue
			}
			list := split(text)
			var extra, missing []string
			for _, o := range list {
				if o == "*" && !v.Allowlist.Any || isOrigin(o) && !v.Allowlist.has(o) {
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
