package cfn

// This file stands in for the package's core until that is there: its type Problem and its reader of documents.

import (
	"go.yaml.in/yaml/v3"

	"github.com/corsgate/corsgate/internal/cfnyaml"
)

// A Problem is something of a template that was not read or not understood.
type Problem struct {
	File      string
	Line      int
	Stack     string
	LogicalID string
	Text      string
	Kind      ProblemKind
}

// A ProblemKind tells problems apart.
type ProblemKind int

// The kinds of problems.
const (
	Malformed ProblemKind = iota // CloudFormation refuses it
	Elsewhere                    // it is in a place that was not read
)

// Place is what a reader of documents tells.
type Place struct{}

// ReadText reads JSON, which is YAML too, or YAML, with intrinsic functions in their long forms.
func ReadText(_ string, text []byte, _ func(Place)) (any, error) {
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil {
		return nil, err
	}
	if len(n.Content) == 0 {
		return nil, nil
	}
	return cfnyaml.Value(n.Content[0], func(cfnyaml.Place) {})
}
