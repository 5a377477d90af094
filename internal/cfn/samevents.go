package cfn

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// implicitAPI is the logical id of the API that SAM makes for the events that name none.
const implicitAPI = "ServerlessRestApi"

// samAPI is an AWS::Serverless::Api or an AWS::Serverless::HttpApi, or the one that SAM makes.
type samAPI struct {
	id      string
	cause   string
	managed bool // SAM writes its OpenAPI document, so that events add operations to it
	// conditions are those of the functions whose events it has, by path and method; "" for none.
	conditions map[string]map[string]string
}

// samEvent is an Api event of a function or of a state machine.
type samEvent struct {
	owner, name  string
	properties   map[string]any
	auth         map[string]any
	api          string // its logical id
	path, method string // the method in lower case
	condition    string // of the owner
}

func (e *samEvent) cause() string { return e.owner + " event " + e.name }

// bodies gives the APIs without an OpenAPI document an empty one, which SAM fills.
func (s *sam) bodies() {
	for _, id := range s.ids("AWS::Serverless::Api") {
		r := object(s.resources[id])
		properties := inner(r, "Properties")
		api := &samAPI{id: id, cause: id, conditions: map[string]map[string]string{}}
		s.apis[id] = api
		switch {
		case pyTrue(properties["DefinitionBody"]):
			properties["DefinitionBody"] = s.included(properties["DefinitionBody"])
		case !pyTrue(properties["DefinitionUri"]):
			properties["DefinitionBody"] = emptyBody()
			api.managed = true
		}
	}
}

func emptyBody() map[string]any {
	return map[string]any{"swagger": "2.0", "info": map[string]any{"version": "1.0", "title": ref("AWS::StackName")}, "paths": map[string]any{}}
}

// routes adds the paths of Api events to the APIs whose documents SAM writes, and the API of the events that name none.
func (s *sam) routes() {
	s.implicit(s.apis, implicitAPI, map[string]any{"Type": "AWS::Serverless::Api", "Properties": map[string]any{"StageName": "Prod", "DefinitionBody": emptyBody()}}, func() []*samEvent {
		var out []*samEvent
		for _, id := range s.ids("AWS::Serverless::Function", "AWS::Serverless::StateMachine") {
			out = append(out, s.apiEvents(id, nil)...)
		}
		return out
	})
}

// implicit adds the paths of events to the APIs whose documents SAM writes. The events that name no API make one: resource, with
// the logical id that SAM gives it. If none does, what the template has under that id stays.
func (s *sam) implicit(apis map[string]*samAPI, id string, resource map[string]any, events func() []*samEvent) {
	explicit, known := s.resources[id], apis[id]
	made := &samAPI{id: id, managed: true, conditions: map[string]map[string]string{}}
	s.resources[id], apis[id] = resource, made
	for _, e := range events() {
		api := apis[e.api]
		if api == nil {
			continue
		}
		if api.conditions[e.path] == nil {
			api.conditions[e.path] = map[string]string{}
		}
		api.conditions[e.path][e.method] = e.condition
		if api.managed {
			addPath(s.paths(api), e.path, e.method)
		}
		api.cause = cmp.Or(api.cause, e.cause())
		s.out.Routes[routeKey(e.api, e.method, e.path)] = e.cause()
	}
	if len(s.paths(made)) == 0 {
		delete(apis, id)
		delete(s.resources, id)
		if explicit != nil {
			s.resources[id] = explicit
			if known != nil {
				apis[id] = known
			}
		}
	} else if condition := s.anyOf(id+"Condition", made.all()); condition != "" {
		object(s.resources[id])["Condition"] = condition
	}
	s.pathConditions(apis)
}

// pathConditions puts on each path of the documents that SAM writes the condition of the events that make it.
func (s *sam) pathConditions(apis map[string]*samAPI) {
	for _, id := range slices.Sorted(maps.Keys(apis)) {
		api := apis[id]
		if !api.managed {
			continue
		}
		paths := s.paths(api)
		for _, path := range slices.Sorted(maps.Keys(paths)) {
			name := id + strings.NewReplacer("/", "SLASH", "{", "OB", "}", "CB").Replace(path) + "PathCondition"
			if condition := s.anyOf(name, slices.Collect(maps.Values(api.conditions[path]))); condition != "" {
				paths[path] = conditional(condition, paths[path])
			}
		}
	}
}

// paths are those of an API's OpenAPI document.
func (s *sam) paths(api *samAPI) map[string]any {
	return object(object(object(object(s.resources[api.id])["Properties"])["DefinitionBody"])["paths"])
}

// all lists the conditions of the operations that events make.
func (a *samAPI) all() []string {
	var out []string
	for _, methods := range a.conditions {
		out = slices.AppendSeq(out, maps.Values(methods))
	}
	return out
}

