// Command catalog is the example CDK app: a small shop's API behind one policy.
// `cdk synth` runs it, from cdk.json.
//
// The allowlist is the context value corsgate:allowedOrigins, a list, or text
// with commas when it is given with -c on the command line.
package main

import (
	"log"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/corsgate/corsgate/apps/catalog/stack"
	"github.com/corsgate/corsgate/constructs/corsapp"
)

func main() {
	log.SetFlags(0)
	app := awscdk.NewApp(nil)
	policy, err := stack.Policy(app)
	if err != nil {
		log.Fatalf("catalog: %v", err)
	}
	stack.New(app, "CatalogStack", policy)
	corsapp.Synth(app)
}
