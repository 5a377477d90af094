package diff

import (
	"context"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/testkit/hostile"
)

// twoAPIs has a REST API of two stages, an HTTP API and two function URLs.
const twoAPIs = `
Parameters: {Given: {Type: String}, Other: {Type: String}, Kind: {Type: String}, Preset: {Type: String, Default: "no"}}
Conditions: {Prod: !Equals [!Ref Kind, prod], Set: !Equals [!Ref Preset, "yes"]}
Resources:
  A: {Type: AWS::ApiGateway::RestApi, Properties: {Name: a}}
  AGet: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref A, ResourceId: !GetAtt A.RootResourceId, HttpMethod: GET, AuthorizationType: NONE, Integration: {Type: MOCK}}}
  AShop: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref A, ParentId: !GetAtt A.RootResourceId, PathPart: shop}}
  AShopGet: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref A, ResourceId: !Ref AShop, HttpMethod: GET, AuthorizationType: NONE, Integration: {Type: MOCK}}}
  ADeployment: {Type: AWS::ApiGateway::Deployment, Properties: {RestApiId: !Ref A}}
  AOne: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref A, DeploymentId: !Ref ADeployment, StageName: one}}
  ATwo: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref A, DeploymentId: !Ref ADeployment, StageName: two}}
  B: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: b, ProtocolType: HTTP}}
  BRoute: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref B, RouteKey: GET /, Target: !Sub 'integrations/${BCall}'}}
  BCall: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref B, IntegrationType: HTTP_PROXY, IntegrationMethod: GET, IntegrationUri: https://backend.example}}
  BStage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref B, StageName: $default}}
`

// Mappings, and domains that they are of.
const (
	domainOne   = "  D: {Type: AWS::ApiGateway::DomainName, Properties: {DomainName: api.example.com}}\n"
	domainTwo   = "  E: {Type: AWS::ApiGatewayV2::DomainName, Properties: {DomainName: web.example.com}}\n"
	restMapping = "  M: {Type: AWS::ApiGateway::BasePathMapping, Properties: {DomainName: !Ref D, RestApiId: !Ref A, Stage: !Ref AOne, BasePath: shop}}\n"
	httpMapping = "  N: {Type: AWS::ApiGatewayV2::ApiMapping, Properties: {DomainName: !Ref E, ApiId: !Ref B, Stage: !Ref BStage}}\n"
	private     = "  P: {Type: AWS::ApiGateway::BasePathMappingV2, Properties: {DomainNameArn: !GetAtt V.DomainNameArn, RestApiId: !Ref A, Stage: one}}\n"
	privateName = "  V: {Type: AWS::ApiGateway::DomainNameV2, Properties: {DomainName: in.example.com}}\n"
)

