package gateway

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corssetting"
)

// API is a REST API, an HTTP API or a function URL, read from a template. Serving does not change its responses, but for the cached results of
// [Authorizers], and several goroutines may use it at once.
type API struct {
	Kind Kind
	// CORS is the setting of an HTTP API or a function URL; nil if it has none.
	CORS *corssetting.Setting
	// App is what it was read from, Rest its resource there and StageID the logical id of its stage or of the deployment
	// that makes it, empty if neither is there.
	App         *cfn.App
	Rest        *cfn.Resource
	StageID     string
	ID          string // logical id
	Name        string
	Stage       string
	Variables   map[string]string
	BinaryTypes []string
	// Problems says, one line each, what of the API could not be read and is left out.
	Problems []string
	// Elsewhere says, one line each, what was not read and may hold more of the API. A request that leads to none of its
	// resources, or to one of them by way of a variable, is then not answered.
	Elsewhere []string
	// NotKnown has those of Problems that hang on a value that only a deployment knows, without those of methods.
	NotKnown []string
	// Undeployable says, one line each, which header mappings, stage variables and spellings are refused when the template is deployed.
	Undeployable []string
	// KeySource is where API keys come from, HEADER or AUTHORIZER; "" for HEADER.
	KeySource string

	unread        string // why nothing is known of the API, if that is so
	noSetting     error  // why the CORS setting is not known, if it is not
	closed        bool   // nobody may call the function URL
	foreign       bool   // no permission of the app says so, and the function is not in the app
	half          bool   // everybody may call it, but not the function
	root          *Resource
	resources     []*Resource
	responses     map[string]*gatewayResponse
	untyped       error             // why the type of one of the gateway responses is not known, if it is not
	untypedSource string            // what the template says of that one
	keys          map[string]string // of each API key, why it is not valid; empty if it is
	policy        any               // the resource policy, nil if there is none
	document      any               // the same with stand-ins
	policyUse     PolicyUse
	judged        judged
	valid         bool // see [Options.AssumeValid]
	canary        bool // the stage has one
	inCanary      bool // it has all requests
	// overridden are variables that have other values for the requests that a canary of some requests has.
	overridden  map[string]string
	deployment  string
	region      string
	account     string
	authorizers *Authorizers
	verdicts    verdicts
	// stageProperties are those of the stage, as the template has them.
	stageProperties map[string]any
	templates       sync.Map // text to *template
	renderings      renderings
	own             *behaviour // see ownResponses
	ownReads        sync.Once
	// loaded are the Variables as they were read; what is rendered with others is not remembered.
	loaded   map[string]string
	symbolic bool   // whether one of these has in it what only a deployment knows
	written  string // see Source
}

// Resource is one node of the API's tree.
type Resource struct {
	ID       string        // logical id, or the path for OpenAPI
	Source   *cfn.Resource // what it is made of: the RestApi for OpenAPI
	Path     string
	part     string
	parent   *Resource
	children []*Resource
	methods  map[string]*Method
}

// Method is a method of a resource.
type Method struct {
	ID         string        // logical id, or "METHOD path"
	Source     *cfn.Resource // what it is made of: the RestApi for OpenAPI
	HTTPMethod string
	Resource   *Resource
	// Err says why the method cannot be served, if it cannot.
	Err error

	AuthorizationType string
	APIKeyRequired    bool
	Integration       *Integration
	Responses         []MethodResponse
	RequestParameters map[string]bool

	// alike and alikeIntegration are what Behaviour writes of it.
	alike, alikeIntegration string
	alikeOnce               sync.Once

	authorizer     *authorizer
	scopes         []string
	keyInHeader    bool        // an API key is read from the header x-api-key
	validator      *cfn.Symbol // that stands for a validator which is not known
	valid          string      // what is required of queries and bodies, as the template has it
	validateBody   bool
	validateParams bool
	models         map[string]*schema // by content type
	written        string             // see API.Source
}

// Problem says in a line that the method cannot be served, and why; it is empty if it can.
func (m *Method) Problem() string {
	if m.Err == nil {
		return ""
	}
	return fmt.Sprintf("method %s: %v", m.ID, m.Err)
}

// MethodResponse declares a status with its headers.
type MethodResponse struct {
	Status  string
	Headers map[string]bool
	Models  map[string]string
	has     bool // Parameters were given
}

// Integration says what a method calls.
type Integration struct {
	Type, URI, HTTPMethod string
	Passthrough           string
	ContentHandling       string
	// ConnectionType is INTERNET or VPC_LINK, ConnectionID that of the link.
	ConnectionType, ConnectionID string
	// Payload is the format of the event that a function gets of an HTTP API or a function URL, 1.0 or 2.0; Subtype is the action
	// of an AWS service that an HTTP API calls. Responses of these has the statuses that are mapped.
	Payload, Subtype  string
	RequestParameters map[string]string
	RequestTemplates  []Template
	Responses         []IntegrationResponse
}

// Template is a mapping template for a content type.
type Template struct {
	ContentType, Text string
}

