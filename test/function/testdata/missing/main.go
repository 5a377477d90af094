// Command missing imports a package that does not exist.
package main

import _ "github.com/corsgate/corsgate/constructs/nowhere"

func main() {}
