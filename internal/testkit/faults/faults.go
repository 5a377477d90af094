// Package faults has single faults in clean templates, for tests: of what reads a template, and of what asks an API that is
// served from it.
package faults

import "github.com/corsgate/corsgate/internal/rules"

// A Fault is one in a clean template.
type Fault struct {
	Name string
	// Rule is the rule of corsgate check that finds it.
	Rule rules.ID
	// Change is laid over the template as [Merge] does it, YAML.
	Change string
	// Old and New are text instead, to be replaced every time it stands in the template's JSON.
	Old, New string
}

const (
	optionsIntegration = "Resources: {ItemsOptions: {Properties: {Integration: "
	optionsHeader      = optionsIntegration + "{IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-"
	statusHeader       = "Resources: {StatusGet: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: "
	gatewayHeader      = "Resources: {Errors4xx: {Properties: {ResponseParameters: {gatewayresponse.header.Access-Control-Allow-Origin: "
	binary             = `Api: {Properties: {BinaryMediaTypes: ["*/*"]}}, StatusGet: {Properties: {Integration: {ContentHandling: CONVERT_TO_TEXT, IntegrationResponses: {ContentHandling: CONVERT_TO_TEXT}}}}`
)

// OfClean are faults in internal/check/testdata/clean.yaml, an API for one origin.
var OfClean = []Fault{
	{"no OPTIONS on a resource", rules.CORS101, "Resources: {ItemsOptions: null}", "", ""},
	{"no OPTIONS on the mock's resource", rules.CORS119, "Resources: {StatusOptions: null}", "", ""},
	{"OPTIONS is spelled HEAD", rules.CORS101, "Resources: {ItemsOptions: {Properties: {HttpMethod: HEAD}}}", "", ""},
	{"OPTIONS on another resource", rules.CORS119, "Resources: {StatusOptions: {Properties: {ResourceId: {'Fn::GetAtt': [Api, RootResourceId]}}}}", "", ""},
	{"no OPTIONS on a resource with an API key", rules.CORS101, "Resources: {StatusOptions: null, StatusGet: {Properties: {ApiKeyRequired: true}}}", "", ""},
	{"a new resource without OPTIONS", rules.CORS101, "Resources: {New: {Type: 'AWS::ApiGateway::Resource', Properties: {RestApiId: {Ref: Api}, ParentId: {Ref: Items}, PathPart: '{id}'}}, NewDelete: {Type: 'AWS::ApiGateway::Method', Properties: {RestApiId: {Ref: Api}, ResourceId: {Ref: New}, HttpMethod: DELETE, AuthorizationType: NONE, Integration: {Type: HTTP_PROXY, Uri: 'https://backend.example.com', IntegrationHttpMethod: DELETE}}}}", "", ""},
	{"IAM on OPTIONS", rules.CORS102, "Resources: {ItemsOptions: {Properties: {AuthorizationType: AWS_IAM}}}", "", ""},
	{"Cognito on OPTIONS", rules.CORS102, "Resources: {ItemsOptions: {Properties: {AuthorizationType: COGNITO_USER_POOLS, AuthorizerId: {Ref: Users}}}, Users: {Type: 'AWS::ApiGateway::Authorizer', Properties: {RestApiId: {Ref: Api}, Type: COGNITO_USER_POOLS, IdentitySource: method.request.header.Authorization}}}", "", ""},
	{"a token authorizer on OPTIONS", rules.CORS102, "Resources: {StatusOptions: {Properties: {AuthorizationType: CUSTOM, AuthorizerId: {Ref: Token}}}, Token: {Type: 'AWS::ApiGateway::Authorizer', Properties: {RestApiId: {Ref: Api}, Type: TOKEN, IdentitySource: method.request.header.Authorization}}}", "", ""},
	{"a request authorizer on OPTIONS", rules.CORS102, "Resources: {StatusOptions: {Properties: {AuthorizationType: CUSTOM, AuthorizerId: {Ref: Token}}}, Token: {Type: 'AWS::ApiGateway::Authorizer', Properties: {RestApiId: {Ref: Api}, Type: REQUEST, IdentitySource: 'method.request.querystring.session'}}}", "", ""},
	{"ANY with IAM instead of OPTIONS", rules.CORS102, "Resources: {ItemsOptions: {Properties: {HttpMethod: ANY, AuthorizationType: AWS_IAM}}}", "", ""},
	{"an API key on OPTIONS", rules.CORS103, "Resources: {ItemsOptions: {Properties: {ApiKeyRequired: true}}}", "", ""},
	{"an API key on the other OPTIONS", rules.CORS103, "Resources: {StatusOptions: {Properties: {ApiKeyRequired: 'true'}}}", "", ""},
	{"a required header on OPTIONS", rules.CORS104, "Resources: {V: {Type: 'AWS::ApiGateway::RequestValidator', Properties: {RestApiId: {Ref: Api}, ValidateRequestParameters: true}}, ItemsOptions: {Properties: {RequestValidatorId: {Ref: V}, RequestParameters: {method.request.header.x-tenant: true}}}}", "", ""},
	{"a required parameter on OPTIONS", rules.CORS104, "Resources: {V: {Type: 'AWS::ApiGateway::RequestValidator', Properties: {RestApiId: {Ref: Api}, ValidateRequestParameters: true}}, StatusOptions: {Properties: {RequestValidatorId: {Ref: V}, RequestParameters: {method.request.querystring.lang: true}}}}", "", ""},
	{"a required body on OPTIONS", rules.CORS104, "Resources: {M: {Type: 'AWS::ApiGateway::Model', Properties: {RestApiId: {Ref: Api}, Name: Item, ContentType: application/json, Schema: {type: object}}}, V: {Type: 'AWS::ApiGateway::RequestValidator', Properties: {RestApiId: {Ref: Api}, ValidateRequestBody: true}}, ItemsOptions: {Properties: {RequestValidatorId: {Ref: V}, RequestModels: {application/json: {Ref: M}}}}}", "", ""},
	{"binary and no ContentHandling", rules.CORS105, "Resources: {" + binary + ", ItemsOptions: {Properties: {Integration: {ContentHandling: null}}}}", "", ""},
	{"binary JSON and no ContentHandling", rules.CORS105, "Resources: {Api: {Properties: {BinaryMediaTypes: [application/json]}}, StatusGet: {Properties: {Integration: {ContentHandling: CONVERT_TO_TEXT}}}, ItemsOptions: {Properties: {Integration: {ContentHandling: null}}}}", "", ""},
	{"binary, a response template and no ContentHandling on it", rules.CORS106, "Resources: {" + binary + ", ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ContentHandling: null, ResponseTemplates: {application/json: '#set($x = 1)'}}}}}}", "", ""},
	{"passthrough when no match", rules.CORS107, optionsIntegration + "{PassthroughBehavior: WHEN_NO_MATCH}}}}", "", ""},
	{"passthrough not given", rules.CORS107, optionsIntegration + "{PassthroughBehavior: null}}}}", "", ""},
	{"the mock's status is no number", rules.CORS108, optionsIntegration + `{RequestTemplates: {application/json: '{"statusCode": "ok"}'}}}}}`, "", ""},
	{"the mock gives no JSON", rules.CORS108, optionsIntegration + `{RequestTemplates: {application/json: 'ok'}}}}}`, "", ""},
	{"the mock's template does not parse", rules.CORS108, optionsIntegration + `{RequestTemplates: {application/json: '#if({"statusCode": 204}'}}}}}`, "", ""},
	{"the mock has no template", rules.CORS108, optionsIntegration + `{RequestTemplates: null}}}}`, "", ""},
	{"the mock's template is for another type", rules.CORS108, optionsIntegration + `{RequestTemplates: {application/json: null, text/plain: '{"statusCode": 204}'}}}}}`, "", ""},
	{"no integration response", rules.CORS108, optionsIntegration + `{IntegrationResponses: []}}}}`, "", ""},
	{"the only integration response is for another status", rules.CORS108, optionsIntegration + `{IntegrationResponses: {SelectionPattern: "5.."}}}}}`, "", ""},
	{"the status is 301", rules.CORS108, "Resources: {ItemsOptions: {Properties: {Integration: {IntegrationResponses: {StatusCode: '301'}}, MethodResponses: {StatusCode: '301'}}}}", "", ""},
	{"the status is 404", rules.CORS108, "Resources: {ItemsOptions: {Properties: {Integration: {IntegrationResponses: {StatusCode: '404'}}, MethodResponses: {StatusCode: '404'}}}}", "", ""},
	{"a response template that fails", rules.CORS108, optionsIntegration + `{IntegrationResponses: {ResponseTemplates: {application/json: "#set($context.responseOverride.status = 'x')"}}}}}}`, "", ""},
	{"no Allow-Origin", rules.CORS109, optionsHeader + "Allow-Origin: null}}}}}}", "", ""},
	{"another origin on one resource", rules.CORS118, optionsHeader + "Allow-Origin: \"'https://admin.example.com'\"}}}}}}", "", ""},
	{"Allow-Origin from a variable that is not there", rules.CORS109, optionsHeader + "Allow-Origin: stageVariables.origin}}}}}}", "", ""},
	{"Allow-Methods lacks PUT", rules.CORS110, optionsHeader + "Allow-Methods: \"'GET'\"}}}}}}", "", ""},
	{"Allow-Methods in lower case", rules.CORS110, optionsHeader + "Allow-Methods: \"'get,put'\"}}}}}}", "", ""},
	{"no Allow-Methods", rules.CORS110, optionsHeader + "Allow-Methods: null}}}}}}", "", ""},
	{"Allow-Methods misspelled", rules.CORS110, optionsHeader + "Allow-Methods: \"'GET,PUTT'\"}}}}}}", "", ""},
	{"a method added and not allowed", rules.CORS110, "Resources: {ItemsPut: {Properties: {HttpMethod: PATCH}}}", "", ""},
	{"an API key that may not be sent", rules.CORS111, "Resources: {ItemsPut: {Properties: {ApiKeyRequired: true}}}", "", ""},
	{"the date of a signature that may not be sent", rules.CORS111, "Resources: {ItemsPut: {Properties: {AuthorizationType: AWS_IAM}}}", "", ""},
	{"Authorization that may not be sent", rules.CORS111, "Resources: {ItemsPut: {Properties: {AuthorizationType: AWS_IAM}}, ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: \"'content-type'\"}}}}}}", "", ""},
	{"the authorizer's own header may not be sent", rules.CORS111, "Resources: {ItemsPut: {Properties: {AuthorizationType: CUSTOM, AuthorizerId: {Ref: Token}}}, Token: {Type: 'AWS::ApiGateway::Authorizer', Properties: {RestApiId: {Ref: Api}, Type: TOKEN, IdentitySource: method.request.header.X-Session}}}", "", ""},
	{"* for Authorization", rules.CORS112, "Resources: {ItemsPut: {Properties: {AuthorizationType: AWS_IAM}}, ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: \"'*'\"}}}}}}", "", ""},
	{"* for headers with credentials", rules.CORS112, "Resources: {ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: \"'*'\", method.response.header.Access-Control-Allow-Credentials: \"'true'\"}}}, MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: true}}}}}", "", ""},
	{"a function is called with its method", rules.CORS130, "Resources: {ItemsPut: {Properties: {Integration: {IntegrationHttpMethod: PUT}}}}", "", ""},
	{"a header is mapped that cannot be", rules.CORS130, "Resources: {ItemsPut: {Properties: {Integration: {RequestParameters: {integration.request.header.Content-Length: \"'1'\"}}}}}", "", ""},
	{"the mock's status is in quotes", rules.CORS130, `Resources: {StatusGet: {Properties: {Integration: {RequestTemplates: {application/json: '{"statusCode": "200"}'}}}}}`, "", ""},
	{"the mock has no response", rules.CORS130, "Resources: {StatusGet: {Properties: {Integration: {IntegrationResponses: []}}}}", "", ""},
	{"the preflight's status is in quotes", rules.CORS108, optionsIntegration + `{RequestTemplates: {application/json: '{"statusCode": "204"}'}}}}}`, "", ""},
	{"Allow-Methods with blanks", rules.CORS120, optionsHeader + "Allow-Methods: \"'GET PUT'\"}}}}}}", "", ""},
	{"Allow-Headers with semicolons", rules.CORS120, optionsHeader + "Allow-Headers: \"'content-type;authorization'\"}}}}}}", "", ""},
	{"a day of Max-Age", rules.CORS117, optionsHeader + "Max-Age: \"'86400'\"}}}}}}", "", ""},
	{"Max-Age is no number", rules.CORS117, optionsHeader + "Max-Age: \"'2h'\"}}}}}}", "", ""},
	{"Allow-Origin not declared", rules.CORS201, "Resources: {ItemsOptions: {Properties: {MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: null}}}}}", "", ""},
	{"no method response", rules.CORS201, "Resources: {ItemsOptions: {Properties: {MethodResponses: []}}}", "", ""},
	{"the method response has another status", rules.CORS201, "Resources: {ItemsOptions: {Properties: {MethodResponses: {StatusCode: '200'}}}}", "", ""},
	{"the mock's header not declared", rules.CORS201, "Resources: {StatusGet: {Properties: {MethodResponses: {ResponseParameters: null}}}}", "", ""},
	{"a header declared only", rules.CORS202, "Resources: {ItemsOptions: {Properties: {MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Expose-Headers: true}}}}}", "", ""},
	{"Allow-Headers declared only", rules.CORS202, optionsHeader + "Allow-Headers: null}}}}}}", "", ""},
	{"Allow-Origin without quotes", rules.CORS203, optionsHeader + "Allow-Origin: 'https://app.example.com'}}}}}}", "", ""},
	{"* without quotes", rules.CORS203, optionsHeader + "Allow-Origin: '*'}}}}}}", "", ""},
	{"a quote missing", rules.CORS203, optionsHeader + "Allow-Methods: \"'GET,PUT\"}}}}}}", "", ""},
	{"the mock's header without quotes", rules.CORS203, statusHeader + "'https://app.example.com'}}}}}}", "", ""},
	{"a gateway response without quotes", rules.CORS203, gatewayHeader + "'*'}}}}", "", ""},
	{"two origins", rules.CORS204, statusHeader + "\"'https://app.example.com,https://app.example.com'\"}}}}}}", "", ""},
	{"two origins in the preflight", rules.CORS204, optionsHeader + "Allow-Origin: \"'https://app.example.com https://app.example.com'\"}}}}}}", "", ""},
	{"two origins in a gateway response", rules.CORS204, gatewayHeader + "\"'https://app.example.com,https://b.example.com'\"}}}}", "", ""},
	{"a slash at the end", rules.CORS205, optionsHeader + "Allow-Origin: \"'https://app.example.com/'\"}}}}}}", "", ""},
	{"capitals", rules.CORS205, optionsHeader + "Allow-Origin: \"'https://App.example.com'\"}}}}}}", "", ""},
	{"the default port", rules.CORS205, optionsHeader + "Allow-Origin: \"'https://app.example.com:443'\"}}}}}}", "", ""},
	{"no scheme", rules.CORS205, optionsHeader + "Allow-Origin: \"'app.example.com'\"}}}}}}", "", ""},
	{"a path in the mock's header", rules.CORS205, statusHeader + "\"'https://app.example.com/shop'\"}}}}}}", "", ""},
	{"null", rules.CORS205, gatewayHeader + "\"'null'\"}}}}", "", ""},
	{"a pattern in the header", rules.CORS205, statusHeader + "\"'https://*.example.com'\"}}}}}}", "", ""},
	{"* with credentials", rules.CORS206, "Resources: {ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: \"'*'\", method.response.header.Access-Control-Allow-Credentials: \"'true'\"}}}, MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: true}}}}}", "", ""},
	{"* with credentials in a gateway response", rules.CORS206, "Resources: {Errors5xx: {Properties: {ResponseParameters: {gatewayresponse.header.Access-Control-Allow-Origin: \"'*'\", gatewayresponse.header.Access-Control-Allow-Credentials: \"'true'\"}}}}", "", ""},
	{"True for credentials", rules.CORS209, "Resources: {ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: \"'True'\"}}}, MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: true}}}}}", "", ""},
	{"an echo without Vary", rules.CORS207, gatewayHeader + "method.request.header.Origin}}}}", "", ""},
	{"the mock has no header", rules.CORS208, "Resources: {StatusGet: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: null}}, MethodResponses: {ResponseParameters: null}}}}", "", ""},
	{"an error's answer has no header", rules.CORS208, `Resources: {StatusGet: {Properties: {Integration: {IntegrationResponses: [{StatusCode: "200", ResponseParameters: {method.response.header.Access-Control-Allow-Origin: "'https://app.example.com'"}}, {StatusCode: "500", SelectionPattern: "5.."}]}}}}`, "", ""},
	{"another origin in the mock", rules.CORS208, statusHeader + "\"'https://admin.example.com'\"}}}}}}", "", ""},
	{"no DEFAULT_4XX", rules.CORS301, "Resources: {Errors4xx: null}", "", ""},
	{"DEFAULT_4XX without the header", rules.CORS301, gatewayHeader + "null}}}}", "", ""},
	{"another origin in a gateway response", rules.CORS301, gatewayHeader + "\"'https://admin.example.com'\"}}}}", "", ""},
	{"no DEFAULT_5XX", rules.CORS302, "Resources: {Errors5xx: null}", "", ""},
	{"DEFAULT_5XX is of another type", rules.CORS302, "Resources: {Errors5xx: {Properties: {ResponseType: INTEGRATION_TIMEOUT}}}", "", ""},
	{"UNAUTHORIZED customised without the header", rules.CORS303, "Resources: {U: {Type: 'AWS::ApiGateway::GatewayResponse', Properties: {RestApiId: {Ref: Api}, ResponseType: UNAUTHORIZED, StatusCode: 401}}}", "", ""},
	{"THROTTLED customised without the header", rules.CORS303, "Resources: {U: {Type: 'AWS::ApiGateway::GatewayResponse', Properties: {RestApiId: {Ref: Api}, ResponseType: THROTTLED, ResponseParameters: {gatewayresponse.header.Retry-After: \"'1'\"}}}}", "", ""},
	{"a gateway response after the deployment", rules.CORS401, "Resources: {Deployment: {DependsOn: [ItemsGet, ItemsPut, ItemsOptions, StatusGet, StatusOptions, Errors4xx]}}", "", ""},
	{"OPTIONS after the deployment", rules.CORS401, "Resources: {Deployment: {DependsOn: [ItemsGet, ItemsPut, StatusGet, StatusOptions, Errors4xx, Errors5xx]}}", "", ""},
	{"a gateway response for which nothing before the deployment waits", rules.CORS401, "Resources: {Deployment: {DependsOn: [ItemsGet, ItemsOptions, StatusGet, StatusOptions, Errors4xx]}, ItemsGet: {DependsOn: ItemsPut}}", "", ""},
	{"a cache of a stage whose name is a parameter", rules.CORS402, "{Parameters: {Name: {Type: String}}, Resources: {Stage: {Properties: {StageName: {Ref: Name}, CacheClusterEnabled: true, MethodSettings: [{HttpMethod: '*', ResourcePath: '/*', CachingEnabled: true}]}}}}", "", ""},
	{"a cache for all", rules.CORS402, "Resources: {Stage: {Properties: {CacheClusterEnabled: true, MethodSettings: [{HttpMethod: '*', ResourcePath: '/*', CachingEnabled: true}]}}}", "", ""},
	{"a cache for one", rules.CORS402, "Resources: {Stage: {Properties: {CacheClusterEnabled: true, MethodSettings: [{HttpMethod: GET, ResourcePath: /items, CachingEnabled: true}]}}}", "", ""},
	{"a policy without OPTIONS", rules.CORS403, `Resources: {Api: {Properties: {Policy: {Statement: [{Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: ["execute-api:/*/GET/*", "execute-api:/*/PUT/*"]}]}}}}`, "", ""},
	{"a policy that denies OPTIONS", rules.CORS403, `Resources: {Api: {Properties: {Policy: {Statement: [{Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: "execute-api:/*"}, {Effect: Deny, Principal: "*", Action: "execute-api:*", Resource: "execute-api:/prod/OPTIONS/status"}]}}}}`, "", ""},
	{"a policy for everything but OPTIONS", rules.CORS403, `Resources: {Api: {Properties: {Policy: {Statement: [{Effect: Allow, Principal: "*", Action: "execute-api:Invoke", NotResource: "execute-api:/*/OPTIONS/*"}]}}}}`, "", ""},
	{"a challenge", rules.CORS404, `Resources: {W: {Type: "AWS::WAFv2::WebACL", Properties: {Rules: [{Name: bots, Action: {Challenge: {}}}]}}, A: {Type: "AWS::WAFv2::WebACLAssociation", Properties: {ResourceArn: {"Fn::Sub": "arn:aws:apigateway:x::/restapis/${Api}/stages/prod"}, WebACLArn: {"Fn::GetAtt": [W, Arn]}}}}`, "", ""},
	{"a domain without a mapping", rules.CORS405, "Resources: {D: {Type: 'AWS::ApiGateway::DomainName', Properties: {DomainName: api.example.com}}}", "", ""},
	{"another list in the function", rules.CORS406, "Resources: {Function: {Properties: {Environment: {Variables: {CORS_ORIGINS: 'https://app.example.com,https://old.example.com'}}}}}", "", ""},
	{"everyone in the function", rules.CORS406, "Resources: {Function: {Properties: {Environment: {Variables: {CORS_ALLOW_ORIGIN: '*'}}}}}", "", ""},
}

