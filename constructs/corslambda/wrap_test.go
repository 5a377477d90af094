package corslambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corslambda"
)

// What a page of https://app.example.com gets under the variables of testdata/event.json.
const (
	allowed = "Access-Control-Allow-Credentials: true\nAccess-Control-Allow-Origin: https://app.example.com\n" +
		"Access-Control-Expose-Headers: etag,x-request-id\nVary: Origin"
	preflightAllowed = "Access-Control-Allow-Credentials: true\nAccess-Control-Allow-Headers: content-type,x-api-key\n" +
		"Access-Control-Allow-Methods: PUT\nAccess-Control-Allow-Origin: https://app.example.com\nAccess-Control-Max-Age: 600\nVary: Origin"
	refused = "Vary: Origin"
)

func TestRequests(t *testing.T) {
	both := func(single map[string]any, multi map[string]any) patch {
		return patch{"headers": single, "multiValueHeaders": multi}
	}
	for name, tt := range map[string]struct {
		event patch
		want  string
	}{
		"as Chromium sends it": {nil, allowed},
		"allowed":              {fromApp, allowed},
		"refused":              {fromEvil, refused},
		"no origin":            {fromNowhere, refused},
		"opaque origin":        {headers(map[string]string{"Origin": "null"}), refused},
		"empty origin":         {headers(map[string]string{"Origin": ""}), refused},

		"Origin":                                 {headers(map[string]string{"Origin": "https://app.example.com"}), allowed},
		"oRIGIN":                                 {headers(map[string]string{"oRIGIN": "https://app.example.com"}), allowed},
		"null headers":                           {both(nil, nil), refused},
		"single-value headers only":              {both(map[string]any{"origin": "https://app.example.com"}, nil), allowed},
		"multi-value headers only":               {both(nil, map[string]any{"Origin": []string{"https://app.example.com"}}), allowed},
		"multi-value headers without the origin": {both(map[string]any{"Origin": "https://app.example.com"}, map[string]any{"Accept": []string{"*/*"}}), allowed},
		"multi-value origin null":                {both(map[string]any{"Origin": "https://app.example.com"}, map[string]any{"Origin": nil}), allowed},
		"multi-value headers win":                {both(map[string]any{"Origin": "https://app.example.com"}, map[string]any{"origin": []string{"https://evil.example"}}), refused},

		"two origins": {both(map[string]any{"Origin": "https://app.example.com"},
			map[string]any{"Origin": []string{"https://evil.example", "https://app.example.com"}}), refused},
		"the same origin twice": {both(map[string]any{"Origin": "https://app.example.com"},
			map[string]any{"Origin": []string{"https://app.example.com", "https://app.example.com"}}), refused},
		"two spellings":                   {both(nil, map[string]any{"Origin": []string{"https://app.example.com"}, "origin": []string{"https://app.example.com"}}), refused},
		"two spellings, single-value":     {both(map[string]any{"Origin": "https://app.example.com", "origin": "https://app.example.com"}, nil), refused},
		"a list in one header":            {headers(map[string]string{"Origin": "https://app.example.com, https://app.example.com"}), refused},
		"origin in the query":             {with(fromNowhere, patch{"queryStringParameters": map[string]string{"origin": "https://app.example.com"}}), refused},
		"a pattern's origin":              {headers(map[string]string{"origin": "https://pr-7.preview.example.com"}), strings.Replace(allowed, "app.", "pr-7.preview.", 1)},
		"other case":                      {headers(map[string]string{"origin": "https://App.example.com"}), refused},
		"OPTIONS without an origin":       {headers(map[string]string{":method": "OPTIONS", "access-control-request-method": "PUT"}), refused},
		"OPTIONS that is no preflight":    {headers(map[string]string{":method": "OPTIONS", "origin": "https://app.example.com"}), allowed},
		"request method, but not OPTIONS": {headers(map[string]string{":method": "POST", "origin": "https://app.example.com", "access-control-request-method": "PUT"}), allowed},

		"every origin": {with(fromEvil, patch{"stageVariables": map[string]string{"corsAnyOrigin": "true"}}), "Access-Control-Allow-Origin: *\nVary: Origin"},
		"every origin, two of them": {with(both(nil, map[string]any{"Origin": []string{"https://a.example", "https://b.example"}}),
			patch{"stageVariables": map[string]string{"corsAnyOrigin": "true"}}), "Access-Control-Allow-Origin: *\nVary: Origin"},
		"every origin, no origin": {with(fromNowhere, patch{"stageVariables": map[string]string{"corsAnyOrigin": "true"}}), "Access-Control-Allow-Origin: *\nVary: Origin"},
		"an origin of the second variable": {with(headers(map[string]string{"origin": "https://b.example.com"}),
			patch{"stageVariables": map[string]string{"corsOrigins": "https://a.example.com", "corsOrigins2": "https://b.example.com"}}),
			"Access-Control-Allow-Origin: https://b.example.com\nVary: Origin"},

		"null stage variables": {with(fromApp, patch{"stageVariables": nil}), refused},
		"malformed variables":  {with(fromApp, patch{"stageVariables": map[string]string{"corsOrigins": "https://app.example.com,https://b.example.com/"}}), refused},
		"every origin with credentials": {with(fromApp, patch{"stageVariables": map[string]string{"corsAnyOrigin": "true", "corsCredentials": "true"}}),
			refused},
		"every origin in a list": {with(fromApp, patch{"stageVariables": map[string]string{"corsOrigins": "~"}}), refused},
		"every origin and a list": {with(fromApp, patch{"stageVariables": map[string]string{"corsAnyOrigin": "true", "corsOrigins": "https://app.example.com"}}),
			refused},
		"a token's origin": {with(fromApp, patch{"stageVariables": map[string]string{"corsOrigins": "https://b.example.com", "corsExactOrigin": "https://app.example.com"}}),
			"Access-Control-Allow-Origin: https://app.example.com\nVary: Origin"},
		"a token that breaks out": {with(fromEvil, patch{"stageVariables": map[string]string{"corsExactOrigin": "https://a=,https://~.example,=https://b.example.com"}}),
			refused},
		"a token that breaks out of the old form": {with(fromEvil, patch{"stageVariables": map[string]string{"corsOrigins": "=https://a=,https://~.example,=https://b.example.com="}}),
			refused},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			h := corslambda.Wrap(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
				calls++
				return events.APIGatewayProxyResponse{StatusCode: 200, Body: "[]"}, nil
			}, quiet())
			r := ask(t, h, event(t, tt.event))
			if got := strings.Join(client(t, r.Headers, r.MultiValueHeaders), "\n"); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if r.StatusCode != 200 || r.Body != "[]" || calls != 1 {
				t.Errorf("got %d %q after %d calls", r.StatusCode, r.Body, calls)
			}
		})
	}
}

