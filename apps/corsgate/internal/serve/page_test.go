package serve

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/simulate"
)

// TestHosts holds that nobody's name but its own gets a response, of the page or of the API.
func TestHosts(t *testing.T) {
	s, log := start(t, Options{App: app(t, template(t, map[string]string{"m": mock})), Hosts: []string{"page.example.com"}})
	u, err := url.Parse(s.PageURL())
	if err != nil {
		t.Fatal(err)
	}
	api, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{
		u.Host:                         200,
		"localhost:" + u.Port():        200,
		"LOCALHOST:" + u.Port():        200,
		"page.example.com":             200,
		"page.example.com:8443":        200,
		"127.0.0.1":                    421,
		"127.0.0.1:1":                  421,
		"localhost":                    421,
		"evil.example:" + u.Port():     421,
		"127.0.0.1.nip.example":        421,
		"localhost.evil.example:4001":  421,
		"[::1]:" + u.Port():            421,
		"evilpage.example.com":         421,
		"page.example.com.evil.exampl": 421,
	} {
		for _, path := range []string{"", "overview.json", "exchanges.json?after=0"} {
			a := ask(t, "GET", s.PageURL()+path, "", "Host: "+host)
			if a.status != want {
				t.Errorf("Host %s, /%s: status %d, want %d", host, path, a.status, want)
			}
			if want == 421 && strings.Contains(a.body, "{") {
				t.Errorf("Host %s was told %s", host, a.body)
			}
		}
		host = strings.Replace(host, u.Port(), api.Port(), 1)
		if a := ask(t, "GET", s.URL()+"/m", "", "Host: "+host); a.status != want {
			t.Errorf("Host %s, the API: status %d, want %d", host, a.status, want)
		}
	}
	if want := fmt.Sprintf("GET /prod/m 421: the API is not served at %q\n", "evil.example:"+api.Port()); !strings.Contains(log.String(), want) {
		t.Errorf("the log lacks %q", want)
	}
	// Without a connection there is no address of its own.
	w := httptest.NewRecorder()
	s.PageHandler().ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 421 {
		t.Errorf("without a connection: status %d", w.Code)
	}
}

func TestPageIsClosed(t *testing.T) {
	s, _ := start(t, Options{App: app(t, template(t, map[string]string{"m": mock}))})
	a := ask(t, "GET", s.PageURL(), "")
	policy := a.header.Get("Content-Security-Policy")
	api, _, _ := strings.Cut(strings.TrimPrefix(s.URL(), "http://"), "/")
	for _, want := range []string{"default-src 'none'", "script-src 'sha256-", "style-src 'sha256-", "connect-src 'self' http://" + api + ";", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Count(policy, "sha256-") != 3 {
		t.Errorf("the policy is %q, want two scripts and a style", policy)
	}
	for _, no := range []string{"innerHTML", "insertAdjacentHTML", "document.write", "onclick=", "style=\"", "<script src", "http://", "https://"} {
		if strings.Contains(a.body, no) {
			t.Errorf("the page has %q", no)
		}
	}
	for _, path := range []string{"", "overview.json", "exchanges.json?after=0", "explain.json?origin=null&method=GET&path=/m"} {
		a := ask(t, "GET", s.PageURL()+path, "", "Origin: https://evil.example")
		if a.status != 200 || a.header.Get(acao) != "" || a.header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("/%s: %d %v", path, a.status, a.header)
		}
		if a := ask(t, "POST", s.PageURL()+path, ""); a.status != http.StatusMethodNotAllowed {
			t.Errorf("POST /%s: %d", path, a.status)
		}
	}
	if a := ask(t, "GET", s.PageURL()+"nothing", ""); a.status != 404 {
		t.Errorf("an unknown path: %d", a.status)
	}
}

func decode[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.body), &v); a.status != 200 || err != nil {
		t.Fatalf("status %d, %v: %s", a.status, err, a.body)
	}
	return v
}

