package check

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corssetting"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/render"
	"github.com/corsgate/corsgate/internal/rules"
)

// settingFix is [View.fix] of an HTTP API or a function URL.
func (v *View) settingFix(id rules.ID, p place) rules.Fix {
	out := rules.Fix{}
	switch {
	case p.setting != nil:
		v.writeSetting(&out, *p.setting)
	case p.unauthorized != nil:
		v.writeRoute(&out, p.unauthorized)
	case p.public:
		v.writePermission(&out)
	case p.advice != "":
		out.CloudFormation = "# " + p.advice
	default:
		out.CloudFormation = named(id.Rule().Fix.CloudFormation, v, p)
	}
	return out
}

// property is the name of the setting's property.
func (v *View) property() string { return corssetting.Service(v.API.Kind).Property() } // a service has the name of its kind

// writeSetting writes members of the setting; nil takes one away, and no members the setting.
func (v *View) writeSetting(out *rules.Fix, members map[string]any) {
	rest := v.API.Rest
	tree := map[string]any{}
	for k, m := range members {
		switch list, _ := m.([]any); {
		case m == nil:
			tree[k] = noValue
		case list != nil:
			tree[k] = v.substituted(list)
		default:
			tree[k] = m
		}
	}
	var setting any = tree
	if len(members) == 0 {
		setting = noValue
	}
	out.Console = v.inConsole(members)
	switch sam := v.ofTransform(); {
	case v.cdk():
		out.TypeScript, out.CDK = v.settingOverrides(members)
	case sam && v.API.Kind == gateway.FunctionURL:
		out.SAM = render.YAML(map[string]any{rest.Cause: map[string]any{"Properties": map[string]any{"FunctionUrlConfig": map[string]any{"Cors": setting}}}})
	case sam && rest.Cause != "": // which SAM makes
		out.SAM = render.YAML(map[string]any{"Globals": map[string]any{"HttpApi": map[string]any{v.property(): setting}}})
	case sam:
		out.SAM = render.YAML(map[string]any{rest.ID: map[string]any{"Properties": map[string]any{v.property(): setting}}})
	case rest.Properties["Body"] != nil && rest.Properties["CorsConfiguration"] == nil:
		lower := map[string]any{}
		for k, m := range tree {
			lower[strings.ToLower(k[:1])+k[1:]] = m
		}
		out.OpenAPI = render.YAML(map[string]any{"x-amazon-apigateway-cors": lower})
	case rest.ID == "HttpApi" && dig(rest.Stack.Raw, "Outputs", "ServerlessDeploymentBucketName") != nil:
		out.Serverless = render.YAML(map[string]any{"resources": map[string]any{"Resources": map[string]any{rest.ID: map[string]any{"Properties": map[string]any{v.property(): setting}}}}})
	default:
		out.CloudFormation = render.YAML(map[string]any{rest.ID: map[string]any{"Properties": map[string]any{v.property(): setting}}})
	}
}

// ofTransform reports whether the SAM transform made the API.
func (v *View) ofTransform() bool {
	return v.API.Rest.Cause != "" || slices.ContainsFunc(v.App.Of(v.API.Rest, "AWS::ApiGatewayV2::Stage"), func(s *cfn.Resource) bool { return s.Cause != "" })
}

// inConsole says where the members are in the AWS console.
func (v *View) inConsole(members map[string]any) string {
	where := "API Gateway > APIs > " + v.API.Rest.ID + " > CORS > Configure"
	if v.API.Kind == gateway.FunctionURL {
		where = "Lambda > the function > Configuration > Function URL > Edit"
	}
	names := map[string]string{"AllowOrigins": "Access-Control-Allow-Origin", "AllowMethods": "Access-Control-Allow-Methods", "AllowHeaders": "Access-Control-Allow-Headers",
		"ExposeHeaders": "Access-Control-Expose-Headers", "MaxAge": "Access-Control-Max-Age", "AllowCredentials": "Access-Control-Allow-Credentials"}
	if v.API.Kind == gateway.FunctionURL {
		names = map[string]string{"AllowOrigins": "Allow origin", "AllowMethods": "Allow methods", "AllowHeaders": "Allow headers", "ExposeHeaders": "Expose headers",
			"MaxAge": "Max age", "AllowCredentials": "Allow credentials"}
	}
	lines := []string{where}
	if len(members) == 0 {
		return where + "\n  clear Configure cross-origin resource sharing (CORS)"
	}
	for _, k := range sortedKeys(members) {
		text := "clear it"
		switch m := members[k].(type) {
		case []any:
			var list []string
			for _, e := range m {
				list = append(list, fmt.Sprint(e))
			}
			text = strings.Join(list, ", ")
		case nil:
		default:
			text = fmt.Sprint(m)
		}
		lines = append(lines, "  "+names[k]+": "+text)
	}
	return strings.Join(lines, "\n")
}

