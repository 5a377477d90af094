package corslambda_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// build compiles a program of testdata as corsfunction does, for this machine.
func build(t *testing.T, program string, flags ...string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), program)
	if runtime.GOOS == "windows" {
		bin += ".exe"
	}
	cmd := exec.Command("go", append(append([]string{"build", "-tags", "lambda.norpc", "-trimpath", "-o", bin}, flags...), "./testdata/"+program)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// An outcome is what the Lambda runtime API was told about one invocation.
type outcome struct {
	Kind        string // "response" or "error"
	ContentType string
	Body        string
}

// invoke runs a bootstrap binary against a stub of the Lambda runtime API
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) that hands
// it the events one by one. It returns what came of each, as far as the
// process lived, and what the process printed to standard output.
func invoke(t *testing.T, bin, form string, payloads ...[]byte) ([]outcome, string) {
	t.Helper()
	outcomes := make(chan outcome, len(payloads))
	var given atomic.Int64
	stop := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		n := given.Load()
		if n == int64(len(payloads)) {
			close(stop)
			<-r.Context().Done() // no more events; the process is ended here
			return
		}
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", strconv.FormatInt(n, 10))
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(time.Minute).UnixMilli(), 10))
		given.Add(1)
		w.Write(payloads[n])
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{kind}", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.PathValue("id") != strconv.FormatInt(given.Load()-1, 10) {
			t.Errorf("%s: %v", r.URL, err)
		}
		outcomes <- outcome{r.PathValue("kind"), r.Header.Get("Content-Type"), string(body)}
		w.WriteHeader(http.StatusAccepted)
	})
	api := httptest.NewServer(mux)
	defer api.Close()

	cmd := exec.Command(bin)
	cmd.Env = append(os.Environ(), "FORM="+form, "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(api.URL, "http://"))
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { cmd.Wait(); close(exited) }()
	select {
	case <-stop:
	case <-exited:
	case <-time.After(time.Minute):
		t.Error("the function hangs")
	}
	cmd.Process.Kill()
	<-exited
	close(outcomes)
	var got []outcome
	for o := range outcomes {
		got = append(got, o)
	}
	return got, stdout.String()
}

