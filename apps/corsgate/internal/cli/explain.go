package cli

import (
	"cmp"
	"context"
	"strings"
	"sync"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/lambdarun"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/simulate/transcript"
)

// explainCommand says what a browser would do with a request of a page. Its exit statuses are 0 for a request that is allowed, 1
// for one that the browser refuses, 2 for a command line that cannot be used and for a route that the API does not have, and 3
// where it depends on what only a deployment knows, on a function that was not run, or cannot be, or on what of the template
// cannot be served here, and where a file cannot be read.
type explainCommand struct {
	api `group:"The API:"`

	Origin      string   `required:"" placeholder:"ORIGIN" group:"The page's request:" help:"The page's origin, null, or an expression: https://$${Distribution.DomainName}."`
	Method      string   `default:"GET" placeholder:"METHOD" group:"The page's request:" help:"The method. Default: GET."`
	Path        string   `default:"/" placeholder:"PATH" group:"The page's request:" help:"The path without the stage, with its query string. Default: /."`
	Header      []string `sep:"none" placeholder:"NAME[:VALUE]" group:"The page's request:" help:"A header that the page's script sets; can be repeated."`
	Body        string   `placeholder:"TEXT" group:"The page's request:" help:"The body, or @FILE."`
	Credentials bool     `group:"The page's request:" help:"Send credentials, as fetch does with credentials: 'include'."`
	HTTP1       bool     `name:"http1" group:"The page's request:" help:"Use HTTP/1.1, where header names are not in lower case."`

	JSON     bool `name:"json" group:"The report:" help:"Print everything as one JSON object."`
	invoke   `group:"The function behind the API:"`
	NoInvoke bool   `xor:"answer" group:"The function behind the API:" help:"Do not run the function, or an authorizer's, on this machine. (It runs in an empty home folder, without your credentials.) The response of a function without corsgate is then not known."`
	Response string `xor:"answer" placeholder:"FILE" group:"The function behind the API:" help:"A proxy response, JSON, in place of the function's."`
}

// Run is called by kong.
func (x *explainCommand) Run(ctx context.Context, c Command) error {
	request, err := x.request()
	if err != nil {
		return err
	}
	opts := gateway.Options{}
	if key, ok := request.Header.Get("x-api-key"); ok {
		// A template rarely holds its keys. Whether this one is right is not CORS's question.
		opts.APIKeys = []string{key}
	}
	app, err := x.open(c, x.Template)
	if err != nil {
		return err
	}
	if request.Origin, err = app.Read(request.Origin); err != nil {
		return usage("--origin: %w", err)
	}
	backends, err := x.backends(c)
	if err != nil {
		return err
	}
	defer backends.close()
	if backends.reply == nil && !backends.noInvoke {
		opts.Authorizers = &gateway.Authorizers{}
	}
	judge, err := x.judge(c, app, opts, backends.of)
	if err != nil {
		return err
	}
	judge.Site.HTTP1 = x.HTTP1
	asked := request
	asked.URL = "https://api.example" + asked.URL
	plan, err := browser.Prepare(asked)
	if err != nil {
		return &usageError{err: err}
	}
	if err := judge.NoRoute(request); err != nil && plan.Refused == nil {
		return &usageError{err: err}
	}
	result, err := judge.Explain(ctx, request)
	if err := cmp.Or(err, backends.err); err != nil {
		return &usageError{err: err}
	}
	request.Origin = app.Show(request.Origin)
	if ctx.Err() != nil {
		return statusError(statusStopped) // a function was cut off, and its response would not be its response
	}
	if x.JSON {
		err = report.WriteJSON(c.Stdout, result)
	} else {
		err = transcript.Print(c.Stdout, report.Colours(c.Stdout), request, result)
	}
	switch {
	case err != nil:
		return err
	case !result.Verdict.Known:
		return statusError(statusUnknown)
	case !result.Verdict.Allowed:
		return statusError(statusRefused)
	case unread(app):
		return statusError(statusUnknown)
	}
	return nil
}

