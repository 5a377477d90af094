package cfn

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const (
	// MaxDepth bounds how deep a document may be nested; CloudFormation's own limits are far below.
	MaxDepth = 200
	// maxAliased bounds what aliases can make of a small file.
	maxAliased = 200_000
	// maxKey bounds a key, and maxPointer what is told of where something stands.
	maxKey     = 1024
	maxPointer = 4 * maxKey
)

// A Place is where a key or a list's element stands. Pointer is its JSON pointer
// (RFC 6901); what has one of more than 4 KB is not told of.
type Place struct {
	Pointer string
	Line    int
	// First is the line of the same key earlier in the same object, 0 for none.
	First int
}

// A SyntaxError says why a text is neither JSON nor YAML.
type SyntaxError struct {
	Line int // 0 if it is not known
	Text string
}

// Error returns the line before the text.
func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return e.Text
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Text)
}

// ReadText reads JSON or YAML: JSON is what begins with a brace or a bracket and is not called
// .yaml or .yml. The value is as [Value] has it, nil for an empty text; at is called as by Value. The error is a
// [*SyntaxError].
func ReadText(name string, text []byte, at func(Place)) (any, error) {
	text = inUTF8(text)
	if i := invalid(text); i >= 0 {
		return nil, &SyntaxError{Line: 1 + bytes.Count(text[:i], []byte("\n")), Text: "it is not UTF-8: save it as that"}
	}
	trimmed := bytes.TrimSpace(text)
	if len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') && !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
		return readJSON(text, at)
	}
	return readYAML(text, at)
}

