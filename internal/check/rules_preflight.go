package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
)

func preflightRules() []Rule {
	return []Rule{{
		ID:       "CORS101",
		Title:    "no method answers preflights",
		Severity: Error,
		Why: "Before a request with a method such as PUT, a JSON body or an Authorization header, a browser asks leave with an OPTIONS request to the same path. " +
			"Where no resource on that path has an OPTIONS method (or ANY), API Gateway answers 403 Missing Authentication Token, and the browser does not send the request.",
		Cure: Cure{Go: goEnable, CloudFormation: cureOptions},
		Before: `Resources:
  ItemsOptions: null`,
		After:  `Resources: {}`,
		Source: []string{docCORS, docFetch},
		check:  noPreflight("CORS101"),
	}, {
		ID:       "CORS102",
		Title:    "preflights need authorization",
		Severity: Error,
		Why: "A browser sends no credentials with a preflight: no cookie, no Authorization header, no signature. An authorizer, or AWS_IAM, on the method that answers OPTIONS " +
			"refuses all of them with 401 or 403, also where that method is ANY.",
		Cure: Cure{Go: goEnable, CloudFormation: `ItemsOptions:
  Properties:
    HttpMethod: OPTIONS
    AuthorizationType: NONE`},
		Before: `Resources:
  ItemsOptions:
    Properties: {AuthorizationType: AWS_IAM}`,
		After: `Resources:
  ItemsOptions:
    Properties: {AuthorizationType: NONE}
  ItemsPut:
    Properties: {AuthorizationType: AWS_IAM}`,
		Source: []string{"https://github.com/aws/aws-cdk/issues/8615", docFetch},
		check: faulty("CORS102", func(_ *View, _ route, f fault) string {
			if f.method != nil && f.method.HTTPMethod == "ANY" {
				return "the preflight is answered by ANY, which wants authorization (" + f.method.AuthorizationType + "), since there is no OPTIONS"
			}
			return "OPTIONS wants authorization (" + methodAuth(f.method) + "), which no preflight has"
		}),
	}, {
		ID:       "CORS103",
		Title:    "preflights need an API key",
		Severity: Error,
		Why:      "A browser sends no x-api-key with a preflight; it only asks whether it may send one later. ApiKeyRequired on OPTIONS refuses all preflights with 403 Forbidden.",
		Cure: Cure{Go: goEnable, CloudFormation: `ItemsOptions:
  Properties:
    HttpMethod: OPTIONS
    ApiKeyRequired: false`},
		Before: `Resources:
  ItemsOptions:
    Properties: {ApiKeyRequired: true}`,
		After: `Resources:
  ItemsOptions:
    Properties: {ApiKeyRequired: false}`,
		Source: []string{"https://github.com/aws/serverless-application-model/issues/1786", docFetch},
		check:  faulty("CORS103", func(*View, route, fault) string { return "ApiKeyRequired is true for preflights" }),
	}, {
		ID:       "CORS104",
		Title:    "preflights are validated",
		Severity: Error,
		Why: "A request validator on the method that answers OPTIONS wants parameters or a body that no preflight has, and answers 400. " +
			"In CDK it comes from defaultMethodOptions, which OPTIONS methods inherit.",
		Cure: Cure{Go: goEnable, CloudFormation: `ItemsOptions:
  Properties:
    HttpMethod: OPTIONS
    RequestValidatorId: !Ref AWS::NoValue
    RequestParameters: {}`},
		Before: `Resources:
  Validator:
    Type: AWS::ApiGateway::RequestValidator
    Properties: {RestApiId: {Ref: Api}, ValidateRequestParameters: true}
  ItemsOptions:
    Properties:
      RequestValidatorId: {Ref: Validator}
      RequestParameters: {method.request.header.x-tenant: true}`,
		After: `Resources:
  Validator:
    Type: AWS::ApiGateway::RequestValidator
    Properties: {RestApiId: {Ref: Api}, ValidateRequestParameters: true}
  ItemsPut:
    Properties:
      RequestValidatorId: {Ref: Validator}
      RequestParameters: {method.request.header.x-tenant: true}`,
		Source: []string{"https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html"},
		check: faulty("CORS104", func(_ *View, _ route, f fault) string {
			return "the validator refuses preflights: " + f.report.Trace.Preflight.GatewayResponse.Detail
		}),
	}, {
		ID:       "CORS105",
		Title:    "the preflight's request is taken for binary",
		Severity: Error,
		Why: "With the binary media type */* even the empty body of a preflight is binary, and the mock integration's template cannot read it: " +
			"Execution failed due to configuration error: Unable to transform request, with status 500.",
		Cure: Cure{Go: goEnable, CloudFormation: `ItemsOptions:
  Properties:
    Integration:
      Type: MOCK
      ContentHandling: CONVERT_TO_TEXT`},
		Before: `Resources:
  Api:
    Properties: {BinaryMediaTypes: ["*/*"]}
  ItemsOptions:
    Properties: {Integration: {ContentHandling: null}}
  StatusGet:
    Properties: {Integration: {ContentHandling: CONVERT_TO_TEXT, IntegrationResponses: {ContentHandling: CONVERT_TO_TEXT}}}`,
		After: `Resources:
  Api:
    Properties: {BinaryMediaTypes: ["*/*"]}
  StatusGet:
    Properties: {Integration: {ContentHandling: CONVERT_TO_TEXT, IntegrationResponses: {ContentHandling: CONVERT_TO_TEXT}}}`,
		Source: []string{"https://github.com/aws/chalice/issues/1310", "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html"},
		check: faulty("CORS105", func(v *View, _ route, _ fault) string {
			return "BinaryMediaTypes has " + strings.Join(slices.Compact(slices.Sorted(slices.Values(v.API.BinaryTypes))), ", ") + ", and the integration has no ContentHandling CONVERT_TO_TEXT"
		}),
	}, {
		ID:       "CORS106",
		Title:    "the preflight's answer is taken for binary",
		Severity: Error,
		Why: "Where the first type of Accept is among the binary media types, what an integration response's template makes is taken for base64 and decoded. " +
			"The text of a mock is no base64, and the answer is a 500. With an empty body, the template of a multi-origin answer runs on a payload that counts as binary.",
		Cure: Cure{Go: goEnable, CloudFormation: `ItemsOptions:
  Properties:
    Integration:
      Type: MOCK
      IntegrationResponses:
        - StatusCode: "204"
          ContentHandling: CONVERT_TO_TEXT`},
		Before: `Resources:
  Api:
    Properties: {BinaryMediaTypes: ["*/*"]}
  ItemsOptions:
    Properties:
      Integration:
        IntegrationResponses: {ContentHandling: null, ResponseTemplates: {application/json: "#set($seen = true)"}}
  StatusGet:
    Properties: {Integration: {ContentHandling: CONVERT_TO_TEXT, IntegrationResponses: {ContentHandling: CONVERT_TO_TEXT}}}`,
		After: `Resources:
  Api:
    Properties: {BinaryMediaTypes: ["*/*"]}
  ItemsOptions:
    Properties:
      Integration:
        IntegrationResponses: {ResponseTemplates: {application/json: "#set($seen = true)"}}
  StatusGet:
    Properties: {Integration: {ContentHandling: CONVERT_TO_TEXT, IntegrationResponses: {ContentHandling: CONVERT_TO_TEXT}}}`,
		Source: []string{"https://github.com/serverless/serverless/issues/11010", "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html"},
		check:  binaryAnswer,
	}, {
		ID:       "CORS107",
		Title:    "preflights with a content type fail",
		Severity: Info,
		Why: "The mock integration has a template for application/json, which is what a request without a Content-Type counts as. With any other the body is passed through (WHEN_NO_MATCH is the default), " +
			"the mock finds no status in it, and the answer is a 500. Browsers send no Content-Type with a preflight; some proxies and clients do.",
		Cure: Cure{Go: goEnable, CloudFormation: `ItemsOptions:
  Properties:
    Integration:
      Type: MOCK
      PassthroughBehavior: NEVER`},
		Before: `Resources:
  ItemsOptions:
    Properties: {Integration: {PassthroughBehavior: WHEN_NO_MATCH}}`,
		After: `Resources:
  ItemsOptions:
    Properties: {Integration: {PassthroughBehavior: NEVER}}`,
		Source: []string{"https://github.com/aws/aws-cdk/issues/18297", "https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html"},
		check:  passthrough,
	}, {
		ID:       "CORS108",
		Title:    "preflights have no OK status",
		Severity: Error,
		Why: "A browser takes leave only from an answer with a status from 200 to 299. A mock integration answers 500 where its request template gives no JSON with a statusCode, " +
			"where no integration response has that status or none is the default, and where a mapping template fails.",
		Cure: Cure{Go: goEnable, CloudFormation: `ItemsOptions:
  Properties:
    Integration:
      Type: MOCK
      RequestTemplates: {application/json: '{"statusCode": 204}'}
      IntegrationResponses:
        - StatusCode: "204"`},
		Before: `Resources:
  ItemsOptions:
    Properties: {Integration: {RequestTemplates: {application/json: "{}"}}}`,
		After: `Resources:
  ItemsOptions:
    Properties: {Integration: {RequestTemplates: {application/json: "{statusCode: 204}"}}}`,
		Source: []string{docMock, docFetch},
		check: faulty("CORS108", func(_ *View, _ route, f fault) string {
			c := f.report.Trace.Preflight
			if c.GatewayResponse != nil {
				return "the preflight fails: " + c.GatewayResponse.Detail
			}
			return fmt.Sprintf("the preflight is answered with status %d", f.report.Preflight.Response.Status)
		}),
	}, {
		ID:       "CORS109",
		Title:    "a listed origin is refused",
		Severity: Error,
		Why: "The preflight of a page at an origin that the API is meant for is answered without the page's origin (or *) in Access-Control-Allow-Origin, or with a status that is not OK. " +
			"In HTTP/2, which browsers use, header names reach mapping templates in lower case: a template that looks for Origin alone finds none.",
		Cure: Cure{Go: goPolicy, CloudFormation: `ItemsOptions:
  Properties:
    Integration:
      IntegrationResponses:
        - StatusCode: "204"
          ResponseParameters:
            method.response.header.Access-Control-Allow-Origin: "'https://app.example.com'"`},
		Before: `Resources:
  ItemsOptions:
    Properties:
      Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: null}}}
      MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: null}}`,
		After:  `Resources: {}`,
		Source: []string{docCheck, "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html"},
		check: faulty("CORS109", func(v *View, _ route, f fault) string {
			value, ok := f.report.Preflight.Response.Headers["access-control-allow-origin"]
			if !ok {
				return "the answer to a preflight from " + f.origin + " has no Access-Control-Allow-Origin"
			}
			return fmt.Sprintf("the answer to a preflight from %s has Access-Control-Allow-Origin %s", f.origin, value)
		}),
	}, {
		ID:       "CORS110",
		Title:    "a method of the resource is not allowed",
		Severity: Error,
		Why: "Access-Control-Allow-Methods lacks a method that the resource has. GET, HEAD and POST are allowed whatever it says; any other is refused by the browser. " +
			"Names are compared as they are written: patch is not PATCH, and * is a name where credentials are included.",
		Cure: Cure{Go: goEnable, CloudFormation: `ItemsOptions:
  Properties:
    Integration:
      IntegrationResponses:
        - StatusCode: "204"
          ResponseParameters:
            method.response.header.Access-Control-Allow-Methods: "'GET,PUT,PATCH,DELETE'"`},
		Before: `Resources:
  ItemsOptions:
    Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Methods: "'GET'"}}}}`,
		After: `Resources:
  ItemsOptions:
    Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Methods: "'PUT'"}}}}`,
		Source: []string{docFetch, "https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Access-Control-Allow-Methods"},
		check: faulty("CORS110", func(v *View, r route, f fault) string {
			return fmt.Sprintf("Access-Control-Allow-Methods is %q, and %s has %s", f.report.Preflight.Response.Headers["access-control-allow-methods"], r.resource.Path, methodNames(r.resource))
		}),
	}, {
		ID:       "CORS111",
		Title:    "a header that a method needs is not allowed",
		Severity: Error,
		Why: "A method that wants authorization or an API key is called with a header that Access-Control-Allow-Headers has to name: " +
			"without it the browser does not send the request. The names may be in either case.",
		Cure: Cure{Go: `policy, err := cors.New(cors.Config{
	Origins:        []string{"https://app.example.com"},
	RequestHeaders: []string{"authorization", "content-type", "x-api-key"},
})`, CloudFormation: `ItemsOptions:
  Properties:
    Integration:
      IntegrationResponses:
        - StatusCode: "204"
          ResponseParameters:
            method.response.header.Access-Control-Allow-Headers: "'authorization,content-type,x-api-key'"`},
		Before: `Resources:
  ItemsPut:
    Properties: {ApiKeyRequired: true}`,
		After: `Resources:
  ItemsPut:
    Properties: {ApiKeyRequired: true}
  ItemsOptions:
    Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: "'content-type,X-Api-Key'"}}}}`,
		Source: []string{docFetch, "https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Access-Control-Allow-Headers"},
		check:  neededHeaders,
	}, {
		ID:       "CORS112",
		Title:    "* does not allow every header",
		Severity: Warning,
		Why: "In Access-Control-Allow-Headers, * does not cover Authorization (Fetch standard); Chromium and Firefox still let it pass and say that they will not. " +
			"With Access-Control-Allow-Credentials: true, * is the name of a header and covers nothing.",
		Cure: Cure{Go: `policy, err := cors.New(cors.Config{
	Origins:        []string{"https://app.example.com"},
	RequestHeaders: []string{"authorization", "content-type"},
})`, CloudFormation: `ItemsOptions:
  Properties:
    Integration:
      IntegrationResponses:
        - StatusCode: "204"
          ResponseParameters:
            method.response.header.Access-Control-Allow-Headers: "'authorization,content-type'"`},
		Before: `Resources:
  ItemsPut:
    Properties: {AuthorizationType: AWS_IAM}
  ItemsOptions:
    Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: "'*'"}}}}`,
		After: `Resources:
  ItemsPut:
    Properties: {AuthorizationType: AWS_IAM}
  ItemsOptions:
    Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: "'*,authorization'"}}}}`,
		Source: []string{"https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name"},
		check:  starHeaders,
	}, {
		ID:       "CORS113",
		Title:    "origins that are not listed are sent the first one",
		Severity: Warning,
		Why: "Access-Control-Allow-Origin is mapped to the first origin of the list, and a mapping template overrides it for the others. Whoever asks from elsewhere learns an origin of yours, " +
			"the console of a page at a mistyped origin names another one, and a cache in between may keep the wrong answer.",
		Cure: Cure{Go: goPolicy, CloudFormation: `# leave Access-Control-Allow-Origin out of ResponseParameters (it stays
# declared in MethodResponses); the template sets it for every origin:
# #if($origin == "https://app.example.com" ||
#     $origin == "https://admin.example.com")
# #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
# #end`},
		Before: strings.Replace(listed, "%s", "{method.response.header.Access-Control-Allow-Origin: \"'https://app.example.com'\"}", 1),
		After:  unmapped,
		Source: []string{"https://github.com/aws/aws-cdk/issues/30453"},
		check:  firstOrigin,
	}, {
		ID:       "CORS114",
		Title:    "the origin can be given in the query string",
		Severity: Warning,
		Why: "$input.params(\"origin\") looks among the path's parameters, then in the query string, then in the headers. A URL with ?origin=https://app.example.com is answered as for a page there, " +
			"whichever page asks: a cache that goes by URL keeps an answer that is wrong for everyone else.",
		Cure: Cure{Go: goPolicy, CloudFormation: `# #set($origin = $input.params().header.get("origin"))
# #if("$!origin" == "")
# #set($origin = $input.params().header.get("Origin"))
# #end`},
		Before: strings.Replace(unmapped, "$input.params().header.get('origin')", "$input.params('origin')", 1),
		After:  unmapped,
		Source: []string{"https://github.com/aws/aws-cdk/pull/19104", "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html"},
		check:  queryOrigin,
	}, {
		ID:       "CORS115",
		Title:    "an origin that only resembles a listed one is allowed",
		Severity: Error,
		Why: "A dot in a regular expression is any character: https://www.example.com also matches https://wwwxexample.com, which anybody can register. " +
			"contains, startsWith and endsWith let in origins that have a listed one in them.",
		Cure: Cure{Go: goPolicy, CloudFormation: `# compare as a whole: $origin == "https://www.example.com"
# or escape the dots:  $origin.matches("https://www[.]example[.]com")`},
		Before: strings.Replace(unmapped, `$origin == "https://app.example.com"`, `$origin.matches("https://app.example.com")`, 1),
		After:  strings.Replace(unmapped, `$origin == "https://app.example.com"`, `$origin.matches("https://app[.]example[.]com")`, 1),
		Source: []string{"https://github.com/aws/aws-cdk/issues/26623"},
		check:  resembling,
	}, {
		ID:       "CORS116",
		Title:    "every origin is allowed, not only the listed ones",
		Severity: Error,
		Why: "A page at an origin that is not on the list has its own origin, or *, in the answer to its preflight, and may do what the listed ones may. " +
			"With credentials it acts as the user who visits it.",
		Cure: Cure{Go: goPolicy, CloudFormation: `# set the header for listed origins only:
# #if($origin == "https://app.example.com")
# #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
# #end`},
		Before: strings.Replace(unmapped, `$origin == "https://app.example.com"`, `$origin == "https://app.example.com" || $origin != ""`, 1),
		After:  unmapped,
		Source: []string{"https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS#credentialed_requests_and_wildcards"},
		check:  everyOrigin,
	}, {
		ID:       "CORS117",
		Title:    "no browser keeps the preflight's answer that long",
		Severity: Info,
		Why: "Chromium keeps the answer to a preflight for two hours at most and Firefox for a day, whatever Access-Control-Max-Age says; one that is no number counts as 5 seconds. " +
			"A long one has those browsers that honour it go by an old answer after a change.",
		Cure: Cure{Go: `policy, err := cors.New(cors.Config{
	Origins: []string{"https://app.example.com"},
	MaxAge:  2 * time.Hour,
})`, CloudFormation: `method.response.header.Access-Control-Max-Age: "'7200'"`},
		Before: `Resources:
  ItemsOptions:
    Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Max-Age: "'86400'"}}}}`,
		After: `Resources:
  ItemsOptions:
    Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Max-Age: "'7200'"}}}}`,
		Source: []string{"https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Access-Control-Max-Age"},
		check:  maxAge,
	}, {
		ID:       "CORS118",
		Title:    "resources differ in the origins that they allow",
		Severity: Warning,
		Why: "A page at an origin may call one resource and not another. Where that is meant, say so with a suppression; " +
			"mostly an origin was added in one place and forgotten in the other.",
		Cure: Cure{Go: "// one list for all resources\n" + goPolicy, CloudFormation: `# the same value in every OPTIONS method
method.response.header.Access-Control-Allow-Origin: "'https://app.example.com'"`},
		Before: `Resources:
  ItemsOptions:
    Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: "'https://admin.example.com'"}}}}`,
		After:  `Resources: {}`,
		Source: []string{docCORS},
		check:  unlike,
	}, {
		ID:       "CORS119",
		Title:    "only simple requests reach a resource",
		Severity: Warning,
		Why: "The resource is read with GET or HEAD, without authorization, and has no OPTIONS method. A plain fetch needs none. " +
			"With any header of the page's own, such as Authorization, X-Requested-With or what a tracing library adds, the browser asks with OPTIONS first, gets 403 Missing Authentication Token, and does not send the request.",
		Cure: Cure{Go: goEnable, CloudFormation: cureOptions},
		Before: `Resources:
  StatusOptions: null`,
		After:  `Resources: {}`,
		Source: []string{docCORS, "https://fetch.spec.whatwg.org/#cors-safelisted-request-header"},
		check:  noPreflight("CORS119"),
	}, {
		ID:       "CORS120",
		Title:    "a list of the preflight's answer cannot be parsed",
		Severity: Error,
		Why: "Access-Control-Allow-Methods and Access-Control-Allow-Headers are names with commas between them. " +
			"With a blank, a semicolon or quotes in a name the browser takes none of the list, and refuses every request that it asks leave for.",
		Cure: Cure{Go: goEnable, CloudFormation: `ItemsOptions:
  Properties:
    Integration:
      IntegrationResponses:
        - StatusCode: "204"
          ResponseParameters:
            method.response.header.Access-Control-Allow-Methods: "'GET,PUT'"
            method.response.header.Access-Control-Allow-Headers: "'content-type'"`},
		Before: `Resources:
  ItemsOptions:
    Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Methods: "'GET PUT'"}}}}`,
		After: `Resources:
  ItemsOptions:
    Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Methods: "'GET, PUT'"}}}}`,
		Source: []string{docFetch, "https://fetch.spec.whatwg.org/#extract-header-list-values"},
		check: faulty("CORS120", func(_ *View, _ route, f fault) string {
			name := "Access-Control-Allow-Methods"
			if f.report.Preflight.Verdict.Code == browser.InvalidAllowHeadersPreflightResponse {
				name = "Access-Control-Allow-Headers"
			}
			return fmt.Sprintf("%s is %q", name, f.report.Preflight.Response.Headers[strings.ToLower(name)])
		}),
	}}
}

