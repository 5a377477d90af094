package diff

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/report"
)

// echoing is an API of one route, the preflight and the response of which let in what a condition of a mapping template
// says; $o is the origin.
func echoing(t *testing.T, condition string) []byte {
	t.Helper()
	text, err := json.Marshal(`#set($o = $input.params().header.get("origin"))` + condition + `#set($context.responseOverride.header.Access-Control-Allow-Origin = $o)#end{"statusCode": 200}`)
	if err != nil {
		t.Fatal(err)
	}
	method := func(name string) string {
		return strings.NewReplacer("@NAME", name, "@TEXT", string(text)).Replace(`"@NAME": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": "@NAME", "AuthorizationType": "NONE",
			"MethodResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": true}}],
			"Integration": {"Type": "MOCK", "RequestTemplates": {"application/json": @TEXT}, "IntegrationResponses": [{"StatusCode": "200"}]}}}`)
	}
	return []byte(`{"Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {}}, ` + method("GET") + `, ` + method("OPTIONS") + `}}`)
}

func matches(expression string) string { return `#if($o.matches("` + expression + `"))` }

// A wider condition is looser, however it is written and even if no origin that is written out is let in besides; the
// same way back it is not.
func TestWidened(t *testing.T) {
	const app = `https://app[.]example[.]com`
	for _, tt := range []struct{ narrow, wide, says string }{
		{matches(app), matches(`https://app.example.com`), "https://appxexample.com"},
		{matches(app), matches(`https://app[.]example[.]com.*`), "https://app.example.com.corsgate-stranger.example"},
		{matches(app), matches(`.*app[.]example[.]com`), "https://corsgate-app.example.com"},
		{matches(app), matches(`https?://app[.]example[.]com`), "http://app.example.com"},
		{matches(app), matches(`[a-z]+://app[.]example[.]com`), "http://app.example.com"},
		{matches(app), matches(`https://app[.]example[.]com(:8443)?`), "https://app.example.com:8443"},
		{matches(app), matches(`https://app[.]example[.]com(:[0-9]+)?`), "https://app.example.com:4443"},
		{matches(app), matches(`https://(app|admin)[.]example[.]com`), "https://admin.example.com"},
		{matches(`https://(app|admin)\.example\.com`), matches(`https://(app|admin|ops)\.example\.com`), "Pages of `https://ops.example.com` **"},
		{matches(app), matches(`https://([a-z]+[.])?example[.]com`), report.Code("https://([a-z]+[.])?example[.]com")},
		{matches(app), matches(`https://app[.]example[.](com|net)`), "https://app.example.net"},
		{matches(app), matches(`https://app[a-z]*[.]example[.]com`), "https://appa.example.com"},
		{matches(`https://[a-y][.]example[.]com`), matches(`https://[a-z][.]example[.]com`), "https://z.example.com"},
		{matches(`https://[a-z]{1,8}[.]example[.]com`), matches(`https://[a-z]{1,9}[.]example[.]com`), "https://aaaaaaaaa.example.com"},
		{matches(`https://[a-z0-9.-]+[.]example[.]com`), matches(`https://[a-z0-9.-]+[.]com`), report.Code("https://[a-z0-9.-]+[.]com")},
		{matches(app), matches(app + `|https://evil[.]test`), "https://evil.test"},
		{matches(app), matches(app + `|null`), "null"},
		{matches(app), `#if($o.contains("app.example.com"))`, "https://corsgate-app.example.com"},
		{matches(app), `#if($o.startsWith("https://app.example.com"))`, "https://app.example.com.corsgate-stranger.example"},
		{matches(app), `#if($o.startsWith("https://app."))`, "https://app.corsgate-stranger.example"},
		{matches(`https://x[.]example[.]com`), `#if($o.endsWith(".example.com"))`, "http://x.example.com"},
		{`#set($l = ["app.example.com"])#set($h = $o.replaceAll("https://", ""))#if($l.contains($h))`,
			`#set($l = ["app.example.com", "ops.example.com:8080"])#set($h = $o.replaceAll("https://", ""))#if($l.contains($h))`, "https://ops.example.com:8080"},
		{`#if($o == "https://app.example.com")`, `#if($o != "")`, "any origin that no allowlist names"},
		{`#if($o == "https://app.example.com")`, `#if(true)`, "any origin that no allowlist names"},
	} {
		narrow, wide := echoing(t, tt.narrow), echoing(t, tt.wide)
		d := between(t, narrow, wide)
		if got := markdownOf(t, d); !d.Looser() || !strings.Contains(got, tt.says) {
			t.Errorf("%s to %s: want looser for %s, got\n%s", tt.narrow, tt.wide, tt.says, got)
		}
		if d := between(t, wide, narrow); d.Empty() || d.Looser() {
			t.Errorf("%s to %s: want only stricter, got\n%s", tt.wide, tt.narrow, markdownOf(t, d))
		}
	}
	// The same in other words.
	for _, same := range []string{matches(`https://app\.example\.com`), `#if($o == "https://app.example.com")`, matches(`(https)://(app[.]example)[.]com`)} {
		if d := between(t, echoing(t, matches(app)), echoing(t, same)); !d.Empty() {
			t.Errorf("%s: %s", same, markdownOf(t, d))
		}
	}
}

// An expression of many choices does not make for questions without end.
func TestExpressionIsBounded(t *testing.T) {
	d := between(t, echoing(t, matches(`https://app[.]example[.]com`)), echoing(t, matches(`https://`+strings.Repeat(`([a-z0-9]|x|y|[.])*`, 10)+`[.]com`)))
	if n := len(d.Origins); n > 300 {
		t.Errorf("%d origins", n)
	}
}
