package check

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/simulate"
)

func methodAuth(m *gateway.Method) string {
	if m == nil || m.AuthorizationType == "" {
		return "an authorizer"
	}
	return m.AuthorizationType
}

// noPreflight makes the check of a rule about resources without a method that handles preflights.
func noPreflight(id rules.ID) checker {
	return func(v *View, report reporter) {
		seen := map[string]bool{}
		for _, r := range v.routes {
			f := v.fault(r)
			if f.rule != id || seen[r.resource.Path] {
				continue
			}
			seen[r.resource.Path] = true
			report(place{of: r.resource.Source, path: r.resource.Path, method: "OPTIONS", note: "methods: " + methodNames(r.resource)},
				"there is no OPTIONS, on the resource or on a {proxy+} above it", f.report.Preflight.Verdict.Message)
		}
	}
}

// silent decides CORS121. It says once of an API that is not known to be for pages that none can use it.
func silent(v *View, report reporter) {
	if slices.ContainsFunc(v.App.Problems, func(p cfn.Problem) bool { return samKey.MatchString(p.Text) }) {
		return // somebody meant it
	}
	if !v.usesCORS() && slices.ContainsFunc(v.routes, func(r route) bool { f := v.fault(r).rule; return f != "" && f != notJudged }) {
		report(place{}, "no resource responds to preflights, and no response in the template has a CORS header", "")
	}
}

// has reports whether the preflight of a route fails for the reason that a rule is about.
func (v *View) has(rule rules.ID) bool {
	return slices.ContainsFunc(v.routes, func(r route) bool { return v.fault(r).rule == rule })
}

// simple reports whether pages need no preflight for any method of a resource, as long as they send no header of their own.
func (v *View) simple(r *gateway.Resource) bool {
	return !slices.ContainsFunc(r.Methods(), func(m *gateway.Method) bool {
		return m.HTTPMethod != "GET" && m.HTTPMethod != "HEAD" || v.authorized(m)
	})
}

// binaryAnswer decides CORS106. It finds what the model says and, since a mock's empty body is not decoded there, the templates of integration
// responses that would run on it.
func binaryAnswer(v *View, report reporter) {
	if v.has(rules.CORS105) {
		return // one setting, of which CORS105 has both sides
	}
	faulty(rules.CORS106, func(v *View, _ route, f fault) string { return f.report.Trace.Preflight.GatewayResponse.Detail })(v, report)
	if !slices.Contains(v.API.BinaryTypes, "*/*") {
		return
	}
	for _, a := range v.answering() {
		i := a.method.Integration
		if i == nil || i.Type != apigw.Mock || v.fault(a.route).rule == rules.CORS106 {
			continue
		}
		for _, ir := range i.Responses {
			if ir.ContentHandling == "" && slices.ContainsFunc(ir.Templates, func(t gateway.Template) bool { return strings.TrimSpace(t.Text) != "" }) {
				report(at(a.method), "BinaryMediaTypes has */*, and the integration response, which has a template, has no ContentHandling CONVERT_TO_TEXT", "")
				break
			}
		}
	}
}

// answer is a method that handles preflights, with a route whose preflights go to it; or, where actual, one that handles that route's
// requests, which need no preflight.
type answer struct {
	method *gateway.Method
	route  route
	actual bool
}

// to names what is answered.
func (a answer) to() string {
	if a.actual {
		return "a request"
	}
	return "a preflight"
}

// answering returns the methods of mock integrations and the like that handle preflights, each once.
func (v *View) answering() []answer {
	if v.all != nil {
		return v.all
	}
	out := []answer{}
	seen := map[*gateway.Method]bool{}
	for _, r := range v.routes {
		if m := v.answers(r); m != nil && !seen[m] {
			seen[m] = true
			out = append(out, answer{m, r, false})
		}
	}
	v.all = out
	return out
}

