package cfn

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestServerlessGenerated holds that templates drawn at random come to what the translator makes of them, and are refused
// where it refuses them.
func TestServerlessGenerated(t *testing.T) {
	const count, each = 200, 200
	for first := 0; first < count; first += each {
		sources := map[string]string{}
		templates := map[string]any{}
		for seed := first; seed < first+each; seed++ {
			name := fmt.Sprint(seed)
			sources[name] = drawnTemplate(rand.New(rand.NewPCG(uint64(seed), 11)))
			templates[name] = parsed(t, sources[name])
		}
		taken := 0
		for name, want := range translated(t, templates) {
			if want.Template != nil {
				taken++
			}
			if want.Template != nil {
				want.Template = projected(t, want.Template, "testdata/sam/generated")
			}
			for _, d := range differing(t, parsed(t, sources[name]), "testdata/sam/generated", "", want) {
				t.Errorf("%s\n%s", d, sources[name])
			}
		}
		if taken < each/3 {
			t.Errorf("of %d templates the translator takes only %d", each, taken)
		}
	}
}

func parsed(t *testing.T, text string) map[string]any {
	t.Helper()
	v, err := ReadText("a.yaml", []byte(text), nil)
	root, ok := v.(map[string]any)
	if err != nil || !ok {
		t.Fatal(err, text)
	}
	return root
}

