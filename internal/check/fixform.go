package check

import (
	"cmp"
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
