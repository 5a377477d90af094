package render

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// An object is a mapping whose order is kept.
type object []pair

type pair struct {
	key   string
	value any
}

// A tagged value is a short form of an intrinsic function.
type tagged struct{ tag, text string }

func ref(id string) tagged         { return tagged{"!Ref", id} }
func attribute(path string) tagged { return tagged{"!GetAtt", path} }

// first are keys that stand before others in a map, as people write them.
var first = []string{"Type", "type", "StatusCode", "statusCode", "SelectionPattern", "PassthroughBehavior", "passthroughBehavior"}

// yaml returns a document with notes in front.
func (r *renderer) yaml(doc object, notes ...string) (string, error) {
	return encoded(doc, r.notes(notes...))
}

// encoded writes a tree below a comment.
func encoded(doc object, lines []string) (string, error) {
	var b strings.Builder
	b.WriteString(comment(lines))
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(node(doc)); err != nil {
		return "", err
	}
	return b.String(), nil
}

// YAML returns a tree as the author of a template writes it, in 80 columns where its words allow.
func YAML(v map[string]any) string {
	var b, out strings.Builder
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(node(v)); err != nil {
		panic(fmt.Sprintf("render: %v", err)) // of strings, numbers, lists and mappings
	}
	for line := range strings.Lines(b.String()) {
		key, value, ok := strings.Cut(line, ": \"")
		if ok && len(line) > 76 {
			indent := key[:len(key)-len(strings.TrimLeft(key, " -"))]
			line = key + ":\n" + strings.Repeat(" ", len(indent)+2) + "\"" + value
		}
		out.WriteString(line)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func node(v any) *yaml.Node {
	out := &yaml.Node{}
	switch v := v.(type) {
	case object:
		out.Kind = yaml.MappingNode
		for _, p := range v {
			out.Content = append(out.Content, node(p.key), node(p.value))
		}
	case map[string]any:
		if id, ok := v["Ref"].(string); ok && len(v) == 1 {
			return node(ref(id))
		}
		o := object{}
		keys := sorted(v)
		slices.SortStableFunc(keys, func(a, b string) int { return rank(a) - rank(b) })
		for _, key := range keys {
			o = append(o, pair{key, v[key]})
		}
		return node(o)
	case []any:
		out.Kind = yaml.SequenceNode
		for _, e := range v {
			out.Content = append(out.Content, node(e))
		}
		if len(v) == 0 {
			out.Style = yaml.FlowStyle
		}
	case tagged:
		out.Kind, out.Tag, out.Value, out.Style = yaml.ScalarNode, v.tag, v.text, yaml.TaggedStyle
	case string:
		out.SetString(v)
		switch {
		case strings.Contains(v, "\n"):
			out.Style = yaml.LiteralStyle
		case strings.HasPrefix(v, "'"):
			out.Style = yaml.DoubleQuotedStyle // a static value has single quotes of its own
		}
	default:
		if err := out.Encode(v); err != nil {
			panic(fmt.Sprintf("render: %T: %v", v, err))
		}
	}
	return out
}

func rank(key string) int {
	if i := slices.Index(first, key); i >= 0 {
		return i
	}
	return len(first)
}
