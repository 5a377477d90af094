package plan

import (
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/rules"
)

// Options say what is asked for beside the policy.
type Options struct {
	// Echo has gateway responses send the request's own origin back.
	Echo bool
	// Replace replaces without a remark what decided CORS before.
	Replace bool
	// OnePermission puts one Lambda permission for each function instead of those
	// for its methods.
	OnePermission bool
}

// A Plan is what an API must change so that it follows a policy. It is applied in the
// order of the fields.
type Plan struct {
	New        []New
	Obsolete   []string // the paths of the permissions that New has others for
	Statements []any    // for the resource policy
	Changes    []Change
	Waits      []Wait

	// Written is what the API responds with, but for the stages' variables: a deployment
	// changes when it does.
	Written []any

	Remarks []Remark
}

// A New is a resource to be made.
type New struct {
	Type  string
	Scope string

	// IDs are the resource's own construct id, last, and before it those of the
	// constructs to be made around it, outermost first.
	IDs        []string
	Properties map[string]any
	Metadata   map[string]any
}

// Path is that of the resource in the app's tree.
func (n *New) Path() string { return n.Scope + "/" + strings.Join(n.IDs, "/") }

// A Change is one of a property of a resource that exists.
type Change struct {
	On    string
	Path  string // in the template, by CloudFormation's names; a dot in a name has a backslash before it
	Value any
	Kind  Kind
}

// A Kind says what becomes of a property.
type Kind int

// The kinds of changes.
const (
	Set   Kind = iota // it is overridden, which merges objects
	Unset             // it is removed
	Reset             // nothing of it stays but Value. Path is the CDK's name of it
)

// A Wait is a deployment and what it must come after.
type Wait struct {
	Deployment string
	For        []string
	Follows    bool // its logical id is to follow Plan.Written
}

// A Remark is what there is to say about a construct.
type Remark struct {
	Severity Severity
	On       string
	Rule     rules.ID // of `corsgate check` that finds the same in the template; "" for none
	Name     string   // identifies a warning that has no rule
	Text     string
}

// A Severity is that of a remark. An Error ends the synthesis.
type Severity int

// The severities.
const (
	Error Severity = iota
	Warning
	Info
)

// ID identifies a warning: its rule, or its name.
func (r *Remark) ID() string {
	if r.Rule != "" {
		return string(r.Rule)
	}
	return r.Name
}

// Message is the text, with the rule's id and page where there is one.
func (r *Remark) Message() string {
	if r.Rule == "" {
		return r.Text
	}
	return string(r.Rule) + ": " + r.Text + " (see " + r.Rule.Link() + ")"
}

// Make returns what an API must change so that it follows a policy. The API stays as
// it is.
//
// It makes CloudFormation-level resources and overrides properties. Both take nothing
// from the API's defaults (an authorizer, an API key, a required parameter), which must
// not reach OPTIONS.
func Make(api *API, policy *cors.Policy, options Options) *Plan {
	m := &maker{API: api, Options: options, Plan: &Plan{}, policy: policy, caches: api.Caching()}
	if api.Document == nil {
		m.preflights()
		m.methods()
		m.permissions()
		m.gatewayResponses()
	} else {
		m.document()
	}
	m.resourcePolicy()
	m.stages()
	m.deployments()
	if api.Document == nil {
		for _, r := range api.Resources {
			for _, x := range r.Methods {
				m.cover(Proxy{Node: x.Node, Where: x.where(), Type: x.Type, URI: x.URI, Emits: x.Emits})
			}
		}
	}
	m.sufficient()
	m.notes()
	m.quota()
	m.Remarks = slices.DeleteFunc(m.Remarks, func(r Remark) bool { return r.Rule != "" && m.suppressed(r.On, r.Rule) })
	return m.Plan
}

// A maker makes a plan.
type maker struct {
	*API
	Options
	*Plan
	policy *cors.Policy
	caches bool
	parts  []string // what a deployment has to wait for
}

func (m *maker) set(on, path string, value any) {
	m.Changes = append(m.Changes, Change{On: on, Path: path, Value: value})
}

func (m *maker) unset(on, path string) {
	m.Changes = append(m.Changes, Change{On: on, Path: path, Kind: Unset})
}

func (m *maker) create(n New) {
	m.New, m.parts = append(m.New, n), append(m.parts, n.Path())
}

func (m *maker) wrote(parts ...any) { m.Written = append(m.Written, parts...) }

func (m *maker) fail(on string, rule rules.ID, text string) {
	m.Remarks = append(m.Remarks, Remark{On: on, Rule: rule, Text: text})
}

func (m *maker) warn(on, name, text string) {
	m.Remarks = append(m.Remarks, Remark{Severity: Warning, On: on, Name: name, Text: text})
}

func (m *maker) warnRule(on string, rule rules.ID, text string) {
	m.Remarks = append(m.Remarks, Remark{Severity: Warning, On: on, Rule: rule, Text: text})
}

func (m *maker) inform(text string) {
	m.Remarks = append(m.Remarks, Remark{Severity: Info, On: m.Node, Text: text})
}

// document refuses what the document's import would remove: it replaces all that
// the API has
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-restapi.html).
func (m *maker) document() {
	for _, r := range m.Resources {
		methods := slices.Clone(r.Methods)
		if r.Options != nil {
			methods = append(methods, r.Options)
		}
		for _, x := range methods {
			m.fail(x.Node, "", x.Verb+" "+r.Path+" is made beside the OpenAPI document, whose import replaces what the API has: put it into the document")
		}
	}
	for _, g := range m.GatewayResponses {
		m.fail(g.Node, rules.CORS408, "gateway response "+g.Type+" is made beside the OpenAPI document, whose import replaces what the API has: "+
			"put it into the document's x-amazon-apigateway-gateway-responses")
	}
	if !m.policy.AnyOrigin() {
		m.wrote(PreflightTemplate(m.policy))
		if m.Document.Responds {
			m.wrote(ResponseTemplate(m.policy))
		}
	}
	m.parts = append(m.parts, m.Document.Permissions...)
	m.Remarks = append(m.Remarks, m.Document.Remarks...)
	for _, p := range group(m.Document.Proxies) {
		m.cover(p)
	}
}

// escape makes a name with dots one step of a change's path.
func escape(name string) string { return strings.ReplaceAll(name, ".", `\.`) }
