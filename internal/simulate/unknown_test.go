package simulate_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/plan"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

// explained is what an API says to pages of the app and of a stranger: the verdict, and the assumptions or what it hangs on.
func explained(t *testing.T, template []byte, origin string) string {
	t.Helper()
	j, err := simulate.NewJudge(model.App(t, template), gateway.Options{}, simulate.NotRun)
	if err != nil {
		t.Fatal(err)
	}
	r, err := j.Explain(t.Context(), browser.Call{Origin: origin, URL: "/items"})
	if err != nil {
		t.Fatal(err)
	}
	out, _, _ := strings.Cut(r.Verdict.Outcome(), " (")
	for _, a := range r.Assumptions {
		out += ", " + a.Text
	}
	if text, err := json.Marshal(r); err != nil || strings.Contains(string(text), ".deployed.invalid") || strings.Contains(string(text), "a value that is not known") {
		t.Errorf("%v: a stand-in is printed: %s", err, text)
	}
	return out
}

const page, stranger = "https://app.example.com", "https://evil.example"

// A resource policy decides before anything else does, and what it depends on is not known here.
func TestResourcePolicy(t *testing.T) {
	statement := func(effect, more string) string {
		return `{"Statement": [{"Effect": "` + effect + `", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"` + more + `}]}`
	}
	app := answers("MOCK", allow("Origin", `"'https://app.example.com'"`))
	for name, tt := range map[string]struct{ policy, authorization, want string }{
		"everybody":                      {statement("Allow", ""), "NONE", "allowed"},
		"nobody":                         {statement("Deny", ""), "NONE", "refused"},
		"no statement":                   {`{"Statement": []}`, "NONE", "refused"},
		"a parameter":                    {`{"Ref": "P"}`, "NONE", "not known: whether the resource policy lets the request in depends on P"},
		"a parameter in it":              {statement("Allow", `, "Condition": {"StringEquals": {"aws:SourceIp": {"Ref": "P"}}}`), "NONE", "not known: whether the resource policy lets the request in depends on aws:SourceIp"},
		"an address":                     {statement("Allow", `, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}`), "NONE", "not known: whether the resource policy lets the request in depends on aws:SourceIp"},
		"an endpoint":                    {statement("Allow", `, "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}`), "NONE", "not known: whether the resource policy lets the request in depends on aws:SourceVpce"},
		"nobody, and IAM lets in":        {`{"Statement": []}`, "AWS_IAM", "allowed"},
		"IAM is let in, and denied":      {statement("Deny", ""), "AWS_IAM", "refused"},
		"IAM is denied by its principal": {statement("Deny", `, "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}`), "AWS_IAM", "not known: whether the resource policy lets the request in is not known"},
		"an authorizer lets in":          {`{"Statement": []}`, "CUSTOM", "allowed"},
		"a user pool does not":           {`{"Statement": []}`, "COGNITO_USER_POOLS", "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			template := strings.Replace(string(judged(`"Parameters": {"P": {"Type": "String"}},`, strings.Replace(app, `"NONE"`, `"`+tt.authorization+`"`, 1), app)),
				`"AWS::ApiGateway::RestApi", "Properties": {}`, `"AWS::ApiGateway::RestApi", "Properties": {"Policy": `+tt.policy+`}`, 1)
			api, err := gateway.Load(model.App(t, []byte(template)), gateway.Options{})
			if err != nil {
				t.Fatal(err)
			}
			res := api.Serve(t.Context(), &gateway.Request{Method: "GET", Path: "/items", Headers: gateway.Headers{{Name: "authorization", Value: "1"}, {Name: "origin", Value: page}}}, nil)
			got := map[int]string{200: "allowed", 403: "refused"}[res.Status]
			if res.Status == 502 {
				got = "not known: " + res.Trace[len(res.Trace)-1].Detail
			}
			if got != tt.want {
				t.Errorf("%d: got %s, want %s", res.Status, got, tt.want)
			}
			if tt.authorization == "NONE" {
				if got := explained(t, []byte(template), page); got != tt.want {
					t.Errorf("explained: %s, want %s", got, tt.want)
				}
			}
		})
	}
}

