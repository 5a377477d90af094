package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/corsgate/corsgate/internal/report"
)

// A fakeAccount stands for API Gateway and CloudWatch Logs, with responses of the form that the services' API references have.
type fakeAccount struct {
	stages func(w http.ResponseWriter)
	// group gives the pages of a log group, by name; nil for one that is not there.
	group func(name string) [][]string
	asked []string
	// from and to are of the last request for lines; throttle says how many more are refused.
	from, to time.Time
	throttle int
	// page is called with each page that is asked for.
	page func(name string, n int)
}

func (a *fakeAccount) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if r.Method == http.MethodGet {
		a.asked = append(a.asked, r.URL.Path)
		if name, ok := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions/"); ok {
			a.function(w, strings.TrimSuffix(name, "/configuration"))
			return
		}
		a.stages(w)
		return
	}
	var in struct {
		LogGroupName, NextToken string
		StartTime, EndTime      int64
	}
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("X-Amz-Target") != "Logs_20140328.FilterLogEvents" || json.Unmarshal(body, &in) != nil || in.StartTime >= in.EndTime {
		http.Error(w, `{"__type":"InvalidOperationException"}`, http.StatusBadRequest)
		return
	}
	a.asked = append(a.asked, in.LogGroupName)
	a.from, a.to = time.UnixMilli(in.StartTime), time.UnixMilli(in.EndTime)
	if a.throttle > 0 {
		a.throttle--
		http.Error(w, `{"__type":"ThrottlingException","message":"Rate exceeded"}`, http.StatusBadRequest)
		return
	}
	if strings.HasSuffix(in.LogGroupName, "denied") {
		http.Error(w, `{"__type":"AccessDeniedException","message":"`+sessionToken+`"}`, http.StatusBadRequest)
		return
	}
	pages := a.group(in.LogGroupName)
	if pages == nil {
		http.Error(w, `{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}`, http.StatusBadRequest)
		return
	}
	n := 0
	fmt.Sscan(in.NextToken, &n)
	if a.page != nil {
		a.page(in.LogGroupName, n)
	}
	type event struct {
		Timestamp int64  `json:"timestamp"`
		Message   string `json:"message"`
	}
	out := struct {
		Events    []event `json:"events"`
		NextToken string  `json:"nextToken,omitempty"`
	}{Events: []event{}}
	for i, text := range pages[n] {
		out.Events = append(out.Events, event{time.Date(2026, 11, 22, 9, n, i, 0, time.UTC).UnixMilli(), text})
	}
	if n+1 < len(pages) {
		out.NextToken = fmt.Sprint(n + 1)
	}
	json.NewEncoder(w).Encode(out)
}

// function responds for a function that logs elsewhere, one that is denied, and others that are not there.
func (a *fakeAccount) function(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "application/json")
	switch name {
	case "elsewhere":
		fmt.Fprint(w, `{"FunctionName":"elsewhere","LoggingConfig":{"LogFormat":"JSON","LogGroup":"Stack-OrdersLogs-1ABC"}}`)
	case "hidden":
		w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
		http.Error(w, `{"Message":"`+sessionToken+`"}`, http.StatusForbidden)
	default:
		w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException")
		http.Error(w, `{"Message":"Function not found"}`, http.StatusNotFound)
	}
}

const (
	secretKey    = "fake/Secret+Key0123456789012345678901234"
	sessionToken = "FakeSessionTokenFakeSessionToken"
)

// A terminal is an output that says whether it is one.
type terminal struct {
	bytes.Buffer
	is bool
}

func (t *terminal) IsTerminal() bool { return t.is }

type onTerminal struct{}

func terminalWanted(ctx context.Context) bool { return ctx.Value(onTerminal{}) != nil }

// runLogs runs the command on an account.
func runLogs(t *testing.T, ctx context.Context, a *fakeAccount, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAFAKEFAKEFAKEFAKE", "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_SESSION_TOKEN": sessionToken, "AWS_REGION": "eu-west-1",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	var out bytes.Buffer
	var errs terminal
	errs.is = terminalWanted(ctx)
	status = Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}.Run(ctx, append([]string{"logs", "--endpoint-url", server.URL}, args...))
	for _, s := range []string{secretKey, sessionToken} {
		if strings.Contains(out.String()+errs.String(), s) {
			t.Errorf("credentials in the output:\n%s%s", &out, &errs.Buffer)
		}
	}
	return status, out.String(), errs.String()
}

