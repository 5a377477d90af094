package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/corsgate/corsgate/apps/corsgate/internal/serve"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/testkit/faults"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

const (
	page    = "https://app.example.com"
	catalog = "../../../../test/templates/catalog.template.json"
	clean   = "../../../../internal/check/testdata/clean.yaml"
)

// readTemplate returns a template as JSON.
func readTemplate(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	v, err := cfn.ReadText(file, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, err = json.Marshal(v); err != nil {
		t.Fatal(err)
	}
	return b
}

// with puts a fault into a template.
func with(t testing.TB, template []byte, f faults.Fault) []byte {
	t.Helper()
	if f.Change == "" {
		out := bytes.ReplaceAll(template, []byte(f.Old), []byte(f.New))
		if bytes.Equal(out, template) {
			t.Fatalf("%s: nothing to replace", f.Name)
		}
		return out
	}
	var root, change map[string]any
	if err := json.Unmarshal(template, &root); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(f.Change), &change); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(faults.Merge(root, change))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// serving serves a template over TLS until the test ends, and gives the stage's address. Without a backend its functions
// run.
func serving(t testing.TB, file string, backend gateway.Backend) string {
	t.Helper()
	app, err := cfn.Open([]string{file}, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := serve.New(serve.Options{App: app, Backend: backend, TLS: true, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve() }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s.URL()
}

// deployedText is deployed, for a template that is in no file.
func deployedText(t testing.TB, template []byte, backend gateway.Backend) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "t.template.json")
	if err := os.WriteFile(file, template, 0o600); err != nil {
		t.Fatal(err)
	}
	return serving(t, file, backend)
}

// reply is the response of a function.
func reply(t testing.TB, response string) gateway.Backend {
	t.Helper()
	b, err := simulate.Reply([]byte(response), "the test")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// run runs the tool.
func run(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = Command{Stdout: &out, Stderr: &errs}.Run(context.Background(), args)
	return status, out.String(), errs.String()
}

// probed runs the probe for a page of [page], with JSON, and gives the verdict and the findings.
func probed(t testing.TB, url string, args ...string) (simulate.Verdict, []report.Finding) {
	t.Helper()
	status, out, errs := run(append([]string{"probe", url, "--origin", page, "--insecure", "--format", "json"}, args...)...)
	if status > 1 || errs != "" {
		t.Fatalf("%s %v: exit status %d, %s", url, args, status, errs)
	}
	var r struct {
		Verdict  simulate.Verdict
		Findings []report.Finding
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		troubleshoot(t, f)
	}
	failed := r.Verdict.Known && !r.Verdict.Allowed || slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.Severity == rules.Error })
	if failed != (status == 1) {
		t.Errorf("%s %v: exit status %d with\n%s", url, args, status, list(r.Findings))
	}
	return r.Verdict, r.Findings
}

// troubleshooting has, for each text that a console prints, what docs/troubleshooting.md says of it.
var troubleshooting = sync.OnceValue(func() map[*regexp.Regexp]string {
	b, err := os.ReadFile("../../../../docs/troubleshooting.md")
	if err != nil {
		panic(err)
	}
	out := map[*regexp.Regexp]string{}
	for _, s := range strings.Split(string(b), "\n### ")[1:] {
		heading, text, _ := strings.Cut(s, "\n")
		text, _, _ = strings.Cut(text, "\n## ")
		pattern := regexp.MustCompile(`'X'|\bX\b`).ReplaceAllString(regexp.QuoteMeta(heading), ".*")
		out[regexp.MustCompile(pattern)] = text
	}
	return out
})

// troubleshoot holds that who looks for what a browser prints is led to the rule.
func troubleshoot(t testing.TB, f report.Finding) {
	t.Helper()
	if f.Console == "" {
		return
	}
	for pattern, section := range troubleshooting() {
		if pattern.MatchString(f.Console) {
			if !strings.Contains(section, "["+string(f.Rule)+"]") {
				t.Errorf("docs/troubleshooting.md does not lead from %q to %s", f.Console, f.Rule)
			}
			return
		}
	}
	t.Errorf("docs/troubleshooting.md does not have %q", f.Console)
}

func list(found []report.Finding) string {
	var b strings.Builder
	for _, f := range found {
		b.WriteString(string(f.Rule) + " " + f.Method + " " + f.Path + ": " + f.Detail + "\n")
	}
	return b.String()
}

