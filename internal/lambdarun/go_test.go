package lambdarun

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Go function as corsfunction makes it, through everything it can do wrong, in
// one pool: each failure must leave the function as good as before.
func TestGoFunction(t *testing.T) {
	p, log := newPool(t, Options{}, goFunction("Handler", nil))
	first := body(t, invoke(t, p, "Handler", "/"))
	if again := body(t, invoke(t, p, "Handler", "/")); again != first {
		t.Errorf("process %s answers after %s", again, first)
	}

	// An error it reports, and it lives on.
	r := invoke(t, p, "Handler", "/error")
	fault(t, r, "errorString", "no such table")
	if again := body(t, invoke(t, p, "Handler", "/")); again != first {
		t.Errorf("process %s answers after the error, before it %s", again, first)
	}

	// What ends it.
	for path, want := range map[string][2]string{
		"/panic": {"string", "out of products"},
		"/exit":  {"Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 1"},
		"/kill":  {"Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: signal: killed"},
		"/huge":  {"Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes)."},
	} {
		if !onUnix && path == "/kill" {
			continue
		}
		before := body(t, invoke(t, p, "Handler", "/"))
		fault(t, invoke(t, p, "Handler", path), want[0], want[1])
		r := invoke(t, p, "Handler", "/")
		if after := body(t, r); after == before {
			t.Errorf("after %s process %s is still there", path, after)
		} else if r.Init == 0 {
			t.Errorf("after %s no start of a process is told of", path)
		}
	}

	invoke(t, p, "Handler", "/log")
	eventually(t, "the log", func() bool { return strings.Contains(log.String(), "Handler: three without an end\n") })
	if !strings.Contains(log.String(), "Handler: one\nHandler: two\n") {
		t.Errorf("the log:\n%s", log)
	}
}

