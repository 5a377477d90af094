//go:build unix

package synth

import (
	"os/exec"
	"syscall"
)

// family has a command end with all it has started: an app is a shell, the go command, a program and Node.js.
func family(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
