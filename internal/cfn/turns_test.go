package cfn

import (
	"fmt"
	"strings"
	"testing"
)

// TestTurns holds that every condition of an app is tried, however many there are, and those of branches up to a bound.
func TestTurns(t *testing.T) {
	var parameters, conditions, values strings.Builder
	for i := range maxTurns + 6 {
		fmt.Fprintf(&parameters, "  P%d: {Type: String}\n  Q%d: {Type: String}\n", i, i)
		fmt.Fprintf(&conditions, "  C%d: !Equals [!Ref P%d, a]\n  D%d: !Equals [!Ref Q%d, a]\n", i, i, i, i)
		fmt.Fprintf(&values, "    V%d: !If [C%d, !If [D%d, x, y], z]\n", i, i, i)
	}
	app, err := Parse("t.yaml", []byte("Parameters:\n"+parameters.String()+"Conditions:\n"+conditions.String()+"Resources:\n  R:\n   Type: AWS::Lambda::Function\n   Properties:\n"+values.String()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	own, inBranches := 0, 0
	app.Turns(func(Touch) bool { return true }, func(turn Turn) *App {
		if turn.Parent < 0 {
			own++
		} else {
			inBranches++
		}
		return app.With(Options{Conditions: turn.Conditions})
	})
	if own != maxTurns+6 || inBranches != 0 {
		t.Errorf("%d conditions of the app and %d of branches, want %d and none", own, inBranches, maxTurns+6)
	}
}
