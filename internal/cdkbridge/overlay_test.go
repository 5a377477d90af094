package cdkbridge

import (
	"encoding/json"
	"reflect"
	"testing"
)

// An override is seen as CloudFormation gets it, by the CDK's names.
func TestOverlay(t *testing.T) {
	for name, tt := range map[string]struct{ properties, overrides, want string }{
		"a property":             {`{"authorizationType": "NONE"}`, `{"AuthorizationType": "AWS_IAM"}`, `{"authorizationType": "AWS_IAM"}`},
		"one that was not there": {`{}`, `{"ApiKeyRequired": true}`, `{"apiKeyRequired": true}`},
		"one removed":            {`{"apiKeyRequired": true, "a": 1}`, `{"ApiKeyRequired": null}`, `{"a": 1}`},
		"within another":         {`{"integration": {"type": "MOCK", "uri": "u"}}`, `{"Integration": {"Type": "HTTP"}}`, `{"integration": {"type": "HTTP", "uri": "u"}}`},
		"names of the app's own": {`{"variables": {"A": "1"}}`, `{"Variables": {"B": "2", "c": "3"}}`, `{"variables": {"A": "1", "B": "2", "c": "3"}}`},
		"an element of a list": {`{"methodResponses": [{"statusCode": "200"}]}`, `{"MethodResponses": {"0": {"ResponseParameters": {"X": true}}, "1": {"StatusCode": "404"}}}`,
			`{"methodResponses": [{"statusCode": "200", "responseParameters": {"X": true}}, {"statusCode": "404"}]}`},
		"a whole list": {`{"integration": {"integrationResponses": [{"statusCode": "500"}, {"statusCode": "400"}]}}`,
			`{"Integration": {"IntegrationResponses": [{"StatusCode": "200", "ResponseTemplates": {"Application/x": "T"}}]}}`,
			`{"integration": {"integrationResponses": [{"statusCode": "200", "responseTemplates": {"Application/x": "T"}}]}}`},
		"a function in the place of a list": {`{"methodSettings": []}`, `{"MethodSettings": {"Fn::If": ["C", [], []]}}`, `{"methodSettings": {"Fn::If": ["C", [], []]}}`},
		"a list in the place of a function": {`{"methodSettings": {"Ref": "P"}}`, `{"MethodSettings": {"0": {"CachingEnabled": true}}}`, `{"methodSettings": {"0": {"cachingEnabled": true}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Resource{}
			var want map[string]any
			for text, into := range map[string]*map[string]any{tt.properties: &r.Properties, tt.overrides: &r.Overrides, tt.want: &want} {
				if err := json.Unmarshal([]byte(text), into); err != nil {
					t.Fatal(err)
				}
			}
			r.overlay()
			if !reflect.DeepEqual(r.Properties, want) {
				t.Errorf("got %v, want %v", r.Properties, want)
			}
		})
	}
}

// What was asked for resolved has the overrides, too.
func TestOverlayResolved(t *testing.T) {
	r := &Resource{
		Overrides: map[string]any{"Integration": map[string]any{"Uri": "new"}, "Policy": map[string]any{"Version": "2012-10-17"}},
		Resolved:  map[string]any{"integration.uri": "old", "policy": map[string]any{"Statement": []any{}}, "methodResponses": []any{"same"}},
	}
	r.overlay()
	for name, over := range map[string]any{"removed": nil, "a function": map[string]any{"Fn::If": []any{"C", "a", "b"}}} {
		gone := &Resource{Overrides: map[string]any{"Integration": over}, Resolved: map[string]any{"integration.uri": "old"}}
		if gone.overlay(); gone.Resolved["integration.uri"] != nil {
			t.Errorf("%s: the uri is still %v", name, gone.Resolved["integration.uri"])
		}
	}
	want := map[string]any{"integration.uri": "new", "policy": map[string]any{"Version": "2012-10-17", "Statement": []any{}}, "methodResponses": []any{"same"}}
	if !reflect.DeepEqual(r.Resolved, want) {
		t.Errorf("got %v, want %v", r.Resolved, want)
	}
}
