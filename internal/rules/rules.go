// Package rules is the table of corsgate's rules: what each finds, its severity, the reason, and the fix. Each rule is a
// file, CORS101.md and so on, with what programs need in its front matter and the reason as its text. The ids are
// constants, made from the files, so that an unknown id does not compile. The pages under docs/rules are made from the
// files too.
//
// The code that decides whether a rule has a finding is elsewhere, and names the rule's id: see the table in package check,
// and packages probe, inspect and logs.
package rules

//go:generate go test -run ^TestGenerated$ -update .

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// An ID is the id of a rule: CORS and three digits. The first digit is 1 for the preflight, 2 for headers and their values,
// 3 for the gateway's own responses, 4 for what is around the API, 5 for what only a response on the wire shows, 6 for the
// deployed state, 7 for the logs, 8 for HTTP APIs and function URLs, 9 for the check itself. No id is ever used for another rule.
type ID string

// Link returns the address of the rule's page.
func (id ID) Link() string {
	return "https://github.com/corsgate/corsgate/blob/main/docs/rules/" + string(id) + ".md"
}

// Rule returns the rule.
func (id ID) Rule() Rule {
	r, ok := Lookup(string(id))
	if !ok {
		panic("no rule has the id " + string(id)) // the constants are of rules that exist
	}
	return r
}

// A Severity says how bad a finding is.
type Severity string

// The severities.
const (
	// Error: a page that should use the API cannot, a page that should not can, or the template cannot be deployed.
	Error Severity = "error"
	// Warning: it works now or for some, and will not at another time or for others.
	Warning Severity = "warning"
	// Info: worth knowing, and nothing fails because of it.
	Info Severity = "info"
)

// Rank returns the place of a severity among the severities, 0 for the worst, and -1 for what is not a severity.
func (s Severity) Rank() int { return slices.Index([]Severity{Error, Warning, Info}, s) }

// AtLeast reports whether a severity is as bad as another or worse.
func (s Severity) AtLeast(t Severity) bool { return s.Rank() <= t.Rank() }

// A Rule is one kind of fault.
type Rule struct {
	ID ID `json:"id"`
	// Command is the command of the tool that finds it: check, probe, inspect or logs. The other commands find what check
	// does as well.
	Command  string   `json:"command"`
	Title    string   `json:"title"`
	Severity Severity `json:"severity"`
	// Why says what happens, and how it comes to that. It is the text of the file.
	Why string `json:"why" yaml:"-"`
	Fix Fix    `json:"fix"`
	// Before and After are changes to internal/check/testdata/clean.yaml: the first makes it a template with this finding and
	// no other, the second one without any. They are merged as RFC 7386 has it, in YAML, but for one thing: a mapping laid
	// over a list changes each of its elements. A rule of another command than check has what that command reads: the head of
	// a response, a part of the deployed state, lines of a log.
	Before string `json:"before"`
	After  string `json:"after"`
	// Sources are where this is documented or was observed.
	Sources []string `json:"source"`
}

// All returns every rule, by id.
func All() []Rule { return slices.Clone(table()) }

// Lookup returns the rule with an id, in upper or lower case.
func Lookup(id string) (Rule, bool) {
	for _, r := range table() {
		if strings.EqualFold(string(r.ID), id) {
			return r, true
		}
	}
	return Rule{}, false
}

//go:embed CORS*.md
var files embed.FS

// Digest returns the SHA-256 digest of the rules' files, in hexadecimal.
func Digest() string {
	names, _ := fs.Glob(files, "*.md")
	sum := sha256.New()
	for _, name := range names {
		text, _ := files.ReadFile(name)
		fmt.Fprintf(sum, "%s %d\n", name, len(text))
		sum.Write(text)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// The table is read when it is first asked for. It is not a sync.OnceValue, which would link the files and the YAML reader
// into a CDK app that names nothing but ids.
var (
	reading sync.Once
	read    []Rule
)

func table() []Rule {
	reading.Do(func() {
		names, _ := fs.Glob(files, "*.md") // by name, so by id
		for _, name := range names {
			text, _ := files.ReadFile(name)
			r, err := parse(text)
			if err == nil && string(r.ID)+".md" != name {
				err = fmt.Errorf("its id is %s", r.ID)
			}
			if err != nil {
				panic(fmt.Sprintf("internal/rules/%s: %v", name, err)) // no test passes then
			}
			read = append(read, r)
		}
	})
	return read
}

// parse reads a rule's file.
func parse(text []byte) (Rule, error) {
	var r Rule
	front, why, ok := strings.Cut(strings.TrimPrefix(string(text), "---\n"), "\n---\n")
	if !ok {
		return r, fmt.Errorf("no front matter between two lines of ---")
	}
	d := yaml.NewDecoder(bytes.NewReader([]byte(front)))
	d.KnownFields(true)
	err := d.Decode(&r)
	r.Why = strings.TrimSpace(why)
	return r, err
}
