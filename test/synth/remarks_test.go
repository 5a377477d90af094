package synth

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
	"github.com/corsgate/corsgate/constructs/corsfunction"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/check"
)

// A remarkCase is a stack and what is remarked about it.
type remarkCase struct {
	build func(awscdk.Stack)
	want  []string // "kind: part of the message", each of one remark, and no other
	// Where a remark has the id of a rule, `corsgate check` finds the same in the
	// template, and the other way round. What differs is here, rule to reason.
	found map[string]string // found and not remarked
}

// silent is a function that is not known to emit.
func silent(s awscdk.Stack, id string) awslambda.Function {
	return awslambda.NewFunction(s, jsii.String(id), &awslambda.FunctionProps{
		Runtime: awslambda.Runtime_NODEJS_22_X(), Handler: jsii.String("index.handler"), Code: awslambda.Code_FromInline(jsii.String("x")),
	})
}

func remarkCases(t *testing.T) map[string]remarkCase {
	return map[string]remarkCase{
		"function that may not emit": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
			fn := silent(s, "Silent")
			r := add(api.Root(), "orders", "GET", awsapigateway.NewLambdaIntegration(fn, nil))
			r.AddMethod(jsii.String("POST"), proxy(s, "Emits"), nil)
			r.AddMethod(jsii.String("PUT"), awsapigateway.NewLambdaIntegration(fn.CurrentVersion(), nil), nil)
		}, want: []string{
			"error: GET /orders is a Lambda proxy, and its function is not known to emit CORS headers",
			"error: PUT /orders is a Lambda proxy",
		}, found: map[string]string{"CORS210": "the remark is of every function without a mark, whatever its code, and is no rule's"}},
		"versions, aliases and imported functions that emit": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
			fn := emitter(s, "Fn")
			imported := awslambda.Function_FromFunctionArn(s, jsii.String("Imported"), jsii.String("arn:aws:lambda:eu-west-1:111122223333:function:orders"))
			corsfunction.Emits(imported)
			r := add(api.Root(), "orders", "GET", awsapigateway.NewLambdaIntegration(fn.CurrentVersion(), nil))
			alias := awslambda.NewAlias(s, jsii.String("Alias"), &awslambda.AliasProps{AliasName: jsii.String("live"), Version: fn.CurrentVersion()})
			r.AddMethod(jsii.String("PUT"), awsapigateway.NewLambdaIntegration(alias, nil), nil)
			r.AddMethod(jsii.String("POST"), awsapigateway.NewLambdaIntegration(imported, nil), nil)
		}},
		"HTTP proxy": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
			add(api.Root(), "legacy", "GET", awsapigateway.NewHttpIntegration(jsii.String("https://backend.example.net"), nil))
		}, want: []string{"warning: GET /legacy passes the responses of an HTTP backend through"}},
		"no stage": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), RestApiProps: awsapigateway.RestApiProps{Deploy: jsii.Bool(false)}})
			add(api.Root(), "health", "GET", mock())
		}, want: []string{"warning: CORS407: the app has no stage of this API; a stage without these variables refuses every origin: corsOrigins=https://app.example.com,https://~.preview.example.com corsRequestHeaders=content-type"}},
		"stage with the variable": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), RestApiProps: awsapigateway.RestApiProps{
				DeployOptions: &awsapigateway.StageOptions{Variables: &map[string]*string{
					"corsOrigins2": jsii.String("https://x.example"), "corsCredentials": jsii.String("true"), "corsMethods": jsii.String("GET"), "corsMaxAge": jsii.String("5"),
					"corsRequestHeaders": jsii.String("x-a"), "corsExposedHeaders": jsii.String("x-b"), "corsage": jsii.String("a flower"),
				}},
			}})
			add(api.Root(), "health", "GET", mock())
		}, want: []string{
			"error: stage prod sets the variable corsOrigins2 itself", "error: stage prod sets the variable corsCredentials itself", "error: stage prod sets the variable corsMethods itself",
			"error: stage prod sets the variable corsMaxAge itself", "error: stage prod sets the variable corsRequestHeaders itself", "error: stage prod sets the variable corsExposedHeaders itself",
		}},
		"stage with overrides of the variables": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
			add(api.Root(), "health", "GET", mock())
			st := api.DeploymentStage().Node().DefaultChild().(awsapigateway.CfnStage)
			st.AddPropertyOverride(jsii.String("Variables.corsExactOrigin"), "https://evil.example")
			st.AddPropertyOverride(jsii.String("Variables.corsage"), "a flower")
			awsapigateway.NewCfnDeployment(s, jsii.String("Old"), &awsapigateway.CfnDeploymentProps{RestApiId: api.RestApiId(), StageName: jsii.String("old")}).
				AddPropertyOverride(jsii.String("StageDescription.Variables"), map[string]any{"corsOrigins2": "https://evil.example"})
		}, want: []string{
			"error: stage prod sets the variable corsExactOrigin itself", "error: stage old sets the variable corsOrigins2 itself",
			"warning: a CfnDeployment keeps its logical id",
		}},
		"second sources": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), RestApiProps: awsapigateway.RestApiProps{
				DefaultCorsPreflightOptions: &awsapigateway.CorsOptions{AllowOrigins: jsii.Strings("*")},
			}})
			r := add(api.Root(), "health", "GET", awsapigateway.NewMockIntegration(&awsapigateway.IntegrationOptions{
				RequestTemplates: &map[string]*string{"application/json": jsii.String(`#set($context["responseOverride"]["header"]["Access-Control-Allow-Origin"] = "*"){"statusCode": 200}`)},
				IntegrationResponses: &[]*awsapigateway.IntegrationResponse{{StatusCode: jsii.String("200"), ResponseParameters: &map[string]*string{
					"method.response.header.access-control-allow-origin": jsii.String("'*'"), "method.response.header.Vary": jsii.String("integration.response.header.Vary"),
				}}},
			}))
			r.AddMethod(jsii.String("OPTIONS"), mock(), nil)
			api.AddGatewayResponse(jsii.String("G"), &awsapigateway.GatewayResponseOptions{
				Type: awsapigateway.ResponseType_UNAUTHORIZED(), ResponseHeaders: &map[string]*string{"Access-Control-Allow-Origin": jsii.String("'*'")},
			})
		}, want: []string{
			"error: DefaultCorsPreflightOptions beside Cors",
			"warning: /health has an OPTIONS method of its own",
			"error: the request template (application/json) of GET /health sets Access-Control-Allow-Origin itself on line 1: the policy sets it too",
			"warning: GET /health maps method.response.header.access-control-allow-origin, which is replaced; remove it",
			"warning: GET /health maps method.response.header.Vary, which is replaced; map it to a static value",
			"warning: gateway response UNAUTHORIZED maps gatewayresponse.header.Access-Control-Allow-Origin, which is replaced",
		}, found: map[string]string{"CORS116": "what the remarked template sets is *"}},
		"binary bodies and several origins": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), RestApiProps: awsapigateway.RestApiProps{BinaryMediaTypes: jsii.Strings("image/png")}})
			add(api.Root(), "image", "GET", awsapigateway.NewHttpIntegration(jsii.String("https://backend.example.net/"), &awsapigateway.HttpIntegrationProps{
				Proxy: jsii.Bool(false), Options: &awsapigateway.IntegrationOptions{IntegrationResponses: &[]*awsapigateway.IntegrationResponse{{StatusCode: jsii.String("200")}}},
			}))
		}, want: []string{"error: CORS208: GET /image passes bodies through that may be binary"}, found: map[string]string{"CORS202": "the header is declared all the same, and nothing sets it"}},
		"binary bodies and a token": {build: func(s awscdk.Stack) {
			p, err := cors.New(cors.Config{Origins: []string{"https://" + *awscdk.NewCfnParameter(s, jsii.String("SiteDomain"), nil).ValueAsString()}})
			if err != nil {
				panic(err)
			}
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p, RestApiProps: awsapigateway.RestApiProps{BinaryMediaTypes: jsii.Strings("image/png")}})
			add(api.Root(), "image", "GET", awsapigateway.NewHttpIntegration(jsii.String("https://backend.example.net/"), &awsapigateway.HttpIntegrationProps{
				Proxy: jsii.Bool(false), Options: &awsapigateway.IntegrationOptions{IntegrationResponses: &[]*awsapigateway.IntegrationResponse{{StatusCode: jsii.String("200")}}},
			}))
		}, want: []string{"error: CORS208: GET /image passes bodies through that may be binary"}, found: map[string]string{"CORS202": "the header is declared all the same, and nothing sets it"}},
		"nothing to map": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
			add(api.Root(), "broken", "GET", awsapigateway.NewMockIntegration(nil))
		}, want: []string{"warning: CORS130: GET /broken has no integration response"}},
		"deny by principal": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), RestApiProps: awsapigateway.RestApiProps{Policy: awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &[]awsiam.PolicyStatement{
				awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()}, Actions: jsii.Strings("execute-api:Invoke"), Resources: jsii.Strings("execute-api:/*")}),
				awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
					Effect: awsiam.Effect_DENY, Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()}, Actions: jsii.Strings("execute-api:Invoke"), Resources: jsii.Strings("execute-api:/*"),
					Conditions: &map[string]any{"StringNotEquals": map[string]any{"aws:PrincipalOrgID": "o-1"}},
				}),
			}})}})
			add(api.Root(), "health", "GET", mock())
		}, want: []string{"warning: CORS403: a Deny statement of the resource policy may refuse preflights"}},
		"allow by principal": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t), RestApiProps: awsapigateway.RestApiProps{Policy: awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &[]awsiam.PolicyStatement{
				awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()}, Actions: jsii.Strings("execute-api:Invoke"), Resources: jsii.Strings("execute-api:/*/GET/*")}),
				awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Effect: awsiam.Effect_DENY, NotPrincipals: &[]awsiam.IPrincipal{awsiam.NewAccountRootPrincipal()}, Actions: jsii.Strings("execute-api:Invoke"), Resources: jsii.Strings("execute-api:/*")}),
			}})}})
			add(api.Root(), "health", "GET", mock())
		}, want: []string{"warning: CORS403: a Deny statement of the resource policy may refuse preflights"}},
		"responses that are only known later": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
			r := add(api.Root(), "health", "GET", mock())
			awscdk.NewCfnCondition(s, jsii.String("C"), &awscdk.CfnConditionProps{Expression: awscdk.Fn_ConditionEquals(awscdk.Aws_REGION(), jsii.String("eu-west-1"))})
			awsapigateway.NewCfnMethod(s, jsii.String("M"), &awsapigateway.CfnMethodProps{RestApiId: api.RestApiId(), ResourceId: r.ResourceId(), HttpMethod: jsii.String("PUT"), AuthorizationType: jsii.String("NONE"),
				Integration: &awsapigateway.CfnMethod_IntegrationProperty{Type: jsii.String("MOCK"), RequestTemplates: &map[string]*string{"application/json": jsii.String(`{"statusCode": 200}`)},
					IntegrationResponses: awscdk.Fn_ConditionIf(jsii.String("C"), []any{}, []any{})}})
			awsapigateway.NewCfnMethod(s, jsii.String("N"), &awsapigateway.CfnMethodProps{RestApiId: api.RestApiId(), ResourceId: r.ResourceId(), HttpMethod: jsii.String("POST"), AuthorizationType: jsii.String("NONE"),
				Integration: awscdk.Token_AsAny(map[string]any{"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:x/invocations"})})
		}, want: []string{
			"error: the integration responses of PUT /health are not known at synthesis",
			"error: POST /health is a Lambda proxy, and its function is not known to emit",
		}, found: map[string]string{"CORS130": "whatever the condition is, there is no integration response"}},
		"mock without a template": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
			add(api.Root(), "broken", "GET", awsapigateway.NewMockIntegration(&awsapigateway.IntegrationOptions{
				IntegrationResponses: &[]*awsapigateway.IntegrationResponse{{StatusCode: jsii.String("200")}},
			}))
		}, want: []string{"warning: GET /broken is a mock without a request template"}, found: map[string]string{
			"CORS208": "a template is where the policy would stand; what to do is to give one, not to map a header",
			"CORS202": "as CORS208",
		}},
		"a header that is only known later": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
			add(api.Root(), "health", "GET", mock())
			awsapigateway.NewCfnGatewayResponse(s, jsii.String("G"), &awsapigateway.CfnGatewayResponseProps{RestApiId: api.RestApiId(), ResponseType: jsii.String("THROTTLED"),
				ResponseParameters: map[string]any{"gatewayresponse.header.X-Region": "'" + *s.Region() + "'", "gatewayresponse.header.Vary": jsii.String("'" + *s.Region() + "'")},
				ResponseTemplates:  awscdk.Token_AsAny(map[string]any{"application/json": "{}"}),
			})
		}},
		"nil policy, two policies": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), nil)
			add(api.Root(), "health", "GET", mock())
			again := corsapi.NewRestApi(s, jsii.String("Again"), &corsapi.RestApiProps{Cors: two(t)})
			corsapi.Enable(again, two(t), nil)
			add(again.Root(), "health", "GET", mock())
		}, want: []string{"error: the policy of nil-policy-two-policies/Api (Cors) is nil", "error: two policies for one API"}, found: map[string]string{"CORS121": "nothing is completed without a policy, and that is what is remarked"}},
		"credentials and notes": {build: func(s awscdk.Stack) {
			p := policy(t, cors.Config{Origins: []string{"https://*.example.com", "https://a.example.com"}, AllowCredentials: true})
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: p})
			add(api.Root(), "health", "GET", mock())
		}, want: []string{
			"info: the policy allows credentials and not just one origin that is known at synthesis, so pages that send credentials cannot read the errors",
			`info: origin "https://a.example.com" is left out`,
		}},
		"function by stage variable": {build: func(s awscdk.Stack) {
			api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: two(t)})
			fn := awslambda.Function_FromFunctionArn(s, jsii.String("ByVariable"), jsii.String("arn:aws:lambda:eu-west-1:111122223333:function:${stageVariables.fn}"))
			add(api.Root(), "orders", "GET", awsapigateway.NewLambdaIntegration(fn, nil))
		}, want: []string{"warning: GET /orders names its Lambda function by a stage variable"}},
	}
}

