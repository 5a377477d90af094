package javaregexp

import (
	"fmt"
	"testing"
)

// What is kept of expressions is bounded, in their number and in their size, and is the expression that was compiled.
func TestRecent(t *testing.T) {
	for name, format := range map[string]string{"many": "a%d", "large": "(a|b%d){900}(c|d){900}", "too large": "(a|b%d){900}(c|d){900}(e|f){900}(g|h){900}(i|j){900}(k|l){900}(m|n){900}"} {
		t.Run(name, func(t *testing.T) {
			for i := range 200 {
				r, err := Recent(fmt.Sprintf(format, i))
				if err != nil {
					t.Fatal(err)
				}
				again, _ := Recent(fmt.Sprintf(format, i))
				if kept := r.Size() <= maxRecentStates/4; kept != (r == again) {
					t.Fatalf("of %d states, kept %v", r.Size(), r == again)
				}
				states := 0
				for _, r := range recent.regexp {
					states += r.Size()
				}
				if len(recent.regexp) > maxRecent || states > maxRecentStates || states != recent.states {
					t.Fatalf("%d expressions with %d states, counted as %d", len(recent.regexp), states, recent.states)
				}
				if name == "too large" && i > 2 {
					break
				}
			}
		})
	}
}
