package wrapper

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"pgregory.net/rapid"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corslambda"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/emit"
)

var allowed = cors.Decision{Kind: cors.Actual, Allowed: true, AllowOrigin: "https://app.example.com"}

func TestPatch(t *testing.T) {
	const ours = `"Access-Control-Allow-Origin":"https://app.example.com","Vary":"Origin"`
	for _, tt := range []struct{ name, in, want, own string }{
		{"no headers", `{"statusCode":200,"body":"x"}`, `{"headers":{` + ours + `},"statusCode":200,"body":"x"}`, ""},
		{"nothing", ` {} `, ` {"headers":{` + ours + `}} `, ""},
		{"blanks and other headers stay", "{ \"statusCode\" : 200 ,\n\"headers\" : {\"X-A\": 1, \"x\\u002db\":\"\\u00e9\"}, \"body\":\"\" }",
			"{ \"statusCode\" : 200 ,\n\"headers\" : {\"X-A\": 1,\"x\\u002db\":\"\\u00e9\"," + ours + "}, \"body\":\"\" }", ""},
		{"null", `{"headers":null,"multiValueHeaders":null}`, `{"headers":{` + ours + `},"multiValueHeaders":null}`, ""},
		{"its own", `{"headers":{"access-control-ALLOW-origin":"*","a":"b"},"multiValueHeaders":{"Access-Control-Max-Age":["1"],"Set-Cookie": ["a","b"]}}`,
			`{"headers":{"a":"b",` + ours + `},"multiValueHeaders":{"Set-Cookie": ["a","b"]}}`, "access-control-ALLOW-origin Access-Control-Max-Age"},
		{"its own, escaped", `{"headers":{"Access\u002dControl-Allow-Origin":"*"}}`, `{"headers":{` + ours + `}}`, "Access-Control-Allow-Origin"},
		{"its own, without a value", `{"headers":{" Access-Control-Allow-Origin ":null}}`, `{"headers":{` + ours + `}}`, " Access-Control-Allow-Origin "},
		{"escaped name", `{"head\u0065rs":{"Access-Control-Allow-Origin":"*"}}`, `{"head\u0065rs":{` + ours + `}}`, "Access-Control-Allow-Origin"},
		{"Vary", `{"headers":{"vary":"Accept, origin"},"multiValueHeaders":{"Vary":["Cookie","accept"]}}`,
			`{"headers":{"Access-Control-Allow-Origin":"https://app.example.com","Vary":"Accept, origin, Cookie"},"multiValueHeaders":{}}`, ""},
		{"twice", `{"headers":{"a":"1"},"x":0,"headers":{"b":"2"},"multiValueHeaders":{"c":["3"]}}`,
			`{"headers":{"b":"2",` + ours + `},"x":0,"headers":{"b":"2",` + ours + `},"multiValueHeaders":{"c":["3"]}}`, ""},
		{"twice, and once no headers", `{"headers":5,"headers":{"access-control-allow-origin":"*"},"multiValueHeaders":{"c":["3"]},"multiValueHeaders":[]}`,
			`{"headers":{` + ours + `},"headers":{` + ours + `},"multiValueHeaders":{"c":["3"]},"multiValueHeaders":{"c":["3"]}}`, "access-control-allow-origin"},
		{"body that looks like it", `{"body":"{\"headers\":{\"Access-Control-Allow-Origin\":\"*\"}}\\"}`, `{"headers":{` + ours + `},"body":"{\"headers\":{\"Access-Control-Allow-Origin\":\"*\"}}\\"}`, ""},
		{"nested", `{"x":{"headers":{"Access-Control-Allow-Origin":"*"}}}`, `{"headers":{` + ours + `},"x":{"headers":{"Access-Control-Allow-Origin":"*"}}}`, ""},
		{"a stream", "{}\x00\x00\x00\x00\x00\x00\x00\x00{\"headers\":{}}", "{\"headers\":{" + ours + "}}\x00\x00\x00\x00\x00\x00\x00\x00{\"headers\":{}}", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, own, ok := Patch([]byte(tt.in), allowed)
			if string(got) != tt.want || !ok || strings.Join(own, " ") != tt.own {
				t.Errorf("got  %s, %q, %v\nwant %s, %q", got, own, ok, tt.want, tt.own)
			}
		})
	}
	for _, in := range []string{"", " ", "null", `"text"`, "[]", "{", `{"headers":`, `{"headers":{}`, `{"headers":{}]`, `{"headers" {}}`, `{"headers":[]}`, `{"headers":"x"}`, `{"headers":5,"headers":[]}`, `{"headers":{},"multiValueHeaders":5}`, `{"headers":{"a":}}`,
		`{"headers":{"a":"b",}}`, `{"multiValueHeaders":1}`, `{"a":1,}`, `{"a":1 "b":2}`, `{a:1}`, `{"\u12":1}`, `{"a":,"b":1}`, `{"a"`, `{"a":"`} {
		if got, own, ok := Patch([]byte(in), allowed); ok || string(got) != in || own != nil {
			t.Errorf("%s is a response: %s, %q", in, got, own)
		}
	}
}

