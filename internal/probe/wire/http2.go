package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/corsgate/corsgate/internal/browser"
)

// stream is the only stream of a connection.
const stream = 1

// maxFrame is the size of a frame that every peer takes (https://www.rfc-editor.org/rfc/rfc9113.html#SETTINGS_MAX_FRAME_SIZE).
const maxFrame = 16 << 10

// An h2 is an exchange over HTTP/2 (https://www.rfc-editor.org/rfc/rfc9113.html).
type h2 struct {
	*http2.Framer
	res  *Incoming
	done bool // the response has ended

	body     []byte // not sent yet
	settings bool   // the server has said how much it takes
	initial  int64  // what a stream may send at first
	window   int64  // what the connection may send, and the stream
	ofStream int64
}

func http2Exchange(conn net.Conn, to target, r *Outgoing) (*Incoming, error) {
	x := &h2{Framer: http2.NewFramer(conn, conn), body: r.Body, initial: 65535, window: 65535, ofStream: 65535}
	x.SetMaxReadFrameSize(maxFrame)
	x.MaxHeaderListSize = MaxHeader
	x.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if err := x.ask(conn, to, r); err != nil {
		return nil, err
	}
	for !x.done {
		f, err := x.ReadFrame()
		if err == nil {
			err = x.frame(f)
		}
		if err != nil && x.res != nil {
			x.res.Broken = "the body breaks off"
			if isTimeout(err) {
				x.res.Broken = "the body does not come to its end"
			}
			break
		}
		if err != nil {
			return nil, explainHTTP2(err)
		}
	}
	return x.res, nil
}

// ask sends the preface and the request's head.
func (x *h2) ask(conn io.Writer, to target, r *Outgoing) error {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	put := func(name, value string) { _ = enc.WriteField(hpack.HeaderField{Name: name, Value: value}) } // a buffer takes all
	put(":method", r.Method)
	put(":scheme", to.Scheme)
	put(":authority", to.Host)
	put(":path", to.RequestURI())
	for _, f := range r.Header {
		put(strings.ToLower(f.Name), f.Value)
	}
	if r.hasLength() {
		put("content-length", strconv.Itoa(len(r.Body)))
	}
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		return err
	}
	if err := x.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0}, http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: MaxHeader}); err != nil {
		return err
	}
	first := block.Next(maxFrame)
	err := x.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: first, EndHeaders: block.Len() == 0, EndStream: len(r.Body) == 0})
	for err == nil && block.Len() > 0 {
		next := block.Next(maxFrame)
		err = x.WriteContinuation(stream, block.Len() == 0, next)
	}
	return err
}

// frame deals with what the server sent.
func (x *h2) frame(f http2.Frame) error {
	switch f := f.(type) {
	case *http2.SettingsFrame:
		if f.IsAck() {
			return nil
		}
		if v, ok := f.Value(http2.SettingInitialWindowSize); ok {
			x.ofStream += int64(v) - x.initial
			x.initial = int64(v)
		}
		x.settings = true
		if err := x.WriteSettingsAck(); err != nil {
			return err
		}
		return x.send()
	case *http2.WindowUpdateFrame:
		if f.StreamID == 0 {
			x.window += int64(f.Increment)
		} else {
			x.ofStream += int64(f.Increment)
		}
		return x.send()
	case *http2.PingFrame:
		if f.IsAck() {
			return nil
		}
		return x.WritePing(true, f.Data)
	case *http2.GoAwayFrame:
		if f.LastStreamID < stream {
			return fmt.Errorf("it refuses the request (HTTP/2 %v)", f.ErrCode)
		}
		return nil
	case *http2.RSTStreamFrame:
		return fmt.Errorf("it aborts the response (HTTP/2 %v)", f.ErrCode)
	case *http2.MetaHeadersFrame:
		return x.headers(f)
	case *http2.DataFrame:
		return x.data(f)
	}
	return nil
}

// send sends as much of the request's body as the server takes.
func (x *h2) send() error {
	for x.settings && len(x.body) > 0 {
		n := min(int64(len(x.body)), maxFrame, x.window, x.ofStream)
		if n <= 0 {
			return nil
		}
		part := x.body[:n]
		x.body = x.body[n:]
		x.window -= n
		x.ofStream -= n
		if err := x.WriteData(stream, len(x.body) == 0, part); err != nil {
			return err
		}
	}
	return nil
}

// headers takes the head of the response. What comes after the body, trailers, is not part of it.
func (x *h2) headers(f *http2.MetaHeadersFrame) error {
	if f.StreamID != stream {
		return errors.New("it responds to a request that was not sent")
	}
	if f.Truncated {
		return errTooLong
	}
	x.done = f.StreamEnded()
	if x.res != nil {
		return nil
	}
	status, err := strconv.Atoi(f.PseudoValue("status"))
	if err != nil || status < 100 || status > 999 {
		return errors.New("its response has no status")
	}
	if status < 200 {
		if x.done {
			return io.ErrUnexpectedEOF
		}
		return nil
	}
	x.res = &Incoming{Proto: "HTTP/2", Status: status}
	for _, h := range f.RegularFields() {
		x.res.Header = append(x.res.Header, browser.Field{Name: h.Name, Value: h.Value})
	}
	return nil
}

func (x *h2) data(f *http2.DataFrame) error {
	if x.res == nil {
		return errors.New("its response has a body and no head")
	}
	data := f.Data()
	x.res.Body = append(x.res.Body, data[:min(len(data), MaxBody-len(x.res.Body))]...)
	x.done = f.StreamEnded() || len(x.res.Body) == MaxBody
	return nil
}

// explainHTTP2 says in words what the framer has no words for.
func explainHTTP2(err error) error {
	var stream http2.StreamError
	var connection http2.ConnectionError
	switch {
	case errors.Is(err, http2.ErrFrameTooLarge):
		return errTooLong
	case errors.As(err, &stream), errors.As(err, &connection):
		return fmt.Errorf("its response is not valid HTTP/2: %w", err)
	}
	return err
}
