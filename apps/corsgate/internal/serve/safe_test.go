package serve

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/testkit/hostile"
	"github.com/corsgate/corsgate/internal/testkit/need"
)

// TestHeld holds that nothing behind the API is called where it must not be, and that the answers say why.
func TestHeld(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a server was called") }))
	defer web.Close()
	s, log := start(t, Options{Held: "nobody asked for it", App: app(t, template(t, map[string]string{
		"fn":  invokes("Fn"),
		"web": `{"Type": "HTTP_PROXY", "IntegrationHttpMethod": "ANY", "Uri": "` + web.URL + `"}`,
	}, function("Fn", "nodejs22.x", "exports.handler = async () => ({ statusCode: 200 })")))})
	for path, want := range map[string]string{"/fn": "the function Fn was not run: nobody asked for it", "/web": web.URL + " was not called: nobody asked for it"} {
		if a := ask(t, "GET", s.URL()+path, ""); a.status != 502 || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s; want 502 and %q", path, a.status, a.body, want)
		}
	}
	if want := "note: nothing behind the API is run or called: nobody asked for it"; !strings.Contains(log.String(), want) || strings.Contains(log.String(), "run on this machine") {
		t.Errorf("the log:\n%s\nwant %q", log, want)
	}
}

// TestHostile holds that no text of a template, a client or a function is more than text in what serve writes to a terminal.
func TestHostile(t *testing.T) {
	need.Programs(t, "node")
	quoted := func(v string) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	id := "Fn" + hostile.Line
	name := template(t, map[string]string{"fn": `{"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Join": ["", ["arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/", {"Fn::GetAtt": [` + quoted(id) + `, "Arn"]}, "/invocations"]]}}`},
		quoted(id)+`: {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": `+quoted(hostile.Text)+`, "Runtime": "nodejs22.x", "Handler": "index.handler", "Environment": {"Variables": {"X": {"Fn::ImportValue": `+quoted(hostile.Text)+`}}},
			"Code": {"ZipFile": `+quoted("exports.handler = async () => { console.log("+quoted(hostile.Text)+"); process.stdout.write("+quoted(hostile.Text)+"); throw new Error("+quoted(hostile.Text)+") };")+`}}}`,
		`"D": {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "A"}}}`,
		`"S": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "A"}, "DeploymentId": {"Ref": "D"}, "StageName": "prod", "Description": `+quoted(hostile.Text)+`}}`)
	s, log := start(t, Options{App: app(t, name)})
	if a := ask(t, "GET", s.URL()+"/fn", "", "Origin: https://x.example/\x9b"+strings.ReplaceAll(strings.ReplaceAll(hostile.Line, "\x1b", ""), "\a", "")); a.status != 502 {
		t.Errorf("%+v", a)
	}
	ask(t, "GET", s.URL()+"/%1b%0a::error::x/%c2%9b31m?::add-mask::x", "")
	s.Close()
	hostile.Check(t, "text", log.String())
	if !strings.Contains(log.String(), "owned") {
		t.Errorf("the function's output is not there:\n%s", log)
	}
}
