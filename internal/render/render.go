// Package render writes what an API needs so that it follows a policy, in the form that its author writes: CloudFormation,
// SAM, an OpenAPI document, the Serverless Framework or Terraform, and the setting of an HTTP API or a function URL. It writes what internal/plan decides, as fragments to
// put into the author's own text.
package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/corssetting"
	"github.com/corsgate/corsgate/internal/openapi"
	"github.com/corsgate/corsgate/internal/plan"
)

// A Form is what an API is written in.
type Form string

// The forms.
const (
	CloudFormation Form = "cloudformation"
	SAM            Form = "sam"
	OpenAPI        Form = "openapi"
	Serverless     Form = "serverless"
	Terraform      Form = "terraform"
	HTTPAPI        Form = "http-api"
	FunctionURL    Form = "function-url"
)

// Options say what is rendered for whom.
type Options struct {
	// Path is the resource's, such as /items/{id}.
	Path string
	// Methods are those that the resource has beside OPTIONS; ANY stands for all.
	Methods []string
	// API, Resource and Stage are the names that the author's text has for them: logical ids, or names of Terraform
	// resources. In Serverless, Resource is the name of a function.
	API, Resource, Stage string
	// Inline puts the allowlist into the mapping template instead of the stage's variables.
	Inline bool
}

// Render returns the text for an API that follows a policy. The error says why the form cannot have it, in lines.
func Render(form Form, p *cors.Policy, o Options) (string, error) {
	r := renderer{policy: p, Options: o, template: plan.PreflightTemplate(p)}
	switch form {
	case HTTPAPI:
		return r.setting(corssetting.HTTPAPI)
	case FunctionURL:
		return r.setting(corssetting.FunctionURL)
	}
	if form == Serverless {
		r.Inline = true // it has no place for a stage's variables
	}
	if r.Inline {
		var ok bool
		if r.template, ok = plan.InlinePreflightTemplate(p); !ok {
			return "", fmt.Errorf("an origin that is known only at deployment cannot be in a mapping template: keep the allowlist in the stage's variables")
		}
	}
	if p.AnyOrigin() {
		r.Inline = true // every origin needs no decision
	}
	switch form {
	case CloudFormation:
		return r.cloudFormation()
	case SAM:
		return r.sam()
	case OpenAPI:
		return r.openAPI()
	case Serverless:
		return r.serverless()
	case Terraform:
		return r.terraform(), nil
	}
	return "", fmt.Errorf("no form %q", form)
}

// A renderer is one call of Render.
type renderer struct {
	Options
	policy   *cors.Policy
	template string
}

func (r *renderer) cloudFormation() (string, error) {
	resources := object{
		{r.Resource + "Options", object{{"Type", plan.MethodType}, {"Properties", r.method()}}},
	}
	for _, t := range gatewayResponses {
		resources = append(resources, pair{r.API + t.name, object{{"Type", plan.GatewayResponseType}, {"Properties", object{
			{"RestApiId", ref(r.API)},
			{"ResponseType", t.of},
			{"ResponseParameters", plan.ErrorParameters(r.policy, false)},
		}}}})
	}
	if !r.Inline {
		resources = append(resources, pair{r.Stage, object{{"Properties", object{{"Variables", r.variables()}}}}})
	}
	return r.yaml(object{{"Resources", resources}},
		"A stage serves a deployment. Make a new one that depends on "+r.Resource+"Options, or pages get the old responses.")
}

// method is the OPTIONS method as a CloudFormation resource.
func (r *renderer) method() object {
	allow := plan.AllowMethods(r.policy, r.Methods)
	integration := plan.PreflightIntegration(r.policy, allow, false)
	integration["requestTemplates"] = map[string]any{"application/json": r.template}
	var responses []any
	for _, v := range plan.PreflightResponses(r.policy, allow) {
		responses = append(responses, plan.Pascal(v.(map[string]any)))
	}
	resource := ref(r.Resource)
	if r.Path == "/" {
		resource = attribute(r.API + ".RootResourceId")
	}
	return object{
		{"RestApiId", ref(r.API)},
		{"ResourceId", resource},
		{"HttpMethod", "OPTIONS"},
		{"AuthorizationType", "NONE"},
		{"ApiKeyRequired", false},
		{"Integration", plan.Pascal(integration)},
		{"MethodResponses", responses},
	}
}

func (r *renderer) sam() (string, error) {
	properties := object{
		{"MergeDefinitions", true},
		{"DefinitionBody", object{
			{"openapi", "3.0.1"},
			{"info", object{{"title", r.API}, {"version", "1.0"}}},
			{"paths", r.paths()},
		}},
		{"Auth", object{{"AddDefaultAuthorizerToCorsPreflight", false}, {"AddApiKeyRequiredToCorsPreflight", false}}},
	}
	headers := object{}
	for _, name := range sorted(plan.ErrorParameters(r.policy, false)) {
		headers = append(headers, pair{strings.TrimPrefix(name, apigw.GatewayHeader), plan.ErrorParameters(r.policy, false)[name]})
	}
	errors := object{}
	for _, t := range gatewayResponses {
		errors = append(errors, pair{t.of, object{{"ResponseParameters", object{{"Headers", headers}}}}})
	}
	properties = append(properties, pair{"GatewayResponses", errors})
	if !r.Inline {
		properties = append(properties, pair{"Variables", r.variables()})
	}
	return r.yaml(object{{"Resources", object{{r.API, object{{"Type", "AWS::Serverless::Api"}, {"Properties", properties}}}}}},
		"Remove Cors, which knows one origin only. Each Api event names this API: RestApiId: !Ref "+r.API+".")
}

