package cli

import (
	"github.com/corsgate/corsgate/apps/corsgate/internal/config"
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
