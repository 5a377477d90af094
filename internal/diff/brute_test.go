package diff

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/simulate"
)

// A drawing is an API of which one thing or another is left to the deployment, in one template or with a nested one.
type drawing struct {
	parameters map[string]object
	conditions map[string]any
	mappings   object
	elements   []any // of the allowlist: texts, or what only a deployment knows
	routes     []*drawnRoute
	variables  object // nil where mapping templates have the list themselves
	errors     any    // Access-Control-Allow-Origin of DEFAULT_4XX, nil for none
	policy     any    // the resource policy, nil for none
	keySource  any    // nil for none
	nested     bool   // the routes stand in a nested template
}

// A drawnRoute is a resource with one method and OPTIONS.
type drawnRoute struct {
	part, method, condition string
	auth                    any
	static                  any // the one origin, nil for the list
	allowHeaders, maxAge    any
	exposed, credentials    any
	status                  any
	backend                 bool // an HTTP integration instead of a mock
	uri                     any
	optionsCondition        string
	key                     bool
	gate                    any // VTL that lets everybody in by what only a deployment knows, nil for none
}

var originPool = []string{"https://a.example.com", "https://b.example.com", "http://c.example.net:8080"}

type maker struct{ *rand.Rand }

func pick[T any](m maker, of ...T) T { return of[m.IntN(len(of))] }

func ref(name string) any           { return object{"Ref": name} }
func att(id, attribute string) any  { return object{"Fn::GetAtt": []any{id, attribute}} }
func sub(text string) any           { return object{"Fn::Sub": text} }
func either(c string, a, b any) any { return object{"Fn::If": []any{c, a, b}} }

// symbol is a whole origin, or one that has something in it, that only a deployment knows.
func (m maker) symbol() any {
	return pick[any](m, ref("Site"), ref("Other"), sub("https://${Dist.DomainName}"), sub("https://${Dist2.DomainName}"), sub("https://${Sub}.example.com"),
		any(object{"Fn::ImportValue": "site"}), any(object{"Fn::ImportValue": "other"}), ref("FromStore"), sub("https://app-${Kind}.example.org"), sub("https://app.example.com:${Port}"), sub("https://app.example.com:8${Port}"),
		any(object{"Fn::FindInMap": []any{"Sites", ref("AWS::Region"), "origin"}}), any(object{"Fn::FindInMap": []any{"ByKind", ref("Kind"), "origin"}}))
}

func (m maker) element(depth int) any {
	switch m.IntN(6) {
	case 0, 1, 2:
		return pick(m, originPool...)
	case 3, 4:
		return m.symbol()
	}
	if depth > 1 {
		return pick(m, originPool...)
	}
	return either(pick(m, "C1", "C2", "C3"), m.element(depth+1), m.element(depth+1))
}

func (m maker) comparison() any {
	return object{"Fn::Equals": []any{pick(m, ref("Kind"), ref("Level"), ref("Site"), ref("AWS::Region"), sub("${Kind}-x"), ref("Decided")), pick(m, "prod", "dev", "eu-west-1", "prod-x", "https://a.example.com")}}
}

func (m maker) condition(depth int) any {
	switch m.IntN(5) {
	case 0:
		return object{"Fn::Not": []any{m.comparison()}}
	case 1:
		if depth > 0 {
			return object{pick(m, "Fn::And", "Fn::Or"): []any{m.comparison(), object{"Condition": "C1"}}}
		}
	}
	return m.comparison()
}

func (m maker) optional(p int, v func() any) any {
	if m.IntN(p) == 0 {
		return v()
	}
	return nil
}

