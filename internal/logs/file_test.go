package logs

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/corsgate/corsgate/constructs/cors"
)

func read(t testing.TB, text string) (out []Line, err error) {
	t.Helper()
	for l, e := range Read("t.log", strings.NewReader(text)) {
		if e != nil {
			return out, e
		}
		out = append(out, l)
	}
	return out, nil
}

// TestRead holds that each form of file gives the same two lines.
func TestRead(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	fmt.Fprint(z, "2026-11-22T10:00:00.000Z START RequestId: 1\n2026-11-22T10:00:01.000Z one, two\n")
	z.Close()
	for name, text := range map[string]string{
		"events":   `{"events":[{"logStreamName":"s","timestamp":1795341600000,"message":"START RequestId: 1\n"},{"timestamp":1795341601000,"message":"one, two"}],"searchedLogStreams":[]}`,
		"tail":     "2026-11-22T10:00:00.000000+00:00 2026/11/22/[$LATEST]0123abcd START RequestId: 1\n2026-11-22T10:00:01+00:00 2026/11/22/[$LATEST]0123abcd one, two\n",
		"short":    "2026-11-22T10:00:00 START RequestId: 1\r\n2026-11-22T10:00:01 one, two",
		"csv":      "timestamp,message\n1795341600000,START RequestId: 1\n1795341601000,\"one, two\"\n",
		"insights": "@timestamp,@message\n2026-11-22 10:00:00.000,START RequestId: 1\n2026-11-22 10:00:01.000,\"one, two\"\n",
		"export":   zipped.String(),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(t, text)
			if err != nil || len(got) != 2 {
				t.Fatalf("%v, %v", got, err)
			}
			for i, want := range []string{"START RequestId: 1", "one, two"} {
				if at := time.Unix(1795341600+int64(i), 0); strings.TrimSpace(got[i].Text) != want || !got[i].Time.Equal(at) || got[i].Source != "t.log" {
					t.Errorf("%+v", got[i])
				}
			}
		})
	}
}

// TestContinued holds that a line without a time has that of the one before.
func TestContinued(t *testing.T) {
	got, err := read(t, "2026-11-22T10:00:00Z {\n  more\n")
	if err != nil || len(got) != 2 || got[1].Text != "  more" || !got[1].Time.Equal(got[0].Time) || got[0].Time.IsZero() {
		t.Errorf("%v, %v", got, err)
	}
}

func TestReadErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{"events":[{"timestamp":`: "t.log: its JSON cannot be read",
		"\x1f\x8bnope":             "t.log: ",
		"timestamp,messages\n1,x":  "t.log: the columns are timestamp, messages; timestamp and message are needed",
	} {
		if _, err := read(t, text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	long := strings.Repeat("x", 3*longest)
	if got, err := read(t, long+"\nnext\n"); err != nil || len(got) != 2 || len(got[0].Text) != longest || got[1].Text != "next" {
		t.Errorf("%d lines, %v", len(got), err)
	}
}

func TestAccess(t *testing.T) {
	for text, want := range map[string]string{
		`203.0.113.7 - - [22/Nov/2026:10:00:00 +0000] "OPTIONS /orders HTTP/1.1" 401 26 c6af9ac6`:                                                                     "CORS706 OPTIONS /orders: preflights got 401 (once, 2026-11-22 10:00:00 UTC)",
		`203.0.113.7 - - [22/Nov/2026:10:00:00 +0000] "GET /orders HTTP/1.1" 500 26 c6af9ac6`:                                                                         "",
		`{"requestId":"c6af9ac6","ip":"203.0.113.7","httpMethod":"GET","resourcePath":"/orders","status":"429","error.responseType":"THROTTLED"}`:                     "CORS708 GET /orders: API Gateway responded with 429 (THROTTLED)",
		`{"requestId":"c6af9ac6","ip":"203.0.113.7","httpMethod":"GET","resourcePath":"/orders","status":200,"errorResponseType":"-"}`:                                "",
		`{"requestId":"c6af9ac6","ip":"203.0.113.7","httpMethod":"OPTIONS","resourcePath":"/orders","status":403,"errorResponseType":"-"}`:                            "CORS702 OPTIONS /orders: preflights got 403, as for a refused origin",
		`{"requestId":"c6af9ac6","ip":"203.0.113.7","httpMethod":"OPTIONS","resourcePath":"/orders","status":403,"errorResponseType":"MISSING_AUTHENTICATION_TOKEN"}`: "CORS706 OPTIONS /orders: preflights got 403 (MISSING_AUTHENTICATION_TOKEN)",
		`203.0.113.7 - - [22/Nov/2026:12:00:00 +0200] "GET /orders/{id} HTTP/1.1" 504 26 c6af9ac6-1b2c-4000-8000-000000000001 XyZ123=`:                                "CORS708 GET /orders/{id}: the response was 504, most likely from API Gateway itself; the access log does not show whether pages could read it (once, 2026-11-22 10:00:00 UTC)",
		`203.0.113.7 - - [22/Nov/2026:10:00:00 +0000] "OPTIONS /orders HTTP/1.1" 403 26 c6af9ac6`:                                                                     "CORS702 OPTIONS /orders: preflights got 403: an origin was refused, or there is no OPTIONS method",
		`203.0.113.7,-,-,22/Nov/2026:10:00:00 +0000,OPTIONS,/orders,HTTP/1.1,401,26,c6af9ac6,XyZ123=`:                                                                 "CORS706 OPTIONS /orders: preflights got 401 (once, 2026-11-22 10:00:00 UTC)",
		`<request id="c6af9ac6"> <extendedRequestId>XyZ=</extendedRequestId> <ip>203.0.113.7</ip> <caller>-</caller> <user>-</user> <requestTime>22/Nov/2026:10:00:00 +0000</requestTime> <httpMethod>OPTIONS</httpMethod> <resourcePath>/orders</resourcePath> <status>401</status> <protocol>HTTP/1.1</protocol> <responseLength>26</responseLength> </request>`: "CORS706 OPTIONS /orders: preflights got 401 (once, 2026-11-22 10:00:00 UTC)",
		`{"requestId":"c6af9ac6","requestTime":"22/Nov/2026:10:00:00 +0000","httpMethod":"OPTIONS","resourcePath":"/orders","status":"401"}`: "CORS706 OPTIONS /orders: preflights got 401 (once, 2026-11-22 10:00:00 UTC)",
		// A function's own line about a request.
		`{"level":"info","method":"OPTIONS","path":"/orders","status":500}`: "",
	} {
		if got := listing(scan(t, nil, text)); !strings.HasPrefix(got, want) || strings.Count(got, "\n") != min(1, len(want)) {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

// TestAccessFormat holds that the lines of a format of the user's own are read by it.
func TestAccessFormat(t *testing.T) {
	for _, format := range []string{
		`$context.requestId|$context.httpMethod|$context.path|$context.status|$context.error.responseType|$context.identity.userAgent`,
		`{"id":"$context.requestId","verb":"$context.httpMethod", "where":"$context.path","code":$context.status,"type":"$context.error.responseType","agent":"$context.identity.userAgent"}`,
	} {
		s := NewScanner(nil)
		s.AccessFormat(format)
		line := strings.NewReplacer("$context.requestId", "c6af9ac6", "$context.httpMethod", "GET", "$context.path", "/prod/orders/7", "$context.status", "504",
			"$context.error.responseType", "INTEGRATION_TIMEOUT", "$context.identity.userAgent", "a|b 1.0").Replace(format)
		s.Add(Line{Source: "access", Text: line})
		if got := listing(s.Report(nil)); !strings.HasPrefix(got, "CORS708 GET /prod/orders/*: API Gateway responded with 504 (INTEGRATION_TIMEOUT)") || s.Unknown() {
			t.Errorf("%s: %q", line, got)
		}
	}
	s := NewScanner(nil)
	s.AccessFormat("$context.requestId") // of which nothing can be told
	s.Add(Line{Source: "access", Text: "anything"})
	if !s.Unknown() {
		t.Error("a format without a status tells of a request")
	}
}

// TestRuntime holds what the lines of Lambda's runtimes come to.
func TestRuntime(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-22T10:00:03.010Z 4bb1a9c2-0000-4000-8000-000000000001 Task timed out after 3.00 seconds":                                      "CORS709 : the function ran into its timeout",
		"RequestId: 4bb1a9c2-0000-4000-8000-000000000001 Error: Runtime exited with error: signal: killed":                                     "CORS709 : the function ended without a response (Runtime exited with error: signal: killed)",
		`{"time":"2026-11-22T10:00:03Z","type":"platform.report","record":{"requestId":"1","status":"timeout","metrics":{}}}`:                  "CORS709 : the function ran into its timeout (once, 2026-11-22 10:00:03 UTC)",
		`{"time":"2026-11-22T10:00:03Z","type":"platform.report","record":{"requestId":"1","status":"error","errorType":"Runtime.ExitError"}}`: "CORS709 : the function ended without a response (Runtime.ExitError)",
		`{"time":"2026-11-22T10:00:03Z","type":"platform.report","record":{"requestId":"1","status":"success"}}`:                               "",
		"REPORT RequestId: 4bb1a9c2	Duration: 3000.00 ms	Billed Duration: 3000 ms	Memory Size: 128 MB	Max Memory Used: 30 MB	Status: timeout":  "CORS709 : the function ran into its timeout",
		// Each call once, whatever tells of it.
		"2026-11-22T10:00:03.010Z 4bb1a9c2-0000-4000-8000-000000000001 Task timed out after 3.00 seconds\n\nREPORT RequestId: 4bb1a9c2-0000-4000-8000-000000000001\tDuration: 3000.00 ms\tStatus: timeout":                                            "CORS709 : the function ran into its timeout (once",
		"RequestId: 4bb1a9c2-0000-4000-8000-000000000001 Error: Runtime exited with error: exit status 2\nRuntime.ExitError\nREPORT RequestId: 4bb1a9c2-0000-4000-8000-000000000001\tDuration: 3.00 ms\tStatus: error\tError Type: Runtime.ExitError": "CORS709 : the function ended without a response (Runtime exited with error: exit status 2) (once",
		"REPORT RequestId: 4bb1a9c2-0000-4000-8000-000000000001\tDuration: 10935.70 ms\tMax Memory Used: 1024 MB\tStatus: error\tError Type: Runtime.OutOfMemory":                                                                                     "CORS709 : the function ended without a response (Runtime.OutOfMemory) (once",
		"2026-11-22T10:00:03.010Z\t4bb1a9c2-0000-4000-8000-000000000001\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"the token is abc\"}\nREPORT RequestId: 4bb1a9c2-0000-4000-8000-000000000001\tDuration: 3.00 ms":        "CORS709 : the function ended without a response (TypeError) (once",
		"[ERROR] KeyError: 'token'\nTraceback (most recent call last):\n  File \"x\"\nREPORT RequestId: 4bb1a9c2-0000-4000-8000-000000000001\tStatus: error\tError Type: KeyError":                                                                    "CORS709 : the function ended without a response (KeyError) (once",
		`{"time":"2026-11-22T10:00:03Z","type":"platform.runtimeDone","record":{"requestId":"1","status":"timeout"}}` + "\n" + `{"time":"2026-11-22T10:00:03Z","type":"platform.report","record":{"requestId":"1","status":"timeout"}}`:               "CORS709 : the function ran into its timeout (once, 2026-11-22 10:00:03 UTC)",
		// Not of this function's call: what is printed, tried again, or somebody else's.
		"INIT_REPORT Init Duration: 10000.04 ms\tPhase: init\tStatus: timeout":                 "",
		"2026-11-22T10:00:03.010Z\t4bb1a9c2\tINFO\tit said: Task timed out after 3.00 seconds": "",
		"[ERROR]\t2026-11-22T10:00:03.010Z\t4bb1a9c2\tKeyError: handled":                       "",
		`{"message":"something else","level":"INFO"}`:                                          "",
		`{"message":`: "",
		"plain words": "",
	} {
		if got := listing(scan(t, nil, text)); !strings.HasPrefix(got, want) || strings.Count(got, "\n") != min(1, len(want)) {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

func FuzzScan(f *testing.F) {
	f.Add(lines(1, "HTTP Method: GET, Resource Path: /orders", asked, "Method response headers: {A=b}", "Method completed with status: 200"))
	f.Add(`{"timestamp":"2026-11-22T10:00:00Z","message":"CORS: origin refused","origin":"https://a.example.com","method":"GET","path":"/"}`)
	f.Add("timestamp,message\n1,\"x\n\"")
	f.Add(`{"events":[{"timestamp":1,"message":"(4bb1a9c2-0000-4000-8000-000000000001) x"}]}`)
	p := policy(f, cors.Config{Origins: []string{"https://app.example.com", "https://*.x.example.org:*"}})
	f.Fuzz(func(t *testing.T, text string) {
		s := NewScanner(p)
		for l, err := range Read("f", strings.NewReader(text)) {
			if err != nil {
				break
			}
			s.Add(l)
		}
		for _, finding := range s.Report(nil).Findings {
			if strings.ContainsAny(finding.Detail, "\n\x1b") || strings.ContainsAny(finding.Path, "\n\x1b") {
				t.Errorf("%+v", finding)
			}
		}
	})
}
