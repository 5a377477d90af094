package openapi

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
)

// The extensions that are read or written here.
const (
	extAny         = "x-amazon-apigateway-any-method"
	extIntegration = "x-amazon-apigateway-integration"
	extBinary      = "x-amazon-apigateway-binary-media-types"
	extPolicy      = "x-amazon-apigateway-policy"
	extResponses   = "x-amazon-apigateway-gateway-responses"
	extValidator   = "x-amazon-apigateway-request-validator"
	extValidators  = "x-amazon-apigateway-request-validators"
)

// An Operation is a method of a path.
type Operation struct {
	Path   string
	Method string // in upper case; ANY for x-amazon-apigateway-any-method
	ID     string // its operationId, "" for none
	Tags   []string

	key  string // in its path item
	at   string // a JSON pointer
	node map[string]any
	own  map[string]any // its x-amazon-apigateway-integration, nil for none

	assigned *Assignment
}

// Name is "GET /orders".
func (o *Operation) Name() string { return o.Method + " " + o.Path }

// A path is a path item and its operations.
type path struct {
	name       string
	at         string // a JSON pointer; to what a $ref leads to, if it is one
	node       map[string]any
	operations []*Operation // but OPTIONS, in the order of their methods' names
	options    *Operation
}

// methods are the fields of a path item that are operations of API Gateway's.
var methods = map[string]string{
	"get": "GET", "put": "PUT", "post": "POST", "delete": "DELETE", "options": "OPTIONS", "head": "HEAD", "patch": "PATCH", extAny: "ANY",
}

// checker collects the faults of a document.
type checker struct {
	*Document
	faults []*Fault
	paths  []*path
}

func (c *checker) fail(at, format string, args ...any) {
	c.faults = append(c.faults, c.fault(at, format, args...))
}

// object returns an object at a pointer; nil and a fault for anything else, nil
// alone for nothing.
func (c *checker) object(v any, at, what string) map[string]any {
	m, ok := v.(map[string]any)
	if !ok && v != nil {
		c.fail(at, "%s is %s, and has to be an object", what, kind(v))
	}
	return m
}

// list does the same for a list.
func (c *checker) list(v any, at, what string) []any {
	l, ok := v.([]any)
	if !ok && v != nil {
		c.fail(at, "%s is %s, and has to be a list", what, kind(v))
	}
	return l
}

// text does the same for a string, "" for nothing.
func (c *checker) text(v any, at, what string) string {
	s, ok := v.(string)
	if !ok && v != nil {
		c.fail(at, "%s is %s, and has to be a string", what, kind(v))
	}
	return s
}

func kind(v any) string {
	switch v.(type) {
	case nil:
		return "empty"
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		return "a string"
	case bool:
		return "a truth value"
	}
	return "a number"
}

// version refuses what API Gateway does not import, and reports whether the rest
// can be looked at
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api.html).
func (c *checker) version() bool {
	v, _ := c.root["openapi"].(string)
	switch {
	case strings.HasPrefix(v, "3.0."):
		return true
	case c.root["swagger"] != nil:
		c.fail("/swagger", "not an OpenAPI 3 document but one of Swagger (OpenAPI 2): convert it, with swagger-converter for one, to \"openapi: 3.0.3\"")
	case strings.HasPrefix(v, "3."):
		c.fail("/openapi", "openapi is %q, and API Gateway imports 3.0 only: write it as \"openapi: 3.0.3\"", v)
	case c.root["openapi"] == nil:
		c.fail("", "not an OpenAPI 3 document: it has no field openapi; the first line of one is \"openapi: 3.0.3\"")
	default:
		c.fail("/openapi", "not an OpenAPI 3 document: openapi is %v, and has to be a string such as \"3.0.3\"", c.root["openapi"])
	}
	return false
}

// readPaths records the operations.
func (c *checker) readPaths() {
	if c.root["paths"] == nil {
		c.fail("", "the document has no paths, so an API of it has no routes: add some")
		return
	}
	items := c.object(c.root["paths"], "/paths", "paths")
	for _, name := range slices.Sorted(maps.Keys(items)) {
		at := "/paths/" + cfn.Escape(name)
		if strings.HasPrefix(name, "x-") {
			continue
		}
		if !strings.HasPrefix(name, "/") {
			c.fail(at, "the path %q does not begin with a slash: write \"/%s\"", name, name)
			continue
		}
		c.segments(name, at)
		if p := c.path(name, at, items[name]); p != nil {
			c.paths = append(c.paths, p)
		}
	}
	if len(c.faults) == 0 && !slices.ContainsFunc(c.paths, func(p *path) bool { return len(p.operations) > 0 || p.options != nil }) {
		c.fail("/paths", "the document has no operation, and API Gateway deploys no API without one: add some")
	}
}

// segments refuses paths that API Gateway has no resource for
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
func (c *checker) segments(name, at string) {
	parts := strings.Split(strings.Trim(name, "/"), "/")
	for i, part := range parts {
		switch {
		case !strings.ContainsAny(part, "{}"):
		case strings.HasPrefix(part, "{") && strings.HasSuffix(part, "}") && strings.Count(part, "{") == 1 && strings.Count(part, "}") == 1:
			if isGreedy(part) && i < len(parts)-1 {
				c.fail(at, "the path %q goes on after %s, and API Gateway has nothing below a greedy variable: let it be the last part", name, part)
			}
		default:
			c.fail(at, "in the path %q the part %q is a variable and more, and API Gateway has only variables that are a whole part: give it a part of its own, such as \"/{id}\"", name, part)
		}
	}
}

