package check

import (
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// A fault is why pages at a listed origin cannot have a route's preflight answered as they need.
type fault struct {
	rule   rules.ID // of the rule that it belongs to
	report *simulate.Report
	origin string
	method *gateway.Method // the one that answered; nil if none did
}

// notJudged is instead of a rule where only a deployment decides whether there is a fault.
const notJudged rules.ID = "not judged"

// fault asks the model about a route and says whose fault it is that a preflight fails; rule is empty if none does. Each
// fault belongs to one rule, so that one mistake is one finding.
func (v *View) fault(r route) fault {
	if f, ok := v.faults[r]; ok {
		return f
	}
	f := v.find(r)
	v.faults[r] = f
	return f
}

func (v *View) find(r route) fault {
	by := v.answers(r)
	var left fault
	v.unserved(r, by)
	for _, origin := range v.originsOf(by) {
		rep := v.preflight(r, origin)
		if rep == nil || !rep.Preflight.Needed || !rep.Preflight.Verdict.Known {
			continue
		}
		if rep.Preflight.Verdict.Allowed || rep.Preflight.Verdict.Code == browser.HeaderDisallowedByPreflightResponse {
			if rep = v.refusesAny(r, rep, origin); rep == nil {
				continue
			}
		}
		switch id := v.blame(r, by, origin, rep); id {
		case "":
		case notJudged:
			left = fault{id, rep, origin, by}
		default:
			return fault{id, rep, origin, by}
		}
	}
	return left
}

// unserved notes why the model serves neither the request nor its preflight, where that is neither for a backend nor said of
// the whole API or of the method.
func (v *View) unserved(r route, by *gateway.Method) {
	if !v.whole() {
		return
	}
	says := func(q question, m *gateway.Method, course func(simulate.Trace) *simulate.Course) {
		if rep := v.ask(q); rep != nil && (m == nil || m.Err == nil) {
			if c := course(rep.Trace); c != nil && c.Unsupported != "" && (c.Integration == nil || c.Integration.Type == apigw.Mock || q.stood && c.Integration.Type == apigw.AWSProxy) {
				v.leave(m, c.Unsupported)
			}
		}
	}
	q := question{origin: v.origin(), method: r.name, path: r.path}
	says(q, r.method, func(t simulate.Trace) *simulate.Course { return t.Actual })
	q.header, q.stood = probeHeader, true
	says(q, by, func(t simulate.Trace) *simulate.Course { return t.Preflight })
}

// refusesAny returns the preflight of a method that ANY stands for and that is refused; nil if there is none. Of a list that
// names some methods the others are taken to be left out for a reason: the function behind ANY may not have them.
func (v *View) refusesAny(r route, rep *simulate.Report, origin string) *simulate.Report {
	if r.method.HTTPMethod != "ANY" || rep.Trace.Preflight.Method == nil || rep.Trace.Preflight.Method.Name == "ANY" {
		return nil
	}
	list := split(strings.ToUpper(rep.Preflight.Response.Headers.Get(corsheader.AllowMethods)))
	if slices.Contains(list, "ANY") { // meant for all of them, which it does not name
		list = nil
	}
	for _, name := range []string{"PUT", "PATCH", "DELETE"} {
		if len(list) > 0 && !slices.Contains(list, name) {
			continue
		}
		r.name = name
		if rep := v.preflight(r, origin); rep != nil && rep.Preflight.Verdict.Code == browser.MethodDisallowedByPreflightResponse {
			return rep
		}
	}
	return nil
}

func (v *View) blame(r route, by *gateway.Method, origin string, rep *simulate.Report) rules.ID {
	c := rep.Trace.Preflight
	if c == nil || c.Unsupported != "" {
		return "" // said as something not understood
	}
	if g := c.GatewayResponse; g != nil {
		switch g.Type {
		case apigw.MissingAuthenticationToken:
			switch {
			case c.Method != nil:
				return rules.CORS102
			case !v.whole():
				return notJudged // what was not read may answer it
			case v.simple(r.resource):
				return rules.CORS119
			}
			return rules.CORS101
		case apigw.Unauthorized, apigw.AccessDenied, apigw.AuthorizerFailure, apigw.AuthorizerConfigurationError, apigw.InvalidSignature, apigw.ExpiredToken:
			return rules.CORS102
		case apigw.InvalidAPIKey:
			return rules.CORS103
		case apigw.BadRequestParameters, apigw.BadRequestBody:
			return rules.CORS104
		}
		switch g.Cause {
		case gateway.BinaryRequest:
			return rules.CORS105
		case gateway.BinaryResponse:
			return rules.CORS106
		}
		return rules.CORS108
	}
	if res := v.API.Find(c.Resource.Path); res != nil && c.Method != nil {
		if m := res.Method(c.Method.Name); m != nil && len(unquoted(m)) > 0 {
			return rules.CORS203
		}
	}
	if _, err := cors.FromStageVariables(v.API.Variables); err != nil && v.readsVariables(c) {
		if v.stageElsewhere() {
			v.leave(nil, "the stage of "+v.API.ID+", whose variables hold the allowlist, is not in the templates")
			return notJudged
		}
		if symbol := v.openVariable(); symbol != nil {
			v.leave(by, symbol.String()+": "+symbol.Why)
			return notJudged
		}
		return rules.CORS407
	}
	if symbol := v.decides(r, origin, rep); symbol != nil {
		v.leave(by, symbol.String()+": "+symbol.Why)
		return notJudged
	}
	switch rep.Preflight.Verdict.Code {
	case browser.PreflightInvalidStatus, browser.PreflightDisallowedRedirect:
		if len(c.Template) > 0 {
			return rules.CORS109 // a mapping template looked at the origin and decided
		}
		return rules.CORS108
	case browser.MethodDisallowedByPreflightResponse:
		return rules.CORS110
	case browser.InvalidAllowMethodsPreflightResponse, browser.InvalidAllowHeadersPreflightResponse:
		return rules.CORS120
	case browser.HeaderDisallowedByPreflightResponse:
		// The header that was sent to have a preflight made is not one that pages need.
		return ""
	case browser.PreflightMultipleAllowOriginValues:
		return rules.CORS204
	case browser.PreflightInvalidAllowOriginValue:
		return rules.CORS205
	case browser.PreflightAllowOriginMismatch:
		if value := rep.Preflight.Response.Headers.Get(corsheader.AllowOrigin); !IsOrigin(value) {
			return rules.CORS205
		}
	}
	if res := v.API.Find(c.Resource.Path); res != nil && c.Method != nil && v.obscure(res.Method(c.Method.Name)) {
		if v.Allowlist.From == "" {
			v.leave(by, "which origins the mapping template allows is not understood; --origins states them")
			return notJudged
		}
		return "" // that another resource allows more is for CORS118 to say
	}
	return rules.CORS109
}

// decides returns the symbol on which it hangs whether an origin may read the response to a preflight that does not allow it:
// one in Access-Control-Allow-Origin or, where the origin is not out of the template, one that is an origin on its list.
func (v *View) decides(r route, origin string, rep *simulate.Report) *cfn.Symbol {
	if symbols := v.App.Symbols(rep.Preflight.Response.Headers.Get(corsheader.AllowOrigin)); len(symbols) > 0 {
		return symbols[0]
	}
	if v.Allowlist.From != "stated" {
		return nil
	}
	for _, o := range v.unknownOrigins() {
		if in := v.preflight(r, o); o != origin && in != nil && (in.Preflight.Verdict.Allowed || in.Preflight.Verdict.Code == browser.HeaderDisallowedByPreflightResponse) {
			return v.App.Symbols(o)[0]
		}
	}
	return nil
}

// unknownOrigins are those that the API may allow and that only a deployment knows.
func (v *View) unknownOrigins() []string {
	judge, err := simulate.NewJudge(v.App, gateway.Options{Policy: gateway.IgnorePolicy, API: v.App.Name(v.API.Rest), Stage: v.App.Show(v.API.Stage)}, func(*cfn.App) gateway.Backend { return v.site.Backend })
	if err != nil {
		return nil
	}
	return judge.Origins()
}

// stageElsewhere reports whether the API has no stage in the templates, and its id is given to something that may make one.
func (v *View) stageElsewhere() bool {
	if v.API.StageID != "" {
		return false
	}
	rest := v.API.Rest
	outputs, _ := rest.Stack.Raw["Outputs"].(map[string]any)
	for _, o := range outputs {
		out, _ := o.(map[string]any)
		if value := dig(out, "Value"); len(value) == 1 && value["Ref"] == rest.ID {
			return true
		}
	}
	return !v.whole() || slices.ContainsFunc(v.App.OfType("AWS::SSM::Parameter"), func(p *cfn.Resource) bool { return v.App.Target(p.Properties["Value"]) == rest })
}

// obscure reports whether a mapping template decides about origins, and that it is not understood about which. A list that is
// stated, or the stage's, is for every method.
func (v *View) obscure(m *gateway.Method) bool {
	if m == nil || m.Integration == nil || v.Allowlist.From == "stated" || v.Allowlist.From == "stage-variables" || len(v.ownOrigins(m)) > 0 {
		return false
	}
	return slices.ContainsFunc(templates(m), overridesOrigin)
}

// readsVariables reports whether a response came out of a mapping template that looks at corsgate's stage variables.
func (v *View) readsVariables(c *simulate.Course) bool {
	res := v.API.Find(c.Resource.Path)
	if res == nil || c.Method == nil {
		return false
	}
	m := res.Method(c.Method.Name)
	return m != nil && m.Integration != nil && slices.ContainsFunc(m.Integration.RequestTemplates, func(t gateway.Template) bool {
		return strings.Contains(t.Text, "stageVariables") && strings.Contains(t.Text, stagevars.Origins)
	})
}

// faulty makes the check of a rule whose faults are those of preflights: one finding for each method that responds.
func faulty(id rules.ID, detail func(v *View, r route, f fault) string) checker {
	return func(v *View, report reporter) {
		seen := map[string]bool{}
		for _, r := range v.routes {
			f := v.fault(r)
			if f.rule != id {
				continue
			}
			p := place{of: r.resource.Source, path: r.resource.Path, method: r.method.HTTPMethod}
			if f.method != nil {
				p = at(f.method)
			}
			if seen[p.path+" "+p.method] {
				continue
			}
			if id == rules.CORS110 {
				p.note = "methods: " + methodNames(r.resource)
			}
			seen[p.path+" "+p.method] = true
			report(p, detail(v, r, f), f.report.Preflight.Verdict.Message)
		}
	}
}

// unquoted names the headers that are mapped from something that is not a mapping expression: CloudFormation's deployment
// of it fails with "Invalid mapping expression specified".
func unquoted(m *gateway.Method) []string {
	if m.Integration == nil || apigw.IsProxy(m.Integration.Type) {
		return nil
	}
	var out []string
	for _, ir := range m.Integration.Responses {
		for _, name := range sortedKeys(ir.Parameters) {
			header, ok := strings.CutPrefix(name, apigw.MethodHeader)
			if ok && !isExpression(ir.Parameters[name]) && !slices.Contains(out, header) {
				out = append(out, header)
			}
		}
	}
	return out
}

// isExpression reports whether a text is a mapping expression
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping-sources.html).
func isExpression(s string) bool {
	if _, ok := apigw.Static(s); ok {
		return !strings.Contains(s[1:len(s)-1], "'")
	}
	return apigw.IsSource(s)
}
