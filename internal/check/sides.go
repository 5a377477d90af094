package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/report"
)

// A side is what there is with one undecided condition taken the other way.
type side struct {
	condition *cfn.Condition
	parent    int // the side without which the condition decides nothing, -1 for none
	seen      *seen
}

// touches reports whether something that hangs on a condition may have to do with an API.
func touches(t cfn.Touch) bool {
	for _, of := range []string{"AWS::ApiGateway", "AWS::Lambda::", "AWS::WAFv2::", "AWS::CloudFormation::Stack"} {
		if strings.HasPrefix(t.Type, of) {
			return true
		}
	}
	return t.Type == ""
}

// same is the same text for the same finding under other values.
func same(f report.Finding) string {
	return strings.Join([]string{string(f.Rule), f.Stack, f.LogicalID, f.API, f.Path, f.Method, f.Note, f.Detail}, "\x00")
}

// under adds what is found beside what there is with a key that a mapping is looked up by.
func (s *seen) under(when string, o *seen) {
	for _, f := range o.findings {
		at := slices.IndexFunc(s.findings, func(had report.Finding) bool { return same(had) == same(f) })
		switch {
		case at < 0:
			f.When = "if " + when
			s.findings = append(s.findings, f)
		case strings.Contains(s.findings[at].When, when[:strings.LastIndex(when, " is ")+4]):
			s.findings[at].When += " or " + when
		}
	}
	for _, l := range o.crashed {
		if !slices.Contains(s.crashed, l) {
			s.crashed = append(s.crashed, l)
		}
	}
}

// beside adds what there is on the other sides of conditions. What holds on one side only says so.
func (s *seen) beside(sides []side) {
	s.findings = either(s.findings, sides, func(o *seen) []report.Finding { return o.findings },
		same,
		func(f report.Finding, condition string) report.Finding {
			f.When = condition
			return f
		})
	s.notJudged = either(s.notJudged, sides, func(o *seen) []string { return o.notJudged },
		func(l string) string { return l },
		func(l, condition string) string { return l + " (" + condition + ")" })
	for _, side := range sides {
		for _, x := range side.seen.suppressions {
			if !slices.Contains(s.suppressions, x) {
				s.suppressions = append(s.suppressions, x)
			}
		}
		for _, x := range side.seen.crashed {
			if !slices.Contains(s.crashed, x) {
				s.crashed = append(s.crashed, x)
			}
		}
		for _, x := range side.seen.checked {
			if !slices.ContainsFunc(s.checked, func(c report.Checked) bool { return c.File == x.File && c.API == x.API && c.Stage == x.Stage }) {
				s.checked = append(s.checked, x)
			}
		}
	}
}

// either merges what there is with what there is on the other sides.
func either[T any](base []T, sides []side, of func(*seen) []T, key func(T) string, say func(x T, condition string) T) []T {
	if len(sides) == 0 {
		return base
	}
	has := make([]map[string]bool, len(sides))
	for i, side := range sides {
		has[i] = map[string]bool{}
		for _, x := range of(side.seen) {
			has[i][key(x)] = true
		}
	}
	var out []T
	here := map[string]bool{}
	for _, x := range base {
		here[key(x)] = true
		var only []string
		for i, side := range sides {
			if !has[i][key(x)] && (side.parent < 0 || has[side.parent][key(x)]) {
				only = append(only, holds(side.condition, side.condition.Holds))
			}
		}
		if len(only) > 0 {
			x = say(x, "if "+strings.Join(only, " and "))
		}
		out = append(out, x)
	}
	for i, side := range sides {
		for _, x := range of(side.seen) {
			if here[key(x)] {
				continue
			}
			here[key(x)] = true
			var where []string
			for j := i; j < len(sides); j++ {
				if has[j][key(x)] && (sides[j].parent < 0 || !has[sides[j].parent][key(x)]) {
					where = append(where, holds(sides[j].condition, !sides[j].condition.Holds))
				}
			}
			out = append(out, say(x, "if "+strings.Join(where, " or ")))
		}
	}
	return out
}

func holds(c *cfn.Condition, side bool) string { return fmt.Sprintf("%s is %v", c.Name, side) }
