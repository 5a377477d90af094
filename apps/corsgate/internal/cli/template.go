package cli

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/mark"
	"github.com/corsgate/corsgate/internal/simulate"
)

// values are what a deployment would give to templates. Every command that reads templates has them.
type values struct {
	Parameter []string `sep:"none" placeholder:"NAME=VALUE" help:"A parameter of a template, NAME or STACK.NAME."`
	Value     []string `sep:"none" placeholder:"EXPRESSION=VALUE" help:"A value known only at deployment, such as Distribution.DomainName=d1.cloudfront.net."`
}

// options are those of package cfn.
func (v values) options(c Command) (cfn.Options, error) {
	var o cfn.Options
	file, err := c.configured()
	if err != nil {
		return o, err
	}
	o.Metadata = map[string]map[string]any{}
	for _, id := range file.Emits {
		o.Metadata[id] = map[string]any{mark.Emits: true}
	}
	for _, given := range v.Parameter {
		name, value, ok := strings.Cut(given, "=")
		if !ok {
			return o, usage("--parameter %q has no =; want NAME=VALUE, such as Environment=prod", given)
		}
		if err := o.Parameter(name, value); err != nil {
			return o, usage("--parameter: %w", err)
		}
	}
	for _, given := range v.Value {
		expression, value, ok := cutExpression(given)
		if !ok {
			return o, usage("--value %q has no =; want EXPRESSION=VALUE, such as Distribution.DomainName=d1.cloudfront.net", given)
		}
		if err := o.Value(expression, value); err != nil {
			return o, usage("--value: %w", err)
		}
	}
	return o, nil
}

// cutExpression cuts at the first = that is in no quotes and no brackets, which an expression may have.
func cutExpression(s string) (expression, value string, ok bool) {
	depth, quoted := 0, false
	for i, c := range s {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case strings.ContainsRune("([{", c):
			depth++
		case strings.ContainsRune(")]}", c):
			depth--
		case c == '=' && depth <= 0:
			return s[:i], s[i+1:], true
		}
	}
	return "", "", false
}

// open reads templates: files, folders of templates and cloud assemblies. What the values name has to be there.
func (v values) open(c Command, paths ...string) (*cfn.App, error) {
	opts, err := v.options(c)
	if err != nil {
		return nil, err
	}
	app, err := cfn.Open(paths, opts)
	if err != nil {
		return nil, &unreadable{err}
	}
	if unused := app.Unused(); len(unused) > 0 {
		return nil, usage("%s", strings.Join(unused, "; "))
	}
	return app, nil
}

// stackNames are the names of an app's stacks.
func stackNames(app *cfn.App) []string {
	names := []string{}
	for _, st := range app.Stacks {
		names = append(names, st.Name)
	}
	return names
}

// api names an API in templates.
type api struct {
	Template string            `required:"" placeholder:"PATH" help:"A template, JSON or YAML, a folder of templates, or a cdk.out."`
	API      string            `name:"api" placeholder:"ID" help:"The logical id of the REST API, HTTP API or function URL, or STACK/ID, where there are several."`
	Stage    string            `placeholder:"NAME" help:"The stage, where the API has several."`
	Var      map[string]string `mapsep:"none" placeholder:"NAME=VALUE" group:"Values of a deployment:" help:"A stage variable."`
	values   `group:"Values of a deployment:"`
}

// judge loads the API that the command line names, and says what is left out.
func (a api) judge(c Command, app *cfn.App, opts gateway.Options, backend func(*cfn.App) gateway.Backend) (*simulate.Judge, error) {
	opts.API, opts.Stage, opts.Variables = a.API, a.Stage, a.Var
	if err := dangling(app); err != nil {
		return nil, err
	}
	for _, p := range app.Problems {
		c.say("warning: %s", p.Error())
	}
	judge, err := simulate.NewJudge(app, opts, backend)
	if err != nil {
		hint := ""
		var fault *gateway.LoadError
		if errors.As(err, &fault) {
			hint = map[gateway.LoadKind]string{gateway.SeveralAPIs: " (--api)", gateway.SeveralStages: " (--stage)"}[fault.Kind]
		}
		return nil, &usageError{err, hint}
	}
	loaded := judge.Site.API
	for _, p := range slices.Concat(loaded.Problems, loaded.Undeployable) {
		c.say("warning: %s: %s", loaded.Rest.Stack.File, p)
	}
	for _, fault := range check.SettingFaults(loaded) {
		c.say("warning: %s: %s is not deployed with its CORS setting: %s", loaded.Rest.Stack.File, loaded.App.Name(loaded.Rest), app.Show(fault))
	}
	for _, fault := range check.VariableFaults(loaded) {
		c.say("warning: stage %s refuses every origin: %s", app.Show(loaded.Stage), app.Show(fault))
	}
	return judge, nil
}

// dangling returns an error for an API that names what is not there; CloudFormation would refuse the template, and
// what it says of the API is nothing to go by.
func dangling(app *cfn.App) error {
	apiGateway := map[string]bool{}
	for _, st := range app.Stacks {
		for _, r := range st.Resources {
			if strings.HasPrefix(r.Type, "AWS::ApiGateway::") || strings.HasPrefix(r.Type, "AWS::ApiGatewayV2::") || r.Type == "AWS::Lambda::Url" {
				apiGateway[st.Name+" "+r.ID] = true
			}
		}
	}
	var found []string
	for _, p := range app.Problems {
		if p.Kind == cfn.Dangling && (p.Condition || apiGateway[p.Stack+" "+p.LogicalID]) {
			found = append(found, p.Error())
		}
	}
	if len(found) > 0 {
		return &unreadable{errors.New(strings.Join(found, "; "))}
	}
	return nil
}

// unread reports whether a file of the app could not be read, which may have what decides.
func unread(app *cfn.App) bool {
	return slices.ContainsFunc(app.Problems, func(p cfn.Problem) bool { return p.Stack == "" })
}

// invoke is whether functions of templates are run where nobody watches.
type invoke struct {
	Invoke bool `xor:"answer" help:"Run the template's functions even if the environment variable CI is set. Otherwise they are not run there: the template of a pull request, and its code, may be a stranger's."`
}

// held says why functions are not run, and is empty if they are.
func (x invoke) held() string {
	if ci := os.Getenv("CI"); x.Invoke || ci == "" || ci == "false" {
		return ""
	}
	return "the environment variable CI is set, so a template's functions run only with --invoke"
}

// readFile reads a file that the command line names.
func readFile(name string) ([]byte, error) {
	b, err := cfn.ReadFile(name, true)
	if err != nil {
		return nil, usage("%s: %w", name, err)
	}
	return b, nil
}
