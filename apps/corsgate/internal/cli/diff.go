package cli

import (
	"bytes"
	"context"
	"errors"

	"github.com/corsgate/corsgate/internal/change"
	"github.com/corsgate/corsgate/internal/exchange"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/probe"
)

// diff says what browsers would notice of the difference between two templates. Its exit statuses are 0 if that is
// nothing, 1 if it is something (with --fail-on looser: if something is allowed that was not), 2 for a command line that
// cannot be used and 3 for a file that cannot be read.
type diff struct {
	Old string `arg:"" placeholder:"OLD" help:"The template as it was."`
	New string `arg:"" placeholder:"NEW" help:"The template as it is going to be."`

	Format   string            `default:"markdown" enum:"markdown,text,json" placeholder:"FORMAT" help:"markdown, to be posted as a comment; text; or json, with every request whose outcome changes (default: markdown)."`
	FailOn   string            `default:"change" enum:"change,looser" placeholder:"WHAT" help:"What gives exit status 1: change, or looser, which is something that is allowed and was not (default: change)."`
	API      string            `name:"api" placeholder:"ID" help:"The logical id of the RestApi, where a template has several."`
	OldAPI   string            `name:"old-api" placeholder:"ID" help:"The same for the old template, if it is another there."`
	Stage    string            `placeholder:"NAME" help:"The stage, where the API has several."`
	OldStage string            `placeholder:"NAME" help:"The same for the old template, if it is another there."`
	Var      map[string]string `mapsep:"none" placeholder:"NAME=VALUE" help:"A stage variable, in the place of both templates'; can be repeated."`
}

// Run is called by kong.
func (x *diff) Run(ctx context.Context, c Command) error {
	if x.OldAPI == "" {
		x.OldAPI = x.API
	}
	if x.OldStage == "" {
		x.OldStage = x.Stage
	}
	before, old, err := site(c, api{x.Old, x.OldAPI, x.OldStage, x.Var})
	if err != nil {
		return x.cannot(err)
	}
	after, now, err := site(c, api{x.New, x.API, x.Stage, x.Var})
	if err != nil {
		return x.cannot(err)
	}
	d, err := change.Between(ctx, before, after)
	if errors.Is(err, context.Canceled) {
		return statusError(statusStopped)
	}
	if err != nil {
		return err
	}
	switch same := bytes.Equal(old, now); x.Format {
	case "json":
		err = d.JSON(c.Stdout)
	case "text":
		err = d.Text(c.Stdout, same)
	default:
		err = d.Markdown(c.Stdout, same)
	}
	switch {
	case err != nil:
		return err
	case x.FailOn == "looser" && d.Looser(), x.FailOn == "change" && !d.Empty():
		return statusError(statusRefused)
	}
	return nil
}

// cannot tells a template that leaves a choice, which is for the command line to make, from one that cannot be read.
func (x *diff) cannot(err error) error {
	var choose *usageError
	if errors.As(err, &choose) && choose.hint != "" {
		return err
	}
	return &unreadable{err}
}

// site gives an API of a template with nothing behind it that would have to be run, and the template.
func site(c Command, a api) (*exchange.Site, []byte, error) {
	// The methods that want an API key are asked with this one. Whether it is the right one is not CORS's question.
	template, loaded, err := a.load(c, gateway.Options{APIKeys: []string{probe.Value("x-api-key")}})
	if err != nil {
		return nil, nil, err
	}
	backend, err := exchange.NotRun(template)
	if err != nil {
		return nil, nil, usage("%s: %w", a.Template, err)
	}
	return &exchange.Site{API: loaded, Backend: backend}, template, nil
}
