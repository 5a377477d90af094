package plan

import (
	"reflect"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/rules"
)

// secured is a method that wants something of a request.
func secured(verb string, s Security) *Method {
	return with(method(verb, "MOCK", `{"requestTemplates": {"application/json": "{}"}, "integrationResponses": [{"statusCode": "200"}]}`), func(m *Method) { m.Security = s })
}

func TestSufficient(t *testing.T) {
	custom := func(sources ...string) Security { return Security{Type: "CUSTOM", Sources: sources} }
	const get = "Stack/Api/Default/a/GET"
	header := func(where, names, list string) string {
		return "error " + get + " [CORS111] CORS111: " + where + " wants headers that the policy does not allow (" + names + "), so no page can call it: write RequestHeaders: []string{" + list + "}..."
	}
	allowing := func(headers ...string) *cors.Policy {
		return policy(t, cors.Config{Origins: []string{"https://app.example.com"}, RequestHeaders: headers})
	}
	for name, tt := range map[string]struct {
		headers  []string
		methods  []string
		security Security
		verb     string // GET, if empty
		source   string
		suppress []Suppression
		want     []string
	}{
		"open":                        {security: Security{Type: "NONE"}},
		"a token authorizer":          {security: custom("method.request.header.Authorization"), want: []string{header("GET /a", "authorization", `"authorization"`)}},
		"beside others":               {headers: []string{"content-type"}, security: custom("method.request.header.X-Session"), want: []string{header("GET /a", "x-session", `"content-type", "x-session"`)}},
		"allowed":                     {headers: []string{"Authorization"}, security: custom("method.request.header.authorization")},
		"Cognito":                     {security: Security{Type: "COGNITO_USER_POOLS", Sources: []string{"method.request.header.Authorization"}}, want: []string{header("GET /a", "authorization", `"authorization"`)}},
		"a request authorizer":        {security: custom("method.request.querystring.t", "context.httpMethod", "method.request.header.X-A", "method.request.header.X-B"), want: []string{header("GET /a", "x-a, x-b", `"x-a", "x-b"`)}},
		"what browsers send":          {security: custom("method.request.header.Cookie", "method.request.header.Origin", "method.request.header.Accept")},
		"known later":                 {security: custom("method.request.header.${Token[TOKEN.7]}", "${Token[TOKEN.8]}")},
		"an authorizer elsewhere":     {security: Security{Type: "CUSTOM"}},
		"an API key":                  {security: Security{APIKey: true}, want: []string{header("GET /a", "x-api-key", `"x-api-key"`)}},
		"an authorizer's API key":     {security: Security{APIKey: true}, source: "AUTHORIZER"},
		"an API key in a header":      {security: Security{APIKey: true}, source: "HEADER", want: []string{header("GET /a", "x-api-key", `"x-api-key"`)}},
		"IAM":                         {security: Security{Type: "AWS_IAM"}, want: []string{header("GET /a", "authorization, x-amz-date, x-amz-security-token", `"authorization", "x-amz-date", "x-amz-security-token"`)}},
		"IAM, in part":                {headers: []string{"authorization"}, security: Security{Type: "AWS_IAM"}, want: []string{header("GET /a", "x-amz-date, x-amz-security-token", `"authorization", "x-amz-date", "x-amz-security-token"`)}},
		"IAM, and a star":             {headers: []string{"*"}, security: Security{Type: "AWS_IAM"}, want: []string{"warning " + get + " [CORS112] CORS112: GET /a wants Authorization, which * does not cover..."}},
		"a star beside Authorization": {headers: []string{"*", "authorization"}, security: Security{Type: "AWS_IAM", APIKey: true}},
		"a key, and a star":           {headers: []string{"*"}, security: Security{APIKey: true}},
		"both":                        {security: Security{Type: "AWS_IAM", APIKey: true}, want: []string{header("GET /a", "authorization, x-amz-date, x-amz-security-token, x-api-key", `"authorization", "x-amz-date", "x-amz-security-token", "x-api-key"`)}},
		"suppressed for it":           {security: Security{APIKey: true}, suppress: []Suppression{{get, "CORS111"}}},
		"suppressed for all":          {security: Security{APIKey: true}, suppress: []Suppression{{"Stack/Api", "cors111"}}},
		"suppressed, another":         {security: Security{APIKey: true}, suppress: []Suppression{{"Stack/Api", "CORS110"}, {"Stack/Other", "CORS111"}}, want: []string{header("GET /a", "x-api-key", `"x-api-key"`)}},
		"a method left out":           {methods: []string{"GET", "PATCH"}, verb: "PUT", want: []string{"error Stack/Api/Default/a/PUT [CORS110] CORS110: PUT /a cannot be called by a page, since Methods of the policy (GET,PATCH) leaves PUT out..."}},
		"a method left out, meant":    {methods: []string{"GET"}, verb: "PUT", suppress: []Suppression{{"Stack/Api/Default/a/PUT", "CORS110"}}},
		"a method that is there":      {methods: []string{"PUT"}, verb: "PUT"},
		"one that cannot be barred":   {methods: []string{"GET"}, verb: "POST"},
		"any, bounded":                {methods: []string{"PUT"}, verb: "ANY"},
		"left out, and a header":      {methods: []string{"GET"}, verb: "PUT", security: Security{APIKey: true}, want: []string{"error Stack/Api/Default/a/PUT [CORS111]...", "error Stack/Api/Default/a/PUT [CORS110]..."}},
	} {
		t.Run(name, func(t *testing.T) {
			verb := tt.verb
			if verb == "" {
				verb = "GET"
			}
			api := apiOf(at("/a", secured(verb, tt.security)))
			api.KeySource, api.Suppressed = tt.source, tt.suppress
			p := policy(t, cors.Config{Origins: []string{"https://app.example.com"}, RequestHeaders: tt.headers, Methods: tt.methods})
			expect(t, about(lines(Make(api, p, Options{})), " [CORS1"), tt.want)
		})
	}
	// One cause is one remark.
	key := Security{APIKey: true}
	expect(t, about(lines(Make(apiOf(at("/a", secured("GET", key), secured("PUT", key)), at("/b", secured("GET", key), secured("POST", Security{Type: "AWS_IAM"}))), allowing("content-type"), Options{})), "[CORS1"), []string{
		header("GET /a (and 2 more)", "x-api-key", `"authorization", "content-type", "x-amz-date", "x-amz-security-token", "x-api-key"`),
		"error Stack/Api/Default/b/POST [CORS111] CORS111: POST /b wants headers that the policy does not allow (authorization, x-amz-date, x-amz-security-token)...",
	})
	// A method that a rule is suppressed for has no part in what is said of the others.
	but := func(rule string, node string, ms ...*Method) []string {
		api := apiOf(at("/a", ms...), at("/b", secured("PUT", Security{})))
		api.Suppressed = []Suppression{{node, rule}}
		p := policy(t, cors.Config{Origins: []string{"https://app.example.com"}, Methods: []string{"GET"}, RequestHeaders: []string{"x-other"}})
		if rule == "CORS112" {
			p = allowing("*")
		}
		return about(lines(Make(api, p, Options{})), "["+rule)
	}
	iam := Security{Type: "AWS_IAM"}
	expect(t, but("CORS111", get, secured("GET", iam), secured("POST", key)), []string{"error Stack/Api/Default/a/POST [CORS111] CORS111: POST /a wants headers that the policy does not allow (x-api-key), " +
		"so no page can call it: write RequestHeaders: []string{\"x-api-key\", \"x-other\"}, or, if it is not for pages, suppress CORS111 in the method's metadata..."})
	expect(t, but("CORS111", get, secured("GET", key), secured("POST", key)), []string{"error Stack/Api/Default/a/POST [CORS111] CORS111: POST /a wants..."})
	expect(t, but("CORS112", get, secured("GET", iam), secured("POST", iam)), []string{"warning Stack/Api/Default/a/POST [CORS112] CORS112: POST /a wants Authorization..."})
	expect(t, but("CORS110", "Stack/Api/Default/a/PUT", secured("PUT", Security{})), []string{"error Stack/Api/Default/b/PUT [CORS110] CORS110: PUT /b cannot..."})
	// And of a document.
	document := &API{Node: "Stack/Api", Stages: apiOf().Stages, Document: &Document{Operations: []Operation{{Node: "Stack/Api", Where: "api.yaml:7: GET /a", Verb: "GET", Security: key}}}}
	expect(t, about(lines(Make(document, allowing(), Options{})), "[CORS1"), []string{"error Stack/Api [CORS111] CORS111: api.yaml:7: GET /a wants headers that the policy does not allow (x-api-key), so no page can call it: " +
		"write RequestHeaders: []string{\"x-api-key\"}, or, if it is not for pages, suppress CORS111 in the API's metadata..."})
}

