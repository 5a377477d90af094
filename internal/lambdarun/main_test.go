package lambdarun

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is for what has to happen, and does at once. Only a failing test
// waits for it.
const patience = time.Minute

const fixture = "internal/lambdarun/testdata/handler"

// A journal is a log that a test reads while functions write.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// goFunction is the fixture, as the template of an app describes it whose
// handler was built for Lambda: the code in the assembly is of no use here.
func goFunction(id string, env map[string]string) Function {
	return Function{
		LogicalID:   id,
		Runtime:     "provided.al2023",
		Handler:     "bootstrap",
		Entry:       fixture,
		Timeout:     patience,
		Environment: env,
	}
}

// newPool returns a pool that ends with the test, and its log.
func newPool(t testing.TB, o Options, functions ...Function) (*Pool, *journal) {
	t.Helper()
	j := &journal{}
	o.Log, o.Functions = j, append(o.Functions, functions...)
	if o.InitLimit == 0 {
		o.InitLimit = patience
	}
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	p.settle = patience
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the log:\n%s", j)
		}
	})
	return p, j
}

// invoke returns what comes of a proxy event of this path, where it is a response
// or a function's error.
func invoke(t testing.TB, p *Pool, id, path string) Result {
	t.Helper()
	r, err := p.Invoke(t.Context(), id, event(path, nil))
	if err != nil {
		t.Fatalf("%s %s: %v", id, path, err)
	}
	return r
}

func event(path string, query map[string]string) []byte {
	b, err := json.Marshal(map[string]any{"path": path, "httpMethod": "GET", "queryStringParameters": query})
	if err != nil {
		panic(err)
	}
	return b
}

// body returns the body of a proxy response.
func body(t testing.TB, r Result) string {
	t.Helper()
	var answer struct {
		StatusCode int
		Body       string
	}
	if err := json.Unmarshal(r.Payload, &answer); err != nil || r.FunctionError != "" || answer.StatusCode != 200 {
		t.Fatalf("got %s %s: %v", r.FunctionError, r.Payload, err)
	}
	return answer.Body
}

// fault checks that a function failed, by its error's type and message; ID in
// the message stands for the request id.
func fault(t testing.TB, r Result, kind, message string) {
	t.Helper()
	var got struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(r.Payload, &got); err != nil {
		t.Fatalf("got %s: %v", r.Payload, err)
	}
	if message = strings.ReplaceAll(message, "ID", r.RequestID); r.FunctionError != "Unhandled" || got.ErrorType != kind || got.ErrorMessage != message {
		t.Errorf("got %s %s, want %s: %s", r.FunctionError, r.Payload, kind, message)
	}
}

// refused checks that a function could not be run.
func refused(t testing.TB, err error, reason Reason, parts ...string) {
	t.Helper()
	e, ok := err.(*Error)
	if !ok {
		t.Errorf("got %v, want a refusal: %s", err, reason)
		return
	}
	for _, part := range parts {
		if !strings.Contains(e.Error(), part) {
			t.Errorf("got %v, without %q", e, part)
		}
	}
	if e.Reason != reason {
		t.Errorf("got %s: %v, want %s", e.Reason, e, reason)
	}
}

// eventually waits for what is about to happen.
func eventually(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// write makes a file, with its folders.
func write(t testing.TB, content string, path ...string) string {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

var onUnix = runtime.GOOS != "windows"
