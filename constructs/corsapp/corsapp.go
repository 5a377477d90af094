// Package corsapp ends the main function of an AWS CDK app.
package corsapp

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// Synth synthesizes an app. Call it at the end of main, instead of App.Synth and
// jsii.Close: it ends the JavaScript process that the CDK runs in, and the CDK
// cannot be used afterwards.
//
// If the app is invalid (a validation of a construct or of a plugin fails), it
// prints why and ends the program with status 1. App.Synth would panic, and Go
// would print a stack trace. Any other panic is passed on.
//
// Without it, jsii.Close may print "Runtime process exited abnormally: waitid: no
// child processes" after a successful synthesis: two goroutines of the jsii
// runtime wait for the end of one process.
//
// Tests call App.Synth, or assertions.Template_FromStack.
func Synth(app awscdk.App) {
	invalid := synth(app)
	closeQuietly()
	if invalid != "" {
		fmt.Fprintf(os.Stderr, "\n%s\n", invalid)
		os.Exit(1)
	}
}

// synth returns why the app is invalid, and "" where it is not.
func synth(app awscdk.App) (invalid string) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		// The kernel passes on an error's name and message as text.
		name, message, ok := strings.Cut(fmt.Sprint(v), ": ")
		if !ok || name != "ValidationFailed" && !strings.HasPrefix(message, "Validation failed with the following errors:") {
			panic(v)
		}
		invalid = message
	}()
	app.Synth(nil)
	return ""
}

// closeQuietly ends the JavaScript process, which waits for what the CDK prints,
// and leaves out that it has ended.
func closeQuietly() {
	r, w, err := os.Pipe()
	if err != nil {
		jsii.Close()
		return
	}
	stderr := os.Stderr
	os.Stderr = w
	done := make(chan struct{})
	go func() {
		defer close(done)
		for in := bufio.NewReader(r); ; {
			line, err := in.ReadString('\n')
			if !strings.HasPrefix(line, "Runtime process exited abnormally") {
				stderr.WriteString(line)
			}
			if err != nil {
				return
			}
		}
	}()
	jsii.Close()
	// The other goroutine may not have printed it yet.
	for end := time.Now().Add(time.Second); waiting() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	os.Stderr = stderr
	w.Close()
	<-done
}

// waiting reports whether a goroutine of the jsii runtime still looks after its
// process.
func waiting() bool {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return bytes.Contains(stacks, []byte("jsii-runtime-go/internal/kernel/process."))
}
