//go:build unix

package lambdarun

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// there reports whether a process is, and is not a zombie waiting for somebody
// else's wait: what is left behind by a killed parent belongs to init.
func there(t testing.TB, pid string) bool {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatalf("no process id: %q", pid)
	}
	if syscall.Kill(n, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return runtime.GOOS != "linux"
	}
	// Its name is in parentheses and can hold anything.
	rest := string(stat[strings.LastIndex(string(stat), ")")+1:])
	return !strings.HasPrefix(strings.TrimSpace(rest), "Z")
}

func TestCloseEndsEverything(t *testing.T) {
	stubborn := Function{LogicalID: "Stubborn", Runtime: "provided.al2023", Timeout: patience, Code: Code{Path: t.TempDir()}}
	// Not to be asked, only made.
	write(t, "#!/bin/sh\ntrap '' TERM\necho pid $$\nwhile :; do sleep 1; done\n", stubborn.Code.Path, "bootstrap")
	p, log := newPool(t, Options{}, goFunction("Handler", nil), stubborn)
	pids := []string{body(t, invoke(t, p, "Handler", "/")), body(t, invoke(t, p, "Handler", "/child"))}
	if there(t, "2147483647") {
		t.Error("every process is there")
	}

	var wg sync.WaitGroup
	for id, path := range map[string]string{"Handler": "/hang", "Stubborn": "/"} {
		wg.Go(func() {
			_, err := p.Invoke(t.Context(), id, event(path, nil))
			refused(t, err, Closed, "function "+id+": it is being shut down")
		})
	}
	eventually(t, "both run", func() bool {
		return len(p.functions["Handler"].slots) == 1 && strings.Contains(log.String(), "Stubborn: pid ")
	})
	_, after, _ := strings.Cut(log.String(), "Stubborn: pid ")
	stubbornPID, _, _ := strings.Cut(after, "\n")
	pids = append(pids, stubbornPID)
	for _, pid := range pids {
		if !there(t, pid) {
			t.Errorf("process %s is not there", pid)
		}
	}

	dir := p.dir
	for range 3 {
		wg.Go(func() {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, pid := range pids {
		// The child's child is init's, or whoever is in its place, to wait for.
		eventually(t, "process "+pid+" is gone", func() bool { return !there(t, pid) })
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", dir, err)
	}
	_, err := p.Invoke(t.Context(), "Handler", event("/", nil))
	refused(t, err, Closed)
}

// A process that forks and ends does not leave what it forked.
func TestGroupEndsWithItsHead(t *testing.T) {
	p, _ := newPool(t, Options{}, goFunction("Handler", nil))
	child := body(t, invoke(t, p, "Handler", "/child"))
	fault(t, invoke(t, p, "Handler", "/exit"), "Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 1")
	eventually(t, "process "+child+" is gone", func() bool { return !there(t, child) })
}

// The parent is killed and can end nothing: this test is that parent, too.
func TestParentIsKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the kernel has no signal for this")
	}
	if os.Getenv("CORSGATE_TEST_PARENT") != "" {
		p, _ := newPool(t, Options{}, goFunction("Handler", nil))
		fmt.Printf("child %s\n", body(t, invoke(t, p, "Handler", "/")))
		p.Invoke(t.Context(), "Handler", event("/hang", nil))
		return
	}
	parent := exec.Command(os.Args[0], "-test.run=^TestParentIsKilled$", "-test.v")
	parent.Env = append(os.Environ(), "CORSGATE_TEST_PARENT=1", "TMPDIR="+t.TempDir())
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	child := ""
	for lines := bufio.NewScanner(out); child == "" && lines.Scan(); {
		child, _ = strings.CutPrefix(lines.Text(), "child ")
		if child == lines.Text() {
			child = ""
		}
	}
	if child == "" || !there(t, child) {
		t.Errorf("the child is not there: %q", child)
	}
	parent.Process.Kill()
	parent.Wait()
	if child != "" {
		eventually(t, "process "+child+" is gone", func() bool { return !there(t, child) })
	}
}
