package jaywaypath

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// An object of this test's model is a list of names and values.
type object []any

func (o object) Len() int { return len(o) / 2 }
func (o object) Get(name any) (any, bool) {
	for i := 0; i < len(o); i += 2 {
		if o[i] == name {
			return o[i+1], true
		}
	}
	return nil, false
}

func (o object) every(from int) []any {
	out := []any{}
	for i := from; i < len(o); i += 2 {
		out = append(out, o[i])
	}
	return out
}

func (o object) Values() []any { return o.every(1) }

func (o object) MarshalJSON() ([]byte, error) {
	m := map[string]any{}
	for i := 0; i < len(o); i += 2 {
		m[o[i].(string)] = o[i+1]
	}
	return json.Marshal(m)
}

type model struct{}

func (model) Array(v any) ([]any, bool) { a, ok := v.([]any); return a, ok }
func (model) Object(v any) (Object, bool) {
	o, ok := v.(object)
	return o, ok
}

func (model) NewArray(elems []any) any { return append([]any{}, elems...) }

func (model) NewObject(o Object, names []string) any {
	out := object{}
	for _, n := range names {
		if v, ok := o.Get(n); ok {
			out = append(out, n, v)
		}
	}
	return out
}

// document is {"a": [{"id": 1, "n": "x"}, {"id": 2}, {"id": 3, "n": null}], "b": {"z": 1.5, "y": [1, 2, 3, 4]}, "s": "text"}.
var document = object{
	"a", []any{object{"id", int64(1), "n", "x"}, object{"id", int64(2)}, object{"id", int64(3), "n", nil}},
	"b", object{"z", 1.5, "y", []any{int64(1), int64(2), int64(3), int64(4)}},
	"s", "text",
}

func TestEval(t *testing.T) {
	for path, want := range map[string]string{
		"$.s": `"text"`, "s": `"text"`, "$['s']": `"text"`, "$.no": `null`, "$.s.no": `null`, "$.a[0].id": `1`, "$.a[-1].id": `3`, "$.a[9]": `null`,
		"$.a[*].id": `[1,2,3]`, "$.a[0,2].id": `[1,3]`, "$.a[0:2].id": `[1,2]`, "$.a[-2:].id": `[2,3]`, "$..id": `[1,2,3]`, "$.b.*": `[1.5,[1,2,3,4]]`,
		"$.a[?(@.id > 1)].id": `[2,3]`, "$.a[?(@.n)].id": `[1,3]`, "$.a[?(@.n == 'x' || @.id == 2)].id": `[1,2]`, "$.a[?(!(@.id != 3))].id": `[3]`,
		"$.a[?(@.id == $.b.y[1])].id": `[2]`, "$.a[?(@.id >= 2 && @.id < 3)].id": `[2]`, "$.b['z','y','no']": `{"y":[1,2,3,4],"z":1.5}`,
		"$.a.length()": `3`, "$.b.length()": `2`, "$.b.y.sum()": `10`, "$.b.y.avg()": `2.5`, "$.b.y.min()": `1`, "$.b.y.max()": `4`,
		"$.a[-2147483648:1].id": `[1,2,3,1]`, "$.a[?(@.no)]": `[]`, "$..no": `[]`,
	} {
		v, visited, err := Eval(model{}, document, path)
		text, _ := json.Marshal(v)
		if err != nil || string(text) != want {
			t.Errorf("%s: %s, error %v, want %s", path, text, err, want)
		}
		if visited < 0 || visited > 100 {
			t.Errorf("%s visits %d values", path, visited)
		}
	}
	for _, path := range []string{"", "$.", "$[", "$.a[?(@.id =~ /x/)]", "$.a[?(@.id in [1])]", "$.s.sum()", "$.b.keys()", "$..id.length()", "$.a.nope()", "$.a[?(@.id", "$.a b", "$.a[-2147483649:1]", "$.a[2147483648]", strings.Repeat("a", 5000)} {
		if v, _, err := Eval(model{}, document, path); err == nil {
			t.Errorf("%s: %v", path, v)
		}
	}
}

// A path that visits everything over and over ends.
func TestBudget(t *testing.T) {
	var v any = int64(1)
	for range 12 {
		v = slices.Repeat([]any{v}, 3)
	}
	if _, visited, err := Eval(model{}, v, "$"+strings.Repeat("..*", 12)); err == nil || visited < Budget {
		t.Errorf("%d visited, error %v", visited, err)
	}
}
