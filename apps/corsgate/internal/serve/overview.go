package serve

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/simulate"
)

// An overview is what the page shows before anything is sent.
type overview struct {
	API   string `json:"api"` // logical id
	Stage string `json:"stage"`
	Base  string `json:"base"` // the stage's address
	// Problems says what of the API could not be read.
	Problems []string `json:"problems"`
	// Policy is that of the stage's variables; null if there is none.
	Policy *policyView `json:"policy"`
	// PolicyError says why there is none.
	PolicyError string   `json:"policyError"`
	Origins     []origin `json:"origins"`
	Routes      []route  `json:"routes"`
	// Cells are the matrix: one row a route, one cell an origin.
	Cells [][]cell `json:"cells"`
}

type policyView struct {
	Origins        []string `json:"origins"`
	Credentials    bool     `json:"credentials"`
	RequestHeaders string   `json:"requestHeaders"`
	ExposedHeaders string   `json:"exposedHeaders"`
	MaxAge         string   `json:"maxAge"`
	// PageAllowed says whether the page's own origin is on the list.
	PageAllowed bool `json:"pageAllowed"`
	// PageElsewhere is another address of the page, whose origin is on the list; empty if there is none.
	PageElsewhere string `json:"pageElsewhere"`
}

// An origin is a column of the matrix.
type origin struct {
	Origin string `json:"origin"`
	// Listed reports whether it is on the allowlist.
	Listed bool `json:"listed"`
	// Note says what it is: a pattern's example, or in what it differs from one that is listed.
	Note string `json:"note"`
}

// A route is a row of the matrix.
type route struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	// Example is a path that leads there, without the stage.
	Example string `json:"example"`
	// Any reports whether the method is one of those that ANY stands for.
	Any bool `json:"any"`
	// Headers are those that a page would send along.
	Headers []string `json:"headers"`
	// Integration is the type of the integration.
	Integration string `json:"integration"`
}

// A cell is what a browser may do.
type cell struct {
	// State is allowed, refused or unknown.
	State string `json:"state"`
	// Preflight reports whether the browser sends a preflight.
	Preflight bool `json:"preflight"`
	// Sent reports whether the actual request reaches the API, even if its response cannot be read.
	Sent bool `json:"sent"`
	// Code is the refusal's name; Why says it in words.
	Code string `json:"code"`
	Why  string `json:"why"`
}

func (p *page) overview(r *http.Request) (*overview, error) {
	api := p.s.api
	judge, err := p.judge(r)
	if err != nil {
		return nil, err
	}
	o := &overview{API: api.ID, Stage: api.Stage, Base: judge.Site.Base, Problems: slices.Concat(api.Problems, api.Undeployable)}
	if o.Problems == nil {
		o.Problems = []string{}
	}
	policy, err := cors.FromStageVariables(api.Variables)
	switch setting := api.CORS; {
	case setting != nil:
		o.Policy = &policyView{
			Origins: []string{}, Credentials: setting.Credentialed(), RequestHeaders: strings.Join(setting.Headers, ","),
			ExposedHeaders: strings.Join(setting.Expose, ","), MaxAge: setting.MaxAge,
		}
		for _, origin := range setting.Origins {
			o.Policy.Origins = append(o.Policy.Origins, api.App.Show(origin))
		}
		scheme := "http://"
		if r.TLS != nil {
			scheme = "https://"
		}
		allow, _ := setting.Origin(scheme + r.Host)
		o.Policy.PageAllowed = allow != ""
	case api.Kind != gateway.RestAPI:
		o.PolicyError = "the API has no CORS setting"
	case err != nil:
		o.PolicyError = err.Error()
	default:
		scheme := "http://"
		if r.TLS != nil {
			scheme = "https://"
		}
		o.Policy = &policyView{
			Origins: policy.Origins(), Credentials: policy.Credentials(), RequestHeaders: policy.RequestHeaders(),
			ExposedHeaders: policy.ExposedHeaders(), MaxAge: policy.MaxAge(), PageAllowed: policy.Match(scheme + r.Host),
		}
		host, port, err := net.SplitHostPort(r.Host)
		if ip := net.ParseIP(host); err == nil && !o.Policy.PageAllowed && ip != nil && ip.IsLoopback() && policy.Match(scheme+"localhost:"+port) {
			o.Policy.PageElsewhere = scheme + "localhost:" + port + "/"
		}
	}
	o.Origins = p.origins(policy, judge.Origins())
	o.Routes = p.routes(policy)
	for _, route := range o.Routes {
		row := []cell{}
		for _, origin := range o.Origins {
			row = append(row, p.cell(r, judge, route, origin, o.Policy != nil && o.Policy.Credentials))
		}
		o.Cells = append(o.Cells, row)
	}
	return o, nil
}