func logStages(variables string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		fmt.Fprintf(w, `{"item":[{"stageName":"prod","deploymentId":"d1","variables":%s,"methodSettings":{"*/*":{"loggingLevel":"INFO","dataTraceEnabled":true}},`+
			`"accessLogSettings":{"format":"$context.requestId","destinationArn":"arn:aws:logs:eu-west-1:111111111111:log-group:access"}}]}`, variables)
	}
}

func TestLogsOfAnAccount(t *testing.T) {
	groups := map[string][][]string{
		"/aws/lambda/orders": {
			{`{"level":"WARN","message":"CORS: origin refused","origin":"https://www.example.com","method":"GET","path":"/orders","reason":"origin not allowed","apiRequestId":"4bb1a9c2-0000-4000-8000-000000000001"}`},
			{`{"level":"WARN","message":"CORS: origin refused","origin":"https://www.example.com","method":"GET","path":"/orders","reason":"origin not allowed","apiRequestId":"4bb1a9c2-0000-4000-8000-000000000002"}`, "2026-11-22T09:00:03.010Z 4bb1a9c2 Task timed out after 3.00 seconds"},
		},
		"API-Gateway-Execution-Logs_abc123/prod": {{
			"(4bb1a9c2-0000-4000-8000-000000000002) HTTP Method: GET, Resource Path: /orders",
			"(4bb1a9c2-0000-4000-8000-000000000002) Method request headers: {Origin=https://www.example.com, Host=api.example.net}",
			"(4bb1a9c2-0000-4000-8000-000000000002) Method response headers: {Vary=Origin}",
			"(4bb1a9c2-0000-4000-8000-000000000002) Method completed with status: 200",
		}},
		"access": {{`203.0.113.7 - - [22/Nov/2026:10:00:00 +0000] "OPTIONS /orders HTTP/1.1" 401 26 c6af9ac6`}},
	}
	a := &fakeAccount{stages: logStages(`{"corsOrigins":"https://app.example.com"}`), group: func(name string) [][]string { return groups[name] }}
	args := []string{"--function", "orders", "--rest-api-id", "abc123", "--stage", "prod", "--since", "2h"}
	status, out, errs := runLogs(t, t.Context(), a, args...)
	for _, want := range []string{
		"https://www.example.com was refused; it is of the same site as\n  https://app.example.com: an entry may be missing (2 times, from 2026-11-22\n  09:00:00 to 2026-11-22 09:01:00 UTC)",
		"error CORS706: preflights failed\n  access, OPTIONS /orders\n",
		"warning CORS709: a function ended without a response\n  /aws/lambda/orders\n",
		"1 error, 2 warnings, 0 notes in 8 log lines up to 2026-11-22 09:01:01 UTC\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("without %q:\n%s", want, out)
		}
	}
	if status != statusRefused || errs != "" {
		t.Errorf("status %d, %s", status, errs)
	}
	for _, format := range []string{"json", "sarif", "markdown", "github"} {
		if status, out, _ := runLogs(t, t.Context(), a, append(args, "--format", format)...); status != statusRefused || !strings.Contains(out, "CORS709") {
			t.Errorf("%s: status %d\n%s", format, status, out)
		}
	}
}

