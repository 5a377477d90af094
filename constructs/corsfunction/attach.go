package corsfunction

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/internal/cdkbridge"
	"github.com/corsgate/corsgate/internal/cdkbridge/paired"
	"github.com/corsgate/corsgate/internal/gohandler"
	"github.com/corsgate/corsgate/internal/wrapper"
)

// AttachProps are the options of [Attach]. All of them are optional.
type AttachProps struct {
	// ErrorsAsResponses turns an error of the function into a response with status
	// 500 and the CORS headers, so that pages see the status. To Lambda the
	// invocation is then a success: its Errors metric does not count it, API
	// Gateway's 5XXError does.
	ErrorsAsResponses bool

	// ImageHasWrapper reports whether the function's container image has the wrapper at
	// /opt/corsgate/wrap, because images cannot have layers. docs/existing-functions.md has
	// the two lines for a Dockerfile.
	ImageHasWrapper bool
}

// What Lambda allows, and what the wrapper needs beside the function.
const (
	maxLayers = 5
	defaultMB = 128
	fewMB     = 160
)

// Attach makes fn send the CORS headers of the stage's policy. fn may be in
// Node.js, Python, Java, .NET or Ruby: a wrapper around its runtime puts the
// headers into its responses and responds to its preflights. Code, handler and
// dependencies stay as they are. The wrapper is a layer that is built now, from the
// version of corsgate in go.mod, for the function's architecture.
// docs/existing-functions.md says what it costs.
//
// The wrapper removes the function's own CORS headers from every response to a REST
// API. A stage without an allowlist then refuses every origin, so do not attach to a
// function that an API without an allowlist uses as well.
//
// A wrapper that the function already has, in AWS_LAMBDA_EXEC_WRAPPER, is started by
// this one; call Attach after the code that sets it.
//
// What it cannot be attached to is an error of the synthesis, reported as
// [NewGoFunction] does: functions with an OS-only runtime (provided.*), those of
// another app, aliases and versions, container images without the program, functions
// behind the Lambda Web Adapter, Lambda@Edge, and functions with five layers.
func Attach(fn awslambda.IFunction, props *AttachProps) {
	if props == nil {
		props = &AttachProps{}
	}
	resource, err := functionResource(fn)
	if err != nil {
		report(fn, []error{err})
		return
	}
	before := read(resource)
	target, ok := fn.(interface {
		AddLayers(layers ...awslambda.ILayerVersion)
		AddEnvironment(key, value *string, options *awslambda.EnvironmentOptions) awslambda.Function
	})
	if !ok { // known as an IFunction alone
		var cast awslambda.Function
		jsii.UnsafeCast(fn, &cast)
		target = cast
	}
	set := func(name, value string) { target.AddEnvironment(&name, &value, nil) }
	if before.variables[wrapper.Variable] == wrapper.Program { // attached
		if props.ErrorsAsResponses {
			set(wrapper.ErrorsAsResponses, "1")
		}
		return
	}
	faults := before.faults(props)
	var program *gohandler.Program
	if goarch, ok := gohandler.Architecture(before.architecture); !ok {
		faults = append(faults, fmt.Errorf("its architecture is %q: the wrapper is for arm64 and x86_64", before.architecture))
	} else if program = &placeholder; len(faults) == 0 && !before.image && *awscdk.Stack_Of(fn).BundlingRequired() {
		if program, err = gohandler.BuildWrapper(goarch); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		for i, fault := range faults {
			faults[i] = fmt.Errorf("corsfunction.Attach: %w", fault)
		}
		report(fn, faults)
		return
	}
	if 0 < before.memory && before.memory < fewMB { // a token is a negative number
		cdkbridge.Warn(fn, "corsgate::attach-memory", fmt.Sprintf("corsgate: the function has %.0f MB of memory, and the wrapper takes about 13 of them: give it %d or more", before.memory, fewMB))
	}

	if !before.image {
		target.AddLayers(layer(awscdk.Stack_Of(fn), before.architecture, program))
	}
	if theirs, ok := before.variables[wrapper.Variable].(string); ok {
		set(wrapper.Next, theirs)
	}
	set(wrapper.Variable, wrapper.Program)
	if props.ErrorsAsResponses {
		set(wrapper.ErrorsAsResponses, "1")
	}
	resource.Node().AddValidation(&unchanged{resource})
	paired.Mark(fn, paired.Attached)
}

// functionResource returns the function of this app that fn is.
func functionResource(fn awslambda.IFunction) (awslambda.CfnFunction, error) {
	_, edge := fn.(interface {
		CurrentVersion() awslambda.IVersion
		EdgeArn() *string
	})
	// A SingletonFunction is not the construct that its resource belongs to.
	for _, node := range []constructs.Node{fn.Node(), fn.PermissionsNode()} {
		switch r := node.DefaultChild().(type) {
		case awslambda.CfnFunction:
			if !edge {
				return r, nil
			}
		case awslambda.CfnAlias, awslambda.CfnVersion:
			return nil, errors.New("corsfunction.Attach: this is an alias or a version: attach to its function, of which they are made")
		}
	}
	if edge {
		return nil, errors.New("corsfunction.Attach: a function of Lambda@Edge has neither layers nor environment variables, and is behind no REST API")
	}
	return nil, errors.New("corsfunction.Attach: this function is imported, and only the app that owns it can change it: attach to it there, and say so here with corsfunction.Emits; without an app, docs/existing-functions.md has what to add by hand")
}