// settingOverrides writes members as overrides of the CDK's own resource.
func (v *View) settingOverrides(members map[string]any) (ts, golang string) {
	name, ofTS, ofGo := "httpApi", "apigatewayv2.CfnApi", "awsapigatewayv2.CfnApi"
	if v.API.Kind == gateway.FunctionURL {
		name, ofTS, ofGo = "url", "lambda.CfnUrl", "awslambda.CfnUrl"
	}
	var t, g strings.Builder
	fmt.Fprintf(&t, "const cfn = %s.node.defaultChild as %s;\n", name, ofTS)
	fmt.Fprintf(&g, "cfn := %s.Node().DefaultChild().(%s)\n", name, ofGo)
	if len(members) == 0 {
		return fmt.Sprintf("%scfn.addPropertyDeletionOverride('%s');", t.String(), v.property()), fmt.Sprintf("%scfn.AddPropertyDeletionOverride(jsii.String(%q))", g.String(), v.property())
	}
	for _, k := range sortedKeys(members) {
		key := v.property() + "." + k
		if members[k] == nil {
			fmt.Fprintf(&t, "cfn.addPropertyDeletionOverride('%s');\n", key)
			fmt.Fprintf(&g, "cfn.AddPropertyDeletionOverride(jsii.String(%q))\n", key)
			continue
		}
		text, _ := json.Marshal(members[k]) // of texts and numbers
		value := string(text)
		if list, ok := members[k].([]any); ok {
			quoted := []string{}
			for _, e := range list {
				quoted = append(quoted, fmt.Sprintf("%q", e))
			}
			value = "[]string{" + strings.Join(quoted, ", ") + "}"
		}
		t.WriteString(call("cfn.addPropertyOverride", "  ", "'"+key+"'", string(text)) + ";\n")
		g.WriteString(call("cfn.AddPropertyOverride", "\t", fmt.Sprintf("jsii.String(%q)", key), value) + "\n")
	}
	return strings.TrimSuffix(t.String(), "\n"), strings.TrimSuffix(g.String(), "\n")
}

// optionsPath is the path of the route that takes preflights in the place of another route.
func optionsPath(m *gateway.Method) string {
	if m.Resource.Path == gateway.DefaultRoute {
		return "/{proxy+}"
	}
	return m.Resource.Path
}

// writeRoute writes a route for preflights without an authorizer.
func (v *View) writeRoute(out *rules.Fix, m *gateway.Method) {
	path := optionsPath(m)
	out.Console = "API Gateway > APIs > " + v.API.Rest.ID + " > Routes > Create\n  OPTIONS " + path + ", with the integration of " + m.HTTPMethod + " " + m.Resource.Path + " and no authorizer"
	own := m.HTTPMethod == "OPTIONS"
	integration := "the integration of " + m.HTTPMethod + " " + m.Resource.Path
	switch {
	case v.cdk():
		out.TypeScript = fmt.Sprintf("// integration: %s\nhttpApi.addRoutes({\n  path: '%s',\n  methods: [apigatewayv2.HttpMethod.OPTIONS],\n  integration,\n  authorizer: new apigatewayv2.HttpNoneAuthorizer(),\n});", integration, path)
		out.CDK = fmt.Sprintf("// integration: %s\nhttpApi.AddRoutes(&awsapigatewayv2.AddRoutesOptions{\n\tPath: jsii.String(%q),\n\tMethods: &[]awsapigatewayv2.HttpMethod{\n\t\tawsapigatewayv2.HttpMethod_OPTIONS,\n\t},\n\tIntegration: integration,\n\tAuthorizer:  awsapigatewayv2.NewHttpNoneAuthorizer(),\n})", integration, path)
	case v.ofTransform():
		fn := v.proxied(m)
		if fn == nil || own {
			out.SAM = "# take the authorizer from " + m.HTTPMethod + " " + m.Resource.Path
			return
		}
		properties := map[string]any{"Path": path, "Method": "OPTIONS"}
		if v.API.Rest.Cause == "" {
			properties["ApiId"] = map[string]any{"Ref": v.API.Rest.ID}
		}
		out.SAM = render.YAML(map[string]any{fn.ID: map[string]any{"Properties": map[string]any{"Events": map[string]any{"Preflight": map[string]any{"Type": "HttpApi", "Properties": properties}}}}})
	case m.Source == v.API.Rest && v.API.Rest.Properties["Body"] != nil:
		op := map[string]any{"security": []any{}}
		if !own {
			op["x-amazon-apigateway-integration"] = integrationOf(dig(v.API.Rest.Stack.Raw, "Resources", v.API.Rest.ID, "Properties")["Body"], m)
		}
		out.OpenAPI = render.YAML(map[string]any{"paths": map[string]any{path: map[string]any{"options": op}}})
	case own:
		out.CloudFormation = render.YAML(map[string]any{m.Source.ID: map[string]any{"Properties": map[string]any{"AuthorizationType": "NONE", "AuthorizerId": noValue}}})
	default:
		raw, _ := dig(v.API.Rest.Stack.Raw, "Resources", m.Source.ID, "Properties")["Target"]
		out.CloudFormation = render.YAML(map[string]any{m.Source.ID + "Preflight": map[string]any{"Type": "AWS::ApiGatewayV2::Route", "Properties": map[string]any{
			"ApiId": map[string]any{"Ref": v.API.Rest.ID}, "RouteKey": "OPTIONS " + path, "Target": raw}}})
	}
}

