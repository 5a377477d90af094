package browser

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	app    = "https://app.example.com"
	other  = "https://other.example"
	null   = "null" // a sandboxed frame in a page of app
	asJSON = "content-type: application/json"
)

// A trial is one exchange: a page's script asks an API for something.
type trial struct {
	api, from string
	ask       string // method and path
	headers   []string
	body      string
	with      string // the credentials mode; same-origin if empty
	// want is the status that the script sees, or the name of the refusal. It is here so that browser and model cannot
	// agree on nothing at all.
	want string
}

const (
	missing          = "MissingAllowOriginHeader"
	preflightMissing = "PreflightMissingAllowOriginHeader"
	include, omit    = "include", "omit"
)

var trials = []trial{
	// The catalog: no credentials, functions in three languages, a mock.
	{api: "catalog", from: app, ask: "GET /products", want: "200"},
	{api: "catalog", from: app, ask: "GET /products/cup", want: "200"},
	{api: "catalog", from: app, ask: "GET /products/nothing", want: "404"},
	{api: "catalog", from: app, ask: "GET /products/kettle/reviews", want: "200"}, // Node.js behind the wrapper
	{api: "catalog", from: app, ask: "GET /products/kettle/stock", want: "200"},   // and Python
	{api: "catalog", from: "https://x.preview.example.com", ask: "GET /products/kettle/stock", want: "200"},
	{api: "catalog", from: app + ".evil.example", ask: "GET /products/kettle/reviews", want: missing},
	{api: "catalog", from: app + ".evil.example", ask: "GET /products/kettle/stock", want: missing},
	{api: "catalog", from: app, ask: "HEAD /products", want: "403"}, // API Gateway has GET there, and no HEAD
	{api: "catalog", from: app, ask: "GET /health", want: "200"},
	{api: "catalog", from: app, ask: "POST /carts/price", headers: []string{asJSON}, body: `{"lines": [{"id": "cup", "quantity": 2}]}`, want: "200"},
	{api: "catalog", from: app, ask: "POST /carts/price", body: `{"lines": [{"id": "cup", "quantity": 2}]}`, want: "200"},
	{api: "catalog", from: app, ask: "POST /carts/price", headers: []string{asJSON}, body: `{`, want: "400"},
	{api: "catalog", from: app, ask: "POST /carts/price", headers: []string{asJSON, "x-one: 1", "x-two: 2"}, body: `{}`, want: "HeaderDisallowedByPreflightResponse"},
	{api: "catalog", from: app, ask: "GET /products", headers: []string{"authorization: Bearer x"}, want: "HeaderDisallowedByPreflightResponse"},
	{api: "catalog", from: app, ask: "GET /products", with: omit, want: "200"},
	{api: "catalog", from: app, ask: "GET /products", with: include, want: "InvalidAllowCredentials"},
	{api: "catalog", from: app, ask: "POST /carts/price", headers: []string{asJSON}, body: `{}`, with: include, want: "PreflightInvalidAllowCredentials"},
	{api: "catalog", from: app, ask: "PUT /products", want: "MethodDisallowedByPreflightResponse"},
	{api: "catalog", from: app, ask: "PATCH /products/cup", want: "MethodDisallowedByPreflightResponse"},
	{api: "catalog", from: app, ask: "patch /products/cup", want: "MethodDisallowedByPreflightResponse"},
	{api: "catalog", from: app, ask: "DELETE /products/cup", want: "MethodDisallowedByPreflightResponse"},
	{api: "catalog", from: app, ask: "GET /nothing/here", want: "403"},
	{api: "catalog", from: app, ask: "GET /nothing/here", with: include, want: "WildcardOriginNotAllowed"},
	{api: "catalog", from: app, ask: "PUT /nothing/here", want: "PreflightInvalidStatus"},
	{api: "catalog", from: "https://a.preview.example.com", ask: "GET /products", want: "200"},
	{api: "catalog", from: "https://a.b.preview.example.com", ask: "POST /carts/price", headers: []string{asJSON}, body: `{"lines": []}`, want: "200"},
	{api: "catalog", from: "http://localhost:3000", ask: "POST /carts/price", headers: []string{asJSON}, body: `{"lines": []}`, want: "200"},

	// Those that look like one that is listed.
	{api: "catalog", from: other, ask: "GET /products", want: missing},
	{api: "catalog", from: other, ask: "GET /health", want: missing},
	{api: "catalog", from: other, ask: "GET /nothing/here", want: "403"},
	{api: "catalog", from: other, ask: "POST /carts/price", headers: []string{asJSON}, body: `{}`, want: preflightMissing},
	{api: "catalog", from: app + ".evil.example", ask: "GET /products", want: missing},
	{api: "catalog", from: app + ".evil.example", ask: "POST /carts/price", headers: []string{asJSON}, body: `{}`, want: preflightMissing},
	{api: "catalog", from: "https://evilapp.example.com", ask: "GET /products", want: missing},
	{api: "catalog", from: app + ":8443", ask: "GET /products", want: missing},
	{api: "catalog", from: "http://app.example.com", ask: "GET /products", want: missing},
	{api: "catalog", from: "http://app.example.com", ask: "POST /carts/price", headers: []string{asJSON}, body: `{}`, want: preflightMissing},
	{api: "catalog", from: "http://localhost.:3000", ask: "GET /products", want: missing}, // a page of https cannot be served so: Go takes no server name with a dot at its end
	{api: "catalog", from: "https://preview.example.com", ask: "GET /products", want: missing},
	{api: "catalog", from: "https://xpreview.example.com", ask: "GET /health", want: missing},
	{api: "catalog", from: "https://a.preview.example.com:8443", ask: "GET /health", want: missing},
	{api: "catalog", from: null, ask: "GET /products", want: missing},
	{api: "catalog", from: null, ask: "POST /carts/price", headers: []string{asJSON}, body: `{}`, want: preflightMissing},
	{api: "catalog", from: null, ask: "GET /nothing/here", want: "403"},

	// Everything: credentials, exposed headers, binary types, gateway errors that echo, a function in Node.
	{api: "everything", from: app, ask: "GET /orders", with: include, want: "200"},
	{api: "everything", from: app, ask: "GET /orders", want: "200"},
	{api: "everything", from: app, ask: "GET /orders", with: omit, want: "200"},
	{api: "everything", from: app, ask: "HEAD /orders", with: include, want: "200"},
	{api: "everything", from: app, ask: "POST /orders", body: "x", with: include, want: "200"},
	{api: "everything", from: app, ask: "PUT /orders", headers: []string{asJSON, "x-api-key: k"}, body: "{}", with: include, want: "200"},
	{api: "everything", from: app, ask: "put /orders", with: include, want: "200"},
	{api: "everything", from: app, ask: "DELETE /orders", with: include, want: "200"},
	{api: "everything", from: app, ask: "PATCH /orders", with: include, want: "MethodDisallowedByPreflightResponse"},
	{api: "everything", from: app, ask: "patch /orders", with: include, want: "MethodDisallowedByPreflightResponse"},
	{api: "everything", from: app, ask: "PUT /orders", headers: []string{"x-z: 1", "x-a: 1", "x-api-key: k"}, with: include, want: "HeaderDisallowedByPreflightResponse"},
	{api: "everything", from: app, ask: "GET /orders?do=throw", with: include, want: "502"},
	{api: "everything", from: app, ask: "PUT /orders?do=throw", with: include, want: "502"},
	{api: "everything", from: other, ask: "GET /orders?do=throw", with: include, want: "502"}, // what EchoOrigin exposes
	{api: "everything", from: app, ask: "GET /orders?do=malformed", with: include, want: "502"},
	{api: "everything", from: app, ask: "GET /orders?do=missing", with: include, want: "404"},
	{api: "everything", from: app, ask: "GET /orders?do=binary", with: include, want: "200"},
	{api: "everything", from: app, ask: "GET /orders?do=twice", want: "MultipleAllowOriginValues"},
	{api: "everything", from: app, ask: "PUT /mock", headers: []string{asJSON}, body: "{}", with: include, want: "200"},
	{api: "everything", from: app, ask: "GET /mock", with: include, want: "403"},
	{api: "everything", from: app, ask: "GET /orders/1", with: include, want: "404"},
	{api: "everything", from: other, ask: "GET /orders/1", with: include, want: missing},
	{api: "everything", from: app, ask: "GET /nothing", with: include, want: "403"},
	{api: "everything", from: null, ask: "GET /nothing", with: include, want: "403"},
	{api: "everything", from: null, ask: "GET /orders", with: include, want: missing},
	{api: "everything", from: null, ask: "PUT /mock", with: include, want: preflightMissing},
	{api: "everything", from: other, ask: "GET /orders", with: include, want: missing},
	{api: "everything", from: other, ask: "PUT /mock", with: include, want: preflightMissing},
	{api: "everything", from: "https://a.preview.example.com", ask: "DELETE /orders", with: include, want: "200"},

	// What the CDK gives: one origin is sent to everybody, several need a template, "*" is for anybody; the function
	// knows nothing.
	{api: "cdk-one-origin", from: app, ask: "GET /items", want: missing},
	{api: "cdk-one-origin", from: app, ask: "PUT /items/1", want: missing},
	{api: "cdk-one-origin", from: app, ask: "GET /health", want: missing},
	{api: "cdk-one-origin", from: other, ask: "PUT /items/1", want: "PreflightAllowOriginMismatch"},
	{api: "cdk-one-origin", from: null, ask: "PUT /items/1", want: "PreflightAllowOriginMismatch"},
	{api: "cdk-three-origins", from: app, ask: "PUT /items/1", want: missing},
	{api: "cdk-three-origins", from: "https://admin.example.com", ask: "PUT /items/1", want: missing},
	{api: "cdk-three-origins", from: "http://localhost:3000", ask: "PUT /items/1", want: missing},
	{api: "cdk-three-origins", from: other, ask: "PUT /items/1", want: "PreflightAllowOriginMismatch"},
	{api: "cdk-three-origins", from: "https://adminxexample.com", ask: "PUT /items/1", want: "PreflightAllowOriginMismatch"},
	{api: "cdk-any-origin", from: app, ask: "PUT /items/1", want: missing},
	{api: "cdk-any-origin", from: other, ask: "GET /nothing", want: missing},
	{api: "cdk-any-origin", from: other, ask: "PUT /items/1", with: include, want: "PreflightWildcardOriginNotAllowed"},
	{api: "cdk-any-origin", from: null, ask: "PUT /items/1", headers: []string{"x-other: 1"}, want: "HeaderDisallowedByPreflightResponse"},

	// Answers that are wrong in all ways that there are.
	{api: "faults", from: app, ask: "GET /good", with: include, want: "200"},
	{api: "faults", from: app, ask: "PUT /good", with: include, want: "200"},
	{api: "faults", from: app, ask: "GET /any", want: "200"},
	{api: "faults", from: null, ask: "GET /any", want: "200"},
	{api: "faults", from: app, ask: "GET /any", with: include, want: "WildcardOriginNotAllowed"},
	{api: "faults", from: app, ask: "GET /any-with-credentials", with: include, want: "WildcardOriginNotAllowed"},
	{api: "faults", from: app, ask: "GET /none", want: missing},
	{api: "faults", from: app, ask: "GET /two", want: "MultipleAllowOriginValues"},
	{api: "faults", from: app, ask: "GET /no-url", want: "InvalidAllowOriginValue"},
	{api: "faults", from: app, ask: "GET /slash", want: "AllowOriginMismatch"},
	{api: "faults", from: app, ask: "GET /null", want: "AllowOriginMismatch"},
	{api: "faults", from: null, ask: "GET /null", want: "200"},
	{api: "faults", from: app, ask: "GET /another", want: "AllowOriginMismatch"},
	{api: "faults", from: app, ask: "GET /no-credentials", with: include, want: "InvalidAllowCredentials"},
	{api: "faults", from: app, ask: "GET /no-credentials", want: "200"},
	{api: "faults", from: app, ask: "GET /credentials-upper", with: include, want: "InvalidAllowCredentials"},
	{api: "faults", from: app, ask: "GET /expose-any", want: "200"},
	{api: "faults", from: app, ask: "GET /expose-any", with: include, want: "200"},
	{api: "faults", from: app, ask: "GET /expose-list", with: include, want: "200"},
	{api: "faults", from: app, ask: "GET /redirect", with: include, want: "200"},
	{api: "faults", from: app, ask: "PUT /redirect", with: include, want: "200"},
	{api: "faults", from: app, ask: "GET /redirect-userinfo", with: include, want: "RedirectContainsCredentials"},
	{api: "faults", from: app, ask: "GET /redirect-silent", want: missing},
	{api: "faults", from: app, ask: "GET /nothing", with: include, want: "404"}, // a gateway response of its own
	{api: "faults", from: null, ask: "GET /nothing", with: include, want: "AllowOriginMismatch"},
	{api: "faults", from: app, ask: "GET /locked", want: "403"},
	{api: "faults", from: other, ask: "GET /locked", want: "403"},
	{api: "faults", from: app, ask: "GET /locked", with: include, want: "WildcardOriginNotAllowed"},
	{api: "faults", from: app, ask: "GET /locked", headers: []string{"x-api-key: wrong"}, want: "403"},
	{api: "faults", from: app, ask: "GET /locked", headers: []string{"x-api-key: " + localKey}, with: include, want: "200"},
	{api: "faults", from: app, ask: "PUT /p-403", with: include, want: "PreflightInvalidStatus"},
	{api: "faults", from: app, ask: "PUT /p-200", with: include, want: "200"},
	{api: "faults", from: app, ask: "PUT /p-redirect", with: include, want: "PreflightDisallowedRedirect"},
	{api: "faults", from: app, ask: "PUT /p-any", with: include, want: "PreflightWildcardOriginNotAllowed"},
	{api: "faults", from: app, ask: "PUT /p-none", with: include, want: preflightMissing},
	{api: "faults", from: app, ask: "PUT /p-two", with: include, want: "PreflightMultipleAllowOriginValues"},
	{api: "faults", from: app, ask: "PUT /p-no-url", with: include, want: "PreflightInvalidAllowOriginValue"},
	{api: "faults", from: app, ask: "PUT /p-another", with: include, want: "PreflightAllowOriginMismatch"},
	{api: "faults", from: app, ask: "PUT /p-no-credentials", with: include, want: "PreflightInvalidAllowCredentials"},
	{api: "faults", from: app, ask: "PUT /p-no-methods", with: include, want: "MethodDisallowedByPreflightResponse"},
	{api: "faults", from: app, ask: "PUT /p-methods-broken", with: include, want: "InvalidAllowMethodsPreflightResponse"},
	{api: "faults", from: app, ask: "PUT /p-headers-broken", with: include, want: "InvalidAllowHeadersPreflightResponse"},
	{api: "faults", from: app, ask: "PUT /p-method-lower", want: "MethodDisallowedByPreflightResponse"},
	{api: "faults", from: app, ask: "patch /p-method-lower", want: "200"},
	{api: "faults", from: app, ask: "PATCH /p-method-lower", want: "MethodDisallowedByPreflightResponse"},
	{api: "faults", from: app, ask: "PUT /p-stars", headers: []string{"x-one: 1", "authorization: x"}, want: "200"},
	{api: "faults", from: app, ask: "DELETE /p-stars-named", with: include, want: "MethodDisallowedByPreflightResponse"},
	{api: "faults", from: app, ask: "GET /p-stars-named", headers: []string{"x-one: 1"}, with: include, want: "HeaderDisallowedByPreflightResponse"},
	{api: "faults", from: app, ask: "DELETE /p-headers", headers: []string{asJSON, "X-One: 1"}, with: include, want: "200"},
	{api: "faults", from: app, ask: "PUT /p-headers", headers: []string{"x-zwei: 1", "x-drei: 1", "x-eins: 1", "x-one: 1"}, with: include, want: "HeaderDisallowedByPreflightResponse"},
	{api: "faults", from: app, ask: "patch /p-headers", with: include, want: "MethodDisallowedByPreflightResponse"},
}

