package readme

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/corsgate/corsgate/internal/testkit/need"
)

var (
	link    = regexp.MustCompile(`!?\[(?:[^\[\]]|\[[^\]]*\]|` + "`[^`]*`" + `)*\]\(([^()\s]*(?:\([^()]*\))?[^()\s]*)\)`)
	code    = regexp.MustCompile("`[^`\n]*`")
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *#*$`)
	named   = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)
	image   = regexp.MustCompile(`(?:src|srcset|href)="([^"]+)"`)
)

// ours is the address of a file in the repository.
const ours = "https://github.com/corsgate/corsgate/blob/main/"

// TestLinks follows the links of all pages to files and headings. It asks nothing of the network.
func TestLinks(t *testing.T) {
	cmd := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md")
	cmd.Dir = root
	list, err := cmd.Output()
	if err != nil {
		need.Skip(t, fmt.Sprint("not a clone: ", err))
	}
	links := 0
	for _, page := range strings.Fields(string(list)) {
		if _, err := os.Stat(filepath.Join(root, page)); err != nil || strings.Contains(page, "testdata/") || strings.HasPrefix(page, "internal/rules/") {
			continue
		}
		prose := unfenced(text(t, page))
		// A link's text may be code; a link in code is none.
		for _, m := range append(image.FindAllStringSubmatch(prose, -1), link.FindAllStringSubmatch(code.ReplaceAllString(prose, "`x`"), -1)...) {
			if fault := follow(t, page, m[1]); fault != "" {
				t.Errorf("%s: (%s): %s", page, m[1], fault)
			}
			links++
		}
	}
	if links < 200 {
		t.Errorf("%d links are followed", links)
	}
}

// follow says what is wrong with a link, or "".
func follow(t *testing.T, page, target string) string {
	t.Helper()
	if rest, ok := strings.CutPrefix(target, ours); ok {
		page, target = "README.md", rest
	}
	if strings.Contains(target, "://") {
		return ""
	}
	file, anchor, _ := strings.Cut(target, "#")
	to := page
	if file != "" {
		to = path.Join(path.Dir(page), file)
	}
	if _, err := os.Stat(filepath.Join(root, to)); err != nil {
		return "there is no such file"
	}
	if anchor == "" {
		return ""
	}
	if !anchors(text(t, to))[anchor] {
		return "the page has no such heading"
	}
	return ""
}

// anchors returns the names that GitHub gives the headings of a page.
func anchors(page string) map[string]bool {
	out := map[string]bool{}
	page = unfenced(page)
	for _, m := range named.FindAllStringSubmatch(page, -1) {
		out[m[1]] = true
	}
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, link.ReplaceAllStringFunc(m[1], func(s string) string { return s[1:strings.Index(s, "](")] }))
		name := slug
		for i := 1; out[name]; i++ {
			name = fmt.Sprintf("%s-%d", slug, i)
		}
		out[name] = true
	}
	return out
}

// unfenced is a page without its fenced blocks.
func unfenced(page string) string {
	var out strings.Builder
	in := false
	for line := range strings.Lines(page) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			in = !in
			continue
		}
		if !in {
			out.WriteString(line)
		}
	}
	return out.String()
}

// TestSize keeps the README one that is read in a minute.
func TestSize(t *testing.T) {
	if n := len(text(t, "README.md")); n >= 9000 {
		t.Errorf("the README has %d bytes; it is to have less than 9,000: move something to docs", n)
	}
}

// TestDesign holds that the index of the design pages names each.
func TestDesign(t *testing.T) {
	index := text(t, "docs/design/README.md")
	pages, err := filepath.Glob(filepath.Join(root, "docs/design/0*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatal(err)
	}
	for _, p := range pages {
		name := filepath.Base(p)
		title, _, _ := strings.Cut(text(t, "docs/design/"+name), "\n")
		title = regexp.MustCompile(`^# (\d+\. )?`).ReplaceAllString(title, "")
		if want := fmt.Sprintf("| [%s](%s) | %s |", name[:4], name, title); !strings.Contains(index, want) {
			t.Errorf("docs/design/README.md does not have the line %s", want)
		}
	}
}
