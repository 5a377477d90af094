package simulate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/lambdarun"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

// Functions that run answer themselves: with a result, a stream or an error. What does not run is not known.
func TestRunning(t *testing.T) {
	const code = `
const headers = { 'Access-Control-Allow-Origin': 'https://app.example.com', 'Access-Control-Expose-Headers': 'x-own', 'X-Own': '1' }
exports.marked = async (event) => {
  if (event.queryStringParameters) throw new Error('no such table')
  return { statusCode: 201, headers, body: 'by itself' }
}
exports.other = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 202, headers, cookies: ['a=1', 'b=2'] })
  stream.write(event.queryStringParameters ? Buffer.from([0xff]) : 'streamed')
  stream.end()
})`
	function := func(id, handler string) lambdarun.Function {
		return lambdarun.Function{LogicalID: id, Runtime: "nodejs22.x", Handler: "index." + handler, Timeout: time.Minute, Code: lambdarun.Code{Inline: code}}
	}
	pool, err := lambdarun.New(lambdarun.Options{InitLimit: time.Minute, Functions: []lambdarun.Function{function("Marked", "marked"), function("Other", "other")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	elsewhere := strings.Replace(strings.Replace(template, `"HTTP_PROXY"`, `"AWS_PROXY", "IntegrationHttpMethod": "POST"`, 1),
		"https://backend.example.net/web", "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:111111111111:function:elsewhere/invocations", 1)
	api := model.Load(t, []byte(elsewhere), gateway.Options{})
	s := simulate.Site{API: api, Backend: simulate.Running(pool, nil)}

	for url, want := range map[string]simulate.GotResponse{
		"/marked":  {Status: 201, Body: simulate.Body{Text: "by itself"}},
		"/other":   {Status: 202, Body: simulate.Body{Text: "streamed"}},
		"/other?x": {Status: 202, Body: simulate.Body{Text: "/w=="}}, // bytes, of an API without binary media types
	} {
		r := run(t, s, browser.Call{URL: url})
		got := r.Actual.Response
		if !r.Verdict.Allowed || got.Status != want.Status || got.Body != want.Body || got.Headers["x-own"] != "1" {
			t.Errorf("%s: %+v %+v", url, r.Verdict, got)
		}
		if cookies := got.Headers["set-cookie"]; (cookies == "a=1, b=2") != (got.Status == 202) {
			t.Errorf("%s: cookies %q", url, cookies)
		}
		if r.Actual.StandIn != "" {
			t.Errorf("%s: %s", url, r.Actual.StandIn)
		}
	}
	if r := run(t, s, browser.Call{URL: "/marked?x"}); r.Actual.Response == nil || r.Actual.Response.Status != 502 || r.Verdict.Code != browser.MissingAllowOriginHeader || !strings.Contains(r.Trace.Actual.GatewayResponse.Detail, "no such table") {
		t.Errorf("a function that fails: %+v %+v", r.Verdict, r.Trace.Actual.GatewayResponse)
	}
	if r := run(t, s, browser.Call{URL: "/web"}); r.Verdict.Known || !strings.Contains(r.Verdict.Message, "elsewhere is not in the template") {
		t.Errorf("a function of another template: %+v", r.Verdict)
	}
	none, err := lambdarun.New(lambdarun.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { none.Close() })
	s.Backend = simulate.Running(none, nil)
	if r := run(t, s, browser.Call{URL: "/marked"}); r.Verdict.Known || !strings.Contains(r.Verdict.Message, "Marked") {
		t.Errorf("a function that cannot be run: %+v", r.Verdict)
	}
}
