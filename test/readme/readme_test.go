// Package readme executes what the README and docs show, and follows their links.
package readme

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/openapi"
)

// shown returns the first fenced block of a page that contains a text.
func shown(t *testing.T, page, containing string) string {
	t.Helper()
	for _, b := range blocks(t, page) {
		if strings.Contains(b.text, containing) {
			return b.text
		}
	}
	t.Fatalf("%s has no block with %q", page, containing)
	return ""
}

// The documents of docs/openapi.md have the faults that are shown, and no others.
func TestDocuments(t *testing.T) {
	toFunction := func(*openapi.Operation) map[string]any { return map[string]any{} }
	for containing, tt := range map[string]struct {
		assignments []*openapi.Assignment
		want        string
	}{
		"get: {tags: [orders]}": {[]*openapi.Assignment{{By: openapi.ByTag, Name: "orders", Make: toFunction}, {By: openapi.ByOperation, Name: "getHealth", Make: toFunction}}, ""},
		"/orders/{order}:\n":    {nil, shown(t, "docs/openapi.md", "openapi.yaml:5: ")},
	} {
		document := shown(t, "docs/openapi.md", containing)
		t.Chdir(t.TempDir())
		if err := os.WriteFile("openapi.yaml", []byte(document), 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := openapi.File("openapi.yaml")
		if err != nil {
			t.Fatal(err)
		}
		_, faults := d.Plan(tt.assignments, openapi.Refuse)
		got := ""
		for _, f := range faults {
			got += f.Error() + "\n"
		}
		if got != tt.want {
			t.Errorf("got:\n%s\nshown:\n%s", got, tt.want)
		}
	}
}

// The incorrect one is refused in the words that are shown.
func TestIncorrectOne(t *testing.T) {
	config := shown(t, "README.md", "https://*.com")
	cfg := cors.Config{
		Origins:          []string{"https://app.example.com/", "http://shop.example.com", "https://*.com", "null"},
		AllowCredentials: true,
		Methods:          []string{"patch"},
	}
	for _, o := range append(cfg.Origins, cfg.Methods...) {
		if !strings.Contains(config, `"`+o+`"`) {
			t.Errorf("the README's policy has no %q: this test has another", o)
		}
	}
	_, err := cors.New(cfg)
	if err == nil || err.Error() != strings.TrimSpace(shown(t, "README.md", "invalid CORS policy")) {
		t.Errorf("cors.New says:\n%v", err)
	}
}

// The table of docs/corscheck.md has the words for the remarks of internal/plan that are no rule's.
func TestWarnings(t *testing.T) {
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `corsgate::([a-z-]+)`").FindAllStringSubmatch(text(t, "docs/corscheck.md"), -1) {
		listed[m[1]] = true
	}
	sources, err := filepath.Glob(filepath.Join(root, "internal/plan/*.go"))
	if err != nil {
		t.Fatal(err)
	}
	word := regexp.MustCompile(`(?:\.warn\([^,]+, |remark\(Warning, |Severity: Warning, Name: )"([a-z-]+)"`)
	made := map[string]bool{}
	for _, s := range sources {
		if strings.HasSuffix(s, "_test.go") {
			continue
		}
		b, err := os.ReadFile(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range word.FindAllStringSubmatch(string(b), -1) {
			made[m[1]] = true
		}
	}
	if !maps.Equal(listed, made) {
		t.Errorf("docs/corscheck.md lists %v, internal/plan has %v", slices.Sorted(maps.Keys(listed)), slices.Sorted(maps.Keys(made)))
	}
}
