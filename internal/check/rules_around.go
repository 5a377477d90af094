package check

func aroundRules() []Rule {
	return []Rule{{
		ID:       "CORS401",
		Title:    "the deployment does not wait for a CORS resource",
		Severity: Warning,
		Why: "A stage serves what its deployment saw when it was made. The deployment waits for methods of the API and not for this resource: it may be made first, and then the stage answers without it until somebody deploys again. " +
			"In CDK that happens with CfnGatewayResponse and CfnMethod; their changes do not make a new deployment either.",
		Cure: Cure{Go: `api.LatestDeployment().Node().AddDependency(resource)
api.LatestDeployment().AddToLogicalId(map[string]any{"errors": "1"})
// or use api.AddGatewayResponse, which does both`, CloudFormation: `Deployment:
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
		Cure: Cure{Go: `const origin = "method.request.header.Origin"
get := awsapigateway.NewLambdaIntegration(fn,
	&awsapigateway.LambdaIntegrationOptions{
		CacheKeyParameters: jsii.Strings(origin),
	})
items.AddMethod(jsii.String("GET"), get, &awsapigateway.MethodOptions{
	RequestParameters: &map[string]*bool{origin: jsii.Bool(false)},
})`, CloudFormation: `ItemsGet:
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
        - Effect: Allow
          Principal: "*"
          Action: execute-api:Invoke
          Resource: execute-api:/*/OPTIONS/*`},
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
		Cure: Cure{Go: `// in the rule, Action: Block with CustomResponse.ResponseHeaders, and a
// ScopeDownStatement that leaves OPTIONS out`, CloudFormation: `Action:
  Block:
    CustomResponse:
      ResponseCode: 403
      ResponseHeaders:
        - Name: access-control-allow-origin
          Value: https://app.example.com`},
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
		Cure: Cure{Go: `// it maps the domain, too
api.AddDomainName(jsii.String("Domain"), &awsapigateway.DomainNameOptions{
	DomainName:  jsii.String("api.example.com"),
	Certificate: certificate,
})`, CloudFormation: `Mapping:
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
		Cure: Cure{Go: `// it reads the stage's variables, which the preflight reads
fn := corsfunction.New(stack, jsii.String("Handler"), &corsfunction.Props{
	Entry: "./handler",
})`, CloudFormation: `Function:
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
		Cure: Cure{Go: "// writes the variables of the stages that it makes\n" + goPolicy, CloudFormation: `Stage:
  Properties:
    Variables:
      # ~ stands for *
      corsOrigins: https://app.example.com,https://~.preview.example.com`},
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
	}, {
		ID:       "CORS408",
		Title:    "the OpenAPI document's import takes a gateway response away",
		Severity: Warning,
		Why: "The API is made of an OpenAPI document, and this gateway response is a resource beside it. Whenever the document changes, CloudFormation imports it anew and the import replaces what the API has: " +
			"the gateway response is gone, with its CORS headers, until its own properties change.",
		Cure: Cure{Go: `// in the document:
// x-amazon-apigateway-gateway-responses:
//   DEFAULT_4XX:
//     responseParameters: {...}
// corsapi.NewSpecRestApi puts them there`, CloudFormation: `Api:
  Properties:
    Body:
      x-amazon-apigateway-gateway-responses:
        DEFAULT_4XX:
          responseParameters:
            gatewayresponse.header.Access-Control-Allow-Origin: "'https://app.example.com'"`},
		Before: `Resources:
  Api: {Properties: {Body: {openapi: 3.0.3, info: {title: shop, version: "1"}, paths: {}}}}`,
		After: `Resources:
  Api: {Properties: {Mode: merge, Body: {openapi: 3.0.3, info: {title: shop, version: "1"}, paths: {}}}}`,
		Source: []string{"https://github.com/aws/aws-cdk/issues/28652", "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-restapi.html"},
		check:  importedAway,
	}}
}
