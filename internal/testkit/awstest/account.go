package awstest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// An Account is moto with a handler in front of it that answers what moto does not implement, in the shape in which the
// service answers:
//
//   - GetExport gives what a deployment was made of, in OpenAPI 3 with API Gateway's extensions; moto's gives the paths of
//     what is configured now, without integrations.
//   - The pages of GetResources, by limit and position; moto gives all at once.
//   - GetBasePathMappings of a domain without any is an empty list; moto fails.
//   - Canary settings of stages, which moto forgets: [Account.Canary].
//   - AccessDeniedException and TooManyRequestsException: [Account.Deny], [Account.Throttle].
//   - A resource policy in GetRestApi, whose quotes the service escapes; moto gives it as it came.
//
// Everything else is moto's.
type Account struct {
	// URL is its address.
	URL string

	t    testing.TB
	moto string

	mu       sync.Mutex
	exports  map[string]object       // of deployments
	canaries map[string]object       // of stages
	jwt      map[string][]any        // authorizers of HTTP APIs by path, which moto does not list
	denied   map[*regexp.Regexp]bool // paths
	throttle int                     // requests still to be throttled
	reading  bool                    // writes fail the test
	seen     map[string]int          // reads by path
}

type object = map[string]any

// New starts an account.
func New(t testing.TB) *Account {
	t.Helper()
	a := &Account{t: t, moto: Moto(t), exports: map[string]object{}, canaries: map[string]object{}, jwt: map[string][]any{}, denied: map[*regexp.Regexp]bool{}, seen: map[string]int{}}
	upstream, err := url.Parse(a.moto)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(upstream) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, proxy) }))
	t.Cleanup(server.Close)
	a.URL = server.URL
	return a
}

// For has the account report to another test, a part of the one it was made for.
func (a *Account) For(t testing.TB) { a.set(func() { a.t = t }) }

func (a *Account) test() (t testing.TB) {
	a.set(func() { t = a.t })
	return t
}

// Reading makes every request that is not a read fail the test from now on, or no longer.
func (a *Account) Reading(on bool) { a.set(func() { a.reading = on }) }

// Deny has requests to paths that match denied; an empty expression lets all in again.
func (a *Account) Deny(path string) {
	a.set(func() {
		if path == "" {
			clear(a.denied)
			return
		}
		a.denied[regexp.MustCompile(path)] = true
	})
}

// Throttle has the next requests throttled.
func (a *Account) Throttle(n int) { a.set(func() { a.throttle = n }) }

// Canary gives a stage a canary.
func (a *Account) Canary(stage string, percent float64, overrides map[string]string) {
	a.set(func() {
		a.canaries[stage] = object{"percentTraffic": percent, "stageVariableOverrides": overrides, "useStageCache": false}
	})
}

// Seen says how many reads a path has had.
func (a *Account) Seen(path string) (n int) {
	a.set(func() { n = a.seen[path] })
	return n
}

