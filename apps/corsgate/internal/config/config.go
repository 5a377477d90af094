// Package config reads .corsgate.yaml, the settings of a repository that its templates do not have.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/corsgate/corsgate/internal/check"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

// Name is the name of the file.
const Name = ".corsgate.yaml"

// File is what .corsgate.yaml says. What the command line says goes before it.
type File struct {
	// Origins are the origins and patterns that the APIs are meant for, as --origins has them.
	Origins []string `yaml:"origins" json:"origins,omitempty"`
	// APIs are settings of single APIs, by logical id or STACK/ID; they go before those of all.
	APIs map[string]API `yaml:"apis" json:"apis,omitempty"`
	// FailOn is the least severity that fails, as --fail-on has it.
	FailOn rules.Severity `yaml:"fail-on" json:"fail-on,omitempty" jsonschema:"enum=error,enum=warning,enum=info"`
	// Suppressions are findings that do not count, each with the reason.
	Suppressions []Suppression `yaml:"suppressions" json:"suppressions,omitempty"`
	// Emits are functions known to emit CORS headers by themselves, by logical id or STACK/ID.
	Emits []string `yaml:"emits" json:"emits,omitempty"`

	name string
}

// API is what the file says of one API.
type API struct {
	// Origins are the origins and patterns that the API is meant for.
	Origins []string `yaml:"origins" json:"origins"`
}

// A Suppression sets findings of a rule aside, with a reason.
type Suppression struct {
	// ID is the rule's, such as CORS107.
	ID string `yaml:"id" json:"id" jsonschema:"pattern=^CORS[0-9]{3}$"`
	// Reason is why its findings do not count.
	Reason string `yaml:"reason" json:"reason" jsonschema:"minLength=1"`
	// Stack and LogicalID say where; without them it is everywhere.
	Stack     string `yaml:"stack" json:"stack,omitempty"`
	LogicalID string `yaml:"logicalId" json:"logicalId,omitempty"`

	line int
}

// Find returns the path of the file in dir or, upwards, the nearest folder that has one, and "" if there is none. The root of a
// repository is the last folder that is looked at.
func Find(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for {
		name := filepath.Join(dir, Name)
		if info, err := os.Stat(name); err == nil && !info.IsDir() {
			return name
		}
		parent := filepath.Dir(dir)
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil || parent == dir {
			return ""
		}
		dir = parent
	}
}

