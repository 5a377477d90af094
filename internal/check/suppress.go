package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A Suppression says that findings of a rule do not count, and why. In a template it stands in a resource's metadata,
//
//	Metadata: {"corsgate": {"suppress": [{"id": "CORS107", "reason": "..."}]}}
//
// and is for findings about that resource; on a RestApi it is for all of the API's.
type Suppression struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
	// Stack and LogicalID say where; empty is everywhere. A file may give them.
	Stack     string `json:"stack,omitempty"`
	LogicalID string `json:"logicalId,omitempty"`

	file string
	line int
}

// suppressions reads those of a template.
func (d *Document) suppressions() []Suppression {
	var out []Suppression
	for _, id := range sortedKeys(d.resources) {
		own, _ := d.resources[id].metadata["corsgate"].(map[string]any)
		list, _ := own["suppress"].([]any)
		for _, e := range list {
			m, _ := e.(map[string]any)
			s := Suppression{Stack: d.Stack, LogicalID: id, file: d.Name, line: d.lines[id]}
			s.ID, _ = m["id"].(string)
			s.Reason, _ = m["reason"].(string)
			out = append(out, s)
		}
	}
	return out
}

// suppress sorts the findings into those that count and those that do not. A suppression that is in vain, or is none, is
// a finding itself.
func (r *Report) suppress(all []Finding, suppressions []Suppression) {
	used := make([]bool, len(suppressions))
	for _, f := range all {
		for i, s := range suppressions {
			if s.valid() && s.covers(f) {
				used[i] = true
				if f.Suppressed == "" {
					f.Suppressed = s.Reason
				}
			}
		}
		if f.Suppressed != "" {
			r.Suppressed = append(r.Suppressed, f)
		} else {
			r.Findings = append(r.Findings, f)
		}
	}
	for i, s := range suppressions {
		rule := vainSuppression
		detail := fmt.Sprintf("nothing is found that the suppression of %s is for", s.ID)
		switch {
		case !s.valid():
			rule, detail = badSuppression, fmt.Sprintf("a suppression with id %q and reason %q; want the id of a rule and a reason", s.ID, s.Reason)
		case used[i]:
			continue
		}
		d := Document{Name: s.file, Stack: s.Stack, lines: map[string]int{s.LogicalID: s.line}}
		r.Findings = append(r.Findings, d.finding(rule, place{id: s.LogicalID}, detail, ""))
	}
}

func (s Suppression) valid() bool {
	_, known := Lookup(s.ID)
	return known && strings.TrimSpace(s.Reason) != ""
}

func (s Suppression) covers(f Finding) bool {
	return strings.EqualFold(s.ID, f.Rule) && (s.Stack == "" || s.Stack == f.Stack) && (s.LogicalID == "" || s.LogicalID == f.LogicalID || s.LogicalID == f.API)
}

// ParseSuppressions reads a file of suppressions: a JSON list.
func ParseSuppressions(name string, text []byte) ([]Suppression, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var out []Suppression
	if err := dec.Decode(&out); err != nil {
		reason := err.Error()
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			reason = fmt.Sprintf(`got %s, want [{"id": "CORS107", "reason": "..."}]`, wrong.Value)
		}
		return nil, fmt.Errorf("line %d: not a list of suppressions: %s", lineOf(text, dec.InputOffset(), err), strings.TrimPrefix(reason, "json: "))
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("line %d: not a list of suppressions: there is more after the end of the list", lineOf(text, dec.InputOffset(), nil))
	}
	for i := range out {
		out[i].file = name
	}
	return out, nil
}
