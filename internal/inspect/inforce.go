package inspect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/format"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/simulate"
)

// InForce is the policy that a stage serves, found by asking the preflights of every route from every origin that the API
// names, and from some that it does not.
type InForce struct {
	Kind       gateway.Kind
	API, Stage string // a function URL has no stage
	// Origins are those that are let in, patterns among them, "*" alone for every one; empty if none is.
	Origins []string
	// Reflected says that every origin is let in by sending it back, so that credentials may go with it.
	Reflected   bool
	Credentials bool
	// Methods are those that preflights allow; Own says that they are those that each path has.
	Methods []string
	Own     bool
	// RequestHeaders and ExposedHeaders are in lower case; "*" is every one.
	RequestHeaders, ExposedHeaders []string
	// MaxAge is Access-Control-Max-Age in seconds, and empty if no preflight has one.
	MaxAge string
	// Unknown are the routes whose preflights something behind the API answers, which was not asked.
	Unknown []string
	// Notes say what the policy does not, such as routes that differ.
	Notes []string
}

// asker asks one API.
type asker struct {
	site  *simulate.Site
	p     *InForce
	lists map[string][]string // route to the origins it lets in
	// answers are those to preflights, which routes that behave alike share.
	answers map[string]*simulate.GotResponse
	ages    []string
}

// inForce asks what a stage lets in.
func inForce(ctx context.Context, site *simulate.Site) (*InForce, error) {
	a := &asker{site: site, p: &InForce{Kind: site.API.Kind, API: site.API.ID, Stage: site.API.Stage, Own: true}, lists: map[string][]string{}, answers: map[string]*simulate.GotResponse{}}
	origins := questions.Origins(site.API)
	routes := questions.Routes(site.API)
	if len(routes) == 0 {
		a.p.Notes = append(a.p.Notes, "the stage serves no route")
	}
	for _, r := range routes {
		for _, o := range origins {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if err := a.ask(ctx, r, o); err != nil {
				return nil, err
			}
		}
	}
	a.conclude(routes)
	return a.p, nil
}

// preflight returns the response to a preflight, nil where it is not known. The error, a [*browser.InputError], is for what no
// page can ask.
func (a *asker) preflight(ctx context.Context, r questions.Route, origin string) (*simulate.GotResponse, error) {
	key := a.site.Behaviour("OPTIONS", r.URL).Key + "\n" + r.Method + " " + origin
	if answer, ok := a.answers[key]; ok {
		return answer, nil
	}
	req := browser.Call{Origin: origin, Method: r.Method, URL: r.URL, Credentials: browser.Include, Header: browser.Header{{Name: questions.Any, Value: "1"}}}
	rep, err := a.site.Run(ctx, req)
	if err != nil {
		return nil, err
	}
	a.answers[key] = rep.Preflight.Response
	return rep.Preflight.Response, nil
}

// ask makes one preflight and keeps what it says.
func (a *asker) ask(ctx context.Context, r questions.Route, o questions.Origin) error {
	answer, err := a.preflight(ctx, r, o.Origin)
	var input *browser.InputError
	if errors.As(err, &input) {
		return nil
	}
	if err != nil {
		return err
	}
	route := r.Method + " " + r.Path
	switch {
	case answer == nil:
		a.p.Unknown = appendOnce(a.p.Unknown, route)
		return nil
	case answer.Status < 200 || answer.Status > 299:
		return nil
	}
	h := answer.Headers
	switch allowed := h.Get(corsheader.AllowOrigin); {
	case allowed == "*":
		a.lists[route] = appendOnce(a.lists[route], "*")
	case allowed != o.Origin:
		return nil
	case o.Origin == questions.Stranger:
		a.p.Reflected = true
		a.lists[route] = appendOnce(a.lists[route], "*")
	case o.Beside:
		a.lists[route] = appendOnce(a.lists[route], "beside "+o.Origin)
	case o.Of != "":
		a.lists[route] = appendOnce(a.lists[route], o.Of)
	default:
		a.lists[route] = appendOnce(a.lists[route], o.Origin)
	}
	a.p.Credentials = a.p.Credentials || h.Get(corsheader.AllowCredentials) == "true"
	methods := names(h.Get(corsheader.AllowMethods), strings.ToUpper)
	if !slices.Contains(methods, r.Method) && !slices.Contains(methods, "*") {
		a.p.Own = a.p.Own && slices.Contains([]string{"GET", "HEAD", "POST"}, r.Method) // which CORS cannot forbid
	}
	for _, m := range methods {
		if m != "OPTIONS" {
			a.p.Methods = appendOnce(a.p.Methods, m)
		}
	}
	for _, name := range names(h.Get(corsheader.AllowHeaders), strings.ToLower) {
		a.p.RequestHeaders = appendOnce(a.p.RequestHeaders, name)
	}
	a.ages = appendOnce(a.ages, h.Get(corsheader.MaxAge))
	return nil
}

