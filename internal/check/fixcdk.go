package check

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/gateway"
)

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
