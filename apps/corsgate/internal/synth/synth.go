// Package synth synthesizes a CDK app, as the CDK's command line does, without the CDK.
package synth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// An AppError is an app that could not be run, or that failed.
type AppError struct {
	Command string // cdk.json's app
	Err     error
	Output  string // what the app wrote
}

// Error says it in a line, without the output.
func (e *AppError) Error() string { return fmt.Sprintf("the app failed: %s: %v", e.Command, e.Err) }

func (e *AppError) Unwrap() error { return e.Err }

// Run runs the app that cdk.json in dir names, which writes its cloud assembly to out. Its errors are an
// [*AppError], or say what is wrong with cdk.json.
//
// The CDK's command line does the same: the command runs in a shell, in dir, and finds in its environment where to write
// and the context (https://docs.aws.amazon.com/cdk/v2/guide/context.html). What it can do beside that is left out:
// looking up what the context lacks, and plugins.
func Run(ctx context.Context, dir, out string) error {
	name := filepath.Join(dir, "cdk.json")
	var config struct {
		App     string
		Context map[string]any
	}
	if err := read(name, &config); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: no such file; name the app's folder with --app, or a template with --template", name)
	} else if err != nil {
		return err
	}
	if config.App == "" {
		return fmt.Errorf("%s: no \"app\", the command that synthesizes", name)
	}
	context := map[string]any{
		// By these the CDK's command line has it written where the code of a function is.
		"aws:cdk:enable-asset-metadata": true, "aws:cdk:enable-path-metadata": true,
		// And by this its apps leave it to it what a validation plugin finds, corsgate's own being one.
		"@aws-cdk/core:failSynthOnValidationErrors": false,
	}
	// What was looked up once counts less than what a person wrote.
	var remembered map[string]any
	if err := read(filepath.Join(dir, "cdk.context.json"), &remembered); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	maps.Copy(context, remembered)
	maps.Copy(context, config.Context)
	contextJSON, err := json.Marshal(context)
	if err != nil {
		return err
	}
	out, err = filepath.Abs(out)
	if err != nil {
		return err
	}
	shell := []string{"/bin/sh", "-c"}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/C"}
	}
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, shell[0], append(shell[1:], config.App)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CDK_OUTDIR="+out, "CDK_CONTEXT_JSON="+string(contextJSON),
		// The CDK's own validation of every template takes longer than all else; to validate is a matter of deploying.
		"CDK_VALIDATION=false")
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = 5 * time.Second
	family(cmd)
	if err := cmd.Run(); err != nil {
		return &AppError{config.App, err, output.String()}
	}
	if _, err := os.Stat(filepath.Join(out, "manifest.json")); errors.Is(err, fs.ErrNotExist) {
		return &AppError{config.App, errors.New("it ended well and wrote no cloud assembly to CDK_OUTDIR"), output.String()}
	}
	return nil
}

func read(name string, v any) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