// settings are exchanges with the HTTP API and the function URL of settingsTemplate.
var settings = func() []trial {
	const preflightStatus = "PreflightInvalidStatus"
	token := []string{"authorization: Bearer x"}
	out := []trial{
		// The setting answers preflights that no route takes.
		{api: "http", from: app, ask: "GET /items", want: "200"},
		{api: "http", from: app, ask: "PUT /items/7", headers: token, want: "200"},
		{api: "http", from: app, ask: "PUT /items/7", want: "401"}, // the API's own, with the setting's headers
		{api: "http", from: app, ask: "PUT /items/7", headers: append([]string{asJSON}, token...), body: "{}", want: "200"},
		{api: "http", from: app, ask: "DELETE /items/7", want: "MethodDisallowedByPreflightResponse"},
		{api: "http", from: app, ask: "GET /items", headers: []string{"x-other: 1"}, want: "HeaderDisallowedByPreflightResponse"},
		{api: "http", from: app, ask: "GET /nothing", want: "404"},
		{api: "http", from: app, ask: "PUT /nothing", want: "404"},
		{api: "http", from: app, ask: "GET /items", with: include, want: "InvalidAllowCredentials"},
		{api: "http", from: app, ask: "PUT /items/7", headers: token, with: include, want: "PreflightInvalidAllowCredentials"},
		{api: "http", from: app, ask: "GET /items", with: omit, want: "200"},
		{api: "http", from: other, ask: "GET /items", want: missing},
		{api: "http", from: other, ask: "PUT /items/7", headers: token, want: preflightMissing},
		{api: "http", from: null, ask: "GET /items", want: missing},
		{api: "http", from: null, ask: "PUT /items/7", want: preflightMissing},
		{api: "http", from: app + ".evil.example", ask: "GET /items", want: missing},
		{api: "http", from: "https://x.wild.example", ask: "GET /items", want: missing}, // a pattern, which matches nothing
		{api: "http", from: "https://x.wild.example", ask: "PUT /items/7", want: preflightMissing},
		{api: "http", from: "http://localhost:3000", ask: "GET /items", want: "200"},
		// ANY takes them: the function's status counts, and the authorizer's.
		{api: "http", from: app, ask: "PUT /any", want: "200"},
		{api: "http", from: app, ask: "DELETE /any", want: "MethodDisallowedByPreflightResponse"},
		{api: "http", from: other, ask: "PUT /any", want: preflightMissing},
		{api: "http", from: app, ask: "PUT /picky", want: preflightStatus},
		{api: "http", from: app, ask: "GET /picky", want: "404"},
		{api: "http", from: app, ask: "PUT /locked", headers: token, want: preflightStatus},
		{api: "http", from: app, ask: "GET /locked", want: "401"},
		{api: "http", from: other, ask: "PUT /locked", headers: token, want: preflightMissing},
		// The function's own headers are ignored, what it says of pages as well.
		{api: "http", from: app, ask: "GET /own", want: "200"},
		{api: "http", from: other, ask: "GET /own", want: missing},
		{api: "http", from: app, ask: "GET /broken", want: "500"},
		{api: "http", from: app, ask: "GET /bare", want: "200"},

		// A function URL: its setting answers every preflight, and both send headers.
		{api: "url", from: app, ask: "GET /", want: "200"},
		{api: "url", from: app, ask: "GET /any/path", want: "200"},
		{api: "url", from: app, ask: "PUT /", headers: []string{asJSON}, body: "{}", want: "200"},
		{api: "url", from: app, ask: "DELETE /", want: "MethodDisallowedByPreflightResponse"},
		{api: "url", from: app, ask: "GET /", headers: []string{"x-other: 1"}, want: "HeaderDisallowedByPreflightResponse"},
		{api: "url", from: app, ask: "GET /", with: include, want: "200"},
		{api: "url", from: app, ask: "PUT /", with: include, want: "200"},
		{api: "url", from: other, ask: "GET /", want: missing},
		{api: "url", from: other, ask: "PUT /", want: preflightMissing},
		{api: "url", from: other, ask: "GET /", with: include, want: missing},
		{api: "url", from: null, ask: "GET /", want: missing},
		{api: "url", from: app, ask: "GET /own", want: "MultipleAllowOriginValues"},
		{api: "url", from: app, ask: "PUT /own", want: "MultipleAllowOriginValues"},
		{api: "url", from: other, ask: "GET /own", want: "200"}, // the function's alone
		{api: "url", from: app, ask: "GET /broken", want: "502"},
		{api: "url", from: app, ask: "GET /bare", want: "200"},
		{api: "url", from: app, ask: "GET /lost", want: "404"},
	}
	return out
}()

