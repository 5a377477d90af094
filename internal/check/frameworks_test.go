package check

import (
	"maps"
	"testing"

	"github.com/corsgate/corsgate/internal/rules"
)

// TestFrameworks holds what is found in what the frameworks make, and that nothing else is.
func TestFrameworks(t *testing.T) {
	for file, want := range map[string]map[rules.ID]int{
		// The preflight alone gets headers, and /health, a mock, has none. The root's OPTIONS responds for no method.
		"../../test/templates/cdk-any-origin.template.json":    {"CORS107": 1, "CORS208": 1, "CORS210": 1, "CORS301": 1},
		"../../test/templates/cdk-one-origin.template.json":    {"CORS107": 1, "CORS208": 1, "CORS210": 1, "CORS301": 1},
		"../../test/templates/cdk-three-origins.template.json": {"CORS107": 1, "CORS113": 1, "CORS208": 1, "CORS210": 1, "CORS301": 1},
		// Of /orders, the first origin is for everyone, $input.params reads the query string, and there is no Vary. The path
		// without cors has no OPTIONS.
		"testdata/frameworks/serverless-3.40.0.json": {"CORS107": 1, "CORS113": 1, "CORS114": 1, "CORS117": 1, "CORS119": 1, "CORS207": 1, "CORS301": 1},
		"testdata/frameworks/chalice-1.34.0.yaml":    {"CORS107": 1, "CORS301": 1},
		// The default authorizer is put on OPTIONS, too, unless SAM is told otherwise.
		"testdata/sam/auth-default.yaml": {"CORS102": 1, "CORS301": 1},
		"testdata/sam/cors-string.yaml":  {"CORS301": 1},
	} {
		rep := Check(open(t, file), nil, nil)
		if got := ids(rep); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v\n%s", file, got, want, listing(rep))
		}
	}
}
