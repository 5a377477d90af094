package lambdarun

import "fmt"

// A Reason says why a function cannot be run. The set is closed.
type Reason string

// The reasons of an [Error].
const (
	UnknownFunction Reason = "unknown-function" // the pool has no such function
	UnknownRuntime  Reason = "unknown-runtime"  // none that can be run here
	NoCode          Reason = "no-code"          // its code is not at hand
	NoInterpreter   Reason = "no-interpreter"   // node or python3 is not installed
	OtherMachine    Reason = "other-machine"    // built for another processor or operating system, and no source is known
	NotBuilt        Reason = "not-built"        // its source cannot be built for this machine
	NotStarted      Reason = "not-started"      // its process cannot be started
	EventTooLarge   Reason = "event-too-large"  // Lambda would refuse the event
	Closed          Reason = "closed"           // the pool is closed
)

// An Error is a function that could not be run: nothing of it was invoked. What
// a function that was run did wrong is in [Result.FunctionError].
type Error struct {
	Function string // its logical id
	Reason   Reason
	Text     string // what is wrong, in words
	Fix      string // what to do; empty where Text says it
}

// Error returns the value, what is wrong with it, and the fix.
func (e *Error) Error() string {
	s := fmt.Sprintf("function %s: %s", e.Function, e.Text)
	if e.Fix != "" {
		s += "; " + e.Fix
	}
	return s
}
