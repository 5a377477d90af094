package gateway

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corssetting"
)

// httpMethods are those of a route key
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html).
var httpMethods = []string{"ANY", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// routeKey matches a route key that is not $default.
var routeKey = regexp.MustCompile(`^([A-Z]+) (/\S*)$`)

// httpAPI reads an AWS::ApiGatewayV2::Api.
func (l *loader) httpAPI(r *reader) {
	a, p := l.api, l.rest.Properties
	if protocol := p["ProtocolType"]; protocol != nil {
		if t := r.known(protocol, "ProtocolType"); t != "HTTP" && r.err == nil {
			r.fail("ProtocolType", fmt.Errorf("%q is neither HTTP nor WEBSOCKET", clip(t)))
		}
	}
	switch body := p["Body"]; {
	case body != nil:
		if err := l.httpDocument(body); err != nil {
			l.missing("the Body of %s: %v", l.rest.ID, err)
			a.unread = a.Elsewhere[len(a.Elsewhere)-1]
		}
	case p["BodyS3Location"] != nil:
		l.missing("the API %s has its OpenAPI document in S3 (BodyS3Location)", l.rest.ID)
		a.unread = a.Elsewhere[len(a.Elsewhere)-1]
	}
	if own := p["CorsConfiguration"]; own != nil {
		was := a.CORS
		l.setting(own, corssetting.HTTPAPI, false)
		if was != nil && a.CORS != nil && cfn.Canonical(*was) != cfn.Canonical(*a.CORS) {
			a.noSetting = errors.New("CorsConfiguration differs from x-amazon-apigateway-cors in the Body; it is not recorded which of them applies")
			l.problem("%s: %v", l.rest.ID, a.noSetting)
			a.NotKnown = append(a.NotKnown, a.Problems[len(a.Problems)-1])
		}
	}
	l.quickCreate(r)
	for _, route := range l.of("Route") {
		l.httpRoute(route)
	}
}

// quickCreate reads the route that the property Target makes
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-apigatewayv2-api.html).
func (l *loader) quickCreate(r *reader) {
	p := l.rest.Properties
	if p["Target"] == nil {
		return
	}
	m := &Method{ID: l.rest.ID, Source: l.rest, AuthorizationType: "NONE", RequestParameters: map[string]bool{}, written: cfn.Canonical([]any{p["Target"], p["RouteKey"]})}
	target := r.text(p["Target"], "Target")
	m.Integration = &Integration{Type: apigw.HTTPProxy, URI: target}
	if !strings.HasPrefix(target, "http") {
		m.Integration.Type, m.Integration.Payload = apigw.AWSProxy, "2.0"
	}
	// They change the route, the integration and the stage of quick create
	// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-apigatewayv2-apigatewaymanagedoverrides.html).
	if o := l.of("ApiGatewayManagedOverrides"); len(o) > 0 {
		l.missing("%s, an AWS::ApiGatewayV2::ApiGatewayManagedOverrides, is not read", o[0].ID)
		l.api.unread = l.api.Elsewhere[len(l.api.Elsewhere)-1]
	}
	key := DefaultRoute
	if p["RouteKey"] != nil {
		var ok bool
		if key, ok = l.routeKey(l.rest.ID, p["RouteKey"]); !ok {
			return
		}
	}
	l.keyed(key, m)
}

// routeKey reads the key of a route; false if it is not known, or none.
func (l *loader) routeKey(id string, v any) (string, bool) {
	key, err := l.known(v)
	switch {
	case isUnknown(err):
		l.missing("route %s: RouteKey: %v", id, err)
	case err != nil:
		l.problem("route %s: RouteKey: %v", id, err)
	}
	return key, err == nil
}

