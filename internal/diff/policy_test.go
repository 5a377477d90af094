package diff

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/testkit/model"
)

// textOf compares two templates, and prints the comment without its marks.
func textOf(t *testing.T, old, now []byte) string {
	t.Helper()
	results, err := Apps(t.Context(), model.App(t, old), model.App(t, now), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := Text(&b, results, Found{}); err != nil {
		t.Fatal(err)
	}
	return unwrapped(b.String())
}

var goesOn = regexp.MustCompile(`([^\n])\n *([^\n -])`)

// unwrapped returns text whose lines go on where a terminal would break them.
func unwrapped(text string) string { return goesOn.ReplaceAllString(text, "$1 $2") }

// No line is wider than a terminal, and a list stays one.
func TestWrapped(t *testing.T) {
	path := func(i int) string { return fmt.Sprintf("a-path-that-is-long-%d", i) }
	d := between(t, own(30, path, func(int) string { return "https://old.example.com" }), own(30, path, func(int) string { return "https://new.example.com" }))
	var b strings.Builder
	if err := d.Text(&b, false); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if len(line) > 81 {
			t.Errorf("%d characters: %s", len(line)-1, line)
		}
	}
	if !goesOn.MatchString(b.String()) || !strings.Contains(b.String(), "\n- ") || !strings.Contains(b.String(), "\n  - now: ") {
		t.Errorf("got\n%s", b.String())
	}
}

// The policy stands on both sides, once for all routes that share it, and everything that qualifies it with it.
func TestPolicies(t *testing.T) {
	api := func(routes string, answer, preflight map[string]string) []byte {
		d := draw()
		for i, r := range strings.Split(routes, ", ") {
			verb, path, _ := strings.Cut(r, " ")
			at := d.path(fmt.Sprint("R", i), path)
			d.method(fmt.Sprint("M", i), at, verb, answer)
			d.method(fmt.Sprint("O", i), at, "OPTIONS", preflight)
		}
		return d.template(t)
	}
	headers := func(pairs ...string) map[string]string {
		out := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = pairs[i+1]
		}
		return out
	}
	one := headers("Origin", app)
	let := headers("Origin", app, "Headers", "content-type,x-a")
	every := headers("Origin", app, "Headers", "content-type,x-a", "Methods", "PUT,DELETE,PATCH")
	credentials := headers("Origin", app, "Headers", "content-type,x-a", "Credentials", "true")
	allowed := headers("Origin", app, "Credentials", "true")
	any := headers("Origin", "*", "Headers", "*")
	for name, tt := range map[string]struct {
		old, now []byte
		says     []string
	}{
		"another origin": {api("GET /a, GET /b", one, let), api("GET /a, GET /b", headers("Origin", "https://b.example.com"), headers("Origin", "https://b.example.com", "Headers", "content-type,x-a")), []string{
			"- GET /a and GET /b\n  - before: open to https://app.example.com, without credentials, headers content-type and x-a\n  - now: open to https://b.example.com, without credentials, headers content-type and x-a\n"}},
		"any origin": {api("GET /a", one, let), api("GET /a", headers("Origin", "*"), any), []string{
			"now: open to any origin, without credentials, any header\n"}},
		"credentials": {api("GET /a", one, let), api("GET /a", allowed, credentials), []string{
			"before: open to https://app.example.com, without credentials, headers content-type and x-a\n", "now: open to https://app.example.com, with credentials or without, headers content-type and x-a\n"}},
		"a header less": {api("GET /a", one, let), api("GET /a", one, headers("Origin", app, "Headers", "x-a")), []string{
			"now: open to https://app.example.com, without credentials, headers x-a\n",
			"Preflights that will now fail: those of pages of https://app.example.com, GET /a with the header content-type.\n"}},
		"ANY": {api("ANY /a, GET /b", one, every), api("ANY /a, GET /b", one, headers("Origin", app, "Methods", "PUT,DELETE,PATCH")), []string{
			"- ANY /a and GET /b\n  - before: ", "now: open to https://app.example.com, without credentials, no headers\n"}},
		"an ANY is new": {api("GET /b", one, let), api("GET /b, ANY /a", one, every), []string{
			"- ANY /a: open to https://app.example.com, without credentials, headers content-type and x-a\n"}},
		"more for some": {api("GET /a", one, let), api("GET /a", headers("Origin", "*"), let), []string{"now: open to https://app.example.com, without credentials, headers content-type and x-a; open to any origin but https://app.example.com, without credentials, no headers\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := textOf(t, tt.old, tt.now)
			for _, s := range tt.says {
				if !strings.Contains(text, s) {
					t.Errorf("%q is not in\n%s", s, text)
				}
			}
			if strings.Contains(text, "HEAD /a") {
				t.Errorf("an ANY is written out in\n%s", text)
			}
		})
	}
}

