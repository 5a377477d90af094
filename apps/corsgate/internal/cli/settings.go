package cli

import (
	"maps"
	"slices"

	"github.com/corsgate/corsgate/apps/corsgate/internal/config"
	"github.com/corsgate/corsgate/internal/cfn"
)

// settings are those of .corsgate.yaml, read when a command first asks for them.
type settings struct {
	named string // by --config
	file  *config.File
}

// configured returns what .corsgate.yaml says; nothing where there is none.
func (c Command) configured() (*config.File, error) {
	s := c.settings
	if s.file != nil {
		return s.file, nil
	}
	name := s.named
	if name == "" {
		if name = config.Find("."); name == "" {
			s.file = &config.File{}
			return s.file, nil
		}
	}
	file, err := config.Read(name)
	if err != nil {
		return nil, usage("%w", err)
	}
	if s.named == "" {
		c.say("settings of %s", name)
	}
	s.file = file
	return file, nil
}

// missing says what .corsgate.yaml names that is not in the app. It is no error: one file may be for several apps.
func (c Command) missing(app *cfn.App) error {
	file, err := c.configured()
	if err != nil {
		return err
	}
	for _, kind := range []struct {
		typ, what string
		names     []string
	}{{"AWS::ApiGateway::RestApi", "API", slices.Sorted(maps.Keys(file.APIs))}, {"AWS::Lambda::Function", "function", file.Emits}} {
		for _, name := range kind.names {
			if !slices.ContainsFunc(app.OfType(kind.typ), func(r *cfn.Resource) bool { return name == r.ID || name == r.Stack.Name+"/"+r.ID }) {
				c.say("the settings name the %s %s, which is not in the templates", kind.what, name)
			}
		}
	}
	return nil
}
