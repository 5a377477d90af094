// Package gohandler builds a Go program for AWS Lambda's provided.al2023
// runtime and proves that it is wired to emit CORS headers. It also builds the
// wrapper, which does so for functions in other languages.
//
// It knows nothing of the AWS CDK. Package corsfunction makes constructs of
// what it builds.
package gohandler

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

const (
	// Bootstrap is the name of the executable that Lambda's OS-only runtimes
	// start, https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html.
	Bootstrap = "bootstrap"

	// Lambda is the import path of the package that makes a handler emit the
	// CORS headers of the stage's policy.
	Lambda = "github.com/corsgate/corsgate/constructs/corslambda"

	// Wrapper is the import path of the program that makes functions in other languages emit
	// them.
	Wrapper = "github.com/corsgate/corsgate/apps/corswrap"

	// NoRPC is the build tag that leaves out of aws-lambda-go the RPC server of the retired go1.x
	// runtime, https://github.com/aws/aws-lambda-go#for-developers-on-linux.
	NoRPC = "lambda.norpc"
)

// A Reason says what is wrong with a handler. The set is closed.
type Reason string

// The reasons of a [Fault].
const (
	EntryEmpty   Reason = "entry-empty"   // no entry was given
	EntryMissing Reason = "entry-missing" // there is no such directory
	EntryFile    Reason = "entry-file"    // a file, not a directory
	NoPackage    Reason = "no-package"    // no Go files, or none for the target
	NotProgram   Reason = "not-program"   // not a package main
	NotPaired    Reason = "not-paired"    // does not import corslambda
	NotCompiled  Reason = "not-compiled"  // go build fails
	NoToolchain  Reason = "no-toolchain"  // the go command cannot be run
)

// A Fault is one thing wrong with a handler.
type Fault struct {
	Entry  string // as it was written
	Reason Reason // what is wrong
	Text   string // what is wrong and what is allowed, in words
	Fix    string // what to do; empty where the go command's words say it
}

// Error returns the value, what is wrong with it, and the fix.
func (f *Fault) Error() string {
	s := fmt.Sprintf("handler %q: %s", f.Entry, f.Text)
	if f.Fix != "" {
		s += "; " + f.Fix
	}
	return s
}

// A Program is a handler, or the wrapper, built for Lambda.
type Program struct {
	Code []byte // the executable; a handler is deployed under the name Bootstrap
	Sum  string // the SHA-256 of Code, in hexadecimal
}

// Find returns the absolute directory of entry, the handler's package main.
//
// An absolute entry is taken as it is. A relative one is looked for under the
// working directory, then under the root of the working directory's module
// (the nearest go.mod, upwards). So one spelling serves cdk synth, which runs
// at the root, and go test, which runs in the directory of the tested package.
func Find(entry string) (string, *Fault) {
	fault := func(r Reason, fix, format string, args ...any) (string, *Fault) {
		return "", &Fault{Entry: entry, Reason: r, Text: fmt.Sprintf(format, args...), Fix: fix}
	}
	const name = `name the directory of its package main, such as "apps/catalog/handler"`
	if entry == "" {
		return fault(EntryEmpty, name, "no entry is given")
	}
	candidates := []string{entry}
	where := "there is no such directory"
	if !filepath.IsAbs(entry) {
		wd, err := os.Getwd()
		if err != nil {
			return fault(EntryMissing, name, "the working directory is unknown: %v", err)
		}
		candidates = []string{filepath.Join(wd, entry)}
		where += " in the working directory, " + wd
		if root := moduleRoot(wd); root != "" && root != wd {
			candidates = append(candidates, filepath.Join(root, entry))
			where += ", nor in the root of its module, " + root
		}
	}
	for _, dir := range candidates {
		info, err := os.Stat(dir)
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue
		case err != nil:
			return fault(EntryMissing, name, "%v", err)
		case !info.IsDir():
			return fault(EntryFile, fmt.Sprintf("name the directory it is in, %q", filepath.Dir(entry)), "this is a file")
		}
		return filepath.Clean(dir), nil
	}
	return fault(EntryMissing, name, "%s", where)
}

