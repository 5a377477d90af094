package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corssetting"
)

// A Kind is a kind of API that pages call.
type Kind string

// The kinds.
const (
	RestAPI     Kind = "REST API"
	HTTPAPI     Kind = "HTTP API"
	FunctionURL Kind = "function URL"
)

// NoneThere is the message for a template without an API of any kind.
const NoneThere = "no AWS::ApiGateway::RestApi, AWS::ApiGatewayV2::Api or AWS::Lambda::Url"

// DefaultRoute is the path of the route that takes whatever no other route does. A function URL has no other one.
const DefaultRoute = "$default"

// KindOf returns the kind of API that a resource is, empty if it is none. A WebSocket API is none: browsers apply no CORS to a
// WebSocket (https://fetch.spec.whatwg.org/#websocket-opening-handshake).
func KindOf(r *cfn.Resource) Kind {
	switch {
	case r.Type == "AWS::ApiGateway::RestApi":
		return RestAPI
	case r.Type == "AWS::ApiGatewayV2::Api" && r.Properties["ProtocolType"] != "WEBSOCKET":
		return HTTPAPI
	case r.Type == "AWS::Lambda::Url":
		return FunctionURL
	}
	return ""
}

// WebSockets returns the WebSocket APIs of an app.
func WebSockets(app *cfn.App) []*cfn.Resource {
	return slices.DeleteFunc(app.OfType("AWS::ApiGatewayV2::Api"), func(r *cfn.Resource) bool { return KindOf(r) != "" })
}

// apis returns the APIs of an app, REST APIs first, in its order.
func apis(app *cfn.App) []*cfn.Resource {
	return slices.Concat(app.RestAPIs(),
		slices.DeleteFunc(app.OfType("AWS::ApiGatewayV2::Api"), func(r *cfn.Resource) bool { return KindOf(r) == "" }),
		app.OfType("AWS::Lambda::Url"))
}

// typed is the type of the parts of an API of a kind, but for their names.
func (k Kind) typed() string {
	if k == HTTPAPI {
		return "AWS::ApiGatewayV2::"
	}
	return "AWS::ApiGateway::"
}

// buildOther reads an HTTP API or a function URL.
func (l *loader) buildOther() (*API, error) {
	a := l.api
	top := &reader{l: l}
	if a.Kind == HTTPAPI {
		if err := l.stage(); err != nil {
			return nil, err
		}
		maps.Copy(a.Variables, top.strMap(a.stageProperties["StageVariables"], "StageVariables"))
		maps.Copy(a.Variables, l.opts.Variables)
	}
	l.elsewhere()
	if a.Kind == HTTPAPI {
		l.httpAPI(top)
	} else {
		l.functionURL(top)
	}
	if top.err != nil {
		l.left(l.rest.ID, top.err)
		a.unread = cmp.Or(a.unread, l.rest.ID+": "+top.err.Error())
	}
	parts := []any{string(a.Kind), without(l.rest.Properties, "Body", "Name", "Description", "Tags", "TargetFunctionArn"), a.Stage}
	if body, ok := l.rest.Properties["Body"].(map[string]any); ok {
		parts = append(parts, without(body, "paths", "info", "tags"))
	}
	for _, k := range slices.Sorted(maps.Keys(a.Variables)) {
		parts = append(parts, k, a.Variables[k])
	}
	a.written = cfn.Canonical(parts)
	slices.SortStableFunc(a.resources, func(x, y *Resource) int { return strings.Compare(x.Path, y.Path) })
	return a, nil
}

