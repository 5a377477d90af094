package version

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	set := []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-11-29T00:00:00Z"}, {Key: "vcs.modified", Value: "true"}}
	app := debug.Module{Path: "example.com/app", Version: "v9.0.0"}
	for _, tt := range []struct {
		build debug.BuildInfo
		want  string
		text  string
	}{
		{debug.BuildInfo{Main: debug.Module{Path: module, Version: "v1.2.3"}, Settings: set}, "v1.2.3", "corsgate v1.2.3\nrevision   abc (2026-11-29T00:00:00Z, with changes)\ngo "},
		{debug.BuildInfo{Main: debug.Module{Path: module, Version: "(devel)"}}, "devel", "corsgate devel\ngo "},
		{debug.BuildInfo{}, "devel", "corsgate devel\ngo "},
		// A CDK app that uses corsgate has a version and a revision of its own.
		{debug.BuildInfo{Main: app, Deps: []*debug.Module{{Path: module, Version: "v1.2.3"}}, Settings: set}, "v1.2.3", "corsgate v1.2.3\ngo "},
		{debug.BuildInfo{Main: app, Deps: []*debug.Module{{Path: module, Version: "v1.2.3", Replace: &debug.Module{Path: "../corsgate"}}}}, "devel", "corsgate devel\ngo "},
	} {
		info := of(&tt.build)
		if info.Version != tt.want {
			t.Errorf("%+v: version %q, want %q", tt.build, info.Version, tt.want)
		}
		var b strings.Builder
		if err := info.Write(&b); err != nil || !strings.HasPrefix(b.String(), tt.text) {
			t.Errorf("%+v: %v, %q, want it to begin with %q", tt.build, err, b.String(), tt.text)
		}
	}
}
