package diagnose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// A mutation is one fault in a clean template and the rule that is to find it.
type mutation struct {
	name, want string
	change     string // as Before of a rule has it
	old, new   string // or text to be replaced, every time it stands in the template's JSON
}

const (
	optionsIntegration = "Resources: {ItemsOptions: {Properties: {Integration: "
	optionsHeader      = optionsIntegration + "{IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-"
	statusHeader       = "Resources: {StatusGet: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: "
	gatewayHeader      = "Resources: {Errors4xx: {Properties: {ResponseParameters: {gatewayresponse.header.Access-Control-Allow-Origin: "
	binary             = `Api: {Properties: {BinaryMediaTypes: ["*/*"]}}, StatusGet: {Properties: {Integration: {ContentHandling: CONVERT_TO_TEXT, IntegrationResponses: {ContentHandling: CONVERT_TO_TEXT}}}}`
)

// ofClean are faults in testdata/clean.yaml, an API for one origin.
var ofClean = []mutation{
	{"no OPTIONS on a resource", "CORS101", "Resources: {ItemsOptions: null}", "", ""},
	{"no OPTIONS on the mock's resource", "CORS119", "Resources: {StatusOptions: null}", "", ""},
	{"OPTIONS is spelled HEAD", "CORS101", "Resources: {ItemsOptions: {Properties: {HttpMethod: HEAD}}}", "", ""},
	{"OPTIONS on another resource", "CORS119", "Resources: {StatusOptions: {Properties: {ResourceId: {'Fn::GetAtt': [Api, RootResourceId]}}}}", "", ""},
	{"no OPTIONS on a resource with an API key", "CORS101", "Resources: {StatusOptions: null, StatusGet: {Properties: {ApiKeyRequired: true}}}", "", ""},
	{"a new resource without OPTIONS", "CORS101", "Resources: {New: {Type: 'AWS::ApiGateway::Resource', Properties: {RestApiId: {Ref: Api}, ParentId: {Ref: Items}, PathPart: '{id}'}}, NewDelete: {Type: 'AWS::ApiGateway::Method', Properties: {RestApiId: {Ref: Api}, ResourceId: {Ref: New}, HttpMethod: DELETE, AuthorizationType: NONE, Integration: {Type: HTTP_PROXY, Uri: 'https://backend.example.com', IntegrationHttpMethod: DELETE}}}}", "", ""},
	{"IAM on OPTIONS", "CORS102", "Resources: {ItemsOptions: {Properties: {AuthorizationType: AWS_IAM}}}", "", ""},
	{"Cognito on OPTIONS", "CORS102", "Resources: {ItemsOptions: {Properties: {AuthorizationType: COGNITO_USER_POOLS, AuthorizerId: {Ref: Users}}}, Users: {Type: 'AWS::ApiGateway::Authorizer', Properties: {RestApiId: {Ref: Api}, Type: COGNITO_USER_POOLS, IdentitySource: method.request.header.Authorization}}}", "", ""},
	{"a token authorizer on OPTIONS", "CORS102", "Resources: {StatusOptions: {Properties: {AuthorizationType: CUSTOM, AuthorizerId: {Ref: Token}}}, Token: {Type: 'AWS::ApiGateway::Authorizer', Properties: {RestApiId: {Ref: Api}, Type: TOKEN, IdentitySource: method.request.header.Authorization}}}", "", ""},
	{"a request authorizer on OPTIONS", "CORS102", "Resources: {StatusOptions: {Properties: {AuthorizationType: CUSTOM, AuthorizerId: {Ref: Token}}}, Token: {Type: 'AWS::ApiGateway::Authorizer', Properties: {RestApiId: {Ref: Api}, Type: REQUEST, IdentitySource: 'method.request.querystring.session'}}}", "", ""},
	{"ANY with IAM instead of OPTIONS", "CORS102", "Resources: {ItemsOptions: {Properties: {HttpMethod: ANY, AuthorizationType: AWS_IAM}}}", "", ""},
	{"an API key on OPTIONS", "CORS103", "Resources: {ItemsOptions: {Properties: {ApiKeyRequired: true}}}", "", ""},
	{"an API key on the other OPTIONS", "CORS103", "Resources: {StatusOptions: {Properties: {ApiKeyRequired: 'true'}}}", "", ""},
	{"a required header on OPTIONS", "CORS104", "Resources: {V: {Type: 'AWS::ApiGateway::RequestValidator', Properties: {RestApiId: {Ref: Api}, ValidateRequestParameters: true}}, ItemsOptions: {Properties: {RequestValidatorId: {Ref: V}, RequestParameters: {method.request.header.x-tenant: true}}}}", "", ""},
	{"a required parameter on OPTIONS", "CORS104", "Resources: {V: {Type: 'AWS::ApiGateway::RequestValidator', Properties: {RestApiId: {Ref: Api}, ValidateRequestParameters: true}}, StatusOptions: {Properties: {RequestValidatorId: {Ref: V}, RequestParameters: {method.request.querystring.lang: true}}}}", "", ""},
	{"a required body on OPTIONS", "CORS104", "Resources: {M: {Type: 'AWS::ApiGateway::Model', Properties: {RestApiId: {Ref: Api}, Name: Item, ContentType: application/json, Schema: {type: object}}}, V: {Type: 'AWS::ApiGateway::RequestValidator', Properties: {RestApiId: {Ref: Api}, ValidateRequestBody: true}}, ItemsOptions: {Properties: {RequestValidatorId: {Ref: V}, RequestModels: {application/json: {Ref: M}}}}}", "", ""},
	{"binary and no ContentHandling", "CORS105", "Resources: {" + binary + ", ItemsOptions: {Properties: {Integration: {ContentHandling: null}}}}", "", ""},
	{"binary JSON and no ContentHandling", "CORS105", "Resources: {Api: {Properties: {BinaryMediaTypes: [application/json]}}, StatusGet: {Properties: {Integration: {ContentHandling: CONVERT_TO_TEXT}}}, ItemsOptions: {Properties: {Integration: {ContentHandling: null}}}}", "", ""},
	{"binary, a response template and no ContentHandling on it", "CORS106", "Resources: {" + binary + ", ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ContentHandling: null, ResponseTemplates: {application/json: '#set($x = 1)'}}}}}}", "", ""},
	{"passthrough when no match", "CORS107", optionsIntegration + "{PassthroughBehavior: WHEN_NO_MATCH}}}}", "", ""},
	{"passthrough not given", "CORS107", optionsIntegration + "{PassthroughBehavior: null}}}}", "", ""},
	{"the mock's status is no number", "CORS108", optionsIntegration + `{RequestTemplates: {application/json: '{"statusCode": "ok"}'}}}}}`, "", ""},
	{"the mock gives no JSON", "CORS108", optionsIntegration + `{RequestTemplates: {application/json: 'ok'}}}}}`, "", ""},
	{"the mock's template does not parse", "CORS108", optionsIntegration + `{RequestTemplates: {application/json: '#if({"statusCode": 204}'}}}}}`, "", ""},
	{"the mock has no template", "CORS108", optionsIntegration + `{RequestTemplates: null}}}}`, "", ""},
	{"the mock's template is for another type", "CORS108", optionsIntegration + `{RequestTemplates: {application/json: null, text/plain: '{"statusCode": 204}'}}}}}`, "", ""},
	{"no integration response", "CORS108", optionsIntegration + `{IntegrationResponses: []}}}}`, "", ""},
	{"the only integration response is for another status", "CORS108", optionsIntegration + `{IntegrationResponses: {SelectionPattern: "5.."}}}}}`, "", ""},
	{"the status is 301", "CORS108", "Resources: {ItemsOptions: {Properties: {Integration: {IntegrationResponses: {StatusCode: '301'}}, MethodResponses: {StatusCode: '301'}}}}", "", ""},
	{"the status is 404", "CORS108", "Resources: {ItemsOptions: {Properties: {Integration: {IntegrationResponses: {StatusCode: '404'}}, MethodResponses: {StatusCode: '404'}}}}", "", ""},
	{"a response template that fails", "CORS108", optionsIntegration + `{IntegrationResponses: {ResponseTemplates: {application/json: "#set($context.responseOverride.status = 'x')"}}}}}}`, "", ""},
	{"no Allow-Origin", "CORS109", optionsHeader + "Allow-Origin: null}}}}}}", "", ""},
	{"another origin on one resource", "CORS118", optionsHeader + "Allow-Origin: \"'https://admin.example.com'\"}}}}}}", "", ""},
	{"Allow-Origin from a variable that is not there", "CORS109", optionsHeader + "Allow-Origin: stageVariables.origin}}}}}}", "", ""},
	{"Allow-Methods lacks PUT", "CORS110", optionsHeader + "Allow-Methods: \"'GET'\"}}}}}}", "", ""},
	{"Allow-Methods in lower case", "CORS110", optionsHeader + "Allow-Methods: \"'get,put'\"}}}}}}", "", ""},
	{"no Allow-Methods", "CORS110", optionsHeader + "Allow-Methods: null}}}}}}", "", ""},
	{"Allow-Methods misspelled", "CORS110", optionsHeader + "Allow-Methods: \"'GET,PUTT'\"}}}}}}", "", ""},
	{"a method added and not allowed", "CORS110", "Resources: {ItemsPut: {Properties: {HttpMethod: PATCH}}}", "", ""},
	{"an API key that may not be sent", "CORS111", "Resources: {ItemsPut: {Properties: {ApiKeyRequired: true}}}", "", ""},
	{"Authorization that may not be sent", "CORS111", "Resources: {ItemsPut: {Properties: {AuthorizationType: AWS_IAM}}, ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: \"'content-type'\"}}}}}}", "", ""},
	{"the authorizer's own header may not be sent", "CORS111", "Resources: {ItemsPut: {Properties: {AuthorizationType: CUSTOM, AuthorizerId: {Ref: Token}}}, Token: {Type: 'AWS::ApiGateway::Authorizer', Properties: {RestApiId: {Ref: Api}, Type: TOKEN, IdentitySource: method.request.header.X-Session}}}", "", ""},
	{"* for Authorization", "CORS112", "Resources: {ItemsPut: {Properties: {AuthorizationType: AWS_IAM}}, ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: \"'*'\"}}}}}}", "", ""},
	{"a day of Max-Age", "CORS117", optionsHeader + "Max-Age: \"'86400'\"}}}}}}", "", ""},
	{"Max-Age is no number", "CORS117", optionsHeader + "Max-Age: \"'2h'\"}}}}}}", "", ""},
	{"Allow-Origin not declared", "CORS201", "Resources: {ItemsOptions: {Properties: {MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: null}}}}}", "", ""},
	{"no method response", "CORS201", "Resources: {ItemsOptions: {Properties: {MethodResponses: []}}}", "", ""},
	{"the method response has another status", "CORS201", "Resources: {ItemsOptions: {Properties: {MethodResponses: {StatusCode: '200'}}}}", "", ""},
	{"the mock's header not declared", "CORS201", "Resources: {StatusGet: {Properties: {MethodResponses: {ResponseParameters: null}}}}", "", ""},
	{"a header declared only", "CORS202", "Resources: {ItemsOptions: {Properties: {MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Expose-Headers: true}}}}}", "", ""},
	{"Allow-Headers declared only", "CORS202", optionsHeader + "Allow-Headers: null}}}}}}", "", ""},
	{"Allow-Origin without quotes", "CORS203", optionsHeader + "Allow-Origin: 'https://app.example.com'}}}}}}", "", ""},
	{"* without quotes", "CORS203", optionsHeader + "Allow-Origin: '*'}}}}}}", "", ""},
	{"a quote missing", "CORS203", optionsHeader + "Allow-Methods: \"'GET,PUT\"}}}}}}", "", ""},
	{"the mock's header without quotes", "CORS203", statusHeader + "'https://app.example.com'}}}}}}", "", ""},
	{"a gateway response without quotes", "CORS203", gatewayHeader + "'*'}}}}", "", ""},
	{"two origins", "CORS204", statusHeader + "\"'https://app.example.com,https://app.example.com'\"}}}}}}", "", ""},
	{"two origins in the preflight", "CORS204", optionsHeader + "Allow-Origin: \"'https://app.example.com https://app.example.com'\"}}}}}}", "", ""},
	{"two origins in a gateway response", "CORS204", gatewayHeader + "\"'https://app.example.com,https://b.example.com'\"}}}}", "", ""},
	{"a slash at the end", "CORS205", optionsHeader + "Allow-Origin: \"'https://app.example.com/'\"}}}}}}", "", ""},
	{"capitals", "CORS205", optionsHeader + "Allow-Origin: \"'https://App.example.com'\"}}}}}}", "", ""},
	{"the default port", "CORS205", optionsHeader + "Allow-Origin: \"'https://app.example.com:443'\"}}}}}}", "", ""},
	{"no scheme", "CORS205", optionsHeader + "Allow-Origin: \"'app.example.com'\"}}}}}}", "", ""},
	{"a path in the mock's header", "CORS205", statusHeader + "\"'https://app.example.com/shop'\"}}}}}}", "", ""},
	{"null", "CORS205", gatewayHeader + "\"'null'\"}}}}", "", ""},
	{"a pattern in the header", "CORS205", statusHeader + "\"'https://*.example.com'\"}}}}}}", "", ""},
	{"* with credentials", "CORS206", "Resources: {ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: \"'*'\", method.response.header.Access-Control-Allow-Credentials: \"'true'\"}}}, MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: true}}}}}", "", ""},
	{"* with credentials in a gateway response", "CORS206", "Resources: {Errors5xx: {Properties: {ResponseParameters: {gatewayresponse.header.Access-Control-Allow-Origin: \"'*'\", gatewayresponse.header.Access-Control-Allow-Credentials: \"'true'\"}}}}", "", ""},
	{"an echo without Vary", "CORS207", gatewayHeader + "method.request.header.Origin}}}}", "", ""},
	{"the mock has no header", "CORS208", "Resources: {StatusGet: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: null}}, MethodResponses: {ResponseParameters: null}}}}", "", ""},
	{"an error's answer has no header", "CORS208", `Resources: {StatusGet: {Properties: {Integration: {IntegrationResponses: [{StatusCode: "200", ResponseParameters: {method.response.header.Access-Control-Allow-Origin: "'https://app.example.com'"}}, {StatusCode: "500", SelectionPattern: "5.."}]}}}}`, "", ""},
	{"another origin in the mock", "CORS208", statusHeader + "\"'https://admin.example.com'\"}}}}}}", "", ""},
	{"no DEFAULT_4XX", "CORS301", "Resources: {Errors4xx: null}", "", ""},
	{"DEFAULT_4XX without the header", "CORS301", gatewayHeader + "null}}}}", "", ""},
	{"no DEFAULT_5XX", "CORS302", "Resources: {Errors5xx: null}", "", ""},
	{"DEFAULT_5XX is of another type", "CORS302", "Resources: {Errors5xx: {Properties: {ResponseType: INTEGRATION_TIMEOUT}}}", "", ""},
	{"UNAUTHORIZED customised without the header", "CORS303", "Resources: {U: {Type: 'AWS::ApiGateway::GatewayResponse', Properties: {RestApiId: {Ref: Api}, ResponseType: UNAUTHORIZED, StatusCode: 401}}}", "", ""},
	{"THROTTLED customised without the header", "CORS303", "Resources: {U: {Type: 'AWS::ApiGateway::GatewayResponse', Properties: {RestApiId: {Ref: Api}, ResponseType: THROTTLED, ResponseParameters: {gatewayresponse.header.Retry-After: \"'1'\"}}}}", "", ""},
	{"a gateway response after the deployment", "CORS401", "Resources: {Deployment: {DependsOn: [ItemsGet, ItemsPut, ItemsOptions, StatusGet, StatusOptions, Errors4xx]}}", "", ""},
	{"OPTIONS after the deployment", "CORS401", "Resources: {Deployment: {DependsOn: [ItemsGet, ItemsPut, StatusGet, StatusOptions, Errors4xx, Errors5xx]}}", "", ""},
	{"a gateway response for which nothing before the deployment waits", "CORS401", "Resources: {Deployment: {DependsOn: [ItemsGet, ItemsOptions, StatusGet, StatusOptions, Errors4xx]}, ItemsGet: {DependsOn: ItemsPut}}", "", ""},
	{"a cache of a stage whose name is a parameter", "CORS402", "{Parameters: {Name: {Type: String}}, Resources: {Stage: {Properties: {StageName: {Ref: Name}, CacheClusterEnabled: true, MethodSettings: [{HttpMethod: '*', ResourcePath: '/*', CachingEnabled: true}]}}}}", "", ""},
	{"a cache for all", "CORS402", "Resources: {Stage: {Properties: {CacheClusterEnabled: true, MethodSettings: [{HttpMethod: '*', ResourcePath: '/*', CachingEnabled: true}]}}}", "", ""},
	{"a cache for one", "CORS402", "Resources: {Stage: {Properties: {CacheClusterEnabled: true, MethodSettings: [{HttpMethod: GET, ResourcePath: /items, CachingEnabled: true}]}}}", "", ""},
	{"a policy without OPTIONS", "CORS403", `Resources: {Api: {Properties: {Policy: {Statement: [{Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: ["execute-api:/*/GET/*", "execute-api:/*/PUT/*"]}]}}}}`, "", ""},
	{"a policy that denies OPTIONS", "CORS403", `Resources: {Api: {Properties: {Policy: {Statement: [{Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: "execute-api:/*"}, {Effect: Deny, Principal: "*", Action: "execute-api:*", Resource: "execute-api:/prod/OPTIONS/status"}]}}}}`, "", ""},
	{"a policy for everything but OPTIONS", "CORS403", `Resources: {Api: {Properties: {Policy: {Statement: [{Effect: Allow, Principal: "*", Action: "execute-api:Invoke", NotResource: "execute-api:/*/OPTIONS/*"}]}}}}`, "", ""},
	{"a challenge", "CORS404", `Resources: {W: {Type: "AWS::WAFv2::WebACL", Properties: {Rules: [{Name: bots, Action: {Challenge: {}}}]}}, A: {Type: "AWS::WAFv2::WebACLAssociation", Properties: {ResourceArn: {"Fn::Sub": "arn:aws:apigateway:x::/restapis/${Api}/stages/prod"}, WebACLArn: {"Fn::GetAtt": [W, Arn]}}}}`, "", ""},
	{"a domain without a mapping", "CORS405", "Resources: {D: {Type: 'AWS::ApiGateway::DomainName', Properties: {DomainName: api.example.com}}}", "", ""},
	{"another list in the function", "CORS406", "Resources: {Function: {Properties: {Environment: {Variables: {CORS_ORIGINS: 'https://app.example.com,https://old.example.com'}}}}}", "", ""},
	{"everyone in the function", "CORS406", "Resources: {Function: {Properties: {Environment: {Variables: {CORS_ALLOW_ORIGIN: '*'}}}}}", "", ""},
}

