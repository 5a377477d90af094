package cfn

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawn is an expression with what it is, as a text with ${} for what is not known.
type drawn struct {
	raw  any
	want string
}

// world is what the drawn expressions are about. Children are templates of nested
// stacks that hand a value through.
type world struct {
	files     map[string]any
	resources map[string]any
	n         int
}

var word = rapid.StringMatching(`[a-z:/.,' -]{0,6}`)

// text draws an expression of text. Its value is computed here, while it is drawn, by
// nothing that the package has.
func (w *world) text(t *rapid.T, depth int) drawn {
	leaf := rapid.SampledFrom([]string{"literal", "known", "symbol", "attribute", "import", "ssm", "map"})
	kind := leaf.Draw(t, "leaf")
	if depth > 0 && rapid.Bool().Draw(t, "inner") {
		kind = rapid.SampledFrom([]string{"join", "sub", "sub with variables", "select", "split", "if", "base64", "nested"}).Draw(t, "function")
	}
	one := func() drawn { return w.text(t, depth-1) }
	switch kind {
	case "known":
		return drawn{map[string]any{"Ref": "Known"}, "known"}
	case "symbol":
		return drawn{map[string]any{"Ref": "Site"}, "${Site}"}
	case "attribute":
		return drawn{map[string]any{"Fn::GetAtt": []any{"Dist", "DomainName"}}, "${Dist.DomainName}"}
	case "import":
		return drawn{map[string]any{"Fn::ImportValue": "x"}, "${import x}"}
	case "ssm":
		return drawn{"{{resolve:ssm:/x}}", "${ssm:/x}"}
	case "map":
		k := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")
		return drawn{map[string]any{"Fn::FindInMap": []any{"M", k, "x"}}, "of " + k}
	case "join":
		separator := word.Draw(t, "separator")
		var raw []any
		var want []string
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			d := one()
			raw, want = append(raw, d.raw), append(want, d.want)
			if rapid.Bool().Draw(t, "none") {
				raw = append(raw, map[string]any{"Ref": "AWS::NoValue"})
			}
		}
		if raw == nil {
			raw = []any{}
		}
		return drawn{map[string]any{"Fn::Join": []any{separator, raw}}, strings.Join(want, separator)}
	case "sub":
		x := word.Draw(t, "text")
		return drawn{map[string]any{"Fn::Sub": x + "${Known}${Dist.DomainName}${!Known}"}, x + "known${Dist.DomainName}${Known}"}
	case "sub with variables":
		a, b := one(), one()
		return drawn{map[string]any{"Fn::Sub": []any{"${a}-${b}${a}", map[string]any{"a": a.raw, "b": b.raw}}}, a.want + "-" + b.want + a.want}
	case "select":
		a, b := one(), one()
		if rapid.Bool().Draw(t, "second") {
			return drawn{map[string]any{"Fn::Select": []any{1, []any{a.raw, b.raw}}}, b.want}
		}
		return drawn{map[string]any{"Fn::Select": []any{"0", []any{a.raw, b.raw}}}, a.want}
	case "split":
		a := rapid.StringMatching(`[a-z]{0,3}`).Draw(t, "a")
		return drawn{map[string]any{"Fn::Select": []any{1, map[string]any{"Fn::Split": []any{"|", "x|" + a + "|y"}}}}, a}
	case "if":
		a, b := one(), one()
		if rapid.Bool().Draw(t, "yes") {
			return drawn{map[string]any{"Fn::If": []any{"Yes", a.raw, b.raw}}, a.want}
		}
		return drawn{map[string]any{"Fn::If": []any{"No", a.raw, b.raw}}, b.want}
	case "base64":
		x := word.Draw(t, "text")
		return drawn{map[string]any{"Fn::Base64": x}, base64.StdEncoding.EncodeToString([]byte(x))}
	case "nested":
		d := one()
		w.n++
		id := fmt.Sprintf("N%d", w.n)
		w.files[id+".json"] = map[string]any{
			"Parameters": map[string]any{"P": map[string]any{"Type": "String"}},
			"Resources":  map[string]any{"R": map[string]any{"Type": "AWS::R"}},
			"Outputs":    map[string]any{"O": map[string]any{"Value": map[string]any{"Fn::Sub": "<${P}>"}}}}
		w.resources[id] = map[string]any{"Type": "AWS::CloudFormation::Stack", "Properties": map[string]any{"TemplateURL": id + ".json", "Parameters": map[string]any{"P": d.raw}}}
		return drawn{map[string]any{"Fn::GetAtt": []any{id, "Outputs.O"}}, "<" + d.want + ">"}
	}
	x := word.Draw(t, "literal")
	return drawn{x, x}
}

