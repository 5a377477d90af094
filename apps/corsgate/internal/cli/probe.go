package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/probe"
	"github.com/corsgate/corsgate/internal/probe/wire"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/simulate/transcript"
)

// probeCommand asks a deployed API over the wire. Its exit statuses are 0 for a clean result, 1 where the browser refuses
// the page's request and for findings at or above --fail-on, 2 for a command line that cannot be used, and 3 for an API that cannot be reached or gives no response.
type probeCommand struct {
	URL    string   `arg:"" name:"url" help:"The address that the page requests, with its stage."`
	Origin string   `required:"" placeholder:"ORIGIN" group:"The page's request:" help:"The page's origin, which the API is meant to allow."`
	Method string   `default:"GET" placeholder:"METHOD" group:"The page's request:" help:"The method. Default: GET."`
	Header []string `sep:"none" placeholder:"NAME[:VALUE]" group:"The page's request:" help:"A header that the page's script sets; can be repeated."`
	Body   string   `placeholder:"TEXT" group:"The page's request:" help:"The body, or @FILE."`

	Credentials bool   `group:"The page's request:" help:"Send credentials, as fetch does with credentials: 'include'."`
	Cookie      string `placeholder:"COOKIES" group:"The page's request:" help:"NAME=VALUE; ..., or @FILE; implies --credentials. Never printed."`
	BearerEnv   string `placeholder:"NAME" group:"The page's request:" help:"The environment variable with the bearer token. Never printed."`

	Send        bool          `group:"What is sent:" help:"Send the page's request even if it is not a GET, after a preflight that allows it. Otherwise only OPTIONS and GET are sent."`
	Errors      bool          `group:"What is sent:" help:"Also send GET requests that must fail, to see whether the page can read errors."`
	MaxRequests int           `default:"40" placeholder:"N" group:"What is sent:" help:"The maximum number of requests. Default: 40."`
	Timeout     time.Duration `default:"10s" placeholder:"TIME" group:"What is sent:" help:"How long each request may take. Default: 10s."`
	Insecure    bool          `group:"What is sent:" help:"Accept any certificate."`
	Resolve     []string      `sep:"none" placeholder:"HOST:PORT:ADDRESS" group:"What is sent:" help:"The address to connect to for a host and port, as in curl."`

	findings `group:"Findings:"`
	setAside `group:"Findings:"`
}

var environmentName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Run is called by kong.
func (x *probeCommand) Run(ctx context.Context, c Command) error {
	suppressions, err := x.suppressions(c, nil)
	if err != nil {
		return err
	}
	o, err := x.options()
	if err != nil {
		return err
	}
	var sent atomic.Int32
	do := o.Do
	o.Do = func(ctx context.Context, r *wire.Outgoing) (*wire.Incoming, error) {
		sent.Add(1)
		return do(ctx, r)
	}
	end := c.working(func() string { return report.Plural(int(sent.Load()), "request") + " to " + x.URL })
	result, err := probe.Run(ctx, o)
	end()
	var input *probe.InputError
	switch {
	case errors.As(err, &input):
		return usage("%w", err)
	case errors.Is(err, context.Canceled):
		return statusError(statusStopped)
	case err != nil:
		return &unreadable{explainWire(err)}
	}
	rep := report.New("probe", x.URL, result.Findings, suppressions)
	if err := x.print(c.Stdout, result, rep); err != nil {
		return err
	}
	if result.Verdict.Known && !result.Verdict.Allowed {
		return statusError(statusRefused) // also where what refuses is a warning for whoever reads templates
	}
	return x.status(c, rep)
}

// explainWire adds the fix to an error that has one.
func explainWire(err error) error {
	var e *wire.Error
	if errors.As(err, &e) && e.Certificate {
		return fmt.Errorf("%w; --insecure takes any", err)
	}
	return err
}

