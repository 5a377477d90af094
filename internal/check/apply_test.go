package check

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/render"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/testkit/faults"
)

type object = map[string]any

// apply does to a tree what a reader does with a fragment: mappings go into mappings, responses to the response of their
// status, and the rest takes the place of what was there. By index is what the Serverless Framework does.
func apply(base, fragment any, byIndex bool) any {
	switch f := fragment.(type) {
	case object:
		b, ok := base.(object)
		if !ok || f["Ref"] != nil {
			return f
		}
		out := maps.Clone(b)
		for k, v := range f {
			out[k] = apply(b[k], v, byIndex)
		}
		return out
	case []any:
		b, ok := base.([]any)
		if len(f) == 0 || !ok {
			return f
		}
		out := slices.Clone(b)
		for i, e := range f {
			at := i
			if one, ok := e.(object); !byIndex && (!ok || one["StatusCode"] == nil) {
				return f
			} else if !byIndex {
				at = slices.IndexFunc(out, func(x any) bool { return x.(object)["StatusCode"] == one["StatusCode"] })
			}
			if at < 0 || at >= len(out) {
				out = append(out, e)
			} else {
				out[at] = apply(out[at], e, byIndex)
			}
		}
		return out
	}
	return fragment
}

// copied is a copy that shares nothing.
func copied(root object) object {
	var out object
	b, _ := json.Marshal(root)
	json.Unmarshal(b, &out)
	return out
}

// rendered runs the command of a fix.
func rendered(t *testing.T, text string) (form render.Form, stage string, out string) {
	t.Helper()
	_, text, _ = strings.Cut(text, "corsgate render ")
	flags := map[string]string{}
	for _, part := range strings.Split(strings.ReplaceAll(text, "\\\n", ""), "--")[1:] {
		flag, value, _ := strings.Cut(strings.TrimSpace(part), " ")
		flags[flag] = strings.TrimPrefix(flags[flag]+","+strings.Trim(value, "'"), ",")
	}
	list := func(s string) []string { return strings.FieldsFunc(s, func(c rune) bool { return c == ',' }) }
	_, credentials := flags["credentials"]
	_, inline := flags["inline"]
	p, err := cors.New(cors.Config{Origins: list(flags["origins"]), RequestHeaders: list(flags["headers"]), AllowCredentials: credentials})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	resource := flags["resource"]
	if resource == "" {
		resource = "items"
	}
	out, err = render.Render(render.Form(flags["as"]), p, render.Options{Path: flags["path"], Methods: list(flags["methods"]), API: flags["api"], Resource: resource, Stage: flags["stage"], Inline: inline})
	if err != nil {
		t.Fatal(err)
	}
	return render.Form(flags["as"]), flags["stage"], out
}

// fixed is a template after the fix of a finding.
type fixer func(t *testing.T, root object, f report.Finding) object

var replaced = regexp.MustCompile(`(?m)^# in the place of (.*):$`)

func inCloudFormation(t *testing.T, root object, f report.Finding) object {
	text := f.Fix.CloudFormation
	if text == "" {
		return inOpenAPI(t, root, f)
	}
	if !strings.Contains(text, "corsgate render") {
		return apply(root, object{"Resources": tree(t, text)}, false).(object)
	}
	root = apply(root, object{}, false).(object)
	_, _, made := rendered(t, text)
	resources := maps.Clone(root["Resources"].(object))
	if m := replaced.FindStringSubmatch(text); m != nil {
		delete(resources, m[1])
	}
	added := tree(t, made)["Resources"].(object)
	delete(added, "ApiDefault4XX") // there are some of these types
	delete(added, "ApiDefault5XX")
	out := apply(object{"Resources": resources}, object{"Resources": added}, false).(object)
	waits := out["Resources"].(object)["Deployment"].(object)["DependsOn"].([]any)
	waits = slices.DeleteFunc(slices.Clone(waits), func(v any) bool { return out["Resources"].(object)[v.(string)] == nil })
	for id := range added {
		if strings.HasSuffix(id, "Options") && !slices.Contains(waits, any(id)) {
			waits = append(waits, id)
		}
	}
	return apply(out, object{"Resources": object{"Deployment": object{"DependsOn": waits}}}, false).(object)
}

