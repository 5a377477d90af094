package check

import (
	"cmp"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/gateway"
)

// inDocument is a change of an OpenAPI document.
func (v *View) inDocument(c *change) map[string]any {
	out := map[string]any{}
	if m := c.method; m != nil {
		verb := strings.ToLower(m.HTTPMethod)
		if m.HTTPMethod == "ANY" {
			verb = "x-amazon-apigateway-any-method"
		}
		operation := map[string]any{}
		for k, x := range c.properties {
			switch k {
			case "AuthorizationType", "ApiKeyRequired":
				operation["security"] = []any{}
			case "RequestValidatorId":
				name, missing := v.idle()
				operation["x-amazon-apigateway-request-validator"] = name
				if missing {
					out["x-amazon-apigateway-request-validators"] = map[string]any{name: map[string]any{"validateRequestBody": false, "validateRequestParameters": false}}
				}
			case "Integration":
				operation["x-amazon-apigateway-integration"] = integration(x.(map[string]any), m)
			case "MethodResponses":
				operation["responses"] = v.declared(x.([]any))
			}
		}
		out["paths"] = map[string]any{m.Resource.Path: map[string]any{verb: operation}}
	}
	if len(c.errors) > 0 {
		errors := map[string]any{}
		for typ, headers := range c.errors {
			errors[typ] = map[string]any{"responseParameters": prefixed(apigw.GatewayHeader, headers)}
		}
		out["x-amazon-apigateway-gateway-responses"] = errors
	}
	return out
}

// idle is a validator of the document that validates nothing, and whether it has to be written first.
func (v *View) idle() (name string, missing bool) {
	validators := dig(v.API.Rest.Properties, "Body", "x-amazon-apigateway-request-validators")
	for _, name := range sortedKeys(validators) {
		if one := dig(validators, name); one["validateRequestBody"] != true && one["validateRequestParameters"] != true {
			return name, false
		}
	}
	name = "none"
	for validators[name] != nil {
		name += "0"
	}
	return name, true
}

// integration renames properties of an integration as a document has them, whose responses are by their pattern.
func integration(properties map[string]any, m *gateway.Method) map[string]any {
	out := map[string]any{}
	for k, x := range properties {
		k = strings.ToLower(k[:1]) + k[1:]
		if k == "integrationHttpMethod" {
			k = "httpMethod"
		}
		if list, ok := x.([]any); ok {
			responses := map[string]any{}
			for _, e := range list {
				one := map[string]any{}
				for k, x := range e.(map[string]any) {
					one[strings.ToLower(k[:1])+k[1:]] = x
				}
				for _, ir := range m.Integration.Responses {
					if ir.Status == one["statusCode"] {
						responses[cmp.Or(ir.Pattern, "default")] = one
					}
				}
			}
			out["responses"] = responses
			continue
		}
		out[k] = x
	}
	return out
}

// declared has method responses as a document has them.
func (v *View) declared(list []any) map[string]any {
	var header any = map[string]any{"schema": map[string]any{"type": "string"}}
	if dig(v.API.Rest.Properties, "Body")["swagger"] != nil {
		header = map[string]any{"type": "string"}
	}
	out := map[string]any{}
	for _, e := range list {
		one, _ := e.(map[string]any)
		headers := map[string]any{}
		for name := range dig(one, "ResponseParameters") {
			headers[strings.TrimPrefix(name, apigw.MethodHeader)] = header
		}
		status, _ := one["StatusCode"].(string)
		response := map[string]any{"headers": headers}
		out[status] = response
	}
	return out
}

// ofSAM are the properties of an API of SAM, at the API or, where SAM makes one of its own, in Globals.
func (v *View) ofSAM(properties map[string]any) map[string]any {
	if v.API.Rest.Cause != "" {
		return map[string]any{"Globals": map[string]any{"Api": properties}}
	}
	return map[string]any{v.API.Rest.ID: map[string]any{"Properties": properties}}
}

// inSAM is a change of an API of SAM; nil where SAM has no property for it.
func (v *View) inSAM(c *change) map[string]any {
	properties := map[string]any{}
	if len(c.errors) > 0 {
		errors := map[string]any{}
		for typ, headers := range c.errors {
			errors[typ] = map[string]any{"ResponseParameters": map[string]any{"Headers": prefixed("", headers)}}
		}
		properties["GatewayResponses"] = errors
	}
	if m := c.method; m != nil {
		if !madeBySAM(m) {
			return v.ofSAM(map[string]any{"DefinitionBody": v.inDocument(c)})
		}
		for k, x := range c.properties {
			switch k {
			case "AuthorizationType":
				properties["Auth"] = map[string]any{"AddDefaultAuthorizerToCorsPreflight": false}
			case "ApiKeyRequired":
				properties["Auth"] = map[string]any{"AddApiKeyRequiredToCorsPreflight": false}
			case "MethodResponses": // SAM writes them
			case "Integration":
				list, _ := x.(map[string]any)["IntegrationResponses"].([]any)
				if len(list) == 0 || len(x.(map[string]any)) > 1 {
					return nil
				}
				parameters := dig(list[0].(map[string]any), "ResponseParameters")
				if len(parameters) == 0 {
					return nil
				}
				cors := map[string]any{}
				for _, ir := range m.Integration.Responses {
					cors["AllowOrigin"] = cmp.Or(originMapping(ir), "'*'") // Cors may be this alone
				}
				for name, value := range parameters {
					short := strings.ReplaceAll(strings.TrimPrefix(name, apigw.MethodHeader+"Access-Control-"), "-", "")
					if short == "AllowCredentials" {
						value = value == "'true'"
					}
					cors[short] = value
				}
				properties["Cors"] = cors
			default:
				return nil
			}
		}
	}
	if len(properties) == 0 {
		return nil
	}
	return v.ofSAM(properties)
}