// ofCatalog are faults in what corsgate makes of three origins and patterns, whose preflights a mapping template answers.
var ofCatalog = []mutation{
	{"no variables", "CORS407", "Resources: {CatalogDeploymentStageprod3F14D72A: {Properties: {Variables: null}}}", "", ""},
	{"a malformed list", "CORS407", "Resources: {CatalogDeploymentStageprod3F14D72A: {Properties: {Variables: {corsOrigins: 'app.example.com'}}}}", "", ""},
	{"a malformed companion", "CORS407", "Resources: {CatalogDeploymentStageprod3F14D72A: {Properties: {Variables: {corsMaxAge: '2h'}}}}", "", ""},
	{"dots not escaped", "CORS115", "", `.replaceAll(\"[.]\", \"[.]\")`, ``},
	{"a pattern for any text", "CORS116", "", `$corsOrigin.matches($corsRegex)`, `$corsOrigin.matches(\".*($corsRegex).*\")`},
	{"every origin", "CORS116", "", `$corsOrigin.matches($corsRegex)`, `$corsOrigin != \"x\"`},
	{"the capital letter alone", "CORS109", "", `get(\"origin\"))`, `get(\"ORIGIN\"))#set($corsOrigin = $input.params().header.get(\"ORIGIN\"))`},
	{"the query string", "CORS114", "", `$input.params().header.get(\"origin\")`, `$input.params(\"origin\")`},
	{"no Vary", "CORS207", "", `"method.response.header.Vary": "'Origin'"`, `"method.response.header.Vary": "'Accept'"`},
	{"the template is broken", "CORS108", "", `{\"statusCode\": 403}\n#end`, `{\"statusCode\": 403}`},
	{"the allowed are answered as the refused", "CORS109", "", `{\"statusCode\": 204}`, `{\"statusCode\": 403}`},
}

