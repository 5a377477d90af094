package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
)

// StackResources is what CloudFormation takes in one stack
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
const StackResources = 500

// The size of a template needs no word of ours: the CDK measures it when it
// writes the template, and warns from 800,000 bytes on.

// quota warns of an API that the account's quota may refuse at deployment.
func (m *maker) quota() {
	if n := m.Paths; n > apigw.MaxResources {
		m.warn(m.Node, "many-resources", fmt.Sprintf("the API has %d resources, and API Gateway takes %d unless the account's quota is raised: "+
			"have it raised (Service Quotas, Amazon API Gateway, resources per API) before this is deployed", n, apigw.MaxResources))
	}
}

// TooLarge says what to do about a stack with something of the API in it that has
// more resources than CloudFormation takes, given how many it has of each type: "" for
// one that is small enough, or another. The CDK ends the synthesis of such a stack as
// well, but knows no fix.
func (a *API) TooLarge(stack string, types map[string]int) string {
	n := 0
	for _, of := range types {
		n += of
	}
	if n <= StackResources || !a.isIn(stack) {
		return ""
	}
	fix := "make the API with corsapi.NewSpecRestApi, which is one resource whatever its size, or put some of its routes into nested stacks"
	if a.Document != nil {
		fix = "put something other than the API, which is one resource already, into another stack"
	}
	return fmt.Sprintf("stack %s would have %d resources, and CloudFormation takes %d: %s; %s", stack, n, StackResources, byType(types), fix)
}

// isIn reports whether something of the API is in a stack that was there when it was
// completed.
func (a *API) isIn(stack string) bool {
	i := slices.IndexFunc(a.Stacks, func(s Stack) bool { return s.Path == stack })
	return i >= 0 && (a.stackOf(a.Node) == i || slices.ContainsFunc(a.Resources, func(r *Resource) bool { return a.stackOf(r.Scope) == i }))
}

// byType names types of resources and how many there are, most first.
func byType(types map[string]int) string {
	names := slices.SortedFunc(maps.Keys(types), func(a, b string) int {
		return cmp.Or(cmp.Compare(types[b], types[a]), cmp.Compare(a, b))
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%d %s", types[name], name)
	}
	return strings.Join(names, ", ")
}
