package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/corsgate/corsgate/apps/corsgate/internal/serve"
	"github.com/corsgate/corsgate/apps/corsgate/internal/synth"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/gohandler"
	"github.com/corsgate/corsgate/internal/report"
)

// serveCommand serves an API on this machine, until it is interrupted. Its exit statuses are 0 when it was, by SIGINT,
// SIGTERM or SIGHUP, since that is how it is meant to end; 1 where the app cannot be synthesized or its API cannot be served here; 2 for
// a command line that cannot be used; 3 where no template can be read.
type serveCommand struct {
	App      string            `default:"." placeholder:"DIR" group:"The API:" help:"The folder of the CDK app's cdk.json. Default: the working directory."`
	Template string            `placeholder:"PATH" group:"The API:" help:"A template, a folder of templates, or a cdk.out. Without it, the app is synthesized."`
	API      string            `name:"api" placeholder:"ID" group:"The API:" help:"The API's logical id, or STACK/ID, where there are several."`
	Stage    string            `placeholder:"NAME" group:"The API:" help:"The stage, where the API has several."`
	Var      map[string]string `mapsep:"none" placeholder:"NAME=VALUE" group:"Values of a deployment:" help:"A stage variable."`
	values   `group:"Values of a deployment:"`

	invoke `group:"The functions behind the API:"`

	Claim     map[string]string `mapsep:"none" placeholder:"NAME=VALUE" group:"Who is let in:" help:"A claim of the tokens that Cognito and JWT authorizers get, such as scope=items/read. Without any, every token is accepted."`
	IAMCaller string            `name:"iam-caller" placeholder:"ARN" group:"Who is let in:" help:"The caller who signs requests to methods with AWS_IAM. Without it, every signature is accepted; none is verified."`

	Listen     string   `default:"127.0.0.1:4000" placeholder:"ADDRESS" group:"Where:" help:"The API's address. Default: 127.0.0.1:4000."`
	PageListen string   `default:"127.0.0.1:4001" placeholder:"ADDRESS" group:"Where:" help:"The page's address. Default: 127.0.0.1:4001."`
	TLS        bool     `name:"tls" group:"Where:" help:"Serve over HTTPS and HTTP/2, with a self-signed certificate."`
	Host       []string `sep:"none" placeholder:"NAME" group:"Where:" help:"Another host name for both, also in the certificate. Requests for other names get 421."`
}

// iamARN is what identifies whoever signs a request.
var iamARN = regexp.MustCompile(`^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:.+$`)

// Run is called by kong.
func (x *serveCommand) Run(ctx context.Context, c Command) error {
	for _, a := range []struct{ flag, address string }{{"--listen", x.Listen}, {"--page-listen", x.PageListen}} {
		host, _, err := net.SplitHostPort(a.address)
		if err != nil {
			return usage("%s %q is not an address; want HOST:PORT, such as 127.0.0.1:4000", a.flag, a.address)
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			c.say("warning: %s %s: whoever can reach this machine can call the API and its functions", a.flag, a.address)
		}
	}
	if x.IAMCaller != "" && !iamARN.MatchString(x.IAMCaller) {
		return usage("--iam-caller %q is not the ARN of a user or a role; want one such as arn:aws:iam::111122223333:user/alice", x.IAMCaller)
	}
	template := x.Template
	if template == "" {
		dir, err := os.MkdirTemp("", "corsgate-serve-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		end := c.working(at("synthesizing " + x.App))
		err = synth.Run(ctx, x.App, dir)
		end()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return c.explainSynth(err)
		}
		template = dir
	}
	// As every command does: one line for what cannot be used, a warning for what is left out.
	chosen := api{Template: template, API: x.API, Stage: x.Stage, Var: x.Var, values: x.values}
	app, err := x.open(c, template)
	if err != nil {
		return err
	}
	if x.Template == "" {
		if err := x.one(app); err != nil {
			return err
		}
		c.Stderr = without{c.Stderr, template + string(filepath.Separator)}
	}
	judge, err := chosen.judge(c, app, gateway.Options{}, func(*cfn.App) gateway.Backend { return nil })
	if err != nil {
		return err
	}
	for _, a := range judge.Exists() {
		c.say("warning: the API is served %s", a.Text)
	}
	server, err := serve.New(serve.Options{
		App: judge.Site.API.App, API: x.API, Stage: x.Stage, Variables: x.Var, Authorizers: gateway.Authorizers{Claims: x.Claim, IAM: x.IAMCaller}, Module: gohandler.ModuleOf(x.App),
		Listen: x.Listen, PageListen: x.PageListen, TLS: x.TLS, Hosts: x.Host, Log: c.Stderr, Held: x.held(),
	})
	if err != nil {
		return &failure{err}
	}
	defer server.Close()
	fmt.Fprintf(c.Stdout, "API   %s\nPage  %s\n", report.OneLine(server.URL()), report.OneLine(server.PageURL()))
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(); err != nil {
		return &failure{err}
	}
	return server.Close()
}

// one returns an error unless the app that was synthesized has one API, or the one that is named.
func (x *serveCommand) one(app *cfn.App) error {
	var said []string
	for _, a := range gateway.APIs(app) {
		if x.API == a.ID || x.API == a.Resource.Stack.Name+"/"+a.Resource.ID {
			return nil
		}
		said = append(said, a.ID+" in "+filepath.Base(a.Resource.Stack.File))
	}
	switch {
	case len(said) == 0 && len(app.Undecided()) > 0: // it may have one under a condition
	case x.API != "":
		return usage("no template of the app has an API %s", x.API)
	case len(said) == 0:
		return usage("%s in the templates of the app", gateway.NoneThere)
	case len(said) > 1:
		return usage("the app has %d APIs: %s; name one with --api", len(said), strings.Join(said, ", "))
	}
	return nil
}

// without writes texts without the name of a folder that nobody knows of.
type without struct {
	io.Writer
	folder string
}

func (w without) Write(b []byte) (int, error) {
	if _, err := io.WriteString(w.Writer, strings.ReplaceAll(string(b), w.folder, "")); err != nil {
		return 0, err
	}
	return len(b), nil
}

// colour is what an app begins and ends colours with.
var colour = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// explainSynth says what an app said that could not be synthesized, in its own lines: they are for people who write apps.
func (c Command) explainSynth(err error) error {
	var failed *synth.AppError
	if !errors.As(err, &failed) {
		return err
	}
	c.say("%v", failed)
	if failed.Output != "" {
		fmt.Fprintln(c.Stderr, report.Lines(strings.TrimRight(colour.ReplaceAllString(failed.Output, ""), "\n")))
	}
	return statusError(statusRefused)
}
