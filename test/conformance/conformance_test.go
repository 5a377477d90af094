// Package conformance runs recordings of the real API Gateway against internal/gateway.
//
// testdata/README.md says where they come from and in which format they are; CORSGATE_RECORDED names another folder in
// the same format to run instead.
package conformance

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
)

// outside lists the cases of testdata that cannot pass, with the reason. A case listed here that passes fails the test.
var outside = map[string]string{
	"api-model.json/integration-response-without-method-response": "a sequence of single Put calls; a template is loaded whole and never put again",
	"api-model.json/changing-a-method-does-not-redeploy":          "a stack update; the model serves one template and knows no deployments",
	"api-model.json/method-response-parameters-lifecycle":         "patches of a method response; a template is never patched",
}

// refused is why a case of another shape, a management call with the error that it got, is not run.
const refused = "the wording of a refused management call; the model answers requests and takes no management calls"

func dir() string {
	if d := os.Getenv("CORSGATE_RECORDED"); d != "" {
		// go test runs here, its caller usually names the folder from the module's root.
		if _, err := os.Stat(d); err != nil && !filepath.IsAbs(d) {
			return filepath.Join("..", "..", d)
		}
		return d
	}
	return "testdata"
}

func TestRecordings(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(dir(), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings in %s", dir())
	}
	seen := map[string]bool{}
	management, checked := 0, 0
	for _, f := range files {
		file := filepath.Base(f)
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := read(b)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for i, c := range cases {
			if c.Name == "" {
				c.Name = fmt.Sprintf("%02d-%s", i+1, c.Call)
			}
			id := file + "/" + c.Name
			seen[id] = true
			if c.Error != nil && len(c.Exchanges) == 0 && len(c.Calls) == 0 {
				management++
				continue
			}
			checked++
			t.Run(id, func(t *testing.T) {
				if why := c.unchecked(); why != "" {
					t.Fatal(why)
				}
				faults := c.run()
				reason := ""
				if os.Getenv("CORSGATE_RECORDED") == "" { // another folder may use the same names for other cases
					reason = outside[id]
				}
				switch {
				case reason != "" && len(faults) == 0:
					t.Errorf("passes, though listed as outside: %s", reason)
				case reason != "":
					t.Logf("outside of the model: %s", reason)
					return
				}
				for _, f := range faults {
					t.Error(f)
				}
			})
		}
	}
	t.Logf("%d cases run, %d are no cases for the model: %s", checked, management, refused)
	if checked == 0 {
		t.Error("no case was run")
	}
	if os.Getenv("CORSGATE_RECORDED") == "" {
		for id := range outside {
			if !seen[id] {
				t.Errorf("%s is listed as outside and not there", id)
			}
		}
	}
}

// read takes no key that it does not know: a misspelt one would check nothing.
func read(b []byte) ([]*recorded, error) {
	var cases []*recorded
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&cases); err != nil {
		return nil, err
	}
	known := func(where string, m map[string]any, keys ...string) error {
		for _, k := range sorted(m) {
			if !slices.Contains(keys, k) {
				return fmt.Errorf("%s: unknown key %q", where, k)
			}
		}
		return nil
	}
	for _, c := range cases {
		for i, e := range c.Exchanges {
			if err := known(fmt.Sprintf("%s: response %d", c.Name, i+1), e.Response, "status", "statusDeduced", "headers", "headerNameCase", "body"); err != nil {
				return nil, err
			}
			if err := known(fmt.Sprintf("%s: backendReceives %d", c.Name, i+1), e.Receives, "method", "path", "query", "headers", "body", "event", "eventExact", "notCalled"); err != nil {
				return nil, err
			}
		}
	}
	return cases, nil
}

// unchecked says what of a case holds nothing that could be wrong.
func (c *recorded) unchecked() string {
	results := 0
	if len(c.API) == 0 && len(c.Exchanges) > 0 {
		return "the case has no api"
	}
	for i, e := range c.Exchanges {
		if e.Response["status"] == nil && e.Response["headers"] == nil && e.Response["body"] == nil && len(e.Receives) == 0 {
			return fmt.Sprintf("exchange %d checks nothing", i+1)
		}
	}
	for _, k := range c.Calls {
		results += len(k.Result)
	}
	if len(c.Exchanges) == 0 && results == 0 {
		return "the case checks nothing"
	}
	return ""
}