func TestRESTEvent(t *testing.T) {
	const rest = `"requestContext":{"resourceId":"abc","requestId":"r","apiId":"a","stage":"prod"},"httpMethod":"GET","headers":{"origin":"o"},"stageVariables":{"corsOrigins":"x"}`
	e, ok := RESTEvent([]byte(`{` + rest + `,"resource":"/{id}","path":"/1","multiValueHeaders":{"a":["b"]},"body":"{\"methodArn\":1}"}`))
	want := &emit.Event{Method: "GET", Path: "/1", Resource: "/{id}", Headers: map[string]string{"origin": "o"}, MultiValueHeaders: map[string][]string{"a": {"b"}},
		StageVariables: map[string]string{"corsOrigins": "x"}, APIID: "a", Stage: "prod", RequestID: "r"}
	if !ok || !reflect.DeepEqual(e, want) {
		t.Errorf("got %+v, %v", e, ok)
	}
	for name, in := range map[string]string{
		"an authorizer's":         `{"type":"REQUEST","methodArn":"arn",` + rest + `}`,
		"an HTTP API's":           `{"version":"1.0","requestContext":{"resourceId":null},"httpMethod":"GET"}`,
		"a load balancer's":       `{"requestContext":{"elb":{}},"httpMethod":"GET"}`,
		"a function URL's":        `{"version":"2.0","requestContext":{"http":{"method":"GET"}}}`,
		"a queue's":               `{"Records":[{"body":"{}"}]}`,
		"a schedule's":            `{"requestContext":"x"}`,
		"an integration template": `{"context":{"resourceId":"abc"}}`,
		"a text":                  `"requestContext"`,
		"nothing":                 ``,
	} {
		if e, ok := RESTEvent([]byte(in)); ok {
			t.Errorf("%s event is a REST API's: %+v", name, e)
		}
	}
	if e, ok := RESTEvent([]byte(`{"requestContext":{"resourceId":"abc"},"headers":"x","stageVariables":null}`)); !ok || e.Headers != nil || e.StageVariables != nil {
		t.Errorf("got %+v, %v", e, ok)
	}
}

// A response is held until its object has ended, however it comes, and no longer.
func TestHead(t *testing.T) {
	for _, object := range []string{`{}`, ` {"a":"}\\\"{","b":[{"c":"\\"}]}`, `{"body":"` + strings.Repeat(`\"x`, 4000) + `"}`, "null", "[", "text"} {
		rest := "\x00\x00 and more"
		r := iotest.OneByteReader(strings.NewReader(object + rest))
		got, err := head(r)
		want := object
		if !strings.Contains(object, "{") {
			want = object[:1] // it is none
		}
		if string(got) != want || err != nil {
			t.Errorf("%.20q: got %.40q, %v", object, got, err)
		}
		if left, err := io.ReadAll(r); string(got)+string(left) != object+rest || err != nil {
			t.Errorf("%.20q: left %q, %v", object, left, err)
		}
	}
	for _, cut := range []string{"", " ", `{"a":"`, `{`} {
		if got, err := head(strings.NewReader(cut)); string(got) != cut || err != io.EOF {
			t.Errorf("%q: got %q, %v", cut, got, err)
		}
	}
	if got, err := head(strings.NewReader("{" + strings.Repeat("[", 2*maxResponse))); len(got) > 2*maxResponse || err != nil {
		t.Errorf("%d bytes are held, %v", len(got), err)
	}
}

