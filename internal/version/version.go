// Package version has the version of corsgate: its release or revision, and the digests of the rules and recordings that
// its verdicts rest on.
package version

import (
	_ "embed"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/corsgate/corsgate/internal/rules"
)

// Info is what `corsgate version` prints.
type Info struct {
	// Version is the release, such as v1.2.3; a pseudo-version of Go for a build between releases; devel where the build has
	// no information about either.
	Version string `json:"version"`
	// Revision is the commit, and Time its time; empty where the build has none, as that of `go install ...@v1.2.3`.
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	// Modified is set if the working copy had changes.
	Modified bool `json:"modified,omitempty"`
	// Go and Platform are what it was built with and for.
	Go       string `json:"go"`
	Platform string `json:"platform"`
	// Rules and Recordings are SHA-256 digests: of the rules, and of the recordings of API Gateway that the model was held
	// against (test/conformance).
	Rules      string `json:"rules"`
	Recordings string `json:"recordings"`
}

// recordings is written by test/conformance.
//
//go:embed recordings.sha256
var recordings string

// Get returns the program's own.
func Get() Info {
	return of(build())
}

func build() *debug.BuildInfo {
	if b, ok := debug.ReadBuildInfo(); ok {
		return b
	}
	return &debug.BuildInfo{}
}

func of(build *debug.BuildInfo) Info {
	i := Info{Version: tag(build), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Rules: rules.Digest(), Recordings: strings.TrimSpace(recordings)}
	if own(build) != &build.Main {
		return i // the revision is that of another module
	}
	for _, s := range build.Settings {
		switch s.Key {
		case "vcs.revision":
			i.Revision = s.Value
		case "vcs.time":
			i.Time = s.Value
		case "vcs.modified":
			i.Modified = s.Value == "true"
		}
	}
	return i
}

// String returns the version alone, for SARIF and user agents.
func String() string {
	return tag(build())
}

// module is the one whose version is corsgate's.
const module = "github.com/corsgate/corsgate"

// own returns the module where it is the program's own, and where another program has it as a dependency.
func own(build *debug.BuildInfo) *debug.Module {
	for _, d := range build.Deps {
		if d.Path == module {
			if d.Replace != nil {
				return d.Replace
			}
			return d
		}
	}
	return &build.Main
}

func tag(build *debug.BuildInfo) string {
	if v := own(build).Version; v != "" && v != "(devel)" {
		return v
	}
	return "devel"
}

// Write prints it, a line for each thing.
func (i Info) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "corsgate %s\n", i.Version)
	if i.Revision != "" {
		changes := ""
		if i.Modified {
			changes = ", with changes"
		}
		fmt.Fprintf(&b, "revision   %s (%s%s)\n", i.Revision, i.Time, changes)
	}
	fmt.Fprintf(&b, "go         %s %s\nrules      %s\nrecordings %s\n", i.Go, i.Platform, i.Rules, i.Recordings)
	_, err := io.WriteString(w, b.String())
	return err
}
