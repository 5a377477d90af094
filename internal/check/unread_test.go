package check

import (
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// An API of a kind that no rule looks at is named, also beside a REST API: silence would read like an all-clear.
func TestUnread(t *testing.T) {
	const function = `Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: i.h, InlineCode: x, `
	for name, tt := range map[string]struct {
		resources string
		want      []string
	}{
		"an HTTP API":                    {`A: {Type: "AWS::ApiGatewayV2::Api", Properties: {ProtocolType: HTTP}}`, []string{"1 HTTP API (A)"}},
		"SAM's":                          {`A: {Type: "AWS::Serverless::HttpApi"}, B: {Type: "AWS::Serverless::HttpApi"}`, []string{"2 HTTP APIs (A, B)"}},
		"SAM's implicit one, and a URL":  {`F: {` + function + `FunctionUrlConfig: {AuthType: NONE}, Events: {E: {Type: HttpApi}}}}`, []string{"1 HTTP API (ServerlessHttpApi)", "1 function URL (FUrl)"}},
		"a WebSocket API has no CORS":    {`A: {Type: "AWS::ApiGatewayV2::Api", Properties: {ProtocolType: WEBSOCKET}}`, nil},
		"a REST API is read, with rules": {`A: {Type: "AWS::ApiGateway::RestApi"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			app, err := cfn.Parse("t.yaml", []byte("Transform: AWS::Serverless-2016-10-31\nResources: {R: {Type: 'AWS::ApiGateway::RestApi'}, "+tt.resources+"}"), cfn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := slices.DeleteFunc(Check(app, nil, nil).Notes, func(l string) bool { return !strings.HasPrefix(l, "not read: ") })
			if len(got) != len(tt.want) {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			for i, w := range tt.want {
				if !strings.HasPrefix(got[i], "not read: "+w+";") {
					t.Errorf("got %q, want %q", got[i], w)
				}
			}
		})
	}
}
