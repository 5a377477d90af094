package synth

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/plan"
)

// project renders what a template says about CORS for a reviewer: per API its
// stages, resource policy and gateway responses, per path its methods. What is
// volatile (hashes, asset names) and what every method has is left out; the
// policy's own template is named rather than printed.
func project(template map[string]any, p *cors.Policy) string {
	pr := &projector{resources: map[string]res{}, policy: p}
	pr.mappings, _ = template["Mappings"].(map[string]any)
	all, _ := template["Resources"].(map[string]any)
	for id, v := range all {
		m := v.(map[string]any)
		props, _ := m["Properties"].(map[string]any)
		pr.resources[id] = res{id: id, kind: m["Type"].(string), props: props, dependsOn: m["DependsOn"]}
	}
	for _, r := range pr.of("AWS::ApiGateway::RestApi") {
		pr.api(r)
	}
	for _, r := range pr.of("AWS::Lambda::Function") {
		meta, _ := all[r.id].(map[string]any)["Metadata"].(map[string]any)
		pr.line(0, "function %s%s", stem(r.id), suffix(" emits: ", meta["corsgate:emits"]))
	}
	return pr.b.String()
}

type res struct {
	id, kind  string
	props     map[string]any
	dependsOn any
}

type projector struct {
	resources map[string]res
	mappings  map[string]any
	policy    *cors.Policy
	b         strings.Builder
}

func (pr *projector) line(indent int, format string, args ...any) {
	pr.b.WriteString(strings.Repeat("  ", indent))
	fmt.Fprintf(&pr.b, format, args...)
	pr.b.WriteByte('\n')
}

func (pr *projector) of(kind string) []res {
	var out []res
	for _, id := range slices.Sorted(maps.Keys(pr.resources)) {
		if r := pr.resources[id]; r.kind == kind {
			out = append(out, r)
		}
	}
	return out
}

