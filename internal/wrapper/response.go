package wrapper

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/emit"
)

// Patch returns a proxy response, or the prelude of a stream, with the CORS headers of
// d in its headers and none of the function's own, whose names it returns. All other
// bytes are as they came. Ok is false where data is no such response; it is then for
// whoever reads it to refuse.
func Patch(data []byte, d cors.Decision) (patched []byte, own []string, ok bool) {
	members, _, ok := object(data)
	if !ok {
		return data, nil, false
	}
	// Of a name that is there twice the last one that can be read takes the place of all, whichever of
	// them counts for the reader.
	var single, multi headers
	for _, m := range members {
		to := &single
		switch m.name {
		case "headers":
		case "multiValueHeaders":
			to = &multi
		default:
			continue
		}
		if h, readable := readHeaders(data[m.value:m.end]); readable {
			*to = h
		} else {
			to.bad = true
		}
	}
	if single.bad && !single.read || multi.bad && !multi.read {
		return data, nil, false
	}
	for name, value := range emit.Headers(d, append(single.vary, multi.vary...)) {
		single.kept = append(single.kept, header(name, value))
	}
	single.raw = nil
	out := make([]byte, 0, len(data)+512)
	written := 0
	replace := func(start, end int, with ...[]byte) {
		out = append(out, data[written:start]...)
		for _, b := range with {
			out = append(out, b...)
		}
		written = end
	}
	if !single.read {
		at := bytes.IndexByte(data, '{') + 1
		comma := []byte(",")
		if len(members) == 0 {
			comma = nil
		}
		replace(at, at, []byte(`"headers":`), single.json(), comma)
	}
	for _, m := range members {
		switch m.name {
		case "headers":
			replace(m.value, m.end, single.json())
		case "multiValueHeaders":
			replace(m.value, m.end, multi.json())
		}
	}
	replace(len(data), len(data))
	return out, append(single.own, multi.own...), true
}

// headers are one of the two members of a response that hold headers.
type headers struct {
	read bool
	bad  bool     // they cannot be read
	raw  []byte   // as it came; nil where that is not as it goes
	kept [][]byte // members as they came, but for those of CORS
	own  []string // the names of those
	vary []string // the values of Vary
}

func readHeaders(raw []byte) (h headers, ok bool) {
	h = headers{read: true, raw: raw}
	if string(raw) == "null" {
		return h, true
	}
	members, _, ok := object(raw)
	if !ok || !json.Valid(raw) {
		return h, false
	}
	for _, m := range members {
		switch {
		case corsheader.IsVary(m.name):
			h.vary = append(h.vary, texts(raw[m.value:m.end])...)
		case corsheader.Is(m.name):
			h.own = append(h.own, m.name)
		default:
			h.kept = append(h.kept, raw[m.start:m.end])
			continue
		}
		h.raw = nil
	}
	return h, true
}

// json returns the member's value.
func (h *headers) json() []byte {
	if h.raw != nil {
		return h.raw
	}
	return fmt.Appendf(nil, "{%s}", bytes.Join(h.kept, []byte(",")))
}

// texts returns the value of a header, which is a scalar, or the values, in a list.
func texts(raw []byte) []string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []string
	for _, v := range list {
		if v != nil {
			out = append(out, fmt.Sprint(v))
		}
	}
	return out
}

// header is a member of headers.
func header(name, value string) []byte {
	quoted, err := json.Marshal(value)
	if err != nil {
		panic(err) // it is a string
	}
	return fmt.Appendf(nil, "%q:%s", name, quoted)
}

// Answer is a whole response that the function has no part in.
func Answer(status int, body string, d cors.Decision) []byte {
	out := fmt.Appendf(nil, `{"statusCode":%d}`, status)
	if body != "" {
		out = fmt.Appendf(nil, `{"statusCode":%d,"headers":{"Content-Type":"application/json"},"body":%q}`, status, body)
	}
	out, _, _ = Patch(out, d)
	return out
}

// head reads r until the first JSON object that it begins with has ended, or it has
// something else, and returns all that was read. A response is such an object; a stream
// begins with one, its prelude, and must not be held back after that.
func head(r io.Reader) ([]byte, error) {
	var buf []byte
	var s *scanner
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, make([]byte, max(4<<10, len(buf)))...)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if s == nil {
			if i := blanks(buf, 0); i < len(buf) {
				s = &scanner{at: i}
				if buf[i] != '{' {
					return buf, err
				}
			}
		}
		if err != nil || s != nil && s.scan(buf) || len(buf) > maxResponse {
			return buf, err
		}
	}
}

// maxResponse is more than Lambda takes of a response that is not a stream
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const maxResponse = 8 << 20