func (a *Account) set(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

var (
	deployments = regexp.MustCompile(`^/restapis/([^/]+)/deployments$`)
	exports     = regexp.MustCompile(`^/restapis/([^/]+)/stages/([^/]+)/exports/oas30$`)
	rest        = regexp.MustCompile(`^/restapis/[^/]+$`)
	mappings    = regexp.MustCompile(`^/domainnames/[^/]+/basepathmappings$`)
	stages      = regexp.MustCompile(`^/restapis/[^/]+/stages$`)
	authorizers = regexp.MustCompile(`^/v2/apis/[^/]+/authorizers$`)
	resources   = regexp.MustCompile(`^/restapis/[^/]+/resources$`)
)

func (a *Account) serve(w http.ResponseWriter, r *http.Request, proxy http.Handler) {
	path := r.URL.Path
	if problem := a.admit(r); problem != "" {
		status := map[string]int{"AccessDeniedException": 403, "TooManyRequestsException": 429}[problem]
		w.Header().Set("X-Amzn-Errortype", problem)
		answer(w, status, object{"message": "User: arn:aws:iam::" + AccountID + ":user/reader is not authorized to perform: apigateway:GET"})
		return
	}
	switch get := r.Method == http.MethodGet; {
	case r.Method == http.MethodPost && deployments.MatchString(path):
		rec := httptest.NewRecorder()
		proxy.ServeHTTP(rec, r)
		var made struct{ ID string }
		_ = json.Unmarshal(rec.Body.Bytes(), &made)
		export := a.export(r, deployments.FindStringSubmatch(path)[1])
		a.set(func() { a.exports[made.ID] = export })
		replay(w, rec)
	case get && exports.MatchString(path):
		m := exports.FindStringSubmatch(path)
		id, _ := a.ask(r, "/restapis/"+m[1]+"/stages/"+m[2])["deploymentId"].(string)
		var doc object
		a.set(func() { doc = a.exports[id] })
		w.Header().Set("Content-Disposition", `attachment; filename="oas30.json"`)
		answer(w, http.StatusOK, doc)
	case get && rest.MatchString(path):
		rec := httptest.NewRecorder()
		proxy.ServeHTTP(rec, r)
		doc := object{}
		policy := ""
		if json.Unmarshal(rec.Body.Bytes(), &doc) == nil {
			policy, _ = doc["policy"].(string)
		}
		if policy == "" {
			replay(w, rec)
			return
		}
		quoted, _ := json.Marshal(policy)
		doc["policy"] = string(quoted[1 : len(quoted)-1])
		answer(w, rec.Code, doc)
	case get && mappings.MatchString(path):
		rec := httptest.NewRecorder()
		if proxy.ServeHTTP(rec, r); rec.Code == http.StatusInternalServerError {
			answer(w, http.StatusOK, object{"item": []any{}})
			return
		}
		replay(w, rec)
	case get && stages.MatchString(path):
		doc := a.ask(r, path)
		for _, s := range list(doc["item"]) {
			name, _ := s["stageName"].(string)
			a.set(func() {
				if c := a.canaries[name]; c != nil {
					s["canarySettings"] = c
				}
			})
		}
		answer(w, http.StatusOK, doc)
	case r.Method == http.MethodPost && authorizers.MatchString(path):
		rec := httptest.NewRecorder()
		proxy.ServeHTTP(rec, r)
		var made any
		_ = json.Unmarshal(rec.Body.Bytes(), &made)
		a.set(func() { a.jwt[path] = append(a.jwt[path], made) })
		replay(w, rec)
	case get && authorizers.MatchString(path):
		var all []any
		a.set(func() { all = append([]any{}, a.jwt[path]...) })
		answer(w, http.StatusOK, object{"items": all})
	case get && resources.MatchString(path):
		a.page(w, r)
	default:
		proxy.ServeHTTP(w, r)
	}
}

// admit returns the error with which a request is turned away.
func (a *Account) admit(r *http.Request) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.reading {
		a.seen[r.URL.Path]++
		if err := IsRead(r); err != nil {
			a.t.Error(err)
		}
	}
	for p := range a.denied {
		if p.MatchString(r.URL.Path) {
			return "AccessDeniedException"
		}
	}
	if a.throttle > 0 {
		a.throttle--
		return "TooManyRequestsException"
	}
	return ""
}

// pageSize is small, so that there are several pages.
const pageSize = 2

// page gives one page of the resources.
func (a *Account) page(w http.ResponseWriter, r *http.Request) {
	all := list(a.ask(r, r.URL.Path+"?embed=methods")["item"])
	from := 0
	_, _ = fmt.Sscanf(r.URL.Query().Get("position"), "p%d", &from)
	to := min(from+pageSize, len(all))
	doc := object{"item": all[from:to]}
	if to < len(all) {
		doc["position"] = fmt.Sprintf("p%d", to)
	}
	answer(w, http.StatusOK, doc)
}

// ask reads from moto what a request of this kind would.
func (a *Account) ask(r *http.Request, path string) object {
	req, err := http.NewRequest(http.MethodGet, a.moto+path, nil)
	if err != nil {
		a.test().Error(err)
		return nil
	}
	req.Header = r.Header.Clone()
	req.Header.Del("Content-Length")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.test().Error(err)
		return nil
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	doc := object{}
	if err := json.Unmarshal(b, &doc); err != nil {
		a.test().Errorf("moto %s: %s", path, b)
	}
	return doc
}

func answer(w http.ResponseWriter, status int, doc any) {
	b, _ := json.Marshal(doc)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.Copy(w, bytes.NewReader(b))
}

