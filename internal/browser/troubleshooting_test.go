package browser_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/rules"
)

// TestTroubleshooting holds that the page has every text that a console can print, that each has a command and a rule, and
// that the rules are there.
func TestTroubleshooting(t *testing.T) {
	b, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	unwrapped := strings.Join(strings.Fields(page), " ")
	sections := map[string]string{}
	for _, s := range strings.Split(page, "\n### ")[1:] {
		heading, text, _ := strings.Cut(s, "\n")
		text, _, _ = strings.Cut(text, "\n## ")
		sections[heading] = text
	}
	used := map[string]bool{}
	for _, code := range browser.Codes() {
		text := browser.Words(code, "")
		if text == string(code) {
			continue // one that this package never gives
		}
		used[text] = true
		section, ok := sections[text]
		switch {
		case !ok:
			t.Errorf("%s: no section %q", code, text)
		case !strings.Contains(section, "corsgate probe ") || !strings.Contains(section, "rules/CORS"):
			t.Errorf("%s: the section has no command, or no rule", code)
		}
		for _, i := range []browser.Initiator{browser.Fetch, browser.XMLHttpRequest} {
			if hint := strings.TrimSpace(strings.TrimPrefix(browser.Words(code, i), text)); !strings.Contains(unwrapped, hint) {
				t.Errorf("%s: the page does not say %q", code, hint)
			}
		}
	}
	if len(used) < 13 {
		t.Errorf("only %d texts", len(used))
	}
	for heading := range sections {
		if !used[heading] {
			t.Errorf("no console says %q", heading)
		}
	}
	for _, link := range regexp.MustCompile(`\[(CORS\d+)\]\(rules/(CORS\d+)\.md\)`).FindAllStringSubmatch(page, -1) {
		if _, ok := rules.Lookup(link[1]); !ok || link[1] != link[2] {
			t.Errorf("no rule %s", link[0])
		}
	}
	for _, id := range regexp.MustCompile(`CORS\d+`).FindAllString(page, -1) {
		if _, ok := rules.Lookup(id); !ok {
			t.Errorf("no rule %s", id)
		}
	}
	prefix := "Access to fetch at 'URL' from origin 'ORIGIN' has been blocked by CORS policy: "
	for _, text := range []string{prefix, "Response to preflight request doesn't pass access control check: "} {
		if !strings.Contains(page, "`"+text+"`") {
			t.Errorf("the page does not have %q", text)
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil || !strings.Contains(string(readme), "(docs/troubleshooting.md)") {
		t.Errorf("the README does not link to the page: %v", err)
	}
}
