package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFaults(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"orgins: [https://app.example.com]", `line 1: unknown key "orgins"; known here: origins, apis, fail-on, suppressions and emits`},
		{"origins: []\napis:\n  Orders: {orgins: [x]}", `line 3: unknown key "orgins"; known here: origins`},
		{"suppressions:\n- {id: CORS107, reasn: x}", `line 2: unknown key "reasn"; known here: id, reason, stack and logicalId`},
		{"origins: https://app.example.com", "line 1: got a text, want a list"},
		{"emits: {a: b}", "line 1: got keys with values, want a list"},
		{"apis: [Orders]", "line 1: got a list, want keys with values"},
		{"fail-on: never", `line 1: fail-on is "never"; want error, warning or info`},
		{"origins:\n- https://app.example.com/", `line 2: invalid CORS policy`},
		{"apis:\n  Orders: {}", `line 2: the API Orders has no origins`},
		{"suppressions:\n- id: CORS999\n  reason: x", `line 2: no rule "CORS999"`},
		{"suppressions:\n- id: CORS107\n- id: CORS108\n  reason: ' '", "line 2: the suppression of CORS107 has no reason; line 3: the suppression of CORS108 has no reason"},
		{"origins: [", "line 1: did not find expected node content"},
		{"origins: []\norigins: []", `line 2: mapping key "origins" already defined at line 1`},
		{"{}\n---\n{}", "a second document"},
		{"<<: {suppressions: [{id: CORS101, reason: x}]}", "line 1: the merge key << is not read; write the keys out"},
		{"emits: [&s suppressions]\n*s : [{id: CORS101, reason: x}]", "line 2: the key *s is an alias; write the key out"},
		{"suppressions:\n- null\n- {id: CORS101, reason: x}", "line 2: an entry of the list is empty"},
		{"- a", "line 1: got a list, want keys with values"},
		{`"a\nb": x`, `line 1: unknown key "a\nb"; known here: origins`},
	} {
		f, faults := parse([]byte(tt.text))
		if got := strings.Join(faults, "; "); got == "" || !strings.Contains(got, tt.want) || strings.Contains(got, "\n") {
			t.Errorf("%q: %+v, %q, want %q", tt.text, f, got, tt.want)
		}
	}
	for _, text := range []string{"", "# nothing\n", "{}", "fail-on: info", "suppressions: [&a {id: CORS107, reason: x}, *a]"} {
		if _, faults := parse([]byte(text)); len(faults) > 0 {
			t.Errorf("%q: %q", text, faults)
		}
	}
}

func TestFind(t *testing.T) {
	top := t.TempDir()
	write := func(name string) string {
		t.Helper()
		path := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	outer, inner := write(Name), write("repository/app/"+Name)
	write("repository/.git/HEAD")
	write("repository/app/stack/main.go")
	write("plain/main.go")
	for dir, want := range map[string]string{
		"repository/app/stack": inner, "repository/app": inner, "plain": outer,
		"repository": "", // what is around a repository is not about it
	} {
		if got := Find(filepath.Join(top, dir)); got != want {
			t.Errorf("%s: %q, want %q", dir, got, want)
		}
	}
}

func TestSuppress(t *testing.T) {
	f, faults := parse([]byte("suppressions:\n- {id: CORS107, reason: a}\n- {id: CORS108, reason: b, stack: Shop}\n- {id: CORS109, reason: c, stack: Other}"))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if got := f.Suppress(nil); len(got) != 3 || got[2].Line != 4 {
		t.Errorf("%+v", got)
	}
	// One file may be for several apps.
	if got := f.Suppress([]string{"Shop"}); len(got) != 2 || got[1].ID != "CORS108" {
		t.Errorf("%+v", got)
	}
}

// FuzzParse holds that no file ends in a panic, and that one without a fault can be used.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"", "origins: [https://app.example.com]", "apis: {A: {origins: ['*']}}", "suppressions: &s\n- {id: CORS107, reason: x}\nemits: [a]", "<<: {emits: [a]}", "fail-on: error\n---\n", "? *a\n: b"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, faults := parse(text)
		if len(faults) > 0 {
			return
		}
		if _, err := file.Stated(); err != nil {
			t.Errorf("%q has no fault, and %v", text, err)
		}
		for _, s := range file.Suppress(nil) {
			if s.Line == 0 || s.Reason == "" {
				t.Errorf("%q: %+v", text, s)
			}
		}
	})
}