// inUTF8 takes the byte order mark off a text, and puts one of UTF-16, which has such a mark, into UTF-8.
func inUTF8(text []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(text, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	}
	units := make([]uint16, 0, len(text)/2)
	for i := 2; i+1 < len(text); i += 2 {
		units = append(units, order.Uint16(text[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// invalid returns where a text stops being UTF-8, and -1 if it does not.
func invalid(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// tooLong is the error of a key that is too long, nil for others.
func tooLong(key string, line int) error {
	if len(key) <= maxKey {
		return nil
	}
	return &SyntaxError{line, fmt.Sprintf("a key of %d bytes; %d are the most that are read", len(key), maxKey)}
}

func readYAML(text []byte, at func(Place)) (v any, err error) {
	defer func() {
		// The library says that it does not panic; a user's file is not to be trusted with that.
		if r := recover(); r != nil {
			err = &SyntaxError{Text: fmt.Sprintf("not YAML: %v", r)}
		}
	}()
	var n, second yaml.Node
	documents := yaml.NewDecoder(bytes.NewReader(text))
	if err := documents.Decode(&n); err != nil && err != io.EOF {
		return nil, notYAML(err)
	}
	if err := documents.Decode(&second); err != io.EOF && !isEmpty(&second) {
		return nil, &SyntaxError{Text: "there is a second YAML document in the file, and only one is read: remove it"}
	}
	if len(n.Content) != 1 {
		return nil, nil
	}
	if v, err = Value(n.Content[0], at); err != nil {
		return nil, notYAML(err)
	}
	return v, nil
}

// isEmpty reports whether nothing follows what begins a document.
func isEmpty(document *yaml.Node) bool {
	return len(document.Content) == 1 && document.Content[0].ShortTag() == "!!null"
}

// notYAML takes the line out of what the library says: "yaml: line 3: ...".
func notYAML(err error) error {
	var e *SyntaxError
	if errors.As(err, &e) {
		return e
	}
	e = &SyntaxError{}
	said := strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " ")
	if n, rest, ok := strings.Cut(strings.TrimPrefix(said, "line "), ": "); ok {
		if line, err := strconv.Atoi(n); err == nil {
			e.Line, said = line, rest
		}
	}
	e.Text = "not YAML: " + said
	return e
}

// readJSON reads JSON token by token, since only so are the lines known and keys
// that stand twice.
func readJSON(text []byte, at func(Place)) (any, error) {
	p := &jsonReader{dec: json.NewDecoder(bytes.NewReader(text)), text: text, line: 1, at: at}
	p.dec.UseNumber()
	v, err := p.value("", 0)
	if err == nil {
		if _, extra := p.dec.Token(); extra != io.EOF {
			err = errors.New("there is more after the end of the object")
		}
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	var limit *SyntaxError
	if errors.As(err, &limit) {
		return nil, limit
	}
	if err != nil {
		return nil, &SyntaxError{Line: p.here(), Text: "not JSON: " + err.Error()}
	}
	return v, nil
}

type jsonReader struct {
	dec  *json.Decoder
	text []byte
	line int // of what was read last
	done int
	at   func(Place)
}

// here returns the line of what was read last.
func (p *jsonReader) here() int {
	offset := min(int(p.dec.InputOffset()), len(p.text))
	p.line += bytes.Count(p.text[p.done:offset], []byte("\n"))
	p.done = offset
	return p.line
}

// place calls at for a key or an element and returns its pointer.
func (p *jsonReader) place(pointer, part string, first int) string {
	if p.at == nil || len(pointer) > maxPointer {
		return pointer
	}
	pointer += "/" + Escape(part)
	p.at(Place{Pointer: pointer, Line: p.here(), First: first})
	return pointer
}

func (p *jsonReader) value(pointer string, depth int) (any, error) {
	t, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	if depth > MaxDepth {
		return nil, &SyntaxError{p.here(), "nested too deep"}
	}
	switch t {
	case json.Delim('{'):
		out, lines := map[string]any{}, map[string]int{}
		for p.dec.More() {
			t, err := p.dec.Token()
			if err != nil {
				return nil, err
			}
			key, _ := t.(string)
			if err := tooLong(key, p.here()); err != nil {
				return nil, err
			}
			at := p.place(pointer, key, lines[key])
			lines[key] = p.line
			if out[key], err = p.value(at, depth+1); err != nil {
				return nil, err
			}
		}
		_, err := p.dec.Token()
		return out, err
	case json.Delim('['):
		out := []any{}
		for p.dec.More() {
			at := pointer
			if len(at) <= maxPointer {
				at += "/" + strconv.Itoa(len(out))
			}
			v, err := p.value(at, depth+1)
			if err != nil {
				return nil, err
			}
			p.place(pointer, strconv.Itoa(len(out)), 0)
			out = append(out, v)
		}
		_, err := p.dec.Token()
		return out, err
	}
	return t, nil
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
	r := &yamlReader{at: at}
	return r.value(n, "", 0)
}

type yamlReader struct {
	at      func(Place)
	within  int // aliases that are being read
	aliased int // nodes in them
}

func (r *yamlReader) place(pointer, part string, line, first int) string {
	if r.at == nil || len(pointer) > maxPointer {
		return pointer
	}
	pointer += "/" + Escape(part)
	r.at(Place{Pointer: pointer, Line: line, First: first})
	return pointer
}

// Escape makes a key a part of a JSON pointer.
func Escape(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
}

func (r *yamlReader) value(n *yaml.Node, pointer string, depth int) (any, error) {
	if r.within > 0 {
		r.aliased++
	}
	if depth > MaxDepth || r.aliased > maxAliased {
		return nil, fmt.Errorf("line %d: nested too deep, or too large", n.Line)
	}
	if name, ok := strings.CutPrefix(n.Tag, "!"); ok && name != "" && !strings.HasPrefix(name, "!") {
		return r.intrinsic(name, n, pointer, depth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		r.within++
		defer func() { r.within-- }()
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

func (r *yamlReader) intrinsic(name string, n *yaml.Node, pointer string, depth int) (any, error) {
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

func (r *yamlReader) object(n *yaml.Node, pointer string, depth int) (any, error) {
	out := make(map[string]any, len(n.Content)/2)
	lines := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if err := tooLong(key.Value, key.Line); err != nil {
			return nil, err
		}
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
