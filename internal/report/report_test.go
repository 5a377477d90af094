package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/rules"
)

func of(id rules.ID, logicalID, detail string) Finding {
	return Of(id, Finding{File: "a.yaml", Line: 3, Stack: "a", LogicalID: logicalID, API: "Api", Detail: detail})
}

// TestNew holds that the worst finding comes first, each once, and that a suppression takes away what it is for and is a
// finding where it is for nothing.
func TestNew(t *testing.T) {
	found := []Finding{of(rules.CORS117, "Get", "long"), of(rules.CORS301, "Api", "none"), of(rules.CORS101, "Items", "no OPTIONS"), of(rules.CORS101, "Items", "no OPTIONS"), of(rules.CORS107, "Get", "500")}
	r := New("check", "", found, []Suppression{
		{ID: "cors107", Reason: "only browsers call it", LogicalID: "Api"}, // in any case, and for all of the API
		{ID: "CORS301", Reason: "of another stack", Stack: "b"},
		{ID: "CORS101"},
		{ID: "CORS999", Reason: "of no rule"},
	})
	var got []string
	for _, f := range r.Findings {
		got = append(got, fmt.Sprint(f.Severity, " ", f.Rule))
	}
	if want := []string{"error CORS101", "warning CORS902", "warning CORS902", "warning CORS901", "warning CORS301", "info CORS117"}; !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) || got[0] != want[0] || got[5] != want[5] {
		t.Errorf("found %q, want %q", got, want)
	}
	if len(r.Suppressed) != 1 || r.Suppressed[0].Rule != rules.CORS107 || r.Suppressed[0].Suppressed != "only browsers call it" {
		t.Errorf("suppressed: %v", r.Suppressed)
	}
	if worst, any := r.Worst(); !any || worst != rules.Error {
		t.Errorf("the worst is %q", worst)
	}
	if r.Answered() {
		t.Error("nothing was checked, and the report says that there is an answer")
	}
	if _, any := New("check", "", nil, nil).Worst(); any {
		t.Error("an empty report has a worst finding")
	}
}

// TestHostile holds that what somebody else wrote begins no line of its own, and is no markup, in any format.
func TestHostile(t *testing.T) {
	const text = "a\n# H\r\n```\n::error::boo\x1b[2J\u202e <script> @all [x](http://e) 100%0A"
	r := New("check", "", []Finding{Of(rules.CORS101, Finding{File: "a,b:c.yaml", LogicalID: "A`\n# X", ConstructPath: text, Path: text, Method: "PUT", Detail: text, Console: text})}, nil)
	f := r.Findings[0]
	for _, s := range []string{f.Where(), f.Detail, f.Console} {
		if strings.ContainsAny(s, "\r\n\x1b\u202e") {
			t.Errorf("%q is not a line for a terminal", s)
		}
	}
	commands := 0
	for _, format := range []string{"text", "json", "sarif", "markdown", "github"} {
		var b strings.Builder
		if err := r.Write(&b, format); err != nil {
			t.Fatal(err)
		}
		if format != "json" && strings.ContainsAny(b.String(), "\x1b\u202e") { // JSON has the names as they are
			t.Errorf("%s has what a terminal acts upon", format)
		}
		for line := range strings.Lines(b.String()) {
			if strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "::error::") || format == "markdown" && (strings.Contains(line, "<script>") || strings.Contains(line, "@all")) && !strings.HasPrefix(line, "`") {
				t.Errorf("%s has the line %q", format, line)
			}
			if format == "github" && strings.HasPrefix(line, "::") {
				commands++
				if !strings.HasPrefix(line, "::error file=a%2Cb%3Ac.yaml,title=CORS101 ") || !strings.Contains(line, "100%250A") {
					t.Errorf("the workflow command %q", line)
				}
			}
		}
		if format == "json" || format == "sarif" {
			if !json.Valid([]byte(b.String())) {
				t.Errorf("%s is not JSON", format)
			}
		}
	}
	if commands != 1 {
		t.Errorf("%d workflow commands for one finding", commands)
	}
}

