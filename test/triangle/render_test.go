package triangle

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/plan"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// A kind is what answers a method.
type kind string

const (
	proxy kind = "proxy" // a function, AWS_PROXY
	mock  kind = "mock"  // API Gateway itself
	web   kind = "web"   // an HTTP server whose answers are mapped
)

// A route is a resource with its methods; one of none is a mere step of a path.
type route struct {
	path    string // "/" or "/orders/{id}"
	methods map[string]kind
}

func (r route) verbs() []string { return slices.Sorted(maps.Keys(r.methods)) }

// An api is what is rendered.
type api struct {
	policy *cors.Policy
	routes []route
	echo   bool // gateway errors are sent to whoever asks
	binary bool // every media type counts as binary
	apart  bool // each origin that is not a pattern has a variable of its own, as one with a CDK token has
	// bare has no CORS but the function's: no OPTIONS, no gateway responses.
	bare bool
}

type object = map[string]any

func ref(id string) object             { return object{"Ref": id} }
func attribute(id, name string) object { return object{"Fn::GetAtt": []any{id, name}} }
func resource(typ string, p object) object {
	return object{"Type": "AWS::ApiGateway::" + typ, "Properties": p}
}

// id makes a logical id out of a path.
func id(prefix, path string) string {
	return prefix + strings.NewReplacer("/", "S", "{", "V", "}", "", "+", "G").Replace(path)
}

