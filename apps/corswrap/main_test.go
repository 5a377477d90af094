package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/corsgate/corsgate/internal/testkit/need"
)

// wrap is the program.
var wrap string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "corswrap-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		wrap = filepath.Join(dir, "wrap")
		if out, err := exec.Command("go", "build", "-o", wrap, ".").CombinedOutput(); err != nil {
			panic(fmt.Sprintf("%v\n%s", err, out))
		}
		return m.Run()
	}())
}

// An outcome is what the Runtime API was told.
type outcome struct {
	path    string // after /2018-06-01/runtime/
	header  http.Header
	body    string
	length  int64
	err     error // the body broke off
	trailer http.Header
}

// A run is a function on its Runtime API
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
type run struct {
	cmd      *exec.Cmd
	events   chan string
	outcomes chan outcome
	chunks   chan string // if not nil, what was read of a stream, as it is read
	exited   chan struct{}

	mu     sync.Mutex
	stdout bytes.Buffer
}

func (r *run) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stdout.Write(p)
}

func (r *run) output() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stdout.String()
}

// says waits for a text in the output, which comes through a pipe beside the responses, and returns all of it.
func (r *run) says(text string) string {
	for end := time.Now().Add(10 * time.Second); !strings.Contains(r.output(), text) && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	return r.output()
}

func (r *run) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	path, ok := strings.CutPrefix(req.URL.Path, "/2018-06-01/runtime/")
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if path == "invocation/next" {
		select {
		case e := <-r.events:
			id, event, _ := strings.Cut(e, " ")
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", id)
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:f")
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, event)
		case <-req.Context().Done():
		}
		return
	}
	o := outcome{path: path, header: req.Header, length: req.ContentLength}
	if r.chunks != nil {
		buf := make([]byte, 64<<10)
		for o.err == nil {
			var n int
			n, o.err = req.Body.Read(buf)
			if o.body += string(buf[:n]); n > 0 {
				r.chunks <- string(buf[:n])
			}
		}
		if o.err == io.EOF {
			o.err = nil
		}
	} else {
		var body []byte
		body, o.err = io.ReadAll(req.Body)
		o.body = string(body)
	}
	o.trailer = req.Trailer
	r.outcomes <- o
	w.WriteHeader(http.StatusAccepted)
	io.WriteString(w, `{"status":"OK"}`)
}

// start starts command with these variables.
func start(t *testing.T, variables map[string]string, command ...string) *run {
	t.Helper()
	r := &run{events: make(chan string, 100), outcomes: make(chan outcome, 100), exited: make(chan struct{})}
	return r.start(t, variables, command...)
}

func (r *run) start(t *testing.T, variables map[string]string, command ...string) *run {
	t.Helper()
	api := httptest.NewServer(r)
	t.Cleanup(api.Close)
	r.cmd = exec.Command(command[0], command[1:]...)
	r.cmd.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(api.URL, "http://"), "LAMBDA_TASK_ROOT=testdata", "PYTHONPATH=testdata", "AWS_LAMBDA_FUNCTION_NAME=f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "AWS_LAMBDA_FUNCTION_VERSION=1", "AWS_LAMBDA_LOG_GROUP_NAME=g", "AWS_LAMBDA_LOG_STREAM_NAME=s")
	for name, v := range variables {
		r.cmd.Env = append(r.cmd.Env, name+"="+v)
	}
	r.cmd.Stdout, r.cmd.Stderr = r, r
	r.cmd.WaitDelay = 10 * time.Second
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.cmd.Wait(); close(r.exited) }()
	t.Cleanup(func() {
		r.cmd.Process.Kill()
		<-r.exited
		api.CloseClientConnections()
	})
	return r
}

const patience = time.Minute

// invoke hands over an event and returns what comes of it.
func (r *run) invoke(t *testing.T, event string) outcome {
	t.Helper()
	r.events <- event
	return r.outcome(t)
}

func (r *run) outcome(t *testing.T) outcome {
	t.Helper()
	select {
	case o := <-r.outcomes:
		return o
	case <-r.exited:
		select {
		case o := <-r.outcomes: // its last words, which the server may still be reading
			return o
		case <-time.After(10 * time.Second):
			t.Fatalf("it ended: %v\n%s", r.cmd.ProcessState, r.output())
		}
	case <-time.After(patience):
		t.Fatalf("nothing came\n%s", r.output())
	}
	panic("unreachable")
}

