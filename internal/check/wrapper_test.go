package check

import (
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// TestWrapper holds that an API whose function runs behind corsgate's wrapper is meant for pages, whoever put it there: what
// it lacks is found.
func TestWrapper(t *testing.T) {
	const template = `
Transform: AWS::Serverless-2016-10-31
Resources:
  Wrapper: {Type: "AWS::Serverless::LayerVersion", Properties: {ContentUri: layer, CompatibleArchitectures: [arm64]}}
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: "exports.handler = async () => ({statusCode: 200})"
      Layers: [{Ref: Wrapper}]
      Environment: {Variables: {AWS_LAMBDA_EXEC_WRAPPER: /opt/corsgate/wrap}}
      Events: {Get: {Type: Api, Properties: {Path: /orders, Method: get}}}
`
	for variable, want := range map[string]bool{"/opt/corsgate/wrap": true, "/opt/otel-handler": false} {
		app, err := cfn.Parse("t.yaml", []byte(strings.Replace(template, "/opt/corsgate/wrap", variable, 1)), cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		// Of one that is not, there is one line.
		if rep := Check(app, nil, nil); len(rep.Findings) > 1 != want || len(rep.Findings) == 0 || len(rep.Crashed) > 0 {
			t.Errorf("%s: found %s", variable, listing(rep))
		}
	}
}
