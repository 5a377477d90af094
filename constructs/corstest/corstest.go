// Package corstest asserts in a test what pages may do with an API, by its synthesized template:
//
//	api := corstest.New(t, assertions.Template_FromStack(stack, nil))
//	app := api.From("https://app.example.com")
//	app.Put("/products/1").WithHeader("content-type").IsAllowed()
//	app.Put("/products/1").WithHeader("x-debug").IsRefused("HeaderDisallowedByPreflightResponse")
//	api.From("https://evil.example").Get("/products").IsRefused()
//
// It works out what a browser does and how API Gateway responds, as `corsgate explain` does, without a network. A
// failure prints what that command would print. A snapshot test fails when a line of the template changes; this one fails
// when a page can do something that it could not do, or the reverse.
//
// Functions are not run. A function that the template marks as sending CORS headers, as corsfunction does, is assumed to respond
// with 200 and the headers of corslambda. The response of any other function is not known, and neither allowed nor refused, unless
// [Answering] sets it.
package corstest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/simulate/transcript"
)

// T has the methods of a [*testing.T] that are used.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// A Template is a CloudFormation template as an object. The assertions.Template of the CDK's Go bindings is one.
type Template interface {
	ToJSON() *map[string]any
}

// An Option selects a part of the template, or supplies a value that it does
// not have.
type Option func(*options)

type options struct {
	gateway  gateway.Options
	values   cfn.Options
	faults   []string
	response string
	http1    bool
}

// WithAPI selects the RestApi by its logical id, if the template has several.
func WithAPI(logicalID string) Option { return func(o *options) { o.gateway.API = logicalID } }

// WithStage selects the stage, if the API has several.
func WithStage(name string) Option { return func(o *options) { o.gateway.Stage = name } }

// WithVariable sets a stage variable instead of the template's. Origins that are known only at deployment, such as a
// distribution's domain name, are tokens in the template; use this to set them.
func WithVariable(name, value string) Option {
	return func(o *options) {
		if o.gateway.Variables == nil {
			o.gateway.Variables = map[string]string{}
		}
		o.gateway.Variables[name] = value
	}
}

// WithParameter sets a parameter of the template, instead of its default.
func WithParameter(name, value string) Option {
	return func(o *options) { o.fault("WithParameter", o.values.Parameter(name, value)) }
}

// WithValue sets a value that is known only at deployment. It is named by its expression as failures print it,
// without ${ and }: "Distribution.DomainName".
func WithValue(expression, value string) Option {
	return func(o *options) { o.fault("WithValue", o.values.Value(expression, value)) }
}

func (o *options) fault(option string, err error) {
	if err != nil {
		o.faults = append(o.faults, option+": "+err.Error())
	}
}

// Answering makes every backend of the API respond with the same proxy response, as JSON: {"statusCode": 200, "headers":
// {"Access-Control-Allow-Origin": "*"}, "body": ""}. It also replaces functions that the template marks as sending CORS
// headers.
func Answering(proxyResponse string) Option { return func(o *options) { o.response = proxyResponse } }

// OverHTTP1 makes browsers use HTTP/1.1, where the header's name is Origin, and not origin as in HTTP/2. API Gateway
// tells them apart.
func OverHTTP1() Option { return func(o *options) { o.http1 = true } }

// An API is an API of a template, at one stage.
type API struct {
	t     T
	judge *simulate.Judge
}

// New returns the API of a template. It ends the test if there is none, or if there are several and no option
// selects one.
func New(t T, template Template, opts ...Option) *API {
	t.Helper()
	b, err := json.Marshal(template.ToJSON())
	if err != nil {
		t.Fatalf("corstest: the template: %v", err)
		return nil
	}
	return load(t, opts, func(o cfn.Options) (*cfn.App, error) { return cfn.Parse("template.json", b, o) })
}

// FromJSON is like [New], but takes the template as JSON text.
func FromJSON(t T, template []byte, opts ...Option) *API {
	t.Helper()
	return load(t, opts, func(o cfn.Options) (*cfn.App, error) { return cfn.Parse("template.json", template, o) })
}

// FromFile is like [New], but reads a file, such as cdk.out/CatalogStack.template.json, in JSON or YAML, of a folder of
// templates or of a cloud assembly.
func FromFile(t T, name string, opts ...Option) *API {
	t.Helper()
	return load(t, opts, func(o cfn.Options) (*cfn.App, error) { return cfn.Open([]string{name}, o) })
}