// TestProbeClean holds that nothing is found in the catalog, whose functions run, and in the clean template, by whatever is
// asked.
func TestProbeClean(t *testing.T) {
	url := serving(t, catalog, nil)
	for _, args := range [][]string{
		{"/products"},
		{"/products", "--errors", "--header", "content-type"},
		{"/products/cup"},
		{"/health"},
		{"/carts/price", "--method", "POST", "--header", "content-type", "--body", `{"lines": []}`, "--send", "--errors"},
	} {
		v, found := probed(t, url+args[0], args[1:]...)
		if !v.Allowed || len(found) > 0 {
			t.Errorf("%v: allowed %v, %s\n%s", args, v.Allowed, v.Message, list(found))
		}
	}
	url = deployedText(t, readTemplate(t, clean), reply(t, `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://app.example.com"}}`))
	for _, args := range [][]string{
		{"/items", "--method", "PUT", "--header", "content-type", "--header", "authorization", "--send", "--errors"},
		{"/status", "--errors"},
	} {
		if v, found := probed(t, url+args[0], args[1:]...); !v.Allowed || len(found) > 0 {
			t.Errorf("%v: allowed %v, %s\n%s", args, v.Allowed, v.Message, list(found))
		}
	}
}

// onWire says which rule a fault is on the wire, by its name or else by its rule in templates. What is not here is the same
// rule; "" is what the wire does not show.
var onWire = map[string]string{
	"CORS105": "CORS108", // a mock that fails does not say why
	"CORS106": "",        // a response of no body is not converted by the model
	"CORS118": "CORS109",
	"CORS208": "CORS510",
	"CORS407": "CORS109",
	"CORS120": "CORS508",
	"CORS209": "", // of pages with credentials
	"CORS130": "", // a page can read that its request failed
	"CORS201": "", "CORS202": "", "CORS303": "", "CORS302": "", "CORS401": "", "CORS402": "", "CORS404": "", "CORS405": "", "CORS406": "",
	// A key is asked for only once the request is made, so that the wire shows a page that needs no preflight.
	"no OPTIONS on a resource with an API key": "CORS119",
	// The page of the test does not sign its requests.
	"the date of a signature that may not be sent": "",
	// The stage's name is not known, so that it is not served.
	"a cache of a stage whose name is a parameter": notServed,
	// An unsigned request to a method for IAM, and one to a method that is not there, have the same response.
	"IAM on OPTIONS": "CORS101", "ANY with IAM instead of OPTIONS": "CORS101",
	// Of what is not asked for.
	"a new resource without OPTIONS": "", "a method added and not allowed": "", "an API key that may not be sent": "",
	"the authorizer's own header may not be sent": "", "* with credentials in a gateway response": "", "an echo without Vary": "",
	"an error's answer has no header": "",
	// What cannot be deployed is served without the header.
	"Allow-Origin without quotes": "CORS109", "* without quotes": "CORS109", "a quote missing": "CORS110",
	"the mock's header without quotes": "CORS510", "a gateway response without quotes": "CORS301",
	"Allow-Headers declared only": "CORS111",
	"the capital letter alone":    "CORS501",
}

// notServed is a fault in a template that cannot be served.
const notServed = "not served"

// TestProbeFaults holds that single faults in templates that are served are found, and that nothing else is called an error.
func TestProbeFaults(t *testing.T) {
	served := 0
	for _, set := range []struct {
		template []byte
		faults   []faults.Fault
		reply    string // of the function; empty for what corslambda puts
		asks     [][]string
	}{
		{readTemplate(t, clean), faults.OfClean, `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://app.example.com"}}`,
			[][]string{{"/items", "--method", "PUT", "--header", "content-type", "--header", "authorization"}, {"/status"}}},
		{raw(t, catalog), faults.OfCatalog, "", [][]string{{"/carts/price", "--method", "POST", "--header", "content-type"}}},
	} {
		for _, f := range set.faults {
			want, ok := onWire[f.Name]
			if !ok {
				want, ok = onWire[string(f.Rule)]
			}
			if !ok {
				want = string(f.Rule)
			}
			if want == notServed {
				continue
			}
			template := with(t, set.template, f)
			backend := simulate.NotRun(model.App(t, template))
			if set.reply != "" {
				backend = reply(t, set.reply)
			}
			url := deployedText(t, template, backend)
			hit := want == ""
			for _, ask := range set.asks {
				_, found := probed(t, url+ask[0], ask[1:]...)
				for _, g := range found {
					// Where the page needs no preflight, the finding names the rule for those that do.
					is := string(g.Rule) == want || g.Rule == "CORS511" && strings.Contains(g.Detail, "("+want+":")
					hit = hit || is
					if !is && g.Severity == rules.Error {
						t.Errorf("%s (%s): also\n%s", f.Name, want, list(found))
					}
				}
			}
			if !hit {
				t.Errorf("%s: %s does not find it", f.Name, want)
			} else if want != "" {
				served++
			}
		}
	}
	t.Logf("%d single faults of templates are found on the wire", served)
}

