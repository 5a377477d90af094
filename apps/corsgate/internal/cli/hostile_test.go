package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/testkit/hostile"
)

// TestProbeHostile holds that nothing of what a server says is more than text in what probe prints: of each header that is
// looked at, of names of headers, of bodies, and of what is no HTTP.
func TestProbeHostile(t *testing.T) {
	header := strings.ReplaceAll(hostile.Line, "\x07", "") // which a line of HTTP may not have
	text, err := json.Marshal(hostile.Text)
	if err != nil {
		t.Fatal(err)
	}
	head := func(status int, name, value string) string {
		return fmt.Sprintf("HTTP/1.1 %d %s\r\n%s: %s\r\n", status, header, name, value)
	}
	var answers []string
	for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Allow-Credentials", "Access-Control-Max-Age", "Access-Control-Expose-Headers", "Vary", "Server", "x-amzn-errortype", "x-amzn-waf-action", "Age", "X-" + header} {
		for _, status := range []int{204, 403} {
			allow := "Access-Control-Allow-Origin: https://app.example.com\r\nAccess-Control-Allow-Credentials: true\r\n"
			if name == "Access-Control-Allow-Origin" {
				allow = ""
			}
			answers = append(answers, head(status, name, header)+allow+name+": \x9b"+header+"\r\nContent-Length: 0\r\n\r\n")
		}
	}
	answers = append(answers, head(302, "Location", "https://x.example/"+header)+"Access-Control-Allow-Origin: https://app.example.com\r\nContent-Length: 0\r\n\r\n",
		head(500, "Content-Type", "application/json")+fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(text)+12, `{"message":`+string(text)+"}"),
		head(500, "Content-Type", "text/plain")+fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(hostile.Text)+100, hostile.Text), header+"\r\n", "HTTP/1.1 200 OK\r\nContent-Length: "+header+"\r\n\r\n")
	for i, answer := range answers {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				for r := bufio.NewReader(conn); ; {
					if line, err := r.ReadString('\n'); err != nil || line == "\r\n" {
						break
					}
				}
				_, _ = io.WriteString(conn, answer)
				conn.Close()
			}
		}()
		for _, format := range hostile.Formats {
			_, out, errs := run("probe", "http://"+l.Addr().String()+"/x", "--origin", "https://app.example.com", "--errors", "--credentials", "--max-requests", "8", "--format", format)
			if errs == "" && out == "" {
				t.Fatalf("answer %d: nothing is printed", i)
			}
			if out != "" {
				hostile.Check(t, format, out)
			}
			hostile.Check(t, "text", errs)
		}
	}
}

// TestLogsHostile holds the same of what stands in logs.
func TestLogsHostile(t *testing.T) {
	quoted := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	h, line := hostile.Text, hostile.Line
	var b strings.Builder
	for _, message := range []string{"CORS: origin refused", "CORS: more origins refused, in an earlier minute", "CORS: the stage's variables hold no valid policy, so every origin is refused", "CORS: the handler sets CORS headers of its own, which are left out"} {
		b.WriteString(quoted(map[string]any{"message": message, "origin": h, "method": h, "path": h, "resource": h, "reason": h, "count": 3, "faults": []string{h}, "stage": h, "headers": []string{h}, "apiRequestId": h}) + "\n")
	}
	b.WriteString(quoted(map[string]any{"type": "platform.report", "record": map[string]any{"requestId": h, "status": "error", "errorType": h}}) + "\n")
	b.WriteString(quoted(map[string]any{"httpMethod": "OPTIONS", "resourcePath": h, "status": 401, "errorResponseType": h, "requestId": h}) + "\n")
	fmt.Fprintf(&b, "203.0.113.7 - - [22/Nov/2026:10:00:00 +0000] \"OPTIONS %s HTTP/1.1\" 401 26 c6af9ac6\n", line)
	fmt.Fprintf(&b, "RequestId: 8c0e-1 Error: Runtime exited with error: %s\n", line)
	for i, lines := range [][]string{
		{"Method request headers: {Origin=" + line + ", Access-Control-Request-Method=" + line + ", Access-Control-Request-Headers=" + line + "}", "Method response headers: {Access-Control-Allow-Origin=" + line + ", Access-Control-Allow-Methods=" + line + "}", "Method completed with status: 204"},
		{"Method request headers: {Origin=https://app.example.com, Host=" + line + ", Access-Control-Request-Method=PUT, Access-Control-Request-Headers=" + line + "}", "Method response headers: {Access-Control-Allow-Origin=https://app.example.com, Access-Control-Allow-Headers=" + line + "}", "Method completed with status: 204"},
		{"Execution failed due to configuration error: " + line, "Method completed with status: 500"},
		{"Endpoint request URI: https://x:function:" + line, "Endpoint response body before transformations: " + quoted(map[string]any{"headers": map[string]string{"access-control-allow-origin": h, "Access-Control-Allow-Origin": "*"}}), "Method completed with status: 502"},
	} {
		for _, l := range append([]string{"HTTP Method: OPTIONS, Resource Path: /" + strings.ReplaceAll(line, " ", "")}, lines...) {
			fmt.Fprintf(&b, "(00000000-0000-4000-8000-00000000000%d) %s\n", i, l)
		}
	}
	name := filepath.Join(t.TempDir(), "x.log")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, format := range hostile.Formats {
		for _, origins := range [][]string{nil, {"--origins", "https://app.example.com"}} {
			status, out, errs := run(append([]string{"logs", "--file", name, "--format", format}, origins...)...)
			if status != statusRefused || errs != "" {
				t.Errorf("%s: status %d, %s", format, status, errs)
			}
			hostile.Check(t, format, out)
		}
	}
}
