package check

import (
	"fmt"
	"strings"
)

func headerRules() []Rule {
	return []Rule{{
		ID:       "CORS201",
		Title:    "a header is mapped and not declared",
		Severity: Error,
		Why: "An integration response may set only those headers that the method response of the same status declares. " +
			"Otherwise CloudFormation fails with \"Invalid mapping expression specified\".",
		Cure: Cure{Go: goEnable, CloudFormation: `MethodResponses:
  - StatusCode: "204"
    ResponseParameters:
      method.response.header.Access-Control-Allow-Origin: true`},
		Before: `Resources:
  ItemsOptions:
    Properties: {MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: null}}}`,
		After:  `Resources: {}`,
		Source: []string{docCORS},
		check:  undeclared,
	}, {
		ID:       "CORS202",
		Title:    "a CORS header is declared and never set",
		Severity: Warning,
		Why: "A method response declares a header; no integration response of that status maps it and no mapping template sets it. " +
			"Declaring alone sends nothing.",
		Cure: Cure{Go: goEnable, CloudFormation: `IntegrationResponses:
  - StatusCode: "200"
    ResponseParameters:
      method.response.header.Access-Control-Expose-Headers: "'x-request-id'"`},
		Before: `Resources:
  StatusGet:
    Properties: {MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Expose-Headers: true}}}`,
		After: `Resources:
  StatusGet:
    Properties:
      Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Expose-Headers: "'x-request-id'"}}}
      MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Expose-Headers: true}}`,
		Source: []string{docCORS},
		check:  unset,
	}, {
		ID:       "CORS203",
		Title:    "a header's value is not in single quotes",
		Severity: Error,
		Why: "A mapped header is text in single quotes within the string, '*', or a source such as integration.response.header.Name. " +
			"Anything else is refused when it is deployed: Invalid mapping expression specified. CDK does not look at it at synthesis.",
		Cure: Cure{Go: goEnable, CloudFormation: `method.response.header.Access-Control-Allow-Origin: "'https://app.example.com'"
gatewayresponse.header.Access-Control-Allow-Origin: "'https://app.example.com'"`},
		Before: `Resources:
  ItemsOptions:
    Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: "content-type"}}}}`,
		After: `Resources:
  ItemsOptions:
    Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: "'content-type'"}}}}`,
		Source: []string{"https://github.com/aws/aws-cdk/issues/11306", "https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping-sources.html"},
		check:  badExpressions,
	}, {
		ID:       "CORS204",
		Title:    "several origins in one Access-Control-Allow-Origin",
		Severity: Error,
		Why:      "The header holds one origin, or *. A browser refuses a list, also where the page's origin is in it.",
		Cure: Cure{Go: `policy, err := cors.New(cors.Config{
	Origins: []string{
		"https://app.example.com",
		"https://admin.example.com",
	},
})`,
			CloudFormation: `# a mapping template answers with the one that asks:
# #if($origin == "https://app.example.com" ||
#     $origin == "https://admin.example.com")
# #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
# #end`},
		Before: `Resources:
  ItemsOptions:
    Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: "'https://app.example.com, https://app.example.com'"}}}}`,
		After:  `Resources: {}`,
		Source: []string{docCheck, "https://github.com/aws/aws-sam-cli/issues/3719"},
		check: values("CORS204", func(value string) string {
			if strings.ContainsAny(value, ", ") {
				return fmt.Sprintf("Access-Control-Allow-Origin is %q", value)
			}
			return ""
		}),
	}, {
		ID:       "CORS205",
		Title:    "no browser sends such an origin",
		Severity: Error,
		Why: "An origin is scheme, host and port as a browser writes them: no path and no slash at the end, lower case, no default port. " +
			"Browsers compare byte by byte, so any other value fits no page. null is what every sandboxed frame sends.",
		Cure: Cure{Go: `// it says what is wrong with an origin
policy, err := cors.New(cors.Config{
	Origins: []string{"https://app.example.com"},
})`,
			CloudFormation: `method.response.header.Access-Control-Allow-Origin: "'https://app.example.com'"`},
		Before: `Resources:
  ItemsOptions:
    Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: "'https://app.example.com/'"}}}}`,
		After:  `Resources: {}`,
		Source: []string{"https://fetch.spec.whatwg.org/#origin-header", docCheck},
		check:  badOrigins,
	}, {
		ID:       "CORS206",
		Title:    "* together with credentials",
		Severity: Error,
		Why: "With Access-Control-Allow-Credentials: true a browser wants the page's own origin in Access-Control-Allow-Origin, and refuses *. " +
			"Requests without credentials need no Access-Control-Allow-Credentials at all.",
		Cure: Cure{Go: `policy, err := cors.New(cors.Config{
	Origins:     []string{"https://app.example.com"},
	Credentials: true,
})`,
			CloudFormation: `method.response.header.Access-Control-Allow-Origin: "'https://app.example.com'"
method.response.header.Access-Control-Allow-Credentials: "'true'"`},
		Before: `Resources:
  ItemsOptions:
    Properties:
      Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: "'*'", method.response.header.Access-Control-Allow-Credentials: "'true'"}}}
      MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: true}}`,
		After: `Resources:
  ItemsOptions:
    Properties:
      Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: "'true'"}}}
      MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: true}}`,
		Source: []string{docCheck},
		check:  wildcardCredentials,
	}, {
		ID:       "CORS207",
		Title:    "an answer that depends on Origin does not say so",
		Severity: Warning,
		Why: "Where Access-Control-Allow-Origin differs from page to page, a cache has to know: without Vary: Origin it gives one page the answer that was for another, or for none. " +
			"The header belongs on every answer, also on those to requests without Origin.",
		Cure: Cure{Go: goPolicy, CloudFormation: `method.response.header.Vary: "'Origin'"
gatewayresponse.header.Vary: "'Origin'"`},
		Before: strings.Replace(listed, "%s", "{method.response.header.Access-Control-Allow-Origin: null, method.response.header.Vary: null}", 1) + `
      MethodResponses: {ResponseParameters: {method.response.header.Vary: null}}`,
		After:  unmapped,
		Source: []string{"https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches"},
		check:  vary,
	}, {
		ID:       "CORS208",
		Title:    "an answer of a method lacks Access-Control-Allow-Origin",
		Severity: Error,
		Why: "The preflight's headers are for the preflight. A method that is no proxy (MOCK, AWS, HTTP) needs Access-Control-Allow-Origin on each of its own integration responses, those of errors included; " +
			"otherwise the request is made and the page cannot read its answer.",
		Cure: Cure{Go: goEnable, CloudFormation: `StatusGet:
  Properties:
    Integration:
      IntegrationResponses:
        - StatusCode: "200"
          ResponseParameters:
            method.response.header.Access-Control-Allow-Origin: "'https://app.example.com'"
    MethodResponses:
      - StatusCode: "200"
        ResponseParameters:
          method.response.header.Access-Control-Allow-Origin: true`},
		Before: `Resources:
  StatusGet:
    Properties:
      Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: null}}}
      MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Origin: null}}`,
		After:  `Resources: {}`,
		Source: []string{docCORS},
		check:  unreadable,
	}, {
		ID:       "CORS209",
		Title:    "Access-Control-Allow-Credentials is not true",
		Severity: Error,
		Why: "The header has one value, true in lower case. Any other, True and 1 among them, is as good as none: " +
			"the browser refuses whatever a page asks with cookies or other credentials.",
		Cure: Cure{Go: `policy, err := cors.New(cors.Config{
	Origins:     []string{"https://app.example.com"},
	Credentials: true,
})`,
			CloudFormation: `method.response.header.Access-Control-Allow-Credentials: "'true'"`},
		Before: `Resources:
  ItemsOptions:
    Properties:
      Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: "'True'"}}}
      MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: true}}`,
		After: `Resources:
  ItemsOptions:
    Properties:
      Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: "'true'"}}}
      MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: true}}`,
		Source: []string{docCheck, "https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Access-Control-Allow-Credentials"},
		check:  badCredentials,
	}}
}
