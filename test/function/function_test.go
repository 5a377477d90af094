// Package function tests corsfunction in real CDK apps.
//
// The jsii kernel is slow to start and deadlocks when used from several
// goroutines, so the tests are few and run one after another.
package function

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/corsfunction"
	"github.com/corsgate/corsgate/internal/cdkbridge/paired"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/lambdarun"
)

func TestMain(m *testing.M) {
	if _, err := exec.LookPath("node"); err != nil {
		fmt.Fprintln(os.Stderr, "these tests need node, which runs the AWS CDK:", err)
		if os.Getenv("CI") != "" {
			os.Exit(1)
		}
		fmt.Fprintln(os.Stderr, "skipped")
		os.Exit(0)
	}
	// The jsii client took the environment when its package was initialized; it
	// takes it anew after Close.
	jsii.Close()
	os.Setenv("CDK_VALIDATION", "false")
	os.Setenv("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// newApp returns an app whose assembly is in a directory of the test's.
func newApp(t *testing.T, context map[string]any) (awscdk.App, string) {
	t.Helper()
	out := t.TempDir()
	return awscdk.NewApp(&awscdk.AppProps{Outdir: &out, Context: &context}), out
}

// A template is as much of a CloudFormation template as is looked at here.
type template struct {
	Resources map[string]struct {
		Type       string
		Properties map[string]any
		Metadata   map[string]any
	}
}

func readTemplate(t *testing.T, out, stack string) template {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(out, stack+".template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tpl template
	if err := json.Unmarshal(b, &tpl); err != nil {
		t.Fatal(err)
	}
	return tpl
}

// of returns the resource behind a construct.
func (tpl template) of(c constructs.IConstruct) (properties, metadata map[string]any) {
	child := c.Node().DefaultChild().(awscdk.CfnResource)
	r := tpl.Resources[*child.Stack().GetLogicalId(child)]
	return r.Properties, r.Metadata
}

// code returns the executable that the template's function would be deployed with.
func (tpl template) code(t *testing.T, out string, c constructs.IConstruct) (key string, bootstrap []byte) {
	t.Helper()
	properties, _ := tpl.of(c)
	key, _ = properties["Code"].(map[string]any)["S3Key"].(string)
	exe := filepath.Join(out, "asset."+strings.TrimSuffix(key, ".zip"), "bootstrap")
	b, err := os.ReadFile(exe)
	if err != nil {
		t.Fatalf("%s: %v", *c.Node().Path(), err)
	}
	info, err := os.Stat(exe)
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%s: mode of the executable: %v, %v", *c.Node().Path(), info.Mode(), err)
	}
	return key, b
}

// errorsOf returns the error annotations of a construct.
func errorsOf(c constructs.IConstruct) []string {
	var texts []string
	for _, m := range *c.Node().Metadata() {
		if *m.Type == "aws:cdk:error" {
			texts = append(texts, m.Data.(string))
		}
	}
	return texts
}

// litter returns what a build might have left behind, and assets with a name that
// CDK would not give the code of a function.
func litter(t *testing.T, dirs ...string) []string {
	t.Helper()
	var names []string
	for _, dir := range dirs {
		found, err := filepath.Glob(filepath.Join(dir, "corsgate*"))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
		assets, err := filepath.Glob(filepath.Join(dir, "asset.*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range assets {
			if len(filepath.Base(name)) != len("asset.")+64 {
				names = append(names, name)
			}
		}
	}
	return names
}

func TestFunction(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("CDK_CLI_VERSION", "2") // which prints annotations
	app, out := newApp(t, map[string]any{"aws:cdk:bundling-stacks": []string{"Good", "Twin", "Faulty"}})
	stack := func(name string) awscdk.Stack { return awscdk.NewStack(app, &name, nil) }
	good, twin, faulty, skipped := stack("Good"), stack("Twin"), stack("Faulty"), stack("Skipped")

	// What NewGoFunction takes and gives.
	props := corsfunction.GoFunctionProps{
		Entry: "testdata/good",
		FunctionProps: awslambda.FunctionProps{
			MemorySize:  jsii.Number(256),
			Description: jsii.String("as it is"),
			Environment: &map[string]*string{"A": jsii.String("b")},
		},
	}
	before := props
	fn := corsfunction.NewGoFunction(good, jsii.String("Handler"), &props)
	if !reflect.DeepEqual(props, before) {
		t.Errorf("the caller's props are now %+v", props)
	}
	if want, _ := filepath.Abs("testdata/good"); fn.Entry() != want {
		t.Errorf("Entry() = %q, want %q", fn.Entry(), want)
	}
	// From the root of the module.
	again := corsfunction.NewGoFunction(good, jsii.String("Again"), &corsfunction.GoFunctionProps{Entry: "test/function/testdata/good"})
	x86 := corsfunction.NewGoFunction(good, jsii.String("X86"), &corsfunction.GoFunctionProps{
		Entry: "testdata/good",
		FunctionProps: awslambda.FunctionProps{
			Architecture: awslambda.Architecture_X86_64(),
			Handler:      jsii.String("mine"),
		},
	})
	alias := fn.AddAlias(jsii.String("live"), nil)
	version := x86.CurrentVersion()

	// The same ids in another stack, where the function is of somebody else.
	other := awslambda.NewFunction(twin, jsii.String("Handler"), plain())
	declared := awslambda.NewFunction(twin, jsii.String("Declared"), plain())
	corsfunction.Emits(declared)
	corsfunction.Emits(declared) // twice is once
	singleton := awslambda.NewSingletonFunction(twin, jsii.String("Singleton"), &awslambda.SingletonFunctionProps{
		Uuid: jsii.String("u"), Code: plain().Code, Runtime: plain().Runtime, Handler: plain().Handler,
	})
	corsfunction.Emits(singleton)
	byARN := awslambda.Function_FromFunctionArn(twin, jsii.String("ByArn"), jsii.String("arn:aws:lambda:us-east-1:123456789012:function:there"))
	corsfunction.Emits(byARN)
	byName := awslambda.Function_FromFunctionName(twin, jsii.String("ByName"), jsii.String("there2"))
	corsfunction.Emits(byName)
	unknown := awslambda.Function_FromFunctionName(twin, jsii.String("Unknown"), jsii.String("there"))
	ownAlias := awslambda.NewAlias(twin, jsii.String("Own"), &awslambda.AliasProps{AliasName: jsii.String("own"), Version: other.CurrentVersion()})
	otherAlias := awslambda.NewAlias(twin, jsii.String("Other"), &awslambda.AliasProps{AliasName: jsii.String("other"), Version: other.CurrentVersion()})
	corsfunction.Emits(ownAlias)

	// What NewGoFunction refuses.
	refuse := func(id string, props *corsfunction.GoFunctionProps) *corsfunction.GoFunction {
		return corsfunction.NewGoFunction(faulty, &id, props)
	}
	refusals := []struct {
		fn   *corsfunction.GoFunction
		want []string
	}{
		{refuse("Nothing", nil), []string{`no entry is given; name the directory`}},
		{refuse("Missing", &corsfunction.GoFunctionProps{Entry: "nowhere"}), []string{`handler "nowhere": there is no such directory`}},
		{refuse("Library", &corsfunction.GoFunctionProps{Entry: "testdata/library"}), []string{`package library is not a program`}},
		{refuse("Unpaired", &corsfunction.GoFunctionProps{Entry: "testdata/unpaired"}), []string{`does not import github.com/corsgate/corsgate/constructs/corslambda`}},
		{refuse("Both", &corsfunction.GoFunctionProps{Entry: "testdata/both"}), []string{`does not import`, `main.go:4:15: undefined: undefinedThere`}},
		{refuse("Props", &corsfunction.GoFunctionProps{Entry: "testdata/broken", FunctionProps: *plain()}), []string{
			`the property Code cannot be set`, `the property Runtime cannot be set`, `undefined: undefinedHere`}},
		{refuse("Arch", &corsfunction.GoFunctionProps{Entry: "nowhere", FunctionProps: awslambda.FunctionProps{
			Architecture: awslambda.Architecture_Custom(jsii.String("riscv64"), nil)}}), []string{`"riscv64": it can be ARM_64 or X86_64`, `no such directory`}},
	}

	// A stack that is not asked for is not built, so its faults do not show.
	idle := corsfunction.NewGoFunction(skipped, jsii.String("Idle"), &corsfunction.GoFunctionProps{Entry: "testdata/unpaired"})

	// Every kind of function, behind an API, in either stack.
	type route struct {
		fn    awslambda.IFunction
		emits bool
	}
	routes := []route{
		{fn, true}, {alias, true}, {version, true}, {declared, true}, {singleton, true}, {byARN, true}, {byName, true}, {ownAlias, true},
		{other, false}, {otherAlias, false}, {unknown, false},
	}
	methods := map[awsapigateway.Method]route{}
	api := awsapigateway.NewRestApi(twin, jsii.String("Api"), nil)
	near := awsapigateway.NewRestApi(good, jsii.String("Api"), nil)
	get := jsii.String("GET")
	for i, r := range routes {
		if r.fn == awslambda.IFunction(fn) { // beside it: its id is also another's in Twin
			methods[near.Root().AddMethod(get, awsapigateway.NewLambdaIntegration(fn, nil), nil)] = r
			continue
		}
		resource := api.Root().AddResource(jsii.String(fmt.Sprintf("r%d", i)), nil)
		methods[resource.AddMethod(get, awsapigateway.NewLambdaIntegration(r.fn, nil), nil)] = r
	}

	emitters := paired.Find(app)
	for m, r := range methods {
		path := *r.fn.Node().Path()
		integration := awscdk.Stack_Of(m).Resolve(m.Node().DefaultChild().(awsapigateway.CfnMethod).Integration()).(map[string]any)
		want := paired.No
		switch {
		case strings.HasSuffix(path, "/Handler"):
			want = paired.Unclear // two stacks have one of that logical id, and one emits
		case r.emits:
			want = paired.Yes
		}
		if got := emitters.Emits(integration["uri"], func() string { return "" }); got != want {
			t.Errorf("%s: by its method's uri it emits: %v, want %v\n%v", path, got, want, integration["uri"])
		}
		if got := paired.Marked(r.fn); got != r.emits {
			t.Errorf("%s: marked: %v, want %v", path, got, r.emits)
		}
	}

	app.Synth(nil)
	if left := litter(t, out, os.TempDir()); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}

	tpl := readTemplate(t, out, "Good")
	for _, want := range []struct {
		fn      *corsfunction.GoFunction
		handler string
		arch    string
		machine elf.Machine
	}{
		{fn, "bootstrap", "arm64", elf.EM_AARCH64},
		{again, "bootstrap", "arm64", elf.EM_AARCH64},
		{x86, "mine", "x86_64", elf.EM_X86_64},
	} {
		path := *want.fn.Node().Path()
		properties, metadata := tpl.of(want.fn)
		for name, value := range map[string]any{"Runtime": "provided.al2023", "Handler": want.handler, "Architectures": []any{want.arch}} {
			if !reflect.DeepEqual(properties[name], value) {
				t.Errorf("%s: %s is %v, want %v", path, name, properties[name], value)
			}
		}
		// However it was spelt, and no more of it than is the same on every machine.
		if want := map[string]any{paired.Key: "built", paired.EntryKey: "test/function/testdata/good"}; !reflect.DeepEqual(metadata, want) {
			t.Errorf("%s: metadata %v, want %v", path, metadata, want)
		}
		_, code := tpl.code(t, out, want.fn)
		if exe, err := elf.NewFile(bytes.NewReader(code)); err != nil || exe.Machine != want.machine {
			t.Errorf("%s: not an executable for %v: %v", path, want.machine, err)
		}
		if errs := errorsOf(want.fn); len(errs) > 0 {
			t.Errorf("%s: %q", path, errs)
		}
	}
	// Whoever runs them from the assembly finds the code and the source.
	read, err := cfn.Open([]string{filepath.Join(out, "Good.template.json")}, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	functions := lambdarun.Functions(read)
	if len(functions) != 3 {
		t.Errorf("to be run: %+v", functions)
	}
	for _, f := range functions {
		if _, err := os.Stat(filepath.Join(f.Code.Path, "bootstrap")); err != nil || f.Emits != "built" || f.Entry != "test/function/testdata/good" {
			t.Errorf("to be run: %+v, %v", f, err)
		}
	}
	properties, _ := tpl.of(fn)
	for name, value := range map[string]any{
		"MemorySize": 256.0, "Description": "as it is",
		"Environment": map[string]any{"Variables": map[string]any{"A": "b"}},
	} {
		if !reflect.DeepEqual(properties[name], value) {
			t.Errorf("%s is %v, want %v", name, properties[name], value)
		}
	}
	one, _ := tpl.code(t, out, fn)
	two, _ := tpl.code(t, out, again)
	three, _ := tpl.code(t, out, x86)
	if one != two || one == three {
		t.Errorf("asset keys: %s and %s of one handler, %s for x86", one, two, three)
	}

	tpl = readTemplate(t, out, "Twin")
	for c, want := range map[constructs.IConstruct]any{declared: true, ownAlias: true, other: nil, otherAlias: nil} {
		if _, metadata := tpl.of(c); metadata[paired.Key] != want {
			t.Errorf("%s: metadata %v, want %v", *c.Node().Path(), metadata, want)
		}
	}
	// The resource of a singleton is not the construct's own child.
	if _, metadata := tpl.of(twin.Node().FindChild(jsii.String("SingletonLambdau"))); metadata[paired.Key] != true {
		t.Errorf("the singleton's resource: metadata %v", metadata)
	}
	for _, c := range []constructs.IConstruct{declared, byARN} {
		var marks []any
		for _, m := range *c.Node().Metadata() {
			if *m.Type == paired.Key {
				marks = append(marks, m.Data)
			}
		}
		if !reflect.DeepEqual(marks, []any{true}) {
			t.Errorf("%s: node metadata %v", *c.Node().Path(), marks)
		}
	}

	tpl = readTemplate(t, out, "Faulty")
	var stub []byte
	for _, r := range refusals {
		path := *r.fn.Node().Path()
		got := errorsOf(r.fn)
		if len(got) != len(r.want) {
			t.Errorf("%s: %d errors, want %d: %q", path, len(got), len(r.want), got)
			continue
		}
		for i, want := range r.want {
			if !strings.HasPrefix(got[i], "corsgate: ") || !strings.Contains(got[i], want) {
				t.Errorf("%s: got %q, want %q", path, got[i], want)
			}
		}
		_, metadata := tpl.of(r.fn)
		if metadata[paired.Key] != "placeholder" {
			t.Errorf("%s: metadata %v", path, metadata)
		}
		if _, ok := metadata[paired.EntryKey]; ok != (r.fn.Entry() != "") {
			t.Errorf("%s: metadata %v of a handler in %q", path, metadata, r.fn.Entry())
		}
		_, stub = tpl.code(t, out, r.fn)
	}

	if errs := errorsOf(idle); len(errs) > 0 || !paired.Marked(idle) {
		t.Errorf("%s: %q, marked: %v", *idle.Node().Path(), errs, paired.Marked(idle))
	}
	tpl = readTemplate(t, out, "Skipped")
	if _, code := tpl.code(t, out, idle); !bytes.Equal(code, stub) {
		t.Errorf("the placeholder of a skipped stack is %q", code)
	}
	runPlaceholder(t, stub)
}

// plain returns the properties of a function that corsgate does not build.
func plain() *awslambda.FunctionProps {
	return &awslambda.FunctionProps{
		Code:    awslambda.Code_FromInline(jsii.String("exports.h = async () => ({})")),
		Runtime: awslambda.Runtime_NODEJS_22_X(),
		Handler: jsii.String("index.h"),
	}
}

// runPlaceholder starts the placeholder as Lambda would: it must fail and say why.
func runPlaceholder(t *testing.T, script []byte) {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(exe, script, 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(exe).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "this is a placeholder") {
		t.Errorf("the placeholder: %v, %q", err, out)
	}
}

// An app that is not run by the CDK's command line ends with what is wrong with all
// of its handlers, with status 1 and without a template. One in which nothing is
// wrong prints nothing about the process in which the CDK ran.
func TestProgram(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "app")
	if out, err := exec.Command("go", "build", "-o", bin, "./testdata/app").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := func(cli bool, entries ...string) (status int, stderr string, written bool) {
		t.Helper()
		out := filepath.Join(t.TempDir(), "cdk.out")
		cmd := exec.Command(bin, entries...)
		cmd.Env = append(os.Environ(), "CDK_OUTDIR="+out, "CDK_CLI_VERSION=")
		if cli {
			cmd.Env = append(cmd.Env, "CDK_CLI_VERSION=2.1148.1")
		}
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() <= 0 {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.Lines(errs.String()) {
			if !strings.HasPrefix(line, "!!") { // a banner of the Node that runs the CDK
				lines = append(lines, line)
			}
		}
		_, err := os.Stat(filepath.Join(out, "Shop.template.json"))
		return cmd.ProcessState.ExitCode(), strings.Join(lines, ""), err == nil
	}

	status, stderr, written := run(false, "nowhere", "testdata/good", "testdata/broken")
	if status != 1 || written {
		t.Errorf("exit status %d, want 1; a template was written: %v", status, written)
	}
	for _, want := range []string{
		"[Shop/Handler0] corsgate: handler \"nowhere\": there is no such directory",
		"[Shop/Handler2] corsgate: handler \"testdata/broken\": it does not compile", "undefined: undefinedHere",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
	for _, no := range []string{"Handler1", "goroutine", " at Object.", "the end"} {
		if strings.Contains(stderr, no) {
			t.Errorf("%q in\n%s", no, stderr)
		}
	}
	// The command line reads the annotations, and ends with status 1 itself.
	if status, stderr, written := run(true, "nowhere"); status != 0 || stderr != "the end\n" || !written {
		t.Errorf("run by the CDK: exit status %d, a template was written: %v\n%s", status, written, stderr)
	}
	for range 3 {
		if status, stderr, written := run(false, "testdata/good"); status != 0 || stderr != "the end\n" || !written {
			t.Errorf("exit status %d, a template was written: %v\n%s", status, written, stderr)
		}
	}
}

// A second app in the same process gives the same asset; without staging, its
// assembly refers to the code that was built, so that stays; and a constructor
// that panics leaves nothing.
func TestSecondApp(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var keys []string
	for _, unstaged := range []bool{false, true} {
		app, out := newApp(t, map[string]any{"aws:cdk:disable-asset-staging": unstaged})
		stack := awscdk.NewStack(app, jsii.String("S"), nil)
		fn := corsfunction.NewGoFunction(stack, jsii.String("Handler"), &corsfunction.GoFunctionProps{Entry: "testdata/good"})
		func() {
			defer func() {
				if recover() == nil {
					t.Error("CDK takes two constructs of one id")
				}
			}()
			corsfunction.NewGoFunction(stack, jsii.String("Handler"), &corsfunction.GoFunctionProps{Entry: "testdata/good"})
		}()
		app.Synth(nil)

		tpl := readTemplate(t, out, "S")
		properties, _ := tpl.of(fn)
		keys = append(keys, properties["Code"].(map[string]any)["S3Key"].(string))

		left := litter(t, out, os.TempDir())
		if !unstaged {
			if len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			continue
		}
		var assets struct {
			Files map[string]struct{ Source struct{ Path string } }
		}
		b, err := os.ReadFile(filepath.Join(out, "S.assets.json"))
		if err == nil {
			err = json.Unmarshal(b, &assets)
		}
		if err != nil {
			t.Fatal(err)
		}
		source := assets.Files[strings.TrimSuffix(keys[1], ".zip")].Source.Path
		if !filepath.IsAbs(source) {
			source = filepath.Join(out, source)
		}
		if _, err := os.Stat(filepath.Join(source, "bootstrap")); err != nil {
			t.Errorf("without staging, the asset is gone: %v", err)
		}
	}
	if keys[0] != keys[1] {
		t.Errorf("asset keys: %v", keys)
	}
}

// What a function adds to synthesis, its handler being in the build cache and
// built in this process already.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		app := awscdk.NewApp(nil)
		stack := awscdk.NewStack(app, jsii.String("S"), nil)
		corsfunction.NewGoFunction(stack, jsii.String("Handler"), &corsfunction.GoFunctionProps{Entry: "testdata/good"})
	}
}
