//go:build unix

package cfn

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A folder is read through its regular files; nothing waits for a pipe.
func TestIrregularFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.yaml": one})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{"zero.json": "/dev/zero", "gone.yaml": "nowhere", "linked.yaml": "pipe.yaml", "good.yaml": "a.yaml", "loop.yaml": "loop.yaml"}
	for from, to := range links {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	big, err := os.Create(filepath.Join(dir, "big.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := big.Truncate(200 << 20); err != nil { // sparse
		t.Fatal(err)
	}
	big.Close()
	if err := os.Mkdir(filepath.Join(dir, "folder.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	a, err := Open([]string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := `big.json: it is larger than the 10 MB that are read
gone.yaml: no such file or directory
linked.yaml: it is a named pipe, not a regular file
loop.yaml: too many levels of symbolic links
pipe.yaml: it is a named pipe, not a regular file
zero.json: it is a device, not a regular file`
	if got := strings.ReplaceAll(problems(a), dir+"/", ""); got != want || len(a.Stacks) != 2 {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
