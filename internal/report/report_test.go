package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/testkit/hostile"
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

// TestHostile holds that what somebody else wrote begins no line of its own, and is not markup, in any format and any field.
func TestHostile(t *testing.T) {
	f := Of(rules.CORS101, Finding{File: hostile.Text, LogicalID: hostile.Text, ConstructPath: hostile.Text, Stack: hostile.Text, API: hostile.Text, Path: hostile.Text, Method: hostile.Text, Detail: hostile.Text, Console: hostile.Text,
		Fix: rules.Fix{Go: hostile.Text, CloudFormation: hostile.Text}})
	other := f
	other.Line, other.Detail = 3, "::error title=owned::"
	address := Of(rules.CORS102, Finding{File: "https://api.example/prod", Path: "/items/{id} " + hostile.Line, Detail: "at an address"})
	r := New("check", hostile.Text, []Finding{f, other, address}, []Suppression{{ID: hostile.Text, Reason: hostile.Text, File: hostile.Text, LogicalID: hostile.Text}})
	text := []string{hostile.Text, "::error title=owned::"}
	r.Crashed, r.NotJudged, r.Unseen, r.InForce = text, text, text, text
	r.Checked = []Checked{{File: hostile.Text, API: hostile.Text, Stage: hostile.Text, Allowlist: Allowlist{Names: text, Origins: text, From: "stated"}}}
	for _, format := range hostile.Formats {
		var b strings.Builder
		if err := r.Write(&b, format); err != nil {
			t.Fatal(err)
		}
		hostile.Check(t, format, b.String())
	}
	var b strings.Builder
	if err := WriteJSON(&b, hostile.Text); err != nil {
		t.Fatal(err)
	}
	var back string
	if err := json.Unmarshal([]byte(b.String()), &back); err != nil || back != hostile.Text {
		t.Errorf("JSON has %q, %v", back, err)
	}
	for text, want := range map[string]string{"AWS::ApiGateway::Method of http://[::1]:80": "AWS::ApiGateway::Method of http://[::1]:80", "a\tb": "a b", "::::a": ": : : :a"} {
		if got := OneLine(text); got != want {
			t.Errorf("OneLine(%q) = %q, want %q", text, got, want)
		}
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

// TestAllowlist holds that a list is a few words however long it, or a name of it, is, and names nothing twice.
func TestAllowlist(t *testing.T) {
	long := "https://" + strings.Repeat("a", 5000)
	for want, names := range map[string][]string{
		"https://a.example, https://b.example": {"https://a.example", "https://b.example", "https://a.example", "https://b.example"},
		"a, b, c and 1 more":                   {"a", "b", "c", "a", "d"},
		long[:300] + " ...":                    {long},
	} {
		if got := (Allowlist{Names: names}).String(); got != want {
			t.Errorf("%.100q: %q, want %q", names, got, want)
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

// TestItems holds that findings with one fix are items below one title, and below one place if they have the same places.
func TestItems(t *testing.T) {
	at := func(path, detail string) Finding {
		return Of(rules.CORS603, Finding{File: "api", Path: path, Method: "GET", API: "Api", Detail: detail, Console: "No."})
	}
	for want, found := range map[string][]Finding{
		"error CORS603: T\n  api, GET /a\n  one\n  browser: No.\n  why:":                                                             {at("/a", "one")},
		"error CORS603: T\n  api, GET /a\n  - one\n    browser: No.\n  - two\n    browser: No.\n  why:":                              {at("/a", "one"), at("/a", "two")},
		"error CORS603: T\n  api, GET /a\n  - one\n    browser: No.\n  api, GET /b\n  - two\n    browser: No.\n  why:":               {at("/a", "one"), at("/b", "two")},
		"error CORS603: T\n  api, GET /a\n  and GET /b\n  - one\n    browser: No.\n  api, GET /a\n  - two\n    browser: No.\n  why:": {at("/a", "one"), at("/b", "one"), at("/a", "two")},
		"error CORS603: T\n  api, GET /a\n  and GET /b\n  - one\n    browser: No.\n  - two\n    browser: No.\n  why:":                {at("/a", "one"), at("/b", "one"), at("/a", "two"), at("/b", "two")},
	} {
		var b strings.Builder
		if err := New("inspect", "", found, nil).Write(&b, "text"); err != nil {
			t.Fatal(err)
		}
		if got := strings.Replace(b.String(), rules.CORS603.Rule().Title, "T", 1); !strings.HasPrefix(got, want) {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// TestMarkdown holds that a page is as wide as a terminal but for code and tables, and that code in a text is not broken at its commas.
func TestMarkdown(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("word ", 20))
	code := "```yaml\n" + strings.Repeat("x ", 60) + "x\n\n  - y\n```"
	p := &Printer{}
	p.Markdown("# " + long + "\n\n" + long + "\nmore\n\n- " + long + "\n- two\n\n" + code + "\n| " + long + " |\n")
	half, rest := strings.Repeat("word ", 15)+"word", "word word word word"
	want := "# " + long + "\n\n" + half + "\n" + rest + " more\n\n- " + half[:len(half)-len(" word")] + "\n  word " + rest + "\n- two\n\n" + code + "\n| " + long + " |\n"
	if got := p.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	regexp := "#if($x.matches(\"[0-9]{0,4}" + strings.Repeat("|a,b", 30) + "\"))"
	p = &Printer{}
	if p.Line("", "  ", 2, "line "+regexp); p.String() != "  line\n  "+regexp+"\n" {
		t.Errorf("got %q", p.String())
	}
}
