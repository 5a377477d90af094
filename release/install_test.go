package release

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"

	"github.com/corsgate/corsgate/internal/testkit/need"
)

// TestGoInstall installs the commit as `go install` and `go get -tool` would: from a module proxy, which is a folder here.
func TestGoInstall(t *testing.T) {
	need.Programs(t, "git")
	const path, tool = "github.com/corsgate/corsgate", "github.com/corsgate/corsgate/apps/corsgate"
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	// What is in the module cache of a version never changes, so each commit has one of its own.
	version := "v0.0.0-20000101000000-" + run(t, root, nil, "git", "rev-parse", "HEAD")[:12]
	proxy := t.TempDir()
	at := filepath.Join(proxy, filepath.FromSlash(path), "@v")
	if err := os.MkdirAll(at, 0o777); err != nil {
		t.Fatal(err)
	}
	clone := filepath.Join(t.TempDir(), "clone") // a working copy of another's repository is none to package zip
	run(t, root, nil, "git", "clone", "--quiet", "--shared", "--no-checkout", root, clone)
	out, err := os.Create(filepath.Join(at, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	if err := zip.CreateFromVCS(out, module.Version{Path: path, Version: version}, clone, "HEAD", ""); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	mod := run(t, root, nil, "git", "show", "HEAD:go.mod")
	for name, text := range map[string]string{version + ".mod": mod, version + ".info": `{"Version": "` + version + `"}`, "list": version + "\n"} {
		if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	cache := strings.TrimSpace(run(t, root, nil, "go", "env", "GOMODCACHE"))
	t.Cleanup(func() {
		clear(t, filepath.Join(cache, filepath.FromSlash(path)+"@"+version))
		for _, ending := range []string{"zip", "ziphash", "mod", "info", "lock"} {
			os.Remove(filepath.Join(cache, "cache", "download", filepath.FromSlash(path), "@v", version+"."+ending))
		}
	})
	bin, empty := t.TempDir(), t.TempDir()
	env := []string{"GOPROXY=file://" + filepath.ToSlash(proxy) + "," + strings.TrimSpace(run(t, root, nil, "go", "env", "GOPROXY")), "GONOSUMDB=" + path, "GOBIN=" + bin, "GOFLAGS=", "GOWORK=off"}
	run(t, empty, env, "go", "install", tool+"@"+version)
	installed, err := os.ReadDir(bin)
	if err != nil || len(installed) != 1 || !strings.HasPrefix(installed[0].Name(), "corsgate") {
		t.Fatalf("%v: %v are installed, want corsgate alone", err, installed)
	}
	if got := run(t, empty, nil, filepath.Join(bin, installed[0].Name()), "version"); !strings.HasPrefix(got, "corsgate "+version+"\n") {
		t.Errorf("it is %q, want %s", got, version)
	}
	run(t, empty, env, "go", "mod", "init", "example.com/app")
	run(t, empty, env, "go", "get", "-tool", tool+"@"+version)
	if got := run(t, empty, env, "go", "tool", "corsgate", "--version"); !strings.HasPrefix(got, "corsgate "+version+"\n") {
		t.Errorf("go tool corsgate is %q, want %s", got, version)
	}
}

// clear removes a folder of the module cache, where nothing can be written to.
func clear(t *testing.T, dir string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o755)
		}
		return err
	})
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}
