package diff

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

// A finding is new or gone where one side alone has it, wherever its resource is and whatever it is called.
func TestCompare(t *testing.T) {
	finding := func(rule, api, id, route string) report.Finding {
		f := report.Finding{Rule: rules.ID(rule), Severity: "error", Title: "a title", API: api, Places: []report.Place{{LogicalID: id}}}
		f.Places[0].Method, f.Places[0].Path, _ = strings.Cut(route, " ")
		return f
	}
	get := finding("CORS110", "Api", "Get", "GET /items")
	for name, tt := range map[string]struct {
		before, after []report.Finding
		gone, now     string
	}{
		"the same":           {[]report.Finding{get}, []report.Finding{get}, "", ""},
		"new":                {nil, []report.Finding{get}, "", "CORS110 GET /items"},
		"gone":               {[]report.Finding{get}, nil, "CORS110 GET /items", ""},
		"another route":      {[]report.Finding{get}, []report.Finding{finding("CORS110", "Api", "Get", "GET /other")}, "CORS110 GET /items", "CORS110 GET /other"},
		"another logical id": {[]report.Finding{get}, []report.Finding{finding("CORS110", "Other", "Get2", "GET /items")}, "", ""},
		"another rule":       {[]report.Finding{get}, []report.Finding{finding("CORS101", "Api", "Get", "GET /items")}, "CORS110 GET /items", "CORS101 GET /items"},
		"of a resource":      {[]report.Finding{finding("CORS301", "Api", "Api", "")}, []report.Finding{finding("CORS301", "New", "New", "")}, "", ""},
		"one resource more":  {[]report.Finding{finding("CORS301", "A", "A", "")}, []report.Finding{finding("CORS301", "A", "A", ""), finding("CORS301", "B", "B", "")}, "", "CORS301 B"},
		"one place more": {[]report.Finding{get}, []report.Finding{{Rule: "CORS110", Title: "a title", API: "Api", Places: []report.Place{
			{LogicalID: "Get", Method: "GET", Path: "/items"}, {LogicalID: "Put", Method: "PUT", Path: "/items"}}}}, "", "CORS110 PUT /items"},
	} {
		found := Compare(tt.before, tt.after)
		for i, want := range []string{tt.gone, tt.now} {
			got := ""
			for _, f := range [][]Finding{found.Gone, found.New}[i] {
				got += strings.TrimSpace(fmt.Sprint(f.Rule, " ", strings.Join(f.Places, ", ")))
			}
			if got != want {
				t.Errorf("%s: %s %q, want %q", name, []string{"gone", "new"}[i], got, want)
			}
		}
	}
	if got := Compare(nil, nil); !reflect.DeepEqual(got, Found{[]Finding{}, []Finding{}}) {
		t.Errorf("nothing: %+v", got)
	}
}

// A template, which may be anybody's pull request, gets nothing into a comment, a terminal or a runner's log but text.
func TestHostileText(t *testing.T) {
	hostile := []string{"a\n::error::x", "@everyone", "<img src=x>", "\x1b]52;c;eA==\a", "`` ` **b**", "|x|", "[a](evil.example)"}
	for _, h := range hostile {
		api := func(stage, authorizer, path, header, environment string) []byte {
			d := &drawn{api: object{}, resources: map[string]object{}}
			d.add("Api", "RestApi", d.api)
			d.add("Stage", "Stage", object{"StageName": "v1" + stage})
			d.add("Auth"+authorizer, "Authorizer", object{"Type": "TOKEN", "Name": "a", "IdentitySource": "method.request.header.X-Token"})
			d.resources["Fn"+h] = object{"Type": "AWS::Lambda::Function", "Properties": object{"Environment": object{"Variables": object{"ORIGIN" + h: environment}}}}
			at := d.path("R", "/a"+path)
			method := d.method("M", at, "GET", map[string]string{"Origin": app + header})
			method["AuthorizationType"], method["AuthorizerId"] = "CUSTOM", object{"Ref": "Auth" + authorizer}
			d.method("O", at, "OPTIONS", map[string]string{"Origin": app + header, "Headers": "x-token" + header})
			d.method("P", d.path("S", "/p"), "POST", nil)["Integration"] = object{"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST",
				"Uri": object{"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Fn" + h + ".Arn}/invocations"}}
			return d.template(t)
		}
		stage := strings.NewReplacer("\n", "", "\x1b", "", "\a", "").Replace(h) // no address has those
		results, err := Apps(t.Context(), model.App(t, api("", "", "", "", "a")), model.App(t, api(stage, h, h, h, "b")), Options{})
		if err != nil {
			t.Fatal(err)
		}
		found := Found{New: []Finding{{Rule: "CORS101", Severity: "error", Title: "a title", Places: []string{"GET /" + h}}}}
		var md, text, doc strings.Builder
		if err := Markdown(&md, results, found); err != nil {
			t.Fatal(err)
		}
		if err := Text(&text, results, found); err != nil {
			t.Fatal(err)
		}
		if err := JSON(&doc, results, found); err != nil {
			t.Fatal(err)
		}
		for format, out := range map[string]string{"Markdown": md.String(), "text": text.String(), "JSON": doc.String()} {
			if strings.Contains(out, "\n::") || strings.ContainsAny(out, "\x1b\a") {
				t.Errorf("%q as %s acts:\n%s", h, format, out)
			}
		}
		// What is in code is text; nothing of it is beside.
		for line := range strings.Lines(md.String()) {
			beside := line
			for _, mark := range [][2]string{{"<code>", "</code>"}, {"`", "`"}} {
				for {
					before, rest, ok := strings.Cut(beside, mark[0])
					_, after, ok2 := strings.Cut(rest, mark[1])
					if !ok || !ok2 {
						break
					}
					beside = before + after
				}
			}
			if strings.ContainsAny(strings.ReplaceAll(beside, "<details><summary>", ""), "@`[") || strings.Contains(beside, "<img") || strings.Contains(beside, "evil.example") {
				t.Errorf("%q is beside its code: %s", h, line)
			}
		}
		if !strings.Contains(md.String(), "The address") || !strings.Contains(md.String(), "New routes") {
			t.Errorf("the test looks at little:\n%s", md.String())
		}
	}
}