// TestLogsGoOn holds that what cannot be seen is said, and the rest read.
func TestLogsGoOn(t *testing.T) {
	group := func(name string) [][]string {
		if name == "/aws/lambda/orders" || name == "/aws/lambda/hidden" || name == "Stack-OrdersLogs-1ABC" {
			return [][]string{{"START RequestId: 1"}}
		}
		return nil
	}
	for name, tt := range map[string]struct {
		stages func(http.ResponseWriter)
		args   []string
		status int
		said   string // on standard error, and as not seen
	}{
		"no group": {nil, []string{"--function", "orders", "--function", "arn:aws:lambda:eu-west-1:111111111111:function:other:live"}, 3,
			"not seen: log group /aws/lambda/other: FilterLogEvents: not found\n"},
		"no group at all": {nil, []string{"--function", "other"}, 3, "corsgate: log group /aws/lambda/other: FilterLogEvents: not found\n"},
		"stage denied": {func(w http.ResponseWriter) {
			http.Error(w, `{"__type":"AccessDeniedException","message":"`+sessionToken+`"}`, http.StatusForbidden)
		}, []string{"--function", "orders:live", "--rest-api-id", "abc123", "--stage", "prod"}, 3,
			"not seen: the stage cannot be read, so its policy and its access log are not known: API abc123: GetStages: access denied; the IAM action apigateway:GET would allow it\n" +
				"not seen: log group API-Gateway-Execution-Logs_abc123/prod: FilterLogEvents: not found\n"},
		"no stage": {logStages("{}"), []string{"--rest-api-id", "abc123", "--stage", "dev"}, 3, "corsgate: API abc123 has no stage dev; it has prod\n"},
		"no API": {func(w http.ResponseWriter) {
			http.Error(w, `{"__type":"NotFoundException","message":"Invalid API identifier specified"}`, http.StatusNotFound)
		}, []string{"--rest-api-id", "nope", "--stage", "prod"}, 3, "corsgate: API nope: GetStages: not found\n"},
		"a group of its own": {nil, []string{"--function", "orders", "--function", "arn:aws:lambda:eu-west-1:111111111111:function:elsewhere:live"}, 0, ""},
		"where it logs is hidden": {nil, []string{"--function", "orders", "--function", "hidden"}, 0,
			"corsgate: the log group of hidden is not known, so /aws/lambda/hidden is read: GetFunctionConfiguration: access denied; the IAM action lambda:GetFunctionConfiguration would allow it\n"},
		"group denied": {nil, []string{"--function", "orders", "--function", "denied"}, 3,
			"not seen: log group /aws/lambda/denied: FilterLogEvents: access denied; the IAM action logs:FilterLogEvents would allow it\n"},
		"no logs at all": {func(w http.ResponseWriter) {
			fmt.Fprint(w, `{"item":[{"stageName":"prod","variables":{"corsOrigins":"https://app.example.com"}}]}`)
		}, []string{"--rest-api-id", "abc123", "--stage", "prod"}, 3,
			"corsgate: stage prod has neither execution logs nor an access log in CloudWatch Logs; loggingLevel ERROR or INFO in its method settings switches on execution logs\n"},
		"no logs": {func(w http.ResponseWriter) { fmt.Fprint(w, `{"item":[{"stageName":"prod"}]}`) }, []string{"--function", "orders", "--rest-api-id", "abc123", "--stage", "prod"}, 0,
			"corsgate: stage prod has neither execution logs nor an access log in CloudWatch Logs; loggingLevel ERROR or INFO in its method settings switches on execution logs\n" +
				"corsgate: stage prod has no policy in its variables; give the allowlist with --origins\n"},
		"a malformed policy": {func(w http.ResponseWriter) {
			fmt.Fprint(w, `{"item":[{"stageName":"prod","variables":{"corsOrigins":"https://app.example.com/"},"accessLogSettings":{"destinationArn":"arn:aws:logs:eu-west-1:111111111111:log-group:Stack-OrdersLogs-1ABC"}}]}`)
		}, []string{"--function", "orders", "--rest-api-id", "abc123", "--stage", "prod"}, 0,
			"corsgate: stage prod refuses every origin; give the allowlist with --origins: invalid CORS policy: - stage variable corsOrigins, \"https://app.example.com/\": an origin ends with the host or port, without a slash or path; write https://app.example.com\n"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, errs := runLogs(t, t.Context(), &fakeAccount{stages: tt.stages, group: group}, append(tt.args, "--format", "json")...)
			var rep report.Report
			if err := json.Unmarshal([]byte(out), &rep); err != nil && out != "" {
				t.Fatal(err)
			}
			for _, l := range rep.Unseen {
				errs += "not seen: " + l + "\n"
			}
			if status != tt.status || errs != tt.said {
				t.Errorf("status %d\n got %s\nwant %s", status, errs, tt.said)
			}
			if read := strings.Contains(strings.Join(tt.args, " "), "--function orders"); (out != "") != read {
				t.Errorf("printed %q", out)
			}
		})
	}
}

