package check

// The rules about the check itself: most of what they find comes to light elsewhere.
var (
	vainSuppression = Rule{
		ID:       "CORS901",
		Title:    "suppression without a finding",
		Severity: Warning,
		Why:      "A suppression outlives what it was for, and would hide the fault when it comes back.",
		Cure:     Cure{Go: `// remove the suppression from the resource's metadata`, CloudFormation: `# remove the entry from Metadata.corsgate.suppress, or from the file`},
		Before: `Resources:
  Items:
    Metadata: {corsgate: {suppress: [{id: CORS101, reason: "called by servers only"}]}}`,
		After:  `Resources: {}`,
		Source: []string{"docs/rules/README.md"},
	}
	badSuppression = Rule{
		ID:       "CORS902",
		Title:    "suppression without a reason, or of no rule",
		Severity: Warning,
		Why:      "A suppression counts only with the id of a rule and a reason: whoever reads it next has to know whether it still holds.",
		Cure: Cure{Go: `// resource is a CfnResource, such as api.Node().DefaultChild()
resource.AddMetadata(jsii.String("corsgate"), map[string]any{
	"suppress": []any{
		map[string]any{"id": "CORS107", "reason": "only browsers call it"},
	},
})`,
			CloudFormation: `Metadata:
  corsgate:
    suppress:
      - {id: CORS107, reason: only browsers call it}`},
		Before: `Resources:
  Items:
    Metadata: {corsgate: {suppress: [{id: CORS101}]}}`,
		After:  `Resources: {}`,
		Source: []string{"docs/rules/README.md"},
	}
	notUnderstood = Rule{
		ID:       "CORS903",
		Title:    "part of the template is not understood",
		Severity: Warning,
		Why:      "What is not understood is not checked, and a clean result says nothing about it.",
		Cure: Cure{Go: `// check what was synthesized: corsgate check cdk.out`,
			CloudFormation: `# check the template after its transforms:
# aws cloudformation get-template --template-stage Processed`},
		Before: `Resources:
  ItemsPut:
    Properties:
      HttpMethod: {"Fn::ImportValue": "method"}`,
		After:  `Resources: {}`,
		Source: []string{"https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html"},
	}
)

func checkRules() []Rule {
	silent := func(*View, reporter) {}
	out := []Rule{vainSuppression, badSuppression, notUnderstood}
	for i := range out {
		out[i].check = silent
	}
	out[2].check = faulty(notUnderstood.ID, func(*View, route, fault) string {
		return "which origins the mapping template allows is not understood; --origins states them"
	})
	return out
}
