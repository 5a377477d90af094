package check

import (
	"context"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/lambdarun"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/wrapper"
)

// A View is what a rule looks at: one stage of one API of a template.
type View struct {
	App       *cfn.App
	API       *gateway.API
	Allowlist *Allowlist

	site   simulate.Site
	stood  simulate.Site // with something instead of every backend
	routes []route
	asked  map[question]*simulate.Report
	own    map[*gateway.Method][]string // what ownOrigins found
	faults map[route]fault
	all    []answer // what answering found
	cors   *bool    // what usesCORS found
	code   map[string]lambdarun.Function
	// notJudged says, one line each, what the rules left because only a deployment decides it.
	notJudged []string
}

// route is a method of a resource, as a page would call it.
type route struct {
	resource *gateway.Resource
	method   *gateway.Method
	name     string // the method to ask for; GET for ANY
	path     string // a path that leads to it
}

// question is what a page wants.
type question struct {
	origin, method, path, header string
	credentials                  bool
	stood                        bool // something stands for the backend
}

// probeHeader makes a browser send a preflight for requests that need none, so that the response can be looked at. That it is not
// among the allowed headers is not a fault.
const probeHeader = "x-corsgate-probe"

func newView(api *gateway.API, stated *Allowlist) (*View, error) {
	backend := simulate.NotRun(api.App)
	reply, err := simulate.Reply([]byte(`{"statusCode": 200, "body": "{}"}`), "an empty object")
	if err != nil {
		return nil, err
	}
	v := &View{App: api.App, API: api, Allowlist: stated, site: simulate.Site{API: api, Backend: backend, Fill: wellMeant}, stood: simulate.Site{API: api, Backend: reply, Fill: wellMeant}, asked: map[question]*simulate.Report{}, own: map[*gateway.Method][]string{}, faults: map[route]fault{}}
	if stated == nil {
		v.Allowlist = infer(api)
	}
	for _, r := range api.Resources() {
		for _, m := range r.Methods() {
			if m.HTTPMethod == "OPTIONS" {
				continue
			}
			name := m.HTTPMethod
			if name == "ANY" {
				name = "GET"
			}
			v.routes = append(v.routes, route{r, m, name, questions.PathTo(api, r)})
		}
	}
	v.learn()
	return v, nil
}

// wellMeant is what the value of an Access-Control-Allow-Methods, -Headers or -Credentials is taken to be that only a
// deployment knows: the first two allow what is asked for.
func wellMeant(name string, r *browser.HTTPRequest) string {
	if strings.EqualFold(name, corsheader.AllowCredentials) {
		return "false"
	}
	return simulate.Permissive(name, r)
}

// leave records that something is not judged, of a method if there is one.
func (v *View) leave(m *gateway.Method, why string) {
	if m != nil {
		why = m.HTTPMethod + " " + m.Resource.Path + ": " + why
	}
	if !slices.Contains(v.notJudged, why) {
		v.notJudged = append(v.notJudged, why)
	}
}

// whole reports whether all of the API was read. If not, nothing is said to be missing.
func (v *View) whole() bool { return len(v.API.Elsewhere) == 0 }

// ask sends a request to the model. It returns nil for one that no page can send.
func (v *View) ask(q question) *simulate.Report {
	if r, ok := v.asked[q]; ok {
		return r
	}
	req := browser.Call{Origin: q.origin, Method: q.method, URL: q.path}
	if q.header != "" {
		req.Header = browser.Header{{Name: q.header, Value: "1"}}
	}
	if q.credentials {
		req.Credentials = browser.Include
	}
	site := &v.site
	if q.stood {
		site = &v.stood
	}
	r, err := site.Run(context.Background(), req)
	if err != nil {
		r = nil
	}
	v.asked[q] = r
	return r
}

// preflight asks whether a page at an origin may call a route.
func (v *View) preflight(r route, origin string) *simulate.Report {
	return v.ask(question{origin: origin, method: r.name, path: r.path, header: probeHeader})
}

// answers returns the OPTIONS method, or the ANY method in its place, that responds to a route's preflights; nil if none does.
func (v *View) answers(r route) *gateway.Method {
	rep := v.preflight(r, v.origin())
	if rep == nil || rep.Trace.Preflight == nil || rep.Trace.Preflight.Method == nil {
		return nil
	}
	res := v.API.Find(rep.Trace.Preflight.Resource.Path)
	if res == nil {
		return nil
	}
	return res.Method(rep.Trace.Preflight.Method.Name)
}

// origin is the first to ask from.
func (v *View) origin() string {
	if len(v.Allowlist.Origins) == 0 {
		return anyPage
	}
	return v.Allowlist.Origins[0]
}

// perList bounds how many origins each route is asked about; mapping templates decide by the text of a list, and its
// first, its last and some between show a fault in it.
const perList = 6

