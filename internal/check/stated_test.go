package check

import (
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

func TestStateEach(t *testing.T) {
	all, err := StateEach([]string{"https://app.example.com"}, map[string][]string{"Orders": {"https://orders.example.com"}, "Shop/Carts": {"https://carts.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	some, err := StateEach(nil, map[string][]string{"Orders": {"https://orders.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	var none *Allowlist
	for _, tt := range []struct {
		list           *Allowlist
		stack, id, has string
	}{
		{all, "Shop", "Orders", "https://orders.example.com"},
		{all, "Shop", "Carts", "https://carts.example.com"},
		{all, "Other", "Carts", "https://app.example.com"},
		{some, "Shop", "Orders", "https://orders.example.com"},
		{some, "Shop", "Carts", ""},
		{none, "Shop", "Orders", ""},
	} {
		got := tt.list.of(&cfn.Resource{Stack: &cfn.Stack{Name: tt.stack}, ID: tt.id})
		if (got == nil) != (tt.has == "") || got != nil && !got.has(tt.has) {
			t.Errorf("%s/%s: %+v, want it to have %q", tt.stack, tt.id, got, tt.has)
		}
	}
	if _, err := StateEach(nil, map[string][]string{"Orders": {"app.example.com"}}); err == nil {
		t.Error("an origin without a scheme is taken")
	}
}
