package vtl

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
)

// overridesX are templates that override the header X, or access-control-allow-origin in place of it, once.
var overridesX = map[string]string{
	"property":                `#set($context.responseOverride.header.X = "v")`,
	"formal":                  `#set(${context.responseOverride.header.X} = "v")`,
	"index":                   `#set($context.responseOverride.header["X"] = "v")`,
	"single quotes":           `#set($context.responseOverride.header['X'] = "v")`,
	"indexes only":            `#set($context["responseOverride"]["header"]["X"] = "v")`,
	"put":                     `$context.responseOverride.header.put("X", "v")`,
	"quiet put":               `$!{context.responseOverride.header.put("X", "v")}`,
	"put in #set":             `#set($d = $context.responseOverride.header.put("X", "v"))`,
	"put in a condition":      `#if($context.responseOverride.header.put("X", "v"))#end`,
	"put in an argument":      `$util.urlEncode($!context.responseOverride.header.put("X", "v"))`,
	"put in a text":           `#set($d = "$!context.responseOverride.header.put('X', 'v')")`,
	"#set in a text":          `#set($d = "#set($context.responseOverride.header.X = 1)")`,
	"get":                     `$context.get("responseOverride").get("header").put("X", "v")`,
	"getOrDefault":            `$context.getOrDefault("responseOverride", 1).header.put("X", "v")`,
	"putIfAbsent":             `$context.responseOverride.header.putIfAbsent("X", "v")`,
	"putAll":                  `$context.responseOverride.header.putAll({"X": "v"})`,
	"alias of the headers":    `#set($h = $context.responseOverride.header)#set($h.X = "v")`,
	"alias of the response":   `#set($r = $context.responseOverride)#set($r.header.X = "v")`,
	"alias of the context":    `#set($c = $context)#set($c.responseOverride.header.X = "v")`,
	"alias of an alias":       `#set($r = $context.responseOverride)#set($h = $r.header)#set($i = $h)#set($i["X"] = "v")`,
	"name in a variable":      `#set($n = "X")#set($context.responseOverride.header[$n] = "v")`,
	"name in a loop":          `#foreach($n in ["X"])#set($context.responseOverride.header[$n] = "v")#end`,
	"alias set in a loop":     `#foreach($i in [1..2])#if($h)#set($h.X = "v")#end#set($h = $context.responseOverride.header)#end`,
	"macro":                   `#macro(over $n)#set($context.responseOverride.header[$n] = "v")#end#over("X")`,
	"map given to a macro":    `#macro(over $h)$h.put("X", "v")#end#over($context.responseOverride.header)`,
	"body of a macro":         `#macro(body)$bodyContent#end#@body()#set($context.responseOverride.header.X = "v")#end`,
	"macro within a macro":    `#macro(b $h)#set($h.X = 1)#end#macro(a $h)#b($h)#end#a($context.responseOverride.header)`,
	"#define":                 `#define($d)#set($context.responseOverride.header.X = "v")#end$d`,
	"in a list":               `#set($l = [$context.responseOverride.header])#set($h = $l[0])#set($h.X = "v")`,
	"in a map":                `#set($m = {"h": $context.responseOverride.header})#set($m.h.X = "v")`,
	"added to a list":         `#set($l = [])$l.add($context.responseOverride)#foreach($r in $l)#set($r.header.X = "v")#end`,
	"put into a map":          `#set($m = {})#set($m.r = $context.responseOverride)$m.r.header.put("X", "v")`,
	"copied into a map":       `#set($m = {})$m.putAll($context)#set($m.responseOverride.header.X = "v")`,
	"loop over the response":  `#foreach($h in $context.responseOverride)#set($h.X = "v")#end`,
	"loop over its values":    `#foreach($h in $context.responseOverride.values())#set($h.X = "v")#end`,
	"loop over its entries":   `#foreach($e in $context.responseOverride.entrySet())#set($e.value.X = "v")#end`,
	"loop over the context":   `#foreach($r in $context)#if($r.header && "$!r.status" == "" && !$d)#set($d = $r.header.put("X", "v"))#set($d = 1)#end#end`,
	"iterator":                `#set($i = $context.responseOverride.values().iterator())#set($h = $i.next())#set($h.X = "v")`,
	"under a condition":       `#if($input.path("$.x") == "")#set($context.responseOverride.header.X = "v")#end`,
	"under another condition": `#if($input.path("$.x") != "")#else#set($context.responseOverride.header.X = "v")#end`,
	"set later in a loop":     `#foreach($i in [1..2])#if($n)#set($context.responseOverride.header[$n] = 1)#end#set($n = "X")#end`,
	"a map of the same kind":  `#set($m = {})#set($m.responseOverride = $context.responseOverride.header)#set($a = $m)#if(!$m)#set($a = $context)#end#set($a.responseOverride.X = 1)`,
	"before #stop":            `#set($context.responseOverride.header.X = "v")#stop`,
}