func load(t T, opts []Option, read func(cfn.Options) (*cfn.App, error)) *API {
	t.Helper()
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	if len(o.faults) > 0 {
		t.Fatalf("corstest: %s", strings.Join(o.faults, "; "))
		return nil
	}
	// Whether a key is the right one is not CORS's question.
	o.gateway.APIKeys = []string{questions.Value("x-api-key")}
	app, err := read(o.values)
	if err != nil {
		t.Fatalf("corstest: %v", err)
		return nil
	}
	if unused := app.Unused(); len(unused) > 0 {
		t.Fatalf("corstest: %s", strings.Join(unused, "; "))
		return nil
	}
	backend := simulate.NotRun
	if o.response != "" {
		reply, err := simulate.Reply([]byte(o.response), "corstest.Answering")
		if err != nil {
			t.Fatalf("corstest: the response given to corstest.Answering is %v", err)
			return nil
		}
		backend = func(*cfn.App) gateway.Backend { return reply }
	}
	judge, err := simulate.NewJudge(app, o.gateway, backend)
	if err != nil {
		hint := ""
		var fault *gateway.LoadError
		if errors.As(err, &fault) {
			hint = map[gateway.LoadKind]string{gateway.SeveralAPIs: " (corstest.WithAPI)", gateway.SeveralStages: " (corstest.WithStage)"}[fault.Kind]
		}
		t.Fatalf("corstest: %v%s", err, hint)
		return nil
	}
	for _, p := range app.Problems {
		if p.Stack == "" { // a file, which may have what decides
			t.Fatalf("corstest: not read: %v", p)
			return nil
		}
		if p.Kind == cfn.Dangling {
			t.Fatalf("corstest: the template is one that CloudFormation refuses: %v", p)
			return nil
		}
	}
	judge.Site.HTTP1 = o.http1
	return &API{t, judge}
}

// In returns a copy of the API that reports failures to t, for use in subtests.
func (a *API) In(t T) *API { return &API{t, a.judge} }

// From returns a page of an origin, https://app.example.com, or "null". An origin that is known only at deployment is
// written with its expression, as failures print it: https://${Distribution.DomainName}.
func (a *API) From(origin string) Page {
	a.t.Helper()
	read, err := a.judge.Site.API.App.Read(origin)
	if err != nil {
		a.t.Fatalf("corstest: the origin %s: %v", origin, err)
	}
	return Page{a, read}
}

// A Page is one whose script uses the API.
type Page struct {
	api    *API
	origin string
}

// Get returns a request for a path of the API, without the stage, with values for its parameters and with the query
// string: /products/1?full=yes. If no resource has the path, the test ends.
func (p Page) Get(path string) Request { return p.Do("GET", path) }

// Head is like [Page.Get], for HEAD.
func (p Page) Head(path string) Request { return p.Do("HEAD", path) }

// Post is like [Page.Get], for POST.
func (p Page) Post(path string) Request { return p.Do("POST", path) }

// Put is like [Page.Get], for PUT.
func (p Page) Put(path string) Request { return p.Do("PUT", path) }

// Patch is like [Page.Get], for PATCH.
func (p Page) Patch(path string) Request { return p.Do("PATCH", path) }

// Delete is like [Page.Get], for DELETE.
func (p Page) Delete(path string) Request { return p.Do("DELETE", path) }

// Do is like [Page.Get] for any method, as the script writes it.
func (p Page) Do(method, path string) Request {
	return Request{p.api, browser.Call{Origin: p.origin, Method: method, URL: path}}
}

// A Request is a request of a page. Methods that add to it return a new Request and do not
// change it.
type Request struct {
	api *API
	req browser.Call
}

// WithHeader adds a header that the script sets. Without a value, content-type is application/json, which needs
// a preflight, and any other header gets a made-up value.
func (r Request) WithHeader(name string, value ...string) Request {
	v := questions.Value(name)
	if len(value) > 0 {
		v = strings.Join(value, ", ")
	}
	r.req.Header = append(slices.Clone(r.req.Header), browser.Field{Name: name, Value: v})
	return r
}

// WithCredentials includes cookies in the request: fetch with credentials "include".
func (r Request) WithCredentials() Request {
	r.req.Credentials = browser.Include
	return r
}

// WithBody sets the request's body. If the script sets no content-type, it is text/plain.
func (r Request) WithBody(body string) Request {
	r.req.Body = []byte(body)
	return r
}

// run returns the report, or nil where the test has failed.
func (r Request) run() *simulate.Report {
	r.api.t.Helper()
	if !strings.HasPrefix(r.req.URL, "/") {
		r.api.t.Fatalf("corstest: the path %q does not begin with a slash; want a path of the API, such as /items", r.req.URL)
		return nil
	}
	report, err := r.api.judge.Explain(context.Background(), r.req)
	if err != nil {
		r.api.t.Fatalf("corstest: %v", err)
		return nil
	}
	course := report.Trace.Actual
	if course == nil {
		course = report.Trace.Preflight
	}
	if report.Verdict.Known && course != nil && course.Resource == nil {
		// API Gateway refuses it, and in a way that pages may read: an assertion with a typing error would hold.
		r.api.t.Fatalf("corstest: the API has no resource for the path %s; it has %s", r.req.URL, r.api.paths())
		return nil
	}
	return report
}

