package check

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/render"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// A maker is what an API was written with.
type maker int

const (
	byHand maker = iota // CloudFormation
	byCorsgate
	byCDK
	bySAM
	byServerless
	byDocument // OpenAPI
)

// made returns what the API was written with.
func (v *View) made() maker {
	rest := v.API.Rest
	if v.cdk() {
		switch {
		case slices.ContainsFunc(sortedKeys(v.API.Variables), stagevars.IsAllowlist):
			return byCorsgate
		case rest.Properties["Body"] == nil:
			return byCDK
		}
		return byDocument
	}
	for _, s := range v.App.Of(rest, "AWS::ApiGateway::Stage") {
		if s.Cause != "" {
			return bySAM
		}
	}
	switch {
	case rest.ID == "ApiGatewayRestApi" && dig(rest.Stack.Raw, "Outputs", "ServerlessDeploymentBucketName") != nil:
		return byServerless
	case rest.Properties["Body"] != nil:
		return byDocument
	}
	return byHand
}

// cdk reports whether the CDK wrote the template.
func (v *View) cdk() bool {
	st := v.API.Rest.Stack
	return dig(st.Raw, "Rules", "CheckBootstrapVersion") != nil || slices.ContainsFunc(st.Resources, func(r *cfn.Resource) bool { return r.Metadata["aws:cdk:path"] != nil })
}

// write writes a change in the form of the API. It returns false where the form cannot have it.
func (v *View) write(out *rules.Fix, made maker, c *change) bool {
	if c.preflight != nil {
		return v.writePreflight(out, made, c.preflight)
	}
	if c.other != nil {
		return v.writeOther(out, made, c)
	}
	if (made == bySAM || made == byDocument) && removes(c.properties["MethodResponses"]) && c.properties["Integration"] != nil {
		return false // a document has no word for what is not there
	}
	var tree map[string]any
	switch made {
	case byCDK:
		out.TypeScript, out.CDK = v.overrides(c)
		return true
	case bySAM:
		if tree = v.inSAM(c); tree != nil {
			out.SAM = c.inThePlace() + render.YAML(tree)
			return true
		}
		if c.method == nil || c.method.HTTPMethod != "OPTIONS" || !routePath.MatchString(c.method.Resource.Path) {
			return false
		}
		methods, headers := v.around(place{path: c.method.Resource.Path})
		out.SAM = v.command(render.SAM, c.method.Resource, methods, headers) // SAM's own OPTIONS method cannot be otherwise

	case byDocument:
		out.OpenAPI = c.inThePlace() + render.YAML(v.inDocument(c))
	case byServerless:
		// The Framework merges resources of a name that it makes itself, lists by their index.
		changed, added := v.inTemplate(c, true)
		if len(added) > 0 {
			out.Serverless = "# the Framework's deployment does not wait for these: deploy twice,\n# the first time\n"
			maps.Copy(changed, added)
		}
		out.Serverless += render.YAML(map[string]any{"resources": map[string]any{"Resources": changed}})
	default:
		changed, added := v.inTemplate(c, false)
		text := "# a stage serves a deployment: make a new one with this\n"
		for _, part := range []map[string]any{added, changed, v.waits(sortedKeys(added))} {
			if len(part) > 0 {
				text += render.YAML(part) + "\n"
			}
		}
		out.CloudFormation = strings.TrimSuffix(text, "\n")
	}
	return true
}

// inThePlace says what is to be taken away.
func (c *change) inThePlace() string {
	switch {
	case removes(c.properties["MethodResponses"]):
		return "# take away these headers:\n"
	case len(c.gone) == 0:
		return ""
	}
	return "# in the place of " + strings.Join(c.gone, ", ") + ":\n"
}

// removes reports whether method responses have what is to be taken away.
func removes(responses any) bool {
	return slices.ContainsFunc(list(responses), func(e any) bool {
		one, _ := e.(map[string]any)
		parameters := dig(one, "ResponseParameters")
		return slices.ContainsFunc(sortedKeys(parameters), func(k string) bool { return parameters[k] != true })
	})
}

