package gateway

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

const override = `#set($context.responseOverride.header.Access-Control-Allow-Origin = `

// remembered are mapping templates by what the result of each depends on.
var remembered = []string{
	`{"statusCode": 200}`,
	override + `$input.params().header.get("Origin")){"statusCode": 200}`,
	`#if($input.params().header.get("Origin") == "https://a.example")` + override + `"https://a.example")#end{"statusCode": 200}`,
	`#if($input.params().header.get('X-A') == "1")` + override + `"*")#end{"statusCode": 200}`,
	`#set($o = $input.params().header.get("Origin"))#if("$!o" == "")#set($o = $input.params().header.get("origin"))#end` + override + `"$!o"){"statusCode": 200}`,
	`#if($context.httpMethod == "PUT")` + override + `"*")#end{"statusCode": 200}`,
	`#if($context.path.endsWith("a"))` + override + `"*")#end{"statusCode": 200}`,
	`#if($context.identity.userAgent == "u")` + override + `"*")#end{"statusCode": 200}`,
	`#if($input.json('$.a') == "1")` + override + `"*")#end{"statusCode": 200}`,
	`#if($input.params("q") == "1")` + override + `"*")#end{"statusCode": 200}`,
	`#set($i = $input)#if($i.params("Origin") == "https://a.example")` + override + `"*")#end{"statusCode": 200}`,
	`#if($stageVariables.v == $input.params().header.get("Origin"))` + override + `$stageVariables.v)#end{"statusCode": 200}`,
	`#if($input.params().header.get("X-A") == "1")$!stageVariables.put("v", "https://evil.example")#end{"statusCode": 200}`,
	`#set($x = $stageVariables.remove("v")){"statusCode": 200}`,
	`#set($context.responseOverride.status = 201){"statusCode": 200}`,
	`#set($context.responseOverride.header.X-List = [1, 2]){"statusCode": 200}`,
	`$!context.responseOverride.header.put("X-B", $input.params().header.get("X-A")){"statusCode": 200}`,
	`#set($x = $context.responseOverride.remove("header")){"statusCode": 200}`,
	`#if($input.params().header.get("X-A") == "1"){"statusCode": 403}#else{"statusCode": 200}#end`,
	`#foreach($k in $context.responseOverride.header.keySet())$k=$context.responseOverride.header.get($k);#end{"statusCode": 200}`,
	`#set($l = [])#foreach($i in [1..3])#set($x = $l.add("$i"))#end` + override + `"$l"){"statusCode": 200}`,
	`$context.responseOverride.header.get("Access-Control-Allow-Origin") $stageVariables.v {"statusCode": 200}`,
	`#if($input.params().header.get("Origin").contains("a.example"))` + override + `"*")#end{"statusCode": 200}`,
	`#if($input.params().header.get("X-A") == "1")#set($x = 1 / 0)$x.y.z#end{"statusCode": 200}`,
	`#if("${P}" == $input.params().header.get("Origin"))` + override + `"*")#end{"statusCode": 200}`,
}

// remembering is an API of a request and a response template, on GET, PUT and OPTIONS of /a and /b.
func remembering(t *testing.T, request, response, stage string) *API {
	t.Helper()
	text := func(s string) string {
		b, _ := json.Marshal(s)
		if strings.Contains(s, "${P}") {
			return "!Join ['', [" + strings.ReplaceAll(string(b), "${P}", `", !Ref P, "`) + "]]"
		}
		return string(b)
	}
	templates := "ResponseTemplates: {}"
	if response != "" {
		templates = "ResponseTemplates: {application/json: " + text(response) + "}"
	}
	resources := "  Stage: {Type: 'AWS::ApiGateway::Stage', Properties: {RestApiId: !Ref Api, StageName: prod, " + stage + "}}\n"
	for _, path := range []string{"a", "b"} {
		resources += fmt.Sprintf("  R%s: {Type: 'AWS::ApiGateway::Resource', Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: %[1]s}}\n", path)
		for _, name := range []string{"GET", "PUT", "OPTIONS"} {
			resources += fmt.Sprintf("  M%s%s: {Type: 'AWS::ApiGateway::Method', Properties: {RestApiId: !Ref Api, ResourceId: !Ref R%[1]s, HttpMethod: %[2]s, AuthorizationType: NONE, "+
				"MethodResponses: [{StatusCode: '200', ResponseParameters: {method.response.header.Access-Control-Allow-Origin: true}}], "+
				"Integration: {Type: MOCK, RequestTemplates: {application/json: %s}, IntegrationResponses: [{StatusCode: '200', %s}]}}}\n", path, name, text(request), templates)
		}
	}
	return of(t, "Name: t", resources+"Parameters: {P: {Type: String}}\n")
}

