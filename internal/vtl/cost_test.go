package vtl

import (
	"runtime"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/corsgate/corsgate/internal/vtl/javaregexp"
)

// hang is when something that should end at once is taken for hanging. No test is about how long anything takes.
const hang = 5 * time.Minute

// within runs a render and fails where it takes longer, without waiting for its end.
func within(t *testing.T, d time.Duration, src string, env *Env) (string, error) {
	t.Helper()
	done := make(chan struct{})
	env.Done = done
	type result struct {
		out string
		err error
	}
	c := make(chan result, 1)
	go func() {
		out, err := render(src, env)
		c <- result{out, err}
	}()
	select {
	case r := <-c:
		return r.out, r.err
	case <-time.After(d):
		close(done)
		t.Fatalf("not done after %v", d)
		return "", nil
	}
}

// TestCost holds that what could take very long ends soon under the default limits: most of it in an error, since it is
// paid for by what it looks at, the rest because it is quick.
func TestCost(t *testing.T) {
	long := func(s string, doublings int) string {
		return "#set($s='" + s + "')#foreach($i in [1.." + strconv.Itoa(doublings) + "])#set($s=$s+$s)#end"
	}
	loop := func(body string) string {
		return "#foreach($i in [1..1000])#foreach($j in [1..100])" + body + "#end#end"
	}
	members := `{"a":[` + strings.Repeat(`{"b":1},`, 20_000) + `1]}`
	tests := []struct {
		name, body, src string
		fails           bool
	}{
		{"search to the end from every match", "", long("a", 16) + `#set($q=$s.replaceAll('a.*b|a',''))`, true},
		{"split likewise", "", long("a", 16) + `#set($q=$s.split('a.*b|a'))`, true},
		{"with a word boundary", "", long("a ", 16) + `#set($q=$s.replaceAll('\ba.*b|\ba',''))`, true},
		{"replaceFirst often", "", long("a", 16) + loop(`#set($q=$s.replaceFirst('b.*c|d',''))`), true},
		{"one pass is cheap", "", long("a ", 15) + `#set($q=$s.replaceAll('[a-z]+ ','b'))$q.length()`, false},
		{"json of a large body", members, loop(`#set($x=$input.json('$'))`), true},
		{"path over a large body", members, loop(`#set($x=$input.path('$.a[?(@.b > 1)]'))`), true},
		{"deep scan", members, loop(`#set($x=$input.path('$..b'))`), true},
		{"sum", `{"a":[` + strings.Repeat("1,", 500_000) + `1]}`, loop(`#set($x=$input.path('$.a.sum()'))`), true},
		{"long texts in a filter", `{"x":"` + strings.Repeat("x", 1<<20) + `","a":[` + strings.Repeat(`1,`, 20_000) + `1]}`,
			loop(`#set($x=$input.path('$.a[?($.x >= $.x)]'))`), true},
		{"equal texts", "", long("a", 20) + `#set($q=$s+'')` + loop(`#if($q==$s)x#end`), true},
		{"equals", "", long("a", 20) + `#set($q=$s+'')` + loop(`#if($q.equals($s))x#end`), true},
		{"compareTo", "", long("a", 20) + `#set($q=$s+'')` + loop(`#if($q.compareTo($s)==0)x#end`), true},
		{"long keys", "", long("a", 20) + `#set($m={})` + loop(`#set($x=$m.get($s))`), true},
		{"charAt, not ASCII", "", long("é", 20) + loop(`#set($x=$s.charAt($i))`), true},
		{"charAt, ASCII", "", long("a", 16) + `#foreach($i in [1..1000])#set($x=$s.charAt($i))#end`, false},
		{"substring, ASCII", "", long("a", 16) + `#foreach($i in [1..1000])#set($x=$s.substring($i))#end`, false},
		{"many large expressions", "", `#set($s='a')#foreach($i in [1..200])#set($x=$s.matches("(a|$i){900}(b|$i){900}"))#end`, true},
		{"escaped blanks", "", strings.Repeat(`\ `, MaxTemplate/2), false},
		{"escaped dollars", "", strings.Repeat(`\$`, MaxTemplate/2), false},
		{"dollars", "", strings.Repeat(`$ `, MaxTemplate/2), false},
		{"hashes", "", strings.Repeat(`# `, MaxTemplate/2), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env, _ := apiEnv(tt.body)
			_, err := within(t, hang, tt.src, env)
			if (err != nil) != tt.fails {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestTextJoined holds that a run of text, in however many pieces it comes, is one node.
func TestTextJoined(t *testing.T) {
	tm, err := Parse(strings.Repeat(`\ $ # `, 1000) + "$x" + "## note\n" + strings.Repeat(`\ `, 5))
	if err != nil {
		t.Fatal(err)
	}
	if len(tm.nodes) != 3 {
		t.Errorf("%d nodes, want text, a reference and text", len(tm.nodes))
	}
}

// TestTextCost holds that joining text takes memory in proportion to the template: text that grows by a piece at a time
// is copied for each, so that a template of the greatest size took gigabytes, and most of a minute.
func TestTextCost(t *testing.T) {
	for _, piece := range []string{`\ `, `\$`, `$ `, `# `} {
		src := strings.Repeat(piece, 10_000)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Parse(src); err != nil {
			t.Fatalf("%q: %v", piece, err)
		}
		runtime.ReadMemStats(&after)
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(1000*len(src)); got > most {
			t.Errorf("%q: %d bytes for a template of %d, want at most %d", piece, got, len(src), most)
		}
	}
}

// TestDone holds that an evaluation ends with its context, in the middle of a search, too.
func TestDone(t *testing.T) {
	for _, src := range []string{
		`#foreach($i in [1..1000])#foreach($j in [1..1000])x#end#end`,
		`#set($s='aaaaaaaaaaaaaaaa')#foreach($i in [1..12])#set($s=$s+$s)#end$s.matches('(b?a?){100}')`,
	} {
		env, _ := apiEnv("")
		done := make(chan struct{})
		env.Done = done
		close(done)
		if _, err := render(src, env); err == nil || !strings.Contains(err.Error(), stoppedText) {
			t.Errorf("%s: %v", src, err)
		}
	}
}

// TestBoundary holds that searching step by step finds what one search over the whole text does.
func TestBoundary(t *testing.T) {
	tests := []struct{ src, want string }{
		{`#set($s='foo bar foobar')$s.replaceAll('\bfoo\b','x')`, "x bar foobar"},
		{`#set($s='foofoo foo')$s.replaceAll('\bfoo','x')`, "xfoo x"},
		{`#set($s='foofoo foo')$s.replaceAll('\Bfoo','x')`, "foox foo"},
		{`#set($s='a1b2 c3')$s.replaceAll('([a-z])(\d)\b','$2$1')`, "a12b 3c"},
		{`#set($s='aa aa')$s.replaceAll('^a\B|a\b','x')`, "xx ax"},
		{`#set($s='a-b c')#foreach($p in $s.split('\b-\b'))[$p]#end`, "[a][b c]"},
	}
	for _, tt := range tests {
		env, _ := apiEnv("")
		if got, err := render(tt.src, env); err != nil || got != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.src, got, err, tt.want)
		}
	}
}

// TestUTF16 holds the methods that count in UTF-16 units.
func TestUTF16(t *testing.T) {
	tests := []struct{ src, want string }{
		{`#set($s='aé😀b')$s.length() $s.substring(1,2) $s.indexOf('b') $s.indexOf('b',2) $s.lastIndexOf('b') $s.lastIndexOf('b',9) $s.charAt(4) $s.startsWith('b',4)`, "5 é 4 4 4 4 b true"},
		{`#set($s='ab')$s.compareTo('ac') $s.compareTo('a') $s.compareTo('a😀') $s.compareTo('ab')`, "-1 1 -55259 0"},
		{`#set($s='😀')$s.compareTo('😁') $s.compareTo('�') $s.compareTo('')`, "-1 -10176 2"},
	}
	for _, tt := range tests {
		env, _ := apiEnv("")
		if got, err := render(tt.src, env); err != nil || got != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.src, got, err, tt.want)
		}
	}
}

