package logs

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/questions"
)

// TestCause holds that a failed preflight has the fix of what failed, and not of something else.
func TestCause(t *testing.T) {
	const options = "HTTP Method: OPTIONS, Resource Path: /orders"
	page := "Method request headers: {Origin=https://app.example.com, Host=api.example.net, Access-Control-Request-Method=PUT, Access-Control-Request-Headers=x-tenant,content-type}"
	for name, tt := range map[string]struct {
		text       []string
		has, hasNo string // of the fix for CloudFormation
	}{
		"a mock's status": {[]string{options, "Execution failed due to configuration error: statusCode should be an integer which defined in request template", "Method completed with status: 500"}, `'{"statusCode": 204}'`, "AuthorizationType"},
		"a mapping":       {[]string{options, "Execution failed due to configuration error: No match for output mapping and no default output mapping configured. Endpoint Response Status Code: 204", "Method completed with status: 500"}, `'{"statusCode": 204}'`, "AuthorizationType"},
		"binary":          {[]string{options, "Execution failed due to configuration error: Unable to transform request", "Method completed with status: 500"}, "ContentHandling: CONVERT_TO_TEXT", "AuthorizationType"},
		"binary answer":   {[]string{options, "Execution failed due to configuration error: Unable to transform response", "Method completed with status: 500"}, "IntegrationResponses:", "AuthorizationType"},
		"an authorizer":   {[]string{options, "Unauthorized request: 4bb1a9c2", "Gateway response type: UNAUTHORIZED with status code: 401", "Method completed with status: 401"}, "AuthorizationType: NONE", "ApiKeyRequired"},
		"denied":          {[]string{options, "Starting authorizer: a1 for request: 4bb1a9c2", "The client is not authorized to perform this operation.", "Gateway response type: ACCESS_DENIED with status code: 403", "Method completed with status: 403"}, "AuthorizationType: NONE", "Policy"},
		"a policy":        {[]string{options, "User: anonymous is not authorized to perform: execute-api:Invoke on resource: x", "Gateway response type: ACCESS_DENIED with status code: 403", "Method completed with status: 403"}, "Resource: execute-api:/*/OPTIONS/*", "AuthorizationType"},
		"a key":           {[]string{options, "Gateway response type: INVALID_API_KEY with status code: 403", "Method completed with status: 403"}, "ApiKeyRequired: false", "AuthorizationType"},
		"a validator":     {[]string{options, "Missing required request parameters: [page]", "Gateway response type: BAD_REQUEST_PARAMETERS with status code: 400", "Method completed with status: 400"}, "RequestParameters: {}", "AuthorizationType"},
		"a function":      {[]string{options, invoke, "Lambda execution failed with status 200 due to customer function error: x. Lambda request id: y", "Method completed with status: 502"}, "Type: MOCK", "ApiKeyRequired"},
		"a firewall":      {[]string{options, "Gateway response type: WAF_FILTERED with status code: 403", "Method completed with status: 403"}, "CustomResponse", "AuthorizationType"},
		"throttled":       {[]string{options, "Gateway response type: THROTTLED with status code: 429", "Method completed with status: 429"}, "ThrottlingRateLimit", "AuthorizationType"},
		"a header":        {[]string{options, page, "Method response headers: {Access-Control-Allow-Origin=https://app.example.com, Access-Control-Allow-Methods=PUT, Access-Control-Allow-Headers=Content-Type}", "Method completed with status: 204"}, `"'content-type,x-tenant'"`, "AuthorizationType"},
		"a method":        {[]string{options, page, "Method response headers: {Access-Control-Allow-Origin=https://app.example.com, Access-Control-Allow-Methods=GET, Access-Control-Allow-Headers=Content-Type}", "Method completed with status: 204"}, `"'GET,PUT'"`, "AuthorizationType"},
	} {
		t.Run(name, func(t *testing.T) {
			rep := scan(t, policy(t, cors.Config{Origins: []string{"https://app.example.com"}}), lines(1, tt.text...))
			for _, f := range rep.Findings {
				if f.Rule == "CORS706" {
					if !strings.Contains(f.Fix.CloudFormation, tt.has) || strings.Contains(f.Fix.CloudFormation, tt.hasNo) || f.Fix.Go == "" {
						t.Errorf("the fix is\n%s\nwant %s and not %s", f.Fix.CloudFormation, tt.has, tt.hasNo)
					}
					return
				}
			}
			t.Errorf("no CORS706:\n%s", listing(rep))
		})
	}
	rep := scan(t, nil, `{"requestId":"c6af9ac6","httpMethod":"OPTIONS","resourcePath":"/orders","status":403,"errorResponseType":"INVALID_API_KEY"}`)
	if len(rep.Findings) != 1 || !strings.Contains(rep.Findings[0].Fix.CloudFormation, "ApiKeyRequired: false") {
		t.Errorf("of an access log: %v", rep.Findings)
	}
}

