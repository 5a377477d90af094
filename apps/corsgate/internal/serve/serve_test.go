package serve

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/testkit/need"
)

const templates = "../../../../test/templates/"

// A journal is a log that a test reads while others write.
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

// start serves a template until the test ends.
func start(t testing.TB, o Options) (*Server, *journal) {
	t.Helper()
	j := &journal{}
	o.Log, o.Listen, o.PageListen = j, "127.0.0.1:0", "127.0.0.1:0"
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve() }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if t.Failed() {
			t.Logf("the log:\n%s", j)
		}
	})
	return s, j
}

// client takes any certificate, follows nothing, and speaks HTTP/2 where it can.
var client = &http.Client{
	Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // the test's own server
		ForceAttemptHTTP2: true,
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request with header lines such as "Origin: null".
func ask(t testing.TB, method, url, body string, lines ...string) answer {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Add(name, value)
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(b)}
}

// wants checks the status and a header, "" for one that must not be there.
func (a answer) wants(t testing.TB, what string, status int, header, value string) {
	t.Helper()
	if a.status != status || a.header.Get(header) != value {
		t.Errorf("%s: status %d, %s %q, body %q; want %d and %q", what, a.status, header, a.header.Get(header), a.body, status, value)
	}
}

const acao = "Access-Control-Allow-Origin"

func TestCatalog(t *testing.T) {
	s, log := start(t, Options{App: app(t, templates+"catalog.template.json")})
	const app, other = "Origin: https://app.example.com", "Origin: https://app.example.com.evil.example"

	ask(t, "GET", s.URL()+"/products", "") // builds the function, which may take longer than API Gateway waits
	ask(t, "GET", s.URL()+"/products", "", app).wants(t, "the function", 200, acao, "https://app.example.com")
	if a := ask(t, "GET", s.URL()+"/products/cup", "", other); a.status != 200 || a.header.Get(acao) != "" || a.header.Get("Vary") != "Origin" || !strings.Contains(a.body, `"Cup"`) {
		t.Errorf("a refused origin: %+v", a)
	}
	ask(t, "POST", s.URL()+"/carts/price", `{"lines":[{"id":"cup","quantity":2}]}`, app, "Content-Type: application/json").wants(t, "a body", 200, acao, "https://app.example.com")
	ask(t, "OPTIONS", s.URL()+"/carts/price", "", app, "Access-Control-Request-Method: POST").wants(t, "a preflight", 204, "Access-Control-Allow-Methods", "POST")
	ask(t, "OPTIONS", s.URL()+"/carts/price", "", other, "Access-Control-Request-Method: POST").wants(t, "a refused preflight", 403, acao, "")
	ask(t, "GET", s.URL()+"/health", "", app).wants(t, "a mock", 200, acao, "https://app.example.com")
	ask(t, "GET", s.URL()+"/nothing", "", app).wants(t, "an unknown path", 403, acao, "*")
	ask(t, "DELETE", s.URL()+"/products", "", app).wants(t, "an unknown method", 403, acao, "*")
	ask(t, "GET", strings.TrimSuffix(s.URL(), "prod")+"products", "", app).wants(t, "no stage", 403, "X-Amzn-Errortype", "ForbiddenException")
	ask(t, "POST", s.URL()+"/carts/price", strings.Repeat("x", gateway.MaxBody+1), app).wants(t, "a large body", 413, acao, "*")

	for _, want := range []string{
		`(?m)^GET /prod/products origin=https://app\.example\.com 200 acao=https://app\.example\.com by="AWS_PROXY Handler886CB40B" [0-9.]+ms$`,
		`(?m)^OPTIONS /prod/carts/price origin=https://app\.example\.com\.evil\.example 403 acao=- by="MOCK statusCode 403" [0-9.]+ms$`,
		`(?m)^GET /prod/nothing origin=https://app\.example\.com 403 acao=\* by="gateway response MISSING_AUTHENTICATION_TOKEN: no resource for the path /nothing`,
		`(?m)^Handler886CB40B: .*origin refused`,
	} {
		if !regexp.MustCompile(want).MatchString(log.String()) {
			t.Errorf("the log has no line like %s", want)
		}
	}
}