func inServerless(t *testing.T, root object, f report.Finding) object {
	return apply(root, object{"Resources": tree(t, f.Fix.Serverless)["resources"].(object)["Resources"]}, true).(object)
}

const taken = "# take away these headers:\n"

// without takes the headers of a fragment from a document.
func without(base any, fragment object) {
	b, _ := base.(object)
	for k, v := range fragment {
		if k == "headers" {
			for name := range v.(object) {
				delete(b[k].(object), name)
			}
		} else if next, ok := v.(object); ok {
			without(b[k], next)
		}
	}
}

func inOpenAPI(t *testing.T, root object, f report.Finding) object {
	text := f.Fix.OpenAPI
	if fragment, ok := strings.CutPrefix(text, taken); ok {
		root = copied(root)
		without(root["Resources"].(object)["Api"].(object)["Properties"].(object)["Body"], tree(t, fragment))
		return root
	}
	if m := replaced.FindStringSubmatch(text); m != nil && !strings.Contains(text, "corsgate render") {
		root = copied(root)
		deployment := root["Resources"].(object)["Deployment"].(object)
		for id := range strings.SplitSeq(m[1], ", ") {
			delete(root["Resources"].(object), id)
			waits, _ := deployment["DependsOn"].([]any)
			deployment["DependsOn"] = slices.DeleteFunc(waits, func(v any) bool { return v == id })
		}
	}
	if !strings.Contains(text, "corsgate render") {
		return apply(root, object{"Resources": object{"Api": object{"Properties": object{"Body": tree(t, text)}}}}, false).(object)
	}
	_, _, made := rendered(t, text)
	doc := tree(t, made)
	// The operation takes the place of the one that there is.
	paths := doc["paths"].(object)
	root = copied(root)
	body := root["Resources"].(object)["Api"].(object)["Properties"].(object)["Body"].(object)
	for path, item := range paths {
		maps.Copy(body["paths"].(object)[path].(object), item.(object))
	}
	variables := object{}
	for _, m := range regexp.MustCompile(`(?m)^# +(cors\w+)=(.*)$`).FindAllStringSubmatch(made, -1) {
		variables[m[1]] = m[2]
	}
	return apply(root, object{"Resources": object{"Stage": object{"Properties": object{"Variables": variables}}}}, false).(object)
}

var (
	finds    = regexp.MustCompile(`(?s)const (\w+) = api.root\s+\.resourceForPath\('(.*?)'\)\s+\.node.findChild\('(.*?)'\)`)
	errorOf  = regexp.MustCompile(`(?s)const (\w+) = api.node.findChild\('(.*?)'\)`)
	override = regexp.MustCompile(`(?s)(\w+)\.addProperty(?:Deletion)?Override\(\s*('[^\n]*?'|"[^\n]*?")(?:,\s+(.*?))?\);`)
	addError = regexp.MustCompile(`(?s)api.addGatewayResponse\('(\w+)', \{\s*type: apigateway.ResponseType.(\w+),\s*responseHeaders: \{(.*?)\n  \},`)
	header   = regexp.MustCompile(`(?m)^    '(.*?)': (".*"),$`)
)

var preflight = regexp.MustCompile(`(?s)resourceForPath\('/(\w)(\w*)'\).addCorsPreflight\(\{\s*allowOrigins: \['(.*?)'\],\s*allowMethods: \[(.*?)\],(?:\s*allowHeaders: \[(.*?)\],)?\s*\}`)

// preflown is what the CDK makes of addCorsPreflight: see test/templates/cdk-one-origin.template.json.
func preflown(root object, m []string) object {
	list := func(s string) string { return "'" + strings.NewReplacer("'", "", " ", "").Replace(s) + "'" }
	mapped, declared := object{}, object{}
	for name, value := range map[string]string{"Allow-Origin": list(m[3]), "Allow-Methods": list(m[4]), "Allow-Headers": list(cmp.Or(m[5], "Content-Type"))} {
		mapped["method.response.header.Access-Control-"+name], declared["method.response.header.Access-Control-"+name] = value, true
	}
	resource := strings.ToUpper(m[1]) + m[2]
	waits := append(slices.Clone(root["Resources"].(object)["Deployment"].(object)["DependsOn"].([]any)), resource+"Options")
	return apply(root, object{"Resources": object{"Deployment": object{"DependsOn": waits}, resource + "Options": object{"Type": "AWS::ApiGateway::Method", "Properties": object{
		"RestApiId": object{"Ref": "Api"}, "ResourceId": object{"Ref": resource}, "HttpMethod": "OPTIONS", "AuthorizationType": "NONE",
		"Integration":     object{"Type": "MOCK", "RequestTemplates": object{"application/json": "{ statusCode: 204 }"}, "IntegrationResponses": []any{object{"StatusCode": "204", "ResponseParameters": mapped}}},
		"MethodResponses": []any{object{"StatusCode": "204", "ResponseParameters": declared}}}}}}, false).(object)
}