// anyOf returns the name of the condition that is true if one of some is, "" if there is none among them. Of several it
// makes one, with the given name; CloudFormation takes ten at once.
func (s *sam) anyOf(name string, conditions []string) string {
	slices.Sort(conditions)
	conditions = slices.Compact(conditions)
	if len(conditions) == 0 || conditions[0] == "" {
		return ""
	}
	const most = 10
	for more := (len(conditions) - 2) / (most - 1); len(conditions) > 1; more-- {
		made := name
		if more > 0 {
			made = fmt.Sprint(name, more)
		}
		var or []any
		for _, c := range conditions[:min(most, len(conditions))] {
			or = append(or, map[string]any{"Condition": c})
		}
		inner(s.root, "Conditions")[made] = map[string]any{"Fn::Or": or}
		conditions = append(slices.Clone(conditions[len(or):]), made)
	}
	return conditions[0]
}

// apiEvents lists the Api events of a function or a state machine, in the order in which SAM handles them. With others, it
// calls others for each event of another type.
func (s *sam) apiEvents(id string, others func(name, typ string, e map[string]any)) []*samEvent {
	r := object(s.resources[id])
	events, given := object(r["Properties"])["Events"]
	list, ok := events.(map[string]any)
	if given && events != nil && !ok && others != nil {
		s.refuse(id, "SAM refuses Events: it is not an object")
	}
	var out []*samEvent
	for _, name := range slices.Sorted(maps.Keys(list)) {
		e, ok := list[name].(map[string]any)
		if typ, _ := e["Type"].(string); typ != "Api" {
			if others != nil && ok {
				others(name, typ, e)
			}
			continue
		}
		// Each event is looked at twice: for the paths, and for what is in them. What is wrong is said once.
		if event := s.apiEvent(id, name, e, others == nil); event != nil {
			event.condition, _ = r["Condition"].(string)
			out = append(out, event)
		}
	}
	slices.SortStableFunc(out, func(a, b *samEvent) int { return strings.Compare(a.path, b.path) })
	return out
}

// apiEvent reads an Api event; nil if SAM refuses it.
func (s *sam) apiEvent(id, name string, e map[string]any, tell bool) *samEvent {
	refuse := func(text string) *samEvent {
		if tell {
			s.refuse(id, "SAM refuses the event "+name+": "+text)
		}
		return nil
	}
	p, ok := e["Properties"].(map[string]any)
	if !ok || len(p) == 0 {
		return refuse("it has no Properties, of which Path and Method are required")
	}
	event := &samEvent{owner: id, name: name, properties: p, auth: object(p["Auth"]), api: implicitAPI}
	for _, required := range []struct {
		name string
		to   *string
	}{{"Path", &event.path}, {"Method", &event.method}} {
		if *required.to, ok = p[required.name].(string); !ok || *required.to == "" {
			if p[required.name] == nil {
				return refuse("it has no " + required.name)
			}
			return refuse(required.name + " is not a text; SAM accepts no function there")
		}
	}
	event.method = strings.ToLower(event.method)
	if v, given := p["RestApiId"]; given {
		if m, ok := v.(map[string]any); ok && len(m) == 1 && m["Ref"] != nil {
			v = m["Ref"]
		}
		if event.api, ok = v.(string); !ok {
			return refuse("RestApiId must be a Ref to an AWS::Serverless::Api of the template")
		}
		api, ok := s.resources[event.api].(map[string]any)
		if !ok || api["Type"] == httpAPIType {
			return refuse("its RestApiId is " + event.api + ", which is not an AWS::Serverless::Api of the template")
		}
	}
	if tell {
		names := functionEventProperties
		if object(s.resources[id])["Type"] == "AWS::Serverless::StateMachine" {
			names = stateMachineEventProperties
		}
		s.properties(id, "the event "+name+" with its property ", p, names)
		if _, ok := p["Auth"].(map[string]any); !ok && p["Auth"] != nil {
			refuse("Auth is not an object")
		}
	}
	return event
}

// stage is what SAM takes for the name of the stage in an event's permission and resource policy.
func (s *sam) stage(api string) string {
	if name, ok := object(object(s.resources[api])["Properties"])["StageName"].(string); ok {
		return name
	}
	return "Stage"
}

