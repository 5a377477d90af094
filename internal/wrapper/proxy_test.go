package wrapper

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// connKey is the key of a request's connection in its context.
type connKey struct{}

// serve serves a proxy in front of a Runtime API and gives its address.
func serve(t *testing.T, upstream http.Handler) (*proxy, string) {
	t.Helper()
	api := httptest.NewUnstartedServer(upstream)
	api.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) }
	api.Start()
	t.Cleanup(func() {
		api.CloseClientConnections() // a handler may wait for what does not come
		api.Close()
	})
	return serveAt(t, strings.TrimPrefix(api.URL, "http://"))
}

// serveAt serves a proxy in front of what listens at upstream.
func serveAt(t *testing.T, upstream string) (*proxy, string) {
	t.Helper()
	p := newProxy(upstream, slog.New(slog.DiscardHandler))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go p.serve(listener)
	return p, listener.Addr().String()
}

// Whatever is not an event or its response passes as it came.
func TestPasses(t *testing.T) {
	var got string
	_, addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		got = fmt.Sprintf("%s %s %q %d %v %v", r.Method, r.RequestURI, body, r.ContentLength, r.Header, err)
		w.Header().Set("X-Back", "1")
		w.Header()["Date"] = nil
		w.Header()["Content-Type"] = nil
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "<html>back")
	}))
	for _, tt := range []struct{ method, path, body string }{
		{"POST", "/2018-06-01/runtime/init/error", `{"errorType":"x"}`},
		{"POST", "/2018-06-01/runtime/restore/error", "x"},
		{"GET", "/2018-06-01/runtime/restore/next", ""},
		{"POST", "/2018-06-01/runtime/invocation/unknown/response", `{"headers":{}}`},
		{"POST", "/2018-06-01/runtime/invocation/unknown/error", `{"headers":{}}`},
		{"PUT", "/2020-08-15/logs", "{}"},
		{"DELETE", "//odd/../%2e%2E/a%2Fb?x=1;2&%zz", ""},
		{"POST", "/2018-06-01/runtime/invocation/next", ""},
		{"GET", "/2018-06-01/runtime/invocation", ""},
		{"GET", "/", ""},
	} {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		length := ""
		if tt.method != "GET" && tt.method != "DELETE" {
			length = fmt.Sprintf("Content-Length: %d\r\n", len(tt.body))
		}
		fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: x\r\nX-There: a\r\nX-There: b\r\n%sConnection: close\r\n\r\n%s", tt.method, tt.path, length, tt.body)
		back, err := io.ReadAll(c)
		c.Close()
		header := "map[X-There:[a b]]"
		if length != "" {
			header = fmt.Sprintf("map[Content-Length:[%d] X-There:[a b]]", len(tt.body))
		}
		if want := fmt.Sprintf("%s %s %q %d %s <nil>", tt.method, tt.path, tt.body, len(tt.body), header); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if want := "HTTP/1.1 418 I'm a teapot\r\nConnection: close\r\nContent-Length: 10\r\nX-Back: 1\r\n\r\n<html>back"; string(back) != want || err != nil {
			t.Errorf("%s: back came %q, %v", tt.path, back, err)
		}
	}
}

// Many threads of one runtime take events at once, as on Lambda's managed instances:
// each gets the headers of its own event.
func TestAtOnce(t *testing.T) {
	const events, threads = 400, 8
	var mu sync.Mutex
	given, answers := 0, map[string]string{}
	p, addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == "GET" {
			if given == events {
				w.WriteHeader(http.StatusGone)
				return
			}
			method := "GET"
			if given%3 == 0 {
				method = "OPTIONS" // a preflight
			}
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprint(given))
			fmt.Fprintf(w, `{"requestContext":{"resourceId":"x"},"httpMethod":%q,"headers":{"origin":"http://localhost:%d","access-control-request-method":"PUT"},"stageVariables":{"corsOrigins":"http://localhost:~"}}`, method, 1000+given)
			given++
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		id := strings.Split(r.URL.Path, "/")[4]
		if answers[id] != "" {
			t.Errorf("%s is answered twice", id)
		}
		answers[id] = string(body)
		w.WriteHeader(http.StatusAccepted)
	}))
	var wg sync.WaitGroup
	for range threads {
		wg.Go(func() {
			for {
				res, err := http.Get("http://" + addr + "/2018-06-01/runtime/invocation/next")
				if err != nil {
					t.Error(err)
					return
				}
				event, err := io.ReadAll(res.Body)
				res.Body.Close()
				if res.StatusCode == http.StatusGone {
					return
				}
				if err != nil || bytes.Contains(event, []byte("OPTIONS")) {
					t.Errorf("the function gets %s, %v", event, err)
				}
				id := res.Header.Get("Lambda-Runtime-Aws-Request-Id")
				res, err = http.Post("http://"+addr+"/2018-06-01/runtime/invocation/"+id+"/response", "application/json", strings.NewReader(`{"statusCode":200}`))
				if err != nil {
					t.Error(err)
					return
				}
				res.Body.Close()
			}
		})
	}
	wg.Wait()
	for i := range events {
		if got, want := answers[fmt.Sprint(i)], fmt.Sprintf(`"Access-Control-Allow-Origin":"http://localhost:%d"`, 1000+i); !strings.Contains(got, want) {
			t.Errorf("event %d: %q", i, got)
		}
	}
	if len(p.open) > 0 {
		t.Errorf("%d invocations are not forgotten", len(p.open))
	}
}

