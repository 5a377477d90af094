package check

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/corsgate/corsgate/internal/testkit/faults"
)

var update = flag.Bool("update", false, "write the pages of the rules anew")

// tree reads YAML into what a template is made of.
func tree(t testing.TB, text string) map[string]any {
	t.Helper()
	d := &Document{lines: map[string]int{}}
	if err := d.parseYAML([]byte(text)); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return d.root
}

func cleanText(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/clean.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// checkTree checks a template that is in memory.
func checkTree(t testing.TB, root any) *Report {
	t.Helper()
	b, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	d, err := ParseDocument("t.json", b)
	if err != nil {
		t.Fatal(err)
	}
	return Check([]*Document{d}, nil, nil)
}

func listing(r *Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s %s %s: %s\n", f.Rule, f.LogicalID, f.Method, f.Path, f.Detail)
	}
	for _, c := range r.Crashed {
		fmt.Fprintln(&b, c)
	}
	return b.String()
}

func TestClean(t *testing.T) {
	if got := listing(checkTree(t, tree(t, cleanText(t)))); got != "" {
		t.Error(got)
	}
}

// TestFixtures holds that each rule finds its fault, that it alone does, and that nothing is found where it is cured.
func TestFixtures(t *testing.T) {
	base := tree(t, cleanText(t))
	for _, r := range rulesOf("check") {
		t.Run(r.ID, func(t *testing.T) {
			before := checkTree(t, faults.Merge(base, tree(t, r.Before)))
			if got := ids(before); got[r.ID] == 0 || len(got) != 1 || len(before.Crashed) > 0 {
				t.Errorf("before:\n%s", listing(before))
			}
			if got := listing(checkTree(t, faults.Merge(base, tree(t, r.After)))); got != "" {
				t.Errorf("after:\n%s", got)
			}
		})
	}
}

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules() {
		if seen[r.ID] || !regexp.MustCompile(`^CORS[1-9][0-9]{2}$`).MatchString(r.ID) {
			t.Errorf("id %q", r.ID)
		}
		seen[r.ID] = true
		if r.Title == "" || r.Why == "" || r.Cure.Go == "" || r.Cure.CloudFormation == "" || r.Before == "" || r.After == "" || len(r.Source) == 0 || (r.check == nil) == (r.Command == "check") {
			t.Errorf("%s is not documented", r.ID)
		}
		// What can be pasted fits a terminal, but for properties with long names, and is in gofmt's style; TestCures has it
		// compiled.
		for _, line := range strings.Split(r.Cure.Go+"\n"+r.Cure.CloudFormation, "\n") {
			if !strings.Contains(line, "header.Access-Control-") && len(strings.ReplaceAll(line, "\t", "    ")) > 76 {
				t.Errorf("%s: the cure is wider than 80 columns: %s", r.ID, line)
			}
		}
		body := "package p\n\nfunc _() {\n\t" + strings.ReplaceAll(r.Cure.Go, "\n", "\n\t") + "\n}\n"
		if text, err := format.Source([]byte(body)); err != nil || string(text) != body {
			t.Errorf("%s: the cure in Go: %v\n%s", r.ID, err, text)
		}
		var cure any
		if err := yaml.Unmarshal([]byte(r.Cure.CloudFormation), &cure); err != nil {
			t.Errorf("%s: the cure in CloudFormation: %v", r.ID, err)
		}
		if rank(r.Severity) < 0 {
			t.Errorf("%s: severity %q", r.ID, r.Severity)
		}
	}
}