func TestPreflights(t *testing.T) {
	for name, tt := range map[string]struct {
		event  patch
		status int
		want   string
	}{
		"allowed":    {preflight, 204, preflightAllowed},
		"refused":    {evilPreflight, 403, refused},
		"upper case": {headers(map[string]string{":method": "OPTIONS", "ORIGIN": "https://app.example.com", "ACCESS-CONTROL-REQUEST-METHOD": "PUT"}), 204, preflightAllowed},
		"no policy":  {with(preflight, patch{"stageVariables": nil}), 403, refused},
		"a method that is none": {headers(map[string]string{":method": "OPTIONS", "origin": "https://app.example.com", "access-control-request-method": "PUT\r\nX: y"}), 204,
			strings.Replace(preflightAllowed, "Access-Control-Allow-Methods: PUT\n", "", 1)},
		"two origins": {with(preflight, patch{"multiValueHeaders": map[string][]string{
			"origin": {"https://app.example.com", "https://app.example.com"}, "access-control-request-method": {"PUT"}}}), 403, refused},
	} {
		t.Run(name, func(t *testing.T) {
			h := corslambda.Wrap(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
				t.Error("the handler was called")
				return events.APIGatewayProxyResponse{}, nil
			}, quiet())
			r := ask(t, h, event(t, tt.event))
			if got := strings.Join(client(t, r.Headers, r.MultiValueHeaders), "\n"); got != tt.want || r.StatusCode != tt.status || r.Body != "" {
				t.Errorf("got %d %q\n%s\nwant %d\n%s", r.StatusCode, r.Body, got, tt.status, tt.want)
			}
		})
	}
}

