package synth

import (
	"fmt"
	"testing"
	"time"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/corsapi"
)

func TestSpecTry(t *testing.T) {
	n := 500
	fmt.Sscan(os.Getenv("N"), &n)
	paths := map[string]any{}
	for i := range n {
		op := func(verb string) map[string]any {
			return map[string]any{"operationId": fmt.Sprintf("%sItem%d", verb, i), "tags": []string{"x"}, "responses": map[string]any{"200": map[string]any{"description": "OK"}}}
		}
		paths[fmt.Sprintf("/item%d", i)] = map[string]any{"get": op("get"), "post": op("post")}
	}
	p := two(t)
	start := time.Now()
	s := synthesize(t, nil, func(app awscdk.App) {
		st := awscdk.NewStack(app, jsii.String("Stack"), &awscdk.StackProps{SuppressTemplateIndentation: jsii.Bool(os.Getenv("FLAT") != "")})
		corsapi.NewSpecRestApi(st, jsii.String("Api"), &corsapi.SpecRestApiProps{Policy: p,
			Spec:         corsapi.SpecValue(map[string]any{"openapi": "3.0.1", "info": map[string]any{"title": "t", "version": "1"}, "paths": paths}),
			Integrations: []corsapi.SpecIntegration{corsapi.ForTag("x", corsapi.ToFunction(emitter(st, "Fn")))}})
	})
	t.Log(time.Since(start), len(s.files["Stack"]))
	os.WriteFile("/tmp/spec.json", s.files["Stack"], 0o644)
	t.Log(s.annotations)
}