// TestPages holds that docs/rules says what the rules say; -update writes it.
func TestPages(t *testing.T) {
	dir := "../../docs/rules"
	want := map[string]string{"README.md": Index()}
	for _, r := range Rules() {
		want[r.ID+".md"] = r.Page()
	}
	if *update {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		for _, name := range sortedKeys(want) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(want[name]), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	var names []string
	for _, f := range files {
		name := filepath.Base(f)
		names = append(names, name)
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if want[name] == "" {
			t.Errorf("%s is of no rule", f)
		} else if string(b) != want[name] {
			t.Errorf("%s is not what the rule says; go test ./internal/check -update", f)
		}
	}
	for name := range want {
		if !slices.Contains(names, name) {
			t.Errorf("%s/%s is missing; go test ./internal/check -update", dir, name)
		}
	}
}

func TestCrash(t *testing.T) {
	rule := Rule{ID: "CORS999", check: func(*View, reporter) { panic("oh") }}
	d := parse(t, "testdata/clean.yaml")
	rep := check("check", []Rule{rule}, []*Document{d}, nil, nil, nil)
	if want := []string{"CORS999 crashed on testdata/clean.yaml, API Api: oh"}; !slices.Equal(rep.Crashed, want) {
		t.Errorf("crashed: %q", rep.Crashed)
	}
}

func TestSuppress(t *testing.T) {
	change := `Resources:
  ItemsOptions: {Properties: {ApiKeyRequired: true}, Metadata: {corsgate: {suppress: [{id: CORS103, reason: "only servers put items"}]}}}`
	rep := checkTree(t, faults.Merge(tree(t, cleanText(t)), tree(t, change)))
	if got := listing(rep); got != "" || len(rep.Suppressed) != 1 || rep.Suppressed[0].Suppressed != "only servers put items" {
		t.Errorf("%s\n%v", got, rep.Suppressed)
	}
}

// TestNotFound holds what is no fault, each a change to the clean template.
func TestNotFound(t *testing.T) {
	for name, change := range map[string]string{
		"the deployment waits through a resource and a reference": `Resources:
  ItemsGet: {DependsOn: Errors4xx}
  Deployment: {DependsOn: [ItemsGet, ItemsPut, ItemsOptions, StatusGet, StatusOptions], Properties: {Description: {"Fn::Sub": "with ${Errors5xx}"}}}`,
		"another deployment, which no stage serves":  `Resources: {Old: {Type: "AWS::ApiGateway::Deployment", DependsOn: [ItemsGet], Properties: {RestApiId: {Ref: Api}}}}`,
		"a policy for all but one path":              `Resources: {Api: {Properties: {Policy: {Statement: [{Effect: Allow, Principal: "*", NotAction: "execute-api:ManageConnections", NotResource: "execute-api:/*/*/admin"}]}}}}`,
		"a policy that denies under a condition":     `Resources: {Api: {Properties: {Policy: {Statement: [{Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: "*"}, {Effect: Deny, Principal: "*", Action: "execute-api:Invoke", Resource: "*", Condition: {NotIpAddress: {"aws:SourceIp": ["192.0.2.0/24"]}}}]}}}}`,
		"credentials that are not allowed":           `Resources: {ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: "'false'"}}}, MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Credentials: true}}}}}`,
		"what customising has no effect on":          `Resources: {TooLarge: {Type: "AWS::ApiGateway::GatewayResponse", Properties: {RestApiId: {Ref: Api}, ResponseType: REQUEST_TOO_LARGE}}, Deployment: {DependsOn: [ItemsGet, ItemsPut, ItemsOptions, StatusGet, StatusOptions, Errors4xx, Errors5xx, TooLarge]}}`,
		"an ANY whose preflight names a few methods": `Resources: {ItemsPut: null, ItemsGet: {Properties: {HttpMethod: ANY}}, ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Allow-Methods: "'GET,DELETE'"}}}}}, Deployment: {DependsOn: [ItemsGet, ItemsOptions, StatusGet, StatusOptions, Errors4xx, Errors5xx]}}`,
		"a cache that leaves a route out":            `Resources: {Stage: {Properties: {CacheClusterEnabled: true, MethodSettings: [{ResourcePath: /items, HttpMethod: GET, CachingEnabled: false}, {ResourcePath: "/*", HttpMethod: "*", CachingEnabled: true}]}}}`,
		"an error's origin that deployment knows":    `Resources: {Errors4xx: {Properties: {ResponseParameters: {gatewayresponse.header.Access-Control-Allow-Origin: {"Fn::Join": ["", ["'https://", {"Fn::GetAtt": [Site, DomainName]}, "'"]]}}}}, Site: {Type: "AWS::CloudFront::Distribution"}}`,
		"the cache of another stage":                 `Resources: {Dev: {Type: "AWS::ApiGateway::Stage", Properties: {RestApiId: {Ref: Api}, DeploymentId: {Ref: Deployment}, StageName: dev, CacheClusterEnabled: true}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if got := listing(checkTree(t, faults.Merge(tree(t, cleanText(t)), tree(t, change)))); got != "" {
				t.Error(got)
			}
		})
	}
}

// TestWorst holds that the worst finding is the first, since the exit status is by it, and that a suppression of another
// stack suppresses nothing.
func TestWorst(t *testing.T) {
	change := `Resources:
  Errors4xx: null
  Errors5xx: null
  ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Max-Age: "'86400'"}}}}}
  StatusGet: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: null}}, MethodResponses: {ResponseParameters: null}}}`
	b, err := json.Marshal(faults.Merge(tree(t, cleanText(t)), tree(t, change)))
	if err != nil {
		t.Fatal(err)
	}
	d, err := ParseDocument("shop.template.json", b)
	if err != nil {
		t.Fatal(err)
	}
	rep := Check([]*Document{d}, nil, []Suppression{{ID: "CORS208", Reason: "meant", Stack: "another"}})
	var got []string
	for _, f := range rep.Findings {
		got = append(got, f.Rule)
	}
	if want := []string{"CORS208", "CORS301", "CORS302", "CORS901", "CORS117"}; !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) || got[0] != want[0] || got[4] != want[4] {
		t.Errorf("found %q, want %q", got, want)
	}
	if worst, ok := rep.Worst(); !ok || worst != Error {
		t.Errorf("the worst is %q", worst)
	}
}
