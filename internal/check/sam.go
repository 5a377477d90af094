package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/corsheader"
)

// serverless puts in the place of AWS::Serverless::Api and of the Api events of functions what SAM makes of them, as far
// as its documentation says (https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
// sam-specification-generated-resources.html and sam-property-api-corsconfiguration.html). What is not understood is said.
func (d *Document) serverless() {
	transforms := d.root["Transform"]
	used := transforms == "AWS::Serverless-2016-10-31"
	if list, ok := transforms.([]any); ok {
		used = slices.Contains(list, any("AWS::Serverless-2016-10-31"))
	}
	if !used {
		return
	}
	all, _ := d.root["Resources"].(map[string]any)
	globals, _ := d.root["Globals"].(map[string]any)
	ids := slices.Sorted(maps.Keys(all))
	apis := map[string]map[string]any{} // properties by id
	bodies := map[string]map[string]any{}
	add := func(id string, props map[string]any, body map[string]any) {
		apis[id], bodies[id] = props, body
	}
	for _, id := range ids {
		r, _ := all[id].(map[string]any)
		if r["Type"] != "AWS::Serverless::Api" {
			continue
		}
		props, _ := r["Properties"].(map[string]any)
		props = merged(globals["Api"], props)
		body, ok := props["DefinitionBody"].(map[string]any)
		switch {
		case ok && body["Fn::Transform"] != nil, props["DefinitionUri"] != nil:
			d.problem(id, "the OpenAPI document is not in the template, so its paths are not checked")
			body = emptyBody()
		case !ok:
			body = emptyBody()
		}
		add(id, props, body)
	}
	for _, id := range ids {
		r, _ := all[id].(map[string]any)
		if r["Type"] != "AWS::Serverless::Function" {
			continue
		}
		props, _ := r["Properties"].(map[string]any)
		props = merged(globals["Function"], props)
		function := map[string]any{"Type": "AWS::Lambda::Function", "Properties": map[string]any{"Environment": props["Environment"]}, "Metadata": r["Metadata"]}
		events, _ := props["Events"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(events)) {
			e, _ := events[name].(map[string]any)
			if e["Type"] != "Api" {
				continue
			}
			p, _ := e["Properties"].(map[string]any)
			api := "ServerlessRestApi"
			switch ref := p["RestApiId"].(type) {
			case map[string]any:
				api, _ = ref["Ref"].(string)
			case string:
				api = ref
			}
			if bodies[api] == nil {
				if api != "ServerlessRestApi" {
					d.problem(id, "the event "+name+" is of the API "+api+", which is not an AWS::Serverless::Api of the template")
					continue
				}
				add(api, merged(globals["Api"], map[string]any{"StageName": "Prod"}), emptyBody())
			}
			d.event(api, apis[api], bodies[api], id, p)
		}
		all[id] = function
	}
	for _, id := range slices.Sorted(maps.Keys(apis)) {
		d.serverlessAPI(all, id, apis[id], bodies[id])
	}
}

func emptyBody() map[string]any {
	return map[string]any{"swagger": "2.0", "paths": map[string]any{}}
}

func (d *Document) problem(id, text string) {
	d.Problems = append(d.Problems, Problem{id, text})
}

// merged lays properties over those of Globals: maps are merged, and lists follow each other.
func merged(base any, over map[string]any) map[string]any {
	out := map[string]any{}
	b, _ := base.(map[string]any)
	maps.Copy(out, b)
	for k, v := range over {
		switch x := v.(type) {
		case map[string]any:
			if y, ok := out[k].(map[string]any); ok && len(y) > 0 && !isIntrinsic(x) {
				v = merged(y, x)
			}
		case []any:
			if y, ok := out[k].([]any); ok {
				v = slices.Concat(y, x)
			}
		}
		out[k] = v
	}
	return out
}

func isIntrinsic(m map[string]any) bool {
	for k := range m {
		return len(m) == 1 && (k == "Ref" || strings.HasPrefix(k, "Fn::"))
	}
	return false
}

