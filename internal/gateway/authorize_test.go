package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// plan is a usage plan of the stage prod with a key.
func plan(key string) string {
	return fmt.Sprintf(`"%[1]sPlan": {"Type": "AWS::ApiGateway::UsagePlan", "Properties": {"ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": "prod"}]}},
	"%[1]sIn": {"Type": "AWS::ApiGateway::UsagePlanKey", "Properties": {"KeyId": {"Ref": "%[1]s"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "%[1]sPlan"}}}`, key)
}

const authorizerURI = `"AuthorizerUri": {"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Who.Arn}/invocations"}`

// guarded is an API whose methods GET /items, PUT /items and GET /items/{id} have an authorizer.
func guarded(authorizer, method2, more string) []byte {
	of := func(id, resource, verb string) string {
		m := method(id, resource, verb, mock(`{"statusCode": 200}`, okResponse(`$context.authorizer.principalId|$context.authorizer.n|$context.authorizer.claims.sub|$context.identity.userArn|$context.identity.accountId`)))
		return strings.Replace(m, `"AuthorizationType": "NONE"`, method2, 1) + ","
	}
	return tpl(res("Items", "", "items")+","+res("Item", "Items", "{id}")+","+of("Get", "Items", "GET")+of("Put", "Items", "PUT")+of("One", "Item", "GET")+
		`"Who": {"Type": "AWS::Lambda::Function", "Properties": {}},
		 "Authz": {"Type": "AWS::ApiGateway::Authorizer", "Properties": {"RestApiId": {"Ref": "Api"}, `+authorizerURI+`, `+authorizer+`}}`+more, "")
}

const (
	custom  = `"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": "Authz"}`
	byToken = `"Type": "TOKEN", "IdentitySource": "method.request.header.Authorization"`
)

// result is an authorizer's output with one statement.
func result(effect, resource, more string) string {
	return fmt.Sprintf(`{"principalId": "me", "policyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": %q, "Action": "execute-api:Invoke", "Resource": %q}]}%s}`, effect, resource, more)
}

func steps(r *Response, kind StepKind) string {
	var out []string
	for _, s := range r.Trace {
		if s.Kind == kind {
			out = append(out, s.Detail)
		}
	}
	return strings.Join(out, "; ")
}

