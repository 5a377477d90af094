package emit

import "testing"

// However many sets of variables there are, a bounded number is kept; the
// newest are.
func TestPoliciesAreBounded(t *testing.T) {
	var p policies
	for i := range 3 * maxPolicies {
		vars := map[string]string{"corsOrigins": "https://a.example.com", "n": string(rune('A' + i))}
		if _, fresh := p.get(vars); !fresh {
			t.Errorf("set %d was known", i)
		}
		c, fresh := p.get(vars)
		if fresh || c.err != nil || !c.policy.Match("https://a.example.com") {
			t.Errorf("set %d: %+v, compiled again: %v", i, c, fresh)
		}
		vars["corsOrigins"] = "~" // the caller's map is its own
		if c, fresh := p.get(map[string]string{"corsOrigins": "https://a.example.com", "n": string(rune('A' + i))}); fresh || c.policy.AnyOrigin() {
			t.Errorf("set %d changed with its map", i)
		}
	}
	if n := len(*p.known.Load()); n != maxPolicies {
		t.Errorf("%d are kept", n)
	}
}