// end waits for the end of the process.
func (r *run) end(t *testing.T) *os.ProcessState {
	t.Helper()
	select {
	case <-r.exited:
	case <-time.After(patience):
		t.Fatalf("it does not end\n%s", r.output())
	}
	return r.cmd.ProcessState
}

// event is a REST API's event, after its id: of a request from an origin, if it has one.
func event(path, origin string, more map[string]any) string {
	e := map[string]any{
		"resource": path, "path": path, "httpMethod": "GET", "headers": map[string]string{"Accept": "*/*"},
		"stageVariables": map[string]string{"corsOrigins": "https://app.example.com,https://~.preview.example.com"},
		"requestContext": map[string]any{"resourceId": "abc", "requestId": "gateway", "apiId": "api", "stage": "prod"},
	}
	if origin != "" {
		e["headers"] = map[string]string{"origin": origin}
	}
	maps.Copy(e, more)
	b, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return "id " + string(b)
}

func preflight(origin string) string {
	return event("/ok", origin, map[string]any{"httpMethod": "OPTIONS", "headers": map[string]string{"Origin": origin, "Access-Control-Request-Method": "PUT"}})
}

const app = "https://app.example.com"

// shown is a response as its reader has it.
func shown(t *testing.T, response string) string {
	t.Helper()
	var r struct {
		StatusCode      int
		Headers         map[string]string
		Body            string
		IsBase64Encoded bool
	}
	if err := json.Unmarshal([]byte(response), &r); err != nil {
		t.Fatalf("%.200q: %v", response, err)
	}
	lines := []string{fmt.Sprint(r.StatusCode)}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		lines = append(lines, name+": "+r.Headers[name])
	}
	if len(r.Body) > 1000 {
		r.Body = fmt.Sprintf("%d times %q", len(r.Body), r.Body[0])
	}
	return strings.Join(append(lines, fmt.Sprintf("%s %v", r.Body, r.IsBase64Encoded)), "\n")
}

const (
	hello   = "200\nAccess-Control-Allow-Origin: https://app.example.com\nVary: Accept, Origin\nhello false"
	refused = "200\nVary: Accept, Origin\nhello false"
)

// awsNode is AWS's runtime of Node.js.
func awsNode(t *testing.T, handler string) []string {
	t.Helper()
	ric := os.Getenv("CORSGATE_LAMBDA_NODE")
	if ric == "" {
		need.Skip(t, "CORSGATE_LAMBDA_NODE is to name the index.mjs of aws-lambda-ric, see .ci/run")
	}
	return []string{"node", ric, handler}
}

// runtimes are AWS's own.
func runtimes(t *testing.T) map[string][]string {
	t.Helper()
	python, java := os.Getenv("CORSGATE_LAMBDA_PYTHON"), os.Getenv("CORSGATE_LAMBDA_JAVA")
	if python == "" || java == "" {
		const text = "CORSGATE_LAMBDA_PYTHON is to name a Python that has awslambdaric, and CORSGATE_LAMBDA_JAVA the folder with the jars of testdata/java/pom.xml, see .ci/run"
		need.Skip(t, text)
	}
	jars, err := filepath.Glob(filepath.Join(java, "*.jar"))
	if err != nil || len(jars) == 0 {
		t.Fatalf("there are no jars in %s: %v", java, err)
	}
	classes := t.TempDir()
	if out, err := exec.Command("javac", "-cp", strings.Join(jars, ":"), "-d", classes, "testdata/java/Handler.java").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return map[string][]string{
		"node":   awsNode(t, "index.handler"),
		"python": {python, "-m", "awslambdaric", "index.handler"},
		"java":   {"java", "-cp", strings.Join(append(jars, classes), ":"), "com.amazonaws.services.lambda.runtime.api.client.AWSLambda", "Handler::handleRequest"},
	}
}

var node = []string{"node", "../../internal/lambdarun/runtime/node.mjs"}

// python is a loop of this test's own, for what no runtime has a part in.
var python = []string{"python3", "-B", "../../internal/lambdarun/runtime/python.py"}

func wrapped(command []string) []string { return append([]string{wrap}, command...) }