// TestAuthorizerResults has what a Lambda authorizer may say, and the response to it.
func TestAuthorizerResults(t *testing.T) {
	const all = "arn:aws:execute-api:us-east-1:111111111111:Api/prod/*"
	const failed = `{"message":null}`
	for _, tt := range []struct {
		name, result string
		err          error
		status       int
		body, typ    string
	}{
		{"allow", result("Allow", all, ""), nil, 200, "me||||", ""},
		{"context", result("Allow", all, `, "context": {"n": 1.50, "s": "x", "b": true, "nothing": null}`), nil, 200, "me|1.50|||", ""},
		{"another action", strings.Replace(result("Allow", all, ""), "Invoke", "ManageConnections", 1), nil, 403, `{"Message":"User is not authorized to access this resource"}`, "ACCESS_DENIED"},
		{"deny", result("Deny", all, ""), nil, 403, `{"Message":"User is not authorized to access this resource with an explicit deny"}`, "ACCESS_DENIED"},
		{"another method", result("Allow", "arn:aws:execute-api:*:*:*/prod/PUT/items", ""), nil, 403, `{"Message":"User is not authorized to access this resource"}`, "ACCESS_DENIED"},
		{"another stage", result("Allow", "arn:aws:execute-api:*:*:*/test/*", ""), nil, 403, `{"Message":"User is not authorized to access this resource"}`, "ACCESS_DENIED"},
		{"on a condition", strings.Replace(result("Allow", all, ""), `"Action"`, `"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, "Action"`, 1), nil, 502, `{"message":"the policy of the authorizer Authz depends on aws:SourceIp"}`, ""},
		{"no principal", `{"policyDocument": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}`, nil, 200, "||||", ""},
		{"Unauthorized", "", &FunctionError{Message: "Unauthorized", Type: "Error"}, 401, `{"message":"Unauthorized"}`, "UNAUTHORIZED"},
		{"another error", "", &FunctionError{Message: "unauthorized", Type: "Error"}, 500, failed, "AUTHORIZER_FAILURE"},
		{"too long", "", context.DeadlineExceeded, 500, failed, "AUTHORIZER_FAILURE"},
		{"cannot be run", "", &Unavailable{"there is no node"}, 200, "||||", ""},
		{"null", "null", nil, 500, failed, "AUTHORIZER_CONFIGURATION_ERROR"},
		{"a proxy response", `{"statusCode": 401, "body": ""}`, nil, 500, failed, "AUTHORIZER_CONFIGURATION_ERROR"},
		{"a policy in text", `{"principalId": "me", "policyDocument": "{}"}`, nil, 500, failed, "AUTHORIZER_CONFIGURATION_ERROR"},
		{"an object in the context", result("Allow", all, `, "context": {"roles": ["a"]}`), nil, 500, failed, "AUTHORIZER_CONFIGURATION_ERROR"},
		{"no JSON", "yes", nil, 500, failed, "AUTHORIZER_CONFIGURATION_ERROR"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := load(t, guarded(byToken, custom, ""), Options{Authorizers: &Authorizers{}})
			r := a.Serve(t.Context(), &Request{Method: "GET", Path: "/items", Headers: Headers{{"authorization", "t"}}}, fake{invoke: func(fn Function, _ []byte) ([]byte, error) {
				if fn.LogicalID != "Who" || !fn.Authorizer {
					t.Errorf("invoked %+v", fn)
				}
				return []byte(tt.result), tt.err
			}})
			typ := ""
			for _, s := range r.Trace {
				if s.Kind == StepGatewayResponse {
					typ = s.Name
				}
			}
			if r.Status != tt.status || string(r.Body) != tt.body || typ != tt.typ {
				t.Errorf("%d %s %s, want %d %s %s\n%+v", r.Status, r.Body, typ, tt.status, tt.body, tt.typ, r.Trace)
			}
		})
	}
}

// TestAuthorizerEvents has what the function of an authorizer is given.
func TestAuthorizerEvents(t *testing.T) {
	ask := func(authorizer string, req *Request) map[string]any {
		t.Helper()
		var event map[string]any
		a := load(t, guarded(authorizer, custom, ""), Options{Authorizers: &Authorizers{}, Variables: map[string]string{"v": "1"}})
		r := a.Serve(t.Context(), req, fake{invoke: func(_ Function, b []byte) ([]byte, error) {
			return []byte(result("Allow", "*", "")), json.Unmarshal(b, &event)
		}})
		if r.Status != 200 {
			t.Errorf("%d %s", r.Status, r.Body)
		}
		return event
	}
	const arn = "arn:aws:execute-api:us-east-1:111111111111:Api/prod/GET/items/7"
	got := ask(byToken, &Request{Method: "GET", Path: "/items/7", Headers: Headers{{"authorization", "Bearer x"}}})
	if fmt.Sprint(got) != fmt.Sprint(map[string]any{"type": "TOKEN", "methodArn": arn, "authorizationToken": "Bearer x"}) {
		t.Errorf("%v", got)
	}
	got = ask(`"Type": "REQUEST", "IdentitySource": "method.request.header.X, method.request.querystring.q, stageVariables.v, context.httpMethod"`,
		&Request{Method: "GET", Path: "/items/7?q=1", Headers: Headers{{"X", "y"}}, Body: []byte("secret")})
	keys := slices.Sorted(maps.Keys(got))
	if want := []string{"headers", "httpMethod", "methodArn", "multiValueHeaders", "multiValueQueryStringParameters", "path", "pathParameters", "queryStringParameters", "requestContext", "resource", "stageVariables", "type"}; !slices.Equal(keys, want) {
		t.Errorf("%q", keys)
	}
	if got["type"] != "REQUEST" || got["methodArn"] != arn || got["resource"] != "/items/{id}" || got["path"] != "/items/7" || fmt.Sprint(got["pathParameters"], got["queryStringParameters"], got["stageVariables"]) != "map[id:7] map[q:1] map[v:1]" {
		t.Errorf("%v", got)
	}
	if got = ask(`"Type": "REQUEST", "AuthorizerResultTtlInSeconds": 0`, &Request{Method: "GET", Path: "/items"}); fmt.Sprint(got["pathParameters"], got["queryStringParameters"]) != "map[] map[]" {
		t.Errorf("%v", got)
	}
}

