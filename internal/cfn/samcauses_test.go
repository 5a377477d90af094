package cfn

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
)

// made is what is made of the text of a template, with files beside it.
func made(t *testing.T, text string, files map[string]string) (map[string]any, samResult) {
	t.Helper()
	v, err := ReadText("a.yaml", []byte(text), nil)
	root, ok := v.(map[string]any)
	if err != nil || !ok {
		t.Fatal(err)
	}
	result := serverless(root, func(path string) ([]byte, error) {
		switch text, ok := files[path]; {
		case !ok:
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		case text == "":
			return nil, errors.New("permission denied")
		default:
			return []byte(text), nil
		}
	})
	return root, result
}

// TestServerlessProblems holds that what SAM or a deployment refuses and what is not here is said, of the right resource.
func TestServerlessProblems(t *testing.T) {
	const head = "Transform: AWS::Serverless-2016-10-31\nResources:\n"
	for name, c := range map[string]struct {
		template string
		files    map[string]string
		want     Problem
	}{
		"no transform": {"Resources: {Items: {Type: AWS::Serverless::Function}}", nil, Problem{LogicalID: "Items", Kind: Malformed,
			Text: "the template has no Transform: AWS::Serverless-2016-10-31, so CloudFormation does not know the type AWS::Serverless::Function and refuses it"}},
		"another transform": {"Transform: [Mine]\nResources: {Items: {Type: AWS::Serverless::Api}}", nil, Problem{LogicalID: "Items", Kind: Malformed,
			Text: "the template has no Transform: AWS::Serverless-2016-10-31, so CloudFormation does not know the type AWS::Serverless::Api and refuses it"}},
		"document in a bucket": {head + "  A: {Type: AWS::Serverless::Api, Properties: {StageName: v1, DefinitionUri: 's3://b/k'}}", nil,
			Problem{LogicalID: "A", Kind: Elsewhere, Text: "the OpenAPI document s3://b/k is not here, so its paths are not read"}},
		"document in a bucket, as an object": {head + "  A: {Type: AWS::Serverless::Api, Properties: {StageName: v1, DefinitionUri: {Bucket: b, Key: !Ref K}}}", nil,
			Problem{LogicalID: "A", Kind: Elsewhere, Text: "the OpenAPI document s3://b/... is not here, so its paths are not read"}},
		"document that is not there": {head + "  A: {Type: AWS::Serverless::Api, Properties: {StageName: v1, DefinitionUri: k.yaml}}", nil,
			Problem{LogicalID: "A", Kind: Elsewhere, Text: "the OpenAPI document k.yaml is not here, so its paths are not read"}},
		"document that cannot be read": {head + "  A: {Type: AWS::Serverless::Api, Properties: {StageName: v1, DefinitionUri: k.yaml}}", map[string]string{"k.yaml": ""},
			Problem{LogicalID: "A", Kind: Elsewhere, Text: "the OpenAPI document k.yaml cannot be read, so its paths are not: permission denied"}},
		"document that is none": {head + "  A: {Type: AWS::Serverless::Api, Properties: {StageName: v1, DefinitionUri: k.yaml}}", map[string]string{"k.yaml": "- a"},
			Problem{LogicalID: "A", Kind: Elsewhere, Text: "the OpenAPI document k.yaml cannot be read, so its paths are not: it is not an object"}},
		"default authorizer by parameter": {"Parameters: {P: {Type: String}}\n" + head + "  A: {Type: AWS::Serverless::Api, Properties: {StageName: v1, Auth: {DefaultAuthorizer: !Ref P, Authorizers: {U: {UserPoolArn: a}}}}}", nil,
			Problem{LogicalID: "A", Kind: Elsewhere, Text: "Auth.DefaultAuthorizer is the parameter P, which has no default: give it with --parameter P=VALUE"}},
		"Cors chosen whole": {head + "  A: {Type: AWS::Serverless::Api, Properties: {StageName: v1, Cors: !If [C, {AllowOrigin: \"'*'\"}, !Ref AWS::NoValue]}}", nil,
			Problem{LogicalID: "A", Kind: Malformed, Text: "Cors is chosen by an Fn::If, which SAM takes for the origin alone: put the Fn::If into AllowOrigin and the other members"}},
		"name that is taken": {head + "  A: {Type: AWS::Serverless::Api, Properties: {StageName: v1}}\n  Av1Stage: {Type: AWS::S3::Bucket}", nil,
			Problem{LogicalID: "Av1Stage", Kind: Malformed, Text: "SAM refuses the template: it makes a resource of this name for A, and there is one already"}},
		"application of a repository": {head + "  A: {Type: AWS::Serverless::Application, Properties: {Location: {ApplicationId: a, SemanticVersion: 1.0.0}}}", nil,
			Problem{LogicalID: "A", Kind: Elsewhere, Text: "the application is of the Serverless Application Repository, and is not here"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, result := made(t, c.template, c.files)
			for i := range result.Problems {
				result.Problems[i].Type = ""
			}
			if !slices.Equal(result.Problems, []Problem{c.want}) {
				t.Errorf("%+v", result.Problems)
			}
		})
	}
}

