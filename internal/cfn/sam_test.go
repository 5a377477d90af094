package cfn

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/testkit/need"
)

var update = flag.Bool("update", false, "write what aws-sam-translator makes of testdata/sam/*.yaml; needs CORSGATE_SAM")

// A translation is what aws-sam-translator made of a template; in testdata it is the part of it that is compared.
type translation struct {
	Template map[string]any `json:"template,omitempty"`
	Refused  []string       `json:"refused,omitempty"`
}

// TestServerless holds that SAM templates come to what aws-sam-translator makes of them: its results are in testdata/sam,
// beside the templates.
func TestServerless(t *testing.T) {
	for _, file := range samples(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(strings.TrimSuffix(file, ".yaml") + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var want translation
			decode(t, text, &want)
			for _, d := range differences(t, file, want) {
				t.Error(d)
			}
		})
	}
}

// TestTranslations holds that the results in testdata/sam are those of the translator that CORSGATE_SAM, a Python, has.
func TestTranslations(t *testing.T) {
	files := samples(t)
	for file, got := range translations(t, files) {
		if got.Template != nil {
			got.Template = projected(t, got.Template, file)
		}
		text, err := json.MarshalIndent(got, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, '\n')
		name := strings.TrimSuffix(file, ".yaml") + ".json"
		if *update {
			if err := os.WriteFile(name, text, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if want, err := os.ReadFile(name); err != nil || !bytes.Equal(text, want) {
			t.Errorf("%s: %v: it is not what the translator makes now; go test -run TestTranslations -update", name, err)
		}
	}
}

func samples(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/sam/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d templates, %v", len(files), err)
	}
	return files
}

// translations are what the translator makes of files.
func translations(t *testing.T, files []string) map[string]translation {
	t.Helper()
	templates := map[string]any{}
	for _, file := range files {
		root := template(t, file)
		s := &sam{root: root, read: beside(file)}
		for _, v := range object(root["Resources"]) {
			p := object(object(v)["Properties"])
			if object(v)["Type"] == "AWS::Serverless::Api" && p["DefinitionBody"] != nil {
				p["DefinitionBody"] = s.included(p["DefinitionBody"]) // which CloudFormation does before it asks SAM
			}
		}
		templates[file] = root
	}
	return translated(t, templates)
}

// translated is what the translator makes of templates.
func translated(t *testing.T, templates map[string]any) map[string]translation {
	t.Helper()
	python := os.Getenv("CORSGATE_SAM")
	if python == "" {
		const text = "CORSGATE_SAM is not set: python3 -m venv DIR && DIR/bin/pip install aws-sam-translator==1.115.0, and CORSGATE_SAM=DIR/bin/python"
		need.Skip(t, text)
	}
	in, err := json.Marshal(templates)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(python, filepath.Join("testdata", "sam", "translate.py"))
	c.Stdin = bytes.NewReader(in)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	var results map[string]translation
	decode(t, out, &results)
	return results
}

func decode(t *testing.T, text []byte, v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		t.Fatal(err)
	}
}

func template(t *testing.T, file string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	v, err := ReadText("a.yaml", text, nil)
	root, ok := v.(map[string]any)
	if err != nil || !ok {
		t.Fatal(file, err)
	}
	return root
}

func beside(file string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) { return os.ReadFile(filepath.Join(filepath.Dir(file), path)) }
}

// differences lists where what is made of a file is not what the translator made of it. If it refused the file, a problem
// must name what the file's first line says: "# refused: Cors".
func differences(t *testing.T, file string, want translation) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	key, said := strings.CutPrefix(line, "# refused: ")
	if !said {
		key = ""
	}
	return differing(t, template(t, file), file, key, want)
}

// differing is differences of a template that is as if it were in a file, with what a problem must name.
func differing(t *testing.T, root map[string]any, file, key string, want translation) []string {
	t.Helper()
	result := serverless(root, beside(file))
	var refused []string
	for _, p := range result.Problems {
		if p.Kind == Malformed {
			refused = append(refused, p.Text)
		}
	}
	if want.Template == nil {
		if !slices.ContainsFunc(refused, func(p string) bool { return strings.Contains(p, key) }) {
			return []string{fmt.Sprintf("the translator refuses it: %q; here is said: %q", want.Refused, refused)}
		}
		return nil
	}
	var out []string
	for _, p := range refused {
		out = append(out, "the translator takes it; here is said: "+p)
	}
	again := func(root map[string]any) map[string]any {
		text, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		var root2 map[string]any
		decode(t, text, &root2)
		return root2
	}
	return append(out, compared("", again(projected(t, again(root), file)), again(want.Template))...)
}

