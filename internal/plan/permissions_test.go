package plan

import (
	"fmt"
	"maps"
	"testing"
)

// permitting gives a method the permissions that the CDK's integrations make for a
// function: "ApiPermission.", ".Test." and so on, by their ids.
func permitting(m *Method, function string, ids ...string) *Method {
	for _, id := range ids {
		m.Permissions = append(m.Permissions, permission("Stack/Api/Default/m/"+id, function))
	}
	return m
}

func permission(path, function string) Permission {
	return Permission{Path: path, Function: "${" + function + "}", Key: "logical id " + function, Properties: map[string]any{
		"action": "lambda:InvokeFunction", "principal": "apigateway.amazonaws.com", "functionName": "${" + function + "}", "sourceArn": "x",
	}}
}

func TestPermissions(t *testing.T) {
	const native, test, wide = "ApiPermission.GET", "ApiPermission.Test.GET", "ApiPermission.ApiScoped.GET"
	invoking := func(function string, ids ...string) *Method {
		return permitting(method("GET", "AWS_PROXY", "{}"), function, ids...)
	}
	of := func(change func(*API), methods ...*Method) *API {
		a := apiOf()
		for i, m := range methods {
			a.Resources = append(a.Resources, at(fmt.Sprintf("/%d", i), m))
		}
		if change != nil {
			change(a)
		}
		return a
	}
	altered := func(change func(*Permission)) *API {
		return of(func(a *API) { change(&a.Resources[0].Methods[0].Permissions[0]) }, invoking("F", native, test))
	}
	made := func(path, function string) string {
		return `new ` + path + ` {"action":"lambda:InvokeFunction","functionName":"${` + function + `}","principal":"apigateway.amazonaws.com","sourceArn":"${arn}"}`
	}
	const (
		f, g          = "Stack/Api/CorsgatePermissionC8C8865F", "Stack/Api/CorsgatePermissionC7C884CC"
		gone, goneToo = "remove Stack/Api/Default/m/" + native, "remove Stack/Api/Default/m/" + test
	)
	with := func(m *Method, change func(*Permission)) *Method {
		for i := range m.Permissions {
			change(&m.Permissions[i])
		}
		return m
	}
	all := Options{OnePermission: true}
	plans{
		"not asked for": {api: of(nil, invoking("F", native, test)), about: "ermission"},
		"a function":    {options: all, api: of(nil, invoking("F", native, test), invoking("F", native, test)), about: "ermission", want: []string{made(f, "F"), gone, goneToo, gone, goneToo}},
		"two functions": {options: all, api: of(nil, invoking("F", native, test), invoking("G", native, test)), about: "new Stack/Api/Corsgate", want: []string{made(f, "F"), made(g, "G")}},
		"two that look alike": {options: all, api: of(func(a *API) {
			a.Resources[1].Methods[0].Permissions[0].Key, a.Resources[1].Methods[0].Permissions[1].Key = "logical id F", "logical id F"
		},
			invoking("F", native, test), invoking("G", native, test)), about: "new Stack/Api/Corsgate", want: []string{made(f, "F"), made(f+"-2", "G")}},
		"no test invocations of one method": {options: all, api: of(nil, invoking("F", native, test), invoking("F", native)), about: "ermission"},
		"two, and no test invocations":      {options: all, api: of(nil, invoking("F", native, native+"2")), about: "ermission"},
		"more of one method":                {options: all, api: of(nil, invoking("F", native, test, native+"2")), about: "ermission"},
		"for all of the API":                {options: all, api: of(nil, invoking("F", wide)), about: "ermission"},
		"for all of the API already": {options: all, api: of(func(a *API) { a.Permissions = []Permission{permission("Stack/Api/"+wide, "F")} }, invoking("F", native, test)),
			about: "ermission", want: []string{gone, goneToo}},
		"for all of the API, to another function": {options: all, api: of(func(a *API) { a.Permissions = []Permission{permission("Stack/Api/"+wide, "G")} }, invoking("F", native, test)),
			about: "new Stack/Api/Corsgate", want: []string{made(f, "F")}},
		"for all of the API, but narrowed": {options: all, api: of(func(a *API) {
			a.Permissions = []Permission{permission("Stack/Api/"+wide, "F")}
			a.Permissions[0].Altered = true
		}, invoking("F", native, test)), about: "new Stack/Api/Corsgate", want: []string{made(f, "F")}},
		"narrowed by an override":                    {options: all, api: altered(func(p *Permission) { p.Altered = true }), about: "ermission"},
		"narrowed by a property":                     {options: all, api: altered(func(p *Permission) { p.Properties["sourceAccount"] = "1" }), about: "ermission"},
		"of another principal":                       {options: all, api: altered(func(p *Permission) { p.Properties["principal"] = "sns.amazonaws.com" }), about: "ermission"},
		"of another action":                          {options: all, api: altered(func(p *Permission) { p.Properties["action"] = "lambda:*" }), about: "ermission"},
		"of any source":                              {options: all, api: altered(func(p *Permission) { delete(p.Properties, "sourceArn"); p.Properties["x"] = 1 }), about: "ermission"},
		"by hand":                                    {options: all, api: of(nil, invoking("F", native, test, "Own")), about: "ermission", want: []string{made(f, "F"), gone, goneToo}},
		"in a method, and for all of the API beside": {options: all, api: of(nil, invoking("F", native, test, wide)), about: "ermission", want: []string{made(f, "F"), gone, goneToo}},
		"in two stacks": {options: all, api: of(func(a *API) { a.Stacks = append(a.Stacks, Stack{Path: "Other"}) }, invoking("F", native, test),
			with(invoking("F", native, test), func(p *Permission) { p.Path = "Other/m/" + p.id() })), about: "/CorsgatePermission",
			want: []string{made(f, "F"), made("Other/CorsgatePermission1B8ED9F7", "F")}},
		"in another stack": {options: all, api: of(func(a *API) { a.Stacks = append(a.Stacks, Stack{Path: "Other"}) },
			with(invoking("F", native, test), func(p *Permission) { p.Path = "Other/m/" + p.id() })), about: "new Other",
			want: []string{made("Other/CorsgatePermission1B8ED9F7", "F")}},
	}.run(t)
	// The deployment waits for them.
	a := of(nil, invoking("F", native, test))
	a.Deployments = []Deployment{{Node: "Stack/D"}}
	expect(t, about(lines(Make(a, two(t), all)), "wait Stack/D"), []string{
		"wait Stack/D follows=false Stack/Api/Default/0/OPTIONS/Resource Stack/Api/Default/0/GET " + f + " Stack/Api/CorsDefault4XX Stack/Api/CorsDefault5XX"})
}

