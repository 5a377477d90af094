package plan

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

// PermissionType is the type of Lambda permissions.
const PermissionType = "AWS::Lambda::Permission"

// How the CDK's Lambda integrations call the permissions that they make in a
// method, and the one that they make in the API if they are given
// ScopePermissionToMethod: false.
const (
	nativePermission = "ApiPermission."
	nativeTest       = nativePermission + "Test."
	nativeAPIWide    = nativePermission + "ApiScoped."
)

// id is the construct id of p.
func (p *Permission) id() string { return p.Path[strings.LastIndexByte(p.Path, '/')+1:] }

// isNative reports whether a Lambda integration of the CDK made p in its method.
func (p *Permission) isNative() bool {
	return strings.HasPrefix(p.id(), nativePermission) && !strings.HasPrefix(p.id(), nativeAPIWide)
}

// isPlain reports whether p says nothing more than that API Gateway may invoke.
func (p *Permission) isPlain() bool {
	return !p.Altered && len(p.Properties) == 4 && p.Function != "" && p.Properties["sourceArn"] != nil &&
		p.Properties["principal"] == "apigateway.amazonaws.com" && p.Properties["action"] == "lambda:InvokeFunction"
}

// An invoked is a function that the API invokes, and what of one stack permits
// it to.
type invoked struct {
	stack  int
	name   string // as the permissions have it
	key    string
	native []Permission // two for each method
	keep   bool         // they permit less than one for all of the API would
}

// permissions puts one permission for all of the API instead of those that
// the CDK makes for each method: two, one of them for test invocations, which
// are half of all resources of an API of Lambda proxies.
//
// It stands in the stack where those were, so that stacks depend on each other
// as before. CloudFormation makes it before it deletes them, and before it
// deploys the API, so that no request comes in between.
func (m *maker) permissions() {
	if !m.OnePermission {
		return
	}
	ids := map[string]int{}
	for _, f := range m.invoked() {
		if f.keep {
			continue
		}
		for _, p := range f.native {
			m.Obsolete = append(m.Obsolete, p.Path)
		}
		if !m.hasAPIWide(f) {
			m.create(m.apiPermission(f, ids))
		}
	}
}

// invoked gathers the functions that methods of the API invoke. A method without
// a permission for test invocations was denied it (AllowTestInvoke: false), and
// one that was altered was narrowed: a permission for all of the API would allow
// it again, so that the function keeps what it has.
func (m *maker) invoked() []*invoked {
	var all []*invoked
	for _, r := range m.Resources {
		for _, x := range r.Methods {
			native := slices.DeleteFunc(slices.Clone(x.Permissions), func(p Permission) bool { return !p.isNative() })
			tested := slices.ContainsFunc(native, func(p Permission) bool { return strings.HasPrefix(p.id(), nativeTest) })
			for _, p := range native {
				stack := m.stackOf(p.Path)
				i := slices.IndexFunc(all, func(f *invoked) bool { return f.stack == stack && f.name == p.Function })
				if i < 0 {
					i = len(all)
					all = append(all, &invoked{stack: stack, name: p.Function, key: p.Key})
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
func (m *maker) hasAPIWide(f *invoked) bool {
	return slices.ContainsFunc(m.Permissions, func(p Permission) bool {
		return strings.HasPrefix(p.id(), nativeAPIWide) && p.isPlain() && p.Function == f.name
	})
}

// apiPermission is one permission for all methods of the API, on all stages.
func (m *maker) apiPermission(f *invoked, ids map[string]int) New {
	scope, key := m.Node, f.key
	if f.stack != m.stackOf(m.Node) {
		scope, key = m.Stacks[f.stack].Path, key+" of "+m.Node
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
	return New{Type: PermissionType, Scope: scope, IDs: []string{id}, Properties: map[string]any{
		"action":       "lambda:InvokeFunction",
		"principal":    "apigateway.amazonaws.com",
		"functionName": f.name,
		"sourceArn":    m.ARN,
	}}
}
