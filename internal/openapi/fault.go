package openapi

import (
	"fmt"
	"strings"
)

// A Fault is one thing that is wrong with a document or with what is assigned to
// its operations.
type Fault struct {
	File string // "" for a value
	Line int    // 0 where there is none
	At   string // a JSON pointer into the document; "" for the whole
	Text string
}

// Error is "openapi.yaml:12: ...", and for a document that is not a file
// "the OpenAPI document at /paths/~1orders/get: ...".
func (f *Fault) Error() string {
	switch {
	case f.File != "" && f.Line > 0:
		return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text)
	case f.File != "":
		return f.File + ": " + f.Text
	case f.At != "":
		return "the OpenAPI document at " + f.At + ": " + f.Text
	}
	return "the OpenAPI document: " + f.Text
}

// fault makes a fault of what stands at a pointer.
func (d *Document) fault(at, format string, args ...any) *Fault {
	f := &Fault{File: d.Name, At: at, Text: fmt.Sprintf(format, args...)}
	for ; at != "" && f.Line == 0; at = at[:max(0, strings.LastIndexByte(at, '/'))] {
		f.Line = d.lines[at]
	}
	return f
}
