package check

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/testkit/faults"
)

// tree reads YAML into what a template is made of.
func tree(t testing.TB, text string) map[string]any {
	t.Helper()
	v, err := cfn.ReadText("t.yaml", []byte(text), nil)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	root, _ := v.(map[string]any)
	return root
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
func checkTree(t testing.TB, root any) *report.Report {
	t.Helper()
	b, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	d, err := cfn.Parse("t.json", b, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Check(d, nil, nil)
}

func listing(r *report.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s %s %s: %s\n", f.Rule, f.LogicalID, f.Method, f.Path, f.Detail)
	}
	for _, l := range r.NotJudged {
		fmt.Fprintf(&b, "not judged: %s\n", l)
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

// TestFixtures holds that each rule finds its fault, that it alone does, and that nothing is found where it is fixed.
func TestFixtures(t *testing.T) {
	base := tree(t, cleanText(t))
	for _, r := range rules.All() {
		if r.Command != "check" {
			continue
		}
		t.Run(string(r.ID), func(t *testing.T) {
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

// TestChecks holds that each rule of the command has something that decides it, and that it is the command's.
func TestChecks(t *testing.T) {
	for _, r := range rules.All() {
		// Suppressions, and what CloudFormation refuses, are found beside the views.
		want := r.Command == "check" && r.ID < rules.CORS901 && r.ID != rules.CORS409
		if got := checks[r.ID] != nil; got != want {
			t.Errorf("%s, of corsgate %s, is decided here: %v", r.ID, r.Command, got)
		}
	}
}

func TestCrash(t *testing.T) {
	panics := map[rules.ID]checker{rules.CORS101: func(*View, reporter) { panic("oh") }}
	d := open(t, "testdata/clean.yaml")
	rep := check("check", panics, d, nil, nil, nil)
	if want := []string{"CORS101 crashed on testdata/clean.yaml, API Api: oh"}; !slices.Equal(rep.Crashed, want) {
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

// TestNotFound holds what is not a fault, each a change to the clean template.
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
	d, err := cfn.Parse("shop.template.json", b, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rep := Check(d, nil, []report.Suppression{{ID: "CORS208", Reason: "meant", Stack: "another"}})
	var got []rules.ID
	for _, f := range rep.Findings {
		got = append(got, f.Rule)
	}
	if want := []rules.ID{"CORS208", "CORS301", "CORS901", "CORS117"}; !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) || got[0] != want[0] || got[3] != want[3] {
		t.Errorf("found %q, want %q", got, want)
	}
	if worst, ok := rep.Worst(); !ok || worst != rules.Error {
		t.Errorf("the worst is %q", worst)
	}
}
