package corscheck

import (
	"cmp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

// unanswered is the report of a check that could not be made, in the form that
// the CDK prints as a failed plugin.
func unanswered(why string) *awscdk.PolicyValidationPluginReport {
	return &awscdk.PolicyValidationPluginReport{
		Success:    jsii.Bool(false),
		Violations: &[]*awscdk.PolicyViolation{},
		Metadata:   &map[string]*string{"error": jsii.String("corsgate: " + why)},
	}
}

// pluginReport makes the CDK's report of ours. What is not judged fails nothing. stacks are the construct paths of
// the stacks by their templates' files.
func pluginReport(rep *report.Report, failOn rules.Severity, stacks map[string]string) *awscdk.PolicyValidationPluginReport {
	out := &awscdk.PolicyValidationPluginReport{Success: jsii.Bool(true), Violations: &[]*awscdk.PolicyViolation{}}
	add := func(v *awscdk.PolicyViolation, fails bool) {
		*out.Violations = append(*out.Violations, v)
		*out.Success = *out.Success && !fails
	}
	for _, crash := range rep.Crashed {
		// What is fatal cannot be acknowledged.
		add(violation("crashed", "crashed: "+crash, "fatal", &awscdk.PolicyViolatingResource{ConstructPath: jsii.String("corsgate")}), true)
	}
	for _, l := range rep.NotJudged {
		add(violation("not-judged", "not judged: "+l, "info", &awscdk.PolicyViolatingResource{ConstructPath: jsii.String("corsgate")}), false)
	}
	if len(rep.Checked)+len(rep.Findings)+len(rep.NotJudged) == 0 {
		add(violation("nothing-checked", "no AWS::ApiGateway::RestApi is in the templates, so nothing was checked", "info", &awscdk.PolicyViolatingResource{ConstructPath: jsii.String("corsgate")}), false)
	}
	p := &printer{map[string]bool{}}
	for _, f := range rep.Findings {
		fails := f.Severity.AtLeast(failOn)
		severity := f.Severity
		if fails {
			// When something is acknowledged, the CDK takes a report for a success
			// that has no error left in it.
			severity = rules.Error
		}
		// The CDK prints a violation as a whole for each of its resources, and one that was acknowledged is of one: each
		// resource has its own, and what was said is not said again.
		for _, one := range f.Each() {
			v := violation(string(f.Rule), p.description(one), string(severity), resource(one, stacks))
			v.Fix = jsii.String(p.fix(one))
			v.RuleMetadata = metadata(one)
			add(v, fails)
		}
	}
	return out
}

func violation(rule, description, severity string, on *awscdk.PolicyViolatingResource) *awscdk.PolicyViolation {
	on.Locations = &[]*string{} // what a rule finds is about a resource, and rarely one property of it
	return &awscdk.PolicyViolation{
		RuleName:           jsii.String(rule),
		Description:        jsii.String(description),
		Severity:           jsii.String(severity),
		ViolatingResources: &[]*awscdk.PolicyViolatingResource{on},
	}
}

// A printer keeps a report short: what was said with a finding of the same rule
// is not said again. Another rule's may be acknowledged, and be gone.
type printer struct {
	said map[string]bool
}

// again reports whether a text was said for a rule.
func (p *printer) again(rule rules.ID, text string) bool {
	before := p.said[string(rule)+text]
	p.said[string(rule)+text] = true
	return before
}

// description says what is wrong, in lines of a terminal's width. The CDK prints
// a word before it, and indents by three blanks what it prints below it.
func (p *printer) description(f report.Finding) string {
	where := strings.TrimSpace(f.Method + " " + f.Path)
	if where != "" {
		where += ": "
	}
	var out report.Printer
	out.WriteString(string(f.Rule) + ": " + f.Title + "\n")
	out.Line("", "   ", 3, where+f.Detail)
	if f.Console != "" && !p.again(f.Rule, f.Console) {
		out.Line("", "   browser: ", 5, f.Console)
	}
	return strings.TrimSpace(out.String())
}

// fix says what to do; the CDK indents its lines.
func (p *printer) fix(f report.Finding) string {
	text := cmp.Or(f.Fix.Go, f.Rule.Rule().Fix.Go)
	if p.again(f.Rule, text) {
		return "as for " + string(f.Rule) + " above"
	}
	return "with corsgate:\n  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ") + "\n" + f.Link
}

// resource says where the CDK finds the construct of a finding.
func resource(f report.Finding, stacks map[string]string) *awscdk.PolicyViolatingResource {
	stack, written := stacks[f.File]
	switch {
	case !written: // a file of suppressions
		return &awscdk.PolicyViolatingResource{ConstructPath: jsii.String(f.File)}
	case f.LogicalID == "":
		return &awscdk.PolicyViolatingResource{ConstructPath: jsii.String(stack)}
	}
	return &awscdk.PolicyViolatingResource{ResourceLogicalId: jsii.String(f.LogicalID), TemplatePath: jsii.String(f.File)}
}

// metadata is for the programs that read the CDK's validation-report.json.
func metadata(f report.Finding) *map[string]*string {
	out := map[string]*string{}
	for name, value := range map[string]string{
		"severity": string(f.Severity), "title": f.Title, "detail": f.Detail, "console": f.Console,
		"why": f.Why, "link": f.Link, "api": f.API, "path": f.Path, "method": f.Method,
	} {
		if value != "" {
			out[name] = jsii.String(value)
		}
	}
	return &out
}
