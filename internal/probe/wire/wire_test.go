package wire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/corsgate/corsgate/internal/browser"
)

// patient is longer than any of these tests takes.
const patient = time.Minute

// raw answers each connection with a text, and gives its address. With hang, the connection stays open after it.
func raw(t *testing.T, answer string, hang bool) string {
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
				if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
					return
				}
				_, _ = io.WriteString(c, answer)
				if hang {
					_, _ = io.Copy(io.Discard, c)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String() + "/x"
}

func TestHTTP1(t *testing.T) {
	many := "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Filler: "+strings.Repeat("x", 1000)+"\r\n", 10<<10)
	for _, tt := range []struct {
		name, answer string
		hang         bool
		want         string // header lines
		body, broken string
		err          string
	}{
		{name: "twice", answer: "HTTP/1.1 200 OK\r\nX-a: 1\r\nx-A:2\r\nContent-Length: 2\r\n\r\nhi", want: "X-a=1 x-A=2 Content-Length=2", body: "hi"},
		{name: "chunked", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n", want: "Transfer-Encoding=chunked", body: "hi!"},
		{name: "until the end", answer: "HTTP/1.0 200 OK\n\nhi", body: "hi"},
		{name: "no reason", answer: "HTTP/1.1 204\r\n\r\n", hang: true},
		{name: "interim", answer: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", hang: true, want: "Content-Length=0"},
		{name: "folded, and a line of nothing", answer: "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nnothing\r\nContent-Length: 0\r\n\r\n", want: "A=b c Content-Length=0"},
		{name: "a large body", answer: "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + strings.Repeat("x", 2*MaxBody), hang: true, want: "Content-Length=99999999", body: strings.Repeat("x", MaxBody)},
		{name: "half a body", answer: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi", want: "Content-Length=10", body: "hi", broken: "the body ends after 2 of 10 bytes"},
		{name: "half a chunk", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhi", want: "Transfer-Encoding=chunked", body: "hi", broken: "the body breaks off"},
		{name: "a broken chunk", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", want: "Transfer-Encoding=chunked", broken: "the body breaks off"},
		{name: "half a head", answer: "HTTP/1.1 200 OK\r\nA: b\r\nB", err: "the connection ended before the response was complete"},
		{name: "nothing", err: "the connection ended before the response was complete"},
		{name: "garbage", answer: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3 and more than that\r\n", err: `it does not speak HTTP: its response begins with "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3 a..."`},
		{name: "binary garbage", answer: "\x00\x01\n\xff", err: `it does not speak HTTP: its response begins with "\x00\x01"`},
		{name: "an empty line", answer: "\r\n", err: "it does not speak HTTP: its response begins with an empty line"},
		{name: "a status of two digits", answer: "HTTP/1.1 20 OK\r\n\r\n", err: `it does not speak HTTP: its response begins with "HTTP/1.1 20 OK"`},
		{name: "10 MB of headers", answer: many, err: "more than 256 KiB of headers"},
		{name: "10 MB without a line end", answer: strings.Repeat("x", 10<<20), err: "more than 256 KiB of headers"},
		{name: "two lengths", answer: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi", err: "it has two different lengths for its body"},
		{name: "a length below zero", answer: "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhi", err: "the length of its body is not a number"},
		{name: "another protocol", answer: "HTTP/1.1 101 Switching Protocols\r\n\r\n", hang: true, err: "it switches to another protocol"},
		{name: "interim for ever", answer: strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100000), err: "more than 256 KiB of headers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := Client{Timeout: patient}
			at := raw(t, tt.answer, tt.hang)
			res, err := c.Do(t.Context(), &Outgoing{Method: "GET", URL: at, Header: browser.Header{{Name: "Origin", Value: "null"}}})
			if tt.err != "" {
				if want := hostOf(t, at) + ": " + tt.err; err == nil || err.Error() != want {
					t.Errorf("got %v\nwant %s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := lines(res.Header); got != tt.want || string(res.Body) != tt.body || res.Broken != tt.broken {
				t.Errorf("got %s, %q, %q", got, res.Body, res.Broken)
			}
		})
	}
}

// TestHang has servers that stop in the middle, over both protocols.
func TestHang(t *testing.T) {
	c := Client{Timeout: 50 * time.Millisecond, Insecure: true}
	for _, answer := range []string{"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nA: b\r\n"} {
		_, err := c.Do(t.Context(), &Outgoing{Method: "GET", URL: raw(t, answer, true)})
		var e *Error
		if !errors.As(err, &e) || !e.Timeout || !strings.HasSuffix(e.Error(), "no complete response within 50ms") {
			t.Errorf("after %q: %v", answer, err)
		}
	}
	// Here the head has to come in time, on whatever machine.
	res, err := (&Client{Timeout: time.Second}).Do(t.Context(), &Outgoing{Method: "GET", URL: raw(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", true)})
	if err != nil || res.Broken != "the body does not come to its end" {
		t.Errorf("in the body: %+v, %v", res, err)
	}
	_, err = c.Do(t.Context(), &Outgoing{Method: "GET", URL: frames(t, func(f *http2.Framer) {
		for f.WritePing(false, [8]byte{}) == nil { // as lively as can be
		}
	})})
	var e *Error
	if !errors.As(err, &e) || !e.Timeout {
		t.Errorf("pings: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&Client{Timeout: patient}).Do(ctx, &Outgoing{Method: "GET", URL: raw(t, "", true)}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// secure serves over TLS with a certificate that nobody has signed but itself.
func secure(t *testing.T, h http.Handler, protocols ...string) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{NextProtos: protocols}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// TestBoth compares what is seen with what net/http's server was told to send, and has seen.
func TestBoth(t *testing.T) {
	var got *http.Request
	var body []byte
	at := secure(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.Header()["X-twice"] = []string{"1", "1"}
		w.Header()["Date"] = nil
		w.WriteHeader(203)
		_, _ = io.WriteString(w, strings.Repeat("y", 100))
	}))
	large := bytes.Repeat([]byte("z"), 200<<10) // more than a server takes at first
	for _, tt := range []struct {
		http1       bool
		proto, want string
	}{
		{true, "HTTP/1.1", "X-twice=1 X-twice=1 Content-Length=100 Content-Type=text/plain; charset=utf-8"},
		{false, "HTTP/2", "x-twice=1 x-twice=1 content-type=text/plain; charset=utf-8 content-length=100"},
	} {
		c := Client{Timeout: patient, Insecure: true}
		res, err := c.Do(t.Context(), &Outgoing{Method: "PUT", URL: at + "/a%20b?c=d", HTTP1: tt.http1, Body: large,
			Header: browser.Header{{Name: "Origin", Value: "https://a.example"}, {Name: "X-Long", Value: strings.Repeat("l", 40<<10)}}})
		if err != nil {
			t.Fatal(err)
		}
		if res.Proto != tt.proto || res.Status != 203 || len(res.Body) != 100 || res.Broken != "" || lines(res.Header) != tt.want {
			t.Errorf("got %s %d %s, %d bytes %s", res.Proto, res.Status, lines(res.Header), len(res.Body), res.Broken)
		}
		if got.Method != "PUT" || got.RequestURI != "/a%20b?c=d" || got.Host != hostOf(t, at) || got.Header.Get("Origin") != "https://a.example" || len(got.Header.Get("X-Long")) != 40<<10 || !bytes.Equal(body, large) {
			t.Errorf("%s: the server saw %s %s, %d bytes", tt.proto, got.Method, got.RequestURI, len(body))
		}
	}
	if res, err := (&Client{Timeout: patient, Insecure: true}).Do(t.Context(), &Outgoing{Method: "HEAD", URL: at}); err != nil || len(res.Body) != 0 || res.Broken != "" {
		t.Errorf("HEAD: %+v, %v", res, err)
	}
	_, err := (&Client{Timeout: patient}).Do(t.Context(), &Outgoing{Method: "GET", URL: at})
	var e *Error
	if !errors.As(err, &e) || !e.Certificate {
		t.Errorf("a certificate of nobody: %v", err)
	}
	only1 := secure(t, http.NotFoundHandler(), "http/1.1")
	if res, err := (&Client{Timeout: patient, Insecure: true}).Do(t.Context(), &Outgoing{Method: "GET", URL: only1}); err != nil || res.Proto != "HTTP/1.1" {
		t.Errorf("a server of HTTP/1.1: %+v, %v", res, err)
	}
}

// frames serves HTTP/2 by hand, after the request's head was read.
func frames(t *testing.T, answer func(*http2.Framer)) string {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.TLS = &tls.Config{NextProtos: []string{"h2"}}
	s.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){"h2": func(_ *http.Server, c *tls.Conn, _ http.Handler) {
		defer c.Close()
		if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		f := http2.NewFramer(c, c)
		f.AllowIllegalWrites = true
		if f.WriteSettings() != nil {
			return
		}
		for {
			got, err := f.ReadFrame()
			if err != nil {
				return
			}
			if _, ok := got.(*http2.HeadersFrame); ok {
				break
			}
		}
		answer(f)
	}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// block is a header block of names and values.
func block(fields ...string) []byte {
	var b bytes.Buffer
	enc := hpack.NewEncoder(&b)
	for i := 0; i < len(fields); i += 2 {
		_ = enc.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return b.Bytes()
}

func TestHTTP2(t *testing.T) {
	head := func(f *http2.Framer, end bool, fields ...string) {
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(fields...), EndHeaders: true, EndStream: end})
	}
	for _, tt := range []struct {
		name   string
		answer func(*http2.Framer)
		want   string // header lines and body
		broken string
		err    string
	}{
		{"interim and trailers", func(f *http2.Framer) {
			head(f, false, ":status", "103", "link", "x")
			head(f, false, ":status", "200", "a", "1", "a", "2")
			_ = f.WriteDataPadded(1, false, []byte("hi"), make([]byte, 9))
			head(f, true, "grpc-status", "0")
		}, "a=1 a=2 hi", "", ""},
		{"half a body", func(f *http2.Framer) {
			head(f, false, ":status", "200")
			_ = f.WriteData(1, false, []byte("hi"))
		}, " hi", "the body breaks off", ""},
		{"a reset in the body", func(f *http2.Framer) {
			head(f, false, ":status", "200")
			_ = f.WriteRSTStream(1, http2.ErrCodeInternal)
		}, " ", "the body breaks off", ""},
		{"a reset", func(f *http2.Framer) { _ = f.WriteRSTStream(1, http2.ErrCodeRefusedStream) }, "", "", "it aborts the response (HTTP/2 REFUSED_STREAM)"},
		{"go away", func(f *http2.Framer) { _ = f.WriteGoAway(0, http2.ErrCodeNo, nil) }, "", "", "it refuses the request (HTTP/2 NO_ERROR)"},
		{"nothing", func(*http2.Framer) {}, "", "", "the connection ended before the response was complete"},
		{"capital letters", func(f *http2.Framer) { head(f, true, ":status", "200", "Vary", "Origin") }, "", "", "its response is not valid HTTP/2: stream error: stream ID 1; PROTOCOL_ERROR; invalid header field name \"Vary\""},
		{"no status", func(f *http2.Framer) { head(f, true, "a", "b") }, "", "", "its response has no status"},
		{"a body and no head", func(f *http2.Framer) { _ = f.WriteData(1, true, nil) }, "", "", "its response has a body and no head"},
		{"an interim end", func(f *http2.Framer) { head(f, true, ":status", "100") }, "", "", "the connection ended before the response was complete"},
		{"10 MB of headers", func(f *http2.Framer) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(":status", "200")})
			filler := block("x-filler", strings.Repeat("x", 8<<10))
			for range 2000 {
				if f.WriteContinuation(1, false, filler) != nil {
					return
				}
			}
		}, "", "", "its response is not valid HTTP/2: connection error: PROTOCOL_ERROR"},
		{"a large frame", func(f *http2.Framer) { _ = f.WriteRawFrame(http2.FrameData, 0, 1, make([]byte, 1<<20)) }, "", "", "more than 256 KiB of headers"},
		{"garbage", func(f *http2.Framer) {
			_ = f.WriteRawFrame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, 1, []byte("\xff\xff\xff\xff\xff"))
		}, "", "", "its response is not valid HTTP/2: connection error: COMPRESSION_ERROR"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := Client{Timeout: patient, Insecure: true}
			at := frames(t, tt.answer)
			res, err := c.Do(t.Context(), &Outgoing{Method: "GET", URL: at})
			if tt.err != "" {
				if want := hostOf(t, at) + ": " + tt.err; err == nil || err.Error() != want {
					t.Errorf("got %v\nwant %s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := lines(res.Header) + " " + string(res.Body); got != tt.want || res.Broken != tt.broken {
				t.Errorf("got %s, %q", got, res.Broken)
			}
		})
	}
}

// TestWindow has a server that takes a body piece by piece, and holds that no more is sent than it takes.
func TestWindow(t *testing.T) {
	body := bytes.Repeat([]byte("z"), 100000)
	var got []int
	at := frames(t, func(f *http2.Framer) {
		n := 0
		read := func(until int) {
			for n < until {
				frame, err := f.ReadFrame()
				if err != nil {
					t.Error(err)
					return
				}
				if d, ok := frame.(*http2.DataFrame); ok {
					n += len(d.Data())
				}
			}
			got = append(got, n)
		}
		read(65535)
		_ = f.WriteWindowUpdate(0, 50000)
		_ = f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 75535})
		read(75535)
		_ = f.WriteWindowUpdate(1, 1000)
		read(76535)
		_ = f.WriteWindowUpdate(1, 50000)
		read(len(body))
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(":status", "204"), EndHeaders: true, EndStream: true})
	})
	c := Client{Timeout: patient, Insecure: true}
	if _, err := c.Do(t.Context(), &Outgoing{Method: "PUT", URL: at, Body: body}); err != nil || !slices.Equal(got, []int{65535, 75535, 76535, 100000}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestReach(t *testing.T) {
	at := raw(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false)
	_, port, _ := net.SplitHostPort(hostOf(t, at))
	c := Client{Timeout: patient, Resolve: map[string]string{"api.example:" + port: "127.0.0.1"}}
	if _, err := c.Do(t.Context(), &Outgoing{Method: "GET", URL: "http://api.example:" + port + "/"}); err != nil {
		t.Error(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = (&Client{Timeout: patient}).Do(t.Context(), &Outgoing{Method: "GET", URL: "http://" + l.Addr().String() + "/?token=secret"})
	if err == nil || !strings.Contains(err.Error(), "it cannot be reached: ") || strings.Contains(err.Error(), "secret") {
		t.Errorf("nobody there: %v", err)
	}
	for _, to := range []string{"http://api.example/", "https://api.example/"} {
		nobody := &url.URL{Scheme: "http", Host: l.Addr().String(), User: url.UserPassword("me", "pw")}
		_, err = (&Client{Timeout: patient, Proxy: func(*url.URL) (*url.URL, error) { return nobody, nil }}).Do(t.Context(), &Outgoing{Method: "GET", URL: to})
		if want := "api.example: the proxy " + nobody.Host + " of the environment: it cannot be reached: connect: connection refused"; err == nil || err.Error() != want {
			t.Errorf("no proxy: %v\nwant %s", err, want)
		}
	}
	plain := httptest.NewServer(nil)
	defer plain.Close()
	_, err = (&Client{Timeout: patient}).Do(t.Context(), &Outgoing{Method: "GET", URL: strings.Replace(plain.URL, "http:", "https:", 1)})
	if err == nil || !strings.HasSuffix(err.Error(), "it does not speak TLS") {
		t.Errorf("no TLS: %v", err)
	}
	_, err = (&Client{Timeout: patient}).Do(t.Context(), &Outgoing{Method: "GET", URL: at, Header: browser.Header{{Name: "A", Value: "b\r\nC: d"}}})
	if err == nil || err.Error() != `the header "A" has a line break in it` {
		t.Errorf("a line break: %v", err)
	}
}

// TestProxy goes through a proxy, by a tunnel to https and without one to http.
func TestProxy(t *testing.T) {
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
		asked = append(asked, r.Method+" "+r.RequestURI+" "+user+":"+password)
		if r.Method != "CONNECT" {
			return
		}
		to, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		defer to.Close()
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() { _, _ = io.Copy(to, c) }()
		_, _ = io.Copy(c, to)
	}))
	defer proxy.Close()
	u, _ := url.Parse(proxy.URL)
	u.User = url.UserPassword("me", "pw")
	c := Client{Timeout: patient, Insecure: true, Proxy: func(*url.URL) (*url.URL, error) { return u, nil }}
	at := secure(t, http.NotFoundHandler())
	for _, to := range []string{at, "http://api.example/x?y"} {
		if _, err := c.Do(t.Context(), &Outgoing{Method: "GET", URL: to}); err != nil {
			t.Error(err)
		}
	}
	if got, want := strings.Join(asked, ", "), "CONNECT "+hostOf(t, at)+" me:pw, GET http://api.example/x?y me:pw"; got != want {
		t.Errorf("the proxy was asked %s\nwant %s", got, want)
	}
}

func hostOf(t *testing.T, at string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func lines(h browser.Header) string {
	var out []string
	for _, f := range h {
		out = append(out, f.Name+"="+f.Value)
	}
	return strings.Join(out, " ")
}

// TestFolding holds that a header of as many lines as are read is put together in one piece: adding each line to what is
// there copies it all again, gigabytes of it.
func TestFolding(t *testing.T) {
	lines := MaxHeader/4 - 20
	in := &input{r: bufio.NewReader(strings.NewReader("HTTP/1.1 200 OK\r\nA: b\r\n" + strings.Repeat(" c\r\n", lines) + "\r\n")), left: MaxHeader}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	res, err := in.head()
	runtime.ReadMemStats(&after)
	if err != nil || len(res.Header) != 1 || res.Header[0].Value != "b"+strings.Repeat(" c", lines) {
		t.Fatal(err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 64*MaxHeader {
		t.Errorf("%d bytes were allocated for %d of headers", took, MaxHeader)
	}
}