// expectRemarks holds that there is one remark for each "kind: part of the message",
// and no other.
func expectRemarks(t *testing.T, got, wants []string) {
	t.Helper()
	rest := got
	for _, want := range wants {
		kind, text, _ := strings.Cut(want, ": ")
		found := -1
		for i, a := range rest {
			if strings.HasPrefix(a, kind+" ") && strings.Contains(a, ": corsgate: "+text) {
				found = i
			}
		}
		if found < 0 {
			t.Errorf("no remark %q", want)
			continue
		}
		rest = append(append([]string{}, rest[:found]...), rest[found+1:]...)
	}
	if len(rest) > 0 {
		t.Errorf("remarks nobody expected: %q", rest)
	}
}

var ruleID = regexp.MustCompile(`: corsgate: (CORS[0-9]{3}): .* \(see https://github\.com/corsgate/corsgate/blob/main/docs/rules/(CORS[0-9]{3})\.md\)( \[ack: corsgate::(CORS[0-9]{3})\])?$`)

// halfRule is what has a part of the above.
var halfRule = regexp.MustCompile(`CORS[0-9]{3}|docs/rules`)

// Whatever cannot be right, or cannot be known, is named with its path and fix. What is
// remarked at synthesis has the name that `corsgate check` has for it, if it has one. It
// is one app, a stack for each case, since synthesis is what takes the time.
func TestRemarks(t *testing.T) {
	cases := remarkCases(t)
	maps.Copy(cases, awkwardCases(t))
	s := synthesize(t, nil, func(app awscdk.App) {
		for _, name := range slices.Sorted(maps.Keys(cases)) {
			cases[name].build(awscdk.NewStack(app, stackOf(name), nil))
		}
	})
	remarks := 0
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			differ := map[string]int{}
			var own []string
			for _, a := range s.annotations {
				_, rest, _ := strings.Cut(a, " /")
				if strings.HasPrefix(rest, *stackOf(name)+"/") {
					own = append(own, a)
				}
			}
			expectRemarks(t, own, tt.want)
			for _, a := range own {
				remarks++
				m := ruleID.FindStringSubmatch(a)
				if m == nil {
					if halfRule.MatchString(a) {
						t.Errorf("a remark that is not wholly a rule's: %s", a)
					}
					continue
				}
				if m[2] != m[1] || m[4] != "" && m[4] != m[1] {
					t.Errorf("a remark of two rules: %s", a)
				}
				differ[m[1]] |= 1
			}
			template := s.files[*stackOf(name)]
			if template == nil {
				t.Fatal("no template")
			}
			d, err := cfn.Parse(*stackOf(name)+".template.json", template, cfn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			report := check.Check(d, nil, nil)
			for _, f := range report.Findings {
				differ[string(f.Rule)] |= 2
			}
			for id, in := range differ {
				if in == 1 {
					t.Errorf("%s is remarked and not found", id)
				}
				if _, why := tt.found[id]; in == 2 && !why {
					t.Errorf("%s is found and not remarked", id)
				}
			}
			for id := range tt.found {
				if differ[id] != 2 {
					t.Errorf("%s was to be found and not remarked", id)
				}
			}
		})
	}
	if remarks < 8 {
		t.Errorf("%d remarks: this test looks at too little", remarks)
	}
}

// stackOf makes a stack's id of a name.
func stackOf(name string) *string {
	return jsii.String(strings.NewReplacer(" ", "-", ",", "").Replace(name))
}

// late is an aspect that does something once.
type late struct{ do func() }

func (l *late) Visit(constructs.IConstruct) {
	if l.do != nil {
		l.do()
	}
	l.do = nil
}
