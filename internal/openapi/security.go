package openapi

import (
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/plan"
)

// The extensions that say who may call an operation
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-extensions.html).
const (
	extAuthorizer = "x-amazon-apigateway-authorizer"
	extAuthType   = "x-amazon-apigateway-authtype"
	extAuth       = "x-amazon-apigateway-auth"
	extKeySource  = "x-amazon-apigateway-api-key-source"
)

// KeySource says where the API's keys come from, "" where the document does not.
func (p *Plan) KeySource() string { return text(p.root[extKeySource]) }

// Secured are the operations but OPTIONS, with what they want of a request.
func (p *Plan) Secured() []plan.Operation {
	var out []plan.Operation
	for _, o := range p.Operations() {
		out = append(out, plan.Operation{Where: p.fault(o.at, "%s", o.Name()).Error(), Verb: o.Method, Security: p.security(o)})
	}
	return out
}

func (p *Plan) security(o *Operation) plan.Security {
	var s plan.Security
	required := o.node["security"]
	if required == nil {
		required = p.root["security"]
	}
	schemes := object(object(p.root["components"])["securitySchemes"])
	list, _ := required.([]any)
	for _, requirement := range list {
		for _, name := range slices.Sorted(maps.Keys(object(requirement))) { // the last one decides, as in the model of the gateway
			scheme := object(schemes[name])
			header := text(scheme["name"])
			switch authorizer := object(scheme[extAuthorizer]); {
			case authorizer != nil:
				s.Type, s.Sources = "CUSTOM", apigw.IdentitySources(text(authorizer["identitySource"]))
				if authorizer["identitySource"] == nil && !strings.EqualFold(text(authorizer["type"]), "request") && header != "Unused" {
					s.Sources = []string{apigw.RequestHeader + header}
				}
			case strings.EqualFold(text(scheme[extAuthType]), "awsSigv4"):
				s.Type = "AWS_IAM"
			case scheme["type"] == "apiKey" && strings.EqualFold(header, apigw.KeyHeader):
				s.APIKey = true
			}
		}
	}
	switch kind := strings.ToUpper(text(object(o.node[extAuth])["type"])); kind {
	case "AWS_IAM", "NONE":
		s.Type, s.Sources = kind, nil
	}
	return s
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
