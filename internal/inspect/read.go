// Package inspect reads a REST API, an HTTP API or a function URL as it is in an AWS account and says what of it is not as it should be: it makes
// templates of what is configured and of what each stage serves, which the rules of package check judge, and compares
// them with each other and with the template that the API was made from.
package inspect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/inspect/awsread"
	"github.com/corsgate/corsgate/internal/rules"
)

// Gateway is what of API Gateway is called.
type Gateway interface {
	GetRestApis(context.Context, *apigateway.GetRestApisInput, ...func(*apigateway.Options)) (*apigateway.GetRestApisOutput, error)
	GetRestApi(context.Context, *apigateway.GetRestApiInput, ...func(*apigateway.Options)) (*apigateway.GetRestApiOutput, error)
	GetResources(context.Context, *apigateway.GetResourcesInput, ...func(*apigateway.Options)) (*apigateway.GetResourcesOutput, error)
	GetStages(context.Context, *apigateway.GetStagesInput, ...func(*apigateway.Options)) (*apigateway.GetStagesOutput, error)
	GetExport(context.Context, *apigateway.GetExportInput, ...func(*apigateway.Options)) (*apigateway.GetExportOutput, error)
	GetGatewayResponses(context.Context, *apigateway.GetGatewayResponsesInput, ...func(*apigateway.Options)) (*apigateway.GetGatewayResponsesOutput, error)
	GetAuthorizers(context.Context, *apigateway.GetAuthorizersInput, ...func(*apigateway.Options)) (*apigateway.GetAuthorizersOutput, error)
	GetRequestValidators(context.Context, *apigateway.GetRequestValidatorsInput, ...func(*apigateway.Options)) (*apigateway.GetRequestValidatorsOutput, error)
	GetModels(context.Context, *apigateway.GetModelsInput, ...func(*apigateway.Options)) (*apigateway.GetModelsOutput, error)
	GetDomainNames(context.Context, *apigateway.GetDomainNamesInput, ...func(*apigateway.Options)) (*apigateway.GetDomainNamesOutput, error)
	GetBasePathMappings(context.Context, *apigateway.GetBasePathMappingsInput, ...func(*apigateway.Options)) (*apigateway.GetBasePathMappingsOutput, error)
}

// Functions is what of Lambda is called.
type Functions interface {
	GetFunctionConfiguration(context.Context, *lambda.GetFunctionConfigurationInput, ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error)
}

// A State is an API as it was read.
type State struct {
	ID, Region string

	api        *apigateway.GetRestApiOutput
	resources  []types.Resource
	stages     []types.Stage // those that were asked for
	all        []types.Stage
	responses  []types.GatewayResponse
	authorizer []types.Authorizer
	validators []types.RequestValidator
	models     []types.Model
	exports    map[string]map[string]any // of stages, by name
	domains    []domain
	functions  map[string]map[string]string // by name: the variables of the environment that name origins

	kind       gateway.Kind
	other      other
	undeployed [][2]string // stages of which it is not known whether they serve what is configured, and why

	open []string // what of it is not judged, one line each
	// Unseen says, one line each, what could not be read, and which IAM action would show it.
	Unseen []string
	blind  []rules.ID // the rules that cannot be asked because of that
}

// page is how many things are asked for at once, the most that the service gives.
const page = 500

// reader reads, one call after the other: API Gateway allows an account a few a second.
type reader struct {
	ctx     context.Context
	gateway Gateway
	lambda  Functions
	s       *State
}

