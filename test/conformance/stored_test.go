package conformance

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
)

// call makes a management call out of what the model holds.
func (c *recorded) call(api *gateway.API, n int, k call) {
	where := fmt.Sprintf("call %d, %s", n, k.Call)
	text := func(name string) string {
		switch v := k.Params[name].(type) {
		case string:
			return v
		case map[string]any:
			s, _ := v["ref"].(string)
			return s
		}
		return ""
	}
	if api == nil && k.Call != "PutIntegration" {
		c.errorf("%s: the case has no api", where)
		return
	}
	switch k.Call {
	case "GetMethod", "GetIntegration", "GetMethodResponse", "GetIntegrationResponse":
		m := find(api, cmp.Or(text("path"), text("resourceId")), text("httpMethod"))
		if m == nil {
			c.errorf("%s: no such method", where)
			return
		}
		stored := storedMethod(m)
		integration, _ := stored["methodIntegration"].(map[string]any)
		of := func(all any) map[string]any {
			responses, _ := all.(map[string]any)
			one, _ := responses[text("statusCode")].(map[string]any)
			return one
		}
		switch k.Call {
		case "GetIntegration":
			stored = integration
		case "GetMethodResponse":
			stored = of(stored["methodResponses"])
		case "GetIntegrationResponse":
			stored = of(integration["integrationResponses"])
		}
		c.result(where, stored, k.Result)
	case "GetRestApi":
		c.result(where, storedAPI(api), k.Result)
	case "GetResources":
		items := []any{}
		for _, r := range api.Resources() {
			items = append(items, storedResource(r))
		}
		c.result(where, map[string]any{"items": items}, k.Result)
	case "GetResource":
		if r := resource(api, cmp.Or(text("path"), text("resourceId"))); r != nil {
			c.result(where, storedResource(r), k.Result)
		} else {
			c.errorf("%s: no such resource", where)
		}
	case "GetStage":
		stage := map[string]any{"stageName": api.Stage, "variables": api.Variables}
		c.result(where, stage, k.Result)
	case "PutIntegration":
		// The stored form of an integration that a template gives with the same members.
		in := map[string]any{"Type": k.Params["type"], "Uri": k.Params["uri"]}
		if v, ok := k.Params["integrationHttpMethod"]; ok {
			in["IntegrationHttpMethod"] = v
		}
		tpl, _ := json.Marshal(map[string]any{"Resources": map[string]any{
			"Api": map[string]any{"Type": "AWS::ApiGateway::RestApi"},
			"M": map[string]any{"Type": "AWS::ApiGateway::Method", "Properties": map[string]any{"RestApiId": map[string]any{"Ref": "Api"},
				"ResourceId": map[string]any{"Fn::GetAtt": []string{"Api", "RootResourceId"}}, "HttpMethod": k.Params["httpMethod"], "AuthorizationType": "NONE", "Integration": in}},
		}})
		app, err := cfn.Parse("", tpl, cfn.Options{})
		if err != nil {
			c.errorf("%s: %v", where, err)
			return
		}
		put, err := gateway.Load(app, gateway.Options{})
		if err != nil {
			c.errorf("%s: %v", where, err)
			return
		}
		m := storedMethod(put.Find("/").Method(text("httpMethod")))
		c.result(where, m["methodIntegration"].(map[string]any), k.Result)
	case "GetGatewayResponse":
		c.result(where, storedGatewayResponse(api.GatewayResponse(text("responseType"))), k.Result)
	case "GetGatewayResponses":
		all := map[string]any{}
		for _, typ := range apigw.GatewayResponseTypes() {
			all[typ] = storedGatewayResponse(api.GatewayResponse(typ))
		}
		if items, ok := k.Result["items"].([]any); ok && len(items) != len(all) {
			c.errorf("%s: %d types, want %d", where, len(all), len(items))
		}
		items, _ := k.Result["items"].([]any)
		for _, it := range items {
			w := it.(map[string]any)
			g, _ := all[w["responseType"].(string)].(map[string]any)
			for m, v := range w {
				if !same(g[m], v) {
					c.errorf("%s: %s of %s is %v, want %v", where, m, w["responseType"], g[m], v)
				}
			}
		}
		if every, ok := k.Result["everyItem"]; ok {
			for typ, g := range all {
				if !subset(g, every) {
					c.errorf("%s: %s is %v", where, typ, g)
				}
			}
		}
		byType, _ := k.Result["itemsByType"].(map[string]any)
		for typ, w := range byType {
			if !subset(all[typ], w) {
				c.errorf("%s: %s is %v, want %v", where, typ, all[typ], w)
			}
		}
	case "TestInvokeMethod":
		c.testInvoke(where, api, k, text)
	default:
		c.errorf("%s: a management call the model does not make", where)
	}
}