// withoutMemory has an API take each of its templates for one that reads everything, so that none is remembered.
func withoutMemory(a *API) {
	for _, r := range a.resources {
		for _, m := range r.methods {
			ts := slices.Clone(m.Integration.RequestTemplates)
			for _, r := range m.Integration.Responses {
				ts = append(ts, r.Templates...)
			}
			for _, t := range ts {
				a.parsed(t.Text).reads = &behaviour{any: true, path: true}
			}
		}
	}
}

// served is a response with all that was decided on the way, and what was asked about values that are not known.
func served(t *testing.T, a *API, req Request, flip bool) string {
	t.Helper()
	var asked []string
	req.Decide = func(_, op string, operands []any, result any) any {
		if !cfn.HasSymbol(fmt.Sprint(operands...)) {
			return result
		}
		asked = append(asked, fmt.Sprint(op, operands, result))
		if b, ok := result.(bool); ok && flip {
			return !b
		}
		return result
	}
	r := a.Serve(t.Context(), &req, nil)
	var headers []Header
	for _, h := range r.Headers {
		switch strings.ToLower(h.Name) {
		case "date", "x-amz-apigw-id", "x-amzn-requestid", "x-amzn-trace-id":
		default:
			headers = append(headers, h)
		}
	}
	return fmt.Sprintf("%d %q %q\n%+v\nasked %q", r.Status, headers, r.Body, r.Trace, asked)
}

// An API that remembers what it rendered responds as one that renders each template anew, whatever was asked before.
func TestRenderings(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	stages := []string{
		"Variables: {v: 'https://a.example', w: x}",
		"Variables: {v: 'https://b.example'}",
		"Variables: {v: !Sub 'https://${P}.example'}",
		"Variables: {v: 'https://a.example'}, CanarySetting: {PercentTraffic: 50, StageVariableOverrides: {v: 'https://b.example'}}",
		"Variables: {v: 'https://a.example'}, CanarySetting: {PercentTraffic: 50, StageVariableOverrides: {v: !Ref P}}",
		"Variables: {v: 'https://a.example'}, CanarySetting: {PercentTraffic: 100, StageVariableOverrides: {v: 'https://b.example'}}",
	}
	remembers, asks := 0, 0
	for _, request := range remembered {
		for n, stage := range stages {
			response := pick(append([]string{""}, remembered...)...)
			with, without := remembering(t, request, response, stage), remembering(t, request, response, stage)
			withoutMemory(without)
			unknown := fmt.Sprintf("https://h-%020d.deployed.invalid", 0)
			if v := with.Variables["v"]; cfn.HasSymbol(v) {
				unknown = v
			}
			for range 40 {
				req := Request{Method: pick("GET", "PUT", "OPTIONS"), Path: pick("/a", "/b", "/a?q=1")}
				for _, h := range []Header{{"Origin", pick("https://a.example", "https://b.example", "https://evil.example", unknown)}, {"origin", "https://a.example"}, {"X-A", pick("0", "1", "a\" \"b")}, {"User-Agent", pick("u", "v")}, {"Origin", "https://b.example"}} {
					if random.IntN(2) == 0 {
						req.Headers = append(req.Headers, h)
					}
				}
				if random.IntN(3) == 0 {
					req.Body = []byte(pick(`{"a": "1"}`, `{"a": "2"}`, `{`))
				}
				flip := random.IntN(2) == 0
				got, want := served(t, with, req, flip), served(t, without, req, flip)
				if got != want {
					t.Fatalf("request template %s\nresponse template %s\nstage %d, %+v\n got %s\nwant %s", request, response, n, req, got, want)
				}
				if !strings.HasSuffix(want, "asked []") {
					asks++
				}
			}
			remembers += len(with.renderings.all)
			if len(without.renderings.all) > 0 {
				t.Fatal("what is compared with remembers, too")
			}
		}
	}
	if remembers == 0 || asks == 0 {
		t.Errorf("%d renderings are remembered, and %d requests ask about what is not known", remembers, asks)
	}
}

