package corsheader

import (
	"slices"
	"testing"
)

func TestIs(t *testing.T) {
	for name, want := range map[string]bool{
		AllowOrigin: true, "access-control-allow-origin": true, " Access-Control-Max-Age\t": true,
		"Access-Control-Allow-Private-Network": true, "access-control-": true,
		RequestMethod: false, "access-control-request-headers": false, "Access-Control": false, Vary: false, "X-Access-Control-Allow-Origin": false,
	} {
		if got := Is(name); got != want {
			t.Errorf("Is(%q) = %v", name, got)
		}
	}
	for name, want := range map[string]bool{"Vary": true, "vary ": true, "Varying": false, "": false} {
		if got := IsVary(name); got != want {
			t.Errorf("IsVary(%q) = %v", name, got)
		}
	}
}

func TestList(t *testing.T) {
	for value, want := range map[string][]string{"": nil, " ,": nil, "a": {"a"}, "a, b ,,c": {"a", "b", "c"}} {
		if got := List(value); !slices.Equal(got, want) {
			t.Errorf("List(%q) = %q", value, got)
		}
	}
}

func TestMergeVary(t *testing.T) {
	for _, tt := range []struct {
		values []string
		want   string
	}{
		{[]string{"Origin"}, "Origin"},
		{[]string{"", "Origin"}, "Origin"},
		{[]string{"Accept", "Origin"}, "Accept, Origin"},
		{[]string{"accept,ORIGIN", "Accept", "Origin"}, "accept, ORIGIN"},
		{[]string{"Accept, *", "Origin"}, "*"},
		{nil, ""},
	} {
		if got := MergeVary(tt.values...); got != tt.want {
			t.Errorf("MergeVary(%q) = %q, want %q", tt.values, got, tt.want)
		}
	}
}

func TestVariesByOrigin(t *testing.T) {
	for value, want := range map[string]bool{"Origin": true, "accept, origin": true, "*": true, "Accept, *": true, "": false, "Accept": false, "X-Origin": false, "Origin-X": false} {
		if got := VariesByOrigin(value); got != want {
			t.Errorf("VariesByOrigin(%q) = %v", value, got)
		}
	}
}
