package report

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/version"
)

// Write writes the report in a format: text, json, sarif, markdown or github.
func (r *Report) Write(w io.Writer, format string) error {
	var text string
	switch format {
	case "json":
		return WriteJSON(w, r)
	case "sarif":
		return WriteJSON(w, r.SARIF())
	case "markdown":
		text = r.Markdown()
	case "github":
		text = r.GitHub()
	default:
		p := Printer{Palette: Colours(w)}
		p.Report(r)
		text = p.String()
	}
	_, err := io.WriteString(w, text)
	return err
}

// Markdown returns the report as something to post.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "**corsgate %s**: %s\n", r.Command, EscapeMarkdown(r.Summary()))
	for _, l := range r.Crashed {
		fmt.Fprintf(&b, "\n- crashed: %s\n", EscapeMarkdown(l))
	}
	for _, l := range r.Unseen {
		fmt.Fprintf(&b, "\n- not seen: %s\n", EscapeMarkdown(l))
	}
	for _, l := range r.InForce {
		fmt.Fprintf(&b, "\n- %s\n", EscapeMarkdown(l))
	}
	for i, f := range r.Findings {
		fmt.Fprintf(&b, "\n### %s %s: %s\n\n%s\n", f.Severity, f.Rule, EscapeMarkdown(f.Title), Code(f.Where()))
		if others := f.Others(places); others != "" {
			fmt.Fprintf(&b, "and %s\n", EscapeMarkdown(others))
		}
		fmt.Fprintf(&b, "\n%s\n", EscapeMarkdown(f.Detail))
		if f.Console != "" {
			fmt.Fprintf(&b, "\n> %s\n", EscapeMarkdown(f.Console))
		}
		if r.sameFix(i) {
			continue
		}
		fmt.Fprintf(&b, "\n%s\n\n<details><summary>Fix</summary>\n", EscapeMarkdown(f.Why))
		for _, form := range f.Fix.Forms() {
			fmt.Fprintf(&b, "\n%s:\n\n%s", form.Name, Fenced(form.Language, form.Text))
		}
		fmt.Fprintf(&b, "\n</details>\n\n[%s](%s)\n", f.Rule, f.Link)
	}
	for _, l := range r.NotJudged {
		fmt.Fprintf(&b, "\n- not judged: %s\n", EscapeMarkdown(l))
	}
	for _, l := range r.Notes {
		fmt.Fprintf(&b, "\n- note: %s\n", EscapeMarkdown(l))
	}
	return b.String()
}

// GitHub returns the report as workflow commands, which GitHub shows beside the lines
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
func (r *Report) GitHub() string {
	var b strings.Builder
	for _, f := range r.Findings {
		name := map[rules.Severity]string{rules.Error: "error", rules.Warning: "warning", rules.Info: "notice"}[f.Severity]
		place := "file=" + property.Replace(OneLine(f.File))
		text := f.Detail
		if f.Line > 0 {
			place += fmt.Sprintf(",line=%d", f.Line)
		} else {
			text = f.Where() + ": " + text
		}
		if others := f.Others(places); others != "" {
			text += "\nand " + others
		}
		if f.Console != "" {
			text += "\n" + f.Console
		}
		b.WriteString(command(name, place, string(f.Rule)+" "+f.Title, text+"\n"+f.Link))
	}
	for _, l := range r.Crashed {
		b.WriteString(command("error", "", "corsgate", "crashed: "+l))
	}
	for _, l := range r.NotJudged {
		b.WriteString(command("warning", "", "corsgate", "not judged: "+l))
	}
	for _, l := range r.Unseen {
		b.WriteString(command("error", "", "corsgate", "not seen: "+l))
	}
	for _, l := range slices.Concat(r.Notes, []string{r.Summary()}, r.InForce) {
		b.WriteString(OneLine(l) + "\n")
	}
	return b.String()
}

// sameFix reports whether a finding has the fix of the next one: findings of one rule follow each other, and most have one fix.
func (r *Report) sameFix(i int) bool {
	return i+1 < len(r.Findings) && r.Findings[i+1].Rule == r.Findings[i].Rule && r.Findings[i+1].Fix == r.Findings[i].Fix
}

// uri returns the place as SARIF wants it: an address as it is, any other name as a path.
func (p Place) uri() string {
	if u, err := url.Parse(p.File + p.Path); err == nil && u.Host != "" {
		return u.String()
	}
	return (&url.URL{Path: strings.ReplaceAll(p.File, `\`, "/")}).String()
}

// sarif returns the place as a location of SARIF.
func (p Place) sarif(stack string) map[string]any {
	physical := map[string]any{"artifactLocation": map[string]any{"uri": p.uri()}}
	if p.Line > 0 {
		physical["region"] = map[string]any{"startLine": p.Line}
	}
	location := map[string]any{"physicalLocation": physical}
	if p.LogicalID != "" {
		location["logicalLocations"] = []map[string]any{{"name": p.LogicalID, "fullyQualifiedName": strings.Trim(stack+"/"+p.LogicalID, "/")}}
	}
	return location
}

// SARIF returns the report as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
func (r *Report) SARIF() any {
	type m = map[string]any
	level := map[rules.Severity]string{rules.Error: "error", rules.Warning: "warning", rules.Info: "note"}
	var table []m
	for _, rule := range rules.All() {
		table = append(table, m{"id": rule.ID, "shortDescription": m{"text": rule.Title}, "fullDescription": m{"text": rule.Why}, "helpUri": rule.ID.Link(),
			"help": m{"text": rule.Fix.CloudFormation, "markdown": rule.Page()}, "defaultConfiguration": m{"level": level[rule.Severity]}})
	}
	results := []m{}
	add := func(f Finding) {
		text := f.Detail
		if f.Line == 0 {
			text = f.Where() + ": " + text
		}
		if others := f.Others(places); others != "" {
			text += "\nand " + others
		}
		if f.Console != "" {
			text += "\n" + f.Console
		}
		result := m{"ruleId": f.Rule, "level": level[f.Severity], "message": m{"text": inSARIF(text)}, "locations": []m{f.place().sarif(f.Stack)}}
		var others []m
		for i, p := range f.Places[min(1, len(f.Places)):] {
			other := p.sarif(f.Stack)
			other["id"] = i + 1
			if name := p.name(); name != "" {
				other["message"] = m{"text": inSARIF(name)}
			}
			others = append(others, other)
		}
		if others != nil {
			result["relatedLocations"] = others
		}
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
		notes = append(notes, m{"level": "error", "message": m{"text": inSARIF(l)}})
	}
	for _, l := range r.NotJudged {
		notes = append(notes, m{"level": "warning", "message": m{"text": inSARIF("not judged: " + l)}})
	}
	for _, l := range slices.Concat(r.Notes, r.InForce) {
		notes = append(notes, m{"level": "note", "message": m{"text": inSARIF(l)}})
	}
	v := version.Get()
	return m{"version": "2.1.0", "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		"runs": []m{{"tool": m{"driver": m{"name": "corsgate", "version": v.Version, "informationUri": "https://github.com/corsgate/corsgate", "rules": table,
			"properties": m{"rules": v.Rules, "recordings": v.Recordings}}}, "results": results,
			"invocations": []m{{"executionSuccessful": len(r.Crashed)+len(r.Unseen) == 0, "toolExecutionNotifications": notes}}}}}
}
