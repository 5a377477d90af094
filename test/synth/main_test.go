// Package synth tests the constructs from the outside: it synthesizes apps and
// looks at their templates. A jsii kernel serves one request at a time and takes
// seconds to start, so all CDK tests that need no real build stand here, and
// none of them is parallel.
package synth

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
)

func TestMain(m *testing.M) {
	if _, err := exec.LookPath("node"); err != nil {
		fmt.Println("skipping the CDK tests: they need node on the PATH (version 22 or later)")
		if os.Getenv("CI") != "" {
			os.Exit(1) // CI has the programs and skips nothing
		}
		return
	}
	// The kernel reads the environment when it starts, and the CDK's packages
	// start it when they are loaded: it has to start again.
	jsii.Close()
	if os.Getenv(validating) == "" {
		os.Setenv("CDK_VALIDATION", "false")
	}
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// A synthesis is what an app gave.
type synthesis struct {
	dir         string                    // the assembly
	templates   map[string]map[string]any // by stack
	files       map[string][]byte         // the templates as written
	annotations []string                  // "error /Path: text"
}

// synthesize builds an app and synthesizes it into a folder of its own.
func synthesize(t *testing.T, context map[string]any, build func(awscdk.App)) synthesis {
	t.Helper()
	out := t.TempDir()
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(out), Context: &context, AnalyticsReporting: jsii.Bool(false)})
	build(app)
	app.Synth(nil)
	return readAssembly(t, out)
}

func readAssembly(t *testing.T, dir string) synthesis {
	t.Helper()
	s := synthesis{dir: dir, templates: map[string]map[string]any{}, files: map[string][]byte{}}
	files, err := filepath.Glob(filepath.Join(dir, "*.template.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no template in %s: %v", dir, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var template map[string]any
		if err := json.Unmarshal(b, &template); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".template.json")
		s.templates[name], s.files[name] = template, b
	}
	s.annotations = readAnnotations(t, dir)
	return s
}

// readAnnotations takes corsgate's remarks out of the assembly's metadata, from
// where the CDK's command line prints them.
func readAnnotations(t *testing.T, dir string) []string {
	t.Helper()
	type entry struct {
		Type string `json:"type"`
		Data any    `json:"data"`
	}
	var out []string
	add := func(metadata map[string][]entry) {
		for path, entries := range metadata {
			for _, e := range entries {
				kind, ok := strings.CutPrefix(e.Type, "aws:cdk:")
				message := fmt.Sprint(e.Data)
				if ok && slices.Contains([]string{"info", "warning", "error"}, kind) && strings.HasPrefix(message, "corsgate: ") {
					out = append(out, fmt.Sprintf("%s %s: %s", kind, path, message))
				}
			}
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Artifacts map[string]struct {
			Metadata               map[string][]entry `json:"metadata"`
			AdditionalMetadataFile string             `json:"additionalMetadataFile"`
		} `json:"artifacts"`
	}
	if err := json.Unmarshal(b, &manifest); err != nil {
		t.Fatal(err)
	}
	for _, a := range manifest.Artifacts {
		add(a.Metadata)
		if a.AdditionalMetadataFile == "" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, a.AdditionalMetadataFile))
		if err != nil {
			t.Fatal(err)
		}
		var more map[string][]entry
		if err := json.Unmarshal(b, &more); err != nil {
			t.Fatal(err)
		}
		add(more)
	}
	slices.Sort(out)
	return out
}

// leaves flattens a template to path and value.
func leaves(template any) map[string]string {
	out := map[string]string{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, e := range v {
				walk(path+"/"+k, e)
			}
		case []any:
			for i, e := range v {
				walk(fmt.Sprintf("%s/%d", path, i), e)
			}
		default:
			out[path] = fmt.Sprint(v)
		}
	}
	walk("", template)
	return out
}

func policy(t testing.TB, cfg cors.Config) *cors.Policy {
	t.Helper()
	p, err := cors.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// two is the policy of tests that are not about policies.
func two(t testing.TB) *cors.Policy {
	return policy(t, cors.Config{
		Origins:        []string{"https://app.example.com", "https://*.preview.example.com"},
		RequestHeaders: []string{"content-type"},
	})
}
