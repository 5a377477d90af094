package cfn

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Members of the OpenAPI documents that SAM writes.
const (
	integrationKey = "x-amazon-apigateway-integration"
	anyMethod      = "x-amazon-apigateway-any-method"
	policyKey      = "x-amazon-apigateway-policy"
)

// The names that SAM gives to what an operation wants or does not want.
const (
	apiKey   = "api_key"
	noAPIKey = "api_key_false"
)

var version3 = regexp.MustCompile(`^3(\.\d)(\.\d)?$`)

// isSwagger reports whether SAM takes a value for an OpenAPI document that it can add to.
func isSwagger(v any) bool {
	m, _ := v.(map[string]any)
	if _, ok := m["paths"].(map[string]any); !ok {
		return false
	}
	return pyTrue(m["swagger"]) || pyTrue(m["openapi"]) && isVersion3(m["openapi"])
}

func isVersion3(v any) bool { return version3.MatchString(scalar(v)) }

// methodKey is the name of a method in a path item.
func methodKey(method string) string {
	method = strings.ToLower(method)
	if method == "any" {
		return anyMethod
	}
	return method
}

// addPath makes an operation, if there is none.
func addPath(paths map[string]any, path, method string) {
	if paths[path] == nil {
		paths[path] = map[string]any{}
	}
	for _, item := range contents(paths[path]) {
		if _, ok := item[methodKey(method)]; !ok {
			item[methodKey(method)] = map[string]any{}
		}
	}
}

// hasIntegration reports whether there is an operation with an integration, whatever its conditions are.
func hasIntegration(doc map[string]any, path, method string) bool {
	items := contents(object(doc["paths"])[path])
	for _, item := range items {
		if !slices.ContainsFunc(contents(item[methodKey(method)]), func(op map[string]any) bool { return pyTrue(op[integrationKey]) }) {
			return false
		}
	}
	return len(items) > 0
}

// addOperation adds the operation of an event, with the responses that its method has if none are given.
func addOperation(doc map[string]any, e *samEvent, integration, responses map[string]any) {
	paths := inner(doc, "paths")
	addPath(paths, e.path, e.method)
	method := methodKey(e.method)
	for _, item := range contents(paths[e.path]) {
		op := inner(item, method)
		op[integrationKey] = copied(integration)
		if _, ok := op["responses"]; !ok {
			op["responses"] = copied(responses)
		}
		if e.condition != "" {
			item[method] = conditional(e.condition, op)
		}
	}
}

// operationsAt lists the operations with an integration of a path and a method: several, if there are conditions.
func operationsAt(doc map[string]any, path, method string) []map[string]any {
	var out []map[string]any
	for _, item := range contents(object(doc["paths"])[path]) {
		out = append(out, integrated(item[methodKey(method)])...)
	}
	return out
}

func integrated(v any) []map[string]any {
	return slices.DeleteFunc(contents(v), func(op map[string]any) bool { return !pyTrue(op[integrationKey]) })
}

func securityOf(op map[string]any) []any { return asList(op["security"]) }

// names reports whether a security requirement names one of some schemes.
func names(requirement any, is func(string) bool) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(object(requirement))), is)
}

// defineSecurity adds a security scheme, if there is none of that name.
func defineSecurity(doc map[string]any, name string, scheme map[string]any) {
	if schemes := inner(doc, "securityDefinitions"); schemes[name] == nil {
		schemes[name] = scheme
	}
}

func apiKeyScheme() map[string]any {
	return map[string]any{"type": "apiKey", "name": "x-api-key", "in": "header"}
}

func iamScheme() map[string]any {
	return map[string]any{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}
}

// eachOperation calls f for each operation with an integration, with its method.
func eachOperation(doc map[string]any, f func(method string, op map[string]any)) {
	for _, v := range object(doc["paths"]) {
		for _, item := range contents(v) {
			for method, v := range item {
				if method == "summary" || method == "description" || method == "parameters" {
					continue
				}
				for _, op := range integrated(v) {
					f(strings.ToLower(method), op)
				}
			}
		}
	}
}

