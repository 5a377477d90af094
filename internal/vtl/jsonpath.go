package vtl

import "github.com/corsgate/corsgate/internal/vtl/jaywaypath"

// JSONPath evaluates a path over a value from [ParseJSON].
func JSONPath(root any, path string) (any, error) {
	v, _, err := jaywaypath.Eval(jsonModel{}, root, path)
	return v, err
}

// jsonModel shows lists and maps as JSON.
type jsonModel struct{}

func (jsonModel) Array(v any) ([]any, bool) {
	l, ok := v.(*List)
	if !ok {
		return nil, false
	}
	return l.Elems, true
}

func (jsonModel) Object(v any) (jaywaypath.Object, bool) {
	m, ok := v.(*Map)
	return jsonObject{m}, ok
}

func (jsonModel) NewArray(elems []any) any { return &List{Kind: JSONArray, Elems: elems} }

func (jsonModel) NewObject(o jaywaypath.Object, names []string) any {
	m := NewMap()
	for _, n := range names {
		if v, ok := o.Get(n); ok {
			m.Put(n, v)
		}
	}
	return m
}

// jsonObject is a map as an object of JSON.
type jsonObject struct{ *Map }

func (o jsonObject) Values() []any {
	out := make([]any, len(o.entries))
	for i, e := range o.entries {
		out[i] = e.Value
	}
	return out
}
