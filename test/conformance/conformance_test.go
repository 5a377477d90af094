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
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
)

// refused is why a case of another shape, a management call with the error that it got, is not run.
const refused = "the wording of a refused management call; the model responds to requests and accepts no management calls"

// sources are files whose cases are run and do not count, with the reason.
var sources = map[string]string{
	"vtl-2015.json": "another source, responses of 2015",
	"reports.json":  "users' quotes",
}

// apart says why a case is not one for the model, or nothing.
func (c *recorded) apart(file string) string {
	if c.Error != nil && len(c.Exchanges) == 0 && len(c.Calls) == 0 {
		return refused
	}
	for _, k := range c.Calls {
		// A template is loaded whole and never changed again.
		if !read.MatchString(k.Call) {
			return "a sequence of management calls (" + k.Call + "); the model serves one template and never changes it"
		}
	}
	var api struct {
		Resources map[string]struct{ Type string }
	}
	if json.Unmarshal(c.API, &api) == nil && len(api.Resources) > 0 {
		for _, r := range api.Resources {
			if r.Type == "AWS::Lambda::Url" && strings.HasPrefix(c.Note, elsewhere) {
				return "a request to another address than the template's; the model serves one template"
			}
			if r.Type == "AWS::ApiGateway::RestApi" || r.Type == "AWS::Lambda::Url" {
				return sources[file]
			}
		}
		return "another service; the model is of REST APIs and function URLs"
	}
	return sources[file]
}

// What notes of function URLs begin with: that everybody may call the function, which the template does not say, and that the
// request is to another address.
const (
	public    = "The function was public"
	elsewhere = "The host named an id that was never given out"
)

// permitted adds to a template the permission to call its function URL.
func permitted(template []byte) []byte {
	var t struct{ Resources map[string]any }
	if err := json.Unmarshal(template, &t); err != nil {
		return template
	}
	t.Resources["Permission"] = map[string]any{"Type": "AWS::Lambda::Permission", "Properties": map[string]any{
		"Action": "lambda:InvokeFunctionUrl", "FunctionName": map[string]any{"Ref": "Fn"}, "Principal": "*", "FunctionUrlAuthType": "NONE"}}
	b, _ := json.Marshal(t) // of what was JSON
	return b
}

// read matches the management calls that change nothing, and PutIntegration, whose stored form a template gives with the same
// members.
var read = regexp.MustCompile(`^(Get|TestInvokeMethod$|PutIntegration$)`)

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

// An outcome is what came of one case.
type outcome struct {
	file, name string
	*recorded
	apart  string   // why it is not counted
	run    bool     // it was run
	faults []string // what differs
}

// outcomes runs every case of a folder.
func outcomes(t *testing.T, dir string) []outcome {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings in %s", dir)
	}
	var out []outcome
	for _, f := range files {
		file := filepath.Base(f)
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var raw []json.RawMessage
		if err := json.Unmarshal(b, &raw); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for i, text := range raw {
			c, err := parseCase(text)
			o := outcome{file: file, name: c.Name, recorded: c, apart: c.apart(file)}
			if o.name == "" {
				o.name = fmt.Sprintf("%02d-%s", i+1, c.Call)
			}
			switch why := c.unchecked(); {
			case err != nil:
				o.faults = []string{err.Error()}
			case o.apart != "" && o.apart != sources[file]:
			case why != "":
				o.faults = []string{why}
			default:
				o.run, o.faults = true, c.run()
			}
			out = append(out, o)
		}
	}
	return out
}

func TestRecordings(t *testing.T) {
	passed, counted := 0, 0
	all := outcomes(t, dir())
	for _, o := range all {
		t.Run(o.file+"/"+o.name, func(t *testing.T) {
			if o.apart != "" {
				t.Logf("apart: %s %q", o.apart, o.faults)
				return
			}
			counted++
			if len(o.faults) == 0 {
				passed++
			}
			for _, f := range o.faults {
				t.Error(f)
			}
		})
	}
	t.Logf("%d of %d cases pass; %d more are reported apart", passed, counted, len(all)-counted)
	if counted == 0 {
		t.Error("no case was run")
	}
}

