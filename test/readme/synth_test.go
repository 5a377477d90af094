package readme

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/testkit/need"
)

// cdkCLI is the CDK's command line that the README and .ci/run name.
const cdkCLI = "aws-cdk@2.1148.1"

// TestSynth synthesizes the README's program with the CDK's command line, and holds what it prints of the mistake against the README.
func TestSynth(t *testing.T) {
	need.Programs(t, "npx")
	program := shown(t, "README.md", "package main")
	if out, err := synth(t, program); err != nil {
		t.Errorf("the program: %v\n%s", err, out)
	}
	const end, imported = "\n\tcorsapp.Synth(app)\n", "\t\"github.com/aws/jsii-runtime-go\"\n"
	mistake := strings.Replace(program, end, "\n\t"+shown(t, "README.md", "awslambda.NewFunction")+end, 1)
	mistake = strings.Replace(mistake, imported, "\t\"github.com/aws/aws-cdk-go/awscdk/v2/awslambda\"\n"+imported, 1)
	out, err := synth(t, mistake)
	if err == nil {
		t.Fatalf("the mistake is synthesized:\n%s", out)
	}
	const begin = "ERROR corsgate:" // in front of it is what it thinks of the version of Node.js
	_, got, _ := strings.Cut(out, begin)
	if want := shown(t, "README.md", begin); begin+strings.TrimRight(got, "\n")+"\n" != want {
		t.Errorf("%s prints\n%s\nthe README has\n%s", cdkCLI, out, want)
	}
	if !strings.Contains(text(t, "README.md"), "npx "+cdkCLI+" synth") || !strings.Contains(text(t, ".ci/run"), cdkCLI) {
		t.Errorf("the README and .ci/run are to name %s", cdkCLI)
	}
}

// synth returns what the CDK's command line prints of a program.
func synth(t *testing.T, program string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	file, overlay := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json")
	j, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, "readmeprograms", "app", "main.go"): file}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{file: program, overlay: string(j)} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("npx", "--yes", cdkCLI, "--app", "go run -overlay "+overlay+" ./readmeprograms/app", "--output", filepath.Join(dir, "cdk.out"), "synth", "--quiet")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	return string(out), err
}
