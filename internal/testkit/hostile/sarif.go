package hostile

import (
	"bytes"
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed sarif.schema.json
var schema []byte

var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("sarif.json")
})

// sarif says what a log is not valid SARIF for; empty if nothing. A result names a rule that the log has.
func sarif(out string) string {
	s, err := compiled()
	if err != nil {
		return err.Error()
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(out))
	if err != nil {
		return err.Error()
	}
	if err := s.Validate(doc); err != nil {
		return err.Error()
	}
	type m = map[string]any
	for _, run := range doc.(m)["runs"].([]any) {
		var ids []any
		for _, r := range run.(m)["tool"].(m)["driver"].(m)["rules"].([]any) {
			id := r.(m)["id"]
			if slices.Contains(ids, id) {
				return "two rules of one id"
			}
			ids = append(ids, id)
		}
		for _, r := range run.(m)["results"].([]any) {
			if !slices.Contains(ids, r.(m)["ruleId"]) {
				return "a result of no rule"
			}
		}
	}
	return ""
}
