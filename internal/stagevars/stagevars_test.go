package stagevars_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// Which variables are a policy's.
func TestIs(t *testing.T) {
	p := cors.Must(cors.Config{Origins: []string{"https://a.example.com", "https://${Token[TOKEN.7]}"}, AllowCredentials: true, Methods: []string{"GET"},
		RequestHeaders: []string{"x"}, ExposedHeaders: []string{"y"}, MaxAge: time.Second})
	all := append(slices.Collect(maps.Keys(p.StageVariables())), slices.Collect(maps.Keys(cors.Must(cors.Config{Origins: []string{"*"}}).StageVariables()))...)
	if len(all) != 8 {
		t.Fatalf("got %v", all)
	}
	for _, name := range append(all, "corsOrigins2", "corsExactOrigin007") {
		if !stagevars.Is(name) {
			t.Errorf("%s is not", name)
		}
	}
	for _, name := range []string{"corsMaxAge7", "corsAnyOrigin2", "corsOriginsOld", "corsExactOrigins", "corsexactorigin", "cors", ""} {
		if stagevars.Is(name) {
			t.Errorf("%s is", name)
		}
	}
	for name, want := range map[string]bool{"corsOrigins": true, "corsOrigins2": true, "corsExactOrigin3": true, "corsAnyOrigin": false, "corsMethods": false} {
		if got := stagevars.IsAllowlist(name); got != want {
			t.Errorf("IsAllowlist(%q) = %v", name, got)
		}
	}
}
