package diff

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/questions"
)

type object = map[string]any

// drawn is a template in the making.
type drawn struct {
	api       object            // its properties
	resources map[string]object // of the template
}

func draw() *drawn {
	d := &drawn{api: object{}, resources: map[string]object{}}
	d.add("Api", "RestApi", d.api)
	d.add("Stage", "Stage", object{"StageName": "v1"})
	return d
}

// add adds a resource of API Gateway's, and gives its properties.
func (d *drawn) add(id, typ string, properties object) object {
	if id != "Api" {
		properties["RestApiId"] = object{"Ref": "Api"}
	}
	d.resources[id] = object{"Type": "AWS::ApiGateway::" + typ, "Properties": properties}
	return properties
}

// path adds the resources of a path; their logical ids begin with a prefix.
func (d *drawn) path(prefix, path string) (ref any) {
	ref = object{"Fn::GetAtt": []any{"Api", "RootResourceId"}}
	id := prefix
	for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		id += strings.NewReplacer("{", "V", "}", "", "+", "G").Replace(part)
		d.add(id, "Resource", object{"ParentId": ref, "PathPart": part})
		ref = object{"Ref": id}
	}
	return ref
}

// method adds a method that is a mock with headers on its response, Access-Control-Allow- being left out of their names,
// and gives its properties.
func (d *drawn) method(id string, resource any, name string, headers map[string]string) object {
	declared, mapped := object{}, object{}
	for k, v := range headers {
		k = "method.response.header.Access-Control-Allow-" + k
		declared[k], mapped[k] = true, "'"+v+"'"
	}
	return d.add(id, "Method", object{
		"ResourceId": resource, "HttpMethod": name, "AuthorizationType": "NONE",
		"MethodResponses": []any{object{"StatusCode": "200", "ResponseParameters": declared}},
		"Integration": object{"Type": "MOCK", "RequestTemplates": object{"application/json": `{"statusCode": 200}`},
			"IntegrationResponses": []any{object{"StatusCode": "200", "ResponseParameters": mapped}}},
	})
}