// A response that is not taken leaves the invocation open for another one.
func TestRefused(t *testing.T) {
	statuses := []int{http.StatusRequestEntityTooLarge, http.StatusAccepted}
	var bodies []string
	p, addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "id")
			io.WriteString(w, `{"requestContext":{"resourceId":"x"},"headers":{"Origin":"https://a.example"},"stageVariables":{"corsOrigins":"https://a.example"}}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		w.WriteHeader(statuses[0])
		statuses = statuses[1:]
	}))
	res, err := http.Get("http://" + addr + "/2018-06-01/runtime/invocation/next")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	for _, want := range slices.Clone(statuses) {
		res, err := http.Post("http://"+addr+"/2018-06-01/runtime/invocation/id/response", "application/json", strings.NewReader(`{}`))
		if err != nil || res.StatusCode != want {
			t.Fatalf("got %v, %v, want %d", res, err, want)
		}
		res.Body.Close()
	}
	for _, b := range bodies {
		if !strings.Contains(b, "https://a.example") {
			t.Errorf("got %s", b)
		}
	}
	if len(bodies) != 2 || len(p.open) > 0 {
		t.Errorf("%d responses, %d invocations open", len(bodies), len(p.open))
	}
}

// Connections that were pooled before a snapshot are not used after it.
func TestRestore(t *testing.T) {
	var peers []string
	_, addr := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { peers = append(peers, r.RemoteAddr) }))
	for _, path := range []string{"/a", "/b", "/2018-06-01/runtime/restore/next", "/c"} {
		res, err := http.Get("http://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	if peers[0] != peers[1] || peers[2] == peers[3] {
		t.Errorf("the connections are %q", peers)
	}
}

// Nor are they while what ends the restore is still on its way to the runtime.
func TestRestoring(t *testing.T) {
	var peers []string
	_, addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/restore/next") {
			w.Write(make([]byte, 32<<20)) // more than waits between two programs
			return
		}
		peers = append(peers, r.RemoteAddr)
	}))
	c, response := dial(t, addr, "")
	get := func() {
		io.WriteString(c, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
		if got, err := response(); got != "200 " {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	get()
	restoring, _ := dial(t, addr, "GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := restoring.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	get()
	if peers[0] == peers[1] {
		t.Errorf("the connections are %q", peers)
	}
}

// Where the Runtime API is gone, the runtime's connection ends.
func TestUpstreamGone(t *testing.T) {
	_, addr := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	for _, path := range []string{"/2018-06-01/runtime/invocation/next", "/x"} {
		if res, err := http.Get("http://" + addr + path); err == nil {
			t.Errorf("%s: status %d", path, res.StatusCode)
		}
	}
}

// A runtime's last words arrive, though it ends without waiting for what becomes of them.
func TestLastWords(t *testing.T) {
	gone := make(chan struct{})
	got := make(chan string, 1)
	_, addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "id")
			io.WriteString(w, `{"requestContext":{"resourceId":"x"}}`)
			return
		}
		<-gone
		time.Sleep(50 * time.Millisecond) // in which it would be given up
		body, err := io.ReadAll(r.Body)
		got <- fmt.Sprint(len(body) > 8<<20, err)
	}))
	res, err := http.Get("http://" + addr + "/2018-06-01/runtime/invocation/next")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"body":"` + strings.Repeat("x", 8<<20) + `"}` // more than waits between two programs
	fmt.Fprintf(c, "POST /2018-06-01/runtime/invocation/id/response HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	c.Close()
	close(gone)
	select {
	case s := <-got:
		if s != "true <nil>" {
			t.Errorf("got %s", s)
		}
	case <-time.After(time.Minute):
		t.Error("it does not arrive")
	}
}

// dial connects to the proxy, sends a request as it stands, and returns what reads the response.
func dial(t *testing.T, addr, request string) (net.Conn, func() (string, error)) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	return c, func() (string, error) {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return fmt.Sprintf("%d %s", res.StatusCode, body), err
	}
}