func TestCoverage(t *testing.T) {
	proxy := func(kind string, uri any, emits Emission) *API {
		m := method("GET", kind, "{}")
		m.URI, m.Emits = uri, emits
		return apiOf(at("/a", m))
	}
	const get = "Stack/Api/Default/a/GET"
	byVariable := map[string]any{"Fn::Join": []any{"", []any{"arn:", "${stageVariables.fn}"}}}
	document := func(proxies ...Proxy) *API {
		return &API{Node: "Api", Document: &Document{Proxies: proxies}, Stages: []*Stage{{Node: "S"}}}
	}
	p := func(where, kind string, uri any, emits Emission) Proxy { return Proxy{"Api", where, kind, uri, emits} }
	plans{
		"emits":                          {api: proxy("AWS_PROXY", "f", Emits), about: get + " ["},
		"is not known to":                {api: proxy("AWS_PROXY", "f", NotKnown), about: get + " [", want: []string{"error " + get + " [] GET /a is a Lambda proxy, and its function is not known to emit CORS headers..."}},
		"two functions of one id":        {api: proxy("AWS_PROXY", "f", Ambiguous), about: get + " [", want: []string{"warning " + get + " [unclear-function] GET /a is a Lambda proxy to a function whose logical id two stacks..."}},
		"by a stage variable":            {api: proxy("AWS_PROXY", byVariable, NotKnown), about: get + " [", want: []string{"warning " + get + " [unknown-function] GET /a names its Lambda function by a stage variable..."}},
		"by a stage variable, and emits": {api: proxy("AWS_PROXY", byVariable, Emits), about: get + " ["},
		"no uri":                         {api: proxy("AWS_PROXY", nil, NotKnown), about: get + " ["},
		"an HTTP backend":                {api: proxy("HTTP_PROXY", "https://x", NotKnown), about: get + " [", want: []string{"warning " + get + " [http-proxy] GET /a passes the responses of an HTTP backend through..."}},
		"not a proxy":                    {api: proxy("MOCK", "f", NotKnown), about: "error " + get},
		"a document": {api: document(
			p("GET /a", "AWS_PROXY", "f", NotKnown), p("GET /b", "HTTP_PROXY", "https://x", NotKnown), p("GET /c", "AWS_PROXY", "g", NotKnown), p("PUT /a", "AWS_PROXY", "f", NotKnown),
			p("PUT /b", "HTTP_PROXY", "https://y", NotKnown), p("GET /d", "AWS_PROXY", "h", Emits), p("GET /e", "AWS_PROXY", "f", NotKnown)), about: " Api [", want: []string{
			"error Api [] GET /a (and 2 more) is a Lambda proxy, and its function...", "warning Api [http-proxy] GET /b (and 1 more) passes...", "error Api [] GET /c is a Lambda proxy, and its function..."}},
	}.run(t)
}