// secureEvent puts the authorizer, the API key and the resource policy of an event on its operation. The stage is what the
// event's resource policy is for.
func (s *sam) secureEvent(e *samEvent, doc, apiProperties map[string]any, stage any) {
	refuse := func(format string, args ...any) {
		s.refuse(e.owner, fmt.Sprintf("SAM refuses the event %s: ", e.name)+fmt.Sprintf(format, args...))
	}
	apiAuth := object(apiProperties["Auth"])
	authorizers := object(s.decided(apiAuth["Authorizers"]))
	operations := operationsAt(doc, e.path, e.method)
	if v := e.auth["Authorizer"]; pyTrue(v) {
		name, ok := v.(string)
		switch {
		case !ok:
			refuse("Auth.Authorizer is not a text; SAM accepts no function there")
		case name == "NONE" && !pyTrue(s.decided(apiAuth["DefaultAuthorizer"])):
			refuse("Auth.Authorizer is NONE, and the API %s has no DefaultAuthorizer", e.api)
		case name != "NONE" && name != "AWS_IAM" && authorizers[name] == nil:
			refuse("Auth.Authorizer is %s, which is not among the Authorizers of the API %s", name, e.api)
		default:
			scopes := []any{}
			if authorizer, ok := authorizers[name].(map[string]any); ok && name != "NONE" {
				if list, ok := authorizer["AuthorizationScopes"].([]any); ok {
					scopes = list
				}
				if list, ok := e.auth["AuthorizationScopes"].([]any); ok {
					scopes = list
				}
			}
			for _, op := range operations {
				security := append(slices.Clone(securityOf(op)), map[string]any{name: scopes})
				op["security"] = security
				if object(security[0])["AWS_IAM"] != nil {
					defineSecurity(doc, "AWS_IAM", iamScheme())
				}
			}
		}
	}
	if pyTrue(e.auth["AuthorizationScopes"]) && !pyTrue(e.auth["Authorizer"]) {
		refuse("Auth.AuthorizationScopes stands without Auth.Authorizer")
	}
	if v := e.auth["ApiKeyRequired"]; v != nil {
		marker := apiKey
		if !pyTrue(v) {
			marker = noAPIKey
			if !pyTrue(s.decided(apiAuth["ApiKeyRequired"])) {
				refuse("Auth.ApiKeyRequired is false, and the API %s has no ApiKeyRequired", e.api)
				operations = nil
			}
		} else {
			defineSecurity(doc, apiKey, apiKeyScheme())
		}
		for _, op := range operations {
			op["security"] = append(slices.Clone(securityOf(op)), map[string]any{marker: []any{}})
		}
	}
	if v := e.auth["ResourcePolicy"]; pyTrue(v) {
		policy, ok := v.(map[string]any)
		if !ok {
			refuse("Auth.ResourcePolicy is not an object")
			return
		}
		s.networks(e.owner, policy)
		addPolicy(doc, policy, e.path, stage)
		addStatements(doc, policy["CustomStatements"])
	}
}

// functionRoute adds the operation of a function's event to the document of its API. The target is the logical id of the
// function, with its attribute, or of its alias.
func (s *sam) functionRoute(e *samEvent, target string) {
	api := s.apis[e.api]
	if api == nil {
		return
	}
	properties := object(object(s.resources[e.api])["Properties"])
	body, given := properties["DefinitionBody"].(map[string]any)
	merge := pyTrue(properties["MergeDefinitions"])
	if given && (api.managed || merge) {
		doc := body
		if merge {
			doc = emptyBody()
		}
		if s.integrate(e, doc, properties, target) && merge {
			mergeOperation(body, doc, e)
		}
	}
	if given && isSwagger(body) && pyTrue(e.auth["OverrideApiAuth"]) {
		s.secureEvent(e, body, properties, s.stage(e.api))
	}
}

