package diff

import (
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/testkit/model"
)

// What was not read, or is not looked at, is never said to be unchanged.
func TestNotCompared(t *testing.T) {
	opened := func(origin string, edit func(d *drawn, options object)) []byte {
		d := draw()
		items := d.path("R", "/items")
		d.method("Get", items, "GET", map[string]string{"Origin": app})
		edit(d, d.method("Options", items, "OPTIONS", map[string]string{"Origin": origin}))
		return d.template(t)
	}
	imported := object{"Fn::ImportValue": "elsewhere"}
	foreign := func(_ *drawn, options object) { options["RestApiId"], options["ResourceId"] = imported, imported }
	ours := func(_ *drawn, options object) { options["RestApiId"] = imported }
	include := func(_ *drawn, options object) {
		options["Fn::Transform"] = object{"Name": "AWS::Include", "Parameters": object{"Location": "s3://bucket/key"}}
	}
	with := func(name string, value any) func(*drawn, object) {
		return func(d *drawn, _ object) { d.api[name] = value }
	}
	statement := func(effect, resource string) object {
		return object{"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": resource}
	}
	fromAddress := func(address string) object {
		s := statement("Allow", "execute-api:/*")
		s["Condition"] = object{"IpAddress": object{"aws:SourceIp": address}}
		return object{"Statement": []any{s}}
	}
	one := func(value string) func(*drawn, object) {
		return func(d *drawn, _ object) {
			d.method("One", d.path("I", "/items/{id}"), "GET", map[string]string{"Origin": app})
			d.api["Policy"] = object{"Statement": []any{statement("Allow", "execute-api:/*"), statement("Deny", "execute-api:/*/GET/items/"+value)}}
		}
	}
	same := func(*drawn, object) {}
	response := func(api any) func(*drawn, object) {
		return func(d *drawn, _ object) {
			d.add("Errors", "GatewayResponse", object{"ResponseType": "DEFAULT_4XX", "ResponseParameters": object{"gatewayresponse.header.Access-Control-Allow-Origin": "'" + app + "'"}})["RestApiId"] = api
		}
	}
	typeless := func(d *drawn, _ object) { d.resources["Errors"] = object{"Type": imported} }
	canary := func(origin string) func(*drawn, object) {
		return func(d *drawn, options object) {
			d.add("Stage", "Stage", object{"StageName": "v1", "Variables": object{"origin": app},
				"CanarySetting": object{"PercentTraffic": 50, "StageVariableOverrides": object{"origin": origin}}})
			answer(options)["ResponseParameters"] = object{"method.response.header.Access-Control-Allow-Origin": "stageVariables.origin"}
		}
	}
	decides := func(part string) func(*drawn, object) {
		return func(d *drawn, options object) {
			d.resources["D"] = object{"Type": "AWS::CloudFront::Distribution", "Properties": object{}}
			d.add("Get", "Method", object{"ResourceId": object{"Ref": "Ritems"}, "HttpMethod": "PUT", "AuthorizationType": "NONE",
				"Integration": object{"Type": "HTTP_PROXY", "IntegrationHttpMethod": "PUT", "Uri": "https://backend.example"}})
			answer(options)["ResponseParameters"] = object{"method.response.header.Access-Control-Allow-Methods": "'PUT'"}
			integration(options)["RequestTemplates"] = object{"application/json": object{"Fn::Sub": `#set($d = '${D.DomainName}')#if($d.contains('` + part + `'))#else` + allowApp + `#end{"statusCode": 200}`}}
		}
	}
	for _, tt := range []struct {
		name     string
		old, now []byte
		want     string // in what is not compared, empty if all is
	}{
		{"a method of another API, opened", opened(app, foreign), opened("*", foreign), "methods of an API that is not in the templates"},
		{"a method of another API", opened(app, foreign), opened(app, foreign), ""},
		{"a method of some API, on a resource of this one", opened(app, ours), opened("*", ours), "not read: method Options"},
		{"properties by an include", opened(app, include), opened(app, include), "AWS::Include of s3://bucket/key"},
		{"a resource policy", opened(app, with("Policy", fromAddress("10.0.0.0/8"))), opened(app, with("Policy", fromAddress("10.0.0.0/16"))), "aws:SourceIp"},
		{"a resource policy that lets everybody in", opened(app, with("Policy", object{"Statement": []any{statement("Allow", "execute-api:/*")}})), opened(app, same), ""},
		{"a resource policy about one value of a parameter", opened(app, one("7")), opened(app, one("8")), "path parameter"},
		{"the same resource policy", opened(app, with("Policy", object{"Statement": []any{}})), opened(app, with("Policy", object{"Statement": []any{}})), ""},
		{"gateway responses that may be of another API", opened(app, response(object{"Ref": "Api"})), opened(app, response(imported)), "API Gateway's own 4xx errors"},
		{"gateway responses that may stand elsewhere", opened(app, response(object{"Ref": "Api"})), opened(app, typeless), "API Gateway's own 4xx errors"},
		{"a canary that is opened", opened(app, canary(app)), opened(app, canary("*")), "the stage's canary"},
		{"a preflight that passes by a value", opened(app, decides("x")), opened(app, decides("z")), "a mapping template decides by it"},
		{"the same preflight", opened(app, decides("x")), opened(app, decides("x")), ""},
		{"an endpoint that is closed", opened(app, same), opened(app, with("DisableExecuteApiEndpoint", true)), "DisableExecuteApiEndpoint"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			results, err := Apps(t.Context(), model.App(t, tt.old), model.App(t, tt.now), Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range results {
				for _, n := range r.NotCompared {
					got = append(got, n.Why)
				}
			}
			if text := strings.Join(got, "; "); !strings.Contains(text, tt.want) || tt.want == "" && text != "" {
				t.Errorf("not compared: %q, want %q", text, tt.want)
			}
		})
	}
}