// setting reads a CORS setting. In a document, the names of its members begin with a small letter.
func (l *loader) setting(v any, service corssetting.Service, inDocument bool) {
	if v == nil {
		return
	}
	name := func(n string) string {
		if inDocument {
			return strings.ToLower(n[:1]) + n[1:]
		}
		return n
	}
	r := &reader{l: l}
	m := r.object(v, service.Property())
	s := &corssetting.Setting{Service: service}
	listed := func(n string) []string {
		if text, ok := m[name(n)].(string); ok { // one that is not known stands for all of a list
			if l.app.SymbolOf(text) == nil {
				s.Texts = append(s.Texts, n)
			}
			return []string{text}
		}
		var out []string
		for _, e := range r.list(m[name(n)], n) {
			out = append(out, r.text(e, n))
		}
		return out
	}
	if m != nil && len(m) == 0 {
		l.api.noSetting = fmt.Errorf("%s: %w", service.Property(), ErrEmptySetting)
		return
	}
	var members []string
	for _, n := range corssetting.Members {
		members = append(members, name(n))
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		switch i := slices.IndexFunc(members, func(n string) bool { return strings.EqualFold(n, key) }); {
		case slices.Contains(members, key):
		case !inDocument:
			l.problem("%s: %s has no member %s; it has %s", l.rest.ID, service.Property(), clip(key), strings.Join(members, ", "))
		default:
			why := Undocumented(fmt.Sprintf("x-amazon-apigateway-cors has the members %s, and what API Gateway does with %s", strings.Join(members, ", "), clip(key)))
			if i >= 0 {
				why = Undocumented("whether " + clip(key) + " in x-amazon-apigateway-cors is taken for " + members[i])
				l.api.noSetting = fmt.Errorf("%s: %w", service.Property(), why)
			}
			l.problem("%s: %v", l.rest.ID, why)
			l.api.NotKnown = append(l.api.NotKnown, l.api.Problems[len(l.api.Problems)-1])
		}
	}
	s.Origins, s.Methods, s.Headers, s.Expose = listed("AllowOrigins"), listed("AllowMethods"), listed("AllowHeaders"), listed("ExposeHeaders")
	s.Credentials, s.MaxAge = r.text(m[name("AllowCredentials")], "AllowCredentials"), r.text(m[name("MaxAge")], "MaxAge")
	if r.err != nil {
		l.api.noSetting = fmt.Errorf("%s: %w", service.Property(), r.err)
		l.left(l.rest.ID, l.api.noSetting)
		return
	}
	l.api.CORS = s
}

// flat adds a route; its resource is made where there is none.
func (l *loader) flat(path string, m *Method) {
	a := l.api
	at := a.Find(path)
	if at == nil {
		at = &Resource{ID: path, Source: l.rest, Path: path, part: path[strings.LastIndexByte(path, '/')+1:], methods: map[string]*Method{}}
		if strings.Contains(path, "{") || path == DefaultRoute {
			at.parent = &Resource{part: "{}"} // other paths than its own lead to it
		}
		a.resources = append(a.resources, at)
	}
	m.Resource = at
	if was := at.methods[m.HTTPMethod]; was != nil {
		l.problem("route %s %s: it exists twice, as %s and %s; API Gateway refuses that", m.HTTPMethod, path, was.ID, m.ID)
		return
	}
	at.methods[m.HTTPMethod] = m
	if m.Err != nil {
		l.problem("%s", m.Problem())
	}
}

// functionURL reads an AWS::Lambda::Url.
func (l *loader) functionURL(r *reader) {
	a, p := l.api, l.rest.Properties
	l.setting(p["Cors"], corssetting.FunctionURL, false)
	m := &Method{ID: l.rest.ID, Source: l.rest, HTTPMethod: "ANY", AuthorizationType: r.known(p["AuthType"], "AuthType"), RequestParameters: map[string]bool{},
		Integration: &Integration{Type: apigw.AWSProxy, URI: r.text(p["TargetFunctionArn"], "TargetFunctionArn"), Payload: "2.0"},
		written:     cfn.Canonical(p["TargetFunctionArn"])}
	switch m.AuthorizationType {
	case "NONE", "AWS_IAM":
	default:
		if r.err == nil && a.unread == "" {
			m.Err = fmt.Errorf("AuthType %q is neither NONE nor AWS_IAM", m.AuthorizationType)
		}
	}
	switch mode := r.known(p["InvokeMode"], "InvokeMode"); mode {
	case "", "BUFFERED", "RESPONSE_STREAM":
	default:
		m.Err = fmt.Errorf("InvokeMode %q is neither BUFFERED nor RESPONSE_STREAM", mode)
	}
	l.flat(DefaultRoute, m)
	if m.AuthorizationType == "NONE" {
		public, here := l.public("lambda:InvokeFunctionUrl"), l.calleeOfURL(l.rest).function != nil
		a.closed, a.foreign = !public && here, !public && !here
		a.half = public && here && !l.public("lambda:InvokeFunction")
	}
}

