package plan

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
)

// lines are what a plan changes and remarks, in its order.
func lines(p *Plan) []string {
	text := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return string(b)
	}
	var out []string
	for _, n := range p.New {
		out = append(out, "new "+n.Path()+" "+text(n.Properties))
	}
	for _, path := range p.Obsolete {
		out = append(out, "remove "+path)
	}
	for _, s := range p.Statements {
		out = append(out, "statement "+text(s))
	}
	for _, c := range p.Changes {
		switch c.Kind {
		case Set:
			out = append(out, "set "+c.On+" "+c.Path+" "+text(c.Value))
		case Unset:
			out = append(out, "unset "+c.On+" "+c.Path)
		case Reset:
			out = append(out, "reset "+c.On+" "+c.Path+" "+text(c.Value))
		}
	}
	for _, w := range p.Waits {
		out = append(out, fmt.Sprintf("wait %s follows=%v %s", w.Deployment, w.Follows, strings.Join(w.For, " ")))
	}
	for _, r := range p.Remarks {
		out = append(out, fmt.Sprintf("%s %s [%s] %s", []string{"error", "warning", "info"}[r.Severity], r.On, r.ID(), r.Message()))
	}
	return out
}

// about are the lines that hold a text.
func about(all []string, text string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(l string) bool { return !strings.Contains(l, text) })
}

