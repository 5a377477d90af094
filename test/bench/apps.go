package bench

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

const module = "github.com/corsgate/corsgate/"

// A form is a way to make an API of n routes: that of the program app with
// this name, or its twin in JavaScript.
type form struct {
	name       string // as app's --form
	javascript bool
}

// apps are the programs to measure.
type apps struct {
	*bench
	program string // app, compiled
	modules string // the folder node_modules with aws-cdk-lib
	known   map[sized]facts
}

// sized is a form at a size.
type sized struct {
	form
	size
}

// A size is what to give an app.
type size struct {
	routes, origins int
	backend         string // as app's --backend
	compact         bool   // the template is without indentation
}

// facts are what an app comes to, the same at every run.
type facts struct {
	template  string // its file
	resources int
	bytes     int
	messages  int // to the jsii kernel; 0 in JavaScript
}

// What CloudFormation takes of one stack
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
const (
	mostResources = 500
	mostBytes     = 1_000_000
)

// unfit says why a template is not a stack, or "".
func (f facts) unfit() string {
	switch {
	case f.resources > mostResources:
		return grouped(strconv.Itoa(f.resources)) + " resources"
	case f.bytes > mostBytes:
		return grouped(strconv.Itoa(f.bytes)) + " bytes"
	}
	return ""
}

// fits reports whether there is a template and it is a stack.
func (f facts) fits() bool { return f != (facts{}) && f.unfit() == "" }

// newApps compiles what there is to measure, and installs what there is not, once.
func (b *bench) newApps(ctx context.Context) (*apps, error) {
	if b.apps != nil {
		return b.apps, nil
	}
	a := &apps{bench: b, program: filepath.Join(b.dir, "app"), known: map[sized]facts{}}
	if err := build(ctx, a.program, "test/bench/testdata/app"); err != nil {
		return nil, err
	}
	var err error
	if a.modules, err = installCDK(ctx, b.log); err == nil {
		b.apps = a
	}
	return a, err
}

// build compiles a program of this module as it is.
func build(ctx context.Context, to, pkg string) error {
	_, err := output(exec.CommandContext(ctx, "go", "build", "-o", to, module+pkg))
	return err
}

// output returns what a command writes; its error has what it says.
func output(cmd *exec.Cmd) ([]byte, error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, out, stderr.Bytes())
	}
	return out, nil
}

// installCDK has npm install aws-cdk-lib and constructs as go.mod has them,
// once for each version, and gives the folder they are in.
func installCDK(ctx context.Context, log io.Writer) (modules string, err error) {
	var wanted []string
	for _, p := range [][2]string{
		{"aws-cdk-lib", "github.com/aws/aws-cdk-go/awscdk/v2"},
		{"constructs", "github.com/aws/constructs-go/constructs/v10"},
	} {
		version, err := output(exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", p[1]))
		if err != nil {
			return "", err
		}
		wanted = append(wanted, p[0]+"@"+strings.TrimPrefix(strings.TrimSpace(string(version)), "v"))
	}
	return installed(ctx, log, wanted...)
}

// installed has npm install packages, once, and gives the folder they are in.
func installed(ctx context.Context, log io.Writer, wanted ...string) (modules string, err error) {
	dir, err := cached(wanted[0])
	if err != nil {
		return "", err
	}
	modules = filepath.Join(dir, "node_modules")
	// npm writes this file when it is done.
	if _, err := os.Stat(filepath.Join(modules, ".package-lock.json")); err == nil {
		return modules, nil
	}
	fmt.Fprintf(log, "bench: npm installs %s into %s\n", strings.Join(wanted, " and "), dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	_, err = output(exec.CommandContext(ctx, "npm", append([]string{"install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", dir}, wanted...)...))
	return modules, err
}

// cached returns a folder of the user's cache.
func cached(name string) (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "corsgate-bench", name), err
}

//go:embed app.cjs
var javascript []byte

// command returns the command that synthesizes a form into a folder.
func (a *apps) command(ctx context.Context, f form, s size, out string) (*exec.Cmd, error) {
	var cmd *exec.Cmd
	if f.javascript {
		script := filepath.Join(a.dir, "app.cjs")
		if err := os.WriteFile(script, javascript, 0o644); err != nil {
			return nil, err
		}
		cmd = exec.CommandContext(ctx, "node", script, f.name, strconv.Itoa(s.routes), strconv.Itoa(s.origins), out, strconv.FormatBool(s.compact))
	} else {
		cmd = exec.CommandContext(ctx, a.program, "--form", f.name, "--routes", strconv.Itoa(s.routes),
			"--origins", strconv.Itoa(s.origins), "--backend", s.backend, "--compact="+strconv.FormatBool(s.compact), "--out", out)
	}
	// Validation takes longer than all else, and the same in all of them.
	cmd.Env = append(os.Environ(), "CDK_VALIDATION=false", "NODE_PATH="+a.modules)
	return cmd, nil
}

// time returns the milliseconds of one synthesis.
func (a *apps) time(ctx context.Context, f form, s size) (float64, error) {
	out := filepath.Join(a.dir, "timed")
	if err := os.RemoveAll(out); err != nil {
		return 0, err
	}
	cmd, err := a.command(ctx, f, s, out)
	if err != nil {
		return 0, err
	}
	text, err := output(cmd)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
}

// facts synthesizes once and looks at what came of it.
func (a *apps) facts(ctx context.Context, f form, s size) (r facts, err error) {
	if known, ok := a.known[sized{f, s}]; ok {
		return known, nil
	}
	defer func() {
		if err == nil {
			a.known[sized{f, s}] = r
		}
	}()
	out, err := os.MkdirTemp(a.dir, f.name+"-")
	if err != nil {
		return facts{}, err
	}
	cmd, err := a.command(ctx, f, s, out)
	if err != nil {
		return facts{}, err
	}
	count := filepath.Join(out, "messages")
	if !f.javascript {
		if err := countWith(cmd, count); err != nil {
			return facts{}, err
		}
	}
	if _, err := output(cmd); err != nil {
		return facts{}, err
	}
	r.template = filepath.Join(out, "Bench.template.json")
	b, err := os.ReadFile(r.template)
	if err != nil {
		return facts{}, err
	}
	var template struct{ Resources map[string]any }
	if err := json.Unmarshal(b, &template); err != nil {
		return facts{}, err
	}
	r.bytes, r.resources = len(b), len(template.Resources)
	if f.javascript {
		return r, nil
	}
	text, err := os.ReadFile(count)
	if err != nil {
		return facts{}, err
	}
	if r.messages, err = strconv.Atoi(string(text)); err == nil && r.messages == 0 {
		err = errors.New("the jsii kernel got no message")
	}
	return r, err
}
