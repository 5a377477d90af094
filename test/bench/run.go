//go:build ignore

// Run measures what package bench measures:
//
//	go run test/bench/run.go --help
package main

import "github.com/corsgate/corsgate/test/bench"

func main() { bench.Main() }