// secureByDefault puts the API's default authorizer on the operations that name none; NONE keeps it away.
func secureByDefault(doc map[string]any, name string, authorizers map[string]any, preflights bool) {
	scopes := asList(object(authorizers[name])["AuthorizationScopes"])
	if scopes == nil {
		scopes = []any{}
	}
	isAuthorizer := func(n string) bool { return n == "AWS_IAM" || authorizers[n] != nil }
	eachOperation(doc, func(method string, op map[string]any) {
		if method == "options" && !preflights {
			return
		}
		var own, others []any
		for _, requirement := range securityOf(op) {
			if names(requirement, isAuthorizer) {
				own = append(own, requirement)
			} else {
				others = append(others, requirement)
			}
		}
		if none := slices.IndexFunc(others, func(r any) bool { return names(r, func(n string) bool { return n == "NONE" }) }); none >= 0 {
			others, own = slices.Delete(others, none, none+1), nil
		} else if own == nil {
			own = []any{map[string]any{name: scopes}}
		}
		if security := slices.Concat(others, own); len(security) > 0 {
			op["security"] = security
			if names(security[0], func(n string) bool { return n == "AWS_IAM" }) {
				defineSecurity(doc, "AWS_IAM", iamScheme())
			}
		}
	})
}

// requireKeyByDefault puts the API key on the operations that do not say that they want none.
func requireKeyByDefault(doc map[string]any, preflights bool) {
	isKey := func(n string) bool { return n == apiKey || n == noAPIKey }
	eachOperation(doc, func(method string, op map[string]any) {
		given := securityOf(op)
		var security []any
		refused := false
		for _, requirement := range given {
			if !names(requirement, isKey) {
				security = append(security, requirement)
			} else if names(requirement, func(n string) bool { return n == noAPIKey }) {
				refused = true
			}
		}
		if !refused && (method != "options" || preflights) {
			security = append(security, map[string]any{apiKey: []any{}})
		}
		if len(security) > 0 || len(given) > 0 {
			op["security"] = append([]any{}, security...)
		}
	})
}

// preflight adds OPTIONS to a path without it. Where methods is null, they are those of the path.
func preflight(paths map[string]any, path string, cors map[string]any) {
	methods := cors["AllowMethods"]
	for _, item := range contents(paths[path]) {
		if _, ok := item["options"]; ok {
			continue
		}
		if !pyTrue(methods) {
			methods = "'" + strings.Join(allowedMethods(item), ",") + "'"
		}
		parameters, headers := map[string]any{}, map[string]any{}
		set := func(header string, v any, typ string) {
			parameters["method.response.header."+header] = v
			headers[header] = map[string]any{"type": typ}
		}
		set("Access-Control-Allow-Origin", cors["AllowOrigin"], "string")
		if v := cors["AllowHeaders"]; pyTrue(v) {
			set("Access-Control-Allow-Headers", v, "string")
		}
		set("Access-Control-Allow-Methods", methods, "string")
		if v := cors["MaxAge"]; v != nil {
			set("Access-Control-Max-Age", v, "integer")
		}
		if cors["AllowCredentials"] == true {
			set("Access-Control-Allow-Credentials", "'true'", "string")
		}
		item["options"] = map[string]any{
			"summary": "CORS support", "consumes": []any{"application/json"}, "produces": []any{"application/json"},
			integrationKey: map[string]any{"type": "mock", "requestTemplates": map[string]any{"application/json": "{\n  \"statusCode\" : 200\n}\n"},
				"responses": map[string]any{"default": map[string]any{"statusCode": "200", "responseParameters": parameters, "responseTemplates": map[string]any{"application/json": "{}\n"}}}},
			"responses": map[string]any{"200": map[string]any{"description": "Default response for CORS method", "headers": headers}},
		}
	}
}