func TestPlainCDK(t *testing.T) {
	need.Programs(t, "node")
	for _, tt := range []struct{ template, origin, want, other string }{
		{"cdk-one-origin", "https://app.example.com", "https://app.example.com", "https://app.example.com"},
		{"cdk-three-origins", "https://admin.example.com", "https://admin.example.com", "https://app.example.com"},
		{"cdk-any-origin", "https://app.example.com", "*", "*"},
	} {
		t.Run(tt.template, func(t *testing.T) {
			s, _ := start(t, Options{App: app(t, templates+tt.template+".template.json")})
			pre := "Access-Control-Request-Method: PUT"
			ask(t, "OPTIONS", s.URL()+"/items/1", "", "Origin: "+tt.origin, pre).wants(t, "a preflight", 204, acao, tt.want)
			ask(t, "OPTIONS", s.URL()+"/items/1", "", "Origin: https://evil.example", pre).wants(t, "a stranger's preflight", 204, acao, tt.other)
			if a := ask(t, "GET", s.URL()+"/items", "", "Origin: "+tt.origin); a.status != 200 || a.body != "[]" || a.header.Get(acao) != "" {
				t.Errorf("the function, which knows nothing of CORS: %+v", a)
			}
			var o overview
			if err := json.Unmarshal([]byte(ask(t, "GET", s.PageURL()+"overview.json", "").body), &o); err != nil {
				t.Fatal(err)
			}
			if o.Policy != nil || o.PolicyError == "" {
				t.Errorf("it has a policy: %+v", o.Policy)
			}
		})
	}
}

// template is one of an API whose resources are given as their integrations, by path part.
func template(t testing.TB, integrations map[string]string, more ...string) string {
	t.Helper()
	all := append([]string{`"A": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "a"}}`}, more...)
	for part, integration := range integrations {
		all = append(all,
			fmt.Sprintf(`"R%s": {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": {"Ref": "A"}, "ParentId": {"Fn::GetAtt": ["A", "RootResourceId"]}, "PathPart": %q}}`, part, part),
			fmt.Sprintf(`"M%s": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "A"}, "ResourceId": {"Ref": "R%s"}, "HttpMethod": "ANY", "Integration": %s}}`, part, part, integration))
	}
	name := filepath.Join(t.TempDir(), "t.template.json")
	if err := os.WriteFile(name, []byte(`{"Resources": {`+strings.Join(all, ",")+`}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func function(id, runtime, code string) string {
	return fmt.Sprintf(`%q: {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": %q, "Handler": "index.handler", "Timeout": 20, "Code": {"ZipFile": %q}}}`, id, runtime, code)
}

func invokes(id string) string {
	return fmt.Sprintf(`{"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${%s.Arn}/invocations"}}`, id)
}

// app reads a template.
func app(t testing.TB, name string) *cfn.App {
	t.Helper()
	a, err := cfn.Open([]string{name}, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const mock = `{"Type": "MOCK", "RequestTemplates": {"application/json": "{\"statusCode\": 200}"}, "IntegrationResponses": [{"StatusCode": "200"}]}`

func TestBackends(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
			return
		}
		b, _ := io.ReadAll(r.Body)
		w.Header().Set(acao, r.Header.Get("Origin"))
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL.RequestURI(), r.Header.Get("User-Agent"), b)
	}))
	defer web.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	s, log := start(t, Options{App: app(t, template(t, map[string]string{
		"web":  `{"Type": "HTTP_PROXY", "IntegrationHttpMethod": "ANY", "Uri": "` + web.URL + `/x?a=1"}`,
		"away": `{"Type": "HTTP_PROXY", "IntegrationHttpMethod": "ANY", "Uri": "` + web.URL + `/away"}`,
		"gone": `{"Type": "HTTP_PROXY", "IntegrationHttpMethod": "ANY", "Uri": "` + gone.URL + `"}`,
		"aws":  `{"Type": "AWS", "IntegrationHttpMethod": "POST", "Uri": "arn:aws:apigateway:us-east-1:sqs:path/1/q", "IntegrationResponses": [{"StatusCode": "200"}]}`,
		"java": invokes("Java"),
		"odd":  `{"Type": "HTTP_PROXY", "Uri": {"Fn::Mystery": "x"}}`,
	}, function("Java", "java21", "x")))})

	a := ask(t, "PUT", s.URL()+"/web?b=2", "body", "Origin: https://a.example", "User-Agent: test")
	if a.wants(t, "a server", 200, acao, "https://a.example"); a.body != "PUT /x?a=1&b=2 test body" {
		t.Errorf("the server saw %q", a.body)
	}
	ask(t, "GET", s.URL()+"/away", "").wants(t, "a redirect", 302, "Location", "/elsewhere")
	for path, want := range map[string]string{
		"/gone": "the HTTP integration's server cannot be reached: " + gone.URL,
		"/aws":  "AWS services are not called from here",
		"/java": `function Java: its runtime is \"java21\"; only Go `,
		"/odd":  "Fn::Mystery",
	} {
		if a := ask(t, "GET", s.URL()+path, ""); a.status != 502 || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s; want 502 and %q", path, a.status, a.body, want)
		}
	}
	// Functions are made ready beside the serving.
	want := "warning: function Java: its runtime"
	for end := time.Now().Add(15 * time.Second); !strings.Contains(log.String(), want) && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if !strings.Contains(log.String(), want) {
		t.Errorf("nothing was said when serving began: want %q", want)
	}
}