func (m maker) route(part string) *drawnRoute {
	r := &drawnRoute{part: part, method: pick(m, "GET", "PUT"), auth: "NONE", allowHeaders: "'x-a,authorization,x-api-key'", status: "200"}
	if m.IntN(3) == 0 {
		r.static = pick(m, any("'*'"), pick(m, any("'https://a.example.com'"), sub("'https://${Dist.DomainName}'"), ref("Site"), sub("'${Site}'"), either(pick(m, "C1", "C2"), "'*'", "'https://b.example.com'")))
	}
	if m.IntN(6) == 0 {
		r.auth = pick(m, any("AWS_IAM"), ref("Auth"), either("C2", "AWS_IAM", "NONE"))
	}
	if m.IntN(5) == 0 {
		r.condition = pick(m, "C1", "C2", "C3")
	}
	if m.IntN(8) == 0 {
		r.optionsCondition = pick(m, "C1", "C3")
	}
	r.maxAge = m.optional(5, func() any { return pick(m, any("'600'"), sub("'${Age}'"), either("C1", "'60'", "'7200'")) })
	r.exposed = m.optional(5, func() any { return pick(m, any("'x-b'"), sub("'${Exposed}'"), "'x-b,x-c'") })
	r.credentials = m.optional(5, func() any { return pick(m, any("'true'"), sub("'${Cred}'")) })
	if m.IntN(6) == 0 {
		r.allowHeaders = pick(m, any(sub("'${Headers}'")), "'x-a'", either("C3", "'x-a'", "'authorization'"))
	}
	if m.IntN(8) == 0 {
		r.backend, r.uri = true, pick(m, any("https://one.example.net/"), sub("https://${Dist.DomainName}/"))
	}
	r.key = m.IntN(6) == 0
	r.gate = m.optional(5, m.gate)
	return r
}

func (m maker) gate() any {
	return pick(m, sub(`#if("a-${Level}" == "a-prod")#set($l = ",$o,")#end`), sub(`#if("${Level}" == "prod" && "${Kind}" == "dev")#set($l = ",$o,")#end`),
		sub(`#set($v = "${Level}")#if($v.startsWith("p"))#set($l = ",$o,")#end`), sub(`#set($v = "${Other}")#if($o.startsWith($v))#set($l = ",$o,")#end`))
}

func (m maker) statement() any {
	s := object{"Effect": pick(m, "Allow", "Deny"), "Principal": "*", "Action": "execute-api:Invoke", "Resource": pick(m, "execute-api:/*", "execute-api:/*/GET/*", "execute-api:/*/OPTIONS/a")}
	if m.IntN(4) == 0 {
		s["Condition"] = object{"StringEquals": object{"aws:PrincipalOrgID": ref("Level")}}
	}
	return s
}

func (m maker) resourcePolicy() any {
	if m.IntN(4) == 0 {
		return ref("Policy")
	}
	return object{"Statement": []any{object{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}, m.statement()}}
}

// draw makes an API.
func (m maker) draw() *drawing {
	d := &drawing{parameters: map[string]object{"Decided": {"Type": "String", "Default": pick(m, "prod", "dev")}}, conditions: map[string]any{}}
	for _, name := range []string{"Site", "Other", "Sub", "Kind", "Level", "Auth", "Policy", "KeySource", "Port", "Age", "Exposed", "Cred", "Headers"} {
		d.parameters[name] = object{"Type": "String"}
	}
	d.parameters["FromStore"] = object{"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/site"}
	d.conditions["C1"], d.conditions["C2"], d.conditions["C3"] = m.condition(0), m.condition(1), m.condition(1)
	d.mappings = object{"Sites": object{"us-east-1": object{"origin": pick(m, originPool...)}, "eu-west-1": object{"origin": pick(m, originPool...)}},
		"ByKind": object{"prod": object{"origin": pick(m, originPool...)}, "dev": object{"origin": "https://dev.example.com"}}}
	for range 1 + m.IntN(2) {
		d.elements = append(d.elements, m.element(0))
	}
	for i := range 1 + m.IntN(5)/4 {
		d.routes = append(d.routes, m.route(string(rune('a'+i))))
	}
	if m.IntN(3) == 0 {
		d.variables = object{}
	}
	d.errors = m.optional(3, func() any { return pick(m, any("'*'"), ref("Site"), either("C1", "'*'", "'https://a.example.com'")) })
	d.nested = m.IntN(4) == 0
	d.policy = m.optional(5, m.resourcePolicy)
	d.keySource = m.optional(4, func() any { return pick(m, any("AUTHORIZER"), "HEADER", ref("KeySource")) })
	return d
}

// list is the allowlist as one text.
func (d *drawing) list() any {
	return object{"Fn::Join": []any{",", d.elements}}
}