// paths names the resources that have methods, as a test writes them: without the stage.
func (a *API) paths() string {
	const most = 20
	var out []string
	for _, r := range a.judge.Site.API.Resources() {
		if len(r.Methods()) > 0 {
			out = append(out, r.Path)
		}
	}
	if len(out) > most {
		out = append(out[:most], fmt.Sprintf("%d more", len(out)-most))
	}
	return strings.Join(out, ", ")
}

// unserved reports whether a path was found and not the method on it.
func unserved(report *simulate.Report) bool {
	return report.Trace.Actual != nil && report.Trace.Actual.Method == nil
}

// fail says what was wanted, what came of it, and how.
func (r Request) fail(want string, rep *simulate.Report) {
	r.api.t.Helper()
	var b bytes.Buffer
	asked := r.req
	asked.Origin = r.api.judge.Site.API.App.Show(asked.Origin)
	_ = transcript.Print(&b, report.Palette{}, asked, rep) // a buffer takes everything
	got := outcome(rep.Verdict)
	if !rep.Verdict.Known {
		got = rep.Verdict.Message
	}
	if rep.Verdict.Allowed && unserved(rep) {
		got = "allowed to read that the API does not serve " + r.req.Method + " " + r.req.URL
	}
	r.api.t.Errorf("corstest: want %s, got %s\n\n%s", want, got, b.String())
}

func outcome(v simulate.Verdict) string {
	switch {
	case v.Allowed:
		return "allowed"
	case !v.Known:
		return "not known"
	case v.Code == "":
		return "failed (" + v.NetError + ")"
	}
	return "refused (" + string(v.Code) + ")"
}

// IsAllowed fails the test unless the page can make the request and read the response, whatever its status: an error of API
// Gateway's own that the page can read counts as allowed, except the error that the path has no such method.
func (r Request) IsAllowed() {
	r.api.t.Helper()
	if report := r.run(); report != nil && (!report.Verdict.Allowed || unserved(report)) {
		r.fail("allowed", report)
	}
}

// IsRefused fails the test unless CORS keeps the page from making the request or from reading the response. Codes are the
// accepted reasons, as Chromium's DevTools name them, such as PreflightMissingAllowOriginHeader; without codes, any
// reason is accepted.
func (r Request) IsRefused(codes ...string) {
	r.api.t.Helper()
	for _, c := range codes {
		if !slices.Contains(browser.Codes(), browser.Code(c)) {
			r.api.t.Fatalf("corstest: %q is not a way in which CORS refuses; want one of %s", c, join(browser.Codes()))
			return
		}
	}
	report := r.run()
	if report == nil {
		return
	}
	v := report.Verdict
	if v.Code != "" && (len(codes) == 0 || slices.Contains(codes, string(v.Code))) {
		return
	}
	want := "refused"
	if len(codes) > 0 {
		want += " (" + strings.Join(codes, " or ") + ")"
	}
	r.fail(want, report)
}

func join(codes []browser.Code) string {
	var out []string
	for _, c := range codes {
		out = append(out, string(c))
	}
	return strings.Join(out, ", ")
}

// PassesPreflight fails the test unless the browser sends the request, after a preflight if it needs one. Use it for a
// function that is not known to send CORS headers.
func (r Request) PassesPreflight() {
	r.api.t.Helper()
	if report := r.run(); report != nil && !report.Preflight.Verdict.Allowed {
		report.Verdict = report.Preflight.Verdict // what was looked at
		r.fail("a preflight that passes", report)
	}
}

// CanRead fails the test unless the request is allowed and the page can read headers of the response. The template has to
// allow it; whether the response has such a header is up to the function.
func (r Request) CanRead(headers ...string) {
	r.api.t.Helper()
	report := r.run()
	if report == nil {
		return
	}
	if !report.Verdict.Allowed || unserved(report) {
		r.fail("allowed", report)
		return
	}
	for _, h := range headers {
		if name := strings.ToLower(h); !r.readable(name, report) {
			r.fail(fmt.Sprintf("that the page can read the header %s", name), report)
		}
	}
}

func (r Request) readable(name string, report *simulate.Report) bool {
	if slices.Contains(report.Actual.Readable, name) || browser.SafelistedResponseHeader(name) {
		return true
	}
	if report.Actual.Response == nil {
		return false
	}
	header := browser.Header{{Name: corsheader.ExposeHeaders, Value: report.Actual.Response.Headers.Get(corsheader.ExposeHeaders)}}
	exposed := browser.ExposedNames(header, r.req.Credentials == browser.Include)
	return slices.Contains(exposed, name) || slices.Contains(exposed, "*")
}