var variables = regexp.MustCompile(`fn.addEnvironment\('(.*?)',\n  '(.*?)'\); // (\w+)`)

// inCDK does what the program in TypeScript has the CDK do.
func inCDK(t *testing.T, root object, f report.Finding) object {
	text := f.Fix.TypeScript
	if m := preflight.FindStringSubmatch(text); m != nil {
		return preflown(root, m)
	}
	if m := variables.FindAllStringSubmatch(text, -1); m != nil {
		for _, m := range m {
			root = apply(root, object{"Resources": object{m[3]: object{"Properties": object{"Environment": object{"Variables": object{m[1]: m[2]}}}}}}, false).(object)
		}
		return root
	}
	ids := map[string]string{}
	for _, m := range finds.FindAllStringSubmatch(text, -1) {
		ids[m[1]] = map[string]string{"/items": "Items", "/status": "Status"}[m[2]] + strings.ToUpper(m[3][:1]) + strings.ToLower(m[3][1:])
	}
	for _, m := range errorOf.FindAllStringSubmatch(text, -1) {
		ids[m[1]] = m[2]
	}
	out := root
	for _, m := range override.FindAllStringSubmatch(text, -1) {
		var value any = m[3]
		switch {
		case m[3] == "":
			value = object{"Ref": "AWS::NoValue"}
		case m[3] == "true" || m[3] == "false":
			value = m[3] == "true"
		default:
			value = literalOf(t, m[3])
		}
		path := strings.ReplaceAll(literalOf(t, m[2]), `\.`, "\x00")
		keys := strings.Split(path, ".")
		for _, k := range slices.Backward(keys) {
			if k >= "0" && k <= "9" {
				var n int
				fmt.Sscan(k, &n)
				list := make([]any, n+1)
				for i := range list {
					list[i] = object{}
				}
				list[n] = value
				value = list
				continue
			}
			value = object{strings.ReplaceAll(k, "\x00", "."): value}
		}
		out = apply(out, object{"Resources": object{ids[m[1]]: object{"Properties": value}}}, true).(object)
	}
	for _, m := range addError.FindAllStringSubmatch(text, -1) {
		headers := object{}
		for _, h := range header.FindAllStringSubmatch(m[3], -1) {
			headers["gatewayresponse.header."+h[1]] = literalOf(t, h[2])
		}
		out = apply(out, object{"Resources": object{m[1]: object{"Type": "AWS::ApiGateway::GatewayResponse", "Properties": object{
			"RestApiId": object{"Ref": "Api"}, "ResponseType": m[2], "ResponseParameters": headers}}}}, true).(object)
		waits := slices.Clone(out["Resources"].(object)["Deployment"].(object)["DependsOn"].([]any)) // as AddGatewayResponse does
		out["Resources"].(object)["Deployment"] = apply(out["Resources"].(object)["Deployment"], object{"DependsOn": nil}, false)
		out["Resources"].(object)["Deployment"].(object)["DependsOn"] = append(waits, m[1])
	}
	return out
}

