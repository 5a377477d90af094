package diagnose

import "fmt"

func preflightRules() []Rule {
	return []Rule{{
		ID:       "CORS101",
		Title:    "no method answers preflights",
		Severity: Error,
		Why: "Before a request with a method such as PUT, a JSON body or an Authorization header, a browser asks leave with an OPTIONS request to the same path. " +
			"Where no resource on that path has an OPTIONS method (or ANY), API Gateway answers 403 Missing Authentication Token, and the browser does not send the request.",
		Cure: Cure{Go: goEnable, CloudFormation: `ItemsOptions:
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
          method.response.header.Access-Control-Allow-Headers: true`},
		Before: `Resources:
  ItemsOptions: null
  Deployment: {DependsOn: [ItemsPost, ItemsGet, StatusGet, StatusOptions]}`,
		After:  `Resources: {}`,
		Source: []string{docCORS, docFetch},
		check: func(v *View, report reporter) {
			if !v.usesCORS() {
				if len(v.routes) > 0 {
					rep := v.preflight(v.routes[0], v.origin())
					if rep != nil && rep.Preflight.Verdict.Known && !rep.Preflight.Verdict.Allowed {
						report(place{id: v.API.ID}, "no resource of the API answers preflights, and no answer has a CORS header", rep.Preflight.Verdict.Message)
					}
				}
				return
			}
			seen := map[string]bool{}
			for _, r := range v.routes {
				f := v.fault(r)
				if f.rule != "CORS101" || seen[r.resource.Path] {
					continue
				}
				seen[r.resource.Path] = true
				report(place{id: r.resource.ID, path: r.resource.Path, method: "OPTIONS"},
					fmt.Sprintf("%s has %s and no OPTIONS, and no {proxy+} above it has one", r.resource.Path, methodNames(r.resource)), f.report.Preflight.Verdict.Message)
			}
		},
	}}
}
