package bench

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/gohandler"
)

// The peers of the wrapper.
const (
	middyCore  = "@middy/core@6.4.5"
	middyCors  = "@middy/http-cors@6.4.5"
	powertools = "aws-lambda-powertools==3.37.0"
)

// The functions: alone, and with what a peer puts around it. They return the body of the event.
var (
	//go:embed wrapper.cjs
	nodeFunctions []byte
	//go:embed wrapper.py
	pythonFunctions []byte
)

// A contestant is a function with something around it, or nothing.
type contestant struct {
	name    string
	command []string
	env     []string

	start     []float64         // ms
	each      map[int][]float64 // µs, by the bytes of an event
	megabytes []float64         // of the first process of the command, with the largest event
}

// eventSizes are those of the bodies of events and responses.
var eventSizes = []int{1 << 10, 100 << 10}

// wrapper measures what corsfunction.Attach adds to a function, beside what its peers do.
func (b *bench) wrapper(ctx context.Context) error {
	program := filepath.Join(b.dir, "wrap")
	if _, err := output(exec.CommandContext(ctx, "go", append([]string{"build", "-o", program}, append(gohandler.Flags("nethttpomithttp2"), gohandler.Wrapper)...)...)); err != nil {
		return err
	}
	dir, err := output(exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", module+"internal/lambdarun"))
	if err != nil {
		return err
	}
	runtimes := filepath.Join(strings.TrimSpace(string(dir)), "runtime")
	root := filepath.Join(b.dir, "functions")
	if err := os.Mkdir(root, 0o755); err != nil {
		return err
	}
	for name, text := range map[string][]byte{"index.cjs": nodeFunctions, "index.py": pythonFunctions} {
		if err := os.WriteFile(filepath.Join(root, name), text, 0o644); err != nil {
			return err
		}
	}
	modules, err := installed(ctx, b.log, middyCore, middyCors)
	if err != nil {
		return err
	}
	python, err := pythonWith(ctx, b.log, powertools)
	if err != nil {
		return err
	}
	b.table.section("wrapper", "", "alone", "attached", "added", "ratio")
	var peers []func()
	for _, r := range []struct {
		name, peer string
		command    []string
		env        string
	}{
		{"Node.js", "middy's http-cors", []string{"node", filepath.Join(runtimes, "node.mjs")}, "NODE_PATH=" + modules},
		{"Python", "Powertools", []string{python, "-B", filepath.Join(runtimes, "python.py")}, "POWERTOOLS_SERVICE_NAME=bench"},
	} {
		env := []string{"LAMBDA_TASK_ROOT=" + root, r.env, "AWS_LAMBDA_FUNCTION_NAME=f"}
		alone := &contestant{name: "alone", command: r.command, env: append(env, "_HANDLER=index.handler")}
		attached := &contestant{name: "attached", command: append([]string{program}, r.command...), env: alone.env}
		peer := &contestant{name: r.peer, command: r.command, env: append(env[:len(env):len(env)], "_HANDLER=index.peer")}
		if err := b.race(ctx, alone, attached, peer); err != nil {
			return err
		}
		for _, size := range eventSizes {
			b.compared(fmt.Sprintf("an event of %d KB both ways, µs", size>>10), r.name, alone.each[size], attached.each[size])
		}
		b.compared("from start to asking for an event, ms", r.name, alone.start, attached.start)
		b.table.row("its memory after events of 100 KB, MB", r.name, "", number(median(attached.megabytes)))
		b.atMost("what the wrapper adds to an event of 1 KB, ms", r.name, median(minus(attached.each[1<<10], alone.each[1<<10]))/1000, 0.3, "")
		b.atMost("what it adds to the start, ms", r.name, median(minus(attached.start, alone.start)), 5, "")
		b.atMost("its memory at 100 KB, MB", r.name, median(attached.megabytes), 16, "")
		peers = append(peers, func() {
			b.compared("an event of 1 KB both ways, µs: "+r.peer, r.name, alone.each[1<<10], peer.each[1<<10])
		})
	}
	b.table.section("peers", "", "alone", "with it", "added", "ratio")
	for _, row := range peers {
		row()
	}
	return nil
}

// race measures contestants in turns.
func (b *bench) race(ctx context.Context, all ...*contestant) error {
	turns := 3 * b.runs
	if b.quick {
		turns = 1
	}
	for turn := range turns {
		for k := range all {
			c := all[(k+turn)%len(all)]
			if c.each == nil {
				c.each = map[int][]float64{}
			}
			for _, size := range eventSizes {
				start, each, mb, err := invoke(ctx, c.command, c.env, proxyEvent(size))
				if err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
				c.each[size] = append(c.each[size], float64(each)/float64(time.Microsecond))
				if size == eventSizes[0] {
					c.start = append(c.start, float64(start)/float64(time.Millisecond))
				} else {
					c.megabytes = append(c.megabytes, mb)
				}
			}
		}
	}
	return nil
}

// proxyEvent is a REST API's event with a body of this size, from an allowed origin.
func proxyEvent(size int) []byte {
	e, err := json.Marshal(map[string]any{
		"resource": "/orders", "path": "/orders", "httpMethod": "POST", "body": strings.Repeat("0123456789abcde\n", size/16),
		"headers":           map[string]string{"Host": "api.example.com", "origin": "https://app.example.com", "content-type": "text/plain"},
		"multiValueHeaders": map[string][]string{"Host": {"api.example.com"}, "origin": {"https://app.example.com"}, "content-type": {"text/plain"}},
		"requestContext":    map[string]any{"resourceId": "abc", "requestId": "r", "apiId": "a", "stage": "prod", "httpMethod": "POST", "path": "/prod/orders", "identity": map[string]any{"sourceIp": "192.0.2.1"}},
		"stageVariables":    map[string]string{"corsOrigins": "https://app.example.com,https://admin.example.com,https://~.preview.example.com"},
	})
	if err != nil {
		panic(err)
	}
	return e
}

// pythonWith returns a Python that has a package, which pip installs once.
func pythonWith(ctx context.Context, log io.Writer, wanted string) (string, error) {
	dir, err := cached(wanted)
	if err != nil {
		return "", err
	}
	python := filepath.Join(dir, "bin", "python")
	done := filepath.Join(dir, "installed")
	if _, err := os.Stat(done); err == nil {
		return python, nil
	}
	fmt.Fprintf(log, "bench: pip installs %s into %s\n", wanted, dir)
	if _, err := output(exec.CommandContext(ctx, "python3", "-m", "venv", dir)); err != nil {
		return "", err
	}
	if _, err := output(exec.CommandContext(ctx, python, "-m", "pip", "install", "-q", "--no-compile", wanted)); err != nil {
		return "", err
	}
	return python, os.WriteFile(done, nil, 0o644)
}
