package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/simulate"
)

// values are what a deployment would give to templates. Every command that reads templates has them.
type values struct {
	Parameter []string `sep:"none" placeholder:"NAME=VALUE" help:"A parameter of the template, in the place of its default; NAME or STACK.NAME; can be repeated."`
	Value     []string `sep:"none" placeholder:"EXPRESSION=VALUE" help:"A value that only a deployment knows, by the expression as it is printed, such as Distribution.DomainName=d1.cloudfront.net; can be repeated."`
}

// options are those of package cfn.
func (v values) options() (cfn.Options, error) {
	var o cfn.Options
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
func (v values) open(paths ...string) (*cfn.App, error) {
	opts, err := v.options()
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

// api names an API in templates.
type api struct {
	Template string            `required:"" placeholder:"PATH" help:"The CloudFormation template, JSON or YAML, a folder of templates, or a cdk.out."`
	API      string            `name:"api" placeholder:"ID" help:"The logical id of the REST API, HTTP API or function URL, where there are several; STACK/ID where several stacks have one of this id."`
	Stage    string            `placeholder:"NAME" help:"The stage, where the API has several."`
	Var      map[string]string `mapsep:"none" placeholder:"NAME=VALUE" help:"A stage variable, in the place of the template's; can be repeated."`
	values
}

// judge loads the API that the command line names, and says what is left out.
func (a api) judge(c Command, app *cfn.App, opts gateway.Options, backend func(*cfn.App) gateway.Backend) (*simulate.Judge, error) {
	opts.API, opts.Stage, opts.Variables = a.API, a.Stage, a.Var
	if err := dangling(app); err != nil {
		return nil, err
	}
	for _, p := range app.Problems {
		fmt.Fprintf(c.Stderr, "corsgate: warning: %s\n", oneLine(p.Error()))
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
		fmt.Fprintf(c.Stderr, "corsgate: warning: %s: %s\n", loaded.Rest.Stack.File, oneLine(p))
	}
	for _, fault := range check.VariableFaults(loaded) {
		fmt.Fprintf(c.Stderr, "corsgate: warning: stage %s refuses every origin: %s\n", app.Show(loaded.Stage), oneLine(app.Show(fault)))
	}
	return judge, nil
}

// oneLine returns what a template, a server, a log or AWS says as a line for a terminal.
func oneLine(s string) string { return report.OneLine(s) }

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
		if p.Kind == cfn.Dangling && apiGateway[p.Stack+" "+p.LogicalID] {
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

// readFile reads a file that the command line names.
func readFile(name string) ([]byte, error) {
	b, err := cfn.ReadFile(name, true)
	if err != nil {
		return nil, usage("%s: %w", name, err)
	}
	return b, nil
}
