// Package walls holds who may import whom.
package walls

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/corsgate/corsgate/"

// deps returns all packages that those of a pattern depend on, themselves
// included.
func deps(t *testing.T, pattern string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", module+pattern).Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v", pattern, err)
	}
	return strings.Fields(string(out))
}

func imports(packages []string, prefix string) bool {
	return slices.ContainsFunc(packages, func(p string) bool { return strings.HasPrefix(p, prefix) })
}

func TestWalls(t *testing.T) {
	const (
		cdk    = "github.com/aws/aws-cdk-go/"
		jsii   = "github.com/aws/jsii-runtime-go"
		lambda = "github.com/aws/aws-lambda-go/"
	)
	for _, tt := range []struct {
		pattern string
		must    []string
		mustNot []string
	}{
		// What a Lambda function links, and the tool, compile without the CDK.
		{"constructs/cors", []string{module + "internal/corsheader"}, []string{cdk, jsii, lambda}},
		{"constructs/corslambda", []string{lambda, module + "constructs/cors", module + "internal/corsheader"}, []string{cdk, jsii}},
		{"apps/corswrap", []string{module + "constructs/cors", module + "internal/emit"}, []string{cdk, jsii, lambda}},
		{"constructs/corstest", []string{module + "internal/simulate", module + "internal/browser"}, []string{cdk, jsii, lambda, module + "constructs/corsapi"}},
		{"internal/openapi", []string{module + "internal/plan", module + "internal/cfn"}, []string{cdk, jsii, lambda}},
		// The plan asks what a template overrides, which the template language knows, and what
		// browsers send by themselves; the model of the gateway, which runs APIs, stays out of
		// synthesis.
		{"internal/plan", []string{module + "constructs/cors", module + "internal/apigw", module + "internal/browser", module + "internal/vtl"}, []string{cdk, jsii, lambda, module + "internal/gateway", module + "internal/simulate"}},
		{"internal/render", []string{module + "internal/plan", module + "internal/openapi"}, []string{cdk, jsii, lambda, module + "internal/gateway"}},
		{"internal/vtl", nil, []string{cdk, jsii, lambda, module + "constructs/", module + "internal/gateway"}},
		{"apps/catalog/handler", []string{lambda, module + "constructs/corslambda"}, []string{cdk, jsii}},
		{"internal/browser", []string{module + "internal/corsheader"}, []string{cdk, jsii, lambda, module + "constructs/"}},
		{"internal/gateway", []string{module + "internal/vtl", module + "internal/apigw"}, []string{cdk, jsii, lambda, module + "constructs/"}},
		{"internal/simulate", []string{module + "internal/browser", module + "internal/gateway"}, []string{cdk, jsii, lambda}},
		{"internal/rules", []string{"go.yaml.in/yaml/v3"}, []string{cdk, jsii, lambda, module + "constructs/", module + "internal/check", module + "internal/report", module + "internal/gateway"}},
		{"internal/report", []string{module + "internal/rules"}, []string{cdk, jsii, lambda, module + "constructs/", module + "internal/check", module + "internal/gateway"}},
		{"internal/check", []string{module + "internal/report", module + "internal/simulate", module + "constructs/cors"}, []string{cdk, jsii, lambda}},
		{"internal/inspect/awsread", []string{"github.com/aws/aws-sdk-go-v2/"}, []string{cdk, jsii, lambda, module + "constructs/"}},
		{"internal/logs", []string{module + "internal/inspect/awsread", module + "internal/report"}, []string{cdk, jsii, lambda, module + "internal/check"}},
		{"apps/corsgate", []string{module + "internal/simulate", "github.com/alecthomas/kong"}, []string{cdk, jsii, lambda}},
		// The constructs do not know each other, only the mark.
		{"constructs/corsapi", []string{cdk, jsii, module + "constructs/cors", module + "internal/cdkbridge/paired", module + "internal/plan"}, []string{lambda, module + "internal/check", module + "internal/gateway", module + "constructs/corsfunction", module + "constructs/corslambda"}},
		{"constructs/corscheck", []string{cdk, jsii, module + "internal/check"}, []string{lambda, module + "constructs/corsapi", module + "constructs/corsfunction", module + "constructs/corslambda"}},
		{"constructs/corsapp", []string{cdk, jsii}, []string{lambda, module + "constructs/corsapi", module + "internal/"}},
		{"constructs/corsfunction", []string{cdk, jsii, module + "internal/cdkbridge/paired"}, []string{lambda, module + "constructs/corsapi", module + "constructs/corslambda"}},
		// Whatever imports the CDK starts its kernel; what measures must not.
		{"test/bench", []string{module + "constructs/cors"}, []string{cdk, jsii, lambda}},
		{"apps/catalog", []string{cdk, module + "constructs/corsapi", module + "constructs/corsfunction"}, []string{lambda}},
	} {
		got := deps(t, tt.pattern)
		for _, p := range tt.must {
			if !imports(got, p) {
				t.Errorf("%s does not import %s, so this test looks at nothing", tt.pattern, p)
			}
		}
		for _, p := range tt.mustNot {
			if imports(got, p) {
				t.Errorf("%s imports %s", tt.pattern, p)
			}
		}
	}
}

// TestLeaves holds what packages at the bottom may import of ours. What a Lambda function links is the list of constructs/cors
// and constructs/corslambda.
func TestLeaves(t *testing.T) {
	const header, variables, emit = module + "internal/corsheader", module + "internal/stagevars", module + "internal/emit"
	// What an HTTP API and a function URL take, which a policy is compared with (docs/design/0022). No function links it.
	const setting = module + "internal/corssetting"
	for pattern, may := range map[string][]string{
		"internal/corsheader":   nil,
		"internal/apigw":        nil,
		"internal/cfn":          nil,
		"internal/browser":      {header},
		"internal/stagevars":    nil,
		"internal/corssetting":  {header},
		"constructs/cors":       {header, variables, setting},
		"constructs/corslambda": {header, variables, setting, emit, module + "constructs/cors"},
		"apps/corswrap":         {header, variables, setting, emit, module + "constructs/cors", module + "internal/mark", module + "internal/wrapper"},
	} {
		for _, p := range deps(t, pattern) {
			if strings.HasPrefix(p, module) && p != module+pattern && !slices.Contains(may, p) {
				t.Errorf("%s imports %s", pattern, p)
			}
		}
	}
	// Small enough to be in every Lambda function.
	for _, p := range deps(t, "internal/corsheader") {
		if p == "fmt" || p == "regexp" || p == "net/http" {
			t.Errorf("internal/corsheader imports %s", p)
		}
	}
}
