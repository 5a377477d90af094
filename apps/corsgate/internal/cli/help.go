package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/corsgate/corsgate/docs"
	"github.com/corsgate/corsgate/internal/report"
)

// helped is a command: how people call it, and what its exit statuses mean, each "STATUS what it means".
type helped interface {
	usual() []string
	statuses() []string
}

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
	command, _ := node.Target.Addr().Interface().(helped)
	if command != nil {
		p.WriteByte('\n')
		for _, call := range command.usual() {
			fmt.Fprintf(p, "  corsgate %s\n", call)
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
		for _, s := range command.statuses() {
			code, text, _ := strings.Cut(s, " ")
			entry(p, code, 7, text)
		}
	}
	if node.Parent != nil {
		p.WriteString("\nOf every command: --help, --version, --config=FILE\n")
	} else {
		heading(p, "Of every command:")
		for _, f := range ctx.Model.Flags {
			entry(p, "--"+f.Name+value(f), column, f.Help)
		}
		p.WriteString("\n\"corsgate check --help\" has more of a command, \"corsgate help\" the topics.\n")
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
		_, err := fmt.Fprintf(c.Stdout, "corsgate help TOPIC prints one of these:\n\n%s\n\nand corsgate help COMMAND the help of a command.\n", topics())
		return err
	}
	if text, err := docs.Topics.ReadFile(x.Topic + ".md"); err == nil {
		_, err = c.Stdout.Write(text)
		return err
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

// What several commands' exit statuses mean.
const (
	status2    = "2 the command line, or a file of settings, cannot be used"
	stopped130 = "130 interrupted"
)

func (*serveCommand) usual() []string {
	return []string{"serve                         # the CDK app of the working directory", "serve --template template.yaml", "serve --template cdk.out --api Orders --stage prod"}
}

func (*serveCommand) statuses() []string {
	return []string{"0 interrupted, which is how it ends", "1 the app cannot be synthesized, or its API cannot be served", status2, "3 no template can be read"}
}

func (*explainCommand) usual() []string {
	return []string{"explain --template cdk.out --origin https://app.example.com", "explain --template cdk.out --origin https://app.example.com \\\n      --path /orders --method PUT --header authorization --credentials", "explain --template template.yaml --origin null --no-invoke"}
}

func (*explainCommand) statuses() []string {
	return []string{"0 the page gets its response", "1 the browser refuses it", "2 the command line cannot be used, or the API has no such route", "3 it is not known, or a file cannot be read", stopped130}
}

func (*checkCommand) usual() []string {
	return []string{"check                         # cdk.out, or else template.yaml", "check template.yaml --origins https://app.example.com", "check cdk.out --format sarif > corsgate.sarif"}
}

func (*checkCommand) statuses() []string {
	return []string{"0 no finding at or above --fail-on", "1 findings at or above --fail-on", status2, "3 something could not be read or judged"}
}

func (*rulesCommand) usual() []string { return []string{"rules", "rules CORS107", "rules --json"} }

func (*rulesCommand) statuses() []string { return []string{"0 printed", "2 there is no such rule"} }

func (*diffCommand) usual() []string {
	return []string{"diff main/cdk.out cdk.out", "diff old.json new.json --format text", "diff main/cdk.out cdk.out --fail-on looser"}
}

func (*diffCommand) statuses() []string {
	return []string{"0 nothing changes for browsers", "1 something changes; with --fail-on looser: something is allowed that was not", status2, "3 a file cannot be read, or something could not be compared", stopped130}
}

func (*renderCommand) usual() []string {
	return []string{"render --as sam --origins https://app.example.com", "render --as openapi --origins https://app.example.com \\\n      --path /orders/{id} --methods GET,PUT", "render --as terraform --origins https://*.example.com --credentials"}
}

func (*renderCommand) statuses() []string {
	return []string{"0 printed", "2 the command line cannot be used"}
}

func (*probeCommand) usual() []string {
	const at = "probe https://a1b2.execute-api.eu-west-1.amazonaws.com/prod/orders \\\n      --origin https://app.example.com"
	return []string{at, at + " --method PUT --header authorization", at + " --send --bearer-env API_TOKEN"}
}

func (*probeCommand) statuses() []string {
	return []string{"0 the page gets its response, and nothing is found at or above --fail-on", "1 the browser refuses it, or there are findings", status2, "3 the API cannot be reached", stopped130}
}

func (*inspectCommand) usual() []string {
	return []string{"inspect --rest-api-id a1b2c3d4e5 --stage prod", "inspect --rest-api-id a1b2c3d4e5 --template cdk.out", "inspect --rest-api-id a1b2c3d4e5 --policy"}
}

func (*inspectCommand) statuses() []string {
	return []string{"0 no finding at or above --fail-on", "1 findings at or above --fail-on", status2, "3 something of the account could not be read", stopped130}
}

func (*logsCommand) usual() []string {
	return []string{"logs --function orders --since 2h", "logs --rest-api-id a1b2c3d4e5 --stage prod --since 7d", "logs --file downloaded.csv --origins https://app.example.com"}
}

func (*logsCommand) statuses() []string {
	return []string{"0 no finding at or above --fail-on", "1 findings at or above --fail-on", status2, "3 logs could not be read", stopped130}
}

func (*versionCommand) usual() []string    { return []string{"version", "version --json"} }
func (*versionCommand) statuses() []string { return []string{"0 printed"} }

func (*completionCommand) usual() []string {
	return []string{"completion bash > /etc/bash_completion.d/corsgate", `completion zsh > "${fpath[1]}/_corsgate"`, "completion fish > ~/.config/fish/completions/corsgate.fish"}
}

func (*completionCommand) statuses() []string {
	return []string{"0 printed", "2 there is no such shell"}
}

func (*helpCommand) usual() []string { return []string{"help", "help check", "help ci"} }

func (*helpCommand) statuses() []string { return []string{"0 printed", "2 there is no such topic"} }
