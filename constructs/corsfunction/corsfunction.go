// Package corsfunction is the Lambda side of corsgate in an AWS CDK app: a
// function that is known to emit the CORS headers of its API's policy.
//
// [NewGoFunction] builds one from Go source and refuses a handler that does not import
// corslambda. [Attach] puts a wrapper around the runtime of a function that exists
// already, in another language. [Emits] declares that any other function sends the
// headers itself. The API that invokes any other function reports it at synthesis
// (package corsapi).
package corsfunction

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/internal/cdkbridge/paired"
	"github.com/corsgate/corsgate/internal/gohandler"
)

// GoFunctionProps are the properties of a [GoFunction].
//
// All of [awslambda.FunctionProps] is taken as it is, with these exceptions:
//
//   - Code and Runtime must not be set: the code is built from Entry, for
//     provided.al2023, the runtime AWS has for Go
//     (https://docs.aws.amazon.com/lambda/latest/dg/lambda-golang.html);
//   - Architecture is ARM_64 where it is not set; X86_64 is the other one;
//   - Handler is "bootstrap" where it is not set. The runtime ignores it.
type GoFunctionProps struct {
	awslambda.FunctionProps

	// Entry is the directory of the handler's package main, required. A relative
	// path is looked up in the working directory and then in the root of the
	// module that contains it.
	Entry string
}

// A GoFunction is a Lambda function built from Go source, to be used wherever an
// [awslambda.Function] is.
type GoFunction struct {
	awslambda.Function

	entry string
}

// Entry returns the absolute directory that the handler was built from, or ""
// where GoFunctionProps.Entry names none.
func (f *GoFunction) Entry() string { return f.entry }

// NewGoFunction makes a function of the Go handler at props.Entry. The caller's
// props are not changed.
//
// The handler is built as a static, stripped Linux executable, with the
// caller's go command. The same source has the same asset hash wherever the
// checkout is, if these are the same too:
//
//   - the version of Go: name it in go.mod, with a toolchain line;
//   - GOFLAGS, GOEXPERIMENT, GOFIPS140 and GOWORK, from the environment or from
//     go env -w: if the handler needs any of them, CI needs the same.
//
// Everything else that changes code is set here: GOOS, GOARCH, CGO_ENABLED=0 and
// the baseline of the architecture, GOARM64=v8.0 and GOAMD64=v1; -ldflags,
// -trimpath and -buildvcs in GOFLAGS have no effect.
//
// A handler is built once in a process, however many functions it is in, and not
// at all if the CDK command line does not need the stack (cdk list, or cdk
// deploy of another stack).
//
// All mistakes are reported together: an entry that does not exist or is not a
// program, a handler that does not import corslambda or does not compile (with
// the compiler's message), properties that cannot be set. The CDK command line
// gets error annotations. It prints those of the whole app and exits with status
// 1, and nothing is deployed. In an app that something else runs (go run, a
// test), App.Synth panics with the same message; corsapp.Synth prints it and
// exits with status 1.
func NewGoFunction(scope constructs.Construct, id *string, props *GoFunctionProps) *GoFunction {
	if props == nil {
		props = &GoFunctionProps{}
	}
	fn := props.FunctionProps // a copy
	var faults []error
	if props.Code != nil {
		faults = append(faults, errors.New("the property Code cannot be set: the code is built from Entry; remove it, or use awslambda.NewFunction and corsfunction.Attach or Emits"))
	}
	if props.Runtime != nil {
		faults = append(faults, errors.New("the property Runtime cannot be set: it is always provided.al2023; remove it, or use awslambda.NewFunction and corsfunction.Attach or Emits"))
	}
	fn.Runtime = awslambda.Runtime_PROVIDED_AL2023()
	if fn.Handler == nil {
		fn.Handler = jsii.String(gohandler.Bootstrap)
	}
	if fn.Architecture == nil {
		fn.Architecture = awslambda.Architecture_ARM_64()
	}
	goarch, ok := gohandler.Architecture(*fn.Architecture.Name())
	if !ok {
		faults = append(faults, fmt.Errorf("the property Architecture is %q: it can be ARM_64 or X86_64", *fn.Architecture.Name()))
	}

	f := &GoFunction{}
	if dir, fault := gohandler.Find(props.Entry); fault == nil {
		f.entry = dir
	} else if goarch == "" {
		faults = append(faults, fault) // Build is not there to say it
	}
	var program *gohandler.Program
	if goarch != "" && *awscdk.Stack_Of(scope).BundlingRequired() {
		p, fs := gohandler.Build(props.Entry, goarch)
		for _, fault := range fs {
			faults = append(faults, fault)
		}
		if len(faults) == 0 {
			program = p
		}
	}

	how := paired.Built
	if program == nil {
		program, how = &placeholder, paired.Placeholder
	}
	func() {
		dir, remove := stage(scope, program, gohandler.Bootstrap)
		// CDK hashes and copies an asset while the function is constructed, so
		// its source can go right after, even if the constructor panics.
		defer remove()
		fn.Code = awslambda.Code_FromAsset(&dir, &awss3assets.AssetOptions{
			// The hash of the bytes themselves. CDK's own remembers files by
			// inode, time and size, which temporary files can repeat.
			AssetHash: &program.Sum,
		})
		awslambda.NewFunction_Override(f, scope, id, &fn)
	}()

	report(f, faults)
	paired.Mark(f, how)
	// Not an absolute directory: the template is the same on every machine.
	if entry, ok := gohandler.Relative(f.entry); ok && f.entry != "" {
		paired.Source(f, entry)
	}
	return f
}