// writeOther writes a change of a resource that is neither a method nor a gateway response.
func (v *View) writeOther(out *rules.Fix, made maker, c *change) bool {
	tree := map[string]any{c.other.ID: c.attributes}
	switch made {
	case bySAM:
		if c.other.Type == "AWS::ApiGateway::Stage" { // which SAM makes
			tree = v.ofSAM(dig(c.attributes, "Properties"))
		}
		out.SAM = render.YAML(tree)
	case byServerless:
		if c.attributes["DependsOn"] != nil {
			return false // its name is another with each deployment
		}
		out.Serverless = render.YAML(map[string]any{"resources": map[string]any{"Resources": tree}})
	case byCDK:
		variables := dig(c.attributes, "Properties", "Environment", "Variables")
		if len(variables) == 0 {
			return false
		}
		var ts, golang []string
		for _, name := range sortedKeys(variables) {
			ts = append(ts, fmt.Sprintf("fn.addEnvironment(%s,\n  %s); // %s", inTypeScript(name), inTypeScript(variables[name]), c.other.ID))
			golang = append(golang, fmt.Sprintf("fn.AddEnvironment(jsii.String(%q),\n\t%s, nil) // %s", name, inGo(variables[name]), c.other.ID))
		}
		out.TypeScript, out.CDK = strings.Join(ts, "\n"), strings.Join(golang, "\n")
	default:
		out.CloudFormation = render.YAML(tree)
	}
	return true
}

// waits has the deployments depend on new resources.
func (v *View) waits(added []string) map[string]any {
	out := map[string]any{}
	for _, d := range v.App.Of(v.API.Rest, "AWS::ApiGateway::Deployment") {
		if len(d.DependsOn) > 0 && len(added) > 0 {
			var list []any
			for _, id := range slices.Concat(d.DependsOn, added) {
				list = append(list, id)
			}
			out[d.ID] = map[string]any{"DependsOn": list}
		}
	}
	return out
}

// inTemplate is a change of resources: of those that there are, and those that are new.
func (v *View) inTemplate(c *change, byIndex bool) (changed, added map[string]any) {
	changed, added = map[string]any{}, map[string]any{}
	if m := c.method; m != nil {
		properties := c.properties
		if m.Source == v.API.Rest {
			return map[string]any{m.Source.ID: map[string]any{"Properties": map[string]any{"Body": v.inDocument(c)}}}, added
		}
		if byIndex {
			properties, _ = indexed(properties, m).(map[string]any)
		}
		changed[m.Source.ID] = map[string]any{"Properties": properties}
	}
	for typ, headers := range c.errors {
		if of := v.gatewayPlace(typ).of; of != nil {
			changed[of.ID] = map[string]any{"Properties": map[string]any{"ResponseParameters": prefixed(apigw.GatewayHeader, headers)}}
			continue
		}
		added[v.API.Rest.ID+pascal(typ)] = map[string]any{"Type": "AWS::ApiGateway::GatewayResponse", "Properties": map[string]any{
			"RestApiId": map[string]any{"Ref": v.API.Rest.ID}, "ResponseType": typ, "ResponseParameters": prefixed(apigw.GatewayHeader, headers)}}
	}
	return changed, added
}

func prefixed(prefix string, headers map[string]string) map[string]any {
	out := map[string]any{}
	for name, value := range headers {
		out[prefix+name] = value
	}
	return out
}

// pascal is Default4XX of DEFAULT_4XX.
func pascal(typ string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(typ, "_") {
		if word[0] >= '0' && word[0] <= '9' {
			b.WriteString(word)
		} else {
			b.WriteString(word[:1] + strings.ToLower(word[1:]))
		}
	}
	return b.String()
}

// indexed puts the elements of lists that are of a status where the method has them.
func indexed(v any, m *gateway.Method) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if l, ok := x.([]any); ok {
				var list []any
				for _, e := range l {
					at := position(k, e, m)
					for len(list) <= at {
						list = append(list, map[string]any{})
					}
					list[at] = e
				}
				out[k] = list
				continue
			}
			out[k] = indexed(x, m)
		}
		return out
	}
	return v
}

// position is the place of a response in its list, at the end where the method has none of its status.
func position(list string, e any, m *gateway.Method) int {
	status, _ := e.(map[string]any)["StatusCode"].(string)
	var at, n int
	if list == "MethodResponses" {
		at, n = slices.IndexFunc(m.Responses, func(r gateway.MethodResponse) bool { return r.Status == status }), len(m.Responses)
	} else {
		at, n = slices.IndexFunc(m.Integration.Responses, func(r gateway.IntegrationResponse) bool { return r.Status == status }), len(m.Integration.Responses)
	}
	if at < 0 {
		return n
	}
	return at
}

