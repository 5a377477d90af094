package plan

import (
	"regexp"

	"github.com/corsgate/corsgate/internal/apigw"
)

// DenyMayRefuse is what to say of preflights that are denied, and KeptOptionsClosed of those
// that are not allowed where the API has OPTIONS methods of its own. A statement that allows
// all OPTIONS would open those too, whatever is behind them.
const (
	DenyMayRefuse = "a Deny statement of the resource policy may refuse preflights, which carry no credentials and so no principal: " +
		"except execute-api:/*/OPTIONS/* from it (NotResource), or deny by address or VPC endpoint instead"
	KeptOptionsClosed = "the resource policy allows nobody anonymous, so it refuses preflights, and OPTIONS operations of the document's own are kept, " +
		"which a statement for all OPTIONS would open: allow execute-api:Invoke to everybody on execute-api:/*/OPTIONS/... of the other paths"
)

// Refused says how a resource policy refuses preflights.
type Refused struct {
	NotAllowed bool // no statement allows one
	Denied     bool // a statement denies one
}

// RefusedPreflights asks an API's resource policy, as a resolved document, about the
// preflights of all paths on all stages. The name of a stage that is not known is "".
// What depends on a condition, such as an address, applies to a preflight as to the request
// that follows, and is left to decide.
func RefusedPreflights(document any, stages, paths []string) Refused {
	var out Refused
	if len(stages) == 0 {
		stages = []string{""}
	}
	for _, stage := range stages {
		for _, path := range paths {
			path = parameter.ReplaceAllString(path, "corsgate-any") // what a policy names is one value of many
			switch apigw.JudgePolicy(document, apigw.Call{Stage: stage, Method: "OPTIONS", Path: path}).Access {
			case apigw.NotAllowed:
				out.NotAllowed = true
			case apigw.Denied:
				out.Denied = true
			}
		}
	}
	return out
}

var parameter = regexp.MustCompile(`\{[^{}]*\}`)
