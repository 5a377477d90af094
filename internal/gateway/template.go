package gateway

import (
	"errors"
	"maps"
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

// render evaluates a mapping template and traces what it decides.
func (x *exchange) render(t *Template, body string) (string, error) {
	if s := x.api.App.SymbolOf(t.Text); s != nil {
		return "", unsupported("the %s template: %v", t.ContentType, &cfn.Unknown{Symbol: s})
	}
	tm, err := x.api.parsed(t.Text)
	if err != nil {
		return "", configError(BadTemplate, "the %s template does not parse: %v", t.ContentType, err)
	}
	out, err := tm.Eval(&vtl.Env{
		Vars: map[string]any{"input": x.input(body), "context": x.context, "util": vtl.Util{}, "stageVariables": x.stageVars},
		Done: x.ctx.Done(),
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
	var fault *vtl.Error
	if errors.As(err, &fault) && fault.NotKnown {
		return "", unsupported("the %s template: %v", t.ContentType, err)
	}
	if err != nil {
		return "", configError(BadTemplate, "the %s template fails: %v", t.ContentType, err)
	}
	return out, nil
}

// parsed gives a template's tree, parsed once.
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