// Read reads an API with one stage or, where stage is empty, all. The error is for an API or a stage that is not there,
// and for what keeps anything from being read; what is denied is named in Unseen.
func Read(ctx context.Context, g Gateway, f Functions, region, id, stage string) (*State, error) {
	r := &reader{ctx, g, f, &State{ID: id, Region: region, kind: gateway.RestAPI, exports: map[string]map[string]any{}, functions: map[string]map[string]string{}}}
	var err error
	r.s.api, err = g.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: &id})
	if err = awsread.Explain(err, region); errors.Is(err, awsread.ErrNotFound) {
		return nil, fmt.Errorf("no REST API %s in %s; is it the right region and account? (an HTTP API is named with --http-api-id)", id, region)
	}
	if err != nil {
		return nil, err
	}
	if text := aws.ToString(r.s.api.Policy); text != "" && policyDocument(text) == nil {
		r.s.Unseen = append(r.s.Unseen, "the resource policy: it is not a JSON document")
		r.s.blind = append(r.s.blind, rules.CORS403)
	}
	steps := []step{
		{"the stages", r.readStages, []rules.ID{rules.CORS402, rules.CORS407}}, {"the resources and methods", r.readResources, []rules.ID{rules.CORS601, rules.CORS602}}, {"the gateway responses", r.readResponses, []rules.ID{rules.CORS301, rules.CORS302, rules.CORS303}},
		{"the authorizers", r.readAuthorizers, nil}, {"the request validators", r.readValidators, nil}, {"the models", r.readModels, nil},
		{"the custom domains", r.readDomains, nil},
	}
	if err := r.steps(steps); err != nil {
		return nil, err
	}
	if err := r.choose(stage); err != nil {
		return nil, err
	}
	for _, name := range r.s.stageNames() {
		if err := r.unless(r.readExport(name), "what stage "+name+" serves"); err != nil {
			return nil, err
		}
	}
	return r.s, r.readFunctions()
}

// A step reads a part.
type step struct {
	what  string
	read  func() error
	rules []rules.ID // those that need it
}

// steps reads one part after the other.
func (r *reader) steps(all []step) error {
	for _, step := range all {
		seen := len(r.s.Unseen)
		if err := r.unless(step.read(), step.what); err != nil {
			return err
		}
		if len(r.s.Unseen) > seen {
			r.s.blind = append(r.s.blind, step.rules...)
		}
	}
	return nil
}

// unless notes what may not be read, or could not be, and passes on every other error, which the next call would have too.
func (r *reader) unless(err error, what string) error {
	if err = awsread.Explain(err, r.s.Region); !errors.Is(err, awsread.ErrDenied) && !errors.Is(err, awsread.ErrNotFound) && !errors.Is(err, awsread.ErrFailed) {
		return err
	}
	r.s.Unseen = append(r.s.Unseen, what+": "+err.Error())
	return nil
}

// pages calls next until it gives no position any more.
func pages(next func(position *string) (*string, error)) error {
	var position *string
	for {
		more, err := next(position)
		if err != nil || aws.ToString(more) == "" || aws.ToString(more) == aws.ToString(position) {
			return err
		}
		position = more
	}
}

func (r *reader) readStages() error {
	out, err := r.gateway.GetStages(r.ctx, &apigateway.GetStagesInput{RestApiId: &r.s.ID})
	if err == nil {
		r.s.all, r.s.stages = out.Item, slices.Clone(out.Item)
	}
	return err
}

func (r *reader) readResources() error {
	return pages(func(position *string) (*string, error) {
		out, err := r.gateway.GetResources(r.ctx, &apigateway.GetResourcesInput{RestApiId: &r.s.ID, Embed: []string{"methods"}, Limit: aws.Int32(page), Position: position})
		if err != nil {
			return nil, err
		}
		r.s.resources = append(r.s.resources, out.Items...)
		return out.Position, nil
	})
}

func (r *reader) readResponses() error {
	return pages(func(position *string) (*string, error) {
		out, err := r.gateway.GetGatewayResponses(r.ctx, &apigateway.GetGatewayResponsesInput{RestApiId: &r.s.ID, Limit: aws.Int32(page), Position: position})
		if err != nil {
			return nil, err
		}
		r.s.responses = append(r.s.responses, out.Items...)
		return out.Position, nil
	})
}

func (r *reader) readAuthorizers() error {
	return pages(func(position *string) (*string, error) {
		out, err := r.gateway.GetAuthorizers(r.ctx, &apigateway.GetAuthorizersInput{RestApiId: &r.s.ID, Limit: aws.Int32(page), Position: position})
		if err != nil {
			return nil, err
		}
		r.s.authorizer = append(r.s.authorizer, out.Items...)
		return out.Position, nil
	})
}

