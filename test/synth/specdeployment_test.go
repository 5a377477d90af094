package synth

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/corsapi"
)

// pathOf is a document of one operation without an integration.
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
			Cors:             two(t), Spec: corsapi.SpecValue(pathOf("/a")), Integrations: []corsapi.SpecIntegration{corsapi.ForPath("/*", corsapi.ToMock(200, ""))},
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

// renamer gives functions and mappings other logical ids, in an aspect.
type renamer struct{}

func (renamer) Visit(node constructs.IConstruct) {
	switch cfn := node.(type) {
	case awslambda.CfnFunction:
		cfn.OverrideLogicalId(jsii.String("Renamed"))
	case awscdk.CfnMapping:
		cfn.OverrideLogicalId(jsii.String("Templates"))
	}
}

// An aspect that comes after the document was written may rename what is named in it.
func TestSpecNamesOfLateAspects(t *testing.T) {
	template := synthesize(t, map[string]any{"@aws-cdk/core:aspectStabilization": true}, func(app awscdk.App) {
		s := awscdk.NewStack(app, jsii.String("Stack"), nil)
		first := constructs.NewConstruct(s, jsii.String("First")) // so that the function is visited after the API
		corsapi.NewSpecRestApi(first, jsii.String("Api"), &corsapi.SpecRestApiProps{
			Cors: two(t), Spec: corsapi.SpecValue(pathOf("/a")), Integrations: []corsapi.SpecIntegration{corsapi.ForPath("/a", corsapi.ToFunction(emitter(s, "Fn")))},
		})
		awscdk.Aspects_Of(app).Add(&renamer{}, nil)
	}).templates["Stack"]
	b := body(t, template)
	if uri := compact(dig(b, "paths", "/a", "get", "x-amazon-apigateway-integration", "uri")); !strings.Contains(uri, "${Renamed.Arn}") {
		t.Errorf("the function is Renamed, and the operation leads to %s", uri)
	}
	find, _ := dig(b, "paths", "/a", "options", "x-amazon-apigateway-integration", "requestTemplates", "application/json", "Fn::FindInMap").([]any)
	if mappings, _ := template["Mappings"].(map[string]any); len(find) != 3 || mappings[find[0].(string)] == nil {
		t.Errorf("the preflight's template is in %v, the mappings are %v", find, slices.Collect(maps.Keys(mappings)))
	}
}

// The CDK advises makers of mappings, which whoever writes the app is not.
func TestSpecMappingIsNotRemarkedOn(t *testing.T) {
	s := inStack(t, func(st awscdk.Stack) {
		specOf(st, two(t), pathOf("/a"), corsapi.ForPath("/a", corsapi.ToMock(200, "")))
	})
	files, err := filepath.Glob(filepath.Join(s.dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("lazy")) {
			t.Errorf("%s has advice about lazy mappings", filepath.Base(file))
		}
	}
}
