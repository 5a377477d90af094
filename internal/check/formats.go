package check

import (
	"fmt"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"unicode"
)

// Where says in a line where a finding is.
func (f Finding) Where() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	if f.LogicalID != "" {
		b.WriteString(", " + f.LogicalID)
	}
	if f.ConstructPath != "" {
		b.WriteString(" (" + f.ConstructPath + ")")
	}
	if f.Path != "" {
		b.WriteString(", " + strings.TrimSpace(f.Method+" "+f.Path))
	}
	return oneLine(b.String())
}

// uri gives the place as SARIF wants it: an address as it is, any other name as a path.
func (f Finding) uri() string {
	if u, err := url.Parse(f.File); err == nil && u.Host != "" {
		return f.File + f.Path
	}
	return (&url.URL{Path: strings.ReplaceAll(f.File, `\`, "/")}).String()
}

// oneLine makes a line of text that came out of a template: without line breaks, and without what a terminal acts upon or
// what reorders a line (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters).
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		}
		return r
	}, s)), " ")
}

// Summary says in a line what came of the check.
func (r *Report) Summary() string {
	count := map[Severity]int{}
	for _, f := range r.Findings {
		count[f.Severity]++
	}
	routes := 0
	for _, c := range r.Checked {
		routes += c.Routes
	}
	subject := r.Subject
	if subject == "" {
		subject = plural(routes, "route") + " of " + plural(len(r.Checked), "stage")
	}
	s := fmt.Sprintf("%s, %s, %s in %s", plural(count[Error], "error"), plural(count[Warning], "warning"), plural(count[Info], "note"), subject)
	if n := len(r.Suppressed); n > 0 {
		s += fmt.Sprintf("; %d suppressed", n)
	}
	if n := len(r.Crashed); n > 0 {
		s += "; " + plural(n, "rule") + " crashed"
	}
	if n := len(r.Unseen); n > 0 {
		s += "; " + plural(n, "part") + " not seen"
	}
	for i, c := range r.Checked {
		if c.Allowlist.From != "" && i < 3 {
			s += fmt.Sprintf("; %s is for %s (%s)", c.API, c.Allowlist.describe(), c.Allowlist.From)
		}
	}
	return s
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Markdown gives the report as something to post.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "**corsgate %s**: %s\n", r.Command, r.Summary())
	for _, l := range r.Crashed {
		fmt.Fprintf(&b, "\n- crashed: %s\n", escape(l))
	}
	for _, l := range r.Unseen {
		fmt.Fprintf(&b, "\n- not seen: %s\n", escape(l))
	}
	for _, l := range r.InForce {
		fmt.Fprintf(&b, "\n- %s\n", escape(l))
	}
	for i, f := range r.Findings {
		fmt.Fprintf(&b, "\n### %s %s: %s\n\n`%s`\n\n%s\n", f.Severity, f.Rule, escape(f.Title), strings.ReplaceAll(f.Where(), "`", "'"), escape(f.Detail))
		if f.Console != "" {
			fmt.Fprintf(&b, "\n> %s\n", escape(f.Console))
		}
		// Findings of one rule follow each other, and have one cure.
		if i+1 < len(r.Findings) && r.Findings[i+1].Rule == f.Rule {
			continue
		}
		fmt.Fprintf(&b, "\n%s\n\n<details><summary>Cure</summary>\n\nCDK with corsgate:\n\n```go\n%s\n```\n\nCloudFormation:\n\n```yaml\n%s\n```\n\n</details>\n\n[%s](%s)\n", escape(f.Why), f.Cure.Go, f.Cure.CloudFormation, f.Rule, f.Link)
	}
	return b.String()
}

// escape keeps text that came out of a template from being Markdown or HTML.
func escape(s string) string {
	return strings.NewReplacer("\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "<", "&lt;", ">", "&gt;", "[", "\\[", "]", "\\]", "|", "\\|", "@", "&#64;", "\n", " ").Replace(s)
}

// GitHub gives the report as workflow commands, which GitHub shows beside the lines
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
func (r *Report) GitHub() string {
	message := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var b strings.Builder
	for _, f := range r.Findings {
		command := map[Severity]string{Error: "error", Warning: "warning", Info: "notice"}[f.Severity]
		place := "file=" + property.Replace(f.File)
		text := f.Detail
		if f.Line > 0 {
			place += fmt.Sprintf(",line=%d", f.Line)
		} else {
			text = f.Where() + ": " + text
		}
		if f.Console != "" {
			text += "\n" + f.Console
		}
		fmt.Fprintf(&b, "::%s %s,title=%s::%s\n", command, place, property.Replace(f.Rule+" "+f.Title), message.Replace(text+"\n"+f.Link))
	}
	for _, l := range r.Crashed {
		fmt.Fprintf(&b, "::error title=corsgate::%s\n", message.Replace("crashed: "+l))
	}
	for _, l := range r.Unseen {
		fmt.Fprintf(&b, "::error title=corsgate::%s\n", message.Replace("not seen: "+l))
	}
	for _, l := range append([]string{r.Summary()}, r.InForce...) {
		b.WriteString(message.Replace(l) + "\n")
	}
	return b.String()
}

// SARIF gives the report as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
func (r *Report) SARIF() any {
	type m = map[string]any
	level := map[Severity]string{Error: "error", Warning: "warning", Info: "note"}
	var rules []m
	for _, rule := range Rules() {
		rules = append(rules, m{"id": rule.ID, "shortDescription": m{"text": rule.Title}, "fullDescription": m{"text": rule.Why}, "helpUri": rule.Link(),
			"help": m{"text": rule.Cure.CloudFormation, "markdown": rule.Page()}, "defaultConfiguration": m{"level": level[rule.Severity]}})
	}
	results := []m{}
	add := func(f Finding) {
		physical := m{"artifactLocation": m{"uri": f.uri()}}
		if f.Line > 0 {
			physical["region"] = m{"startLine": f.Line}
		}
		text := f.Detail
		if f.Line == 0 {
			text = f.Where() + ": " + text
		}
		if f.Console != "" {
			text += "\n" + f.Console
		}
		location := m{"physicalLocation": physical}
		if f.LogicalID != "" {
			location["logicalLocations"] = []m{{"name": f.LogicalID, "fullyQualifiedName": strings.Trim(f.Stack+"/"+f.LogicalID, "/")}}
		}
		result := m{"ruleId": f.Rule, "level": level[f.Severity], "message": m{"text": text}, "locations": []m{location}}
		if f.Suppressed != "" {
			result["suppressions"] = []m{{"kind": "inSource", "justification": f.Suppressed}}
		}
		results = append(results, result)
	}
	for _, f := range r.Findings {
		add(f)
	}
	for _, f := range r.Suppressed {
		add(f)
	}
	notes := []m{}
	for _, l := range slices.Concat(r.Crashed, r.Unseen) {
		notes = append(notes, m{"level": "error", "message": m{"text": l}})
	}
	for _, l := range r.InForce {
		notes = append(notes, m{"level": "note", "message": m{"text": l}})
	}
	return m{"version": "2.1.0", "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		"runs": []m{{"tool": m{"driver": m{"name": "corsgate", "version": version(), "informationUri": "https://github.com/corsgate/corsgate", "rules": rules}}, "results": results,
			"invocations": []m{{"executionSuccessful": len(r.Crashed)+len(r.Unseen) == 0, "toolExecutionNotifications": notes}}}}}
}

// version is that of the module, (devel) where it was not built from a release.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