// TestServerlessIncludeElsewhere holds that a body that is included from elsewhere stays for whoever evaluates it, and that
// nobody is told that Cors cannot be added to it: the transform sees the included body.
func TestServerlessIncludeElsewhere(t *testing.T) {
	for _, location := range []string{"'s3://b/k'", "gone.yaml", "!Sub '${B}/k'"} {
		root, result := made(t, `
Transform: AWS::Serverless-2016-10-31
Resources:
  A:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      Cors: "'*'"
      DefinitionBody: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: `+location+`}}}
`, nil)
		body := object(object(object(object(root["Resources"])["A"])["Properties"])["Body"])
		if len(result.Problems) > 0 || object(body["Fn::Transform"])["Name"] != "AWS::Include" {
			t.Errorf("%s: %v, %v", location, body, result.Problems)
		}
	}
}

// TestServerlessNotOfSAM holds that a template that is not of SAM is left alone.
func TestServerlessNotOfSAM(t *testing.T) {
	const text = "Transform: [Mine]\nGlobals: {Api: {}}\nResources: {A: {Type: AWS::ApiGateway::RestApi, Properties: {Name: !Ref A.Stage}}}"
	root, result := made(t, text, nil)
	got, err := json.Marshal(root)
	if want := `{"Globals":{"Api":{}},"Resources":{"A":{"Properties":{"Name":{"Ref":"A.Stage"}},"Type":"AWS::ApiGateway::RestApi"}},"Transform":["Mine"]}`; err != nil || string(got) != want || len(result.Problems) > 0 {
		t.Errorf("%s %v %v", got, err, result.Problems)
	}
}

// TestServerlessCauses holds that each resource that SAM makes says what it is made for.
func TestServerlessCauses(t *testing.T) {
	root, result := made(t, `
Transform: [Mine, AWS::Serverless-2016-10-31]
Resources:
  Items:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      AutoPublishAlias: live
      Events:
        List: {Type: Api, Properties: {Path: /items, Method: get}}
        Add: {Type: Api, Properties: {Path: /items, Method: post, RestApiId: !Ref Shop}}
  Shop: {Type: AWS::Serverless::Api, Properties: {StageName: v1}}
  Mine: {Type: AWS::S3::Bucket}
`, nil)
	want := map[string]string{
		"ItemsRole": "Items", "ItemsVersion": "Items", "ItemsAliaslive": "Items",
		"ItemsListPermissionProd": "Items event List", "ItemsAddPermissionv1": "Items event Add",
		"ShopDeployment": "Shop", "Shopv1Stage": "Shop",
		"ServerlessRestApi": "Items event List", "ServerlessRestApiDeployment": "Items event List", "ServerlessRestApiProdStage": "Items event List",
	}
	if !maps.Equal(result.Causes, want) {
		t.Errorf("%v", result.Causes)
	}
	for id := range object(root["Resources"]) {
		if result.Causes[id] == "" && id != "Mine" && id != "Items" && id != "Shop" {
			t.Errorf("%s is of nothing", id)
		}
	}
	if text, _ := json.Marshal(root["Transform"]); string(text) != `["Mine"]` {
		t.Errorf("the other transforms are %s", text)
	}
}

// TestServerlessUndecidedAuthorizer holds that no operation passes for one without an authorizer if which one it has hangs
// on a parameter.
func TestServerlessUndecidedAuthorizer(t *testing.T) {
	root, _ := made(t, `
Transform: AWS::Serverless-2016-10-31
Parameters: {P: {Type: String}}
Resources:
  Shop:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      Auth: {DefaultAuthorizer: !Ref P, Authorizers: {Users: {UserPoolArn: a}}}
  Items:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      Events: {List: {Type: Api, Properties: {Path: /items, Method: get, RestApiId: !Ref Shop}}}
`, nil)
	body := object(object(object(object(root["Resources"])["Shop"])["Properties"])["Body"])
	for _, op := range operationsAt(body, "/items", "get") {
		if object(op["security"])["Ref"] != "P" {
			t.Errorf("security is %v", op["security"])
		}
	}
}

// TestServerlessIsStable holds that the same template comes to the same bytes and problems.
func TestServerlessIsStable(t *testing.T) {
	for _, file := range samples(t) {
		var first string
		for range 5 {
			root := template(t, file)
			result := serverless(root, beside(file))
			text, err := json.Marshal([]any{root, result})
			if err != nil {
				t.Fatal(err)
			}
			if first == "" {
				first = string(text)
			} else if first != string(text) {
				t.Errorf("%s:\n%s\n%s", file, first, text)
			}
		}
	}
}

// TestServerlessOddShapes holds that a template whose parts are of the wrong kind is not a crash: SAM would refuse each.
func TestServerlessOddShapes(t *testing.T) {
	odd := []string{"null", "[]", "{}", "x", "1", "[1, {}]", "{Fn::If: [A]}", "{Fn::If: x}", "{Ref: 1}", "{Fn::Sub: []}", "{a: null}"}
	for _, file := range samples(t) {
		if strings.Contains(file, "refused") {
			continue
		}
		root := template(t, file)
		for i, place := range places(root, nil) {
			for j := range 2 {
				text := odd[(i+j*5)%len(odd)]
				v, err := ReadText("a.yaml", []byte(text), nil)
				if err != nil {
					t.Fatal(err)
				}
				changed := copied(root).(map[string]any)
				put(changed, place, v)
				serverless(changed, beside(file))
			}
		}
	}
}

// places lists the paths of all objects' members in a value.
func places(v any, at []string) [][]string {
	var out [][]string
	m, _ := v.(map[string]any)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		here := append(slices.Clone(at), k)
		out = append(out, here)
		out = append(out, places(m[k], here)...)
	}
	return out
}

func put(m map[string]any, place []string, v any) {
	for _, k := range place[:len(place)-1] {
		m = m[k].(map[string]any)
	}
	m[place[len(place)-1]] = v
}
