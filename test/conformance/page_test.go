package conformance

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/conformance.md anew")

// TestPage holds docs/conformance.md against what the recordings of testdata say today.
func TestPage(t *testing.T) {
	name := filepath.Join("..", "..", "docs", "conformance.md")
	want := page(outcomes(t, "testdata"))
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the recordings say; go test ./test/conformance -run TestPage -update writes it", name)
	}
}

// TestDigest holds the digest that `corsgate version` prints against the recordings.
func TestDigest(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	sum := sha256.New()
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(sum, "%s %d\n", filepath.Base(f), len(b))
		sum.Write(b)
	}
	name, want := filepath.Join("..", "..", "internal", "version", "recordings.sha256"), hex.EncodeToString(sum.Sum(nil))+"\n"
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != want {
		t.Errorf("%s is not the digest of the recordings (%v); go test ./test/conformance -run TestDigest -update writes it", name, err)
	}
}

func page(all []outcome) string {
	var b strings.Builder
	var passed, differ, apart int
	for _, o := range all {
		switch {
		case o.apart != "":
			apart++
		case len(o.faults) == 0:
			passed++
		default:
			differ++
		}
	}
	fmt.Fprintf(&b, `<!-- Generated: go test ./test/conformance -run TestPage -update -->

# What the model is compared with

There is one line for each recorded fact about the real API Gateway: whether the fact holds in the model, the fact, its source, and the
date on which the test was run against AWS. The sources are tests of [LocalStack](https://github.com/localstack/localstack), unless a line says
otherwise; [the recordings](../test/conformance/testdata/README.md) have the details. [How far to trust the model](fidelity.md) lists what is
not recorded.

%d facts hold in the model, and %d do not. %d are not counted, each with the reason.
`, passed, differ, apart)
	file, calls := "", 0
	for _, o := range all {
		if o.apart == refused {
			calls++
			continue
		}
		if o.file != file {
			file = o.file
			fmt.Fprintf(&b, "\n## %s\n\n| | fact | source |\n|---|---|---|\n", strings.TrimSuffix(file, ".json"))
		}
		verdict := "holds"
		switch {
		case o.apart != "" && o.run && len(o.faults) == 0:
			verdict = "not counted, holds: " + o.apart
		case o.apart != "":
			verdict = "not counted: " + o.apart
		case len(o.faults) > 0:
			verdict = "**differs**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(verdict), cell(o.What), cell(strings.TrimPrefix(o.Source, "tests/aws/services/")))
	}
	fmt.Fprintf(&b, "\n## validation\n\nNot counted, %d facts: %s.\n", calls, refused)
	return b.String()
}

// cell makes a text one that a cell of a table can have.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;", "*/*", "`*/*`").Replace(s)
}
