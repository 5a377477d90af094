package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// pages is where each command has a page. What stands below this line in it is generated.
const (
	pages     = "../../../../docs/cli/"
	generated = "<!-- generated: go test ./apps/corsgate/internal/cli -run TestPages -update -->\n"
)

// TestPages holds the pages in docs/cli against the command line: each command has one, with its arguments, flags and exit
// statuses. With -update it writes that part of them.
func TestPages(t *testing.T) {
	commands := newParser(&grammar{}).Model.Children
	index, want := &strings.Builder{}, map[string]bool{"README.md": true}
	fmt.Fprintf(index, "| command | |\n|---|---|\n")
	for _, c := range commands {
		fmt.Fprintf(index, "| [`corsgate %s`](%s.md) | %s |\n", c.Name, c.Name, cell(c.Help))
		want[c.Name+".md"] = true
		hold(t, c.Name+".md", reference(t, c))
	}
	hold(t, "README.md", index.String())
	found, err := os.ReadDir(pages)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if !want[f.Name()] {
			t.Errorf("docs/cli/%s is the page of no command", f.Name())
		}
	}
}

// hold compares what a page has below the line, or writes it.
func hold(t *testing.T, name, want string) {
	t.Helper()
	b, err := os.ReadFile(pages + name)
	if err != nil {
		t.Error(err)
		return
	}
	above, got, ok := strings.Cut(string(b), generated)
	switch {
	case !ok:
		t.Errorf("docs/cli/%s has no line %s", name, generated)
	case got == want:
	case *update:
		if err := os.WriteFile(pages+name, []byte(above+generated+want), 0o666); err != nil {
			t.Error(err)
		}
	default:
		t.Errorf("docs/cli/%s is not up to date; run the command in it. It has\n%s\nwant\n%s", name, got, want)
	}
}

// reference is the generated part of a command's page.
func reference(t *testing.T, c *kong.Node) string {
	t.Helper()
	about, ok := c.Target.Addr().Interface().(interface{ manual() manual })
	if !ok {
		t.Fatalf("%s has no manual", c.Name)
	}
	m := about.manual()
	var b strings.Builder
	fmt.Fprintf(&b, "\n## Reference\n\n%s\n\n```sh\n%s\n```\n", c.Help, strings.Join(m.calls, "\n"))
	if m.note != "" {
		fmt.Fprintf(&b, "\n%s\n", m.note)
	}
	if len(c.Positional) > 0 {
		b.WriteString("\n| argument | |\n|---|---|\n")
		for _, p := range c.Positional {
			fmt.Fprintf(&b, "| `%s` | %s |\n", p.Summary(), cell(p.Help))
		}
	}
	group := "-"
	for _, f := range c.Flags {
		title := ""
		if f.Group != nil {
			title = strings.TrimSuffix(f.Group.Title, ":")
		}
		if title != group {
			if strings.Contains(b.String(), "| "+cell(title)+" | |\n") {
				t.Errorf("%s: the flags of %q are not together", c.Name, title)
			}
			fmt.Fprintf(&b, "\n| %s | |\n|---|---|\n", cell(cmp.Or(title, "flag")))
			group = title
		}
		name := "--" + f.Name
		if !f.IsBool() {
			name += "=" + f.FormatPlaceHolder()
		}
		required := ""
		if f.Required {
			required = " Required."
		}
		fmt.Fprintf(&b, "| `%s` | %s%s |\n", name, cell(f.Help), required)
	}
	b.WriteString("\n| exit status | when |\n|---:|---|\n")
	for _, s := range m.statuses {
		fmt.Fprintf(&b, "| %d | %s |\n", s.status, cell(s.when))
	}
	return b.String()
}

// cell is a text in a table. What would be read as HTML is code.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace(s)
}

// TestManuals runs no command: what the help and the documents call can be parsed, in each ```sh block.
func TestManuals(t *testing.T) {
	calls := 0
	try := func(t *testing.T, text string) {
		t.Helper()
		for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
			line, _, _ = strings.Cut(line, " #")
			line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
			line = strings.TrimPrefix(line, "npx ")
			args, ok := strings.CutPrefix(strings.Replace(line, "go run ./apps/corsgate ", "corsgate ", 1), "corsgate ")
			if !ok {
				continue
			}
			args, _, _ = strings.Cut(args, " >")
			args, _, _ = strings.Cut(args, " |")
			calls++
			parser := newParser(&grammar{}, kong.Writers(&bytes.Buffer{}, &bytes.Buffer{}), kong.Exit(func(int) {}))
			if _, err := parser.Parse(words(args)); err != nil {
				t.Errorf("corsgate %s: %v", args, err)
			}
		}
	}
	for _, c := range newParser(&grammar{}).Model.Children {
		if about, ok := c.Target.Addr().Interface().(interface{ manual() manual }); ok {
			t.Run(c.Name, func(t *testing.T) { try(t, strings.Join(about.manual().calls, "\n")) })
		}
	}
	root := "../../../../"
	for _, dir := range []string{root + "README.md", root + "docs"} {
		err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(name) != ".md" {
				return err
			}
			b, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			t.Run(strings.TrimPrefix(name, root), func(t *testing.T) {
				for i, part := range strings.Split(string(b), "```") {
					if language, text, _ := strings.Cut(part, "\n"); i%2 == 1 && (language == "sh" || language == "console") {
						try(t, text)
					}
				}
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if calls < 30 {
		t.Errorf("%d calls are shown", calls)
	}
}

// words splits a command line at blanks that are in no quotes.
func words(line string) []string {
	var out []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}
