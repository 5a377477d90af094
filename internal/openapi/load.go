package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
)

// A Document is an OpenAPI 3.0 document as it was written, extensions, tokens and
// intrinsic functions of CloudFormation included.
type Document struct {
	// Name is the file's name as it was given; "" for a value.
	Name string

	root  map[string]any
	lines map[string]int // by JSON pointer; empty for a value
	twice []cfn.Place
}

// File reads a document, YAML or JSON. The error says with the file's name, and
// the line where there is one, why it is not an object in either.
func File(name string) (*Document, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err // it has the name in it
	}
	d, err := parse(name, text)
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
	at := func(p cfn.Place) {
		d.lines[p.Pointer] = p.Line
		if p.First > 0 {
			d.twice = append(d.twice, p)
		}
	}
	v, err := cfn.ReadText(name, text, at)
	var syntax *cfn.SyntaxError
	if errors.As(err, &syntax) {
		return nil, &Fault{Line: syntax.Line, Text: syntax.Text}
	}
	root, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("not an OpenAPI document: it is no object")
	}
	d.root = root
	return d, nil
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
			x, err := plain(v.MapIndex(k), pointer+"/"+cfn.Escape(k.String()))
			if err != nil {
				return nil, err
			}
			out[k.String()] = x
		}
		return out, nil
	}
	return nil, &Fault{At: pointer, Text: fmt.Sprintf("a value of type %s, which JSON does not have: write it as a map, a slice, a string, a number or a truth value, a token of the CDK as awscdk.Token_AsString gives it", v.Type())}
}
