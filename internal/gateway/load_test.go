package gateway

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// open writes templates to a folder and reads them as one app.
func open(t *testing.T, files map[string]string) *cfn.App {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	app, err := cfn.Open([]string{dir}, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// TestAcrossStacks holds that what other templates add to an API is the API's, a function of another stack included.
func TestAcrossStacks(t *testing.T) {
	ok := mock(`{"statusCode": 200}`, `{"StatusCode": "200"}`)
	const api = `{"Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "t"}}%s},
		"Outputs": {"Id": {"Value": {"Ref": "Api"}, "Export": {"Name": "id"}}, "Root": {"Value": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "Export": {"Name": "root"}}}}`
	routes := strings.NewReplacer(`{"Ref": "Api"}`, `{"Fn::ImportValue": "id"}`, `{"Fn::GetAtt": ["Api", "RootResourceId"]}`, `{"Fn::ImportValue": "root"}`).Replace(
		`{"Resources": {` + res("A", "", "a") + "," + method("Get", "A", "GET", ok) + "," +
			method("Call", "A", "PUT", `"Integration": {"Type": "AWS_PROXY", "Uri": {"Fn::Sub": ["arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${f}/invocations", {"f": {"Fn::ImportValue": "fn"}}]}}`) + `,
			"Prod": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "live", "Variables": {"v": "1"}}}}}`)
	functions := `{"Resources": {"Fn": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "named"}}}, "Outputs": {"Fn": {"Value": {"Fn::GetAtt": ["Fn", "Arn"]}, "Export": {"Name": "fn"}}}}`
	app := open(t, map[string]string{"api.json": strings.Replace(api, "%s", "", 1), "routes.json": routes, "functions.json": functions})
	a, err := Load(app, Options{})
	if err != nil || len(a.Problems)+len(a.Elsewhere) > 0 || a.Stage != "live" || a.Variables["v"] != "1" {
		t.Fatalf("%v %+v", err, a)
	}
	var called Function
	be := fake{invoke: func(fn Function, _ []byte) ([]byte, error) {
		called = fn
		return []byte(`{}`), nil
	}}
	for _, verb := range []string{"GET", "PUT"} {
		if r := a.Serve(context.Background(), &Request{Method: verb, Path: "/a"}, be); r.Status != 200 {
			t.Errorf("%s: %d %s", verb, r.Status, r.Body)
		}
	}
	if called.LogicalID != "Fn" || called.Name != "named" || !slices.Equal(a.Functions(), []string{"Fn"}) {
		t.Errorf("called %+v of %v", called, a.Functions())
	}

	// The API's template alone does not have the routes, and says so; a second API of the same id is chosen by its stack.
	alone := open(t, map[string]string{"api.json": strings.Replace(api, "%s", "", 1), "more.json": tplText(method("M", "", "GET", ok))})
	if got := ids(APIs(alone)); !slices.Equal(got, []string{"api/Api", "more/Api"}) {
		t.Errorf("the APIs are %v", got)
	}
	if _, err := Load(alone, Options{API: "Api"}); err == nil {
		t.Error("Api is one of two")
	}
	a, err = Load(alone, Options{API: "api/Api"})
	if err != nil {
		t.Fatal(err)
	}
	if r := a.Serve(context.Background(), &Request{Method: "GET", Path: "/a"}, nil); r.Status != 502 || !strings.Contains(string(r.Body), "may have /a elsewhere") {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	if a, err := Load(alone, Options{API: "more/Api", Stage: "prod"}); err != nil || a.Find("/").Method("GET") == nil {
		t.Errorf("%v %v", a, err)
	}
}

func tplText(resources string) string { return string(tpl(resources, "")) }

func ids(choices []Choice) []string {
	var out []string
	for _, c := range choices {
		out = append(out, c.ID)
	}
	return out
}

// TestStageNameKnownAtDeployment holds that such a stage is chosen by its expression.
func TestStageNameKnownAtDeployment(t *testing.T) {
	app, err := cfn.Parse("t.json", []byte(`{"Parameters": {"Env": {"Type": "String"}}, "Resources": {"A": {"Type": "AWS::ApiGateway::RestApi"},
		"S": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "A"}, "StageName": {"Ref": "Env"}, "Variables": {"v": "1"}}},
		"T": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "A"}, "StageName": "beta"}}}}`), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	names, err := Stages(app, Options{})
	if err != nil || !slices.Equal(names, []string{"${Env}", "beta"}) {
		t.Errorf("%v %v", names, err)
	}
	if a, err := Load(app, Options{Stage: "${Env}"}); err != nil || a.StageID != "S" || a.Variables["v"] != "1" || app.Show(a.Stage) != "${Env}" {
		t.Errorf("%+v %v", a, err)
	}
}

// TestStray holds that a stage of an API that is not known may be this one's: where it has none of its own, what its variables
// decide is not known.
func TestStray(t *testing.T) {
	ok := method("Get", "", "GET", mock(`{"statusCode": 200}`, `{"StatusCode": "200"}`))
	stray := func(variables string) string {
		return `"Stray": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Fn::ImportValue": "x"}, "StageName": "live"` + variables + `}}`
	}
	const said = "of which API the stage Stray is"
	for name, tt := range map[string]struct {
		stage  string
		status int
	}{
		"the only one":             {stray(`, "Variables": {"v": "1"}`), 502},
		"without variables":        {stray(""), 200},
		"beside one of the API":    {`"Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "prod"}}, ` + stray(`, "Variables": {"v": "1"}`), 200},
		"of an API that is not it": {strings.Replace(stray(`, "Variables": {"v": "1"}`), `{"Fn::ImportValue": "x"}`, `{"Ref": "Other"}`, 1) + `, "Other": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "o"}}`, -200},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := parse(tpl(ok, tt.stage), cfn.Options{}, Options{API: "Api"})
			if err != nil {
				t.Fatal(err)
			}
			want := max(tt.status, -tt.status)
			if r := a.Serve(t.Context(), &Request{Method: "GET", Path: "/"}, nil); r.Status != want {
				t.Errorf("%d %s, want %d", r.Status, r.Body, want)
			}
			if text := strings.Join(a.NotKnown, "; "); strings.Contains(text, said) != (tt.status > 0) {
				t.Errorf("not known: %q", text)
			}
		})
	}
}
