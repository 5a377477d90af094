package gateway

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// What is too much for this evaluator says nothing of the service: whether a template answers is not known then, and it is no
// configuration error.
func TestOwnLimits(t *testing.T) {
	nested := func(open, inner, shut string) string {
		return strings.Repeat(open, 400) + inner + strings.Repeat(shut, 400)
	}
	for name, template := range map[string]string{
		"steps":       "#set($s='a')#set($q=$s" + strings.Repeat(".replaceAll('(a|b|c)*?','$0xxxxxxxxx')", 120) + ")" + `{"statusCode": 200}`,
		"blocks":      nested("#if(true)", `{"statusCode": 200}`, "#end"),
		"parentheses": "#set($q=" + nested("(", "1", ")") + `){"statusCode": 200}`,
		"JSON":        `{"statusCode": 200, "a": ` + nested("[", "", "]") + "}",
		"$input":      `#set($q=$input.path('$.a')){"statusCode": 200}`,
	} {
		t.Run(name, func(t *testing.T) {
			a := of(t, "", rootMethod("POST", fmt.Sprintf("{Type: MOCK, RequestTemplates: {application/json: %q}, IntegrationResponses: [{StatusCode: '200'}]}", template)))
			if cause, why := a.Fails(a.Find("/").Method("POST")); cause != "" {
				t.Errorf("said to fail always: %s", why)
			}
			r := a.Serve(context.Background(), &Request{Method: "POST", Path: "/", Body: []byte(nested("[", "", "]"))}, nil)
			if last := r.Trace[len(r.Trace)-1]; last.Kind != StepUnsupported {
				t.Errorf("status %d, %+v", r.Status, last)
			}
		})
	}
}
