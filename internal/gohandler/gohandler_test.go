package gohandler

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const fixtures = "test/function/testdata"

func fixture(name string) string { return fixtures + "/" + name }

// texts returns the faults one a line.
func texts(faults []*Fault) string {
	var b strings.Builder
	for _, f := range faults {
		b.WriteString(string(f.Reason) + ": " + f.Error() + "\n")
	}
	return b.String()
}

func mustBuild(t *testing.T, entry, goarch string) *Program {
	t.Helper()
	p, faults := Build(entry, goarch)
	if len(faults) > 0 {
		t.Fatalf("Build(%q, %q):\n%s", entry, goarch, texts(faults))
	}
	return p
}

func TestProgramIsForLambda(t *testing.T) {
	for goarch, machine := range map[string]elf.Machine{"arm64": elf.EM_AARCH64, "amd64": elf.EM_X86_64} {
		p := mustBuild(t, fixture("good"), goarch)
		f, err := elf.NewFile(bytes.NewReader(p.Code))
		if err != nil {
			t.Fatal(err)
		}
		if f.Machine != machine {
			t.Errorf("%s: machine %v, want %v", goarch, f.Machine, machine)
		}
		for _, prog := range f.Progs {
			if prog.Type == elf.PT_INTERP || prog.Type == elf.PT_DYNAMIC {
				t.Errorf("%s: not static: it has %v", goarch, prog.Type)
			}
		}
		for _, name := range []string{".symtab", ".debug_info", ".zdebug_info", ".note.go.buildid"} {
			if s := f.Section(name); s != nil && s.Size > 0 && (name != ".note.go.buildid" || s.Size > 16) {
				t.Errorf("%s: not stripped: it has %s", goarch, name)
			}
		}
		info, err := buildinfo.Read(bytes.NewReader(p.Code))
		if err != nil {
			t.Fatal(err)
		}
		settings := map[string]string{}
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
			if strings.HasPrefix(s.Key, "vcs") {
				t.Errorf("%s: the state of the repository is in it: %s=%s", goarch, s.Key, s.Value)
			}
		}
		for key, want := range map[string]string{"GOOS": "linux", "GOARCH": goarch, "CGO_ENABLED": "0", "-tags": "lambda.norpc", "-trimpath": "true"} {
			if settings[key] != want {
				t.Errorf("%s: %s=%q, want %q", goarch, key, settings[key], want)
			}
		}
		if bytes.Contains(p.Code, []byte("net/rpc")) {
			t.Errorf("%s: net/rpc is linked", goarch)
		}
	}
}

// The same source gives the same bytes from another directory, in a repository
// that is in another state, and twice.
func TestProgramIsReproducible(t *testing.T) {
	want := mustBuild(t, fixture("good"), "arm64")

	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	// Ask for what would put the repository's state into the program, and for
	// another system.
	t.Setenv("GOFLAGS", "-buildvcs=true")
	t.Setenv("GOOS", "darwin")
	t.Setenv("GOARCH", "riscv64")
	again, faults := build("good", filepath.Join(root, fixture("good")), "linux", "arm64")
	if len(faults) > 0 {
		t.Fatal(texts(faults))
	}
	if again.Sum != want.Sum {
		t.Errorf("a second build gives %s, the first gave %s", again.Sum, want.Sum)
	}

	copied := filepath.Join(t.TempDir(), "elsewhere")
	copyModule(t, root, copied)
	if git, err := exec.LookPath("git"); err == nil {
		for _, args := range [][]string{
			{"init", "-q"},
			{"add", "go.mod"},
			{"-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "one"},
		} {
			cmd := exec.Command(git, args...)
			cmd.Dir = copied
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("git %v: %v\n%s", args, err, out)
			}
		}
	}
	other := mustBuild(t, filepath.Join(copied, fixture("good")), "arm64")
	if other.Sum != want.Sum {
		t.Errorf("a copy in %s gives %s, the original gave %s", copied, other.Sum, want.Sum)
	}
}

// copyModule copies the files of the module at root, without hidden ones and
// build results.
func copyModule(t *testing.T, root, to string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "cdk.out" || d.Name() == "node_modules") {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), b, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		entry string
		want  []string // one element a fault: its parts, by "…"
	}{
		{"", []string{`entry-empty: handler "": no entry is given; name the directory of its package main`}},
		{"no/such", []string{`entry-missing: handler "no/such": there is no such directory in the working directory, …gohandler, nor in the root of its module, …; name the directory`}},
		{"/no/such", []string{`entry-missing: handler "/no/such": there is no such directory; name`}},
		{fixture("good/main.go"), []string{`entry-file: …this is a file; name the directory it is in, "test/function/testdata/good"`}},
		{fixture("."), []string{`no-package: …there is no Go package for linux/arm64: no Go files in …; name the directory of a package main`}},
		{fixture("linuxless"), []string{`no-package: …there is no Go package for linux/arm64: build constraints exclude all Go files in …; name`}},
		{fixture("library"), []string{`not-program: …package library is not a program, and Lambda starts a program; name the directory of a package main`}},
		{fixture("unpaired"), []string{`not-paired: …it does not import github.com/corsgate/corsgate/constructs/corslambda, so its responses would carry no CORS headers; wrap the handler with that package; … corsfunction.Emits`}},
		{fixture("broken"), []string{"not-compiled: …it does not compile for linux/arm64:\n# …\n…main.go:6:15: undefined: undefinedHere"}},
		{fixture("both"), []string{`not-paired: `, "not-compiled: …main.go:4:15: undefined: undefinedThere"}},
		{fixture("missing"), []string{"not-compiled: …constructs/nowhere"}},
	} {
		p, faults := Build(test.entry, "arm64")
		if p != nil {
			t.Errorf("%q is built", test.entry)
		}
		if len(faults) != len(test.want) {
			t.Errorf("%q: %d faults, want %d:\n%s", test.entry, len(faults), len(test.want), texts(faults))
			continue
		}
		for i, f := range faults {
			rest := string(f.Reason) + ": " + f.Error()
			for j, part := range strings.Split(test.want[i], "…") {
				at := strings.Index(rest, part)
				if at < 0 || j == 0 && at != 0 {
					t.Errorf("%q: got\n%s\nwithout %q of\n%s", test.entry, texts(faults), part, test.want[i])
					break
				}
				rest = rest[at+len(part):]
			}
		}
	}
}

