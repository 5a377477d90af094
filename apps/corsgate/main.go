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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Command{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}.Run(ctx, os.Args[1:]))
}