// The one of the example app.
func TestCatalog(t *testing.T) {
	f := goFunction("Handler886CB40B", nil)
	f.Entry = "apps/catalog/handler"
	p, _ := newPool(t, Options{}, f)
	r, err := p.Invoke(t.Context(), f.LogicalID, []byte(`{"httpMethod": "GET", "resource": "/products", "path": "/products",
		"headers": {"origin": "https://app.example.com"}, "multiValueHeaders": {"origin": ["https://app.example.com"]},
		"stageVariables": {"corsOrigins": "https://app.example.com"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(r.Payload); !strings.Contains(got, `"Access-Control-Allow-Origin":"https://app.example.com"`) || !strings.Contains(got, `"statusCode":200`) {
		t.Errorf("got %s", got)
	}
}

func TestContextAndEnvironment(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "of the host")
	t.Setenv("AWS_REGION", "of-the-host-1")
	t.Setenv("CORSGATE_TEST_TOKEN", "of the host")
	f := goFunction("Handler", map[string]string{"TABLE": "products", "LANG": "C", "AWS_REGION": "mine"})
	f.Name, f.MemoryMB, f.Timeout = "shop", 256, 10*time.Minute
	f.Unresolved = map[string]string{"Environment.Variables.BUCKET": "Bucket", "Timeout": "T"}
	f.Layers = 2
	p, log := newPool(t, Options{Region: "eu-west-1"}, f)
	r := invoke(t, p, "Handler", "/context")
	var c struct {
		Left               float64
		ID, ARN, Trace, WD string
	}
	if err := json.Unmarshal([]byte(body(t, r)), &c); err != nil {
		t.Fatal(err)
	}
	if c.ID != r.RequestID || c.ARN != "arn:aws:lambda:eu-west-1:123456789012:function:shop" || !strings.HasPrefix(c.Trace, "Root=1-") || c.Left < 60 || c.Left > 600 {
		t.Errorf("the context is %+v", c)
	}
	for _, want := range []string{"shop: corsgate: known only at deployment, with a placeholder here: BUCKET\n", "shop: corsgate: layers are not run here, and it has 2\n"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %q:\n%s", want, log)
		}
	}

	env := environment(t, p)
	for name, want := range map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME": "shop", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
		"_HANDLER": "bootstrap", "LAMBDA_TASK_ROOT": c.WD, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "TZ": ":UTC",
		"TABLE": "products", "LANG": "C", "PATH": os.Getenv("PATH"), "AWS_EC2_METADATA_DISABLED": "true",
	} {
		if env[name] != want {
			t.Errorf("%s=%q, want %q", name, env[name], want)
		}
	}
	for _, name := range []string{"AWS_SECRET_ACCESS_KEY", "CORSGATE_TEST_TOKEN", "AWS_EXECUTION_ENV"} {
		if v, ok := env[name]; ok {
			t.Errorf("%s=%q is passed on", name, v)
		}
	}

	if entries, err := os.ReadDir(env["HOME"]); err != nil || len(entries) > 0 || env["HOME"] == os.Getenv("HOME") {
		t.Errorf("its home is %q with %v, %v, and is to be an empty folder", env["HOME"], entries, err)
	}

	p, _ = newPool(t, Options{HostAWS: true}, f)
	env = environment(t, p)
	if env["AWS_SECRET_ACCESS_KEY"] != "of the host" || env["AWS_REGION"] != "us-east-1" || env["CORSGATE_TEST_TOKEN"] != "" || env["AWS_EC2_METADATA_DISABLED"] != "" {
		t.Errorf("with HostAWS: %v", env)
	}
}

func environment(t *testing.T, p *Pool) map[string]string {
	t.Helper()
	var list []string
	if err := json.Unmarshal([]byte(body(t, invoke(t, p, "Handler", "/environ"))), &list); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, kv := range list {
		name, v, _ := strings.Cut(kv, "=")
		env[name] = v
	}
	return env
}

func TestTimeout(t *testing.T) {
	f := goFunction("Handler", nil)
	p, _ := newPool(t, Options{}, f)
	if err := p.Prepare(t.Context(), "Handler"); err != nil {
		t.Fatal(err)
	}
	p.functions["Handler"].Timeout = 250 * time.Millisecond // from now on no build counts
	r := invoke(t, p, "Handler", "/hang")
	fault(t, r, "Sandbox.Timedout", "RequestId: ID Error: Task timed out after 0.25 seconds")
	if r.Duration < 250*time.Millisecond {
		t.Errorf("after %v", r.Duration)
	}
	eventually(t, "the process is ended", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.live) == 0 })
}

func TestInitialization(t *testing.T) {
	p, log := newPool(t, Options{InitLimit: 250 * time.Millisecond},
		goFunction("Never", map[string]string{"INIT": "never"}), goFunction("Exit", map[string]string{"INIT": "exit"}))
	fault(t, invoke(t, p, "Never", "/"), "Sandbox.Timedout", "RequestId: ID Error: Init timed out after 0.25 seconds")
	p.options.InitLimit = patience
	fault(t, invoke(t, p, "Exit", "/"), "Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 3")
	if !strings.Contains(log.String(), "Exit: about to exit\n") {
		t.Errorf("the log:\n%s", log)
	}
}

func TestConcurrency(t *testing.T) {
	const want = 4
	p, _ := newPool(t, Options{Concurrency: want}, goFunction("Handler", nil))
	dir := t.TempDir()
	pids := make([]string, want)
	var wg sync.WaitGroup
	for i := range pids {
		wg.Go(func() {
			r, err := p.Invoke(t.Context(), "Handler", event("/wait", map[string]string{"dir": dir, "want": fmt.Sprint(want)}))
			if err != nil {
				t.Error(err)
				return
			}
			pids[i] = body(t, r)
		})
	}
	wg.Wait()
	slices.Sort(pids)
	if got := slices.Compact(slices.Clone(pids)); len(got) != want {
		t.Fatalf("%d invocations at a time were in %v", want, pids)
	}
	// They are kept, and there are never more.
	seen := map[string]bool{}
	var mu sync.Mutex
	for range 10 * want {
		wg.Go(func() {
			r, err := p.Invoke(t.Context(), "Handler", event("/", nil))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			seen[body(t, r)] = true
		})
	}
	wg.Wait()
	for _, pid := range slices.Collect(maps.Keys(seen)) {
		if !slices.Contains(pids, pid) {
			t.Errorf("process %s answers beside %v", pid, pids)
		}
	}

	// One that gives up waiting for a process does not take one.
	p, _ = newPool(t, Options{Concurrency: 1}, goFunction("Handler", nil))
	body(t, invoke(t, p, "Handler", "/"))
	ctx, cancel := context.WithCancel(t.Context())
	hanging := make(chan error, 1)
	go func() {
		_, err := p.Invoke(ctx, "Handler", event("/hang", nil))
		hanging <- err
	}()
	eventually(t, "it hangs", func() bool { return len(p.functions["Handler"].slots) == 1 })
	short, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, err := p.Invoke(short, "Handler", event("/", nil)); err != context.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
	cancel()
	if err := <-hanging; err != context.Canceled {
		t.Errorf("got %v", err)
	}
}

func TestStreaming(t *testing.T) {
	p, _ := newPool(t, Options{StreamLimit: 1000}, goFunction("Handler", map[string]string{"INIT": "stream"}))
	r := invoke(t, p, "Handler", "/")
	var prelude struct {
		StatusCode int
		Headers    map[string]string
	}
	if err := json.Unmarshal(r.Prelude, &prelude); err != nil || prelude.StatusCode != 201 || prelude.Headers["Content-Type"] != "text/plain" {
		t.Errorf("the prelude is %s: %v", r.Prelude, err)
	}
	if !r.Streamed || string(r.Body) != "first second" || r.FunctionError != "" || r.ContentType != httpIntegration {
		t.Errorf("got %+v", r)
	}

	// An error on the way.
	r = invoke(t, p, "Handler", "/broken")
	fault(t, r, "errorString", "the source ran dry")
	if !r.Streamed || string(r.Body) != "first " || len(r.Prelude) == 0 {
		t.Errorf("got %s and %q before the error", r.Prelude, r.Body)
	}
	r = invoke(t, p, "Handler", "/exit")
	fault(t, r, "Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 4")

	p.options.StreamLimit = 10
	fault(t, invoke(t, p, "Handler", "/"), "Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (10 bytes).")
}

// One that dies between invocations is replaced, and nobody notices.
func TestDeathWhileIdle(t *testing.T) {
	p, _ := newPool(t, Options{}, goFunction("Handler", nil))
	for range 5 {
		pid := body(t, invoke(t, p, "Handler", "/"))
		n, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is idle", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.functions["Handler"].idle) == 1 })
		process, err := os.FindProcess(n)
		if err != nil {
			t.Fatal(err)
		}
		if err := process.Kill(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is gone", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.functions["Handler"].idle) == 0 })
		if again := body(t, invoke(t, p, "Handler", "/")); again == pid {
			t.Errorf("process %s answers after its death", again)
		}
	}
}
