package cfn

// This file stands in for the package's core until that is there: its type Problem and its reader of documents.

import (
	"bytes"
	"encoding/json"

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

// A ProblemKind says what sort of problem it is.
type ProblemKind string

// The kinds of problems.
const (
	Elsewhere ProblemKind = "elsewhere" // it is in a place that was not read
	Refused   ProblemKind = "refused"   // the deployment fails
)

// readDocument reads JSON or YAML, with intrinsic functions in their long forms.
func readDocument(text []byte) (any, error) {
	if t := bytes.TrimSpace(text); len(t) > 0 && t[0] == '{' {
		var v any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&v); err == nil {
			return v, nil
		}
	}
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil {
		return nil, err
	}
	if len(n.Content) == 0 {
		return nil, nil
	}
	return cfnyaml.Value(n.Content[0], func(cfnyaml.Place) {})
}
