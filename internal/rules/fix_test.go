package rules

import "testing"

// TestAnd holds that the fixes of two places are one text, whose keys stand once.
func TestAnd(t *testing.T) {
	a := Fix{Go: "enable", OpenAPI: "paths:\n  /a:\n    options:\n      security: []", TypeScript: "const a = 1;"}
	b := Fix{Go: "other", OpenAPI: "paths:\n  /b:\n    options:\n      security: []", TypeScript: "const b = 1;"}
	want := Fix{Go: "enable", OpenAPI: "paths:\n  /a:\n    options:\n      security: []\n  /b:\n    options:\n      security: []", TypeScript: "const a = 1;\nconst b = 1;"}
	if got := a.And(b); got != want {
		t.Errorf("%+v", got)
	}
	if got := want.And(a); got.OpenAPI == "" || a.And(a) != a {
		t.Errorf("%+v, %+v", got, a.And(a))
	}
	if got := a.Likewise(2); got.OpenAPI != a.OpenAPI+"\n# and likewise for 2 more" || got.TypeScript != "const a = 1;\n// and likewise for 2 more" || got.SAM != "" || got.Go != a.Go {
		t.Errorf("%+v", got)
	}
}