// overriding evaluates a template with a body, and gives the headers that it overrides and its error.
func overriding(t *testing.T, src, body string) ([]string, error) {
	t.Helper()
	env, _ := apiEnv(body)
	var names []string
	env.Trace = func(e Event) {
		if name, ok := strings.CutPrefix(e.Name, "responseOverride.header."); ok {
			names = append(names, name)
		}
	}
	_, err := render(src, env)
	return names, err
}

// found returns the names that HeaderOverrides finds, in lower case.
func found(t *testing.T, src string) []string {
	t.Helper()
	tpl, err := Parse(src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	var out []string
	for _, o := range tpl.HeaderOverrides() {
		out = append(out, strings.ToLower(o.Header))
	}
	return out
}

// Every way to override a header is one to the evaluation, which refuses the second, and one to the analysis.
func TestOverridesInEverySpelling(t *testing.T) {
	// These find a header whose name only an evaluation tells.
	unnamed := []string{"iterator"}
	// These do not override what is overridden already, or let nothing follow.
	once := map[string][]int{"putIfAbsent": {1}, "before #stop": {0}}
	for name, src := range overridesX {
		t.Run(name, func(t *testing.T) {
			if names, err := overriding(t, src, ""); err != nil || !slices.Equal(names, []string{"X"}) {
				t.Fatalf("%s\noverrides %v, error %v", src, names, err)
			}
			for i, twice := range []string{src + `#set($context.responseOverride.header.x = 1)`, `$context.responseOverride.header.put("X", 1)` + src} {
				if slices.Contains(once[name], i) {
					continue
				}
				if _, err := overriding(t, twice, ""); err == nil || !strings.Contains(err.Error(), "a second time") {
					t.Errorf("%s\nerror %v, want that X is set a second time", twice, err)
				}
			}
			want := []string{"x"}
			if slices.Contains(unnamed, name) {
				want = []string{"", "x"}
			}
			if got := found(t, src); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
				t.Errorf("%s\nfound %q, want %q", src, got, want)
			}
		})
	}
}

