package corscheck

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

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
	written, err := read(context)
	if err != nil {
		return unanswered(err.Error())
	}
	var docs []*check.Document
	stacks := map[string]string{}
	for _, t := range written {
		docs = append(docs, t.document)
		stacks[t.document.Name] = t.stack
	}
	return pluginReport(check.Check(docs, p.stated, p.suppressions), p.failOn, stacks)
}

// A template is what a stack was written to.
type template struct {
	stack    string // construct path
	document *check.Document
}

// read reads the templates of a validation. The CDK names those of stacks, but
// not those of the stacks nested in them.
func read(context awscdk.IPolicyValidationContext) ([]template, error) {
	var out []template
	nests := false
	add := func(stack, file string) error {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, withoutPath(err))
		}
		nests = nests || bytes.Contains(text, []byte(`"AWS::CloudFormation::Stack"`))
		d, err := check.ParseDocument(file, text)
		if errors.Is(err, check.ErrNoResources) {
			return nil // of an empty stack, which is not deployed
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, template{stack, d})
		return nil
	}
	for _, s := range *context.StackTemplates() {
		if err := add(*s.StackConstructPath, *s.TemplatePath); err != nil {
			return nil, err
		}
	}
	if !nests {
		return out, nil // walking the app is a message to the JavaScript process for each construct that is new to Go
	}
	roots := out
	for _, c := range *context.AppConstruct().Node().FindAll(constructs.ConstructOrder_PREORDER) {
		n, ok := c.(awscdk.NestedStack)
		if !ok {
			continue
		}
		path := *n.Node().Path()
		for _, r := range roots {
			// A stack's folder is that of the stage it is in.
			if strings.HasPrefix(path, r.stack+"/") {
				if err := add(path, filepath.Join(filepath.Dir(r.document.Name), *n.TemplateFile())); err != nil {
					return nil, err
				}
				break
			}
		}
	}
	return out, nil
}
