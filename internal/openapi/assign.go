package openapi

import (
	"fmt"
	"slices"
	"strings"
)

// By says what an assignment names operations by.
type By int

// An operationId, a path, or a tag.
const (
	ByOperation By = iota + 1
	ByPath
	ByTag
)

// An Assignment gives operations that have no integration theirs.
//
// An operationId comes before a path, a path before a tag. A path is one of the
// document's, or ends in "/*" for that path and all below it; the longer one comes
// before the shorter.
type Assignment struct {
	By   By
	Name string
	// Make returns the x-amazon-apigateway-integration of an operation.
	Make func(*Operation) map[string]any
}

// String is what the app wrote, as ForTag("orders").
func (a *Assignment) String() string {
	return fmt.Sprintf("%s(%q)", map[By]string{ByOperation: "ForOperation", ByPath: "ForPath", ByTag: "ForTag"}[a.By], a.Name)
}

// byOperation ranks above every length of a path.
const byOperation = 1 << 30

// rank says how well an assignment fits, 0 for not at all.
func (a *Assignment) rank(o *Operation) int {
	switch a.By {
	case ByOperation:
		if a.Name != "" && a.Name == o.ID {
			return byOperation
		}
	case ByPath:
		prefix, below := strings.CutSuffix(a.Name, "/*")
		path := strings.TrimRight(o.Path, "/")
		switch {
		case !below && path == strings.TrimRight(a.Name, "/"):
			return byOperation - 1
		case below && (path == prefix || strings.HasPrefix(path, prefix+"/")):
			return 2 + len(prefix)
		}
	case ByTag:
		if slices.Contains(o.Tags, a.Name) {
			return 1
		}
	}
	return 0
}