func TestRuntimes(t *testing.T) {
	for name, command := range runtimes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, map[string]string{"_HANDLER": "index.handler"}, wrapped(command)...)
			for _, tt := range []struct{ name, event, want string }{
				{"allowed", event("/ok", app, nil), hello},
				{"pattern", event("/ok", "https://x.preview.example.com", nil), strings.Replace(hello, app, "https://x.preview.example.com", 1)},
				{"foreign", event("/ok", "https://evil.example", nil), refused},
				{"look-alike", event("/ok", "https://app.example.com.evil.example", nil), refused},
				{"opaque", event("/ok", "null", nil), refused},
				{"no origin", event("/ok", "", nil), refused},
				{"preflight", preflight(app), "204\nAccess-Control-Allow-Methods: PUT\nAccess-Control-Allow-Origin: https://app.example.com\nVary: Origin\n false"},
				{"foreign preflight", preflight("https://evil.example"), "403\nVary: Origin\n false"},
				{"large response", event("/large", app, nil), strings.Replace(hello, "hello", "2900000 times '\"'", 1)},
				{"large event", event("/ok", app, map[string]any{"body": strings.Repeat("\\\"", 1_400_000)}), hello},
				{"binary", event("/binary", app, nil), strings.Replace(hello, "hello false", "AP8= true", 1)},
				{"no policy", event("/ok", app, map[string]any{"stageVariables": nil}), refused},
			} {
				if o := r.invoke(t, tt.event); o.path != "invocation/id/response" || o.err != nil {
					t.Errorf("%s: %+v", tt.name, o)
				} else if got := shown(t, o.body); got != tt.want {
					t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
				}
			}
			// An event of something else is none of ours.
			if o := r.invoke(t, `id {"path":"/ok","headers":{"origin":"`+app+`"}}`); shown(t, o.body) != "200\nVary: Accept\naccess-control-allow-origin: *\nhello false" {
				t.Errorf("another event: got %s", o.body)
			}
			if o := r.invoke(t, event("/error", app, nil)); o.path != "invocation/id/error" || !strings.Contains(o.body, "no such table") {
				t.Errorf("error: %+v", o)
			}
			for _, once := range []string{"CORS: the handler sets CORS headers of its own", "stage variable corsOrigins"} {
				if out := r.says(once); strings.Count(out, once) != 1 {
					t.Errorf("logged %d times: %s\n%s", strings.Count(out, once), once, out)
				}
			}
			r.events <- event("/exit", app, nil)
			if state := r.end(t); state.ExitCode() != 7 {
				t.Errorf("the runtime ended with 7, the wrapper with %s", state)
			}
		})
	}
}

// A stream keeps its timing: the function writes a chunk when the one before was read.
func TestStream(t *testing.T) {
	t.Run("serve", func(t *testing.T) { testStream(t, func(string) []string { return node }) })
	t.Run("AWS", func(t *testing.T) { testStream(t, func(handler string) []string { return awsNode(t, handler) }) })
}

func testStream(t *testing.T, command func(handler string) []string) {
	word := make(chan struct{})
	words := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-word }))
	defer words.Close()
	defer close(word)
	launch := func(t *testing.T, handler string) *run {
		r := &run{events: make(chan string, 100), outcomes: make(chan outcome, 100), exited: make(chan struct{}), chunks: make(chan string, 100)}
		return r.start(t, map[string]string{"_HANDLER": "index." + handler, "TEST_WORD": words.URL}, wrapped(command("index."+handler))...)
	}
	// read reads until the stream has this, and lets the function go on.
	read := func(t *testing.T, r *run, until string) {
		t.Helper()
		got := ""
		for !strings.HasSuffix(got, until) {
			select {
			case c := <-r.chunks:
				got += c
			case <-time.After(patience):
				t.Fatalf("%q does not come, but %q\n%s", until, got, r.output())
			}
		}
		word <- struct{}{}
	}
	const prelude = `{"statusCode":200,"headers":{"Vary":"Accept, Origin"},"cookies":["a=b"]}`
	allowed := strings.Replace(prelude, `"Vary"`, `"Access-Control-Allow-Origin":"https://app.example.com","Vary"`, 1)
	nul := strings.Repeat("\x00", 8)
	for _, tt := range []struct{ path, origin, want string }{
		{"/ok", app, allowed + nul + "first second third"},
		{"/ok", "https://evil.example", prelude + nul + "first second third"},
		{"/raw", app, "first second third"},
	} {
		r := launch(t, "stream")
		r.events <- event(tt.path, tt.origin, nil)
		for _, chunk := range []string{"first ", "second ", "third"} {
			read(t, r, chunk)
		}
		if o := r.outcome(t); o.body != tt.want || o.err != nil || o.header.Get("Lambda-Runtime-Function-Response-Mode") != "streaming" || o.length != -1 {
			t.Errorf("%s from %s: %+v", tt.path, tt.origin, o)
		}
	}

	r := launch(t, "stream")
	r.events <- event("/breaks", app, nil)
	for _, chunk := range []string{"first ", "second ", "third"} {
		read(t, r, chunk)
	}
	if o := r.outcome(t); o.trailer.Get("Lambda-Runtime-Function-Error-Type") != "Error" || o.trailer.Get("Lambda-Runtime-Function-Error-Body") == "" || !strings.HasSuffix(o.body, "third") {
		t.Errorf("error at the end: %+v", o)
	}
	// A preflight is answered as the function answers, with a stream.
	r.chunks = nil
	if o := r.invoke(t, preflight(app)); !strings.HasPrefix(o.body, `{"headers":{"Access-Control-Allow-Origin":"https://app.example.com",`) || !strings.HasSuffix(o.body, `"statusCode":204}`+nul) || o.header.Get("Content-Type") != "application/vnd.awslambda.http-integration-response" {
		t.Errorf("preflight: %+v", o)
	}

	r = launch(t, "stream")
	r.events <- event("/exit", app, nil)
	for _, chunk := range []string{"first ", "second ", "third"} {
		read(t, r, chunk)
	}
	if o := r.outcome(t); o.err == nil {
		t.Errorf("the runtime died, and its stream has an end: %+v", o)
	}
	if state := r.end(t); state.ExitCode() != 7 {
		t.Errorf("it ended with %s", state)
	}

	r = launch(t, "whole")
	r.events <- event("/ok", app, nil)
	word <- struct{}{}
	if o := r.outcome(t); shown(t, o.body) != hello {
		t.Errorf("one response as a stream: %+v", o)
	}
}

