package lambdarun

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/testkit/need"
)

// scripted returns functions whose code is inline, one for each handler in it.
func scripted(runtime, code string, handlers ...string) []Function {
	var functions []Function
	for _, h := range handlers {
		functions = append(functions, Function{
			LogicalID: h, Runtime: runtime, Handler: "index." + h, Timeout: patience, Code: Code{Inline: code}})
	}
	return functions
}

func TestNode(t *testing.T) {
	need.Programs(t, "node")
	const code = `
const wait = () => new Promise(resolve => setTimeout(resolve, 1))
let calls = 0
exports.promise = async (event, context) => { await wait(); return { path: event.path, calls: ++calls, id: context.awsRequestId, left: context.getRemainingTimeInMillis() > 0, name: context.functionName } }
exports.callback = (event, context, done) => { setTimeout(() => event.path === '/error' ? done(new TypeError('by callback')) : done(null, 'called back'), 1) }
exports.early = (event, context, done) => { context.callbackWaitsForEmptyEventLoop = false; done(null, 'early'); setInterval(() => {}, 1000) }
exports.nothing = () => {}
exports.throws = () => { throw new RangeError('thrown') }
exports.text = async () => { throw 'a text' }
exports.rejects = async () => { Promise.reject(new Error('nobody listens')); await new Promise(() => setTimeout(() => {}, 1e6)) }
exports.uncaught = () => { setTimeout(() => { throw new SyntaxError('uncaught') }, 1) }
exports.exits = () => { process.exit(5) }
exports.notJSON = async () => { const o = {}; o.o = o; return o }
exports.log = async () => { console.log('to standard output'); console.error('to standard error') }
exports.nested = { deep: async () => 'deep' }
exports.streams = awslambda.streamifyResponse(async (event, stream) => {
  if (event.path === '/early') throw new Error('before the first byte')
  if (event.path !== '/plain') stream = awslambda.HttpResponseStream.from(stream, { statusCode: 202, headers: { 'X-A': 'b' } })
  stream.write('first ')
  await wait()
  if (event.path === '/broken') throw new Error('half way')
  stream.write('second')
  stream.end()
})`
	p, log := newPool(t, Options{}, scripted("nodejs22.x", code, "promise", "callback", "early", "nothing", "throws", "text",
		"rejects", "uncaught", "exits", "notJSON", "log", "nested.deep", "streams", "missing")...)

	for n := 1; n <= 2; n++ {
		r := invoke(t, p, "promise", "/x")
		var got map[string]any
		if err := json.Unmarshal(r.Payload, &got); err != nil || got["path"] != "/x" || got["calls"] != float64(n) || got["id"] != r.RequestID || got["left"] != true || got["name"] != "promise" {
			t.Errorf("got %s: %v", r.Payload, err)
		}
	}
	for id, want := range map[string]string{"callback": `"called back"`, "early": `"early"`, "nothing": "null", "nested.deep": `"deep"`, "log": "null"} {
		for range 2 {
			if r := invoke(t, p, id, "/"); string(r.Payload) != want || r.FunctionError != "" || r.Streamed {
				t.Errorf("%s: got %s %s, want %s", id, r.FunctionError, r.Payload, want)
			}
		}
	}
	eventually(t, "the log", func() bool {
		return strings.Contains(log.String(), "log: to standard output\n") && strings.Contains(log.String(), "log: to standard error\n")
	})
	fault(t, invoke(t, p, "callback", "/error"), "TypeError", "by callback")
	fault(t, invoke(t, p, "throws", "/"), "RangeError", "thrown")
	fault(t, invoke(t, p, "text", "/"), "string", "a text")
	fault(t, invoke(t, p, "rejects", "/"), "Runtime.UnhandledPromiseRejection", "Error: nobody listens")
	fault(t, invoke(t, p, "uncaught", "/"), "SyntaxError", "uncaught")
	fault(t, invoke(t, p, "exits", "/"), "Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 5")
	fault(t, invoke(t, p, "missing", "/"), "Runtime.HandlerNotFound", "index.missing is undefined or not exported")
	if r := invoke(t, p, "notJSON", "/"); r.FunctionError != "Unhandled" || !strings.Contains(string(r.Payload), `"errorType":"TypeError"`) {
		t.Errorf("got %s", r.Payload)
	}

	r := invoke(t, p, "streams", "/")
	if !r.Streamed || string(r.Prelude) != `{"statusCode":202,"headers":{"X-A":"b"}}` || string(r.Body) != "first second" {
		t.Errorf("got %+v", r)
	}
	if r = invoke(t, p, "streams", "/plain"); !r.Streamed || r.Prelude != nil || string(r.Body) != "first second" || string(r.Payload) != "first second" {
		t.Errorf("got %+v", r)
	}
	r = invoke(t, p, "streams", "/broken")
	fault(t, r, "Error", "half way")
	if !r.Streamed || string(r.Body) != "first " {
		t.Errorf("got %+v", r)
	}
	fault(t, invoke(t, p, "streams", "/early"), "Error", "before the first byte")
}

