package gateway_test

import (
	"slices"
	"testing"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

func TestRefuse(t *testing.T) {
	api := model.Load(t, []byte(`{"Resources": {
		"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {}},
		"Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "v1"}},
		"Iam": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": "GET", "AuthorizationType": "AWS_IAM", "ApiKeyRequired": true, "Integration": {"Type": "MOCK"}}},
		"Open": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": "PUT", "AuthorizationType": "NONE", "Integration": {"Type": "MOCK"}}},
		"Errors": {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": {"RestApiId": {"Ref": "Api"}, "ResponseType": "DEFAULT_4XX", "ResponseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "method.request.header.origin"}}}
	}}`), gateway.Options{})
	q := &gateway.Request{Method: "GET", Path: "/", Headers: gateway.Headers{{Name: "origin", Value: "https://app.example.com"}}}
	for _, typ := range apigw.GatewayResponseTypes() {
		res := api.Refuse(t.Context(), q, typ)
		origin, ok := res.Headers.Get("Access-Control-Allow-Origin")
		if server := gateway.ServerError(typ); ok == server || ok && origin != "https://app.example.com" || (res.Status >= 500) != server && typ != "DEFAULT_4XX" {
			t.Errorf("%s: %d %q", typ, res.Status, origin)
		}
	}
	if got := api.Find("/").Method("GET").Identity(); !slices.Equal(got, []string{"authorization", "x-api-key"}) {
		t.Errorf("%v", got)
	}
	if got := api.Find("/").Method("PUT").Identity(); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
