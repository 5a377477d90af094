package cfn

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

const (
	httpAPIType = "AWS::Serverless::HttpApi"
	// implicitHTTPAPI is the logical id of the HTTP API that SAM makes for the HttpApi events that name none.
	implicitHTTPAPI = "ServerlessHttpApi"
	defaultPath     = "$default"
	httpCorsKey     = "x-amazon-apigateway-cors"
)

func emptyHTTPBody() map[string]any {
	return map[string]any{"openapi": "3.0.1", "info": map[string]any{"version": "1.0", "title": ref("AWS::StackName")}, "paths": map[string]any{}}
}

// httpRoutes gives the HTTP APIs without an OpenAPI document one with the paths of HttpApi events, and makes the API of the events
// that name none.
func (s *sam) httpRoutes() {
	for _, id := range s.ids(httpAPIType) {
		p := inner(object(s.resources[id]), "Properties")
		api := &samAPI{id: id, cause: id, conditions: map[string]map[string]string{}}
		s.http[id] = api
		switch {
		case pyTrue(p["DefinitionBody"]):
			p["DefinitionBody"] = s.included(p["DefinitionBody"])
		case !pyTrue(p["DefinitionUri"]):
			p["DefinitionBody"] = emptyHTTPBody()
			api.managed = true
		}
	}
	s.implicit(s.http, implicitHTTPAPI, map[string]any{"Type": httpAPIType, "Properties": map[string]any{"DefinitionBody": emptyHTTPBody()}}, func() []*samEvent {
		var out []*samEvent
		for _, id := range s.ids("AWS::Serverless::Function") {
			out = append(out, s.httpEvents(id, object(s.resources[id]), false)...)
		}
		return out
	})
}

// httpEvents lists the HttpApi events of a function, in the order in which SAM handles them. Each is looked at twice; tell has what
// SAM refuses of them recorded.
func (s *sam) httpEvents(id string, from map[string]any, tell bool) []*samEvent {
	var out []*samEvent
	events := object(object(from["Properties"])["Events"])
	for _, name := range slices.Sorted(maps.Keys(events)) {
		if e, _ := events[name].(map[string]any); e["Type"] == "HttpApi" {
			if event := s.httpEvent(id, name, e, tell); event != nil {
				event.condition, _ = from["Condition"].(string)
				out = append(out, event)
			}
		}
	}
	return out
}

// httpEvent reads an HttpApi event; nil if SAM refuses it.
func (s *sam) httpEvent(id, name string, e map[string]any, tell bool) *samEvent {
	refuse := func(text string) *samEvent {
		if tell {
			s.refuse(id, "SAM refuses the event "+name+": "+text)
		}
		return nil
	}
	p, ok := e["Properties"].(map[string]any)
	if !ok && e["Properties"] != nil {
		return refuse("its Properties are not an object")
	}
	event := &samEvent{owner: id, name: name, properties: p, auth: object(p["Auth"]), api: implicitHTTPAPI}
	if !pyTrue(p["Path"]) && !pyTrue(p["Method"]) {
		event.path, event.method = defaultPath, "any"
	} else {
		for _, required := range []struct {
			name string
			to   *string
		}{{"Path", &event.path}, {"Method", &event.method}} {
			if *required.to, ok = p[required.name].(string); !ok || *required.to == "" {
				return refuse("it has no " + required.name + " that is a text; an event has both Path and Method, or neither")
			}
		}
		if event.method = strings.ToLower(event.method); event.method == anyMethod {
			event.method = "any"
		}
	}
	if v, given := p["ApiId"]; given {
		if m, ok := v.(map[string]any); ok && len(m) == 1 && m["Ref"] != nil {
			v = m["Ref"]
		}
		if event.api, ok = v.(string); !ok {
			return refuse("ApiId must be a Ref to an AWS::Serverless::HttpApi of the template")
		}
	}
	if s.http[event.api] == nil {
		return refuse("its ApiId is " + event.api + ", which is not an AWS::Serverless::HttpApi of the template")
	}
	if tell {
		s.properties(id, "the event "+name+" with its property ", p, httpEventProperties)
	}
	return event
}