func (pr *projector) api(api res) {
	mine := func(r res) bool { return compact(r.props["RestApiId"]) == compact(map[string]any{"Ref": api.id}) }
	pr.line(0, "api %s%s", stem(api.id), suffix(" binary: ", api.props["BinaryMediaTypes"]))
	if p := api.props["Policy"]; p != nil {
		pr.line(1, "resource policy")
		for _, st := range p.(map[string]any)["Statement"].([]any) {
			pr.line(2, "%s", compact(st))
		}
	}
	for _, st := range pr.of("AWS::ApiGateway::Stage") {
		if !mine(st) {
			continue
		}
		pr.line(1, "stage %v%s", st.props["StageName"], suffix(" cache: ", st.props["CacheClusterEnabled"]))
		vars, _ := st.props["Variables"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(vars)) {
			pr.line(2, "%s = %s", name, value(vars[name]))
		}
	}
	for _, g := range pr.of("AWS::ApiGateway::GatewayResponse") {
		if mine(g) {
			pr.line(1, "gateway response %v%s", g.props["ResponseType"], suffix(" ", g.props["StatusCode"]))
			pr.headers(2, g.props["ResponseParameters"], "gatewayresponse.header.", nil)
		}
	}
	for _, d := range pr.of("AWS::ApiGateway::Deployment") {
		if !mine(d) {
			continue
		}
		if name := d.props["StageName"]; name != nil {
			description, _ := d.props["StageDescription"].(map[string]any)
			pr.line(1, "deployment makes stage %v%s", name, suffix(" ", description["Variables"]))
		}
		var missing []string
		deps, _ := d.dependsOn.([]any)
		for _, kind := range []string{"AWS::ApiGateway::Method", "AWS::ApiGateway::GatewayResponse"} {
			for _, m := range pr.of(kind) {
				if mine(m) && !slices.Contains(deps, any(m.id)) {
					missing = append(missing, stem(m.id))
				}
			}
		}
		pr.line(1, "deployment waits for all%s", suffix(" but ", missing))
	}
	if body, ok := api.props["Body"].(map[string]any); ok {
		pr.openAPI(body, pr.mappings)
	}
	paths := map[string][]res{}
	for _, m := range pr.of("AWS::ApiGateway::Method") {
		if mine(m) {
			p := pr.path(m.props["ResourceId"])
			paths[p] = append(paths[p], m)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		pr.line(1, "%s", p)
		slices.SortFunc(paths[p], func(a, b res) int {
			return strings.Compare(a.props["HttpMethod"].(string), b.props["HttpMethod"].(string))
		})
		for _, m := range paths[p] {
			pr.method(m)
		}
	}
}

func (pr *projector) path(resourceID any) string {
	m, _ := resourceID.(map[string]any)
	id, ok := m["Ref"].(string)
	if att, isAtt := m["Fn::GetAtt"].([]any); isAtt && att[1] == "ResourceId" {
		id, ok = att[0].(string)
	}
	if !ok {
		return "/"
	}
	r, ok := pr.resources[id]
	if !ok {
		return compact(resourceID)
	}
	return strings.TrimSuffix(pr.path(r.props["ParentId"]), "/") + "/" + r.props["PathPart"].(string)
}

func (pr *projector) method(m res) {
	in, _ := m.props["Integration"].(map[string]any)
	attrs := []string{fmt.Sprint(in["Type"])}
	for _, k := range []string{"AuthorizationType", "ApiKeyRequired", "AuthorizerId", "AuthorizationScopes", "RequestValidatorId", "RequestModels", "OperationName", "RequestParameters"} {
		if v := m.props[k]; v != nil && v != "NONE" && v != false {
			attrs = append(attrs, k+"="+stemmed(v))
		}
	}
	for _, k := range []string{"ContentHandling", "PassthroughBehavior", "CacheKeyParameters"} {
		if v := in[k]; v != nil {
			attrs = append(attrs, value(v))
		}
	}
	pr.line(2, "%v %s", m.props["HttpMethod"], strings.Join(attrs, " "))
	pr.templates(3, "request", in["RequestTemplates"])
	declared := map[string]map[string]any{}
	responses, _ := m.props["MethodResponses"].([]any)
	for _, v := range responses {
		r := v.(map[string]any)
		params, _ := r["ResponseParameters"].(map[string]any)
		declared[fmt.Sprint(r["StatusCode"])] = params
	}
	mapped, _ := in["IntegrationResponses"].([]any)
	for _, v := range mapped {
		r := v.(map[string]any)
		status := fmt.Sprint(r["StatusCode"])
		pr.line(3, "%s%s%s", status, suffix(" when ", r["SelectionPattern"]), suffix(" ", r["ContentHandling"]))
		pr.templates(4, "response", r["ResponseTemplates"])
		d, ok := declared[status]
		if !ok {
			pr.line(4, "NO METHOD RESPONSE")
		}
		pr.headers(4, r["ResponseParameters"], "method.response.header.", d)
		delete(declared, status)
	}
	for _, status := range slices.Sorted(maps.Keys(declared)) {
		pr.line(3, "%s not mapped", status)
	}
}

// headers prints header mappings, and says what is declared without one, which
// is what templates set, or mapped without being declared, which does not deploy.
func (pr *projector) headers(indent int, params any, prefix string, declared map[string]any) {
	m, _ := params.(map[string]any)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		note := ""
		if _, ok := declared[k]; declared != nil && !ok {
			note = "  NOT DECLARED"
		}
		pr.line(indent, "%s: %s%s", strings.TrimPrefix(k, prefix), value(m[k]), note)
	}
	for _, k := range slices.Sorted(maps.Keys(declared)) {
		if _, ok := m[k]; !ok {
			pr.line(indent, "%s: (by template)", strings.TrimPrefix(k, prefix))
		}
	}
}

func (pr *projector) templates(indent int, kind string, templates any) {
	m, _ := templates.(map[string]any)
	for _, contentType := range slices.Sorted(maps.Keys(m)) {
		s := value(m[contentType])
		switch {
		case pr.policy != nil && s == plan.PreflightTemplate(pr.policy):
			s = "the policy's preflight template"
		case pr.policy != nil && plan.ResponseTemplate(pr.policy) != "" && strings.HasPrefix(s, plan.ResponseTemplate(pr.policy)):
			s = "the policy's response template, then " + strings.TrimPrefix(s, plan.ResponseTemplate(pr.policy))
		}
		pr.line(indent, "%s template %s: %s", kind, contentType, strings.ReplaceAll(s, "\n", " "))
	}
}

// suffix prints v after a label, or nothing for nil and the empty.
func suffix(label string, v any) string {
	if l, ok := v.([]string); ok {
		if len(l) == 0 {
			return ""
		}
		return label + strings.Join(l, ", ")
	}
	if v == nil || v == "" {
		return ""
	}
	return label + value(v)
}

func value(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return compact(v)
}

var hash = regexp.MustCompile(`([A-Za-z]\w*?)[0-9A-F]{8}\b`)

// stem cuts the hash off a logical id.
func stem(id string) string { return hash.ReplaceAllString(id, "$1") }

func stemmed(v any) string { return stem(value(v)) }

func compact(v any) string {
	b, _ := json.Marshal(v)
	return stem(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b)))
}