// options reads the command line.
func (x *probeCommand) options() (probe.Options, error) {
	o := probe.Options{URL: x.URL, Origin: x.Origin, Method: x.Method, Credentials: x.Credentials, Send: x.Send, Errors: x.Errors, Max: x.MaxRequests}
	if x.MaxRequests < 1 {
		return o, usage("--max-requests is %d; want 1 or more", x.MaxRequests)
	}
	if x.Timeout <= 0 {
		return o, usage("--timeout is %v; want more than 0s, such as 10s", x.Timeout)
	}
	var err error
	if o.Body, o.BodyFile, err = body(x.Body); err != nil {
		return o, err
	}
	if o.Header, err = headers(x.Header); err != nil {
		return o, err
	}
	if o.Cookie, err = cookies(x.Cookie); err != nil {
		return o, err
	}
	if o.BearerEnv = x.BearerEnv; o.BearerEnv != "" {
		if !environmentName.MatchString(o.BearerEnv) {
			return o, usage("--bearer-env wants the name of an environment variable, such as API_TOKEN, and not a token itself")
		}
		if o.Bearer = os.Getenv(o.BearerEnv); o.Bearer == "" {
			return o, usage("the environment has no %s, which --bearer-env names", o.BearerEnv)
		}
	}
	client := &wire.Client{Timeout: x.Timeout, Insecure: x.Insecure, Proxy: httpproxy.FromEnvironment().ProxyFunc(), Resolve: map[string]string{}}
	if x.Insecure {
		o.CurlOptions = append(o.CurlOptions, []string{"--insecure"})
	}
	for _, r := range x.Resolve {
		at, address, err := resolve(r)
		if err != nil {
			return o, err
		}
		client.Resolve[at] = address
		host, _, _ := net.SplitHostPort(at)
		o.CurlOptions = append(o.CurlOptions, []string{"--resolve", r}, []string{"--noproxy", host})
	}
	o.Do = client.Do
	return o, nil
}

// cookies reads the value of a Cookie header, a text or @FILE.
func cookies(given string) (string, error) {
	b, _, err := body(given)
	if err != nil {
		return "", err
	}
	value := strings.TrimSpace(string(b))
	if strings.ContainsAny(value, "\r\n\x00") {
		return "", usage("--cookie has a line break in it; want one line, NAME=VALUE; NAME=VALUE")
	}
	if given != "" && !strings.Contains(value, "=") {
		return "", usage("--cookie has no NAME=VALUE in it")
	}
	return value, nil
}

// resolve reads HOST:PORT:ADDRESS, in which an address of IPv6 may be in brackets.
func resolve(given string) (at, address string, err error) {
	host, rest, _ := strings.Cut(given, ":")
	port, address, ok := strings.Cut(rest, ":")
	address = strings.Trim(address, "[]")
	if !ok || host == "" || net.ParseIP(address) == nil {
		return "", "", usage("--resolve %q; want HOST:PORT:ADDRESS, such as api.example.com:443:10.0.0.7", given)
	}
	return net.JoinHostPort(host, port), address, nil
}

// probeReport is what `corsgate probe --format json` prints.
type probeReport struct {
	*probe.Result
	*report.Report
}

// print writes the verdict, what was found, and every exchange.
func (x *probeCommand) print(w io.Writer, result *probe.Result, rep *report.Report) error {
	switch x.Format {
	case "text":
		p := &report.Printer{Palette: report.Colours(w)}
		x.verdict(p, result)
		p.Report(rep)
		printExchanges(p, result)
		_, err := io.WriteString(w, p.String())
		return err
	case "json":
		return report.WriteJSON(w, probeReport{result, rep})
	case "markdown":
		if err := rep.Write(w, x.Format); err != nil {
			return err
		}
		_, err := io.WriteString(w, markdown(result))
		return err
	}
	return rep.Write(w, x.Format)
}

