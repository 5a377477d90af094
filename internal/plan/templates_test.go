package plan

import (
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/vtl"
)

var credentials = cors.Config{Origins: []string{"https://app.example.com", "https://*.preview.example.com"}, AllowCredentials: true, ExposedHeaders: []string{"etag"}}

// evaluated evaluates the templates of one exchange, in their order, as API Gateway
// does, and returns the first error.
func evaluated(t *testing.T, p *cors.Policy, origin, body string, templates ...string) error {
	t.Helper()
	headers, variables, context := vtl.NewMap(), vtl.NewMap(), vtl.NewMap()
	if origin != "" {
		headers.Put("origin", origin)
	}
	for name, value := range p.StageVariables() {
		variables.Put(name, value)
	}
	vtl.NewOverrides().Into(context)
	for _, text := range templates {
		parsed, err := vtl.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if _, err := parsed.Eval(&vtl.Env{Vars: map[string]any{
			"input": &vtl.Input{Body: body, Header: headers}, "context": context, "util": vtl.Util{}, "stageVariables": variables,
		}}); err != nil {
			return err
		}
	}
	return nil
}

// Each of these templates sets a header of the policy once, for some body. With the
// policy's directives it is set twice, and the allowed origins get 500.
func TestSetTwiceInEverySpelling(t *testing.T) {
	p := policy(t, credentials)
	for name, template := range map[string]string{
		"property":         `#set($context.responseOverride.header.Access-Control-Allow-Origin = "*")`,
		"lower case":       `#set($context.responseOverride.header.access-control-allow-origin = "*")`,
		"credentials":      `#set($context.responseOverride.header.Access-Control-Allow-Credentials = "true")`,
		"exposed headers":  `#set($context.responseOverride.header.ACCESS-CONTROL-EXPOSE-HEADERS = "etag")`,
		"index":            `#set($context.responseOverride.header["Access-Control-Allow-Origin"] = "*")`,
		"put":              `$!context.responseOverride.header.put("Access-Control-Allow-Origin", "*")`,
		"indexes":          `#set($context["responseOverride"]["header"]["Access-Control-Allow-Origin"] = "*")`,
		"alias":            `#set($h = $context.responseOverride.header)#set($h.Access-Control-Allow-Origin = "*")`,
		"putAll":           `$!context.responseOverride.header.putAll({"Access-Control-Allow-Origin": "*"})`,
		"name in a loop":   `#foreach($n in ["Access-Control-Allow-Origin"])#set($context.responseOverride.header[$n] = "*")#end`,
		"name in the body": `#set($context.responseOverride.header[$input.path("$.n")] = "*")`,
		"name made up":     `#set($a = "Access-Control-Allow-")#set($context.responseOverride.header["${a}Origin"] = "*")`,
		"one branch":       `#if($input.path("$.x") == "1")#set($context.responseOverride.header.Access-Control-Allow-Origin = "*")#end`,
		"the other branch": `#if($input.path("$.x") != "1")#else#set($context.responseOverride.header.Access-Control-Allow-Origin = "*")#end`,
		"in a text":        `#set($x = "#set($context.responseOverride.header.Access-Control-Allow-Origin = 1)")`,
		"macro":            `#macro(allow $h)#set($h.Access-Control-Allow-Origin = "*")#end#allow($context.responseOverride.header)`,
	} {
		t.Run(name, func(t *testing.T) {
			const body = `{"x": "1", "n": "Access-Control-Allow-Origin"}`
			for _, templates := range [][]string{
				{ResponseTemplate(p) + template},                        // the request template of a mock
				{`{"statusCode": 200}`, ResponseTemplate(p) + template}, // the response template of another
				{template, ResponseTemplate(p)},                         // its request template
			} {
				if err := evaluated(t, p, "https://app.example.com", body, templates...); err == nil || !strings.Contains(err.Error(), "a second time") {
					t.Errorf("%s\nthe model says %v to an allowed origin", templates, err)
				}
				if err := evaluated(t, p, "https://foreign.example", body, templates...); err != nil {
					t.Errorf("%s\nthe model says %v to a foreign origin", templates, err)
				}
			}
			request := setTwice(p, "GET /a", map[string]any{"application/json": template}, nil)
			response := setTwice(p, "GET /a", nil, []any{map[string]any{"responseTemplates": map[string]any{"text/plain": template}}, map[string]any{}})
			if len(request) != 1 || !strings.HasPrefix(request[0].Text, "the request template (application/json) of GET /a ") {
				t.Errorf("request template: %v", request)
			}
			if len(response) != 1 || !strings.HasPrefix(response[0].Text, "the response template (text/plain) of GET /a ") {
				t.Errorf("response template: %v", response)
			}
		})
	}
}

