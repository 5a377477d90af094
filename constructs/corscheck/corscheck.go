// Package corscheck runs the rules of `corsgate check` when a CDK app is
// synthesized, as a policy validation plugin of the CDK
// (https://docs.aws.amazon.com/cdk/v2/guide/policy-validation-synthesis.html):
//
//	app := awscdk.NewApp(nil)
//	// ... stacks
//	corscheck.Register(app, nil)
//	corsapp.Synth(app)
//
// It reads the templates as they were written, those of nested stacks too, with
// corsapi in the app or without.
package corscheck

import "github.com/aws/aws-cdk-go/awscdk/v2"

// A Severity says how bad a finding is.
type Severity string

// The severities, from the worst.
const (
	// Error: a page that should use the API cannot, a page that should not can, or the template cannot be deployed.
	Error Severity = "error"
	// Warning: it works now or for some, and will not at another time or for others.
	Warning Severity = "warning"
	// Info: worth knowing, and nothing fails because of it.
	Info Severity = "info"
)

// Props are what `corsgate check` takes on its command line. The zero value is
// right for most.
type Props struct {
	// FailOn is the least severity that fails the synthesis; Error if empty.
	// The CDK calls whatever fails an error.
	FailOn Severity

	// Origins are the origins and patterns that the APIs are meant for, such as
	// https://app.example.com and https://*.example.com. If empty they are
	// inferred from the templates, which corsapi writes them to.
	Origins []string

	// Suppressions is a file of findings that do not count, a JSON list of
	// {"id", "reason", "stack", "logicalId"}; the last two may be left out.
	// None if empty. A suppression may also stand in a resource's metadata.
	Suppressions string
}

// Register has the templates of an app, or of a stage, checked whenever it is
// synthesized. props may be nil; what is wrong with them is said, all of it,
// when the app is synthesized, and fails it.
//
// Findings are printed by the CDK. Where one is at or above FailOn, or a rule
// crashed, `cdk synth` and `cdk deploy` end with status 1; App.Synth panics if it
// is not the CDK's command line that runs the app, and corsapp.Synth ends with
// status 1. CDK_VALIDATION=false, which
// switches the CDK's own validation off, leaves this one on.
func Register(scope awscdk.Stage, props *Props) {
	if props == nil {
		props = &Props{}
	}
	awscdk.Validations_Of(scope).AddPlugins(newPlugin(*props))
}