// keyed adds a route by its key.
func (l *loader) keyed(key string, m *Method) {
	if key == DefaultRoute {
		m.HTTPMethod = "ANY"
		l.flat(DefaultRoute, m)
		return
	}
	part := routeKey.FindStringSubmatch(key)
	if part == nil || !slices.Contains(httpMethods, part[1]) {
		l.problem("route %s: %q is no route key; want a method and a path, GET /items, or $default", m.ID, clip(key))
		return
	}
	m.HTTPMethod = part[1]
	l.flat(part[2], m)
}

// httpRoute reads an AWS::ApiGatewayV2::Route.
func (l *loader) httpRoute(res *cfn.Resource) {
	r := &reader{l: l}
	p := res.Properties
	m := &Method{ID: res.ID, Source: res, AuthorizationType: "NONE", RequestParameters: map[string]bool{}, scopes: l.texts(p["AuthorizationScopes"])}
	key, ok := l.routeKey(res.ID, p["RouteKey"])
	if !ok {
		return
	}
	if t := strings.ToUpper(r.known(p["AuthorizationType"], "AuthorizationType")); t != "" {
		m.AuthorizationType = t
	}
	switch m.AuthorizationType {
	case "NONE":
		if p["AuthorizerId"] != nil {
			r.fail("AuthorizationType", Undocumented("it is NONE beside an AuthorizerId, and what API Gateway does with that"))
		}
	case "AWS_IAM":
	case "CUSTOM", "JWT":
		if p["AuthorizerId"] == nil {
			r.fail("AuthorizerId", errors.New("there is none, and AuthorizationType "+m.AuthorizationType+" requires one"))
		}
	default:
		r.fail("AuthorizationType", fmt.Errorf("%q is none of NONE, AWS_IAM, JWT and CUSTOM", clip(m.AuthorizationType)))
	}
	parts := []any{without(p, "ApiId", "Target", "AuthorizerId", "OperationName")}
	if a, s := l.named(p["AuthorizerId"], "Authorizer"); a != nil {
		m.authorizer = l.httpAuthorizer(a, r)
		parts = append(parts, without(a.Properties, "ApiId", "Name"))
	} else if s != nil {
		m.authorizer = &authorizer{id: s.String(), sources: []string{apigw.RequestHeader + "Authorization"}, unknown: s}
		parts = append(parts, p["AuthorizerId"])
	}
	switch i, err := l.target(p["Target"], r); {
	case err != nil:
		r.fail("Target", err)
		parts = append(parts, p["Target"])
	case i == nil:
		r.fail("Target", errors.New("the route has no integration"))
	default:
		m.Integration = l.httpIntegration(i, r)
		parts = append(parts, without(i.Properties, "ApiId", "Description"))
	}
	m.Err, m.written = r.err, cfn.Canonical(parts)
	l.keyed(key, m)
}

// target returns the integration that a route's Target, integrations/ID, names.
func (l *loader) target(v any, r *reader) (*cfn.Resource, error) {
	text := r.text(v, "Target")
	if text == "" {
		return nil, nil
	}
	for _, i := range l.app.Mentioned(text) {
		if i.Type == "AWS::ApiGatewayV2::Integration" {
			if !strings.HasPrefix(text, "integrations/") && l.app.SymbolOf(text) != nil {
				return nil, fmt.Errorf("it is the id of the integration %s alone; want integrations/ID", i.ID)
			}
			return i, nil
		}
	}
	if symbols := l.app.Symbols(text); len(symbols) > 0 && symbols[0].Resource == nil {
		return nil, &cfn.Unknown{Symbol: symbols[0]}
	}
	return nil, fmt.Errorf("%s is no integration of the template; want integrations/ID", clip(l.app.Show(text)))
}

