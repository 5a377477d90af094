package gateway

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/vtl"
)

var substitution = regexp.MustCompile(`\$\{(?:context|stageVariables|method\.request)(?:\.[A-Za-z0-9_-]+)+\}|\$(?:context|stageVariables|method\.request)(?:\.[A-Za-z0-9_-]+)+`)

const defaultTemplate = `{"message":$context.error.messageString}`

// lateTemplate is what the built-in responses look like that come after the method is found: with a blank. Recorded for 500
// (36 bytes, 2024-12), believed for the others; GetGatewayResponse shows the template without it for all.
const lateTemplate = `{"message": $context.error.messageString}`

// deniedTemplate is what users report of a Lambda authorizer's refusal.
const deniedTemplate = `{"Message":$context.error.messageString}`

var late = map[string]bool{
	apigw.APIConfigurationError: true, apigw.BadRequestBody: true, apigw.BadRequestParameters: true, apigw.Default5XX: true,
	apigw.IntegrationFailure: true, apigw.IntegrationTimeout: true, apigw.UnsupportedMediaType: true,
}

// GatewayResponse is one of the gateway's own responses, as it stands after inheritance.
type GatewayResponse struct {
	Type string
	// Status is empty for DEFAULT_4XX and DEFAULT_5XX that have none.
	Status string
	// Default tells that the type itself is not customised.
	Default    bool
	Parameters map[string]string
	Templates  []Template
	// From is the type whose configuration is used: the type itself, DEFAULT_4XX, DEFAULT_5XX, or empty for the built-in.
	From string
	// Err says why what the template says of the type From cannot be read, if it cannot.
	Err error
	// Source writes the configuration as the template has it.
	Source string
}

// GatewayResponse returns the response of a type. A type that is customised takes nothing from DEFAULT_4XX or DEFAULT_5XX.
func (a *API) GatewayResponse(typ string) GatewayResponse {
	g := GatewayResponse{Type: typ, Default: true, Parameters: map[string]string{}, Templates: []Template{{"application/json", defaultTemplate}}}
	n := apigw.GatewayStatus(typ)
	if n != 0 {
		g.Status = strconv.Itoa(n)
	}
	use := func(r *gatewayResponse, from string) {
		g.From, g.Err = from, r.err
		if r.status != "" {
			g.Status = r.status
		}
		g.Parameters, g.Source = r.parameters, r.source
		if len(r.templates) > 0 {
			g.Templates = r.templates
		}
	}
	if r := a.responses[typ]; r != nil {
		g.Default = false
		use(r, typ)
		return g
	}
	family := apigw.GatewayFamily(typ)
	if a.responses[family] != nil {
		use(a.responses[family], family)
	}
	if a.untyped != nil { // it may be of this type, or of the family
		g.Err, g.Source = a.untyped, g.Source+a.untypedSource
	}
	return g
}

// gatewayResponse makes one of the gateway's own responses.
func (x *exchange) gatewayResponse(f *failure) *Response {
	if f.typ == "" {
		x.step(Step{Kind: StepUnsupported, Detail: f.detail})
		b, _ := json.Marshal(map[string]string{"message": f.message})
		return &Response{Status: f.status, Headers: Headers{{"Content-Type", "application/json"}}, Body: b}
	}
	x.within = true
	g := x.api.GatewayResponse(f.typ)
	if g.Err != nil {
		return x.gatewayResponse(unsupported("the gateway response %s cannot be read: %v", cmp.Or(g.From, f.typ), g.Err))
	}
	if g.Default && len(x.api.Elsewhere) > 0 {
		return x.gatewayResponse(unsupported("the gateway response %s may be elsewhere: %s", f.typ, x.api.Elsewhere[0]))
	}
	status, _ := strconv.Atoi(g.Status)
	if f.status != 0 && (g.Status == "" || g.From == "" || x.api.responses[g.From].status == "") {
		status = f.status
	}
	if status == 0 {
		status = http.StatusInternalServerError
	}
	detail := f.detail
	switch g.From {
	case "":
		detail += "; the built-in response"
	case f.typ:
		detail += "; customised"
	default:
		detail += "; as " + g.From + " says"
	}
	x.step(Step{Kind: StepGatewayResponse, Name: f.typ, Detail: strings.TrimPrefix(detail, "; "), Cause: f.cause})
	msg, _ := json.Marshal(f.message)
	e := vtl.NewMap()
	e.Put("message", f.message)
	if f.message == "" { // reported of what an authorizer fails with
		msg = []byte("null")
		e.Put("message", nil)
	}
	e.Put("messageString", string(msg))
	e.Put("responseType", f.typ)
	e.Put("validationErrorString", f.valid)
	x.values().Put("error", e)
	t := &g.Templates[0]
	for _, a := range append(strings.Split(x.accept(), ","), "application/json") {
		a, _, _ = strings.Cut(a, ";")
		if c := find(g.Templates, strings.TrimSpace(a)); c != nil {
			t = c
			break
		}
	}
	tpl := t.Text
	switch {
	case g.From == "" && late[f.typ]:
		tpl = lateTemplate
	case g.From == "" && f.typ == apigw.AccessDenied:
		tpl = deniedTemplate
	}
	body := substitution.ReplaceAllStringFunc(tpl, func(s string) string {
		v, _ := x.source(strings.Trim(s, "${}"))
		return v
	})
	res := &Response{Status: status, Headers: Headers{{"Content-Type", t.ContentType}}, Body: []byte(body)}
	if f.errType != "" {
		res.Headers = append(res.Headers, Header{"x-amzn-ErrorType", f.errType})
	}
	for _, k := range slices.Sorted(maps.Keys(g.Parameters)) {
		name := strings.TrimPrefix(k, apigw.GatewayHeader)
		v, ok := x.source(g.Parameters[k])
		why := badSource(g.Parameters[k])
		switch {
		case ok && !strings.ContainsAny(v, "\r\n"):
			res.Headers = res.Headers.set(name, v)
			continue
		case ok:
			why = "its value has a line end"
		case why == "":
			why = "there is no " + g.Parameters[k]
		}
		x.step(Step{Kind: StepHeader, Name: name, Detail: "not sent, since " + why})
	}
	return res
}
