package vtl

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// apiEnv is an environment as the service gives it.
func apiEnv(body string) (*Env, *Overrides) {
	header, query, path := NewMap(), NewMap(), NewMap()
	header.Put("Origin", "https://app.example.com")
	header.Put("id", "from-header")
	query.Put("id", "from-query")
	query.Put("q", "a b")
	path.Put("id", "42")
	o := NewOverrides()
	ctx := NewMap()
	o.Into(ctx)
	ctx.Put("httpMethod", "OPTIONS")
	st := NewMap()
	st.Put("corsOrigins", "https://app.example.com,https://~.preview.example.com,http://localhost:~")
	return &Env{Vars: map[string]any{
		"input": &Input{Body: body, Path: path, Query: query, Header: header}, "context": ctx, "util": Util{}, "stageVariables": st,
	}}, o
}

func TestAPIGateway(t *testing.T) {
	tests := []struct{ name, body, src, want string }{
		{"object prints as a map", `{"json":{"foo":"bar"}}`, `#set($r = $input.path("$.json"))$r`, `{foo=bar}`},
		{"array prints as JSON", `{"json":[{"foo":"bar"}]}`, `#set($r = $input.path("$.json"))$r`, `[{"foo":"bar"}]`},
		{"array inside object", `{"json":{"foo":[{"nested":"bar"}]}}`, `$input.path("$.json")`, `{foo=[{"nested":"bar"}]}`},
		{"order of members", `{"z":1,"a":2}`, `$input.path("$")`, `{z=1, a=2}`},
		{"missing", ``, `#set($r = $input.path("$.no")){"b": $r, "n": $r.nested, #if($r == $null)T#end#if($r == "")T#end}`, `{"b": , "n": , TT}`},
		{"toString", `{"list":[{"foo":"bar"}]}`, `$input.path("$").toString()`, `{list=[{"foo":"bar"}]}`},
		{"index", `[[{"foo":"bar"}]]`, `#set($r=$input.path("$"))$r[0]`, `[{"foo":"bar"}]`},
		{"empty body", ``, `$input.body`, `{}`},
		{"raw body", `some raw data`, `A=$input.body`, `A=some raw data`},
		{"text root", `some raw data`, `$input.path('$')`, `some raw data`},
		{"json", `{"a": [1, 2.50, "x"], "b": null}`, `$input.json('$') $input.json('$.a[0]') $input.json('$.no')`, `{"a":[1,2.5,"x"],"b":null} 1 ""`},
		{"escape", `{"test": "it's"}`, `"$util.escapeJavaScript($input.json('$'))"`, `"{\"test\":\"it\'s\"}"`},
		{"base64", `{"kinesis": "snapshot"}`, `$util.base64Encode($input.body) $util.base64Decode("Zm9v")`, `eyJraW5lc2lzIjogInNuYXBzaG90In0= foo`},
		{"params", ``, `$input.params('id') $input.params('q') $input.params('Origin') [$input.params('no')]`, `42 a b https://app.example.com []`},
		{"params maps", ``, `$input.params().path.id $input.params().querystring.get("id") $input.params().header["id"]`, `42 from-query from-header`},
		{"url", ``, `$util.urlEncode("a b&é*") $util.urlDecode("a%20b+c")`, `a+b%26%C3%A9* a b c`},
		{"parseJson", `{"s":"{\"m\": [1]}"}`, `#set($o = $util.parseJson($input.path('$.s')))$o.m[0] $o`, `1 {m=[1]}`},
		{"undefined", ``, `[$no][$!no][${no.x.y()}]`, `[][][]`},
		{"null assigns", ``, `#set($x = 1)#set($x = $no)[$x]`, `[]`},
		{"keys of headers", ``, `#foreach($k in $input.params().header.keySet())$k #end`, `Origin id `},
		{"stage variable", ``, `$stageVariables.corsOrigins.split(",").size() [$stageVariables.no]`, `3 []`},
		{"deep path", `{"a":[{"id":1},{"id":2}]}`, `$input.json('$..id') $input.json('$.a[?(@.id > 1)]') $input.json("$['a'][-1].id") $input.path('$.a.length()')`, `[1,2] [{"id":2}] 2 2`},
		{"unquoted JSON", `{statusCode: 200, x: 'y',}`, `$input.json('$')`, `{"statusCode":200,"x":"y"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env, _ := apiEnv(tt.body)
			got, err := render(tt.src, env)
			if err != nil || got != tt.want {
				t.Errorf("%q: %v\n got %q\nwant %q", tt.src, err, got, tt.want)
			}
		})
	}
}

// decision is the shape of template the constructs render.
const decision = `#set($origin = $input.params().header.get("origin"))
#if("$!origin" == "")#set($origin = $input.params().header.get("Origin"))#end
#set($allowed = "$!stageVariables.corsOrigins")
#set($allowed = $allowed.replaceAll(",", "|").replaceAll("[.]", "[.]").replaceAll(":~", "(:PORT)?").replaceAll("~", "[a-z0-9_.-]+"))
#if("$!origin" != "" && $origin.matches($allowed))
#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
{"statusCode": 204}
#else
{"statusCode": 403}
#end`

func TestDecisionTemplate(t *testing.T) {
	for _, mode := range []Mode{APIGateway, Velocity17} {
		for origin, want := range map[string]string{
			"https://app.example.com": "204", "https://a.b.preview.example.com": "204", "http://localhost:PORT": "204",
			"https://appXexample.com": "403", "": "403", "null": "403", "https://app.example.com.evil.test": "403",
		} {
			env, o := apiEnv("")
			env.Mode = mode
			var events []Event
			env.Trace = func(e Event) { events = append(events, e) }
			h := env.Vars["input"].(*Input).Header
			h.Delete("Origin")
			if origin != "" {
				h.Put("Origin", origin)
			}
			got, err := render(decision, env)
			if err != nil || !strings.Contains(got, want) {
				t.Errorf("mode %d, origin %q: %q, %v; want %s", mode, origin, got, err, want)
			}
			header, _ := o.Response.Get("header")
			v, _ := header.(*Map).Get("Access-Control-Allow-Origin")
			if (want == "204") != (v == origin) {
				t.Errorf("mode %d, origin %q: header %v", mode, origin, v)
			}
			last := events[len(events)-1]
			if want == "204" && (last.Kind != Override || last.Line != 6 || last.Name != "responseOverride.header.Access-Control-Allow-Origin" || last.Value != origin) {
				t.Errorf("last event %+v", last)
			}
			if want == "403" && (last.Name != "#else" || last.Line != 8) {
				t.Errorf("last event %+v", last)
			}
		}
	}
}

func TestOverridesOnce(t *testing.T) {
	for _, src := range []string{
		`#set($context.responseOverride.header.Vary = "a")#set($context.responseOverride.header.Vary = "b")`,
		`#set($context.responseOverride.header.Vary = "a")$context.responseOverride.header.put("vary", "b")`,
		`#set($context.responseOverride.status = 200)#set($context["responseOverride"]["status"] = 201)`,
		`#set($h = $context.requestOverride.path)#set($h.x = 1)#set($h["x"] = 1)`,
	} {
		env, _ := apiEnv("")
		_, err := render(src, env)
		if err == nil || !strings.Contains(err.Error(), "second time") {
			t.Errorf("%s: %v", src, err)
		}
	}
	env, o := apiEnv("")
	if _, err := render(`#set($n = "X-A")#set($context.responseOverride.header[$n] = 1)$context.responseOverride.header.put("B", true)#set($context.responseOverride.custom = "c")`, env); err != nil {
		t.Fatal(err)
	}
	h, _ := o.Response.Get("header")
	pairs, err := h.(*Map).Pairs()
	if err != nil || len(pairs) != 2 || pairs[0] != [2]string{"X-A", "1"} || pairs[1] != [2]string{"B", "true"} {
		t.Errorf("%v %v", pairs, err)
	}
}

func TestErrorsHavePositions(t *testing.T) {
	tests := []struct {
		src, want string
		parse     bool
	}{
		{"a\n#if(true)\nb", "2:1: #if without #end; close it", true},
		{"x #end", "1:3: unexpected #end that closes nothing", true},
		{"#set($x = )", "1:11: expected a value", true},
		{"#set($x = 5-3)", "1:12: expected ')'", true},
		{"\n #set($s.x = \"a $b[\")", "2:21: expected an index", true},
		{"$x[", "1:4: expected an index", true},
		{"$x{a", "1:4: a reference followed by '{'", true},
		{"#foreach($x of $y)#end", "1:1: #foreach is written", true},
		{"#[[ x", "1:1: #[[ without", true},
		{"#set($x = \"abc", "1:11: string without closing", true},
		{"#set($s='abc')\n$s.matches('(?=a)*b')", "2:3: regular expression \"(?=a)*b\": the quantifier * has nothing to repeat at character 6", false},
		{"#set($s='abc')$s.replaceAll('(a)*\\1', '')", "a reference to a group that may not have matched is not supported", false},
		{"#set($s='abc')$s.replaceAll('a*+', '')", "possessive quantifiers are not supported", false},
		{"#set($s='abc')$s.matches('a{')", "{ without a count", false},
		{"#set($s='abc')$s.matches($u)", "matches was given null", false},
		{"#set($s='abc')$s.substring(9)", "1:17: substring(9) is out of bounds for length 3", false},
		{"#parse('x')", "#parse is not available", false},
		{"$input.path('a[')", "JSONPath", false},
		{"$util.nope('a[')", "$util has no function nope", false},
		{"#set($context.responseOverride.header = {})", "cannot be replaced", false},
	}
	for _, tt := range tests {
		env, _ := apiEnv("")
		_, err := render(tt.src, env)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) || e.Parse != tt.parse {
			t.Errorf("%q:\n got %v\nwant %s", tt.src, err, tt.want)
		}
	}
}

func TestLimits(t *testing.T) {
	tests := map[string]string{
		"doubling":       `#set($x = "0123456789")#foreach($i in [1..60])#set($x = "$x$x")#end`,
		"loops in loops": `#foreach($a in [1..900])#foreach($b in [1..900])#foreach($c in [1..900])x#end#end#end`,
		"rounds":         `#foreach($a in [1..1001])#end`,
		"range":          `#set($x = [1..2000000000])`,
		"macro":          `#macro(m)#m()#m()#end#m()`,
		"define":         `#define($d)$d$d#end$d`,
		"lists":          `#set($l = [1])#foreach($i in [1..50])#set($l = [$l, $l])#end$l`,
		"equal lists":    `#set($l = [1])#set($k = [1])#foreach($i in [1..50])#set($l = [$l, $l])#set($k = [$k, $k])#end#if($l == $k)x#end`,
		"itself":         `#set($l = [])#set($k = [$l])#set($x = $l.add($k))$l`,
		"replace":        `#set($x = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")#foreach($i in [1..60])#set($x = $x.replaceAll("a", "$x"))#end`,
		"repeat":         `#set($x = "aa")#set($y = $x.repeat(2000000000))`,
		"deep":           strings.Repeat("#if(true)", 5000),
		"parens":         "#set($x = " + strings.Repeat("(", 100000),
		"lists deep":     "#set($x = " + strings.Repeat("[", 100000),
		"nots":           "#if(" + strings.Repeat("!", 100000),
		"strings":        strings.Repeat(`#set($x="`, 2000),
		"refs":           strings.Repeat(`$x[`, 50000),
		"sum":            "#set($x = 1" + strings.Repeat(" + 1", 30000) + ")",
		"big":            strings.Repeat(" ", MaxTemplate+1),
		"path":           `$input.json('` + strings.Repeat("$..*", 12) + `')`,
		"regex":          `#set($s = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")$s.matches("(a{1,900}){1,900}")`,
	}
	for name, src := range tests {
		t.Run(name, func(t *testing.T) {
			env, _ := apiEnv(`{"a":[[[[[[1,2,3],[1,2,3]],[[1,2,3],[1,2,3]]]]]],"b":[[[[[[1,2,3],[1,2,3]],[[1,2,3],[1,2,3]]]]]]}`)
			if _, err := within(t, hang, src, env); err == nil {
				t.Error("no error")
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, src string) {
		tm, err := Parse(src)
		if (tm == nil) == (err == nil) {
			t.Fatalf("template %v, error %v", tm, err)
		}
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Line < 1 || e.Col < 1) {
			t.Fatalf("error without a position: %v", err)
		}
	})
}

func FuzzEval(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, src string) {
		// The default limits are those that users have, and find what costs more than it is charged.
		for i, limits := range []Limits{{Steps: 20_000, Bytes: 1 << 20, Output: 1 << 18}, {}, {}} {
			mode := []Mode{Velocity17, Velocity17, APIGateway}[i]
			env, _ := apiEnv(`{"a":[1,{"b":"c"}],"d":"e"}`)
			for k, v := range sampleVars() {
				env.Vars[k] = v
			}
			env.Mode = mode
			env.Limits = limits
			_, err := within(t, 60*time.Second, src, env)
			var e *Error
			if err != nil && (!errors.As(err, &e) || e.Line < 1 || e.Col < 1) {
				t.Fatalf("error without a position: %v", err)
			}
		}
	})
}

func seed(f *testing.F) {
	b, err := os.ReadFile(filepath.Join("testdata", "velocity", "templates.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for _, line := range strings.Split(string(b), "\n") {
		f.Add(strings.ReplaceAll(line, "⏎", "\n"))
	}
	f.Add(decision)
	f.Add(`#set($r = $input.path("$.a[?(@.b == 'c')]"))$r $input.json('$..*') $util.escapeJavaScript($input.body)`)
}

// TestRegexCost holds that many and large expressions end in an error, and end.
func TestRegexCost(t *testing.T) {
	for _, src := range []string{
		`#set($s = "x")#foreach($a in [1..900])#foreach($b in [1..900])$s.matches("[a-z]{1,$a}.{$b}")#end#end`,
		`#set($s = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")#foreach($i in [1..14])#set($s = "$s$s")#end#foreach($i in [1..900])$s.matches("(a?){900}b$i")#end`,
		`#set($s = "a")#foreach($i in [1..900])$s.matches("(?:\p{L}{5}x){$i}")#end`,
	} {
		env, _ := apiEnv("")
		if _, err := within(t, hang, src, env); err == nil {
			t.Errorf("%s: no error", src)
		}
	}
}

// TestManyOrigins holds that a template with a comparison for each of very many origins works.
func TestManyOrigins(t *testing.T) {
	for _, n := range []int{1, 250, 5000} {
		var b strings.Builder
		b.WriteString("#set($origin = $input.params().header.get(\"Origin\"))#if(")
		for i := 0; i < n; i++ {
			b.WriteString("$origin == \"https://o" + strconv.Itoa(i) + ".example.com\" || ")
		}
		b.WriteString("$origin == \"https://app.example.com\")yes#end")
		env, _ := apiEnv("")
		if got, err := render(b.String(), env); err != nil || got != "yes" {
			t.Errorf("%d origins: %q %v", n, got, err)
		}
	}
}