// Read reads a file. Its errors have the file's name and the line, one after the other.
func Read(name string) (*File, error) {
	in, err := os.Open(name)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer in.Close()
	const most = 1 << 20
	text, err := io.ReadAll(io.LimitReader(in, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case len(text) > most:
		return nil, fmt.Errorf("%s: larger than 1 MiB", name)
	}
	f, faults := parse(text)
	if len(faults) > 0 {
		return nil, fmt.Errorf("%s: %s", name, strings.Join(faults, "; "))
	}
	f.name = name
	return f, nil
}

func parse(text []byte) (*File, []string) {
	f := &File{}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	dec.KnownFields(true)
	if err := dec.Decode(f); err != nil && !errors.Is(err, io.EOF) {
		var wrong *yaml.TypeError
		if !errors.As(err, &wrong) {
			return nil, []string{strings.TrimPrefix(err.Error(), "yaml: ")}
		}
		var faults []string
		for _, e := range wrong.Errors {
			faults = append(faults, plain(e))
		}
		return nil, faults
	}
	if err := dec.Decode(new(File)); !errors.Is(err, io.EOF) {
		return nil, []string{"there is a second document in it (---); want one"}
	}
	if faults := unread(&root); len(faults) > 0 {
		return nil, faults
	}
	return f, f.faults(&root)
}

var (
	unknownKey = regexp.MustCompile(`(?s)^line ([0-9]+): field (.*) not found in type config\.(.*)$`)
	wrongType  = regexp.MustCompile(`^line ([0-9]+): cannot unmarshal !!(\S+)(?: .*)? into (.*)$`)
)

// plain says what the YAML reader says, without the names of Go's types.
func plain(e string) string {
	if m := unknownKey.FindStringSubmatch(e); m != nil {
		keys := map[string]string{"File": "origins, apis, fail-on, suppressions and emits", "API": "origins", "Suppression": "id, reason, stack and logicalId"}
		return fmt.Sprintf("line %s: unknown key %q; known here: %s", m[1], m[2], keys[m[3]])
	}
	if m := wrongType.FindStringSubmatch(e); m != nil {
		wants, is := "a text", map[string]string{"seq": "a list", "map": "keys with values"}
		switch {
		case strings.HasPrefix(m[3], "[]"):
			wants = is["seq"]
		case strings.HasPrefix(m[3], "map[") || strings.HasPrefix(m[3], "config."):
			wants = is["map"]
		}
		return fmt.Sprintf("line %s: got %s, want %s", m[1], cmp.Or(is[m[2]], "a text"), wants)
	}
	return e
}

// unread says what the YAML reader takes without a word and leaves out, or takes from another place: an empty entry of a list, a
// merge key, and an alias that is a key.
func unread(n *yaml.Node) []string {
	var out []string
	for i, c := range n.Content {
		switch {
		case n.Kind == yaml.MappingNode && i%2 == 0 && c.Kind == yaml.AliasNode:
			out = append(out, fmt.Sprintf("line %d: the key *%s is an alias; write the key out", c.Line, c.Value))
		case c.Tag == "!!merge":
			out = append(out, fmt.Sprintf("line %d: the merge key << is not read; write the keys out", c.Line))
		case n.Kind == yaml.SequenceNode && c.Tag == "!!null":
			out = append(out, fmt.Sprintf("line %d: an entry of the list is empty", c.Line))
		}
		out = append(out, unread(c)...)
	}
	return out
}

// faults says what is wrong with values.
func (f *File) faults(root *yaml.Node) []string {
	var out []string
	fault := func(n *yaml.Node, format string, args ...any) {
		out = append(out, fmt.Sprintf("line %d: ", n.Line)+fmt.Sprintf(format, args...))
	}
	if len(root.Content) == 0 {
		return nil
	}
	top := root.Content[0]
	if n := child(top, "fail-on"); n != nil && f.FailOn.Rank() < 0 {
		fault(n, "fail-on is %q; want error, warning or info", string(f.FailOn))
	}
	origins := func(n *yaml.Node, list []string) {
		if _, err := check.State(list); err != nil && len(list) > 0 {
			fault(n, "%s", strings.Join(strings.Fields(err.Error()), " "))
		}
	}
	if n := child(top, "origins"); n != nil {
		origins(n, f.Origins)
	}
	for _, id := range slices.Sorted(maps.Keys(f.APIs)) {
		n := child(child(top, "apis"), id)
		if len(f.APIs[id].Origins) == 0 {
			fault(n, "the API %s has no origins", id)
		}
		origins(n, f.APIs[id].Origins)
	}
	for i := range f.Suppressions {
		s, n := &f.Suppressions[i], child(top, "suppressions").Content[i]
		s.line = n.Line
		if _, ok := rules.Lookup(s.ID); !ok {
			fault(n, "no rule %q; corsgate rules lists them", s.ID)
		} else if strings.TrimSpace(s.Reason) == "" {
			fault(n, "the suppression of %s has no reason", s.ID)
		}
	}
	return out
}

// child returns the value of a key of a mapping, with the aliases that lead to it followed.
func child(n *yaml.Node, key string) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			v := n.Content[i+1]
			for v.Kind == yaml.AliasNode {
				v = v.Alias
			}
			return v
		}
	}
	return nil
}

// Suppress returns the suppressions as reports take them. Those of a stack that is not looked at are left out, if stacks are
// known: one file may be for several apps.
func (f *File) Suppress(stacks []string) []report.Suppression {
	var out []report.Suppression
	for _, s := range f.Suppressions {
		if s.Stack == "" || stacks == nil || slices.Contains(stacks, s.Stack) {
			out = append(out, report.Suppression{ID: s.ID, Reason: s.Reason, Stack: s.Stack, LogicalID: s.LogicalID, File: f.name, Line: s.line})
		}
	}
	return out
}

// Stated returns the allowlists, nil if the file has none.
func (f *File) Stated() (*check.Allowlist, error) {
	each := map[string][]string{}
	for id, api := range f.APIs {
		each[id] = api.Origins
	}
	if len(f.Origins)+len(each) == 0 {
		return nil, nil
	}
	return check.StateEach(f.Origins, each)
}