func TestSetTwiceIsSilent(t *testing.T) {
	p := policy(t, credentials)
	for _, template := range []string{
		`{"statusCode": 200}`,
		`#set($context.responseOverride.status = 404){"message": "no Access-Control-Allow-Origin"}`,
		`#set($context.responseOverride.header.Location = "/x")$!context.responseOverride.header.put("X", $input.params("origin"))`,
		`#set($context.requestOverride.header.Access-Control-Allow-Origin = "x")`,
		`## #set($context.responseOverride.header.Access-Control-Allow-Origin = "*")`,
		`#set($m = {"Access-Control-Allow-Origin": "*"})$m`,
	} {
		for _, origin := range []string{"https://app.example.com", "https://pr-1.preview.example.com", "https://foreign.example", ""} {
			if err := evaluated(t, p, origin, "", ResponseTemplate(p)+template); err != nil {
				t.Errorf("%s\nthe model says %v to %q", template, err, origin)
			}
		}
		if got := setTwice(p, "GET /a", map[string]any{"application/json": template}, nil); got != nil {
			t.Errorf("%s\ngot %v", template, got)
		}
	}
}

func TestSetTwiceMessages(t *testing.T) {
	p := policy(t, cors.Config{Origins: []string{"https://app.example.com"}})
	sub := func(v ...any) any {
		if len(v) == 1 {
			return map[string]any{"Fn::Sub": v[0]}
		}
		return map[string]any{"Fn::Sub": v}
	}
	join := func(parts ...any) any { return map[string]any{"Fn::Join": []any{"", parts}} }
	ref := map[string]any{"Ref": "P"}
	for _, tt := range []struct {
		template any
		want     string // "" for silence
	}{
		{"\n" + `#set($context.responseOverride.header.Access-Control-Allow-Origin = "*")`, "sets Access-Control-Allow-Origin itself on line 2: the policy sets it too, and API Gateway responds with 500 to the allowed origins when a header is set twice: remove that from the template"},
		{`#set($context.responseOverride.header.Access-Control-Allow-Credentials = "true")`, "sets Access-Control-Allow-Credentials itself on line 1: the policy decides the CORS headers: remove that from the template"},
		{`#set($context.responseOverride.header[$n] = $x)#set($n = $input.body)`, "overrides a header on line 1 whose name cannot be told at synthesis"},
		{`#if($context.responseOverride.header.X`, "overrides a part of the response, and it cannot be told whether that is a CORS header (1:"},
		{`#if(`, ""},
		{sub(`#set($context.responseOverride.header.Location = "${P}")`), ""},
		{sub(`#set($context.responseOverride.header.${P} = "x")`), "overrides a header on line 1 whose name"},
		{sub(`#set(${!context.responseOverride.header.Access-Control-Allow-Origin} = "${P}")`), "sets Access-Control-Allow-Origin itself on line 1"},
		{sub(`${A}`, map[string]any{"A": `#set($context.responseOverride.header.X = 1)`}), "overrides a part of the response, and it cannot be told whether that is a CORS header (its text is not known at synthesis)"},
		{sub(`#set($context.responseOverride.header.Location = "${A}")`, map[string]any{"A": ref}), ""},
		{join(`#set($context.responseOverride.header.Location = "`, ref, `")`), ""},
		{join(`#set($context.responseOverride.header.`, "Access-Control-Allow-Origin", ` = "`, ref, `")`), "sets Access-Control-Allow-Origin itself on line 1"},
		{join(`{"a": `, map[string]any{"Fn::If": []any{"C", `#set($context["responseOverride"].header.X = 1)`, ""}}, `}`), "overrides a part of the response, and it cannot be told"},
		{map[string]any{"Fn::If": []any{"C", `$context.ResponseOverride`, ""}}, "overrides a part of the response, and it cannot be told"},
		{map[string]any{"Fn::If": []any{"C", `{}`, ""}}, ""},
		{ref, ""},
		{"\n" + `#set($context.responseOverride.header.vary = "Accept")`, "sets vary itself on line 2, in the place of the mapping that says Origin"},
		{`#set($context.responseOverride.header.Vary = "Accept, Origin")`, ""},
	} {
		got := setTwice(p, "GET /a", map[string]any{"application/json": tt.template}, nil)
		switch {
		case tt.want == "" && len(got) == 0:
		case tt.want != "" && len(got) == 1 && (got[0].Severity == Warning) == (got[0].Name == "lost-vary") && strings.HasPrefix(got[0].Text, "the request template (application/json) of GET /a "+tt.want):
		default:
			t.Errorf("%v\n got %v\nwant %q", tt.template, got, tt.want)
		}
	}
	// Each header and each template is one fault, and the same template in two responses is one.
	two := map[string]any{"responseTemplates": map[string]any{"application/json": `#set($h = $context.responseOverride.header)#set($h.Access-Control-Allow-Origin = 1)#set($h.Access-Control-Max-Age = 1)`}}
	if got := setTwice(p, "GET /a", nil, []any{two, two}); len(got) != 2 || got[0].Text > got[1].Text {
		t.Errorf("got %v", got)
	}
}
