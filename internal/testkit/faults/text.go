package faults

import "github.com/corsgate/corsgate/internal/rules"

const (
	credentials   = `{Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: "'true'"}}}, MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: true}}}}`
	noCORS        = `ItemsOptions: null, StatusOptions: null, StatusGet: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: null}}, MethodResponses: {ResponseParameters: null}}}, Errors4xx: null, Errors5xx: null`
	errorsToo     = `Errors4xx: {Properties: {ResponseParameters: {gatewayresponse.header.Access-Control-Allow-Credentials: "'true'"}}}, Errors5xx: {Properties: {ResponseParameters: {gatewayresponse.header.Access-Control-Allow-Credentials: "'true'"}}}`
	item          = `Item: {Type: "AWS::ApiGateway::Model", Properties: {RestApiId: {Ref: Api}, Name: Item, ContentType: application/json, Schema: {type: object}}}, ItemsPut: {Properties: {RequestModels: {application/json: {Ref: Item}}}}`
	mappedOrigin  = `IntegrationResponses: [{StatusCode: "200", ResponseParameters: {method.response.header.Access-Control-Allow-Origin: "'https://app.example.com'"}}]}, MethodResponses: [{StatusCode: "200", ResponseParameters: {method.response.header.Access-Control-Allow-Origin: true}}]`
	guarded       = `Token: {Type: "AWS::ApiGateway::Authorizer", Properties: {RestApiId: {Ref: Api}, Name: t, Type: TOKEN, IdentitySource: method.request.header.Authorization, AuthorizerUri: {"Fn::Sub": "arn:aws:apigateway:x:lambda:path/2015-03-31/functions/${Guard.Arn}/invocations"}}}, ItemsPut: {Properties: {AuthorizationType: CUSTOM, AuthorizerId: {Ref: Token}}}, Guard: {Type: "AWS::Lambda::Function", Properties: {Code: {ZipFile: `
	serverlessAPI = "{Transform: AWS::Serverless-2016-10-31, Resources: {Other: {Type: AWS::Serverless::Api, Properties: {StageName: v1, GatewayResponses: {DEFAULT_4XX: &errors {ResponseParameters: {Headers: {Access-Control-Allow-Origin: \"'*'\"}}}, DEFAULT_5XX: *errors}, DefinitionBody: {swagger: '2.0', paths: {/x: {get: {x-amazon-apigateway-integration: {type: http_proxy, httpMethod: GET, uri: 'https://backend.example.com'}}}}}, "
	event         = "{Transform: AWS::Serverless-2016-10-31, Resources: {Server: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: index.handler, InlineCode: x, Events: {Orders: {Type: Api, Properties: {Path: /orders, Method: get, "
	twice         = `Resources: {ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseTemplates: {application/json: '`
)