func TestNodeModules(t *testing.T) {
	need.Programs(t, "node")
	dir := t.TempDir()
	write(t, `import { answer } from './lib.mjs'; export const handler = async () => answer`, dir, "a", "app.mjs")
	write(t, `export const answer = 'an ES module'`, dir, "a", "lib.mjs")
	write(t, `module.exports.handler = async () => require('./data.json').x`, dir, "b.cjs")
	write(t, `{"x": "a CommonJS module"}`, dir, "data.json")
	write(t, `{"type": "module"}`, dir, "esm", "package.json")
	write(t, `export const handler = async () => 'by package.json'`, dir, "esm", "index.js")
	write(t, `exports.handler = {`, dir, "syntax.js")
	write(t, `require('aws-sdk-that-is-not-there')`, dir, "imports.js")
	write(t, `throw new Error('at the start')`, dir, "throws.js")
	var functions []Function
	add := func(id, handler string) {
		functions = append(functions, Function{LogicalID: id, Runtime: "nodejs24.x", Handler: handler, Timeout: patience, Code: Code{Path: dir}})
	}
	add("ESM", "a/app.handler")
	add("CJS", "b.handler")
	add("Package", "esm/index.handler")
	add("Syntax", "syntax.handler")
	add("Imports", "imports.handler")
	add("Throws", "throws.handler")
	add("Missing", "nowhere.handler")
	add("Malformed", "handler")
	p, _ := newPool(t, Options{}, functions...)
	for id, want := range map[string]string{"ESM": `"an ES module"`, "CJS": `"a CommonJS module"`, "Package": `"by package.json"`} {
		if r := invoke(t, p, id, "/"); string(r.Payload) != want {
			t.Errorf("%s: got %s, want %s", id, r.Payload, want)
		}
	}
	for id, want := range map[string]string{
		"Syntax": "Runtime.UserCodeSyntaxError", "Imports": "Runtime.ImportModuleError", "Missing": "Runtime.ImportModuleError",
		"Malformed": "Runtime.MalformedHandlerName", "Throws": "Error",
	} {
		r := invoke(t, p, id, "/")
		var got struct{ ErrorType, ErrorMessage string }
		if err := json.Unmarshal(r.Payload, &got); err != nil || got.ErrorType != want || got.ErrorMessage == "" || r.FunctionError != "Unhandled" {
			t.Errorf("%s: got %s, want %s", id, r.Payload, want)
		}
	}
}

func TestPython(t *testing.T) {
	need.Programs(t, "python3")
	const code = `
import os, sys
calls = 0
def answers(event, context):
    global calls
    calls += 1
    print("to standard output")
    return {"path": event["path"], "calls": calls, "id": context.aws_request_id, "left": context.get_remaining_time_in_millis() > 0, "name": context.function_name, "ä": "ö"}
def nothing(event, context): pass
def raises(event, context): raise KeyError("x")
def exits(event, context): sys.exit(6)
def ends(event, context): os._exit(0)
def marshal(event, context): return {1, 2}
def huge(event, context): return "x" * (7 << 20)
`
	p, log := newPool(t, Options{}, scripted("python3.13", code, "answers", "nothing", "raises", "exits", "ends", "marshal", "huge", "missing")...)
	for n := 1; n <= 2; n++ {
		r := invoke(t, p, "answers", "/x")
		var got map[string]any
		if err := json.Unmarshal(r.Payload, &got); err != nil || got["path"] != "/x" || got["calls"] != float64(n) || got["id"] != r.RequestID || got["left"] != true || got["name"] != "answers" || got["ä"] != "ö" {
			t.Errorf("got %s: %v", r.Payload, err)
		}
	}
	eventually(t, "the log", func() bool { return strings.Contains(log.String(), "answers: to standard output\n") })
	if r := invoke(t, p, "nothing", "/"); string(r.Payload) != "null" || r.FunctionError != "" {
		t.Errorf("got %+v", r)
	}
	for range 2 {
		fault(t, invoke(t, p, "raises", "/"), "KeyError", "'x'")
	}
	fault(t, invoke(t, p, "exits", "/"), "Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 6")
	fault(t, invoke(t, p, "ends", "/"), "Runtime.ExitError", "RequestId: ID Error: Runtime exited without providing a reason")
	fault(t, invoke(t, p, "marshal", "/"), "Runtime.MarshalError", "Unable to marshal response: Object of type set is not JSON serializable")
	fault(t, invoke(t, p, "huge", "/"), "Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes).")
	fault(t, invoke(t, p, "missing", "/"), "Runtime.HandlerNotFound", "Handler 'missing' missing on module 'index'")

	dir := t.TempDir()
	write(t, "from . import lib\ndef h(event, context): return lib.x", dir, "pkg", "app.py")
	write(t, "x = 'a package'", dir, "pkg", "lib.py")
	write(t, "", dir, "pkg", "__init__.py")
	write(t, "def h(:", dir, "syntax.py")
	write(t, "import there_is_no_such_module", dir, "imports.py")
	var functions []Function
	for id, handler := range map[string]string{"Package": "pkg/app.h", "Syntax": "syntax.h", "Imports": "imports.h", "Malformed": "h"} {
		functions = append(functions, Function{LogicalID: id, Runtime: "python3.9", Handler: handler, Timeout: patience, Code: Code{Path: dir}})
	}
	p, _ = newPool(t, Options{}, functions...)
	if r := invoke(t, p, "Package", "/"); string(r.Payload) != `"a package"` {
		t.Errorf("got %s", r.Payload)
	}
	fault(t, invoke(t, p, "Imports", "/"), "Runtime.ImportModuleError", "Unable to import module 'imports': No module named 'there_is_no_such_module'")
	for id, want := range map[string]string{"Syntax": "Runtime.UserCodeSyntaxError", "Malformed": "Runtime.MalformedHandlerName"} {
		if r := invoke(t, p, id, "/"); !strings.Contains(string(r.Payload), want) {
			t.Errorf("%s: got %s, want %s", id, r.Payload, want)
		}
	}
	// The asset is as it was.
	if err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if d.Name() == "__pycache__" {
			t.Errorf("%s was written", path)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}
