package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/browser"
)

const (
	// MaxHeader is how many bytes of headers are read. Chromium reads as many; API Gateway sends 10,240 at most
	// (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html).
	MaxHeader = 256 << 10
	// MaxBody is how many bytes of a body are read. The rest is left on the wire. It is less than a server may send over
	// HTTP/2 without being told to go on.
	MaxBody = 32 << 10
)

// Outgoing is a request to be sent. Host and Content-Length are put to its header, and nothing else.
type Outgoing struct {
	Method string
	// URL is absolute, http or https.
	URL    string
	Header browser.Header
	Body   []byte
	// HTTP1 speaks HTTP/1.1 only. Otherwise a server over TLS may choose HTTP/2.
	HTTP1 bool
}

// hasLength reports whether the request names the length of its body, as it does without one for methods that mostly have one
// (https://fetch.spec.whatwg.org/#http-network-or-cache-fetch, step 8.5).
func (r *Outgoing) hasLength() bool { return r.Body != nil || r.Method == "POST" || r.Method == "PUT" }

// Incoming is a response as it came.
type Incoming struct {
	// Proto is HTTP/1.0, HTTP/1.1 or HTTP/2.
	Proto  string
	Status int
	Header browser.Header
	// Body is as much of the body as was read, [MaxBody] bytes at most.
	Body []byte
	// Broken says why the body did not come to its end; empty if it did, or was more than is read.
	Broken string
}

// An Error is an exchange that gave no response. Its text is a line that names neither a header nor the query.
type Error struct {
	// Host is the URL's host and port.
	Host string
	// Timeout reports whether the time limit was exceeded.
	Timeout bool
	// Certificate reports whether the server's certificate is not trusted.
	Certificate bool
	Reason      string
}

func (e *Error) Error() string { return e.Host + ": " + e.Reason }

// A Client sends requests.
type Client struct {
	// Timeout is how long an exchange may take, from looking up the host to the end of the body.
	Timeout time.Duration
	// Insecure takes any certificate.
	Insecure bool
	// Resolve returns, for HOST:PORT, the address without a port to connect to instead.
	Resolve map[string]string
	// Proxy returns the HTTP proxy for a URL, or nil for none. It is not called for what is in Resolve.
	Proxy func(*url.URL) (*url.URL, error)
}

// Do sends a request and reads the response. An error is an [*Error], but for a request that cannot be sent.
func (c *Client) Do(ctx context.Context, r *Outgoing) (*Incoming, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("a request needs an absolute URL of http or https")
	}
	for _, f := range r.Header {
		if strings.ContainsAny(f.Name+f.Value, "\r\n\x00") {
			return nil, fmt.Errorf("the header %q has a line break in it", f.Name)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	to := target{URL: u, address: hostPort(u)}
	conn, err := c.connect(ctx, &to, r.HTTP1)
	if err != nil {
		return nil, c.explain(ctx, to, err)
	}
	defer conn.Close()
	// A read that has begun ends when the time is up, or the caller has had enough.
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	exchange := http1
	if t, ok := conn.(*tls.Conn); ok && t.ConnectionState().NegotiatedProtocol == "h2" {
		exchange = http2Exchange
	}
	res, err := exchange(conn, to, r)
	if err != nil {
		return nil, c.explain(ctx, to, err)
	}
	return res, nil
}

// A target is where a request goes.
type target struct {
	*url.URL
	address string   // HOST:PORT
	proxy   *url.URL // an HTTP proxy that is asked for the URL itself; nil if there is none, or a tunnel through it
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// connect opens the connection, through a proxy if there is one, and does the handshake of TLS.
func (c *Client) connect(ctx context.Context, to *target, http1 bool) (net.Conn, error) {
	dial := to.address
	host, port, _ := net.SplitHostPort(dial)
	var proxy *url.URL
	if at, ok := c.Resolve[dial]; ok {
		dial = net.JoinHostPort(at, port)
	} else if c.Proxy != nil {
		var err error
		if proxy, err = c.Proxy(to.URL); err != nil {
			return nil, errors.New("the environment's proxy is not a URL")
		}
	}
	if proxy != nil {
		if proxy.Scheme != "http" {
			return nil, fmt.Errorf("proxies of the scheme %s are not supported; want http", proxy.Scheme)
		}
		dial = hostPort(proxy)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", dial)
	if err != nil && proxy != nil {
		return nil, &proxyError{dial, err}
	}
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if to.Scheme == "http" {
		to.proxy = proxy
		return conn, nil
	}
	if proxy != nil {
		if err := tunnel(conn, to.address, proxy); err != nil {
			conn.Close()
			return nil, err
		}
	}
	protocols := []string{"h2", "http/1.1"}
	if http1 {
		protocols = protocols[1:]
	}
	t := tls.Client(conn, &tls.Config{ServerName: host, NextProtos: protocols, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: c.Insecure, // the user's word
	})
	if err := t.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return t, nil
}

// A proxyError is a proxy, with its port, that cannot be reached.
type proxyError struct {
	at string
	error
}

func (e *proxyError) Unwrap() error { return e.error }

// explain makes an *Error of what went wrong. What the server said is not in it, unless [quote] has made it short and plain.
func (c *Client) explain(ctx context.Context, to target, err error) error {
	e := &Error{Host: to.Host, Reason: err.Error()}
	var dns *net.DNSError
	var op *net.OpError
	var unverified *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.Is(context.Cause(ctx), context.Canceled):
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		e.Timeout, e.Reason = true, fmt.Sprintf("no complete response within %v", c.Timeout)
	case errors.As(err, &dns):
		e.Reason = "no such host"
		if !dns.IsNotFound {
			e.Reason = "the host cannot be looked up"
		}
	case errors.As(err, &unverified):
		e.Certificate, e.Reason = true, "the certificate is not trusted: "+unverified.Err.Error()
	case errors.As(err, &record):
		e.Reason = "it does not speak TLS"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Reason = "the connection ended before the response was complete"
	case errors.As(err, &op) && op.Op == "dial":
		e.Reason = "it cannot be reached: " + op.Err.Error()
	case errors.As(err, &op):
		e.Reason = "the connection broke off: " + op.Err.Error()
	}
	var through *proxyError
	if errors.As(err, &through) {
		e.Reason = "the proxy " + through.at + " of the environment: " + e.Reason
	}
	e.Reason = strings.Join(strings.Fields(e.Reason), " ")
	return e
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// quote returns the beginning of what a server said.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		s = s[:most] + "..."
	}
	return fmt.Sprintf("%q", s)
}
