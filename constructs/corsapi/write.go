package corsapi

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cdkbridge"
	"github.com/corsgate/corsgate/internal/cdkbridge/paired"
	"github.com/corsgate/corsgate/internal/plan"
)

// write makes the changes of a plan, and tells its remarks.
//
// The CDK's deployments do not notice overrides and CloudFormation-level constructs by
// themselves, so they get a digest of what the API responds with.
func (c *completer) write(s *inventory, p *plan.Plan) {
	news := make([]cdkbridge.New, len(p.New))
	for i, n := range p.New {
		news[i] = cdkbridge.New{Type: n.Type, Scope: s.nodes[n.Scope].(constructs.Construct), IDs: n.IDs, Properties: n.Properties, Metadata: n.Metadata}
	}
	for i, made := range cdkbridge.Create(news) {
		s.nodes[p.New[i].Path()] = made
	}
	cdkbridge.Remove(c.api.Node().Root(), p.Obsolete)
	for _, statement := range p.Statements {
		c.api.AddToResourcePolicy(awsiam.PolicyStatement_FromJson(statement))
	}
	overrides := make([]cdkbridge.Override, len(p.Changes))
	for i, ch := range p.Changes {
		overrides[i] = cdkbridge.Override{On: s.nodes[ch.On], Path: ch.Path, Value: ch.Value, Delete: ch.Kind == plan.Unset, Reset: ch.Kind == plan.Reset}
	}
	cdkbridge.Set(overrides)
	// A deployment resolves what it is given each time its logical id is asked
	// for, so it gets little.
	digest := cdkbridge.Digest(awscdk.Stack_Of(c.api), p.Written)
	for _, w := range p.Waits {
		deployment := s.nodes[w.Deployment]
		var parts []constructs.IDependable
		for _, path := range w.For {
			parts = append(parts, s.nodes[path])
		}
		deployment.Node().AddDependency(parts...)
		if w.Follows {
			deployment.(awsapigateway.Deployment).AddToLogicalId(digest)
		}
	}
	for _, r := range p.Remarks {
		tell(s.nodes[r.On], r)
	}
}

// pair asks which of the API's functions are known to emit CORS headers.
func (s *inventory) pair(root constructs.IConstruct) {
	emitters := paired.Find(root)
	for _, r := range s.Resources {
		for _, m := range r.Methods {
			if m.Type == apigw.AWSProxy {
				m.Emits = emission(emitters, m.URI, func() string { return permitted(m) })
			}
		}
	}
}

// emission asks about the function that a resolved uri leads to; see
// [paired.Emitters.Emits] for target.
func emission(emitters *paired.Emitters, uri any, target func() string) plan.Emission {
	switch emitters.Emits(uri, target) {
	case paired.Yes:
		return plan.Emits
	case paired.Unclear:
		return plan.Ambiguous
	case paired.Off:
		return plan.SwitchedOff
	}
	return plan.NotKnown
}

// permitted returns the path of the function, version or alias that the CDK has
// given a method the permission to invoke, as its Lambda integrations do; "" for
// none.
func permitted(m *plan.Method) string {
	for _, p := range m.Permissions {
		for _, token := range *awscdk.Tokenization_ReverseString(jsii.String(p.Function)).Tokens() {
			if ref, ok := token.(awscdk.Reference); ok {
				return *ref.Target().Node().Path()
			}
		}
	}
	return ""
}

// tell puts a remark where `cdk synth` prints it. An error fails the synthesis after
// all of them are printed.
//
// A warning can be acknowledged by its id, as the CDK's own can. That of one with a rule
// is what the CDK makes of the rule's finding by corscheck, so that one acknowledgement
// is for both.
func tell(on constructs.IConstruct, r plan.Remark) {
	annotations, message := awscdk.Annotations_Of(on), "corsgate: "+r.Message()
	switch r.Severity {
	case plan.Error:
		annotations.AddError(&message)
	case plan.Warning:
		cdkbridge.Warn(on, "corsgate::"+r.ID(), message)
	case plan.Info:
		annotations.AddInfo(&message)
	}
}

// fail tells an error that no plan has.
func fail(on constructs.IConstruct, text string) { tell(on, plan.Remark{Text: text}) }
