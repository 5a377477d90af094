package javaregexp

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// free lets everything pass.
type free = gratis

// purse has so many steps and bytes.
type purse struct{ steps, bytes int }

var errEmpty = errors.New("empty")

func (p *purse) Count(steps, bytes int) error {
	p.steps -= steps
	p.bytes -= bytes
	if p.steps < 0 || p.bytes < 0 {
		return errEmpty
	}
	return nil
}

func (p *purse) Text(bytes int) error { return p.Count(0, bytes) }
func (p *purse) MaxText() int         { return math.MaxInt }
func (p *purse) Left() int            { return p.steps }
func (p *purse) Stopped() bool        { return false }

func TestMatches(t *testing.T) {
	tests := []struct {
		re, s string
		want  bool
	}{
		{`2\d{2}`, "200", true}, {`2\d{2}`, "2000", false}, {``, "", true}, {``, "x", false}, {`.*`, "a\nb", false}, {`(?s).*`, "a\nb", true},
		{`[^a]`, "\n", true}, {`\Qa.b\E`, "a.b", true}, {`\Qa.b\E`, "axb", false}, {`[a-z0-9_.-]+`, "a-b.c_9", true}, {`(?i)ABC`, "abc", true},
		{`\p{Alpha}+`, "abc", true}, {`\x41\u0042`, "AB", true}, {`a|ab`, "ab", true}, {`[.]`, ".", true}, {`]`, "]", true}, {`}`, "}", true},
		{`[\[\]]+`, "[]", true}, {`(?<n>a)b`, "ab", true}, {`^a$`, "a", true}, {`[a-]+`, "a-", true}, {`\/`, "/", true},
		{`(?!4)\d+`, "500", true}, {`(?!4)\d+`, "400", false}, {`.*(?<=ab)c`, "xabc", true}, {`.*(?<!ab)c`, "xabc", false}, {`(?=.*b)a+.`, "aab", true},
		{`(a|b)\1`, "aa", true}, {`(a|b)\1`, "ab", false}, {`(?>a|ab)c`, "abc", false}, {`(?<x>a)(b)\2`, "abb", true}, {`(?i)(a)\1`, "aA", true},
	}
	for _, tt := range tests {
		re, err := Compile(tt.re)
		if err != nil {
			t.Errorf("%s: %v", tt.re, err)
			continue
		}
		if got, err := re.Matches(free{}, tt.s); err != nil || got != tt.want {
			t.Errorf("%q matches %q: %v, error %v", tt.s, tt.re, got, err)
		}
		if got, err := re.MatchWhole(tt.s); err != nil || got != tt.want {
			t.Errorf("%q matches %q: %v, error %v", tt.s, tt.re, got, err)
		}
	}
	for _, re := range []string{`a++`, `a?+`, `\1`, `(a\1)`, `(a)\10`, `(?<=a*)b`, `(?<=a{1,})b`, `(?<=(a))b`, `(?=a)*b`, `(?<n>a)\k<n>`, `(?=a)(b*)*`, `[a&&b]`, `[a[b]]`, `*a`, `(`, `)`, `[`, `a{`, `\`, `\y`, `(?m)a`, `[]a]`, `[z-a]`, `a**`, `\p{Foo}`} {
		if _, err := Compile(re); err == nil {
			t.Errorf("%s compiles", re)
		}
	}
}

func TestReplace(t *testing.T) {
	ten := strings.Repeat("(.)", 10)
	for _, tt := range []struct{ re, s, repl, all, first string }{
		{"a", "banana", "o", "bonono", "bonana"},
		{"x*", "abc", "-", "-a-b-c-", "-abc"},
		{"(a)(n)", "banana", "$2$1", "bnanaa", "bnaana"},
		{"(?<first>a)n", "banana", "<${first}>", "b<a><a>a", "b<a>ana"},
		// A digit belongs to the group's number only where there is such a group.
		{"(a)", "banana", "$10", "ba0na0na0", "ba0nana"},
		{ten, "0123456789", "$10", "9", "9"},
		{ten, "0123456789", "$100", "90", "90"},
		{ten + "()", "0123456789", "$11|", "|", "|"},
		{"a", "banana", `\$0`, "b$0n$0n$0", "b$0nana"},
		{"(a)|(b)", "ab", "[$2]", "[][b]", "[]b"},
		{"^a", "aab", "", "ab", "ab"},
		{`\ba`, "a ab ba", "x", "x xb ba", "x ab ba"},
	} {
		re, err := Compile(tt.re)
		if err != nil {
			t.Errorf("%s: %v", tt.re, err)
			continue
		}
		all, err := re.Replace(free{}, tt.s, tt.repl, true)
		if err != nil || all != tt.all {
			t.Errorf("%q.replaceAll(%q, %q): %q, error %v, want %q", tt.s, tt.re, tt.repl, all, err, tt.all)
		}
		first, err := re.Replace(free{}, tt.s, tt.repl, false)
		if err != nil || first != tt.first {
			t.Errorf("%q.replaceFirst(%q, %q): %q, error %v, want %q", tt.s, tt.re, tt.repl, first, err, tt.first)
		}
	}
	re, err := Compile("(a)")
	if err != nil {
		t.Fatal(err)
	}
	for _, repl := range []string{"$2", "$", "$x", "${1}", "${x", `\`} {
		if got, err := re.Replace(free{}, "a", repl, true); err == nil {
			t.Errorf("replaced by %q: %q", repl, got)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		re, s string
		limit int
		want  []string
	}{
		{",", "a,b,,", 0, []string{"a", "b"}},
		{",", "a,b,,", -1, []string{"a", "b", "", ""}},
		{",", "a,b,,", 2, []string{"a", "b,,"}},
		{",", ",a", 0, []string{"", "a"}},
		{"", "abc", 0, []string{"a", "b", "c"}},
		{",", "abc", 0, []string{"abc"}},
		{",", ",", 0, []string{}},
	} {
		re, err := Compile(tt.re)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := re.Split(free{}, tt.s, tt.limit); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%q.split(%q, %d): %q, error %v, want %q", tt.s, tt.re, tt.limit, got, err, tt.want)
		}
	}
}

// What is found again costs as much as the first time.
func TestMeter(t *testing.T) {
	const many = 1 << 30
	s := strings.Repeat("ab", 1000)
	re, err := Compile("(b)")
	if err != nil {
		t.Fatal(err)
	}
	p := &purse{many, many}
	if _, err := re.Replace(p, s, "$1$1", true); err != nil {
		t.Fatal(err)
	}
	steps, bytes := many-p.steps, many-p.bytes
	if steps < 1000 || bytes < 3000 {
		t.Errorf("1000 replacements in 2000 bytes cost %d steps and %d bytes", steps, bytes)
	}
	for _, tt := range []struct {
		purse purse
		want  error
	}{{purse{steps, bytes}, nil}, {purse{steps - 1, bytes}, errEmpty}, {purse{steps, bytes - 1}, errEmpty}} {
		p := tt.purse
		if _, err := re.Replace(&p, s, "$1$1", true); !errors.Is(err, tt.want) {
			t.Errorf("the kept replacement with %+v: error %v, want %v", tt.purse, err, tt.want)
		}
	}
	if _, err := re.Matches(&purse{3, many}, strings.Repeat("a", 1<<20)); err != nil {
		t.Errorf("the first character decides: %v", err)
	}
	re, err = Compile("a*b")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := re.Matches(&purse{3, many}, strings.Repeat("a", 1<<20)); !errors.Is(err, errEmpty) {
		t.Errorf("a million characters for three steps: error %v", err)
	}
}
