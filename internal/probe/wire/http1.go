package wire

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
)

// http1 is an exchange over HTTP/1.1 (https://www.rfc-editor.org/rfc/rfc9112.html).
func http1(conn net.Conn, to target, r *Outgoing) (*Incoming, error) {
	var b bytes.Buffer
	asked := to.RequestURI()
	if to.proxy != nil {
		asked = to.String()
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, asked, to.Host)
	if to.proxy != nil {
		b.WriteString(proxyAuthorization(to.proxy))
	}
	for _, f := range r.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	if r.hasLength() {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.Body))
	}
	b.WriteString("\r\n")
	b.Write(r.Body)
	if _, err := conn.Write(b.Bytes()); err != nil {
		return nil, err
	}
	in := &input{r: bufio.NewReader(conn), left: MaxHeader}
	res, err := in.head()
	for err == nil && res.Status < 200 {
		if res.Status == 101 {
			return nil, errors.New("it switches to another protocol")
		}
		res, err = in.head() // an interim answer; the limit of the headers is for all of them
	}
	if err != nil {
		return nil, err
	}
	return res, in.body(r.Method, res)
}

// tunnel asks a proxy to connect to an address (https://www.rfc-editor.org/rfc/rfc9110.html#name-connect).
func tunnel(conn net.Conn, address string, proxy *url.URL) error {
	if _, err := fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", address, address, proxyAuthorization(proxy)); err != nil {
		return err
	}
	// Nothing comes after the head before the handshake begins, so that nothing is lost in the buffer.
	res, err := (&input{r: bufio.NewReader(conn), left: MaxHeader}).head()
	if err != nil {
		return fmt.Errorf("the proxy: %w", err)
	}
	if res.Status/100 != 2 {
		return fmt.Errorf("the proxy responds with status %d", res.Status)
	}
	return nil
}

func proxyAuthorization(proxy *url.URL) string {
	if proxy.User == nil {
		return ""
	}
	password, _ := proxy.User.Password()
	return "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(proxy.User.Username()+":"+password)) + "\r\n"
}

// An input is what a server sends.
type input struct {
	r    *bufio.Reader
	left int // how many bytes of headers are still read
}

var errTooLong = fmt.Errorf("more than %d KiB of headers", MaxHeader>>10)

// line reads a line, without its end.
func (in *input) line() (string, error) {
	var out []byte
	for {
		part, err := in.r.ReadSlice('\n')
		if in.left -= len(part); in.left < 0 {
			return "", errTooLong
		}
		out = append(out, part...)
		if err == bufio.ErrBufferFull {
			continue
		}
		if err == io.EOF && len(out) > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return string(out), err
		}
		return strings.TrimSuffix(strings.TrimSuffix(string(out), "\n"), "\r"), nil
	}
}

var statusLine = regexp.MustCompile(`^(HTTP/1\.[0-9]) ([1-9][0-9]{2})(?: .*)?$`)

// head reads a status line and header lines. Lines without a colon count for nothing, as in browsers.
func (in *input) head() (*Incoming, error) {
	first, err := in.line()
	m := statusLine.FindStringSubmatch(first)
	if m == nil && first != "" {
		return nil, fmt.Errorf("it does not speak HTTP: its response begins with %s", quote(first))
	}
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, errors.New("it does not speak HTTP: its response begins with an empty line")
	}
	status, _ := strconv.Atoi(m[2])
	res := &Incoming{Proto: m[1], Status: status}
	var folded []string // the lines of the last header's value
	unfold := func() {
		if n := len(res.Header); n > 0 {
			res.Header[n-1].Value = strings.Join(folded, " ")
		}
	}
	for {
		line, err := in.line()
		if err != nil {
			return nil, err
		}
		if line == "" {
			unfold()
			return res, nil
		}
		if len(res.Header) > 0 && (line[0] == ' ' || line[0] == '\t') {
			// A continued line (https://www.rfc-editor.org/rfc/rfc9112.html#name-obsolete-line-folding).
			folded = append(folded, strings.Trim(line, " \t"))
			continue
		}
		if name, value, ok := strings.Cut(line, ":"); ok {
			unfold()
			res.Header = append(res.Header, browser.Field{Name: name})
			folded = []string{strings.Trim(value, " \t")}
		}
	}
}

// body reads the body of a response (https://www.rfc-editor.org/rfc/rfc9112.html#name-message-body-length).
func (in *input) body(method string, res *Incoming) error {
	if method == "HEAD" || res.Status == 204 || res.Status == 304 {
		return nil
	}
	var from io.Reader = in.r
	coding, _ := res.Header.Get("Transfer-Encoding")
	lengths := values(res.Header, "Content-Length")
	want := -1
	switch {
	case strings.HasSuffix(strings.ToLower(coding), "chunked"):
		from = httputil.NewChunkedReader(in.r)
	case len(lengths) > 1:
		return errors.New("it has two different lengths for its body")
	case len(lengths) == 1:
		n, err := strconv.ParseUint(lengths[0], 10, 62)
		if err != nil {
			return errors.New("the length of its body is not a number")
		}
		want = int(n)
		from = io.LimitReader(in.r, int64(n))
	}
	b, err := io.ReadAll(io.LimitReader(from, MaxBody))
	res.Body = b
	switch {
	case len(b) == MaxBody:
	case err != nil && !isTimeout(err):
		res.Broken = "the body breaks off"
	case err != nil:
		res.Broken = "the body does not come to its end"
	case want > len(b):
		res.Broken = fmt.Sprintf("the body ends after %d of %d bytes", len(b), want)
	}
	return nil
}

// values returns the different values of a header's lines.
func values(h browser.Header, name string) []string {
	var out []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) && !slices.Contains(out, f.Value) {
			out = append(out, f.Value)
		}
	}
	return out
}