// template renders the API as corsapi does, without a CDK; TestRenderer holds the two against each other. It is the
// CloudFormation template, JSON.
func (a api) template(t interface{ Fatal(...any) }) []byte {
	all := object{
		"Api":   resource("RestApi", object{"Name": "Api"}),
		"Stage": resource("Stage", object{"RestApiId": ref("Api"), "StageName": "prod", "Variables": a.variables()}),
		"Fn":    object{"Type": "AWS::Lambda::Function", "Properties": object{}, "Metadata": object{"corsgate:emits": true}},
	}
	if a.binary {
		all["Api"].(object)["Properties"].(object)["BinaryMediaTypes"] = []any{"*/*"}
	}
	for _, r := range a.routes {
		a.resource(all, r.path)
		for verb, k := range r.methods {
			all[id("M"+verb, r.path)] = a.method(r.path, verb, k)
		}
		if len(r.methods) > 0 && !a.bare {
			all[id("MOPTIONS", r.path)] = a.options(r)
		}
	}
	if !a.bare {
		for _, typ := range []string{"DEFAULT_4XX", "DEFAULT_5XX"} {
			all[strings.ReplaceAll(typ, "_", "")] = resource("GatewayResponse", object{
				"RestApiId": ref("Api"), "ResponseType": typ, "ResponseParameters": prefixed("gatewayresponse.header.", a.errorHeaders()),
			})
		}
	}
	b, err := json.Marshal(object{"Resources": all})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// resource puts the node of a path and those above it into all, and gives the reference to it.
func (a api) resource(all object, path string) any {
	if path == "/" {
		return attribute("Api", "RootResourceId")
	}
	up, part := filepath.Split(path)
	if up != "/" {
		up = strings.TrimSuffix(up, "/")
	}
	name := id("R", path)
	all[name] = resource("Resource", object{"RestApiId": ref("Api"), "ParentId": a.resource(all, up), "PathPart": part})
	return ref(name)
}

func (a api) place(path string, properties object) object {
	properties["RestApiId"], properties["ResourceId"] = ref("Api"), a.resource(object{}, path)
	properties["AuthorizationType"] = "NONE"
	return resource("Method", properties)
}

// quoted makes static values.
func quoted(h map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range h {
		out[name] = "'" + value + "'"
	}
	return out
}

func prefixed(prefix string, h map[string]string) object {
	out := object{}
	for name, value := range h {
		if value != "" && value != "''" {
			out[prefix+name] = value
		}
	}
	return out
}

const methodHeader = "method.response.header."

func declared(names ...string) object {
	out := object{}
	for _, n := range names {
		out[methodHeader+n] = true
	}
	return out
}

// options is the mock that handles preflights.
func (a api) options(r route) object {
	p := a.policy
	static := map[string]string{
		"Vary": "Origin", "Access-Control-Allow-Methods": plan.AllowMethods(p, r.verbs()), "Access-Control-Allow-Headers": p.RequestHeaders(),
		"Access-Control-Max-Age": p.MaxAge(),
	}
	if p.Credentials() {
		static["Access-Control-Allow-Credentials"] = "true"
	}
	if p.AnyOrigin() {
		static["Access-Control-Allow-Origin"] = "*"
	}
	mapped := prefixed(methodHeader, quoted(static))
	names := declared("Access-Control-Allow-Origin")
	for name := range mapped {
		names[name] = true
	}
	response := func(status, pattern string, parameters object) object {
		o := object{"StatusCode": status, "ContentHandling": "CONVERT_TO_TEXT", "ResponseParameters": parameters}
		if pattern != "" {
			o["SelectionPattern"] = pattern
		}
		return o
	}
	vary := object{methodHeader + "Vary": "'Origin'"}
	responses := []any{response("204", "204", mapped), response("403", "", vary)}
	declarations := []any{object{"StatusCode": "204", "ResponseParameters": names}, object{"StatusCode": "403", "ResponseParameters": declared("Vary")}}
	if p.AnyOrigin() {
		responses, declarations = []any{response("204", "", mapped)}, declarations[:1]
	}
	return a.place(r.path, object{
		"HttpMethod": "OPTIONS", "ApiKeyRequired": false, "MethodResponses": declarations,
		"Integration": object{
			"Type": "MOCK", "ContentHandling": "CONVERT_TO_TEXT", "PassthroughBehavior": "NEVER", "IntegrationResponses": responses,
			"RequestTemplates": object{"application/json": plan.PreflightTemplate(p)},
		},
	})
}

// uri is an integration's with the function Fn.
var uri = object{"Fn::Join": []any{"", []any{"arn:", ref("AWS::Partition"), ":apigateway:", ref("AWS::Region"), ":lambda:path/2015-03-31/functions/",
	attribute("Fn", "Arn"), "/invocations"}}}

// method is one that answers what a page asks for.
func (a api) method(path, verb string, k kind) object {
	if k == proxy {
		return a.place(path, object{"HttpMethod": verb, "Integration": object{"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri}})
	}
	p := a.policy
	static := map[string]string{"Vary": "Origin"}
	names := []string{"Vary", "Access-Control-Allow-Origin"}
	add := func(name, value string) {
		if value == "" {
			return
		}
		names = append(names, name)
		if p.AnyOrigin() {
			static[name] = value
		}
	}
	if p.AnyOrigin() {
		static["Access-Control-Allow-Origin"] = "*"
	}
	if p.Credentials() {
		add("Access-Control-Allow-Credentials", "true")
	}
	add("Access-Control-Expose-Headers", p.ExposedHeaders())
	response := func(status, pattern, template string) object {
		o := object{"StatusCode": status, "ResponseParameters": prefixed(methodHeader, quoted(static))}
		if pattern != "" {
			o["SelectionPattern"] = pattern
		}
		if template != "" {
			o["ResponseTemplates"] = object{"application/json": template}
		}
		return o
	}
	declare := func(status string) object {
		return object{"StatusCode": status, "ResponseParameters": declared(names...)}
	}
	if k == mock {
		in := object{
			"Type": "MOCK", "RequestTemplates": object{"application/json": plan.ResponseTemplate(p) + `{"statusCode": 200}`},
			"IntegrationResponses": []any{response("200", "", "")},
		}
		if a.binary {
			in["ContentHandling"] = "CONVERT_TO_TEXT"
		}
		return a.place(path, object{"HttpMethod": verb, "Integration": in, "MethodResponses": []any{declare("200")}})
	}
	return a.place(path, object{
		"HttpMethod": verb, "MethodResponses": []any{declare("200"), declare("404")},
		"Integration": object{
			"Type": "HTTP", "Uri": "https://backend.example.net/", "IntegrationHttpMethod": "GET",
			"IntegrationResponses": []any{
				response("200", "", plan.ResponseTemplate(p)+`{"found": true}`),
				response("404", "4..", plan.ResponseTemplate(p)+`{"found": false}`),
			},
		},
	})
}

// variables are those of the stage.
func (a api) variables() map[string]string {
	vars := a.policy.StageVariables()
	list, ok := vars[stagevars.Origins]
	if !ok || !a.apart {
		return vars
	}
	delete(vars, stagevars.Origins)
	var patterns []string
	for i, o := range strings.Split(list, ",") {
		if strings.Contains(o, "~") {
			patterns = append(patterns, o)
		} else {
			vars[fmt.Sprint(stagevars.ExactOrigin, i+1)] = o
		}
	}
	if len(patterns) > 0 {
		vars[stagevars.Origins] = strings.Join(patterns, ",")
	}
	return vars
}

// errorHeaders are those of API Gateway's own responses, as mapping sources.
func (a api) errorHeaders() map[string]string {
	p := a.policy
	h := map[string]string{"Vary": "'Origin'", "Access-Control-Allow-Origin": "'*'"}
	if single, ok := plan.SingleOrigin(p); ok {
		h["Access-Control-Allow-Origin"] = "'" + single + "'"
	} else if a.echo && !p.AnyOrigin() {
		h["Access-Control-Allow-Origin"] = "method.request.header.origin"
	}
	if p.Credentials() && h["Access-Control-Allow-Origin"] != "'*'" {
		h["Access-Control-Allow-Credentials"] = "'true'"
	}
	if p.ExposedHeaders() != "" {
		h["Access-Control-Expose-Headers"] = "'" + p.ExposedHeaders() + "'"
	}
	return h
}

// TestRenderer holds the renderer against what corsapi rendered with the CDK; see test/synth's TestTemplates.
func TestRenderer(t *testing.T) {
	for name, a := range map[string]api{
		"catalog": {routes: []route{
			{"/products", map[string]kind{"GET": proxy}}, {"/products/{id}", map[string]kind{"GET": proxy}},
			{"/products/{id}/reviews", map[string]kind{"GET": proxy}}, {"/products/{id}/stock", map[string]kind{"GET": proxy}},
			{"/carts", nil}, {"/carts/price", map[string]kind{"POST": proxy}}, {"/health", map[string]kind{"GET": mock}},
		}},
		"everything": {echo: true, binary: true, routes: []route{
			{"/orders", map[string]kind{"ANY": proxy}}, {"/orders/{id}", map[string]kind{"GET": web}}, {"/mock", map[string]kind{"PUT": mock}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join("..", "templates", name+".template.json"))
			if err != nil {
				t.Fatal(err)
			}
			want := projected(t, b)
			stage, _ := want["stage prod"].(object)
			variables := map[string]string{}
			for k, v := range stage["Variables"].(object) {
				variables[k] = v.(string)
			}
			if a.policy, err = cors.FromStageVariables(variables); err != nil {
				t.Fatal(err)
			}
			got := projected(t, a.template(t))
			for _, key := range slices.Sorted(maps.Keys(want)) {
				if !reflect.DeepEqual(got[key], want[key]) {
					g, _ := json.MarshalIndent(got[key], "", " ")
					w, _ := json.MarshalIndent(want[key], "", " ")
					t.Errorf("%s is\n%s\nand corsapi's\n%s", key, g, w)
				}
				delete(got, key)
			}
			for key := range got {
				t.Errorf("%s is not in corsapi's template", key)
			}
		})
	}
}

// projected returns what a template says of each path, stage and gateway response, without names that do not matter.
func projected(t *testing.T, template []byte) object {
	t.Helper()
	var doc struct {
		Resources map[string]struct {
			Type       string
			Properties object
		}
	}
	if err := json.Unmarshal(template, &doc); err != nil {
		t.Fatal(err)
	}
	var path func(reference any) string
	path = func(reference any) string {
		name, ok := reference.(object)["Ref"].(string)
		if !ok {
			return "" // Fn::GetAtt of the root
		}
		p := doc.Resources[name].Properties
		return path(p["ParentId"]) + "/" + p["PathPart"].(string)
	}
	out := object{}
	for _, r := range doc.Resources {
		p := r.Properties
		key := ""
		switch r.Type {
		case "AWS::ApiGateway::RestApi":
			key = "api"
			delete(p, "Name")
		case "AWS::ApiGateway::Stage":
			key = "stage " + p["StageName"].(string)
		case "AWS::ApiGateway::GatewayResponse":
			key = "gateway response " + p["ResponseType"].(string)
		case "AWS::ApiGateway::Method":
			key = p["HttpMethod"].(string) + " " + path(p["ResourceId"])
			in := p["Integration"].(object)
			if in["Type"] == "AWS_PROXY" {
				delete(in, "Uri")
			}
			if in["Type"] == "MOCK" && p["HttpMethod"] != "OPTIONS" {
				// The body of the mock's response is the app's own.
				delete(in["IntegrationResponses"].([]any)[0].(object), "ResponseTemplates")
			}
		default:
			continue
		}
		for _, name := range []string{"RestApiId", "ResourceId", "DeploymentId"} {
			delete(p, name)
		}
		out[key] = p
	}
	return out
}