func (d *drawn) template(t *testing.T) []byte {
	t.Helper()
	b, err := json.Marshal(object{"Resources": d.resources})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const app = "https://app.example.com"

// twins is an API of two routes, GET and OPTIONS of each, that are alike but for what an edit makes of the second one's.
func twins(t *testing.T, parts [2]string, edit func(d *drawn, get, options object)) []byte {
	t.Helper()
	d := draw()
	d.add("Gone", "GatewayResponse", object{"ResponseType": "DEFAULT_4XX", "ResponseParameters": object{
		"gatewayresponse.header.Access-Control-Allow-Origin": "'" + app + "'"}})
	d.add("Token", "Authorizer", object{"Type": "TOKEN", "Name": "a", "IdentitySource": "method.request.header.X-Token"})
	d.add("Whole", "RequestValidator", object{"ValidateRequestParameters": true})
	var get, options object
	for i, part := range parts {
		at := d.path(fmt.Sprint("R", i), part)
		get = d.method(fmt.Sprintf("M%dGET", i), at, "GET", map[string]string{"Origin": app})
		options = d.method(fmt.Sprintf("M%dOPTIONS", i), at, "OPTIONS", map[string]string{"Origin": app, "Headers": "content-type,x-a,x-token,x!y,x-api-key"})
		if edit != nil {
			edit(d, get, options)
		}
	}
	return d.template(t)
}

// second makes an edit one of the second route alone.
func second(edit func(d *drawn, get, options object)) func(d *drawn, get, options object) {
	calls := 0
	return func(d *drawn, get, options object) {
		if calls++; calls == 2 {
			edit(d, get, options)
		}
	}
}

func integration(method object) object { return method["Integration"].(object) }

func answer(method object) object {
	return integration(method)["IntegrationResponses"].([]any)[0].(object)
}

// request sets the request template of a method.
func request(method object, text string) {
	integration(method)["RequestTemplates"] = object{"application/json": text + `{"statusCode": 200}`}
}

const allowApp = `#set($context.responseOverride.header.Access-Control-Allow-Origin = "` + app + `")`

// function has a method call one whose headers are known.
func function(d *drawn, method object, uri any) {
	d.resources["Emits"] = object{"Type": "AWS::Lambda::Function", "Metadata": object{"corsgate:emits": true}, "Properties": object{}}
	integration(method)["Type"], integration(method)["IntegrationHttpMethod"], integration(method)["Uri"] = "AWS_PROXY", "POST", uri
}

func invocations(function any) any {
	return object{"Fn::Join": []any{"", []any{"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/", function, "/invocations"}}}
}

// Routes that differ in a single thing are not taken for one, and what is asked once of them has the outcomes that each
// has by itself.
func TestTwins(t *testing.T) {
	plain := [2]string{"a", "b"}
	for name, tt := range map[string]struct {
		parts [2]string
		edit  func(d *drawn, get, options object)
		same  bool // nothing changes
	}{
		"authorizer": {plain, second(func(_ *drawn, get, _ object) {
			get["AuthorizationType"], get["AuthorizerId"] = "CUSTOM", object{"Ref": "Token"}
		}), false},
		"authorizer of the preflight": {plain, second(func(_ *drawn, _, options object) {
			options["AuthorizationType"], options["AuthorizerId"] = "CUSTOM", object{"Ref": "Token"}
		}), false},
		"authorizer that wants more": {plain, func(d *drawn, get, _ object) {
			d.add("More", "Authorizer", object{"Type": "REQUEST", "Name": "b", "IdentitySource": "method.request.header.X-Token,method.request.querystring.t"})
			get["AuthorizationType"], get["AuthorizerId"] = "CUSTOM", object{"Ref": map[bool]string{true: "More", false: "Token"}[d.resources["M1GET"] == nil]}
		}, false},
		"API key":            {plain, second(func(_ *drawn, get, _ object) { get["ApiKeyRequired"] = true }), false},
		"required parameter": {plain, second(func(_ *drawn, get, _ object) { required(get, "method.request.header.X-A") }), false},
		"parameter that is not required": {plain, second(func(_ *drawn, get, _ object) {
			required(get, "method.request.header.X-A")
			get["RequestParameters"] = object{"method.request.header.X-A": false}
		}), true},
		"required parameter of the path": {[2]string{"a/{x}", "b/{y}"}, func(_ *drawn, get, _ object) { required(get, "method.request.path.y") }, false},
		"header of an odd name":          {plain, func(_ *drawn, get, _ object) { required(get, "method.request.header.x!y") }, false},
		"template": {plain, second(func(_ *drawn, get, _ object) {
			request(get, `#set($context.responseOverride.status = 500)#set($context.responseOverride.header.Access-Control-Allow-Origin = "*")`)
		}), false},
		"resource": {plain, func(_ *drawn, get, _ object) {
			delete(answer(get), "ResponseParameters")
			request(get, `#if($context.resourceId == "R0a")`+allowApp+`#end`)
		}, false},
		"response template": {plain, func(_ *drawn, get, _ object) {
			delete(answer(get), "ResponseParameters")
			answer(get)["ResponseTemplates"] = object{"application/json": `#if($context.path.endsWith("a"))` + allowApp + `#end`}
		}, false},
		"body": {plain, func(_ *drawn, get, _ object) {
			delete(answer(get), "ResponseParameters")
			request(get, `#if($input.json('$.a') == "")`+allowApp+`#end`)
		}, false},
		"selection pattern": {plain, second(func(_ *drawn, get, _ object) {
			answer(get)["SelectionPattern"] = "5.*"
			integration(get)["IntegrationResponses"] = append(integration(get)["IntegrationResponses"].([]any), object{"StatusCode": "200"})
		}), false},
		"status": {plain, second(func(_ *drawn, _, options object) { answer(options)["StatusCode"] = "403" }), false},
		"method response": {plain, second(func(_ *drawn, get, _ object) {
			get["MethodResponses"] = []any{object{"StatusCode": "200", "ResponseModels": object{"application/json": "Empty"}}}
		}), true},
		"cache keys": {plain, second(func(_ *drawn, get, _ object) {
			integration(get)["CacheKeyParameters"], integration(get)["CacheNamespace"] = []any{"method.request.header.X-A"}, "x"
		}), true},
		"method settings": {plain, second(func(d *drawn, _, _ object) {
			d.resources["Stage"]["Properties"].(object)["MethodSettings"] = []any{object{"ResourcePath": "/b", "HttpMethod": "GET", "CachingEnabled": true}}
		}), true},
		"content handling": {plain, second(func(d *drawn, get, _ object) {
			d.api["BinaryMediaTypes"] = []any{"*/*"}
			integration(get)["ContentHandling"] = "CONVERT_TO_TEXT"
		}), false},
		"content handling of the answer": {plain, second(func(d *drawn, get, _ object) {
			answer(get)["ContentHandling"], answer(get)["ResponseTemplates"] = "CONVERT_TO_BINARY", object{"application/json": "{}"}
		}), false},
		"content type": {plain, second(func(_ *drawn, get, _ object) {
			integration(get)["RequestTemplates"], integration(get)["PassthroughBehavior"] = object{"text/plain": `{"statusCode": 200}`}, "NEVER"
		}), false},
		"passthrough": {plain, func(d *drawn, get, _ object) {
			integration(get)["RequestTemplates"] = object{"text/plain": `{"statusCode": 200}`}
			integration(get)["PassthroughBehavior"] = map[bool]string{true: "NEVER", false: "WHEN_NO_MATCH"}[d.resources["M1GET"] == nil]
		}, false},
		"gateway response that maps the path": {[2]string{"a/{x}", "b/{y}"}, func(d *drawn, get, _ object) {
			get["ApiKeyRequired"] = true
			d.resources["Gone"]["Properties"].(object)["ResponseParameters"].(object)["gatewayresponse.header.Access-Control-Expose-Headers"] = "method.request.path.y"
		}, false},
		"gateway response that maps a header of an odd name": {plain, func(d *drawn, get, _ object) {
			get["ApiKeyRequired"] = true
			d.resources["Gone"]["Properties"].(object)["ResponseParameters"].(object)["gatewayresponse.header.Access-Control-Expose-Headers"] = "method.request.header.x!y"
		}, false},
		"function": {plain, second(func(d *drawn, get, _ object) {
			function(d, get, invocations(object{"Fn::GetAtt": []any{"Emits", "Arn"}}))
		}), false},
		"function that nothing vouches for": {plain, func(d *drawn, get, _ object) {
			d.resources["Quiet"] = object{"Type": "AWS::Lambda::Function", "Properties": object{}}
			which := map[bool]string{true: "Emits", false: "Quiet"}[d.resources["M1GET"] == nil]
			function(d, get, invocations(object{"Fn::GetAtt": []any{which, "Arn"}}))
		}, false},
		"function of a parameter": {plain, func(d *drawn, get, _ object) {
			function(d, get, invocations("{which}"))
			integration(get)["Type"] = "AWS"
			integration(get)["RequestParameters"] = object{"integration.request.path.which": "method.request.header.x-a"}
		}, true}, // whichever integration response it is
		"stage variable": {plain, second(func(d *drawn, get, _ object) { function(d, get, invocations("${stageVariables.none}")) }), false},
		"relative redirect": {[2]string{"a/x", "b/x"}, func(d *drawn, get, _ object) {
			answer(get)["StatusCode"] = "302"
			answer(get)["ResponseParameters"].(object)["method.response.header.Location"] = "'y'"
			if d.resources["R0ay"] == nil {
				d.add("R0ay", "Resource", object{"ParentId": object{"Ref": "R0a"}, "PathPart": "y"})
				d.method("Y", object{"Ref": "R0ay"}, "GET", map[string]string{"Origin": "*"})
			}
		}, false},
		"ANY": {plain, second(func(_ *drawn, get, _ object) { get["HttpMethod"] = "ANY" }), false},
	} {
		before, after := site(t, twins(t, tt.parts, nil)), site(t, twins(t, tt.parts, tt.edit))
		got := documentOf(t, before, after)
		before.Backend, after.Backend = unpredictable{before.Backend}, unpredictable{after.Backend}
		if want := documentOf(t, before, after); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d changes, one by one %d; %+v; one by one %+v", name, len(got.Changes), len(want.Changes), got.Summary, want.Summary)
		} else if (len(want.Changes) == 0) != tt.same {
			t.Errorf("%s: %d changes", name, len(want.Changes))
		}
	}
}