func TestLate(t *testing.T) {
	before := func() *API {
		a := apiOf(at("/a", method("GET", "MOCK", mockOf200)))
		a.GatewayResponses = []*GatewayResponse{{Node: "T", Type: "THROTTLED"}}
		return a
	}
	const fix = ": an aspect changed the API after corsgate completed it; make the change before synthesis, or with an aspect on a construct above the API (see ..."
	for name, tt := range map[string]struct {
		before, now func(*API)
		want        []string
	}{
		"nothing": {},
		"what corsgate made": {now: func(a *API) {
			a.Resources[0] = at("/a", a.Resources[0].Methods[0], method("OPTIONS", "MOCK", "{}"))
			a.GatewayResponses = append(a.GatewayResponses, &GatewayResponse{Type: "DEFAULT_4XX"}, &GatewayResponse{Type: "DEFAULT_5XX"})
		}},
		"methods": {now: func(a *API) {
			a.Resources[0] = at("/a", a.Resources[0].Methods[0], method("PUT", "HTTP", "{}"), method("POST", "AWS_PROXY", "{}"))
		}, want: []string{
			"error Stack/Api/Default/a/PUT [CORS208] CORS208: PUT /a has no CORS headers" + fix,
			"error Stack/Api/Default/a/POST [] POST /a has no CORS headers: an aspect changed the API after..."}},
		"resources": {now: func(a *API) {
			a.Resources = append(a.Resources, at("/b", method("GET", "MOCK", "{}"), method("HEAD", "MOCK", "{}")), at("/c", method("DELETE", "AWS_PROXY", "{}")))
		}, want: []string{
			"error Stack/Api/Default/b/GET [CORS119] CORS119: GET /b has no CORS headers" + fix, "error Stack/Api/Default/b/HEAD [CORS119] CORS119: HEAD /b has no CORS headers" + fix,
			"error Stack/Api/Default/c/DELETE [CORS101] CORS101: DELETE /c has no CORS headers" + fix}},
		"a gateway response": {now: func(a *API) {
			a.GatewayResponses = append(a.GatewayResponses, &GatewayResponse{Node: "W", Type: "WAF_FILTERED"})
		},
			want: []string{"error W [CORS303] CORS303: gateway response WAF_FILTERED has no CORS headers" + fix}},
		"a stage": {now: func(a *API) { a.Stages = append(a.Stages, &Stage{Node: "L", Name: "late", Cached: true}) },
			want: []string{"error L [CORS407] CORS407: stage late has no CORS variables and refuses every origin" + fix}},
		"a cache": {now: func(a *API) { a.Stages[0].Cached = true },
			want: []string{"error Stack/Api/Stage [CORS402] CORS402: stage prod caches responses, and their cache keys do not tell origins apart" + fix}},
		"variables as the policy has them": {before: func(a *API) { a.Stages[0].Variables = map[string]any{"corsMaxAge": "5"} }, now: func(a *API) {
			a.Stages[0].Variables = map[string]any{"corsOrigins": two(t).StageVariables()["corsOrigins"], "corsage": "a flower", "corsMaxAge": "5"}
		}},
		"variables": {now: func(a *API) {
			a.Stages[0].Variables = map[string]any{"corsOrigins": "https://evil.example", "corsExactOrigin": "https://evil.example"}
		}, want: []string{
			"error Stack/Api/Stage [] stage prod does not have the variable corsExactOrigin as the policy has it: an aspect changed the API...",
			"error Stack/Api/Stage [] stage prod does not have the variable corsOrigins as the policy has it: an aspect changed the API..."}},
		"a variable that is gone": {now: func(a *API) { delete(a.Stages[0].Variables, "corsOrigins") }, want: []string{
			"error Stack/Api/Stage [] stage prod does not have the variable corsOrigins as the policy has it: an aspect changed the API..."}},
		"variables that a circle leaves out": {before: func(a *API) { a.Circles = []Circle{{Way: []string{"Other/Site"}}} },
			now: func(a *API) { clear(a.Stages[0].Variables) }},
		"an authorizer on everything": {now: func(a *API) {
			o := method("OPTIONS", "MOCK", "{}")
			o.Security.Type = "AWS_IAM"
			a.Resources[0] = at("/a", a.Resources[0].Methods[0], o)
		}, want: []string{"error Stack/Api/Default/a/OPTIONS [CORS102] CORS102: OPTIONS /a needs authorization, which preflights do not have" + fix}},
		"an API key on everything": {now: func(a *API) {
			o := method("OPTIONS", "MOCK", "{}")
			o.Security.APIKey = true
			a.Resources[0] = at("/a", a.Resources[0].Methods[0], o)
		}, want: []string{"error Stack/Api/Default/a/OPTIONS [CORS102] CORS102: OPTIONS /a needs authorization, which preflights do not have" + fix}},
		"a second cache": {before: func(a *API) { a.Stages = append(a.Stages, &Stage{Node: "C", Cached: true}) },
			now: func(a *API) {
				a.Stages = append(a.Stages, &Stage{Node: "C", Cached: true, Variables: a.Stages[0].Variables})
				a.Stages[0].Cached = true
			}},
	} {
		t.Run(name, func(t *testing.T) {
			was, now := before(), before()
			if tt.before != nil {
				tt.before(was)
			}
			now.Stages[0].Variables = map[string]any{}
			for name, value := range two(t).StageVariables() {
				now.Stages[0].Variables[name] = value
			}
			if tt.now != nil {
				tt.now(now)
			}
			expect(t, lines(&Plan{Remarks: Late(was, now, two(t))}), tt.want)
		})
	}
}