func (p *page) cell(r *http.Request, judge *simulate.Judge, route route, origin origin, credentials bool) cell {
	req := browser.Call{Origin: origin.Origin, Method: route.Method, URL: route.Example}
	if credentials {
		req.Credentials = browser.Include
	}
	for _, h := range route.Headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header = append(req.Header, browser.Field{Name: name, Value: value})
	}
	report, err := judge.Ask(r.Context(), req)
	if err != nil {
		return cell{State: "unknown", Why: err.Error()}
	}
	c := cell{State: "refused", Preflight: report.Preflight.Needed, Sent: report.Actual.Request != nil, Code: string(report.Verdict.Code), Why: report.Verdict.Message}
	switch {
	case !report.Verdict.Known:
		c.State = "unknown"
	case report.Verdict.Allowed:
		c.State = "allowed"
	}
	for _, a := range report.Assumptions {
		c.Why += "; " + a.Text
	}
	if report.Verdict.NetError != "" && c.Why == "" {
		c.Why = report.Verdict.NetError
	}
	return c
}

// anyMethods are those in whose place a route for ANY is shown.
var anyMethods = []string{"GET", "POST", "PUT", "DELETE"}

func (p *page) routes(policy *cors.Policy) []route {
	out := []route{}
	for _, res := range p.s.api.Resources() {
		for _, m := range res.Methods() {
			names := []string{m.HTTPMethod}
			if m.HTTPMethod == "OPTIONS" {
				continue // the preflight, which is part of the others
			}
			if m.HTTPMethod == "ANY" {
				names = slices.DeleteFunc(slices.Clone(anyMethods), func(name string) bool { return res.Method(name) != nil })
			}
			for _, name := range names {
				out = append(out, route{
					Method: name, Path: res.Path, Example: examplePath(res.Path), Any: m.HTTPMethod == "ANY",
					Headers: routeHeaders(name, m), Integration: integrationOf(m),
				})
			}
		}
	}
	return out
}

// routeHeaders are those that a page would send with a request: what a body needs and what lets it in.
func routeHeaders(name string, m *gateway.Method) []string {
	out := []string{}
	switch name {
	case "POST", "PUT", "PATCH":
		out = append(out, "content-type: application/json")
	}
	if m.AuthorizationType != "" && m.AuthorizationType != "NONE" {
		out = append(out, "authorization: Bearer local")
	}
	if m.APIKeyRequired {
		out = append(out, "x-api-key: "+LocalKey)
	}
	return out
}

func integrationOf(m *gateway.Method) string {
	if m.Integration == nil {
		return ""
	}
	return m.Integration.Type
}

// examplePath returns a path that a resource is for: /items/{id} is for /items/1.
func examplePath(path string) string {
	if path == gateway.DefaultRoute {
		return "/"
	}
	return apigw.PathParameter.ReplaceAllStringFunc(path, func(s string) string {
		if strings.HasSuffix(s, "+}") {
			return "a/b"
		}
		return "1"
	})
}