// What ends a runtime ends the wrapper in the same way, and the other way round.
func TestEnds(t *testing.T) {
	handler := map[string]string{"_HANDLER": "index.handler"}
	r := start(t, handler, wrapped(python)...)
	r.events <- event("/killed", app, nil)
	if status := r.end(t).Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
		t.Errorf("the runtime was killed, and the wrapper ended with %d", status)
	}
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		r := start(t, handler, wrapped(python)...)
		r.events <- event("/hangs", app, nil)
		pid := 0
		for deadline := time.Now().Add(patience); pid == 0; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("it does not start\n%s", r.output())
			}
			fmt.Sscanf(r.output(), "pid %d", &pid)
		}
		r.cmd.Process.Signal(s)
		if status := r.end(t).Sys().(syscall.WaitStatus); status.Signal() != s {
			t.Errorf("%v: the wrapper ended with %d", s, status)
		}
		for deadline := time.Now().Add(patience); syscall.Kill(pid, 0) == nil; time.Sleep(5 * time.Millisecond) {
			if state, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); strings.Contains(string(state), ") Z ") {
				break // it ended, and whoever inherited it does not look
			}
			if time.Now().After(deadline) {
				t.Fatalf("%v: the runtime is left behind", s)
			}
		}
	}
}

func TestInitError(t *testing.T) {
	r := start(t, map[string]string{"_HANDLER": "nowhere.handler"}, wrapped(python)...)
	if o := r.outcome(t); o.path != "init/error" || !strings.Contains(o.body, "Runtime.ImportModuleError") {
		t.Errorf("got %+v", o)
	}
	if state := r.end(t); state.ExitCode() != 1 {
		t.Errorf("it ended with %s", state)
	}
}

func TestErrorsAsResponses(t *testing.T) {
	r := start(t, map[string]string{"_HANDLER": "index.handler", "CORSGATE_ERRORS_AS_RESPONSES": "1"}, wrapped(python)...)
	o := r.invoke(t, event("/error", app, nil))
	if o.path != "invocation/id/response" || shown(t, o.body) != "500\nAccess-Control-Allow-Origin: https://app.example.com\nContent-Type: application/json\nVary: Origin\n{\"message\": \"Internal server error\"} false" {
		t.Errorf("got %+v", o)
	}
	if out := r.says(`"message":"handler failed"`); !strings.Contains(out, `"level":"ERROR","message":"handler failed","error":"RuntimeError","method":"GET","resource":"/error","apiRequestId":"gateway"`) {
		t.Errorf("logged %s", out)
	}
	if o := r.invoke(t, `id {"path":"/error"}`); o.path != "invocation/id/error" {
		t.Errorf("of another event: %+v", o)
	}
	if o := r.invoke(t, event("/ok", app, nil)); shown(t, o.body) != hello {
		t.Errorf("after it: %s", o.body)
	}
}

