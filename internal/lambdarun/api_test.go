package lambdarun

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A bare runtime speaks to the Runtime API by hand, without a process.
type bare struct {
	t   *testing.T
	s   *sandbox
	url string
}

func newBare(t *testing.T) *bare {
	p, _ := newPool(t, Options{}, Function{LogicalID: "F", Runtime: "provided"})
	s := &sandbox{pool: p, fn: p.functions["F"], asked: make(chan struct{}, 1), events: make(chan *invocation), broken: make(chan struct{}), dead: make(chan struct{})}
	server := httptest.NewServer(nil)
	t.Cleanup(server.Close)
	s.addr = server.Listener.Addr().String()
	server.Config.Handler = s.api()
	return &bare{t, s, server.URL + "/2018-06-01/runtime/"}
}

func (b *bare) send(r *http.Request) (int, string, http.Header) {
	b.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, string(text), resp.Header
}

func (b *bare) request(method, path, body string, header ...string) *http.Request {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

func (b *bare) expect(status int, part string, method, path, body string, header ...string) {
	b.t.Helper()
	if got, text, _ := b.send(b.request(method, path, body, header...)); got != status || !strings.Contains(text, part) {
		b.t.Errorf("%s %s: got %d %s, want %d %s", method, path, got, text, status, part)
	}
}

// begin has the runtime take an event, and gives its invocation and its end.
func (b *bare) begin() (*invocation, chan step) {
	b.t.Helper()
	inv := b.s.pool.newInvocation(b.s.fn, []byte(`{"x":1}`))
	inv.begin(patience)
	end := make(chan step, 1)
	go func() { end <- b.s.do(inv, time.After(patience)) }()
	status, text, h := b.send(b.request("GET", "invocation/next", ""))
	if status != 200 || text != `{"x":1}` || h.Get("Lambda-Runtime-Aws-Request-Id") != inv.id || h.Get("Lambda-Runtime-Deadline-Ms") == "" ||
		h.Get("Lambda-Runtime-Invoked-Function-Arn") != inv.arn || h.Get("Lambda-Runtime-Trace-Id") != inv.trace {
		b.t.Errorf("got %d %s %v", status, text, h)
	}
	return inv, end
}

func TestRuntimeAPI(t *testing.T) {
	b := newBare(t)
	b.expect(400, "InvalidRequestID", "POST", "invocation/x/response", "{}")
	b.expect(404, "", "GET", "nothing", "")
	b.expect(405, "", "POST", "invocation/next", "")
	// A page of this machine's browser.
	b.expect(403, "Forbidden", "GET", "invocation/next", "", "Origin", "https://evil.example")
	b.expect(403, "Forbidden", "GET", "invocation/next", "", "Sec-Fetch-Site", "cross-site")
	rebound := b.request("GET", "invocation/next", "")
	rebound.Host = "evil.example"
	if status, _, _ := b.send(rebound); status != 403 {
		t.Errorf("another host: got %d", status)
	}

	inv, end := b.begin()
	b.expect(403, "the previous invocation has no response yet", "GET", "invocation/next", "")
	b.expect(403, "initialization is over", "POST", "init/error", "{}")
	b.expect(202, `{"status":"OK"}`, "POST", "invocation/"+inv.id+"/response", `"done"`, "Content-Type", "application/json")
	b.expect(403, "the invocation already has a response", "POST", "invocation/"+inv.id+"/response", `"again"`)
	b.expect(403, "the invocation already has a response", "POST", "invocation/"+inv.id+"/error", `{}`)
	if got := <-end; got != answered || string(inv.result.Payload) != `"done"` || inv.result.FunctionError != "" {
		t.Errorf("got %v, %+v", got, inv.result)
	}

	// The response of another invocation.
	old := inv.id
	inv, end = b.begin()
	b.expect(400, "InvalidRequestID", "POST", "invocation/"+old+"/response", `"late"`)
	b.expect(202, "OK", "POST", "invocation/"+inv.id+"/error", "not JSON", "Lambda-Runtime-Function-Error-Type", "My.Type")
	if <-end; inv.result.FunctionError != "Unhandled" || string(inv.result.Payload) != `{"errorType":"My.Type","errorMessage":"not JSON"}` {
		t.Errorf("got %+v", inv.result)
	}

	// A stream whose end says that it failed, in words and without.
	for body, want := range map[string]string{
		base64.StdEncoding.EncodeToString([]byte(`{"errorType":"T","errorMessage":"m"}`)): `{"errorType":"T","errorMessage":"m"}`,
		"not base64": `{"errorType":"T","errorMessage":""}`,
	} {
		inv, end = b.begin()
		r := b.request("POST", "invocation/"+inv.id+"/response", "", "Lambda-Runtime-Function-Response-Mode", "streaming")
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("half")), -1
		r.Trailer = http.Header{"Lambda-Runtime-Function-Error-Type": {"T"}, "Lambda-Runtime-Function-Error-Body": {body}}
		if status, text, _ := b.send(r); status != 202 {
			t.Errorf("got %d %s", status, text)
		}
		if <-end; inv.result.FunctionError != "Unhandled" || string(inv.result.Payload) != want || string(inv.result.Body) != "half" || !inv.result.Streamed {
			t.Errorf("got %+v", inv.result)
		}
	}

	// A response that breaks off can be followed by an error.
	inv, end = b.begin()
	r := b.request("POST", "invocation/"+inv.id+"/response", "", "Content-Type", httpIntegration)
	half, w := io.Pipe()
	r.Body, r.ContentLength = half, -1
	go func() {
		io.WriteString(w, "{}\x00\x00\x00\x00\x00\x00\x00\x00half")
		w.CloseWithError(io.ErrClosedPipe)
	}()
	if _, err := http.DefaultClient.Do(r); err == nil {
		t.Error("the answer did not break off")
	}
	eventually(t, "it is abandoned", func() bool { b.s.mu.Lock(); defer b.s.mu.Unlock(); return inv.partial.Streamed })
	if string(inv.partial.Prelude) != "{}" || string(inv.partial.Body) != "half" {
		t.Errorf("got %+v", inv.partial)
	}
	b.expect(202, "OK", "POST", "invocation/"+inv.id+"/error", `{"errorType": "E"}`)
	if <-end; string(inv.result.Payload) != `{"errorType": "E"}` {
		t.Errorf("got %+v", inv.result)
	}
}

func TestInitError(t *testing.T) {
	b := newBare(t)
	b.expect(202, "OK", "POST", "init/error", `{"errorType": "E"}`)
	b.expect(403, "initialization is over", "POST", "init/error", `{"errorType": "F"}`)
	if got := b.s.initialize(patience); got != failed || string(b.s.initError) != `{"errorType": "E"}` {
		t.Errorf("got %v, %s", got, b.s.initError)
	}
}
