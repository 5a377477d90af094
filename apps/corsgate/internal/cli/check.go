package cli

import (
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

// checkCommand says what in templates keeps pages from using an API. Its exit statuses are 0 for a clean result, 1 for findings
// at or above --fail-on, 2 for a command line that cannot be used, and 3 for what could not be read or known; 1 wins over 3.
type checkCommand struct {
	Paths    []string `arg:"" optional:"" name:"path" help:"Templates, JSON or YAML, folders of them, or a cdk.out; together they are one app. Default: cdk.out, or else template.yaml, .yml or .json."`
	findings `group:"Findings:"`
	intent   `group:"Findings:"`
	values   `group:"Values of a deployment:"`
}

// Run is called by kong.
func (x *checkCommand) Run(c Command) error {
	if len(x.Paths) == 0 {
		path, err := defaultTemplate()
		if err != nil {
			return err
		}
		c.say("reading %s", path)
		x.Paths = []string{path}
	}
	app, err := x.open(c, x.Paths...)
	if err != nil {
		return err
	}
	stated, suppressions, err := x.read(c, stackNames(app))
	if err != nil {
		return err
	}
	if err := c.missing(app); err != nil {
		return err
	}
	report := check.Check(app, stated, suppressions)
	// No API is not a response: nothing was checked, and a clean result would say otherwise.
	if len(report.Checked) == 0 && len(report.Findings)+len(report.Suppressed)+len(report.NotJudged) == 0 {
		c.say("%s: %s in the templates", strings.Join(x.Paths, ", "), gateway.NoneThere)
		for _, line := range check.Unread(app) {
			c.say("%s", line)
		}
		return statusError(statusUnknown)
	}
	return x.conclude(c, report)
}

// defaultTemplate returns what to read where the command line names nothing.
func defaultTemplate() (string, error) {
	names := []string{"cdk.out", "template.yaml", "template.yml", "template.json"}
	for _, name := range names {
		if _, err := os.Stat(name); err == nil {
			return name, nil
		}
	}
	return "", usage("nothing to read: there is no %s here; name a template, a folder of templates or a cdk.out", strings.Join(names, ", "))
}

// plain is an error of a file, named as the command line has it.
func plain(name string, err error) error {
	if path, ok := err.(*fs.PathError); ok {
		return fmt.Errorf("%s: %w", name, path.Err)
	}
	return err
}

// rulesCommand prints the table of rules, or one rule's page.
type rulesCommand struct {
	ID   string `arg:"" optional:"" help:"A rule's id, such as CORS101."`
	JSON bool   `name:"json" help:"Print it as JSON."`
}

// Run is called by kong.
func (x *rulesCommand) Run(c Command) error {
	list := rules.All()
	if x.ID != "" {
		r, ok := rules.Lookup(x.ID)
		if !ok {
			return usage("no rule %s; corsgate rules lists them", x.ID)
		}
		list = []rules.Rule{r}
	}
	if x.JSON {
		return report.WriteJSON(c.Stdout, list)
	}
	if x.ID != "" {
		return printPage(c.Stdout, list[0].Page())
	}
	for _, r := range list {
		if _, err := fmt.Fprintf(c.Stdout, "%s  %-7s  %s\n", r.ID, r.Severity, r.Title); err != nil {
			return err
		}
	}
	return nil
}
