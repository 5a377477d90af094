package cli

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/testkit/awstest"
)

const handler = "Handler886CB40B" // the catalog's function

// inspected runs inspect on an API, and holds that it only reads.
func inspected(t *testing.T, d *awstest.Deployed, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	d.Reading(true)
	defer d.Reading(false)
	return run(append([]string{"inspect", "--endpoint-url", d.URL, "--rest-api-id", d.ID}, args...)...)
}

// reported runs inspect with --format json.
func reported(t *testing.T, d *awstest.Deployed, args ...string) (report.Report, int) {
	t.Helper()
	status, out, errs := inspected(t, d, append([]string{"--format", "json"}, args...)...)
	var rep report.Report
	if err := json.Unmarshal([]byte(out), &rep); err != nil || errs != "" {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	return rep, status
}

func listed(rep report.Report) (ids, details []string) {
	for _, f := range rep.Findings {
		ids = append(ids, string(f.Rule))
		details = append(details, string(f.Rule)+" "+f.LogicalID+" "+f.Method+" "+f.Path+": "+f.Detail)
	}
	slices.Sort(ids)
	return slices.Compact(ids), details
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// byHand are changes that somebody made to the account, each with the rules that find it and what their findings say.
var byHand = []struct {
	name   string
	change func(t *testing.T, d *awstest.Deployed)
	rules  []string
	say    []string
}{
	{"an origin is added", func(t *testing.T, d *awstest.Deployed) {
		d.PatchStage("/variables/corsOrigins", d.Model.Variables["corsOrigins"]+",https://test.example.com")
	}, []string{"CORS603"}, []string{"https://test.example.com is on the allowlist in the account and not on the template's"}},
	{"an origin is taken away", func(t *testing.T, d *awstest.Deployed) {
		d.PatchStage("/variables/corsOrigins", "http://localhost:~,https://~.preview.example.com")
	}, []string{"CORS603"}, []string{"https://app.example.com is on the template's allowlist and not on that in the account"}},
	{"an origin is added in a token's place", func(t *testing.T, d *awstest.Deployed) {
		d.PatchStage("/variables/corsExactOrigin", "https://test.example.com")
	}, []string{"CORS603"}, []string{"https://test.example.com is on the allowlist in the account and not on the template's"}},
	{"a token breaks out", func(t *testing.T, d *awstest.Deployed) {
		d.PatchStage("/variables/corsExactOrigin", "https://test.example.com,https://~.com")
	}, []string{"CORS407", "CORS603"}, []string{"https://test.example.com,https://~.com is on the allowlist in the account"}},
	{"every origin is let in", func(t *testing.T, d *awstest.Deployed) { d.PatchStage("/variables/corsAnyOrigin", "true") },
		[]string{"CORS407", "CORS603"}, []string{"corsAnyOrigin is true in the account and absent in the template"}},
	{"credentials are let in", func(t *testing.T, d *awstest.Deployed) { d.PatchStage("/variables/corsCredentials", "true") },
		[]string{"CORS603"}, []string{"corsCredentials is true in the account and absent in the template"}},
	{"the variables are gone", func(t *testing.T, d *awstest.Deployed) {
		for name := range d.Model.Variables {
			d.PatchStage("/variables/"+name, "")
		}
	}, []string{"CORS407", "CORS603"}, []string{"the stage is prod"}},
	{"an origin has a path", func(t *testing.T, d *awstest.Deployed) {
		d.PatchStage("/variables/corsOrigins", "https://app.example.com/")
	}, []string{"CORS407", "CORS603"}, []string{"https://app.example.com/ is on the allowlist", "corsOrigins is https://app.example.com/ in the account and http", `CORS407 stages/prod  : the variables of stage prod are not understood, so every origin is refused: stage variable corsOrigins, "https://app.example.com/": an origin ends with the host or port, without a slash or path; write https://app.example.com`}},
	{"an origin has an asterisk", func(t *testing.T, d *awstest.Deployed) {
		d.PatchStage("/variables/corsOrigins", strings.ReplaceAll(d.Model.Variables["corsOrigins"], "~", "*"))
	}, []string{"CORS407", "CORS603"}, []string{"https://*.preview.example.com is on the allowlist in the account", "a stage variable has ~ for *; write https://~.preview.example.com"}},
	{"an origin has a blank", func(t *testing.T, d *awstest.Deployed) {
		d.PatchStage("/variables/corsOrigins", strings.ReplaceAll(d.Model.Variables["corsOrigins"], ",", ", "))
	}, []string{"CORS407", "CORS603"}, []string{`" https://app.example.com" is on the allowlist in the account`, "a blank stands beside it; write https://app.example.com"}},
	{"a max age has a unit", func(t *testing.T, d *awstest.Deployed) { d.PatchStage("/variables/corsMaxAge", "2h") },
		[]string{"CORS407", "CORS603"}, []string{"corsMaxAge is 2h in the account", "write 7200"}},
	{"an OPTIONS method is deleted and not deployed", func(t *testing.T, d *awstest.Deployed) { deleteOptions(t, d) },
		[]string{"CORS119", "CORS601", "CORS602"}, []string{"GET /products"}},
	{"an OPTIONS method is deleted", func(t *testing.T, d *awstest.Deployed) { deleteOptions(t, d); d.Redeploy() },
		[]string{"CORS119", "CORS602"}, nil},
	{"OPTIONS wants an API key", func(t *testing.T, d *awstest.Deployed) {
		replaceOptions(t, d, func(m *gateway.Method) { m.APIKeyRequired = true })
	}, []string{"CORS103", "CORS602"}, nil},
	{"OPTIONS wants IAM", func(t *testing.T, d *awstest.Deployed) {
		replaceOptions(t, d, func(m *gateway.Method) { m.AuthorizationType = "AWS_IAM" })
	}, []string{"CORS102", "CORS602"}, nil},
	{"OPTIONS is for one origin", func(t *testing.T, d *awstest.Deployed) {
		replaceOptions(t, d, func(m *gateway.Method) {
			m.Integration.RequestTemplates = []gateway.Template{{ContentType: "application/json", Text: `{"statusCode": 204}`}}
			m.Integration.Responses[0].Parameters["method.response.header.Access-Control-Allow-Origin"] = "'https://app.example.com/'"
		})
	}, []string{"CORS205", "CORS602"}, nil},
	{"the 4XX gateway response is deleted", func(t *testing.T, d *awstest.Deployed) {
		must[*apigateway.DeleteGatewayResponseOutput](t)(d.API.DeleteGatewayResponse(t.Context(), &apigateway.DeleteGatewayResponseInput{RestApiId: &d.ID, ResponseType: types.GatewayResponseTypeDefault4xx}))
	}, []string{"CORS301", "CORS601", "CORS602"}, []string{"API Gateway's own 4xx errors"}},
	{"a gateway response hides the default one", func(t *testing.T, d *awstest.Deployed) {
		must[*apigateway.PutGatewayResponseOutput](t)(d.API.PutGatewayResponse(t.Context(), &apigateway.PutGatewayResponseInput{RestApiId: &d.ID, ResponseType: types.GatewayResponseTypeUnauthorized, ResponseTemplates: map[string]string{"application/json": "{}"}}))
		d.Redeploy()
	}, []string{"CORS303", "CORS602"}, []string{"UNAUTHORIZED"}},
	{"a route is added and not deployed", func(t *testing.T, d *awstest.Deployed) {
		m := *d.Model.Find("/products").Method("GET")
		m.HTTPMethod = "POST"
		d.Method("/products", &m)
	}, []string{"CORS601", "CORS602"}, []string{"POST /products"}},
	{"the stage caches", func(t *testing.T, d *awstest.Deployed) {
		d.PatchStage("/cacheClusterEnabled", "true")
		d.PatchStage("/*/*/caching/enabled", "true")
	}, []string{"CORS402"}, []string{"stage prod caches responses"}},
	{"the stage caches one route", func(t *testing.T, d *awstest.Deployed) {
		d.PatchStage("/cacheClusterEnabled", "true")
		d.PatchStage("/~1products/GET/caching/enabled", "true")
	}, []string{"CORS402"}, []string{"stage prod caches responses"}},
	{"OPTIONS wants a token", func(t *testing.T, d *awstest.Deployed) {
		made := must[*apigateway.CreateAuthorizerOutput](t)(d.API.CreateAuthorizer(t.Context(), &apigateway.CreateAuthorizerInput{RestApiId: &d.ID, Name: aws.String("token"), Type: types.AuthorizerTypeToken,
			IdentitySource: aws.String("method.request.header.Authorization"), AuthorizerUri: aws.String("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:authorizer/invocations")}))
		d.Authorizer = *made.Id
		replaceOptions(t, d, func(m *gateway.Method) { m.AuthorizationType = "CUSTOM" })
	}, []string{"CORS102", "CORS602"}, nil},
	{"a canary has another list", func(t *testing.T, d *awstest.Deployed) {
		d.Canary("prod", 12.5, map[string]string{"corsOrigins": "https://new.example.com"})
	}, []string{"CORS605"}, []string{`12.5 % of the requests to stage prod have corsOrigins "https://new.example.com"`}},
	{"a domain leads to a stage without the variables", func(t *testing.T, d *awstest.Deployed) {
		must[*apigateway.CreateStageOutput](t)(d.API.CreateStage(t.Context(), &apigateway.CreateStageInput{RestApiId: &d.ID, StageName: aws.String("v1"), DeploymentId: aws.String(d.Deployment())}))
		domain(t, d, "v1.example.com", "v1")
	}, []string{"CORS604"}, []string{"https://v1.example.com leads to stage v1, which refuses every page"}},
	{"a stage that a domain leads to is deleted", func(t *testing.T, d *awstest.Deployed) {
		made := must[*apigateway.CreateStageOutput](t)(d.API.CreateStage(t.Context(), &apigateway.CreateStageInput{RestApiId: &d.ID, StageName: aws.String("old"), DeploymentId: aws.String(d.Deployment())}))
		domain(t, d, "old.example.com", "old")
		must[*apigateway.DeleteStageOutput](t)(d.API.DeleteStage(t.Context(), &apigateway.DeleteStageInput{RestApiId: &d.ID, StageName: made.StageName}))
	}, []string{"CORS604"}, []string{"https://old.example.com leads to stage old, which does not exist"}},
	{"the resource policy names a principal", func(t *testing.T, d *awstest.Deployed) {
		policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}`
		must[*apigateway.UpdateRestApiOutput](t)(d.API.UpdateRestApi(t.Context(), &apigateway.UpdateRestApiInput{RestApiId: &d.ID, PatchOperations: []types.PatchOperation{{Op: types.OpReplace, Path: aws.String("/policy"), Value: &policy}}}))
	}, []string{"CORS403"}, nil},
}

func deleteOptions(t *testing.T, d *awstest.Deployed) {
	t.Helper()
	must[*apigateway.DeleteMethodOutput](t)(d.API.DeleteMethod(t.Context(), &apigateway.DeleteMethodInput{RestApiId: &d.ID, ResourceId: aws.String(d.Paths["/products"]), HttpMethod: aws.String("OPTIONS")}))
}

// replaceOptions changes the OPTIONS method of /products and deploys.
func replaceOptions(t *testing.T, d *awstest.Deployed, change func(*gateway.Method)) {
	t.Helper()
	m := d.Model.Find("/products").Method("OPTIONS")
	change(m)
	d.Replace("/products", m)
	d.Redeploy()
}

func domain(t *testing.T, d *awstest.Deployed, name, stage string) {
	t.Helper()
	must[*apigateway.CreateDomainNameOutput](t)(d.API.CreateDomainName(t.Context(), &apigateway.CreateDomainNameInput{DomainName: &name}))
	must[*apigateway.CreateBasePathMappingOutput](t)(d.API.CreateBasePathMapping(t.Context(), &apigateway.CreateBasePathMappingInput{DomainName: &name, RestApiId: &d.ID, Stage: &stage}))
}

// inspectByHand holds that inspect finds what somebody did to an API, and nothing else.
func inspectByHand(t *testing.T, account *awstest.Account) {
	for _, tt := range byHand {
		t.Run(tt.name, func(t *testing.T) {
			account.For(t)
			d := account.Deploy(catalog)
			tt.change(t, d)
			defer d.Canary("prod", 0, nil)
			rep, status := reported(t, d, "--stage", "prod", "--template", catalog)
			ids, details := listed(rep)
			if !slices.Equal(ids, tt.rules) || len(rep.Crashed) > 0 {
				t.Errorf("found %q, not %q:\n%s\n%s", ids, tt.rules, strings.Join(details, "\n"), rep.Crashed)
			}
			for _, s := range tt.say {
				if !strings.Contains(strings.Join(details, "\n"), s) {
					t.Errorf("nothing says %q:\n%s", s, strings.Join(details, "\n"))
				}
			}
			for _, f := range rep.Findings {
				if strings.Contains(f.Console, "execute-api") && !strings.Contains(f.Console, "https://"+d.ID+".execute-api."+awstest.Region+".amazonaws.com/prod/") {
					t.Errorf("the browser has another API: %s", f.Console)
				}
			}
			worst, any := rep.Worst()
			want := statusOK
			switch {
			case any && worst == rules.Error:
				want = statusRefused
			case len(rep.NotJudged) > 0: // a canary has a share of the requests
				want = statusUnknown
			}
			if status != want {
				t.Errorf("exit status %d, not %d", status, want)
			}
		})
	}
}