// expect holds that got is want, where a want that ends in "..." stands for what begins so.
func expect(t *testing.T, got, want []string) {
	t.Helper()
	same := func(got, want string) bool {
		start, cut := strings.CutSuffix(want, "...")
		return got == want || cut && strings.HasPrefix(got, start)
	}
	if !slices.EqualFunc(got, want, same) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// plans are rows of what a plan says about a construct.
type plans map[string]struct {
	policy  *cors.Policy // two, if nil
	options Options
	api     *API
	about   string
	want    []string
}

func (rows plans) run(t *testing.T) {
	for name, tt := range rows {
		t.Run(name, func(t *testing.T) {
			p := tt.policy
			if p == nil {
				p = two(t)
			}
			before, _ := json.Marshal(tt.api)
			expect(t, about(lines(Make(tt.api, p, tt.options)), tt.about), tt.want)
			if after, _ := json.Marshal(tt.api); string(before) != string(after) {
				t.Errorf("the API became\n%s\nand was\n%s", after, before)
			}
		})
	}
}

func one(t *testing.T) *cors.Policy {
	return policy(t, cors.Config{Origins: []string{"https://app.example.com"}, ExposedHeaders: []string{"etag"}})
}

func two(t *testing.T) *cors.Policy {
	return policy(t, cors.Config{Origins: []string{"https://app.example.com", "https://*.preview.example.com"}})
}

func anyone(t *testing.T) *cors.Policy {
	return policy(t, cors.Config{Origins: []string{"*"}})
}

// apiOf is an API in Stack with a stage and these resources.
func apiOf(resources ...*Resource) *API {
	return &API{
		Node: "Stack/Api", ID: "${api}", ARN: "${arn}", Stacks: []Stack{{Path: "Stack"}}, Resources: resources,
		Stages: []*Stage{{Node: "Stack/Api/Stage", Prefix: "Variables.", Name: "prod"}},
	}
}

// at is a resource with methods.
func at(path string, methods ...*Method) *Resource {
	r := &Resource{Path: path, ID: "${" + path + "}", Scope: "Stack/Api/Default" + path}
	for _, m := range methods {
		m.Path, m.Node = path, r.Scope+"/"+m.Verb
		if m.Verb == "OPTIONS" {
			r.Options = m
		} else {
			r.Methods = append(r.Methods, m)
		}
	}
	return r
}

// method is one with an integration, as JSON.
func method(verb, kind, integration string) *Method {
	m := &Method{Verb: verb, Type: kind}
	if err := json.Unmarshal([]byte(integration), &m.Integration); err != nil {
		panic(err)
	}
	m.Integration["type"] = kind
	return m
}

func with(m *Method, change func(*Method)) *Method {
	change(m)
	return m
}

func cachedStage(a *API) *API {
	a.Stages[0].Cached = true
	return a
}

const mockOf200 = `{"requestTemplates": {"application/json": "T"}, "integrationResponses": [{"statusCode": "200"}]}`

func TestPreflights(t *testing.T) {
	p := two(t)
	integration := func(methods string, caching bool) string {
		b, _ := json.Marshal(PreflightIntegration(p, methods, caching))
		return string(b)
	}
	responses := func(methods string) string {
		b, _ := json.Marshal(PreflightResponses(p, methods))
		return string(b)
	}
	made := func(path, methods, parameters string, caching bool) string {
		return "new Stack/Api/Default" + path + `/OPTIONS/Resource {"apiKeyRequired":false,"authorizationType":"NONE","httpMethod":"OPTIONS","integration":` + integration(methods, caching) +
			`,"methodResponses":` + responses(methods) + parameters + `,"resourceId":"${` + path + `}","restApiId":"${api}"}`
	}
	own := func() *API {
		return apiOf(at("/a", method("GET", "MOCK", mockOf200), method("OPTIONS", "MOCK", mockOf200)))
	}
	ownCached := cachedStage(own())
	ownCached.Resources[0].Options.Parameters = map[string]any{"method.request.header.Origin": true, "method.request.querystring.q": true}
	replaced := func(caching bool) []string {
		out := []string{`set Stack/Api/Default/a/OPTIONS AuthorizationType "NONE"`, `set Stack/Api/Default/a/OPTIONS ApiKeyRequired false`}
		for _, name := range []string{"AuthorizerId", "AuthorizationScopes", "OperationName", "RequestModels", "RequestParameters", "RequestValidatorId"} {
			out = append(out, "unset Stack/Api/Default/a/OPTIONS "+name)
		}
		if caching {
			out = append(out, `set Stack/Api/Default/a/OPTIONS RequestParameters {"method.request.header.Origin":false,"method.request.header.origin":false}`,
				`unset Stack/Api/Default/a/OPTIONS RequestParameters.method\.request\.querystring\.q`)
		}
		in, _ := json.Marshal(Pascal(PreflightIntegration(p, "GET", caching)))
		rs, _ := json.Marshal(pascalAll(PreflightResponses(p, "GET")))
		return append(out, `reset Stack/Api/Default/a/OPTIONS integration {"type":"MOCK"}`,
			"set Stack/Api/Default/a/OPTIONS Integration "+string(in), "set Stack/Api/Default/a/OPTIONS MethodResponses "+string(rs))
	}
	plans{
		"each resource with its own methods": {api: apiOf(at("/a", method("PUT", "HTTP_PROXY", "{}"), method("GET", "HTTP_PROXY", "{}")), at("/b", method("ANY", "HTTP_PROXY", "{}"))), about: "new Stack/Api/Default",
			want: []string{made("/a", AllowMethods(p, []string{"GET", "PUT"}), "", false), made("/b", AllowMethods(p, []string{"ANY"}), "", false)}},
		"a cache": {api: cachedStage(apiOf(at("/a", method("GET", "HTTP_PROXY", "{}")))), about: "new Stack/Api/Default",
			want: []string{made("/a", "GET", `,"requestParameters":{"method.request.header.Origin":false,"method.request.header.origin":false}`, true)}},
		"OPTIONS of its own": {api: own(), about: "Default/a/OPTIONS",
			want: append(replaced(false), "warning Stack/Api/Default/a/OPTIONS [own-options] /a has an OPTIONS method of its own: it is replaced; remove it")},
		"OPTIONS of its own, with Enable":  {options: Options{Replace: true}, api: own(), about: "Default/a/OPTIONS", want: replaced(false)},
		"OPTIONS of its own, with a cache": {options: Options{Replace: true}, api: ownCached, about: "Default/a/OPTIONS", want: replaced(true)},
		"a document":                       {api: &API{Node: "Stack/Api", Document: &Document{}}, about: "OPTIONS"},
	}.run(t)
}

func TestMethods(t *testing.T) {
	p := two(t)
	directives := func(text string) string {
		b, _ := json.Marshal(ResponseTemplate(p) + text)
		return string(b)
	}
	const (
		get      = "Stack/Api/Default/a/GET"
		mapped   = `set ` + get + ` Integration.IntegrationResponses.0.ResponseParameters.method\.response\.header\.`
		declared = `"method.response.header.Access-Control-Allow-Origin":true,"method.response.header.Vary":true`
	)
	added := func(status string) string {
		return `set ` + get + ` MethodResponses [{"ResponseParameters":{` + declared + `},"StatusCode":"` + status + `"}]`
	}
	of := func(kind, integration string) *API { return apiOf(at("/a", method("GET", kind, integration))) }
	binary := func(a *API) *API { a.Binary = true; return a }
	responding := func(a *API, responses string) *API {
		if err := json.Unmarshal([]byte(responses), &a.Resources[0].Methods[0].Responses); err != nil {
			panic(err)
		}
		return a
	}
	vary := mapped + `Vary "'Origin'"`
	plans{
		"a mock": {api: of("MOCK", mockOf200), about: get, want: []string{
			`set ` + get + ` Integration.RequestTemplates.application/json ` + directives("T"), vary, added("200")}},
		"a mock of binary media types": {api: binary(of("MOCK", mockOf200)), about: get, want: []string{
			`set ` + get + ` Integration.ContentHandling "CONVERT_TO_TEXT"`, `set ` + get + ` Integration.RequestTemplates.application/json ` + directives("T"), vary, added("200")}},
		"a mock that says how": {api: binary(of("MOCK", `{"contentHandling": "CONVERT_TO_BINARY", `+mockOf200[1:])), about: get, want: []string{
			`set ` + get + ` Integration.RequestTemplates.application/json ` + directives("T"), vary, added("200")}},
		"a mock for anyone": {policy: anyone(t), api: of("MOCK", mockOf200), about: get, want: []string{
			mapped + `Access-Control-Allow-Origin "'*'"`, vary, added("200")}},
		"a mock without a template": {api: of("MOCK", `{"integrationResponses": [{"statusCode": "200"}]}`), about: get, want: []string{vary, added("200"),
			"warning " + get + " [no-template] GET /a is a mock without a request template, so API Gateway always responds with 500: add one that returns a statusCode"}},
		"a template that is not known": {api: of("MOCK", `{"requestTemplates": {"a/b": "T", "application/json": {"Ref": "P"}}, "integrationResponses": [{"statusCode": "200"}]}`), about: get, want: []string{
			`set ` + get + ` Integration.RequestTemplates.a/b ` + directives("T"), vary, added("200"),
			"error " + get + " [] the request template (application/json) of GET /a is not known at synthesis, so the policy cannot be put in front of it: write it as a string"}},
		"a status that is not known": {api: of("HTTP", `{"integrationResponses": [{"statusCode": {"Ref": "P"}, "responseTemplates": {"a/b": "T"}}]}`), about: "error", want: []string{
			"error " + get + " [] an integration response of GET /a has a status that is not known at synthesis, so its headers cannot be declared for it: write the statusCode as a text"}},
		"a template with a CORS header": {api: of("MOCK", `{"requestTemplates": {"a/b": "#set($context.responseOverride.header.Access-Control-Allow-Origin = 1)"}, "integrationResponses": [{"statusCode": "200"}]}`), about: "error",
			want: []string{"error " + get + " [] the request template (a/b) of GET /a sets Access-Control-Allow-Origin itself on line 1..."}},
		"no response": {api: of("HTTP", `{}`), about: get, want: []string{
			"warning " + get + " [CORS130] CORS130: GET /a has no integration response..."}},
		"responses that are not known": {api: of("HTTP", `{"integrationResponses": {"Fn::If": []}}`), about: get, want: []string{
			"error " + get + " [] the integration responses of GET /a are not known at synthesis, so they cannot get the headers: write them as a list"}},
		"text without a template": {api: of("HTTP", `{"integrationResponses": [{"statusCode": "200"}]}`), about: get, want: []string{
			`set ` + get + ` Integration.IntegrationResponses.0.ResponseTemplates.application/json ` + directives("$input.body"), vary, added("200")}},
		"a template of a response": {api: binary(of("AWS", `{"integrationResponses": [{"statusCode": "200", "responseTemplates": {"a.b/c": "T"}}]}`)), about: get, want: []string{
			`set ` + get + ` Integration.IntegrationResponses.0.ResponseTemplates.a\.b/c ` + directives("T"), vary, added("200")}},
		"bytes": {api: binary(of("HTTP", `{"integrationResponses": [{"statusCode": "200"}]}`)), about: get, want: []string{vary, added("200"),
			"error " + get + " [CORS208] CORS208: GET /a passes bodies through that may be binary..."}},
		"bytes and one origin": {policy: one(t), api: of("HTTP", `{"integrationResponses": [{"statusCode": "200", "contentHandling": "CONVERT_TO_BINARY"}]}`), about: get, want: []string{
			mapped + `Access-Control-Allow-Origin "'https://app.example.com'"`, mapped + `Access-Control-Expose-Headers "'etag'"`, vary,
			`set ` + get + ` MethodResponses [{"ResponseParameters":{"method.response.header.Access-Control-Allow-Origin":true,"method.response.header.Access-Control-Expose-Headers":true,"method.response.header.Vary":true},"StatusCode":"200"}]`}},
		"a second source": {api: of("MOCK", `{"requestTemplates": {"a/b": "T"}, "integrationResponses": [{"statusCode": "200", "responseParameters": {
				"method.response.header.access-control-allow-origin": "'*'", "method.response.header.Vary": "integration.response.header.Vary", "method.response.header.X-Own": "'1'"}}]}`), about: "ResponseParameters.method", want: []string{
			`unset ` + get + ` Integration.IntegrationResponses.0.ResponseParameters.method\.response\.header\.access-control-allow-origin`, vary}},
		"a second source is remarked": {api: of("MOCK", `{"requestTemplates": {"a/b": "T"}, "integrationResponses": [{"statusCode": "200", "responseParameters": {
				"method.response.header.access-control-allow-origin": "'*'", "method.response.header.Vary": "integration.response.header.Vary"}}]}`), about: "warning", want: []string{
			"warning " + get + " [second-source] GET /a maps method.response.header.Vary, which is replaced; map it to a static value: Origin has to be part of it",
			"warning " + get + " [second-source] GET /a maps method.response.header.access-control-allow-origin, which is replaced; remove it: the policy decides this header"}},
		"a second source with Enable": {options: Options{Replace: true}, api: of("MOCK", `{"requestTemplates": {"a/b": "T"}, "integrationResponses": [{"statusCode": "200", "responseParameters": {
				"method.response.header.access-control-allow-origin": "'*'", "method.response.header.Vary": "integration.response.header.Vary"}}]}`), about: "warning", want: []string{
			"warning " + get + " [second-source] GET /a maps method.response.header.Vary, which is replaced; map it to a static value: Origin has to be part of it"}},
		"declared in part": {api: responding(of("MOCK", `{"requestTemplates": {"a/b": "T"}, "integrationResponses": [{"statusCode": "200"}, {"statusCode": "404", "selectionPattern": "4.."}]}`),
			`[{"statusCode": "404", "responseParameters": {"method.response.header.X-Own": true, "method.response.header.vary": true, "method.response.header.Access-Control-Allow-Origin": true}}]`), about: "MethodResponses", want: []string{
			`unset ` + get + ` MethodResponses.0.ResponseParameters.method\.response\.header\.vary`,
			`set ` + get + ` MethodResponses.0.ResponseParameters.method\.response\.header\.Vary true`,
			`set ` + get + ` MethodResponses.1 {"ResponseParameters":{` + declared + `},"StatusCode":"200"}`}},
		"proxies stay as they are": {api: apiOf(at("/a", method("GET", "HTTP_PROXY", `{"integrationResponses": [{"statusCode": "200"}]}`))), about: "set " + get},
		"a cache": {api: cachedStage(apiOf(at("/a", with(method("GET", "HTTP_PROXY", `{"cacheKeyParameters": ["method.request.querystring.q", "method.request.header.Origin"]}`), func(m *Method) {
			m.Parameters = map[string]any{"method.request.header.Origin": true}
		})))), about: "set " + get, want: []string{
			`set ` + get + ` RequestParameters.method\.request\.header\.origin false`,
			`set ` + get + ` Integration.CacheKeyParameters ["method.request.querystring.q","method.request.header.Origin","method.request.header.origin"]`}},
	}.run(t)
}

func TestGatewayResponses(t *testing.T) {
	const (
		header = `\.header\.Access-Control-Allow-Origin "'*'"`
		ours   = `{"gatewayresponse.header.Access-Control-Allow-Origin":"'*'","gatewayresponse.header.Vary":"'Origin'"}`
	)
	own := func(types ...string) *API {
		a := apiOf()
		for _, t := range types {
			a.GatewayResponses = append(a.GatewayResponses, &GatewayResponse{Node: "Stack/" + t, Type: t, Parameters: map[string]any{"gatewayresponse.header.Access-Control-Allow-Origin": "'x'", "gatewayresponse.header.X": "'1'"}})
		}
		return a
	}
	made := func(id, t string) string {
		return "new Stack/Api/" + id + ` {"responseParameters":` + ours + `,"responseType":"` + t + `","restApiId":"${api}"}`
	}
	changed := func(t string) []string {
		return []string{"set Stack/" + t + ` ResponseParameters.gatewayresponse` + header, "set Stack/" + t + ` ResponseParameters.gatewayresponse\.header\.Vary "'Origin'"`}
	}
	both := []string{made("CorsDefault4XX", "DEFAULT_4XX"), made("CorsDefault5XX", "DEFAULT_5XX")}
	plans{
		"the defaults":         {api: apiOf(), about: "esponse", want: both},
		"an echo":              {options: Options{Echo: true}, api: apiOf(), about: "CorsDefault4XX", want: []string{strings.Replace(both[0], "'*'", "method.request.header.origin", 1)}},
		"a default of its own": {options: Options{Replace: true}, api: own("DEFAULT_4XX"), about: "esponse", want: append(both[1:2:2], changed("DEFAULT_4XX")...)},
		"another type":         {options: Options{Replace: true}, api: own("THROTTLED"), about: "esponse", want: append(both[:2:2], changed("THROTTLED")...)},
		"a second source": {api: own("THROTTLED"), about: "warning", want: []string{
			"warning Stack/THROTTLED [second-source] gateway response THROTTLED maps gatewayresponse.header.Access-Control-Allow-Origin, which is replaced; remove it: the policy decides this header"}},
	}.run(t)
}

func TestResourcePolicies(t *testing.T) {
	const told = `info Stack/Api [] preflights carry no credentials, and the resource policy does not allow them, so it gets this statement: {"Action":"execute-api:Invoke","Effect":"Allow","Principal":{"AWS":"*"},"Resource":"execute-api:/*/OPTIONS/*"}`
	const statement = `statement {"Action":"execute-api:Invoke","Effect":"Allow","Principal":{"AWS":"*"},"Resource":"execute-api:/*/OPTIONS/*"}`
	parse := func(statements string) any {
		var v any
		if err := json.Unmarshal([]byte(`{"Statement": [`+statements+`]}`), &v); err != nil {
			panic(err)
		}
		return v
	}
	const (
		iam  = `{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "*", "Resource": "*"}`
		open = `{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}`
		deny = `{"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}`
	)
	of := func(statements string) *API {
		a := apiOf(at("/a", method("GET", "MOCK", mockOf200)))
		a.Policy = parse(statements)
		return a
	}
	fixed := of(iam)
	fixed.PolicyFixed = true
	document := func(own bool) *API {
		return &API{Node: "Stack/Api", Policy: parse(iam), Document: &Document{Paths: []string{"/a"}, OwnOptions: own}}
	}
	plans{
		"none":              {api: apiOf(at("/a", method("GET", "MOCK", mockOf200))), about: "statement"},
		"everybody":         {api: of(open), about: "statement"},
		"somebody":          {api: of(iam), about: "statement", want: []string{statement, told}},
		"a Deny":            {api: of(open + "," + deny), about: "CORS403", want: []string{"warning Stack/Api [CORS403] CORS403: a Deny statement of the resource policy may refuse preflights..."}},
		"a Deny and no one": {api: of(iam + "," + deny), about: "CORS403", want: []string{"warning Stack/Api [CORS403] CORS403: a Deny statement..."}},
		"an override": {api: fixed, about: "statement", want: []string{
			"error Stack/Api [CORS403] CORS403: the resource policy refuses preflights, and an override has it, so that no statement can be added: add {..."}},
		"a document":               {api: document(false), about: "statement", want: []string{statement, told}},
		"nothing for kept OPTIONS": {api: document(true), about: "statement {"},
		"a document that keeps OPTIONS": {api: document(true), about: "CORS403", want: []string{
			"warning Stack/Api [CORS403] CORS403: the resource policy allows nobody anonymous, so it refuses preflights, and OPTIONS operations of the document's own are kept..."}},
	}.run(t)
}

func TestStages(t *testing.T) {
	two := two(t)
	origins, _ := json.Marshal(two.StageVariables()["corsOrigins"])
	own := apiOf()
	own.Stages[0].Variables = map[string]any{"corsOrigins2": "x", "corsMaxAge": "5", "corsage": "a flower"}
	described := apiOf()
	described.Stages = append(described.Stages, &Stage{Node: "Stack/D", Prefix: "StageDescription.Variables.", Name: "d"})
	none := apiOf()
	none.Stages = nil
	plans{
		"each": {api: described, about: "corsOrigins ", want: []string{
			"set Stack/Api/Stage Variables.corsOrigins " + string(origins), "set Stack/D StageDescription.Variables.corsOrigins " + string(origins)}},
		"variables of its own": {api: own, about: "error", want: []string{
			"error Stack/Api/Stage [] stage prod sets the variable corsMaxAge itself: remove it, the policy decides it",
			"error Stack/Api/Stage [] stage prod sets the variable corsOrigins2 itself: remove it, the policy decides it"}},
		"none": {api: none, about: "warning", want: []string{
			"warning Stack/Api [CORS407] CORS407: the app has no stage of this API; a stage without these variables refuses every origin: corsOrigins=https://app.example.com,https://~.preview.example.com..."}},
	}.run(t)
}

func TestDeployments(t *testing.T) {
	stacks := []Stack{{Path: "AB"}, {Path: "A"}, {Path: "A/Alone"}, {Path: "A/In", Nested: true}, {Path: "A/Beside", Nested: true}, {Path: "B"}, {Path: "C", DependsOn: []string{"B"}}}
	const made = " A/Api/CorsDefault4XX A/Api/CorsDefault5XX"
	of := func(deployment, resource string, follows bool) *API {
		a := &API{Node: "A/Api", Stacks: stacks, Deployments: []Deployment{{Node: deployment, Follows: follows}}, Stages: []*Stage{{Node: "A/Stage"}}}
		r := at("/a", method("GET", "HTTP_PROXY", "{}"))
		r.Scope, r.Methods[0].Node = resource, resource+"/GET"
		a.Resources = []*Resource{r}
		return a
	}
	own := of("A/Api/D", "A/Api/r", true)
	own.Resources[0].Options, own.GatewayResponses = &Method{Node: "A/O", Verb: "OPTIONS"}, []*GatewayResponse{{Node: "A/G", Type: "THROTTLED"}}
	early := func(on, stack string) string {
		return "warning " + on + " [early-deployment] the API is deployed before the methods of stack " + stack + " exist, so its stage does not have them: " +
			"put the deployment into that stack or one that depends on it, or use nested stacks"
	}
	parts := func(resource string) string { return " " + resource + "/OPTIONS/Resource " + resource + "/GET" + made }
	plans{
		"a stack of a like name":                           {api: of("A/Api/D", "AB/r", true), about: "A/Api/D ", want: []string{"wait A/Api/D follows=true" + made, early("A/Api/D", "AB")}},
		"methods in a stack that only stands in the API's": {api: of("A/Api/D", "A/Alone/r", true), about: "A/Api/D ", want: []string{"wait A/Api/D follows=true" + made, early("A/Api/D", "A/Alone")}},
		"OPTIONS and gateway responses of its own":         {api: own, about: "A/Api/D ", want: []string{"wait A/Api/D follows=true A/O A/Api/r/GET A/G A/Api/CorsDefault4XX A/Api/CorsDefault5XX"}},
		"the API's":                   {api: of("A/Api/D", "A/Api/r", true), about: "A/Api/D ", want: []string{"wait A/Api/D follows=true" + parts("A/Api/r")}},
		"methods in a nested stack":   {api: of("A/Api/D", "A/In/r", true), about: "A/Api/D ", want: []string{"wait A/Api/D follows=true" + parts("A/In/r")}},
		"nested beside the methods":   {api: of("A/Beside/D", "A/In/r", true), about: "A/Beside/D ", want: []string{"wait A/Beside/D follows=true" + made}},
		"before a stack's methods":    {api: of("A/Api/D", "B/r", true), about: "A/Api/D ", want: []string{"wait A/Api/D follows=true" + made, early("A/Api/D", "B")}},
		"with a stack's methods":      {api: of("B/D", "B/r", true), about: "B/D ", want: []string{"wait B/D follows=true" + parts("B/r")}},
		"after a stack's methods":     {api: of("C/D", "B/r", true), about: "C/D ", want: []string{"wait C/D follows=true" + made}},
		"not after a stack's methods": {api: of("B/D", "C/r", true), about: "B/D ", want: []string{"wait B/D follows=true" + made, early("B/D", "C")}},
		"CloudFormation's alone": {api: of("A/D", "A/Api/r", false), about: "A/D ", want: []string{"wait A/D follows=false" + parts("A/Api/r"),
			"warning A/D [loose-deployment] a CfnDeployment keeps its logical id when the API's responses change, so the stage keeps the old ones: use awsapigateway.NewDeployment"}},
		"a document's permissions": {api: &API{Node: "A/Api", Stacks: stacks, Deployments: []Deployment{{"A/D", true}}, Document: &Document{Permissions: []string{"A/Api/P"}}}, about: "A/D ", want: []string{"wait A/D follows=true A/Api/P"}},
	}.run(t)
}

func TestPascal(t *testing.T) {
	got := Pascal(map[string]any{"statusCode": "200", "responses": []any{map[string]any{"responseParameters": map[string]any{"x-own": true}}, "text"}})
	want := map[string]any{"StatusCode": "200", "Responses": []any{map[string]any{"ResponseParameters": map[string]any{"x-own": true}}, "text"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// All that a deployment has to notice, once.
func TestWrittenInFull(t *testing.T) {
	p := anyone(t)
	a := cachedStage(apiOf(at("/a", method("GET", "MOCK", mockOf200)), at("/b", with(method("GET", "HTTP_PROXY", "{}"), func(m *Method) { m.URI = "u" }))))
	a.Binary = true
	a.GatewayResponses = []*GatewayResponse{{Node: "Stack/G", Type: "THROTTLED", Properties: map[string]any{"responseType": "THROTTLED"}}}
	errors := ErrorParameters(p, false)
	allow := map[string]any{"method.response.header.Access-Control-Allow-Origin": "'*'", "method.response.header.Vary": "'Origin'"}
	want := []any{
		"/a", "GET", PreflightIntegration(p, "GET", true), PreflightResponses(p, "GET"), "/b", "GET",
		"/a", "GET", "cache key", OriginParameters, "GET /a", "CONVERT_TO_TEXT", "GET /a", 0, allow,
		"/a", "GET", "200", map[string]any{"method.response.header.Access-Control-Allow-Origin": true, "method.response.header.Vary": true}, "/a", "GET", a.Resources[0].Methods[0].Integration, nil,
		"/b", "GET", "cache key", OriginParameters, "/b", "GET", map[string]any{"type": "HTTP_PROXY", "uri": "u"}, nil,
		map[string]any{"responseType": "THROTTLED"}, errors, "DEFAULT_4XX", errors, "DEFAULT_5XX", errors,
	}
	if got := Make(a, p, Options{}).Written; !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

// A deployment changes when what the API responds with does, and does not when only the
// allowlist does, which the stages' variables hold.
func TestWritten(t *testing.T) {
	written := func(a *API, p *cors.Policy) string {
		b, err := json.Marshal(Make(a, p, Options{}).Written)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	base := func() *API {
		a := apiOf(at("/a", method("GET", "MOCK", mockOf200), method("PUT", "HTTP_PROXY", "{}")))
		a.GatewayResponses = []*GatewayResponse{{Node: "Stack/G", Type: "THROTTLED", Properties: map[string]any{"responseType": "THROTTLED"}}}
		return a
	}
	was := written(base(), two(t))
	if other := policy(t, cors.Config{Origins: []string{"https://a.example", "https://b.example"}}); written(base(), other) != was {
		t.Error("another allowlist changes what is written")
	}
	for name, change := range map[string]func(*API){
		"a method":            func(a *API) { a.Resources = append(a.Resources, at("/b", method("GET", "MOCK", mockOf200))) },
		"a uri":               func(a *API) { a.Resources[0].Methods[1].URI = "x" },
		"a template":          func(a *API) { a.Resources[0].Methods[0].Integration["requestTemplates"] = map[string]any{"a/b": "U"} },
		"a method response":   func(a *API) { a.Resources[0].Methods[1].Responses = []any{map[string]any{"statusCode": "201"}} },
		"binary media types":  func(a *API) { a.Binary = true },
		"a cache":             func(a *API) { a.Stages[0].Cached = true },
		"a gateway response":  func(a *API) { a.GatewayResponses[0].Properties["statusCode"] = "430" },
		"no gateway response": func(a *API) { a.GatewayResponses = nil },
	} {
		a := base()
		change(a)
		if written(a, two(t)) == was {
			t.Errorf("%s changes nothing of what is written", name)
		}
	}
	if written(base(), anyone(t)) == was || written(base(), policy(t, cors.Config{Origins: []string{"https://a.example", "https://b.example"}, AllowCredentials: true})) == was {
		t.Error("another kind of policy changes nothing of what is written")
	}
	document := &API{Node: "Api", Document: &Document{}}
	quiet := Make(document, two(t), Options{}).Written
	document.Document.Responds = true
	if p := two(t); !reflect.DeepEqual(quiet, []any{PreflightTemplate(p)}) || !reflect.DeepEqual(Make(document, p, Options{}).Written, []any{PreflightTemplate(p), ResponseTemplate(p)}) {
		t.Errorf("a document's: %q", quiet)
	}
	if got := Make(document, anyone(t), Options{}).Written; len(got) > 0 {
		t.Errorf("a document's for anyone: %q", got)
	}
}

func TestDocumentRefusals(t *testing.T) {
	a := &API{Node: "Api", Resources: []*Resource{at("/a", method("GET", "MOCK", mockOf200), method("OPTIONS", "MOCK", "{}"))},
		GatewayResponses: []*GatewayResponse{{Node: "G", Type: "THROTTLED"}}, Stages: []*Stage{{Node: "S"}},
		Document: &Document{Remarks: []Remark{{On: "Api", Text: "of the rendering"}}}}
	expect(t, about(lines(Make(a, two(t), Options{})), "error"), []string{
		"error Stack/Api/Default/a/GET [] GET /a is made beside the OpenAPI document, whose import replaces what the API has: put it into the document",
		"error Stack/Api/Default/a/OPTIONS [] OPTIONS /a is made beside the OpenAPI document...",
		"error G [CORS408] CORS408: gateway response THROTTLED is made beside the OpenAPI document...",
		"error Api [] of the rendering",
	})
}

func TestNotes(t *testing.T) {
	credentials := policy(t, cors.Config{Origins: []string{"https://a.example", "https://b.example"}, AllowCredentials: true})
	const unreadable, echo = "info Stack/Api [] the policy allows credentials and not just one origin...", "info Stack/Api [] EchoOrigin: every page on the web..."
	plans{
		"credentials":              {policy: credentials, api: apiOf(), about: "info", want: []string{unreadable}},
		"credentials and an echo":  {policy: credentials, options: Options{Echo: true}, api: apiOf(), about: "info", want: []string{echo}},
		"an echo":                  {options: Options{Echo: true}, api: apiOf(), about: "info", want: []string{echo}},
		"neither":                  {api: apiOf(), about: "info"},
		"one origin":               {policy: policy(t, cors.Config{Origins: []string{"https://a.example"}, AllowCredentials: true}), options: Options{Echo: true}, api: apiOf(), about: "info"},
		"anyone":                   {policy: anyone(t), options: Options{Echo: true}, api: apiOf(), about: "info"},
		"what the policy says":     {policy: policy(t, cors.Config{Origins: []string{"https://*.example.com", "https://a.example.com"}}), api: apiOf(), about: "info", want: []string{`info Stack/Api [] origin "https://a.example.com" is left out...`}},
		"as many paths as one can": {api: &API{Node: "Api", Paths: 300, Stages: []*Stage{{}}}, about: "warning"},
		"more paths than one can":  {api: &API{Node: "Api", Paths: 301, Stages: []*Stage{{}}}, about: "warning", want: []string{"warning Api [many-resources] the API has 301 resources, and API Gateway takes 300 unless..."}},
	}.run(t)
}
