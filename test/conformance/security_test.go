package conformance

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityPage holds that the counts in SECURITY.md are true.
func TestSecurityPage(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	facts := regexp.MustCompile(`(?m)^(\d+) facts hold in the model, and 0 do not`).FindStringSubmatch(read("docs/conformance.md"))
	pairs := regexp.MustCompile(`\bpairs = (\d+)000\n`).FindStringSubmatch(read("internal/diff/brute_test.go"))
	if facts == nil || pairs == nil {
		t.Fatal("the counts are not where they were")
	}
	fuzz := 0
	target := regexp.MustCompile(`(?m)^func Fuzz`)
	err := filepath.WalkDir("../..", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		b, err := os.ReadFile(name)
		fuzz += len(target.FindAll(b, -1))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	page := read("SECURITY.md")
	for _, want := range []string{facts[1] + " recorded facts", pairs[1] + ",000 random pairs", fmt.Sprintf("%d fuzz targets", fuzz)} {
		if !strings.Contains(page, want) {
			t.Errorf("SECURITY.md does not say %q", want)
		}
	}
}
