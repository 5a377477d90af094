package diff

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

func site(t testing.TB, template []byte) *simulate.Site {
	t.Helper()
	api := model.Load(t, template, gateway.Options{APIKeys: []string{"1"}})
	return &simulate.Site{API: api, Backend: simulate.NotRun(api.App)}
}

func between(t *testing.T, before, after []byte) *Difference {
	t.Helper()
	d, err := Between(t.Context(), site(t, before), site(t, after))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// has reports whether a group is about a question. Where it names no headers it is about those that could have changed.
func (g Group) has(q Question, could bool) bool {
	switch {
	case !slices.Contains(g.asked, q.Origin), !slices.Contains(g.Routes, q.Method+" "+q.Path),
		g.Credentials == "with" && !q.Credentials, g.Credentials == "without" && q.Credentials:
		return false
	case g.Preflighted:
		return q.extra != "" && could
	case len(g.Headers) > 0:
		return could && (slices.Contains(g.Headers, q.extra) || q.extra == "" && slices.Contains(g.Headers, none))
	}
	return could
}

// TestGroups holds the summary against what it summarises: each change is in one group, and every request that a group
// describes has changed as it says.
func TestGroups(t *testing.T) {
	files, err := filepath.Glob("../../test/templates/*.json")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	changes, groups := 0, 0
	for i, old := range files {
		pairs := files[(i+1)%len(files):][:1]
		if i%4 == 0 {
			pairs = append(slices.Clone(pairs), files[(i+len(files)-1)%len(files)]) // and the way back of another
		}
		for _, now := range pairs {
			before, err := os.ReadFile(old)
			if err != nil {
				t.Fatal(err)
			}
			after, err := os.ReadFile(now)
			if err != nil {
				t.Fatal(err)
			}
			d := between(t, before, after)
			if d.Empty() {
				t.Errorf("%s to %s: no change", old, now)
			}
			all := d.Groups()
			groups += len(all)
			changes += len(d.Changes)
			at := 0
			for i, q := range d.asked {
				var c *Change
				if at < len(d.Changes) && d.Changes[at].Origin == q.Origin && d.Changes[at].Method == q.Method && d.Changes[at].Path == q.Path &&
					d.Changes[at].extra == q.extra && d.Changes[at].Credentials == q.Credentials {
					c = &d.Changes[at]
					at++
				}
				in := 0
				for _, g := range all {
					if len(g.Errors) > 0 {
						continue
					}
					far := d.outcomes[0][i]
					if g.Direction == Looser {
						far = d.outcomes[1][i]
					}
					could := far.reach() > 0
					if g.Direction == Different && getsNowhere(g.Before) && getsNowhere(g.After) {
						could = far.reach() == 0
					}
					if !g.has(q, could) {
						continue
					}
					if c != nil {
						b, a := c.transition()
						if b == g.Before && a == g.After && c.Direction == g.Direction && (c.After.Code == "" || slices.Contains(g.Codes, c.After.Code)) {
							in++
							continue
						}
					}
					t.Fatalf("%s to %s: %+v is described by %+v, and its change is %+v", old, now, q, g, c)
				}
				if c != nil && in != 1 {
					t.Fatalf("%s to %s: %+v is in %d groups", old, now, *c, in)
				}
			}
			if at != len(d.Changes) {
				t.Fatalf("%d of %d changes were come by", at, len(d.Changes))
			}
			if i%4 != 0 {
				continue
			}
			var first, second bytes.Buffer
			if err := d.JSON(&first); err != nil {
				t.Fatal(err)
			}
			if err := between(t, before, after).JSON(&second); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(first.Bytes(), second.Bytes()) {
				t.Errorf("%s to %s: twice, and not the same", old, now)
			}
		}
	}
	t.Logf("%d changes in %d groups", changes, groups)
}

// Text from a template does not get out of its code.
func TestMarkdownIsContained(t *testing.T) {
	for in, want := range map[string]string{"/a": "`/a`", "/a`<b>`": "<code>/a\\`&lt;b&gt;\\`</code>", "a\n# b": "<code>a \\#<!-- --> b</code>", "@all": "<code>@<!-- -->all</code>", "a\x1b]52;c;x\a": "<code>a\ufffd\\]52;c;x\ufffd</code>"} {
		if got := markdown.code(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// secured is an API whose method wants a token and a key.
func secured(authorization, headers, gatewayOrigin string) []byte {
	return []byte(strings.NewReplacer("@AUTH", authorization, "@HEADERS", headers, "@GATEWAY", gatewayOrigin).Replace(`{"Resources": {
	"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {}},
	"Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "v1"}},
	"Authorizer": {"Type": "AWS::ApiGateway::Authorizer", "Properties": {"RestApiId": {"Ref": "Api"}, "Type": "TOKEN", "Name": "a", "IdentitySource": "method.request.header.X-Token"}},
	"Get": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": "GET", @AUTH,
		"MethodResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": true}}],
		"Integration": {"Type": "MOCK", "RequestTemplates": {"application/json": "{\"statusCode\": 200}"}, "IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": "'https://app.example.com'"}}]}}},
	"Options": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": "OPTIONS", "AuthorizationType": "NONE",
		"MethodResponses": [{"StatusCode": "204", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": true, "method.response.header.Access-Control-Allow-Headers": true}}],
		"Integration": {"Type": "MOCK", "RequestTemplates": {"application/json": "{\"statusCode\": 204}"}, "IntegrationResponses": [{"StatusCode": "204", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": "'https://app.example.com'", "method.response.header.Access-Control-Allow-Headers": "'@HEADERS'"}}]}}},
	"Unauthorized": {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": {"RestApiId": {"Ref": "Api"}, "ResponseType": "UNAUTHORIZED", "ResponseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'@GATEWAY'"}}}
	}}`))
}

func markdownOf(t *testing.T, d *Difference) string {
	t.Helper()
	var b strings.Builder
	if err := d.Markdown(&b, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A method that turns requests away is asked with what it wants, and without.
func TestIdentity(t *testing.T) {
	const none, token = `"AuthorizationType": "NONE"`, `"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": "Authorizer"}, "ApiKeyRequired": true`
	all := secured(token, "x-token,x-api-key,content-type", "https://app.example.com")
	for _, tt := range []struct {
		before, after []byte
		looser        bool
		says          string
	}{
		{all, secured(token, "x-token,x-api-key", "https://app.example.com"), false, "every route they can use (`GET /`) with the header `content-type`: **refused** (HeaderDisallowedByPreflightResponse)"},
		{all, secured(token, "x-token,content-type", "https://app.example.com"), false, "**refused** (HeaderDisallowedByPreflightResponse), was allowed"},
		{all, secured(token, "x-token,x-api-key,content-type", "https://other.example"), false, "`https://app.example.com` can no longer read API Gateway's own UNAUTHORIZED"},
		{secured(none, "x-token,x-api-key,content-type", "https://app.example.com"), all, false, "without what the route requires (a token, an API key): **from API Gateway itself (UNAUTHORIZED)**, was allowed"},
		{all, secured(none, "x-token,x-api-key,content-type", "https://app.example.com"), true, "**allowed**"},
	} {
		d := between(t, tt.before, tt.after)
		if got := markdownOf(t, d); !strings.Contains(got, tt.says) || d.Looser() != tt.looser && !strings.Contains(tt.says, "UNAUTHORIZED") {
			t.Errorf("want %s, got\n%s", tt.says, got)
		}
	}
	if r := questions.Routes(site(t, all).API); len(r) != 1 || !slices.Equal(r[0].Identity, []string{"x-api-key", "x-token"}) {
		t.Errorf("%+v", r)
	}
}

// static is an API of one route for one origin, with further headers on its preflight and its response.
func static(preflight, answer map[string]string) []byte {
	text := string(secured(`"AuthorizationType": "NONE"`, "content-type", "https://app.example.com"))
	add := func(after string, headers map[string]string) {
		for name, value := range headers {
			text = strings.Replace(text, after, `"method.response.header.`+name+`": "'`+value+`'", `+after, 1)
		}
	}
	add(`"method.response.header.Access-Control-Allow-Origin": "'https://app.example.com'"}`, answer)
	add(`"method.response.header.Access-Control-Allow-Origin": "'https://app.example.com'", "method.response.header.Access-Control-Allow-Headers"`, preflight)
	return []byte(text)
}

// What pages can read and for how long they need not ask is compared by what browsers make of it, not by its letters.
func TestExposedAndMaxAge(t *testing.T) {
	expose := func(v string) []byte { return static(nil, map[string]string{"Access-Control-Expose-Headers": v}) }
	credentials := func(v string) []byte {
		both := map[string]string{"Access-Control-Allow-Credentials": "true"}
		return static(both, map[string]string{"Access-Control-Allow-Credentials": "true", "Access-Control-Expose-Headers": v})
	}
	maxAge := func(v string) []byte { return static(map[string]string{"Access-Control-Max-Age": v}, nil) }
	for name, tt := range map[string]struct {
		before, after []byte
		looser        bool
		says          string // "" for no change
	}{
		"one more":             {expose("etag"), expose("ETag, x-a"), true, "**able to read `etag` and `x-a`**; before: able to read `etag`"},
		"one less":             {expose("etag,x-a"), expose("etag"), false, "**able to read `etag`**"},
		"one for another":      {expose("etag"), expose("x-a"), true, "**able to read `x-a`**; before: able to read `etag`"},
		"first":                {static(nil, nil), expose("etag"), true, "before: able to read no header but the safelisted ones"},
		"other letters":        {expose("etag,x-a"), expose("X-A , ETAG"), false, ""},
		"safelisted":           {expose("etag"), expose("etag,content-type"), false, ""},
		"all":                  {expose("etag"), expose("*"), true, "**able to read all headers**; before: able to read `etag`"},
		"no longer all":        {expose("*"), expose("etag"), false, "**able to read `etag`**; before: able to read all headers"},
		"all, credentials":     {credentials("*"), credentials("*,etag"), true, "with credentials: **able to read `etag`**"},
		"not a list":           {expose("etag"), expose("x a"), false, "**able to read no header but the safelisted ones**"},
		"hostile":              {expose("etag"), expose("x-`<img>`"), false, "safelisted"},
		"longer":               {maxAge("600"), maxAge("7200"), false, "**preflights remembered for 2 hours**; before: preflights remembered for 10 minutes"},
		"from the default":     {static(nil, nil), maxAge("5"), false, ""},
		"beyond every browser": {maxAge("86400"), maxAge("100000"), false, ""},
		"never":                {maxAge("-1"), maxAge("0"), false, ""},
	} {
		d := between(t, tt.before, tt.after)
		if got := markdownOf(t, d); d.Looser() != tt.looser || d.Empty() != (tt.says == "") || !strings.Contains(got, tt.says) {
			t.Errorf("%s: looser %v, want %v and %q, got\n%s", name, d.Looser(), tt.looser, tt.says, got)
		}
	}
}
