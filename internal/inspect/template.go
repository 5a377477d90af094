package inspect

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/corsgate/corsgate/internal/gateway"
)

// object is one of a template.
type object = map[string]any

// name is that of the API in findings, instead of a file's. The ids in the templates are those of the service's own
// addresses below it, such as resources/abc123/methods/GET.
func (s *State) name() string {
	return map[gateway.Kind]string{gateway.RestAPI: "restapis/", gateway.HTTPAPI: "apis/", gateway.FunctionURL: "functions/"}[s.kind] + s.ID
}

// root is the resource id of the path /.
func (s *State) root() string { return aws.ToString(s.api.RootResourceId) }

// configured makes a template of what is configured, with some stages.
func (s *State) configured(stages []types.Stage) []byte {
	if s.kind != gateway.RestAPI {
		return s.otherTemplate(stages)
	}
	all := object{}
	s.base(all, object{"Name": aws.ToString(s.api.Name), "BinaryMediaTypes": s.api.BinaryMediaTypes, "ApiKeySourceType": string(s.api.ApiKeySource), "Policy": policyDocument(aws.ToString(s.api.Policy))})
	for _, r := range s.resources {
		s.resource(all, r)
	}
	s.gatewayResponses(all)
	for _, a := range s.authorizer {
		s.add(all, "authorizers/"+aws.ToString(a.Id), "Authorizer", object{"Name": aws.ToString(a.Name), "Type": string(a.Type), "IdentitySource": aws.ToString(a.IdentitySource), "AuthorizerUri": aws.ToString(a.AuthorizerUri)})
	}
	for _, v := range s.validators {
		s.add(all, "requestvalidators/"+aws.ToString(v.Id), "RequestValidator", object{"ValidateRequestBody": v.ValidateRequestBody, "ValidateRequestParameters": v.ValidateRequestParameters})
	}
	for _, m := range s.models {
		name := aws.ToString(m.Name)
		s.add(all, "models/"+name, "Model", object{"Name": name, "ContentType": aws.ToString(m.ContentType), "Schema": aws.ToString(m.Schema)})
	}
	for _, st := range stages {
		s.stage(all, st)
	}
	return document(all)
}

// serves makes a template of what a stage serves, and false where that is not known.
func (s *State) serves(st types.Stage) ([]byte, bool) {
	body := s.exports[aws.ToString(st.StageName)]
	if body == nil {
		return nil, false
	}
	all := object{}
	s.base(all, object{"Name": aws.ToString(s.api.Name), "Body": body})
	if body[gatewayResponses] == nil {
		s.gatewayResponses(all) // whether they are served is not seen, and so not compared
	}
	s.stage(all, st)
	return document(all), true
}

// gatewayResponses adds those that somebody made.
func (s *State) gatewayResponses(all object) {
	for _, g := range s.responses {
		if !made(g) {
			continue
		}
		typ := string(g.ResponseType)
		s.add(all, "gatewayresponses/"+typ, "GatewayResponse", object{"ResponseType": typ, "StatusCode": aws.ToString(g.StatusCode), "ResponseParameters": g.ResponseParameters, "ResponseTemplates": g.ResponseTemplates})
	}
}

// base adds the API and the functions.
func (s *State) base(all, api object) { s.baseOf(all, "AWS::ApiGateway::RestApi", api) }

func (s *State) baseOf(all object, typ string, api object) {
	all[s.ID] = object{"Type": typ, "Properties": prune(api)}
	for _, name := range slices.Sorted(maps.Keys(s.functions)) {
		all["functions/"+name] = object{"Type": "AWS::Lambda::Function", "Properties": object{"FunctionName": name, "Environment": object{"Variables": s.functions[name]}}}
	}
}

func (s *State) add(all object, id, typ string, properties object) {
	key, service := "RestApiId", "AWS::ApiGateway::"
	if s.kind == gateway.HTTPAPI {
		key, service = "ApiId", "AWS::ApiGatewayV2::"
	}
	properties[key] = object{"Ref": s.ID}
	all[id] = object{"Type": service + typ, "Properties": prune(properties)}
}

