//go:build unix && !linux && !freebsd

package lambdarun

import "syscall"

// dieWithParent does nothing: there is no such signal here. A process that is
// waiting for an event ends because the Runtime API is gone.
func dieWithParent(*syscall.SysProcAttr) {}