func (r *reader) readValidators() error {
	return pages(func(position *string) (*string, error) {
		out, err := r.gateway.GetRequestValidators(r.ctx, &apigateway.GetRequestValidatorsInput{RestApiId: &r.s.ID, Limit: aws.Int32(page), Position: position})
		if err != nil {
			return nil, err
		}
		r.s.validators = append(r.s.validators, out.Items...)
		return out.Position, nil
	})
}

func (r *reader) readModels() error {
	return pages(func(position *string) (*string, error) {
		out, err := r.gateway.GetModels(r.ctx, &apigateway.GetModelsInput{RestApiId: &r.s.ID, Limit: aws.Int32(page), Position: position})
		if err != nil {
			return nil, err
		}
		r.s.models = append(r.s.models, out.Items...)
		return out.Position, nil
	})
}

// readDomains reads the account's domains with where they lead.
func (r *reader) readDomains() error {
	var all []types.DomainName
	err := pages(func(position *string) (*string, error) {
		out, err := r.gateway.GetDomainNames(r.ctx, &apigateway.GetDomainNamesInput{Limit: aws.Int32(page), Position: position})
		if err != nil {
			return nil, err
		}
		all = append(all, out.Items...)
		return out.Position, nil
	})
	if err != nil {
		return err
	}
	for _, dn := range all {
		d := domain{name: aws.ToString(dn.DomainName)}
		err := pages(func(position *string) (*string, error) {
			out, err := r.gateway.GetBasePathMappings(r.ctx, &apigateway.GetBasePathMappingsInput{DomainName: dn.DomainName, DomainNameId: dn.DomainNameId, Limit: aws.Int32(page), Position: position})
			if err != nil {
				return nil, err
			}
			d.mappings = append(d.mappings, out.Items...)
			return out.Position, nil
		})
		if err := r.unless(err, "where the domain "+d.name+" leads"); err != nil {
			return err
		}
		r.s.domains = append(r.s.domains, d)
	}
	return nil
}

// choose keeps one stage, where one is named.
func (r *reader) choose(stage string) error {
	names := r.s.stageNames()
	if stage != "" {
		r.s.stages = slices.DeleteFunc(r.s.stages, func(s types.Stage) bool { return aws.ToString(s.StageName) != stage })
	}
	switch {
	case len(r.s.stages) > 0 || !r.s.sees(rules.CORS407):
		return nil
	case len(names) == 0:
		return fmt.Errorf("the %s %s has no stage, so nobody can call it", r.s.kind, r.s.ID)
	}
	return fmt.Errorf("no stage %s; the %s %s has %s", stage, r.s.kind, r.s.ID, strings.Join(names, ", "))
}

// sees reports whether all was read that a rule needs.
func (s *State) sees(rule rules.ID) bool { return !slices.Contains(s.blind, rule) }

func (s *State) stageNames() []string {
	var out []string
	for _, st := range s.stages {
		out = append(out, aws.ToString(st.StageName))
	}
	slices.Sort(out)
	return out
}

// readExport reads what a stage serves: the export is of its deployment, not of what is configured since
// (https://docs.aws.amazon.com/apigateway/latest/api/API_GetExport.html).
func (r *reader) readExport(stage string) error {
	out, err := r.gateway.GetExport(r.ctx, &apigateway.GetExportInput{RestApiId: &r.s.ID, StageName: &stage, ExportType: aws.String("oas30"),
		Accepts: aws.String("application/json"), Parameters: map[string]string{"extensions": "apigateway"}})
	if err != nil {
		return err
	}
	var doc map[string]any
	if err := json.Unmarshal(out.Body, &doc); err != nil || doc["paths"] == nil {
		r.s.Unseen = append(r.s.Unseen, "what stage "+stage+" serves: its export is not an OpenAPI document")
		return nil
	}
	if fault := impossible(doc); fault != "" {
		r.s.Unseen = append(r.s.Unseen, "what stage "+stage+" serves: its export cannot be right, "+fault)
		return nil
	}
	if doc[gatewayResponses] == nil && slices.ContainsFunc(r.s.responses, made) {
		r.s.Unseen = append(r.s.Unseen, "whether stage "+stage+" serves the gateway responses that are configured: its export has none at all (corsgate probe --errors tests it)")
	}
	r.s.exports[stage] = doc
	return nil
}