// OfText are more faults in internal/check/testdata/clean.yaml, such as the template alone shows: a request does not meet
// them, or meets them only with a function or an authorizer that is deployed.
var OfText = []Fault{
	{"no preflight although the gateway's errors have CORS", rules.CORS101, "Resources: {ItemsOptions: null, StatusOptions: null, StatusGet: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: \"'*'\"}}}}}}", "", ""},
	{"a website in a bucket and no preflight", rules.CORS101, "Resources: {" + noCORS + ", Site: {Type: 'AWS::S3::Bucket', Properties: {WebsiteConfiguration: {IndexDocument: index.html}}}, StatusGet: null, Deployment: {DependsOn: [ItemsGet, ItemsPut]}}", "", ""},
	{"pages that sign in and no preflight", rules.CORS101, "Resources: {" + noCORS + ", Client: {Type: 'AWS::Cognito::UserPoolClient', Properties: {CallbackURLs: ['https://app.example.com/signed-in']}}, StatusGet: null, Deployment: {DependsOn: [ItemsGet, ItemsPut]}}", "", ""},
	{"a binary type, without ContentHandling on request and response", rules.CORS105, "Resources: {" + binary + ", ItemsOptions: {Properties: {Integration: {ContentHandling: null, IntegrationResponses: {ContentHandling: null, ResponseTemplates: {application/json: '#set($x = 1)'}}}}}}", "", ""},
	{"a header overridden twice, with a point and in brackets", rules.CORS108, twice + `#set($context.responseOverride.header.X-A = "1")#set($context.responseOverride.header["X-A"] = "2")'}}}}}}`, "", ""},
	{"a header overridden twice, with a point", rules.CORS108, twice + `#set($context.responseOverride.header.X-A = "1")#set($context.responseOverride.header.X-A = "2")'}}}}}}`, "", ""},
	{"a header overridden twice, by put and with a point", rules.CORS108, twice + `#set($x = $context.responseOverride.header.put("X-A", "1"))#set($context.responseOverride.header.X-A = "2")'}}}}}}`, "", ""},
	{"a header overridden twice, by an alias of the map", rules.CORS108, twice + `#set($h = $context.responseOverride.header)#set($h.X-A = "1")#set($h["X-A"] = "2")'}}}}}}`, "", ""},
	{"a header overridden twice, in the two templates", rules.CORS108, "Resources: {ItemsOptions: {Properties: {Integration: {RequestTemplates: {application/json: '{\"statusCode\": 204}#set($context.responseOverride.header.X-A = \"1\")'}, IntegrationResponses: {ResponseTemplates: {application/json: '#set($context.responseOverride.header.X-A = \"2\")'}}}}}}", "", ""},
	{"ANY as the name of a method", rules.CORS110, optionsHeader + "Allow-Methods: \"'ANY'\"}}}}}}", "", ""},
	{"ANY for a method ANY", rules.CORS110, "Resources: {ItemsPut: null, ItemsGet: {Properties: {HttpMethod: ANY}}, ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Methods: \"'OPTIONS,ANY'\"}}}}}, Deployment: {DependsOn: [ItemsGet, ItemsOptions, StatusGet, StatusOptions, Errors4xx, Errors5xx]}}", "", ""},
	{"any in lower case for a method ANY", rules.CORS110, "Resources: {ItemsPut: null, ItemsGet: {Properties: {HttpMethod: ANY}}, ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Methods: \"'GET, any'\"}}}}}, Deployment: {DependsOn: [ItemsGet, ItemsOptions, StatusGet, StatusOptions, Errors4xx, Errors5xx]}}", "", ""},
	{"the date of a signature may not be sent", rules.CORS111, "Resources: {ItemsPut: {Properties: {AuthorizationType: AWS_IAM}}}", "", ""},
	{"the token of a session may not be sent", rules.CORS111, "Resources: {ItemsGet: {Properties: {AuthorizationType: AWS_IAM}}, ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: \"'authorization,x-amz-date'\"}}}}}}", "", ""},
	{"an API key that is taken from the header", rules.CORS111, "Resources: {Api: {Properties: {ApiKeySourceType: HEADER}}, ItemsGet: {Properties: {ApiKeyRequired: true}}}", "", ""},
	{"nothing of CORS", rules.CORS121, "Resources: {" + noCORS + ", Deployment: {DependsOn: [ItemsGet, ItemsPut, StatusGet]}}", "", ""},
	{"nothing of CORS, and pages behind the same distribution", rules.CORS121, "Resources: {" + noCORS + ", Site: {Type: 'AWS::S3::Bucket', Properties: {WebsiteConfiguration: {IndexDocument: index.html}}}, Front: {Type: 'AWS::CloudFront::Distribution', Properties: {DistributionConfig: {Origins: [{Id: api, DomainName: {'Fn::Sub': '${Api}.execute-api.x.amazonaws.com'}}]}}}, Deployment: {DependsOn: [ItemsGet, ItemsPut, StatusGet]}}", "", ""},
	{"nothing of CORS but an API key", rules.CORS121, "Resources: {" + noCORS + ", ItemsPut: {Properties: {ApiKeyRequired: true}}, Deployment: {DependsOn: [ItemsGet, ItemsPut, StatusGet]}}", "", ""},
	{"no Allow-Headers for a model", rules.CORS122, "Resources: {" + item + ", ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: null}}}, MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: null}}}}}", "", ""},
	{"Allow-Headers without content-type for a model", rules.CORS122, "Resources: {" + item + ", ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: \"'authorization'\"}}}}}}", "", ""},
	{"Allow-Headers without content-type for code that reads JSON", rules.CORS122, "Resources: {Function: {Properties: {Code: {ZipFile: 'exports.handler = async (e) => ({statusCode: JSON.parse(e.body).n, headers: cors})'}}}, ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: \"'authorization'\"}}}}}}", "", ""},
	{"Allow-Headers without content-type for a mapping template", rules.CORS122, "Resources: {ItemsPut: {Properties: {Integration: {Type: AWS, RequestTemplates: {application/json: \"$input.json('$')\"}, " + mappedOrigin + "}}, ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: \"'authorization'\"}}}}}}", "", ""},
	{"code without the header", rules.CORS210, "Resources: {Function: {Properties: {Code: {ZipFile: 'exports.handler = async () => ({statusCode: 200})'}}}}", "", ""},
	{"Python without the header", rules.CORS210, "Resources: {Function: {Properties: {Runtime: python3.13, Code: {ZipFile: \"def handler(event, context):\\n  return {'statusCode': 200}\"}}}}", "", ""},
	{"code without the header that is declared to send it", rules.CORS210, "Resources: {Function: {Metadata: {'corsgate:emits': true}, Properties: {Code: {ZipFile: 'exports.handler = async () => ({statusCode: 200})'}}}}", "", ""},
	{"headers mapped on a Lambda proxy", rules.CORS211, "Resources: {ItemsGet: {Properties: {Integration: {" + mappedOrigin + "}}}", "", ""},
	{"headers mapped on an HTTP proxy", rules.CORS211, "Resources: {ItemsPut: {Properties: {Integration: {Type: HTTP_PROXY, Uri: 'https://backend.example.com', " + mappedOrigin + "}}}", "", ""},
	{"headers mapped on a proxy in lower case", rules.CORS211, "Resources: {ItemsGet: {Properties: {Integration: {IntegrationResponses: [{StatusCode: '200', ResponseParameters: {method.response.header.access-control-allow-origin: \"'*'\"}}]}, MethodResponses: [{StatusCode: '200', ResponseParameters: {method.response.header.access-control-allow-origin: true}}]}}}", "", ""},
	{"headers set by a template of a proxy", rules.CORS211, "Resources: {ItemsGet: {Properties: {Integration: {IntegrationResponses: [{StatusCode: '200', ResponseTemplates: {application/json: '#set($context.responseOverride.header.Access-Control-Allow-Origin = \"*\")'}}]}}}}", "", ""},
	{"credentials on the preflight alone", rules.CORS212, "Resources: {StatusOptions: " + credentials + ", " + errorsToo + "}", "", ""},
	{"credentials refused on the response", rules.CORS212, "Resources: {StatusOptions: " + credentials + ", StatusGet: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: \"'false'\"}}}, MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: true}}}}, " + errorsToo + "}", "", ""},
	{"credentials on the response alone", rules.CORS212, "Resources: {StatusGet: {Properties: {HttpMethod: DELETE, Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: \"'true'\"}}}, MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: true}}}}, StatusOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Methods: \"'DELETE'\"}}}}}}", "", ""},
	{"null in the function's list", rules.CORS213, "Resources: {Function: {Properties: {Environment: {Variables: {ALLOWED_ORIGINS: 'https://app.example.com null'}}}}}", "", ""},
	{"everybody's pages in the function's list", rules.CORS213, "Resources: {Function: {Properties: {Environment: {Variables: {CORS_ORIGINS: 'https://app.example.com,https://*.github.io'}}}}}", "", ""},
	{"a country's domains in the function's list", rules.CORS213, "Resources: {Function: {Properties: {Environment: {Variables: {ALLOW_ORIGIN: 'https://app.example.com;https://*.co.uk'}}}}}", "", ""},
	{"http with credentials", rules.CORS213, "Resources: {ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: \"'http://app.example.com'\", method.response.header.Access-Control-Allow-Credentials: \"'true'\"}}}, MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: true}}}}, StatusOptions: " + credentials + ", StatusGet: " + credentials + "}", "", ""},
	{"neither gateway response", rules.CORS301, "Resources: {Errors4xx: null, Errors5xx: null}", "", ""},
	{"credentials on preflights and not on the gateway's errors", rules.CORS304, "Resources: {ItemsOptions: " + credentials + "}", "", ""},
	{"credentials on all but UNAUTHORIZED", rules.CORS304, "Resources: {ItemsOptions: " + credentials + ", " + errorsToo + ", U: {Type: 'AWS::ApiGateway::GatewayResponse', Properties: {RestApiId: {Ref: Api}, ResponseType: UNAUTHORIZED, ResponseParameters: {gatewayresponse.header.Access-Control-Allow-Origin: \"'https://app.example.com'\"}}}}", "", ""},
	{"a rule for another domain", rules.CORS405, "Resources: {D: {Type: 'AWS::ApiGateway::DomainName', Properties: {DomainName: api.example.com}}, R: {Type: 'AWS::ApiGatewayV2::RoutingRule', Properties: {DomainNameArn: 'arn:aws:apigateway:x:1:/domainnames/other.example.com'}}}", "", ""},
	{"a list in the function beside *", rules.CORS406, "Resources: {ItemsOptions: &any {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: \"'*'\"}}}}}, StatusOptions: *any, StatusGet: *any, Errors4xx: &e {Properties: {ResponseParameters: {gatewayresponse.header.Access-Control-Allow-Origin: \"'*'\"}}}, Errors5xx: *e, Function: {Properties: {Environment: {Variables: {ALLOWED_ORIGINS: 'https://app.example.com,https://b.example.com'}}}}}", "", ""},
	{"the stage and a distribution wait for each other", rules.CORS409, "Resources: {Stage: {Properties: {Variables: {origin: {'Fn::GetAtt': [Front, DomainName]}}}}, Front: {Type: 'AWS::CloudFront::Distribution', Properties: {DistributionConfig: {Origins: [{Id: api, OriginPath: {'Fn::Sub': '/${Stage}'}}]}}}}", "", ""},
	{"the function waits for its own stage", rules.CORS409, "Resources: {Function: {Properties: {Environment: {Variables: {STAGE: {Ref: Stage}}}}}}", "", ""},
	{"the deployment waits for its stage", rules.CORS409, "Resources: {Deployment: {DependsOn: [ItemsGet, ItemsPut, ItemsOptions, StatusGet, StatusOptions, Errors4xx, Errors5xx, Stage]}}", "", ""},
	{"a cached policy for one method", rules.CORS410, "Resources: {" + guarded + "'exports.handler = async (e) => ({policyDocument: {Statement: [{Effect: \"Allow\", Resource: e.methodArn}]}})'}}}}", "", ""},
	{"a cached policy for one method in Python", rules.CORS410, "Resources: {" + guarded + `"def handler(event, context):\n  return {'policyDocument': {'Statement': [{'Effect': 'Allow', 'Resource': event['methodArn']}]}}"}}}}`, "", ""},
	{"Cors on an event", rules.CORS904, event + "Cors: \"'*'\"}}}}}}}", "", ""},
	{"a list of origins in Cors", rules.CORS904, serverlessAPI + "Cors: {AllowOrigins: \"'https://app.example.com'\"}}}}}", "", ""},
	{"a number for Cors", rules.CORS904, serverlessAPI + "Cors: 1}}}}", "", ""},
	{"a list for Cors", rules.CORS904, serverlessAPI + "Cors: [\"'*'\"]}}}}", "", ""},
	{"a gateway response of no type", rules.CORS904, serverlessAPI + "GatewayResponses: {DEFAULT_4xx: {}}}}}}", "", ""},
	{"a list for AllowMethods", rules.CORS904, serverlessAPI + "Cors: {AllowOrigin: \"'*'\", AllowMethods: [GET, PUT]}}}}}", "", ""},
}

// OfList are faults in the allowlist of what corsgate makes of three origins and patterns.
var OfList = []Fault{
	{"a pattern of a country", rules.CORS213, listOf + "'https://~.co.uk'}}}}", "", ""},
	{"a pattern of a host of everybody", rules.CORS213, listOf + "'https://app.example.com,https://~.netlify.app'}}}}", "", ""},
	{"a pattern of all of AWS", rules.CORS213, listOf + "'https://~.amazonaws.com'}}}}", "", ""},
	{"http with corsCredentials", rules.CORS213, listOf + "'http://app.example.com', corsCredentials: 'true'}}}}", "", ""},
}

const listOf = "Resources: {CatalogDeploymentStageprod3F14D72A: {Properties: {Variables: {corsOrigins: "
