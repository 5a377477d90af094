package lambdarun

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/corsgate/corsgate/internal/gohandler"
)

// The runtimes of the interpreted languages.
var (
	//go:embed runtime/node.mjs
	nodeRuntime []byte
	//go:embed runtime/python.py
	pythonRuntime []byte
)

// A program is a function made ready to be started.
type program struct {
	argv []string
	root string // LAMBDA_TASK_ROOT and working directory
}

// prepare makes a program of a function. What it writes goes into dir, an empty
// folder of the function's own. module is the root of the module that the
// function's entry is in, "" for that of the working directory.
func prepare(f *Function, dir, module string) (*program, *Error) {
	fail := func(r Reason, fix, format string, args ...any) (*program, *Error) {
		return nil, &Error{Function: f.LogicalID, Reason: r, Text: fmt.Sprintf(format, args...), Fix: fix}
	}
	kind := ""
	switch {
	case f.Code.Inline == "" && f.Code.Path == "" && strings.Contains(f.Code.None, "container image"):
		return fail(UnknownRuntime, "", "%s, which is not run here", f.Code.None)
	case f.Runtime == "" && f.Unresolved["Runtime"] != "":
		return fail(UnknownRuntime, "", "its Runtime is known only at deployment: %s", f.Unresolved["Runtime"])
	case f.Runtime == "go1.x", strings.HasPrefix(f.Runtime, "provided"):
		kind = "go"
	case strings.HasPrefix(f.Runtime, "nodejs"):
		kind = "node"
	case strings.HasPrefix(f.Runtime, "python3"):
		kind = "python3"
	default:
		return fail(UnknownRuntime, "", "its runtime is %q; only Go (provided.al2023, provided.al2, go1.x), nodejs* and python3* run here", f.Runtime)
	}
	if kind == "go" {
		return prepareGo(f, dir, module)
	}

	interpreter, err := exec.LookPath(kind)
	if err != nil {
		return fail(NoInterpreter, "install it and have it in PATH", "its runtime, %s, needs %s, which is not found", f.Runtime, kind)
	}
	if f.Handler == "" {
		return fail(NoCode, `give it a Handler, such as "index.handler"`, "it has no Handler that is a text")
	}
	if at := f.mayBeWrapped(); at != "" {
		return fail(UnknownRuntime, "", "it is known only at deployment whether corsgate's wrapper runs before it: %s", at)
	}
	root, e := unpack(f, dir, map[string]string{"node": "index.js", "python3": "index.py"}[kind])
	if e != nil {
		return nil, e
	}
	// Beside the code and not in it: the asset stays what will be deployed.
	script, content := filepath.Join(dir, "runtime.mjs"), nodeRuntime
	argv := []string{interpreter, script}
	if kind == "python3" {
		script, content = filepath.Join(dir, "runtime.py"), pythonRuntime
		// -B writes no __pycache__ into the asset, -u does not hold the log back.
		argv = []string{interpreter, "-B", "-u", script}
	}
	if err := os.WriteFile(script, content, 0o600); err != nil {
		return fail(NotStarted, "", "its runtime cannot be written: %v", err)
	}
	ready := &program{argv: argv, root: root}
	if f.wrapped() {
		if err := ready.wrap(); err != nil {
			return fail(NotStarted, "", "corsgate's wrapper, which it has, cannot be found: %v", err)
		}
	}
	return ready, nil
}

// prepareGo finds the executable of a Go function, or of any other that is its
// own runtime, or builds it for this machine.
func prepareGo(f *Function, dir, module string) (*program, *Error) {
	fail := func(r Reason, fix, format string, args ...any) (*program, *Error) {
		return nil, &Error{Function: f.LogicalID, Reason: r, Text: fmt.Sprintf(format, args...), Fix: fix}
	}
	root, missing := unpack(f, dir, gohandler.Bootstrap)
	unfit := ""
	if missing == nil {
		name := gohandler.Bootstrap
		if f.Runtime == "go1.x" { // retired; the handler is the executable's name
			name = f.Handler
		}
		exe := filepath.Join(root, name)
		var fit bool
		// The stand-in of a handler that was not built would be fit, and say
		// nothing but that.
		unfit, fit = fitting(exe)
		if f.Emits == "placeholder" {
			unfit, fit = "its handler was not built at synthesis", false
		}
		if fit {
			return &program{argv: []string{exe}, root: root}, nil
		}
	}
	if f.Entry == "" {
		if missing != nil {
			return nil, missing
		}
		return fail(OtherMachine, "have corsfunction build it, or deploy it for this machine's architecture, or serve without it",
			"%s, this machine is %s/%s, and the template does not say which source it is built from", unfit, runtime.GOOS, runtime.GOARCH)
	}
	if !filepath.IsLocal(filepath.FromSlash(f.Entry)) {
		return fail(NotBuilt, "", "its source, %q, is not in the app's module", f.Entry)
	}
	if module == "" {
		if module = gohandler.Module(); module == "" {
			return fail(NotBuilt, "run this in the app's module", "its source, %s, is relative to the app's module, and the working directory is in none", f.Entry)
		}
	}
	built, faults := gohandler.BuildFor(filepath.Join(module, filepath.FromSlash(f.Entry)), runtime.GOOS, runtime.GOARCH)
	if len(faults) > 0 {
		var errs []error
		for _, fault := range faults {
			errs = append(errs, fault)
		}
		return fail(NotBuilt, "", "its source cannot be built for this machine, %s/%s: %v", runtime.GOOS, runtime.GOARCH, errors.Join(errs...))
	}
	name := gohandler.Bootstrap
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	exe := filepath.Join(dir, name)
	if err := unforked(func() error { return os.WriteFile(exe, built.Code, 0o700) }); err != nil {
		return fail(NotStarted, "", "its executable cannot be written: %v", err)
	}
	if missing != nil {
		root = dir
	}
	return &program{argv: []string{exe}, root: root}, nil
}