// httpIntegration reads an AWS::ApiGatewayV2::Integration.
func (l *loader) httpIntegration(res *cfn.Resource, r *reader) *Integration {
	p := res.Properties
	i := &Integration{Type: strings.ToUpper(r.known(p["IntegrationType"], "IntegrationType")), URI: r.text(p["IntegrationUri"], "IntegrationUri"),
		HTTPMethod: strings.ToUpper(r.known(p["IntegrationMethod"], "IntegrationMethod")), Payload: r.known(p["PayloadFormatVersion"], "PayloadFormatVersion"),
		Subtype: r.text(p["IntegrationSubtype"], "IntegrationSubtype")}
	i.connection(p["ConnectionType"], p["ConnectionId"], r)
	l.requestMappings(i, p["RequestParameters"], r, res.ID)
	mapped := r.object(p["ResponseParameters"], "ResponseParameters")
	l.responseMappings(i, mapped, r, func(v any) map[string]string {
		out := map[string]string{}
		for _, e := range r.list(r.object(v, "ResponseParameters")["ResponseParameters"], "ResponseParameters") {
			one := r.object(e, "ResponseParameters")
			out[r.known(one["Destination"], "Destination")] = r.text(one["Source"], "Source")
		}
		return out
	}, res.ID)
	i.payload(r)
	return i
}

// payload checks the format that a function is called in.
func (i *Integration) payload(r *reader) {
	switch i.Type {
	case apigw.AWSProxy, apigw.HTTPProxy:
	default:
		r.fail("the type of the integration", fmt.Errorf("%q is not one that an HTTP API has; it has AWS_PROXY and HTTP_PROXY", clip(i.Type)))
	}
	if i.Payload != "" && i.Payload != "1.0" && i.Payload != "2.0" {
		r.fail("PayloadFormatVersion", fmt.Errorf("%q is neither 1.0 nor 2.0", clip(i.Payload)))
	}
}

// What parameter mappings of an HTTP API may change
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html).
var (
	mapsHeader  = regexp.MustCompile(`^(append|overwrite|remove):header\.(.+)$`)
	mapsRequest = regexp.MustCompile(`^((append|overwrite|remove):querystring\..+|overwrite:path)$`)
)

const mapsStatus = "overwrite:statuscode"

// responseMappings reads what becomes of a response, by the status that the backend returns.
func (l *loader) responseMappings(i *Integration, mapped map[string]any, r *reader, read func(any) map[string]string, id string) {
	for _, status := range slices.Sorted(maps.Keys(mapped)) {
		parameters := read(mapped[status])
		if r.err != nil {
			return
		}
		for _, to := range slices.Sorted(maps.Keys(parameters)) {
			if to != mapsStatus {
				l.mapsHeader("ResponseParameters", to, " or "+mapsStatus, id)
			}
		}
		i.Responses = append(i.Responses, IntegrationResponse{Status: parameters[mapsStatus], Pattern: status, Parameters: parameters})
	}
}

// requestMappings reads what becomes of a request before the backend gets it. Those of an AWS service are the parameters of its
// action.
func (l *loader) requestMappings(i *Integration, mapped any, r *reader, id string) {
	if i.Subtype != "" {
		return
	}
	i.RequestParameters = r.strMap(mapped, "RequestParameters")
	for _, to := range slices.Sorted(maps.Keys(i.RequestParameters)) {
		if !mapsRequest.MatchString(to) {
			l.mapsHeader("RequestParameters", to, ", the same of querystring.NAME, or overwrite:path", id)
		}
	}
}

// mapsHeader notes a mapping that the service refuses: one whose destination is not a header, or is a reserved header. Other says
// what else may be a destination.
func (l *loader) mapsHeader(property, to, other, id string) {
	switch part := mapsHeader.FindStringSubmatch(to); {
	case part == nil:
		l.undeployable("integration %s: %s map %q; want append:header.NAME, overwrite:header.NAME, remove:header.NAME%s", id, property, clip(to), other)
	case apigw.ReservedInHTTPAPI(part[2]):
		l.undeployable("integration %s: %s map the header %s, which is reserved", id, property, part[2])
	}
}

