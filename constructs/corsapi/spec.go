package corsapi

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/openapi"
	"github.com/corsgate/corsgate/internal/plan"
)

// SpecRestApiProps are those of awsapigateway.SpecRestApi, and the policy.
type SpecRestApiProps struct {
	// ApiDefinition must not be set: Spec replaces it.
	awsapigateway.SpecRestApiProps

	// Cors is the policy that every response of the API follows. Required.
	Cors *cors.Policy

	// Spec is the API's OpenAPI document, by [SpecFile] or [SpecValue]. Required.
	Spec Spec

	// Integrations assign integrations to the document's operations, by [ForOperation],
	// [ForPath] and [ForTag]. An operation that has an x-amazon-apigateway-integration
	// keeps it. An operationId comes before a path, a longer path before a shorter, a
	// path before a tag, whatever the order here.
	Integrations []SpecIntegration

	// OwnOptions selects what happens to the document's own OPTIONS
	// operations.
	OwnOptions OwnOptions

	// GatewayErrors selects who may read the errors that API Gateway itself
	// sends.
	GatewayErrors GatewayErrors
}

// A Spec is an OpenAPI 3.0 document.
type Spec struct {
	file  string
	value map[string]any
}

// SpecFile returns the document in a file, YAML or JSON. The name is relative
// to the directory in which the app runs. CloudFormation's short forms, such
// as "!Sub ...", may be used in YAML.
func SpecFile(name string) Spec { return Spec{file: name} }

// SpecValue returns a document that the app makes: maps, slices, strings, numbers
// and truth values, as encoding/json has them. Strings may hold tokens of the CDK.
// The value is copied.
func SpecValue(document map[string]any) Spec { return Spec{value: document} }

// OwnOptions selects what happens to the OPTIONS operations of a document.
type OwnOptions int

const (
	// RefuseOptions makes each of them an error. This is the default: there can
	// be only one response to a preflight, and the document should say what is
	// deployed.
	RefuseOptions OwnOptions = iota

	// ReplaceOptions replaces them with the policy's preflight.
	ReplaceOptions

	// KeepOptions leaves them as they are. Then the policy does not decide about
	// preflights for their paths; the rest of it applies. A resource policy that
	// refuses preflights stays as it is, too, with a warning: whatever allows
	// OPTIONS to everybody allows these.
	KeepOptions
)

// A SpecIntegration says which operations have which integration.
type SpecIntegration struct {
	by   openapi.By
	name string
	to   SpecTarget
}

// ForOperation names one operation by its operationId.
func ForOperation(operationID string, to SpecTarget) SpecIntegration {
	return SpecIntegration{openapi.ByOperation, operationID, to}
}

// ForPath names all operations of a path, as the document writes it. A path that
// ends in "/*" names the path before that and all paths below it; "/*" is every
// path.
func ForPath(path string, to SpecTarget) SpecIntegration {
	return SpecIntegration{openapi.ByPath, path, to}
}

// ForTag names the operations that have a tag.
func ForTag(tag string, to SpecTarget) SpecIntegration {
	return SpecIntegration{openapi.ByTag, tag, to}
}

// A SpecTarget is what handles an operation.
type SpecTarget struct {
	function awslambda.IFunction
	make     func(*openapi.Operation) map[string]any
	fault    string
}

// ToFunction hands requests to a Lambda function as proxy events. API Gateway adds no
// headers to its response, so the function must be known to send them itself:
// corsfunction.NewGoFunction builds one that does, corsfunction.Attach makes one do so,
// and corsfunction.Emits declares one. The API gets the permission to invoke it, one for
// all its operations.
func ToFunction(fn awslambda.IFunction) SpecTarget {
	if fn == nil {
		return SpecTarget{fault: "ToFunction of nil: give it a function"}
	}
	return SpecTarget{function: fn}
}

// ToHTTP passes requests on to an HTTP backend (HTTP_PROXY): to base, an http or
// https URL, with the operation's path at its end and the path's variables filled
// in. A base that is a token of the CDK must not end in a slash when it is
// deployed. No mapping applies to the responses, so the backend has to send the CORS
// headers by itself.
func ToHTTP(base string) SpecTarget {
	if !strings.HasPrefix(base, "https://") && !strings.HasPrefix(base, "http://") && !*awscdk.Token_IsUnresolved(base) {
		return SpecTarget{fault: fmt.Sprintf("ToHTTP(%q): it is no URL of http or https; write it as \"https://backend.example.com\"", base)}
	}
	base = strings.TrimRight(base, "/")
	return SpecTarget{make: func(o *openapi.Operation) map[string]any {
		in := map[string]any{"type": apigw.HTTPProxy, "httpMethod": o.Method, "uri": base + strings.ReplaceAll(o.Path, "+}", "}")}
		parameters := map[string]any{}
		for _, name := range o.Variables() {
			parameters[apigw.IntegrationRequestPath+name] = apigw.RequestPath + name
		}
		if len(parameters) > 0 {
			in["requestParameters"] = parameters
		}
		return in
	}}
}

// ToMock responds from API Gateway itself, with a status and a body. The body is a
// mapping template of application/json, in which $ and # have a meaning
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings.html);
// "" is an empty body.
func ToMock(status int, body string) SpecTarget {
	if status < 200 || status > 599 {
		return SpecTarget{fault: fmt.Sprintf("ToMock(%d, ...): it is not the status of a response; one is from 200 to 599", status)}
	}
	return SpecTarget{make: func(*openapi.Operation) map[string]any {
		return map[string]any{
			"type":                apigw.Mock,
			"passthroughBehavior": "NEVER",
			"requestTemplates":    map[string]any{"application/json": fmt.Sprintf(`{"statusCode": %d}`, status)},
			"responses": map[string]any{"default": map[string]any{
				"statusCode": strconv.Itoa(status), "responseTemplates": map[string]any{"application/json": body},
			}},
		}
	}}
}

