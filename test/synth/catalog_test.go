package synth

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The catalog is a program: the CDK's command line runs it with the context in
// the environment, prints what it says and looks at its exit status.
func TestCatalogProgram(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "catalog")
	if out, err := exec.Command("go", "build", "-o", bin, "../../apps/catalog").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := func(context string) (out string, stderr string, status int) {
		t.Helper()
		out = filepath.Join(t.TempDir(), "cdk.out")
		cmd := exec.Command(bin)
		cmd.Dir = "../.."
		cmd.Env = append(os.Environ(), "CDK_OUTDIR="+out, "CDK_CONTEXT_JSON="+context)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() <= 0 {
			t.Fatal(err)
		}
		return out, errs.String(), cmd.ProcessState.ExitCode()
	}

	t.Run("an allowlist of one's own", func(t *testing.T) {
		for _, context := range []string{
			`{"corsgate:allowedOrigins": ["https://x.example", "https://y.example"]}`,
			`{"corsgate:allowedOrigins": "https://y.example, https://x.example"}`, // as -c gives it
		} {
			out, stderr, status := run(context)
			if status != 0 {
				t.Fatalf("exit status %d\n%s", status, stderr)
			}
			template, err := os.ReadFile(filepath.Join(out, "CatalogStack.template.json"))
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(template), "https://x.example,https://y.example"); n != 1 {
				t.Errorf("%s: the allowlist is in the template %d times, want once", context, n)
			}
		}
	})

	t.Run("a bad one", func(t *testing.T) {
		for context, want := range map[string][]string{
			`{"corsgate:allowedOrigins": ["https://x.example/", "null", "https://y.example"]}`: {
				`catalog: context corsgate:allowedOrigins: invalid CORS policy, 2 faults:`,
				`  - origin "https://x.example/": an origin has no path, so it would match nothing; remove the trailing slash: write "https://x.example"`,
				`  - origin "null": every sandboxed frame and local file has the origin null`,
			},
			`{"corsgate:allowedOrigins": []}`: {"the list is empty"},
			`{}`:                              {"it is not set; the CDK's command line sets it from cdk.json"},
			`{"corsgate:allowedOrigins": 7}`:  {"got 7, want a list of origins"},
			`{"corsgate:allowedOrigins": ["https://x.y", {}]}`: {"element 1 is map[]"},
		} {
			out, stderr, status := run(context)
			if status != 1 {
				t.Errorf("%s: exit status %d, want 1", context, status)
			}
			for _, w := range want {
				if !strings.Contains(stderr, w) {
					t.Errorf("%s: no %q in\n%s", context, w, stderr)
				}
			}
			message := 0
			for line := range strings.Lines(stderr) {
				switch {
				case strings.HasPrefix(line, "!!"): // a banner of the Node that runs the CDK
				case message == 0 && strings.HasPrefix(line, "catalog: "), message > 0 && strings.HasPrefix(line, "  - "):
					message++
				default:
					t.Errorf("%s: beside the one message: %q", context, line)
				}
			}
			if strings.Contains(stderr, "goroutine") || strings.Contains(stderr, "at Object.") {
				t.Errorf("%s: a stack trace:\n%s", context, stderr)
			}
			if files, _ := os.ReadDir(out); len(files) > 0 {
				t.Errorf("%s: %v was written", context, files)
			}
		}
	})
}