const next = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"

// A connection that Lambda has closed meanwhile is not used for the next request, and the runtime keeps its own.
func TestIdleUpstream(t *testing.T) {
	closed := make(chan struct{})
	_, addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Method)
		go func() {
			time.Sleep(10 * time.Millisecond) // the response is on its way
			c := r.Context().Value(connKey{}).(net.Conn)
			c.Close()
			closed <- struct{}{}
		}()
	}))
	c, response := dial(t, addr, "")
	for range 3 {
		io.WriteString(c, next)
		if got, err := response(); got != "200 GET" {
			t.Fatalf("got %q, %v", got, err)
		}
		<-closed
		time.Sleep(10 * time.Millisecond)
	}
}

// Where Lambda takes one request on a connection, a preflight's response and what follows it arrive.
func TestClosesAfterEach(t *testing.T) {
	for _, status := range []string{"HTTP/1.0 200 OK", "HTTP/1.1 200 OK\r\nConnection: close"} {
		api, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan string, 3)
		go func() {
			for _, body := range []string{`{"requestContext":{"resourceId":"x"},"httpMethod":"OPTIONS","headers":{"origin":"https://a.example","access-control-request-method":"PUT"},"stageVariables":{"corsOrigins":"https://a.example"}}`, "", "event"} {
				c, err := api.Accept()
				if err != nil {
					return
				}
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					got <- err.Error()
				} else {
					_, _ = io.Copy(io.Discard, r.Body)
					got <- r.Method
				}
				fmt.Fprintf(c, "%s\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
				c.Close()
			}
		}()
		_, addr := serveAt(t, api.Addr().String())
		_, response := dial(t, addr, next)
		if back, err := response(); back != "200 event" {
			t.Errorf("%q: got %q, %v", status, back, err)
		}
		api.Close()
		for _, want := range []string{"GET", "POST", "GET"} {
			select {
			case method := <-got:
				if method != want {
					t.Errorf("%q: Lambda gets %s, want %s", status, method, want)
				}
			default:
				t.Errorf("%q: Lambda gets no %s", status, want)
			}
		}
	}
}

// A runtime may ask whether to send a body, and Lambda may send an interim response.
func TestInterim(t *testing.T) {
	_, addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusProcessing)
		body, _ := io.ReadAll(r.Body)
		w.Write(body)
	}))
	c, response := dial(t, addr, "POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
	if got, err := response(); got != "100 " {
		t.Fatalf("got %q, %v", got, err)
	}
	io.WriteString(c, "body"+next)
	for _, want := range []string{"200 body", "200 "} {
		if got, err := response(); got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}

// A response that Lambda refuses before it has all of it reaches the runtime, and the connection can be used again.
func TestRefusedEarly(t *testing.T) {
	_, addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			w.Header().Set("Connection", "close")
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	}))
	body := strings.Repeat("x", 8<<20)
	c, response := dial(t, addr, fmt.Sprintf("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	io.WriteString(c, next)
	for _, want := range []string{"413 ", "200 "} {
		if got, err := response(); got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}

// A response that the runtime breaks off breaks off for Lambda.
func TestBrokenOff(t *testing.T) {
	for _, request := range []string{
		"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nshort",
		"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
	} {
		broken := make(chan error, 1)
		_, addr := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			broken <- err
		}))
		c, _ := dial(t, addr, request)
		c.Close()
		select {
		case err := <-broken:
			if err == nil {
				t.Errorf("%q: Lambda takes it for whole", request)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%q: Lambda does not learn it", request)
		}
	}
}
