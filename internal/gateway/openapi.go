package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

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
		if s, err := textOf(t); err == nil {
			a.BinaryTypes = append(a.BinaryTypes, s)
		}
	}
	if s, err := textOf(doc["x-amazon-apigateway-api-key-source"]); err == nil && s != "" {
		a.keySource = s
	}
	responses := r.object(doc["x-amazon-apigateway-gateway-responses"], "x-amazon-apigateway-gateway-responses")
	for _, typ := range slices.Sorted(maps.Keys(responses)) {
		gm := r.object(responses[typ], "the gateway response "+typ)
		l.gatewayResponse(map[string]any{"ResponseType": typ, "StatusCode": gm["statusCode"], "ResponseParameters": gm["responseParameters"], "ResponseTemplates": gm["responseTemplates"]})
	}
	paths := r.object(doc["paths"], "paths")
	if r.err != nil {
		return r.err
	}
	names := make([]string, 0, len(paths))
	for p := range paths {
		names = append(names, p)
	}
	sort.Strings(names)
	for _, path := range names {
		read := &reader{l: l}
		item := read.object(paths[path], "the path "+path)
		r := a.root
		for _, part := range strings.Split(strings.Trim(path, "/"), "/") {
			if part != "" {
				id := strings.TrimSuffix(r.Path, "/") + "/" + part
				r = a.child(r, part, id)
			}
		}
		if read.err != nil { // which methods it has is not known
			r.methods["ANY"] = &Method{ID: "ANY " + r.Path, HTTPMethod: "ANY", Resource: r, AuthorizationType: "NONE", RequestParameters: map[string]bool{}, Err: read.err}
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
	m := &Method{ID: method + " " + res.Path, HTTPMethod: method, Resource: res, AuthorizationType: "NONE", RequestParameters: map[string]bool{}}
	for _, ps := range [][]any{r.list(item["parameters"], "parameters"), r.list(op["parameters"], "parameters")} {
		for _, pv := range ps {
			p := r.object(pointer(doc, pv), "parameters")
			in, _ := p["in"].(string)
			name, _ := p["name"].(string)
			switch in {
			case "query":
				in = "querystring"
			case "body":
				m.models = map[string]*schema{"application/json": {root: doc, node: p["schema"]}}
				continue
			case "path", "header":
			default:
				continue
			}
			m.RequestParameters["method.request."+in+"."+name] = r.bool(p["required"], "required")
		}
	}
	if body := r.object(pointer(doc, op["requestBody"]), "requestBody"); body != nil {
		content, _ := body["content"].(map[string]any)
		m.models = map[string]*schema{}
		for ct, c := range content {
			cm, _ := c.(map[string]any)
			if cm["schema"] != nil {
				m.models[ct] = &schema{root: doc, node: cm["schema"]}
			}
		}
	}
	validator, _ := doc["x-amazon-apigateway-request-validator"].(string)
	if s, ok := op["x-amazon-apigateway-request-validator"].(string); ok {
		validator = s
	}
	validators, _ := doc["x-amazon-apigateway-request-validators"].(map[string]any)
	if v, ok := validators[validator].(map[string]any); ok {
		m.validateBody = isTrue(v["validateRequestBody"])
		m.validateParams = isTrue(v["validateRequestParameters"])
	}
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
	sort.Slice(m.Responses, func(i, j int) bool { return m.Responses[i].Status < m.Responses[j].Status })
	if in := r.object(pointer(doc, op["x-amazon-apigateway-integration"]), "x-amazon-apigateway-integration"); in != nil {
		i := &Integration{Type: strings.ToUpper(r.known(in["type"], "type")), URI: r.text(in["uri"], "uri"), HTTPMethod: strings.ToUpper(r.known(in["httpMethod"], "httpMethod")),
			Passthrough: strings.ToUpper(r.known(in["passthroughBehavior"], "passthroughBehavior")), ContentHandling: r.known(in["contentHandling"], "contentHandling"),
			RequestParameters: r.strMap(in["requestParameters"], "requestParameters"), RequestTemplates: r.templates(in["requestTemplates"], "requestTemplates")}
		if i.Passthrough == "" {
			i.Passthrough = "WHEN_NO_MATCH"
		}
		irs := r.object(in["responses"], "the integration's responses")
		patterns := make([]string, 0, len(irs))
		for p := range irs {
			patterns = append(patterns, p)
		}
		sort.Strings(patterns)
		for _, p := range patterns {
			ir := r.object(irs[p], "the integration's response "+p)
			x := IntegrationResponse{Status: r.known(ir["statusCode"], "statusCode"), Pattern: p, ContentHandling: r.known(ir["contentHandling"], "contentHandling"),
				Parameters: r.strMap(ir["responseParameters"], "responseParameters"), Templates: r.templates(ir["responseTemplates"], "responseTemplates")}
			if p == "default" {
				x.Pattern = ""
			}
			i.Responses = append(i.Responses, x)
		}
		m.Integration = i
	}
	m.Err = r.err
	if r.err != nil {
		l.problem("method %s: %v", m.ID, r.err)
	}
	l.mappings(m)
	res.methods[method] = m
}

// security reads who may call an operation: an API key, IAM, or an authorizer.
func (l *loader) security(doc map[string]any, m *Method, op map[string]any, r *reader) {
	sec, ok := op["security"]
	if !ok {
		sec = doc["security"]
	}
	schemes, _ := doc["securityDefinitions"].(map[string]any)
	if c, ok := doc["components"].(map[string]any); ok && schemes == nil {
		schemes, _ = c["securitySchemes"].(map[string]any)
	}
	for _, s := range list(sec) {
		sm, _ := s.(map[string]any)
		for name := range sm {
			def, _ := schemes[name].(map[string]any)
			auth, _ := def["x-amazon-apigateway-authorizer"].(map[string]any)
			typ, _ := def["x-amazon-apigateway-authtype"].(string)
			header, _ := def["name"].(string)
			switch {
			case auth != nil:
				a := &authorizer{id: name, typ: strings.ToUpper(r.known(auth["type"], "type"))}
				m.AuthorizationType = "CUSTOM"
				if a.typ == "COGNITO_USER_POOLS" {
					m.AuthorizationType = a.typ
				}
				a.sources = split(r.known(auth["identitySource"], "identitySource"))
				if len(a.sources) == 0 && a.typ != "REQUEST" && header != "" && header != "Unused" {
					a.sources = []string{"method.request.header." + header}
				}
				if uri := r.text(auth["authorizerUri"], "authorizerUri"); uri != "" {
					a.function = l.api.functionOf(uri)
				}
				m.authorizer = a
			case strings.EqualFold(typ, "awsSigv4"):
				m.AuthorizationType = "AWS_IAM"
			case def["type"] == "apiKey" && strings.EqualFold(header, "x-api-key"):
				m.APIKeyRequired = true
			}
		}
	}
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-auth.html
	auth := r.object(op["x-amazon-apigateway-auth"], "x-amazon-apigateway-auth")
	switch typ := strings.ToUpper(r.known(auth["type"], "type")); typ {
	case "AWS_IAM", "NONE":
		m.AuthorizationType, m.authorizer = typ, nil
	}
}

// schema is a JSON schema with the document its references point into.
type schema struct {
	root, node any
}

// valid tells whether a body fits. Keywords it does not know are ignored, as draft 4 says. The error is for a schema that
// takes too long to tell: alternatives that refer to themselves double the work at each level.
func (s *schema) valid(body []byte) (bool, error) {
	var v any
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil || dec.More() {
		return false, nil
	}
	// A large body has many values, each of which is checked at least once.
	c := &checker{root: s.root, left: maxChecks + len(body)}
	ok := c.check(s.node, v, 0)
	if c.left < 0 {
		return false, fmt.Errorf("the model needs more than %d checks for this body", maxChecks+len(body))
	}
	return ok, nil
}

const maxChecks = 100_000

// checker counts what one validation does. Once nothing is left, its answers mean nothing.
type checker struct {
	root any
	left int
}

func (s *checker) check(node, v any, depth int) bool {
	m, ok := node.(map[string]any)
	if !ok || depth > 60 {
		return true
	}
	if s.left--; s.left < 0 {
		return false
	}
	if _, ok := m["$ref"]; ok {
		root, _ := s.root.(map[string]any)
		return s.check(pointer(root, m), v, depth+1)
	}
	if t, ok := m["type"]; ok {
		types := list(t)
		if s, ok := t.(string); ok {
			types = []any{s}
		}
		fits := false
		for _, t := range types {
			fits = fits || ofType(t, v)
		}
		if !fits {
			return false
		}
	}
	if e := list(m["enum"]); e != nil {
		if !s.oneOf(e, v) {
			return false
		}
	}
	for _, x := range list(m["allOf"]) {
		if !s.check(x, v, depth+1) {
			return false
		}
	}
	// count stops at the first of which it is certain that more make no difference.
	count := func(xs []any, enough int) int {
		n := 0
		for _, x := range xs {
			if n == enough || s.left < 0 {
				break
			}
			if s.check(x, v, depth+1) {
				n++
			}
		}
		return n
	}
	if xs := list(m["anyOf"]); xs != nil && count(xs, 1) == 0 {
		return false
	}
	if xs := list(m["oneOf"]); xs != nil && count(xs, 2) != 1 {
		return false
	}
	if x, ok := m["not"]; ok && s.check(x, v, depth+1) {
		return false
	}
	switch x := v.(type) {
	case map[string]any:
		for _, r := range list(m["required"]) {
			name, _ := r.(string)
			if _, ok := x[name]; !ok {
				return false
			}
		}
		props, _ := m["properties"].(map[string]any)
		for k, val := range x {
			if p, ok := props[k]; ok {
				if !s.check(p, val, depth+1) {
					return false
				}
			} else if extra, ok := m["additionalProperties"]; ok && m["patternProperties"] == nil {
				if extra == false || !s.check(extra, val, depth+1) {
					return false
				}
			}
		}
	case []any:
		if n, ok := number(m["minItems"]); ok && float64(len(x)) < n {
			return false
		}
		if n, ok := number(m["maxItems"]); ok && float64(len(x)) > n {
			return false
		}
		for _, e := range x {
			if !s.check(m["items"], e, depth+1) {
				return false
			}
		}
	case string:
		p, _ := m["pattern"].(string)
		if s.left -= (len(x) + len(p)) / 100; s.left < 0 {
			return false
		}
		n := float64(utf8.RuneCountInString(x))
		if min, ok := number(m["minLength"]); ok && n < min {
			return false
		}
		if max, ok := number(m["maxLength"]); ok && n > max {
			return false
		}
		if p != "" {
			if re, err := searchPattern(p); err == nil && !re.MatchString(x) {
				return false
			}
		}
	case json.Number:
		f, _ := x.Float64()
		if min, ok := number(m["minimum"]); ok && (f < min || f == min && isTrue(m["exclusiveMinimum"])) {
			return false
		}
		if max, ok := number(m["maximum"]); ok && (f > max || f == max && isTrue(m["exclusiveMaximum"])) {
			return false
		}
	}
	return true
}

func number(v any) (float64, bool) {
	switch x := v.(type) {
	case json.Number:
		f, err := x.Float64()
		return f, err == nil
	case float64:
		return x, true
	}
	return 0, false
}

func ofType(t, v any) bool {
	switch t {
	case "object":
		_, ok := v.(map[string]any)
		return ok
	case "array":
		_, ok := v.([]any)
		return ok
	case "string":
		_, ok := v.(string)
		return ok
	case "boolean":
		_, ok := v.(bool)
		return ok
	case "null":
		return v == nil
	case "number":
		_, ok := v.(json.Number)
		return ok
	case "integer":
		n, ok := v.(json.Number)
		if !ok {
			return false
		}
		f, err := n.Float64()
		return err == nil && f == float64(int64(f))
	}
	return true
}

// oneOf tells whether a value is one of those listed.
func (s *checker) oneOf(values []any, v any) bool {
	y, err := json.Marshal(v)
	if s.left -= len(values) + len(y)/100; s.left < 0 || err != nil {
		return false
	}
	for _, a := range values {
		if x, err := json.Marshal(a); err == nil && string(x) == string(y) {
			return true
		}
	}
	return false
}
