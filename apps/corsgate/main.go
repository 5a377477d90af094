// Command corsgate says what a browser would do with a REST API on Amazon API Gateway, and why.
// Run `corsgate --help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/corsgate/corsgate/apps/corsgate/internal/cli"
)

func main() {
	end := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // by nohup, which means that a closed terminal is no end
		end = append(end, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), end...)
	defer stop()
	os.Exit(cli.Command{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}.Run(ctx, os.Args[1:]))
}
