package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/rules"
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

// resourcePolicy lets preflights through.
func (m *maker) resourcePolicy() {
	allow, remarks := PolicyRefusals(m.Policy, m.stageNames(), m.API.paths(), m.Document != nil && m.Document.OwnOptions)
	m.remark(m.Node, remarks)
	if allow {
		m.Statements = append(m.Statements, AllowOptions())
	}
}

// stages puts the policy's variables on every stage of the API in the app.
func (m *maker) stages() {
	vars := m.policy.StageVariables()
	names := slices.Sorted(maps.Keys(vars))
	for _, s := range m.Stages {
		for _, own := range slices.Sorted(maps.Keys(s.Variables)) {
			if cors.IsVariable(own) {
				m.fail(s.Node, "", fmt.Sprintf("stage %s sets the variable %s itself: remove it, the policy decides it", s.Name, own))
			}
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
			m.warn(d.Node, "loose-deployment", "a CfnDeployment keeps its logical id when the API's answers change, so the stage keeps the old ones: use awsapigateway.NewDeployment")
		}
	}
}

// notes says what the policy is not, or may not be what it seems.
func (m *maker) notes() {
	_, single := m.policy.SingleOrigin()
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
