package corsapi

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/corsgate/corsgate/internal/cdkbridge"
)

// A permission is one to invoke a Lambda function, version or alias.
type permission struct{ *cdkbridge.Resource }

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

// isNative reports whether a Lambda integration of the CDK made p in its method.
func (p *permission) isNative() bool {
	return strings.HasPrefix(p.ID(), nativePermission) && !strings.HasPrefix(p.ID(), nativeAPIWide)
}

// isPlain reports whether p says nothing more than that API Gateway may invoke.
func (p *permission) isPlain() bool {
	return !p.Altered && len(p.Properties) == 4 && p.function() != "" && p.Properties["sourceArn"] != nil &&
		p.Properties["principal"] == "apigateway.amazonaws.com" && p.Properties["action"] == "lambda:InvokeFunction"
}

// An invoked is a function that the API invokes, and what of one stack permits
// it to.
type invoked struct {
	stack    int
	name     string // as the permissions have it: a token where the function is the app's
	resolved string
	native   []*permission // two for each method
	keep     bool          // they permit less than one for all of the API would
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
	var missing []cdkbridge.New
	var at []int
	var obsolete []string
	arn, ids := *w.api.ArnForExecuteApi(nil, nil, nil), map[string]int{}
	for _, f := range w.invoked() {
		if f.keep {
			continue
		}
		for _, p := range f.native {
			obsolete = append(obsolete, p.Path)
		}
		if w.hasAPIWide(f) {
			continue
		}
		at, missing = append(at, f.native[0].At), append(missing, w.apiPermission(f, arn, ids))
	}
	for i, p := range cdkbridge.Create(cdkbridge.Permission, missing) {
		w.parts = append(w.parts, part{at[i], p})
	}
	cdkbridge.Remove(w.api.Node().Root(), obsolete)
}

// invoked gathers the functions that methods of the API invoke. A method without
// a permission for test invocations was denied it (AllowTestInvoke: false), and
// one that was altered was narrowed: a permission for all of the API would allow
// it again, so that the function keeps what it has.
func (w *writer) invoked() []*invoked {
	var all []*invoked
	for _, r := range w.survey.resources {
		for _, m := range r.methods {
			native := slices.DeleteFunc(slices.Clone(m.permissions), func(p *permission) bool { return !p.isNative() })
			tested := slices.ContainsFunc(native, func(p *permission) bool { return strings.HasPrefix(p.ID(), nativeTest) })
			for _, p := range native {
				stack := w.survey.stackAt(p.At)
				i := slices.IndexFunc(all, func(f *invoked) bool { return f.stack == stack && f.name == p.function() })
				if i < 0 {
					i = len(all)
					all = append(all, &invoked{stack: stack, name: p.function(), resolved: reference(p.Resolved["functionName"])})
				}
				all[i].native = append(all[i].native, p)
				all[i].keep = all[i].keep || !p.isPlain() || !tested || len(native) != 2
			}
		}
	}
	return all
}

// hasAPIWide reports whether f has a permission for all of the API: of an
// integration that was given ScopePermissionToMethod: false.
func (w *writer) hasAPIWide(f *invoked) bool {
	return slices.ContainsFunc(w.survey.permissions[w.survey.api.path], func(p *permission) bool {
		return strings.HasPrefix(p.ID(), nativeAPIWide) && p.isPlain() && p.function() == f.name
	})
}

// apiPermission is one permission for all methods of the API, on all stages.
func (w *writer) apiPermission(f *invoked, arn string, ids map[string]int) cdkbridge.New {
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
	return cdkbridge.New{Scope: scope, IDs: []string{id}, Properties: map[string]any{
		"action":       "lambda:InvokeFunction",
		"principal":    "apigateway.amazonaws.com",
		"functionName": f.name,
		"sourceArn":    arn,
	}}
}