// conclude makes one policy of what the routes say.
func (a *asker) conclude(routes []questions.Route) {
	p := a.p
	var all []string
	for _, list := range a.lists {
		for _, o := range list {
			if beside, ok := strings.CutPrefix(o, "beside "); ok {
				p.note("%s is let in, but no allowlist names it", beside)
				continue
			}
			all = appendOnce(all, o)
		}
	}
	slices.Sort(all)
	p.Origins = all
	if slices.Contains(all, "*") {
		p.Origins = []string{"*"}
	}
	var shut, apart []string
	for _, r := range routes {
		route := r.Method + " " + r.Path
		switch list := a.lists[route]; {
		case slices.Contains(p.Unknown, route):
		case len(list) == 0:
			shut = append(shut, route)
		case !covers(list, all):
			apart = append(apart, route)
		}
	}
	if len(shut) > 0 && len(all) > 0 {
		p.note("no origin is let in on %s", few(shut))
	}
	if len(apart) > 0 {
		p.note("fewer origins are let in on %s", few(apart))
	}
	if len(p.Unknown) > 0 {
		p.note("the preflights of %s reach a backend that was not called (corsgate probe calls it)", few(p.Unknown))
	}
	slices.Sort(p.Methods)
	slices.Sort(p.RequestHeaders)
	p.ExposedHeaders = exposed(a.site.API)
	if slices.Sort(a.ages); len(a.ages) > 0 {
		p.MaxAge = a.ages[len(a.ages)-1]
	}
	if len(a.ages) > 1 {
		p.note("routes differ in Access-Control-Max-Age: %s", strings.Join(a.ages, ", "))
	}
	slices.Sort(p.Notes)
}

func (p *InForce) note(format string, args ...any) {
	p.Notes = appendOnce(p.Notes, fmt.Sprintf(format, args...))
}

// covers reports whether a list has all of another, or everyone.
func covers(list, all []string) bool {
	return slices.Contains(list, "*") || !slices.ContainsFunc(all, func(o string) bool { return !slices.Contains(list, o) })
}

