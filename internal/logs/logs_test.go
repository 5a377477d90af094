package logs

import (
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

func policy(t testing.TB, c cors.Config) *cors.Policy {
	t.Helper()
	p, err := cors.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func scan(t testing.TB, p *cors.Policy, text string) *report.Report {
	t.Helper()
	s := NewScanner(p)
	for l, err := range Read("t.log", strings.NewReader(text)) {
		if err != nil {
			t.Fatal(err)
		}
		s.Add(l)
	}
	return s.Report(nil)
}

func listing(rep *report.Report) string {
	var b strings.Builder
	for _, f := range rep.Findings {
		b.WriteString(string(f.Rule) + " " + strings.TrimSpace(f.Method+" "+f.Path) + ": " + f.Detail + "\n")
	}
	return b.String()
}

// TestExamples holds that each rule's example has its finding and no other, and that what it is compared with has none.
func TestExamples(t *testing.T) {
	p := policy(t, cors.Config{Origins: []string{"https://app.example.com"}, AllowCredentials: true})
	n := 0
	for _, r := range rules.All() {
		if r.Command != "logs" {
			continue
		}
		n++
		if got := listing(scan(t, p, r.Before)); !strings.HasPrefix(got, string(r.ID)) || strings.Count(got, "\n") != 1 {
			t.Errorf("%s, before:\n%s", r.ID, got)
		}
		if got := listing(scan(t, p, r.After)); got != "" {
			t.Errorf("%s, after:\n%s", r.ID, got)
		}
	}
	if n == 0 {
		t.Error("no rules")
	}
}
