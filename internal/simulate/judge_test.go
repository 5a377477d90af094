package simulate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/simulate/transcript"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

// judged is a template with an API whose resource items has the GET and the OPTIONS that are given, and a Distribution.
func judged(sections, get, options string) []byte {
	list := `"https://list.example"`
	if strings.Contains(sections, "Sites") {
		list = `{"Ref": "Sites"}`
	}
	const method = `{"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "Items"}, "HttpMethod": %q, %s}}`
	return []byte(`{` + sections + `"Resources": {
		"Distribution": {"Type": "AWS::CloudFront::Distribution", "Properties": {}}, "Custom": {"Type": "Custom::Site", "Properties": {}},
		"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {}},
		"Items": {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "items"}},
		"Get": ` + fmt.Sprintf(method, "GET", get) + `, "Options": ` + fmt.Sprintf(method, "OPTIONS", options) + `,
		"Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": {"Ref": "AWS::StackName"}, "Variables": {"origins": "https://app.example.com", "list": ` + list + `}}}
	}}`)
}

// answers is an integration of a type whose one response has headers, and a method response that declares them.
func answers(typ, headers string) string {
	return `"AuthorizationType": "NONE", "Integration": {"Type": "` + typ + `", "Uri": "https://backend.example", "RequestTemplates": {"application/json": "{\"statusCode\": 200}"}, "IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {` + headers + `}}]}`
}

// allow is a header mapping of Access-Control-Allow-NAME.
func allow(name, value string) string {
	return `"method.response.header.Access-Control-Allow-` + name + `": ` + value
}

// decides is a mock whose template lets in the origins of a list, which is VTL in JSON.
func decides(list string) string {
	return `"AuthorizationType": "NONE", "Integration": {"Type": "MOCK", "IntegrationResponses": [{"StatusCode": "200"}], "RequestTemplates": {"application/json": {"Fn::Sub": "#set($o = $input.params().header.get('origin'))#foreach($x in ` + list + `)#if($x == $o)#set($context.responseOverride.header.Access-Control-Allow-Origin = $o)#end#end{\"statusCode\": 200}"}}}`
}