// integrate adds the operation to a document. It reports whether SAM does.
func (s *sam) integrate(e *samEvent, doc, properties map[string]any, target string) bool {
	refuse := func(text string) { s.refuse(e.owner, "SAM refuses the event "+e.name+": "+text) }
	if hasIntegration(doc, e.path, e.method) {
		refuse("there is another event of " + strings.ToUpper(e.method) + " " + e.path)
		return false
	}
	version, call := "2015-03-31", "invocations"
	streams := e.properties["ResponseTransferMode"] == "RESPONSE_STREAM"
	if streams {
		version, call = "2021-11-15", "response-streaming-invocations"
	}
	var uri any = sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/" + version + "/functions/${" + target + "}/" + call)
	if e.condition != "" {
		uri = conditional(e.condition, uri)
	}
	integration := map[string]any{"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
	if streams {
		integration["responseTransferMode"] = "STREAM"
	}
	apiAuth := object(properties["Auth"])
	if e.auth["Authorizer"] == "AWS_IAM" || s.decided(apiAuth["DefaultAuthorizer"]) == "AWS_IAM" && len(e.auth) == 0 {
		if credentials := invokeRole(e.auth, apiAuth); credentials != nil {
			integration["credentials"] = credentials
		}
	}
	if v := e.properties["TimeoutInMillis"]; pyTrue(v) {
		integration["timeoutInMillis"] = v
	}
	addOperation(doc, e, integration, map[string]any{})
	if len(e.auth) > 0 {
		s.secureEvent(e, doc, properties, s.stage(e.api))
	}
	s.requestModel(e, doc, properties)
	s.requestParameters(e, doc)
	return true
}

// invokeRole is the role by which an operation with AWS_IAM calls its function; nil for none.
func invokeRole(own, api map[string]any) any {
	for _, auth := range []map[string]any{own, api} {
		role, given := auth["InvokeRole"]
		switch {
		case given && !pyTrue(role), role == "NONE":
			return nil
		case given && role != "CALLER_CREDENTIALS":
			return role
		case given:
			return sub("arn:${AWS::Partition}:iam::*:user/*")
		}
	}
	return sub("arn:${AWS::Partition}:iam::*:user/*")
}

// requestModel adds the model of an event's request, and the validation of what it requires.
func (s *sam) requestModel(e *samEvent, doc, properties map[string]any) {
	m, ok := e.properties["RequestModel"].(map[string]any)
	if !ok || !pyTrue(m["Model"]) {
		return
	}
	refuse := func(text string) { s.refuse(e.owner, "SAM refuses the event "+e.name+": "+text) }
	model, _ := m["Model"].(string)
	if !pyTrue(object(properties["Models"])[model]) {
		refuse("the model of RequestModel, " + textOf(m["Model"]) + ", is not among the Models of the API " + e.api)
		return
	}
	model = strings.ToLower(model)
	for _, op := range operationsAt(doc, e.path, e.method) {
		if doc["swagger"] != nil {
			p := map[string]any{"in": "body", "name": model, "schema": map[string]any{"$ref": "#/definitions/" + model}}
			take(p, map[string]any{"required": m["Required"]}, "required")
			op["parameters"] = append(slices.Clone(asList(op["parameters"])), p)
		} else {
			p := map[string]any{"content": map[string]any{"application/json": map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/" + model}}}}
			take(p, map[string]any{"required": m["Required"]}, "required")
			op["requestBody"] = p
		}
	}
	if m["ValidateBody"] == nil && m["ValidateParameters"] == nil {
		return
	}
	ofBody, ok1 := orElse(m["ValidateBody"], false).(bool)
	ofParameters, ok2 := orElse(m["ValidateParameters"], false).(bool)
	if !ok1 || !ok2 {
		refuse("ValidateBody and ValidateParameters of RequestModel must be true or false; SAM takes no text and no function there")
		return
	}
	name := map[[2]bool]string{{true, true}: "body-and-params", {true, false}: "body-only", {false, true}: "params-only", {false, false}: "no-validation"}[[2]bool{ofBody, ofParameters}]
	validators := inner(doc, "x-amazon-apigateway-request-validators")
	if validators[name] == nil {
		validators[name] = map[string]any{"validateRequestBody": ofBody, "validateRequestParameters": ofParameters}
	}
	for _, op := range operationsAt(doc, e.path, e.method) {
		op["x-amazon-apigateway-request-validator"] = name
	}
}

// requestParameters adds those of an event, and to the key of the cache those that say so.
func (s *sam) requestParameters(e *samEvent, doc map[string]any) {
	given := asList(e.properties["RequestParameters"])
	for _, v := range given {
		settings := map[string]any{}
		name, ok := v.(string)
		if m, isMap := v.(map[string]any); isMap && len(m) == 1 {
			for k, o := range m {
				name = k
				settings, ok = o.(map[string]any)
			}
		}
		in, short, found := strings.Cut(strings.TrimPrefix(name, "method.request."), ".")
		if !ok || !found || !strings.HasPrefix(name, "method.request.") || !slices.Contains([]string{"querystring", "path", "header"}, in) || len(unknownIn(settings, "Required Caching")) > 0 {
			s.refuse(e.owner, "SAM refuses the event "+e.name+": RequestParameters must be method.request.querystring.NAME, .path.NAME or .header.NAME, alone or with Required and Caching")
			continue
		}
		if in == "querystring" {
			in = "query"
		}
		for _, op := range operationsAt(doc, e.path, e.method) {
			op["parameters"] = append(slices.Clone(asList(op["parameters"])), map[string]any{"in": in, "name": short, "required": orElse(settings["Required"], false), "type": "string"})
			if pyTrue(settings["Caching"]) {
				integration := object(op[integrationKey])
				integration["cacheKeyParameters"] = append(slices.Clone(asList(integration["cacheKeyParameters"])), name)
			}
		}
	}
}

// mergeOperation puts the operation of an event's own document into one that the template gives, as MergeDefinitions wants
// it: members of the event's count. SAM keeps the method as it is there, "any" included.
func mergeOperation(body, doc map[string]any, e *samEvent) {
	paths, ok := body["paths"].(map[string]any)
	if !ok {
		return
	}
	item := inner(paths, e.path)
	op := maps.Clone(object(item[e.method]))
	maps.Copy(op, object(object(object(doc["paths"])[e.path])[methodKey(e.method)]))
	item[e.method] = op
}