// moduleRoot returns the directory of the nearest go.mod from dir upwards, or "".
func moduleRoot(dir string) string {
	for {
		if info, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil && !info.IsDir() {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// Module returns the root of the module that the working directory is in (the
// nearest go.mod, upwards), or "" outside of one.
func Module() string { return ModuleOf(".") }

// ModuleOf returns the root of the module that a directory is in, or "".
func ModuleOf(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	return moduleRoot(abs)
}

// Relative returns dir, the absolute directory of a handler, relative to [Module],
// with forward slashes: a name of the handler that is the same on every machine.
// Where dir is not in that module's tree, there is none, and ok is false.
func Relative(dir string) (entry string, ok bool) {
	root := Module()
	if root == "" {
		return "", false
	}
	// Either may have been reached through a symbolic link, as the temporary
	// directory of macOS is.
	if r, err := filepath.EvalSymlinks(root); err == nil {
		root = r
	}
	if d, err := filepath.EvalSymlinks(dir); err == nil {
		dir = d
	}
	rel, err := filepath.Rel(root, dir)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// Build builds a handler for Lambda: it is [BuildFor] with linux.
func Build(entry, goarch string) (*Program, []*Fault) { return BuildFor(entry, "linux", goarch) }

// BuildFor builds the package main in the directory that [Find] returns for entry,
// for goos and goarch (for Lambda: "linux", and "arm64" or "amd64"), and checks
// that it imports [Lambda]. It returns the program, or every fault.
//
// The program is static (CGO_ENABLED=0), stripped, and the same bytes wherever
// its module is checked out and whatever the state of its repository:
// -trimpath, -buildvcs=false and an empty build id leave nothing of either in
// it, and GOAMD64 and GOARM64 are the lowest. The go command is the caller's, and so are its settings (the module mode,
// GOFLAGS, GOEXPERIMENT, GOWORK, a workspace, a vendor directory), except -trimpath,
// -buildvcs and -ldflags, which are set here; build tags of GOFLAGS are kept
// beside lambda.norpc.
//
// A handler is built once in a process for the same directory, target and Go
// settings, however many functions it is in; what it gave the first time, faults
// too, is given again. It may be called from many goroutines.
func BuildFor(entry, goos, goarch string) (*Program, []*Fault) {
	dir, fault := Find(entry)
	if fault != nil {
		return nil, []*Fault{fault}
	}
	key := strings.Join(append([]string{entry, dir, goos, goarch}, goSettings()...), "\x00")
	once, _ := builds.LoadOrStore(key, sync.OnceValue(func() result {
		p, faults := build(entry, dir, goos, goarch)
		return result{p, faults}
	}))
	r := once.(func() result)()
	return r.program, r.faults
}

// Architecture returns Go's name of one of Lambda's architectures.
func Architecture(name string) (goarch string, ok bool) {
	switch name {
	case "arm64":
		return "arm64", true
	case "x86_64":
		return "amd64", true
	}
	return "", false
}

// BuildWrapper builds [Wrapper] for linux and goarch, as [BuildFor] builds a handler, out of
// the version of corsgate that the module of the working directory requires.
func BuildWrapper(goarch string) (*Program, error) {
	wd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	key := strings.Join(append([]string{Wrapper, wd, goarch}, goSettings()...), "\x00")
	once, _ := builds.LoadOrStore(key, sync.OnceValue(func() result {
		if _, err := exec.LookPath("go"); err != nil {
			return result{nil, []*Fault{{Entry: Wrapper, Reason: NoToolchain, Text: "the go command is not found: " + err.Error()}}}
		}
		p, words := compile(wd, Wrapper, "linux", goarch, "nethttpomithttp2") // the Runtime API speaks HTTP/1.1
		if p == nil {
			return result{nil, []*Fault{{Entry: Wrapper, Reason: NotCompiled, Text: "the go command does not build it for linux/" + goarch + ":\n" + words}}}
		}
		return result{program: p}
	}))
	r := once.(func() result)()
	for _, f := range r.faults {
		return nil, fmt.Errorf("the wrapper %s: %s; have Go installed, https://go.dev/dl, and run this in a module that requires github.com/corsgate/corsgate", f.Entry, f.Text)
	}
	return r.program, nil
}

// builds holds, for each key, the func() result that builds at its first call.
var builds sync.Map

type result struct {
	program *Program
	faults  []*Fault
}

// goSettings returns the environment's settings of the go command, sorted.
func goSettings() []string {
	var s []string
	for _, kv := range os.Environ() {
		if strings.HasPrefix(kv, "GO") || strings.HasPrefix(kv, "PATH=") {
			s = append(s, kv)
		}
	}
	slices.Sort(s)
	return s
}

// build is BuildFor without its memory.
func build(entry, dir, goos, goarch string) (*Program, []*Fault) {
	fault := func(r Reason, text, fix string) *Fault {
		return &Fault{Entry: entry, Reason: r, Text: text, Fix: fix}
	}
	if _, err := exec.LookPath("go"); err != nil {
		return nil, []*Fault{fault(NoToolchain, "the go command is not found: "+err.Error(),
			"install Go, https://go.dev/dl, and have it in PATH")}
	}
	target := goos + "/" + goarch

	// A -tags flag replaces the one in GOFLAGS, and a handler must not lose a
	// tag its owner set for every build.
	out, words, err := run(dir, goos, goarch, "list", "-e", "-find", "-f", `{{join context.BuildTags ","}}`, ".")
	if err != nil {
		return nil, []*Fault{fault(NotCompiled, "the go command refuses it for "+target+":\n"+words, "")}
	}
	tags := NoRPC
	if own := strings.TrimSpace(string(out)); own != "" {
		tags = own + "," + NoRPC
	}

	// -e, so that a fault comes as a value: what package it is can be said even
	// if an import of it is missing, and go build says the rest.
	out, words, err = run(dir, goos, goarch, "list", "-e", "-deps", "-tags", tags, "-json=ImportPath,Name,DepOnly,Incomplete,Error", ".")
	if err != nil {
		return nil, []*Fault{fault(NotCompiled, "the go command refuses it for "+target+":\n"+words, "")}
	}
	var self listed
	paired := false
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, []*Fault{fault(NotCompiled, "go list gives no JSON: "+err.Error(), "")}
		}
		if p.ImportPath == Lambda {
			paired = true
		}
		if !p.DepOnly {
			self = p
		}
	}
	const name = "name the directory of a package main"
	switch {
	case self.Name == "" && self.Error != nil:
		return nil, []*Fault{fault(NoPackage, fmt.Sprintf("there is no Go package for %s: %s", target, strings.TrimSpace(self.Error.Err)), name)}
	case self.Name != "main":
		return nil, []*Fault{fault(NotProgram, fmt.Sprintf("package %s is not a program, and Lambda starts a program", self.Name), name)}
	}

	var faults []*Fault
	// Where an import cannot be found, what it imports is not known, and go
	// build complains of it anyway.
	if !paired && !self.Incomplete {
		faults = append(faults, fault(NotPaired, "it does not import "+Lambda+", so its responses would carry no CORS headers",
			"wrap the handler with that package; if it writes CORS headers by itself, make it a plain awslambda.Function and declare it with corsfunction.Emits"))
	}
	p, words := compile(dir, ".", goos, goarch, tags)
	if p == nil {
		faults = append(faults, fault(NotCompiled, "it does not compile for "+target+":\n"+words, ""))
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return p, nil
}

// A listed is what go list -json says of one package.
type listed struct {
	ImportPath string
	Name       string
	DepOnly    bool
	Incomplete bool
	Error      *struct{ Err string }
}

// Flags are those with which go build makes a handler, whose build tags are
// tags separated by commas: lambda.norpc and its owner's.
func Flags(tags string) []string {
	return []string{"-trimpath", "-buildvcs=false", "-tags", tags, "-ldflags", "-s -w -buildid="}
}

// compile builds the program of a package, seen from dir, or returns no program and the
// compiler's words.
func compile(dir, pkg, goos, goarch, tags string) (*Program, string) {
	tmp, err := os.MkdirTemp("", "corsgate-")
	if err != nil {
		return nil, err.Error()
	}
	defer os.RemoveAll(tmp)
	exe := filepath.Join(tmp, Bootstrap)
	if _, words, err := run(dir, goos, goarch, slices.Concat([]string{"build"}, Flags(tags), []string{"-o", exe, pkg})...); err != nil {
		return nil, words
	}
	code, err := os.ReadFile(exe)
	if err != nil {
		return nil, err.Error()
	}
	sum := sha256.Sum256(code)
	return &Program{Code: code, Sum: hex.EncodeToString(sum[:])}, ""
}

// run runs the go command in dir, for goos and goarch. It returns what the
// command wrote, and in words what it said to a person; they are never empty
// where there is an error.
func run(dir, goos, goarch string, args ...string) (out []byte, words string, err error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	// The level of an architecture is the target's, not that of this machine.
	cmd.Env = append(cmd.Environ(), "GOOS="+goos, "GOARCH="+goarch, "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err = cmd.Output()
	words = strings.TrimSpace(stderr.String())
	if words == "" && err != nil {
		words = err.Error()
	}
	return out, words, err
}