// The preflights that move between API Gateway and a function are one sentence, whatever comes of them.
func TestPreflightsMove(t *testing.T) {
	api := func(function bool) []byte {
		d := draw()
		d.resources["Fn"] = object{"Type": "AWS::Lambda::Function", "Properties": object{"Code": object{"ZipFile": "x"}}}
		uri := object{"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations"}
		for i, path := range []string{"/a", "/b"} {
			at := d.path(fmt.Sprint("R", i), path)
			proxy := object{"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri}
			d.method(fmt.Sprint("M", i), at, "POST", nil)["Integration"] = proxy
			options := d.method(fmt.Sprint("O", i), at, "OPTIONS", map[string]string{"Origin": "*", "Headers": "authorization"})
			if function {
				options["Integration"] = proxy
			}
		}
		return d.template(t)
	}
	for _, to := range []bool{true, false} {
		text := textOf(t, api(!to), api(to))
		want := "- Preflights of POST /a and POST /b: the function responds to them now, and API Gateway did before; which pages the function lets in is not known\n"
		if !to {
			want = "- Preflights of POST /a and POST /b: API Gateway responds to them now, and the function did before; which pages the function let in is not known\n"
		}
		if !strings.Contains(text, want) || strings.Count(text, "\n- ") != 3 {
			t.Errorf("%q is not in it, or more than that, the policy and what is not compared:\n%s", want, text)
		}
	}
}

// The preflights of a new or a gone route did not move: there was no API for them before, or there is none now.
func TestPreflightsOfNewRoutes(t *testing.T) {
	api := func(routes bool) []byte {
		d := draw()
		d.resources["Fn"] = object{"Type": "AWS::Lambda::Function", "Properties": object{"Code": object{"ZipFile": "x"}}}
		if routes {
			d.method("M", d.path("R", "/a"), "ANY", nil)["Integration"] = object{"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST",
				"Uri": object{"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations"}}
		}
		return d.template(t)
	}
	for _, added := range []bool{true, false} {
		text := textOf(t, api(!added), api(added))
		if strings.Contains(text, "API Gateway") || !strings.Contains(text, "ANY /a") {
			t.Errorf("added: %v:\n%s", added, text)
		}
	}
}

// A function whose code or environment is another is named, and what of it.
func TestFunctionsThatChange(t *testing.T) {
	api := func(code object, environment object) []byte {
		d := draw()
		d.resources["Fn"] = object{"Type": "AWS::Lambda::Function", "Properties": object{"Code": code, "Environment": object{"Variables": environment}}}
		d.method("M", d.path("R", "/a"), "POST", nil)["Integration"] = object{"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST",
			"Uri": object{"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations"}}
		return d.template(t)
	}
	base := api(object{"S3Key": "a"}, object{"ALLOWED_ORIGINS": app, "TABLE": "a"})
	for name, tt := range map[string]struct {
		now  []byte
		says string
	}{
		"a list of origins": {api(object{"S3Key": "a"}, object{"ALLOWED_ORIGINS": "*", "TABLE": "a"}), "- POST /a: the responses of Fn may differ, because ALLOWED_ORIGINS changed\n"},
		"no list":           {api(object{"S3Key": "a"}, object{"TABLE": "a"}), "- POST /a: the responses of Fn may differ, because ALLOWED_ORIGINS changed\n"},
		"code in a bucket":  {api(object{"S3Key": "b"}, object{"ALLOWED_ORIGINS": app, "TABLE": "b"}), "Nothing, although the templates differ.\n\nFunctions that changed and were not run: Fn (Code and TABLE).\n"},
		"code in place":     {api(object{"ZipFile": "b"}, object{"ALLOWED_ORIGINS": app, "TABLE": "a"}), "- POST /a: the responses of Fn may differ, because Code changed\n"},
	} {
		for _, way := range [][2][]byte{{base, tt.now}, {tt.now, base}} {
			if text := textOf(t, way[0], way[1]); !strings.Contains(text, tt.says) {
				t.Errorf("%s: %q is not in\n%s", name, tt.says, text)
			}
		}
	}
	if text := textOf(t, base, base); !strings.Contains(text, "Nothing, although the templates differ.\n") || strings.Contains(text, "Functions") {
		t.Errorf("the same:\n%s", text)
	}
}

// A condition that the defaults of parameters decide is looked at on its other side, too, where nothing else changes.
func TestOtherValuesOfParameters(t *testing.T) {
	api := func(origin, stages string) []byte {
		d := draw()
		at := d.path("R", "/a")
		method := d.method("M", at, "GET", map[string]string{"Origin": "x"})
		parameters := method["Integration"].(object)["IntegrationResponses"].([]any)[0].(object)["ResponseParameters"].(object)
		parameters["method.response.header.Access-Control-Allow-Origin"] = object{"Fn::If": []any{"IsDev", origin, "'https://app.example.com'"}}
		text := strings.TrimSuffix(string(d.template(t)), "}")
		return []byte(text + `, "Parameters": {"Env": {"Type": "String", "Default": "` + stages + `"}}, "Conditions": {"IsDev": {"Fn::Equals": [{"Ref": "Env"}, "dev"]}}}`)
	}
	one, all := api("'https://dev.example.com'", "prod"), api("'*'", "prod")
	for _, way := range []struct {
		old, now []byte
		want     string
	}{{one, all, "Looser"}, {all, one, "Stricter"}} {
		text := textOf(t, way.old, way.now)
		if !strings.Contains(text, "If IsDev is true, against the defaults of the parameters:\n") || !strings.Contains(text, "\n"+way.want+"\n") {
			t.Errorf("want %s if IsDev is true, got\n%s", way.want, text)
		}
	}
	if text := textOf(t, one, one); strings.Contains(text, "IsDev") {
		t.Errorf("the same:\n%s", text)
	}
}