func TestOverview(t *testing.T) {
	s, log := start(t, Options{App: app(t, templates+"catalog.template.json")})
	o := decode[overview](t, ask(t, "GET", s.PageURL()+"overview.json", ""))
	if o.Base != s.URL() || o.Policy == nil || o.Policy.PageAllowed || !strings.HasPrefix(o.Policy.PageElsewhere, "http://localhost:") {
		t.Errorf("got %+v, policy %+v", o, o.Policy)
	}
	at := func(from, method, path string) cell {
		i := slices.IndexFunc(o.Routes, func(r route) bool { return r.Method == method && r.Path == path })
		j := slices.IndexFunc(o.Origins, func(x origin) bool { return x.Origin == from })
		if i < 0 || j < 0 {
			t.Fatalf("the matrix has no %s %s from %s", method, path, from)
		}
		c := o.Cells[i][j]
		c.Why = ""
		return c
	}
	const missing, preflight = "MissingAllowOriginHeader", "PreflightMissingAllowOriginHeader"
	for _, tt := range []struct {
		origin, method, path string
		want                 cell
	}{
		{"https://app.example.com", "GET", "/products", cell{State: "allowed", Sent: true}},
		{"https://a.preview.example.com", "GET", "/products/{id}", cell{State: "allowed", Sent: true}},
		{"http://localhost:3000", "POST", "/carts/price", cell{State: "allowed", Preflight: true, Sent: true}},
		{"https://app.example.com.evil.example", "GET", "/health", cell{State: "refused", Sent: true, Code: missing}},
		{"https://evilapp.example.com", "GET", "/health", cell{State: "refused", Sent: true, Code: missing}},
		{"http://app.example.com", "POST", "/carts/price", cell{State: "refused", Preflight: true, Code: preflight}},
		{"https://app.example.com:8443", "POST", "/carts/price", cell{State: "refused", Preflight: true, Code: preflight}},
		{"https://preview.example.com", "GET", "/products", cell{State: "refused", Sent: true, Code: missing}},
		{"null", "POST", "/carts/price", cell{State: "refused", Preflight: true, Code: preflight}},
	} {
		if got := at(tt.origin, tt.method, tt.path); got != tt.want {
			t.Errorf("%s %s from %s: %+v, want %+v", tt.method, tt.path, tt.origin, got, tt.want)
		}
	}
	if strings.Contains(log.String(), "/prod/") {
		t.Errorf("looking at the page sent something:\n%s", log)
	}

	q := url.Values{"origin": {"https://app.example.com"}, "method": {"POST"}, "path": {"/carts/price"}, "header": {"content-type: application/json"}, "credentials": {"1"}}
	r := decode[simulate.Report](t, ask(t, "GET", s.PageURL()+"explain.json?"+q.Encode(), ""))
	if !r.Preflight.Needed || r.Verdict.Code != "PreflightInvalidAllowCredentials" {
		t.Errorf("with credentials: %+v", r.Verdict)
	}
	if a := ask(t, "GET", s.PageURL()+"explain.json?origin=x&method=GET&path=/", ""); a.status != 400 {
		t.Errorf("no origin: %d %s", a.status, a.body)
	}
}

func TestColumns(t *testing.T) {
	for _, tt := range []struct {
		list string
		want string
	}{
		{"~", "+https://any.example +http://any.example +null"},
		{"http://localhost:~", "+http://localhost:3000 -http://localhost.evil.example:3000 -http://evillocalhost:3000 -null"},
		{"https://app.example.com:8443", "+https://app.example.com:8443 -https://app.example.com.evil.example:8443 -https://evilapp.example.com:8443 -http://app.example.com:8443 -https://app.example.com -null"},
		{"", "-https://app.example.com -null"},
	} {
		vars := map[string]string{"corsOrigins": tt.list}
		if tt.list == "~" {
			vars = map[string]string{"corsAnyOrigin": "true"}
		}
		s, _ := start(t, Options{App: app(t, template(t, map[string]string{"m": mock})), Variables: vars})
		o := decode[overview](t, ask(t, "GET", s.PageURL()+"overview.json", ""))
		var got []string
		for _, x := range o.Origins {
			got = append(got, map[bool]string{true: "+", false: "-"}[x.Listed]+x.Origin)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s:\n got %s\nwant %s\n%s", tt.list, strings.Join(got, " "), tt.want, o.PolicyError)
		}
	}
}

