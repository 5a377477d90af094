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

// TestTextInAll holds that a template of a few lines cannot make more text than a small part of a machine's memory, and that
// a body is worth more.
func TestTextInAll(t *testing.T) {
	const double = "#set($x=$input.body)#foreach($i in [1..%d])#set($x=\"$x$input.body\")#end{\"statusCode\": 200}"
	for _, tt := range []struct {
		rounds, body int
		known        bool
	}{{3, 1 << 20, true}, {900, 100, false}, {900, 10, true}} {
		text := fmt.Sprintf(double, tt.rounds)
		a := of(t, "", rootMethod("POST", fmt.Sprintf("{Type: MOCK, PassthroughBehavior: WHEN_NO_TEMPLATES, RequestTemplates: {application/json: %q}, IntegrationResponses: [{StatusCode: '200'}]}", text)))
		r := a.Serve(context.Background(), &Request{Method: "POST", Path: "/", Body: []byte(strings.Repeat("a", tt.body))}, nil)
		if known := r.Status == 200; known != tt.known {
			t.Errorf("%d rounds with a body of %d: status %d, %+v", tt.rounds, tt.body, r.Status, r.Trace[len(r.Trace)-1])
		}
	}
}
