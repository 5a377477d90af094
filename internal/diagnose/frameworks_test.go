package diagnose

import (
	"bytes"
	"maps"
	"os"
	"testing"
)

// TestFrameworks holds what is found in what the frameworks make, and that nothing else is.
func TestFrameworks(t *testing.T) {
	for file, want := range map[string]map[string]int{
		// The preflight alone gets headers, and /health, a mock, has none. The root's OPTIONS answers for no method.
		"../../test/templates/cdk-any-origin.template.json":    {"CORS107": 3, "CORS208": 1, "CORS301": 1, "CORS302": 1},
		"../../test/templates/cdk-one-origin.template.json":    {"CORS107": 3, "CORS208": 1, "CORS301": 1, "CORS302": 1},
		"../../test/templates/cdk-three-origins.template.json": {"CORS107": 3, "CORS113": 3, "CORS208": 1, "CORS301": 1, "CORS302": 1},
		// The first origin is for everyone, $input.params reads the query string, there is no Vary.
		"testdata/frameworks/serverless-3.yaml": {"CORS107": 1, "CORS113": 1, "CORS114": 1, "CORS207": 1, "CORS301": 1, "CORS302": 1},
		"testdata/frameworks/sam-1.yaml":        {"CORS107": 2, "CORS301": 1, "CORS302": 1},
		"testdata/frameworks/chalice-1.yaml":    {"CORS107": 1, "CORS301": 1, "CORS302": 1},
	} {
		rep := Check([]*Document{parse(t, file)}, nil, nil)
		if got := ids(rep); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v\n%s", file, got, want, listing(rep))
		}
	}
}

// TestServerlessAuthorizer holds that the default authorizer, which SAM adds to OPTIONS unless told otherwise, is found.
func TestServerlessAuthorizer(t *testing.T) {
	b, err := os.ReadFile("testdata/frameworks/sam-1.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d, err := ParseDocument("t.yaml", bytes.Replace(b, []byte("AddDefaultAuthorizerToCorsPreflight: false"), []byte("Default: x"), 1))
	if err != nil {
		t.Fatal(err)
	}
	if rep := Check([]*Document{d}, nil, nil); ids(rep)["CORS102"] != 2 {
		t.Error(listing(rep))
	}
}