// identitySource writes a source of an HTTP API as one of a REST API.
func identitySource(s string) string {
	for from, to := range map[string]string{"$request.header.": apigw.RequestHeader, "$request.querystring.": apigw.RequestQuery, "$context.": "context.", "$stageVariables.": "stageVariables."} {
		if name, ok := strings.CutPrefix(s, from); ok {
			return to + name
		}
	}
	return s
}

// jwtSources are the identity sources of a JWT authorizer, which cannot do without one.
func (a *authorizer) jwtSources() {
	if a.typ == "JWT" && len(a.sources) == 0 {
		a.sources = []string{apigw.RequestHeader + "Authorization"}
	}
}

// sources reads a list of identity sources, or one with commas.
func (r *reader) sources(v any) []string {
	var texts []string
	if one, ok := v.(string); ok {
		texts = apigw.IdentitySources(r.known(one, "IdentitySource"))
	} else {
		for _, e := range r.list(v, "IdentitySource") {
			texts = append(texts, r.known(e, "IdentitySource"))
		}
	}
	var out []string
	for _, s := range texts {
		if s != "" {
			out = append(out, identitySource(s))
		}
	}
	return out
}

// httpAuthorizer reads an AWS::ApiGatewayV2::Authorizer.
func (l *loader) httpAuthorizer(res *cfn.Resource, r *reader) *authorizer {
	p := res.Properties
	a := &authorizer{id: res.ID, typ: strings.ToUpper(r.known(p["AuthorizerType"], "AuthorizerType")), sources: r.sources(p["IdentitySource"]),
		payload: r.known(p["AuthorizerPayloadFormatVersion"], "AuthorizerPayloadFormatVersion"), simple: r.bool(p["EnableSimpleResponses"], "EnableSimpleResponses")}
	a.jwtSources()
	if uri := r.text(p["AuthorizerUri"], "AuthorizerUri"); uri != "" {
		a.function = l.api.functionOf(uri)
	}
	return a
}

// httpDocument reads the OpenAPI document of an HTTP API
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html).
func (l *loader) httpDocument(v any) error {
	if u, ok := v.(*cfn.Unknown); ok {
		return u
	}
	doc, ok := v.(map[string]any)
	if !ok {
		return errors.New("it is not an object")
	}
	if doc["openapi"] == nil && doc["swagger"] != nil {
		return errors.New("it is an OpenAPI document of version 2, and an HTTP API takes 3")
	}
	l.setting(doc["x-amazon-apigateway-cors"], corssetting.HTTPAPI, true)
	r := &reader{l: l}
	paths := r.object(doc["paths"], "paths")
	base := l.basePath(r.known(l.rest.Properties["BasePath"], "BasePath"), doc, r)
	if r.err != nil {
		return r.err
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		read := &reader{l: l}
		item := read.pointed(doc, paths[path], "the path "+path)
		at := base + path
		if strings.TrimPrefix(path, "/") == DefaultRoute {
			at = DefaultRoute
		} else if !strings.HasPrefix(path, "/") {
			l.problem("the path %q of the Body does not begin with /", clip(path))
			continue
		}
		if read.err != nil { // which methods it has is not known
			l.flat(at, &Method{ID: "ANY " + at, Source: l.rest, HTTPMethod: "ANY", AuthorizationType: "NONE", RequestParameters: map[string]bool{}, Err: read.err, written: cfn.Canonical(paths[path])})
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(item)) {
			method := strings.ToUpper(key)
			if key == "x-amazon-apigateway-any-method" {
				method = "ANY"
			}
			if slices.Contains(httpMethods, method) {
				l.httpOperation(doc, at, method, item[key])
			}
		}
	}
	return nil
}

// pointed is [reader.object] of what a $ref leads to, which has to be in the document.
func (r *reader) pointed(doc map[string]any, v any, name string) map[string]any {
	found := pointer(doc, v)
	m := r.object(found, name)
	if _, further := m["$ref"]; further || found == nil && v != nil {
		r.fail(name, errors.New("what its $ref refers to is not in the document"))
		return nil
	}
	return m
}

