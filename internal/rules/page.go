package rules

import (
	"fmt"
	"strings"
)

// Page returns the rule's page in docs/rules.
func (r Rule) Page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: %s\n\nSeverity: %s. Found by `corsgate %s`.\n\n%s\n\n## Fix\n\nWith corsgate:\n\n```go\n%s\n```\n\nIn a template:\n\n```yaml\n%s\n```\n", r.ID, r.Title, r.Severity, r.Command, r.Why, r.Fix.Go, r.Fix.CloudFormation)
	switch {
	case r.Before == "":
	case r.Command != "check":
		fmt.Fprintf(&b, "\n## Example\n\nFound in:\n\n```text\n%s\n```\n\nNot found in:\n\n```text\n%s\n```\n", r.Before, r.After)
	default:
		fmt.Fprintf(&b, "\n## Example\n\nEach example is a patch to a [clean template](../../internal/check/testdata/clean.yaml): `null` deletes a key, and a\nmapping applied to a list patches every element. Found in:\n\n```yaml\n%s\n```\n\nNot found in:\n\n```yaml\n%s\n```\n", r.Before, r.After)
	}
	b.WriteString("\n## Sources\n\n")
	for _, s := range r.Sources {
		if strings.HasPrefix(s, "https://") {
			s = "<" + s + ">"
		}
		fmt.Fprintf(&b, "- %s\n", s)
	}
	return b.String()
}

// Index returns the page of all rules, docs/rules/README.md.
func Index() string {
	var b strings.Builder
	b.WriteString(`# The rules of corsgate

A finding can be suppressed, with a reason. Either in the metadata of its resource or of the RestApi:

` + "```yaml" + `
Metadata:
  corsgate:
    suppress:
      - {id: CORS107, reason: only browsers call it}
` + "```" + `

Or in a file, for ` + "`corsgate check --suppressions FILE`" + `: a JSON list of the same entries, to which ` + "`stack` and `logicalId`" + ` can be added. A
suppression that matches no finding is itself a finding.

| Rule | Command | Severity | Finds |
|---|---|---|---|
`)
	for _, r := range table() {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s | %s |\n", r.ID, r.ID, r.Command, r.Severity, strings.ReplaceAll(r.Title, "|", `\|`))
	}
	return b.String()
}
