package check

// cureCloudFront is a distribution's behaviour that lets CORS through.
const cureCloudFront = `Distribution:
  Type: AWS::CloudFront::Distribution
  Properties:
    DistributionConfig:
      DefaultCacheBehavior:
        AllowedMethods: [GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE]
        # the managed policies CachingDisabled and AllViewerExceptHostHeader
        CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad
        OriginRequestPolicyId: b689b0a8-53d0-40ab-baf2-68738e2966ac`

// probeRules are for what `corsgate probe` sees on the wire.
func probeRules() []Rule {
	return []Rule{{
		ID:       "CORS501",
		Title:    "HTTP/1.1 and HTTP/2 are answered differently",
		Severity: Error,
		Why: "In HTTP/2, which browsers use, header names are in lower case; in HTTP/1.1 they are as the client wrote them. API Gateway tells them apart, so a mapping template or a function that looks for Origin alone " +
			"(or origin alone) answers one of the two as if no page had asked. What a client on a command line sees is then not what a browser sees.",
		Cure: Cure{Go: goPolicy, CloudFormation: `# in the mapping template, look for both:
# #set($origin = $input.params().header.get("origin"))
# #if("$!origin" == "")
#   #set($origin = $input.params().header.get("Origin"))
# #end`},
		Before: `> OPTIONS /prod/orders HTTP/2
> origin: https://app.example.com
< HTTP/2 403

> OPTIONS /prod/orders HTTP/1.1
> Origin: https://app.example.com
< HTTP/1.1 204 No Content
< Access-Control-Allow-Origin: https://app.example.com`,
		After: `> OPTIONS /prod/orders HTTP/2
> origin: https://app.example.com
< HTTP/2 204
< access-control-allow-origin: https://app.example.com

> OPTIONS /prod/orders HTTP/1.1
> Origin: https://app.example.com
< HTTP/1.1 204 No Content
< Access-Control-Allow-Origin: https://app.example.com`,
		Source: []string{"https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html", "https://stackoverflow.com/questions/77098182"},
	}, {
		ID:       "CORS502",
		Title:    "a CORS header is sent more than once",
		Severity: Error,
		Why: "Two places set the header: the function and its framework, `headers` and `multiValueHeaders`, a method's mapping, a distribution in front. A browser joins the lines with a comma, and what it gets is no origin, " +
			"even if both lines are the same. Tools that show headers as a table hide it.",
		Cure: Cure{Go: `// and no CORS header in the handler or its framework
lambda.Start(corslambda.Wrap(handler))`, CloudFormation: `# let one place set it; in a distribution's response headers policy:
CorsConfig: {OriginOverride: true}`},
		Before: `> GET /prod/orders HTTP/2
< HTTP/2 200
< access-control-allow-origin: https://app.example.com
< access-control-allow-origin: *`,
		After: `> GET /prod/orders HTTP/2
< HTTP/2 200
< access-control-allow-origin: https://app.example.com`,
		Source: []string{docCheck, "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"},
	}, {
		ID:       "CORS503",
		Title:    "a request gets no whole answer",
		Severity: Error,
		Why: "The connection ends, or nothing more comes, before the answer is complete, or what comes is not HTTP; other requests to the same address were answered. A browser gives the page a network error, " +
			"which a script cannot tell from a refusal by CORS.",
		Cure: Cure{Go: `// no CORS setting cures it: look at what stands in front of the API`, CloudFormation: `# no CORS setting cures it: look at what stands in front of the API, a
# distribution, a firewall, a load balancer`},
		Before: `> GET /prod/orders HTTP/1.1
< HTTP/1.1 200 OK
< Access-Control-Allow-Origin: https://app.example.com
< Content-Length: 1024
<
< {"items": [`,
		After: `> GET /prod/orders HTTP/1.1
< HTTP/1.1 200 OK
< Access-Control-Allow-Origin: https://app.example.com
< Content-Length: 13
<
< {"items": []}`,
		Source: []string{"https://fetch.spec.whatwg.org/#concept-network-error", "https://www.rfc-editor.org/rfc/rfc9112.html#name-handling-incomplete-message"},
	}, {
		ID:       "CORS504",
		Title:    "the preflight is redirected",
		Severity: Error,
		Why: "A browser follows no redirect of a preflight. API Gateway sends none for a path of its own; a distribution, a load balancer or a web server in front does, mostly from http to https, to another host, " +
			"or to the same path with or without a slash at its end.",
		Cure: Cure{Go: `// have the page call the address that the redirect leads to`, CloudFormation: `# have the page call the address that the redirect leads to; in a
# distribution, redirect-to-https redirects preflights too:
ViewerProtocolPolicy: https-only`},
		Before: `> OPTIONS /orders HTTP/2
< HTTP/2 301
< location: https://api.example.com/orders/`,
		After: `> OPTIONS /orders/ HTTP/2
< HTTP/2 204
< access-control-allow-origin: https://app.example.com`,
		Source: []string{docFetch},
	}, {
		ID:       "CORS505",
		Title:    "preflights are answered by something that fails",
		Severity: Error,
		Why: "The answer is one that API Gateway makes where an integration fails or takes too long (502, 504). A mock integration does neither, so OPTIONS has another one, mostly a function that is called for ANY method " +
			"and cannot deal with this one. No gateway response cures it: the status is not OK.",
		Cure: Cure{Go: goEnable, CloudFormation: `ItemsOptions:
  Type: AWS::ApiGateway::Method
  Properties:
    HttpMethod: OPTIONS
    AuthorizationType: NONE
    Integration:
      Type: MOCK
      RequestTemplates:
        application/json: '{"statusCode": 204}'`},
		Before: `> OPTIONS /prod/orders HTTP/2
< HTTP/2 502
< x-amzn-errortype: InternalServerErrorException`,
		After: `> OPTIONS /prod/orders HTTP/2
< HTTP/2 204
< access-control-allow-origin: https://app.example.com`,
		Source: []string{docGW, docMock},
	}, {
		ID:       "CORS506",
		Title:    "preflights are throttled",
		Severity: Warning,
		Why:      "A limit of the account, the stage, the method or a usage plan is reached (429), for preflights as for other requests: each of them counts. Nothing can be said of what else is wrong until it is not.",
		Cure: Cure{Go: `policy, err := cors.New(cors.Config{
	Origins: []string{"https://app.example.com"},
	MaxAge:  2 * time.Hour, // fewer preflights
})`, CloudFormation: `Stage:
  Properties:
    MethodSettings:
      - HttpMethod: OPTIONS
        ResourcePath: "/*"
        ThrottlingRateLimit: 1000
        ThrottlingBurstLimit: 500`},
		Before: `> OPTIONS /prod/orders HTTP/2
< HTTP/2 429
< x-amzn-errortype: TooManyRequestsException`,
		After: `> OPTIONS /prod/orders HTTP/2
< HTTP/2 204
< access-control-allow-origin: https://app.example.com
< access-control-max-age: 7200`,
		Source: []string{"https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html"},
	}, {
		ID:       "CORS507",
		Title:    "credentials are not allowed",
		Severity: Error,
		Why: "The page asks with credentials: 'include', and the answer has no Access-Control-Allow-Credentials: true; in exactly these letters. The browser hides the answer, and after a preflight sends nothing. " +
			"Both answers need the header, the preflight's and the other one.",
		Cure: Cure{Go: `policy, err := cors.New(cors.Config{
	Origins:     []string{"https://app.example.com"},
	Credentials: true,
})`, CloudFormation: `method.response.header.Access-Control-Allow-Credentials: "'true'"`},
		Before: `> OPTIONS /prod/orders HTTP/2
< HTTP/2 204
< access-control-allow-origin: https://app.example.com
< access-control-allow-credentials: True`,
		After: `> OPTIONS /prod/orders HTTP/2
< HTTP/2 204
< access-control-allow-origin: https://app.example.com
< access-control-allow-credentials: true`,
		Source: []string{docCheck},
	}, {
		ID:       "CORS508",
		Title:    "a list in the preflight's answer cannot be parsed",
		Severity: Error,
		Why: "Access-Control-Allow-Methods and Access-Control-Allow-Headers are names with commas between them. With anything else in one of them, a blank within a name, quotes, brackets, " +
			"the browser refuses whatever was asked for.",
		Cure: Cure{Go: goPolicy, CloudFormation: `method.response.header.Access-Control-Allow-Headers: "'content-type,authorization'"`},
		Before: `> OPTIONS /prod/orders HTTP/2
< HTTP/2 204
< access-control-allow-origin: https://app.example.com
< access-control-allow-headers: ["content-type", "authorization"]`,
		After: `> OPTIONS /prod/orders HTTP/2
< HTTP/2 204
< access-control-allow-origin: https://app.example.com
< access-control-allow-headers: content-type,authorization`,
		Source: []string{docFetch},
	}, {
		ID:       "CORS509",
		Title:    "the origin null is allowed",
		Severity: Error,
		Why:      "Every sandboxed frame has the origin null, on whatever page it is, and so has every local file. To allow null is to allow everybody.",
		Cure: Cure{Go: `policy, err := cors.New(cors.Config{
	Origins: []string{"https://app.example.com"}, // cors.New refuses null
})`, CloudFormation: `# take null from the list that Origin is compared with`},
		Before: `> OPTIONS /prod/orders HTTP/2
> origin: null
< HTTP/2 204
< access-control-allow-origin: null`,
		After: `> OPTIONS /prod/orders HTTP/2
> origin: null
< HTTP/2 403
< vary: Origin`,
		Source: []string{"https://portswigger.net/web-security/cors", "https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin"},
	}, {
		ID:       "CORS510",
		Title:    "the answer itself cannot be read",
		Severity: Error,
		Why: "The preflight's headers are for the preflight; the answer to the request needs Access-Control-Allow-Origin of its own, or the request is made and the page cannot read what came of it. API Gateway adds nothing to what a " +
			"proxy integration answers, so a Lambda function has to send the header itself, with its errors too. Where the method is no proxy, each of its integration responses has to map it (CORS208).",
		Cure: Cure{Go: `lambda.Start(corslambda.Wrap(handler))`, CloudFormation: `# a function sends with each answer, errors included:
# "headers": {"Access-Control-Allow-Origin": "https://app.example.com",
#   "Vary": "Origin"}
# a method that is no proxy, in each of its integration responses:
method.response.header.Access-Control-Allow-Origin: "'https://app.example.com'"`},
		Before: `> GET /prod/orders HTTP/2
> origin: https://app.example.com
< HTTP/2 200
< content-type: application/json`,
		After: `> GET /prod/orders HTTP/2
> origin: https://app.example.com
< HTTP/2 200
< access-control-allow-origin: https://app.example.com
< vary: Origin`,
		Source: []string{docCORS, docCheck, "https://github.com/aws/aws-cdk/issues/16876"},
	}, {
		ID:       "CORS511",
		Title:    "requests that need a preflight would be refused",
		Severity: Info,
		Why: "The request that was asked about needs no preflight. One with another method, with a Content-Type of application/json or with an Authorization header does, " +
			"and the preflight of this address fails.",
		Cure: Cure{Go: goEnable, CloudFormation: `# see the rule that the finding names: corsgate rules CORS102`},
		Before: `> OPTIONS /prod/orders HTTP/2
> access-control-request-method: GET
< HTTP/2 401
< x-amzn-errortype: UnauthorizedException`,
		After: `> OPTIONS /prod/orders HTTP/2
> access-control-request-method: GET
< HTTP/2 204
< access-control-allow-origin: https://app.example.com`,
		Source: []string{docFetch, "https://fetch.spec.whatwg.org/#cors-safelisted-request-header"},
	}, {
		ID:       "CORS512",
		Title:    "CloudFront lets no OPTIONS through",
		Severity: Error,
		Why:      "The distribution in front of the API allows GET and HEAD alone, which is what one does if not told otherwise, and answers OPTIONS itself with 403. The API never sees the preflight.",
		Cure: Cure{Go: `// in the awscloudfront.BehaviorOptions of the distribution:
// AllowedMethods: awscloudfront.AllowedMethods_ALLOW_ALL(),
// CachePolicy:    awscloudfront.CachePolicy_CACHING_DISABLED(),
// and OriginRequestPolicy_ALL_VIEWER_EXCEPT_HOST_HEADER`, CloudFormation: cureCloudFront},
		Before: `> OPTIONS /orders HTTP/2
< HTTP/2 403
< server: CloudFront
< x-cache: Error from cloudfront
<
< This distribution is not configured to allow the HTTP request method that was used for this request.`,
		After: `> OPTIONS /orders HTTP/2
< HTTP/2 204
< access-control-allow-origin: https://app.example.com`,
		Source: []string{"https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-403-permission-denied.html"},
	}, {
		ID:       "CORS513",
		Title:    "the address leads to no API",
		Severity: Error,
		Why: "API Gateway answers 403 Forbidden to everything at this address, before there is an API that could: there is no such stage, the path has no stage in it, a distribution in front passes on a Host that is not the API's, or a firewall " +
			"stops this client. No gateway response of the API takes part, so the console speaks of CORS.",
		Cure: Cure{Go: `// the address with its stage
awscdk.NewCfnOutput(stack, jsii.String("Url"), &awscdk.CfnOutputProps{
	Value: api.Url(),
})`, CloudFormation: `Outputs:
  Url:
    Value: !Sub
      - https://${Api}.execute-api.${AWS::Region}.${Suffix}/${Stage}/
      - Suffix: !Ref AWS::URLSuffix`},
		Before: `> OPTIONS /orders HTTP/2
< HTTP/2 403
< x-amzn-errortype: ForbiddenException

> GET /orders HTTP/2
< HTTP/2 403
< x-amzn-errortype: ForbiddenException`,
		After: `> OPTIONS /prod/orders HTTP/2
< HTTP/2 204
< access-control-allow-origin: https://app.example.com`,
		Source: []string{"https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden"},
	}, {
		ID:       "CORS514",
		Title:    "origins beside the given one are allowed",
		Severity: Info,
		Why: "They are of the same site: another scheme or port, a domain below or beside. A pattern that is meant to cover them is all right; a comparison that lets them in by mistake is not, and from outside the two look alike. " +
			"A page over http can be written by anybody on the way to its user.",
		Cure: Cure{Go: `policy, err := cors.New(cors.Config{
	// itself alone, without patterns
	Origins: []string{"https://app.example.com"},
})`, CloudFormation: `# compare as a whole: $origin == "https://app.example.com"`},
		Before: `> OPTIONS /prod/orders HTTP/2
> origin: http://app.example.com
< HTTP/2 204
< access-control-allow-origin: http://app.example.com`,
		After: `> OPTIONS /prod/orders HTTP/2
> origin: http://app.example.com
< HTTP/2 403
< vary: Origin`,
		Source: []string{"https://html.spec.whatwg.org/#same-site"},
	}, {
		ID:       "CORS515",
		Title:    "the answer is a redirect",
		Severity: Info,
		Why: "A browser follows it, and asks again at the other address: with a preflight of its own, and from the origin null where that is another host than the page's and the first one's. " +
			"corsgate probe follows none, since whoever named an address did not name the next.",
		Cure: Cure{Go: `// have the page call the address that the redirect leads to, and probe that`, CloudFormation: `# have the page call the address that the redirect leads to, and probe that`},
		Before: `> GET /prod/orders HTTP/2
< HTTP/2 302
< access-control-allow-origin: https://app.example.com
< location: https://api.example.com/orders`,
		After: `> GET /orders HTTP/2
< HTTP/2 200
< access-control-allow-origin: https://app.example.com`,
		Source: []string{"https://fetch.spec.whatwg.org/#concept-http-redirect-fetch"},
	}, {
		ID:       "CORS516",
		Title:    "headers are exposed by the preflight alone",
		Severity: Info,
		Why:      "A browser reads Access-Control-Expose-Headers of the answer itself. On the preflight's it means nothing, and scripts cannot read the headers that it names.",
		Cure: Cure{Go: `policy, err := cors.New(cors.Config{
	Origins:        []string{"https://app.example.com"},
	ExposedHeaders: []string{"x-request-id"},
})`, CloudFormation: `# a function sends with each answer:
# "headers": {"Access-Control-Expose-Headers": "x-request-id"}`},
		Before: `> OPTIONS /prod/orders HTTP/2
< HTTP/2 204
< access-control-allow-origin: https://app.example.com
< access-control-expose-headers: x-request-id

> GET /prod/orders HTTP/2
< HTTP/2 200
< access-control-allow-origin: https://app.example.com`,
		After: `> GET /prod/orders HTTP/2
< HTTP/2 200
< access-control-allow-origin: https://app.example.com
< access-control-expose-headers: x-request-id`,
		Source: []string{"https://fetch.spec.whatwg.org/#http-access-control-expose-headers"},
	}}
}
