package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/gateway"
)

// api names an API in a template.
type api struct {
	Template string            `required:"" placeholder:"FILE" help:"The CloudFormation template, JSON or YAML."`
	API      string            `name:"api" placeholder:"ID" help:"The logical id of the RestApi, where the template has several."`
	Stage    string            `placeholder:"NAME" help:"The stage, where the API has several."`
	Var      map[string]string `mapsep:"none" placeholder:"NAME=VALUE" help:"A stage variable, in the place of the template's; can be repeated."`
}

// load reads the template and its API, and says what of the API is left out.
func (a api) load(c Command, opts gateway.Options) ([]byte, *gateway.API, error) {
	template, problems, err := templateOf(a.Template)
	if err != nil {
		return nil, nil, err
	}
	opts.File, opts.API, opts.Stage, opts.Variables = a.Template, a.API, a.Stage, a.Var
	loaded, err := gateway.Load(template, opts)
	if err != nil {
		hint := ""
		var fault *gateway.LoadError
		if errors.As(err, &fault) {
			hint = map[gateway.LoadKind]string{gateway.SeveralAPIs: " (--api)", gateway.SeveralStages: " (--stage)"}[fault.Kind]
		}
		return nil, nil, &usageError{err, hint}
	}
	if err := dangling(template); err != nil {
		return nil, nil, usage("%s: %w", a.Template, err)
	}
	for _, p := range slices.Concat(problems, loaded.Problems, loaded.Undeployable) {
		fmt.Fprintf(c.Stderr, "corsgate: warning: %s: %s\n", a.Template, p)
	}
	return template, loaded, nil
}

// dangling gives an error for a template whose API names a resource that is not there; CloudFormation would refuse it,
// and what it says of the API is nothing to go by.
func dangling(template []byte) error {
	var t struct {
		Parameters map[string]any
		Resources  map[string]struct {
			Type       string
			Properties map[string]any
		}
	}
	if err := json.Unmarshal(template, &t); err != nil {
		return err
	}
	there := func(name string) bool {
		_, resource := t.Resources[name]
		_, parameter := t.Parameters[name]
		return resource || parameter || strings.HasPrefix(name, "AWS::")
	}
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		r := t.Resources[id]
		if !strings.HasPrefix(r.Type, "AWS::ApiGateway::") {
			continue
		}
		for _, property := range slices.Sorted(maps.Keys(r.Properties)) {
			v := r.Properties[property]
			if name, ok := named(v); ok && !there(name) {
				return fmt.Errorf("the %s of %s is %s, which the template does not have", property, id, name)
			}
			for name := range references(v) {
				if !there(name) {
					return fmt.Errorf("the %s of %s names %s, which the template does not have", property, id, name)
				}
			}
		}
	}
	return nil
}

// named gives the logical id that a Ref or an Fn::GetAtt names.
func named(v any) (string, bool) {
	m, _ := v.(map[string]any)
	if len(m) != 1 {
		return "", false
	}
	if name, ok := m["Ref"].(string); ok {
		return name, true
	}
	switch att := m["Fn::GetAtt"].(type) {
	case string:
		name, _, _ := strings.Cut(att, ".")
		return name, true
	case []any:
		if len(att) > 0 {
			name, ok := att[0].(string)
			return name, ok
		}
	}
	return "", false
}

// references gives the logical ids that a value names, wherever in it, in the order of its keys.
func references(v any) iter.Seq[string] {
	return func(yield func(string) bool) { walk(v, yield) }
}

func walk(v any, yield func(string) bool) bool {
	if name, ok := named(v); ok {
		return yield(name)
	}
	switch x := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(x)) {
			if !walk(x[key], yield) {
				return false
			}
		}
	case []any:
		for _, e := range x {
			if !walk(e, yield) {
				return false
			}
		}
	}
	return true
}

// templateOf reads a template that the command line names, as JSON, and what of it could not be understood.
func templateOf(name string) (template []byte, problems []string, err error) {
	text, err := readFile(name)
	if err != nil {
		return nil, nil, err
	}
	template, found, err := check.Template(name, text)
	if err != nil {
		return nil, nil, usage("%s: %w", name, err)
	}
	for _, p := range found {
		problems = append(problems, p.LogicalID+": "+p.Text)
	}
	return template, problems, nil
}

// readFile reads a file that the command line names.
func readFile(name string) ([]byte, error) {
	b, err := os.ReadFile(name)
	var path *fs.PathError
	if errors.As(err, &path) {
		return nil, usage("%s: %w", name, path.Err)
	}
	return b, err
}
