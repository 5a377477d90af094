//go:build !unix

package lambdarun

import (
	"os"
	"os/exec"
)

// own does nothing: there are no process groups here.
func own(*exec.Cmd) {}

// terminate ends the process of pid: it cannot be asked to.
func terminate(pid int) { kill(pid) }

// kill ends the process of pid.
func kill(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		p.Kill()
		p.Release()
	}
}
