package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/report"
)

// A Document is a CloudFormation template, its intrinsic functions in their long forms.
type Document struct {
	// Name is the file's name, as findings give it.
	Name string
	// Stack names the stack: the file's name without its extensions.
	Stack string
	// Region is where the stack is; empty where that is not known.
	Region string
	// JSON is the template as package gateway reads it.
	JSON []byte
	// Problems says, one line each, what of the template could not be understood.
	Problems []Problem

	resources map[string]*resource
	byType    map[string][]*resource // what sorted gives
	lines     map[string]int         // of logical ids
	root      map[string]any
}

// A Problem is something of a template that could not be understood.
type Problem struct {
	LogicalID, Text string
}

// resource is one of a template.
type resource struct {
	id        string
	typ       string
	props     map[string]any
	metadata  map[string]any
	dependsOn []string
}

// ErrNotTemplate is of a file that is JSON or YAML, and no template.
var ErrNotTemplate = errors.New("not a CloudFormation template")

func notTemplate(why string) error { return fmt.Errorf("%w: %s", ErrNotTemplate, why) }

// ErrNoResources is the [ErrNotTemplate] of an object without the one section that a template must have. The CDK writes such a file
// for a stack that has nothing in it, and deploys none.
var ErrNoResources = notTemplate("it has no Resources")

// ParseDocument reads a template, JSON or YAML. The error says in one line, with the line's number where it is known,
// why it is not one; it is [ErrNotTemplate] for what is well-formed and something else.
func ParseDocument(name string, text []byte) (*Document, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, notTemplate("it is empty")
	}
	d := &Document{Name: name, Stack: stackName(name), resources: map[string]*resource{}, lines: map[string]int{}}
	var err error
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') && !flowYAML(name) {
		err = d.parseJSON(text)
	} else {
		err = d.parseYAML(text)
	}
	if err != nil {
		return nil, err
	}
	if _, ok := d.root["Resources"].(map[string]any); !ok {
		return nil, ErrNoResources
	}
	d.conditions()
	d.serverless()
	d.standIns()
	all, _ := d.root["Resources"].(map[string]any)
	for id, v := range all {
		if strings.HasPrefix(id, "Fn::") {
			d.problem(id, id+" makes resources when the template is transformed, which are not checked")
			delete(all, id)
			continue
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("not a CloudFormation template: the resource %s is not an object", id)
		}
		r := &resource{id: id}
		r.typ, _ = m["Type"].(string)
		r.props, _ = m["Properties"].(map[string]any)
		r.metadata, _ = m["Metadata"].(map[string]any)
		switch x := m["DependsOn"].(type) {
		case string:
			r.dependsOn = []string{x}
		case []any:
			for _, e := range x {
				if s, ok := e.(string); ok {
					r.dependsOn = append(r.dependsOn, s)
				}
			}
		}
		d.resources[id] = r
	}
	slices.SortFunc(d.Problems, func(a, b Problem) int { return strings.Compare(a.LogicalID+a.Text, b.LogicalID+b.Text) })
	d.JSON, err = json.Marshal(d.root)
	return d, err
}

// flowYAML says that a file that begins with a brace is YAML by its name.
func flowYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

func stackName(name string) string {
	base := name[strings.LastIndexAny(name, `/\`)+1:]
	for _, ext := range []string{".json", ".yaml", ".yml", ".template", ".assets"} {
		base = strings.TrimSuffix(base, ext)
	}
	return base
}

func (d *Document) parseJSON(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	if err == nil {
		if _, extra := dec.Token(); extra != io.EOF {
			err = errors.New("there is more after the end of the object")
		}
	}
	if err != nil {
		return fmt.Errorf("line %d: not JSON: %w", report.LineOf(text, dec.InputOffset(), err), err)
	}
	root, ok := v.(map[string]any)
	if !ok {
		return notTemplate("not an object")
	}
	d.root = root
	// The place of a resource is where its id stands as a key; the first such line is near enough where one stands twice.
	all, _ := root["Resources"].(map[string]any)
	for i, line := range strings.Split(string(text), "\n") {
		key, rest, ok := strings.Cut(strings.TrimSpace(line), `":`)
		if !ok || !strings.HasPrefix(key, `"`) {
			continue
		}
		id := key[1:]
		if _, is := all[id]; is && d.lines[id] == 0 && strings.HasPrefix(strings.TrimSpace(rest), "{") {
			d.lines[id] = i + 1
		}
	}
	return nil
}

// suppressions reads those of a template.
func (d *Document) suppressions() []report.Suppression {
	var out []report.Suppression
	for _, id := range sortedKeys(d.resources) {
		own, _ := d.resources[id].metadata["corsgate"].(map[string]any)
		list, _ := own["suppress"].([]any)
		for _, e := range list {
			m, _ := e.(map[string]any)
			s := report.Suppression{Stack: d.Stack, LogicalID: id, File: d.Name, Line: d.lines[id]}
			s.ID, _ = m["id"].(string)
			s.Reason, _ = m["reason"].(string)
			out = append(out, s)
		}
	}
	return out
}

func (d *Document) parseYAML(text []byte) (err error) {
	defer func() {
		// The library says that it does not panic; a template is not to be trusted with that.
		if v := recover(); v != nil {
			err = fmt.Errorf("not YAML: %v", v)
		}
	}()
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil {
		return fmt.Errorf("not YAML: %s", strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " "))
	}
	if len(n.Content) != 1 || n.Content[0].Kind != yaml.MappingNode {
		return notTemplate("not an object")
	}
	v, err := cfn.Value(n.Content[0], nil)
	if err != nil {
		return err
	}
	d.root, _ = v.(map[string]any)
	for i := 0; i+1 < len(n.Content[0].Content); i += 2 {
		if n.Content[0].Content[i].Value != "Resources" {
			continue
		}
		for j := 0; j+1 < len(n.Content[0].Content[i+1].Content); j += 2 {
			key := n.Content[0].Content[i+1].Content[j]
			d.lines[key.Value] = key.Line
		}
	}
	return nil
}