// A configuration is what a function has that decides whether it can be attached to.
type configuration struct {
	runtime, architecture string
	image                 bool
	memory                float64
	layers                []any
	variables             map[string]any
}

func read(r awslambda.CfnFunction) *configuration {
	c := &configuration{architecture: "x86_64", memory: defaultMB}
	if v := r.Runtime(); v != nil {
		c.runtime = *v
	}
	if v := r.Architectures(); v != nil && len(*v) > 0 {
		c.architecture = *(*v)[0]
	}
	if v := r.MemorySize(); v != nil {
		c.memory = *v
	}
	c.image = r.PackageType() != nil && *r.PackageType() == "Image"
	// The CDK's versions differ in what the accessors of these return.
	tree := cdkbridge.Read(awscdk.Stack_Of(r), map[string]cdkbridge.Want{"AWS::Lambda::Function": {Of: []string{*r.Ref()}, Resolve: []string{"layers", "environment"}}}, "")
	for _, f := range tree.Resources {
		c.layers, _ = f.Resolved["layers"].([]any)
		environment, _ := f.Resolved["environment"].(map[string]any)
		c.variables, _ = environment["variables"].(map[string]any)
	}
	return c
}

// faults returns why the wrapper cannot be attached, all of it.
func (c *configuration) faults(props *AttachProps) []error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	theirs, has := c.variables[wrapper.Variable]
	_, known := theirs.(string)
	layers, err := json.Marshal(c.layers)
	if err != nil {
		panic(err) // it is what CloudFormation gets
	}
	switch {
	case c.image && !props.ImageHasWrapper:
		fault("its code is a container image, which has no layers: COPY --from the wrapper into it, as docs/existing-functions.md has it, and set AttachProps.ImageHasWrapper")
	case !c.image && props.ImageHasWrapper:
		fault("AttachProps.ImageHasWrapper is for container images, and this function has the runtime %s: leave it out", c.runtime)
	case !c.image && strings.HasPrefix(c.runtime, "provided"):
		fault("its runtime is %s, for which Lambda starts no wrapper: in Go, wrap the handler with corslambda (corsfunction.NewGoFunction does); in another language, have the program emit the headers and say so with corsfunction.Emits", c.runtime)
	case !c.image && !wrapper.Starts(c.runtime):
		fault("its runtime is %s: Lambda starts wrappers for %s; use a runtime that it does", c.runtime, wrapper.Runtimes)
	}
	if theirs == "/opt/bootstrap" || strings.Contains(string(layers), "LambdaAdapterLayer") {
		fault("it is behind the Lambda Web Adapter, which asks for events itself, past the runtime and this wrapper: have the web application emit the headers (cors.Policy.Handler in Go) and say so with corsfunction.Emits")
	} else if has && !known {
		fault("its environment variable %s is known only when it is deployed: set it to a text, so that this wrapper can start that one", wrapper.Variable)
	}
	if !c.image && len(c.layers) >= maxLayers {
		fault("it has %d layers and the wrapper is another one: Lambda allows %d; take one away, or put several into one", len(c.layers), maxLayers)
	}
	return faults
}

// layer returns the layer of a stack for an architecture.
func layer(stack awscdk.Stack, architecture string, program *gohandler.Program) awslambda.ILayerVersion {
	id := "CorsgateWrapper" + strings.ToUpper(strings.ReplaceAll(architecture, "_", ""))
	if there, ok := stack.Node().TryFindChild(&id).(awslambda.LayerVersion); ok {
		return there
	}
	dir, remove := stage(stack, program, wrapper.InLayer)
	defer remove()
	return awslambda.NewLayerVersion(stack, &id, &awslambda.LayerVersionProps{
		Code:                    awslambda.Code_FromAsset(&dir, &awss3assets.AssetOptions{AssetHash: &program.Sum}),
		CompatibleArchitectures: &[]awslambda.Architecture{awslambda.Architecture_Custom(&architecture, nil)},
		Description:             jsii.String("corsgate: puts the CORS headers of the stage's policy into a function's responses"),
	})
}

// unchanged holds at synthesis that the function is still attached.
type unchanged struct{ resource awslambda.CfnFunction }

// Validate returns what is wrong with the function.
func (u *unchanged) Validate() *[]*string {
	c := read(u.resource)
	texts := []*string{}
	if got := c.variables[wrapper.Variable]; got != wrapper.Program {
		texts = append(texts, jsii.String(fmt.Sprintf("corsgate: corsfunction.Attach: %s was set to %v after it, so that this wrapper would not run: call Attach after what sets it", wrapper.Variable, got)))
	}
	return &texts
}
