package diff

import (
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// A stage variable that a condition decides is told in the case in which it changes, whichever that is: the methods are
// the same in all of them.
func TestConditionalVariable(t *testing.T) {
	with := func(prod, other string) *cfn.App {
		d := &drawing{parameters: map[string]object{"Kind": {"Type": "String"}}, variables: object{},
			conditions: map[string]any{"C1": object{"Fn::Equals": []any{ref("Kind"), "prod"}}},
			elements:   []any{either("C1", prod, other)},
			routes:     []*drawnRoute{{part: "a", method: "GET", auth: "NONE", allowHeaders: "'x-a'", status: "200"}}}
		app, err := d.open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		return app
	}
	const a, b, evil = "https://a.example.com", "https://b.example.com", "https://evil.example"
	for _, tt := range []struct {
		now  *cfn.App
		want string
	}{{with(evil, b), "If C1 is true"}, {with(a, evil), "If C1 is false"}} {
		results, err := Apps(t.Context(), with(a, b), tt.now, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := Text(&out, results, Found{}); err != nil {
			t.Fatal(err)
		}
		if got := unwrapped(out.String()); !strings.Contains(got, tt.want) || !strings.Contains(got, "Pages of "+evil+" may now use the API") {
			t.Errorf("want %s, got\n%s", tt.want, got)
		}
	}
}
