package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/rules"
)

// An Integration is one that is not a proxy, as it stands before the policy.
type Integration struct {
	Where           string // its method, for remarks
	Mock            bool
	Binary          bool // the API has binary media types
	ContentHandling any
	Templates       any   // request templates
	Responses       []any // integration responses, in lower camel case

	// Joins reports whether the policy can be put in front of a template that is not a string.
	Joins bool
	// Replace replaces the CORS headers that are mapped without a remark.
	Replace bool
}

// A Treatment is what becomes of an integration, so that the responses follow a policy.
type Treatment struct {
	ToText    bool                      // requests are to be converted to text
	Templates map[string]any            // the request templates to put the policy in front of
	Responses []Response                // for each integration response
	Declared  map[string]map[string]any // the headers that a method response has to declare, by its status
	Remarks   []Remark                  // without their construct
}

// A Response is what becomes of an integration response.
type Response struct {
	Parameters map[string]any // its header mappings
	Templates  map[string]any // to put the policy in front of
}

// Treat says what becomes of an integration that is not a proxy. It has no Responses
// where none can be treated.
func Treat(p *cors.Policy, in Integration) *Treatment {
	t := &Treatment{Declared: map[string]map[string]any{}}
	if len(in.Responses) == 0 {
		text := in.Where + " has no integration response, so API Gateway always responds with 500: add one"
		if in.Mock && strings.HasPrefix(in.Where, "ANY ") && in.Templates == nil {
			// What the CDK makes where it is given no integration.
			text = in.Where + " is a mock without responses, so API Gateway always responds with 500: it was made without an integration, " +
				"as by AddProxy, which makes one for its parent, too, if that is the root: set DefaultIntegration in ProxyResourceOptions"
		}
		t.Remarks = append(t.Remarks, Remark{Severity: Warning, Rule: rules.CORS130, Text: text})
		return t
	}
	directives := ResponseTemplate(p) != ""
	if directives {
		t.Remarks = append(t.Remarks, setTwice(p, in.Where, in.Templates, in.Responses)...)
	}
	if in.Mock {
		// As for OPTIONS: its request may count as binary, and has no body.
		t.ToText = in.Binary && in.ContentHandling == nil
		switch {
		case !nonEmptyMap(in.Templates):
			t.remark(Warning, "no-template", in.Where+" is a mock without a request template, so API Gateway always responds with 500: add one that returns a statusCode")
		case directives:
			t.Templates = t.prefixed(in, "request", in.Templates)
		}
	}
	for _, v := range in.Responses {
		r, _ := v.(map[string]any)
		var one Response
		static := false
		if !in.Mock && directives {
			switch {
			case nonEmptyMap(r["responseTemplates"]):
				one.Templates = t.prefixed(in, "response", r["responseTemplates"])
			case passesText(in.Binary, r):
				one.Templates = map[string]any{"application/json": printBody}
			default:
				static = true
				if _, ok := SingleOrigin(p); !ok {
					t.Remarks = append(t.Remarks, Remark{Rule: rules.CORS208, Text: in.Where + mayBeBinary})
				}
			}
		}
		headers := responseHeaders(p, static)
		params, _ := r["responseParameters"].(map[string]any)
		var replaced []replacement
		one.Parameters, replaced = remap(params, apigw.MethodHeader, mapped(headers))
		t.Remarks = append(t.Remarks, remarksOn(replaced, in.Where, in.Replace)...)
		t.Responses = append(t.Responses, one)
		status := StatusOf(r)
		if status == "" {
			t.remark(Error, "", "an integration response of "+in.Where+" has a status that is not known at synthesis, so its headers cannot be declared for it: write the statusCode as a text")
			continue
		}
		t.Declared[status] = declared(headers)
	}
	return t
}

func (t *Treatment) remark(s Severity, name, text string) {
	t.Remarks = append(t.Remarks, Remark{Severity: s, Name: name, Text: text})
}

// prefixed returns the templates that the policy can be put in front of.
func (t *Treatment) prefixed(in Integration, kind string, templates any) map[string]any {
	given, _ := templates.(map[string]any)
	out := maps.Clone(given)
	for _, contentType := range slices.Sorted(maps.Keys(given)) {
		if _, ok := given[contentType].(string); !ok && !in.Joins {
			delete(out, contentType)
			t.remark(Error, "", fmt.Sprintf("the %s template (%s) of %s is not known at synthesis, so the policy cannot be put in front of it: write it as a string",
				kind, contentType, in.Where))
		}
	}
	return out
}

// remarksOn says which mappings of the user's own were replaced. Who asks for that
// (replace) wants to know only of what is to be written otherwise.
func remarksOn(replaced []replacement, where string, replace bool) []Remark {
	var out []Remark
	for _, r := range replaced {
		if !replace || strings.HasPrefix(r.fix, "map") {
			out = append(out, Remark{Severity: Warning, Name: "second-source", Text: fmt.Sprintf("%s maps %s, which is replaced; %s", where, r.key, r.fix)})
		}
	}
	return out
}

func nonEmptyMap(v any) bool {
	m, _ := v.(map[string]any)
	return len(m) > 0
}

const mayBeBinary = " passes bodies through that may be binary, so no template can compare the request's origin with the policy's: " +
	"give the integration response a response template, make the method a Lambda proxy, or name a single origin without a CDK token"