// Whatever the handler set, in whatever case and map, each CORS header comes
// out once, in one map, with the decision's value.
func TestHandlersHeaders(t *testing.T) {
	for name, tt := range map[string]struct {
		single map[string]string
		multi  map[string][]string
		want   []string // beside those of allowed, Vary excepted
		vary   string
	}{
		"none":             {nil, nil, nil, "Origin"},
		"empty maps":       {map[string]string{}, map[string][]string{}, nil, "Origin"},
		"its own origin":   {map[string]string{"Access-Control-Allow-Origin": "*"}, nil, nil, "Origin"},
		"in lower case":    {map[string]string{"access-control-allow-origin": "*"}, nil, nil, "Origin"},
		"in odd case":      {map[string]string{"aCCess-control-ALLOW-origin": "*"}, nil, nil, "Origin"},
		"with a blank":     {map[string]string{"Access-Control-Allow-Origin ": "*"}, nil, nil, "Origin"},
		"with one before":  {map[string]string{" Access-Control-Allow-Origin": "*"}, map[string][]string{"\tAccess-Control-Allow-Origin": {"*"}}, nil, "Origin"},
		"Vary with blanks": {map[string]string{" Vary ": "Accept"}, nil, nil, "Accept, Origin"},
		"in several cases": {map[string]string{"Access-Control-Allow-Origin": "*", "access-control-allow-origin": "https://a.example"}, nil, nil, "Origin"},
		"the same value":   {map[string]string{"Access-Control-Allow-Origin": "https://app.example.com"}, nil, nil, "Origin"},
		"in the multi map": {nil, map[string][]string{"Access-Control-Allow-Origin": {"*", "https://app.example.com"}}, nil, "Origin"},
		"in both maps":     {map[string]string{"Access-Control-Allow-Origin": "*"}, map[string][]string{"access-control-allow-origin": {"*"}}, nil, "Origin"},
		"a list, as from an environment variable": {map[string]string{"Access-Control-Allow-Origin": "https://app.example.com,https://b.example.com"}, nil, nil, "Origin"},
		"all the others": {map[string]string{
			"Access-Control-Allow-Credentials": "false", "Access-Control-Allow-Methods": "GET", "Access-Control-Allow-Headers": "*",
			"Access-Control-Max-Age": "5", "Access-Control-Expose-Headers": "*", "Access-Control-Allow-Private-Network": "true",
		}, map[string][]string{"access-control-max-age": {"1"}}, nil, "Origin"},
		"request headers echoed": {map[string]string{"Access-Control-Request-Method": "PUT"}, nil, []string{"Access-Control-Request-Method: PUT"}, "Origin"},
		"others":                 {map[string]string{"Content-Type": "text/plain", "etag": `"1"`}, nil, []string{"Content-Type: text/plain", `Etag: "1"`}, "Origin"},
		"cookies":                {nil, map[string][]string{"Set-Cookie": {"a=1", "b=2"}}, []string{"Set-Cookie: a=1", "Set-Cookie: b=2"}, "Origin"},
		"a null value":           {nil, map[string][]string{"X-A": nil}, nil, "Origin"},

		"Vary":                        {map[string]string{"Vary": "Accept-Encoding"}, nil, nil, "Accept-Encoding, Origin"},
		"Vary in lower case":          {map[string]string{"vary": "accept"}, nil, nil, "accept, Origin"},
		"Vary: Origin":                {map[string]string{"Vary": "Origin"}, nil, nil, "Origin"},
		"Vary: origin":                {map[string]string{"Vary": "origin, Accept"}, nil, nil, "origin, Accept"},
		"Vary: *":                     {map[string]string{"Vary": "*"}, nil, nil, "*"},
		"Vary: * and others":          {map[string]string{"Vary": "Accept"}, map[string][]string{"Vary": {"*"}}, nil, "*"},
		"Vary in the multi map":       {nil, map[string][]string{"Vary": {"Cookie", "Accept"}}, nil, "Accept, Cookie, Origin"},
		"Vary in both maps and cases": {map[string]string{"Vary": "Accept", "vary": "ACCEPT"}, map[string][]string{"VARY": {"Accept-Language", "Accept"}}, nil, "ACCEPT, Accept-Language, Origin"},
		"Vary with empty elements":    {map[string]string{"Vary": " , Accept,,"}, nil, nil, "Accept, Origin"},
	} {
		t.Run(name, func(t *testing.T) {
			want := append(strings.Split(strings.TrimSuffix(allowed, "Vary: Origin"), "\n"), tt.want...)
			want = slices.DeleteFunc(append(want, "Vary: "+tt.vary), func(s string) bool { return s == "" })
			slices.Sort(want)
			before := events.APIGatewayProxyResponse{StatusCode: 201, Headers: maps.Clone(tt.single), MultiValueHeaders: maps.Clone(tt.multi), Body: "x"}
			response := before
			h := corslambda.Wrap(answers(response), quiet())
			for range 2 { // the second time sees what the first did to the handler's maps
				r := ask(t, h, event(t, fromApp))
				if got := client(t, r.Headers, r.MultiValueHeaders); !slices.Equal(got, want) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
				for name := range r.MultiValueHeaders {
					if strings.HasPrefix(strings.ToLower(name), "access-control-allow") || strings.EqualFold(name, "Vary") {
						t.Errorf("%s is in the multi map", name)
					}
				}
			}
			if !maps.Equal(before.Headers, tt.single) || !reflect.DeepEqual(before.MultiValueHeaders, tt.multi) {
				t.Errorf("the handler's maps became %v, %v", before.Headers, before.MultiValueHeaders)
			}
		})
	}
}

