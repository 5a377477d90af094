package cfn

import (
	"errors"
	"strings"
	"testing"
)

// Where a whole origin is expected its stand-in is one; elsewhere it is that of a host.
func TestPlaceOfStandIn(t *testing.T) {
	const head = `
Parameters: {Site: {Type: String}, SiteDomainName: {Type: String}, Part: {Type: String}}
Resources:
  Dist: {Type: AWS::CloudFront::Distribution}
  Fn: {Type: AWS::Lambda::Function}
  R: {Type: R, Properties: {`
	for _, tt := range []struct {
		value  string
		origin bool
	}{
		{`V: !Ref Site`, true},
		{`V: !Sub "'${Site}'"`, true},
		{`V: !Sub "https://a.example,${Site}"`, true},
		{`V: !Sub "${Site},https://a.example"`, true},
		{`V: !Sub "#if($o == \"${Site}\")"`, true},
		{`V: !Sub "(${Site}|x)"`, true},
		{`V: !Sub "a=${Site} b"`, true},
		{`V: {W: ["{{resolve:ssm:/x}}"]}`, true},
		{`V: !ImportValue x`, true},
		{`V: !GetAtt Fn.FunctionUrl`, true},
		{`V: !Sub "https://${Site}"`, false},
		{`V: !Sub "https://x.${Site}"`, false},
		{`V: !Sub "${Site}/path"`, false},
		{`V: !Sub "x${Site}"`, false},
		{`V: !GetAtt Dist.DomainName`, false},
		{`V: !Ref SiteDomainName`, false},
		{`V: !Ref Dist`, false},
		{`V: !Ref AWS::StackId`, false},
		{`PathPart: !Ref Part`, false},
		{`HttpMethod: !Ref Part`, false},
		{`RestApiId: !ImportValue x`, false},
	} {
		a := parse(t, head+tt.value+"}}", Options{})
		var text string
		for _, v := range a.OfType("R")[0].Properties {
			if m, ok := v.(map[string]any); ok {
				v = m["W"].([]any)[0]
			}
			text = v.(string)
		}
		if got := strings.Contains(text, "https://o-"); got != tt.origin || len(a.Symbols(text)) != 1 {
			t.Errorf("%s: got %s", tt.value, text)
		}
	}
}