func (c *recorded) testInvoke(where string, api *gateway.API, k call, text func(string) string) {
	t := gateway.TestInvocation{Resource: cmp.Or(text("resourceId"), text("path")), Method: text("httpMethod"), Path: text("pathWithQueryString"), Body: bytesOf(k.Params["body"])}
	if m := find(api, t.Resource, t.Method); m != nil {
		t.Resource, t.Method = m.Resource.Path, cmp.Or(t.Method, m.HTTPMethod)
	}
	for _, name := range []string{"headers", "multiValueHeaders"} {
		hs, _ := k.Params[name].(map[string]any)
		for _, n := range sorted(hs) {
			for _, v := range list(hs[n]) {
				t.Headers = append(t.Headers, gateway.Header{Name: n, Value: fmt.Sprint(v)})
			}
		}
	}
	variables, _ := k.Params["stageVariables"].(map[string]any)
	for n, v := range variables {
		if t.Variables == nil {
			t.Variables = map[string]string{}
		}
		t.Variables[n] = fmt.Sprint(v)
	}
	be := c.Backend
	if be == nil {
		be = &backend{}
	}
	be.got = &received{}
	r, err := api.TestInvoke(context.Background(), t, be)
	if err != nil {
		c.errorf("%s: %v", where, err)
		return
	}
	c.response(where, r.Status, r.Headers, r.Body, k.Result)
	multi, _ := k.Result["multiValueHeaders"].(map[string]any)
	if w, ok := k.Result["headers"].(map[string]any); ok && multi != nil && len(w) != len(r.Headers) { // both are whole
		c.errorf("%s: headers %v, want %v", where, r.Headers, w)
	}
	for n, v := range multi {
		if !same(r.Headers.Values(n), v) {
			c.errorf("%s: values of %s are %v, want %v", where, n, r.Headers.Values(n), v)
		}
	}
	if w, ok := k.Result["log"].([]any); ok {
		if len(w) != len(r.Log) || slices.ContainsFunc(indexes(w), func(i int) bool { return !matchText(r.Log[i], w[i]) }) {
			c.errorf("%s: log\n%s\nwant %v", where, strings.Join(r.Log, "\n"), w)
		}
	}
	lines, _ := k.Result["logContains"].([]any)
	for _, w := range lines {
		if !strings.Contains(strings.Join(r.Log, "\n"), w.(string)) {
			c.errorf("%s: log\n%s\nlacks %v", where, strings.Join(r.Log, "\n"), w)
		}
	}
	if w, ok := k.Result["backendReceives"].(map[string]any); ok {
		c.receives(where, be.got, w)
	}
}

// result compares the members of want, and that those under "absent" are not there.
func (c *recorded) result(where string, got map[string]any, want map[string]any) {
	b, _ := json.Marshal(got)
	v, _ := parse(b)
	if !subset(v, want) {
		w, _ := json.Marshal(want)
		c.errorf("%s gives\n%s\nwant\n%s", where, b, w)
	}
}

// resource finds a resource by its path or its logical id; without either, the only one that has a method.
func resource(api *gateway.API, name string) *gateway.Resource {
	var only *gateway.Resource
	for _, r := range api.Resources() {
		if r.Path == name || r.ID == name {
			return r
		}
		if name == "" && len(r.Methods()) > 0 {
			if only != nil {
				return nil
			}
			only = r
		}
	}
	return only
}

// find finds a method, which need not be named where there is only one.
func find(api *gateway.API, path, method string) *gateway.Method {
	r := resource(api, path)
	if r == nil {
		return nil
	}
	if methods := r.Methods(); method == "" && len(methods) == 1 {
		return methods[0]
	}
	return r.Method(method)
}

