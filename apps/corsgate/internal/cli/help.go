package cli

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/corsgate/corsgate/docs"
	"github.com/corsgate/corsgate/internal/report"
)

// column is where the text beside a flag begins.
const column = 28

// printHelp prints the help of the command that is selected, or of the tool. It is what kong calls.
func printHelp(_ kong.HelpOptions, ctx *kong.Context) error {
	p := &report.Printer{}
	node := ctx.Selected()
	if node == nil {
		node = ctx.Model.Node
		fmt.Fprintf(p, "Usage: corsgate <command>\n\n")
	} else {
		fmt.Fprintf(p, "Usage: corsgate %s\n\n", node.Summary())
	}
	p.Line("", "", 0, node.Help)
	if node.Parent == nil {
		heading(p, "Commands:")
		for _, c := range node.Children {
			entry(p, c.Name, 14, c.Help)
		}
	}
	command, _ := node.Target.Addr().Interface().(interface{ manual() manual })
	if command != nil {
		p.WriteByte('\n')
		for _, call := range command.manual().calls {
			fmt.Fprintf(p, "  %s\n", call)
		}
		if note := command.manual().note; note != "" {
			p.WriteByte('\n')
			p.Line("", "", 0, note)
		}
	}
	if len(node.Positional) > 0 {
		heading(p, "Arguments:")
		for _, a := range node.Positional {
			entry(p, a.Summary(), column, a.Help)
		}
	}
	var groups []string
	flags := map[string][]*kong.Flag{}
	for _, f := range node.Flags {
		if f.Hidden || node.Parent == nil {
			continue
		}
		key := "Flags:"
		if f.Group != nil {
			key = f.Group.Key
		}
		if !slices.Contains(groups, key) {
			groups = append(groups, key)
		}
		flags[key] = append(flags[key], f)
	}
	for _, key := range groups {
		heading(p, key)
		for _, f := range flags[key] {
			entry(p, "--"+f.Name+value(f), column, f.Help)
		}
	}
	if command != nil {
		heading(p, "Exit status:")
		for _, s := range command.manual().statuses {
			entry(p, strconv.Itoa(s.status), 7, s.when)
		}
	}
	if node.Parent != nil {
		p.WriteString("\nOf every command: --help, --version, --config=FILE\n")
	} else {
		heading(p, "Of every command:")
		for _, f := range ctx.Model.Flags {
			entry(p, "--"+f.Name+value(f), column, f.Help)
		}
		p.WriteString("\n\"corsgate help COMMAND\" prints a command's help, \"corsgate help\" the topics.\n")
	}
	_, err := io.WriteString(ctx.Stdout, p.String())
	return err
}

func heading(p *report.Printer, text string) { fmt.Fprintf(p, "\n%s\n", text) }

// entry writes a name and, beside it from a column on, what it is.
func entry(p *report.Printer, name string, column int, text string) {
	if len(name) > column-3 {
		fmt.Fprintf(p, "  %s\n", name)
		name = ""
	}
	p.Line("", fmt.Sprintf("  %-*s", column-2, name), column, text)
}

// value is what a flag takes, as =PLACEHOLDER.
func value(f *kong.Flag) string {
	if f.IsBool() {
		return ""
	}
	return "=" + strings.ReplaceAll(f.FormatPlaceHolder(), `"`, "")
}

// helpCommand prints a topic, or the help of a command. Its exit statuses are 0 and, for what is neither, 2.
type helpCommand struct {
	Topic string `arg:"" optional:"" help:"A command or a topic; without it the topics are listed."`
}

// Run is called by kong.
func (x *helpCommand) Run(c Command, k *kong.Kong) error {
	if x.Topic == "" {
		_, err := fmt.Fprintf(c.Stdout, "corsgate help TOPIC prints one of these:\n\n%s\n\ncorsgate help COMMAND prints the help of a command.\n", topics())
		return err
	}
	if text, err := docs.Topics.ReadFile(x.Topic + ".md"); err == nil {
		return printPage(c.Stdout, string(text))
	}
	for _, node := range k.Model.Children {
		if node.Name == x.Topic {
			ctx, err := kong.Trace(k, []string{x.Topic})
			if err != nil {
				return err
			}
			ctx.Stdout = c.Stdout
			return printHelp(kong.HelpOptions{}, ctx)
		}
	}
	return usage("no command or topic %q; corsgate help lists the topics", x.Topic)
}

// printPage prints a page of the documentation, as wide as a terminal.
func printPage(w io.Writer, text string) error {
	p := &report.Printer{}
	p.Markdown(text)
	_, err := io.WriteString(w, p.String())
	return err
}

// topics lists the topics with their titles.
func topics() string {
	var lines []string
	files, _ := docs.Topics.ReadDir(".")
	for _, f := range files {
		text, _ := docs.Topics.ReadFile(f.Name())
		title, _, _ := strings.Cut(strings.TrimPrefix(string(text), "# "), "\n")
		lines = append(lines, fmt.Sprintf("  %-16s %s", strings.TrimSuffix(f.Name(), ".md"), title))
	}
	return strings.Join(lines, "\n")
}