func raw(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestProbeFunctions has functions that respond in ways that only the wire shows, behind preflights that pass.
func TestProbeFunctions(t *testing.T) {
	const no4XX, no5XX = "Resources: {Errors4xx: null}", "Resources: {Errors5xx: null}"
	for _, tt := range []struct {
		name, want, change, reply string
		args                      []string
	}{
		{"no headers (L1)", "CORS510", "", `{"statusCode": 200}`, nil},
		{"no headers with an error (L4)", "CORS510", "", `{"statusCode": 404}`, nil},
		{"headers and multiValueHeaders (L2)", "CORS502", "", `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://app.example.com"}, "multiValueHeaders": {"access-control-allow-origin": ["*"]}}`, nil},
		{"multiValueHeaders is no list (L3)", "CORS302", no5XX, `{"statusCode": 200, "multiValueHeaders": {"Access-Control-Allow-Origin": "*"}}`, nil},
		{"no proxy response (G7)", "CORS302", no5XX, `{"statusCode": "none"}`, nil},
		{"* with credentials (L6)", "CORS206", "", `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"}}`, nil},
		{"a list (L7)", "CORS204", "", `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://app.example.com,https://b.example"}}`, nil},
		{"the first of a list (L5)", "CORS510", "", `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://b.example"}}`, nil},
		{"a slash (E5)", "CORS205", "", `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://app.example.com/"}}`, nil},
		{"another list than the preflight's", "CORS406", "", `{"statusCode": 200, "headers": {"Vary": "Origin"}}`, nil},
		{"everybody", "CORS406", "", `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}}`, nil},
		{"no credentials", "CORS507", "", `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://app.example.com"}}`, []string{"--credentials", "--method", "GET"}},
		{"an authorizer's 401 (G1)", "CORS301", "Resources: {Errors4xx: null, ItemsGet: {Properties: {AuthorizationType: CUSTOM, AuthorizerId: {Ref: Token}}}, Token: {Type: 'AWS::ApiGateway::Authorizer', Properties: {RestApiId: {Ref: Api}, Type: TOKEN, IdentitySource: method.request.header.Authorization}}}", `{"statusCode": 200}`, nil},
		{"UNAUTHORIZED hides DEFAULT_4XX", "CORS303", "Resources: {U: {Type: 'AWS::ApiGateway::GatewayResponse', Properties: {RestApiId: {Ref: Api}, ResponseType: UNAUTHORIZED}}, ItemsGet: {Properties: {AuthorizationType: CUSTOM, AuthorizerId: {Ref: Token}}}, Token: {Type: 'AWS::ApiGateway::Authorizer', Properties: {RestApiId: {Ref: Api}, Type: TOKEN, IdentitySource: method.request.header.Authorization}}}", `{"statusCode": 200}`, nil},
		{"an API key (G1)", "CORS301", "Resources: {Errors4xx: null, ItemsGet: {Properties: {ApiKeyRequired: true}}}", `{"statusCode": 200}`, nil},
		{"a validator's 400 (G3)", "CORS301", "Resources: {Errors4xx: null, V: {Type: 'AWS::ApiGateway::RequestValidator', Properties: {RestApiId: {Ref: Api}, ValidateRequestParameters: true}}, ItemsGet: {Properties: {RequestValidatorId: {Ref: V}, RequestParameters: {method.request.querystring.page: true}}}}", `{"statusCode": 200}`, nil},
		{"an unknown path (G4)", "CORS301", no4XX, `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://app.example.com"}}`, nil},
		{"OPTIONS goes to a function that fails", "CORS505", "Resources: {ItemsOptions: null, ItemsGet: {Properties: {HttpMethod: ANY}}}", `{"statusCode": "none"}`, []string{"--method", "PUT"}},
		{"OPTIONS goes to a function that knows nothing of CORS", "CORS109", "Resources: {ItemsOptions: null, ItemsGet: {Properties: {HttpMethod: ANY}}}", `{"statusCode": 200}`, []string{"--method", "PUT"}},
		{"a function that redirects", "CORS515", "", `{"statusCode": 302, "headers": {"Location": "https://elsewhere.example/", "Access-Control-Allow-Origin": "https://app.example.com"}}`, nil},
		{"exposed by the preflight alone (L9)", "CORS516", "Resources: {ItemsOptions: {Properties: {Integration: {IntegrationResponses: {ResponseParameters: {method.response.header.Access-Control-Expose-Headers: \"'x-id'\"}}}, MethodResponses: {ResponseParameters: {method.response.header.Access-Control-Expose-Headers: true}}}}}", `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://app.example.com"}}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			template := readTemplate(t, clean)
			if tt.change != "" {
				template = with(t, template, faults.Fault{Name: tt.name, Change: tt.change})
			}
			url := deployedText(t, template, reply(t, tt.reply))
			_, found := probed(t, url+"/items", tt.args...)
			hit := false
			for _, f := range found {
				hit = hit || string(f.Rule) == tt.want
				if string(f.Rule) != tt.want && f.Severity == rules.Error {
					t.Errorf("also an error:\n%s", list(found))
				}
			}
			if !hit {
				t.Errorf("not %s\n%s", tt.want, list(found))
			}
		})
	}
}
