//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestMain has the tests' binary be corsgate where it is told to.
func TestMain(m *testing.M) {
	if os.Getenv("CORSGATE_TEST_MAIN") != "" {
		main()
	}
	os.Exit(m.Run())
}

// TestSignals holds that serve ends in an orderly way on each signal that ends programs, a closed terminal's too: what it
// has started would go on otherwise.
func TestSignals(t *testing.T) {
	template, err := filepath.Abs("../../test/templates/catalog.template.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if signal.Ignored(s) {
			continue // as under nohup: it is then ignored in what is started, and has to be
		}
		cmd := exec.Command(os.Args[0], "serve", "--template", template, "--app", t.TempDir(), "--listen", "127.0.0.1:0", "--page-listen", "127.0.0.1:0")
		cmd.Env = append(os.Environ(), "CORSGATE_TEST_MAIN=1")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Error(err)
		}
		if err := cmd.Process.Signal(s); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v, want exit status 0", s, err)
		}
		timer.Stop()
	}
}

// TestInterrupted interrupts each command while it waits: for a pipe that has not all of a
// template yet, for a function and for a server that do not answer. It ends, and has
// written nothing; logs may say what it has found so far.
func TestInterrupted(t *testing.T) {
	if signal.Ignored(syscall.SIGINT) {
		t.Fatal("SIGINT is ignored here, so it cannot be tested")
	}
	template, err := filepath.Abs("../../test/templates/catalog.template.json")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(server.CloseClientConnections)
	dir := t.TempDir()
	slow := filepath.Join(dir, "slow.yaml")
	if err := os.WriteFile(slow, fmt.Appendf(nil, `Transform: AWS::Serverless-2016-10-31
Resources:
  Slow:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: "import urllib.request\ndef handler(e, c):\n  urllib.request.urlopen('%s')\n"
      Events: {Get: {Type: Api, Properties: {Path: /, Method: get}}}
`, server.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	const origin = "--origin=https://app.example.com"
	for _, tt := range []struct {
		args   []string // PIPE is the name of one
		status int
	}{
		{[]string{"explain", "--template", "PIPE", origin}, 130},
		{[]string{"serve", "--template", "PIPE"}, 0},
		{[]string{"check", "PIPE"}, 130},
		{[]string{"check", "--suppressions", "PIPE", template}, 130},
		{[]string{"diff", template, "PIPE"}, 130},
		{[]string{"inspect", "--rest-api-id", "a", "--template", "PIPE"}, 130},
		{[]string{"logs", "--file", "PIPE"}, 130},
		{[]string{"explain", "--template", template, origin, "--method", "PUT", "--path", "/products/1", "--response", "PIPE"}, 130},
		{[]string{"explain", "--invoke", "--template", slow, origin}, 130},
		{[]string{"probe", server.URL, origin}, 130},
		{[]string{"inspect", "--rest-api-id", "a", "--endpoint-url", server.URL}, 130},
		{[]string{"logs", "--rest-api-id", "a", "--stage", "prod", "--endpoint-url", server.URL}, 130},
	} {
		pipe := filepath.Join(t.TempDir(), "pipe.json")
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		var args []string
		pipes := false
		for _, a := range tt.args {
			if a == "PIPE" {
				a, pipes = pipe, true
			}
			args = append(args, a)
		}
		var out, errs bytes.Buffer
		cmd := exec.Command(os.Args[0], args...)
		cmd.Stdout, cmd.Stderr = &out, &errs
		cmd.Env = append(os.Environ(), "CORSGATE_TEST_MAIN=1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=a", "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/nonexistent", "AWS_SHARED_CREDENTIALS_FILE=/nonexistent", "HTTP_PROXY=", "http_proxy=")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		ended := make(chan struct{})
		go func() {
			_ = cmd.Wait()
			close(ended)
		}()
		waits := asked
		if pipes {
			waits = make(chan struct{})
			go func() {
				w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits for the reader
				if err == nil {
					_, _ = w.WriteString(`{"Resources": {`)
					close(waits)
					<-ended
					w.Close()
				}
			}()
		}
		select {
		case <-waits:
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		case <-ended:
		}
		<-ended
		timer.Stop()
		if got := cmd.ProcessState.ExitCode(); got != tt.status || tt.args[0] != "logs" && out.Len() > 0 {
			t.Errorf("%q: %v, want exit status %d\n%s%s", args, cmd.ProcessState, tt.status, &out, &errs)
		}
		for len(asked) > 0 {
			<-asked
		}
	}
}
