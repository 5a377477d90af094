package browser

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/lambdarun"
	"github.com/corsgate/corsgate/internal/simulate"
)

const module = "../.."

// build builds the command, so that the browser meets what users start.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "corsgate")
	if out, err := exec.Command("go", "build", "-o", program, module+"/apps/corsgate").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// A served API is one that `corsgate serve` responds for, under a name of its own, and the same API as package simulate
// sees it.
type served struct {
	name    string // its host is name + apiDomain
	api     string // 127.0.0.1 and a port
	page    string // the page's URL
	port    string // the page's port
	last    uint64 // the last exchange that was looked at
	expects *simulate.Site
}

// localKey is the API key that serve takes besides those of the template.
const localKey = "corsgate-local"

const apiDomain = ".api.example.net"

func (s *served) base() string { return "https://" + s.name + apiDomain + s.expects.API.Root() }

// serve starts the command for a template, and ends it with the test.
func serve(t *testing.T, program, name, template string, hosts ...string) *served {
	t.Helper()
	template, err := filepath.Abs(template)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"serve", "--invoke", "--template", template, "--listen", "127.0.0.1:0", "--page-listen", "127.0.0.1:0", "--tls", "--host", name + apiDomain}
	for _, h := range hosts {
		args = append(args, "--host", h)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = module
	log := &lockedBuffer{}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("corsgate serve of %s ended with: %v", name, err)
		}
		if t.Failed() {
			t.Logf("the log of %s:\n%s", name, log)
		}
	})
	s := &served{name: name}
	lines := bufio.NewScanner(out)
	for s.page == "" && lines.Scan() {
		what, at, _ := strings.Cut(lines.Text(), " ")
		u, err := url.Parse(strings.TrimSpace(at))
		if err != nil {
			t.Fatal(err)
		}
		switch what {
		case "API":
			s.api = u.Host
		case "Page":
			s.page, s.port = u.String(), u.Port()
		}
	}
	if s.page == "" {
		t.Fatalf("corsgate serve of %s does not say where it is:\n%s", name, log)
	}
	s.expect(t, template)
	return s
}

// expect loads the same API for package simulate, with functions of its own.
func (s *served) expect(t *testing.T, template string) {
	t.Helper()
	app, err := cfn.Open([]string{template}, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	api, err := gateway.Load(app, gateway.Options{APIKeys: []string{localKey}})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := lambdarun.New(lambdarun.Options{Functions: lambdarun.Functions(app), Module: module})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	s.expects = &simulate.Site{API: api, Backend: simulate.Running(pool, web{})}
	s.expects.Base = s.base()
}

// A wired exchange is one that went over the wire, as serve's page is told of it.
type wired struct {
	ID       uint64  `json:"id"`
	Method   string  `json:"method"`
	Path     string  `json:"path"`
	Protocol string  `json:"protocol"`
	Status   int     `json:"status"`
	Request  message `json:"request"`
	Response message `json:"response"`
}

type message struct {
	Headers gateway.Headers `json:"headers"`
}

// header returns a header's values as a browser joins them, and whether there is one.
func (m message) header(name string) (string, bool) {
	values := m.Headers.Values(name)
	return strings.Join(values, ", "), len(values) > 0
}

var client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // the test's own servers

// wire returns what went over the wire since it was last asked. An exchange is there before its response has left.
func (s *served) wire() ([]wired, error) {
	res, err := client.Get(fmt.Sprintf("%sexchanges.json?after=%d", s.page, s.last))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var out struct {
		Last      uint64
		Exchanges []wired
	}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		return nil, err
	}
	s.last = out.Last
	return out.Exchanges, nil
}

// web sends an HTTP integration's request, which has neither query nor body here.
type web struct{ gateway.Backend }

func (web) HTTP(ctx context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	out := &gateway.BackendResponse{Status: res.StatusCode, Body: body}
	for name := range res.Header {
		out.Headers = append(out.Headers, gateway.Header{Name: name, Value: res.Header.Get(name)})
	}
	return out, nil
}

func (web) AWS(context.Context, *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	return nil, errors.New("no template of this test calls an AWS service")
}

// pages answers, for any host, with a page that can ask. Pages of https and of http have a listener each.
func pages(t *testing.T) (secure, plain string) {
	t.Helper()
	body, err := os.ReadFile("testdata/page.html")
	if err != nil {
		t.Fatal(err)
	}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(body)
	})
	s, p := httptest.NewTLSServer(h), httptest.NewServer(h)
	t.Cleanup(s.Close)
	t.Cleanup(p.Close)
	return s.Listener.Addr().String(), p.Listener.Addr().String()
}

// A lockedBuffer is written by a process while the test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
