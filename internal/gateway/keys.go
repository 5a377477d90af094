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
		case !isTrue(k.Properties["Enabled"]):
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
	if slices.ContainsFunc(list(key.Properties["StageKeys"]), func(v any) bool { return l.isStage(v, "RestApiId", "StageName") }) {
		return true
	}
	for _, of := range l.app.OfType("AWS::ApiGateway::UsagePlanKey") {
		if l.app.Target(of.Properties["KeyId"]) != key {
			continue
		}
		plan := l.app.Target(of.Properties["UsagePlanId"])
		if plan == nil || plan.Type != "AWS::ApiGateway::UsagePlan" { // it is elsewhere
			return true
		}
		if slices.ContainsFunc(list(plan.Properties["ApiStages"]), func(v any) bool { return l.isStage(v, "ApiId", "Stage") }) {
			return true
		}
	}
	return false
}

// isStage reports whether an object names the stage that is served.
func (l *loader) isStage(v any, api, stage string) bool {
	m, _ := v.(map[string]any)
	if l.app.Target(m[api]) != l.rest {
		return false
	}
	name, err := textOf(m[stage])
	of := l.app.Target(m[stage])
	return err == nil && name == l.api.Stage || of != nil && of.ID == l.api.StageID
}
