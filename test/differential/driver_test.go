// Package differential holds the mapping templates against the rest: the
// evaluations of Apache Velocity, 1.7 and 2, and of LocalStack's engine,
// [cors.Policy.Match] and another library's middleware have to agree about every
// origin.
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

// The engines beside Velocity 1.7 are where these variables say; .ci/run
// installs them.
const (
	envVelocity2 = "CORSGATE_VELOCITY2" // a folder with the jars of Velocity 2
	envAirspeed  = "CORSGATE_AIRSPEED"  // a Python that has airspeed-ext, as LocalStack does
)

var errMissing = errors.New("missing")

// A mode is how an engine treats what is missing.
type mode string

const (
	stock mode = "stock" // null, as in Velocity
	empty mode = "empty" // the empty string, as API Gateway is known to do
)

var modes = []mode{stock, empty}

// An engine is a running driver (see testdata), for one goroutine at a time.
type engine struct {
	name string
	in   io.WriteCloser
	out  *bufio.Reader
	cmd  *exec.Cmd
	dir  string // of the compiled classes, "" for none

	strips bool // the blanks around a template are taken off

	origins, evaluations int // of TestOrigins
}

// A result is what one evaluation gave.
type result struct {
	text      string
	overrides map[string]string
	err       string // of the engine, "" for none
}

// The engines that all tests use: a JVM starts slowly.
var (
	velocity17 = &shared{start: func() (*engine, error) { return startVelocity() }}
	velocity24 = &shared{start: func() (*engine, error) { return startVelocity2() }}
	// An #if of what is empty is true, as in version 1.7.
	velocity24Empty = &shared{start: func() (*engine, error) { return startVelocity2("-Dempty_check=false") }}
	airspeed        = &shared{start: startAirspeed}
)

// shared is an engine that is started when a test first asks for it.
type shared struct {
	start  func() (*engine, error)
	once   sync.Once
	engine *engine
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, s := range []*shared{velocity17, velocity24, velocity24Empty, airspeed} {
		if s.engine == nil {
			continue
		}
		if err := s.engine.close(); err != nil {
			fmt.Fprintf(os.Stderr, "the driver of %s failed: %v\n", s.engine.name, err)
			code = 1
		}
	}
	os.Exit(code)
}

// of returns the shared engine.
func (s *shared) of(t *testing.T) *engine {
	t.Helper()
	s.once.Do(func() { s.engine, s.err = s.start() })
	needed(t, s.err)
	return s.engine
}

// needed skips the test where an engine is missing, except in CI, which must not
// lose the test unseen. Any other error ends it.
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

// startVelocity runs Velocity 1.7 in a JVM with these flags.
func startVelocity(javaFlags ...string) (*engine, error) {
	classpath := os.Getenv("VELOCITY_CLASSPATH")
	if classpath == "" {
		for _, jar := range velocityJars {
			if _, err := os.Stat(jar); err != nil {
				return nil, fmt.Errorf("%w: Velocity (Debian: apt-get install velocity): %v", errMissing, err)
			}
		}
		classpath = strings.Join(velocityJars, string(os.PathListSeparator))
	}
	return startJava("Velocity 1.7", classpath, javaFlags)
}

// startVelocity2 runs Velocity 2 in a JVM with these flags.
func startVelocity2(javaFlags ...string) (*engine, error) {
	dir := os.Getenv(envVelocity2)
	jars, err := filepath.Glob(filepath.Join(dir, "*.jar"))
	if err != nil {
		return nil, err
	}
	if dir == "" || len(jars) == 0 {
		return nil, fmt.Errorf("%w: Velocity 2 (%s is to name the folder with its jars, see .ci/run)", errMissing, envVelocity2)
	}
	return startJava(strings.TrimSpace("Velocity 2 "+strings.Join(javaFlags, " ")), strings.Join(jars, string(os.PathListSeparator)), javaFlags)
}

// startJava compiles the driver and runs it.
func startJava(name, classpath string, javaFlags []string) (*engine, error) {
	for _, program := range []string{"java", "javac"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%w: Java (Debian: apt-get install default-jdk-headless): %v", errMissing, err)
		}
	}
	dir, err := os.MkdirTemp("", "corsgate-velocity-")
	if err != nil {
		return nil, err
	}
	javac := exec.Command("javac", "-cp", classpath, "-d", dir, filepath.Join("testdata", "Driver.java"))
	out, err := javac.CombinedOutput()
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("javac: %w\n%s", err, out)
	}
	args := append([]string{"-XX:+UseSerialGC", "-Xmx512m"}, javaFlags...)
	args = append(args, "-cp", dir+string(os.PathListSeparator)+classpath, "Driver")
	return run(&engine{name: name, dir: dir, cmd: exec.Command("java", args...)})
}

func startAirspeed() (*engine, error) {
	python := os.Getenv(envAirspeed)
	if python == "" {
		return nil, fmt.Errorf("%w: airspeed-ext (%s is to name a Python that has it, see .ci/run)", errMissing, envAirspeed)
	}
	return run(&engine{name: "airspeed-ext", strips: true, cmd: exec.Command(python, filepath.Join("testdata", "driver.py"))})
}

func run(e *engine) (*engine, error) {
	e.cmd.Stderr = os.Stderr
	in, err := e.cmd.StdinPipe()
	if err == nil {
		var out io.Reader
		if out, err = e.cmd.StdoutPipe(); err == nil {
			e.in, e.out = in, bufio.NewReaderSize(out, 1<<16)
			err = e.cmd.Start()
		}
	}
	if err != nil {
		os.RemoveAll(e.dir)
		return nil, err
	}
	return e, nil
}

// close ends the driver and reports how it ended.
func (e *engine) close() error {
	defer os.RemoveAll(e.dir)
	e.in.Close()
	return e.cmd.Wait()
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
func (e *engine) do(t *testing.T, b *batch) []result {
	t.Helper()
	wrote := make(chan error, 1)
	go func() { // beside the reading, or both ends may wait for the other
		_, err := e.in.Write(b.buf.Bytes())
		wrote <- err
	}()
	results := make([]result, b.evals)
	for i := range results {
		line, err := e.out.ReadString('\n')
		if err != nil {
			t.Fatalf("%s stopped answering: %v", e.name, err)
		}
		if results[i], err = parseResult(strings.TrimSuffix(line, "\n")); err != nil {
			t.Fatalf("%s answered %.200q: %v", e.name, line, err)
		}
	}
	if err := <-wrote; err != nil {
		t.Fatalf("%s stopped reading: %v", e.name, err)
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
