//go:build unix

package main

import (
	"bufio"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestMain has the tests' binary be corsgate where it is told to.
func TestMain(m *testing.M) {
	if os.Getenv("CORSGATE_TEST_MAIN") != "" {
		main()
	}
	os.Exit(m.Run())
}

// TestSignals holds that serve ends in an orderly way on each signal that ends programs, a closed terminal's too: what it
// has started would go on otherwise.
func TestSignals(t *testing.T) {
	template, err := filepath.Abs("../../test/templates/catalog.template.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if signal.Ignored(s) {
			continue // as under nohup: it is then ignored in what is started, and has to be
		}
		cmd := exec.Command(os.Args[0], "serve", "--template", template, "--app", t.TempDir(), "--listen", "127.0.0.1:0", "--page-listen", "127.0.0.1:0")
		cmd.Env = append(os.Environ(), "CORSGATE_TEST_MAIN=1")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Error(err)
		}
		if err := cmd.Process.Signal(s); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v, want exit status 0", s, err)
		}
		timer.Stop()
	}
}
