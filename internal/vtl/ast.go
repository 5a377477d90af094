package vtl

import (
	"fmt"
	"sort"
	"strings"
)

// Pos is a place in a template. Line and Col count from 1; Col counts bytes.
type Pos struct{ Line, Col int }

// String returns line:column.
func (p Pos) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Col) }

// Error is a fault of a template, found while parsing or evaluating it.
type Error struct {
	Pos
	Msg string
	// Parse tells whether the template does not parse, as opposed to failing while it is evaluated.
	Parse bool
	// NotKnown tells that the fault is this evaluator's: what the service makes of the template is not known.
	NotKnown bool
	cause    error
}

// Unwrap returns what made the error, if anything did.
func (e *Error) Unwrap() error { return e.cause }

// Error returns "line:column: message".
func (e *Error) Error() string { return e.Pos.String() + ": " + e.Msg }

// node is a piece of a template that renders something.
type node interface{}

// expr is a piece of a template that has a value.
type expr interface{}

type (
	textNode struct{ text string }

	// escNode is a run of backslashes before a directive: pairs of them, halved where the directive is known.
	escNode struct {
		pairs int
		word  string
	}
	// escDirNode is an escaped directive, such as \#if.
	escDirNode struct {
		slashes int
		word    string // with the hash and any braces
		name    string
	}
	setNode struct {
		pos Pos
		ref *refNode
		val expr
	}
	ifNode struct {
		pos      Pos
		branches []ifBranch
	}
	ifBranch struct {
		pos  Pos
		cond expr // nil for #else
		body []node
		kind string // "#if", "#elseif", "#else"
	}
	stopNode struct{ pos Pos }

	// dirNode is every other directive: foreach, break, define, literal, macro calls, and words that are none of these.
	dirNode struct {
		pos    Pos
		name   string
		args   []expr
		hasArg bool // parentheses were there
		body   []node
		block  bool // a body and #end were there
		lit    string
		raw    string // the source of the body, for #literal
	}

	refNode struct {
		pos   Pos
		name  string
		quiet bool
		plain bool // neither quiet nor in braces
		esc   int  // backslashes before it
		lit   string
		parts []refPart
	}
	refPart struct {
		pos  Pos
		kind partKind
		name string
		args []expr
	}

	strNode struct {
		pos  Pos
		text string
		lit  string // as written
		body []node // when it interpolates
		tail bool   // a blank was appended for the nested parse, and has to be cut off again
	}
	numNode struct {
		pos Pos
		val any
	}
	boolNode  struct{ val bool }
	wordNode  struct{ word string }
	rangeNode struct {
		pos    Pos
		lo, hi expr
	}
	listNode struct {
		pos   Pos
		elems []expr
	}
	mapNode struct {
		pos  Pos
		keys []expr
		vals []expr
	}
	binNode struct {
		pos  Pos
		op   string
		l, r expr
	}
	notNode struct {
		pos Pos
		x   expr
	}
)

type partKind int

const (
	propPart partKind = iota
	methodPart
	indexPart
)

type macro struct {
	name   string
	params []string
	body   []node
}

// Template is a parsed mapping template. It is not changed by evaluation and may be shared.
type Template struct {
	src    string
	nodes  []node
	macros map[string]*macro
}

// Source returns the text the template was parsed from.
func (t *Template) Source() string { return t.src }

// Line returns the text of line n, counted from 1, without its line end, or "" where there is no such line.
func (t *Template) Line(n int) string {
	if n < 1 {
		return ""
	}
	line, rest := "", t.src
	for more := true; n > 0; n-- {
		if !more {
			return ""
		}
		line, rest, more = strings.Cut(rest, "\n")
	}
	return strings.TrimRight(line, "\r")
}

// lineIndex finds lines and columns from byte offsets.
type lineIndex struct {
	starts []int
	base   Pos // position of offset 0
}

func newLineIndex(src string, base Pos) *lineIndex {
	ix := &lineIndex{starts: []int{0}, base: base}
	for i := 0; i < len(src); i++ {
		if src[i] == '\n' {
			ix.starts = append(ix.starts, i+1)
		}
	}
	return ix
}

func (ix *lineIndex) pos(off int) Pos {
	n := sort.SearchInts(ix.starts, off+1) - 1
	p := Pos{Line: ix.base.Line + n, Col: off - ix.starts[n] + 1}
	if n == 0 {
		p.Col += ix.base.Col - 1
	}
	return p
}
