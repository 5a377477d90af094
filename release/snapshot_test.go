//go:build snapshot && linux

package release

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestSnapshot has goreleaser, which has to be installed, build every platform into dist, and makes the packages of it.
// It is not part of other runs: goreleaser takes ten minutes of a processor to compile, and the programs as long.
//
//	go test -tags snapshot -timeout 60m ./release -run Snapshot
func TestSnapshot(t *testing.T) {
	run(t, "..", nil, "goreleaser", "check", "release/goreleaser.yaml")
	run(t, "..", []string{"GOFLAGS="}, "goreleaser", "release", "-f", "release/goreleaser.yaml", "--snapshot", "--clean")
	const version = "0.0.0-dev.0"
	out := strings.Fields(run(t, "..", nil, "go", "run", "release/pack.go", "-version", version))
	if want := 2*len(Targets) + 2; len(out) != want {
		t.Errorf("%d packages, want %d: %q", len(out), want, out)
	}
	for _, target := range Targets {
		name := filepath.Join("../dist", "corsgate_"+version+"_"+target.GOOS+"_"+target.GOARCH)
		archive := name + ".tar.gz"
		if target.GOOS == "windows" {
			archive = name + ".zip"
		}
		sums, err := os.ReadFile("../dist/checksums.txt")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(archive); err != nil || !strings.Contains(string(sums), "  "+filepath.Base(archive)+"\n") {
			t.Errorf("%s: %v; checksums:\n%s", archive, err, sums)
		}
		var sbom struct{ Components []struct{ Name string } }
		b, err := os.ReadFile(name + ".cdx.json")
		if err == nil {
			err = json.Unmarshal(b, &sbom)
		}
		if err != nil || !strings.Contains(string(b), `"github.com/alecthomas/kong"`) || len(sbom.Components) < 10 {
			t.Errorf("%s.cdx.json: %v, %d components", name, err, len(sbom.Components))
		}
	}

	// What the container has runs with nothing around it. Where there is no Docker, this is all that is known of the container.
	root := t.TempDir()
	for from, to := range map[string]string{"dist/container/linux_amd64/corsgate": "corsgate", "dist/container/LICENSE": "LICENSE", "test/templates/catalog.template.json": "work/template.json"} {
		b, err := os.ReadFile("../" + from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, to)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, to), b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("/corsgate", "check")
	cmd.Dir, cmd.Env = "/work", []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Cloneflags: syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "0 errors, 0 warnings") {
		t.Errorf("in the container: %v, %s", err, out)
	}
}
