package cli

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// misbehaving responds to each request with what it is given for OPTIONS or else for the rest, and hangs up.
func misbehaving(t *testing.T, options, rest string, hang bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				answer := rest
				if r.Method == "OPTIONS" {
					answer = options
				}
				_, _ = io.WriteString(c, answer)
				if hang {
					_, _ = io.Copy(io.Discard, c)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String() + "/prod/x"
}

// TestProbeMisbehaving has servers that do not speak HTTP as they should: what comes of it is a finding, or one line.
func TestProbeMisbehaving(t *testing.T) {
	const preflight = "HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: https://app.example.com\r\nAccess-Control-Allow-Methods: GET\r\n\r\n"
	const ok = "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: https://app.example.com\r\nContent-Length: 2\r\n\r\nhi"
	for _, tt := range []struct {
		name, options, rest string
		hang                bool
		status              int
		want                string // in the output, or on stderr for status 3
	}{
		{"well", preflight, ok, false, 0, "Verdict: allowed"},
		{"HTTP/1.0", strings.Replace(preflight, "1.1", "1.0", 1), "HTTP/1.0 200 OK\nAccess-Control-Allow-Origin: https://app.example.com\n\nhi", false, 0, "< HTTP/1.0 200"},
		{"headers twice", preflight, strings.Replace(ok, "\r\nContent", "\r\naccess-control-allow-origin: *\r\nContent", 1), false, 1, "error CORS502"},
		{"half a body", preflight, strings.Replace(ok, "2", "200000", 1), false, 1, "error CORS503"},
		{"half a head", preflight, "HTTP/1.1 200 OK\r\nAccess-Control", false, 1, "the connection ended before the response was complete"},
		{"half a head at first", "HTTP/1.1 200 OK\r\nAccess-Control", ok, false, 3, "the connection ended before the response was complete"},
		{"a hang", "", "", true, 3, "no complete response within 50ms"},
		{"a hang in the head", "HTTP/1.1 200 OK\r\nA: b\r\n", "", true, 3, "no complete response within 50ms"},
		{"a hang of GET", preflight, "", true, 1, "no complete response within 500ms"},
		{"10 MB of headers", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 10<<10), ok, false, 3, "more than 256 KiB of headers"},
		{"a header of 10 MB", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 10<<20), ok, false, 3, "more than 256 KiB of headers"},
		{"garbage", "\x16\x03\x01\x00\x00", ok, false, 3, "it does not speak HTTP"},
		{"another protocol", "220 smtp.example ESMTP\r\n", ok, false, 3, "it does not speak HTTP"},
		{"a redirect", "HTTP/1.1 301 Moved\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n", ok, false, 0, "info CORS511"},
		{"refused with no more than a warning", "HTTP/1.1 403 Forbidden\r\nx-amzn-ErrorType: ForbiddenException\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 403 Forbidden\r\nx-amzn-ErrorType: ForbiddenException\r\nContent-Length: 0\r\n\r\n", false, 1, "0 errors, 1 warning"},
		{"control characters", preflight, "HTTP/1.1 200 \x1b[31mOK\r\nAccess-Control-Allow-Origin: \x1b[2J\xff\r\nContent-Length: 0\r\n\r\n", false, 1, "error CORS205"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := misbehaving(t, tt.options, tt.rest, tt.hang)
			timeout, formats := "1m", []string{"text", "json", "sarif", "markdown", "github"}
			switch {
			case tt.hang && tt.status == 3:
				timeout = "50ms"
			case tt.hang:
				// The preflight has to be answered in time, on whatever machine.
				timeout, formats = "500ms", formats[:1]
			}
			for _, format := range formats {
				status, out, errs := run("probe", url, "--origin", page, "--timeout", timeout, "--format", format)
				if status != tt.status {
					t.Fatalf("%s: exit status %d\n%s%s", format, status, out, errs)
				}
				if strings.Contains(out+errs, "\x1b") || !utf8.ValidString(out+errs) {
					t.Errorf("%s: control characters of the server's are printed", format)
				}
				if status == 3 && (out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, tt.want)) {
					t.Errorf("%s: not one line with %s: %q %q", format, tt.want, out, errs)
				}
				if status != 3 && format == "text" && !strings.Contains(strings.Join(strings.Fields(out), " "), tt.want) {
					t.Errorf("no %s in\n%s%s", tt.want, out, errs)
				}
			}
		})
	}
}