func TestHeaderOverrides(t *testing.T) {
	for src, want := range map[string][]string{
		``: nil,
		`{"statusCode": 200, "body": $input.json("$")}`:                                                                     nil,
		`#set($context.responseOverride.status = 404)#set($context.requestOverride.header.X = 1)`:                           nil,
		`$context.responseOverride.header.X #if($context.responseOverride.header.size() > 0)some#end`:                       nil,
		`#set($m = {})#set($m.X = 1)$m.put("Y", 2)#set($context.mine = 1)#foreach($e in $m.entrySet())$e.key#end`:           nil,
		`## #set($context.responseOverride.header.X = 1)`:                                                                   nil,
		`#literal()#set($context.responseOverride.header.X = 1)#end`:                                                        nil,
		`#if(false)#set($context.responseOverride.header.B = 1)#elseif($x)$context.responseOverride.header.put("A", 1)#end`: {"b", "a"},
		`#set($context.responseOverride.header[$input.path("$.n")] = 1)`:                                                    {""},
		`#set($context.responseOverride.header["X-$n"] = 1)`:                                                                {""},
		`#set($context.responseOverride[$input.body] = 1)`:                                                                  {""},
		`#set($context.responseOverride.header = {"X": 1})`:                                                                 {""},
		`#set($context.responseOverride = {"header": {"X": 1}})`:                                                            {""},
		`#set($m = {"X": 1})$context.responseOverride.header.putAll($m)`:                                                    {""},
		`$context.responseOverride.header.clear()`:                                                                          {""},
		`$context.responseOverride.header.keySet().remove("X")`:                                                             {""},
		`$context.responseOverride.header.computeIfAbsent("X", 1)`:                                                          {""},
		`#evaluate($input.body)`: {""},
		`#set($l = ["A"])$l.add("B")#foreach($n in $l)#set($context.responseOverride.header[$n] = 1)#end`:                             {"a", "b"},
		`#foreach($n in ["A", "B"])#set($context.responseOverride.header[$n] = $util.urlEncode($input.params($n)))#end`:               {"a", "b"},
		`#set($m = {})$m.put("C", "C")#set($h = $context.responseOverride.header)#set($h.A = "B")#foreach($n in $h)$h.put($n, 1)#end`: {"", "a"},
		`#set($l = ["A"])$l.add($input.body)#foreach($n in $l)#set($context.responseOverride.header[$n] = 1)#end`:                     {""},
	} {
		if got := found(t, src); !slices.Equal(got, want) && !slices.Equal(slices.Sorted(slices.Values(got)), want) {
			t.Errorf("%s\nfound %q, want %q", src, got, want)
		}
	}
	tpl, err := Parse("\n#set($context.responseOverride.header.Vary = 1)\n #set($context.responseOverride.header.vary = 2)")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tpl.HeaderOverrides(), []HeaderOverride{{Pos{2, 38}, "Vary"}}; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A chain of assignments from the last to the first is longer than the passes that are made.
func TestHeaderOverridesOfAChain(t *testing.T) {
	var b strings.Builder
	b.WriteString(`#foreach($i in [1..100])#if($v0)#set($v0.X = 1)#stop#end`)
	for i := range 60 {
		fmt.Fprintf(&b, "#set($v%d = $v%d)", i, i+1)
	}
	b.WriteString(`#set($v60 = $context.responseOverride.header)#end`)
	names, err := overriding(t, b.String(), "")
	if err != nil || !slices.Equal(names, []string{"X"}) {
		t.Fatalf("overrides %v, error %v", names, err)
	}
	if got := found(t, b.String()); !slices.Contains(got, "x") {
		t.Errorf("found %q", got)
	}
}

// Whatever an evaluation overrides is found, in templates drawn at random.
func TestHeaderOverridesMissNothing(t *testing.T) {
	r := rand.New(rand.NewSource(7))
	pick := func(s ...string) string { return s[r.Intn(len(s))] }
	ref := func() string {
		return pick("$a", "$b", "$c", "$context", "$context.responseOverride", "$context.responseOverride.header", "$a.header", "$b.responseOverride", `$c["header"]`, `$a.get("header")`, "$l[0]", "$m.k", `$m.get($k)`, "$e.value", "$x")
	}
	val := func() string {
		return pick(`"A"`, `"B"`, `"k"`, `"header"`, `"responseOverride"`, `$k`, "$n", "$input.body", `"A$k"`, ref(), ref(), "["+ref()+"]", `{"k": `+ref()+`}`, `{"A": "v"}`, "["+pick(`"A"`, `"B"`)+"]", ref()+".values()", ref()+".entrySet()")
	}
	var nodes func(depth int) string
	nodes = func(depth int) string {
		var b strings.Builder
		for range 1 + r.Intn(4) {
			k := r.Intn(12)
			if depth > 2 {
				k = r.Intn(8)
			}
			switch k {
			case 0, 1, 2:
				b.WriteString("#set(" + pick("$a", "$b", "$c", "$k", "$n", "$l", "$m") + " = " + val() + ")")
			case 3:
				b.WriteString("#set(" + ref() + pick(".A", ".k", `["B"]`, "[$k]", "[$n]") + " = " + val() + ")")
			case 4:
				b.WriteString(ref() + ".put(" + pick(`"A"`, "$k", "$n") + ", " + ref() + ")")
			case 5:
				b.WriteString("$l.add(" + pick(ref(), `"A"`, `"B"`, "$k") + ")")
			case 6:
				b.WriteString(ref() + ".putAll(" + pick(ref(), `{"A": 1}`) + ")")
			case 7:
				b.WriteString("#two(" + ref() + " " + pick(`"A"`, "$k") + ")")
			case 8:
				b.WriteString("#if(" + pick("$a", "$input.path('$.x')", "!$k", "$n == \"A\"") + ")" + nodes(depth+1) + pick("", "#else"+nodes(depth+1)) + "#end")
			case 9, 10:
				b.WriteString("#foreach(" + pick("$e", "$x", "$k") + " in " + pick(ref(), "$l", "$m", "[1..2]", ref()+".entrySet()", ref()+".values()") + ")" + nodes(depth+1) + "#end")
			case 11:
				b.WriteString("#define(" + pick("$a", "$x") + ")" + nodes(depth+1) + "#end" + pick("$a", "$x"))
			}
		}
		return b.String()
	}
	overrides := 0
	for range 30_000 {
		src := `#macro(two $p $q)#set($p[$q] = $q)` + pick("", "#set($a = $p)", "#set($k = $q)") + `#end#set($l = [])#set($m = {})` + nodes(0) + nodes(0)
		names, _ := overriding(t, src, pick("", `{"x": "A"}`))
		if len(names) == 0 {
			continue
		}
		overrides++
		got := found(t, src)
		for _, name := range names {
			if name != "null" && !slices.Contains(got, "") && !slices.Contains(got, strings.ToLower(name)) {
				t.Fatalf("%s\noverrides %q, found %q", src, name, got)
			}
		}
	}
	t.Logf("%d templates override a header", overrides)
	if overrides < 2500 {
		t.Errorf("only %d templates override a header", overrides)
	}
}