// IntegrationResponse makes a response out of a backend's reply.
type IntegrationResponse struct {
	Status          string
	Pattern         string
	ContentHandling string
	Parameters      map[string]string
	Templates       []Template
}

type gatewayResponse struct {
	status     string
	parameters map[string]string
	templates  []Template
	err        error
	source     string
}

// Region is the one that the API is taken to be in.
func (a *API) Region() string { return a.region }

// Resources returns the tree's nodes in the order of their paths.
func (a *API) Resources() []*Resource { return append([]*Resource(nil), a.resources...) }

// Methods returns a resource's methods by name.
func (r *Resource) Methods() []*Method {
	var out []*Method
	for _, m := range r.methods {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *Method) int { return strings.Compare(a.HTTPMethod, b.HTTPMethod) })
	return out
}

// Functions returns the logical ids of the template's functions that methods call, sorted.
func (a *API) Functions() []string {
	var out []string
	for _, r := range a.resources {
		for _, m := range r.methods {
			if m.Integration == nil {
				continue
			}
			uri := stageVariable.ReplaceAllStringFunc(m.Integration.URI, func(s string) string {
				return a.Variables[stageVariable.FindStringSubmatch(s)[1]]
			})
			if f := a.functionOf(uri); f != nil && f.LogicalID != "" && !slices.Contains(out, f.LogicalID) {
				out = append(out, f.LogicalID)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Find returns the resource with a path such as /items/{id}, or nil.
func (a *API) Find(path string) *Resource {
	for _, r := range a.resources {
		if r.Path == path {
			return r
		}
	}
	return nil
}

// Method returns a resource's own method, or nil.
func (r *Resource) Method(name string) *Method { return r.methods[name] }

func (r *Resource) greedy() bool {
	return strings.HasPrefix(r.part, "{") && strings.HasSuffix(r.part, "+}")
}
func (r *Resource) variable() bool { return strings.HasPrefix(r.part, "{") }

// open reports whether other paths than its own lead to the resource.
func (r *Resource) open() bool {
	return r != nil && (r.variable() || r.parent.open())
}
func (r *Resource) paramName() string {
	return strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(r.part, "{"), "}"), "+")
}

// child returns the child of a part, made where there is none.
func (a *API) child(parent *Resource, part, id string, source *cfn.Resource) *Resource {
	for _, c := range parent.children {
		if c.part == part {
			return c
		}
	}
	p := parent.Path
	if p == "/" {
		p = ""
	}
	r := &Resource{ID: id, Source: source, Path: p + "/" + part, part: part, parent: parent, methods: map[string]*Method{}}
	parent.children = append(parent.children, r)
	a.resources = append(a.resources, r)
	return r
}

// segments returns the parts of a path, which is without the stage and without a query string.
func segments(path string) []string {
	trimmed := strings.Trim(path, "/")
	if trimmed == "" {
		return nil
	}
	return strings.Split(trimmed, "/")
}

// Route returns the method that serves a request for a path, or nil, and the resource that the path leads to, or nil. The
// method may be another resource's: one that lacks the method gives way to a variable or a greedy sibling.
func (a *API) Route(method, path string) (*Method, *Resource) {
	m, exact, _ := a.find(method, path)
	return m, exact
}

// find is Route, with the parameters of the path.
func (a *API) find(method, path string) (*Method, *Resource, map[string]string) {
	if a.Kind != RestAPI {
		return a.routeOther(method, path)
	}
	return a.route(method, segments(path))
}

// route finds the method for a path. A resource that lacks the method gives way to a variable and then to a greedy
// sibling, at every level (recorded 2024-07 one level deep; believed deeper).
func (a *API) route(method string, segs []string) (*Method, *Resource, map[string]string) {
	var exact *Resource
	var walk func(r *Resource, segs []string, params map[string]string) (*Method, map[string]string)
	walk = func(r *Resource, segs []string, params map[string]string) (*Method, map[string]string) {
		if len(segs) == 0 {
			if exact == nil {
				exact = r
			}
			if m := r.methods[method]; m != nil {
				return m, params
			}
			if m := r.methods["ANY"]; m != nil {
				return m, params
			}
			return nil, nil
		}
		var variable, greedy *Resource
		for _, c := range r.children {
			switch {
			case c.greedy():
				greedy = c
			case c.variable():
				variable = c
			case c.part == segs[0]:
				if m, p := walk(c, segs[1:], params); m != nil {
					return m, p
				}
			}
		}
		with := func(c *Resource, v string) map[string]string {
			p := map[string]string{c.paramName(): v}
			for k, v := range params {
				p[k] = v
			}
			return p
		}
		if variable != nil && segs[0] != "" {
			if m, p := walk(variable, segs[1:], with(variable, segs[0])); m != nil {
				return m, p
			}
		}
		if greedy != nil {
			return walk(greedy, nil, with(greedy, strings.Join(segs, "/")))
		}
		return nil, nil
	}
	m, params := walk(a.root, segs, map[string]string{})
	return m, exact, params
}
