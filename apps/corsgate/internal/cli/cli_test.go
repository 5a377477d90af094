package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

var update = flag.Bool("update", false, "write the expectations in the scripts anew")

// program is the tool's name in scripts, out of the way of the command that looks at its exit status.
const program = "corsgate-program"

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		program: func() {
			os.Exit(Command{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}.Run(context.Background(), os.Args[1:]))
		},
	})
}

// TestScripts runs the scripts in testdata. Beside the commands of testscript they have
//
//	corsgate STATUS ARGUMENT...
//
// which runs the tool and wants this exit status,
//
//	edit FILE NEW [OLD TEXT]...
//
// which writes a file with texts replaced, and
//
//	without FILE NEW ID...
//
// which writes a template without some of its resources, named by their logical ids or, gateway responses, by their type.
// The templates that test/synth keeps are in the working folder. $API is the address of the catalog's stage, served over TLS
// with functions that respond as those with corslambda do.
func TestScripts(t *testing.T) {
	templates, err := filepath.Abs("../../../../test/templates")
	if err != nil {
		t.Fatal(err)
	}
	standIn := simulate.NotRun(model.App(t, raw(t, catalog)))
	api := serving(t, catalog, standIn)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("API", api)
			// The name of the folder would be in messages, so the templates are in the script's own.
			files, err := filepath.Glob(filepath.Join(templates, "*.json"))
			for _, f := range files {
				b, err := os.ReadFile(f)
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(e.WorkDir, filepath.Base(f)), b, 0o666); err != nil {
					return err
				}
			}
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"edit": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) < 4 || len(args)%2 != 0 {
					ts.Fatalf("usage: edit FILE NEW [OLD TEXT]...")
				}
				text := ts.ReadFile(args[0])
				for i := 2; i < len(args); i += 2 {
					if !strings.Contains(text, args[i]) {
						ts.Fatalf("%s does not have %s", args[0], args[i])
					}
					text = strings.ReplaceAll(text, args[i], args[i+1])
				}
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o666))
			},
			"without": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) < 3 {
					ts.Fatalf("usage: without FILE NEW ID...")
				}
				var template struct{ Resources map[string]map[string]any }
				ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &template))
				for _, id := range args[2:] {
					n := len(template.Resources)
					maps.DeleteFunc(template.Resources, func(key string, r map[string]any) bool {
						properties, _ := r["Properties"].(map[string]any)
						return key == id || properties["ResponseType"] == id
					})
					if len(template.Resources) == n {
						ts.Fatalf("%s does not have %s", args[0], id)
					}
				}
				b, err := json.Marshal(template)
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o666))
			},
			"corsgate": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) < 2 {
					ts.Fatalf("usage: corsgate STATUS ARGUMENT...")
				}
				want, err := strconv.Atoi(args[0])
				ts.Check(err)
				err = ts.Exec(program, args[1:]...)
				got := 0
				var exit *exec.ExitError
				switch {
				case errors.As(err, &exit):
					got = exit.ExitCode()
				case err != nil:
					ts.Fatalf("%v", err)
				}
				if got != want {
					ts.Fatalf("corsgate %s: exit status %d, want %d", strings.Join(args[1:], " "), got, want)
				}
			},
		},
	})
}