// A response that a handler keeps in a variable is answered to concurrent
// requests; run with -race.
func TestSharedResponse(t *testing.T) {
	shared := events.APIGatewayProxyResponse{StatusCode: 200, Headers: map[string]string{"Vary": "Accept"}, MultiValueHeaders: map[string][]string{"X": {"1"}}}
	h := corslambda.Wrap(answers(shared), quiet())
	var wg sync.WaitGroup
	for i := range 4 {
		e := event(t, with(fromApp, patch{"stageVariables": map[string]string{"corsOrigins": "https://app.example.com", "other": fmt.Sprint(i % 2)}}))
		wg.Go(func() {
			for range 50 {
				if r, err := h(context.Background(), e); err != nil || r.Headers["Access-Control-Allow-Origin"] != "https://app.example.com" {
					t.Errorf("got %v, %v", r, err)
				}
			}
		})
	}
	wg.Wait()
}

// Zero values are the handler's business.
func TestZeroResponse(t *testing.T) {
	r := ask(t, corslambda.Wrap(answers(events.APIGatewayProxyResponse{})), event(t, fromNowhere))
	if r.StatusCode != 0 || r.Body != "" || r.IsBase64Encoded || !maps.Equal(r.Headers, map[string]string{"Vary": "Origin"}) {
		t.Errorf("got %+v", r)
	}
}

