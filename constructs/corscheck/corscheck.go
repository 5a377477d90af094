// Package corscheck runs the rules of `corsgate check` when a CDK app is
// synthesized, as a policy validation plugin of the CDK
// (https://docs.aws.amazon.com/cdk/v2/guide/policy-validation-synthesis.html):
//
//	app := awscdk.NewApp(nil)
//	// ... stacks
//	corscheck.Register(app, nil)
//	corsapp.Synth(app)
//
// It reads the templates that were written, including those of nested stacks,
// whether the app uses corsapi or not.
package corscheck

import "github.com/aws/aws-cdk-go/awscdk/v2"

// A Severity says how bad a finding is.
type Severity string

// The severities, from the worst.
const (
	// Error: a page that should use the API cannot, a page that should not can, or the template cannot be deployed.
	Error Severity = "error"
	// Warning: it works now or for some pages, and will fail at another time or for
	// others.
	Warning Severity = "warning"
	// Info: worth knowing, and nothing fails because of it.
	Info Severity = "info"
)

// Props are the options of `corsgate check`. The zero value is right for most
// apps.
type Props struct {
	// FailOn is the lowest severity that fails the synthesis; Error if
	// empty. The CDK reports findings that fail as errors.
	FailOn Severity

	// Origins are the origins and patterns that the APIs are meant for, such as
	// https://app.example.com and https://*.example.com. If empty, they are
	// read from the templates, where corsapi writes them.
	Origins []string

	// Suppressions is a file of findings to suppress: a JSON list of {"id",
	// "reason", "stack", "logicalId"}; the last two are optional. A
	// suppression may also be in a resource's metadata.
	Suppressions string
}

// Register adds the checks to an app, or to a stage: its templates are
// checked whenever it is synthesized. props may be nil. If they are invalid,
// the synthesis reports all faults and fails.
//
// The CDK prints the findings. If one is at or above FailOn, or a rule crashed,
// `cdk synth` and `cdk deploy` end with status 1. Without the CDK's command line,
// App.Synth panics, and corsapp.Synth ends with status 1. CDK_VALIDATION=false
// switches off the CDK's own validation, but not this one.
func Register(scope awscdk.Stage, props *Props) {
	if props == nil {
		props = &Props{}
	}
	awscdk.Validations_Of(scope).AddPlugins(newPlugin(*props))
}
