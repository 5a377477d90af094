package diff

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/simulate"
)

// drawSetting draws an HTTP API or a function URL.
func drawSetting(m maker, url bool) string {
	list := func(n int, of ...string) string {
		var out []string
		for _, e := range of {
			if m.IntN(n) == 0 {
				out = append(out, "'"+e+"'")
			}
		}
		return "[" + strings.Join(out, ", ") + "]"
	}
	origins := list(2, originPool...)
	switch m.IntN(8) {
	case 0:
		origins = "['*']"
	case 1:
		origins = pick(m, "['https://*']", "['http://*']", "['https://*.example.com']", "['https://a.example.com/']", "['https://a.example.com', '*']")
	}
	setting := "{AllowOrigins: " + origins + ", AllowMethods: " + pick(m, list(2, "GET", "POST", "PUT", "DELETE"), "['*']", "[]") +
		", AllowHeaders: " + pick(m, list(2, "authorization", "content-type", "x-a"), "['*']", "[]") + ", ExposeHeaders: " + list(3, "x-b")
	if m.IntN(3) == 0 {
		setting += ", AllowCredentials: " + pick(m, "true", "false")
	}
	setting += "}"
	none := m.IntN(8) == 0
	text := "Resources:\n  Fn: {Type: AWS::Lambda::Function, Properties: {}}\n"
	if url {
		cors := ", Cors: " + setting
		if none {
			cors = ""
		}
		return text + "  Url: {Type: AWS::Lambda::Url, Properties: {AuthType: " + pick(m, "NONE", "NONE", "AWS_IAM") + ", TargetFunctionArn: !Ref Fn" + cors + "}}\n" +
			"  May: {Type: AWS::Lambda::Permission, Properties: {Action: lambda:InvokeFunctionUrl, FunctionName: !Ref Fn, Principal: '*'}}\n"
	}
	cors := ", CorsConfiguration: " + setting
	if none {
		cors = ""
	}
	text += "  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP" + cors + "}}\n" +
		"  Calls: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Fn.Arn, PayloadFormatVersion: '2.0'}}\n" +
		"  Jwt: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Web, AuthorizerType: JWT, IdentitySource: [$request.header.Authorization]}}\n"
	for i, path := range []string{"/items", "/items/{id}", "/{proxy+}"} {
		key := pick(m, "GET", "PUT", "POST", "ANY", "") + " " + path
		if path == "/{proxy+}" && m.IntN(2) == 0 {
			key = pick(m, "$default", "OPTIONS /{proxy+}")
		}
		if strings.HasPrefix(key, " ") {
			continue
		}
		auth := ""
		if m.IntN(3) == 0 {
			auth = ", AuthorizationType: JWT, AuthorizerId: !Ref Jwt"
		}
		text += fmt.Sprintf("  R%d: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: '%s', Target: !Sub 'integrations/${Calls}'%s}}\n", i, key, auth)
	}
	return text
}

// mutated changes one thing of a drawn template, or nothing.
func mutated(m maker, text string) string {
	from := [][2]string{{"'https://a.example.com'", "'https://b.example.com'"}, {"'GET'", "'PUT'"}, {"'content-type'", "'x-a'"}, {"AllowCredentials: true", "AllowCredentials: false"},
		{"ExposeHeaders: []", "ExposeHeaders: ['x-b']"}, {"AuthorizationType: JWT", "AuthorizationType: NONE"}, {"RouteKey: 'ANY ", "RouteKey: 'GET "}, {"AllowOrigins: ", "Tags: "}}
	one := from[m.IntN(len(from))]
	return strings.Replace(text, one[0], one[1], 1)
}

