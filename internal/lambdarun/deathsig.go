//go:build linux || freebsd

package lambdarun

import "syscall"

// dieWithParent has the kernel kill the process when its parent is gone, however
// that came. The kernel takes the thread that started it for the parent,
// https://go.dev/issue/27505, so [Pool] starts all from one that stays.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