func replay(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

func list(v any) []object {
	var out []object
	items, _ := v.([]any)
	for _, e := range items {
		m, _ := e.(map[string]any)
		out = append(out, m)
	}
	return out
}

// export makes the document of what is configured now, as the service writes it: types and methods in lower case, patterns
// as the keys of responses, headers declared in responses.
func (a *Account) export(r *http.Request, id string) object {
	api := a.ask(r, "/restapis/"+id)
	schemes := object{"api_key": object{"type": "apiKey", "name": "x-api-key", "in": "header"},
		"sigv4": object{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}}
	authorizers := map[any]string{}
	for _, z := range list(a.ask(r, "/restapis/"+id+"/authorizers")["item"]) {
		name, _ := z["name"].(string)
		typ, _ := z["type"].(string)
		authorizers[z["id"]] = name
		schemes[name] = object{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom",
			"x-amazon-apigateway-authorizer": object{"type": strings.ToLower(typ), "authorizerUri": z["authorizerUri"], "authorizerResultTtlInSeconds": 300}}
	}
	paths := object{}
	for _, res := range list(a.ask(r, "/restapis/"+id+"/resources?embed=methods")["item"]) {
		item := object{}
		methods, _ := res["resourceMethods"].(map[string]any)
		for verb, v := range methods {
			m, _ := v.(map[string]any)
			key := strings.ToLower(verb)
			if verb == "ANY" {
				key = "x-amazon-apigateway-any-method"
			}
			item[key] = operation(m, authorizers)
		}
		if len(item) > 0 {
			path, _ := res["path"].(string)
			paths[path] = item
		}
	}
	doc := object{"openapi": "3.0.1", "info": object{"title": api["name"], "version": "2026-01-01T00:00:00Z"}, "paths": paths,
		"servers":    []any{object{"url": "https://" + id + ".execute-api." + Region + ".amazonaws.com/{basePath}", "variables": object{"basePath": object{"default": "prod"}}}},
		"components": object{"securitySchemes": schemes}}
	if types, _ := api["binaryMediaTypes"].([]any); len(types) > 0 {
		doc["x-amazon-apigateway-binary-media-types"] = types
	}
	responses := object{}
	for _, g := range list(a.ask(r, "/restapis/"+id+"/gatewayresponses")["item"]) {
		typ, _ := g["responseType"].(string)
		responses[typ] = copied(g, "statusCode", "responseParameters", "responseTemplates")
	}
	if len(responses) > 0 {
		doc["x-amazon-apigateway-gateway-responses"] = responses
	}
	return doc
}

func operation(m object, authorizers map[any]string) object {
	op := object{}
	responses := object{}
	declared, _ := m["methodResponses"].(map[string]any)
	for status, v := range declared {
		mr, _ := v.(map[string]any)
		headers := object{}
		params, _ := mr["responseParameters"].(map[string]any)
		for name := range params {
			headers[strings.TrimPrefix(name, "method.response.header.")] = object{"schema": object{"type": "string"}}
		}
		responses[status] = object{"description": status + " response", "headers": headers, "content": object{}}
	}
	op["responses"] = responses
	var security []any
	if m["apiKeyRequired"] == true {
		security = append(security, object{"api_key": []any{}})
	}
	if m["authorizationType"] == "AWS_IAM" {
		security = append(security, object{"sigv4": []any{}})
	}
	if name := authorizers[m["authorizerId"]]; name != "" {
		security = append(security, object{name: []any{}})
	}
	if security != nil {
		op["security"] = security
	}
	var parameters []any
	wanted, _ := m["requestParameters"].(map[string]any)
	for name, required := range wanted {
		parts := strings.SplitN(name, ".", 4)
		if len(parts) == 4 && slices.Contains([]string{"path", "header", "querystring"}, parts[2]) {
			parameters = append(parameters, object{"in": strings.Replace(parts[2], "querystring", "query", 1), "name": parts[3], "required": required, "schema": object{"type": "string"}})
		}
	}
	if parameters != nil {
		op["parameters"] = parameters
	}
	if i, ok := m["methodIntegration"].(map[string]any); ok {
		out := copied(i, "httpMethod", "uri", "requestTemplates", "requestParameters", "contentHandling", "cacheKeyParameters")
		for _, lower := range []string{"type", "passthroughBehavior"} {
			if s, _ := i[lower].(string); s != "" {
				out[lower] = strings.ToLower(s)
			}
		}
		rs := object{}
		irs, _ := i["integrationResponses"].(map[string]any)
		for _, v := range irs {
			ir, _ := v.(map[string]any)
			pattern, _ := ir["selectionPattern"].(string)
			if pattern == "" {
				pattern = "default"
			}
			rs[pattern] = copied(ir, "statusCode", "responseParameters", "responseTemplates", "contentHandling")
		}
		out["responses"] = rs
		op["x-amazon-apigateway-integration"] = out
	}
	return op
}

// copied returns the members that say something.
func copied(m object, keys ...string) object {
	out := object{}
	for _, k := range keys {
		if v := m[k]; v != nil && v != "" {
			out[k] = v
		}
	}
	return out
}
