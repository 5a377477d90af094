package cli

import (
	"embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/corsgate/corsgate/internal/rules"
)

//go:embed completion
var completions embed.FS

// completionCommand prints a script with which a shell completes command lines. The script asks corsgate what there is. Its exit
// statuses are 0 and, for a shell that there is no script for, 2.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

// Run is called by kong.
func (x *completionCommand) Run(c Command) error {
	text, err := completions.ReadFile("completion/corsgate." + x.Shell)
	if err != nil {
		return err
	}
	_, err = c.Stdout.Write(text)
	return err
}

// completing is the first argument with which the scripts ask. The words after it are those of the command line up to the one
// that is completed.
const completing = "__complete"

// complete prints what the last word may become, a line for each; nothing where it is a file or what nobody knows.
func complete(out io.Writer, app *kong.Application, words []string) error {
	for _, w := range candidates(app, words) {
		if _, err := fmt.Fprintln(out, w); err != nil {
			return err
		}
	}
	return nil
}

func candidates(app *kong.Application, words []string) []string {
	if len(words) == 0 {
		return nil
	}
	words, last := words[:len(words)-1], words[len(words)-1]
	node := app.Node
	for _, w := range words {
		if i := slices.IndexFunc(app.Children, func(n *kong.Node) bool { return n.Name == w }); i >= 0 && node == app.Node {
			node = app.Children[i]
		}
	}
	flags := slices.Clone(app.Flags)
	if node != app.Node {
		flags = append(flags, node.Flags...)
	}
	flag := func(name string) *kong.Flag {
		if i := slices.IndexFunc(flags, func(f *kong.Flag) bool { return "--"+f.Name == name }); i >= 0 {
			return flags[i]
		}
		return nil
	}
	var all []string
	name, _, assigned := strings.Cut(last, "=")
	switch {
	case assigned && flag(name) != nil:
		for _, v := range choices(flag(name)) {
			all = append(all, name+"="+v)
		}
	case len(words) > 0 && flag(words[len(words)-1]) != nil && !flag(words[len(words)-1]).IsBool():
		all = choices(flag(words[len(words)-1]))
	case strings.HasPrefix(last, "-"):
		for _, f := range flags {
			all = append(all, "--"+f.Name)
		}
	case node == app.Node:
		for _, n := range app.Children {
			all = append(all, n.Name)
		}
	case node.Name == "rules":
		for _, r := range rules.All() {
			all = append(all, string(r.ID))
		}
	case node.Name == "completion":
		all = node.Positional[0].EnumSlice()
	}
	return slices.DeleteFunc(all, func(w string) bool { return !strings.HasPrefix(w, last) })
}

// choices returns the values that a flag may have, if they are known.
func choices(f *kong.Flag) []string {
	if f.Name == "fail-on" && f.Enum == "" {
		return []string{string(rules.Error), string(rules.Warning), string(rules.Info)}
	}
	return f.EnumSlice()
}
