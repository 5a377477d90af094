package logs

import (
	"regexp"
	"strings"

	"github.com/corsgate/corsgate/internal/report"
)

// What clients send has no end: origins, paths and request ids are kept up to these numbers, and counted beyond them.
const (
	// kept is how many incidents of a rule are told apart while reading, shown how many a report has one by one.
	kept, shown = 2000, 30
	// remembered is how many requests are known to have been told of, or are waiting to be.
	remembered = 100_000
)

// recent holds the last of many keys. The zero value is ready.
type recent struct {
	known map[string]bool
	order []string
	next  int
}

// add reports whether a key is new.
func (r *recent) add(key string) bool {
	if r.known[key] {
		return false
	}
	if r.known == nil {
		r.known = map[string]bool{}
	}
	if len(r.order) < remembered {
		r.order = append(r.order, key)
	} else {
		delete(r.known, r.order[r.next])
		r.order[r.next] = key
		r.next = (r.next + 1) % remembered
	}
	r.known[key] = true
	return true
}

// clip keeps what a client sent to a length that can be read.
func clip(s string) string {
	const most = 200
	return report.Clip(strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '.'
		}
		return r
	}, s), "."), most)
}

// one is a segment of a path that names one thing of many: a number, a UUID, a key, an address. A token in a path looks
// the same, and is nothing to print.
var one = regexp.MustCompile(`^(?:\d+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{16,}|[^{}]*(?:@|%40)[^{}]*|[^{}]{40,})$`)

// keyed is a longer segment; with a digit in it, it is taken for a key.
var keyed = regexp.MustCompile(`^[\w.~%+=-]{20,}$`)

// shape returns a path without its query, and with * for what differs from one request to the next, so that a thousand
// orders are one path. A resource's path, with parameters in braces, stays as it is.
func shape(path string) string {
	path, _, _ = strings.Cut(path, "?")
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if one.MatchString(s) || keyed.MatchString(s) && strings.ContainsAny(s, "0123456789") {
			segments[i] = "*"
		}
	}
	return clip(strings.Join(segments, "/"))
}
