// Package differential holds the mapping templates against the rest: Apache
// Velocity's evaluation of them, [cors.Policy.Match] and another library's
// middleware have to agree about every origin.
package differential

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// velocityJars are where Debian's packages velocity, libcommons-collections3-java
// and libcommons-lang-java put what Velocity 1.7 needs. VELOCITY_CLASSPATH
// names other places.
var velocityJars = []string{
	"/usr/share/java/velocity-1.7.jar",
	"/usr/share/java/commons-collections3.jar",
	"/usr/share/java/commons-lang.jar",
}

var errMissing = errors.New("missing: Java, or Velocity (Debian: apt-get install default-jdk-headless velocity)")

// A mode is how the driver's Velocity treats what is missing.
type mode string

const (
	stock mode = "stock" // null, as in Velocity
	empty mode = "empty" // the empty string, as API Gateway is known to do
)

var modes = []mode{stock, empty}

// A velocity is a running driver (see testdata/Driver.java), for one goroutine
// at a time.
type velocity struct {
	in  io.WriteCloser
	out *bufio.Reader
	cmd *exec.Cmd
	dir string // of the compiled classes
}

// A result is what one evaluation gave.
type result struct {
	text      string
	overrides map[string]string
	err       string // of Java, "" for none
}

// shared starts the driver that all tests use: a JVM starts slowly.
var shared = sync.OnceValues(func() (*velocity, error) {
	v, err := start()
	running = v
	return v, err
})

// running is the shared driver if it was started.
var running *velocity

func TestMain(m *testing.M) {
	code := m.Run()
	if running != nil {
		if err := running.close(); err != nil {
			fmt.Fprintln(os.Stderr, "the Java driver failed:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// sharedVelocity returns the shared driver.
func sharedVelocity(t *testing.T) *velocity {
	t.Helper()
	v, err := shared()
	needed(t, err)
	return v
}

// needed skips the test where Java or Velocity is missing, except in CI, which
// must not lose the test unseen. Any other error ends it.
func needed(t *testing.T, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, errMissing) && os.Getenv("CI") == "":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

// start compiles the driver and runs it in a JVM with these flags.
func start(javaFlags ...string) (*velocity, error) {
	for _, program := range []string{"java", "javac"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%w: %v", errMissing, err)
		}
	}
	classpath := os.Getenv("VELOCITY_CLASSPATH")
	if classpath == "" {
		for _, jar := range velocityJars {
			if _, err := os.Stat(jar); err != nil {
				return nil, fmt.Errorf("%w: %v", errMissing, err)
			}
		}
		classpath = strings.Join(velocityJars, string(os.PathListSeparator))
	}
	dir, err := os.MkdirTemp("", "corsgate-velocity-")
	if err != nil {
		return nil, err
	}
	v, err := startIn(dir, classpath, javaFlags)
	if err != nil {
		os.RemoveAll(dir)
	}
	return v, err
}

func startIn(dir, classpath string, javaFlags []string) (*velocity, error) {
	javac := exec.Command("javac", "-cp", classpath, "-d", dir, filepath.Join("testdata", "Driver.java"))
	if out, err := javac.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("javac: %w\n%s", err, out)
	}
	args := append([]string{"-XX:+UseSerialGC", "-Xmx512m"}, javaFlags...)
	args = append(args, "-cp", dir+string(os.PathListSeparator)+classpath, "Driver")
	cmd := exec.Command("java", args...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &velocity{in: in, out: bufio.NewReaderSize(out, 1<<16), cmd: cmd, dir: dir}, nil
}

// close ends the driver and reports how it ended.
func (v *velocity) close() error {
	defer os.RemoveAll(v.dir)
	v.in.Close()
	return v.cmd.Wait()
}

// A batch is a number of requests to the driver.
type batch struct {
	buf   bytes.Buffer
	evals int
}

// template gives the driver a template to evaluate by this id.
func (b *batch) template(id, text string) {
	b.buf.WriteString("template " + id)
	b.field(text)
	b.buf.WriteByte('\n')
}

// variables sets the stage variables: names and values in turn.
func (b *batch) variables(pairs ...string) {
	b.buf.WriteString("vars")
	for _, s := range pairs {
		b.field(s)
	}
	b.buf.WriteByte('\n')
}

// noVariables has $stageVariables undefined.
func (b *batch) noVariables() { b.buf.WriteString("vars -\n") }

// eval evaluates a template for a request with these headers: names and values
// in turn.
func (b *batch) eval(m mode, id string, headers ...string) {
	b.buf.WriteString("eval " + string(m) + " " + id)
	for _, s := range headers {
		b.field(s)
	}
	b.buf.WriteByte('\n')
	b.evals++
}

func (b *batch) field(s string) {
	b.buf.WriteString(" +")
	b.buf.WriteString(base64.StdEncoding.EncodeToString([]byte(s)))
}

// do sends a batch and returns one result for each of its evaluations.
func (v *velocity) do(t *testing.T, b *batch) []result {
	t.Helper()
	wrote := make(chan error, 1)
	go func() { // beside the reading, or both ends may wait for the other
		_, err := v.in.Write(b.buf.Bytes())
		wrote <- err
	}()
	results := make([]result, b.evals)
	for i := range results {
		line, err := v.out.ReadString('\n')
		if err != nil {
			t.Fatalf("the Java driver stopped answering: %v", err)
		}
		if results[i], err = parseResult(strings.TrimSuffix(line, "\n")); err != nil {
			t.Fatalf("the Java driver answered %.200q: %v", line, err)
		}
	}
	if err := <-wrote; err != nil {
		t.Fatalf("the Java driver stopped reading: %v", err)
	}
	return results
}

func parseResult(line string) (result, error) {
	kind, rest, _ := strings.Cut(line, " ")
	var fields []string
	for f := range strings.SplitSeq(rest, " ") {
		text, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(f, "+"))
		if err != nil {
			return result{}, err
		}
		fields = append(fields, string(text))
	}
	switch {
	case kind == "error":
		return result{err: fields[0]}, nil
	case kind != "ok" || len(fields)%2 != 1:
		return result{}, errors.New("that is no answer")
	}
	r := result{text: fields[0]}
	for i := 1; i < len(fields); i += 2 {
		if r.overrides == nil {
			r.overrides = map[string]string{}
		}
		r.overrides[fields[i]] = fields[i+1]
	}
	return r, nil
}
