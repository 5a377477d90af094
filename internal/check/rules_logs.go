package check

const (
	docLogging = "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html"
	docProxy   = "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"
)

// logsRules are for what `corsgate logs` reads in CloudWatch Logs. Their examples are lines of logs.
func logsRules() []Rule {
	return []Rule{{
		ID:       "CORS701",
		Title:    "an origin was refused that resembles an allowed one",
		Severity: Warning,
		Why: "Either an entry of the allowlist is missing or has a slip in it, and pages of yours get no answer; or somebody tries an origin that is made to be taken for yours. " +
			"One with another scheme, port or subdomain of a site of yours is most likely the first, one with your name in another's domain the second: that one must stay refused.",
		Cure: Cure{Go: `policy, err := cors.New(cors.Config{Origins: []string{
	"https://app.example.com",
	"https://www.example.com", // if it is yours
}})`, CloudFormation: `Stage: # if the second is yours
  Properties:
    Variables:
      corsOrigins: https://app.example.com,https://www.example.com`},
		Before: `{"timestamp":"2026-11-22T09:00:00Z","level":"WARN","message":"CORS: origin refused","origin":"https://www.example.com","method":"GET","path":"/orders","reason":"origin not allowed","apiRequestId":"4bb1a9c2-0000-4000-8000-000000000001"}`,
		After:  `{"timestamp":"2026-11-22T09:00:00Z","level":"INFO","message":"order read"}`,
		Source: []string{"https://fetch.spec.whatwg.org/#cors-check"},
	}, {
		ID:       "CORS702",
		Title:    "origins were refused",
		Severity: Info,
		Why: "A page asked that is not on the allowlist. That is what the list is for, unless the page is yours: then its origin is missing. " +
			"CORS keeps pages from reading answers and is no access control: a simple request was carried out all the same. " +
			"A preflight's 403 has no origin in an access log, nor in an execution log without headers: it is counted all the same.",
		Cure: Cure{Go: goPolicy, CloudFormation: `Stage:
  Properties:
    Variables: {corsOrigins: "https://app.example.com"}`},
		Before: `{"timestamp":"2026-11-22T09:00:00Z","level":"WARN","message":"CORS: origin refused","origin":"https://elsewhere.test","method":"GET","path":"/orders","reason":"origin not allowed","apiRequestId":"4bb1a9c2-0000-4000-8000-000000000001"}`,
		After:  `{"timestamp":"2026-11-22T09:00:00Z","level":"INFO","message":"order read"}`,
		Source: []string{"https://fetch.spec.whatwg.org/#cors-check"},
	}, {
		ID:       "CORS703",
		Title:    "a handler sets CORS headers of its own",
		Severity: Warning,
		Why: "Two places decide about one header, and will not agree for long: a handler's own * or its own list is what browsers see wherever the policy's middleware is not around it. " +
			"corslambda leaves a handler's CORS headers out and says so once in the log.",
		Cure: Cure{Go: `// and no Access-Control- header in the handler itself
lambda.Start(corslambda.Wrap(handler))`, CloudFormation: `# the code sets no Access-Control- header, and is wrapped by corslambda
OrdersFunction:
  Type: AWS::Lambda::Function`},
		Before: `{"timestamp":"2026-11-22T09:00:00Z","level":"WARN","message":"CORS: the handler sets CORS headers of its own, which are left out","headers":["Access-Control-Allow-Origin"],"method":"GET","path":"/orders"}`,
		After:  `{"timestamp":"2026-11-22T09:00:00Z","level":"INFO","message":"order read"}`,
		Source: []string{docProxy},
	}, {
		ID:       "CORS704",
		Title:    "a function's answer was no proxy response",
		Severity: Error,
		Why: "API Gateway answers 502 where a Lambda proxy's answer has a member it does not know, a body that is no string, a status that is no number, or values in multiValueHeaders that are no lists. " +
			"What the function did is done, and the page sees a failure, of CORS if DEFAULT_5XX has no headers.",
		Cure: Cure{Go: `// corslambda.Handler takes the form that API Gateway wants
lambda.Start(corslambda.Wrap(handler))`, CloudFormation: `# it returns {"statusCode": 200, "headers": {}, "body": "text"}, no more
OrdersFunction:
  Type: AWS::Lambda::Function`},
		Before: `(4bb1a9c2-0000-4000-8000-000000000001) HTTP Method: GET, Resource Path: /orders
(4bb1a9c2-0000-4000-8000-000000000001) Execution failed due to configuration error: Malformed Lambda proxy response
(4bb1a9c2-0000-4000-8000-000000000001) Method completed with status: 502`,
		After: `(4bb1a9c2-0000-4000-8000-000000000001) HTTP Method: GET, Resource Path: /orders
(4bb1a9c2-0000-4000-8000-000000000001) Successfully completed execution
(4bb1a9c2-0000-4000-8000-000000000001) Method completed with status: 200`,
		Source: []string{docProxy, "https://github.com/aws-powertools/powertools-lambda-python/issues/5399"},
	}, {
		ID:       "CORS705",
		Title:    "a preflight went to a function",
		Severity: Warning,
		Why: "Each preflight runs the function, and waits for its cold start; it is answered by whatever the function's code makes of OPTIONS. " +
			"The resource has no OPTIONS method of its own, but ANY, or a greedy path above it.",
		Cure: Cure{Go: goEnable, CloudFormation: `OrdersOptions:
  Type: AWS::ApiGateway::Method
  Properties:
    HttpMethod: OPTIONS
    Integration: {Type: MOCK} # and what the page of CORS101 has beside it`},
		Before: `(4bb1a9c2-0000-4000-8000-000000000001) HTTP Method: OPTIONS, Resource Path: /orders
(4bb1a9c2-0000-4000-8000-000000000001) Endpoint request URI: https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:eu-west-1:111111111111:function:orders/invocations
(4bb1a9c2-0000-4000-8000-000000000001) Method completed with status: 204`,
		After: `(4bb1a9c2-0000-4000-8000-000000000001) HTTP Method: OPTIONS, Resource Path: /orders
(4bb1a9c2-0000-4000-8000-000000000001) Method completed with status: 204`,
		Source: []string{docProxy},
	}, {
		ID:       "CORS706",
		Title:    "preflights failed",
		Severity: Error,
		Why: "The OPTIONS method answered with an error and not with a decision: an authorizer or an API key stands before it (401, 403), its validator refused (400), or its mock failed (500); " +
			"or it answered an allowed origin, and without the method or a header that the page wants. " +
			"No such request can be made, from an allowed origin either. What it needs are an OPTIONS method that anybody may call, and its methods and headers in the policy.",
		Cure: Cure{Go: goEnable, CloudFormation: `OrdersOptions:
  Type: AWS::ApiGateway::Method
  Properties:
    HttpMethod: OPTIONS
    AuthorizationType: NONE
    ApiKeyRequired: false`},
		Before: `(4bb1a9c2-0000-4000-8000-000000000001) HTTP Method: OPTIONS, Resource Path: /orders
(4bb1a9c2-0000-4000-8000-000000000001) Execution failed due to configuration error: Unable to transform request
(4bb1a9c2-0000-4000-8000-000000000001) Method completed with status: 500`,
		After: `(4bb1a9c2-0000-4000-8000-000000000001) HTTP Method: OPTIONS, Resource Path: /orders
(4bb1a9c2-0000-4000-8000-000000000001) Successfully completed execution
(4bb1a9c2-0000-4000-8000-000000000001) Method completed with status: 204`,
		Source: []string{docFetch, docLogging},
	}, {
		ID:       "CORS707",
		Title:    "pages could not read an answer",
		Severity: Error,
		Why:      "The log has the request's Origin and the answer's headers, and a browser refuses the answer for them: they are missing on a method or a status, or are not what a request with credentials needs.",
		Cure: Cure{Go: goPolicy, CloudFormation: `# corsgate explain says of a request what is missing
Stage:
  Properties:
    Variables:
      corsOrigins: https://app.example.com
      corsCredentials: "true"`},
		Before: `(4bb1a9c2-0000-4000-8000-000000000001) HTTP Method: GET, Resource Path: /orders
(4bb1a9c2-0000-4000-8000-000000000001) Method request headers: {Origin=https://app.example.com, Cookie=****, Host=api.example.net}
(4bb1a9c2-0000-4000-8000-000000000001) Method response headers: {Access-Control-Allow-Origin=*, Vary=Origin}
(4bb1a9c2-0000-4000-8000-000000000001) Method completed with status: 200`,
		After: `(4bb1a9c2-0000-4000-8000-000000000001) HTTP Method: GET, Resource Path: /orders
(4bb1a9c2-0000-4000-8000-000000000001) Method request headers: {Origin=https://app.example.com, Cookie=****, Host=api.example.net}
(4bb1a9c2-0000-4000-8000-000000000001) Method response headers: {Access-Control-Allow-Origin=https://app.example.com, Access-Control-Allow-Credentials=true, Vary=Origin}
(4bb1a9c2-0000-4000-8000-000000000001) Method completed with status: 200`,
		Source: []string{docCheck, docLogging},
	}, {
		ID:       "CORS708",
		Title:    "API Gateway answered with errors of its own",
		Severity: Info,
		Why: "A request was throttled, refused by an authorizer, or its integration failed, and API Gateway made the answer. Whether pages could read it depends on the gateway responses; this log does not have the headers. " +
			"corsgate check and corsgate probe --errors tell. An access log names its reason if its format has $context.error.responseType; without it 429 and 504 are counted.",
		Cure: Cure{Go: `// in the RestApiProps, for as long as you look: bodies are logged too
options := &awsapigateway.StageOptions{
	LoggingLevel:     awsapigateway.MethodLoggingLevel_INFO,
	DataTraceEnabled: jsii.Bool(true),
}`, CloudFormation: `Stage: # for as long as you look: bodies are logged too
  Properties:
    MethodSettings:
      - HttpMethod: "*"
        ResourcePath: "/*"
        LoggingLevel: INFO
        DataTraceEnabled: true`},
		Before: `(4bb1a9c2-0000-4000-8000-000000000001) HTTP Method: GET, Resource Path: /orders
(4bb1a9c2-0000-4000-8000-000000000001) Execution failed due to a timeout error
(4bb1a9c2-0000-4000-8000-000000000001) Method completed with status: 504`,
		After: `(4bb1a9c2-0000-4000-8000-000000000001) HTTP Method: GET, Resource Path: /orders
(4bb1a9c2-0000-4000-8000-000000000001) Method completed with status: 200`,
		Source: []string{docGW, docLogging},
	}, {
		ID:       "CORS709",
		Title:    "a function ended without an answer",
		Severity: Warning,
		Why: "It ran into its timeout, its process ended, or its handler raised an error that nothing around it caught. No middleware can answer for a process that is gone: API Gateway does, 502 or 504 with the headers of its gateway responses, " +
			"and without such the browser's console blames CORS.",
		Cure: Cure{Go: `// corsapi has DEFAULT_5XX readable
fn := corsfunction.New(stack, jsii.String("Orders"), &corsfunction.Props{
	Entry: "./orders",
	FunctionProps: awslambda.FunctionProps{
		Timeout: awscdk.Duration_Seconds(jsii.Number(10)),
	},
})`, CloudFormation: `OrdersFunction:
  Properties: {Timeout: 10}
Errors5xx:
  Type: AWS::ApiGateway::GatewayResponse
  Properties:
    RestApiId: !Ref Api
    ResponseType: DEFAULT_5XX
    ResponseParameters:
      gatewayresponse.header.Access-Control-Allow-Origin: "'https://app.example.com'"`},
		Before: `2026-11-22T09:00:03.010Z 4bb1a9c2-0000-4000-8000-000000000001 Task timed out after 3.00 seconds`,
		After:  `REPORT RequestId: 4bb1a9c2-0000-4000-8000-000000000001	Duration: 2.10 ms	Billed Duration: 3 ms	Memory Size: 128 MB	Max Memory Used: 30 MB`,
		Source: []string{"https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html", docGW},
	}, {
		ID:       "CORS710",
		Title:    "the stage's variables hold no valid policy",
		Severity: Error,
		Why: "The function found variables that are missing or malformed, and so refuses every origin; the preflights' mapping template does the same. " +
			"Most often somebody edited them, or deployed a stage that the app does not have.",
		Cure: Cure{Go: goPolicy + " // writes the variables to each stage of the app", CloudFormation: `Stage:
  Properties:
    Variables: # ~ stands for *
      corsOrigins: https://app.example.com,https://~.preview.example.com`},
		Before: `{"timestamp":"2026-11-22T09:00:00Z","level":"ERROR","message":"CORS: the stage's variables hold no valid policy, so every origin is refused","faults":["corsOrigins is missing"],"apiId":"abc123","stage":"prod"}`,
		After:  `{"timestamp":"2026-11-22T09:00:00Z","level":"INFO","message":"order read"}`,
		Source: []string{"https://docs.aws.amazon.com/apigateway/latest/developerguide/stage-variables.html"},
	}, {
		ID:       "CORS711",
		Title:    "Access-Control-Allow-Origin has more than one value",
		Severity: Error,
		Why: "The handler and its framework set it, or headers and multiValueHeaders both have it in different forms, and API Gateway sends all of them. " +
			"A browser takes exactly one, and refuses the answer.",
		Cure: Cure{Go: `// sends each header once, whatever the handler sets
lambda.Start(corslambda.Wrap(handler))`, CloudFormation: `# one place sets it: the code, its framework, or a proxy in front
OrdersFunction:
  Type: AWS::Lambda::Function`},
		Before: `(4bb1a9c2-0000-4000-8000-000000000001) HTTP Method: GET, Resource Path: /orders
(4bb1a9c2-0000-4000-8000-000000000001) Method request headers: {Origin=https://app.example.com, Host=api.example.net}
(4bb1a9c2-0000-4000-8000-000000000001) Method response headers: {Access-Control-Allow-Origin=*, https://app.example.com}
(4bb1a9c2-0000-4000-8000-000000000001) Method completed with status: 200`,
		After: `(4bb1a9c2-0000-4000-8000-000000000001) HTTP Method: GET, Resource Path: /orders
(4bb1a9c2-0000-4000-8000-000000000001) Method request headers: {Origin=https://app.example.com, Host=api.example.net}
(4bb1a9c2-0000-4000-8000-000000000001) Method response headers: {Access-Control-Allow-Origin=https://app.example.com, Vary=Origin}
(4bb1a9c2-0000-4000-8000-000000000001) Method completed with status: 200`,
		Source: []string{docCheck, "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"},
	}}
}
