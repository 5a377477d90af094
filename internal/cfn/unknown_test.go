package cfn

import (
	"strings"
	"testing"
)

// A name that two stacks export is one of two values, unless both are the same.
func TestExportedTwice(t *testing.T) {
	for _, tt := range []struct{ one, other, want string }{
		{"a", "b", "${import Name}"},
		{"a", "a", "a"},
	} {
		dir := t.TempDir()
		for name, value := range map[string]string{"one": tt.one, "other": tt.other} {
			write(t, dir, map[string]string{name + ".json": `{"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}, "Outputs": {"O": {"Value": "` + value + `", "Export": {"Name": "Name"}}}}`})
		}
		write(t, dir, map[string]string{"user.json": `{"Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Description": {"Fn::ImportValue": "Name"}}}}}`})
		app, err := Open([]string{dir}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		api := app.RestAPIs()[0]
		if got := app.Show(api.Properties["Description"].(string)); got != tt.want {
			t.Errorf("%s and %s: got %s, want %s", tt.one, tt.other, got, tt.want)
		}
		said := len(app.Problems) == 1 && strings.Contains(app.Problems[0].Text, "the stacks one and other export it")
		if said != (tt.one != tt.other) {
			t.Errorf("%s and %s: %v", tt.one, tt.other, app.Problems)
		}
	}
}

// A condition that is not there, or depends on itself, is open: both of its sides can be taken.
func TestOpenConditions(t *testing.T) {
	for _, conditions := range []string{`{}`, `{"A": {"Condition": "B"}, "B": {"Condition": "A"}}`, `{"A": {"Condition": "A"}}`, `{"A": {"Fn::Not": [{"Condition": "B"}]}}`} {
		text := `{"Conditions": ` + conditions + `, "Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Condition": "A", "Properties": {}}}}`
		app, err := Parse("t.json", []byte(text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if open := app.Undecided(); len(open) != 1 || len(app.Problems) != 1 || !app.Problems[0].Condition || app.Problems[0].Line == 0 {
			t.Fatalf("%s: %v, %v", conditions, open, app.Problems)
		}
		name := app.Undecided()[0].Name
		there := map[bool]int{}
		for _, holds := range []bool{true, false} {
			there[holds] = len(app.With(Options{Conditions: map[string]bool{name: holds}}).RestAPIs())
		}
		if there[true]+there[false] != 1 {
			t.Errorf("%s: %s: %v", conditions, name, there)
		}
	}
}

// Each misuse of a given value is one line.
func TestMisuse(t *testing.T) {
	const text = `{"Parameters": {"P": {"Type": "String", "Default": "d"}, "Q": {"Type": "String"}}, "Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": {"Ref": "P"}, "Description": {"Ref": "Q"}}}}}`
	for _, tt := range []struct {
		parameters, values [][2]string
		want               string
	}{
		{[][2]string{{"P", "1"}}, [][2]string{{"Q", "2"}}, ""},
		{[][2]string{{"P", ""}}, [][2]string{{"${Q}", "2"}}, ""},
		{[][2]string{{"X", "1"}}, nil, "the templates have no parameter X; the nearest"},
		{[][2]string{{"P", "1"}, {"P", "2"}}, nil, `P is given twice, as "1" and as "2"`},
		{[][2]string{{"", "1"}}, nil, `"=1" names no parameter`},
		{nil, [][2]string{{"X", "1"}}, "the templates have no value to be known at deployment called X"},
		{nil, [][2]string{{"Q", "1"}, {"${Q}", "2"}}, `Q is given twice, as "1" and as "2"`},
		{nil, [][2]string{{"Q", ""}}, "Q is given no value"},
		{nil, [][2]string{{"", "1"}}, `"=1" names no expression`},
		{nil, [][2]string{{"P", "1"}}, "the parameter P has a value already"},
		{[][2]string{{"Q", "1"}}, [][2]string{{"Q", "2"}}, "the parameter Q has a value already"},
	} {
		var o Options
		var got []string
		for _, p := range tt.parameters {
			if err := o.Parameter(p[0], p[1]); err != nil {
				got = append(got, err.Error())
			}
		}
		for _, v := range tt.values {
			if err := o.Value(v[0], v[1]); err != nil {
				got = append(got, err.Error())
			}
		}
		if got == nil {
			app, err := Parse("t.json", []byte(text), o)
			if err != nil {
				t.Fatal(err)
			}
			got = app.Unused()
		}
		if line := strings.Join(got, "; "); len(got) > 1 || (tt.want == "") != (line == "") || !strings.HasPrefix(line, tt.want) {
			t.Errorf("%v %v: %q, want %q", tt.parameters, tt.values, line, tt.want)
		}
	}
}
