package gateway

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
)

// openAPI reads an OpenAPI 2 or 3 document with x-amazon-apigateway-* extensions, as RestApi.Body holds it.
func (l *loader) openAPI(v any) error {
	if u, ok := v.(*cfn.Unknown); ok {
		return u
	}
	doc, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("not an object")
	}
	r := &reader{l: l}
	a := l.api
	for _, t := range r.list(doc["x-amazon-apigateway-binary-media-types"], "x-amazon-apigateway-binary-media-types") {
		if s := r.known(t, "x-amazon-apigateway-binary-media-types"); s != "" && !slices.Contains(a.BinaryTypes, s) {
			a.BinaryTypes = append(a.BinaryTypes, s)
		}
	}
	a.KeySource = cmp.Or(r.known(doc["x-amazon-apigateway-api-key-source"], "x-amazon-apigateway-api-key-source"), a.KeySource)
	responses := r.object(doc["x-amazon-apigateway-gateway-responses"], "x-amazon-apigateway-gateway-responses")
	for _, typ := range slices.Sorted(maps.Keys(responses)) {
		gm := r.object(responses[typ], "the gateway response "+typ)
		l.gatewayResponse(map[string]any{"ResponseType": typ, "StatusCode": gm["statusCode"], "ResponseParameters": gm["responseParameters"], "ResponseTemplates": gm["responseTemplates"]})
	}
	paths := r.object(doc["paths"], "paths")
	base := l.basePath(r.known(r.object(l.rest.Properties["Parameters"], "Parameters")["basepath"], "basepath"), doc, r)
	if r.err != nil {
		return r.err
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		read := &reader{l: l}
		item := read.object(paths[path], "the path "+path)
		r := a.root
		for _, part := range strings.Split(strings.Trim(base+path, "/"), "/") {
			if part != "" {
				id := strings.TrimSuffix(r.Path, "/") + "/" + part
				r = a.child(r, part, id, l.rest)
			}
		}
		if read.err != nil { // which methods it has is not known
			r.methods["ANY"] = &Method{ID: "ANY " + r.Path, Source: l.rest, HTTPMethod: "ANY", Resource: r, AuthorizationType: "NONE", RequestParameters: map[string]bool{}, Err: read.err, written: cfn.Canonical(paths[path])}
			l.problem("%v", read.err)
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(item)) {
			method := strings.ToUpper(key)
			if key == "x-amazon-apigateway-any-method" {
				method = "ANY"
			}
			switch method {
			case "GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY":
			default:
				continue
			}
			l.operation(doc, r, method, item, item[key])
		}
	}
	return nil
}

// basePath returns what the import puts before every path, as its parameter basepath says, and the property BasePath of an HTTP
// API; nothing without one (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-basePath.html).
func (l *loader) basePath(mode string, doc map[string]any, r *reader) string {
	switch mode {
	case "", "ignore":
		return ""
	case "prepend", "split":
	default:
		r.fail("basepath", fmt.Errorf("%q is none of ignore, prepend and split", clip(mode)))
		return ""
	}
	base := r.known(doc["basePath"], "basePath")
	for _, v := range r.list(doc["servers"], "servers") {
		server := r.object(v, "servers")
		variables := r.object(server["variables"], "variables")
		preset := func(name string) string {
			return r.known(r.object(variables[name], name)["default"], name)
		}
		if variables["basePath"] != nil { // whether or not the address has it (recorded 2025-07)
			base = preset("basePath")
			break
		}
		address := serverVariable.ReplaceAllStringFunc(r.known(server["url"], "url"), func(s string) string { return preset(s[1 : len(s)-1]) })
		if u, err := url.Parse(address); err == nil && base == "" {
			base = u.EscapedPath()
		}
	}
	base = strings.Trim(base, "/")
	if mode == "split" {
		_, base, _ = strings.Cut(base, "/")
	}
	if base == "" {
		return ""
	}
	return "/" + base
}

// serverVariable is a variable in the address of a server.
var serverVariable = regexp.MustCompile(`\{[^{}]+\}`)