// A script is one of those that wrappers are: it sets a variable and starts the runtime.
func script(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "wrapper")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestChains(t *testing.T) {
	theirs := script(t, `export TEST_THEIRS="${AWS_LAMBDA_RUNTIME_API%%:*}"; exec "$@"`)
	// A second proxy: this program, whose response the first one has to patch.
	second := script(t, `export TEST_THEIRS=127.0.0.1; exec '`+wrap+`' "$@"`)
	for name, tt := range map[string]struct {
		next    string
		command []string
	}{
		"theirs after ours":  {theirs, wrapped(python)},
		"theirs before ours": {"", append([]string{theirs}, wrapped(python)...)},
		"a second proxy":     {second, wrapped(python)},
	} {
		r := start(t, map[string]string{"_HANDLER": "index.handler", "CORSGATE_EXEC_WRAPPER": tt.next}, tt.command...)
		o := r.invoke(t, event("/env", app, nil))
		if got := shown(t, o.body); !strings.HasPrefix(got, "200\nAccess-Control-Allow-Origin: https://app.example.com\nVary: Accept, Origin\n") || !strings.Contains(got, "TEST_THEIRS=127.0.0.1") {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestOff(t *testing.T) {
	for name, command := range map[string][]string{"": wrapped(python), "with theirs": wrapped(python)} {
		theirs := ""
		if name != "" {
			theirs = script(t, `export TEST_THEIRS=1; exec "$@"`)
		}
		r := start(t, map[string]string{"_HANDLER": "index.handler", "CORSGATE_OFF": "1", "CORSGATE_EXEC_WRAPPER": theirs}, command...)
		o := r.invoke(t, event("/env", app, nil))
		if got := shown(t, o.body); !strings.HasPrefix(got, "200\nVary: Accept\naccess-control-allow-origin: *\n") || strings.Contains(got, "TEST_THEIRS") != (theirs != "") {
			t.Errorf("got %s", got)
		}
	}
}

// What cannot be started leaves one line and the status of a shell.
func TestNotStarted(t *testing.T) {
	notExecutable := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(notExecutable, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		variables map[string]string
		command   []string
		status    int
		want      string
	}{
		"no runtime":           {nil, []string{wrap, "/nowhere/node"}, 127, "/nowhere/node"},
		"not executable":       {nil, []string{wrap, notExecutable}, 126, "permission denied"},
		"no script":            {map[string]string{"CORSGATE_EXEC_WRAPPER": "/opt/nowhere"}, wrapped(python), 127, "/opt/nowhere"},
		"no runtime, and off":  {map[string]string{"CORSGATE_OFF": "1"}, []string{wrap, "/nowhere/node"}, 127, "/nowhere/node"},
		"no command":           {nil, []string{wrap}, 2, "AWS_LAMBDA_EXEC_WRAPPER"},
		"a script that fails":  {map[string]string{"CORSGATE_EXEC_WRAPPER": script(t, "exit 3")}, wrapped(python), 3, ""},
		"a runtime that fails": {nil, []string{wrap, "sh", "-c", "echo broken; exit 137"}, 137, ""},
	} {
		r := start(t, tt.variables, tt.command...)
		if state := r.end(t); state.ExitCode() != tt.status {
			t.Errorf("%s: it ended with %s, want %d", name, state, tt.status)
		}
		lines := strings.Count(r.says(tt.want), `"level":"ERROR","message":"corsgate: `)
		if want := min(1, len(tt.want)); lines != want || !strings.Contains(r.output(), tt.want) {
			t.Errorf("%s: logged %s", name, r.output())
		}
	}
}

// The runtime has the files that Lambda has it inherit
// (_LAMBDA_TELEMETRY_LOG_FD is one).
func TestInherits(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	r := start(t, map[string]string{"_HANDLER": "index.handler", "TEST_FD": "7"}, script(t, fmt.Sprintf(`exec 7>/proc/%d/fd/%d; exec "$@"`, os.Getpid(), write.Fd())), wrap, python[0], python[1], python[2])
	if o := r.invoke(t, event("/fd", app, nil)); shown(t, o.body) != hello {
		t.Errorf("got %s\n%s", o.body, r.output())
	}
	buf := make([]byte, 100)
	n, err := read.Read(buf)
	if string(buf[:n]) != "from the function" || err != nil {
		t.Errorf("got %q, %v", buf[:n], err)
	}
	write.Close()
}