// A suppression is for every remark of its rule.
func TestSuppressed(t *testing.T) {
	api := apiOf(at("/a", secured("GET", Security{})))
	api.Stages = nil
	if got := about(lines(Make(api, two(t), Options{})), string(rules.CORS407)); len(got) != 1 {
		t.Fatalf("%q", got)
	}
	api.Suppressed = []Suppression{{"Stack/Api", string(rules.CORS407)}}
	if got := about(lines(Make(api, two(t), Options{})), string(rules.CORS407)); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

func TestStagesOfTheUser(t *testing.T) {
	api := func(change func(*API)) *API {
		a := apiOf(at("/a", secured("GET", Security{})))
		change(a)
		return a
	}
	plans{
		"a canary of other origins": {api: api(func(a *API) {
			a.Stages[0].Canary = map[string]any{"corsOrigins": "https://new.example.com", "release": "2"}
		}), about: "canary", want: []string{"warning Stack/Api/Stage [canary-variables] the canary of stage prod overrides corsOrigins, so a part..."}},
		"a canary of something else": {api: api(func(a *API) { a.Stages[0].Canary = map[string]any{"release": "2"} }), about: "canary"},
		"a circle of stacks": {api: api(func(a *API) {
			a.Stacks = append(a.Stacks, Stack{Path: "Site"})
			a.Circles = []Circle{{"https://${Site.DomainName}", []string{"Site/Site/Resource", "Stack/Api/Stage"}}}
		}), about: "set Stack/Api/Stage"},
		"a circle of stacks that is suppressed": {api: api(func(a *API) {
			a.Stacks = append(a.Stacks, Stack{Path: "Site"})
			a.Circles = []Circle{{"https://${Site.DomainName}", []string{"Site/Site/Resource", "Stack/Api/Stage"}}}
			a.Suppressed = []Suppression{{On: a.Node, Rule: "CORS409"}}
		}), about: "set Stack/Api/Stage", want: []string{`set Stack/Api/Stage Variables.corsOrigins "https://app.example.com,https://~.preview.example.com"`}},
		"a circle is told": {api: api(func(a *API) {
			a.Circles = []Circle{{"https://${Site.DomainName}", []string{"Stack/Site/Resource", "Stack/Api/Stage"}}}
		}), about: "circular", want: []string{"error Stack/Api [CORS409] CORS409: CloudFormation would refuse a circular dependency: the stage's variables name the origin https://${Site.DomainName}, " +
			"and that is made after the stage (Stack/Site/Resource, then Stack/Api/Stage): ..."}},
		"the CDK's own mock": {api: apiOf(at("/{proxy+}", with(method("ANY", "MOCK", `{}`), func(*Method) {}))), about: "CORS130", want: []string{
			"warning Stack/Api/Default/{proxy+}/ANY [CORS130] CORS130: ANY /{proxy+} is a mock without responses, so API Gateway always responds with 500: it was made without an integration, as by AddProxy..."}},
	}.run(t)
}

// Suppressions of cdk-nag that are for all below the API, or below a resource, are for the
// OPTIONS method that is made there, too.
func TestNag(t *testing.T) {
	open, key, own := any(map[string]any{"id": "AwsSolutions-APIG4", "reason": "public"}), any(map[string]any{"id": "AwsSolutions-COG4", "reason": "public"}), any(map[string]any{"id": "X", "reason": "its own"})
	get, put := secured("GET", Security{}), secured("PUT", Security{})
	r := at("/a", get, put)
	r.Nag, get.Nag, put.Nag = []any{open, key, own}, []any{open, key}, []any{key, open, own}
	bare := at("/b", secured("GET", Security{}))
	bare.Nag = []any{open}
	got := map[string]any{}
	for _, n := range Make(apiOf(r, bare), two(t), Options{}).New {
		if n.Type == MethodType {
			got[n.Scope] = n.Metadata
		}
	}
	want := map[string]any{"rules_to_suppress": []any{open, key}}
	if m, _ := got["Stack/Api/Default/a"].(map[string]any); len(m) != 1 || !reflect.DeepEqual(m[NagKey], any(want)) {
		t.Errorf("/a: %v", m)
	}
	if m, _ := got["Stack/Api/Default/b"].(map[string]any); len(m) != 0 {
		t.Errorf("/b: %v", m)
	}
}