func mutate(t testing.TB, base string, m mutation) *Report {
	t.Helper()
	d, err := ParseDocument("t.yaml", []byte(base))
	if err != nil {
		t.Fatal(err)
	}
	if m.change != "" {
		return checkTree(t, merge(d.root, tree(t, m.change)))
	}
	text := strings.ReplaceAll(base, m.old, m.new)
	if text == base {
		t.Fatalf("%s: nothing to replace", m.name)
	}
	if d, err = ParseDocument("t.json", []byte(text)); err != nil {
		t.Fatalf("%s: %v", m.name, err)
	}
	return Check([]*Document{d}, nil, nil)
}

// TestMutation holds that single faults are found by the right rule, and that no other rule calls them errors.
func TestMutation(t *testing.T) {
	catalog, err := os.ReadFile("../../test/templates/catalog.template.json")
	if err != nil {
		t.Fatal(err)
	}
	found, missed, other := 0, 0, 0
	for _, set := range []struct {
		base      string
		mutations []mutation
	}{{cleanText(t), ofClean}, {string(catalog), ofCatalog}} {
		for _, m := range set.mutations {
			rep := mutate(t, set.base, m)
			got := ids(rep)
			if got[m.want] == 0 || len(rep.Crashed) > 0 {
				missed++
				t.Errorf("%s: %s does not find it\n%s", m.name, m.want, listing(rep))
				continue
			}
			found++
			for _, f := range rep.Findings {
				if f.Severity == Error && f.Rule != m.want {
					other++
					t.Errorf("%s (%s): also %s\n%s", m.name, m.want, f.Rule, listing(rep))
					break
				}
			}
		}
	}
	t.Logf("%d single faults: %d found by their rule, %d missed, %d with another error", found+missed, found, missed, other)
}

