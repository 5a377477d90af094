package paired

import (
	"slices"
	"testing"
)

// A uri names its function by Ref, Fn::GetAtt or Fn::Sub, joined or not.
func TestReferences(t *testing.T) {
	for _, tt := range []struct {
		name string
		uri  any
		want []string
	}{
		{"an attribute in a join", map[string]any{"Fn::Join": []any{"", []any{"arn:", map[string]any{"Fn::GetAtt": []any{"Fn", "Arn"}}, "/invocations"}}}, []string{"Fn"}},
		{"an alias", map[string]any{"Fn::Join": []any{"", []any{map[string]any{"Ref": "Alias"}}}}, []string{"Alias"}},
		{"text with attributes", map[string]any{"Fn::Sub": "arn:${AWS::Partition}:apigateway:functions/${Fn.Arn}/invocations"}, []string{"AWS::Partition", "Fn"}},
		{"text with variables", map[string]any{"Fn::Sub": []any{"functions/${A}/${!literal}", map[string]any{"A": map[string]any{"Fn::GetAtt": []any{"Fn", "Arn"}}}}}, []string{"A", "Fn"}},
		{"text without an end", map[string]any{"Fn::Sub": "${Fn"}, []string{"Fn"}},
		{"plain text", "arn:aws:lambda:eu-west-1:111122223333:function:x", nil},
	} {
		if got := references(tt.uri); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