// templates renders the API: the file's text, and that of the nested template.
func (d *drawing) render() (top, nested object) {
	top = object{"Parameters": d.parameters, "Conditions": d.conditions, "Mappings": d.mappings}
	resources := object{"Api": object{"Type": "AWS::ApiGateway::RestApi", "Properties": object{"Name": "api"}},
		"Dist": object{"Type": "AWS::CloudFront::Distribution", "Properties": object{}}, "Dist2": object{"Type": "AWS::CloudFront::Distribution", "Properties": object{}}}
	api := resources["Api"].(object)["Properties"].(object)
	if d.policy != nil {
		api["Policy"] = d.policy
	}
	if d.keySource != nil {
		api["ApiKeySourceType"] = d.keySource
	}
	stage := object{"RestApiId": ref("Api"), "StageName": "prod"}
	if d.variables != nil {
		stage["Variables"] = object{"list": d.list()}
	}
	resources["Stage"] = object{"Type": "AWS::ApiGateway::Stage", "Properties": stage}
	if d.errors != nil {
		resources["Errors"] = object{"Type": "AWS::ApiGateway::GatewayResponse", "Properties": object{"RestApiId": ref("Api"), "ResponseType": "DEFAULT_4XX", "ResponseParameters": object{"gatewayresponse.header.Access-Control-Allow-Origin": d.errors}}}
	}
	routes := object{}
	root := att("Api", "RootResourceId")
	if d.nested {
		root = ref("Root")
	}
	for _, r := range d.routes {
		r.add(d, routes, root)
	}
	top["Resources"] = resources
	if !d.nested {
		maps.Copy(resources, routes)
		return top, nil
	}
	parameters, passed := object{"Api": object{"Type": "String"}, "Root": object{"Type": "String"}, "Dist": object{"Type": "String"}, "Dist2": object{"Type": "String"}}, object{"Api": ref("Api"), "Root": att("Api", "RootResourceId"), "Dist": att("Dist", "DomainName"), "Dist2": att("Dist2", "DomainName")}
	for name := range d.parameters {
		parameters[name], passed[name] = object{"Type": "String"}, ref(name)
	}
	resources["Child"] = object{"Type": "AWS::CloudFormation::Stack", "Properties": object{"TemplateURL": "child.json", "Parameters": passed}}
	text, _ := json.Marshal(routes)
	replaced := strings.NewReplacer(`{"Fn::GetAtt":["Dist","DomainName"]}`, `{"Ref":"Dist"}`, `${Dist.DomainName}`, `${Dist}`, `${Dist2.DomainName}`, `${Dist2}`).Replace(string(text))
	var inner object
	_ = json.Unmarshal([]byte(replaced), &inner)
	return top, object{"Parameters": parameters, "Conditions": d.conditions, "Mappings": d.mappings, "Resources": inner}
}

