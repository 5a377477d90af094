package cli

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
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
// which runs the tool and wants this exit status. The templates that test/synth keeps are in the working folder.
func TestScripts(t *testing.T) {
	templates, err := filepath.Abs("../../../../test/templates")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
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