// exposed returns the headers that the stage's variables or static mappings expose. Those of a function are not known.
func exposed(api *gateway.API) []string {
	if api.Kind != gateway.RestAPI {
		if api.CORS == nil {
			return nil
		}
		return names(strings.Join(api.CORS.Expose, ","), strings.ToLower)
	}
	if p, err := cors.FromStageVariables(api.Variables); err == nil {
		return names(p.ExposedHeaders(), strings.ToLower)
	}
	var out []string
	for _, r := range api.Resources() {
		for _, m := range r.Methods() {
			if m.Integration == nil || m.HTTPMethod == "OPTIONS" || apigw.IsProxy(m.Integration.Type) {
				continue
			}
			for _, ir := range m.Integration.Responses {
				for name, v := range ir.Parameters {
					if strings.EqualFold(name, apigw.MethodHeader+corsheader.ExposeHeaders) {
						for _, h := range names(strings.Trim(v, "'"), strings.ToLower) {
							out = appendOnce(out, h)
						}
					}
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func names(list string, fold func(string) string) []string {
	var out []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, fold(name))
		}
	}
	return out
}

func appendOnce(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func few(list []string) string {
	slices.Sort(list)
	if len(list) > 4 {
		return strings.Join(list[:3], ", ") + fmt.Sprintf(" and %d more", len(list)-3)
	}
	return strings.Join(list, ", ")
}

// refuses reports whether no page of any origin is let in.
func (p *InForce) refuses() bool { return len(p.Origins) == 0 && len(p.Unknown) == 0 }

// Line says the policy in a line.
func (p *InForce) Line() string {
	var parts []string
	switch {
	case p.Reflected:
		parts = append(parts, "every origin (it is sent back)")
	case len(p.Origins) == 0 && !p.refuses():
		parts = append(parts, "not known")
	case len(p.Origins) == 0:
		parts = append(parts, "every origin is refused")
	case p.Origins[0] == "*":
		parts = append(parts, "every origin")
	default:
		parts = append(parts, strings.Join(p.Origins, ", "))
	}
	if len(p.Origins) > 0 {
		parts = append(parts, map[bool]string{true: "with credentials", false: "without credentials"}[p.Credentials])
		methods := "methods " + none(p.Methods)
		if p.Own {
			methods += ", those of each path"
		}
		age := "no max age"
		if p.MaxAge != "" {
			age = "max age " + p.MaxAge + " s"
		}
		parts = append(parts, methods, "headers "+none(p.RequestHeaders), age)
	}
	of := ", stage " + p.Stage
	if p.Stage == "" {
		of = ""
	}
	return "policy in force" + of + ": " + strings.Join(append(parts, p.Notes...), "; ")
}

func none(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// config returns the policy as corsgate has it.
func (p *InForce) config() cors.Config {
	c := cors.Config{Origins: p.Origins, AllowCredentials: p.Credentials, RequestHeaders: p.RequestHeaders, ExposedHeaders: p.ExposedHeaders}
	if !p.Own {
		c.Methods = slices.DeleteFunc(slices.Clone(p.Methods), func(m string) bool { return m == "*" })
	}
	if n, err := strconv.Atoi(p.MaxAge); err == nil {
		if c.MaxAge = time.Duration(n) * time.Second; n <= 0 {
			c.MaxAge = cors.NoCache
		}
	}
	return c
}

// Go returns the policies as a file in Go: a cors.Config for each stage, with comments on what cannot be said in one.
// What cors.New refuses of them is said, too.
func Go(policies []*InForce) ([]byte, error) {
	var b strings.Builder
	timed := slices.ContainsFunc(policies, func(p *InForce) bool { return p.config().MaxAge > 0 })
	b.WriteString("package main\n\nimport (\n")
	if timed {
		b.WriteString("\"time\"\n\n")
	}
	b.WriteString("\"github.com/corsgate/corsgate/constructs/cors\"\n)\n")
	var taken []string
	for _, p := range policies {
		name := identifier("cors_" + cmp.Or(p.Stage, "url"))
		for slices.Contains(taken, name) { // of the stages a-b and aB
			name += "_"
		}
		taken = append(taken, name)
		p.write(&b, name)
	}
	return format.Source([]byte(b.String()))
}

func (p *InForce) write(b *strings.Builder, name string) {
	of := "the " + string(p.Kind) + " " + report.OneLine(p.API)
	if p.Stage != "" {
		of = "stage " + report.OneLine(p.Stage) + " of " + of
	}
	fmt.Fprintf(b, "\n// %s is the policy that %s serves, as corsgate inspect read it: give it to cors.New.\n", name, of)
	remarks := slices.Clone(p.Notes)
	switch {
	case p.Reflected:
		remarks = append(remarks, "The API sends every origin back, so that every site may use it. List the origins that are meant.")
	case len(p.Origins) == 1 && p.Origins[0] == "*":
		remarks = append(remarks, "The API lets every origin in. List the origins that are meant, unless it is public.")
	case len(p.Origins) == 0:
		remarks = append(remarks, "No origin is known to be let in. List those that are meant.")
	}
	if slices.Contains(p.RequestHeaders, "*") {
		remarks = append(remarks, "The API allows every request header but authorization. List those that pages send.")
	}
	c := p.config()
	if _, err := cors.New(c); err != nil {
		remarks = append(remarks, "cors.New refuses this policy as it is: "+strings.Join(strings.Fields(err.Error()), " "))
	}
	for _, r := range remarks {
		fmt.Fprintf(b, "//\n// %s\n", report.OneLine(r))
	}
	fmt.Fprintf(b, "var %s = cors.Config{\n", name)
	list := func(field string, values []string) {
		if len(values) == 0 {
			return
		}
		fmt.Fprintf(b, "%s: []string{", field)
		for _, v := range values {
			fmt.Fprintf(b, "%q,", v)
		}
		b.WriteString("},\n")
	}
	list("Origins", c.Origins)
	if c.AllowCredentials {
		b.WriteString("AllowCredentials: true,\n")
	}
	list("Methods", c.Methods)
	list("RequestHeaders", c.RequestHeaders)
	list("ExposedHeaders", c.ExposedHeaders)
	switch {
	case c.MaxAge == cors.NoCache:
		b.WriteString("MaxAge: cors.NoCache,\n")
	case c.MaxAge > 0:
		fmt.Fprintf(b, "MaxAge: %d * time.Second,\n", int64(c.MaxAge.Seconds()))
	}
	b.WriteString("}\n")
}

// identifier makes a name of Go: corsProd of cors_prod.
func identifier(s string) string {
	var b strings.Builder
	upper := false
	for _, r := range s {
		switch {
		case (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z'):
			upper = true
		case upper:
			b.WriteString(strings.ToUpper(string(r)))
			upper = false
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