// TestParseSuppressions holds that what is wrong with a file of suppressions is said with the line.
func TestParseSuppressions(t *testing.T) {
	for text, want := range map[string]string{
		`[{"id": "CORS101", "reason": "r", "stack": "s", "logicalId": "l"}]`: "",
		"[\n{\"rule\": 1}]": "line 2: not a list of suppressions: unknown field",
		"{}":                `line 1: not a list of suppressions: got object, want [{"id": "CORS107", "reason": "..."}]`,
		"[]\n[]":            "line 2: not a list of suppressions: there is more after the end of the list",
	} {
		got, err := ParseSuppressions("s.json", []byte(text))
		switch {
		case want != "":
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%q: %v, want %s", text, err, want)
			}
		case err != nil || len(got) != 1 || got[0] != Suppression{ID: "CORS101", Reason: "r", Stack: "s", LogicalID: "l", File: "s.json"}:
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestClip(t *testing.T) {
	for _, tt := range []struct {
		text string
		most int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "abc ..."}, {"aäö", 4, "aä ..."}} {
		if got := Clip(tt.text, tt.most); got != tt.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", tt.text, tt.most, got, tt.want)
		}
	}
}

// TestGroup holds that one cause is one finding with its places, which are counted once, and that what is suppressed at
// one place is aside.
func TestGroup(t *testing.T) {
	at := func(path, note, detail string) Finding {
		return Of(rules.CORS110, Finding{File: "a.yaml", Line: 3, Stack: "a", LogicalID: "M" + path[1:], API: "Api", Path: path, Method: "OPTIONS", Note: note, Detail: detail})
	}
	another := at("/a", "", "one")
	another.API = "Other"
	for name, tt := range map[string]struct {
		found []Finding
		want  string
	}{
		"one cause":              {[]Finding{at("/a", "", "one"), at("/b", "", "one"), at("/b", "", "one")}, "one: OPTIONS /b"},
		"two causes":             {[]Finding{at("/a", "", "one"), at("/b", "", "two")}, "one: ; two: "},
		"two APIs":               {[]Finding{at("/a", "", "one"), another}, "one: ; one: "},
		"a note that all have":   {[]Finding{at("/a", "status 1", "one"), at("/b", "status 1", "one")}, "one (status 1): OPTIONS /b"},
		"notes that differ":      {[]Finding{at("/a", "status 1", "one"), at("/b", "status 2", "one")}, "one: OPTIONS /b (status 2)"},
		"more places than named": {[]Finding{at("/a", "", "one"), at("/b", "", "one"), at("/c", "", "one"), at("/d", "", "one")}, "one: OPTIONS /b, OPTIONS /c, 1 more"},
		"one is suppressed":      {[]Finding{at("/a", "", "one"), at("/s", "", "one"), at("/b", "", "one")}, "one: OPTIONS /b"},
	} {
		r := New("check", "", tt.found, []Suppression{{ID: "CORS110", Reason: "meant", LogicalID: "Ms"}})
		var got []string
		for _, f := range r.Findings {
			if f.Rule == rules.CORS110 { // and not the suppression that is in vain
				got = append(got, f.Detail+": "+f.Others(2))
			}
		}
		if strings.Join(got, "; ") != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestText holds that a report fits a terminal, whatever it names, and that it is short: of a long fix it says where it is.
func TestText(t *testing.T) {
	long := strings.Repeat("/a-part-of-a-path", 9)
	var found []Finding
	for _, id := range []rules.ID{rules.CORS101, rules.CORS103, rules.CORS121, rules.CORS208} {
		for _, path := range []string{long, long + "/2", long + "/3"} {
			found = append(found, Of(id, Finding{File: "cdk.out" + long, Line: 3, LogicalID: strings.Repeat("Id", 60), API: "Api", Path: path, Method: "OPTIONS", Detail: "no",
				Console: "Access to fetch at 'https://x" + long + "' from origin 'https://app.example.com' has been blocked by CORS policy: No."}))
		}
	}
	r := New("check", "", found, nil)
	for _, r.Verbose = range []bool{false, true} {
		var b strings.Builder
		if err := r.Write(&b, "text"); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := len(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d columns: %s", n, line)
			}
		}
		if whole := strings.Contains(b.String(), "  fix, CDK with corsgate:"); whole != r.Verbose {
			t.Errorf("verbose %v: the whole fix is there: %v", r.Verbose, whole)
		}
		if blocked := strings.Contains(b.String(), "blocked by CORS policy"); blocked != r.Verbose {
			t.Errorf("verbose %v: the console's whole text is there: %v", r.Verbose, blocked)
		}
		if !strings.Contains(b.String(), "corsgate rules CORS101") || strings.Contains(b.String(), "https://github.com/") {
			t.Errorf("not where the rule is:\n%s", b.String())
		}
	}
}
