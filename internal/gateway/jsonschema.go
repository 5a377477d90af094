package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/corsgate/corsgate/internal/cfn"
)

// schema is a model: a JSON schema of draft 4, with the document that its references point into.
type schema struct {
	root, node any
	loader     *loader // of other models
	err        error   // why it is not known
}

// valid reports whether a body fits. The error says why that is not known.
func (s *schema) valid(body []byte) (bool, error) {
	if s.err != nil || s.node == nil {
		return true, s.err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return false, nil
	}
	compiled, err := s.compile()
	var invalid *jsonschema.SchemaValidationError
	if errors.As(err, &invalid) {
		_, why, _ := strings.Cut(invalid.Err.Error(), "\n- ")
		return false, fmt.Errorf("the model is not a JSON schema of draft 4: %s", strings.Join(strings.Fields(why), " "))
	}
	if err != nil {
		return false, err
	}
	// A large body has many values, each of which is checked at least once.
	most := maxChecks + len(body)
	if c := (checks{most: most, counted: map[check]int{}}); c.of(compiled, newValue(v)) > most {
		return false, fmt.Errorf("the model needs more than %d checks for this body", most)
	}
	return compiled.Validate(v) == nil, nil
}

func (s *schema) compile() (*jsonschema.Schema, error) {
	// The place of the schema in its document is not known, so it gets one.
	const url, place = "corsgate:///model", "x-corsgate-model"
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4)
	c.UseLoader(s)
	doc, at := s.root, url
	if root, ok := s.root.(map[string]any); ok {
		root = maps.Clone(root)
		root[place] = s.node
		doc, at = root, url+"#/"+place
	}
	if err := c.AddResource(url, doc); err != nil {
		return nil, err
	}
	return c.Compile(at)
}

// Load returns another model of the API, by the address that a reference to it has
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html).
func (s *schema) Load(url string) (any, error) {
	_, name, ok := strings.Cut(url, "/models/")
	if r := s.loader.models[name]; ok && r != nil {
		return s.loader.modelSchema(r)
	}
	return nil, fmt.Errorf("the model refers to %s, which is not a model of this API", url)
}

// schema returns one that stands in an OpenAPI document.
func (l *loader) schema(doc map[string]any, node any) *schema {
	components, _ := doc["components"].(map[string]any)
	return &schema{root: doc, node: node, loader: l, err: l.open([]any{node, doc["definitions"], components["schemas"]})}
}

// open returns an error for a schema that has in it what is not known, the API's id apart.
func (l *loader) open(v any) error {
	for _, s := range l.app.Symbols(v) {
		if s.Resource != l.rest {
			return &cfn.Unknown{Symbol: s}
		}
	}
	return nil
}

// modelSchema returns the schema of a model, which may be written as text. The API's id alone, in references to other
// models, need not be known.
func (l *loader) modelSchema(model *cfn.Resource) (any, error) {
	v := model.Properties["Schema"]
	if err := l.open(v); err != nil {
		return nil, err
	}
	if text, ok := v.(string); ok {
		err := json.Unmarshal([]byte(text), &v)
		return v, err
	}
	return v, nil
}

// maxChecks is how often a schema may be applied to a value, for one body.
const maxChecks = 100_000

// value is a value of a body that is told from its equals.
type value struct {
	v       any
	members map[string]*value
	elems   []*value
}

func newValue(v any) *value {
	out := &value{v: v}
	switch v := v.(type) {
	case map[string]any:
		out.members = map[string]*value{}
		for name, m := range v {
			out.members[name] = newValue(m)
		}
	case []any:
		for _, e := range v {
			out.elems = append(out.elems, newValue(e))
		}
	}
	return out
}

// checks counts how often schemas are applied at worst when a body is validated: alternatives that refer to themselves double
// that at each level of the body.
type checks struct {
	most    int
	counted map[check]int
}

type check struct {
	schema *jsonschema.Schema
	value  *value
}

// of returns the number for a schema and a value, or more than the most.
func (c checks) of(s *jsonschema.Schema, v *value) int {
	if s == nil || s.Bool != nil {
		return 1
	}
	at := check{s, v}
	if n, ok := c.counted[at]; ok {
		return n
	}
	c.counted[at] = c.most + 1 // where it comes back to the same place, it does so without end
	n := 1
	add := func(s any, v *value) {
		if s, ok := s.(*jsonschema.Schema); ok && s != nil {
			n = min(n+c.of(s, v), c.most+1)
		}
	}
	add(s.Ref, v)
	add(s.Not, v)
	for _, list := range [][]*jsonschema.Schema{s.AllOf, s.AnyOf, s.OneOf} {
		for _, sub := range list {
			add(sub, v)
		}
	}
	for _, sub := range s.Dependencies {
		add(sub, v)
	}
	for name, m := range v.members {
		add(s.Properties[name], m)
		for re, sub := range s.PatternProperties {
			if re.MatchString(name) {
				add(sub, m)
			}
		}
		add(s.AdditionalProperties, m)
	}
	for i, e := range v.elems {
		add(s.Items, e)
		if list, ok := s.Items.([]*jsonschema.Schema); ok && i < len(list) {
			add(list[i], e)
		}
		add(s.AdditionalItems, e)
	}
	if text, ok := v.v.(string); ok {
		n = min(n+len(text)/100, c.most+1)
	}
	c.counted[at] = n
	return n
}