// event adds the operation of a function's Api event to the OpenAPI document.
func (d *Document) event(api string, props, body map[string]any, function string, p map[string]any) {
	path, _ := p["Path"].(string)
	method, _ := p["Method"].(string)
	if path == "" || method == "" {
		d.problem(function, "an Api event without a Path or a Method in plain text")
		return
	}
	method = strings.ToLower(method)
	if method == "any" {
		method = "x-amazon-apigateway-any-method"
	}
	item := child(child(body, "paths"), path)
	op, ok := item[method].(map[string]any)
	if !ok {
		op = map[string]any{"responses": map[string]any{}}
		item[method] = op
	}
	if op["x-amazon-apigateway-integration"] == nil {
		op["x-amazon-apigateway-integration"] = map[string]any{"httpMethod": "POST", "type": "aws_proxy", "uri": map[string]any{
			"Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${" + function + ".Arn}/invocations"}}
	}
	if i, ok := op["x-amazon-apigateway-integration"].(map[string]any); ok {
		if keys := cacheKeys(p["RequestParameters"]); keys != nil {
			i["cacheKeyParameters"] = keys
		}
	}
	// The API's defaults come later, for every operation; NONE and api_key_false keep them away from this one.
	auth, _ := p["Auth"].(map[string]any)
	var security []any
	if name, ok := auth["Authorizer"].(string); ok {
		security = append(security, map[string]any{name: []any{}})
	}
	if k, has := auth["ApiKeyRequired"]; has {
		security = append(security, map[string]any{map[bool]string{true: apiKey, false: noAPIKey}[truthy(k)]: []any{}})
	}
	if security != nil && op["security"] == nil {
		op["security"] = security
	}
}

// cacheKeys gives those of an event's RequestParameters that are part of the cache's key.
func cacheKeys(parameters any) []any {
	var out []any
	for _, e := range oneOrMore(parameters) {
		m, _ := e.(map[string]any)
		for name, v := range m {
			if settings, _ := v.(map[string]any); truthy(settings["Caching"]) {
				out = append(out, name)
			}
		}
	}
	return out
}

// The names that SAM gives to what an operation wants or does not want.
const (
	noAuthorizer = "NONE"
	apiKey       = "api_key"
	noAPIKey     = "api_key_false"
)

// secure puts the API's default authorizer and API key on the operations of its paths, preflights included unless Auth
// says otherwise. One that names an authorizer keeps it, as one that says NONE goes without.
func secure(paths, auth map[string]any) {
	authorizers, _ := auth["Authorizers"].(map[string]any)
	name, _ := auth["DefaultAuthorizer"].(string)
	toPreflight := func(property string) bool {
		v, given := auth[property]
		return !given || truthy(v)
	}
	for _, v := range paths {
		item, _ := v.(map[string]any)
		for method, v := range item {
			op, _ := v.(map[string]any)
			if op["x-amazon-apigateway-integration"] == nil {
				continue
			}
			given, _ := op["security"].([]any)
			security := slices.Clone(given)
			own := func(is func(name string) bool) bool {
				return slices.ContainsFunc(given, func(e any) bool {
					m, _ := e.(map[string]any)
					return slices.ContainsFunc(slices.Collect(maps.Keys(m)), is)
				})
			}
			if name != "" && (method != "options" || toPreflight("AddDefaultAuthorizerToCorsPreflight")) && !own(func(n string) bool {
				return n == noAuthorizer || n == "AWS_IAM" || authorizers[n] != nil
			}) {
				security = append(security, map[string]any{name: []any{}})
			}
			if truthy(auth["ApiKeyRequired"]) && (method != "options" || toPreflight("AddApiKeyRequiredToCorsPreflight")) && !own(func(n string) bool {
				return n == apiKey || n == noAPIKey
			}) {
				security = append(security, map[string]any{apiKey: []any{}})
			}
			if len(security) > 0 {
				op["security"] = security
			}
		}
	}
}

func truthy(v any) bool { return v == true || v == "true" || v == "True" }

