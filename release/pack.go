//go:build ignore

// Pack makes the npm packages and the wheels of what goreleaser has built:
//
//	go run release/pack.go -version 1.2.3
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/corsgate/corsgate/release"
)

func main() {
	version := flag.String("version", "", "the release's `version`, such as 1.2.3; v1.2.3 is the same")
	dist := flag.String("dist", "dist", "goreleaser's `folder`")
	flag.Parse()
	license, err := os.ReadFile("LICENSE")
	if err == nil {
		var names []string
		names, err = release.Pack(*dist, strings.TrimPrefix(*version, "v"), filepath.Join(*dist, "packages"), license)
		fmt.Println(strings.Join(names, "\n"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}
