package cfn

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// opened opens files that a test gives as texts, all of their folder or those named,
// and prints the stacks with their resources, and the problems.
func opened(t *testing.T, files map[string]string, names ...string) (*App, string) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	paths := []string{dir}
	if len(names) > 0 {
		paths = nil
		for _, n := range names {
			paths = append(paths, filepath.Join(dir, n))
		}
	}
	a, err := Open(paths, Options{})
	var lines []string
	if err != nil {
		lines = append(lines, "error: "+err.Error())
	} else {
		for _, st := range a.Stacks {
			line := st.Name + ":"
			for _, r := range st.Resources {
				line += " " + r.ID
			}
			lines = append(lines, line)
		}
		if p := problems(a); p != "" {
			lines = append(lines, p)
		}
	}
	return a, strings.ReplaceAll(strings.Join(lines, "\n"), dir+"/", "")
}

const one = "Resources: {R: {Type: AWS::X::Y}}\n"

// wide is a text of UTF-16, with a zero before or after each byte.
func wide(text string, before int) string {
	out := make([]byte, 2*len(text))
	for i := range len(text) {
		out[2*i+before] = text[i]
	}
	return string(out)
}

func TestOpen(t *testing.T) {
	assembly := func(artifacts string) string { return `{"version": "36.0.0", "artifacts": {` + artifacts + `}}` }
	stack := func(id, file string) string {
		return fmt.Sprintf(`"%s": {"type": "aws:cloudformation:stack", "environment": "aws://1/eu-west-1", "properties": {"templateFile": "%s"}}`, id, file)
	}
	for _, tt := range []struct {
		name  string
		files map[string]string
		open  []string
		want  string
	}{
		{name: "a file", files: map[string]string{"api.template.json": `{"Resources": {"B": {"Type": "T"}, "A": {"Type": "T"}}}`}, open: []string{"api.template.json"}, want: "api: B A"},
		{name: "no template", files: map[string]string{"x.json": `{"a": 1}`, "y.yaml": "a: [", "z.yaml": "", "w.json": "{"}, open: []string{"x.json", "y.yaml", "z.yaml", "w.json", "v.json"},
			want: "error: x.json: not a CloudFormation template: it has no Resources\ny.yaml:1: not YAML: did not find expected node content\nz.yaml: not a CloudFormation template\nw.json:1: not JSON: unexpected EOF\nv.json: no such file or directory"},
		{name: "one of two", files: map[string]string{"x.json": `{"a": 1}`, "y.yaml": one}, open: []string{"x.json", "y.yaml"}, want: "y: R\nx.json: not a CloudFormation template: it has no Resources"},
		{name: "two documents", files: map[string]string{"x.yaml": one + "---\n" + one}, open: []string{"x.yaml"}, want: "error: x.yaml: there is a second YAML document in the file, and only one is read: remove it"},
		{name: "a folder", files: map[string]string{"b.yaml": one, "a.template": one, "c.json": "{", "d.template.json": "{", "package.json": `{"x": 1}`, "e.yaml": "paths: {} # AWS:: Resources", "sub/f.yaml": one, "empty.template.json": `{"Rules": {}}`},
			want: "a: R\nb: R\nd.template.json:1: not JSON: unexpected EOF"},
		{name: "an empty folder", files: map[string]string{"a.txt": one}, want: "error: %s: there is no CloudFormation template"},
		{name: "an assembly", files: map[string]string{"manifest.json": assembly(stack("Z", "z.template.json") + "," + stack("A", "a.template.json")), "z.template.json": `{"Resources": {"R": {"Type": "T"}}}`, "a.template.json": `{"Resources": {"S": {"Type": "T"}}}`, "stale.template.json": `{"Resources": {}}`},
			want: "Z: R\nA: S"},
		{name: "its manifest", files: map[string]string{"manifest.json": assembly(stack("A", "a.template.json")), "a.template.json": `{"Resources": {"S": {"Type": "T"}}}`}, open: []string{"manifest.json"}, want: "A: S"},
		{name: "a missing file", files: map[string]string{"manifest.json": assembly(stack("A", "a.template.json") + "," + stack("B", "b.template.json") + "," + stack("C", "c.template.json")), "b.template.json": `{"Resources": {"S": {"Type": "T"}}}`, "c.template.json": `{}`},
			want: "B: S\nmanifest.json:1: artifacts.A: its template a.template.json: no such file or directory"},
		{name: "a manifest that leads elsewhere", files: map[string]string{"manifest.json": "{\"version\": \"36\", \"artifacts\": {\n" + stack("A", "../../etc/passwd") + ",\n" + stack("B", "/etc/passwd") + ",\n" + stack("C", "c.json") + "}}", "c.json": `{"Resources": {"S": {"Type": "T"}}}`},
			want: "C: S\nmanifest.json:2: artifacts.A: templateFile \"../../etc/passwd\" does not lead into the assembly, and is not read\nmanifest.json:3: artifacts.B: templateFile \"/etc/passwd\" does not lead into the assembly, and is not read"},
		{name: "a manifest of something else", files: map[string]string{"manifest.json": `{"version": "1", "artifacts": []}`, "a.yaml": one}, want: "a: R\nmanifest.json: it is not the manifest of a cloud assembly: artifacts is not an object"},
		{name: "a manifest that is none", files: map[string]string{"manifest.json": "{", "b.template.json": `{"Resources": {"S": {"Type": "T"}}}`}, want: "b: S\nmanifest.json:1: not JSON: unexpected EOF"},
		{name: "nested assemblies, in a circle", files: map[string]string{
			"manifest.json":               assembly(`"assembly-Prod": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Prod"}}`),
			"assembly-Prod/manifest.json": assembly(`"up": {"type": "cdk:cloud-assembly", "properties": {"directoryName": ".."}},` + stack("A", "a.json")), "assembly-Prod/a.json": `{"Resources": {"S": {"Type": "T"}}}`},
			want: "A: S\nassembly-Prod/manifest.json:1: artifacts.up: directoryName \"..\" does not lead into the assembly, and is not read"},
		{name: "empty, and no templates", files: map[string]string{"a.yaml": one, "b.yaml": "", "c.json": " \n", "d.template.json": "[]", "e.template.yaml": "x", "f.json": "{}"},
			want: "a: R\nb.yaml: it is empty\nc.json: it is empty\nd.template.json: not a CloudFormation template\ne.template.yaml: not a CloudFormation template"},
		{name: "other encodings", files: map[string]string{"a.yaml": "\xff\xfe" + wide(one, 0), "b.json": "\xfe\xff" + wide(`{"Resources": {"R": {"Type": "AWS::X::Y"}}}`, 1), "c.yaml": "\xef\xbb\xbf" + strings.ReplaceAll(one, "\n", "\r\n"), "d.json": "{\"Resources\": {\n\"AWS::\xff\": {}}}"},
			want: "a: R\nb: R\nc: R\nd.json:2: it is not UTF-8: save it as that"},
		{name: "keys that stand twice", files: map[string]string{"a.json": "{\"Resources\": {\n\"A\": {\"Type\": \"T\"},\n\"A\": {\"Type\": \"T\", \"Properties\": {\"a\": {\"b\": {\"c\": {\"d\": 1,\n\"d\": 2}}}}}}}", "b.yaml": "Conditions:\n  C: {Fn::Equals: [a, a]}\n  C: {Fn::Equals: [a, b]}\n" + one + one}, open: []string{"a.json", "b.yaml"},
			want: "a: A\nb: R\na.json:3: A: the key A stands twice, first at line 2: only the last is read\na.json:4: A: the key d stands twice, first at line 3: only the last is read\nb.yaml:3: Conditions.C: the key C stands twice, first at line 2: only the last is read\nb.yaml:5: the key Resources stands twice, first at line 4: only the last is read"},
		{name: "nested", files: map[string]string{
			"app.yaml":   `{Transform: AWS::Serverless-2016-10-31, Resources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ./mid.yaml}}, S: {Type: AWS::Serverless::Application, Properties: {Location: leaf.yaml}}}}`,
			"mid.yaml":   `Resources: {M: {Type: AWS::CloudFormation::Stack, Metadata: {"aws:asset:path": leaf.yaml}, Properties: {TemplateURL: {Ref: X}}}}`,
			"leaf.yaml":  one,
			"other.yaml": `Resources: {O: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://s3.amazonaws.com/b/k}}, P: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: no.yaml}}}`},
			want: "app: N S\napp/N: M\napp/N/M: R\napp/S: R\nother: O P\nmid.yaml:1: M: a Ref names X, which the template does not have\n" +
				"other.yaml:1: O: the template of this nested stack is not here, so what it has is not known\nother.yaml:1: P: the template of this nested stack, no.yaml, cannot be read: no such file or directory"},
		{name: "nested by the hash of an asset", files: map[string]string{
			"app.json":          `{"Resources": {"N": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": {"Fn::Sub": "https://s3.${AWS::Region}.${AWS::URLSuffix}/b/` + strings.Repeat("ab", 32) + `.json"}}}}}`,
			"app.assets.json":   `{"files": {"` + strings.Repeat("ab", 32) + `": {"source": {"path": "leaf.nested.template.json"}}}}`,
			"other.assets.json": `{`, "leaf.nested.template.json": `{"Resources": {"R": {"Type": "T"}}}`},
			open: []string{"app.json"}, want: "app: N\napp/N: R"},
		{name: "nested by the hash of an asset, in a folder of an odd name", files: map[string]string{
			"a[1]/app.json":                  `{"Resources": {"N": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://s3.amazonaws.com/b/` + strings.Repeat("ab", 32) + `.json"}}}}`,
			"a[1]/app.assets.json":           `{"files": {"` + strings.Repeat("ab", 32) + `": {"source": {"path": "leaf.nested.template.json"}}}}`,
			"a[1]/leaf.nested.template.json": `{"Resources": {"R": {"Type": "T"}}}`},
			open: []string{"a[1]/app.json"}, want: "app: N\napp/N: R"},
		{name: "nested and named", files: map[string]string{"app.yaml": `Resources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: leaf.yaml}}}`, "leaf.yaml": one},
			open: []string{"leaf.yaml", "app.yaml"}, want: "app: N\napp/N: R"},
		{name: "a circle of nested stacks", files: map[string]string{
			"a.yaml": `Resources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: b.yaml}}}`,
			"b.yaml": `Resources: {M: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: a.yaml}}}`, "c.yaml": one},
			want: "a: N\na/N: M\nc: R\nb.yaml:1: M: a.yaml nests itself"},
		{name: "left out", files: map[string]string{
			"a.yaml": `{Conditions: {No: !Equals [a, b]}, Resources: {N: {Type: AWS::CloudFormation::Stack, Condition: No, Properties: {TemplateURL: b.yaml}}}}`, "b.yaml": one},
			want: "a:"},
		{name: "not an object", files: map[string]string{"a.yaml": "Resources: {A: 1, B: {Type: T, Properties: []}}"}, open: []string{"a.yaml"}, want: "a: B\na.yaml:1: A: the resource is not an object\na.yaml:1: B: Properties is not an object"},
		{name: "a macro by its function", files: map[string]string{"a.yaml": "Fn::Transform: {Name: Mine}\n" + one}, open: []string{"a.yaml"}, want: "a: R\na.yaml:1: the macro Mine may change the whole template, and is not run here"},
		{name: "macros", files: map[string]string{"a.yaml": "Transform: [AWS::LanguageExtensions, Mine]\n" + one}, open: []string{"a.yaml"}, want: "a: R\na.yaml:1: the macro Mine may change the whole template, and is not run here"},
	} {
		if a, got := opened(t, tt.files, tt.open...); got != strings.ReplaceAll(tt.want, "%s: ", "") && !(a == nil && strings.Contains(tt.want, "%s") && strings.HasSuffix(got, "there is no CloudFormation template")) {
			t.Errorf("%s:\ngot\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// Errors are told apart by kind.
func TestErrors(t *testing.T) {
	for text, want := range map[string][2]bool{`{"a": 1}`: {true, true}, `[]`: {true, false}, `{`: {false, false}} {
		_, err := Parse("x.json", []byte(text), Options{})
		if got := [2]bool{errors.Is(err, ErrNotTemplate), errors.Is(err, ErrNoResources)}; got != want {
			t.Errorf("%s: got %v, %v, want %v", text, err, got, want)
		}
	}
	_, err := Open([]string{filepath.Join(t.TempDir(), "no.yaml")}, Options{})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// The place of a stack and its parameters are the manifest's.
func TestManifest(t *testing.T) {
	template := `{"Parameters": {"P": {"Type": "String"}}, "Resources": {"R": {"Type": "T", "Properties": {"V": {"Fn::Sub": "${AWS::StackName} ${AWS::Region} ${AWS::AccountId} ${P}"}}}}}`
	a, _ := opened(t, map[string]string{"a.json": template, "manifest.json": `{"version": "1", "artifacts": {
		"A": {"type": "aws:cloudformation:stack", "environment": "aws://1/eu-west-1", "properties": {"templateFile": "a.json", "stackName": "App", "parameters": {"P": "p"}}},
		"B": {"type": "aws:cloudformation:stack", "environment": "aws://1/eu-west-2", "properties": {"templateFile": "a.json", "stackName": "App"}},
		"C": {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region", "properties": {"templateFile": "a.json"}}}}`})
	for i, want := range []string{"App: App eu-west-1 1 p", "App (eu-west-2): App eu-west-2 1 ${App (eu-west-2).P}", "C: C us-east-1 111111111111 ${C.P}"} {
		r := a.OfType("T")[i]
		if got := r.Stack.Name + ": " + a.Show(r.Properties["V"].(string)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// An API is passed down two levels and an output comes up two; what is another stack's
// is found by the name of its export.
func TestAcrossStacks(t *testing.T) {
	a, got := opened(t, map[string]string{
		"app.yaml": `
Parameters: {Origins: {Type: CommaDelimitedList, Default: "https://a.example, https://b.example"}}
Resources:
  Api: {Type: AWS::ApiGateway::RestApi}
  Mid:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: mid.yaml
      Parameters: {Api: !Ref Api, Root: !GetAtt Api.RootResourceId, Origins: !Join [",", !Ref Origins]}
  User: {Type: User, Properties: {Fn: !GetAtt Mid.Outputs.Fn, Lost: !GetAtt Mid.Outputs.Lost}}
Outputs:
  Api: {Value: !Ref Api, Export: {Name: !Sub "${AWS::StackName}-api"}}
  Loop: {Value: !ImportValue loop, Export: {Name: loop}}
`,
		"mid.yaml": `
Parameters: {Api: {Type: String}, Root: {Type: String}, Origins: {Type: String}}
Resources:
  Leaf:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: leaf.yaml, Parameters: {Api: !Ref Api, Root: !Ref Root, Origins: !Ref Origins, Loop: !GetAtt Leaf.Outputs.Loop}}
Outputs: {Fn: {Value: !GetAtt Leaf.Outputs.Fn}}
`,
		"leaf.yaml": `
Parameters: {Api: {Type: String}, Root: {Type: String}, Origins: {Type: CommaDelimitedList}, Loop: {Type: String}}
Resources:
  Fn: {Type: AWS::Lambda::Function}
  Books: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !Ref Root, PathPart: !Select [1, !Ref Origins], Loop: !Ref Loop}}
Outputs: {Fn: {Value: !GetAtt Fn.Arn}, Loop: {Value: !Ref Loop}}
`,
		"other.yaml": `
Parameters: {App: {Type: String, Default: app}}
Resources:
  Get: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: {Fn::ImportValue: !Sub "${App}-api"}}}
  Put: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: {Fn::ImportValue: elsewhere}, Loop: !ImportValue loop}}
`})
	want := `app: Api Mid User
app/Mid: Leaf
app/Mid/Leaf: Fn Books
other: Get Put
app.yaml:10: User: an Fn::GetAtt names Lost, an output that app/Mid does not have
app.yaml:13: Outputs.Loop: the output Loop depends on itself
leaf.yaml:6: Outputs.Loop: the output Loop depends on itself`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	books := a.OfType("AWS::ApiGateway::Resource")[0]
	if got := shown(t, a, books.Properties); got != `{"Loop":"<app/Mid/Leaf.the output Loop>","ParentId":"${Api.RootResourceId}","PathPart":"https://b.example","RestApiId":"${Api}"}` {
		t.Errorf("got %s", got)
	}
	if got := shown(t, a, a.OfType("User")[0].Properties); got != `{"Fn":"${Fn.Arn}","Lost":"<Mid.Outputs.Lost>"}` {
		t.Errorf("got %s", got)
	}
	api := a.RestAPIs()[0]
	if of := a.Of(api, "AWS::ApiGateway::Method"); len(of) != 1 || of[0].ID != "Get" {
		t.Errorf("the methods of the API: %v", of)
	}
	if of := a.Of(api, "AWS::ApiGateway::Resource"); len(of) != 1 || of[0] != books {
		t.Errorf("the resources of the API: %v", of)
	}
	root := books.Properties["ParentId"]
	if s := a.SymbolOf(root); s == nil || s.Resource != api || s.Attribute != "RootResourceId" || a.Target(root) != nil {
		t.Errorf("the root: %+v", s)
	}
	if f := a.Target(a.OfType("User")[0].Properties["Fn"]); f == nil || f.Stack.Name != "app/Mid/Leaf" {
		t.Errorf("the function: %v", f)
	}
}

// A condition of a nested stack that hangs on another stack's export is decided.
func TestConditionOnExport(t *testing.T) {
	a, got := opened(t, map[string]string{
		"a.yaml": "Resources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: n.yaml, Parameters: {Env: !ImportValue env}}}}",
		"n.yaml": "Parameters: {Env: {Type: String}}\nConditions: {Prod: !Equals [!Ref Env, prod]}\nResources: {R: {Type: AWS::R, Condition: Prod}}",
		"z.yaml": "Resources: {R: {Type: AWS::R}}\nOutputs: {E: {Value: prod, Export: {Name: env}}}"})
	if want := "a: N\na/N: R\nz: R"; got != want || undecided(a) != "" {
		t.Errorf("got\n%s\n%s\nwant\n%s", got, undecided(a), want)
	}
}

// Two versions of a template can be compared whatever their files are called; a stack
// among others goes by its name.
func TestIdentityOfStacks(t *testing.T) {
	const template = "Resources: {D: {Type: AWS::D}, R: {Type: R, Properties: {V: !Ref D}}}"
	value := func(files map[string]string, names ...string) any {
		a, _ := opened(t, files, names...)
		return a.OfType("R")[0].Properties["V"]
	}
	x := value(map[string]string{"x.yaml": template}, "x.yaml")
	if y := value(map[string]string{"y.yaml": template}, "y.yaml"); x != y {
		t.Errorf("%v and %v", x, y)
	}
	a := value(map[string]string{"a.yaml": template, "z.yaml": one})
	if b := value(map[string]string{"a.yaml": template, "y.yaml": one, "z.yaml": one}); a != b {
		t.Errorf("%v and %v", a, b)
	}
	if c := value(map[string]string{"c.yaml": template, "z.yaml": one}); a == c {
		t.Errorf("%v and %v", a, c)
	}
}

// Parameters of a nested stack that a function chooses are those that it chooses, and not the defaults.
func TestChosenParameters(t *testing.T) {
	child := "Parameters: {P: {Type: String, Default: mine}}\nResources: {R: {Type: T, Properties: {V: !Ref P}}}"
	parent := func(parameters string) string {
		return "Parameters: {Q: {Type: String}}\nConditions: {C: !Equals [a, a]}\nResources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml, Parameters: " + parameters + "}}}"
	}
	for parameters, want := range map[string]string{
		"{}":                          "mine",
		"!If [C, {P: one}, {P: two}]": "one",
		"!If [C, {}, {P: two}]":       "mine",
		"{Fn::Transform: {Name: X}}":  "$", // a symbol
	} {
		a, _ := opened(t, map[string]string{"app.yaml": parent(parameters), "child.yaml": child}, "app.yaml")
		v, _ := a.OfType("T")[0].Properties["V"].(string)
		if got := a.Show(v); got != want && (want[0] != '$' || len(a.Symbols(v)) == 0) {
			t.Errorf("%s: got %s, want %s", parameters, got, want)
		}
	}
}
