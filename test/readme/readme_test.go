// Package readme executes what the README shows.
package readme

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/openapi"
)

// readme is absolute, since a test changes the folder.
var readme, _ = filepath.Abs("../../README.md")

// block returns the first fenced block of the README that contains a text.
func block(t *testing.T, containing string) string {
	t.Helper()
	b, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(b), "```")
	for i := 1; i < len(parts); i += 2 {
		if strings.Contains(parts[i], containing) {
			_, text, _ := strings.Cut(parts[i], "\n")
			return text
		}
	}
	t.Fatalf("no block with %q", containing)
	return ""
}

// The whole programs compile.
func TestProgram(t *testing.T) {
	for _, containing := range []string{"corsapi.NewRestApi(", "corsapi.NewSpecRestApi("} {
		compiles(t, block(t, containing))
	}
}

func compiles(t *testing.T, program string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	b, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, "readmeprogram", "main.go"): file}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, b, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-overlay", overlay, "-o", os.DevNull, "./readmeprogram")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The documents have the faults that are shown, and no others.
func TestDocuments(t *testing.T) {
	toFunction := func(*openapi.Operation) map[string]any { return map[string]any{} }
	for containing, tt := range map[string]struct {
		assignments []*openapi.Assignment
		shown       string
	}{
		"get: {tags: [orders]}": {[]*openapi.Assignment{{By: openapi.ByTag, Name: "orders", Make: toFunction}, {By: openapi.ByOperation, Name: "getHealth", Make: toFunction}}, ""},
		"/orders/{order}:\n":    {nil, block(t, "openapi.yaml:5: ")},
	} {
		text := block(t, containing)
		t.Chdir(t.TempDir())
		if err := os.WriteFile("openapi.yaml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := openapi.File("openapi.yaml")
		if err != nil {
			t.Fatal(err)
		}
		_, faults := d.Plan(tt.assignments, openapi.Refuse)
		got := ""
		for _, f := range faults {
			got += "[Error at /Orders/Api] corsgate: " + f.Error() + "\n"
		}
		if got != tt.shown {
			t.Errorf("got:\n%s\nshown:\n%s", got, tt.shown)
		}
	}
}

// The incorrect one is refused in the words that are shown.
func TestIncorrectOne(t *testing.T) {
	shown := block(t, "https://*.com")
	cfg := cors.Config{
		Origins:          []string{"https://app.example.com/", "http://shop.example.com", "https://*.com", "null"},
		AllowCredentials: true,
		Methods:          []string{"patch"},
	}
	for _, o := range append(cfg.Origins, cfg.Methods...) {
		if !strings.Contains(shown, `"`+o+`"`) {
			t.Errorf("the README's policy has no %q: this test has another", o)
		}
	}
	_, err := cors.New(cfg)
	if err == nil || err.Error() != strings.TrimSpace(block(t, "invalid CORS policy")) {
		t.Errorf("cors.New says:\n%v", err)
	}
}

// What corscheck prints is what its test keeps.
func TestChecked(t *testing.T) {
	kept, err := os.ReadFile("../synth/testdata/checked-program.golden")
	if err != nil {
		t.Fatal(err)
	}
	if shown := block(t, "\nERROR CORS208"); !strings.Contains(string(kept), shown) {
		t.Errorf("corscheck does not print\n%s", shown)
	}
}
