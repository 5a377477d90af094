package gateway

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestCaller holds what a function behind an HTTP API sees of the caller, and which results of a Lambda authorizer let one in
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
func TestCaller(t *testing.T) {
	const template = `
Resources:
  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
  Fn: {Type: AWS::Lambda::Function, Properties: {}}
  Auth: {Type: AWS::Lambda::Function, Properties: {}}
  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Web, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Fn.Arn, PayloadFormatVersion: '%s'}}
  JWT: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Web, AuthorizerType: JWT, IdentitySource: [$request.header.Authorization]}}
  CUSTOM: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Web, AuthorizerType: REQUEST, AuthorizerUri: !GetAtt Auth.Arn, AuthorizerPayloadFormatVersion: '2.0', EnableSimpleResponses: %v}}
  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Web, RouteKey: GET /a, Target: !Sub 'integrations/${I}', AuthorizationType: %[3]s, AuthorizerId: !Ref %[3]s}}
`
	policy := `{"principalId": "me", "policyDocument": {"Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}]}, "context": {"user": "1"}}`
	for _, tt := range []struct {
		payload string
		simple  bool
		typ     string
		claims  map[string]string
		result  string
		status  int
		want    string
	}{
		{"2.0", false, "JWT", nil, "", 200, `{"jwt":{"claims":{},"scopes":null}}`},
		{"2.0", false, "JWT", map[string]string{"sub": "1"}, "", 200, `{"jwt":{"claims":{"sub":"1"},"scopes":null}}`},
		{"1.0", false, "JWT", map[string]string{"sub": "1"}, "", 200, `{"claims":{"sub":"1"},"scopes":null}`},
		{"2.0", true, "CUSTOM", nil, `{"isAuthorized": true, "context": {"user": "1"}}`, 200, `{"lambda":{"user":"1"}}`},
		{"1.0", true, "CUSTOM", nil, `{"isAuthorized": true, "context": {"user": "1"}}`, 200, `{"user":"1"}`},
		{"2.0", true, "CUSTOM", nil, `{"isAuthorized": true}`, 200, `{"lambda":{}}`},
		{"2.0", true, "CUSTOM", nil, `{"ISAUTHORIZED": true}`, 500, "null"},
		{"2.0", true, "CUSTOM", nil, `{"isAuthorized": "true"}`, 500, "null"},
		{"2.0", true, "CUSTOM", nil, `{"isAuthorized": false}`, 403, "null"},
		{"2.0", false, "CUSTOM", nil, policy, 200, `{"lambda":{"user":"1"}}`},
	} {
		a, err := Load(app(t, fmt.Sprintf(template, tt.payload, tt.simple, tt.typ)), Options{Authorizers: &Authorizers{Claims: tt.claims}})
		if err != nil || len(a.Problems) > 0 {
			t.Fatal(err, a.Problems)
		}
		var seen any
		res := a.Serve(t.Context(), get("/a", appOrigin, Header{"authorization", "x"}), fake{invoke: func(f Function, event []byte) ([]byte, error) {
			if f.Authorizer {
				if strings.Contains(string(event), `"authorizer"`) {
					t.Errorf("what the authorizer says is in its own event: %s", event)
				}
				return []byte(tt.result), nil
			}
			var e struct {
				RequestContext struct{ Authorizer any } `json:"requestContext"`
			}
			err := json.Unmarshal(event, &e)
			seen = e.RequestContext.Authorizer
			return []byte(`{"statusCode": 200}`), err
		}})
		if got, _ := json.Marshal(seen); res.Status != tt.status || string(got) != tt.want {
			t.Errorf("%s in format %s, %s: %d %s, want %d %s", tt.typ, tt.payload, tt.result, res.Status, got, tt.status, tt.want)
		}
	}
}
