package synth

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/corsapi"
)

// pathOf is a document of one operation, for what toFunction assigns.
func pathOf(path string) map[string]any {
	return document(map[string]any{path: map[string]any{"get": map[string]any{}}})
}

// A stage in another stack has the deployment's logical id exported, which may not
// change any more then.
func TestSpecStageInAnotherStack(t *testing.T) {
	s := synthesize(t, nil, func(app awscdk.App) {
		st := awscdk.NewStack(app, jsii.String("Stack"), nil)
		api := corsapi.NewSpecRestApi(st, jsii.String("Api"), &corsapi.SpecRestApiProps{
			SpecRestApiProps: awsapigateway.SpecRestApiProps{Deploy: jsii.Bool(false)},
			Policy:           two(t), Spec: corsapi.SpecValue(pathOf("/a")), Integrations: []corsapi.SpecIntegration{corsapi.ForPath("/*", corsapi.ToMock(200, ""))},
		})
		deployment := awsapigateway.NewDeployment(st, jsii.String("Deployment"), &awsapigateway.DeploymentProps{Api: api})
		awsapigateway.NewStage(awscdk.NewStack(app, jsii.String("Stages"), nil), jsii.String("Stage"), &awsapigateway.StageProps{Deployment: deployment})
	})
	id := deploymentID(t, s.templates["Stack"])
	if exports := compact(s.templates["Stack"]["Outputs"]); !strings.Contains(exports, `{"Ref":"`+id+`"}`) {
		t.Errorf("the deployment is %s, exported is %s", id, exports)
	}
	if len(s.annotations) > 0 {
		t.Errorf("remarks: %q", s.annotations)
	}
}

// A function that a new deployment leads to may be invoked before it is deployed.
func TestSpecDeploymentWaitsForPermissions(t *testing.T) {
	template := inStack(t, func(s awscdk.Stack) {
		specOf(s, two(t), pathOf("/a"), corsapi.ForPath("/a", corsapi.ToFunction(emitter(s, "Fn"))))
	}).templates["Stack"]
	ids := idsOf(template, "AWS::Lambda::Permission")
	waits, _ := dig(template, "Resources", deploymentID(t, template), "DependsOn").([]any)
	if len(ids) != 1 || !slices.Contains(waits, any(ids[0])) {
		t.Errorf("the deployment waits for %v, the permissions are %v", waits, ids)
	}
}

// renamer gives functions another logical id, in an aspect.
type renamer struct{}

func (renamer) Visit(node constructs.IConstruct) {
	if cfn, ok := node.(awscdk.CfnResource); ok && *cfn.CfnResourceType() == "AWS::Lambda::Function" {
		cfn.OverrideLogicalId(jsii.String("Renamed"))
	}
}

// An aspect that comes after the document may still rename what it refers to.
func TestSpecFunctionRenamedLate(t *testing.T) {
	template := inStack(t, func(s awscdk.Stack) {
		fn := emitter(s, "ZFn")
		specOf(s, two(t), pathOf("/a"), corsapi.ForPath("/a", corsapi.ToFunction(fn)))
		awscdk.Aspects_Of(fn).Add(&renamer{}, &awscdk.AspectOptions{Priority: jsii.Number(900)})
	}).templates["Stack"]
	if uri := compact(dig(body(t, template), "paths", "/a", "get", "x-amazon-apigateway-integration", "uri")); !strings.Contains(uri, "${Renamed.Arn}") {
		t.Errorf("the function is Renamed, and the operation leads to %s", uri)
	}
}