// deciding returns all that treats pages by their origin: preflights, and requests that need none, where a mapping template
// sets Access-Control-Allow-Origin.
func (v *View) deciding() []answer {
	out := slices.Clone(v.answering())
	for _, r := range v.routes {
		i := r.method.Integration
		if i != nil && !apigw.IsProxy(i.Type) && browser.SafelistedMethod(r.name) && !v.authorized(r.method) && slices.ContainsFunc(templates(r.method), overridesOrigin) {
			out = append(out, answer{r.method, r, true})
		}
	}
	return out
}

// allows returns the origin that is allowed to read a response, as the response says it; empty if none is, or it is not known.
func (v *View) allows(a answer, origin string) string { return allowOrigin(v.answer(a, origin)) }

func (v *View) answer(a answer, origin string) *simulate.GotResponse {
	if !a.actual {
		return v.response(a.route, origin)
	}
	rep := v.ask(question{origin: origin, method: a.route.name, path: a.route.path, stood: true})
	if rep == nil || rep.Trace.Actual == nil || rep.Trace.Actual.Unsupported != "" || rep.Trace.Actual.GatewayResponse != nil {
		return nil
	}
	return rep.Actual.Response
}

// response returns the response of an integration to a preflight; nil if it is not known, or the gateway answered itself.
func (v *View) response(r route, origin string) *simulate.GotResponse {
	rep := v.preflight(r, origin)
	if rep == nil || rep.Trace.Preflight == nil || rep.Trace.Preflight.Unsupported != "" || rep.Trace.Preflight.GatewayResponse != nil {
		return nil
	}
	return rep.Preflight.Response
}

// passthrough decides CORS107. It asks as no browser does, which is why it does not go through package simulate.
func passthrough(v *View, report reporter) {
	for _, a := range v.answering() {
		if a.method.Integration == nil || a.method.Integration.Type != apigw.Mock || v.fault(a.route).rule != "" || madeBySAM(a.method) {
			continue
		}
		res := v.API.Serve(context.Background(), &gateway.Request{Method: "OPTIONS", Path: a.route.path, Headers: gateway.Headers{
			{Name: corsheader.Origin, Value: v.origin()}, {Name: corsheader.RequestMethod, Value: a.route.name}, {Name: "content-type", Value: "text/plain"}}}, v.site.Backend)
		unread := slices.ContainsFunc(res.Trace, func(s gateway.Step) bool { return s.Kind == gateway.StepUnsupported })
		if res.Status >= 500 && !unread {
			report(at(a.method), fmt.Sprintf("a preflight with Content-Type text/plain, which no browser sends, gets %d: PassthroughBehavior is not NEVER", res.Status), "")
		}
	}
}

// madeBySAM reports whether SAM wrote an OPTIONS method, whose passthrough behavior no property changes.
func madeBySAM(m *gateway.Method) bool {
	return dig(m.Source.Properties, "Body", "paths", m.Resource.Path, "options")["summary"] == "CORS support"
}

// needs returns the headers that a method wants. What an authorizer wants that is not in the template is not known.
func (v *View) needs(m *gateway.Method) []string {
	needed := v.identifies(m)
	if m.AuthorizationType == "AWS_IAM" {
		needed = append(slices.Clone(needed), "x-amz-date", "x-amz-security-token") // a page may not set Date
	}
	return slices.DeleteFunc(needed, func(h string) bool { return h == "x-api-key" && v.keyFromAuthorizer() })
}

// keyFromAuthorizer reports whether API keys come from the responses of authorizers, and no page sends one.
func (v *View) keyFromAuthorizer() bool {
	p := v.API.Rest.Properties
	return p["ApiKeySourceType"] == "AUTHORIZER" || p["ApiKeySourceType"] == nil && dig(p, "Body")["x-amazon-apigateway-api-key-source"] == "AUTHORIZER"
}