// TestStrict holds that a case with a misspelt key, or without anything to check, is no case that passes.
func TestStrict(t *testing.T) {
	for _, s := range []string{
		`[{"name": "a", "exchange": []}]`,
		`[{"name": "a", "exchanges": [{"request": {"method": "GET", "paths": "/"}, "response": {"status": 200}}]}]`,
		`[{"name": "a", "exchanges": [{"request": {"method": "GET"}, "response": {"statuses": 200}}]}]`,
		`[{"name": "a", "exchanges": [{"request": {"method": "GET"}, "response": {"status": 200}, "backendReceives": {"events": {}}}]}]`,
	} {
		if _, err := read([]byte(s)); err == nil {
			t.Errorf("%s is read", s)
		}
	}
	for _, s := range []string{
		`[{"name": "a"}]`,
		`[{"name": "a", "exchanges": [{"request": {"method": "GET"}, "response": {}}]}]`,
		`[{"name": "a", "calls": [{"call": "GetMethod", "params": {}, "result": {}}]}]`,
	} {
		cases, err := read([]byte(s))
		if err != nil || cases[0].unchecked() == "" {
			t.Errorf("%s: %v, and it is said to check something", s, err)
		}
	}
}

type recorded struct {
	Name      string
	Source    string // with What and Note, for people
	What      string
	Note      string
	Call      string
	Params    map[string]any
	Given     any
	Error     map[string]any
	API       json.RawMessage `json:"api"`
	Backend   *backend        `json:"backend"`
	Exchanges []exchange      `json:"exchanges"`
	Calls     []call          `json:"calls"`
	faults    []string
}

type backend struct {
	Lambda  map[string]json.RawMessage `json:"lambda"`
	Web     map[string]reply           `json:"http"`
	Service *reply                     `json:"aws"`
	got     *received
}

type reply struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    any               `json:"body"`
	Echo    bool              `json:"$echoRequestBody"`
}

// received is what a backend got.
type received struct {
	event   []byte
	request *gateway.BackendRequest
}

type exchange struct {
	Request struct {
		Method, Path, RawPath string
		Headers               map[string]string
		Query                 map[string]any
		Body                  any
	} `json:"request"`
	Response map[string]any `json:"response"`
	Backend  *backend       `json:"backend"`
	Receives map[string]any `json:"backendReceives"`
	Note     string
}

type call struct {
	Call   string
	Params map[string]any
	Result map[string]any
}

func (c *recorded) errorf(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *recorded) run() []string {
	var api *gateway.API
	if len(c.API) > 0 {
		app, err := cfn.Parse(c.Name, c.API, cfn.Options{})
		if err == nil {
			api, err = gateway.Load(app, gateway.Options{APIKeys: []string{"{enabled key}"}})
		}
		if err != nil {
			return []string{err.Error()}
		}
	}
	for i, e := range c.Exchanges {
		c.exchange(api, i+1, e)
	}
	for i, k := range c.Calls {
		c.call(api, i+1, k)
	}
	return c.faults
}

func bytesOf(v any) []byte {
	switch x := v.(type) {
	case nil:
		return nil
	case string:
		return []byte(x)
	case map[string]any:
		if j, ok := x["json"]; ok {
			b, _ := json.Marshal(j)
			return b
		}
		if s, ok := x["base64"].(string); ok {
			b, _ := base64.StdEncoding.DecodeString(s)
			return b
		}
	}
	return nil
}

