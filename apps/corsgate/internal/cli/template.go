package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/gateway"
)

// api names an API in a template.
type api struct {
	Template string            `required:"" placeholder:"FILE" help:"The CloudFormation template, as synthesized."`
	API      string            `name:"api" placeholder:"ID" help:"The logical id of the RestApi, where the template has several."`
	Stage    string            `placeholder:"NAME" help:"The stage, where the API has several."`
	Var      map[string]string `mapsep:"none" placeholder:"NAME=VALUE" help:"A stage variable, in the place of the template's; can be repeated."`
}

// load reads the template and its API, and says what of the API is left out.
func (a api) load(c Command, opts gateway.Options) ([]byte, *gateway.API, error) {
	template, err := readFile(a.Template)
	if err != nil {
		return nil, nil, err
	}
	opts.File, opts.API, opts.Stage, opts.Variables = a.Template, a.API, a.Stage, a.Var
	loaded, err := gateway.Load(template, opts)
	if err != nil {
		hint := ""
		if strings.HasSuffix(err.Error(), "say which one is meant") {
			hint = " (--api, --stage)"
		}
		return nil, nil, &usageError{err, hint}
	}
	if err := dangling(template); err != nil {
		return nil, nil, usage("%s: %w", a.Template, err)
	}
	for _, p := range loaded.Problems {
		fmt.Fprintf(c.Stderr, "corsgate: warning: %s: %s\n", a.Template, p)
	}
	return template, loaded, nil
}

// dangling gives an error for a template whose API names a resource that is not there; CloudFormation would refuse it,
// and what it says of the API's tree is nothing to go by.
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
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		r := t.Resources[id]
		if r.Type != "AWS::ApiGateway::Resource" && r.Type != "AWS::ApiGateway::Method" {
			continue
		}
		for _, property := range []string{"RestApiId", "ParentId", "ResourceId"} {
			v, _ := r.Properties[property].(map[string]any)
			name, ok := v["Ref"].(string)
			if att, is := v["Fn::GetAtt"].([]any); is && len(att) > 0 {
				name, ok = att[0].(string)
			}
			_, resource := t.Resources[name]
			_, parameter := t.Parameters[name]
			if ok && !resource && !parameter {
				return fmt.Errorf("the %s of %s is %s, which the template does not have", property, id, name)
			}
		}
	}
	return nil
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
