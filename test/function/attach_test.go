package function

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront/experimental"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
	"github.com/corsgate/corsgate/constructs/corsfunction"
	"github.com/corsgate/corsgate/internal/cdkbridge/paired"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/lambdarun"
	"github.com/corsgate/corsgate/internal/wrapper"
)

// with is a function of Node.js with other properties.
func with(change func(*awslambda.FunctionProps)) *awslambda.FunctionProps {
	p := &awslambda.FunctionProps{Runtime: awslambda.Runtime_NODEJS_22_X(), Handler: jsii.String("index.handler"), MemorySize: jsii.Number(256),
		Code: awslambda.Code_FromInline(jsii.String("exports.handler = async () => ({ statusCode: 200, headers: { 'access-control-allow-origin': '*' }, body: 'hello' })"))}
	if change != nil {
		change(p)
	}
	return p
}

func repository(stack awscdk.Stack) awsecr.IRepository {
	return awsecr.Repository_FromRepositoryName(stack, jsii.String("Repository"), jsii.String("images"))
}

func TestAttach(t *testing.T) {
	t.Setenv("CDK_CLI_VERSION", "2") // which prints annotations
	app, out := newApp(t, nil)
	stack := awscdk.NewStack(app, jsii.String("S"), nil)
	second := awscdk.NewStack(app, jsii.String("T"), nil)
	faulty := awscdk.NewStack(app, jsii.String("F"), nil)
	function := func(id string, change func(*awslambda.FunctionProps)) awslambda.Function {
		return awslambda.NewFunction(stack, &id, with(change))
	}

	plain := function("Plain", func(p *awslambda.FunctionProps) { p.MemorySize = nil })
	corsfunction.Attach(plain, nil)
	corsfunction.Attach(plain, nil) // twice is once
	arm := function("Arm", func(p *awslambda.FunctionProps) {
		p.Architecture, p.Runtime = awslambda.Architecture_ARM_64(), awslambda.Runtime_PYTHON_3_13()
		p.MemorySize = awscdk.NewCfnParameter(stack, jsii.String("Memory"), &awscdk.CfnParameterProps{Type: jsii.String("Number"), Default: 256}).ValueAsNumber()
		p.Environment = &map[string]*string{"AWS_LAMBDA_EXEC_WRAPPER": jsii.String("/opt/otel-handler"), "A": jsii.String("b")}
	})
	corsfunction.Attach(arm, nil)
	corsfunction.Attach(arm, &corsfunction.AttachProps{ErrorsAsResponses: true}) // what it asks for counts, too
	image := awslambda.NewDockerImageFunction(stack, jsii.String("Image"), &awslambda.DockerImageFunctionProps{MemorySize: jsii.Number(256),
		Code: awslambda.DockerImageCode_FromEcr(repository(stack), nil)})
	corsfunction.Attach(image, &corsfunction.AttachProps{ImageHasWrapper: true})
	singleton := awslambda.NewSingletonFunction(stack, jsii.String("Singleton"), &awslambda.SingletonFunctionProps{
		Uuid: jsii.String("u"), Code: with(nil).Code, Runtime: with(nil).Runtime, Handler: with(nil).Handler, MemorySize: jsii.Number(256)})
	corsfunction.Attach(singleton, nil)
	elsewhere := awslambda.NewFunction(second, jsii.String("Elsewhere"), with(nil))
	corsfunction.Attach(elsewhere, nil)

	// An API takes an attached function and its alias as ones that emit.
	api := corsapi.NewRestApi(stack, jsii.String("Api"), &corsapi.RestApiProps{Cors: cors.Must(cors.Config{Origins: []string{"https://app.example.com"}})})
	for path, fn := range map[string]awslambda.IFunction{"plain": plain, "arm": arm.AddAlias(jsii.String("live"), nil), "image": image, "singleton": singleton} {
		api.Root().AddResource(&path, nil).AddMethod(jsii.String("GET"), awsapigateway.NewLambdaIntegration(fn, nil), nil)
	}

	// What it refuses.
	other := func(id string, change func(*awslambda.FunctionProps)) awslambda.IFunction {
		return awslambda.NewFunction(faulty, &id, with(change))
	}
	five := make([]awslambda.ILayerVersion, 5)
	for i := range five {
		five[i] = awslambda.LayerVersion_FromLayerVersionArn(faulty, jsii.String("L"+string(rune('0'+i))), jsii.String("arn:aws:lambda:us-east-1:1:layer:l:"+string(rune('0'+i))))
	}
	adapter := awslambda.LayerVersion_FromLayerVersionArn(faulty, jsii.String("LWA"), jsii.String("arn:aws:lambda:us-east-1:753240598075:layer:LambdaAdapterLayerX86:25"))
	source := other("Source", nil).(awslambda.Function)
	refusals := []struct {
		fn    awslambda.IFunction
		props *corsfunction.AttachProps
		want  []string
	}{
		{other("Provided", func(p *awslambda.FunctionProps) {
			p.Runtime, p.Code = awslambda.Runtime_PROVIDED_AL2023(), awslambda.Code_FromAsset(jsii.String("testdata/good"), nil)
		}), nil, []string{"its runtime is provided.al2023, for which Lambda starts no wrapper", "corslambda"}},
		{other("Old", func(p *awslambda.FunctionProps) {
			p.Runtime, p.Code = awslambda.Runtime_GO_1_X(), awslambda.Code_FromAsset(jsii.String("testdata/good"), nil)
		}), nil, []string{"its runtime is go1.x: Lambda starts wrappers for Node.js, Python"}},
		{other("Many", func(p *awslambda.FunctionProps) {
			p.Layers = &five
			p.Architecture = awslambda.Architecture_Custom(jsii.String("riscv64"), nil)
		}), nil, []string{"it has 5 layers", `its architecture is "riscv64"`}},
		{other("Adapter", func(p *awslambda.FunctionProps) { p.Layers = &[]awslambda.ILayerVersion{adapter} }), nil, []string{"behind the Lambda Web Adapter"}},
		{other("Adapted", func(p *awslambda.FunctionProps) {
			p.Environment = &map[string]*string{"AWS_LAMBDA_EXEC_WRAPPER": jsii.String("/opt/bootstrap")}
		}), nil, []string{"behind the Lambda Web Adapter"}},
		{other("Token", func(p *awslambda.FunctionProps) {
			p.Environment = &map[string]*string{"AWS_LAMBDA_EXEC_WRAPPER": awscdk.NewCfnParameter(faulty, jsii.String("P"), nil).ValueAsString()}
		}), nil, []string{"is known only when it is deployed"}},
		{awslambda.NewDockerImageFunction(faulty, jsii.String("Image"), &awslambda.DockerImageFunctionProps{Code: awslambda.DockerImageCode_FromEcr(repository(faulty), nil)}), nil, []string{"a container image", "COPY --from", "AttachProps.ImageHasWrapper"}},
		{other("NoImage", nil), &corsfunction.AttachProps{ImageHasWrapper: true}, []string{"AttachProps.ImageHasWrapper is for container images"}},
		{source.AddAlias(jsii.String("live"), nil), nil, []string{"an alias or a version: attach to its function"}},
		{other("Version", nil).(awslambda.Function).CurrentVersion(), nil, []string{"an alias or a version: attach to its function"}},
		{awslambda.Function_FromFunctionName(faulty, jsii.String("Imported"), jsii.String("f")), nil, []string{"this function is imported", "corsfunction.Emits"}},
		{awslambda.Version_FromVersionArn(faulty, jsii.String("ImportedVersion"), jsii.String("arn:aws:lambda:us-east-1:1:function:f:1")), nil, []string{"this function is imported"}},
		{experimental.NewEdgeFunction(awscdk.NewStack(app, jsii.String("E"), &awscdk.StackProps{Env: &awscdk.Environment{Region: jsii.String("us-east-1")}}), jsii.String("Edge"),
			&experimental.EdgeFunctionProps{Runtime: with(nil).Runtime, Handler: with(nil).Handler, Code: with(nil).Code}), nil, []string{"Lambda@Edge"}},
	}
	for _, r := range refusals {
		corsfunction.Attach(r.fn, r.props)
		texts := errorsOf(r.fn)
		for _, want := range r.want {
			if text := strings.Join(texts, "\n"); !strings.Contains(text, want) || !strings.HasPrefix(text, "corsgate: corsfunction.Attach: ") {
				t.Errorf("%s: no %q in %q", *r.fn.Node().Path(), want, texts)
			}
		}
		if paired.Marked(r.fn) {
			t.Errorf("%s is marked", *r.fn.Node().Path())
		}
	}

	app.Synth(nil)
	if left := litter(t, out); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	tpl := readTemplate(t, out, "S")
	variables := func(p map[string]any) map[string]any {
		v, _ := p["Environment"].(map[string]any)["Variables"].(map[string]any)
		return v
	}
	for _, tt := range []struct {
		fn     awslambda.IFunction
		want   map[string]any
		layers int
	}{
		{plain, map[string]any{"AWS_LAMBDA_EXEC_WRAPPER": wrapper.Program}, 1},
		{arm, map[string]any{"A": "b", "AWS_LAMBDA_EXEC_WRAPPER": wrapper.Program, "CORSGATE_EXEC_WRAPPER": "/opt/otel-handler", "CORSGATE_ERRORS_AS_RESPONSES": "1"}, 1},
		{image, map[string]any{"AWS_LAMBDA_EXEC_WRAPPER": wrapper.Program}, 0},
	} {
		properties, metadata := tpl.of(tt.fn)
		layers, _ := properties["Layers"].([]any)
		if got := variables(properties); !maps.Equal(got, tt.want) || len(layers) != tt.layers || metadata[paired.Key] != "attached" || !wrapper.Attached(properties) {
			t.Errorf("%s: %v, layers %v, marked %v", *tt.fn.Node().Path(), got, layers, metadata[paired.Key])
		}
	}
	if !paired.Marked(singleton) {
		t.Error("the singleton is not marked")
	}

	// One layer for each stack and architecture, which holds the program and nothing else.
	architectures := map[string][]string{}
	for _, name := range []string{"S", "T"} {
		for id, r := range readTemplate(t, out, name).Resources {
			if r.Type != "AWS::Lambda::LayerVersion" {
				continue
			}
			b, _ := json.Marshal(r.Properties["CompatibleArchitectures"])
			architectures[name] = append(architectures[name], string(b))
			key := strings.TrimSuffix(r.Properties["Content"].(map[string]any)["S3Key"].(string), ".zip")
			var files []string
			root := filepath.Join(out, "asset."+key)
			filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
				if err == nil && !info.IsDir() {
					rel, _ := filepath.Rel(root, path)
					files = append(files, filepath.ToSlash(rel)+" "+info.Mode().String())
				}
				return err
			})
			if !slices.Equal(files, []string{"corsgate/wrap -rwxr-xr-x"}) {
				t.Errorf("%s: the layer has %q", id, files)
			}
		}
		slices.Sort(architectures[name])
	}
	if got := architectures; !slices.Equal(got["S"], []string{`["arm64"]`, `["x86_64"]`}) || !slices.Equal(got["T"], []string{`["x86_64"]`}) {
		t.Errorf("the layers are for %v", got)
	}

	// It runs as deployed.
	var warned []string
	for _, fn := range []awslambda.IFunction{plain, arm} {
		for _, m := range *fn.Node().Metadata() {
			if *m.Type == "aws:cdk:warning" {
				warned = append(warned, *fn.Node().Id()+": "+m.Data.(string))
			}
		}
	}
	if len(warned) != 1 || !strings.Contains(warned[0], "Plain: corsgate: the function has 128 MB of memory") {
		t.Errorf("warned: %q", warned)
	}
	opened, err := cfn.Open([]string{filepath.Join(out, "S.template.json")}, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := lambdarun.New(lambdarun.Options{Functions: lambdarun.Functions(opened)})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	id := *stack.GetLogicalId(plain.Node().DefaultChild().(awscdk.CfnElement))
	r, err := pool.Invoke(t.Context(), id, []byte(`{"requestContext":{"resourceId":"x"},"httpMethod":"GET","headers":{"Origin":"https://app.example.com"},"stageVariables":{"corsOrigins":"https://app.example.com"}}`))
	if err != nil || !strings.Contains(string(r.Payload), `"Access-Control-Allow-Origin":"https://app.example.com"`) || strings.Contains(string(r.Payload), `"*"`) {
		t.Errorf("got %s, %v", r.Payload, err)
	}
}

