package lambdarun

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/testkit/need"
)

// A function that corsfunction.Attach was put on runs behind the wrapper.
func TestWrapped(t *testing.T) {
	need.Programs(t, "node")
	need.Programs(t, "python3")
	const event = `{"path":"/","httpMethod":"GET","headers":{"Origin":"https://app.example.com"},"requestContext":{"resourceId":"x"},"stageVariables":{"corsOrigins":"https://app.example.com"}}`
	attached := map[string]string{"AWS_LAMBDA_EXEC_WRAPPER": "/opt/corsgate/wrap", "CORSGATE_EXEC_WRAPPER": "/opt/otel-handler"}
	node := scripted("nodejs22.x", `
exports.node = async event => ({ statusCode: 200, headers: { 'access-control-allow-origin': '*' }, body: process.env.CORSGATE_RUN_AS_WRAPPER ?? '' })
exports.plain = exports.node
exports.exits = () => process.exit(5)
exports.hangs = () => new Promise(() => setTimeout(() => {}, 1e6))
exports.fails = async () => { throw new RangeError('thrown') }`, "node", "exits", "hangs", "fails", "plain")
	functions := append(scripted("python3.13", "def python(event, context):\n    return {'statusCode': 200, 'headers': {'access-control-allow-origin': '*'}, 'body': ''}\n", "python"), node...)
	for i := range functions {
		f := &functions[i]
		f.Environment = attached
		f.Layers = 1
		if f.LogicalID == "plain" {
			f.Layers = 0
		}
	}
	p, log := newPool(t, Options{}, functions...)
	for id, want := range map[string]string{"node": "https://app.example.com", "python": "https://app.example.com", "plain": "*"} {
		r, err := p.Invoke(context.Background(), id, []byte(event))
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Headers map[string]string
			Body    string
		}
		if err := json.Unmarshal(r.Payload, &got); err != nil || got.Body != "" {
			t.Fatalf("%s: %s: %v", id, r.Payload, err)
		}
		origin := got.Headers["Access-Control-Allow-Origin"] + got.Headers["access-control-allow-origin"]
		if origin != want {
			t.Errorf("%s allows %q, want %q", id, origin, want)
		}
	}
	for id, want := range map[string]string{"exits": "exit status 5", "fails": "thrown"} {
		if r := invoke(t, p, id, "/"); r.FunctionError == "" || !strings.Contains(string(r.Payload), want) {
			t.Errorf("%s: %s %s", id, r.FunctionError, r.Payload)
		}
	}
	go p.Invoke(context.Background(), "hangs", []byte(event)) // Close is to end it
	if s := log.String(); strings.Contains(s, "layers are not run here") {
		t.Errorf("logged %s", s)
	}
}
