package cli

import (
	"github.com/alecthomas/kong"

	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/version"
)

// versionCommand prints which corsgate this is. Its exit status is 0.
type versionCommand struct {
	JSON bool `name:"json" help:"Print it as JSON."`
}

// Run is called by kong.
func (x *versionCommand) Run(c Command) error {
	if x.JSON {
		return report.WriteJSON(c.Stdout, version.Get())
	}
	return version.Get().Write(c.Stdout)
}

// versionFlag is --version, which does what the command does.
type versionFlag bool

// BeforeReset is called by kong where the flag is given, before it looks for a command.
func (versionFlag) BeforeReset(app *kong.Kong, c Command) error {
	if err := (&versionCommand{}).Run(c); err != nil {
		return err
	}
	app.Exit(statusOK)
	return nil
}
