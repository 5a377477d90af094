// Command catalog is the example CDK app: a small shop's API behind one policy.
// `cdk synth` runs it, from cdk.json.
//
// The allowlist is the context value corsgate:allowedOrigins, a list, or text
// with commas when it is given with -c on the command line.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/apps/catalog/stack"
)

func main() {
	code := run()
	if code != 0 {
		// Closing races with the end of the JavaScript process, and may print a
		// line about that after the one message.
		os.Stderr, _ = os.Open(os.DevNull)
	}
	jsii.Close() // removes the temporary folder of the JavaScript process
	os.Exit(code)
}

func run() int {
	app := awscdk.NewApp(nil)
	policy, err := stack.Policy(app)
	if err != nil {
		fmt.Fprintf(os.Stderr, "catalog: %v\n", err)
		os.Remove(*app.Outdir()) // NewApp made the folder; with anything in it, it stays
		return 1
	}
	stack.New(app, "CatalogStack", policy)
	app.Synth(nil)
	return 0
}
