package serve

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/corsgate/corsgate/internal/gateway"
)

// API Gateway tells header names apart by their case, and mapping templates see what the client sent. net/http does not:
// it makes every name canonical. So the bytes of an HTTP/1.1 connection are read along, and the heads in them are kept
// until their requests are answered.

// wireHeaders returns a request's headers as they were sent.
func wireHeaders(r *http.Request) gateway.Headers {
	host := gateway.Header{Name: "Host", Value: r.Host}
	if c, ok := r.Context().Value(wireKey{}).(*wireConn); ok && r.ProtoMajor == 1 {
		if h, ok := c.pop(r.Method, r.RequestURI); ok {
			return h
		}
	}
	out := gateway.Headers{host}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, v := range r.Header[name] {
			if r.ProtoMajor > 1 {
				name = strings.ToLower(name)
			}
			out = append(out, gateway.Header{Name: name, Value: v})
		}
	}
	return out
}

type wireKey struct{}

func wireContext(ctx context.Context, c net.Conn) context.Context {
	if w, ok := c.(*wireConn); ok {
		return context.WithValue(ctx, wireKey{}, w)
	}
	return ctx
}

// A head is the head of one request.
type head struct {
	method, target string
	headers        gateway.Headers
}

// A wireConn is a connection whose requests' heads are kept.
type wireConn struct {
	net.Conn
	mu    sync.Mutex
	read  headReader
	heads []head
}

func (c *wireConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	c.heads = append(c.heads, c.read.feed(p[:n])...)
	c.mu.Unlock()
	return n, err
}

// pop returns the head of the next request, if it is the one that net/http has read.
func (c *wireConn) pop(method, target string) (gateway.Headers, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.heads) == 0 {
		return nil, false
	}
	h := c.heads[0]
	c.heads = c.heads[1:]
	if h.method != method || h.target != target {
		c.read.state, c.heads = lost, nil
		return nil, false
	}
	return h.headers, true
}

type readState int

const (
	inHead readState = iota
	inBody
	inChunkSize
	inChunk
	inTrailer
	lost // what comes next is not known
)

// A headReader finds the heads in the bytes that a client sends over HTTP/1.1. It checks little: a request that net/http
// refuses ends the connection.
type headReader struct {
	state readState
	buf   []byte // of a head or a line that has not ended
	left  int64  // of a body or a chunk, with its line end
}

// longest is more than net/http takes of a head.
const longest = http.DefaultMaxHeaderBytes + 8<<10

func (r *headReader) feed(p []byte) []head {
	var out []head
	for len(p) > 0 && r.state != lost {
		switch r.state {
		case inBody, inChunk:
			n := min(int64(len(p)), r.left)
			p, r.left = p[n:], r.left-n
			if r.left == 0 {
				r.state = map[readState]readState{inBody: inHead, inChunk: inChunkSize}[r.state]
			}
		default:
			i := bytes.IndexByte(p, '\n')
			if i < 0 {
				i = len(p) - 1
			}
			r.buf = append(r.buf, p[:i+1]...)
			p = p[i+1:]
			switch {
			case len(r.buf) > longest:
				r.state = lost
			case r.buf[len(r.buf)-1] == '\n':
				if h, ok := r.line(); ok {
					out = append(out, h)
				}
			}
		}
	}
	return out
}

// line deals with a line that has ended: that of a head, whose earlier lines are before it in buf, or of chunked coding.
func (r *headReader) line() (head, bool) {
	blank := bytes.HasSuffix(r.buf, []byte("\n\n")) || bytes.HasSuffix(r.buf, []byte("\n\r\n"))
	empty := len(bytes.TrimRight(r.buf, "\r\n")) == 0
	switch r.state {
	case inHead:
		if empty {
			r.buf = r.buf[:0] // in front of a request; net/http lets one pass
		}
		if !blank || empty {
			return head{}, false
		}
		h, ok := r.head()
		r.buf = r.buf[:0]
		return h, ok
	case inChunkSize:
		size, _, _ := strings.Cut(strings.TrimRight(string(r.buf), "\r\n"), ";")
		n, err := strconv.ParseInt(strings.TrimSpace(size), 16, 63)
		switch {
		case err != nil || n < 0:
			r.state = lost
		case n == 0:
			r.state = inTrailer
		default:
			r.state, r.left = inChunk, n+2
		}
	case inTrailer:
		if empty {
			r.state = inHead
		}
	}
	r.buf = r.buf[:0]
	return head{}, false
}

// head reads what is in buf and finds how long the body is that follows.
func (r *headReader) head() (head, bool) {
	lines := strings.Split(strings.TrimRight(string(r.buf), "\r\n"), "\n")
	first := strings.Split(strings.TrimRight(lines[0], "\r"), " ")
	if len(first) != 3 {
		r.state = lost
		return head{}, false
	}
	h := head{method: first[0], target: first[1], headers: gateway.Headers{}}
	chunked := false
	for _, l := range lines[1:] {
		name, value, ok := strings.Cut(strings.TrimRight(l, "\r"), ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			r.state = lost // a folded line, or none of a header
			return head{}, false
		}
		value = strings.Trim(value, " \t")
		h.headers = append(h.headers, gateway.Header{Name: name, Value: value})
		switch strings.ToLower(name) {
		case "transfer-encoding":
			chunked = true
		case "content-length":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < 0 {
				r.state = lost
				return head{}, false
			}
			r.left = n
		}
	}
	switch {
	case chunked:
		r.state, r.left = inChunkSize, 0
	case r.left > 0:
		r.state = inBody
	}
	return h, true
}

// listenWire returns a listener whose HTTP/1.1 connections are wireConns. With a TLS configuration it makes the handshakes
// itself: net/http recognises HTTP/2 by a [*tls.Conn], so those must be left as they are.
func listenWire(l net.Listener, config *tls.Config) net.Listener {
	if config == nil {
		return &wireListener{Listener: l}
	}
	t := &tlsListener{Listener: l, config: config, ready: make(chan net.Conn), end: make(chan struct{})}
	go t.accept()
	return t
}

type wireListener struct{ net.Listener }

func (l *wireListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &wireConn{Conn: c}, nil
}

type tlsListener struct {
	net.Listener
	config *tls.Config
	ready  chan net.Conn
	end    chan struct{}
	err    error // why it ended
}

// handshake is how long a client may take over it.
const handshake = 10 * time.Second

func (l *tlsListener) accept() {
	defer close(l.end)
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			l.err = err
			return
		}
		go func() {
			t := tls.Server(c, l.config)
			ctx, cancel := context.WithTimeout(context.Background(), handshake)
			defer cancel()
			if t.HandshakeContext(ctx) != nil {
				_ = c.Close()
				return
			}
			var conn net.Conn = t
			if t.ConnectionState().NegotiatedProtocol != "h2" {
				conn = &wireConn{Conn: t}
			}
			select {
			case l.ready <- conn:
			case <-l.end:
				_ = c.Close()
			}
		}()
	}
}

func (l *tlsListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.end:
		return nil, cmp.Or(l.err, net.ErrClosed)
	}
}
