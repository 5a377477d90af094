package cli

import (
	"bytes"
	"context"
	"errors"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/diff"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/simulate"
)

// diffCommand says what browsers would notice of the difference between two templates, or two folders of templates, API by API
// and stage by stage. Its exit statuses are 0 if that is nothing, 1 if it is something (with --fail-on looser: if something
// is allowed that was not), 2 for a command line that cannot be used and 3 for a file that cannot be read.
type diffCommand struct {
	Old string `arg:"" placeholder:"OLD" help:"The template as it was, JSON or YAML, or a folder of templates, such as an older cdk.out."`
	New string `arg:"" placeholder:"NEW" help:"The template as it is going to be, or a folder of templates."`

	Format   string            `default:"markdown" enum:"markdown,text,json" placeholder:"FORMAT" help:"markdown, to be posted as a comment; text; or json, with every request whose outcome changes (default: markdown)."`
	FailOn   string            `default:"change" enum:"change,looser" placeholder:"WHAT" help:"What gives exit status 1: change, or looser, which is something that is allowed and was not (default: change)."`
	API      string            `name:"api" placeholder:"ID" help:"The logical id of the one RestApi to compare, instead of all."`
	OldAPI   string            `name:"old-api" placeholder:"ID" help:"The same for the old template, if it is another there."`
	Stage    string            `placeholder:"NAME" help:"The one stage to compare, instead of all."`
	OldStage string            `placeholder:"NAME" help:"The same for the old template, if it is another there."`
	Var      map[string]string `mapsep:"none" placeholder:"NAME=VALUE" help:"A stage variable, in the place of both templates'; can be repeated."`
}

// Run is called by kong.
func (x *diffCommand) Run(ctx context.Context, c Command) error {
	if x.OldAPI == "" {
		x.OldAPI = x.API
	}
	if x.OldStage == "" {
		x.OldStage = x.Stage
	}
	results, err := x.compare(ctx, c)
	if errors.Is(err, context.Canceled) {
		return statusError(statusStopped)
	}
	if err != nil {
		return err
	}
	switch x.Format {
	case "json":
		err = diff.JSON(c.Stdout, results)
	case "text":
		err = diff.Text(c.Stdout, results)
	default:
		err = diff.Markdown(c.Stdout, results)
	}
	if err != nil {
		return err
	}
	for _, r := range results {
		if x.FailOn == "looser" && r.Looser() || x.FailOn == "change" && !r.Empty() {
			return statusError(statusRefused)
		}
	}
	return nil
}

// compare compares API by API, stage by stage.
func (x *diffCommand) compare(ctx context.Context, c Command) ([]diff.Result, error) {
	old, err := stagesOf(api{Template: x.Old, API: x.OldAPI, Stage: x.OldStage, Var: x.Var})
	if err != nil {
		return nil, x.cannot(err)
	}
	now, err := stagesOf(api{Template: x.New, API: x.API, Stage: x.Stage, Var: x.Var})
	if err != nil {
		return nil, x.cannot(err)
	}
	var out []diff.Result
	for _, p := range pairs(old, now) {
		before, was, err := side(c, p.old)
		if err != nil {
			return nil, x.cannot(err)
		}
		after, is, err := side(c, p.now)
		if err != nil {
			return nil, x.cannot(err)
		}
		r := diff.Result{Status: diff.Compared, Same: bytes.Equal(was, is)}
		shown := p.now
		switch {
		case p.old == nil:
			r.Status = diff.Added
		case p.now == nil:
			r.Status, shown = diff.Removed, p.old
		}
		r.API, r.Stage = shown.API, shown.Stage
		if r.Difference, err = diff.Between(ctx, before, after); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// nothing is a template of an API without routes, which stands for one that is not there.
const nothing = `{"Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {}}}}`

// side gives one side of a pair.
func side(c Command, s *stageOf) (*simulate.Site, []byte, error) {
	if s != nil {
		return site(c, s.api)
	}
	app, err := cfn.Parse("", []byte(nothing), cfn.Options{})
	if err != nil {
		return nil, nil, err
	}
	loaded, err := gateway.Load(app, gateway.Options{})
	return &simulate.Site{API: loaded, Backend: simulate.NotRun(app)}, nil, err
}

// cannot tells a template that leaves a choice, which is for the command line to make, from one that cannot be read.
func (x *diffCommand) cannot(err error) error {
	var choose *usageError
	if errors.As(err, &choose) && choose.hint != "" {
		return err
	}
	return &unreadable{err}
}

// site gives an API of a template with nothing behind it that would have to be run, and the template.
func site(c Command, a api) (*simulate.Site, []byte, error) {
	// The methods that want an API key are asked with this one. Whether it is the right one is not CORS's question.
	loaded, err := a.load(c, gateway.Options{APIKeys: []string{questions.Value("x-api-key")}})
	if err != nil {
		return nil, nil, err
	}
	template, err := readFile(a.Template)
	return &simulate.Site{API: loaded, Backend: simulate.NotRun(loaded.App)}, template, err
}