// inDocument is a change of an OpenAPI document.
func (v *View) inDocument(c *change) map[string]any {
	out := map[string]any{}
	if m := c.method; m != nil {
		verb := strings.ToLower(m.HTTPMethod)
		if m.HTTPMethod == "ANY" {
			verb = "x-amazon-apigateway-any-method"
		}
		operation := map[string]any{}
		for k, x := range c.properties {
			switch k {
			case "AuthorizationType", "ApiKeyRequired":
				operation["security"] = []any{}
			case "RequestValidatorId":
				name, missing := v.idle()
				operation["x-amazon-apigateway-request-validator"] = name
				if missing {
					out["x-amazon-apigateway-request-validators"] = map[string]any{name: map[string]any{"validateRequestBody": false, "validateRequestParameters": false}}
				}
			case "Integration":
				operation["x-amazon-apigateway-integration"] = integration(x.(map[string]any), m)
			case "MethodResponses":
				operation["responses"] = v.declared(x.([]any))
			}
		}
		out["paths"] = map[string]any{m.Resource.Path: map[string]any{verb: operation}}
	}
	if len(c.errors) > 0 {
		errors := map[string]any{}
		for typ, headers := range c.errors {
			errors[typ] = map[string]any{"responseParameters": prefixed(apigw.GatewayHeader, headers)}
		}
		out["x-amazon-apigateway-gateway-responses"] = errors
	}
	return out
}

// idle is a validator of the document that validates nothing, and whether it has to be written first.
func (v *View) idle() (name string, missing bool) {
	validators := dig(v.API.Rest.Properties, "Body", "x-amazon-apigateway-request-validators")
	for _, name := range sortedKeys(validators) {
		if one := dig(validators, name); one["validateRequestBody"] != true && one["validateRequestParameters"] != true {
			return name, false
		}
	}
	name = "none"
	for validators[name] != nil {
		name += "0"
	}
	return name, true
}

// integration renames properties of an integration as a document has them, whose responses are by their pattern.
func integration(properties map[string]any, m *gateway.Method) map[string]any {
	out := map[string]any{}
	for k, x := range properties {
		k = strings.ToLower(k[:1]) + k[1:]
		if k == "integrationHttpMethod" {
			k = "httpMethod"
		}
		if list, ok := x.([]any); ok {
			responses := map[string]any{}
			for _, e := range list {
				one := map[string]any{}
				for k, x := range e.(map[string]any) {
					one[strings.ToLower(k[:1])+k[1:]] = x
				}
				for _, ir := range m.Integration.Responses {
					if ir.Status == one["statusCode"] {
						responses[cmp.Or(ir.Pattern, "default")] = one
					}
				}
			}
			out["responses"] = responses
			continue
		}
		out[k] = x
	}
	return out
}

// declared has method responses as a document has them.
func (v *View) declared(list []any) map[string]any {
	var header any = map[string]any{"schema": map[string]any{"type": "string"}}
	if dig(v.API.Rest.Properties, "Body")["swagger"] != nil {
		header = map[string]any{"type": "string"}
	}
	out := map[string]any{}
	for _, e := range list {
		one, _ := e.(map[string]any)
		headers := map[string]any{}
		for name := range dig(one, "ResponseParameters") {
			headers[strings.TrimPrefix(name, apigw.MethodHeader)] = header
		}
		status, _ := one["StatusCode"].(string)
		response := map[string]any{"headers": headers}
		out[status] = response
	}
	return out
}

// ofSAM are the properties of an API of SAM, at the API or, where SAM makes one of its own, in Globals.
func (v *View) ofSAM(properties map[string]any) map[string]any {
	if v.API.Rest.Cause != "" {
		return map[string]any{"Globals": map[string]any{"Api": properties}}
	}
	return map[string]any{v.API.Rest.ID: map[string]any{"Properties": properties}}
}