func TestErrors(t *testing.T) {
	fails := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{StatusCode: 200, Body: "half"}, errors.New("no such table: \"prices\"\nsecond line")
	}
	panics := func(_ context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		var none []int
		_ = none[len(event.Body)]
		return events.APIGatewayProxyResponse{}, nil
	}
	for name, tt := range map[string]struct {
		handler corslambda.Handler
		event   patch
		headers string
		message string
		err     string
		stack   string
	}{
		"error":                 {fails, fromApp, allowed, "handler failed", "no such table: \"prices\"\nsecond line", ""},
		"error, refused origin": {fails, fromEvil, refused, "handler failed", "no such table: \"prices\"\nsecond line", ""},
		"panic":                 {panics, fromApp, allowed, "handler panicked", "panic: runtime error: index out of range [0] with length 0", "wrap_test.go:"},
		"panic, without a value": {func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			panic(nil)
		}, fromNowhere, refused, "handler panicked", "panic: panic called with nil argument", "wrap_test.go:"},
	} {
		t.Run(name, func(t *testing.T) {
			var log journal
			r := ask(t, corslambda.Wrap(tt.handler, log.option()), event(t, tt.event))
			want := "Content-Type: application/json\n" + tt.headers
			got := client(t, r.Headers, r.MultiValueHeaders)
			slices.Sort(got)
			wantLines := strings.Split(want, "\n")
			slices.Sort(wantLines)
			if !slices.Equal(got, wantLines) || r.StatusCode != 500 || r.Body != `{"message": "Internal server error"}` {
				t.Errorf("got %d %q\n%s", r.StatusCode, r.Body, strings.Join(got, "\n"))
			}
			lines := log.lines(t)
			last := lines[len(lines)-1]
			if last["level"] != "ERROR" || last["msg"] != tt.message || last["error"] != tt.err ||
				last["path"] != nil || last["resource"] != "/products/{id}" || last["method"] != "GET" || last["apiRequestId"] != "c6af9ac6-7b61-11e6-9a41-93e8deadbeef" {
				t.Errorf("logged %v", last)
			}
			if stack, _ := last["stack"].(string); !strings.Contains(stack, tt.stack) || (stack == "") != (tt.stack == "") {
				t.Errorf("the stack is %q", stack)
			}
		})
	}
}

// With WithInvocationErrors they go to Lambda's runtime as they are.
func TestInvocationErrors(t *testing.T) {
	failure := errors.New("no such table")
	var log journal
	h := corslambda.Wrap(func(_ context.Context, e events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		if e.Path == "/panic" {
			panic("out of products")
		}
		return events.APIGatewayProxyResponse{}, failure
	}, log.option(), corslambda.WithInvocationErrors())
	if _, err := h(context.Background(), event(t, fromApp)); err != failure {
		t.Errorf("got %v", err)
	}
	defer func() {
		if v := recover(); v != "out of products" {
			t.Errorf("recovered %v", v)
		}
		if log.Len() > 0 {
			t.Errorf("logged %s", &log)
		}
	}()
	h(context.Background(), event(t, with(fromApp, patch{"path": "/panic"})))
	t.Error("the panic was swallowed")
}

func TestRefusedOriginIsLogged(t *testing.T) {
	for name, tt := range map[string]struct {
		event  patch
		origin string
		method string
		reason string
	}{
		"not listed":             {fromEvil, "https://evil.example", "GET", "origin not allowed"},
		"preflight":              {evilPreflight, "https://evil.example", "OPTIONS", "origin not allowed"},
		"null":                   {headers(map[string]string{"Origin": "null"}), "null", "GET", "opaque origin"},
		"line break":             {headers(map[string]string{"Origin": "https://a\n{\"level\":\"ERROR\"}"}), "https://a\n{\"level\":\"ERROR\"}", "GET", "origin not allowed"},
		"two":                    {with(fromApp, patch{"multiValueHeaders": map[string][]string{"Origin": {"https://app.example.com", "https://b.example"}}}), "https://app.example.com, https://b.example", "GET", "origin not allowed"},
		"very long":              {headers(map[string]string{"Origin": "https://" + strings.Repeat("é", 4000)}), "https://" + strings.Repeat("é", 252) + "...", "GET", "origin not allowed"},
		"cut within a character": {headers(map[string]string{"Origin": "https://x" + strings.Repeat("é", 4000)}), "https://x" + strings.Repeat("é", 251) + "...", "GET", "origin not allowed"},
		"same host over http":    {headers(map[string]string{"Host": "api.example.com", "Origin": "http://api.example.com"}), "http://api.example.com", "GET", "origin not allowed"},
		"another host":           {headers(map[string]string{"Host": "api.example.com", "Origin": "https://api.example.com.evil.example"}), "https://api.example.com.evil.example", "GET", "origin not allowed"},
		"same origin":            {headers(map[string]string{":method": "POST", "Host": "api.example.com", "Origin": "https://api.example.com"}), "", "", ""},
		"allowed":                {fromApp, "", "", ""},
		"no origin":              {fromNowhere, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log journal
			h := corslambda.Wrap(answers(events.APIGatewayProxyResponse{StatusCode: 200}), log.option())
			ask(t, h, event(t, tt.event))
			lines := log.lines(t)
			if tt.reason == "" {
				if len(lines) > 0 {
					t.Errorf("logged %v", lines)
				}
				return
			}
			if len(lines) != 1 {
				t.Fatalf("logged %v", lines)
			}
			delete(lines[0], "time")
			want := map[string]any{"level": "WARN", "msg": "CORS: origin refused", "origin": tt.origin, "method": tt.method,
				"resource": "/products/{id}", "reason": tt.reason, "apiRequestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"}
			if !maps.Equal(lines[0], want) {
				t.Errorf("logged %v, want %v", lines[0], want)
			}
		})
	}
}

