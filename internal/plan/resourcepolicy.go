package plan

import (
	"encoding/json"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/rules"
)

// denyMayRefuse is what to say of preflights that are denied, and keptOptionsClosed of those
// that are not allowed where the API has OPTIONS methods of its own. A statement that allows
// all OPTIONS would open those too, whatever is behind them.
const (
	denyMayRefuse = "a Deny statement of the resource policy may refuse preflights, which carry no credentials and so no principal: " +
		"except execute-api:/*/OPTIONS/* from it (NotResource), or deny by address or VPC endpoint instead"
	keptOptionsClosed = "the resource policy allows nobody anonymous, so it refuses preflights, and OPTIONS operations of the document's own are kept, " +
		"which a statement for all OPTIONS would open: allow execute-api:Invoke to everybody on execute-api:/*/OPTIONS/... of the other paths"
)

// statementAdded is what is said of [AllowOptions] where it is added.
const statementAdded = "preflights carry no credentials, and the resource policy does not allow them, so it gets this statement: "

// statementText is [AllowOptions] as JSON.
func statementText() string {
	b, _ := json.Marshal(AllowOptions())
	return string(b)
}

// AllowOptions is the statement that lets preflights through, which are anonymous. The
// mock behind OPTIONS tells nobody anything but the CORS headers.
func AllowOptions() map[string]any {
	return map[string]any{"Effect": "Allow", "Principal": map[string]any{"AWS": "*"}, "Action": "execute-api:Invoke", "Resource": "execute-api:/*/OPTIONS/*"}
}

// PolicyRefusals asks an API's resource policy, as a resolved document, about preflights.
// It reports whether [AllowOptions] is to be added: not where OPTIONS methods of the
// API's own are kept. The remarks are warnings, without their construct.
func PolicyRefusals(document any, stages, paths []string, ownOptions bool) (allow bool, remarks []Remark) {
	refused := refusedPreflights(document, stages, paths)
	if refused.denied {
		remarks = append(remarks, Remark{Severity: Warning, Rule: rules.CORS403, Text: denyMayRefuse})
	}
	if refused.notAllowed && ownOptions {
		remarks = append(remarks, Remark{Severity: Warning, Rule: rules.CORS403, Text: keptOptionsClosed})
	}
	// A policy that names who may call, by IAM, allows nobody anonymous.
	return refused.notAllowed && !ownOptions, remarks
}

// refusals say how a resource policy refuses preflights.
type refusals struct {
	notAllowed bool // no statement allows one
	denied     bool // a statement denies one
}

// refusedPreflights asks an API's resource policy, as a resolved document, about the
// preflights of all paths on all stages. The name of a stage that is not known is "".
// What depends on a condition, such as an address, applies to a preflight as to the request
// that follows, and is left to decide.
func refusedPreflights(document any, stages, paths []string) refusals {
	var out refusals
	if len(stages) == 0 {
		stages = []string{""}
	}
	for _, stage := range stages {
		for _, path := range paths {
			path = apigw.PathParameter.ReplaceAllString(path, "corsgate-any") // what a policy names is one value of many
			switch apigw.JudgePolicy(document, apigw.Call{Stage: stage, Method: "OPTIONS", Path: path}).Access {
			case apigw.NotAllowed:
				out.notAllowed = true
			case apigw.Denied:
				out.denied = true
			}
		}
	}
	return out
}
