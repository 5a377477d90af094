// Command broken imports corslambda and does not compile.
package main

import _ "github.com/corsgate/corsgate/constructs/corslambda"

func main() { undefinedHere() }
