package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/corsgate/corsgate/internal/cfnyaml"
)

// A Document is an OpenAPI 3.0 document as it was written, extensions, tokens and
// intrinsic functions of CloudFormation included.
type Document struct {
	// Name is the file's name as it was given; "" for a value.
	Name string

	root  map[string]any
	lines map[string]int // by JSON pointer; empty for a value
	twice []cfnyaml.Place
}

// File reads a document, YAML or JSON. The error says with the file's name, and
// the line where there is one, why it is no object in either.
func File(name string) (*Document, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err // it has the name in it
	}
	d, err := parse(name, bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if err != nil {
		var f *Fault
		if !errors.As(err, &f) {
			f = &Fault{Text: err.Error()}
		}
		f.File = name
		return nil, f
	}
	return d, nil
}

func parse(name string, text []byte) (*Document, error) {
	d := &Document{Name: name, lines: map[string]int{}}
	at := func(p cfnyaml.Place) {
		d.lines[p.Pointer] = p.Line
		if p.First > 0 {
			d.twice = append(d.twice, p)
		}
	}
	var v any
	var err error
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && trimmed[0] == '{' && !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
		v, err = parseJSON(text, at)
	} else {
		v, err = parseYAML(text, at)
	}
	if err != nil {
		return nil, err
	}
	root, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("not an OpenAPI document: it is no object")
	}
	d.root = root
	return d, nil
}

func parseYAML(text []byte, at func(cfnyaml.Place)) (v any, err error) {
	defer func() {
		// The library says that it does not panic; a user's file is not to be trusted with that.
		if r := recover(); r != nil {
			err = fmt.Errorf("not YAML: %v", r)
		}
	}()
	var n, second yaml.Node
	documents := yaml.NewDecoder(bytes.NewReader(text))
	if err := documents.Decode(&n); err != nil && err != io.EOF {
		return nil, notYAML(err)
	}
	if err := documents.Decode(&second); err != io.EOF && !isEmpty(&second) {
		return nil, errors.New("there is a second YAML document in the file, and API Gateway reads one: remove it")
	}
	if len(n.Content) != 1 {
		return nil, nil
	}
	if v, err = cfnyaml.Value(n.Content[0], at); err != nil {
		return nil, notYAML(err)
	}
	return v, nil
}

// isEmpty reports whether nothing follows what begins a document.
func isEmpty(document *yaml.Node) bool {
	return len(document.Content) == 1 && document.Content[0].ShortTag() == "!!null"
}

// notYAML takes the line out of what was said: "yaml: line 3: ...".
func notYAML(err error) *Fault {
	f := &Fault{}
	said := strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " ")
	if n, rest, ok := strings.Cut(strings.TrimPrefix(said, "line "), ": "); ok {
		if line, err := strconv.Atoi(n); err == nil {
			f.Line, said = line, rest
		}
	}
	f.Text = "not YAML: " + said
	return f
}

// parseJSON reads JSON token by token, since only so are the lines known and keys
// that stand twice.
func parseJSON(text []byte, at func(cfnyaml.Place)) (any, error) {
	p := &jsonParser{dec: json.NewDecoder(bytes.NewReader(text)), text: text, line: 1, at: at}
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
	if err != nil {
		return nil, &Fault{Line: p.here(), Text: "not JSON: " + err.Error()}
	}
	return v, nil
}

type jsonParser struct {
	dec  *json.Decoder
	text []byte
	line int // of offset
	done int
	at   func(cfnyaml.Place)
}

// here gives the line of what was read last.
func (p *jsonParser) here() int {
	offset := min(int(p.dec.InputOffset()), len(p.text))
	p.line += bytes.Count(p.text[p.done:offset], []byte("\n"))
	p.done = offset
	return p.line
}

func (p *jsonParser) value(pointer string, depth int) (any, error) {
	t, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	if depth > cfnyaml.MaxDepth {
		return nil, errors.New("nested too deep")
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
			line := p.here()
			at := pointer + "/" + cfnyaml.Escape(key)
			p.at(cfnyaml.Place{Pointer: at, Line: line, First: lines[key]})
			lines[key] = line
			if out[key], err = p.value(at, depth+1); err != nil {
				return nil, err
			}
		}
		_, err := p.dec.Token()
		return out, err
	case json.Delim('['):
		out := []any{}
		for p.dec.More() {
			at := pointer + "/" + strconv.Itoa(len(out))
			v, err := p.value(at, depth+1)
			if err != nil {
				return nil, err
			}
			p.at(cfnyaml.Place{Pointer: at, Line: p.here()})
			out = append(out, v)
		}
		_, err := p.dec.Token()
		return out, err
	}
	return t, nil
}

// Value takes a document that the app made itself. It is copied; v is not
// changed. It may hold maps with strings as keys, slices, strings, numbers, truth
// values, pointers to them and nil; the error is for anything else.
func Value(v map[string]any) (*Document, error) {
	c, err := plain(reflect.ValueOf(v), "")
	if err != nil {
		return nil, err
	}
	root, _ := c.(map[string]any)
	if root == nil {
		return nil, &Fault{Text: "the document is nil: give it one"}
	}
	return &Document{root: root}, nil
}

// plain copies a value of Go into what JSON has.
func plain(v reflect.Value, pointer string) (any, error) {
	switch v.Kind() {
	case reflect.Invalid:
		return nil, nil
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return nil, nil
		}
		if k := v.Elem().Kind(); v.Kind() == reflect.Pointer && k == reflect.Struct {
			break
		}
		return plain(v.Elem(), pointer)
	case reflect.String:
		if n, ok := v.Interface().(json.Number); ok {
			return n, nil
		}
		return v.String(), nil
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return json.Number(strconv.FormatInt(v.Int(), 10)), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return json.Number(strconv.FormatUint(v.Uint(), 10)), nil
	case reflect.Float32, reflect.Float64:
		b, err := json.Marshal(v.Interface())
		if err != nil {
			break
		}
		return json.Number(b), nil
	case reflect.Slice, reflect.Array:
		out := make([]any, v.Len())
		for i := range out {
			x, err := plain(v.Index(i), pointer+"/"+strconv.Itoa(i))
			if err != nil {
				return nil, err
			}
			out[i] = x
		}
		return out, nil
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String || v.IsNil() && pointer == "" {
			break
		}
		out := make(map[string]any, v.Len())
		for _, k := range slices.SortedFunc(slices.Values(v.MapKeys()), func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) }) {
			x, err := plain(v.MapIndex(k), pointer+"/"+cfnyaml.Escape(k.String()))
			if err != nil {
				return nil, err
			}
			out[k.String()] = x
		}
		return out, nil
	}
	return nil, &Fault{At: pointer, Text: fmt.Sprintf("a value of type %s, which JSON does not have: write it as a map, a slice, a string, a number or a truth value, a token of the CDK as awscdk.Token_AsString gives it", v.Type())}
}
