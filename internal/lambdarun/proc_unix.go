//go:build unix

package lambdarun

import (
	"os/exec"
	"syscall"
)

// own puts the process that cmd will start at the head of a process group: it
// can be ended with all it starts, and the terminal's Ctrl-C goes to the parent
// alone, which ends it in order.
func own(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
}

// terminate asks the group of pid to end.
func terminate(pid int) { syscall.Kill(-pid, syscall.SIGTERM) }

// kill ends the group of pid. It is also called when its head has just been
// waited for, for what that has left behind. While the group has a member no
// other process is given its number; without one, the moment is too short for
// the numbers to come round again.
func kill(pid int) { syscall.Kill(-pid, syscall.SIGKILL) }
