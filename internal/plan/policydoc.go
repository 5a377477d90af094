package plan

import (
	"encoding/json"
	"slices"
	"strings"
)

// A PreflightVerdict says what a resource policy does to an anonymous OPTIONS.
type PreflightVerdict int

const (
	Passes     PreflightVerdict = iota // it, or nothing known here, stands against one
	NotAllowed                         // no statement allows it
	Denied                             // a statement may deny it
)

// DenyMayRefuse is what to say of [Denied], and KeptOptionsClosed of [NotAllowed] where
// the API has OPTIONS methods of its own. A statement that allows all OPTIONS would
// open those too, whatever is behind them.
const (
	DenyMayRefuse = "a Deny statement of the resource policy may refuse preflights, which carry no credentials and so no principal: " +
		"except execute-api:/*/OPTIONS/* from it (NotResource), or deny by address or VPC endpoint instead"
	KeptOptionsClosed = "the resource policy allows nobody anonymous, so it refuses preflights, and OPTIONS operations of the document's own are kept, " +
		"which a statement for all OPTIONS would open: allow execute-api:Invoke to everybody on execute-api:/*/OPTIONS/... of the other paths"
)

// PreflightsPass looks at an API's resource policy, as a resolved document. A
// preflight has no principal, so statements about principals do not match it;
// conditions on addresses and VPC endpoints apply to it as to the request that
// follows, and are left to decide.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
func PreflightsPass(document any) PreflightVerdict {
	doc, _ := document.(map[string]any)
	if doc == nil {
		return Passes
	}
	allowed := false
	for _, v := range list(doc["Statement"]) {
		st, ok := v.(map[string]any)
		if !ok {
			return Passes // not readable here; AWS will judge
		}
		if !invokes(st) || !coversOptions(st["Resource"]) {
			continue
		}
		switch st["Effect"] {
		case "Allow":
			allowed = allowed || everybody(st["Principal"]) && (!nonEmptyMap(st["Condition"]) || !aboutPrincipals(st["Condition"]))
		case "Deny":
			if st["NotPrincipal"] != nil || everybody(st["Principal"]) && aboutPrincipals(st["Condition"]) {
				return Denied
			}
		}
	}
	if !allowed {
		return NotAllowed
	}
	return Passes
}

func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

func invokes(st map[string]any) bool {
	return slices.ContainsFunc(list(st["Action"]), func(a any) bool {
		s := strings.ToLower(text(a))
		return s == "*" || s == "execute-api:*" || s == "execute-api:invoke"
	})
}

func everybody(principal any) bool {
	if m, ok := principal.(map[string]any); ok {
		principal = m["AWS"]
	}
	return slices.ContainsFunc(list(principal), func(p any) bool { return p == "*" })
}

// aboutPrincipals reports whether a condition names keys that only a signed
// request has. In an Allow such a condition leaves out whoever has none, in a
// Deny, in the negated form in which it is written, it hits them. A Deny
// without a condition hits everybody.
func aboutPrincipals(condition any) bool {
	m, ok := condition.(map[string]any)
	if !ok || len(m) == 0 {
		return true
	}
	b, _ := json.Marshal(m)
	s := strings.ToLower(string(b))
	return strings.Contains(s, "aws:principal") || strings.Contains(s, "aws:userid") || strings.Contains(s, "aws:username")
}

// coversOptions reports whether a statement is about OPTIONS on every resource:
// the part after "execute-api:" or the API's id is /stage/METHOD/path.
func coversOptions(resources any) bool {
	return slices.ContainsFunc(list(resources), func(r any) bool {
		s, ok := r.(string)
		if !ok { // an intrinsic: its literal end is what counts
			b, _ := json.Marshal(r)
			s = strings.TrimRight(string(b), `]}"`)
		}
		_, s, found := strings.Cut(s, "/")
		if !found {
			return r == "*" || strings.HasSuffix(s, "*")
		}
		parts := strings.SplitN(s, "/", 3)
		if len(parts) == 1 {
			return parts[0] == "*"
		}
		if parts[1] != "*" && parts[1] != "OPTIONS" {
			return false
		}
		return len(parts) == 2 || parts[2] == "*"
	})
}

func nonEmptyMap(v any) bool {
	m, _ := v.(map[string]any)
	return len(m) > 0
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