// allowedMethods lists the methods of a path as SAM tells browsers: it takes every member of the path item for one.
func allowedMethods(item map[string]any) []string {
	if _, ok := item[anyMethod]; ok {
		return []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
	}
	methods := []string{"OPTIONS"}
	for m := range item {
		methods = append(methods, strings.ToUpper(m))
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

var pathParameter = regexp.MustCompile(`{([a-zA-Z0-9._-]+|[a-zA-Z0-9._-]+\+|proxy\+)}`)

// addPolicy adds to a document the statements of a ResourcePolicy for the methods that a path has: those that let in or
// keep out, and for addresses and networks one that lets everybody in before one that keeps the others out.
func addPolicy(doc, policy map[string]any, path string, stage any) {
	var resources []any
	for _, item := range contents(object(doc["paths"])[path]) {
		for _, m := range slices.Sorted(maps.Keys(item)) {
			method := strings.ToUpper(m)
			if m == anyMethod || strings.EqualFold(m, "any") {
				method = "*"
			}
			resources = append(resources, map[string]any{"Fn::Sub": []any{"execute-api:/${__Stage__}/" + method + pathParameter.ReplaceAllString(path, "*"), map[string]any{"__Stage__": stage}}})
		}
	}
	statement := func(effect string, principal any) map[string]any {
		return map[string]any{"Effect": effect, "Principal": principal, "Action": "execute-api:Invoke", "Resource": resources}
	}
	for _, a := range [][2]string{{"AwsAccountWhitelist", "Allow"}, {"AwsAccountBlacklist", "Deny"}} {
		if v := policy[a[0]]; pyTrue(v) {
			addTo(doc, false, statement(a[1], map[string]any{"AWS": listed(v)}))
		}
	}
	keepOut := func(operator string, condition map[string]any) {
		deny := statement("Deny", "*")
		deny["Condition"] = map[string]any{operator: condition}
		addTo(doc, true, statement("Allow", "*"), deny)
	}
	for _, a := range [][2]string{{"IpRangeWhitelist", "NotIpAddress"}, {"IpRangeBlacklist", "IpAddress"}} {
		if v := policy[a[0]]; pyTrue(v) {
			keepOut(a[1], map[string]any{"aws:SourceIp": listed(v)})
		}
	}
	for _, a := range [][2]string{{"Blacklist", "StringEquals"}, {"Whitelist", "StringNotEquals"}} {
		condition := map[string]any{}
		add := func(key string, values ...any) {
			if len(values) > 0 {
				condition[key] = slices.Concat(asList(condition[key]), values)
			}
		}
		for _, v := range asList(policy["SourceVpc"+a[0]]) {
			switch id, _ := v.(string); {
			case strings.HasPrefix(id, "vpce-"):
				add("aws:SourceVpce", v)
			case strings.HasPrefix(id, "vpc-"):
				add("aws:SourceVpc", v)
			}
		}
		add("aws:SourceVpc", pyItems(policy["IntrinsicVpc"+a[0]])...)
		add("aws:SourceVpce", pyItems(policy["IntrinsicVpce"+a[0]])...)
		if len(condition) > 0 {
			keepOut(a[1], condition)
		}
	}
}

// addStatements adds the CustomStatements of a ResourcePolicy.
func addStatements(doc map[string]any, statements any) {
	if pyTrue(statements) {
		addTo(doc, true, listed(statements)...)
	}
}

// addTo adds statements to the policy of a document, once that are there already only if they are to be repeated.
func addTo(doc map[string]any, once bool, statements ...any) {
	policy := inner(doc, policyKey)
	policy["Version"] = "2012-10-17"
	var all []any
	if v := policy["Statement"]; v != nil {
		all = slices.Clone(listed(v))
	}
	for _, s := range statements {
		if !once || !slices.ContainsFunc(all, func(o any) bool { return reflect.DeepEqual(o, s) }) {
			all = append(all, s)
		}
	}
	policy["Statement"] = all
}

// toOpenAPI3 moves in a document of OpenAPI 3 what SAM wrote for Swagger 2.
func toOpenAPI3(doc map[string]any, version any) {
	if doc["swagger"] != nil {
		return
	}
	if version == nil {
		version = doc["openapi"]
	}
	if !isVersion3(version) {
		return
	}
	for from, to := range map[string]string{"securityDefinitions": "securitySchemes", "definitions": "schemas"} {
		if pyTrue(doc[from]) {
			inner(doc, "components")[to] = doc[from]
			delete(doc, from)
		}
	}
	for _, v := range object(doc["paths"]) {
		options, ok := object(v)["options"].(map[string]any)
		if !ok {
			continue
		}
		delete(options, "consumes")
		delete(options, "produces")
		headers := object(object(object(options["responses"])["200"])["headers"])
		for name, h := range headers {
			headers[name] = map[string]any{"schema": h}
		}
	}
}
