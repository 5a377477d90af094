package gateway

import (
	"slices"

	"github.com/corsgate/corsgate/internal/cfn"
)

// apiKeys reads which API keys are valid. A key has to be enabled, which it is not unless the template says so
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-apikey.html), and in a usage
// plan of the stage (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html).
func (l *loader) apiKeys() {
	a := l.api
	for _, k := range l.app.OfType("AWS::ApiGateway::ApiKey") {
		v, err := textOf(k.Properties["Value"])
		switch {
		case err != nil || v == "":
		case !isTrue(k.Properties["Enabled"]) && l.app.SymbolOf(k.Properties["Enabled"]) == nil:
			a.keys[v] = "the API key " + k.ID + " is not enabled"
		case !l.planned(k):
			a.keys[v] = "the API key " + k.ID + " is in no usage plan of the stage " + a.Stage
		default:
			a.keys[v] = ""
		}
	}
	for _, k := range l.opts.APIKeys {
		a.keys[k] = ""
	}
}

// planned reports whether a key is in a usage plan of the stage, or may be in one.
func (l *loader) planned(key *cfn.Resource) bool {
	if l.hasStage(key.Properties["StageKeys"], "RestApiId", "StageName") {
		return true
	}
	for _, of := range l.app.OfType("AWS::ApiGateway::UsagePlanKey") {
		if !l.mayBe(of.Properties["KeyId"], key) {
			continue
		}
		plan := l.app.Target(of.Properties["UsagePlanId"])
		if plan == nil || plan.Type != "AWS::ApiGateway::UsagePlan" { // it is elsewhere
			return true
		}
		if l.hasStage(plan.Properties["ApiStages"], "ApiId", "Stage") {
			return true
		}
	}
	return false
}

// hasStage reports whether a list has an object that names the stage that is served, or may have one.
func (l *loader) hasStage(v any, api, stage string) bool {
	return l.app.SymbolOf(v) != nil || slices.ContainsFunc(list(v), func(e any) bool {
		m, _ := e.(map[string]any)
		if m == nil {
			return l.app.SymbolOf(e) != nil
		}
		name, of := m[stage], l.app.Target(m[stage])
		return l.mayBe(m[api], l.rest) && (name == l.api.Stage || of != nil && of.ID == l.api.StageID || of == nil && len(l.app.Symbols(name)) > 0)
	})
}

// mayBe reports whether a value is the id of a resource, or is not known.
func (l *loader) mayBe(v any, r *cfn.Resource) bool {
	target := l.app.Target(v)
	return target == r || target == nil && l.app.SymbolOf(v) != nil
}