// httpRoute adds the operation of a function's event to the document of its HTTP API. The target is the logical id of the
// function, with its attribute, or of its alias.
func (s *sam) httpRoute(e *samEvent, target string) {
	properties := object(object(s.resources[e.api])["Properties"])
	doc, ok := properties["DefinitionBody"].(map[string]any)
	if !ok {
		return
	}
	refuse := func(format string, args ...any) {
		s.refuse(e.owner, "SAM refuses the event "+e.name+": "+fmt.Sprintf(format, args...))
	}
	switch there := hasIntegration(doc, e.path, e.method); {
	case there && s.http[e.api].managed:
		refuse("there is another event of %s %s", strings.ToUpper(e.method), e.path)
		return
	case !there:
		var uri any = sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${" + target + "}/invocations")
		if e.condition != "" {
			uri = conditional(e.condition, uri)
		}
		addOperation(doc, e, map[string]any{"type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": "2.0", "uri": uri}, map[string]any{})
	}
	for _, op := range operationsAt(doc, e.path, e.method) {
		if !hasDefaultRoute(op) && e.path == defaultPath && e.method == "any" {
			op["isDefaultRoute"] = true
		}
		integration := object(op[integrationKey])
		if v := e.properties["TimeoutInMillis"]; pyTrue(v) {
			integration["timeoutInMillis"] = v
		}
		if v := e.properties["PayloadFormatVersion"]; pyTrue(v) {
			integration["payloadFormatVersion"] = v
		}
	}
	if len(e.auth) == 0 {
		return
	}
	apiAuth := object(properties["Auth"])
	authorizers := object(apiAuth["Authorizers"])
	v := e.auth["Authorizer"]
	if !pyTrue(v) {
		if v = apiAuth["DefaultAuthorizer"]; !pyTrue(v) {
			refuse("Auth names no Authorizer, and the API %s has no DefaultAuthorizer", e.api)
			return
		}
	}
	name, ok := v.(string)
	iam := name == "AWS_IAM" && apiAuth["EnableIamAuthorizer"] == true
	switch {
	case !ok:
		refuse("Auth.Authorizer is not a text; SAM accepts no function there")
		return
	case name == "NONE" && !pyTrue(apiAuth["DefaultAuthorizer"]):
		refuse("Auth.Authorizer is NONE, and the API %s has no DefaultAuthorizer", e.api)
		return
	case name != "NONE" && !iam && !pyTrue(authorizers[name]):
		refuse("Auth.Authorizer is %s, which is not among the Authorizers of the API %s", name, e.api)
		return
	}
	scopes := []any{}
	if name != "NONE" && name != "AWS_IAM" {
		for _, list := range []any{object(authorizers[name])["AuthorizationScopes"], e.auth["AuthorizationScopes"]} {
			if l, ok := list.([]any); ok && len(l) > 0 {
				scopes = l
			}
		}
	}
	for _, op := range operationsAt(doc, e.path, e.method) {
		op["security"] = append(slices.Clone(securityOf(op)), map[string]any{name: scopes})
	}
}

func hasDefaultRoute(op map[string]any) bool { return op["isDefaultRoute"] != nil }

// httpAPIs makes the HTTP APIs, each with its stage and its domain.
func (s *sam) httpAPIs() {
	for _, id := range s.ids(httpAPIType) {
		from := object(s.resources[id])
		p := object(from["Properties"])
		cause := id
		if api := s.http[id]; api != nil {
			cause = cmp.Or(api.cause, id)
		}
		s.properties(id, "the property ", p, httpAPIProperties)
		api := map[string]any{}
		if pyTrue(p["FailOnWarnings"]) {
			api["FailOnWarnings"] = p["FailOnWarnings"]
		}
		doc, _ := p["DefinitionBody"].(map[string]any)
		switch uri := p["DefinitionUri"]; {
		case doc != nil && pyTrue(uri):
			s.refuse(id, "SAM refuses DefinitionUri beside DefinitionBody: one of them is allowed")
		case doc != nil:
			s.completeHTTP(id, doc, p)
			api["Body"] = doc
		case pyTrue(uri):
			for _, name := range strings.Fields("CorsConfiguration Auth Description Name") {
				if pyTrue(p[name]) {
					s.refuse(id, "SAM refuses "+name+" beside DefinitionUri: it needs the OpenAPI document in DefinitionBody")
				}
			}
			if body, ok := s.document(id, s.decided(uri)); ok {
				api["Body"] = body
			} else if text, ok := uri.(string); ok {
				api["BodyS3Location"] = bucketAndKey(text)
			} else {
				api["BodyS3Location"] = uri
			}
		}
		name := orElse(p["StageName"], defaultPath)
		stageID := id + "Stage"
		switch text, ok := name.(string); {
		case text == defaultPath:
			stageID = id + "ApiGatewayDefaultStage"
		case ok && alphanumeric(text):
			stageID = id + text + "Stage"
		case ok:
			stageID += digestOf(text)
		}
		stage := map[string]any{"ApiId": ref(id), "StageName": name, "AutoDeploy": true}
		take(stage, p, "StageVariables")
		s.make(stageID, "AWS::ApiGatewayV2::Stage", cause, from, stage)
		s.refs[id+".Stage"] = stageID
		if domain, ok := p["Domain"].(map[string]any); ok {
			s.httpDomain(id, cause, from, domain)
		}
		s.replace(id, "AWS::ApiGatewayV2::Api", cause, from, api)
	}
}

