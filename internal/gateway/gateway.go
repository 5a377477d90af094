// Package gateway responds to requests as an Amazon API Gateway REST API does, or an HTTP API or the URL of a Lambda function, from
// the CloudFormation templates that describe it.
//
// [Load] reads what [cfn] made of them: the resources of type AWS::ApiGateway::* or the OpenAPI document in a RestApi's
// Body. [API.Serve] routes a request, checks it, calls the integration (a [Backend] given by the caller stands for
// Lambda functions, HTTP servers and AWS services) and makes the response, with a trace of how it came to be. The package
// needs neither AWS nor a network.
//
// How the service behaves is taken from recordings of it (test/conformance/testdata) and, where there is none, from its
// documentation. What decides whether a response has CORS headers is modelled, resource policies too; caching,
// throttling, WAF, compression and custom domains are not.
package gateway

import (
	"context"
	"fmt"
	"strings"
)

// Header is one header line; the case of the name is as it was sent.
type Header struct {
	Name, Value string
}

// Headers is a list of header lines in order.
type Headers []Header

// Get returns the first value of a header, whatever the case of its name.
func (h Headers) Get(name string) (string, bool) {
	for _, x := range h {
		if strings.EqualFold(x.Name, name) {
			return x.Value, true
		}
	}
	return "", false
}

// Values returns all values of a header, whatever the case of its name.
func (h Headers) Values(name string) []string {
	var out []string
	for _, x := range h {
		if strings.EqualFold(x.Name, name) {
			out = append(out, x.Value)
		}
	}
	return out
}

// set replaces every line of a header with one.
func (h Headers) set(name, value string) Headers {
	return append(h.without(name), Header{name, value})
}

func (h Headers) without(name string) Headers {
	out := Headers{}
	for _, x := range h {
		if !strings.EqualFold(x.Name, name) {
			out = append(out, x)
		}
	}
	return out
}

// Request is what a client sends.
type Request struct {
	Method string
	// Path is the path after the stage, percent-encoded as it was sent. Ignored where RawPath is set.
	Path string
	// RawPath is the whole path with the stage and the query string as sent, such as /prod/items?x=1.
	RawPath string
	Headers Headers
	// Query holds decoded query parameters in order. Where it is nil, they are read from RawPath or Path.
	Query []Param
	Body  []byte
	// SourceIP is the client's address, 127.0.0.1 by default; Protocol is HTTP/1.1 by default.
	SourceIP, Protocol string
	// Decide is [vtl.Env.Decide] of the mapping templates, with the template's text. Templates that cannot come across what only a
	// deployment knows may do without it.
	Decide func(template, op string, operands []any, result any) any
}

// Param is one query parameter.
type Param struct {
	Name, Value string
}

// Response is what the client gets.
type Response struct {
	Status  int
	Headers Headers
	Body    []byte
	Trace   []Step
}

// Step is one thing that decided the response.
type Step struct {
	// Kind is one of the constants below.
	Kind StepKind `json:"kind"`
	// Name is the logical id, type, status or parameter the step is about.
	Name string `json:"name,omitempty"`
	// Line and Source are the line of a mapping template and its text.
	Line   int    `json:"line,omitempty"`
	Source string `json:"source,omitempty"`
	// Detail is a sentence for people.
	Detail string `json:"detail,omitempty"`
	// Cause says why a gateway response is given whose type has several causes.
	Cause Cause `json:"-"`
	// Pattern is the selection pattern of an integration response.
	Pattern string `json:"-"`
}

// Cause says what fails at run time, of what is API_CONFIGURATION_ERROR or, for functions, DEFAULT_5XX whatever it is.
type Cause string

// The causes.
const (
	NoIntegration         Cause = "noIntegration"         // the method has none
	NoIntegrationResponse Cause = "noIntegrationResponse" // none fits what the backend said
	NoMockStatus          Cause = "noMockStatus"          // a mock's request gives no statusCode
	BadTemplate           Cause = "badTemplate"           // a template does not parse, or fails
	BadOverride           Cause = "badOverride"           // a template overrides something with what that cannot be
	BadMapping            Cause = "badMapping"            // a mapping of a header or an address cannot be made
	NotPost               Cause = "notPost"               // a function is called with another method than POST
	BinaryRequest         Cause = "binaryRequest"         // a template had to read a request's body that is binary
	BinaryResponse        Cause = "binaryResponse"        // a payload is binary where it must not be, or is not where it must
	BadProxyResponse      Cause = "badProxyResponse"      // a proxy function's result is not in its format
	OtherCause            Cause = "other"
)

// StepKind says what a step is about.
type StepKind string