// A function whose wrapper is switched off is not paired.
func TestAttachOff(t *testing.T) {
	t.Setenv("CDK_CLI_VERSION", "2") // which prints annotations
	app, _ := newApp(t, nil)
	stack := awscdk.NewStack(app, jsii.String("S"), nil)
	api := corsapi.NewRestApi(stack, jsii.String("Api"), &corsapi.RestApiProps{Cors: cors.Must(cors.Config{Origins: []string{"https://app.example.com"}})})
	methods := map[string]awsapigateway.Method{}
	for _, off := range []string{"0", "1"} {
		fn := awslambda.NewFunction(stack, jsii.String("F"+off), with(nil))
		corsfunction.Attach(fn, nil)
		fn.AddEnvironment(jsii.String("CORSGATE_OFF"), &off, nil)
		methods[off] = api.Root().AddResource(&off, nil).AddMethod(jsii.String("GET"), awsapigateway.NewLambdaIntegration(fn, nil), nil)
	}
	app.Synth(nil)
	for off, want := range map[string]string{"0": "", "1": "CORSGATE_OFF switches the wrapper off"} {
		if text := strings.Join(errorsOf(methods[off].Node().DefaultChild()), "\n"); want == "" && text != "" || !strings.Contains(text, want) {
			t.Errorf("CORSGATE_OFF=%s: %q, want %q", off, text, want)
		}
	}
}

// A wrapper that is set afterwards would run in this one's place.
func TestAttachBefore(t *testing.T) {
	t.Setenv("CDK_CLI_VERSION", "")
	app, _ := newApp(t, nil)
	fn := awslambda.NewFunction(awscdk.NewStack(app, jsii.String("S"), nil), jsii.String("F"), with(nil))
	corsfunction.Attach(fn, nil)
	fn.AddEnvironment(jsii.String("AWS_LAMBDA_EXEC_WRAPPER"), jsii.String("/opt/otel-handler"), nil)
	defer func() {
		if v := recover(); v == nil || !strings.Contains(v.(error).Error(), "AWS_LAMBDA_EXEC_WRAPPER was set to /opt/otel-handler after it") {
			t.Errorf("got %v", v)
		}
	}()
	app.Synth(nil)
}