// httpDomain makes the custom domain of an HTTP API and the mappings of its paths.
func (s *sam) httpDomain(id, cause string, from, d map[string]any) {
	for _, required := range []string{"DomainName", "CertificateArn"} {
		if d[required] == nil {
			s.refuse(id, "SAM refuses Domain: it has no "+required)
		}
	}
	if orElse(s.decided(d["EndpointConfiguration"]), "REGIONAL") != "REGIONAL" {
		s.refuse(id, "SAM refuses Domain.EndpointConfiguration: it may be REGIONAL alone")
	}
	name := "ApiGatewayDomainNameV2" + digestOf(s.decidedIn(d["DomainName"]))
	domain := map[string]any{}
	take(domain, d, "DomainName")
	s.make(name, "AWS::ApiGatewayV2::DomainName", cause, from, domain)
	s.refs[id+".DomainName"] = name
	mapping := func(plain string, path any) {
		m := map[string]any{"ApiId": ref(id), "DomainName": ref(name), "Stage": ref(s.refs[id+".Stage"])}
		take(m, map[string]any{"ApiMappingKey": path}, "ApiMappingKey")
		s.make(id+plain+"ApiMapping", "AWS::ApiGatewayV2::ApiMapping", cause, from, m)
	}
	paths := s.decided(d["BasePath"])
	if _, isObject := paths.(map[string]any); isObject || !pyTrue(paths) {
		mapping("", nil)
	} else {
		for _, v := range listed(paths) {
			path, ok := s.decided(v).(string)
			switch {
			case !ok:
				s.refuse(id, "SAM refuses Domain.BasePath: it is a text or a list of texts")
			case !mappingKey.MatchString(path):
				s.refuse(id, "SAM refuses Domain.BasePath: it may have letters, digits, -, _ and / alone")
			default:
				mapping(strings.NewReplacer("-", "", "_", "", "/", "").Replace(path), strings.Trim(path, "/"))
			}
		}
	}
	s.recordSet(cause, from, d)
}

// mappingKey matches what SAM takes for a path of an HTTP API's domain.
var mappingKey = regexp.MustCompile(`^[0-9a-zA-Z/_-]*$`)

// completeHTTP puts into the document of an HTTP API what its properties say.
func (s *sam) completeHTTP(id string, doc, p map[string]any) {
	if doc["openapi"] == nil || !isVersion3(doc["openapi"]) || doc["paths"] == nil {
		for _, name := range strings.Fields("CorsConfiguration Auth") {
			if pyTrue(p[name]) && doc["Fn::Transform"] == nil {
				s.refuse(id, "SAM refuses "+name+": DefinitionBody has no openapi: 3.x.x with an object paths")
			}
		}
		return
	}
	s.httpCors(id, doc, p["CorsConfiguration"])
	s.httpAuth(id, doc, p["Auth"])
	if paths := object(doc["paths"]); pyTrue(p["FailOnWarnings"]) && paths[defaultPath] != nil {
		paths["/"+defaultPath] = paths[defaultPath]
		delete(paths, defaultPath)
	}
}

// httpCors puts the property CorsConfiguration into a document.
func (s *sam) httpCors(id string, doc map[string]any, v any) {
	if !pyTrue(v) {
		return
	}
	cors := inner(doc, httpCorsKey)
	given, ok := v.(map[string]any)
	switch {
	case v == true:
		cors["allowOrigins"] = []any{"*"}
		return
	case !ok:
		s.refuse(id, "SAM refuses CorsConfiguration: it is neither true nor an object")
		return
	case isFunction(v):
		maps.Copy(cors, object(lowered(v)))
		return
	}
	s.properties(id, "the property CorsConfiguration.", given, httpCorsProperties)
	if origins := given["AllowOrigins"]; isFunction(origins) {
		// SAM takes the function for that of the whole configuration, and leaves out the rest.
		maps.Copy(cors, object(lowered(origins)))
		return
	} else if list, ok := origins.([]any); ok && given["AllowCredentials"] == true && len(list) == 1 && list[0] == "*" {
		s.refuse(id, "SAM refuses CorsConfiguration: AllowCredentials is true, and AllowOrigins is *")
	}
	for _, name := range strings.Fields(httpCorsProperties) {
		v := given[name]
		if name == "AllowCredentials" && v != true || name != "MaxAge" && !pyTrue(v) || v == nil {
			continue
		}
		cors[strings.ToLower(name[:1])+name[1:]] = v
	}
}

