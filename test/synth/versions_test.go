package synth

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestVersions requires that CI runs these tests with the linked version of the
// CDK, or with an older and a newer one: go.mod has the oldest that it runs them
// with, .ci/awscdk-newest the newest. The README names both.
func TestVersions(t *testing.T) {
	const module = "github.com/aws/aws-cdk-go/awscdk/v2"
	read := func(file string) string {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	required := regexp.MustCompile(regexp.QuoteMeta(module) + ` (\S+)`).FindStringSubmatch(read("../../go.mod"))
	if required == nil {
		t.Fatalf("go.mod does not require %s", module)
	}
	oldest, newest := required[1], strings.TrimSpace(read("../../.ci/awscdk-newest"))
	// It is not go.mod's where GOFLAGS has -modfile, as in CI for the newest.
	linked, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", module).Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := tested(strings.TrimSpace(string(linked)), oldest, newest); err != nil {
		t.Error(err)
	}
	if line := fmt.Sprintf("awscdk %s to %s", oldest, newest); !strings.Contains(read("../../README.md"), line) {
		t.Errorf("README.md does not have %q", line)
	}
}

func TestVersionsOutOfRange(t *testing.T) {
	for linked, want := range map[string]string{
		"v2.270.0":  "",
		"v2.276.3":  "",
		"v2.277.0":  "",
		"v2.277.1":  "awscdk v2.277.1 is newer than v2.277.0, the newest that is tested",
		"v2.278.0":  "awscdk v2.278.0 is newer than v2.277.0, the newest that is tested",
		"v2.1000.0": "awscdk v2.1000.0 is newer than v2.277.0, the newest that is tested",
		"v2.269.9":  "awscdk v2.269.9 is older than v2.270.0, the oldest that is tested",
		"v3.0.0":    `the version of awscdk is "v3.0.0", want v2.MINOR.PATCH`,
		"":          `the version of awscdk is "", want v2.MINOR.PATCH`,
	} {
		err := tested(linked, "v2.270.0", "v2.277.0")
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %q", linked, err, want)
		}
	}
}

// tested returns an error if a version of the CDK is outside the tested range.
func tested(linked, oldest, newest string) error {
	var numbers [3][2]int // the minor and the patch version of each
	for i, v := range []string{linked, oldest, newest} {
		if _, err := fmt.Sscanf(v, "v2.%d.%d", &numbers[i][0], &numbers[i][1]); err != nil {
			return fmt.Errorf("the version of awscdk is %q, want v2.MINOR.PATCH", v)
		}
	}
	switch {
	case slices.Compare(numbers[0][:], numbers[2][:]) > 0:
		return fmt.Errorf("awscdk %s is newer than %s, the newest that is tested: write %[1]s to .ci/awscdk-newest and to the README, and run .ci/run", linked, newest)
	case slices.Compare(numbers[0][:], numbers[1][:]) < 0:
		return fmt.Errorf("awscdk %s is older than %s, the oldest that is tested: require %[2]s or newer", linked, oldest)
	}
	return nil
}