// FuzzPatch holds that only the two members with headers change, that the CORS headers
// are the decision's, and that what is no JSON does not become some.
func FuzzPatch(f *testing.F) {
	for _, s := range []string{`{"statusCode":200,"headers":{"a":"b","vary":"x"},"multiValueHeaders":{"access-control-max-age":["1"]},"body":"\\\""}`, `{"headers":null}`, ` { } `, `{"headers":{},"headers":{}}`, `{"a":[1e400,{"b":true}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		out, _, ok := Patch(bytes.Clone(data), allowed)
		if !ok {
			if !bytes.Equal(out, data) {
				t.Fatalf("it cannot be read, and became %q", out)
			}
			return
		}
		if json.Valid(data) != json.Valid(out) {
			t.Fatalf("valid: %v, became %q", json.Valid(data), out)
		}
		if !json.Valid(data) {
			return
		}
		before, after := decode(t, data), decode(t, out)
		checkPatched(t, before["headers"], after["headers"], true)
		checkPatched(t, before["multiValueHeaders"], after["multiValueHeaders"], false)
		for _, m := range []map[string]any{before, after} {
			delete(m, "headers")
			delete(m, "multiValueHeaders")
		}
		if !reflect.DeepEqual(before, after) {
			t.Errorf("got  %v\nwant %v", after, before)
		}
		again, own, ok := Patch(bytes.Clone(out), allowed)
		if !ok || len(own) != 1 || !reflect.DeepEqual(decode(t, again), decode(t, out)) {
			t.Errorf("patched again it is %q, %q", again, own)
		}
	})
}

func decode(t *testing.T, data []byte) map[string]any {
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}

func checkPatched(t *testing.T, before, after any, ours bool) {
	want, _ := before.(map[string]any)
	got, _ := after.(map[string]any)
	cors := func(name string, _ any) bool { return corsheader.Is(name) || corsheader.IsVary(name) }
	found := map[string]any{}
	for name, v := range got {
		if cors(name, nil) {
			found[name] = v
		}
	}
	if ours && (len(found) != 2 || found["Access-Control-Allow-Origin"] != "https://app.example.com" || found["Vary"] != "*" && !corsheader.VariesByOrigin(found["Vary"].(string))) || !ours && len(found) > 0 {
		t.Errorf("the CORS headers are %v", found)
	}
	want, got = maps.Clone(want), maps.Clone(got)
	maps.DeleteFunc(want, cors)
	maps.DeleteFunc(got, cors)
	if len(want)+len(got) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("headers: got %v, want %v", got, want)
	}
}

// For any policy, event and response, the response behind the wrapper is the one that
// corslambda gives, header for header.
func TestAsCorslambda(t *testing.T) {
	checks := flag.Lookup("rapid.checks").Value
	defer checks.Set(checks.String())
	checks.Set("20000")

	var logs [2]bytes.Buffer
	options := &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	values := rapid.SampledFrom([]string{"*", "true", "Origin", "Accept, origin", "https://evil.example", "é\"\\<\x00", "Cookie,,ACCEPT", ""})
	names := rapid.SampledFrom([]string{"Access-Control-Allow-Origin", "access-control-allow-credentials", "ACCESS-CONTROL-MAX-AGE", "Access-Control-Foo", "Access-Control-Request-Method",
		" Vary", "vary", "VARY", "Content-Type", "content-type", "Set-Cookie", "x\"\\", ""})
	origins := []string{"", "https://app.example.com", "https://x.preview.example.com", "https://preview.example.com", "https://app.example.com.evil.example", "http://localhost:3000", "null", "https://app.example.com, https://app.example.com"}
	configs := []cors.Config{
		{Origins: []string{"https://app.example.com"}},
		{Origins: []string{"https://app.example.com", "https://*.preview.example.com", "http://localhost:*"}, AllowCredentials: true, Methods: []string{"GET", "PUT"}, MaxAge: 10 * time.Minute, ExposedHeaders: []string{"ETag", "X-Id"}, RequestHeaders: []string{"Content-Type"}},
		{Origins: []string{"*"}, ExposedHeaders: []string{"*"}},
	}
	rapid.Check(t, func(t *rapid.T) {
		var e events.APIGatewayProxyRequest
		e.HTTPMethod = rapid.SampledFrom([]string{"GET", "POST", "OPTIONS"}).Draw(t, "method")
		e.Resource, e.Path = "/orders/{id}", "/orders/1"
		e.RequestContext = events.APIGatewayProxyRequestContext{ResourceID: "abc", APIID: "api", Stage: "prod", RequestID: "r"}
		if n := rapid.IntRange(0, len(configs)+1).Draw(t, "policy"); n < len(configs) {
			e.StageVariables = cors.Must(configs[n]).StageVariables()
		} else if n == len(configs) {
			e.StageVariables = map[string]string{"corsOrigins": rapid.SampledFrom([]string{"~", "nonsense", "https://app.example.com,", ""}).Draw(t, "corsOrigins")}
		}
		e.Headers, e.MultiValueHeaders = map[string]string{"Host": "x"}, map[string][]string{}
		in := rapid.SampledFrom([]string{"headers", "multiValueHeaders", "both"}).Draw(t, "in")
		set := func(name, value string) {
			if value != "" && in != "multiValueHeaders" {
				e.Headers[name] = value
			}
			if value != "" && in != "headers" {
				e.MultiValueHeaders[name] = strings.Split(value, ", ")
			}
		}
		set(rapid.SampledFrom([]string{"Origin", "origin", "oRIGIN"}).Draw(t, "spelling"), rapid.SampledFrom(origins).Draw(t, "origin"))
		set("access-control-request-method", rapid.SampledFrom([]string{"", "PUT"}).Draw(t, "asks"))
		theirs := events.APIGatewayProxyResponse{
			StatusCode:        rapid.IntRange(200, 599).Draw(t, "status"),
			Headers:           rapid.MapOfN(names, values, 0, 6).Draw(t, "headers"),
			MultiValueHeaders: rapid.MapOfN(names, rapid.SliceOfN(values, 0, 3), 0, 4).Draw(t, "multiValueHeaders"),
			Body:              rapid.SampledFrom([]string{"", `{"headers":{}}`, "\\\"é"}).Draw(t, "body"),
		}
		event, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		response, err := json.Marshal(theirs)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "no members") {
			theirs.Headers, theirs.MultiValueHeaders = nil, nil
			response = []byte(`{"statusCode": 201, "body": ""}`)
			theirs.StatusCode, theirs.Body = 201, ""
		}
		for i := range logs {
			logs[i].Reset()
		}
		var failure error // which ErrorsAsResponses makes a response of
		if rapid.IntRange(0, 9).Draw(t, "fails") == 0 {
			failure = errors.New("no such table")
		}
		want, err := corslambda.Wrap(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			return theirs, failure
		},
			corslambda.WithLogger(slog.New(slog.NewJSONHandler(&logs[0], options))))(context.Background(), e)
		if err != nil {
			t.Fatal(err)
		}

		emitter := emit.Emitter{Log: slog.New(slog.NewJSONHandler(&logs[1], options))}
		read, ok := RESTEvent(event)
		if !ok {
			t.Fatalf("it is no event: %s", event)
		}
		d := emitter.Decide(context.Background(), read)
		var out []byte
		if d.Kind == cors.Preflight {
			out = Answer(d.Status, "", d)
		} else if failure != nil {
			out = Answer(500, emit.FailureBody, d)
			emitter.Log.LogAttrs(context.Background(), slog.LevelError, "handler failed", emitter.Where(read, slog.String("error", failure.Error()))...)
		} else {
			var own []string
			if out, own, ok = Patch(response, d); !ok {
				t.Fatalf("it is no response: %s", response)
			}
			emitter.OwnHeaders(context.Background(), read, func() []string { return own })
		}
		var got events.APIGatewayProxyResponse
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		none := func(_ string, values []string) bool { return len(values) == 0 }
		maps.DeleteFunc(got.MultiValueHeaders, none)
		if got.StatusCode != want.StatusCode || got.Body != want.Body || !maps.Equal(got.Headers, want.Headers) || !maps.EqualFunc(got.MultiValueHeaders, want.MultiValueHeaders, slices.Equal) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		if logs[0].String() != logs[1].String() {
			t.Errorf("logged %s\nwant   %s", &logs[1], &logs[0])
		}
	})
}
