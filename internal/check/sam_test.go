package check

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// TestTransformed holds that a template of SAM is judged as what SAM makes of it is.
func TestTransformed(t *testing.T) {
	sources, err := filepath.Glob("testdata/sam/*.yaml")
	if err != nil || len(sources) == 0 {
		t.Fatal("no templates", err)
	}
	for _, source := range sources {
		t.Run(strings.TrimSuffix(filepath.Base(source), ".yaml"), func(t *testing.T) {
			before, after := judged(t, source), judged(t, strings.TrimSuffix(source, ".yaml")+".transformed.json")
			if before == "" {
				t.Error("nothing is found")
			}
			if before != after {
				t.Errorf("the source:\n%s\ntransformed:\n%s", before, after)
			}
		})
	}
}

// judged lists what is found in a file, and for which origins its APIs are. SAM gives an API without an OpenApiVersion a
// second stage, Stage, and logical ids of functions' resources that are not the source's.
func judged(t *testing.T, file string) string {
	t.Helper()
	rep := Check(open(t, file), nil, nil)
	var lines []string
	for _, f := range rep.Findings {
		lines = append(lines, fmt.Sprintf("%s %s %s %s %s: %s\n", f.Rule, f.API, f.LogicalID, f.Method, f.Path, f.Detail))
	}
	for _, c := range rep.Checked {
		if c.Stage != "Stage" {
			lines = append(lines, fmt.Sprintf("%s %s, %d routes, for %s\n", c.API, c.Stage, c.Routes, c.Allowlist))
		}
	}
	slices.Sort(lines)
	return strings.Join(append(lines, rep.Crashed...), "")
}

// TestLines holds that what is found of what SAM makes has the line of the event, or of the API, that it makes it for.
func TestLines(t *testing.T) {
	const text = `Transform: AWS::Serverless-2016-10-31
Globals: {Api: {Cors: {AllowOrigin: "'https://app.example.com'", AllowMethods: "'GET'"}}}
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: "exports.handler = async () => ({})"
      Events:
        List: {Type: Api, Properties: {Path: /items, Method: get}}
        Any:
          Type: Api
          Properties: {Path: /all, Method: any, RestApiId: !Ref Api}
        Put:
          Type: Api
          Properties: {Path: /items, Method: put}
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: v1, Auth: {DefaultAuthorizer: AWS_IAM}}}
`
	app, err := cfn.Parse("t.yaml", []byte(text), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"CORS110 OPTIONS /items": 11, "CORS102 OPTIONS /all": 18, "CORS210 GET /items": 4}
	got := map[string]int{}
	for _, f := range Check(app, nil, nil).Findings {
		if key := fmt.Sprint(f.Rule, " ", f.Method, " ", f.Path); want[key] != 0 {
			got[key] = f.Line
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v\n%s", got, want, listing(Check(app, nil, nil)))
	}
	for _, api := range app.RestAPIs() {
		if api.ID == "Api" && api.RouteLine("ANY", "/all") != 12 || api.ID == "ServerlessRestApi" && (api.RouteLine("put", "/items") != 15 || api.RouteLine("GET", "/nothing") != 0) {
			t.Errorf("%s: %d, %d", api.ID, api.RouteLine("ANY", "/all"), api.RouteLine("put", "/items"))
		}
	}
}