// httpOperation reads an operation of a document.
func (l *loader) httpOperation(doc map[string]any, path, method string, v any) {
	r := &reader{l: l}
	op := r.object(v, "the operation")
	m := &Method{ID: method + " " + path, Source: l.rest, HTTPMethod: method, AuthorizationType: "NONE", RequestParameters: map[string]bool{},
		written: cfn.Canonical(without(op, "summary", "description", "tags", "operationId", "responses"))}
	l.httpSecurity(doc, m, op, r)
	in := r.object(pointer(doc, op["x-amazon-apigateway-integration"]), "x-amazon-apigateway-integration")
	if ref, ok := in["$ref"].(string); ok && strings.HasPrefix(ref, "#/") {
		in = r.object(pointer(doc, in), "x-amazon-apigateway-integration")
	}
	if in == nil {
		r.fail("x-amazon-apigateway-integration", errors.New("the route has no integration"))
	} else {
		i := &Integration{Type: strings.ToUpper(r.known(in["type"], "type")), URI: r.text(in["uri"], "uri"), HTTPMethod: strings.ToUpper(r.known(in["httpMethod"], "httpMethod")),
			Payload: r.known(in["payloadFormatVersion"], "payloadFormatVersion"), Subtype: r.text(in["integrationSubtype"], "integrationSubtype")}
		i.connection(in["connectionType"], in["connectionId"], r)
		l.requestMappings(i, in["requestParameters"], r, m.ID)
		l.responseMappings(i, r.object(in["responseParameters"], "responseParameters"), r, func(v any) map[string]string { return r.strMap(v, "responseParameters") }, m.ID)
		i.payload(r)
		m.Integration = i
	}
	m.Err = r.err
	l.flat(path, m)
}

// httpSecurity reads who may call an operation.
func (l *loader) httpSecurity(doc map[string]any, m *Method, op map[string]any, r *reader) {
	sec, ok := op["security"]
	if !ok {
		sec = doc["security"]
	}
	defined := r.object(r.object(doc["components"], "components")["securitySchemes"], "securitySchemes")
	var s schemes
	bare := "" // a scheme that decides nothing
	for _, e := range r.list(sec, "security") {
		requirement := r.object(e, "security")
		s.add(requirement)
		for _, name := range slices.Sorted(maps.Keys(requirement)) {
			def := r.pointed(doc, defined[name], name)
			auth := r.object(def["x-amazon-apigateway-authorizer"], "x-amazon-apigateway-authorizer")
			switch {
			case auth != nil:
				a := &authorizer{id: name, typ: strings.ToUpper(r.known(auth["type"], "type")), sources: r.sources(auth["identitySource"]),
					payload: r.known(auth["authorizerPayloadFormatVersion"], "authorizerPayloadFormatVersion"), simple: r.bool(auth["enableSimpleResponses"], "enableSimpleResponses")}
				m.AuthorizationType = "CUSTOM"
				if a.typ == "JWT" {
					m.AuthorizationType = "JWT"
				}
				a.jwtSources()
				if uri := r.text(auth["authorizerUri"], "authorizerUri"); uri != "" {
					a.function = l.api.functionOf(uri)
				}
				m.authorizer, m.scopes = a, l.texts(requirement[name])
				s.use(name)
			case strings.EqualFold(r.known(def["x-amazon-apigateway-authtype"], "x-amazon-apigateway-authtype"), "awsSigv4"):
				m.AuthorizationType = "AWS_IAM"
				s.use(name)
			case def == nil:
				r.undefined(name)
			default:
				s.use(name)
				bare = name
			}
		}
	}
	s.decide(m, r)
	if bare != "" {
		r.fail("security", Undocumented(fmt.Sprintf("the security scheme %q has no x-amazon-apigateway-authorizer, and what an HTTP API does with that", clip(bare))))
	}
}
