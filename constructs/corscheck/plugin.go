package corscheck

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

// A plugin is an awscdk.IPolicyValidationPlugin, which the JavaScript process
// calls back.
type plugin struct {
	failOn       rules.Severity
	stated       *check.Allowlist
	suppressions []report.Suppression
	faults       []string // of the props
}

func newPlugin(props Props) *plugin {
	p := &plugin{failOn: rules.Error}
	switch props.FailOn {
	case "":
	case Error, Warning, Info:
		p.failOn = rules.Severity(props.FailOn)
	default:
		p.fault("FailOn %q: want corscheck.Error, corscheck.Warning or corscheck.Info", props.FailOn)
	}
	var err error
	if len(props.Origins) > 0 {
		if p.stated, err = check.State(props.Origins); err != nil {
			p.fault("Origins: %w", err)
		}
	}
	if props.Suppressions != "" {
		if p.suppressions, err = suppressions(props.Suppressions); err != nil {
			p.fault("Suppressions %s: %w", props.Suppressions, err)
		}
	}
	return p
}

func (p *plugin) fault(format string, args ...any) {
	p.faults = append(p.faults, strings.ReplaceAll(fmt.Errorf(format, args...).Error(), "\n", "\n  "))
}

func suppressions(name string) ([]report.Suppression, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, withoutPath(err)
	}
	return report.ParseSuppressions(name, text)
}

// withoutPath is an error of a file that is named beside it.
func withoutPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// Name is printed after each finding, and begins the ids that the CDK
// acknowledges them by.
func (p *plugin) Name() *string { return jsii.String("corsgate") }

// Version is that of the module, nil where it was built without one.
func (p *plugin) Version() *string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	for _, m := range append(info.Deps, &info.Main) {
		if v, ok := strings.CutPrefix(m.Version, "v"); ok && m.Path == "github.com/corsgate/corsgate" {
			return jsii.String(v)
		}
	}
	return nil
}

// RuleIds are those of the rules that read templates.
func (p *plugin) RuleIds() *[]*string {
	var ids []*string
	for _, r := range rules.All() {
		if r.Command == "check" {
			ids = append(ids, jsii.String(string(r.ID)))
		}
	}
	return &ids
}

// Validate is called by the CDK with the templates it has written.
func (p *plugin) Validate(context awscdk.IPolicyValidationContext) *awscdk.PolicyValidationPluginReport {
	if len(p.faults) > 0 {
		return unanswered("corscheck.Props:\n  - " + strings.Join(p.faults, "\n  - "))
	}
	stacks := map[string]string{}
	var folders []string
	for _, t := range *context.StackTemplates() {
		stacks[*t.TemplatePath] = *t.StackConstructPath
		// A stack's folder has the templates of its nested stacks, too, and those of the stacks that it shares an app with.
		if dir := filepath.Dir(*t.TemplatePath); !slices.Contains(folders, dir) {
			folders = append(folders, dir)
		}
	}
	app, err := cfn.Open(folders, cfn.Options{})
	switch {
	case errors.Is(err, cfn.ErrNotTemplate): // stacks without resources are not deployed
		return pluginReport(report.New("check", "", nil, p.suppressions), p.failOn, stacks)
	case err != nil:
		return unanswered(err.Error())
	}
	for _, st := range app.Stacks {
		if _, listed := stacks[st.File]; !listed && st.Parent != nil {
			stacks[st.File] = stacks[st.Parent.File]
		} else if !listed {
			stacks[st.File] = st.Name
		}
	}
	return pluginReport(check.Check(app, p.stated, p.suppressions), p.failOn, stacks)
}