// serverlessAPI makes an API, its deployment and its stage.
func (d *Document) serverlessAPI(all map[string]any, id string, props, body map[string]any) {
	rest := map[string]any{"Body": body}
	for _, same := range []string{"Name", "BinaryMediaTypes", "ApiKeySourceType"} {
		if v := props[same]; v != nil {
			rest[same] = v
		}
	}
	auth, _ := props["Auth"].(map[string]any)
	d.authorizers(body, auth)
	paths, _ := body["paths"].(map[string]any)
	if policy, ok := auth["ResourcePolicy"].(map[string]any); ok {
		rest["Policy"] = resourcePolicy(policy)
	}
	if c := corsOf(props["Cors"]); c != nil {
		for _, v := range paths {
			if item, ok := v.(map[string]any); ok && item["options"] == nil {
				item["options"] = preflightOperation(c, item)
			}
		}
	}
	secure(paths, auth)
	if g, ok := props["GatewayResponses"].(map[string]any); ok {
		responses := map[string]any{}
		for typ, v := range g {
			m, _ := v.(map[string]any)
			parameters := map[string]any{}
			if rp, ok := m["ResponseParameters"].(map[string]any); ok {
				headers, _ := rp["Headers"].(map[string]any)
				for h, x := range headers {
					parameters[apigw.GatewayHeader+h] = x
				}
			}
			one := map[string]any{"responseParameters": parameters}
			if m["StatusCode"] != nil {
				one["statusCode"] = m["StatusCode"]
			}
			if m["ResponseTemplates"] != nil {
				one["responseTemplates"] = m["ResponseTemplates"]
			}
			responses[typ] = one
		}
		body["x-amazon-apigateway-gateway-responses"] = responses
	}
	old, _ := all[id].(map[string]any)
	all[id] = map[string]any{"Type": "AWS::ApiGateway::RestApi", "Properties": rest, "Metadata": old["Metadata"]}
	all[id+"Deployment"] = map[string]any{"Type": "AWS::ApiGateway::Deployment", "Properties": map[string]any{"RestApiId": map[string]any{"Ref": id}}}
	stage := map[string]any{"RestApiId": map[string]any{"Ref": id}, "DeploymentId": map[string]any{"Ref": id + "Deployment"}, "StageName": props["StageName"]}
	for _, same := range []string{"Variables", "CacheClusterEnabled", "MethodSettings", "CanarySetting"} {
		if v := props[same]; v != nil {
			stage[same] = v
		}
	}
	if stage["StageName"] == nil {
		stage["StageName"] = "Prod"
	}
	all[id+"Stage"] = map[string]any{"Type": "AWS::ApiGateway::Stage", "Properties": stage}
}

// corsOf gives the properties of Cors, which may be an origin alone; nil if there is none.
func corsOf(v any) map[string]any {
	c, ok := v.(map[string]any)
	switch {
	case v == nil || v == "":
		return nil
	case !ok || isIntrinsic(c):
		return map[string]any{"AllowOrigin": v}
	case c["AllowOrigin"] == nil:
		return merged(c, map[string]any{"AllowOrigin": "'*'"})
	}
	return c
}

