package cfn

import (
	"fmt"
	"strings"
	"testing"
)

// undecided prints the undecided conditions.
func undecided(a *App) string {
	var out []string
	for _, c := range a.Undecided() {
		line := fmt.Sprintf("%s=%v (", c.Name, c.Holds)
		for i, s := range c.Symbols {
			line += strings.Repeat(", ", min(i, 1)) + s.label
		}
		line += ")"
		for _, touch := range c.Touches {
			line += " " + strings.TrimSuffix(touch.Stack.Name+":"+touch.LogicalID+"."+touch.Path, ".")
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// A condition is true, false or not decided; then it is as it would be with symbols
// that differ from every literal.
func TestConditions(t *testing.T) {
	const head = `
Parameters:
  Env: {Type: String, Default: prod}
  Open: {Type: String}
  Other: {Type: String}
Mappings: {M: {prod: {v: "yes"}, dev: {v: "no"}}}
Conditions:
  Prod: !Equals [!Ref Env, prod]
  Dev: !Equals [dev, !FindInMap [M, !Ref Env, v]]
  IsOpen: !Equals [!Ref Open, "yes"]
  IsOther: !Equals [!Ref Other, "yes"]
  C: `
	for _, tt := range []struct{ condition, want, open, problem string }{
		{`!Equals [!Join ["-", [!Ref Env, x]], prod-x]`, "true", "", ""},
		{`!Equals [!Ref Open, !Ref Open]`, "true", "", ""},
		{`!Equals [!Sub "${Open}x", !Join ["", [!Ref Open, x]]]`, "true", "", ""},
		{`!Equals [1, "1"]`, "true", "", ""},
		{`!Condition Prod`, "true", "", ""},
		{`!Condition Dev`, "false", "", ""},
		{`!Not [!Condition Prod]`, "false", "", ""},
		{`!And [!Condition Prod, !Condition Dev]`, "false", "", ""},
		{`!Or [!Condition Dev, !Condition Prod]`, "true", "", ""},
		{`!Equals [!Ref Open, x]`, "false", "C=false (Open)", ""},
		{`!Equals [!Ref Open, !Ref Other]`, "false", "C=false (Open, Other)", ""},
		{`!Not [!Equals [!Ref Open, ""]]`, "true", "C=true (Open)", ""},
		{`!Equals [!Ref AWS::Region, us-east-1]`, "false", "C=false (AWS::Region)", ""},
		{`!Equals [!Sub "${AWS::AccountId}", "1"]`, "false", "C=false (AWS::AccountId)", ""},
		{`!Equals ["{{resolve:ssm:/x}}", "1"]`, "false", "C=false (ssm:/x)", ""},
		// By another condition alone: that is the undecided one.
		{`!Condition IsOpen`, "false", "IsOpen=false (Open)", ""},
		{`!Not [!Condition IsOpen]`, "true", "IsOpen=false (Open)", ""},
		{`!And [!Condition IsOpen, !Condition Prod]`, "false", "IsOpen=false (Open)", ""},
		{`!And [!Condition IsOpen, !Condition IsOther]`, "false", "C=false (Open, Other)\nIsOpen=false (Open)\nIsOther=false (Other)", ""},
		{`!Or [!Not [!Condition IsOpen], !Condition IsOther]`, "true", "C=true (Open, Other)\nIsOpen=false (Open)\nIsOther=false (Other)", ""},
		// What decides makes up for what does not.
		{`!Or [!Condition IsOpen, !Condition Prod]`, "true", "", ""},
		{`!And [!Condition IsOpen, !Condition Dev]`, "false", "", ""},
		// Not understood: true.
		{`!Condition Nope`, "true", "Nope=true ()", "template.yaml:12: Conditions.C: the template has no condition Nope"},
		{`!Condition C`, "true", "C=true ()", "template.yaml:12: Conditions.C: the condition C depends on itself"},
		{`!Contains [a, b]`, "true", "C=true ()", "template.yaml:12: Conditions.C: the intrinsic function Fn::Contains is not evaluated in a condition"},
		{`!Equals [a]`, "true", "C=true ()", "template.yaml:12: Conditions.C: Fn::Equals needs two values"},
		{`{a: 1, b: 2}`, "true", "C=true ()", "template.yaml:12: Conditions.C: a condition that is not one of Fn::Equals, Fn::And, Fn::Or, Fn::Not and Condition"},
	} {
		a := parse(t, head+tt.condition+`
Resources:
  There: {Type: There, Condition: C}
  R: {Type: Custom::R, Properties: {V: [!If [C, "true", "false"]]}}
`, Options{})
		open := strings.ReplaceAll(undecided(a), " template:There template:R.V.0", "")
		if got := fmt.Sprint(a.OfType("Custom::R")[0].Properties["V"]); got != "["+tt.want+"]" || fmt.Sprint(len(a.OfType("There")) > 0) != tt.want ||
			open != tt.open || problems(a) != tt.problem {
			t.Errorf("%s: got %s, %s, %s; want %s, %s, %s", tt.condition, got, open, problems(a), tt.want, tt.open, tt.problem)
		}
	}
}

// The other side of a condition is assumed with what makes it so, and only where it is
// not decided.
func TestAssumed(t *testing.T) {
	const text = `
Parameters:
  Env: {Type: String}
  Size: {Type: String}
  Known: {Type: String, Default: a}
Conditions:
  Prod: !Equals [!Ref Env, prod]
  AlsoProd: !Equals [prod, !Ref Env]
  NotProd: !Not [!Condition Prod]
  Big: !Equals [!Ref Size, big]
  Both: !And [!Condition Prod, !Condition Big]
  Either: !Or [!Condition Prod, !Condition Big]
  Known: !Equals [!Ref Known, a]
  Lost: !Contains [a, b]
Resources:
  R:
    Type: R
    Properties:
      V: [!If [Prod, p, ""], !If [AlsoProd, a, ""], !If [NotProd, n, ""], !If [Big, b, ""], !If [Both, B, ""], !If [Either, E, ""], !If [Known, k, ""], !If [Lost, l, ""]]
`
	base := parse(t, text, Options{})
	for _, tt := range []struct {
		assume map[string]bool
		want   string
	}{
		{nil, "nkl"},
		{map[string]bool{"Prod": true}, "paEkl"},
		{map[string]bool{"template.Prod": true}, "paEkl"},
		{map[string]bool{"NotProd": false}, "paEkl"},
		{map[string]bool{"AlsoProd": true}, "paEkl"},
		{map[string]bool{"Both": true}, "pabBEkl"},
		{map[string]bool{"Either": true}, "paEkl"},
		{map[string]bool{"Either": true, "Big": true}, "nbEkl"},
		{map[string]bool{"Big": true, "Prod": true}, "pabBEkl"},
		{map[string]bool{"Known": false}, "nkl"},
		{map[string]bool{"Lost": false}, "nk"},
	} {
		a := base.With(Options{Conditions: tt.assume})
		got := ""
		for _, v := range a.OfType("R")[0].Properties["V"].([]any) {
			got += v.(string)
		}
		if got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.assume, got, tt.want)
		}
		if len(a.Undecided()) != len(base.Undecided()) {
			t.Errorf("%v: the undecided conditions change:\n%s", tt.assume, undecided(a))
		}
	}
}

// Nobody has to look at both sides of whether the CDK counts its constructs.
func TestMetadataOfTheCDK(t *testing.T) {
	a := parse(t, `
Conditions: {CDKMetadataAvailable: !Equals [!Ref AWS::Region, us-east-1]}
Resources: {CDKMetadata: {Type: AWS::CDK::Metadata, Condition: CDKMetadataAvailable}}
`, Options{})
	if got := undecided(a); got != "" {
		t.Errorf("got %s", got)
	}
}

// What a condition leaves out cannot be referred to.
func TestLeftOut(t *testing.T) {
	a := parse(t, `
Conditions: {No: !Equals [a, b]}
Resources:
  Gone: {Type: T, Condition: No}
  R: {Type: R, Properties: {V: !Ref Gone, W: !If [No, !Ref Gone, w]}}
`, Options{})
	if got, want := problems(a), "template.yaml:5: R: Gone is of a resource that its condition leaves out"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := shown(t, a, a.OfType("R")[0].Properties), `{"V":"${Gone}","W":"w"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
