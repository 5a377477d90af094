package diff

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// own is an API of routes each of which is for an origin of its own.
func own(routes int, path func(int) string, origin func(int) string) []byte {
	resources := `"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {}}`
	for i := range routes {
		resources += fmt.Sprintf(`, "R%[1]d": {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": %[2]q}},
			"M%[1]d": {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "R%[1]d"}, "HttpMethod": "GET", "AuthorizationType": "NONE",
			"MethodResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": true}}],
			"Integration": {"Type": "MOCK", "RequestTemplates": {"application/json": "{\"statusCode\": 200}"}, "IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {"method.response.header.Access-Control-Allow-Origin": "'%[3]s'"}}]}}}`, i, path(i), origin(i))
	}
	return []byte(`{"Resources": {` + resources + `}}`)
}

// What is made to be posted fits into a comment of GitHub's, however much changes, and says what it leaves out.
func TestMarkdownFits(t *testing.T) {
	const routes = 7
	long := strings.Repeat("long", 300)
	path := func(i int) string { return fmt.Sprintf("p%d-%s", i, long) }
	d := between(t, own(routes, path, func(i int) string { return fmt.Sprintf("https://old%d.example.com", i) }), own(routes, path, func(i int) string { return fmt.Sprintf("https://new%d.example.com", i) }))
	one := markdownOf(t, d)
	var several, text strings.Builder
	var results []Result
	for _, status := range slices.Repeat([]string{Compared, Added, Removed}, 4) {
		results = append(results, Result{API: "A", Status: status, Difference: d})
	}
	if err := Markdown(&several, results, Found{}); err != nil {
		t.Fatal(err)
	}
	if err := Text(&text, results[:1], Found{}); err != nil {
		t.Fatal(err)
	}
	if n := utf8.RuneCountInString(several.String()); n > 65_536 || n < 60_000 {
		t.Errorf("%d characters", n)
	}
	if strings.Contains(one, "do not fit") || strings.Count(one, "may now use the API") != routes {
		t.Errorf("something is left out: %s", one)
	}
	if !strings.HasSuffix(several.String(), ". `--format json` prints all.\n") {
		t.Errorf("it does not say that something is left out: %s", several.String()[several.Len()-300:])
	}
	if strings.Contains(unwrapped(text.String()), "do not fit") || strings.Count(unwrapped(text.String()), "may now use the API") != routes {
		t.Error("text has no bound")
	}
}

// A list that a sentence cuts short is there whole, folded, and a template's text stays in its cell.
func TestMarkdownTable(t *testing.T) {
	path := func(i int) string { return fmt.Sprintf("p%d", i) }
	d := between(t, own(30, path, func(int) string { return "https://old.example.com" }), own(30, path, func(int) string { return "https://new.example.com" }))
	got := markdownOf(t, d)
	head, table, ok := strings.Cut(got, "<details><summary>All origins and routes</summary>\n\n")
	if !ok || !strings.Contains(head, "and 18 more") {
		t.Fatalf("no table, or nothing cut short:\n%s", got)
	}
	if n := strings.Count(table, "`GET /p"); n != 60 {
		t.Errorf("%d routes in the table, want 30 looser and 30 stricter:\n%s", n, table)
	}
	if !strings.Contains(table, "\n\n</details>\n\nThe same") {
		t.Errorf("it does not end:\n%s", table)
	}
	p := markdown.page()
	hostile := make([]string, 20)
	for i := range hostile {
		hostile[i] = "https://(a|b`|</details>\n| @all)"
	}
	p.table([]Group{{Direction: Looser, Before: "refused", After: "allowed", Origins: hostile, Routes: hostile}})
	_, table, _ = strings.Cut(p.String(), "|---|---|---|---|---|\n")
	row, rest, _ := strings.Cut(table, "\n")
	if strings.Count(strings.ReplaceAll(row, `\|`, ""), "|") != 6 || rest != "\n</details>\n" || strings.Count(row, `<code>https\://(a\|b`) != 40 {
		t.Errorf("not one row of five cells: %s", table)
	}
}
