package synth

import (
	"maps"
	"slices"
	"strings"
)

// openAPI prints the paths of an API that has an OpenAPI document as it prints
// those of one that has resources. Templates out of a mapping stand for themselves.
func (pr *projector) openAPI(body, mappings map[string]any) {
	all, _ := body["x-amazon-apigateway-gateway-responses"].(map[string]any)
	for _, typ := range slices.Sorted(maps.Keys(all)) {
		g := all[typ].(map[string]any)
		pr.line(1, "gateway response %v%s", typ, suffix(" ", g["statusCode"]))
		pr.headers(2, g["responseParameters"], "gatewayresponse.header.", nil)
	}
	paths, _ := body["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		pr.line(1, "%s", path)
		item := paths[path].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(item)) {
			op, ok := item[key].(map[string]any)
			if !ok {
				continue
			}
			pr.method(res{props: classic(key, op, mappings)})
			for _, k := range []string{"security", "x-amazon-apigateway-request-validator"} {
				if v, ok := op[k]; ok {
					pr.line(3, "%s: %s", k, value(v))
				}
			}
		}
	}
}

// classic gives an operation the names of an AWS::ApiGateway::Method.
func classic(key string, op, mappings map[string]any) map[string]any {
	in, _ := found(op["x-amazon-apigateway-integration"], mappings).(map[string]any)
	responses, _ := in["responses"].(map[string]any)
	var mapped, declared []any
	for _, pattern := range slices.Sorted(maps.Keys(responses)) {
		r := pascalled(responses[pattern].(map[string]any))
		if pattern != "default" {
			r["SelectionPattern"] = pattern
		}
		mapped = append(mapped, r)
	}
	given, _ := op["responses"].(map[string]any)
	for _, status := range slices.Sorted(maps.Keys(given)) {
		params := map[string]any{}
		headers, _ := given[status].(map[string]any)["headers"].(map[string]any)
		for name := range headers {
			params["method.response.header."+name] = true
		}
		declared = append(declared, map[string]any{"StatusCode": status, "ResponseParameters": params})
	}
	integration := pascalled(in)
	integration["IntegrationResponses"] = mapped
	return map[string]any{
		"HttpMethod":  strings.ToUpper(strings.TrimPrefix(strings.TrimSuffix(key, "-method"), "x-amazon-apigateway-")),
		"Integration": integration, "MethodResponses": declared, "OperationName": op["operationId"], "RequestParameters": op["parameters"],
	}
}

func pascalled(m map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[strings.ToUpper(k[:1])+k[1:]] = v
	}
	return out
}

// found puts instead of each Fn::FindInMap what it finds, and joins.
func found(v any, mappings map[string]any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = found(e, mappings)
		}
		return out
	case map[string]any:
		if keys, ok := v["Fn::FindInMap"].([]any); ok {
			var in any = mappings
			for _, k := range keys {
				in = in.(map[string]any)[k.(string)]
			}
			return in
		}
		out := map[string]any{}
		for k, e := range v {
			out[k] = found(e, mappings)
		}
		if join, ok := out["Fn::Join"].([]any); ok {
			text := ""
			for _, part := range join[1].([]any) {
				text += value(part)
			}
			return text
		}
		return out
	}
	return v
}