// integrationOf is the integration of an operation as its document has it.
func integrationOf(body any, m *gateway.Method) any {
	doc, _ := body.(map[string]any)
	key := strings.ToLower(m.HTTPMethod)
	if key == "any" {
		key = "x-amazon-apigateway-any-method"
	}
	for _, path := range []string{m.Resource.Path, "/" + m.Resource.Path} {
		if in := dig(doc, "paths", path, key)["x-amazon-apigateway-integration"]; in != nil {
			return in
		}
	}
	return nil
}

// referred is what Fn::Sub takes between ${ and }: a parameter, a resource or its attribute.
var referred = regexp.MustCompile(`^(AWS::)?[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9.]*)?$`)

// substituted is a list in which a text with a value that only a deployment knows is a function of CloudFormation.
func (v *View) substituted(list []any) []any {
	out := slices.Clone(list)
	for i, e := range out {
		text, _ := e.(string)
		symbols := v.App.Symbols(text)
		if s := v.App.SymbolOf(text); s != nil {
			if name, ok := strings.CutPrefix(s.String(), "import "); ok {
				out[i] = map[string]any{"Fn::ImportValue": name}
				continue
			}
		}
		if len(symbols) > 0 && !slices.ContainsFunc(symbols, func(s *cfn.Symbol) bool { return !referred.MatchString(s.String()) }) {
			out[i] = map[string]any{"Fn::Sub": text}
		}
	}
	return out
}

// writePermission writes that everybody may call the URL.
func (v *View) writePermission(out *rules.Fix) {
	rest := v.API.Rest
	written := dig(rest.Stack.Raw, "Resources", rest.ID, "Properties")
	target := written["TargetFunctionArn"]
	if q := written["Qualifier"]; q != nil { // an alias has a policy of its own
		target = map[string]any{"Fn::Join": []any{":", []any{target, q}}}
	}
	out.Console = "Lambda > the function > Configuration > Permissions > Resource-based policy > Add permissions > Function URL, Auth type NONE"
	if v.cdk() {
		out.TypeScript = "fn.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE }); // adds the permission"
		out.CDK = "fn.AddFunctionUrl(&awslambda.FunctionUrlOptions{ // adds the permission\n\tAuthType: awslambda.FunctionUrlAuthType_NONE,\n})"
		return
	}
	permission := func(action string, more map[string]any) map[string]any {
		properties := map[string]any{"Action": action, "FunctionName": target, "Principal": "*"}
		for k, m := range more {
			properties[k] = m
		}
		return map[string]any{"Type": "AWS::Lambda::Permission", "Properties": properties}
	}
	out.CloudFormation = render.YAML(map[string]any{
		rest.ID + "Public":  permission("lambda:InvokeFunctionUrl", map[string]any{"FunctionUrlAuthType": "NONE"}),
		rest.ID + "Invoked": permission("lambda:InvokeFunction", map[string]any{"InvokedViaFunctionUrl": true}),
	})
}