func (v *View) identifies(m *gateway.Method) []string {
	if authorizer := v.App.Target(m.Source.Properties["AuthorizerId"]); m.Source.Type == "AWS::ApiGateway::Method" && m.AuthorizationType == "CUSTOM" && (authorizer == nil || authorizer.Type != "AWS::ApiGateway::Authorizer") {
		if m.APIKeyRequired && v.API.KeySource != apigw.KeyByAuthorizer {
			return []string{apigw.KeyHeader}
		}
		return nil
	}
	names := m.Identity()
	if m.AuthorizationType == "AWS_IAM" {
		names = append(names, apigw.SignatureHeaders...)
	}
	if v.API.KeySource == apigw.KeyByAuthorizer {
		names = slices.DeleteFunc(names, func(n string) bool { return n == apigw.KeyHeader })
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// neededHeaders decides CORS111.
func neededHeaders(v *View, report reporter) {
	type lack struct {
		place   place
		list    string
		names   []string
		methods []string
		console string
	}
	var order []*lack
	at := map[place]*lack{}
	for _, r := range v.routes {
		if v.fault(r).rule != "" {
			continue
		}
		for _, h := range v.needs(r.method) {
			rep := v.refusesHeader(r, h)
			if rep == nil {
				continue
			}
			p := v.preflightPlace(r)
			l := at[p]
			if l == nil {
				l = &lack{place: p, list: rep.Preflight.Response.Headers.Get(corsheader.AllowHeaders), console: rep.Preflight.Verdict.Message}
				at[p], order = l, append(order, l)
			}
			if !slices.Contains(l.names, h) {
				l.names = append(l.names, h)
			}
			if !slices.Contains(l.methods, r.method.HTTPMethod) {
				l.methods = append(l.methods, r.method.HTTPMethod)
			}
		}
	}
	for _, l := range order {
		l.place.note = "wanted by " + strings.Join(l.methods, ", ")
		report(l.place, fmt.Sprintf("Access-Control-Allow-Headers is %q, which lacks %s", l.list, strings.Join(l.names, ", ")), l.console)
	}
}

// refusesHeader returns the preflight of a request with a header that is not allowed; nil if it is allowed.
func (v *View) refusesHeader(r route, header string) *simulate.Report {
	rep := v.ask(question{origin: v.origin(), method: r.name, path: r.path, header: header})
	if rep == nil || !rep.Preflight.Needed || rep.Preflight.Verdict.Code != browser.HeaderDisallowedByPreflightResponse {
		return nil
	}
	return rep
}

// preflightPlace is the place of the method that responds to a route's preflight.
func (v *View) preflightPlace(r route) place {
	p := at(r.method)
	if m := v.answers(r); m != nil {
		p = at(m)
		p.method = "OPTIONS"
	}
	return p
}

// unsendable decides CORS122. It looks at methods that are known to take JSON.
func unsendable(v *View, report reporter) {
	seen := map[place]bool{}
	for _, r := range v.routes {
		if v.fault(r).rule != "" || !v.takesJSON(r) {
			continue
		}
		by := v.answers(r)
		if by == nil || by.Integration == nil || by.Integration.Type != apigw.Mock || len(unquoted(by)) > 0 {
			continue
		}
		rep := v.refusesHeader(r, "content-type")
		if p := v.preflightPlace(r); rep != nil && !seen[p] {
			seen[p] = true
			report(p, fmt.Sprintf("Access-Control-Allow-Headers is %q, so no page can send JSON", rep.Preflight.Response.Headers.Get(corsheader.AllowHeaders)), rep.Preflight.Verdict.Message)
		}
	}
}

// takesJSON reports whether something shows that the requests of a route have JSON in them: a model, a mapping template, or
// what the function's code does with their bodies.
func (v *View) takesJSON(r route) bool {
	if !slices.Contains([]string{"POST", "PUT", "PATCH"}, r.name) || r.method.Integration == nil {
		return false
	}
	if r.method.Takes("application/json") || r.method.Integration.Type == "AWS" && slices.ContainsFunc(r.method.Integration.RequestTemplates, func(t gateway.Template) bool {
		return t.ContentType == "application/json" && strings.Contains(t.Text, "$input.")
	}) {
		return true
	}
	fn := v.proxied(r.method)
	return fn != nil && parsesBody(v.codeOf(fn).Code.Inline)
}

// starHeaders decides CORS112.
func starHeaders(v *View, report reporter) {
	for _, a := range v.answering() {
		res := v.response(a.route, v.origin())
		if res == nil || v.fault(a.route).rule != "" {
			continue
		}
		names := strings.Split(strings.ReplaceAll(strings.ToLower(res.Headers.Get(corsheader.AllowHeaders)), " ", ""), ",")
		if !slices.Contains(names, "*") {
			continue
		}
		if res.Headers.Get(corsheader.AllowCredentials) == "true" {
			rep := v.ask(question{origin: v.origin(), method: a.route.name, path: a.route.path, header: "x-requested-with", credentials: true})
			if rep != nil && rep.Preflight.Verdict.Code == browser.HeaderDisallowedByPreflightResponse {
				report(at(a.method), "Access-Control-Allow-Headers is * and Access-Control-Allow-Credentials is true", rep.Preflight.Verdict.Message)
			}
			continue
		}
		if !slices.Contains(names, "authorization") && slices.ContainsFunc(v.routes, func(r route) bool {
			return r.resource == a.route.resource && slices.Contains(v.needs(r.method), "authorization")
		}) {
			report(at(a.method), "Access-Control-Allow-Headers is *, and a method of the resource wants Authorization", "")
		}
	}
}

func allowOrigin(r *simulate.GotResponse) string {
	if r == nil {
		return ""
	}
	return r.Headers.Get(corsheader.AllowOrigin)
}

// firstOrigin decides CORS113.
func firstOrigin(v *View, report reporter) {
	for _, a := range v.answering() {
		if len(v.originsOf(a.method)) < 2 {
			continue
		}
		if got := allowOrigin(v.response(a.route, questions.Stranger)); IsOrigin(got) && got != questions.Stranger {
			rep := v.preflight(a.route, questions.Stranger)
			report(at(a.method), "a preflight from an origin that is not listed gets Access-Control-Allow-Origin "+got, rep.Preflight.Verdict.Message)
		}
	}
}

// queryOrigin decides CORS114.
func queryOrigin(v *View, report reporter) {
	found := map[string]string{} // by what decides
	for _, a := range v.answering() {
		key := shape(a.method)
		as, done := found[key]
		plain := v.response(a.route, questions.Stranger)
		if !done && plain != nil {
			for _, o := range v.originsOf(a.method) {
				r := a.route
				r.path += "?origin=" + url.QueryEscape(o) + "&Origin=" + url.QueryEscape(o)
				if with := v.response(r, questions.Stranger); with != nil && allowOrigin(with) != allowOrigin(plain) {
					as = o
					break
				}
			}
		}
		found[key] = as
		if as != "" {
			report(at(a.method), "a preflight from elsewhere to a URL with ?origin="+as+" gets the response for "+as, "")
		}
	}
}

// resembling decides CORS115.
func resembling(v *View, report reporter) {
	if v.Allowlist.Any {
		return
	}
	found := map[string]string{} // by what decides
	for _, a := range v.deciding() {
		key := shape(a.method)
		like, done := found[key]
		if !done && v.allows(a, questions.Stranger) != questions.Stranger {
		search:
			for _, o := range slices.Concat(v.origins(), v.Allowlist.wild) {
				for _, s := range questions.Lookalikes(sample(o)) {
					if v.Allowlist.From == "template" && s == strings.Replace(o, "https://", "http://", 1) {
						continue // a list that a mapping template spells out may mean both, as https?:// does
					}
					if len(v.App.StandIns(s)) < len(v.App.StandIns(o)) {
						continue // what it resembles only a deployment knows
					}
					if IsOrigin(s) && !v.Allowlist.has(s) && v.allows(a, s) == s {
						like = s
						break search
					}
				}
			}
		}
		found[key] = like
		if like != "" {
			report(at(a.method), a.to()+" from "+like+" gets the response for a listed origin", "")
		}
	}
}

// unlike decides CORS118.
func unlike(v *View, report reporter) {
	if v.Allowlist.From != "template" {
		return // then each origin of the list is to be allowed everywhere, and another rule says where it is not
	}
	all := v.answering()
	allowed := map[string]map[string]bool{} // by shape and origin
	anywhere := map[string]bool{}
	for _, a := range all {
		key := shape(a.method)
		if allowed[key] != nil || v.fault(a.route).rule != "" {
			continue
		}
		allowed[key] = map[string]bool{}
		for _, o := range v.origins() {
			if got := allowOrigin(v.response(a.route, o)); got == o || got == "*" {
				allowed[key][o], anywhere[o] = true, true
			}
		}
	}
	for _, a := range all {
		set := allowed[shape(a.method)]
		if set == nil || v.fault(a.route).rule != "" {
			continue
		}
		var refused []string
		for _, o := range v.origins() {
			if anywhere[o] && !set[o] {
				refused = append(refused, o)
			}
		}
		if len(refused) > 0 {
			rep := v.preflight(a.route, refused[0])
			report(at(a.method), "refuses "+strings.Join(refused, ", ")+", which another resource allows", rep.Preflight.Verdict.Message)
		}
	}
}

// shape is everything of a method that decides about origins; methods of one shape answer alike.
func shape(m *gateway.Method) string {
	if m.Integration == nil {
		return m.ID
	}
	var b strings.Builder
	for _, t := range m.Integration.RequestTemplates {
		b.WriteString(t.ContentType + "\x00" + t.Text + "\x00")
	}
	for _, ir := range m.Integration.Responses {
		b.WriteString(ir.Status + "\x00" + ir.Pattern + "\x00" + originMapping(ir) + "\x00")
		for _, t := range ir.Templates {
			b.WriteString(t.ContentType + "\x00" + t.Text + "\x00")
		}
	}
	return b.String()
}

// everyOrigin decides CORS116.
func everyOrigin(v *View, report reporter) {
	for _, a := range v.deciding() {
		res := v.answer(a, questions.Stranger)
		got := allowOrigin(res)
		listed := len(v.Allowlist.Origins) > 0 && !v.Allowlist.Any
		said := v.Allowlist.From == "stated" || v.Allowlist.From == "stage-variables"
		switch {
		case got == questions.Stranger && (listed || res.Headers.Get(corsheader.AllowCredentials) == "true"),
			got == "*" && listed && said:
			report(at(a.method), a.to()+" from an origin that is not listed gets Access-Control-Allow-Origin "+got, "")
		}
	}
}

// maxAge decides CORS117.
func maxAge(v *View, report reporter) {
	for _, a := range v.answering() {
		res := v.response(a.route, v.origin())
		if res == nil {
			continue
		}
		value, ok := res.Headers[strings.ToLower(corsheader.MaxAge)]
		if !ok {
			continue
		}
		if fault := MaxAgeFault(value); fault != "" && len(v.App.Symbols(value)) == 0 {
			report(at(a.method), fault, "")
		}
	}
}

// MaxAgeFault says what is wrong with the value of an Access-Control-Max-Age; empty if nothing is.
func MaxAgeFault(value string) string {
	limit := int(browser.Chromium.Cap().Seconds())
	n, err := strconv.Atoi(value)
	switch {
	case err != nil:
		return fmt.Sprintf("Access-Control-Max-Age is %q, which is not a number of seconds", value)
	case n > limit:
		return fmt.Sprintf("Access-Control-Max-Age is %d; Chromium takes it for %d", n, limit)
	}
	return ""
}