var (
	hashed  = regexp.MustCompile(`^([A-Za-z0-9]+?)[0-9a-f]{10}$`)
	ofTypes = map[string]string{
		"AWS::ApiGateway::RestApi":              "",
		"AWS::ApiGatewayV2::Api":                "Body BodyS3Location FailOnWarnings",
		"AWS::ApiGatewayV2::Stage":              "ApiId StageName StageVariables",
		"AWS::ApiGateway::Deployment":           "RestApiId StageName",
		"AWS::ApiGateway::Stage":                "",
		"AWS::ApiGateway::DomainName":           "DomainName EndpointConfiguration SecurityPolicy",
		"AWS::ApiGateway::BasePathMapping":      "",
		"AWS::ApiGateway::BasePathMappingV2":    "",
		"AWS::ApiGatewayV2::DomainName":         "DomainName",
		"AWS::ApiGatewayV2::ApiMapping":         "",
		"AWS::ApiGateway::UsagePlan":            "ApiStages",
		"AWS::ApiGateway::ApiKey":               "",
		"AWS::ApiGateway::UsagePlanKey":         "",
		"AWS::Lambda::Alias":                    "",
		"AWS::Lambda::Url":                      "",
		"AWS::Lambda::Function":                 "FunctionName Handler Runtime MemorySize Timeout Environment Architectures Layers PackageType ImageConfig Code Role",
		"AWS::Lambda::Permission":               "",
		"AWS::StepFunctions::StateMachine":      "RoleArn StateMachineName StateMachineType",
		"AWS::CloudFormation::Stack":            "TemplateURL Parameters",
		"AWS::StepFunctions::StateMachineAlias": "Name",
	}
)