// storedMethod is a method as GetMethod shows it.
func storedMethod(m *gateway.Method) map[string]any {
	out := map[string]any{"httpMethod": m.HTTPMethod, "authorizationType": m.AuthorizationType, "apiKeyRequired": m.APIKeyRequired}
	if len(m.RequestParameters) > 0 {
		out["requestParameters"] = m.RequestParameters
	}
	if i := m.Integration; i != nil {
		in := map[string]any{"type": i.Type, "passthroughBehavior": i.Passthrough, "timeoutInMillis": 29000, "cacheKeyParameters": []string{}}
		if i.Type != "MOCK" {
			in["uri"], in["httpMethod"] = i.URI, i.HTTPMethod
		}
		for name, v := range map[string]string{"connectionType": i.ConnectionType, "connectionId": i.ConnectionID, "contentHandling": i.ContentHandling} {
			if v != "" {
				in[name] = v
			}
		}
		if len(i.RequestParameters) > 0 {
			in["requestParameters"] = i.RequestParameters
		}
		if len(i.RequestTemplates) > 0 {
			in["requestTemplates"] = templates(i.RequestTemplates)
		}
		if len(i.Responses) > 0 {
			rs := map[string]any{}
			for _, r := range i.Responses {
				x := map[string]any{"statusCode": r.Status}
				if r.Pattern != "" {
					x["selectionPattern"] = r.Pattern
				}
				if r.ContentHandling != "" {
					x["contentHandling"] = r.ContentHandling
				}
				if len(r.Parameters) > 0 {
					x["responseParameters"] = r.Parameters
				}
				if len(r.Templates) > 0 {
					x["responseTemplates"] = templates(r.Templates)
				}
				rs[r.Status] = x
			}
			in["integrationResponses"] = rs
		}
		out["methodIntegration"] = in
	}
	rs := map[string]any{}
	for _, r := range m.Responses {
		hs := map[string]bool{}
		for h, b := range r.Headers {
			hs["method.response.header."+h] = b
		}
		x := map[string]any{"statusCode": r.Status, "responseParameters": hs}
		if len(r.Models) > 0 {
			x["responseModels"] = r.Models
		}
		rs[r.Status] = x
	}
	if len(rs) > 0 {
		out["methodResponses"] = rs
	}
	return out
}

// storedResource is a resource as GetResources shows it.
func storedResource(r *gateway.Resource) map[string]any {
	out := map[string]any{"path": r.Path}
	if r.Path != "/" {
		out["pathPart"] = r.Path[strings.LastIndexByte(r.Path, '/')+1:]
	}
	methods := map[string]any{}
	for _, m := range r.Methods() {
		methods[m.HTTPMethod] = map[string]any{}
	}
	if len(methods) > 0 {
		out["resourceMethods"] = methods
	}
	return out
}

// storedAPI is an API as GetRestApi shows it.
func storedAPI(api *gateway.API) map[string]any {
	p := api.Rest.Properties
	doc, _ := p["Body"].(map[string]any)
	info, _ := doc["info"].(map[string]any)
	out := map[string]any{"id": api.ID, "rootResourceId": api.Find("/").ID, "name": cmp.Or(api.Name, fmt.Sprint(info["title"])), "apiKeySource": cmp.Or(api.KeySource, "HEADER"), "disableExecuteApiEndpoint": p["DisableExecuteApiEndpoint"] == true}
	if v, ok := info["version"]; ok {
		out["version"] = fmt.Sprint(v)
	}
	if len(api.BinaryTypes) > 0 {
		out["binaryMediaTypes"] = api.BinaryTypes
	}
	endpoint := []any{"EDGE"}
	if e, ok := p["EndpointConfiguration"].(map[string]any); ok && e["Types"] != nil {
		endpoint = list(e["Types"])
	}
	out["endpointConfiguration"] = map[string]any{"types": endpoint}
	for name, property := range map[string]string{"description": "Description", "minimumCompressionSize": "MinimumCompressionSize"} {
		if v := p[property]; v != nil {
			out[name] = v
		}
	}
	return out
}

func templates(ts []gateway.Template) map[string]string {
	out := map[string]string{}
	for _, t := range ts {
		out[t.ContentType] = t.Text
	}
	return out
}

func storedGatewayResponse(g gateway.GatewayResponse) map[string]any {
	out := map[string]any{"responseType": g.Type, "defaultResponse": g.Default, "responseParameters": g.Parameters, "responseTemplates": templates(g.Templates)}
	if g.Status != "" {
		out["statusCode"] = g.Status
	}
	b, _ := json.Marshal(out)
	var v map[string]any
	_ = json.Unmarshal(b, &v)
	return v
}