// Whoever sends many origins does not fill the log: beyond ten a minute they are
// counted, and the number is logged with the next that is refused.
func TestManyRefusedOrigins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log journal
		h := corslambda.Wrap(answers(events.APIGatewayProxyResponse{StatusCode: 200}), log.option())
		refuse := func(n int) {
			for range n {
				ask(t, h, event(t, fromEvil))
			}
		}
		refuse(30)
		time.Sleep(time.Minute - time.Nanosecond)
		refuse(1)
		if lines := log.lines(t); len(lines) != 10 {
			t.Fatalf("logged %d lines in a minute: %v", len(lines), lines)
		}
		time.Sleep(time.Nanosecond)
		refuse(10)
		time.Sleep(time.Minute)
		refuse(1)
		lines := log.lines(t)
		if len(lines) != 10+1+10+1 || lines[10]["msg"] != "CORS: more origins refused, in an earlier minute" || lines[10]["count"] != 21.0 {
			t.Errorf("logged %v", lines)
		}
	})
}

// A path is clipped in every line that has it, as an origin is.
func TestLongPathsAreClipped(t *testing.T) {
	long := patch{"path": "/" + strings.Repeat("x", 4000)}
	for name, tt := range map[string]struct {
		event    patch
		response events.APIGatewayProxyResponse
		err      error
	}{
		"refused origin": {event: fromEvil},
		"error":          {event: fromApp, err: errors.New("no such table")},
		"own headers":    {event: fromApp, response: events.APIGatewayProxyResponse{Headers: map[string]string{"Access-Control-Allow-Origin": "*"}}},
	} {
		var log journal
		ask(t, corslambda.Wrap(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			return tt.response, tt.err
		}, log.option(), corslambda.WithPaths()), event(t, with(tt.event, long)))
		lines := log.lines(t)
		if len(lines) != 1 || lines[0]["path"] != "/"+strings.Repeat("x", 511)+"..." {
			t.Errorf("%s: logged %v", name, lines)
		}
	}
}

// What a handler sets and is left out is said once, whatever it is asked.
func TestOwnHeadersAreLogged(t *testing.T) {
	own := events.APIGatewayProxyResponse{StatusCode: 200, Headers: map[string]string{"access-control-allow-origin": "*", "Content-Type": "text/plain"},
		MultiValueHeaders: map[string][]string{"Access-Control-Max-Age": {"1"}, "Vary": {"Accept"}}}
	var log journal
	h := corslambda.Wrap(answers(own), log.option())
	for range 3 {
		ask(t, h, event(t, fromApp))
	}
	lines := log.lines(t)
	if len(lines) != 1 || lines[0]["msg"] != "CORS: the handler sets CORS headers of its own, which are left out" ||
		fmt.Sprint(lines[0]["headers"]) != "[Access-Control-Max-Age access-control-allow-origin]" || lines[0]["path"] != nil || lines[0]["resource"] != "/products/{id}" {
		t.Errorf("logged %v", lines)
	}
}

