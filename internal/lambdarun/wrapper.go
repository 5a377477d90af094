package lambdarun

import (
	"cmp"
	"os"

	"github.com/corsgate/corsgate/internal/wrapper"
)

// A process of this program that has this variable is the wrapper of a function. So what
// runs functions needs no other program than itself, for whatever machine the function's
// layer is built.
const asWrapper = "CORSGATE_RUN_AS_WRAPPER"

func init() {
	if os.Getenv(asWrapper) == "1" {
		os.Unsetenv(asWrapper)
		os.Exit(wrapper.Main(os.Args[1:]))
	}
}

// wrapped reports whether f runs behind corsgate's wrapper, once it is deployed and here.
func (f *Function) wrapped() bool {
	return wrapper.FromLayer(f.Environment[wrapper.Variable], f.Layers, f.Runtime)
}

// mayBeWrapped returns the expression on which it hangs whether f runs behind the wrapper, "" if that is known.
func (f *Function) mayBeWrapped() string {
	const variables = "Environment.Variables."
	if at := f.Unresolved[variables+wrapper.Variable]; at != "" || f.Environment[wrapper.Variable] != wrapper.Program {
		return at
	}
	return cmp.Or(f.Unresolved["Layers"], f.Unresolved[variables+wrapper.Off])
}

// wrap has p be started by the wrapper.
func (p *program) wrap() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p.argv = append([]string{self}, p.argv...)
	return nil
}
