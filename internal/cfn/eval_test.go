package cfn

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// parse reads a template that has to be one.
func parse(t testing.TB, text string, opts Options) *App {
	t.Helper()
	a, err := Parse("template.yaml", []byte(text), opts)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// shown writes a resolved value as JSON, with expressions.
func shown(t testing.TB, a *App, v any) string {
	t.Helper()
	var plain func(v any) any
	plain = func(v any) any {
		switch v := v.(type) {
		case *Unknown:
			return "<" + v.Symbol.label + ">"
		case []any:
			out := []any{}
			for _, x := range v {
				out = append(out, plain(x))
			}
			return out
		case map[string]any:
			out := map[string]any{}
			for k, x := range v {
				out[k] = plain(x)
			}
			return out
		case string:
			return a.Show(v)
		}
		return v
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(plain(v)); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), `\"`, `'`)
}

func problems(a *App) string {
	var out []string
	for _, p := range a.Problems {
		out = append(out, p.Error())
	}
	return strings.Join(out, "\n")
}

const head = `
Parameters:
  Text: {Type: String, Default: text}
  Num: {Type: Number, Default: 3}
  List: {Type: CommaDelimitedList, Default: "a, b,c"}
  None: {Type: List<String>, Default: ""}
  Site: {Type: String}
  Sites: {Type: CommaDelimitedList}
  Stored: {Type: AWS::SSM::Parameter::Value<String>, Default: /site/origin}
  StoredList: {Type: AWS::SSM::Parameter::Value<CommaDelimitedList>, Default: /site/origins}
  Name: {Type: AWS::SSM::Parameter::Name, Default: /a/name}
  Reference: {Type: String, Default: "{{resolve:ssm:/site/origin}}"}
Mappings:
  M:
    a: {x: one, y: [1, 2]}
    b: {x: two, y: [3]}
  Same:
    us-east-1: {x: same, y: here}
    eu-west-1: {x: same, y: there}
Conditions:
  Yes: !Equals [!Ref Text, text]
  No: !Not [{Condition: Yes}]
Resources:
  Fn: {Type: AWS::Lambda::Function, Properties: {FunctionName: mine}}
  Dist: {Type: AWS::CloudFront::Distribution}
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "${Text}-bucket"}}
  Unnamed: {Type: AWS::S3::Bucket}
  Kept: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: https://kept.example.com}}
  R:
    Type: Custom::R
    Properties:
      V: `