// A wrong variable is named once for each set of variables, not once for each
// request; the requests are refused and say so.
func TestMalformedVariablesAreLogged(t *testing.T) {
	var log journal
	h := corslambda.Wrap(answers(events.APIGatewayProxyResponse{StatusCode: 200}), log.option())
	wrong := patch{"stageVariables": map[string]string{"corsOrigins": "https://b.example.com/", "corsExactOrigin2": "null", "corsMaxAge": "1h"}}
	for _, p := range []patch{with(fromNowhere, wrong), with(fromNowhere, wrong), with(fromApp, wrong), fromApp, with(fromNowhere, wrong), with(fromNowhere, patch{"stageVariables": nil})} {
		ask(t, h, event(t, p))
	}
	lines := log.lines(t)
	if len(lines) != 3 {
		t.Fatalf("logged %v", lines)
	}
	const message = "CORS: the stage's variables hold no valid policy, so every origin is refused"
	faults := fmt.Sprint(lines[0]["faults"])
	if lines[0]["msg"] != message || lines[0]["level"] != "ERROR" || lines[0]["stage"] != "prod" || lines[0]["apiId"] != "a1b2c3d4e5" ||
		!strings.Contains(faults, "stage variable corsOrigins, ") || !strings.Contains(faults, "stage variable corsExactOrigin2, ") || !strings.Contains(faults, "stage variable corsMaxAge, ") {
		t.Errorf("logged %v", lines[0])
	}
	if lines[1]["msg"] != "CORS: origin refused" || lines[1]["reason"] != "no valid policy in the stage's variables" {
		t.Errorf("logged %v", lines[1])
	}
	if lines[2]["msg"] != message || !strings.Contains(fmt.Sprint(lines[2]["faults"]), "stage variable corsOrigins, ") {
		t.Errorf("logged %v", lines[2])
	}
}

// Many sets of variables do not confuse each other.
func TestManyStages(t *testing.T) {
	h := corslambda.Wrap(answers(events.APIGatewayProxyResponse{StatusCode: 200}), quiet())
	for range 2 {
		for i := range 40 {
			origin := fmt.Sprintf("https://s%d.example.com", i)
			for j := range 3 {
				e := event(t, with(headers(map[string]string{"origin": origin}),
					patch{"stageVariables": map[string]string{"corsOrigins": fmt.Sprintf("https://s%d.example.com", i+j)}}))
				if got := ask(t, h, e).Headers["Access-Control-Allow-Origin"]; (got == origin) != (j == 0) {
					t.Fatalf("%s gets %q from the stage of %d", origin, got, i+j)
				}
			}
		}
	}
}

// A change of the stage's variables takes effect with the next event, also one
// that only adds a variable or takes one away.
func TestVariablesChange(t *testing.T) {
	h := corslambda.Wrap(answers(events.APIGatewayProxyResponse{StatusCode: 200}), quiet())
	one := map[string]string{"corsOrigins": "https://b.example"}
	two := map[string]string{"corsOrigins": "https://b.example", "corsOrigins2": "https://app.example.com"}
	for i, step := range []struct {
		variables map[string]string
		allowed   bool
	}{{one, false}, {two, true}, {one, false}, {two, true}} {
		r := ask(t, h, event(t, with(fromApp, patch{"stageVariables": step.variables})))
		if got := r.Headers["Access-Control-Allow-Origin"]; (got != "") != step.allowed {
			t.Errorf("step %d: allowed origin %q", i, got)
		}
	}
}

