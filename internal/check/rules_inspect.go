package check

const (
	docDeploy = "https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html"
	docCanary = "https://docs.aws.amazon.com/apigateway/latest/developerguide/canary-release.html"
	docDrift  = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html"
	docDomain = "https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html"
)

// inspectRules are for what `corsgate inspect` sees in the deployed state.
func inspectRules() []Rule {
	return []Rule{{
		ID:       "CORS601",
		Title:    "what is configured is not deployed",
		Severity: Error,
		Why: "A stage serves the deployment that it points to, which is a copy of the API as it was when the deployment was made. What was changed since, in the console or by a template that makes no new deployment, " +
			"shows in the console and in its test, and not to browsers. The stage's variables are no part of the copy: they count at once.",
		Cure: Cure{Go: `// What corsapi and the L2 constructs add makes a new deployment by itself.
api.LatestDeployment().AddToLogicalId(map[string]any{"cors": "2"})`, CloudFormation: `# aws apigateway create-deployment --rest-api-id abc123 --stage-name prod
Deployment2:   # a new logical id makes a new deployment
  Type: AWS::ApiGateway::Deployment
  DependsOn: [ItemsGet, ItemsPut, ItemsOptions]
  Properties: {RestApiId: !Ref Api}`},
		Before: `get-resources: OPTIONS /items  Access-Control-Allow-Origin 'https://app.example.com'
get-export:    OPTIONS /items  Access-Control-Allow-Origin 'https://old.example.com'`,
		After: `get-resources: OPTIONS /items  Access-Control-Allow-Origin 'https://app.example.com'
get-export:    OPTIONS /items  Access-Control-Allow-Origin 'https://app.example.com'`,
		Source: []string{docDeploy, "https://docs.aws.amazon.com/apigateway/latest/api/API_GetExport.html", "https://github.com/aws/aws-cdk/issues/13526"},
	}, {
		ID:       "CORS602",
		Title:    "the API in the account is not what its template says",
		Severity: Warning,
		Why: "Somebody changed the API by hand, or the template was changed and not deployed. A deployment of the stack leaves alone what it believes to be unchanged, so that the difference stays until " +
			"the resource's own text in the template changes; then it vanishes, and what relied on it with it.",
		Cure: Cure{Go: goEnable, CloudFormation: `# aws cloudformation detect-stack-drift --stack-name Shop
# Put into the template what was meant to stay, and deploy. What was not
# goes with the next change of its resource.`},
		Before: `template:      PUT /items
get-resources: no PUT on /items`,
		After: `template:      PUT /items
get-resources: PUT /items`,
		Source: []string{docDrift},
	}, {
		ID:       "CORS603",
		Title:    "the allowlist in the account is not the template's",
		Severity: Error,
		Why: "The stage's variables were edited in the account, or the template was changed and not deployed. An origin that only the account has is let in without anybody having reviewed it, and is gone with the next deployment that " +
			"touches the stage; pages of one that only the template has are refused.",
		Cure: Cure{Go: goPolicy, CloudFormation: `Stage:
  Properties:
    Variables:
      corsOrigins: https://app.example.com`},
		Before: `template:   corsOrigins = https://app.example.com
get-stages: corsOrigins = https://app.example.com,https://test.example.com`,
		After: `template:   corsOrigins = https://app.example.com
get-stages: corsOrigins = https://app.example.com`,
		Source: []string{docDrift, "docs/design/0001-allowlist-in-stage-variables.md"},
	}, {
		ID:       "CORS604",
		Title:    "a custom domain leads elsewhere than it should",
		Severity: Error,
		Why: "A base path mapping sends the domain's requests to a stage that is not there, to one that refuses every page while another stage of the same API lets pages in, or to another API or stage than the template says. " +
			"At the API's own address everything works.",
		Cure: Cure{Go: `api.AddDomainName(jsii.String("Domain"), &awsapigateway.DomainNameOptions{
	DomainName:  jsii.String("api.example.com"),
	Certificate: certificate,
}) // maps it to the deployment's stage`, CloudFormation: `Mapping:
  Type: AWS::ApiGateway::BasePathMapping
  Properties: {DomainName: !Ref Domain, RestApiId: !Ref Api, Stage: prod}`},
		Before: `get-base-path-mappings: api.example.com -> abc123, stage v1
get-stages:             prod (corsOrigins = https://app.example.com), v1 (no variables)`,
		After: `get-base-path-mappings: api.example.com -> abc123, stage prod
get-stages:             prod (corsOrigins = https://app.example.com), v1 (no variables)`,
		Source: []string{docDomain},
	}, {
		ID:       "CORS605",
		Title:    "a canary decides by another policy than its stage",
		Severity: Warning,
		Why: "A canary's variables take the place of the stage's for a share of the requests, drawn for each anew. A preflight may be answered by one policy and the request that follows by the other, so that pages fail " +
			"now and then, and whether a browser that reloads is let in is a matter of luck.",
		Cure: Cure{Go: `// Promote the canary, or take the override of corsOrigins out of it.
// A list to be tried belongs on a stage of its own.`, CloudFormation: `Stage:
  Properties:
    Variables: {corsOrigins: "https://app.example.com"}
    # no StageVariableOverrides for the variables that begin with cors
    CanarySetting: {PercentTraffic: 10}`},
		Before: `get-stages: corsOrigins = https://app.example.com
            canary 10 %, corsOrigins = https://new.example.com`,
		After: `get-stages: corsOrigins = https://app.example.com
            canary 10 %`,
		Source: []string{docCanary},
	}}
}