// originsOf are those to ask a method from: those it names itself where the list is inferred, since one resource may be
// for other pages than another, and else the API's.
func (v *View) originsOf(m *gateway.Method) []string {
	if v.Allowlist.From != "template" || m == nil {
		return v.origins()
	}
	if own := v.ownOrigins(m); len(own) > 0 {
		return own
	}
	return v.origins()
}

// ownOrigins are those that a method names.
func (v *View) ownOrigins(m *gateway.Method) []string {
	own, ok := v.own[m]
	if !ok {
		own = few(inferFrom([]*gateway.Method{m}, v.API.Variables).Origins)
		v.own[m] = own
	}
	return own
}

// origins are those to ask from.
func (v *View) origins() []string {
	if len(v.Allowlist.Origins) == 0 {
		return []string{anyPage}
	}
	return few(v.Allowlist.Origins)
}

func few(o []string) []string {
	if len(o) <= perList {
		return o
	}
	return append(slices.Clone(o[:perList-1]), o[len(o)-1])
}

// usesCORS reports whether the API has something to do with CORS at all.
func (v *View) usesCORS() bool {
	if v.cors == nil {
		found := v.hasCORS()
		v.cors = &found
	}
	return *v.cors
}

func (v *View) hasCORS() bool {
	for _, r := range v.API.Resources() {
		for _, m := range r.Methods() {
			if m.HTTPMethod == "OPTIONS" || m.Integration != nil && slices.ContainsFunc(m.Integration.Responses, carriesOrigin) {
				return true
			}
		}
	}
	for _, typ := range apigw.GatewayResponseTypes() {
		if _, ok := sendsOrigin(v.API.GatewayResponse(typ)); ok {
			return true
		}
	}
	return v.Allowlist.From == "stated" || v.Allowlist.From == "stage-variables" || slices.ContainsFunc(v.functions(), emits) || v.forPages()
}

// forPages reports whether something in the app shows that pages at another origin are meant to call the API: a website in a
// bucket, or pages that a user pool sends its users back to. Pages of a distribution that has the API behind it call
// their own origin.
func (v *View) forPages() bool {
	if slices.ContainsFunc(v.App.OfType("AWS::CloudFront::Distribution"), func(d *cfn.Resource) bool {
		return slices.ContainsFunc(v.App.Symbols(d.Properties["DistributionConfig"]), func(s *cfn.Symbol) bool { return s.Resource == v.API.Rest })
	}) {
		return false
	}
	return slices.ContainsFunc(v.App.OfType("AWS::S3::Bucket"), func(b *cfn.Resource) bool { return b.Properties["WebsiteConfiguration"] != nil }) ||
		slices.ContainsFunc(v.App.OfType("AWS::Cognito::UserPoolClient"), v.signsPagesIn)
}

// signsPagesIn reports whether a user pool client is for pages: it sends users back somewhere, and is neither a server's, which
// keeps a secret, nor a machine's.
func (v *View) signsPagesIn(client *cfn.Resource) bool {
	p := client.Properties
	flows := list(p["AllowedOAuthFlows"])
	secret, _ := v.truth(p["GenerateSecret"])
	return len(list(p["CallbackURLs"])) > 0 && !secret && (flows == nil || slices.Contains(flows, any("code")) || slices.Contains(flows, any("implicit")))
}

// functions are those that methods call.
func (v *View) functions() []*cfn.Resource {
	called := v.API.Functions()
	return slices.DeleteFunc(v.App.OfType("AWS::Lambda::Function"), func(r *cfn.Resource) bool { return !slices.Contains(called, v.App.Name(r)) })
}

// emits reports whether a function is known to send CORS headers, by corsgate's mark or wrapper, or by a list of origins in its environment.
func emits(function *cfn.Resource) bool {
	return wrapper.Emits(function.Metadata, function.Properties) || slices.ContainsFunc(sortedKeys(dig(function.Properties, "Environment", "Variables")), NamesOrigins)
}

// carriesOrigin reports whether an integration response sets Access-Control-Allow-Origin, one way or the other.
func carriesOrigin(ir gateway.IntegrationResponse) bool {
	return originMapping(ir) != "" || slices.ContainsFunc(ir.Templates, overridesOrigin)
}

// templates returns the mapping templates of a method's integration.
func templates(m *gateway.Method) []gateway.Template {
	out := slices.Clone(m.Integration.RequestTemplates)
	for _, ir := range m.Integration.Responses {
		out = append(out, ir.Templates...)
	}
	return out
}

func overridesOrigin(t gateway.Template) bool {
	return strings.Contains(t.Text, "responseOverride") && strings.Contains(strings.ToLower(t.Text), strings.ToLower(corsheader.AllowOrigin))
}

// methodNames lists the methods of a resource but OPTIONS.
func methodNames(r *gateway.Resource) string {
	var out []string
	for _, m := range r.Methods() {
		if m.HTTPMethod != "OPTIONS" {
			out = append(out, m.HTTPMethod)
		}
	}
	return strings.Join(out, ", ")
}