func TestCloseLeavesNoChild(t *testing.T) {
	need.Programs(t, "node")
	s, log := start(t, Options{App: app(t, template(t, map[string]string{"length": invokes("Length"), "pid": invokes("Pid"), "hang": invokes("Hang")},
		function("Length", "nodejs22.x", "exports.handler = async () => ({ statusCode: 200, headers: { 'content-length': '1', 'x-y': '2' }, body: 'longer' });"),
		function("Pid", "nodejs22.x", "exports.handler = async () => ({ statusCode: 200, body: String(process.pid) });"),
		function("Hang", "nodejs22.x", "exports.handler = async () => { console.log('hanging ' + process.pid); await new Promise((r) => setTimeout(r, 1e6)); };"),
	))})
	// What a function says of its response's length must not break the response.
	if a := ask(t, "GET", s.URL()+"/length", ""); a.status != 200 || a.body != "longer" {
		t.Errorf("a wrong length: %+v", a)
	}
	pids := []string{ask(t, "GET", s.URL()+"/pid", "").body}
	waited := make(chan error, 1)
	go func() {
		r, err := client.Get(s.URL() + "/hang")
		if err == nil {
			r.Body.Close()
		}
		waited <- err
	}()
	hanging := regexp.MustCompile(`hanging ([0-9]+)`)
	for end := time.Now().Add(15 * time.Second); !hanging.MatchString(log.String()) && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	pids = append(pids, hanging.FindStringSubmatch(log.String() + "hanging 0")[1])
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if exec.Command("kill", "-0", pid).Run() == nil {
			t.Errorf("process %s is there", pid)
		}
	}
	if err := <-waited; err == nil {
		t.Error("whoever waited for a function that was ended got an answer")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestHeaderCase sends what no Go client can: names as they are, two requests at once, bodies of each kind.
func TestHeaderCase(t *testing.T) {
	name := template(t, map[string]string{"m": mock})
	for _, secure := range []bool{false, true} {
		s, _ := start(t, Options{App: app(t, name), TLS: secure, Hosts: []string{"x"}})
		var conn net.Conn
		var err error
		if secure {
			conn, err = tls.Dial("tcp", s.listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
		} else {
			conn, err = net.Dial("tcp", s.listener.Addr().String())
		}
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "POST /prod/m HTTP/1.1\r\nHOST: x\r\noRIGIN: https://a.example\r\nContent-length: 4\r\n\r\na\r\n\n"+
			"POST /prod/m HTTP/1.1\r\nhost: x\r\nORIGIN:https://b.example\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\n\r\n\r\r\n0\r\nTrailer: x\r\n\r\n"+
			"OPTIONS * HTTP/1.1\r\nHost: x\r\nX-Two: 1\r\nx-two: 2\r\nOrigin: https://c.example\r\n\r\n")
		in := bufio.NewReader(conn)
		for _, want := range []int{200, 200, 403} {
			res, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			if res.StatusCode != want {
				t.Errorf("status %d, want %d", res.StatusCode, want)
			}
		}
		all, _ := s.record.after(0)
		var got []string
		for _, e := range all {
			for _, h := range e.Request.Headers {
				got = append(got, h.Name+"="+h.Value)
			}
		}
		want := "HOST=x oRIGIN=https://a.example Content-length=4 host=x ORIGIN=https://b.example transfer-encoding=chunked Host=x X-Two=1 x-two=2 Origin=https://c.example"
		if strings.Join(got, " ") != want {
			t.Errorf("over TLS %v:\n got %s\nwant %s", secure, strings.Join(got, " "), want)
		}
	}
}

func TestHTTP2(t *testing.T) {
	s, log := start(t, Options{App: app(t, template(t, map[string]string{"m": mock})), TLS: true, Hosts: []string{"api.example.com"}})
	ask(t, "GET", s.URL()+"/m", "", "Origin: https://a.example", "X-One: 1").wants(t, "HTTP/2", 200, acao, "")
	all, _ := s.record.after(0)
	if len(all) != 1 || all[0].Protocol != "HTTP/2.0" {
		t.Fatalf("not over HTTP/2: %+v", all)
	}
	for _, h := range all[0].Request.Headers {
		if h.Name != "Host" && h.Name != strings.ToLower(h.Name) {
			t.Errorf("the name %s is not in lower case", h.Name)
		}
	}
	conn, err := tls.Dial("tcp", s.listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	certificate := conn.ConnectionState().PeerCertificates[0]
	for _, host := range []string{"127.0.0.1", "localhost", "api.example.com"} {
		if err := certificate.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	// Whoever is not after TLS gets nothing, and is not an exchange.
	plain, err := net.Dial("tcp", s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(plain, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if b, _ := io.ReadAll(plain); bytes.Contains(b, []byte("200")) {
		t.Errorf("got %q", b)
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("%d lines in the log, want 1:\n%s", n, log)
	}
}

func TestNotes(t *testing.T) {
	_, log := start(t, Options{App: app(t, template(t, map[string]string{"m": mock + `, "ApiKeyRequired": true, "AuthorizationType": "AWS_IAM"`}))})
	for _, want := range []string{"note: methods with AWS_IAM let in every request with a signature; --iam-caller ARN sets the caller\n", "accept x-api-key: corsgate-local\n"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = New(Options{App: app(t, template(t, map[string]string{"m": mock})), Listen: l.Addr().String()})
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v", err)
	}
}

func TestLogLine(t *testing.T) {
	e := (&recorder{}).add(&gateway.Request{Method: "GET", RawPath: "/prod/\x1b[31m", Headers: gateway.Headers{{Name: "origin", Value: "a b"}}},
		&gateway.Response{Status: 200, Trace: []gateway.Step{{Kind: gateway.StepUnsupported, Detail: "no\nthing"}}}, 1500*time.Microsecond)
	if got, want := e.String(), `GET "/prod/\x1b[31m" origin="a b" 200 acao=- by="not served here: no\nthing" 1.5ms`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRecorder(t *testing.T) {
	r := &recorder{}
	for range kept + 5 {
		r.add(&gateway.Request{Body: []byte{0xff}}, &gateway.Response{Body: bytes.Repeat([]byte("x"), keptBody+1)}, 0)
	}
	all, last := r.after(0)
	if len(all) != kept || last != kept+5 || all[0].ID != 6 {
		t.Errorf("%d exchanges from %d to %d", len(all), all[0].ID, last)
	}
	if all, _ := r.after(last - 1); len(all) != 1 || all[0].Request.Body != "(1 bytes that are not text)" || len(all[0].Response.Body) > keptBody+100 {
		t.Errorf("the last: %d", len(all))
	}
}