// TestLogsInterrupted holds that what was found until then is printed.
func TestLogsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	timeout := "2026-11-22T09:00:03.010Z 4bb1a9c2 Task timed out after 3.00 seconds"
	a := &fakeAccount{group: func(string) [][]string { return [][]string{{timeout}, {timeout}, {timeout}} }}
	a.page = func(_ string, n int) {
		if n == 1 {
			cancel()
		}
	}
	status, out, errs := runLogs(t, ctx, a, "--function", "orders")
	if status != statusStopped || !strings.Contains(out, "CORS709") || errs != "corsgate: interrupted; this is what was found so far\n" {
		t.Errorf("status %d\n%s\n%s", status, out, errs)
	}
}

// TestLogsPages holds that empty pages and throttling are no end, and what is asked for by days.
func TestLogsPages(t *testing.T) {
	timeout := "2026-11-22T09:00:03.010Z 4bb1a9c2 Task timed out after 3.00 seconds"
	a := &fakeAccount{group: func(string) [][]string { return [][]string{{}, {}, {timeout}, {}} }, throttle: 1}
	status, out, errs := runLogs(t, t.Context(), a, "--function", "orders", "--since", "7d", "--until", "1d12h")
	if status != 0 || !strings.Contains(out, "CORS709") || errs != "" {
		t.Errorf("status %d\n%s\n%s", status, out, errs)
	}
	if got := a.to.Sub(a.from); got != (7*24-36)*time.Hour {
		t.Errorf("asked for %v", got)
	}
	for _, since := range []string{"7days", "d", "-1d", "1d2", "99999d", ""} {
		if status, _, errs := runLogs(t, t.Context(), a, "--function", "orders", "--since="+since); status != statusUsage || errs == "" {
			t.Errorf("--since %q: status %d, %s", since, status, errs)
		}
	}
}

// TestLogsProgress holds that a terminal is told how far the reading is, also where there is nothing to read, and that the
// line goes away; and that nothing else is told.
func TestLogsProgress(t *testing.T) {
	a := &fakeAccount{group: func(string) [][]string { return [][]string{{}, {"START RequestId: 1"}} }}
	_, _, errs := runLogs(t, context.WithValue(t.Context(), onTerminal{}, true), a, "--function", "orders")
	if !strings.HasPrefix(errs, "\r0 log lines\x1b[K") || !strings.HasSuffix(errs, "\r\x1b[K") {
		t.Errorf("told %q", errs)
	}
	if _, _, errs := runLogs(t, t.Context(), a, "--function", "orders"); errs != "" {
		t.Errorf("told %q", errs)
	}
}

// TestLogsOfATerminal holds that Ctrl-C ends the wait for standard input.
func TestLogsOfATerminal(t *testing.T) {
	in, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var out, errs bytes.Buffer
	done := make(chan int)
	go func() {
		done <- Command{Stdin: in, Stdout: &out, Stderr: &errs}.Run(ctx, []string{"logs", "--file", "-"})
	}()
	io.WriteString(w, "2026-11-22T09:00:03.010Z 4bb1a9c2 Task timed out after 3.00 seconds\n")
	io.WriteString(w, "\n") // the first is taken by now
	cancel()
	if status := <-done; status != statusStopped || !strings.HasSuffix(errs.String(), "interrupted; this is what was found so far\n") {
		t.Errorf("status %d\n%s%s", status, &out, &errs)
	}
}

