package vtl

import (
	"fmt"
	"testing"
)

// overridden evaluates a template with overrides, and returns what it prints, or why it fails.
func overridden(t *testing.T, o *Overrides, text string) string {
	t.Helper()
	tm, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	context := NewMap()
	o.Into(context)
	out, err := tm.Eval(&Env{Vars: map[string]any{"context": context}})
	if err != nil {
		return err.Error()
	}
	return out
}

const show = `$context.responseOverride $context.requestOverride`

// A copy of overrides reads as they do, refuses what they refuse, and neither sees what is set in the other.
func TestCopyOfOverrides(t *testing.T) {
	const set = `#set($context.responseOverride.status = 201)#set($context.responseOverride.header.A = "1")#set($context.requestOverride.header.B = $none)#set($context.requestOverride.path.c = 1.5)#set($context.requestOverride.querystring.d = true)`
	o := NewOverrides()
	overridden(t, o, set)
	c, ok := o.Copy()
	if !ok {
		t.Fatal("plain values are not copied")
	}
	was := overridden(t, o, show)
	if got := overridden(t, c, show); got != was || len(o.set) < 4 {
		t.Errorf("copied %s of %s, %d set", got, was, len(o.set))
	}
	for _, twice := range []string{`#set($context.responseOverride.status = 202)`, `#set($context.responseOverride.header.a = "2")`, `#set($context.requestOverride.path.c = 2)`, `#set($context.responseOverride.header = {})`, `#set($context.responseOverride = {})`} {
		if got, want := overridden(t, c, twice), overridden(t, o, twice); got != want || want == "" {
			t.Errorf("%s: %q of a copy, want %q", twice, got, want)
		}
	}
	for i, pair := range [][2]*Overrides{{c, o}, {o, c}} {
		before := overridden(t, pair[1], show)
		overridden(t, pair[0], fmt.Sprintf(`#set($context.responseOverride.header.N%d = "x")#set($context.requestOverride.querystring.N%[1]d = "x")#set($context.responseOverride.n%[1]d = 1)$!context.requestOverride.header.remove("B")`, i))
		if got := overridden(t, pair[1], show); got != before {
			t.Errorf("%d: what is set in one is seen in the other: %s, want %s", i, got, before)
		}
		if again := fmt.Sprintf(`#set($context.responseOverride.header.N%d = "y")`, i); overridden(t, pair[1], again) != "" {
			t.Errorf("%d: what is set in one is refused in the other", i)
		}
	}
}

// Overrides that hold more than plain values are not copied: two exchanges would share them.
func TestOverridesThatAreNotCopied(t *testing.T) {
	for name, text := range map[string]string{
		"list":               `#set($context.responseOverride.header.A = [1, 2])`,
		"map":                `#set($context.responseOverride.header.A = {"a": 1})`,
		"range":              `#set($context.requestOverride.path.a = [1..3])`,
		"beside the headers": `#set($context.responseOverride.other = {"a": 1})`,
		"headers elsewhere":  `#set($context.responseOverride.other = $context.responseOverride.header)`,
		"of the request":     `#set($context.responseOverride.header.A = $context.requestOverride.header)`,
		"removed":            `#set($x = $context.responseOverride.remove("header"))`,
		"class":              `#set($s = "a")#set($context.responseOverride.header.A = $s.getClass())`,
	} {
		o := NewOverrides()
		before := overridden(t, o, show)
		failed := overridden(t, o, text)
		if _, ok := o.Copy(); ok {
			t.Errorf("%s is copied (%q; before %s, after %s)", name, failed, before, overridden(t, o, show))
		}
	}
}
