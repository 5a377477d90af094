//go:build !linux && !freebsd

package wrapper

import "os/exec"

// dieWithParent does nothing: this kernel cannot do it.
func dieWithParent(*exec.Cmd) {}
