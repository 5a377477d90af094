package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// GatewayResponseType is the type of gateway responses.
const GatewayResponseType = "AWS::ApiGateway::GatewayResponse"

// gatewayResponses completes the errors that API Gateway makes itself. A type
// that has a gateway response of its own takes nothing from the defaults.
func (m *maker) gatewayResponses() {
	ours := ErrorParameters(m.policy, m.Echo)
	missing := slices.Clone(defaults)
	for _, g := range m.GatewayResponses {
		missing = slices.DeleteFunc(missing, func(t string) bool { return t == g.Type })
		merged, remarks := Remapped(g.Parameters, ours, g.Type, m.Replace)
		m.remark(g.Node, remarks)
		m.override(g.Node, "ResponseParameters.", g.Parameters, merged)
		m.parts = append(m.parts, g.Node)
		m.wrote(g.Properties, merged)
	}
	for _, t := range missing {
		id := "Cors" + strings.ReplaceAll(t, "DEFAULT_", "Default")
		m.create(New{Type: GatewayResponseType, Scope: m.Node, IDs: []string{id}, Properties: map[string]any{
			"restApiId": m.API.ID, "responseType": t, "responseParameters": ours,
		}})
		m.wrote(t, ours)
	}
}

// resourcePolicy lets preflights through, and says so.
func (m *maker) resourcePolicy() {
	allow, remarks := PolicyRefusals(m.Policy, m.stageNames(), m.API.paths(), m.Document != nil && m.Document.OwnOptions)
	m.remark(m.Node, remarks)
	switch statement := statementText(); {
	case allow && m.PolicyFixed:
		m.fail(m.Node, rules.CORS403, "the resource policy refuses preflights, and an override has it, so that no statement can be added: add "+statement)
	case allow:
		m.Statements = append(m.Statements, AllowOptions())
		m.inform(statementAdded + statement)
	case m.Document != nil && m.Document.Opened:
		m.inform(statementAdded + statement)
	}
}

// stages puts the policy's variables on every stage of the API in the app.
func (m *maker) stages() {
	vars := m.policy.StageVariables()
	names := slices.Sorted(maps.Keys(vars))
	for _, c := range m.Circles {
		m.fail(m.Node, rules.CORS409, fmt.Sprintf("CloudFormation would refuse a circular dependency: the stage's variables name the origin %s, and that is made after the stage (%s): "+
			"where pages call the API through this origin, they need no CORS, so leave it out of Origins; else have what leads to the API name its stage as text, not by its construct or URL "+
			"(awscloudfrontorigins.NewHttpOrigin with an OriginPath of \"/prod\", not NewRestApiOrigin)", c.Origin, strings.Join(c.Way, ", then ")))
	}
	for _, s := range m.Stages {
		for _, own := range slices.Sorted(maps.Keys(s.Variables)) {
			if stagevars.Is(own) {
				m.fail(s.Node, "", fmt.Sprintf("stage %s sets the variable %s itself: remove it, the policy decides it", s.Name, own))
			}
		}
		canary := slices.DeleteFunc(slices.Sorted(maps.Keys(s.Canary)), func(name string) bool { return !stagevars.Is(name) })
		if len(canary) > 0 {
			m.warn(s.Node, "canary-variables", fmt.Sprintf("the canary of stage %s overrides %s, so a part of its requests follows another policy, preflights and the requests after them each by chance: "+
				"remove them from StageVariableOverrides, or acknowledge this while both policies allow what pages need", s.Name, strings.Join(canary, ", ")))
		}
		if m.leavesOut(s) {
			continue
		}
		for _, name := range names {
			m.set(s.Node, s.Prefix+name, vars[name])
		}
	}
	if len(m.Stages) == 0 {
		var lines []string
		for _, name := range names {
			lines = append(lines, name+"="+vars[name])
		}
		m.warnRule(m.Node, rules.CORS407, "the app has no stage of this API; a stage without these variables refuses every origin: "+strings.Join(lines, " "))
	}
}

// leavesOut reports whether a stage does not get the variables: where they make a circle of
// stacks, the CDK would end the synthesis before anybody reads the error that says so. Where
// that is suppressed there is no such error, and the CDK's own is told.
func (a *API) leavesOut(s *Stage) bool {
	return !a.suppressed(a.Node, rules.CORS409) &&
		slices.ContainsFunc(a.Circles, func(c Circle) bool { return a.stackOf(c.Way[0]) != a.stackOf(s.Node) })
}

// deployments has every deployment wait for what is written, and change when
// it changes.
func (m *maker) deployments() {
	for _, d := range m.Deployments {
		w := Wait{Deployment: d.Node, Follows: d.Follows}
		stack, late := m.stackOf(d.Node), ""
		for _, p := range m.parts {
			in := m.stackOf(p)
			switch m.order(stack, in) {
			case follows:
				w.For = append(w.For, p)
			case unordered:
				if late == "" {
					late = m.Stacks[in].Path
				}
			}
		}
		m.Waits = append(m.Waits, w)
		if late != "" {
			m.warn(d.Node, "early-deployment", "the API is deployed before the methods of stack "+late+" exist, so its stage does not have them: "+
				"put the deployment into that stack or one that depends on it, or use nested stacks")
		}
		if !d.Follows {
			m.warn(d.Node, "loose-deployment", "a CfnDeployment keeps its logical id when the API's responses change, so the stage keeps the old ones: use awsapigateway.NewDeployment")
		}
	}
}

// notes says what the policy is not, or may not be what it seems.
func (m *maker) notes() {
	_, single := SingleOrigin(m.policy)
	switch {
	case single || m.policy.AnyOrigin():
		// Static headers are as good as the policy.
	case !m.Echo && m.policy.Credentials():
		m.inform("the policy allows credentials and not just one origin that is known at synthesis, so pages that send credentials cannot read the errors that " +
			"API Gateway makes itself (401, 403, 429 ...); see corsapi.EchoOrigin for the other choice")
	case m.Echo:
		m.inform("EchoOrigin: every page on the web can read the errors that API Gateway makes itself, from requests with the user's cookies")
	}
	for _, note := range m.policy.Notes() {
		m.inform(note)
	}
}