// inSAM is a change of an API of SAM; nil where SAM has no property for it.
func (v *View) inSAM(c *change) map[string]any {
	properties := map[string]any{}
	if len(c.errors) > 0 {
		errors := map[string]any{}
		for typ, headers := range c.errors {
			errors[typ] = map[string]any{"ResponseParameters": map[string]any{"Headers": prefixed("", headers)}}
		}
		properties["GatewayResponses"] = errors
	}
	if m := c.method; m != nil {
		if !madeBySAM(m) {
			return v.ofSAM(map[string]any{"DefinitionBody": v.inDocument(c)})
		}
		for k, x := range c.properties {
			switch k {
			case "AuthorizationType":
				properties["Auth"] = map[string]any{"AddDefaultAuthorizerToCorsPreflight": false}
			case "ApiKeyRequired":
				properties["Auth"] = map[string]any{"AddApiKeyRequiredToCorsPreflight": false}
			case "MethodResponses": // SAM writes them
			case "Integration":
				list, _ := x.(map[string]any)["IntegrationResponses"].([]any)
				if len(list) == 0 || len(x.(map[string]any)) > 1 {
					return nil
				}
				parameters := dig(list[0].(map[string]any), "ResponseParameters")
				if len(parameters) == 0 {
					return nil
				}
				cors := map[string]any{}
				for _, ir := range m.Integration.Responses {
					cors["AllowOrigin"] = cmp.Or(originMapping(ir), "'*'") // Cors may be this alone
				}
				for name, value := range parameters {
					short := strings.ReplaceAll(strings.TrimPrefix(name, apigw.MethodHeader+"Access-Control-"), "-", "")
					if short == "AllowCredentials" {
						value = value == "'true'"
					}
					cors[short] = value
				}
				properties["Cors"] = cors
			default:
				return nil
			}
		}
	}
	if len(properties) == 0 {
		return nil
	}
	return v.ofSAM(properties)
}

// writePreflight writes how a resource gets an OPTIONS method.
func (v *View) writePreflight(out *rules.Fix, made maker, r *gateway.Resource) bool {
	methods, headers := v.around(place{path: r.Path})
	if len(methods) == 0 || !routePath.MatchString(r.Path) {
		return false
	}
	command := v.command
	switch made {
	case byCDK:
		if r.Method("OPTIONS") == nil {
			out.TypeScript, out.CDK = addCorsPreflight(r.Path, cmp.Or(strings.Join(v.listed(), "\n"), anyPage), methods, headers)
			break
		}
		out.CloudFormation = command(render.CloudFormation, r, methods, headers)
	case bySAM:
		origin := v.one()
		if origin == "" || len(headers) == 0 || v.API.Find(r.Path).Method("OPTIONS") != nil && !madeBySAM(r.Method("OPTIONS")) {
			out.SAM = command(render.SAM, r, methods, headers)
			break
		}
		cors := map[string]any{"AllowOrigin": origin, "AllowHeaders": "'" + strings.Join(headers, ",") + "'"}
		if origin != "'*'" && v.credentialed() {
			cors["AllowCredentials"] = true
		}
		out.SAM = render.YAML(v.ofSAM(map[string]any{"Cors": cors}))
	case byDocument:
		out.OpenAPI = command(render.OpenAPI, r, methods, headers)
	case byServerless:
		out.Serverless = command(render.Serverless, r, methods, headers)
	default:
		out.CloudFormation = command(render.CloudFormation, r, methods, headers)
	}
	return true
}

var (
	// routePath and logicalID are names that a command line has.
	routePath = regexp.MustCompile(`^/[A-Za-z0-9_./{}+$:@%~-]*$`)
	logicalID = regexp.MustCompile(`^[A-Za-z0-9]+$`)
)

// shellSafe is a word that a shell reads as it is.
var shellSafe = regexp.MustCompile(`^[A-Za-z0-9_./:,=@%+-]+$`)

