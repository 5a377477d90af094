package gateway

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/vtl"
)

func find(ts []Template, contentType string) *Template {
	for i := range ts {
		if strings.EqualFold(ts[i].ContentType, contentType) {
			return &ts[i]
		}
	}
	return nil
}

// templateText is how much text, in bytes, a mapping template may make on the way, besides what the body is worth: check asks
// the same template many times.
const templateText = 8 << 20

// render evaluates a mapping template and traces what it decides.
func (x *exchange) render(t *Template, body string) (string, error) {
	if s := x.api.App.SymbolOf(t.Text); s != nil {
		return "", unsupported("the %s template: %v", t.ContentType, &cfn.Unknown{Symbol: s})
	}
	symbols := x.api.App.Symbols(t.Text)
	if len(symbols) > 0 {
		if s := x.api.App.Symbols(glued.FindString(t.Text)); len(s) > 0 {
			return "", unsupported("the %s template has a reference that is made of what is not known: %v", t.ContentType, &cfn.Unknown{Symbol: s[0]})
		}
	}
	tm, err := x.api.parsed(t.Text)
	fails := func(how string, err error) error {
		if len(symbols) > 0 { // it may be right under other values
			return unsupported("the %s template %s as far as it is known: %v", t.ContentType, how, &cfn.Unknown{Symbol: symbols[0]})
		}
		return configError(BadTemplate, "the %s template %s: %v", t.ContentType, how, err)
	}
	if err != nil && !notKnown(err) {
		return "", fails("does not parse", err)
	}
	if err != nil {
		return "", unsupported("the %s template: %v", t.ContentType, err)
	}
	var decide func(op string, operands []any, result any) any
	if x.req.Decide != nil {
		decide = func(op string, operands []any, result any) any { return x.req.Decide(t.Text, op, operands, result) }
	}
	out, err := tm.Eval(&vtl.Env{
		Vars: map[string]any{"input": x.input(body), "context": x.context, "util": vtl.Util{}, "stageVariables": x.stageVars},
		Done: x.ctx.Done(), Decide: decide, Limits: vtl.Limits{Bytes: templateText + 16*len(body)},
		Trace: func(e vtl.Event) {
			s := Step{Kind: StepBranch, Name: e.Name, Line: e.Line, Source: strings.TrimSpace(tm.Line(e.Line))}
			if e.Kind == vtl.Override {
				s.Kind, s.Detail = StepOverride, e.Value
			}
			if len(x.trace) < 10_000 {
				x.step(s)
			}
		},
	})
	if errors.Is(err, vtl.ErrPayload) {
		if x.responding {
			return "", unsupported("the %s template reads a payload that begins like JSON and is none", t.ContentType)
		}
		// A transcript of 2015; the name of the exception is believed.
		return "", &failure{typ: apigw.Default4XX, status: 400, message: "Could not process payload", errType: "BadRequestException", detail: "a template reads the body, which begins like JSON and is none"}
	}
	if notKnown(err) {
		return "", unsupported("the %s template: %v", t.ContentType, err)
	}
	if err != nil {
		return "", fails("fails", err)
	}
	return out, nil
}

// notKnown reports whether an error of a template's language says nothing of the service.
func notKnown(err error) bool {
	var fault *vtl.Error
	return errors.As(err, &fault) && fault.NotKnown
}

// glued matches a stand-in that would be a part of a reference, or of a directive.
var glued = regexp.MustCompile(`[$#][A-Za-z0-9_.{}!-]*?(?:h-[0-9a-f]{20}|https://o-[0-9a-f]{20})\.deployed\.invalid`)

// parsed returns a template's tree, parsed once.
func (a *API) parsed(src string) (*vtl.Template, error) {
	if v, ok := a.templates.Load(src); ok {
		if tm, ok := v.(*vtl.Template); ok {
			return tm, nil
		}
	}
	tm, err := vtl.Parse(src)
	if err == nil {
		a.templates.Store(src, tm)
	}
	return tm, err
}

func (x *exchange) input(body string) *vtl.Input {
	p, q, h := vtl.NewMap(), vtl.NewMap(), vtl.NewMap()
	for _, k := range slices.Sorted(maps.Keys(x.params)) {
		p.Put(k, x.params[k])
	}
	for _, v := range x.query {
		q.Put(v.Name, v.Value)
	}
	for _, v := range x.headers {
		h.Put(v.Name, v.Value)
	}
	return &vtl.Input{Body: body, Path: p, Query: q, Header: h}
}

// responseTemplate chooses by Accept, then application/json, then the first.
func (x *exchange) responseTemplate(ir *IntegrationResponse) *Template {
	for _, a := range strings.Split(x.accept(), ",") {
		a, _, _ = strings.Cut(a, ";")
		if t := find(ir.Templates, strings.TrimSpace(a)); t != nil {
			return t
		}
	}
	if t := find(ir.Templates, "application/json"); t != nil {
		return t
	}
	if len(ir.Templates) > 0 {
		return &ir.Templates[0]
	}
	return nil
}