// resourcePolicy gives the policy that SAM makes of Auth.ResourcePolicy. What it lists of addresses and networks becomes a
// condition of a statement that denies, beside one that lets everybody in; each is for the methods of all paths.
func resourcePolicy(p map[string]any) map[string]any {
	statements := slices.Clone(oneOrMore(p["CustomStatements"]))
	add := func(effect string, principal, condition any) {
		s := map[string]any{"Effect": effect, "Principal": principal, "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
		if condition != nil {
			s["Condition"] = condition
		}
		statements = append(statements, s)
	}
	for _, name := range sortedKeys(p) {
		switch {
		case name == "CustomStatements" || p[name] == nil:
		case name == "AwsAccountWhitelist":
			add("Allow", map[string]any{"AWS": p[name]}, nil)
		case name == "AwsAccountBlacklist":
			add("Deny", map[string]any{"AWS": p[name]}, nil)
		default:
			add("Allow", "*", nil)
			add("Deny", "*", condition(name, p[name]))
		}
	}
	return map[string]any{"Version": "2012-10-17", "Statement": statements}
}

// condition is that of the Deny which SAM makes of a list of addresses or networks.
func condition(name string, values any) map[string]any {
	op, key := "StringEquals", "aws:SourceVpc"
	switch {
	case strings.HasPrefix(name, "IpRange"):
		op, key = "IpAddress", "aws:SourceIp"
	case strings.Contains(name, "Vpce"):
		key = "aws:SourceVpce"
	}
	if strings.HasSuffix(name, "Whitelist") { // what is not on the list is denied
		op = map[string]string{"IpAddress": "NotIpAddress", "StringEquals": "StringNotEquals"}[op]
	}
	return map[string]any{op: map[string]any{key: values}}
}

// authorizers puts the security schemes of Auth into the OpenAPI document.
func (d *Document) authorizers(body, auth map[string]any) {
	parent, name := body, "securityDefinitions"
	if body["openapi"] != nil {
		parent, name = child(body, "components"), "securitySchemes"
	}
	schemes := child(parent, name)
	schemes["api_key"] = map[string]any{"type": "apiKey", "name": "x-api-key", "in": "header"}
	schemes["AWS_IAM"] = map[string]any{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}
	list, _ := auth["Authorizers"].(map[string]any)
	for name, v := range list {
		a, _ := v.(map[string]any)
		identity, _ := a["Identity"].(map[string]any)
		header, _ := identity["Header"].(string)
		if header == "" {
			header = "Authorization"
		}
		authorizer := map[string]any{"type": "token"}
		switch {
		case a["UserPoolArn"] != nil:
			authorizer["type"] = "cognito_user_pools"
		case a["FunctionPayloadType"] == "REQUEST":
			header = "Unused"
			authorizer["type"] = "request"
			authorizer["identitySource"] = strings.Join(identitySource(identity), ", ")
		}
		schemes[name] = map[string]any{"type": "apiKey", "name": header, "in": "header", "x-amazon-apigateway-authorizer": authorizer}
	}
}

// child gives the object that another has under a name. It is made if there is none.
func child(m map[string]any, name string) map[string]any {
	c, ok := m[name].(map[string]any)
	if !ok {
		c = map[string]any{}
		m[name] = c
	}
	return c
}

// identitySource lists what a REQUEST authorizer wants to have.
func identitySource(identity map[string]any) []string {
	var out []string
	for _, kind := range [][2]string{{"Headers", apigw.RequestHeader}, {"QueryStrings", apigw.RequestQuery}, {"StageVariables", "stageVariables."}, {"Context", "context."}} {
		for _, name := range oneOrMore(identity[kind[0]]) {
			if s, ok := name.(string); ok {
				out = append(out, kind[1]+s)
			}
		}
	}
	return out
}

// preflightOperation is the OPTIONS operation that SAM adds where Cors is given.
func preflightOperation(c, item map[string]any) map[string]any {
	var methods []string
	for m := range item {
		switch m {
		case "x-amazon-apigateway-any-method":
			methods = append(methods, "DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
		case "get", "put", "post", "delete", "patch", "head":
			methods = append(methods, strings.ToUpper(m))
		}
	}
	methods = append(methods, "OPTIONS")
	slices.Sort(methods)
	parameters, headers := map[string]any{}, map[string]any{}
	set := func(name string, v any) {
		if v != nil {
			parameters[apigw.MethodHeader+name] = v
			headers[name] = map[string]any{"type": "string"}
		}
	}
	set(corsheader.AllowOrigin, c["AllowOrigin"])
	set(corsheader.AllowHeaders, c["AllowHeaders"])
	set(corsheader.MaxAge, c["MaxAge"])
	set(corsheader.AllowMethods, c["AllowMethods"])
	if c["AllowMethods"] == nil {
		set(corsheader.AllowMethods, fmt.Sprintf("'%s'", strings.Join(slices.Compact(methods), ",")))
	}
	if truthy(c["AllowCredentials"]) {
		set(corsheader.AllowCredentials, "'true'")
	}
	return map[string]any{
		"responses": map[string]any{"200": map[string]any{"description": "Default response for CORS method", "headers": headers}},
		"x-amazon-apigateway-integration": map[string]any{"type": "mock", "requestTemplates": map[string]any{"application/json": "{\n  \"statusCode\" : 200\n}\n"},
			"responses": map[string]any{"default": map[string]any{"statusCode": "200", "responseParameters": parameters, "responseTemplates": map[string]any{"application/json": "{}\n"}}}},
	}
}