// TestSettingsBrute holds diff against a grid of requests, each made of both sides, for drawn HTTP APIs and function URLs: what has
// another verdict is told in its direction, and where nothing has, nothing is said to be looser.
func TestSettingsBrute(t *testing.T) {
	m := maker{rand.New(rand.NewPCG(16, 8))}
	n := 100
	if testing.Short() {
		n = 30
	}
	counts := map[string]int{}
	for i := range n {
		old := drawSetting(m, i%2 == 1)
		now := mutated(m, old)
		if i%5 == 0 {
			now = drawSetting(m, i%2 == 1)
		}
		var apps [2]*cfn.App
		var sites [2]*simulate.Site
		for side, text := range []string{old, now} {
			app, err := cfn.Parse("t.yaml", []byte(text), cfn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			found, err := stages(app, gateway.Options{})
			if err != nil || len(found) != 1 {
				t.Fatalf("%v %v", found, err)
			}
			if sites[side], err = found[0].site(app, nil); err != nil {
				t.Fatal(err)
			}
			apps[side] = app
		}
		results, err := Apps(context.Background(), apps[0], apps[1], Options{})
		if err != nil || len(results) != 1 {
			t.Fatalf("%v %v", results, err)
		}
		d := results[0].Difference
		if old == now {
			if counts["the same text"]++; !d.Empty() || len(results[0].NotCompared) > 0 {
				t.Errorf("pair %d is the same twice, and is told to differ:\n%s", i, old)
			}
			continue
		}
		looser, stricter, unknown := grid(t, sites)
		said := fmt.Sprintf("pair %d: by the grid looser %q, stricter %q; told: looser %v, empty %v\n%s\n---\n%s", i, looser, stricter, d.Looser(), d.Empty(), old, now)
		switch {
		case looser != "" && !d.Looser():
			t.Error("looser, and not told: " + said)
		case stricter != "" && d.Empty():
			t.Error("stricter, and not told: " + said)
		case looser == "" && stricter == "" && !unknown && d.Looser():
			t.Error("told to be looser, and is not: " + said)
		}
		switch {
		case looser != "" && stricter != "":
			counts["both"]++
		case looser != "":
			counts["looser"]++
		case stricter != "":
			counts["stricter"]++
		default:
			counts["nothing for browsers"]++
		}
	}
	t.Logf("%d pairs: %v", n, counts)
	for _, what := range []string{"looser", "stricter", "nothing for browsers"} {
		if !testing.Short() && counts[what] < 5 {
			t.Errorf("%d pairs are %s, want 5", counts[what], what)
		}
	}
}

// grid asks both sides the same requests. It returns one that only the new side allows, one that only the old one does, and
// whether some are not known.
func grid(t *testing.T, sites [2]*simulate.Site) (looser, stricter string, unknown bool) {
	t.Helper()
	for _, origin := range append([]string{"https://evil.example", "http://evil.example", "https://x.example.com", "null"}, originPool...) {
		for _, path := range []string{"/", "/items", "/items/1", "/far/away"} {
			for _, method := range questions.Methods {
				for _, headers := range [][]string{nil, {"authorization"}, {"content-type"}, {"x-a"}, {"x-other"}, {"authorization", "content-type"}} {
					for _, credentials := range []browser.Credentials{browser.SameOrigin, browser.Include} {
						req := browser.Call{Origin: origin, Method: method, URL: path, Credentials: credentials}
						for _, h := range headers {
							req.Header = append(req.Header, browser.Field{Name: h, Value: questions.Value(h)})
						}
						var verdicts [2]simulate.Verdict
						var exposed [2]string
						for i, s := range sites {
							r, err := s.Run(context.Background(), req)
							if err != nil {
								t.Fatal(err)
							}
							// A response of the API's own is no use of it.
							if verdicts[i] = r.Verdict; r.Verdict.Allowed && r.Trace.Actual.GatewayResponse != nil {
								verdicts[i].Allowed = false
							}
							if verdicts[i].Allowed {
								exposed[i] = r.Actual.Response.Headers.Get(corsheader.ExposeHeaders)
							}
						}
						switch what := fmt.Sprint(origin, " ", method, " ", path, " ", headers, " ", credentials); {
						case !verdicts[0].Known || !verdicts[1].Known:
							unknown = true
						case verdicts[1].Allowed && !verdicts[0].Allowed:
							looser = what
						case verdicts[0].Allowed && !verdicts[1].Allowed:
							stricter = what
						case verdicts[0].Allowed && exposed[0] != exposed[1] && exposed[0] == "":
							looser = what + " exposes " + exposed[1]
						case verdicts[0].Allowed && exposed[0] != exposed[1]:
							stricter = what + " exposed " + exposed[0]
						}
					}
				}
			}
		}
	}
	return looser, stricter, unknown
}

// A setting that hangs on a condition that is not known is compared in both of its worlds.
func TestSettingUnderCondition(t *testing.T) {
	const template = `
Parameters: {Open: {Type: String}}
Conditions: {IsOpen: !Equals [!Ref Open, 'yes']}
Resources:
  Fn: {Type: AWS::Lambda::Function, Properties: {}}
  May: {Type: AWS::Lambda::Permission, Properties: {Action: lambda:InvokeFunctionUrl, FunctionName: !Ref Fn, Principal: '*'}}
  Api: {Type: %s, Properties: {%s: {AllowOrigins: !If [IsOpen, [%s], ['https://a.example']], AllowMethods: ['*']}}}
`
	for _, api := range [][2]string{
		{"AWS::ApiGatewayV2::Api", "ProtocolType: HTTP, Target: !GetAtt Fn.Arn, CorsConfiguration"},
		{"AWS::Lambda::Url", "AuthType: NONE, TargetFunctionArn: !GetAtt Fn.Arn, Cors"},
	} {
		var apps [2]*cfn.App
		for side, origin := range []string{"'https://b.example'", "'*'"} {
			app, err := cfn.Parse("t.yaml", fmt.Appendf(nil, template, api[0], api[1], origin), cfn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			apps[side] = app
		}
		for _, tt := range []struct {
			name     string
			old, now *cfn.App
			looser   bool
		}{{"opened", apps[0], apps[1], true}, {"closed", apps[1], apps[0], false}} {
			results, err := Apps(context.Background(), tt.old, tt.now, Options{})
			if err != nil || len(results) != 1 {
				t.Fatalf("%s: %v %v", api[0], results, err)
			}
			if r := results[0]; len(r.Cases) == 0 || r.Looser() != tt.looser {
				t.Errorf("%s %s: cases %v, looser %v, not compared %v", api[0], tt.name, r.Cases, r.Looser(), r.NotCompared)
			}
		}
	}
}

// functionRoute is an HTTP API whose route calls a function in a format.
func functionRoute(format string) string {
	return "Resources:\n  Fn: {Type: AWS::Lambda::Function, Properties: {}}\n  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}\n" +
		"  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Fn.Arn, PayloadFormatVersion: " + format + "}}\n" +
		"  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: GET /a, Target: !Sub 'integrations/${I}'}}\n"
}

// What is not known of a setting or a route on one side is not compared, and makes nothing looser, stricter or safer.
func TestSettingNotCompared(t *testing.T) {
	const web = "Parameters: {P: {Type: String}}\nResources:\n  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Target: https://x.example, CorsConfiguration: {AllowOrigins: [https://app.example.com]}}}\n"
	const url = "Parameters: {P: {Type: String}}\nResources:\n  Fn: {Type: AWS::Lambda::Function, Properties: {}}\n  May: {Type: AWS::Lambda::Permission, Properties: {Action: lambda:InvokeFunctionUrl, FunctionName: !Ref Fn, Principal: '*'}}\n" +
		"  Url: {Type: AWS::Lambda::Url, Properties: {AuthType: NONE, TargetFunctionArn: !Ref Fn, Cors: {AllowOrigins: [https://app.example.com]}}}\n"
	const routed = "Parameters: {P: {Type: String}, Q: {Type: String}}\nResources:\n  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}\n" +
		"  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: HTTP_PROXY, IntegrationMethod: ANY, IntegrationUri: https://x.example, PayloadFormatVersion: '1.0'}}\n" +
		"  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: GET /a, Target: !Sub 'integrations/${I}'}}\n"
	allowed := strings.Replace(routed, "ProtocolType: HTTP", "ProtocolType: HTTP, CorsConfiguration: {AllowOrigins: [https://app.example.com], AllowHeaders: [authorization], MaxAge: !Ref P}", 1)
	for name, tt := range map[string]struct{ old, now, want string }{
		"what a backend is sent":   {routed, strings.Replace(routed, "PayloadFormatVersion", "RequestParameters: {'overwrite:header.x': y}, PayloadFormatVersion", 1), "because of another Integration"},
		"a function's format":      {functionRoute("'1.0'"), functionRoute("'2.0'"), "because of another Integration"},
		"an integration not known": {strings.Replace(allowed, "!Sub 'integrations/${I}'", "!Ref P", 1), strings.Replace(allowed, "!Sub 'integrations/${I}'", "!Ref Q", 1), "Target: not known: Q"},
		"the age of preflights":    {allowed, strings.Replace(allowed, "MaxAge: !Ref P", "MaxAge: !Ref Q", 1), "Access-Control-Max-Age: ${P}, and now Access-Control-Max-Age: ${Q}"},
		"an origin in capitals":    {web, strings.Replace(web, "[https://app", "[https://EVIL.example, https://app", 1), "letter case of https://EVIL.example"},
		"quick create's overrides": {web, web + "  O: {Type: AWS::ApiGatewayV2::ApiGatewayManagedOverrides, Properties: {ApiId: !Ref Web, Route: {AuthorizationType: AWS_IAM}}}\n",
			"O, an AWS::ApiGatewayV2::ApiGatewayManagedOverrides, is not read"},
		"a URL's function": {url, strings.Replace(url, "TargetFunctionArn: !Ref Fn", "TargetFunctionArn: !Ref P", 1), "whether the function of Url sends CORS headers of its own"},
		"a URL's AuthType": {url, strings.Replace(url, "AuthType: NONE", "AuthType: !Ref P", 1), "AuthType: not known: P"},
	} {
		t.Run(name, func(t *testing.T) {
			var apps [2]*cfn.App
			for side, text := range []string{tt.old, tt.now} {
				app, err := cfn.Parse("t.yaml", []byte(text), cfn.Options{})
				if err != nil {
					t.Fatal(err)
				}
				apps[side] = app
			}
			results, err := Apps(context.Background(), apps[0], apps[1], Options{})
			if err != nil || len(results) != 1 {
				t.Fatalf("%v %v", results, err)
			}
			r := results[0]
			if got := fmt.Sprint(r.NotCompared); !strings.Contains(got, tt.want) {
				t.Errorf("not compared: %s, want %s", got, tt.want)
			}
			if !r.Empty() {
				t.Errorf("changes %v, errors %v, caches %v, wants %v", r.Changes, r.Errors, r.Caches, r.Wants)
			}
		})
	}
}