// Drawn templates are evaluated as by an evaluator that shares nothing with this one;
// what Show prints is what Read takes; and no stand-in is ever printed.
func TestDrawnTemplates(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		w := &world{files: map[string]any{}, resources: map[string]any{"Dist": map[string]any{"Type": "AWS::CloudFront::Distribution"}}}
		values := map[string]any{}
		wants := map[string]string{}
		for i := range rapid.IntRange(1, 4).Draw(t, "values") {
			d := w.text(t, 4)
			values[fmt.Sprintf("V%d", i)], wants[fmt.Sprintf("V%d", i)] = d.raw, d.want
		}
		w.resources["R"] = map[string]any{"Type": "R", "Properties": values}
		w.files["t.json"] = map[string]any{
			"Parameters": map[string]any{"Known": map[string]any{"Type": "String", "Default": "known"}, "Site": map[string]any{"Type": "String"}},
			"Mappings":   map[string]any{"M": map[string]any{"a": map[string]any{"x": "of a"}, "b": map[string]any{"x": "of b"}}},
			"Conditions": map[string]any{"Yes": map[string]any{"Fn::Equals": []any{"a", "a"}}, "No": map[string]any{"Fn::Not": []any{map[string]any{"Condition": "Yes"}}}},
			"Resources":  w.resources}
		for name, template := range w.files {
			b, err := json.Marshal(template)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		a, err := Open([]string{filepath.Join(dir, "t.json")}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if p := problems(a); p != "" {
			t.Fatal(p)
		}
		for name, want := range wants {
			got := a.OfType("R")[0].Properties[name].(string)
			if show := a.Show(got); show != want || strings.Contains(show, "deployed.invalid") {
				t.Fatalf("%v: got %s, want %s", values[name], show, want)
			}
			if strings.Contains(want, "${Known}") {
				continue // a literal that looks like an expression
			}
			if read, err := a.Read(want); err != nil || read != got {
				t.Fatalf("%s is read as %s, %v; want %s", want, read, err, got)
			}
		}
	})
}

