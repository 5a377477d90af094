package corsapi

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cdkbridge"
)

// stackResources is what CloudFormation takes in one stack
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
const stackResources = 500

// The size of a template needs no word of ours: the CDK measures it when it
// writes the template, and warns from 800,000 bytes on.

// paths warns of an API that the account's quota may refuse at deployment.
func (w *writer) paths() {
	if n := w.survey.paths; n > apigw.MaxResources {
		warn(w.api, "many-resources", fmt.Sprintf("the API has %d resources, and API Gateway takes %d unless the account's quota is raised: "+
			"have it raised (Service Quotas, Amazon API Gateway, resources per API) before this is deployed", n, apigw.MaxResources))
	}
}

// tooLarge names the stacks with something of the API in them that have more
// resources than CloudFormation takes. The CDK ends the synthesis of such a
// stack as well, but knows no cure.
func (c *completer) tooLarge(now *cdkbridge.Tree) []string {
	cure := "make the API with corsapi.NewSpecRestApi, which is one resource whatever its size, or put some of its routes into nested stacks"
	if c.spec != nil {
		cure = "put something other than the API, which is one resource already, into another stack"
	}
	var out []string
	for _, stack := range now.Stacks {
		n := total(stack.Types)
		if n <= stackResources || !c.isIn(stack) || !limited(stack) {
			continue
		}
		out = append(out, fmt.Sprintf("corsgate: stack %s would have %d resources, and CloudFormation takes %d: %s; %s",
			*stack.Node().Path(), n, stackResources, byType(stack.Types), cure))
	}
	return out
}

// isIn reports whether something of the API is in a stack.
func (c *completer) isIn(stack cdkbridge.Stack) bool {
	at := []int{c.completed.api.at}
	for _, r := range c.completed.resources {
		at = append(at, r.at)
	}
	path := *stack.Node().Path()
	return slices.ContainsFunc(c.completed.stacks, func(s cdkbridge.Stack) bool {
		return *s.Node().Path() == path && slices.ContainsFunc(at, func(at int) bool { return s.From <= at && at < s.To })
	})
}

// limited reports whether the CDK's own limit is in force, which an app can
// raise or switch off for CloudFormation that takes more.
func limited(stack cdkbridge.Stack) bool {
	set := stack.Node().TryGetContext(jsii.String("@aws-cdk/core:stackResourceLimit"))
	return set == nil || fmt.Sprint(set) == fmt.Sprint(stackResources)
}

func total(types map[string]int) int {
	n := 0
	for _, of := range types {
		n += of
	}
	return n
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