// command is the command that prints an OPTIONS method with what goes with it.
func (v *View) command(form render.Form, r *gateway.Resource, methods, headers []string) string {
	origins := v.listed()
	if len(origins) == 0 {
		origins = []string{anyPage}
	}
	args := []string{"corsgate render --as " + string(form)}
	add := func(flag, value string) {
		if !shellSafe.MatchString(value) {
			value = "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
		}
		args = append(args, "  "+flag+" "+value)
	}
	addAll := func(flag string, values []string) { // as often as its values take lines
		line := ""
		for _, value := range values {
			if line != "" && len(line)+len(value) > 55 {
				add(flag, line)
				line = ""
			}
			line = strings.TrimPrefix(line+","+value, ",")
		}
		if line != "" {
			add(flag, line)
		}
	}
	addAll("--origins", origins)
	add("--path", r.Path)
	addAll("--methods", methods)
	addAll("--headers", headers)
	if v.credentialed() && !v.Allowlist.Any {
		args = append(args, "  --credentials")
	}
	switch form {
	case render.Serverless:
		for _, m := range r.Methods() {
			if fn := v.proxied(m); fn != nil {
				name := strings.TrimSuffix(fn.ID, "LambdaFunction")
				add("--resource", strings.ToLower(name[:1])+name[1:])
				break
			}
		}
	case render.CloudFormation:
		add("--api", v.API.Rest.ID)
		if r.Source != nil && r.Source.Type == "AWS::ApiGateway::Resource" && logicalID.MatchString(r.Source.ID) {
			add("--resource", r.Source.ID)
		}
		if stage := v.stage(); stage != "" {
			add("--stage", stage)
		} else {
			args = append(args, "  --inline") // a deployment's own stage has no resource for variables
		}
	default:
		if v.API.Rest.Cause != "" { // SAM's own API has no resource
			break
		}
		add("--api", v.API.Rest.ID)
	}
	text := strings.Join(args, " \\\n")
	if m := r.Method("OPTIONS"); m != nil {
		name := "OPTIONS " + r.Path
		if logicalID.MatchString(m.ID) {
			name = m.ID
		}
		text = "# in the place of " + name + ":\n" + text
	}
	return text
}

// stage is the logical id of the resource of the stage; empty where there is none.
func (v *View) stage() string {
	for _, s := range v.App.Of(v.API.Rest, "AWS::ApiGateway::Stage") {
		if s.ID == v.API.StageID && logicalID.MatchString(s.ID) {
			return s.ID
		}
	}
	return ""
}