func TestExamplePath(t *testing.T) {
	for path, want := range map[string]string{"/": "/", "/items/{id}": "/items/1", "/{proxy+}": "/a/b", "/a/{b}/c/{d+}": "/a/1/c/a/b", "$default": "/"} {
		if got := examplePath(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// What only a deployment knows is a column of its own, and what is sent and shown has its expression.
func TestDeployedColumn(t *testing.T) {
	integration := `{"Type": "MOCK", "RequestTemplates": {"application/json": {"Fn::Sub": "#set($o = $input.params().header.get('origin'))#if($o == 'https://${Dist.DomainName}')#set($context.responseOverride.header.Access-Control-Allow-Origin = $o)#end{\"statusCode\": 200}"}},
		"IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.X-Home": {"Fn::Sub": "'https://${Dist.DomainName}/'"}}, "ResponseTemplates": {"application/json": {"Fn::Sub": "at ${Dist.DomainName}"}}}]}`
	s, log := start(t, Options{App: app(t, template(t, map[string]string{"m": integration}, `"Dist": {"Type": "AWS::CloudFront::Distribution", "Properties": {}}`))})
	text := ask(t, "GET", s.PageURL()+"overview.json", "")
	o := decode[overview](t, text)
	const value = "https://${Dist.DomainName}"
	i := slices.IndexFunc(o.Origins, func(x origin) bool { return x.Origin == value })
	if i < 0 || o.Origins[i].Note != "the value of Dist.DomainName" {
		t.Fatalf("%+v", o.Origins)
	}
	stranger := slices.IndexFunc(o.Origins, func(x origin) bool { return x.Origin == "null" })
	for r, route := range o.Routes {
		// Only a request without a preflight is allowed, since every method has the same response.
		if want := map[bool]string{true: "allowed", false: "refused"}[route.Method == "GET" || route.Method == "POST" && len(route.Headers) == 0]; o.Cells[r][i].State != want {
			t.Errorf("%s: %+v", route.Method, o.Cells[r][i])
		}
		if o.Cells[r][stranger].State != "refused" {
			t.Errorf("%s: %+v", route.Method, o.Cells[r][stranger])
		}
	}
	query := url.Values{"origin": {value}, "method": {"GET"}, "path": {"/m"}}
	explained := ask(t, "GET", s.PageURL()+"explain.json?"+query.Encode(), "")
	if r := decode[simulate.Report](t, explained); !r.Verdict.Allowed || r.Actual.Request.Headers["origin"] != value {
		t.Errorf("%+v", r)
	}
	sent := ask(t, "GET", s.URL()+"/m", "", "Origin: https://evil.example")
	if sent.header.Get("X-Home") != value+"/" || sent.body != "at ${Dist.DomainName}" {
		t.Errorf("%v %s", sent.header, sent.body)
	}
	for _, path := range []string{"?origin=https://a.example&method=GET&path=/none", "?origin=https://${Other}&method=GET&path=/m"} {
		if a := ask(t, "GET", s.PageURL()+"explain.json"+path, ""); a.status != 400 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	exchanges := ask(t, "GET", s.PageURL()+"exchanges.json?after=0", "")
	for _, out := range []string{text.body, explained.body, exchanges.body, log.String()} {
		if strings.Contains(out, "deployed.invalid") {
			t.Errorf("a stand-in is printed:\n%s", out)
		}
	}
}

// The allowlist of an HTTP API is its setting, and so are the columns; an origin that it names and does not allow is told apart.
func TestSettingOverview(t *testing.T) {
	path := filepath.Join(t.TempDir(), "http.json")
	const text = `{"Resources": {
		"Fn": {"Type": "AWS::Lambda::Function", "Properties": {}},
		"Web": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "HTTP", "Target": {"Fn::GetAtt": ["Fn", "Arn"]}, "RouteKey": "GET /items",
			"CorsConfiguration": {"AllowOrigins": ["https://app.example.com", "https://other.example.com/"], "AllowCredentials": true}}}}}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := start(t, Options{App: app(t, path)})
	o := decode[overview](t, ask(t, "GET", s.PageURL()+"overview.json", ""))
	if o.Policy == nil || !slices.Equal(o.Policy.Origins, []string{"https://app.example.com", "https://other.example.com/"}) || !o.Policy.Credentials || o.Base != strings.TrimSuffix(s.URL(), "/") {
		t.Errorf("%+v, base %s", o.Policy, o.Base)
	}
	listed := map[string]bool{}
	for _, x := range o.Origins {
		listed[x.Origin] = x.Listed
	}
	if !listed["https://app.example.com"] || listed["https://other.example.com/"] || listed["http://app.example.com"] {
		t.Errorf("%+v", o.Origins)
	}
	for i, x := range o.Origins {
		if x.Origin == "https://app.example.com" && (len(o.Routes) != 1 || o.Cells[0][i].State != "allowed") {
			t.Errorf("%+v %+v", o.Routes, o.Cells)
		}
	}
}

// TestAnyOriginColumns holds that "*" in a preflight names every origin, and that a stack's name in a function's environment is not taken for one.
func TestAnyOriginColumns(t *testing.T) {
	options := `"O": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "A"}, "ResourceId": {"Ref": "Rm"}, "HttpMethod": "OPTIONS", "Integration": {"Type": "MOCK",
		"RequestTemplates": {"application/json": "{\"statusCode\": 200}"}, "IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": "'*'"}}]}}}`
	fn := `"Fn": {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": {"NAMESPACE": {"Fn::Sub": "${AWS::StackName}"}}}}}`
	s, _ := start(t, Options{App: app(t, template(t, map[string]string{"m": invokes("Fn")}, options, fn))})
	o := decode[overview](t, ask(t, "GET", s.PageURL()+"overview.json", ""))
	want := []origin{{"https://any.example", true, "one of *"}, {"http://any.example", true, "one of *"}, {"null", true, "a sandboxed frame, a local file"}}
	if !slices.Equal(o.Origins, want) {
		t.Errorf("got %+v\nwant %+v", o.Origins, want)
	}
}