func (c *recorded) exchange(api *gateway.API, n int, e exchange) {
	where := fmt.Sprintf("exchange %d", n)
	req := &gateway.Request{Method: e.Request.Method, Path: e.Request.Path, RawPath: e.Request.RawPath, Body: bytesOf(e.Request.Body)}
	for _, name := range sorted(e.Request.Headers) {
		req.Headers = append(req.Headers, gateway.Header{Name: name, Value: e.Request.Headers[name]})
	}
	// What the recorder's client sent by itself.
	for _, h := range []gateway.Header{{Name: "Accept", Value: "*/*"}, {Name: "Accept-Encoding", Value: "gzip, deflate"}, {Name: "Connection", Value: "keep-alive"}, {Name: "User-Agent", Value: "python-requests/2.0"}} {
		if _, ok := req.Headers.Get(h.Name); !ok {
			req.Headers = append(req.Headers, h)
		}
	}
	for _, name := range sorted(e.Request.Query) {
		vs, ok := e.Request.Query[name].([]any)
		if !ok {
			vs = []any{e.Request.Query[name]}
		}
		for _, v := range vs {
			req.Query = append(req.Query, gateway.Param{Name: name, Value: fmt.Sprint(v)})
		}
	}
	be := e.Backend
	if be == nil {
		be = c.Backend
	}
	if be == nil {
		be = &backend{}
	}
	be.got = &received{}
	res := api.Serve(context.Background(), req, be)
	before := len(c.faults)
	c.response(where, res.Status, res.Headers, res.Body, e.Response)
	if e.Receives != nil {
		c.receives(where+", the backend", be.got, e.Receives)
	}
	if len(c.faults) > before {
		trace, _ := json.Marshal(res.Trace)
		c.errorf("%s: got %d %v %q\ntrace %s", where, res.Status, res.Headers, clip(res.Body), trace)
	}
}

func clip(b []byte) []byte {
	if len(b) > 400 {
		return b[:400]
	}
	return b
}

