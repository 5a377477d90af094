package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"go.yaml.in/yaml/v3"

	"github.com/corsgate/corsgate/internal/testkit/awstest"
)

// TestInspect runs the tests below, which share an account.
func TestInspect(t *testing.T) {
	account := awstest.New(t)
	for _, tt := range []struct {
		name string
		test func(*testing.T, *awstest.Account)
	}{
		{"by hand", inspectByHand}, {"clean", inspectClean}, {"stages", inspectStages}, {"function", inspectFunction}, {"denied", inspectDenied},
		{"bad input", inspectBadInput}, {"unknown", inspectUnknown}, {"credentials", inspectCredentials}, {"policy", inspectPolicy}, {"readme", inspectPage}, {"domains", inspectDomains},
		{"http", inspectHTTP}, {"url", inspectURL}, {"other", inspectOther},
	} {
		t.Run(tt.name, func(t *testing.T) {
			account.For(t)
			defer account.Deny("")
			tt.test(t, account)
		})
	}
}

// inspectClean holds that an API as its template has it is clean, paged and throttled as it comes, and what the last
// line says.
func inspectClean(t *testing.T, account *awstest.Account) {
	d := account.Deploy(catalog)
	d.Function(handler, map[string]string{"TABLE": "products"})
	d.Throttle(1)
	status, out, errs := inspected(t, d, "--template", catalog)
	if status != statusOK || errs != "" || !strings.HasPrefix(out, "0 errors, 0 warnings, 0 notes in 6 routes of 1 stage") {
		t.Errorf("exit status %d\n%s%s", status, errs, out)
	}
	if want := "policy in force, stage prod: http://localhost:*, https://*.preview.example.com, https://app.example.com; without credentials; " +
		"methods GET, POST, those of each path; headers content-type; max age 7200 s\n"; !strings.HasSuffix(strings.Join(strings.Fields(out), " ")+"\n", want) {
		t.Errorf("the last line is not\n%s\n%s", want, out)
	}
	asYAML := filepath.Join(t.TempDir(), "catalog.yaml")
	var doc any
	if err := yaml.Unmarshal(raw(t, catalog), &doc); err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(asYAML, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if status, again, errs := inspected(t, d, "--template", asYAML); status != statusOK || again != out {
		t.Errorf("with YAML: exit status %d\n%s%s", status, errs, again)
	}
	another := "../../../../test/templates/cdk-three-origins.template.json"
	if _, out, _ := inspected(t, d, "--template", another); strings.Count(out, "warning CORS602") != 1 || strings.Count(out, "\n  - stage prod; ") != 9 || !strings.Contains(strings.Join(strings.Fields(out), " "), "stage prod; browsers notice 14 differences, of which 8 are listed") {
		t.Errorf("another API's template:\n%s", out)
	}
	t.Setenv("AWS_ENDPOINT_URL", d.URL)
	if status, again, errs := run("inspect", "--rest-api-id", d.ID, "--template", catalog); status != statusOK || again != out {
		t.Errorf("with AWS_ENDPOINT_URL: exit status %d\n%s%s", status, errs, again)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	if status := (Command{Stdout: &stdout, Stderr: &stderr}).Run(ctx, []string{"inspect", "--rest-api-id", d.ID}); status != statusStopped || stdout.Len()+stderr.Len() > 0 {
		t.Errorf("interrupted: exit status %d\n%s%s", status, &stderr, &stdout)
	}
	if n := d.Seen("/restapis/" + d.ID + "/resources"); n < 3 {
		t.Errorf("%d pages of resources were read", n)
	}
}

// inspectStages holds that every stage is looked at, where none is named.
func inspectStages(t *testing.T, account *awstest.Account) {
	d := account.Deploy(catalog)
	must[*apigateway.CreateStageOutput](t)(d.API.CreateStage(t.Context(), &apigateway.CreateStageInput{RestApiId: &d.ID, StageName: aws.String("test"), DeploymentId: aws.String(d.Deployment())}))
	rep, status := reported(t, d)
	ids, details := listed(rep)
	if !slices.Equal(ids, []string{"CORS407"}) || status != statusRefused || !strings.Contains(details[0], "the stage is test") {
		t.Errorf("%d: %q", status, details)
	}
	if len(rep.InForce) != 2 || !strings.Contains(rep.InForce[1], "stage test: every origin is refused") {
		t.Errorf("%q", rep.InForce)
	}
	file := filepath.Join(t.TempDir(), "suppressions.json")
	if err := os.WriteFile(file, []byte(`[{"id": "CORS407", "reason": "nobody uses it"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if rep, status := reported(t, d, "--suppressions", file); status != statusOK || len(rep.Suppressed) == 0 {
		t.Errorf("%d: %v", status, rep.Findings)
	}
}

// inspectFunction holds that a function's own list is compared, and that nothing else of its environment is told.
func inspectFunction(t *testing.T, account *awstest.Account) {
	d := account.Deploy(catalog)
	d.Function(handler, map[string]string{"ALLOWED_ORIGINS": "https://old.example.com", "DB_PASSWORD": "do-not-print"})
	rep, status := reported(t, d)
	ids, details := listed(rep)
	if !slices.Equal(ids, []string{"CORS406"}) || status != statusOK || !strings.Contains(details[0], "ALLOWED_ORIGINS has https://old.example.com, which the preflight refuses") {
		t.Errorf("%d: %q", status, details)
	}
	for _, format := range []string{"text", "json", "sarif", "markdown", "github"} {
		if _, out, errs := inspected(t, d, "--format", format); strings.Contains(out+errs, "do-not-print") {
			t.Errorf("%s prints the environment:\n%s", format, out)
		}
	}
}

// inspectDenied holds that what may not be read is said with the action that allows it, that the rest goes on, and
// that nothing is found because of it.
func inspectDenied(t *testing.T, account *awstest.Account) {
	d := account.Deploy(catalog)
	d.Function(handler, nil)
	for path, say := range map[string]string{
		"/stages$":           "the stages: GetStages: access denied; the IAM action apigateway:GET would allow it",
		"/resources$":        "the resources and methods: GetResources: access denied; the IAM action apigateway:GET would allow it",
		"/gatewayresponses$": "the gateway responses: GetGatewayResponses: access denied; the IAM action apigateway:GET would allow it",
		"/authorizers$":      "the authorizers: GetAuthorizers: access denied; the IAM action apigateway:GET would allow it",
		"/models$":           "the models: GetModels: access denied; the IAM action apigateway:GET would allow it",
		"/requestvalidators": "the request validators: GetRequestValidators: access denied; the IAM action apigateway:GET would allow it",
		"/domainnames$":      "the custom domains: GetDomainNames: access denied; the IAM action apigateway:GET would allow it",
		"/exports/":          "what stage prod serves: GetExport: access denied; the IAM action apigateway:GET would allow it",
		"/functions/":        "the function Handler886CB40B: GetFunctionConfiguration: access denied; the IAM action lambda:GetFunctionConfiguration would allow it",
	} {
		t.Run(strings.Trim(path, "/$"), func(t *testing.T) {
			d.Deny(path)
			defer d.Deny("")
			rep, status := reported(t, d, "--stage", "prod")
			want := []string{say}
			if path == "/functions/" {
				for _, other := range []string{"ReviewsAA74421E", "Stock38709CBC"} {
					want = append(want, strings.Replace(say, handler, other, 1))
				}
			}
			if status != statusUnknown || !slices.Equal(rep.Unseen, want) || len(rep.Findings) > 0 {
				_, details := listed(rep)
				t.Errorf("exit status %d, not seen: %q, found: %q", status, rep.Unseen, details)
			}
			_, out, _ := inspected(t, d, "--stage", "prod")
			if !strings.Contains(strings.Join(strings.Fields(out), " "), "not seen: "+say) {
				t.Errorf("%s", out)
			}
		})
	}
	d.Deny("^/restapis/[^/]*$")
	if status, out, errs := inspected(t, d); status != statusUnknown || out != "" || errs != "corsgate: GetRestApi: access denied; the IAM action apigateway:GET would allow it\n" {
		t.Errorf("%d: %s%s", status, out, errs)
	}
}

// inspectBadInput holds that each fault of the input is one line.
func inspectBadInput(t *testing.T, account *awstest.Account) {
	d := account.Deploy(catalog)
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, tt := range []struct {
		name   string
		set    map[string]string
		args   []string
		status int
		say    string
	}{
		{"no such API", nil, []string{"--rest-api-id", "nobody"}, 3, "no REST API nobody in eu-west-1; is it the right region and account?"},
		{"a wrong region", nil, []string{"--region", "us-west-2"}, 3, "no REST API " + d.ID + " in us-west-2"},
		{"no such stage", nil, []string{"--stage", "dev"}, 3, "no stage dev; the REST API " + d.ID + " has prod"},
		{"no credentials", map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, nil, 3, "no usable AWS credentials were found"},
		{"no region", map[string]string{"AWS_REGION": ""}, nil, 3, "no AWS region is known"},
		{"no profile", nil, []string{"--profile", "nobody"}, 3, `no profile "nobody"`},
		{"unreachable", nil, []string{"--endpoint-url", gone.URL}, 3, "cannot reach " + strings.TrimPrefix(gone.URL, "http://") + ": connection refused"},
		{"no template", nil, []string{"--template", "nowhere.json"}, 3, "nowhere.json"},
		{"not a template", nil, []string{"--template", "inspect_test.go"}, 3, ": not YAML: "},
		{"another API's logical id", nil, []string{"--template", catalog, "--api", "Nobody"}, 3, "no resource Nobody"},
		{"an origin that is none", nil, []string{"--origins", "nobody"}, 2, "--origins: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			awstest.Environment(t)
			for k, v := range tt.set {
				t.Setenv(k, v)
			}
			status, out, errs := inspected(t, d, tt.args...)
			if lines := strings.Count(errs, "\n"); status != tt.status || out != "" || lines != 1 && tt.status == 3 || !strings.Contains(errs, tt.say) {
				t.Errorf("exit status %d, not %d:\n%s%s", status, tt.status, errs, out)
			}
			secretFree(t, out+errs)
		})
	}
}

// inspectUnknown holds that nothing is found against a value that only a deployment knows: it is said that it is not
// compared, what can be is, and with a value all is.
func inspectUnknown(t *testing.T, account *awstest.Account) {
	d := account.Deploy(catalog)
	text, err := os.ReadFile(catalog)
	if err != nil {
		t.Fatal(err)
	}
	template := func(list string) string {
		name := filepath.Join(t.TempDir(), "late.json")
		late := bytes.Replace(text, []byte(`"http://localhost:~,https://app.example.com,https://~.preview.example.com"`), []byte(list), 1)
		if bytes.Equal(late, text) {
			t.Fatal("the list is not there")
		}
		if err := os.WriteFile(name, late, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	whole := template(`{"Fn::ImportValue": "origins"}`)
	host := template(`{"Fn::Join": ["", ["http://localhost:~,https://", {"Fn::ImportValue": "host"}, ",https://~.preview.example.com"]]}`)
	less := template(`{"Fn::Join": ["", ["https://", {"Fn::ImportValue": "host"}, ",https://gone.example.com"]]}`)
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		open   string
		found  []string
	}{
		{"a whole list", []string{"--template", whole}, statusUnknown, "stage prod is not compared: the template has ${import origins}", nil},
		{"a host", []string{"--template", host}, statusUnknown, "stage prod is not compared: the template has https://${import host}", nil},
		{"a host, and what it cannot be", []string{"--template", less}, statusRefused, "stage prod is not compared: the template has https://${import host}",
			[]string{"http://localhost:~ is on the allowlist in the account", "https://gone.example.com is on the template's allowlist"}},
		{"with its value", []string{"--template", host, "--value", "import host=app.example.com"}, statusOK, "", nil},
		{"with another value", []string{"--template", host, "--value", "import host=old.example.com"}, statusRefused, "",
			[]string{"https://app.example.com is on the allowlist in the account", "https://old.example.com is on the template's allowlist"}},
		{"as a variable", []string{"--template", whole, "--var", "corsOrigins=" + d.Model.Variables["corsOrigins"]}, statusOK, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rep, status := reported(t, d, tt.args...)
			_, details := listed(rep)
			if status != tt.status || (len(rep.NotJudged) == 0) != (tt.open == "") || tt.open != "" && !slices.Contains(rep.NotJudged, tt.open) || len(details) != len(tt.found) {
				t.Errorf("exit status %d, not judged %q, found %q", status, rep.NotJudged, details)
			}
			for _, want := range tt.found {
				if !slices.ContainsFunc(details, func(d string) bool { return strings.Contains(d, want) }) {
					t.Errorf("nothing says %s: %q", want, details)
				}
			}
			if _, out, _ := inspected(t, d, tt.args...); strings.Contains(out, "deployed.invalid") {
				t.Errorf("a stand-in is printed:\n%s", out)
			}
		})
	}
}

// secretFree holds that nothing of the credentials is in a text.
func secretFree(t *testing.T, text string) {
	t.Helper()
	for _, s := range []string{awstest.SecretKey, awstest.SessionToken, awstest.AccessKey, "X-Amz-Security-Token=", "AWS4-HMAC"} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(s)) {
			t.Errorf("%s is in\n%s", s, text)
		}
	}
}

// inspectCredentials holds that no format and no error shows the credentials.
func inspectCredentials(t *testing.T, account *awstest.Account) {
	d := account.Deploy(catalog)
	d.PatchStage("/variables/corsOrigins", "https://other.example.com")
	for _, path := range []string{"", "/gatewayresponses$", "/restapis/[^/]*$"} {
		if path != "" {
			d.Deny(path)
		}
		for _, args := range [][]string{{}, {"--format", "json"}, {"--format", "sarif"}, {"--format", "markdown"}, {"--format", "github"}, {"--policy"}} {
			_, out, errs := inspected(t, d, append(args, "--template", catalog)...)
			if out+errs == "" {
				t.Errorf("%q says nothing", args)
			}
			secretFree(t, out+errs)
		}
	}
}

// inspectPolicy holds that the policy in force comes out as Go that compiles, and as a policy that cors.New accepts or
// says why not.
func inspectPolicy(t *testing.T, account *awstest.Account) {
	credentials := func(d *awstest.Deployed) {
		for _, path := range []string{"/items", "/status"} {
			if r := d.Model.Find(path); r != nil {
				m := r.Method("OPTIONS")
				m.Integration.Responses[0].Parameters["method.response.header.Access-Control-Allow-Credentials"] = "'true'"
				d.Replace(path, m)
			}
		}
		d.Redeploy()
	}
	for _, tt := range []struct {
		template string
		change   func(*awstest.Deployed)
		say      []string // of the file
		accepted bool
	}{
		{"catalog", nil, []string{`Origins:        []string{"http://localhost:*", "https://*.preview.example.com", "https://app.example.com"},`, `RequestHeaders: []string{"content-type"},`, `ExposedHeaders: []string{"x-request-id"},`, `MaxAge:         7200 * time.Second,`}, true},
		{"corsgate-credentials", nil, []string{"AllowCredentials: true,"}, true},
		{"cdk-one-origin", nil, []string{`Origins:        []string{"https://app.example.com"},`}, true},
		{"cdk-three-origins", nil, []string{`"https://admin.example.com"`, `"https://app.example.com"`}, true},
		{"cdk-any-origin", nil, []string{`[]string{"*"},`, "// The API lets every origin in. List the origins that are meant, unless it is public."}, true},
		{"cdk-any-origin", credentials, []string{`[]string{"*"},`, "cors.New refuses this policy as it is: ", "every origin cannot be allowed with credentials"}, false},
	} {
		t.Run(tt.template, func(t *testing.T) {
			account.For(t)
			d := account.Deploy("../../../../test/templates/" + tt.template + ".template.json")
			if tt.change != nil {
				tt.change(d)
			}
			status, out, errs := inspected(t, d, "--policy")
			if status != statusOK || errs != "" {
				t.Fatalf("%d: %s", status, errs)
			}
			for _, s := range tt.say {
				if !strings.Contains(out, s) {
					t.Errorf("nothing says %s:\n%s", s, out)
				}
			}
			if got := strings.TrimSpace(accepted(t, out)); (got == "accepted") != tt.accepted || !tt.accepted && !strings.Contains(out, "cors.New refuses this policy as it is: ") {
				t.Errorf("cors.New says %s of\n%s", got, out)
			}
		})
	}
}

// accepted compiles a policy with a main that gives it to cors.New.
func accepted(t *testing.T, policy string) string {
	t.Helper()
	dir := t.TempDir()
	main := `package main

import (
	"fmt"

	"github.com/corsgate/corsgate/constructs/cors"
)

func main() {
	if _, err := cors.New(corsProd); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("accepted")
}
`
	var files []string
	for name, text := range map[string]string{"policy.go": policy, "main.go": main} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	out, err := exec.Command("go", append([]string{"run"}, files...)...).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v: %s", err, out)
	}
	return string(out)
}

// inspectPage holds that docs/cli/inspect.md shows what is printed; a line of dots stands for what it leaves out.
func inspectPage(t *testing.T, account *awstest.Account) {
	d := account.Deploy(catalog)
	d.PatchStage("/variables/corsOrigins", d.Model.Variables["corsOrigins"]+",https://test.example.com")
	must[*apigateway.DeleteGatewayResponseOutput](t)(d.API.DeleteGatewayResponse(t.Context(), &apigateway.DeleteGatewayResponseInput{RestApiId: &d.ID, ResponseType: types.GatewayResponseTypeDefault4xx}))
	status, out, _ := inspected(t, d, "--stage", "prod", "--template", catalog)
	if status != statusRefused {
		t.Errorf("exit status %d", status)
	}
	out = strings.ReplaceAll(out, d.ID, "a1b2c3d4e5")
	for _, dep := range must[*apigateway.GetDeploymentsOutput](t)(d.API.GetDeployments(t.Context(), &apigateway.GetDeploymentsInput{RestApiId: &d.ID})).Items {
		out = strings.ReplaceAll(out, *dep.Id, "f6g7h8i9j0")
	}
	page, err := os.ReadFile(pages + "inspect.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(page), "--template cdk.out/CatalogStack.template.json --stage prod\n")
	shown, _, found := strings.Cut(shown, "```\n")
	if !found {
		t.Fatalf("docs/cli/inspect.md does not show it:\n%s", out)
	}
	rest := out
	for part := range strings.SplitSeq(shown, "...\n") {
		var ok bool
		if _, rest, ok = strings.Cut(rest, part); !ok {
			t.Fatalf("docs/cli/inspect.md shows\n%s\nwhich is not, or not there, in\n%s", part, out)
		}
	}
}

// inspectDomains holds that a domain is followed to where the template says it leads.
func inspectDomains(t *testing.T, account *awstest.Account) {
	d := account.Deploy(catalog)
	text, err := os.ReadFile(catalog)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	doc["Resources"]["Domain"] = map[string]any{"Type": "AWS::ApiGateway::DomainName", "Properties": map[string]any{"DomainName": "shop.example.com"}}
	doc["Resources"]["Mapping"] = map[string]any{"Type": "AWS::ApiGateway::BasePathMapping", "Properties": map[string]any{"DomainName": map[string]any{"Ref": "Domain"},
		"RestApiId": map[string]any{"Ref": "Catalog742F25FD"}, "Stage": map[string]any{"Ref": "CatalogDeploymentStageprod3F14D72A"}}}
	if text, err = json.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	template := filepath.Join(t.TempDir(), "domain.template.json")
	if err := os.WriteFile(template, text, 0o600); err != nil {
		t.Fatal(err)
	}
	name := "shop.example.com"
	must[*apigateway.CreateDomainNameOutput](t)(d.API.CreateDomainName(t.Context(), &apigateway.CreateDomainNameInput{DomainName: &name}))
	other := must[*apigateway.CreateRestApiOutput](t)(d.API.CreateRestApi(t.Context(), &apigateway.CreateRestApiInput{Name: aws.String("other")}))
	dep := d.Deployment()
	must[*apigateway.CreateStageOutput](t)(d.API.CreateStage(t.Context(), &apigateway.CreateStageInput{RestApiId: &d.ID, StageName: aws.String("v2"), DeploymentId: &dep, Variables: d.Model.Variables}))
	for _, tt := range []struct{ api, stage, say string }{
		{"", "", "https://shop.example.com leads nowhere, and to this API by the template"},
		{*other.Id, "", "https://shop.example.com leads to the REST API " + *other.Id + ", and to this API by the template"},
		{d.ID, "v2", "https://shop.example.com leads to stage v2, and to stage prod by the template"},
		{d.ID, "prod", ""},
	} {
		if tt.api != "" {
			in := &apigateway.CreateBasePathMappingInput{DomainName: &name, RestApiId: &tt.api}
			if tt.stage != "" {
				in.Stage = &tt.stage
			}
			must[*apigateway.CreateBasePathMappingOutput](t)(d.API.CreateBasePathMapping(t.Context(), in))
		}
		rep, _ := reported(t, d, "--stage", "prod", "--template", template)
		ids, details := listed(rep)
		if tt.say == "" && len(ids) > 0 || tt.say != "" && (!slices.Equal(ids, []string{"CORS604"}) || !strings.HasSuffix(details[0], tt.say)) {
			t.Errorf("%s %s: %q", tt.api, tt.stage, details)
		}
		if tt.api != "" {
			must[*apigateway.DeleteBasePathMappingOutput](t)(d.API.DeleteBasePathMapping(t.Context(), &apigateway.DeleteBasePathMappingInput{DomainName: &name, BasePath: aws.String("(none)")}))
		}
	}
}