// pseudo are the parameters that CloudFormation gives a value, with those that package gateway gives them.
var pseudo = map[string]string{"AWS::Region": "us-east-1", "AWS::AccountId": "111111111111", "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com", "AWS::StackName": "stack"}

// conditions puts in the place of each Fn::If what it would be with the values that the parameters have in the check. A
// condition that cannot be evaluated counts as true.
func (d *Document) conditions() {
	conds, _ := d.root["Conditions"].(map[string]any)
	params := d.parameters()
	value := func(v any) (string, bool) {
		switch x := v.(type) {
		case string:
			return x, true
		case json.Number:
			return x.String(), true
		case bool:
			return strconv.FormatBool(x), true
		case map[string]any:
			name, _ := x["Ref"].(string)
			if text, ok := params[name]; ok {
				return text, true
			}
			text, ok := pseudo[name]
			return text, ok
		}
		return "", false
	}
	var truth func(v any, depth int) bool
	truth = func(v any, depth int) bool {
		m, _ := v.(map[string]any)
		if depth > 20 || len(m) != 1 {
			return true
		}
		for name, arg := range m {
			list, _ := arg.([]any)
			switch name {
			case "Condition":
				id, _ := arg.(string)
				return truth(conds[id], depth+1)
			case "Fn::Equals":
				if len(list) == 2 {
					a, known1 := value(list[0])
					b, known2 := value(list[1])
					return !known1 || !known2 || a == b
				}
			case "Fn::Not":
				if len(list) == 1 {
					return !truth(list[0], depth+1)
				}
			case "Fn::And":
				return !slices.ContainsFunc(list, func(x any) bool { return !truth(x, depth+1) })
			case "Fn::Or":
				return slices.ContainsFunc(list, func(x any) bool { return truth(x, depth+1) })
			}
		}
		return true
	}
	var walk func(v any, depth int) any
	walk = func(v any, depth int) any {
		if depth > cfn.MaxDepth {
			return v
		}
		switch x := v.(type) {
		case []any:
			out := x[:0]
			for _, e := range x {
				if e = walk(e, depth+1); !isNoValue(e) {
					out = append(out, e)
				}
			}
			return out
		case map[string]any:
			if branches, ok := x["Fn::If"].([]any); ok && len(x) == 1 && len(branches) == 3 {
				id, _ := branches[0].(string)
				if truth(conds[id], 0) {
					return walk(branches[1], depth+1)
				}
				return walk(branches[2], depth+1)
			}
			for k, e := range x {
				if e = walk(e, depth+1); isNoValue(e) {
					delete(x, k)
				} else {
					x[k] = e
				}
			}
		}
		return v
	}
	all, _ := d.root["Resources"].(map[string]any)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		r, _ := all[id].(map[string]any)
		if name, ok := r["Condition"].(string); ok && conds[name] != nil && !truth(conds[name], 0) {
			delete(all, id)
			continue
		}
		all[id] = walk(all[id], 0)
	}
}

func isNoValue(v any) bool {
	m, ok := v.(map[string]any)
	return ok && len(m) == 1 && m["Ref"] == "AWS::NoValue"
}

// sorted gives the resources of a type, such as AWS::ApiGateway::Stage, by their ids.
func (d *Document) sorted(typ string) []*resource {
	if d.byType == nil {
		d.byType = map[string][]*resource{}
		for _, id := range slices.Sorted(maps.Keys(d.resources)) {
			r := d.resources[id]
			d.byType[r.typ] = append(d.byType[r.typ], r)
		}
	}
	return d.byType[typ]
}

// refersTo says that a value is a reference to a resource.
func refersTo(v any, id string) bool {
	m, ok := v.(map[string]any)
	if !ok {
		return v == id
	}
	if m["Ref"] == id {
		return true
	}
	switch att := m["Fn::GetAtt"].(type) {
	case []any:
		return len(att) > 0 && att[0] == id
	case string:
		name, _, _ := strings.Cut(att, ".")
		return name == id
	}
	return false
}

// mentions says that a value has a reference to a resource somewhere in it.
func mentions(v any, id string) bool {
	switch x := v.(type) {
	case map[string]any:
		if refersTo(x, id) {
			return true
		}
		for k, e := range x {
			if s, ok := e.(string); ok && k == "Fn::Sub" && (strings.Contains(s, "${"+id+"}") || strings.Contains(s, "${"+id+".")) {
				return true
			}
			if mentions(e, id) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(x, func(e any) bool { return mentions(e, id) })
	case string:
		return strings.Contains(x, "${"+id+"}") || strings.Contains(x, "${"+id+".")
	}
	return false
}
