package simulate

import "testing"

// A pattern that Go's engine does not have is matched, too.
func TestApply(t *testing.T) {
	for _, tt := range []struct {
		op, one, other string
		result, ok     bool
	}{
		{"matches", "abc", "[a-z]+", true, true},
		{"matches", "abc", "(?!x)[a-z]+", true, true},
		{"matches", "xyz", "(?!x)[a-z]+", false, true},
		{"matches", "a", "(", false, false},
		{"contains", "abc", "b", true, true},
		{"other", "abc", "b", false, false},
	} {
		if result, ok := apply(tt.op, []string{tt.one, tt.other}); result != tt.result || ok != tt.ok {
			t.Errorf("%+v: %v, %v", tt, result, ok)
		}
	}
}