// TestDamaged holds that no template, however damaged, crashes the check, or hangs it beyond the time that go test gives.
func TestDamaged(t *testing.T) {
	var bases [][]byte
	for _, f := range []string{"testdata/clean.yaml", "testdata/sam/auth-default.yaml", "testdata/frameworks/chalice-1.34.0.yaml", "testdata/frameworks/serverless-3.40.0.json",
		"../../test/templates/catalog.template.json", "../../test/templates/cdk-three-origins.template.json"} {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		bases = append(bases, b)
	}
	rng := rand.New(rand.NewPCG(4, 1))
	n, checked := 1000, 0
	if testing.Short() {
		n = 100
	}
	values := []any{nil, true, "", "x", json.Number("-1"), []any{}, map[string]any{}, []any{nil}, map[string]any{"Ref": "Nothing"}, map[string]any{"Fn::GetAtt": []any{}}, map[string]any{"Fn::Join": "x"}, map[string]any{"Fn::If": []any{"x", nil, nil}}}
	for i := range n {
		base := bases[i%len(bases)]
		text := bytes.Clone(base)
		switch i / len(bases) % 4 {
		case 0:
			text = text[:rng.IntN(len(text))]
		case 1:
			const bytes = "{}[]\"',:&*!\x00 \n\xff#$0a"
			for range 1 + rng.IntN(5) {
				text[rng.IntN(len(text))] = bytes[rng.IntN(len(bytes))]
			}
		case 2:
			at := rng.IntN(len(text))
			end := min(len(text), at+rng.IntN(200))
			text = append(text[:at:at], text[end:]...)
		case 3:
			d, err := ParseDocument("t.yaml", base)
			if err != nil {
				t.Fatal(err)
			}
			for range 1 + rng.IntN(4) {
				damage(rng, d.root, values)
			}
			if text, err = json.Marshal(d.root); err != nil {
				t.Fatal(err)
			}
		}
		d, err := ParseDocument("t.yaml", text)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %v", err)
			}
			continue
		}
		checked++
		if rep := Check([]*Document{d}, nil, nil); len(rep.Crashed) > 0 {
			t.Errorf("%v\n%s", rep.Crashed, text)
		}
	}
	t.Logf("%d damaged templates, %d of them still templates", n, checked)
}