func (r *renderer) openAPI() (string, error) {
	errors := object{}
	for _, t := range gatewayResponses {
		errors = append(errors, pair{t.of, object{{"responseParameters", plan.ErrorParameters(r.policy, false)}}})
	}
	var notes []string
	if !r.Inline {
		notes = append(notes, "A document cannot set a stage's variables. Set these on the stage:")
		for _, name := range sorted(r.policy.StageVariables()) {
			notes = append(notes, "  "+name+"="+r.policy.StageVariables()[name])
		}
	}
	return r.yaml(object{{"paths", r.paths()}, {"x-amazon-apigateway-gateway-responses", errors}}, notes...)
}

// paths is the OPTIONS operation in an OpenAPI document.
func (r *renderer) paths() object {
	operation := openapi.Preflight(r.policy, r.Methods, r.template, false)
	operation["security"] = []any{}
	return object{{r.Path, object{{"options", operation}}}}
}

func (r *renderer) serverless() (string, error) {
	allow := plan.AllowMethods(r.policy, r.Methods)
	integration := plan.PreflightIntegration(r.policy, allow, false)
	statuses := object{}
	for _, v := range integration["integrationResponses"].([]any) {
		one := v.(map[string]any)
		headers := object{}
		parameters := one["responseParameters"].(map[string]any)
		for _, name := range sorted(parameters) {
			headers = append(headers, pair{strings.TrimPrefix(name, apigw.MethodHeader), parameters[name]})
		}
		pattern, _ := one["selectionPattern"].(string)
		statuses = append(statuses, pair{plan.StatusOf(v), object{{"pattern", pattern}, {"headers", headers}}})
	}
	event := object{{"http", object{
		{"path", strings.TrimPrefix(r.Path, "/")},
		{"method", "options"},
		{"integration", "mock"},
		{"request", object{
			{"passThrough", integration["passthroughBehavior"]},
			{"contentHandling", integration["contentHandling"]},
			{"template", object{{"application/json", r.template}}},
		}},
		{"response", object{{"contentHandling", integration["contentHandling"]}, {"statusCodes", statuses}}},
	}}}
	resources := object{}
	for _, t := range gatewayResponses {
		resources = append(resources, pair{"GatewayResponse" + t.name, object{{"Type", plan.GatewayResponseType}, {"Properties", object{
			{"RestApiId", object{{"Ref", "ApiGatewayRestApi"}}},
			{"ResponseType", t.of},
			{"ResponseParameters", plan.ErrorParameters(r.policy, false)},
		}}}})
	}
	return r.yaml(object{
		{"functions", object{{r.Resource, object{{"events", []any{event}}}}}},
		{"resources", object{{"Resources", resources}}},
	}, "Remove cors from the other events of this path. The function is not invoked for OPTIONS: a mock responds.",
		"The Framework's deployment does not wait for gateway responses: deploy twice, the first time.")
}

// gatewayResponses are the types that cover every error of API Gateway's own, and what their resources are called.
var gatewayResponses = []struct{ of, name string }{{apigw.Default4XX, "Default4XX"}, {apigw.Default5XX, "Default5XX"}}

func (r *renderer) variables() map[string]any {
	out := map[string]any{}
	for name, value := range r.policy.StageVariables() {
		out[name] = value
	}
	return out
}

// notes are what no fragment can say.
func (r *renderer) notes(more ...string) []string {
	origins := strings.Join(r.policy.Origins(), ", ")
	if r.policy.AnyOrigin() {
		origins = "every origin"
	}
	out := []string{fmt.Sprintf("CORS of %s for %s: %s.", r.Path, strings.Join(r.Methods, ", "), origins)}
	out = append(out, more...)
	if !r.Inline {
		out = append(out, "The stage's variables are the allowlist. In them ~ stands for *.")
	}
	out = append(out, "", "API Gateway adds no header to the responses of a proxy integration. The "+
		"function sends these with every response, errors too. In Go, corslambda.Wrap does.")
	if r.policy.AnyOrigin() {
		out = append(out, "  "+corsheader.AllowOrigin+": *")
	} else {
		out = append(out, "  "+corsheader.Vary+": Origin", "and, if the Origin header of the request is in the allowlist,",
			"  "+corsheader.AllowOrigin+": the value of that Origin header")
	}
	if r.policy.Credentials() {
		out = append(out, "  "+corsheader.AllowCredentials+": true")
	}
	if h := r.policy.ExposedHeaders(); h != "" {
		out = append(out, "  "+corsheader.ExposeHeaders+": "+h)
	}
	return out
}

// comment makes comment lines of at most 80 columns. A line that begins with a blank stays as it is.
func comment(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		if strings.HasPrefix(line, " ") || line == "" {
			b.WriteString(strings.TrimRight("# "+line, " ") + "\n")
			continue
		}
		out := "#"
		for word := range strings.FieldsSeq(line) {
			if len(out)+1+len(word) > 80 && out != "#" {
				b.WriteString(out + "\n")
				out = "#"
			}
			out += " " + word
		}
		b.WriteString(out + "\n")
	}
	return b.String()
}

// sorted returns the keys of a map in order.
func sorted[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