func TestNoGoCommand(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, faults := Build(fixture("good"), "arm64")
	if len(faults) != 1 || faults[0].Reason != NoToolchain {
		t.Errorf("got %s", texts(faults))
	}
}

func TestOutsideAModule(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, faults := Build(dir, "arm64")
	if len(faults) != 1 || faults[0].Reason != NotCompiled || !strings.Contains(faults[0].Error(), "go.mod") {
		t.Errorf("got %s", texts(faults))
	}
}

// The caller's settings are respected: here the build tags of GOFLAGS, which a
// -tags flag of ours would otherwise replace.
func TestOwnTagsAreKept(t *testing.T) {
	plain := mustBuild(t, fixture("good"), "amd64")
	t.Setenv("GOFLAGS", "-tags=corsgate_mark")
	tagged := mustBuild(t, fixture("good"), "amd64")
	mark := []byte("corsgate_mark is set")
	if bytes.Contains(plain.Code, mark) || !bytes.Contains(tagged.Code, mark) {
		t.Errorf("in the plain program: %v, in the tagged one: %v", bytes.Contains(plain.Code, mark), bytes.Contains(tagged.Code, mark))
	}
}

func TestBuiltOnceInAProcess(t *testing.T) {
	programs := make([]*Program, 4)
	var wg sync.WaitGroup
	for i := range programs {
		wg.Go(func() { programs[i], _ = Build(fixture("good"), "arm64") })
	}
	wg.Wait()
	for _, p := range programs {
		if p == nil || p != programs[0] {
			t.Fatalf("got %p, want %p", p, programs[0])
		}
	}
}

func TestFind(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(root, fixture("good"))
	for _, entry := range []string{fixture("good"), "../../" + fixture("good"), want, "./" + fixture("good") + "/"} {
		if got, fault := Find(entry); fault != nil || got != want {
			t.Errorf("Find(%q) = %q, %v, want %q", entry, got, fault, want)
		}
	}
	// The working directory comes first.
	t.Chdir(filepath.Join(root, "test"))
	if got, fault := Find("function"); fault != nil || got != filepath.Join(root, "test/function") {
		t.Errorf(`Find("function") = %q, %v`, got, fault)
	}
}

func TestRelative(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if got := Module(); got != root {
		t.Errorf("Module() = %q, want %q", got, root)
	}
	for dir, want := range map[string]string{
		filepath.Join(root, "apps", "catalog", "handler"): "apps/catalog/handler",
		root:                                     ".",
		filepath.Dir(root):                       "",
		root + "-beside":                         "",
		t.TempDir():                              "",
		filepath.Join(root, "no such directory"): "no such directory",
	} {
		if got, ok := Relative(dir); got != want || ok != (want != "") {
			t.Errorf("Relative(%q) = %q, %v, want %q", dir, got, ok, want)
		}
	}
	t.Chdir(t.TempDir())
	if got, ok := Relative(root); ok {
		t.Errorf("outside of a module: %q", got)
	}
}

// The target is part of what is remembered, and an operating system that is not
// Lambda's is built for.
func TestBuildForAnother(t *testing.T) {
	linux := mustBuild(t, fixture("good"), "amd64")
	other, faults := BuildFor(fixture("good"), "darwin", "amd64")
	if len(faults) > 0 {
		t.Fatal(texts(faults))
	}
	if _, err := macho.NewFile(bytes.NewReader(other.Code)); err != nil || other.Sum == linux.Sum {
		t.Errorf("not a program for macOS: %v", err)
	}
	if _, faults := BuildFor(fixture("broken"), "darwin", "amd64"); !strings.Contains(texts(faults), "does not compile for darwin/amd64") {
		t.Errorf("got %s", texts(faults))
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, faults := range map[string]int{"good": 0, "broken": 1} {
		if _, got := build(name, filepath.Join(root, fixture(name)), "linux", "arm64"); len(got) != faults {
			t.Errorf("%s: %d faults, want %d:\n%s", name, len(got), faults, texts(got))
		}
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// What a warm build cache leaves of the cost of a build, with the listing.
func BenchmarkBuild(b *testing.B) {
	root, err := filepath.Abs("../..")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, faults := build("good", filepath.Join(root, fixture("good")), "linux", "arm64"); len(faults) > 0 {
			b.Fatal(texts(faults))
		}
	}
}

// The level of an architecture that this machine builds for is not Lambda's.
func TestArchitectureLevel(t *testing.T) {
	for goarch, setting := range map[string][2]string{"amd64": {"GOAMD64", "v3"}, "arm64": {"GOARM64", "v9.0,lse"}} {
		want := mustBuild(t, fixture("good"), goarch)
		t.Setenv(setting[0], setting[1])
		if got := mustBuild(t, fixture("good"), goarch); got.Sum != want.Sum {
			t.Errorf("%s=%s changes the program", setting[0], setting[1])
		}
	}
}