// The kinds of steps, in the order in which they usually come.
const (
	StepResource            StepKind = "resource"
	StepMethod              StepKind = "method"
	StepAuthorizer          StepKind = "authorizer"
	StepAPIKey              StepKind = "apiKey"
	StepValidator           StepKind = "validator"
	StepRequestTemplate     StepKind = "requestTemplate"
	StepIntegration         StepKind = "integration"
	StepIntegrationResponse StepKind = "integrationResponse"
	StepHeader              StepKind = "header" // a mapped header that is not sent
	StepResponseTemplate    StepKind = "responseTemplate"
	StepBranch              StepKind = "branch"
	StepOverride            StepKind = "override"
	StepGatewayResponse     StepKind = "gatewayResponse"
	StepUnsupported         StepKind = "unsupported"
	StepCORS                StepKind = "cors" // the CORS setting of an HTTP API or a function URL
)

// Function names a Lambda function an integration calls.
type Function struct {
	ARN  string
	Name string
	// LogicalID is the function's resource as [cfn.App.Name] has it, or empty where the app does not have it.
	LogicalID string
	// Authorizer reports whether it is called to authorize a request.
	Authorizer bool
	// Overruled reports whether the CORS headers of the response do not depend on the function.
	Overruled bool
}

// BackendRequest is what an integration sends to an HTTP server or an AWS service.
type BackendRequest struct {
	Method string
	// URL is the integration's URI with its parameters filled in, without the query string; for an AWS service, the ARN.
	URL     string
	Query   []Param
	Headers Headers
	Body    []byte
	// Overruled is that of a [Function].
	Overruled bool
}

// BackendResponse is the reply of an HTTP server or an AWS service.
type BackendResponse struct {
	Status  int
	Headers Headers
	Body    []byte
}

// Backend stands for what is behind the API. Its methods may return context.DeadlineExceeded (the client gets the response
// to a timeout), an [*Unavailable] (502 with the reason), or another error (the response to a failed integration).
type Backend interface {
	// Invoke calls a function and returns its result as JSON, or a [*FunctionError] where the function failed.
	Invoke(ctx context.Context, fn Function, event []byte) ([]byte, error)
	// HTTP sends a request of an HTTP or HTTP_PROXY integration.
	HTTP(ctx context.Context, r *BackendRequest) (*BackendResponse, error)
	// AWS calls an AWS service.
	AWS(ctx context.Context, r *BackendRequest) (*BackendResponse, error)
}

// A FunctionError is the error that a function raised.
type FunctionError struct {
	Message, Type string
	// Payload is the error as Lambda reports it, JSON; made from Message and Type where empty.
	Payload []byte
}

func (e *FunctionError) Error() string { return "function error: " + e.Type + ": " + e.Message }

// An Unavailable is the reason why a backend cannot be called here.
type Unavailable struct{ Reason string }

func (e *Unavailable) Error() string { return e.Reason }

// Whichever is a backend's error for nothing having been called: the response is that of the integration response with this
// index, as far as it does not depend on the reply. What does is not served. It is not for proxy integrations.
type Whichever struct{ Response int }

func (e *Whichever) Error() string { return fmt.Sprintf("as the integration response %d", e.Response) }

// LoadError says why no API could be read from a template, in one line that names the file.
type LoadError struct {
	Kind LoadKind
	File string
	Msg  string
}

// LoadKind says what kind of thing is wrong with what was asked.
type LoadKind string

// The kinds of a [LoadError].
const (
	NoAPI         LoadKind = "noAPI"         // there is no API, or not the one that was asked for
	SeveralAPIs   LoadKind = "severalAPIs"   // there are several, and none was asked for
	NoStage       LoadKind = "noStage"       // the API does not have the stage that was asked for
	SeveralStages LoadKind = "severalStages" // it has several, and none was asked for
)

func (e *LoadError) Error() string {
	if e.File == "" {
		return e.Msg
	}
	return e.File + ": " + e.Msg
}

// Options chooses among what a template offers.
type Options struct {
	// Kind is the only kind of API that is meant; empty for any.
	Kind Kind
	// API is the logical id of the API, needed where there are several; STACK/ID where several stacks have one of this
	// id.
	API string
	// Stage is a stage's name, needed where there are several.
	Stage string
	// Variables override the stage's variables.
	Variables map[string]string
	// Policy says what becomes of requests that the resource policy decides about.
	Policy PolicyUse
	// AssumeValid has the requests of pages bring the query parameters and bodies that methods require, and the query parameters
	// that authorizers read.
	AssumeValid bool
	// APIKeys are key values that are valid besides those the template holds.
	APIKeys []string
	// Authorizers has authorizers decide. Nil lets in whoever brings the identity sources, but whether a Lambda authorizer
	// lets in preflights is then not known.
	Authorizers *Authorizers
}
