package probe

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	model "github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/rules"
)

type function struct{ result string }

func (f function) Invoke(context.Context, model.Function, []byte) ([]byte, error) {
	return []byte(f.result), nil
}
func (function) HTTP(context.Context, *model.BackendRequest) (*model.BackendResponse, error) {
	return nil, io.EOF
}
func (function) AWS(context.Context, *model.BackendRequest) (*model.BackendResponse, error) {
	return nil, io.EOF
}

// TestServices holds what of the faults of an HTTP API or a function URL is seen on the wire, and that the fix is in terms of its setting.
func TestServices(t *testing.T) {
	const urlHost = "abc123.lambda-url.eu-west-1.on.aws"
	const full = "AllowOrigins: ['https://app.example.com'], AllowMethods: [GET, PUT], AllowHeaders: [content-type]"
	for name, tt := range map[string]struct {
		host, setting, route, result string
		rule                         rules.ID // of a finding; empty for none that is an error
		fix                          string
	}{
		"an HTTP API without a fault":       {api, full, "PUT /orders", `{"statusCode": 200}`, "", ""},
		"a pattern":                         {api, strings.Replace(full, "app.", "*.", 1), "PUT /orders", `{"statusCode": 200}`, rules.CORS109, "CorsConfiguration:\n      AllowOrigins: [https://app.example.com]"},
		"a method is missing":               {api, strings.Replace(full, "GET, PUT", "GET", 1), "PUT /orders", `{"statusCode": 200}`, rules.CORS110, "AllowMethods: [GET, PUT]"},
		"a header is missing":               {api, strings.Replace(full, "content-type", "x-a", 1), "PUT /orders", `{"statusCode": 200}`, rules.CORS111, "AllowHeaders: [x-a, content-type]"},
		"ANY, and no OK status":             {api, full, "ANY /orders", `{"statusCode": 404}`, rules.CORS108, ""},
		"a function URL without a fault":    {urlHost, full, "", `{"statusCode": 200}`, "", ""},
		"a URL, and a slash":                {urlHost, strings.Replace(full, ".com'", ".com/'", 1), "", `{"statusCode": 200}`, rules.CORS109, "Cors:\n      AllowOrigins: [https://app.example.com]"},
		"a URL whose function sends it too": {urlHost, full, "", `{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}}`, rules.CORS502, "beside those of the function"},
	} {
		t.Run(name, func(t *testing.T) {
			text := "Resources:\n  Fn: {Type: AWS::Lambda::Function, Properties: {}}\n"
			if tt.host == urlHost {
				text += "  Api: {Type: AWS::Lambda::Url, Properties: {AuthType: NONE, TargetFunctionArn: !Ref Fn, Cors: {" + tt.setting + "}}}\n" +
					"  May: {Type: AWS::Lambda::Permission, Properties: {Action: lambda:InvokeFunctionUrl, FunctionName: !Ref Fn, Principal: '*'}}\n"
			} else {
				text += "  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, CorsConfiguration: {" + tt.setting + "}, Target: !GetAtt Fn.Arn, RouteKey: '" + tt.route + "'}}\n"
			}
			app, err := cfn.Parse("t.yaml", []byte(text), cfn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			loaded, err := model.Load(app, model.Options{})
			if err != nil || len(loaded.Problems) > 0 {
				t.Fatal(err, loaded.Problems)
			}
			s := start(t, func(w http.ResponseWriter, r *http.Request) {
				in := &model.Request{Method: r.Method, RawPath: r.URL.Path}
				for n, values := range r.Header {
					in.Headers = append(in.Headers, model.Header{Name: n, Value: values[0]})
				}
				res := loaded.Serve(r.Context(), in, function{tt.result})
				for _, h := range res.Headers {
					if h.Name != "Content-Length" {
						w.Header().Add(h.Name, h.Value)
					}
				}
				w.WriteHeader(res.Status)
				_, _ = w.Write(res.Body)
			})
			o := s.options(tt.host, "/orders")
			o.Send = true
			r := survey(t, o)
			found := false
			for _, f := range r.Findings {
				if f.Rule == tt.rule {
					if found = true; !strings.Contains(f.Fix.CloudFormation, tt.fix) {
						t.Errorf("the fix of %s is %q, want %q in it", f.Rule, f.Fix.CloudFormation, tt.fix)
					}
				} else if f.Severity == rules.Error && f.Rule != rules.CORS510 { // the API's own 404 is refused like everything else
					t.Errorf("also %s: %s", f.Rule, f.Detail)
				}
			}
			if found != (tt.rule != "") {
				t.Errorf("want %s, found\n%s", tt.rule, listing(r))
			}
		})
	}
}
