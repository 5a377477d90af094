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
)

// block returns the first fenced block of the README that contains a text.
func block(t *testing.T, containing string) string {
	t.Helper()
	b, err := os.ReadFile("../../README.md")
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

// The whole program compiles.
func TestProgram(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(block(t, "package main")), 0o644); err != nil {
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

// The incorrect one is refused in the words that are shown.
func TestIncorrectOne(t *testing.T) {
	shown := block(t, "https://*.com")
	cfg := cors.Config{
		Origins:     []string{"https://app.example.com/", "http://shop.example.com", "https://*.com", "null"},
		Credentials: true,
		Methods:     []string{"patch"},
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
