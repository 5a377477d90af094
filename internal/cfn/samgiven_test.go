package cfn

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// keyed says which APIs have operations that need an API key.
func keyed(a *App) string {
	var out []string
	for _, r := range a.RestAPIs() {
		if strings.Contains(render(a, r.Properties["Body"], false), `"security"`) {
			out = append(out, r.Stack.Name)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

const staged = `
Transform: AWS::Serverless-2016-10-31
Parameters: {Key: {Type: String, Default: ''}, Other: {Type: String, Default: x}}
Resources:
  Shop: {Type: AWS::Serverless::Api, Properties: {StageName: v1, Auth: {ApiKeyRequired: !Ref Key}}}
  List: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: python3.13, InlineCode: x, Events: {Get: {Type: Api, Properties: {RestApiId: !Ref Shop, Path: /items, Method: get}}}}}
`

// TestServerlessGiven holds that SAM's transform, which decides who needs an API key, is done with the values that are given
// for parameters, and that the app without them stays as it is.
func TestServerlessGiven(t *testing.T) {
	a, err := Parse("shop.yaml", []byte(staged), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		parameters map[string]string
		want       string
	}{
		{map[string]string{"Key": "true"}, "shop"},
		{map[string]string{"shop.Key": "true", "Key": ""}, "shop"},
		{map[string]string{"shop.Key": "", "Key": "true"}, ""},
		{map[string]string{"Other": "y"}, ""},
		{nil, ""},
	} {
		app := a.With(Options{Parameters: tt.parameters})
		if got := keyed(app); got != tt.want || problems(app) != "" {
			t.Errorf("%v: the keys are for %q, want %q; %s", tt.parameters, got, tt.want, problems(app))
		}
	}
	if got := keyed(a); got != "" {
		t.Errorf("without: the keys are for %q", got)
	}
}

// TestServerlessNested holds that a nested template of SAM is transformed with what its parent passes.
func TestServerlessNested(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"shop.yaml": staged, "app.yaml": `
Parameters: {Key: {Type: String, Default: 'true'}, None: {Type: String, Default: ''}, Open: {Type: String}}
Resources:
  One: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: shop.yaml, Parameters: {Key: 'true'}}}
  Two: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: shop.yaml, Parameters: {Key: !Ref Key}}}
  Three: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: shop.yaml}}
  Four: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: shop.yaml, Parameters: {Key: !Ref None}}}
  Five: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: shop.yaml, Parameters: {Key: !ImportValue key}}}
  Six: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: shop.yaml, Parameters: {Key: !Ref Open}}}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, err := Open([]string{filepath.Join(dir, "app.yaml")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := keyed(a), "app/Five app/One app/Six app/Two"; got != want {
		t.Errorf("the keys are for %q, want %q", got, want)
	}
	open := 0
	for _, r := range a.RestAPIs() {
		if paths := render(a, object(r.Properties["Body"])["paths"], false); strings.Contains(paths, `"security": import key`) || strings.Contains(paths, `"security": Open`) {
			open++
		}
	}
	if open != 2 {
		t.Errorf("%d APIs have operations of which it is not known whether they need a key, want 2", open)
	}
}

// TestServerlessLoop holds that loops are done before SAM's transform, so that it sees the events of what they make.
func TestServerlessLoop(t *testing.T) {
	text := strings.Replace(staged, "Resources:\n", `Resources:
  Fn::ForEach::Functions:
    - Name
    - !Ref Names
    - ${Name}Function: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: python3.13, InlineCode: x, Events: {Get: {Type: Api, Properties: {RestApiId: !Ref Shop, Path: "/${Name}", Method: get}}}}}
`, 1)
	text = strings.NewReplacer("Transform: AWS::Serverless-2016-10-31", "Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]",
		"Other:", "Names: {Type: CommaDelimitedList, Default: 'a,b'}, Other:").Replace(text)
	a, err := Parse("shop.yaml", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for app, want := range map[*App]string{
		a: "aFunction bFunction List",
		a.With(Options{Parameters: map[string]string{"Names": "c"}}): "cFunction List",
	} {
		var got []string
		for _, r := range app.OfType("AWS::Lambda::Function") {
			got = append(got, r.ID)
		}
		body, _ := app.RestAPIs()[0].Properties["Body"].(map[string]any)
		paths, _ := body["paths"].(map[string]any)
		if strings.Join(got, " ") != want || len(paths) != len(got) || problems(app) != "" {
			t.Errorf("functions %q, want %s; paths %v; %s", got, want, paths, problems(app))
		}
	}
}