// toldOf returns what is said of addresses, and what is not compared, by API and stage.
func toldOf(t *testing.T, old, now string, opts Options) []string {
	t.Helper()
	var apps []*cfn.App
	for _, text := range []string{old, now} {
		app, err := cfn.Parse("app.yaml", []byte(text), cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		apps = append(apps, app)
	}
	results, err := Apps(context.Background(), apps[0], apps[1], opts)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, r := range results {
		name := strings.TrimSpace(r.API+" "+r.Stage) + ": "
		for _, line := range plain.addresses(r.Address) {
			out = append(out, name+line)
		}
		for _, n := range r.NotCompared {
			if n.If != "" {
				n.Why = "If " + n.If + ": " + n.Why
			}
			out = append(out, name+"not compared: "+n.Why)
		}
		if got := len(r.Address) == 0; r.Empty() != got && r.Status == Compared {
			t.Errorf("%s empty: %t", name, r.Empty())
		}
		if r.Looser() {
			t.Errorf("%s looser", name)
		}
	}
	return out
}

// leads is what is said of an address that leads elsewhere.
func leads(to, from string) string {
	is, _, _ := strings.Cut(to, ",")
	was, _, _ := strings.Cut(from, ",")
	return " leads to " + to + " now, and to " + from + " before: " + is + " decides which pages may read responses there, and pages that need " + was + " have to use another address"
}

// What becomes of the addresses of custom domains, whichever resources map them, is said once, of the stage that it concerns.
func TestAddresses(t *testing.T) {
	const (
		useNew    = ": pages that use the old address need the new one"
		useOther  = " to this API: requests of pages there fail unless something else responds, and the pages have to use another address"
		useToo    = " to this API now: pages can use it there, too"
		same      = ": whether that is the same is not known"
		sameThere = ": whether that is the same address is not known"
	)
	rest := func(edits ...string) string {
		return domainOne + domainTwo + strings.NewReplacer(edits...).Replace(restMapping)
	}
	http := func(edits ...string) string {
		return domainOne + domainTwo + strings.NewReplacer(edits...).Replace(httpMapping)
	}
	const unread = "  Child: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://bucket.example/child.yaml}}\n"
	named := func(name string) string {
		return strings.Replace(domainOne, "api.example.com", name, 1) + restMapping
	}
	// Where the new template has other APIs, which.
	ofAPIs := map[string]func(string) string{
		"the API by a condition, too": func(apis string) string {
			return regexp.MustCompile(`(?m)^(  A.*), Properties`).ReplaceAllString(apis, "$1, Condition: Prod, Properties")
		},
		"a stage that is not there": func(apis string) string { return strings.Replace(apis, "StageName: one", "StageName: three", 1) },
	}
	for name, tt := range map[string]struct {
		old, now string
		want     []string
	}{
		"the same":          {rest() + httpMapping + private + privateName, rest() + httpMapping + private + privateName, nil},
		"nothing, and then": {"", rest(), []string{"A one: https://api.example.com/shop leads" + useToo}},
		"a mapping is gone": {rest(), domainOne, []string{"A one: https://api.example.com/shop no longer leads" + useOther}},
		"its domain, too":   {rest(), "", []string{"A one: https://api.example.com/shop no longer leads" + useOther}},
		"two are gone": {rest() + strings.NewReplacer("M:", "M2:", "shop", "(none)").Replace(restMapping), "",
			[]string{"A one: https://api.example.com and https://api.example.com/shop no longer lead" + useOther}},
		"two lead elsewhere": {rest() + strings.NewReplacer("M:", "M2:", "shop", "(none)").Replace(restMapping), rest("AOne", "ATwo") + strings.NewReplacer("M:", "M2:", "shop", "(none)", "AOne", "ATwo").Replace(restMapping),
			[]string{"A one: https://api.example.com and https://api.example.com/shop" + strings.Replace(leads("stage two", "stage one"), "leads", "lead", 1)}},
		"to an API that is new": {http(), strings.Replace(http(), "!Ref B,", "!Ref C,", 1) + "  C: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: c, ProtocolType: HTTP}}\n  CStage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref C, StageName: $default}}\n",
			[]string{"B $default: https://web.example.com" + leads("C, stage $default", "B, stage $default")}},
		"an HTTP API's is gone":     {http(), "", []string{"B $default: https://web.example.com no longer leads" + useOther}},
		"an HTTP API's is new":      {"", http(), []string{"B $default: https://web.example.com leads" + useToo}},
		"a private one is gone":     {private + privateName, privateName, []string{"A one: https://in.example.com no longer leads" + useOther}},
		"another path":              {rest(), rest("shop", "store"), []string{"A one: https://api.example.com/shop is now https://api.example.com/store" + useNew}},
		"another path and resource": {rest(), rest("M:", "Other:", "shop", "store"), []string{"A one: https://api.example.com/shop is now https://api.example.com/store" + useNew}},
		"an HTTP API's path":        {http(), http("Stage:", "ApiMappingKey: v1/web, Stage:"), []string{"B $default: https://web.example.com is now https://web.example.com/v1/web" + useNew}},
		"another domain":            {rest(), rest("Ref D", "Ref E"), []string{"A one: https://api.example.com/shop is now https://web.example.com/shop" + useNew}},
		"the domain's name changes": {named("api.example.com"), named("api.example.org"), []string{"A one: https://api.example.com/shop is now https://api.example.org/shop" + useNew}},
		"in two paths": {named("api.example.com") + strings.NewReplacer("M:", "M2:", "shop", "x").Replace(restMapping), named("api.example.org") + strings.NewReplacer("M:", "M2:", "shop", "x").Replace(restMapping),
			[]string{"A one: https://api.example.com/shop is now https://api.example.org/shop, https://api.example.com/x is now https://api.example.org/x" + useNew}},
		"in another case":               {named("api.example.com"), named("API.example.com"), nil},
		"by its name":                   {rest(), rest("!Ref D", "api.example.com", "!Ref AOne", "one"), nil},
		"a private one by its ARN":      {private + privateName, privateName + strings.Replace(private, "!GetAtt V.DomainNameArn", "!Sub 'arn:aws:apigateway:${AWS::Region}:${AWS::AccountId}:/domainnames/in.example.com+abc'", 1), nil},
		"by another type":               {rest(), domainOne + "  N: {Type: AWS::ApiGatewayV2::ApiMapping, Properties: {DomainName: !Ref D, ApiId: !Ref A, Stage: one, ApiMappingKey: shop}}\n", nil},
		"a REST API's V2 mapping":       {strings.Replace(http(), "!Ref B,", "!Ref A,", 1), strings.NewReplacer("!Ref B,", "!Ref A,", "!Ref BStage", "one").Replace(http()), []string{"A one: https://web.example.com" + leads("stage one", "stage $default")}},
		"another stage":                 {rest(), rest("AOne", "ATwo"), []string{"A one: https://api.example.com/shop" + leads("stage two", "stage one")}},
		"another API":                   {strings.Replace(http(), "!Ref B,", "!Ref A,", 1), http(), []string{"A one: https://web.example.com" + leads("B, stage $default", "A, stage $default")}},
		"the path names the stage":      {rest(" Stage: !Ref AOne,", ""), rest(" Stage: !Ref AOne,", ""), nil},
		"the path no longer names it":   {rest(" Stage: !Ref AOne,", ""), rest(), []string{"A one: https://api.example.com/shop/one is now https://api.example.com/shop" + useNew, "A two: https://api.example.com/shop/two" + leads("stage one", "stage two")}},
		"a wider one takes it":          {rest() + httpMapping + "", domainOne + domainTwo + httpMapping + strings.NewReplacer("!Ref E", "!Ref D", "N:", "N2:").Replace(httpMapping), []string{"A one: https://api.example.com/shop" + leads("B, stage $default", "A, stage one"), "B $default: https://api.example.com leads" + useToo}},
		"a path of another API's":       {rest("shop", "(none)"), rest("shop", "(none)") + strings.NewReplacer("!Ref E", "!Ref D", "Stage:", "ApiMappingKey: shop, Stage:").Replace(httpMapping), []string{"A one: https://api.example.com/shop" + leads("B, stage $default", "A, stage one")}},
		"a path that it does not serve": {rest("shop", "(none)"), rest("shop", "(none)") + strings.NewReplacer("!Ref E", "!Ref D", "Stage:", "ApiMappingKey: web, Stage:").Replace(httpMapping), []string{"B $default: https://api.example.com/web leads" + useToo}},
		"of an API that is not here":    {rest("!Ref A,", "abc123,"), rest("!Ref A,", "def456,"), nil},

		// What only a deployment knows.
		"the same parameter":                         {named("!Ref Given"), named("!Ref Given"), nil},
		"another parameter":                          {named("!Ref Given"), named("!Ref Other"), []string{"A one: not compared: https://${Other}/shop leads to A, stage one now, and before https://${Given}/shop did" + sameThere}},
		"a name, and then a parameter":               {named("api.example.com"), named("!Ref Given"), []string{"A one: not compared: https://${Given}/shop leads to A, stage one now, and before https://api.example.com/shop did" + sameThere}},
		"a parameter, and then a name":               {named("!Ref Given"), named("api.example.com"), []string{"A one: not compared: https://api.example.com/shop leads to A, stage one now, and before https://${Given}/shop did" + sameThere}},
		"a part of a name":                           {named("!Sub '${Given}.example.com'"), named("!Sub '${Given}.example.org'"), []string{"A one: https://${Given}.example.com/shop is now https://${Given}.example.org/shop" + useNew}},
		"a path by parameter":                        {rest(), rest("shop", "!Ref Given"), []string{"A one: not compared: https://api.example.com/${Given} leads to A, stage one now, and before https://api.example.com/shop did" + sameThere}},
		"a stage by parameter":                       {rest(), rest("!Ref AOne", "!Ref Given"), []string{"A one: not compared: https://api.example.com/shop leads to A, stage ${Given} now, and before to A, stage one" + same}},
		"a stage by the same parameter":              {rest("!Ref AOne", "!Ref Given"), rest("!Ref AOne", "!Ref Given"), nil},
		"the API by an import":                       {rest(), rest("!Ref A,", "!ImportValue elsewhere,"), []string{"A one: not compared: https://api.example.com/shop leads to ${import elsewhere}, stage one now, and before to A, stage one" + same}},
		"an import, and then the API":                {rest("!Ref A,", "!ImportValue elsewhere,"), rest(), []string{"A one: not compared: https://api.example.com/shop leads to A, stage one now, and before to ${import elsewhere}, stage one" + same}},
		"the same import":                            {rest("!Ref A,", "!ImportValue elsewhere,"), rest("!Ref A,", "!ImportValue elsewhere,"), nil},
		"the domain is elsewhere now":                {rest("!Ref D", "api.example.com"), domainTwo + strings.Replace(restMapping, "!Ref D", "api.example.com", 1), []string{"A one: not compared: https://api.example.com/shop: the domain name is not in the new template, and whether it is elsewhere is not known"}},
		"a list for a name":                          {named("api.example.com"), named("[x]"), []string{"A one: https://api.example.com/shop no longer leads" + useOther, "A one: not compared: the mapping M of a custom domain: DomainName: it is not a text"}},
		"a nested stack comes that is not":           {rest(), domainOne + unread, []string{"A one: not compared: whether https://api.example.com/shop still leads to A, stage one: "}},
		"a nested stack comes, and the path changes": {rest(), rest("shop", "store") + unread, []string{"A one: https://api.example.com/store leads" + useToo, "A one: not compared: whether https://api.example.com/shop still leads to A, stage one: "}},
		"a nested stack is gone":                     {unread, rest(), []string{"A one: not compared: whether https://api.example.com/shop led to A, stage one before: "}},
		"the nested stack is as ever":                {rest() + unread, domainOne + unread, []string{"A one: https://api.example.com/shop no longer leads" + useOther}},
		"a list for a name, as ever":                 {named("[x]"), named("[x]"), nil},
		"two others": {rest() + strings.NewReplacer("M:", "M2:", "shop", "x").Replace(restMapping), rest("M:", "M3:", "shop", "y") + strings.NewReplacer("M:", "M4:", "shop", "z").Replace(restMapping), []string{
			"A one: https://api.example.com/y and https://api.example.com/z" + strings.Replace(" leads"+useToo, "leads", "lead", 1), "A one: https://api.example.com/shop and https://api.example.com/x no longer lead" + useOther}},
		"one of two": {rest() + strings.NewReplacer("M:", "M2:", "shop", "x").Replace(restMapping), rest("M:", "M3:", "shop", "!Ref Given"), []string{
			"A one: not compared: https://api.example.com/${Given} leads to A, stage one now, and before https://api.example.com/shop did" + sameThere,
			"A one: not compared: https://api.example.com/${Given} leads to A, stage one now, and before https://api.example.com/x did" + sameThere}},
		"by a condition": {rest(), rest("Properties", "Condition: Prod, Properties"),
			[]string{"A one: If Prod is false: https://api.example.com/shop no longer leads" + useOther}},
		"the API by a condition, too": {rest(), rest("Properties: {DomainName: !Ref", "Condition: Prod, Properties: {DomainName: !Ref"), nil},
		"a stage that is not there":   {rest("!Ref AOne", "one"), rest("!Ref AOne", "one"), []string{"A three: Stage one is now three: pages that use API Gateway's own address need the new one", "A three: not compared: https://api.example.com/shop leads to A, stage one, which is not in the new template any more"}},
		"by a default": {rest("shop", "!If [Set, shop, x]"), rest("shop", "!If [Set, store, x]"),
			[]string{"A one: If Set is true, against the defaults of the parameters: https://api.example.com/shop is now https://api.example.com/store" + useNew}},
		"routing rules": {domainOne + restMapping, strings.Replace(domainOne, "DomainName: api", "RoutingMode: ROUTING_RULE_ONLY, DomainName: api", 1) + restMapping + "  R: {Type: AWS::ApiGatewayV2::RoutingRule, Properties: {DomainNameArn: !GetAtt D.DomainNameArn, Priority: 1, Actions: [{InvokeApi: {ApiId: !Ref B, Stage: $default}}]}}\n",
			[]string{"A one: not compared: where https://api.example.com leads: it has routing rules, which are not looked at, and they or its mappings differ", "B $default: not compared: where https://api.example.com leads: it has routing rules, which are not looked at, and they or its mappings differ"}},
		"the same rules": {strings.Replace(domainOne, "DomainName: api", "RoutingMode: ROUTING_RULE_ONLY, DomainName: api", 1) + restMapping, strings.Replace(domainOne, "DomainName: api", "RoutingMode: ROUTING_RULE_ONLY, DomainName: api", 1) + restMapping, nil},
	} {
		t.Run(name, func(t *testing.T) {
			apis := twoAPIs
			if edit := ofAPIs[name]; edit != nil {
				apis = edit(apis)
			}
			got := toldOf(t, twoAPIs+tt.old, apis+tt.now, Options{})
			if !slices.EqualFunc(got, tt.want, func(got, want string) bool {
				return got == want || strings.HasSuffix(want, ": ") && strings.HasPrefix(got, want)
			}) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// What is chosen to be compared hears of what concerns it, also where the other API is not compared.
func TestAddressesOfOne(t *testing.T) {
	old, now := twoAPIs+domainTwo+strings.NewReplacer("!Ref B,", "!Ref A,", "!Ref BStage", "one").Replace(httpMapping), twoAPIs+domainTwo+httpMapping
	for _, api := range []string{"A", "B"} {
		stage := map[string]string{"A": "one", "B": "$default"}[api]
		want := []string{api + " " + stage + ": https://web.example.com" + leads("B, stage $default", "A, stage one")}
		if got := toldOf(t, old, now, Options{API: api, OldAPI: api, Stage: stage, OldStage: stage}); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// An API's own address changes with its stage and with the API, and a function URL's with the URL and its function.
func TestOwnAddress(t *testing.T) {
	const (
		useOther    = ": pages that use API Gateway's own address need the new one"
		useOtherURL = ": pages that use the function URL's own address need the new one"
	)
	http := func(edits ...string) string {
		return strings.NewReplacer(edits...).Replace(`
Parameters: {Given: {Type: String}}
Resources:
  B: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: b, ProtocolType: HTTP}}
  BRoute: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref B, RouteKey: GET /, Target: !Sub 'integrations/${BCall}'}}
  BCall: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref B, IntegrationType: HTTP_PROXY, IntegrationMethod: GET, IntegrationUri: https://backend.example}}
  BStage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref B, StageName: live}}
  E: {Type: AWS::ApiGatewayV2::DomainName, Properties: {DomainName: web.example.com}}
  N: {Type: AWS::ApiGatewayV2::ApiMapping, Properties: {DomainName: !Ref E, ApiId: !Ref B, Stage: !Ref BStage}}
`)
	}
	url := func(edits ...string) string {
		return strings.NewReplacer(edits...).Replace(`
Parameters: {Given: {Type: String}}
Resources:
  F: {Type: AWS::Lambda::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, Code: {S3Bucket: b, S3Key: k}}}
  G: {Type: AWS::Lambda::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, Code: {S3Bucket: b, S3Key: k}}}
  Url: {Type: AWS::Lambda::Url, Properties: {AuthType: NONE, TargetFunctionArn: !Ref F}}
  May: {Type: AWS::Lambda::Permission, Properties: {Action: lambda:InvokeFunctionUrl, FunctionName: !Ref F, Principal: '*'}}
`)
	}
	for name, tt := range map[string]struct {
		old, now string
		want     []string
	}{
		"the same":               {http(), http(), nil},
		"a stage is renamed":     {http(), http("live", "$default"), []string{"B $default: Stage live is now $default" + useOther}},
		"an API is replaced":     {http(), http("B:", "C:", "Ref B}", "Ref C}", "Ref B,", "Ref C,"), []string{"C live: B is now C, another API" + useOther}},
		"a stage by a parameter": {http(), http("live", "!Ref Given"), []string{"B ${Given}: not compared: the stage is ${Given} now, and was live: whether that is the same is not known"}},
		"a REST API under the same id": {`{Resources: {Api: {Type: AWS::ApiGateway::RestApi, Properties: {}}}}`, `{Resources: {Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}}}`,
			[]string{"Api: Api is now an API of another kind" + useOther}},
		"the same URL":             {url(), url(), nil},
		"by another attribute":     {url(), url("!Ref F", "!GetAtt F.Arn"), nil},
		"a URL is replaced":        {url(), url("Url:", "Address:"), []string{"Address: Url is now Address" + useOtherURL}},
		"of another function":      {url(), url("!Ref F", "!Ref G"), []string{"Url: The function URL Url is of G now, and of F before" + useOtherURL}},
		"of an alias":              {url(), url("!Ref F", "!Ref F, Qualifier: live"), []string{"Url: The function URL Url is of F:live now, and of F before" + useOtherURL}},
		"the function is replaced": {url(), url("Runtime", "FunctionName: f, Runtime"), []string{"Url: The function F of the function URL Url is replaced" + useOtherURL}},
		"a REST API instead":       {url(), `{Resources: {Url: {Type: AWS::ApiGateway::RestApi, Properties: {}}}}`, []string{"Url: Url is now an API of another kind" + useOtherURL}},
		"a function by parameter":  {url(), url("!Ref F", "!Ref Given"), []string{"Url: not compared: the address of the function URL Url: it is of ${Given} now, and was of F before; whether that is the same function is not known"}},
		"the same parameter":       {url("!Ref F", "!Ref Given"), url("!Ref F", "!Ref Given"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, line := range toldOf(t, tt.old, tt.now, Options{}) {
				if !strings.Contains(line, ownResponses) && !strings.Contains(line, "calls") {
					got = append(got, line)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// Texts are the same, are not, or may be.
func TestSameText(t *testing.T) {
	app, err := cfn.Parse("app.yaml", []byte("Parameters: {P: {Type: String}, Q: {Type: String}}\nResources: {R: {Type: R, Properties: {P: !Ref P, Q: !Ref Q}}}"), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := app.OfType("R")[0].Properties
	symbols := strings.NewReplacer("P", p["P"].(string), "Q", p["Q"].(string))
	for _, tt := range []struct {
		a, b string
		want sameness
	}{
		{"", "", always}, {"a", "a", always}, {"a", "b", never}, {"a", "", never}, {"P", "P", always}, {"P", "Q", maybe}, {"P", "a", maybe}, {"P", "", maybe},
		{"P.com", "P.org", never}, {"P.com", "Q.com", maybe}, {"a-P", "b-P", never}, {"a-P", "P", never}, {"a-P", "Q", maybe}, {"a-P-b", "a-c", never}, {"a-P-b", "a-c-b", maybe}, {"PP", "P", maybe},
	} {
		a, b := split(app, symbols.Replace(tt.a)), split(app, symbols.Replace(tt.b))
		if got, back := sameText(a, b), sameText(b, a); got != tt.want || back != tt.want {
			t.Errorf("%s and %s: %d, and the other way round %d, want %d", tt.a, tt.b, got, back, tt.want)
		}
	}
}

// SAM's Domain of either kind of API is compared like what it makes.
func TestAddressesOfSAM(t *testing.T) {
	template := func(typ, domain string) string {
		event := map[string]string{"Api": "{Type: Api, Properties: {Path: /, Method: get, RestApiId: !Ref Web}}", "HttpApi": "{Type: HttpApi, Properties: {Path: /, Method: get, ApiId: !Ref Web}}"}[typ]
		return "Transform: AWS::Serverless-2016-10-31\nResources:\n  F: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, InlineCode: x, Events: {E: " + event + "}}}\n" +
			"  Web: {Type: AWS::Serverless::" + typ + ", Properties: {StageName: live, Domain: {CertificateArn: c, " + domain + "}}}\n"
	}
	for _, typ := range []string{"Api", "HttpApi"} {
		want := "Web live: https://a.example.com/x is now https://b.example.com/x: pages that use the old address need the new one"
		if got := toldOf(t, template(typ, "DomainName: a.example.com, BasePath: x"), template(typ, "DomainName: b.example.com, BasePath: x"), Options{}); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: got %q, want %q", typ, got, want)
		}
	}
}

// A template's text in addresses is no more than text, in every format.
func TestAddressesHostile(t *testing.T) {
	d := between(t, own(1, func(int) string { return "a" }, func(int) string { return "*" }), own(1, func(int) string { return "a" }, func(int) string { return "*" }))
	const text, other = hostile.Text, hostile.Text + "c"
	d.Address = []AddressChange{
		{What: ofDomain, Before: text}, {What: ofDomain, After: text}, {What: ofDomain, Before: text, After: other},
		{What: ofDomain, Before: text, After: text, FromAPI: text, ToAPI: other, FromStage: text, ToStage: text, If: text},
		{What: ofDomain, Before: text, After: text, FromAPI: text, ToAPI: text, FromStage: text, ToStage: other},
		{What: ofURL, Before: text, After: text, FromAPI: text, ToAPI: text}, {What: ofURL, Before: text, After: text, FromAPI: text, ToAPI: other}, {What: ofURL, Before: text, After: other},
		{What: ofAPI, Before: text, After: text}, {What: ofAPI, Before: text, After: other}, {What: ofStage, Before: text, After: other},
	}
	for format, print := range map[string]func(io.Writer, []Result, Found) error{"markdown": Markdown, "text": Text, "json": JSON} {
		var out strings.Builder
		if err := print(&out, []Result{{API: "A", Status: Compared, Difference: d}}, Found{}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "onerror"); n < 2*len(d.Address) {
			t.Errorf("%s: only %d of the texts are there", format, n)
		}
		hostile.Check(t, format, out.String())
	}
}