// origins returns the columns: an example of every element of the allowlist, then some that are not on it and look as if
// they were. Without a policy the list is taken from what the preflights' templates and headers name. Deployed are those
// that only a deployment knows.
func (p *page) origins(policy *cors.Policy, deployed []string) []origin {
	var listed []string
	var match func(string) bool
	if setting := p.s.api.CORS; setting != nil {
		listed = slices.DeleteFunc(slices.Clone(setting.Origins), func(o string) bool { return len(p.s.api.App.Symbols(o)) > 0 })
		match = func(o string) bool {
			_, err := browser.Prepare(browser.Call{Origin: o, URL: "https://api.example/"}) // which no page has is not let in
			allow, _ := setting.Origin(o)
			return allow != "" && err == nil
		}
	} else if policy != nil {
		listed, match = policy.Origins(), policy.Match
	} else {
		listed = p.named()
		match = func(o string) bool { return slices.Contains(listed, o) || slices.Contains(listed, "*") }
	}
	out := []origin{}
	app := p.s.api.App
	add := func(o string, on bool, note string) {
		if symbols := app.Symbols(o); len(symbols) > 0 {
			note = "the value of " + symbols[0].String()
		}
		if o != "" && !slices.ContainsFunc(out, func(x origin) bool { return x.Origin == o }) {
			out = append(out, origin{o, on, note})
		}
	}
	var examples []string
	for _, l := range listed {
		o := exampleOrigin(l)
		note := "on the list"
		switch {
		case !match(o):
			note = "named, and not allowed"
		case o != l:
			note = "one of " + l
		case policy == nil && p.s.api.CORS == nil:
			note = "named by a preflight"
		}
		add(o, match(o), note)
		if l != "*" && len(app.Symbols(o)) == 0 {
			examples = append(examples, o)
		}
	}
	for _, o := range deployed {
		if strings.HasPrefix(app.Show(o), "https://${AWS::") {
			continue // a stack's name or a region, which a function's environment holds, is not a host
		}
		add(o, match(o), "")
	}
	// The first that is https says the most about look-alikes.
	slices.SortStableFunc(examples, func(a, b string) int {
		rank := map[bool]int{true: 0, false: 1}
		return rank[strings.HasPrefix(a, "https:")] - rank[strings.HasPrefix(b, "https:")]
	})
	switch {
	case len(out) == 0:
		add("https://app.example.com", false, "no origin is named")
	case len(examples) == 0 && slices.Contains(listed, "*"):
		add("http://any.example", true, "one of *")
	}
	like := func(o, note string) {
		if on := match(o); !on {
			add(o, false, note)
		}
	}
	if len(examples) > 0 {
		if u, err := url.Parse(examples[0]); err == nil {
			host, port := u.Hostname(), ""
			if u.Port() != "" {
				port = ":" + u.Port()
			}
			like(u.Scheme+"://"+host+".evil.example"+port, "a longer name")
			like(u.Scheme+"://evil"+host+port, "another name before it")
			if u.Scheme == "https" {
				like("http://"+host+port, "http for https")
			}
			if port != ":8443" {
				like(u.Scheme+"://"+host+":8443", "another port")
			} else {
				like(u.Scheme+"://"+host, "another port")
			}
		}
	}
	for _, l := range listed {
		if scheme, host, ok := strings.Cut(l, "://*."); ok && len(app.Symbols(l)) == 0 {
			like(scheme+"://a."+strings.TrimSuffix(host, ":*")+".evil.example", "a longer name")
			like(scheme+"://"+strings.TrimSuffix(host, ":*"), "no label where * is")
			break
		}
	}
	add("null", slices.Contains(listed, "*"), "a sandboxed frame, a local file")
	return out
}

// exampleOrigin returns an origin that an element of an allowlist is for.
func exampleOrigin(l string) string {
	if l == "*" {
		return "https://any.example"
	}
	l = strings.Replace(l, "://*.", "://a.", 1)
	if rest, ok := strings.CutSuffix(l, ":*"); ok {
		l = rest + ":3000"
	}
	return l
}

var namedOrigin = regexp.MustCompile(`https?://[A-Za-z0-9.-]+(:[0-9]+)?`)

// named returns the origins that the methods for OPTIONS name, in their order.
func (p *page) named() []string {
	var out []string
	find := func(text string) {
		for _, o := range namedOrigin.FindAllString(strings.ReplaceAll(text, `\`, ""), -1) {
			if !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	for _, res := range p.s.api.Resources() {
		m := res.Method("OPTIONS")
		if m == nil || m.Integration == nil {
			continue
		}
		for _, t := range m.Integration.RequestTemplates {
			find(t.Text)
		}
		for _, r := range m.Integration.Responses {
			value := r.Parameters[apigw.MethodHeader+corsheader.AllowOrigin]
			if find(value); value == "'*'" && !slices.Contains(out, "*") {
				out = append(out, "*")
			}
			for _, t := range r.Templates {
				find(t.Text)
			}
		}
	}
	return out
}
