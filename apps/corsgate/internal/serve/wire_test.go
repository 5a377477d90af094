package serve

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// FuzzHeads holds the reader of heads against net/http: as long as that reads requests, each has the head that was found,
// however the bytes come in.
func FuzzHeads(f *testing.F) {
	for _, s := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\noRigin:  a b \r\n\r\nGET /2 HTTP/1.1\nhost: x\n\n",
		"\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n\r\n\nPUT /b HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\n\r\n\r\n\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\n folded\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nxGET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
	} {
		f.Add([]byte(s), 7)
	}
	f.Fuzz(func(t *testing.T, b []byte, step int) {
		step = max(1, step%100)
		var whole, pieces headReader
		got := whole.feed(b)
		var same []head
		for p := range slices.Chunk(b, step) {
			same = append(same, pieces.feed(p)...)
		}
		if fmt.Sprint(got) != fmt.Sprint(same) || whole.state != pieces.state {
			t.Fatalf("in pieces of %d: %v, and %v at once", step, same, got)
		}
		in := bufio.NewReader(bytes.NewReader(b))
		for i := 0; ; i++ {
			// The server lets one line end pass in front of a request.
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			if i >= len(got) {
				if whole.state == lost {
					return // and the names are canonical from here on
				}
				t.Fatalf("net/http has read %s %s, the reader nothing", r.Method, r.RequestURI)
			}
			// What is no longer understood must not be taken for another request; pop compares these two.
			h := got[i]
			if h.method != r.Method || h.target != r.RequestURI {
				return
			}
			for name, values := range r.Header {
				for _, v := range values {
					if !slices.ContainsFunc(lines(h), func(l string) bool { return l == strings.ToLower(name)+": "+v }) {
						t.Fatalf("%s: %q is not among %q", name, v, lines(h))
					}
				}
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return
			}
		}
	})
}

func lines(h head) []string {
	var out []string
	for _, x := range h.headers {
		out = append(out, strings.ToLower(x.Name)+": "+x.Value)
	}
	return out
}
