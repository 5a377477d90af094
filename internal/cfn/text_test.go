package cfn

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func readValue(t *testing.T, text string, at func(Place)) (string, error) {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	v, err := Value(n.Content[0], at)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), nil
}

func TestValue(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"a: [1, 1.50, 0x10, yes, true, null, ~, '1', 2001-01-01]", `{"a":[1,1.50,"0x10","yes",true,null,null,"1","2001-01-01"]}`},
		{"200: {a: 1}", `{"200":{"a":1}}`},
		{"a: !Sub '${B}'\nb: !Ref C\nc: !GetAtt D.Arn.x\nd: !Join ['', [!Ref E, 1]]", `{"a":{"Fn::Sub":"${B}"},"b":{"Ref":"C"},"c":{"Fn::GetAtt":["D","Arn.x"]},"d":{"Fn::Join":["",[{"Ref":"E"},1]]}}`},
		{"a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\ne: *x", `{"a":{"b":1,"c":2},"d":{"b":1,"c":3},"e":{"b":1,"c":2}}`},
		{"a: &x {b: 1, c: 2}\nd: &y {c: 3, e: 4}\nf: {c: 0, <<: [*y, *x]}\ng: {<<: [*y, *x]}", `{"a":{"b":1,"c":2},"d":{"c":3,"e":4},"f":{"b":1,"c":0,"e":4},"g":{"b":1,"c":3,"e":4}}`},
		{"a: 1\na: 2", `{"a":2}`},
	} {
		if got, err := readValue(t, tt.text, nil); err != nil || got != tt.want {
			t.Errorf("%s:\ngot  %s %v\nwant %s", tt.text, got, err, tt.want)
		}
	}
}

func TestPlaces(t *testing.T) {
	var got []string
	if _, err := readValue(t, "a/b:\n  - x\n  - ~c: 1\na/b: 2", func(p Place) { got = append(got, fmt.Sprintf("%s:%d:%d", p.Pointer, p.Line, p.First)) }); err != nil {
		t.Fatal(err)
	}
	if want := "/a~1b:1:0 /a~1b/0:2:0 /a~1b/1:3:0 /a~1b/1/~0c:3:0 /a~1b:4:1"; strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

// What cannot be merged would be lost without a word.
func TestMergeOfNoObject(t *testing.T) {
	for _, text := range []string{"a: 1\nb: {<<: x}", "a: &x [1]\nb: {<<: [*x]}"} {
		if got, err := readValue(t, text, nil); err == nil || err.Error() != "line 2: << has to be followed by an object or a list of objects" {
			t.Errorf("%q: got %s, %v", text, got, err)
		}
	}
}

// A small file does not become a large value.
func TestAliases(t *testing.T) {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 9; i++ {
		ref := fmt.Sprintf("*a%d, ", i-1)
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(ref, 10), ", "))
	}
	if _, err := readValue(t, text, nil); err == nil || !strings.Contains(err.Error(), "nested too deep, or too large") {
		t.Errorf("got %v", err)
	}
}