// OfCatalog are faults in what corsgate makes of three origins and patterns, whose preflights a mapping template answers.
var OfCatalog = []Fault{
	{"no variables", rules.CORS407, "Resources: {CatalogDeploymentStageprod3F14D72A: {Properties: {Variables: null}}}", "", ""},
	{"a malformed list", rules.CORS407, "Resources: {CatalogDeploymentStageprod3F14D72A: {Properties: {Variables: {corsOrigins: 'app.example.com'}}}}", "", ""},
	{"a malformed companion", rules.CORS407, "Resources: {CatalogDeploymentStageprod3F14D72A: {Properties: {Variables: {corsMaxAge: '2h'}}}}", "", ""},
	{"dots not escaped", rules.CORS115, "", `.replaceAll(\"[.]\", \"[.]\")`, ``},
	{"a pattern for any text", rules.CORS116, "", `$corsOrigin.matches($corsRegex)`, `$corsOrigin.matches(\".*($corsRegex).*\")`},
	{"every origin", rules.CORS116, "", `$corsOrigin.matches($corsRegex)`, `$corsOrigin != \"x\"`},
	{"the capital letter alone", rules.CORS109, "", `get(\"origin\"))`, `get(\"ORIGIN\"))#set($corsOrigin = $input.params().header.get(\"ORIGIN\"))`},
	{"the query string", rules.CORS114, "", `$input.params().header.get(\"origin\")`, `$input.params(\"origin\")`},
	{"no Vary", rules.CORS207, "", `"method.response.header.Vary": "'Origin'"`, `"method.response.header.Vary": "'Accept'"`},
	{"the template is broken", rules.CORS108, "", `{\"statusCode\": 403}\n#end`, `{\"statusCode\": 403}`},
	{"the allowed are answered as the refused", rules.CORS109, "", `{\"statusCode\": 204}`, `{\"statusCode\": 403}`},
}

// Merge lays a change over a value: RFC 7386, and a mapping over a list changes each of its elements.
func Merge(base, change any) any {
	c, ok := change.(map[string]any)
	if !ok {
		return change
	}
	if list, ok := base.([]any); ok {
		out := make([]any, len(list))
		for i, e := range list {
			out[i] = Merge(e, change)
		}
		return out
	}
	out := map[string]any{}
	if b, ok := base.(map[string]any); ok {
		for k, v := range b {
			out[k] = v
		}
	}
	for k, v := range c {
		if v == nil {
			delete(out, k)
			continue
		}
		out[k] = Merge(out[k], v)
	}
	return out
}