// A SpecRestApi is an awsapigateway.SpecRestApi that follows one policy.
type SpecRestApi struct {
	awsapigateway.SpecRestApi
	policy *cors.Policy
}

// Cors returns the policy that the API was made with.
func (a *SpecRestApi) Cors() *cors.Policy { return a.policy }

// NewSpecRestApi makes a REST API from an OpenAPI 3.0 document, in which every
// response follows props.Cors. It responds as an API made by [NewRestApi], and is
// one CloudFormation resource. It suits large APIs, and is used like any
// awsapigateway.SpecRestApi. Everything in the document that is not about CORS
// stays as it is.
//
// The CDK indents templates, and the indentation is two fifths of a document's size. For a
// large document, set SuppressTemplateIndentation in the stack's props: CloudFormation accepts
// 1,000,000 bytes
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
//
// Each fault of the document is an error annotation of its own, with the file's
// name and line: an operation without an integration, two that claim one path and
// method, a $ref that leads nowhere, an OPTIONS operation of its own (see
// [OwnOptions]), and whatever else API Gateway would refuse or misread.
func NewSpecRestApi(scope constructs.Construct, id *string, props *SpecRestApiProps) *SpecRestApi {
	if props == nil {
		props = &SpecRestApiProps{}
	}
	api := &SpecRestApi{policy: props.Cors}
	native := props.SpecRestApiProps
	// The document follows at synthesis, when the API's stages are known.
	native.ApiDefinition = awsapigateway.ApiDefinition_FromInline(emptyDocument())
	awsapigateway.NewSpecRestApi_Override(api, scope, id, &native)
	if props.ApiDefinition != nil {
		fail(api, "ApiDefinition beside Spec: two documents of one API; remove ApiDefinition")
	}
	sp, faults := props.specification()
	for _, err := range faults {
		fail(api, err.Error())
	}
	sp.permit(api)
	enable(&completer{api: api, policy: props.Cors, options: plan.Options{Echo: props.GatewayErrors == EchoOrigin}, spec: sp})
	return api
}

func emptyDocument() map[string]any {
	return map[string]any{"openapi": "3.0.1", "info": map[string]any{"title": "API", "version": "1"}, "paths": map[string]any{}}
}

// A specification is a document and its functions.
type specification struct {
	plan      *openapi.Plan // nil where the document has faults
	functions []*target     // each once
}

// A target is a function that operations go to.
type target struct {
	fn         awslambda.IFunction
	path       string // of its construct
	permission string // the id of the one to invoke it, in the API
	uri        any    // set at synthesis
}

// specification reads the document and assigns the integrations.
func (p *SpecRestApiProps) specification() (*specification, []error) {
	sp := &specification{}
	var faults []error
	var assignments []*openapi.Assignment
	for _, in := range p.Integrations {
		a := &openapi.Assignment{By: in.by, Name: in.name, Make: in.to.make}
		switch {
		case in.by == 0:
			faults = append(faults, errors.New("a SpecIntegration that is empty: make it with ForOperation, ForPath or ForTag"))
			continue
		case in.to.fault != "":
			faults = append(faults, fmt.Errorf("%s: %s", a, in.to.fault))
		case in.to.function != nil:
			a.Make = sp.target(in.to.function).integration
		case a.Make == nil:
			faults = append(faults, fmt.Errorf("%s goes nowhere: make its target with ToFunction, ToHTTP or ToMock", a))
		}
		assignments = append(assignments, a)
	}
	var document *openapi.Document
	var err error
	switch {
	case p.Spec.file != "":
		document, err = openapi.File(p.Spec.file)
	case p.Spec.value != nil:
		document, err = openapi.Value(p.Spec.value)
	default:
		err = errors.New("Spec is missing: give it corsapi.SpecFile(\"openapi.yaml\") or corsapi.SpecValue(...)")
	}
	if err != nil {
		return sp, append(faults, err)
	}
	planned, bad := document.Plan(assignments, openapi.OwnOptions(p.OwnOptions))
	for _, f := range bad {
		faults = append(faults, f)
	}
	if len(faults) == 0 {
		sp.plan = planned
	}
	return sp, faults
}

// target returns the target of a function, the same for the same function.
func (sp *specification) target(fn awslambda.IFunction) *target {
	path := *fn.Node().Path()
	for _, t := range sp.functions {
		if t.path == path {
			return t
		}
	}
	t := &target{fn: fn, path: path}
	sp.functions = append(sp.functions, t)
	return t
}

func (t *target) integration(*openapi.Operation) map[string]any {
	return map[string]any{"type": apigw.AWSProxy, "httpMethod": "POST", "uri": t.uri}
}

// permit lets the API invoke its functions: one permission each, which does not
// grow with the operations. It stands in the API's stack, as the permissions of the
// CDK's Lambda integrations do, so that neither stack needs the other twice.
func (sp *specification) permit(api *SpecRestApi) {
	for _, t := range sp.functions {
		id := jsii.String("Permission." + *awscdk.Names_NodeUniqueId(t.fn.Node()))
		t.fn.AddPermission(id, &awslambda.Permission{
			Principal: awsiam.NewServicePrincipal(jsii.String("apigateway.amazonaws.com"), nil),
			Scope:     api, SourceArn: api.ArnForExecuteApi(jsii.String("*"), jsii.String("/*"), jsii.String("*")),
		})
		t.permission = *id
	}
}