// projected is what is compared of a template: the names, types and conditions of all resources, the properties of those
// that matter here, conditions and outputs; without digests, tags, and orders that mean nothing.
func projected(t *testing.T, root map[string]any, file string) map[string]any {
	t.Helper()
	text, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	for id, v := range object(root["Resources"]) {
		switch object(v)["Type"] {
		case "AWS::ApiGateway::Deployment", "AWS::Lambda::Version", "AWS::Lambda::LayerVersion":
			if m := hashed.FindStringSubmatch(id); m != nil {
				text = bytes.ReplaceAll(text, []byte(`"`+id+`"`), []byte(`"`+m[1]+`"`))
				text = bytes.ReplaceAll(text, []byte(`{`+id+`}`), []byte(`{`+m[1]+`}`))
			}
		}
	}
	text = bytes.ReplaceAll(text, []byte("${AWS::Partition}"), []byte("aws"))
	decode(t, text, &root)
	// SAM knows defaults of parameters, and puts them in here and there.
	inner(root, "Parameters")["AWS::Region"] = map[string]any{"Default": "us-east-1"}
	root = (&sam{root: root}).decidedIn(root).(map[string]any)
	resources := map[string]any{}
	for id, v := range object(root["Resources"]) {
		r := object(v)
		typ, _ := r["Type"].(string)
		one := map[string]any{"Type": typ}
		take(one, r, "Condition DependsOn")
		p := object(r["Properties"])
		names, compared := ofTypes[typ]
		switch typ {
		case "AWS::Lambda::Function":
			// A Zip function's code is in a bucket, or in its metadata; so says the translator's "local" bucket.
			if code := object(p["Code"]); code["ImageUri"] != nil || p["PackageType"] == "Image" {
				delete(p, "Code")
			} else if code["S3Bucket"] == "local" {
				p["Code"] = cmp.Or(scalar(code["S3Key"]), ".")
			} else if path := object(r["Metadata"])["aws:asset:path"]; p["Code"] == nil {
				p["Code"] = path
			}
		case "AWS::ApiGateway::RestApi":
			if at := object(p["BodyS3Location"]); at["Bucket"] == "local" {
				if text, err := beside(file)(scalar(at["Key"])); err == nil {
					if p["Body"], err = ReadText("a.yaml", text, nil); err != nil {
						t.Fatal(err)
					}
					delete(p, "BodyS3Location")
				} else {
					p["BodyS3Location"] = at["Key"]
				}
			}
			policyOrder(object(p["Body"]))
		case "AWS::Lambda::Permission":
			// Those of HTTP APIs are not made, and those of other events only in name.
			api := object(second(object(p["SourceArn"])["Fn::Sub"])["__ApiId__"])["Ref"]
			if typ := object(object(root["Resources"])[scalar(api)])["Type"]; typ == "AWS::ApiGatewayV2::Api" {
				if strings.HasSuffix(id, "AuthorizerPermission") {
					continue
				}
				p = nil
			} else if p["Principal"] != "apigateway.amazonaws.com" && p["Principal"] != "*" {
				p = nil
			}
		case "AWS::Serverless::Connector", "AWS::IAM::ManagedPolicy",
			"AWS::Serverless::CapacityProvider", "AWS::Lambda::CapacityProvider":
			continue // which have nothing to do with APIs
		case "AWS::ApiGatewayV2::Api": // what decides nothing about CORS is left out
			body := object(p["Body"])
			for _, name := range []string{"tags", "info", "servers"} {
				delete(body, name)
			}
			eachOperation(body, func(_ string, op map[string]any) { delete(op, "parameters") })
		case "AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion":
			one["Type"] = "a layer"
		}
		if _, ours := p["Condition"]; !ours && strings.HasPrefix(scalar(one["Condition"]), "SharedUsagePlan") {
			delete(one, "Condition")
		}
		if compared {
			if names == "" {
				names = strings.Join(slices.Collect(maps.Keys(p)), " ")
			}
			kept := map[string]any{}
			take(kept, p, names)
			delete(kept, "Tags")
			one["Properties"] = simplified(kept)
		}
		if typ == "AWS::ApiGateway::UsagePlan" || typ == "AWS::ApiGateway::ApiKey" || typ == "AWS::ApiGateway::UsagePlanKey" || typ == "AWS::Lambda::EventInvokeConfig" {
			delete(one, "DependsOn")
		}
		resources[id] = one
	}
	conditions := object(root["Conditions"])
	delete(conditions, "SharedUsagePlanCondition")
	return map[string]any{"Resources": resources, "Outputs": simplified(object(root["Outputs"])), "Conditions": conditions}
}

// second is the second of a list, if it is an object.
func second(v any) map[string]any {
	if l := asList(v); len(l) > 1 {
		return object(l[1])
	}
	return nil
}

// policyOrder sorts a document's policy, whose order means nothing.
func policyOrder(body map[string]any) {
	policy := object(body[policyKey])
	if len(policy) == 0 {
		delete(body, policyKey)
		return
	}
	statements := slices.Clone(listed(policy["Statement"]))
	for _, s := range statements {
		if resources, ok := object(s)["Resource"].([]any); ok {
			slices.SortFunc(resources, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	slices.SortFunc(statements, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	policy["Statement"] = statements
}

// simplified takes the Fn::Sub from a text that has nothing to substitute, and one of two schemas around a header: SAM writes
// more than one if it goes over a document again.
func simplified(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if text, ok := v["Fn::Sub"].(string); ok && !strings.Contains(text, "${") {
			return text
		}
		if schema, ok := v["schema"].(map[string]any); ok && schema["schema"] != nil {
			return simplified(schema)
		}
		for k, e := range v {
			v[k] = simplified(e)
		}
	case []any:
		for i, e := range v {
			v[i] = simplified(e)
		}
	}
	return v
}

// compared lists the places where two values differ.
func compared(at string, got, want any) []string {
	g, ok1 := got.(map[string]any)
	w, ok2 := want.(map[string]any)
	if !ok1 || !ok2 {
		if reflect.DeepEqual(got, want) {
			return nil
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		return []string{fmt.Sprintf("%s: %s, want %s", at, a, b)}
	}
	var out []string
	all := maps.Clone(w)
	maps.Copy(all, g)
	for _, k := range slices.Sorted(maps.Keys(all)) {
		out = append(out, compared(at+"/"+k, g[k], w[k])...)
	}
	return out
}
