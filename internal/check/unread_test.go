package check

import (
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// TestUnread holds that APIs of every kind are judged, and that a WebSocket API, for which there is no CORS, is named as one.
func TestUnread(t *testing.T) {
	const function = `Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: i.h, InlineCode: x, `
	for name, tt := range map[string]struct {
		resources, checked, note string
	}{
		"an HTTP API":                    {`A: {Type: "AWS::ApiGatewayV2::Api", Properties: {ProtocolType: HTTP}}`, "R A", ""},
		"SAM's":                          {`A: {Type: "AWS::Serverless::HttpApi"}, B: {Type: "AWS::Serverless::HttpApi"}`, "R A B", ""},
		"SAM's implicit one, and a URL":  {`F: {` + function + `FunctionUrlConfig: {AuthType: NONE}, Events: {E: {Type: HttpApi}}}}`, "R ServerlessHttpApi FUrl", ""},
		"a WebSocket API has no CORS":    {`A: {Type: "AWS::ApiGatewayV2::Api", Properties: {ProtocolType: WEBSOCKET}}`, "R", "1 WebSocket API (A): there is no CORS for a WebSocket"},
		"a REST API is read, with rules": {`A: {Type: "AWS::ApiGateway::RestApi"}`, "R A", ""},
	} {
		t.Run(name, func(t *testing.T) {
			app, err := cfn.Parse("t.yaml", []byte("Transform: AWS::Serverless-2016-10-31\nResources: {R: {Type: 'AWS::ApiGateway::RestApi'}, "+tt.resources+"}"), cfn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			rep := Check(app, nil, nil)
			var checked []string
			for _, c := range rep.Checked {
				checked = append(checked, c.API)
			}
			if got := strings.Join(checked, " "); got != tt.checked {
				t.Errorf("checked %s, want %s", got, tt.checked)
			}
			if got := strings.Join(rep.Notes, "\n"); !strings.Contains(got, tt.note) || tt.note == "" && strings.Contains(got, "WebSocket") {
				t.Errorf("notes %q, want %q", got, tt.note)
			}
		})
	}
}
