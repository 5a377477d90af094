package release

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/corsgate/corsgate/internal/testkit/need"
)

const version = "1.2.3"

// config is what is read of goreleaser.yaml here. That it is one that goreleaser takes, and what it makes of all platforms, is
// tested with goreleaser itself, see snapshot_test.go.
var config = sync.OnceValue(func() (c struct {
	Builds []struct {
		Main                         string
		Flags, Ldflags, Goos, Goarch []string
	}
}) {
	text, err := os.ReadFile("goreleaser.yaml")
	if err == nil {
		err = yaml.Unmarshal(text, &c)
	}
	if err != nil {
		panic(err)
	}
	return c
})

// run runs a command in a folder and returns what it prints.
func run(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	out, err := start(dir, env, args...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func start(dir string, env []string, args ...string) (string, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// packed builds this platform's program as goreleaser.yaml says and returns the folder of the packages made of it. It is built
// without -trimpath and CGO_ENABLED, which would compile all that it imports again: a minute of two cores.
var packed = sync.OnceValues(func() (string, error) {
	dist, err := os.MkdirTemp("", "corsgate-release-")
	if err != nil {
		return "", err
	}
	b := config().Builds[0]
	program := filepath.Join(dist, "corsgate")
	args := slices.Concat([]string{"go", "build", "-o", program}, slices.DeleteFunc(slices.Clone(b.Flags), func(f string) bool { return f == "-trimpath" }), []string{"-ldflags", strings.Join(b.Ldflags, " "), b.Main})
	if out, err := start("..", nil, args...); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	list, err := json.Marshal([]artifact{{program, runtime.GOOS, runtime.GOARCH, "Binary"}, {"checksums.txt", "", "", "Checksum"}})
	if err == nil {
		err = os.WriteFile(filepath.Join(dist, "artifacts.json"), list, 0o644)
	}
	if err != nil {
		return "", err
	}
	_, err = Pack(dist, version, filepath.Join(dist, "packages"), []byte("the license\n"))
	return filepath.Join(dist, "packages"), err
})

func TestMain(m *testing.M) {
	status := m.Run()
	if made {
		if dir, err := packed(); err == nil {
			os.RemoveAll(filepath.Dir(dir))
		}
	}
	os.Exit(status)
}

var made bool

func packages(t *testing.T) string {
	t.Helper()
	if _, ok := target(runtime.GOOS, runtime.GOARCH); !ok {
		need.Skip(t, "there is no release for this platform")
	}
	made = true
	dir, err := packed()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// works holds that an installed program runs and reads templates in an empty folder.
func works(t *testing.T, env []string, program ...string) {
	t.Helper()
	dir := t.TempDir()
	template, err := os.ReadFile("../test/templates/catalog.template.json")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "template.json"), template, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out := run(t, dir, env, append(program, "version")...); !regexp.MustCompile(`^corsgate \S+\n`).MatchString(out) {
		t.Errorf("version printed %q", out)
	}
	if out := run(t, dir, env, append(program, "check")...); !strings.Contains(out, "0 errors, 0 warnings") {
		t.Errorf("check printed %q", out)
	}
	// Its exit status is the installed program's.
	out, err := start(dir, env, append(program, "check", "missing.json")...)
	var exit *exec.ExitError
	if exit, _ = err.(*exec.ExitError); exit == nil || exit.ExitCode() != 3 || strings.Count(out, "\n") != 1 {
		t.Errorf("check of no file: %v, %q, want exit status 3 and a line", err, out)
	}
}

// TestTargets holds that the packages are of the platforms that are built.
func TestTargets(t *testing.T) {
	var want, got []string
	for _, b := range config().Builds {
		for _, goos := range b.Goos {
			for _, goarch := range b.Goarch {
				want = append(want, goos+"/"+goarch)
			}
		}
	}
	for _, target := range Targets {
		got = append(got, target.GOOS+"/"+target.GOARCH)
	}
	if !slices.Equal(got, want) || len(got) != 6 {
		t.Errorf("packages are made of %q, and goreleaser.yaml builds %q", got, want)
	}
}

func TestPackRefuses(t *testing.T) {
	dist := t.TempDir()
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dist, "artifacts.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ artifacts, version, want string }{
		{`[]`, "1.2", `the version is "1.2"; want one such as 1.2.3 or 1.2.3-rc.1`},
		{`[{"type": "Binary", "goos": "plan9", "goarch": "amd64"}]`, "1.2.3", "plan9/amd64 is not a target"},
		{`{`, "1.2.3", "artifacts.json: "},
	} {
		write(tt.artifacts)
		if _, err := Pack(dist, tt.version, t.TempDir(), nil); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s, %s: %v, want %s", tt.artifacts, tt.version, err, tt.want)
		}
	}
}

// TestNPM installs the packages from their files, without a registry, and runs what npx would.
func TestNPM(t *testing.T) {
	need.Programs(t, "node", "npm")
	from, dir := packages(t), t.TempDir()
	here, _ := target(runtime.GOOS, runtime.GOARCH)
	main, own := filepath.Join(from, "corsgate-"+version+".tgz"), filepath.Join(from, "corsgate-"+here.Node[0]+"-"+here.Node[1]+"-"+version+".tgz")
	// npm looks for the other platforms' packages, which nobody has; they are optional.
	env := []string{"npm_config_cache=" + t.TempDir(), "npm_config_registry=http://127.0.0.1:9/", "npm_config_fetch_retries=0", "npm_config_audit=false", "npm_config_fund=false", "npm_config_update_notifier=false"}
	run(t, dir, env, "npm", "install", "--prefix", dir, own, main)
	bin := filepath.Join(dir, "node_modules", ".bin", "corsgate")
	works(t, env, bin)
	if out := run(t, dir, env, "npx", "--no-install", "corsgate", "version"); !strings.HasPrefix(out, "corsgate ") {
		t.Errorf("npx printed %q", out)
	}

	// Without the platform's package, and on a platform that has none, there is one line.
	if err := os.RemoveAll(filepath.Join(dir, "node_modules", "@corsgate")); err != nil {
		t.Fatal(err)
	}
	fails := func(want string, args ...string) {
		t.Helper()
		out, err := start(dir, env, args...)
		exit, _ := err.(*exec.ExitError)
		if exit == nil || exit.ExitCode() != 2 || strings.Count(out, "\n") != 1 || !strings.Contains(out, want) {
			t.Errorf("%q: %v, %q, want exit status 2 and a line with %q", args, err, out, want)
		}
	}
	fails("npm install --include=optional corsgate", bin, "version")
	launcher := filepath.Join(dir, "node_modules", "corsgate", "corsgate.cjs")
	pretend := `Object.defineProperty(process, "arch", {value: "riscv64"}); require(` + fmt.Sprintf("%q", launcher) + `)`
	fails("there is no program for "+here.Node[0]+"-riscv64; build it with Go: go install ", "node", "-e", pretend)
}

// TestWheel installs the wheel from its file, without an index.
func TestWheel(t *testing.T) {
	need.Programs(t, "python3")
	from, dir := packages(t), t.TempDir()
	python := filepath.Join(dir, "venv", "bin", "python")
	run(t, dir, nil, "python3", "-m", "venv", "venv")
	install := []string{python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--find-links", from}
	run(t, dir, nil, append(install, "corsgate=="+version)...)
	works(t, nil, filepath.Join(dir, "venv", "bin", "corsgate"))
	if out := run(t, dir, nil, python, "-m", "pip", "show", "--disable-pip-version-check", "corsgate"); !strings.Contains(out, "Version: "+version+"\n") {
		t.Errorf("pip show printed %q", out)
	}

	// On a platform without a program pip takes the wheel of all platforms, which says so in a line.
	run(t, dir, nil, append(install, "--force-reinstall", filepath.Join(from, "corsgate-"+version+"-py3-none-any.whl"))...)
	out, err := start(dir, nil, filepath.Join(dir, "venv", "bin", "corsgate"), "version")
	exit, _ := err.(*exec.ExitError)
	if exit == nil || exit.ExitCode() != 2 || !strings.HasPrefix(out, "corsgate: there is no program for ") || strings.Count(out, "\n") != 1 {
		t.Errorf("%v, %q, want exit status 2 and a line", err, out)
	}
}

// TestPreCommit does what pre-commit does with .pre-commit-hooks.yaml: it installs pyproject.toml, with the wheel, and runs the entry.
func TestPreCommit(t *testing.T) {
	need.Programs(t, "python3")
	from, dir := packages(t), t.TempDir()
	var hooks []struct {
		ID, Entry, Language, Files string
		Pass                       bool `yaml:"pass_filenames"`
	}
	text, err := os.ReadFile("../.pre-commit-hooks.yaml")
	if err == nil {
		err = yaml.Unmarshal(text, &hooks)
	}
	if err != nil || len(hooks) != 1 || hooks[0].Language != "python" || hooks[0].Pass {
		t.Fatalf("%v: %+v", err, hooks)
	}
	for name, want := range map[string]bool{"template.yaml": true, "app/template.json": true, "Shop.template.json": true, ".corsgate.yaml": true, "package.json": false, "src/templates.yaml": false} {
		if regexp.MustCompile(hooks[0].Files).MatchString(name) != want {
			t.Errorf("%s: want %v of %s", name, want, hooks[0].Files)
		}
	}
	project, err := os.ReadFile("../pyproject.toml")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "pyproject.toml"), project, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	run(t, dir, nil, "python3", "-m", "venv", "venv")
	run(t, dir, nil, filepath.Join(dir, "venv", "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--find-links", from, ".", "corsgate=="+version)
	command := strings.Fields(hooks[0].Entry)
	if want := []string{"corsgate", "check"}; !slices.Equal(command, want) {
		t.Fatalf("the entry is %q, want %q", command, want)
	}
	works(t, nil, filepath.Join(dir, "venv", "bin", command[0]))
}

func TestPEP440(t *testing.T) {
	for version, want := range map[string]string{"1.2.3": "1.2.3", "1.2.3-rc.1": "1.2.3rc1", "1.2.3-beta.10": "1.2.3b10", "1.2.3-alpha.0": "1.2.3a0", "0.0.0-dev.0": "0.0.0.dev0"} {
		if got := pep440(version); got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
}