func (c *checker) path(name, at string, v any) *path {
	node := c.object(v, at, "the path "+name)
	if ref, ok := node["$ref"].(string); ok {
		// API Gateway is not known to follow it here.
		target, to, err := c.follow(ref)
		if err != nil {
			return nil // the fault is that of every $ref
		}
		at, node = to, c.object(target, to, "the path "+name)
	}
	if node == nil {
		return nil
	}
	p := &path{name: name, at: at, node: node}
	for _, key := range slices.Sorted(maps.Keys(node)) {
		opAt := at + "/" + cfn.Escape(key)
		method, ok := methods[key]
		switch {
		case ok:
			op := c.operation(name, method, key, opAt, node[key])
			if op == nil {
				continue
			}
			if method == "OPTIONS" {
				p.options = op
			} else {
				p.operations = append(p.operations, op)
			}
		case key == "parameters":
			c.list(node[key], opAt, "parameters")
		case key == "trace":
			c.fail(opAt, "%s has an operation for TRACE, which API Gateway does not have: remove it", name)
		case !slices.Contains([]string{"$ref", "summary", "description", "servers"}, key) && !strings.HasPrefix(key, "x-"):
			c.fail(opAt, "%s has a field %q, which a path does not have: it may have get, put, post, delete, options, head, patch, %s, parameters, summary, description, servers", name, key, extAny)
		}
	}
	slices.SortFunc(p.operations, func(a, b *Operation) int { return strings.Compare(a.Method, b.Method) })
	return p
}

func (c *checker) operation(path, method, key, at string, v any) *Operation {
	o := &Operation{Path: path, Method: method, key: key, at: at}
	name := o.Name()
	if o.node = c.object(v, at, "the operation "+name); o.node == nil {
		if v == nil {
			c.fail(at, "the operation %s is empty, and has to be an object", name)
		}
		return nil
	}
	o.ID = c.text(o.node["operationId"], at+"/operationId", "the operationId of "+name)
	for i, t := range c.list(o.node["tags"], at+"/tags", "tags of "+name) {
		o.Tags = append(o.Tags, c.text(t, at+"/tags/"+strconv.Itoa(i), "a tag of "+name))
	}
	c.list(o.node["parameters"], at+"/parameters", "parameters of "+name)
	responses := c.object(o.node["responses"], at+"/responses", "responses of "+name)
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		c.object(responses[status], at+"/responses/"+cfn.Escape(status), "the response "+status+" of "+name)
	}
	o.own = c.integration(o)
	return o
}

// integration checks the parts of an operation's own integration that are read
// here, and returns it.
func (c *checker) integration(o *Operation) map[string]any {
	at := o.at + "/" + extIntegration
	in := c.object(o.node[extIntegration], at, extIntegration+" of "+o.Name())
	if ref, ok := in["$ref"].(string); ok {
		target, to, err := c.follow(ref)
		if err != nil {
			return map[string]any{} // the fault is that of every $ref
		}
		at, in = to, c.object(target, to, extIntegration+" of "+o.Name())
	}
	if in == nil {
		return nil
	}
	c.integrationType(in, at, o)
	c.object(in["requestTemplates"], at+"/requestTemplates", "requestTemplates of "+o.Name())
	c.list(in["cacheKeyParameters"], at+"/cacheKeyParameters", "cacheKeyParameters of "+o.Name())
	responses := c.object(in["responses"], at+"/responses", "the integration responses of "+o.Name())
	for _, pattern := range slices.Sorted(maps.Keys(responses)) {
		rAt := at + "/responses/" + cfn.Escape(pattern)
		what := "the integration response " + pattern + " of " + o.Name()
		r := c.object(responses[pattern], rAt, what)
		for _, part := range []string{"responseParameters", "responseTemplates"} {
			c.object(r[part], rAt+"/"+part, part+" of "+what)
		}
		switch r["statusCode"].(type) {
		case []any, map[string]any, bool, nil:
			c.fail(rAt, "%s has no statusCode, or one that is no status: write it as a string such as \"200\"", what)
		}
	}
	return in
}

// integrationTypes are those of API Gateway, in either case
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html).
var integrationTypes = []string{"aws", "aws_proxy", "http", "http_proxy", "mock"}

// integrationType refuses what is none of them: it decides whether the policy's
// headers can be mapped.
func (c *checker) integrationType(in map[string]any, at string, o *Operation) {
	allowed := "give it one of " + strings.Join(integrationTypes, ", ")
	name := c.text(in["type"], at+"/type", "the type of the integration of "+o.Name())
	switch {
	case in["type"] == nil:
		c.fail(at, "the integration of %s has no type: %s", o.Name(), allowed)
	case name != "" && !slices.Contains(integrationTypes, strings.ToLower(name)):
		c.fail(at+"/type", "the integration of %s has the type %q: %s", o.Name(), name, allowed)
	}
}