// resource adds a resource with its methods.
func (s *State) resource(all object, r types.Resource) {
	id := aws.ToString(r.Id)
	ref := func(id string) any {
		if id == s.root() {
			return object{"Fn::GetAtt": []any{s.ID, "RootResourceId"}}
		}
		return object{"Ref": "resources/" + id}
	}
	if id != s.root() {
		s.add(all, "resources/"+id, "Resource", object{"ParentId": ref(aws.ToString(r.ParentId)), "PathPart": aws.ToString(r.PathPart)})
	}
	for verb, m := range r.ResourceMethods {
		p := object{"ResourceId": ref(id), "HttpMethod": verb, "AuthorizationType": aws.ToString(m.AuthorizationType), "ApiKeyRequired": aws.ToBool(m.ApiKeyRequired),
			"RequestParameters": m.RequestParameters, "RequestModels": m.RequestModels}
		// Not a Ref: what it names may not have been seen.
		if a := aws.ToString(m.AuthorizerId); a != "" {
			p["AuthorizerId"] = object{"Ref": "authorizers/" + a}
		}
		if v := aws.ToString(m.RequestValidatorId); v != "" {
			p["RequestValidatorId"] = object{"Ref": "requestvalidators/" + v}
		}
		var responses []any
		for _, status := range slices.Sorted(maps.Keys(m.MethodResponses)) {
			mr := m.MethodResponses[status]
			responses = append(responses, prune(object{"StatusCode": status, "ResponseParameters": mr.ResponseParameters, "ResponseModels": mr.ResponseModels}))
		}
		p["MethodResponses"] = responses
		if m.MethodIntegration != nil {
			p["Integration"] = integration(m.MethodIntegration)
		}
		s.add(all, "resources/"+id+"/methods/"+verb, "Method", p)
	}
}

func integration(i *types.Integration) object {
	var responses []any
	for _, status := range slices.Sorted(maps.Keys(i.IntegrationResponses)) {
		ir := i.IntegrationResponses[status]
		responses = append(responses, prune(object{"StatusCode": status, "SelectionPattern": aws.ToString(ir.SelectionPattern), "ContentHandling": string(ir.ContentHandling),
			"ResponseParameters": ir.ResponseParameters, "ResponseTemplates": ir.ResponseTemplates}))
	}
	return prune(object{"Type": string(i.Type), "Uri": aws.ToString(i.Uri), "IntegrationHttpMethod": aws.ToString(i.HttpMethod), "PassthroughBehavior": aws.ToString(i.PassthroughBehavior),
		"ContentHandling": string(i.ContentHandling), "RequestParameters": i.RequestParameters, "RequestTemplates": i.RequestTemplates, "CacheKeyParameters": i.CacheKeyParameters,
		"ResponseTransferMode": string(i.ResponseTransferMode), "IntegrationResponses": responses})
}

// stage adds a stage.
func (s *State) stage(all object, st types.Stage) {
	p := object{"StageName": aws.ToString(st.StageName), "Variables": st.Variables, "CacheClusterEnabled": st.CacheClusterEnabled}
	var settings []any
	for _, key := range slices.Sorted(maps.Keys(st.MethodSettings)) {
		// A key is the path with its slashes as ~1, a slash, and the method: ~1items/GET, */*.
		at := strings.LastIndex(key, "/")
		if at < 0 {
			continue
		}
		path := "/" + strings.TrimPrefix(strings.ReplaceAll(key[:at], "~1", "/"), "/")
		settings = append(settings, object{"ResourcePath": path, "HttpMethod": key[at+1:], "CachingEnabled": st.MethodSettings[key].CachingEnabled})
	}
	p["MethodSettings"] = settings
	if c := st.CanarySettings; c != nil {
		p["CanarySetting"] = object{"PercentTraffic": c.PercentTraffic, "StageVariableOverrides": c.StageVariableOverrides}
	}
	s.add(all, "stages/"+aws.ToString(st.StageName), "Stage", p)
}

func document(resources object) []byte {
	out, err := json.Marshal(object{"Resources": resources})
	if err != nil {
		panic(err) // it is made of what was JSON
	}
	return out
}

// prune takes out what says nothing, which a template would not have either.
func prune(o object) object {
	for k, v := range o {
		empty := false
		switch x := v.(type) {
		case nil:
			empty = true
		case string:
			empty = x == ""
		case []any:
			empty = len(x) == 0
		case []string:
			empty = len(x) == 0
		case map[string]string:
			empty = len(x) == 0
		case map[string]bool:
			empty = len(x) == 0
		}
		if empty {
			delete(o, k)
		}
	}
	return o
}

// policyDocument reads a resource policy, which the service gives as JSON whose quotes are escaped.
func policyDocument(text string) any {
	var out object
	for _, t := range []string{text, unescaped(text)} {
		if json.Unmarshal([]byte(t), &out) == nil {
			return out
		}
	}
	return nil
}

func unescaped(text string) string {
	s, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `\/`, "/") + `"`)
	if err != nil {
		return text
	}
	return s
}
