package cli

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// TestHelp holds that the help of each command is a screen of a terminal's width, with its usual calls and its exit statuses.
func TestHelp(t *testing.T) {
	k := newParser(&grammar{})
	for _, node := range append([]*kong.Node{k.Model.Node}, k.Model.Children...) {
		args := []string{node.Name, "--help"}
		if node.Parent == nil {
			args = args[1:]
		}
		var out, errs bytes.Buffer
		if status := (Command{Stdout: &out, Stderr: &errs}).Run(t.Context(), args); status != 0 || errs.Len() > 0 {
			t.Fatalf("%q: status %d, %s", args, status, &errs)
		}
		lines := strings.Split(out.String(), "\n")
		if len(lines) > 60 {
			t.Errorf("%q prints %d lines, want 60 at most", args, len(lines))
		}
		for _, l := range lines {
			if utf8.RuneCountInString(l) > 80 {
				t.Errorf("%q: a line of %d characters: %s", args, utf8.RuneCountInString(l), l)
			}
		}
		if node.Parent == nil {
			continue
		}
		if !strings.Contains(out.String(), "\nExit status:\n  0 ") || !strings.Contains(out.String(), "\n  corsgate "+node.Name) {
			t.Errorf("%q: no exit statuses, or no usual calls:\n%s", args, &out)
		}
		// The same by the other name.
		var same bytes.Buffer
		if status := (Command{Stdout: &same, Stderr: &errs}).Run(t.Context(), []string{"help", node.Name}); status != 0 || same.String() != out.String() {
			t.Errorf("help %s: status %d, %s", node.Name, status, &same)
		}
	}
}

func TestCandidates(t *testing.T) {
	app := newParser(&grammar{}).Model
	for _, tt := range []struct {
		words string // the last of them is completed
		want  string // those that are among them
		not   string
	}{
		{"", "check diff help", "--help"},
		{"ch", "check", "diff"},
		{"--", "--version --config --help", "--format"},
		{"check --f", "--format --fail-on", "--origins --function"},
		{"check --format ", "text sarif github", "check"},
		{"check --format=s", "--format=sarif", "--format=json"},
		{"diff --fail-on ", "change looser", "error"},
		{"check --fail-on ", "error warning info", "looser"},
		{"check --verbose ", "", "text check"},
		{"check template", "", "check"},
		{"rules CORS10", "CORS101 CORS109", "CORS110"},
		{"completion ", "bash zsh fish", ""},
		{"nonsense --unknown=", "", "check"},
	} {
		words := strings.Split(tt.words, " ")
		got := candidates(app, words)
		for _, w := range strings.Fields(tt.want) {
			if !slices.Contains(got, w) {
				t.Errorf("%q: %q, want %s", tt.words, got, w)
			}
		}
		for _, w := range strings.Fields(tt.not) {
			if slices.Contains(got, w) {
				t.Errorf("%q: %q, and %s", tt.words, got, w)
			}
		}
	}
}