// lowered writes the members of a CorsConfiguration inside of a function as a document has them.
func lowered(v any) any {
	return rewritten(v, unchanged, func(k string) string {
		if slices.Contains(strings.Fields(httpCorsProperties), k) {
			return strings.ToLower(k[:1]) + k[1:]
		}
		return k
	})
}

// httpAuth puts the authorizers of the property Auth into a document, and the default one on its operations.
func (s *sam) httpAuth(id string, doc map[string]any, v any) {
	if !pyTrue(v) {
		return
	}
	auth, ok := v.(map[string]any)
	if !ok || isFunction(v) {
		s.refuse(id, "SAM refuses Auth: it is not an object; SAM accepts no function there")
		return
	}
	s.properties(id, "the property Auth.", auth, httpAuthProperties)
	schemes := map[string]any{}
	authorizers := object(auth["Authorizers"])
	if auth["EnableIamAuthorizer"] == true {
		schemes["AWS_IAM"] = iamScheme()
	}
	for _, name := range slices.Sorted(maps.Keys(authorizers)) {
		if a, ok := authorizers[name].(map[string]any); ok {
			schemes[name] = s.httpAuthorizer(id, name, a)
		} else {
			s.refuse(id, "SAM refuses Auth.Authorizers."+name+": it is not an object")
		}
	}
	if len(schemes) > 0 {
		maps.Copy(inner(inner(doc, "components"), "securitySchemes"), schemes)
	}
	preset := auth["DefaultAuthorizer"]
	if !pyTrue(preset) || object(preset)["Ref"] == "AWS::NoValue" {
		return
	}
	name, ok := preset.(string)
	switch {
	case !ok:
		s.refuse(id, "SAM refuses Auth.DefaultAuthorizer: it is not a text; SAM accepts no function there")
		return
	case schemes[name] == nil:
		s.refuse(id, "SAM refuses Auth.DefaultAuthorizer: "+name+" is not among the Authorizers")
		return
	}
	scopes := asList(object(authorizers[name])["AuthorizationScopes"])
	if scopes == nil {
		scopes = []any{}
	}
	eachOperation(doc, func(method string, op map[string]any) {
		if method != "options" && !pyTrue(op["security"]) {
			op["security"] = []any{map[string]any{name: scopes}}
		}
	})
}

// httpAuthorizer is the security scheme of one of Auth.Authorizers.
func (s *sam) httpAuthorizer(id, name string, a map[string]any) map[string]any {
	if configuration := object(a["JwtConfiguration"]); len(configuration) > 0 {
		lower := map[string]any{}
		for k, v := range configuration {
			lower[strings.ToLower(k)] = v
		}
		if !pyTrue(a["IdentitySource"]) {
			s.refuse(id, "SAM refuses Auth.Authorizers."+name+": it has JwtConfiguration, and no IdentitySource")
		}
		return map[string]any{"type": "oauth2", "x-amazon-apigateway-authorizer": map[string]any{"type": "jwt", "jwtConfiguration": lower, "identitySource": a["IdentitySource"]}}
	}
	for _, required := range []string{"FunctionArn", "AuthorizerPayloadFormatVersion"} {
		if !pyTrue(a[required]) {
			s.refuse(id, "SAM refuses Auth.Authorizers."+name+": it has neither JwtConfiguration nor "+required)
		}
	}
	authorizer := map[string]any{"type": "request", "authorizerPayloadFormatVersion": a["AuthorizerPayloadFormatVersion"], "authorizerUri": map[string]any{"Fn::Sub": []any{
		"arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations",
		map[string]any{"__FunctionArn__": a["FunctionArn"]}}}}
	if role := a["FunctionInvokeRole"]; pyTrue(role) && role != "NONE" {
		authorizer["authorizerCredentials"] = role
	}
	if identity := object(a["Identity"]); len(identity) > 0 {
		take(authorizer, map[string]any{"authorizerResultTtlInSeconds": identity["ReauthorizeEvery"]}, "authorizerResultTtlInSeconds")
		sources := []any{}
		for _, kind := range [][2]string{{"Headers", "$request.header."}, {"QueryStrings", "$request.querystring."}, {"StageVariables", "$stageVariables."}, {"Context", "$context."}} {
			for _, v := range asList(identity[kind[0]]) {
				sources = append(sources, kind[1]+scalar(v))
			}
		}
		authorizer["identitySource"] = sources
	}
	if v := a["EnableSimpleResponses"]; pyTrue(v) {
		authorizer["enableSimpleResponses"] = v
	}
	return map[string]any{"type": "apiKey", "name": "Unused", "in": "header", "x-amazon-apigateway-authorizer": authorizer}
}