// fitting reports whether this machine can run exe, and if not, why.
func fitting(exe string) (why string, fit bool) {
	f, err := os.Open(exe)
	if err != nil {
		return fmt.Sprintf("its code has no executable %s", filepath.Base(exe)), false
	}
	defer f.Close()
	magic := make([]byte, 4)
	if _, err := io.ReadFull(f, magic); err != nil {
		return "its executable is too short to be one", false
	}
	if bytes.HasPrefix(magic, []byte("#!")) {
		return "its executable is a script", runtime.GOOS != "windows"
	}
	e, err := elf.NewFile(f)
	if err != nil {
		return "its executable is not one for Linux", false
	}
	goarch, ok := map[elf.Machine]string{elf.EM_AARCH64: "arm64", elf.EM_X86_64: "amd64"}[e.Machine]
	if !ok {
		goarch = e.Machine.String()
	}
	return "its executable is for linux/" + goarch, runtime.GOOS == "linux" && goarch == runtime.GOARCH
}

// unpack returns the folder that the function's code is in. Inline code is written
// to a file called name, which is what CloudFormation does; a zip file is
// extracted.
func unpack(f *Function, dir, name string) (string, *Error) {
	fail := func(format string, args ...any) (string, *Error) {
		return "", &Error{Function: f.LogicalID, Reason: NoCode, Text: fmt.Sprintf(format, args...)}
	}
	root := filepath.Join(dir, "task")
	switch {
	case f.Code.Inline != "":
		err := os.Mkdir(root, 0o700)
		if err == nil {
			err = unforked(func() error { return os.WriteFile(filepath.Join(root, name), []byte(f.Code.Inline), 0o700) })
		}
		if err != nil {
			return fail("its code cannot be written: %v", err)
		}
		return root, nil
	case f.Code.Path == "":
		return fail("%s", f.Code.None)
	}
	path, err := filepath.Abs(f.Code.Path)
	if err != nil {
		return fail("its code cannot be found: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fail("its code is not there: %v", err)
	}
	if info.IsDir() {
		return path, nil
	}
	if err := unforked(func() error { return unzip(path, root) }); err != nil {
		return fail("its code, %s, is not a zip file that can be extracted: %v", path, err)
	}
	return root, nil
}

// unforked writes a file that may be executed, while no process is started. One
// that is forked in between has the file open for writing, until it is the program
// it is to be, and the kernel does not execute such a file (ETXTBSY,
// https://go.dev/issue/22315).
func unforked(write func() error) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return write()
}

// maxCode is what Lambda takes, extracted,
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
const maxCode = 250 << 20

// unzip extracts a deployment package to a new folder. Nothing of it gets out of
// there: an os.Root refuses that.
func unzip(file, to string) error {
	r, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	left := int64(maxCode)
	for _, z := range r.File {
		name := filepath.FromSlash(z.Name)
		if strings.HasSuffix(z.Name, "/") {
			if err := root.MkdirAll(filepath.Clean(name), 0o700); err != nil {
				return err
			}
			continue
		}
		if !z.Mode().IsRegular() {
			continue // links: what npm makes of them in .bin is not code
		}
		if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		n, err := extract(root, z, name, left)
		if err != nil {
			return err
		}
		left -= n
	}
	return nil
}

// extract writes one file of at most limit bytes.
func extract(root *os.Root, z *zip.File, name string, limit int64) (int64, error) {
	from, err := z.Open()
	if err != nil {
		return 0, err
	}
	defer from.Close()
	// Executable as on Lambda if it is so in the zip file; readable anyhow.
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600|z.Mode().Perm()&fs.FileMode(0o100))
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(f, io.LimitReader(from, limit+1))
	if err == nil && n > limit {
		err = fmt.Errorf("it holds more than Lambda's %d MB", maxCode>>20)
	}
	return n, errors.Join(err, f.Close())
}
