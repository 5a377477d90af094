package cli

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/corsgate/corsgate/internal/inspect"
)

// inspectCommand says what of a deployed API is not as it should be. It only reads. Its exit statuses are those of check: 3 is
// for what of the account could not be read, too.
type inspectCommand struct {
	RestAPIID string            `name:"rest-api-id" xor:"deployed" placeholder:"ID" group:"The API:" help:"A REST API's id, name, or address."`
	HTTPAPIID string            `name:"http-api-id" xor:"deployed" placeholder:"ID" group:"The API:" help:"An HTTP API's id, name, or address."`
	URLOf     string            `name:"function-url" xor:"deployed" placeholder:"FUNCTION" group:"The API:" help:"The function of a function URL: NAME, NAME:ALIAS, or its ARN."`
	Stage     string            `placeholder:"NAME" group:"The API:" help:"The stage. Default: the address's, or all."`
	Template  string            `placeholder:"FILE" group:"The API:" help:"The template it was made from; differences in the account are findings."`
	API       string            `name:"api" placeholder:"ID" group:"The API:" help:"The API's logical id, if the template has several."`
	Var       map[string]string `mapsep:"none" placeholder:"NAME=VALUE" group:"Values of a deployment:" help:"A stage variable of the template."`
	values    `group:"Values of a deployment:"`
	Policy    bool `group:"Findings:" help:"Print the policy in force, in Go, instead of findings."`
	findings  `group:"Findings:"`
	intent    `group:"Findings:"`
	account   `group:"AWS account:"`
}

// Run is called by kong.
func (x *inspectCommand) Run(ctx context.Context, c Command) error {
	if x.RestAPIID+x.HTTPAPIID+x.URLOf == "" {
		return &usageError{err: errors.New("no API is named: give --rest-api-id, --http-api-id or --function-url")}
	}
	if x.URLOf != "" && x.Stage != "" {
		return &usageError{err: errors.New("--stage: a function URL has no stage")}
	}
	template, err := x.template(c)
	if err != nil {
		return err
	}
	var stacks []string
	if template != nil {
		stacks = stackNames(template.App)
	}
	stated, suppressions, err := x.read(c, stacks)
	if err != nil {
		return err
	}
	cfg, err := x.account.open(ctx)
	if err != nil {
		return stopped(err)
	}
	state, err := x.deployed(ctx, c, cfg)
	if err != nil {
		return stopped(&unreadable{err})
	}
	report, policies, err := inspect.Inspect(ctx, state, template, stated, suppressions)
	if err != nil {
		return stopped(&unreadable{err})
	}
	if !x.Policy {
		return x.conclude(c, report)
	}
	text, err := inspect.Go(policies)
	if err != nil {
		return err
	}
	if _, err := c.Stdout.Write(text); err != nil {
		return err
	}
	for _, l := range report.Unseen {
		c.say("not seen: %s", l)
	}
	if len(report.Unseen) > 0 {
		return statusError(statusUnknown)
	}
	return nil
}

// deployed reads what is named.
func (x *inspectCommand) deployed(ctx context.Context, c Command, cfg aws.Config) (*inspect.State, error) {
	functions := lambda.NewFromConfig(cfg)
	reading := func(what string) func() { return c.working(at("reading " + what + " in " + cfg.Region)) }
	switch {
	case x.URLOf != "":
		defer reading(x.URLOf)()
		return inspect.ReadURL(ctx, functions, cfg.Region, x.URLOf)
	case x.HTTPAPIID != "":
		client := apigatewayv2.NewFromConfig(cfg)
		id, stage, err := inspect.WhichHTTP(ctx, client, cfg.Region, x.HTTPAPIID, x.Stage)
		if err != nil {
			return nil, err
		}
		defer reading(id)()
		return inspect.ReadHTTP(ctx, client, functions, cfg.Region, id, stage)
	}
	client := apigateway.NewFromConfig(cfg)
	id, stage, err := inspect.Which(ctx, client, cfg.Region, x.RestAPIID, x.Stage)
	if err != nil {
		return nil, err
	}
	defer reading(id)()
	return inspect.Read(ctx, client, functions, cfg.Region, id, stage)
}

// template reads the template, nil if none is named.
func (x *inspectCommand) template(c Command) (*inspect.Template, error) {
	if x.Template == "" {
		return nil, nil
	}
	app, err := x.values.open(c, x.Template)
	if err != nil {
		return nil, err
	}
	return &inspect.Template{Name: x.Template, App: app, API: x.API, Variables: x.Var}, nil
}

// stopped returns the status of a command that was interrupted, and every other error as it is.
func stopped(err error) error {
	if errors.Is(err, context.Canceled) {
		return statusError(statusStopped)
	}
	return err
}
