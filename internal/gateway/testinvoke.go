package gateway

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
)

// TestInvocation is what the management call TestInvokeMethod is given.
type TestInvocation struct {
	// Resource is the logical id of the resource, Method the name of its method.
	Resource, Method string
	// Path is pathWithQueryString; empty means the resource's path with the parameters left as they are.
	Path    string
	Headers Headers
	Body    []byte
	// Variables are the stage variables that the call is given; no stage has a part in it.
	Variables map[string]string
}

// TestResult is the result of TestInvokeMethod.
type TestResult struct {
	Status  int
	Headers Headers
	Body    []byte
	// Log has the lines of the execution log, without time stamps.
	Log   []string
	Trace []Step
}

// TestInvoke runs a method as the console's test button does: without stage, authorizer and API key, and without
// checking that the path leads to the resource (recorded 2024-04). An unknown resource or method is an error.
func (a *API) TestInvoke(ctx context.Context, t TestInvocation, backend Backend) (*TestResult, error) {
	var m *Method
	for _, r := range a.resources {
		if r.ID == t.Resource || r.Path == t.Resource {
			m = cmp.Or(r.methods[t.Method], r.methods["ANY"])
		}
	}
	if m == nil {
		return nil, fmt.Errorf("no method %s on a resource %s", t.Method, t.Resource)
	}
	path := t.Path
	if path == "" {
		path = m.Resource.Path
	}
	x := a.exchange(ctx, &Request{Method: t.Method, Path: path, Headers: t.Headers, Body: t.Body}, backend)
	x.variables = t.Variables
	x.split()
	x.method, x.resource = m, m.Resource
	x.params = pathParams(m.Resource, x.path)
	x.within = true
	var log []string
	id := "<request id>"
	line := func(format string, args ...any) { log = append(log, fmt.Sprintf(format, args...)) }
	line("Execution log for request %s", id)
	line("Starting execution for request: %s", id)
	line("HTTP Method: %s, Resource Path: %s", t.Method, x.path)
	line("Method request path: %s", javaMap(x.params))
	q := map[string]string{}
	for _, p := range x.query {
		q[p.Name] = p.Value
	}
	line("Method request query string: %s", javaMap(q))
	h := map[string]string{}
	for _, p := range t.Headers {
		h[p.Name] = p.Value
	}
	line("Method request headers: %s", javaMap(h))
	line("Method request body before transformations: %s", t.Body)
	res, err := x.integrate()
	if err != nil {
		f, ok := err.(*failure)
		if !ok {
			return nil, err
		}
		line("Execution failed due to configuration error: %s", cmp.Or(f.log, f.detail))
		res = x.gatewayResponse(f)
	} else {
		if m.Integration.Type != apigw.Mock {
			line("Endpoint request body after transformations: %s", x.reqBody)
		}
		line("Method response body after transformations: %s", res.Body)
		rh := map[string]string{}
		for _, p := range res.Headers {
			rh[p.Name] = p.Value
		}
		line("Method response headers: %s", javaMap(rh))
		line("Successfully completed execution")
	}
	line("Method completed with status: %d", res.Status)
	out := &TestResult{Status: res.Status, Headers: res.Headers, Body: res.Body, Log: log, Trace: x.trace}
	if x.traced {
		v, _ := x.headers.Get("X-Amzn-Trace-Id")
		out.Headers = append(out.Headers, Header{"X-Amzn-Trace-Id", v})
	}
	return out, nil
}

// pathParams reads a resource's parameters out of a path, none where the path does not fit.
func pathParams(r *Resource, path string) map[string]string {
	out := map[string]string{}
	want := strings.Split(strings.Trim(r.Path, "/"), "/")
	have := strings.Split(strings.Trim(path, "/"), "/")
	for i, w := range want {
		if i >= len(have) {
			return map[string]string{}
		}
		switch {
		case strings.HasSuffix(w, "+}"):
			out[w[1:len(w)-2]] = strings.Join(have[i:], "/")
			return out
		case strings.HasPrefix(w, "{"):
			out[w[1:len(w)-1]] = have[i]
		case w != have[i]:
			return map[string]string{}
		}
	}
	if len(want) != len(have) {
		return map[string]string{}
	}
	return out
}

func javaMap(m map[string]string) string {
	parts := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, k+"="+m[k])
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