// A gateway response whose type only the deployment knows may be the one that decides.
func TestJudgeUntypedGatewayResponse(t *testing.T) {
	app := answers("MOCK", allow("Origin", `"'https://app.example.com'"`))
	template := judged(`"Parameters": {"Type": {"Type": "String"}},`, strings.Replace(app, `"NONE"`, `"AWS_IAM"`, 1), app)
	template = bytes.Replace(template, []byte(`"Stage": {`), []byte(`"Errors": {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": {"RestApiId": {"Ref": "Api"}, "ResponseType": {"Ref": "Type"},
		"ResponseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}}}, "Stage": {`), 1)
	j, err := simulate.NewJudge(model.App(t, template), gateway.Options{}, simulate.NotRun)
	if err != nil {
		t.Fatal(err)
	}
	r, err := j.Explain(t.Context(), browser.Call{Origin: "https://app.example.com", URL: "/items"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict.Known || !strings.Contains(r.Verdict.Message, "ResponseType: not known: Type") {
		t.Errorf("verdict %+v, want not known because of Type", r.Verdict)
	}
}

func TestJudge(t *testing.T) {
	const parameters = `"Parameters": {"Site": {"Type": "String"}, "Sites": {"Type": "String"}, "Env": {"Type": "String"}, "Names": {"Type": "CommaDelimitedList"}},
		"Conditions": {"IsProd": {"Fn::Equals": [{"Ref": "Env"}, "prod"]}},`
	app := allow("Origin", `"'https://app.example.com'"`)
	tokens := decides(`['https://app.example.com', 'https://${Distribution.DomainName}']`)
	branch := func(yes, no string) string {
		return answers("MOCK", allow("Origin", `{"Fn::If": ["IsProd", "`+yes+`", "`+no+`"]}`))
	}
	for _, tt := range []struct {
		name, get, options string
		origin             string
		header             string
		want               string // the verdict, assumptions and alternatives
	}{
		{"a literal origin beside a token", tokens, "", "https://app.example.com", "", "allowed"},
		{"a stranger", tokens, "", "https://evil.example", "", "refused, unless Distribution.DomainName is evil.example"},
		{"a port", tokens, "", "https://evil.example:8443", "", "refused, unless Distribution.DomainName is evil.example:8443"},
		{"another scheme", tokens, "", "http://evil.example", "", "refused"},
		{"null", tokens, "", "null", "", "refused"},
		{"the value", tokens, "", "https://${Distribution.DomainName}", "", "allowed"},
		{"a label before the token", decides(`['https://a.${Distribution.DomainName}']`), "", "https://a.evil.example", "", "refused, unless Distribution.DomainName is evil.example"},
		{"another label", decides(`['https://a.${Distribution.DomainName}']`), "", "https://b.evil.example", "", "refused"},
		{"two tokens in one", decides(`['https://${Env}.${Distribution.DomainName}']`), "", "https://evil.example", "",
			"refused, unless https://${Env}.${Distribution.DomainName} is https://evil.example"},
		{"a scheme", answers("MOCK", allow("Origin", `{"Fn::Sub": "'${Env}://app.example.com'"}`)), "", "https://app.example.com", "", "refused, unless Env is https"},
		{"a scheme of another host", answers("MOCK", allow("Origin", `{"Fn::Sub": "'${Env}://app.example.com'"}`)), "", "https://evil.example", "", "refused"},
		{"the port", answers("MOCK", allow("Origin", `{"Fn::Sub": "'https://app.example.com:${Env}'"}`)), "", "https://app.example.com:8443", "", "refused, unless Env is 8443"},
		{"a part of the port", decides(`['https://app.example.com:80${Env}']`), "", "https://app.example.com:8080", "", "refused, unless Env is 80"},
		{"a host and its port", decides(`['https://${Site}:${Env}']`), "", "https://evil.example:8443", "", "refused, unless https://${Site}:${Env} is https://evil.example:8443"},
		{"a port, of a page without one", decides(`['https://app.example.com:${Env}']`), "", "https://app.example.com", "", "refused"},
		{"what a custom resource returns", answers("MOCK", allow("Origin", `{"Fn::GetAtt": ["Custom", "x"]}`)), "", "https://evil.example", "", "refused, unless Custom.x is https://evil.example or *"},
		{"the status of a mock", strings.Replace(answers("MOCK", app), `"{\"statusCode\": 200}"`, `{"Fn::Sub": "{\"statusCode\": ${Env}}"}`, 1), "", "https://app.example.com", "",
			"not known: the statusCode of MOCK: not known: Env: the parameter has no value here"},
		{"a whole template", strings.Replace(answers("MOCK", app), `"{\"statusCode\": 200}"`, `{"Ref": "Env"}`, 1), "", "https://app.example.com", "",
			"not known: the application/json template: not known: Env: the parameter has no value here"},
		{"an overridden status", strings.Replace(answers("MOCK", app), `"{\"statusCode\": 200}"`, `{"Fn::Sub": "#set($context.responseOverride.status = '${Env}'){\"statusCode\": 200}"}`, 1), "", "https://app.example.com", "",
			"not known: $context.responseOverride.status: not known: Env: the parameter has no value here"},
		{"a token that nothing reads", answers("MOCK", app+`, "method.response.header.Server": {"Fn::Sub": "'https://${Distribution.DomainName}'"}`), "", "https://evil.example", "", "refused"},
		{"a parameter with its own quotes", answers("MOCK", allow("Origin", `{"Ref": "Site"}`)), "", "https://evil.example", "", "refused, unless Site is https://evil.example or *"},
		{"the parameter's value", answers("MOCK", allow("Origin", `{"Ref": "Site"}`)), "", "${Site}", "", "allowed"},
		{"a list that is one origin", decides(`['${Site}']`), "", "https://evil.example", "", "refused, unless Site is https://evil.example"},
		{"everybody but one", decides(`[$o]`), "", "https://evil.example", "", "allowed"},
		{"a list that is split", decides(`$stageVariables.list.split(',')`), "", "https://evil.example", "",
			"not known: Sites: the parameter has no value here, and it may be a list of origins"},

		{"the same on both sides", branch("'https://a.example'", "'https://b.example'"), "", "https://evil.example", "", "refused"},
		{"one side", branch("'https://a.example'", "'*'"), "", "https://evil.example", "",
			"not known: it depends on the condition IsProd, which depends on Env; IsProd true refused; IsProd false allowed"},
		{"allowed on both", branch("'https://a.example'", "'*'"), "", "https://a.example", "", "allowed"},

		{"methods by a parameter, of a plain GET", answers("MOCK", app), answers("MOCK", app+","+allow("Methods", `{"Ref": "Site"}`)), "https://app.example.com", "", "allowed"},
		{"headers by a parameter", answers("MOCK", app), answers("MOCK", app+","+allow("Headers", `{"Fn::Sub": "'${Site}'"}`)), "https://app.example.com", "x-own", "not known: Site: the parameter has no value here"},
		{"headers by a parameter, of a stranger", answers("MOCK", app), answers("MOCK", app+","+allow("Headers", `{"Fn::Sub": "'${Site}'"}`)), "https://evil.example", "x-own", "refused"},
		{"a list of parameters", answers("MOCK", app), answers("MOCK", app+","+allow("Headers", `{"Ref": "Names"}`)), "https://app.example.com", "x-own",
			"not known: method Options cannot be served: ResponseParameters method.response.header.Access-Control-Allow-Headers: not known: Names: the parameter has no value here"},
		{"an authorizer by a parameter", strings.Replace(answers("MOCK", app), `"NONE"`, `{"Ref": "Env"}`, 1), "", "https://app.example.com", "",
			"not known: method Get cannot be served: AuthorizationType: not known: Env: the parameter has no value here"},

		{"whichever response, all alike", answers("HTTP", app), "", "https://app.example.com", "", "allowed"},
		{"whichever response, of a stranger", answers("HTTP", app), "", "https://evil.example", "", "refused"},
		{"responses that differ", strings.Replace(answers("HTTP", app), `[{"StatusCode"`, `[{"StatusCode": "500", "SelectionPattern": "5.."}, {"StatusCode"`, 1), "", "https://app.example.com", "",
			"not known: https://backend.example was not invoked"},
		{"the backend's own header", answers("HTTP", allow("Origin", `"integration.response.header.x"`)), "", "https://app.example.com", "", "not known: https://backend.example was not invoked"},
		{"a proxy", strings.Replace(answers("HTTP", app), `"HTTP"`, `"HTTP_PROXY"`, 1), "", "https://app.example.com", "", "not known: https://backend.example was not invoked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.options == "" {
				tt.options = answers("MOCK", app)
			}
			a := model.App(t, judged(parameters, tt.get, tt.options))
			j, err := simulate.NewJudge(a, gateway.Options{}, simulate.NotRun)
			if err != nil {
				t.Fatal(err)
			}
			origin, err := a.Read(tt.origin)
			if err != nil {
				t.Fatal(err)
			}
			req := browser.Call{Origin: origin, URL: "/items"}
			if tt.header != "" {
				req.Header = browser.Header{{Name: tt.header, Value: "1"}}
			}
			r, err := j.Explain(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			got, _, _ := strings.Cut(r.Verdict.Outcome(), " (")
			for _, x := range r.Assumptions {
				got += ", " + x.Text
			}
			for _, x := range r.Alternatives {
				said, _, _ := strings.Cut(x.Verdict.Outcome(), " (")
				got += fmt.Sprintf("; %s %t %s", x.Condition, x.Holds, said)
			}
			if got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
			// No stand-in is ever printed.
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			b := bytes.NewBuffer(text)
			if err := transcript.Print(b, report.Palette{}, req, r); err != nil {
				t.Fatal(err)
			}
			if out := strings.ReplaceAll(b.String(), req.Origin, ""); strings.Contains(out, "deployed.inv") {
				t.Errorf("a stand-in is printed:\n%s", out)
			}
		})
	}
}

// Values that are given decide.
func TestJudgeGivenValues(t *testing.T) {
	template := judged("", decides(`['https://${Distribution.DomainName}']`), answers("MOCK", ""))
	a := model.App(t, template, cfn.Options{Values: map[string]string{"Distribution.DomainName": "evil.example"}})
	j, err := simulate.NewJudge(a, gateway.Options{}, simulate.NotRun)
	if err != nil {
		t.Fatal(err)
	}
	for origin, allowed := range map[string]bool{"https://evil.example": true, "https://other.example": false} {
		r, err := j.Explain(t.Context(), browser.Call{Origin: origin, URL: "/items"})
		if err != nil || r.Verdict.Allowed != allowed || !r.Verdict.Known || len(r.Assumptions) > 0 {
			t.Errorf("%s: %+v %v", origin, r, err)
		}
	}
}

// A route that no resource has is told from one that may be elsewhere.
func TestNoRoute(t *testing.T) {
	template := string(judged(`"Parameters": {"Env": {"Type": "String"}}, "Conditions": {"IsProd": {"Fn::Equals": [{"Ref": "Env"}, "prod"]}},`, answers("MOCK", ""), answers("MOCK", "")))
	nested := strings.Replace(template, `"Distribution"`, `"More": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://s3.example.com/t.json", "Parameters": {"Root": {"Fn::GetAtt": ["Api", "RootResourceId"]}}}}, "Distribution"`, 1)
	conditional := strings.Replace(template, `"Get": {`, `"Get": {"Condition": "IsProd", `, 1)
	for _, tt := range []struct{ name, template, method, path, want string }{
		{"there", template, "GET", "/items?x", ""},
		{"no such path", template, "GET", "/item", "the API has no route GET /item; the nearest: GET /items"},
		{"no such method", template, "PUT", "/items", "the API has no route PUT /items; the path has GET"},
		{"perhaps elsewhere", nested, "GET", "/item", ""},
		{"on one side of a condition", conditional, "GET", "/items", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j, err := simulate.NewJudge(model.App(t, []byte(tt.template)), gateway.Options{}, simulate.NotRun)
			if err != nil {
				t.Fatal(err)
			}
			req := browser.Call{Origin: "https://app.example.com", Method: tt.method, URL: tt.path}
			err = j.NoRoute(req)
			var no *simulate.NoRoute
			if tt.want == "" && err != nil || tt.want != "" && (!errors.As(err, &no) || no.Error() != tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if r, err := j.Explain(t.Context(), req); err != nil || strings.HasPrefix(tt.name, "perhaps") && (r.Verdict.Known || !strings.Contains(r.Verdict.Message, "may have /item elsewhere")) ||
				strings.HasPrefix(tt.name, "on one") && (r.Verdict.Known || len(r.Alternatives) != 2 || r.Alternatives[1].Verdict.Message != "the API has no such route") {
				t.Errorf("%+v %v", r, err)
			}
		})
	}
}