// settingsFunction answers by the path of its event of format 2.0.
const settingsFunction = `exports.handler = async e => {
  const path = e.rawPath.replace(/^\/live/, ''), options = e.requestContext.http.method === 'OPTIONS'
  switch (path) {
    case '/own': return {statusCode: 200, headers: {'Access-Control-Allow-Origin': '*'}, body: 'own'}
    case '/broken': throw new Error('broken')
    case '/bare': return {bare: true}
    case '/picky': case '/lost': return {statusCode: 404, body: 'no'}
  }
  return {statusCode: options ? 204 : 200, headers: {'x-total': '1', 'content-type': 'text/plain'}, body: e.version}
}`

// settingsTemplate is a template with an HTTP API or with a function URL.
func settingsTemplate(kind string) string {
	const function = "  Fn: {Type: 'AWS::Lambda::Function', Properties: {Runtime: nodejs22.x, Handler: index.handler, Code: {ZipFile: CODE}}}\n"
	code := "Resources:\n" + strings.Replace(function, "CODE", strconv.Quote(settingsFunction), 1)
	if kind == "url" {
		return code + `
  Url: {Type: 'AWS::Lambda::Url', Properties: {AuthType: NONE, TargetFunctionArn: {'Fn::GetAtt': [Fn, Arn]}, Cors: {AllowOrigins: ['https://app.example.com'], AllowMethods: [GET, PUT], AllowHeaders: [content-type], ExposeHeaders: [x-total], AllowCredentials: true}}}
  May: {Type: 'AWS::Lambda::Permission', Properties: {Action: 'lambda:InvokeFunctionUrl', FunctionName: {Ref: Fn}, Principal: '*'}}
`
	}
	code += `
  Web: {Type: 'AWS::ApiGatewayV2::Api', Properties: {ProtocolType: HTTP, CorsConfiguration: {AllowOrigins: ['https://app.example.com', 'http://localhost:3000', 'https://*.wild.example'], AllowMethods: [GET, PUT], AllowHeaders: [authorization, content-type], ExposeHeaders: [x-total], MaxAge: 0}}}
  Live: {Type: 'AWS::ApiGatewayV2::Stage', Properties: {ApiId: {Ref: Web}, StageName: live}}
  Calls: {Type: 'AWS::ApiGatewayV2::Integration', Properties: {ApiId: {Ref: Web}, IntegrationType: AWS_PROXY, IntegrationUri: {'Fn::GetAtt': [Fn, Arn]}, PayloadFormatVersion: '2.0'}}
  Jwt: {Type: 'AWS::ApiGatewayV2::Authorizer', Properties: {ApiId: {Ref: Web}, AuthorizerType: JWT, IdentitySource: [$request.header.Authorization]}}
`
	for i, key := range []string{"GET /items", "PUT /items/{id}", "ANY /any", "ANY /picky", "ANY /locked", "GET /own", "GET /broken", "GET /bare"} {
		auth := ""
		if strings.HasSuffix(key, "/{id}") || strings.HasSuffix(key, "/locked") {
			auth = ", AuthorizationType: JWT, AuthorizerId: {Ref: Jwt}"
		}
		code += fmt.Sprintf("  R%d: {Type: 'AWS::ApiGatewayV2::Route', Properties: {ApiId: {Ref: Web}, RouteKey: '%s', Target: {'Fn::Sub': 'integrations/${Calls}'}%s}}\n", i, key, auth)
	}
	return code
}
