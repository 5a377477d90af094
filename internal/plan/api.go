package plan

import (
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
)

// An API is what an app has of one REST API, as plain data. A construct is named by
// its path in the app's tree. Properties are as the CDK's constructs take them: names
// in lower camel case, tokens as text. What is called resolved is as CloudFormation
// gets it.
type API struct {
	Node             string // the API's construct
	ID               string // its RestApiId, a token
	ARN              string // of all methods on all stages, a token
	Policy           any    // its resource policy, resolved
	PolicyFixed      bool   // an override has the resource policy, so that no statement can be added
	Binary           bool   // it has binary media types
	KeySource        string // where its API keys come from, "" for the header
	Suppressed       []Suppression
	Circles          []Circle
	Stacks           []Stack
	Resources        []*Resource // those with methods, by path
	Paths            int         // how many resources there are, the root not counted
	GatewayResponses []*GatewayResponse
	Stages           []*Stage
	Deployments      []Deployment
	Permissions      []Permission // those that stand in Node
	Document         *Document    // nil for an API of resources
}

// A Stack is one of the app's. Inner stacks follow outer ones.
type Stack struct {
	Path      string
	Nested    bool
	DependsOn []string // the paths of the stacks that it is deployed after
}

// A Resource is one that has a method.
type Resource struct {
	Path    string
	ID      string    // its ResourceId, a token
	Scope   string    // the construct that an OPTIONS method is put into
	Methods []*Method // all but OPTIONS
	Options *Method
	Nag     []any // cdk-nag's suppressions; of the root, those of the API
}

// names returns the HTTP methods of r.
func (r *Resource) names() []string {
	var out []string
	for _, m := range r.Methods {
		out = append(out, m.Verb)
	}
	slices.Sort(out)
	return out
}

// isSimple reports whether pages need no preflight for any method of r, as far
// as its methods tell.
func (r *Resource) isSimple() bool {
	return !slices.ContainsFunc(r.Methods, func(m *Method) bool { return m.Verb != "GET" && m.Verb != "HEAD" })
}

// A Method is one of a resource.
type Method struct {
	Node        string
	Verb, Path  string
	Type        string // of the integration
	Integration map[string]any
	URI         any // of the integration, resolved
	Parameters  map[string]any
	Responses   any          // the method responses, resolved
	Permissions []Permission // those that stand beside Node
	Emits       Emission     // of an AWS_PROXY
	Security    Security
	Nag         []any // cdk-nag's suppressions
}

// A Suppression is one of a rule, in the metadata of a construct.
type Suppression struct {
	On   string
	Rule string
}

// A Circle is an origin of the policy that is known only when a stage of the API is there.
type Circle struct {
	Origin string
	Way    []string // the paths of resources, from what the origin names to the stage
}

func (m *Method) where() string { return m.Verb + " " + m.Path }

// An Operation is a method as far as it decides what pages have to be allowed.
type Operation struct {
	Node     string
	Where    string // the method, for remarks
	Verb     string
	Security Security
}

// operations returns the API's.
func (a *API) operations() []Operation {
	if a.Document != nil {
		return a.Document.Operations
	}
	var out []Operation
	for _, r := range a.Resources {
		for _, x := range r.Methods {
			out = append(out, Operation{Node: x.Node, Where: x.where(), Verb: x.Verb, Security: x.Security})
		}
	}
	return out
}

// A GatewayResponse is an error that API Gateway makes itself.
type GatewayResponse struct {
	Node       string
	Type       string
	Parameters map[string]any
	Properties map[string]any // all
}

// A Stage is a stage, or a deployment that makes one.
type Stage struct {
	Node      string
	Prefix    string // of the property that holds the variables
	Name      string // "" where it is not known
	Variables map[string]any
	Canary    map[string]any // the variables that its canary overrides
	Cached    bool           // it may cache responses
}

// A Deployment is the CDK's construct, or CloudFormation's alone.
type Deployment struct {
	Node    string
	Follows bool // its logical id can follow what is written: the CDK's
}

// A Permission is one to invoke a Lambda function, version or alias.
type Permission struct {
	Path       string
	Function   string // the function as the permission has it: a token where it is the app's
	Key        string // the function, resolved
	Properties map[string]any
	Altered    bool // it is more than its properties
}

// A Document is the OpenAPI document that all of an API is rendered from.
type Document struct {
	Paths       []string // those with operations
	OwnOptions  bool     // OPTIONS operations of its own are kept
	Responds    bool     // the policy's response template is in use
	Permissions []string // to invoke its functions
	Proxies     []Proxy
	Operations  []Operation
	Opened      bool     // the rendering has added AllowOptions to the document's own resource policy
	Remarks     []Remark // of the rendering
}

// stackOf returns the index of the innermost stack around a construct, -1 for none.
func (a *API) stackOf(path string) int {
	in := -1
	for i, s := range a.Stacks {
		if s.holds(path) {
			in = i
		}
	}
	return in
}

func (s *Stack) holds(path string) bool { return strings.HasPrefix(path, s.Path+"/") }

// An order says what a construct in one stack may do about one in another.
type order int

const (
	unordered order = iota // it cannot wait: the other stack comes after, or may
	follows                // it can be told to wait
	after                  // its stack comes after the other anyway
)

// order says what a construct in stack x may do about one in stack y. Another
// stack waits for the API's, so that the API's cannot wait for it.
func (a *API) order(x, y int) order {
	if x == y || y == a.stackOf(a.Node) {
		return follows
	}
	if x < 0 || y < 0 {
		return unordered
	}
	in, of := &a.Stacks[x], &a.Stacks[y]
	switch {
	case of.Nested && in.holds(of.Path):
		return follows
	case in.Nested:
		return after // beside it in one parent, where the app orders them
	case slices.Contains(in.DependsOn, of.Path):
		return after
	}
	return unordered
}

// Caching reports whether a stage of the API may cache responses.
func (a *API) Caching() bool {
	return slices.ContainsFunc(a.Stages, func(s *Stage) bool { return s.Cached })
}

// stageNames returns the names of the stages, "" for one that is not known.
func (a *API) stageNames() []string {
	var names []string
	for _, s := range a.Stages {
		names = append(names, s.Name)
	}
	return names
}

// paths returns the paths that browsers send preflights to.
func (a *API) paths() []string {
	var out []string
	if a.Document != nil {
		out = append(out, a.Document.Paths...)
	}
	for _, r := range a.Resources {
		out = append(out, r.Path)
	}
	return out
}

// defaults are the gateway responses that every other type falls back to.
var defaults = []string{apigw.Default4XX, apigw.Default5XX}
