package cli

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestServe serves the app of a cdk.json until it is interrupted.
func TestServe(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the app is a line for sh")
	}
	dir := t.TempDir()
	template, err := os.ReadFile("../../../../test/templates/catalog.template.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"cdk.json":           `{"app": "cp manifest.json Shop.template.json $CDK_OUTDIR"}`,
		"manifest.json":      `{"artifacts": {"Shop": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "Shop.template.json"}}}}`,
		"Shop.template.json": string(template),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)

	ctx, interrupt := context.WithCancel(t.Context())
	r, w := io.Pipe()
	var stderr bytes.Buffer
	status := make(chan int)
	go func() {
		got := Command{Stdout: w, Stderr: &stderr}.Run(ctx, []string{"serve", "--app", dir, "--listen", "127.0.0.1:0", "--page-listen", "127.0.0.1:0", "--var", "corsOrigins=https://b.example"})
		w.Close()
		status <- got
	}()
	timer := time.AfterFunc(time.Minute, interrupt)
	defer timer.Stop()
	said := make([]byte, 1024)
	n, err := r.Read(said)
	go func() { _, _ = io.Copy(io.Discard, r) }()
	addresses := regexp.MustCompile(`^API   (http://127\.0\.0\.1:[0-9]+/prod)\nPage  (http://127\.0\.0\.1:[0-9]+/)\n$`).FindSubmatch(said[:n])
	if addresses == nil {
		interrupt()
		t.Fatalf("it said %q, %v, and ended with %d\n%s", said[:n], err, <-status, &stderr)
	}
	req, _ := http.NewRequest("GET", string(addresses[1])+"/health", nil)
	req.Header.Set("Origin", "https://b.example")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got := res.Header.Get("Access-Control-Allow-Origin"); res.StatusCode != 200 || got != "https://b.example" {
		t.Errorf("the API: %d %q", res.StatusCode, got)
	}
	res, err = http.Get(string(addresses[2]))
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if !strings.Contains(string(page), "<title>corsgate serve</title>") {
		t.Errorf("the page: %d %.100s", res.StatusCode, page)
	}
	interrupt()
	if got := <-status; got != 0 {
		t.Errorf("exit status %d, want 0\n%s", got, &stderr)
	}
	if !strings.Contains(stderr.String(), "GET /prod/health origin=https://b.example 200") {
		t.Errorf("the log:\n%s", &stderr)
	}
	if left, _ := os.ReadDir(temporary); len(left) > 0 {
		t.Errorf("%s is left behind", left[0])
	}
}

// TestServeInterruptedEarly interrupts it while the app runs, which shall end too.
func TestServeInterruptedEarly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the app is a line for sh")
	}
	dir := t.TempDir()
	started := filepath.Join(dir, "started")
	if err := os.WriteFile(filepath.Join(dir, "cdk.json"), []byte(`{"app": "sh -c 'echo > started; sleep 100'; true"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if _, err := os.Stat(started); err == nil {
				break
			}
		}
		interrupt()
	}()
	var stdout, stderr bytes.Buffer
	begin := time.Now()
	if got := (Command{Stdout: &stdout, Stderr: &stderr}).Run(ctx, []string{"serve", "--app", dir}); got != 0 || stdout.Len()+stderr.Len() > 0 {
		t.Errorf("exit status %d, %s%s", got, &stdout, &stderr)
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}