// pointer follows a local $ref.
func pointer(doc map[string]any, v any) any {
	for range 20 {
		m, _ := v.(map[string]any)
		ref, ok := m["$ref"].(string)
		switch {
		case ref == "#":
			v = doc
			continue
		case !ok || !strings.HasPrefix(ref, "#/"):
			return v
		}
		var cur any = doc
		for _, part := range strings.Split(ref[2:], "/") {
			c, _ := cur.(map[string]any)
			cur = c[strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")]
		}
		v = cur
	}
	return v
}

func (l *loader) operation(doc map[string]any, res *Resource, method string, item map[string]any, v any) {
	r := &reader{l: l}
	op := r.object(v, "the operation")
	m := &Method{ID: method + " " + res.Path, Source: l.rest, HTTPMethod: method, Resource: res, AuthorizationType: "NONE", RequestParameters: map[string]bool{}}
	m.written = cfn.Canonical([]any{item["parameters"], without(op, "summary", "description", "tags", "operationId")})
	for _, ps := range [][]any{r.list(item["parameters"], "parameters"), r.list(op["parameters"], "parameters")} {
		for _, pv := range ps {
			p := r.object(pointer(doc, pv), "parameters")
			in, name := r.known(p["in"], "in"), r.known(p["name"], "name")
			switch in {
			case "query":
				in = "querystring"
			case "body":
				m.models = map[string]*schema{"application/json": l.schema(doc, p["schema"])}
				continue
			case "path", "header":
			default:
				continue
			}
			m.RequestParameters["method.request."+in+"."+name] = r.bool(p["required"], "required")
		}
	}
	for at := res; at != nil; at = at.parent { // what only the path names (recorded 2025-07)
		if at.variable() && !at.greedy() {
			m.RequestParameters[apigw.RequestPath+at.paramName()] = true
		}
	}
	if body := r.object(pointer(doc, op["requestBody"]), "requestBody"); body != nil {
		m.models = map[string]*schema{}
		content := r.object(body["content"], "content")
		for _, ct := range slices.Sorted(maps.Keys(content)) {
			if node := r.object(content[ct], ct)["schema"]; node != nil {
				m.models[ct] = l.schema(doc, node)
			}
		}
	}
	const own = "x-amazon-apigateway-request-validator"
	validator := cmp.Or(r.known(op[own], own), r.known(doc[own], own))
	if v := r.object(r.object(doc[own+"s"], own+"s")[validator], validator); validator != "" && v != nil {
		m.validateBody = r.bool(v["validateRequestBody"], "validateRequestBody")
		m.validateParams = r.bool(v["validateRequestParameters"], "validateRequestParameters")
	}
	m.requires([]any{item["parameters"], op["parameters"], op["requestBody"], doc["definitions"], doc["components"]})
	l.security(doc, m, op, r)
	resps := r.object(op["responses"], "responses")
	for status, rv := range resps {
		rm := r.object(pointer(doc, rv), "responses")
		x := MethodResponse{Status: status, Headers: map[string]bool{}, Models: map[string]string{}}
		_, x.has = rm["headers"]
		for h := range r.object(rm["headers"], "headers") {
			x.Headers[h] = false
		}
		m.Responses = append(m.Responses, x)
	}
	slices.SortFunc(m.Responses, func(a, b MethodResponse) int { return strings.Compare(a.Status, b.Status) })
	if in := r.object(pointer(doc, op["x-amazon-apigateway-integration"]), "x-amazon-apigateway-integration"); in != nil {
		i := &Integration{Type: strings.ToUpper(r.known(in["type"], "type")), URI: r.text(in["uri"], "uri"), HTTPMethod: strings.ToUpper(r.known(in["httpMethod"], "httpMethod")),
			Passthrough: strings.ToUpper(r.known(in["passthroughBehavior"], "passthroughBehavior")), ContentHandling: strings.ToUpper(r.known(in["contentHandling"], "contentHandling")),
			RequestParameters: r.strMap(texts(in["requestParameters"]), "requestParameters"), RequestTemplates: r.templates(in["requestTemplates"], "requestTemplates")}
		i.connection(in["connectionType"], in["connectionId"], r)
		if i.Passthrough == "" {
			i.Passthrough = "WHEN_NO_MATCH"
		}
		irs := r.object(in["responses"], "the integration's responses")
		for _, p := range slices.Sorted(maps.Keys(irs)) {
			ir := r.object(irs[p], "the integration's response "+p)
			x := IntegrationResponse{Status: r.status(ir["statusCode"], "statusCode"), Pattern: p, ContentHandling: strings.ToUpper(r.known(ir["contentHandling"], "contentHandling")),
				Parameters: r.mappings(ir["responseParameters"], "responseParameters"), Templates: r.templates(ir["responseTemplates"], "responseTemplates")}
			if p == "default" {
				x.Pattern = ""
			}
			i.Responses = append(i.Responses, x)
		}
		m.Integration = i
	}
	m.Err = r.err
	if r.err != nil {
		l.problem("%s", m.Problem())
	}
	l.mappings(m)
	res.methods[method] = m
}

// texts leaves out of a map what is not text, which the import does not take for a mapping.
func texts(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	m = maps.Clone(m)
	maps.DeleteFunc(m, func(_ string, v any) bool {
		switch v.(type) {
		case string, *cfn.Unknown:
			return false
		}
		return true
	})
	return m
}

// undefined leaves an operation unread whose security names a scheme that the document does not have. It may be open, or the
// import may fail. NONE is what SAM writes for an operation that is open.
func (r *reader) undefined(scheme string) {
	if scheme != "NONE" {
		r.fail("security", Undocumented(fmt.Sprintf("the document has no security scheme %q, and what API Gateway does with that", clip(scheme))))
	}
}

// schemes are those of an operation's security.
type schemes struct {
	empty bool     // a requirement names none
	open  bool     // one names NONE
	used  []string // those that are an authorizer, or IAM
}

// add notes one of the ways to call the operation.
func (s *schemes) add(requirement map[string]any) {
	_, none := requirement["NONE"]
	s.empty, s.open = s.empty || len(requirement) == 0, s.open || none
}

// use notes a scheme that decides who may call the operation.
func (s *schemes) use(name string) {
	if !slices.Contains(s.used, name) {
		s.used = append(s.used, name)
	}
}

// decide leaves an operation unread that names several schemes of which API Gateway has one for each method, or that may be called
// without any. An API key is beside them.
func (s *schemes) decide(m *Method, r *reader) {
	why := ""
	switch {
	case s.empty:
		why = "it has an empty requirement, and what API Gateway does with that"
	case len(s.used) > 1:
		why = fmt.Sprintf("it names %s, API Gateway has one authorizer for each method, and which of them it takes", clip(strings.Join(s.used, " and ")))
	case s.open && len(s.used) > 0:
		why = fmt.Sprintf("it names NONE and %s, and what API Gateway does with that", clip(s.used[0]))
	default:
		return
	}
	r.fail("security", Undocumented(why))
	m.AuthorizationType, m.authorizer = "NONE", nil // nothing is to be said of either
}

// security reads who may call an operation: an API key, IAM, or an authorizer.
func (l *loader) security(doc map[string]any, m *Method, op map[string]any, r *reader) {
	sec, ok := op["security"]
	if !ok {
		sec = doc["security"]
	}
	var s schemes
	for _, e := range r.list(sec, "security") {
		defined := r.object(doc["securityDefinitions"], "securityDefinitions")
		if defined == nil {
			defined = r.object(r.object(doc["components"], "components")["securitySchemes"], "securitySchemes")
		}
		sm := r.object(e, "security")
		s.add(sm)
		for _, name := range slices.Sorted(maps.Keys(sm)) {
			def := r.object(pointer(doc, defined[name]), name)
			auth := r.object(def["x-amazon-apigateway-authorizer"], "x-amazon-apigateway-authorizer")
			typ, header := r.known(def["x-amazon-apigateway-authtype"], "x-amazon-apigateway-authtype"), r.known(def["name"], "name")
			switch {
			case auth != nil:
				a := &authorizer{id: name, typ: strings.ToUpper(r.known(auth["type"], "type"))}
				m.AuthorizationType = "CUSTOM"
				if a.typ == "COGNITO_USER_POOLS" {
					m.AuthorizationType = a.typ
				}
				a.sources = apigw.IdentitySources(r.known(auth["identitySource"], "identitySource"))
				if len(a.sources) == 0 && a.typ != "REQUEST" && header != "" && header != "Unused" {
					a.sources = []string{apigw.RequestHeader + header}
				}
				if uri := r.text(auth["authorizerUri"], "authorizerUri"); uri != "" {
					a.function = l.api.functionOf(uri)
				}
				l.decides(a, auth["authorizerResultTtlInSeconds"], auth["identityValidationExpression"])
				m.authorizer, m.scopes = a, l.texts(sm[name])
				s.use(name)
			case strings.EqualFold(typ, "awsSigv4"):
				m.AuthorizationType = "AWS_IAM"
				s.use(name)
			case strings.EqualFold(header, "x-api-key") && r.known(def["type"], "type") == "apiKey":
				m.APIKeyRequired = true
			case def == nil:
				r.undefined(name)
			}
		}
	}
	s.decide(m, r)
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-auth.html
	auth := r.object(op["x-amazon-apigateway-auth"], "x-amazon-apigateway-auth")
	switch typ := strings.ToUpper(r.known(auth["type"], "type")); typ {
	case "AWS_IAM", "NONE":
		m.AuthorizationType, m.authorizer = typ, nil
	}
}