// cureOptions is an OPTIONS method for a template.
const cureOptions = `ItemsOptions:
  Type: AWS::ApiGateway::Method
  Properties:
    RestApiId: !Ref Api
    ResourceId: !Ref Items
    HttpMethod: OPTIONS
    AuthorizationType: NONE
    Integration:
      Type: MOCK
      PassthroughBehavior: NEVER
      RequestTemplates: {application/json: '{"statusCode": 204}'}
      IntegrationResponses:
        - StatusCode: "204"
          ResponseParameters:
            method.response.header.Access-Control-Allow-Origin: "'https://app.example.com'"
            method.response.header.Access-Control-Allow-Methods: "'GET,PUT'"
            method.response.header.Access-Control-Allow-Headers: "'content-type'"
    MethodResponses:
      - StatusCode: "204"
        ResponseParameters:
          method.response.header.Access-Control-Allow-Origin: true
          method.response.header.Access-Control-Allow-Methods: true
          method.response.header.Access-Control-Allow-Headers: true`

// listed is the fixture of a list in a mapping template; %s stands for what is mapped.
const listed = `Resources:
  Status: null
  StatusGet: null
  StatusOptions: null
  Deployment: {DependsOn: [ItemsGet, ItemsPut, ItemsOptions, Errors4xx, Errors5xx]}
  ItemsOptions:
    Properties:
      Integration:
        IntegrationResponses:
          ResponseParameters: %s
          ResponseTemplates:
            application/json: |
              #set($origin = $input.params().header.get('origin'))
              #if($origin == "https://app.example.com" || $origin == "https://admin.example.com")
              #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
              #end`

// unmapped is that fixture where the template alone sets the header.
var unmapped = strings.Replace(listed, "%s", "{method.response.header.Access-Control-Allow-Origin: null}", 1)
