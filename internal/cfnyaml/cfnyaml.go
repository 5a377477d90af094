// Package cfnyaml reads YAML as CloudFormation does: what JSON would have had,
// with the short forms of intrinsic functions in their long ones.
package cfnyaml

import (
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// MaxDepth bounds how deep a document may be nested; CloudFormation's own limits are far below.
	MaxDepth = 200
	// maxNodes bounds what aliases can make of a small file.
	maxNodes = 2_000_000
)

// A Place is where a key or a list's element stands. Pointer is its JSON pointer
// (RFC 6901).
type Place struct {
	Pointer string
	Line    int
	// First is the line of the same key earlier in the same object, 0 for none.
	First int
}

// Value makes of a node what JSON would have had: map[string]any, []any, string,
// bool, nil, and [json.Number] for a number that JSON can write. Of a key that
// stands twice in one object the last counts. Short forms of intrinsic functions
// become long ones
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html).
//
// at is called for every key and element, in the document's order; it may be nil.
// The error is for what is nested too deep or, through aliases, too large.
func Value(n *yaml.Node, at func(Place)) (any, error) {
	r := &reader{at: at}
	return r.value(n, "", 0)
}

type reader struct {
	at    func(Place)
	count int
}

func (r *reader) place(pointer, part string, line, first int) string {
	if r.at == nil {
		return ""
	}
	pointer += "/" + Escape(part)
	r.at(Place{Pointer: pointer, Line: line, First: first})
	return pointer
}

// Escape makes a key a part of a JSON pointer.
func Escape(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
}

func (r *reader) value(n *yaml.Node, pointer string, depth int) (any, error) {
	if r.count++; depth > MaxDepth || r.count > maxNodes {
		return nil, fmt.Errorf("line %d: nested too deep, or too large", n.Line)
	}
	if name, ok := strings.CutPrefix(n.Tag, "!"); ok && name != "" && !strings.HasPrefix(name, "!") {
		return r.intrinsic(name, n, pointer, depth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.value(n.Alias, pointer, depth+1)
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for i, c := range n.Content {
			v, err := r.value(c, r.place(pointer, fmt.Sprint(i), c.Line, 0), depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case yaml.MappingNode:
		return r.object(n, pointer, depth)
	}
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true") || strings.EqualFold(n.Value, "yes") || strings.EqualFold(n.Value, "on"), nil
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return json.Number(n.Value), nil
		}
	}
	return n.Value, nil
}

func (r *reader) intrinsic(name string, n *yaml.Node, pointer string, depth int) (any, error) {
	plain := *n
	plain.Tag = ""
	if plain.Kind == yaml.ScalarNode {
		plain.Tag = "!!str"
	}
	v, err := r.value(&plain, pointer, depth+1)
	if err != nil {
		return nil, err
	}
	switch name {
	case "Ref", "Condition":
		return map[string]any{name: v}, nil
	case "GetAtt":
		if s, ok := v.(string); ok {
			id, attribute, _ := strings.Cut(s, ".")
			v = []any{id, attribute}
		}
	}
	return map[string]any{"Fn::" + name: v}, nil
}

func (r *reader) object(n *yaml.Node, pointer string, depth int) (any, error) {
	out := make(map[string]any, len(n.Content)/2)
	lines := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		merge := key.Tag == "!!merge"
		at := pointer
		if !merge {
			at = r.place(pointer, key.Value, key.Line, lines[key.Value])
			lines[key.Value] = key.Line
		}
		v, err := r.value(n.Content[i+1], at, depth+1)
		if err != nil {
			return nil, err
		}
		if merge {
			if !mergeInto(out, v) {
				return nil, fmt.Errorf("line %d: << has to be followed by an object or a list of objects", key.Line)
			}
			continue
		}
		out[key.Value] = v
	}
	return out, nil
}

// mergeInto adds what an object does not have yet, of an object or of a list of
// them, the earlier first (https://yaml.org/type/merge.html). It reports false for
// anything else.
func mergeInto(out map[string]any, from any) bool {
	objects, ok := from.([]any)
	if !ok {
		objects = []any{from}
	}
	for _, o := range objects {
		m, ok := o.(map[string]any)
		if !ok {
			return false
		}
		for k, x := range m {
			if _, has := out[k]; !has {
				out[k] = x
			}
		}
	}
	return true
}