// variable is a name for a method in a program.
func variable(m *gateway.Method) string {
	words := strings.FieldsFunc(strings.ToLower(m.Resource.Path+"/"+m.HTTPMethod), func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') })
	for i, w := range words[1:] {
		words[i+1] = strings.ToUpper(w[:1]) + w[1:]
	}
	if c := words[0][0]; c >= '0' && c <= '9' {
		words[0] = "m" + words[0]
	}
	return strings.Join(words, "")
}

// overrides writes a change in the CDK, which has no property for most of them.
func (v *View) overrides(c *change) (ts, golang string) {
	var t, g strings.Builder
	t.WriteString("api.latestDeployment?.addToLogicalId('CORS'); // a stage serves it\n")
	g.WriteString("api.LatestDeployment().AddToLogicalId(\"CORS\") // a stage serves it\n")
	set := func(name, key string, value any) {
		jsiiKey := fmt.Sprintf("jsii.String(%q)", key)
		if value == nil {
			t.WriteString(call(name+".addPropertyDeletionOverride", "  ", inTypeScript(key)) + ";\n")
			g.WriteString(call(name+".AddPropertyDeletionOverride", "\t", jsiiKey) + "\n")
			return
		}
		t.WriteString(call(name+".addPropertyOverride", "  ", inTypeScript(key), inTypeScript(value)) + ";\n")
		g.WriteString(call(name+".AddPropertyOverride", "\t", jsiiKey, inGo(value)) + "\n")
	}
	if m := c.method; m != nil {
		name := variable(m)
		fmt.Fprintf(&t, "const %s = api.root\n  .resourceForPath(%s)\n  .node.findChild(%s)\n  .node.defaultChild as apigateway.CfnMethod;\n", name, inTypeScript(m.Resource.Path), inTypeScript(m.HTTPMethod))
		fmt.Fprintf(&g, "%s := api.Root().\n\tResourceForPath(jsii.String(%q)).\n\tNode().FindChild(jsii.String(%q)).\n\tNode().DefaultChild().(awsapigateway.CfnMethod)\n", name, m.Resource.Path, m.HTTPMethod)
		leaves("", indexed(c.properties, m), func(key string, value any) { set(name, key, value) })
	}
	for _, typ := range sortedKeys(c.errors) {
		headers := c.errors[typ]
		if of := v.gatewayPlace(typ).of; of != nil {
			name := strings.ToLower(typ[:1]) + pascal(typ)[1:]
			path, _ := of.Metadata["aws:cdk:path"].(string)
			id := pascal(typ)
			if parts := strings.Split(path, "/"); len(parts) > 1 {
				id = parts[len(parts)-2]
			}
			fmt.Fprintf(&t, "const %s = api.node.findChild(%s)\n  .node.defaultChild as apigateway.CfnGatewayResponse;\n", name, inTypeScript(id))
			fmt.Fprintf(&g, "%s := api.Node().FindChild(jsii.String(%q)).\n\tNode().DefaultChild().(awsapigateway.CfnGatewayResponse)\n", name, id)
			leaves("ResponseParameters", prefixed(apigw.GatewayHeader, headers), func(key string, value any) { set(name, key, value) })
			continue
		}
		fmt.Fprintf(&t, "api.addGatewayResponse(%s, {\n  type: apigateway.ResponseType.%s,\n  responseHeaders: {\n", inTypeScript(pascal(typ)), typ)
		fmt.Fprintf(&g, "api.AddGatewayResponse(jsii.String(%q), &awsapigateway.GatewayResponseOptions{\n\tType: awsapigateway.ResponseType_%s(),\n\tResponseHeaders: &map[string]*string{\n", pascal(typ), typ)
		for _, name := range sortedKeys(headers) {
			fmt.Fprintf(&t, "    %s: %s,\n", inTypeScript(name), inTypeScript(headers[name]))
			fmt.Fprintf(&g, "\t\t%q: jsii.String(%q),\n", name, headers[name])
		}
		t.WriteString("  },\n});\n")
		g.WriteString("\t},\n})\n")
	}
	return strings.TrimSuffix(t.String(), "\n"), strings.TrimSuffix(g.String(), "\n")
}

// call writes a call, in more lines where one is too long.
func call(function, indent string, arguments ...string) string {
	if line := function + "(" + strings.Join(arguments, ", ") + ")"; len(line) < 76 {
		return line
	}
	return function + "(\n" + indent + strings.Join(arguments, ",\n"+indent) + ")"
}

// leaves visits the values of a tree with their paths as addPropertyOverride has them.
func leaves(path string, v any, visit func(path string, value any)) {
	under := func(key string) string {
		key = strings.ReplaceAll(key, ".", `\.`)
		if path == "" {
			return key
		}
		return path + "." + key
	}
	switch v := v.(type) {
	case map[string]any:
		if v["Ref"] == "AWS::NoValue" {
			visit(path, nil)
			return
		}
		for _, k := range sortedKeys(v) {
			leaves(under(k), v[k], visit)
		}
	case []any:
		for i, e := range v {
			leaves(under(fmt.Sprint(i)), e, visit)
		}
	default:
		visit(path, v)
	}
}

// plain is a text that stands in single quotes as it is.
var plain = regexp.MustCompile(`^[A-Za-z0-9 _./:,;=@%+*?#$(){}"-]*$`)

// inTypeScript writes a value as a literal.
func inTypeScript(v any) string {
	s, ok := v.(string)
	switch {
	case !ok:
		return fmt.Sprint(v)
	case plain.MatchString(s):
		return "'" + s + "'"
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s) // a text always can be
	return strings.TrimSpace(b.String())
}

// inGo writes a value as an expression.
func inGo(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("jsii.String(%q)", s)
	}
	return fmt.Sprintf("jsii.Bool(%v)", v)
}

// addCorsPreflight writes the CDK's own preflight.
func addCorsPreflight(path, origins string, methods, headers []string) (ts, golang string) {
	var t, g strings.Builder
	fmt.Fprintf(&t, "api.root.resourceForPath(%s).addCorsPreflight({\n", inTypeScript(path))
	fmt.Fprintf(&g, "api.Root().ResourceForPath(jsii.String(%q)).AddCorsPreflight(&awsapigateway.CorsOptions{\n", path)
	for _, list := range []struct {
		ts, golang string
		values     []string
	}{{"allowOrigins", "AllowOrigins", strings.Split(origins, "\n")}, {"allowMethods", "AllowMethods", methods}, {"allowHeaders", "AllowHeaders", headers}} {
		if len(list.values) == 0 {
			continue
		}
		var texts, strs []string
		for _, x := range list.values {
			texts, strs = append(texts, inTypeScript(x)), append(strs, fmt.Sprintf("%q", x))
		}
		fmt.Fprintf(&t, "  %s: [%s],\n", list.ts, strings.Join(texts, ", "))
		fmt.Fprintf(&g, "\t%s: jsii.Strings(%s),\n", list.golang, strings.Join(strs, ", "))
	}
	t.WriteString("});")
	g.WriteString("})")
	return t.String(), g.String()
}