// A replacement that is made again is remembered, and counts for as much as it did.
func TestReplacedAgain(t *testing.T) {
	tmpl, err := Parse(`$t.replaceAll("[.]", "[.]").replaceAll(",", "|")`)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("https://app.example.com,", 20)
	want := strings.ReplaceAll(strings.ReplaceAll(text, ".", "[.]"), ",", "|")
	eval := func(l Limits) bool {
		got, err := tmpl.Eval(&Env{Vars: map[string]any{"t": text}, Limits: l})
		if err == nil && got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
		return err == nil
	}
	for name, limit := range map[string]func(n int) Limits{
		"steps": func(n int) Limits { return Limits{Steps: n} },
		"bytes": func(n int) Limits { return Limits{Bytes: n} },
	} {
		compiledAnew()
		least := sort.Search(1<<16, func(n int) bool { compiledAnew(); return eval(limit(n + 1)) })
		for range 2 {
			if !eval(limit(least + 1)) {
				t.Errorf("%s: %d are enough once, and not again", name, least+1)
			}
		}
		if eval(limit(least)) {
			t.Errorf("%s: %d are enough the second time", name, least)
		}
	}
}

// compiledAnew has the next evaluations find no expression compiled: others have taken its place.
func compiledAnew() {
	for n := range 100 {
		_, _ = javaregexp.Recent("other" + strconv.Itoa(n))
	}
}
