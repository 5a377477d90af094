// Package need decides what a test does without a program that it needs: on a developer's machine it is skipped, and in CI, where
// every test runs, it fails.
package need

import (
	"os"
	"os/exec"
	"testing"
)

// Programs skips the test if one of the programs is not on the PATH. In CI it fails the test.
func Programs(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			Skip(t, err)
		}
	}
}

// Skip skips the test, for a reason. In CI it fails the test.
func Skip(t testing.TB, reason any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}
