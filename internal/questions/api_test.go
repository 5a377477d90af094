package questions_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

// A part is a resource of a template; an AWS::ApiGateway::Method is written as its name and path, "GET /items".
type part struct {
	what       string
	properties string // JSON members, beside those that say where it belongs
}

// build returns the API that has these parts.
func build(t *testing.T, variables map[string]string, parts ...part) *gateway.API {
	t.Helper()
	resources := map[string]any{"Api": map[string]any{"Type": "AWS::ApiGateway::RestApi"}}
	root := map[string]any{"Fn::GetAtt": []string{"Api", "RootResourceId"}}
	ids := map[string]any{"/": root, "": root}
	add := func(typ string, properties map[string]any) (id string) {
		id = fmt.Sprint("R", len(resources))
		properties["RestApiId"] = map[string]any{"Ref": "Api"}
		resources[id] = map[string]any{"Type": "AWS::ApiGateway::" + typ, "Properties": properties}
		return id
	}
	for _, p := range parts {
		properties := map[string]any{}
		if err := json.Unmarshal([]byte("{"+p.properties+"}"), &properties); err != nil {
			t.Fatal(p.properties, err)
		}
		name, path, isMethod := strings.Cut(p.what, " ")
		if !isMethod {
			add(p.what, properties)
			continue
		}
		above := ""
		for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
			here := above + "/" + segment
			if ids[here] == nil {
				ids[here] = map[string]any{"Ref": add("Resource", map[string]any{"ParentId": ids[above], "PathPart": segment})}
			}
			above = here
		}
		if name == "-" {
			continue // a resource without methods
		}
		properties["HttpMethod"], properties["ResourceId"] = name, ids[path]
		if properties["Integration"] == nil {
			properties["Integration"] = map[string]any{"Type": "HTTP_PROXY", "Uri": "https://backend.example.net/"}
		}
		add("Method", properties)
	}
	b, err := json.Marshal(map[string]any{"Resources": resources})
	if err != nil {
		t.Fatal(err)
	}
	return model.Load(t, b, gateway.Options{Variables: variables})
}