// drawnTemplate is a template in YAML. About one in three has something that SAM refuses.
func drawnTemplate(r *rand.Rand) string {
	one := func(from ...string) string { return from[r.IntN(len(from))] }
	// object is some of the members, each with one of its values.
	object := func(odds int, members ...[]string) string {
		var out []string
		for _, m := range members {
			if r.IntN(100) < odds {
				out = append(out, m[0]+": "+one(m[1:]...))
			}
		}
		return "{" + strings.Join(out, ", ") + "}"
	}
	rarely := func(v, other string) string {
		if r.IntN(25) == 0 {
			return v
		}
		return other
	}
	origin := []string{"AllowOrigin", `"'*'"`, `"'https://app.example.com'"`, `!If [Prod, "'https://a.example'", "'*'"]`, `!Ref Origin`, `!Sub "'https://${Origin}'"`}
	cors := func() string {
		return one(`"'*'"`, `!If [Prod, "'https://a.example'", "'*'"]`, `!Ref Origin`, object(50, origin,
			[]string{"AllowHeaders", `"'X'"`, `""`, `!Ref Origin`}, []string{"AllowMethods", `"'GET'"`, `!If [Prod, "'GET'", "'PUT'"]`},
			[]string{"MaxAge", `"'600'"`, "0"}, []string{"AllowCredentials", rarely("true", "false"), `"true"`, "!If [Prod, true, false]"}, []string{rarely("AllowOrigins", "MaxAge"), `"'1'"`}))
	}
	policy := func() string {
		return object(25, []string{"AwsAccountWhitelist", `["111122223333"]`, `[!Ref Origin]`}, []string{"AwsAccountBlacklist", `["444455556666"]`},
			[]string{"IpRangeWhitelist", "[10.0.0.0/8]", "10.0.0.0/8"}, []string{"IpRangeBlacklist", "[10.1.0.0/16]"}, []string{"SourceVpcWhitelist", "[vpc-1, vpce-2]", rarely("[!Ref Origin]", "[]")},
			[]string{"SourceVpcBlacklist", "[vpce-3]"}, []string{"IntrinsicVpcWhitelist", "[!Ref Origin]"}, []string{"IntrinsicVpceBlacklist", "[!Ref Origin]"},
			[]string{"CustomStatements", `{Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: "*"}`, `[{Effect: Deny, Principal: "*", Action: "execute-api:*", Resource: !Ref Origin}]`})
	}
	auth := func() string {
		authorizers := `{Users: ` + object(60, []string{"AuthorizationScopes", "[a, b]"}, []string{"Identity", "{Header: X-Token, ValidationExpression: x}"}) + `, Check: ` +
			object(60, []string{"FunctionPayloadType", "REQUEST", "TOKEN"}, []string{"Identity", "{Headers: [Authorization], ReauthorizeEvery: 0}", "{QueryStrings: [q], Header: X}"}, []string{"FunctionInvokeRole", "NONE", "!Ref Origin"}, []string{"DisableFunctionDefaultPermissions", "true"}) + `}`
		authorizers = strings.NewReplacer("Users: {", "Users: {UserPoolArn: !Ref Origin, ", "Check: {", "Check: {FunctionArn: !Ref Origin, ").Replace(authorizers)
		return object(40, []string{"DefaultAuthorizer", "Users", "Check", "AWS_IAM", "!Ref Name", rarely("Nobody", "Users")}, []string{"Authorizers", authorizers, authorizers, authorizers},
			[]string{"ApiKeyRequired", "true", "false", "!Ref No", "!If [Prod, true, false]"}, []string{"AddDefaultAuthorizerToCorsPreflight", "true", "false", `"false"`, "!Ref No"},
			[]string{"AddApiKeyRequiredToCorsPreflight", "false", "true", `!If [Prod, true, false]`}, []string{"InvokeRole", "NONE", "CALLER_CREDENTIALS", "!Ref Origin"},
			[]string{"ResourcePolicy", policy()}, []string{"UsagePlan", "{CreateUsagePlan: PER_API}", "{CreateUsagePlan: NONE}"})
	}
	responses := func() string {
		headers := `{Headers: {Access-Control-Allow-Origin: ` + one(`"'*'"`, `!If [Prod, "'a'", "'b'"]`) + `}}`
		return object(60, []string{"DEFAULT_4XX", "{ResponseParameters: " + headers + "}", "{StatusCode: 403}", rarely("{Headers: {}}", `{StatusCode: "400"}`)}, []string{"UNAUTHORIZED", "{ResponseTemplates: {application/json: '{}'}, ResponseParameters: " + headers + "}"})
	}
	apiProperties := func(global bool) string {
		members := [][]string{{"Cors", cors()}, {"Auth", auth()}, {"GatewayResponses", responses()}, {"BinaryMediaTypes", `["*~1*"]`, `[image/png, !Ref Origin]`}, {"Variables", "{a: b}", "{c: !Ref Origin}"},
			{"OpenApiVersion", "3.0.1", `"2.0"`, rarely("x", "3.0.3")}, {"EndpointConfiguration", "REGIONAL", "{Type: PRIVATE, VPCEndpointIds: [a]}", "!If [Prod, EDGE, REGIONAL]"}, {"Name", "a", "!Ref Origin"},
			{"Domain", "{DomainName: a.example.com, CertificateArn: c, BasePath: [a, b-c]}", "{DomainName: !Ref Origin, CertificateArn: c, EndpointConfiguration: EDGE}"}}
		if !global {
			members = append(members, []string{"Models", "{Cart: {type: object}}"}, []string{"DisableExecuteApiEndpoint", "true", "false"}, []string{"FailOnWarnings", "true"}, []string{"Description", "a"}, []string{"Mode", "overwrite"}, []string{rarely("MergeDefinitions", "FailOnWarnings"), "true"})
		}
		return object(35, members...)
	}
	eventAuth := func() string {
		return object(30, []string{"Authorizer", "Users", "Check", "AWS_IAM", "NONE", rarely("!Ref Name", "NONE")}, []string{"ApiKeyRequired", "true", "!If [Prod, true, false]", rarely("false", "true")}, []string{rarely("AuthorizationScopes", "InvokeRole"), "[]"},
			[]string{"InvokeRole", "NONE", "CALLER_CREDENTIALS", "!Ref Origin"}, []string{"ResourcePolicy", policy()}, []string{rarely("OverrideApiAuth", "ApiKeyRequired"), "true"})
	}
	event := func(machine bool) string {
		path := one("/", "/items", "/items/", "'/items/{id}'", "'/{proxy+}'", "/body")
		members := [][]string{{"Auth", eventAuth()}}
		if !machine {
			members = append(members, []string{"RequestParameters", "[method.request.header.X]", "[{method.request.querystring.q: {Caching: true, Required: true}}]"}, []string{"TimeoutInMillis", "100"},
				[]string{"RequestModel", "{Model: Cart, Required: true}", rarely("{Model: Cart, ValidateBody: 1}", "{Model: Cart, ValidateBody: true}")}, []string{rarely("Cors", "TimeoutInMillis"), "1"})
			if r.IntN(3) > 0 {
				members[3] = members[2]
			}
		} else {
			members = append(members, []string{"UnescapeMappingTemplate", "true"})
		}
		p := strings.TrimSuffix(object(25, members...), "}")
		if len(p) > 1 {
			p += ", "
		}
		p += "Path: " + path + ", Method: " + one("get", "POST", "any", "options", "put", "delete") + "}"
		if r.IntN(2) == 0 {
			p = strings.TrimSuffix(p, "}") + ", RestApiId: !Ref " + one("Shop", "Shop", rarely("Gone", "Shop")) + "}"
		}
		return "{Type: Api, Properties: " + p + "}"
	}
	var b strings.Builder
	b.WriteString(`Transform: AWS::Serverless-2016-10-31
Parameters: {Origin: {Type: String, Default: app.example.com}, Name: {Type: String, Default: Users}, No: {Type: String, Default: "false"}}
Conditions: {Prod: !Equals [!Ref Origin, a], Dev: !Not [!Condition Prod]}
`)
	if r.IntN(2) == 0 {
		fmt.Fprintf(&b, "Globals: {Api: %s, Function: %s}\n", apiProperties(true), object(50, []string{"Timeout", "3"}, []string{"Environment", "{Variables: {A: !Ref Origin}}"}, []string{"Architectures", "[arm64]"}))
	}
	b.WriteString("Resources:\n")
	condition := func() string {
		return one("", "", "", "Condition: Prod, ", "Condition: Dev, ")
	}
	bodies := []string{"", "", "", `DefinitionBody: {openapi: 3.0.1, info: {title: a, version: "1"}, paths: {/body: {get: {responses: {}, x-amazon-apigateway-integration: {type: mock}, security: [{Users: []}]}, parameters: []}, /c: {x-amazon-apigateway-any-method: {x-amazon-apigateway-integration: {type: mock}}}}}`,
		`DefinitionBody: {swagger: "2.0", paths: {/body: {post: {x-amazon-apigateway-integration: {type: mock}}, options: {x-amazon-apigateway-integration: {type: mock}}}}}`, rarely("DefinitionUri: s3://bucket/key", "")}
	p := strings.TrimSuffix(apiProperties(false), "}")
	for _, more := range []string{"StageName: " + one("v1", "!Ref Origin", "a-b"), one(bodies...)} {
		if more != "" {
			if len(p) > 1 {
				p += ", "
			}
			p += more
		}
	}
	fmt.Fprintf(&b, "  Shop: {Type: AWS::Serverless::Api, %sProperties: %s}}\n", condition(), p)
	for i := range 1 + r.IntN(3) {
		var events []string
		for j := range r.IntN(4) {
			events = append(events, fmt.Sprintf("E%d: %s", j, event(false)))
		}
		alias := one("", "", "AutoPublishAlias: live, ")
		fmt.Fprintf(&b, "  F%d: {Type: AWS::Serverless::Function, %sProperties: {%sRuntime: nodejs22.x, Handler: a.b, InlineCode: x, Events: {%s}}}\n", i, condition(), alias, strings.Join(events, ", "))
	}
	if r.IntN(3) == 0 {
		fmt.Fprintf(&b, "  Runs: {Type: AWS::Serverless::StateMachine, %sProperties: {Definition: {StartAt: A, States: {}}, Events: {E: %s}}}\n", condition(), event(true))
	}
	b.WriteString("Outputs: {Stage: {Value: !Ref Shop.Stage}}\n")
	return b.String()
}
