package diff

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// TestTooMany holds that a small template cannot make a comparison take all of a machine's time and memory, and that what is
// not asked then is not said to be unchanged.
func TestTooMany(t *testing.T) {
	web := func(origins, headers []string) *cfn.App {
		t.Helper()
		app, err := cfn.Parse("app.yaml", fmt.Appendf(nil, `
Resources:
  W: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: w, ProtocolType: HTTP, CorsConfiguration: {AllowOrigins: [%s], AllowHeaders: [%s], AllowMethods: [GET]}}}
  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref W, RouteKey: GET /, Target: !Sub 'integrations/${I}'}}
  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref W, IntegrationType: HTTP_PROXY, IntegrationMethod: GET, IntegrationUri: https://backend.example}}
  S: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref W, StageName: $default}}
`, strings.Join(origins, ", "), strings.Join(headers, ", ")), cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return app
	}
	list := func(n int, format string) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprintf(format, i))
		}
		return out
	}
	few := list(1, "https://a%d.example")
	for name, many := range map[string]*cfn.App{
		"long":  web([]string{"https://" + strings.Repeat("a", 1_200_000) + ".example"}, list(100, "x-%d")),
		"lists": web(list(3000, "https://a%d.example"), list(500, "x-%d")),
	} {
		results, err := Apps(context.Background(), web(few, nil), many, Options{})
		if err != nil || len(results) != 1 {
			t.Fatalf("%s: %v, %v", name, results, err)
		}
		left := results[0].NotCompared
		if len(left) != 1 || !strings.Contains(left[0].Why, "are more than can be tried, by a factor of ") {
			t.Errorf("%s: not compared: %.500v", name, left)
		}
	}
	if r, err := Apps(context.Background(), web(few, nil), web(list(20, "https://a%d.example"), list(20, "x-%d")), Options{}); err != nil || len(r[0].NotCompared) > 0 || !r[0].Looser() {
		t.Errorf("a list of usual length: %+v, %v", r, err)
	}
}

// TestManyMappings holds that each of many addresses that change is reported. It took 40 seconds when the work was cubic.
func TestManyMappings(t *testing.T) {
	app := func(prefix string) *cfn.App {
		t.Helper()
		text := "Resources:\n  W: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: w, ProtocolType: HTTP}}\n  S: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref W, StageName: prod}}\n"
		for i := range 800 {
			text += fmt.Sprintf("  %s%d: {Type: AWS::ApiGatewayV2::ApiMapping, Properties: {DomainName: %[1]s%[2]d.example.com, ApiId: !Ref W, Stage: prod}}\n", prefix, i)
		}
		app, err := cfn.Parse("app.yaml", []byte(text), cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return app
	}
	results, err := Apps(context.Background(), app("a"), app("b"), Options{})
	if err != nil || len(results) != 1 || len(results[0].Address) != 1600 {
		t.Fatalf("%v, %.300v", err, results)
	}
}
