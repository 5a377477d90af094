package walls

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestPrograms holds which programs there are to install: the tool, the wrapper with what writes its layer, and the example.
// What only tests run is under testdata, or is built by its file's name.
func TestPrograms(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{if eq .Name "main"}}{{.ImportPath}}{{end}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"apps/catalog", "apps/catalog/handler", "apps/corsgate", "apps/corswrap", "apps/corswrap/build"}
	if got := strings.Fields(strings.ReplaceAll(string(out), module, "")); !slices.Equal(got, want) {
		t.Errorf("programs are %q, want %q", got, want)
	}
	// Those built by name have to compile.
	for _, file := range []string{"test/bench/run.go"} {
		if out, err := exec.Command("go", "vet", "../../"+file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", file, err, out)
		}
	}
}