// What stands for a value is the same in every run and App, and another's is another.
// These are the ones that must never change, so that diff compares over versions.
func TestIdentity(t *testing.T) {
	value := func(name, text string) string {
		a, err := Parse(name, []byte("Parameters: {P: {Type: String}, S: {Type: AWS::SSM::Parameter::Value<String>, Default: /x}, S2: {Type: AWS::SSM::Parameter::Value<String>, Default: /x}}\nResources: {D: {Type: D}, E: {Type: D}, R: {Type: R, Properties: {V: "+text+"}}}"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		return a.OfType("R")[0].Properties["V"].(string)
	}
	for _, tt := range []struct {
		x, y string
		same bool
	}{
		{`!GetAtt D.DomainName`, `!Sub "${D.DomainName}"`, true},
		{`!GetAtt D.DomainName`, `!GetAtt E.DomainName`, false},
		{`!GetAtt D.DomainName`, `!GetAtt D.Other`, false},
		{`!Ref D`, `!Ref P`, false},
		{`!Ref S`, `!Ref S2`, true},
		{`!Ref S`, `"{{resolve:ssm:/x}}"`, true},
		{`!Ref S`, `"{{resolve:ssm:/x:1}}"`, false},
		{`!ImportValue x`, `!ImportValue y`, false},
		{`!Select [1, !Split ["/", !GetAtt D.U]]`, `!Select ["1", !Split ["/", !Sub "${D.U}"]]`, true},
		{`!Select [1, !Split ["/", !GetAtt D.U]]`, `!Select [1, !Split ["/", !GetAtt E.U]]`, false},
		{`!Base64 {Ref: P}`, `!Base64 {"Fn::Sub": "${P}"}`, true},
	} {
		if got := value("old.yaml", tt.x) == value("new.yaml", tt.y); got != tt.same {
			t.Errorf("%s is %s: got %v", tt.x, tt.y, got)
		}
	}
	if got, want := value("a.yaml", "!GetAtt D.DomainName"), "h-9b12e42f3fcd2262b50b.deployed.invalid"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestShowAndRead(t *testing.T) {
	a, _ := opened(t, map[string]string{
		"a.yaml": "Resources: {D: {Type: AWS::D}, R: {Type: R, Properties: {V: !GetAtt D.DomainName, W: !Base64 {Ref: D}}}}",
		"b.yaml": "Parameters: {P: {Type: String}}\nResources: {D: {Type: AWS::D}, R: {Type: R, Properties: {V: !GetAtt D.DomainName, W: !Ref P}}}"})
	rs := a.OfType("R")
	text := func(i int, name string) string { return rs[i].Properties[name].(string) }
	for i, want := range []string{"${a.D.DomainName}", "${b.D.DomainName}"} {
		if got := a.Show(text(i, "V")); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for given, want := range map[string]string{
		"https://${a.D.DomainName}":   "https://" + text(0, "V"),
		"x ${b.D.DomainName}${b.P} {": "x " + text(1, "V") + a.SymbolOf(text(1, "W")).host() + " {",
		"${P}":                        text(1, "W"),
		"${b.P}":                      text(1, "W"),
		"${Base64(D)}":                text(0, "W"),
		"plain":                       "plain",
	} {
		if got, err := a.Read(given); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", given, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"https://${D.DomainName}":    "${D.DomainName} is not among the values that are known only at deployment; the nearest are ${a.D.DomainName}, ${b.D.DomainName}, ${D}",
		"https://${a.D.DomanName}/x": "${a.D.DomanName} is not among the values that are known only at deployment; the nearest are ${a.D.DomainName}, ${b.D.DomainName}, ${D}",
		"${":                         "${} is not among the values that are known only at deployment; the nearest are ${D}, ${P}, ${Base64(D)}",
	} {
		if got, err := a.Read(text); err == nil || err.Error() != want {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	// A stand-in of another App is not printed either.
	if got := parse(t, one, Options{}).Show("https://" + rs[0].Properties["V"].(string)); got != "https://${a value that is not known}" {
		t.Errorf("got %s", got)
	}
}

func TestUnknown(t *testing.T) {
	a := parse(t, "Parameters: {L: {Type: List<String>}}\nResources: {R: {Type: R, Properties: {V: !Ref L}}}", Options{})
	v := a.OfType("R")[0].Properties["V"]
	err, ok := v.(error)
	if !ok || err.Error() != "not known: L: the parameter has no value here" {
		t.Errorf("got %v", v)
	}
	var u *Unknown
	if !errors.As(err, &u) || u.Symbol != a.SymbolOf(v) || !u.Symbol.List || u.Symbol.String() != "L" {
		t.Errorf("got %+v", u)
	}
	if other := a.With(Options{Region: "eu-west-1"}); other.SymbolOf(other.OfType("R")[0].Properties["V"]).ID() != u.Symbol.ID() {
		t.Error("it is another in another App")
	}
}

func TestTargets(t *testing.T) {
	a := parse(t, `
Resources:
  Api: {Type: AWS::ApiGateway::RestApi}
  Fn: {Type: AWS::Lambda::Function}
  Named: {Type: AWS::Lambda::Function, Properties: {FunctionName: shop}}
  Alias: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !GetAtt Fn.Arn, FunctionVersion: !GetAtt Version.Version}}
  Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Named}}
  OfName: {Type: AWS::Lambda::Alias, Properties: {FunctionName: shop}}
  R: {Type: R, Properties: {
    target: [!Ref Api, !GetAtt Api.RestApiId, !GetAtt Api.RootResourceId, !GetAtt Fn.Arn, !Ref Alias, !Sub "x${Api}", text, 1, null, !GetAtt Fn.FunctionUrl],
    mentioned: [
      !Sub "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations",
      !Sub "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Alias}/invocations",
      !Sub "functions/${Version}/invocations and ${Api}",
      !Sub "functions/${OfName}/invocations",
      "functions/arn:aws:lambda:us-east-1:1:function:shop:live/invocations",
      "functions/arn:aws:lambda:us-east-1:1:function:shopping/invocations",
      !Sub "functions/arn:aws:lambda:us-east-1:1:function:${Fn}/invocations"]}}
`, Options{})
	p := a.OfType("R")[0].Properties
	got := ""
	for _, v := range p["target"].([]any) {
		if r := a.Target(v); r != nil {
			got += r.ID + " "
		} else {
			got += "- "
		}
	}
	if want := "Api Api - Fn Alias - - - - - "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for i, want := range []string{"Fn", "Alias Fn", "Version Named Api", "OfName Named", "Named", "", "Fn"} {
		var ids []string
		for _, r := range a.Mentioned(p["mentioned"].([]any)[i].(string)) {
			ids = append(ids, r.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%d: got %s, want %s", i, got, want)
		}
	}
}

// What is evaluated is not what was parsed: With begins anew.
func TestWithLeavesTheFirstAlone(t *testing.T) {
	a := parse(t, "Parameters: {P: {Type: String}}\nResources: {R: {Type: R, Properties: {V: [!Ref P, {x: !Ref P}]}}}", Options{})
	before := shown(t, a, a.OfType("R")[0].Properties)
	b := a.With(Options{Parameters: map[string]string{"P": "p"}})
	if got := shown(t, b, b.OfType("R")[0].Properties); got != `{"V":["p",{"x":"p"}]}` {
		t.Errorf("got %s", got)
	}
	if c := b.With(Options{Parameters: map[string]string{"P": "q"}}); shown(t, c, c.OfType("R")[0].Properties) != `{"V":["q",{"x":"q"}]}` {
		t.Error("With of With does not count")
	}
	if got := shown(t, a, a.OfType("R")[0].Properties); got != before {
		t.Errorf("got %s", got)
	}
}

// What is made of the stand-in of a whole origin is shown without it, too.
func TestShowOtherScheme(t *testing.T) {
	app := parse(t, `{"Parameters": {"Site": {"Type": "String"}}, "Resources": {"A": {"Type": "AWS::X::Y", "Properties": {"Origin": {"Ref": "Site"}}}}}`, Options{})
	origin, err := app.Read("${Site}")
	if err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"http://", "https://corsgate."} {
		if got, want := app.Show(strings.Replace(origin, "https://", scheme, 1)), scheme+"${the host of Site}"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
