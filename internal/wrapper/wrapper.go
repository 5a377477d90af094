// Package wrapper runs a Lambda function's runtime behind a Runtime API of its own,
// which puts the CORS headers of the stage's policy into the function's responses. It is
// the program of apps/corswrap; docs/design/0020-wrapper.md has its reasons.
package wrapper

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"time"
)

// Main runs command, the runtime's, until it ends, and returns the exit status.
func Main(command []string) int {
	logger := slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: lambdaKeys}))
	fail := func(status int, message string, err error) int {
		logger.Error("corsgate: "+message, "error", err.Error())
		return status
	}
	if len(command) == 0 {
		return fail(2, "no runtime was started", fmt.Errorf("it got no command: it is started by Lambda, where %s names it, with the runtime's", Variable))
	}
	if next := os.Getenv(Next); next != "" {
		command = slices.Insert(slices.Clone(command), 0, next)
		os.Unsetenv(Next) // it may start another program like this
	}
	upstream := os.Getenv(runtimeAPI)
	if os.Getenv(Off) == "1" || upstream == "" {
		err := replace(command)
		return fail(statusOf(err), "the runtime cannot be started", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fail(1, "no port of 127.0.0.1 can be listened at", err)
	}
	p := newProxy(upstream, logger)
	p.errorsAsResponses = os.Getenv(ErrorsAsResponses) == "1"
	p.links.Go(func() { p.serve(listener) })

	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), runtimeAPI+"="+listener.Addr().String())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	dieWithParent(cmd)
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, forwarded...)
	// The kernel takes the thread for the parent (https://go.dev/issue/27505).
	runtime.LockOSThread()
	if err := cmd.Start(); err != nil {
		return fail(statusOf(err), "the runtime cannot be started", err)
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s) // it may have ended
		}
	}()
	_ = cmd.Wait() // the outcome is in ProcessState
	// Its last words may be on the way.
	_ = listener.Close()
	done := make(chan struct{})
	go func() {
		p.links.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(2 * time.Second):
	}
	return exit(cmd.ProcessState)
}

// statusOf is the exit status of a shell that cannot start a program.
func statusOf(err error) int {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return 127
	}
	return 126
}

// lambdaKeys has a line's keys be those of Lambda's own JSON log format
// (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html).
func lambdaKeys(_ []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case slog.TimeKey:
		a.Key = "timestamp"
	case slog.MessageKey:
		a.Key = "message"
	}
	return a
}