func sorted[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func (c *recorded) response(where string, status int, headers gateway.Headers, body []byte, want map[string]any) {
	if s, ok := want["status"].(float64); ok && int(s) != status {
		c.errorf("%s: status %d, want %v", where, status, s)
	}
	if h, ok := want["headers"].(map[string]any); ok {
		c.headers(where, headers, h, want["headerNameCase"] == "exact")
	}
	if b, ok := want["body"]; ok {
		c.body(where, body, b)
	}
}

func (c *recorded) headers(where string, got gateway.Headers, want map[string]any, exact bool) {
	for _, name := range sorted(want) {
		if name == "absent" {
			for _, a := range want[name].([]any) {
				if v, ok := got.Get(a.(string)); ok {
					c.errorf("%s: header %s is %q, want none", where, a, v)
				}
			}
			continue
		}
		var values []string
		for _, h := range got {
			if h.Name == name || !exact && strings.EqualFold(h.Name, name) {
				values = append(values, h.Value)
			}
		}
		if len(values) == 0 {
			c.errorf("%s: no header %s", where, name)
			continue
		}
		if v := strings.Join(values, ", "); !matchText(v, want[name]) {
			c.errorf("%s: header %s is %q, want %v", where, name, v, want[name])
		}
	}
}

// matchText compares with a text, {"present"}, {"contains"}, {"prefix"} or {"attribute"}.
func matchText(got string, want any) bool {
	switch w := want.(type) {
	case string:
		return got == w
	case map[string]any:
		if s, ok := w["contains"].(string); ok {
			return strings.Contains(got, s)
		}
		if s, ok := w["prefix"].(string); ok {
			return strings.HasPrefix(got, s)
		}
		return w["present"] == true || w["attribute"] != nil
	}
	return false
}

func (c *recorded) body(where string, got []byte, want any) {
	m, ok := want.(map[string]any)
	if !ok {
		if string(got) != want {
			c.errorf("%s: body %q, want %q", where, clip(got), want)
		}
		return
	}
	if j, ok := m["json"]; ok {
		if v, err := parse(got); err != nil || !same(v, j) {
			c.errorf("%s: body %q, want %v", where, clip(got), j)
		}
	}
	if j, ok := m["jsonSubset"]; ok {
		if v, err := parse(got); err != nil || !subset(v, j) {
			c.errorf("%s: body %q, want the members %v", where, clip(got), j)
		}
	}
	if s, ok := m["base64"].(string); ok {
		if g := base64.StdEncoding.EncodeToString(got); g != s {
			c.errorf("%s: body %q, want %q in base64", where, g, s)
		}
	}
	if s, ok := m["contains"].(string); ok && !strings.Contains(string(got), s) {
		c.errorf("%s: body %q, want it to contain %q", where, clip(got), s)
	}
	if s, ok := m["jsonMember"].(string); ok {
		v, _ := parse(got)
		o, _ := v.(map[string]any)
		text, _ := o[s].(string)
		if inner, err := parse([]byte(text)); err != nil || !same(inner, m["parsesTo"]) {
			c.errorf("%s: member %s of body %q, want the text of %v", where, s, clip(got), m["parsesTo"])
		}
	}
}

func parse(b []byte) (any, error) {
	var v any
	dec := json.NewDecoder(bytes.NewReader(b))
	err := dec.Decode(&v)
	return v, err
}

func same(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

// subset tells whether the members of want are in got, also in nested objects.
func subset(got, want any) bool {
	w, ok := want.(map[string]any)
	if !ok {
		return same(got, want)
	}
	if w["present"] == true && len(w) == 1 {
		return got != nil
	}
	g, ok := got.(map[string]any)
	if !ok {
		return false
	}
	for k, v := range w {
		if k == "absent" {
			if names, ok := v.([]any); ok {
				for _, n := range names {
					if _, there := g[n.(string)]; there {
						return false
					}
				}
				continue
			}
		}
		gv, there := g[k]
		if !there || !subset(gv, v) {
			return false
		}
	}
	return true
}

// exactly is subset both ways.
func exactly(got, want any) bool {
	w, wok := want.(map[string]any)
	g, gok := got.(map[string]any)
	return subset(got, want) && (!wok || gok && len(g) == len(w))
}

func (c *recorded) receives(where string, got *received, want map[string]any) {
	if want["notCalled"] == true {
		if got.event != nil || got.request != nil {
			c.errorf("%s was called", where)
		}
		return
	}
	if got.event == nil && got.request == nil {
		c.errorf("%s was not called", where)
		return
	}
	if ev, ok := want["event"]; ok {
		if v, err := parse(got.event); err != nil || !subset(v, ev) {
			c.errorf("%s got the event %s, want the members %v", where, got.event, ev)
		}
	}
	if ev, ok := want["eventExact"]; ok {
		if v, err := parse(got.event); err != nil || !exactly(v, ev) {
			c.errorf("%s got the event %s, want %v", where, got.event, ev)
		}
	}
	body := got.event
	if r := got.request; r != nil {
		body = r.Body
		if m, ok := want["method"]; ok && r.Method != m {
			c.errorf("%s got the method %s, want %v", where, r.Method, m)
		}
		if p, ok := want["path"]; ok {
			path := r.URL
			if _, rest, ok := strings.Cut(path, "://"); ok {
				i := strings.IndexByte(rest, '/')
				path = "/"
				if i >= 0 {
					path = rest[i:]
				}
			}
			if path != p {
				c.errorf("%s got the path %s, want %v", where, path, p)
			}
		}
		if q, ok := want["query"]; ok {
			have := map[string]any{}
			for _, p := range r.Query {
				l, _ := have[p.Name].([]any)
				have[p.Name] = append(l, p.Value)
			}
			if !same(have, q) {
				c.errorf("%s got the query %v, want %v", where, have, q)
			}
		}
		if h, ok := want["headers"].(map[string]any); ok {
			c.headers(where, r.Headers, h, false)
		}
	}
	if b, ok := want["body"]; ok {
		c.body(where, body, b)
	}
}

// Invoke answers as the recording says the function did.
func (b *backend) Invoke(_ context.Context, fn gateway.Function, event []byte) ([]byte, error) {
	b.got.event = append([]byte{}, event...)
	raw, ok := b.Lambda[fn.Name]
	if !ok {
		raw, ok = b.Lambda[fn.LogicalID]
	}
	if !ok {
		return nil, &gateway.Unavailable{Reason: "no function " + fn.Name + " in the recording"}
	}
	var special struct {
		Echo      bool `json:"echo"`
		ProxyEcho bool `json:"$proxyEcho"`
		Accepted  bool `json:"$accepted"`
		Error     *struct{ ErrorMessage, ErrorType string }
	}
	_ = json.Unmarshal(raw, &special)
	var dollar map[string]json.RawMessage
	_ = json.Unmarshal(raw, &dollar)
	if e, ok := dollar["$error"]; ok {
		_ = json.Unmarshal(e, &special.Error)
	}
	switch {
	case special.Error != nil:
		return nil, &gateway.FunctionError{Message: special.Error.ErrorMessage, Type: special.Error.ErrorType}
	case special.Echo:
		return event, nil
	case special.ProxyEcho:
		return json.Marshal(map[string]any{"statusCode": 200, "body": string(event), "isBase64Encoded": false})
	case special.Accepted:
		return nil, nil
	}
	return raw, nil
}

// HTTP answers as the recording says the server did.
func (b *backend) HTTP(_ context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	b.got.request = r
	rep, ok := b.Web[r.URL]
	if !ok {
		return nil, &gateway.Unavailable{Reason: "no reply of " + r.URL + " in the recording"}
	}
	return rep.response(r), nil
}

// AWS answers as the recording says the service did.
func (b *backend) AWS(_ context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	b.got.request = r
	if b.Service == nil {
		return nil, &gateway.Unavailable{Reason: "no reply of an AWS service in the recording"}
	}
	return b.Service.response(r), nil
}

func (rep reply) response(r *gateway.BackendRequest) *gateway.BackendResponse {
	out := &gateway.BackendResponse{Status: rep.Status, Body: bytesOf(rep.Body)}
	if rep.Echo {
		out.Status, out.Body = 200, r.Body
		if len(rep.Headers) == 0 {
			out.Headers = gateway.Headers{{Name: "Content-Type", Value: "application/json"}}
		}
	}
	for _, k := range sorted(rep.Headers) {
		out.Headers = append(out.Headers, gateway.Header{Name: k, Value: rep.Headers[k]})
	}
	return out
}

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
	switch k.Call {
	case "GetMethod":
		r := api.Find(text("path"))
		if r == nil || r.Method(text("httpMethod")) == nil {
			c.errorf("%s: no such method", where)
			return
		}
		c.result(where, storedMethod(r.Method(text("httpMethod"))), k.Result)
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
	t := gateway.TestInvocation{Resource: text("resourceId"), Method: text("httpMethod"), Path: text("pathWithQueryString"), Body: []byte(text("body"))}
	hs, _ := k.Params["headers"].(map[string]any)
	for _, n := range sorted(hs) {
		t.Headers = append(t.Headers, gateway.Header{Name: n, Value: fmt.Sprint(hs[n])})
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
	if w, ok := k.Result["headers"].(map[string]any); ok && len(w) != len(r.Headers) {
		c.errorf("%s: headers %v, want %v", where, r.Headers, w)
	}
	multi, _ := k.Result["multiValueHeaders"].(map[string]any)
	for n, v := range multi {
		if !same(r.Headers.Values(n), v) {
			c.errorf("%s: values of %s are %v, want %v", where, n, r.Headers.Values(n), v)
		}
	}
	if w, ok := k.Result["log"]; ok && !same(r.Log, w) {
		c.errorf("%s: log\n%s\nwant %v", where, strings.Join(r.Log, "\n"), w)
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

// storedMethod is a method as GetMethod shows it.
func storedMethod(m *gateway.Method) map[string]any {
	out := map[string]any{"httpMethod": m.HTTPMethod, "authorizationType": m.AuthorizationType, "apiKeyRequired": m.APIKeyRequired}
	if i := m.Integration; i != nil {
		in := map[string]any{"type": i.Type, "passthroughBehavior": i.Passthrough, "timeoutInMillis": 29000, "cacheKeyParameters": []string{}}
		if i.Type != "MOCK" {
			in["uri"], in["httpMethod"] = i.URI, i.HTTPMethod
		}
		if strings.HasPrefix(i.Type, "HTTP") {
			in["connectionType"] = "INTERNET"
		}
		if i.ContentHandling != "" {
			in["contentHandling"] = i.ContentHandling
		}
		if len(i.RequestTemplates) > 0 {
			in["requestTemplates"] = templates(i.RequestTemplates)
		}
		if len(i.Responses) > 0 {
			rs := map[string]any{}
			for _, r := range i.Responses {
				x := map[string]any{"statusCode": r.Status}
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
		rs[r.Status] = map[string]any{"statusCode": r.Status, "responseParameters": hs}
	}
	out["methodResponses"] = rs
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