// TestNoOrigin holds that what fails without an Origin fails for pages too, and that a refusal without one is none.
func TestNoOrigin(t *testing.T) {
	const header = "Execution log for request 8e7a1c\n"
	const test = `Tue Feb 04 00:28:36 UTC 2025 : Starting execution for request: 8e7a1c
Tue Feb 04 00:28:36 UTC 2025 : HTTP Method: OPTIONS, Resource Path: /orders
Tue Feb 04 00:28:36 UTC 2025 : Method request headers: {}
Tue Feb 04 00:28:37 UTC 2025 : Execution failed due to configuration error: Unable to transform request
Tue Feb 04 00:28:37 UTC 2025 : Method completed with status: 500
`
	quoted := func(s string) string {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	none := "Method request headers: {Accept=*/*, User-Agent=curl/8.5.0, Host=api.example.net}"
	for name, tt := range map[string]struct{ text, want string }{
		"the console's test":                {header + test, "CORS706 OPTIONS /orders: the console's test of OPTIONS: 500 (Unable to transform request); preflights fail in the same way"},
		"aws apigateway test-invoke-method": {"{\n    \"status\": 500,\n    \"body\": \"\",\n    \"headers\": {},\n    \"log\": " + quoted(header+test) + ",\n    \"latency\": 7\n}\n", "CORS706 OPTIONS /orders: the console's test of OPTIONS"},
		"no preflight":                      {lines(1, "HTTP Method: OPTIONS, Resource Path: /orders", "Method request headers: {Origin=https://app.example.com, Host=api.example.net}", "Method completed with status: 301"), "CORS706 OPTIONS /orders: OPTIONS requests without Access-Control-Request-Method: 301"},
		"the console's test, without title": {test, "CORS706 OPTIONS /orders: the console's test of OPTIONS"},
		"the console's test of GET":         {header + strings.ReplaceAll(test, "OPTIONS", "GET"), "CORS708 GET /orders: API Gateway responded with 500 (Unable to transform request)"},
		"the console's test that passes":    {header + strings.NewReplacer("Execution failed due to configuration error: Unable to transform request", "Successfully completed execution", ": 500", ": 204").Replace(test), ""},
		"the console's test, refused":       {header + strings.NewReplacer("Execution failed due to configuration error: Unable to transform request", "Successfully completed execution", ": 500", ": 403").Replace(test), ""},
		"curl":                              {lines(1, "HTTP Method: OPTIONS, Resource Path: /orders", none, "Unauthorized request: 4bb1a9c2", "Gateway response type: UNAUTHORIZED with status code: 401", "Method completed with status: 401"), "CORS706 OPTIONS /orders: OPTIONS requests without an Origin: 401 (UNAUTHORIZED, Unauthorized request)"},
		"curl, a backend's error":           {lines(1, "HTTP Method: OPTIONS, Resource Path: /orders", none, "Method completed with status: 500"), "CORS706 OPTIONS /orders: OPTIONS requests without an Origin: 500"},
		"curl, refused":                     {lines(1, "HTTP Method: OPTIONS, Resource Path: /orders", none, "Method response headers: {Vary=Origin}", "Method completed with status: 403"), ""},
		"curl, allowed":                     {lines(1, "HTTP Method: OPTIONS, Resource Path: /orders", none, "Method response headers: {}", "Method completed with status: 200"), ""},
	} {
		got := listing(scan(t, nil, tt.text))
		if !strings.HasPrefix(got, tt.want) || strings.Count(got, "\n") != min(1, len(tt.want)) {
			t.Errorf("%s: got\n%swant %s", name, got, tt.want)
		}
	}
}

// TestProbed holds that the look-alikes which corsgate probe asks from are one entry, and that the same names are told one by
// one where no probe asked.
func TestProbed(t *testing.T) {
	var b strings.Builder
	asked := append(questions.Lookalikes("https://app.example.com"), questions.Stranger)
	write := func(origins ...string) string {
		b.Reset()
		for _, o := range origins {
			b.WriteString(`{"level":"WARN","message":"CORS: origin refused","origin":"` + o + `","method":"GET","path":"/orders","reason":"origin not allowed"}` + "\n")
		}
		return b.String()
	}
	p := policy(t, cors.Config{Origins: []string{"https://app.example.com"}})
	got := scan(t, p, write(append(asked, "https://www.example.com", "https://app.example.org")...))
	if want := fmt.Sprintf("CORS702 /orders: origins that corsgate probe uses were refused, as they should be (%d times)\n", len(asked)); len(got.Findings) != 3 || !strings.HasSuffix(listing(got), want) {
		t.Errorf("got\n%s", listing(got))
	}
	got = scan(t, p, write("http://app.example.com", "https://appxexample.com"))
	if len(got.Findings) != 2 || strings.Contains(listing(got), "probe") {
		t.Errorf("without a probe:\n%s", listing(got))
	}
}
