package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/vtl"
)

// setTwice says which templates of an integration that is not a proxy may override a
// CORS header themselves, given its request templates and its responses. p's
// directives stand in front of one of its templates, and what one template overrides,
// neither it nor the other may override again: API Gateway responds with 500 then, to the
// allowed origins only
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html).
//
// It looks at every branch of a template, since nobody knows here which ones a request
// will take.
//
// A template that overrides Vary is named as well: a mapping has Origin there, which is
// lost.
func setTwice(p *cors.Policy, where string, requestTemplates any, responses []any) []Remark {
	out := setters(p, "request", where, requestTemplates)
	for _, v := range responses {
		one, _ := v.(map[string]any)
		for _, s := range setters(p, "response", where, one["responseTemplates"]) {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

func setters(p *cors.Policy, kind, where string, templates any) []Remark {
	var out []Remark
	given, _ := templates.(map[string]any)
	for _, contentType := range slices.Sorted(maps.Keys(given)) {
		for _, r := range overrides(p, given[contentType]) {
			r.Text = fmt.Sprintf("the %s template (%s) of %s %s", kind, contentType, where, r.Text)
			out = append(out, r)
		}
	}
	return out
}

// overrides says how a template, a string or an intrinsic function, may be at odds
// with p's directives.
func overrides(p *cors.Policy, template any) []Remark {
	text, ok := flat(template)
	var parsed *vtl.Template
	var err error
	if ok {
		parsed, err = vtl.Parse(text)
	}
	if !ok || err != nil {
		if !mentions(template) {
			return nil
		}
		why := "its text is not known at synthesis"
		if err != nil {
			why = err.Error()
		}
		return []Remark{{Text: "overrides a part of the response, and it cannot be told whether that is a CORS header (" + why +
			"): API Gateway responds with 500 when one is set twice, and the policy sets them: write the template as one string that names each header"}}
	}
	var out []Remark
	fail := func(format string, args ...any) { out = append(out, Remark{Text: fmt.Sprintf(format, args...)}) }
	ours := policyHeaders(p)
	for _, o := range parsed.HeaderOverrides() {
		switch name := strings.ToLower(o.Header); {
		case name == "" || strings.Contains(o.Header, hole):
			fail("overrides a header on line %d whose name cannot be told at synthesis: "+
				"if it is a CORS header, the policy sets it too, and API Gateway responds with 500 when one is set twice: write the header's name there", o.Line)
		case slices.Contains(ours, name):
			fail("sets %s itself on line %d: the policy sets it too, and API Gateway responds with 500 to the allowed origins when a header is set twice: "+
				"remove that from the template", o.Header, o.Line)
		case strings.HasPrefix(name, "access-control-"):
			fail("sets %s itself on line %d: the policy decides the CORS headers: remove that from the template", o.Header, o.Line)
		case corsheader.IsVary(name) && !variesByOrigin(text, o.Line):
			out = append(out, Remark{Severity: Warning, Name: "lost-vary", Text: fmt.Sprintf("sets %s itself on line %d, in the place of the mapping that says Origin, "+
				"so a cache may send one origin's response to another: add Origin to the value there", o.Header, o.Line)})
		}
	}
	return out
}

// variesByOrigin reports whether a line of a template, which sets Vary, speaks of Origin after that.
func variesByOrigin(template string, line int) bool {
	lines := strings.Split(strings.ToLower(template), "\n")
	if line < 1 || line > len(lines) {
		return false
	}
	_, value, ok := strings.Cut(lines[line-1], strings.ToLower(corsheader.Vary))
	return ok && strings.Contains(value, strings.ToLower(corsheader.Origin))
}

// policyHeaders are the headers that p's directives override, in lower case.
func policyHeaders(p *cors.Policy) []string {
	t, err := vtl.Parse(ResponseTemplate(p))
	if err != nil {
		panic("corsgate: bug: the policy's own template does not parse: " + err.Error())
	}
	var out []string
	for _, o := range t.HeaderOverrides() {
		out = append(out, strings.ToLower(o.Header))
	}
	return out
}

// mentions reports whether a template holds a word for the overrides, in whatever case.
func mentions(template any) bool {
	text, _ := json.Marshal(template)
	return strings.Contains(strings.ToLower(string(text)), "responseoverride")
}

// hole stands in a text for a value that only a deployment knows, such as a part of a
// header's name. No such value is expected to hold directives.
const hole = "CorsgateHole"

var subHole = regexp.MustCompile(`\$\{[^!}][^}]*\}`)

// flat returns the text of a template with a hole for each value in it that is not
// known at synthesis. It reports false where the text itself is not known.
func flat(template any) (string, bool) {
	switch t := template.(type) {
	case string:
		return t, true
	case map[string]any:
		if len(t) != 1 {
			return "", false
		}
		switch sub, join := t["Fn::Sub"], t["Fn::Join"]; {
		case sub != nil:
			if list, ok := sub.([]any); ok && len(list) == 2 && !mentions(list[1]) {
				sub = list[0]
			}
			s, ok := sub.(string)
			return strings.ReplaceAll(subHole.ReplaceAllLiteralString(s, hole), "${!", "${"), ok
		case join != nil:
			return flatJoin(join)
		}
	}
	return "", false
}

func flatJoin(join any) (string, bool) {
	args, _ := join.([]any)
	if len(args) != 2 {
		return "", false
	}
	separator, ok := args[0].(string)
	parts, isList := args[1].([]any)
	if !ok || !isList {
		return "", false
	}
	texts := make([]string, len(parts))
	for i, p := range parts {
		text, ok := flat(p)
		switch {
		case ok:
		case mentions(p):
			return "", false
		default:
			text = hole
		}
		texts[i] = text
	}
	return strings.Join(texts, separator), true
}

// passesText reports whether a template that prints the body does what passing it on
// without one does: for text it does, for bytes it does not. binary is whether the
// API has binary media types.
func passesText(binary bool, response map[string]any) bool {
	return !binary && response["contentHandling"] != "CONVERT_TO_BINARY"
}

// printBody is the template that prints the body.
const printBody = "$input.body"
