package wrapper

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// A link is a connection of the runtime's, and one to Lambda that its requests are sent on. All that
// an event costs here is on one goroutine: net/http's server and transport hand it over six times.
type link struct {
	proxy *proxy
	down  end // the runtime
	up    end // Lambda; has no connection until there is something to send

	restored int64 // as it was in the proxy when up was opened
	last     bool  // after this response Lambda takes no request on up
}

// An end is one connection of a link.
type end struct {
	conn *conn
	r    *bufio.Reader
	w    *bufio.Writer
}

func newEnd(c net.Conn) (end, error) {
	wrapped, err := newConn(c)
	if err != nil {
		return end{}, errors.Join(err, c.Close())
	}
	return end{wrapped, bufio.NewReader(wrapped), bufio.NewWriterSize(wrapped, bufferSize)}, nil
}

const bufferSize = 64 << 10

// close closes the connection if there is one.
func (e *end) close() {
	if e.conn != nil {
		_ = e.conn.Close() // there is nobody to tell
		*e = end{}
	}
}

// serve serves the runtime's connections until the listener is closed.
func (p *proxy) serve(listener net.Listener) {
	for {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		p.links.Go(func() {
			down, err := newEnd(c)
			if err != nil {
				return
			}
			l := &link{proxy: p, down: down}
			// What cannot be passed on ends the connections on both sides, as it would with nobody in between.
			for l.exchange() == nil {
			}
			l.down.close()
			l.up.close()
		})
	}
}

var (
	errLast = errors.New("the runtime closes the connection after this")
	errGone = errors.New("the runtime is gone")
)

// exchange serves one request of the runtime.
func (l *link) exchange() error {
	r, err := http.ReadRequest(l.down.r)
	if err != nil {
		return err
	}
	if r.Header.Get("Expect") != "" {
		if _, err := io.WriteString(l.down.conn, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return err
		}
	}
	if err := l.proxy.handle(l, r); err != nil {
		return err
	}
	if r.Close {
		return errLast
	}
	return nil
}

// send sends a request of the runtime to Lambda with this body, of unknown length if it is negative,
// and returns the response.
func (l *link) send(r *http.Request, body io.Reader, length int64) (*http.Response, error) {
	// What is there to read before the request is an end, or no response to it.
	if restored := l.proxy.restored.Load(); l.up.conn == nil || !reusable || l.last || l.restored != restored || l.up.conn.ready() {
		l.up.close()
		c, err := net.Dial("tcp", l.proxy.upstream)
		if err != nil {
			return nil, err
		}
		if l.up, err = newEnd(c); err != nil {
			return nil, err
		}
		l.up.w = bufio.NewWriterSize(sender{l.up.conn}, bufferSize)
		l.restored = restored
	}
	sent := &source{Reader: body}
	url := *r.URL
	url.Scheme, url.Host = "http", l.proxy.upstream
	out := &http.Request{
		Method:        r.Method,
		URL:           &url,
		Header:        endToEnd(r.Header),
		Body:          io.NopCloser(sent),
		ContentLength: length,
		Trailer:       r.Trailer, // filled when the body has been read
	}
	if length == 0 {
		out.Body = http.NoBody
	}
	if out.Header["User-Agent"] == nil {
		out.Header["User-Agent"] = []string{""} // none, instead of Go's
	}
	unsent := out.Write(l.up.w)
	if sent.err != nil {
		return nil, sent.err // Lambda learns it from the connection
	}
	if unsent == nil {
		unsent = l.up.w.Flush()
	}
	// A runtime may end without waiting for what becomes of its last words.
	if unsent == nil && r.Method == http.MethodGet && l.up.conn.wait(l.down.conn) && !l.up.conn.ready() {
		return nil, errGone
	}
	for {
		// What could not be sent may have been refused before it was whole.
		res, err := http.ReadResponse(l.up.r, out)
		if err != nil {
			return nil, errors.Join(unsent, err)
		}
		if res.StatusCode >= 200 {
			l.last = res.Close || unsent != nil
			return res, nil
		}
	}
}

// A sender writes to Lambda.
type sender struct{ *conn }

func (s sender) Write(b []byte) (int, error) { return s.send(b) }

// A source remembers with which error it broke off.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if err != io.EOF {
		s.err = err
	}
	return n, err
}

// reply sends the runtime a response of Lambda's with this body.
func (l *link) reply(r *http.Request, res *http.Response, body io.Reader) error {
	// It reads nothing before it has sent everything.
	if err := r.Body.Close(); err != nil {
		return err
	}
	res.Header = endToEnd(res.Header)
	res.Body, res.Close = io.NopCloser(body), r.Close
	res.Proto, res.ProtoMajor, res.ProtoMinor = "HTTP/1.1", 1, 1
	if res.ContentLength < 0 {
		res.TransferEncoding = []string{"chunked"}
	}
	if err := res.Write(l.down.w); err != nil {
		return fmt.Errorf("passing the response on: %w", err)
	}
	return l.down.w.Flush()
}

// endToEnd returns headers without those of the connection.
func endToEnd(h http.Header) http.Header {
	for _, name := range []string{"Connection", "Keep-Alive", "Te", "Transfer-Encoding", "Upgrade"} {
		delete(h, name)
	}
	return h
}
