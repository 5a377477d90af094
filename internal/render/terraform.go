package render

import (
	"fmt"
	"strings"

	"github.com/corsgate/corsgate/internal/plan"
)

// terraform writes resources of the provider hashicorp/aws
// (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/api_gateway_integration_response).
func (r *renderer) terraform() string {
	allow := plan.AllowMethods(r.policy, r.Methods)
	integration := plan.PreflightIntegration(r.policy, allow, false)
	options := r.Resource + "_options"
	resource := "aws_api_gateway_resource." + r.Resource + ".id"
	if r.Path == "/" {
		resource = "aws_api_gateway_rest_api." + r.API + ".root_resource_id"
	}
	api := argument{"rest_api_id", expression("aws_api_gateway_rest_api." + r.API + ".id")}
	place := []argument{api, {"resource_id", expression(resource)}}
	of := append(place[:2:2], argument{"http_method", expression("aws_api_gateway_method." + options + ".http_method")})

	var h hcl
	h.text(comment(r.notes("A stage serves a deployment. Add the resources below to the triggers of aws_api_gateway_deployment.")))
	h.resource("aws_api_gateway_method", options, append(place[:2:2],
		argument{"http_method", "OPTIONS"}, argument{"authorization", "NONE"}, argument{"api_key_required", false})...)
	h.resource("aws_api_gateway_integration", options, append(of[:3:3],
		argument{"type", integration["type"]}, argument{"passthrough_behavior", integration["passthroughBehavior"]},
		argument{"content_handling", integration["contentHandling"]},
		argument{"request_templates", map[string]any{"application/json": r.template}})...)
	for _, v := range plan.PreflightResponses(r.policy, allow) {
		status := plan.StatusOf(v)
		h.resource("aws_api_gateway_method_response", options+"_"+status, append(of[:3:3], argument{"status_code", status},
			argument{"response_parameters", v.(map[string]any)["responseParameters"]})...)
	}
	for _, v := range integration["integrationResponses"].([]any) {
		one, status := v.(map[string]any), plan.StatusOf(v)
		arguments := append(of[:3:3], argument{"status_code", expression("aws_api_gateway_method_response." + options + "_" + status + ".status_code")})
		if pattern := one["selectionPattern"]; pattern != nil {
			arguments = append(arguments, argument{"selection_pattern", pattern})
		}
		arguments = append(arguments, argument{"content_handling", one["contentHandling"]},
			argument{"response_parameters", one["responseParameters"]},
			argument{"depends_on", expression("[aws_api_gateway_integration." + options + "]")})
		h.resource("aws_api_gateway_integration_response", options+"_"+status, arguments...)
	}
	for _, t := range gatewayResponses {
		h.resource("aws_api_gateway_gateway_response", r.API+"_"+strings.ToLower(t.of), api,
			argument{"response_type", t.of}, argument{"response_parameters", plan.ErrorParameters(r.policy, false)})
	}
	if !r.Inline {
		var stage hcl
		stage.arguments("", argument{"variables", r.variables()})
		h.text("\n# In the resource of the stage:\n")
		for line := range strings.Lines(stage.String()) {
			h.text("#   " + line)
		}
	}
	return h.String()
}

// An argument is one of a Terraform resource.
type argument struct {
	name  string
	value any
}

// An expression is written as it is.
type expression string

// hcl is text in Terraform's language (https://developer.hashicorp.com/terraform/language/syntax/configuration).
type hcl struct{ strings.Builder }

func (h *hcl) text(s string) { h.WriteString(s) }

func (h *hcl) resource(kind, name string, arguments ...argument) {
	fmt.Fprintf(h, "\nresource %q %q {\n", kind, name)
	h.arguments("  ", arguments...)
	h.text("}\n")
}

// arguments writes arguments as terraform fmt does: the equals signs of neighbours of one line each are aligned.
func (h *hcl) arguments(indent string, arguments ...argument) {
	for i, a := range arguments {
		value := literal(a.value, indent)
		width := len(a.name)
		if oneLine := func(a argument) bool { return !strings.Contains(literal(a.value, indent), "\n") }; oneLine(a) {
			for j := i; j >= 0 && oneLine(arguments[j]); j-- {
				width = max(width, len(arguments[j].name))
			}
			for _, next := range arguments[i:] {
				if !oneLine(next) {
					break
				}
				width = max(width, len(next.name))
			}
		}
		fmt.Fprintf(h, "%s%-*s = %s\n", indent, width, a.name, value)
	}
}

// literal writes a value that stands behind an indentation.
func literal(v any, indent string) string {
	switch v := v.(type) {
	case expression:
		return string(v)
	case map[string]any:
		var inner hcl
		var members []argument
		for _, key := range sorted(v) {
			members = append(members, argument{literal(key, ""), v[key]})
		}
		inner.arguments(indent+"  ", members...)
		return "{\n" + inner.String() + indent + "}"
	case string:
		if strings.Contains(v, "\n") {
			var out strings.Builder
			for line := range strings.Lines(escape(v)) {
				out.WriteString(indent + "  " + strings.TrimRight(line, "\n") + "\n")
			}
			return "<<-EOT\n" + out.String() + indent + "EOT"
		}
		return `"` + escape(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v)) + `"`
	default:
		return fmt.Sprint(v)
	}
}

// escape keeps Terraform from reading a text as a template.
var escape = strings.NewReplacer("${", "$${", "%{", "%%{").Replace
