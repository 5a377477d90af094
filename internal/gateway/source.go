package gateway

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
)

// without returns a copy of properties without some, which decide nothing about a response or say where it belongs.
func without(properties map[string]any, names ...string) map[string]any {
	out := maps.Clone(properties)
	for _, n := range names {
		delete(out, n)
	}
	return out
}

// common writes what the whole API is made of, its methods apart.
func (l *loader) common() string {
	a, p := l.api, l.rest.Properties
	parts := []any{without(p, "Body", "Name", "Description", "Tags"), a.canary}
	if body, ok := p["Body"].(map[string]any); ok {
		parts = append(parts, without(body, "paths", "info", "tags"))
	} else {
		parts = append(parts, p["Body"])
	}
	for _, k := range slices.Sorted(maps.Keys(a.Variables)) {
		parts = append(parts, k, a.Variables[k])
	}
	parts = append(parts, len(a.overridden))
	for _, k := range slices.Sorted(maps.Keys(a.overridden)) {
		parts = append(parts, k, a.overridden[k])
	}
	for _, typ := range []string{"GatewayResponse", "Authorizer", "RequestValidator", "Model"} {
		for _, r := range l.of(typ) {
			parts = append(parts, r.ID, without(r.Properties, "RestApiId", "Description"))
		}
	}
	return cfn.Canonical(parts) + strings.Join(l.beside, "")
}

// Source writes what the template says that decides about requests to a path: of the API as a whole and of the method that
// serves them. Two APIs for which it is the same text respond in the same way, whatever the values are that only a
// deployment knows, if what stands behind them does.
func (a *API) Source(method, path string) string {
	m, _, _ := a.find(method, path)
	if m == nil {
		return a.written
	}
	return a.written + m.written
}

// decides matches the names of environment variables that a function may decide by which pages it lets in.
var decides = regexp.MustCompile(`(?i)cors|origin|allow`)

// Behind writes what is called for a request to a path that is not a part of the API, and what the API makes of its reply;
// empty for a mock and where there is no route. Of a function's code it is what stands in the template.
func (a *API) Behind(method, path string) string {
	m, _, _ := a.find(method, path)
	if m == nil || m.Integration == nil || m.Integration.Type == apigw.Mock {
		return ""
	}
	i := m.Integration
	uri, _ := (&exchange{api: a, variables: a.Variables}).uri(i)
	parts := []any{i.Type, uri}
	if i.Type != apigw.AWSProxy && i.Type != apigw.HTTPProxy {
		parts = append(parts, m.written)
	}
	if a.Kind != RestAPI { // they decide what the backend is sent
		parts = append(parts, i.Payload)
		for _, k := range slices.Sorted(maps.Keys(i.RequestParameters)) {
			parts = append(parts, k, i.RequestParameters[k])
		}
	}
	if fn := a.FunctionOf(method, path); fn != nil {
		code, _ := fn.Properties["Code"].(map[string]any)
		parts = append(parts, fn.Properties["Handler"], code["ZipFile"])
		variables := Environment(fn)
		for _, k := range slices.Sorted(maps.Keys(variables)) {
			if Deciding(k, variables[k]) {
				parts = append(parts, k, variables[k])
			}
		}
	}
	return cfn.Canonical(parts)
}

// FunctionOf returns the template's function that is called for a request to a path, nil if it is none.
func (a *API) FunctionOf(method, path string) *cfn.Resource {
	m, _, _ := a.find(method, path)
	if m == nil || m.Integration == nil {
		return nil
	}
	uri, _ := (&exchange{api: a, variables: a.Variables}).uri(m.Integration)
	fn := a.functionOf(uri)
	if fn == nil {
		return nil
	}
	for _, r := range a.App.OfType("AWS::Lambda::Function") {
		if a.App.Name(r) == fn.LogicalID {
			return r
		}
	}
	return nil
}

// Environment returns the environment variables of a function.
func Environment(fn *cfn.Resource) map[string]any {
	environment, _ := fn.Properties["Environment"].(map[string]any)
	variables, _ := environment["Variables"].(map[string]any)
	return variables
}

// Deciding reports whether a function may decide by an environment variable which pages it lets in.
func Deciding(name string, value any) bool {
	v, _ := value.(string)
	return decides.MatchString(name) || strings.Contains(v, "://")
}

// Calls names what is called for a request to a path, for people.
func (a *API) Calls(method, path string) string {
	m, _, _ := a.find(method, path)
	if m == nil || m.Integration == nil {
		return "nothing"
	}
	uri, _ := (&exchange{api: a, variables: a.Variables}).uri(m.Integration)
	if fn := a.functionOf(uri); fn != nil {
		return "the function " + fn.Name
	}
	return a.App.Show(uri)
}