// Every route that a page can ask for is there, by a URL that leads to it, and with what it asks for.
func TestRoutes(t *testing.T) {
	api := build(t, nil,
		part{"GET /items", ""}, part{"OPTIONS /items", ""},
		part{"DELETE /items/{id}", `"ApiKeyRequired": true`}, part{"OPTIONS /items/{id}", ""},
		part{"OPTIONS /items/1", ""},
		part{"GET /files/{path+}", ""},
		part{"- /empty", ""},
		part{"PATCH /{any+}", ""},
	)
	var got []string
	for _, r := range questions.Routes(api) {
		got = append(got, strings.TrimSpace(fmt.Sprint(r.Method, " ", r.Path, " ", r.URL, " ", strings.Join(r.Identity, " "))))
	}
	want := []string{
		"GET /files/{path+} /files/1/2",
		"PATCH /files/{path+} /files/1/2", // of /{any+}
		"GET /items /items",
		"PATCH /items /items",
		"PATCH /items/1 /items/1",
		"DELETE /items/1 /items/1 x-api-key", // of /items/{id}
		"PATCH /items/{id} /items/2",         // not /items/1
		"DELETE /items/{id} /items/2 x-api-key",
		"PATCH /{any+} /1/2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// mock is a method whose request template is this text.
func mock(template string) part {
	b, _ := json.Marshal(template) // a string always has JSON
	return part{"OPTIONS /items", `"Integration": {"Type": "MOCK", "RequestTemplates": {"application/json": ` + string(b) + `}}`}
}

// Wherever a template names an origin it is asked from, and from what a careless comparison takes for it.
func TestOriginsOfTemplates(t *testing.T) {
	const app, like = "https://app.example.com", "https://app.example.com.corsgate-stranger.example"
	for name, tt := range map[string]struct {
		part part
		want []string // origins, those beside them with a question mark
		of   string   // the pattern of the first
	}{
		"a request template": {mock(`#if($origin == "` + app + `")`), []string{app, like + "?"}, ""},
		"a response template": {part{"GET /items", `"Integration": {"Type": "HTTP", "IntegrationResponses": [{"StatusCode": "200", "ResponseTemplates": {"application/json": "#if($o == '` + app + `')"}}]}`},
			[]string{app, like + "?"}, ""},
		"a static value": {part{"GET /items", `"Integration": {"Type": "HTTP", "IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.access-control-allow-origin": "'` + app + `'"}}]}`},
			[]string{app, like + "?"}, ""},
		"a gateway response": {part{"GatewayResponse", `"ResponseType": "DEFAULT_4XX", "ResponseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'` + app + `'"}`},
			[]string{app, like + "?"}, ""},
		"another header": {part{"GET /items", `"Integration": {"Type": "HTTP", "IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Link": "'` + app + `'"}}]}`},
			nil, ""},
		"a pattern": {mock(`"https://~.example.com:~"`), []string{"https://x.example.com:3000", "https://x.y.example.com:3000", "https://x.example.com", "https://example.com:3000?"}, "https://*.example.com:*"},

		"a host":              {mock(`$origin.contains("app.example.com")`), []string{app, like + "?"}, ""},
		"the end of a host":   {mock(`$origin.endsWith(".example.com")`), []string{"https://x.example.com", "https://x.example.com.corsgate-stranger.example?"}, ""},
		"the beginning":       {mock(`$origin.startsWith("https://app.")`), []string{"https://app.corsgate-stranger.example"}, ""},
		"a text that is none": {mock(`$context.identity.sourceIp == "whatever"`), nil, ""},

		"an expression with a class":   {mock(`$origin.matches("https://pr[0-9]\.example\.com")`), []string{"https://pr0.example.com", "https://pr9.example.com"}, `https://pr[0-9]\.example\.com`},
		"an expression with rounds":    {mock(`$origin.matches("https://a{1,3}\.example\.com")`), []string{"https://a.example.com", "https://aa.example.com", "https://aaa.example.com"}, `https://a{1,3}\.example\.com`},
		"an expression with a choice":  {mock(`$origin.matches("https://(app|www)\.example\.com")`), []string{"https://app.example.com", "https://www.example.com"}, `https://(app|www)\.example\.com`},
		"an expression with any text":  {mock(`$origin.matches("https://.*example\.com")`), []string{"https://example.com", "https://xexample.com", "https://x.yexample.com"}, `https://.*example\.com`},
		"an expression without an end": {mock(`$origin.matches("https://app\.example\.com.*")`), []string{app, like, app + ":4443"}, `https://app\.example\.com.*`},
		"a dot that is any character":  {mock(`$origin.matches("https://app.example\.com|x")`), []string{"https://appaexample.com", "https://appzexample.com", "https://app0example.com"}, `https://app.example\.com|x`},
	} {
		got := map[string]string{}
		for _, o := range questions.Origins(build(t, nil, tt.part)) {
			if o.Beside {
				got[o.Origin+"?"] = o.Of
			} else {
				got[o.Origin] = o.Of
			}
		}
		for i, o := range tt.want {
			of, there := got[o]
			if !there || i == 0 && of != tt.of {
				t.Errorf("%s: no %s of %q in %q", name, o, tt.of, got)
			}
		}
		if tt.want == nil && len(got) != 2 {
			t.Errorf("%s: more than null and a stranger: %q", name, got)
		}
	}
}

// Nothing is asked that no browser sends, and an expression that stands for a great many texts is asked about a few.
func TestOriginsAreBounded(t *testing.T) {
	many := strings.Repeat("(app|web|dev|new|old|api|www|cdn|img|tmp)", 250)
	got := questions.Origins(build(t, nil, mock(`$origin.matches("https://`+many+`\.example\.com") || $origin.matches("https://a b\.example|HTTPS://C\.example|https://d_\.example\.")`)))
	if len(got) > 2100 || !slices.IsSortedFunc(got, func(a, b questions.Origin) int { return strings.Compare(a.Origin, b.Origin) }) {
		t.Errorf("%d origins, or not in order", len(got))
	}
	for _, o := range got {
		if strings.ContainsAny(o.Origin, " ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			t.Errorf("%q", o.Origin)
		}
	}
}

// An origin's look-alikes, one for each kind of careless comparison.
func TestLookalikes(t *testing.T) {
	for origin, want := range map[string]string{
		"https://app.example.com:8443": "https://app.example.com.corsgate-stranger.example:8443 https://corsgate-app.example.com:8443 https://corsgate.app.example.com:8443 " +
			"https://app.example.com:4443 https://app.example.co:8443 https://appxexample.com:8443 https://app.examplexcom:8443 http://app.example.com:8443",
		"https://example.com": "https://example.com.corsgate-stranger.example https://corsgate-example.com https://corsgate.example.com " +
			"https://example.com:4443 https://example.co https://examplexcom http://example.com",
		"http://localhost:3000": "http://localhost.corsgate-stranger.example:3000 http://corsgate-localhost:3000 http://corsgate.localhost:3000 http://localhost:4443 http://localhos:3000",
		"http://127.0.0.1":      "http://127.0.0.1.corsgate-stranger.example http://corsgate-127.0.0.1 http://corsgate.127.0.0.1 http://127.0.0.1:4443",
	} {
		if got := strings.Join(questions.Lookalikes(origin), " "); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", origin, got, want)
		}
	}
}

// The headers that the API has a word on are asked with, and those that no page can send are not.
func TestHeaders(t *testing.T) {
	mapped := func(names string) part {
		return part{"OPTIONS /items", `"Integration": {"Type": "MOCK", "IntegrationResponses": [{"StatusCode": "204", "ResponseParameters": {"method.response.header.access-control-allow-headers": "'` + names + `'"}}]}`}
	}
	for name, tt := range map[string]struct {
		variables map[string]string
		part      part
		want      string // beside authorization, content-type and any other
	}{
		"none":                  {nil, part{"GET /items", ""}, ""},
		"a stage variable":      {map[string]string{"corsRequestHeaders": "x-b,x-a,content-type"}, part{"GET /items", ""}, "x-a x-b"},
		"any header":            {map[string]string{"corsRequestHeaders": "~,authorization"}, part{"GET /items", ""}, ""},
		"a static value":        {nil, mapped("X-B, x-a,Authorization"), "x-a x-b"},
		"what no page can send": {nil, mapped("Cookie,Sec-Fetch-Mode,Origin,x y,,*,x-a"), "x-a"},
		"an API key":            {nil, part{"GET /items", `"ApiKeyRequired": true`}, "x-api-key"},
	} {
		want := append(strings.Fields(tt.want), "authorization", "content-type", questions.Any)
		slices.Sort(want)
		if got := questions.Headers(build(t, tt.variables, tt.part)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := questions.Value("Content-Type"); got != "application/json" {
		t.Errorf("content-type %s takes no preflight", got)
	}
}
