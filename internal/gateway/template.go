package gateway

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

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
	first := !x.rendered
	x.rendered = true
	tm := x.api.parsed(t.Text)
	fails := func(how string, err error) error {
		if len(tm.symbols) > 0 { // it may be right under other values
			return unsupported("the %s template %s as far as it is known: %v", t.ContentType, how, &cfn.Unknown{Symbol: tm.symbols[0]})
		}
		return configError(BadTemplate, "the %s template %s: %v", t.ContentType, how, err)
	}
	switch {
	case tm.symbol != nil:
		return "", unsupported("the %s template: %v", t.ContentType, &cfn.Unknown{Symbol: tm.symbol})
	case tm.glued != nil:
		return "", unsupported("the %s template has a reference that is made of what is not known: %v", t.ContentType, &cfn.Unknown{Symbol: tm.glued})
	case notKnown(tm.err):
		return "", unsupported("the %s template: %v", t.ContentType, tm.err)
	case tm.err != nil:
		return "", fails("does not parse", tm.err)
	}
	traced := func(e vtl.Event) {
		s := Step{Kind: StepBranch, Name: e.Name, Line: e.Line, Source: strings.TrimSpace(tm.Line(e.Line))}
		if e.Kind == vtl.Override {
			s.Kind, s.Detail = StepOverride, e.Value
		}
		if len(x.trace) < 10_000 {
			x.step(s)
		}
	}
	key, again := "", false
	if first && body == "" {
		key, again = x.inputs(tm)
	}
	if again {
		if r := x.api.renderings.get(key); r != nil {
			for _, e := range r.events {
				traced(e)
			}
			x.overrides, _ = r.overrides.Copy()
			if x.context != nil {
				x.overrides.Into(x.context)
			}
			return r.out, nil
		}
	}
	var decide func(op string, operands []any, result any) any
	if x.req.Decide != nil && !again {
		decide = func(op string, operands []any, result any) any { return x.req.Decide(t.Text, op, operands, result) }
	}
	context := x.context
	switch {
	case context == nil && tm.narrow():
		context = vtl.NewMap()
		x.overrides.Into(context)
	case context == nil:
		context = x.values()
	}
	var events []vtl.Event
	out, err := tm.Eval(&vtl.Env{
		Vars: map[string]any{"input": x.input(body), "context": context, "util": vtl.Util{}, "stageVariables": x.stageVariables()},
		Done: x.ctx.Done(), Decide: decide, Limits: vtl.Limits{Bytes: templateText + 16*len(body)},
		Trace: func(e vtl.Event) {
			if again {
				events = append(events, e)
			}
			traced(e)
		},
	})
	if again && err == nil && x.sameVariables() {
		if o, ok := x.overrides.Copy(); ok {
			x.api.renderings.put(key, &rendering{out, events, o})
		}
	}
	if errors.Is(err, vtl.ErrPayload) {
		if x.responding {
			return "", unsupported("the %s template reads a payload that begins like JSON but is not JSON", t.ContentType)
		}
		// A transcript of 2015; the name of the exception is believed.
		return "", &failure{typ: apigw.Default4XX, status: 400, message: "Could not process payload", errType: "BadRequestException", detail: "a template reads the body, which begins like JSON but is not JSON"}
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

// A template is one that is parsed, with what it reads.
type template struct {
	*vtl.Template
	err  error // why it does not parse
	text string
	// symbols are what only a deployment knows in it: symbol is all of it, glued a part of a reference or of a directive.
	symbols       []*cfn.Symbol
	symbol, glued *cfn.Symbol
	symbolic      bool
	reads         *behaviour
}

// narrow reports whether of a request without a body it reads nothing but some headers, and of $context the overrides alone.
func (t *template) narrow() bool { return !t.reads.any && !t.reads.path }

// parsed returns a template's tree, parsed once.
func (a *API) parsed(src string) *template {
	if v, ok := a.templates.Load(src); ok {
		return v.(*template)
	}
	tm := &template{text: src, symbolic: symbolic(src), symbol: a.App.SymbolOf(src), symbols: a.App.Symbols(src)}
	if len(tm.symbols) > 0 {
		if s := a.App.Symbols(glued.FindString(src)); len(s) > 0 {
			tm.glued = s[0]
		}
	}
	tm.Template, tm.err = vtl.Parse(src)
	tm.reads = &behaviour{headers: map[string]bool{}}
	tm.reads.read(src)
	a.templates.Store(src, tm)
	return tm
}

// A rendering is what came of a template that was the first of its exchange.
type rendering struct {
	out       string
	events    []vtl.Event
	overrides *vtl.Overrides
}

// renderings are those of an API, by the template and all that it reads.
type renderings struct {
	mu  sync.Mutex
	all map[string]*rendering
}

// mostRenderings bounds how many are kept: whoever asks from many origins asks from one after the other.
const mostRenderings = 256

func (r *renderings) get(key string) *rendering {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[key]
}

func (r *renderings) put(key string, one *rendering) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = map[string]*rendering{}
	}
	if len(r.all) >= mostRenderings {
		clear(r.all)
	}
	r.all[key] = one
}

// inputs writes all that the rendering of a template depends on, for a request without a body before any other template is
// evaluated. It returns false if that may be more than what it writes, or hangs on what only a deployment knows.
func (x *exchange) inputs(tm *template) (string, bool) {
	if !tm.narrow() || tm.symbolic || x.api.symbolic || !maps.Equal(x.variables, x.api.loaded) {
		return "", false
	}
	var key strings.Builder
	for _, h := range x.headers {
		if !tm.reads.headers[strings.ToLower(h.Name)] {
			continue
		}
		if symbolic(h.Value) {
			return "", false
		}
		fmt.Fprintf(&key, "%q %q ", h.Name, h.Value)
	}
	key.WriteByte(0) // which no quoted header has: a template may begin like one
	key.WriteString(tm.text)
	return key.String(), true
}

// symbolic reports whether a text has a stand-in in it, or what a template may make one of by putting back what is missing.
func symbolic(text string) bool { return cfn.CountSymbols(text) > 0 }

// sameVariables reports whether $stageVariables are as they were at the start.
func (x *exchange) sameVariables() bool {
	entries := x.stageVars.Entries()
	if len(entries) != len(x.variables) {
		return false
	}
	last := ""
	for i, e := range entries {
		name, ok := e.Key.(string)
		v, had := x.variables[name]
		if !ok || !had || e.Value != any(v) || i > 0 && name <= last {
			return false
		}
		last = name
	}
	return true
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