// Every intrinsic function, decided and not. A value in < > is an [*Unknown].
func TestFunctions(t *testing.T) {
	for _, tt := range []struct{ value, want, problem string }{
		// Ref
		{`!Ref Text`, `"text"`, ""},
		{`!Ref Num`, `3`, ""},
		{`!Ref List`, `["a","b","c"]`, ""},
		{`!Ref None`, `[]`, ""},
		{`!Ref Site`, `"${Site}"`, ""},
		{`!Ref Sites`, `"<Sites>"`, ""},
		{`!Ref Stored`, `"${ssm:/site/origin}"`, ""},
		{`!Ref StoredList`, `"<ssm:/site/origins>"`, ""},
		{`!Ref Name`, `"/a/name"`, ""},
		{`!Ref Reference`, `"${ssm:/site/origin}"`, ""},
		{`!Ref Fn`, `"${Fn}"`, ""},
		{`!Ref Bucket`, `"text-bucket"`, ""},
		{`!Ref Unnamed`, `"${Unnamed}"`, ""},
		{`!Ref AWS::Region`, `"us-east-1"`, ""},
		{`!Ref AWS::AccountId`, `"111111111111"`, ""},
		{`!Ref AWS::Partition`, `"aws"`, ""},
		{`!Ref AWS::URLSuffix`, `"amazonaws.com"`, ""},
		{`!Ref AWS::StackName`, `"${AWS::StackName}"`, ""},
		{`!Ref AWS::NotificationARNs`, `"<AWS::NotificationARNs>"`, ""},
		{`{a: !Ref AWS::NoValue, b: [1, !Ref AWS::NoValue]}`, `{"b":[1]}`, ""},
		{`!Ref Nowhere`, `"<Nowhere>"`, "template.yaml:29: R: a Ref names Nowhere, which the template does not have"},
		// GetAtt
		{`!GetAtt Fn.Arn`, `"${Fn.Arn}"`, ""},
		{`{"Fn::GetAtt": "Dist.DomainName"}`, `"${Dist.DomainName}"`, ""},
		{`{"Fn::GetAtt": [Dist, !Sub "Domain${Text}"]}`, `"${Dist.Domaintext}"`, ""},
		{`!GetAtt Kept.Value`, `"https://kept.example.com"`, ""},
		{`!GetAtt Nowhere.Arn`, `"<Nowhere.Arn>"`, "template.yaml:29: R: an Fn::GetAtt names Nowhere, which the template does not have"},
		{`{"Fn::GetAtt": [Fn]}`, `"<GetAtt(['Fn'])>"`, "template.yaml:29: R: Fn::GetAtt needs a resource and an attribute"},
		// Sub
		{`!Sub "https://${Dist.DomainName}/${Text}/${!x}/${Num}"`, `"https://${Dist.DomainName}/text/${x}/3"`, ""},
		{`!Sub ["${a}${Text}", {a: !Join ["", [x, !Ref Text]]}]`, `"xtexttext"`, ""},
		{`!Sub "${Stored}"`, `"${ssm:/site/origin}"`, ""},
		{`!Sub "{{resolve:ssm:/site/${Text}}}"`, `"${ssm:/site/text}"`, ""},
		{`!Sub [1]`, `"<Sub([1])>"`, "template.yaml:29: R: Fn::Sub needs a text, or a text and an object of variables"},
		{`!Sub "${List}"`, `"<Sub('${List}')>"`, "template.yaml:29: R: Fn::Sub: ${List} is not text, or is too long"},
		// Join
		{`!Join [",", [a, !Ref Num, true, !Ref AWS::NoValue, !GetAtt Dist.DomainName]]`, `"a,3,true,${Dist.DomainName}"`, ""},
		{`!Join ["|", !Ref List]`, `"a|b|c"`, ""},
		{`!Join ["|", !Ref Sites]`, `"${Join('|', Sites)}"`, ""},
		{`!Join ["", {a: b}]`, `"${Join('', {'a': 'b'})}"`, ""},
		{`!Join [a]`, `"<Join(['a'])>"`, "template.yaml:29: R: Fn::Join needs a list of 2 values"},
		{`!Join [!Ref P, [a]]`, `"<Join([{'Ref': 'P'}, ['a']])>"`, "template.yaml:29: R: Fn::Join needs a text as its delimiter"},
		{`!Join ["", [[a]]]`, `"<Join(['', [['a']]])>"`, "template.yaml:29: R: Fn::Join of what is not text, or is too long"},
		// Split and Select
		{`!Split [",", "a,b,c"]`, `["a","b","c"]`, ""},
		{`!Split [",", !Sub "a,${Site},c"]`, `"<Split(',', 'a,${Site},c')>"`, ""},
		{`!Select [0, !Split [",", !Sub "a,${Site},c"]]`, `"a"`, ""},
		{`!Select [1, !Split [",", !Sub "a,${Site},c"]]`, `"${Select(1, Split(',', 'a,${Site},c'))}"`, ""},
		{`!Select [2, !Split ["/", !GetAtt Fn.FunctionUrl]]`, `"${Select(2, Split('/', Fn.FunctionUrl))}"`, ""},
		{`!Select [!Ref Num, [a, b, c, d]]`, `"d"`, ""},
		{`!Select ["1", !Ref List]`, `"b"`, ""},
		{`!Select [0, !Ref Sites]`, `"${Select(0, Sites)}"`, ""},
		{`!Select [!Ref Site, [a, b]]`, `"${Select(Site, ['a', 'b'])}"`, ""},
		{`!Select [3, [a]]`, `"<Select([3, ['a']])>"`, "template.yaml:29: R: Fn::Select: there is no element 3 in the list"},
		{`!Select [0, !GetAZs ""]`, `"${Select(0, GetAZs(''))}"`, ""},
		{`!Split ["", a]`, `"<Split(['', 'a'])>"`, "template.yaml:29: R: Fn::Split needs a delimiter and a text"},
		// FindInMap
		{`!FindInMap [M, a, x]`, `"one"`, ""},
		{`!FindInMap [M, b, y]`, `[3]`, ""},
		{`!FindInMap [!Sub "M", !Select [0, [b]], x]`, `"two"`, ""},
		{`!FindInMap [M, c, x]`, `"<FindInMap(['M', 'c', 'x'])>"`, "template.yaml:29: R: Fn::FindInMap: the template's Mappings have no c"},
		{`!FindInMap [M, c, x, {DefaultValue: !Ref Text}]`, `"text"`, ""},
		{`!FindInMap [M, a, x, {DefaultValue: !Ref Text}]`, `"one"`, ""},
		{`!FindInMap [Same, !Ref AWS::Region, x]`, `"same"`, ""},
		{`!FindInMap [Same, !Ref AWS::Region, y]`, `"${FindInMap('Same', AWS::Region, 'y')}"`, ""},
		{`!FindInMap [Same, !Ref AWS::Region, x, {DefaultValue: other}]`, `"${FindInMap('Same', AWS::Region, 'x')}"`, ""},
		{`!FindInMap [M, !Ref Site, y]`, `"<FindInMap('M', Site, 'y')>"`, ""},
		{`!FindInMap [M, a]`, `"<FindInMap(['M', 'a'])>"`, "template.yaml:29: R: Fn::FindInMap needs the name of a mapping and two keys"},
		// If
		{`!If [Yes, a, !Ref Nowhere]`, `"a"`, ""},
		{`!If [No, a, !If [Yes, b, c]]`, `"b"`, ""},
		{`{a: !If [No, 1, !Ref AWS::NoValue]}`, `{}`, ""},
		{`!If [Absent, a, b]`, `"a"`, "template.yaml:29: R: the template has no condition Absent"},
		// The rest
		{`!Base64 text`, `"dGV4dA=="`, ""},
		{`!Base64 {Ref: Site}`, `"${Base64(Site)}"`, ""},
		{`!Length {Ref: List}`, `3`, ""},
		{`!Length [a, !Ref Site]`, `2`, ""},
		{`!Length {Ref: Sites}`, `"${Length(Sites)}"`, ""},
		{`!ToJsonString {b: <a>, a: [1, !Ref Text]}`, `"{'a':[1,'text'],'b':'<a>'}"`, ""},
		{`!ToJsonString {a: !Ref Site}`, `"{'a':'${Site}'}"`, ""},
		{`!ToJsonString {a: !Ref Sites}`, `"${ToJsonString({'a': Sites})}"`, ""},
		{`!Cidr [10.0.0.0/24, 6, 5]`, `"<Cidr('10.0.0.0/24', 6, 5)>"`, ""},
		{`!ImportValue of-nobody`, `"${import of-nobody}"`, ""},
		{`!ImportValue {"Fn::Sub": "${Site}-x"}`, `"${import ${Site}-x}"`, ""},
		{`"{{resolve:secretsmanager:s:SecretString:k}}"`, `"${{{resolve:secretsmanager:s:SecretString:k}}}"`, ""},
		{`"{{resolve:ssm:/a:3}}"`, `"${{{resolve:ssm:/a:3}}}"`, ""},
		{`{"Fn::Transform": {Name: Mine, Parameters: {}}}`, `"<Transform(Mine)>"`, "template.yaml:29: R: the macro Mine is not run here"},
		{`{"Fn::Transform": {Name: AWS::Include, Parameters: {Location: s3://b/k}}}`, `"<AWS::Include s3://b/k>"`, "template.yaml:29: R: AWS::Include of s3://b/k, which is not here"},
		{`{"Fn::ForEach::L": [X, [a, b], {"k${X}": {v: !Sub "${X}-${Text}", w: !Ref X}}], z: 1}`, `{"ka":{"v":"a-text","w":"a"},"kb":{"v":"b-text","w":"b"},"z":1}`, ""},
		{`{"Fn::ForEach::L": [X, [a], {"Fn::ForEach::M": [Y, [c.d, e], {"${X}&{Y}": !Ref Y}]}]}`, `{"acd":"c.d","ae":"e"}`, ""},
		{`{"Fn::ForEach::L": [X, !Ref Sites, {"k${X}": 1}]}`, `"<an object made by Fn::Transform or Fn::ForEach>"`, "template.yaml:29: R: Fn::ForEach::L: the list is not known here, so what it makes is not looked at"},
		{`{"Fn::Nobody": 1}`, `"<Nobody(1)>"`, "template.yaml:29: R: the intrinsic function Fn::Nobody is not evaluated here"},
		// No function
		{`{Condition: Yes, "Fn::If": 1}`, `{"Condition":"Yes","Fn::If":1}`, ""},
		{`[1.50, true, null, "x"]`, `[1.50,true,null,"x"]`, ""},
	} {
		a := parse(t, head+tt.value, Options{})
		if got := shown(t, a, a.OfType("Custom::R")[0].Properties["V"]); got != tt.want || problems(a) != tt.problem {
			t.Errorf("%s:\ngot  %s\n     %s\nwant %s\n     %s", tt.value, got, problems(a), tt.want, tt.problem)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, tt := range []struct {
		value, want string
		opts        Options
	}{
		{`!Ref Site`, `"x"`, Options{Parameters: map[string]string{"Site": "x"}}},
		{`!Ref Site`, `"y"`, Options{Parameters: map[string]string{"Site": "x", "template.Site": "y"}}},
		{`!Ref Text`, `"x"`, Options{Parameters: map[string]string{"Text": "x"}}},
		{`!Ref Stored`, `"${ssm:/other}"`, Options{Parameters: map[string]string{"Stored": "/other"}}},
		{`!Ref Sites`, `["a","b"]`, Options{Parameters: map[string]string{"Sites": "a, b"}}},
		{`!Ref Stored`, `"v"`, Options{Values: map[string]string{"ssm:/site/origin": "v"}}},
		{`!Ref Sites`, `["a","b"]`, Options{Values: map[string]string{"Sites": "a,b"}}},
		{`!Sub "https://${Dist.DomainName}"`, `"https://d"`, Options{Values: map[string]string{"Dist.DomainName": "d"}}},
		{`!Sub "https://${Dist.DomainName}"`, `"https://d"`, Options{Values: map[string]string{"template.Dist.DomainName": "d"}}},
		{`!Select [2, !Split ["/", !GetAtt Fn.FunctionUrl]]`, `"h"`, Options{Values: map[string]string{`Select(2, Split("/", Fn.FunctionUrl))`: "h"}}},
		{`!Select [2, !Split ["/", !GetAtt Fn.FunctionUrl]]`, `"h"`, Options{Values: map[string]string{`Fn.FunctionUrl`: "https://h/"}}},
		{`!Join ["|", !Ref Sites]`, `"a,b"`, Options{Values: map[string]string{`Join("|", Sites)`: "a,b"}}},
		{`!Sub "${AWS::Region} ${AWS::AccountId} ${AWS::Partition} ${AWS::URLSuffix}"`, `"cn-north-1 2 aws-cn amazonaws.com.cn"`, Options{Region: "cn-north-1", Account: "2"}},
		{`!Ref AWS::Partition`, `"aws-us-gov"`, Options{Region: "us-gov-west-1"}},
		{`!FindInMap [Same, !Ref AWS::Region, y]`, `"there"`, Options{Region: "eu-west-1"}},
	} {
		for _, how := range []string{"at once", "With"} {
			var a *App
			if how == "With" {
				a = parse(t, head+tt.value, Options{Region: "us-east-2"}).With(tt.opts)
			} else {
				a = parse(t, head+tt.value, tt.opts)
			}
			if got := shown(t, a, a.OfType("Custom::R")[0].Properties["V"]); got != tt.want || problems(a) != "" || len(a.Unused()) > 0 {
				t.Errorf("%s %v (%s): got %s, want %s; %s %q", tt.value, tt.opts, how, got, tt.want, problems(a), a.Unused())
			}
		}
	}
}

func TestUnused(t *testing.T) {
	a := parse(t, head+"!GetAtt Dist.DomainName", Options{Parameters: map[string]string{"Sit": "x"}, Values: map[string]string{"Dist.DomanName": "x"}, Conditions: map[string]bool{"yes": true, "Nope": true}})
	want := []string{
		"the templates have no parameter Sit; the nearest: Site, Sites, List",
		"the templates have no condition Nope; the nearest: No, Yes, template.No",
		"the templates have no condition yes; the nearest: Yes, No, template.Yes",
		"the templates have no value to be known at deployment called Dist.DomanName; the nearest: Dist.DomainName",
	}
	if got := a.Unused(); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestInclude(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"api.yaml":  "paths: {/a: {get: {uri: !Sub 'x/${Fn.Arn}'}}}",
		"loop.yaml": "a: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: loop.yaml}}}",
		"t.yaml": `
Resources:
  Fn: {Type: AWS::Lambda::Function}
  A: {Type: T, Properties: {V: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: api.yaml}}}}}
  B: {Type: T, Properties: {V: {openapi: 3.0.1, Fn::Transform: {Name: AWS::Include, Parameters: {Location: !Sub api.yaml}}}}}
  C: {Type: T, Properties: {V: {openapi: 3.0.1, Fn::Transform: {Name: AWS::Include, Parameters: {Location: no.yaml}}}}}
  D: {Type: T, Properties: {V: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: loop.yaml}}}}}
`})
	a, err := Open([]string{filepath.Join(dir, "t.yaml")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		`{"paths":{"/a":{"get":{"uri":"x/${Fn.Arn}"}}}}`,
		`{"openapi":"3.0.1","paths":{"/a":{"get":{"uri":"x/${Fn.Arn}"}}}}`,
		`"<an object made by Fn::Transform or Fn::ForEach>"`,
	} {
		if got := shown(t, a, a.OfType("T")[i].Properties["V"]); strings.ReplaceAll(got, "3.0.1", "3.0.1") != want {
			t.Errorf("%s: got %s, want %s", a.OfType("T")[i].ID, got, want)
		}
	}
	want := "t.yaml:6: C: AWS::Include of no.yaml: no such file or directory\nt.yaml:7: D: AWS::Include of loop.yaml: files include each other, or too many"
	if got := strings.ReplaceAll(problems(a), dir+string(os.PathSeparator), ""); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// write makes files in a folder.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