// TestLogsSecrets holds that what requests and answers carry is printed in no format: credentials, cookies, tokens in
// queries and paths, bodies, messages of errors.
func TestLogsSecrets(t *testing.T) {
	const secret = "s3cr3t0123456789abcdefghij"
	id := func(n int) string { return fmt.Sprintf("(4bb1a9c2-0000-4000-8000-%012d) ", n) }
	headers := "Method request headers: {Origin=https://www.example.com, Authorization=Bearer " + secret + ", Cookie=session=" + secret + ", X-Api-Key=" + secret + ", Host=api.example.net"
	var execution []string
	for n, text := range [][]string{
		{"HTTP Method: GET, Resource Path: /orders/" + secret + "?token=" + secret, headers + "}", "Method response headers: {Set-Cookie=" + secret + ", Vary=Origin}", "Method completed with status: 200"},
		{"HTTP Method: GET, Resource Path: /orders", headers + "}", "Endpoint request URI: https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:eu-west-1:111111111111:function:orders/invocations",
			`Endpoint response body before transformations: {"statusCode":200,"headers":{"Access-Control-Allow-Origin":"*","Set-Cookie":"` + secret + `"},"body":"` + secret + `"}`, "Method response headers: {Set-Cookie=" + secret + "}", "Method completed with status: 200"},
		{"HTTP Method: GET, Resource Path: /orders", headers + "}", "API Key " + secret + " exceeded throttle limit for API Stage abc123/prod : Key throttle limit exceeded for Usage Plan ID u1.", "Gateway response type: THROTTLED with status code: 429", "Gateway response headers: {}", "Method completed with status: 429"},
		{"HTTP Method: GET, Resource Path: /orders", headers + "}", "Lambda invocation failed with status: 429. Lambda request id: x, " + secret, "Gateway response body: " + secret, "Gateway response headers: {}", "Method completed with status: 500"},
		{"HTTP Method: OPTIONS, Resource Path: /orders", strings.Replace(headers, "www", "app", 1) + ", Access-Control-Request-Method=PUT}", "Unauthorized request: " + secret, "Gateway response type: UNAUTHORIZED with status code: 401", "Gateway response headers: {}", "Method completed with status: 401"},
		{"HTTP Method: GET, Resource Path: /cut", headers[:len(headers)-3] + " [TRUNCATED]", "Execution failed due to a timeout error", "Method completed with status: 504"},
	} {
		for _, t := range text {
			execution = append(execution, id(n)+t)
		}
	}
	groups := map[string][][]string{
		"/aws/lambda/orders": {{
			`{"message":"CORS: origin refused","origin":"https://elsewhere.test","method":"GET","path":"/reset/` + secret + `?token=` + secret + `","reason":"origin not allowed","apiRequestId":"1","authorization":"` + secret + `"}`,
			`{"message":"CORS: the handler sets CORS headers of its own, which are left out","headers":["Access-Control-Allow-Origin"],"method":"GET","path":"/orders/` + secret + `"}`,
			`{"level":"ERROR","message":"handler failed","error":"` + secret + `"}`,
			"2026-11-22T10:00:03.010Z\t4bb1a9c2-0000-4000-8000-000000000001\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"" + secret + "\"}",
			"[ERROR] KeyError: '" + secret + "'\nTraceback (most recent call last):",
			"RequestId: 4bb1a9c2-0000-4000-8000-000000000002 Error: " + secret,
		}},
		"API-Gateway-Execution-Logs_abc123/prod": {execution},
		"access": {{
			`203.0.113.7 - - [22/Nov/2026:10:00:00 +0000] "OPTIONS /orders/` + secret + `?token=` + secret + ` HTTP/1.1" 401 26 c6af9ac6`,
			`{"requestId":"c6af9ac7","httpMethod":"GET","path":"/orders?token=` + secret + `","status":"429","error.responseType":"THROTTLED","authorization":"` + secret + `"}`,
		}},
	}
	a := &fakeAccount{stages: logStages(`{"corsOrigins":"https://app.example.com"}`), group: func(name string) [][]string { return groups[name] }}
	for _, format := range []string{"text", "json", "sarif", "markdown", "github"} {
		_, out, errs := runLogs(t, t.Context(), a, "--function", "orders", "--rest-api-id", "abc123", "--stage", "prod", "--format", format)
		for _, rule := range []string{"CORS301", "CORS302", "CORS701", "CORS702", "CORS703", "CORS706", "CORS708", "CORS709"} {
			if !strings.Contains(out, rule) {
				t.Errorf("%s: no %s in\n%s", format, rule, out)
			}
		}
		if text := out + errs; strings.Contains(text, "s3cr3t") {
			at := strings.Index(text, "s3cr3t")
			t.Errorf("%s has a secret: %s", format, text[max(0, at-200):at+10])
		}
	}
}

// TestLogsOfNothing holds that no line at all is not taken for a clean log.
func TestLogsOfNothing(t *testing.T) {
	name := filepath.Join(t.TempDir(), "api.log")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	status := (Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}).Run(t.Context(), []string{"logs", "--file", name})
	if status != statusUnknown || !strings.Contains(out.String(), "not seen: there is no line in") {
		t.Errorf("status %d\n%s%s", status, out.String(), errs.String())
	}
}
