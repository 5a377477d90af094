//go:build !unix

package wrapper

import (
	"errors"
	"os"
	"os/exec"
)

// forwarded are the signals that the runtime gets.
var forwarded = []os.Signal{os.Interrupt}

// replace runs command and ends as it does: a process cannot be replaced here.
func replace(command []string) error {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var ended *exec.ExitError
	if err == nil || errors.As(err, &ended) {
		os.Exit(exit(cmd.ProcessState))
	}
	return err
}

// exit ends as the runtime did.
func exit(state *os.ProcessState) int { return state.ExitCode() }