func TestTooLarge(t *testing.T) {
	api := &API{Node: "A/Api", Stacks: []Stack{{Path: "A"}, {Path: "A/In", Nested: true}, {Path: "A/Other", Nested: true}, {Path: "B"}}, Resources: []*Resource{{Scope: "A/In/r"}}}
	document := *api
	document.Document = &Document{}
	types := map[string]int{"AWS::B": 200, "AWS::A": 200, "AWS::C": 101}
	const start, resources = "would have 501 resources, and CloudFormation takes 500: 200 AWS::A, 200 AWS::B, 101 AWS::C; ", "make the API with corsapi.NewSpecRestApi, which is one resource whatever its size, or put some of its routes into nested stacks"
	for _, tt := range []struct {
		api   *API
		stack string
		types map[string]int
		want  string
	}{
		{api, "A", types, "stack A " + start + resources},
		{api, "A/In", types, "stack A/In " + start + resources},
		{&document, "A", types, "stack A " + start + "put something other than the API, which is one resource already, into another stack"},
		{&API{Node: "A/Api", Stacks: api.Stacks}, "A", types, "stack A " + start + resources},
		{api, "A/Other", types, ""},
		{&API{Node: "A/In/Api", Stacks: api.Stacks}, "A", types, ""}, // around the API's, and without anything of it
		{api, "B", types, ""},
		{api, "Later", types, ""},
		{api, "A", map[string]int{"AWS::A": 400, "AWS::B": 100}, ""},
	} {
		types := maps.Clone(tt.types)
		if got := tt.api.TooLarge(tt.stack, types); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.stack, got, tt.want)
		}
	}
}