func text0(v any) string {
	s, _ := textOf(v)
	return s
}

// Closed reports whether nobody may call the function URL, since no permission says so.
func (a *API) Closed() bool { return a.closed }

// Foreign reports whether no permission of the app lets everybody call the function URL, and its function is not in the app: the
// permission may be where the function is.
func (a *API) Foreign() bool { return a.foreign }

// Half reports whether a permission lets everybody call the function URL, and none lets everybody call the function. URLs made since
// October 2025 need both (https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html); the recording is of an account that was exempt.
func (a *API) Half() bool { return a.half }

// An Undocumented error is about something of which neither the documentation nor a recording says what the service makes of it.
type Undocumented string

func (u Undocumented) Error() string { return string(u) + " is not documented" }

// ErrEmptySetting is the error for a CORS setting without members.
const ErrEmptySetting = Undocumented("it is empty, and whether it counts as none")

// NoSetting says why the API's CORS setting is not known, if it is not.
func (a *API) NoSetting() error { return a.noSetting }

// matching is a route whose path fits.
type matching struct {
	at     *Resource
	params map[string]string
	rank   string // of several that fit, the least counts
}

// fits reports whether a route's path fits the segments of a request's.
func (r *Resource) fits(segs []string) (matching, bool) {
	m := matching{at: r, params: map[string]string{}}
	if r.Path == DefaultRoute {
		m.rank = "3"
		return m, true
	}
	class, shape := "1", ""
	parts := cut(r.Path)
	for i, part := range parts {
		name, variable := strings.CutPrefix(part, "{")
		name = strings.TrimSuffix(name, "}")
		if greedy, ok := strings.CutSuffix(name, "+"); variable && ok {
			if i >= len(segs) || i != len(parts)-1 || strings.Join(segs[i:], "/") == "" {
				return m, false
			}
			m.params[greedy] = strings.Join(segs[i:], "/")
			m.rank = "2" + shape + "2"
			return m, true
		}
		switch {
		case i >= len(segs):
			return m, false
		case variable && segs[i] != "":
			m.params[name] = segs[i]
			shape += "1"
		case part == segs[i]:
			shape += "0"
		default:
			return m, false
		}
	}
	m.rank = class + shape
	return m, len(parts) == len(segs)
}

// cut returns the segments of a path. Unlike a REST API, an HTTP API tells /items/ from /items.
func cut(path string) []string {
	path = strings.TrimPrefix(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// routeOther finds the route of an HTTP API or a function URL for a path: one that fits whole before one with a greedy variable
// before $default, and its own method before ANY
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html). The resource is the one that the
// path leads to, whatever its methods are.
func (a *API) routeOther(method, path string) (*Method, *Resource, map[string]string) {
	var all []matching
	for _, r := range a.resources {
		if m, ok := r.fits(cut(path)); ok {
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(x, y matching) int { return strings.Compare(x.rank, y.rank) })
	for _, m := range all {
		for _, name := range []string{method, "ANY"} {
			if found := m.at.methods[name]; found != nil {
				return found, all[0].at, m.params
			}
		}
	}
	if len(all) > 0 {
		return nil, all[0].at, nil
	}
	return nil, nil, nil
}

// function returns the function that an ARN or a name is of, where an integration or a URL has it alone.
func (a *API) function(arn string) *Function {
	f := &Function{ARN: arn, Name: a.App.Show(arn)}
	if _, name, ok := strings.Cut(arn, ":function:"); ok {
		name, _, _ = strings.Cut(name, ":")
		f.Name = a.App.Show(name)
	}
	for _, r := range a.App.Mentioned(arn) {
		if r.Type == "AWS::Lambda::Function" {
			f.LogicalID, f.Name = a.App.Name(r), r.ID
			if name, err := textOf(r.Properties["FunctionName"]); err == nil && name != "" {
				f.Name = a.App.Show(name)
			}
		}
	}
	if f.LogicalID == "" {
		for _, r := range a.App.OfType("AWS::Lambda::Function") {
			if arn != "" && r.Properties["FunctionName"] == arn {
				f.LogicalID = a.App.Name(r)
			}
		}
	}
	return f
}

// isUnknown reports whether an error is about a value that only a deployment knows.
func isUnknown(err error) bool { return errors.As(err, new(*cfn.Unknown)) }