// TestProbeUnreachable holds that what cannot be reached is one line.
func TestProbeUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	self := httptest.NewUnstartedServer(nil)
	self.Config.ErrorLog = log.New(io.Discard, "", 0)
	self.StartTLS()
	defer self.Close()
	for _, tt := range []struct{ url, want string }{
		{"https://" + l.Addr().String() + "/?token=s3cret", "corsgate: " + l.Addr().String() + ": it cannot be reached: connect: connection refused\n"},
		{self.URL, "corsgate: " + strings.TrimPrefix(self.URL, "https://") + ": the certificate is not trusted: x509: certificate signed by unknown authority; --insecure takes any\n"},
		{"https://no.such.host.invalid/", "corsgate: no.such.host.invalid: "},
	} {
		status, out, errs := run("probe", tt.url, "--origin", page)
		if status != 3 || out != "" || !strings.HasPrefix(errs, tt.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: exit status %d, %q %q", tt.url, status, out, errs)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	if status := (Command{Stdout: &stdout, Stderr: &stderr}).Run(ctx, []string{"probe", self.URL, "--origin", page}); status != statusStopped || stdout.Len()+stderr.Len() > 0 {
		t.Errorf("interrupted: %d %s%s", status, &stdout, &stderr)
	}
}

// TestProbeSecrets has a server that sends back what it was given, in every format, and in errors.
func TestProbeSecrets(t *testing.T) {
	const token, cookie, key = "tok-3n-of-the-test", "c00kie-of-the-test", "k3y-of-the-test"
	t.Setenv("API_TOKEN", token)
	jar := filepath.Join(t.TempDir(), "jar")
	if err := os.WriteFile(jar, []byte("session="+cookie+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all := []string{"--bearer-env", "API_TOKEN", "--cookie", "@" + jar, "--header", "x-api-key: " + key, "--errors"}
	echo := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said := r.Header.Get("Authorization") + " " + r.Header.Get("Cookie") + " " + r.Header.Get("X-Api-Key")
		if r.Method != "OPTIONS" {
			w.Header().Set("Access-Control-Allow-Origin", said)
		}
		w.Header().Set("Access-Control-Allow-Headers", said)
		w.Header().Set("Location", "https://elsewhere.example/"+said)
		w.WriteHeader(401)
		_, _ = io.WriteString(w, said)
	}))
	defer echo.Close()
	garbage, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer garbage.Close()
	go func() { // says what it is told
		for {
			c, err := garbage.Accept()
			if err != nil {
				return
			}
			r, err := http.ReadRequest(bufio.NewReader(c))
			if err == nil && r.Method == "OPTIONS" {
				_, _ = io.WriteString(c, "HTTP/1.1 204 OK\r\n\r\n")
			} else if err == nil {
				_, _ = io.WriteString(c, r.Header.Get("Authorization")+r.Header.Get("Cookie")+"\r\n\r\n")
			}
			c.Close()
		}
	}()
	for _, url := range []string{echo.URL + "/x", "http://" + garbage.Addr().String() + "/x"} {
		for _, format := range []string{"text", "json", "sarif", "markdown", "github"} {
			status, out, errs := run(append([]string{"probe", url, "--origin", page, "--insecure", "--format", format}, all...)...)
			if status != 1 || len(out) < 200 {
				t.Errorf("%s, %s: exit status %d\n%s%s", url, format, status, out, errs)
			}
			for _, secret := range []string{token, cookie, key} {
				if strings.Contains(out+errs, secret) {
					t.Errorf("%s, %s: %s is printed", url, format, secret)
				}
			}
		}
	}
	for _, args := range [][]string{
		{"--bearer-env", token}, {"--cookie", cookie}, {"--cookie", "a=" + cookie + "\nb"}, {"--bearer-env", "API_TOKEN", "--header", "authorization: " + key},
		{"--cookie", "a=" + cookie, "--origin", "nothing"}, {"--bearer-env", "API_TOKEN", "--method", "TRACE"},
	} {
		status, out, errs := run(append([]string{"probe", "https://me:" + token + "@127.0.0.1:1/", "--origin", page}, args...)...)
		if status != 2 || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit status %d, %q", args, status, errs)
		}
		for _, secret := range []string{token, cookie, key} {
			if strings.Contains(out+errs, secret) {
				t.Errorf("%v: %s is printed: %s", args, secret, errs)
			}
		}
	}
}
