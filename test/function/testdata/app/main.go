// Command app is a user's app, with a function of each entry that it is given.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/corsapp"
	"github.com/corsgate/corsgate/constructs/corsfunction"
)

func main() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	for i, entry := range os.Args[1:] {
		corsfunction.NewGoFunction(stack, jsii.String(fmt.Sprint("Handler", i)), &corsfunction.GoFunctionProps{Entry: entry})
	}
	corsapp.Synth(app)
	fmt.Fprintln(os.Stderr, "the end")
}