// A real function, driven through the runtime API: a response, an error, a
// panic and a refused preflight, in each form. One process responds to them all.
func TestRuntime(t *testing.T) {
	bin := build(t, "bootstrap")
	payload := func(p patch) []byte {
		data, err := json.Marshal(event(t, p))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	payloads := [][]byte{eventJSON, payload(patch{"path": "/error"}), payload(patch{"path": "/panic"}), payload(evilPreflight), eventJSON}
	const failure = `{"message": "Internal server error"}`
	type answer struct {
		status  int
		body    string
		headers string
	}
	json500 := "Content-Type: application/json\n" + allowed

	parsed := map[string]func(t *testing.T, o outcome) answer{
		"plain": func(t *testing.T, o outcome) answer {
			var r events.APIGatewayProxyResponse
			if err := json.Unmarshal([]byte(o.Body), &r); err != nil || o.ContentType != "application/json" {
				t.Fatalf("%+v: %v", o, err)
			}
			return answer{r.StatusCode, r.Body, strings.Join(client(t, r.Headers, r.MultiValueHeaders), "\n")}
		},
		"stream": func(t *testing.T, o outcome) answer {
			if o.ContentType != "application/vnd.awslambda.http-integration-response" {
				t.Fatalf("%+v", o)
			}
			p, body := readPrelude(t, strings.NewReader(o.Body))
			return answer{p.StatusCode, body, strings.Join(client(t, p.Headers, p.MultiValueHeaders), "\n")}
		},
	}
	for form, want := range map[string][]answer{
		"plain":  {{200, "[]", allowed}, {500, failure, json500}, {500, failure, json500}, {403, "", refused}, {200, "[]", allowed}},
		"stream": {{200, "first second", "Content-Type: text/plain\n" + allowed}, {500, failure, json500}, {500, failure, json500}, {403, "", refused}, {200, "first second", "Content-Type: text/plain\n" + allowed}},
	} {
		t.Run(form, func(t *testing.T) {
			outcomes, stdout := invoke(t, bin, form, payloads...)
			if len(outcomes) != len(want) {
				t.Fatalf("%d events came back: %+v", len(outcomes), outcomes)
			}
			for i, o := range outcomes {
				if o.Kind != "response" {
					t.Errorf("event %d failed: %+v", i, o)
					continue
				}
				w := strings.Split(want[i].headers, "\n")
				slices.Sort(w)
				want[i].headers = strings.Join(w, "\n")
				if got := parsed[form](t, o); got != want[i] {
					t.Errorf("event %d: got %+v, want %+v", i, got, want[i])
				}
			}
			var more []string
			if form == "stream" { // whose handler sets one
				more = append(more, "WARN CORS: the handler sets CORS headers of its own, which are left out  GET /products/{id} ")
			}
			checkStdout(t, stdout, more...)
		})
	}

	t.Run("http", func(t *testing.T) {
		outcomes, _ := invoke(t, bin, "http", eventJSON, payload(patch{"path": "/nowhere"}))
		if len(outcomes) != 2 {
			t.Fatalf("got %+v", outcomes)
		}
		for i, want := range []answer{
			{200, "product 42", "Content-Type: text/plain; charset=utf-8"},
			{404, "404 page not found\n", "Content-Type: text/plain; charset=utf-8\nX-Content-Type-Options: nosniff"},
		} {
			w := append(strings.Split(allowed, "\n"), strings.Split(want.headers, "\n")...)
			slices.Sort(w)
			want.headers = strings.Join(w, "\n")
			if got := parsed["plain"](t, outcomes[i]); got != want {
				t.Errorf("event %d: got %+v, want %+v", i, got, want)
			}
		}
	})

	// Errors are the runtime's, which lets the process end after a panic.
	t.Run("errors", func(t *testing.T) {
		outcomes, _ := invoke(t, bin, "errors", payloads...)
		var kinds []string
		for _, o := range outcomes {
			kinds = append(kinds, o.Kind)
		}
		if !slices.Equal(kinds, []string{"response", "error", "error"}) || !strings.Contains(outcomes[1].Body, "no such table") || !strings.Contains(outcomes[2].Body, "out of products") {
			t.Errorf("got %+v", outcomes)
		}
	})
}

// checkStdout checks the lines of the default log: an error, a panic and a
// refusal, as Lambda's JSON log format has them.
func checkStdout(t *testing.T, stdout string, more ...string) {
	t.Helper()
	var messages []string
	for line := range strings.Lines(stdout) {
		var l struct{ Timestamp, Level, Message, Error, Stack, Origin, Method, Resource, Reason string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Errorf("%q: %v", line, err)
		}
		if _, err := time.Parse(time.RFC3339, l.Timestamp); err != nil {
			t.Error(err)
		}
		messages = append(messages, l.Level+" "+l.Message+" "+l.Error+l.Origin+" "+l.Method+" "+l.Resource+" "+l.Reason)
		if (l.Error == "panic: out of products") != strings.Contains(l.Stack, "main.go") {
			t.Errorf("the stack is %q", l.Stack)
		}
	}
	want := append(more,
		"ERROR handler failed no such table GET /products/{id} ",
		"ERROR handler panicked panic: out of products GET /products/{id} ",
		"WARN CORS: origin refused https://evil.example OPTIONS /products/{id} origin not allowed",
	)
	if !slices.Equal(messages, want) {
		t.Errorf("logged\n%s", strings.Join(messages, "\n"))
	}
}

// A function links what decides, and not what checks a Config at synthesis
// (with its public suffix list), the CDK, regular expressions or an HTTP server.
func TestLinkedPackages(t *testing.T) {
	out, err := exec.Command("go", "tool", "nm", build(t, "bootstrap")).Output()
	if err != nil {
		t.Fatal(err)
	}
	symbols := string(out)
	for _, pkg := range []string{"golang.org/x/net/publicsuffix.", "github.com/jub0bs/cors.", "github.com/corsgate/corsgate/constructs/cors.services", "github.com/corsgate/corsgate/constructs/cors.parents", "github.com/corsgate/corsgate/internal/corssetting.", "jsii-runtime-go", "awscdk", "regexp.", "net/http.(*Server)"} {
		if i := strings.Index(symbols, " "+pkg); i >= 0 {
			line, _, _ := strings.Cut(symbols[i:], "\n")
			t.Errorf("the binary links %s", line)
		}
	}
	if !strings.Contains(symbols, " github.com/corsgate/corsgate/constructs/cors.FromStageVariables\n") {
		t.Error("the symbols are not those of a function that uses corslambda")
	}
}

// The middleware adds at most 500 KB to an empty function.
func TestAddedSize(t *testing.T) {
	var sizes []int64
	for _, program := range []string{"empty", "wrapped"} {
		info, err := os.Stat(build(t, program, "-ldflags", "-s -w"))
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, info.Size())
	}
	added := sizes[1] - sizes[0]
	t.Logf("empty %d bytes, wrapped %d, added %d", sizes[0], sizes[1], added)
	if added > 500_000 {
		t.Errorf("the middleware adds %d bytes", added)
	}
}