// TestAuthorizerIdentity has requests whose authorizer is not run, for what they lack.
func TestAuthorizerIdentity(t *testing.T) {
	for _, tt := range []struct {
		name, authorizer string
		headers          Headers
		status           int
		runs             bool
	}{
		{"no token", byToken, nil, 401, false},
		{"an empty token", byToken, Headers{{"Authorization", ""}}, 401, false},
		{"a token", byToken, Headers{{"Authorization", "x"}}, 200, true},
		{"a token that does not match", byToken + `, "IdentityValidationExpression": "Bearer [a-z]+"`, Headers{{"Authorization", "Bearer x1"}}, 401, false},
		{"a token that matches", byToken + `, "IdentityValidationExpression": "Bearer [a-z]+"`, Headers{{"Authorization", "Bearer x"}}, 200, true},
		{"one of two sources", `"Type": "REQUEST", "IdentitySource": "method.request.header.A,method.request.header.B"`, Headers{{"A", "x"}}, 401, false},
		{"both", `"Type": "REQUEST", "IdentitySource": "method.request.header.A,method.request.header.B"`, Headers{{"A", "x"}, {"B", "y"}}, 200, true},
		{"no source", `"Type": "REQUEST", "AuthorizerResultTtlInSeconds": 0`, nil, 200, true},
		{"an expression of a REQUEST authorizer", `"Type": "REQUEST", "IdentitySource": "method.request.header.A", "IdentityValidationExpression": "z"`, Headers{{"A", "x"}}, 200, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ran := false
			a := load(t, guarded(tt.authorizer, custom, ""), Options{Authorizers: &Authorizers{}})
			r := a.Serve(t.Context(), &Request{Method: "GET", Path: "/items", Headers: tt.headers}, fake{invoke: func(Function, []byte) ([]byte, error) {
				ran = true
				return []byte(result("Allow", "*", "")), nil
			}})
			if r.Status != tt.status || ran != tt.runs {
				t.Errorf("%d, ran %v\n%+v", r.Status, ran, r.Trace)
			}
		})
	}
}

