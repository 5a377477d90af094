package render

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/testkit/faults"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

// TestSetting holds that the setting lets in whom the policy lets in, of the origins of a grid, and that a policy with a pattern is
// refused, since neither service can have it.
func TestSetting(t *testing.T) {
	const around = `Resources:
  Fn: {Type: AWS::Lambda::Function, Properties: {}}
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Target: !GetAtt Fn.Arn, RouteKey: PUT /items}}
  Url: {Type: AWS::Lambda::Url, Properties: {AuthType: NONE, TargetFunctionArn: !GetAtt Fn.Arn}}
  May: {Type: AWS::Lambda::Permission, Properties: {Action: lambda:InvokeFunctionUrl, FunctionName: !Ref Fn, Principal: '*'}}
`
	backend, err := simulate.Reply([]byte(`{"statusCode": 200}`), "a function")
	if err != nil {
		t.Fatal(err)
	}
	exact := cors.Config{Origins: []string{"https://app.example.com", "https://app.example.com:8443"}, RequestHeaders: []string{"content-type"}, AllowCredentials: true}
	for name, config := range map[string]cors.Config{"several": policies["several"], "one": policies["one"], "any": policies["any"], "local": policies["local"], "exact": exact} {
		for form, api := range map[Form]string{HTTPAPI: "Api", FunctionURL: "Url"} {
			for _, methods := range [][]string{{"PUT"}, {"ANY"}} {
				policy, err := cors.New(config)
				if err != nil {
					t.Fatal(err)
				}
				text, err := Render(form, policy, Options{API: api, Methods: methods, Path: "/items"})
				if pattern := slices.ContainsFunc(policy.Origins(), func(o string) bool { return strings.Contains(o, "*") }) && !policy.AnyOrigin(); pattern != (err != nil) {
					t.Fatalf("%s, %s: %v", name, form, err)
				} else if pattern {
					if !strings.Contains(err.Error(), " cannot have all of this policy:\norigin ") {
						t.Error(err)
					}
					continue
				}
				var parts [2]any
				for i, source := range []string{around, text} {
					if parts[i], err = cfn.ReadText("t.yaml", []byte(source), nil); err != nil {
						t.Fatal(err)
					}
				}
				root, err := json.Marshal(faults.Merge(parts[0], parts[1]))
				if err != nil {
					t.Fatal(err)
				}
				loaded, err := gateway.Load(model.App(t, root), gateway.Options{API: api})
				if err != nil || len(loaded.Problems)+len(loaded.Undeployable) > 0 {
					t.Fatal(err, loaded.Problems, loaded.Undeployable)
				}
				site := &simulate.Site{API: loaded, Backend: backend}
				for _, origin := range origins {
					for _, credentials := range []browser.Credentials{browser.SameOrigin, browser.Include} {
						r, err := site.Run(context.Background(), browser.Call{Origin: origin, Method: "PUT", URL: "/items", Credentials: credentials})
						if err != nil {
							t.Fatal(err)
						}
						if want := policy.Match(origin) && (credentials != browser.Include || policy.Credentials()); r.Verdict.Allowed != want || !r.Verdict.Known {
							t.Errorf("%s, %s, %v from %s with credentials %s: %+v, want %v", name, form, methods, origin, credentials, r.Verdict, want)
						}
					}
				}
			}
		}
	}
}

// TestSettingRefused holds that all that a service cannot have is printed, in the words of constructs/cors.
func TestSettingRefused(t *testing.T) {
	policy := cors.Must(cors.Config{Origins: []string{"https://app.example.com", "https://*.example.org", "capacitor://localhost", "http://localhost:*"}})
	for form, want := range map[Form][]cors.Unsupported{HTTPAPI: policy.UnsupportedByHTTPAPI(), FunctionURL: policy.UnsupportedByFunctionURL()} {
		text, err := Render(form, policy, Options{API: "Api", Methods: []string{"GET"}, Path: "/items"})
		if text != "" || err == nil {
			t.Fatalf("%s: %q, %v", form, text, err)
		}
		for _, u := range want {
			if !strings.Contains(err.Error(), "\n"+u.String()) {
				t.Errorf("%s: %v\nlacks %s", form, err, u)
			}
		}
		if n := strings.Count(err.Error(), "\norigin "); n != len(want) || n < 2 {
			t.Errorf("%s: %d entries, want %d", form, n, len(want))
		}
	}
}