func literalOf(t *testing.T, text string) string {
	t.Helper()
	if s, ok := strings.CutPrefix(text, "'"); ok {
		return strings.ReplaceAll(strings.TrimSuffix(s, "'"), `\\`, `\`)
	}
	var s string
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

func inSAMs(t *testing.T, root object, f report.Finding) object {
	if strings.Contains(f.Fix.SAM, "corsgate render") {
		_, _, made := rendered(t, f.Fix.SAM)
		properties := maps.Clone(root["Resources"].(object)["Api"].(object)["Properties"].(object))
		delete(properties, "Cors")
		root = apply(root, object{"Resources": object{"Api": object{"Properties": nil}}}, false).(object)
		root["Resources"].(object)["Api"].(object)["Properties"] = properties
		return apply(root, tree(t, made), false).(object)
	}
	fragment := tree(t, f.Fix.SAM)
	if strings.HasPrefix(f.Fix.SAM, taken) {
		root = copied(root)
		without(root["Resources"], fragment)
		return root
	}
	if fragment["Globals"] == nil {
		fragment = object{"Resources": fragment}
	}
	return apply(root, fragment, false).(object)
}

// asDocument is a template whose methods are in an OpenAPI document.
func asDocument(root object) object {
	lower := func(m object, but ...string) object {
		out := object{}
		for k, v := range m {
			if !slices.Contains(but, k) {
				out[strings.ToLower(k[:1])+k[1:]] = v
			}
		}
		return out
	}
	schemes := object{"iam": object{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
		"key": object{"type": "apiKey", "name": "x-api-key", "in": "header"}}
	paths, errors, resources := object{}, object{}, object{}
	for id, v := range root["Resources"].(object) {
		r := v.(object)
		p, _ := r["Properties"].(object)
		switch r["Type"] {
		case "AWS::ApiGateway::Resource", "AWS::ApiGateway::RequestValidator":
		case "AWS::ApiGateway::GatewayResponse":
			errors[p["ResponseType"].(string)] = lower(p, "RestApiId", "ResponseType")
		case "AWS::ApiGateway::Method":
			op := object{"responses": object{}}
			i, _ := p["Integration"].(object)
			integration := lower(i, "IntegrationResponses")
			if i["IntegrationHttpMethod"] != nil {
				integration["httpMethod"] = i["IntegrationHttpMethod"]
				delete(integration, "integrationHttpMethod")
			}
			responses := object{}
			list, _ := i["IntegrationResponses"].([]any)
			for _, e := range list {
				pattern := "default"
				if s, ok := e.(object)["SelectionPattern"].(string); ok {
					pattern = s
				}
				responses[pattern] = lower(e.(object), "SelectionPattern")
			}
			integration["responses"] = responses
			op["x-amazon-apigateway-integration"] = integration
			list, _ = p["MethodResponses"].([]any)
			for _, e := range list {
				headers := object{}
				parameters, _ := e.(object)["ResponseParameters"].(object)
				for name := range parameters {
					headers[strings.TrimPrefix(name, "method.response.header.")] = object{"schema": object{"type": "string"}}
				}
				op["responses"].(object)[e.(object)["StatusCode"].(string)] = object{"description": "ok", "headers": headers}
			}
			need := object{}
			if p["AuthorizationType"] == "AWS_IAM" {
				need["iam"] = []any{}
			}
			if p["ApiKeyRequired"] == true {
				need["key"] = []any{}
			}
			if len(need) > 0 {
				op["security"] = []any{need}
			}
			if p["RequestValidatorId"] != nil {
				op["x-amazon-apigateway-request-validator"] = "all"
				op["parameters"] = []any{object{"name": "x-tenant", "in": "header", "required": true, "schema": object{"type": "string"}}}
			}
			path := map[any]string{"Items": "/items", "Status": "/status"}[p["ResourceId"].(object)["Ref"]]
			item, _ := paths[path].(object)
			if item == nil {
				item = object{}
				paths[path] = item
			}
			item[strings.ToLower(p["HttpMethod"].(string))] = op
		default:
			resources[id] = maps.Clone(r)
		}
	}
	api, _ := resources["Api"].(object)["Properties"].(object)
	api = maps.Clone(api)
	api["Body"] = object{"openapi": "3.0.1", "info": object{"title": "a", "version": "1"}, "paths": paths, "components": object{"securitySchemes": schemes},
		"x-amazon-apigateway-request-validators": object{"all": object{"validateRequestParameters": true}}, "x-amazon-apigateway-gateway-responses": errors}
	if types, ok := api["BinaryMediaTypes"]; ok {
		api["Body"].(object)["x-amazon-apigateway-binary-media-types"] = types
	}
	resources["Api"] = object{"Type": "AWS::ApiGateway::RestApi", "Properties": api}
	deployment := resources["Deployment"].(object)
	delete(deployment, "DependsOn")
	return object{"Resources": resources}
}

// asSAM is a template with a document in the transform of SAM.
func asSAM(root object) object {
	root = asDocument(root)
	resources := root["Resources"].(object)
	api := resources["Api"].(object)["Properties"].(object)
	properties := object{"StageName": "prod", "DefinitionBody": api["Body"]}
	if types, ok := api["BinaryMediaTypes"]; ok {
		properties["BinaryMediaTypes"] = types
	}
	resources["Api"] = object{"Type": "AWS::Serverless::Api", "Properties": properties}
	delete(resources, "Deployment")
	delete(resources, "Stage")
	return object{"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
}

func asServerless(root object) object {
	b, _ := json.Marshal(root)
	var out object
	json.Unmarshal(bytes.ReplaceAll(b, []byte(`"Api"`), []byte(`"ApiGatewayRestApi"`)), &out)
	out["Outputs"] = object{"ServerlessDeploymentBucketName": object{"Value": "b"}}
	return out
}

func asCDK(root object) object {
	out := apply(root, object{"Rules": object{"CheckBootstrapVersion": object{}}}, false).(object)
	resources := maps.Clone(out["Resources"].(object))
	for id, v := range resources {
		r := v.(object)
		if r["Type"] == "AWS::ApiGateway::GatewayResponse" {
			r = maps.Clone(r)
			r["Metadata"] = object{"aws:cdk:path": "Shop/Api/" + id + "/Resource"}
			resources[id] = r
		}
	}
	out["Resources"] = resources
	return out
}

// sams are faults of an API of SAM.
var sams = map[rules.ID]string{
	rules.CORS101: "Resources: {Api: {Properties: {Cors: null}}}",
	rules.CORS102: "Resources: {Api: {Properties: {Auth: {DefaultAuthorizer: AWS_IAM}, Cors: {AllowHeaders: \"'content-type,authorization,x-amz-date,x-amz-security-token'\"}}}}",
	rules.CORS103: "Resources: {Api: {Properties: {Auth: {ApiKeyRequired: true}, Cors: {AllowHeaders: \"'content-type,x-api-key'\"}}}}",
	rules.CORS105: "Resources: {Api: {Properties: {BinaryMediaTypes: ['*/*']}}}",
	rules.CORS110: "Resources: {Api: {Properties: {Cors: {AllowMethods: \"'GET'\"}}}}",
	rules.CORS111: "Resources: {Api: {Properties: {Auth: {ApiKeyRequired: true, AddApiKeyRequiredToCorsPreflight: false}}}}",
	rules.CORS112: "Resources: {Api: {Properties: {Auth: {DefaultAuthorizer: AWS_IAM, AddDefaultAuthorizerToCorsPreflight: false}, Cors: {AllowHeaders: \"'*'\"}}}}",
	rules.CORS117: "Resources: {Api: {Properties: {Cors: {MaxAge: \"'86400'\"}}}}",
	rules.CORS120: "Resources: {Api: {Properties: {Cors: {AllowMethods: \"'GET PUT'\"}}}}",
	rules.CORS122: "Resources: {Api: {Properties: {Cors: {AllowHeaders: \"'x-request-id'\"}}}, Fn: {Properties: {InlineCode: \"exports.handler = async (event) => {const b = JSON.parse(event.body); return {statusCode: 200, headers: {'Access-Control-Allow-Origin': 'https://app.example.com'}}}\"}}}",
	rules.CORS204: "Resources: {Api: {Properties: {Cors: {AllowOrigin: \"'https://app.example.com,https://b.example.com'\"}}}}",
	rules.CORS205: "Resources: {Api: {Properties: {Cors: {AllowOrigin: \"'https://app.example.com/'\"}}}}",
	rules.CORS213: "Resources: {Fn: {Properties: {Environment: {Variables: {CORS_ORIGINS: 'https://app.example.com,null'}}}}}",
	rules.CORS301: "Resources: {Api: {Properties: {GatewayResponses: null}}}",
	rules.CORS302: "Resources: {Api: {Properties: {GatewayResponses: {DEFAULT_5XX: null}}}}",
	rules.CORS303: "Resources: {Api: {Properties: {GatewayResponses: {UNAUTHORIZED: {StatusCode: 401}}}}}",
	rules.CORS304: "Resources: {Api: {Properties: {Cors: {AllowCredentials: true}}}}",
}

const samClean = `
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: prod
      Cors: {AllowOrigin: "'https://app.example.com'", AllowHeaders: "'content-type'"}
      GatewayResponses:
        DEFAULT_4XX: {ResponseParameters: {Headers: {Access-Control-Allow-Origin: "'https://app.example.com'"}}}
        DEFAULT_5XX: {ResponseParameters: {Headers: {Access-Control-Allow-Origin: "'https://app.example.com'"}}}
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: "exports.handler = async () => ({statusCode: 200, headers: {'Access-Control-Allow-Origin': 'https://app.example.com'}})"
      Events:
        Get: {Type: Api, Properties: {Path: /items, Method: get, RestApiId: !Ref Api}}
        Put: {Type: Api, Properties: {Path: /items, Method: put, RestApiId: !Ref Api}}
`

// remains are what a fix cannot help: the CDK's preflights pass a body through; no name of the Framework's deployment is
// known to what has to be waited for; a mock of one origin was none of CORS118's business.
var remains = map[string]rules.ID{
	"CDK CORS101": rules.CORS107, "CDK CORS119": rules.CORS107, "Serverless CORS301": rules.CORS401, "Serverless CORS302": rules.CORS401,
	"CloudFormation CORS118": rules.CORS208, "OpenAPI CORS118": rules.CORS208,
}

// TestApply does what the fixes say to the templates of which they are, and asks again: the finding is gone, no other has
// come, and pages get in.
func TestApply(t *testing.T) {
	clean, sam := tree(t, cleanText(t)), tree(t, samClean)
	forms := []struct {
		name  string
		made  func(object) object
		text  func(rules.Fix) string
		fixed fixer
	}{
		{"CloudFormation", func(r object) object { return r }, func(f rules.Fix) string { return cmp.Or(f.CloudFormation, f.OpenAPI) }, inCloudFormation},
		{"OpenAPI", asDocument, func(f rules.Fix) string { return f.OpenAPI }, inOpenAPI},
		{"Serverless", asServerless, func(f rules.Fix) string { return f.Serverless }, inServerless},
		{"CDK", asCDK, func(f rules.Fix) string { return f.TypeScript }, inCDK},
		{"SAM with a document", asSAM, func(f rules.Fix) string { return f.SAM }, inSAMs},
		{"SAM", nil, func(f rules.Fix) string { return f.SAM }, inSAMs},
	}
	total := 0
	for _, form := range forms {
		var done []string
		for _, r := range rules.All() {
			if changes[r.ID] == nil || r.ID == rules.CORS121 { // which is printed without its fix
				continue
			}
			var before object
			if form.made == nil {
				if sams[r.ID] == "" {
					continue
				}
				before = faults.Merge(sam, tree(t, sams[r.ID])).(object)
			} else {
				before = form.made(faults.Merge(clean, tree(t, r.Before)).(object))
			}
			rep := checkTree(t, before)
			after, text := before, ""
			for _, f := range rep.Findings {
				if f.Rule != r.ID {
					continue
				}
				text = form.text(f.Fix)
				if text == "" || strings.Contains(text, "corsgate render") && (form.name == "Serverless" || form.name == "SAM with a document") {
					t.Logf("%s, %s: not applied here: %q", form.name, r.ID, text)
					text = ""
					break
				}
				after = form.fixed(t, after, f)
			}
			if had := ids(rep); text == "" {
				if had[r.ID] == 0 && (form.name == "SAM" || form.name == "CloudFormation") {
					t.Errorf("%s, %s: not found:\n%s", form.name, r.ID, listing(rep))
				}
				continue
			} else {
				rep := checkTree(t, after)
				if slices.ContainsFunc(rep.Findings, func(f report.Finding) bool {
					return f.Rule == r.ID || had[f.Rule] == 0 && f.Rule != remains[form.name+" "+string(r.ID)]
				}) || len(rep.Crashed)+len(rep.NotJudged) > 0 {
					t.Errorf("%s, %s: after\n%s\n%s", form.name, r.ID, text, listing(rep))
				}
			}
			letsIn(t, form.name+", "+string(r.ID), after)
			done = append(done, string(r.ID))
		}
		total += len(done)
		t.Logf("%s: %d fixes applied: %s", form.name, len(done), strings.Join(done, " "))
	}
	t.Logf("%d fixes applied", total)
	if total < 185 {
		t.Errorf("%d fixes applied, want 185", total)
	}
}

// letsIn asks the model whether a page at the API's origin gets in, on each route.
func letsIn(t *testing.T, name string, root object) {
	t.Helper()
	b, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	app, err := cfn.Parse("t.json", b, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range (&seen{app: app}).views(nil) {
		for _, r := range v.routes {
			rep := v.preflight(r, "https://app.example.com")
			if rep == nil || !rep.Preflight.Verdict.Allowed && rep.Preflight.Verdict.Code != browser.HeaderDisallowedByPreflightResponse {
				t.Errorf("%s: %s %s: %+v", name, r.name, r.path, rep)
			}
		}
	}
}

// TestMade holds that an API which corsgate made gets corsgate's fix, what is to be written differently, and no other.
func TestMade(t *testing.T) {
	root := faults.Merge(asCDK(tree(t, cleanText(t))), tree(t, `Resources:
  Stage: {Properties: {Variables: {corsOrigins: "https://app.example.com"}}}
  ItemsPut: {Properties: {ApiKeyRequired: true}}
  ItemsOptions: {Properties: {AuthorizationType: AWS_IAM}}
  StatusGet: {Properties: {ApiKeyRequired: true}}`)).(object)
	for id, want := range map[rules.ID]string{
		rules.CORS102: "take away what changes them",
		rules.CORS111: `RequestHeaders: []string{"x-api-key"}`,
	} {
		rep := checkTree(t, root)
		i := slices.IndexFunc(rep.Findings, func(f report.Finding) bool { return f.Rule == id })
		if i < 0 {
			t.Fatalf("no %s:\n%s", id, listing(rep))
		}
		fix := rep.Findings[i].Fix
		if !strings.Contains(fix.Go, want) || strings.Contains(fix.Go, "corsapi.") || fix != (rules.Fix{Go: fix.Go}) {
			t.Errorf("%s: %+v", id, fix)
		}
	}
}

// TestRefused holds that what SAM refuses is told with the property that it has.
func TestRefused(t *testing.T) {
	for change, want := range map[string]string{
		`{Cors: {AllowCredentials: true, AllowOrigin: "'*'"}}`: "AllowCredentials: true\n      AllowOrigin: \"'https://app.example.com'\"",
		`{Cors: {AllowOrigins: ["https://a.example.com"]}}`:    "AllowOrigin: \"'https://app.example.com'\"",
		`{GatewayResponses: {DEFAULT_4xx: {StatusCode: 400}}}`: "DEFAULT_4XX:",
		`{GatewayResponses: x}`:                                "GatewayResponses:\n      DEFAULT_4XX:",
	} {
		rep := checkTree(t, faults.Merge(tree(t, samClean), tree(t, "Resources: {Api: {Properties: "+change+"}}")))
		i := slices.IndexFunc(rep.Findings, func(f report.Finding) bool { return f.Rule == rules.CORS904 })
		if i < 0 {
			t.Errorf("%s: not found\n%s", change, listing(rep))
			continue
		}
		if fix := rep.Findings[i].Fix; !strings.Contains(fix.SAM, want) || fix != (rules.Fix{SAM: fix.SAM}) {
			t.Errorf("%s: %+v", change, fix)
		}
	}
}

// TestApplyMany holds that the fix of a finding of two places is for both.
func TestApplyMany(t *testing.T) {
	two := faults.Merge(tree(t, cleanText(t)), tree(t, "Resources: {ItemsOptions: &iam {Properties: {AuthorizationType: AWS_IAM, Integration: {PassthroughBehavior: WHEN_NO_MATCH}}}, StatusOptions: *iam}")).(object)
	for name, form := range map[string]struct {
		made  object
		fixed fixer
	}{
		"CloudFormation": {two, inCloudFormation}, "OpenAPI": {asDocument(two), inOpenAPI}, "Serverless": {asServerless(two), inServerless},
		"CDK": {asCDK(two), inCDK}, "SAM with a document": {asSAM(two), inSAMs},
	} {
		root := form.made
		for range 2 { // what CORS102 hides is found then
			for _, f := range checkTree(t, root).Findings {
				if len(f.Places) != 2 {
					t.Errorf("%s: %s at %d places", name, f.Rule, len(f.Places))
				}
				root = form.fixed(t, root, f)
			}
		}
		if got := listing(checkTree(t, root)); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}
