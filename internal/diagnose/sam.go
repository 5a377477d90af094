package diagnose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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

// merged lays properties over those of Globals.
func merged(base any, over map[string]any) map[string]any {
	out := map[string]any{}
	b, _ := base.(map[string]any)
	maps.Copy(out, b)
	for k, v := range over {
		if x, ok := v.(map[string]any); ok {
			if y, ok := out[k].(map[string]any); ok && len(y) > 0 && !isIntrinsic(x) {
				v = merged(y, x)
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
	paths, ok := body["paths"].(map[string]any)
	if !ok {
		paths = map[string]any{}
		body["paths"] = paths
	}
	item, ok := paths[path].(map[string]any)
	if !ok {
		item = map[string]any{}
		paths[path] = item
	}
	op, ok := item[method].(map[string]any)
	if !ok {
		op = map[string]any{"responses": map[string]any{}}
		item[method] = op
	}
	if op["x-amazon-apigateway-integration"] == nil {
		op["x-amazon-apigateway-integration"] = map[string]any{"httpMethod": "POST", "type": "aws_proxy", "uri": map[string]any{
			"Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${" + function + ".Arn}/invocations"}}
	}
	auth, _ := props["Auth"].(map[string]any)
	own, _ := p["Auth"].(map[string]any)
	name, _ := auth["DefaultAuthorizer"].(string)
	if s, ok := own["Authorizer"].(string); ok {
		name = s
	}
	var security []any
	if name != "" && name != "NONE" {
		security = append(security, map[string]any{name: []any{}})
	}
	if k, has := own["ApiKeyRequired"]; truthy(k) || !has && truthy(auth["ApiKeyRequired"]) {
		security = append(security, map[string]any{"api_key": []any{}})
	}
	if security != nil && op["security"] == nil {
		op["security"] = security
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
	if policy := auth["ResourcePolicy"]; policy != nil {
		if m, ok := policy.(map[string]any); ok && m["CustomStatements"] != nil {
			rest["Policy"] = map[string]any{"Statement": m["CustomStatements"]}
		} else {
			d.problem(id, "Auth.ResourcePolicy is understood as far as CustomStatements")
		}
	}
	cors := props["Cors"]
	if s, ok := cors.(string); ok {
		cors = map[string]any{"AllowOrigin": s}
	}
	if m, ok := cors.(map[string]any); ok && isIntrinsic(m) {
		cors = map[string]any{"AllowOrigin": m}
	}
	if c, ok := cors.(map[string]any); ok {
		// AddDefaultAuthorizerToCorsPreflight is true where it is not given.
		add, given := auth["AddDefaultAuthorizerToCorsPreflight"]
		name, _ := auth["DefaultAuthorizer"].(string)
		for _, path := range slices.Sorted(maps.Keys(paths)) {
			item, ok := paths[path].(map[string]any)
			if !ok || item["options"] != nil {
				continue
			}
			op := preflightOperation(c, item)
			if name != "" && name != "NONE" && (!given || truthy(add)) {
				op["security"] = []any{map[string]any{name: []any{}}}
			}
			item["options"] = op
		}
	}
	if g, ok := props["GatewayResponses"].(map[string]any); ok {
		responses := map[string]any{}
		for typ, v := range g {
			m, _ := v.(map[string]any)
			parameters := map[string]any{}
			if rp, ok := m["ResponseParameters"].(map[string]any); ok {
				headers, _ := rp["Headers"].(map[string]any)
				for h, x := range headers {
					parameters["gatewayresponse.header."+h] = x
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
	if props["Domain"] != nil {
		d.problem(id, "Domain is not looked into")
	}
}

// authorizers puts the security schemes of Auth into the OpenAPI document.
func (d *Document) authorizers(body, auth map[string]any) {
	schemes, ok := body["securityDefinitions"].(map[string]any)
	if !ok {
		schemes = map[string]any{}
		body["securityDefinitions"] = schemes
	}
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
		typ := "token"
		switch {
		case a["UserPoolArn"] != nil:
			typ = "cognito_user_pools"
		case a["FunctionPayloadType"] == "REQUEST":
			typ = "request"
		}
		schemes[name] = map[string]any{"type": "apiKey", "name": header, "in": "header", "x-amazon-apigateway-authorizer": map[string]any{"type": typ, "identitySource": "method.request.header." + header}}
	}
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
			parameters["method.response.header."+name] = v
			headers[name] = map[string]any{"type": "string"}
		}
	}
	set("Access-Control-Allow-Origin", c["AllowOrigin"])
	set("Access-Control-Allow-Headers", c["AllowHeaders"])
	set("Access-Control-Max-Age", c["MaxAge"])
	set("Access-Control-Allow-Methods", c["AllowMethods"])
	if c["AllowMethods"] == nil {
		set("Access-Control-Allow-Methods", fmt.Sprintf("'%s'", strings.Join(slices.Compact(methods), ",")))
	}
	if truthy(c["AllowCredentials"]) {
		set("Access-Control-Allow-Credentials", "'true'")
	}
	return map[string]any{
		"responses": map[string]any{"200": map[string]any{"description": "Default response for CORS method", "headers": headers}},
		"x-amazon-apigateway-integration": map[string]any{"type": "mock", "requestTemplates": map[string]any{"application/json": "{\n  \"statusCode\" : 200\n}\n"},
			"responses": map[string]any{"default": map[string]any{"statusCode": "200", "responseParameters": parameters, "responseTemplates": map[string]any{"application/json": "{}\n"}}}},
	}
}