// parseCase takes no key that it does not know: a misspelt one would check nothing.
func parseCase(b []byte) (*recorded, error) {
	c := &recorded{}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(c); err != nil {
		return c, err
	}
	known := func(where string, m map[string]any, keys ...string) error {
		for _, k := range sorted(m) {
			if !slices.Contains(keys, k) {
				return fmt.Errorf("%s: unknown key %q", where, k)
			}
		}
		return nil
	}
	for i, e := range c.Exchanges {
		if err := known(fmt.Sprintf("response %d", i+1), e.Response, "status", "statusDeduced", "headers", "headerNameCase", "body"); err != nil {
			return c, err
		}
		if err := known(fmt.Sprintf("backendReceives %d", i+1), e.Receives, "method", "path", "query", "headers", "body", "event", "eventExact", "notCalled"); err != nil {
			return c, err
		}
	}
	return c, nil
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
		`{"name": "a", "exchange": []}`,
		`{"name": "a", "exchanges": [{"request": {"method": "GET", "paths": "/"}, "response": {"status": 200}}]}`,
		`{"name": "a", "exchanges": [{"request": {"method": "GET"}, "response": {"statuses": 200}}]}`,
		`{"name": "a", "exchanges": [{"request": {"method": "GET"}, "response": {"status": 200}, "backendReceives": {"events": {}}}]}`,
	} {
		if _, err := parseCase([]byte(s)); err == nil {
			t.Errorf("%s is read", s)
		}
	}
	for _, s := range []string{
		`{"name": "a"}`,
		`{"name": "a", "exchanges": [{"request": {"method": "GET"}, "response": {}}]}`,
		`{"name": "a", "calls": [{"call": "GetMethod", "params": {}, "result": {}}]}`,
	} {
		c, err := parseCase([]byte(s))
		if err != nil || c.unchecked() == "" {
			t.Errorf("%s: %v, and it is said to check something", s, err)
		}
	}
}

// TestMatch holds what each matcher takes and what it does not.
func TestMatch(t *testing.T) {
	got := `{"a": 1, "b": {"c": [1, 2], "d": "text"}, "list": [{"x": 1, "y": 2}]}`
	for _, tt := range []struct {
		want          string
		subset, whole bool
	}{
		{got, true, true},
		{`{"a": 1}`, true, false},
		{`{"a": 2}`, false, false},
		{`{"no": null}`, false, false},
		{`{"a": {"present": true}, "b": {"present": true}, "list": {"present": true}}`, true, true},
		{`{"no": {"present": true}}`, false, false},
		{`{"b": {"d": "text"}}`, true, false},
		{`{"b": {"d": {"contains": "ex"}}}`, true, false},
		{`{"b": {"d": {"prefix": "ex"}}}`, false, false},
		{`{"b": {"c": {"set": [2, 1]}}}`, true, false},
		{`{"b": {"c": {"set": [2, 2]}}}`, false, false},
		{`{"b": {"c": [2, 1]}}`, false, false},
		{`{"b": {"keys": ["d", "c"]}}`, true, false},
		{`{"b": {"keys": ["d"]}}`, false, false},
		{`{"absent": ["no"], "a": 1}`, true, false},
		{`{"absent": ["a"]}`, false, false},
		{`{"list": [{"x": 1}]}`, true, false},
		{`{"list": [{"x": 1}, {}]}`, false, false},
	} {
		g, err := parse([]byte(got))
		if err != nil {
			t.Fatal(err)
		}
		w, err := parse([]byte(tt.want))
		if err != nil {
			t.Fatal(err)
		}
		if s, all := subset(g, w), whole(g, w); s != tt.subset || all != tt.whole {
			t.Errorf("%s: subset %v, whole %v", tt.want, s, all)
		}
	}
}

