//go:build unix

package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/testkit/need"
)

// TestShells holds that each shell completes with its script. The program is the tests' own.
func TestShells(t *testing.T) {
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// testscript runs a program of this name where the tests' binary is called by it.
	if err := os.Symlink(self, filepath.Join(bin, program)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "corsgate"), []byte("#!/bin/sh\nexec "+program+" \"$@\"\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Abs("completion")
	if err != nil {
		t.Fatal(err)
	}
	for shell, script := range map[string]string{
		"bash": `. "$SCRIPTS/corsgate.bash"; COMP_LINE=$LINE; COMP_POINT=${#LINE}; _corsgate; printf '%s\n' "${COMPREPLY[@]}"`,
		// What zsh's completion would have set and called.
		"zsh":  `compdef() { }; compadd() { shift; print -l -- ${(P)1} }; _files() { }; . "$SCRIPTS/corsgate.zsh"; words=("${(@s: :)LINE}"); CURRENT=${#words}; _corsgate`,
		"fish": `source "$SCRIPTS/corsgate.fish"; complete -C "$LINE"`,
	} {
		t.Run(shell, func(t *testing.T) {
			need.Programs(t, shell)
			for line, want := range map[string]string{"corsgate che": "check", "corsgate check --form": "--format", "corsgate check --format mark": "markdown", "corsgate rules CORS10": "CORS101"} {
				cmd := exec.Command(shell, "-c", script)
				cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "SCRIPTS="+scripts, "LINE="+line, "HOME="+bin, "XDG_CONFIG_HOME="+bin, "XDG_DATA_HOME="+bin)
				out, err := cmd.CombinedOutput()
				if lines := strings.Fields(string(out)); err != nil || len(lines) == 0 || lines[0] != want {
					t.Errorf("%s: %v, %q, want %s", line, err, out, want)
				}
			}
		})
	}
}