// request is what the page asks for.
func (x *explainCommand) request() (browser.Call, error) {
	r := browser.Call{Origin: x.Origin, Method: x.Method, URL: x.Path}
	if !strings.HasPrefix(x.Path, "/") {
		return r, usage("--path %q does not begin with a slash; want a path of the API, such as /items", x.Path)
	}
	if x.Credentials {
		r.Credentials = browser.Include
	}
	var err error
	if r.Body, _, err = body(x.Body); err != nil {
		return r, err
	}
	r.Header, err = headers(x.Header)
	return r, err
}

// body reads a request's body, a text or @FILE, and returns the file's name.
func body(given string) (content []byte, file string, err error) {
	file, ok := strings.CutPrefix(given, "@")
	if !ok {
		return []byte(given), "", nil
	}
	content, err = readFile(file)
	return content, file, err
}

// headers reads headers that a page's script sets, NAME or NAME:VALUE.
func headers(given []string) (browser.Header, error) {
	var out browser.Header
	for _, h := range given {
		name, value, hasValue := strings.Cut(h, ":")
		name = strings.TrimSpace(name)
		if name == "" {
			return nil, usage("--header %q has no name; want NAME or NAME:VALUE", h)
		}
		if !hasValue {
			value = questions.Value(name)
		}
		out = append(out, browser.Field{Name: name, Value: strings.TrimSpace(value)})
	}
	return out, nil
}

// backends makes what stands for the functions, for an app and for the same under other values.
type backends struct {
	reply    gateway.Backend // nil if functions answer
	noInvoke bool
	held     string // why functions are not run, if nobody said so
	say      func(format string, args ...any)
	pools    []*lambdarun.Pool
	err      error
}

func (x *explainCommand) backends(c Command) (*backends, error) {
	b := &backends{noInvoke: x.NoInvoke, held: x.held(), say: c.say}
	if x.Response == "" {
		return b, nil
	}
	response, err := readFile(x.Response)
	if err != nil {
		return nil, err
	}
	if b.reply, err = simulate.Reply(response, x.Response); err != nil {
		return nil, usage("%s: %w", x.Response, err)
	}
	return b, nil
}

func (b *backends) of(app *cfn.App) gateway.Backend {
	dry := simulate.NotRun(app)
	switch {
	case b.reply != nil:
		return b.reply
	case b.noInvoke:
		return dry
	case b.held != "":
		return simulate.Else(idle{dry, b.held}, dry)
	}
	pool, err := lambdarun.New(lambdarun.Options{Functions: lambdarun.Functions(app)})
	if err != nil {
		b.err = cmp.Or(b.err, err)
		return dry
	}
	b.pools = append(b.pools, pool)
	return simulate.Else(&named{Backend: simulate.Running(pool, dry), say: b.say, said: map[string]bool{}}, dry)
}

// idle is a backend whose functions are not run.
type idle struct {
	gateway.Backend
	reason string
}

func (h idle) Invoke(_ context.Context, fn gateway.Function, _ []byte) ([]byte, error) {
	return nil, &gateway.Unavailable{Reason: "the function " + fn.Name + " was not run: " + h.reason}
}

// named is a backend that says which functions it runs, before it does.
type named struct {
	gateway.Backend
	say  func(format string, args ...any)
	mu   sync.Mutex
	said map[string]bool
}

func (n *named) Invoke(ctx context.Context, fn gateway.Function, event []byte) ([]byte, error) {
	n.mu.Lock()
	if id := fn.LogicalID; id != "" && !n.said[id] {
		n.said[id] = true
		n.say("running the template's function %s on this machine", id)
	}
	n.mu.Unlock()
	return n.Backend.Invoke(ctx, fn, event)
}

// close ends every function.
func (b *backends) close() {
	for _, p := range b.pools {
		_ = p.Close()
	}
}