// gatewayResponses is the part of an export with the gateway responses. That AWS's own has it is not documented.
const gatewayResponses = "x-amazon-apigateway-gateway-responses"

// made reports whether somebody has made a gateway response another than it is by itself.
func made(g types.GatewayResponse) bool { return !g.DefaultResponse }

// impossible says what of an export no deployment can have: a method without an integration, or a null instead of one
// of its responses. Services that stand for AWS give such exports.
func impossible(doc map[string]any) string {
	paths, _ := doc["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item, _ := paths[path].(map[string]any)
		for _, verb := range slices.Sorted(maps.Keys(item)) {
			operation, ok := item[verb].(map[string]any)
			if !ok || !slices.Contains(operations, verb) {
				continue
			}
			integration, _ := operation["x-amazon-apigateway-integration"].(map[string]any)
			if integration == nil {
				return strings.ToUpper(strings.TrimSuffix(strings.TrimPrefix(verb, "x-amazon-apigateway-"), "-method")) + " " + path + " has no integration"
			}
			responses, _ := integration["responses"].(map[string]any)
			for _, pattern := range slices.Sorted(maps.Keys(responses)) {
				if responses[pattern] == nil {
					return strings.ToUpper(verb) + " " + path + " has null for the response " + pattern
				}
			}
		}
	}
	return ""
}

// operations are the keys of a path whose values are methods.
var operations = []string{"get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method"}

var (
	invoked       = regexp.MustCompile(`functions/(arn:[^/]+)/`)
	stageVariable = regexp.MustCompile(`\$\{stageVariables\.([A-Za-z0-9_]+)\}`)
)

// arns returns the functions that methods call, in every stage.
func (s *State) arns() []string {
	var out []string
	for _, res := range s.resources {
		for _, m := range res.ResourceMethods {
			if m.MethodIntegration == nil {
				continue
			}
			found := invoked.FindStringSubmatch(aws.ToString(m.MethodIntegration.Uri))
			if found == nil {
				continue
			}
			for _, st := range s.stages {
				out = append(out, stageVariable.ReplaceAllStringFunc(found[1], func(v string) string {
					return st.Variables[stageVariable.FindStringSubmatch(v)[1]]
				}))
			}
		}
	}
	for _, i := range s.other.integrations {
		uri := aws.ToString(i.IntegrationUri)
		if found := invoked.FindStringSubmatch(uri); found != nil {
			uri = found[1]
		}
		for _, st := range s.stages {
			out = append(out, stageVariable.ReplaceAllStringFunc(uri, func(v string) string { return st.Variables[stageVariable.FindStringSubmatch(v)[1]] }))
		}
	}
	if s.other.url != nil {
		out = append(out, aws.ToString(s.other.url.FunctionArn))
	}
	out = slices.DeleteFunc(out, func(a string) bool { return !strings.Contains(a, ":function:") })
	slices.Sort(out)
	return slices.Compact(out)
}

// functionName returns the name in a function's ARN, without version and alias.
func functionName(a arn.ARN) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(a.Resource, "function:"), ":")
	return name
}

// readFunctions reads of each function's environment the variables that name origins. The others, in which secrets may
// be, are forgotten at once.
func (r *reader) readFunctions() error {
	for _, a := range r.s.arns() {
		parsed, err := arn.Parse(a)
		if err != nil {
			continue // a stage without the variable that names it
		}
		out, err := r.lambda.GetFunctionConfiguration(r.ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &a}, func(o *lambda.Options) { o.Region = parsed.Region })
		if errors.Is(awsread.Explain(err, r.s.Region), awsread.ErrNotFound) {
			continue // it has no list then
		}
		if err != nil {
			if err := r.unless(err, "the function "+functionName(parsed)); err != nil {
				return err
			}
			continue
		}
		kept := map[string]string{}
		if out.Environment != nil {
			for name, value := range out.Environment.Variables {
				if check.NamesOrigins(name) {
					kept[name] = value
				}
			}
		}
		r.s.functions[functionName(parsed)] = kept
	}
	return nil
}