func (r *drawnRoute) add(d *drawing, resources object, root any) {
	with := func(condition string, properties object) object {
		out := object{"Type": "AWS::ApiGateway::Method", "Properties": properties}
		if condition != "" {
			out["Condition"] = condition
		}
		return out
	}
	id := strings.ToUpper(r.part)
	resources[id] = object{"Type": "AWS::ApiGateway::Resource", "Properties": object{"RestApiId": ref("Api"), "ParentId": root, "PathPart": r.part}}
	if r.condition != "" {
		resources[id].(object)["Condition"] = r.condition
	}
	headers := object{}
	declared := object{}
	for name, v := range map[string]any{"Origin": r.static, "Headers": r.allowHeaders, "Methods": "'" + r.method + "'"} {
		if v != nil {
			headers["method.response.header.Access-Control-Allow-"+name] = v
		}
	}
	if r.maxAge != nil {
		headers["method.response.header.Access-Control-Max-Age"] = r.maxAge
	}
	if r.exposed != nil {
		headers["method.response.header.Access-Control-Expose-Headers"] = r.exposed
	}
	if r.credentials != nil {
		headers["method.response.header.Access-Control-Allow-Credentials"] = r.credentials
	}
	for k := range headers {
		declared[k] = true
	}
	template := any(`{"statusCode": 200}`)
	if r.static == nil {
		list := any(`$stageVariables.list`)
		if d.variables == nil {
			list = d.list()
		}
		template = object{"Fn::Join": []any{"", []any{`#set($o = $input.params().header.get("origin"))#set($l = ",`, list, `,")`, cmp.Or(r.gate, any("")), `#if($l.contains(",$o,"))#set($context.responseOverride.header.Access-Control-Allow-Origin = $o)#end{"statusCode": 200}`}}}
	}
	mock := object{"Type": "MOCK", "RequestTemplates": object{"application/json": template}, "IntegrationResponses": []any{object{"StatusCode": "200", "ResponseParameters": headers}}}
	responses := []any{object{"StatusCode": "200", "ResponseParameters": declared}}
	resources[id+"Options"] = with(cmpOr(r.optionsCondition, r.condition), object{"RestApiId": ref("Api"), "ResourceId": ref(id), "HttpMethod": "OPTIONS", "AuthorizationType": "NONE", "Integration": mock, "MethodResponses": responses})
	if r.optionsCondition != "" && r.condition != "" {
		resources[id+"Options"].(object)["Condition"] = r.condition
	}
	integration := mock
	if r.backend {
		integration = object{"Type": "HTTP", "Uri": r.uri, "IntegrationHttpMethod": "GET", "IntegrationResponses": []any{object{"StatusCode": "200", "ResponseParameters": headers}}}
	}
	resources[id+"Method"] = with(r.condition, object{"RestApiId": ref("Api"), "ResourceId": ref(id), "HttpMethod": r.method, "AuthorizationType": r.auth, "ApiKeyRequired": r.key, "Integration": integration, "MethodResponses": responses})
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// copied is a copy to change.
func (d *drawing) copied() *drawing {
	out := *d
	out.parameters, out.conditions, out.mappings = maps.Clone(d.parameters), maps.Clone(d.conditions), maps.Clone(d.mappings)
	out.elements = slices.Clone(d.elements)
	out.routes = nil
	for _, r := range d.routes {
		one := *r
		out.routes = append(out.routes, &one)
	}
	return &out
}

// mutate changes one thing, or nothing, or something that nobody notices.
func (m maker) mutate(d *drawing) (*drawing, string) {
	n := d.copied()
	r := n.routes[m.IntN(len(n.routes))]
	at := m.IntN(len(n.elements))
	other := m.route(r.part)
	switch m.IntN(26) {
	case 0:
		return n, "nothing"
	case 1:
		n.elements = append(n.elements, pick(m, any("https://evil.example"), m.symbol()))
		return n, "an element more"
	case 2:
		n.elements = slices.Delete(n.elements, at, at+1)
		if len(n.elements) == 0 {
			n.elements = []any{"https://none.example"}
		}
		return n, "an element less"
	case 3:
		n.elements[at] = m.element(0)
		return n, "another element"
	case 4:
		slices.Reverse(n.elements)
		return n, "the order"
	case 5:
		c := pick(m, "C1", "C2", "C3")
		n.conditions[c] = m.condition(map[string]int{"C1": 0}[c] + 0)
		return n, "a condition"
	case 6:
		n.parameters["Decided"] = object{"Type": "String", "Default": pick(m, "prod", "dev", "eu-west-1")}
		return n, "a default"
	case 7:
		r.auth = pick(m, any("NONE"), "AWS_IAM", ref("Auth"), either(pick(m, "C1", "C2"), "AWS_IAM", "NONE"))
		return n, "the authorization"
	case 8:
		r.static = other.static
		return n, "the static origin"
	case 9:
		r.allowHeaders = other.allowHeaders
		return n, "the allowed headers"
	case 10:
		r.maxAge = pick(m, any("'600'"), sub("'${Age}'"), sub("'${Level}'"), either("C1", "'60'", "'7200'"))
		return n, "the time to live"
	case 11:
		r.exposed = pick(m, any("'x-b'"), sub("'${Exposed}'"), "'x-b,x-c'", sub("'${Level}'"))
		return n, "the exposed headers"
	case 12:
		r.credentials = pick(m, any("'true'"), sub("'${Cred}'"), "'false'", nil)
		return n, "the credentials"
	case 13:
		r.condition = pick(m, "", "C1", "C2", "C3")
		return n, "a route's condition"
	case 14:
		r.optionsCondition = pick(m, "", "C1", "C2", "C3")
		return n, "a preflight's condition"
	case 15:
		n.errors = pick(m, any("'*'"), ref("Site"), ref("Other"), either(pick(m, "C1", "C2"), "'*'", "'https://a.example.com'"), nil)
		return n, "the gateway's own errors"
	case 16:
		n.mappings["Sites"] = object{"us-east-1": object{"origin": pick(m, originPool...)}, "eu-west-1": object{"origin": pick(m, originPool...)}}
		n.mappings["ByKind"] = object{"prod": object{"origin": pick(m, originPool...)}, "dev": object{"origin": "https://dev.example.com"}}
		return n, "a mapping"
	case 17:
		n.nested = !n.nested
		return n, "the nesting"
	case 18:
		if n.variables == nil {
			n.variables = object{}
		} else {
			n.variables = nil
		}
		return n, "where the list is"
	case 19:
		*r = *other
		return n, "a whole route"
	case 20:
		n.routes = append(n.routes, m.route("z"))
		return n, "a route more"
	case 21:
		n.policy = m.optional(2, m.resourcePolicy)
		return n, "the resource policy"
	case 22:
		n.keySource = pick(m, any("AUTHORIZER"), "HEADER", ref("KeySource"), nil)
		return n, "where API keys are"
	case 23:
		r.key = !r.key
		return n, "an API key"
	case 24:
		r.gate = m.optional(2, m.gate)
		return n, "what a mapping template compares"
	}
	n.conditions["Renamed"] = n.conditions["C1"]
	var renamed drawing = *n
	for i, e := range renamed.elements {
		text, _ := json.Marshal(e)
		_ = json.Unmarshal([]byte(strings.ReplaceAll(string(text), `"C1"`, `"Renamed"`)), &renamed.elements[i])
	}
	return &renamed, "a condition's name"
}

// open writes an API's templates and reads them.
func (d *drawing) open(dir string) (*cfn.App, error) {
	top, nested := d.render()
	for name, t := range map[string]object{"app.json": top, "child.json": nested} {
		if t == nil {
			continue
		}
		text, err := json.Marshal(t)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	return cfn.Open([]string{filepath.Join(dir, "app.json")}, cfn.Options{})
}

// values draws a value for everything that only a deployment knows.
func (m maker) values(apps ...*cfn.App) map[string]string {
	out := map[string]string{}
	for range 4 { // a value can bring up others
		for _, a := range apps {
			for _, s := range unknowns(a.With(cfn.Options{IDs: out})) {
				if _, ok := out[s.ID()]; ok {
					continue
				}
				fresh := fmt.Sprintf("v%d", len(out))
				v := "https://" + fresh + ".example.org"
				switch {
				case s.Expression == "AWS::Region":
					v = pick(m, "us-east-1", "eu-west-1")
				case s.Expression == "Kind":
					v = pick(m, "prod", "dev")
				case s.Expression == "Level":
					v = pick(m, "prod", "dev", "30", fresh)
				case s.Expression == "Policy":
					v = pick(m, "", `{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}}`)
				case s.Expression == "KeySource":
					v = pick(m, "HEADER", "AUTHORIZER")
				case s.Expression == "Port":
					v = pick(m, "1", "80")
				case s.Expression == "Auth":
					v = pick(m, "NONE", "AWS_IAM")
				case s.Expression == "Age":
					v = pick(m, "5", "900")
				case s.Expression == "Cred":
					v = pick(m, "true", "false")
				case s.Expression == "Exposed", s.Expression == "Headers":
					v = pick(m, "x-a", "x-q", "*")
				case s.Expression == "Site" && m.IntN(4) == 0:
					v = pick(m, "*", "https://v7.example.org,https://v8.example.org", "prod")
				case s.Expression == "Sub" || strings.HasSuffix(s.Attribute, "DomainName"):
					v = fresh
					if s.Attribute != "" {
						v += ".cloudfront.example"
					}
				}
				out[s.ID()] = v
			}
		}
	}
	return out
}

// unknowns returns the symbols that an API's resources depend on, conditions among them, and that are not of the API itself.
func unknowns(a *cfn.App) []*cfn.Symbol {
	var out []*cfn.Symbol
	add := func(list ...*cfn.Symbol) {
		for _, s := range list {
			if s.Resource == nil || !strings.HasPrefix(s.Resource.Type, "AWS::ApiGateway") && !strings.HasPrefix(s.Resource.Type, "AWS::CloudFormation") {
				out = append(out, s)
			}
		}
	}
	for _, st := range a.Stacks {
		for _, r := range st.Resources {
			if strings.HasPrefix(r.Type, "AWS::ApiGateway") {
				add(a.Symbols(r.Properties)...)
			}
		}
	}
	for _, c := range a.Undecided() {
		add(c.Symbols...)
	}
	for _, l := range a.Lookups() {
		add(l.Symbol)
	}
	return slices.DeleteFunc(out, func(s *cfn.Symbol) bool { return strings.Contains(s.Expression, "(") })
}

// A deployed is one side with every value known.
type deployed struct{ site *simulate.Site }

func deploy(app *cfn.App) (*deployed, error) {
	api, err := gateway.Load(app, gateway.Options{APIKeys: []string{questions.Value("x-api-key")}})
	if err != nil {
		return nil, err
	}
	reply, err := simulate.Reply([]byte(`{"statusCode": 200, "body": ""}`), "the test")
	// Of such a backend the memo knows the same request again, with all of its headers, and no other.
	return &deployed{&simulate.Site{API: api, Backend: reply, Memo: &simulate.Memo{}}}, err
}

// sees is what a browser makes of a request.
func (d *deployed) sees(ctx context.Context, req browser.Call) (string, error) {
	r, err := d.site.Run(ctx, req)
	if err != nil {
		return "", err
	}
	out := Of(r)
	return fmt.Sprint(out.Allowed, out.Known, out.Preflight, out.Gateway, out.Exposed, out.MaxAge), nil
}

// requests is a grid of them, for the routes of drawings.
func requests(origins []string, drawings ...*drawing) []browser.Call {
	var out []browser.Call
	seen := map[string]bool{}
	for _, d := range drawings {
		for _, r := range d.routes {
			if route := r.method + r.part; seen[route] {
				continue
			} else {
				seen[route] = true
			}
			headers := []string{"", "x-a", "x-q"}
			if slices.ContainsFunc(drawings, func(d *drawing) bool { return slices.ContainsFunc(d.routes, func(r *drawnRoute) bool { return r.key }) }) {
				headers = append(headers, "x-api-key", "x-a x-api-key")
			}
			if r.auth != "NONE" || len(drawings) > 1 && drawings[0].routes[0].auth != "NONE" {
				headers = append(headers, "authorization", "authorization x-a")
			}
			for _, o := range origins {
				for _, h := range headers {
					for _, credentials := range []browser.Credentials{browser.SameOrigin, browser.Include} {
						req := browser.Call{Origin: o, Method: r.method, URL: "/" + r.part, Credentials: credentials}
						for name := range strings.FieldsSeq(h) {
							req.Header = append(req.Header, browser.Field{Name: name, Value: questions.Value(name)})
						}
						out = append(out, req)
					}
				}
			}
		}
	}
	return out
}

// differ deploys both apps with drawn values and reports whether a browser notices a difference, and which.
func (m maker) differ(ctx context.Context, old, now *cfn.App, drawings ...*drawing) (string, error) {
	values := m.values(old, now)
	origins := append([]string{"https://evil.example", questions.Stranger, "https://dev.example.com"}, originPool...)
	for _, v := range values {
		for v := range strings.SplitSeq(v, ",") {
			switch {
			case strings.HasPrefix(v, "https://"):
				origins = append(origins, v)
			case strings.HasPrefix(v, "v"):
				origins = append(origins, "https://"+v, "https://"+v+".example.com")
			}
		}
	}
	origins = append(origins, "https://app-prod.example.org", "https://app-dev.example.org", "https://app.example.com:1", "https://app.example.com:80", "https://app.example.com:81", "https://app.example.com:880")
	slices.Sort(origins)
	origins = slices.Compact(origins)
	var both [2]*deployed
	for i, a := range []*cfn.App{old, now} {
		var err error
		if both[i], err = deploy(a.With(cfn.Options{IDs: values})); err != nil {
			return "", err
		}
	}
	for _, req := range requests(origins, drawings...) {
		var said [2]string
		for i, d := range both {
			var err error
			if said[i], err = d.sees(ctx, req); err != nil {
				return "", err
			}
		}
		if said[0] != said[1] {
			return fmt.Sprint(req, ": ", said[0], "; now ", said[1], "; with ", values), nil
		}
	}
	for _, o := range origins {
		if !slices.ContainsFunc(drawings, func(d *drawing) bool { return d.errors != nil }) {
			break
		}
		for _, typ := range []string{"UNAUTHORIZED", "INTEGRATION_FAILURE"} {
			var can [2]bool
			for i, d := range both {
				var err error
				if can[i], err = readable(ctx, d.site, ErrorChange{Origin: o, Type: typ}); err != nil {
					return "", err
				}
			}
			if can[0] != can[1] {
				return fmt.Sprint(o, " ", typ, " ", can, "; with ", values), nil
			}
		}
	}
	return "", nil
}

// TestBruteForce draws pairs of apps and compares them, and holds it against what both deploy to with values drawn for
// all that is not known: of no pair that behaves differently it is said that nothing changes.
func TestBruteForce(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // it makes much that is soon of no use
	pairs := 200
	if os.Getenv("CI") != "" {
		pairs = 2000
	}
	if n := os.Getenv("CORSGATE_PAIRS"); n != "" {
		fmt.Sscan(n, &pairs)
	}
	var mu sync.Mutex
	count := map[string]int{}
	alarms := map[string]int{}
	var wait sync.WaitGroup
	next := make(chan uint64)
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for seed := range next {
				how, what, err := onePair(t.Context(), seed, t.TempDir(), t.TempDir())
				mu.Lock()
				if err != nil {
					t.Errorf("seed %d, %s: %v", seed, what, err)
				}
				count[how]++
				if how == "changed, and nothing differs" {
					alarms[what]++
				}
				mu.Unlock()
			}
		})
	}
	for seed := range uint64(pairs) {
		next <- seed
	}
	close(next)
	wait.Wait()
	t.Logf("%d pairs: %v; told although nothing was seen to differ: %v", pairs, count, alarms)
	if count["told"] < pairs/6 || count["same"] < pairs/10 || pairs >= 1000 && count["changed"] <= count["changed, and nothing differs"] {
		t.Errorf("the pairs are not varied: %v", count)
	}
}

