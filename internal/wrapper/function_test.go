package wrapper

import (
	"encoding/json"
	"testing"

	"github.com/corsgate/corsgate/internal/mark"
)

func TestAttached(t *testing.T) {
	for _, tt := range []struct {
		properties string
		want       bool
	}{
		{`{"Runtime":"nodejs22.x","Layers":["x"],"Environment":{"Variables":{"AWS_LAMBDA_EXEC_WRAPPER":"/opt/corsgate/wrap"}}}`, true},
		{`{"Runtime":{"Ref":"P"},"Layers":["x"],"Environment":{"Variables":{"AWS_LAMBDA_EXEC_WRAPPER":"/opt/corsgate/wrap"}}}`, false},
		{`{"PackageType":"Image","Environment":{"Variables":{"AWS_LAMBDA_EXEC_WRAPPER":"/opt/corsgate/wrap"}}}`, true},
		{`{"Runtime":"nodejs22.x","Layers":["x"],"Environment":{"Variables":{"AWS_LAMBDA_EXEC_WRAPPER":"/opt/corsgate/wrap","CORSGATE_OFF":"1"}}}`, false},
		{`{"Runtime":"nodejs22.x","Layers":["x"],"Environment":{"Variables":{"AWS_LAMBDA_EXEC_WRAPPER":"/opt/corsgate/wrap","CORSGATE_OFF":1}}}`, false},
		{`{"Runtime":"nodejs22.x","Layers":["x"],"Environment":{"Variables":{"AWS_LAMBDA_EXEC_WRAPPER":"/opt/corsgate/wrap","CORSGATE_OFF":{"Ref":"P"}}}}`, false},
		{`{"Runtime":"nodejs22.x","Layers":["x"],"Environment":{"Variables":{"AWS_LAMBDA_EXEC_WRAPPER":"/opt/corsgate/wrap","CORSGATE_OFF":"0"}}}`, true},
		{`{"Runtime":"nodejs22.x","Layers":["x"],"Environment":{"Variables":{"AWS_LAMBDA_EXEC_WRAPPER":"/opt/otel-handler"}}}`, false},
		{`{"Runtime":"nodejs22.x","Layers":[],"Environment":{"Variables":{"AWS_LAMBDA_EXEC_WRAPPER":"/opt/corsgate/wrap"}}}`, false},
		{`{"Runtime":"provided.al2023","Layers":["x"],"Environment":{"Variables":{"AWS_LAMBDA_EXEC_WRAPPER":"/opt/corsgate/wrap"}}}`, false},
		{`{"Runtime":"nodejs22.x","Layers":["x"]}`, false},
		{`{}`, false},
	} {
		var p map[string]any
		if err := json.Unmarshal([]byte(tt.properties), &p); err != nil {
			t.Fatal(err)
		}
		if got := Attached(p); got != tt.want {
			t.Errorf("%s: %v", tt.properties, got)
		}
		for _, emits := range []any{nil, false, "attached", true, "built", "placeholder"} {
			declared := emits == true || emits == "built" || emits == "placeholder"
			if got := Emits(map[string]any{mark.Emits: emits}, p); got != (declared || tt.want) {
				t.Errorf("%s, marked %v: %v", tt.properties, emits, got)
			}
		}
	}
	for runtime, want := range map[string]bool{"nodejs24.x": true, "python3.13": true, "java21": true, "java8.al2": true, "dotnet8": true, "ruby3.4": true,
		"provided.al2023": false, "provided": false, "go1.x": false, "python3.7": false, "java8": false, "": false} {
		if Starts(runtime) != want {
			t.Errorf("%s: %v", runtime, !want)
		}
	}
}