// required has a method turn requests away that lack a parameter.
func required(method object, parameter string) {
	method["RequestParameters"], method["RequestValidatorId"] = object{parameter: true}, object{"Ref": "Whole"}
}

// written is an API with methods by path, GET /a, each with what its answer allows.
func written(t *testing.T, prefix string, methods map[string]map[string]string) []byte {
	t.Helper()
	d := draw()
	for route, headers := range methods {
		name, path, _ := strings.Cut(route, " ")
		id := prefix + strings.NewReplacer("{", "V", "}", "", "/", "x", "+", "G").Replace(path)
		d.method(id+name, d.path(prefix, path), name, headers)
	}
	return d.template(t)
}

func both(m, more map[string]map[string]string) map[string]map[string]string {
	m = maps.Clone(m)
	maps.Copy(m, more)
	return m
}

// A route is what a request comes to, whatever its resource and its method are called: what changes for browsers is
// reported, and what does not is not.
func TestRoutes(t *testing.T) {
	type methods = map[string]map[string]string
	let := map[string]string{"Origin": app, "Headers": "content-type", "Methods": "PUT,DELETE,PATCH"}
	all := map[string]string{"Origin": "*", "Headers": "content-type", "Methods": "PUT,DELETE,PATCH"}
	only := map[string]string{"Origin": app}
	explicit := methods{"OPTIONS /a": let}
	for _, name := range questions.Methods {
		explicit[name+" /a"] = let
	}
	anyOf := methods{"OPTIONS /a": let, "ANY /a": let}
	greedy := methods{"ANY /{proxy+}": let, "GET /items": let, "OPTIONS /items": only}
	for name, tt := range map[string]struct {
		before, after methods
		looser        bool
		says          string // "" for no change
	}{
		"parameter":                       {methods{"GET /a/{id}": let}, methods{"GET /a/{key}": let}, false, ""},
		"parameter, wider":                {methods{"GET /a/{id}": let}, methods{"GET /a/{key}": all}, true, "GET /a/{key}"},
		"ANY for explicit":                {explicit, anyOf, false, ""},
		"ANY for explicit, wider":         {explicit, methods{"OPTIONS /a": let, "ANY /a": all}, true, "GET /a, HEAD /a and POST /a"},
		"ANY for one":                     {methods{"OPTIONS /a": let, "GET /a": let}, anyOf, true, "ANY /a"},
		"one for ANY":                     {anyOf, methods{"OPTIONS /a": let, "GET /a": let}, false, "ANY /a"},
		"explicit beside ANY":             {anyOf, both(anyOf, methods{"PUT /a": let}), false, ""},
		"explicit beside ANY, wider":      {both(anyOf, methods{"PUT /a": let}), both(anyOf, methods{"PUT /a": all}), false, ""},
		"ANY is the preflight's":          {methods{"ANY /a": let}, anyOf, false, ""},
		"greedy":                          {methods{"ANY /{proxy+}": let}, methods{"ANY /{rest+}": let}, false, ""},
		"greedy, wider":                   {methods{"ANY /{proxy+}": let}, methods{"ANY /{rest+}": all}, true, "{rest+}"},
		"greedy for a resource":           {methods{"ANY /{proxy+}": let, "ANY /a": let}, methods{"ANY /{proxy+}": let}, false, ""},
		"a resource out of greedy":        {methods{"ANY /{proxy+}": let}, methods{"ANY /{proxy+}": let, "ANY /a": all}, true, "ANY /a"},
		"preflight of another's answer":   {greedy, both(greedy, methods{"OPTIONS /items": let}), true, "PUT /items"},
		"answer behind one's preflight":   {both(greedy, methods{"OPTIONS /items": all}), both(greedy, methods{"OPTIONS /items": all, "ANY /{proxy+}": all}), true, "ANY /{proxy+}, and 5 routes of other paths (served by a greedy route)"},
		"written out where 1 is":          {methods{"ANY /1": let, "ANY /{id}": let}, methods{"ANY /1": let, "ANY /{id}": all}, true, "ANY /{id}"},
		"written out, and then not":       {methods{"ANY /1": let, "ANY /{id}": all}, methods{"ANY /{id}": all}, true, "ANY /1"},
		"not written out, and then it is": {methods{"ANY /{id}": all}, methods{"ANY /1": let, "ANY /{id}": all}, false, "ANY /1"},
		"below what is written out":       {methods{"GET /1": let, "ANY /{proxy+}": let}, methods{"GET /1": let, "ANY /{proxy+}": all}, true, "ANY /{proxy+}"},
	} {
		d := between(t, written(t, "Old", tt.before), written(t, "New", tt.after))
		if got := strings.ReplaceAll(markdownOf(t, d), "`", ""); d.Looser() != tt.looser || d.Empty() != (tt.says == "") || !strings.Contains(got, tt.says) {
			t.Errorf("%s: looser %v, want %v and %q, got\n%s", name, d.Looser(), tt.looser, tt.says, got)
		}
	}
}

