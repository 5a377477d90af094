// Package awstest is an AWS account on this machine for tests: moto's server (https://docs.getmoto.org), with what it lacks
// of API Gateway in front of it.
package awstest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// What an account's user has in the environment. None of it may ever be printed.
const (
	AccessKey    = "AKIAFAKEFAKEFAKEFAKE"
	SecretKey    = "fake/Secret+Key0123456789012345678901234"
	SessionToken = "FakeSessionTokenFakeSessionTokenFakeSessionToken"
	Region       = "eu-west-1"
	AccountID    = "123456789012" // moto's
)

// Environment sets what the SDK reads, and leaves nothing of this machine's own configuration.
func Environment(t testing.TB) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey, "AWS_SESSION_TOKEN": SessionToken, "AWS_REGION": Region, "AWS_DEFAULT_REGION": "",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": "",
	} {
		t.Setenv(name, value)
	}
}

// Config is a configuration that may write, for a test to make the account.
func Config(t testing.TB, endpoint string) aws.Config {
	t.Helper()
	Environment(t)
	cfg, err := config.LoadDefaultConfig(context.Background(), config.WithBaseEndpoint(endpoint))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// program finds moto's server: CORSGATE_MOTO, or moto_server on the path. Where it is absent the test is skipped, but not
// in CI.
func program(t testing.TB) string {
	t.Helper()
	if p := os.Getenv("CORSGATE_MOTO"); p != "" {
		return p
	}
	p, err := exec.LookPath("moto_server")
	if err != nil {
		text := "moto_server is not there: python3 -m venv DIR && DIR/bin/pip install 'moto[server]', and CORSGATE_MOTO=DIR/bin/moto_server"
		if os.Getenv("CI") != "" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
	return p
}

// Moto starts a server of the test's own and gives its address.
func Moto(t testing.TB) string {
	t.Helper()
	path := program(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	cmd := exec.Command(path, "-H", "127.0.0.1", "-p", port)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "HOME="+cmd.Dir)
	var out log
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	address := "http://127.0.0.1:" + port
	for range 600 {
		if res, err := http.Get(address + "/moto-api/data.json"); err == nil {
			res.Body.Close()
			return address
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("moto does not answer:\n%s", out.String())
	return ""
}

// log keeps what a program prints.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// IsRead says of a request whether it reads: the REST protocols by the method, the JSON ones by the operation's name.
func IsRead(r *http.Request) error {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		_, op, _ := strings.Cut(target, ".")
		for _, verb := range []string{"Get", "Describe", "List", "Filter"} {
			if strings.HasPrefix(op, verb) {
				return nil
			}
		}
		return fmt.Errorf("%s writes", target)
	}
	if r.Method != http.MethodGet {
		return fmt.Errorf("%s %s writes", r.Method, r.URL.Path)
	}
	return nil
}