// TestAuthorizerCache has the trap of a policy for one method: it works, then does not, until the result expires.
func TestAuthorizerCache(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	type request struct {
		after  time.Duration
		method string
		path   string
		token  string
		want   int
		runs   int // so far
	}
	for _, tt := range []struct {
		name, authorizer string
		requests         []request
	}{
		{"by default for 300 seconds", byToken, []request{
			{0, "GET", "/items", "a", 200, 1}, {time.Second, "GET", "/items", "a", 200, 1},
			{0, "PUT", "/items", "a", 403, 1}, {0, "GET", "/items/7", "a", 403, 1}, // the policy is for GET /items
			{0, "PUT", "/items", "b", 200, 2}, {0, "GET", "/items", "b", 403, 2}, {0, "GET", "/items", "a", 200, 2},
			{298 * time.Second, "GET", "/items", "a", 200, 2}, {time.Second, "PUT", "/items", "a", 200, 3}, {0, "GET", "/items", "a", 403, 3},
		}},
		{"not at all", byToken + `, "AuthorizerResultTtlInSeconds": 0`, []request{
			{0, "GET", "/items", "a", 200, 1}, {0, "PUT", "/items", "a", 200, 2}, {0, "GET", "/items", "a", 200, 3},
		}},
		{"for as long as it says", byToken + `, "AuthorizerResultTtlInSeconds": "10"`, []request{
			{0, "GET", "/items", "a", 200, 1}, {9 * time.Second, "PUT", "/items", "a", 403, 1}, {time.Second, "PUT", "/items", "a", 200, 2},
		}},
		{"by all identity sources", `"Type": "REQUEST", "IdentitySource": "method.request.header.Authorization,context.path"`, []request{
			{0, "GET", "/items", "a", 200, 1}, {0, "GET", "/items/7", "a", 200, 2}, {0, "PUT", "/items", "a", 403, 2},
		}},
		{"what it did not decide is not kept", byToken, []request{
			{0, "GET", "/items", "Unauthorized", 401, 1}, {0, "GET", "/items", "Unauthorized", 401, 2}, {0, "GET", "/items", "fail", 500, 3}, {0, "GET", "/items", "fail", 500, 4},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runs, clock := 0, now
			a := load(t, guarded(tt.authorizer, custom, ""), Options{Authorizers: &Authorizers{Now: func() time.Time { return clock }}})
			for i, q := range tt.requests {
				clock = clock.Add(q.after)
				r := a.Serve(t.Context(), &Request{Method: q.method, Path: q.path, Headers: Headers{{"Authorization", q.token}}}, fake{invoke: func(_ Function, b []byte) ([]byte, error) {
					runs++
					var e struct{ MethodArn string }
					if err := json.Unmarshal(b, &e); err != nil {
						t.Error(err)
					}
					if q.want >= 401 && q.want != 403 {
						return nil, &FunctionError{Message: q.token}
					}
					return []byte(result("Allow", e.MethodArn, "")), nil
				}})
				if r.Status != q.want || runs != q.runs {
					t.Errorf("request %d: %d after %d runs, want %d after %d\n%+v", i, r.Status, runs, q.want, q.runs, r.Trace)
				}
				if q.want == 403 && !strings.HasSuffix(steps(r, StepAuthorizer), ", by a result from the cache") {
					t.Errorf("request %d: it is not said that the result is cached: %q", i, steps(r, StepAuthorizer))
				}
			}
		})
	}
}

// TestAuthorizerCacheIsBounded holds that the memory for results does not grow with the number of tokens.
func TestAuthorizerCacheIsBounded(t *testing.T) {
	var c verdicts
	now := time.Unix(0, 0)
	for i := range 1_000_000 {
		c.put(fmt.Sprint(i), &verdict{}, now.Add(time.Hour))
	}
	if len(c.of) != maxVerdicts || len(c.oldest) != maxVerdicts || cap(c.oldest) > 4*maxVerdicts {
		t.Errorf("%d results, %d keys of %d", len(c.of), len(c.oldest), cap(c.oldest))
	}
	if c.get("999999", now) == nil || c.get("0", now) != nil {
		t.Error("the newest results are to be kept")
	}
}

// TestAuthorizerKeys has API keys that an authorizer gives.
func TestAuthorizerKeys(t *testing.T) {
	src := string(guarded(byToken, custom+`, "ApiKeyRequired": true`, `, "K": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Enabled": true, "Value": "secret"}},`+plan("K")))
	src = strings.Replace(src, `"Name": "t"`, `"Name": "t", "ApiKeySourceType": "AUTHORIZER"`, 1)
	for more, want := range map[string]int{`, "usageIdentifierKey": "secret"`: 200, `, "usageIdentifierKey": "other"`: 403, "": 403} {
		a := load(t, []byte(src), Options{Authorizers: &Authorizers{}})
		for range 2 { // by the function, and from the cache
			r := a.Serve(t.Context(), &Request{Method: "GET", Path: "/items", Headers: Headers{{"Authorization", "x"}, {"x-api-key", "secret"}}},
				fake{invoke: func(Function, []byte) ([]byte, error) { return []byte(result("Allow", "*", more)), nil }})
			if r.Status != want {
				t.Errorf("%q: %d, want %d\n%+v", more, r.Status, want, r.Trace)
			}
		}
	}
}

