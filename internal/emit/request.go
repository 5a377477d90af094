package emit

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// A header is one to find in an event.
type header struct {
	name  string // canonical
	value string
	n     int // how many values there are
}

// is reports whether k is h in some spelling: the event has the client's, lower
// case over HTTP/2 and anything over HTTP/1.1. It is small enough to be inlined
// where all names of a map are gone through.
func (h *header) is(k string) bool {
	return len(k) == len(h.name) && strings.EqualFold(k, h.name)
}

// findHeaders sets the value of each header to find to what [RequestHeaders]
// would have, without making all of them; nearly all the cost of a decision is
// going through the event's maps, so once must do. Several values become one,
// as RFC 9110, 5.3 has it.
func findHeaders(event *Event, find []header) {
	for k, v := range event.MultiValueHeaders {
		for i := range find {
			if h := &find[i]; h.is(k) && len(v) > 0 {
				h.value = v[0]
				h.n += len(v)
			}
		}
	}
	for i := range find {
		h := &find[i]
		if h.n == 0 {
			for k, v := range event.Headers {
				if h.is(k) {
					h.value = v
					h.n++
				}
			}
		}
		if h.n > 1 {
			h.value = strings.Join(RequestHeaders(event.Headers, event.MultiValueHeaders)[h.name], ", ")
		}
	}
}

// RequestHeaders returns all headers of a request. An event has them twice, in
// headers (single here) and in multiValueHeaders (multi); a name that is in both
// counts as in the latter, which alone has repeated ones in full. Tools that make
// events fill only one of the two, or leave both null.
func RequestHeaders(single map[string]string, multi map[string][]string) http.Header {
	h := make(http.Header, max(len(single), len(multi)))
	for _, k := range slices.Sorted(maps.Keys(multi)) {
		for _, v := range multi[k] {
			h.Add(k, v)
		}
	}
	once := http.Header{}
	for _, k := range slices.Sorted(maps.Keys(single)) {
		once.Add(k, single[k])
	}
	for k, v := range once {
		if _, ok := h[k]; !ok {
			h[k] = v
		}
	}
	return h
}
