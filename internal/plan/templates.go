package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// SetTwice says which templates of an integration that is no proxy set a CORS header
// themselves, given its request templates and its responses. The policy's directives
// stand in one of its templates, and what either template overrides the other must
// not: API Gateway answers 500 then
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html).
func SetTwice(where string, requestTemplates any, responses []any) []string {
	out := setters("request", where, requestTemplates)
	for _, v := range responses {
		one, _ := v.(map[string]any)
		for _, s := range setters("response", where, one["responseTemplates"]) {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

func setters(kind, where string, templates any) []string {
	var out []string
	given, _ := templates.(map[string]any)
	for _, contentType := range slices.Sorted(maps.Keys(given)) {
		text, _ := json.Marshal(given[contentType]) // a string, or an intrinsic function with strings in it
		if strings.Contains(strings.ToLower(string(text)), "responseoverride.header.access-control-") {
			out = append(out, fmt.Sprintf("the %s template (%s) of %s sets a CORS header itself, and API Gateway fails when one is set twice: remove that from the template",
				kind, contentType, where))
		}
	}
	return out
}

// What to say of methods that answer 500 whatever happens, after the method's name.
const (
	NoResponse = " has no integration response, so API Gateway answers 500 whatever happens: add one"
	NoTemplate = " is a mock without a request template, so API Gateway answers 500 whatever happens: add one that gives a statusCode"
)

// MayBeBinary is what to say of a response without a template that none can be put
// into, after the method's name.
const MayBeBinary = " passes bodies through that may be binary, so no template can compare the request's origin with the policy's: " +
	"give the integration response a response template, make the method a Lambda proxy, or name a single origin without a CDK token"

// PassesText reports whether a template that prints the body does what passing it on
// without one does: for text it does, for bytes it does not. binary is whether the
// API has binary media types.
func PassesText(binary bool, response map[string]any) bool {
	return !binary && response["contentHandling"] != "CONVERT_TO_BINARY"
}

// PrintBody is the template that prints the body.
const PrintBody = "$input.body"