// TestApart holds that what is reported apart is what the recordings' README says.
func TestApart(t *testing.T) {
	rest := `"api": {"Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi"}}}`
	for s, want := range map[string]bool{
		`{"call": "PutMethod", "error": {"status": 400}}`:                                                             true,
		`{` + rest + `, "calls": [{"call": "GetMethod"}]}`:                                                            false,
		`{` + rest + `, "calls": [{"call": "UpdateStage"}]}`:                                                          true,
		`{` + rest + `, "exchanges": []}`:                                                                             false,
		`{"api": {"Resources": {"Url": {"Type": "AWS::Lambda::Url"}}}, "exchanges": []}`:                              false,
		`{"note": "` + elsewhere + `", "api": {"Resources": {"Url": {"Type": "AWS::Lambda::Url"}}}, "exchanges": []}`: true,
		`{"api": {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}, "exchanges": []}`:                            true,
	} {
		c, err := parseCase([]byte(s))
		if got := c.apart("x.json"); err != nil || (got != "") != want {
			t.Errorf("%s: apart %q, error %v", s, got, err)
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
	Status  int            `json:"status"`
	Headers map[string]any `json:"headers"` // a text or several
	Body    any            `json:"body"`
	Echo    bool           `json:"$echoRequestBody"`
}

// received is what a backend got.
type received struct {
	event   []byte
	request *gateway.BackendRequest
}

type exchange struct {
	Request struct {
		Method, Path, RawPath string
		Headers               map[string]any
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
		template := []byte(c.API)
		if strings.HasPrefix(c.Note, public) {
			template = permitted(template)
		}
		app, err := cfn.Parse(c.Name, template, cfn.Options{})
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
		for _, v := range list(e.Request.Headers[name]) {
			req.Headers = append(req.Headers, gateway.Header{Name: name, Value: fmt.Sprint(v)})
		}
	}
	// What the recorder's client sent by itself.
	for _, h := range []gateway.Header{{Name: "Accept", Value: "*/*"}, {Name: "Accept-Encoding", Value: "gzip, deflate"}, {Name: "Connection", Value: "keep-alive"}, {Name: "User-Agent", Value: "python-requests/2.0"}} {
		if _, ok := req.Headers.Get(h.Name); !ok {
			req.Headers = append(req.Headers, h)
		}
	}
	for _, name := range sorted(e.Request.Query) {
		for _, v := range list(e.Request.Query[name]) {
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

// list is a list, or one value as a list.
func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
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
		if v, err := parse(got); err != nil || !whole(v, j) {
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
		if inner, err := parse([]byte(text)); err != nil || !whole(inner, m["parsesTo"]) {
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

// subset reports whether the members of want are in got, also in nested objects and in those of lists.
func subset(got, want any) bool { return match(got, want, false) }

// whole compares all of a value.
func whole(got, want any) bool { return match(got, want, true) }

// match compares a value with one that may have matchers in it: {"present": true} stands for any value, {"set": [...]} for a
// list in any order, {"keys": [...]} for an object with these members, {"contains": t} and {"prefix": t} for a text, null under
// "items" for a member that is not there, and the member "absent" lists those that are not.
func match(got, want any, whole bool) bool {
	switch w := want.(type) {
	case []any:
		g, ok := got.([]any)
		return ok && len(g) == len(w) && !slices.ContainsFunc(indexes(w), func(i int) bool { return !match(g[i], w[i], whole) })
	case map[string]any:
		if len(w) == 1 {
			switch {
			case w["present"] == true:
				return got != nil
			case w["contains"] != nil || w["prefix"] != nil:
				if text, ok := got.(string); ok {
					return matchText(text, w)
				}
			case w["set"] != nil:
				return sameSet(got, w["set"], whole)
			}
		}
		g, ok := got.(map[string]any)
		if !ok {
			return false
		}
		members := 0
		for k, v := range w {
			names, isList := v.([]any)
			gv, there := g[k]
			switch {
			case there:
			case k == "absent" && isList:
				if slices.ContainsFunc(names, func(n any) bool { _, is := g[n.(string)]; return is }) {
					return false
				}
				continue
			case k == "keys" && isList:
				if len(names) != len(g) || slices.ContainsFunc(names, func(n any) bool { _, is := g[n.(string)]; return !is }) {
					return false
				}
				continue
			default:
				return false
			}
			if members++; !match(gv, v, whole) {
				return false
			}
		}
		return !whole || members == len(g)
	}
	return same(got, want)
}

func indexes(l []any) []int {
	out := make([]int, len(l))
	for i := range l {
		out[i] = i
	}
	return out
}

// sameSet compares lists in any order: every value has a fellow of its own.
func sameSet(got, want any, whole bool) bool {
	g, ok := got.([]any)
	w, isList := want.([]any)
	if !ok || !isList || len(g) != len(w) {
		return false
	}
	g = slices.Clone(g)
	for _, v := range w {
		i := slices.IndexFunc(g, func(x any) bool { return match(x, v, whole) })
		if i < 0 {
			return false
		}
		g = slices.Delete(g, i, i+1)
	}
	return true
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
		if v, err := parse(got.event); err != nil || !whole(v, ev) {
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
			if _, rest, ok := strings.Cut(path, ":path/"); ok && strings.HasPrefix(path, "arn:") {
				path = "/" + rest
			}
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

// Invoke responds as the recording says the function did.
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

// HTTP responds as the recording says the server did.
func (b *backend) HTTP(_ context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	b.got.request = r
	rep, ok := b.Web[r.URL]
	for _, url := range sorted(b.Web) { // with its query string, or without the slash of the root
		base, _, _ := strings.Cut(url, "?")
		if !ok && strings.TrimSuffix(base, "/") == strings.TrimSuffix(r.URL, "/") {
			rep, ok = b.Web[url], true
		}
	}
	if !ok {
		return nil, &gateway.Unavailable{Reason: "no reply of " + r.URL + " in the recording"}
	}
	return rep.response(r), nil
}

// AWS responds as the recording says the service did.
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
		for _, v := range list(rep.Headers[k]) {
			out.Headers = append(out.Headers, gateway.Header{Name: k, Value: fmt.Sprint(v)})
		}
	}
	return out
}
