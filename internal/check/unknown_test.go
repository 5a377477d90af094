package check

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/testkit/faults"
)

// TestNotJudged holds what is said where only a deployment decides, each a change to the clean template: a line, and no
// finding that rests on it. What has nothing to do with REST APIs is passed over.
func TestNotJudged(t *testing.T) {
	for name, tt := range map[string]struct{ change, want string }{
		"who may call": {`{Parameters: {Auth: {Type: String}}, Resources: {ItemsGet: {Properties: {AuthorizationType: {Ref: Auth}}}}}`,
			"not judged: GET /items: Auth: the parameter has no value here\n"},
		"who may ask": {`{Parameters: {Auth: {Type: String}}, Resources: {ItemsOptions: {Properties: {AuthorizationType: {Ref: Auth}}}}}`,
			"not judged: OPTIONS /items: Auth: the parameter has no value here\n"},
		"whether a key is wanted of anybody": {`{Resources: {ItemsOptions: {Properties: {ApiKeyRequired: {"Fn::ImportValue": keyed}}}, StatusOptions: {Properties: {ApiKeyRequired: {"Fn::ImportValue": keyed}}}}}`,
			"not judged: OPTIONS /items, OPTIONS /status: import keyed: no stack here exports it\n"},
		"which method it is": {`{Resources: {ItemsPut: {Properties: {HttpMethod: {"Fn::ImportValue": method}}}}}`,
			"not judged: ANY /items: import method: no stack here exports it\n"},
		"an authorizer of preflights": {`{Resources: {ItemsOptions: {Properties: {AuthorizationType: CUSTOM, AuthorizerId: {"Fn::ImportValue": auth}}}}}`,
			"not judged: OPTIONS /items: what the authorizer requires of a request: not known: import auth: no stack here exports it\n"},
		"a validator of preflights": {`{Parameters: {Val: {Type: String}}, Resources: {ItemsOptions: {Properties: {RequestValidatorId: {Ref: Val}, RequestParameters: {method.request.header.x-need: true}}}}}`,
			"not judged: OPTIONS /items: whether requests are validated: not known: Val: the parameter has no value here\n"},
		"a resource without a type": {`{Parameters: {P: {Type: String}}, Resources: {More: {Type: {Ref: P}}}}`,
			"not judged: t.json:1: More: its Type is not a text, so what it is is not known\n"},
		"whom the resource policy denies": {`{Parameters: {Path: {Type: String}}, Resources: {Api: {Properties: {Policy: {Statement: [{Effect: Allow, Principal: "*", Action: "*", Resource: "*"}, {Effect: Deny, Principal: "*", Action: "*", Resource: {"Fn::Sub": "execute-api:/*/*/${Path}"}}]}}}}}`,
			"not judged: whether the resource policy lets preflights in: it depends on Path\n"},
		"a header of an error": {`{Resources: {Errors4xx: null, Errors: {Type: "AWS::ApiGateway::GatewayResponse", Properties: {RestApiId: {Ref: Api}, ResponseType: DEFAULT_4XX, ResponseParameters: {"Fn::ImportValue": headers}}}, Deployment: {DependsOn: [ItemsGet, ItemsPut, ItemsOptions, StatusGet, StatusOptions, Errors, Errors5xx]}}}`,
			"not judged: gateway response DEFAULT_4XX: ResponseParameters: not known: import headers: no stack here exports it\n"},
		"resources of a loop": {`{Parameters: {Names: {Type: CommaDelimitedList}}, Transform: "AWS::LanguageExtensions", Resources: {"Fn::ForEach::More": [Name, {Ref: Names}, {"R${Name}": {Type: "AWS::ApiGateway::Resource"}}]}}`,
			"not judged: t.json:1: Fn::ForEach::More: Fn::ForEach::More: the list is not known here, so what it makes is not looked at\n"},
		"topics of a loop":      {`{Parameters: {Names: {Type: CommaDelimitedList}}, Transform: "AWS::LanguageExtensions", Resources: {"Fn::ForEach::More": [Name, {Ref: Names}, {"R${Name}": {Type: "AWS::SNS::Topic"}}]}}`, ""},
		"a topic's name":        {`{Resources: {Topic: {Type: "AWS::SNS::Topic", Properties: {TopicName: {"Fn::New": x}}}}}`, ""},
		"a table of a macro":    {`{Resources: {Table: {Type: "AWS::DynamoDB::Table", Properties: {"Fn::Transform": {Name: Keys}}}}}`, ""},
		"headers of a list":     {`{Parameters: {Names: {Type: CommaDelimitedList}}, Resources: {ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Headers: {"Fn::Sub": ["'${L}'", {L: {"Fn::Join": [",", {Ref: Names}]}}]}}}}}}}}`, ""},
		"methods, age and more": {`{Parameters: {X: {Type: String}}, Resources: {ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Methods: {"Fn::Sub": "'${X}'"}, method.response.header.Access-Control-Max-Age: {"Fn::Sub": "'${X}'"}, method.response.header.Access-Control-Allow-Credentials: {"Fn::Sub": "'${X}'"}}}}, MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Max-Age: true, method.response.header.Access-Control-Allow-Credentials: true}}}}}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			rep := checkTree(t, faults.Merge(tree(t, cleanText(t)), tree(t, tt.change)))
			if got := listing(rep); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
			if rep.Answered() != (tt.want == "") {
				t.Errorf("answered: %v", rep.Answered())
			}
		})
	}
}

// TestUnlistedOrigins holds that it is not judged whether a stated origin is allowed where a value that only a deployment
// knows may be it, and that the value's own pages are judged.
func TestUnlistedOrigins(t *testing.T) {
	text := strings.ReplaceAll(cleanText(t), "'https://app.example.com'", "'https://${Site}'")
	if text == cleanText(t) {
		t.Fatal("nothing to replace")
	}
	root := faults.Merge(tree(t, text), tree(t, "Parameters: {Site: {Type: String}}"))
	var sub func(v any) any
	sub = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				v[k] = sub(x)
			}
		case []any:
			for i, x := range v {
				v[i] = sub(x)
			}
		case string:
			if strings.Contains(v, "${Site}") {
				return map[string]any{"Fn::Sub": v}
			}
		}
		return v
	}
	b, err := json.Marshal(sub(root))
	if err != nil {
		t.Fatal(err)
	}
	app, err := cfn.Parse("t.json", b, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rep := Check(app, nil, nil)
	if got := listing(rep); got != "" || len(rep.Checked) != 1 || !slices.Equal(rep.Checked[0].Allowlist.Origins, []string{"https://${Site}"}) {
		t.Errorf("inferred: %s%v", got, rep.Checked)
	}
	stated, err := State([]string{"https://app.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	rep = Check(app, stated, nil)
	if len(rep.Findings) > 0 || len(rep.NotJudged) == 0 || rep.NotJudged[0] != "OPTIONS /items: Site: the parameter has no value here" {
		t.Errorf("stated: %s", listing(rep))
	}
	if rep := Check(app.With(cfn.Options{Values: map[string]string{"Site": "app.example.com"}}), stated, nil); listing(rep) != "" {
		t.Errorf("given: %s", listing(rep))
	}
	if rep := Check(app.With(cfn.Options{Values: map[string]string{"Site": "www.example.com"}}), stated, nil); ids(rep)["CORS109"] == 0 {
		t.Errorf("given another: %s", listing(rep))
	}
}

// TestConditions holds that conditions that cannot be decided are looked at both ways, one at a time, and that what is found
// one way only says so.
func TestConditions(t *testing.T) {
	const unknown = `Parameters: {Env: {Type: String}, Mode: {Type: String}}, Conditions: {IsProd: {"Fn::Equals": [{Ref: Env}, prod]}, IsOpen: {"Fn::Equals": [{Ref: Mode}, open]}}`
	for name, tt := range map[string]struct{ change, want string }{
		"a fault in the second value": {`{` + unknown + `, Resources: {ItemsOptions: {Properties: {ApiKeyRequired: {"Fn::If": [IsProd, false, true]}}}}}`,
			"CORS103 ItemsOptions OPTIONS /items: ApiKeyRequired is true for preflights, if IsProd is false\n"},
		"a fault in the first value": {`{` + unknown + `, Resources: {ItemsOptions: {Properties: {ApiKeyRequired: {"Fn::If": [IsProd, true, false]}}}}}`,
			"CORS103 ItemsOptions OPTIONS /items: ApiKeyRequired is true for preflights, if IsProd is true\n"},
		"a fault either way": {`{` + unknown + `, Resources: {ItemsOptions: {Properties: {ApiKeyRequired: {"Fn::If": [IsProd, true, "true"]}}}}}`,
			"CORS103 ItemsOptions OPTIONS /items: ApiKeyRequired is true for preflights\n"},
		"no fault either way": {`{` + unknown + `, Resources: {ItemsOptions: {Properties: {ApiKeyRequired: {"Fn::If": [IsProd, "false", false]}}}}}`, ""},
		"a method that is left out": {`{` + unknown + `, Resources: {StatusOptions: {Condition: IsProd}}}`,
			"CORS119 Status OPTIONS /status: there is no OPTIONS, on the resource or on a {proxy+} above it (methods: GET), if IsProd is false\n"},
		"two conditions": {`{` + unknown + `, Resources: {ItemsOptions: {Properties: {ApiKeyRequired: {"Fn::If": [IsProd, true, {"Fn::If": [IsOpen, true, false]}]}}}}}`,
			"CORS103 ItemsOptions OPTIONS /items: ApiKeyRequired is true for preflights, if IsOpen is true or IsProd is true\n"},
		"of a mapping, which is decided": {`{Mappings: {Envs: {prod: {keyed: "no"}}}, Conditions: {IsKeyed: {"Fn::Equals": [{"Fn::FindInMap": [Envs, prod, keyed]}, "yes"]}}, Resources: {ItemsOptions: {Properties: {ApiKeyRequired: {"Fn::If": [IsKeyed, true, false]}}}}}`, ""},
		"not judged on one side": {`{` + unknown + `, Resources: {ItemsGet: {Properties: {AuthorizationType: {"Fn::If": [IsProd, {Ref: Env}, NONE]}}}}}`,
			"not judged: GET /items: Env: the parameter has no value here (if IsProd is true)\n"},
		"of a topic": {`{` + unknown + `, Resources: {Topic: {Type: "AWS::SNS::Topic", Condition: IsProd}}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := listing(checkTree(t, faults.Merge(tree(t, cleanText(t)), tree(t, tt.change)))); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// files writes templates to a folder.
func files(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestApps holds what is found in apps of several files.
func TestApps(t *testing.T) {
	const (
		api     = `Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: shop}}`
		errors  = `E4: {Type: AWS::ApiGateway::GatewayResponse, Properties: {RestApiId: !Ref Api, ResponseType: DEFAULT_4XX, ResponseParameters: {gatewayresponse.header.Access-Control-Allow-Origin: "'*'"}}}, E5: {Type: AWS::ApiGateway::GatewayResponse, Properties: {RestApiId: !Ref Api, ResponseType: DEFAULT_5XX, ResponseParameters: {gatewayresponse.header.Access-Control-Allow-Origin: "'*'"}}}`
		items   = `Items: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !Ref Root, PathPart: items}}, Put: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api, ResourceId: !Ref Items, HttpMethod: PUT, AuthorizationType: NONE, Integration: {Type: HTTP_PROXY, IntegrationHttpMethod: PUT, Uri: "https://x.example.com"}}}`
		options = `Options: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api, ResourceId: !Ref Items, HttpMethod: OPTIONS, AuthorizationType: NONE, Integration: {Type: MOCK, PassthroughBehavior: NEVER, RequestTemplates: {application/json: '{"statusCode": 204}'}, IntegrationResponses: [{StatusCode: 204, ResponseParameters: {method.response.header.Access-Control-Allow-Origin: "'*'", method.response.header.Access-Control-Allow-Methods: "'PUT'"}}]}, MethodResponses: [{StatusCode: 204, ResponseParameters: {method.response.header.Access-Control-Allow-Origin: true, method.response.header.Access-Control-Allow-Methods: true}}]}}`
		given   = `Parameters: {Api: {Type: String}, Root: {Type: String}}` + "\n"
		nest    = `Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested.yaml, Parameters: {Api: !Ref Api, Root: !GetAtt Api.RootResourceId}}}`
	)
	atRoot := strings.NewReplacer("!Ref Root", "!GetAtt Api.RootResourceId")
	for name, tt := range map[string]struct {
		files map[string]string
		want  string // DIR is the folder
	}{
		"a nested stack has the methods": {map[string]string{
			"app.yaml": "Resources: {" + api + ", " + errors + ", " + nest + "}", "nested.yaml": given + "Resources: {" + items + ", " + options + "}"}, ""},
		"a nested stack has a method without its OPTIONS": {map[string]string{
			"app.yaml": "Resources: {" + api + ", " + errors + ", " + nest + "}", "nested.yaml": given + "Resources: {" + items + "}"},
			"CORS101 Items OPTIONS /items: there is no OPTIONS, on the resource or on a {proxy+} above it (methods: PUT)\n"},
		"a nested stack that is not here may have the OPTIONS": {map[string]string{
			"app.yaml": "Resources: {" + api + ", " + errors + ", " + atRoot.Replace(items) + ", " + nest + "}"},
			"not judged: DIR/app.yaml:1: Nested: the template of this nested stack, DIR/nested.yaml, cannot be read: no such file or directory\n"},
		"the document is in a bucket": {map[string]string{
			"app.yaml": "Resources: {Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: a, BodyS3Location: {Bucket: b, Key: k}}}, " + atRoot.Replace(items) + "}"},
			"not judged: the RestApi Api has its OpenAPI document in S3 (BodyS3Location)\n"},
		"the API is imported": {map[string]string{
			"app.yaml": "Resources: {" + strings.NewReplacer("!Ref Api", "!ImportValue Api", "!Ref Root", "!ImportValue Root").Replace(items) + "}"},
			"not judged: DIR/app.yaml:1: Put: 1 method of an API that is not in the templates\n"},
		"the API is another stack's, which is here": {map[string]string{
			"app.yaml":  "Resources: {" + strings.NewReplacer("!Ref Api", "!ImportValue Api", "!Ref Root", "!ImportValue Root").Replace(items) + "}",
			"base.yaml": "Resources: {" + api + ", " + errors + ", " + strings.NewReplacer("!Ref Root", "!GetAtt Api.RootResourceId", "PathPart: items", "PathPart: other", "Put: ", "Post: ", "PUT", "POST").Replace(items+", "+options) + "}\nOutputs: {A: {Value: !Ref Api, Export: {Name: Api}}, R: {Value: !GetAtt Api.RootResourceId, Export: {Name: Root}}}"},
			"CORS101 Items OPTIONS /items: there is no OPTIONS, on the resource or on a {proxy+} above it (methods: PUT)\n"},
		"a file cannot be read": {map[string]string{
			"app.yaml": "Resources: {" + api + ", " + errors + ", " + atRoot.Replace(items+", "+options) + "}", "broken.template.json": "{"},
			"not judged: DIR/broken.template.json:1: not JSON: unexpected EOF\n"},
		"a deployment waits for the nested stack": {map[string]string{
			"app.yaml":    "Resources: {" + api + ", " + errors + ", " + nest + ", D: {Type: AWS::ApiGateway::Deployment, DependsOn: [Nested, E4, E5], Properties: {RestApiId: !Ref Api, StageName: v1}}}",
			"nested.yaml": given + "Resources: {" + items + ", " + options + "}"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := files(t, tt.files)
			got := strings.ReplaceAll(listing(Check(open(t, dir), nil, nil)), dir, "DIR")
			if got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// TestStageElsewhere holds that the variables of a stage are those of another template, and that nothing is said to be
// missing that may stand in one that is not here.
func TestStageElsewhere(t *testing.T) {
	b, err := os.ReadFile("../../test/templates/catalog.template.json")
	if err != nil {
		t.Fatal(err)
	}
	root := tree(t, string(b))
	all, _ := root["Resources"].(map[string]any)
	stage := ""
	for id, r := range all {
		if m, _ := r.(map[string]any); m["Type"] == "AWS::ApiGateway::Stage" {
			stage = id
		}
	}
	other := map[string]any{"Resources": map[string]any{stage: all[stage]}}
	text, err := json.Marshal(other)
	if err != nil {
		t.Fatal(err)
	}
	properties := all[stage].(map[string]any)["Properties"].(map[string]any)
	deployment := properties["DeploymentId"].(map[string]any)["Ref"].(string)
	moved := strings.NewReplacer(`{"Ref":"Catalog742F25FD"}`, `{"Fn::ImportValue":"Api"}`, `{"Ref":"`+deployment+`"}`, `{"Fn::ImportValue":"Deployment"}`).Replace(string(text))
	delete(all, stage)
	delete(root, "Outputs")
	alone := root
	withOutputs := faults.Merge(root, tree(t, `Outputs: {A: {Value: {Ref: Catalog742F25FD}, Export: {Name: Api}}, D: {Value: {Ref: `+deployment+`}, Export: {Name: Deployment}}}`))
	base, err := json.Marshal(withOutputs)
	if err != nil {
		t.Fatal(err)
	}
	rep := Check(open(t, files(t, map[string]string{"api.template.json": string(base), "stage.template.json": moved})), nil, nil)
	if got := listing(rep); got != "" || len(rep.Checked) != 1 || rep.Checked[0].Allowlist.From != "stage-variables" {
		t.Errorf("together: %s%v", got, rep.Checked)
	}
	rep = checkTree(t, withOutputs)
	if len(rep.Findings) > 0 || len(rep.NotJudged) == 0 || !strings.Contains(rep.NotJudged[0], "the stage of Catalog742F25FD, whose variables hold the allowlist, is not in the templates") {
		t.Errorf("without the stage: %s", listing(rep))
	}
	if rep := checkTree(t, alone); ids(rep)["CORS407"] == 0 {
		t.Errorf("no stage can be elsewhere: %s", listing(rep))
	}
}

// everything has a resource of every type that a rule looks at, beside the clean API.
const everything = `
Resources:
  Api: {Properties: {Policy: {Statement: [{Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: "*", Condition: {StringEquals: {"aws:SourceVpc": v}}}]}, BinaryMediaTypes: ["image/png"]}, Metadata: {corsgate: {suppress: [{id: CORS107, reason: r}]}}}
  Stage: {Properties: {CacheClusterEnabled: true, MethodSettings: [{ResourcePath: "/*", HttpMethod: "*", CachingEnabled: true}], Variables: {a: b}}}
  Fn: {Type: "AWS::Lambda::Function", Properties: {FunctionName: f, Environment: {Variables: {ALLOWED_ORIGINS: "https://app.example.com"}}}, Metadata: {"corsgate:emits": true}}
  ItemsPut: {Properties: {AuthorizationType: CUSTOM, AuthorizerId: {Ref: Auth}, RequestParameters: {method.request.header.x: true}, Integration: {Type: AWS_PROXY, Uri: {"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations"}, CacheKeyParameters: [method.request.header.Origin]}}}
  Auth: {Type: "AWS::ApiGateway::Authorizer", Properties: {RestApiId: {Ref: Api}, Type: TOKEN, IdentitySource: method.request.header.Authorization}}
  Domain: {Type: "AWS::ApiGateway::DomainName", Properties: {DomainName: shop.example.com}}
  Domain2: {Type: "AWS::ApiGatewayV2::DomainName", Properties: {DomainName: www.example.com}}
  Mapping: {Type: "AWS::ApiGateway::BasePathMapping", Properties: {DomainName: {Ref: Domain}, RestApiId: {Ref: Api}}}
  Mapping2: {Type: "AWS::ApiGatewayV2::ApiMapping", Properties: {DomainName: www.example.com, ApiId: {Ref: Api}}}
  Acl: {Type: "AWS::WAFv2::WebACL", Properties: {Rules: [{Name: r, Action: {Block: {CustomResponse: {ResponseHeaders: [{Name: x, Value: y}]}}}}]}}
  Of: {Type: "AWS::WAFv2::WebACLAssociation", Properties: {WebACLArn: {"Fn::GetAtt": [Acl, Arn]}, ResourceArn: {"Fn::Sub": "arn:aws:apigateway:us-east-1::/restapis/${Api}/stages/${Stage}"}}}
  Id: {Type: "AWS::SSM::Parameter", Properties: {Value: {Ref: Api}}}
`

// TestAnyType holds that no rule crashes on a value of any type in any place, and that no stand-in is printed.
func TestAnyType(t *testing.T) {
	values := []string{`{"Fn::ImportValue": "x"}`, `{"Fn::Join": ["", [{"Fn::ImportValue": "x"}, ".example.com"]]}`, `{"Fn::Split": [",", {"Fn::ImportValue": "x"}]}`, `{"Fn::New": []}`,
		`{"a": {"b": []}}`, `[[1], {"a": null}]`, `null`, `1.5`, `true`, `""`}
	root, _ := faults.Merge(tree(t, cleanText(t)), tree(t, everything)).(map[string]any)
	text, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var visit func(v any, set func(any), path string)
	try := func(set func(any), old any, path string) {
		for i, value := range values {
			if testing.Short() && (n+i)%7 != 0 {
				continue
			}
			set(tree(t, "v: "+value)["v"])
			b, err := json.Marshal(root)
			if err != nil {
				t.Fatal(err)
			}
			set(old)
			app, err := cfn.Parse("t.json", b, cfn.Options{})
			if err != nil {
				continue // no template any more
			}
			n++
			rep := Check(app, nil, nil)
			if len(rep.Crashed) > 0 {
				t.Errorf("%s = %s: %v", path, value, rep.Crashed)
			}
			out, err := json.Marshal(rep)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(out), ".deployed.invalid") {
				t.Errorf("%s = %s: a stand-in is printed: %s", path, value, listing(rep))
			}
		}
	}
	visit = func(v any, set func(any), path string) {
		try(set, v, path)
		switch v := v.(type) {
		case map[string]any:
			for _, k := range sortedKeys(v) {
				visit(v[k], func(x any) { v[k] = x }, path+"."+k)
			}
		case []any:
			for i := range v {
				visit(v[i], func(x any) { v[i] = x }, fmt.Sprintf("%s[%d]", path, i))
			}
		}
	}
	all, _ := root["Resources"].(map[string]any)
	for _, id := range sortedKeys(all) {
		r, _ := all[id].(map[string]any)
		for _, k := range sortedKeys(r) {
			visit(r[k], func(x any) { r[k] = x }, id+"."+k)
		}
	}
	if after, err := json.Marshal(root); err != nil || string(after) != string(text) {
		t.Fatal("the template is not as it was", err)
	}
	t.Logf("%d templates", n)
}
