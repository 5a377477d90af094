package diff

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/simulate"
)

// unpredictable hides of a backend what its responses depend on: every route is then asked about by itself, and every
// request made.
type unpredictable struct{ gateway.Backend }

func documentOf(t *testing.T, before, after *simulate.Site) *Document {
	t.Helper()
	d, err := Between(t.Context(), before, after)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := d.JSON(&b); err != nil {
		t.Fatal(err)
	}
	var doc Document
	if err := json.Unmarshal([]byte(b.String()), &doc); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(doc.Changes, func(a, b Change) int {
		return strings.Compare(fmt.Sprint(a.Question.Origin, a.URL, a.Path, a.Method, a.Headers, a.Credentials), fmt.Sprint(b.Question.Origin, b.URL, b.Path, b.Method, b.Headers, b.Credentials))
	})
	return &doc
}

// looking is an API of routes that are the same but for their paths, with a mapping template on each GET and OPTIONS, and
// static headers.
func looking(template, allowHeaders, gatewayOrigin string) []byte {
	text, _ := json.Marshal(template + `{"statusCode": 200}`)
	resources := `"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {}}, "Gone": {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": {"RestApiId": {"Ref": "Api"}, "ResponseType": "MISSING_AUTHENTICATION_TOKEN", "ResponseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "` + gatewayOrigin + `"}}}`
	for _, path := range []string{"a", "b", "{c}"} {
		id := strings.Trim(path, "{}")
		resources += strings.NewReplacer("@ID", id, "@PATH", path).Replace(`, "R@ID": {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "@PATH"}}`)
		for _, name := range []string{"GET", "PUT", "OPTIONS"} {
			resources += strings.NewReplacer("@ID", id, "@NAME", name, "@TEXT", string(text), "@HEADERS", allowHeaders).Replace(`, "M@ID@NAME": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "R@ID"}, "HttpMethod": "@NAME", "AuthorizationType": "NONE",
				"MethodResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Headers": true, "method.response.header.Access-Control-Allow-Origin": true}}],
				"Integration": {"Type": "MOCK", "RequestTemplates": {"application/json": @TEXT}, "IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Headers": "'@HEADERS'"}}]}}}`)
		}
	}
	return []byte(`{"Resources": {` + resources + `}}`)
}

// What is asked once for several routes or requests has the outcomes that each of them has by itself, whatever of a request
// the API looks at.
func TestAlike(t *testing.T) {
	const allow = `#set($context.responseOverride.header.Access-Control-Allow-Origin = "https://app.example.com")`
	plain := looking(allow, "content-type,x-a", "'*'")
	pairs := map[string][2][]byte{}
	for name, condition := range map[string]string{
		"path":            `$context.resourcePath == "/a"`,
		"whole path":      `$context.path.endsWith("/b")`,
		"alias":           `$c.get("resourcePath") == "/a"`,
		"parameter":       `$input.params("c") == "1"`,
		"path parameters": `$input.params().path.keySet().size() == 1`,
		"method":          `$context.httpMethod == "OPTIONS"`,
		"header":          `$input.params().header.get("x-a") == "1"`,
		"any header":      `$input.params().header.get($n) == "1"`,
		"asked method":    `$input.params().header.get('access-control-request-method') == "PUT"`,
		"asked headers":   `$input.params().header.get("access-control-request-headers") == "x-a"`,
		"params":          `$input.params("access-control-request-headers") == "x-a"`,
		"origin":          `$input.params().header.get("origin") == "https://app.example.com"`,
	} {
		pairs[name] = [2][]byte{plain, looking(`#set($c = $context)#set($n = "x-a")#if(`+condition+`)`+allow+`#end`, "content-type,x-a", "'*'")}
	}
	pairs["gateway response"] = [2][]byte{plain, looking(allow, "content-type", "method.request.header.x-a")}
	pairs["gateway response, origin"] = [2][]byte{plain, looking(allow, "content-type", "method.request.header.origin")}
	for _, files := range [][2]string{{"everything", "corsgate-three-origins"}, {"cdk-three-origins", "everything"}, {"corsgate-credentials", "cdk-any-origin"}} {
		var pair [2][]byte
		for i, name := range files {
			b, err := os.ReadFile(filepath.Join("../../test/templates", name+".template.json"))
			if err != nil {
				t.Fatal(err)
			}
			pair[i] = b
		}
		pairs[files[0]] = pair
	}
	for name, pair := range pairs {
		before, after := site(t, pair[0]), site(t, pair[1])
		got := documentOf(t, before, after)
		before.Backend, after.Backend = unpredictable{before.Backend}, unpredictable{after.Backend}
		if want := documentOf(t, before, after); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d changes, one by one %d; %+v; one by one %+v", name, len(got.Changes), len(want.Changes), got.Summary, want.Summary)
		} else if len(want.Changes) == 0 && name != "gateway response, origin" {
			t.Errorf("%s: nothing changes", name)
		}
	}
}

// The number of requests that are made grows with the routes' behaviours, not with the routes.
func TestAlikeRoutesAreAskedOnce(t *testing.T) {
	few, many := 0, 0
	for n, asked := range map[int]*int{10: &few, 100: &many} {
		d := between(t, large(t, 3, n, "https://old.example.com"), large(t, 3, n, "https://~.new.example.com"))
		*asked = len(d.asked)
		if !d.Looser() || len(d.Routes) != n+3 {
			t.Errorf("%d routes: %s", n, markdownOf(t, d))
		}
	}
	if few != many || few == 0 {
		t.Errorf("%d questions for 10 routes, and %d for 100", few, many)
	}
}