func TestWithPolicy(t *testing.T) {
	p, err := cors.New(cors.Config{Origins: []string{"https://local.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	var log journal
	h := corslambda.Wrap(answers(events.APIGatewayProxyResponse{StatusCode: 200}), corslambda.WithPolicy(p), log.option())
	r := ask(t, h, event(t, with(headers(map[string]string{"Origin": "https://local.example.com"}), patch{"stageVariables": nil})))
	if got := r.Headers["Access-Control-Allow-Origin"]; got != "https://local.example.com" || log.Len() > 0 {
		t.Errorf("got %q, logged %s", got, &log)
	}
	if r := ask(t, h, event(t, fromApp)); r.Headers["Access-Control-Allow-Origin"] != "" {
		t.Errorf("the stage's variables count: %v", r.Headers)
	}
	h = corslambda.Wrap(answers(events.APIGatewayProxyResponse{}), corslambda.WithPolicy(nil), corslambda.WithLogger(nil))
	if r := ask(t, h, event(t, fromApp)); r.Headers["Access-Control-Allow-Origin"] != "https://app.example.com" {
		t.Errorf("a nil policy counts: %v", r.Headers)
	}
}

// The prelude of a streamed answer, up to eight zero bytes, has the headers.
func TestStreaming(t *testing.T) {
	body := &closer{Reader: strings.NewReader("first second")}
	theirs := &events.APIGatewayProxyStreamingResponse{
		StatusCode:        200,
		Headers:           map[string]string{"access-control-allow-origin": "*", "Content-Type": "text/plain"},
		MultiValueHeaders: map[string][]string{"Vary": {"Accept"}, "Access-Control-Allow-Origin": {"*"}},
		Cookies:           []string{"a=1"},
		Body:              body,
	}
	h := corslambda.WrapStreaming(func(_ context.Context, e events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error) {
		switch e.Path {
		case "/error":
			return theirs, errors.New("no such table")
		case "/nil":
			return nil, nil
		case "/panic":
			panic("out of products")
		}
		return theirs, nil
	}, quiet())
	for name, tt := range map[string]struct {
		event  patch
		status int
		body   string
		want   string // headers
	}{
		"allowed":   {fromApp, 200, "first second", "Content-Type: text/plain\n" + strings.Replace(allowed, "Vary: Origin", "Vary: Accept, Origin", 1)},
		"preflight": {preflight, 204, "", preflightAllowed},
		"refused":   {evilPreflight, 403, "", refused},
		"error":     {with(fromApp, patch{"path": "/error"}), 500, `{"message": "Internal server error"}`, "Content-Type: application/json\n" + allowed},
		"nil":       {with(fromApp, patch{"path": "/nil"}), 500, `{"message": "Internal server error"}`, "Content-Type: application/json\n" + allowed},
		"panic":     {with(fromApp, patch{"path": "/panic"}), 500, `{"message": "Internal server error"}`, "Content-Type: application/json\n" + allowed},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := h(context.Background(), event(t, tt.event))
			if err != nil {
				t.Fatal(err)
			}
			p, rest := readPrelude(t, r)
			want := strings.Split(tt.want, "\n")
			slices.Sort(want)
			if got := client(t, p.Headers, p.MultiValueHeaders); p.StatusCode != tt.status || rest != tt.body || !slices.Equal(got, want) {
				t.Errorf("got %d %q\n%s", p.StatusCode, rest, strings.Join(got, "\n"))
			}
			if name == "allowed" {
				r.Close()
				if !body.closed || !slices.Equal(p.Cookies, []string{"a=1"}) {
					t.Errorf("closed %v, cookies %v", body.closed, p.Cookies)
				}
			}
		})
	}
	failing := corslambda.WrapStreaming(func(context.Context, events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error) {
		return nil, errors.New("no such table")
	}, quiet(), corslambda.WithInvocationErrors())
	if r, err := failing(context.Background(), event(t, fromApp)); r != nil || err == nil {
		t.Errorf("got %v, %v", r, err)
	}
}

type closer struct {
	io.Reader
	closed bool
}

func (c *closer) Close() error { c.closed = true; return nil }

type prelude struct {
	StatusCode        int                 `json:"statusCode"`
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	Cookies           []string            `json:"cookies"`
}

// readPrelude splits a streamed answer as API Gateway does.
func readPrelude(t testing.TB, r io.Reader) (prelude, string) {
	t.Helper()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	meta, body, ok := strings.Cut(string(data), strings.Repeat("\x00", 8))
	var p prelude
	if err := json.Unmarshal([]byte(meta), &p); err != nil || !ok {
		t.Fatalf("%q: %v", data, err)
	}
	return p, body
}
