package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/corsgate/corsgate/internal/rules"
)

// A Suppression sets findings of a rule aside, with a reason. In a template it stands in a resource's metadata,
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

	// File and Line are where it stands.
	File string `json:"-"`
	Line int    `json:"-"`
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
		rule := rules.CORS901
		detail := fmt.Sprintf("the suppression of %s matches no finding", s.ID)
		switch {
		case !s.valid():
			rule, detail = rules.CORS902, fmt.Sprintf("a suppression with id %q and reason %q; want the id of a rule and a reason", s.ID, s.Reason)
		case used[i]:
			continue
		}
		r.Findings = append(r.Findings, Of(rule, Finding{File: s.File, Line: s.Line, Stack: s.Stack, LogicalID: s.LogicalID, Detail: detail}))
	}
}

func (s Suppression) valid() bool {
	_, known := rules.Lookup(s.ID)
	return known && strings.TrimSpace(s.Reason) != ""
}

func (s Suppression) covers(f Finding) bool {
	return strings.EqualFold(s.ID, string(f.Rule)) && (s.Stack == "" || s.Stack == f.Stack) && (s.LogicalID == "" || s.LogicalID == f.LogicalID || s.LogicalID == f.API)
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
		return nil, fmt.Errorf("line %d: not a list of suppressions: %s", LineOf(text, dec.InputOffset(), err), strings.TrimPrefix(reason, "json: "))
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("line %d: not a list of suppressions: there is more after the end of the list", LineOf(text, dec.InputOffset(), nil))
	}
	for i := range out {
		out[i].File = name
	}
	return out, nil
}

// LineOf returns the line of a JSON text at which a decoder gave up.
func LineOf(text []byte, offset int64, err error) int {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = syntax.Offset
	}
	return 1 + bytes.Count(text[:min(max(int(offset), 0), len(text))], []byte("\n"))
}
