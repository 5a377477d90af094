package corsapi

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/corsgate/corsgate/internal/bulk"
)

// A permission is one to invoke a Lambda function, version or alias.
type permission struct{ *bulk.Resource }

// function is the FunctionName, a token where the function is the app's.
func (p *permission) function() string { return text(p.Properties["functionName"]) }

// How the CDK's Lambda integrations call the permissions that they make in a
// method, and the one that they make in the API if they are given
// ScopePermissionToMethod: false.
const (
	nativePermission = "ApiPermission."
	nativeTest       = nativePermission + "Test."
	nativeAPIWide    = nativePermission + "ApiScoped."
)

// isNative reports whether p is as the CDK's Lambda integrations make it, and
// says nothing more than that API Gateway may invoke.
func (p *permission) isNative() bool {
	return strings.HasPrefix(p.ID(), nativePermission) && len(p.Properties) == 4 &&
		p.Properties["principal"] == "apigateway.amazonaws.com" && p.Properties["action"] == "lambda:InvokeFunction" &&
		p.Properties["sourceArn"] != nil && p.function() != ""
}

// A permittedFunction is a function, and what of one stack permits the API to invoke it.
type permittedFunction struct {
	stack    int
	name     string // as the permissions have it, a token where the function is the app's
	resolved string
	methods  []*permission // the CDK's, two for each method
	keep     bool          // they say more than that the API may invoke
}

// permissions puts one permission for all of the API in the place of those that
// the CDK makes for each method: two, one of them for test invocations, which
// are half of all resources of an API of Lambda proxies.
//
// It stands in the stack where those were, so that stacks depend on each other
// as before. CloudFormation makes it before it deletes them, and before it
// deploys the API, so that no request comes in between.
func (w *writer) permissions() {
	if !w.economy {
		return
	}
	var missing []bulk.New
	var at []int
	var obsolete []string
	arn, ids := *w.api.ArnForExecuteApi(nil, nil, nil), map[string]int{}
	for _, f := range w.permitted() {
		if f.keep {
			continue
		}
		for _, p := range f.methods {
			obsolete = append(obsolete, p.Path)
		}
		if w.apiWide(f) {
			continue
		}
		at, missing = append(at, f.methods[0].At), append(missing, w.apiPermission(f, arn, ids))
	}
	for i, p := range bulk.Create(bulk.Permission, missing) {
		w.parts = append(w.parts, part{at[i], p})
	}
	bulk.Remove(w.api.Node().Root(), obsolete)
}

// permitted gathers the functions that methods of the API invoke. A method
// without a permission for test invocations was denied it
// (AllowTestInvoke: false), and one for all of the API would allow it: its
// function keeps what it has.
func (w *writer) permitted() []*permittedFunction {
	type key struct {
		stack    int
		function string
	}
	var all []*permittedFunction
	by := map[key]*permittedFunction{}
	for _, r := range w.survey.resources {
		for _, m := range r.methods {
			var native []*permission
			tests := 0
			for _, p := range m.permissions {
				if !p.isNative() {
					continue
				}
				native = append(native, p)
				if strings.HasPrefix(p.ID(), nativeTest) {
					tests++
				}
			}
			for _, p := range native {
				k := key{w.survey.stackAt(p.At), p.function()}
				f := by[k]
				if f == nil {
					resolved := reference(p.Resolved["functionName"])
					f = &permittedFunction{stack: k.stack, name: k.function, resolved: resolved}
					by[k] = f
					all = append(all, f)
				}
				f.methods = append(f.methods, p)
				f.keep = f.keep || tests != 1 || len(native) != 2
			}
		}
	}
	return all
}

// apiWide reports whether f has a permission for all of the API: of an
// integration that was given ScopePermissionToMethod: false.
func (w *writer) apiWide(f *permittedFunction) bool {
	return slices.ContainsFunc(w.survey.permissions[w.survey.api.path], func(p *permission) bool {
		return strings.HasPrefix(p.ID(), nativeAPIWide) && p.isNative() && p.function() == f.name
	})
}

// apiPermission is one permission for all methods of the API, on all stages.
func (w *writer) apiPermission(f *permittedFunction, arn string, ids map[string]int) bulk.New {
	scope, key := constructs.Construct(w.api), f.resolved
	if f.stack != w.survey.stackAt(w.survey.api.at) {
		scope, key = w.survey.stacks[f.stack].Stack, key+" of "+w.survey.api.path
	}
	h := fnv.New32a()
	h.Write([]byte(key))
	id := fmt.Sprintf("CorsgatePermission%08X", h.Sum32())
	// While an app is being synthesized, functions of two stacks can look alike.
	in := fmt.Sprint(f.stack, id)
	ids[in]++
	if n := ids[in]; n > 1 {
		id = fmt.Sprintf("%s-%d", id, n)
	}
	return bulk.New{Scope: scope, IDs: []string{id}, Properties: map[string]any{
		"action":       "lambda:InvokeFunction",
		"principal":    "apigateway.amazonaws.com",
		"functionName": f.name,
		"sourceArn":    arn,
	}}
}