// Where what was not read may change what is there, nothing is known.
func TestNotRead(t *testing.T) {
	app := answers("MOCK", allow("Origin", `"'https://app.example.com'"`))
	for name, tt := range map[string]struct{ sections, api, want string }{
		"a macro":                     {`"Transform": ["Macro"],`, `{}`, "the macro Macro may change the whole template"},
		"a macro in the API":          {"", `{"Fn::Transform": {"Name": "Macro"}}`, "the macro Macro is not run here"},
		"a document in a bucket":      {"", `{"BodyS3Location": {"Bucket": "b", "Key": "k"}}`, "its OpenAPI document in S3"},
		"a document that is included": {"", `{"Body": {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/k"}}}}`, "AWS::Include of s3://b/k"},
		"LanguageExtensions":          {`"Transform": "AWS::LanguageExtensions",`, `{}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			template := strings.Replace(string(judged(tt.sections, app, app)), `"AWS::ApiGateway::RestApi", "Properties": {}`, `"AWS::ApiGateway::RestApi", "Properties": `+tt.api, 1)
			got := explained(t, []byte(template), page)
			if tt.want == "" && got != "allowed" || tt.want != "" && (!strings.HasPrefix(got, "not known: ") || !strings.Contains(got, tt.want)) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// What a mapping template asks about an unknown value is looked at in each way.
func TestDecisions(t *testing.T) {
	const parameters = `"Parameters": {"P": {"Type": "String"}, "Q": {"Type": "String"}, "R": {"Type": "String"}, "S": {"Type": "String"}},`
	const open = `#set($context.responseOverride.header.Access-Control-Allow-Origin = '*')`
	const notKnown = "not known: P: the parameter has no value here, and a mapping template decides by it"
	for name, tt := range map[string]struct{ vtl, want string }{ // of a stranger
		"equal":                                   {`#if('${P}' == 'x')` + open + `#end`, "refused, unless P is x"},
		"equal to nothing":                        {`#if('${P}' == '')` + open + `#end`, "refused, unless P is empty"},
		"a part of it":                            {`#if('a-${P}' == 'a-x')` + open + `#end`, "refused, unless P is x"},
		"never equal":                             {`#if('a-${P}' == 'b-x')` + open + `#end`, "refused"},
		"equals":                                  {`#set($p = '${P}')#if($p.equals('x'))` + open + `#end`, "refused, unless P is x"},
		"in a variable of the stage":              {`#if("$stageVariables.p" == 'x')` + open + `#end`, "refused, unless P is x"},
		"two values":                              {`#if('${P}' == '${Q}')` + open + `#end`, notKnown},
		"a beginning":                             {`#set($p = '${P}')#if($p.startsWith('x'))` + open + `#end`, notKnown},
		"a length":                                {`#set($p = '${P}')#if($p.length() < 3)` + open + `#end`, notKnown},
		"a part that is cut out":                  {`#set($p = '${P}')#set($p = $p.substring(0, 1))#if($p == 'x')` + open + `#end`, notKnown},
		"a literal that is the page's origin":     {`#if("https://${Distribution.DomainName}" == 'https://evil.example')` + open + `#end`, "refused, unless Distribution.DomainName is evil.example"},
		"a literal that has the page's host":      {`#set($d = '${Distribution.DomainName}')#if($d.equals('evil.example'))` + open + `#end`, "refused, unless Distribution.DomainName is evil.example"},
		"a literal that is not the page's":        {`#if("https://${Distribution.DomainName}" == 'https://other.example')` + open + `#end`, "refused, unless Distribution.DomainName is other.example"},
		"everybody, unless a value is the page's": {`#if("https://${Distribution.DomainName}" != 'https://evil.example')` + open + `#end`, "allowed, unless Distribution.DomainName is evil.example"},
		"a length that is written":                {`#set($p = '${P}')#if($p.length() == 5)` + open + `#end`, notKnown},
		"a length that is computed":               {`#set($p = '${P}')#if($p.length() - 5 == 0)` + open + `#end`, notKnown},
		"a place":                                 {`#set($p = '${P}')#set($five = 5)#if($p.indexOf('x') > 3 && $p.indexOf('x') < $five)` + open + `#end`, notKnown},
		"an element":                              {`#set($m = {'x': 'y'})#if($m['${P}'] == 'y')` + open + `#end`, notKnown},
		"an element of the variables":             {`#if($stageVariables['${P}'] == 'https://list.example')` + open + `#end`, notKnown},
		"how many there are":                      {`#set($p = '${P}')#set($l = $p.split(','))#if($l.size() == 7)` + open + `#end`, notKnown},
		"two questions about one value":           {`#set($p = '${P}')#if($p.startsWith('x') && $p.endsWith('y'))` + open + `#end`, notKnown},
		"one question in another":                 {`#set($p = '${P}')#if($p.startsWith('x'))#if($p.length() > 99)` + open + `#end#end`, notKnown},
		"an equality in a question":               {`#set($p = '${P}')#if($p.startsWith('x') && '${Q}' == 'y')` + open + `#end`, "refused, unless Q is y"},
		"two equalities":                          {`#if('${P}' == 'x' && '${Q}' == 'y')` + open + `#end`, "refused, unless P is x and Q is y"},
		"more equalities than are tried":          {`#if('${P}' == 'x' && '${Q}' == 'y' && '${R}' == 'z' && '${S}' == 'z')` + open + `#end`, "refused, unless P is x and Q is y and R is z"},
		"two equalities of one value":             {`#if('${P}' == 'x' && '${P}' == 'y')` + open + `#end`, "refused"},
		"a key of a map":                          {`#set($m = {'x': 1})#if($m.containsKey('${P}'))` + open + `#end`, notKnown},
		"the page's own domain":                   {`#set($o = $input.params().header.get('origin'))#set($p = '.${P}')#if($o.endsWith($p))` + open + `#end`, notKnown},
		"the page's domain, another one":          {`#set($o = $input.params().header.get('origin'))#set($p = '.${P}.example.net')#if($o.endsWith($p))` + open + `#end`, "refused"},
		"the page's origin":                       {`#if("https://${Distribution.DomainName}" == $input.params().header.get('origin'))` + open + `#end`, "refused, unless Distribution.DomainName is evil.example"},
		"a list":                                  {`#set($o = $input.params().header.get('origin'))#set($p = '^https://(a.example|${Distribution.DomainName})$')#if($o.matches($p))` + open + `#end`, "refused, unless Distribution.DomainName is evil.example"},
		"what decides nothing":                    {`#if('${P}' == 'x')#set($a = 1)#end`, "refused"},
		"not a template without it":               {`#if(${P})` + open + `#end`, "not known: the application/json template does not parse as far as it is known: not known: P: the parameter has no value here"},
		"the name of a header":                    {`#set($context.responseOverride.header.${P} = '*')`, "not known: the application/json template has a reference that is made of what is not known: not known: P: the parameter has no value here"},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(tt.vtl + `{"statusCode": 200}`)
			if err != nil {
				t.Fatal(err)
			}
			get := fmt.Sprintf(`"AuthorizationType": "NONE", "Integration": {"Type": "MOCK", "IntegrationResponses": [{"StatusCode": "200"}], "RequestTemplates": {"application/json": {"Fn::Sub": %s}}}`, text)
			template := strings.Replace(string(judged(parameters, get, answers("MOCK", ""))), `"origins": `, `"p": {"Ref": "P"}, "origins": `, 1)
			if got := explained(t, []byte(template), stranger); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// A preflight that hangs on what a template makes of an unknown value is not known either, also where a function that is not run
// decides about the rest.
func TestDecisionsAboutPreflights(t *testing.T) {
	const parameters = `"Parameters": {"P": {"Type": "String"}, "Q": {"Type": "String"}},`
	const open = `#set($context.responseOverride.header.Access-Control-Allow-Origin = '*')`
	const decides, notRun = ", and a mapping template decides by it", "not known: https://backend.example was not invoked"
	mock := func(vtl string) string {
		text, err := json.Marshal(vtl + `{"statusCode": 200}`)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`"AuthorizationType": "NONE", "Integration": {"Type": "MOCK", "IntegrationResponses": [{"StatusCode": "200"`+
			`, "ResponseParameters": {`+allow("Headers", `{"Fn::Sub": "'x-own,${Q}'"}`)+`}}], "RequestTemplates": {"application/json": {"Fn::Sub": %s}}}`, text)
	}
	proxy, http := answers("HTTP_PROXY", ""), answers("HTTP", allow("Origin", "\"'*'\""))
	two := strings.Replace(http, `[{"StatusCode"`, `[{"StatusCode": "500", "SelectionPattern": "5.."}, {"StatusCode"`, 1)
	var many strings.Builder
	for i := range 30 {
		fmt.Fprintf(&many, `#set($p = '${P}')#if($p.contains('x%d'))#set($a = 1)#end`, i)
	}
	for name, tt := range map[string]struct{ get, options, header, preflight, verdict string }{
		"it passes":                   {proxy, open, "x-own", "allowed", notRun},
		"it passes by a beginning":    {proxy, `#set($p = '${P}')#if(!$p.startsWith('x'))` + open + `#end`, "x-own", "not known: P: the parameter has no value here" + decides, notRun},
		"it is refused by one":        {proxy, `#set($p = '${P}')#if($p.startsWith('x'))` + open + `#end`, "x-own", "not known: P: the parameter has no value here" + decides, "not known: P: the parameter has no value here" + decides},
		"nothing hangs on it":         {proxy, `#set($p = '${P}')#if($p.startsWith('x'))#set($a = 1)#end` + open, "x-own", "allowed", notRun},
		"more than is looked at":      {proxy, many.String() + open, "x-own", "not known: P: the parameter has no value here" + decides, notRun},
		"it passes by no equality":    {proxy, `#if('${P}' != 'x')` + open + `#end`, "x-own", "allowed, unless P is x", notRun},
		"a stranger that is let in":   {proxy, `#if($input.params().header.get('origin') != "https://${P}")` + open + `#end`, "x-own", "allowed, unless P is evil.example", notRun},
		"a header by a value":         {proxy, open, "x-other", "not known: Q: the parameter has no value here", "not known: Q: the parameter has no value here"},
		"whichever response":          {http, open, "x-own", "allowed", "allowed"},
		"whichever, and it decides":   {http, `#set($p = '${P}')#if(!$p.startsWith('x'))` + open + `#end`, "x-own", "not known: P: the parameter has no value here" + decides, "not known: P: the parameter has no value here" + decides},
		"whichever, and it is equal":  {http, `#if('${P}' != 'x')` + open + `#end`, "x-own", "allowed, unless P is x", "allowed"},
		"whichever of two, and equal": {two, `#if('${P}' != 'x')` + open + `#end`, "x-own", "allowed, unless P is x", notRun},
	} {
		t.Run(name, func(t *testing.T) {
			j, err := simulate.NewJudge(model.App(t, judged(parameters, tt.get, mock(tt.options))), gateway.Options{}, simulate.NotRun)
			if err != nil {
				t.Fatal(err)
			}
			r, err := j.Explain(t.Context(), browser.Call{Origin: stranger, URL: "/items", Header: browser.Header{{Name: tt.header, Value: "1"}}})
			if err != nil {
				t.Fatal(err)
			}
			got := r.Preflight.Verdict.Outcome()
			for _, a := range r.Assumptions {
				got += ", " + a.Text
			}
			if got != tt.preflight || r.Verdict.Outcome() != tt.verdict {
				t.Errorf("\n got %s; %s\nwant %s; %s", got, r.Verdict.Outcome(), tt.preflight, tt.verdict)
			}
		})
	}
}

// Integration responses that refuse in different ways have one verdict, and a preflight that is not known.
func TestWhicheverPreflight(t *testing.T) {
	options := answers("HTTP", allow("Origin", "\"'*'\"")+", "+allow("Headers", "\"'x-own'\""))
	options = strings.Replace(options, `[{"StatusCode"`, `[{"StatusCode": "500", "SelectionPattern": "5.."}, {"StatusCode"`, 1)
	j, err := simulate.NewJudge(model.App(t, judged("", answers("MOCK", ""), options)), gateway.Options{}, simulate.NotRun)
	if err != nil {
		t.Fatal(err)
	}
	r, err := j.Explain(t.Context(), browser.Call{Origin: stranger, URL: "/items", Header: browser.Header{{Name: "x-own", Value: "1"}}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict.Allowed || !r.Verdict.Known || r.Preflight.Verdict.Known || r.Preflight.Verdict.Allowed {
		t.Errorf("verdict %+v, preflight %+v; want refused, and not known", r.Verdict, r.Preflight.Verdict)
	}
}

// An authorizer whose function is not run is not one that fails, whichever integration response is tried behind it.
func TestWhicheverAuthorizer(t *testing.T) {
	const template = `{"Resources": {
		"Web": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "HTTP", "CorsConfiguration": {"AllowOrigins": ["https://app.example.com"], "AllowMethods": ["PUT"]}}},
		"A": {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": {"ApiId": {"Ref": "Web"}, "AuthorizerType": "REQUEST", "AuthorizerUri": {"Fn::GetAtt": ["Fn", "Arn"]}}},
		"Fn": {"Type": "AWS::Lambda::Function", "Properties": {}},
		"I": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {"ApiId": {"Ref": "Web"}, "IntegrationType": "AWS_PROXY", "IntegrationUri": {"Fn::GetAtt": ["Fn", "Arn"]}, "PayloadFormatVersion": "2.0"}},
		"R": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"ApiId": {"Ref": "Web"}, "RouteKey": "ANY /x", "Target": {"Fn::Sub": "integrations/${I}"}, "AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": "A"}}}}}`
	j, err := simulate.NewJudge(model.App(t, []byte(template)), gateway.Options{Authorizers: &gateway.Authorizers{}}, simulate.NotRun)
	if err != nil {
		t.Fatal(err)
	}
	r, err := j.Explain(t.Context(), browser.Call{Origin: "https://app.example.com", URL: "/x", Method: "PUT"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict.Known {
		t.Errorf("verdict %+v, want not known", r.Verdict)
	}
}

// What a template of others asks about a variable of corsgate's is looked at; corsgate's own templates check what they read.
func TestDecisionsAboutVariables(t *testing.T) {
	const foreign = `#set($o = $stageVariables.corsExactOrigin)#if($o.contains("x"))#set($context.responseOverride.header.Access-Control-Allow-Origin = "*")#end{"statusCode": 204}`
	p := cors.Must(cors.Config{Origins: []string{"https://app.example.com"}, AllowCredentials: true, ExposedHeaders: []string{"x-a"}})
	for name, tt := range map[string]struct {
		template string
		known    bool
	}{
		"the preflight's":      {plan.PreflightTemplate(p), true},
		"a response's":         {plan.ResponseTemplate(p) + `{"statusCode": 204}`, true},
		"another's":            {foreign, false},
		"another's beside it":  {plan.ResponseTemplate(p) + foreign, false},
		"by what it is set to": {plan.ResponseTemplate(p) + `#if($corsPair.contains("zz"))#set($context.responseOverride.header.Access-Control-Allow-Origin = "*")#end{"statusCode": 204}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(tt.template)
			if err != nil {
				t.Fatal(err)
			}
			get := fmt.Sprintf(`"AuthorizationType": "NONE", "Integration": {"Type": "MOCK", "IntegrationResponses": [{"StatusCode": "204"}], "RequestTemplates": {"application/json": %s}}`, text)
			template := strings.Replace(string(judged(`"Parameters": {"P": {"Type": "String"}},`, get, answers("MOCK", ""))), `"origins": `, `"corsExactOrigin": {"Fn::Sub": "https://${P}"}, "origins": `, 1)
			got := explained(t, []byte(template), "http://evil.example")
			if known := got == "refused"; known != tt.known {
				t.Errorf("got %s, want known: %t", got, tt.known)
			}
		})
	}
}

// A lookup in a mapping by an unknown key has one of its rows, not a value of its own.
func TestLookups(t *testing.T) {
	const sections = `"Parameters": {"P": {"Type": "String"}}, "Mappings": {"M": {"a": {"o": "'*'"}, "b": {"o": "'https://app.example.com'"}}},`
	template := judged(sections, answers("MOCK", allow("Origin", `{"Fn::FindInMap": ["M", {"Ref": "P"}, "o"]}`)), answers("MOCK", ""))
	if got := explained(t, template, page); got != "allowed" {
		t.Errorf("every row allows the page: %s", got)
	}
	if got := explained(t, template, stranger); got != "not known: it depends on P, by which a mapping is looked up" {
		t.Errorf("one row allows the stranger: %s", got)
	}
}

// What only a deployment knows in the setting of an HTTP API may let in every origin, or every one of a scheme.
func TestWiderThanAnOrigin(t *testing.T) {
	for entry, want := range map[string]string{
		`{"Ref": "P"}`:                                 "refused, unless P is https://evil.example or * or https://*",
		`{"Fn::Sub": "https://${P}"}`:                  "refused, unless P is evil.example or *",
		`{"Fn::Sub": "http://${P}"}`:                   "refused",
		`{"Fn::Sub": "https://${P}.example"}`:          "refused, unless P is evil",
		`{"Fn::Sub": "${P}://*"}`:                      "refused, unless P is https",
		`{"Fn::Sub": "${P}://app.example"}`:            "refused",
		`"https://*.example", {"Ref": "AWS::NoValue"}`: "refused",
	} {
		template := `{"Parameters": {"P": {"Type": "String"}}, "Resources": {"Web": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "HTTP", "Target": "https://x.example", "CorsConfiguration": {"AllowOrigins": [` + entry + `]}}}}}`
		if got := explained(t, []byte(template), stranger); got != want {
			t.Errorf("%s: %s, want %s", entry, got, want)
		}
	}
}

// A condition in a branch of another decides nothing unless that one is taken the other way.
func TestConditionInABranch(t *testing.T) {
	sections := `"Parameters": {"P": {"Type": "String"}, "Q": {"Type": "String"}}, "Conditions": {"A": {"Fn::Equals": [{"Ref": "P"}, "1"]}, "B": {"Fn::Equals": [{"Ref": "Q"}, "1"]}},`
	template := judged(sections, answers("MOCK", allow("Origin", `{"Fn::If": ["A", {"Fn::If": ["B", "'*'", "'https://app.example.com'"]}, "'https://app.example.com'"]}`)), answers("MOCK", ""))
	if got := explained(t, template, page); got != "allowed" {
		t.Errorf("both branches allow the page: %s", got)
	}
	if got := explained(t, template, stranger); got != "not known: it depends on the condition B" {
		t.Errorf("a branch of a branch allows the stranger: %s", got)
	}
}

// A header's name that is only partly known may be one that a page asks with, as far as the rest of it is the same.
func TestPartOfAHeadersName(t *testing.T) {
	app := allow("Origin", `"'https://app.example.com'"`)
	template := judged(`"Parameters": {"P": {"Type": "String"}},`, answers("MOCK", app), answers("MOCK", app+`, `+allow("Headers", `{"Fn::Sub": "'x-a,${P}Id'"}`)))
	for header, want := range map[string]string{"x-a": "allowed", "x-fooId": "not known", "x-foo": "refused"} {
		j, err := simulate.NewJudge(model.App(t, template), gateway.Options{}, simulate.NotRun)
		if err != nil {
			t.Fatal(err)
		}
		r, err := j.Explain(t.Context(), browser.Call{Origin: page, URL: "/items", Header: browser.Header{{Name: header, Value: "1"}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Verdict.Outcome(); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", header, got, want)
		}
	}
}
