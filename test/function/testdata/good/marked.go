//go:build corsgate_mark

package main

import "os"

// A build tag of GOFLAGS must reach the build.
func init() { os.Stdout.WriteString("corsgate_mark is set") }