// TestCallers has methods whose caller serve is told.
func TestCallers(t *testing.T) {
	const (
		cognito = `"AuthorizationType": "COGNITO_USER_POOLS", "AuthorizerId": {"Ref": "Authz"}`
		pool    = `"Type": "COGNITO_USER_POOLS", "IdentitySource": "method.request.header.Authorization"`
		signed  = `"AuthorizationType": "AWS_IAM"`
		scoped  = cognito + `, "AuthorizationScopes": ["items/read", "items/all"]`
	)
	token := Headers{{"Authorization", "x"}}
	for _, tt := range []struct {
		name, method string
		who          Authorizers
		headers      Headers
		path         string
		status       int
		body         string
	}{
		{"a pool, nobody said", cognito, Authorizers{}, token, "/items", 200, "||||"},
		{"a pool", cognito, Authorizers{Claims: map[string]string{"sub": "42"}}, token, "/items", 200, "||42||"},
		{"a pool without a token", cognito, Authorizers{Claims: map[string]string{"sub": "42"}}, nil, "/items", 401, `{"message":"Unauthorized"}`},
		{"a scope", scoped, Authorizers{Claims: map[string]string{"sub": "42", "scope": "openid items/all"}}, token, "/items", 200, "||42||"},
		{"no scope", scoped, Authorizers{Claims: map[string]string{"sub": "42"}}, token, "/items", 401, `{"message":"Unauthorized"}`},
		{"IAM, nobody said", signed, Authorizers{}, token, "/items", 200, "||||"},
		{"IAM", signed, Authorizers{IAM: "arn:aws:iam::222222222222:user/me"}, token, "/items", 200, "|||arn:aws:iam::222222222222:user/me|222222222222"},
		{"IAM in the query", signed, Authorizers{}, nil, "/items?X-Amz-Signature=1", 200, "||||"},
		{"IAM without a signature", signed, Authorizers{IAM: "arn:aws:iam::222222222222:user/me"}, nil, "/items", 403, `{"message":"Missing Authentication Token"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := load(t, guarded(pool, tt.method, ""), Options{Authorizers: &tt.who})
			r := a.Serve(t.Context(), &Request{Method: "GET", Path: tt.path, Headers: tt.headers}, fake{invoke: func(Function, []byte) ([]byte, error) { return nil, errors.New("none is to be invoked") }})
			if r.Status != tt.status || string(r.Body) != tt.body {
				t.Errorf("%d %s, want %d %s\n%+v", r.Status, r.Body, tt.status, tt.body, r.Trace)
			}
		})
	}
}

// TestAuthorizerContextInEvents holds that a function behind the API sees what the authorizer said.
func TestAuthorizerContextInEvents(t *testing.T) {
	const uri = `"Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:f/invocations"}`
	m := strings.Replace(method("Fn", "Items", "POST", uri), `"AuthorizationType": "NONE"`, custom, 1)
	a := load(t, guarded(byToken, custom, ","+m), Options{Authorizers: &Authorizers{}})
	var event struct {
		RequestContext struct{ Authorizer map[string]any }
	}
	r := a.Serve(t.Context(), &Request{Method: "POST", Path: "/items", Headers: Headers{{"Authorization", "x"}}}, fake{invoke: func(fn Function, b []byte) ([]byte, error) {
		if fn.Authorizer {
			return []byte(result("Allow", "*", `, "context": {"tenant": "t1", "n": 2}`)), nil
		}
		return []byte(`{"statusCode": 200}`), json.Unmarshal(b, &event)
	}})
	if want := map[string]any{"principalId": "me", "tenant": "t1", "n": "2"}; r.Status != 200 || fmt.Sprint(event.RequestContext.Authorizer) != fmt.Sprint(want) {
		t.Errorf("%d %v\n%+v", r.Status, event, r.Trace)
	}
}

// TestUnknownAuthorizers holds that what is known only at deployment, or not here, lets in and says so.
func TestUnknownAuthorizers(t *testing.T) {
	for name, tt := range map[string]struct{ authorizer, method, says string }{
		"elsewhere":          {byToken, `"AuthorizationType": "CUSTOM", "AuthorizerId": {"Fn::ImportValue": "Authz"}`, "assumed to let the request in: the authorizer is not in the template"},
		"TTL by a parameter": {byToken + `, "AuthorizerResultTtlInSeconds": {"Fn::ImportValue": "Ttl"}`, custom, "allowed"},
	} {
		a := load(t, guarded(tt.authorizer, tt.method, ""), Options{Authorizers: &Authorizers{}})
		r := a.Serve(t.Context(), &Request{Method: "GET", Path: "/items", Headers: Headers{{"Authorization", "x"}}}, fake{invoke: func(Function, []byte) ([]byte, error) { return []byte(result("Allow", "*", "")), nil }})
		if got := steps(r, StepAuthorizer); r.Status != 200 || got != tt.says {
			t.Errorf("%s: %d %q, want %q\n%+v", name, r.Status, got, tt.says, r.Trace)
		}
	}
}

// TestOpenAPIAuthorizers reads what decides out of a document.
func TestOpenAPIAuthorizers(t *testing.T) {
	const template = `{"Resources": {
		"Who": {"Type": "AWS::Lambda::Function", "Properties": {}},
		"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "a", "Body": {"swagger": "2.0",
			"securityDefinitions": {
				"token": {"type": "apiKey", "name": "X-Token", "in": "header", "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer": {"type": "token",
					"authorizerUri": {"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Who.Arn}/invocations"},
					"authorizerResultTtlInSeconds": 7, "identityValidationExpression": "t[0-9]"}},
				"pool": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools", "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": ["x"]}}},
			"paths": {
				"/token": {"get": {"security": [{"token": []}], "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}, "responses": {"default": {"statusCode": "200"}}}}},
				"/pool": {"get": {"security": [{"pool": ["items/read"]}], "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}, "responses": {"default": {"statusCode": "200"}}}}}}}}}}}`
	runs, now := 0, time.Unix(0, 0)
	for _, tt := range []struct {
		path, token, scope string
		status, runs       int
	}{
		{"/token", "x", "", 401, 0}, {"/token", "t1", "", 200, 1}, {"/pool", "x", "items/read", 200, 0}, {"/pool", "x", "items/write", 401, 0},
	} {
		runs = 0
		a := load(t, []byte(template), Options{Authorizers: &Authorizers{Claims: map[string]string{"scope": tt.scope}, Now: func() time.Time { return now }}})
		ask := func() int {
			return a.Serve(t.Context(), &Request{Method: "GET", Path: tt.path, Headers: Headers{{"X-Token", tt.token}, {"Authorization", tt.token}}},
				fake{invoke: func(Function, []byte) ([]byte, error) { runs++; return []byte(result("Allow", "*", "")), nil }}).Status
		}
		if got := ask(); got != tt.status || runs != tt.runs {
			t.Errorf("%s of %s: %d after %d runs, want %d after %d", tt.path, tt.token, got, runs, tt.status, tt.runs)
		}
		now = now.Add(7*time.Second - 1)
		if ask(); runs != tt.runs {
			t.Errorf("%s of %s: %d runs within the time", tt.path, tt.token, runs)
		}
		now = now.Add(1)
		if ask(); runs != 2*tt.runs {
			t.Errorf("%s of %s: %d runs after the time", tt.path, tt.token, runs)
		}
	}
}

// TestServingKeepsNothing counts what an API keeps of requests that are all different.
func TestServingKeepsNothing(t *testing.T) {
	a := load(t, guarded(byToken, custom, ""), Options{Authorizers: &Authorizers{}})
	count := func(n, from int) (templates, results int) {
		for i := range n {
			one := fmt.Sprint(from + i)
			r := a.Serve(t.Context(), &Request{Method: "GET", Path: "/items/" + one + "?q=" + one, Headers: Headers{{"Authorization", one}, {"Origin", "https://" + one + ".example"}}},
				fake{invoke: func(Function, []byte) ([]byte, error) { return []byte(result("Allow", "*", "")), nil }})
			if r.Status != 200 {
				t.Fatalf("%d %s", r.Status, r.Body)
			}
		}
		a.templates.Range(func(_, _ any) bool { templates++; return true })
		return templates, len(a.verdicts.of)
	}
	templates, _ := count(1, 0)
	if got, results := count(2*maxVerdicts, 1); got != templates || results != maxVerdicts {
		t.Errorf("%d templates, then %d, and %d results", templates, got, results)
	}
}

// TestTokenFromNowhere holds that a token whose header no scheme names is not known; it was a crash.
func TestTokenFromNowhere(t *testing.T) {
	a, err := Load(app(t, `
Resources:
  Auth: {Type: AWS::Lambda::Function, Properties: {}}
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Body:
        openapi: 3.0.1
        components: {securitySchemes: {a: {type: apiKey, in: header, x-amazon-apigateway-authtype: custom, x-amazon-apigateway-authorizer: {type: token, authorizerUri: !Sub 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Auth.Arn}/invocations'}}}}
        paths: {/a: {get: {security: [{a: []}], x-amazon-apigateway-integration: {type: mock}}}}
`), Options{Authorizers: &Authorizers{}})
	if err != nil {
		t.Fatal(err)
	}
	res := a.Serve(t.Context(), get("/a", appOrigin), fake{invoke: func(Function, []byte) ([]byte, error) { return []byte(`{}`), nil }})
	if got, _ := unserved(res); !strings.Contains(got, "the authorizer a has no identity source") {
		t.Errorf("%d, not known: %q", res.Status, got)
	}
}

// TestTokenlessREST holds that a preflight which reaches a Lambda authorizer that is not run is not known to pass in a REST API either:
// one without an identity source runs for it, and may refuse it.
func TestTokenlessREST(t *testing.T) {
	const template = `
Resources:
  Auth: {Type: AWS::Lambda::Function, Properties: {}}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {}}
  A: {Type: AWS::ApiGateway::Authorizer, Properties: {RestApiId: !Ref Api, Type: REQUEST, AuthorizerResultTtlInSeconds: 0, IdentitySource: '%s', AuthorizerUri: !Sub 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Auth.Arn}/invocations'}}
  R: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: a}}
  M: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api, ResourceId: !Ref R, HttpMethod: ANY, AuthorizationType: CUSTOM, AuthorizerId: !Ref A, Integration: {Type: HTTP_PROXY, IntegrationHttpMethod: ANY, Uri: https://x.example}}}
`
	for name, tt := range map[string]struct {
		sources string
		req     *Request
		status  int
		unknown bool
	}{
		"a preflight":                        {"", pre("PUT", "/a", appOrigin), 0, true},
		"a source of every request":          {"context.identity.sourceIp", pre("PUT", "/a", appOrigin), 0, true},
		"a token in the URL":                 {"method.request.querystring.t", pre("PUT", "/a?t=1", appOrigin), 200, false},
		"a request that may carry one":       {"", get("/a", appOrigin), 200, false},
		"a header that no preflight carries": {"method.request.header.X-Token", pre("PUT", "/a", appOrigin), 401, false},
	} {
		for _, authorizers := range []*Authorizers{nil, {}} {
			a, err := Load(app(t, fmt.Sprintf(template, tt.sources)), Options{Authorizers: authorizers})
			if err != nil {
				t.Fatal(err)
			}
			res := a.Serve(t.Context(), tt.req, fake{
				invoke: func(Function, []byte) ([]byte, error) { return nil, &Unavailable{Reason: "not here"} },
				http:   func(*BackendRequest) (*BackendResponse, error) { return &BackendResponse{Status: 200}, nil },
			})
			if why, unknown := unserved(res); unknown != tt.unknown || unknown && !strings.Contains(why, "whether the authorizer A lets in preflights") || !unknown && res.Status != tt.status {
				t.Errorf("%s, authorizers %v: %d, not known: %q", name, authorizers, res.Status, why)
			}
		}
	}
}
