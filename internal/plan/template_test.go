package plan

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
)

// The response template stands in front of a user's, which may begin with a
// letter: "#endx" would be taken for another directive, or not parse at all.
func TestResponseTemplateEndsItself(t *testing.T) {
	for _, cfg := range []cors.Config{
		{Origins: []string{"https://app.example.com"}},
		{Origins: []string{"https://app.example.com"}, AllowCredentials: true, ExposedHeaders: []string{"ETag"}},
	} {
		if text := ResponseTemplate(policy(t, cfg)); !strings.HasSuffix(text, ")") {
			t.Errorf("a directive that needs a delimiter ends %q", text)
		}
	}
}

// informal is a reference that LocalStack's engine takes for a call, or for an index.
var informal = regexp.MustCompile(`\$!?[A-Za-z][A-Za-z0-9_-]*[(\[]`)

// stringsOf are the strings of a mapping template.
func stringsOf(template string) []string {
	var out []string
	for i, part := range strings.Split(template, `"`) {
		if i%2 == 1 {
			out = append(out, part)
		}
	}
	return out
}

// In a string, nothing but a formal reference stands before a parenthesis:
// airspeed-ext, which LocalStack evaluates templates with, takes "$x(" for a call,
// and every preflight gets 500.
func TestFormalReferences(t *testing.T) {
	templates := map[string]string{}
	for _, cfg := range []cors.Config{
		{Origins: []string{"https://app.example.com"}},
		{Origins: []string{"https://*.example.com:*", "https://${Token[TOKEN.7]}"}, AllowCredentials: true, ExposedHeaders: []string{"ETag"}},
		{Origins: []string{"*"}},
	} {
		p := policy(t, cfg)
		templates[cfg.Origins[0]+" preflight"], templates[cfg.Origins[0]+" response"] = PreflightTemplate(p), ResponseTemplate(p)
	}
	// And as corsapi renders them into CloudFormation; see test/synth's TestTemplates.
	files, err := filepath.Glob(filepath.Join("..", "..", "test", "templates", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no rendered templates: %v", err)
	}
	rendered := 0
	text := regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range text.FindAllString(string(b), -1) {
			if s, err := strconv.Unquote(s); err == nil && strings.Contains(s, "$corsOrigin") {
				rendered++
				templates[filepath.Base(file)+" "+s] = s
			}
		}
	}
	if rendered < 10 {
		t.Errorf("%d templates in %d files", rendered, len(files))
	}
	found := 0
	for name, template := range templates {
		for _, s := range stringsOf(template) {
			found += strings.Count(s, "${cors")
			if m := informal.FindString(s); m != "" {
				t.Errorf("%q stands in the string %q of %.60s", m, s, name)
			}
		}
	}
	if found == 0 {
		t.Error("no string has a formal reference: is this the template?")
	}
}

func TestAllowMethods(t *testing.T) {
	all := policy(t, cors.Config{Origins: []string{"https://app.example.com"}})
	some := policy(t, cors.Config{Origins: []string{"https://${Token[TOKEN.7]}"}, Methods: []string{"PUT", "GET"}})
	for _, tt := range []struct {
		p        *cors.Policy
		resource []string
		want     string
	}{
		{all, nil, ""}, {all, []string{"PUT", "GET"}, "GET,PUT"}, {all, []string{"ANY"}, "DELETE,GET,HEAD,PATCH,POST,PUT"},
		{some, nil, ""}, {some, []string{"PUT", "DELETE"}, "PUT"}, {some, []string{"DELETE"}, ""}, {some, []string{"ANY"}, "GET,PUT"},
	} {
		if got := AllowMethods(tt.p, tt.resource); got != tt.want {
			t.Errorf("%v of %v: got %q, want %q", tt.resource, tt.p.Methods(), got, tt.want)
		}
	}
}

// Whose template it is that reads the stage's variables.
func TestDecidesAlone(t *testing.T) {
	p := two(t)
	const older = `#set($corsOrigin = $input.params().header.get("origin"))#set($corsList = "")#foreach($corsName in $stageVariables.keySet())#if($corsName.matches("corsOrigins[0-9]*"))` +
		`#set($corsList = "$corsList$!stageVariables.get($corsName),")#end#end#if($corsOrigin.matches($corsList.replaceAll(",", "|")))` + vtlAllowOrigin + `{"statusCode": 204}#else{"statusCode": 403}#end`
	for text, want := range map[string]bool{
		PreflightTemplate(p): true,
		ResponseTemplate(p) + `{"a": "$input.body", "cors": true}`: true,
		"a template": true,
		older:        true,
		strings.Replace(older, "$corsOrigin)", `"*")`, 2):                                     false, // sends another
		strings.Replace(older, `$stageVariables.keySet()`, `$input.params().keySet()`, 1):     false,
		strings.Replace(older, `#set($corsList = "")`, `#set($x = "")`, 1):                    false,
		strings.Replace(older, `$!stageVariables.get($corsName)`, `$stageVariables.x`, 1):     false,
		PreflightTemplate(p) + `#if($stageVariables.corsOrigins.contains("x"))#end`:           false,
		ResponseTemplate(p) + `#if($corsList.contains("x"))$corsList#end`:                     false,
		ResponseTemplate(p) + `#set($context.responseOverride.header.X = ${corsRest})`:        false,
		`#if($stageVariables.get("corsExactOrigin").contains("x"))` + vtlAllowOrigin + `#end`: false,
	} {
		if got := DecidesAlone(text); got != want {
			t.Errorf("%t, want %t, for %s", got, want, text)
		}
	}
}