// verdict writes what the browser does with the page's request.
func (x *probeCommand) verdict(p *report.Printer, r *probe.Result) {
	with, other, verdict := "", "With credentials", r.With
	if x.Credentials || x.Cookie != "" {
		with, other, verdict = ", with credentials", "Without credentials", r.Without
	}
	p.Line(p.Strong, "", 0, "A page of "+x.Origin+" requests "+browser.NormalizeMethod(x.Method)+" "+x.URL+with)
	if r.Nowhere != "" {
		p.Line(p.Bad, "", 0, r.Nowhere)
	}
	p.WriteByte('\n')
	transcript.Verdict(p, r.Verdict, r.Preflight && r.PreflightAllowed)
	end := "refused (" + string(verdict.Code) + ")"
	switch {
	case verdict.Allowed:
		end = "allowed"
	case !verdict.Known:
		end = "not known"
	}
	p.Line("", "", 2, other+": "+end)
	switch {
	case len(r.Readable) > 0:
		p.Line("", "", 2, "The page can read the headers "+strings.Join(r.Readable, ", "))
	case r.Verdict.Allowed:
		p.Line("", "", 2, "The page can read no headers: the response has no Access-Control-Expose-Headers")
	}
	if len(r.Dropped) > 0 {
		p.Line("", "", 2, "Not sent, since scripts may not set them: "+strings.Join(r.Dropped, ", "))
	}
	p.WriteByte('\n')
}

// printExchanges writes every exchange: what the response was, who made it, and a command that asks the same.
func printExchanges(p *report.Printer, r *probe.Result) {
	for _, e := range r.Exchanges {
		p.WriteByte('\n')
		what := fmt.Sprintf("%d. %s: %s", e.Number, e.Purpose, e.Request.Method)
		if o, ok := e.Request.Headers.Get("Origin"); ok {
			what += " from " + o
		}
		p.Line(p.Strong, "", 3, what)
		if e.Response == nil {
			p.Line(p.Bad, "   < ", 5, e.Error)
		} else {
			p.Line("", "   < ", 5, fmt.Sprintf("%s %d", e.Response.Protocol, e.Response.Status))
			printHeaders(p, e)
			if e.Response.Broken != "" {
				p.Line(p.Bad, "   < ", 5, e.Response.Broken)
			}
		}
		if e.Cause != "" {
			p.Line(p.Unsure, "   cause: ", 10, e.Cause)
		}
		if e.Verdict != nil && !e.Verdict.Allowed {
			p.Line("", "   browser: ", 12, "refused ("+string(e.Verdict.Code)+")")
		}
		p.Block("   ", e.Curl)
	}
	if r.NotSent != "" {
		p.WriteByte('\n')
		p.Line(p.Unsure, "", 0, r.NotSent)
	}
}

// mostLines is how many lines of a response's headers are printed.
const mostLines = 64

// printHeaders writes all header lines of what the page is answered; of other responses those that CORS and caches are about.
func printHeaders(p *report.Printer, e *probe.Exchange) {
	printed := 0
	for _, f := range e.Response.Headers {
		switch {
		case !e.Own && !ofCORS(f.Name):
			continue
		case printed == mostLines:
			p.Line("", "   ", 3, "... and more lines, which --format json has")
			return
		}
		p.Line("", "   < ", 7, report.Clip(f.Name+": "+f.Value, probe.Shown))
		printed++
	}
}

// ofCORS reports whether a header decides what a browser does, or says who answered.
func ofCORS(name string) bool {
	name = strings.ToLower(name)
	return corsheader.Is(name) || corsheader.IsVary(name) || slices.Contains([]string{"location", "age", "cache-control", "x-cache", "server", "x-amzn-errortype", "x-amzn-waf-action"}, name)
}

// markdown returns the verdict and the commands, to stand below the findings.
func markdown(r *probe.Result) string {
	verdict := "allowed"
	if !r.Verdict.Allowed {
		verdict = r.Verdict.Message
	}
	var list strings.Builder
	for _, e := range r.Exchanges {
		status := e.Error
		if e.Response != nil {
			status = fmt.Sprintf("%s %d", e.Response.Protocol, e.Response.Status)
		}
		fmt.Fprintf(&list, "# %d. %s: %s\n%s\n", e.Number, e.Purpose, report.OneLine(status), e.Curl)
	}
	return fmt.Sprintf("\nThe browser: %s\n\n<details><summary>Exchanges</summary>\n\n%s\n</details>\n", report.EscapeMarkdown(verdict), report.Fenced("sh", strings.TrimSuffix(list.String(), "\n")))
}