// Different expressions have different stand-ins, the same have the same, in every App
// and in whatever order they come up.
func TestStandInsAreUnique(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[A-Z][a-z]{0,3}`), 1, 12, rapid.ID[string]).Draw(t, "names")
		standIn := func(names []string) map[string]string {
			resources := map[string]any{}
			for _, n := range names {
				resources["D"+n] = map[string]any{"Type": "D"}
			}
			values := map[string]any{}
			for _, n := range names {
				values[n] = map[string]any{"Ref": "D" + n}
				values[n+".A"] = map[string]any{"Fn::GetAtt": []any{"D" + n, "A"}}
				values[n+".import"] = map[string]any{"Fn::ImportValue": n}
				values[n+".ssm"] = "{{resolve:ssm:" + n + "}}"
				values[n+".function"] = map[string]any{"Fn::Base64": map[string]any{"Ref": "D" + n}}
			}
			resources["R"] = map[string]any{"Type": "R", "Properties": values}
			b, err := json.Marshal(map[string]any{"Resources": resources})
			if err != nil {
				t.Fatal(err)
			}
			a, err := Parse("x.json", b, Options{})
			if err != nil {
				t.Fatal(err)
			}
			out := map[string]string{}
			for k, v := range a.OfType("R")[0].Properties {
				out[k] = v.(string)
			}
			return out
		}
		all, some := standIn(names), standIn(names[:(len(names)+1)/2])
		seen := map[string]string{}
		for k, v := range all {
			if m := standIns.FindString(v); m != v {
				t.Fatalf("%s: %s is no stand-in", k, v)
			}
			if other, is := seen[v]; is {
				t.Fatalf("%s and %s are both %s", k, other, v)
			}
			seen[v] = k
		}
		for k, v := range some {
			if all[k] != v {
				t.Fatalf("%s is %s and %s", k, v, all[k])
			}
		}
	})
}

// A condition that is decided is so for every value of the symbols; the side that is
// taken of another is that of symbols unlike everything.
func TestConditionsByBruteForce(t *testing.T) {
	names := []string{"P", "Q"}
	values := []string{"a", "b", "unlike-"}
	rapid.Check(t, func(t *rapid.T) {
		var draw func(depth int) (any, func(map[string]string) bool)
		draw = func(depth int) (any, func(map[string]string) bool) {
			kinds := []string{"equals", "symbols", "literals"}
			if depth > 0 {
				kinds = append(kinds, "not", "and", "or", "named")
			}
			name := rapid.SampledFrom(names).Draw(t, "name")
			switch kind := rapid.SampledFrom(kinds).Draw(t, "kind"); kind {
			case "not":
				raw, f := draw(depth - 1)
				return map[string]any{"Fn::Not": []any{raw}}, func(m map[string]string) bool { return !f(m) }
			case "and", "or":
				x, f := draw(depth - 1)
				y, g := draw(depth - 1)
				if kind == "and" {
					return map[string]any{"Fn::And": []any{x, y}}, func(m map[string]string) bool { return f(m) && g(m) }
				}
				return map[string]any{"Fn::Or": []any{x, y}}, func(m map[string]string) bool { return f(m) || g(m) }
			case "named":
				return map[string]any{"Condition": "Named"}, func(m map[string]string) bool { return m["P"] == "a" }
			case "symbols":
				return map[string]any{"Fn::Equals": []any{map[string]any{"Ref": "P"}, map[string]any{"Ref": name}}}, func(m map[string]string) bool { return m["P"] == m[name] }
			case "literals":
				x := rapid.SampledFrom(values).Draw(t, "literal")
				return map[string]any{"Fn::Equals": []any{"a", x}}, func(map[string]string) bool { return x == "a" }
			}
			x := rapid.SampledFrom(values[:2]).Draw(t, "value")
			return map[string]any{"Fn::Equals": []any{map[string]any{"Ref": name}, x}}, func(m map[string]string) bool { return m[name] == x }
		}
		raw, holds := draw(4)
		b, err := json.Marshal(map[string]any{
			"Parameters": map[string]any{"P": map[string]any{"Type": "String"}, "Q": map[string]any{"Type": "String"}},
			"Conditions": map[string]any{"C": raw, "Named": map[string]any{"Fn::Equals": []any{map[string]any{"Ref": "P"}, "a"}}},
			"Resources":  map[string]any{"R": map[string]any{"Type": "R", "Condition": "C"}}})
		if err != nil {
			t.Fatal(err)
		}
		a, err := Parse("x.json", b, Options{})
		if err != nil {
			t.Fatal(err)
		}
		taken := len(a.OfType("R")) > 0
		if base := holds(map[string]string{"P": "unlike-p", "Q": "unlike-q"}); taken != base {
			t.Fatalf("%s: the side taken is %v, of symbols unlike everything it is %v", b, taken, base)
		}
		decided := len(a.Undecided()) == 0
		for _, p := range values {
			for _, q := range values {
				given := map[string]string{"P": p, "Q": q}
				if decided && holds(given) != taken {
					t.Fatalf("%s: decided, and yet another for %v", b, given)
				}
				if got := len(a.With(Options{Parameters: given}).OfType("R")) > 0; got != holds(given) {
					t.Fatalf("%s: for %v got %v", b, given, got)
				}
			}
		}
		// A side can be taken, whichever it is.
		for _, c := range a.Undecided() {
			for _, side := range []bool{true, false} {
				for _, d := range a.With(Options{Conditions: map[string]bool{c.Name: side}}).Undecided() {
					if d.Name == c.Name && d.Holds != side {
						t.Fatalf("%s: %s does not become %v", b, c.Name, side)
					}
				}
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(head + "!Join [\",\", [!Ref Site, !GetAtt Dist.DomainName]]"))
	f.Add([]byte(head + `{"Fn::ForEach::L": [X, !Ref List, {"k${X}": !Sub "${X}-${Text}"}]}`))
	f.Add([]byte(`{"Resources": {"A": {"Type": "T", "Condition": "C", "Properties": {"Ref": "A"}}}, "Conditions": {"C": {"Fn::Not": [{"Condition": "C"}]}}}`))
	f.Add([]byte("Outputs: {A: {Value: !ImportValue a, Export: {Name: a}}}\nResources: {A: {Type: T, Properties: {V: !ImportValue a}}}"))
	f.Add([]byte("Resources: {A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: fuzz.yaml}}}"))
	f.Add([]byte("Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: AWS::Serverless::Function, Properties: {Events: {E: {Type: Api, Properties: {Path: /, Method: get}}}}}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<14 {
			return
		}
		a, err := Parse("fuzz.yaml", text, Options{})
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
			return
		}
		print := func(a *App) string {
			var b strings.Builder
			for _, r := range a.all() {
				fmt.Fprintln(&b, r.ID, r.Line, shown(t, a, r.Properties))
			}
			fmt.Fprintln(&b, problems(a), undecided(a))
			return b.String()
		}
		got := print(a)
		if again := print(a.With(Options{})); again != got {
			t.Errorf("got\n%s\nand again\n%s", got, again)
		}
		if strings.Contains(got, ".deployed.invalid") && !strings.Contains(string(text), "invalid") {
			t.Errorf("a stand-in is printed:\n%s", got)
		}
		for _, c := range a.Undecided() {
			a.With(Options{Conditions: map[string]bool{c.Name: !c.Holds}})
			break
		}
	})
}
