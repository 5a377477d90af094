package cfn

import (
	"fmt"
	"strings"
	"testing"
)

// Whatever multiplies, nests or goes in circles is told in a line, and the rest is
// read.
func TestBounds(t *testing.T) {
	repeat := func(n int, f func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(f(i))
		}
		return b.String()
	}
	const tail = "\n  Rest: {Type: Rest, Properties: {V: rest}}\n"
	for _, tt := range []struct{ name, text, want string }{
		{"aliases", repeat(9, func(i int) string {
			if i == 0 {
				return "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
			}
			return fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
		}) + "Resources:" + tail, "error: template.yaml:1: not YAML: nested too deep, or too large"},
		{"an alias of itself", "a: &a [*a]\nResources:" + tail, "error: template.yaml:1: not YAML: nested too deep, or too large"},
		{"a key", "Resources:\n  R: {Type: T}\n  ? " + strings.Repeat("k", 2000) + "\n  : 1" + tail, "error: template.yaml:3: a key of 2000 bytes; 1024 are the most that are read"},
		{"a key in JSON", "{\"Resources\": {\n\"" + strings.Repeat("k", 2000) + "\": 1}}", "error: template.json:2: a key of 2000 bytes; 1024 are the most that are read"},
		{"depth", "Resources:\n  R: {Type: T, Properties: {V: " + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "}}" + tail, "error: template.yaml:2: not YAML: nested too deep, or too large"},
		{"depth in JSON", "{\"Resources\":\n" + strings.Repeat("[", 100_000), "error: template.json:2: nested too deep"},
		{"Sub of Sub", "Resources:\n  R: {Type: T, Properties: {V: " + strings.Repeat(`{"Fn::Sub": ["${a}${a}", {a: `, 60) + "0123456789" + strings.Repeat("}]}", 60) + "}}" + tail, "R: Fn::Sub: ${a} is not text, or is too long"},
		{"ToJsonString", "Resources:\n  R: {Type: T, Properties: {V: " + strings.Repeat(`{"Fn::ToJsonString": [`, 60) + "a" + strings.Repeat("]}", 60) + "}}" + tail, "R: Fn::ToJsonString of what is too long"},
		{"ForEach", "Resources:\n  R: {Type: T, Properties: {V: " + repeat(8, func(i int) string {
			return fmt.Sprintf(`{"Fn::ForEach::L%d": [X%d, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], `, i, i)
		}) +
			`{"k${X0}${X1}${X2}${X3}${X4}${X5}${X6}${X7}": 1}` + strings.Repeat("]}", 8) + "}}" + tail, "the templates are too large"},
		{"a list in many texts", "Parameters: {L: {Type: CommaDelimitedList, Default: \"" + strings.Repeat("a,", 50_000) + "\"}}\nResources:\n  R: {Type: T, Properties: {V: [" + strings.Repeat(`{"Fn::Join": ["", {Ref: L}]}, `, 2_000) + "]}}" + tail, "the templates are too large"},
		{"conditions in a chain", "Conditions:\n" + repeat(5_000, func(i int) string { return fmt.Sprintf("  C%d: {\"Fn::Not\": [{Condition: C%d}]}\n", i, i+1) }) + "Resources:\n  R: {Type: T, Condition: C0}" + tail, "conditions nested too deep"},
		{"exports in a chain", "Outputs:\n" + repeat(5_000, func(i int) string {
			return fmt.Sprintf("  O%d: {Value: {\"Fn::ImportValue\": e%d}, Export: {Name: e%d}}\n", i, i+1, i)
		}) + "Resources:\n  R: {Type: T, Properties: {V: {\"Fn::ImportValue\": e0}}}" + tail, "nested too deep"},
		{"conditions in a circle", "Conditions: {A: {Condition: B}, B: {\"Fn::Not\": [{Condition: A}]}}\nResources:\n  R: {Type: T, Condition: A}" + tail, "the condition A depends on itself"},
		{"resources in a circle", "Resources:\n  A: {Type: T, Properties: {V: {Ref: B}}}\n  B: {Type: T, Properties: {V: {\"Fn::Sub\": \"${C.Arn}\"}}}\n  C: {Type: T, DependsOn: A}" + tail, "circular dependency, which CloudFormation refuses: A, B, C, A"},
	} {
		name := "template.yaml"
		if strings.HasPrefix(tt.text, "{") {
			name = "template.json"
		}
		a, err := Parse(name, []byte(tt.text), Options{})
		if err != nil {
			if got := "error: " + err.Error(); got != tt.want {
				t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
			}
			continue
		}
		if got := problems(a); !strings.Contains(got, tt.want) || strings.Count(got, "\n") > 100 {
			t.Errorf("%s: got %.300s, want %s", tt.name, got, tt.want)
		}
		if rest := a.OfType("Rest"); len(rest) != 1 || rest[0].Properties["V"] != "rest" && !strings.Contains(tt.want, "too large") {
			t.Errorf("%s: the rest is not read: %v", tt.name, rest)
		}
	}
}

// A circle is told at the resource of API Gateway's in it, wherever it is come upon.
func TestCircleOfAnAPI(t *testing.T) {
	for _, order := range []string{"  A: {Type: T, DependsOn: B}\n  B: {Type: 'AWS::ApiGateway::Stage', DependsOn: A}\n", "  A: {Type: 'AWS::ApiGateway::Stage', DependsOn: B}\n  B: {Type: T, DependsOn: A}\n"} {
		a, err := Parse("template.yaml", []byte("Resources:\n"+order), Options{})
		if err != nil {
			t.Fatal(err)
		}
		stage := a.OfType("AWS::ApiGateway::Stage")[0].ID
		if len(a.Problems) != 1 || a.Problems[0].LogicalID != stage {
			t.Errorf("%v, want one at %s", a.Problems, stage)
		}
	}
}

// What a key of a kilobyte holds is told of in no more than some kilobytes, however much that is.
func TestPointersAreBounded(t *testing.T) {
	key := `{"` + strings.Repeat("k", maxKey-10) + `": `
	text := strings.Repeat(key, 100) + `{"a": {"b": 1}, "c": [1, {"d": 1}]}` + strings.Repeat("}", 100)
	for _, name := range []string{"a.json", "a.yaml"} {
		longest, n := 0, 0
		if _, err := ReadText(name, []byte(text), func(p Place) { longest, n = max(longest, len(p.Pointer)), n+1 }); err != nil {
			t.Fatal(err)
		}
		if n == 0 || longest > 2*maxPointer {
			t.Errorf("%s: %d places, of %d bytes at most", name, n, longest)
		}
	}
}
