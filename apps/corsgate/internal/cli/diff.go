package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/diff"
	"github.com/corsgate/corsgate/internal/gateway"
)

// diffCommand says what browsers would notice of the difference between two templates, or two folders of templates, API by API
// and stage by stage. Its exit statuses are 0 if that is nothing, 1 if it is something (with --fail-on looser: if something
// is allowed that was not), 2 for a command line that cannot be used and 3 for a file that cannot be read and for what cannot be
// compared, unless something changes.
type diffCommand struct {
	Old string `arg:"" optional:"" placeholder:"OLD" help:"The old template, or a folder of templates, such as the base's cdk.out."`
	New string `arg:"" optional:"" placeholder:"NEW" help:"The new template, or a folder of templates. Default: cdk.out, or else template.yaml, .yml or .json."`

	Format   string            `default:"markdown" enum:"markdown,text,json" placeholder:"FORMAT" group:"The report:" help:"markdown, for a comment; text; or json, with each request whose outcome changes. Default: markdown."`
	FailOn   string            `default:"change" enum:"change,looser" placeholder:"WHAT" group:"The report:" help:"What ends with status 1: change, for any change; or looser, only for what is allowed now and was not. Default: change."`
	API      string            `name:"api" placeholder:"ID" group:"What is compared:" help:"One API, by logical id, instead of all."`
	OldAPI   string            `name:"old-api" placeholder:"ID" group:"What is compared:" help:"Its logical id in the old template, if it differs."`
	Stage    string            `placeholder:"NAME" group:"What is compared:" help:"One stage instead of all."`
	OldStage string            `placeholder:"NAME" group:"What is compared:" help:"Its name in the old template, if it differs."`
	Var      map[string]string `mapsep:"none" placeholder:"NAME=VALUE" group:"Values of a deployment:" help:"A stage variable, for both templates."`
	values   `group:"Values of a deployment:"`

	gone bool // New has no API, and Old has
}

// Run is called by kong.
func (x *diffCommand) Run(ctx context.Context, c Command) error {
	if x.Old == "" {
		return usage("diff compares two templates, or two folders of templates, the old one first: corsgate diff main/cdk.out cdk.out")
	}
	if x.New == "" {
		path, err := defaultTemplate()
		if err != nil {
			return err
		}
		c.say("the new template is %s", path)
		x.New = path
	}
	if x.OldAPI == "" {
		x.OldAPI = x.API
	}
	if x.OldStage == "" {
		x.OldStage = x.Stage
	}
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(400)) // most of what a comparison makes is soon of no use
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(4 << 30)) // near which memory is freed sooner
	}
	results, found, err := x.compare(ctx, c)
	if errors.Is(err, context.Canceled) {
		return statusError(statusStopped)
	}
	if err != nil {
		return err
	}
	switch x.Format {
	case "json":
		err = diff.JSON(c.Stdout, results, found)
	case "text":
		err = diff.Text(c.Stdout, results, found)
	default:
		err = diff.Markdown(c.Stdout, results, found)
	}
	if err != nil {
		return err
	}
	// With --fail-on looser, a template without an API would pass. But that is what a wrong path looks like.
	missing := x.gone && x.FailOn == "looser"
	for _, r := range results {
		if x.FailOn == "looser" && r.Looser() || x.FailOn == "change" && !r.Empty() {
			return statusError(statusRefused)
		}
		missing = missing || len(r.NotCompared) > 0
	}
	if missing {
		return statusError(statusUnknown)
	}
	return nil
}

// compare compares API by API, stage by stage, and what check finds on both sides. The values of the command line hold for
// both.
func (x *diffCommand) compare(ctx context.Context, c Command) ([]diff.Result, diff.Found, error) {
	var none diff.Found
	opts, err := x.options(c)
	if err != nil {
		return nil, none, err
	}
	var apps [2]*cfn.App
	for i, path := range []string{x.Old, x.New} {
		if apps[i], err = cfn.Open([]string{path}, opts); err != nil {
			return nil, none, &unreadable{err}
		}
	}
	if err := used(apps[:]...); err != nil {
		return nil, none, err
	}
	for _, app := range apps {
		if err := dangling(app); err != nil {
			return nil, none, err
		}
		for _, p := range app.Problems {
			c.say("warning: %s", p.Error())
		}
	}
	if x.gone = len(gateway.APIs(apps[0])) > 0 && len(gateway.APIs(apps[1])) == 0; x.gone {
		c.say("warning: %s: %s in the template; is it the right stack?", x.New, gateway.NoneThere)
	}
	defer c.working(at("comparing " + x.Old + " with " + x.New))()
	results, err := diff.Apps(ctx, apps[0], apps[1], diff.Options{OldAPI: x.OldAPI, API: x.API, OldStage: x.OldStage, Stage: x.Stage, Variables: x.Var, Same: sameFiles(apps[0], apps[1])})
	if err != nil && !errors.Is(err, context.Canceled) {
		return nil, none, &unreadable{err}
	}
	if err != nil {
		return results, none, err
	}
	return results, diff.Compare(check.Check(apps[0], nil, nil).Findings, check.Check(apps[1], nil, nil).Findings), nil
}

// sameFiles reports whether two apps are made of the same files, byte for byte.
func sameFiles(a, b *cfn.App) bool {
	if len(a.Stacks) != len(b.Stacks) {
		return false
	}
	for i, st := range a.Stacks {
		old, err := os.ReadFile(st.File)
		now, err2 := os.ReadFile(b.Stacks[i].File)
		if err != nil || err2 != nil || !bytes.Equal(old, now) {
			return false
		}
	}
	return true
}

// used returns an error for values that name what none of the apps has.
func used(apps ...*cfn.App) error {
	what := func(line string) string { name, _, _ := strings.Cut(line, ";"); return name }
	unused := apps[0].Unused()
	for _, app := range apps[1:] {
		other := app.Unused()
		unused = slices.DeleteFunc(unused, func(line string) bool {
			return !slices.ContainsFunc(other, func(o string) bool { return what(o) == what(line) })
		})
	}
	if len(unused) > 0 {
		return usage("%s", strings.Join(unused, "; "))
	}
	return nil
}