// damage puts another value in a random place.
func damage(rng *rand.Rand, v any, values []any) {
	switch x := v.(type) {
	case map[string]any:
		keys := sortedKeys(x)
		if len(keys) == 0 {
			return
		}
		k := keys[rng.IntN(len(keys))]
		switch {
		case rng.IntN(6) == 0:
			x[k] = values[rng.IntN(len(values))]
		case rng.IntN(12) == 0:
			delete(x, k)
		default:
			damage(rng, x[k], values)
		}
	case []any:
		if len(x) == 0 {
			return
		}
		i := rng.IntN(len(x))
		if rng.IntN(4) == 0 {
			x[i] = values[rng.IntN(len(values))]
			return
		}
		damage(rng, x[i], values)
	}
}

// large gives a template of so many routes, each with a preflight by corsgate's mapping template.
func large(b *testing.B, routes int) []byte {
	text, err := os.ReadFile("../../test/templates/catalog.template.json")
	if err != nil {
		b.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		b.Fatal(err)
	}
	all := root["Resources"].(map[string]any)
	for i := range routes {
		for old, id := range map[string]string{"CatalogcartsEDFCB82D": "R", "CatalogcartspricePOSTE437B5FA": "M", "CatalogcartspriceOPTIONS67641265": "O"} {
			one, err := json.Marshal(all[old])
			if err != nil {
				b.Fatal(err)
			}
			s := strings.ReplaceAll(string(one), `"carts"`, fmt.Sprintf(`"part%d"`, i))
			s = strings.ReplaceAll(s, "Catalogcartsprice4E7741AC", fmt.Sprintf("R%d", i))
			all[fmt.Sprintf("%s%d", id, i)] = json.RawMessage(s)
		}
	}
	if text, err = json.Marshal(root); err != nil {
		b.Fatal(err)
	}
	return text
}

// BenchmarkCheck has templates of 10 to 1,000 routes; about 330 make 1 MB.
func BenchmarkCheck(b *testing.B) {
	for _, routes := range []int{10, 100, 330, 1000} {
		text := large(b, routes)
		b.Run(fmt.Sprintf("%d routes", routes), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				d, err := ParseDocument("t.json", text)
				if err != nil {
					b.Fatal(err)
				}
				if rep := Check([]*Document{d}, nil, nil); len(rep.Crashed) > 0 || rep.Checked[0].Routes < routes {
					b.Fatal(listing(rep))
				}
			}
		})
	}
}