func onePair(ctx context.Context, seed uint64, dirs ...string) (how, what string, err error) {
	m := maker{rand.New(rand.NewPCG(seed, 11))}
	d := m.draw()
	n, what := m.mutate(d)
	if m.IntN(4) == 0 {
		var more string
		n, more = m.mutate(n)
		what += " and " + more
	}
	var apps [2]*cfn.App
	for i, one := range []*drawing{d, n} {
		if apps[i], err = one.open(dirs[i]); err != nil {
			return "", what, err
		}
	}
	results, err := Apps(ctx, apps[0], apps[1], Options{})
	if err != nil {
		return "", what, err
	}
	told, open := false, false
	for _, r := range results {
		told, open = told || !r.Empty(), open || len(r.NotCompared) > 0
		if why := leaks(results); why != "" {
			return "", what, fmt.Errorf("a stand-in is printed: %s", why)
		}
	}
	tries := 3
	if told || open {
		tries = 1
	}
	if reflect.DeepEqual(d, n) {
		if told || open {
			return "", what, fmt.Errorf("the same is told to change: %v, not compared: %v", told, open)
		}
		return "equal", what, nil
	}
	// What is told needs no proof. Some of it gets one, so that the pairs are seen to be worth their while.
	switch {
	case seed%8 == 0:
	case told:
		return "told", what, nil
	case open:
		return "not compared", what, nil
	}
	difference := ""
	for range tries {
		if difference, err = m.differ(ctx, apps[0], apps[1], d, n); err != nil {
			return "", what, err
		}
		if difference != "" {
			break
		}
	}
	switch {
	case difference != "" && !told && !open:
		top, _ := d.render()
		is, _ := n.render()
		return "missed", what, fmt.Errorf("nothing is told, and\n%s\nold: %s\nnew: %s", difference, compact(top), compact(is))
	case told && difference == "":
		return "changed, and nothing differs", what, nil
	case told:
		return "changed", what, nil
	case open && difference == "":
		return "not compared, and nothing differs", what, nil
	case open:
		return "not compared", what, nil
	}
	return "same", what, nil
}

func compact(o object) string { b, _ := json.Marshal(o); return string(b) }

// leaks returns a text with a stand-in that is printed, or empty.
func leaks(results []Result) string {
	var b strings.Builder
	for _, f := range []func() error{func() error { return Markdown(&b, results, Found{}) }, func() error { return Text(&b, results, Found{}) }, func() error { return JSON(&b, results, Found{}) }} {
		b.Reset()
		if err := f(); err != nil {
			return err.Error()
		}
		if i := strings.Index(b.String(), "deployed.invalid"); i >= 0 {
			return b.String()[max(0, i-200):min(b.Len(), i+50)]
		}
	}
	return ""
}
