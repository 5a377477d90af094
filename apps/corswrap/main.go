// Corswrap is the wrapper that corsfunction.Attach puts around a Lambda function's runtime,
// for functions in any language: it puts the CORS headers of the stage's policy into their
// responses. Lambda starts it where AWS_LAMBDA_EXEC_WRAPPER names it, with the runtime's
// command as its arguments:
//
//	corswrap /var/lang/bin/node /var/runtime/index.mjs
package main

import (
	"os"

	"github.com/corsgate/corsgate/internal/wrapper"
)

func main() { os.Exit(wrapper.Main(os.Args[1:])) }
