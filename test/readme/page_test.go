package readme

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root is the repository's folder. It is absolute, since tests change folders.
var root, _ = filepath.Abs("../..")

// A block is a fenced block of a page, with what a comment in front of the fence says about it:
//
//	<!-- file: NAME -->      it is the file NAME, which later blocks of the page read
//	<!-- from: FILE -->      it is an excerpt of a file of the repository, which a test keeps true; a line of ... stands for lines left out
//	<!-- test: NAME -->      the test NAME of this package holds it, or, with a file before the name, a function there
//	<!-- not run: WHY -->    it is not executed
//
// Without a comment, go is compiled, console is run, json and yaml are parsed, and sh is left to the test of
// internal/cli, which holds each call of corsgate against the command line. Comments that need no block:
//
//	<!-- copy: FILE NAME -->    the file of the repository is there as NAME
//	<!-- serve: NAME -->        corsgate serve serves the template NAME over TLS on 127.0.0.1:4000
type block struct {
	page     string // below root
	line     int    // of the fence
	language string
	says     []directive // what stands in front of it
	text     string
	from, to int // of the text, in the page
}

type directive struct{ word, rest string }

// at names the place for messages.
func (b block) at() string { return fmt.Sprintf("%s:%d", b.page, b.line) }

// says returns what a directive of the block says.
func (b block) directive(word string) (string, bool) {
	i := slices.IndexFunc(b.says, func(d directive) bool { return d.word == word })
	if i < 0 {
		return "", false
	}
	return b.says[i].rest, true
}

// executed are the pages whose blocks are executed.
func executed(t *testing.T) []string {
	t.Helper()
	out := []string{"README.md"}
	for _, pattern := range []string{"docs/*.md", "docs/cli/*.md"} {
		names, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			rel, err := filepath.Rel(root, n)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, filepath.ToSlash(rel))
		}
	}
	return out
}

// text reads a file of the repository.
func text(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// blocks returns the fenced blocks of a page, and at the end one without a text if directives are left.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	content := text(t, page)
	var out []block
	var says []directive
	var open *block
	at, n := 0, 0
	for line := range strings.Lines(content) {
		start := at
		at += len(line)
		n++
		bare := strings.TrimSpace(line)
		if open != nil {
			if bare == "```" {
				open.to = start
				open.text = content[open.from:open.to]
				out = append(out, *open)
				open = nil
			}
			continue
		}
		if language, ok := strings.CutPrefix(bare, "```"); ok {
			open = &block{page: page, line: n, language: language, says: says, from: at}
			says = nil
			continue
		}
		if inner, ok := strings.CutPrefix(bare, "<!-- "); ok {
			word, rest, ok := strings.Cut(strings.TrimSuffix(inner, " -->"), ": ")
			if ok && slices.Contains([]string{"file", "from", "not run", "test", "copy", "serve"}, word) {
				says = append(says, directive{word, rest})
			}
			continue
		}
		if strings.HasPrefix(line, "    ") && bare != "" && !strings.HasPrefix(bare, "-") && !strings.HasPrefix(bare, "|") && n > 1 {
			t.Errorf("%s:%d: an indented block, which nothing executes: put a fence around it", page, n)
		}
	}
	if open != nil {
		t.Fatalf("%s: a block is not closed", open.at())
	}
	return out
}
