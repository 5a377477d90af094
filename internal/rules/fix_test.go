package rules

import (
	"go/format"
	"strings"
	"testing"
)

// TestFillFits holds that a fix with many headers is formatted Go that fits a terminal.
func TestFillFits(t *testing.T) {
	for _, headers := range [][]string{{"content-type"}, {"authorization", "content-type", "x-a"}, {"authorization", "content-type", "x-api-key", "x-amz-date", "x-amz-security-token", "x-amz-user-agent"}} {
		text := CORS113.Rule().Fix.Fill("https://www.example.com", nil, headers).Go
		formatted, err := format.Source([]byte(text))
		if err != nil || string(formatted) != text {
			t.Errorf("%v, got\n%s\nwant\n%s", err, text, formatted)
		}
		for line := range strings.Lines(text) { // printed after four blanks, which the first tab takes in
			if n := max(len(line)+3, len(strings.ReplaceAll(line, "\t", "        "))-1); n > 80 {
				t.Errorf("%d columns: %s", n, line)
			}
		}
		for _, h := range headers {
			if strings.Count(text, `"`+h+`"`) != 1 {
				t.Errorf("without %s:\n%s", h, text)
			}
		}
	}
}

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