// Emits declares that fn itself sends CORS headers, on every response, in
// agreement with the API's policy. Nothing is checked. fn may be a function in
// any language, an imported one, an alias or a version; declaring a function
// also declares its aliases and versions.
func Emits(fn awslambda.IFunction) { paired.Mark(fn, paired.Declared) }

// report has the faults of a function end the synthesis, all those of the app
// together: a panic here would end it at the first fault of the first construct.
func report(f constructs.IConstruct, faults []error) {
	if len(faults) == 0 {
		return
	}
	texts := make([]*string, len(faults))
	for i, fault := range faults {
		texts[i] = jsii.String("corsgate: " + fault.Error())
	}
	if !readsAnnotations(f) {
		// Nobody would see an annotation, and the template would be written.
		f.Node().AddValidation(&invalid{texts})
		return
	}
	for _, text := range texts {
		awscdk.Annotations_Of(f).AddError(text)
	}
}

// readsAnnotations reports whether the app is run by the CDK command line, which
// stops where there is an error annotation, or by another program that says that
// it reports what is wrong.
func readsAnnotations(scope constructs.IConstruct) bool {
	if os.Getenv("CDK_CLI_VERSION") != "" {
		return true
	}
	fails, ok := scope.Node().TryGetContext(jsii.String("@aws-cdk/core:failSynthOnValidationErrors")).(bool)
	return ok && !fails
}

// invalid is a validation that fails.
type invalid struct{ texts []*string }

// Validate returns what is wrong with a function.
func (v *invalid) Validate() *[]*string { return &v.texts }

// placeholder stands where there is no handler. The CDK writes templates in spite
// of error annotations. Deployed, they must not run anything, and must say why: the
// line is in the function's log and API Gateway responds with 502.
var placeholder = func() gohandler.Program {
	script := []byte(`#!/bin/sh
echo 'corsgate: this is a placeholder, not a handler: the handler was not built when this app was synthesized, because it has an error (cdk synth shows it) or because its stack was not asked for' >&2
exit 1
`)
	sum := sha256.Sum256(script)
	return gohandler.Program{Code: script, Sum: hex.EncodeToString(sum[:])}
}()

// stage writes program to a file of a directory that can be made an asset, and gives
// the function that removes it. It is inside the cloud assembly, where CDK's own
// bundling works too, so that even a killed synthesis leaves nothing elsewhere.
func stage(scope constructs.Construct, program *gohandler.Program, file string) (dir string, remove func()) {
	// Without a dot: CDK would take what follows for a file's extension.
	dir = filepath.Join(*awscdk.Stage_Of(scope).AssetOutdir(), "corsgate-"+program.Sum)
	// Without staging (cdk synth --no-staging) the assembly refers to the source
	// instead of a copy, so it has to stay.
	remove = func() { os.RemoveAll(dir) }
	if disabled, ok := scope.Node().TryGetContext(jsii.String("aws:cdk:disable-asset-staging")).(bool); ok && disabled {
		remove = func() {}
	}
	exe := filepath.Join(dir, filepath.FromSlash(file))
	err := os.MkdirAll(filepath.Dir(exe), 0o755)
	if err == nil {
		err = os.WriteFile(exe, program.Code, 0o755)
	}
	if err == nil {
		// Lambda runs the code as another user, so the mode must not depend on
		// the umask here.
		err = os.Chmod(exe, 0o755)
	}
	if err != nil {
		remove()
		panic(fmt.Errorf("corsgate: a program cannot be written to the cloud assembly: %w", err))
	}
	return dir, remove
}