// Each step that a page gets farther is looser, and each step back is stricter.
func TestDirection(t *testing.T) {
	farther := []Outcome{{Known: true}, {Known: true, Allowed: true, Gateway: "UNAUTHORIZED"}, {}, {Known: true, Allowed: true}}
	for i, near := range farther {
		for _, far := range farther[i+1:] {
			if got := direction(near, far); got != Looser {
				t.Errorf("%+v to %+v: %s", near, far, got)
			}
			if got := direction(far, near); got != Stricter {
				t.Errorf("%+v to %+v: %s", far, near, got)
			}
		}
	}
	calling := func(vouched bool) []byte {
		return twins(t, [2]string{"a", "b"}, func(d *drawn, get, _ object) {
			d.add("Stage", "Stage", object{"StageName": "v1", "Variables": object{"corsOrigins": app}})
			function(d, get, invocations(object{"Fn::GetAtt": []any{"Emits", "Arn"}}))
			d.resources["Emits"]["Metadata"] = object{"corsgate:emits": vouched}
		})
	}
	for _, tt := range []struct {
		before, after bool
		want          Direction
	}{{false, true, Looser}, {true, false, Stricter}} {
		asked := 0
		for _, c := range between(t, calling(tt.before), calling(tt.after)).Changes {
			if c.Question.Origin != app || c.Credentials {
				continue
			}
			if asked++; c.Direction != tt.want {
				t.Errorf("vouched for %v, then %v: %+v", tt.before, tt.after, c)
			}
		}
		if asked == 0 {
			t.Errorf("vouched for %v, then %v: nothing changes", tt.before, tt.after)
		}
	}
}