// A template that begins like a header of another's key is not taken for that one.
func TestRenderingsKeys(t *testing.T) {
	const plain = `#if($input.params().header.get("Origin") == "https://evil.example")` + override + `"https://evil.example")#end{"statusCode": 200}`
	const other = `"Origin" "https://evil.example" ` + plain
	a := remembering(t, plain, "", "Variables: {v: x}")
	for _, m := range a.Find("/b").methods {
		m.Integration.RequestTemplates[0].Text = other
	}
	serve := func(path string, headers ...Header) string {
		return served(t, a, Request{Method: "GET", Path: path, Headers: headers}, false)
	}
	want := serve("/b")
	clear(a.renderings.all)
	serve("/a", Header{"Origin", "https://evil.example"})
	if got := serve("/b"); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// What was rendered with other stage variables than the API has by now is not used again.
func TestRenderingsOfReplacedVariables(t *testing.T) {
	a := remembering(t, override+`$stageVariables.v){"statusCode": 200}`, "", "Variables: {v: 'https://old.example'}")
	for _, v := range []string{"https://old.example", "https://new.example", "https://h-0123456789abcdef0123.deployed.invalid", "https://old.example"} {
		a.Variables = map[string]string{"v": v}
		r := a.Serve(t.Context(), &Request{Method: "GET", Path: "/a"}, nil)
		if got, _ := r.Headers.Get("Access-Control-Allow-Origin"); got != v {
			t.Errorf("%s: %q", v, got)
		}
	}
}

// A template that may put a stand-in together is asked about what it makes of it, also once it was rendered.
func TestRenderingsOfTornStandIns(t *testing.T) {
	const id, whole = "h-0123456789abcdef0123", "https://h-0123456789abcdef0123.deployed.invalid"
	for name, tt := range map[string][2]string{ // the template, and the page's origin
		"header":    {`#if($input.params().header.get("Origin").replaceAll("X", ".") == "a")#end{"statusCode": 200}`, "https://" + id + "XdeployedXinvalid"},
		"template":  {`#set($x = "` + id + `")#set($x = $x.concat(".deployed"))#if($x.concat(".invalid") == "a")#end{"statusCode": 200}`, "https://a.example"},
		"substring": {`#set($x = "` + id + `.deployed-invalid")#if("$x.substring(0, 31).$x.substring(32)" == "a")#end{"statusCode": 200}`, "https://a.example"},
		"whole":     {`#if($input.params().header.get("Origin") == "a")#end{"statusCode": 200}`, whole},
	} {
		a := remembering(t, tt[0], "", "Variables: {v: x}")
		for range 2 {
			if got := served(t, a, Request{Method: "GET", Path: "/a", Headers: Headers{{"Origin", tt[1]}}}, false); strings.HasSuffix(got, "asked []") {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}

// No more is remembered than is bounded, and what was dropped is rendered again.
func TestRenderingsAreBounded(t *testing.T) {
	a := remembering(t, override+`$input.params().header.get("Origin")){"statusCode": 200}`, "", "Variables: {v: x}")
	for range 2 {
		for i := range 2*mostRenderings + 10 {
			origin := fmt.Sprintf("https://a%d.example", i)
			r := a.Serve(t.Context(), &Request{Method: "GET", Path: "/a", Headers: Headers{{"Origin", origin}}}, nil)
			if got, _ := r.Headers.Get("Access-Control-Allow-Origin"); got != origin {
				t.Fatalf("%s: %q", origin, got)
			}
			if n := len(a.renderings.all); n == 0 || n > mostRenderings {
				t.Fatalf("%d renderings are remembered", n)
			}
		}
	}
}
