package corstest_test

import (
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/corstest"
)

// unknowns is a template whose OPTIONS allows a distribution's pages beside those of one origin; who may GET is a parameter.
const unknowns = `{"Parameters": {"Auth": {"Type": "String"}}, "Resources": {
	"Distribution": {"Type": "AWS::CloudFront::Distribution", "Properties": {}},
	"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {}},
	"Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "prod", "Variables": {"own": {"Fn::Sub": "https://${Distribution.DomainName}"}}}},
	"Get": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": "GET", "AuthorizationType": "NONE", "Integration": {"Type": "MOCK", "IntegrationResponses": [{"StatusCode": "200"}],
		"RequestTemplates": {"application/json": "#set($o = $input.params().header.get('origin'))#if($o == 'https://app.example.com' || $o == $stageVariables.own)#set($context.responseOverride.header.Access-Control-Allow-Origin = $o)#end{\"statusCode\": 200}"}}}},
	"Put": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": "POST", "AuthorizationType": {"Ref": "Auth"}, "Integration": {"Type": "MOCK", "IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": "'*'"}}], "RequestTemplates": {"text/plain": "{\"statusCode\": 200}", "application/json": "{\"statusCode\": 200}"}}}}
}}`

// A page can be one of an origin that only a deployment knows; others are judged as if it were none of theirs.
func TestUnknownOrigin(t *testing.T) {
	api := corstest.FromJSON(t, []byte(unknowns))
	api.From("https://${Distribution.DomainName}").Get("/").IsAllowed()
	api.From("https://app.example.com").Get("/").IsAllowed()
	api.From("https://evil.example").Get("/").IsRefused()
	s := &spy{}
	api.In(s).From("https://${Distribution}").Get("/")
	if !strings.Contains(s.fatal, "${Distribution} is not among the values") || !strings.Contains(s.fatal, "${Distribution.DomainName}") {
		t.Error(s.failures())
	}
	s = &spy{}
	api.In(s).From("https://evil.example").Get("/").IsAllowed()
	if out := s.failures(); !strings.Contains(out, "unless Distribution.DomainName is evil.example") || strings.Contains(out, "deployed.invalid") {
		t.Error(out)
	}
	if m := api.Matrix("https://${Distribution.DomainName}"); !strings.HasPrefix(m, "https://${Distribution.DomainName}\n  GET") {
		t.Error(m)
	}
	given := corstest.FromJSON(t, []byte(unknowns), corstest.WithValue("Distribution.DomainName", "evil.example"))
	given.From("https://evil.example").Get("/").IsAllowed()
}

// Where what is not known decides, every assertion fails, and says what it is; a value decides it.
func TestUnknownDecides(t *testing.T) {
	s := &spy{}
	post := corstest.FromJSON(s, []byte(unknowns)).From("https://app.example.com").Post("/")
	post.IsAllowed()
	post.IsRefused()
	if len(s.errors) != 2 || strings.Count(s.failures(), "got not known: method Put cannot be served: AuthorizationType: not known: Auth: ") != 2 {
		t.Error(s.failures())
	}
	corstest.FromJSON(t, []byte(unknowns), corstest.WithParameter("Auth", "NONE")).From("https://app.example.com").Post("/").IsAllowed()
	for want, option := range map[string]corstest.Option{
		"no parameter Author; the nearest: Auth": corstest.WithParameter("Author", "NONE"),
		"Distribution.Domain":                    corstest.WithValue("Distribution.Domain", "x"),
	} {
		s := &spy{}
		corstest.FromJSON(s, []byte(unknowns), option)
		if !strings.Contains(s.fatal, want) {
			t.Errorf("got %q, want %q", s.fatal, want)
		}
	}
}

// A preflight whose template decides by a value does not pass, although the function behind it is not run.
func TestPassesPreflightByAValue(t *testing.T) {
	template := func(condition string) []byte {
		return []byte(`{"Parameters": {"P": {"Type": "String"}}, "Resources": {
			"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {}},
			"Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "prod"}},
			"Put": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": "PUT", "AuthorizationType": "NONE",
				"Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": "arn:aws:apigateway:x:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations"}}}},
			"Fn": {"Type": "AWS::Lambda::Function", "Properties": {}},
			"Options": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": "OPTIONS", "AuthorizationType": "NONE",
				"Integration": {"Type": "MOCK", "IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Methods": "'PUT'"}}],
					"RequestTemplates": {"application/json": {"Fn::Sub": "#set($p = '${P}')#if(` + condition + `)#set($context.responseOverride.header.Access-Control-Allow-Origin = '*')#end{\"statusCode\": 200}"}}}}}
		}}`)
	}
	for condition, want := range map[string]string{
		"true":                "",
		"!$p.contains('x')":   "want a preflight that passes, got not known: P: the parameter has no value here, and a mapping template decides by it",
		"$p.contains('x')":    "want a preflight that passes, got not known: P: the parameter has no value here, and a mapping template decides by it",
		"$p.length() == 1234": "want a preflight that passes, got not known: P: the parameter has no value here, and a mapping template decides by it",
		"false":               "want a preflight that passes, got refused (PreflightMissingAllowOriginHeader)",
	} {
		s := &spy{}
		corstest.FromJSON(s, template(condition)).From("https://evil.example").Put("/").PassesPreflight()
		if got := s.failures(); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", condition, got, want)
		}
	}
}
